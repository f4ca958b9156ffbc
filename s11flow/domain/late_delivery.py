"""Says what is owed to an agency whose request reached it late: the notice it would have had (case 60). Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from calendars import london
from s11flow.domain.decide import changed_deadline
from s11flow.domain.lifecycle import ESCALATION
from s11flow.domain.model import CaseFacts, CaseState, Dated, Entry, EscalationEvent, EscalationState, Plan
from s11flow.domain.timetable import Rulebook, extended_deadline

WHY = "the request was delivered late"


def after_late_delivery(rules: Rulebook, facts: CaseFacts, *, delivered_at: datetime) -> Plan[CaseFacts] | None:
    """A later deadline for a case whose request was first delivered at *delivered_at* (UTC); None if it had its notice.

    The agency gets as many working days from delivery as its request would have given it, at most those of fair
    notice. It is told of the new deadline, and an escalation that was about to run is withdrawn.
    """
    if facts.state != CaseState.REQUESTED or facts.dates.deadline is None:
        return None
    delivered_on, given = london.day_of(delivered_at), rules.days.between(_asked_on(facts), facts.dates.deadline.on)
    wait = min(rules.definition.policy.fair_notice_working_days, given)
    soonest = rules.days.add(delivered_on, wait)
    if wait < 1 or soonest <= facts.dates.deadline.on:
        return None
    withdrawn = _withdrawn(facts, delivered_at)
    # A deadline given for the sake of notice is an extension: new bank holidays, for one, leave it alone.
    extended = replace(withdrawn.facts, dates=replace(facts.dates, extended=True))
    deadline = _deadline(rules, soonest, wait, delivered_on)
    return withdrawn.then(changed_deadline(rules, extended, deadline, WHY, at=delivered_at))


def _asked_on(facts: CaseFacts) -> date:
    return london.day_of(facts.asked_at) if facts.asked_at is not None else facts.dates.request.on


def _deadline(rules: Rulebook, to: date, wait: int, delivered_on: date) -> Dated:
    days = f"{wait} working day{'s' if wait != 1 else ''}"
    why = f"{days} after the request was delivered on {london.spell_day(delivered_on)} is {london.spell_day(to)}"
    return extended_deadline(rules, to, why, "fair_notice")


def _withdrawn(facts: CaseFacts, at: datetime) -> Plan[CaseFacts]:
    """The case without an escalation on its way: the duty it would report has a later day now."""
    current = facts.escalation
    if current is None or (transition := ESCALATION.find(current.state, EscalationEvent.WITHDRAW)) is None:
        return Plan(facts)
    ended = replace(current, state=EscalationState(transition.then))
    entry = Entry(at, EscalationEvent.WITHDRAW, "escalation", current.state, transition.then, cause=WHY)
    return Plan(replace(facts, escalation=ended), (entry,))
