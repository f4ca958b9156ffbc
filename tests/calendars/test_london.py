"""London wall-clock time, to and from instants and in words."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendars import london

FIVE_PM = datetime(2026, 10, 20, 16, tzinfo=UTC)  # 5pm in London, on summer time


@pytest.mark.parametrize(
    ("day", "at", "expected"),
    [
        (date(2026, 10, 20), time(17), FIVE_PM),
        (date(2026, 10, 24), time(9, 30), datetime(2026, 10, 24, 8, 30, tzinfo=UTC)),
        (date(2026, 10, 26), time(9, 30), datetime(2026, 10, 26, 9, 30, tzinfo=UTC)),
        # Shown twice: the first, in BST, whatever fold the caller left on it.
        (date(2026, 10, 25), time(1, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (date(2026, 10, 25), time(1, 30, fold=1), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        # Skipped: an hour later, 02:30 BST.
        (date(2027, 3, 28), time(1, 30), datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),
        (date(2027, 3, 28), time(9), datetime(2027, 3, 28, 8, tzinfo=UTC)),
    ],
)
def test_a_london_time_is_one_instant(day: date, at: time, expected: datetime) -> None:
    found = london.instant(day, at)

    assert (found, found.tzinfo) == (expected, UTC)


@given(st.dates(date(2021, 1, 1), date(2040, 12, 31)), st.times())
def test_a_time_that_clocks_show_comes_back_as_it_was(day: date, at: time) -> None:
    there = london.local(london.instant(day, at))
    skipped = day.month == 3 and day.weekday() == 6 and day.day > 24 and at.hour == 1

    assert there.replace(tzinfo=None, fold=0) == datetime.combine(day, at) + timedelta(hours=1 if skipped else 0)


@pytest.mark.parametrize(
    ("instant", "day", "iso", "words"),
    [
        (FIVE_PM, date(2026, 10, 20), "2026-10-20T17:00:00+01:00", "Tuesday 20 October 2026, 5pm"),
        (
            datetime(2026, 7, 5, 23, 30, tzinfo=UTC),  # already Monday in London
            date(2026, 7, 6),
            "2026-07-06T00:30:00+01:00",
            "Monday 6 July 2026, 12:30am",
        ),
        (
            datetime(2027, 1, 8, 12, tzinfo=timezone(timedelta(hours=-5))),
            date(2027, 1, 8),
            "2027-01-08T17:00:00+00:00",
            "Friday 8 January 2027, 5pm",
        ),
    ],
)
def test_an_instant_is_told_as_london_tells_it(instant: datetime, day: date, iso: str, words: str) -> None:
    assert (london.day_of(instant), london.iso(instant), london.spell(instant)) == (day, iso, words)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (time(0), "midnight"),
        (time(0, 5), "12:05am"),
        (time(9), "9am"),
        (time(9, 30), "9:30am"),
        (time(11, 59, 59), "11:59am"),
        (time(12), "midday"),
        (time(12, 30), "12:30pm"),
        (time(17), "5pm"),
        (time(23, 59), "11:59pm"),
    ],
)
def test_times_are_spelt_as_letters_write_them(at: time, words: str) -> None:
    assert london.spell_time(at) == words


@pytest.mark.parametrize("tell", [london.local, london.day_of, london.iso, london.spell])
def test_an_instant_without_a_zone_is_refused(tell: Callable[[datetime], object]) -> None:
    with pytest.raises(ValueError, match="Cannot place") as caught:
        tell(FIVE_PM.replace(tzinfo=None))

    assert str(caught.value) == (
        "Cannot place 2026-10-20T16:00:00 in time: it has no time zone; give an aware datetime."
    )


def test_a_wall_clock_time_with_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="it already has a zone; give a plain time"):
        london.instant(date(2026, 10, 20), time(17, tzinfo=UTC))
