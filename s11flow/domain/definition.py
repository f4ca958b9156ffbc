"""What a partnership's procedure says, as typed data: its dates, people, standards, ladder and limits.

A definition is read from TOML once, checked, and pinned by content when a cycle opens. Nothing in it is evaluated.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, fields
from datetime import date, time
from typing import ClassVar, Literal

_STRICT: dict[str, object] = {"extra": "forbid"}

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Anchor = Literal["month", "request", "target", "deadline", "panel_day", "session", "last_panel_day", "return_by"]
Week = Literal["first_full", "holding_first", "first_seven_days"]
Roll = Literal["back", "forward"]


@dataclass(frozen=True, slots=True)
class DateRule:
    """How one date is worked out. Exactly one way of counting is given.

    With `anchor = "month"`: `week` and `weekday` (a week of the month), or `nth` and `weekday`, or `day` (and `roll`).
    With any other anchor: `days` (and `roll`) for calendar days, or `working_days`. Negative counts lie before.
    `at` is the wall clock in London.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT
    anchor: Anchor
    at: time
    days: int | None = None
    working_days: int | None = None
    roll: Roll | None = None
    month: int | None = None
    week: Week | None = None
    weekday: Weekday | None = None
    nth: int | None = None
    day: int | None = None


@dataclass(frozen=True, slots=True)
class Rung:
    """A reminder of the ladder: its name (`target-14d`) and when it goes."""

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT
    name: str
    rule: DateRule


@dataclass(frozen=True, slots=True)
class TimetableRules:
    """Every rule of the timetable, in the order a year runs."""

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT
    contact_check: DateRule
    report_request: DateRule
    panel_invitation: DateRule
    target: DateRule
    target_missed: DateRule
    deadline: DateRule
    non_submission: DateRule
    escalation: DateRule
    panel_pack: DateRule
    reply_chase: DateRule
    session_reminder: DateRule
    assessment_due: DateRule
    accuracy_closes: DateRule
    return_by_reminder: DateRule
    report_cut_off: DateRule
    reminders: tuple[Rung, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """The limits and choices the procedure leaves open; each default is named in the definition's guide."""

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT
    escalate_from: Literal["deadline", "target"] = "deadline"
    fair_notice_working_days: int = 15
    extension_limit_working_days: int = 10
    return_by_working_days: int = 5
    revived_working_days: int = 10
    escalation_after_warning_working_days: int = 1
    explain_absence_working_days: int = 3
    outcome_working_days: int = 1
    first_year_is_escalated: bool = False
    digest_at: time = time(7, 30)
    free_time_requests: int = 1


@dataclass(frozen=True, slots=True)
class Break:
    """A part of a panel day in which no session may lie."""

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT
    starts: time
    ends: time


@dataclass(frozen=True, slots=True)
class PanelRules:
    """How a panel day is laid out, London wall clock."""

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT
    starts: time
    ends: time
    place: str
    session_minutes: int = 30
    breaks: tuple[Break, ...] = ()
    quorum: int | None = None
    travel_minutes: int = 15


@dataclass(frozen=True, slots=True)
class PartnershipWords:
    """The partnership's code, name and addresses."""

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT
    code: str
    name: str
    area: str
    mailbox: str
    sender: str
    sender_name: str
    website: str = ""
    report_subject: str = "S11 Report"


@dataclass(frozen=True, slots=True)
class Person:
    """A role of the procedure (never a person's name) with its address and, where it has one, its agency's code."""

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT
    title: str
    email: str
    agency: str | None = None


@dataclass(frozen=True, slots=True)
class People:
    """Who holds which part of the procedure."""

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT
    business_unit: Person
    executive_chair: Person
    panel: tuple[Person, ...]
    alternate: Person | None = None
    circulation: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True)
