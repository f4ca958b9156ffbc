"""The schedule in one process of our own, on APScheduler: no Prefect, no server, nothing kept between runs."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from db.errors import DatabaseProblem
from s11flow import schedule
from s11flow.app import App
from s11flow.clock import system_now
from s11flow.domain.errors import S11Error
from s11flow.schedule import ROWS, Row

_log = logging.getLogger(__name__)
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_LOOK_AGAIN = 0.5  # seconds until *stop*, set by another thread, is noticed


def run_worker(app: App, *, stop: threading.Event, rows: Iterable[Row] = ROWS) -> None:
    """Run the schedule until *stop* is set, or SIGTERM or SIGINT comes; what is running then is finished first.

    Rows that are to run `at_once` do, then each at its times: what was owed while no worker ran is done now. A run that
    fails is logged, and its row's turn comes again. Raises what `App.unit_of_work` raises when there is no database to
    work on.
    """
    _ = app.unit_of_work  # opened here, once, and before anything is promised
    with _signals_wait() as watched:
        scheduler = _scheduler(app, tuple(rows))
        scheduler.start()
        _log.info("The worker has started; it ends on SIGTERM or Ctrl-C.")
        try:
            while not stop.is_set() and not signal.sigtimedwait(watched, _LOOK_AGAIN):
                pass
        finally:
            scheduler.shutdown(wait=True)
    _log.info("The worker has ended.")


def fire_times(row: Row, start: datetime, end: datetime) -> list[datetime]:
    """Give the instants (UTC) from *start* to before *end* at which *row* runs, as the scheduler works them out."""
    return list(walk(trigger(row, start), start, end))


def trigger(row: Row, start: datetime) -> BaseTrigger:
    """Give the scheduler's own idea of when *row* runs; intervals are counted from *start*."""
    if row.cron is not None:
        return CronTrigger.from_crontab(row.cron, timezone=row.zone)
    assert row.every is not None
    first = start if row.at_once else start + row.every
    return IntervalTrigger(seconds=int(row.every.total_seconds()), start_date=first, timezone=UTC)


def walk(trigger: BaseTrigger, start: datetime, end: datetime) -> Iterator[datetime]:
    """Give the instants (UTC) from *start* to before *end* at which *trigger* fires; nothing waits for them."""
    fired = trigger.get_next_fire_time(None, start)
    while fired is not None and fired < end:
        yield fired.astimezone(UTC)
        fired = trigger.get_next_fire_time(fired, fired)


def run_row(app: App, row: Row) -> None:
    """Run *row* once, as of the app's clock; a failure is logged and goes no further."""
    try:
        counters = schedule.run(row, app, app.now())
    except (S11Error, DatabaseProblem) as problem:
        _log.warning("%s: %s", row.name, problem)
    except Exception as error:  # a bug in one row stops neither the row nor the others
        _log.exception("%s failed and is run again at its next turn (%s).", row.name, type(error).__name__)
    else:
        _log.info("%s: %s", row.name, ", ".join(f"{name} {count}" for name, count in counters.items()))


def _scheduler(app: App, rows: tuple[Row, ...]) -> BackgroundScheduler:
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(len(rows))},  # a slow mail server keeps nothing else waiting
        # By default a run that is a second late is dropped.
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
    start = system_now()
    for row in rows:
        first = {"next_run_time": start} if row.at_once else {}
        scheduler.add_job(run_row, trigger(row, start), args=(app, row), id=row.name, **first)
    return scheduler


@contextmanager
def _signals_wait() -> Iterator[tuple[signal.Signals, ...]]:
    """Keep the signals back until they are asked for: no handler, so none that interrupts a lock being taken."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield _SIGNALS
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
