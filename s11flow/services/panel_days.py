"""Adds panel days, stands them down, moves them, and gives a session to whoever has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, update

from calendars import london
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain import acts
from s11flow.domain.agenda import next_due_at
from s11flow.domain.errors import UnknownError, WrongInputError
from s11flow.domain.model import (
    Agency,
    CaseFacts,
    CaseState,
    CycleFacts,
    Dated,
    Entry,
    Note,
    PanelDayFacts,
    PanelDayState,
    Plan,
)
from s11flow.domain.panels import clash, pencil, slot_at
from s11flow.domain.timetable import (
    Rulebook,
    cut_off_of,
)
from s11flow.services import cases, subjects
from s11flow.services.cycles import (
    Opened,
    Opening,
    check_panel_days,
    days_ahead,
    loaded_cycle,
    must_be_open,
    new_panel_day,
    new_uid,
    wanted_for,
)
from s11flow.services.sessions import must_sit
from s11flow.services.stored import dated_text
from s11flow.services.subjects import Change, Loaded, save


def add_day(uow: UnitOfWork, *, partnership: str, year: int | str, day: date, now: datetime, by: str) -> str:
    """Add a panel day; the report's cut-off follows the last one, and only later. Returns the day's reference."""
    with uow.write() as connection:
        loaded, row = loaded_cycle(connection, partnership, year)
        must_be_open(loaded)
        check_panel_days(loaded.rules, row.year, [day])
        if any(found.day == day for found in queries.panel_days_of(connection, row.id)):
            raise WrongInputError(f"{london.spell_day(day)} is a panel day of {loaded.ref} already.")
        facts = loaded.facts
        assert isinstance(facts, CycleFacts)
        cycle = Opening(row.id, row.ref, row, loaded.rules, loaded.templates, facts.cut_off, now, by)
        new_panel_day(connection, cycle, day)
        cases.days_again(connection, cycle.id)
        cut_off = cut_off_of(loaded.rules, day)
        if cut_off.at > facts.cut_off.at:
            _move_cut_off(connection, loaded, cut_off, now, by)
    return f"{loaded.ref}-P{day}"


def _move_cut_off(connection: Connection, loaded: Loaded, cut_off: Dated, now: datetime, by: str) -> None:
    facts = loaded.facts
    assert isinstance(facts, CycleFacts)
    entry = Entry(
        now, Note.DATES_CHANGED, "dates", cause="a panel day was added",
        data={"cut_off": cut_off.as_json(), "was": facts.cut_off.as_json()},
    )  # fmt: skip
    case_ids = queries.case_ids(connection, loaded.id)
    cases.settle_first(connection, case_ids, "case", now)
    table = queries.cycle
    change = Change(loaded, Plan(replace(facts, cut_off=cut_off), (entry,)), actor=by).writes(connection, "cycle")
    connection.execute(update(table).where(table.c.subject_id == loaded.id).values(cut_off=dated_text(cut_off)))
    save(connection, [change], now)
    changes = []
    for case in subjects.load_cases(connection, case_ids):
        own = case.facts
        assert isinstance(own, CaseFacts)
        moved = replace(own, dates=replace(own.dates, cut_off=cut_off))
        changes.append(Change(case, Plan(moved, (entry,), next_due_at=next_due_at(case.rules, moved)), actor=by))
    save(connection, changes, now)


def stand_down_day(
    uow: UnitOfWork,
    *,
    partnership: str,
    year: int | str,
    day: date,
    reason: str,
    now: datetime,
    by: str,
    reserve: date | None = None,
) -> tuple[str, ...]:
    """The panel cannot meet on *day*: its sessions are stood down, no agency is marked absent (case 20).

    With *reserve*, a sitting panel day of the cycle, each agency is given a new session there as far as there is
    room. Returns the references of cases left without a session.
    """
    with uow.write() as connection:
        loaded, row = loaded_cycle(connection, partnership, year)
        days = {found.day: found for found in queries.panel_days_of(connection, row.id)}
        if day not in days or days[day].state != PanelDayState.SITTING:
            raise UnknownError(f"The panel does not sit on {london.spell_day(day)} in {loaded.ref}.")
        if reserve is not None and (reserve not in days or days[reserve].state != PanelDayState.SITTING):
            raise WrongInputError(f"{london.spell_day(reserve)} is no panel day of {loaded.ref}; add it first.")
        words = london.spell_day(reserve) if reserve else ""
        refs = [
            found.ref for found in queries.live_sessions(connection, row.id) if london.day_of(found.starts_at) == day
        ]
        cases.settle_days(connection, row.id, now)
        stood = acts.StandDownSession(reason, words)
        changes = [cases.change_for(cases.one_case(connection, ref), stood, by=by, now=now) for ref in refs]
        _close_day(connection, days[day].id, reason, now, by)
        if changes:
            cases.write(connection, changes, now)
        if reserve is None:
            return tuple(refs)
        return _pencil_refs(connection, row, loaded.rules, refs, [reserve], now, by)


def _close_day(connection: Connection, day_id: int, reason: str, now: datetime, by: str) -> None:
    (loaded,) = subjects.load(connection, [day_id], "panel_day")
    facts = loaded.facts
    assert isinstance(facts, PanelDayFacts)
    entry = Entry(
        now, Note.DAY_STOOD_DOWN, "panel day", facts.state, PanelDayState.STOOD_DOWN, private={"reason": reason}
    )
    after = replace(facts, state=PanelDayState.STOOD_DOWN)
    stops = frozenset({"panel_pack"})
    save(connection, [Change(loaded, Plan(after, (entry,), stops=stops), actor=by)], now)


def plan_sessions(uow: UnitOfWork, *, partnership: str, year: int | str, now: datetime, by: str) -> Opened:
    """Pencil a session, first-fit over the days still to come, for each case that should have one and has none."""
    with uow.write() as connection:
        loaded, row = loaded_cycle(connection, partnership, year)
        ids = queries.case_ids(connection, row.id)
        wanting = [case.ref for case in subjects.load_cases(connection, ids) if _wants_session(case)]
        days = [
            found.day for found in queries.panel_days_of(connection, row.id) if found.state == PanelDayState.SITTING
        ]
        left = _pencil_refs(connection, row, loaded.rules, wanting, days_ahead(days, now), now, by)
    return Opened(loaded.ref, len(ids), len(wanting) - len(left), left, ())


def _wants_session(case: Loaded) -> bool:
    facts = case.facts
    assert isinstance(facts, CaseFacts)
    waiting = facts.state in (
        CaseState.PLANNED, CaseState.REQUESTED, CaseState.SUBMITTED, CaseState.RETURNED, CaseState.ACCEPTED,
        CaseState.NOT_SUBMITTED,
    )  # fmt: skip
    held = facts.session is not None and (facts.session.is_live or facts.session.recorded_at is not None)
    return waiting and not held and facts.agency.contact is not None


def _pencil_refs(
    connection: Connection,
    row: Any,
    rules: Rulebook,
    refs: Sequence[str],
    days: Sequence[date],
    now: datetime,
    by: str,
) -> tuple[str, ...]:
    """Give each of these cases a session on these days, first-fit around what is taken; returns who is left."""
    taken = [found.starts_at for found in queries.live_sessions(connection, row.id)]
    loaded = {ref: cases.one_case(connection, ref) for ref in refs}
    wanted = [wanted_for(ref, _agency(case)) for ref, case in loaded.items()]
    found = pencil(rules.definition.panel, days, taken, wanted)
    changes = [
        cases.change_for(loaded[ref], acts.Pencil(slot, new_uid(rules)), by=by, now=now)
        for ref, slot in found.slots.items()
    ]
    if changes:
        cases.write(connection, changes, now)
    return found.left


def _agency(case: Loaded) -> Agency:
    assert isinstance(case.facts, CaseFacts)
    return case.facts.agency


def move_day(
    uow: UnitOfWork,
    *,
    partnership: str,
    year: int | str,
    day: date,
    to: date,
    now: datetime,
    by: str,
    reason: str = "",
    consent: bool = False,
) -> tuple[Plan[CaseFacts], ...]:
    """Move all sessions of a panel day to another sitting day of the cycle, each at its own time (case 18).

    Clashes are all named before anything moves. A deadline moves only if later, or with the agencies' consent.
    """
    with uow.write() as connection:
        _, cycle = loaded_cycle(connection, partnership, year)
        days = {row.day: row for row in queries.panel_days_of(connection, cycle.id)}
        for one in (day, to):
            must_sit(cycle.ref, days, one)
        rows = queries.live_sessions(connection, cycle.id)
        moving = [row for row in rows if london.day_of(row.starts_at) == day]
        if not moving:
            raise UnknownError(f"No session of {cycle.ref} is on {london.spell_day(day)}.")
        changes = _moves(connection, rows, moving, to, reason, consent, by, now)
        cases.write(connection, changes, now)
    return tuple(change.plan for change in changes)


def _moves(
    connection: Connection,
    rows: Sequence[Any],
    moving: Sequence[Any],
    to: date,
    reason: str,
    consent: bool,
    by: str,
    now: datetime,
) -> list[Change]:
    going = {row.case_id for row in moving}
    taken = [row.starts_at for row in rows if row.case_id not in going]
    loaded = {row.case_id: cases.one_case(connection, row.ref) for row in moving}
    starts = {row.case_id: london.instant(to, london.local(row.starts_at).time()) for row in moving}
    clashes = [
        f"{case.ref}: {why}"
        for case_id, case in loaded.items()
        if (why := clash(case.rules.definition.panel, starts[case_id], taken)) is not None
    ]
    if clashes:
        raise WrongInputError("Nothing was moved. " + " ".join(clashes))
    return [
        cases.change_for(
            case,
            acts.Move(slot_at(case.rules.definition.panel, starts[case_id]), "panel", reason, consent),
            by=by,
            now=now,
        )
        for case_id, case in loaded.items()
    ]
