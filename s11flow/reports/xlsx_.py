"""The report's tidy rows as a workbook: a sheet for each part, numbers as numbers, and no text ever a formula."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from s11flow.reports.package import stable, xml_text
from s11flow.reports.shape import AssuranceReport
from s11flow.reports.tidy import COLUMNS, Row, rows

SHEETS = {
    "This report": ("build", "basis", "outside the register count", "duty bodies"),
    "Who took part": ("who took part: reports", "who took part: attendance", "who took part: also"),
    "Ratings": ("ratings", "self against panel"),
    "Said": ("working well", "worried about", "needs to happen", "good practice", "impact on children"),
    "Actions": ("actions from reviews",),
    "Recommendations": ("recommendations",),
    "Texts": ("changes", "year on year", "lessons"),
    "Scores": ("scores",),
    "Non-submissions": ("non-submissions",),
    "Timetable": ("timetable",),
}
"""The sections that stand on each sheet."""

_NUMBERS = frozenset({"n", "of", "percent", "number"})
_WIDTHS = {"section": 26, "measure": 30, "agency": 9, "agency_name": 40, "value": 70, "given_by": 10}
_LONGEST = 32_767
"""Characters that a cell holds."""
_CUT = " [cut here, because a cell holds no more; the HTML report has the whole text]"
_HEAD = Font(bold=True, color="FFFFFF")
_HEAD_FILL = PatternFill("solid", fgColor="1D4F73")
_TOP = Alignment(vertical="top", wrap_text=True)


def render_xlsx(report: AssuranceReport) -> bytes:
    """The report as XLSX; a sheet that has nothing to say is there with its header line."""
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.title = f"Assurance Report, cycle {report.build.cycle}: {report.build.partnership}"
    book.properties.creator = xml_text(report.build.author)
    book.properties.created = report.built_at.replace(tzinfo=None)
    sheet_of = {section: title for title, sections in SHEETS.items() for section in sections}
    found: dict[str, list[Row]] = {title: [] for title in SHEETS}
    for row in rows(report):
        found[sheet_of[row.section]].append(row)
    for title, its in found.items():
        _fill(book.create_sheet(title), its)
    written = BytesIO()
    book.save(written)
    return stable(written.getvalue(), report.built_at)


def _fill(sheet: Worksheet, its: Sequence[Row]) -> None:
    columns = [name for name in COLUMNS if name in ("section", "measure") or any(getattr(row, name) for row in its)]
    sheet.append([name.replace("_", " ") for name in columns])
    for cell in sheet[1]:
        cell.font, cell.fill = _HEAD, _HEAD_FILL
    for place, row in enumerate(its, 2):
        for column, name in enumerate(columns, 1):
            _put(sheet, place, column, getattr(row, name), is_number=name in _NUMBERS)
    for column, name in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(column)].width = _WIDTHS.get(name, 13)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _put(sheet: Worksheet, row: int, column: int, text: str, *, is_number: bool) -> None:
    cell = sheet.cell(row, column)
    cell.alignment = _TOP
    if not text:
        return
    if is_number:
        cell.value = int(text)
        return
    cell.value = shown = _fitting(xml_text(text))
    # What begins with "=" would become a formula: it is told to be text, now and when somebody edits the cell.
    cell.data_type = "s"
    cell.quotePrefix = not shown[:1].isalnum()


def _fitting(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - len(_CUT)]}{_CUT}"
