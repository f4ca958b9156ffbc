"""Workbooks: written with numbers as numbers and no text ever a formula; read as texts, as somebody typed them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from io import BytesIO

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from s11flow.office.package import refuse_unsafe, stable, xml_text

Value = str | int | date | datetime
"""What a cell holds; a datetime is what a clock on the wall shows, without a zone."""

_LONGEST = 32_767
"""Characters that a cell holds."""
_CUT = " [cut here, because a cell holds no more]"
_HEAD = Font(bold=True, color="FFFFFF")
_HEAD_FILL = PatternFill("solid", fgColor="1D4F73")
_TOP = Alignment(vertical="top", wrap_text=True)
_DAY, _MOMENT = "ddd d mmm yyyy", "ddd d mmm yyyy hh:mm"


class NotAWorkbook(ValueError):
    """A file that cannot be read as a workbook; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its title, its header line with the width of each column in letters, and its rows."""

    title: str
    columns: Sequence[tuple[str, int]]
    rows: Sequence[Sequence[Value]]


def write(sheets: Sequence[Sheet], *, title: str, author: str, at: datetime) -> bytes:
    """The workbook, in English, each header line frozen and filtered; the same sheets give the same bytes.

    *at* is aware.
    """
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.title, book.properties.creator = xml_text(title), xml_text(author)
    book.properties.language = "en-GB"
    book.properties.created = at.astimezone(UTC).replace(tzinfo=None)
    for sheet in sheets:
        _fill(book.create_sheet(sheet.title), sheet)
    written = BytesIO()
    book.save(written)
    return stable(written.getvalue(), at)


def _fill(made: Worksheet, sheet: Sheet) -> None:
    for column, (name, width) in enumerate(sheet.columns, 1):
        cell = made.cell(1, column, name)
        cell.font, cell.fill, cell.alignment = _HEAD, _HEAD_FILL, _TOP
        made.column_dimensions[get_column_letter(column)].width = width
    for place, row in enumerate(sheet.rows, 2):
        for column, value in enumerate(row, 1):
            _put(made, place, column, value)
    made.freeze_panes = "A2"
    made.auto_filter.ref = made.dimensions
    made.print_title_rows = "1:1"
    made.page_setup.orientation, made.page_setup.paperSize = "landscape", made.PAPERSIZE_A4
    made.page_setup.fitToHeight = 0
    made.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _put(sheet: Worksheet, row: int, column: int, value: Value) -> None:
    if value == "":
        return
    cell = sheet.cell(row, column)
    cell.alignment = _TOP
    if isinstance(value, date):  # a datetime is one
        cell.value, cell.number_format = value, _MOMENT if isinstance(value, datetime) else _DAY
    elif isinstance(value, int):
        cell.value = value
    elif shown := _fitting(xml_text(value)):
        cell.value = shown
        # What begins with "=" would become a formula: it is told to be text, now and when somebody edits the cell.
        cell.data_type = "s"
        cell.quotePrefix = not shown[0].isalnum()


def _fitting(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - len(_CUT)]}{_CUT}"


def read(data: bytes) -> dict[str, list[list[str]]]:
    """Each sheet's rows as texts, without what is empty at the end; formulas as the value they had when saved.

    A whole number is written as one (`5`, not `5.0`), a day as 2026-10-20. Raises NotAWorkbook.
    """
    try:
        refuse_unsafe(data)
        book = load_workbook(BytesIO(data), read_only=True, data_only=True)
        return {sheet.title: list(_rows(sheet.iter_rows(values_only=True))) for sheet in book.worksheets}
    except (ValueError, KeyError, TypeError, SyntaxError, OSError, zipfile.BadZipFile) as error:
        why = str(error) if isinstance(error, ValueError) else "it is damaged, or of another kind"
        raise NotAWorkbook(f"The file cannot be read as an Excel workbook (.xlsx): {why}.") from error


def _rows(rows: Iterator[tuple[object, ...]]) -> Iterator[list[str]]:
    empty = 0
    for values in rows:
        texts = [_text(value) for value in values]
        while texts and not texts[-1]:
            texts.pop()
        if not texts:
            empty += 1  # a sheet may say that it has a million rows
            continue
        yield from ([] for _ in range(empty))
        empty = 0
        yield texts


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer():
            return str(int(value))
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return str(value).strip()
