"""Opens a cycle, adds and stands down its panel days, and takes it through report and statement to its close."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from calendars import london
from calendars.bank_holidays import england_and_wales
from calendars.invitation import unguessable_uid
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain import acts
from s11flow.domain.agenda import next_due_at
from s11flow.domain.decide import decide
from s11flow.domain.errors import NotNow, Refused, RefusedError, UnknownError, WrongInputError
from s11flow.domain.lifecycle import CYCLE
from s11flow.domain.model import (
    Agency,
    AgencyStatus,
    CaseEvent,
    CaseFacts,
    CaseState,
    CycleEvent,
    CycleFacts,
    CycleState,
    Dated,
    Entry,
    Facts,
    Letter,
    Note,
    PanelDayFacts,
    PanelDayState,
    Plan,
    Track,
)
from s11flow.domain.panels import Pencilled, Wanted, pencil
from s11flow.domain.timetable import (
    Rulebook,
    cut_off_of,
    dates_of_case,
    deadline_of,
    illegal_panel_day,
    panel_day_of,
    target_of,
)
from s11flow.letters.compose import Dossier
from s11flow.services import cases, rulebooks, subjects
from s11flow.services.stored import agency_from, dated_text, dates_text
from s11flow.services.subjects import Change, Loaded, save


@dataclass(frozen=True, slots=True)
class Opened:
    """A cycle that has been opened: its reference, its cases, and the cases for which no session was free."""

    ref: str
    cases: int
    sessions: int
    without_session: tuple[str, ...]
    warnings: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {
            "cycle": self.ref,
            "cases": self.cases,
            "sessions": self.sessions,
            "without_session": list(self.without_session),
            "warnings": list(self.warnings),
        }


@dataclass(slots=True)
class _Cycle:
    """A cycle being opened."""

    id: int
    ref: str
    row: Any
    rules: Rulebook
    templates: str
    cut_off: Dated
    now: datetime
    by: str


def open_cycle(
    uow: UnitOfWork,
    *,
    partnership: str,
    year: int,
    panel_days: Sequence[date],
    templates: dict[str, str],
    now: datetime,
    by: str,
    period: tuple[date, date] | None = None,
    dry_run: bool = False,
) -> Opened:
    """Open the cycle of *year*: pin what it runs by, make a case for each agency, pencil the sessions.

    Raises WrongInputError for a panel day that is not legal (it names the earliest legal one), a year that is open
    already, or an empty register.
    """
    with uow.write() as connection:
        opened = _open(connection, partnership, year, tuple(sorted(set(panel_days))), templates, now, by, period)
        if dry_run:
            connection.rollback()
    return opened


def _open(
    connection: Connection,
    partnership: str,
    year: int,
    panel_days: tuple[date, ...],
    templates: dict[str, str],
    now: datetime,
    by: str,
    period: tuple[date, date] | None,
) -> Opened:
    home = _partnership(connection, partnership)
    register = [(row.id, agency_from(row)) for row in queries.agencies(connection, partnership)]
    if not register:
        raise WrongInputError(f"{partnership} has no agencies yet: run `s11flow agencies import FILE` first.")
    ref = f"{partnership}-{year}"
    if queries.subject_by_ref(connection, ref) is not None:
        raise WrongInputError(f"The cycle {ref} is open already; see `s11flow cycle show {year}`.")
    pins = _pins(connection, home, year, templates)
    rules = rulebooks.pinned(connection, *pins)
    check_panel_days(rules, year, panel_days)
    cycle = _new_cycle(connection, ref, partnership, year, pins, rules, panel_days, now, by, period)
    for day in panel_days:
        _new_panel_day(connection, cycle, day)
    pencilled = _allocate(rules, panel_days, register)
    left = _new_cases(connection, cycle, register, pencilled)
    cases.days_again(connection, cycle.id)
    _wake_partnership(connection, home, now)
    warnings = _late_warnings(rules, cycle, pencilled, year)
    return Opened(ref, len(register), len(pencilled.slots), left, warnings)


def _partnership(connection: Connection, code: str) -> Any:
    for row in queries.partnerships(connection):
        if row.code == code:
            return row
    raise UnknownError(f"There is no partnership {code} here: run `s11flow init` first.")


def _pins(connection: Connection, home: Any, year: int, templates: dict[str, str]) -> tuple[str, str, str]:
    """Definition, templates and bank holidays as the cycle will run by them, whatever changes later."""
    holidays = england_and_wales(range(year - 1, year + 3))
    return (
        home.definition_sha256,
        rulebooks.pin(connection, "templates", rulebooks.templates_text(templates)),
        rulebooks.pin(connection, "holidays", rulebooks.holidays_text(holidays)),
    )


def check_panel_days(rules: Rulebook, year: int, panel_days: Sequence[date]) -> None:
    """Refuse, in one sentence for each, the days on which the panel may not sit."""
    if not panel_days:
        raise WrongInputError("A cycle needs at least one panel day: give --panel-day, for instance 2026-11-10.")
    illegal = [why for day in panel_days if (why := illegal_panel_day(rules, year, day)) is not None]
    if illegal:
        raise WrongInputError(" ".join(illegal))


def _new_subject(connection: Connection, kind: str, ref: str, partnership: str, state: str, cycle_id: int | None) -> int:
    statement = insert(queries.subject).values(
        kind=kind, ref=ref, partnership=partnership, cycle_id=cycle_id, state=state, version=0, seq=0, head=""
    )
    return int(connection.execute(statement.returning(queries.subject.c.id)).scalar_one())


def _new_cycle(
    connection: Connection,
    ref: str,
    partnership: str,
    year: int,
    pins: tuple[str, str, str],
    rules: Rulebook,
    panel_days: Sequence[date],
    now: datetime,
    by: str,
    period: tuple[date, date] | None,
) -> _Cycle:
    starts, ends = period or rules.definition.period_of(year)
    if starts > ends:
        raise WrongInputError(f"The period {starts}..{ends} ends before it starts; write it FROM..TO.")
    cycle_id = _new_subject(connection, "cycle", ref, partnership, CycleState.OPEN.value, None)
    connection.execute(update(queries.subject).where(queries.subject.c.id == cycle_id).values(cycle_id=cycle_id))
    target, cut_off = target_of(rules, year), cut_off_of(rules, panel_days[-1])
    values = {
        "subject_id": cycle_id, "partnership": partnership, "code": str(year), "year": year,
        "period_from": starts, "period_to": ends, "definition_sha256": pins[0], "templates_sha256": pins[1],
        "holidays_sha256": pins[2], "target": dated_text(target), "cut_off": dated_text(cut_off), "opened_at": now,
    }  # fmt: skip
    connection.execute(insert(queries.cycle), values)
    facts = CycleFacts(ref, partnership, str(year), CycleState.OPEN, starts, ends, target, cut_off, now)
    entry = Entry(
        now, CycleEvent.OPEN, "cycle", CycleState.DRAFT, CycleState.OPEN,
        data={"definition": pins[0], "templates": pins[1], "holidays": pins[2], "target": target.as_json(),
              "cut_off": cut_off.as_json(), "period": [starts.isoformat(), ends.isoformat()],
              "panel_days": [day.isoformat() for day in panel_days]},
    )  # fmt: skip
    loaded = _fresh(cycle_id, ref, "cycle", cycle_id, rules, pins[1], facts)
    save(connection, [Change(loaded, Plan(facts, (entry,)), actor=by)], now)
    (row,) = queries.cycles(connection, [cycle_id])
    return _Cycle(cycle_id, ref, row, rules, pins[1], cut_off, now, by)


def _fresh(
    subject_id: int, ref: str, kind: str, cycle_id: int, rules: Rulebook, templates: str, facts: Facts
) -> Loaded:
    return Loaded(subject_id, ref, kind, 0, 0, "", None, cycle_id, rules, templates, facts)


def _new_panel_day(connection: Connection, cycle: _Cycle, day: date) -> None:
    ref = f"{cycle.ref}-P{day}"
    day_id = _new_subject(connection, "panel_day", ref, cycle.row.partnership, PanelDayState.SITTING.value, cycle.id)
    row = {"subject_id": day_id, "cycle_id": cycle.id, "day": day, "added_at": cycle.now}
    connection.execute(insert(queries.panel_day), row)
    # Counted as sitting with somebody: which sessions there are is read again at every tick.
    facts = PanelDayFacts(ref, cycle.row.partnership, cycle.row.code, day, PanelDayState.SITTING, 1, cycle.now)
    entry = Entry(cycle.now, Note.DAY_ADDED, "panel day", data=dict(panel_day_of(cycle.rules, day).as_json()))
    plan = Plan(facts, (entry,), next_due_at=next_due_at(cycle.rules, facts))
    loaded = _fresh(day_id, ref, "panel_day", cycle.id, cycle.rules, cycle.templates, facts)
    save(connection, [Change(loaded, plan, actor=cycle.by)], cycle.now)


def _allocate(rules: Rulebook, days: Sequence[date], register: Sequence[tuple[int, Agency]]) -> Pencilled:
    wanted = [wanted_for(agency.code, agency) for _, agency in register if is_seen_by_panel(agency)]
    return pencil(rules.definition.panel, days, (), wanted)


def is_seen_by_panel(agency: Agency) -> bool:
    """Whether an agency gets a session of its own when a cycle opens: it is asked, and reports for itself."""
    return agency.status == AgencyStatus.ACTIVE and agency.lead is None and agency.contact is not None


def wanted_for(ref: str, agency: Agency) -> Wanted:
    """A wish for a session; agencies of one contact sit back to back (case 4)."""
    return Wanted(ref, (agency.contact or ref).casefold())


def _new_cases(
    connection: Connection, cycle: _Cycle, register: Sequence[tuple[int, Agency]], pencilled: Pencilled
) -> tuple[str, ...]:
    ids = _case_rows(connection, cycle, register, pencilled)
    changes = [
        _new_case(cycle, ids[agency.code], agency, pencilled, track=Track.FULL) for _, agency in register
    ]
    save(connection, changes, cycle.now)
    leads = [ids[agency.lead] for _, agency in register if agency.lead]
    subjects.recompute(connection, sorted(set(leads)), "case")
    return tuple(f"{cycle.ref}-{code}" for code in pencilled.left)


def _case_rows(
    connection: Connection,
    cycle: _Cycle,
    register: Sequence[tuple[int, Agency]],
    pencilled: Pencilled,
    track: Track = Track.FULL,
) -> dict[str, int]:
    refs = {f"{cycle.ref}-{agency.code}": agency.code for _, agency in register}
    rows = [
        {"kind": "case", "ref": ref, "partnership": cycle.row.partnership, "cycle_id": cycle.id,
         "state": CaseState.PLANNED.value, "version": 0, "seq": 0, "head": ""}
        for ref in refs
    ]  # fmt: skip
    connection.execute(insert(queries.subject), rows)
    found = select(queries.subject.c.ref, queries.subject.c.id).where(
        queries.subject.c.cycle_id == cycle.id, queries.subject.c.kind == "case"
    )
    all_ids = {ref.removeprefix(f"{cycle.ref}-"): subject_id for ref, subject_id in connection.execute(found)}
    files = [
        {"subject_id": all_ids[agency.code], "cycle_id": cycle.id, "agency_id": agency_id, "track": track.value,
         "dates": dates_text(_first_dates(cycle, agency, pencilled)), "opened_at": cycle.now, "waived": False,
         "basis": "", "reason": "", "authority": "", "member_joined": True, "gaps": "",
         "covered_by_id": all_ids.get(agency.lead) if agency.lead else None}
        for agency_id, agency in register
    ]  # fmt: skip
    connection.execute(insert(queries.case_file), files)
    return all_ids


def _first_dates(cycle: _Cycle, agency: Agency, pencilled: Pencilled) -> Any:
    slot = pencilled.slots.get(agency.code)
    return dates_of_case(
        cycle.rules, cycle.row.year, panel_day=slot.on if slot else None, cut_off=cycle.cut_off, set_at=cycle.now
    )


def _new_case(cycle: _Cycle, case_id: int, agency: Agency, pencilled: Pencilled, *, track: Track) -> Change:
    ref = f"{cycle.ref}-{agency.code}"
    dates = _first_dates(cycle, agency, pencilled)
    facts = CaseFacts(
        ref, cycle.row.partnership, cycle.row.code, agency, CaseState.PLANNED, dates, cycle.now, track=track
    )
    entries = (
        Entry(cycle.now, CaseEvent.OPEN, "case", None, CaseState.PLANNED, data={"track": track.value}),
        Entry(cycle.now, Note.DATES_SET, "dates", data=dates_data(facts)),
    )
    plan = Plan(facts, entries, next_due_at=next_due_at(cycle.rules, facts))
    for step in _first_acts(cycle, agency, pencilled):
        decision = decide(cycle.rules, plan.facts, step, at=cycle.now)
        if not isinstance(decision, Plan):
            raise RefusedError(decision)
        plan = plan.then(decision)
    loaded = _fresh(case_id, ref, "case", cycle.id, cycle.rules, cycle.templates, facts)
    return Change(loaded, plan, actor=cycle.by)


def dates_data(facts: CaseFacts) -> dict[str, object]:
    """A case's dates as its history keeps them."""
    found: dict[str, object] = {
        "request": facts.dates.request.as_json(),
        "target": facts.dates.target.as_json(),
        "cut_off": facts.dates.cut_off.as_json(),
        "deadline": facts.dates.deadline.as_json() if facts.dates.deadline else None,
        "panel_day": facts.dates.panel_day.as_json() if facts.dates.panel_day else None,
    }
    return found


