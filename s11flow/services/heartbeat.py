"""When each row of the schedule last ran, and which of them have stopped."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from calendars import london
from db import queries
from db.unit_of_work import UnitOfWork

STALE = timedelta(minutes=10)
"""How long a row that runs every minute may be silent before somebody should look."""

_AHEAD = timedelta(hours=1)
"""A hand that is further ahead than this was moved by a clock that was wrong, and is taken back."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Beat:
    """The last run of one row of the schedule that came to its end."""

    name: str
    at: datetime
    counters: Mapping[str, int]


def beat(uow: UnitOfWork, name: str, now: datetime, counters: Mapping[str, int]) -> None:
    """Record that row *name* ran at *now* and what it counted; only the newest run of each row is kept.

    One that is kept as more than an hour after *now* was noted by a clock that was wrong, and gives way.
    """
    values = {"at": now, "counters": json.dumps(dict(counters), sort_keys=True)}
    try:
        _move_hand(uow, name, values)
    except IntegrityError:  # another worker's first run of this row was noted since we looked: now there is a hand
        _move_hand(uow, name, values)


def _move_hand(uow: UnitOfWork, name: str, values: Mapping[str, Any]) -> None:
    beats = queries.heartbeat
    with uow.write() as connection:
        known = select(beats.c.at).where(beats.c.name == name).with_for_update()
        last = connection.execute(known).scalar_one_or_none()
        if last is None:
            connection.execute(insert(beats), {"name": name, **values})
        elif last <= values["at"] or last > values["at"] + _AHEAD:
            # One that took longer than its follower does not put the hand back.
            connection.execute(update(beats).where(beats.c.name == name).values(values))


def last_beats(connection: Connection) -> dict[str, Beat]:
    """Give the last run of each row that ever ran, by name."""
    rows = connection.execute(select(queries.heartbeat).order_by(queries.heartbeat.c.name))
    return {row.name: Beat(row.name, row.at, json.loads(row.counters)) for row in rows}


def _fault_of(beat: Beat | None, now: datetime) -> str:
    """What is wrong with the last run of a row, and what to do, as the rest of a sentence; empty if nothing is.

    A run more than `STALE` after *now* hides that none has come since: the clock was wrong then, or is now.
    """
    if beat is None:
        return "has never run; see that the worker runs and what its log says"
    if now - beat.at > STALE:
        return f"last ran on {london.spell(beat.at)}; see that the worker runs and what its log says"
    if beat.at - now > STALE:
        return (
            f"last ran on {london.spell(beat.at)}, which is still to come; set the clock of this machine right, and "
            "see that the worker runs"
        )
    return ""


def look(uow: UnitOfWork, watched: Iterable[str], *, now: datetime) -> dict[str, int]:
    """Count under "stale" which of the *watched* rows have not run within `STALE` of *now*, and warn of each."""
    with uow.read() as connection:
        beats = last_beats(connection)
    faults = {name: fault for name in watched if (fault := _fault_of(beats.get(name), now))}
    for name, fault in faults.items():
        _log.warning("The row %r of the schedule %s.", name, fault)
    return {"stale": len(faults)}
