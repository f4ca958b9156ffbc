"""The schedule on APScheduler: when rows fire is walked without sleeping, how the worker begins and ends is tried."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given
from hypothesis import strategies as st

from calendars import london
from s11flow.app import App, NotMigrated, build_app
from s11flow.schedule import ROWS, Counters, Parts, Row
from s11flow.services.heartbeat import beat, last_beats
from s11flow.settings import Settings
from s11flow.worker import fire_times, run_row, run_worker, walk

ROOT = Path(__file__).resolve().parent.parent
MINUTE = timedelta(minutes=1)
SATURDAY = datetime(2026, 10, 23, 23, tzinfo=UTC)  # midnight in London, BST, before the clocks go back on Sunday
MONDAY_NIGHT = datetime(2026, 10, 27, tzinfo=UTC)  # midnight in London, GMT: 73 hours later
SECONDS = 20.0  # until something that takes well under one has gone wrong


@pytest.fixture
def app(sqlite_url: str) -> Iterator[App]:
    with closing(build_app(Settings(database_url=sqlite_url))) as app:
        yield app


def row(name: str) -> Row:
    return next(row for row in ROWS if row.name == name)


# --- when rows fire


def test_the_morning_row_keeps_to_the_wall_clock_when_clocks_go_back() -> None:
    assert [london.iso(at) for at in fire_times(row("verify"), SATURDAY, MONDAY_NIGHT)] == [
        "2026-10-24T05:00:00+01:00",
        "2026-10-25T05:00:00+00:00",
        "2026-10-26T05:00:00+00:00",
    ]


def test_the_morning_row_keeps_to_the_wall_clock_when_clocks_go_forward() -> None:
    start, end = datetime(2027, 3, 27, tzinfo=UTC), datetime(2027, 3, 29, 12, tzinfo=UTC)

    assert [london.iso(at) for at in fire_times(row("verify"), start, end)] == [
        "2027-03-27T05:00:00+00:00",
        "2027-03-28T05:00:00+01:00",
        "2027-03-29T05:00:00+01:00",
    ]


@pytest.mark.parametrize("name", ["tick", "deliver"])
def test_the_minute_rows_run_every_minute_through_the_change_of_clocks(name: str) -> None:
    assert fire_times(row(name), SATURDAY, MONDAY_NIGHT) == [SATURDAY + n * MINUTE for n in range(73 * 60)]


def test_the_heartbeat_comes_after_those_it_looks_at() -> None:
    assert fire_times(row("heartbeat"), SATURDAY, MONDAY_NIGHT) == [
        SATURDAY + n * 5 * MINUTE for n in range(1, 73 * 12)
    ]


def test_case_16_the_scheduler_fires_twice_in_the_doubled_hour_which_is_why_no_wall_clock_row_is_there() -> None:
    doubled = CronTrigger.from_crontab("30 0,1 * * *", timezone="Europe/London")
    start, end = datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 4, tzinfo=UTC)

    assert [london.iso(at) for at in walk(doubled, start, end)] == [
        "2026-10-25T00:30:00+01:00",
        "2026-10-25T01:30:00+01:00",
        "2026-10-25T01:30:00+00:00",
    ]


def test_case_16_the_minute_rows_tick_at_every_half_past_of_that_night() -> None:
    start, end = datetime(2026, 10, 24, 23, 30, tzinfo=UTC), datetime(2026, 10, 25, 2, tzinfo=UTC)

    assert [london.iso(at) for at in fire_times(row("tick"), start, end) if at.minute == 30] == [
        "2026-10-25T00:30:00+01:00",
        "2026-10-25T01:30:00+01:00",
        "2026-10-25T01:30:00+00:00",
    ]


@given(year=st.integers(2021, 2040), named=st.sampled_from([row for row in ROWS if row.cron]))
def test_every_wall_clock_row_runs_once_on_every_day_of_the_year(year: int, named: Row) -> None:
    fired = fire_times(named, datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC))

    days = Counter(london.day_of(at) for at in fired)
    assert (set(days.values()), len(days)) == ({1}, 366 if year % 4 == 0 else 365)


# --- one run


def counting(_parts: Parts, _now: datetime) -> Counters:
    return {"counted": 1}


def failing(_parts: Parts, _now: datetime) -> Counters:
    raise RuntimeError("a bug")


def test_a_run_is_logged_with_what_it_counted(app: App, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "s11flow.worker"):
        run_row(app, Row(name="count", service=counting, why="To count.", every=MINUTE))

    assert caplog.messages == ["count: counted 1"]


def test_a_run_that_fails_is_logged_and_goes_no_further(app: App, caplog: pytest.LogCaptureFixture) -> None:
    run_row(app, Row(name="broken", service=failing, why="To fail.", every=MINUTE))

    assert caplog.messages == ["broken failed and is run again at its next turn (RuntimeError)."]


def test_case_63_a_worker_whose_clock_is_behind_does_nothing_and_says_why(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    now = datetime(2026, 9, 25, 11, tzinfo=UTC)
    with closing(build_app(Settings(database_url=sqlite_url, mode="live"), clock=lambda: now)) as app:
        beat(app.unit_of_work, "tick", now + MINUTE, {})

        run_row(app, Row(name="count", service=counting, why="To count.", every=MINUTE))

        with app.unit_of_work.read() as connection:
            assert list(last_beats(connection)) == ["tick"]
    assert [message[:25] for message in caplog.messages] == ["count: Nothing was done: "]


# --- the worker


def wait_until(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + SECONDS
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


def ran(app: App) -> set[str]:
    with app.unit_of_work.read() as connection:
        return set(last_beats(connection))


def test_a_worker_runs_what_was_owed_at_once_and_a_failing_row_stops_no_other(app: App) -> None:
    rows = (
        Row(name="broken", service=failing, why="To fail.", every=timedelta(seconds=1)),
        Row(name="often", service=counting, why="To count.", every=timedelta(hours=1)),
        Row(name="daily", service=counting, why="To count.", cron="0 5 * * *"),
        Row(name="later", service=counting, why="To wait its turn.", every=timedelta(hours=1), at_once=False),
    )
    stop = threading.Event()
    worker = threading.Thread(target=run_worker, args=(app,), kwargs={"stop": stop, "rows": rows})
    worker.start()
    try:
        assert wait_until(lambda: ran(app) >= {"often", "daily"})
    finally:
        stop.set()
        worker.join(SECONDS)

    assert (worker.is_alive(), ran(app)) == (False, {"often", "daily"})


def test_a_row_that_takes_long_is_finished_before_the_worker_ends(app: App) -> None:
    begun, stop = threading.Event(), threading.Event()

    def slow(_parts: Parts, _now: datetime) -> Counters:
        begun.set()
        time.sleep(0.5)
        return {}

    rows = (Row(name="slow", service=slow, why="To take long.", every=timedelta(hours=1)),)
    worker = threading.Thread(target=run_worker, args=(app,), kwargs={"stop": stop, "rows": rows})
    worker.start()
    assert begun.wait(SECONDS)
    stop.set()
    worker.join(SECONDS)

    assert ran(app) == {"slow"}


def test_a_worker_without_a_database_says_so_instead_of_starting(tmp_path: Path) -> None:
    app = build_app(Settings(database_url=f"sqlite:///{tmp_path}/none.db"))

    with pytest.raises(NotMigrated):
        run_worker(app, stop=threading.Event())


@pytest.mark.parametrize("ends", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_worker_cleanly_and_prefect_was_never_loaded(
    ends: signal.Signals, app: App, sqlite_url: str, tmp_path: Path
) -> None:
    program = (
        "import sys, threading\n"
        "from s11flow.app import build_app\n"
        "from s11flow.worker import run_worker\n"
        "run_worker(build_app(), stop=threading.Event())\n"
        "print('ended', 'prefect' in sys.modules)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT), "S11FLOW_DATABASE_URL": sqlite_url}
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True
    ) as worker:
        began = wait_until(lambda: {"tick", "deliver", "verify"} <= ran(app) or worker.poll() is not None)
        worker.send_signal(ends)
        said, _ = worker.communicate(timeout=SECONDS)

    assert (began, worker.returncode, said) == (True, 0, "ended False\n")
