"""Every date of a cycle, worked out, explained, and held to the calendar's traps."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendars import london
from s11flow.domain.definition import DateRule, Definition, Week
from s11flow.domain.errors import WrongInputError
from s11flow.domain.model import CaseDates, Dated
from s11flow.domain.timetable import (
    REVIVED,
    DueAction,
    Rulebook,
    after_session,
    cut_off_of,
    dates_ladder,
    dates_of_case,
    deadline_of,
    extended_deadline,
    extension_limit,
    illegal_panel_day,
    not_a_working_day,
    panel_day_of,
    panel_pack_action,
    request_of,
    session_ladder,
    session_of,
    target_of,
    with_deadline,
    worked_date,
)
from tests.domain.factories import (
    DAYS,
    DEFINITION,
    NEXT_TUESDAY,
    OPENED,
    RULES,
    THURSDAY,
    TUESDAY,
    dates,
    london_at,
    policy,
    rules_with,
    session,
)

YEARS = st.integers(2021, 2040)


def ladder_of(panel_day: date) -> dict[str, datetime]:
    return {action.due_key: action.due_at for action in dates_ladder(RULES, dates(panel_day)) if not action.outranked}


def only(given: CaseDates, kind: str) -> DueAction:
    [action] = [action for action in dates_ladder(RULES, given) if action.kind == kind]
    return action


# --- 2026, worked by hand -------------------------------------------------------------------------------------------


def test_the_ladder_of_the_first_panel_day_of_2026() -> None:
    assert ladder_of(TUESDAY) == {
        "contact_check@2026-07-06": london_at("2026-06-29 09:00"),
        "contact_wanted@2026-07-06": london_at("2026-07-06 09:00"),
        "report_request@2026-07-06": london_at("2026-07-06 09:00"),
        "reminder/target-28d@2026-10-09": london_at("2026-09-11 09:00"),
        "reminder/target-14d@2026-10-09": london_at("2026-09-25 09:00"),
        "reminder/target-7d@2026-10-09": london_at("2026-10-02 09:00"),
        "reminder/target-2wd@2026-10-09": london_at("2026-10-07 09:00"),
        "reminder/target-0@2026-10-09": london_at("2026-10-09 09:00"),
        "target_missed@2026-10-09": london_at("2026-10-12 09:00"),
        "reminder/deadline-2wd@2026-10-20": london_at("2026-10-16 09:00"),
        "reminder/deadline-0@2026-10-20": london_at("2026-10-20 09:00"),
        "escalation_warning@2026-10-20": london_at("2026-10-20 17:00"),
        "non_submission@2026-10-20": london_at("2026-10-21 10:00"),
        "escalation@2026-10-20": london_at("2026-10-22 09:00"),
        "report_cut_off@2027-01-08": london_at("2027-01-08 17:00"),
    }


def test_each_action_says_why_it_is_due_how_late_it_may_be_and_what_it_yields_to() -> None:
    assert dates_ladder(RULES, dates()) == (
        DueAction(
            due_key="contact_check@2026-07-06",
            due_at=london_at("2026-06-29 09:00"),
            kind="contact_check",
            late_policy="until",
            why="5 working days before Monday 6 July 2026 is Monday 29 June 2026; 9am London time",
            valid_until=london_at("2026-07-06 09:00"),
        ),
        DueAction(
            due_key="contact_wanted@2026-07-06",
            due_at=london_at("2026-07-06 09:00"),
            kind="contact_wanted",
            late_policy="always",
            why="the first Monday of July 2026 is Monday 6 July 2026, a working day; 9am London time",
        ),
        DueAction(
            due_key="report_request@2026-07-06",
            due_at=london_at("2026-07-06 09:00"),
            kind="report_request",
            late_policy="always",
            why="the first Monday of July 2026 is Monday 6 July 2026, a working day; 9am London time",
            valid_until=london_at("2027-01-08 17:00"),
        ),
        DueAction(
            due_key="reminder/target-28d@2026-10-09",
            due_at=london_at("2026-09-11 09:00"),
            kind="reminder",
            late_policy="latest",
            why="28 days before Friday 9 October 2026 is Friday 11 September 2026, a working day; 9am London time",
            family="submit",
            valid_until=london_at("2026-09-25 09:00"),
            rank=1,
        ),
        DueAction(
            due_key="reminder/target-14d@2026-10-09",
            due_at=london_at("2026-09-25 09:00"),
            kind="reminder",
            late_policy="latest",
            why="14 days before Friday 9 October 2026 is Friday 25 September 2026, a working day; 9am London time",
            family="submit",
            valid_until=london_at("2026-10-02 09:00"),
            rank=1,
        ),
        DueAction(
            due_key="reminder/target-7d@2026-10-09",
            due_at=london_at("2026-10-02 09:00"),
            kind="reminder",
            late_policy="latest",
            why="7 days before Friday 9 October 2026 is Friday 2 October 2026, a working day; 9am London time",
            family="submit",
            valid_until=london_at("2026-10-07 09:00"),
            rank=1,
        ),
        DueAction(
            due_key="reminder/target-2wd@2026-10-09",
            due_at=london_at("2026-10-07 09:00"),
            kind="reminder",
            late_policy="latest",
            why="2 working days before Friday 9 October 2026 is Wednesday 7 October 2026; 9am London time",
            family="submit",
            valid_until=london_at("2026-10-09 09:00"),
            rank=1,
        ),
        DueAction(
            due_key="reminder/target-0@2026-10-09",
            due_at=london_at("2026-10-09 09:00"),
            kind="reminder",
            late_policy="latest",
            why="the day itself, Friday 9 October 2026, a working day; 9am London time",
            family="submit",
            valid_until=london_at("2026-10-12 09:00"),
            rank=1,
        ),
        DueAction(
            due_key="target_missed@2026-10-09",
            due_at=london_at("2026-10-12 09:00"),
            kind="target_missed",
            late_policy="latest",
            why="1 working day after Friday 9 October 2026 is Monday 12 October 2026; 9am London time",
            family="submit",
            valid_until=london_at("2026-10-16 09:00"),
            rank=1,
        ),
        DueAction(
            due_key="reminder/deadline-2wd@2026-10-20",
            due_at=london_at("2026-10-16 09:00"),
            kind="reminder",
            late_policy="latest",
            why="2 working days before Tuesday 20 October 2026 is Friday 16 October 2026; 9am London time",
            family="submit",
            valid_until=london_at("2026-10-20 09:00"),
            rank=2,
        ),
        DueAction(
            due_key="reminder/deadline-0@2026-10-20",
            due_at=london_at("2026-10-20 09:00"),
            kind="reminder",
            late_policy="latest",
            why="the day itself, Tuesday 20 October 2026, a working day; 9am London time",
            family="submit",
            valid_until=london_at("2026-10-21 10:00"),
            rank=2,
        ),
        DueAction(
            due_key="escalation_warning@2026-10-20",
            due_at=london_at("2026-10-20 17:00"),
            kind="escalation_warning",
            late_policy="always",
            why="the deadline passed on Tuesday 20 October 2026, 5pm",
        ),
        DueAction(
            due_key="non_submission@2026-10-20",
            due_at=london_at("2026-10-21 10:00"),
            kind="non_submission",
            late_policy="always",
            why="1 working day after Tuesday 20 October 2026 is Wednesday 21 October 2026; 10am London time",
        ),
        DueAction(
            due_key="escalation@2026-10-20",
            due_at=london_at("2026-10-22 09:00"),
            kind="escalation",
            late_policy="always",
            why="2 working days after Tuesday 20 October 2026 is Thursday 22 October 2026; 9am London time",
            valid_until=london_at("2027-01-08 17:00"),
        ),
        DueAction(
            due_key="report_cut_off@2027-01-08",
            due_at=london_at("2027-01-08 17:00"),
            kind="report_cut_off",
            late_policy="always",
            why="35 working days after Tuesday 17 November 2026 is Friday 8 January 2027; 5pm London time",
        ),
    )


@pytest.mark.parametrize(
    ("panel_day", "deadline", "two_days", "told", "escalated"),
    [
        (TUESDAY, "2026-10-20", "2026-10-16", "2026-10-21", "2026-10-22"),
        (THURSDAY, "2026-10-22", "2026-10-20", "2026-10-23", "2026-10-26"),
        (NEXT_TUESDAY, "2026-10-27", "2026-10-23", "2026-10-28", "2026-10-29"),
    ],
)
def test_each_panel_day_has_its_own_deadline(
    panel_day: date, deadline: str, two_days: str, told: str, escalated: str
) -> None:
    ladder = ladder_of(panel_day)

    assert {key: at for key, at in ladder.items() if key.endswith(deadline)} == {
        f"reminder/deadline-2wd@{deadline}": london_at(f"{two_days} 09:00"),
        f"reminder/deadline-0@{deadline}": london_at(f"{deadline} 09:00"),
        f"escalation_warning@{deadline}": london_at(f"{deadline} 17:00"),
        f"non_submission@{deadline}": london_at(f"{told} 10:00"),
        f"escalation@{deadline}": london_at(f"{escalated} 09:00"),
    }


def test_the_dates_of_a_case_explain_themselves() -> None:
    cut_off = cut_off_of(RULES, NEXT_TUESDAY)
    given = dates_of_case(RULES, 2026, panel_day=TUESDAY, cut_off=cut_off, set_at=OPENED)

    assert (given.request, given.target, given.deadline, given.cut_off) == (
        Dated(
            london_at("2026-07-06 09:00"),
            date(2026, 7, 6),
            "the first Monday of July 2026 is Monday 6 July 2026, a working day; 9am London time",
            "report_request",
        ),
        Dated(
            london_at("2026-10-09 17:00"),
            date(2026, 10, 9),
            "the Friday of the first full Monday to Friday week in October 2026 is Friday 9 October 2026, "
            "a working day; 5pm London time",
            "target",
        ),
        Dated(
            london_at("2026-10-20 17:00"),
            date(2026, 10, 20),
            "21 days before Tuesday 10 November 2026 is Tuesday 20 October 2026, a working day; 5pm London time",
            "deadline",
        ),
        Dated(
            london_at("2027-01-08 17:00"),
            date(2027, 1, 8),
            "35 working days after Tuesday 17 November 2026 is Friday 8 January 2027; 5pm London time",
            "report_cut_off",
        ),
    )


def test_what_hangs_on_a_session_of_tuesday_10_november() -> None:
    assert session_ladder(RULES, "s1r0", london_at("2026-11-10 09:00"), OPENED, 2026) == (
        DueAction(
            due_key="panel_invitation@s1r0",
            due_at=london_at("2026-10-01 09:00"),
            kind="panel_invitation",
            late_policy="until",
            why="the date set is Thursday 1 October 2026, a working day; 9am London time",
            valid_until=london_at("2026-11-10 09:00"),
        ),
        DueAction(
            due_key="reply_chase@s1r0",
            due_at=london_at("2026-10-29 09:00"),
            kind="reply_chase",
            late_policy="until",
            why="8 working days before Tuesday 10 November 2026 is Thursday 29 October 2026; 9am London time",
            valid_until=london_at("2026-11-10 09:00"),
        ),
        DueAction(
            due_key="session_reminder@s1r0",
            due_at=london_at("2026-11-06 09:00"),
            kind="session_reminder",
            late_policy="until",
            why="2 working days before Tuesday 10 November 2026 is Friday 6 November 2026; 9am London time",
            valid_until=london_at("2026-11-10 09:00"),
        ),
    )


def test_a_session_pencilled_at_the_very_moment_of_the_invitation_keeps_its_day() -> None:
    first_of_october = london_at("2026-10-01 09:00")

    on_time, *_ = session_ladder(RULES, "s1r0", london_at("2026-11-10 09:00"), first_of_october, 2026)
    later, *_ = session_ladder(
        RULES, "s1r0", london_at("2026-11-10 09:00"), first_of_october + timedelta(minutes=1), 2026
    )

    assert (on_time.due_at, later.due_at) == (first_of_october, first_of_october + timedelta(minutes=1))
    assert on_time.why == "the date set is Thursday 1 October 2026, a working day; 9am London time"


def test_a_session_pencilled_in_mid_october_is_invited_at_once() -> None:
    pencilled = london_at("2026-10-14 15:10")

    invitation, *_ = session_ladder(RULES, "s2r0", london_at("2026-11-10 09:00"), pencilled, 2026)

    assert (invitation.due_at, invitation.why) == (
        pencilled,
        "the session was pencilled on Wednesday 14 October 2026, 3:10pm, after Thursday 1 October 2026",
    )


def test_the_pack_and_the_work_after_the_session_are_counted_in_working_days() -> None:
    assert panel_pack_action(RULES, TUESDAY) == DueAction(
        due_key="panel_pack@2026-11-10",
        due_at=london_at("2026-10-27 09:00"),
        kind="panel_pack",
        late_policy="until",
        why="10 working days before Tuesday 10 November 2026 is Tuesday 27 October 2026; 9am London time",
        valid_until=london_at("2026-11-10 17:00"),
    )
    assert after_session(RULES, TUESDAY) == (
        Dated(
            london_at("2026-11-24 17:00"),
            date(2026, 11, 24),
            "10 working days after Tuesday 10 November 2026 is Tuesday 24 November 2026; 5pm London time",
            "assessment_due",
        ),
        Dated(
            london_at("2026-12-08 17:00"),
            date(2026, 12, 8),
            "20 working days after Tuesday 10 November 2026 is Tuesday 8 December 2026; 5pm London time",
            "accuracy_closes",
        ),
    )
    assert extension_limit(RULES, TUESDAY) == date(2026, 10, 27)


def test_a_session_and_a_panel_day_say_when_they_are() -> None:
    assert (panel_day_of(RULES, TUESDAY), session_of(session())) == (
        Dated(
            london_at("2026-11-10 09:00"),
            TUESDAY,
            "the panel sits on Tuesday 10 November 2026, a working day; from 9am London time",
            "panel_day",
        ),
        Dated(
            london_at("2026-11-10 09:00"),
            TUESDAY,
            "session 1 of the case, 30 minutes on Tuesday 10 November 2026, 9am London time",
            "session",
        ),
    )


def test_5pm_in_london_is_another_hour_of_utc_once_summer_time_ends() -> None:
    before, after = deadline_of(RULES, TUESDAY), deadline_of(RULES, NEXT_TUESDAY)

    assert (before.at.hour, after.at.hour) == (16, 17)
    assert before.as_json()["at"] == "2026-10-20T17:00:00+01:00"
    assert after.as_json()["at"] == "2026-10-27T17:00:00+00:00"


# --- one letter a day, the deadline's before the target's -------------------------------------------------------------


def test_where_the_deadline_is_the_target_its_reminders_outrank_the_target_s() -> None:
    ladder = dates_ladder(RULES, dates(date(2026, 10, 30)))  # its deadline is the target, Friday 9 October

    assert {a.due_key: a.outranked for a in ladder if a.family == "submit" and a.due_at.month == 10} == {
        "reminder/target-7d@2026-10-09": False,
        "reminder/target-2wd@2026-10-09": True,
        "reminder/deadline-2wd@2026-10-09": False,
        "reminder/target-0@2026-10-09": True,
        "reminder/deadline-0@2026-10-09": False,
    }


@pytest.mark.parametrize(("panel_day", "expected"), [(date(2026, 11, 2), 0), (date(2026, 11, 3), 1)])
def test_a_missed_target_is_not_told_once_the_deadline_has_come(panel_day: date, expected: int) -> None:
    kinds = [action.kind for action in dates_ladder(RULES, dates(panel_day))]

    assert kinds.count("target_missed") == expected  # deadlines on Monday 12 and Tuesday 13 October


def test_a_reminder_has_a_sense_until_the_next_and_the_last_until_non_submission_is_told() -> None:
    family = [action for action in dates_ladder(RULES, dates()) if action.family == "submit"]

    assert [action.valid_until for action in family] == [
        *(action.due_at for action in family[1:]),
        london_at("2026-10-21 10:00"),
    ]


def test_a_definition_may_count_non_submission_from_the_target() -> None:
    rules = policy(escalate_from="target")
    ladder = {action.kind: action.due_at for action in dates_ladder(rules, dates())}

    assert (ladder["escalation_warning"], ladder["non_submission"], ladder["escalation"]) == (
        london_at("2026-10-09 17:00"),
        london_at("2026-10-12 10:00"),
        london_at("2026-10-13 09:00"),
    )


def test_an_agency_given_a_later_deadline_answers_for_that_one_whatever_the_definition_chose() -> None:
    rules = policy(escalate_from="target")
    later = extended_deadline(rules, date(2026, 10, 26), "extended to Monday 26 October 2026")
    given = with_deadline(dates(), later, set_at=london_at("2026-10-08 10:00"))

    [warning] = [action for action in dates_ladder(rules, given) if action.kind == "escalation_warning"]

    assert warning.due_at == london_at("2026-10-26 17:00")


def test_an_agency_asked_again_is_reminded_of_its_own_deadline_and_of_no_target() -> None:
    own = extended_deadline(RULES, date(2026, 11, 16), "a deadline of its own", REVIVED)
    again = with_deadline(dates(), own, set_at=london_at("2026-11-02 10:00"))

    assert [action.due_key for action in dates_ladder(RULES, again) if action.family == "submit"] == [
        "reminder/deadline-2wd@2026-11-16",
        "reminder/deadline-0@2026-11-16",
    ]


def test_a_case_without_a_session_has_its_target_but_no_deadline() -> None:
    given = dates(None)

    assert (given.deadline, given.panel_day) == (None, None)
    assert {action.kind for action in dates_ladder(RULES, given)} == {
        "contact_check",
        "contact_wanted",
        "report_request",
        "reminder",
        "target_missed",
        "report_cut_off",
    }


# --- the calendar's traps ---------------------------------------------------------------------------------------------


def read_week_as(week: Week) -> Rulebook:
    def change(definition: Definition) -> Definition:
        table = definition.timetable
        return replace(definition, timetable=replace(table, target=replace(table.target, week=week)))

    return rules_with(change)


@pytest.mark.parametrize(
    ("week", "year", "expected"),
    [
        ("first_full", 2026, date(2026, 10, 9)),
        ("holding_first", 2026, date(2026, 10, 2)),
        ("first_seven_days", 2026, date(2026, 10, 2)),
        ("first_full", 2028, date(2028, 10, 6)),
        ("first_seven_days", 2028, date(2028, 10, 6)),
        ("first_full", 2029, date(2029, 10, 5)),  # 1 October is a Monday
        ("holding_first", 2027, date(2027, 10, 1)),
    ],
)
def test_the_first_week_of_october_can_be_read_in_three_ways(week: Week, year: int, expected: date) -> None:
    rules = read_week_as(week)

    assert target_of(rules, year).on == expected


def test_a_reading_that_leaves_october_is_refused_and_says_what_to_set() -> None:
    with pytest.raises(WrongInputError) as refusal:
        target_of(read_week_as("holding_first"), 2028)

    assert str(refusal.value) == (
        "The target for 2028 cannot be worked out: the Friday of the week holding 1 October in October 2028 is "
        "Friday 29 September 2028, a working day, which leaves October 2028. "
        'In the definition set timetable.target.week to "first_full".'
    )


def test_a_panel_on_18_january_2027_asks_for_reports_by_christmas_eve() -> None:
    assert deadline_of(RULES, date(2027, 1, 18)) == Dated(
        london_at("2026-12-24 17:00"),
        date(2026, 12, 24),
        "21 days before Monday 18 January 2027 is Monday 28 December 2026, "
        "the Boxing Day bank holiday (substitute day); rolled back to Thursday 24 December 2026; 5pm London time",
        "deadline",
    )


def test_a_typed_day_that_is_no_working_day_is_refused_with_the_nearest() -> None:
    assert not_a_working_day(DAYS, date(2026, 12, 28)) == (
        "Monday 28 December 2026 is the Boxing Day bank holiday (substitute day); "
        "the nearest working days are Thursday 24 December 2026 and Tuesday 29 December 2026."
    )
    assert not_a_working_day(DAYS, date(2026, 10, 20)) is None


def test_a_rule_counted_from_a_date_cannot_do_without_one() -> None:
    with pytest.raises(ValueError, match="deadline is counted from a date and none was given"):
        worked_date(DEFINITION.timetable.deadline, "deadline", DAYS, year=2026)


@pytest.mark.parametrize(
    ("rule", "expected", "why"),
    [
        # working days
        (DateRule("deadline", time(9), working_days=1), "2026-10-21", "1 working day after {} is {}"),
        (DateRule("deadline", time(9), working_days=-1), "2026-10-19", "1 working day before {} is {}"),
        (DateRule("deadline", time(9), working_days=2), "2026-10-22", "2 working days after {} is {}"),
        (DateRule("deadline", time(9), working_days=0), "2026-10-20", "the day itself, {1}"),
        # days of the calendar, a working day and none
        (DateRule("deadline", time(9), days=1), "2026-10-21", "1 day after {} is {}, a working day"),
        (DateRule("deadline", time(9), days=-1), "2026-10-19", "1 day before {} is {}, a working day"),
        (DateRule("deadline", time(9), days=0), "2026-10-20", "the day itself, {1}, a working day"),
        (DateRule("deadline", time(9), days=4), "2026-10-24", "4 days after {} is {}, a Saturday"),
        (
            DateRule("deadline", time(9), days=4, roll="back"),
            "2026-10-23",
            "4 days after {0} is Saturday 24 October 2026, a Saturday; rolled back to {1}",
        ),
        (
            DateRule("deadline", time(9), days=4, roll="forward"),
            "2026-10-26",
            "4 days after {0} is Saturday 24 October 2026, a Saturday; rolled forward to {1}",
        ),
        # a day of a month, with a roll or none
        (DateRule("month", time(9), month=10, day=24), "2026-10-24", "the date set is {1}, a Saturday"),
        (
            DateRule("month", time(9), month=10, day=24, roll="back"),
            "2026-10-23",
            "the date set is Saturday 24 October 2026, a Saturday; rolled back to {1}",
        ),
        # a weekday of a month: forward unless the rule says back
        (
            DateRule("month", time(9), month=5, nth=1, weekday="monday"),
            "2026-05-05",
            ("the first Monday of May 2026 is Monday 4 May 2026, the Early May bank holiday; rolled forward to {1}"),
        ),
        (
            DateRule("month", time(9), month=5, nth=1, weekday="monday", roll="back"),
            "2026-05-01",
            "the first Monday of May 2026 is Monday 4 May 2026, the Early May bank holiday; rolled back to {1}",
        ),
        (
            DateRule("month", time(9), month=10, nth=1, weekday="thursday"),
            "2026-10-01",
            "the first Thursday of October 2026 is {1}, a working day",
        ),
        (
            DateRule("month", time(9), month=10, nth=2, weekday="wednesday"),
            "2026-10-14",
            "the second Wednesday of October 2026 is {1}, a working day",
        ),
        (
            DateRule("month", time(9), month=10, nth=3, weekday="friday"),
            "2026-10-16",
            "the third Friday of October 2026 is {1}, a working day",
        ),
        (
            DateRule("month", time(9), month=10, nth=4, weekday="tuesday"),
            "2026-10-27",
            "the fourth Tuesday of October 2026 is {1}, a working day",
        ),
        # a week of a month: back unless the rule says forward
        (
            DateRule("month", time(9), month=4, week="first_seven_days", weekday="friday"),
            "2026-04-02",
            (
                "the Friday of the first seven days in April 2026 is Friday 3 April 2026, "
                "the Good Friday bank holiday; rolled back to {1}"
            ),
        ),
        (
            DateRule("month", time(9), month=4, week="first_seven_days", weekday="friday", roll="forward"),
            "2026-04-07",
            (
                "the Friday of the first seven days in April 2026 is Friday 3 April 2026, "
                "the Good Friday bank holiday; rolled forward to {1}"
            ),
        ),
        (
            DateRule("month", time(9), month=10, week="holding_first", weekday="thursday"),
            "2026-10-01",
            "the Thursday of the week holding 1 October in October 2026 is {1}, a working day",
        ),
        (
            DateRule("month", time(9), month=6, week="first_full", weekday="monday"),
            "2026-06-01",
            "the Monday of the first full Monday to Friday week in June 2026 is {1}, a working day",
        ),
        (
            DateRule("month", time(9), month=6, week="first_seven_days", weekday="monday"),
            "2026-06-01",
            "the Monday of the first seven days in June 2026 is {1}, a working day",
        ),
        (
            DateRule("month", time(9), month=10, week="first_seven_days", weekday="monday"),
            "2026-10-05",
            "the Monday of the first seven days in October 2026 is {1}, a working day",
        ),
        (
            DateRule("month", time(9), month=1, week="first_full", weekday="friday"),
            "2026-01-09",
            "the Friday of the first full Monday to Friday week in January 2026 is {1}, a working day",
        ),
    ],
)
def test_a_rule_gives_its_day_and_the_sentence_that_explains_it(rule: DateRule, expected: str, why: str) -> None:
    on, anchor = date.fromisoformat(expected), date(2026, 10, 20)
    said = why.format(london.spell_day(anchor), london.spell_day(on))

    assert worked_date(rule, "a_rule", DAYS, year=2026, anchor=anchor) == Dated(
        london_at(f"{expected} 09:00"), on, f"{said}; 9am London time", "a_rule"
    )


@pytest.mark.parametrize("month", [1, 12])
def test_a_week_that_begins_in_another_year_leaves_its_month_too(month: int) -> None:
    rule = DateRule("month", time(9), month=month, week="holding_first", weekday="monday")

    with pytest.raises(WrongInputError, match="which leaves"):
        worked_date(rule, "target", DAYS, year=2026)


# --- which days the panel may sit on ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "sentence"),
    [
        (
            date(2026, 11, 14),
            (
                "The panel cannot sit on Saturday 14 November 2026: it is a Saturday. "
                "The earliest legal day is Monday 16 November 2026."
            ),
        ),
        (
            date(2026, 10, 20),
            (
                "The panel cannot sit on Tuesday 20 October 2026: reports would be due on Tuesday 29 September 2026, "
                "before the target of Friday 9 October 2026. The earliest legal day is Friday 30 October 2026."
            ),
        ),
        (
            date(2026, 12, 25),
            (
                "The panel cannot sit on Friday 25 December 2026: it is the Christmas Day bank holiday. "
                "The earliest legal day is Tuesday 29 December 2026."
            ),
        ),
        (
            date(2027, 10, 11),  # the first working day past the year
            (
                "The panel cannot sit on Monday 11 October 2027: it is more than a year after the target of "
                "Friday 9 October 2026. No day within a year of it is legal either."
            ),
        ),
        (
            date(2028, 11, 10),
            (
                "The panel cannot sit on Friday 10 November 2028: it is more than a year after the target of "
                "Friday 9 October 2026. No day within a year of it is legal either."
            ),
        ),
    ],
)
def test_an_illegal_panel_day_is_refused_with_the_earliest_legal_one(on: date, sentence: str) -> None:
    assert illegal_panel_day(RULES, 2026, on) == sentence


@given(year=YEARS, offset=st.integers(-120, 200))
def test_the_day_a_refusal_names_is_legal_and_none_before_it_is(year: int, offset: int) -> None:
    on = target_of(RULES, year).on + timedelta(days=offset)
    refusal = illegal_panel_day(RULES, year, on)
    later = [on + timedelta(days=n) for n in range(1, 250)]

    if refusal is not None:
        earliest = next(day for day in later if illegal_panel_day(RULES, year, day) is None)
        assert refusal.endswith(f"The earliest legal day is {london.spell_day(earliest)}.")


# --- every year from 2021 to 2040 -------------------------------------------------------------------------------------


@given(year=YEARS)
def test_the_target_is_a_working_friday_in_october(year: int) -> None:
    target = target_of(RULES, year)

    assert (target.on.year, target.on.month, target.on.weekday()) == (year, 10, 4)
    assert DAYS.is_working_day(target.on)
    assert 5 <= target.on.day <= 11  # its Monday is the first of the month


@given(year=YEARS, offset=st.integers(14, 150))
def test_a_legal_deadline_is_a_working_day_three_weeks_before_and_never_before_the_target(
    year: int, offset: int
) -> None:
    on = target_of(RULES, year).on + timedelta(days=offset)
    deadline = deadline_of(RULES, on)

    assert DAYS.is_working_day(deadline.on)
    assert timedelta(days=21) <= on - deadline.on <= timedelta(days=26)  # Christmas on a Friday costs most
    if illegal_panel_day(RULES, year, on) is None:
        assert deadline.on >= target_of(RULES, year).on


@given(year=YEARS, offset=st.integers(21, 150))
def test_every_date_names_its_day_and_every_rung_falls_on_a_working_day_in_order(year: int, offset: int) -> None:
    on = DAYS.roll_forward(target_of(RULES, year).on + timedelta(days=offset))
    given_dates = dates_of_case(RULES, year, panel_day=on, cut_off=cut_off_of(RULES, on), set_at=OPENED)
    ladder = dates_ladder(RULES, given_dates)
    dated = (given_dates.request, given_dates.target, given_dates.deadline, given_dates.cut_off, given_dates.panel_day)

    assert all(item is not None and london.spell_day(item.on) in item.why for item in dated)
    assert all(london.spell_day(london.day_of(action.due_at)) in action.why for action in ladder)
    assert all(DAYS.is_working_day(london.day_of(action.due_at)) for action in ladder)
    assert [action.due_at for action in ladder] == sorted(action.due_at for action in ladder)
    assert len({action.due_key for action in ladder}) == len(ladder)


@given(year=YEARS, offset=st.integers(21, 150))
def test_the_chair_hears_a_working_day_or_more_after_the_business_unit_was_warned(year: int, offset: int) -> None:
    on = DAYS.roll_forward(target_of(RULES, year).on + timedelta(days=offset))
    given_dates = dates_of_case(RULES, year, panel_day=on, cut_off=cut_off_of(RULES, on), set_at=OPENED)
    warned, told = only(given_dates, "escalation_warning"), only(given_dates, "escalation")

    assert DAYS.between(london.day_of(warned.due_at), london.day_of(told.due_at)) >= 1
    assert request_of(RULES, year).at < given_dates.target.at <= warned.due_at
