"""Checkpoints of a partnership's history: one line that stands for all of it, and a file that says what of it is gone.

A history that was cut or written anew, with all its digests made right again, is whole in itself. Only what was noted
of it elsewhere, where nobody who can write to the database can write, shows that it was another.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from calendars import london
from db import queries
from s11flow.domain.errors import WrongInputError
from s11flow.services.chain import canonical, sha256

_HEADS = select(queries.subject.c.ref, queries.subject.c.seq, queries.subject.c.head).where(
    queries.subject.c.partnership == bindparam("of")
)
_FORMAT = "s11flow checkpoint 1"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far each history of a partnership had come at an instant, and the digest of its last line, by reference."""

    partnership: str
    at: datetime
    heads: Mapping[str, tuple[int, str]]

    @property
    def line(self) -> str:
        """What stands for all of it, as the daily digest prints it."""
        return _line(self.heads)

    def text(self) -> str:
        """The file to keep elsewhere: JSON with one subject to a line, so that two can be compared by eye."""
        head = {"format": _FORMAT, "partnership": self.partnership, "at": london.iso(self.at), "checkpoint": self.line}
        opening = json.dumps(head, indent=2).removesuffix("\n}")
        rows = (json.dumps([ref, *self.heads[ref]]) for ref in sorted(self.heads))
        return f'{opening},\n  "subjects": [\n    ' + ",\n    ".join(rows) + "\n  ]\n}\n"


def _line(heads: Mapping[str, tuple[int, str]]) -> str:
    ordered = sorted((ref, seq, head) for ref, (seq, head) in heads.items())
    lines = sum(seq for seq, _ in heads.values())
    return f"sha256 {sha256(canonical(ordered))} over {len(ordered)} subjects and {lines} lines of history"


def _heads(connection: Connection, partnership: str) -> dict[str, tuple[int, str]]:
    return {ref: (seq, head) for ref, seq, head in connection.execute(_HEADS, {"of": partnership})}


def taken(connection: Connection, partnership: str, *, now: datetime) -> Checkpoint:
    """The checkpoint of a partnership as it stands."""
    return Checkpoint(partnership, now, _heads(connection, partnership))


def checkpoint(connection: Connection, partnership: str) -> str:
    """One line that stands for the whole history of a partnership: cut a tail off, and it is another line."""
    return _line(_heads(connection, partnership))


def read(text: str, *, source: str) -> Checkpoint:
    """The checkpoint that a file keeps. WrongInputError if it is none, or not as it was written."""
    try:
        found = json.loads(text)
        heads = {str(ref): (int(seq), str(head)) for ref, seq, head in found["subjects"]}
        kept = Checkpoint(str(found["partnership"]), datetime.fromisoformat(found["at"]), heads)
        whole = (found["format"], found["checkpoint"]) == (_FORMAT, kept.line) and kept.at.tzinfo is not None
    except (ValueError, KeyError, TypeError) as error:
        raise WrongInputError(
            f"{source} is no checkpoint ({type(error).__name__}); name a file that `s11flow verify --write-checkpoint` "
            "made."
        ) from None
    if not whole:
        raise WrongInputError(f"{source} is not as it was written: its lines do not give the checkpoint it names.")
    return kept
