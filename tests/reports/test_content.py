"""What the Assurance Report says of a register, and what it refuses to say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s11flow.domain.errors import WrongInputError
from s11flow.domain.model import CaseState, EscalationState, SessionState, Track
from s11flow.domain.statistics import Answered, CountError
from s11flow.reports import Additions, Proposal, ReportCase, content_sha256, statement_of_effectiveness
from s11flow.reports.shape import AssuranceReport, CountLine, JudgedBy, Named, NonSubmission, RecommendationLine
from tests.reports.register import (
    AFTER_PANEL,
    APPROVED,
    BUILT,
    BY_TARGET,
    LATE,
    ON_TIME,
    at,
    case,
    escalation,
    facts,
    members,
    no_contact,
    report_of,
    session,
    whole_register,
)

S = CaseState


def counts(lines: tuple[CountLine, ...]) -> dict[str, list[str]]:
    return {line.name: [agency.code for agency in line.agencies] for line in lines if line.agencies}


def test_each_agency_stands_in_one_line_of_each_table() -> None:
    part = report_of(whole_register()).took_part

    assert part.on_register == 12
    assert counts(part.reports) == {
        "by the target": ["01", "05A"],
        "on time, after the target": ["02"],
        "late, before its panel": ["03"],
        "late, after its panel": ["04"],
        "covered by a joint report": ["05B", "05C"],
        "excused": ["06"],
        "not applicable": ["07"],
        "not submitted": ["08", "09"],
        "not asked": ["10"],
    }
    assert counts(part.attendance) == {
        "attended": ["01", "05A"],
        "attended in part": ["02"],
        "on the report alone": ["03", "04"],
        "on the session alone": ["09"],
        "through the lead of a joint report": ["05B", "05C"],
        "neither report nor session": ["06", "07", "08", "10"],
    }
    assert counts(part.also) == {
        "asked for a report": ["01", "02", "03", "04", "05A", "05B", "05C", "06", "07", "08", "09"],
        "submitted a report of their own, in time or not": ["01", "02", "03", "04", "05A"],
        "on time: by their own deadline": ["01", "02", "05A"],
        "by the target, whatever their deadline": ["01", "05A"],
    }
    assert [agency.code for agency in part.void] == ["11"]


def test_every_judgement_says_what_it_rests_on() -> None:
    assert counts(report_of(whole_register()).method.bases) == {
        "report and session": ["01", "02", "05A"],
        "late report": ["03", "04"],
        "session alone": ["09"],
        "joint report": ["05B", "05C"],
        "nothing submitted": ["08"],
        "not asked": ["10"],
        "excused": ["06"],
        "not applicable": ["07"],
    }


def test_an_agency_counted_twice_is_found() -> None:
    with pytest.raises(CountError) as refusal:
        report_of([*whole_register(), case("01", arrived=BY_TARGET)])
    assert "01 is counted 2 times" in str(refusal.value) or "01 is 2 times on the register" in str(refusal.value)


ARRIVALS = st.sampled_from([None, BY_TARGET, ON_TIME, LATE, AFTER_PANEL, "2027-01-11 09:00"])
SESSIONS = st.none() | st.sampled_from(list(SessionState))


@st.composite
def registers(draw: st.DrawFn) -> list[ReportCase]:
    """Any mix of cases, with joint reports whose lead may stand in any way, or not be there."""
    found = []
    for number in range(draw(st.integers(0, 14))):
        state, how = draw(st.sampled_from(list(CaseState))), draw(SESSIONS)
        changes = {"covered_by": draw(st.sampled_from(["00", "01", "02", "99"]))} if state == S.COVERED else {}
        agency = {"agency": no_contact(f"{number:02}")} if draw(st.booleans()) else {}
        found.append(
            case(
                f"{number:02}",
                state,
                draw(ARRIVALS),
                session=session(how) if how else None,
                reason=draw(st.sampled_from(["", "Inspection", "not applicable"])),
                **changes,
                **agency,
            )
        )
    return found


@settings(max_examples=60, deadline=None)
@given(registers())
def test_both_tables_sum_to_the_register_whatever_the_mix(cases: list[ReportCase]) -> None:
    report = report_of(cases, status="draft", approved_at=None)
    register = sorted(each.code for each in cases if each.facts.state != S.VOID)

    for lines in (report.took_part.reports, report.took_part.attendance, report.method.bases):
        assert sorted(agency.code for line in lines for agency in line.agencies) == register
        assert all((line.share.n, line.share.of) == (len(line.agencies), len(register)) for line in lines)
    assert [scores.agency.code for scores in report.scores] == register


def test_a_joint_report_is_judged_once() -> None:
    report = report_of(whole_register())
    member = next(scores for scores in report.scores if scores.agency.code == "05B")

    assert (report.results.assessed.n, report.results.assessed.of) == (6, 12)
    assert member.not_judged == "Judged with the joint report of 05A Agency 05A."


def test_duty_bodies_without_an_agency_are_named() -> None:
    missing = report_of(whole_register()).took_part.duty_bodies_not_on_register
    assert "NHS England" in missing
    assert "Police and Crime Commissioner" in missing
    assert "District councils" not in missing


# ------------------------------------------------------------------------------------------------------ draft or whole


def test_a_report_built_before_the_panel_ends_is_marked_with_the_count_outstanding() -> None:  # case 61
    cases = [case("01", S.ACCEPTED, BY_TARGET), case("02", S.REQUESTED), case("03", S.EXCUSED, reason="Inspection")]

    report = report_of(cases, status="draft", approved_at=None)

    assert not report.build.is_complete
    assert report.build.outstanding == (Named("01", "Agency 01"), Named("02", "Agency 02"))
    assert counts(report.took_part.reports) == {
        "by the target": ["01"],
        "excused": ["03"],
        "still awaited": ["02"],
    }
    assert "**Draft. 2 of the 3 agencies on the register are outstanding" in statement_of_effectiveness(report)


def test_a_whole_report_is_refused_while_an_agency_is_outstanding() -> None:
    with pytest.raises(WrongInputError) as refusal:
        report_of([case("01", arrived=BY_TARGET), case("02", S.SUBMITTED, LATE)])
    assert str(refusal.value) == (
        "The report cannot be built as approved: 02 Agency 02 still to be settled; build a draft."
    )


def test_what_arrives_after_the_approval_changes_nothing_but_the_dates() -> None:  # case 35
    before = case("08", S.REPORTED, basis="nothing submitted", assessment=None, considered_at=None)
    after = case("08", S.REPORTED, "2027-02-03 10:00", basis="nothing submitted", assessment=None, considered_at=None)

    assert report_of([after]).took_part == report_of([before]).took_part
    assert report_of([after]).results == report_of([before]).results


def test_a_report_that_came_late_after_its_panel_is_counted_so_and_judged_on_paper() -> None:  # case 34
    report = report_of([case("04", arrived=AFTER_PANEL)])
    assert counts(report.took_part.reports) == {"late, after its panel": ["04"]}
    assert counts(report.method.bases) == {"late report": ["04"]}


def test_a_gap_is_no_judgement_and_not_a_low_rating() -> None:  # case 36
    report = report_of([case("01", arrived=BY_TARGET)])
    last = report.results.standards[-1]

    assert [(code, str(share)) for code, share in last.panel.rated] == [
        ("red", "0/0"),
        ("amber", "0/0"),
        ("green", "0/0"),
    ]
    assert last.panel.not_answered == 1
    assert report.scores[0].standards[-1].panel.text == "no judgement"


def test_an_excuse_is_printed_with_its_reason_and_authority() -> None:  # case 8
    report = report_of([case("06", S.EXCUSED, reason="Inspection", authority="The Executive")])
    assert (report.scores[0].report, report.scores[0].reason, report.scores[0].authority) == (
        "excused",
        "Inspection",
        "The Executive",
    )


# --------------------------------------------------------------------------------------------- scores and appendices


def test_a_score_is_told_by_word_pattern_and_number() -> None:
    scores = {one.number: one for one in report_of([case("01", arrived=BY_TARGET)]).scores[0].requirements}

    assert scores["1.1"].panel.text == "Green ■■■ 3 of 3"
    assert scores["1.3"].own.text == "Green ■■■ 3 of 3, qualified"
    assert scores["2.4"].own.text == "not applicable"
    assert scores["2.5"].own.text == 'on another scale: "2 of 3"'
    assert scores["2.6"].own.text == "not answered"
    assert scores["2.6"].panel.text == "Red ■□□ 1 of 3"
    assert (scores["4.1"].own.answered, scores["4.1"].panel.text) == (Answered.NOT_ANSWERED, "no judgement")


def test_every_agency_that_missed_its_deadline_is_listed_with_what_was_done() -> None:
    listed = report_of(whole_register()).non_submissions

    assert [line.agency.code for line in listed] == ["03", "04", "08", "09"]
    assert listed[2] == NonSubmission(
        agency=Named("08", "Agency 08"),
        joint_lead=None,
        deadline=at("2026-10-20 17:00"),
        confirmed_at=at("2026-10-21 10:00"),
        warned_at=at("2026-10-20 17:00"),
        reported_at=at("2026-10-22 09:00"),
        arrived_at=None,
        report="not submitted",
        escalation="unresolved",
        note="",
    )


def test_a_silent_lead_means_a_line_for_every_member() -> None:
    silent = escalation(EscalationState.WITH_CHAIR)
    lead = case("05A", S.NOT_SUBMITTED, members=members("05B", "05C"), escalation=silent)
    cases = [lead, *(case(code, S.COVERED, covered_by="05A", escalation=silent) for code in ("05B", "05C"))]

    listed = report_of(cases).non_submissions

    assert [(line.agency.code, line.report, line.escalation) for line in listed] == [
        ("05A", "not submitted", "with the Chair"),
        ("05B", "not submitted", "with the Chair"),
        ("05C", "not submitted", "with the Chair"),
    ]
    assert listed[1].joint_lead == Named("05A", "Agency 05A")


def test_a_lead_may_be_known_by_its_case_reference() -> None:
    lead = case("05A", arrived=BY_TARGET, members=members("05B"))
    report = report_of([lead, case("05B", S.COVERED, covered_by="GSCP-2026-05A")])
    assert counts(report.took_part.reports)["covered by a joint report"] == ["05B"]


def test_a_held_escalation_says_until_when() -> None:
    held = escalation(EscalationState.PENDING, sent_at=None, hold_until=at("2026-11-02 09:00").date())
    line = report_of([case("08", S.NOT_SUBMITTED, escalation=held, note="The Chair asked for time")]).non_submissions[0]
    assert (line.escalation, line.note) == (
        "held, to be looked at again on Monday 2 November 2026",
        "The Chair asked for time",
    )


def test_a_body_in_its_first_year_is_listed_as_not_escalated_for_that_reason() -> None:  # case 49
    line = report_of([case("17", arrived=LATE, track=Track.FIRST_YEAR)]).non_submissions[0]
    assert line.escalation == "not escalated: first year"


def test_recommendations_are_numbered_through_and_each_has_an_owner() -> None:
    additions = Additions(recommendations=(Proposal("Share one induction.", "Management Group"),))
    lines = report_of([case("01", arrived=BY_TARGET)], additions=additions).recommendations

    assert [(line.number, line.owner) for line in lines] == [
        (1, "Management Group"),
        (2, "Head of Service"),
        (3, "Safeguarding Lead"),
    ]
    assert lines[0] == RecommendationLine(1, "Share one induction.", "Management Group", None, None)


def test_a_panel_members_own_agency_is_named_as_an_interest() -> None:
    panel = report_of(whole_register()).method.panel
    assert [(person.title, person.interest) for person in panel if person.interest] == [
        ("Chair of the Management Group", Named("01", "Agency 01"))
    ]


def test_case_28_an_agency_for_which_too_few_of_the_panel_were_left_is_named_with_the_quorum() -> None:
    away = ("Independent Scrutineer", "Lay Member", "Business Manager")
    method = report_of(
        [case("01", arrived=BY_TARGET, interests=away[:1]), case("02", arrived=BY_TARGET, interests=away)]
    ).method

    assert (method.quorum, method.not_quorate) == (3, (Named("02", "Agency 02"),))


def test_case_30_a_deputy_author_and_who_rated_are_printed_with_the_judgement() -> None:
    usual = case("01", arrived=BY_TARGET)
    deputy = replace(case("02", arrived=BY_TARGET), author="Lay Member", rated_by=("Lay Member", "Business Manager"))

    assert report_of([usual, deputy]).method.stand_ins == (
        JudgedBy(Named("02", "Agency 02"), "Lay Member", ("Lay Member", "Business Manager")),
    )


# ------------------------------------------------------------------------------------------------------------- digest


def test_the_digest_is_of_the_content_and_not_of_the_moment() -> None:
    report, later = report_of(whole_register()), report_of(whole_register(), built_at=APPROVED)
    other = report_of(whole_register()[1:])

    assert report.sha256 == later.sha256 == content_sha256(report)
    assert report.sha256 != other.sha256


def test_the_order_of_the_cases_does_not_matter() -> None:
    assert report_of(whole_register()[::-1]) == report_of(whole_register())


def test_the_statement_gives_every_count_out_of_how_many() -> None:
    text = statement_of_effectiveness(report_of(whole_register()))

    assert "How the reports of the 12 agencies on the register stand: by the target 2/12 (17%); " in text
    assert "It came to a judgement on 6/12 (50%) of those on the register." in text
    assert (
        "**Standard 2, Safe recruitment, induction, training and development.** Of 6 agencies judged, "
        "the panel rated 6: Red 0/6 (0%), Amber 6/6 (100%), Green 0/6 (0%)."
    ) in text


def test_a_register_without_agencies_makes_an_empty_report() -> None:
    report: AssuranceReport = report_of([])
    assert (report.build.on_register, report.results.assessed.percent, report.built_at) == (0, None, BUILT)


def test_a_judgement_may_be_handed_over_as_the_object_it_was_given_in() -> None:
    standards = [{"standard": number, "panel": "green"} for number in ("1", "2", "3", "4")]
    given = ReportCase(facts("01", S.AGREED, BY_TARGET), assessment={"standards": standards})
    assert str(dict(report_of([given]).results.standards[0].panel.rated)["green"]) == "1/1 (100%)"
    assert replace(given, assessment=None) != given
