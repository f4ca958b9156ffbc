"""Decides on panel sessions: pencilled, moved, recorded, ended, answered. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from calendars import london
from s11flow.domain import acts
from s11flow.domain.agenda import next_due_at
from s11flow.domain.decide.judgement import consider
from s11flow.domain.decide.parts import (
    CasePlan,
    Decision,
    dates_changed_letter,
    deadline_words,
    due_keys,
    end_session,
    event_letter,
    people_can,
)
from s11flow.domain.errors import NotNow, Refused
from s11flow.domain.lifecycle import CASE, SESSION
from s11flow.domain.model import (
    Agency,
    Answer,
    CaseEvent,
    CaseFacts,
    CaseState,
    Dated,
    Entry,
    Letter,
    Note,
    Plan,
    Session,
    SessionEvent,
    SessionState,
)
from s11flow.domain.replies import answer_of, newest
from s11flow.domain.step import CHASING_LETTERS, SESSION_LETTERS, dates_entry
from s11flow.domain.timetable import (
    Rulebook,
    deadline_of,
    panel_day_of,
    with_deadline,
)

_MAY_BE_SEEN = (
    CaseState.PLANNED,
    CaseState.REQUESTED,
    CaseState.SUBMITTED,
    CaseState.RETURNED,
    CaseState.ACCEPTED,
    CaseState.NOT_SUBMITTED,
)


def pencil(rules: Rulebook, facts: CaseFacts, act: acts.Pencil, at: datetime) -> Decision:
    """Set a first or further session aside for the agency."""
    if facts.session is not None and facts.session.is_live:
        return NotNow(
            facts.ref, "PENCIL", f"it has a session on {london.spell(facts.session.starts_at)}; move that one."
        )
    slot, number = act.slot, facts.sessions + 1
    if facts.state not in _MAY_BE_SEEN:
        return Refused(facts.ref, facts.state, SessionEvent.PENCIL, can=people_can(CASE, facts.state))
    if slot.starts_at <= at and not act.even_past:
        return NotNow(facts.ref, "PENCIL", f"{london.spell(slot.starts_at)} has passed; use a later time.")
    asks = 0 if facts.session is None else facts.session.asks
    session = Session(
        number, SessionState.PENCILLED, 0, slot.starts_at, slot.ends_at, slot.place, act.uid, at, asks=asks
    )
    entry = Entry(
        at, SessionEvent.PENCIL, f"s{number}", None, SessionState.PENCILLED, cause=london.spell(slot.starts_at),
        data={"starts_at": london.iso(slot.starts_at)},
    )  # fmt: skip
    after = replace(facts, session=session, sessions=number)
    return Plan(after, (entry,)).then(_deadline_after_panel(rules, after, slot.on, at, "a panel session was set"))


def move(rules: Rulebook, facts: CaseFacts, act: acts.Move, at: datetime) -> Decision:
    """Move the session; a notified deadline moves only later, or with consent (cases 18, 19)."""
    session = facts.session
    if session is None:
        return NotNow(facts.ref, "MOVE", "it has no session; plan one first.")
    transition = SESSION.find(session.state, SessionEvent.MOVE)
    if transition is None:
        return Refused(facts.ref, session.state, SessionEvent.MOVE, can=people_can(SESSION, session.state))
    if act.slot.starts_at <= at:
        return NotNow(facts.ref, "MOVE", f"{london.spell(act.slot.starts_at)} has passed; use a later time.")
    if (act.slot.starts_at, act.slot.place) == (session.starts_at, session.place):
        return NotNow(facts.ref, "MOVE", f"its session is at {london.spell(session.starts_at)} already.")
    if (refused := _needs_consent(rules, facts, act) or _asks_too_often(rules, facts, session, act)) is not None:
        return refused
    moved = _moved_session(facts, session, act, at)
    return moved.then(_moved_deadline(rules, moved.facts, act, at))


def _moved_session(facts: CaseFacts, session: Session, act: acts.Move, at: datetime) -> CasePlan:
    moved = _after_request(
        replace(
            session, revision=session.revision + 1, starts_at=act.slot.starts_at, ends_at=act.slot.ends_at,
            place=act.slot.place, revised_at=at, answers=_still_given(session, act), offered_at=None, offered_for=None,
        ),
        act,
    )  # fmt: skip
    after, why = replace(facts, session=moved), _WHY_MOVED[act.asked_by]
    letters: tuple[Letter, ...] = ()
    if session.state == SessionState.INVITED:
        changed = event_letter(after, "panel_invitation_changed", at, why, key=moved.key, reason=act.reason)
        about: dict[str, object] = {"old": london.spell(session.starts_at)}
        letters = (replace(changed, about=about, valid_until=moved.starts_at),)
    elif facts.asked_at is not None:
        # The request named the time to keep free: "every change of a notified date" is told.
        old, new = london.spell(session.starts_at), london.spell(moved.starts_at)
        told = dates_changed_letter(after, at, "panel session", old, new, act.reason)
        letters = (replace(told, due_key=f"dates_changed@{moved.key}"),)
    entry = Entry(
        at, SessionEvent.MOVE, f"s{session.number}", session.state, session.state, cause=why,
        data={"was": london.iso(session.starts_at), "starts_at": london.iso(moved.starts_at), "asked_by": act.asked_by,
              "revision": moved.revision, "consent": act.consent},
        private={"reason": act.reason}, letters=due_keys(letters),
    )  # fmt: skip
    # What waits to tell of an earlier change says a time that no longer holds; the newer letter restates every date.
    return Plan(after, (entry,), letters, _OUTDATED if _tells_dates(letters) else SESSION_LETTERS)


_OUTDATED = SESSION_LETTERS | {"dates_changed"}


def _tells_dates(letters: tuple[Letter, ...]) -> bool:
    return any(letter.kind == "dates_changed" for letter in letters)


_WHY_MOVED = {
    "panel": "the session moved, asked by the panel",
    "agency": "the session moved, asked by the agency",
    "exchange": "the session moved, exchanged with another agency's",
}


def _still_given(session: Session, act: acts.Move) -> tuple[Answer, ...]:
    """Answers are to a time: where only the place changes they stand, and nobody who gave one is asked again."""
    return session.answers if act.slot.starts_at == session.starts_at else ()


def _after_request(moved: Session, act: acts.Move) -> Session:
    """A move that the agency asked for settles its request; one that came with no request before it is one."""
    if act.asked_by != "agency":
        return moved
    asks = moved.asks if moved.asked_at is not None else moved.asks + 1
    return replace(moved, asks=asks, asked_at=None, wanted_at=None)


def _asks_too_often(rules: Rulebook, facts: CaseFacts, session: Session, act: acts.Move) -> NotNow | None:
    if act.asked_by != "agency":
        return None
    return beyond_free_requests(rules, facts, session, "MOVE", allowed=act.allowed)


def beyond_free_requests(
    rules: Rulebook, facts: CaseFacts, session: Session, what: str, *, allowed: bool
) -> NotNow | None:
    """The refusal of a request for another time that the Business Manager must agree to; None if it may be made."""
    free = rules.definition.policy.free_time_requests
    if allowed or session.asked_at is not None or session.asks < free:
        return None
    times = "once" if session.asks == 1 else f"{session.asks} times"
    why = f"it has asked for another time {times}; the Business Manager must agree to a further request."
    return NotNow(facts.ref, what, why)


def _needs_consent(rules: Rulebook, facts: CaseFacts, act: acts.Move) -> NotNow | None:
    """A notified deadline never moves earlier without the agency's consent (case 19)."""
    current = facts.dates.deadline
    if act.asked_by != "panel" or act.consent or current is None or facts.asked_at is None:
        return None
    ruled = deadline_of(rules, act.slot.on)
    if not _still_owed(facts) or ruled.on >= current.on:
        return None
    if _extension_stands(rules, facts, ruled):
        return None
    return NotNow(
        facts.ref,
        "MOVE",
        f"its deadline would move earlier, from {london.spell_day(current.on)} to {london.spell_day(ruled.on)}; "
        f"use a day whose deadline is not earlier, or record the agency's consent.",
    )


