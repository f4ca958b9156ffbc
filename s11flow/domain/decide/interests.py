"""Decides on interests that members of the panel declare. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from s11flow.domain import acts
from s11flow.domain.decide.parts import Decision, due_keys, event_letter, for_each_agency
from s11flow.domain.errors import NotNow
from s11flow.domain.interests import BELONGS, member_called, titles, why_leaves
from s11flow.domain.model import CaseFacts, Entry, Letter, Note, Plan
from s11flow.domain.timetable import Rulebook

_DECLARE, _WITHDRAW = "DECLARE_AN_INTEREST", "WITHDRAW_AN_INTEREST"


def declare_interest(rules: Rulebook, facts: CaseFacts, act: acts.DeclareInterest, at: datetime) -> Decision:
    """Somebody of the panel, or the Chair, has an interest in the agency and takes no part in it (case 28)."""
    person = member_called(rules.definition, act.member)
    if person is None:
        return _unknown(rules, facts, _DECLARE, act.member)
    if (why := why_leaves(person, facts)) is not None:
        return NotNow(facts.ref, _DECLARE, f"the {person.title} takes no part in it already: {why}.")
    if not act.reason.strip():
        return NotNow(facts.ref, _DECLARE, "give the reason; it is kept in the history.")
    after = replace(facts, interests=(*facts.interests, person.title))
    is_told = _reported_to_another(rules, facts, after)
    letters = _told_instead(after, at) if is_told else ()
    entry = Entry(
        at, Note.INTEREST_DECLARED, "interest", cause=f"the {person.title} declared an interest",
        data={"member": person.title}, private={"reason": act.reason}, letters=due_keys(letters),
    )  # fmt: skip
    # What waits in the outbox for the Chair does not leave any more.
    return Plan(after, (entry,), letters, frozenset({"escalation"}) if is_told else frozenset())


def _reported_to_another(rules: Rulebook, facts: CaseFacts, after: CaseFacts) -> bool:
    """Whether what was reported to a Chair is now another's to take."""
    told = facts.escalation
    code, chair_for = facts.agency.code, rules.definition.chair_for
    was_sent = told is not None and told.is_open and told.sent_at is not None
    return was_sent and chair_for(code, facts.interests) != chair_for(code, after.interests)


def _told_instead(after: CaseFacts, at: datetime) -> tuple[Letter, ...]:
    """What a Chair was told who now takes no part in it is told to whoever is left: the alternate, if there is one."""
    return for_each_agency(after, event_letter(after, "escalation", at, "the Chair declared an interest"))


def withdraw_interest(rules: Rulebook, facts: CaseFacts, act: acts.WithdrawInterest, at: datetime) -> Decision:
    """An interest that was declared is none, or has ended."""
    person = member_called(rules.definition, act.member)
    if person is None:
        return _unknown(rules, facts, _WITHDRAW, act.member)
    if why_leaves(person, facts) == BELONGS:
        why = f"the {person.title} belongs to the agency, as the cycle's definition has it; that is not declared."
        return NotNow(facts.ref, _WITHDRAW, why)
    if person.title not in facts.interests:
        return NotNow(facts.ref, _WITHDRAW, f"the {person.title} has declared none.")
    if not act.reason.strip():
        return NotNow(facts.ref, _WITHDRAW, "give the reason; it is kept in the history.")
    entry = Entry(
        at, Note.INTEREST_WITHDRAWN, "interest", cause=f"the {person.title} withdrew an interest",
        data={"member": person.title}, private={"reason": act.reason},
    )  # fmt: skip
    kept = tuple(title for title in facts.interests if title != person.title)
    return Plan(replace(facts, interests=kept), (entry,))


def _unknown(rules: Rulebook, facts: CaseFacts, what: str, name: str) -> NotNow:
    return NotNow(facts.ref, what, f'no member of the panel is called "{name}"; there are {titles(rules.definition)}.')