def _first_acts(cycle: _Cycle, agency: Agency, pencilled: Pencilled) -> list[acts.Act]:
    """A body there is none of in the area is excused anew each year (case 7); a member is covered by its lead."""
    if agency.status == AgencyStatus.NOT_APPLICABLE:
        return [acts.Excuse(f"not applicable: {agency.status_reason or 'no such body in the area'}", "the register")]
    if agency.lead is not None:
        return [acts.Cover(f"{cycle.ref}-{agency.lead}")]
    slot = pencilled.slots.get(agency.code)
    return [] if slot is None else [acts.Pencil(slot, new_uid(cycle.rules))]


def new_uid(rules: Rulebook) -> str:
    """A calendar UID nobody can guess, in the sender's domain."""
    return unguessable_uid(rules.definition.partnership.sender.rsplit("@", 1)[1])


def _wake_partnership(connection: Connection, home: Any, now: datetime) -> None:
    """Digests run while a cycle is open; the first one after this."""
    others = [row for row in queries.cycles(connection) if row.partnership == home.code and row.state != "CLOSED"]
    if len(others) == 1:
        table = queries.partnership
        statement = update(table).where(table.c.subject_id == home.id)
        connection.execute(statement.values(digests_from=now, last_digest_on=None))
    subjects.recompute(connection, [home.id], "partnership")


