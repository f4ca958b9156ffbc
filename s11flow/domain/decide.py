"""Says what a person's act does to a case: the state it comes to, what is written, which letters are owed. Pure.

The timetable is settled first (`step.settle`), so an act always meets the case as the clock left it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from calendars import london
from s11flow.domain import acts
from s11flow.domain.agenda import is_late, next_due_at, return_by_actions
from s11flow.domain.errors import NotNow, Refused
from s11flow.domain.lifecycle import CASE, COUPLING_OF, ESCALATION, SESSION, Lifecycle, Transition
from s11flow.domain.model import (
    Answer,
    CaseEvent,
    CaseFacts,
    CaseState,
    Dated,
    Entry,
    Escalation,
    EscalationEvent,
    EscalationState,
    Letter,
    Note,
    Plan,
    Session,
    SessionEvent,
    SessionState,
)
from s11flow.domain.state_facts import facts_of
from s11flow.domain.step import CHASING_LETTERS, SESSION_LETTERS, dates_entry, passed_over
from s11flow.domain.timetable import (
    REVIVED,
    Rulebook,
    deadline_of,
    extended_deadline,
    extension_limit,
    not_a_working_day,
    owed_by,
    panel_day_of,
    with_deadline,
)

CasePlan = Plan[CaseFacts]
Decision = CasePlan | Refused | NotNow


def decide(rules: Rulebook, facts: CaseFacts, act: acts.Act, *, at: datetime) -> Decision:
    """What *act* does to the settled case at the instant *at*; a refusal changes nothing and says what would work."""
    decision = DECIDERS[type(act)](rules, facts, act, at)
    if isinstance(decision, Plan):
        return replace(decision, next_due_at=next_due_at(rules, decision.facts))
    return decision


# --- the parts every decision is made of ---------------------------------------------------------------------------


def _transition(facts: CaseFacts, event: CaseEvent) -> Transition | Refused:
    transition = CASE.find(facts.state, event)
    if transition is not None:
        return transition
    return Refused(facts.ref, facts.state, event, can=_people_can(CASE, facts.state))


_BY_THE_CLOCK_OR_A_COUPLING: frozenset[StrEnum] = frozenset(
    {
        CaseEvent.REQUEST_REPORT,
        CaseEvent.CONFIRM_NON_SUBMISSION,
        SessionEvent.INVITE,
        EscalationEvent.SEND,
        EscalationEvent.RESOLVE,
        EscalationEvent.WITHDRAW,
        EscalationEvent.LEAVE_UNRESOLVED,
    }
)


def _people_can(table: Lifecycle, state: StrEnum) -> tuple[StrEnum, ...]:
    """What a person can do from a state; what only the clock or another event does is left out."""
    return tuple(event for event in table.events_from(state) if event not in _BY_THE_CLOCK_OR_A_COUPLING)


def _moved(
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
        private=private or {}, letters=_keys(letters),
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
        plan = plan.then(_end_session(plan.facts, coupling.session, at, coupling.note))
    return plan


def _end_escalation(facts: CaseFacts, event: EscalationEvent, at: datetime, why: str) -> CasePlan:
    current = facts.escalation
    if current is None or (transition := ESCALATION.find(current.state, event)) is None:
        return Plan(facts)
    kind = "escalation_resolved" if event == EscalationEvent.RESOLVE else "escalation_stood_down"
    after = replace(facts, escalation=replace(current, state=EscalationState(transition.then)))
    # Only who was told of it is told of its end.
    letters = _for_all(after, _letter(after, kind, at, why, reason=why)) if current.sent_at is not None else ()
    entry = Entry(
        at, event, "escalation", current.state, transition.then, cause=why,
        letters=_keys(letters),
    )  # fmt: skip
    return Plan(after, (entry,), letters)


def _keys(letters: tuple[Letter, ...]) -> tuple[str, ...]:
    """The due keys of letters, each once: letters about several agencies share theirs."""
    return tuple(dict.fromkeys(letter.due_key for letter in letters))


def _for_all(facts: CaseFacts, letter: Letter) -> tuple[Letter, ...]:
    """A letter about a joint report, once for the lead and once for each agency it reports for."""
    own = (replace(letter, about={**letter.about, "member": member.agency.code}) for member in facts.members)
    return (letter, *own)


def _end_session(facts: CaseFacts, event: SessionEvent, at: datetime, why: str, reserve: str = "") -> CasePlan:
    session = facts.session
    if session is None or (transition := SESSION.find(session.state, event)) is None:
        return Plan(facts)
    after = replace(facts, session=replace(session, state=SessionState(transition.then), revised_at=at))
    letters: tuple[Letter, ...] = ()
    if session.state == SessionState.INVITED:
        by = "panel" if event == SessionEvent.STAND_DOWN else "agency"
        cancelled = _letter(after, "panel_invitation_cancelled", at, why, key=session.key, reason=why)
        letters = (replace(cancelled, about={"by": by, "reserve": reserve}, valid_until=session.starts_at),)
    entry = Entry(
        at, event, f"s{session.number}", session.state, transition.then, cause=why,
        letters=_keys(letters),
    )  # fmt: skip
    return Plan(after, (entry,), letters, SESSION_LETTERS)


def _letter(
    facts: CaseFacts, kind: str, at: datetime, why: str, *, key: str | None = None, **private: object
) -> Letter:
    """A letter an event owes; its key is the event's place in the history, so each event owes its own."""
    return Letter(kind, f"{kind}@{key or f'h{facts.seq}'}", at, why, facts, private=private)


