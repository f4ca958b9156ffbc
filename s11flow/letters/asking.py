"""What the letters that ask for a report, and remind of it, hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from calendars import london
from s11flow.domain.model import AgencyStatus, CaseDates, CaseFacts, Dated, SessionState, Track
from s11flow.domain.timetable import REVIVED
from s11flow.letters.blocks import (
    Slot,
    StandardAsked,
    day_words,
    instant_words,
    london_day,
    short_day,
    slot,
    standards,
    when_words,
)
from s11flow.letters.dossier import FormFacts, Writing
from s11flow.letters.heads import (
    AboutCase,
    case_head,
    text,
    texts,
)
from s11flow.letters.recipients import case_facts, whose


@dataclass(frozen=True, slots=True)
class ContactCheck(AboutCase):
    """The details held, as labels and values, and the day the request leaves."""

    details: tuple[Detail, ...]
    request_on: str


@dataclass(frozen=True, slots=True)
class Detail:
    """One detail the register holds."""

    label: str
    held: str


def contact_check(w: Writing) -> ContactCheck:
    """Asks whether what the register holds is right."""
    facts = case_facts(w.letter)
    agency = facts.agency
    held = (
        ("Agency", agency.name),
        ("Contact's name", agency.contact_name),
        ("Contact's role", agency.contact_role),
        ("Contact's address", agency.contact),
        ("Deputy", agency.deputy),
        ("Senior leader", agency.senior_leader),
        *((("Data protection", agency.data_protection),) if agency.data_protection else ()),
        ("Invited to the panel", ", ".join(agency.attendees)),
    )
    details = tuple(Detail(label, value or "none held") for label, value in held)
    return ContactCheck(*case_head(w), details=details, request_on=day_words(facts.dates.request.on))


@dataclass(frozen=True, slots=True)
class ContactWanted(AboutCase):
    """Who is needed, and why."""


def contact_wanted(w: Writing) -> ContactWanted:
    """Asks the senior leader to name a contact."""
    return ContactWanted(*case_head(w))


@dataclass(frozen=True, slots=True)
class ContactAtRisk(AboutCase):
    """What does not reach the contact, as the register has them, and which letters wait for another one."""

    how: str
    contact: str
    waiting: tuple[str, ...]


def contact_at_risk(w: Writing) -> ContactAtRisk:
    """Asks the deputy and the senior leader who answers for the agency now."""
    about, agency = w.letter.about, whose(w.letter)[1]
    return ContactAtRisk(
        *case_head(w),
        how=text(w.letter.private, "how"),
        contact=agency.contact_name or agency.contact_role or agency.contact or "",
        waiting=tuple(kind.replace("_", " ") for kind in texts(about.get("waiting"))),
    )


@dataclass(frozen=True, slots=True)
class ReportRequest(AboutCase):
    """The duty, the period, the standards, the dates with their reasons, the session to keep free.

    `asked_again` is a request after the agency was told that none was owed: it has a deadline of its own, no target.
    `handed_over` is the day on which the contact before this one was asked. `merged` are bodies that became part of the
    agency. On the light track a signed statement is
    asked (`is_statement`), with evidence for the standards of `evidence_for`.
    """

    standards: tuple[StandardAsked, ...]
    slot: Slot | None
    review_actions: tuple[str, ...]
    covers: tuple[str, ...]
    asked_again: bool
    handed_over: str = ""
    merged: tuple[str, ...] = ()
    is_statement: bool = False
    evidence_for: tuple[str, ...] = ()
    form: Form | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """What the form that goes with the request is made from, beside what the letter says; `file` is its name.

    Days and instants are ISO 8601. `last_answers` are by requirement, what the agency said in `last_cycle`.
    """

    file: str
    period_from: str
    period_to: str
    deadline: str
    made_at: str
    scale: tuple[RatingAsked, ...]
    actions: tuple[ActionHeld, ...]
    last_cycle: str
    last_answers: dict[str, str]


@dataclass(frozen=True, slots=True)
class RatingAsked:
    """A point of the scale, as the form explains it."""

    code: str
    word: str
    meaning: str


@dataclass(frozen=True, slots=True)
class ActionHeld:
    """An action from a review that is held as open."""

    called: str
    what: str
    review: str
    status: str


def report_request(w: Writing) -> ReportRequest:
    """Asks for the report."""
    facts = case_facts(w.letter)
    live = facts.session if facts.session is not None and facts.session.is_live else None
    house, reader, case, dates, written_on, target_passed, deadline_passed = case_head(w)
    known = w.dossier.form
    if known is not None:
        dates = replace(dates, period=" to ".join(short_day(on) for on in known.period))
    return ReportRequest(
        house,
        reader,
        case,
        dates,
        written_on,
        target_passed,
        deadline_passed,
        standards=standards(w.rules),
        slot=None if live is None else slot(live),
        review_actions=w.dossier.review_actions,
        covers=tuple(member.agency.name for member in facts.owing_members),
        merged=tuple(member.agency.name for member in facts.merged_members),
        asked_again=facts.dates.deadline is not None and facts.dates.deadline.rule == REVIVED,
        handed_over=text(w.letter.about, "handed_over"),
        is_statement=facts.track == Track.LIGHT,
        evidence_for=w.dossier.evidence_for if facts.track == Track.LIGHT else (),
        # One form for an agency, with whoever is asked: its senior leader gets a copy of the letter alone.
        form=_form(w, facts, known) if known is not None and w.to.recipient == "contact" else None,
    )


_UNSAFE = re.compile(r"[^A-Za-z0-9]+")


def _form(w: Writing, facts: CaseFacts, known: FormFacts) -> Form:
    return Form(
        file=f"Section-11-report-{_UNSAFE.sub('-', facts.ref)}.docx",
        period_from=known.period[0].isoformat(),
        period_to=known.period[1].isoformat(),
        deadline="" if facts.dates.deadline is None else london.iso(facts.dates.deadline.at),
        made_at=london.iso(w.now),
        scale=tuple(RatingAsked(each.code, each.word, each.meaning) for each in w.rules.definition.scale),
        actions=tuple(ActionHeld(each.called, each.title, each.origin, str(each.status)) for each in known.actions),
        last_cycle=known.last_cycle,
        last_answers=dict(known.last_answers),
    )


@dataclass(frozen=True, slots=True)
class CoveredNotice(AboutCase):
    """Which agency reports for this one, and how many working days it would have for a report of its own.

    `merged` is what became of it (`part of X since Thursday 1 October 2026`): then it owes nothing itself.
    """

    lead: str
    days_if_not_named: int
    merged: str = ""


def covered_notice(w: Writing) -> CoveredNotice:
    """Tells a member of a joint report who reports for it, and an agency that ended who does in its place."""
    _, agency, _ = whose(w.letter)
    return CoveredNotice(
        *case_head(w),
        lead=case_facts(w.letter).agency.name,
        days_if_not_named=w.rules.definition.policy.revived_working_days,
        merged=agency.status_reason if agency.status == AgencyStatus.ENDED else "",
    )


@dataclass(frozen=True, slots=True)
class Reminder(AboutCase):
    """Which date it reminds of, and how long is left on the day it was written."""

    is_target: bool
    due: str
    due_passed: bool
    left: str


def reminder(w: Writing) -> Reminder:
    """Reminds of the target or of the deadline."""
    due = _due(w)
    passed = w.now > due.at
    return Reminder(
        *case_head(w),
        is_target=w.letter.about.get("anchor") != "deadline",
        due=instant_words(due.at),
        due_passed=passed,
        left="" if passed else _left((due.on - london_day(w.now)).days),
    )


def _due(w: Writing) -> Dated:
    return due_of(case_facts(w.letter).dates, w.letter.about)


def due_of(given: CaseDates, about: Mapping[str, object]) -> Dated:
    """The date a reminder is about."""
    return given.target if about.get("anchor") != "deadline" or given.deadline is None else given.deadline


def _left(days: int) -> str:
    if days <= 0:
        return "it is due today"
    return "one day is left: it is due tomorrow" if days == 1 else f"{days} days are left"


@dataclass(frozen=True, slots=True)
class TargetMissed(AboutCase):
    """The target has passed; the deadline has not."""


def target_missed(w: Writing) -> TargetMissed:
    """Says that the target has passed and what follows."""
    return TargetMissed(*case_head(w))


@dataclass(frozen=True, slots=True)
class DatesChanged(AboutCase):
    """The old date, the new one (empty where there is none for now), and why.

    The panel day is among the dates only until the agency is invited; from then on its invitation says it.
    """

    what: str
    old: str
    new: str
    reason: str


def dates_changed(w: Writing) -> DatesChanged:
    """Tells whoever was told the old date of the new one."""
    about = w.letter.about
    session = case_facts(w.letter).session
    told = DatesChanged(
        *case_head(w),
        what=text(about, "what") or "date",
        old=when_words(about.get("old")),
        new=when_words(about.get("new")),
        reason=text(w.letter.private, "reason"),
    )
    day = (
        day_words(london_day(session.starts_at))
        if session is not None and session.state == SessionState.PENCILLED
        else ""
    )
    return replace(told, dates=replace(told.dates, panel_day=day))
