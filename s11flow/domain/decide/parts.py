"""What every decision is made of: the transition, its entry and letters, and what it does to the rest. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from calendars import london
from s11flow.domain.errors import NotNow, Refused
from s11flow.domain.lifecycle import CASE, COUPLING_OF, ESCALATION, SESSION, Lifecycle, Transition
from s11flow.domain.model import (
    CaseEvent,
    CaseFacts,
    CaseState,
    Entry,
    EscalationEvent,
    EscalationState,
    Letter,
    Plan,
    SessionEvent,
    SessionState,
)
from s11flow.domain.step import SESSION_LETTERS
from s11flow.domain.timetable import (
    Rulebook,
    not_a_working_day,
)

CasePlan = Plan[CaseFacts]
Decision = CasePlan | Refused | NotNow


def find_transition(facts: CaseFacts, event: CaseEvent) -> Transition | Refused:
    """The transition the case's table has for *event*, or the refusal that says what a person can do."""
    transition = CASE.find(facts.state, event)
    if transition is not None:
        return transition
    return Refused(facts.ref, facts.state, event, can=people_can(CASE, facts.state))


_BY_THE_CLOCK_OR_A_COUPLING: frozenset[StrEnum] = frozenset(
    {
        CaseEvent.REQUEST_REPORT,
        CaseEvent.CONFIRM_NON_SUBMISSION,
        CaseEvent.SUCCEED,
        SessionEvent.INVITE,
        EscalationEvent.SEND,
        EscalationEvent.RESOLVE,
        EscalationEvent.WITHDRAW,
        EscalationEvent.LEAVE_UNRESOLVED,
    }
)


def people_can(table: Lifecycle, state: StrEnum) -> tuple[StrEnum, ...]:
    """What a person can do from a state; what only the clock or another event does is left out."""
    return tuple(event for event in table.events_from(state) if event not in _BY_THE_CLOCK_OR_A_COUPLING)


def after_transition(
    facts: CaseFacts,
    transition: Transition,
    at: datetime,
    *,
    cause: str = "",
    data: dict[str, object] | None = None,
    private: dict[str, object] | None = None,
    letters: tuple[Letter, ...] = (),
    stops: frozenset[str] = frozenset(),
    **changes: Any,
) -> CasePlan:
    """The case after a transition, with what its coupling does to the escalation and the session."""
    entry = Entry(
        at, transition.event, "case", transition.while_, transition.then, cause=cause, data=data or {},
        private=private or {}, letters=due_keys(letters),
    )  # fmt: skip
    after = replace(facts, state=CaseState(transition.then), **changes)
    plan = Plan(after, (entry,), tuple(replace(letter, facts=after) for letter in letters), stops)
    return _coupled(plan, CaseEvent(transition.event), at)


def _coupled(plan: CasePlan, event: CaseEvent, at: datetime) -> CasePlan:
    coupling = COUPLING_OF.get(event)
    if coupling is None:
        return plan
    if coupling.escalation is not None:
        plan = plan.then(_end_escalation(plan.facts, coupling.escalation, at, coupling.note))
    if coupling.session is not None:
        plan = plan.then(end_session(plan.facts, coupling.session, at, coupling.note))
    return plan


def _end_escalation(facts: CaseFacts, event: EscalationEvent, at: datetime, why: str) -> CasePlan:
    current = facts.escalation
    if current is None or (transition := ESCALATION.find(current.state, event)) is None:
        return Plan(facts)
    kind = "escalation_resolved" if event == EscalationEvent.RESOLVE else "escalation_stood_down"
    after = replace(facts, escalation=replace(current, state=EscalationState(transition.then)))
    # Only who was told of it is told of its end.
    letters = (
        for_each_agency(after, event_letter(after, kind, at, why, reason=why)) if current.sent_at is not None else ()
    )
    entry = Entry(
        at, event, "escalation", current.state, transition.then, cause=why,
        letters=due_keys(letters),
    )  # fmt: skip
    return Plan(after, (entry,), letters)


def due_keys(letters: tuple[Letter, ...]) -> tuple[str, ...]:
    """The due keys of letters, each once: letters about several agencies share theirs."""
    return tuple(dict.fromkeys(letter.due_key for letter in letters))


def for_each_agency(facts: CaseFacts, letter: Letter) -> tuple[Letter, ...]:
    """A letter about a joint report, once for the lead and once for each agency it reports for."""
    own = (replace(letter, about={**letter.about, "member": member.agency.code}) for member in facts.owing_members)
    return (letter, *own)


def end_session(
    facts: CaseFacts, event: SessionEvent, at: datetime, why: str, *, reason: str = "", reserve: str = ""
) -> CasePlan:
    """End the live session, and cancel the invitation of whoever was invited; *reason* is a person's own words."""
    session = facts.session
    if session is None or (transition := SESSION.find(session.state, event)) is None:
        return Plan(facts)
    after = replace(facts, session=replace(session, state=SessionState(transition.then), revised_at=at))
    letters: tuple[Letter, ...] = ()
    if session.state == SessionState.INVITED:
        by = "panel" if event == SessionEvent.STAND_DOWN else "agency"
        cancelled = event_letter(after, "panel_invitation_cancelled", at, why, key=session.key, reason=reason or why)
        letters = (replace(cancelled, about={"by": by, "reserve": reserve}, valid_until=session.starts_at),)
    entry = Entry(
        at, event, f"s{session.number}", session.state, transition.then, cause=why,
        private={"reason": reason} if reason else {}, letters=due_keys(letters),
    )  # fmt: skip
    return Plan(after, (entry,), letters, SESSION_LETTERS)


def event_letter(
    facts: CaseFacts, kind: str, at: datetime, why: str, *, key: str | None = None, **private: object
) -> Letter:
    """A letter an event owes; its key is the event's place in the history, so each event owes its own."""
    return Letter(kind, f"{kind}@{key or f'h{facts.seq}'}", at, why, facts, private=private)


def not_ahead(rules: Rulebook, facts: CaseFacts, event: str, on: date, at: datetime) -> NotNow | None:
    """The refusal of a typed day that is no working day or not ahead; None if it will do."""
    if (obstacle := not_a_working_day(rules.days, on)) is not None:
        return NotNow(facts.ref, event, obstacle)
    if on <= london.day_of(at):
        return NotNow(facts.ref, event, f"{london.spell_day(on)} gives no time; use a day after today.")
    return None


def deadline_words(facts: CaseFacts) -> str:
    """The deadline the agency was told, in words."""
    return london.spell(facts.dates.deadline.at) if facts.dates.deadline else "none"


def dates_changed_letter(facts: CaseFacts, at: datetime, what: str, old: str, new: str, reason: str) -> Letter:
    """The letter that tells a changed date: old, new, and why."""
    why = "no report is asked any more" if what == "report" else f"the {what} has changed"
    letter = event_letter(facts, "dates_changed", at, why, reason=reason)
    return replace(letter, about={"what": what, "old": old, "new": new})