# --- reports --------------------------------------------------------------------------------------------------------


def _receive(rules: Rulebook, facts: CaseFacts, act: acts.ReceiveReport, at: datetime) -> Decision:
    """A report that arrives is never refused, in any state but VOID; from CONSIDERED on it is an addendum."""
    transition = _transition(facts, CaseEvent.RECEIVE_REPORT)
    if isinstance(transition, Refused):
        return transition
    submission, before = act.submission, facts.submission
    if before is not None and before.as_in_time:
        submission = replace(submission, as_in_time=True)
    # What mends a report that came in time is in time (case 40).
    first_arrived_at = facts.first_arrived_at or (before or submission).arrived_at
    in_time = not is_late(replace(facts, submission=submission, first_arrived_at=first_arrived_at))
    names = [name for name, _, _ in submission.files]
    receipt = replace(
        _letter(facts, "receipt", at, "a report was received", key=f"v{submission.version}", sender=submission.sender),
        about={
            "version": submission.version,
            "files": names,
            "arrived_at": london.iso(submission.arrived_at),
            "addresses": list(submission.addresses),
            "missing": list(act.missing),
            "in_time": in_time,
            "addendum": transition.then == transition.while_ and facts.state != CaseState.SUBMITTED,
        },
    )
    return _moved(
        facts, transition, at,
        cause=f"version {submission.version} arrived on {london.spell(submission.arrived_at)}",
        data={"version": submission.version, "arrived_at": london.iso(submission.arrived_at), "in_time": in_time,
              "files": [digest for _, digest, _ in submission.files], "addresses": list(submission.addresses)},
        private={"sender": submission.sender, "names": names},
        letters=(receipt,), stops=CHASING_LETTERS,
        submission=submission, submissions=facts.submissions + 1,
        first_arrived_at=first_arrived_at, gaps=act.missing, return_by=None,
    )  # fmt: skip


def _return(rules: Rulebook, facts: CaseFacts, act: acts.ReturnReport, at: datetime) -> Decision:
    transition = _transition(facts, CaseEvent.RETURN_REPORT)
    if isinstance(transition, Refused):
        return transition
    if (refused := _working_day_ahead(rules, facts, "RETURN_REPORT", act.return_by, at)) is not None:
        return refused
    if not act.gaps:
        return NotNow(facts.ref, "RETURN_REPORT", "say at least one gap, so that the agency knows what to add.")
    letter = replace(
        _letter(facts, "report_returned", at, "the report needs more"),
        about={"gaps": list(act.gaps), "return_by": act.return_by.isoformat()},
    )
    plan = _moved(
        facts, transition, at, cause="the report needs more", data={"return_by": act.return_by.isoformat()},
        private={"gaps": list(act.gaps)}, letters=(letter,), return_by=act.return_by, gaps=act.gaps,
    )  # fmt: skip
    # A reminder whose day has passed already would leave with the letter it reminds of.
    for reminder in return_by_actions(rules, plan.facts, act.return_by):
        if reminder.due_at <= at:
            plan = plan.then(passed_over(plan.facts, reminder, "superseded"))
    return plan


def _accept(rules: Rulebook, facts: CaseFacts, act: acts.AcceptReport, at: datetime) -> Decision:
    transition = _transition(facts, CaseEvent.ACCEPT_REPORT)
    if isinstance(transition, Refused):
        return transition
    if (facts.state == CaseState.RETURNED or facts.gaps) and not act.waiver:
        named = "; ".join(facts.gaps) or "what was asked for has not come"
        why = f"the report has gaps ({named}); return it, or give a waiver with a reason."
        return NotNow(facts.ref, "ACCEPT_REPORT", why)
    submission = facts.submission
    if act.in_time_reason and submission is not None:
        submission = replace(submission, as_in_time=True)
    return _moved(
        facts, transition, at, cause="accepted with a waiver" if act.waiver else "accepted",
        data={"waived": bool(act.waiver), "as_in_time": bool(act.in_time_reason)},
        private={"waiver": act.waiver, "in_time_reason": act.in_time_reason},
        stops=frozenset({"return_by_reminder"}), submission=submission, waived=bool(act.waiver), return_by=None,
    )  # fmt: skip


