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
    letters = _told_instead(rules, facts, after, at)
    entry = Entry(
        at, Note.INTEREST_DECLARED, "interest", cause=f"the {person.title} declared an interest",
        data={"member": person.title}, private={"reason": act.reason}, letters=due_keys(letters),
    )  # fmt: skip
    return Plan(after, (entry,), letters)


def _told_instead(rules: Rulebook, facts: CaseFacts, after: CaseFacts, at: datetime) -> tuple[Letter, ...]:
    """What a Chair was told who now takes no part in it is told to whoever is left: the alternate, if there is one."""
    told = facts.escalation
    code, chair_for = facts.agency.code, rules.definition.chair_for
    if told is None or not told.is_open or told.sent_at is None:
        return ()
    if chair_for(code, facts.interests) == chair_for(code, after.interests):
        return ()
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
