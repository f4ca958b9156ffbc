"""The outbox: what staff see of it and may do to a letter. Every change of status is a step of its lifecycle.

A change is saved with a line in the history of whatever owes the letter, and with what it means for that case.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, bindparam, exists, insert, literal_column, select, update

from calendars import london
from db import queries
from db.single import Single
from db.tables import HistoryPrivate
from db.unit_of_work import UnitOfWork
from s11flow.domain.decide.contacts import HANDOVER
from s11flow.domain.errors import NotNow, Refused, RefusedError, UnknownError, WrongInputError
from s11flow.domain.late_delivery import after_late_delivery
from s11flow.domain.lifecycle import ESCALATION, MESSAGE
from s11flow.domain.model import CaseFacts, CaseState, Entry, MessageEvent, MessageState, Note
from s11flow.domain.state_facts import facts_of
from s11flow.letters.compose import write
from s11flow.services import record
from s11flow.services.chain import CLOCK, lines
from s11flow.services.subjects import Change, ChangedMeanwhile, load_cases, recompute, save

_history_private = queries.table(HistoryPrivate)

# --- what staff see ---------------------------------------------------------------------------------------------------

_SHOWN = (
    "id", "at", "kind", "subject", "case_ref", "agency", "to_address", "subject_line", "why", "dedupe_key", "status",
    "queued_at", "sent_at", "message_id", "status_why",
)  # fmt: skip

CORRECTION = "letter_corrected"
"""The kind of letter that puts right one which left by mistake (`services/corrections`)."""

_CORRECTS = re.compile(rf"/{CORRECTION}@m(\d+)(?:-\d+)?/")


def corrects(dedupe_key: str) -> int | None:
    """The number of the letter that the one of this key puts right; None for any other."""
    found = _CORRECTS.search(dedupe_key)
    return None if found is None else int(found[1])


def corrections(connection: Connection) -> dict[int, list[Any]]:
    """The letters that put others right, by the number of the one that was wrong, oldest first."""
    table, found = queries.message, defaultdict[int, list[Any]](list)
    statement = select(table.c.id, table.c.dedupe_key, table.c.status).where(table.c.kind == CORRECTION)
    for row in connection.execute(statement.order_by(table.c.id)):
        found[corrects(row.dedupe_key) or 0].append(row)
    return found


def list_messages(
    connection: Connection,
    *,
    status: str | None = None,
    kind: str | None = None,
    case: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[dict[str, Any]]:
    """The letters of the outbox by the instant they were owed, each in the shape scripts rely on.

    *since* is the first instant that counts and *until* the first that does not. WrongInputError for a status there
    is none of.
    """
    table = queries.message
    statement = select(*(table.c[name] for name in _SHOWN)).order_by(table.c.at, table.c.id)
    if status is not None:
        statement = statement.where(table.c.status == _status(status).value)
    if kind is not None:
        statement = statement.where(table.c.kind == kind)
    if case is not None:
        statement = statement.where(table.c.case_ref == case.upper())
    if since is not None:
        statement = statement.where(table.c.at >= since)
    if until is not None:
        statement = statement.where(table.c.at < until)
    put_right = corrections(connection)
    return [_as_json(row, put_right) for row in connection.execute(statement).mappings()]


def _status(name: str) -> MessageState:
    try:
        return MessageState[name.upper()]
    except KeyError:
        known = ", ".join(state.name for state in MessageState)
        raise WrongInputError(f"No letter is ever {name!r}; its status is one of {known}.") from None


def _as_json(row: RowMapping, put_right: Mapping[int, list[Any]]) -> dict[str, Any]:
    return {
        "at": london.iso(row["at"]),
        "kind": row["kind"],
        "subject": row["subject"],
        "case": row["case_ref"],
        "agency": row["agency"],
        "to": row["to_address"],
        "subject_line": row["subject_line"],
        "why": row["why"],
        "dedupe_key": row["dedupe_key"],
        "id": row["id"],
        "status": row["status"],
        "queued_at": london.iso(row["queued_at"]),
        "sent_at": None if row["sent_at"] is None else london.iso(row["sent_at"]),
        "message_id": row["message_id"],
        "status_why": row["status_why"],
        "corrects": corrects(row["dedupe_key"]),
        "corrected_by": put_right[row["id"]][-1].id if row["id"] in put_right else None,
    }


def show(connection: Connection, message_id: int) -> dict[str, Any]:
    """One letter as `list_messages` has it, and under `text` what it says; UnknownError if there is none of this id."""
    row = letter(connection, message_id)
    return {
        **_as_json(row._mapping, corrections(connection)),
        "text": _text_of(row.raw) if row.raw else _text_to_be(connection, row),
    }


def letter(connection: Connection, message_id: int) -> Any:
    """The row of one letter; UnknownError if there is none of this id."""
    row = connection.execute(select(queries.message).where(queries.message.c.id == message_id)).one_or_none()
    if row is None:
        raise UnknownError(f"There is no letter {message_id}: see `s11flow outbox list` for the ones there are.")
    return row


def _text_of(raw: bytes) -> str:
    """The text part of a mail as it was composed."""
    body = email.message_from_bytes(raw, policy=email.policy.default).get_body(("plain",))
    return "" if body is None else str(body.get_content())


def _text_to_be(connection: Connection, row: Any) -> str:
    source = queries.contents(connection, [row.templates_sha256])[row.templates_sha256]
    return write(templates_from(source), row.kind, row.context, subject_line=row.subject_line).text


@lru_cache(maxsize=64)
def templates_from(text: str) -> Mapping[str, str]:
    """The letter templates a text holds that a cycle was pinned by; the same text is read once.

    Raises WrongInputError for a text that holds none.
    """
    try:
        templates: Any = json.loads(text)
    except ValueError:
        templates = None
    if not isinstance(templates, dict) or not all(isinstance(template, str) for template in templates.values()):
        raise WrongInputError(
            "The letter templates that were kept when its cycle was opened cannot be read: bring that row of `content` "
            "back from a backup (`s11flow verify` names it), then try the letter again."
        )
    return templates


# --- what staff may do ------------------------------------------------------------------------------------------------

_PEOPLE_CAN = (MessageEvent.HOLD, MessageEvent.RELEASE, MessageEvent.RETRY, MessageEvent.WITHDRAW)


def hold(uow: UnitOfWork, message_id: int, reason: str, *, by: str, now: datetime) -> None:
    """Keep a letter that waits from leaving until it is released. Raises RefusedError and UnknownError."""
    _change(uow, message_id, MessageEvent.HOLD, "held", reason, by, now, reason_wanted=True)


def release(uow: UnitOfWork, message_id: int, reason: str = "", *, by: str, now: datetime) -> None:
    """Let a held letter go with the next delivery, if the mode allows. Raises RefusedError and UnknownError."""
    _change(uow, message_id, MessageEvent.RELEASE, "released", reason, by, now)


def retry(uow: UnitOfWork, message_id: int, reason: str = "", *, by: str, now: datetime) -> None:
    """Send a letter again that failed, is delayed or may not have arrived, with the same bytes.

    Raises RefusedError and UnknownError.
    """
    _change(uow, message_id, MessageEvent.RETRY, "to be sent again", reason, by, now)


def withdraw(uow: UnitOfWork, message_id: int, reason: str, *, by: str, now: datetime) -> None:
    """Never send a letter that has not left. Raises RefusedError and UnknownError."""
    _change(uow, message_id, MessageEvent.WITHDRAW, "withdrawn", reason, by, now, reason_wanted=True)


def arrived(uow: UnitOfWork, message_id: int, reason: str, *, by: str, now: datetime) -> None:
    """Record that a letter of unknown outcome did arrive. Raises RefusedError and UnknownError."""
    event = MessageEvent.ACCEPTED_BY_SERVER
    _change(uow, message_id, event, "found to have arrived", reason, by, now, reason_wanted=True)


def _change(
    uow: UnitOfWork,
    message_id: int,
    event: MessageEvent,
    words: str,
    reason: str,
    by: str,
    now: datetime,
    *,
    reason_wanted: bool = False,
) -> None:
    with uow.write() as connection:
        _change_in(connection, message_id, event, words, reason, by, now, reason_wanted=reason_wanted)


def withdraw_in(connection: Connection, message_id: int, reason: str, *, by: str, now: datetime) -> None:
    """As `withdraw`, within the caller's transaction."""
    _change_in(connection, message_id, MessageEvent.WITHDRAW, "withdrawn", reason, by, now, reason_wanted=True)


