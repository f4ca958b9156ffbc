"""A migrated SQLite file with the register in it, to copy: every year is told from there."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from tests.stories.year import registered

NewHouse = Callable[[], UnitOfWork]


@pytest.fixture(scope="session")
def register_file(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the partnership and its register, and no cycle."""
    path = Path(shutil.copy(migrated_sqlite, tmp_path_factory.mktemp("register") / "register.db"))
    engine = open_engine(f"sqlite:///{path}")
    registered(UnitOfWork(engine))
    engine.dispose()
    return path


@pytest.fixture(scope="module")
def new_house(register_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewHouse]:
    """Gives a copy of that database at each call."""
    engines: list[Engine] = []

    def make() -> UnitOfWork:
        path = shutil.copy(register_file, tmp_path_factory.mktemp("house") / "s11flow.db")
        engines.append(open_engine(f"sqlite:///{path}"))
        return UnitOfWork(engines[-1])

    yield make
    for engine in engines:
        engine.dispose()


@pytest.fixture
def house(new_house: NewHouse) -> UnitOfWork:
    """One such database of the test's own."""
    return new_house()