def _withdraw(rules: Rulebook, facts: CaseFacts, act: acts.WithdrawReport, at: datetime) -> Decision:
    return _plain(
        facts,
        CaseEvent.WITHDRAW_REPORT,
        at,
        act.reason,
        submission=None,
        first_arrived_at=None,
        return_by=None,
        gaps=(),
    )


def _plain(facts: CaseFacts, event: CaseEvent, at: datetime, reason: str, **changes: Any) -> Decision:
    """A transition that needs a reason and owes no letter of its own."""
    transition = _transition(facts, event)
    if isinstance(transition, Refused):
        return transition
    if not reason.strip():
        return NotNow(facts.ref, event, "give a reason; it is kept in the history.")
    return _moved(facts, transition, at, private={"reason": reason}, **changes)


# --- judgement ------------------------------------------------------------------------------------------------------


def _consider(rules: Rulebook, facts: CaseFacts, act: acts.Consider, at: datetime) -> Decision:
    transition = _transition(facts, CaseEvent.CONSIDER)
    if isinstance(transition, Refused):
        return transition
    session = facts.session
    attended = session is not None and session.state in (SessionState.ATTENDED, SessionState.ATTENDED_IN_PART)
    if act.how == "attendance" and not attended:
        return NotNow(facts.ref, "CONSIDER", "no attendance is recorded; record the session, or consider it on paper.")
    if act.how == "on paper" and not act.reason.strip():
        return NotNow(facts.ref, "CONSIDER", "give the reason for considering it on paper.")
    if facts.submission is None and not attended:
        why = "there is neither a report nor an attendance to consider; it goes into the report as not submitted."
        return NotNow(facts.ref, "CONSIDER", why)
    return _moved(
        facts, transition, at, cause=act.how, private={"reason": act.reason},
        basis=basis_of(facts), considered_at=at,
    )  # fmt: skip


def basis_of(facts: CaseFacts) -> str:
    """What a judgement on the case rests on, in the words that are printed with it."""
    if facts.state == CaseState.PLANNED and facts.submission is None:
        return "not asked"
    session = facts.session
    attended = session is not None and session.state in (SessionState.ATTENDED, SessionState.ATTENDED_IN_PART)
    if facts.submission is None:
        return "session alone" if attended else "nothing submitted"
    if is_late(facts):
        return "late report and session" if attended else "late report"
    return "report and session" if attended else "report alone"


def _assess(rules: Rulebook, facts: CaseFacts, act: acts.Assess, at: datetime) -> Decision:
    transition = _transition(facts, CaseEvent.ASSESS)
    if isinstance(transition, Refused):
        return transition
    letter = _letter(facts, "accuracy_check", at, "the draft judgement is ready to be checked for accuracy")
    return _moved(facts, transition, at, cause=act.basis, letters=(letter,), assessed_at=at, agreed_at=None)


def _agree(rules: Rulebook, facts: CaseFacts, act: acts.Agree, at: datetime) -> Decision:
    transition = _transition(facts, CaseEvent.AGREE)
    if isinstance(transition, Refused):
        return transition
    letter = _letter(facts, "feedback", at, "the judgement is agreed")
    stops = frozenset({"accuracy_check"})
    return _moved(facts, transition, at, letters=(letter,), stops=stops, agreed_at=at)


_INCLUDE = {
    "report": CaseEvent.INCLUDE_IN_REPORT,
    "statement": CaseEvent.INCLUDE_IN_STATEMENT,
    "close": CaseEvent.CLOSE,
}


def _include(rules: Rulebook, facts: CaseFacts, act: acts.Include, at: datetime) -> Decision:
    transition = _transition(facts, _INCLUDE[act.step])
    if isinstance(transition, Refused):
        return transition
    basis = facts.basis or basis_of(facts)
    return _moved(facts, transition, at, cause=basis, basis=basis, stops=CHASING_LETTERS)


def _reopen(rules: Rulebook, facts: CaseFacts, act: acts.Reopen, at: datetime) -> Decision:
    return _plain(facts, CaseEvent.REOPEN, at, act.reason, agreed_at=None)


# --- what is owed ---------------------------------------------------------------------------------------------------


