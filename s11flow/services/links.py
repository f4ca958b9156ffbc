"""Tries whether the links of reports open for anyone, where that is permitted, and keeps what came of it with its day.

Nothing of the database is held while a server is asked. What was found is stored a portion at a time; a portion that
is lost on the way is tried again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, select

from calendars import london
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain.agenda import next_due_at
from s11flow.domain.errors import WrongInputError
from s11flow.domain.model import CaseFacts, CycleState, Entry, Note, Plan
from s11flow.links import Look, Outcome
from s11flow.services import cases, readings
from s11flow.services.chain import CLOCK
from s11flow.services.readings import FoundLink, Looked, Reading
from s11flow.services.subjects import Change, save

Open = Callable[[str], Look]
"""Says what anyone finds at an address."""

MOST = 100
"""Of the links of one version so many are tried; a file may hold thousands."""
_PORTION = 20
_AT_ONCE = 40
"""How many are tried in one run of the schedule: it should end when it is told to."""
_TOO_MANY = Look(Outcome.LEFT, f"only the first {MOST} links of a report are tried")
_closing = queries.subject.alias("closing")


@dataclass(frozen=True, slots=True)
class Portion:
    """Addresses of one version of a report that are to be tried; *again* also if they were."""

    ref: str
    version: int
    addresses: tuple[str, ...]
    again: bool = False

    def as_json(self) -> list[dict[str, object]]:
        """The shape scripts rely on, a row for each address."""
        return [{"case": self.ref, "version": self.version, "address": address} for address in self.addresses]


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one link, by the version of the report that has it."""

    ref: str
    version: int
    address: str
    looked: Looked

    def as_json(self) -> dict[str, object]:
        """The shape scripts rely on."""
        return {
            "case": self.ref,
            "version": self.version,
            "address": self.address,
            "at": london.iso(self.looked.at),
            "outcome": str(self.looked.outcome),
            "why": self.looked.why,
        }


# --- which ------------------------------------------------------------------------------------------------------------


def untried(uow: UnitOfWork, *, partnership: str | None = None, ref: str | None = None) -> tuple[Portion, ...]:
    """The links that were not tried yet, of the reports that count in cycles that are not closed.

    A closed cycle is left as it is. *partnership* and *ref*, a case's, keep to theirs.
    """
    with uow.read() as connection:
        rows = connection.execute(_with_untried(partnership, ref)).all()
        return tuple(
            portion for row in rows for portion in _portions(row, _first(readings.stored(row.body)), again=False)
        )


def once_more(uow: UnitOfWork, ref: str) -> tuple[Portion, ...]:
    """All the links of a case's report that may be tried, whatever was found before; WrongInputError if it has none."""
    with uow.read() as connection:
        known = cases.look_at(connection, ref)
        rows = connection.execute(_of_case(known.id)).all()
    found = tuple(portion for row in rows for portion in _portions(row, _first(readings.stored(row.body)), again=True))
    if not found:
        raise WrongInputError(f"The report of {known.ref} names no link that could be tried; see `s11flow case show`.")
    return found


def _with_untried(partnership: str | None, ref: str | None) -> Any:
    reading, subject = queries.report_reading, queries.subject
    found = _readings().where(reading.c.links_untried > 0, _closing.c.state != CycleState.CLOSED.name)
    found = found.where(subject.c.parked_at.is_(None))  # what is set aside is looked at by a person first
    if partnership is not None:
        found = found.where(subject.c.partnership == partnership)
    return found if ref is None else found.where(subject.c.ref == ref)


def _of_case(case_id: int) -> Any:
    return _readings().where(queries.report_reading.c.case_id == case_id)


