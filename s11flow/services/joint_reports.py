"""What becomes of a report that a covered agency sends of its own: an annex of the joint one, or a case (case 3)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain import acts
from s11flow.domain.agenda import next_due_at
from s11flow.domain.errors import NotNow, RefusedError
from s11flow.domain.model import CaseFacts, CaseState, Entry, Note, Plan
from s11flow.services import cases, record
from s11flow.services.subjects import Change, Loaded, recompute, save


def split(uow: UnitOfWork, ref: str, *, reason: str, now: datetime, by: str) -> Plan[CaseFacts]:
    """Let a covered agency's own report count, and it be seen and judged on that: it leaves the joint report.

    Raises RefusedError where it is not covered, or nothing of its own has come.
    """
    with uow.write() as connection:
        loaded = cases.one_case(connection, ref)
        change = cases.change_for(loaded, acts.Split(reason), by=by, now=now)
        lead_id = cases.clear_cover(connection, change)
        cases.write(connection, [change], now)
        if lead_id is not None:
            recompute(connection, [lead_id], "case")
    plan: Plan[CaseFacts] = change.plan
    return plan


def annex(uow: UnitOfWork, ref: str, *, reason: str, now: datetime, by: str) -> str:
    """Keep a covered agency's own report with the joint one, which alone counts; gives the lead's reference.

    Raises RefusedError where there is no such report, or no joint one yet that it could be an annex of.
    """
    with uow.write() as connection:
        loaded = cases.one_case(connection, ref)
        facts = _must_be_annexable(loaded, reason)
        lead = cases.one_case(connection, facts.covered_by or "")
        if _facts(lead).submission is None:
            why = f"{lead.ref} has no report yet that it could be an annex of; wait for it, or split the case."
            raise RefusedError(NotNow(ref, "ANNEX", why))
        was = record.left(connection, {loaded.id: {("submission", None)}})[loaded.id]
        table = queries.submission
        counts = table.c.status.in_(("filed", "chosen"))
        connection.execute(update(table).where(table.c.case_id == loaded.id, counts).values(status="annexed"))
        again = cases.one_case(connection, ref)
        said = f"version {facts.submissions} is an annex of the report of {lead.ref}"
        change = _noted(again, Entry(now, Note.ANNEXED, "report", cause=said, private={"reason": reason}), by)
        change.wrote, change.was = {"submission"}, was
        of_lead = f"the report that {loaded.ref} sent is its annex"
        save(connection, [change, _noted(lead, Entry(now, Note.ANNEXED, "report", cause=of_lead), by)], now)
    return lead.ref


def _must_be_annexable(loaded: Loaded, reason: str) -> CaseFacts:
    facts = _facts(loaded)
    if facts.state != CaseState.COVERED or facts.readable is None or facts.covered_by is None:
        why = "only a report of its own, of an agency that a joint report covers, can be an annex of that."
        raise RefusedError(NotNow(loaded.ref, "ANNEX", why))
    if not reason.strip():
        raise RefusedError(NotNow(loaded.ref, "ANNEX", "give a reason; it is kept in the history."))
    return facts


def _noted(loaded: Loaded, entry: Entry, by: str) -> Change:
    facts = _facts(loaded)
    return Change(loaded, Plan(facts, (entry,), next_due_at=next_due_at(loaded.rules, facts)), actor=by)


def _facts(loaded: Loaded) -> CaseFacts:
    assert isinstance(loaded.facts, CaseFacts)
    return loaded.facts
