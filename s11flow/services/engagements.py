"""Who is wanted where: the sessions of every cycle here, and what keeps a further one from being held beside them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection

from calendars import london
from db import queries
from s11flow.domain.definition import Definition
from s11flow.domain.model import Agency, CaseFacts
from s11flow.domain.panels import Engagement, Hindrance, Wanted, hindrance
from s11flow.domain.timetable import Rulebook
from s11flow.services import subjects
from s11flow.services.subjects import Loaded


def hindrance_of(
    connection: Connection, case: Loaded, days: Collection[date], *, place: str = "", but: Collection[int] = ()
) -> Hindrance:
    """What keeps a session of *case* from being held on these days at *place* (by default the panel's).

    Sessions of the cases *but*, by id, are about to move and are in nobody's way; nor is its own.
    """
    assert isinstance(case.facts, CaseFacts)
    facts, rules = case.facts, case.rules
    own = _own(rules, facts.partnership, facts.agency, place)
    others = _beside(connection, _cycle_of(case), own.place, days, {case.id, *but})
    return hindrance(rules.definition.panel, own, others)


def _cycle_of(case: Loaded) -> int:
    assert case.cycle_id is not None
    return case.cycle_id


def wishes(
    connection: Connection, rules: Rulebook, cycle: Any, agencies: Mapping[str, Agency], days: Collection[date]
) -> list[Wanted]:
    """The wishes of agencies, by what each is called, for a session on one of a cycle's days.

    Those of one contact sit back to back (case 4); nobody is wanted where they are already.
    """
    others = _beside(connection, cycle.id, rules.definition.panel.place, days, ())
    return [
        Wanted(called, (agency.contact or called).casefold(), _hindered(rules, cycle.partnership, agency, others))
        for called, agency in agencies.items()
    ]


def _hindered(rules: Rulebook, partnership: str, agency: Agency, others: Sequence[Engagement]) -> Hindrance | None:
    if not others:
        return None
    return hindrance(rules.definition.panel, _own(rules, partnership, agency, ""), others)


def taken_by(rows: Sequence[Any]) -> list[datetime]:
    """The starts that these sessions take: their own, and those offered to their agencies until they answer."""
    offered = [row.offered_at for row in rows if row.offered_at is not None and row.offered_for is None]
    return [*(row.starts_at for row in rows), *offered]


def _beside(
    connection: Connection, cycle_id: int, place: str, days: Collection[date], but: Collection[int]
) -> list[Engagement]:
    """The sessions on these days that may be in the way of one of a cycle's though its own slots are free.

    Those of its own cycle at the same place follow each other anyway.
    """
    if not days:
        return []
    first = london.instant(min(days), time(0)) - timedelta(hours=6)
    last = london.instant(max(days), time(0)) + timedelta(hours=30)
    rows = [
        row
        for row in queries.sessions_between(connection, first, last)
        if row.case_id not in but and (row.cycle_id != cycle_id or row.place != place)
    ]
    panels = _panels(connection, {row.cycle_id for row in rows})
    return [_engagement(row, panels[row.cycle_id]) for row in rows]


def _panels(connection: Connection, cycle_ids: Collection[int]) -> dict[int, frozenset[str]]:
    loaded = subjects.load(connection, sorted(cycle_ids), "cycle")
    return {cycle.id: _members(cycle.rules.definition) for cycle in loaded}


def _members(definition: Definition) -> frozenset[str]:
    return frozenset(person.email.casefold() for person in definition.people.panel)


def _engagement(row: Any, panel: frozenset[str]) -> Engagement:
    invited = row.attendee_emails.split(";") if row.attendee_emails else [row.contact_email or ""]
    people = panel | {address.casefold() for address in invited if address}
    return Engagement(row.ref, f"{row.partnership}/{row.code}", row.starts_at, row.ends_at, row.place, people)


def _own(rules: Rulebook, partnership: str, agency: Agency, place: str) -> Engagement:
    """The session an agency would have; when it begins is asked of the hindrance."""
    people = _members(rules.definition) | {address.casefold() for address in agency.invited}
    where = place or rules.definition.panel.place
    return Engagement("", f"{partnership}/{agency.code}", _WHENEVER, _WHENEVER, where, people)


_WHENEVER = datetime(2000, 1, 1, tzinfo=UTC)
