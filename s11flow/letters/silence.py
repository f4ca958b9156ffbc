"""What the letters about a report that did not come hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from calendars import london
from s11flow.domain.agenda import is_late
from s11flow.domain.model import CaseFacts, CaseState, EscalationState
from s11flow.domain.timetable import Rulebook, dates_ladder, owed_by
from s11flow.letters.blocks import (
    chair_title,
    day_words,
    instant_words,
    london_day,
)
from s11flow.letters.dossier import Writing
from s11flow.letters.heads import (
    AboutCase,
    case_head,
    text,
)
from s11flow.letters.recipients import case_facts, role_words, whose


@dataclass(frozen=True, slots=True)
class LetterOnRecord:
    """One earlier letter: when it was owed or left, what it was, to whom, and how it stands."""

    on: str
    what: str
    to: str
    address: str
    status: str


@dataclass(frozen=True, slots=True)
class EscalationWarning(AboutCase):
    """Which agency will be reported to whom, when, and how to hold it."""

    confirmed_at: str
    goes_to: str
    goes_at: str
    members: tuple[str, ...]


def escalation_warning(w: Writing) -> EscalationWarning:
    """Warns the business unit before anybody is reported."""
    facts = case_facts(w.letter)
    person = w.rules.definition.chair_for(whose(w.letter)[1].code, facts.interests)
    confirmed = (action.due_at for action in dates_ladder(w.rules, facts.dates) if action.kind == "non_submission")
    return EscalationWarning(
        *case_head(w),
        confirmed_at=instant_words(next(confirmed, w.now)),
        goes_to="" if person is None else person.title,
        goes_at=instant_words(_reported_at(w.rules, facts, warned_at=w.now)),
        members=tuple(member.agency.name for member in facts.owing_members),
    )


def _reported_at(rules: Rulebook, facts: CaseFacts, *, warned_at: datetime) -> datetime:
    """When the Chair is told: by the timetable, and never sooner than the days a warning gives."""
    wait = rules.definition.policy.escalation_after_warning_working_days
    soonest = rules.days.add(rules.days.roll_forward(london_day(warned_at)), wait)
    at = london.instant(soonest, rules.definition.timetable.escalation.at)
    planned = (action.due_at for action in dates_ladder(rules, facts.dates) if action.kind == "escalation")
    return max(at, next(planned, at))


@dataclass(frozen=True, slots=True)
class NonSubmission(AboutCase):
    """What was owed by when, what was sent when, what happens next."""

    owed: str
    sent: tuple[LetterOnRecord, ...]
    goes_to: str
    goes_at: str
    members: tuple[str, ...]


def non_submission(w: Writing) -> NonSubmission:
    """Tells the agency that it stands as not having reported."""
    facts = case_facts(w.letter)
    warned_at = w.now if facts.escalation is None else facts.escalation.warned_at or w.now
    person = w.rules.definition.chair_for(facts.agency.code, facts.interests)
    return NonSubmission(
        *case_head(w),
        owed=_owed(w),
        sent=_on_record(w, with_address=False),
        goes_to=chair_title(w.rules, facts.agency.code, facts.interests),
        goes_at="" if person is None else day_words(london_day(_reported_at(w.rules, facts, warned_at=warned_at))),
        members=tuple(member.agency.name for member in facts.owing_members),
    )


def _owed(w: Writing) -> str:
    owed = owed_by(w.rules, case_facts(w.letter).dates)
    return "" if owed is None else instant_words(owed.at)


_OURS = frozenset({"business_unit", "executive_chair", "alternate"})


def _on_record(w: Writing, *, with_address: bool) -> tuple[LetterOnRecord, ...]:
    """Every letter to the agency; those among ourselves are not its business."""
    return tuple(
        LetterOnRecord(
            on=instant_words(letter.sent_at or letter.at),
            what=kind_words(letter.kind),
            to=role_words(letter.recipient),
            address=letter.to_address if with_address else "",
            status=letter.status_words,
        )
        for letter in w.dossier.correspondence
        if letter.recipient not in _OURS
    )


_CALLED = {"report_request": "Request for the report", "non_submission": "Notice of non-submission"}


def kind_words(kind: str) -> str:
    """A kind of letter as a reader calls it."""
    return _CALLED.get(kind) or kind.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class EscalationLetter(AboutCase):
    """All that the Chair needs: the duty, the dates, the letters, last year, a draft to send."""

    owed: str
    sent: tuple[LetterOnRecord, ...]
    last_year: str
    lead: str
    senior_leader: str
    signed_by: str


def escalation(w: Writing) -> EscalationLetter:
    """Reports a non-submission to the Chair."""
    facts = case_facts(w.letter)
    _, agency, _ = whose(w.letter)
    return EscalationLetter(
        *case_head(w),
        owed=_owed(w),
        sent=_on_record(w, with_address=True),
        last_year=w.dossier.last_year,
        lead="" if agency.code == facts.agency.code else facts.agency.name,
        senior_leader=agency.senior_leader or "",
        signed_by=_chair_title(w),
    )


@dataclass(frozen=True, slots=True)
class ChairLetter(AboutCase):
    """The Chair's own words, over the facts."""

    words: str
    signed_by: str
    owed: str


def chair_letter(w: Writing) -> ChairLetter:
    """The Chair writes to the senior leader."""
    words = text(w.letter.private, "words")
    return ChairLetter(*case_head(w), words=words, signed_by=_chair_title(w), owed=_owed(w))


def _chair_title(w: Writing) -> str:
    return chair_title(w.rules, whose(w.letter)[1].code, case_facts(w.letter).interests)


@dataclass(frozen=True, slots=True)
class EscalationEnded(AboutCase):
    """Why it ended, and what follows; `due` is when the report of a withdrawn one is owed instead, if it is."""

    reason: str
    arrived_at: str
    owed: str
    late: bool
    withdrawn: bool
    due: str


def escalation_ended(w: Writing) -> EscalationEnded:
    """Tells those who knew that an escalation is over."""
    facts = case_facts(w.letter)
    report = facts.submission
    withdrawn = facts.escalation is not None and facts.escalation.state == EscalationState.WITHDRAWN
    return EscalationEnded(
        *case_head(w),
        reason=text(w.letter.private, "reason"),
        arrived_at="" if report is None else instant_words(report.arrived_at),
        owed=_owed(w),
        late=is_late(facts),
        withdrawn=withdrawn,
        due=_owed(w) if withdrawn and facts.state == CaseState.REQUESTED else "",
    )


@dataclass(frozen=True, slots=True)
class Correction(AboutCase):
    """Which letter was wrong, what it said, what is right."""

    letter: str
    wrong: str
    right: str


def correction(w: Writing) -> Correction:
    """Puts a wrong letter right."""
    private = w.letter.private
    return Correction(
        *case_head(w),
        letter=text(w.letter.about, "kind").replace("_", " ") or "letter",
        wrong=text(private, "wrong"),
        right=text(private, "right"),
    )
