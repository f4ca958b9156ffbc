"""Reports that may hold details of single children, and that nobody has looked through yet (case 41)."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, select

from db import queries
from s11flow.domain.model import Note
from s11flow.services import readings
from s11flow.services.readings import FoundSigns

_COUNTS = ("filed", "chosen", "annexed")


@dataclass(frozen=True, slots=True)
class ToLookAt:
    """A version that may hold details of single children, and that nobody has looked through yet."""

    version: int
    signs: tuple[FoundSigns, ...]

    def __str__(self) -> str:
        return f"version {self.version} may hold details of single children: {'; '.join(map(str, self.signs))}"


def to_look_at(connection: Connection, ids: Collection[int]) -> dict[int, tuple[ToLookAt, ...]]:
    """The versions of these cases' reports with signs of single children that nobody has looked through yet."""
    signs = readings.with_signs(connection, ids)
    if not signs:
        return {}
    versions = queries.submissions(connection, signs.keys())
    seen = _looked_through(connection, signs.keys())
    found = {}
    for case_id, read in signs.items():
        there = {row.version for row in versions.get(case_id, ()) if row.status in _COUNTS}
        asked = [ToLookAt(n, each) for n, each in sorted(read.items()) if n in there and (case_id, n) not in seen]
        if asked:
            found[case_id] = tuple(asked)
    return found


def _looked_through(connection: Connection, ids: Collection[int]) -> set[tuple[int, int]]:
    table = queries.history
    statement = select(table.c.subject_id, table.c.data).where(table.c.event == Note.LOOKED_THROUGH.value)
    rows = queries.rows_among(connection, statement, table.c.subject_id, ids)
    return {(row["subject_id"], int(json.loads(row["data"])["version"])) for row in rows}
