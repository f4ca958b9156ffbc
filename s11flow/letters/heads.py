"""What letters have in common: who writes, who reads, which case, which dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from s11flow.domain.model import CaseFacts, Session
from s11flow.domain.replies import answer_of
from s11flow.letters.blocks import (
    Case,
    Dates,
    House,
    Reader,
    Slot,
    StandardAsked,
    case,
    dates,
    day_words,
    house,
    london_day,
    slot,
    standards,
)
from s11flow.letters.dossier import Writing
from s11flow.letters.recipients import case_facts, person_of, whose


@dataclass(frozen=True, slots=True)
class AboutCase:
    """What every letter about a case holds. `*_passed` is as of `written_on`, the day it was written."""

    house: House
    reader: Reader
    case: Case
    dates: Dates
    written_on: str
    target_passed: bool
    deadline_passed: bool


@dataclass(frozen=True, slots=True)
class AboutSession(AboutCase):
    """What every letter about a session holds."""

    slot: Slot
    standards: tuple[StandardAsked, ...]
    has_report: bool


@dataclass(frozen=True, slots=True)
class AboutPartnership:
    """What a letter that is about no single case holds."""

    house: House
    reader: Reader
    ref: str
    written_on: str


def case_head(w: Writing) -> tuple[House, Reader, Case, Dates, str, bool, bool]:
    """What every letter about a case begins with."""
    facts = case_facts(w.letter)
    ref, agency, _ = whose(w.letter)
    given = facts.dates
    return (
        house(w.rules),
        reader(w),
        case(w.rules, ref, agency.name, agency.code, facts.cycle, facts.track, facts.interests),
        dates(w.rules, given),
        day_words(london_day(w.now)),
        w.now > given.target.at,
        given.deadline is not None and w.now > given.deadline.at,
    )


def session_head(
    w: Writing, *, cancelled: bool = False
) -> tuple[House, Reader, Case, Dates, str, bool, bool, Slot, tuple[StandardAsked, ...], bool]:
    """What every letter about a session begins with."""
    facts = case_facts(w.letter)
    session = session_of(w)
    answered = answer_of(session.answers, w.to.address)
    given = slot(session, cancelled=cancelled)
    if answered is not None:
        given = replace(given, answered=answered.answer.upper())
    return (*case_head(w), given, standards(w.rules), facts.submission is not None)


def plain_head(w: Writing) -> tuple[House, Reader, str, str]:
    """What a letter about no single case begins with."""
    return house(w.rules), reader(w), w.letter.facts.ref, day_words(london_day(w.now))


def session_of(w: Writing) -> Session:
    """The session of the case; raises ValueError where there is none."""
    session = case_facts(w.letter).session
    if session is None:
        raise ValueError(f"The letter {w.letter.kind} cannot be written for {w.letter.facts.ref}: it has no session.")
    return session


def reader(w: Writing) -> Reader:
    """Whoever reads: greeted by name if the register has one, else by role, else as a colleague."""
    to = w.to
    if to.recipient in ("contact", "sender") or to.recipient.startswith("attendee-"):
        return Reader(to.recipient, _greet_agency(w), to.address, "")
    person = person_of(w.rules, to)
    if person is not None:
        return Reader(to.recipient, f"Dear {person.title}", to.address, _why_own_copy(w))
    return Reader(to.recipient, "Dear colleague", to.address, _why_copied(w))


def _greet_agency(w: Writing) -> str:
    _, agency, _ = whose(w.letter)
    if w.to.recipient != "contact" and w.to.address.casefold() != (agency.contact or "").casefold():
        return "Dear colleague"
    return f"Dear {agency.contact_name or agency.contact_role or 'colleague'}"


_COPIED = frozenset({"report_request", "non_submission", "feedback", "escalation_resolved", "escalation_stood_down"})


def _why_copied(w: Writing) -> str:
    if w.letter.kind not in _COPIED or not isinstance(w.letter.facts, CaseFacts):
        return ""
    role, name = w.to.recipient, w.letter.facts.agency.name
    if role.startswith("member-"):
        own = next((m.agency.name for m in w.letter.facts.members if m.agency.code == w.to.agency), w.to.agency)
        return f"You receive this as the senior leader of {own}, for which {name} owes a joint report."
    if role == "senior_leader":
        return f"You receive this as the senior leader of {whose(w.letter)[1].name}."
    return ""


def _why_own_copy(w: Writing) -> str:
    if w.letter.kind != "chair_letter" or not isinstance(w.letter.facts, CaseFacts):
        return ""
    return f"This is your copy of the letter that we sent for you to the senior leader of {whose(w.letter)[1].name}."


def text(values: Mapping[str, object], key: str) -> str:
    """A value as text; nothing for None or a missing key."""
    value = values.get(key)
    return "" if value is None else str(value)


def texts(values: object) -> tuple[str, ...]:
    """A list of values as texts; nothing for anything else."""
    return tuple(str(item) for item in values) if isinstance(values, Sequence) and not isinstance(values, str) else ()


def rows(values: object) -> tuple[Mapping[str, object], ...]:
    """The mappings of a list; nothing for anything else."""
    if not isinstance(values, Sequence) or isinstance(values, str):
        return ()
    return tuple(row for row in values if isinstance(row, Mapping))
