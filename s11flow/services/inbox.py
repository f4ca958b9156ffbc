"""The holding tray: mail from outside that a person has not yet decided on, and what each decision unblocks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from calendars import london
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain.errors import UnknownError, WrongInputError
from s11flow.domain.model import CaseFacts, CaseState, CycleState, Entry, Note, Plan
from s11flow.domain.step import settle
from s11flow.services import agencies, cases, record
from s11flow.services.chain import canonical
from s11flow.services.subjects import Change, Loaded, load_cases, recompute

_BATCH = 500

File = tuple[str, str, int]
"""A file as the documents folder keeps it: its name, its sha256, its size in bytes."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Mail in the tray. `arrived_at` is when it reached us, and stays so however late it is filed (cases 15, 38)."""

    id: int
    partnership: str
    arrived_at: datetime
    case: str | None
    note: str
    files: tuple[File, ...]

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {
            "id": self.id,
            "arrived_at": london.iso(self.arrived_at),
            "case": self.case,
            "note": self.note,
            "files": [{"name": name, "sha256": digest, "size": size} for name, digest, size in self.files],
        }


def add(
    uow: UnitOfWork,
    *,
    partnership: str,
    arrived_at: datetime,
    now: datetime,
    by: str,
    case_ref: str | None = None,
    note: str = "",
    files: Sequence[File] = (),
) -> Waiting:
    """Put mail into the tray; while it waits, no silence of before it is confirmed for the case it may be about.

    Without *case_ref* it may be about any case of the partnership. Raises WrongInputError for an arrival still to
    come, UnknownError for the partnership or the case.
    """
    if arrived_at > now:
        raise WrongInputError(f"Mail cannot arrive on {london.spell(arrived_at)}: that is still to come.")
    with uow.write() as connection:
        home = _home(connection, partnership)
        case = None if case_ref is None else cases.one_case(connection, case_ref)
        row = {
            "partnership": partnership, "arrived_at": arrived_at, "case_id": None if case is None else case.id,
            "note": note, "files": canonical([list(file) for file in files]),
        }  # fmt: skip
        concerned = _concerned(connection, partnership, case)
        _settle(connection, concerned, now)
        statement = insert(queries.waiting_mail).values(**row).returning(queries.waiting_mail.c.id)
        mail_id = int(connection.execute(statement).scalar_one())
        entry = _entry(mail_id, arrived_at, "waits for a decision", now, note)
        _record(connection, home.id, case, entry, now, by, _digest(connection, mail_id))
        _recompute(connection, concerned)
        return _one(connection, mail_id)


def waiting(uow: UnitOfWork, *, partnership: str) -> tuple[Waiting, ...]:
    """What waits in the tray, oldest first."""
    table = queries.waiting_mail
    with uow.read() as connection:
        _home(connection, partnership)
        undecided = _mail().where(table.c.partnership == partnership, table.c.decided_at.is_(None))
        return tuple(_waiting(row) for row in connection.execute(undecided.order_by(table.c.arrived_at, table.c.id)))


def get(uow: UnitOfWork, mail_id: int) -> Waiting:
    """One piece of mail in the tray; raises UnknownError, or WrongInputError when it has been decided on."""
    with uow.read() as connection:
        return _one(connection, mail_id)


def file(uow: UnitOfWork, mail_id: int, ref: str, *, now: datetime, by: str) -> Waiting:
    """Take mail out of the tray as belonging to the case *ref*, and return it.

    Receive its report first, as of its `arrived_at`: from here on the case no longer waits for it.
    """
    with uow.write() as connection:
        mail = _one(connection, mail_id)
        case = cases.one_case(connection, ref)
        _decide(connection, mail, "filed", now, by, note="", case=case)
    return mail


def ignore(uow: UnitOfWork, mail_id: int, reason: str, *, now: datetime, by: str) -> Waiting:
    """Take mail out of the tray as no report, with a reason, and return it."""
    if not reason.strip():
        raise WrongInputError("Give a reason for ignoring mail; it is kept in the history.")
    with uow.write() as connection:
        mail = _one(connection, mail_id)
        _decide(connection, mail, "ignored", now, by, note=reason)
    return mail


# --- the parts -------------------------------------------------------------------------------------------------------


