"""Workbooks: written with numbers as numbers and no text ever a formula; read as texts, as somebody typed them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache, partial
from io import BytesIO
from xml.sax.saxutils import escape

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from s11flow.office.package import Unsafe, refuse_unsafe, stable, xml_text

Value = str | int | date | datetime
"""What a cell holds; a datetime is what a clock on the wall shows, without a zone."""

_LONGEST = 32_767
"""Characters that a cell holds."""
_CUT = " [cut here, because a cell holds no more]"
_HEAD = Font(bold=True, color="FFFFFF")
_HEAD_FILL = PatternFill("solid", fgColor="1D4F73")
_TOP = Alignment(vertical="top", wrap_text=True)
_DATED = Alignment(horizontal="left", vertical="top")
_DAY, _MOMENT = "ddd d mmm yyyy", "ddd d mmm yyyy hh:mm"
_PAGE = 150
"""Letters that a page is wide and still good to read."""


class NotAWorkbook(ValueError):
    """A file that cannot be read as a workbook; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its title, its header line with the width of each column in letters, and its rows.

    The first *keeps* columns stay in sight with the header line, and stand on each page of a sheet that is too wide
    for one.
    """

    title: str
    columns: Sequence[tuple[str, int]]
    rows: Sequence[Sequence[Value]]
    keeps: int = 0


def write(sheets: Sequence[Sheet], *, title: str, author: str, at: datetime) -> bytes:
    """The workbook, in English, each header line frozen and filtered; the same sheets give the same bytes.

    *at* is aware.
    """
    book = Workbook()
    looks = _looks(book.worksheets[0])
    book.remove(book.worksheets[0])
    book.properties.title, book.properties.creator = xml_text(title), xml_text(author)
    book.properties.language = "en-GB"
    book.properties.created = at.astimezone(UTC).replace(tzinfo=None)
    for sheet in sheets:
        _frame(book.create_sheet(sheet.title), sheet)
    written = BytesIO()
    book.save(written)
    fillings = {
        f"xl/worksheets/sheet{number}.xml": partial(_filled, sheet, looks) for number, sheet in enumerate(sheets, 1)
    }
    return stable(written.getvalue(), at, fillings)


def _frame(made: Worksheet, sheet: Sheet) -> None:
    """The sheet without its rows."""
    for column, (name, width) in enumerate(sheet.columns, 1):
        cell = made.cell(1, column, name)
        cell.font, cell.fill, cell.alignment = _HEAD, _HEAD_FILL, _TOP
        made.column_dimensions[get_column_letter(column)].width = width
    made.row_dimensions[1].height = _LINE * max((_lines(name, width) for name, width in sheet.columns), default=1)
    made.freeze_panes = f"{get_column_letter(sheet.keeps + 1)}2"
    made.auto_filter.ref = _reach(sheet)
    made.print_title_rows = "1:1"
    made.page_setup.orientation, made.page_setup.paperSize = "landscape", made.PAPERSIZE_A4
    made.page_setup.fitToHeight = 0
    if sheet.keeps:
        made.print_title_cols = f"A:{get_column_letter(sheet.keeps)}"
        made.page_setup.fitToWidth = max(1, round(sum(width for _, width in sheet.columns) / _PAGE))
    made.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _reach(sheet: Sheet) -> str:
    return f"A1:{get_column_letter(_width(sheet))}{len(sheet.rows) + 1}"


def _width(sheet: Sheet) -> int:
    return max((1, len(sheet.columns), *map(len, sheet.rows)))


# --- rows, written as text: the library takes ten times as long over them ---------------------------------------------


@dataclass(frozen=True, slots=True)
class _Looks:
    """The numbers under which the workbook keeps how a cell looks. A *told* text is never taken for a formula."""

    plain: int
    told: int
    day: int
    moment: int


def _looks(scratch: Worksheet) -> _Looks:
    numbers = []
    wanted = ((_TOP, "General", False), (_TOP, "General", True), (_DATED, _DAY, False), (_DATED, _MOMENT, False))
    for row, (alignment, format_, quoted) in enumerate(wanted, 1):
        cell = scratch.cell(row, 1)  # one each: the library keeps them by identity
        cell.alignment, cell.number_format, cell.quotePrefix = alignment, format_, quoted
        numbers.append(cell.style_id)
    return _Looks(*numbers)


_DIMENSION = re.compile(rb'(<dimension ref=")[^"]*')


def _filled(sheet: Sheet, looks: _Looks, frame: bytes) -> bytes:
    letters = [get_column_letter(column) for column in range(1, _width(sheet) + 1)]
    widths = [width for _, width in sheet.columns]
    rows = "".join(_row(place, row, letters, widths, looks) for place, row in enumerate(sheet.rows, 2))
    before, end, after = _DIMENSION.sub(rb"\g<1>" + _reach(sheet).encode(), frame).partition(b"</sheetData>")
    return b"".join((before, rows.encode(), end, after))


def _row(place: int, row: Sequence[Value], letters: Sequence[str], widths: Sequence[int], looks: _Looks) -> str:
    cells = [
        _cell(f"{letter}{place}", value, looks) for letter, value in zip(letters, row, strict=False) if value != ""
    ]
    lines = max((_lines(value, width) for value, width in zip(row, widths, strict=False)), default=1)
    height = f' ht="{min(lines, _MOST_LINES) * _LINE}"' if lines > 1 else ""
    return f'<row r="{place}"{height}>{"".join(cells)}</row>' if cells else ""


_LINE, _MOST_LINES = 15, 27
"""How high a line is, in points, and how many of them a row can be high."""


def _lines(value: Value, width: int) -> int:
    """How many lines a cell wants: not every program works that out when it opens a file."""
    if not isinstance(value, str) or (len(value) < width and "\n" not in value):
        return 1
    return sum(len(part) // max(1, width - 1) + 1 for part in value.split("\n"))


def _cell(where: str, value: Value, looks: _Looks) -> str:
    if isinstance(value, str):
        is_plain, said = _inline(value) if len(value) > _OFTEN else _inline_often(value)
        return f'<c r="{where}" s="{looks.plain if is_plain else looks.told}" t="inlineStr">{said}</c>'
    if isinstance(value, date):  # a datetime is one
        look = looks.moment if isinstance(value, datetime) else looks.day
        return f'<c r="{where}" s="{look}"><v>{_days(value)}</v></c>'
    return f'<c r="{where}" s="{looks.plain}"><v>{value}</v></c>'


def _inline(text: str) -> tuple[bool, str]:
    """Whether a text may stand in a cell as it is, and the element that says it.

    What begins with "=" would become a formula: it is told to be text, now and when somebody edits the cell.
    """
    shown = _fitting(xml_text(text))
    return shown[:1].isalnum(), f'<is><t xml:space="preserve">{escape(shown)}</t></is>'


_OFTEN = 60
"""Letters up to which a text is likely to stand in many cells."""
_inline_often = lru_cache(maxsize=10_000)(_inline)

_DAY_NOUGHT = date(1899, 12, 30)
"""From which a workbook counts days."""


def _days(value: date) -> str:
    """A day, or what a clock shows on one, as a workbook keeps it: days with a fraction."""
    days = (value.date() if isinstance(value, datetime) else value) - _DAY_NOUGHT
    if not isinstance(value, datetime):
        return str(days.days)
    seconds = value.hour * 3600 + value.minute * 60 + value.second
    return repr(days.days + seconds / 86_400)


def _fitting(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - len(_CUT)]}{_CUT}"


_MOST_ROWS, _MOST_CELLS = 1_048_576, 5_000_000
"""Rows that a sheet can have; cells, with the empty ones before others, that are looked at."""


def read(data: bytes) -> dict[str, list[list[str]]]:
    """Each sheet's rows as texts, without what is empty at the end; formulas as the value they had when saved.

    A whole number is written as one (`5`, not `5.0`), a day as 2026-10-20. Raises NotAWorkbook.
    """
    try:
        refuse_unsafe(data)
        book = load_workbook(BytesIO(data), read_only=True, data_only=True)
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # what a sheet says of its own size need not be so
        return {sheet.title: list(_rows(sheet.iter_rows(values_only=True))) for sheet in book.worksheets}
    except Exception as error:  # a file that somebody made to do harm can raise anything in what reads it
        why = str(error) if isinstance(error, Unsafe) else "it is damaged, or of another kind"
        raise NotAWorkbook(f"The file cannot be read as an Excel workbook (.xlsx): {why}.") from error


def _rows(rows: Iterator[tuple[object, ...]]) -> Iterator[list[str]]:
    empty, cells = 0, 0
    for number, values in enumerate(rows, 1):
        cells += len(values)
        if number > _MOST_ROWS or cells > _MOST_CELLS:  # a few letters can say that a cell stands far down or far out
            raise Unsafe("a sheet of it is larger than any that people fill in")
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
