"""Instants come back as they went in, on both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, Table, insert, literal, select
from sqlalchemy.exc import StatementError

from db.engine import open_engine
from db.types import UtcInstant

NOTES = Table("note", MetaData(), Column("id", Integer, primary_key=True), Column("at", UtcInstant))

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# A day in from either end, so that the instant still has a year in UTC.
INSTANTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=ZONES)  # noqa: DTZ001 (bounds are naive)

# One connection is good for all examples: each takes away what it wrote.
on_one_connection = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as opened:
        NOTES.create(opened)
        yield opened


def stored(connection: Connection, *instants: datetime | None) -> list[datetime | None]:
    """What comes back, the earliest first, of what was written."""
    connection.execute(insert(NOTES), [{"at": instant} for instant in instants])
    kept = list(connection.scalars(select(NOTES.c.at).order_by(NOTES.c.at)))
    connection.execute(NOTES.delete())
    return kept


@on_one_connection
@given(instant=INSTANTS)
def test_an_instant_comes_back_the_same_and_in_utc(connection: Connection, instant: datetime) -> None:
    (kept,) = stored(connection, instant)

    assert (kept, kept and kept.tzinfo) == (instant, UTC)


@on_one_connection
@given(instants=st.lists(INSTANTS, min_size=2, max_size=6))
def test_the_database_orders_instants_as_time_does(connection: Connection, instants: list[datetime]) -> None:
    assert stored(connection, *instants) == sorted(instants)


@on_one_connection
@given(instant=INSTANTS, other=INSTANTS)
def test_the_database_compares_instants_as_time_does(
    connection: Connection, instant: datetime, other: datetime
) -> None:
    connection.execute(insert(NOTES), {"at": instant})
    by_then = list(connection.scalars(select(NOTES.c.at).where(NOTES.c.at <= other)))
    connection.execute(NOTES.delete())

    assert by_then == ([instant] if instant <= other else [])


def test_no_instant_stays_none(connection: Connection) -> None:
    assert stored(connection, None) == [None]


def test_an_instant_without_a_zone_is_refused(connection: Connection) -> None:
    with pytest.raises(StatementError) as refusal:
        stored(connection, datetime(2026, 10, 20, 17))  # noqa: DTZ001 (the mistake)

    assert str(refusal.value.orig) == (
        "2026-10-20T17:00:00 was not stored: it has no time zone; give an instant in UTC."
    )


def test_an_instant_written_into_the_sql_itself_means_the_same(connection: Connection) -> None:
    noon = datetime(2026, 10, 20, 11, tzinfo=UTC)
    connection.execute(insert(NOTES), {"at": noon})
    statement = select(NOTES.c.at).where(NOTES.c.at == literal(noon, UtcInstant))

    written = str(statement.compile(connection, compile_kwargs={"literal_binds": True}))

    assert len(connection.exec_driver_sql(written).all()) == 1


@pytest.mark.postgres
def test_an_instant_is_utc_whatever_zone_the_session_keeps(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    noon = datetime(2026, 7, 6, 11, tzinfo=UTC)
    with engine.connect() as connection:
        connection.exec_driver_sql("SET TIME ZONE 'Europe/London'")
        NOTES.create(connection)

        (kept,) = stored(connection, noon)
    engine.dispose()

    assert (kept, kept and kept.tzinfo) == (noon, UTC)
