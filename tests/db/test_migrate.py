"""The migrations lead to the tables, on both databases, however often and by however many they are run."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, DefaultClause, Engine, Integer, MetaData, Table, inspect
from sqlmodel import SQLModel

from db import migrate
from db.engine import open_engine
from db.types import UtcInstant
from db.unit_of_work import UnitOfWork


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Engine]:
    opened = open_engine(empty_database_url)
    yield opened
    opened.dispose()


def differences(engine: Engine, metadata: MetaData) -> list[Any]:
    """What would have to change, one thing an item; Alembic puts what changes within a column in lists."""
    with UnitOfWork(engine).read() as connection:
        found = compare_metadata(MigrationContext.configure(connection, opts=migrate.COMPARISON), metadata)
    return [one for change in found for one in (change if isinstance(change, list) else [change])]


def kinds(engine: Engine, metadata: MetaData) -> list[str]:
    return sorted(difference[0] for difference in differences(engine, metadata))


def copy_of_the_tables() -> MetaData:
    metadata = MetaData(naming_convention=SQLModel.metadata.naming_convention)
    for table in SQLModel.metadata.sorted_tables:
        table.to_metadata(metadata)
    return metadata


def test_the_migrations_lead_to_the_tables(engine: Engine) -> None:
    assert differences(engine, SQLModel.metadata) == []


def test_a_table_and_a_column_without_a_migration_are_noticed(engine: Engine) -> None:
    metadata = copy_of_the_tables()
    Table("planted", metadata, Column("id", Integer, primary_key=True))
    metadata.tables["subject"].append_column(Column("planted", Integer))

    assert kinds(engine, metadata) == ["add_column", "add_table"]


def test_a_column_that_changed_without_a_migration_is_noticed(engine: Engine) -> None:
    metadata = copy_of_the_tables()
    metadata.tables["message"].c.why.nullable = True
    metadata.tables["message"].c.attempts.type = UtcInstant()
    metadata.tables["message"].c.context.server_default = DefaultClause("planted")

    assert kinds(engine, metadata) == ["modify_default", "modify_nullable", "modify_type"]


def test_a_new_database_is_brought_to_today(empty: Engine) -> None:
    assert (migrate.current(empty), migrate.is_current(empty)) == (None, False)

    migrate.upgrade(empty)

    assert (migrate.current(empty), migrate.is_current(empty)) == (migrate.head(), True)


def test_upgrading_twice_changes_nothing(empty: Engine) -> None:
    migrate.upgrade(empty)
    before = inspect(empty).get_table_names()

    migrate.upgrade(empty)

    assert inspect(empty).get_table_names() == before


def test_an_upgrade_that_fails_half_way_leaves_nothing_behind(empty: Engine) -> None:
    with UnitOfWork(empty).write() as connection:
        connection.exec_driver_sql("CREATE TABLE waiting_mail (id INTEGER)")  # in the way of one of ours

    with pytest.raises(Exception, match="already exists"):
        migrate.upgrade(empty)

    assert inspect(empty).get_table_names() == ["waiting_mail"]


UPGRADE = """
import sys
from db import migrate
from db.engine import open_engine

engine = open_engine(sys.argv[1])
sys.stdin.readline()
migrate.upgrade(engine)
print(migrate.is_current(engine))
engine.dispose()
"""


def test_processes_that_upgrade_at_once_all_end_well(empty_database_url: str) -> None:
    command = [sys.executable, "-W", "error", "-c", UPGRADE, empty_database_url]
    others = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    ended = [process.communicate("go\n", timeout=60) for process in others]

    assert ended == [("True\n", "")] * 3


def test_a_new_sqlite_file_is_ready_in_half_a_second(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'new.db'}")
    began = perf_counter()

    migrate.upgrade(engine)

    engine.dispose()
    assert perf_counter() - began < 0.5


def test_opening_a_database_does_not_load_alembic() -> None:
    code = "import sys, db.engine, db.unit_of_work, db.tables; print('alembic' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