def _excuse(rules: Rulebook, facts: CaseFacts, act: acts.Excuse, at: datetime) -> Decision:
    transition = _transition(facts, CaseEvent.EXCUSE)
    if isinstance(transition, Refused):
        return transition
    if not act.reason.strip() or not act.authority.strip():
        return NotNow(facts.ref, "EXCUSE", "give a reason and on whose authority; both are printed in the report.")
    private: dict[str, object] = {"reason": act.reason, "authority": act.authority}
    # Whoever was asked, and told a date, is told that nothing is asked any more.
    told = _dates_changed(facts, at, "report", _old_deadline(facts), "none is asked of you this year", act.reason)
    letters = (told,) if facts.asked_at else ()
    return _moved(
        facts, transition, at, cause="excused", private=private, letters=letters, stops=_ASKING, return_by=None
    )


_ASKING = CHASING_LETTERS | {"contact_check", "contact_wanted", "report_request"}


def _cover(rules: Rulebook, facts: CaseFacts, act: acts.Cover, at: datetime) -> Decision:
    transition = _transition(facts, CaseEvent.COVER)
    if isinstance(transition, Refused):
        return transition
    if facts.members:
        return NotNow(facts.ref, "COVER", "it reports for other agencies itself; cover or revive those first.")
    cause = f"{act.by} reports for it"
    return _moved(facts, transition, at, cause=cause, stops=_ASKING, covered_by=act.by, return_by=None)


def _revive(rules: Rulebook, facts: CaseFacts, act: acts.Revive, at: datetime) -> Decision:
    transition = _transition(facts, CaseEvent.REVIVE)
    if isinstance(transition, Refused):
        return transition
    if not act.reason.strip():
        return NotNow(facts.ref, "REVIVE", "give a reason; it is kept in the history.")
    wait = rules.definition.policy.revived_working_days
    today = london.day_of(at)
    to = act.deadline or rules.days.add(today, wait)
    if (refused := _working_day_ahead(rules, facts, "REVIVE", to, at)) is not None:
        return refused
    counted = f"{wait} working days after {london.spell_day(today)} is {london.spell_day(to)}"
    why = f"a deadline of its own, {london.spell_day(to)}" if act.deadline else counted
    deadline = extended_deadline(rules, to, why, REVIVED)
    revived = replace(facts, dates=with_deadline(facts.dates, deadline, set_at=at))
    request = replace(
        _letter(facts, "report_request", at, "the report is asked again", key=f"revived-h{facts.seq}"),
        valid_until=facts.dates.cut_off.at,
    )
    letters = (request,) if facts.agency.contact else ()
    plan = _moved(
        revived, transition, at, cause="asked again", private={"reason": act.reason}, letters=letters,
        asked_at=at, covered_by=None, lead_state=None,
    )  # fmt: skip
    return replace(plan, entries=(*plan.entries, dates_entry(at, facts, deadline.as_json(), "asked again")))


def _void(rules: Rulebook, facts: CaseFacts, act: acts.Void, at: datetime) -> Decision:
    transition = _transition(facts, CaseEvent.VOID)
    if isinstance(transition, Refused):
        return transition
    if facts.submissions:
        instead = "excuse it instead" if CASE.find(facts.state, CaseEvent.EXCUSE) else "leave it as it is"
        return NotNow(facts.ref, "VOID", f"a report has been received, and what is received is kept; {instead}.")
    return _plain(facts, CaseEvent.VOID, at, act.reason, stops=_ASKING)


def _extend(rules: Rulebook, facts: CaseFacts, act: acts.Extend, at: datetime) -> Decision:
    transition = _transition(facts, CaseEvent.EXTEND)
    if isinstance(transition, Refused):
        return transition
    if (why := _why_no_extension(rules, facts, act, at)) is not None:
        return NotNow(facts.ref, "EXTEND", why)
    said = f"extended to {london.spell_day(act.to)}"
    deadline = extended_deadline(rules, act.to, said)
    dates = with_deadline(facts.dates, deadline, set_at=at)
    letters = (_dates_changed(facts, at, "deadline", _old_deadline(facts), london.spell(deadline.at), act.reason),)
    plan = _moved(
        facts, transition, at, cause=said, data={"by_chair": act.by_chair, "panel_consents": act.panel_consents},
        private={"reason": act.reason}, letters=letters if facts.asked_at else (), stops=CHASING_LETTERS, dates=dates,
    )  # fmt: skip
    return replace(plan, entries=(*plan.entries, dates_entry(at, facts, deadline.as_json(), said)))


