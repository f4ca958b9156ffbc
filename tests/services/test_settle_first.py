"""What people change that others' agendas look at: what the clock owed those is done first, by what held then."""

from __future__ import annotations

from datetime import date

import pytest

from calendars.bank_holidays import england_and_wales
from db.unit_of_work import UnitOfWork
from s11flow.services import agencies, bank_holidays, panel_days, sessions
from s11flow.services.verify import verify
from tests.services.scene import CODE, YEAR, at, opened, queries_of, run_to

YOUTH, STROUD = "GSCP-2026-01", "GSCP-2026-02"


@pytest.fixture
def year(uow: UnitOfWork) -> UnitOfWork:
    """The cycle of 2026, open."""
    return opened(uow)


def _letters(uow: UnitOfWork, kind: str) -> list[tuple[str, str]]:
    statement = f"select subject, to_address from message where kind = '{kind}' order by subject, to_address"
    return [(subject, to) for subject, to in queries_of(uow, statement)]


def _states(uow: UnitOfWork, table: str) -> list[str]:
    return [state for (state,) in queries_of(uow, f"select state from {table} order by id")]


def test_the_pack_that_was_owed_goes_though_nobody_is_to_be_seen_any_more(year: UnitOfWork) -> None:
    run_to(year, at("2026-10-26 12:00"))  # the pack is owed the next morning, and the clock is away

    for ref in (YOUTH, STROUD):
        sessions.cancel(year, ref, reason="they cannot come", now=at("2026-10-30 10:00"), by="clerk")

    assert {subject for subject, _ in _letters(year, "panel_pack")} == {"GSCP-2026-P2026-11-10"}
    assert verify(year, now=at("2026-10-30 10:00")).broken == ()


def test_the_pack_that_was_owed_goes_though_the_day_is_stood_down(year: UnitOfWork) -> None:
    run_to(year, at("2026-10-26 12:00"))

    panel_days.stand_down_day(
        year, partnership=CODE, year=YEAR, day=date(2026, 11, 10), reason="snow", now=at("2026-10-30 10:00"), by="clerk"
    )

    owed = "select count(*) from history where event = 'LETTER_DUE' and due_key = 'panel_pack@2026-11-10'"
    assert queries_of(year, owed) == [(1,)]


def test_an_agency_is_asked_by_the_contact_it_had_when_the_request_was_owed(year: UnitOfWork) -> None:
    run_to(year, at("2026-07-03 12:00"))  # the request is owed on Monday, and the clock is away

    agencies.import_register(
        year, "code,name,category,status,contact_email\n01,Youth Services,youth,no_contact,\n",
        partnership=CODE, now=at("2026-07-07 12:00"), by="clerk",
    )  # fmt: skip

    assert _letters(year, "report_request") == [(YOUTH, "director@agency.example"), (YOUTH, "youth@agency.example")]


def test_an_escalation_that_ended_with_the_report_stays_ended_when_a_day_is_added_after(year: UnitOfWork) -> None:
    run_to(year, at("2026-12-28 12:00"))  # the cut-off is on Wednesday 30 December
    assert _states(year, "escalation") == ["WITH_CHAIR", "WITH_CHAIR"]

    panel_days.add_day(year, partnership=CODE, year=YEAR, day=date(2027, 1, 12), now=at("2027-01-07 12:00"), by="clerk")

    assert _states(year, "escalation") == ["UNRESOLVED", "UNRESOLVED"]


def test_a_holiday_proclaimed_for_a_deadline_that_has_passed_gives_no_time_back(year: UnitOfWork) -> None:
    run_to(year, at("2026-10-19 12:00"))
    proclaimed = england_and_wales(range(YEAR - 1, YEAR + 3)) | {date(2026, 10, 20): "a jubilee"}

    adopted = bank_holidays.adopt_holidays(
        year, partnership=CODE, year=YEAR, published=proclaimed, now=at("2026-10-21 12:00"), by="clerk"
    )

    assert adopted.redated.moved == ()
    assert _states(year, "subject where ref in ('GSCP-2026-01', 'GSCP-2026-02')") == ["NOT_SUBMITTED", "NOT_SUBMITTED"]
