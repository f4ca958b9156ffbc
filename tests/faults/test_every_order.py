"""Whatever is done, in whatever order and however late the clock: the record is whole, and the forecast is kept."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import MetaData, UniqueConstraint
from sqlmodel import SQLModel

from db import queries
from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from s11flow.domain.model import CaseState, Plan
from s11flow.services import cases, subjects
from s11flow.services import tick as ticking
from s11flow.services.tick import tick
from tests.faults.conftest import Say
from tests.faults.gaps import at, house
from tests.faults.machine import Ground, Office, opened, postgres_starts, sqlite_starts
from tests.faults.syscalls import fast_folder
from tests.postgres import Postgres

pytestmark = pytest.mark.timeout(900)  # what fails is made small before it is told, and that takes a while

STEPS = 50
PARTS = 4
"""The long run is cut into so many, each from a number of its own: several processes may share them."""
_FOUND = Path(__file__).resolve().parents[2] / "build" / "hypothesis"
"""Examples that failed, to be tried first the next time; git does not keep them."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The parts of the long run; the short one is one part."""
    if "part" in metafunc.fixturenames:
        parts = PARTS if metafunc.config.getoption("--thorough") else 1
        metafunc.parametrize("part", range(parts), ids=[f"{number}-of-{parts}" for number in range(1, parts + 1)])


@pytest.fixture(scope="module")
def ground(migrated_sqlite: Path) -> Iterator[Ground]:
    """A SQLite database to play on, in memory if there is room: who dies here leaves the kernel all it wrote."""
    with (
        TemporaryDirectory(dir=fast_folder(), prefix="s11flow-machine-") as folder,
        _ground(migrated_sqlite.read_bytes(), Path(folder)) as made,
    ):
        yield made


@contextmanager
def _ground(migrated: bytes, folder: Path, only: tuple[str, ...] = ()) -> Iterator[Ground]:
    path = folder / "played.db"
    path.write_bytes(migrated)
    with house(path) as uow:
        yield sqlite_starts(uow.engine, path, folder, only=only)


def _played(ground: Ground, examples: int, began: int, *, phases: tuple[Phase, ...] = tuple(Phase)) -> None:
    """Let the machine run; the number it *began* from gives the same run again. What failed is tried first."""
    machine = seed(began)(type("Office", (Office,), {"ground": ground}))
    remembers = Phase.reuse in phases
    how = settings(
        max_examples=examples, stateful_step_count=STEPS, deadline=None,
        database=DirectoryBasedExampleDatabase(_FOUND) if remembers else None,
        suppress_health_check=list(HealthCheck), phases=phases, print_blob=True,
    )  # fmt: skip
    try:
        run_state_machine_as_test(machine, settings=how)
    except BaseException as error:
        error.add_note(f"To see it again: FAULTS_SEED={began}")
        raise


def _anywhere() -> int:
    """A number to begin from: another one each time, or FAULTS_SEED."""
    return int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(2**32))


def test_whatever_is_done_the_record_is_whole(part: int, ground: Ground, thorough: bool, say: Say) -> None:
    ground.counted.clear()
    _played(ground, 2000 // PARTS if thorough else 30, began := _anywhere())

    say(seed=began, steps=STEPS, **dict(ground.counted.most_common()))


@pytest.mark.postgres
def test_and_on_postgres(postgres: Postgres, tmp_path: Path, thorough: bool, say: Say) -> None:
    with postgres_starts(postgres, tmp_path, ("June", "October", "November") if thorough else ("October",)) as ground:
        _played(ground, 60 if thorough else 2, began := _anywhere(), phases=(Phase.generate,))

    say(seed=began, steps=STEPS, **dict(ground.counted.most_common()))


def test_one_case_that_cannot_be_settled_stops_no_other(migrated_sqlite: Path, tmp_path: Path) -> None:
    assert _asked(migrated_sqlite, tmp_path) == {"GSCP-2026-02", "GSCP-2026-06"}


def _asked(migrated_sqlite: Path, folder: Path) -> set[str]:
    """The cases that are asked for their report while one of them, 01, cannot be worked out."""
    path = folder / "failing.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    with house(path) as uow, pytest.MonkeyPatch.context() as patched:
        opened(uow, folder)
        patched.setattr(ticking, "planned", _fails_for_one)
        with suppress(ZeroDivisionError):  # without the guard it ends here
            tick(uow, now=at("2026-07-06 09:00"))
        return _in_state(uow, CaseState.REQUESTED)


def _fails_for_one(loaded: subjects.Loaded, now: datetime) -> Plan[Any]:
    if loaded.ref == "GSCP-2026-01":
        raise ZeroDivisionError
    return _planned(loaded, now)


_planned = ticking.planned


def _in_state(uow: UnitOfWork, state: CaseState) -> set[str]:
    with uow.read() as connection:
        rows = connection.execute(queries.subject.select().where(queries.subject.c.state == state.value))
        return {row.ref for row in rows}


# --- controls: without its guard each of these is found --------------------------------------------------------------


def _is_found(ground: Ground) -> str:
    """What the machine says is wrong, the same each time; it does not try to make it small."""
    try:
        _played(ground, 40, 1, phases=(Phase.generate,))
    except Exception as found:
        return " ".join(str(error) for error in getattr(found, "exceptions", (found,)))
    return ""


def test_control_acts_that_do_not_settle_first_are_found(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "settle", lambda rules, facts, now: Plan(facts))

    assert "was not done before the act" in _is_found(ground)


def test_control_a_state_that_no_history_leads_to_is_found(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    true_state = subjects._state_of

    def wrong(facts: Any) -> str:
        state = true_state(facts)
        return "ACCEPTED" if state == "SUBMITTED" else state

    monkeypatch.setattr(subjects, "_state_of", wrong)

    assert re.search("its history leads to|says that case was", _is_found(ground))


def test_control_a_failing_case_that_is_not_set_aside_stops_the_others(
    migrated_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_set_aside(connection: Any, subject_id: int, error: BaseException, now: datetime) -> None:
        raise error

    monkeypatch.setattr(ticking, "_set_aside", not_set_aside)

    assert _asked(migrated_sqlite, tmp_path) != {"GSCP-2026-02", "GSCP-2026-06"}


def test_control_actions_done_twice_are_found_when_nothing_forbids_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the keys of the database, and without the clock's own look at what is done."""
    path = tmp_path / "without.db"
    _without_unique_keys(path)
    with _ground(path.read_bytes(), tmp_path, ("June",)) as ground:
        monkeypatch.setattr(queries, "done_keys", lambda connection, ids: {subject_id: set() for subject_id in ids})

        assert _is_found(ground) != ""


def _without_unique_keys(path: Path) -> None:
    """The tables, and no rule that a letter or a due action is there once."""
    tables = MetaData()
    for table in SQLModel.metadata.tables.values():
        table.to_metadata(tables)
    for name in ("message", "history"):
        table = tables.tables[name]
        table.constraints -= {x for x in table.constraints if isinstance(x, UniqueConstraint)}
        table.indexes -= {x for x in table.indexes if x.unique}
    engine = open_engine(f"sqlite:///{path}")
    tables.create_all(engine)
    engine.dispose()
