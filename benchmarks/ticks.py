"""The tick: 30,000 cases that each owe a reminder, and none at all among many."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.bare import Written, difference, read_all
from benchmarks.crowd import ASKED_AT, TICKED_AT, copied, database, gather, kept
from benchmarks.measure import Result, in_turn, timed
from s11flow.services.tick import tick
from tests.postgres import running_postgres

CASES = 30_000
FEW, MANY, IDLE_TICKS = 1_000, 1_000_000, 200


def _tick_all(address: str, cases: int) -> float:
    with database(address) as uow, timed() as watch:
        done = tick(uow, now=TICKED_AT)
    if (done.subjects, done.messages, done.incidents) != (cases, cases, 0):
        raise RuntimeError(f"The tick was to queue {cases} letters and did this: {done}.")
    return watch.seconds


def _refuse_other_rows(ticked: Any, bare: Any) -> None:
    if read_all(ticked) != read_all(bare):
        raise RuntimeError("The bare driver has not written what the tick wrote, so there is nothing to compare.")


# --- SQLite


def on_sqlite(folder: Path, cases: int = CASES) -> Result:
    """A tick over cases that each owe a reminder, beside `sqlite3` alone writing the same rows.

    Both in the tick's batches, a transaction each, WAL, synchronous=FULL; both start from a copy of one file and end
    with the same rows. Bare has them ready: it reads nothing, decides nothing, and checks no references.
    """
    seed, ticked, bare = kept(cases, folder), folder / "ticked.db", folder / "bare.db"
    written: list[Written] = []

    def ours() -> float:
        seconds = _tick_all(f"sqlite:///{copied(seed, ticked)}", cases)
        if not written:
            with closing(sqlite3.connect(seed)) as before, closing(sqlite3.connect(ticked)) as after:
                written.append(difference(read_all(before.cursor()), read_all(after.cursor()), "?"))
        return seconds

    def theirs() -> float:
        seconds = _write_sqlite(copied(seed, bare), written[0])
        with closing(sqlite3.connect(ticked)) as one, closing(sqlite3.connect(bare)) as other:
            _refuse_other_rows(one.cursor(), other.cursor())
        return seconds

    figures = in_turn(ours, theirs, runs=5)
    what = f"{cases:,} due reminders, SQLite"
    return Result("tick-sqlite", what, "bare sqlite3, same rows and batches", *figures, at_most=5, aim=3)


def _write_sqlite(path: Path, written: Written) -> float:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL").close()
        connection.execute("PRAGMA synchronous = FULL").close()
        with timed() as watch:
            for batch in written.batches():
                connection.execute("BEGIN IMMEDIATE")
                for statement, rows in batch:
                    connection.executemany(statement, rows)
                connection.execute("COMMIT")
    return watch.seconds


# --- Postgres


def on_postgres(_folder: Path, cases: int = CASES) -> Result:
    """The same on Postgres, beside psycopg alone; a server of our own that does not wait for its disk, for both."""
    with running_postgres() as server:
        server.run("CREATE DATABASE crowd TEMPLATE migrated")
        with database(server.address.format("crowd")) as uow:
            gather(uow, cases)

        def pair() -> tuple[float, float]:
            with server.database("crowd") as ticked, server.database("crowd") as bare:
                ours = _tick_all(ticked, cases)
                with _psycopg(ticked) as after:
                    with _psycopg(server.address.format("crowd")) as before:  # two lanes number their rows as it comes
                        written = difference(read_all(before.cursor()), read_all(after.cursor()), "%s")
                    with _psycopg(bare) as connection:
                        theirs = _write_postgres(connection, written)
                        _refuse_other_rows(after.cursor(), connection.cursor())
            return ours, theirs

        ours, theirs = zip(*[pair() for _ in range(3)], strict=True)
    what = f"{cases:,} due reminders, Postgres"
    return Result("tick-postgres", what, "bare psycopg, same rows and batches", ours, theirs, at_most=5, aim=3)


def _psycopg(address: str) -> psycopg.Connection[Any]:
    return psycopg.connect(address.replace("postgresql+psycopg", "postgresql"))


def _write_postgres(connection: psycopg.Connection[Any], written: Written) -> float:
    with timed() as watch:
        for batch in written.batches():
            with connection.transaction(), connection.cursor() as cursor:
                for statement, rows in batch:
                    cursor.executemany(statement, rows)
    return watch.seconds


# --- nothing due


def idle(folder: Path, many: int = MANY, few: int = FEW) -> Result:
    """A tick when nothing is due, over 1,000,000 open cases beside one over 1,000; each figure is 200 ticks."""
    files = {count: f"sqlite:///{kept(count, folder)}" for count in (many, few)}  # nothing due changes nothing

    def ticks(count: int) -> float:
        with database(files[count]) as uow:
            tick(uow, now=ASKED_AT)  # the first opens the file
            with timed() as watch:
                for _ in range(IDLE_TICKS):
                    tick(uow, now=ASKED_AT)
        return watch.seconds

    figures = in_turn(lambda: ticks(many), lambda: ticks(few))
    what = f"nothing due among {many:,} cases, SQLite ({IDLE_TICKS} ticks)"
    return Result("tick-idle", what, f"among {few:,}", *figures, at_most=2, aim=1.2)