def _why_no_extension(rules: Rulebook, facts: CaseFacts, act: acts.Extend, at: datetime) -> str | None:
    """None if the deadline may become *act.to*; else what is in the way and what would do (case 47)."""
    if not act.reason.strip():
        return "give a reason; it is told to the agency and kept."
    if (obstacle := not_a_working_day(rules.days, act.to)) is not None:
        return obstacle
    current = facts.dates.deadline
    if current is None:
        return "it has no deadline yet; give it a panel session first."
    if act.to <= current.on:
        return f"its deadline is {london.spell_day(current.on)} already; an extension is later than that."
    if act.to <= london.day_of(at):
        return f"{london.spell_day(act.to)} gives no time; use a day after today."
    escalation = facts.escalation
    if escalation is not None and escalation.is_open and escalation.sent_at is not None and not act.by_chair:
        return "it has been reported to the Executive Chair, who alone may extend it now (say so if the Chair did)."
    return _past_pack_day(rules, facts, act)


def _past_pack_day(rules: Rulebook, facts: CaseFacts, act: acts.Extend) -> str | None:
    if facts.session is not None and facts.session.is_live:
        meets = london.day_of(facts.session.starts_at)
    elif facts.dates.panel_day is not None:
        meets = facts.dates.panel_day.on
    else:
        return None
    limit = extension_limit(rules, meets)
    if act.to <= limit or act.panel_consents or act.by_chair:
        return None
    return (
        f"the panel's pack leaves on {london.spell_day(limit)}, the latest day the Business Manager may extend to; "
        "a later one needs the panel's consent (say so if it was given)."
    )


def _correct(rules: Rulebook, facts: CaseFacts, act: acts.Correct, at: datetime) -> Decision:
    transition = _transition(facts, CaseEvent.CORRECT)
    if isinstance(transition, Refused):
        return transition
    if not act.wrong.strip() or not act.right.strip():
        return NotNow(facts.ref, "CORRECT", "say what was wrong and what is right; the letter tells both.")
    correction = _letter(facts, "correction", at, "a mistake is put right", wrong=act.wrong, right=act.right)
    letter = replace(correction, about={"kind": act.letter}) if act.letter else correction
    private: dict[str, object] = {"wrong": act.wrong, "right": act.right}
    return _moved(facts, transition, at, cause="corrected", private=private, letters=(letter,))


def _working_day_ahead(rules: Rulebook, facts: CaseFacts, event: str, on: date, at: datetime) -> NotNow | None:
    if (obstacle := not_a_working_day(rules.days, on)) is not None:
        return NotNow(facts.ref, event, obstacle)
    if on <= london.day_of(at):
        return NotNow(facts.ref, event, f"{london.spell_day(on)} gives no time; use a day after today.")
    return None


def _old_deadline(facts: CaseFacts) -> str:
    return london.spell(facts.dates.deadline.at) if facts.dates.deadline else "none"


def _dates_changed(facts: CaseFacts, at: datetime, what: str, old: str, new: str, reason: str) -> Letter:
    why = "no report is asked any more" if what == "report" else f"the {what} has changed"
    letter = _letter(facts, "dates_changed", at, why, reason=reason)
    return replace(letter, about={"what": what, "old": old, "new": new})


# --- sessions -------------------------------------------------------------------------------------------------------


_MAY_BE_SEEN = (
    CaseState.PLANNED,
    CaseState.REQUESTED,
    CaseState.SUBMITTED,
    CaseState.RETURNED,
    CaseState.ACCEPTED,
    CaseState.NOT_SUBMITTED,
)


def _pencil(rules: Rulebook, facts: CaseFacts, act: acts.Pencil, at: datetime) -> Decision:
    if facts.session is not None and facts.session.is_live:
        return NotNow(
            facts.ref, "PENCIL", f"it has a session on {london.spell(facts.session.starts_at)}; move that one."
        )
    slot, number = act.slot, facts.sessions + 1
    if facts.state not in _MAY_BE_SEEN:
        return Refused(facts.ref, facts.state, SessionEvent.PENCIL, can=_people_can(CASE, facts.state))
    if slot.starts_at <= at and not act.even_past:
        return NotNow(facts.ref, "PENCIL", f"{london.spell(slot.starts_at)} has passed; use a later time.")
    session = Session(number, SessionState.PENCILLED, 0, slot.starts_at, slot.ends_at, slot.place, act.uid, at)
    entry = Entry(
        at, SessionEvent.PENCIL, f"s{number}", None, SessionState.PENCILLED, cause=london.spell(slot.starts_at),
        data={"starts_at": london.iso(slot.starts_at)},
    )  # fmt: skip
    after = replace(facts, session=session, sessions=number)
    return Plan(after, (entry,)).then(_deadline_after_panel(rules, after, slot.on, at, "a panel session was set"))