def _change_in(
    connection: Connection,
    message_id: int,
    event: MessageEvent,
    words: str,
    reason: str,
    by: str,
    now: datetime,
    *,
    reason_wanted: bool,
) -> None:
    subject = held_subject(connection, letter(connection, message_id).subject_id)
    row = letter(connection, message_id)  # as it stands, now that nobody else changes it
    status = _person_moves(row, event)
    if reason_wanted and not reason.strip():
        raise RefusedError(NotNow(name_of(row), event, "give a reason; it is kept in the history."))
    values = {"status": status.value, "status_why": words, **_values_of(row, event, now)}
    if not change_row(connection, row, values):
        raise RefusedError(NotNow(name_of(row), event, "it has just changed; look at it again."))
    stopped = event in (MessageEvent.HOLD, MessageEvent.WITHDRAW)
    entry = line(row, Note.MESSAGE_STOPPED if stopped else Note.DELIVERY, status, now, words, reason=reason)
    note(connection, subject, entry, actor=by, now=now, kept=left(row, values))
    case_follows(connection, subject, row, now, delivered=status == MessageState.SENT)


def _person_moves(row: Any, event: MessageEvent) -> MessageState:
    """The status the letter comes to; RefusedError says what a person can do to it instead."""
    status = MessageState[row.status]
    transition = MESSAGE.find(status, event)
    # What is on its way to the server is nobody's until the answer is there.
    if transition is not None and status != MessageState.SENDING:
        return MessageState(transition.then)
    if event == MessageEvent.ACCEPTED_BY_SERVER:
        why = f"it is {facts_of(status).staff}; only a letter whose outcome is unknown is found to have arrived."
        raise RefusedError(NotNow(name_of(row), "RECORD_ARRIVAL", why))
    can = () if status == MessageState.SENDING else tuple(e for e in MESSAGE.events_from(status) if e in _PEOPLE_CAN)
    raise RefusedError(Refused(name_of(row), status, event, can=can))


