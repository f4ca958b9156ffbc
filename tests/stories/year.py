"""A year of the whole register: opened, ticked at whatever instants, and what it leaves behind, to be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import func, select

from calendars import london
from calendars.bank_holidays import england_and_wales
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.cycles import shipped
from s11flow.demo.script import register_bytes
from s11flow.domain.timetable import Rulebook, illegal_panel_day, target_of
from s11flow.letters.compose import Draft
from s11flow.letters.templates import shipped_templates
from s11flow.services import agencies, cycles, rulebooks
from s11flow.services.forecast import forecast
from s11flow.services.tick import tick
from s11flow.services.verify import verify
from tests.remembered import once

CODE, YEAR = "GSCP", 2026
PANEL_DAYS = (date(2026, 11, 10), date(2026, 11, 12), date(2026, 11, 17))
DAY = timedelta(days=1)


def at(words: str) -> datetime:
    """The instant when clocks in London show *words*: `2026-10-20 17:00`."""
    on, clock = words.split(" ")
    return london.instant(date.fromisoformat(on), time.fromisoformat(clock))


OPENED = at("2026-06-01 09:00")  # four weeks before the first thing that is due
ENDS = at("2027-01-15 00:00")  # a week after the cut-off: nothing but digests is owed any more


# --- what happens ----------------------------------------------------------------------------------------------------


def registered(uow: UnitOfWork, *, definition: str | None = None, now: datetime = OPENED) -> UnitOfWork:
    """A partnership with the register of 21 rows, and no cycle yet."""

    def register() -> None:
        agencies.init_partnership(uow, definition or shipped(), now=now)
        imported = agencies.import_register(uow, register_bytes(), partnership=CODE, now=now, by="clerk")
        assert imported.refused == ()

    once(uow, ("registered for the year", definition, now), register)
    return uow


def opened(
    uow: UnitOfWork,
    *,
    year: int = YEAR,
    panel_days: Sequence[date] = PANEL_DAYS,
    now: datetime = OPENED,
    templates: dict[str, str] | None = None,
) -> UnitOfWork:
    """The same with the cycle of *year* open; *uow* may have its register already."""
    letters = templates or shipped_templates()

    def open_() -> None:
        with uow.read() as connection:
            is_registered = bool(queries.partnerships(connection))
        if not is_registered:
            registered(uow, now=now)
        cycles.open_cycle(
            uow, partnership=CODE, year=year, panel_days=panel_days, templates=letters, now=now, by="clerk"
        )

    once(uow, ("opened for the year", year, tuple(panel_days), now, tuple(sorted(letters.items()))), open_)
    return uow


def every(step: timedelta, start: datetime, end: datetime) -> Iterator[datetime]:
    """Instants from *start* to before *end*."""
    while start < end:
        yield start
        start += step


def days_at(hour: int, first: date, last: date) -> Iterator[datetime]:
    """One instant on each of these days, at *hour* UTC."""
    return every(DAY, datetime.combine(first, time(hour), UTC), datetime.combine(last + DAY, time(hour), UTC))


def ticked(uow: UnitOfWork, instants: Iterable[datetime]) -> UnitOfWork:
    """Tick at each of these."""
    for now in instants:
        assert tick(uow, now=now).incidents == 0
    return uow


def next_owed(uow: UnitOfWork) -> datetime | None:
    """When a case or a panel day is next owed something; the digest of each working day is left out."""
    table = queries.subject
    with uow.read() as connection:
        statement = select(func.min(table.c.next_due_at)).where(table.c.kind != "partnership")
        found: datetime | None = connection.scalar(statement)
    return found


# --- what it leaves behind -------------------------------------------------------------------------------------------


class Row(NamedTuple):
    """A letter as a forecast and an outbox are compared."""

    dedupe_key: str
    kind: str
    subject: str
    to: str
    subject_line: str
    why: str
    at: datetime


def outbox(uow: UnitOfWork, *, until: datetime | None = None) -> list[Row]:
    """Every letter that was owed (by *until*), in the order of their keys."""
    table = queries.message
    with uow.read() as connection:
        rows = connection.execute(select(table)).all()
    return sorted(_row(row) for row in rows if until is None or row.at <= until)


def expected(uow: UnitOfWork, *, now: datetime, until: datetime) -> list[Row]:
    """What the forecast made at *now* says will have been owed by *until*, in the order of the keys."""
    return sorted(_row(draft) for draft in forecast(uow, now=now, to=until))


def _row(found: Draft | Any) -> Row:
    """The seven things of a draft; a row of the outbox has them by the same names."""
    return Row(found.dedupe_key, found.kind, found.subject, found.to_address, found.subject_line, found.why, found.at)


def states(uow: UnitOfWork) -> dict[str, str]:
    """How every subject, session and escalation stands, by reference."""
    with uow.read() as connection:
        found = {row.ref: row.state for row in connection.execute(select(queries.subject))}
        ids = {row.id: row.ref for row in connection.execute(select(queries.subject))}
        for name, table in (("session", queries.panel_session), ("escalation", queries.escalation)):
            for row in connection.execute(select(table)):
                found[f"{ids[row.case_id]} {name} {row.number}"] = row.state
    return found


Event = tuple[str, str, str, str | None, str | None, str | None]


def events(uow: UnitOfWork) -> Counter[Event]:
    """Every line of every history as (subject, event, about, before, after, due key), counted."""
    history, subject = queries.history, queries.subject
    statement = select(
        subject.c.ref, history.c.event, history.c.about, history.c.before, history.c.after, history.c.due_key
    ).join(subject, subject.c.id == history.c.subject_id)
    with uow.read() as connection:
        return Counter(tuple(row) for row in connection.execute(statement))


def letters(uow: UnitOfWork, *kinds: str) -> list[tuple[str, str, datetime]]:
    """The letters of these kinds as (dedupe key, subject, when they were queued), in the order of their keys."""
    table = queries.message
    statement = select(table.c.dedupe_key, table.c.subject, table.c.queued_at).where(table.c.kind.in_(kinds))
    with uow.read() as connection:
        return sorted(tuple(row) for row in connection.execute(statement))


def broken(uow: UnitOfWork, *, now: datetime = ENDS) -> tuple[str, ...]:
    """What `verify` finds wrong."""
    return verify(uow, now=now).broken


# --- other years -----------------------------------------------------------------------------------------------------


@cache
def rules_of(year: int) -> Rulebook:
    """What a cycle of *year* opened by the shipped definition runs by."""
    holidays = rulebooks.holidays_text(england_and_wales(range(year - 1, year + 3)))
    return rulebooks.rulebook(shipped(), rulebooks.templates_text(shipped_templates()), holidays)


@cache
def legal_panel_days(year: int) -> tuple[date, ...]:
    """The first sixty days on which a panel may sit; of the first the deadline is the target or soon after it."""
    rules = rules_of(year)
    day = target_of(rules, year).on
    found: list[date] = []
    while len(found) < 60:
        if illegal_panel_day(rules, year, day) is None:
            found.append(day)
        day += DAY
    return tuple(found)


def end_of(year: int, panel_days: Sequence[date]) -> date:
    """A day by which nothing but digests is owed any more: the cut-off is seven weeks after the last panel day."""
    return max(panel_days) + timedelta(weeks=8)