def _extension_stands(rules: Rulebook, facts: CaseFacts, ruled: Dated) -> bool:
    """Whether a longer extension outlives a move: the panel's day itself moves no earlier."""
    current, before = facts.dates.deadline, facts.dates.panel_day
    if not facts.dates.extended or current is None or before is None or ruled.on > current.on:
        return False
    return ruled.on >= deadline_of(rules, before.on).on


def _still_owed(facts: CaseFacts) -> bool:
    return facts.state in (CaseState.REQUESTED, CaseState.RETURNED)


def _moved_deadline(rules: Rulebook, facts: CaseFacts, act: acts.Move, at: datetime) -> CasePlan:
    """A move the agency asked for keeps its deadline; the panel's move re-derives it."""
    if act.asked_by != "panel":
        return Plan(replace(facts, dates=replace(facts.dates, panel_day=panel_day_of(rules, act.slot.on))))
    return _deadline_after_panel(rules, facts, act.slot.on, at, "the panel moved the session", consent=act.consent)


def _deadline_after_panel(
    rules: Rulebook, facts: CaseFacts, on: date, at: datetime, why: str, *, consent: bool = False
) -> CasePlan:
    """The deadline re-derived from the panel's day, if that is later or nobody has been told one yet.

    After non-submission only an extension changes it; once the report is in it no longer matters. One that would have
    passed already stays, whoever consented: the agency would be silent before it could answer.
    """
    dates = replace(facts.dates, panel_day=panel_day_of(rules, on))
    ruled, current = deadline_of(rules, on), facts.dates.deadline
    consent = consent and not _extension_stands(rules, facts, ruled)
    untold = facts.asked_at is None and facts.state == CaseState.PLANNED
    owed = _still_owed(facts) and ruled.at > at and (consent or current is None or ruled.on > current.on)
    if not (untold or owed) or (current is not None and ruled.on == current.on):
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
    told = dates_changed_letter(facts, at, "deadline", deadline_words(facts), london.spell(deadline.at), why)
    letter = replace(told, facts=after)
    # A deadline that moved is warned of, and reported, anew.
    return Plan(after, (replace(entry, letters=(letter.due_key,)),), (letter,), CHASING_LETTERS, next_due_at=due_at)


