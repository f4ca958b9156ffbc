"""Prefect's flows, the worker's schedule and the command line do the same: each gives the same outbox over a year."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from calendars import london
from db import queries
from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from flows.deliver import deliver
from flows.tick import tick
from s11flow import schedule, worker
from s11flow.app import App, build_app
from s11flow.cli import app as cli
from tests.stories.year import ENDS, OPENED, Row, broken, next_owed, opened, outbox

Driver = Callable[[datetime], None]

BY_EACH = ("flows", "worker", "command line")


def _flows(_: App) -> Driver:
    def drive(now: datetime) -> None:
        tick.fn(now=now)
        deliver.fn(now=now)

    return drive


def _worker(app: App) -> Driver:
    """At the times its own scheduler would fire next, which nothing waits for."""
    rows = [schedule.row(name) for name in ("tick", "deliver")]
    triggers = {row.name: worker.trigger(row, OPENED + timedelta(seconds=17)) for row in rows}

    def drive(now: datetime) -> None:
        for row in rows:
            fires_at = next(worker.walk(triggers[row.name], now, now + timedelta(minutes=2)))
            schedule.run(row, app, fires_at)

    return drive


def _command_line(_: App) -> Driver:
    def drive(now: datetime) -> None:
        for command in ("tick", "deliver"):
            said = CliRunner().invoke(cli, [command, "--now", london.iso(now), "--json"], catch_exceptions=False)
            assert (said.exit_code, said.stderr) == (0, "")

    return drive


DRIVERS = dict(zip(BY_EACH, (_flows, _worker, _command_line), strict=True))


def _instants(uow: UnitOfWork) -> Iterator[datetime]:
    """Each instant at which a case or a panel day is owed something, as the year goes."""
    now = OPENED
    while now < ENDS:
        yield now
        owed = next_owed(uow)
        assert owed is None or owed > now, "what was owed has not been done"
        now = ENDS if owed is None else owed


@pytest.fixture(scope="module")
def opened_file(register_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the cycle open."""
    path = Path(shutil.copy(register_file, tmp_path_factory.mktemp("opened") / "opened.db"))
    engine = open_engine(f"sqlite:///{path}")
    opened(UnitOfWork(engine))
    engine.dispose()
    return path


@pytest.fixture(scope="module")
def driven(
    request: pytest.FixtureRequest, opened_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, App]]:
    """The year as each of the three drives it, each with a folder and a database of its own."""
    patch = pytest.MonkeyPatch()
    found: dict[str, App] = {}
    for name in BY_EACH:
        folder = tmp_path_factory.mktemp(name.replace(" ", "-"))
        shutil.copy(opened_file, folder / "s11flow.db")
        patch.setenv("S11FLOW_DATABASE_URL", f"sqlite:///{folder / 's11flow.db'}")
        patch.setenv("S11FLOW_MAIL_URL", f"folder:{folder / 'outbox'}")
        found[name] = build_app(root=folder)
        drive = DRIVERS[name](found[name])
        for now in _instants(found[name].unit_of_work):
            drive(now)
    patch.undo()
    yield found
    for app in found.values():
        app.close()


def _sent(app: App) -> list[tuple[Row, str]]:
    """Every letter and how it stands."""
    with app.unit_of_work.read() as connection:
        rows = connection.execute(select(queries.message.c.dedupe_key, queries.message.c.status))
        status = {row.dedupe_key: row.status for row in rows}
    return [(row, status[row.dedupe_key]) for row in outbox(app.unit_of_work)]


@pytest.mark.timeout(300)  # three years, the first of which loads Prefect
def test_each_driver_gives_the_same_outbox(driven: dict[str, App]) -> None:
    flows, by_worker, commands = (_sent(driven[name]) for name in BY_EACH)

    assert flows == by_worker
    assert flows == commands
    assert len(flows) > 250
    assert {status for _, status in flows} == {"SENT"}


@pytest.mark.parametrize("name", BY_EACH)
def test_each_leaves_every_letter_as_a_file_and_the_record_whole(driven: dict[str, App], name: str) -> None:
    app = driven[name]

    assert len(list((app.root / "outbox").glob("*.eml"))) == len(outbox(app.unit_of_work))
    assert broken(app.unit_of_work) == ()