def _decide(
    connection: Connection,
    mail: Waiting,
    decision: str,
    now: datetime,
    by: str,
    *,
    note: str,
    case: Loaded | None = None,
) -> None:
    thought = None if mail.case is None else cases.one_case(connection, mail.case)
    concerned = sorted({*_concerned(connection, mail.partnership, thought), *([case.id] if case else [])})
    _settle(connection, concerned, now)  # with the mail still waiting, as the clock would have found it
    was = _digest(connection, mail.id)
    table = queries.waiting_mail
    decided = update(table).where(table.c.id == mail.id).values(decided_at=now, decision=decision)
    connection.execute(decided.values(case_id=case.id) if case else decided)
    entry = _entry(mail.id, mail.arrived_at, decision, now, note)
    home = _home(connection, mail.partnership)
    left = _digest(connection, mail.id)
    _record(connection, home.id, thought, entry, now, by, record.changed(was, left))
    if case is not None and (thought is None or thought.id != case.id):
        _record(connection, home.id, case, entry, now, by, left)
    _recompute(connection, concerned)


def _entry(mail_id: int, arrived_at: datetime, decision: str, now: datetime, note: str) -> Entry:
    data: dict[str, object] = {"mail": mail_id, "arrived_at": london.iso(arrived_at), "decision": decision}
    return Entry(now, Note.OUTSIDE_MAIL, "mail", cause=decision, data=data, private={"note": note})


def _digest(connection: Connection, mail_id: int) -> dict[str, str]:
    """What a history keeps of mail in the tray."""
    (row,) = queries.rows_of(connection, queries.waiting_mail, "id", [mail_id])
    return {record.mail_called(mail_id): record.digest(row)}


def _record(
    connection: Connection,
    home_id: int,
    case: Loaded | None,
    entry: Entry,
    now: datetime,
    by: str,
    rows: dict[str, str],
) -> None:
    """A line on the case the mail is about; on the partnership while nobody knows which. It answers for the mail."""
    if case is None:
        agencies.record(connection, home_id, entry, now=now, by=by, rows=rows)
        return
    (loaded,) = load_cases(connection, [case.id])  # as it stands now that it is settled
    cases.write(connection, [Change(loaded, Plan(_facts(loaded), (entry,)), actor=by, record=rows)], now)


def _facts(loaded: Loaded) -> CaseFacts:
    assert isinstance(loaded.facts, CaseFacts)
    return loaded.facts


def _concerned(connection: Connection, partnership: str, case: Loaded | None) -> list[int]:
    """The case the mail may be about; all that owe a report while nobody knows which."""
    if case is not None:
        return [case.id]
    subject, cycle = queries.subject, queries.subject.alias("of_cycle")
    statement = (
        select(subject.c.id)
        .join(cycle, cycle.c.id == subject.c.cycle_id)
        .where(subject.c.kind == "case", subject.c.partnership == partnership)
        .where(subject.c.state == CaseState.REQUESTED.name, cycle.c.state != CycleState.CLOSED.name)
        .where(subject.c.parked_at.is_(None))  # worked out anew when it is released
    )
    return sorted(connection.scalars(statement))


def _settle(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    """Apply what the clock owed these cases before the tray changes, so that a missed tick changes no outcome."""
    for some in _batches(ids):
        changes = []
        for loaded in load_cases(connection, some):
            plan = settle(loaded.rules, _facts(loaded), now)
            if plan.entries:
                changes.append(Change(loaded, plan, by_clock=len(plan.entries)))
        if changes:
            cases.write(connection, changes, now)


def _recompute(connection: Connection, ids: Sequence[int]) -> None:
    for some in _batches(ids):
        recompute(connection, some, "case")


def _batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]


def _home(connection: Connection, code: str) -> Any:
    for row in queries.partnerships(connection):
        if row.code == code:
            return row
    raise UnknownError(f"There is no partnership {code} here: run `s11flow init` first.")


def _mail() -> Select[Any]:
    mail, subject = queries.waiting_mail, queries.subject
    return select(mail, subject.c.ref).outerjoin(subject, subject.c.id == mail.c.case_id)


def _one(connection: Connection, mail_id: int) -> Waiting:
    row = connection.execute(_mail().where(queries.waiting_mail.c.id == mail_id)).one_or_none()
    if row is None:
        raise UnknownError(f"There is no mail {mail_id} in the holding tray; the digest lists what waits there.")
    if row.decided_at is not None:
        raise WrongInputError(f"Mail {mail_id} was {row.decision} on {london.spell(row.decided_at)} already.")
    return _waiting(row)


def _waiting(row: Any) -> Waiting:
    files = tuple((name, digest, size) for name, digest, size in json.loads(row.files or "[]"))
    return Waiting(row.id, row.partnership, row.arrived_at, row.ref, row.note, files)
