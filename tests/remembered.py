"""What was done to an SQLite database once is not done again: the next database that stands so gets a copy.

Scenes are set up hundreds of times over, from the same file by the same steps. A step is remembered by what the
database held before it, byte for byte, so nothing is copied that would not have come about, short of new salts. What a
test is about is never remembered: only what leads up to it.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import closing
from hashlib import sha256

from db.unit_of_work import UnitOfWork

_AT_MOST = 100  # databases of half a megabyte or so
_HEADER = 100  # bytes, with counters that say how often a file was written
_REMEMBERED: OrderedDict[Hashable, bytes] = OrderedDict()


def once(uow: UnitOfWork, what: Hashable, do: Callable[[], object]) -> None:
    """Do it, and remember by *what* name; or, where that was done to the same before, take over what came of it."""
    if type(uow) is not UnitOfWork or uow.engine.dialect.name != "sqlite":
        do()
        return
    path = str(uow.engine.url.database)
    key = what, sha256(_content(path)[_HEADER:]).digest()
    if key in _REMEMBERED:
        _REMEMBERED.move_to_end(key)
        _write(path, _REMEMBERED[key])
        return
    do()
    _REMEMBERED[key] = _content(path)
    if len(_REMEMBERED) > _AT_MOST:
        _REMEMBERED.popitem(last=False)


def _content(path: str) -> bytes:
    with closing(sqlite3.connect(path)) as file:
        return file.serialize()


def _write(path: str, content: bytes) -> None:
    with closing(sqlite3.connect(":memory:")) as memory, closing(sqlite3.connect(path)) as file:
        memory.deserialize(content[:18] + b"\1\1" + content[20:])  # memory has no log to write ahead in
        memory.backup(file)
