"""A record that is whole passes; each way of tampering with it is seen and named."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from s11flow.domain import acts
from s11flow.services import assessments, cases, panel_days, sessions
from s11flow.services.checkpoints import checkpoint
from s11flow.services.verify import verified, verify
from tests.conftest import ON_BOTH
from tests.services.scene import CODE, OPENED, PANEL, at, judgement, opened, queries_of, report_comes, run_to

pytestmark = pytest.mark.on_both

YOUTH, STROUD, COTSWOLD = (f"{CODE}-2026-{code}" for code in ("01", "02", "03"))
LATE = at("2026-11-20 09:00")  # after the panel


@pytest.fixture(scope="module", params=ON_BOTH)
def year(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnitOfWork]:
    """A cycle in which Youth reports and is seen, and Stroud never does; made once, and put back by every test."""
    tmp_path = tmp_path_factory.mktemp("year")
    with ExitStack() as stack:
        if request.param == "sqlite":
            path = shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "year.db")
            engine = open_engine(f"sqlite:///{path}")
        else:
            engine = open_engine(stack.enter_context(request.getfixturevalue("postgres").database()))
        stack.callback(engine.dispose)
        yield lived(UnitOfWork(engine), tmp_path)


@contextmanager
def tampered(uow: UnitOfWork, *statements: str) -> Iterator[Connection]:
    """Change the database behind the product's back, until the end of the `with`."""
    with suppress(_Undo), uow.write() as connection:
        for statement in statements:
            connection.execute(text(statement))
        yield connection
        raise _Undo


class _Undo(Exception):
    pass


def lived(uow: UnitOfWork, tmp_path: Path) -> UnitOfWork:
    opened(uow)
    run_to(uow, at("2026-09-30 12:00"))
    report_comes(uow, tmp_path, YOUTH, at("2026-09-30 12:00"))
    run_to(uow, at("2026-11-10 18:00"), start=at("2026-09-30 12:00"))
    sessions.record(uow, YOUTH, "attended", now=at("2026-11-10 18:00"), by="clerk")
    assessments.assess(uow, YOUTH, judgement(), now=at("2026-11-11 12:00"), by="clerk")
    return uow


def test_a_year_as_it_was_written_is_whole(year: UnitOfWork) -> None:
    found = verify(year, now=LATE)

    assert found.as_json() == {
        "subjects": 7,  # the partnership, the cycle, its panel day, four cases
        "events": queries_of(year, "select count(*) from history")[0][0],
        "broken": [],
    }


def test_an_empty_database_is_whole(uow: UnitOfWork) -> None:
    assert verify(uow, now=LATE).as_json() == {"subjects": 0, "events": 0, "broken": []}


def test_whatever_people_do_leaves_the_record_whole(uow: UnitOfWork, tmp_path: Path) -> None:
    opened(uow)
    panel_days.add_day(uow, partnership=CODE, year=2026, day=PANEL + timedelta(days=2), now=OPENED, by="clerk")
    run_to(uow, at("2026-10-14 09:00"))
    now = at("2026-10-14 09:00")
    cases.act(uow, STROUD, acts.Hold(at("2026-10-30 09:00").date(), "asked by the Chair"), by="clerk", now=now)
    sessions.move(uow, STROUD, to=at("2026-11-12 09:00"), asked_by="agency", now=now, by="clerk")
    cases.revive(uow, COTSWOLD, acts.Revive("it reports itself"), by="clerk", now=now)
    run_to(uow, at("2026-10-22 12:00"), start=now)
    now = at("2026-10-22 12:00")
    cases.act(uow, YOUTH, acts.Extend(at("2026-10-26 09:00").date(), "illness", by_chair=True), by="clerk", now=now)
    cases.act(uow, STROUD, acts.Resume("no longer needed"), by="clerk", now=now)
    run_to(uow, at("2026-10-27 12:00"), start=now)
    cases.act(uow, STROUD, acts.Excuse("major incident", "the Executive"), by="clerk", now=at("2026-10-27 12:00"))
    run_to(uow, LATE, start=at("2026-10-27 12:00"))

    assert verify(uow, now=LATE).broken == ()