def _readings() -> Any:
    """What was read of the versions that were not taken back."""
    reading, submission, subject = queries.report_reading, queries.submission, queries.subject
    of_version = (submission.c.case_id == reading.c.case_id) & (submission.c.version == reading.c.version)
    return (
        select(subject.c.ref, reading.c.version, reading.c.body)
        .join(subject, subject.c.id == reading.c.case_id)
        .join(submission, of_version)
        .join(_closing, _closing.c.id == subject.c.cycle_id)
        .where(submission.c.status.in_(("filed", "chosen")))
        .order_by(reading.c.case_id, reading.c.version)
    )


def _first(reading: Reading) -> tuple[FoundLink, ...]:
    return reading.links_to_try[:MOST]


def _portions(row: Any, links: Sequence[FoundLink], *, again: bool) -> Iterator[Portion]:
    wanted = (link.address for link in links if again or link.looked is None)
    while portion := tuple(islice(wanted, _PORTION)):
        yield Portion(row.ref, row.version, portion, again)


# --- trying -----------------------------------------------------------------------------------------------------------


def try_links(
    uow: UnitOfWork, open_: Open, portions: Sequence[Portion], *, now: datetime, by: str = CLOCK
) -> Iterator[tuple[Tried, ...]]:
    """Try these, each address once, and give what came of each portion when it is stored.

    It goes no further than it is asked to. What somebody else tried meanwhile is not tried, or its answer stands.
    """
    looks: dict[str, Look] = {}
    for portion in portions:
        with uow.read() as connection:
            wanted = _wanted(_reading(connection, cases.look_at(connection, portion.ref).id, portion), portion)
        for address in wanted:
            if address not in looks:
                looks[address] = open_(address)
        with uow.write() as connection:
            found = _store(connection, portion, looks, now=now, by=by)
        yield found


def run(uow: UnitOfWork, open_: Open, *, now: datetime) -> dict[str, int]:
    """Try some of what is untried, in every partnership, and count what came of it; the rest is the next run's."""
    counted: Counter[str] = Counter()
    for found in try_links(uow, open_, untried(uow), now=now):
        counted.update(str(each.looked.outcome) for each in found)
        if counted.total() >= _AT_ONCE:
            break
    return {"tried": counted.total(), **{str(outcome): counted[str(outcome)] for outcome in Outcome}}


def _store(
    connection: Connection, portion: Portion, looks: Mapping[str, Look], *, now: datetime, by: str
) -> tuple[Tried, ...]:
    """Keep what came of a portion with the version it is of, and a line in the case's history."""
    loaded = cases.one_case(connection, portion.ref)
    reading = _reading(connection, loaded.id, portion)
    found = {address: looks[address] for address in _wanted(reading, portion) if address in looks}
    if not found:
        return ()
    found |= {link.address: _TOO_MANY for link in reading.links_to_try[MOST:] if link.looked is None}
    known = {address: Looked(now, str(look.outcome), look.why) for address, look in found.items()}
    assert isinstance(loaded.facts, CaseFacts)
    counts = Counter(looked.outcome for looked in known.values())
    said = {address: looked.outcome for address, looked in known.items()}
    entry = Entry(
        now, Note.LINKS_TRIED, "report", data={"version": portion.version, **counts}, private={"links": said}
    )  # fmt: skip
    plan = Plan(loaded.facts, (entry,), next_due_at=next_due_at(loaded.rules, loaded.facts))
    change = Change(loaded, plan, actor=by).writes(connection, "report_reading")
    links = tuple(replace(link, looked=known.get(link.address, link.looked)) for link in reading.links)
    readings.keep_again(connection, loaded.id, portion.version, replace(reading, links=links))
    save(connection, [change], now)
    return tuple(Tried(loaded.ref, portion.version, address, looked) for address, looked in known.items())


def _reading(connection: Connection, case_id: int, portion: Portion) -> Reading:
    return readings.of_versions(connection, [case_id])[case_id][portion.version]


def _wanted(reading: Reading, portion: Portion) -> tuple[str, ...]:
    """What of a portion is still to be tried."""
    there = {link.address for link in reading.links_to_try if portion.again or link.looked is None}
    return tuple(address for address in portion.addresses if address in there)
