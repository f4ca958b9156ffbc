"""What a tick does of all that is owed: whose turn it is, in which order, how it counts, and what stops nobody else."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from db.unit_of_work import UnitOfWork
from s11flow.services import incidents
from s11flow.services.subjects import Saved
from s11flow.services.tick import Ticked, tick
from tests.services.scene import CODE, at, digest_parts, opened, queries_of, tamper

pytestmark = pytest.mark.on_both

CHECKS, ASKED = at("2026-06-29 09:00"), at("2026-07-06 09:00")
YOUTH, STROUD = "GSCP-2026-01", "GSCP-2026-02"


def counted(now: datetime, **counts: int) -> Ticked:
    """What a tick of *now* counted; what is not named is nothing."""
    return Ticked(now, **counts)


def letters(uow: UnitOfWork, kind: str) -> list[str]:
    """Which subjects a letter of a kind was queued for, in that order."""
    told = "select s.ref from message m join subject s on s.id = m.subject_id where m.kind = '{}' order by m.id"
    return list(dict.fromkeys(ref for (ref,) in queries_of(uow, told.format(kind))))


def parked(uow: UnitOfWork) -> list[tuple[str, datetime, str]]:
    with uow.read() as connection:
        return [(item.ref, item.since, item.why) for item in incidents.parked(connection, CODE)]


def cut_in_half(uow: UnitOfWork, ref: str, column: str = "dates") -> None:
    """Spoil a row so that the case cannot be read."""
    tamper(
        uow,
        f"update case_file set {column} = substr({column}, 1, 20) "
        "where subject_id = (select id from subject where ref = :ref)",
        ref=ref,
    )


def out_of_the_calendar(uow: UnitOfWork, ref: str) -> None:
    """Put a deadline at the end of the calendar: the case can be read, and what comes after it not worked out."""
    tamper(
        uow,
        "update case_file set dates = replace(dates, '2026-10-20', '9999-12-31') "
        "where subject_id = (select id from subject where ref = :ref)",
        ref=ref,
    )


def newest_line(uow: UnitOfWork, ref: str) -> tuple[str, str, str]:
    """The event, the thing and the cause of the last line of a history."""
    newest = "select h.event, h.about, h.cause from history h join subject s on s.id = h.subject_id where s.ref = '{}'"
    event_, about, cause = queries_of(uow, f"{newest.format(ref)} order by h.seq desc")[0]
    return event_, about, cause


@pytest.fixture
def house(uow: UnitOfWork) -> UnitOfWork:
    """Two agencies to ask and a panel day, opened on 1 June 2026; its digests up to 26 June are done."""
    tick(opened(uow), now=at("2026-06-28 12:00"))
    return uow


# --- what is done, and counted ----------------------------------------------------------------------------------------


def test_a_tick_counts_what_it_did_and_the_next_finds_nothing(house: UnitOfWork) -> None:
    first, second = tick(house, now=CHECKS), tick(house, now=CHECKS)

    # two contacts are checked, and the partnership has its digest of that morning
    assert first == counted(CHECKS, subjects=3, events=3, messages=3)
    assert second == counted(CHECKS)


def test_nothing_is_done_a_minute_before_it_is_due_and_all_of_it_at_the_minute(house: UnitOfWork) -> None:
    tick(house, now=at("2026-06-29 08:59"))
    assert letters(house, "contact_check") == []

    assert tick(house, now=CHECKS).messages == 2
    assert letters(house, "contact_check") == [YOUTH, STROUD]


def test_what_lost_its_sense_is_counted_apart(house: UnitOfWork) -> None:
    found = tick(house, now=ASKED)

    # each contact check had its sense until the request left; of six digests the newest goes
    assert (found.expired, letters(house, "contact_check"), letters(house, "report_request")) == (
        2 + 5,
        [],
        [YOUTH, STROUD],
    )


def test_a_superseded_reminder_is_counted_as_such(house: UnitOfWork) -> None:
    tick(house, now=ASKED)
    tamper(house, "update case_file set submit_letter_on = '2026-09-11'")

    assert tick(house, now=at("2026-09-11 09:00")).superseded == 2


def test_scripts_read_the_counts_with_the_instant_in_london(house: UnitOfWork) -> None:
    assert tick(house, now=CHECKS).as_json() == {
        "now": "2026-06-29T09:00:00+01:00",
        "subjects": 3,
        "events": 3,
        "messages": 3,
        "superseded": 0,
        "expired": 0,
        "incidents": 0,
    }


def test_a_batch_is_counted_in() -> None:
    done = counted(CHECKS, subjects=1, events=2, messages=3, superseded=4, expired=5, incidents=6)

    done.add(10, Saved(events=20, messages=30, superseded=40, expired=50))

    assert done == counted(CHECKS, subjects=11, events=22, messages=33, superseded=44, expired=55, incidents=6)


def test_the_pack_of_a_panel_day_leaves_ten_working_days_before_it(house: UnitOfWork) -> None:
    tick(house, now=at("2026-10-27 08:59"))
    assert letters(house, "panel_pack") == []

    tick(house, now=at("2026-10-27 09:00"))
    assert letters(house, "panel_pack") == ["GSCP-2026-P2026-11-10"]


@pytest.mark.parametrize("batch", [1, 2])
def test_the_size_of_a_batch_changes_nothing_but_how_many_transactions_there_are(house: UnitOfWork, batch: int) -> None:
    assert tick(house, now=CHECKS, batch=batch) == counted(CHECKS, subjects=3, events=3, messages=3)
    assert letters(house, "contact_check") == [YOUTH, STROUD]


# --- what cannot be done ----------------------------------------------------------------------------------------------


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.ERROR)
    return caplog


@pytest.mark.parametrize("batch", [1, 500])
def test_a_case_that_cannot_be_read_is_set_aside_and_the_others_are_done(
    house: UnitOfWork, quiet: pytest.LogCaptureFixture, batch: int
) -> None:
    cut_in_half(house, YOUTH)

    assert tick(house, now=CHECKS, batch=batch).incidents == 1

    assert letters(house, "contact_check") == [STROUD]
    [(ref, since, why)] = parked(house)
    assert (ref, since) == (YOUTH, CHECKS)
    assert "JSONDecodeError at " in why
    assert queries_of(house, "select count(*), max(what) from incident") == [(1, why)]
    [(subject_id,)] = queries_of(house, f"select id from subject where ref = '{YOUTH}'")
    assert [(line.levelname, line.getMessage()) for line in quiet.records] == [
        ("ERROR", f"INCIDENT 2026-06-29T08:00:00+00:00: subject {subject_id} set aside: {why}")
    ]
    assert newest_line(house, YOUTH) == ("INCIDENT", "incident", why)


def test_a_case_that_can_be_read_and_not_worked_out_is_set_aside_too(
    house: UnitOfWork, quiet: pytest.LogCaptureFixture
) -> None:
    for ref in (YOUTH, STROUD):
        out_of_the_calendar(house, ref)

    assert tick(house, now=CHECKS) == counted(CHECKS, subjects=1, events=1, messages=1, incidents=2)
    assert [(ref, since) for ref, since, _ in parked(house)] == [(YOUTH, CHECKS), (STROUD, CHECKS)]


def test_two_cases_that_cannot_be_read_are_two_incidents(house: UnitOfWork, quiet: pytest.LogCaptureFixture) -> None:
    for ref in (YOUTH, STROUD):
        cut_in_half(house, ref)

    assert tick(house, now=CHECKS).incidents == 2


def test_what_is_set_aside_stays_so_until_it_is_released(house: UnitOfWork, quiet: pytest.LogCaptureFixture) -> None:
    cut_in_half(house, YOUTH)
    tick(house, now=CHECKS)

    assert tick(house, now=ASKED).incidents == 0
    assert letters(house, "report_request") == [STROUD]


def test_the_digest_of_the_very_tick_tells_who_was_set_aside(
    house: UnitOfWork, quiet: pytest.LogCaptureFixture
) -> None:
    cut_in_half(house, YOUTH)

    tick(house, now=at("2026-06-30 07:30"))

    told = [line for lines in digest_parts(house).values() for line in lines if "set aside" in line]
    assert [line.startswith(f"{YOUTH} was set aside on Tuesday 30 June 2026") for line in told] == [True]


# --- a batch that the database refuses --------------------------------------------------------------------------------


@pytest.fixture
def refused(house: UnitOfWork, quiet: pytest.LogCaptureFixture) -> UnitOfWork:
    """The key under which Youth Services' request would be queued is taken: the database refuses it, and its batch."""
    tick(house, now=CHECKS)
    tamper(
        house,
        "update message set dedupe_key = 'GSCP/2026/01/report_request@2026-07-06/contact' "
        "where dedupe_key like 'GSCP/2026/01/contact_check%'",
    )
    return house


