"""Looks up the actions from reviews that are held for agencies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Select, select

from db import queries
from s11flow.domain.model import CaseFacts
from s11flow.domain.review_actions import ActionStatus, ReviewAction, ReviewKind, since
from s11flow.services.subjects import Loaded

_TABLE = queries.review_action


def held(connection: Connection, agency_ids: Collection[int]) -> dict[int, list[ReviewAction]]:
    """The actions of each of these agencies, by number; of one without any an empty list."""
    found: dict[int, list[ReviewAction]] = defaultdict(list)
    for row in queries.rows_among(connection, statement(), _TABLE.c.agency_id, agency_ids):
        found[row["agency_id"]].append(action_of(row))
    return found


def of_case(connection: Connection, case: Loaded) -> tuple[ReviewAction, ...]:
    """The actions that a case is told of: those that are open, and those done since its cycle was opened."""
    assert isinstance(case.facts, CaseFacts)
    agency_id = case.row.agency_id
    return since(held(connection, [agency_id])[agency_id], case.facts.opened_at)


def as_json(action: ReviewAction) -> dict[str, Any]:
    """The shape scripts rely on."""
    return {
        "action": action.number,
        "agency": action.agency,
        "kind": str(action.kind),
        "title": action.title,
        "review": action.review,
        "status": str(action.status),
        "evidence": action.evidence,
        "due": action.due.isoformat() if action.due else None,
        "reported_by": action.reported_by,
    }


def statement() -> Select[Any]:
    """Every action with the code of its agency, by number; to be narrowed."""
    agency = queries.agency
    return (
        select(_TABLE, agency.c.code)
        .join(agency, agency.c.id == _TABLE.c.agency_id)
        .order_by(_TABLE.c.partnership_id, _TABLE.c.number)
    )


def action_of(row: Mapping[str, Any]) -> ReviewAction:
    """An action as its row has it."""
    return ReviewAction(
        number=row["number"],
        agency=row["code"],
        kind=ReviewKind(row["kind"]),
        title=row["title"],
        review=row["review"],
        status=ActionStatus(row["status"]),
        evidence=row["evidence"],
        due=row["due"],
        reported_by=row["reported_by"],
        changed_at=row["changed_at"],
    )
