"""Does what is owed by now: every subject whose next due instant has come, in batches, each batch one transaction.

A subject whose plan fails is set aside as an incident, so that it never stops the others.
"""

from __future__ import annotations

import logging
import traceback
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from threading import Event
from typing import Any

from sqlalchemy import Connection, insert, update
from sqlalchemy.exc import OperationalError

from calendars import london
from db import queries
from db.errors import DatabaseProblem
from db.tables import Incident
from db.unit_of_work import UnitOfWork
from s11flow.domain.model import CaseFacts, Entry, Note, PanelDayFacts, PartnershipFacts, Plan
from s11flow.domain.step import settle
from s11flow.services import dossiers, record
from s11flow.services.batches import without_collector
from s11flow.services.outbox import note
from s11flow.services.subjects import Change, ChangedMeanwhile, Loaded, Saved, load, save

BATCH = 2_000
"""Subjects to a transaction: enough that statements and syncs cost little for each, few enough that a person whose
command meets one waits a quarter of a second."""
_incident = queries.table(Incident)
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Ticked:
    """What one tick did, as counters."""

    now: datetime
    subjects: int = 0
    events: int = 0
    messages: int = 0
    superseded: int = 0
    expired: int = 0
    incidents: int = 0

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {**asdict(self), "now": london.iso(self.now)}

    def add(self, subjects: int, saved: Saved) -> None:
        """Count a batch in."""
        self.subjects += subjects
        self.events += saved.events
        self.messages += saved.messages
        self.superseded += saved.superseded
        self.expired += saved.expired


def tick(uow: UnitOfWork, *, now: datetime, batch: int = BATCH) -> Ticked:
    """Apply everything the timetable owes by *now*; safe to run late, twice, or beside another.

    Digests come last, so that they tell of what this tick did. Where the database lets two write at once, Postgres, a
    due set of more than one batch is worked off in two lanes: one decides while the other waits for the server.
    """
    done = Ticked(now)
    if _one_batch(uow, done, batch, lost := Counter[int](), partnerships=False) >= batch and _lets_two_write(uow):
        _in_two_lanes(uow, done, batch)
    for partnerships in (False, True):
        while _one_batch(uow, done, batch, lost, partnerships=partnerships):
            pass
    return done


def _lets_two_write(uow: UnitOfWork) -> bool:
    return uow.engine.dialect.name == "postgresql"


def _in_two_lanes(uow: UnitOfWork, done: Ticked, batch: int) -> None:
    """Two threads take batch after batch; the rows that one holds are skipped by the other, as between processes."""
    stop = Event()

    def lane() -> Ticked:
        own, lost = Ticked(done.now), Counter[int]()
        while not stop.is_set() and _one_batch(uow, own, batch, lost, partnerships=False):
            pass
        return own

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="tick") as second:
        beside = second.submit(lane)
        try:
            own = lane()
        except BaseException:
            stop.set()  # the other ends with the batch it has
            raise
        _count(done, own)
        _count(done, beside.result())


_TRIES = 3
"""How often a tick takes up a subject that somebody else changes under its hands, before it leaves it to the next."""


def _one_batch(uow: UnitOfWork, done: Ticked, batch: int, lost: Counter[int], *, partnerships: bool) -> int:
    """Do one batch and count it into *done*; how many subjects it took up, so 0 when nothing more is due."""
    ids: list[int] = []
    tried = Ticked(done.now)
    left = [subject_id for subject_id, times in lost.items() if times >= _TRIES]
    try:
        with without_collector(), uow.write() as connection:
            due = queries.due_subjects(connection, done.now, batch, partnerships=partnerships, without=left)
            ids = [row.id for row in due]
            _settle_all(connection, due, tried)
    except (OperationalError, DatabaseProblem):
        raise  # the database itself is in trouble: nothing was kept, and nobody's subject is to blame
    except Exception:  # a row that cannot be read, a letter that cannot be written, a refusal: find whose it is
        if not ids:
            raise
        _one_by_one(uow, done, ids, lost)
        return len(ids)
    _count(done, tried)
    return len(ids)