def _late_warnings(rules: Rulebook, cycle: _Cycle, pencilled: Pencilled, year: int) -> tuple[str, ...]:
    request = dates_of_case(rules, year, panel_day=None, cut_off=cycle.cut_off, set_at=cycle.now).request
    if cycle.now < request.at:
        return ()
    wait = rules.definition.policy.fair_notice_working_days
    return (
        f"The requests should have left on {london.spell(request.at)}. They leave with the next tick, and each agency "
        f"has at least {wait} working days from then, even where its session comes sooner.",
    )


# --- panel days -----------------------------------------------------------------------------------------------------


def find_cycle(connection: Connection, partnership: str, year: int | str) -> Any:
    """The row of a cycle by its code; UnknownError names the ones there are."""
    rows = [row for row in queries.cycles(connection) if row.partnership == partnership]
    for row in rows:
        if row.code == str(year):
            return row
    there = ", ".join(row.code for row in rows) or "none yet"
    raise UnknownError(f"{partnership} has no cycle {year}; there is {there}. Open one with `s11flow cycle open`.")


def loaded_cycle(connection: Connection, partnership: str, year: int | str) -> tuple[Loaded, Any]:
    """A cycle held until the transaction ends, with its row."""
    row = find_cycle(connection, partnership, year)
    queries.lock(connection, [row.id])
    return subjects.load(connection, [row.id], "cycle")[0], row


