"""The same fold run ahead in memory: every letter that would leave, day by day, with its reason. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from calendars import london
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain.model import CaseFacts, Plan
from s11flow.letters.compose import Draft, previews
from s11flow.services.subjects import Loaded, load
from s11flow.services.tick import planned

AHEAD = timedelta(days=366)


def forecast(
    uow: UnitOfWork,
    *,
    now: datetime,
    from_: datetime | None = None,
    to: datetime | None = None,
    partnership: str | None = None,
) -> list[Draft]:
    """Every letter the timetable would send from *now* on, in order; one for each recipient.

    It assumes that letters are delivered and that nobody does anything. Rows before *from_* are left out; without it,
    what is late already is in. *to* defaults to 366 days from *now*.
    """
    end = to or now + AHEAD
    with uow.read() as connection:
        found = [draft for loaded in _subjects(connection, partnership) for draft in _ahead(loaded, now, end)]
    rows = [draft for draft in found if draft.at <= end and (from_ is None or draft.at >= from_)]
    return sorted(rows, key=lambda draft: (draft.at, draft.dedupe_key))


def _subjects(connection: Connection, partnership: str | None) -> Iterator[Loaded]:
    """Everything that is owed something, of every kind, as it stands."""
    table = queries.subject
    for kind in ("case", "panel_day", "partnership"):
        statement = select(table.c.id).where(
            table.c.kind == kind, table.c.parked_at.is_(None), table.c.next_due_at.is_not(None)
        )
        if partnership is not None:
            statement = statement.where(table.c.partnership == partnership)
        ids = list(connection.scalars(statement.order_by(table.c.id)))
        for start in range(0, len(ids), 500):
            yield from load(connection, ids[start : start + 500], kind)


def _ahead(loaded: Loaded, now: datetime, end: datetime) -> Iterator[Draft]:
    """The letters of one subject: what is owed now, then each next due instant in turn."""
    if isinstance(loaded.facts, CaseFacts):
        loaded.facts = replace(loaded.facts, notice_undelivered=False)
    at = now
    while True:
        plan: Plan[Any] = planned(loaded, at)
        for letter in plan.letters:
            yield from previews(loaded.rules, letter)
        if plan.next_due_at is None or plan.next_due_at > end:
            return
        loaded.facts, at = plan.facts, plan.next_due_at


def as_json(draft: Draft) -> dict[str, Any]:
    """A row of the forecast in the shape scripts rely on."""
    return {
        "at": london.iso(draft.at),
        "kind": draft.kind,
        "subject": draft.subject,
        "case": draft.case_ref,
        "agency": draft.agency,
        "to": draft.to_address,
        "subject_line": draft.subject_line,
        "why": draft.why,
        "dedupe_key": draft.dedupe_key,
    }