TAMPERED: dict[str, tuple[str, str]] = {
    "a line is changed": (
        "update history set cause = 'because' where event = 'REQUEST_REPORT' and subject_id = {youth}",
        "GSCP-2026-01: line .* of its history, or the one before it, is not as it was written.",
    ),
    "a line's time is changed": (
        "update history set at = '2026-01-01 00:00:00.000000' where seq = 1 and subject_id = {youth}",
        "GSCP-2026-01: line 1 of its history, or the one before it, is not as it was written.",
    ),
    "the tail is cut": (
        "delete from history where subject_id = {stroud} and seq = (select seq from subject where id = {stroud})",
        "GSCP-2026-02: its history has .* lines where .* were written.",
    ),
    "a line is cut out": (
        "delete from history where subject_id = {youth} and seq = 2",
        "GSCP-2026-01: line 2 of its history is missing; what follows is numbered 3.",
    ),
    "the head is changed": (
        "update subject set head = 'abc' where id = {youth}",
        "GSCP-2026-01: its history does not end in the digest that stands on its row.",
    ),
    "a private part is changed": (
        "update history_private set body = '{{}}' where subject_id = {youth}",
        "GSCP-2026-01: the private part of line .* of its history is not as it was written.",
    ),
    "a state is written": (
        "update subject set state = 'EXCUSED' where id = {stroud}",
        "GSCP-2026-02: its case is EXCUSED, and its history leads to NOT_SUBMITTED.",
    ),
    "a session is written": (
        "update panel_session set state = 'ATTENDED' where case_id = {stroud}",
        "GSCP-2026-02: its s1 is ATTENDED, and its history leads to INVITED.",
    ),
    "an escalation is removed": (
        "delete from escalation where case_id = {stroud}",
        "GSCP-2026-02: its escalation 1 is not there, and its history leads to WITH_CHAIR.",
    ),
    "a letter is changed": (
        (
            "update message set to_address = 'x@x.example' where kind = 'report_request' and subject_id = {youth} "
            "and recipient = 'contact'"
        ),
        "GSCP-2026-01: the letter GSCP/2026/01/report_request@2026-07-06/contact is not as it was queued.",
    ),
    "a letter is changed with its digest": (
        (
            "update message set digest = 'abc' where kind = 'report_request' and subject_id = {youth} "
            "and recipient = 'contact'"
        ),
        "GSCP-2026-01: the letter GSCP/2026/01/report_request@2026-07-06/contact is not the one its history names.",
    ),
    "a letter is removed": (
        "delete from message where kind = 'report_request' and subject_id = {youth} and recipient = 'contact'",
        (
            "GSCP-2026-01: the letter GSCP/2026/01/report_request@2026-07-06/contact is in its history "
            "and not in the outbox."
        ),
    ),
    "a letter is slipped in": (
        (
            "update message set subject_id = {stroud} where kind = 'report_request' and subject_id = {youth} "
            "and recipient = 'contact'"
        ),
        "GSCP-2026-02: the letter GSCP/2026/01/report_request@2026-07-06/contact is named in no history.",
    ),
    "the next due instant is lost": (
        "update subject set next_due_at = null where kind = 'partnership'",
        "GSCP: it is next due never, and its facts say on Wednesday 11 November 2026, 7:30am.",
    ),
    "the next due instant of a subject set aside is lost": (
        "update subject set next_due_at = null, parked_at = '2026-11-01 00:00:00.000000' where id = {stroud}",
        "GSCP-2026-02: it is next due never, and its facts say on Thursday 31 December 2026, 5pm.",
    ),
    "a deadline is written": (
        "update case_file set dates = replace(dates, '2026-10-20', '2026-10-21') where subject_id = {youth}",
        "GSCP-2026-01: its deadline is not the one its history set last.",
    ),
    "the panel's day is struck out": (
        "update panel_day set day = '2026-11-11'",
        "GSCP-2026-02 has a session on .*, when the panel does not sit.",
    ),
    "what is stored is no date": (
        "update case_file set dates = 'soon' where subject_id = {youth}",
        "GSCP-2026-01: what is stored cannot be read .*.",
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_tampering_is_seen(year: UnitOfWork, what: str) -> None:
    statement, said = TAMPERED[what]
    ids = dict(queries_of(year, "select ref, id from subject"))

    with tampered(year, statement.format(youth=ids[YOUTH], stroud=ids[STROUD])) as connection:
        broken = verified(connection, now=LATE).broken

    assert [fault for fault in broken if re.fullmatch(said, fault)] != [], broken


def test_a_private_part_may_be_removed(year: UnitOfWork) -> None:
    with tampered(year, "delete from history_private") as connection:
        assert verified(connection, now=LATE).broken == ()


def test_two_sessions_at_once_are_seen(year: UnitOfWork) -> None:
    first = "select min({}) from panel_session"
    at_once = (
        "update panel_session set state = 'INVITED'",
        (f"update panel_session set starts_at = ({first.format('starts_at')}), ends_at = ({first.format('ends_at')})"),
    )

    with tampered(year, *at_once) as connection:
        broken = verified(connection, now=LATE).broken

    assert f"{STROUD}: its session on Tuesday 10 November 2026, 9am overlaps that of {YOUTH}." in broken


def test_the_checkpoint_is_one_line_that_changes_with_the_history(year: UnitOfWork) -> None:
    with year.read() as connection:
        before = checkpoint(connection, CODE)
    with tampered(year, f"update subject set seq = seq - 1, head = 'x' where ref = '{STROUD}'") as connection:
        after = checkpoint(connection, CODE)

    assert re.fullmatch(r"sha256 [0-9a-f]{64} over 7 subjects and \d+ lines of history", before)
    assert before != after
