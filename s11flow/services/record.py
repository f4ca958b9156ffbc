"""What stands in a history of the rows it left behind: the digest of each, by the name the row has there.

A line carries the digests of the rows that its change wrote (`History.record`), so that a row which is no longer what
its newest line says was changed by something else. What a line does not carry is answered for in another way, and the
few columns that nothing answers for are named here with the reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Table, select

from db import queries
from db.tables import Incident
from s11flow.services.chain import canonical, sha256

EXEMPT: Mapping[str, str] = MappingProxyType(
    {
        "subject.version": "It counts changes, so that two do not overwrite each other; what they were is elsewhere.",
        "history.id": "A handle of the database; a line is known by its subject and its number.",
        "message.id": "A handle for the command line; a letter is known by its dedupe_key.",
        "message.next_try_at": "When delivery looks at a letter that waits; one further off than any wait is found.",
        "message.attempts": "How often delivery tried, from which it reckons how long to wait.",
        "message.lease_until": "Whose turn it is to deliver a letter just now; one longer than any lease is found.",
        "heartbeat.name": "Which row of the schedule ran; nothing is decided by it.",
        "heartbeat.at": "When it last ran; the next later run writes it anew.",
        "heartbeat.counters": "What that run counted; the next run writes it anew.",
    }
)
"""The columns that `verify` does not answer for, each with the reason: nobody is told anything by them."""


@dataclass(frozen=True)
class Room:
    """A table whose rows belong to subjects: the column that says to which, and what a row is called in its history."""

    table: Table
    owner: str
    called: Callable[[Mapping[str, Any]], str]

    def rows(self, connection: Connection, ids: Collection[int]) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """Each row of these subjects: whose it is, what it is called, and its columns."""
        for row in queries.rows_of(connection, self.table, self.owner, ids):
            yield row[self.owner], self.called(row), row


def _one(name: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda row: name


def _numbered(name: str, by: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda row: f"{name} {row[by]}"


ROOMS: Mapping[str, Room] = MappingProxyType(
    {
        "partnership": Room(queries.partnership, "subject_id", _one("partnership")),
        "cycle": Room(queries.cycle, "subject_id", _one("cycle")),
        "panel_day": Room(queries.panel_day, "subject_id", _one("panel_day")),
        "case_file": Room(queries.case_file, "subject_id", _one("case_file")),
        "panel_session": Room(queries.panel_session, "case_id", _numbered("panel_session", "number")),
        "proposal": Room(queries.proposal, "case_id", _numbered("proposal", "number")),
        "escalation": Room(queries.escalation, "case_id", _numbered("escalation", "number")),
        "submission": Room(queries.submission, "case_id", _numbered("submission", "version")),
        "report_reading": Room(queries.report_reading, "case_id", _numbered("report_reading", "version")),
        "review_action": Room(queries.review_action, "partnership_id", _numbered("review_action", "number")),
        "assessment": Room(queries.assessment, "case_id", _numbered("assessment", "version")),
        "incident": Room(queries.table(Incident), "subject_id", _numbered("incident", "id")),
        "alias": Room(queries.alias, "partnership_id", lambda row: alias_called(row["address"])),
        "succession": Room(queries.succession, "partnership_id", _numbered("succession", "number")),
    }
)
"""The tables whose rows are read back by their subject; answers, agencies and waiting mail are told below."""

OF_KIND: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "partnership": ("partnership", "review_action", "succession", "alias", "incident"),
        "cycle": ("cycle", "incident"),
        "panel_day": ("panel_day", "incident"),
        "case": (
            "case_file", "panel_session", "proposal", "escalation", "submission", "report_reading", "assessment",
            "incident",
        ),
    }
)  # fmt: skip
"""Which of those tables a subject of each kind may have rows in."""

ANSWERS = "reply"
SUBJECT = "subject"


def digest(row: Mapping[str, Any]) -> str:
    """The digest of a row by its columns' names; an empty one says nothing, so that a new column may be added empty.

    A long text stands there by its own digest: many rows have the same, and it is worked out once.
    """
    said = {
        name: value if type(value) is not str or len(value) < _LONG else _of_long(value)
        for name, value in row.items()
        if value is not None
    }
    return sha256(canonical(said))


_LONG = 200
_of_long = lru_cache(maxsize=1024)(sha256)


def subject_digest(row: Mapping[str, Any]) -> str:
    """The digest of what never changes of a subject."""
    return digest({name: row[name] for name in ("id", "kind", "ref", "partnership", "cycle_id")})


def agency_called(code: str) -> str:
    """What a row of the register is called in its partnership's history."""
    return f"agency {code}"


