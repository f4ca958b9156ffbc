"""Panel days cut into sessions, and agencies pencilled in: back to back, even, and never twice in one place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendars import london
from s11flow.domain.acts import Slot
from s11flow.domain.definition import Break, PanelRules
from s11flow.domain.panels import (
    Engagement,
    Pencilled,
    Wanted,
    clash,
    hindrance,
    is_in_person,
    pencil,
    slot_at,
    slots_of_day,
)
from tests.domain.factories import DEFINITION, NEXT_TUESDAY, THURSDAY, TUESDAY, london_at

PANEL = DEFINITION.panel
SHORT = PanelRules(time(9), time(12), "Room 1", breaks=(Break(time(10), time(10, 30)),))  # 2 sessions, then 3
PANEL_DAYS = (TUESDAY, THURSDAY, NEXT_TUESDAY)


def alone(*refs: str) -> list[Wanted]:
    return [Wanted(ref, ref) for ref in refs]


def together(*refs: str) -> list[Wanted]:
    return [Wanted(ref, "one-contact@agency.example") for ref in refs]


def shown(plan: Pencilled) -> dict[str, str]:
    return {ref: f"{slot.on.day} {london.local(slot.starts_at):%H:%M}" for ref, slot in plan.slots.items()}


def starts(slots: Sequence[Slot]) -> list[str]:
    return [f"{london.local(slot.starts_at):%H:%M}" for slot in slots]


# --- a day ------------------------------------------------------------------------------------------------------------


def test_gloucestershire_sees_thirteen_agencies_a_day() -> None:
    assert starts(slots_of_day(PANEL, TUESDAY)) == [
        *("09:00", "09:30", "10:00", "10:30"),
        *("11:15", "11:45", "12:15"),
        *("13:30", "14:00", "14:30", "15:00"),
        *("15:45", "16:15"),
    ]


def test_a_session_a_break_would_cut_into_begins_after_it() -> None:
    panel = replace(SHORT, breaks=(Break(time(9, 45), time(10, 5)),))

    assert starts(slots_of_day(panel, TUESDAY)) == ["09:00", "10:05", "10:35", "11:05"]


def test_a_slot_says_when_where_and_on_which_day() -> None:
    assert slot_at(SHORT, london_at("2026-11-10 09:30")) == Slot(
        london_at("2026-11-10 09:30"), london_at("2026-11-10 10:00"), "Room 1", TUESDAY
    )


def test_a_day_too_short_for_a_session_has_none() -> None:
    assert slots_of_day(replace(SHORT, ends=time(9, 29)), TUESDAY) == ()


# --- who sits when ----------------------------------------------------------------------------------------------------


def test_agencies_are_spread_over_the_days_each_filled_from_the_morning() -> None:
    plan = pencil(SHORT, PANEL_DAYS, (), alone("a", "b", "c", "d", "e"))

    assert shown(plan) == {"a": "10 09:00", "b": "10 09:30", "c": "12 09:00", "d": "12 09:30", "e": "17 09:00"}
    assert plan.left == ()


def test_one_contact_s_agencies_sit_back_to_back() -> None:
    plan = pencil(SHORT, [TUESDAY], (), [*together("a"), *alone("b"), *together("c", "d")])

    assert shown(plan) == {"a": "10 10:30", "b": "10 09:00", "c": "10 11:00", "d": "10 11:30"}


def test_a_run_goes_over_a_break_only_on_a_day_without_an_unbroken_one() -> None:
    taken = [london_at("2026-11-10 11:30")]

    plan = pencil(SHORT, [TUESDAY], taken, together("a", "b", "c"))

    assert shown(plan) == {"a": "10 09:00", "b": "10 09:30", "c": "10 10:30"}


def test_a_group_too_large_for_a_day_is_split() -> None:
    plan = pencil(SHORT, [TUESDAY, THURSDAY], (), together("a", "b", "c", "d", "e", "f", "g"))

    assert [at.split(" ")[0] for at in shown(plan).values()] == ["10"] * 5 + ["12"] * 2
    assert plan.left == ()


def test_who_finds_no_room_is_named() -> None:
    plan = pencil(SHORT, [TUESDAY], (), [*alone("a", "b"), *together("c", "d"), *alone("e", "f")])

    assert (len(plan.slots), plan.left) == (5, ("f",))


def test_without_a_panel_day_nobody_has_room() -> None:
    assert pencil(SHORT, [], (), alone("a", "b")) == Pencilled({}, ("a", "b"))


def test_who_finds_no_room_is_named_in_the_order_they_were_asked_for() -> None:
    taken = [slot.starts_at for slot in slots_of_day(SHORT, TUESDAY)]

    assert pencil(SHORT, [TUESDAY], taken, alone("c", "a", "b")).left == ("c", "a", "b")


def test_a_session_typed_off_the_grid_blocks_both_slots_it_touches() -> None:
    plan = pencil(SHORT, [TUESDAY], [london_at("2026-11-10 09:15")], alone("a"))

    assert shown(plan) == {"a": "10 10:30"}


GROUPS = st.lists(st.sampled_from(["x", "y", "z", ""]), max_size=24).map(
    lambda names: [Wanted(f"{n:02}", name or f"{n:02}") for n, name in enumerate(names)]
)
DAYS = st.sampled_from([PANEL_DAYS, PANEL_DAYS[:2], PANEL_DAYS[:1]])
TAKEN = st.sets(st.sampled_from([slot.starts_at for day in PANEL_DAYS for slot in slots_of_day(SHORT, day)]))


@given(wanted=GROUPS, days=DAYS, taken=TAKEN)
def test_everybody_is_seated_once_or_left_and_nobody_sits_on_anybody(
    wanted: list[Wanted], days: Sequence[date], taken: set[datetime]
) -> None:
    plan = pencil(SHORT, days, taken, wanted)
    room = {slot.starts_at for day in days for slot in slots_of_day(SHORT, day)} - taken
    used = [slot.starts_at for slot in plan.slots.values()]

    assert sorted([*plan.slots, *plan.left]) == [each.ref for each in wanted]
    assert set(used) <= room
    assert len(set(used)) == len(used)
    assert not plan.left or len(used) == len(room), "somebody was left though there was room"
    assert plan == pencil(SHORT, days, taken, wanted)


@given(wanted=GROUPS)
def test_a_group_that_fits_a_day_is_kept_together_where_the_days_are_long(wanted: list[Wanted]) -> None:
    plan = pencil(PANEL, PANEL_DAYS, (), wanted)
    order = [slot for day in PANEL_DAYS for slot in slots_of_day(PANEL, day)]
    for name, size in Counter(each.together for each in wanted).items():
        given_slots = [plan.slots[each.ref] for each in wanted if each.together == name]
        if size <= 4 and len(wanted) <= 12:
            assert all(b.starts_at == a.ends_at for a, b in pairwise(given_slots)), "an unbroken run was there"
        assert sorted(given_slots, key=order.index) == given_slots


@given(number=st.integers(0, 39), days=DAYS)
def test_single_agencies_are_spread_evenly(number: int, days: Sequence[date]) -> None:
    plan = pencil(PANEL, days, (), alone(*(f"{n:02}" for n in range(number))))
    used = Counter(slot.on for slot in plan.slots.values())

    assert all(count <= -(-number // len(days)) for count in used.values())
    assert len(plan.left) == max(0, number - 13 * len(days))


# --- a time typed by hand ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "sentence"),
    [
        (
            "2026-11-10 08:45",
            (
                "Tuesday 10 November 2026, 8:45am lies outside the panel's day, 9am to midday with 30 minutes for "
                "each agency; free that day: 9am, 10:30am, 11:30am."
            ),
        ),
        (
            "2026-11-10 11:45",
            (
                "Tuesday 10 November 2026, 11:45am lies outside the panel's day, 9am to midday with 30 minutes for "
                "each agency; free that day: 9am, 10:30am, 11:30am."
            ),
        ),
        (
            "2026-11-10 09:45",
            (
                "Tuesday 10 November 2026, 9:45am runs into the break from 10am to 10:30am; "
                "free that day: 9am, 10:30am, 11:30am."
            ),
        ),
        (
            "2026-11-10 11:15",
            (
                "Tuesday 10 November 2026, 11:15am overlaps another agency's session at 11am; "
                "free that day: 9am, 10:30am, 11:30am."
            ),
        ),
    ],
)
def test_a_time_that_cannot_be_used_is_refused_with_the_nearest_that_can(at: str, sentence: str) -> None:
    taken = [london_at("2026-11-10 09:30"), london_at("2026-11-10 11:00")]

    assert clash(SHORT, london_at(at), taken) == sentence


@pytest.mark.parametrize(
    "at",
    [
        "2026-11-10 09:00",  # as the day begins
        "2026-11-10 11:30",  # to the end of the day
        "2026-11-10 09:30",  # to the minute of the break
        "2026-11-10 10:30",  # from the minute it ends, and to the minute of another agency's session
    ],
)
def test_a_session_may_touch_what_it_may_not_overlap(at: str) -> None:
    assert clash(SHORT, london_at(at), [london_at("2026-11-10 11:00")]) is None


def test_a_full_day_says_so() -> None:
    taken = [slot.starts_at for slot in slots_of_day(SHORT, TUESDAY)]

    assert clash(SHORT, taken[0], taken) == (
        "Tuesday 10 November 2026, 9am overlaps another agency's session at 9am; nothing is free that day; use another."
    )


@given(minute=st.integers(0, 23 * 60 + 30), taken=TAKEN)
def test_what_is_not_refused_really_is_free(minute: int, taken: set[datetime]) -> None:
    at = london.instant(TUESDAY, time(*divmod(minute, 60)))
    ends = at + timedelta(minutes=30)
    within = london_at("2026-11-10 09:00") <= at and ends <= london_at("2026-11-10 12:00")
    paused = at < london_at("2026-11-10 10:30") and london_at("2026-11-10 10:00") < ends
    met = any(at < other + timedelta(minutes=30) and other < ends for other in taken)

    assert (clash(SHORT, at, taken) is None) == (within and not paused and not met)


@given(day=st.dates(date(2021, 9, 1), date(2031, 12, 31)))
def test_the_sessions_of_a_day_are_back_to_back_but_for_the_breaks(day: date) -> None:
    slots = slots_of_day(PANEL, day)
    gaps = [(a.ends_at, b.starts_at) for a, b in pairwise(slots) if a.ends_at != b.starts_at]
    pauses = [(london.instant(day, x.starts), london.instant(day, x.ends)) for x in PANEL.breaks]

    assert gaps == pauses
    assert all(slot.on == day and clash(PANEL, slot.starts_at, ()) is None for slot in slots)


# --- nobody in two places (case 21) -----------------------------------------------------------------------------------

OWN = Engagement(
    "", "GSCP/05A", london_at("2026-11-10 09:00"), london_at("2026-11-10 09:30"), "Room 1", frozenset("ab")
)
TOO = "leaves b, who is wanted at the session of NEXT-2026-11 at 11am too,"
OTHER = replace(
    OWN, ref="NEXT-2026-11", agency="NEXT/11", people=frozenset("bc"), place="Room 2",
    starts_at=london_at("2026-11-10 11:00"), ends_at=london_at("2026-11-10 11:30"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("other", "at", "why"),
    [
        (OTHER, "10:30", f"{TOO} 0 minutes to go between Room 2 and Room 1; 15 are needed"),
        (OTHER, "10:16", f"{TOO} 14 minutes to go between Room 2 and Room 1; 15 are needed"),
        (OTHER, "10:15", None),
        (OTHER, "11:45", None),
        (OTHER, "11:15", "overlaps the session of NEXT-2026-11 at 11am, and b is wanted at both"),
        (replace(OTHER, place="room 1 "), "11:30", None),
        (replace(OTHER, place="By video"), "11:30", None),
        (replace(OTHER, place="By video"), "11:00",
         "overlaps the session of NEXT-2026-11 at 11am, and b is wanted at both"),
        (replace(OTHER, people=frozenset("c")), "11:00", None),
        (replace(OTHER, people=frozenset("c")), "11:30", None),
        (replace(OTHER, people=frozenset("c"), place="Room 1"), "11:00",
         "overlaps the session of NEXT-2026-11 at 11am, which is in the same room"),
        (replace(OTHER, people=frozenset("c"), agency="GSCP/05A"), "11:00",
         "overlaps the session of NEXT-2026-11 at 11am, which is the same agency's"),
    ],
)  # fmt: skip
def test_nobody_is_wanted_in_two_places_and_who_travels_has_the_time(
    other: Engagement, at: str, why: str | None
) -> None:
    assert hindrance(SHORT, OWN, [other])(london_at(f"2026-11-10 {at}")) == why


def test_what_else_is_in_the_way_is_refused_with_times_at_which_it_is_not() -> None:
    hindered = hindrance(SHORT, OWN, [OTHER])

    assert clash(SHORT, london_at("2026-11-10 11:00"), (), hindered) == (
        "Tuesday 10 November 2026, 11am overlaps the session of NEXT-2026-11 at 11am, and b is wanted at both; "
        "free that day: 9am, 9:30am."
    )


def test_a_group_is_not_seated_where_one_of_it_is_wanted_elsewhere() -> None:
    hindered = hindrance(SHORT, OWN, [replace(OTHER, starts_at=london_at("2026-11-10 09:30"),
                                              ends_at=london_at("2026-11-10 10:00"), place="Room 1")])  # fmt: skip
    wanted = [Wanted("A", "x"), Wanted("B", "x", hindered)]

    assert shown(pencil(SHORT, [TUESDAY], (), wanted)) == {"A": "10 10:30", "B": "10 11:00"}


@pytest.mark.parametrize(
    ("place", "in_person"),
    [
        ("The panel room", True),
        ("The panel room, or by video link", False),
        ("Online", False),
        ("https://meet.example/panel", False),
    ],
)
def test_who_may_join_from_afar_need_not_travel(place: str, in_person: bool) -> None:
    assert is_in_person(place) is in_person
