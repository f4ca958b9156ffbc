"""The history as a chain: every line carries the digest of the one before, so that nothing is changed unseen."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter, methodcaller
from typing import Any

import orjson

from s11flow.domain.model import Entry

FROZEN = (
    "dedupe_key", "subject", "case_ref", "agency", "kind", "recipient", "to_address", "subject_line", "why", "at",
    "valid_until", "context", "templates_sha256",
)  # fmt: skip
"""The columns of a message that are fixed when it is queued; their digest stands in the history."""


CLOCK = "clock"
"""Who acted when nobody did: what the timetable owed."""


def canonical(value: object) -> str:
    """JSON with one way of writing it: keys in order, no spaces, letters as they are, instants as ISO text."""
    return _canonical(value).decode()


def _canonical(value: object) -> bytes:
    return orjson.dumps(value, default=_isoformat, option=orjson.OPT_SORT_KEYS)


_isoformat = methodcaller("isoformat")  # for subclasses of datetime and date, such as those of a frozen clock


def sha256(text: str | bytes) -> str:
    """The hexadecimal digest of a text or of bytes."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def message_digest(row: Mapping[str, Any]) -> str:
    """The digest of what a queued message is: recipient, subject line, context, and why and when it is owed."""
    return frozen_digest([row[name] for name in FROZEN])


def frozen_digest(values: Sequence[Any]) -> str:
    """The same, of its FROZEN values."""
    return hashlib.sha256(_canonical(values)).hexdigest()


HASHED = (
    "seq", "at", "recorded_at", "actor_id", "event", "about", "before", "after", "due_key", "cause", "data",
    "private_sha256", "record",
)  # fmt: skip
"""The columns of a history line that its hash is taken of, after the subject's reference."""


def line_hash(head: str, ref: str, line: Sequence[Any]) -> str:
    """The digest of a history line, its HASHED values, after *head*: `sha256(previous hash + canonical text)`."""
    return hashlib.sha256(head.encode() + _canonical([ref, *line])).hexdigest()


_hashed = itemgetter(*HASHED)


@dataclass(slots=True)
class Lines:
    """Rows ready to be inserted, and where they leave the subject's chain."""

    rows: list[dict[str, Any]]
    private: list[dict[str, Any]]
    seq: int
    head: str


def lines(
    *,
    subject_id: int,
    ref: str,
    seq: int,
    head: str,
    entries: tuple[Entry, ...],
    actor: str,
    now: datetime,
    by_clock: int = 0,
    queued: Mapping[str, Sequence[Mapping[str, str]]] | None = None,
    record: Mapping[str, str] | None = None,
) -> Lines:
    """The history rows of *entries*, chained on to the subject's *head*; the first *by_clock* are the clock's.

    *queued* are the keys and digests of the messages that each letter (by its due key) became: an entry records those
    of its letters. The last entry records in what *record* says the change left the subject's rows. ValueError when
    there is something to record and no entry to record it.
    """
    if record and not entries:
        raise ValueError(f"{ref} was changed with no line in its history: {', '.join(record)}.")
    made = Lines([], [], seq, head)
    last = len(entries) - 1
    for place, entry in enumerate(entries):
        made.seq += 1
        digest = _private(made, subject_id, entry.private)
        row = {
            "subject_id": subject_id,
            "seq": made.seq,
            "at": entry.at,
            "recorded_at": now,
            "actor_id": CLOCK if place < by_clock else actor,
            "event": str(entry.event),
            "about": entry.about,
            "before": None if entry.before is None else str(entry.before),
            "after": None if entry.after is None else str(entry.after),
            "due_key": entry.due_key,
            "cause": entry.cause,
            "data": canonical(_data(entry, queued) if queued else entry.data),
            "private_sha256": digest,
            "record": canonical(record) if record and place == last else None,
        }
        made.head = row["hash"] = line_hash(made.head, ref, _hashed(row))
        made.rows.append(row)
    return made


def _data(entry: Entry, queued: Mapping[str, Sequence[Mapping[str, str]]]) -> Mapping[str, object]:
    messages = [message for key in entry.letters for message in queued.get(key, ())]
    return {**entry.data, "messages": messages} if messages else entry.data


def _private(made: Lines, subject_id: int, private: Mapping[str, object]) -> str | None:
    if not any(private.values()):
        return None
    salt, body = secrets.token_hex(16), canonical(dict(private))
    made.private.append({"subject_id": subject_id, "seq": made.seq, "salt": salt, "body": body})
    return sha256(salt + body)
