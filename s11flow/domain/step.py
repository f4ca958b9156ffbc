"""Applies what the timetable owes a subject by an instant: one action after another, each as of its due time. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

from calendars import london
from s11flow.domain.agenda import agenda
from s11flow.domain.lifecycle import CASE, ESCALATION, SESSION
from s11flow.domain.model import (
    NOT_HELD,
    CaseEvent,
    CaseFacts,
    CaseState,
    Entry,
    Escalation,
    EscalationEvent,
    EscalationState,
    F,
    Facts,
    Letter,
    Note,
    PanelDayFacts,
    PartnershipFacts,
    Plan,
    SessionEvent,
    evolve,
)
from s11flow.domain.timetable import DEADLINE_RANK, DueAction, Rulebook, dates_ladder, extended_deadline, with_deadline

SUBMIT_LETTERS = frozenset({"reminder", "target_missed"})
# What is still waiting to go when a report arrives, or is no longer owed, and has lost its reason.
CHASING_LETTERS = SUBMIT_LETTERS | {"escalation_warning", "non_submission", "escalation", "return_by_reminder"}
MEMBERS_LETTERS = frozenset({"panel_pack", "panel_day_cancelled"})
SESSION_LETTERS = frozenset(
    {"panel_invitation", "panel_invitation_changed", "reply_chase", "session_reminder", "time_offered", "time_refused"}
)


def settle(rules: Rulebook, facts: F, now: datetime) -> Plan[F]:
    """Everything owed by *now*, applied in order of its due time; `next_due_at` is what is then first owed.

    Of a family only the newest letter goes, and never two of `submit` on one London day.
    """
    plan = Plan(facts)
    owed = agenda(rules, facts)
    while owed and owed[0].due_at <= now:
        action = owed[0]
        done = run(rules, plan.facts, action, now)
        plan = plan.then(done) if plan.entries else done
        # A case's letter that moves no state leaves the rest of its agenda as it was.
        only_a_letter = action.kind not in RUNNERS and isinstance(plan.facts, CaseFacts)
        owed = owed[1:] if only_a_letter else agenda(rules, plan.facts)
    next_due_at = owed[0].due_at if owed else None
    return _went(plan, next_due_at, now) if plan.entries else Plan(facts, next_due_at=next_due_at)


def _went(plan: Plan[F], next_due_at: datetime | None, now: datetime) -> Plan[F]:
    """The plan as its letters go: of each family the newest alone, and the day of a `submit` letter remembered."""
    plan = _only_newest(plan)
    facts = plan.facts
    if any(letter.family == "submit" for letter in plan.letters) and isinstance(facts, CaseFacts):
        facts = evolve(facts, submit_letter_on=london.day_of(now))
    return Plan(facts, plan.entries, plan.letters, plan.stops, plan.superseded, plan.expired, next_due_at, plan.ended)


def run(rules: Rulebook, facts: F, action: DueAction, now: datetime) -> Plan[F]:
    """One due action done: what is recorded and which letters it owes."""
    match facts:
        case CaseFacts():
            return _run_case(rules, facts, action, now)
        case PartnershipFacts():
            ready = replace(_done(facts, action), last_digest_on=london.day_of(action.due_at))
            return cast("Plan[F]", _owe_letter(ready, action, now))
        case PanelDayFacts():
            return _tell_the_members(facts, action, now)
        case _:
            return _owe_letter(_done(facts, action), action, now)


def _tell_the_members(facts: PanelDayFacts, action: DueAction, now: datetime) -> Plan[PanelDayFacts]:
    """A letter that puts the day into the members' diaries, changes it there or takes it out; an older one is stopped.

    So a diary has one entry for the day: its invitation's UID stays, its sequence rises with each letter.
    """
    told = facts
    if facts.uid:
        held = NOT_HELD if action.kind == "panel_day_cancelled" else facts.order
        told = replace(facts, told=held, told_at=now, revision=facts.revision + 1 if facts.told else facts.revision)
    plan = _owe_letter(_done(told, action), action, now)
    if not plan.letters:
        return replace(plan, facts=_done(facts, action))  # its time has passed: nobody is told
    return replace(plan, stops=MEMBERS_LETTERS if facts.told else plan.stops)


def _run_case(rules: Rulebook, facts: CaseFacts, action: DueAction, now: datetime) -> Plan[CaseFacts]:
    if _came_too_soon(rules, facts, action, now):
        return passed_over(facts, action, "superseded")
    if action.valid_until is not None and now >= action.valid_until:
        return passed_over(facts, action, "expired")
    runner = RUNNERS.get(action.kind)
    if runner is None:
        return _owe_letter(_done(facts, action), action, now)
    return runner(rules, facts, action, now)


def _came_too_soon(rules: Rulebook, facts: CaseFacts, action: DueAction, now: datetime) -> bool:
    """Whether a rung lies before the thing it reminds of was asked or set, or this London day has had its letter."""
    match action.kind:
        case "reminder" | "target_missed":
            dates = facts.dates
            set_at = dates.deadline_set_at if action.rank == DEADLINE_RANK else dates.target_set_at
            asked_at = facts.asked_at or set_at
            if action.due_at < max(set_at, asked_at) or facts.submit_letter_on == london.day_of(now):
                return True
            return _leaves_the_day_to_another(rules, facts, action, now)
        case "reply_chase" | "session_reminder":
            return facts.session is not None and action.due_at < facts.session.revised_at
        case _:
            return False


_A_DAY = timedelta(days=1)


def _leaves_the_day_to_another(rules: Rulebook, facts: CaseFacts, action: DueAction, now: datetime) -> bool:
    """Whether a rung missed by more than a day would take the day of one due later today, which says more.

    A clock that ticks once a day is not a gap: each rung then goes on the day it is found.
    """
    if now - action.due_at <= _A_DAY:
        return False
    today = london.day_of(now)
    return any(
        other.family == action.family
        and not other.outranked
        and now < other.due_at
        and london.day_of(other.due_at) == today
        for other in dates_ladder(rules, facts.dates)
    )


def _done(facts: F, action: DueAction) -> F:
    return evolve(facts, done=facts.done | {action.due_key})


def passed_over(facts: CaseFacts, action: DueAction, outcome: str) -> Plan[CaseFacts]:
    """A due action that sends nothing: recorded all the same, so that a gap changes no history."""
    entry = _letter_entry(action, outcome)
    return Plan(
        _done(facts, action),
        (entry,),
        superseded=int(outcome == "superseded"),
        expired=int(outcome == "expired"),
    )


def _letter_entry(action: DueAction, outcome: str) -> Entry:
    return Entry(
        at=action.due_at,
        event=Note.LETTER_DUE,
        about="letter",
        due_key=action.due_key,
        cause=action.why,
        data={"kind": action.kind, "outcome": outcome},
        letters=(action.due_key,) if outcome == "owed" else (),
    )


def _owe_letter(after: F, action: DueAction, now: datetime) -> Plan[F]:
    if action.valid_until is not None and now >= action.valid_until:
        return Plan(after, (_letter_entry(action, "expired"),), expired=1)
    return Plan(after, (_letter_entry(action, "owed"),), (letter_for(action, after),))


def letter_for(action: DueAction, facts: Facts, **about: object) -> Letter:
    """The letter a due action owes, to be addressed from the facts as they stand."""
    if action.kind == "reminder":
        about["anchor"] = "deadline" if action.rank == DEADLINE_RANK else "target"
    return Letter(
        kind=action.kind,
        due_key=action.due_key,
        at=action.due_at,
        why=action.why,
        facts=facts,
        valid_until=action.valid_until,
        about=about,
        family=action.family,
    )


def _only_newest(plan: Plan[F]) -> Plan[F]:
    """Of each family the newest letter alone; what was dropped is recorded as superseded."""
    if len(plan.letters) < 2:
        return plan
    newest = {letter.family: letter.due_key for letter in plan.letters if letter.family is not None}
    return plan.without([x for x in plan.letters if x.family is not None and newest[x.family] != x.due_key])


# --- what each kind of due action does to a case --------------------------------------------------------------------


def _request_report(rules: Rulebook, facts: CaseFacts, action: DueAction, now: datetime) -> Plan[CaseFacts]:
    transition = CASE.find(facts.state, CaseEvent.REQUEST_REPORT)
    assert transition is not None
    keys = (action.due_key, *(f"covered_notice@{facts.dates.request.on}" for _ in facts.members[:1]))
    entry = Entry(
        action.due_at, CaseEvent.REQUEST_REPORT, "case", facts.state, transition.then, action.due_key, action.why,
        letters=keys,
    )  # fmt: skip
    asked = replace(_done(facts, action), state=CaseState.REQUESTED, asked_at=now)
    asked, noticed = with_fair_notice(rules, asked, now)
    letters = [letter_for(action, asked)]
    for member in asked.members:
        notice = replace(letter_for(action, asked, member=member.agency.code), kind="covered_notice", due_key=keys[-1])
        letters.append(notice)
    return Plan(asked, (entry, *noticed), tuple(letters))


def with_fair_notice(rules: Rulebook, facts: CaseFacts, now: datetime) -> tuple[CaseFacts, tuple[Entry, ...]]:
    """A request that leaves late gives the working days of fair notice, recorded as an extension.

    Without a session there is no deadline yet; the one that comes with it is told when it does.
    """
    deadline, wait = facts.dates.deadline, rules.definition.policy.fair_notice_working_days
    sent_on = london.day_of(now)
    soonest = rules.days.add(sent_on, wait)
    if deadline is None or soonest <= deadline.on:
        return facts, ()
    why = f"{wait} working days after the request left on {london.spell_day(sent_on)} is {london.spell_day(soonest)}"
    fair = extended_deadline(rules, soonest, why, "fair_notice")
    return replace(facts, dates=with_deadline(facts.dates, fair, set_at=now)), (
        dates_entry(now, facts, fair.as_json(), "fair notice"),
    )


def dates_entry(at: datetime, facts: CaseFacts, deadline: dict[str, str], cause: str) -> Entry:
    """The record of a changed deadline: old, new, and why."""
    old = facts.dates.deadline.as_json() if facts.dates.deadline else None
    return Entry(at, Note.DATES_CHANGED, "dates", cause=cause, data={"deadline": deadline, "was": old})


def _warn(rules: Rulebook, facts: CaseFacts, action: DueAction, now: datetime) -> Plan[CaseFacts]:
    """Raise the escalation with the business unit; a hold set earlier stays, and so does the Chair's word."""
    anchor = london.day_of(action.due_at)
    current = facts.escalation
    if current is not None and current.state == EscalationState.STOOD_DOWN and current.anchor == anchor:
        return passed_over(facts, action, "superseded")
    if current is not None and current.is_open:
        raised = replace(current, anchor=anchor, warned_at=now)
        entry = _letter_entry(action, "owed")
    else:
        raised = Escalation((current.number if current else 0) + 1, EscalationState.PENDING, anchor, warned_at=now)
        entry = Entry(
            action.due_at, EscalationEvent.RAISE, "escalation", None, EscalationState.PENDING, action.due_key,
            action.why, letters=(action.due_key,),
        )  # fmt: skip
    warned = replace(_done(facts, action), escalation=raised)
    return Plan(warned, (entry,), (letter_for(action, warned),))