class PeriodRules:
    """The twelve months a report covers end on this day of the cycle's year, unless a year has a period of its own."""

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT
    ends_month: int = 3
    ends_day: int = 31
    months: int = 12
    own: tuple[OwnPeriod, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnPeriod:
    """A cycle year whose period differs (the first one covered two years)."""

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT
    year: int
    starts: date
    ends: date


@dataclass(frozen=True, slots=True)
class Requirement:
    """One numbered requirement; `published` is room for the partnership's own published wording."""

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT
    number: str
    text: str
    published: str = ""


@dataclass(frozen=True, slots=True)
class Standard:
    """A standard with its requirements."""

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT
    number: str
    title: str
    requirements: tuple[Requirement, ...]
    published: str = ""


@dataclass(frozen=True, slots=True)
class Rating:
    """A point of the scale: its stored code, its word, and how it is told apart without colour."""

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT
    code: str
    word: str
    meaning: str
    pattern: str
    colour: str


@dataclass(frozen=True, slots=True)
class OtherPoint:
    """What is written for a point of another scale, and the code of the rating it counts as."""

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT
    given: str
    rating: str


@dataclass(frozen=True, slots=True)
class OtherScale:
    """A scale that agencies may know from elsewhere, and how its points count here; both are printed."""

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT
    name: str
    points: tuple[OtherPoint, ...]

    @property
    def words(self) -> str:
        """The table in words, as it is printed beside what was read by it."""
        said = ", ".join(f'"{point.given}" is read as {point.rating}' for point in self.points)
        return f"{self.name}: {said}."


@dataclass(frozen=True, slots=True)
class DutyBody:
    """A kind of body that the Act names; `category` matches the register's."""

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT
    category: str
    title: str


@dataclass(frozen=True, slots=True)
class Closure:
    """A day the office is closed though it is no bank holiday."""

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT
    on: date
    why: str


@dataclass(frozen=True, slots=True)
class Definition:
    """A partnership's whole procedure."""

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT
    schema: int
    partnership: PartnershipWords
    standards_version: str
    period: PeriodRules
    timetable: TimetableRules
    policy: Policy
    panel: PanelRules
    people: People
    standards: tuple[Standard, ...]
    scale: tuple[Rating, ...]
    duty_bodies: tuple[DutyBody, ...] = ()
    closures: tuple[Closure, ...] = ()
    other_scales: tuple[OtherScale, ...] = ()
    letters_off: tuple[str, ...] = field(default=())

    def chair_for(self, agency: str, declared: Collection[str] = ()) -> Person | None:
        """Who is told that *agency* did not submit: never somebody who belongs to it (None: the Business Manager).

        Nor is it somebody whose title is among those who *declared* an interest in it.
        """
        for person in (self.people.executive_chair, self.people.alternate):
            if person is not None and person.agency != agency and person.title not in declared:
                return person
        return None

    def on_other_scale(self, given: str) -> tuple[OtherScale, str] | None:
        """The scale that has the point *given*, whatever its capitals, and the rating it counts as; or None."""
        said = given.strip().casefold()
        for scale in self.other_scales:
            for point in scale.points:
                if point.given.casefold() == said:
                    return scale, point.rating
        return None

    def period_of(self, year: int) -> tuple[date, date]:
        """The first and last day the cycle of *year* reports on."""
        for own in self.period.own:
            if own.year == year:
                return own.starts, own.ends
        ends = date(year, self.period.ends_month, self.period.ends_day)
        months = ends.year * 12 + ends.month - self.period.months
        return date(months // 12, months % 12 + 1, 1), ends


def faults(definition: Definition) -> tuple[str, ...]:
    """Every fault types cannot see, each naming the key, what is wrong, what would do. Empty when it can be used."""
    return (
        *_rule_faults(definition),
        *_number_faults(definition),
        *_other_scale_faults(definition),
        *_panel_faults(definition),
        *_policy_faults(definition),
    )


def named_rules(rules: TimetableRules) -> tuple[tuple[str, DateRule], ...]:
    """Every rule with the key it stands under in the definition."""
    plain = [(item.name, getattr(rules, item.name)) for item in fields(rules) if item.name != "reminders"]
    return tuple(
        (f"timetable.{name}", rule)
        for name, rule in [*plain, *((f"reminders.{r.name}", r.rule) for r in rules.reminders)]
    )


_ANCHORS_OF: dict[str, tuple[Anchor, ...]] = {
    "contact_check": ("request",),
    "report_request": ("month",),
    "panel_invitation": ("month",),
    "target": ("month",),
    "target_missed": ("target",),
    "deadline": ("panel_day",),
    "non_submission": ("deadline",),
    "escalation": ("deadline",),
    "panel_pack": ("panel_day", "session"),
    "reply_chase": ("session",),
    "session_reminder": ("session",),
    "assessment_due": ("session",),
    "accuracy_closes": ("session",),
    "return_by_reminder": ("return_by",),
    "report_cut_off": ("last_panel_day",),
}


def _rule_faults(definition: Definition) -> list[str]:
    found = []
    for key, rule in named_rules(definition.timetable):
        name = key.split(".")[1]
        allowed = _ANCHORS_OF.get(name, ("target", "deadline"))
        if rule.anchor not in allowed:
            found.append(f'{key}.anchor: "{rule.anchor}" cannot be counted from here; use {_or(allowed)}.')
        elif rule.anchor == "month":
            found += _month_faults(key, rule)
        else:
            found += _offset_faults(key, rule)
    names = [rung.name for rung in definition.timetable.reminders]
    found += [f'timetable.reminders: two rungs are called "{n}"; give each its own name.' for n in _doubled(names)]
    return found


def _month_faults(key: str, rule: DateRule) -> list[str]:
    if rule.month is None or not 1 <= rule.month <= 12:
        return [f"{key}.month: {rule.month} is no month; use 1 to 12."]
    if rule.days is not None or rule.working_days is not None:
        return [f"{key}: days are counted from a date, not from a month; leave days and working_days out."]
    ways = [rule.week is not None, rule.nth is not None, rule.day is not None]
    if sum(ways) != 1:
        return [f"{key}: give one of week, nth or day."]
    if rule.day is None and rule.weekday is None:
        return [f'{key}.weekday: missing; use for instance "friday".']
    if rule.nth is not None and not 1 <= rule.nth <= 4:
        return [f"{key}.nth: {rule.nth} is not in every month; use 1 to 4."]
    if rule.day is not None and not 1 <= rule.day <= 28:
        return [f"{key}.day: {rule.day} is not in every month; use 1 to 28."]
    return []


def _offset_faults(key: str, rule: DateRule) -> list[str]:
    if any(part is not None for part in (rule.month, rule.week, rule.weekday, rule.nth, rule.day)):
        return [f'{key}: month, week, weekday, nth and day go with anchor = "month"; leave them out.']
    if (rule.days is None) == (rule.working_days is None):
        return [f"{key}: give days or working_days, one of the two."]
    if rule.working_days is not None and rule.roll is not None:
        return [f"{key}.roll: working days need no roll; leave it out."]
    if abs(rule.days or rule.working_days or 0) > 366:
        return [f"{key}: more than a year away; use at most 366 days."]
    return []


def _number_faults(definition: Definition) -> list[str]:
    standards = [standard.number for standard in definition.standards]
    requirements = [item.number for standard in definition.standards for item in standard.requirements]
    ratings = [rating.code for rating in definition.scale]
    found = [f"standards.{n}: the number stands twice; give each standard its own." for n in _doubled(standards)]
    found += [f"standards: requirement {n} stands twice; give each its own number." for n in _doubled(requirements)]
    found += [f'scale: the code "{code}" stands twice; give each rating its own.' for code in _doubled(ratings)]
    if not standards:
        found.append("standards: there are none; a report must address at least one.")
    if len(ratings) < 2:
        found.append("scale: fewer than two ratings; a scale needs at least two.")
    return found


def _other_scale_faults(definition: Definition) -> list[str]:
    codes = [rating.code for rating in definition.scale]
    own = {name.casefold() for rating in definition.scale for name in (rating.code, rating.word)}
    points = [point for scale in definition.other_scales for point in scale.points]
    found = [
        f'other_scales: "{point.given}" counts as "{point.rating}", which is no rating here; use {_or(tuple(codes))}.'
        for point in points
        if point.rating not in codes
    ]
    found += [
        f'other_scales: "{point.given}" is a rating of your own scale; leave it out.'
        for point in points
        if point.given.casefold() in own
    ]
    found += [
        f'other_scales: "{given}" stands twice, so that nobody can tell which is meant; keep one.'
        for given in _doubled([point.given.casefold() for point in points])
    ]
    return found


def _panel_faults(definition: Definition) -> list[str]:
    panel, found = definition.panel, []
    if panel.starts >= panel.ends:
        found.append("panel.ends: the day ends before it starts; use a later time.")
    if not 5 <= panel.session_minutes <= 240:
        found.append(f"panel.session_minutes: {panel.session_minutes} is not 5 to 240; the procedure says 30.")
    found += [
        f"panel.breaks: {pause.starts:%H:%M} to {pause.ends:%H:%M} does not lie within the day."
        for pause in panel.breaks
        if not panel.starts <= pause.starts < pause.ends <= panel.ends
    ]
    members = len(definition.people.panel)
    if panel.quorum is not None and not 1 <= panel.quorum <= members:
        found.append(f"panel.quorum: {panel.quorum} is not 1 to {members}, the number of members in people.panel.")
    if not 0 <= panel.travel_minutes <= 240:
        found.append(f"panel.travel_minutes: {panel.travel_minutes} is not 0 to 240; the usual is 15.")
    return found


def _policy_faults(definition: Definition) -> list[str]:
    found = []
    for item in fields(definition.policy):
        name, value = item.name, getattr(definition.policy, item.name)
        if isinstance(value, int) and not isinstance(value, bool) and not 0 <= value <= 366:
            found.append(f"policy.{name}: {value} is not 0 to 366.")
    if definition.policy.escalation_after_warning_working_days < 1:
        found.append(
            "policy.escalation_after_warning_working_days: a warning gives at least 1 working day; use 1 or more."
        )
    if definition.schema != 1:
        found.append(f"schema: {definition.schema} is not known here; use 1.")
    return found


def _doubled(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _or(names: tuple[str, ...]) -> str:
    return " or ".join(f'"{name}"' for name in names)
