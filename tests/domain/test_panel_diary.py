"""When the panel's members are told of their day: once with the pack, then only of what has changed."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from s11flow.domain.agenda import agenda
from s11flow.domain.model import NOT_HELD, PanelDayFacts, PanelDayState
from s11flow.domain.step import MEMBERS_LETTERS, settle
from tests.domain.factories import OPENED, RULES, london_at

TUESDAY = date(2026, 11, 10)
PACKED = london_at("2026-10-27 09:00")
DAY = PanelDayFacts(
    "GSCP-2026-P1", "GSCP", "2026", TUESDAY, PanelDayState.SITTING, 6, OPENED, uid="u@partnership.example", order="one"
)
TOLD = replace(DAY, told="one", told_at=PACKED, done=frozenset({"panel_pack@2026-11-10"}))


@pytest.mark.parametrize(
    ("changes", "owed"),
    [
        ({}, []),
        ({"order": "two"}, [("panel_pack@2026-11-10r1", "2026-10-28 09:00")]),
        ({"order": "two", "revision": 4}, [("panel_pack@2026-11-10r5", "2026-10-28 09:00")]),
        ({"order": "two", "told_at": london_at("2026-10-30 16:00")}, [("panel_pack@2026-11-10r1", "2026-11-02 09:00")]),
        ({"order": "", "sessions": 0}, [("panel_day_cancelled@2026-11-10r1", "2026-10-27 09:00")]),
        ({"state": PanelDayState.STOOD_DOWN}, [("panel_day_cancelled@2026-11-10r1", "2026-10-27 09:00")]),
        ({"state": PanelDayState.STOOD_DOWN, "told": NOT_HELD}, []),
        ({"told": NOT_HELD, "revision": 1}, [("panel_pack@2026-11-10r2", "2026-10-28 09:00")]),
    ],
)
def test_members_who_have_the_pack_are_owed_what_has_changed_since(
    changes: dict[str, Any], owed: list[tuple[str, str]]
) -> None:
    found = [(action.due_key, action.due_at) for action in agenda(RULES, replace(TOLD, **changes))]

    assert found == [(key, london_at(at)) for key, at in owed]


def test_the_first_pack_puts_the_day_into_the_diaries_as_it_is() -> None:
    plan = settle(RULES, DAY, PACKED)

    assert plan.facts == TOLD
    assert ([letter.due_key for letter in plan.letters], plan.stops) == (["panel_pack@2026-11-10"], frozenset())


def test_a_later_letter_raises_the_sequence_and_stops_the_one_that_waits() -> None:
    now = london_at("2026-10-28 09:00")

    plan = settle(RULES, replace(TOLD, order="two"), now)

    after = plan.facts
    assert (after.told, after.revision, after.told_at, plan.stops) == ("two", 1, now, MEMBERS_LETTERS)
    assert [letter.facts for letter in plan.letters] == [after]


def test_once_the_day_is_over_nobody_is_told_of_it() -> None:
    plan = settle(RULES, replace(TOLD, state=PanelDayState.STOOD_DOWN), london_at("2026-11-11 09:00"))

    assert (plan.letters, plan.expired, plan.facts.told) == ((), 1, "one")
    assert settle(RULES, plan.facts, london_at("2026-11-12 09:00")).entries == ()
