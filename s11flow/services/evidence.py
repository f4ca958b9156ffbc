"""What a statement of compliance must carry evidence for: what was not rated best the last time (case 45)."""

from __future__ import annotations

import json
from collections.abc import Collection

from sqlalchemy import Connection, select

from db import queries
from s11flow.domain.definition import Definition, Standard


def wanted(
    connection: Connection, definition: Definition, *, agency_ids: Collection[int], before: str
) -> dict[int, tuple[Standard, ...]]:
    """The standards that each agency's last agreed judgement, of a cycle *before* this one, did not rate as best.

    A statement of compliance shows for each of them what has become of it. An agency that was never judged owes
    evidence for all.
    """
    given, file, cycle = queries.assessment, queries.case_file, queries.cycle
    statement = (
        select(file.c.agency_id, given.c.body)
        .join(file, file.c.subject_id == given.c.case_id)
        .join(cycle, cycle.c.subject_id == file.c.cycle_id)
        .where(file.c.agency_id.in_(agency_ids), cycle.c.code < before, given.c.agreed_at.is_not(None))
        .order_by(cycle.c.year, cycle.c.code, given.c.version)
    )
    last = {agency_id: json.loads(body) for agency_id, body in connection.execute(statement)}
    best = definition.scale[-1].code
    return {
        agency_id: tuple(
            standard for standard in definition.standards if _rating(last.get(agency_id), standard.number) != best
        )
        for agency_id in agency_ids
    }


def _rating(judgement: dict[str, list[dict[str, str]]] | None, number: str) -> str | None:
    rows = [] if judgement is None else judgement.get("standards", [])
    return next((row.get("panel") for row in rows if row.get("standard") == number), None)
