"""Answers that come back from calendars: each read, judged and recorded in a transaction of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count as counting
from pathlib import Path

from icalendar import Calendar
from sqlalchemy import select, update

from benchmarks.crowd import database, gather
from benchmarks.measure import Result, in_turn, timed
from calendars.reply import read_replies
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain.replies import Outcome
from s11flow.services import replies

REPLIES = 1_000
_NOW = datetime(2026, 9, 1, 9, tzinfo=UTC)  # before the crowd's first reminder: nothing else is owed


def applied(folder: Path, count: int = REPLIES) -> Result:
    """So many answers applied, beside each parsed by icalendar and kept by sqlite3 as one row in a durable commit."""
    with database(f"sqlite:///{folder / 'invited.db'}") as uow:
        gather(uow, count)
        invited = _invited(uow)
        round_ = counting()

        def ours() -> float:
            files = _files(invited, next(round_))
            with timed() as watch:
                for file, (_, who) in zip(files, invited, strict=True):
                    _apply(uow, file, who)
            return watch.seconds

        def theirs() -> float:
            files = _files(invited, next(round_))
            with timed() as watch:
                _bare(folder / f"bare-{next(round_)}.db", files)
            return watch.seconds

        figures = in_turn(ours, theirs)
    return Result(
        "replies", f"{count:,} replies read and applied", "the same parsed, and a row of each committed", *figures,
        details={"replies": count},
    )  # fmt: skip


def _invited(uow: UnitOfWork) -> list[tuple[str, str]]:
    """Each session's UID and whom it invites, once everybody of the crowd was."""
    session, file, agency = queries.panel_session, queries.case_file, queries.agency
    with uow.write() as connection:
        connection.execute(update(session).where(session.c.uid.like("%@benchmark.example")).values(state="INVITED"))
        joined = (
            select(session.c.uid, agency.c.contact_email)
            .join(file, file.c.subject_id == session.c.case_id)
            .join(agency, agency.c.id == file.c.agency_id)
            .where(session.c.state == "INVITED")
            .order_by(session.c.id)
        )
        return [(row.uid, row.contact_email) for row in connection.execute(joined)]


def _files(invited: Sequence[tuple[str, str]], round_: int) -> list[bytes]:
    """An answer to each invitation, later in each round."""
    stamp = _NOW + timedelta(minutes=round_)
    return [
        (
            "BEGIN:VCALENDAR\r\nPRODID:Microsoft Exchange Server 2010\r\nVERSION:2.0\r\nMETHOD:REPLY\r\n"
            f"BEGIN:VEVENT\r\nUID:{uid}\r\nATTENDEE;PARTSTAT=ACCEPTED;CN=Lead:MAILTO:{who}\r\n"
            f"DTSTAMP:{stamp:%Y%m%dT%H%M%SZ}\r\nSEQUENCE:0\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        ).encode()
        for uid, who in invited
    ]


def _apply(uow: UnitOfWork, file: bytes, who: str) -> None:
    (reply,) = read_replies(file)
    settled = replies.receive(uow, reply, from_address=who, received_at=_NOW, now=_NOW, by="benchmark")
    if settled.verdict.outcome != Outcome.APPLIED:
        raise RuntimeError(f"The answer of {who} was to be applied; it came to {settled.verdict}.")


def _bare(file: Path, files: Sequence[bytes]) -> None:
    with sqlite3.connect(file, isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE reply (uid TEXT PRIMARY KEY, attendee TEXT, answer TEXT, stamp TEXT)")
        for content in files:
            (event,) = Calendar.from_ical(content).events
            row = (str(event["uid"]), str(event["attendee"]), event["attendee"].params["PARTSTAT"], str(event.DTSTAMP))
            connection.execute("INSERT INTO reply VALUES (?, ?, ?, ?)", row)
