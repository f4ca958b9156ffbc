"""Opens a cycle: pins what it runs by, makes a case for each agency, pencils the sessions."""

from __future__ import annotations

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
from s11flow.domain.errors import Refused, RefusedError, UnknownError, WrongInputError
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
    Note,
    PanelDayFacts,
    PanelDayState,
    Plan,
    Track,
)
from s11flow.domain.panels import Pencilled, pencil
from s11flow.domain.timetable import (
    Rulebook,
    cut_off_of,
    dates_of_case,
    illegal_panel_day,
    light_deadline,
    panel_day_of,
    target_of,
)
from s11flow.services import agencies, cases, record, rulebooks, subjects
from s11flow.services.engagements import taken_by, wishes
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
class Opening:
    """A cycle being opened, or one that a case is added to; `period` is that case's own, where it has one."""

    id: int
    ref: str
    row: Any
    rules: Rulebook
    templates: str
    cut_off: Dated
    now: datetime
    by: str
    period: tuple[date, date] | None = None


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
) -> Opened:
    """Open the cycle of *year*: pin what it runs by, make a case for each agency, pencil the sessions.

    Raises WrongInputError for a panel day that is not legal (it names the earliest legal one), a year that is open
    already, or an empty register.
    """
    with uow.write() as connection:
        return _open(connection, partnership, year, tuple(sorted(set(panel_days))), templates, now, by, period)


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
    register = [
        (row.id, agency_from(row))
        for row in queries.agencies(connection, partnership)
        if row.status != AgencyStatus.ENDED.value
    ]
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
        new_panel_day(connection, cycle, day)
    ahead = days_ahead(panel_days, now)
    pencilled = _allocate(connection, cycle, ahead or panel_days, register)
    left = _new_cases(connection, cycle, register, pencilled)
    cases.days_again(connection, cycle.id)
    _wake_partnership(connection, home, ref, now, by)
    warnings = (*_late_warnings(rules, cycle, year), *(() if ahead else (_ALL_PAST,)))
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


def _new_subject(
    connection: Connection, kind: str, ref: str, partnership: str, state: str, cycle_id: int | None
) -> int:
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
) -> Opening:
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
    return Opening(cycle_id, ref, row, rules, pins[1], cut_off, now, by)


def _fresh(
    subject_id: int, ref: str, kind: str, cycle_id: int, rules: Rulebook, templates: str, facts: Facts
) -> Loaded:
    return Loaded(subject_id, ref, kind, 0, 0, "", None, cycle_id, rules, templates, facts)


def new_panel_day(connection: Connection, cycle: Opening, day: date, *, reserve: bool = False) -> None:
    """Add a day on which the panel sits, or which it keeps in reserve."""
    state = PanelDayState.RESERVE if reserve else PanelDayState.SITTING
    ref = f"{cycle.ref}-P{day}"
    day_id = _new_subject(connection, "panel_day", ref, cycle.row.partnership, state.value, cycle.id)
    uid = new_uid(cycle.rules)
    row = {"subject_id": day_id, "cycle_id": cycle.id, "day": day, "added_at": cycle.now, "uid": uid}
    connection.execute(insert(queries.panel_day), row)
    # Counted as sitting with somebody: which sessions there are is read again at every tick.
    facts = PanelDayFacts(ref, cycle.row.partnership, cycle.row.code, day, state, 1, cycle.now, uid=uid)
    entries: tuple[Entry, ...] = (
        Entry(cycle.now, Note.DAY_ADDED, "panel day", data=dict(panel_day_of(cycle.rules, day).as_json())),
    )
    if reserve:
        entries += (Entry(cycle.now, Note.DAY_RESERVED, "panel day", PanelDayState.SITTING, state),)
    plan = Plan(facts, entries, next_due_at=next_due_at(cycle.rules, facts))
    loaded = _fresh(day_id, ref, "panel_day", cycle.id, cycle.rules, cycle.templates, facts)
    save(connection, [Change(loaded, plan, actor=cycle.by)], cycle.now)


def days_ahead(days: Sequence[date], now: datetime) -> list[date]:
    """The days after the London day of *now*: those on which a session can still be set aside."""
    return [day for day in days if day > london.day_of(now)]


