"""What was done to a database once is not done again: the next database that stands so gets a copy.

Scenes are set up hundreds of times over, from the same tables by the same steps. A step is remembered by what the
database held before it, byte for byte, so nothing is copied that would not have come about, short of new salts. What a
test is about is never remembered: only what leads up to it.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import closing
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Engine

from db.unit_of_work import UnitOfWork
from tests.postgres import GUARDED, UNGUARDED, empty, filled_tables

_AT_MOST = 100  # databases of half a megabyte or so
_HEADER = 100  # bytes of an SQLite file, with counters that say how often it was written
_REMEMBERED: OrderedDict[Hashable, Any] = OrderedDict()


def once(uow: UnitOfWork, what: Hashable, do: Callable[[], object]) -> None:
    """Do it, and remember by *what* name; or, where that was done to the same before, take over what came of it."""
    read, write = (_content, _write) if uow.engine.dialect.name == "sqlite" else (_rows, _write_rows)
    before = read(uow.engine) if type(uow) is UnitOfWork else None
    if before is None:
        do()
        return
    key = what, _digest(before)
    if key in _REMEMBERED:
        _REMEMBERED.move_to_end(key)
        write(uow.engine, _REMEMBERED[key])
        return
    do()
    _REMEMBERED[key] = read(uow.engine)
    if len(_REMEMBERED) > _AT_MOST:
        _REMEMBERED.popitem(last=False)


def _digest(content: Any) -> bytes:
    if isinstance(content, bytes):
        return sha256(content[_HEADER:]).digest()
    tables, numbers = content  # in which order rows lie in a table is chance: it depends on what was removed before
    return sha256(
        repr((sorted((name, sorted(rows.split(b"\n"))) for name, rows in tables.items()), numbers)).encode()
    ).digest()


# --- SQLite: the bytes of the file


def _content(engine: Engine) -> bytes:
    with closing(sqlite3.connect(str(engine.url.database))) as file:
        return file.serialize()


def _write(engine: Engine, content: bytes) -> None:
    with closing(sqlite3.connect(":memory:")) as memory, closing(sqlite3.connect(str(engine.url.database))) as file:
        memory.deserialize(content[:18] + b"\1\1" + content[20:])  # memory has no log to write ahead in
        memory.backup(file)


# --- Postgres: the rows of every table as COPY gives them, and the next number of each


_NUMBERS = "SELECT sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL ORDER BY 1"


def _rows(engine: Engine) -> tuple[dict[str, bytes], list[tuple[str, int]]] | None:
    """None where we may not write them back."""
    with engine.connect() as connection:
        if connection.exec_driver_sql("SHOW is_superuser").scalar() != "on":
            return None
        numbers = [(name, number) for name, number in connection.exec_driver_sql(_NUMBERS)]
        return {name: _copied(connection, name) for name in filled_tables(connection)}, numbers


def _copied(connection: Connection, table: str) -> bytes:
    with _cursor(connection) as cursor, cursor.copy(f"COPY {table} TO STDOUT") as copy:
        return b"".join(copy)


def _write_rows(engine: Engine, content: tuple[dict[str, bytes], list[tuple[str, int]]]) -> None:
    tables, numbers = content
    with engine.begin() as connection:
        empty(connection)
        connection.exec_driver_sql(UNGUARDED)
        for table, rows in tables.items():
            with _cursor(connection) as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(rows)
        for name, number in numbers:
            connection.exec_driver_sql(f"SELECT setval('{name}', {number})")
        connection.exec_driver_sql(GUARDED)


def _cursor(connection: Connection) -> Any:
    driver: Any = connection.connection.driver_connection
    return driver.cursor()