def _values_of(row: Any, event: MessageEvent, now: datetime) -> dict[str, Any]:
    match event:
        case MessageEvent.RETRY:
            # The waits begin anew; that it was tried before is still to be seen.
            return {"next_try_at": now, "lease_until": None, "attempts": min(row.attempts, 1)}
        case MessageEvent.RELEASE:
            return {"next_try_at": now, "lease_until": None, "status_why": ""}
        case MessageEvent.ACCEPTED_BY_SERVER:
            return {"sent_at": now}
    return {}


def name_of(row: Any) -> str:
    """What a letter is called in a sentence to staff."""
    return f"letter {row.id} ({row.kind.replace('_', ' ')} to {row.to_address} for {row.case_ref or row.subject})"


def bounced(connection: Connection, message_id: int, why: str, *, by: str, now: datetime) -> None:
    """Record that a letter that left was not delivered; its case waits where it waits for a delivery (case 5).

    Raises ValueError for a letter that has not left.
    """
    subject = held_subject(connection, letter(connection, message_id).subject_id)
    row = letter(connection, message_id)
    status = moved(MessageState[row.status], MessageEvent.BOUNCE)
    values = {"status": status.value, "status_why": why}
    if not change_row(connection, row, values):
        raise ChangedMeanwhile(f"{name_of(row)} was changed by someone else")
    entry = line(row, Note.DELIVERY, status, now, "bounced", why=why)
    note(connection, subject, entry, actor=by, now=now, kept=left(row, values))
    if subject.kind == "case" and not subject.is_parked:
        recompute(connection, [subject.id], "case")


# --- how a letter's status changes ------------------------------------------------------------------------------------


def moved(status: MessageState, *events: MessageEvent) -> MessageState:
    """The status that these events lead to, one after the other; ValueError where the lifecycle has no such step."""
    for event in events:
        transition = MESSAGE.find(status, event)
        if transition is None:
            raise ValueError(f"No letter that is {status} can {event}: the lifecycle has no such step.")
        status = MessageState(transition.then)
    return status


AS_READ = ("status", "attempts", "next_try_at")
"""The columns by which a letter is seen to be what it was when it was read."""


def as_read(row: Any) -> dict[str, Any]:
    """How a letter was when it was read, as parameters of a statement that changes it only if it still is."""
    return {"b_id": row.id, "b_status": row.status, "b_attempts": row.attempts, "b_next_try_at": row.next_try_at}


def change_row(connection: Connection, row: Any, values: Mapping[str, Any]) -> bool:
    """Change a letter that still stands as it was read; False, and nothing changed, if it does not."""
    return bool(connection.execute(_AS_READ, {**as_read(row), **values}).rowcount)


# Built once: making a statement costs more than running it.
_AS_READ = update(queries.message).where(
    *(queries.message.c[name] == bindparam(f"b_{name}") for name in ("id", *AS_READ))
)


def held_subject(connection: Connection, subject_id: int) -> Any:
    """What a letter's history line needs to know of its subject, which is held until the transaction ends."""
    return _SUBJECT.one(connection, b_id=subject_id)


