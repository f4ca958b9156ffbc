"""Ours beside each peer: how many reminders a second, from what is owed to durable rows of the outbox."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.crowd import TICKED_AT, copied, database, gather, kept
from benchmarks.measure import RUNS, Result, in_turn, timed
from benchmarks.peers.environment import HERE, NotThere, python_for
from s11flow.services.tick import tick
from tests.postgres import Postgres, running_postgres

CASES = 30_000
"""For ours. A peer gets as many as take it some seconds."""
DBOS_SQLITE, DBOS_POSTGRES, PROCRASTINATE, PREFECT, SPIFFWORKFLOW = 300, 1_000, 2_000, 200, 2_000
WAIT = 600.0
"""Seconds after which a peer is given up."""

Row = tuple[str, str, str, str]


# --- what each is asked to do


def owed(number: int) -> Row:
    """The reminder that a case is owed: its key, the address, the subject line and the reason."""
    return (
        f"GSCP/2026/X{number}/reminder/target-28d@2026-09-11/contact",
        f"lead{number}@agency.example",
        f"Section 11 report 2026: four weeks until the target (Agency number {number} of the register)",
        "28 days before Friday 9 October 2026 is Friday 11 September 2026, a working day; 9am London time",
    )


_TABLES = (
    "CREATE TABLE owed (number INTEGER PRIMARY KEY, dedupe_key TEXT, to_address TEXT, subject_line TEXT, why TEXT)",
    "CREATE TABLE outbox (dedupe_key TEXT PRIMARY KEY, to_address TEXT, subject_line TEXT, why TEXT)",
)


def set_out(cursor: Any, cases: int, mark: str) -> None:
    """An empty outbox, and what is owed to each of *cases*; *mark* is how the driver writes a parameter."""
    for statement in _TABLES:
        cursor.execute(statement)
    rows = [(number, *owed(number)) for number in range(cases)]
    cursor.executemany(f"INSERT INTO owed VALUES ({', '.join([mark] * 5)})", rows)


def check(cursor: Any, cases: int, peer: str) -> None:
    """Raises RuntimeError unless each reminder stands in the outbox once and as it was owed."""
    cursor.execute("SELECT dedupe_key, to_address, subject_line, why FROM outbox")
    if sorted(map(tuple, cursor.fetchall())) != sorted(owed(number) for number in range(cases)):
        raise RuntimeError(f"{peer} has not written the reminders of {cases} cases, so there is nothing to compare.")


# --- the peers


_PREFECT = {
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_LEVEL": "ERROR",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}


def run(peer: str, python: Path, address: str, cases: int, folder: Path) -> float:
    """Have the peer's program do it; gives the seconds that it counted, from its first call to the last row."""
    kept_out = ("S11FLOW_", "PREFECT_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(kept_out)}
    environment |= {**_PREFECT, "PREFECT_HOME": str(folder / "prefect")}
    command = [str(python), str(HERE / peer / "remind.py"), address, str(cases)]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=WAIT, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{peer} ended with {done.returncode}: {done.stderr[-1000:]}")
    return float(json.loads(done.stdout.splitlines()[-1])["seconds"])


def on_sqlite(peer: str, python: Path, cases: int, folder: Path, number: int) -> float:
    """Reminders a second by *peer* on an SQLite file of its own."""
    file = folder / f"{peer}-{number}.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        set_out(connection.cursor(), cases, "?")
    seconds = run(peer, python, f"sqlite:///{file}", cases, folder)
    with closing(sqlite3.connect(file)) as connection:
        check(connection.cursor(), cases, peer)
    return cases / seconds


def on_postgres(peer: str, python: Path, cases: int, folder: Path, server: Postgres) -> float:
    """Reminders a second by *peer* on a Postgres database of its own."""
    with server.database("template1") as address:
        server.run("CHECKPOINT")
        plain = _plain(address)
        with psycopg.connect(plain) as connection:
            set_out(connection.cursor(), cases, "%s")
        driver = "postgresql+psycopg" if peer == "dbos" else "postgresql"
        seconds = run(peer, python, plain.replace("postgresql", driver), cases, folder)
        with psycopg.connect(plain) as connection:
            check(connection.cursor(), cases, peer)
    return cases / seconds


def _plain(address: str) -> str:
    return address.replace("postgresql+psycopg", "postgresql")


# --- ours


def _ours(address: str, cases: int) -> float:
    with database(address) as uow, timed() as watch:
        done = tick(uow, now=TICKED_AT)
    if (done.messages, done.incidents) != (cases, 0):
        raise RuntimeError(f"The tick was to queue {cases} letters and did this: {done}.")
    return cases / watch.seconds


@contextmanager
def durable_postgres() -> Iterator[Postgres]:
    """A server that waits for its disk at every commit, as one in use does."""
    with running_postgres() as server:
        server.run("ALTER SYSTEM RESET ALL")
        server.run("SELECT pg_reload_conf()")
        yield server


# --- side by side


def dbos_on_sqlite(folder: Path, cases: int = CASES, theirs: int = DBOS_SQLITE) -> Result:
    """DBOS."""
    return _on_sqlite(folder, cases, "dbos", "DBOS", theirs, at_least=100, aim=300)


def prefect(folder: Path, cases: int = CASES, theirs: int = PREFECT) -> Result:
    """Prefect's tasks, by the Prefect that is installed with us; only shown."""
    return _on_sqlite(folder, cases, "prefect", "Prefect tasks", theirs, python=Path(sys.executable))


def spiffworkflow(folder: Path, cases: int = CASES, theirs: int = SPIFFWORKFLOW) -> Result:
    """SpiffWorkflow; only shown."""
    return _on_sqlite(folder, cases, "spiffworkflow", "SpiffWorkflow", theirs)


def _on_sqlite(
    folder: Path, cases: int, peer: str, called: str, theirs: int, *, python: Path | None = None, **reach: float
) -> Result:
    """Ours on SQLite beside a peer on SQLite, both with synchronous=FULL."""
    name, what = f"peer-{peer}-sqlite", f"reminders queued on SQLite, {cases:,} cases"
    try:
        python = python or python_for(peer)
    except NotThere as why:
        return Result(name, what, called, skipped=str(why))
    seed, numbers = kept(cases, folder), count(1)
    ours, rates = in_turn(
        lambda: _ours(f"sqlite:///{copied(seed, folder / 'ours.db')}", cases),
        lambda: on_sqlite(peer, python, theirs, folder, next(numbers)),
        runs=RUNS,
    )
    return _result(name, what, f"{called}, {theirs:,} cases", ours, rates, reach)


def dbos_on_postgres(folder: Path, cases: int = CASES, theirs: int = DBOS_POSTGRES) -> Result:
    """DBOS."""
    return _on_postgres(folder, cases, "dbos", "DBOS", theirs, at_least=20, aim=50)


def procrastinate(folder: Path, cases: int = CASES, theirs: int = PROCRASTINATE) -> Result:
    """Procrastinate."""
    return _on_postgres(folder, cases, "procrastinate", "Procrastinate", theirs, at_least=20, aim=50)


def _on_postgres(folder: Path, cases: int, peer: str, called: str, theirs: int, **reach: float) -> Result:
    """Ours beside a peer on one server, every commit of which is on disk."""
    name, what = f"peer-{peer}-postgres", f"reminders queued on Postgres, {cases:,} cases"
    try:
        python = python_for(peer)
    except NotThere as why:
        return Result(name, what, called, skipped=str(why))
    with durable_postgres() as server:
        server.run("CREATE DATABASE crowd TEMPLATE migrated")
        with database(server.address.format("crowd")) as uow:
            gather(uow, cases)

        def ours() -> float:
            with server.database("crowd") as address:
                server.run("CHECKPOINT")  # what the copy left to be written is not ours to wait for
                return _ours(address, cases)

        pairs = in_turn(ours, lambda: on_postgres(peer, python, theirs, folder, server), runs=RUNS)
    return _result(name, what, f"{called}, {theirs:,} cases", *pairs, reach)


def _result(
    name: str, what: str, beside: str, ours: tuple[float, ...], theirs: tuple[float, ...], reach: Mapping[str, float]
) -> Result:
    return Result(name, what, beside, ours, theirs, at_least=reach.get("at_least"), aim=reach.get("aim"), unit="/s")
