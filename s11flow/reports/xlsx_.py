"""The report's tidy rows as a workbook, a sheet for each part."""

from __future__ import annotations

from collections.abc import Sequence

from s11flow.office import sheets
from s11flow.reports.shape import AssuranceReport
from s11flow.reports.tidy import COLUMNS, Row, rows

SHEETS = {
    "This report": ("build", "panel", "basis", "outside the register count", "duty bodies"),
    "Who took part": ("who took part: reports", "who took part: attendance", "who took part: also"),
    "Ratings": ("ratings", "self against panel", "since the last judgement", "repeated findings"),
    "Said": ("working well", "worried about", "needs to happen", "good practice", "impact on children"),
    "Actions": ("actions from reviews",),
    "Recommendations": ("recommendations",),
    "Texts": ("changes", "themes", "year on year", "lessons"),
    "Scores": ("scores",),
    "Non-submissions": ("non-submissions",),
    "Timetable": ("timetable",),
}
"""The sections that stand on each sheet."""

_NUMBERS = frozenset({"n", "of", "percent", "number"})
_WIDTHS = {"section": 26, "measure": 30, "agency": 9, "agency_name": 40, "value": 70, "given_by": 10}


def render_xlsx(report: AssuranceReport) -> bytes:
    """The report as XLSX; a sheet that has nothing to say is there with its header line."""
    sheet_of = {section: title for title, sections in SHEETS.items() for section in sections}
    found: dict[str, list[Row]] = {title: [] for title in SHEETS}
    for row in rows(report):
        found[sheet_of[row.section]].append(row)
    return sheets.write(
        [_sheet(title, its) for title, its in found.items()],
        title=f"Assurance Report, cycle {report.build.cycle}: {report.build.partnership}",
        author=report.build.author,
        at=report.built_at,
    )


def _sheet(title: str, its: Sequence[Row]) -> sheets.Sheet:
    names = [name for name in COLUMNS if name in ("section", "measure") or any(getattr(row, name) for row in its)]
    columns = [(name.replace("_", " "), _WIDTHS.get(name, 13)) for name in names]
    places = [(COLUMNS.index(name), name in _NUMBERS) for name in names]
    return sheets.Sheet(title, columns, [[_value(row[place], is_number) for place, is_number in places] for row in its])


def _value(text: str, is_number: bool) -> sheets.Value:
    return int(text) if is_number and text else text