def add_day(uow: UnitOfWork, *, partnership: str, year: int | str, day: date, now: datetime, by: str) -> str:
    """Add a panel day; the report's cut-off follows the last one, and only later. Returns the day's reference."""
    with uow.write() as connection:
        loaded, row = loaded_cycle(connection, partnership, year)
        _must_be_open(loaded)
        check_panel_days(loaded.rules, row.year, [day])
        if any(found.day == day for found in queries.panel_days_of(connection, row.id)):
            raise WrongInputError(f"{london.spell_day(day)} is a panel day of {loaded.ref} already.")
        facts = loaded.facts
        assert isinstance(facts, CycleFacts)
        cycle = _Cycle(row.id, row.ref, row, loaded.rules, loaded.templates, facts.cut_off, now, by)
        _new_panel_day(connection, cycle, day)
        cases.days_again(connection, cycle.id)
        cut_off = cut_off_of(loaded.rules, day)
        if cut_off.at > facts.cut_off.at:
            _move_cut_off(connection, loaded, cut_off, now, by)
    return f"{loaded.ref}-P{day}"


def _must_be_open(loaded: Loaded) -> None:
    assert isinstance(loaded.facts, CycleFacts)
    if loaded.facts.state != CycleState.OPEN:
        raise RefusedError(
            Refused(loaded.ref, loaded.facts.state, Note.DAY_ADDED, can=CYCLE.events_from(loaded.facts.state))
        )


