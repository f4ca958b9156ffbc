"""Checks that the record is whole: every chain, row, letter and file, every state and date that a history leads to.

What is read is read once, a few hundred subjects at a time, so that memory stays flat however many there are.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, select

from calendars import london
from db import queries
from db.tables import HistoryPrivate
from db.unit_of_work import UnitOfWork
from notifications.mailer import LONGEST_WAIT
from s11flow.domain import invariants
from s11flow.domain.agenda import next_due_at
from s11flow.domain.model import (
    CaseDates,
    CaseFacts,
    CycleEvent,
    CycleFacts,
    MessageState,
    Note,
    PanelDayState,
    SessionEvent,
)
from s11flow.services import record as kept
from s11flow.services import strays
from s11flow.services.batches import without_collector
from s11flow.services.chain import FROZEN, HASHED, canonical, frozen_digest, line_hash, sha256
from s11flow.services.checkpoints import Checkpoint, taken
from s11flow.services.delivery import LEASE
from s11flow.services.subjects import Loaded, load

_BATCH = 500
_LETTERS = 100  # at a time: each may carry a mail of some size
_private = queries.table(HistoryPrivate)
_hashed = attrgetter(*HASHED)


@dataclass(frozen=True, slots=True)
class Verified:
    """What was checked as of `at`, and a sentence for each thing that does not hold; none when all is whole."""

    at: datetime
    subjects: int
    events: int
    broken: tuple[str, ...]
    checkpoint: Checkpoint | None = None

    def as_json(self) -> dict[str, object]:
        """The shape scripts rely on."""
        return {"subjects": self.subjects, "events": self.events, "broken": list(self.broken)}


def verify(
    uow: UnitOfWork,
    *,
    now: datetime,
    against: Checkpoint | None = None,
    documents: Path | None = None,
    checkpoint_of: str | None = None,
) -> Verified:
    """Read every subject with its history and letters, as of one moment, and say what does not hold; change nothing.

    *against* is a checkpoint kept elsewhere: what it names must still be there, though more may have come after it.
    With *documents*, the folder they lie in, the files of the reports are read again too. The checkpoint of the
    partnership *checkpoint_of* is taken of what was read.
    """
    with uow.read() as connection:
        found = verified(connection, now=now, against=against, documents=documents)
        return found if checkpoint_of is None else replace(found, checkpoint=taken(connection, checkpoint_of, now=now))


def verified(
    connection: Connection, *, now: datetime, against: Checkpoint | None = None, documents: Path | None = None
) -> Verified:
    """As `verify`, within the caller's transaction."""
    known = _Known.of(connection, now, against, documents)
    broken: list[str] = []
    for ids in _batches(connection):
        with without_collector():
            broken += _batch_faults(connection, ids, known)
    for cycle_id in known.pins:
        with suppress(ValueError, TypeError):  # of one that cannot be read it is said already
            broken += invariants.of_sessions(_live_sessions(connection, cycle_id))
    broken += _gone_faults(known)
    broken += strays.faults(connection, mail=known.mail.keys() - known.named, pins=known.pins)
    if documents is not None:
        broken += _tray_faults(connection, documents)
    return Verified(now, known.subjects, known.events, tuple(broken))


def _batch_faults(connection: Connection, ids: Sequence[int], known: _Known) -> list[str]:
    records, broken = _read_safely(connection, ids, known)
    for faults in _state_faults(connection, records, known):
        broken += faults
    known.subjects += len(ids)
    known.events += sum(len(record.lines) for record in records.values())
    return broken


# --- what is known of the whole while its parts are looked at --------------------------------------------------------


