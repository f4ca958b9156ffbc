"""A judgement that is filled in as a workbook says what the same judgement in JSON says."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from s11flow.office.sheets import Sheet, write
from s11flow.reports.assessment import Assessment, WrongAssessmentError, check_assessment, read_assessment
from s11flow.reports.assessment_book import blank_book, read_book
from tests.reports.register import DEFINITION

AT = datetime(2026, 11, 10, tzinfo=UTC)
EXAMPLE = (Path(__file__).parents[2] / "docs/examples/assessment.json").read_text(encoding="utf-8")
REMARKS = {
    "working_well": "working well", "worried": "worried about", "needs": "needs to happen",
    "good_practice": "good practice",
}  # fmt: skip
TEXTS = {
    "basis": "what it rests on", "mapping": "how the other scale was read", "impact": "impact on children",
    "agency_response": "agency response", "dissent": "dissent within the panel",
}  # fmt: skip


def blank() -> Any:
    data = blank_book(DEFINITION, title="Judgement of GSCP-2026-05A", author="The panel", at=AT)
    return load_workbook(io.BytesIO(data))


def saved(book: Any) -> bytes:
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def put(sheet: Any, row: int, **cells: object) -> None:
    """Write cells of a row by the names of their columns."""
    head = {str(cell.value): cell.column for cell in sheet[1]}
    for name, value in cells.items():
        sheet.cell(row, head[name.replace("_", " ").strip()]).value = value


def row_of(sheet: Any, number: str) -> int:
    found: int = next(row[0].row for row in sheet.iter_rows() if row[0].value == number)
    return found


def filled(judgement: Assessment) -> bytes:
    """The workbook as somebody who reads the judgement aloud would have it filled in."""
    book = blank()
    for one in judgement.standards:
        sheet = book["Standards"]
        put(sheet, row_of(sheet, one.standard), panel=one.panel.title(), reason=one.reason,
            qualified="Yes" if one.panel_qualified else None)  # fmt: skip
    for item in judgement.ratings:
        sheet = book["Requirements"]
        put(sheet, row_of(sheet, item.requirement), **{
            "self": item.own, "self qualified": "x" if item.qualified else None, "self as given": item.self_as_given,
            "panel": item.panel, "panel qualified": "yes" if item.panel_qualified else "no", "reason": item.reason,
        })  # fmt: skip
    for name, kind in REMARKS.items():
        for remark in getattr(judgement, name):
            put(book["Remarks"], book["Remarks"].max_row + 1, kind=kind, standard=remark.standard, text=remark.text)
    for advice in judgement.recommendations:
        sheet = book["Recommendations"]
        put(sheet, sheet.max_row + 1, text=advice.text, owner=advice.owner, by=advice.by)
    for action in judgement.actions:
        sheet = book["Actions"]
        put(
            sheet,
            sheet.max_row + 1,
            what=action.what,
            review=action.review,
            owner=action.owner,
            by=action.by,
            status=action.status,
        )
    for name, what in TEXTS.items():
        put(book["Texts"], row_of(book["Texts"], what), text=getattr(judgement, name))
    return saved(book)


def read(data: bytes) -> Assessment:
    return check_assessment(read_book(data, DEFINITION), DEFINITION)


def test_the_example_filled_in_as_a_workbook_is_the_example() -> None:
    example = read_assessment(EXAMPLE, DEFINITION)
    assert read(filled(example)) == example


def test_an_empty_workbook_rates_nothing_and_is_refused_for_that() -> None:
    with pytest.raises(WrongAssessmentError) as refusal:
        read(saved(blank()))
    assert refusal.value.faults[0] == 'Standard 1 has no rating; give one, or "no judgement" with a reason.'
    assert len(refusal.value.faults) == len(DEFINITION.standards)


def test_it_has_a_row_for_every_standard_and_requirement() -> None:
    book = blank()
    standards = [row[0] for row in book["Standards"].iter_rows(min_row=2, values_only=True)]
    requirements = [row[0] for row in book["Requirements"].iter_rows(min_row=2, values_only=True)]

    assert standards == [standard.number for standard in DEFINITION.standards]
    assert requirements == [item.number for standard in DEFINITION.standards for item in standard.requirements]


def _without_a_column(book: Any) -> None:
    book["Standards"]["C1"] = "Rating of ours"


def _without_a_sheet(book: Any) -> None:
    del book["Requirements"]


def _unknown_kind(book: Any) -> None:
    put(book["Remarks"], 2, kind="nice", text="They were.")


def _unknown_text(book: Any) -> None:
    put(book["Texts"], 7, what="weather", text="Rain.")


def _neither(book: Any) -> None:
    put(book["Standards"], 2, panel="green", qualified="perhaps")


WRONG: dict[Callable[[Any], None], str] = {
    _without_a_column: "The sheet Standards has no column panel; put its header line back.",
    _without_a_sheet: "There is no sheet Requirements; start from the workbook that comes with the case.",
    _unknown_kind: (
        'Remarks, row 2: there is no kind "nice"; use working well, worried about, needs to happen, good practice.'
    ),
    _unknown_text: (
        'Texts, row 7: there is no "weather"; there is what it rests on, how the other scale was read, impact on '
        "children, agency response, dissent within the panel."
    ),
    _neither: 'Standards, row 2: "perhaps" is neither yes nor no; write yes, or leave it empty.',
}


@pytest.mark.parametrize("spoil", WRONG)
def test_what_is_not_understood_is_said_and_nothing_is_taken(spoil: Callable[[Any], None]) -> None:
    book = blank()
    spoil(book)
    with pytest.raises(WrongAssessmentError) as refusal:
        read_book(saved(book), DEFINITION)
    assert refusal.value.faults == (WRONG[spoil],)


def test_a_rating_that_there_is_not_is_refused_as_in_the_json_file() -> None:
    book = blank()
    put(book["Standards"], 2, panel="Blue")
    with pytest.raises(WrongAssessmentError) as refusal:
        read(saved(book))
    assert refusal.value.faults[0].startswith('Standard 1: there is no rating "Blue"; use red, amber, green')


@pytest.mark.parametrize(
    "data",
    [b"PK\x03\x04 half", json.dumps({}).encode(), write([Sheet("Other", [("a", 5)], [])], title="", author="", at=AT)],
)
def test_another_file_is_no_judgement(data: bytes) -> None:
    with pytest.raises(WrongAssessmentError):
        read_book(data, DEFINITION)
