"""The awkward cases of real life that are rules, each by its number in the list of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from calendars.bank_holidays import england_and_wales
from calendars.working_days import WorkingDays
from s11flow.domain import acts
from s11flow.domain.agenda import agenda, blocked, flags, is_late
from s11flow.domain.decide import basis_of
from s11flow.domain.model import (
    AgencyStatus,
    CaseFacts,
    CaseState,
    EscalationState,
    SessionState,
    Track,
)
from s11flow.domain.step import settle
from s11flow.domain.timetable import Rulebook, dates_ladder, deadline_of, target_of
from tests.domain.factories import (
    DAYS,
    DEFINITION,
    RULES,
    agency,
    by_then,
    case_facts,
    dates,
    done,
    escalation,
    letters_of,
    london_at,
    moves,
    plan_of,
    policy,
    refusal,
    session,
    slot,
    submission,
    ticked,
    ticked_at,
)

S, N, P = CaseState, EscalationState, SessionState
AFTER_THE_YEAR = london_at("2027-01-29 12:00")


def received(arrived: str, **changes: object) -> acts.ReceiveReport:
    return acts.ReceiveReport(replace(submission(arrived), **changes))  # type: ignore[arg-type]


def extend(to: date, **changes: bool) -> acts.Extend:
    return acts.Extend(to, "an inspection", **changes)


def accepted(facts: CaseFacts, at: str) -> CaseFacts:
    """The same case once a report that came in time is in and complete."""
    return done(facts, (at, received(at)), (at, acts.AcceptReport()))


def test_case_6_an_agency_without_a_contact_stays_planned_and_is_never_reported_for_silence() -> None:
    facts, plans = ticked(case_facts(agency=agency(contact=None)), until=AFTER_THE_YEAR)

    assert (facts.state, facts.escalation, letters_of(*plans)) == (S.PLANNED, None, ["contact_wanted@2026-07-06"])
    assert "no contact" in flags(RULES, facts, AFTER_THE_YEAR)


def test_case_7_a_body_the_area_does_not_have_is_excused_and_asked_nothing() -> None:
    prison = case_facts(agency=agency(status=AgencyStatus.NOT_APPLICABLE, status_reason="no prison in the area"))
    excused = done(prison, ("2026-06-02 10:00", acts.Excuse("not applicable: no prison in the area", "the register")))

    assert letters_of(*ticked(prison, until=AFTER_THE_YEAR)[1]) == []
    assert excused.state == S.EXCUSED
    assert letters_of(*ticked(excused, until=AFTER_THE_YEAR)[1]) == []


def test_case_8_the_executive_excuses_with_reason_and_authority_and_may_revive() -> None:
    facts = by_then("2026-10-12 12:00")
    excused = plan_of(facts, acts.Excuse("a major incident", "the Executive, 9 October"), "2026-10-12 12:00")
    revived = plan_of(excused.facts, acts.Revive("it is over"), "2026-11-02 10:00")

    assert excused.entries[0].private == {"reason": "a major incident", "authority": "the Executive, 9 October"}
    assert (excused.facts.state, revived.facts.state) == (S.EXCUSED, S.REQUESTED)
    assert revived.facts.dates.deadline is not None
    assert revived.facts.dates.deadline.on == date(2026, 11, 16)


def test_case_13_a_bank_holiday_proclaimed_later_moves_no_date_that_was_set() -> None:
    proclaimed = WorkingDays({**england_and_wales(range(2020, 2043)), date(2026, 10, 20): "Jubilee bank holiday"})
    later = Rulebook(DEFINITION, proclaimed)
    due = {action.kind: action.due_at for action in dates_ladder(later, dates())}

    assert due["escalation_warning"] == london_at("2026-10-20 17:00")  # the case keeps what it was told
    assert deadline_of(later, date(2026, 11, 10)).on == date(2026, 10, 19)  # what a new cycle would be given
    assert by_then("2026-10-20 17:00").escalation is not None


def test_case_14_a_deadline_rolls_back_from_a_holiday_and_a_typed_one_is_refused() -> None:
    january = date(2027, 1, 18)

    assert deadline_of(RULES, january).on == date(2026, 12, 24)
    assert DAYS.is_working_day(target_of(RULES, 2026).on)
    assert refusal(
        by_then("2026-10-12 12:00"), extend(date(2026, 12, 28), panel_consents=True), "2026-10-12 12:00"
    ) == (
        "Cannot extend for GSCP-2026-05A: Monday 28 December 2026 is the Boxing Day bank holiday (substitute day); "
        "the nearest working days are Thursday 24 December 2026 and Tuesday 29 December 2026."
    )


@pytest.mark.parametrize(
    ("arrived", "late"), [("2026-10-20 16:59", False), ("2026-10-20 17:00", False), ("2026-10-20 17:01", True)]
)
def test_case_15_what_arrived_by_the_minute_is_in_time_whenever_it_is_filed(arrived: str, late: bool) -> None:
    waiting = case_facts(mail_waiting_since=london_at(arrived))
    filed = plan_of(by_then("2026-10-20 17:00", waiting), received(arrived), "2026-10-26 09:30")

    assert (filed.facts.state, is_late(filed.facts), filed.letters[0].about["in_time"]) == (S.SUBMITTED, late, not late)


def test_case_15_a_minute_late_may_be_recorded_as_in_time_with_a_reason() -> None:
    late = done(by_then("2026-10-20 17:00"), ("2026-10-20 17:02", received("2026-10-20 17:01")))
    plan = plan_of(late, acts.AcceptReport(in_time_reason="our own server was down"), "2026-10-21 09:30")
    mended = plan_of(plan.facts, received("2026-10-23 10:00", version=2), "2026-10-23 10:00")

    assert (is_late(late), is_late(plan.facts), is_late(mended.facts)) == (True, False, False)
    assert plan.entries[0].private["in_time_reason"] == "our own server was down"


def test_case_15_non_submission_waits_while_mail_from_before_the_deadline_does() -> None:
    waiting = case_facts(mail_waiting_since=london_at("2026-10-20 16:59"))
    facts = by_then("2026-10-30 12:00", waiting)
    decided = settle(RULES, replace(facts, mail_waiting_since=None), london_at("2026-10-30 12:00"))

    assert facts.state == S.REQUESTED
    assert blocked(RULES, facts, london_at("2026-10-30 12:00")) == (
        (
            "Non-submission is not confirmed for GSCP-2026-05A: "
            "mail that came on Tuesday 20 October 2026, 4:59pm waits for a decision."
        ),
    )
    assert letters_of(decided) == ["non_submission@2026-10-20", "escalation@2026-10-20"]


@pytest.mark.parametrize(("came", "told"), [("2026-10-20 16:59", []), ("2026-10-20 17:01", ["escalation@2026-10-20"])])
def test_case_15_the_chair_is_not_told_while_mail_of_before_the_deadline_that_was_read_late_waits(
    came: str, told: list[str]
) -> None:
    confirmed = replace(by_then("2026-10-21 12:00"), mail_waiting_since=london_at(came))
    plan = settle(RULES, confirmed, london_at("2026-10-22 12:00"))
    decided = settle(RULES, replace(plan.facts, mail_waiting_since=None), london_at("2026-10-22 12:00"))
    why = (
        "The escalation of GSCP-2026-05A does not leave: "
        "mail that came on Tuesday 20 October 2026, 4:59pm waits for a decision."
    )

    assert (confirmed.state, letters_of(plan)) == (S.NOT_SUBMITTED, told)
    assert [*letters_of(plan), *letters_of(decided)] == ["escalation@2026-10-20"]
    assert blocked(RULES, plan.facts, london_at("2026-10-22 12:00")) == (() if told else (why,))


def test_case_16_half_past_one_that_comes_twice_sends_nothing_twice() -> None:
    before = by_then(
        "2026-10-23 12:00", case_facts(session=session(at="2026-11-17 09:00"), dates=dates(date(2026, 11, 17)))
    )
    half_past_midnight = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)

    plans = ticked_at(before, [half_past_midnight, first, second, london_at("2026-10-27 09:00")])

    assert [letters_of(plan) for plan in plans] == [[], [], [], ["reminder/deadline-0@2026-10-27"]]


@pytest.mark.parametrize("back", ["2026-10-23 12:00", "2026-11-18 12:00"])
def test_case_17_after_days_or_a_month_without_a_clock_each_step_is_made_once(back: str) -> None:
    facts, plans = by_then("2026-10-19 12:00"), []
    for instant in (back, "2026-11-19 09:00", "2026-11-20 09:00"):
        plans.append(settle(RULES, facts, london_at(instant)))
        facts = plans[-1].facts
    steps = [move for plan in plans for move in moves(plan.entries) if move[0] in ("case", "escalation")]

    assert steps == [
        ("escalation", "RAISE", None, "PENDING"),
        ("case", "CONFIRM_NON_SUBMISSION", "REQUESTED", "NOT_SUBMITTED"),
        ("escalation", "SEND", "PENDING", "WITH_CHAIR"),
    ]
    assert facts.escalation is not None
    assert facts.escalation.warned_at == london_at(back)
    assert [key for key in letters_of(*plans) if key.startswith("reminder/")] == []


def test_case_18_a_panel_day_that_moves_asks_for_replies_anew_and_takes_its_letters_with_it() -> None:
    facts = done(
        by_then("2026-10-05 12:00"),
        ("2026-10-05 12:00", acts.ReplyToInvitation("lead@stroud.example", "accepted")),
    )
    plan = plan_of(facts, acts.Move(slot("2026-11-17 10:00"), "panel", "the room is taken"), "2026-10-06 10:00")

    assert plan.facts.session is not None
    assert (plan.facts.session.revision, plan.facts.session.answers) == (1, ())
    assert plan.facts.dates.deadline == dates(date(2026, 11, 17)).deadline
    assert letters_of(plan) == ["panel_invitation_changed@s1r1", f"dates_changed@h{facts.seq}"]
    assert [(a.due_key, a.due_at) for a in agenda(RULES, plan.facts) if a.due_key.endswith("s1r1")] == [
        ("reply_chase@s1r1", london_at("2026-11-05 09:00")),
        ("session_reminder@s1r1", london_at("2026-11-13 09:00")),
    ]


def test_case_19_a_move_that_brings_the_deadline_forward_needs_the_agency_s_consent() -> None:
    facts, earlier = by_then("2026-10-05 12:00"), acts.Move(slot("2026-11-05 09:00"), "panel", "the room is taken")

    assert refusal(facts, earlier, "2026-10-06 10:00") == (
        "Cannot move for GSCP-2026-05A: its deadline would move earlier, from Tuesday 20 October 2026 to "
        "Thursday 15 October 2026; use a day whose deadline is not earlier, or record the agency's consent."
    )
    agreed = plan_of(facts, replace(earlier, consent=True), "2026-10-06 10:00")
    assert agreed.facts.dates.deadline == replace(
        deadline_of(RULES, date(2026, 11, 5)), at=london_at("2026-10-15 17:00")
    )
    assert agreed.entries[0].data["consent"] is True


def test_case_20_a_panel_that_is_not_quorate_stands_the_session_down_and_nobody_was_absent() -> None:
    facts = accepted(by_then("2026-10-12 12:00"), "2026-10-16 10:00")
    stood_down = plan_of(facts, acts.StandDownSession("not quorate", "2026-11-19"), "2026-11-09 16:00")
    again = plan_of(stood_down.facts, acts.Pencil(slot("2026-11-19 09:00"), "uid-2"), "2026-11-10 09:00")

    assert stood_down.facts.session is not None
    assert again.facts.session is not None
    assert stood_down.facts.session.state == P.STOOD_DOWN
    assert [letter.about for letter in stood_down.letters] == [{"by": "panel", "reserve": "2026-11-19"}]
    assert (again.facts.session.number, again.facts.session.key) == (2, "s2r0")
    assert letters_of(settle(RULES, again.facts, london_at("2026-11-10 09:00"))) == ["panel_invitation@s2r0"]


def test_case_23_an_agency_that_declines_is_considered_on_its_report_once_a_person_records_it() -> None:
    facts = accepted(by_then("2026-10-12 12:00"), "2026-10-16 10:00")
    one = done(facts, ("2026-10-19 10:00", acts.ReplyToInvitation("lead@stroud.example", "declined")))
    declined = done(one, ("2026-10-19 11:00", acts.ReplyToInvitation("head@stroud.example", "declined")))
    after = by_then("2026-11-30 12:00", declined)
    considered = plan_of(after, acts.Consider("on paper", "the agency declined"), "2026-11-30 12:00")

    assert "no reply" in flags(RULES, one, london_at("2026-10-20 09:00"))  # the other may still come
    assert "declined" in flags(RULES, declined, london_at("2026-10-20 09:00"))
    assert after.state == S.ACCEPTED  # the clock only raises the task
    assert (considered.facts.state, considered.facts.basis) == (S.CONSIDERED, "report alone")


def test_case_24_silence_is_chased_once_and_the_time_is_kept() -> None:
    facts, plans = ticked(
        accepted(by_then("2026-10-12 12:00"), "2026-10-16 10:00"), until=london_at("2026-11-09 12:00")
    )

    assert [key for key in letters_of(*plans) if key.startswith("reply_chase")] == ["reply_chase@s1r0"]
    assert facts.session is not None
    assert (facts.session.state, flags(RULES, facts, london_at("2026-11-09 12:00"))) == (P.INVITED, ("no reply",))


def test_case_25_who_came_not_though_they_accepted_has_three_working_days_to_explain() -> None:
    facts = done(
        accepted(by_then("2026-10-12 12:00"), "2026-10-16 10:00"),
        ("2026-10-19 10:00", acts.ReplyToInvitation("lead@stroud.example", "accepted")),
        ("2026-11-10 10:00", acts.Record("absent")),
    )

    assert facts.session is not None
    assert (facts.state, facts.session.state, basis_of(facts)) == (S.ACCEPTED, P.ABSENT_WITHOUT_NOTICE, "report alone")
    assert [(a.due_key, a.due_at) for a in agenda(RULES, facts)] == [
        ("session_outcome@s1r0", london_at("2026-11-13 09:00"))
    ]
    assert plan_of(facts, acts.Pencil(slot("2026-11-17 09:00"), "uid-2"), "2026-11-11 09:00").facts.sessions == 2


def test_case_26_ten_of_thirty_minutes_are_attendance_in_part() -> None:
    facts = accepted(by_then("2026-10-12 12:00"), "2026-10-16 10:00")

    plan = plan_of(facts, acts.Record("in-part", minutes=10), "2026-11-10 09:35")

    assert plan.facts.session is not None
    assert (plan.facts.session.state, plan.facts.session.minutes) == (P.ATTENDED_IN_PART, 10)
    assert (plan.facts.state, plan.facts.basis) == (S.CONSIDERED, "report and session")


def test_case_29_the_chair_s_own_agency_is_reported_to_the_alternate() -> None:
    people = DEFINITION.people

    assert DEFINITION.chair_for("05A") == people.executive_chair
    assert people.executive_chair.agency is not None
    assert DEFINITION.chair_for(people.executive_chair.agency) == people.alternate


def test_case_31_a_hold_stops_the_escalation_and_the_chair_s_word_ends_it() -> None:
    held = done(by_then("2026-10-21 12:00"), ("2026-10-21 12:00", acts.Hold(date(2026, 10, 30), "the Chair asked")))
    waited, plans = ticked(held, until=london_at("2026-10-30 12:00"))
    stopped = plan_of(waited, acts.StandDownEscalation("a major incident"), "2026-10-30 12:00")

    assert "escalation@2026-10-20" not in letters_of(*plans)
    assert (stopped.facts.state, stopped.facts.escalation and stopped.facts.escalation.state) == (
        S.NOT_SUBMITTED,  # the report's wording is unchanged
        N.STOOD_DOWN,
    )
    assert letters_of(*ticked(stopped.facts, until=AFTER_THE_YEAR)[1]) == ["session_reminder@s1r0"]


def test_case_32_a_hold_whose_review_date_passes_is_said_and_never_released() -> None:
    held = done(by_then("2026-10-21 12:00"), ("2026-10-21 12:00", acts.Hold(date(2026, 10, 30), "the Chair asked")))
    facts, plans = ticked(held, until=london_at("2026-12-01 12:00"))

    assert not [key for key in letters_of(*plans) if key.startswith("escalation@")]
    assert blocked(RULES, facts, london_at("2026-12-01 12:00")) == (
        (
            "The escalation of GSCP-2026-05A is held: its review date was Friday 30 October 2026 and has passed. "
            "Resume it or stand it down."
        ),
    )


def test_case_33_a_late_report_resolves_the_escalation_and_tells_whoever_was_told() -> None:
    plan = plan_of(by_then("2026-10-23 12:00"), received("2026-10-23 11:00"), "2026-10-23 12:00")

    assert (plan.facts.state, is_late(plan.facts)) == (S.SUBMITTED, True)
    assert plan.facts.escalation is not None
    assert plan.facts.escalation.state == N.RESOLVED
    assert letters_of(plan) == ["receipt@v1", "escalation_resolved@h0"]


def test_case_34_a_report_that_comes_after_its_panel_is_considered_on_paper_as_late() -> None:
    facts = done(
        by_then("2026-11-18 12:00"),
        ("2026-11-18 12:00", acts.Record("absent", notice=True)),
        ("2026-11-20 10:00", received("2026-11-20 09:00")),
        ("2026-11-20 11:00", acts.AcceptReport()),
        ("2026-11-24 10:00", acts.Consider("on paper", "it came after the panel")),
    )

    assert (facts.state, facts.basis) == (S.CONSIDERED, "late report")


def test_case_35_a_report_that_comes_after_the_assurance_report_is_filed_and_changes_nothing() -> None:
    published = case_facts(
        state=S.REPORTED, basis="nothing submitted", session=None, asked_at=london_at("2026-07-06 09:00")
    )

    plan = plan_of(published, received("2027-02-01 10:00"), "2027-02-01 10:00")

    assert (plan.facts.state, plan.facts.basis, plan.facts.submissions) == (S.REPORTED, "nothing submitted", 1)
    assert plan.letters[0].about["addendum"] is True


def test_case_36_a_partial_report_is_returned_and_if_not_mended_accepted_with_a_waiver() -> None:
    partial = acts.ReceiveReport(submission("2026-10-16 10:00"), missing=("3",))
    returned = done(
        by_then("2026-10-16 09:30"),
        ("2026-10-16 10:00", partial),
        ("2026-10-16 15:00", acts.ReturnReport(("Standard 3 is not addressed",), date(2026, 10, 23))),
    )
    reminded, plans = ticked(returned, until=london_at("2026-10-23 17:00"))

    assert [key for key in letters_of(*plans) if "return_by" in key] == ["return_by_reminder@2026-10-23"]
    assert "--waiver" in refusal(reminded, acts.AcceptReport(), "2026-10-26 10:00")
    waived = plan_of(reminded, acts.AcceptReport(waiver="the panel will ask at the session"), "2026-10-26 10:00").facts
    assert (waived.state, waived.waived, waived.gaps) == (S.ACCEPTED, True, ("Standard 3 is not addressed",))


def test_case_37_other_content_is_a_new_version_of_the_same_case() -> None:
    facts = done(
        by_then("2026-10-16 12:00"),
        ("2026-10-16 12:00", received("2026-10-16 11:00")),
        ("2026-10-19 10:00", received("2026-10-19 09:00", version=2)),
    )

    assert (facts.state, facts.submissions, facts.submission and facts.submission.version) == (S.SUBMITTED, 2, 2)


def test_case_40_what_mends_a_report_that_came_in_time_is_in_time() -> None:
    first = done(
        by_then("2026-10-20 12:00"),
        ("2026-10-20 12:00", received("2026-10-20 11:00")),
        ("2026-10-20 16:00", acts.ReturnReport(("the file cannot be opened",), date(2026, 10, 26))),
    )
    mended = plan_of(first, received("2026-10-22 10:00", version=2), "2026-10-22 10:00")

    assert (is_late(mended.facts), mended.letters[0].about["in_time"]) == (False, True)
    assert basis_of(mended.facts) == "report alone"


def test_case_40_a_report_that_was_taken_back_keeps_no_time_for_the_next_one() -> None:
    first = done(
        by_then("2026-10-19 12:00"),
        ("2026-10-19 12:00", received("2026-10-19 11:00")),
        ("2026-10-20 10:00", acts.WithdrawReport("the wrong agency's")),
    )
    late = plan_of(first, received("2026-10-22 10:00", version=2), "2026-10-22 10:00")

    assert is_late(late.facts)


def test_case_47_an_extension_runs_to_the_pack_date_past_it_by_consent_and_then_only_by_the_chair() -> None:
    before, after = by_then("2026-10-12 12:00"), by_then("2026-10-22 12:00")
    pack_day, next_day = date(2026, 10, 27), date(2026, 10, 28)

    assert plan_of(before, extend(pack_day), "2026-10-12 12:00").facts.dates.extended
    assert "needs the panel's consent" in refusal(before, extend(next_day), "2026-10-12 12:00")
    assert plan_of(before, extend(next_day, panel_consents=True), "2026-10-12 12:00").facts.dates.extended
    assert "who alone may extend it now" in refusal(after, extend(pack_day), "2026-10-22 12:00")
    by_chair = plan_of(after, extend(pack_day, by_chair=True), "2026-10-22 12:00").facts
    assert (by_chair.state, by_chair.escalation and by_chair.escalation.state) == (S.REQUESTED, N.WITHDRAWN)


def test_case_47_an_extended_deadline_is_reminded_of_warned_of_and_reported_anew() -> None:
    extended = done(by_then("2026-10-22 12:00"), ("2026-10-22 12:00", extend(date(2026, 10, 27), by_chair=True)))
    facts, plans = ticked(extended, until=london_at("2026-10-29 09:00"))

    assert [key for key in letters_of(*plans) if "2026-10-27" in key] == [
        "reminder/deadline-2wd@2026-10-27",
        "reminder/deadline-0@2026-10-27",
        "escalation_warning@2026-10-27",
        "non_submission@2026-10-27",
        "escalation@2026-10-27",
    ]
    assert facts.escalation == escalation(
        N.WITH_CHAIR,
        number=2,
        anchor=date(2026, 10, 27),
        warned_at=london_at("2026-10-27 17:00"),
        sent_at=london_at("2026-10-29 09:00"),
    )


def test_case_48_after_an_extension_the_report_can_still_be_sent() -> None:
    extended = done(by_then("2026-10-12 12:00"), ("2026-10-12 12:00", extend(date(2026, 10, 26))))
    facts = done(by_then("2026-10-26 12:00", extended), ("2026-10-26 12:00", received("2026-10-26 11:00")))

    assert (facts.state, is_late(facts), facts.escalation) == (S.SUBMITTED, False, None)


def test_case_49_a_body_in_its_first_year_is_asked_and_reminded_but_not_reported_unless_the_policy_says() -> None:
    newcomer = case_facts(track=Track.FIRST_YEAR)
    facts, plans = ticked(newcomer, until=AFTER_THE_YEAR)

    assert (facts.state, facts.escalation) == (S.REQUESTED, None)
    assert "reminder/deadline-0@2026-10-20" in letters_of(*plans)
    rules = policy(first_year_is_escalated=True)
    assert by_then("2026-10-22 12:00", newcomer, rules=rules).state == S.NOT_SUBMITTED


def test_case_60_nobody_is_reported_for_silence_whom_no_letter_reached() -> None:
    unreached = case_facts(notice_undelivered=True)
    facts = by_then("2026-11-05 12:00", unreached)

    assert (facts.state, facts.dates.deadline) == (S.REQUESTED, dates().deadline)
    assert blocked(RULES, facts, london_at("2026-11-05 12:00")) == (
        "Non-submission is not confirmed for GSCP-2026-05A: no letter asking for the report has been delivered.",
    )
    reached = settle(RULES, replace(facts, notice_undelivered=False), london_at("2026-11-05 12:00"))
    assert reached.facts.state == S.NOT_SUBMITTED
