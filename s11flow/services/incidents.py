"""Subjects that were set aside because they could not be worked out: which, since when, and letting them go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from calendars import london
from db import queries
from db.tables import Incident
from db.unit_of_work import UnitOfWork
from s11flow.domain.agenda import next_due_at
from s11flow.domain.errors import UnknownError
from s11flow.domain.model import Entry, Note, Plan
from s11flow.services.subjects import Change, load, save

_incident = queries.table(Incident)


@dataclass(frozen=True, slots=True)
class Parked:
    """A subject that the clock leaves alone until a person releases it."""

    ref: str
    kind: str
    since: datetime
    why: str

    def as_json(self) -> dict[str, str]:
        """The shape scripts rely on."""
        return {"ref": self.ref, "kind": self.kind, "since": london.iso(self.since), "why": self.why}


def parked(connection: Connection, partnership: str) -> list[Parked]:
    """What is set aside, oldest first."""
    table = queries.subject
    statement = select(table).where(table.c.partnership == partnership, table.c.parked_at.is_not(None))
    return [_parked(row) for row in connection.execute(statement.order_by(table.c.parked_at, table.c.id))]


def _parked(row: Any) -> Parked:
    return Parked(row.ref, row.kind, row.parked_at, row.parked_why or "")


def release(uow: UnitOfWork, ref: str, *, partnership: str, reason: str, now: datetime, by: str) -> Parked:
    """Let the clock have a subject again; the next tick takes up what it is owed. UnknownError unless it is parked."""
    with uow.write() as connection:
        row = queries.subject_by_ref(connection, ref)
        if row is None or row.parked_at is None or row.partnership != partnership:
            there = ", ".join(item.ref for item in parked(connection, partnership)) or "nothing"
            raise UnknownError(f"{ref} is not set aside; set aside is {there}.")
        queries.lock(connection, [row.id])
        (loaded,) = load(connection, [row.id], row.kind)
        entry = Entry(now, Note.RELEASED, "incident", cause=row.parked_why or "", private={"reason": reason})
        plan: Plan[Any] = Plan(loaded.facts, (entry,), next_due_at=next_due_at(loaded.rules, loaded.facts))
        change = Change(loaded, plan, actor=by).writes(connection, "incident")
        table = queries.subject
        connection.execute(update(table).where(table.c.id == row.id).values(parked_at=None, parked_why=None))
        waiting = (_incident.c.subject_id == row.id) & _incident.c.released_at.is_(None)
        connection.execute(update(_incident).where(waiting).values(released_at=now))
        save(connection, [change], now)
    return _parked(row)
