"""Many rows by one statement."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from db import queries
from db.bulk import Bulk
from db.tables import Heartbeat
from db.unit_of_work import UnitOfWork

BEATS = queries.table(Heartbeat)
COLUMNS = ("name", "at", "counters")
NOON = datetime(2026, 10, 20, 12, tzinfo=UTC)
ADD = Bulk(insert(BEATS), COLUMNS)
ROWS: list[dict[str, Any]] = [
    {"name": "tick", "at": NOON, "counters": "{}"},
    {"name": "deliver", "at": NOON + timedelta(hours=1), "counters": '{"sent":1}'},
    {"name": "50% Ö", "at": NOON, "counters": "?%s:x"},
]


def kept(uow: UnitOfWork) -> list[tuple[Any, ...]]:
    with uow.read() as connection:
        return [tuple(row) for row in connection.execute(select(BEATS).order_by(BEATS.c.name))]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_rows_are_read_back_as_they_were_given(uow: UnitOfWork, count: int) -> None:
    with uow.write() as connection:
        assert ADD.execute(connection, ROWS[:count]) == count

    assert kept(uow) == sorted(tuple(row.values()) for row in ROWS[:count])


def test_no_rows_are_no_statement(uow: UnitOfWork) -> None:
    with uow.write() as connection:
        assert ADD.execute(connection, []) == 0


def test_names_may_come_in_any_order(uow: UnitOfWork) -> None:
    with uow.write() as connection:
        ADD.execute(connection, [dict(reversed(row.items())) for row in ROWS])

    assert kept(uow) == sorted(tuple(row.values()) for row in ROWS)


def test_it_says_how_many_rows_an_update_found(uow: UnitOfWork) -> None:
    later = Bulk(update(BEATS).where(BEATS.c.name == bindparam("b_name")).values(at=bindparam("at")), ("b_name", "at"))
    with uow.write() as connection:
        ADD.execute(connection, ROWS)
        found = later.execute(connection, [{"b_name": name, "at": NOON} for name in ("deliver", "nobody", "tick")])

    assert found == 2
    assert {row[1] for row in kept(uow)} == {NOON}


def test_rows_may_be_taken_out(uow: UnitOfWork) -> None:
    gone = Bulk(delete(BEATS).where(BEATS.c.name == bindparam("b_name")), ("b_name",))
    with uow.write() as connection:
        ADD.execute(connection, ROWS)
        found = gone.execute(connection, [{"b_name": "tick"}, {"b_name": "50% Ö"}])

    assert (found, [row[0] for row in kept(uow)]) == (2, ["deliver"])


def test_instants_are_kept_in_utc_whatever_their_zone(uow: UnitOfWork) -> None:
    abroad = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    with uow.write() as connection:
        ADD.execute(connection, [{"name": "tick", "at": abroad, "counters": "{}"}])

    assert kept(uow) == [("tick", NOON, "{}")]


def test_an_instant_without_a_zone_is_refused_and_nothing_is_kept(uow: UnitOfWork) -> None:
    naive = {**ROWS[1], "at": datetime(2026, 10, 20, 12)}  # noqa: DTZ001 - that is what is refused
    with pytest.raises(ValueError, match="it has no time zone"), uow.write() as connection:
        ADD.execute(connection, [ROWS[0], naive])

    assert kept(uow) == []


def test_a_row_that_is_there_already_is_an_integrity_error_and_nothing_is_kept(uow: UnitOfWork) -> None:
    with pytest.raises(IntegrityError), uow.write() as connection:
        ADD.execute(connection, [*ROWS, ROWS[0]])

    assert kept(uow) == []


def test_a_column_that_has_a_default_in_python_must_be_given(uow: UnitOfWork) -> None:
    table = queries.message
    names = tuple(column.name for column in table.c if column.name not in ("id", "attempts"))
    with pytest.raises(ValueError, match=r"The rows name no attempts, which .*; give them a value"), uow.write() as at:
        Bulk(insert(table), names).execute(at, [dict.fromkeys(names)])
