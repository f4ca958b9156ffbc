"""Opening a database by its address: SQLite in a file, or Postgres."""

import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from db.errors import DatabaseUnreachable, DiskFailed

WAIT = 5.0
"""Seconds that a person's command waits for somebody else's transaction."""

READS, WRITES = "reads", "writes"
INTENT = "s11flow_intent"
"""Execution option of a connection, `READS` or `WRITES`: what its transactions are for. See `db.unit_of_work`."""

_EXAMPLES = "write sqlite:///s11flow.db, or postgresql://user@host/name"


def open_engine(url: str) -> Engine:
    """Open the database at *url* and make sure that it answers; the engine is the caller's to dispose of.

    A SQLite file that is not there yet is made; its folder is not. Raises `DatabaseUnreachable`, and `DiskFailed` where
    the disk is full or failing.
    """
    parsed = _parse(url)
    engine = _open_sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _open_postgres(parsed)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
    except DBAPIError as error:
        engine.dispose()
        if is_of_the_disk(error):
            raise DiskFailed(" ".join(str(error.orig).split())) from None
        raise DatabaseUnreachable(why_unreachable(engine, error)) from None
    return engine


# Of the disk. SQLite names its errors, psycopg numbers them: disk_full, io_error.
_SQLITE_DISK = ("SQLITE_FULL", "SQLITE_IOERR")
_POSTGRES_DISK = frozenset({"53100", "58030"})


def is_of_the_disk(error: DBAPIError) -> bool:
    """Whether the disk under the database is full or failing, and nothing else is wrong."""
    name, number = getattr(error.orig, "sqlite_errorname", ""), getattr(error.orig, "sqlstate", None)
    return name.startswith(_SQLITE_DISK) or number in _POSTGRES_DISK


def why_unreachable(engine: Engine, error: DBAPIError) -> str:
    """Say in a clause what *error* means for the one who wrote the address; never with the password."""
    said = " ".join(str(error.orig).split()) or type(error.orig).__name__
    if engine.dialect.name != "sqlite":
        return f"Postgres at {_place(engine.url)} did not let us in ({said}); see that it runs, or correct the address"
    if "not a database" in said:
        return f"{engine.url.database} is not an SQLite database; name another file"
    return f"the file {engine.url.database} cannot be used ({said}); see who may write there, or name another file"


def _parse(url: str) -> URL:
    if url.count("@") > 1:  # read as it stands, a part of the password would become the host, and be shown
        raise DatabaseUnreachable("it has more than one @; write each one inside a name or password as %40")
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise DatabaseUnreachable(f"it is not the address of a database; {_EXAMPLES}") from None
    if parsed.drivername not in {"sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg"}:
        raise DatabaseUnreachable(f"{parsed.drivername!r} is not a database that s11flow works with; {_EXAMPLES}")
    return parsed


def _place(url: URL) -> str:
    port = f":{url.port}" if url.port else ""
    return f"{url.host or url.query.get('host', 'the local socket')}{port}/{url.database or ''}"


# --- SQLite


def _open_sqlite(url: URL) -> Engine:
    if url.host or url.username or url.database in {None, "", ":memory:"}:
        raise DatabaseUnreachable("it names no file; write sqlite:/// with three slashes, then the file's path")
    if url.query:
        raise DatabaseUnreachable("the address of an SQLite file takes no options; write nothing from the ? on")
    folder = Path(str(url.database)).parent
    if not folder.is_dir():
        raise DatabaseUnreachable(f"the folder {folder} does not exist; make it, or name a file somewhere else")
    engine = create_engine(url)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver would begin late and only before what it takes for a write; we say BEGIN ourselves, below.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {int(WAIT * 1000)}").close()  # first: the next one may have to wait
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    intent = connection.get_execution_options().get(INTENT)
    query_only = "ON" if intent == READS else "OFF"
    if connection.info.get("query_only") != query_only:
        connection.exec_driver_sql(f"PRAGMA query_only = {query_only}")
        connection.info["query_only"] = query_only
    if intent == WRITES:
        _begin_to_write(connection)
    else:
        connection.exec_driver_sql("BEGIN")


_BEGIN = "BEGIN IMMEDIATE"
"""A writer takes the lock before it reads: two that read first could neither of them go on."""

_LOOKS_OFTEN_FOR = 0.05
_LOOKS_AGAIN = (0.0002, 0.002)
"""Seconds after which a writer looks again whether it is its turn: at first, and when that was for long."""


def _begin_to_write(connection: Connection) -> None:
    """Begin when nobody else writes; SQLite's own error if that is not so within the connection's timeout.

    SQLite by itself looks again after 1, 2, 5, 10 and at last 100 milliseconds, and a transaction of ours often takes
    half of one: two that write by turns would sleep most of the time.
    """
    wait: float = connection.info.get("busy_timeout", WAIT)
    driver: Any = connection.connection.dbapi_connection
    driver.execute("PRAGMA busy_timeout = 0").close()
    try:
        try:
            connection.exec_driver_sql(_BEGIN)
        except DBAPIError as error:
            if not (_is_busy(error.orig) and _has_its_turn(driver, wait)):
                raise
    finally:
        with suppress(sqlite3.ProgrammingError):  # closed meanwhile: then nobody waits on it any more
            driver.execute(f"PRAGMA busy_timeout = {max(1, round(wait * 1000))}").close()


def _has_its_turn(driver: sqlite3.Connection, wait: float) -> bool:
    """Begin as soon as nobody else writes; False if that is not so for *wait* seconds."""
    begun = time.monotonic()
    while (waited := time.monotonic() - begun) < wait:
        time.sleep(_LOOKS_AGAIN[waited > _LOOKS_OFTEN_FOR])
        try:
            driver.execute(_BEGIN).close()
        except sqlite3.OperationalError as error:
            if not _is_busy(error):
                raise
        else:
            return True
    return False


def _is_busy(error: BaseException | None) -> bool:
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


# --- Postgres


def _open_postgres(url: URL) -> Engine:
    given = url.query.get("options", ())
    ours = ("-c timezone=UTC", f"-c lock_timeout={int(WAIT * 1000)}")
    options = " ".join((*ours, *((given,) if isinstance(given, str) else given)))
    return create_engine(
        url.set(drivername="postgresql+psycopg").difference_update_query(["options"]),
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        connect_args={"options": options, "connect_timeout": int(WAIT)},
    )