def _allocate(
    connection: Connection,
    cycle: Opening,
    days: Sequence[date],
    register: Sequence[tuple[int, Agency]],
    taken: Sequence[datetime] = (),
) -> Pencilled:
    seen = {agency.code: agency for _, agency in register if is_seen_by_panel(agency)}
    wanted = wishes(connection, cycle.rules, cycle.row, seen, days)
    return pencil(cycle.rules.definition.panel, days, taken, wanted)


def is_seen_by_panel(agency: Agency) -> bool:
    """Whether an agency gets a session of its own when a cycle opens: it is asked, and reports for itself in full."""
    is_asked = agency.status == AgencyStatus.ACTIVE and agency.lead is None and agency.contact is not None
    return is_asked and agency.track in (Track.FULL, Track.FIRST_YEAR)


def _new_cases(
    connection: Connection, cycle: Opening, register: Sequence[tuple[int, Agency]], pencilled: Pencilled
) -> tuple[str, ...]:
    ids = _case_rows(connection, cycle, register, pencilled)
    changes = [_new_case(cycle, ids[agency.code], agency, pencilled) for _, agency in register]
    save(connection, changes, cycle.now)
    leads = [ids[agency.lead] for _, agency in register if agency.lead]
    subjects.recompute(connection, sorted(set(leads)), "case")
    return tuple(f"{cycle.ref}-{code}" for code in pencilled.left)


def _case_rows(
    connection: Connection,
    cycle: Opening,
    register: Sequence[tuple[int, Agency]],
    pencilled: Pencilled,
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
        {"subject_id": all_ids[agency.code], "cycle_id": cycle.id, "agency_id": agency_id, "track": agency.track.value,
         "dates": dates_text(_first_dates(cycle, agency, pencilled)), "opened_at": cycle.now, "waived": False,
         "basis": "", "gaps": "", "interests": "",
         "covered_by_id": all_ids.get(agency.lead) if agency.lead else None}
        for agency_id, agency in register
    ]  # fmt: skip
    connection.execute(insert(queries.case_file), files)
    return all_ids


def _first_dates(cycle: Opening, agency: Agency, pencilled: Pencilled) -> Any:
    slot = pencilled.slots.get(agency.code)
    dates = dates_of_case(
        cycle.rules, cycle.row.year, panel_day=slot.on if slot else None, cut_off=cycle.cut_off, set_at=cycle.now,
        period=cycle.period or (cycle.row.period_from, cycle.row.period_to),
    )  # fmt: skip
    return replace(dates, deadline=light_deadline(dates.target)) if agency.track == Track.LIGHT else dates


