"""The README's commands for Prefect, typed as they stand: a real server, two real workers and Postgres play a year."""

import json
import os
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from sqlalchemy import insert, select, text

from db import queries
from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from s11flow import schedule
from s11flow.app import App, build_app
from s11flow.services.forecast import forecast
from s11flow.services.heartbeat import last_beats
from s11flow.settings import Settings
from tests.stories.year import broken, end_of, legal_panel_days, opened

ROOT = Path(__file__).resolve().parents[2]
YEAR = 2039  # after any clock that runs this: what the schedule itself starts, as of now, finds nothing owed yet
PANEL_DAYS = legal_panel_days(YEAR)[:3]
OPENED = datetime.fromisoformat(f"{YEAR}-06-01T08:00+00:00")
PATIENCE = 180.0  # seconds for any one thing on a busy machine; each takes from 3 to 20
MORE_THAN_ONE_TAKES = 4  # the README lets each worker run two
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


# --- the README


def readme_commands() -> list[str]:
    """The lines of the first block below "With Prefect", without their comments."""
    below = (ROOT / "README.md").read_text("utf-8").partition("**With Prefect**")[2]
    block = re.search(r"^```sh\n(.*?)^```", below, re.MULTILINE | re.DOTALL)
    assert block
    return [shlex.join(shlex.split(line, comments=True)) for line in block[1].splitlines()]


MIGRATE, SERVER, *ONCE, WORKER = readme_commands()


def test_the_readme_says_what_is_run_below() -> None:
    assert [line.split()[:3] for line in (MIGRATE, SERVER, *ONCE, WORKER)] == [
        ["s11flow", "migrate"],
        ["python", "-m", "flows.server"],
        ["prefect", "work-pool", "create"],
        ["prefect", "deploy", "--all"],
        ["prefect", "worker", "start"],
    ]


# --- what is typed, and what is asked of the server


@dataclass(frozen=True)
class Shell:
    """Where the README's lines are typed: the project's folder, with a server of the test's own on loopback."""

    port: int
    environ: dict[str, str]
    logs: Path

    def run(self, line: str) -> None:
        """Type a command and insist on its success."""
        done = subprocess.run(
            ["bash", "-c", line], cwd=ROOT, env=self.environ, capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"

    @contextmanager
    def running(self, name: str, line: str) -> Iterator[None]:
        """Keep a command running in a process group of its own, and end all of it afterwards."""
        with (self.logs / f"{name}.log").open("w") as log:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {line}"],
                cwd=ROOT,
                env=self.environ,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                yield
            finally:
                end(process)

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the server's API: POST *body* if there is one, else GET."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        for left in range(20, -1, -1):
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return json.load(answer)
            except HTTPError as error:  # its own SQLite was busy, and it did nothing
                if error.code != 503 or not left:
                    raise
                time.sleep(0.5)
        raise AssertionError("not reached")

    def is_healthy(self) -> bool:
        try:
            return self.ask("health") is True
        except OSError:  # all that urllib raises
            return False

    def run_at_once(self, name: str, count: int, now: datetime) -> None:
        """Have *count* runs of a deployment made as of *now*, and wait until each has ended well."""
        deployment = self.ask(f"deployments/name/{name}/{name}")["id"]
        asked = {"parameters": {"now": now.isoformat()}}
        ids = [self.ask(f"deployments/{deployment}/create_flow_run", asked)["id"] for _ in range(count)]

        def states() -> list[str]:
            found = self.ask("flow_runs/filter", {"flow_runs": {"id": {"any_": ids}}})
            return [str(run["state_type"]) for run in found]

        assert wait_until(lambda: set(states()) <= ENDED), self.said()
        assert states() == ["COMPLETED"] * count, self.said()

    def scheduled(self, name: str) -> list[str]:
        """How the runs stand that the schedule of a deployment made and whose time has come."""
        found = self.ask(
            "flow_runs/filter",
            {
                "deployments": {"name": {"any_": [name]}},
                "flow_runs": {"state": {"type": {"any_": sorted(ENDED)}}},
            },
        )
        return [str(run["state_type"]) for run in found if run["auto_scheduled"]]

    def said(self) -> str:
        """The end of what each process wrote, for whoever reads of a failure."""
        return "\n".join(f"--- {log.name}\n{log.read_text()[-3000:]}" for log in sorted(self.logs.glob("*.log")))


def end(process: subprocess.Popen[bytes]) -> None:
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)  # its own group: what it started goes with it
            process.wait(20)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(holds: Callable[[], bool]) -> bool:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        if holds():
            return True
        time.sleep(0.5)
    return False


