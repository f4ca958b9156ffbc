"""Checks that the record is whole: every chain, every digest, every state and date that a history leads to."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from calendars import london
from db import queries
from db.tables import HistoryPrivate
from db.unit_of_work import UnitOfWork
from s11flow.domain import invariants
from s11flow.domain.agenda import next_due_at
from s11flow.domain.model import CaseDates, CaseFacts, CycleEvent, CycleFacts, Note, PanelDayState, SessionEvent
from s11flow.services.chain import FROZEN, canonical, line_hash, message_digest, sha256
from s11flow.services.subjects import Loaded, load

_BATCH = 500
_private = queries.table(HistoryPrivate)


@dataclass(frozen=True, slots=True)
class Verified:
    """What was checked as of `at`, and a sentence for each thing that does not hold; none when all is whole."""

    at: datetime
    subjects: int
    events: int
    broken: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """The shape scripts rely on."""
        return {"subjects": self.subjects, "events": self.events, "broken": list(self.broken)}


def verify(uow: UnitOfWork, *, now: datetime) -> Verified:
    """Read every subject with its history and letters, as of one moment, and say what does not hold; change nothing."""
    with uow.read() as connection:
        return verified(connection, now=now)


def verified(connection: Connection, *, now: datetime) -> Verified:
    """As `verify`, within the caller's transaction."""
    events, broken = 0, []
    subjects = connection.execute(select(queries.subject).order_by(queries.subject.c.id)).all()
    sitting, proclaimed = _sitting_days(connection), _proclaimed_days(connection)
    for rows in _batches(subjects):
        records = _records(connection, rows)
        events += sum(len(record.lines) for record in records)
        broken += [fault for record in records for fault in _record_faults(record)]
        broken += _state_faults(connection, records, sitting, proclaimed)
    for row in subjects:
        if row.kind == "cycle":
            broken += invariants.of_sessions(_live_sessions(connection, row.id))
    return Verified(now, len(subjects), events, tuple(broken))


_HEADS = select(queries.subject.c.ref, queries.subject.c.seq, queries.subject.c.head).where(
    queries.subject.c.partnership == bindparam("of")
)


def checkpoint(connection: Connection, partnership: str) -> str:
    """One line that stands for the whole history of a partnership: cut a tail off, and it is another line."""
    heads = sorted(tuple(row) for row in connection.execute(_HEADS, {"of": partnership}))
    lines = sum(seq for _, seq, _ in heads)
    return f"sha256 {sha256(canonical(heads))} over {len(heads)} subjects and {lines} lines of history"


# --- reading ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Record:
    """A subject's row with its history, the private parts that are still kept, and its letters."""

    subject: Any
    lines: list[Any]
    private: dict[int, Any]
    messages: list[Mapping[Any, Any]]
    sessions: list[Any]
    escalations: list[Any]


def _batches(subjects: Sequence[Any]) -> Iterator[list[Any]]:
    """Subjects of one kind at a time, as many as one statement takes."""
    by_kind: dict[str, list[Any]] = defaultdict(list)
    for row in subjects:
        by_kind[row.kind].append(row)
    for rows in by_kind.values():
        for start in range(0, len(rows), _BATCH):
            yield rows[start : start + _BATCH]


def _records(connection: Connection, subjects: Sequence[Any]) -> list[_Record]:
    ids = [row.id for row in subjects]
    found = {row.id: _Record(row, [], {}, [], [], []) for row in subjects}
    history, message = queries.history, queries.message
    lines = select(history).where(history.c.subject_id.in_(ids)).order_by(history.c.subject_id, history.c.seq)
    for line in connection.execute(lines):
        found[line.subject_id].lines.append(line)
    for row in connection.execute(select(_private).where(_private.c.subject_id.in_(ids))):
        found[row.subject_id].private[row.seq] = row
    letters = select(message.c.subject_id, message.c.digest, *(message.c[name] for name in FROZEN))
    for letter in connection.execute(letters.where(message.c.subject_id.in_(ids)).order_by(message.c.id)).mappings():
        found[letter["subject_id"]].messages.append(letter)
    for case_id, rows in queries.sessions(connection, ids).items():
        found[case_id].sessions = rows
    for case_id, rows in queries.escalations(connection, ids).items():
        found[case_id].escalations = rows
    return list(found.values())


def _sitting_days(connection: Connection) -> dict[int, set[date]]:
    """The days on which each cycle's panel sits."""
    subject, day = queries.subject, queries.panel_day
    statement = select(day.c.cycle_id, day.c.day).join(subject, subject.c.id == day.c.subject_id)
    found: dict[int, set[date]] = defaultdict(set)
    for cycle_id, on in connection.execute(statement.where(subject.c.state == PanelDayState.SITTING.name)):
        found[cycle_id].add(on)
    return found


def _proclaimed_days(connection: Connection) -> dict[int, set[date]]:
    """The bank holidays that each cycle adopted after it opened."""
    history = queries.history
    statement = select(history.c.subject_id, history.c.data).where(history.c.event == Note.HOLIDAYS_ADOPTED.name)
    found: dict[int, set[date]] = defaultdict(set)
    for cycle_id, data in connection.execute(statement):
        found[cycle_id] |= {date.fromisoformat(said.split(" ")[0]) for said in json.loads(data)["added"]}
    return found


def _live_sessions(connection: Connection, cycle_id: int) -> list[invariants.Sitting]:
    rows = queries.live_sessions(connection, cycle_id)
    return [invariants.Sitting(row.starts_at, row.ends_at, row.ref) for row in rows]


# --- the record: its chain, its private parts, its letters -----------------------------------------------------------


def _record_faults(record: _Record) -> Iterator[str]:
    ref = record.subject.ref
    for check in (_chain_faults, _key_faults, _private_faults, _letter_faults, _fold_faults):
        yield from (f"{ref}: {fault}." for fault in check(record))


