"""Works every date of a cycle out from its rules, each with the sentence that explains it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache

from calendars import london
from calendars.working_days import WorkingDays
from s11flow.domain.definition import WEEKDAYS, DateRule, Definition
from s11flow.domain.errors import WrongInputError
from s11flow.domain.model import CaseDates, Dated, Session


@dataclass(frozen=True, eq=False)
class Rulebook:
    """What a cycle runs by, pinned when it opened: the definition, its working days, its letter templates.

    Compared by identity, so that what is worked out from it can be kept.
    """

    definition: Definition
    days: WorkingDays
    templates: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DueAction:
    """What the timetable owes a subject at an instant.

    `late_policy` is `always` (never lost), `latest` (only the newest of its `family` goes) or `until` (no sense after
    `valid_until`). `rank` settles which of a family's letters goes when two fall on one London day.
    """

    due_key: str
    due_at: datetime
    kind: str
    late_policy: str
    why: str
    family: str | None = None
    valid_until: datetime | None = None
    rank: int = 0
    outranked: bool = False


REVIVED = "revived"
"""The rule of a deadline that was set when an agency was asked again; the target is then none of its dates."""

# Of the letters that ask for one report, the deadline's outrank the target's.
TARGET_RANK, DEADLINE_RANK = 1, 2


def worked_date(rule: DateRule, name: str, days: WorkingDays, *, year: int, anchor: date | None = None) -> Dated:
    """The date *rule* gives, counted from *anchor* or within *year*, with its sentence.

    Raises WrongInputError for a week of the month that leaves its month.
    """
    if rule.anchor == "month":
        on, why = _in_month(rule, name, days, year)
    elif anchor is None:
        raise ValueError(f"{name} is counted from a date and none was given")
    else:
        on, why = _from_anchor(rule, days, anchor)
    return Dated(london.instant(on, rule.at), on, f"{why}; {london.spell_time(rule.at)} London time", name)


def _from_anchor(rule: DateRule, days: WorkingDays, anchor: date) -> tuple[date, str]:
    start = london.spell_day(anchor)
    if rule.working_days is not None:
        on = days.add(anchor, rule.working_days)
        if rule.working_days == 0:
            return on, f"the day itself, {london.spell_day(on)}"
        return on, f"{_count(rule.working_days, 'working day')} {start} is {london.spell_day(on)}"
    counted = anchor + timedelta(days=rule.days or 0)
    what = f"{_count(rule.days, 'day')} {start} is" if rule.days else "the day itself,"
    return _rolled(rule, days, counted, f"{what} {london.spell_day(counted)}")


def _rolled(rule: DateRule, days: WorkingDays, counted: date, said: str) -> tuple[date, str]:
    obstacle = days.why_not(counted)
    if obstacle is None:
        return counted, f"{said}, a working day"
    if rule.roll is None:
        return counted, f"{said}, {obstacle}"
    on = days.roll_back(counted) if rule.roll == "back" else days.roll_forward(counted)
    return on, f"{said}, {obstacle}; rolled {rule.roll} to {london.spell_day(on)}"


def _count(number: int | None, unit: str) -> str:
    size = abs(number or 0)
    return f"{size} {unit}{'' if size == 1 else 's'} {'before' if (number or 0) < 0 else 'after'}"


_NTH = {1: "first", 2: "second", 3: "third", 4: "fourth"}


def _in_month(rule: DateRule, name: str, days: WorkingDays, year: int) -> tuple[date, str]:
    first = date(year, rule.month or 1, 1)
    month = f"{london.spell_day(first).split(' ')[2]} {year}"
    if rule.day is not None:
        counted = first.replace(day=rule.day)
        return _rolled(rule, days, counted, f"the date set is {london.spell_day(counted)}")
    weekday = WEEKDAYS.index(rule.weekday or "monday")
    if rule.nth is not None:
        counted = first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (rule.nth - 1))
        said = f"the {_NTH[rule.nth]} {WEEKDAYS[weekday].title()} of {month} is {london.spell_day(counted)}"
        return _rolled(replace(rule, roll=rule.roll or "forward"), days, counted, said)
    counted, reading = _in_week(rule, first, weekday)
    said = f"the {WEEKDAYS[weekday].title()} of {reading} in {month} is {london.spell_day(counted)}"
    on, why = _rolled(replace(rule, roll=rule.roll or "back"), days, counted, said)
    if (on.year, on.month) != (first.year, first.month):
        raise WrongInputError(
            f"The {name} for {year} cannot be worked out: {why}, which leaves {month}. "
            f'In the definition set timetable.{name}.week to "first_full".'
        )
    return on, why


def _in_week(rule: DateRule, first: date, weekday: int) -> tuple[date, str]:
    monday = first - timedelta(days=first.weekday())
    match rule.week:
        case "holding_first":
            return monday + timedelta(
                days=weekday
            ), f"the week holding {first.day} {london.spell_day(first).split()[2]}"
        case "first_seven_days":
            return first + timedelta(days=(weekday - first.weekday()) % 7), "the first seven days"
        case _:
            start = monday if first.weekday() == 0 else monday + timedelta(days=7)
            return start + timedelta(days=weekday), "the first full Monday to Friday week"


def target_of(rules: Rulebook, year: int) -> Dated:
    """The target of the cycle of *year*: the end of the first week in October (*Process*, para 5)."""
    return worked_date(rules.definition.timetable.target, "target", rules.days, year=year)


def request_of(rules: Rulebook, year: int) -> Dated:
    """When the request leaves."""
    return worked_date(rules.definition.timetable.report_request, "report_request", rules.days, year=year)


def deadline_of(rules: Rulebook, panel_day: date) -> Dated:
    """The deadline of an agency whose session is on *panel_day*: three weeks before, rolled back to a working day."""
    return worked_date(
        rules.definition.timetable.deadline, "deadline", rules.days, year=panel_day.year, anchor=panel_day
    )


def cut_off_of(rules: Rulebook, last_panel_day: date) -> Dated:
    """The instant after which nothing more enters this year's Assurance Report."""
    rule = rules.definition.timetable.report_cut_off
    return worked_date(rule, "report_cut_off", rules.days, year=last_panel_day.year, anchor=last_panel_day)


