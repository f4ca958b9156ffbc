"""What the clock does to a subject: in order, once, however late it comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendars import london
from s11flow.domain import acts
from s11flow.domain.decide import decide
from s11flow.domain.model import (
    AgencyStatus,
    CaseFacts,
    CaseState,
    EscalationState,
    Letter,
    Member,
    Note,
    PanelDayFacts,
    PanelDayState,
    PartnershipFacts,
    Plan,
    SessionState,
    Track,
)
from s11flow.domain.step import settle
from tests.domain.factories import (
    OPENED,
    RULES,
    THURSDAY,
    TUESDAY,
    agency,
    by_then,
    case_facts,
    dates,
    done,
    escalation,
    every_day,
    letters_of,
    london_at,
    moves,
    never_backwards,
    plan_of,
    policy,
    session,
    submission,
    ticked,
    ticked_at,
)

S = CaseState
LAST = london_at("2027-01-29 12:00")  # three weeks after the cut-off
DAILY = every_day(date(2026, 6, 1), date(2027, 1, 29))
ALWAYS = {"report_request", "contact_wanted", "escalation_warning", "non_submission", "escalation"}


def history(plans: Iterable[Plan[CaseFacts]]) -> Counter[tuple[str, str, str | None, str | None, str | None]]:
    return Counter((e.event, e.about, e.before, e.after, e.due_key) for plan in plans for e in plan.entries)


def states(facts: CaseFacts) -> tuple[CaseState, SessionState | None, EscalationState | None]:
    return (
        facts.state,
        facts.session.state if facts.session else None,
        facts.escalation.state if facts.escalation else None,
    )


def gaps() -> st.SearchStrategy[list[datetime]]:
    """Instants over the year, never more than four weeks apart, the last one after the cut-off."""
    hours = st.lists(st.integers(1, 28 * 24), min_size=30, max_size=90)
    return hours.map(lambda steps: _walked(steps, OPENED))


def _walked(steps: Sequence[int], at: datetime) -> list[datetime]:
    found = []
    for step in steps:
        at += timedelta(hours=step)
        if at >= LAST:
            break
        found.append(at)
    while found and LAST - found[-1] > timedelta(days=28):
        found.append(found[-1] + timedelta(days=27))
    return [*found, LAST]


def outcomes(plan: Plan[CaseFacts]) -> dict[str, object]:
    return {entry.due_key or "": entry.data["outcome"] for entry in plan.entries if entry.event == Note.LETTER_DUE}


# --- a year in which nothing comes ------------------------------------------------------------------------------------


def test_a_year_of_silence_from_the_first_check_to_the_cut_off() -> None:
    _, plans = ticked(case_facts(), until=LAST)

    assert [(london.iso(letter.at)[:16], letter.due_key) for plan in plans for letter in plan.letters] == [
        ("2026-06-29T09:00", "contact_check@2026-07-06"),
        ("2026-07-06T09:00", "report_request@2026-07-06"),
        ("2026-09-11T09:00", "reminder/target-28d@2026-10-09"),
        ("2026-09-25T09:00", "reminder/target-14d@2026-10-09"),
        ("2026-10-01T09:00", "panel_invitation@s1r0"),
        ("2026-10-02T09:00", "reminder/target-7d@2026-10-09"),
        ("2026-10-07T09:00", "reminder/target-2wd@2026-10-09"),
        ("2026-10-09T09:00", "reminder/target-0@2026-10-09"),
        ("2026-10-12T09:00", "target_missed@2026-10-09"),
        ("2026-10-16T09:00", "reminder/deadline-2wd@2026-10-20"),
        ("2026-10-20T09:00", "reminder/deadline-0@2026-10-20"),
        ("2026-10-20T17:00", "escalation_warning@2026-10-20"),
        ("2026-10-21T10:00", "non_submission@2026-10-20"),
        ("2026-10-22T09:00", "escalation@2026-10-20"),
        ("2026-10-29T09:00", "reply_chase@s1r0"),
        ("2026-11-06T09:00", "session_reminder@s1r0"),
    ]
    assert moves(entry for plan in plans for entry in plan.entries if entry.about != "letter") == [
        ("case", "REQUEST_REPORT", "PLANNED", "REQUESTED"),
        ("s1", "INVITE", "PENCILLED", "INVITED"),
        ("escalation", "RAISE", None, "PENDING"),
        ("case", "CONFIRM_NON_SUBMISSION", "REQUESTED", "NOT_SUBMITTED"),
        ("escalation", "SEND", "PENDING", "WITH_CHAIR"),
        ("escalation", "LEAVE_UNRESOLVED", "WITH_CHAIR", "UNRESOLVED"),
    ]
    assert plans[-1].next_due_at is None


def test_a_letter_carries_its_reason_its_end_of_sense_and_the_case_as_it_stood() -> None:
    plan = settle(RULES, by_then("2026-10-09 08:00"), london_at("2026-10-09 09:30"))

    assert plan.letters == (
        Letter(
            kind="reminder",
            due_key="reminder/target-0@2026-10-09",
            at=london_at("2026-10-09 09:00"),
            why="the day itself, Friday 9 October 2026, a working day; 9am London time",
            facts=replace(plan.facts, submit_letter_on=date(2026, 10, 7)),
            valid_until=london_at("2026-10-12 09:00"),
            about={"anchor": "target"},
            family="submit",
        ),
    )
    assert plan.facts.submit_letter_on == date(2026, 10, 9)


def test_the_reminders_of_the_deadline_say_so() -> None:
    plan = settle(RULES, by_then("2026-10-16 08:00"), london_at("2026-10-16 09:00"))

    assert [letter.about for letter in plan.letters] == [{"anchor": "deadline"}]


def test_ticking_twice_does_nothing_more() -> None:
    once = settle(RULES, by_then("2026-09-24 12:00"), london_at("2026-09-25 09:00"))
    twice = settle(RULES, once.facts, london_at("2026-09-25 09:00"))

    assert (len(once.entries), twice) == (1, Plan(once.facts, next_due_at=once.next_due_at))


# --- late ------------------------------------------------------------------------------------------------------------


def late(last: str, now: str, **changes: Any) -> Plan[CaseFacts]:
    """What one tick does that comes after a silence of the clock."""
    return settle(RULES, by_then(last, case_facts(**changes)), london_at(now))


@pytest.mark.parametrize(
    ("last", "now", "letters"),
    [
        ("2026-09-10 20:00", "2026-09-15 12:00", ["reminder/target-28d@2026-10-09"]),
        ("2026-09-10 20:00", "2026-10-05 12:00", ["panel_invitation@s1r0", "reminder/target-7d@2026-10-09"]),
        (
            "2026-10-01 20:00",
            "2026-10-20 16:59",
            ["reminder/deadline-0@2026-10-20"],
        ),
        (
            "2026-10-01 20:00",
            "2026-10-20 17:00",
            ["reminder/deadline-0@2026-10-20", "escalation_warning@2026-10-20"],
        ),
        ("2026-10-01 20:00", "2026-10-21 10:00", ["escalation_warning@2026-10-20", "non_submission@2026-10-20"]),
        (
            "2026-10-19 20:00",
            "2026-11-02 12:00",
            ["escalation_warning@2026-10-20", "non_submission@2026-10-20", "reply_chase@s1r0"],
        ),
        ("2026-06-20 20:00", "2026-07-07 12:00", ["report_request@2026-07-06"]),
        ("2026-06-20 20:00", "2026-07-03 12:00", ["contact_check@2026-07-06"]),
    ],
)
def test_after_a_gap_a_family_sends_its_newest_and_what_must_not_be_lost_goes(
    last: str, now: str, letters: list[str]
) -> None:
    assert letters_of(late(last, now)) == letters


def test_what_a_gap_dropped_is_on_the_record() -> None:
    plan = late("2026-10-01 20:00", "2026-10-08 12:00")

    assert outcomes(plan) == {
        "reminder/target-7d@2026-10-09": "expired",
        "reminder/target-2wd@2026-10-09": "owed",
    }
    assert (plan.superseded, plan.expired) == (0, 1)


def test_the_chair_is_told_a_working_day_after_a_late_warning_and_not_with_it() -> None:
    plan = late("2026-10-19 20:00", "2026-11-02 12:00")

    assert plan.facts.escalation == escalation(warned_at=london_at("2026-11-02 12:00"))
    assert plan.next_due_at == london_at("2026-11-03 09:00")
    assert letters_of(settle(RULES, plan.facts, london_at("2026-11-03 09:00"))) == ["escalation@2026-10-20"]


@pytest.mark.parametrize(
    ("changes", "now", "key"),
    [
        ({}, "2026-07-06 09:00", "contact_check@2026-07-06"),
        ({}, "2027-01-08 17:00", "report_request@2026-07-06"),
        ({"state": S.SUBMITTED}, "2026-11-10 09:00", "panel_invitation@s1r0"),
        ({"state": S.SUBMITTED, "session": session(SessionState.INVITED)}, "2026-11-10 09:00", "session_reminder@s1r0"),
        (
            {"state": S.NOT_SUBMITTED, "session": None, "escalation": escalation()},
            "2027-01-08 17:00",
            "escalation@2026-10-20",
        ),
        (
            {"state": S.RETURNED, "session": None, "return_by": date(2026, 10, 26)},
            "2026-10-26 17:00",
            "return_by_reminder@2026-10-26",
        ),
    ],
)
def test_past_its_end_of_sense_a_letter_is_expired_and_recorded(changes: dict[str, Any], now: str, key: str) -> None:
    plan = settle(RULES, case_facts(**changes), london_at(now))

    assert outcomes(plan)[key] == "expired"
    assert key not in letters_of(plan)
    assert key in plan.facts.done


def test_a_minute_before_its_end_it_still_goes() -> None:
    assert letters_of(settle(RULES, case_facts(state=S.SUBMITTED), london_at("2026-11-10 08:59"))) == [
        "panel_invitation@s1r0"
    ]


# --- one letter a day -------------------------------------------------------------------------------------------------


def test_a_late_reminder_leaves_the_day_to_the_one_that_is_due_later_that_day() -> None:
    early = late("2026-10-08 20:00", "2026-10-16 08:00")
    on_time = settle(RULES, early.facts, london_at("2026-10-16 09:00"))

    assert (letters_of(early), letters_of(on_time)) == ([], ["reminder/deadline-2wd@2026-10-20"])
    assert outcomes(early) == {
        "reminder/target-0@2026-10-09": "superseded",
        "target_missed@2026-10-09": "superseded",
    }


def test_a_clock_that_ticks_each_morning_before_the_hour_still_sends_every_reminder() -> None:
    plans = ticked_at(by_then("2026-09-30 12:00"), every_day(date(2026, 10, 1), date(2026, 10, 21), time(8)))

    assert [key for key in letters_of(*plans) if key.startswith(("reminder", "target"))] == [
        "reminder/target-7d@2026-10-09",
        "reminder/target-2wd@2026-10-09",
        "reminder/target-0@2026-10-09",
        "target_missed@2026-10-09",
        "reminder/deadline-2wd@2026-10-20",
        "reminder/deadline-0@2026-10-20",
    ]


def test_a_day_that_had_its_letter_gets_no_other() -> None:
    facts = replace(by_then("2026-10-08 20:00"), submit_letter_on=date(2026, 10, 9))

    assert outcomes(settle(RULES, facts, london_at("2026-10-09 09:00"))) == {
        "reminder/target-0@2026-10-09": "superseded"
    }


# --- fair notice ------------------------------------------------------------------------------------------------------


def test_a_request_that_leaves_late_gives_fifteen_working_days() -> None:
    unknown = by_then("2026-10-11 20:00", case_facts(agency=agency(contact=None)))

    plan = settle(RULES, replace(unknown, agency=agency()), london_at("2026-10-12 15:00"))

    deadline = plan.facts.dates.deadline
    assert deadline is not None
    assert (deadline.at, deadline.rule, deadline.why) == (
        london_at("2026-11-02 17:00"),
        "fair_notice",
        "15 working days after the request left on Monday 12 October 2026 is Monday 2 November 2026; 5pm London time",
    )
    assert letters_of(plan) == ["report_request@2026-07-06", "panel_invitation@s1r0"]
    assert moves(entry for entry in plan.entries if entry.about in ("case", "dates")) == [
        ("case", "REQUEST_REPORT", "PLANNED", "REQUESTED"),
        ("dates", "DATES_CHANGED", None, None),
    ]
    assert plan.facts.dates.extended
    assert letters_of(*ticked(plan.facts, until=london_at("2026-11-03 09:00"))[1]) == [
        "reminder/deadline-2wd@2026-11-02",
        "reply_chase@s1r0",
        "reminder/deadline-0@2026-11-02",
        "escalation_warning@2026-11-02",
    ]


def test_a_request_on_its_day_changes_no_deadline() -> None:
    assert by_then("2026-07-06 09:00").dates == dates()


def test_a_reminder_that_lies_before_the_request_is_superseded_not_sent() -> None:
    unknown = by_then("2026-09-24 20:00", case_facts(agency=agency(contact=None)))

    plan = settle(RULES, replace(unknown, agency=agency()), london_at("2026-09-25 12:00"))

    assert letters_of(plan) == ["report_request@2026-07-06"]
    assert outcomes(plan) == {
        "contact_check@2026-07-06": "expired",
        "reminder/target-28d@2026-10-09": "superseded",
        "reminder/target-14d@2026-10-09": "superseded",
    }


# --- joint reports ----------------------------------------------------------------------------------------------------

MEMBERS = (
    Member("GSCP-2026-05B", agency(code="05B", name="Cotswold District Council")),
    Member("GSCP-2026-05C", agency(code="05C", name="Tewkesbury Borough Council")),
)


def test_the_lead_is_asked_and_each_member_told_who_reports_for_it() -> None:
    facts = by_then("2026-07-05 12:00", case_facts(members=MEMBERS))

    plan = settle(RULES, facts, london_at("2026-07-06 09:00"))

    assert [(letter.kind, letter.due_key, letter.about) for letter in plan.letters] == [
        ("report_request", "report_request@2026-07-06", {}),
        ("covered_notice", "covered_notice@2026-07-06", {"member": "05B"}),
        ("covered_notice", "covered_notice@2026-07-06", {"member": "05C"}),
    ]


def test_a_silent_lead_is_escalated_with_each_of_its_members() -> None:
    facts = by_then("2026-10-21 12:00", case_facts(members=MEMBERS))

    plan = settle(RULES, facts, london_at("2026-10-22 09:00"))

    assert [(letter.due_key, letter.about) for letter in plan.letters] == [
        ("escalation@2026-10-20", {}),
        ("escalation@2026-10-20", {"member": "05B"}),
        ("escalation@2026-10-20", {"member": "05C"}),
    ]


# --- what is stopped before it left -----------------------------------------------------------------------------------


def test_a_report_that_comes_with_the_escalation_s_own_tick_stops_it_and_takes_nothing_back() -> None:
    now = london_at("2026-10-22 09:00")
    settled = settle(RULES, by_then("2026-10-21 12:00"), now)
    received = decide(RULES, settled.facts, acts.ReceiveReport(submission("2026-10-22 08:59")), at=now)
    assert isinstance(received, Plan)

    plan = settled.then(received)

    assert letters_of(settled) == ["escalation@2026-10-20"]
    assert letters_of(received) == ["receipt@v1", "escalation_resolved@h0"]
    assert letters_of(plan) == ["receipt@v1"]
    assert [(entry.event, entry.letters) for entry in plan.entries] == [
        ("SEND", ()),
        ("RECEIVE_REPORT", ("receipt@v1",)),
        ("RESOLVE", ()),
    ]
    assert plan.superseded == 1


def test_a_reminder_of_the_same_moment_is_superseded_by_the_report() -> None:
    now = london_at("2026-10-16 09:00")
    settled = settle(RULES, by_then("2026-10-15 12:00"), now)
    received = decide(RULES, settled.facts, acts.ReceiveReport(submission("2026-10-16 08:59")), at=now)
    assert isinstance(received, Plan)

    plan = settled.then(received)

    assert letters_of(plan) == ["receipt@v1"]
    assert outcomes(plan) == {"reminder/deadline-2wd@2026-10-20": "superseded"}


def test_what_the_chair_was_told_is_taken_back() -> None:
    told = by_then("2026-10-22 09:00")

    plan = plan_of(told, acts.ReceiveReport(submission("2026-10-23 11:00")), "2026-10-23 11:00")

    assert letters_of(plan) == ["receipt@v1", "escalation_resolved@h0"]


def test_a_stand_down_before_the_deadline_is_the_chair_s_last_word_on_it() -> None:
    facts = done(
        by_then("2026-10-19 12:00"),
        ("2026-10-19 12:00", acts.Hold(date(2026, 10, 30), "a major incident")),
        ("2026-10-19 13:00", acts.StandDownEscalation("the Chair knows why")),
    )

    facts, plans = ticked(facts, until=london_at("2026-10-30 12:00"))

    assert letters_of(*plans) == ["reminder/deadline-0@2026-10-20", "non_submission@2026-10-20", "reply_chase@s1r0"]
    assert states(facts) == (S.NOT_SUBMITTED, SessionState.INVITED, EscalationState.STOOD_DOWN)


# --- the other subjects -----------------------------------------------------------------------------------------------


def test_a_pack_leaves_once_and_not_after_the_day() -> None:
    day = PanelDayFacts("GSCP-2026-P1", "GSCP", "2026", TUESDAY, PanelDayState.SITTING, 6, OPENED)
    in_time = settle(RULES, day, london_at("2026-11-10 16:59"))
    too_late = settle(RULES, day, london_at("2026-11-10 17:00"))

    assert ([letter.due_key for letter in in_time.letters], in_time.next_due_at) == (["panel_pack@2026-11-10"], None)
    assert (too_late.letters, too_late.expired) == ((), 1)


def test_after_five_days_without_a_clock_there_is_one_digest() -> None:
    facts = PartnershipFacts("GSCP", "Gloucestershire", OPENED, ("2026",), last_digest_on=date(2026, 10, 19))

    plan = settle(RULES, facts, london_at("2026-10-24 12:00"))

    assert [letter.due_key for letter in plan.letters] == ["digest@2026-10-23"]
    assert (plan.facts.last_digest_on, plan.next_due_at) == (date(2026, 10, 23), london_at("2026-10-26 07:30"))
    assert len(plan.entries) == 4


# --- whatever the clock does ------------------------------------------------------------------------------------------

OTHERS: dict[str, CaseFacts] = {
    "silent": case_facts(),
    "of Thursday": case_facts(dates=dates(THURSDAY), session=session(at="2026-11-12 09:00")),
    "no contact": case_facts(agency=agency(contact=None)),
    "not applicable": case_facts(agency=agency(status=AgencyStatus.NOT_APPLICABLE)),
    "first year": case_facts(track=Track.FIRST_YEAR),
    "joint": case_facts(members=MEMBERS),
    "mail waits": case_facts(mail_waiting_since=london_at("2026-10-20 09:00")),
    "held": done(by_then("2026-10-19 12:00"), ("2026-10-19 12:00", acts.Hold(date(2026, 10, 30), "asked"))),
}

cases = pytest.mark.parametrize("facts", OTHERS.values(), ids=OTHERS.keys())


@cache
def daily(facts: CaseFacts) -> list[Plan[CaseFacts]]:
    """What a clock does that ticks every evening."""
    return ticked_at(facts, DAILY)


@cases
@given(instants=gaps())
def test_gaps_change_neither_where_a_case_ends_nor_its_history(facts: CaseFacts, instants: list[datetime]) -> None:
    gappy = ticked_at(facts, instants)

    assert states(gappy[-1].facts) == states(daily(facts)[-1].facts)
    assert gappy[-1].facts.done == daily(facts)[-1].facts.done
    assert history(gappy) == history(daily(facts))


@cases
@given(instants=gaps())
def test_no_letter_that_must_go_is_missing_or_doubled_over_gaps(facts: CaseFacts, instants: list[datetime]) -> None:
    def always(plans: Iterable[Plan[CaseFacts]]) -> Counter[tuple[str, object]]:
        letters = [letter for plan in plans for letter in plan.letters]
        return Counter((x.due_key, x.about.get("member")) for x in letters if x.kind in ALWAYS)

    due = always(daily(facts))

    assert always(ticked_at(facts, instants)) == due
    assert set(due.values()) <= {1}


@cases
@given(instants=gaps())
def test_an_agency_gets_one_reminder_to_submit_a_london_day_and_never_an_older_one_later(
    facts: CaseFacts, instants: list[datetime]
) -> None:
    plans = zip(instants, ticked_at(facts, instants), strict=True)
    sent = [(now, letter) for now, plan in plans for letter in plan.letters if letter.family == "submit"]
    days = [london.day_of(now) for now, _ in sent]

    assert len(set(days)) == len(days)
    assert never_backwards([letter.at for _, letter in sent])
    assert all(letter.valid_until is None or now < letter.valid_until for now, letter in sent)


@cases
@given(hours=st.integers(0, 5800))
def test_the_next_instant_is_the_first_at_which_anything_happens(facts: CaseFacts, hours: int) -> None:
    plan = settle(RULES, facts, OPENED + timedelta(hours=hours))

    assert settle(RULES, plan.facts, OPENED + timedelta(hours=hours)).entries == ()
    if plan.next_due_at is not None:
        assert settle(RULES, plan.facts, plan.next_due_at - timedelta(seconds=1)).entries == ()
        assert settle(RULES, plan.facts, plan.next_due_at).entries != ()


@given(hours=st.integers(1, 5500), instants=gaps())
def test_a_missed_tick_never_changes_what_a_report_that_comes_does(hours: int, instants: list[datetime]) -> None:
    arrived = OPENED + timedelta(hours=hours)
    report = acts.ReceiveReport(replace(submission(), arrived_at=arrived, filed_at=arrived))

    def with_the_report(ticks: list[datetime]) -> CaseFacts:
        before = ticked_at(case_facts(), [*(t for t in ticks if t < arrived), arrived])[-1].facts
        received = decide(RULES, before, report, at=arrived)
        assert isinstance(received, Plan)
        return ticked_at(received.facts, [t for t in ticks if t > arrived] or [LAST])[-1].facts

    on_time, gappy = with_the_report(DAILY), with_the_report(instants)

    assert (gappy.state, gappy.escalation and gappy.escalation.state) == (
        on_time.state,
        on_time.escalation and on_time.escalation.state,
    )


def test_every_letter_has_a_line_in_the_history_that_names_it() -> None:
    for facts in OTHERS.values():
        for plan in ticked_at(facts, DAILY[::5]):
            named = [key for entry in plan.entries for key in entry.letters]
            assert set(named) == set(letters_of(plan))
            assert len(named) == len(set(named))


def test_a_definition_that_counts_from_the_target_confirms_from_it() -> None:
    rules = policy(escalate_from="target")
    facts, plans = ticked(case_facts(dates=dates(rules=rules)), until=london_at("2026-10-13 09:00"), rules=rules)

    assert letters_of(*plans)[-4:] == [
        "escalation_warning@2026-10-09",
        "target_missed@2026-10-09",
        "non_submission@2026-10-09",
        "escalation@2026-10-09",
    ]
    assert states(facts) == (S.NOT_SUBMITTED, SessionState.INVITED, EscalationState.WITH_CHAIR)
