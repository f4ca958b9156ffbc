"""Reports that hold details of single children (case 41): kept back, looked through, and shown to whom all the same.

A version that is kept back is on record and in time. It is left out of the panel's pack, of what was read of the report
and of what a neighbour is given; a redacted one is asked for, and takes its place when it comes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select, update

from calendars import london
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain import acts
from s11flow.domain.agenda import next_due_at
from s11flow.domain.errors import NotNow, RefusedError, WrongInputError
from s11flow.domain.model import RESTRICTED, CaseFacts, CaseState, Entry, MessageState, Note, Plan
from s11flow.services import cases, record
from s11flow.services.subjects import Change, Loaded, recompute, save
from s11flow.services.submissions import Documents

_RESTRICT, _LOOK_THROUGH, _DISCLOSE = "RESTRICT_REPORT", "LOOK_THROUGH", "DISCLOSE"


@dataclass(frozen=True, slots=True)
class Restricted:
    """A version that is kept back now; `packs` are the days of panels whose pack had left with word of it."""

    version: int
    plan: Plan[CaseFacts]
    packs: tuple[date, ...] = ()


def restrict(
    uow: UnitOfWork,
    ref: str,
    version: int | None = None,
    *,
    reason: str,
    return_by: date | None = None,
    now: datetime,
    by: str,
) -> Restricted:
    """Keep a version back, by default the one that counts, and ask for one in which no child can be recognised.

    Whoever answers for data protection at the agency is told, else its senior leader. Without *return_by* they have as
    many working days as the policy says. Raises UnknownError, and RefusedError where there is no such version.
    """
    with uow.write() as connection:
        loaded = _settled(connection, ref, now)
        rows = queries.submissions(connection, [loaded.id]).get(loaded.id, [])
        row = _version(loaded, rows, version, _RESTRICT)
        if row.status == RESTRICTED:
            raise RefusedError(NotNow(loaded.ref, _RESTRICT, f"version {row.version} is kept back already."))
        packs = _packs_that_left(connection, loaded, row)
        again, was = _marked(connection, loaded, row.version, RESTRICTED)
        until = return_by or loaded.rules.days.add(
            london.day_of(now), loaded.rules.definition.policy.return_by_working_days
        )
        act = acts.RestrictReport(
            row.version, row.arrived_at, row.status, reason, until, wanted=not _has_a_later_one(rows, row.version)
        )
        change = cases.change_for(again, act, by=by, now=now)
        change.wrote, change.was = {"submission"}, was
        cases.write(connection, [change], now)
        recompute(connection, [loaded.id], "case")
    return Restricted(row.version, change.plan, packs)


@dataclass(frozen=True, slots=True)
class LookedThrough:
    """A version that may be read; whether it was kept back until now, and how its case stands."""

    version: int
    was_restricted: bool
    state: CaseState


def look_through(
    uow: UnitOfWork, ref: str, version: int | None = None, *, reason: str, now: datetime, by: str
) -> LookedThrough:
    """Record that a person found nothing to keep back in a version. It counts again as it did before.

    A letter about it that has not left never does. Raises UnknownError and RefusedError.
    """
    with uow.write() as connection:
        loaded = _settled(connection, ref, now)
        rows = queries.submissions(connection, [loaded.id]).get(loaded.id, [])
        row = _version(loaded, rows, version, _LOOK_THROUGH)
        if not reason.strip():
            raise RefusedError(NotNow(loaded.ref, _LOOK_THROUGH, "say what was found; it is kept in the history."))
        was_restricted = row.status == RESTRICTED
        was: dict[str, str] = {}
        if was_restricted:
            loaded, was = _marked(connection, loaded, row.version, _stood(connection, loaded.id, row.version))
        cause = f"version {row.version} {'is kept back no more' if was_restricted else 'may be read'}"
        entry = Entry(
            now, Note.LOOKED_THROUGH, "report", cause=cause, data={"version": row.version}, private={"reason": reason}
        )
        stops = frozenset({"redaction_wanted"}) if was_restricted else frozenset[str]()
        _note(connection, loaded, entry, was, now, by, stops)
    return LookedThrough(row.version, was_restricted, _facts(loaded).state)


def disclose(
    uow: UnitOfWork,
    documents: Documents,
    ref: str,
    version: int | None = None,
    *,
    to: str,
    reason: str,
    now: datetime,
    by: str,
) -> tuple[int, list[tuple[str, bytes]]]:
    """Give the files of a version to somebody who has to see them; the history keeps to whom, and why.

    Raises UnknownError, RefusedError and WrongInputError.
    """
    if not to.strip() or not reason.strip():
        raise WrongInputError("Say to whom the files are shown, and why; both are kept in the history.")
    with uow.write() as connection:
        loaded = _settled(connection, ref, now)
        rows = queries.submissions(connection, [loaded.id]).get(loaded.id, [])
        row = _version(loaded, rows, version, _DISCLOSE)
        kept = [(name, digest) for name, digest, _ in json.loads(row.files)]
        given = [(name, documents.read(digest)) for name, digest in kept]
        entry = Entry(
            now, Note.DISCLOSED, "report", cause=f"the files of version {row.version} were shown to somebody",
            data={"version": row.version, "files": [digest for _, digest in kept]},
            private={"to": to, "reason": reason},
        )  # fmt: skip
        _note(connection, loaded, entry, {}, now, by)
    return row.version, given


# --- a version, and how it is marked ----------------------------------------------------------------------------------


def _settled(connection: Connection, ref: str, now: datetime) -> Loaded:
    """The case with all that the clock owed it by *now*, held until the transaction ends."""
    loaded = cases.one_case(connection, ref)
    cases.settle_first(connection, [loaded.id], "case", now)
    return cases.one_case(connection, loaded.ref)


def _version(loaded: Loaded, rows: Sequence[Any], version: int | None, what: str) -> Any:
    """The version that was asked for, by default the one that counts; RefusedError where there is none."""
    there = {row.version: row for row in rows if row.status != "withdrawn"}
    counts = _facts(loaded).submission
    number = version if version is not None else counts.version if counts else max(there, default=0)
    if number not in there:
        known = ", ".join(map(str, sorted(there))) or "none"
        raise RefusedError(NotNow(loaded.ref, what, f"it has no version {number or 'of a report'}; there is {known}."))
    return there[number]


def _has_a_later_one(rows: Sequence[Any], version: int) -> bool:
    return any(row.version > version and row.status in ("filed", "chosen") for row in rows)


def _stood(connection: Connection, case_id: int, version: int) -> str:
    """How a version stood before it was kept back, by the newest line that says so."""
    lines = [json.loads(line.data) for line in queries.history_of(connection, case_id) if line.event == Note.RESTRICTED]
    return next((str(said["stood"]) for said in reversed(lines) if said["version"] == version), "filed")


def _marked(connection: Connection, loaded: Loaded, version: int, status: str) -> tuple[Loaded, dict[str, str]]:
    """The case with a version marked so, and the digests of what was there before."""
    was = record.left(connection, {loaded.id: {("submission", None)}})[loaded.id]
    table = queries.submission
    one = update(table).where(table.c.case_id == loaded.id, table.c.version == version)
    connection.execute(one.values(status=status))
    return cases.one_case(connection, loaded.ref), was


def _note(
    connection: Connection,
    loaded: Loaded,
    entry: Entry,
    was: dict[str, str],
    now: datetime,
    by: str,
    stops: frozenset[str] = frozenset(),
) -> None:
    facts = _facts(loaded)
    plan = Plan(facts, (entry,), stops=stops, next_due_at=next_due_at(loaded.rules, facts))
    save(connection, [Change(loaded, plan, actor=by, wrote={"submission"} if was else set(), was=was)], now)


def _packs_that_left(connection: Connection, loaded: Loaded, row: Any) -> tuple[date, ...]:
    """The panel days of its cycle whose pack has left since the version was filed: their members know of its files."""
    message, day = queries.message, queries.panel_day
    statement = (
        select(day.c.day)
        .join(message, message.c.subject_id == day.c.subject_id)
        .where(day.c.cycle_id == loaded.cycle_id, message.c.kind == "panel_pack")
        .where(message.c.status == MessageState.SENT.value, message.c.sent_at >= row.filed_at)
        .distinct()
    )
    session = _facts(loaded).session
    meets = None if session is None else london.day_of(session.starts_at)
    return tuple(on for on in connection.scalars(statement) if on == meets)


def _facts(loaded: Loaded) -> CaseFacts:
    assert isinstance(loaded.facts, CaseFacts)
    return loaded.facts
