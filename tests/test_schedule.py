"""The table of what runs when: sound rows, numbers only, and a record of each run."""

import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from db.unit_of_work import UnitOfWork
from s11flow import schedule
from s11flow.app import App, build_app
from s11flow.schedule import ROWS, Counters, Parts, Row, counted
from s11flow.services.heartbeat import Beat, beat, last_beats, look
from s11flow.settings import Settings
from tests.services.scene import opened

NOON = datetime(2026, 9, 25, 11, tzinfo=UTC)  # midday in Gloucester
MINUTE = timedelta(minutes=1)


@pytest.fixture
def app(sqlite_url: str) -> Iterator[App]:
    with closing(build_app(Settings(database_url=sqlite_url), clock=lambda: NOON)) as app:
        yield app


def beats(uow: UnitOfWork) -> dict[str, Beat]:
    with uow.read() as connection:
        return last_beats(connection)


# --- the table


def test_the_rows_are_those_of_the_design() -> None:
    assert {row.name: (row.every, row.cron, row.zone) for row in ROWS} == {
        "tick": (MINUTE, None, "Europe/London"),
        "deliver": (MINUTE, None, "Europe/London"),
        "collect": (MINUTE, None, "Europe/London"),
        "links": (5 * MINUTE, None, "Europe/London"),
        "heartbeat": (5 * MINUTE, None, "Europe/London"),
        "verify": (None, "0 5 * * *", "Europe/London"),
    }


def test_every_row_says_why_it_is_there() -> None:
    assert [row.name for row in ROWS if not row.why.endswith(".")] == []


def count_nothing(_parts: Parts, _now: datetime) -> Counters:
    return {}


@pytest.mark.parametrize("cron", ["30 1 * * *", "0 0 * * *", "0 2,9 * * *", "0 * * * *", "0 1-5 * * *", "0 */4 * * *"])
def test_a_wall_clock_row_keeps_out_of_the_hours_in_which_clocks_change(cron: str) -> None:
    with pytest.raises(ValueError, match="may run between midnight and 3am"):
        Row(name="early", service=count_nothing, why="To be refused.", cron=cron)


@pytest.mark.parametrize(("every", "cron"), [(None, None), (MINUTE, "0 5 * * *")])
def test_a_row_runs_either_at_an_interval_or_by_the_wall_clock(every: timedelta | None, cron: str | None) -> None:
    with pytest.raises(ValueError, match="must say either how often or, as a cron, when"):
        Row(name="unclear", service=count_nothing, why="To be refused.", every=every, cron=cron)


def test_a_report_is_counted_without_what_names_anyone() -> None:
    report = {"now": "2026-09-25T12:00:00+01:00", "messages": 2, "broken": ["GSCP-2026-05A has no head"], "case": "05A"}

    assert counted(report) == {"messages": 2, "broken": 1}


# --- running a row


@pytest.mark.parametrize(
    ("name", "counters"),
    [
        ("tick", {"subjects": 0, "events": 0, "messages": 0, "superseded": 0, "expired": 0, "incidents": 0}),
        ("deliver", {"sent": 0, "delayed": 0, "failed": 0, "uncertain": 0, "withdrawn": 0, "expired": 0}),
        ("collect", {"collected": 0, "known": 0, "applied": 0, "filed": 0, "ignored": 0, "waiting": 0}),
        ("links", {"permitted": 0}),
        ("heartbeat", {"stale": 3}),
        ("verify", {"subjects": 0, "events": 0, "broken": 0}),
    ],
)
def test_each_row_runs_on_an_empty_register_and_is_on_record(app: App, name: str, counters: Counters) -> None:
    assert schedule.run(schedule.row(name), app, NOON) == counters

    assert beats(app.unit_of_work) == {name: Beat(name, NOON, counters)}


def test_a_run_that_fails_is_not_on_record(app: App) -> None:
    def fail(_parts: Parts, _now: datetime) -> Counters:
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        schedule.run(Row(name="broken", service=fail, why="To fail.", every=MINUTE), app, NOON)

    assert beats(app.unit_of_work) == {}