def _move(rules: Rulebook, facts: CaseFacts, act: acts.Move, at: datetime) -> Decision:
    session = facts.session
    if session is None:
        return NotNow(facts.ref, "MOVE", "it has no session; plan one first.")
    transition = SESSION.find(session.state, SessionEvent.MOVE)
    if transition is None:
        return Refused(facts.ref, session.state, SessionEvent.MOVE, can=_people_can(SESSION, session.state))
    if act.slot.starts_at <= at:
        return NotNow(facts.ref, "MOVE", f"{london.spell(act.slot.starts_at)} has passed; use a later time.")
    if (act.slot.starts_at, act.slot.place) == (session.starts_at, session.place):
        return NotNow(facts.ref, "MOVE", f"its session is at {london.spell(session.starts_at)} already.")
    if (refused := _needs_consent(rules, facts, act)) is not None:
        return refused
    moved = _moved_session(facts, session, act, at)
    return moved.then(_moved_deadline(rules, moved.facts, act, at))


def _moved_session(facts: CaseFacts, session: Session, act: acts.Move, at: datetime) -> CasePlan:
    moved = replace(
        session, revision=session.revision + 1, starts_at=act.slot.starts_at, ends_at=act.slot.ends_at,
        place=act.slot.place, revised_at=at, answers=(),
    )  # fmt: skip
    after, why = replace(facts, session=moved), f"the session moved, asked by the {act.asked_by}"
    letters: tuple[Letter, ...] = ()
    if session.state == SessionState.INVITED:
        changed = _letter(after, "panel_invitation_changed", at, why, key=moved.key, reason=act.reason)
        about: dict[str, object] = {"old": london.spell(session.starts_at)}
        letters = (replace(changed, about=about, valid_until=moved.starts_at),)
    elif facts.asked_at is not None:
        # The request named the time to keep free: "every change of a notified date" is told.
        old, new = london.spell(session.starts_at), london.spell(moved.starts_at)
        told = _dates_changed(after, at, "panel session", old, new, act.reason)
        letters = (replace(told, due_key=f"dates_changed@{moved.key}"),)
    entry = Entry(
        at, SessionEvent.MOVE, f"s{session.number}", session.state, session.state, cause=why,
        data={"was": london.iso(session.starts_at), "starts_at": london.iso(moved.starts_at), "asked_by": act.asked_by,
              "revision": moved.revision, "consent": act.consent},
        private={"reason": act.reason}, letters=_keys(letters),
    )  # fmt: skip
    return Plan(after, (entry,), letters, SESSION_LETTERS)


def _needs_consent(rules: Rulebook, facts: CaseFacts, act: acts.Move) -> NotNow | None:
    """A notified deadline never moves earlier without the agency's consent (case 19)."""
    current = facts.dates.deadline
    if act.asked_by != "panel" or act.consent or current is None or facts.asked_at is None:
        return None
    ruled, before = deadline_of(rules, act.slot.on), facts.dates.panel_day
    if not _still_owed(facts) or ruled.on >= current.on:
        return None
    if facts.dates.extended and before is not None and ruled.on >= deadline_of(rules, before.on).on:
        return None  # the extension stands: the panel's day itself moves no earlier
    return NotNow(
        facts.ref,
        "MOVE",
        f"its deadline would move earlier, from {london.spell_day(current.on)} to {london.spell_day(ruled.on)}; "
        f"use a day whose deadline is not earlier, or record the agency's consent.",
    )


def _still_owed(facts: CaseFacts) -> bool:
    return facts.state in (CaseState.REQUESTED, CaseState.RETURNED)


def _moved_deadline(rules: Rulebook, facts: CaseFacts, act: acts.Move, at: datetime) -> CasePlan:
    """A move the agency asked for keeps its deadline; the panel's move re-derives it."""
    if act.asked_by == "agency":
        return Plan(replace(facts, dates=replace(facts.dates, panel_day=panel_day_of(rules, act.slot.on))))
    return _deadline_after_panel(rules, facts, act.slot.on, at, "the panel moved the session", consent=act.consent)


def _deadline_after_panel(
    rules: Rulebook, facts: CaseFacts, on: date, at: datetime, why: str, *, consent: bool = False
) -> CasePlan:
    """The deadline re-derived from the panel's day, if that is later or nobody has been told one yet.

    After non-submission only an extension changes it; once the report is in it no longer matters.
    """
    dates = replace(facts.dates, panel_day=panel_day_of(rules, on))
    ruled, current = deadline_of(rules, on), facts.dates.deadline
    untold = facts.asked_at is None and facts.state == CaseState.PLANNED
    later = current is None or (ruled.on > current.on and ruled.at > at)
    if not (untold or (_still_owed(facts) and (later or consent))) or (current is not None and ruled.on == current.on):
        return Plan(replace(facts, dates=dates))
    return changed_deadline(rules, replace(facts, dates=dates), ruled, why, at=at)


