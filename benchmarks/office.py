"""Files for people: a form for each agency, and the report of a crowd in each of its formats.

Beside each stands what writes the very same cells and paragraphs with nothing in between: python-docx, openpyxl, `csv`
or `json`, handed texts that were worked out before.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from html import escape
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

from docx import Document
from openpyxl import Workbook

from benchmarks.measure import Result, in_turn, timed
from calendars import london
from calendars.bank_holidays import england_and_wales
from calendars.working_days import WorkingDays
from s11flow.cycles import read_definition, shipped
from s11flow.domain.model import (
    Agency,
    CaseFacts,
    CaseState,
    CycleFacts,
    CycleState,
    Session,
    SessionState,
    Submission,
)
from s11flow.domain.timetable import Rulebook, cut_off_of, dates_of_case, target_of
from s11flow.forms import Blank, blank, blank_form
from s11flow.office.word import Grid, Run
from s11flow.reports import AssuranceReport, ReportCase, as_json, build, docx_, tidy, xlsx_
from s11flow.reports.render import Format, render

CASES = 6_000
FEW = 100
"""So many forms or agencies take python-docx some seconds; its figure is a rate, and grows no better with more."""
YEAR, PANEL_DAY = 2026, date(2026, 11, 10)
OPENED_AT = datetime(2026, 6, 1, 8, tzinfo=UTC)
BUILT_AT = datetime(2027, 2, 1, 9, tzinfo=UTC)
DEFINITION = read_definition(shipped(), source="gloucestershire.toml")
_RULES = Rulebook(DEFINITION, WorkingDays(england_and_wales(range(YEAR - 1, YEAR + 3))))


# --- forms ------------------------------------------------------------------------------------------------------------


def forms(folder: Path, count: int = CASES, few: int = FEW) -> Result:
    """A form for each agency, beside the same paragraphs and tables by python-docx."""
    said = _written(lambda: blank_form(_blank(0)), blank)

    def ours() -> float:
        with timed() as watch:
            for number in range(count):
                blank_form(_blank(number))
        return count / watch.seconds

    def theirs() -> float:
        with timed() as watch:
            for _ in range(few):
                _by_python_docx(said)
        return few / watch.seconds

    figures = in_turn(ours, theirs)
    return Result(
        "forms", f"{count:,} report forms", "the same cells by python-docx", *figures, at_least=10, aim=25, unit="/s",
        details={"forms": count, "beside": few},
    )  # fmt: skip


def _blank(number: int) -> Blank:
    return Blank(
        partnership=DEFINITION.partnership.name,
        mailbox=DEFINITION.partnership.mailbox,
        agency=f"Agency number {number} of the register",
        ref=f"GSCP-{YEAR}-X{number}",
        period_from=date(2025, 4, 1),
        period_to=date(2026, 3, 31),
        deadline=datetime(2026, 10, 20, 16, tzinfo=UTC),
        standards=DEFINITION.standards,
        scale=DEFINITION.scale,
        made_at=OPENED_AT,
    )


# --- the report -------------------------------------------------------------------------------------------------------


def content(folder: Path, count: int = CASES) -> Result:
    """Working out what the report says, before any file is written."""
    cases = [_case(number) for number in range(count)]

    def once() -> float:
        with timed() as watch:
            _built(cases)
        return watch.seconds

    return Result("report-content", f"the report of {count:,} agencies worked out", "", (once(), once(), once()))


def as_csv(folder: Path, count: int = CASES) -> Result:
    """The tidy rows as CSV."""
    rows = [list(row) for row in tidy.rows(_report(count))]

    def bare() -> bytes:
        text = StringIO()
        csv.writer(text).writerows(rows)
        return text.getvalue().encode()

    return _beside("csv", count, "the same rows by csv", bare, at_most=5, aim=3)


def as_json_file(folder: Path, count: int = CASES) -> Result:
    """The canonical file."""
    document = as_json(_report(count))

    def bare() -> bytes:
        return json.dumps(document, sort_keys=True, ensure_ascii=False, indent=2).encode()

    return _beside("json", count, "the same document by json", bare, at_most=3, aim=2)


def as_html(folder: Path, count: int = CASES) -> Result:
    """The page."""
    said = _written(lambda: render(_report(count), "docx"), docx_)

    def bare() -> bytes:
        parts = []
        for each in said:
            if isinstance(each, str):
                parts.append(f"<p>{escape(each)}</p>")
            else:
                cells = ("".join(f"<td>{escape(text)}</td>" for text in row) for row in each)
                parts.append(f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>")
        return "\n".join(parts).encode()

    return _beside("html", count, "the same cells in tags", bare, at_most=15, aim=8)


def as_xlsx(folder: Path, count: int = CASES) -> Result:
    """The workbook."""
    sheets: dict[str, list[list[str | int]]] = {}
    of_section = {section: title for title, sections in xlsx_.SHEETS.items() for section in sections}
    for row in tidy.rows(_report(count)):
        values = [int(text) if text.isdigit() and name in ("n", "of", "percent", "number") else text
                  for name, text in zip(tidy.COLUMNS, row, strict=True)]  # fmt: skip
        sheets.setdefault(of_section[row.section], []).append([value for value in values if value != ""])

    def bare() -> bytes:
        book, written = Workbook(write_only=True), BytesIO()
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for cells in rows:
                sheet.append(cells)
        book.save(written)
        return written.getvalue()

    return _beside("xlsx", count, "the same cells by openpyxl", bare, at_most=1, aim=0.5, runs=1)


def as_docx(folder: Path, count: int = CASES, few: int = FEW) -> Result:
    """The Word file; python-docx is given fewer agencies, and both are counted in agencies a second."""
    said = _written(lambda: render(_report(few), "docx"), docx_)
    report = _report(count)

    def ours() -> float:
        with timed() as watch:
            render(report, "docx")
        return count / watch.seconds

    def theirs() -> float:
        with timed() as watch:
            _by_python_docx(said)
        return few / watch.seconds

    figures = in_turn(ours, theirs, runs=1)
    return Result(
        "report-docx", f"the report of {count:,} agencies, docx", "the same cells by python-docx", *figures,
        at_least=2, aim=4, unit="agencies/s", details={"agencies": count, "beside": few},
    )  # fmt: skip


def _beside(
    name: Format, count: int, beside: str, bare: Callable[[], bytes], *, at_most: float, aim: float, runs: int = 3
) -> Result:
    report = _report(count)

    def ours() -> float:
        with timed() as watch:
            render(report, name)
        return watch.seconds

    def theirs() -> float:
        with timed() as watch:
            bare()
        return watch.seconds

    figures = in_turn(ours, theirs, runs)
    what = f"the report of {count:,} agencies, {name}"
    return Result(
        f"report-{name}", what, beside, *figures, at_most=at_most, aim=aim, details={"bytes": len(render(report, name))}
    )


# --- a crowd that was judged ------------------------------------------------------------------------------------------


@cache
def _report(count: int) -> AssuranceReport:
    return _built([_case(number) for number in range(count)])


def _built(cases: Sequence[ReportCase]) -> AssuranceReport:
    return build(
        DEFINITION, _CYCLE, cases, author="Independent Scrutineer", status="approved", built_at=BUILT_AT,
        panel_days=[PANEL_DAY],
    )  # fmt: skip


_CUT_OFF = cut_off_of(_RULES, PANEL_DAY)
_CYCLE = CycleFacts(
    ref=f"GSCP-{YEAR}", partnership="GSCP", cycle=str(YEAR), state=CycleState.OPEN, period_from=date(2025, 4, 1),
    period_to=date(2026, 3, 31), target=target_of(_RULES, YEAR), cut_off=_CUT_OFF, opened_at=OPENED_AT,
)  # fmt: skip
_DATES = dates_of_case(_RULES, YEAR, panel_day=PANEL_DAY, cut_off=_CUT_OFF, set_at=OPENED_AT)


_HALF_AN_HOUR = timedelta(minutes=30)


def _case(number: int) -> ReportCase:
    """An agency that reported, came and was judged on everything."""
    starts = london.instant(PANEL_DAY, time(9)) + _HALF_AN_HOUR * (number % 14)
    arrived = london.instant(date(2026, 10, 5), time(12)) + timedelta(days=number % 15)
    facts = CaseFacts(
        ref=f"GSCP-{YEAR}-X{number:04}", partnership="GSCP", cycle=str(YEAR),
        agency=Agency(f"X{number:04}", f"Agency number {number} of the register", "nhs", contact="a@agency.example"),
        state=CaseState.AGREED, dates=_DATES, opened_at=OPENED_AT,
        session=Session(1, SessionState.ATTENDED, 0, starts, starts + _HALF_AN_HOUR, "A room", "uid", OPENED_AT),
        submission=Submission(1, arrived, arrived, "a@agency.example", (), ()), submissions=1, asked_at=OPENED_AT,
        considered_at=starts,
    )  # fmt: skip
    return ReportCase(facts, assessment=_judgement(number))


def _judgement(number: int) -> dict[str, object]:
    codes = [rating.code for rating in DEFINITION.scale]
    items = [item for standard in DEFINITION.standards for item in standard.requirements]
    return {
        "standards": [
            {"standard": standard.number, "panel": codes[(number + place) % len(codes)], "reason": "In the report."}
            for place, standard in enumerate(DEFINITION.standards)
        ],
        "ratings": [
            {"requirement": item.number, "self": codes[-1], "panel": codes[(number * place) % len(codes)],
             "reason": "Seen in the minutes, and heard at the session."}
            for place, item in enumerate(items)
        ],
        "working_well": ["Staff spoke openly about what is hard."],
        "recommendations": [{"text": "Record supervision in every team.", "owner": "", "by": "2027-06-30"}],
    }  # fmt: skip


# --- what a Word file says, and the library's own way to say it -------------------------------------------------------

Said = Sequence[str | list[list[str]]]


@dataclass
class _Recorder:
    """Takes what would be written: each paragraph as its text, each table as the texts of its cells."""

    said: list[Any] = field(default_factory=list)

    def paragraph(self, style: str, runs: Sequence[Run], bookmark: str = "", **layout: bool) -> None:
        """Keep the text."""
        self.said.append("".join(run.text for run in runs))

    def table(self, grid: Grid, *, widths: Sequence[int] = ()) -> None:
        """Keep the caption and the cells."""
        self.paragraph("Caption", grid.caption.runs)
        self.said.append([["".join(run.text for run in block.runs) for block in row] for row in grid.rows])

    def saved(self) -> bytes:
        """Nothing."""
        return b""


def _written(write: Callable[[], object], module: Any) -> Said:
    """What *write* says to the Word file that *module* makes."""
    recorder, real = _Recorder(), module.WordFile
    module.WordFile = lambda about: recorder
    try:
        write()
    finally:
        module.WordFile = real
    return recorder.said


def _by_python_docx(said: Said) -> bytes:
    document, written = Document(), BytesIO()
    for each in said:
        if isinstance(each, str):
            document.add_paragraph(each)
            continue
        table = document.add_table(len(each), max(map(len, each)), style="Table Grid")
        for row, texts in zip(table.rows, each, strict=True):
            for cell, text in zip(row.cells, texts, strict=False):
                cell.text = text
    document.save(written)
    return written.getvalue()