@pytest.fixture
def shell(tmp_path: Path, postgres: Any) -> Iterator[Shell]:
    """A shell with a Postgres database that is still empty; nothing of the machine's own settings reaches it."""
    port, logs = free_port(), tmp_path / "logs"
    logs.mkdir()
    passed_on = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "S11FLOW_"))}
    python = tmp_path / "bin"  # `prefect` and `s11flow` of the interpreter that runs the tests, wherever it lies
    python.mkdir()
    for name, words in (("prefect", "-m prefect"), ("s11flow", "-m s11flow"), ("python", "")):
        (python / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        (python / name).chmod(0o755)
    with postgres.database("template0") as url:
        environ = {
            **passed_on,
            "PATH": f"{python}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "S11FLOW_DATABASE_URL": url,
            "S11FLOW_MAIL_URL": f"folder:{tmp_path / 'outbox'}",
            "S11FLOW_DOCUMENTS_DIR": str(tmp_path / "documents"),
            "PREFECT_HOME": str(tmp_path / "prefect"),
            "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
            "PREFECT_SERVER_API_PORT": str(port),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "PREFECT_WORKER_QUERY_SECONDS": "1",  # by default they look for work every ten
            # By default an hour of runs is written for each deployment, and the database is busy with that.
            "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_RUNS": "1",
            "PREFECT_SERVER_SERVICES_SCHEDULER_MAX_RUNS": "2",
            "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_SCHEDULED_TIME": "PT1M",
        }
        yield Shell(port, environ, logs)


# --- the year


def instants(uow: UnitOfWork) -> list[datetime]:
    """When agencies are asked, invited and reported to the Chair, and the end of the year."""
    end = datetime.fromisoformat(f"{end_of(YEAR, PANEL_DAYS)}T12:00+00:00")
    ahead = forecast(uow, now=OPENED, to=end)
    kinds = ("report_request", "panel_invitation", "escalation")
    return [*(min(letter.at for letter in ahead if letter.kind == kind) for kind in kinds), end]


def copy_rows(from_: UnitOfWork, to: UnitOfWork) -> None:
    """Fill the empty tables of a Postgres database with the rows of another one."""
    with from_.read() as reading, to.write() as writing:
        for table in queries.subject.metadata.sorted_tables:
            if rows := [dict(row._mapping) for row in reading.execute(select(table).order_by(*table.primary_key))]:
                writing.execute(insert(table), rows)
            if "id" in table.c and rows:
                next_id = "SELECT setval(pg_get_serial_sequence(:name, 'id'), :newest)"
                writing.execute(text(next_id), {"name": table.name, "newest": rows[-1]["id"]})


def letters(uow: UnitOfWork, outbox: Path) -> list[dict[str, Any]]:
    """Every row of the outbox whole, but for the order in which they came and the folder that they went to."""
    with uow.read() as connection:
        found = connection.execute(select(queries.message).order_by(queries.message.c.dedupe_key))
        rows = [dict(row._mapping) for row in found]
    for row in rows:
        del row["id"]
        row["status_why"] = row["status_why"].replace(str(outbox), "the outbox")
        if row["kind"] == "digest":  # it carries the checkpoint of histories whose private parts are salted
            del row["context"], row["digest"], row["raw"]
    return rows


@dataclass(frozen=True)
class Year:
    """A year that one worker's rows played on SQLite, and how it stood before it began."""

    app: App
    outbox: Path
    before: UnitOfWork
    instants: list[datetime]


@pytest.fixture
def one_worker(sqlite_url: str, tmp_path: Path) -> Iterator[Year]:
    outbox = tmp_path / "outbox-of-one"
    with closing(build_app(Settings(database_url=sqlite_url, mail_url=f"folder:{outbox}"))) as app:
        opened(app.unit_of_work, year=YEAR, panel_days=PANEL_DAYS, now=OPENED)
        before = tmp_path / "before.db"
        with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
            connection.execute("VACUUM INTO ?", (str(before),))
        kept = open_engine(f"sqlite:///{before}")
        turns = instants(app.unit_of_work)
        for now in turns:
            for name in ("tick", "deliver"):
                schedule.run(schedule.row(name), app, now)
        yield Year(app, outbox, UnitOfWork(kept), turns)
        kept.dispose()


@pytest.mark.prefect_server
@pytest.mark.postgres
@pytest.mark.timeout(600)
def test_two_workers_on_postgres_leave_the_outbox_of_one(one_worker: Year, shell: Shell, tmp_path: Path) -> None:
    shell.run(MIGRATE)
    app = build_app(Settings(database_url=shell.environ["S11FLOW_DATABASE_URL"]))
    with closing(app), ExitStack() as running:
        running.enter_context(shell.running("server", SERVER))
        copy_rows(one_worker.before, app.unit_of_work)
        assert wait_until(shell.is_healthy), shell.said()
        for line in ONCE:
            shell.run(line)
        for name in ("worker-1", "worker-2"):
            running.enter_context(shell.running(name, WORKER))

        at_once = ((MORE_THAN_ONE_TAKES, 2), (2, 1), (2, 1), (2, 2))  # each run takes seconds of a core
        for (ticks, deliveries), now in zip(at_once, one_worker.instants, strict=True):
            shell.run_at_once("tick", ticks, now)
            shell.run_at_once("deliver", deliveries, now)

        deployed = {name: shell.ask(f"deployments/name/{name}/{name}")["schedules"] for name in ("tick", "deliver")}
        assert {name: [each["schedule"]["interval"] for each in found] for name, found in deployed.items()} == {
            "tick": [60.0],
            "deliver": [60.0],
        }
        assert wait_until(lambda: bool(shell.scheduled("tick"))), shell.said()
        assert set(shell.scheduled("tick")) == {"COMPLETED"}
        took = ["submitting flow run" in (shell.logs / f"worker-{n}.log").read_text() for n in (1, 2)]
        assert took == [True, True]
        (newest,) = shell.ask("artifacts/latest/filter", {"artifacts": {"key": {"any_": ["deliver"]}}})

        found = letters(app.unit_of_work, tmp_path / "outbox")
        expected = letters(one_worker.app.unit_of_work, one_worker.outbox)
        assert [row["dedupe_key"] for row in found] == [row["dedupe_key"] for row in expected]
        assert found == expected
        assert {row["status"] for row in found} == {"SENT"}
        assert broken(app.unit_of_work, now=one_worker.instants[-1]) == ()
        with app.unit_of_work.read() as connection:
            beats = last_beats(connection)
        assert set(json.loads(newest["data"])[0]) == set(beats["deliver"].counters)
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == len(found)