def _chain_faults(record: _Record) -> Iterator[str]:
    subject, head = record.subject, ""
    for place, line in enumerate(record.lines, 1):
        if line.seq != place:
            yield f"line {place} of its history is missing; what follows is numbered {line.seq}"
            break
        if line_hash(head, subject.ref, line._mapping) != line.hash:
            yield f"line {place} of its history, or the one before it, is not as it was written"
        head = line.hash
    if len(record.lines) != subject.seq:
        yield f"its history has {len(record.lines)} lines where {subject.seq} were written"
    elif head != subject.head:
        yield "its history does not end in the digest that stands on its row"


def _key_faults(record: _Record) -> Iterator[str]:
    keys = Counter(line.due_key for line in record.lines if line.due_key is not None)
    yield from (f"{key} is recorded {count} times" for key, count in keys.items() if count > 1)


def _private_faults(record: _Record) -> Iterator[str]:
    """A private part may have been removed; one that is there must be the one that was written."""
    written = {line.seq: line.private_sha256 for line in record.lines}
    for seq, row in record.private.items():
        if sha256(row.salt + row.body) != written.get(seq):
            yield f"the private part of line {seq} of its history is not as it was written"


def _letter_faults(record: _Record) -> Iterator[str]:
    recorded = {item["key"]: item["digest"] for line in record.lines for item in _queued(line.data)}
    for letter in record.messages:
        key = letter["dedupe_key"]
        if message_digest(letter) != letter["digest"]:
            yield f"the letter {key} is not as it was queued"
        if (digest := recorded.pop(key, None)) != letter["digest"]:
            yield f"the letter {key} is {'not the one its history names' if digest else 'named in no history'}"
    yield from (f"the letter {key} is in its history and not in the outbox" for key in recorded)


def _queued(data: str) -> list[dict[str, str]]:
    if '"messages":' not in data:  # most lines queue nothing, and reading them costs more than looking
        return []
    found: list[dict[str, str]] = json.loads(data).get("messages", [])
    return found


def _fold_faults(record: _Record) -> Iterator[str]:
    folded = invariants.fold(record.lines)
    yield from folded.faults
    stored = _stored_states(record)
    for name in sorted({*folded.states, *stored}):
        leads, have = folded.state_of(name), stored.get(name)
        if leads != have:
            yield f"its {name} is {have or 'not there'}, and its history leads to {leads or 'nothing'}"


_HAS_STATE = {"case": "case", "cycle": "cycle", "panel_day": invariants.PANEL_DAY}  # kind, and what a line calls it


def _stored_states(record: _Record) -> dict[str, str]:
    subject = record.subject
    found = {f"s{row.number}": row.state for row in record.sessions}
    found |= {f"escalation {row.number}": row.state for row in record.escalations}
    if subject.kind in _HAS_STATE:
        found[_HAS_STATE[subject.kind]] = subject.state
    return found


# --- what the record leads to: dates, the next due instant, facts ----------------------------------------------------


def _state_faults(
    connection: Connection,
    records: Sequence[_Record],
    sitting: Mapping[int, set[date]],
    proclaimed: Mapping[int, set[date]],
) -> Iterator[str]:
    by_id = {record.subject.id: record for record in records}
    for loaded in _readable(connection, records):
        if isinstance(loaded, str):
            yield loaded
            continue
        record = by_id[loaded.id]
        yield from (f"{loaded.ref}: {fault}." for fault in _due_faults(loaded))
        if isinstance(loaded.facts, CaseFacts):
            days = sitting.get(loaded.cycle_id or 0, set())
            later = proclaimed.get(loaded.cycle_id or 0, set())
            faults = invariants.of_case(loaded.rules, loaded.facts, days, proclaimed=later)
            yield from (f"{loaded.ref} {fault}." for fault in faults)
            yield from (f"{loaded.ref}: {fault}." for fault in _date_faults(record, loaded.facts.dates))
        elif isinstance(loaded.facts, CycleFacts):
            yield from (f"{loaded.ref}: {fault}." for fault in _date_faults(record, loaded.facts))


def _readable(connection: Connection, records: Sequence[_Record]) -> Iterator[Loaded | str]:
    """The subjects of one kind, all at once; if one cannot be read, each alone, so that the others are checked."""
    kind = records[0].subject.kind
    try:
        yield from load(connection, [record.subject.id for record in records], kind)
    except Exception:
        for record in records:
            yield from _read_alone(connection, record)


def _read_alone(connection: Connection, record: _Record) -> list[Loaded] | list[str]:
    try:
        return load(connection, [record.subject.id], record.subject.kind)
    except Exception as error:
        return [f"{record.subject.ref}: what is stored cannot be read ({type(error).__name__})."]


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
    for name, recorded in _recorded_dates(record).items():
        stored = getattr(dates, name)
        if recorded != (None if stored is None else _instant_of(name, stored.as_json())):
            yield f"its {name.replace('_', ' ')} is not the one its history set last"


def _recorded_dates(record: _Record) -> dict[str, str | None]:
    """What the history set each date to last: an instant, and for the panel's day the day."""
    found: dict[str, str | None] = {}
    for line in record.lines:
        if line.event in _SETS_DATES:
            data = json.loads(line.data)
            found |= {name: data[name] and _instant_of(name, data[name]) for name in _NAMES if name in data}
        elif line.event in _SETS_DAY:
            found["panel_day"] = london.day_of(datetime.fromisoformat(json.loads(line.data)["starts_at"])).isoformat()
    return found


def _instant_of(name: str, dated: Mapping[str, str]) -> str:
    return dated["on"] if name == "panel_day" else dated["at"]
