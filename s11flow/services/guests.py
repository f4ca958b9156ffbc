"""Tells people who are invited no more, or invited now, when the register names others to come for an agency."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from db import queries
from s11flow.domain.agenda import next_due_at
from s11flow.domain.decide.guests import guests_changed
from s11flow.domain.model import CaseFacts, Plan
from s11flow.services import cases
from s11flow.services.stored import agency_from
from s11flow.services.subjects import Change, Loaded, load_cases


def tell(
    connection: Connection,
    was: Mapping[int, tuple[str, ...]],
    *,
    now: datetime,
    by: str,
    left: Collection[str] = (),
) -> None:
    """Change the diaries of those who were invited for these agencies (*was*, by id) and of those who are now.

    To be called once the register is as it will be, within the caller's transaction. Nobody is written to who has
    *left*.
    """
    unreachable = _plain(left)
    changes = []
    for loaded in load_cases(connection, _invited_cases(connection, _changed(connection, was))):
        written_to = _written_to(connection, loaded) - unreachable
        change = _change(loaded, was[loaded.row.agency_id], written_to, now, by)
        if change is not None:
            changes.append(change)
    if changes:
        cases.write(connection, changes, now)


def _changed(connection: Connection, was: Mapping[int, tuple[str, ...]]) -> list[int]:
    table = queries.agency
    rows = connection.execute(select(table).where(table.c.id.in_(sorted(was)))) if was else ()
    return [row.id for row in rows if _plain(agency_from(row).invited) != _plain(was[row.id])]


def _plain(addresses: Iterable[str]) -> set[str]:
    return {address.casefold() for address in addresses}


def _invited_cases(connection: Connection, agency_ids: list[int]) -> list[int]:
    if not agency_ids:
        return []
    file, session = queries.case_file, queries.panel_session
    statement = (
        select(file.c.subject_id)
        .join(session, session.c.case_id == file.c.subject_id)
        .where(file.c.agency_id.in_(agency_ids), session.c.state == "INVITED")
    )
    return sorted(set(connection.scalars(statement)))


def _written_to(connection: Connection, loaded: Loaded) -> set[str]:
    """To whom an invitation to a session of the case was written that has left or is to leave.

    A letter that waited for a new contact has been sent on to them by then.
    """
    table = queries.message
    statement = select(table.c.to_address).where(
        table.c.subject_id == loaded.id, table.c.kind.in_(_INVITES), table.c.status.not_in(_STOPPED)
    )
    return {address.casefold() for address in connection.scalars(statement)}


_INVITES = ("panel_invitation", "panel_invitation_changed")
_STOPPED = ("WITHDRAWN", "SUPERSEDED", "EXPIRED")


def _change(loaded: Loaded, before: tuple[str, ...], written_to: set[str], now: datetime, by: str) -> Change | None:
    facts = loaded.facts
    assert isinstance(facts, CaseFacts)
    after = facts.agency.invited
    gone = [each for each in before if each.casefold() not in _plain(after) and each.casefold() in written_to]
    new = [each for each in after if each.casefold() not in _plain(before) | written_to]
    plan = guests_changed(facts, gone=gone, new=new, at=now)
    if plan is None:
        return None
    due_at = next_due_at(loaded.rules, facts)
    return Change(loaded, Plan(facts, plan.entries, plan.letters, next_due_at=due_at), actor=by)
