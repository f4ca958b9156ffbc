"""Adds panel days, stands them down, moves them, and gives a session to whoever has none."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from calendars import london
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain import acts
from s11flow.domain.agenda import is_late, next_due_at
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
    Track,
)
from s11flow.domain.panels import Pencilled, clash, pencil, slot_at
from s11flow.domain.timetable import Rulebook, deadline_of
from s11flow.services import cases, sessions, sitting, subjects
from s11flow.services.cycles import (
    Opened,
    Opening,
    check_panel_days,
    days_ahead,
    loaded_cycle,
    must_be_open,
    new_panel_day,
    new_uid,
)
from s11flow.services.engagements import hindrance_of, taken_by, wishes
from s11flow.services.subjects import Change, Loaded, save


@dataclass(frozen=True, slots=True)
class AddedDay:
    """A panel day that was added: what hangs on it, and who could be seen on it.

    `cut_off_was` is the report's cut-off before it. `unseen` are cases whose session was not held or is not set, or
    whose report came late or not at all.
    """

    ref: str
    on: date
    state: PanelDayState
    deadline: Dated
    cut_off: Dated
    cut_off_was: Dated
    unseen: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {
            "panel_day": self.ref,
            "on": self.on.isoformat(),
            "state": self.state.value,
            "deadline": self.deadline.as_json(),
            "cut_off": self.cut_off.as_json(),
            "cut_off_was": self.cut_off_was.as_json(),
            "unseen": list(self.unseen),
        }


def add_day(
    uow: UnitOfWork,
    *,
    partnership: str,
    year: int | str,
    day: date,
    now: datetime,
    by: str,
    reserve: bool = False,
) -> AddedDay:
    """Add a panel day; the report's cut-off follows the last one, and only later.

    A *reserve* is kept free until it is called in: nobody is pencilled there and the cut-off stays. Raises
    WrongInputError for a day on which the panel may not sit (it names the earliest on which it may), that has passed,
    or that is there already.
    """
    with uow.write() as connection:
        loaded, row = loaded_cycle(connection, partnership, year)
        must_be_open(loaded)
        check_panel_days(loaded.rules, row.year, [day])
        _must_be_new(loaded.ref, sitting.days_of(connection, row.id), day, now)
        facts = loaded.facts
        assert isinstance(facts, CycleFacts)
        cycle = Opening(row.id, row.ref, row, loaded.rules, loaded.templates, facts.cut_off, now, by)
        new_panel_day(connection, cycle, day, reserve=reserve)
        cases.days_again(connection, cycle.id)
        if not reserve:
            sitting.cut_off_follows(connection, cycle.id, day, by=by, now=now)
        found = subjects.load_cases(connection, queries.case_ids(connection, cycle.id))
        (after,) = subjects.load(connection, [cycle.id], "cycle")
        assert isinstance(after.facts, CycleFacts)
        state = PanelDayState.RESERVE if reserve else PanelDayState.SITTING
        unseen = tuple(case.ref for case in found if _may_be_seen_later(case))
        return AddedDay(
            f"{loaded.ref}-P{day}", day, state, deadline_of(loaded.rules, day), after.facts.cut_off, facts.cut_off,
            unseen,
        )  # fmt: skip


def _must_be_new(ref: str, days: Mapping[date, Any], day: date, now: datetime) -> None:
    if day in days and days[day].state == PanelDayState.STOOD_DOWN:
        raise WrongInputError(f"{london.spell_day(day)} was a panel day of {ref} and was stood down; use another day.")
    if day in days:
        raise WrongInputError(f"{london.spell_day(day)} is a panel day of {ref} already.")
    if day <= london.day_of(now):
        raise WrongInputError(f"{london.spell_day(day)} is not ahead, so nobody could be invited; use a later day.")


def _may_be_seen_later(case: Loaded) -> bool:
    """Whether an agency that is to be seen has not been, has no session to come, or reported late or not at all."""
    facts = case.facts
    assert isinstance(facts, CaseFacts)
    if facts.state not in _BEFORE_PANEL or not _is_seen(facts):
        return False
    is_unseen = facts.session is None or not facts.session.is_live
    return is_unseen or facts.state == CaseState.NOT_SUBMITTED or is_late(facts)


@dataclass(frozen=True, slots=True)
class StoodDown:
    """A panel day that was stood down: who is seen on which day instead, and who has no session now."""

    ref: str
    reserve: date | None
    moved: tuple[str, ...]
    without_session: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {
            "panel_day": self.ref,
            "reserve": None if self.reserve is None else self.reserve.isoformat(),
            "moved": list(self.moved),
            "without_session": list(self.without_session),
        }


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
    use_reserve: bool = True,
) -> StoodDown:
    """The panel cannot meet on *day*: its sessions are stood down, no agency is marked absent (case 20).

    Each agency is given a new session, as far as there is room, on *reserve*, a panel day of the cycle; without one,
    on the first day after it that is kept in reserve, unless *use_reserve* is False.
    """
    with uow.write() as connection:
        loaded, row = loaded_cycle(connection, partnership, year)
        days = sitting.days_of(connection, row.id)
        if day not in days or days[day].state not in (PanelDayState.SITTING, PanelDayState.RESERVE):
            raise UnknownError(f"The panel does not sit on {london.spell_day(day)} in {loaded.ref}.")
        if reserve is None and use_reserve:
            reserve = _next_reserve(days, max(day, london.day_of(now)))
        if reserve is not None:
            _must_take_sessions(loaded.ref, days, day, reserve, now)
        live = queries.live_sessions(connection, row.id)
        refs = [found.ref for found in live if london.day_of(found.starts_at) == day]
        if not refs:
            reserve = None  # nobody needs it
        cases.settle_days(connection, row.id, now)
        if reserve is not None:
            sitting.call_in(connection, row.id, days, reserve, by=by, now=now)
        standing = {ref: cases.one_case(connection, ref) for ref in refs}
        seen_later = {ref: case for ref, case in standing.items() if reserve is not None and _may_be_seen(case)}
        room = _room(connection, row, loaded.rules, seen_later, [] if reserve is None else [reserve])
        changes = [
            cases.change_for(case, _stands_down(reason, reserve if ref in room.slots else None), by=by, now=now)
            for ref, case in standing.items()
        ]
        _close_day(connection, days[day].id, reason, now, by)
        if changes:
            cases.write(connection, [*changes, *sessions.lapsed(connection, changes, by=by, now=now)], now)
        _pencil_in(connection, loaded.rules, room.slots, now, by)
    moved = tuple(ref for ref in refs if ref in room.slots)
    return StoodDown(f"{loaded.ref}-P{day}", reserve, moved, tuple(ref for ref in refs if ref not in moved))


def _stands_down(reason: str, offered: date | None) -> acts.StandDownSession:
    """The end of one session; its agency is told of the day *offered* only if there is a time for it then."""
    return acts.StandDownSession(reason, london.spell_day(offered) if offered else "")


def _next_reserve(days: Mapping[date, Any], after: date) -> date | None:
    """The first day in reserve after *after*."""
    kept = (on for on, row in days.items() if on > after and row.state == PanelDayState.RESERVE)
    return min(kept, default=None)


def _must_take_sessions(ref: str, days: Mapping[date, Any], day: date, reserve: date, now: datetime) -> None:
    sits = reserve in days and days[reserve].state in (PanelDayState.SITTING, PanelDayState.RESERVE)
    if not sits or reserve == day:
        raise WrongInputError(f"{london.spell_day(reserve)} is no other panel day of {ref}; add it first.")
    if reserve <= london.day_of(now):
        said = f"{london.spell_day(reserve)} is not ahead, so nobody could be seen there"
        raise WrongInputError(f"{said}; give --reserve a later panel day of {ref}, or --no-reserve.")


def _close_day(connection: Connection, day_id: int, reason: str, now: datetime, by: str) -> None:
    (loaded,) = subjects.load(connection, [day_id], "panel_day")
    facts = loaded.facts
    assert isinstance(facts, PanelDayFacts)
    entry = Entry(
        now, Note.DAY_STOOD_DOWN, "panel day", facts.state, PanelDayState.STOOD_DOWN, private={"reason": reason}
    )
    after = replace(facts, state=PanelDayState.STOOD_DOWN)
    # Whoever has the day in the diary is told that it is not held.
    plan = Plan(after, (entry,), stops=frozenset({"panel_pack"}), next_due_at=next_due_at(loaded.rules, after))
    save(connection, [Change(loaded, plan, actor=by)], now)


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


_BEFORE_PANEL = (
    CaseState.PLANNED, CaseState.REQUESTED, CaseState.SUBMITTED, CaseState.RETURNED, CaseState.ACCEPTED,
    CaseState.NOT_SUBMITTED,
)  # fmt: skip


def _wants_session(case: Loaded) -> bool:
    facts = case.facts
    assert isinstance(facts, CaseFacts)
    waiting = facts.state in _BEFORE_PANEL
    held = facts.session is not None and (facts.session.is_live or facts.session.recorded_at is not None)
    return waiting and not held and _is_seen(facts)


def _may_be_seen(case: Loaded) -> bool:
    """Whether the panel has the agency still before it, so that it may be given another session."""
    assert isinstance(case.facts, CaseFacts)
    return case.facts.state in _BEFORE_PANEL


def _is_seen(facts: CaseFacts) -> bool:
    """Whether the panel sees the agency at all: there is somebody to invite, and it reports in full."""
    return facts.agency.contact is not None and facts.track in (Track.FULL, Track.FIRST_YEAR)


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
    room = _room(connection, row, rules, {ref: cases.one_case(connection, ref) for ref in refs}, days)
    _pencil_in(connection, rules, room.slots, now, by)
    return room.left


def _room(
    connection: Connection, row: Any, rules: Rulebook, wanting: Mapping[str, Loaded], days: Sequence[date]
) -> Pencilled:
    """Which session on these days each of these cases could have, first-fit around what others have."""
    taken = taken_by([found for found in queries.live_sessions(connection, row.id) if found.ref not in wanting])
    wanted = wishes(connection, rules, row, {ref: _agency(case) for ref, case in wanting.items()}, days)
    return pencil(rules.definition.panel, days, taken, wanted)


def _pencil_in(connection: Connection, rules: Rulebook, slots: Mapping[str, acts.Slot], now: datetime, by: str) -> None:
    loaded = {ref: cases.one_case(connection, ref) for ref in slots}
    changes = [
        cases.change_for(loaded[ref], acts.Pencil(slot, new_uid(rules)), by=by, now=now) for ref, slot in slots.items()
    ]
    if changes:
        cases.write(connection, changes, now)


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
    """Move all sessions of a panel day to another one of the cycle, each at its own time (case 18).

    Clashes are all named before anything moves. A deadline moves only if later, or with the agencies' consent. A day
    in reserve is called in.
    """
    with uow.write() as connection:
        _, cycle = loaded_cycle(connection, partnership, year)
        days = sitting.days_of(connection, cycle.id)
        for one in (day, to):
            sitting.must_sit(cycle.ref, days, one)
        rows = queries.live_sessions(connection, cycle.id)
        moving = [row for row in rows if london.day_of(row.starts_at) == day]
        if not moving:
            raise UnknownError(f"No session of {cycle.ref} is on {london.spell_day(day)}.")
        sitting.call_in(connection, cycle.id, days, to, by=by, now=now)
        changes = _moves(connection, rows, moving, to, reason, consent, by, now)
        cases.write(connection, [*changes, *sessions.lapsed(connection, changes, by=by, now=now)], now)
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
    taken = taken_by([row for row in rows if row.case_id not in going])
    loaded = {row.case_id: cases.one_case(connection, row.ref) for row in moving}
    starts = {row.case_id: london.instant(to, london.local(row.starts_at).time()) for row in moving}
    clashes = [
        f"{case.ref}: {why}"
        for case_id, case in loaded.items()
        if (why := _clash(connection, case, starts[case_id], taken, going)) is not None
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


def _clash(
    connection: Connection, case: Loaded, starts_at: datetime, taken: Sequence[datetime], going: Collection[int]
) -> str | None:
    hindered = hindrance_of(connection, case, [london.day_of(starts_at)], but=going)
    return clash(case.rules.definition.panel, starts_at, taken, hindered)
