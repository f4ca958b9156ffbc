"""What a definition may say: every fault in a sentence, and the first and last value of each that is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from typing import Any

import pytest

from s11flow.domain.definition import Break, DateRule, Definition, Person, Rung, faults, named_rules
from tests.domain.factories import DEFINITION

AT = time(9)
FIRST_MONDAY = DateRule("month", AT, month=7, nth=1, weekday="monday")
FIRST_OF_OCTOBER = DateRule("month", AT, month=10, day=1)
END_OF_FIRST_WEEK = DateRule("month", AT, month=10, week="first_full", weekday="friday")
FIVE_BEFORE = DateRule("request", AT, working_days=-5)
THREE_WEEKS_BEFORE = DateRule("panel_day", AT, days=-21, roll="back")
OF_A_MONTH: dict[str, Any] = {"month": 7, "week": "first_full", "weekday": "monday", "nth": 1, "day": 1}
A_RUNG = Rung("target-28d", DateRule("target", AT, days=-28, roll="back"))


def with_rules(**rules: Any) -> Definition:
    return replace(DEFINITION, timetable=replace(DEFINITION.timetable, **rules))


def with_policy(**changes: Any) -> Definition:
    return replace(DEFINITION, policy=replace(DEFINITION.policy, **changes))


def with_panel(**changes: Any) -> Definition:
    return replace(DEFINITION, panel=replace(DEFINITION.panel, **changes))


def with_breaks(*breaks: tuple[time, time]) -> Definition:
    return with_panel(breaks=tuple(Break(*each) for each in breaks))


STANDARD = DEFINITION.standards[0]
RATING = DEFINITION.scale[0]


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        # the anchor
        (
            with_rules(contact_check=replace(FIVE_BEFORE, anchor="target")),
            ['timetable.contact_check.anchor: "target" cannot be counted from here; use "request".'],
        ),
        (
            with_rules(panel_pack=replace(FIVE_BEFORE, anchor="target")),
            ['timetable.panel_pack.anchor: "target" cannot be counted from here; use "panel_day" or "session".'],
        ),
        (
            with_rules(reminders=(replace(A_RUNG, rule=replace(A_RUNG.rule, anchor="session")),)),
            [
                (
                    'timetable.reminders.target-28d.anchor: "session" cannot be counted from here; '
                    'use "target" or "deadline".'
                )
            ],
        ),
        (
            with_rules(reminders=(A_RUNG, A_RUNG, A_RUNG)),
            ['timetable.reminders: two rungs are called "target-28d"; give each its own name.'],
        ),
        # a rule within the year
        (
            with_rules(target=replace(END_OF_FIRST_WEEK, month=None)),
            ["timetable.target.month: None is no month; use 1 to 12."],
        ),
        (
            with_rules(target=replace(END_OF_FIRST_WEEK, month=0)),
            ["timetable.target.month: 0 is no month; use 1 to 12."],
        ),
        (
            with_rules(target=replace(END_OF_FIRST_WEEK, month=13)),
            ["timetable.target.month: 13 is no month; use 1 to 12."],
        ),
        (
            with_rules(target=replace(END_OF_FIRST_WEEK, days=0)),
            ["timetable.target: days are counted from a date, not from a month; leave days and working_days out."],
        ),
        (
            with_rules(target=replace(END_OF_FIRST_WEEK, working_days=0)),
            ["timetable.target: days are counted from a date, not from a month; leave days and working_days out."],
        ),
        (
            with_rules(target=replace(END_OF_FIRST_WEEK, week=None)),
            ["timetable.target: give one of week, nth or day."],
        ),
        (with_rules(target=replace(END_OF_FIRST_WEEK, nth=1)), ["timetable.target: give one of week, nth or day."]),
        (with_rules(target=replace(END_OF_FIRST_WEEK, day=1)), ["timetable.target: give one of week, nth or day."]),
        (
            with_rules(target=replace(END_OF_FIRST_WEEK, nth=1, day=1)),
            ["timetable.target: give one of week, nth or day."],
        ),
        (
            with_rules(target=replace(END_OF_FIRST_WEEK, weekday=None)),
            ['timetable.target.weekday: missing; use for instance "friday".'],
        ),
        (
            with_rules(report_request=replace(FIRST_MONDAY, nth=0)),
            ["timetable.report_request.nth: 0 is not in every month; use 1 to 4."],
        ),
        (
            with_rules(report_request=replace(FIRST_MONDAY, nth=5)),
            ["timetable.report_request.nth: 5 is not in every month; use 1 to 4."],
        ),
        (
            with_rules(panel_invitation=replace(FIRST_OF_OCTOBER, day=0)),
            ["timetable.panel_invitation.day: 0 is not in every month; use 1 to 28."],
        ),
        (
            with_rules(panel_invitation=replace(FIRST_OF_OCTOBER, day=29)),
            ["timetable.panel_invitation.day: 29 is not in every month; use 1 to 28."],
        ),
        # a rule counted from a date
        *(
            (
                with_rules(contact_check=replace(FIVE_BEFORE, **{name: value})),
                [
                    (
                        "timetable.contact_check: month, week, weekday, nth and day go with anchor = "
                        '"month"; leave them out.'
                    )
                ],
            )
            for name, value in OF_A_MONTH.items()
        ),
        (
            with_rules(contact_check=DateRule("request", AT)),
            ["timetable.contact_check: give days or working_days, one of the two."],
        ),
        (
            with_rules(contact_check=DateRule("request", AT, days=0, working_days=0)),
            ["timetable.contact_check: give days or working_days, one of the two."],
        ),
        (
            with_rules(contact_check=replace(FIVE_BEFORE, roll="back")),
            ["timetable.contact_check.roll: working days need no roll; leave it out."],
        ),
        *(
            (with_rules(contact_check=far), ["timetable.contact_check: more than a year away; use at most 366 days."])
            for far in (
                DateRule("request", AT, days=-367),
                DateRule("request", AT, days=367),
                DateRule("request", AT, working_days=-367),
                DateRule("request", AT, working_days=367),
            )
        ),
        # each fault of several rules
        (
            with_rules(
                contact_check=DateRule("request", AT),
                panel_invitation=replace(FIRST_OF_OCTOBER, day=29),
                target=replace(END_OF_FIRST_WEEK, month=13),
                deadline=DateRule("panel_day", AT),
                reminders=(A_RUNG, A_RUNG),
            ),
            [
                "timetable.contact_check: give days or working_days, one of the two.",
                "timetable.panel_invitation.day: 29 is not in every month; use 1 to 28.",
                "timetable.target.month: 13 is no month; use 1 to 12.",
                "timetable.deadline: give days or working_days, one of the two.",
                'timetable.reminders: two rungs are called "target-28d"; give each its own name.',
            ],
        ),
        # standards and the scale
        (
            replace(DEFINITION, standards=(STANDARD, replace(STANDARD, requirements=()))),
            ["standards.1: the number stands twice; give each standard its own."],
        ),
        (
            replace(DEFINITION, standards=(replace(STANDARD, requirements=STANDARD.requirements[:1] * 2),)),
            ["standards: requirement 1.1 stands twice; give each its own number."],
        ),
        (replace(DEFINITION, standards=()), ["standards: there are none; a report must address at least one."]),
        (replace(DEFINITION, scale=(RATING,)), ["scale: fewer than two ratings; a scale needs at least two."]),
        (
            replace(DEFINITION, standards=(STANDARD, STANDARD), scale=(RATING, RATING)),
            [
                "standards.1: the number stands twice; give each standard its own.",
                *(
                    f"standards: requirement {each.number} stands twice; give each its own number."
                    for each in STANDARD.requirements
                ),
                f'scale: the code "{RATING.code}" stands twice; give each rating its own.',
            ],
        ),
        # the panel's day
        (
            with_panel(starts=time(9), ends=time(9), breaks=()),
            ["panel.ends: the day ends before it starts; use a later time."],
        ),
        (with_panel(session_minutes=4), ["panel.session_minutes: 4 is not 5 to 240; the procedure says 30."]),
        (with_panel(session_minutes=241), ["panel.session_minutes: 241 is not 5 to 240; the procedure says 30."]),
        (
            with_breaks((time(8, 59), time(10)), (time(11), time(11)), (time(16), time(17, 1))),
            [
                "panel.breaks: 08:59 to 10:00 does not lie within the day.",
                "panel.breaks: 11:00 to 11:00 does not lie within the day.",
                "panel.breaks: 16:00 to 17:01 does not lie within the day.",
            ],
        ),
        (
            with_panel(starts=time(9), ends=time(8), session_minutes=4, breaks=(Break(time(8), time(9)),)),
            [
                "panel.ends: the day ends before it starts; use a later time.",
                "panel.session_minutes: 4 is not 5 to 240; the procedure says 30.",
                "panel.breaks: 08:00 to 09:00 does not lie within the day.",
            ],
        ),
        # the limits
        (with_policy(fair_notice_working_days=-1), ["policy.fair_notice_working_days: -1 is not 0 to 366."]),
        (with_policy(revived_working_days=367), ["policy.revived_working_days: 367 is not 0 to 366."]),
        (
            with_policy(escalation_after_warning_working_days=0),
            ["policy.escalation_after_warning_working_days: a warning gives at least 1 working day; use 1 or more."],
        ),
        (replace(DEFINITION, schema=2), ["schema: 2 is not known here; use 1."]),
    ],
)
def test_a_fault_names_its_key_what_is_wrong_and_what_would_do(definition: Definition, said: list[str]) -> None:
    assert faults(definition) == tuple(said)


@pytest.mark.parametrize(
    "definition",
    [
        DEFINITION,
        with_rules(target=replace(END_OF_FIRST_WEEK, month=1)),
        with_rules(target=replace(END_OF_FIRST_WEEK, month=12)),
        with_rules(report_request=replace(FIRST_MONDAY, nth=4)),
        with_rules(panel_invitation=replace(FIRST_OF_OCTOBER, day=28)),
        with_rules(panel_invitation=replace(FIRST_OF_OCTOBER, weekday="monday")),
        with_rules(contact_check=DateRule("request", AT, days=-366)),
        with_rules(contact_check=DateRule("request", AT, working_days=366)),
        with_rules(contact_check=DateRule("request", AT, days=0, roll="back")),
        with_rules(contact_check=DateRule("request", AT, days=0)),
        with_rules(panel_pack=replace(FIVE_BEFORE, anchor="session")),
        with_rules(reminders=(A_RUNG, Rung("last", DateRule("deadline", AT, working_days=0)))),
        replace(DEFINITION, scale=DEFINITION.scale[:2]),
        with_panel(session_minutes=5),
        with_panel(session_minutes=240),
        with_breaks((time(9), time(10)), (time(16), time(17))),
        with_policy(fair_notice_working_days=0, revived_working_days=366),
    ],
)
def test_the_first_and_the_last_value_that_can_be_used_are_no_fault(definition: Definition) -> None:
    assert faults(definition) == ()


def test_every_rule_is_known_by_the_key_it_stands_under() -> None:
    keys = [key for key, _ in named_rules(DEFINITION.timetable)]

    assert keys == [
        "timetable.contact_check",
        "timetable.report_request",
        "timetable.panel_invitation",
        "timetable.target",
        "timetable.target_missed",
        "timetable.deadline",
        "timetable.non_submission",
        "timetable.escalation",
        "timetable.panel_pack",
        "timetable.reply_chase",
        "timetable.session_reminder",
        "timetable.assessment_due",
        "timetable.accuracy_closes",
        "timetable.return_by_reminder",
        "timetable.report_cut_off",
        *(f"timetable.reminders.{rung.name}" for rung in DEFINITION.timetable.reminders),
    ]
    assert dict(named_rules(DEFINITION.timetable))["timetable.deadline"] == DEFINITION.timetable.deadline


@pytest.mark.parametrize(
    ("year", "months", "ends", "expected"),
    [
        (2026, 12, (3, 31), (date(2025, 4, 1), date(2026, 3, 31))),
        (2020, 12, (3, 31), (date(2018, 4, 1), date(2020, 3, 31))),  # the first cycle covered two years
        (2026, 12, (12, 31), (date(2026, 1, 1), date(2026, 12, 31))),
        (2026, 1, (12, 31), (date(2026, 12, 1), date(2026, 12, 31))),
        (2026, 3, (3, 31), (date(2026, 1, 1), date(2026, 3, 31))),
        (2026, 4, (3, 31), (date(2025, 12, 1), date(2026, 3, 31))),
        (2026, 24, (6, 30), (date(2024, 7, 1), date(2026, 6, 30))),
    ],
)
def test_a_period_is_whole_months_up_to_its_last_day_unless_the_year_has_its_own(
    year: int, months: int, ends: tuple[int, int], expected: tuple[date, date]
) -> None:
    period = replace(DEFINITION.period, months=months, ends_month=ends[0], ends_day=ends[1])

    assert replace(DEFINITION, period=period).period_of(year) == expected


CHAIR = Person("Executive Chair", "chair@police.example", "11")
ALTERNATE = Person("Deputy Chair", "deputy@health.example", "12")


@pytest.mark.parametrize(
    ("agency", "chair", "alternate", "told"),
    [
        ("05A", CHAIR, ALTERNATE, CHAIR),
        ("11", CHAIR, ALTERNATE, ALTERNATE),
        ("11", CHAIR, None, None),
        ("11", CHAIR, replace(ALTERNATE, agency="11"), None),
        ("11", CHAIR, replace(ALTERNATE, agency=None), replace(ALTERNATE, agency=None)),
        ("05A", CHAIR, None, CHAIR),
    ],
)
def test_whoever_belongs_to_an_agency_is_never_told_that_it_did_not_submit(
    agency: str, chair: Person, alternate: Person | None, told: Person | None
) -> None:
    people = replace(DEFINITION.people, executive_chair=chair, alternate=alternate)

    assert replace(DEFINITION, people=people).chair_for(agency) == told
