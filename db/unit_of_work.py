"""Transactions: one to read in, one to change things in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, RootTransaction
from sqlalchemy.exc import DBAPIError

from db.engine import INTENT, READS, WAIT, WRITES, is_of_the_disk, why_unreachable
from db.errors import Busy, DatabaseProblem, DatabaseUnreachable, DiskFailed, OutcomeUnknown

# Postgres: lock_not_available, deadlock_detected, serialization_failure.
_LOCKED = frozenset({"55P03", "40P01", "40001"})

_SQLITE_CLOSED_TO_US = "SQLITE_READONLY"

# SQLite reads of one moment anyway, and is told when the transaction begins that nothing is to be written.
_READING: dict[str, dict[str, Any]] = {
    "sqlite": {INTENT: READS},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}


@dataclass(frozen=True)
class UnitOfWork:
    """Hands out connections, each in one transaction that ends with its `with`. Safe to share between threads."""

    engine: Engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection to read with; all that is read is of one moment, and the database refuses to write."""
        with self._errors_in_our_words(WAIT, writes=False), self.engine.connect() as plain:
            connection = plain.execution_options(**_READING[plain.dialect.name])
            with connection.begin() as transaction:
                yield connection
                transaction.rollback()

    @contextmanager
    def write(self, wait: float = WAIT) -> Iterator[Connection]:
        """Give a connection whose changes are kept all together at the end, or, after any exception, not at all.

        Raises `Busy` when somebody else's transaction is in the way for more than *wait* seconds, and `OutcomeUnknown`
        when the database was lost at the end, so that nobody knows which of the two it is.
        """
        with self._errors_in_our_words(wait), self.engine.connect() as plain, _writing(plain, wait) as connection:
            yield connection

    @contextmanager
    def rebuild(self, wait: float = WAIT) -> Iterator[Connection]:
        """Like `write`, to change the tables themselves: references may point nowhere until the end, not after it."""
        with self._errors_in_our_words(wait), self.engine.connect() as plain:
            if _is_sqlite(plain):
                plain.detach()  # closed afterwards: no other transaction gets a connection that watches no references
                _pragma(plain, "foreign_keys = OFF")
            with _writing(plain, wait) as connection:
                yield connection
                _refuse_broken_references(connection)

    @contextmanager
    def _errors_in_our_words(self, wait: float, *, writes: bool = True) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            problem = self._problem(error, wait, writes)
            if problem is None:
                raise
            raise problem from error

    def _problem(self, error: DBAPIError, wait: float, writes: bool) -> DatabaseProblem | None:
        if _is_locked(error):
            return Busy(wait)
        if _is_of_the_disk(error, writes):
            return DiskFailed(" ".join(str(error.orig).split()))
        # Without a statement it was the connection that could not be had.
        if error.connection_invalidated or error.statement is None:
            return DatabaseUnreachable(why_unreachable(self.engine, error))
        return None


@contextmanager
def _writing(plain: Connection, wait: float) -> Iterator[Connection]:
    connection = plain.execution_options(**{INTENT: WRITES})
    if _is_sqlite(connection) and connection.info.get("busy_timeout") != wait:
        _pragma(connection, f"busy_timeout = {_milliseconds(wait)}")
        connection.info["busy_timeout"] = wait
    with connection.begin() as transaction:
        if not _is_sqlite(connection) and wait != WAIT:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_milliseconds(wait)}")
        yield connection
        if transaction.is_active:  # else whoever had it has undone it already
            _commit(transaction)


def _commit(transaction: RootTransaction) -> None:
    try:
        transaction.commit()
    except DBAPIError as error:
        if _is_no_answer(error):
            raise OutcomeUnknown(" ".join(str(error.orig).split())) from error
        raise


def _is_no_answer(error: DBAPIError) -> bool:
    """Whether what we heard at a commit leaves open if it was done: a connection that broke, a disk that failed."""
    failed_disk = getattr(error.orig, "sqlite_errorname", "").startswith("SQLITE_IOERR")
    return failed_disk or error.connection_invalidated


def _refuse_broken_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all() if _is_sqlite(connection) else []
    if broken:
        raise RuntimeError(f"The tables were not changed: {len(broken)} references would point nowhere, {broken[0]!r}.")


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _pragma(connection: Connection, pragma: str) -> None:
    """Set what SQLite only takes while no transaction is open."""
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _milliseconds(wait: float) -> int:
    return max(1, round(wait * 1000))  # Postgres would take 0 for "for ever"


# Only these two drivers are there: SQLite's names its errors, psycopg's number them.


def _is_locked(error: DBAPIError) -> bool:
    return _name(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) or _number(error) in _LOCKED


def _is_of_the_disk(error: DBAPIError, writes: bool) -> bool:
    # Who may only read and is told so has a bug, and not a disk that cannot be written.
    closed = writes and _name(error).startswith(_SQLITE_CLOSED_TO_US)
    return closed or is_of_the_disk(error)


def _name(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlite_errorname", ""))


def _number(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
