"""What a change would change: who hears what, when, and which dates move; the outlook before it beside the one after.

An outlook is everything still to come: the letters that wait in the outbox, those that the timetable will owe, the
dates of every case and cycle, and the sessions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from calendars import london
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain.definition import Definition
from s11flow.domain.interests import leaving, quorum_sentence
from s11flow.domain.model import CaseDates, CaseFacts, CycleFacts, Dated, MessageState, PanelDayState
from s11flow.domain.state_facts import facts_of
from s11flow.domain.timetable import Rulebook, deadline_of
from s11flow.services.forecast import forecast
from s11flow.services.subjects import load

_WAITS = (MessageState.QUEUED.value, MessageState.DELAYED.value, MessageState.HELD.value)
_NOT_DATES = ("target_set_at", "deadline_set_at", "extended", "period")
_DATES = tuple(item.name for item in fields(CaseDates) if item.name not in _NOT_DATES)


@dataclass(frozen=True, slots=True)
class Expected:
    """A letter still to leave. `at` is when it is owed, aware UTC; `waits` when it is in the outbox already."""

    dedupe_key: str
    at: datetime
    kind: str
    to: str
    case: str | None
    subject_line: str
    why: str
    waits: bool


@dataclass(frozen=True, slots=True)
class When:
    """A date as it stands: the instant in words, London time, and how it was worked out."""

    words: str
    why: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """Everything still to come: letters by their key, dates and sessions by what they are of and called."""

    letters: Mapping[str, Expected]
    dates: Mapping[tuple[str, str], When]


@dataclass(frozen=True, slots=True)
class MovedDate:
    """A date that is not as it was; None where it was not set, or is not any more."""

    of: str
    name: str
    before: When | None
    after: When | None


@dataclass(frozen=True, slots=True)
class MovedLetter:
    """A letter that would leave at another time, or say another thing in its subject line."""

    before: Expected
    after: Expected


@dataclass(frozen=True, slots=True)
class Difference:
    """One outlook beside another. A letter that is owed again on another day under its own kind has moved."""

    dates: tuple[MovedDate, ...]
    new: tuple[Expected, ...]
    gone: tuple[Expected, ...]
    moved: tuple[MovedLetter, ...]

    def __bool__(self) -> bool:
        return bool(self.dates or self.new or self.gone or self.moved)

    def about(self, case: str) -> Difference:
        """The part of it that is about one case."""
        return Difference(
            tuple(each for each in self.dates if each.of == case),
            tuple(letter for letter in self.new if letter.case == case),
            tuple(letter for letter in self.gone if letter.case == case),
            tuple(each for each in self.moved if each.after.case == case),
        )

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {
            "dates": [
                {"of": each.of, "name": each.name, "before": _when(each.before), "after": _when(each.after)}
                for each in self.dates
            ],
            "letters_new": [_letter(letter) for letter in self.new],
            "letters_gone": [_letter(letter) for letter in self.gone],
            "letters_moved": [{"before": _letter(each.before), "after": _letter(each.after)} for each in self.moved],
        }


def _when(when: When | None) -> dict[str, str] | None:
    return None if when is None else {"when": when.words, "why": when.why}


def _letter(letter: Expected) -> dict[str, Any]:
    return {
        "at": london.iso(letter.at),
        "kind": letter.kind,
        "to": letter.to,
        "case": letter.case,
        "subject_line": letter.subject_line,
        "why": letter.why,
        "in_outbox": letter.waits,
        "dedupe_key": letter.dedupe_key,
    }


# --- looking ----------------------------------------------------------------------------------------------------------


def outlook(uow: UnitOfWork, *, partnership: str, now: datetime) -> Outlook:
    """Everything still to come as of *now*, for the next 366 days."""
    owed = {
        draft.dedupe_key: Expected(
            draft.dedupe_key, draft.at, draft.kind, draft.to_address, draft.case_ref, draft.subject_line, draft.why,
            waits=False,
        )
        for draft in forecast(uow, now=now, partnership=partnership)
    }  # fmt: skip
    with uow.read() as connection:
        return Outlook(owed | _waiting(connection, partnership), dict(_dates(connection, partnership)))


def _waiting(connection: Connection, partnership: str) -> dict[str, Expected]:
    message, subject = queries.message, queries.subject
    statement = (
        select(message)
        .join(subject, subject.c.id == message.c.subject_id)
        .where(subject.c.partnership == partnership, message.c.status.in_(_WAITS))
    )
    return {
        row.dedupe_key: Expected(
            row.dedupe_key, row.at, row.kind, row.to_address, row.case_ref, row.subject_line, row.why, waits=True
        )
        for row in connection.execute(statement)
    }


def _dates(connection: Connection, partnership: str) -> list[tuple[tuple[str, str], When]]:
    found = []
    for kind in ("case", "cycle"):
        table = queries.subject
        ids = connection.scalars(
            select(table.c.id).where(table.c.kind == kind, table.c.partnership == partnership).order_by(table.c.id)
        )
        for loaded in load(connection, list(ids), kind):
            if isinstance(loaded.facts, CaseFacts):
                found += _of_case(loaded.rules.definition, loaded.facts)
            elif isinstance(loaded.facts, CycleFacts):
                found += [((loaded.ref, name), _as_when(getattr(loaded.facts, name))) for name in ("target", "cut_off")]
                found += [_day(loaded.ref, loaded.rules, row) for row in queries.panel_days_of(connection, loaded.id)]
    return found


def _day(ref: str, rules: Rulebook, row: Any) -> tuple[tuple[str, str], When]:
    """Whether the panel sits on a day, and which deadline goes with it."""
    state = facts_of(PanelDayState[row.state]).staff
    return (ref, f"panel on {london.spell_day(row.day)}"), When(state, f"deadline: {deadline_of(rules, row.day).why}")


def _of_case(definition: Definition, facts: CaseFacts) -> list[tuple[tuple[str, str], When]]:
    dates = {name: getattr(facts.dates, name) for name in _DATES}
    found = [((facts.ref, name), _as_when(dated)) for name, dated in dates.items() if dated is not None]
    if facts.dates.period is not None:
        words = " to ".join(london.spell_day(day) for day in facts.dates.period)
        found.append(((facts.ref, "period"), When(words, "")))
    if facts.session is not None and facts.session.is_live:
        session = facts.session
        found.append(((facts.ref, "session"), When(f"{london.spell(session.starts_at)}, {session.place}", "")))
        if session.offered_at is not None:
            found.append(((facts.ref, "offered"), When(london.spell(session.offered_at), "until the agency answers")))
    if gone := leaving(definition, facts):
        words = ", ".join(each.title for each in gone)
        found.append(((facts.ref, "who_leaves"), When(words, quorum_sentence(definition, facts))))
    return found


def _as_when(dated: Dated) -> When:
    return When(london.spell_day(dated.on) if dated.rule == "panel_day" else london.spell(dated.at), dated.why)


# --- comparing --------------------------------------------------------------------------------------------------------


def difference(before: Outlook, after: Outlook) -> Difference:
    """What is in one outlook and not, or not so, in the other, in the order of time."""
    gone = [letter for key, letter in before.letters.items() if key not in after.letters]
    new = [letter for key, letter in after.letters.items() if key not in before.letters]
    moved = [
        MovedLetter(letter, now)
        for key, letter in before.letters.items()
        if (now := after.letters.get(key)) is not None and _told(now) != _told(letter)
    ]
    moved += _paired(gone, new)
    dates = [
        MovedDate(of, name, before.dates.get((of, name)), after.dates.get((of, name)))
        for of, name in sorted({*before.dates, *after.dates})
        if before.dates.get((of, name)) != after.dates.get((of, name))
    ]
    order = _in_time
    return Difference(
        tuple(dates),
        tuple(sorted(new, key=order)),
        tuple(sorted(gone, key=order)),
        tuple(sorted(moved, key=lambda each: order(each.after))),
    )


def _told(letter: Expected) -> tuple[datetime, str, str]:
    """What its reader notices of a letter before they read it."""
    return letter.at, letter.to, letter.subject_line


def _in_time(letter: Expected) -> tuple[datetime, str]:
    return letter.at, letter.dedupe_key


def _paired(gone: list[Expected], new: list[Expected]) -> list[MovedLetter]:
    """Letters that go and come again of one kind to one reader about one case, the first with the first; taken out."""
    waiting: dict[tuple[str, str, str | None], list[Expected]] = defaultdict(list)
    for letter in sorted(new, key=_in_time):
        waiting[letter.kind, letter.to, letter.case].append(letter)
    pairs = []
    for letter in sorted(gone, key=_in_time):
        others = waiting[letter.kind, letter.to, letter.case]
        if others and not letter.waits and not others[0].waits:
            pairs.append(MovedLetter(letter, others.pop(0)))
    for pair in pairs:
        gone.remove(pair.before)
        new.remove(pair.after)
    return pairs
