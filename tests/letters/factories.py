"""Small facts for letters: the cycle of 2026 with a panel on Tuesday 10 November, and a letter of every kind."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, time
from functools import cache
from html import unescape
from typing import Any

from calendars import london
from calendars.working_days import WorkingDays
from notifications.render import Rendered
from s11flow.cycles.load import read_definition, shipped
from s11flow.domain.model import (
    Agency,
    Answer,
    CaseFacts,
    CaseState,
    CycleFacts,
    CycleState,
    Facts,
    Letter,
    Member,
    PanelDayFacts,
    PanelDayState,
    PartnershipFacts,
    Session,
    SessionState,
    Submission,
)
from s11flow.domain.timetable import Rulebook, cut_off_of, dates_of_case, target_of
from s11flow.letters.blocks import slot
from s11flow.letters.compose import Dossier, Draft, Sent, drafts, write
from s11flow.letters.templates import shipped_templates

OPENED = datetime(2026, 5, 1, 8, tzinfo=UTC)
PANEL_DAY = date(2026, 11, 10)
NOW = london.instant(date(2026, 9, 11), time(9))  # the first reminder: 28 days before the target of 9 October
STARTS, ENDS = london.instant(PANEL_DAY, time(9, 30)), london.instant(PANEL_DAY, time(10))

HOLIDAYS = {
    date(2026, 12, 25): "Christmas Day bank holiday",
    date(2026, 12, 28): "Boxing Day (substitute) bank holiday",
    date(2027, 1, 1): "New Year's Day bank holiday",
}


@cache
def rulebook() -> Rulebook:
    return Rulebook(read_definition(shipped(), source="the shipped one"), WorkingDays(HOLIDAYS), shipped_templates())


def an_agency(**given: Any) -> Agency:
    return replace(
        Agency(
            code="05A",
            name="Cotswold District Council",
            category="district council",
            contact_role="Safeguarding Lead",
            contact="lead@cotswold.example",
            deputy="deputy@cotswold.example",
            senior_leader="chief@cotswold.example",
            attendees=("lead@cotswold.example", "practice@cotswold.example"),
        ),
        **given,
    )


def a_session(**given: Any) -> Session:
    return replace(
        Session(1, SessionState.INVITED, 0, STARTS, ENDS, "The panel room", "4f3c2a@partnership.example", OPENED),
        **given,
    )


def a_submission(**given: Any) -> Submission:
    arrived = london.instant(date(2026, 10, 8), time(16, 40))
    files = (("report.docx", "0" * 64, 52_000),)
    return replace(Submission(1, arrived, arrived, "lead@cotswold.example", ("1", "2", "3", "4"), files), **given)


def a_case(**given: Any) -> CaseFacts:
    rules = rulebook()
    cut_off = cut_off_of(rules, date(2026, 11, 17))
    dates = dates_of_case(rules, 2026, panel_day=PANEL_DAY, cut_off=cut_off, set_at=OPENED)
    case = CaseFacts(
        ref="GSCP-2026-05A",
        partnership="GSCP",
        cycle="2026",
        agency=an_agency(),
        state=CaseState.REQUESTED,
        dates=dates,
        opened_at=OPENED,
        session=a_session(),
    )
    return replace(case, **given)


def a_member(code: str = "05B", name: str = "Cheltenham Borough Council", **given: Any) -> Member:
    agency = an_agency(
        code=code,
        name=name,
        contact=f"lead@{code.lower()}.example",
        deputy=None,
        senior_leader=f"chief@{code.lower()}.example",
        attendees=(),
    )
    return Member(f"GSCP-2026-{code}", replace(agency, **given))


def a_panel_day() -> PanelDayFacts:
    return PanelDayFacts(
        "GSCP-2026-panel-2026-11-10", "GSCP", "2026", PANEL_DAY, PanelDayState.SITTING, 2, OPENED,
        uid="da4f3c@partnership.example", order="two", told="two", told_at=NOW,
    )  # fmt: skip


def a_cycle() -> CycleFacts:
    rules = rulebook()
    target, cut_off = target_of(rules, 2026), cut_off_of(rules, date(2026, 11, 17))
    return CycleFacts(
        "GSCP-2026", "GSCP", "2026", CycleState.OPEN, date(2025, 4, 1), date(2026, 3, 31), target, cut_off, OPENED
    )


def a_partnership() -> PartnershipFacts:
    return PartnershipFacts("GSCP", "Gloucestershire Safeguarding Children Partnership", OPENED, ("GSCP-2026",))


_ABOUT: dict[str, dict[str, object]] = {
    "covered_notice": {"member": "05B"},
    "reminder": {"rung": "target-28d", "anchor": "target"},
    "dates_changed": {
        "what": "deadline",
        "old": "Tuesday 20 October 2026, 5pm",
        "new": "Thursday 22 October 2026, 5pm",
    },
    "receipt": {
        "version": 1,
        "files": ["report.docx", "appendix.pdf"],
        "arrived_at": "2026-10-08T16:40:00+01:00",
        "addresses": ["1", "2", "3"],
        "missing": ["4"],
        "in_time": True,
        "addendum": False,
    },
    "report_returned": {"gaps": ["Standard 4 is missing.", "A link does not open."], "return_by": "2026-10-15"},
    "correction": {"kind": "reminder"},
    "redaction_wanted": {
        "version": 1,
        "arrived_at": "2026-10-08T16:40:00+01:00",
        "in_time": True,
        "wanted": True,
        "return_by": "2026-10-22",
    },
    "letter_corrected": {
        "recipient": "contact",
        "case_ref": "GSCP-2026-05A",
        "agency": "05A",
        "subject_line": "Invitation: Section 11 panel",
        "sent_at": "2026-10-01T09:01:00+01:00",
        "references": ["<1@partnership.example>"],
        "slot": asdict(slot(a_session(), cancelled=True)),
        "diary": ["Section 11 panel", "30 minutes"],
    },
    "contact_at_risk": {"waiting": ["report_request"]},
    "panel_invitation_changed": {"old": "Tuesday 10 November 2026, 9am"},
    "panel_invitation_cancelled": {"by": "panel", "reserve": "Thursday 19 November 2026, 10am"},
    "themes": {"agency": "05A"},
    "time_refused": {"wished": "Thursday 12 November 2026, 2pm"},
    "time_offered": {"offered": "Thursday 12 November 2026, 9:30am", "exchange": False},
}

_PRIVATE: dict[str, dict[str, object]] = {
    "dates_changed": {"reason": "The panel moved to Thursday 12 November."},
    "receipt": {"sender": "clerk@cotswold.example"},
    "contact_at_risk": {"how": "we are told that they have left"},
    "chair_letter": {"words": "Please let us have it by Friday.\n\nI am glad to talk."},
    "escalation_resolved": {"reason": "The report was found in the mailbox."},
    "escalation_stood_down": {"reason": "The agency is in the middle of an inspection."},
    "correction": {"wrong": "We wrote 9 October.", "right": "The date is 20 October."},
    "letter_corrected": {
        "address": "lead@cotswold.example",
        "wrong": "It was meant for Stroud.",
        "right": "You hear from us in May.",
    },
    "panel_invitation_changed": {"reason": "The room was double booked."},
    "panel_invitation_cancelled": {"reason": "The panel is not quorate."},
    "time_refused": {"reason": "The panel is not quorate then."},
    "deputy_attended": {"came": ["A Colleague, practice lead"]},
    "themes": {"to": {"contact": "lead@cotswold.example", "senior_leader": "chief@cotswold.example"}},
}


def _facts_for(kind: str) -> Facts:
    match kind:
        case "panel_pack" | "panel_day_cancelled":
            return a_panel_day()
        case "themes" | "report_circulated":
            return a_cycle()
        case "digest":
            return a_partnership()
        case "covered_notice":
            return a_case(members=(a_member(),))
        case "contact_wanted":
            return a_case(state=CaseState.PLANNED, agency=an_agency(contact=None))
        case "return_by_reminder":
            return a_case(state=CaseState.RETURNED, return_by=date(2026, 10, 15), gaps=("Standard 4 is missing.",))
        case "session_outcome" | "deputy_attended":
            session = a_session(state=SessionState.ATTENDED, recorded_at=ENDS)
            return a_case(state=CaseState.CONSIDERED, submission=a_submission(), session=session)
        case "escalation_resolved":
            return a_case(state=CaseState.SUBMITTED, submission=a_submission())
        case "reply_chase" | "session_reminder":
            answer = Answer("lead@cotswold.example", "accepted", NOW)
            return a_case(state=CaseState.ACCEPTED, submission=a_submission(), session=a_session(answers=(answer,)))
    return a_case()


def a_letter(kind: str, **given: Any) -> Letter:
    """A letter of *kind* as the rules would owe it."""
    made = Letter(
        kind=kind,
        due_key=f"{kind}@2026-10-09",
        at=NOW,
        why="28 days before the target",
        facts=_facts_for(kind),
        valid_until=STARTS if kind == "time_offered" else None,
        about=_ABOUT.get(kind, {}),
        private=_PRIVATE.get(kind, {}),
    )
    return replace(made, **given)


def a_dossier() -> Dossier:
    """A dossier with something in each part."""
    sent_at = london.instant(date(2026, 7, 6), time(9, 1))
    return Dossier(
        correspondence=(
            Sent("report_request", "contact", "lead@cotswold.example", sent_at, "sent", sent_at),
            Sent("reminder", "contact", "lead@cotswold.example", NOW, "not delivered"),
        ),
        last_year="Reported on time in 2025; Green on all four standards.",
        assessment={
            "basis": "report and session",
            "ratings": [
                {
                    "standard": "1",
                    "title": "Leadership",
                    "word": "Green",
                    "reason": "A named lead with time.",
                    "requirements": [
                        {
                            "number": "1.1",
                            "text": "A senior lead is named.",
                            "own": "Green",
                            "panel": "Amber",
                            "reason": "The lead has left.",
                        }
                    ],
                    "working_well": ["Leaders ask each month."],
                    "worried": ["The lead's post is empty."],
                    "needs": ["Fill the post."],
                },
                {"standard": "4", "title": "Listening", "word": "Amber", "reason": "One survey only."},
            ],
            "good_practice": ["A youth forum that meets each term."],
            "recommendations": [{"what": "Ask children about the new service.", "owner": "", "by": "2027-01-29"}],
            "actions": [
                {"what": "Run a second survey", "owner": "Head of Service", "by": "2027-03-31", "status": "under way"},
                {"what": "Train the front desk", "owner": "", "by": "", "status": "done"},
            ],
            "dissent": "One member would have said Red.",
        },
        overview={
            "sessions": [
                {
                    "starts": "2026-11-10T09:30:00+00:00",
                    "agency": "Cotswold District Council",
                    "code": "05A",
                    "state": "report accepted",
                    "report": "version 1, in time",
                    "reply": "coming",
                    "self_ratings": "Green 15, Amber 2",
                    "last_judgement": "Green on all four",
                    "open_actions": "one, due in March",
                    "declined": False,
                },
                {
                    "starts": "10am",
                    "agency": "Gloucestershire County Council",
                    "code": "01",
                    "state": "report accepted",
                    "report": "version 2, late",
                    "declined": True,
                },
            ],
            "due_today": ["GSCP-2026-05A, Cotswold District Council"],
            "overdue": ["GSCP-2026-11, Police"],
            "waiting_mail": ["Mail from clerk@cotswold.example"],
            "held": ["The escalation of GSCP-2026-08"],
            "bounced": ["Reminder to lead@stroud.example"],
            "expired": ["Contact check for 05C"],
            "incidents": ["GSCP-2026-05D was set aside"],
            "tasks": ["Record the session of 05A"],
            "checkpoint": "sha256 2c26b46b68ffc68f",
        },
        cycle={
            "themes": ["Supervision is strong."],
            "recommendations": ["Share one induction."],
            "own_recommendations": 24,
            "not_submitted": ["Police"],
            "link": "https://www.partnership.example/report",
        },
    )


def made(letter: Letter, *, dossier: Dossier | None = None, now: datetime = NOW) -> tuple[Draft, ...]:
    return drafts(rulebook(), letter, a_dossier() if dossier is None else dossier, now)


def written(letter: Letter, *, to: str = "", dossier: Dossier | None = None, now: datetime = NOW) -> Rendered:
    """The letter as the reader in the role *to* (or the first) has it."""
    draft = next(d for d in made(letter, dossier=dossier, now=now) if not to or d.recipient == to)
    return write(rulebook().templates, draft.kind, draft.context, subject_line=draft.subject_line)


def words_of(text: str) -> str:
    """Text with every run of space as one space."""
    return " ".join(text.split())


def words_of_html(html: str) -> str:
    """What a reader of the HTML part sees, as one line."""
    body = html[html.index("<body>") :]
    return words_of(
        unescape(re.sub(r"</?(?:strong|em|a|code)\b[^>]*>", "", re.sub(r"<(?:br|/?[thlpduo])[^>]*>", " ", body)))
    )
