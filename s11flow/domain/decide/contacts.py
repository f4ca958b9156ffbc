"""Decides what follows when nobody answers for an agency any more, and when somebody does again (case 5). Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from calendars import london
from s11flow.domain import acts
from s11flow.domain.agenda import agenda
from s11flow.domain.decide.parts import Decision, due_keys, event_letter
from s11flow.domain.model import CaseFacts, CaseState, Entry, Letter, Note, Plan
from s11flow.domain.step import passed_over
from s11flow.domain.timetable import Rulebook

HANDOVER = "handover-h"
"""How the keys begin of what a new contact is told anew."""

_ASKED_AGAIN = (CaseState.REQUESTED, CaseState.NOT_SUBMITTED)


def contact_left(rules: Rulebook, facts: CaseFacts, act: acts.ContactLeft, at: datetime) -> Decision:
    """The contact is at risk: what is to go to them waits, and those above them are asked for another."""
    after = replace(facts, agency=replace(facts.agency, contact_left_at=at))
    why = "nobody answers for the agency any more"
    letter = event_letter(after, "contact_at_risk", at, why, how=act.how or "we are told that they have left")
    letters = (replace(letter, about={"waiting": list(act.waiting)}),)
    entry = Entry(
        at, Note.CONTACT_LEFT, "contact", cause=why, data={"waiting": list(act.waiting)},
        private={"how": act.how}, letters=due_keys(letters),
    )  # fmt: skip
    return Plan(after, (entry,), letters)


def hand_over(rules: Rulebook, facts: CaseFacts, act: acts.HandOver, at: datetime) -> Decision:
    """Somebody else answers from now on: they are told what the one before them was, and how much time was lost.

    Until one letter has been delivered to them silence is not reported.
    """
    owes = facts.state in _ASKED_AGAIN
    after = replace(facts, agency=act.agency, notice_undelivered=owes or facts.notice_undelivered)
    letters = _told_anew(after, at)
    lost = days_lost(rules, facts, at)
    entry = Entry(
        at, Note.HANDED_OVER, "contact", cause="somebody else answers for the agency",
        data={"working_days_lost": lost}, letters=due_keys(letters),
    )  # fmt: skip
    plan = Plan(after, (entry,), letters, frozenset({"contact_at_risk"}))
    for action in agenda(rules, after) if owes else ():
        if action.family == "submit" and action.due_at <= at:  # what was missed meanwhile the request says anew
            plan = plan.then(passed_over(plan.facts, action, "superseded"))
    return plan


def days_lost(rules: Rulebook, facts: CaseFacts, at: datetime) -> int:
    """The working days for which nobody answered for the agency, by the instant *at*."""
    left_at = facts.agency.contact_left_at
    return 0 if left_at is None else rules.days.between(london.day_of(left_at), london.day_of(at))


def _told_anew(facts: CaseFacts, at: datetime) -> tuple[Letter, ...]:
    """What a new contact has to know of a report that is owed: the whole request, or what is missing of it."""
    why = "somebody else answers for the agency"
    if facts.state in _ASKED_AGAIN:
        request = event_letter(facts, "report_request", at, why, key=f"{HANDOVER}{facts.seq}")
        asked_on = london.spell_day(london.day_of(facts.asked_at)) if facts.asked_at else ""
        return (replace(request, about={"handed_over": asked_on}, valid_until=facts.dates.cut_off.at),)
    if facts.state == CaseState.RETURNED and facts.return_by is not None:
        returned = event_letter(facts, "report_returned", at, why, key=f"{HANDOVER}{facts.seq}")
        return (replace(returned, about={"gaps": list(facts.gaps), "return_by": facts.return_by.isoformat()}),)
    return ()


TOLD_ANEW: dict[CaseState, frozenset[str]] = {
    **dict.fromkeys(
        _ASKED_AGAIN, frozenset({"contact_check", "report_request", "reminder", "target_missed", "dates_changed"})
    ),
    CaseState.RETURNED: frozenset({"report_returned", "return_by_reminder"}),
}
"""The kinds of waiting letter whose place what a new contact is told takes; the others are sent on as they are."""