def _move_cut_off(connection: Connection, loaded: Loaded, cut_off: Dated, now: datetime, by: str) -> None:
    facts = loaded.facts
    assert isinstance(facts, CycleFacts)
    entry = Entry(
        now, Note.DATES_CHANGED, "dates", cause="a panel day was added",
        data={"cut_off": cut_off.as_json(), "was": facts.cut_off.as_json()},
    )  # fmt: skip
    table = queries.cycle
    connection.execute(update(table).where(table.c.subject_id == loaded.id).values(cut_off=dated_text(cut_off)))
    save(connection, [Change(loaded, Plan(replace(facts, cut_off=cut_off), (entry,)), actor=by)], now)
    changes = []
    for case in subjects.load_cases(connection, queries.case_ids(connection, loaded.id)):
        own = case.facts
        assert isinstance(own, CaseFacts)
        moved = replace(own, dates=replace(own.dates, cut_off=cut_off))
        changes.append(
            Change(case, Plan(moved, (entry,), next_due_at=next_due_at(case.rules, moved)), actor=by)
        )
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
    entry = Entry(now, Note.DAY_STOOD_DOWN, "panel day", facts.state, PanelDayState.STOOD_DOWN, private={"reason": reason})
    after = replace(facts, state=PanelDayState.STOOD_DOWN)
    stops = frozenset({"panel_pack"})
    save(connection, [Change(loaded, Plan(after, (entry,), stops=stops), actor=by)], now)


def plan_sessions(uow: UnitOfWork, *, partnership: str, year: int | str, now: datetime, by: str) -> Opened:
    """Pencil a session, first-fit over the days still to come, for each case that should have one and has none."""
    with uow.write() as connection:
        loaded, row = loaded_cycle(connection, partnership, year)
        ids = queries.case_ids(connection, row.id)
        wanting = [case.ref for case in subjects.load_cases(connection, ids) if _wants_session(case)]
        days = [found.day for found in queries.panel_days_of(connection, row.id) if found.state == PanelDayState.SITTING]
        ahead = [day for day in days if day > london.day_of(now)] or days
        left = _pencil_refs(connection, row, loaded.rules, wanting, ahead, now, by)
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


