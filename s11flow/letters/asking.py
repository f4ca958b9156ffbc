"""What the letters that ask for a report, and remind of it, hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from s11flow.domain.model import CaseDates, Dated
from s11flow.domain.timetable import REVIVED
from s11flow.letters.blocks import (
    Slot,
    StandardAsked,
    day_words,
    instant_words,
    london_day,
    slot,
    standards,
    when_words,
)
from s11flow.letters.dossier import Writing
from s11flow.letters.heads import (
    AboutCase,
    case_head,
    text,
)
from s11flow.letters.recipients import case_facts


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
class ReportRequest(AboutCase):
    """The duty, the period, the standards, the dates with their reasons, the session to keep free.

    `asked_again` is a request after the agency was told that none was owed: it has a deadline of its own, no target.
    """

    standards: tuple[StandardAsked, ...]
    slot: Slot | None
    review_actions: tuple[str, ...]
    covers: tuple[str, ...]
    asked_again: bool


def report_request(w: Writing) -> ReportRequest:
    """Asks for the report."""
    facts = case_facts(w.letter)
    live = facts.session if facts.session is not None and facts.session.is_live else None
    return ReportRequest(
        *case_head(w),
        standards=standards(w.rules),
        slot=None if live is None else slot(live),
        review_actions=w.dossier.review_actions,
        covers=tuple(member.agency.name for member in facts.members),
        asked_again=facts.dates.deadline is not None and facts.dates.deadline.rule == REVIVED,
    )


@dataclass(frozen=True, slots=True)
class CoveredNotice(AboutCase):
    """Which agency reports for this one, and how many working days it would have for a report of its own."""

    lead: str
    days_if_not_named: int


def covered_notice(w: Writing) -> CoveredNotice:
    """Tells a member of a joint report who reports for it."""
    return CoveredNotice(
        *case_head(w),
        lead=case_facts(w.letter).agency.name,
        days_if_not_named=w.rules.definition.policy.revived_working_days,
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
    """The old date, the new one, and why."""

    what: str
    old: str
    new: str
    reason: str


def dates_changed(w: Writing) -> DatesChanged:
    """Tells whoever was told the old date of the new one."""
    about = w.letter.about
    return DatesChanged(
        *case_head(w),
        what=text(about, "what") or "date",
        old=when_words(about.get("old")),
        new=when_words(about.get("new")),
        reason=text(w.letter.private, "reason"),
    )
