"""Reads or writes one row by a statement that is run again and again, at little more than the driver's own price.

SQLAlchemy looks a statement up by its parts and works its parameters out anew each time. Here it is compiled once for
each dialect, and its values go to the driver as they are. For many rows there is `db.bulk`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, CursorResult, Dialect, Insert, Select, Update


@dataclass(frozen=True, eq=False)
class Single:
    """A statement whose parameters all come with the row, by these names."""

    statement: Insert | Update | Select[Any]
    names: tuple[str, ...]
    _compiled: dict[str, _Compiled] = field(default_factory=dict, repr=False)

    def execute(self, connection: Connection, row: Mapping[str, Any]) -> int:
        """Write *row*; gives how many rows of the table that changed."""
        return self._run(connection, row).rowcount

    def one(self, connection: Connection, **values: Any) -> Any:
        """The one row that a select finds, each column as the driver gives it; NoResultFound if there is none."""
        return self._run(connection, values).one()

    def _run(self, connection: Connection, row: Mapping[str, Any]) -> CursorResult[Any]:
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name) or self._compile(dialect)
        return connection.exec_driver_sql(compiled.sql, compiled.parameters(row))

    def _compile(self, dialect: Dialect) -> _Compiled:
        # Nobody asks for the id of a new row.
        statement = self.statement.inline() if isinstance(self.statement, Insert) else self.statement
        made = statement.compile(dialect=dialect, column_keys=list(self.names))
        order = tuple(made.positiontup or made.binds)
        if missing := set(order) - set(self.names):  # a column's default is Python's to give, and nobody asks it here
            raise ValueError(f"The row names no {', '.join(sorted(missing))}, which {made} wants; give them a value.")
        binders = [(name, made.binds[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in order]
        compiled = _Compiled(str(made), binders, positional=made.positional)
        self._compiled[dialect.name] = compiled
        return compiled


@dataclass(frozen=True)
class _Compiled:
    sql: str
    binders: Sequence[tuple[str, Callable[[Any], Any] | None]]
    positional: bool

    def parameters(self, row: Mapping[str, Any]) -> Any:
        if self.positional:
            return tuple([row[name] if bind is None else bind(row[name]) for name, bind in self.binders])
        return {name: row[name] if bind is None else bind(row[name]) for name, bind in self.binders}
