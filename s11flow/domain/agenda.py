"""What the timetable owes a subject: every due action that is not yet done and that nothing blocks. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache

from calendars import london
from s11flow.domain.model import (
    NOT_HELD,
    Agency,
    AgencyStatus,
    CaseDates,
    CaseFacts,
    CaseState,
    CycleFacts,
    Escalation,
    EscalationState,
    Facts,
    PanelDayFacts,
    PanelDayState,
    PartnershipFacts,
    Session,
    SessionState,
    Track,
)
from s11flow.domain.timetable import (
    ORDER,
    DueAction,
    Rulebook,
    dates_ladder,
    owed_by,
    panel_day_cancelled_action,
    panel_pack_action,
    panel_pack_again,
    session_ladder,
    worked_date,
)

_ASKED = frozenset(
    {
        CaseState.REQUESTED,
        CaseState.SUBMITTED,
        CaseState.RETURNED,
        CaseState.ACCEPTED,
        CaseState.NOT_SUBMITTED,
    }
)


def agenda(rules: Rulebook, facts: Facts) -> tuple[DueAction, ...]:
    """What is owed and not yet done, in order of time; a blocked action is not on it."""
    match facts:
        case CaseFacts():
            return _case_agenda(rules, facts)
        case PanelDayFacts():
            return _panel_day_agenda(rules, facts)
        case PartnershipFacts():
            return _partnership_agenda(rules, facts)
        case CycleFacts():
            return ()


def next_due_at(rules: Rulebook, facts: Facts) -> datetime | None:
    """The instant of the first thing on the agenda, or None when nothing is owed."""
    owed = agenda(rules, facts)
    return owed[0].due_at if owed else None


def _case_agenda(rules: Rulebook, facts: CaseFacts) -> tuple[DueAction, ...]:
    owed = [
        action
        for action in _ladder_while(rules, facts.dates, facts.state)
        if action.due_key not in facts.done and ((holds := _ONLY_IF.get(action.kind)) is None or holds(rules, facts))
    ]
    if facts.agency.contact_left_at is not None:
        owed = [action for action in owed if action.kind in _NOT_FOR_THE_CONTACT]
    if facts.session is None and facts.return_by is None and facts.escalation is None:
        return tuple(owed)  # as the ladder has it: in order
    owed = [_after_warning(rules, facts, a) if a.kind == "escalation" else a for a in owed]
    owed += _session_actions(rules, facts) if facts.session is not None else ()
    if facts.return_by is not None and facts.agency.contact_left_at is None:
        owed += return_by_actions(rules, facts, facts.return_by)
    owed.sort(key=lambda action: (action.due_at, ORDER[action.kind]))
    return tuple(owed)


_NOT_FOR_THE_CONTACT = frozenset({"escalation_warning", "report_cut_off"})
"""What is done though nobody answers for the agency: it goes to nobody there."""


@lru_cache(maxsize=4096)
def _ladder_while(rules: Rulebook, dates: CaseDates, state: CaseState) -> tuple[DueAction, ...]:
    """What of the ladder a case in this state may owe at all."""
    return tuple(
        action
        for action in dates_ladder(rules, dates)
        if not action.outranked and _OWED_WHILE.get(action.kind, state) == state
    )


_OWED_WHILE: dict[str, CaseState] = {
    "contact_check": CaseState.PLANNED,
    "contact_wanted": CaseState.PLANNED,
    "report_request": CaseState.PLANNED,
    "reminder": CaseState.REQUESTED,
    "target_missed": CaseState.REQUESTED,
    "escalation_warning": CaseState.REQUESTED,
    "non_submission": CaseState.REQUESTED,
    "escalation": CaseState.NOT_SUBMITTED,
}
"""The one state in which a case owes this kind; a kind that is not here is owed in any."""


def _may_be_asked(facts: CaseFacts) -> bool:
    return facts.agency.status != AgencyStatus.NOT_APPLICABLE


def can_be_asked(facts: CaseFacts) -> bool:
    """Whether the request can leave: not asked yet, somebody to ask, and a session to name in the letter."""
    return (
        facts.state == CaseState.PLANNED
        and facts.agency.contact is not None
        and facts.dates.deadline is not None
        and _may_be_asked(facts)
    )


def _answers_for_silence(rules: Rulebook, facts: CaseFacts) -> bool:
    return facts.track != Track.FIRST_YEAR or rules.definition.policy.first_year_is_escalated


def _had_the_target(rules: Rulebook, facts: CaseFacts) -> bool:
    """Whether the agency was asked with fair notice of the target, and so can have missed it."""
    if facts.asked_at is None:
        return True
    notice = rules.definition.policy.fair_notice_working_days
    return rules.days.add(london.day_of(facts.asked_at), notice) <= facts.dates.target.on


def _is_silent(rules: Rulebook, facts: CaseFacts) -> bool:
    """Asked, warned of, and nothing that came before the deadline still waits for a decision (case 15)."""
    owed = owed_by(rules, facts.dates)
    if facts.state != CaseState.REQUESTED or owed is None or not _answers_for_silence(rules, facts):
        return False
    return why_not_confirmed(facts, owed.at) is None


def why_not_confirmed(facts: CaseFacts, deadline: datetime) -> str | None:
    """What non-submission waits for, in words for the digest; None when nothing does."""
    if f"escalation_warning@{london.day_of(deadline)}" not in facts.done:
        return "the business unit has not been warned yet"
    mail = _mail_of_before(facts, deadline)
    if mail is not None:
        return mail
    if facts.agency.contact is None:
        return "the agency has no contact on the register who could answer"
    if facts.agency.contact_left_at is not None:
        return "its contact has left, and nobody was named in their place"
    if facts.notice_undelivered:
        return "no letter asking for the report has been delivered"
    return None


def _mail_of_before(facts: CaseFacts, deadline: datetime) -> str | None:
    """The mail that came by the deadline and waits for a decision, in words; None if there is none (case 15)."""
    if facts.mail_waiting_since is None or facts.mail_waiting_since > deadline:
        return None
    return f"mail that came on {london.spell(facts.mail_waiting_since)} waits for a decision"


def _goes_to_chair(rules: Rulebook, facts: CaseFacts) -> bool:
    """The Chair hears of it while nobody holds it, and while no mail that may be the report waits (case 15)."""
    escalation, owed = facts.escalation, owed_by(rules, facts.dates)
    return (
        facts.state == CaseState.NOT_SUBMITTED
        and escalation is not None
        and escalation.state == EscalationState.PENDING
        and not escalation.is_held
        and not facts.notice_undelivered
        and (owed is None or _mail_of_before(facts, owed.at) is None)
        and rules.definition.chair_for(facts.agency.code, facts.interests) is not None
    )


def _has_open_escalation(rules: Rulebook, facts: CaseFacts) -> bool:
    return facts.escalation is not None and facts.escalation.is_open


_ONLY_IF: dict[str, Callable[[Rulebook, CaseFacts], bool]] = {
    "contact_check": lambda _, facts: facts.agency.contact is not None and _may_be_asked(facts),
    "contact_wanted": lambda _, facts: facts.agency.contact is None and _may_be_asked(facts),
    "report_request": lambda _, facts: can_be_asked(facts),
    "target_missed": _had_the_target,
    "escalation_warning": _answers_for_silence,
    "non_submission": _is_silent,
    "escalation": _goes_to_chair,
    "report_cut_off": _has_open_escalation,
}
"""What else must hold for a kind to be owed; the others are owed whenever the state says so."""


def _after_warning(rules: Rulebook, facts: CaseFacts, action: DueAction) -> DueAction:
    """An escalation leaves no sooner than a working day after the business unit was in fact warned."""
    warned_at = facts.escalation.warned_at if facts.escalation else None
    if warned_at is None:
        return action
    working = rules.definition.policy.escalation_after_warning_working_days
    on = rules.days.add(rules.days.roll_forward(london.day_of(warned_at)), working)
    soonest = london.instant(on, rules.definition.timetable.escalation.at)
    if soonest <= action.due_at:
        return action
    why = f"{working} working day after the warning of {london.spell(warned_at)} is {london.spell_day(on)}"
    return replace(action, due_at=soonest, why=why)


def _session_actions(rules: Rulebook, facts: CaseFacts) -> list[DueAction]:
    session = facts.session
    assert session is not None
    if facts.agency.contact_left_at is not None and (
        not session.is_live or facts.agency.contact in facts.agency.invited
    ):
        return []
    if not session.is_live:
        return _outcome(rules, facts, session)
    if facts.state not in _ASKED:
        return []
    ladder = session_ladder(rules, session.key, session.starts_at, session.revised_at, facts.dates.target.on.year)
    invited = session.state == SessionState.INVITED
    return [
        action
        for action in ladder
        if action.due_key not in facts.done and (action.kind == "panel_invitation") is not invited
    ]


def _outcome(rules: Rulebook, facts: CaseFacts, session: Session) -> list[DueAction]:
    """The letter after the session: a working day later, or three when the agency may still explain an absence."""
    key = f"session_outcome@{session.key}"
    if session.recorded_at is None or key in facts.done:
        return []
    policy = rules.definition.policy
    unexplained = session.state == SessionState.ABSENT_WITHOUT_NOTICE
    wait = policy.explain_absence_working_days if unexplained else policy.outcome_working_days
    on = rules.days.add(london.day_of(session.recorded_at), wait)
    why = f"{wait} working day{'s' if wait != 1 else ''} after the session was recorded is {london.spell_day(on)}"
    due_at = london.instant(on, rules.definition.timetable.session_reminder.at)
    return [DueAction(key, due_at, "session_outcome", "always", why)]


def return_by_actions(rules: Rulebook, facts: CaseFacts, return_by: date) -> list[DueAction]:
    """The reminder that a returned report must be back by *return_by*, while it is owed."""
    key = f"return_by_reminder@{return_by}"
    if facts.state != CaseState.RETURNED or key in facts.done:
        return []
    rule = rules.definition.timetable.return_by_reminder
    dated = worked_date(rule, "return_by_reminder", rules.days, year=return_by.year, anchor=return_by)
    ends = london.instant(return_by, rules.definition.timetable.deadline.at)
    return [DueAction(key, dated.at, "return_by_reminder", "latest", dated.why, "return_by", ends)]


def _panel_day_agenda(rules: Rulebook, facts: PanelDayFacts) -> tuple[DueAction, ...]:
    action = _for_the_members(rules, facts)
    return (action,) if action is not None and action.due_key not in facts.done else ()


def _for_the_members(rules: Rulebook, facts: PanelDayFacts) -> DueAction | None:
    """The pack; once they have it, what makes their diaries agree again with what is held."""
    sits = facts.state == PanelDayState.SITTING and facts.sessions > 0
    if not facts.told or facts.told_at is None:
        return panel_pack_action(rules, facts.on) if sits else None
    if sits and facts.told != facts.order:
        return panel_pack_again(rules, facts.on, facts.revision + 1, facts.told_at)
    if not sits and facts.told != NOT_HELD:
        return panel_day_cancelled_action(rules, facts.on, facts.revision + 1, facts.told_at)
    return None


def _partnership_agenda(rules: Rulebook, facts: PartnershipFacts) -> tuple[DueAction, ...]:
    """The next digest only: each working day has one, and the next is owed once this one is done."""
    if not facts.open_cycles:
        return ()
    at = rules.definition.policy.digest_at
    if facts.last_digest_on is not None:
        on = rules.days.add(facts.last_digest_on, 1)
    else:
        on = rules.days.roll_forward(london.day_of(facts.digests_from))
        if london.instant(on, at) < facts.digests_from:
            on = rules.days.add(on, 1)
    following = london.instant(rules.days.add(on, 1), at)
    why = f"each working day at {london.spell_time(at)}; {london.spell_day(on)} is one"
    return (DueAction(f"digest@{on}", london.instant(on, at), "digest", "latest", why, "digest", following),)


def is_overdue(rules: Rulebook, facts: CaseFacts, now: datetime) -> bool:
    """Whether a report is owed and its deadline has passed."""
    owed = owed_by(rules, facts.dates)
    return facts.state in (CaseState.REQUESTED, CaseState.NOT_SUBMITTED) and owed is not None and now > owed.at


def is_late(facts: CaseFacts) -> bool:
    """Whether the report reached us after the deadline.

    The first version counts: one that came in time and was mended later came in time. A person may record it as in
    time.
    """
    deadline = facts.dates.deadline
    if facts.submission is None or deadline is None or facts.submission.as_in_time:
        return False
    return (facts.first_arrived_at or facts.submission.arrived_at) > deadline.at


def flags(rules: Rulebook, facts: CaseFacts, now: datetime) -> tuple[str, ...]:
    """What can be worked out and is therefore never a state, in the words the lists use."""
    session, escalation = facts.session, facts.escalation
    found = {
        "due soon": _is_due_within(rules, facts, now, timedelta(days=7)),
        "due today": _is_due_today(rules, facts, now),
        "overdue": is_overdue(rules, facts, now),
        "late": is_late(facts),
        "escalated": escalation is not None and escalation.is_open and escalation.sent_at is not None,
        "held": escalation is not None and escalation.is_held,
        "no contact": facts.agency.contact is None and facts.state == CaseState.PLANNED and _may_be_asked(facts),
        "contact at risk": facts.agency.contact_left_at is not None and facts.state in _ASKED | {CaseState.PLANNED},
        "no session": facts.track != Track.LIGHT
        and facts.state in _ASKED | {CaseState.PLANNED}
        and session is None
        and _may_be_asked(facts),
        "coming": session is not None and session.is_live and reply_of(session, facts.agency) == "coming",
        "declined": session is not None and session.is_live and reply_of(session, facts.agency) == "declined",
        "no reply": session is not None
        and session.state == SessionState.INVITED
        and reply_of(session, facts.agency) == "no reply",
        "to be recorded": session is not None and session.is_live and now >= session.ends_at,
        "joint report awaited": is_joint_awaited(facts),
        "joint report not submitted": facts.state == CaseState.COVERED
        and facts.lead_state == CaseState.NOT_SUBMITTED
        and facts.agency.status != AgencyStatus.ENDED,
        "extended": facts.dates.extended,
        "waived": facts.waived,
        "mail waiting": facts.mail_waiting_since is not None,
        "report kept back": facts.submission is not None and facts.submission.is_restricted,
    }
    return tuple(name for name, holds in found.items() if holds)


def _is_due_within(rules: Rulebook, facts: CaseFacts, now: datetime, ahead: timedelta) -> bool:
    owed = owed_by(rules, facts.dates)
    return facts.state == CaseState.REQUESTED and owed is not None and now <= owed.at <= now + ahead


def _is_due_today(rules: Rulebook, facts: CaseFacts, now: datetime) -> bool:
    owed = owed_by(rules, facts.dates)
    return facts.state == CaseState.REQUESTED and owed is not None and owed.on == london.day_of(now) and now <= owed.at


def is_joint_awaited(facts: CaseFacts) -> bool:
    """Whether a covered agency still waits for the lead's report to be accepted."""
    waiting = (CaseState.PLANNED, CaseState.REQUESTED, CaseState.SUBMITTED, CaseState.RETURNED)
    return facts.state == CaseState.COVERED and facts.covered_by is not None and facts.lead_state in waiting


