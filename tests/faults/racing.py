"""Processes that work on one database at the same moments, and a mail server of its own that remembers what it took.

A module of its own: a process that is started imports it.
"""

from __future__ import annotations

import socket
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from hashlib import sha256
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, NamedTuple

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope, Session

from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from s11flow.app import App, build_app
from s11flow.schedule import row, run
from s11flow.services.heartbeat import beat
from s11flow.services.submissions import Documents, receive
from s11flow.services.tick import tick
from s11flow.settings import Settings

Job = Callable[..., Any]

_TOGETHER = 120.0  # seconds until somebody who does not come to the start has gone wrong
_ANSWER = 300.0


def forkserver() -> ForkServerContext:
    """Processes forked from one that has imported everything and opened nothing: quick, and no connection is shared."""
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__, "s11flow.worker"])
    return context


# --- processes --------------------------------------------------------------------------------------------------------


class _Line(NamedTuple):
    """Where a process is told what to do, and where those who start together meet."""

    orders: Connection
    start: Barrier
    threads_start: Barrier


_here: list[_Line] = []
_apps: dict[tuple[str, str], App] = {}


class Racers:
    """Processes that do the same thing at the same moment."""

    def __init__(self, lines: Sequence[Connection]) -> None:
        self._lines = lines

    def each(self, job: Job, *args: Any) -> list[Any]:
        """What *job* gave in each of them; where it raised, the trace as a text."""
        for line in self._lines:
            line.send((job, args))
        return [line.recv() for line in self._lines if line.poll(_ANSWER)]


@contextmanager
def racing(processes: int, *, threads: int = 1, without: Job | None = None) -> Iterator[Racers]:
    """Processes with *threads* each to set off together; *without* runs in each first, to take a guard away."""
    context = forkserver()
    start, threads_start = context.Barrier(processes), context.Barrier(processes * threads)
    pipes = [context.Pipe() for _ in range(processes)]
    runners = [context.Process(target=_serve, args=(_Line(far, start, threads_start), without)) for _, far in pipes]
    for runner in runners:
        runner.start()
    try:
        yield Racers([near for near, _ in pipes])
    finally:
        for near, far in pipes:
            near.close()
            far.close()
        for runner in runners:
            runner.join(10)
            runner.kill()
            runner.join()


def _serve(line: _Line, without: Job | None) -> None:
    _here.append(line)
    if without is not None:
        without()
    while True:
        try:
            job, args = line.orders.recv()
        except EOFError:
            return
        try:
            answer = job(*args)
        except Exception:
            answer = traceback.format_exc()
        line.orders.send(answer)


def work(url: str, mail_url: str, now: datetime, batch: int) -> dict[str, int]:
    """Tick, deliver and say so, as a worker does at its turn; what both counted."""
    app = _app(url, mail_url)
    _here[0].start.wait(_TOGETHER)
    ticked = tick(app.unit_of_work, now=now, batch=batch)
    beat(app.unit_of_work, "tick", now, {})
    delivered = run(row("deliver"), app, now)
    return {"messages": ticked.messages, "incidents": ticked.incidents, **delivered}


def _app(url: str, mail_url: str) -> App:
    """A worker's app, kept as a worker keeps it."""
    if (url, mail_url) not in _apps:
        _let_go()
        _apps[url, mail_url] = build_app(Settings(database_url=url, mail_url=mail_url, mode="live"))
    return _apps[url, mail_url]


def _let_go() -> None:
    for app in _apps.values():
        app.close()
    _apps.clear()


Filed = tuple[int, bool, str]


def file_report(url: str, folder: Path, ref: str, content: bytes, now: datetime, threads: int) -> list[Filed | str]:
    """Each thread files the same report over a connection of its own: (version, whether it was there, state)."""
    _let_go()

    def file() -> Filed | str:
        engine = open_engine(url)
        _here[0].threads_start.wait(_TOGETHER)
        try:
            files = [("report.docx", content)]
            done = receive(UnitOfWork(engine), Documents(folder), ref, files, now=now, by="clerk", sender="a@b.example")
            return done.version, done.duplicate, done.state
        except Exception:
            return traceback.format_exc()
        finally:
            engine.dispose()

    with ThreadPoolExecutor(threads) as people:
        return [each.result() for each in [people.submit(file) for _ in range(threads)]]


# --- the mail server --------------------------------------------------------------------------------------------------


class Taken(NamedTuple):
    """A mail that a server said yes to."""

    message_id: str
    recipient: str
    sha256: str


def taken_of(content: bytes, recipient: str) -> Taken:
    """A mail as it is noted down."""
    return Taken(
        "".join(str(message_from_bytes(content)["Message-ID"]).split()), recipient, sha256(content).hexdigest()
    )


@dataclass(frozen=True)
class Post:
    """A mail server that runs in a process of its own."""

    port: int
    notes: Path

    @property
    def url(self) -> str:
        """The setting that leads here."""
        return f"smtp://127.0.0.1:{self.port}?tls=none&timeout=30"

    def taken(self) -> list[Taken]:
        """Every mail it took, in order."""
        lines = self.notes.read_text().splitlines() if self.notes.exists() else []
        return [Taken(*line.split("\t")) for line in lines]


@contextmanager
def post_office(notes: Path) -> Iterator[Post]:
    """Run a mail server that takes everything and notes it in the file *notes* before it says so."""
    context = forkserver()
    near, far = context.Pipe()
    process = context.Process(target=_take_mail, args=(free_port(), notes, far))
    process.start()
    try:
        if not near.poll(60):
            raise RuntimeError("The mail server did not start within a minute.")
        yield Post(near.recv(), notes)
    finally:
        near.close()
        far.close()
        process.join(10)
        process.kill()
        process.join()


def free_port() -> int:
    """A port that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _take_mail(port: int, notes: Path, orders: Connection) -> None:
    controller = Controller(_Notes(notes), hostname="127.0.0.1", port=port, ready_timeout=30)
    controller.start()
    orders.send(port)
    try:
        orders.recv()  # nothing comes; the line ends with the test
    except EOFError:
        controller.stop()


class _Notes:
    def __init__(self, notes: Path) -> None:
        self._notes = notes
        self._one_at_a_time = threading.Lock()

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content
        assert isinstance(content, bytes)
        with self._one_at_a_time, self._notes.open("a") as notes:
            for recipient in envelope.rcpt_tos:
                notes.write("\t".join(taken_of(content, recipient)) + "\n")
        return "250 Taken"