@dataclass(slots=True)
class _Known:
    """What subjects need to know of each other: kinds are read in an order in which it is known in time."""

    now: datetime
    sitting: Mapping[int, set[date]]
    mail: Mapping[int, str]
    documents: Path | None
    against: Checkpoint | None
    proclaimed: dict[int, set[date]] = field(default_factory=lambda: defaultdict(set))
    pins: dict[int, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    downs: dict[str, datetime] = field(default_factory=dict)
    named: set[int] = field(default_factory=set)
    met: set[str] = field(default_factory=set)
    subjects: int = 0
    events: int = 0

    @classmethod
    def of(cls, connection: Connection, now: datetime, against: Checkpoint | None, documents: Path | None) -> _Known:
        sitting: dict[int, set[date]] = {}
        with suppress(ValueError, TypeError):  # of a day that cannot be read its own subject speaks
            sitting = _sitting_days(connection)
        return cls(now, sitting, _mail(connection), documents, against)


def _mail(connection: Connection) -> dict[int, str]:
    """The digest of each piece of mail in the tray; none of any, if one cannot be read."""
    table = queries.waiting_mail
    ids = connection.scalars(select(table.c.id)).all()
    try:
        return {row["id"]: kept.digest(row) for row in queries.rows_of(connection, table, "id", ids)}
    except Exception:
        return {mail_id: _digest_if_readable(connection, mail_id) for mail_id in ids}


def _digest_if_readable(connection: Connection, mail_id: int) -> str:
    try:
        (row,) = queries.rows_of(connection, queries.waiting_mail, "id", [mail_id])
        return kept.digest(row)
    except Exception:
        return ""


def _sitting_days(connection: Connection) -> dict[int, set[date]]:
    """The days on which each cycle's panel sits."""
    subject, day = queries.subject, queries.panel_day
    statement = select(day.c.cycle_id, day.c.day).join(subject, subject.c.id == day.c.subject_id)
    found: dict[int, set[date]] = defaultdict(set)
    for cycle_id, on in connection.execute(statement.where(subject.c.state == PanelDayState.SITTING.name)):
        found[cycle_id].add(on)
    return found


def _live_sessions(connection: Connection, cycle_id: int) -> list[invariants.Sitting]:
    rows = queries.live_sessions(connection, cycle_id)
    return [invariants.Sitting(row.starts_at, row.ends_at, row.ref) for row in rows]


def _gone_faults(known: _Known) -> Iterator[str]:
    if known.against is not None:
        taken = london.spell(known.against.at)
        for ref in sorted(known.against.heads.keys() - known.met):
            yield f"{ref}: it is not there, and the checkpoint of {taken} names it."


# --- reading ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Record:
    """A subject's row with its history, what the history says was left of its rows, and what there is of them."""

    subject: Any
    lines: list[Any] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    queued: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    found: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    incident: tuple[datetime, str] | None = None
    faults: list[str] = field(default_factory=list)


def _batches(connection: Connection) -> Iterator[Sequence[int]]:
    """The ids of subjects of one kind at a time, as many as one statement takes; of unknown kinds last."""
    table = queries.subject
    kinds = set(connection.scalars(select(table.c.kind).distinct()))
    for kind in (*kept.OF_KIND, *sorted(kinds - kept.OF_KIND.keys())):
        last = -(2**31)  # where numbers begin that a column of ids can hold
        statement = select(table.c.id).where(table.c.kind == kind).order_by(table.c.id).limit(_BATCH)
        while ids := connection.scalars(statement.where(table.c.id > last)).all():
            yield ids
            last = ids[-1]


def _read_safely(connection: Connection, ids: Sequence[int], known: _Known) -> tuple[dict[int, _Record], list[str]]:
    """These subjects; if one cannot be read, each half alone, so that the others are, with a sentence for each.

    A database may hold what is no date, no number and no text.
    """
    try:
        return _read(connection, ids, known), []
    except Exception as error:
        if len(ids) > 1:
            first, unreadable = _read_safely(connection, ids[: len(ids) // 2], known)
            second, more = _read_safely(connection, ids[len(ids) // 2 :], known)
            return first | second, unreadable + more
        ref = connection.scalar(select(queries.subject.c.ref).where(queries.subject.c.id == ids[0]))
        known.met.add(str(ref))
        return {}, [f"{ref}: what is stored cannot be read ({type(error).__name__})."]


def _read(connection: Connection, ids: Sequence[int], known: _Known) -> dict[int, _Record]:
    """These subjects with their histories, rows and letters, each with the faults that were found on the way."""
    table = queries.subject
    rows = connection.execute(select(table).where(table.c.id.in_(ids)).order_by(table.c.id))
    records = {row.id: _Record(row) for row in rows}
    for line in queries.history_among(connection, ids):
        records[line.subject_id].lines.append(line)
    for record in records.values():
        _take_lines(record, known)
    for row in queries.rows_of(connection, _private, "subject_id", ids):
        _take_private(records[row["subject_id"]], row)
    _take_rows(connection, records, known)
    _take_letters(connection, records, known)
    for record in records.values():
        record.faults += (*_row_faults(record, known), *_fold_faults(record), *_parked_faults(record))
    return records


# --- the history: its chain, its keys, its private parts -------------------------------------------------------------

_PINNED = ("definition", "templates", "holidays")


def _take_lines(record: _Record, known: _Known) -> None:
    """Read a history through: is it chained, and what does it say was queued, left, pinned."""
    record.faults += _chain_faults(record)
    if known.against is not None:
        record.faults += _against_faults(record, known.against)
        known.met.add(record.subject.ref)
    for line in record.lines:
        if line.record is not None:
            record.faults += _take_left(record, line)
        if '"messages":' in line.data:  # most lines queue nothing, and reading them costs more than looking
            for item in _mapping(line.data).get("messages", ()):
                record.queued[item["key"]] = (item["digest"], line.recorded_at)
        if line.event in _TELLS:
            _take_told(record, line, known)
    keys = [line.due_key for line in record.lines if line.due_key is not None]
    if len(set(keys)) < len(keys):
        record.faults += [f"{key} is recorded {times} times" for key, times in Counter(keys).items() if times > 1]


def _take_left(record: _Record, line: Any) -> Iterator[str]:
    """What a line left, and whether it found what the one before it had left: else something else wrote the row."""
    for called, digests in _mapping(line.record).items():
        was, _, now = str(digests).rpartition(" ")
        if was and was != record.left.get(called):
            yield f"{_words(called)} was not as its history had left it when line {line.seq} was written"
        record.left[called] = now


def _words(called: str) -> str:
    name, _, which = called.partition(" ")
    return _WORDS[name](which) if name in _WORDS else called


_PROCLAIMS = frozenset({Note.HOLIDAYS_ADOPTED.name, Note.DAY_CLOSED.name, Note.DEFINITION_ADOPTED.name})
_TELLS = _PROCLAIMS | {CycleEvent.OPEN.name, Note.SET_UP.name, Note.POST_DOWN.name}


def _take_told(record: _Record, line: Any, known: _Known) -> None:
    """What a line tells of that others rest on: what a cycle runs by, days proclaimed, why the post waited."""
    data = _mapping(line.data)
    for name in _PINNED:
        if isinstance(data.get(name), str):
            known.pins[record.subject.id][data[name]] = name
    if line.event in _PROCLAIMS:
        days = {date.fromisoformat(said.split(" ")[0]) for said in data.get("added", ())}
        known.proclaimed[record.subject.id] |= days
    if line.event == Note.POST_DOWN.name and line.record is not None:
        known.downs[_mapping(line.record).get("post", "")] = line.recorded_at


def _mapping(text: str) -> dict[str, Any]:
    """What a line keeps as JSON; nothing, if it is none any more: then its hash says so."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _chain_faults(record: _Record) -> Iterator[str]:
    subject, head = record.subject, ""
    for place, line in enumerate(record.lines, 1):
        if line.seq != place:
            yield f"line {place} of its history is missing; what follows is numbered {line.seq}"
            break
        if line_hash(head, subject.ref, _hashed(line)) != line.hash:
            yield f"line {place} of its history, or the one before it, is not as it was written"
        head = line.hash
    if len(record.lines) != subject.seq:
        yield f"its history has {len(record.lines)} lines where {subject.seq} were written"
    elif head != subject.head:
        yield "its history does not end in the digest that stands on its row"


def _against_faults(record: _Record, against: Checkpoint) -> Iterator[str]:
    seq, head = against.heads.get(record.subject.ref, (0, ""))
    when = london.spell(against.at)
    if seq > len(record.lines):
        yield f"its history has {len(record.lines)} lines, and had {seq} at the checkpoint of {when}"
    elif seq and record.lines[seq - 1].hash != head:
        yield f"its history up to line {seq} is not the one that the checkpoint of {when} was taken of"


def _take_private(record: _Record, row: Mapping[str, Any]) -> None:
    """A private part may have been removed; one that is there must be the one that was written."""
    seq = row["seq"]
    written = record.lines[seq - 1].private_sha256 if 0 < seq <= len(record.lines) else None
    if sha256(row["salt"] + row["body"]) != written:
        record.faults.append(f"the private part of line {seq} of its history is not as it was written")


def _fold_faults(record: _Record) -> Iterator[str]:
    folded = invariants.fold(record.lines)
    yield from folded.faults
    if (name := _HAS_STATE.get(record.subject.kind)) is not None:
        record.states[name] = record.subject.state
    for name in sorted({*folded.states, *record.states}):
        leads, have = folded.state_of(name), record.states.get(name)
        if leads != have:
            yield f"its {name} is {have or 'not there'}, and its history leads to {leads or 'nothing'}"


_HAS_STATE = {
    "case": "case", "cycle": "cycle", "panel_day": invariants.PANEL_DAY, "partnership": invariants.PARTNERSHIP,
}  # fmt: skip
"""The kinds of subject, and what a line calls their state."""


# --- its rows, each as the history left it ---------------------------------------------------------------------------


def _take_rows(connection: Connection, records: Mapping[int, _Record], known: _Known) -> None:
    """Note the digest of every row of these subjects, and what their states are."""
    ids = [*records]
    kind = records[ids[0]].subject.kind
    for record in records.values():
        record.found[kept.SUBJECT] = kept.subject_digest(record.subject._mapping)
    for table in kept.OF_KIND.get(kind, ()):
        for subject_id, called, row in kept.ROOMS[table].rows(connection, ids):
            records[subject_id].found[called] = kept.digest(row)
            _take_row(records[subject_id], table, row, known)
    if kind == "case":
        for subject_id, called, row in kept.answers(connection, ids):
            records[subject_id].found[called] = kept.digest(row)
    elif kind == "partnership":
        for record in records.values():
            for row in queries.agencies(connection, record.subject.partnership):
                record.found[kept.agency_called(row.code)] = kept.digest(row._mapping)


def _take_row(record: _Record, table: str, row: Mapping[str, Any], known: _Known) -> None:
    if table == "panel_session":
        record.states[f"s{row['number']}"] = row["state"]
    elif table == "escalation":
        record.states[f"escalation {row['number']}"] = row["state"]
    elif table == "incident" and row["released_at"] is None:
        record.incident = (row["at"], row["what"])
    elif table == "submission" and known.documents is not None:
        record.faults += _file_faults(known.documents, row["files"], f"version {row['version']} of its report")


def _tray_faults(connection: Connection, folder: Path) -> Iterator[str]:
    """What is wrong with the files that came with mail, whatever was decided on it."""
    table = queries.waiting_mail
    statement = select(table.c.id, table.c.files, table.c.sha256).order_by(table.c.id)
    for mail_id, files, raw in connection.execute(statement):
        yield from (f"In the tray {fault}." for fault in _file_faults(folder, files, f"mail {mail_id}"))
        if raw is not None:
            itself = canonical([[f"mail {mail_id}", raw, 0]])
            yield from (f"In the tray {fault}." for fault in _file_faults(folder, itself, "the mail that came"))


def _file_faults(folder: Path, kept_as: str, of: str) -> Iterator[str]:
    try:
        files = [(str(name), str(digest)) for name, digest, _ in orjson.loads(kept_as)]
    except (ValueError, TypeError):
        return  # the row's own digest says so
    for name, digest in files:
        place = folder / digest[:2] / digest
        if not place.is_file():
            yield f"the file {name} of {of} is not in the documents folder"
        elif _digest_of(place) != digest:
            yield f"the file {name} of {of} is not as it came"


def _digest_of(place: Path) -> str:
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _row_faults(record: _Record, known: _Known) -> Iterator[str]:
    for called in sorted({*record.left, *record.found}):
        table, _, which = called.partition(" ")
        if table not in _WORDS:
            continue
        found = record.found.get(called)
        if table == "waiting_mail":
            found = known.mail.get(int(which))
            known.named.add(int(which))
        left = record.left.get(called)
        if found is None:
            yield f"{_words(called)} is not there, and its history has it"
        elif left is None:
            yield f"{_words(called)} is in no history"
        elif left != found:
            yield f"{_words(called)} is not as its history left it"


_WORDS: Mapping[str, Callable[[str], str]] = {
    kept.SUBJECT: lambda which: "its kind, reference, partnership or cycle",
    "partnership": lambda which: "the row of the partnership",
    "cycle": lambda which: "the row of the cycle",
    "panel_day": lambda which: "the row of the panel day",
    "case_file": lambda which: "its file",
    "panel_session": lambda which: f"its session {which}",
    kept.ANSWERS: lambda which: "an answer to its invitation",
    "proposal": lambda which: f"proposal {which} of another time",
    "alias": lambda which: "an address that somebody answers from",
    "escalation": lambda which: f"its escalation {which}",
    "submission": lambda which: f"version {which} of its report",
    "report_reading": lambda which: f"what was read of version {which} of its report",
    "review_action": lambda which: f"action A{which} from a review",
    "assessment": lambda which: f"version {which} of its judgement",
    "incident": lambda which: f"incident {which}",
    "agency": lambda which: f"agency {which} of its register",
    "succession": lambda which: f"succession {which} of its register",
    "waiting_mail": lambda which: f"mail {which} of its tray",
}


def _parked_faults(record: _Record) -> Iterator[str]:
    subject = record.subject
    since, why = record.incident or (None, None)
    if (subject.parked_at, subject.parked_why) != (since, why):
        yield f"it is set aside {_since(subject.parked_at)}, and its incidents say {_since(since)}"


def _since(at: datetime | None) -> str:
    return "never" if at is None else f"since {london.spell(at)}"


# --- its letters -----------------------------------------------------------------------------------------------------

_READ = (
    *FROZEN,
    "subject_id", "cycle_id", "digest", "queued_at", "next_try_at", "lease_until",
    *(name for name in kept.LETTER if name not in FROZEN),
)  # fmt: skip
"""The columns of a message that are read; those that its digest is taken of come first."""


def _take_letters(connection: Connection, records: Mapping[int, _Record], known: _Known) -> None:
    message = queries.message
    statement = select(*(message.c[name] for name in _READ)).order_by(message.c.id)
    for letter in queries.streamed(connection, statement, message.c.subject_id, [*records], _LETTERS):
        record = records[letter.subject_id]
        record.faults += _letter_faults(record, letter, known)
    for record in records.values():
        record.faults += [f"the letter {key} is in its history and not in the outbox" for key in record.queued]


def _letter_faults(record: _Record, letter: Any, known: _Known) -> Iterator[str]:
    key = letter.dedupe_key
    if frozen_digest(letter[: len(FROZEN)]) != letter.digest:
        yield f"the letter {key} is not as it was queued"
    digest, queued_at = record.queued.pop(key, (None, None))
    if digest is None:
        yield f"the letter {key} is named in no history"
        return
    if digest != letter.digest:
        yield f"the letter {key} is not the one its history names"
    if queued_at != letter.queued_at:
        yield f"the letter {key} was not queued when its row says"
    if letter.cycle_id != record.subject.cycle_id:
        yield f"the letter {key} is not of its cycle"
    if not _came_to(record, letter):
        yield f"what became of the letter {key} is not what its history says"
    if not _is_why(record, letter, known):
        yield f"why the letter {key} is {letter.status.lower()} is not what its history says"
    if letter.status in _MAY_GO:
        yield from _put_off(record, letter, known.now)


_WAITS = (MessageState.QUEUED.value, MessageState.DELAYED.value)
_SENDING = MessageState.SENDING.value
_MAY_GO = frozenset({*_WAITS, _SENDING})


def _put_off(record: _Record, letter: Any, now: datetime) -> Iterator[str]:
    """A letter that waits is looked at again within the longest wait, and is its claimer's no longer than a lease."""
    last = max(now, record.lines[-1].recorded_at)
    if letter.status in _WAITS and letter.next_try_at > last + LONGEST_WAIT:
        yield f"the letter {letter.dedupe_key} is put off until {london.spell(letter.next_try_at)}"
    if letter.lease_until is not None and letter.lease_until > last + LEASE:
        yield f"the letter {letter.dedupe_key} is kept from delivery until {london.spell(letter.lease_until)}"


def _came_to(record: _Record, letter: Any) -> bool:
    """Whether a letter stands as its history says; one that is on its way, whether it was one that waited."""
    key = letter.dedupe_key
    left = record.left.get(f"letter {key}")
    if letter.status == _SENDING and letter.lease_until is not None:
        return left is None or _last_told(record, key) in _WAITS
    outcome = (letter.status, letter.sent_at, letter.message_id, letter.raw)
    if left is None:  # never tried, as most are that wait: nothing to reckon
        return outcome == _UNTRIED
    return kept.outcome_of(*outcome) == left


_UNTRIED = (MessageState.QUEUED.value, None, None, None)
_ON_LETTERS = frozenset({Note.DELIVERY.name, Note.MESSAGE_STOPPED.name})


def _last_told(record: _Record, key: str) -> object:
    """The status that the last line about a letter gave it."""
    told = (_mapping(line.data) for line in reversed(record.lines) if line.event in _ON_LETTERS)
    return next((data["status"] for data in told if data.get("key") == key), None)


def _is_why(record: _Record, letter: Any, known: _Known) -> bool:
    """Whether the reason on a letter is the recorded one; one that waits may say what all that waited were told."""
    told = record.left.get(f"why {letter.dedupe_key}")
    if told is None and letter.status_why == "":
        return True
    why = _of_reason(letter.status_why)
    if why == told:
        return True
    waits, down_at = letter.status in (MessageState.QUEUED.value, _SENDING), known.downs.get(why)
    return waits and down_at is not None and letter.queued_at <= down_at


_of_reason = lru_cache(maxsize=1024)(sha256)  # many letters have the same


# --- what the record leads to: dates, the next due instant, facts ----------------------------------------------------


def _state_faults(connection: Connection, records: Mapping[int, _Record], known: _Known) -> Iterator[list[str]]:
    """The faults of these subjects in sentences: those found before, and what their facts do not agree with."""
    for loaded in _readable(connection, [record.subject for record in records.values()]):
        if isinstance(loaded, str):
            yield [loaded]
        else:
            yield [*_fact_faults(loaded, records[loaded.id], known)]
    for record in records.values():
        yield [f"{record.subject.ref}: {fault}." for fault in record.faults]


def _fact_faults(loaded: Loaded, record: _Record, known: _Known) -> Iterator[str]:
    record.faults += _due_faults(loaded)
    if isinstance(loaded.facts, CaseFacts):
        days = known.sitting.get(loaded.cycle_id or 0, set())
        later = known.proclaimed.get(loaded.cycle_id or 0, set())
        faults = invariants.of_case(loaded.rules, loaded.facts, days, proclaimed=later)
        yield from (f"{loaded.ref} {fault}." for fault in faults)
        record.faults += _date_faults(record, loaded.facts.dates)
    elif isinstance(loaded.facts, CycleFacts):
        record.faults += _date_faults(record, loaded.facts)


def _readable(connection: Connection, subjects: Sequence[Any]) -> Iterator[Loaded | str]:
    """Subjects of one kind, all at once; if one cannot be read, each half alone, so that the others are checked."""
    if not subjects:
        return
    try:
        yield from load(connection, [subject.id for subject in subjects], subjects[0].kind)
    except Exception as error:
        if len(subjects) > 1:
            yield from _readable(connection, subjects[: len(subjects) // 2])
            yield from _readable(connection, subjects[len(subjects) // 2 :])
        else:
            yield f"{subjects[0].ref}: what is stored cannot be read ({type(error).__name__})."


def _due_faults(loaded: Loaded) -> Iterator[str]:
    try:
        due_at = next_due_at(loaded.rules, loaded.facts)
    except Exception as error:
        yield f"what it owes next cannot be worked out ({type(error).__name__})"
        return
    if due_at != loaded.next_due_at:
        yield f"it is next due {_when(loaded.next_due_at)}, and its facts say {_when(due_at)}"


def _when(at: datetime | None) -> str:
    return "never" if at is None else f"on {london.spell(at)}"


_SETS_DATES = frozenset({CycleEvent.OPEN.name, Note.DATES_SET.name, Note.DATES_CHANGED.name})
_SETS_DAY = frozenset({SessionEvent.PENCIL.name, SessionEvent.MOVE.name})
_NAMES = ("request", "target", "cut_off", "deadline", "panel_day")


def _date_faults(record: _Record, dates: CaseDates | CycleFacts) -> Iterator[str]:
    """Each date is the one its history set last, as far as the history says."""
    try:
        told = _recorded_dates(record).items()
        changed = [name for name, recorded in told if recorded != _stored_date(dates, name)]
    except (AttributeError, KeyError, TypeError, ValueError):  # a line that was changed, or that another should have
        yield "a date in its history cannot be read"  # its hash says which line
        return
    yield from (f"its {name.replace('_', ' ')} is not the one its history set last" for name in changed)


def _stored_date(dates: CaseDates | CycleFacts, name: str) -> str | None:
    stored = getattr(dates, name)
    return None if stored is None else _instant_of(name, stored.as_json())


def _recorded_dates(record: _Record) -> dict[str, str | None]:
    """What the history set each date to last: an instant, and for the panel's day the day."""
    found: dict[str, str | None] = {}
    for line in record.lines:
        if line.event in _SETS_DATES:
            data = _mapping(line.data)
            found |= {name: data[name] and _instant_of(name, data[name]) for name in _NAMES if name in data}
        elif line.event in _SETS_DAY and (starts_at := _mapping(line.data).get("starts_at")):
            found["panel_day"] = london.day_of(datetime.fromisoformat(starts_at)).isoformat()
    return found


def _instant_of(name: str, dated: Mapping[str, str]) -> str:
    return dated["on"] if name == "panel_day" else dated["at"]