def add_agency(
    uow: UnitOfWork, *, partnership: str, year: int | str, code: str, track: Track, now: datetime, by: str
) -> str:
    """Open a case for an agency that joined the register after the cycle opened (case 49). Returns its reference.

    It has fair notice from its own request. Raises WrongInputError if it has a case or is not on the register.
    """
    with uow.write() as connection:
        loaded, row = loaded_cycle(connection, partnership, year)
        _must_be_open(loaded)
        register = {item.code: (item.id, agency_from(item)) for item in queries.agencies(connection, partnership)}
        if code not in register:
            raise UnknownError(f"{code} is not on the register of {partnership}; import it first.")
        ref = f"{loaded.ref}-{code}"
        if queries.subject_by_ref(connection, ref) is not None:
            raise WrongInputError(f"{ref} is there already.")
        facts = loaded.facts
        assert isinstance(facts, CycleFacts)
        cycle = _Cycle(row.id, row.ref, row, loaded.rules, loaded.templates, facts.cut_off, now, by)
        entry = [register[code]]
        days = [found.day for found in queries.panel_days_of(connection, row.id) if found.state == PanelDayState.SITTING]
        taken = [found.starts_at for found in queries.live_sessions(connection, row.id)]
        agency = register[code][1]
        ahead = [day for day in days if day > london.day_of(now)]
        wanted = [wanted_for(code, agency)] if is_seen_by_panel(agency) else []
        pencilled = pencil(loaded.rules.definition.panel, ahead, taken, wanted)
        ids = _case_rows(connection, cycle, entry, pencilled, track)
        save(connection, [_new_case(cycle, ids[code], agency, pencilled, track=track)], now)
        cases.days_again(connection, cycle.id)
        if agency.lead:
            subjects.recompute(connection, [ids[agency.lead]], "case")
    return ref


# --- report, statement, close ---------------------------------------------------------------------------------------

_ENDS = (CaseState.EXCUSED, CaseState.COVERED, CaseState.VOID, CaseState.CLOSED)
_READY = (CaseState.AGREED, CaseState.NOT_SUBMITTED, CaseState.PLANNED)


def approve_report(uow: UnitOfWork, *, partnership: str, year: int | str, now: datetime, by: str) -> tuple[str, ...]:
    """Approve the Assurance Report: every case enters it, the themes go out, the report is circulated.

    Refused while a case is neither agreed, not submitted, never asked nor at an end; the refusal names them. Returns
    the references of the cases included.
    """
    with uow.write() as connection:
        loaded, row = loaded_cycle(connection, partnership, year)
        transition = _cycle_transition(loaded, CycleEvent.APPROVE_REPORT)
        found = subjects.load_cases(connection, queries.case_ids(connection, row.id))
        pending = [case.ref for case in found if _state(case) not in (*_READY, *_ENDS)]
        if pending:
            why = f"{len(pending)} cases are not settled: {', '.join(pending)}. Agree, excuse or cover each first."
            raise RefusedError(NotNow(loaded.ref, CycleEvent.APPROVE_REPORT, why))
        ready = [case for case in found if _state(case) in _READY]
        changes = [cases.change_for(case, acts.Include("report"), by=by, now=now) for case in ready]
        cases.write(connection, changes, now)
        _cycle_moves(connection, loaded, transition, now, by, letters=_themes(loaded, found, now))
    return tuple(case.ref for case in ready)


def _state(case: Loaded) -> CaseState:
    assert isinstance(case.facts, CaseFacts)
    return case.facts.state


def _cycle_transition(loaded: Loaded, event: CycleEvent) -> Any:
    assert isinstance(loaded.facts, CycleFacts)
    transition = CYCLE.find(loaded.facts.state, event)
    if transition is None:
        raise RefusedError(Refused(loaded.ref, loaded.facts.state, event, can=CYCLE.events_from(loaded.facts.state)))
    return transition


def _cycle_moves(
    connection: Connection,
    loaded: Loaded,
    transition: Any,
    now: datetime,
    by: str,
    *,
    letters: Sequence[Letter] = (),
    private: dict[str, object] | None = None,
    dossier: Dossier | None = None,
) -> None:
    facts = loaded.facts
    assert isinstance(facts, CycleFacts)
    entry = Entry(
        now, transition.event, "cycle", transition.while_, transition.then, private=private or {},
        letters=tuple(dict.fromkeys(letter.due_key for letter in letters)),
    )  # fmt: skip
    after = replace(facts, state=CycleState(transition.then))
    change = Change(loaded, Plan(after, (entry,), tuple(letters)), dossier or Dossier(), actor=by)
    save(connection, [change], now)
    for row in queries.partnerships(connection):
        if row.code == facts.partnership:
            subjects.recompute(connection, [row.id], "partnership")


