"""The status board: one line for each case, as a workbook and as CSV, with nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from openpyxl import load_workbook

from s11flow.domain.errors import WrongInputError
from s11flow.reports.board import COLUMNS, Board, BoardLine, render_board

LINE = BoardLine(
    case="GSCP-2026-05A",
    code="05A",
    agency="Stroud District Council",
    category="district council",
    state="report requested",
    flags=("due soon", "no reply"),
    target=date(2026, 10, 9),
    deadline=datetime(2026, 10, 20, 16, tzinfo=UTC),
    session_at=datetime(2026, 11, 10, 9, 30, tzinfo=UTC),
    session="invited, no reply",
    arrived_at=None,
    is_late=None,
    escalation="",
    self_ratings=0,
    judgement="",
    next_at=datetime(2026, 10, 16, 8, tzinfo=UTC),
    next="reminder",
    waits_for="",
)
BOARD = Board("A partnership", "2026", datetime(2026, 10, 14, 8, tzinfo=UTC), 17, (LINE,))


def wall(shows: str) -> datetime:
    """What a clock on the wall in Gloucester *shows*."""
    return datetime.fromisoformat(shows)


def cells(board: Board, sheet: str = "Board") -> list[tuple[object, ...]]:
    return list(load_workbook(io.BytesIO(render_board(board, "xlsx")))[sheet].iter_rows(values_only=True))


def test_the_workbook_says_of_each_case_how_it_stands_and_what_comes_next() -> None:
    head, line = cells(BOARD)

    assert head == tuple(name for name, _ in COLUMNS)
    assert dict(zip(head, line, strict=True)) == {
        "case": "GSCP-2026-05A",
        "code": "05A",
        "agency": "Stroud District Council",
        "group": "district council",
        "state": "report requested",
        "flags": "due soon, no reply",
        "target": wall("2026-10-09 00:00"),
        "deadline": wall("2026-10-20 17:00"),
        "session": wall("2026-11-10 09:30"),
        "session stands": "invited, no reply",
        "report came": None,
        "late": None,
        "escalation": None,
        "self ratings": 0,
        "judgement": None,
        "due next on": wall("2026-10-16 09:00"),
        "due next": "reminder",
        "waits for": None,
    }


def test_the_counts_are_out_of_all_cases() -> None:
    assert cells(BOARD, "Counts")[1:] == [
        ("state", "report requested", 1, 1),
        ("flag", "due soon", 1, 1),
        ("flag", "no reply", 1, 1),
    ]


def test_the_csv_file_has_the_same_line() -> None:
    (line,) = csv.DictReader(io.StringIO(render_board(BOARD, "csv").decode("utf-8-sig")))
    book = [
        f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else "" if value is None else str(value)
        for value in cells(BOARD)[1]
    ]

    assert [text.removesuffix(" 00:00") for text in book] == list(line.values())


@pytest.mark.parametrize("text", ["=1+1", "+44", "-1", "@x"])
def test_no_name_becomes_a_formula(text: str) -> None:
    board = replace(BOARD, lines=(replace(LINE, agency=text),))
    found = load_workbook(io.BytesIO(render_board(board, "xlsx")))["Board"]["C2"]
    (line,) = csv.DictReader(io.StringIO(render_board(board, "csv").decode("utf-8-sig")))

    assert (found.value, found.data_type, found.quotePrefix) == (text, "s", True)
    assert line["agency"] == f"'{text}"


def test_the_header_line_stays_in_sight_and_the_file_says_what_it_is() -> None:
    book = load_workbook(io.BytesIO(render_board(BOARD, "xlsx")))
    sheet = book["Board"]

    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("D2", "A1:R2")  # which agency it is stays in sight too
    assert (sheet.print_title_rows, sheet.print_title_cols) == ("$1:$1", "$A:$C")
    assert (book.properties.title, book.properties.language) == ("Status board, cycle 2026: A partnership", "en-GB")
    assert all(sheet.column_dimensions[letter].width >= 7 for letter in "ABCDEFGHIJKLMNOPQR")


def test_whether_a_report_came_late_is_said_in_words() -> None:
    came = datetime(2026, 10, 20, 16, 1, tzinfo=UTC)
    late = [cells(replace(BOARD, lines=(replace(LINE, arrived_at=came, is_late=it),)))[1][11] for it in (True, False)]

    assert late == ["late", "in time"]


def test_a_format_there_is_not_is_refused() -> None:
    with pytest.raises(WrongInputError) as refusal:
        render_board(BOARD, "pdf")
    assert str(refusal.value) == 'There is no format "pdf" of the status board; use xlsx or csv.'
