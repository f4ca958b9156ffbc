"""What a cycle runs by, as it was pinned by content when the cycle opened."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from functools import lru_cache

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from calendars.working_days import WorkingDays
from db import queries
from s11flow.cycles import read_definition
from s11flow.domain.timetable import Rulebook


def pin(connection: Connection, kind: str, body: str) -> str:
    """Keep *body* by its own digest, and return the digest. Keeping it twice is keeping it once."""
    digest = hashlib.sha256(body.encode()).hexdigest()
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(queries.content).values(sha256=digest, kind=kind, body=body)
    connection.execute(statement.on_conflict_do_nothing())  # the same digest is the same text
    return digest


def pinned(connection: Connection, definition: str, templates: str, holidays: str) -> Rulebook:
    """The rulebook of these three digests, built once a process."""
    key = (definition, templates, holidays)
    if key not in _BUILT:
        texts = queries.contents(connection, key)
        _BUILT[key] = rulebook(texts[definition], texts[templates], texts[holidays])
    return _BUILT[key]


_BUILT: dict[tuple[str, str, str], Rulebook] = {}


@lru_cache(maxsize=64)
def rulebook(definition: str, templates: str, holidays: str) -> Rulebook:
    """The rulebook of these three texts; the same texts give the same object."""
    rules = read_definition(definition, source="the cycle's definition")
    days_off = {date.fromisoformat(day): why for day, why in json.loads(holidays).items()}
    days_off |= {closure.on: closure.why for closure in rules.closures}
    return Rulebook(rules, WorkingDays(days_off), json.loads(templates))


def holidays_text(days: dict[date, str]) -> str:
    """Bank holidays as the canonical text they are pinned by."""
    return json.dumps({day.isoformat(): why for day, why in sorted(days.items())}, separators=(",", ":"))


def templates_text(templates: dict[str, str]) -> str:
    """Letter templates as the canonical text they are pinned by."""
    return json.dumps(templates, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