_OUTCOMES: dict[str, SessionEvent] = {
    "attended": SessionEvent.RECORD_ATTENDED,
    "in-part": SessionEvent.RECORD_ATTENDED_IN_PART,
}


def record(rules: Rulebook, facts: CaseFacts, act: acts.Record, at: datetime) -> Decision:
    """Record what happened at the session; having attended, the case is considered."""
    session = facts.session
    if session is None:
        return NotNow(facts.ref, "RECORD", "it has no session to record.")
    absent = SessionEvent.RECORD_ABSENT_WITH_NOTICE if act.notice else SessionEvent.RECORD_ABSENT_WITHOUT_NOTICE
    event = _OUTCOMES.get(act.outcome, absent)
    transition = SESSION.find(session.state, event)
    if transition is None:
        return Refused(facts.ref, session.state, event, can=people_can(SESSION, session.state))
    if at < session.starts_at:
        return NotNow(facts.ref, event, f"its session begins on {london.spell(session.starts_at)}; record it then.")
    if act.outcome == "in-part" and not act.minutes:
        return NotNow(facts.ref, event, "say how many minutes they were there.")
    length = int((session.ends_at - session.starts_at).total_seconds()) // 60
    if act.outcome == "in-part" and act.minutes is not None and act.minutes > length:
        return NotNow(facts.ref, event, f"its session was of {length} minutes; give --minutes up to that.")
    came = tuple(who.strip() for who in act.came if who.strip())
    recorded = replace(session, state=SessionState(transition.then), recorded_at=at, minutes=act.minutes, came=came)
    after = replace(facts, session=recorded)
    letters = _stood_in(after, at) if came and act.outcome != "absent" else ()
    entry = Entry(
        at, event, f"s{session.number}", session.state, transition.then, data={"minutes": act.minutes},
        private={"came": list(came)} if came else {}, letters=due_keys(letters),
    )  # fmt: skip
    plan = Plan(after, (entry,), letters, stops=SESSION_LETTERS)
    if act.outcome == "absent" or CASE.find(facts.state, CaseEvent.CONSIDER) is None:
        return plan
    considered = consider(rules, plan.facts, acts.Consider("attendance"), at)
    return plan.then(considered) if isinstance(considered, Plan) else considered