def _confirm_non_submission(rules: Rulebook, facts: CaseFacts, action: DueAction, now: datetime) -> Plan[CaseFacts]:
    transition = CASE.find(facts.state, CaseEvent.CONFIRM_NON_SUBMISSION)
    assert transition is not None
    entry = Entry(
        action.due_at, CaseEvent.CONFIRM_NON_SUBMISSION, "case", facts.state, transition.then, action.due_key,
        action.why, letters=(action.due_key,),
    )  # fmt: skip
    silent = replace(_done(facts, action), state=CaseState.NOT_SUBMITTED)
    return Plan(silent, (entry,), (letter_for(action, silent),), stops=SUBMIT_LETTERS)


def _escalate(rules: Rulebook, facts: CaseFacts, action: DueAction, now: datetime) -> Plan[CaseFacts]:
    assert facts.escalation is not None
    transition = ESCALATION.find(facts.escalation.state, EscalationEvent.SEND)
    assert transition is not None
    entry = Entry(
        action.due_at, EscalationEvent.SEND, "escalation", facts.escalation.state, transition.then, action.due_key,
        action.why, letters=(action.due_key,),
    )  # fmt: skip
    sent = replace(facts.escalation, state=EscalationState.WITH_CHAIR, sent_at=now)
    after = replace(_done(facts, action), escalation=sent)
    # Each agency of a silent joint report is reported in a letter of its own (case 2).
    letters = [
        letter_for(action, after),
        *(letter_for(action, after, member=m.agency.code) for m in after.owing_members),
    ]
    return Plan(after, (entry,), tuple(letters))


