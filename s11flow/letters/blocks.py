"""The parts that letters share, in words, and the one way a context becomes text that never changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

import orjson

from calendars import london
from s11flow.domain.model import CaseDates, PanelDayFacts, Session, Track
from s11flow.domain.timetable import Rulebook


@dataclass(frozen=True, slots=True)
class House:
    """Who writes: the partnership, where answers go, who signs (a role)."""

    name: str
    area: str
    mailbox: str
    sender: str
    sender_name: str
    website: str
    report_subject: str
    signed_by: str
    panel_minutes: int


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: the role, the greeting, the address, and why a copy came (empty for the one who is asked)."""

    role: str
    greeting: str
    address: str
    note: str


@dataclass(frozen=True, slots=True)
class Case:
    """Which case: its reference, its agency as named now, its cycle.

    `chair` is the title of whoever would be told of a non-submission; empty where nobody is, in a body's first year.
    """

    ref: str
    agency: str
    code: str
    cycle: str
    chair: str


@dataclass(frozen=True, slots=True)
class Dates:
    """The dates of a case in words, each with the sentence that explains it; empty where there is none yet.

    `counts` says which of them non-submission runs from: "deadline" or "target".
    """

    period: str
    target: str
    target_why: str
    deadline: str
    deadline_why: str
    panel_day: str
    cut_off: str
    counts: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A session in words, and the facts its calendar part is made from; instants are ISO 8601 with London's offset.

    `revised_at` is when it came to stand so; `answered` is what its reader has answered to this time, in a calendar's
    word, or empty.
    """

    day: str
    span: str
    minutes: int
    place: str
    link: str
    starts_at: str
    ends_at: str
    uid: str
    sequence: int
    revised_at: str
    answered: str = ""


@dataclass(frozen=True, slots=True)
class StandardAsked:
    """A standard and the texts of its numbered requirements."""

    number: str
    title: str
    requirements: tuple[RequirementAsked, ...]


@dataclass(frozen=True, slots=True)
class RequirementAsked:
    """One numbered requirement, as published where the partnership has published it."""

    number: str
    text: str


@lru_cache(maxsize=64)
def house(rules: Rulebook) -> House:
    """The partnership as its letters name it."""
    words, people = rules.definition.partnership, rules.definition.people
    return House(
        name=words.name,
        area=words.area,
        mailbox=words.mailbox,
        sender=words.sender,
        sender_name=words.sender_name,
        website=words.website,
        report_subject=words.report_subject,
        signed_by=people.business_unit.title,
        panel_minutes=rules.definition.panel.session_minutes,
    )


@lru_cache(maxsize=4096)
def case(
    rules: Rulebook, ref: str, agency: str, code: str, cycle: str, track: Track, interests: tuple[str, ...] = ()
) -> Case:
    """The case as its letters name it."""
    is_told = track != Track.FIRST_YEAR or rules.definition.policy.first_year_is_escalated
    return Case(ref, agency, code, cycle, chair_title(rules, code, interests) if is_told else "")


def chair_title(rules: Rulebook, code: str, interests: tuple[str, ...] = ()) -> str:
    """Who is told about an agency: the Chair, the alternate, or where neither may be, the business unit decides."""
    return (rules.definition.chair_for(code, interests) or rules.definition.people.business_unit).title


@lru_cache(maxsize=4096)
def dates(rules: Rulebook, given: CaseDates) -> Dates:
    """The dates of a case in words."""
    starts, ends = given.period or rules.definition.period_of(given.target.on.year)
    return Dates(
        period=f"{short_day(starts)} to {short_day(ends)}",
        target=london.spell(given.target.at),
        target_why=given.target.why,
        deadline="" if given.deadline is None else london.spell(given.deadline.at),
        deadline_why="" if given.deadline is None else given.deadline.why,
        panel_day="" if given.panel_day is None else london.spell_day(given.panel_day.on),
        cut_off=london.spell(given.cut_off.at),
        counts=rules.definition.policy.escalate_from,
    )


def slot(session: Session, *, cancelled: bool = False) -> Slot:
    """A session in words; calling it off is a change too, so its sequence is one higher."""
    sequence = session.revision + 1 if cancelled else session.revision
    return _slot(session.starts_at, session.ends_at, session.place, session.uid, sequence, session.revised_at)


def day_slot(rules: Rulebook, day: PanelDayFacts) -> Slot:
    """A panel day as its members have it in their diaries: from the panel's first hour to its last."""
    panel, told_at = rules.definition.panel, day.told_at or day.added_at
    starts_at, ends_at = london.instant(day.on, panel.starts), london.instant(day.on, panel.ends)
    return _slot(starts_at, ends_at, panel.place, day.uid, day.revision, told_at)


@lru_cache(maxsize=4096)
def _slot(starts_at: datetime, ends_at: datetime, place: str, uid: str, sequence: int, revised_at: datetime) -> Slot:
    starts, ends = london.local(starts_at), london.local(ends_at)
    return Slot(
        day=london.spell_day(starts.date()),
        span=f"{london.spell_time(starts.time())} to {london.spell_time(ends.time())}",
        minutes=int((ends_at - starts_at).total_seconds() // 60),
        place=place,
        link=next((word.strip(".,;()<>") for word in place.split() if word.startswith("https://")), ""),
        starts_at=london.iso(starts_at),
        ends_at=london.iso(ends_at),
        uid=uid,
        sequence=sequence,
        revised_at=london.iso(revised_at),
    )


@lru_cache(maxsize=64)
def standards(rules: Rulebook) -> tuple[StandardAsked, ...]:
    """The standards with their requirements, in the partnership's published words where it has given them."""
    return tuple(
        StandardAsked(
            standard.number,
            standard.published or standard.title,
            tuple(RequirementAsked(item.number, item.published or item.text) for item in standard.requirements),
        )
        for standard in rules.definition.standards
    )


@lru_cache(maxsize=4096)
def day_words(on: date) -> str:
    """A day as letters write it."""
    return london.spell_day(on)


@lru_cache(maxsize=4096)
def instant_words(at: datetime) -> str:
    """An instant as letters write it, in London."""
    return london.spell(at)


@lru_cache(maxsize=4096)
def london_day(at: datetime) -> date:
    """The day in London at an instant."""
    return london.day_of(at)


def short_day(on: date) -> str:
    """A day without its weekday: "1 April 2025"."""
    return london.spell_day(on).split(" ", 1)[1]


def when_words(value: object) -> str:
    """A day or an instant in words, whether given as itself or as ISO text; any other text as it is."""
    if isinstance(value, datetime):
        return london.spell(value)
    if isinstance(value, date):
        return london.spell_day(value)
    read = _read_iso(str(value or ""))
    return str(value or "") if read is None else when_words(read)


def time_words(value: object) -> str:
    """Only the time of an instant given as itself or as ISO text ("9:30am"); any other text as it is."""
    read = value if isinstance(value, datetime) else _read_iso(str(value or ""))
    if isinstance(read, datetime):
        return london.spell_time(london.local(read).time())
    return str(value or "")


def _read_iso(text: str) -> date | datetime | None:
    try:
        if len(text) == len("2026-10-20"):
            return date.fromisoformat(text)
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.utcoffset() is not None else None


def canonical(context: object) -> str:
    """A dataclass as JSON: its fields in the order of its class, no spaces. Equal contexts give equal text."""
    return orjson.dumps(context, option=orjson.OPT_SORT_KEYS).decode()