def mail_called(mail_id: int) -> str:
    """What mail in the tray is called in the history of whatever it may be about."""
    return f"waiting_mail {mail_id}"


def answer_called(number: int, attendee: str) -> str:
    """What an answer to session *number* is called; people's addresses stay out of what cannot be removed."""
    return f"{ANSWERS} {sha256(f'{number} {attendee}')[:16]}"


def alias_called(address: str) -> str:
    """What another address of somebody is called in the partnership's history, which does not say which it is."""
    return f"alias {sha256(address)[:16]}"


def answers(connection: Connection, ids: Collection[int]) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Each answer to a session of these cases, as `Room.rows` gives rows."""
    session, reply = queries.panel_session, queries.reply
    joined = select(reply, session.c.case_id, session.c.number).join(session, session.c.id == reply.c.session_id)
    for row in queries.rows_among(connection, joined, session.c.case_id, ids):
        owner, number = row.pop("case_id"), row.pop("number")
        yield owner, answer_called(number, row["attendee"]), row


def left(
    connection: Connection, written: Mapping[int, Collection[tuple[str, str | None]]]
) -> dict[int, dict[str, str]]:
    """The digests of the rows that were *written* of each subject: pairs of table and name, None for all it has there.

    Read back from the database, so that they are of what is stored.
    """
    by_table: dict[str, list[int]] = defaultdict(list)
    for subject_id, names in written.items():
        for table in {table for table, _ in names}:
            by_table[table].append(subject_id)
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for table, ids in by_table.items():
        for subject_id, called, row in _read(connection, table, ids):
            if (table, None) in written[subject_id] or (table, called) in written[subject_id]:
                found[subject_id][called] = subject_digest(row) if table == SUBJECT else digest(row)
    return found


def changed(was: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """What a line keeps of rows: the digest of each that changed, after the digest it had when the change found it.

    So a row that something else wrote, between two changes of ours, is not taken for one that we left.
    """
    return {
        called: f"{was[called]} {digest}" if called in was else digest
        for called, digest in now.items()
        if was.get(called) != digest
    }


def _read(connection: Connection, table: str, ids: Collection[int]) -> Iterable[tuple[int, str, dict[str, Any]]]:
    if table == ANSWERS:
        return answers(connection, ids)
    if table == SUBJECT:
        return ((row["id"], SUBJECT, row) for row in queries.rows_of(connection, queries.subject, "id", ids))
    return ROOMS[table].rows(connection, ids)


# --- letters ---------------------------------------------------------------------------------------------------------


LETTER = ("dedupe_key", "status", "status_why", "sent_at", "message_id", "raw")
"""The columns of a message that change after it was queued, with its key."""


def outcome(letter: Mapping[str, Any]) -> str:
    """The digest of what became of a letter: how it stands, when it left, under which Message-ID, and its bytes."""
    return outcome_of(letter["status"], letter["sent_at"], letter["message_id"], letter["raw"])


def outcome_of(status: str, sent_at: datetime | None, message_id: str | None, raw: bytes | None) -> str:
    """The same, of the columns that say it."""
    return sha256(canonical([status, sent_at, message_id, None if raw is None else sha256(raw)]))


def letter_left(letter: Mapping[str, Any]) -> dict[str, str]:
    """What a line keeps of a letter it changed: the digests of what became of it and of why."""
    key = letter["dedupe_key"]
    return {f"letter {key}": outcome(letter), f"why {key}": sha256(letter["status_why"])}
