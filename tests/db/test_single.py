"""One row, read or written by a statement that is compiled once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import bindparam, insert, select, update

from db import queries
from db.single import Single
from db.unit_of_work import UnitOfWork

NOON = datetime(2026, 10, 20, 12, tzinfo=UTC)
BEAT = Single(insert(queries.heartbeat), ("name", "at", "counters"))
AGAIN = Single(
    update(queries.heartbeat)
    .where(queries.heartbeat.c.name == bindparam("b_name"))
    .values(at=bindparam("at"), counters=bindparam("counters")),
    ("b_name", "at", "counters"),
)


def beats(uow: UnitOfWork) -> list[Any]:
    with uow.read() as connection:
        return [tuple(row) for row in connection.execute(select(queries.heartbeat).order_by(queries.heartbeat.c.name))]


def test_a_row_is_written_as_the_table_has_it(uow: UnitOfWork) -> None:
    with uow.write() as connection:
        for name in ("tick", "deliver"):
            BEAT.execute(connection, {"name": name, "at": NOON, "counters": "{}"})
        changed = [
            AGAIN.execute(connection, {"b_name": name, "at": NOON.replace(hour=13), "counters": "{1}"})
            for name in ("tick", "nobody")
        ]

    assert changed == [1, 0]
    assert beats(uow) == [("deliver", NOON, "{}"), ("tick", NOON.replace(hour=13), "{1}")]


def test_the_one_row_of_a_select_comes_by_the_names_of_its_columns(uow: UnitOfWork) -> None:
    one = Single(
        select(queries.heartbeat.c.counters).where(queries.heartbeat.c.name == bindparam("b_name")), ("b_name",)
    )
    with uow.write() as connection:
        BEAT.execute(connection, {"name": "tick", "at": NOON, "counters": "{}"})

        assert one.one(connection, b_name="tick").counters == "{}"


def test_a_value_that_nobody_gives_is_refused_before_anything_is_written(uow: UnitOfWork) -> None:
    short = Single(AGAIN.statement, ("b_name",))

    with (
        uow.write() as connection,
        pytest.raises(ValueError, match="The row names no at, counters, which UPDATE heartbeat"),
    ):
        short.execute(connection, {"b_name": "tick"})
