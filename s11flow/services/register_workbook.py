"""Reads a register that is kept as a workbook; apart from the rest, because its reader takes long to load."""

from __future__ import annotations

import csv
import io

from s11flow.domain.errors import WrongInputError
from s11flow.office import sheets


def as_csv(content: bytes) -> str:
    """The only sheet with anything on it, as CSV text, a line for each of its rows.

    Raises WrongInputError for a file that is no workbook, and for one of several sheets, which it does not choose from.
    """
    try:
        found = {title: rows for title, rows in sheets.read(content).items() if rows}
    except sheets.NotAWorkbook as error:
        raise WrongInputError(f"{error} Save the register as .xlsx again, or as CSV UTF-8.") from None
    if len(found) > 1:
        raise WrongInputError(
            f"The register has {len(found)} sheets, {', '.join(found)}; leave only its own in the file."
        )
    rows = next(iter(found.values()), [])
    width = len(rows[0]) if rows else 0
    text = io.StringIO()
    # Cells that are empty at the end of a row are not in the file.
    csv.writer(text).writerows([*cells, *[""] * (width - len(cells))] if cells else [] for cells in rows)
    return text.getvalue()
