"""The controls of every other story's "nothing is broken": a year in which something is broken says what."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from s11flow.services.checkpoints import checkpoint
from tests.stories.year import CODE, DAY, OPENED, at, broken, every, opened, ticked

NOW = at("2026-11-02 09:00")


@pytest.fixture(scope="module")
def lived(register_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which every silent agency has been reported to the Chair."""
    path = Path(shutil.copy(register_file, tmp_path_factory.mktemp("lived") / "lived.db"))
    engine = open_engine(f"sqlite:///{path}")
    ticked(opened(UnitOfWork(engine)), [*every(7 * DAY, OPENED, NOW), NOW])
    engine.dispose()
    return path


@pytest.fixture
def year(lived: Path, tmp_path: Path) -> UnitOfWork:
    """A copy of it."""
    return UnitOfWork(open_engine(f"sqlite:///{shutil.copy(lived, tmp_path / 's11flow.db')}"))


CASE = "(select id from subject where ref = 'GSCP-2026-01')"
TAMPERED = {
    "a cell is flipped": (
        f"update history set \"after\" = 'ACCEPTED' where subject_id = {CASE} and \"after\" = 'NOT_SUBMITTED'",
        "is not as it was written",
    ),
    "the tail is cut": (
        f"delete from history where subject_id = {CASE} and seq = (select seq from subject where id = {CASE})",
        "lines where",
    ),
    "a letter is lost": (
        f"delete from message where kind = 'escalation' and subject_id = {CASE}",
        "is in its history and not in the outbox",
    ),
    "a letter is put in another's name": (
        f"update message set to_address = 'someone@else.example' where kind = 'escalation' and subject_id = {CASE}",
        "is not as it was queued",
    ),
    "a state is written by hand": (
        f"update subject set state = 'CLOSED' where id = {CASE}",
        "its case is CLOSED, and its history leads to NOT_SUBMITTED",
    ),
    "what is next due is forgotten": (
        f"update subject set next_due_at = null where id = {CASE}",
        "it is next due never, and its facts say on ",
    ),
}


def test_a_year_left_alone_is_whole(year: UnitOfWork) -> None:
    assert broken(year, now=NOW) == ()
    year.engine.dispose()


@pytest.mark.parametrize("how", TAMPERED)
def test_what_was_tampered_with_is_named(year: UnitOfWork, how: str) -> None:
    statement, said = TAMPERED[how]
    with year.write() as connection:
        assert connection.execute(text(statement)).rowcount > 0

    found = broken(year, now=NOW)

    assert found
    assert [line for line in found if "GSCP-2026-01" not in line] == []
    assert [line for line in found if said in line] != []
    year.engine.dispose()


def test_a_tail_cut_together_with_its_head_is_seen_by_the_checkpoint(year: UnitOfWork) -> None:
    """Whoever can write the database can cut a history and its head; the digests of earlier days remember."""
    with year.read() as connection:
        before, again = checkpoint(connection, CODE), checkpoint(connection, CODE)
    with year.write() as connection:
        connection.execute(text(f"update subject set seq = seq - 1, head = 'x' where id = {CASE}"))
        after = checkpoint(connection, CODE)

    assert (before == again, before == after) == (True, False)
    year.engine.dispose()
