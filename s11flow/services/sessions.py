"""Moves, records and cancels panel sessions; records replies."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection

from calendars import london
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain import acts
from s11flow.domain.errors import NotNow, RefusedError
from s11flow.domain.model import CaseFacts, PanelDayState, Plan, SessionEvent
from s11flow.domain.panels import clash, slot_at
from s11flow.services import cases
from s11flow.services.subjects import Loaded

AskedBy = Literal["panel", "agency"]


def move(
    uow: UnitOfWork,
    ref: str,
    *,
    to: datetime,
    asked_by: AskedBy,
    now: datetime,
    by: str,
    reason: str = "",
    consent: bool = False,
) -> Plan[CaseFacts]:
    """Move a session to the instant *to*: revision and calendar sequence rise, replies are asked again.

    Raises RefusedError when the panel does not sit then, the time is taken or in a break (it names free ones), or the
    deadline would move earlier without the agency's consent.
    """
    with uow.write() as connection:
        hold_slots(connection, ref)
        loaded = cases.one_case(connection, ref)
        days = {row.day: row for row in queries.panel_days_of(connection, _cycle_of(loaded))}
        must_sit(ref, days, london.day_of(to))
        taken = _taken(connection, loaded)
        if (why := clash(loaded.rules.definition.panel, to, taken)) is not None:
            raise RefusedError(NotNow(ref, SessionEvent.MOVE, why))
        slot = slot_at(loaded.rules.definition.panel, to)
        change = cases.change_for(loaded, acts.Move(slot, asked_by, reason, consent), by=by, now=now)
        cases.write(connection, [change], now)
    plan: Plan[CaseFacts] = change.plan
    return plan


def hold_slots(connection: Connection, ref: str) -> None:
    """Hold the cycle of a case until the transaction ends, so that no other gives out the slots it is about to see.

    Whoever gives out slots holds the cycle first and cases after, so that no two wait for each other.
    """
    row = queries.subject_by_ref(connection, ref)
    if row is not None and row.cycle_id is not None:
        queries.lock(connection, [row.cycle_id])


def _cycle_of(loaded: Loaded) -> int:
    assert loaded.cycle_id is not None
    return loaded.cycle_id


def must_sit(ref: str, days: dict[date, Any], on: date) -> None:
    """Refuse, naming the days on which the panel does sit, when it does not sit *on* that day."""
    if on in days and days[on].state == PanelDayState.SITTING:
        return
    sitting = [london.spell_day(day) for day, row in days.items() if row.state == PanelDayState.SITTING]
    why = f"the panel does not sit on {london.spell_day(on)}; it sits on {', '.join(sitting) or 'no day yet'}."
    raise RefusedError(NotNow(ref, SessionEvent.MOVE, why))


def _taken(connection: Connection, loaded: Loaded) -> list[datetime]:
    rows = queries.live_sessions(connection, _cycle_of(loaded))
    return [row.starts_at for row in rows if row.case_id != loaded.id]


def record(
    uow: UnitOfWork,
    ref: str,
    outcome: Literal["attended", "in-part", "absent"],
    *,
    now: datetime,
    by: str,
    minutes: int | None = None,
    notice: bool = False,
) -> Plan[CaseFacts]:
    """Record what happened at the session; having attended, the case is considered by the panel."""
    return cases.act(uow, ref, acts.Record(outcome, minutes, notice), by=by, now=now)


def cancel(uow: UnitOfWork, ref: str, *, reason: str, now: datetime, by: str) -> Plan[CaseFacts]:
    """Cancel the live session; attendees get a calendar cancellation."""
    return cases.act(uow, ref, acts.CancelSession(reason), by=by, now=now)


def reply(
    uow: UnitOfWork,
    ref: str,
    attendee: str,
    answer: Literal["accepted", "declined", "tentative"],
    *,
    now: datetime,
    by: str,
) -> Plan[CaseFacts]:
    """Record an attendee's answer to the invitation; a later one replaces it."""
    return cases.act(uow, ref, acts.ReplyToInvitation(attendee.strip(), answer), by=by, now=now)
