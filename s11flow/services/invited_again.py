"""Sends an invitation once more to whoever asks for it from a calendar (`REFRESH`), at most once a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, func, select

from calendars import london
from db import queries
from s11flow.domain.decide.guests import invited_again
from s11flow.domain.model import CaseFacts, MessageState, Session, SessionState
from s11flow.domain.replies import Outcome, Verdict, Why
from s11flow.domain.step import settle
from s11flow.services import cases
from s11flow.services.subjects import Change, Loaded

_INVITES = ("panel_invitation", "panel_invitation_changed")
_STOPPED = {state.value for state in (MessageState.WITHDRAWN, MessageState.SUPERSEDED, MessageState.EXPIRED)}
_LOST = {state.value for state in (MessageState.FAILED, MessageState.BOUNCED)}


def send_again(
    connection: Connection, loaded: Loaded, number: int, attendee: str, *, now: datetime, by: str
) -> Verdict:
    """Owe *attendee* the invitation to the session as it stands, with the calendar file that they were sent; or say
    why not. Within the caller's transaction, which holds the case.
    """
    assert isinstance(loaded.facts, CaseFacts)
    settled = settle(loaded.rules, loaded.facts, now)
    session = settled.facts.session
    if session is None or session.number != number or session.state != SessionState.INVITED:
        return Verdict(Outcome.STALE, Why.CANCELLED, attendee)
    if now >= session.starts_at:
        return Verdict(Outcome.STALE, Why.BEGUN, attendee)
    letters = _letters(connection, loaded.id, attendee, session)
    if any(_is_repeat(row, session) and london.day_of(row.queued_at) == london.day_of(now) for row in letters):
        return Verdict(Outcome.STALE, Why.SENT_TODAY, attendee)
    if not letters or letters[-1].status in _LOST:
        return Verdict(Outcome.WAITS, Why.ASKS_AGAIN, attendee)
    if letters[-1].status != MessageState.SENT.value:
        return Verdict(Outcome.STALE, Why.ON_ITS_WAY, attendee)
    slot = orjson.loads(letters[-1].context)["slot"]
    as_sent = datetime.fromisoformat(slot["revised_at"]), str(slot["answered"])
    again = invited_again(settled.facts, letters[-1].to_address, *as_sent, at=now)
    plan = settled.then(replace(again, next_due_at=settled.next_due_at))
    cases.write(connection, [Change(loaded, plan, actor=by, by_clock=len(settled.entries))], now)
    return Verdict(Outcome.SENT_AGAIN, None, attendee)


def _letters(connection: Connection, case_id: int, attendee: str, session: Session) -> list[Any]:
    """What put the session as it stands into the attendee's diary, or is to, oldest first."""
    table = queries.message
    statement = select(table).where(
        table.c.subject_id == case_id,
        table.c.kind.in_(_INVITES),
        table.c.status.not_in(_STOPPED),
        func.lower(table.c.to_address) == attendee.lower(),
    )
    rows = connection.execute(statement.order_by(table.c.id)).all()
    return [row for row in rows if _is_of(orjson.loads(row.context)["slot"], session)]


def _is_of(slot: dict[str, Any], session: Session) -> bool:
    return (slot["uid"], slot["sequence"]) == (session.uid, session.revision)


def _is_repeat(row: Any, session: Session) -> bool:
    return f"/panel_invitation@{session.key}again" in row.dedupe_key
