"""While nobody has read the mailbox since a deadline, silence is not taken for silence: a report may lie in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain.model import CaseFacts
from s11flow.domain.timetable import owed_by
from s11flow.services import inbox
from s11flow.services.heartbeat import STALE, last_beats
from s11flow.services.subjects import load_cases

NOTE: Final = "The mailbox has not been read since then; what came there may be a report"
BY: Final = "post"
_IN_USE: Final = timedelta(days=92)
"""A mailbox that was not read for longer is not used any more, or the time is a rehearsal's."""
_BATCH: Final = 500


def hold_silence(uow: UnitOfWork, *, partnership: str, now: datetime) -> int | None:
    """Put one line into the tray if silence is due to be reported of a deadline that the mailbox was not read after.

    It counts as mail that came when the mailbox was last read, so nothing is confirmed and the Chair is told nothing
    (case 15) until it was read again, or until somebody looked there and takes the line out of the tray. Returns the
    line's number; None if there is no need for one, as where no mailbox was ever read, or none for three months.
    """
    with uow.read() as connection:
        last = last_beats(connection).get("collect")
        if (
            last is None
            or not STALE < now - last.at <= _IN_USE
            or not _passed_since(connection, partnership, last.at, now)
        ):
            return None
        if any(line.arrived_at == last.at for line in _lines(connection, partnership)):
            return None
    return inbox.add(uow, partnership=partnership, arrived_at=last.at, now=now, by=BY, note=NOTE, was_there=True).id


def let_go(uow: UnitOfWork, *, partnership: str, now: datetime) -> int:
    """Take such a line out of the tray, now that the mailbox was read and what came is in it; returns how many."""
    with uow.read() as connection:
        waiting = [line.id for line in _lines(connection, partnership) if line.decision is None]
    for mail_id in waiting:
        inbox.ignore(uow, mail_id, "The mailbox was read again", now=now, by=BY)
    return len(waiting)


def _lines(connection: Connection, partnership: str) -> tuple[inbox.Waiting, ...]:
    return inbox.noted(connection, partnership, NOTE)


def _passed_since(connection: Connection, partnership: str, since: datetime, now: datetime) -> bool:
    """Whether something is due for a silent case whose deadline passed after *since*."""
    due = list(connection.scalars(inbox.silent_cases(partnership).where(queries.subject.c.next_due_at <= now)))
    batches = (due[start : start + _BATCH] for start in range(0, len(due), _BATCH))
    return any(since <= at <= now for batch in batches for at in _deadlines(connection, batch))


def _deadlines(connection: Connection, ids: list[int]) -> Iterator[datetime]:
    for loaded in load_cases(connection, ids):
        assert isinstance(loaded.facts, CaseFacts)
        owed = owed_by(loaded.rules, loaded.facts.dates)
        if owed is not None:
            yield owed.at