def _stood_in(facts: CaseFacts, at: datetime) -> tuple[Letter, ...]:
    """The letter to the senior leader when nobody came who was to come (case 27)."""
    session = facts.session
    if session is None or any(is_named_lead(facts.agency, who) for who in session.came):
        return ()
    why = "nobody came who is named for the agency"
    return (event_letter(facts, "deputy_attended", at, why, key=session.key, came=list(session.came)),)


def is_named_lead(agency: Agency, who: str) -> bool:
    """Whether somebody, by name, role or address, is one whom the register names to come or to lead."""
    named = (
        agency.contact_name, agency.contact_role, agency.contact, agency.senior_leader, *agency.attendees,
        "contact", "senior leader",
    )  # fmt: skip
    return who.strip().casefold() in {name.casefold() for name in named if name}


def cancel(rules: Rulebook, facts: CaseFacts, act: acts.CancelSession, at: datetime) -> Decision:
    """Cancel the live session, with a reason the agency is told."""
    return _end_live_session(facts, SessionEvent.CANCEL, at, act.reason)


def stand_down_session(rules: Rulebook, facts: CaseFacts, act: acts.StandDownSession, at: datetime) -> Decision:
    """The panel could not meet: the session is stood down, nobody is marked absent (case 20)."""
    return _end_live_session(facts, SessionEvent.STAND_DOWN, at, act.reason, act.reserve)


def _end_live_session(facts: CaseFacts, event: SessionEvent, at: datetime, reason: str, reserve: str = "") -> Decision:
    session = facts.session
    if session is None:
        return NotNow(facts.ref, event, "it has no session.")
    if SESSION.find(session.state, event) is None:
        return Refused(facts.ref, session.state, event, can=people_can(SESSION, session.state))
    if not reason.strip():
        return NotNow(facts.ref, event, "give a reason; the agency is told it.")
    why = "the panel could not meet" if event == SessionEvent.STAND_DOWN else "the session is not held"
    ended = end_session(facts, event, at, why, reason=reason, reserve=reserve)
    if session.state != SessionState.PENCILLED or facts.asked_at is None:
        return ended
    # Nobody was invited yet, but the request named the time to keep free.
    new = f"{reserve}; your invitation will give the time" if reserve else ""
    told = dates_changed_letter(ended.facts, at, "panel session", london.spell(session.starts_at), new, reason)
    (entry,) = ended.entries
    return replace(ended, entries=(replace(entry, letters=due_keys((told,))),), letters=(told,), stops=_OUTDATED)


def reply(rules: Rulebook, facts: CaseFacts, act: acts.ReplyToInvitation, at: datetime) -> Decision:
    """Record an attendee's answer; a later one replaces it."""
    session = facts.session
    if session is None or session.state != SessionState.INVITED:
        return NotNow(facts.ref, "REPLY", "no invitation of its is open; replies are recorded while one is.")
    known = {address.casefold(): address for address in (facts.agency.contact, *facts.agency.attendees) if address}
    if (attendee := known.get(act.attendee.casefold())) is None:
        return NotNow(facts.ref, "REPLY", f"{act.attendee} was not invited; check the address with `agencies show`.")
    answer = act.said or _told(session, attendee, act.answer, at)
    answers = newest(session.answers, answer)
    if answers is None:
        return NotNow(facts.ref, "REPLY", f"a newer answer of {attendee} is recorded already.")
    answered = replace(session, answers=answers)
    entry = Entry(
        at, Note.REPLY, f"s{session.number}", cause=answer.answer,
        data={"answer": answer.answer, "revision": session.revision},
        private={"attendee": attendee, **({"comment": act.comment} if act.comment else {})},
    )  # fmt: skip
    return Plan(replace(facts, session=answered), (entry,))


def _told(session: Session, attendee: str, word: str, at: datetime) -> Answer:
    """An answer told to a person now: it comes after whatever a calendar said, whatever that calendar's clock shows."""
    before = answer_of(session.answers, attendee)
    if before is None:
        return Answer(attendee, word, at, session.revision)
    after = max(at, before.at + timedelta(microseconds=1))
    return Answer(attendee, word, after, max(session.revision, before.sequence))