def panel_day_of(rules: Rulebook, on: date) -> Dated:
    """A panel day as a date with its sentence; `at` is when the day's first session may start."""
    start = rules.definition.panel.starts
    why = f"the panel sits on {london.spell_day(on)}, a working day; from {london.spell_time(start)} London time"
    return Dated(london.instant(on, start), on, why, "panel_day")


def session_of(session: Session) -> Dated:
    """A session's start as a date with its sentence."""
    on = london.day_of(session.starts_at)
    length = int((session.ends_at - session.starts_at).total_seconds() // 60)
    why = f"session {session.number} of the case, {length} minutes on {london.spell(session.starts_at)} London time"
    return Dated(session.starts_at, on, why, "session")


def illegal_panel_day(rules: Rulebook, year: int, on: date) -> str | None:
    """None if the panel may sit on *on*; else the sentence that refuses it and names the earliest legal day."""
    reason = _why_not_panel_day(rules, year, on)
    if reason is None:
        return None
    day, refused = on, f"The panel cannot sit on {london.spell_day(on)}: {reason}."
    for _ in range(400):
        day += timedelta(days=1)
        if _why_not_panel_day(rules, year, day) is None:
            return f"{refused} The earliest legal day is {london.spell_day(day)}."
    return f"{refused} No day within a year of it is legal either."


def _why_not_panel_day(rules: Rulebook, year: int, on: date) -> str | None:
    if (obstacle := rules.days.why_not(on)) is not None:
        return f"it is {obstacle}"
    target, deadline = target_of(rules, year), deadline_of(rules, on)
    if deadline.on < target.on:
        return (
            f"reports would be due on {london.spell_day(deadline.on)}, "
            f"before the target of {london.spell_day(target.on)}"
        )
    if (on - target.on).days > 366:
        return f"it is more than a year after the target of {london.spell_day(target.on)}"
    return None


def not_a_working_day(days: WorkingDays, on: date) -> str | None:
    """The sentence that refuses a typed date that is no working day, with the nearest ones."""
    if (obstacle := days.why_not(on)) is None:
        return None
    before, after = days.nearest(on)
    return (
        f"{london.spell_day(on)} is {obstacle}; "
        f"the nearest working days are {london.spell_day(before)} and {london.spell_day(after)}."
    )


def dates_of_case(
    rules: Rulebook,
    year: int,
    *,
    panel_day: date | None,
    cut_off: Dated,
    set_at: datetime,
    period: tuple[date, date] | None = None,
) -> CaseDates:
    """The dates of a case as its timetable gives them at *set_at*; *period* is what its report covers."""
    return CaseDates(
        request=request_of(rules, year),
        target=target_of(rules, year),
        cut_off=cut_off,
        deadline=None if panel_day is None else deadline_of(rules, panel_day),
        panel_day=None if panel_day is None else panel_day_of(rules, panel_day),
        target_set_at=set_at,
        deadline_set_at=set_at,
        period=period,
    )


def light_deadline(target: Dated) -> Dated:
    """The deadline of a case that owes a signed statement and has no session to count from: the target."""
    return replace(target, why=f"a statement of compliance is due by the target: {target.why}", rule="light")


def with_deadline(dates: CaseDates, deadline: Dated, *, set_at: datetime, extended: bool = True) -> CaseDates:
    """The same dates with another deadline, set at *set_at*."""
    return replace(dates, deadline=deadline, deadline_set_at=set_at, extended=extended)


def extended_deadline(rules: Rulebook, to: date, why: str, rule: str = "extension") -> Dated:
    """A deadline set by a person or by fair notice: the deadline's time of day on *to*."""
    at = rules.definition.timetable.deadline.at
    return Dated(london.instant(to, at), to, f"{why}; {london.spell_time(at)} London time", rule)


@lru_cache(maxsize=4096)
def dates_ladder(rules: Rulebook, dates: CaseDates) -> tuple[DueAction, ...]:
    """Every action that hangs on the dates of a case, in order of time, whether or not it is owed now."""
    table, year = rules.definition.timetable, dates.target.on.year
    check = worked_date(table.contact_check, "contact_check", rules.days, year=year, anchor=dates.request.on)
    request = dates.request
    actions = [
        _action("contact_check", check, request.on, "until", valid_until=request.at),
        _action("contact_wanted", request, request.on, "always"),
        _action("report_request", request, request.on, "always", valid_until=dates.cut_off.at),
        *_submit_family(rules, dates),
        *_non_submission(rules, dates),
        _action("report_cut_off", dates.cut_off, dates.cut_off.on, "always"),
    ]
    return tuple(sorted(actions, key=lambda action: (action.due_at, ORDER[action.kind])))


def _action(
    kind: str,
    dated: Dated,
    anchor: date | str,
    late_policy: str,
    *,
    rung: str = "",
    family: str | None = None,
    valid_until: datetime | None = None,
    rank: int = 0,
) -> DueAction:
    name = f"{kind}/{rung}" if rung else kind
    return DueAction(f"{name}@{anchor}", dated.at, kind, late_policy, dated.why, family, valid_until, rank)


def _submit_family(rules: Rulebook, dates: CaseDates) -> list[DueAction]:
    table, year = rules.definition.timetable, dates.target.on.year
    asked_again = dates.deadline is not None and dates.deadline.rule == REVIVED  # too late for the others' target
    found = []
    for rung in table.reminders:
        anchor = dates.target if rung.rule.anchor == "target" else dates.deadline
        if anchor is not None and not (asked_again and rung.rule.anchor == "target"):
            dated = worked_date(rung.rule, f"reminder/{rung.name}", rules.days, year=year, anchor=anchor.on)
            rank = TARGET_RANK if rung.rule.anchor == "target" else DEADLINE_RANK
            found.append(_action("reminder", dated, anchor.on, "latest", rung=rung.name, family="submit", rank=rank))
    missed = worked_date(table.target_missed, "target_missed", rules.days, year=year, anchor=dates.target.on)
    if not asked_again and (dates.deadline is None or dates.deadline.on > missed.on):
        found.append(_action("target_missed", missed, dates.target.on, "latest", family="submit", rank=TARGET_RANK))
    return _with_ends(_one_a_day(found), rules, dates)


def _one_a_day(family: list[DueAction]) -> list[DueAction]:
    """Of two letters of one family on one London day the deadline's outranks the target's."""
    best: dict[date, DueAction] = {}
    for action in family:
        day = london.day_of(action.due_at)
        if day not in best or (action.rank, action.due_at) > (best[day].rank, best[day].due_at):
            best[day] = action
    kept = {action.due_key for action in best.values()}
    return [action if action.due_key in kept else replace(action, outranked=True) for action in family]


def _with_ends(family: list[DueAction], rules: Rulebook, dates: CaseDates) -> list[DueAction]:
    """A reminder has a sense until the next one; the last until non-submission is confirmed."""
    ordered = sorted((a for a in family if not a.outranked), key=lambda action: action.due_at)
    owed = owed_by(rules, dates)
    last = None if owed is None else _confirmed(rules, owed).at
    ends = [action.due_at for action in ordered[1:]] + [last]
    ended = [replace(action, valid_until=end) for action, end in zip(ordered, ends, strict=False)]
    return ended + [action for action in family if action.outranked]


def owed_by(rules: Rulebook, dates: CaseDates) -> Dated | None:
    """The date non-submission and escalation run from: the deadline, unless the definition chooses the target.

    Whoever was given a later deadline of their own answers for that one.
    """
    by_target = rules.definition.policy.escalate_from == "target" and not dates.extended
    return dates.target if by_target else dates.deadline


def _confirmed(rules: Rulebook, owed: Dated) -> Dated:
    return worked_date(
        rules.definition.timetable.non_submission, "non_submission", rules.days, year=owed.on.year, anchor=owed.on
    )


def _non_submission(rules: Rulebook, dates: CaseDates) -> Iterable[DueAction]:
    owed = owed_by(rules, dates)
    if owed is None:
        return ()
    rule = rules.definition.timetable.escalation
    escalation = worked_date(rule, "escalation", rules.days, year=owed.on.year, anchor=owed.on)
    passed = Dated(owed.at, owed.on, f"the deadline passed on {london.spell(owed.at)}", "escalation_warning")
    return (
        _action("escalation_warning", passed, owed.on, "always"),
        _action("non_submission", _confirmed(rules, owed), owed.on, "always"),
        _action("escalation", escalation, owed.on, "always", valid_until=dates.cut_off.at),
    )


@lru_cache(maxsize=4096)
def session_ladder(
    rules: Rulebook, key: str, starts_at: datetime, pencilled_at: datetime, year: int
) -> tuple[DueAction, ...]:
    """Every action that hangs on one revision of a session, in order of time."""
    table, on = rules.definition.timetable, london.day_of(starts_at)
    invitation = worked_date(table.panel_invitation, "panel_invitation", rules.days, year=year)
    if pencilled_at > invitation.at:
        why = f"the session was pencilled on {london.spell(pencilled_at)}, after {london.spell_day(invitation.on)}"
        invitation = Dated(pencilled_at, london.day_of(pencilled_at), why, "panel_invitation")
    chase = worked_date(table.reply_chase, "reply_chase", rules.days, year=year, anchor=on)
    reminder = worked_date(table.session_reminder, "session_reminder", rules.days, year=year, anchor=on)
    return (
        _action("panel_invitation", invitation, key, "until", valid_until=starts_at),
        _action("reply_chase", chase, key, "until", valid_until=starts_at),
        _action("session_reminder", reminder, key, "until", valid_until=starts_at),
    )


@lru_cache(maxsize=4096)
def panel_pack_action(rules: Rulebook, on: date) -> DueAction:
    """When the members' pack for a panel day leaves."""
    dated = worked_date(rules.definition.timetable.panel_pack, "panel_pack", rules.days, year=on.year, anchor=on)
    ends = london.instant(on, rules.definition.panel.ends)
    return _action("panel_pack", dated, on, "until", valid_until=ends)


def panel_pack_again(rules: Rulebook, on: date, revision: int, told_at: datetime) -> DueAction:
    """When members who have the pack are told of another running order: at most once each working day."""
    next_on = rules.days.add(london.day_of(told_at), 1)
    at = london.instant(next_on, rules.definition.timetable.panel_pack.at)
    why = "the running order has changed since the members were told"
    ends = london.instant(on, rules.definition.panel.ends)
    return DueAction(f"panel_pack@{on}r{revision}", at, "panel_pack", "until", why, valid_until=ends)


def panel_day_cancelled_action(rules: Rulebook, on: date, revision: int, told_at: datetime) -> DueAction:
    """That members who have the pack are to hear that nobody is seen on the day: at once."""
    why = f"the panel sees nobody on {london.spell_day(on)} any more"
    ends = london.instant(on, rules.definition.panel.ends)
    return DueAction(
        f"panel_day_cancelled@{on}r{revision}", told_at, "panel_day_cancelled", "until", why, valid_until=ends
    )


def after_session(rules: Rulebook, on: date) -> tuple[Dated, Dated]:
    """When the draft assessment is due, and when the agency's accuracy check closes, for a session on *on*."""
    table = rules.definition.timetable
    return (
        worked_date(table.assessment_due, "assessment_due", rules.days, year=on.year, anchor=on),
        worked_date(table.accuracy_closes, "accuracy_closes", rules.days, year=on.year, anchor=on),
    )


def accuracy_check_closes(rules: Rulebook, assessed_on: date, session_on: date | None) -> datetime | None:
    """When an agency's check of a draft filed that day closes; None where the definition has it sent no draft.

    By the timetable of its session, and never with fewer working days than the definition means to give.
    """
    if "accuracy_check" in rules.definition.letters_off:
        return None
    table = rules.definition.timetable
    given = (table.accuracy_closes.working_days or 0) - (table.assessment_due.working_days or 0)
    on = rules.days.add(assessed_on, given if given > 0 else _CHECK_WORKING_DAYS)
    if session_on is not None:
        on = max(on, after_session(rules, session_on)[1].on)
    return london.instant(on, table.accuracy_closes.at)


_CHECK_WORKING_DAYS = 10
"""What the check is given where the definition counts in other days than working days."""


def extension_limit(rules: Rulebook, session_on: date) -> date:
    """The latest day the Business Manager may extend to alone: the day the panel's pack leaves."""
    return rules.days.add(session_on, -rules.definition.policy.extension_limit_working_days)


# In one instant the order of the year decides: what asks goes before what reminds, what warns before what tells.
_KINDS = (
    "contact_check",
    "contact_wanted",
    "report_request",
    "reminder",
    "target_missed",
    "panel_invitation",
    "return_by_reminder",
    "escalation_warning",
    "non_submission",
    "escalation",
    "panel_pack",
    "panel_day_cancelled",
    "reply_chase",
    "session_reminder",
    "session_outcome",
    "report_cut_off",
    "digest",
)
ORDER: dict[str, int] = {kind: place for place, kind in enumerate(_KINDS)}
