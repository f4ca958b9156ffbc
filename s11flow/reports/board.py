"""The status board: a cycle at a glance, a line for each case, as a workbook and as CSV."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from calendars import london
from s11flow.domain.errors import WrongInputError
from s11flow.office import sheets
from s11flow.reports.csv_ import guarded

BoardFormat = Literal["xlsx", "csv"]
BOARD_FORMATS: tuple[BoardFormat, ...] = get_args(BoardFormat)


@dataclass(frozen=True, slots=True)
class BoardLine:
    """How one case stands, in words. Instants are aware, None where there is none.

    `self_ratings` is how many requirements the agency rated itself on, `is_late` None while no report came.
    """

    case: str
    code: str
    agency: str
    category: str
    state: str
    flags: tuple[str, ...]
    target: date
    deadline: datetime | None
    session_at: datetime | None
    session: str
    arrived_at: datetime | None
    is_late: bool | None
    escalation: str
    self_ratings: int
    judgement: str
    next_at: datetime | None
    next: str
    waits_for: str


@dataclass(frozen=True, slots=True)
class Board:
    """The cycle *as_of* an instant, aware; `requirements` is how many an agency may rate itself on."""

    partnership: str
    cycle: str
    as_of: datetime
    requirements: int
    lines: tuple[BoardLine, ...]


COLUMNS = (
    ("case", 16), ("code", 7), ("agency", 34), ("group", 17), ("state", 20), ("flags", 20), ("target", 16),
    ("deadline", 21), ("session", 21), ("session stands", 20), ("report came", 21), ("late", 8), ("escalation", 24),
    ("self ratings", 9), ("judgement", 30), ("due next on", 21), ("due next", 20), ("waits for", 50),
)  # fmt: skip


def render_board(board: Board, format: str) -> bytes:  # noqa: A002 - what a person asks for, by that word
    """The bytes of the file; raises WrongInputError for a format there is not."""
    match format:
        case "xlsx":
            return _workbook(board)
        case "csv":
            return _csv(board)
    raise WrongInputError(f'There is no format "{format}" of the status board; use {" or ".join(BOARD_FORMATS)}.')


def _cells(line: BoardLine) -> list[sheets.Value]:
    """The cells of a line, in the order of the columns; times are London's."""
    return [
        line.case, line.code, line.agency, line.category, line.state, ", ".join(line.flags), line.target,
        _local(line.deadline), _local(line.session_at), line.session, _local(line.arrived_at),
        "" if line.is_late is None else "late" if line.is_late else "in time", line.escalation, line.self_ratings,
        line.judgement, _local(line.next_at), line.next, line.waits_for,
    ]  # fmt: skip


def _local(at: datetime | None) -> sheets.Value:
    return london.local(at).replace(tzinfo=None) if at else ""


def _workbook(board: Board) -> bytes:
    title = f"Status board, cycle {board.cycle}: {board.partnership}"
    made = [
        sheets.Sheet("Board", COLUMNS, [_cells(line) for line in board.lines], keeps=3),
        sheets.Sheet("Counts", (("of what", 14), ("which", 40), ("cases", 10), ("of", 10)), list(_counts(board))),
        sheets.Sheet("About", (("what", 20), ("says", 90)), list(_about(board))),
    ]
    return sheets.write(made, title=title, author=board.partnership, at=board.as_of)


def _counts(board: Board) -> Iterable[Sequence[sheets.Value]]:
    for what, names in (
        ("state", [line.state for line in board.lines]),
        ("flag", [flag for line in board.lines for flag in line.flags]),
    ):
        yield from ((what, name, n, len(board.lines)) for name, n in sorted(Counter(names).items()))


def _about(board: Board) -> Iterable[Sequence[sheets.Value]]:
    yield "partnership", board.partnership
    yield "cycle", board.cycle
    yield "as of", f"{london.spell(board.as_of)}, London time, as are all times here"
    yield "cases", len(board.lines)
    yield "target", "The day by which the partnership asks every agency for its report."
    yield "deadline", "The last moment of the agency's own: set by its panel day, unless it was extended."
    yield "self ratings", f"How many of the {board.requirements} requirements the agency rated itself on."
    yield "due next", "What the timetable owes the case next, and when, if nobody does anything before."
    yield "waits for", "What is held up, and by what; it needs a person."


def _csv(board: Board) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([name for name, _ in COLUMNS])
    writer.writerows([_text(value) for value in _cells(line)] for line in board.lines)
    return text.getvalue().encode("utf-8-sig")


def _text(value: sheets.Value) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return guarded(value) if isinstance(value, str) else str(value)