@pytest.mark.parametrize("batch", [1, 500])
def test_who_is_refused_is_found_and_set_aside_and_the_others_are_done(refused: UnitOfWork, batch: int) -> None:
    found = tick(refused, now=ASKED, batch=batch)

    # Stroud is asked, and the newest of five digests goes
    assert found == counted(ASKED, subjects=2, events=6, messages=4, expired=4, incidents=1)
    assert letters(refused, "report_request") == [STROUD]
    assert [(ref, since, why.split(" ")[0]) for ref, since, why in parked(refused)] == [
        (YOUTH, ASKED, "IntegrityError")
    ]


def after_the_refusal(uow: UnitOfWork, ref: str, change: str) -> None:
    """Have somebody else change a subject between the batch that failed and the next look at it."""
    [(subject_id,)] = queries_of(uow, f"select id from subject where ref = '{ref}'")
    refusals: list[bool] = []

    def note(connection: Any) -> None:
        refusals.append(True)

    def intervene(connection: Any, cursor: Any, asked: str, given: Any, *_: object) -> None:
        values = tuple(given.values()) if isinstance(given, dict) else given
        if refusals and asked.startswith("SELECT") and subject_id in values:
            refusals.clear()
            event.remove(uow.engine, "rollback", note)
            connection.exec_driver_sql(f"update subject set {change} where id = {subject_id}")

    event.listen(uow.engine, "rollback", note)
    event.listen(uow.engine, "before_cursor_execute", intervene)


