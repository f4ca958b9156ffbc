"""What the forecast says is what the outbox then holds, when every day is ticked and nobody does anything."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calendars import london
from db.unit_of_work import UnitOfWork
from notifications.mailer import FolderMailer
from notifications.policy import PostPolicy
from s11flow.domain.timetable import deadline_of, target_of
from s11flow.services.delivery import deliver
from s11flow.services.tick import tick
from tests.stories.conftest import NewHouse
from tests.stories.year import (
    DAY,
    ENDS,
    OPENED,
    YEAR,
    at,
    broken,
    days_at,
    end_of,
    every,
    expected,
    legal_panel_days,
    opened,
    outbox,
    rules_of,
    states,
    ticked,
)

IN_A_FOLDER = PostPolicy("demo", is_folder=True)


@pytest.mark.timeout(300)
def test_a_year_ticked_and_delivered_daily_holds_what_was_forecast(house: UnitOfWork, tmp_path: Path) -> None:
    foreseen = expected(opened(house), now=OPENED, until=ENDS)
    mailer, sent = FolderMailer(tmp_path / "outbox"), 0

    for now in every(DAY, OPENED, ENDS):
        tick(house, now=now)
        sent += deliver(house, mailer, IN_A_FOLDER, now=now).sent

    assert outbox(house) == foreseen
    assert (sent, len(list((tmp_path / "outbox").glob("*.eml")))) == (len(foreseen), len(foreseen))
    assert _ended(house) == NOBODY_DID_ANYTHING
    assert broken(house) == ()


SILENT = ["01", "02", "03", "04", "05A", "06", "07", "08", "09", "10", "11", "13", "14"]
NOBODY_DID_ANYTHING = {
    **dict.fromkeys(SILENT, "NOT_SUBMITTED"),
    **{f"{code} escalation 1": "UNRESOLVED" for code in SILENT},
    **{f"{code} session 1": "INVITED" for code in SILENT},
    **dict.fromkeys(("05B", "05C", "05D", "05E", "05F"), "COVERED"),
    "12": "PLANNED",  # it has no contact: nobody is reported for a silence nobody could break
    "15": "EXCUSED",
    "16": "EXCUSED",
}


def _ended(uow: UnitOfWork) -> dict[str, str]:
    """How each case ended, by its agency's code, with its session and its escalation."""
    ours = f"GSCP-{YEAR}-"
    return {
        ref.removeprefix(ours): state
        for ref, state in states(uow).items()
        if ref.startswith(ours) and not ref.startswith(f"{ours}P")
    }


@pytest.mark.parametrize("hour", [0, 23])  # UTC; 11pm is the next day in summer London
def test_whatever_the_hour_at_which_each_day_is_ticked(house: UnitOfWork, hour: int) -> None:
    now = datetime(2026, 6, 1, hour, tzinfo=UTC)
    foreseen = expected(opened(house, now=now), now=now, until=ENDS)

    ticked(house, days_at(hour, now.date(), london.day_of(ENDS) + DAY))

    assert outbox(house, until=ENDS) == foreseen
    assert broken(house) == ()


def _earliest(year: int) -> tuple[date, ...]:
    return legal_panel_days(year)[:1]


def _next(year: int) -> tuple[date, ...]:
    """The earliest day whose deadline is after the target."""
    rules = rules_of(year)
    target = target_of(rules, year)
    return (next(day for day in legal_panel_days(year) if deadline_of(rules, day).on > target.on),)


def _first_three(year: int) -> tuple[date, ...]:
    return legal_panel_days(year)[:3]


@pytest.mark.parametrize(
    ("year", "days", "hour"),
    [
        (2021, _earliest(2021), 7),
        (2023, _next(2023), 0),
        (2024, _first_three(2024), 12),
        (2028, _first_three(2028), 23),  # the week that holds 1 October is September's
        (2026, (date(2026, 11, 5), date(2027, 1, 18)), 7),  # 21 days before is 28 December, a bank holiday
    ],
)
def test_in_other_years_and_on_other_panel_days(
    house: UnitOfWork, year: int, days: tuple[date, ...], hour: int
) -> None:
    _holds(house, year, days, hour)


def _holds(uow: UnitOfWork, year: int, days: tuple[date, ...], hour: int) -> None:
    now, last = datetime(year, 6, 22, hour, tzinfo=UTC), end_of(year, days)
    until = london.instant(last, time(0))
    foreseen = expected(opened(uow, year=year, panel_days=days, now=now), now=now, until=until)

    ticked(uow, days_at(hour, now.date(), last + DAY))

    assert outbox(uow, until=until) == foreseen
    assert broken(uow, now=until) == ()


@pytest.mark.timeout(300)  # several years in one test
@given(data=st.data(), year=st.integers(2021, 2040), hour=st.integers(0, 23))
@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_in_any_year_on_any_legal_panel_days(new_house: NewHouse, data: st.DataObject, year: int, hour: int) -> None:
    chosen = st.lists(st.sampled_from(legal_panel_days(year)), min_size=1, max_size=3, unique=True)

    _holds(new_house(), year, tuple(sorted(data.draw(chosen, "panel days"))), hour)


@pytest.mark.parametrize("opened_on", ["2026-10-25 10:00", "2026-07-06 09:00"])
def test_a_cycle_opened_late_holds_what_was_forecast_too(house: UnitOfWork, opened_on: str) -> None:
    now = at(opened_on)
    foreseen = expected(opened(house, now=now), now=now, until=ENDS)

    ticked(house, every(DAY, now, ENDS + DAY))

    assert outbox(house, until=ENDS) == foreseen
    assert broken(house) == ()


def test_a_forecast_made_in_the_middle_of_the_year_is_what_is_sent_from_then_on(house: UnitOfWork) -> None:
    now = at("2026-10-13 12:00")
    ticked(opened(house), every(DAY, OPENED, now))
    before = outbox(house)
    foreseen = expected(house, now=now, until=ENDS)

    ticked(house, every(DAY, now, ENDS + DAY))

    assert sorted(before + foreseen) == outbox(house, until=ENDS)
