"""What reading a definition gives, and what it says of one that cannot be used."""

from dataclasses import replace
from datetime import date, time
from hashlib import sha256

import pytest

from s11flow.cycles import content_sha256, names, read_definition, shipped
from s11flow.domain.definition import (
    Break,
    Closure,
    DateRule,
    Definition,
    OwnPeriod,
    PanelRules,
    PeriodRules,
    Person,
    Policy,
)
from s11flow.domain.errors import UnknownError, WrongDefinitionError

SOURCE = "ours.toml"


def read(text: str) -> Definition:
    return read_definition(text, source=SOURCE)


def changed(old: str, new: str) -> str:
    """The shipped text with one place changed."""
    text = shipped()
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    return text.replace(old, new)


def faults_of(text: str) -> tuple[str, ...]:
    with pytest.raises(WrongDefinitionError) as refusal:
        read(text)
    assert refusal.value.source == SOURCE
    return refusal.value.faults


# ---------------------------------------------------------------------------------------------------- the shipped one


def test_gloucestershire_is_shipped_and_can_be_used() -> None:
    assert names() == ("gloucestershire",)
    assert read(shipped()).partnership.code == "GSCP"


def test_the_dates_follow_the_published_procedure() -> None:
    rules = read(shipped()).timetable

    assert rules.target == DateRule("month", time(17), month=10, week="first_full", weekday="friday")
    assert rules.deadline == DateRule("panel_day", time(17), days=-21, roll="back")
    assert rules.report_request == DateRule("month", time(9), month=7, nth=1, weekday="monday")
    assert rules.panel_invitation == DateRule("month", time(9), month=10, day=1, roll="forward")


def test_the_reminders_climb_from_the_target_to_the_deadline() -> None:
    nine = time(9)

    assert {rung.name: rung.rule for rung in read(shipped()).timetable.reminders} == {
        "target-28d": DateRule("target", nine, days=-28, roll="back"),
        "target-14d": DateRule("target", nine, days=-14, roll="back"),
        "target-7d": DateRule("target", nine, days=-7, roll="back"),
        "target-2wd": DateRule("target", nine, working_days=-2),
        "target-0": DateRule("target", nine, days=0, roll="back"),
        "deadline-2wd": DateRule("deadline", nine, working_days=-2),
        "deadline-0": DateRule("deadline", nine, days=0, roll="back"),
    }


def test_the_first_cycle_covered_two_years_and_later_ones_the_year_to_march() -> None:
    definition = read(shipped())

    assert definition.period == PeriodRules(own=(OwnPeriod(2020, date(2018, 4, 1), date(2020, 3, 31)),))
    assert definition.period_of(2020) == (date(2018, 4, 1), date(2020, 3, 31))
    assert definition.period_of(2021) == (date(2020, 4, 1), date(2021, 3, 31))


def test_the_limits_are_those_the_guide_names_as_defaults() -> None:
    assert read(shipped()).policy == Policy()


def test_seventeen_requirements_stand_under_four_standards() -> None:
    numbered = {
        standard.number: [item.number for item in standard.requirements] for standard in read(shipped()).standards
    }

    assert numbered == {
        "1": ["1.1", "1.2", "1.3", "1.4"],
        "2": ["2.1", "2.2", "2.3", "2.4", "2.5", "2.6"],
        "3": ["3.1", "3.2", "3.3", "3.4", "3.5", "3.6"],
        "4": ["4.1"],
    }


def test_the_ratings_are_told_apart_without_colour_and_white_text_can_be_read_on_each() -> None:
    scale = read(shipped()).scale

    assert [rating.word for rating in scale] == ["Red", "Amber", "Green"]
    assert len({rating.pattern for rating in scale}) == 3
    assert [rating.word for rating in scale if contrast_with_white(rating.colour) < 4.5] == []


