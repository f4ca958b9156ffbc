"""Bringing a database to the tables of this release, and telling whether it is there."""

from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from db.unit_of_work import UnitOfWork

PATIENCE = 60.0
"""Seconds that a migration waits for another process that migrates the same database."""

_TURN = 0x73313166  # Postgres knows the lock by this number; any would do, as long as it is always the same


def _default_differs(
    _context: object, _there: object, _wanted: object, there: str | None, _value: object, wanted: str | None
) -> bool | None:
    """Say that an empty text is an empty text however it is quoted, which Alembic misses; leave it the rest (None)."""
    is_empty = (there, wanted) in {("('')", ""), ("''", "")}
    return False if is_empty else None


COMPARISON: dict[str, Any] = {"render_as_batch": True, "compare_type": True, "compare_server_default": _default_differs}
"""How the tables and a database are compared: by types and by defaults too."""


def upgrade(engine: Engine) -> None:
    """Bring the database to `head()` in one transaction; harmless when it is there, or when another process does it.

    Raises `Busy` when somebody else holds the database for more than `PATIENCE` seconds.
    """
    if is_current(engine):
        return
    with UnitOfWork(engine).rebuild(wait=PATIENCE) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _TURN})
        # Another process that came first has committed by now: Alembic looks again, and finds nothing left to do.
        command.upgrade(configuration(connection), "head")


def current(engine: Engine) -> str | None:
    """Give the revision that the database is at; None where there are no tables of ours."""
    with UnitOfWork(engine).read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@cache
def head() -> str | None:
    """Give the revision that this release works with; None only before the first migration is written."""
    return ScriptDirectory.from_config(configuration()).get_current_head()


def is_current(engine: Engine) -> bool:
    """Say whether the database has exactly the tables that this release works with."""
    return current(engine) == head()


def is_known(revision: str) -> bool:
    """Say whether this release has heard of *revision*; it has not of what a newer one made."""
    scripts = ScriptDirectory.from_config(configuration())
    return revision in {script.revision for script in scripts.walk_revisions()}


def configuration(connection: Connection | None = None) -> Config:
    """Give what Alembic's own commands need, to work on *connection* in its transaction; it reads no file."""
    config = Config(attributes={"connection": connection})
    folder = str(Path(__file__).with_name("migrations"))
    config.set_main_option("script_location", folder.replace("%", "%%"))  # a % would be taken for a placeholder
    config.set_main_option("path_separator", "os")
    return config
