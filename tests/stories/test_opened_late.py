"""A cycle opened late, after most of its dates or after its panel, still gives every agency fair notice."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from sqlalchemy import select

from calendars import london
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.letters.templates import shipped_templates
from s11flow.services import cycles
from s11flow.services.subjects import load_cases
from tests.stories.conftest import NewHouse
from tests.stories.year import (
    CODE,
    DAY,
    PANEL_DAYS,
    YEAR,
    at,
    broken,
    every,
    expected,
    letters,
    opened,
    outbox,
    rules_of,
    ticked,
)

OPENED_LATE = at("2026-10-25 10:00")  # a Sunday, the night the clocks went back
ENDS = at("2027-01-31 10:00")


@pytest.fixture(scope="module")
def year(new_house: NewHouse) -> UnitOfWork:
    """The year from there on, ticked daily; nobody does anything."""
    return ticked(opened(new_house(), now=OPENED_LATE), every(DAY, OPENED_LATE, ENDS))


def _by_case(uow: UnitOfWork, kind: str) -> dict[str, datetime]:
    """When the letter of this kind about each case was queued; the one to the contact or the Chair."""
    return {subject: queued_at for _, subject, queued_at in letters(uow, kind)}


def test_nobody_is_asked_and_reported_in_one_breath(year: UnitOfWork) -> None:
    asked, reported = _by_case(year, "report_request"), _by_case(year, "escalation")
    days = rules_of(2026).days

    assert set(asked.values()) == {OPENED_LATE}
    assert len(reported) == 13
    for ref, told_at in reported.items():
        assert days.between(london.day_of(asked[ref]), london.day_of(told_at)) >= 15


def test_every_deadline_is_at_least_fifteen_working_days_after_the_request(year: UnitOfWork) -> None:
    soonest = rules_of(2026).days.add(london.day_of(OPENED_LATE), 15)
    subject = queries.subject
    with year.read() as connection:
        ids = connection.scalars(select(subject.c.id).where(subject.c.state == "NOT_SUBMITTED")).all()
        dates = [case.facts.dates for case in load_cases(connection, ids)]  # type: ignore[union-attr]  # all cases

    assert len(dates) == 13
    assert {(each.deadline.on, each.extended, each.deadline.rule) for each in dates if each.deadline} == {
        (soonest, True, "fair_notice")
    }


def test_each_step_is_made_once_and_in_its_order(year: UnitOfWork) -> None:
    steps = ("report_request", "panel_invitation", "escalation_warning", "non_submission", "escalation")
    when = [_by_case(year, kind) for kind in steps]

    for ref in when[-1]:
        assert [each[ref] for each in when] == sorted(each[ref] for each in when)
    for kind in steps:
        keys = [key for key, _, _ in letters(year, kind)]
        assert len(keys) == len(set(keys))
    assert broken(year, now=ENDS) == ()


def test_rungs_that_lay_before_the_request_are_not_sent(year: UnitOfWork) -> None:
    told = {key.split("/")[-2] for key, _, _ in letters(year, "reminder", "target_missed")}

    assert {rung.split("@")[0] for rung in told} == {"deadline-2wd", "deadline-0"}


# --- after the panel -------------------------------------------------------------------------------------------------


def _session_days(uow: UnitOfWork) -> set[date]:
    with uow.read() as connection:
        return {london.day_of(at) for at in connection.scalars(select(queries.panel_session.c.starts_at))}


def _opened_at(uow: UnitOfWork, now: datetime) -> cycles.Opened:
    return cycles.open_cycle(
        uow, partnership=CODE, year=YEAR, panel_days=PANEL_DAYS, templates=shipped_templates(), now=now, by="clerk"
    )


def test_sessions_are_set_aside_on_the_panel_days_still_to_come(house: UnitOfWork) -> None:
    done = _opened_at(house, at("2026-11-12 10:00"))

    assert (done.sessions, done.without_session) == (13, ())
    assert _session_days(house) == {date(2026, 11, 17)}
    assert [warning for warning in done.warnings if "panel day" in warning] == []


def test_after_the_last_panel_day_the_dates_stand_for_the_record_and_nobody_is_invited(house: UnitOfWork) -> None:
    now = at("2026-11-21 10:00")

    done = _opened_at(house, now)
    forecast = expected(house, now=now, until=ENDS)
    ticked(house, [*every(DAY, now, ENDS), ENDS])

    assert _session_days(house) == set(PANEL_DAYS)
    assert done.warnings[-1] == (
        "Every panel day has passed, so nobody will be invited: add a day with `s11flow cycle add-day`, and bring the "
        "sessions there with `s11flow cycle move-day`."
    )
    assert letters(house, "panel_invitation") == []
    assert len(letters(house, "report_request")) == 26
    assert outbox(house, until=ENDS) == forecast
    assert broken(house, now=ENDS) == ()
