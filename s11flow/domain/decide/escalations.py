"""Decides on escalations: held, resumed, acknowledged, followed up, stood down. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from calendars import london
from s11flow.domain import acts
from s11flow.domain.decide.parts import Decision, due_keys, event_letter, for_each_agency, not_ahead, people_can
from s11flow.domain.errors import NotNow, Refused
from s11flow.domain.lifecycle import CASE, ESCALATION
from s11flow.domain.model import (
    CaseFacts,
    CaseState,
    Entry,
    Escalation,
    EscalationEvent,
    EscalationState,
    Letter,
    Note,
    Plan,
)
from s11flow.domain.state_facts import facts_of
from s11flow.domain.timetable import (
    Rulebook,
    owed_by,
)


def hold(rules: Rulebook, facts: CaseFacts, act: acts.Hold, at: datetime) -> Decision:
    """Let the escalation wait until a person resumes it (case 31)."""
    if (refused := not_ahead(rules, facts, "HOLD", act.until, at)) is not None:
        return refused
    if not act.reason.strip():
        return NotNow(facts.ref, "HOLD", "give a reason; the Chair may ask for it.")
    current = facts.escalation
    raised: tuple[Entry, ...] = ()
    if current is not None and current.is_open and current.state != EscalationState.PENDING:
        return NotNow(facts.ref, "HOLD", "it is with the Chair already; the Chair may stand it down.")
    if current is None or not current.is_open:
        owed = owed_by(rules, facts.dates)
        if facts.state not in (CaseState.REQUESTED, CaseState.NOT_SUBMITTED) or owed is None:
            return Refused(facts.ref, facts.state, Note.HOLD, can=people_can(CASE, facts.state))
        if current is not None and current.anchor == owed.on:
            return NotNow(
                facts.ref, "HOLD", f"its escalation is {facts_of(current.state).staff}; nothing is left to hold."
            )
        current = Escalation((current.number if current else 0) + 1, EscalationState.PENDING, owed.on)
        raised = (Entry(at, EscalationEvent.RAISE, "escalation", None, current.state, cause="to be held"),)
    if current.hold_until == act.until:
        return NotNow(facts.ref, "HOLD", f"it is held until {london.spell_day(act.until)} already; give another day.")
    held = replace(current, hold_until=act.until)
    cause = f"to be looked at again on {london.spell_day(act.until)}"
    entry = Entry(at, Note.HOLD, "escalation", cause=cause, data={"until": act.until.isoformat()},
                  private={"reason": act.reason})  # fmt: skip
    return Plan(replace(facts, escalation=held), (*raised, entry))


def resume(rules: Rulebook, facts: CaseFacts, act: acts.Resume, at: datetime) -> Decision:
    """Let a held escalation go on."""
    if facts.escalation is None or not facts.escalation.is_held:
        return NotNow(facts.ref, "RESUME", "its escalation is not held.")
    entry = Entry(at, Note.RESUME, "escalation", private={"reason": act.reason})
    return Plan(replace(facts, escalation=replace(facts.escalation, hold_until=None)), (entry,))


def acknowledge(rules: Rulebook, facts: CaseFacts, act: acts.Acknowledge, at: datetime) -> Decision:
    """The Chair has seen it."""
    return _escalation_event(facts, EscalationEvent.ACKNOWLEDGE, at)


def follow_up(rules: Rulebook, facts: CaseFacts, act: acts.FollowUp, at: datetime) -> Decision:
    """The Chair writes to the senior leader in their own words."""
    if not act.words.strip():
        return NotNow(facts.ref, "FOLLOW_UP", "the letter carries the Chair's own words; give them.")
    letter = event_letter(facts, "chair_letter", at, "the Executive Chair follows it up", words=act.words)
    return _escalation_event(facts, EscalationEvent.FOLLOW_UP, at, letters=(letter,))


def stand_down_escalation(rules: Rulebook, facts: CaseFacts, act: acts.StandDownEscalation, at: datetime) -> Decision:
    """The Chair stops it, with a reason; whoever was told of it is told of its end."""
    if not act.reason.strip():
        return NotNow(facts.ref, "STAND_DOWN", "give the Chair's reason; it is printed with the record.")
    # From non-submission on the agency has been told that the Chair will be; whoever was told is told the end of it.
    told = facts.escalation is not None and (
        facts.escalation.sent_at is not None or facts.state == CaseState.NOT_SUBMITTED
    )
    letter = event_letter(facts, "escalation_stood_down", at, "the Executive Chair stood it down", reason=act.reason)
    letters = for_each_agency(facts, letter) if told else ()
    plan = _escalation_event(facts, EscalationEvent.STAND_DOWN, at, letters=letters, private={"reason": act.reason})
    return replace(plan, stops=frozenset({"escalation"})) if isinstance(plan, Plan) else plan


def _escalation_event(
    facts: CaseFacts,
    event: EscalationEvent,
    at: datetime,
    *,
    letters: tuple[Letter, ...] = (),
    private: dict[str, object] | None = None,
) -> Decision:
    current = facts.escalation
    if current is None:
        return NotNow(facts.ref, event, "nothing has been raised with the Chair about it.")
    transition = ESCALATION.find(current.state, event)
    if transition is None:
        return Refused(facts.ref, current.state, event, can=people_can(ESCALATION, current.state))
    after = replace(facts, escalation=replace(current, state=EscalationState(transition.then)))
    letters = tuple(replace(letter, facts=after) for letter in letters)
    entry = Entry(
        at, event, "escalation", current.state, transition.then, private=private or {}, letters=due_keys(letters)
    )  # fmt: skip
    return Plan(after, (entry,), letters)