_SUBJECT = Single(
    select(
        *(queries.subject.c[name] for name in ("id", "ref", "kind", "state", "version", "seq", "head")),
        queries.subject.c.parked_at.is_not(None).label("is_parked"),
    )
    .where(queries.subject.c.id == bindparam("b_id"))
    .with_for_update(),  # which says nothing on SQLite, where one writer holds everything
    ("b_id",),
)


def line(row: Any, event: Note, status: MessageState, now: datetime, cause: str, **private: object) -> Entry:
    """The history line of a letter that came to *status*; *private* may name people."""
    data: dict[str, object] = {"key": row.dedupe_key, "status": status.value}
    if event == Note.MESSAGE_STOPPED:
        data["kind"] = row.kind
    elif row.raw is not None:
        data["bytes_sha256"] = hashlib.sha256(row.raw).hexdigest()
    return Entry(now, event, "letter", cause=cause, data=data, private=private)


def left(row: Any, values: Mapping[str, Any]) -> dict[str, str]:
    """What the history keeps of a letter that was read as *row* and of which *values* were changed."""
    return record.letter_left({name: getattr(row, name) for name in record.LETTER} | dict(values))


def note(
    connection: Connection,
    subject: Any,
    entry: Entry,
    *,
    now: datetime,
    actor: str = CLOCK,
    kept: Mapping[str, str] | None = None,
) -> None:
    """Chain one line on to the history of *subject*, as it was read under its lock; raises ChangedMeanwhile.

    *kept* are the digests of the rows that the line is about.
    """
    made = lines(
        subject_id=subject.id, ref=subject.ref, seq=subject.seq, head=subject.head, entries=(entry,), actor=actor,
        now=now, record=kept,
    )  # fmt: skip
    for table, rows in ((queries.history, made.rows), (_history_private, made.private)):
        for row in rows:
            _insert(table, tuple(row)).execute(connection, row)
    seen = {"b_id": subject.id, "b_version": subject.version}
    values = {"seq": made.seq, "head": made.head, "version": subject.version + 1}
    if _HEAD.execute(connection, {**seen, **values}) != 1:
        raise ChangedMeanwhile(f"{subject.ref} was changed by someone else")


@lru_cache(maxsize=16)
def _insert(table: Table, columns: tuple[str, ...]) -> Single:
    return Single(insert(table), columns)


_HEAD = Single(
    update(queries.subject)
    .where(queries.subject.c.id == bindparam("b_id"), queries.subject.c.version == bindparam("b_version"))
    .values({name: bindparam(name) for name in ("seq", "head", "version")}),
    ("b_id", "b_version", "seq", "head", "version"),
)


def case_follows(connection: Connection, subject: Any, row: Any, now: datetime, *, delivered: bool) -> None:
    """What it means for the case that a letter asking for its report was delivered or was not (case 60).

    A request that came late gives the notice it would have given; and non-submission, or after a handover the letter to
    the Chair, waits for a delivery.
    """
    if row.kind not in queries.ASKING or row.recipient != "contact":
        return
    if subject.kind != "case" or subject.state not in _OWES:
        return
    if subject.is_parked:
        return  # its row may not even be readable, and a letter that left must be recorded
    came_late = row.kind == "report_request" and london.day_of(now) > london.day_of(row.queued_at)
    came_late = came_late and HANDOVER not in row.dedupe_key  # what was asked of the one before still stands
    if delivered and came_late and _gives_notice(connection, subject.id, now):
        return
    if _OPEN_ESCALATION.one(connection, b_id=subject.id).is_open:
        recompute(connection, [subject.id], "case")


_OWES = (CaseState.REQUESTED.value, CaseState.NOT_SUBMITTED.value)


# A question of its own, once the subject is ours: one asked with it would not see what whoever held it last has saved.
# The states are named one by one: a list of them would be written into the statement anew each time it is run.
_OPEN_ESCALATION = Single(
    select(
        exists()
        .where(
            queries.escalation.c.case_id == bindparam("b_id"),
            *(queries.escalation.c.state != literal_column(f"'{state.value}'") for state in sorted(ESCALATION.ends)),
        )
        .label("is_open")
    ),
    ("b_id",),
)


def _gives_notice(connection: Connection, case_id: int, now: datetime) -> bool:
    (loaded,) = load_cases(connection, [case_id])
    assert isinstance(loaded.facts, CaseFacts)
    plan = after_late_delivery(loaded.rules, loaded.facts, delivered_at=now)
    if plan is not None:
        save(connection, [Change(loaded, plan)], now)
    return plan is not None
