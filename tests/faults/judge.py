"""Compares what a disturbed run left with what the same scene leaves undisturbed: what is lost, broken or doubled."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select
from sqlmodel import SQLModel

from db import queries
from db.tables import HistoryPrivate
from db.unit_of_work import UnitOfWork
from s11flow.domain.model import MessageState, Note
from s11flow.services.delivery import waits_for_person
from s11flow.services.verify import verify
from tests.faults.mail_server import Mail
from tests.faults.scenes import Place

_VARIES: Mapping[str, frozenset[str]] = {
    # The chain is salted, and a crash adds lines about letters to it.
    "subject": frozenset({"version", "seq", "head"}),
    "history": frozenset({"id", "seq", "hash", "private_sha256", "record"}),
    # How a letter fared is judged by itself; a number may be left out by a transaction that was undone.
    "message": frozenset({
        "id", "status", "status_why", "next_try_at", "attempts", "lease_until", "sent_at", "message_id", "raw",
        "digest",
    }),
    "agency": frozenset({"id"}),
    "submission": frozenset({"id"}),
    "panel_session": frozenset({"id"}),
    "escalation": frozenset({"id"}),
    "waiting_mail": frozenset({"id"}),
    "reply": frozenset({"id"}),
    "heartbeat": frozenset({"counters"}),  # the next run found less to do
}  # fmt: skip

RESENT, UNKNOWN, DELIVERED = "re-sent after an unknown outcome", "outcome unknown", "delivered"


@dataclass(frozen=True)
class Letter:
    """How a letter fared: its status, and what its history says of each attempt."""

    key: str
    kind: str
    recipient: str
    status: str
    causes: tuple[str, ...]
    message_id: str | None
    raw: bytes | None = field(repr=False)


@dataclass(frozen=True)
class Found:
    """What is there in the end, without what differs from run to run."""

    rows: Mapping[str, Sequence[tuple[Any, ...]]]
    letters: Mapping[str, Letter]
    documents: Mapping[str, str]
    mails: Sequence[Mail]
    broken: Sequence[str]
    mailboxes: Mapping[str, str] = field(default_factory=dict)
    """The mail that came, by where it lies now."""


@dataclass(frozen=True)
class Verdict:
    """What is wrong, in sentences, and how often a letter was re-sent, doubled or left to a person."""

    lost: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    resent: int = 0
    twice: int = 0
    left: int = 0

    @property
    def faults(self) -> tuple[str, ...]:
        """All that is wrong."""
        return (*self.lost, *self.broken, *self.doubled)


# --- looking ---------------------------------------------------------------------------------------------------------


def look(place: Place, uow: UnitOfWork, mails: Sequence[Mail], *, now: datetime) -> Found:
    """What a place holds, *mails* being what its mail server took; mail that was filed is added."""
    with uow.read() as connection:
        rows = {table.name: _rows(connection, table) for table in SQLModel.metadata.sorted_tables}
        letters = _letters(connection)
    documents = _files(place.documents)
    filed = [Mail("", raw) for raw in _contents(place.outbox).values()]
    broken = [*verify(uow, now=now, documents=place.documents).broken, *_part_files(place)]
    return Found(rows, letters, documents, [*mails, *filed], broken, _came(place))


def at_once(place: Place, uow: UnitOfWork, sound: set[int], *, now: datetime) -> tuple[str, ...]:
    """What is wrong straight after a crash, before anything is run again: nothing may be, at any moment.

    *sound* remembers which contents of the database were found without fault: most crashes leave what was there before.
    """
    named = set(_named_documents(uow))
    there = _files(place.documents)
    torn = [f"{name} holds something else" for name, digest in there.items() if _is_whole(name) and name != digest]
    missing = [f"document {digest} is missing" for digest in named - set(there.values())]
    mails = [raw for name, raw in _contents(place.outbox).items() if not name.startswith(".")]
    cut = ["a mail in the folder is cut off" for raw in mails if raw not in _written(uow)]
    return (*_unsound(uow, sound, now), *torn, *missing, *cut, *_filed_away_unrecorded(place, uow))


def _unsound(uow: UnitOfWork, sound: set[int], now: datetime) -> tuple[str, ...]:
    with uow.read() as connection:
        rows = [tuple(row) for table in SQLModel.metadata.sorted_tables for row in connection.execute(select(table))]
    content = hash(tuple(rows))
    broken = () if content in sound else verify(uow, now=now).broken
    if not broken:
        sound.add(content)
    return broken


def _rows(connection: Connection, table: Any) -> list[tuple[Any, ...]]:
    if table.name == "history":
        return _history(connection)
    if table.name == "history_private":  # with the line it belongs to
        return []
    columns = [column for column in table.c if column.name not in _VARIES.get(table.name, ())]
    return sorted((_comparable(row) for row in connection.execute(select(*columns))), key=repr)


_MAIL = re.compile(r"(?<=\"mail\":)\d+")


def _which_mail(connection: Connection) -> dict[str, str]:
    """Mail by its place among all mail: a number may be left out by a transaction that was undone."""
    table = queries.waiting_mail
    return {str(number): f"{place}." for place, number in enumerate(connection.scalars(_ids(table)), 1)}


def _ids(table: Any) -> Any:
    return select(table.c.id).order_by(table.c.id)


# The digest to the business unit tells the heads of the chain; so with its own digest they differ from run to run.
_HEADS = re.compile(r"sha256 [0-9a-f]{64} over \d+ subjects and \d+ lines|(?<=\"digest\":\")[0-9a-f]{64}")


def _comparable(row: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(_HEADS.sub("...", value) if isinstance(value, str) else value for value in row)


# A letter that a dead run had set aside is stopped only when that is over: its status in the end says that it was.
_ABOUT_DELIVERY = (Note.DELIVERY.name, Note.DUPLICATE_REPORT.name, Note.MESSAGE_STOPPED.name)


def _history(connection: Connection) -> list[tuple[Any, ...]]:
    """The lines of each history in their order, but for those on how letters fared and on a command given again."""
    table, private = queries.history, queries.table(HistoryPrivate)
    columns = [column for column in table.c if column.name not in _VARIES["history"]]
    beside = (private.c.subject_id == table.c.subject_id) & (private.c.seq == table.c.seq)
    statement = select(*columns, private.c.body).join(private, beside, isouter=True)
    wanted = statement.where(table.c.event.not_in(_ABOUT_DELIVERY)).order_by(table.c.subject_id, table.c.seq)
    which = _which_mail(connection)
    return [
        tuple(_MAIL.sub(lambda number: which[number[0]], value) if isinstance(value, str) else value for value in row)
        for row in map(_comparable, connection.execute(wanted))
    ]


def _letters(connection: Connection) -> dict[str, Letter]:
    table, history = queries.message, queries.history
    causes: dict[str, list[str]] = defaultdict(list)
    told = select(history.c.data, history.c.cause).where(history.c.event == Note.DELIVERY.name)
    for data, cause in connection.execute(told.order_by(history.c.subject_id, history.c.seq)):
        causes[_KEY.findall(data)[0]].append(cause)
    return {
        row.dedupe_key: Letter(
            row.dedupe_key, row.kind, row.recipient, row.status, tuple(causes[row.dedupe_key]), row.message_id, row.raw
        )
        for row in connection.execute(select(table))
    }


_KEY = re.compile(r'"key":"([^"]*)"')


def _contents(folder: Path) -> dict[str, bytes]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.name: file.read_bytes() for file in files}


def _files(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256(raw).hexdigest() for name, raw in _contents(folder).items()}


def _is_whole(name: str) -> bool:
    return not name.startswith(".")


def _part_files(place: Place) -> list[str]:
    found = [*_contents(place.documents), *_contents(place.outbox)]
    return [f"{name} was left lying" for name in found if not _is_whole(name)]


def _named_documents(uow: UnitOfWork) -> Iterator[str]:
    mail = queries.waiting_mail
    with uow.read() as connection:
        for column in (queries.submission.c.files, mail.c.files):
            for files in connection.scalars(select(column)):
                yield from re.findall(r"\b[0-9a-f]{64}\b", files)
        yield from connection.scalars(select(mail.c.sha256).where(mail.c.sha256.is_not(None)))


def _came(place: Place) -> dict[str, str]:
    return {
        str(file.relative_to(place.folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for box in place.mailboxes
        for file in box.rglob("*")
        if file.is_file()
    }


def _filed_away_unrecorded(place: Place, uow: UnitOfWork) -> list[str]:
    """Mail that has left the inbox and is nowhere on record: if we die now, nobody ever decides on it."""
    with uow.read() as connection:
        known = set(connection.scalars(select(queries.waiting_mail.c.sha256)))
    there = _came(place)
    return [f"{name} is filed away and not recorded" for name in there if "Filed" in name and there[name] not in known]


def _written(uow: UnitOfWork) -> set[bytes]:
    with uow.read() as connection:
        return {bytes(raw) for raw in connection.scalars(select(queries.message.c.raw)) if raw is not None}


# --- judging ---------------------------------------------------------------------------------------------------------


def judge(undisturbed: Found, found: Found, *, may_double: bool) -> Verdict:
    """Say what is wrong with *found*.

    *may_double* is True where the server had taken a mail and its outcome was not yet recorded: the one place at which
    a letter may come twice, or be left to a person who looks whether it came.
    """
    lost, more = _differences(undisturbed, found)
    sent = _mails_by_letter(found)
    touched = [letter for letter in found.letters.values() if _is_touched(letter)]
    twice = [letter for letter in touched if len(sent[letter.key]) == 2]
    expected = _mails_by_letter(undisturbed)
    for key, letter in undisturbed.letters.items():
        if key in found.letters:
            lost += _fared_worse(letter, found.letters[key])
            lost += _never_came(found.letters[key], sent[key]) if expected[key] else []
    doubled = [
        *(fault for letter in found.letters.values() for fault in _came_twice(letter, sent[letter.key])),
        *([f"{len(touched)} letters were taken up again after one crash"] if len(touched) > 1 else []),
        *([f"{letter.key} came twice outside the one window" for letter in twice if not may_double]),
        *(f"a mail to {mail.recipient or 'the folder'} belongs to no letter" for mail in _strays(found)),
    ]
    return Verdict(
        tuple(lost),
        (*found.broken, *more),
        tuple(doubled),
        resent=sum(RESENT in letter.causes for letter in touched),
        twice=len(twice),
        left=sum(letter.status == MessageState.UNCERTAIN.value for letter in touched),
    )


def _differences(undisturbed: Found, found: Found) -> tuple[list[str], list[str]]:
    """What is missing, and what is there that should not be."""
    lost, more = [], []
    for name, expected in undisturbed.rows.items():
        have = found.rows[name]
        missing, extra = Counter(expected) - Counter(have), Counter(have) - Counter(expected)
        lost += [f"{name} lacks {row}" for row in missing.elements()]
        more += [f"{name} has {row} too" for row in extra.elements()]
        if not (missing or extra) and list(expected) != list(have):
            more.append(f"{name} is in another order")
    lost += [f"document {name} is missing" for name in undisturbed.documents.keys() - found.documents.keys()]
    more += [f"{name} lies with the documents" for name in found.documents.keys() - undisturbed.documents.keys()]
    more += [f"document {name} holds something else" for name, digest in found.documents.items() if name != digest]
    lost += [f"{name} is not in the mailbox" for name in sorted(undisturbed.mailboxes.keys() - found.mailboxes.keys())]
    more += [
        f"{name} is in the mailbox, and would not have been so"
        for name, digest in sorted(found.mailboxes.items())
        if undisturbed.mailboxes.get(name) != digest
    ]
    return lost, more


def _is_touched(letter: Letter) -> bool:
    return RESENT in letter.causes or UNKNOWN in letter.causes


def _fared_worse(before: Letter, after: Letter) -> Iterator[str]:
    """A letter that undisturbed was sent is sent, or left to a person where the rule says so."""
    left = after.status == MessageState.UNCERTAIN.value and waits_for_person(after.kind, after.recipient)
    if after.status != before.status and not left:
        yield f"{after.key} is {after.status}, and would have been {before.status}"
    histories = [(UNKNOWN,)] if left else [before.causes, (RESENT, *before.causes)]
    if after.causes not in histories:
        yield f"the history of {after.key} says: {', '.join(after.causes) or 'nothing'}"


def _never_came(letter: Letter, mails: Sequence[bytes]) -> Iterator[str]:
    if letter.status == MessageState.SENT.value and not mails:
        yield f"{letter.key} is recorded as sent, and nobody has it"


def _came_twice(letter: Letter, mails: Sequence[bytes]) -> Iterator[str]:
    allowed = 2 if RESENT in letter.causes else 1
    if len(mails) > allowed:
        yield f"{letter.key} came {len(mails)} times, and its history does not say so"
    if len(set(mails)) > 1:
        yield f"{letter.key} came in two different forms"
    elif mails and letter.raw is not None and mails[0] != _plain(letter.raw):
        yield f"{letter.key} is not what was kept of it"


def _mails_by_letter(found: Found) -> defaultdict[str, list[bytes]]:
    keys = _keys(found)
    mails: defaultdict[str, list[bytes]] = defaultdict(list)
    for mail in found.mails:
        mails[keys.get(_header(mail, "Message-ID"), "")].append(mail.raw)
    return mails


def _strays(found: Found) -> list[Mail]:
    """Mails that belong to no letter, or went to somebody else than it was written to."""
    keys = _keys(found)
    return [
        mail for mail in found.mails
        if _header(mail, "Message-ID") not in keys or (mail.recipient and mail.recipient != _header(mail, "To"))
    ]  # fmt: skip


def _keys(found: Found) -> dict[str | None, str]:
    return {letter.message_id: key for key, letter in found.letters.items() if letter.message_id is not None}


def _header(mail: Mail, name: str) -> str | None:
    value = BytesHeaderParser().parsebytes(mail.raw)[name]
    return None if value is None else str(value).strip()  # a long one begins on a line of its own


def _plain(raw: bytes) -> bytes:
    """A mail as a server has it in the end: whole lines."""
    return raw if raw.endswith(b"\r\n") else raw + b"\r\n"
