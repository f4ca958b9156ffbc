"""What a tick wrote, and the same written by the driver alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from s11flow.services.tick import BATCH

KEYS = {"subject": "id", "case_file": "subject_id", "history": "id", "message": "id"}
"""The tables that a tick of reminders writes to, with their keys."""

Table = tuple[tuple[str, ...], dict[Any, tuple[Any, ...]]]


def read_all(cursor: Any) -> dict[str, Table]:
    """Every row of those tables by its key, with the names of the columns."""
    found: dict[str, Table] = {}
    for name, key in KEYS.items():
        cursor.execute(f"SELECT * FROM {name} ORDER BY {key}")
        columns = tuple(item[0] for item in cursor.description)
        place = columns.index(key)
        found[name] = columns, {row[place]: row for row in cursor.fetchall()}
    return found


@dataclass(frozen=True)
class Written:
    """Statements and their rows, one of each row for a case; *mark* is how the driver writes a parameter."""

    updates: tuple[tuple[str, list[tuple[Any, ...]]], ...]
    inserts: tuple[tuple[str, list[tuple[Any, ...]]], ...]

    def batches(self) -> Iterator[list[tuple[str, Sequence[tuple[Any, ...]]]]]:
        """The statements of each transaction with the rows of one batch."""
        every = (*self.updates, *self.inserts)
        for start in range(0, max(len(rows) for _, rows in every), BATCH):
            yield [(statement, rows[start : start + BATCH]) for statement, rows in every]


def difference(before: dict[str, Table], after: dict[str, Table], mark: str) -> Written:
    """What leads from *before* to *after*: rows that are new, and of the changed ones the columns that changed."""
    updates, inserts = [], []
    for name, key in KEYS.items():
        columns, rows = after[name]
        old = before[name][1]
        new = [row for number, row in rows.items() if number not in old]
        if new:
            inserts.append((f"INSERT INTO {name} VALUES ({', '.join([mark] * len(columns))})", new))
        changed = [(old[number], row) for number, row in rows.items() if number in old and old[number] != row]
        if changed:
            updates.append(_update(name, key, columns, changed, mark))
    return Written(tuple(updates), tuple(inserts))


def _update(
    name: str, key: str, columns: tuple[str, ...], changed: list[tuple[tuple[Any, ...], tuple[Any, ...]]], mark: str
) -> tuple[str, list[tuple[Any, ...]]]:
    places = [place for place in range(len(columns)) if any(was[place] != row[place] for was, row in changed)]
    sets = ", ".join(f"{columns[place]} = {mark}" for place in places)
    at = columns.index(key)
    return f"UPDATE {name} SET {sets} WHERE {key} = {mark}", [
        (*(row[place] for place in places), row[at]) for _, row in changed
    ]
