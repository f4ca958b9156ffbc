"""Writes many rows by one statement, at little more than the driver's own price.

SQLAlchemy works out each row's parameters anew. Here a statement is compiled once for each dialect, a batch is turned
into the driver's values a column at a time, and the rows go to the driver as they are. SQLite runs the statement for
each row. Postgres, to whom each row would be a message of its own, gets a batch as one array for each column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Delete, Dialect, Insert, Update
from sqlalchemy.sql.compiler import SQLCompiler

Row = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Bulk:
    """A statement whose parameters all come with the row, by these names."""

    statement: Insert | Update | Delete
    names: tuple[str, ...]
    _compiled: dict[str, _Compiled] = field(default_factory=dict, repr=False)

    def execute(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Write each of *rows*; gives how many rows of the table that changed. Nothing is done for none."""
        if not rows:
            return 0
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name) or self._compile(dialect)
        columns = compiled.columns(rows)
        values = list(zip(*columns, strict=True)) if dialect.name == "sqlite" else tuple(map(list, columns))
        return connection.exec_driver_sql(compiled.sql, values).rowcount

    def _compile(self, dialect: Dialect) -> _Compiled:
        # Nobody asks for the ids of the new rows.
        statement = self.statement.inline() if isinstance(self.statement, Insert) else self.statement
        made = statement.compile(dialect=dialect, column_keys=list(self.names))
        order = tuple(made.positiontup or made.binds)
        if missing := set(order) - set(self.names):  # a column's default is Python's to give, and nobody asks it here
            raise ValueError(f"The rows name no {', '.join(sorted(missing))}, which {made} wants; give them a value.")
        types = [made.binds[name].type.dialect_impl(dialect) for name in order]
        sql = str(made) if dialect.name == "sqlite" else _over_arrays(made, order)
        compiled = _Compiled(sql, _values(order), [kind.bind_processor(dialect) for kind in types])
        self._compiled[dialect.name] = compiled
        return compiled


@dataclass(frozen=True)
class _Compiled:
    sql: str
    values: Callable[[Row], tuple[Any, ...]]
    processors: Sequence[Callable[[Any], Any] | None]

    def columns(self, rows: Sequence[Row]) -> list[Iterable[Any]]:
        """The driver's values, a column at a time."""
        given = zip(*map(self.values, rows), strict=True)
        return [
            column if process is None else map(process, column)
            for process, column in zip(self.processors, given, strict=True)
        ]


def _values(order: tuple[str, ...]) -> Callable[[Row], tuple[Any, ...]]:
    if len(order) == 1:
        return lambda row: (row[order[0]],)
    return itemgetter(*order)


def _over_arrays(made: SQLCompiler, order: Sequence[str]) -> str:
    """The statement with the batch as a table `v`, whose columns are its parameters: in binary, the least work."""
    casts = [f"%b::{made.dialect.type_compiler_instance.process(made.binds[name].type)}[]" for name in order]
    names = ", ".join(f'"{name}"' for name in order)
    rows = f"unnest({', '.join(casts)}) AS v ({names})"
    text = re.sub(r"%\((\w+)\)s", r'v."\1"', str(made))
    if isinstance(made.statement, Insert):
        head, _, values = text.partition(" VALUES (")
        return f"{head} SELECT {values.removesuffix(')')} FROM {rows}"
    head, _, condition = text.partition(" WHERE ")
    return f"{head} {'USING' if isinstance(made.statement, Delete) else 'FROM'} {rows} WHERE {condition}"
