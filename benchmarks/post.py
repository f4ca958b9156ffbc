"""Delivery: to a folder, and to a mail server beside the standard library's own loop; one worker and two."""

from __future__ import annotations

import os
import shutil
import smtplib
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from sqlalchemy import delete

from benchmarks.crowd import INVITED_AT, TICKED_AT, copied, database, gather
from benchmarks.mail_server import MailServer, running_mail_server
from benchmarks.measure import RUNS, Result, in_turn, timed
from benchmarks.worker import timed_workers
from db import queries
from db.unit_of_work import UnitOfWork
from notifications.folder import FolderMailer
from notifications.policy import PostPolicy
from s11flow.services.delivery import deliver
from s11flow.services.tick import tick
from tests.postgres import running_postgres

LETTERS = 300
MAILS = 1_000
NOW = TICKED_AT + timedelta(minutes=1)


def to_a_folder(folder: Path, letters: int = LETTERS) -> Result:
    """Delivering to a folder (claimed, written from its template, filed, recorded) beside writing the same bytes.

    Bare, each file is written and synced, as ours is; it is not put in its place by a rename, and nothing is recorded.
    """
    seed, numbers, filed = folder / "seed.db", count(1), folder / "filed"
    with database(f"sqlite:///{seed}") as uow:
        gather(uow, letters)
        tick(uow, now=TICKED_AT)

    def ours() -> float:
        shutil.rmtree(filed, ignore_errors=True)
        copy = shutil.copy(seed, folder / f"deliver-{next(numbers)}.db")
        with database(f"sqlite:///{copy}") as uow:
            return _deliver(uow, filed, letters)

    def theirs() -> float:
        mails = {path.name: path.read_bytes() for path in filed.glob("*.eml")}
        bare = folder / f"bare-{next(numbers)}"
        bare.mkdir()
        with timed() as watch:
            for name, raw in mails.items():
                with (bare / name).open("wb") as file:
                    file.write(raw)
                    file.flush()
                    os.fsync(file.fileno())
        return watch.seconds

    figures = in_turn(ours, theirs)
    return Result(
        "deliver", f"{letters:,} letters delivered to a folder", "the same bytes, written and synced", *figures
    )


def _deliver(uow: UnitOfWork, filed: Path, letters: int) -> float:
    with timed() as watch:
        done = deliver(uow, FolderMailer(filed), PostPolicy("demo", is_folder=True), now=NOW)
    if done.sent != letters or len(list(filed.glob("*.eml"))) != letters:
        raise RuntimeError(f"{letters} letters were to be delivered, and it came to this: {done}.")
    return watch.seconds


# --- to a mail server


def by_one_worker(folder: Path, letters: int = MAILS, runs: int = RUNS) -> Result:
    """Letters that wait, delivered by one worker on SQLite, beside the same bytes from `smtplib` alone."""
    return _to_a_server(folder, letters, runs, workers=1)


def by_two_workers(folder: Path, letters: int = MAILS, runs: int = RUNS) -> Result:
    """The same by two workers, still beside one connection of `smtplib`."""
    return _to_a_server(folder, letters, runs, workers=2)


def _to_a_server(folder: Path, letters: int, runs: int, *, workers: int) -> Result:
    """Letters a second, claimed, written, sent and recorded in synced commits; beside it a loop that only sends.

    The server is a process of its own, the same for both, on the same machine: what it costs falls on both.
    """
    seed = folder / "seed.db"
    with database(f"sqlite:///{seed}") as uow:
        gather(uow, letters)
        tick(uow, now=TICKED_AT)
    figures = _beside_the_bare_loop(seed, letters, runs, workers=workers, now=TICKED_AT)
    name = "deliver-smtp" if workers == 1 else "deliver-smtp-2"
    what = f"{letters:,} letters to a mail server, SQLite, {workers} worker{'s' * (workers > 1)}"
    return Result(
        name, what, "smtplib, same bytes, one connection", *figures, at_least=0.6, aim=0.9, unit="letters a second"
    )


def invitations(folder: Path, letters: int = MAILS, runs: int = RUNS) -> Result:
    """Invitations that wait, each written with its calendar entry, delivered by one worker, beside the same bytes."""
    seed = folder / "seed.db"
    with database(f"sqlite:///{seed}") as uow:
        gather(uow, letters)
        tick(uow, now=INVITED_AT)
        with uow.write() as connection:  # by then the crowd has missed its target too, and is owed letters about that
            connection.execute(delete(queries.message).where(queries.message.c.kind != "panel_invitation"))
    figures = _beside_the_bare_loop(seed, letters, runs, workers=1, now=INVITED_AT)
    what = f"{letters:,} invitations to a mail server, SQLite, 1 worker"
    return Result(
        "invitations", what, "smtplib, same bytes, one connection", *figures, aim=0.5, unit="invitations a second"
    )  # fmt: skip


def _beside_the_bare_loop(
    seed: Path, letters: int, runs: int, *, workers: int, now: datetime
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """How many a second of *letters* that wait in *seed* workers deliver, and how many `smtplib` sends of the same."""
    copy = seed.with_name("delivered.db")
    with running_mail_server() as server:

        def ours() -> float:
            seconds, sent = timed_workers(workers, f"sqlite:///{copied(seed, copy)}", server.port, now=now)
            _refuse_other_counts(server, sent, letters)
            return letters / seconds

        def theirs() -> float:
            with closing(sqlite3.connect(copy)) as connection:
                mails = connection.execute("SELECT to_address, raw FROM message WHERE status = 'SENT'").fetchall()
            return letters / _bare_loop(server, mails)

        return in_turn(ours, theirs, runs)


def _bare_loop(server: MailServer, mails: list[tuple[str, bytes]]) -> float:
    with timed() as watch, smtplib.SMTP("127.0.0.1", server.port) as connection:
        for to, raw in mails:
            connection.sendmail("section11@partnership.example", to, raw)
    _refuse_other_counts(server, len(mails), len(mails))
    return watch.seconds


def _refuse_other_counts(server: MailServer, sent: int, letters: int) -> None:
    if (sent, *server.counted()) != (letters, letters, letters):
        raise RuntimeError(f"{letters} letters were to reach the server, each once; {sent} were said to have.")


def two_workers_on_postgres(_folder: Path, letters: int = MAILS, runs: int = RUNS) -> Result:
    """Two workers that tick and deliver the same due set, beside one; database and mail server on the same machine."""
    with running_postgres() as postgres, running_mail_server() as server:
        postgres.run("CREATE DATABASE crowd TEMPLATE migrated")
        with database(postgres.address.format("crowd")) as uow:
            gather(uow, letters)

        def by(workers: int) -> float:
            with postgres.database("crowd") as address:
                seconds, sent = timed_workers(workers, address, server.port, "--tick")
                _refuse_other_counts(server, sent, letters)
                return seconds

        figures = in_turn(lambda: by(2), lambda: by(1), runs)
    what = f"{letters:,} cases ticked and delivered, Postgres, 2 workers"
    return Result("two-workers", what, "1 worker", *figures, at_most=1.3, aim=1)
