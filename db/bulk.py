"""Writes many rows by one statement, at little more than the driver's own price.

SQLAlchemy works out each row's parameters anew. Here a statement is compiled once for each dialect, a batch is turned
into the driver's values a column at a time, and the rows go to the driver as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Delete, Dialect, Insert, Update

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
        return connection.exec_driver_sql(compiled.sql, compiled.parameters(rows)).rowcount

    def _compile(self, dialect: Dialect) -> _Compiled:
        made = self.statement.compile(dialect=dialect, column_keys=list(self.names))
        order = tuple(made.positiontup or made.binds)
        if missing := set(order) - set(self.names):  # a column's default is Python's to give, and nobody asks it here
            raise ValueError(f"The rows name no {', '.join(sorted(missing))}, which {made} wants; give them a value.")
        processors = [made.binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in order]
        compiled = _Compiled(str(made), order, _values(order), processors, positional=made.positional)
        self._compiled[dialect.name] = compiled
        return compiled


@dataclass(frozen=True)
class _Compiled:
    sql: str
    order: tuple[str, ...]
    values: Callable[[Row], tuple[Any, ...]]
    processors: Sequence[Callable[[Any], Any] | None]
    positional: bool

    def parameters(self, rows: Sequence[Row]) -> list[Any]:
        columns = zip(*map(self.values, rows), strict=True)
        ready = [
            column if process is None else map(process, column)
            for process, column in zip(self.processors, columns, strict=True)
        ]
        if self.positional:
            return list(zip(*ready, strict=True))
        return [dict(zip(self.order, row, strict=True)) for row in zip(*ready, strict=True)]


def _values(order: tuple[str, ...]) -> Callable[[Row], tuple[Any, ...]]:
    if len(order) == 1:
        return lambda row: (row[order[0]],)
    return itemgetter(*order)
