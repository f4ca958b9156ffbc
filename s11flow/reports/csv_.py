"""The report's tidy rows as CSV.

UTF-8 with the mark spreadsheets look for. A value that a spreadsheet would run as a formula starts with an apostrophe.
"""

from __future__ import annotations

import csv
import io

from s11flow.reports.shape import AssuranceReport
from s11flow.reports.tidy import COLUMNS, rows

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render_csv(report: AssuranceReport) -> bytes:
    """The report as CSV with a header line; rows in the order of the report's sections."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([guarded(value) if value else value for value in row] for row in rows(report))
    return text.getvalue().encode("utf-8-sig")


def guarded(value: str) -> str:
    """*value* so that a spreadsheet shows it: what looks like a formula gets an apostrophe in front."""
    return f"'{value}" if value.lstrip(" ").startswith(_FORMULA) else value