def _new_case(cycle: Opening, case_id: int, agency: Agency, pencilled: Pencilled) -> Change:
    ref = f"{cycle.ref}-{agency.code}"
    dates = _first_dates(cycle, agency, pencilled)
    facts = CaseFacts(
        ref, cycle.row.partnership, cycle.row.code, agency, CaseState.PLANNED, dates, cycle.now, track=agency.track
    )
    entries = (
        Entry(cycle.now, CaseEvent.OPEN, "case", None, CaseState.PLANNED, data={"track": agency.track.value}),
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
    period = facts.dates.period
    found: dict[str, object] = {
        "period": None if period is None else [day.isoformat() for day in period],
        "request": facts.dates.request.as_json(),
        "target": facts.dates.target.as_json(),
        "cut_off": facts.dates.cut_off.as_json(),
        "deadline": facts.dates.deadline.as_json() if facts.dates.deadline else None,
        "panel_day": facts.dates.panel_day.as_json() if facts.dates.panel_day else None,
    }
    return found


def _first_acts(cycle: Opening, agency: Agency, pencilled: Pencilled) -> list[acts.Act]:
    """A body there is none of in the area is excused anew each year (case 7); a member is covered by its lead."""
    if agency.status == AgencyStatus.NOT_APPLICABLE:
        return [acts.Excuse(f"not applicable: {agency.status_reason or 'no such body in the area'}", "the register")]
    if agency.track == Track.NONE:
        return [acts.Excuse("not asked in this cycle", "its track on the register")]
    if agency.lead is not None:
        return [acts.Cover(f"{cycle.ref}-{agency.lead}")]
    slot = pencilled.slots.get(agency.code)
    return [] if slot is None else [acts.Pencil(slot, new_uid(cycle.rules), even_past=True)]


def new_uid(rules: Rulebook) -> str:
    """A calendar UID nobody can guess, in the sender's domain."""
    return unguessable_uid(rules.definition.partnership.sender.rsplit("@", 1)[1])


def _wake_partnership(connection: Connection, home: Any, ref: str, now: datetime, by: str) -> None:
    """The partnership's history names its cycle. Digests run while one is open; the first one after this."""
    others = [row for row in queries.cycles(connection) if row.partnership == home.code and row.state != "CLOSED"]
    was: dict[str, str] = {}
    if len(others) == 1:
        table = queries.partnership
        was = record.left(connection, {home.id: {("partnership", None)}})[home.id]
        statement = update(table).where(table.c.subject_id == home.id)
        connection.execute(statement.values(digests_from=now, last_digest_on=None))
    entry = Entry(now, Note.CYCLE_OPENED, "partnership", data={"cycle": ref})
    agencies.record(connection, home.id, entry, now=now, by=by, was=was)


_ALL_PAST = (
    "Every panel day has passed, so nobody will be invited: add a day with `s11flow cycle add-day`, and bring the "
    "sessions there with `s11flow cycle move-day`."
)


def _late_warnings(rules: Rulebook, cycle: Opening, year: int) -> tuple[str, ...]:
    request = dates_of_case(rules, year, panel_day=None, cut_off=cycle.cut_off, set_at=cycle.now).request
    if cycle.now < request.at:
        return ()
    wait = rules.definition.policy.fair_notice_working_days
    warning = (
        f"The requests should have left on {london.spell(request.at)}. They leave with the next tick, and each agency "
        f"has at least {wait} working days from then, even where its session comes sooner."
    )
    return (warning,)


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


def must_be_open(loaded: Loaded) -> None:
    assert isinstance(loaded.facts, CycleFacts)
    if loaded.facts.state != CycleState.OPEN:
        raise RefusedError(
            Refused(loaded.ref, loaded.facts.state, Note.DAY_ADDED, can=CYCLE.events_from(loaded.facts.state))
        )


def add_agency(
    uow: UnitOfWork,
    *,
    partnership: str,
    year: int | str,
    code: str,
    track: Track | None = None,
    period: tuple[date, date] | None = None,
    now: datetime,
    by: str,
) -> str:
    """Open a case for an agency that joined the register after the cycle opened (case 49). Returns its reference.

    It has fair notice from its own request. *track* is by default that of the register, *period* that of the cycle.
    Raises WrongInputError if it has a case or has ended, UnknownError if it is not on the register.
    """
    with uow.write() as connection:
        loaded, row = loaded_cycle(connection, partnership, year)
        must_be_open(loaded)
        return new_case(connection, loaded, row, code, track=track, period=period, now=now, by=by)


def new_case(
    connection: Connection,
    loaded: Loaded,
    row: Any,
    code: str,
    *,
    now: datetime,
    by: str,
    track: Track | None = None,
    period: tuple[date, date] | None = None,
) -> str:
    """As `add_agency`, in a cycle that is open and held, within the caller's transaction."""
    register = {item.code: (item.id, agency_from(item)) for item in queries.agencies(connection, row.partnership)}
    if code not in register:
        raise UnknownError(f"{code} is not on the register of {row.partnership}; import it first.")
    agency_id, agency = register[code]
    if agency.status == AgencyStatus.ENDED:
        raise WrongInputError(f"{agency.name} is there no more ({agency.status_reason}); add its successor.")
    ref = f"{loaded.ref}-{code}"
    if queries.subject_by_ref(connection, ref) is not None:
        raise WrongInputError(f"{ref} is there already.")
    if period is not None and period[0] > period[1]:
        raise WrongInputError(f"The period {period[0]}..{period[1]} ends before it starts; write it FROM..TO.")
    agency = agency if track is None else replace(agency, track=track)
    facts = loaded.facts
    assert isinstance(facts, CycleFacts)
    cycle = Opening(row.id, row.ref, row, loaded.rules, loaded.templates, facts.cut_off, now, by, period)
    days = [found.day for found in queries.panel_days_of(connection, row.id) if found.state == PanelDayState.SITTING]
    taken = taken_by(queries.live_sessions(connection, row.id))
    pencilled = _allocate(connection, cycle, days_ahead(days, now), [(agency_id, agency)], taken)
    ids = _case_rows(connection, cycle, [(agency_id, agency)], pencilled)
    save(connection, [_new_case(cycle, ids[code], agency, pencilled)], now)
    cases.days_again(connection, cycle.id)
    if agency.lead:
        subjects.recompute(connection, [ids[agency.lead]], "case")
    return ref
