"""What the clock owed and what a person does, saved together: told once, and nothing dropped in silence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from s11flow.domain import acts
from s11flow.domain.acts import Act
from s11flow.domain.decide import decide
from s11flow.domain.model import CaseFacts, CaseState, EscalationState, Plan, SessionState
from s11flow.domain.step import settle
from s11flow.domain.timetable import extended_deadline, with_deadline
from tests.domain.factories import (
    OPENED,
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
    refusal,
    slot,
    submission,
)

A_WEEK_LATE = "2026-07-13 10:00"
"""The request was owed on Monday 6 July, and the clock was away."""


def _together(facts: CaseFacts, act: Act, text: str) -> Plan[CaseFacts]:
    """What the clock owed by then, and the act, as they are saved."""
    at = london_at(text)
    settled = settle(RULES, facts, at)
    decision = decide(RULES, settled.facts, act, at=at)
    assert isinstance(decision, Plan), str(decision)
    return settled.then(decision)


def test_a_request_that_leaves_late_tells_the_time_to_which_the_session_moves() -> None:
    move = acts.Move(slot("2026-11-12 10:00"), "agency", "a clash")

    plan = _together(case_facts(), move, A_WEEK_LATE)

    (request,) = plan.letters
    assert (request.kind, request.facts) == ("report_request", plan.facts)
    assert plan.facts.session is not None
    assert plan.facts.session.starts_at == london_at("2026-11-12 10:00")
    moved = next(entry for entry in plan.entries if entry.event == "MOVE")
    assert (moved.letters, moved.data["superseded"]) == ((), ["dates_changed@s1r1"])


def test_nobody_is_told_that_nothing_is_asked_any_more_who_was_never_asked() -> None:
    plan = _together(case_facts(), acts.Excuse("disbanded", "the Board"), A_WEEK_LATE)

    assert letters_of(plan) == []
    assert [entry.data.get("superseded") for entry in plan.entries if entry.event in ("REQUEST_REPORT", "EXCUSE")] == [
        ["report_request@2026-07-06"],
        ["dates_changed@h0"],
    ]


def test_what_a_late_report_overtakes_is_recorded() -> None:
    facts = by_then("2026-10-19 12:00")

    plan = _together(facts, acts.ReceiveReport(submission("2026-10-21 12:00")), "2026-10-21 12:00")

    assert letters_of(plan) == ["receipt@v1"]
    overtaken = {entry.event: entry.data["superseded"] for entry in plan.entries if "superseded" in entry.data}
    assert overtaken == {
        "RAISE": ["escalation_warning@2026-10-20"],
        "CONFIRM_NON_SUBMISSION": ["non_submission@2026-10-20"],
    }


def test_an_escalation_that_ends_is_kept_when_another_is_raised_in_the_same_breath() -> None:
    asked = by_then("2026-10-19 12:00")
    later = extended_deadline(RULES, date(2027, 1, 20), "the panel moved the session")
    left = replace(asked, dates=with_deadline(asked.dates, later, set_at=OPENED), escalation=escalation())

    unresolved = _together(left, acts.Hold(date(2027, 1, 20), "illness"), "2027-01-11 10:00")

    assert unresolved.facts.escalation is not None
    assert (unresolved.facts.escalation.number, unresolved.facts.escalation.state) == (2, EscalationState.PENDING)
    assert [(ended.number, ended.state) for ended in unresolved.ended] == [(1, EscalationState.UNRESOLVED)]


@pytest.mark.parametrize(
    ("act", "state"),
    [
        (acts.Record("attended"), SessionState.ATTENDED),
        (acts.Record("in-part", minutes=20), SessionState.ATTENDED_IN_PART),
    ],
)
def test_an_agency_that_came_without_an_invitation_was_there(act: acts.Record, state: SessionState) -> None:
    recorded = done(case_facts(state=CaseState.SUBMITTED, submission=submission()), ("2026-11-10 16:00", act))

    assert recorded.session is not None
    assert (recorded.session.state, recorded.state) == (state, CaseState.CONSIDERED)


def test_nobody_is_absent_from_a_session_to_which_they_were_not_invited() -> None:
    sentence = refusal(case_facts(), acts.Record("absent"), "2026-11-10 16:00")

    assert sentence == (
        "Cannot record absent without notice for GSCP-2026-05A: it is pencilled. "
        "You can: move, record attended, record attended in part, cancel, stand down."
    )


def test_an_agency_that_takes_back_what_it_sent_before_it_was_asked_is_asked() -> None:
    early = done(case_facts(), ("2026-06-20 10:00", acts.ReceiveReport(submission("2026-06-20 10:00"))))

    taken_back = _together(early, acts.WithdrawReport("sent by mistake"), "2026-09-30 10:00")

    assert (taken_back.facts.state, taken_back.facts.asked_at) == (CaseState.REQUESTED, london_at("2026-09-30 10:00"))
    assert [letter.kind for letter in taken_back.letters] == ["report_request"]
    assert taken_back.facts.dates.deadline is not None
    assert taken_back.facts.dates.deadline.on == date(2026, 10, 21)  # fifteen working days from then
    assert [event for _, event, _, _ in moves(taken_back.entries)][-3:] == [
        "WITHDRAW_REPORT", "LETTER_DUE", "DATES_CHANGED",
    ]  # fmt: skip


def test_who_is_asked_before_a_session_is_set_has_no_deadline_until_it_is() -> None:
    early = done(
        case_facts(dates=dates(None), session=None, sessions=0),
        ("2026-06-10 10:00", acts.ReceiveReport(submission("2026-06-10 10:00"))),
    )

    taken_back = plan_of(early, acts.WithdrawReport("sent by mistake"), "2026-06-30 10:00")
    pencilled = plan_of(taken_back.facts, acts.Pencil(slot(), "uid-1@partnership.example"), "2026-07-02 10:00")

    assert (letters_of(taken_back), taken_back.facts.dates) == (["report_request@h2"], dates(None))
    assert pencilled.facts.dates.deadline == dates().deadline


def test_nobody_is_there_to_be_asked_who_has_no_contact() -> None:
    facts = case_facts(
        agency=agency(contact=None), state=CaseState.SUBMITTED, submission=submission("2026-06-20 10:00"), submissions=1
    )

    taken_back = _together(facts, acts.WithdrawReport("sent by mistake"), "2026-06-30 10:00")

    assert letters_of(taken_back) == []


def test_what_went_into_the_report_without_a_judgement_has_none_to_open_again() -> None:
    sentence = refusal(case_facts(state=CaseState.REPORTED), acts.Reopen("a report came"), "2027-02-01 10:00")

    assert sentence == (
        "Cannot reopen for GSCP-2026-05A: no judgement was made on it, so there is none to open again; "
        "what has come since waits for the next cycle."
    )
