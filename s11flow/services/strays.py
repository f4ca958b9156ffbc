"""Finds rows that belong to nothing, and texts that are not what they are kept under: none of them has a subject."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import Column, Connection, Table, exists, select

from db import queries
from db.tables import HistoryPrivate
from s11flow.services.chain import sha256
from s11flow.services.record import OF_KIND, ROOMS


def faults(connection: Connection, *, mail: Collection[int], pins: Mapping[int, Mapping[str, str]]) -> Iterator[str]:
    """A sentence for each row that nothing owns, and for each text that is wrong or missing.

    *mail* is what no history named; *pins* are the digests and kinds of text that each subject was pinned by.
    """
    for table, column, kinds in _owned():
        for found in connection.execute(_without_owner(table, table.c[column], kinds)):
            which = ", ".join(f"{name} {value}" for name, value in found._mapping.items())
            yield f"A row of the table {table.name} ({which}) belongs to no subject."
    agency, partnership, reply, session = queries.agency, queries.partnership, queries.reply, queries.panel_session
    homeless = ~exists().where(partnership.c.code == agency.c.partnership)
    for code in connection.scalars(select(agency.c.code).where(homeless)):
        yield f"Agency {code} is on the register of no partnership."
    for answer in connection.scalars(select(reply.c.id).where(~exists().where(session.c.id == reply.c.session_id))):
        yield f"Answer {answer} belongs to no session."
    for mail_id in sorted(mail):
        yield f"Mail {mail_id} of the tray is in no history."
    yield from _content_faults(connection, pins)


def _owned() -> Iterator[tuple[Table, str, tuple[str, ...]]]:
    """Each table whose rows belong to a subject, by which column, and of which kinds it may be."""
    every = tuple(OF_KIND)
    for table in (queries.history, queries.table(HistoryPrivate), queries.message):
        yield table, "subject_id", every
    for name, room in ROOMS.items():
        yield room.table, room.owner, tuple(kind for kind, names in OF_KIND.items() if name in names)


def _without_owner(table: Table, owner: Column[Any], kinds: Collection[str]) -> Any:
    subject = queries.subject
    owned = exists().where(subject.c.id == owner, subject.c.kind.in_(kinds))
    shown = [*table.primary_key] if owner in table.primary_key.columns.values() else [*table.primary_key, owner]
    return select(*shown).where(~owned).order_by(*table.primary_key)


def _content_faults(connection: Connection, pins: Mapping[int, Mapping[str, str]]) -> Iterator[str]:
    wanted: dict[str, set[str]] = defaultdict(set)
    for pinned in pins.values():
        for digest, kind in pinned.items():
            wanted[digest].add(kind)
    for row in connection.execute(select(queries.content).order_by(queries.content.c.sha256)):
        kinds = wanted.pop(row.sha256, None)
        if sha256(row.body) != row.sha256:
            yield f"The text kept under {row.sha256} is not the one of that digest."
        elif kinds is None:
            yield f"The text kept under {row.sha256} is named in no history."
        elif row.kind not in kinds:
            yield f"The text kept under {row.sha256} is called {row.kind}, and kept as {' and '.join(sorted(kinds))}."
    for digest, kinds in sorted(wanted.items()):
        yield f"The text of digest {digest} ({' and '.join(sorted(kinds))}) is not there, and a history names it."
