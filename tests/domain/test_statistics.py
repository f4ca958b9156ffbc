"""How agencies and ratings are counted, and what a count that does not add up comes to."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s11flow.domain.model import CaseState, SessionState, Track
from s11flow.domain.statistics import (
    Answered,
    Attendance,
    Comparison,
    CountError,
    Mark,
    Share,
    Spread,
    Taken,
    TakingPart,
    Tally,
    attendance,
    basis,
    compare,
    is_by_target,
    is_outstanding,
    spread,
    taking_part,
    tally,
)
from tests.reports.register import (
    AFTER_PANEL,
    BY_TARGET,
    LATE,
    ON_TIME,
    at,
    facts,
    members,
    no_contact,
    session,
    submission,
)

CODES = ("red", "amber", "green")


def part(state: CaseState, arrived: str | None = None, *, final: bool = True, **changes: object) -> TakingPart | None:
    return taking_part(Taken(facts("05A", state, arrived, **changes)), final=final)


# ------------------------------------------------------------------------------------------------------ who took part


@pytest.mark.parametrize(
    ("arrived", "expected"),
    [
        (BY_TARGET, TakingPart.BY_TARGET),
        ("2026-10-09 17:01", TakingPart.ON_TIME),
        (ON_TIME, TakingPart.ON_TIME),
        (LATE, TakingPart.LATE),
        ("2026-11-10 08:59", TakingPart.LATE),
        (AFTER_PANEL, TakingPart.LATE_AFTER_PANEL),
    ],
)
def test_a_report_is_counted_by_the_minute_it_came(arrived: str, expected: TakingPart) -> None:
    considered = at("2026-12-01 10:00")
    assert part(CaseState.AGREED, arrived, session=session(), considered_at=considered) == expected


def test_a_report_after_its_panel_takes_the_place_of_not_submitted_until_the_cut_off() -> None:  # case 34
    assert part(CaseState.SUBMITTED, "2027-01-08 17:00") == TakingPart.LATE_AFTER_PANEL
    assert part(CaseState.SUBMITTED, "2027-01-08 17:01") == TakingPart.NOT_SUBMITTED


def test_a_report_after_the_cut_off_counts_when_the_panel_considered_it_all_the_same() -> None:
    considered = at("2027-01-20 10:00")
    late = part(CaseState.AGREED, "2027-01-12 10:00", considered_at=considered)
    assert late == TakingPart.LATE_AFTER_PANEL


@pytest.mark.parametrize(
    ("state", "considered", "expected"),
    [
        (CaseState.CONSIDERED, "2027-01-12 10:00", TakingPart.LATE_AFTER_PANEL),  # the minute it came
        (CaseState.CONSIDERED, "2027-01-12 09:59", TakingPart.NOT_SUBMITTED),  # an addendum to nothing
        (CaseState.CONSIDERED, None, TakingPart.NOT_SUBMITTED),
        (CaseState.SUBMITTED, "2027-01-20 10:00", TakingPart.NOT_SUBMITTED),  # judged once, and taken back since
    ],
)
def test_after_the_cut_off_only_what_the_panel_considered_counts(
    state: CaseState, considered: str | None, expected: TakingPart
) -> None:
    at_the_panel = at(considered) if considered else None
    assert part(state, "2027-01-12 10:00", considered_at=at_the_panel) == expected


def test_a_report_after_the_approval_changes_no_number() -> None:  # case 35
    approved, after = at("2027-01-05 12:00"), Taken(facts("05A", CaseState.REPORTED, "2027-01-06 10:00"))
    assert taking_part(after, final=True, counted_until=approved) == TakingPart.NOT_SUBMITTED


def test_a_later_version_does_not_make_a_report_late() -> None:
    case = Taken(facts("05A", CaseState.ACCEPTED, LATE), first_arrived_at=at(BY_TARGET))
    assert taking_part(case) == TakingPart.BY_TARGET


def test_a_late_report_accepted_as_in_time_is_on_time() -> None:  # case 15
    assert part(CaseState.AGREED, submission=submission(LATE, as_in_time=True)) == TakingPart.ON_TIME


def test_the_panel_of_a_session_that_moved_is_the_day_it_moved_to() -> None:
    moved = session(SessionState.INVITED, starts_at=at("2026-11-17 09:00"), revision=1)
    assert part(CaseState.SUBMITTED, "2026-11-12 10:00", session=moved) == TakingPart.LATE


@pytest.mark.parametrize(
    ("state", "final", "expected"),
    [
        (CaseState.VOID, True, None),
        (CaseState.EXCUSED, True, TakingPart.EXCUSED),
        (CaseState.NOT_SUBMITTED, True, TakingPart.NOT_SUBMITTED),
        (CaseState.REPORTED, True, TakingPart.NOT_SUBMITTED),
        (CaseState.REQUESTED, False, TakingPart.AWAITED),
        (CaseState.PLANNED, False, TakingPart.AWAITED),
        (CaseState.PLANNED, True, TakingPart.NOT_ASKED),
        (CaseState.COVERED, True, TakingPart.JOINT_AWAITED),
    ],
)
def test_an_agency_without_a_report_stands_as_its_case_does(
    state: CaseState, final: bool, expected: TakingPart | None
) -> None:
    assert part(state, final=final) == expected


def test_an_agency_without_a_contact_is_not_asked_and_never_not_submitted() -> None:  # case 6
    assert part(CaseState.PLANNED, agency=no_contact("05A"), final=False) == TakingPart.NOT_ASKED
    assert part(CaseState.REPORTED, agency=no_contact("05A"), basis="not asked") == TakingPart.NOT_ASKED


def test_a_body_that_is_not_there_is_not_applicable_and_never_not_submitted() -> None:  # case 7
    assert taking_part(Taken(facts("15", CaseState.EXCUSED), not_applicable=True)) == TakingPart.NOT_APPLICABLE


def test_a_body_in_its_first_year_is_awaited_and_not_counted_as_silent() -> None:  # case 49
    assert part(CaseState.REQUESTED, track=Track.FIRST_YEAR, final=False) == TakingPart.AWAITED


@pytest.mark.parametrize(
    ("state", "arrived", "expected"),
    [
        (CaseState.ACCEPTED, BY_TARGET, TakingPart.COVERED),
        (CaseState.AGREED, LATE, TakingPart.COVERED),
        (CaseState.SUBMITTED, BY_TARGET, TakingPart.JOINT_AWAITED),
        (CaseState.RETURNED, BY_TARGET, TakingPart.JOINT_AWAITED),
        (CaseState.REQUESTED, None, TakingPart.JOINT_AWAITED),
        (CaseState.NOT_SUBMITTED, None, TakingPart.NOT_SUBMITTED),
    ],
)
def test_a_member_is_covered_only_by_an_accepted_report_of_its_lead(
    state: CaseState, arrived: str | None, expected: TakingPart
) -> None:
    lead = Taken(facts("05A", state, arrived, members=members("05B")))
    assert taking_part(Taken(facts("05B", CaseState.COVERED, covered_by="05A")), lead=lead) == expected


def test_a_member_that_sent_its_own_report_is_no_non_submission_when_its_lead_is_silent() -> None:
    lead = Taken(facts("05A", CaseState.NOT_SUBMITTED))
    member = Taken(facts("05B", CaseState.COVERED, ON_TIME, covered_by="05A"))
    assert taking_part(member, lead=lead) == TakingPart.ON_TIME


def test_by_the_target_is_a_second_count_that_an_earlier_deadline_does_not_change() -> None:
    assert is_by_target(Taken(facts("05A", CaseState.ACCEPTED, BY_TARGET)))
    assert not is_by_target(Taken(facts("05A", CaseState.ACCEPTED, ON_TIME)))


def test_what_came_after_the_approval_is_not_by_the_target_either() -> None:
    early = Taken(facts("05A", CaseState.SUBMITTED, BY_TARGET))
    assert is_by_target(early, counted_until=at(BY_TARGET))
    assert not is_by_target(early, counted_until=at("2026-10-09 16:59"))


@pytest.mark.parametrize(
    ("lead", "own", "final", "until", "expected"),
    [
        # a lead that came after the approval is silent, and so is whom it reports for
        ((CaseState.REPORTED, "2027-01-06 10:00"), None, True, "2027-01-05 12:00", TakingPart.NOT_SUBMITTED),
        ((CaseState.REPORTED, "2027-01-05 12:00"), None, True, "2027-01-05 12:00", TakingPart.COVERED),
        ((CaseState.REQUESTED, None), None, True, None, TakingPart.NOT_SUBMITTED),
        ((CaseState.REQUESTED, None), None, False, None, TakingPart.JOINT_AWAITED),
        # its own report counts by the same rule
        ((CaseState.NOT_SUBMITTED, None), "2027-01-06 10:00", True, "2027-01-05 12:00", TakingPart.NOT_SUBMITTED),
        ((CaseState.NOT_SUBMITTED, None), "2027-01-05 12:00", True, "2027-01-05 12:00", TakingPart.LATE_AFTER_PANEL),
        ((CaseState.VOID, None), None, True, None, TakingPart.JOINT_AWAITED),
        ((CaseState.EXCUSED, None), None, True, None, TakingPart.JOINT_AWAITED),
    ],
)
def test_a_member_stands_with_its_lead_by_the_same_cut(
    lead: tuple[CaseState, str | None], own: str | None, final: bool, until: str | None, expected: TakingPart
) -> None:
    state, arrived = lead
    its_lead = Taken(facts("05A", state, arrived, members=members("05B")))
    member = Taken(facts("05B", CaseState.COVERED, own, covered_by="05A"))

    assert taking_part(member, lead=its_lead, final=final, counted_until=at(until) if until else None) == expected


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (SessionState.ABSENT_WITH_NOTICE, TakingPart.LATE),  # held a week later: the panel met on it then
        (SessionState.ABSENT_WITHOUT_NOTICE, TakingPart.LATE),
        (SessionState.PENCILLED, TakingPart.LATE),
        (SessionState.CANCELLED, TakingPart.LATE_AFTER_PANEL),  # never held: its panel day counts
        (SessionState.STOOD_DOWN, TakingPart.LATE_AFTER_PANEL),
    ],
)
def test_the_panel_met_when_a_session_was_held_or_is_still_to_be(how: SessionState, expected: TakingPart) -> None:
    a_week_later = session(how, starts_at=at("2026-11-17 09:00"))
    assert part(CaseState.SUBMITTED, "2026-11-12 10:00", session=a_week_later) == expected


@pytest.mark.parametrize("state", list(CaseState))
def test_a_case_that_was_asked_and_is_not_settled_holds_the_report_up(state: CaseState) -> None:
    assert is_outstanding(facts("05A", state)) == (
        state
        in {
            CaseState.REQUESTED,
            CaseState.SUBMITTED,
            CaseState.RETURNED,
            CaseState.ACCEPTED,
            CaseState.CONSIDERED,
            CaseState.ASSESSED,
        }
    )


# --------------------------------------------------------------------------------------------------------- attendance


@pytest.mark.parametrize(
    ("how", "taken", "expected", "rests_on"),
    [
        (SessionState.ATTENDED, TakingPart.BY_TARGET, Attendance.ATTENDED, "report and session"),
        (SessionState.ATTENDED_IN_PART, TakingPart.LATE, Attendance.IN_PART, "late report and session"),
        (SessionState.ABSENT_WITHOUT_NOTICE, TakingPart.ON_TIME, Attendance.REPORT_ALONE, "report alone"),
        (SessionState.STOOD_DOWN, TakingPart.LATE_AFTER_PANEL, Attendance.REPORT_ALONE, "late report"),
        (SessionState.ATTENDED, TakingPart.NOT_SUBMITTED, Attendance.SESSION_ALONE, "session alone"),
        (SessionState.ABSENT_WITH_NOTICE, TakingPart.NOT_SUBMITTED, Attendance.NEITHER, "nothing submitted"),
        (SessionState.CANCELLED, TakingPart.NOT_ASKED, Attendance.NEITHER, "not asked"),
        (SessionState.CANCELLED, TakingPart.EXCUSED, Attendance.NEITHER, "excused"),
    ],
)
def test_a_judgement_rests_on_what_the_panel_had(
    how: SessionState, taken: TakingPart, expected: Attendance, rests_on: str
) -> None:
    seen = attendance(Taken(facts(session=session(how))), taken, final=True)
    assert (seen, basis(taken, seen)) == (expected, rests_on)


def test_an_agency_that_came_to_a_reserve_session_attended() -> None:
    both = (session(SessionState.ABSENT_WITHOUT_NOTICE), session(SessionState.ATTENDED, number=2))
    assert attendance(Taken(facts(), sessions=both), TakingPart.BY_TARGET) == Attendance.ATTENDED


def test_a_member_is_seen_through_its_lead_and_not_counted_as_having_come() -> None:
    lead = (Taken(facts(session=session())), TakingPart.BY_TARGET)
    assert attendance(Taken(facts("05B", CaseState.COVERED)), TakingPart.COVERED, lead=lead) == Attendance.JOINT


@pytest.mark.parametrize(("final", "expected"), [(False, Attendance.TO_COME), (True, Attendance.REPORT_ALONE)])
def test_a_member_whose_lead_has_not_come_stands_as_its_lead_does(final: bool, expected: Attendance) -> None:
    lead = (Taken(facts("05A", CaseState.ACCEPTED, session=session(SessionState.INVITED))), TakingPart.BY_TARGET)
    member = Taken(facts("05B", CaseState.COVERED))

    assert attendance(member, TakingPart.COVERED, lead=lead, final=final) == expected


def test_a_member_that_is_not_covered_is_seen_for_itself() -> None:
    lead = (Taken(facts("05A", CaseState.NOT_SUBMITTED, session=session())), TakingPart.NOT_SUBMITTED)
    member = Taken(facts("05B", CaseState.COVERED, session=session(SessionState.ATTENDED_IN_PART)))

    assert attendance(member, TakingPart.ON_TIME, lead=lead) == Attendance.IN_PART


def test_before_its_session_an_agency_is_still_to_come() -> None:
    invited = Taken(facts("05A", CaseState.ACCEPTED, BY_TARGET, session=session(SessionState.INVITED)))
    assert attendance(invited, TakingPart.BY_TARGET) == Attendance.TO_COME


@pytest.mark.parametrize(
    ("state", "sat", "taken", "expected"),
    [
        (CaseState.REQUESTED, None, TakingPart.AWAITED, Attendance.TO_COME),
        (CaseState.COVERED, None, TakingPart.JOINT_AWAITED, Attendance.TO_COME),
        (CaseState.SUBMITTED, None, TakingPart.BY_TARGET, Attendance.TO_COME),
        (CaseState.ACCEPTED, SessionState.STOOD_DOWN, TakingPart.LATE, Attendance.TO_COME),
        (CaseState.CONSIDERED, None, TakingPart.BY_TARGET, Attendance.REPORT_ALONE),
        (CaseState.AGREED, None, TakingPart.BY_TARGET, Attendance.REPORT_ALONE),
        (CaseState.CONSIDERED, SessionState.INVITED, TakingPart.BY_TARGET, Attendance.REPORT_ALONE),
        (CaseState.CONSIDERED, SessionState.INVITED, TakingPart.NOT_SUBMITTED, Attendance.NEITHER),
        (CaseState.COVERED, None, TakingPart.ON_TIME, Attendance.REPORT_ALONE),  # the lead silent, its own report in
        (CaseState.COVERED, SessionState.INVITED, TakingPart.ON_TIME, Attendance.TO_COME),
        (CaseState.NOT_SUBMITTED, SessionState.INVITED, TakingPart.NOT_SUBMITTED, Attendance.TO_COME),
        (CaseState.NOT_SUBMITTED, SessionState.CANCELLED, TakingPart.NOT_SUBMITTED, Attendance.NEITHER),
        (CaseState.EXCUSED, SessionState.INVITED, TakingPart.EXCUSED, Attendance.NEITHER),
        (CaseState.PLANNED, SessionState.PENCILLED, TakingPart.NOT_ASKED, Attendance.NEITHER),
    ],
)
def test_an_agency_is_to_come_while_a_report_or_a_session_of_it_is_open(
    state: CaseState, sat: SessionState | None, taken: TakingPart, expected: Attendance
) -> None:
    assert attendance(Taken(facts("05A", state, session=sat and session(sat))), taken) == expected


def test_once_the_report_is_approved_nobody_is_still_to_come() -> None:
    invited = Taken(facts("05A", CaseState.NOT_SUBMITTED, session=session(SessionState.INVITED)))
    assert attendance(invited, TakingPart.NOT_SUBMITTED, final=True) == Attendance.NEITHER


# ---------------------------------------------------------------------------------------------------------- the tally


@given(st.lists(st.sampled_from(list(TakingPart)), max_size=30))
def test_a_tally_sums_to_its_register_whatever_the_mix(parts: list[TakingPart]) -> None:
    register = tuple(f"{number:02}" for number in range(len(parts)))
    lines = dict(tally(register, TakingPart, dict(zip(register, parts, strict=True))).lines)

    assert {line: len(codes) for line, codes in lines.items() if codes} == Counter(str(each) for each in parts)
    assert sorted(code for codes in lines.values() for code in codes) == list(register)


@pytest.mark.parametrize(
    ("register", "lines", "why"),
    [
        (("01", "02"), (("a", ("01",)), ("b", ("01", "02"))), "01 is counted 2 times"),
        (("01", "02"), (("a", ("01",)),), "02 is not counted"),
        (("01",), (("a", ("01", "02")),), "02 is counted and not on the register"),
        (("01", "01"), (("a", ("01",)),), "01 is 2 times on the register"),
        (("01", "02"), (), "01 is not counted; 02 is not counted"),
    ],
)
def test_a_tally_that_does_not_add_up_cannot_be_made(
    register: tuple[str, ...], lines: tuple[tuple[str, tuple[str, ...]], ...], why: str
) -> None:
    with pytest.raises(CountError) as refusal:
        Tally(register, lines)
    assert str(refusal.value) == f"The counts do not add up to the {len(register)} on the register: {why}."


def test_a_line_of_a_tally_is_a_share_of_its_register() -> None:
    counted = Tally(("01", "02", "03"), (("a", ("01", "03")), ("b", ("02",)), ("c", ())))
    assert [counted.share(line) for line in ("a", "b", "c")] == [Share(2, 3), Share(1, 3), Share(0, 3)]


# ------------------------------------------------------------------------------------------------------------ ratings


@pytest.mark.parametrize(
    ("share", "text"),
    [(Share(7, 20), "7/20 (35%)"), (Share(1, 8), "1/8 (13%)"), (Share(0, 3), "0/3 (0%)"), (Share(0, 0), "0/0")],
)
def test_a_per_cent_never_stands_without_what_it_is_out_of(share: Share, text: str) -> None:
    assert str(share) == text


def test_more_than_all_is_no_share() -> None:
    with pytest.raises(CountError, match="5 out of 4 is no share"):
        Share(5, 4)


def test_what_is_no_plain_rating_is_counted_apart_and_changes_no_denominator_silently() -> None:
    marks = [
        *[Mark(Answered.RATED, "green")] * 3,
        Mark(Answered.RATED, "red"),
        Mark(Answered.QUALIFIED, "green"),
        Mark(Answered.OTHER_SCALE, given="2 of 3"),
        *[Mark(Answered.NOT_APPLICABLE)] * 2,
        Mark(Answered.NOT_ANSWERED),
    ]

    assert spread(CODES, marks) == Spread(
        asked=9,
        rated=(("red", Share(1, 4)), ("amber", Share(0, 4)), ("green", Share(3, 4))),
        qualified=(("red", 0), ("amber", 0), ("green", 1)),
        other_scale=1,
        not_applicable=2,
        not_answered=1,
    )


@pytest.mark.parametrize("answered", [Answered.NOT_APPLICABLE, Answered.NOT_ANSWERED, Answered.OTHER_SCALE])
def test_only_a_rating_has_a_code(answered: Answered) -> None:
    with pytest.raises(CountError) as refusal:
        Mark(answered, "red")
    assert str(refusal.value) == f"An answer that is {answered.value} cannot have the rating red."


@pytest.mark.parametrize("answered", [Answered.RATED, Answered.QUALIFIED])
def test_a_rating_without_a_code_is_none(answered: Answered) -> None:
    with pytest.raises(CountError) as refusal:
        Mark(answered)
    assert str(refusal.value) == f"An answer that is {answered.value} cannot have the rating None."


@pytest.mark.parametrize(
    ("asked", "share", "said"),
    [
        (3, Share(1, 1), "1 ratings and 1 other answers do not add up to the 3 asked."),
        (2, Share(1, 2), "1 ratings and 1 other answers do not add up to the 2 asked."),  # out of more than there are
    ],
)
def test_a_spread_that_does_not_add_up_cannot_be_made(asked: int, share: Share, said: str) -> None:
    with pytest.raises(CountError) as refusal:
        Spread(asked, rated=(("red", share),), qualified=(), other_scale=0, not_applicable=0, not_answered=1)
    assert str(refusal.value) == said


MARKS = st.one_of(
    st.sampled_from(CODES).flatmap(
        lambda code: st.sampled_from([Mark(Answered.RATED, code), Mark(Answered.QUALIFIED, code)])
    ),
    st.sampled_from([Mark(Answered.OTHER_SCALE), Mark(Answered.NOT_APPLICABLE), Mark(Answered.NOT_ANSWERED)]),
)


@given(st.lists(MARKS, max_size=40))
def test_a_spread_and_what_stands_apart_add_up_to_everyone_asked(marks: list[Mark]) -> None:
    found = spread(CODES, marks)
    apart = found.n_qualified + found.other_scale + found.not_applicable + found.not_answered
    assert found.n_rated + apart == found.asked == len(marks)


def test_a_rating_that_is_not_on_the_scale_is_not_lost_in_silence() -> None:
    with pytest.raises(CountError):
        spread(CODES, [Mark(Answered.RATED, "blue")])


def test_self_and_panel_are_compared_where_both_rated() -> None:
    green, amber, none = Mark(Answered.RATED, "green"), Mark(Answered.QUALIFIED, "amber"), Mark(Answered.NOT_ANSWERED)

    found = compare(
        CODES, [(green, green), (green, amber), (green, amber), (amber, green), (none, green), (green, none)]
    )

    assert found == Comparison(same=Share(1, 4), self_higher=Share(2, 4), panel_higher=Share(1, 4))
