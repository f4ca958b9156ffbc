"""A register of 2026 as the report meets it, and short ways to say how each agency stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from calendars import london
from calendars.bank_holidays import england_and_wales
from calendars.working_days import WorkingDays
from s11flow.cycles import read_definition, shipped
from s11flow.domain.definition import Definition
from s11flow.domain.model import (
    Agency,
    AgencyStatus,
    CaseFacts,
    CaseState,
    CycleFacts,
    CycleState,
    Escalation,
    EscalationState,
    Member,
    Session,
    SessionState,
    Submission,
)
from s11flow.domain.timetable import Rulebook, cut_off_of, dates_of_case, target_of
from s11flow.reports import Additions, AssuranceReport, ReportCase, build, read_assessment

DEFINITION: Definition = read_definition(shipped(), source="gloucestershire.toml")
RULES = Rulebook(DEFINITION, WorkingDays(england_and_wales(range(2025, 2029))))
PANEL_DAYS = (date(2026, 11, 10), date(2026, 11, 12), date(2026, 11, 17))
OPENED = datetime(2026, 6, 1, 11, tzinfo=UTC)
CUT_OFF = cut_off_of(RULES, PANEL_DAYS[-1])  # Friday 8 January 2027, 5pm
BUILT = datetime(2027, 2, 1, 9, tzinfo=UTC)
APPROVED = datetime(2027, 1, 29, 12, tzinfo=UTC)
EXAMPLE = read_assessment(
    (Path(__file__).parents[2] / "docs/examples/assessment.json").read_text(encoding="utf-8"), DEFINITION
)

CYCLE = CycleFacts(
    ref="GSCP-2026",
    partnership="GSCP",
    cycle="2026",
    state=CycleState.OPEN,
    period_from=date(2025, 4, 1),
    period_to=date(2026, 3, 31),
    target=target_of(RULES, 2026),
    cut_off=CUT_OFF,
    opened_at=OPENED,
)

BY_TARGET = "2026-10-09 17:00"
ON_TIME = "2026-10-20 17:00"
LATE = "2026-10-20 17:01"
AFTER_PANEL = "2026-11-10 09:00"


def at(text: str) -> datetime:
    """The instant when clocks in London show *text*: `2026-10-20 17:00`."""
    on, clock = text.split(" ")
    return london.instant(date.fromisoformat(on), time.fromisoformat(clock))


def session(state: SessionState = SessionState.ATTENDED, **changes: Any) -> Session:
    """A session at 9am on Tuesday 10 November 2026."""
    starts, ends = at("2026-11-10 09:00"), at("2026-11-10 09:30")
    return replace(Session(1, state, 0, starts, ends, "The panel room", "uid-1", OPENED), **changes)


def submission(arrived: str = BY_TARGET, **changes: Any) -> Submission:
    """A report as it reached us."""
    return replace(Submission(1, at(arrived), at(arrived), "lead@agency.example", ("1", "2", "3", "4"), ()), **changes)


def escalation(state: EscalationState, **changes: Any) -> Escalation:
    """An escalation of the deadline of 20 October 2026, sent two working days later."""
    warned, sent = at("2026-10-20 17:00"), at("2026-10-22 09:00")
    return replace(Escalation(1, state, date(2026, 10, 20), warned_at=warned, sent_at=sent), **changes)


def facts(
    code: str = "05A", state: CaseState = CaseState.AGREED, arrived: str | None = None, **changes: Any
) -> CaseFacts:
    """A case whose panel sits on Tuesday 10 November 2026, so that its deadline is Tuesday 20 October, 5pm."""
    category = changes.pop("category", "nhs")
    whole = CaseFacts(
        ref=f"GSCP-2026-{code}",
        partnership="GSCP",
        cycle="2026",
        agency=Agency(code, f"Agency {code}", category, contact=f"lead-{code.lower()}@agency.example"),
        state=state,
        dates=dates_of_case(RULES, 2026, panel_day=PANEL_DAYS[0], cut_off=CUT_OFF, set_at=OPENED),
        opened_at=OPENED,
        submission=submission(arrived) if arrived else None,
        submissions=1 if arrived else 0,
        asked_at=at("2026-07-06 09:00"),
    )
    return replace(whole, **changes)


def case(
    code: str = "05A", state: CaseState = CaseState.AGREED, arrived: str | None = None, **changes: Any
) -> ReportCase:
    """A case as the report meets it; a judged one has the example's judgement."""
    ours = {
        key: changes.pop(key)
        for key in (
            "assessment",
            "sessions",
            "reason",
            "authority",
            "non_submission_at",
            "first_arrived_at",
            "note",
            "earlier",
        )
        if key in changes
    }
    if state in (CaseState.ASSESSED, CaseState.AGREED, CaseState.REPORTED):
        ours.setdefault("assessment", EXAMPLE)
        changes.setdefault("considered_at", at("2026-12-01 10:00"))
    return ReportCase(facts(code, state, arrived, **changes), **ours)


def members(*codes: str) -> tuple[Member, ...]:
    """Members of a joint report that names them all."""
    return tuple(Member(f"GSCP-2026-{code}", facts(code).agency) for code in codes)


def no_contact(code: str) -> Agency:
    """An agency for which no contact was found."""
    return Agency(code, f"Agency {code}", "police", status=AgencyStatus.NO_CONTACT)


def report_of(cases: Sequence[ReportCase], **changes: Any) -> AssuranceReport:
    """The report on these cases: approved unless something else is asked for."""
    terms: dict[str, Any] = {
        "author": "Independent Scrutineer",
        "status": "approved",
        "built_at": BUILT,
        "panel_days": PANEL_DAYS,
        "approved_at": APPROVED,
        "additions": Additions(),
    }
    return build(DEFINITION, CYCLE, cases, **(terms | changes))


S, A = CaseState, SessionState


def whole_register() -> list[ReportCase]:
    """One of every way to stand, ready to be approved."""
    resolved, unresolved = escalation(EscalationState.RESOLVED), escalation(EscalationState.UNRESOLVED)
    joint = {"covered_by": "05A", "category": "district council"}
    return [
        case("01", arrived=BY_TARGET, session=session(), category="local authority"),
        case("02", arrived=ON_TIME, session=session(A.ATTENDED_IN_PART, minutes=10)),
        case("03", arrived=LATE, session=session(A.ABSENT_WITHOUT_NOTICE), escalation=resolved),
        case("04", arrived=AFTER_PANEL, session=session(A.ABSENT_WITH_NOTICE), escalation=resolved),
        case("05A", arrived=BY_TARGET, session=session(), members=members("05B", "05C"), category="district council"),
        case("05B", S.COVERED, **joint),
        case("05C", S.COVERED, **joint),
        case("06", S.EXCUSED, reason="Inspection", authority="The Executive, 1 September 2026"),
        case("07", S.EXCUSED, reason="Not applicable: none in the area", authority="Business Manager"),
        case(
            "08",
            S.NOT_SUBMITTED,
            escalation=unresolved,
            non_submission_at=at("2026-10-21 10:00"),
            session=session(A.ABSENT_WITHOUT_NOTICE),
        ),
        case("09", session=session(), escalation=unresolved),
        case("10", S.PLANNED, agency=no_contact("10"), asked_at=None),
        case("11", S.VOID),
    ]