_TOOK_PART = (CaseState.AGREED, CaseState.COVERED)


def _themes(loaded: Loaded, found: Sequence[Loaded], now: datetime) -> list[Letter]:
    """The themes to every agency that took part, and the report to those it is circulated to."""
    letters = [
        Letter("report_circulated", f"report_circulated@v{loaded.version}", now, "the report was approved", loaded.facts)
    ]
    for case in found:
        facts = case.facts
        assert isinstance(facts, CaseFacts)
        if facts.state in _TOOK_PART and facts.agency.contact:
            letters.append(
                Letter(
                    "themes", f"themes@v{loaded.version}/{facts.agency.code}", now, "the report was approved",
                    loaded.facts, about={"agency": facts.agency.code},
                    private={"to": {"contact": facts.agency.contact}},
                )
            )  # fmt: skip
    return letters


def include_in_statement(uow: UnitOfWork, *, partnership: str, year: int | str, now: datetime, by: str) -> tuple[str, ...]:
    """Carry the report's cases into the Statement of Effectiveness; returns their references."""
    return _take_cases(uow, partnership, year, CycleEvent.INCLUDE_IN_STATEMENT, CaseState.REPORTED, "statement", now, by)


def close(uow: UnitOfWork, *, partnership: str, year: int | str, now: datetime, by: str) -> tuple[str, ...]:
    """Close the cycle and its cases; refused while an agency that submitted has had no feedback."""
    return _take_cases(uow, partnership, year, CycleEvent.CLOSE, CaseState.IN_STATEMENT, "close", now, by)


def _take_cases(
    uow: UnitOfWork,
    partnership: str,
    year: int | str,
    event: CycleEvent,
    state: CaseState,
    step: Any,
    now: datetime,
    by: str,
) -> tuple[str, ...]:
    with uow.write() as connection:
        loaded, row = loaded_cycle(connection, partnership, year)
        transition = _cycle_transition(loaded, event)
        found = subjects.load_cases(connection, queries.case_ids(connection, row.id))
        if event == CycleEvent.CLOSE:
            _refuse_without_feedback(connection, loaded, found)
        taken = [case for case in found if _state(case) == state]
        changes = [cases.change_for(case, acts.Include(step), by=by, now=now) for case in taken]
        if changes:
            cases.write(connection, changes, now)
        _cycle_moves(connection, loaded, transition, now, by)
    return tuple(case.ref for case in taken)


def _refuse_without_feedback(connection: Connection, loaded: Loaded, found: Sequence[Loaded]) -> None:
    submitted = {case.id: case.ref for case in found if isinstance(case.facts, CaseFacts) and case.facts.submissions}
    table = queries.message
    told = select(table.c.subject_id).where(
        table.c.subject_id.in_(submitted), table.c.kind == "feedback", table.c.status == "SENT"
    )
    heard = set(connection.scalars(told))
    waiting = [ref for case_id, ref in submitted.items() if case_id not in heard and _owes_feedback(found, case_id)]
    if waiting:
        why = (
            f"{len(waiting)} agencies that submitted have had no feedback: {', '.join(waiting)}. "
            "Agree their judgements and deliver the letters first."
        )
        raise RefusedError(NotNow(loaded.ref, CycleEvent.CLOSE, why))


def _owes_feedback(found: Sequence[Loaded], case_id: int) -> bool:
    return any(case.id == case_id and _state(case) not in _ENDS for case in found)


def reopen_report(
    uow: UnitOfWork, *, partnership: str, year: int | str, reason: str, now: datetime, by: str
) -> None:
    """Open the approved report again, with a reason: what is published after is a corrigendum."""
    if not reason.strip():
        raise WrongInputError("Give a reason for reopening the report; it is printed in the corrigendum.")
    with uow.write() as connection:
        loaded, _ = loaded_cycle(connection, partnership, year)
        transition = _cycle_transition(loaded, CycleEvent.REOPEN_REPORT)
        _cycle_moves(connection, loaded, transition, now, by, private={"reason": reason})


