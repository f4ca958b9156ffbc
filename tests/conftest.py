"""Databases for every test that asks for one: a real SQLite file, and a real Postgres."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from sqlalchemy import Engine

from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from tests.postgres import Postgres, migrated, running_postgres

# No test fails for being slow on a busy machine: speed is measured in benchmarks/, as a ratio.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# `python -m tests.mutants` runs a test hundreds of times, and asks only whether it fails.
settings.register_profile(
    "mutants",
    parent=settings.get_profile("suite"),
    max_examples=10,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
)
settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The long versions of the proofs in tests/faults, and every service on both databases."""
    parser.addoption("--thorough", action="store_true", help="run the proofs of tests/faults at their full length")
    parser.addoption(
        "--both", action="store_true", help="run every test of tests/services on Postgres too, as `make test` does"
    )


ON_BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]

_TESTS = Path(__file__).parent
_LONG = ("faults", "services", "stories", "demo", "cli")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of the services' tests, those that are not marked `on_both` run on Postgres with `--both` only.

    All of them speak to either database through the same statements. Those that are marked are about what the two could
    do differently, and together they have Postgres run each statement of the services at least once.

    Files that take long come first, so that in the end no process has one left while the other is done.
    """
    spared = [] if config.getoption("--both") else [item for item in items if _is_spared(item)]
    if spared:
        config.hook.pytest_deselected(items=spared)
        items[:] = [item for item in items if not _is_spared(item)]
    items.sort(key=lambda item: _room(item) not in _LONG)


def _is_spared(item: pytest.Item) -> bool:
    on = getattr(item, "callspec", None)
    on_postgres = on is not None and "postgres" in on.params.values()
    return on_postgres and _room(item) == "services" and not item.get_closest_marker("on_both")


def _room(item: pytest.Item) -> str:
    return item.path.relative_to(_TESTS).parts[0] if item.path.is_relative_to(_TESTS) else ""


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server for this worker; started only if a test wants it."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    path = tmp_path_factory.mktemp("template") / "migrated.db"
    migrated(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_sqlite: Path) -> str:
    """The address of a migrated SQLite file of the test's own."""
    return f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 's11flow.db')}"


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The address of a migrated Postgres database of the test's own. Mark the test `postgres`."""
    with postgres.database() as url:
        yield url


@pytest.fixture(params=ON_BOTH)
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a migrated database; the test runs once for each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=ON_BOTH)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables; the test runs once for each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        with request.getfixturevalue("postgres").database("template0") as url:
            yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A migrated database, open; the test runs once for each kind."""
    opened = open_engine(database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def uow(engine: Engine) -> UnitOfWork:
    """Transactions on a migrated database; the test runs once for each kind."""
    return UnitOfWork(engine)
