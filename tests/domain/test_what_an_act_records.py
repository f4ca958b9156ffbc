"""What each act leaves behind, whole: the lines of the history, the letters that are owed, and what is now so."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from s11flow.domain import acts
from s11flow.domain.model import (
    Answer,
    CaseFacts,
    CaseState,
    Entry,
    Escalation,
    EscalationState,
    Member,
    Session,
    SessionState,
)
from tests.domain.factories import (
    OPENED,
    agency,
    asked,
    case_facts,
    dates,
    escalation,
    invited,
    london_at,
    plan_of,
    reported,
    session,
    silent,
    slot,
    submission,
)
from tests.domain.plans import Told, changed, line, told

S, N, P = CaseState, EscalationState, SessionState

RECEIVE = acts.ReceiveReport(submission("2026-10-16 11:00"))
RETURN = acts.ReturnReport(("Standard 3 is not addressed",), date(2026, 10, 26))
EXTEND = acts.Extend(date(2026, 10, 26), "an inspection")
MOVE = acts.Move(slot("2026-11-12 09:30"), "panel", "the room is taken")
HOLD = acts.Hold(date(2026, 10, 30), "the Chair asked")

DIGEST = "a" * 64
OF_TUESDAY = {
    "at": "2026-10-20T17:00:00+01:00",
    "on": "2026-10-20",
    "why": "21 days before Tuesday 10 November 2026 is Tuesday 20 October 2026, a working day; 5pm London time",
    "rule": "deadline",
}
OF_THURSDAY = {
    "at": "2026-10-22T17:00:00+01:00",
    "on": "2026-10-22",
    "why": "21 days before Thursday 12 November 2026 is Thursday 22 October 2026, a working day; 5pm London time",
    "rule": "deadline",
}
TEN_DAYS = "10 working days after Monday 2 November 2026 is Monday 16 November 2026; 5pm London time"
TOLD_AT_ONCE: tuple[tuple[str, dict[str, object]], ...] = (
    ("report_request@h6", {}),
    ("covered_notice@h6", {"member": "05B"}),
    ("covered_notice@h6", {"member": "05C"}),
)
TAKEN_BACK = "the report was taken back before it was asked for"
MEMBERS = (Member("GSCP-2026-05B", agency(code="05B")), Member("GSCP-2026-05C", agency(code="05C")))
SITS_ON_TUESDAY = "the panel sits on Tuesday 10 November 2026, a working day; from 9am London time"
SITS_ON_THURSDAY = "the panel sits on Thursday 12 November 2026, a working day; from 9am London time"


@pytest.mark.parametrize(
    ("facts", "act", "at", "lines", "letters", "now"),
    [
        pytest.param(
            asked(),
            RECEIVE,
            "2026-10-16 11:00",
            [
                line(
                    "RECEIVE_REPORT",
                    before="REQUESTED",
                    after="SUBMITTED",
                    cause="version 1 arrived on Friday 16 October 2026, 11am",
                    data={
                        "version": 1,
                        "arrived_at": "2026-10-16T11:00:00+01:00",
                        "in_time": True,
                        "files": [DIGEST],
                        "addresses": ["1", "2"],
                    },
                    private={"sender": "lead@stroud.example", "names": ["report.docx"]},
                    letters=("receipt@v1",),
                ),
            ],
            [
                Told(
                    "receipt@v1",
                    "a report was received",
                    {
                        "version": 1,
                        "files": ["report.docx"],
                        "arrived_at": "2026-10-16T11:00:00+01:00",
                        "addresses": ["1", "2"],
                        "missing": [],
                        "in_time": True,
                        "addendum": False,
                    },
                    {"sender": "lead@stroud.example"},
                    stood="SUBMITTED, PENCILLED",
                ),
            ],
            {
                "state": S.SUBMITTED,
                "submission": submission("2026-10-16 11:00"),
                "submissions": 1,
                "first_arrived_at": london_at("2026-10-16 11:00"),
            },
            id="a report received",
        ),
        pytest.param(
            reported(S.RETURNED, first_arrived_at=submission().arrived_at, return_by=date(2026, 10, 26), gaps=("3",)),
            acts.ReceiveReport(submission("2026-10-21 09:00", version=2), ("4",)),
            "2026-10-21 09:30",
            [
                line(
                    "RECEIVE_REPORT",
                    before="RETURNED",
                    after="SUBMITTED",
                    cause="version 2 arrived on Wednesday 21 October 2026, 9am",
                    data={
                        "version": 2,
                        "arrived_at": "2026-10-21T09:00:00+01:00",
                        "in_time": True,
                        "files": [DIGEST],
                        "addresses": ["1", "2"],
                    },
                    private={"sender": "lead@stroud.example", "names": ["report.docx"]},
                    letters=("receipt@v2",),
                ),
            ],
            [
                Told(
                    "receipt@v2",
                    "a report was received",
                    {
                        "version": 2,
                        "files": ["report.docx"],
                        "arrived_at": "2026-10-21T09:00:00+01:00",
                        "addresses": ["1", "2"],
                        "missing": ["4"],
                        "in_time": True,
                        "addendum": False,
                    },
                    {"sender": "lead@stroud.example"},
                    stood="SUBMITTED, PENCILLED",
                ),
            ],
            {
                "state": S.SUBMITTED,
                "submission.version": 2,
                "submission.arrived_at": london_at("2026-10-21 09:00"),
                "submission.filed_at": london_at("2026-10-21 09:00"),
                "submissions": 2,
                "return_by": None,
                "gaps": ("4",),
            },
            id="a second version of a report that came in time",
        ),
        pytest.param(
            reported(S.RETURNED, submission=submission("2026-10-21 09:00", as_in_time=True)),
            acts.ReceiveReport(submission("2026-10-26 09:00", version=2)),
            "2026-10-26 09:00",
            [
                line(
                    "RECEIVE_REPORT",
                    before="RETURNED",
                    after="SUBMITTED",
                    cause="version 2 arrived on Monday 26 October 2026, 9am",
                    data={
                        "version": 2,
                        "arrived_at": "2026-10-26T09:00:00+00:00",
                        "in_time": True,
                        "files": [DIGEST],
                        "addresses": ["1", "2"],
                    },
                    private={"sender": "lead@stroud.example", "names": ["report.docx"]},
                    letters=("receipt@v2",),
                ),
            ],
            [
                Told(
                    "receipt@v2",
                    "a report was received",
                    {
                        "version": 2,
                        "files": ["report.docx"],
                        "arrived_at": "2026-10-26T09:00:00+00:00",
                        "addresses": ["1", "2"],
                        "missing": [],
                        "in_time": True,
                        "addendum": False,
                    },
                    {"sender": "lead@stroud.example"},
                    stood="SUBMITTED, PENCILLED",
                ),
            ],
            {
                "state": S.SUBMITTED,
                "submission.version": 2,
                "submission.arrived_at": london_at("2026-10-26 09:00"),
                "submission.filed_at": london_at("2026-10-26 09:00"),
                "submissions": 2,
                "first_arrived_at": london_at("2026-10-21 09:00"),
            },
            id="a report that a person had recorded as in time, mended",
        ),
        pytest.param(
            reported(S.CONSIDERED),
            acts.ReceiveReport(submission("2026-11-11 09:00", version=2)),
            "2026-11-11 09:00",
            [
                line(
                    "RECEIVE_REPORT",
                    before="CONSIDERED",
                    after="CONSIDERED",
                    cause="version 2 arrived on Wednesday 11 November 2026, 9am",
                    data={
                        "version": 2,
                        "arrived_at": "2026-11-11T09:00:00+00:00",
                        "in_time": True,
                        "files": [DIGEST],
                        "addresses": ["1", "2"],
                    },
                    private={"sender": "lead@stroud.example", "names": ["report.docx"]},
                    letters=("receipt@v2",),
                ),
            ],
            [
                Told(
                    "receipt@v2",
                    "a report was received",
                    {
                        "version": 2,
                        "files": ["report.docx"],
                        "arrived_at": "2026-11-11T09:00:00+00:00",
                        "addresses": ["1", "2"],
                        "missing": [],
                        "in_time": True,
                        "addendum": True,
                    },
                    {"sender": "lead@stroud.example"},
                    stood="CONSIDERED, PENCILLED",
                ),
            ],
            {
                "submission.version": 2,
                "submission.arrived_at": london_at("2026-11-11 09:00"),
                "submission.filed_at": london_at("2026-11-11 09:00"),
                "submissions": 2,
                "first_arrived_at": london_at("2026-10-16 11:00"),
            },
            id="an addendum",
        ),
        pytest.param(
            silent(),
            acts.ReceiveReport(submission("2026-10-26 10:00")),
            "2026-10-26 10:00",
            [
                line(
                    "RECEIVE_REPORT",
                    before="NOT_SUBMITTED",
                    after="SUBMITTED",
                    cause="version 1 arrived on Monday 26 October 2026, 10am",
                    data={
                        "version": 1,
                        "arrived_at": "2026-10-26T10:00:00+00:00",
                        "in_time": False,
                        "files": [DIGEST],
                        "addresses": ["1", "2"],
                    },
                    private={"sender": "lead@stroud.example", "names": ["report.docx"]},
                    letters=("receipt@v1",),
                ),
                line(
                    "RESOLVE",
                    about="escalation",
                    before="WITH_CHAIR",
                    after="RESOLVED",
                    cause="the report came",
                    letters=("escalation_resolved@h0",),
                ),
            ],
            [
                Told(
                    "receipt@v1",
                    "a report was received",
                    {
                        "version": 1,
                        "files": ["report.docx"],
                        "arrived_at": "2026-10-26T10:00:00+00:00",
                        "addresses": ["1", "2"],
                        "missing": [],
                        "in_time": False,
                        "addendum": False,
                    },
                    {"sender": "lead@stroud.example"},
                    stood="SUBMITTED, PENCILLED, WITH_CHAIR",
                ),
                Told(
                    "escalation_resolved@h0",
                    "the report came",
                    {},
                    {"reason": "the report came"},
                    stood="SUBMITTED, PENCILLED, RESOLVED",
                ),
            ],
            {
                "state": S.SUBMITTED,
                "escalation.state": N.RESOLVED,
                "submission": submission("2026-10-26 10:00"),
                "submissions": 1,
                "first_arrived_at": london_at("2026-10-26 10:00"),
            },
            id="a report that resolves an escalation",
        ),
        pytest.param(
            reported(),
            RETURN,
            "2026-10-12 10:00",
            [
                line(
                    "RETURN_REPORT",
                    before="SUBMITTED",
                    after="RETURNED",
                    cause="the report needs more",
                    data={"return_by": "2026-10-26"},
                    private={"gaps": ["Standard 3 is not addressed"]},
                    letters=("report_returned@h0",),
                ),
            ],
            [
                Told(
                    "report_returned@h0",
                    "the report needs more",
                    {"gaps": ["Standard 3 is not addressed"], "return_by": "2026-10-26"},
                    stood="RETURNED, PENCILLED",
                ),
            ],
            {
                "state": S.RETURNED,
                "return_by": date(2026, 10, 26),
                "gaps": ("Standard 3 is not addressed",),
            },
            id="a report returned",
        ),
        pytest.param(
            reported(),
            replace(RETURN, return_by=date(2026, 10, 13)),
            "2026-10-12 10:00",
            [
                line(
                    "RETURN_REPORT",
                    before="SUBMITTED",
                    after="RETURNED",
                    cause="the report needs more",
                    data={"return_by": "2026-10-13"},
                    private={"gaps": ["Standard 3 is not addressed"]},
                    letters=("report_returned@h0",),
                ),
                line(
                    at="2026-10-09 09:00",
                    event="LETTER_DUE",
                    about="letter",
                    due_key="return_by_reminder@2026-10-13",
                    cause="2 working days before Tuesday 13 October 2026 is Friday 9 October 2026; 9am London time",
                    data={"kind": "return_by_reminder", "outcome": "superseded"},
                ),
            ],
            [
                Told(
                    "report_returned@h0",
                    "the report needs more",
                    {"gaps": ["Standard 3 is not addressed"], "return_by": "2026-10-13"},
                    stood="RETURNED, PENCILLED",
                ),
            ],
            {
                "state": S.RETURNED,
                "done": frozenset({"return_by_reminder@2026-10-13"}),
                "return_by": date(2026, 10, 13),
                "gaps": ("Standard 3 is not addressed",),
            },
            id="a report returned to answer at once",
        ),
        pytest.param(
            reported(return_by=date(2026, 10, 26)),
            acts.AcceptReport(),
            "2026-10-19 10:00",
            [
                line(
                    "ACCEPT_REPORT",
                    before="SUBMITTED",
                    after="ACCEPTED",
                    cause="accepted",
                    data={"waived": False, "as_in_time": False},
                    private={"waiver": "", "in_time_reason": ""},
                ),
            ],
            [],
            {
                "state": S.ACCEPTED,
                "return_by": None,
            },
            id="a report accepted",
        ),
        pytest.param(
            reported(S.RETURNED, gaps=("3",)),
            acts.AcceptReport("standard 3 is not theirs"),
            "2026-10-19 10:00",
            [
                line(
                    "ACCEPT_REPORT",
                    before="RETURNED",
                    after="ACCEPTED",
                    cause="accepted with a waiver",
                    data={"waived": True, "as_in_time": False},
                    private={"waiver": "standard 3 is not theirs", "in_time_reason": ""},
                ),
            ],
            [],
            {
                "state": S.ACCEPTED,
                "waived": True,
            },
            id="a report accepted with gaps",
        ),
        pytest.param(
            reported(submission=submission("2026-10-21 09:00")),
            acts.AcceptReport(in_time_reason="it lay in our mailbox"),
            "2026-10-22 10:00",
            [
                line(
                    "ACCEPT_REPORT",
                    before="SUBMITTED",
                    after="ACCEPTED",
                    cause="accepted",
                    data={"waived": False, "as_in_time": True},
                    private={"waiver": "", "in_time_reason": "it lay in our mailbox"},
                ),
            ],
            [],
            {
                "state": S.ACCEPTED,
                "submission.as_in_time": True,
            },
            id="a late report accepted as in time",
        ),
        pytest.param(
            reported(S.RETURNED, first_arrived_at=submission().arrived_at, return_by=date(2026, 10, 26), gaps=("3",)),
            acts.WithdrawReport("sent by mistake"),
            "2026-10-19 10:00",
            [
                line("WITHDRAW_REPORT", before="RETURNED", after="REQUESTED", private={"reason": "sent by mistake"}),
            ],
            [],
            {
                "state": S.REQUESTED,
                "submission": None,
                "first_arrived_at": None,
                "return_by": None,
                "gaps": (),
            },
            id="a report taken back",
        ),
        pytest.param(
            case_facts(state=S.SUBMITTED, submission=submission(), submissions=1, members=MEMBERS, seq=5),
            acts.WithdrawReport("sent by mistake"),
            "2026-06-15 10:00",
            [
                line("WITHDRAW_REPORT", before="SUBMITTED", after="REQUESTED", private={"reason": "sent by mistake"}),
                line(
                    "LETTER_DUE",
                    about="letter",
                    cause="the report was taken back before it was asked for",
                    data={"kind": "report_request", "outcome": "owed"},
                    letters=("report_request@h6", "covered_notice@h6"),
                ),
            ],
            [
                Told(key, TAKEN_BACK, about, until=london_at("2027-01-08 17:00"), stood="REQUESTED, PENCILLED")
                for key, about in TOLD_AT_ONCE
            ],
            {"state": S.REQUESTED, "submission": None, "asked_at": london_at("2026-06-15 10:00")},
            id="a report taken back before it was asked for",
        ),
        pytest.param(
            case_facts(state=S.SUBMITTED, submission=submission(), submissions=1, agency=agency(contact=None), seq=5),
            acts.WithdrawReport("sent by mistake"),
            "2026-06-15 10:00",
            [
                line("WITHDRAW_REPORT", before="SUBMITTED", after="REQUESTED", private={"reason": "sent by mistake"}),
                line(
                    "LETTER_DUE",
                    about="letter",
                    cause="the report was taken back before it was asked for",
                    data={"kind": "report_request", "outcome": "no contact"},
                ),
            ],
            [],
            {"state": S.REQUESTED, "submission": None, "asked_at": london_at("2026-06-15 10:00")},
            id="a report taken back by an agency that nobody can write to",
        ),
        pytest.param(
            reported(session=session(P.ATTENDED)),
            acts.Consider("attendance"),
            "2026-11-10 10:00",
            [
                line("CONSIDER", before="SUBMITTED", after="CONSIDERED", cause="attendance", private={"reason": ""}),
            ],
            [],
            {
                "state": S.CONSIDERED,
                "basis": "report and session",
                "considered_at": london_at("2026-11-10 10:00"),
            },
            id="considered at the session",
        ),
        pytest.param(
            reported(S.ACCEPTED),
            acts.Consider("on paper", "they could not come"),
            "2026-11-10 10:00",
            [
                line(
                    "CONSIDER",
                    before="ACCEPTED",
                    after="CONSIDERED",
                    cause="on paper",
                    private={"reason": "they could not come"},
                ),
            ],
            [],
            {
                "state": S.CONSIDERED,
                "basis": "report alone",
                "considered_at": london_at("2026-11-10 10:00"),
            },
            id="considered on paper",
        ),
        pytest.param(
            reported(S.ASSESSED, agreed_at=OPENED),
            acts.Assess("report and session"),
            "2026-11-24 10:00",
            [
                line(
                    "ASSESS",
                    before="ASSESSED",
                    after="ASSESSED",
                    cause="report and session",
                    letters=("accuracy_check@h0",),
                ),
            ],
            [
                Told(
                    "accuracy_check@h0",
                    "the draft judgement is ready to be checked for accuracy",
                    stood="ASSESSED, PENCILLED",
                ),
            ],
            {
                "assessed_at": london_at("2026-11-24 10:00"),
                "agreed_at": None,
            },
            id="assessed anew",
        ),
        pytest.param(
            reported(S.ASSESSED),
            acts.Agree(),
            "2026-12-09 10:00",
            [
                line("AGREE", before="ASSESSED", after="AGREED", letters=("feedback@h0",)),
            ],
            [
                Told("feedback@h0", "the judgement is agreed", stood="AGREED, PENCILLED"),
            ],
            {
                "state": S.AGREED,
                "agreed_at": london_at("2026-12-09 10:00"),
            },
            id="agreed",
        ),
        pytest.param(
            case_facts(),
            acts.Include("report"),
            "2027-01-11 10:00",
            [
                line("INCLUDE_IN_REPORT", before="PLANNED", after="REPORTED", cause="not asked"),
            ],
            [],
            {
                "state": S.REPORTED,
                "basis": "not asked",
            },
            id="included in the report, not asked",
        ),
        pytest.param(
            reported(S.AGREED, basis="late report"),
            acts.Include("report"),
            "2027-01-11 10:00",
            [
                line("INCLUDE_IN_REPORT", before="AGREED", after="REPORTED", cause="late report"),
            ],
            [],
            {
                "state": S.REPORTED,
            },
            id="included in the report on the basis of its judgement",
        ),
        pytest.param(
            reported(S.AGREED, assessed_at=OPENED, agreed_at=OPENED),
            acts.Reopen("new evidence"),
            "2026-12-15 10:00",
            [
                line("REOPEN", before="AGREED", after="ASSESSED", private={"reason": "new evidence"}),
            ],
            [],
            {
                "state": S.ASSESSED,
                "agreed_at": None,
            },
            id="reopened",
        ),
        pytest.param(
            silent(session=invited(), return_by=date(2026, 10, 26)),
            acts.Excuse("an inspection", "the Executive"),
            "2026-10-26 10:00",
            [
                line(
                    "EXCUSE",
                    before="NOT_SUBMITTED",
                    after="EXCUSED",
                    cause="excused",
                    private={"reason": "an inspection", "authority": "the Executive"},
                    letters=("dates_changed@h0",),
                ),
                line(
                    "WITHDRAW",
                    about="escalation",
                    before="WITH_CHAIR",
                    after="WITHDRAWN",
                    cause="no report is asked of the agency any more",
                    letters=("escalation_stood_down@h0",),
                ),
                line(
                    "CANCEL",
                    about="s1",
                    before="INVITED",
                    after="CANCELLED",
                    cause="no report is asked of the agency any more",
                    letters=("panel_invitation_cancelled@s1r0",),
                ),
            ],
            [
                Told(
                    "dates_changed@h0",
                    "no report is asked any more",
                    {"what": "report", "old": "Tuesday 20 October 2026, 5pm", "new": "none is asked of you this year"},
                    {"reason": "an inspection"},
                    stood="EXCUSED, INVITED, WITH_CHAIR",
                ),
                Told(
                    "escalation_stood_down@h0",
                    "no report is asked of the agency any more",
                    {},
                    {"reason": "no report is asked of the agency any more"},
                    stood="EXCUSED, INVITED, WITHDRAWN",
                ),
                Told(
                    "panel_invitation_cancelled@s1r0",
                    "no report is asked of the agency any more",
                    {"by": "agency", "reserve": ""},
                    {"reason": "no report is asked of the agency any more"},
                    until=london_at("2026-11-10 09:00"),
                    stood="EXCUSED, CANCELLED, WITHDRAWN",
                ),
            ],
            {
                "state": S.EXCUSED,
                "session.state": P.CANCELLED,
                "session.revised_at": london_at("2026-10-26 10:00"),
                "escalation.state": N.WITHDRAWN,
                "return_by": None,
            },
            id="excused after it was asked, invited and escalated",
        ),
        pytest.param(
            case_facts(),
            acts.Excuse("an inspection", "the Executive"),
            "2026-06-15 10:00",
            [
                line(
                    "EXCUSE",
                    before="PLANNED",
                    after="EXCUSED",
                    cause="excused",
                    private={"reason": "an inspection", "authority": "the Executive"},
                ),
                line(
                    "CANCEL",
                    about="s1",
                    before="PENCILLED",
                    after="CANCELLED",
                    cause="no report is asked of the agency any more",
                ),
            ],
            [],
            {
                "state": S.EXCUSED,
                "session.state": P.CANCELLED,
                "session.revised_at": london_at("2026-06-15 10:00"),
            },
            id="excused before it was asked",
        ),
        pytest.param(
            asked(dates=dates(None), session=None),
            acts.Excuse("an inspection", "the Executive"),
            "2026-07-15 10:00",
            [
                line(
                    "EXCUSE",
                    before="REQUESTED",
                    after="EXCUSED",
                    cause="excused",
                    private={"reason": "an inspection", "authority": "the Executive"},
                    letters=("dates_changed@h0",),
                ),
            ],
            [
                Told(
                    "dates_changed@h0",
                    "no report is asked any more",
                    {"what": "report", "old": "none", "new": "none is asked of you this year"},
                    {"reason": "an inspection"},
                    stood="EXCUSED",
                ),
            ],
            {
                "state": S.EXCUSED,
            },
            id="excused before it had a deadline",
        ),
        pytest.param(
            asked(return_by=date(2026, 10, 26)),
            acts.Cover("GSCP-2026-05B"),
            "2026-10-12 10:00",
            [
                line("COVER", before="REQUESTED", after="COVERED", cause="GSCP-2026-05B reports for it"),
                line(
                    "CANCEL", about="s1", before="PENCILLED", after="CANCELLED", cause="another agency reports for it"
                ),
            ],
            [],
            {
                "state": S.COVERED,
                "session.state": P.CANCELLED,
                "session.revised_at": london_at("2026-10-12 10:00"),
                "return_by": None,
                "covered_by": "GSCP-2026-05B",
            },
            id="covered",
        ),
        pytest.param(
            asked(state=S.COVERED, covered_by="GSCP-2026-05B", lead_state=S.ACCEPTED, session=None, seq=7),
            acts.Revive("the joint report does not name it"),
            "2026-11-02 10:00",
            [
                line(
                    "REVIVE",
                    before="COVERED",
                    after="REQUESTED",
                    cause="asked again",
                    private={"reason": "the joint report does not name it"},
                    letters=("report_request@revived-h7",),
                ),
                line(
                    "DATES_CHANGED",
                    about="dates",
                    cause="asked again",
                    data={
                        "deadline": {
                            "at": "2026-11-16T17:00:00+00:00",
                            "on": "2026-11-16",
                            "why": TEN_DAYS,
                            "rule": "revived",
                        },
                        "was": OF_TUESDAY,
                    },
                ),
            ],
            [
                Told(
                    "report_request@revived-h7",
                    "the report is asked again",
                    {},
                    {},
                    until=london_at("2027-01-08 17:00"),
                    stood="REQUESTED",
                ),
            ],
            {
                "state": S.REQUESTED,
                "dates.deadline": (
                    london_at("2026-11-16 17:00"),
                    TEN_DAYS,
                    "revived",
                ),
                "dates.deadline_set_at": london_at("2026-11-02 10:00"),
                "dates.extended": True,
                "asked_at": london_at("2026-11-02 10:00"),
                "covered_by": None,
                "lead_state": None,
            },
            id="asked again",
        ),
        pytest.param(
            asked(state=S.EXCUSED, session=None),
            acts.Revive("the inspection is over", date(2026, 11, 20)),
            "2026-11-02 10:00",
            [
                line(
                    "REVIVE",
                    before="EXCUSED",
                    after="REQUESTED",
                    cause="asked again",
                    private={"reason": "the inspection is over"},
                    letters=("report_request@revived-h0",),
                ),
                line(
                    "DATES_CHANGED",
                    about="dates",
                    cause="asked again",
                    data={
                        "deadline": {
                            "at": "2026-11-20T17:00:00+00:00",
                            "on": "2026-11-20",
                            "why": "a deadline of its own, Friday 20 November 2026; 5pm London time",
                            "rule": "revived",
                        },
                        "was": OF_TUESDAY,
                    },
                ),
            ],
            [
                Told(
                    "report_request@revived-h0",
                    "the report is asked again",
                    {},
                    {},
                    until=london_at("2027-01-08 17:00"),
                    stood="REQUESTED",
                ),
            ],
            {
                "state": S.REQUESTED,
                "dates.deadline": (
                    london_at("2026-11-20 17:00"),
                    "a deadline of its own, Friday 20 November 2026; 5pm London time",
                    "revived",
                ),
                "dates.deadline_set_at": london_at("2026-11-02 10:00"),
                "dates.extended": True,
                "asked_at": london_at("2026-11-02 10:00"),
            },
            id="asked again by a day that was named",
        ),
        pytest.param(
            asked(),
            acts.Void("opened twice"),
            "2026-10-12 10:00",
            [
                line("VOID", before="REQUESTED", after="VOID", private={"reason": "opened twice"}),
                line(
                    "CANCEL", about="s1", before="PENCILLED", after="CANCELLED", cause="the case should not have been"
                ),
            ],
            [],
            {
                "state": S.VOID,
                "session.state": P.CANCELLED,
                "session.revised_at": london_at("2026-10-12 10:00"),
            },
            id="void",
        ),
        pytest.param(
            asked(seq=3),
            EXTEND,
            "2026-10-12 10:00",
            [
                line(
                    "EXTEND",
                    before="REQUESTED",
                    after="REQUESTED",
                    cause="extended to Monday 26 October 2026",
                    data={"by_chair": False, "panel_consents": False},
                    private={"reason": "an inspection"},
                    letters=("dates_changed@h3",),
                ),
                line(
                    "DATES_CHANGED",
                    about="dates",
                    cause="extended to Monday 26 October 2026",
                    data={
                        "deadline": {
                            "at": "2026-10-26T17:00:00+00:00",
                            "on": "2026-10-26",
                            "why": "extended to Monday 26 October 2026; 5pm London time",
                            "rule": "extension",
                        },
                        "was": OF_TUESDAY,
                    },
                ),
            ],
            [
                Told(
                    "dates_changed@h3",
                    "the deadline has changed",
                    {"what": "deadline", "old": "Tuesday 20 October 2026, 5pm", "new": "Monday 26 October 2026, 5pm"},
                    {"reason": "an inspection"},
                    stood="REQUESTED, PENCILLED",
                ),
            ],
            {
                "dates.deadline": (
                    london_at("2026-10-26 17:00"),
                    "extended to Monday 26 October 2026; 5pm London time",
                    "extension",
                ),
                "dates.deadline_set_at": london_at("2026-10-12 10:00"),
                "dates.extended": True,
            },
            id="extended",
        ),
        pytest.param(
            silent(state=N.WITH_CHAIR),
            replace(EXTEND, to=date(2026, 12, 1), by_chair=True),
            "2026-10-26 10:00",
            [
                line(
                    "EXTEND",
                    before="NOT_SUBMITTED",
                    after="REQUESTED",
                    cause="extended to Tuesday 1 December 2026",
                    data={"by_chair": True, "panel_consents": False},
                    private={"reason": "an inspection"},
                    letters=("dates_changed@h0",),
                ),
                line(
                    "WITHDRAW",
                    about="escalation",
                    before="WITH_CHAIR",
                    after="WITHDRAWN",
                    cause="the deadline is later",
                    letters=("escalation_stood_down@h0",),
                ),
                line(
                    "DATES_CHANGED",
                    about="dates",
                    cause="extended to Tuesday 1 December 2026",
                    data={
                        "deadline": {
                            "at": "2026-12-01T17:00:00+00:00",
                            "on": "2026-12-01",
                            "why": "extended to Tuesday 1 December 2026; 5pm London time",
                            "rule": "extension",
                        },
                        "was": OF_TUESDAY,
                    },
                ),
            ],
            [
                Told(
                    "dates_changed@h0",
                    "the deadline has changed",
                    {"what": "deadline", "old": "Tuesday 20 October 2026, 5pm", "new": "Tuesday 1 December 2026, 5pm"},
                    {"reason": "an inspection"},
                    stood="REQUESTED, PENCILLED, WITH_CHAIR",
                ),
                Told(
                    "escalation_stood_down@h0",
                    "the deadline is later",
                    {},
                    {"reason": "the deadline is later"},
                    stood="REQUESTED, PENCILLED, WITHDRAWN",
                ),
            ],
            {
                "state": S.REQUESTED,
                "dates.deadline": (
                    london_at("2026-12-01 17:00"),
                    "extended to Tuesday 1 December 2026; 5pm London time",
                    "extension",
                ),
                "dates.deadline_set_at": london_at("2026-10-26 10:00"),
                "dates.extended": True,
                "escalation.state": N.WITHDRAWN,
            },
            id="extended by the Chair",
        ),
        pytest.param(
            silent(),
            acts.Correct("it says 20 October", "it was 22 October"),
            "2026-10-26 10:00",
            [
                line(
                    "CORRECT",
                    before="NOT_SUBMITTED",
                    after="NOT_SUBMITTED",
                    cause="corrected",
                    private={"wrong": "it says 20 October", "right": "it was 22 October"},
                    letters=("correction@h0",),
                ),
                line(
                    "WITHDRAW",
                    about="escalation",
                    before="WITH_CHAIR",
                    after="WITHDRAWN",
                    cause="a recorded mistake",
                    letters=("escalation_stood_down@h0",),
                ),
            ],
            [
                Told(
                    "correction@h0",
                    "a mistake is put right",
                    {},
                    {"wrong": "it says 20 October", "right": "it was 22 October"},
                    stood="NOT_SUBMITTED, PENCILLED, WITH_CHAIR",
                ),
                Told(
                    "escalation_stood_down@h0",
                    "a recorded mistake",
                    {},
                    {"reason": "a recorded mistake"},
                    stood="NOT_SUBMITTED, PENCILLED, WITHDRAWN",
                ),
            ],
            {
                "escalation.state": N.WITHDRAWN,
            },
            id="corrected",
        ),
        pytest.param(
            asked(),
            acts.Correct("it says 20 October", "it was 22 October", "report_request"),
            "2026-10-12 10:00",
            [
                line(
                    "CORRECT",
                    before="REQUESTED",
                    after="REQUESTED",
                    cause="corrected",
                    private={"wrong": "it says 20 October", "right": "it was 22 October"},
                    letters=("correction@h0",),
                ),
            ],
            [
                Told(
                    "correction@h0",
                    "a mistake is put right",
                    {"kind": "report_request"},
                    {"wrong": "it says 20 October", "right": "it was 22 October"},
                    stood="REQUESTED, PENCILLED",
                ),
            ],
            {},
            id="corrected for those who had the letter",
        ),
        pytest.param(
            case_facts(session=None, sessions=0, dates=dates(None)),
            acts.Pencil(slot(), "uid-1"),
            "2026-06-15 10:00",
            [
                line(
                    "PENCIL",
                    about="s1",
                    after="PENCILLED",
                    cause="Tuesday 10 November 2026, 9am",
                    data={"starts_at": "2026-11-10T09:00:00+00:00"},
                ),
                line(
                    "DATES_CHANGED",
                    about="dates",
                    cause="a panel session was set",
                    data={"deadline": OF_TUESDAY, "was": None},
                ),
            ],
            [],
            {
                "dates.deadline": (london_at("2026-10-20 17:00"), OF_TUESDAY["why"], "deadline"),
                "dates.panel_day": (london_at("2026-11-10 09:00"), SITS_ON_TUESDAY, "panel_day"),
                "dates.deadline_set_at": london_at("2026-06-15 10:00"),
                "session": Session(
                    number=1,
                    state=P.PENCILLED,
                    revision=0,
                    starts_at=london_at("2026-11-10 09:00"),
                    ends_at=london_at("2026-11-10 09:30"),
                    place="The panel room, or by video link",
                    uid="uid-1",
                    revised_at=london_at("2026-06-15 10:00"),
                ),
                "sessions": 1,
            },
            id="a session pencilled",
        ),
        pytest.param(
            asked(session=session(P.CANCELLED)),
            acts.Pencil(slot("2026-11-12 09:30"), "uid-2"),
            "2026-10-12 10:00",
            [
                line(
                    "PENCIL",
                    about="s2",
                    after="PENCILLED",
                    cause="Thursday 12 November 2026, 9:30am",
                    data={"starts_at": "2026-11-12T09:30:00+00:00"},
                ),
                line(
                    "DATES_CHANGED",
                    about="dates",
                    cause="a panel session was set",
                    data={"deadline": OF_THURSDAY, "was": OF_TUESDAY},
                    letters=("dates_changed@h0",),
                ),
            ],
            [
                Told(
                    "dates_changed@h0",
                    "the deadline has changed",
                    {"what": "deadline", "old": "Tuesday 20 October 2026, 5pm", "new": "Thursday 22 October 2026, 5pm"},
                    {"reason": "a panel session was set"},
                    stood="REQUESTED, PENCILLED",
                ),
            ],
            {
                "dates.deadline": (london_at("2026-10-22 17:00"), OF_THURSDAY["why"], "deadline"),
                "dates.panel_day": (london_at("2026-11-12 09:00"), SITS_ON_THURSDAY, "panel_day"),
                "dates.deadline_set_at": london_at("2026-10-12 10:00"),
                "session.number": 2,
                "session.state": P.PENCILLED,
                "session.starts_at": london_at("2026-11-12 09:30"),
                "session.ends_at": london_at("2026-11-12 10:00"),
                "session.uid": "uid-2",
                "session.revised_at": london_at("2026-10-12 10:00"),
                "sessions": 2,
            },
            id="a session pencilled after another was cancelled",
        ),
        pytest.param(
            asked(session=invited(answers=(Answer("lead@stroud.example", "accepted", OPENED),)), seq=4),
            MOVE,
            "2026-10-12 10:00",
            [
                line(
                    "MOVE",
                    about="s1",
                    before="INVITED",
                    after="INVITED",
                    cause="the session moved, asked by the panel",
                    data={
                        "was": "2026-11-10T09:00:00+00:00",
                        "starts_at": "2026-11-12T09:30:00+00:00",
                        "asked_by": "panel",
                        "revision": 1,
                        "consent": False,
                    },
                    private={"reason": "the room is taken"},
                    letters=("panel_invitation_changed@s1r1",),
                ),
                line(
                    "DATES_CHANGED",
                    about="dates",
                    cause="the panel moved the session",
                    data={"deadline": OF_THURSDAY, "was": OF_TUESDAY},
                    letters=("dates_changed@h4",),
                ),
            ],
            [
                Told(
                    "panel_invitation_changed@s1r1",
                    "the session moved, asked by the panel",
                    {"old": "Tuesday 10 November 2026, 9am"},
                    {"reason": "the room is taken"},
                    until=london_at("2026-11-12 09:30"),
                    stood="REQUESTED, INVITED",
                ),
                Told(
                    "dates_changed@h4",
                    "the deadline has changed",
                    {"what": "deadline", "old": "Tuesday 20 October 2026, 5pm", "new": "Thursday 22 October 2026, 5pm"},
                    {"reason": "the panel moved the session"},
                    stood="REQUESTED, INVITED",
                ),
            ],
            {
                "dates.deadline": (london_at("2026-10-22 17:00"), OF_THURSDAY["why"], "deadline"),
                "dates.panel_day": (london_at("2026-11-12 09:00"), SITS_ON_THURSDAY, "panel_day"),
                "dates.deadline_set_at": london_at("2026-10-12 10:00"),
                "session.revision": 1,
                "session.starts_at": london_at("2026-11-12 09:30"),
                "session.ends_at": london_at("2026-11-12 10:00"),
                "session.revised_at": london_at("2026-10-12 10:00"),
                "session.answers": (),
            },
            id="a session moved by the panel after the invitation",
        ),
        pytest.param(
            asked(),
            replace(MOVE, asked_by="agency", consent=True),
            "2026-09-01 10:00",
            [
                line(
                    "MOVE",
                    about="s1",
                    before="PENCILLED",
                    after="PENCILLED",
                    cause="the session moved, asked by the agency",
                    data={
                        "was": "2026-11-10T09:00:00+00:00",
                        "starts_at": "2026-11-12T09:30:00+00:00",
                        "asked_by": "agency",
                        "revision": 1,
                        "consent": True,
                    },
                    private={"reason": "the room is taken"},
                    letters=("dates_changed@s1r1",),
                ),
            ],
            [
                Told(
                    "dates_changed@s1r1",
                    "the panel session has changed",
                    {
                        "what": "panel session",
                        "old": "Tuesday 10 November 2026, 9am",
                        "new": "Thursday 12 November 2026, 9:30am",
                    },
                    {"reason": "the room is taken"},
                    stood="REQUESTED, PENCILLED",
                ),
            ],
            {
                "dates.panel_day": (london_at("2026-11-12 09:00"), SITS_ON_THURSDAY, "panel_day"),
                "session.revision": 1,
                "session.starts_at": london_at("2026-11-12 09:30"),
                "session.ends_at": london_at("2026-11-12 10:00"),
                "session.revised_at": london_at("2026-09-01 10:00"),
                "session.asks": 1,
            },
            id="a session moved at the agency's wish before the invitation",
        ),
        pytest.param(
            case_facts(),
            MOVE,
            "2026-06-15 10:00",
            [
                line(
                    "MOVE",
                    about="s1",
                    before="PENCILLED",
                    after="PENCILLED",
                    cause="the session moved, asked by the panel",
                    data={
                        "was": "2026-11-10T09:00:00+00:00",
                        "starts_at": "2026-11-12T09:30:00+00:00",
                        "asked_by": "panel",
                        "revision": 1,
                        "consent": False,
                    },
                    private={"reason": "the room is taken"},
                ),
                line(
                    "DATES_CHANGED",
                    about="dates",
                    cause="the panel moved the session",
                    data={"deadline": OF_THURSDAY, "was": OF_TUESDAY},
                ),
            ],
            [],
            {
                "dates.deadline": (london_at("2026-10-22 17:00"), OF_THURSDAY["why"], "deadline"),
                "dates.panel_day": (london_at("2026-11-12 09:00"), SITS_ON_THURSDAY, "panel_day"),
                "dates.deadline_set_at": london_at("2026-06-15 10:00"),
                "session.revision": 1,
                "session.starts_at": london_at("2026-11-12 09:30"),
                "session.ends_at": london_at("2026-11-12 10:00"),
                "session.revised_at": london_at("2026-06-15 10:00"),
            },
            id="a session moved before anybody was told of it",
        ),
        pytest.param(
            reported(session=invited()),
            acts.Record("attended", 30),
            "2026-11-10 10:00",
            [
                line("RECORD_ATTENDED", about="s1", before="INVITED", after="ATTENDED", data={"minutes": 30}),
                line("CONSIDER", before="SUBMITTED", after="CONSIDERED", cause="attendance", private={"reason": ""}),
            ],
            [],
            {
                "state": S.CONSIDERED,
                "session.state": P.ATTENDED,
                "session.recorded_at": london_at("2026-11-10 10:00"),
                "session.minutes": 30,
                "basis": "report and session",
                "considered_at": london_at("2026-11-10 10:00"),
            },
            id="attended",
        ),
        pytest.param(
            reported(S.AGREED, session=invited()),
            acts.Record("in-part", 10),
            "2026-11-10 09:00",
            [
                line(
                    "RECORD_ATTENDED_IN_PART",
                    about="s1",
                    before="INVITED",
                    after="ATTENDED_IN_PART",
                    data={"minutes": 10},
                ),
            ],
            [],
            {
                "session.state": P.ATTENDED_IN_PART,
                "session.recorded_at": london_at("2026-11-10 09:00"),
                "session.minutes": 10,
            },
            id="attended in part",
        ),
        pytest.param(
            reported(session=invited()),
            acts.Record("absent", notice=True),
            "2026-11-10 10:00",
            [
                line(
                    "RECORD_ABSENT_WITH_NOTICE",
                    about="s1",
                    before="INVITED",
                    after="ABSENT_WITH_NOTICE",
                    data={"minutes": None},
                ),
            ],
            [],
            {
                "session.state": P.ABSENT_WITH_NOTICE,
                "session.recorded_at": london_at("2026-11-10 10:00"),
            },
            id="absent with notice",
        ),
        pytest.param(
            reported(session=invited()),
            acts.CancelSession("nobody can come"),
            "2026-10-12 10:00",
            [
                line(
                    "CANCEL",
                    about="s1",
                    before="INVITED",
                    after="CANCELLED",
                    cause="the session is not held",
                    private={"reason": "nobody can come"},
                    letters=("panel_invitation_cancelled@s1r0",),
                ),
            ],
            [
                Told(
                    "panel_invitation_cancelled@s1r0",
                    "the session is not held",
                    {"by": "agency", "reserve": ""},
                    {"reason": "nobody can come"},
                    until=london_at("2026-11-10 09:00"),
                    stood="SUBMITTED, CANCELLED",
                ),
            ],
            {
                "session.state": P.CANCELLED,
                "session.revised_at": london_at("2026-10-12 10:00"),
            },
            id="a session cancelled",
        ),
        pytest.param(
            reported(session=invited()),
            acts.StandDownSession("not quorate", "2026-11-19"),
            "2026-11-09 10:00",
            [
                line(
                    "STAND_DOWN",
                    about="s1",
                    before="INVITED",
                    after="STOOD_DOWN",
                    cause="the panel could not meet",
                    private={"reason": "not quorate"},
                    letters=("panel_invitation_cancelled@s1r0",),
                ),
            ],
            [
                Told(
                    "panel_invitation_cancelled@s1r0",
                    "the panel could not meet",
                    {"by": "panel", "reserve": "2026-11-19"},
                    {"reason": "not quorate"},
                    until=london_at("2026-11-10 09:00"),
                    stood="SUBMITTED, STOOD_DOWN",
                ),
            ],
            {
                "session.state": P.STOOD_DOWN,
                "session.revised_at": london_at("2026-11-09 10:00"),
            },
            id="a session stood down",
        ),
        pytest.param(
            reported(session=invited(revision=2)),
            acts.ReplyToInvitation("Head@stroud.example", "accepted"),
            "2026-10-12 10:00",
            [
                line(
                    "REPLY",
                    about="s1",
                    cause="accepted",
                    data={"answer": "accepted", "revision": 2},
                    private={"attendee": "head@stroud.example"},
                ),
            ],
            [],
            {
                "session.answers": (Answer("head@stroud.example", "accepted", london_at("2026-10-12 10:00"), 2),),
            },
            id="an invitation answered",
        ),
        pytest.param(
            asked(),
            HOLD,
            "2026-10-19 10:00",
            [
                line("RAISE", about="escalation", after="PENDING", cause="to be held"),
                line(
                    "HOLD",
                    about="escalation",
                    cause="to be looked at again on Friday 30 October 2026",
                    data={"until": "2026-10-30"},
                    private={"reason": "the Chair asked"},
                ),
            ],
            [],
            {
                "escalation": Escalation(
                    number=1, state=N.PENDING, anchor=date(2026, 10, 20), hold_until=date(2026, 10, 30)
                ),
            },
            id="held before its deadline",
        ),
        pytest.param(
            asked(escalation=escalation(N.WITHDRAWN, number=1, anchor=date(2026, 10, 13))),
            HOLD,
            "2026-10-19 10:00",
            [
                line("RAISE", about="escalation", after="PENDING", cause="to be held"),
                line(
                    "HOLD",
                    about="escalation",
                    cause="to be looked at again on Friday 30 October 2026",
                    data={"until": "2026-10-30"},
                    private={"reason": "the Chair asked"},
                ),
            ],
            [],
            {
                "escalation.number": 2,
                "escalation.state": N.PENDING,
                "escalation.anchor": date(2026, 10, 20),
                "escalation.warned_at": None,
                "escalation.hold_until": date(2026, 10, 30),
            },
            id="held a second time after the first was withdrawn",
        ),
        pytest.param(
            silent(N.PENDING),
            HOLD,
            "2026-10-21 12:00",
            [
                line(
                    "HOLD",
                    about="escalation",
                    cause="to be looked at again on Friday 30 October 2026",
                    data={"until": "2026-10-30"},
                    private={"reason": "the Chair asked"},
                ),
            ],
            [],
            {
                "escalation.hold_until": date(2026, 10, 30),
            },
            id="held while pending",
        ),
        pytest.param(
            silent(N.PENDING, escalation=escalation(hold_until=date(2026, 10, 30))),
            acts.Resume("the incident is over"),
            "2026-10-28 10:00",
            [
                line("RESUME", about="escalation", private={"reason": "the incident is over"}),
            ],
            [],
            {
                "escalation.hold_until": None,
            },
            id="resumed",
        ),
        pytest.param(
            silent(),
            acts.Acknowledge(),
            "2026-10-26 10:00",
            [
                line("ACKNOWLEDGE", about="escalation", before="WITH_CHAIR", after="ACKNOWLEDGED"),
            ],
            [],
            {
                "escalation.state": N.ACKNOWLEDGED,
            },
            id="acknowledged",
        ),
        pytest.param(
            silent(N.ACKNOWLEDGED),
            acts.FollowUp("I am concerned."),
            "2026-10-26 10:00",
            [
                line(
                    "FOLLOW_UP",
                    about="escalation",
                    before="ACKNOWLEDGED",
                    after="WITH_SENIOR_LEADER",
                    letters=("chair_letter@h0",),
                ),
            ],
            [
                Told(
                    "chair_letter@h0",
                    "the Executive Chair follows it up",
                    {},
                    {"words": "I am concerned."},
                    stood="NOT_SUBMITTED, PENCILLED, WITH_SENIOR_LEADER",
                ),
            ],
            {
                "escalation.state": N.WITH_SENIOR_LEADER,
            },
            id="followed up by the Chair",
        ),
        pytest.param(
            silent(),
            acts.StandDownEscalation("they merged"),
            "2026-10-26 10:00",
            [
                line(
                    "STAND_DOWN",
                    about="escalation",
                    before="WITH_CHAIR",
                    after="STOOD_DOWN",
                    private={"reason": "they merged"},
                    letters=("escalation_stood_down@h0",),
                ),
            ],
            [
                Told(
                    "escalation_stood_down@h0",
                    "the Executive Chair stood it down",
                    {},
                    {"reason": "they merged"},
                    stood="NOT_SUBMITTED, PENCILLED, STOOD_DOWN",
                ),
            ],
            {
                "escalation.state": N.STOOD_DOWN,
            },
            id="stood down by the Chair",
        ),
    ],
)
def test_an_act_records_owes_and_changes_this_and_no_more(
    facts: CaseFacts, act: acts.Act, at: str, lines: list[tuple[str, Entry]], letters: list[Told], now: dict[str, Any]
) -> None:
    plan = plan_of(facts, act, at)

    assert plan.entries == tuple(replace(entry, at=london_at(own or at)) for own, entry in lines)
    assert [told(letter) for letter in plan.letters] == letters
    assert changed(facts, replace(plan.facts, seq=facts.seq)) == now


def test_a_letter_an_act_owes_is_of_its_instant_of_the_kind_its_key_names_and_of_no_family() -> None:
    plan = plan_of(silent(session=invited()), acts.Excuse("an inspection", "the Executive"), "2026-10-26 10:00")

    assert [(letter.kind, letter.at, letter.family) for letter in plan.letters] == [
        ("dates_changed", london_at("2026-10-26 10:00"), None),
        ("escalation_stood_down", london_at("2026-10-26 10:00"), None),
        ("panel_invitation_cancelled", london_at("2026-10-26 10:00"), None),
    ]
