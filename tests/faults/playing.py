"""What a child of the fork server is asked to do: play a scene as its command would, and judge what is left of it."""

from __future__ import annotations

import io
import os
import pickle
import sqlite3
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import typer
from sqlalchemy import Connection, func, select, text

import db.engine
import notifications.folder
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.app import App
from s11flow.cli.frame import Root
from s11flow.domain.model import MessageState
from s11flow.services import submissions
from s11flow.services.delivery import deliver
from tests.faults.judge import Found, at_once, judge, look
from tests.faults.mail_server import MailServer
from tests.faults.scenes import _ENGINES, SCENES, Place, Scene, run_on

CLOCKWORK = ("tick", "deliver", "collect")
"""Scenes whose command the next run gives anyway; the others are given again by whoever was not answered."""


def _deliver_two(app: App, now: datetime) -> object:
    waited = [0.0]  # nobody waits here, but its stopwatch goes on
    with app.mailer() as mailer:
        return deliver(
            app.unit_of_work, mailer, app.policy, now=now, limit=2, pause=waited.append, stopwatch=lambda: sum(waited)
        )


FEW = "deliver-two"
"""Delivery ended after two letters: how a disk fails under one is how it fails under the next."""

PLAYED = {**SCENES, FEW: replace(SCENES["deliver"], name=FEW, command=_deliver_two)}
"""Every scene that can be played here."""


class Where(NamedTuple):
    """A scene's name, and what a `Place` is made of; with a mail server, its port and folder."""

    name: str
    url: str
    folder: str
    port: int = 0
    taken: str = ""

    @property
    def scene(self) -> Scene:
        """The scene itself."""
        return PLAYED[self.name]

    @property
    def place(self) -> Place:
        """The place itself."""
        return Place(self.url, Path(self.folder), self.server.url) if self.port else Place(self.url, Path(self.folder))

    @property
    def server(self) -> MailServer:
        """The mail server, if there is one."""
        return MailServer(self.port, Path(self.taken))


def play(*where: Any, without: str = "") -> list[Any]:
    """Give the scene's command below the frame that every command stands in: its exit code, and what it said."""
    there = Where(*where)
    _ENGINES.clear()  # a command opens its database itself
    if without:
        GUARDS[without]()
    shell = typer.Typer(cls=Root, pretty_exceptions_enable=False)

    @shell.callback()
    def root() -> None:
        """Make of the one command a group."""

    @shell.command()
    def command() -> None:
        with there.place.app(there.scene.now) as app:
            there.scene.play(app)

    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        try:
            shell(["command"])
        except SystemExit as end:
            return [end.code, said.getvalue()]
    raise AssertionError("a command ends with an exit")


def play_without(guard: str, *where: Any) -> list[Any]:
    """The same with one of the `GUARDS` taken away."""
    return play(*where, without=guard)


# --- afterwards ------------------------------------------------------------------------------------------------------

_SOUND: set[int] = set()
"""Which contents of a database were found without fault: whoever is forked need not look at those again."""


def undisturbed(kept: str, *where: Any) -> None:
    """Play the scene, run on, and keep in the file *kept* what is there then and how much there was before."""
    there = Where(*where)
    with there.place.app(there.scene.now) as app:
        before = _how_much(app.unit_of_work)
        assert at_once(there.place, app.unit_of_work, _SOUND, now=there.scene.now) == ()
        there.scene.play(app)
        found = _run_on(there, app, [])
    Path(kept).write_bytes(pickle.dumps((before, found)))


def judged(kept: str, *where: Any) -> dict[str, Any]:
    """Look at what was left, let an ordinary next run go on from there, and say what is wrong with the end.

    Whose command was not answered and not done gives it again; `done` says that it was done the first time.
    """
    there = Where(*where)
    before, expected = pickle.loads(Path(kept).read_bytes())
    with there.place.app(there.scene.now) as app:
        _wait_for_its_end(app.unit_of_work)
        wrong = at_once(there.place, app.unit_of_work, _SOUND, now=there.scene.now)
        mails = there.server.taken() if there.port else []
        lines, sent = _how_much(app.unit_of_work)
        done = lines > before[0]
        if not done or there.name.startswith(CLOCKWORK):
            there.scene.play(app)
        found = _run_on(there, app, mails)
    verdict = judge(expected, found, may_double=len(mails) > sent - before[1])
    return {**asdict(verdict), "faults": [*wrong, *verdict.faults], "done": done}


def _run_on(there: Where, app: App, mails: list[Any]) -> Found:
    run_on(there.scene, app)
    taken = [*mails, *there.server.taken()] if there.port else mails
    return look(there.place, app.unit_of_work, taken, now=there.scene.later)


def _how_much(uow: UnitOfWork) -> tuple[int, int]:
    """How many lines the histories have, and how many letters left."""
    sent = select(func.count()).where(queries.message.c.status == MessageState.SENT.value)
    with uow.read() as connection:
        lines = connection.scalar(select(func.count()).select_from(queries.history))
        return lines or 0, connection.scalar(sent) or 0


def _wait_for_its_end(uow: UnitOfWork) -> None:
    """Until Postgres has noticed that the client is gone: only then are its locks."""
    here = "datname = current_database() AND pid != pg_backend_pid()"
    others = text(f"SELECT count(*) FROM pg_stat_activity WHERE {here}")
    while uow.engine.dialect.name == "postgresql":
        with uow.read() as connection:
            if not connection.scalar(others):
                return
        time.sleep(0.002)


# --- what is taken away to see the proof fail ------------------------------------------------------------------------


def _no_part_files() -> None:
    """Mail and reports are written straight to where they are looked for."""

    def written(target: Path, raw: bytes) -> None:
        with target.open("wb") as file:
            for at in range(0, len(raw), 4096):
                file.write(raw[at : at + 4096])
                file.flush()
            os.fsync(file.fileno())

    notifications.folder._write_whole = written

    def keep(self: submissions.Documents, content: bytes) -> str:
        digest = sha256(content).hexdigest()
        place = self.folder / digest[:2] / digest
        place.parent.mkdir(parents=True, exist_ok=True)
        written(place, content)
        return digest

    submissions.Documents.keep = keep  # type: ignore[method-assign]


def _no_file_syncs() -> None:
    """Files are left to the kernel."""
    os.fsync = lambda fd: None


def _no_transactions() -> None:
    """SQLite keeps each statement by itself."""

    def begin(connection: Connection) -> None:
        """Begin nothing."""

    db.engine._begin_sqlite = begin


def _no_database_syncs() -> None:
    """SQLite leaves its file to the kernel."""
    set_up = db.engine._set_up_sqlite

    def unsynced(connection: sqlite3.Connection, _record: Any) -> None:
        set_up(connection, _record)
        connection.execute("PRAGMA synchronous = OFF").close()

    db.engine._set_up_sqlite = unsynced


GUARDS: dict[str, Callable[[], None]] = {
    "part files": _no_part_files,
    "file syncs": _no_file_syncs,
    "transactions": _no_transactions,
    "database syncs": _no_database_syncs,
}
