"""Decides on the times that attendees proposed from their calendars: the session moves, or it stays."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, update

from calendars import london
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain.errors import NotNow, RefusedError, UnknownError
from s11flow.domain.model import CaseFacts, Entry, Letter, Note, Plan
from s11flow.domain.step import settle
from s11flow.services import cases, sessions
from s11flow.services.proposed import Proposed, proposed, session_of
from s11flow.services.subjects import Change, Loaded, load_cases

_DECIDE = "DECIDE_ON_A_PROPOSAL"


def proposals(uow: UnitOfWork, ref: str) -> tuple[Proposed, ...]:
    """The times proposed for the sessions of a case, in the order they came; raises UnknownError."""
    with uow.read() as connection:
        loaded = _case(connection, ref)
        return tuple(proposed(loaded, row) for row in queries.proposals(connection, loaded.id))


def accept(uow: UnitOfWork, ref: str, number: int | None = None, *, now: datetime, by: str) -> Plan[CaseFacts]:
    """Move the session to the time that was proposed, as the agency asked; *number* where there are several.

    Raises UnknownError, and RefusedError as any move: the panel does not sit then, or the time is taken.
    """
    with uow.write() as connection:
        sessions.hold_slots(connection, ref)
        wanted = _open(connection, cases.one_case(connection, ref), number).proposal
        what = sessions.Wish(wanted.starts_at, "agency", f"{wanted.attendee} proposed it", allowed=True)
        return sessions.move_in(connection, ref, what, now=now, by=by)


def refuse(
    uow: UnitOfWork, ref: str, number: int | None = None, *, reason: str, now: datetime, by: str
) -> Plan[CaseFacts]:
    """Leave the session where it is and tell whoever proposed it, with *reason*; UnknownError and RefusedError."""
    if not reason.strip():
        raise RefusedError(NotNow(ref, _DECIDE, "give a reason; whoever proposed it is told."))
    with uow.write() as connection:
        loaded = cases.one_case(connection, ref)
        found = _open(connection, loaded, number)
        settled = settle(loaded.rules, _facts(loaded), now)
        letter = _refusal(settled.facts, found, reason, now)
        entry = Entry(
            now, Note.PROPOSAL, f"s{session_of(loaded).number}", cause="refused",
            data={
                "proposal": found.number, "decision": "refused", "starts_at": london.iso(found.proposal.starts_at),
            },
            private={"attendee": found.proposal.attendee, "reason": reason}, letters=(letter.due_key,),
        )  # fmt: skip
        plan = settled.then(Plan(settled.facts, (entry,), (letter,), next_due_at=settled.next_due_at))
        change = Change(loaded, plan, actor=by, by_clock=len(settled.entries)).writes(connection, "proposal")
        table = queries.proposal
        one = (table.c.case_id == loaded.id) & (table.c.number == found.number)
        connection.execute(update(table).where(one).values(decision="refused", decided_at=now))
        cases.write(connection, [change], now)
    return plan


def _refusal(facts: CaseFacts, found: Proposed, reason: str, now: datetime) -> Letter:
    session = facts.session
    assert session is not None
    return Letter(
        "time_refused",
        f"time_refused@{session.key}p{found.number}",
        now,
        "the time that was proposed is not to be had",
        facts,
        session.starts_at,
        about={"wished": london.spell(found.proposal.starts_at)},
        private={"reason": reason, "attendees": [found.proposal.attendee]},
    )


# --- the parts -------------------------------------------------------------------------------------------------------


def _case(connection: Connection, ref: str) -> Loaded:
    row = queries.subject_by_ref(connection, ref)
    if row is None or row.kind != "case":
        raise UnknownError(f"There is no case {ref}: see `s11flow case list` for the ones there are.")
    return load_cases(connection, [row.id])[0]


def _facts(loaded: Loaded) -> CaseFacts:
    assert isinstance(loaded.facts, CaseFacts)
    return loaded.facts


def _open(connection: Connection, loaded: Loaded, number: int | None) -> Proposed:
    waiting = [
        found
        for row in queries.proposals(connection, loaded.id)
        if (found := proposed(loaded, row)).standing == "open" and number in (None, found.number)
    ]
    if not waiting:
        raise RefusedError(NotNow(loaded.ref, _DECIDE, "no proposal of another time waits for a decision there."))
    if len(waiting) > 1:
        which = ", ".join(f"{each.number} ({london.spell(each.proposal.starts_at)})" for each in waiting)
        raise RefusedError(NotNow(loaded.ref, _DECIDE, f"several times are proposed; say which: {which}."))
    return waiting[0]
