"""Applies a person's act to a case: load, settle what the clock owed, decide, save, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain import acts
from s11flow.domain.decide import changed_deadline, decide
from s11flow.domain.errors import NotNow, RefusedError, UnknownError
from s11flow.domain.model import CaseFacts, CaseState, Dated, Plan
from s11flow.domain.step import settle
from s11flow.letters.compose import Dossier
from s11flow.services import dossiers
from s11flow.services.subjects import Change, Loaded, load, load_cases, recompute, save
from s11flow.services.tick import planned

_BATCH = 500

ActOn = acts.Act | Callable[[CaseFacts], acts.Act]


def act(
    uow: UnitOfWork,
    ref: str,
    what: ActOn,
    *,
    by: str,
    now: datetime,
    dossier: Dossier | None = None,
) -> Plan[CaseFacts]:
    """Do *what* to the case *ref* at *now*, after all that the timetable owed it by then.

    Raises RefusedError (nothing was changed; the sentence says what is possible) and UnknownError.
    """
    with uow.write() as connection:
        loaded = one_case(connection, ref)
        change = change_for(loaded, what, by=by, now=now, dossier=dossier)
        write(connection, [change], now)
    plan: Plan[CaseFacts] = change.plan
    return plan


def one_case(connection: Connection, ref: str) -> Loaded:
    """The case *ref*, held until the transaction ends; UnknownError if there is none."""
    case_id = _id_of(connection, ref)
    queries.lock(connection, [case_id])
    return load_cases(connection, [case_id])[0]


def look_at(connection: Connection, ref: str) -> Loaded:
    """The case *ref* as it stands, to read and not to change; UnknownError if there is none."""
    return load_cases(connection, [_id_of(connection, ref)])[0]


def _id_of(connection: Connection, ref: str) -> int:
    row = queries.subject_by_ref(connection, ref)
    if row is None or row.kind != "case":
        raise UnknownError(f"There is no case {ref}: see `s11flow case list` for the ones there are.")
    return int(row.id)


def change_for(loaded: Loaded, what: ActOn, *, by: str, now: datetime, dossier: Dossier | None = None) -> Change:
    """What *what* does to a loaded case, ready to be saved; raises RefusedError."""
    assert isinstance(loaded.facts, CaseFacts)
    settled = settle(loaded.rules, loaded.facts, now)
    decision = decide(loaded.rules, settled.facts, what(settled.facts) if callable(what) else what, at=now)
    if not isinstance(decision, Plan):
        raise RefusedError(decision)
    plan = settled.then(decision)
    return Change(loaded, plan, dossier or Dossier(), actor=by, by_clock=len(settled.entries))


def write(connection: Connection, changes: Sequence[Change], now: datetime) -> None:
    """Save changes to cases and what they mean for their panel days and for the agencies of a joint report."""
    cycle_ids = {change.loaded.cycle_id for change in changes if _session_changed(change)}
    for cycle_id in cycle_ids:
        settle_days(connection, cycle_id, now)
    _save(connection, changes, now)
    for cycle_id in cycle_ids:
        days_again(connection, cycle_id)
    for change in changes:
        if change.plan.facts.members or change.plan.facts.covered_by:
            _members_again(connection, change.loaded)


def _session_changed(change: Change) -> bool:
    """Whether a session is to be held elsewhere, at another time, without one of the panel, or not at all.

    Who comes is no matter of the day's.
    """
    before, after = change.loaded.facts, change.plan.facts
    if not isinstance(before, CaseFacts):
        return False
    if after.session is before.session:
        return bool(after.interests != before.interests)
    return before.session is None or replace(after.session, answers=before.session.answers) != before.session


def _save(connection: Connection, changes: Sequence[Change], now: datetime) -> None:
    dossiers.fill(connection, changes, now)
    save(connection, changes, now)


def settle_first(connection: Connection, ids: Collection[int], kind: str, now: datetime) -> None:
    """Apply what the clock owed these subjects by *now*, before something changes that their agendas look at.

    So that a missed tick changes nothing of it. Those that are set aside are left alone.
    """
    ordered = sorted(ids)
    for start in range(0, len(ordered), _BATCH):
        due = queries.due_among(connection, ordered[start : start + _BATCH], now)
        changes = [Change(loaded, planned(loaded, now)) for loaded in load(connection, due, kind)]
        for change in changes:
            change.by_clock = len(change.plan.entries)
        if changes:
            _save(connection, changes, now)


def settle_days(connection: Connection, cycle_id: int | None, now: datetime) -> None:
    """Let the packs go that a cycle's panel days owed by *now*, to whom they were to be seen by then."""
    if cycle_id is not None:
        settle_first(connection, [row.id for row in queries.panel_days_of(connection, cycle_id)], "panel_day", now)


