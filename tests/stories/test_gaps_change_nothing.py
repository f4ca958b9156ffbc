"""Ticked twice a day, once a week, or not at all for a month: the year ends the same, and the record says the same."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest

from calendars import london
from db.unit_of_work import UnitOfWork
from tests.stories.conftest import NewHouse
from tests.stories.year import (
    DAY,
    ENDS,
    OPENED,
    at,
    broken,
    events,
    every,
    letters,
    opened,
    states,
    ticked,
)

NEVER_LOST = (
    "report_request",
    "covered_notice",
    "contact_wanted",
    "panel_invitation",
    "escalation_warning",
    "non_submission",
    "escalation",
)
"""What is sent once, however late the clock comes back; reminders and digests only matter on their day."""


LAST = list(every(DAY, OPENED, ENDS))[-1]


def _but(first: str, last: str, step: timedelta = DAY) -> list[datetime]:
    """Each day of the year but those from *first* to before *last*."""
    skip, until = at(first), at(last)
    return [now for now in every(step, OPENED, ENDS) if not skip <= now < until]


RHYTHMS = {
    "twice a day": list(every(timedelta(hours=12), OPENED, ENDS)),
    "once a week": [*every(timedelta(days=7), OPENED, LAST), LAST],
    "no summer": _but("2026-07-01 00:00", "2026-09-01 00:00"),
    "no month of the deadlines": _but("2026-10-12 00:00", "2026-11-12 00:00"),
    "no January": _but("2027-01-01 00:00", "2027-01-14 00:00"),
}


@pytest.fixture(scope="module")
def daily(new_house: NewHouse) -> UnitOfWork:
    """The year as it goes when every day is ticked."""
    return ticked(opened(new_house()), every(DAY, OPENED, ENDS))


@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_the_year_goes_the_same_way(daily: UnitOfWork, house: UnitOfWork, rhythm: str) -> None:
    ticked(opened(house), RHYTHMS[rhythm])

    assert states(house) == states(daily)
    assert events(house) == events(daily)
    assert _sent_once(house) == _sent_once(daily)
    assert _too_many_on_a_day(house) == []
    assert broken(house) == ()


def _sent_once(uow: UnitOfWork) -> list[str]:
    """The keys of the letters that no gap may lose or double."""
    return [key for key, _, _ in letters(uow, *NEVER_LOST)]


def _too_many_on_a_day(uow: UnitOfWork) -> list[tuple[str, object]]:
    """Cases asked for their report by more than one letter on one London day."""
    told = Counter(
        (subject, london.day_of(queued_at)) for _, subject, queued_at in letters(uow, "reminder", "target_missed")
    )
    return [key for key, count in told.items() if count > 1]


def test_after_a_month_away_one_letter_asks_for_the_report(house: UnitOfWork) -> None:
    ticked(opened(house), every(DAY, OPENED, at("2026-09-02 09:00")))
    before = {key for key, _, _ in letters(house, "reminder", "target_missed")}

    ticked(house, [at("2026-10-09 12:00")])  # the day of the target; four rungs were missed, and today's is due

    caught_up = [key for key, _, _ in letters(house, "reminder", "target_missed") if key not in before]
    asked = ["01", "02", "03", "04", "05A", "06", "07", "08", "09", "10", "11", "13", "14"]
    assert caught_up == [f"GSCP/2026/{code}/reminder/target-0@2026-10-09/contact" for code in asked]


def test_after_a_month_away_the_chair_is_told_a_working_day_after_the_business_unit(house: UnitOfWork) -> None:
    ticked(opened(house), every(DAY, OPENED, at("2026-10-13 09:00")))

    ticked(house, [back := at("2026-11-13 09:00")])  # a Friday, after every deadline and two of the panel days
    assert {queued for _, _, queued in letters(house, "escalation_warning", "non_submission")} == {back}
    assert letters(house, "escalation") == []

    ticked(house, every(timedelta(hours=1), back, at("2026-11-17 00:00")))
    assert {queued for _, _, queued in letters(house, "escalation")} == {at("2026-11-16 09:00")}
    assert broken(house) == ()