def _invite(rules: Rulebook, facts: CaseFacts, action: DueAction, now: datetime) -> Plan[CaseFacts]:
    assert facts.session is not None
    transition = SESSION.find(facts.session.state, SessionEvent.INVITE)
    assert transition is not None
    entry = Entry(
        action.due_at, SessionEvent.INVITE, f"s{facts.session.number}", facts.session.state, transition.then,
        action.due_key, action.why, letters=(action.due_key,),
    )  # fmt: skip
    state = type(facts.session.state)(transition.then)
    after = replace(_done(facts, action), session=replace(facts.session, state=state, revised_at=now))
    return Plan(after, (entry,), (letter_for(action, after),))


def _cut_off(rules: Rulebook, facts: CaseFacts, action: DueAction, now: datetime) -> Plan[CaseFacts]:
    assert facts.escalation is not None
    before = facts.escalation.state
    entry = Entry(
        action.due_at, EscalationEvent.LEAVE_UNRESOLVED, "escalation", before, EscalationState.UNRESOLVED,
        action.due_key, action.why,
    )  # fmt: skip
    left = replace(facts.escalation, state=EscalationState.UNRESOLVED)
    return Plan(replace(_done(facts, action), escalation=left), (entry,), stops=frozenset({"escalation"}))


Runner = Callable[[Rulebook, CaseFacts, DueAction, datetime], Plan[CaseFacts]]

# Kinds that move a state; every other kind of due action owes its letter and no more.
RUNNERS: dict[str, Runner] = {
    "report_request": _request_report,
    "escalation_warning": _warn,
    "non_submission": _confirm_non_submission,
    "escalation": _escalate,
    "panel_invitation": _invite,
    "report_cut_off": _cut_off,
}
