"""What each act of a person does to a case, and the sentence that refuses it where it cannot be."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s11flow.domain import acts
from s11flow.domain.agenda import is_late
from s11flow.domain.decide import DECIDERS, basis_of, changed_deadline, decide
from s11flow.domain.lifecycle import CASE, ESCALATION, SESSION
from s11flow.domain.model import (
    Answer,
    CaseEvent,
    CaseFacts,
    CaseState,
    Entry,
    EscalationEvent,
    EscalationState,
    Member,
    Note,
    Plan,
    SessionEvent,
    SessionState,
    Track,
)
from s11flow.domain.step import CHASING_LETTERS, SESSION_LETTERS
from s11flow.domain.timetable import Rulebook, deadline_of
from tests.domain.factories import (
    ASKED,
    OPENED,
    RULES,
    TUESDAY,
    agency,
    asked,
    by_then,
    case_facts,
    dates,
    escalation,
    invited,
    kept_back,
    letters_of,
    london_at,
    moves,
    plan_of,
    refusal,
    reported,
    session,
    silent,
    slot,
    submission,
)

S, N, P = CaseState, EscalationState, SessionState
MONDAY = "2026-10-12 10:00"


RECEIVE = acts.ReceiveReport(submission())
RESTRICT = acts.RestrictReport(1, london_at("2026-10-08 16:40"), "filed", "a child is named", date(2026, 10, 26))
RETURN = acts.ReturnReport(("Standard 3 is not addressed",), date(2026, 10, 26))
EXTEND = acts.Extend(date(2026, 10, 26), "an inspection")
MOVE = acts.Move(slot("2026-11-12 09:30"), "panel", "the room is taken")
HOLD = acts.Hold(date(2026, 10, 30), "the Chair asked")


# --- what is allowed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "act", "at", "written", "letters", "stops"),
    [
        (
            case_facts(),
            RECEIVE,
            "2026-06-15 10:00",
            [("case", "RECEIVE_REPORT", "PLANNED", "SUBMITTED")],
            ["receipt@v1"],
            CHASING_LETTERS,
        ),
        (
            silent(),
            RECEIVE,
            "2026-10-26 10:00",
            [
                ("case", "RECEIVE_REPORT", "NOT_SUBMITTED", "SUBMITTED"),
                ("escalation", "RESOLVE", "WITH_CHAIR", "RESOLVED"),
            ],
            ["receipt@v1", "escalation_resolved@h0"],
            CHASING_LETTERS,
        ),
        (
            reported(),
            RETURN,
            MONDAY,
            [("case", "RETURN_REPORT", "SUBMITTED", "RETURNED")],
            ["report_returned@h0"],
            frozenset(),
        ),
        (
            reported(),
            replace(RETURN, return_by=date(2026, 10, 13)),  # its reminder would have been due on Friday
            MONDAY,
            [("case", "RETURN_REPORT", "SUBMITTED", "RETURNED"), ("letter", "LETTER_DUE", None, None)],
            ["report_returned@h0"],
            frozenset(),
        ),
        (
            kept_back(),
            RESTRICT,
            MONDAY,
            [("report", "RESTRICTED", None, None), ("case", "RETURN_REPORT", "SUBMITTED", "RETURNED")],
            ["redaction_wanted@h0"],
            frozenset(),
        ),
        (
            kept_back(state=CaseState.RETURNED, return_by=date(2026, 10, 14)),
            RESTRICT,
            MONDAY,
            [("report", "RESTRICTED", None, None)],
            ["redaction_wanted@h0"],
            frozenset(),
        ),
        (
            kept_back(state=CaseState.CONSIDERED),  # what the panel has considered stays so
            RESTRICT,
            MONDAY,
            [("report", "RESTRICTED", None, None)],
            ["redaction_wanted@h0"],
            frozenset(),
        ),
        (
            reported(),  # a later version stands
            replace(RESTRICT, wanted=False),
            MONDAY,
            [("report", "RESTRICTED", None, None)],
            ["redaction_wanted@h0"],
            frozenset(),
        ),
        (
            reported(),
            acts.AcceptReport(),
            MONDAY,
            [("case", "ACCEPT_REPORT", "SUBMITTED", "ACCEPTED")],
            [],
            frozenset({"return_by_reminder"}),
        ),
        (
            reported(),
            acts.WithdrawReport("sent by mistake"),
            MONDAY,
            [("case", "WITHDRAW_REPORT", "SUBMITTED", "REQUESTED")],
            [],
            frozenset(),
        ),
        (
            reported(S.ACCEPTED),
            acts.Consider("on paper", "the agency declined"),
            "2026-11-18 10:00",
            [("case", "CONSIDER", "ACCEPTED", "CONSIDERED")],
            [],
            frozenset(),
        ),
        (
            reported(S.CONSIDERED),
            acts.Assess("report and session"),
            "2026-11-24 10:00",
            [("case", "ASSESS", "CONSIDERED", "ASSESSED")],
            ["accuracy_check@h0"],
            frozenset(),
        ),
        (
            reported(S.ASSESSED),
            acts.Agree(),
            "2026-12-09 10:00",
            [("case", "AGREE", "ASSESSED", "AGREED")],
            ["feedback@h0"],
            frozenset({"accuracy_check"}),
        ),
        (
            reported(S.AGREED, assessed_at=OPENED),
            acts.Reopen("new evidence"),
            "2026-12-15 10:00",
            [("case", "REOPEN", "AGREED", "ASSESSED")],
            [],
            frozenset(),
        ),
        (
            reported(S.AGREED),
            acts.Include("report"),
            "2027-01-11 10:00",
            [("case", "INCLUDE_IN_REPORT", "AGREED", "REPORTED")],
            [],
            CHASING_LETTERS,
        ),
        (
            reported(S.REPORTED),
            acts.Include("statement"),
            "2027-02-11 10:00",
            [("case", "INCLUDE_IN_STATEMENT", "REPORTED", "IN_STATEMENT")],
            [],
            CHASING_LETTERS,
        ),
        (
            reported(S.IN_STATEMENT),
            acts.Include("close"),
            "2027-03-11 10:00",
            [("case", "CLOSE", "IN_STATEMENT", "CLOSED")],
            [],
            CHASING_LETTERS,
        ),
        (
            silent(session=invited()),
            acts.Excuse("an inspection", "the Executive"),
            "2026-10-26 10:00",
            [
                ("case", "EXCUSE", "NOT_SUBMITTED", "EXCUSED"),
                ("escalation", "WITHDRAW", "WITH_CHAIR", "WITHDRAWN"),
                ("s1", "CANCEL", "INVITED", "CANCELLED"),
            ],
            ["dates_changed@h0", "escalation_stood_down@h0", "panel_invitation_cancelled@s1r0"],
            CHASING_LETTERS | SESSION_LETTERS | {"contact_check", "contact_wanted", "report_request"},
        ),
        (
            asked(),
            acts.Cover("GSCP-2026-05B"),
            MONDAY,
            [("case", "COVER", "REQUESTED", "COVERED"), ("s1", "CANCEL", "PENCILLED", "CANCELLED")],
            [],
            CHASING_LETTERS | SESSION_LETTERS | {"contact_check", "contact_wanted", "report_request"},
        ),
        (
            asked(state=S.COVERED, covered_by="GSCP-2026-05B", lead_state=S.ACCEPTED, session=None),
            acts.Revive("the joint report does not name it"),
            "2026-11-02 10:00",
            [("case", "REVIVE", "COVERED", "REQUESTED"), ("dates", "DATES_CHANGED", None, None)],
            ["report_request@revived-h0"],
            frozenset(),
        ),
        (
            asked(),
            acts.Void("opened twice"),
            MONDAY,
            [("case", "VOID", "REQUESTED", "VOID"), ("s1", "CANCEL", "PENCILLED", "CANCELLED")],
            [],
            CHASING_LETTERS | SESSION_LETTERS | {"contact_check", "contact_wanted", "report_request"},
        ),
        (
            asked(),
            EXTEND,
            MONDAY,
            [("case", "EXTEND", "REQUESTED", "REQUESTED"), ("dates", "DATES_CHANGED", None, None)],
            ["dates_changed@h0"],
            CHASING_LETTERS,
        ),
        (
            case_facts(),  # nobody has been told a date yet
            EXTEND,
            "2026-06-15 10:00",
            [("case", "EXTEND", "PLANNED", "PLANNED"), ("dates", "DATES_CHANGED", None, None)],
            [],
            CHASING_LETTERS,
        ),
        (
            silent(),
            acts.Correct("it says 20 October", "it was 22 October"),
            "2026-10-26 10:00",
            [
                ("case", "CORRECT", "NOT_SUBMITTED", "NOT_SUBMITTED"),
                ("escalation", "WITHDRAW", "WITH_CHAIR", "WITHDRAWN"),
            ],
            ["correction@h0", "escalation_stood_down@h0"],
            frozenset(),
        ),
        (
            case_facts(session=None, sessions=0, dates=dates(None)),
            acts.Pencil(slot(), "uid-1"),
            "2026-06-15 10:00",
            [("s1", "PENCIL", None, "PENCILLED"), ("dates", "DATES_CHANGED", None, None)],
            [],
            frozenset(),
        ),
        (
            asked(session=invited()),
            MOVE,
            MONDAY,
            [("s1", "MOVE", "INVITED", "INVITED"), ("dates", "DATES_CHANGED", None, None)],
            ["panel_invitation_changed@s1r1", "dates_changed@h0"],
            SESSION_LETTERS | CHASING_LETTERS,
        ),
        (
            asked(),  # the request named the time to keep free
            acts.CancelSession("the room is gone"),
            "2026-09-01 10:00",
            [("s1", "CANCEL", "PENCILLED", "CANCELLED")],
            ["dates_changed@h0"],
            SESSION_LETTERS | {"dates_changed"},
        ),
        (
            asked(),  # the request named the time to keep free
            replace(MOVE, asked_by="agency"),
            "2026-09-01 10:00",
            [("s1", "MOVE", "PENCILLED", "PENCILLED")],
            ["dates_changed@s1r1"],
            SESSION_LETTERS | {"dates_changed"},
        ),
        (
            reported(session=invited()),
            acts.Record("attended"),
            "2026-11-10 10:00",
            [("s1", "RECORD_ATTENDED", "INVITED", "ATTENDED"), ("case", "CONSIDER", "SUBMITTED", "CONSIDERED")],
            [],
            SESSION_LETTERS,
        ),
        (
            reported(session=invited()),
            acts.Record("absent"),
            "2026-11-10 10:00",
            [("s1", "RECORD_ABSENT_WITHOUT_NOTICE", "INVITED", "ABSENT_WITHOUT_NOTICE")],
            [],
            SESSION_LETTERS,
        ),
        (
            reported(session=invited()),
            acts.CancelSession("nobody can come"),
            MONDAY,
            [("s1", "CANCEL", "INVITED", "CANCELLED")],
            ["panel_invitation_cancelled@s1r0"],
            SESSION_LETTERS,
        ),
        (
            reported(session=invited()),
            acts.ReplyToInvitation("Head@stroud.example", "accepted"),
            MONDAY,
            [("s1", "REPLY", None, None)],
            [],
            frozenset(),
        ),
        (
            asked(),
            HOLD,
            "2026-10-19 10:00",
            [("escalation", "RAISE", None, "PENDING"), ("escalation", "HOLD", None, None)],
            [],
            frozenset(),
        ),
        (
            silent(N.PENDING, escalation=escalation(hold_until=date(2026, 10, 30))),
            acts.Resume(),
            "2026-10-28 10:00",
            [("escalation", "RESUME", None, None)],
            [],
            frozenset(),
        ),
        (
            silent(),
            acts.Acknowledge(),
            "2026-10-26 10:00",
            [("escalation", "ACKNOWLEDGE", "WITH_CHAIR", "ACKNOWLEDGED")],
            [],
            frozenset(),
        ),
        (
            silent(N.ACKNOWLEDGED),
            acts.FollowUp("I am concerned."),
            "2026-10-26 10:00",
            [("escalation", "FOLLOW_UP", "ACKNOWLEDGED", "WITH_SENIOR_LEADER")],
            ["chair_letter@h0"],
            frozenset(),
        ),
        (
            silent(),
            acts.StandDownEscalation("they merged"),
            "2026-10-26 10:00",
            [("escalation", "STAND_DOWN", "WITH_CHAIR", "STOOD_DOWN")],
            ["escalation_stood_down@h0"],
            frozenset({"escalation"}),
        ),
        (
            silent(N.PENDING),
            acts.StandDownEscalation("they merged"),
            "2026-10-21 12:00",
            [("escalation", "STAND_DOWN", "PENDING", "STOOD_DOWN")],
            ["escalation_stood_down@h0"],  # the agency was told that the Chair would be
            frozenset({"escalation"}),
        ),
    ],
)
def test_an_act_writes_owes_and_stops(
    facts: CaseFacts,
    act: acts.Act,
    at: str,
    written: list[tuple[str, str, str | None, str | None]],
    letters: list[str],
    stops: frozenset[str],
) -> None:
    plan = plan_of(facts, act, at)

    assert (moves(plan.entries), letters_of(plan), plan.stops) == (written, letters, stops)


def test_a_stood_down_session_is_the_panel_s_doing_and_offers_the_reserve_day() -> None:
    facts = reported(session=invited())

    plan = plan_of(facts, acts.StandDownSession("not quorate", "2026-11-19"), "2026-11-09 10:00")

    assert moves(plan.entries) == [("s1", "STAND_DOWN", "INVITED", "STOOD_DOWN")]
    assert [letter.about for letter in plan.letters] == [{"by": "panel", "reserve": "2026-11-19"}]
    assert plan.facts.state == S.SUBMITTED


def test_a_receipt_says_what_came_when_and_what_is_missing() -> None:
    plan = plan_of(asked(), acts.ReceiveReport(submission("2026-10-20 17:01"), ("3",)), "2026-10-21 09:00")

    assert plan.letters[0].about == {
        "version": 1,
        "files": ["report.docx"],
        "arrived_at": "2026-10-20T17:01:00+01:00",
        "addresses": ["1", "2"],
        "missing": ["3"],
        "in_time": False,
        "addendum": False,
    }
    assert plan.letters[0].private == {"sender": "lead@stroud.example"}


def test_case_41_a_report_that_is_kept_back_stays_in_time_and_nothing_is_judged_on_it() -> None:
    plan = plan_of(kept_back(), RESTRICT, MONDAY)

    assert plan.letters[0].about == {
        "version": 1, "wanted": True, "return_by": "2026-10-26", "arrived_at": "2026-10-08T16:40:00+01:00",
        "in_time": True,
    }  # fmt: skip
    mended = submission("2026-10-23 09:00", version=2)
    redacted = plan_of(plan.facts, acts.ReceiveReport(mended), "2026-10-23 10:00").facts
    assert (redacted.state, is_late(redacted), redacted.readable) == (CaseState.SUBMITTED, False, mended)
    assert basis_of(replace(plan.facts, session=session(SessionState.ATTENDED))) == "session alone"


def test_names_and_free_text_are_kept_apart_from_the_record() -> None:
    tried: tuple[tuple[CaseFacts, acts.Act, str], ...] = (
        (asked(), RECEIVE, MONDAY),
        (reported(), RETURN, MONDAY),
        (asked(), acts.Excuse("an inspection", "the Executive"), MONDAY),
        (asked(), HOLD, "2026-10-19 10:00"),
    )
    for facts, act, at in tried:
        for entry in plan_of(facts, act, at).entries:
            public = f"{entry.cause} {entry.data}"
            texts = [
                text for value in entry.private.values() for text in (value if isinstance(value, list) else [value])
            ]
            assert all(str(text) not in public for text in texts if text)


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "act", "at", "sentence"),
    [
        (
            kept_back(),
            replace(RESTRICT, reason=" "),
            MONDAY,
            "Cannot restrict report for GSCP-2026-05A: give a reason; it is kept in the history, not in the letter.",
        ),
        (
            kept_back(CaseState.RETURNED),
            acts.AcceptReport("let stand"),
            MONDAY,
            (
                "Cannot accept report for GSCP-2026-05A: it is kept back until a version comes in which no child "
                "can be recognised."
            ),
        ),
        (
            kept_back(),
            acts.Consider("on paper", "they could not come"),
            MONDAY,
            (
                "Cannot consider for GSCP-2026-05A: its report is kept back, and nobody came: wait for the version in "
                "which no child can be recognised."
            ),
        ),
        (
            case_facts(state=S.VOID),
            RECEIVE,
            MONDAY,
            "Cannot receive report for GSCP-2026-05A: it is void. You can: nothing more.",
        ),
        (
            case_facts(),
            RETURN,
            MONDAY,
            (
                "Cannot return report for GSCP-2026-05A: it is planned. You can: receive report, include in report, "
                "excuse, cover, void, extend, correct."
            ),
        ),
        (
            reported(),
            replace(RETURN, return_by=date(2026, 10, 25)),
            MONDAY,
            (
                "Cannot return report for GSCP-2026-05A: Sunday 25 October 2026 is a Sunday; "
                "the nearest working days are Friday 23 October 2026 and Monday 26 October 2026."
            ),
        ),
        (
            reported(),
            replace(RETURN, return_by=date(2026, 10, 12)),
            MONDAY,
            ("Cannot return report for GSCP-2026-05A: Monday 12 October 2026 gives no time; use a day after today."),
        ),
        (
            reported(),
            replace(RETURN, gaps=()),
            MONDAY,
            ("Cannot return report for GSCP-2026-05A: say at least one gap, so that the agency knows what to add."),
        ),
        (
            reported(S.RETURNED, gaps=("3",)),
            acts.AcceptReport(),
            MONDAY,
            (
                'Cannot accept report for GSCP-2026-05A: 1 gap is open ("3"); send it back with `case return`, '
                "or accept it with `--waiver` and the reason."
            ),
        ),
        (
            reported(gaps=("3", "4")),
            acts.AcceptReport(),
            MONDAY,
            (
                'Cannot accept report for GSCP-2026-05A: 2 gaps are open ("3" and "4"); send it back with '
                "`case return`, or accept it with `--waiver` and the reason."
            ),
        ),
        (
            reported(S.RETURNED),
            acts.AcceptReport(),
            MONDAY,
            (
                "Cannot accept report for GSCP-2026-05A: what was asked for has not come; send it back with "
                "`case return`, or accept it with `--waiver` and the reason."
            ),
        ),
        (
            asked(),
            acts.Correct("it says 20 October", " "),
            MONDAY,
            "Cannot correct for GSCP-2026-05A: say what was wrong and what is right; the letter tells both.",
        ),
        (
            asked(),
            acts.Correct(" ", "it was 22 October"),
            MONDAY,
            "Cannot correct for GSCP-2026-05A: say what was wrong and what is right; the letter tells both.",
        ),
        (
            reported(S.CONSIDERED, session=None),
            acts.Pencil(slot(), "uid-2"),
            MONDAY,
            "Cannot pencil for GSCP-2026-05A: it is considered by panel. You can: assess, receive report.",
        ),
        (
            asked(agency=agency(contact=None), session=invited()),
            acts.ReplyToInvitation("", "accepted"),
            MONDAY,
            "Cannot reply for GSCP-2026-05A:  was not invited; check the address with `agencies show`.",
        ),
        (
            reported(),
            acts.WithdrawReport(" "),
            MONDAY,
            "Cannot withdraw report for GSCP-2026-05A: give a reason; it is kept in the history.",
        ),
        (
            reported(),
            acts.Consider("attendance"),
            "2026-11-10 10:00",
            (
                "Cannot consider for GSCP-2026-05A: no attendance is recorded; "
                "record the session, or consider it on paper."
            ),
        ),
        (
            reported(),
            acts.Consider("on paper"),
            "2026-11-10 10:00",
            "Cannot consider for GSCP-2026-05A: give the reason for considering it on paper.",
        ),
        (
            silent(),
            acts.Consider("on paper", "nothing came"),
            "2026-11-18 10:00",
            (
                "Cannot consider for GSCP-2026-05A: there is neither a report nor an attendance to consider; "
                "it goes into the report as not submitted."
            ),
        ),
        (
            reported(),
            acts.Assess("report alone"),
            MONDAY,
            (
                "Cannot assess for GSCP-2026-05A: the panel has not considered it yet; record its session with "
                "`panel record`, or that it was considered without one with `case consider --on-paper`."
            ),
        ),
        (
            reported(S.CONSIDERED),
            acts.Agree(),
            MONDAY,
            "Cannot agree for GSCP-2026-05A: it is considered by panel. You can: assess, receive report.",
        ),
        (
            reported(S.ASSESSED),
            acts.Include("report"),
            MONDAY,
            (
                "Cannot include in report for GSCP-2026-05A: it is draft judgement. "
                "You can: assess, agree, receive report."
            ),
        ),
        (
            reported(S.AGREED, assessed_at=OPENED),
            acts.Reopen(""),
            MONDAY,
            "Cannot reopen for GSCP-2026-05A: give a reason; it is kept in the history.",
        ),
        (
            asked(),
            acts.Excuse("an inspection", ""),
            MONDAY,
            ("Cannot excuse for GSCP-2026-05A: give a reason and on whose authority; both are printed in the report."),
        ),
        (
            asked(members=(Member("GSCP-2026-05B", agency(code="05B")),)),
            acts.Cover("GSCP-2026-05C"),
            MONDAY,
            "Cannot cover for GSCP-2026-05A: it reports for other agencies itself; cover or revive those first.",
        ),
        (
            asked(state=S.EXCUSED),
            acts.Revive(""),
            MONDAY,
            "Cannot revive for GSCP-2026-05A: give a reason; it is kept in the history.",
        ),
        (
            asked(state=S.EXCUSED),
            acts.Revive("it is over", date(2026, 10, 12)),
            MONDAY,
            "Cannot revive for GSCP-2026-05A: Monday 12 October 2026 gives no time; use a day after today.",
        ),
        (
            reported(),
            acts.Void("opened twice"),
            MONDAY,
            (
                "Cannot void for GSCP-2026-05A: it is report received. You can: receive report, return report, "
                "accept report, withdraw report, consider, extend, correct."
            ),
        ),
        (
            reported(S.RETURNED),
            acts.Void("opened twice"),
            MONDAY,
            (
                "Cannot void for GSCP-2026-05A: a report has been received, and what is received is kept; "
                "excuse it instead."
            ),
        ),
        (
            reported(S.COVERED),
            acts.Void("opened twice"),
            MONDAY,
            (
                "Cannot void for GSCP-2026-05A: a report has been received, and what is received is kept; "
                "leave it as it is."
            ),
        ),
        (
            asked(),
            replace(EXTEND, reason=""),
            MONDAY,
            "Cannot extend for GSCP-2026-05A: give a reason; it is told to the agency and kept.",
        ),
        (
            asked(),
            replace(EXTEND, to=date(2026, 10, 25)),
            MONDAY,
            (
                "Cannot extend for GSCP-2026-05A: Sunday 25 October 2026 is a Sunday; "
                "the nearest working days are Friday 23 October 2026 and Monday 26 October 2026."
            ),
        ),
        (
            asked(dates=dates(None)),
            EXTEND,
            MONDAY,
            "Cannot extend for GSCP-2026-05A: it has no deadline yet; give it a panel session first.",
        ),
        (
            asked(),
            replace(EXTEND, to=date(2026, 10, 20)),
            MONDAY,
            (
                "Cannot extend for GSCP-2026-05A: its deadline is Tuesday 20 October 2026 already; "
                "an extension is later than that."
            ),
        ),
        (
            silent(N.PENDING),
            replace(EXTEND, to=date(2026, 10, 21)),
            "2026-10-21 12:00",
            "Cannot extend for GSCP-2026-05A: Wednesday 21 October 2026 gives no time; use a day after today.",
        ),
        (
            silent(),
            replace(EXTEND, to=date(2026, 10, 27)),
            "2026-10-26 10:00",
            (
                "Cannot extend for GSCP-2026-05A: it has been reported to the Executive Chair, "
                "who alone may extend it now (say so if the Chair did)."
            ),
        ),
        (
            asked(),
            replace(EXTEND, to=date(2026, 10, 28)),
            MONDAY,
            (
                "Cannot extend for GSCP-2026-05A: the panel's pack leaves on Tuesday 27 October 2026, the latest day "
                "the Business Manager may extend to; a later one needs the panel's consent; if it was given, say so "
                "with `--panel-consents`."
            ),
        ),
        (
            asked(),
            acts.Correct("", ""),
            MONDAY,
            "Cannot correct for GSCP-2026-05A: say what was wrong and what is right; the letter tells both.",
        ),
        (
            asked(),
            acts.Pencil(slot(), "uid-2"),
            MONDAY,
            "Cannot pencil for GSCP-2026-05A: it has a session on Tuesday 10 November 2026, 9am; move that one.",
        ),
        (
            case_facts(state=S.VOID, session=None),
            acts.Pencil(slot(), "uid-2"),
            MONDAY,
            "Cannot pencil for GSCP-2026-05A: it is void. You can: nothing more.",
        ),
        (
            asked(session=None),
            acts.Pencil(slot(), "uid-2"),
            "2026-11-10 09:00",
            "Cannot pencil for GSCP-2026-05A: Tuesday 10 November 2026, 9am has passed; use a later time.",
        ),
        (asked(session=None), MOVE, MONDAY, "Cannot move for GSCP-2026-05A: it has no session; plan one first."),
        (
            asked(session=session(P.ATTENDED)),
            MOVE,
            MONDAY,
            "Cannot move for GSCP-2026-05A: it is attended. You can: nothing more.",
        ),
        (
            asked(),
            MOVE,
            "2026-11-12 09:30",
            "Cannot move for GSCP-2026-05A: Thursday 12 November 2026, 9:30am has passed; use a later time.",
        ),
        (
            asked(),
            acts.Move(slot(), "panel"),
            MONDAY,
            "Cannot move for GSCP-2026-05A: its session is at Tuesday 10 November 2026, 9am already.",
        ),
        (
            asked(),
            acts.Move(slot("2026-11-05 09:00"), "panel"),
            MONDAY,
            (
                "Cannot move for GSCP-2026-05A: its deadline would move earlier, from Tuesday 20 October 2026 to "
                "Thursday 15 October 2026; use a day whose deadline is not earlier, or record the agency's consent."
            ),
        ),
        (
            asked(session=None),
            acts.Record("attended"),
            MONDAY,
            "Cannot record for GSCP-2026-05A: it has no session to record.",
        ),
        (
            asked(),
            acts.Record("absent"),
            "2026-11-10 10:00",
            (
                "Cannot record absent without notice for GSCP-2026-05A: it is pencilled. "
                "You can: move, record attended, record attended in part, cancel, stand down."
            ),
        ),
        (
            reported(session=invited()),
            acts.Record("attended"),
            "2026-11-10 08:59",
            (
                "Cannot record attended for GSCP-2026-05A: its session begins on Tuesday 10 November 2026, 9am; "
                "record it then."
            ),
        ),
        (
            reported(session=invited()),
            acts.Record("in-part"),
            "2026-11-10 10:00",
            "Cannot record attended in part for GSCP-2026-05A: say how many minutes they were there.",
        ),
        (asked(session=None), acts.CancelSession("x"), MONDAY, "Cannot cancel for GSCP-2026-05A: it has no session."),
        (
            asked(),
            acts.CancelSession(""),
            MONDAY,
            "Cannot cancel for GSCP-2026-05A: give a reason; the agency is told it.",
        ),
        (
            asked(session=session(P.CANCELLED)),
            acts.StandDownSession("not quorate"),
            MONDAY,
            "Cannot stand down for GSCP-2026-05A: it is cancelled. You can: nothing more.",
        ),
        (
            asked(),
            acts.ReplyToInvitation("lead@stroud.example", "accepted"),
            MONDAY,
            "Cannot reply for GSCP-2026-05A: no invitation of its is open; replies are recorded while one is.",
        ),
        (
            asked(session=invited()),
            acts.ReplyToInvitation("someone@else.example", "accepted"),
            MONDAY,
            (
                "Cannot reply for GSCP-2026-05A: someone@else.example was not invited; "
                "check the address with `agencies show`."
            ),
        ),
        (
            asked(),
            replace(HOLD, until=date(2026, 10, 31)),
            "2026-10-19 10:00",
            (
                "Cannot hold for GSCP-2026-05A: Saturday 31 October 2026 is a Saturday; "
                "the nearest working days are Friday 30 October 2026 and Monday 2 November 2026."
            ),
        ),
        (
            asked(),
            replace(HOLD, reason=""),
            "2026-10-19 10:00",
            "Cannot hold for GSCP-2026-05A: give a reason; the Chair may ask for it.",
        ),
        (
            silent(),
            HOLD,
            "2026-10-26 10:00",
            "Cannot hold for GSCP-2026-05A: it is with the Chair already; the Chair may stand it down.",
        ),
        (
            silent(N.PENDING, escalation=escalation(hold_until=HOLD.until)),
            HOLD,
            "2026-10-21 11:00",
            "Cannot hold for GSCP-2026-05A: it is held until Friday 30 October 2026 already; give another day.",
        ),
        (
            silent(N.STOOD_DOWN),
            HOLD,
            "2026-10-26 10:00",
            "Cannot hold for GSCP-2026-05A: its escalation is stood down; nothing is left to hold.",
        ),
        (
            reported(S.CONSIDERED),
            HOLD,
            "2026-10-26 10:00",
            "Cannot hold for GSCP-2026-05A: it is considered by panel. You can: assess, receive report.",
        ),
        (silent(), acts.Resume(), MONDAY, "Cannot resume for GSCP-2026-05A: its escalation is not held."),
        (
            asked(),
            acts.Acknowledge(),
            MONDAY,
            "Cannot acknowledge for GSCP-2026-05A: nothing has been raised with the Chair about it.",
        ),
        (
            silent(N.PENDING),
            acts.Acknowledge(),
            MONDAY,
            ("Cannot acknowledge for GSCP-2026-05A: it is to go to the Chair. You can: stand down."),
        ),
        (
            silent(),
            acts.FollowUp(" "),
            MONDAY,
            "Cannot follow up for GSCP-2026-05A: the letter carries the Chair's own words; give them.",
        ),
        (
            silent(),
            acts.StandDownEscalation(""),
            MONDAY,
            "Cannot stand down for GSCP-2026-05A: give the Chair's reason; it is printed with the record.",
        ),
    ],
)
def test_a_refusal_says_what_why_and_what_would_work(facts: CaseFacts, act: acts.Act, at: str, sentence: str) -> None:
    refused = decide(RULES, facts, act, at=london_at(at))

    assert not isinstance(refused, Plan)
    assert (str(refused), refused.ref) == (sentence, facts.ref)
    assert refused.event in EVENTS, "whoever handles it asks for the stored name"


EVENTS = {*CaseEvent, *SessionEvent, *EscalationEvent, *Note, "RECORD", "RESTRICT_REPORT"}
"""What may be refused; a recording and a restriction are recorded as what came of them."""


# --- who is told ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "act", "told"),
    [
        # an escalation of which nobody has been told yet ends without a letter
        (silent(N.PENDING), RECEIVE, ["receipt@v1"]),
        (asked(escalation=escalation(hold_until=date(2026, 10, 30))), acts.StandDownEscalation("they merged"), []),
        # nobody to ask
        (asked(state=S.EXCUSED, session=None, agency=agency(contact=None)), acts.Revive("it is over"), []),
    ],
)
def test_only_who_was_told_is_told_the_end_of_it(facts: CaseFacts, act: acts.Act, told: list[str]) -> None:
    assert letters_of(plan_of(facts, act, "2026-10-21 12:00")) == told


@pytest.mark.parametrize(
    ("at", "passed_over"),
    [("2026-10-22 08:59", []), ("2026-10-22 09:00", ["return_by_reminder@2026-10-26"])],
)
def test_a_report_returned_on_the_hour_of_its_reminder_is_not_reminded_of_at_once(
    at: str, passed_over: list[str]
) -> None:
    plan = plan_of(reported(session=None), RETURN, at)

    assert [entry.due_key for entry in plan.entries[1:]] == passed_over
    assert plan.next_due_at == (None if passed_over else london_at("2026-10-22 09:00"))


def test_after_an_act_the_case_is_looked_at_when_the_next_thing_is_owed() -> None:
    assert plan_of(asked(session=None), EXTEND, MONDAY).next_due_at == london_at("2026-09-11 09:00")
    assert plan_of(reported(), RETURN, "2026-09-21 10:00").next_due_at == london_at("2026-10-01 09:00")
    assert plan_of(asked(session=None), acts.Void("opened twice"), MONDAY).next_due_at is None


# --- dates that move --------------------------------------------------------------------------------------------------


def deadline(facts: CaseFacts) -> tuple[date, str]:
    assert facts.dates.deadline is not None
    return facts.dates.deadline.on, facts.dates.deadline.rule


@pytest.mark.parametrize(
    ("to", "asked_by", "consent", "expected"),
    [
        ("2026-11-12 09:00", "panel", False, date(2026, 10, 22)),  # later: re-derived
        ("2026-11-12 09:00", "agency", False, date(2026, 10, 20)),  # the agency's wish keeps its deadline
        ("2026-11-05 09:00", "agency", False, date(2026, 10, 20)),
        ("2026-11-05 09:00", "panel", True, date(2026, 10, 15)),  # with consent, earlier
        ("2026-11-10 14:00", "panel", False, date(2026, 10, 20)),  # the same day
    ],
)
def test_a_move_changes_the_deadline_only_if_the_panel_asked_and_it_is_later_or_agreed(
    to: str, asked_by: Any, consent: bool, expected: date
) -> None:
    plan = plan_of(asked(session=invited()), acts.Move(slot(to), asked_by, "a clash", consent), MONDAY)

    assert deadline(plan.facts)[0] == expected
    assert plan.facts.dates.panel_day is not None
    assert plan.facts.dates.panel_day.on == slot(to).on


def test_an_extension_stands_when_the_panel_moves_the_session_later_than_it_needs() -> None:
    extended = plan_of(asked(session=invited()), EXTEND, MONDAY).facts

    moved = plan_of(extended, MOVE, MONDAY)  # Thursday's rule would give 22 October

    assert deadline(moved.facts) == (date(2026, 10, 26), "extension")
    assert letters_of(moved) == ["panel_invitation_changed@s1r1"]


def test_an_extension_stands_though_the_agency_consents_to_a_move_that_brings_no_deadline_forward() -> None:
    extended = plan_of(asked(session=invited()), EXTEND, MONDAY).facts

    moved = plan_of(extended, replace(MOVE, consent=True), MONDAY)

    assert deadline(moved.facts) == (date(2026, 10, 26), "extension")


def test_a_session_moves_to_another_room_at_the_same_hour() -> None:
    elsewhere = replace(slot(), place="Room 2")

    moved = plan_of(asked(session=invited()), acts.Move(elsewhere, "panel", "the room is taken"), MONDAY)

    assert moved.facts.session == replace(
        invited(), revision=1, place="Room 2", revised_at=london_at(MONDAY), answers=()
    )


def test_an_extension_stands_when_the_panel_moves_the_session_to_another_hour_of_its_day() -> None:
    extended = plan_of(asked(session=invited()), EXTEND, MONDAY).facts

    moved = plan_of(extended, acts.Move(slot("2026-11-10 14:00"), "panel", "a clash"), MONDAY)

    assert deadline(moved.facts) == (date(2026, 10, 26), "extension")


def test_a_further_session_on_an_earlier_day_brings_no_deadline_forward() -> None:
    facts = asked(session=session(P.CANCELLED))

    plan = plan_of(facts, acts.Pencil(slot("2026-11-05 09:00"), "uid-2"), MONDAY)

    assert deadline(plan.facts) == (date(2026, 10, 20), "deadline")


def test_a_report_that_came_before_it_was_asked_for_has_no_deadline_to_move() -> None:
    early = case_facts(state=S.SUBMITTED, submission=submission("2026-06-10 10:00"), submissions=1)

    moved = plan_of(early, MOVE, "2026-06-15 10:00")

    assert deadline(moved.facts) == (date(2026, 10, 20), "deadline")
    assert moved.facts.dates.panel_day is not None
    assert moved.facts.dates.panel_day.on == date(2026, 11, 12)


@pytest.mark.parametrize(
    ("at", "expected"), [("2026-10-22 16:59", date(2026, 10, 22)), ("2026-10-22 17:00", date(2026, 10, 20))]
)
def test_a_later_deadline_is_one_that_has_not_come_yet(at: str, expected: date) -> None:
    waiting = asked(session=invited(), mail_waiting_since=london_at("2026-10-19 12:00"))

    assert deadline(plan_of(waiting, MOVE, at).facts)[0] == expected


@pytest.mark.parametrize("told", [True, False])
def test_another_deadline_by_rule_is_told_with_the_case_as_it_then_stands(told: bool) -> None:
    facts = replace(asked(), asked_at=ASKED if told else None)

    plan = changed_deadline(RULES, facts, deadline_of(RULES, date(2026, 11, 12)), "a reason", at=london_at(MONDAY))

    assert plan.next_due_at == london_at("2026-09-11 09:00")
    assert [letter.facts for letter in plan.letters] == ([plan.facts] if told else [])
    assert plan.facts.dates.deadline == deadline_of(RULES, date(2026, 11, 12))


def test_an_extension_does_not_let_the_panel_s_day_move_earlier_without_consent() -> None:
    extended = plan_of(asked(session=invited()), EXTEND, MONDAY).facts

    assert "use a day whose deadline is not earlier" in refusal(
        extended, acts.Move(slot("2026-11-05 09:00"), "panel"), MONDAY
    )


def test_a_deadline_that_has_passed_is_not_replaced_by_one_that_has_passed_too() -> None:
    waiting = by_then("2026-10-23 12:00", case_facts(mail_waiting_since=london_at("2026-10-19 12:00")))

    moved = plan_of(waiting, MOVE, "2026-10-23 12:00")  # 22 October is gone as well

    assert deadline(moved.facts) == (date(2026, 10, 20), "deadline")


@pytest.mark.parametrize("state", [S.NOT_SUBMITTED, S.SUBMITTED, S.ACCEPTED])
def test_after_non_submission_or_a_report_a_move_changes_no_deadline(state: CaseState) -> None:
    moved = plan_of(asked(state=state, session=invited()), MOVE, "2026-10-21 12:00")

    assert deadline(moved.facts) == (date(2026, 10, 20), "deadline")


def test_a_revived_case_has_ten_working_days_of_its_own() -> None:
    plan = plan_of(asked(state=S.EXCUSED, session=None), acts.Revive("the inspection is over"), "2026-11-02 10:00")

    assert deadline(plan.facts) == (date(2026, 11, 16), "revived")
    assert plan.facts.asked_at == london_at("2026-11-02 10:00")


def test_every_change_of_a_notified_deadline_tells_the_old_and_the_new() -> None:
    [told] = plan_of(asked(), EXTEND, MONDAY).letters

    assert (told.about, told.private) == (
        {"what": "deadline", "old": "Tuesday 20 October 2026, 5pm", "new": "Monday 26 October 2026, 5pm"},
        {"reason": "an inspection"},
    )


# --- judgement --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (case_facts(), "not asked"),
        (silent(), "nothing submitted"),
        (silent(session=session(P.ATTENDED)), "session alone"),
        (reported(), "report alone"),
        (reported(session=session(P.ATTENDED_IN_PART)), "report and session"),
        (reported(submission=submission("2026-10-20 17:01")), "late report"),
        (reported(submission=submission("2026-10-20 17:01"), session=session(P.ATTENDED)), "late report and session"),
    ],
)
def test_the_basis_of_a_judgement_is_what_there_was(facts: CaseFacts, expected: str) -> None:
    assert basis_of(facts) == expected


def test_a_new_answer_of_an_attendee_replaces_the_old_and_leaves_the_others() -> None:
    before = (
        Answer("lead@stroud.example", "accepted", OPENED),
        Answer("head@stroud.example", "declined", OPENED),
    )
    facts = reported(session=invited(answers=before))

    plan = plan_of(facts, acts.ReplyToInvitation("LEAD@stroud.example", "declined"), MONDAY)

    assert plan.facts.session is not None
    assert plan.facts.session.answers == (
        before[1],
        Answer("lead@stroud.example", "declined", london_at(MONDAY)),
    )


def test_what_a_person_records_comes_after_whatever_a_calendar_said() -> None:
    from_the_future = Answer("lead@stroud.example", "accepted", london_at("2030-01-01 09:00"), 7)
    facts = reported(session=invited(answers=(from_the_future,)))

    plan = plan_of(facts, acts.ReplyToInvitation("lead@stroud.example", "declined"), MONDAY)

    assert plan.facts.session is not None
    (answer,) = plan.facts.session.answers
    assert (answer.answer, answer.sequence) == ("declined", 7)
    assert answer.at > from_the_future.at


def test_a_calendars_older_answer_is_not_recorded_over_a_newer_one() -> None:
    known = Answer("lead@stroud.example", "declined", london_at(MONDAY), 0)
    older = Answer("lead@stroud.example", "accepted", OPENED, 0)
    facts = reported(session=invited(answers=(known,)))

    refused = decide(RULES, facts, acts.ReplyToInvitation(older.attendee, older.answer, older), at=london_at(MONDAY))

    assert str(refused) == (
        "Cannot reply for GSCP-2026-05A: a newer answer of lead@stroud.example is recorded already."
    )


# --- agreeing and the accuracy check ----------------------------------------------------------------------------------

DRAFTED = london_at("2026-11-24 10:00")
CHECK_CLOSES = "2026-12-08 17:00"


def test_a_judgement_is_not_agreed_before_its_accuracy_check_closes() -> None:
    refused = decide(RULES, reported(S.ASSESSED, assessed_at=DRAFTED), acts.Agree(), at=DRAFTED)

    assert str(refused) == (
        "Cannot agree for GSCP-2026-05A: its accuracy check closes on Tuesday 8 December 2026, 5pm; agree it then, "
        "file a version with what the agency answered (`agency_response`), or give the reason with "
        "`--before-check-closes`."
    )


def test_a_reason_for_agreeing_early_is_kept_in_the_history() -> None:
    plan = decide(RULES, reported(S.ASSESSED, assessed_at=DRAFTED), acts.Agree("the Chair asks"), at=DRAFTED)

    assert isinstance(plan, Plan)
    (entry,) = plan.entries
    assert (entry.data, entry.private) == ({"check_was_open": True}, {"reason": "the Chair asks"})


@pytest.mark.parametrize(
    ("rules", "act", "at"),
    [
        (RULES, acts.Agree(), london_at(CHECK_CLOSES)),
        (RULES, acts.Agree("no longer needed"), london_at(CHECK_CLOSES)),
        (RULES, acts.Agree(is_answered=True), DRAFTED),
        (
            replace(RULES, definition=replace(RULES.definition, letters_off=("accuracy_check",))),
            acts.Agree(),
            DRAFTED,
        ),
    ],
    ids=["closed", "closed, with a reason", "answered", "no check in the definition"],
)
def test_a_check_that_is_over_answered_or_never_asked_holds_nothing_up(
    rules: Rulebook, act: acts.Agree, at: datetime
) -> None:
    plan = decide(rules, reported(S.ASSESSED, assessed_at=DRAFTED), act, at=at)

    assert isinstance(plan, Plan)
    assert [(entry.event, entry.data, entry.private) for entry in plan.entries] == [("AGREE", {}, {})]


# --- every act in every state -----------------------------------------------------------------------------------------

MONDAY_AT = london_at("2026-10-12 10:00")
EVERY_ACT: tuple[acts.Act, ...] = (
    RECEIVE,
    RETURN,
    RESTRICT,
    acts.AcceptReport(),
    acts.AcceptReport("let stand", "it was in our mailbox"),
    acts.WithdrawReport("by mistake"),
    acts.Consider("attendance"),
    acts.Consider("on paper", "they declined"),
    acts.Assess("report alone"),
    acts.Agree(),
    acts.Excuse("an inspection", "the Executive"),
    acts.Cover("GSCP-2026-05B"),
    acts.Succeed("GSCP-2026-05B"),
    acts.Split("it sent its own"),
    acts.ContactLeft("a colleague told us", ("reminder",)),
    acts.HandOver(agency(contact="new@stroud.example", contact_since=MONDAY_AT)),
    acts.SetTrack(Track.LIGHT, "its second year"),
    acts.SetTrack(Track.NONE, "every other year"),
    acts.SetPeriod(date(2024, 4, 1), date(2026, 3, 31), "it missed a year"),
    acts.Revive("it is over"),
    acts.Void("opened twice"),
    EXTEND,
    replace(EXTEND, to=date(2026, 12, 1), by_chair=True),
    acts.Correct("wrong", "right"),
    *(acts.Include(step) for step in ("report", "statement", "close")),
    acts.Reopen("new evidence"),
    acts.Pencil(slot("2026-11-17 09:00"), "uid-2"),
    MOVE,
    acts.Move(slot("2026-11-05 09:00"), "panel", "a clash", consent=True),
    acts.Move(slot("2026-11-17 09:00"), "exchange", "another agency asked"),
    acts.AskForAnotherTime(london_at("2026-11-17 09:00"), "on leave"),
    acts.OfferTime(slot("2026-11-17 09:00")),
    acts.OfferTime(slot("2026-11-17 09:30"), "GSCP-2026-05B"),
    acts.DeclineTime("it does not suit"),
    acts.DeclareInterest("Lay Member", "a governor of it"),
    acts.WithdrawInterest("Lay Member", "no longer a governor"),
    acts.Record("attended"),
    acts.Record("attended", came=("a colleague",)),
    acts.Record("in-part", 10),
    acts.Record("absent", notice=True),
    acts.CancelSession("nobody can come"),
    acts.StandDownSession("not quorate", "Thursday 19 November 2026"),
    acts.ReplyToInvitation("lead@stroud.example", "tentative"),
    HOLD,
    acts.Resume(),
    acts.Acknowledge(),
    acts.FollowUp("I am concerned."),
    acts.StandDownEscalation("they merged"),
)
TABLES = {"case": CASE, "escalation": ESCALATION}
STATES: dict[str, type[StrEnum]] = {"case": CaseState, "escalation": EscalationState}


def follows_its_table(entry: Entry) -> bool:
    """Whether a line that moves a state is one the tables know."""
    if entry.before is None or entry.event in set(Note):
        return True
    table = TABLES.get(entry.about, SESSION)
    return any((t.while_, t.event, t.then) == (entry.before, entry.event, entry.after) for t in table.transitions)


def test_a_line_no_table_knows_is_found() -> None:
    assert not follows_its_table(Entry(OPENED, "REOPEN", "case", "VOID", "ASSESSED"))


def test_every_kind_of_act_is_decided_and_tried_here() -> None:
    assert set(DECIDERS) == set(get_args(acts.Act)) == {type(act) for act in EVERY_ACT}


@given(
    state=st.sampled_from(CaseState),
    sat=st.sampled_from([None, *SessionState]),
    stands=st.sampled_from([None, *EscalationState]),
    has_report=st.booleans(),
    has_contact=st.booleans(),
    day=st.integers(0, 200),
)
def test_no_act_in_any_state_fails_or_leaves_its_table_or_writes_one_letter_twice(
    state: CaseState,
    sat: SessionState | None,
    stands: EscalationState | None,
    has_report: bool,
    has_contact: bool,
    day: int,
) -> None:
    facts = case_facts(
        state=state,
        agency=agency() if has_contact else agency(contact=None),
        session=sat and session(sat),
        escalation=stands and escalation(stands),
        submission=submission() if has_report else None,
        submissions=int(has_report),
        asked_at=ASKED,
    )
    at = london_at("2026-07-07 10:00") + (london_at("2026-07-08 10:00") - london_at("2026-07-07 10:00")) * day
    for act in EVERY_ACT:
        decision = decide(RULES, facts, act, at=at)
        if isinstance(decision, Plan):
            assert all(follows_its_table(entry) for entry in decision.entries)
            assert len(set(letters_of(decision))) == len(decision.letters)
            assert {key for entry in decision.entries for key in entry.letters} == set(letters_of(decision))
            assert decision.entries
        else:
            assert str(decision).startswith("Cannot ")
            assert str(decision).endswith((".", ")."))


def test_the_first_session_gives_the_deadline_of_its_day() -> None:
    facts = case_facts(session=None, sessions=0, dates=dates(None))

    plan = plan_of(facts, acts.Pencil(slot(), "uid-1"), "2026-06-15 10:00")

    assert (deadline(plan.facts), plan.facts.sessions) == ((date(2026, 10, 20), "deadline"), 1)
    assert plan.facts.dates.panel_day is not None
    assert plan.facts.dates.panel_day.on == TUESDAY


def test_the_end_of_an_escalation_is_told_for_each_agency_of_a_joint_report() -> None:
    members = (Member("GSCP-2026-05B", agency(code="05B")), Member("GSCP-2026-05C", agency(code="05C")))
    plan = plan_of(silent(members=members), RECEIVE, "2026-11-03 10:00")
    resolved = [letter.about.get("member") for letter in plan.letters if letter.kind == "escalation_resolved"]

    assert resolved == [None, "05B", "05C"]
