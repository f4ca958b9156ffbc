"""Bank holidays of England and Wales."""

from datetime import date, timedelta

import pytest

from calendars.bank_holidays import england_and_wales


def test_a_year_is_as_published() -> None:
    assert list(england_and_wales([2026]).items()) == [
        (date(2026, 1, 1), "New Year's Day bank holiday"),
        (date(2026, 4, 3), "Good Friday bank holiday"),
        (date(2026, 4, 6), "Easter Monday bank holiday"),
        (date(2026, 5, 4), "Early May bank holiday"),
        (date(2026, 5, 25), "Spring bank holiday"),
        (date(2026, 8, 31), "Summer bank holiday"),
        (date(2026, 12, 25), "Christmas Day bank holiday"),
        (date(2026, 12, 28), "Boxing Day bank holiday (substitute day)"),
    ]


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2020, 5, 8), "Early May bank holiday"),  # moved to the 75th anniversary of VE Day
        (date(2022, 6, 2), "Spring bank holiday"),  # moved beside the jubilee
        (date(2022, 6, 3), "Platinum Jubilee of Elizabeth II bank holiday"),
        (date(2022, 9, 19), "State Funeral of Queen Elizabeth II bank holiday"),
        (date(2023, 5, 8), "Coronation of Charles III bank holiday"),
        (date(2021, 12, 27), "Christmas Day bank holiday (substitute day)"),
        (date(2021, 12, 28), "Boxing Day bank holiday (substitute day)"),
        (date(2027, 12, 27), "Christmas Day bank holiday (substitute day)"),
        (date(2028, 1, 3), "New Year's Day bank holiday (substitute day)"),
    ],
)
def test_special_years_are_known(day: date, name: str) -> None:
    assert england_and_wales([day.year])[day] == name


@pytest.mark.parametrize("moved_away", [date(2020, 5, 4), date(2022, 5, 30)])
def test_a_bank_holiday_that_was_moved_is_not_kept_twice(moved_away: date) -> None:
    assert moved_away not in england_and_wales([moved_away.year])


@pytest.mark.parametrize("not_ours", [date(2026, 1, 2), date(2026, 3, 17), date(2026, 7, 13), date(2026, 11, 30)])
def test_those_of_scotland_and_northern_ireland_are_working_days_here(not_ours: date) -> None:
    assert not_ours not in england_and_wales([2026])


@pytest.mark.parametrize("year", range(2021, 2041))
def test_every_year_has_at_least_eight_and_none_at_a_weekend(year: int) -> None:
    found = list(england_and_wales([year]))

    assert len(found) >= 8
    assert all(day.year == year and day.weekday() < 5 for day in found)


@pytest.mark.parametrize("year", range(2021, 2041))
def test_every_year_holds_the_days_that_the_law_fixes(year: int) -> None:
    found = england_and_wales([year])
    fixed = [date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)]
    # Whatever falls at a weekend is given back on the next weekday that is not one already.
    substitutes = [day + timedelta(days=i) for day in fixed for i in range(1, 4) if day.weekday() > 4]

    assert [day for day in fixed if day.weekday() < 5 and day not in found] == []
    assert sum(day in found for day in substitutes) >= sum(day.weekday() > 4 for day in fixed)


def test_years_come_in_order_however_they_are_asked_for() -> None:
    together = england_and_wales([2027, 2026, 2027])

    assert list(together.items()) == [*england_and_wales([2026]).items(), *england_and_wales([2027]).items()]


def test_no_year_has_no_bank_holiday() -> None:
    assert england_and_wales([]) == {}
