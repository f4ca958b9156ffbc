"""Working days: which they are, and counting in them."""

import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendars.working_days import LONGEST_SEARCH, WorkingDays

CHRISTMAS_2026 = WorkingDays(
    {
        date(2026, 12, 25): "Christmas Day bank holiday",
        date(2026, 12, 28): "Boxing Day bank holiday (substitute day)",
        date(2026, 12, 29): "office closed",
        date(2027, 1, 1): "New Year's Day bank holiday",
    }
)

days = st.dates(date(2021, 1, 1), date(2040, 12, 31))
counts = st.integers(-60, 60)


@st.composite
def calendars(draw: st.DrawFn) -> WorkingDays:
    start = draw(days)
    offsets = draw(st.sets(st.integers(-40, 40), max_size=30))
    return WorkingDays({start + timedelta(days=offset): "office closed" for offset in offsets})


@st.composite
def calendars_and_days(draw: st.DrawFn) -> tuple[WorkingDays, date]:
    calendar = draw(calendars())
    near = st.sampled_from(sorted(calendar.days_off)) if calendar.days_off else days
    return calendar, draw(near | days)


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2026, 12, 24), None),
        (date(2026, 12, 25), "the Christmas Day bank holiday"),
        (date(2026, 12, 26), "a Saturday"),
        (date(2026, 12, 27), "a Sunday"),
        (date(2026, 12, 28), "the Boxing Day bank holiday (substitute day)"),
        (date(2026, 12, 29), "a day off: office closed"),
        (date(2026, 12, 30), None),
    ],
)
def test_a_day_that_is_no_working_day_says_why(day: date, why: str | None) -> None:
    assert (CHRISTMAS_2026.why_not(day), CHRISTMAS_2026.is_working_day(day)) == (why, why is None)


def test_a_weekend_that_is_also_a_day_off_is_called_a_weekend() -> None:
    assert WorkingDays({date(2026, 12, 26): "Boxing Day"}).why_not(date(2026, 12, 26)) == "a Saturday"


@pytest.mark.parametrize(
    ("day", "back", "forward", "around"),
    [
        (date(2026, 12, 24), date(2026, 12, 24), date(2026, 12, 24), (date(2026, 12, 23), date(2026, 12, 30))),
        (date(2026, 12, 27), date(2026, 12, 24), date(2026, 12, 30), (date(2026, 12, 24), date(2026, 12, 30))),
        (date(2027, 1, 1), date(2026, 12, 31), date(2027, 1, 4), (date(2026, 12, 31), date(2027, 1, 4))),
    ],
)
def test_a_day_rolls_over_whatever_is_off(day: date, back: date, forward: date, around: tuple[date, date]) -> None:
    rolled = CHRISTMAS_2026.roll_back(day), CHRISTMAS_2026.roll_forward(day), CHRISTMAS_2026.nearest(day)

    assert rolled == (back, forward, around)


@pytest.mark.parametrize(
    ("day", "n", "expected"),
    [
        (date(2026, 12, 24), 1, date(2026, 12, 30)),
        (date(2026, 12, 26), 1, date(2026, 12, 30)),
        (date(2026, 12, 24), 3, date(2027, 1, 4)),
        (date(2027, 1, 4), -3, date(2026, 12, 24)),
        (date(2026, 12, 26), -1, date(2026, 12, 24)),
        (date(2026, 12, 24), 0, date(2026, 12, 24)),
        (date(2026, 12, 28), 0, date(2026, 12, 24)),
    ],
)
def test_working_days_are_counted_from_the_day_after(day: date, n: int, expected: date) -> None:
    assert CHRISTMAS_2026.add(day, n) == expected


@given(calendars_and_days())
def test_rolling_ends_on_a_working_day_and_skips_none(given_: tuple[WorkingDays, date]) -> None:
    calendar, day = given_
    back, forward = calendar.roll_back(day), calendar.roll_forward(day)

    assert back <= day <= forward
    assert calendar.is_working_day(back)
    assert calendar.is_working_day(forward)
    assert (back == forward == day) == calendar.is_working_day(day)
    assert calendar.between(back, forward) == (0 if calendar.is_working_day(day) else 1)


@given(calendars_and_days())
def test_the_nearest_working_days_leave_only_the_day_itself_between_them(given_: tuple[WorkingDays, date]) -> None:
    calendar, day = given_
    before, after = calendar.nearest(day)

    assert before < day < after
    assert calendar.between(before, after - timedelta(days=1)) == int(calendar.is_working_day(day))


@given(calendars_and_days(), st.integers(1, 60))
def test_adding_and_counting_agree(given_: tuple[WorkingDays, date], n: int) -> None:
    calendar, day = given_
    after, before = calendar.add(day, n), calendar.add(day, -n)

    assert calendar.is_working_day(after)
    assert calendar.is_working_day(before)
    assert calendar.between(day, after) == n
    assert calendar.between(before - timedelta(days=1), day - timedelta(days=1)) == n


@given(calendars_and_days(), counts)
def test_from_a_working_day_there_and_back_is_home_again(given_: tuple[WorkingDays, date], n: int) -> None:
    calendar, day = given_
    home = calendar.roll_back(day)

    assert calendar.add(calendar.add(home, n), -n) == home


@given(calendars(), days, days)
def test_counting_is_going_through_the_days_one_by_one(calendar: WorkingDays, a: date, b: date) -> None:
    b = min(b, a + timedelta(days=200))
    one_by_one = sum(calendar.is_working_day(a + timedelta(days=i)) for i in range(1, (b - a).days + 1))

    assert calendar.between(a, b) == one_by_one


@given(calendars())
def test_calendars_with_the_same_days_off_are_one_key(calendar: WorkingDays) -> None:
    turned = WorkingDays(dict(reversed(list(calendar.days_off.items()))))
    carried = pickle.loads(pickle.dumps(calendar))

    assert {calendar, turned, carried} == {calendar}
    assert calendar != WorkingDays({**calendar.days_off, date(2050, 1, 3): "office closed"})


def test_what_the_caller_does_to_its_mapping_later_changes_nothing() -> None:
    closures = {date(2026, 12, 24): "office closed"}
    calendar = WorkingDays(closures)
    closures.clear()

    assert calendar == WorkingDays({date(2026, 12, 24): "office closed"})


ALWAYS_OFF = WorkingDays({date(2026, 1, 1) + timedelta(days=i): "office closed" for i in range(2 * LONGEST_SEARCH)})


@pytest.mark.parametrize(
    ("look", "refusal"),
    [
        (
            lambda: ALWAYS_OFF.roll_forward(date(2026, 1, 1)),
            "Cannot find a working day after 2026-01-01: 3660 days in a row are off; shorten the closures.",
        ),
        (
            lambda: ALWAYS_OFF.add(date(2046, 1, 1), -1),
            "Cannot find a working day before 2045-12-31: 3660 days in a row are off; shorten the closures.",
        ),
        (
            lambda: WorkingDays().add(date.max, 1),
            "Cannot count working days past 9999-12-31: the calendar ends there; use a nearer date.",
        ),
    ],
)
def test_looking_for_a_working_day_does_not_go_on_for_ever(look: Callable[[], date], refusal: str) -> None:
    with pytest.raises(ValueError, match="Cannot") as caught:
        look()

    assert str(caught.value) == refusal


def test_an_instant_is_not_taken_for_a_day() -> None:
    with pytest.raises(TypeError, match="it is an instant; give its date"):
        CHRISTMAS_2026.is_working_day(datetime(2026, 12, 25, tzinfo=UTC))