def days_again(connection: Connection, cycle_id: int | None) -> None:
    """A panel day owes its pack only while somebody is to be seen on it: work each out anew."""
    if cycle_id is not None:
        recompute(connection, [row.id for row in queries.panel_days_of(connection, cycle_id)], "panel_day")


def _members_again(connection: Connection, loaded: Loaded) -> None:
    """A lead's case and its members' look at each other; when one moves, the others' agendas are worked out anew."""
    table = queries.case_file
    own = connection.execute(table.select().where(table.c.subject_id == loaded.id)).one()
    related = queries.members(connection, [own.covered_by_id or loaded.id])
    refs = [row.ref for rows in related.values() for row in rows]
    ids = [row.id for ref in refs if (row := queries.subject_by_ref(connection, ref)) is not None]
    recompute(connection, [*ids, *([own.covered_by_id] if own.covered_by_id else [])], "case")


def accept(
    uow: UnitOfWork, ref: str, what: acts.AcceptReport, *, not_covering: Sequence[str] = (), by: str, now: datetime
) -> tuple[Plan[CaseFacts], ...]:
    """Accept a report. A joint report names the members it covers; those it does not are asked again (case 2).

    *not_covering* are agency codes of members the accepted report does not name; each gets a deadline of its own.
    """
    with uow.write() as connection:
        loaded = one_case(connection, ref)
        facts = loaded.facts
        assert isinstance(facts, CaseFacts)
        members = {member.agency.code: member.ref for member in facts.members}
        if unknown := [code for code in not_covering if code not in members]:
            known = ", ".join(sorted(members)) or "nobody"
            raise RefusedError(
                NotNow(ref, "ACCEPT_REPORT", f"it does not report for {unknown[0]}; it does for {known}.")
            )
        changes = [change_for(loaded, what, by=by, now=now)]
        for code in not_covering:
            member = one_case(connection, members[code])
            revive = acts.Revive(f"the joint report of {facts.agency.name} does not name it")
            changes.append(change_for(member, revive, by=by, now=now))
            clear_cover(connection, changes[-1])
        write(connection, changes, now)
    return tuple(change.plan for change in changes)


def cover(uow: UnitOfWork, ref: str, *, lead_ref: str, by: str, now: datetime) -> Plan[CaseFacts]:
    """Record that the lead's joint report covers this case."""
    with uow.write() as connection:
        lead = one_case(connection, lead_ref)
        loaded = one_case(connection, ref)
        assert isinstance(lead.facts, CaseFacts)
        if lead.id == loaded.id or lead.facts.state in (CaseState.COVERED, CaseState.EXCUSED, CaseState.VOID):
            why = f"{lead_ref} cannot report for it; name a case that owes a report itself."
            raise RefusedError(NotNow(ref, "COVER", why))
        change = change_for(loaded, acts.Cover(lead.ref), by=by, now=now)
        table = queries.case_file
        change.writes(connection, "case_file")
        connection.execute(update(table).where(table.c.subject_id == loaded.id).values(covered_by_id=lead.id))
        change = replace_lead_state(change, lead.facts.state)
        write(connection, [change], now)
    plan: Plan[CaseFacts] = change.plan
    return plan


def replace_lead_state(change: Change, state: CaseState) -> Change:
    """The same change, its facts knowing how the lead stands."""
    change.plan = replace(change.plan, facts=replace(change.plan.facts, lead_state=state))
    return change


def revive(uow: UnitOfWork, ref: str, what: acts.Revive, *, by: str, now: datetime) -> Plan[CaseFacts]:
    """Ask an excused or covered agency again, with a deadline of its own."""
    with uow.write() as connection:
        loaded = one_case(connection, ref)
        change = change_for(loaded, what, by=by, now=now)
        lead_id = clear_cover(connection, change)
        write(connection, [change], now)
        if lead_id is not None:
            recompute(connection, [lead_id], "case")
    plan: Plan[CaseFacts] = change.plan
    return plan


def deadline_change(loaded: Loaded, deadline: Dated, why: str, *, by: str, now: datetime) -> Change:
    """A deadline worked out anew, recorded, and told to an agency that was told the old one."""
    assert isinstance(loaded.facts, CaseFacts)
    settled = settle(loaded.rules, loaded.facts, now)
    plan = settled.then(changed_deadline(loaded.rules, settled.facts, deadline, why, at=now))
    return Change(loaded, plan, actor=by, by_clock=len(settled.entries))


def clear_cover(connection: Connection, change: Change) -> int | None:
    """The case no longer hangs on a lead, once *change* is saved; returns the lead's id, if it had one."""
    table, case_id = queries.case_file, change.loaded.id
    row: Any = connection.execute(table.select().where(table.c.subject_id == case_id)).one()
    change.writes(connection, "case_file")
    connection.execute(update(table).where(table.c.subject_id == case_id).values(covered_by_id=None))
    lead_id: int | None = row.covered_by_id
    return lead_id