def reply_of(session: Session, agency: Agency) -> str:
    """Coming if any attendee accepted, declined if all who were invited did, else no reply."""
    answers = {answer.attendee.casefold(): answer.answer for answer in session.answers}
    if "accepted" in answers.values():
        return "coming"
    if answers and all(answers.get(address.casefold()) == "declined" for address in agency.invited):
        return "declined"
    return "no reply"


def blocked(rules: Rulebook, facts: CaseFacts, now: datetime) -> tuple[str, ...]:
    """What the timetable would owe by now but waits, and for what: sentences for the digest."""
    found = []
    owed = owed_by(rules, facts.dates)
    if facts.state == CaseState.REQUESTED and owed is not None and now > owed.at and _answers_for_silence(rules, facts):
        reason = why_not_confirmed(facts, owed.at)
        if reason is not None and f"escalation_warning@{owed.on}" in facts.done:
            found.append(f"Non-submission is not confirmed for {facts.ref}: {reason}.")
        if f"non_submission@{owed.on}" in facts.done:
            found.append(f"{facts.ref} took its report back after its deadline: extend the deadline, or excuse it.")
    if not _may_be_asked(facts) and facts.state in _ASKED | {CaseState.PLANNED}:
        found.append(
            f"{facts.agency.name} is not applicable on the register: excuse {facts.ref}, or correct the register."
        )
    if facts.agency.contact_left_at is not None and facts.state in _ASKED | {CaseState.PLANNED}:
        left_on = london.spell_day(london.day_of(facts.agency.contact_left_at))
        found.append(
            f"Letters to the contact of {facts.ref} wait: nobody has answered for {facts.agency.name} since {left_on}; "
            f"`s11flow agencies hand-over {facts.agency.code}` says who does."
        )
    if facts.state == CaseState.PLANNED and now >= facts.dates.request.at and _may_be_asked(facts):
        if facts.agency.contact is None:
            found.append(f"{facts.ref} has not been asked: {facts.agency.name} has no contact on the register.")
        elif facts.dates.deadline is None:
            found.append(f"{facts.ref} has not been asked: it has no panel session; plan one.")
    found += _escalation_waits(rules, facts, now)
    return tuple(found)


