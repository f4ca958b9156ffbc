"""A request that was delivered late still gives its notice, and never takes any away."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from calendars import london
from s11flow.domain.late_delivery import after_late_delivery
from s11flow.domain.model import CaseFacts, CaseState, Dated, Entry, Escalation, EscalationState, Plan
from s11flow.domain.step import settle
from s11flow.domain.timetable import extended_deadline, with_deadline
from tests.domain.factories import RULES, by_then, case_facts, london_at, policy

ASKED = london_at("2026-07-06 09:00")


def asked() -> CaseFacts:
    """A case on the morning its report is asked for; its deadline is Tuesday 20 October."""
    return settle(RULES, case_facts(), ASKED).facts


def late(facts: CaseFacts, words: str) -> Plan[CaseFacts] | None:
    return after_late_delivery(RULES, facts, delivered_at=london_at(words))


def deadline_of(plan: Plan[CaseFacts] | None) -> date | None:
    return None if plan is None or plan.facts.dates.deadline is None else plan.facts.dates.deadline.on


def test_a_request_that_came_the_same_day_changes_nothing() -> None:
    assert late(asked(), "2026-07-06 23:59") is None


def test_a_request_that_came_late_with_time_to_spare_changes_nothing() -> None:
    assert late(asked(), "2026-09-29 09:00") is None  # 15 working days before the deadline


def test_a_request_that_came_too_late_gives_fifteen_working_days() -> None:
    plan = late(asked(), "2026-09-30 09:00")

    assert deadline_of(plan) == date(2026, 10, 21)
    assert plan is not None
    assert plan.facts.dates.deadline is not None
    assert plan.facts.dates.deadline.why == (
        "15 working days after the request was delivered on Wednesday 30 September 2026 is Wednesday 21 October 2026; "
        "5pm London time"
    )
    assert plan.facts.dates.extended
    assert [(letter.kind, letter.about["old"], letter.about["new"]) for letter in plan.letters] == [
        ("dates_changed", "Tuesday 20 October 2026, 5pm", "Wednesday 21 October 2026, 5pm")
    ]
    assert [(entry.event, entry.cause) for entry in plan.entries] == [
        ("DATES_CHANGED", "the request was delivered late")
    ]


def test_a_deadline_of_its_own_keeps_its_own_notice() -> None:
    """Asked again with ten working days: delivered a day late it has ten from then, not fifteen."""
    again = london_at("2026-10-01 09:00")
    own = extended_deadline(RULES, date(2026, 10, 15), "a deadline of its own")
    facts = replace(asked(), asked_at=again, dates=with_deadline(asked().dates, own, set_at=again))

    assert deadline_of(late(facts, "2026-10-02 09:00")) == date(2026, 10, 16)


def asked_on(day: str, deadline: date) -> CaseFacts:
    """A case asked again on *day* by a deadline of its own."""
    at = london_at(f"{day} 09:00")
    own = extended_deadline(RULES, deadline, "a deadline of its own")
    return replace(asked(), asked_at=at, dates=with_deadline(asked().dates, own, set_at=at))


def test_a_day_s_notice_is_given_again_as_a_day() -> None:
    plan = late(asked_on("2026-10-14", date(2026, 10, 15)), "2026-10-15 09:00")

    assert plan is not None
    assert plan.facts.dates.deadline == Dated(
        london_at("2026-10-16 17:00"),
        date(2026, 10, 16),
        "1 working day after the request was delivered on Thursday 15 October 2026 is Friday 16 October 2026; "
        "5pm London time",
        "fair_notice",
    )


def test_a_request_that_gave_no_notice_gets_none_from_a_late_delivery() -> None:
    assert late(asked_on("2026-10-15", date(2026, 10, 15)), "2026-10-16 09:00") is None


def test_a_request_whose_leaving_was_not_recorded_counts_from_its_day() -> None:
    assert deadline_of(late(replace(asked(), asked_at=None), "2026-09-30 09:00")) == date(2026, 10, 21)


def test_an_escalation_on_its_way_is_withdrawn_and_the_case_looked_at_for_its_new_day() -> None:
    warned = Escalation(1, EscalationState.PENDING, date(2026, 10, 20), london_at("2026-10-20 17:00"))
    facts = replace(by_then("2026-10-20 17:00"), escalation=warned)
    now = london_at("2026-11-02 12:00")

    plan = late(facts, "2026-11-02 12:00")

    assert plan is not None
    assert plan.facts.escalation == replace(warned, state=EscalationState.WITHDRAWN)
    assert plan.entries[0] == Entry(
        now, "WITHDRAW", "escalation", "PENDING", "WITHDRAWN", cause="the request was delivered late"
    )
    assert [(entry.at, entry.event) for entry in plan.entries] == [(now, "WITHDRAW"), (now, "DATES_CHANGED")]
    assert {"reminder", "target_missed", "escalation_warning"} <= plan.stops
    assert plan.next_due_at == london_at("2026-10-29 09:00")  # the reply that is chased, missed so far


def test_what_is_no_longer_awaited_gets_no_new_date() -> None:
    for state in CaseState:
        if state != CaseState.REQUESTED:
            assert late(replace(asked(), state=state), "2026-11-02 12:00") is None


def test_the_definition_says_how_long_fair_notice_is() -> None:
    plan = after_late_delivery(policy(fair_notice_working_days=5), asked(), delivered_at=london_at("2026-10-19 12:00"))

    assert deadline_of(plan) == date(2026, 10, 26)


@given(hours=st.integers(0, 24 * 200))
def test_a_deadline_never_moves_earlier_and_always_leaves_its_notice(hours: int) -> None:
    facts, delivered_at = asked(), ASKED + timedelta(hours=hours)
    deadline = facts.dates.deadline
    assert deadline is not None

    new = deadline_of(after_late_delivery(RULES, facts, delivered_at=delivered_at)) or deadline.on

    assert new >= deadline.on
    assert RULES.days.between(london.day_of(delivered_at), new) >= 15