def changed_deadline(rules: Rulebook, facts: CaseFacts, deadline: Dated, why: str, *, at: datetime) -> CasePlan:
    """Another deadline by rule: recorded, and told to an agency that has been told the old one."""
    dates = with_deadline(facts.dates, deadline, set_at=at, extended=facts.dates.extended)
    after = replace(facts, dates=dates)
    due_at = next_due_at(rules, after)
    entry = dates_entry(at, facts, deadline.as_json(), why)
    if facts.asked_at is None:
        return Plan(after, (entry,), next_due_at=due_at)
    told = _dates_changed(facts, at, "deadline", _old_deadline(facts), london.spell(deadline.at), why)
    letter = replace(told, facts=after)
    # A deadline that moved is warned of, and reported, anew.
    return Plan(after, (replace(entry, letters=(letter.due_key,)),), (letter,), CHASING_LETTERS, next_due_at=due_at)


_OUTCOMES: dict[str, SessionEvent] = {
    "attended": SessionEvent.RECORD_ATTENDED,
    "in-part": SessionEvent.RECORD_ATTENDED_IN_PART,
}


def _record(rules: Rulebook, facts: CaseFacts, act: acts.Record, at: datetime) -> Decision:
    session = facts.session
    if session is None:
        return NotNow(facts.ref, "RECORD", "it has no session to record.")
    absent = SessionEvent.RECORD_ABSENT_WITH_NOTICE if act.notice else SessionEvent.RECORD_ABSENT_WITHOUT_NOTICE
    event = _OUTCOMES.get(act.outcome, absent)
    transition = SESSION.find(session.state, event)
    if transition is None:
        return Refused(facts.ref, session.state, event, can=_people_can(SESSION, session.state))
    if at < session.starts_at:
        return NotNow(facts.ref, event, f"its session begins on {london.spell(session.starts_at)}; record it then.")
    if act.outcome == "in-part" and not act.minutes:
        return NotNow(facts.ref, event, "say how many minutes they were there.")
    recorded = replace(session, state=SessionState(transition.then), recorded_at=at, minutes=act.minutes)
    entry = Entry(
        at, event, f"s{session.number}", session.state, transition.then, data={"minutes": act.minutes},
    )  # fmt: skip
    plan = Plan(replace(facts, session=recorded), (entry,), stops=SESSION_LETTERS)
    if act.outcome == "absent" or CASE.find(facts.state, CaseEvent.CONSIDER) is None:
        return plan
    considered = _consider(rules, plan.facts, acts.Consider("attendance"), at)
    return plan.then(considered) if isinstance(considered, Plan) else considered


def _cancel(rules: Rulebook, facts: CaseFacts, act: acts.CancelSession, at: datetime) -> Decision:
    return _end_live_session(facts, SessionEvent.CANCEL, at, act.reason)


def _stand_down_session(rules: Rulebook, facts: CaseFacts, act: acts.StandDownSession, at: datetime) -> Decision:
    return _end_live_session(facts, SessionEvent.STAND_DOWN, at, act.reason, act.reserve)


def _end_live_session(facts: CaseFacts, event: SessionEvent, at: datetime, reason: str, reserve: str = "") -> Decision:
    session = facts.session
    if session is None:
        return NotNow(facts.ref, event, "it has no session.")
    if SESSION.find(session.state, event) is None:
        return Refused(facts.ref, session.state, event, can=_people_can(SESSION, session.state))
    if not reason.strip():
        return NotNow(facts.ref, event, "give a reason; the agency is told it.")
    return _end_session(facts, event, at, reason, reserve)


def _reply(rules: Rulebook, facts: CaseFacts, act: acts.ReplyToInvitation, at: datetime) -> Decision:
    session = facts.session
    if session is None or session.state != SessionState.INVITED:
        return NotNow(facts.ref, "REPLY", "no invitation of its is open; replies are recorded while one is.")
    known = {address.casefold() for address in (*facts.agency.attendees, facts.agency.contact or "")}
    if act.attendee.casefold() not in known:
        return NotNow(facts.ref, "REPLY", f"{act.attendee} was not invited; check the address with `agencies show`.")
    others = tuple(x for x in session.answers if x.attendee.casefold() != act.attendee.casefold())
    answered = replace(session, answers=(*others, Answer(act.attendee, act.answer, at)))
    entry = Entry(
        at, Note.REPLY, f"s{session.number}", cause=act.answer,
        data={"answer": act.answer, "revision": session.revision}, private={"attendee": act.attendee},
    )  # fmt: skip
    return Plan(replace(facts, session=answered), (entry,))