def _escalation_waits(rules: Rulebook, facts: CaseFacts, now: datetime) -> list[str]:
    escalation: Escalation | None = facts.escalation
    if facts.state != CaseState.NOT_SUBMITTED or escalation is None or not escalation.is_open:
        return []
    is_free = rules.definition.chair_for(facts.agency.code, facts.interests) is not None
    if escalation.sent_at is not None and not is_free:
        return [f"Nobody is left to take the escalation of {facts.ref} that was sent: the Business Manager decides."]
    if escalation.state != EscalationState.PENDING:
        return []
    if escalation.hold_until is not None:
        passed = london.day_of(now) > escalation.hold_until
        review = f"its review date was {london.spell_day(escalation.hold_until)}"
        review = f"{review} and has passed" if passed else f"review on {london.spell_day(escalation.hold_until)}"
        return [f"The escalation of {facts.ref} is held: {review}. Resume it or stand it down."]
    if facts.notice_undelivered or facts.agency.contact_left_at is not None:
        return [f"The escalation of {facts.ref} waits until a letter has reached whoever answers for it now."]
    owed = owed_by(rules, facts.dates)
    mail = None if owed is None else _mail_of_before(facts, owed.at)
    if mail is not None:
        return [f"The escalation of {facts.ref} does not leave: {mail}."]
    if not is_free:
        return [f"The escalation of {facts.ref} has no Chair free to take it: the Business Manager decides."]
    return []
