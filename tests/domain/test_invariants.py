"""A history folds to the state it left; facts that contradict each other are named."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s11flow.domain.invariants import Sitting, fold, of_case, of_sessions
from s11flow.domain.lifecycle import CASE
from s11flow.domain.model import CaseFacts, CaseState, Entry, EscalationState, SessionState
from tests.domain.factories import (
    NEXT_TUESDAY,
    OPENED,
    RULES,
    THURSDAY,
    TUESDAY,
    case_facts,
    dates,
    escalation,
    london_at,
    session,
    ticked,
)

SITTING = frozenset({TUESDAY, THURSDAY, NEXT_TUESDAY})


def moved(event: str, before: str | None, after: str | None, about: str = "case") -> Entry:
    return Entry(OPENED, event, about, before, after)


# --- folding ---------------------------------------------------------------------------------------------------------


def test_a_history_folds_to_the_states_it_left() -> None:
    folded = fold(
        [
            moved("OPEN", None, "PLANNED"),
            moved("DATES_SET", None, None, "dates"),
            moved("PENCIL", None, "PENCILLED", "s1"),
            moved("REQUEST_REPORT", "PLANNED", "REQUESTED"),
            moved("INVITE", "PENCILLED", "INVITED", "s1"),
            moved("RAISE", None, "PENDING", "escalation"),
            moved("WITHDRAW", "PENDING", "WITHDRAWN", "escalation"),
            moved("RAISE", None, "PENDING", "escalation"),
        ]
    )

    assert folded.faults == []
    assert folded.states == {
        "case": "REQUESTED",
        "s1": "INVITED",
        "escalation 1": "WITHDRAWN",
        "escalation 2": "PENDING",
    }


def test_a_cycle_and_a_panel_day_stand_somewhere_before_anything_is_written_of_them() -> None:
    lines = [moved("OPEN", "DRAFT", "OPEN", "cycle"), moved("DAY_STOOD_DOWN", "SITTING", "STOOD_DOWN", "panel day")]

    assert fold(lines).faults == []


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (
            [moved("OPEN", None, "PLANNED"), moved("RECEIVE_REPORT", "REQUESTED", "SUBMITTED")],
            "line 2 says that case was requested, but it was planned",
        ),
        (
            [moved("REQUEST_REPORT", "PLANNED", "REQUESTED")],
            "line 1 says that case was planned, but it was nothing yet",
        ),
        (
            [moved("OPEN", None, "PLANNED"), moved("CLOSE", "PLANNED", "CLOSED")],
            "line 2 is no step of the case's lifecycle: close from planned to closed",
        ),
        (
            [moved("PENCIL", None, "PENCILLED", "s1"), moved("CANCEL", "PENCILLED", "INVITED", "s1")],
            "line 2 is no step of the session's lifecycle: cancel from pencilled to invited",
        ),
        (
            [moved("CLOSE", "DRAFT", "CLOSED", "cycle")],
            "line 1 is no step of the cycle's lifecycle: close from draft to closed",
        ),
        (
            [moved("RAISE", None, "PENDING", "escalation"), moved("SEND", "PENDING", "RESOLVED", "escalation")],
            "line 2 is no step of the escalation's lifecycle: send from pending to resolved",
        ),
        (
            [moved("SEND", "PENDING", "WITH_CHAIR", "escalation")],
            "line 1 says that escalation 1 was pending, but it was nothing yet",
        ),
    ],
)
def test_a_line_that_does_not_follow_is_named(lines: list[Entry], fault: str) -> None:
    assert fold(lines).faults == [fault]


@given(st.data())
def test_every_walk_through_the_case_table_folds_to_its_end(data: st.DataObject) -> None:
    state, lines = str(CASE.start), [moved("OPEN", None, str(CASE.start))]
    for _ in range(data.draw(st.integers(0, 12))):
        steps = [step for step in CASE.transitions if step.while_ == state]
        if not steps:
            break
        step = data.draw(st.sampled_from(steps))
        lines.append(moved(str(step.event), state, str(step.then)))
        state = str(step.then)

    folded = fold(lines)

    assert (folded.faults, folded.states) == ([], {"case": state})


# --- facts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("until", ["2026-07-06 09:00", "2026-10-20 17:00", "2026-10-22 09:00", "2027-02-01 09:00"])
def test_what_the_clock_does_holds_together(until: str) -> None:
    facts, plans = ticked(case_facts(), until=london_at(until))
    opening = [moved("OPEN", None, "PLANNED"), moved("PENCIL", None, "PENCILLED", "s1")]

    folded = fold([*opening, *(entry for plan in plans for entry in plan.entries)])

    assert of_case(RULES, facts, SITTING) == ()
    assert folded.faults == []
    assert folded.states["case"] == facts.state


def facts(**changes: Any) -> CaseFacts:
    return case_facts(**changes)


WRONG: dict[str, tuple[CaseFacts, str]] = {
    "covered by nobody": (
        facts(state=CaseState.COVERED, session=None),
        "is covered by a joint report and names no lead",
    ),
    "covered by the covered": (
        facts(state=CaseState.COVERED, session=None, covered_by="GSCP-2026-05B", lead_state=CaseState.COVERED),
        "is covered by GSCP-2026-05B, which is covered itself",
    ),
    "a report that is not there": (
        facts(state=CaseState.ACCEPTED, asked_at=OPENED),
        "is accepted and has no report on file",
    ),
    "requested of nobody": (facts(state=CaseState.REQUESTED), "is requested and was never asked"),
    "judged never": (facts(state=CaseState.ASSESSED), "is assessed and has no instant of its assessment"),
    "agreed never": (facts(state=CaseState.AGREED), "is agreed and has no instant of its agreement"),
    "silent without a warning": (facts(state=CaseState.NOT_SUBMITTED), "is not submitted and was never warned of"),
    "an end that is still escalated": (
        facts(state=CaseState.EXCUSED, session=None, escalation=escalation()),
        "is excused and its escalation is still open",
    ),
    "with a Chair who was never told": (
        facts(escalation=escalation(EscalationState.WITH_CHAIR)),
        "has an escalation that is with chair and was never sent",
    ),
    "a deadline on a holiday": (
        facts(dates=replace(dates(), deadline=replace(dates().target, at=london_at("2026-12-28 17:00"),
                                                      on=date(2026, 12, 28)))),
        "has a deadline on Monday 28 December 2026, which is the Boxing Day bank holiday (substitute day)",
    ),
    "a deadline whose instant is another day's": (
        facts(dates=replace(dates(), deadline=replace(dates().target, on=date(2026, 10, 20)))),
        "has a deadline on Tuesday 20 October 2026 whose instant lies on another day",
    ),
    "a session on no panel day": (
        facts(session=session(at="2026-11-11 09:00")),
        "has a session on Wednesday 11 November 2026, 9am, when the panel does not sit",
    ),
    "a session that nobody needs": (
        facts(state=CaseState.VOID),
        "is void and still has a session on Tuesday 10 November 2026, 9am",
    ),
    "a session backwards": (
        facts(session=session(ends_at=london_at("2026-11-10 08:00"))),
        "has a session on Tuesday 10 November 2026, 9am that ends before it begins",
    ),
    "in part for no minutes": (
        facts(session=session(SessionState.ATTENDED_IN_PART)),
        "attended its session on Tuesday 10 November 2026, 9am in part, for no minutes",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_contradiction_is_named(what: str) -> None:
    wrong, said = WRONG[what]

    assert of_case(RULES, wrong, SITTING) == (said,)


def test_returned_without_a_day_is_named() -> None:
    wrong = of_case(RULES, facts(state=CaseState.RETURNED), SITTING)

    assert wrong == ("is returned and has no report on file", "was returned without a day to answer by")


def test_the_panel_sees_one_agency_at_a_time() -> None:
    nine, half = london_at("2026-11-10 09:00"), timedelta(minutes=30)
    first = Sitting(nine, nine + half, "GSCP-2026-01")
    second = Sitting(nine + half, nine + 2 * half, "GSCP-2026-02")
    third = Sitting(nine + half / 2, nine + half, "GSCP-2026-03")

    assert of_sessions([second, first]) == ()
    assert of_sessions([second, third, first]) == (
        "GSCP-2026-03: its session on Tuesday 10 November 2026, 9:15am overlaps that of GSCP-2026-01.",
    )


# --- the first value that is a fault, and the last that is none -------------------------------------------------------


def test_a_target_on_another_day_or_on_no_working_day_is_named_too() -> None:
    given = dates(None)  # no deadline: the target is looked at all the same
    sunday = replace(given.target, on=date(2026, 10, 11))

    assert of_case(RULES, case_facts(session=None, dates=replace(given, target=sunday)), SITTING) == (
        "has a target on Sunday 11 October 2026 whose instant lies on another day",
        "has a target on Sunday 11 October 2026, which is a Sunday",
    )


@pytest.mark.parametrize(("minutes", "faults"), [(1, 0), (0, 1), (-1, 1)])
def test_a_session_takes_a_minute_or_more(minutes: int, faults: int) -> None:
    whole = session()
    short = replace(whole, ends_at=whole.starts_at + timedelta(minutes=minutes))

    found = of_case(RULES, case_facts(session=short), SITTING)

    assert found == ("has a session on Tuesday 10 November 2026, 9am that ends before it begins",) * faults


@pytest.mark.parametrize(
    ("state", "lead", "faults"),
    [
        (CaseState.COVERED, CaseState.SUBMITTED, 0),
        (CaseState.COVERED, CaseState.COVERED, 1),
        (CaseState.VOID, CaseState.COVERED, 0),  # who covered it once is no lead of its any more
    ],
)
def test_only_a_lead_that_is_covered_itself_is_none(state: CaseState, lead: CaseState, faults: int) -> None:
    facts = case_facts(state=state, session=None, covered_by="05B", lead_state=lead)

    assert of_case(RULES, facts, SITTING) == ("is covered by 05B, which is covered itself",) * faults