# --- bank holidays --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Adopted:
    """What adopting new bank holidays changed: days added and gone, and whose deadline moved (later only)."""

    added: tuple[str, ...]
    gone: tuple[str, ...]
    moved: tuple[tuple[str, str, str], ...]
    not_moved_earlier: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {
            "added": list(self.added),
            "gone": list(self.gone),
            "moved": [{"case": ref, "old": old, "new": new} for ref, old, new in self.moved],
            "not_moved_earlier": list(self.not_moved_earlier),
        }


def holiday_difference(connection: Connection, row: Any, published: dict[date, str]) -> tuple[dict[date, str], dict[date, str]]:
    """Bank holidays published since the cycle opened, and those it has that are no longer published."""
    body = queries.contents(connection, [row.holidays_sha256])[row.holidays_sha256]
    own = {date.fromisoformat(day): why for day, why in json.loads(body).items()}
    years = {day.year for day in own}
    now_there = {day: why for day, why in published.items() if day.year in years}
    added = {day: why for day, why in now_there.items() if day not in own}
    gone = {day: why for day, why in own.items() if day not in now_there}
    return added, gone


def adopt_holidays(
    uow: UnitOfWork,
    *,
    partnership: str,
    year: int | str,
    published: dict[date, str],
    now: datetime,
    by: str,
    dry_run: bool = False,
) -> Adopted:
    """Let a running cycle use bank holidays proclaimed since it opened (case 13).

    A deadline that the new days move later moves, by an event, and the agency is told; one that would come earlier
    stays as it was. With *dry_run* says who would be told, and changes nothing.
    """
    with uow.write() as connection:
        loaded, row = loaded_cycle(connection, partnership, year)
        added, gone = holiday_difference(connection, row, published)
        digest = rulebooks.pin(connection, "holidays", rulebooks.holidays_text(published))
        rules = rulebooks.pinned(connection, row.definition_sha256, row.templates_sha256, digest)
        changes, moved, kept = _rederived(connection, row.id, rules, now, by)
        adopted = Adopted(
            tuple(f"{day.isoformat()} {why}" for day, why in sorted(added.items())),
            tuple(f"{day.isoformat()} {why}" for day, why in sorted(gone.items())),
            tuple(moved),
            tuple(kept),
        )
        if dry_run:
            connection.rollback()
            return adopted
        table = queries.cycle
        connection.execute(update(table).where(table.c.subject_id == row.id).values(holidays_sha256=digest))
        entry = Entry(
            now, Note.HOLIDAYS_ADOPTED, "holidays",
            data={"holidays": digest, "was": row.holidays_sha256, **{k: v for k, v in adopted.as_json().items() if k in ("added", "gone")}},
        )  # fmt: skip
        save(connection, [Change(loaded, Plan(loaded.facts, (entry,)), actor=by)], now)
        if changes:
            cases.write(connection, changes, now)
        subjects.recompute(connection, queries.case_ids(connection, row.id), "case")
    return adopted


def _rederived(
    connection: Connection, cycle_id: int, rules: Rulebook, now: datetime, by: str
) -> tuple[list[Change], list[tuple[str, str, str]], list[str]]:
    changes, moved, kept = [], [], []
    for case in subjects.load_cases(connection, queries.case_ids(connection, cycle_id)):
        facts = case.facts
        assert isinstance(facts, CaseFacts)
        old, panel_day = facts.dates.deadline, facts.dates.panel_day
        if old is None or panel_day is None or facts.dates.extended:
            continue
        if facts.state not in (CaseState.PLANNED, CaseState.REQUESTED, CaseState.RETURNED):
            continue
        new = deadline_of(rules, panel_day.on)
        if new.at > old.at or (new.at < old.at and facts.state == CaseState.PLANNED):
            case.rules = rules
            changes.append(cases.deadline_change(case, new, "a bank holiday was proclaimed", by=by, now=now))
            moved.append((case.ref, london.spell(old.at), london.spell(new.at)))
        elif new.at < old.at:
            kept.append(case.ref)
    return changes, moved, kept