# --- escalations ----------------------------------------------------------------------------------------------------


def _hold(rules: Rulebook, facts: CaseFacts, act: acts.Hold, at: datetime) -> Decision:
    if (refused := _working_day_ahead(rules, facts, "HOLD", act.until, at)) is not None:
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
            return Refused(facts.ref, facts.state, Note.HOLD, can=_people_can(CASE, facts.state))
        if current is not None and current.anchor == owed.on:
            return NotNow(
                facts.ref, "HOLD", f"its escalation is {facts_of(current.state).staff}; nothing is left to hold."
            )
        current = Escalation((current.number if current else 0) + 1, EscalationState.PENDING, owed.on)
        raised = (Entry(at, EscalationEvent.RAISE, "escalation", None, current.state, cause="to be held"),)
    held = replace(current, hold_until=act.until)
    cause = f"to be looked at again on {london.spell_day(act.until)}"
    entry = Entry(at, Note.HOLD, "escalation", cause=cause, data={"until": act.until.isoformat()},
                  private={"reason": act.reason})  # fmt: skip
    return Plan(replace(facts, escalation=held), (*raised, entry))


def _resume(rules: Rulebook, facts: CaseFacts, act: acts.Resume, at: datetime) -> Decision:
    if facts.escalation is None or not facts.escalation.is_held:
        return NotNow(facts.ref, "RESUME", "its escalation is not held.")
    entry = Entry(at, Note.RESUME, "escalation", private={"reason": act.reason})
    return Plan(replace(facts, escalation=replace(facts.escalation, hold_until=None)), (entry,))


def _acknowledge(rules: Rulebook, facts: CaseFacts, act: acts.Acknowledge, at: datetime) -> Decision:
    return _escalation_event(facts, EscalationEvent.ACKNOWLEDGE, at)


def _follow_up(rules: Rulebook, facts: CaseFacts, act: acts.FollowUp, at: datetime) -> Decision:
    if not act.words.strip():
        return NotNow(facts.ref, "FOLLOW_UP", "the letter carries the Chair's own words; give them.")
    letter = _letter(facts, "chair_letter", at, "the Executive Chair follows it up", words=act.words)
    return _escalation_event(facts, EscalationEvent.FOLLOW_UP, at, letters=(letter,))


def _stand_down_escalation(rules: Rulebook, facts: CaseFacts, act: acts.StandDownEscalation, at: datetime) -> Decision:
    if not act.reason.strip():
        return NotNow(facts.ref, "STAND_DOWN", "give the Chair's reason; it is printed with the record.")
    # From non-submission on the agency has been told that the Chair will be; whoever was told is told the end of it.
    told = facts.escalation is not None and (
        facts.escalation.sent_at is not None or facts.state == CaseState.NOT_SUBMITTED
    )
    letter = _letter(facts, "escalation_stood_down", at, "the Executive Chair stood it down", reason=act.reason)
    letters = _for_all(facts, letter) if told else ()
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
        return Refused(facts.ref, current.state, event, can=_people_can(ESCALATION, current.state))
    after = replace(facts, escalation=replace(current, state=EscalationState(transition.then)))
    letters = tuple(replace(letter, facts=after) for letter in letters)
    entry = Entry(
        at, event, "escalation", current.state, transition.then, private=private or {}, letters=_keys(letters)
    )  # fmt: skip
    return Plan(after, (entry,), letters)


Decider = Callable[[Rulebook, CaseFacts, Any, datetime], Decision]

DECIDERS: dict[type[acts.Act], Decider] = {
    acts.ReceiveReport: _receive,
    acts.ReturnReport: _return,
    acts.AcceptReport: _accept,
    acts.WithdrawReport: _withdraw,
    acts.Consider: _consider,
    acts.Assess: _assess,
    acts.Agree: _agree,
    acts.Excuse: _excuse,
    acts.Cover: _cover,
    acts.Revive: _revive,
    acts.Void: _void,
    acts.Extend: _extend,
    acts.Correct: _correct,
    acts.Include: _include,
    acts.Reopen: _reopen,
    acts.Pencil: _pencil,
    acts.Move: _move,
    acts.Record: _record,
    acts.CancelSession: _cancel,
    acts.StandDownSession: _stand_down_session,
    acts.ReplyToInvitation: _reply,
    acts.Hold: _hold,
    acts.Resume: _resume,
    acts.Acknowledge: _acknowledge,
    acts.FollowUp: _follow_up,
    acts.StandDownEscalation: _stand_down_escalation,
}