def test_a_run_over_a_mailbox_that_is_away_is_not_on_record(sqlite_url: str) -> None:
    nobody_listens = Settings(database_url=sqlite_url, mailbox_url="imaps://us:secret@127.0.0.1:1")
    with closing(build_app(nobody_listens, clock=lambda: NOON)) as app:
        opened(app.unit_of_work)

        assert schedule.run(schedule.row("collect"), app, NOON)["stopped"] == 1

        assert beats(app.unit_of_work) == {}


# --- the heartbeat, on both databases


def test_the_newest_run_of_each_row_is_kept(uow: UnitOfWork) -> None:
    beat(uow, "tick", NOON, {"messages": 3})
    beat(uow, "tick", NOON + MINUTE, {"messages": 0})
    beat(uow, "deliver", NOON, {"sent": 3})
    beat(uow, "deliver", NOON - MINUTE, {"sent": 1})  # began before, ended after

    assert beats(uow) == {
        "deliver": Beat("deliver", NOON, {"sent": 3}),
        "tick": Beat("tick", NOON + MINUTE, {"messages": 0}),
    }


@pytest.mark.parametrize(
    ("age", "stale"), [(timedelta(0), 0), (10 * MINUTE, 0), (10 * MINUTE + timedelta(seconds=1), 1)]
)
def test_a_row_is_stale_after_ten_minutes_of_silence(uow: UnitOfWork, age: timedelta, stale: int) -> None:
    beat(uow, "tick", NOON - age, {})

    assert look(uow, ("tick",), now=NOON) == {"stale": stale}


@pytest.mark.parametrize(("ahead", "stale"), [(10 * MINUTE, 0), (10 * MINUTE + timedelta(seconds=1), 1)])
def test_a_run_that_is_still_to_come_hides_no_row_that_stands(uow: UnitOfWork, ahead: timedelta, stale: int) -> None:
    beat(uow, "tick", NOON + ahead, {})

    assert look(uow, ("tick",), now=NOON) == {"stale": stale}


@pytest.mark.parametrize(("ahead", "is_taken_back"), [(60 * MINUTE, False), (60 * MINUTE + timedelta(seconds=1), True)])
def test_a_hand_that_a_wrong_clock_moved_is_taken_back(uow: UnitOfWork, ahead: timedelta, is_taken_back: bool) -> None:
    beat(uow, "tick", NOON + ahead, {"messages": 3})
    beat(uow, "tick", NOON, {"messages": 0})

    last = Beat("tick", NOON, {"messages": 0}) if is_taken_back else Beat("tick", NOON + ahead, {"messages": 3})
    assert beats(uow) == {"tick": last}


def test_whoever_reads_the_log_is_told_that_a_clock_was_wrong(
    uow: UnitOfWork, caplog: pytest.LogCaptureFixture
) -> None:
    beat(uow, "tick", NOON + timedelta(days=365), {})

    with caplog.at_level(logging.WARNING):
        look(uow, ("tick",), now=NOON)

    assert caplog.messages == [
        (
            "The row 'tick' of the schedule last ran on Saturday 25 September 2027, midday, which is still to come; "
            "set the clock of this machine right, and see that the worker runs."
        )
    ]


def test_whoever_reads_the_log_is_told_which_row_has_stopped(uow: UnitOfWork, caplog: pytest.LogCaptureFixture) -> None:
    beat(uow, "tick", NOON - timedelta(hours=20), {})

    with caplog.at_level(logging.WARNING):
        look(uow, ("tick", "deliver"), now=NOON)

    assert caplog.messages == [
        (
            "The row 'tick' of the schedule last ran on Thursday 24 September 2026, 4pm; see that the worker runs "
            "and what its log says."
        ),
        "The row 'deliver' of the schedule has never run; see that the worker runs and what its log says.",
    ]
