"""Opening a database: what it promises then, and what is said when it cannot be opened."""

import os
import resource
import socket
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from db.engine import open_engine
from db.errors import DatabaseUnreachable, DiskFailed
from db.unit_of_work import UnitOfWork


def pragma(url: str, name: str) -> object:
    engine = open_engine(url)
    with UnitOfWork(engine).write() as connection:
        value = connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
    engine.dispose()
    return value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),  # FULL: what was committed outlives a power cut
        ("foreign_keys", 1),
        ("busy_timeout", 5000),
        ("query_only", 0),
    ],
)
def test_sqlite_is_set_up_to_keep_what_it_was_given(sqlite_url: str, name: str, value: object) -> None:
    assert pragma(sqlite_url, name) == value


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("name", "value"),
    [("TimeZone", "UTC"), ("lock_timeout", "5s"), ("transaction_isolation", "read committed"), ("work_mem", "8MB")],
)
def test_postgres_is_set_up_and_the_addresss_own_options_count_too(postgres_url: str, name: str, value: str) -> None:
    engine = open_engine(f"{postgres_url}&options=-c%20work_mem%3D8MB")
    with UnitOfWork(engine).write() as connection:
        found = connection.exec_driver_sql(f"SHOW {name}").scalar_one()
    engine.dispose()

    assert found == value


@pytest.mark.postgres
def test_the_plain_scheme_means_the_driver_that_we_ship(postgres_url: str) -> None:
    engine = open_engine(postgres_url.replace("postgresql+psycopg:", "postgresql:"))
    engine.dispose()

    assert engine.driver == "psycopg"


def test_a_reference_to_nothing_is_refused(uow: UnitOfWork) -> None:
    with pytest.raises(IntegrityError), uow.write() as connection:
        connection.execute(
            text("INSERT INTO incident (subject_id, at, what) VALUES (4711, '2026-10-20 16:00:00.000000', 'x')")
        )


def test_the_engine_sits_on_the_migrated_tables(engine: Engine) -> None:
    with UnitOfWork(engine).read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM subject").scalar_one() == 0


# --- addresses that cannot be used

EXAMPLES = "write sqlite:///s11flow.db, or postgresql://user@host/name"


def refusal(url: str) -> str:
    with pytest.raises(DatabaseUnreachable) as problem:
        open_engine(url)
    return str(problem.value)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", f"it is not the address of a database; {EXAMPLES}"),
        ("s11flow.db", f"it is not the address of a database; {EXAMPLES}"),
        ("postgresql://clerk:secret@host:port/s11flow", f"it is not the address of a database; {EXAMPLES}"),
        ("mysql://clerk:secret@host/s11flow", f"'mysql' is not a database that s11flow works with; {EXAMPLES}"),
        ("postgres://clerk@host/s11flow", f"'postgres' is not a database that s11flow works with; {EXAMPLES}"),
        ("sqlite://", "it names no file; write sqlite:/// with three slashes, then the file's path"),
        ("sqlite://s11flow.db", "it names no file; write sqlite:/// with three slashes, then the file's path"),
        ("sqlite:///:memory:", "it names no file; write sqlite:/// with three slashes, then the file's path"),
        ("sqlite:///a.db?mode=ro", "the address of an SQLite file takes no options; write nothing from the ? on"),
        (
            "postgresql://clerk:s@ecret@host/s11flow",
            "it has more than one @; write each one inside a name or password as %40",
        ),
        (
            "sqlite:////nowhere/at/all/s11flow.db",
            "the folder /nowhere/at/all does not exist; make it, or name a file somewhere else",
        ),
    ],
)
def test_a_wrong_address_is_one_sentence_that_names_the_setting(url: str, reason: str) -> None:
    assert refusal(url) == f"S11FLOW_DATABASE_URL cannot be used: {reason}."


def test_a_disk_that_takes_nothing_is_named_and_not_the_address(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))  # no file may grow
    try:
        with pytest.raises(DiskFailed) as problem:
            open_engine(f"sqlite:///{tmp_path / 's11flow.db'}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert str(problem.value).startswith("The database could not be read or written (disk I/O error)")


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear colleague,\n" * 100)

    assert refusal(f"sqlite:///{letter}") == (
        f"S11FLOW_DATABASE_URL cannot be used: {letter} is not an SQLite database; name another file."
    )
    assert letter.read_text() == "Dear colleague,\n" * 100


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    assert refusal(f"sqlite:///{tmp_path}") == (
        f"S11FLOW_DATABASE_URL cannot be used: the file {tmp_path} cannot be used (unable to open database file); "
        "see who may write there, or name another file."
    )


def test_a_server_that_is_not_there_is_named_and_the_password_is_not() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound, and nobody listens
        port = free.getsockname()[1]

        said = refusal(f"postgresql://clerk:opensesame@127.0.0.1:{port}/s11flow")

    assert said.startswith(
        f"S11FLOW_DATABASE_URL cannot be used: Postgres at 127.0.0.1:{port}/s11flow did not let us in"
    )
    assert said.endswith("see that it runs, or correct the address.")
    assert "opensesame" not in said


@pytest.mark.postgres
def test_a_database_that_the_server_does_not_have_is_named(postgres_url: str) -> None:
    said = refusal(postgres_url.replace("/test", "/nosuch", 1))

    assert said.endswith("does not exist); see that it runs, or correct the address.")
    assert os.linesep not in said
