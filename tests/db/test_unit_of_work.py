"""Transactions: all or nothing, one writer at a time, and nobody waits for ever."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier, Event, Timer
from time import monotonic
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from db.engine import open_engine
from db.errors import Busy, DatabaseUnreachable, DiskFailed, OutcomeUnknown
from db.tables import Subject
from db.unit_of_work import UnitOfWork

SUBJECT = Subject.__table__  # type: ignore[attr-defined]
NOON = datetime(2026, 10, 20, 11, tzinfo=UTC)


class Mishap(Exception):
    """Whatever may go wrong in the middle of something."""


def mishap_after(_done: object) -> None:
    raise Mishap


def add(connection: Connection, *refs: str) -> None:
    row = {"kind": "CASE", "partnership": "GSCP", "state": "PLANNED", "next_due_at": NOON}
    connection.execute(insert(SUBJECT), [{**row, "ref": ref, "version": 0, "seq": 0, "head": ""} for ref in refs])


def refs(uow: UnitOfWork) -> list[str]:
    with uow.read() as connection:
        return list(connection.scalars(select(SUBJECT.c.ref).order_by(SUBJECT.c.ref)))


def test_what_is_written_is_kept(uow: UnitOfWork) -> None:
    with uow.write() as connection:
        add(connection, "A", "B")

    assert refs(uow) == ["A", "B"]


def test_after_an_exception_nothing_is_kept(uow: UnitOfWork) -> None:
    with uow.write() as connection:
        add(connection, "A")

    with pytest.raises(Mishap), uow.write() as connection:
        mishap_after(connection.execute(update(SUBJECT).values(ref="Z")))

    assert refs(uow) == ["A"]


def test_tables_made_before_an_exception_are_gone_too(uow: UnitOfWork) -> None:
    with pytest.raises(Mishap), uow.write() as connection:
        mishap_after(connection.execute(text("CREATE TABLE planted (id INTEGER)")))

    with pytest.raises(DBAPIError), uow.read() as connection:
        connection.execute(text("SELECT * FROM planted"))


def test_a_reader_cannot_write(uow: UnitOfWork) -> None:
    with pytest.raises(DBAPIError), uow.read() as connection:
        add(connection, "A")

    assert refs(uow) == []


def test_after_reading_the_same_connection_can_write(uow: UnitOfWork) -> None:
    assert refs(uow) == []

    with uow.write() as connection:
        add(connection, "A")

    assert refs(uow) == ["A"]


def test_a_reader_does_not_wait_for_a_writer_and_sees_nothing_unfinished(uow: UnitOfWork) -> None:
    with uow.write() as connection:
        add(connection, "A")

        assert refs(uow) == []


def test_all_that_is_read_is_of_one_moment(uow: UnitOfWork) -> None:
    with uow.read() as connection:
        before = connection.scalar(select(func.count()).select_from(SUBJECT))
        with uow.write() as other:
            add(other, "A")

        assert (before, connection.scalar(select(func.count()).select_from(SUBJECT))) == (0, 0)

    assert refs(uow) == ["A"]


def test_a_second_writer_waits_until_the_first_has_finished(uow: UnitOfWork) -> None:
    with uow.write() as connection:
        add(connection, "A")
    first_has_it, order = Event(), []

    def first() -> None:
        with uow.write() as connection:
            connection.execute(update(SUBJECT).values(version=1))
            first_has_it.set()
            Event().wait(0.3)
            order.append("first")

    def second() -> None:
        first_has_it.wait()
        with uow.write() as connection:
            connection.execute(update(SUBJECT).values(version=SUBJECT.c.version + 1))
            order.append("second")

    with ThreadPoolExecutor() as threads:
        for done in [threads.submit(first), threads.submit(second)]:
            done.result()

    with uow.read() as connection:
        assert (order, connection.scalar(select(SUBJECT.c.version))) == (["first", "second"], 2)


def test_a_writer_who_has_waited_long_enough_is_told_so(uow: UnitOfWork) -> None:
    with uow.write() as connection:
        add(connection, "A")
    with uow.write() as connection:
        connection.execute(update(SUBJECT).values(version=1))
        began = monotonic()

        with pytest.raises(Busy) as told, uow.write(wait=0.2) as other:
            other.execute(update(SUBJECT).values(version=2))

        assert 0.15 < monotonic() - began < 3
    assert str(told.value) == "Nothing was changed: someone else is changing this; try again in a moment."
    assert told.value.waited == 0.2


def test_who_was_told_to_wait_can_try_again(uow: UnitOfWork) -> None:
    with uow.write() as connection:
        add(connection, "A")
        connection.execute(update(SUBJECT).values(version=1))
        with pytest.raises(Busy), uow.write(wait=0.01) as other:
            add(other, "A")

    with uow.write() as connection:
        connection.execute(update(SUBJECT).values(version=2))

    with uow.read() as connection:
        assert connection.scalar(select(SUBJECT.c.version)) == 2


def test_on_sqlite_a_writer_has_the_lock_before_its_first_statement(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    uow = UnitOfWork(engine)
    with uow.write(), pytest.raises(Busy), uow.write(wait=0.01):
        pytest.fail("two writers at once")
    engine.dispose()


def test_on_sqlite_who_waits_for_a_turn_has_it_as_soon_as_it_is_free(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    uow = UnitOfWork(engine)
    holds, free = Event(), Event()

    def hold() -> None:
        with uow.write() as connection:
            add(connection, "A")
            holds.set()
            free.wait()

    with ThreadPoolExecutor(1) as threads:
        done = threads.submit(hold)
        holds.wait()
        Timer(0.1, free.set).start()
        with uow.write() as connection:
            assert connection.scalars(select(SUBJECT.c.ref)).all() == ["A"]
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 5000
        done.result()
    engine.dispose()


def test_on_sqlite_two_who_read_and_then_write_never_undo_each_other(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    uow = UnitOfWork(engine)
    with uow.write() as connection:
        add(connection, "A")
    start = Barrier(4)

    def count_up() -> None:
        start.wait()
        for _ in range(10):
            with uow.write() as connection:
                version = connection.scalars(select(SUBJECT.c.version)).one()
                connection.execute(update(SUBJECT).values(version=version + 1))

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(count_up) for _ in range(4)]:
            done.result()

    with uow.read() as connection:
        assert connection.scalar(select(SUBJECT.c.version)) == 40
    engine.dispose()


@pytest.mark.postgres
def test_a_server_that_went_away_is_said_to_be_unreachable(postgres_url: str) -> None:
    engine = open_engine(postgres_url)

    with pytest.raises(DatabaseUnreachable, match="S11FLOW_DATABASE_URL"), UnitOfWork(engine).write() as connection:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    engine.dispose()


# --- changing the tables themselves


def test_on_sqlite_a_rebuilt_table_keeps_its_rows_and_what_refers_to_them(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    uow = UnitOfWork(engine)
    with uow.write() as connection:
        add(connection, "A")
        connection.execute(update(SUBJECT).values(cycle_id=SUBJECT.c.id))

    with uow.rebuild() as connection:
        connection.execute(text("CREATE TABLE aside AS SELECT * FROM subject"))
        connection.execute(text("DELETE FROM subject"))
        connection.execute(text("INSERT INTO subject SELECT * FROM aside"))

    assert refs(uow) == ["A"]
    engine.dispose()


def test_on_sqlite_a_rebuild_that_leaves_a_reference_to_nothing_is_undone(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    uow = UnitOfWork(engine)
    with uow.write() as connection:
        add(connection, "A")

    with pytest.raises(RuntimeError, match="The tables were not changed: 1 references"), uow.rebuild() as connection:
        connection.execute(update(SUBJECT).values(cycle_id=4711))

    with uow.read() as connection:
        assert connection.execute(select(func.count()).where(SUBJECT.c.cycle_id.is_(None))).scalar() == 1
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    engine.dispose()


# --- the idle tick

DUE = (
    select(SUBJECT.c.id)
    .where(SUBJECT.c.parked_at.is_(None), SUBJECT.c.next_due_at <= NOON)
    .order_by(SUBJECT.c.next_due_at)
    .limit(500)
)


def test_what_is_due_is_found_by_one_probe_of_its_index(engine: Engine) -> None:
    with UnitOfWork(engine).write() as connection:
        add(connection, *(f"case {number}" for number in range(2000)))
        connection.execute(update(SUBJECT).where(SUBJECT.c.id > 5).values(next_due_at=NOON.replace(year=2027)))
        connection.execute(text("ANALYZE"))
        explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
        statement = DUE.compile(connection, compile_kwargs={"literal_binds": True})

        plan = " ".join(str(row) for row in connection.exec_driver_sql(f"{explain} {statement}"))

    assert "ix_subject_due" in plan
    assert not [word for word in ("Seq Scan", "SCAN", "TEMP B-TREE", "Sort") if word in plan]


def outgrow(connection: Connection) -> None:
    """Write more than fits: the database may have no page beyond those it has."""
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    add(connection, *(f"GSCP-2026-{number:0>500}" for number in range(200)))


def test_a_full_disk_is_said_in_one_sentence_and_the_change_is_not_kept(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    uow = UnitOfWork(engine)

    with pytest.raises(DiskFailed) as told, uow.write() as connection:
        outgrow(connection)

    assert str(told.value) == (
        "The database could not be read or written (database or disk is full): the change under way was not kept, "
        "all before it stands; make room or see to the disk, then run this again."
    )
    assert refs(uow) == []
    engine.dispose()


def test_a_commit_whose_answer_is_lost_is_said_to_be_open(engine: Engine) -> None:
    uow = UnitOfWork(engine)
    commit = engine.dialect.do_commit

    def unheard(connection: Any) -> None:
        commit(connection)
        raise broken(connection)

    setattr(engine.dialect, "do_commit", unheard)  # noqa: B010 - no checker lets a method be replaced
    with pytest.raises(OutcomeUnknown, match="it is saved whole, or not at all"), uow.write() as connection:
        add(connection, "A")
    setattr(engine.dialect, "do_commit", commit)  # noqa: B010

    assert refs(uow) == ["A"]


def broken(connection: Any) -> Exception:
    """What the driver raises when the connection broke, or the disk failed, before the answer was there."""
    if isinstance(connection.dbapi_connection, sqlite3.Connection):
        failed = sqlite3.OperationalError("disk I/O error")
        failed.sqlite_errorname = "SQLITE_IOERR_FSYNC"
        return failed
    connection.dbapi_connection.close()
    return psycopg.OperationalError("server closed the connection unexpectedly")
