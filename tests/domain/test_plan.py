"""What is saved together: one plan after another, and a letter that is superseded before it was queued."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from s11flow.domain.model import (
    CycleFacts,
    CycleState,
    Entry,
    Facts,
    Letter,
    PanelDayFacts,
    PanelDayState,
    PartnershipFacts,
    Plan,
    dedupe_key,
)
from tests.domain.factories import OPENED, TUESDAY, case_facts, dates, london_at

BEFORE, AFTER = case_facts(), case_facts(waived=True)
LATER = london_at("2026-10-22 09:00")


def letter(kind: str, key: str = "") -> Letter:
    return Letter(kind, key or f"{kind}@h0", OPENED, "a reason", BEFORE)


def due(*keys: str) -> Entry:
    """The line of letters that were due."""
    return Entry(OPENED, "LETTER_DUE", "letter", data={"kind": "x", "outcome": "owed"}, letters=keys)


def moved(*keys: str) -> Entry:
    """A line that moves a state and owes letters by the way."""
    return Entry(OPENED, "SEND", "escalation", "PENDING", "WITH_CHAIR", data={"n": 1}, letters=keys)


def without(key: str, line: Entry) -> Entry:
    """The same line when a letter of its lost its reason before it was queued."""
    return replace(line, data={**line.data, "superseded": [key]})


def test_one_plan_after_another_is_both_and_ends_where_the_second_does() -> None:
    first = Plan(
        BEFORE, (due("a@1"),), (letter("a", "a@1"),), frozenset({"x"}), superseded=1, expired=2, next_due_at=OPENED
    )
    second = Plan(
        AFTER, (due("b@1"),), (letter("b", "b@1"),), frozenset({"y"}), superseded=10, expired=20, next_due_at=LATER
    )

    assert first.then(second) == Plan(
        AFTER,
        (due("a@1"), due("b@1")),
        (letter("a", "a@1"), letter("b", "b@1")),
        frozenset({"x", "y"}),
        superseded=11,
        expired=22,
        next_due_at=LATER,
    )


def test_a_letter_that_is_stopped_before_it_was_queued_is_superseded_and_its_line_says_so() -> None:
    first = Plan(BEFORE, (due("reminder@1"), due("receipt@1")), (letter("reminder", "reminder@1"), letter("receipt")))
    second = Plan(AFTER, stops=frozenset({"reminder"}), superseded=5)

    plan = first.then(second)

    assert plan.letters == (letter("receipt"),)
    assert plan.superseded == 6
    assert plan.stops == frozenset({"reminder"})
    assert plan.entries == (
        replace(due(), data={"kind": "x", "outcome": "superseded"}),
        due("receipt@1"),
    )


@pytest.mark.parametrize(
    ("taken_back", "takes_back"),
    [
        ("escalation", "escalation_resolved"),
        ("escalation", "escalation_stood_down"),
        ("panel_invitation", "panel_invitation_cancelled"),
    ],
)
def test_what_never_left_is_not_taken_back(taken_back: str, takes_back: str) -> None:
    first = Plan(BEFORE, (moved("first@1"),), (letter(taken_back, "first@1"),))
    second = Plan(
        AFTER, (moved("back@1", "receipt@1"),), (letter(takes_back, "back@1"), letter("receipt", "receipt@1")),
        frozenset({taken_back}), superseded=3,
    )  # fmt: skip

    assert first.then(second) == Plan(
        AFTER,
        (without("first@1", moved()), without("back@1", moved("receipt@1"))),
        (letter("receipt", "receipt@1"),),
        frozenset({taken_back}),
        superseded=4,
    )


def test_what_left_before_is_taken_back() -> None:
    second = Plan(AFTER, (), (letter("escalation_resolved"),), frozenset({"escalation"}))

    assert Plan(BEFORE).then(second) == second


def test_a_letter_that_is_superseded_is_left_out_and_every_other_stays() -> None:
    plan = Plan(BEFORE, (moved("a@1", "b@1"), due("a@1"), due("c@1")), tuple(letter(x, f"{x}@1") for x in "abc"))

    assert plan.without([letter("a", "a@1")]) == Plan(
        BEFORE,
        (without("a@1", moved("b@1")), replace(due(), data={"kind": "x", "outcome": "superseded"}), due("c@1")),
        (letter("b", "b@1"), letter("c", "c@1")),
        superseded=1,
    )
    assert plan.without([]) is plan


@pytest.mark.parametrize(
    ("facts", "subject", "expected"),
    [
        (case_facts(), None, "GSCP/2026/05A/reminder@1/contact"),
        (case_facts(), "05B", "GSCP/2026/05B/reminder@1/contact"),
        (
            PanelDayFacts("GSCP-2026-P1", "GSCP", "2026", TUESDAY, PanelDayState.SITTING, 6, OPENED),
            None,
            "GSCP/2026/panel-2026-11-10/reminder@1/contact",
        ),
        (
            CycleFacts(
                "GSCP-2026", "GSCP", "2026", CycleState.OPEN, date(2025, 4, 1), date(2026, 3, 31),
                dates().target, dates().cut_off, OPENED,
            ),
            None,
            "GSCP/2026/cycle/reminder@1/contact",
        ),
        (PartnershipFacts("GSCP", "Gloucestershire", OPENED, ("2026",)), None, "GSCP/-/partnership/reminder@1/contact"),
    ],
)  # fmt: skip
def test_a_letter_is_known_by_its_subject_its_due_key_and_its_recipient(
    facts: Facts, subject: str | None, expected: str
) -> None:
    assert dedupe_key(facts, "reminder@1", "contact", subject=subject) == expected


@pytest.mark.parametrize(("what", "left"), [("deadline", []), ("report", ["dates_changed"])])
def test_a_request_not_gone_yet_tells_the_dates_itself_and_no_letter_changes_them(what: str, left: list[str]) -> None:
    requests = (letter("report_request"), letter("covered_notice"), letter("panel_pack"))
    changes = replace(letter("dates_changed"), about={"what": what})

    plan = Plan(BEFORE, (), requests).then(Plan(AFTER, (), (changes,)))

    assert [x.kind for x in plan.letters] == ["report_request", "covered_notice", "panel_pack", *left]
    if not left:
        assert [x.facts for x in plan.letters] == [AFTER, AFTER, BEFORE]
