"""Reading a whole record again: every line, row and letter."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from benchmarks.crowd import ASKED_AT, OPENED_AT, PANEL_DAY, YEAR, database, gather
from benchmarks.measure import Result, in_turn, timed
from calendars import london
from db import queries
from db.unit_of_work import UnitOfWork
from notifications.outcome import Closing, Outcome, Status, nothing
from notifications.policy import PostPolicy
from s11flow.domain.model import CaseEvent, Entry, Note, SessionEvent
from s11flow.services import agencies, record
from s11flow.services.chain import lines
from s11flow.services.delivery import deliver
from s11flow.services.subjects import recompute
from s11flow.services.tick import tick
from s11flow.services.verify import verify

EVENTS = 100_000
CASES = 6_000
DELIVERED = 3_000
_DAYS = ("09-11", "09-25", "10-02", "10-07", "10-09", "10-12", "10-16", "10-20", "10-21", "10-22", "11-02")


def whole(folder: Path) -> Result:
    """`verify` over 100,000 lines with their letters, some of them sent, beside the same rows read and hashed bare."""
    file = folder / "lived.db"
    with database(f"sqlite:///{file}") as uow:
        _live(uow)
        now = _at("11-02")

        def ours() -> float:
            with timed() as watch:
                found = verify(uow, now=now)
            if found.broken or found.events < EVENTS:
                raise RuntimeError(f"verify was to find {EVENTS} lines and nothing wrong; it found {found.as_json()}.")
            return watch.seconds

        def theirs() -> float:
            with timed() as watch:
                _bare(file)
            return watch.seconds

        figures = in_turn(ours, theirs)
        events, letters = verify(uow, now=now).events, _count(file, "message")
    return Result(
        "verify",
        f"{events:,} lines of history and {letters:,} letters verified",
        "the same rows read and hashed bare",
        *figures,
        within=10,
        details={"events": events, "letters": letters},
    )


def _at(day: str) -> datetime:
    return london.instant(date.fromisoformat(f"2026-{day}"), time(10))


def _live(uow: UnitOfWork) -> None:
    """A crowd of silent agencies up to their escalation; from its first reminder on the engine wrote every row."""
    gather(uow, CASES)
    _make_true(uow)
    for day in _DAYS:
        tick(uow, now=_at(day))
        if day == _DAYS[0]:
            deliver(uow, _Taker(), PostPolicy("live"), now=_at(day), limit=DELIVERED, stopwatch=lambda: 0.0)


def _make_true(uow: UnitOfWork) -> None:
    """Give the crowd the histories that it would have: a register that was brought in, cases opened and asked."""
    with uow.write() as connection:
        (home,) = queries.partnerships(connection)
        rows = queries.agencies(connection, home.code)
        digests = {record.agency_called(row.code): record.digest(row._mapping) for row in rows}
        entry = Entry(OPENED_AT, Note.REGISTER_CHANGED, "register")
        agencies.record(connection, home.id, entry, now=OPENED_AT, by="benchmark", rows=digests)
        subjects = connection.execute(select(queries.subject).order_by(queries.subject.c.id)).all()
        crowd = [row for row in subjects if row.ref.startswith(f"{home.code}-{YEAR}-X")]
        for start in range(0, len(crowd), 500):
            _write_histories(connection, crowd[start : start + 500], start)
        for kind in ("partnership", "panel_day", "case"):
            recompute(connection, [row.id for row in subjects if row.kind == kind], kind)


def _write_histories(connection: Connection, cases: Sequence[Any], place: int) -> None:
    session, history, subject = queries.panel_session, queries.history, queries.subject
    connection.execute(history.delete().where(history.c.subject_id.in_([case.id for case in cases])))
    for number, case in enumerate(cases, place):
        starts_at = london.instant(PANEL_DAY, time(10)) + timedelta(seconds=3 * number)  # one after the other, in a day
        times = {"starts_at": starts_at, "ends_at": starts_at + timedelta(seconds=2)}
        connection.execute(session.update().where(session.c.case_id == case.id).values(times))
    rooms = ("subject", "case_file", "panel_session")
    left = record.left(connection, {case.id: {(room, None) for room in rooms} for case in cases})
    for case in cases:
        made = lines(
            subject_id=case.id, ref=case.ref, seq=0, head="", entries=_ENTRIES, actor="benchmark", now=ASKED_AT,
            record=left[case.id],
        )  # fmt: skip
        connection.execute(history.insert(), made.rows)
        connection.execute(subject.update().where(subject.c.id == case.id).values(seq=made.seq, head=made.head))


_ENTRIES = (
    Entry(OPENED_AT, CaseEvent.OPEN, "case", None, "PLANNED"),
    Entry(OPENED_AT, SessionEvent.PENCIL, "s1", None, "PENCILLED", data={"starts_at": f"{PANEL_DAY}T10:00:00+00:00"}),
    Entry(ASKED_AT, Note.LETTER_DUE, "letter", due_key="contact_check@2026-07-06"),
    Entry(ASKED_AT, CaseEvent.REQUEST_REPORT, "case", "PLANNED", "REQUESTED", due_key="report_request@2026-07-06"),
)


class _Taker(Closing):
    """A server that takes everything."""

    def send(self, raw: bytes, *, sender: str, recipient: str, name: str, meanwhile: object = nothing) -> Outcome:
        """Take it."""
        return Outcome(Status.SENT, "taken")


def _bare(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        for table in ("history", "history_private", "message", "subject", "case_file", "panel_session", "agency"):
            for row in connection.execute(f"SELECT * FROM {table}"):
                hashlib.sha256(repr(row).encode()).hexdigest()


def _count(file: Path, table: str) -> int:
    with sqlite3.connect(file) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