def _count(done: Ticked, tried: Ticked) -> None:
    done.add(tried.subjects, Saved(tried.events, tried.messages, tried.superseded, tried.expired))
    done.incidents += tried.incidents


def _one_by_one(uow: UnitOfWork, done: Ticked, ids: Sequence[int], lost: Counter[int]) -> None:
    """The batch could not be done as a whole: do each alone, and set aside the one that fails.

    *lost* counts how often each was changed by somebody else between being read and being saved.
    """
    for subject_id in ids:
        try:
            with uow.write() as connection:
                row = queries.subject_by_id(connection, subject_id, lock=True)
                if row.parked_at is None and row.next_due_at is not None and row.next_due_at <= done.now:
                    tried = Ticked(done.now)
                    _settle_all(connection, [row], tried)
                    _count(done, tried)
        except (OperationalError, DatabaseProblem):
            raise
        except ChangedMeanwhile:
            lost[subject_id] += 1  # somebody else has just done it, or it is taken up again, or the next tick does it
            if lost[subject_id] == _TRIES:
                _log.warning("Subject %s is left to the next tick: it changes while it is worked on.", subject_id)
        except Exception as error:  # whatever it is, it stops this subject and never the others
            with uow.write() as connection:
                _set_aside(connection, subject_id, error, done.now)
            done.incidents += 1


def _settle_all(connection: Connection, due: Sequence[Any], done: Ticked) -> None:
    by_kind: dict[str, list[int]] = defaultdict(list)
    for row in due:
        by_kind[row.kind].append(row.id)
    changes: list[Change] = []
    for kind, ids in by_kind.items():
        for loaded in load(connection, ids, kind):
            planned = _planned(connection, loaded, done)
            if planned is not None:
                changes.append(planned)
    if changes:
        dossiers.fill(connection, changes, done.now)
        done.add(len(changes), save(connection, changes, done.now))


def _planned(connection: Connection, loaded: Loaded, done: Ticked) -> Change | None:
    try:
        return Change(loaded, planned(loaded, done.now))
    except Exception as error:  # a bug or a broken row stops one subject, never the others
        _set_aside(connection, loaded.id, error, done.now)
        done.incidents += 1
        return None


def planned(loaded: Loaded, now: datetime) -> Plan[Any]:
    """What the timetable owes this subject by *now*."""
    match loaded.facts:
        case CaseFacts() as facts:
            return settle(loaded.rules, facts, now)
        case PanelDayFacts() as day:
            return settle(loaded.rules, day, now)
        case PartnershipFacts() as partnership:
            return settle(loaded.rules, partnership, now)
        case cycle:
            return settle(loaded.rules, cycle, now)


def _set_aside(connection: Connection, subject_id: int, error: BaseException, now: datetime) -> None:
    """Park the subject until a person releases it; the trace is kept for them, without its values."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__} at {where.name}, line {where.lineno}"
    _log.error("%s %s: subject %s set aside: %s", Note.INCIDENT, now.isoformat(), subject_id, what)
    table = queries.subject
    connection.execute(update(table).where(table.c.id == subject_id).values(parked_at=now, parked_why=what))
    connection.execute(insert(_incident), {"subject_id": subject_id, "at": now, "what": what})
    try:
        with connection.begin_nested():
            _tell(connection, subject_id, what, now)
    except OperationalError:
        raise
    except Exception:  # its row cannot be read, or lines are there that it knows nothing of: `verify` says so
        _log.exception("Subject %s was set aside, and its history could not be told.", subject_id)


def _tell(connection: Connection, subject_id: int, what: str, now: datetime) -> None:
    left = record.left(connection, {subject_id: {("incident", None)}})[subject_id]
    subject = queries.subject_by_id(connection, subject_id, lock=True)
    note(connection, subject, Entry(now, Note.INCIDENT, "incident", cause=what), now=now, kept=left)