@pytest.mark.parametrize(
    ("meanwhile", "asked"),
    [
        ("parked_at = '2026-07-06 07:00:00.000000'", []),  # set aside by another worker
        ("next_due_at = null", []),  # nothing is owed any more
        ("next_due_at = '2026-07-06 08:01:00.000000'", []),  # not yet
        ("next_due_at = '2026-07-06 08:00:00.000000'", [STROUD]),  # at this very instant
    ],
)
def test_who_was_seen_to_meanwhile_is_not_done_again(refused: UnitOfWork, meanwhile: str, asked: list[str]) -> None:
    after_the_refusal(refused, STROUD, meanwhile)

    found = tick(refused, now=ASKED)

    assert letters(refused, "report_request") == asked
    assert found.incidents == 1


def test_who_is_changed_between_being_read_and_being_saved_is_read_again(house: UnitOfWork) -> None:
    overtaken: list[str] = []

    def overtake(connection: Any, cursor: Any, asked: str, *_: object) -> None:
        if asked.startswith("UPDATE subject") and len(overtaken) < 2:  # in its batch, and then alone
            overtaken.append(asked)
            connection.exec_driver_sql(f"update subject set version = version + 1 where ref = '{YOUTH}'")

    event.listen(house.engine, "before_cursor_execute", overtake)

    found = tick(house, now=CHECKS)

    assert (found.incidents, parked(house), len(overtaken)) == (0, [], 2)
    assert letters(house, "contact_check") == [STROUD, YOUTH]


def test_who_is_changed_every_time_is_left_to_the_next_tick(
    house: UnitOfWork, caplog: pytest.LogCaptureFixture
) -> None:
    def overtake(connection: Any, cursor: Any, asked: str, *_: object) -> None:
        if asked.startswith("UPDATE subject"):
            connection.exec_driver_sql(f"update subject set version = version + 1 where ref = '{YOUTH}'")

    event.listen(house.engine, "before_cursor_execute", overtake)
    tick(house, now=CHECKS)
    event.remove(house.engine, "before_cursor_execute", overtake)

    assert (parked(house), letters(house, "contact_check")) == ([], [STROUD])
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    tick(house, now=CHECKS)
    assert letters(house, "contact_check") == [STROUD, YOUTH]


@pytest.mark.parametrize("once_the_batch_was_refused", [False, True])
def test_a_database_in_trouble_is_nobody_s_fault(refused: UnitOfWork, once_the_batch_was_refused: bool) -> None:
    refusals: list[bool] = [] if once_the_batch_was_refused else [True]

    def fail(connection: Any, cursor: Any, asked: str, *_: object) -> None:
        if refusals and asked.startswith("INSERT INTO message"):
            raise OperationalError(asked, {}, Exception("disk I/O error"))

    event.listen(refused.engine, "rollback", lambda connection: refusals.append(True))
    event.listen(refused.engine, "before_cursor_execute", fail)

    with pytest.raises(OperationalError):
        tick(refused, now=ASKED)

    assert parked(refused) == []
    assert letters(refused, "report_request") == []