def contrast_with_white(colour: str) -> float:
    """WCAG 2.2, contrast ratio."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def test_a_chair_is_never_told_of_the_agency_the_chair_belongs_to() -> None:
    definition = read(shipped())

    assert definition.chair_for("03") == definition.people.executive_chair
    assert definition.chair_for("11") == definition.people.alternate


def test_the_shipped_people_are_roles_at_addresses_that_reach_nobody() -> None:
    definition = read(shipped())
    people = definition.people
    everyone = [people.business_unit, people.executive_chair, people.alternate, *people.panel, *people.circulation]
    addresses = [person.email for person in everyone if person] + [
        definition.partnership.mailbox,
        definition.partnership.sender,
    ]

    assert [address for address in addresses if not address.endswith(".example")] == []


# ------------------------------------------------------------------------------------------------------ what is given


def test_the_same_text_gives_equal_definitions_whatever_it_is_called() -> None:
    assert read_definition(shipped(), source="one.toml") == read_definition(shipped(), source="two.toml")


def test_the_same_text_is_read_once() -> None:
    assert read(shipped()) is read(shipped())


def test_a_change_in_the_text_is_the_only_change_in_what_it_gives() -> None:
    changed_panel = read(changed("session_minutes = 30", "session_minutes = 40"))

    assert changed_panel == replace(read(shipped()), panel=replace(read(shipped()).panel, session_minutes=40))


def test_what_has_a_default_may_be_left_out() -> None:
    text = shipped()
    for heading in ("[policy]", "[people.alternate]", "[[duty_bodies]]", "[[people.circulation]]", "[[period.own]]"):
        text = without(text, heading)

    bare, full = read(text), read(shipped())

    assert bare == replace(
        full,
        policy=Policy(),
        duty_bodies=(),
        period=PeriodRules(),
        people=replace(full.people, alternate=None, circulation=()),
    )


def without(text: str, heading: str) -> str:
    """*text* less every table under *heading*."""
    lines, kept, dropping = text.splitlines(), [], False
    for line in lines:
        if line.startswith("["):
            dropping = line.startswith(heading)
            kept += [heading] * (line.startswith("[policy]") and dropping)  # this table has to be there, if empty
        if not dropping:
            kept.append(line)
    return "\n".join(kept)


def test_a_time_may_be_written_as_text_without_seconds() -> None:
    assert read(changed("starts = 09:00:00\n", 'starts = "09:00"\n')) == read(shipped())


def test_the_mark_an_editor_puts_before_a_text_is_passed_over() -> None:
    assert read("\ufeff" + shipped()) == read(shipped())


def test_closures_breaks_and_letters_switched_off_are_read() -> None:
    text = changed('standards_version = "2021"', 'standards_version = "2021"\nletters_off = ["session_reminder"]')
    definition = read(text + '\n[[closures]]\non = 2026-12-29\nwhy = "The office is closed"\n')

    assert definition.closures == (Closure(date(2026, 12, 29), "The office is closed"),)
    assert definition.letters_off == ("session_reminder",)
    assert definition.panel == PanelRules(
        time(9),
        time(17),
        "The panel room, or by video link",
        30,
        (Break(time(11), time(11, 15)), Break(time(12, 45), time(13, 30)), Break(time(15, 30), time(15, 45))),
        quorum=3,
    )
    assert definition.people.panel[1] == Person(
        "Chair of the Management Group", "management-group-chair@gloucestershire-agency.example", "01"
    )


def test_a_text_is_pinned_by_the_sha256_of_its_utf_8() -> None:
    assert content_sha256("place = “é”") == sha256("place = “é”".encode()).hexdigest()


def test_a_name_that_is_not_shipped_is_refused_with_those_that_are() -> None:
    with pytest.raises(UnknownError) as refusal:
        shipped("../gloucestershire")

    assert str(refusal.value) == 'No definition called "../gloucestershire" is shipped; there is gloucestershire.'


# ----------------------------------------------------------------------------------------------------- what is refused

DEADLINE = 'deadline = { anchor = "panel_day", days = -21, roll = "back", at = 17:00:00 }'
TARGET = 'target = { anchor = "month", month = 10, week = "first_full", weekday = "friday", at = 17:00:00 }'
INVITATION = 'panel_invitation = { anchor = "month", month = 10, day = 1, roll = "forward", at = 09:00:00 }'
REQUEST = 'report_request = { anchor = "month", month = 7, nth = 1, weekday = "monday", at = 09:00:00 }'
RUNG_14 = 'rule = { anchor = "target", days = -14, roll = "back", at = 09:00:00 }'
LAST_BREAK = "{ starts = 15:30:00, ends = 15:45:00 },"
ADDRESS = "use one plain address such as name@partnership.example."

SHAPES = {
    "a key that is nearly one": (
        DEADLINE,
        DEADLINE + "\ndedline = 1",
        'timetable.dedline: not a key here; did you mean "deadline"?',
    ),
    "a key inside a rule": (
        DEADLINE,
        DEADLINE.replace("roll", "rol"),
        'timetable.deadline.rol: not a key here; did you mean "roll"?',
    ),
    "a key like nothing known": (
        "ends_month = 3",
        "ends_month = 3\nxyzzy = 1",
        'period.xyzzy: not a key here; known here are "ends_month", "ends_day", "months" or "own".',
    ),
    "a key at the top": (
        "schema = 1",
        'schema = 1\nstandard_version = "2"',
        'standard_version: not a key here; did you mean "standards_version"?',
    ),
    "a rule left out": (
        DEADLINE,
        "",
        'timetable.deadline: missing; add a table (give it "anchor" and "at").',
    ),
    "a time left out": (
        DEADLINE,
        DEADLINE.replace(", at = 17:00:00", ""),
        "timetable.deadline.at: missing; add a time of day (use for instance 17:00:00).",
    ),
    "a number for a text": (
        'area = "Gloucestershire"',
        "area = 7",
        "partnership.area: 7 is not text; write it in quotes.",
    ),
    "a text for a number": (
        "session_minutes = 30",
        'session_minutes = "30"',
        'panel.session_minutes: "30" is not a whole number; use for instance 30.',
    ),
    "a fraction": (
        "session_minutes = 30",
        "session_minutes = 30.5",
        "panel.session_minutes: 30.5 is not a whole number; use for instance 30.",
    ),
    "true for a number": (
        "schema = 1",
        "schema = true",
        "schema: true is not a whole number; use for instance 30.",
    ),
    "a text for true or false": (
        "first_year_is_escalated = false",
        'first_year_is_escalated = "no"',
        'policy.first_year_is_escalated: "no" is not true or false; use one of the two, without quotes.',
    ),
    "an hour alone": (
        "starts = 09:00:00\n",
        "starts = 9\n",
        "panel.starts: 9 is not a time of day; use for instance 17:00:00.",
    ),
    "a date that is none": (
        "starts = 2018-04-01",
        'starts = "2018-02-30"',
        'period.own.1.starts: "2018-02-30" is not a date; use for instance 2026-10-20.',
    ),
    "an instant for a date": (
        "starts = 2018-04-01",
        "starts = 2018-04-01T09:00:00Z",
        "period.own.1.starts: 2018-04-01T09:00:00+00:00 is not a date; use for instance 2026-10-20.",
    ),
    "a choice there is not": (
        'escalate_from = "deadline"',
        'escalate_from = "panel"',
        'policy.escalate_from: "panel" is not one of the choices; use "deadline" or "target".',
    ),
    "an anchor there is not": (
        RUNG_14,
        RUNG_14.replace('"target"', '"easter"'),
        (
            'timetable.reminders.2.rule.anchor: "easter" is not one of the choices; use "month", "request", "target", '
            '"deadline", "panel_day", "session", "last_panel_day" or "return_by".'
        ),
    ),
    "a rule in words": (
        DEADLINE,
        'deadline = "three weeks before the panel"',
        'timetable.deadline: "three weeks before the panel" is not a table; give it "anchor" and "at".',
    ),
    "one where a list stands": (
        "schema = 1",
        'schema = 1\nletters_off = "digest"',
        'letters_off: "digest" is not a list; put [ and ] around its entries.',
    ),
    "no address": (
        'email = "lay-member@gloucestershire-partnership.example"',
        "",
        "people.panel.3.email: missing; add text (write it in quotes).",
    ),
}

BODIES = '[[duty_bodies]]\ncategory = "local authority"'


def another_scale(points: str) -> str:
    """A scale from elsewhere, before the duty bodies."""
    return f'[[other_scales]]\nname = "Theirs"\npoints = [{points}]\n\n{BODIES}'


SENSES = {
    "an address without a domain": (
        "lay-member@gloucestershire-partnership.example",
        "lay-member",
        f'people.panel.3.email: "lay-member" has no domain; {ADDRESS}',
    ),
    "two addresses in one": (
        "executive-chair@police.example",
        "a@police.example, b@police.example",
        f'people.executive_chair.email: "a@police.example, b@police.example" is not one address; {ADDRESS}',
    ),
    "a sender that is no address": (
        'sender = "section11@gloucestershire-partnership.example"',
        'sender = ""',
        f'partnership.sender: "" is empty; {ADDRESS}',
    ),
    "an empty name": (
        'area = "Gloucestershire"',
        'area = " "',
        "partnership.area: empty; write a text.",
    ),
    "an empty code of an agency": (
        'agency = "08"',
        'agency = ""',
        "people.alternate.agency: empty; write a text or leave it out.",
    ),
    "a line break where a header is made": (
        'report_subject = "S11 Report"',
        'report_subject = "S11 Report\\nBcc: x@y.example"',
        "partnership.report_subject: has a control character or a line break; write it on one line.",
    ),
    "a slash in the code": (
        'code = "GSCP"',
        'code = "GS/CP"',
        'partnership.code: "GS/CP" is not letters and digits with single hyphens; use for instance "target-14d".',
    ),
    "an @ in a rung": (
        'name = "target-14d"',
        'name = "target@14d"',
        (
            'timetable.reminders.2.name: "target@14d" is not letters and digits with single hyphens; use for instance '
            '"target-14d".'
        ),
    ),
    "two rungs of one name": (
        'name = "target-14d"',
        'name = "target-7d"',
        'timetable.reminders: two rungs are called "target-7d"; give each its own name.',
    ),
    "a colour by name": (
        'colour = "#00703c"',
        'colour = "green"',
        'scale.3.colour: "green" is not a colour; use # and six digits, such as "#00703c".',
    ),
    "a rating twice": (
        'code = "amber"',
        'code = "green"',
        'scale: the code "green" stands twice; give each rating its own.',
    ),
    "a requirement twice": (
        'number = "1.2"',
        'number = "1.1"',
        "standards: requirement 1.1 stands twice; give each its own number.",
    ),
    "a page without https": (
        "https://www.gloucestershire-partnership.example/section-11",
        "www.gloucestershire-partnership.example",
        (
            'partnership.website: "www.gloucestershire-partnership.example" is not an address of a page; begin it with '
            "https://."
        ),
    ),
    "a period that ends inside a month": (
        "ends_day = 31",
        "ends_day = 30",
        "period.ends_day: 30 is not the last day of month 3; use 31.",
    ),
    "a period that ends in February": (
        "ends_month = 3",
        "ends_month = 2",
        "period.ends_month: the last day of February is not the same every year; use another month.",
    ),
    "a period that ends in no month": (
        "ends_month = 3",
        "ends_month = 13",
        "period.ends_month: 13 is no month; use 1 to 12.",
    ),
    "a period of no length": (
        "months = 12",
        "months = 0",
        "period.months: 0 is not 1 to 60; a year is 12.",
    ),
    "a period that ends before it starts": (
        "starts = 2018-04-01",
        "starts = 2028-04-01",
        "period.own.1.ends: 2020-03-31 lies before the start, 2028-04-01; use a later date.",
    ),
    "a body twice": (
        'category = "youth justice"',
        'category = "youth"',
        'duty_bodies: "youth" stands twice; give each category one entry.',
    ),
    "breaks one in the other": (
        LAST_BREAK,
        "{ starts = 13:15:00, ends = 15:45:00 },",
        "panel.breaks: the one at 13:15 starts within another; make them one break.",
    ),
    "a break outside the day": (
        LAST_BREAK,
        "{ starts = 16:45:00, ends = 17:15:00 },",
        "panel.breaks: 16:45 to 17:15 does not lie within the day.",
    ),
    "a time with an offset": (
        "digest_at = 07:30:00",
        'digest_at = "07:30+01:00"',
        "policy.digest_at: has an offset; write the time a clock in London shows, for instance 17:00:00.",
    ),
    "a deadline after the panel": (
        DEADLINE,
        DEADLINE.replace("-21", "21"),
        "timetable.deadline: 21 lies after what it prepares for; use -21 or 0.",
    ),
    "an escalation before the deadline": (
        'escalation = { anchor = "deadline", working_days = 2',
        'escalation = { anchor = "deadline", working_days = -2',
        "timetable.escalation: -2 lies before what it follows; use 2 or 0.",
    ),
    "two ways of counting": (
        DEADLINE,
        DEADLINE.replace("days = -21", "days = -21, working_days = -15"),
        "timetable.deadline: give days or working_days, one of the two.",
    ),
    "an anchor that goes elsewhere": (
        DEADLINE,
        DEADLINE.replace("panel_day", "session"),
        'timetable.deadline.anchor: "session" cannot be counted from here; use "panel_day".',
    ),
    "a month beyond December": (
        TARGET,
        TARGET.replace("month = 10", "month = 13"),
        "timetable.target.month: 13 is no month; use 1 to 12.",
    ),
    "a target on a Sunday": (
        TARGET,
        TARGET.replace("friday", "sunday"),
        'timetable.target.weekday: "sunday" is no working day; use "monday" to "friday".',
    ),
    "a fifth Monday": (
        REQUEST,
        REQUEST.replace("nth = 1", "nth = 5"),
        "timetable.report_request.nth: 5 is not in every month; use 1 to 4.",
    ),
    "a day with a weekday": (
        INVITATION,
        INVITATION.replace("day = 1,", 'day = 1, weekday = "monday",'),
        "timetable.panel_invitation.weekday: a day of the month needs no weekday; leave it out.",
    ),
    "a schema of another time": (
        "schema = 1",
        "schema = 2",
        "schema: 2 is not known here; use 1.",
    ),
    "another scale that counts as no rating": (
        BODIES,
        another_scale('{ given = "0", rating = "blue" }'),
        'other_scales: "0" counts as "blue", which is no rating here; use "red" or "amber" or "green".',
    ),
    "another scale with a rating of one's own": (
        BODIES,
        another_scale('{ given = "Green", rating = "amber" }'),
        'other_scales: "Green" is a rating of your own scale; leave it out.',
    ),
    "another scale with a point that stands twice": (
        BODIES,
        another_scale('{ given = "A", rating = "green" }, { given = "a", rating = "red" }'),
        'other_scales: "a" stands twice, so that nobody can tell which is meant; keep one.',
    ),
    "a limit below nothing": (
        "fair_notice_working_days = 15",
        "fair_notice_working_days = -1",
        "policy.fair_notice_working_days: -1 is not 0 to 366.",
    ),
}


@pytest.mark.parametrize(("old", "new", "fault"), SHAPES.values(), ids=SHAPES.keys())
def test_a_wrong_shape_names_its_key_what_is_wrong_and_what_would_do(old: str, new: str, fault: str) -> None:
    found = faults_of(changed(old, new))

    assert fault in found
    assert len(found) <= 2  # a key written wrongly may also leave the right one missing


@pytest.mark.parametrize(("old", "new", "fault"), SENSES.values(), ids=SENSES.keys())
def test_a_wrong_sense_names_its_key_what_is_wrong_and_what_would_do(old: str, new: str, fault: str) -> None:
    assert faults_of(changed(old, new)) == (fault,)


def test_a_day_that_ends_before_it_starts_is_refused() -> None:
    found = faults_of(changed("starts = 09:00:00\nends = 17:00:00", "starts = 09:00:00\nends = 08:00:00"))

    assert found[0] == "panel.ends: the day ends before it starts; use a later time."


def test_a_definition_without_an_alternate_leaves_the_decision_to_the_business_manager() -> None:
    assert read(without(shipped(), "[people.alternate]")).chair_for("11") is None


def test_every_fault_is_told_at_once() -> None:
    text = changed('agency = "08"', 'agency = ""').replace("ends_day = 31", "ends_day = 30")
    text = text.replace("lay-member@gloucestershire-partnership.example", "lay-member")

    with pytest.raises(WrongDefinitionError) as refusal:
        read(text)

    assert str(refusal.value) == (
        "ours.toml cannot be used. "
        f'people.panel.3.email: "lay-member" has no domain; {ADDRESS} '
        "people.alternate.agency: empty; write a text or leave it out. "
        "period.ends_day: 30 is not the last day of month 3; use 31."
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "schema = 1\narea =\n",
            "line 2, column 7: not TOML (invalid value); correct it there.",
        ),
        (
            "schema = 1\nschema = 1\n",
            "line 2, column 11: not TOML (cannot overwrite a value); correct it there.",
        ),
        (
            'schema = "1',
            "end of document: not TOML (unterminated string); correct it there.",
        ),
        (
            "at = 09:00\n",
            "line 1, column 7: not TOML (expected newline or end of document after a statement); correct it there.",
        ),
        (
            "x = " + "[" * 5000,
            "lists stand in lists far too deep; close the brackets.",
        ),
    ],
)
def test_a_text_that_is_not_toml_is_refused_with_the_line(text: str, fault: str) -> None:
    assert faults_of(text) == (fault,)


def test_an_empty_text_names_every_table_it_lacks() -> None:
    assert [fault.partition(":")[0] for fault in faults_of("")] == [
        "schema",
        "partnership",
        "standards_version",
        "period",
        "timetable",
        "policy",
        "panel",
        "people",
        "standards",
        "scale",
    ]
