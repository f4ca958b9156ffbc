"""Decides on judgement: considered, assessed, agreed, included, reopened. Pure."""

from __future__ import annotations

from datetime import datetime

from calendars import london
from s11flow.domain import acts, raters
from s11flow.domain.agenda import is_late
from s11flow.domain.decide.parts import Decision, after_transition, event_letter, find_transition
from s11flow.domain.decide.reports import with_reason
from s11flow.domain.errors import NotNow, Refused
from s11flow.domain.lifecycle import CASE
from s11flow.domain.model import (
    CaseEvent,
    CaseFacts,
    CaseState,
    SessionState,
    Track,
)
from s11flow.domain.statistics import SIGNED_STATEMENT
from s11flow.domain.step import CHASING_LETTERS
from s11flow.domain.timetable import (
    Rulebook,
    accuracy_check_closes,
)


def consider(rules: Rulebook, facts: CaseFacts, act: acts.Consider, at: datetime) -> Decision:
    """The panel has considered the agency: at its session, or on paper with a reason."""
    transition = find_transition(facts, CaseEvent.CONSIDER)
    if isinstance(transition, Refused):
        return transition
    session = facts.session
    attended = session is not None and session.state in (SessionState.ATTENDED, SessionState.ATTENDED_IN_PART)
    if act.how == "attendance" and not attended:
        return NotNow(facts.ref, "CONSIDER", "no attendance is recorded; record the session, or consider it on paper.")
    if act.how == "on paper" and not act.reason.strip():
        return NotNow(facts.ref, "CONSIDER", "give the reason for considering it on paper.")
    if facts.submission is not None and facts.readable is None and not attended:
        why = "its report is kept back, and nobody came: wait for the version in which no child can be recognised."
        return NotNow(facts.ref, "CONSIDER", why)
    if facts.submission is None and not attended:
        why = "there is neither a report nor an attendance to consider; it goes into the report as not submitted."
        return NotNow(facts.ref, "CONSIDER", why)
    return after_transition(
        facts, transition, at, cause=act.how, private={"reason": act.reason},
        basis=basis_of(facts), considered_at=at,
    )  # fmt: skip


def basis_of(facts: CaseFacts) -> str:
    """What a judgement on the case rests on, in the words that are printed with it."""
    if facts.state == CaseState.PLANNED and facts.submission is None:
        return "not asked"
    session = facts.session
    attended = session is not None and session.state in (SessionState.ATTENDED, SessionState.ATTENDED_IN_PART)
    if facts.readable is None:  # what is kept back nobody judges
        return "session alone" if attended else "nothing submitted"
    if facts.track == Track.LIGHT and not attended:
        return SIGNED_STATEMENT
    if is_late(facts):
        return "late report and session" if attended else "late report"
    return "report and session" if attended else "report alone"


def assess(rules: Rulebook, facts: CaseFacts, act: acts.Assess, at: datetime) -> Decision:
    """File a draft judgement; the agency checks its facts."""
    transition = find_transition(facts, CaseEvent.ASSESS)
    if isinstance(transition, Refused):
        return _to_be_considered_first(facts) or transition
    if (why := raters.why_not(rules.definition, facts, act)) is not None:
        return NotNow(facts.ref, CaseEvent.ASSESS, why)
    letter = event_letter(facts, "accuracy_check", at, "the draft judgement is ready to be checked for accuracy")
    by: dict[str, object] = {"author": act.author, "rated_by": list(act.rated_by)}
    return after_transition(
        facts, transition, at, cause=act.basis, data=by if act.author or act.rated_by else {}, letters=(letter,),
        assessed_at=at, agreed_at=None,
    )  # fmt: skip


def _to_be_considered_first(facts: CaseFacts) -> NotNow | None:
    """The refusal of a judgement on a case that the panel may consider and has not; None for any other."""
    if CASE.find(facts.state, CaseEvent.CONSIDER) is None:
        return None
    why = (
        "the panel has not considered it yet; record its session with `panel record`, or that it was considered "
        "without one with `case consider --on-paper`."
    )
    return NotNow(facts.ref, CaseEvent.ASSESS, why)


def agree(rules: Rulebook, facts: CaseFacts, act: acts.Agree, at: datetime) -> Decision:
    """Agree the judgement, once the agency has checked it or its check has closed; it gets its feedback."""
    transition = find_transition(facts, CaseEvent.AGREE)
    if isinstance(transition, Refused):
        return transition
    closes = check_closes(rules, facts)
    is_early = closes is not None and at < closes and not act.is_answered
    if closes is not None and is_early and not act.early.strip():
        why = (
            f"its accuracy check closes on {london.spell(closes)}; agree it then, file a version with what "
            "the agency answered (`agency_response`), or give the reason with `--before-check-closes`."
        )
        return NotNow(facts.ref, CaseEvent.AGREE, why)
    letter = event_letter(facts, "feedback", at, "the judgement is agreed")
    return after_transition(
        facts, transition, at, data={"check_was_open": True} if is_early else {},
        private={"reason": act.early} if is_early else {}, letters=(letter,),
        stops=frozenset({"accuracy_check"}), agreed_at=at,
    )  # fmt: skip


def check_closes(rules: Rulebook, facts: CaseFacts) -> datetime | None:
    """When the agency's check of the newest draft closes; None where there is no check."""
    if facts.assessed_at is None:
        return None
    met = None if facts.session is None else london.day_of(facts.session.starts_at)
    return accuracy_check_closes(rules, london.day_of(facts.assessed_at), met)


_INCLUDE = {
    "report": CaseEvent.INCLUDE_IN_REPORT,
    "statement": CaseEvent.INCLUDE_IN_STATEMENT,
    "close": CaseEvent.CLOSE,
}


def include(rules: Rulebook, facts: CaseFacts, act: acts.Include, at: datetime) -> Decision:
    """Take the case into the report, then the statement; then close it."""
    transition = find_transition(facts, _INCLUDE[act.step])
    if isinstance(transition, Refused):
        return transition
    if facts.state == CaseState.ACCEPTED and facts.track != Track.LIGHT:
        return NotNow(facts.ref, transition.event, "its report is still to be considered and judged by the panel.")
    basis = facts.basis or basis_of(facts)
    return after_transition(facts, transition, at, cause=basis, basis=basis, stops=CHASING_LETTERS)


def reopen(rules: Rulebook, facts: CaseFacts, act: acts.Reopen, at: datetime) -> Decision:
    """Open an agreed judgement again, with a reason; a case that went into the report without one has none to open."""
    if CASE.find(facts.state, CaseEvent.REOPEN) is not None and facts.assessed_at is None:
        why = (
            "no judgement was made on it, so there is none to open again; what has come since waits for the next cycle."
        )
        return NotNow(facts.ref, CaseEvent.REOPEN, why)
    return with_reason(facts, CaseEvent.REOPEN, at, act.reason, agreed_at=None)
