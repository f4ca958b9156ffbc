"""Decides on the times that attendees proposed from their calendars: the session moves, or it stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from calendars import london
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain.errors import NotNow, RefusedError, UnknownError
from s11flow.domain.model import CaseFacts, Entry, Note, Plan, Session
from s11flow.domain.replies import Proposal
from s11flow.domain.step import settle
from s11flow.services import cases, sessions
from s11flow.services.replies import proposal_from
from s11flow.services.subjects import Change, Loaded, load_cases

PROPOSAL = "PROPOSAL"


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal, the case and the number under which it stands there, and how it stands.

    `standing` is `open`, `refused`, `overtaken` by a later one, `accepted` when the session is at its time, or `gone`
    when the session moved elsewhere or is not held.
    """

    case: str
    number: int
    standing: str
    proposal: Proposal

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {
            "case": self.case,
            "number": self.number,
            "standing": self.standing,
            "attendee": self.proposal.attendee,
            "proposes": london.iso(self.proposal.starts_at),
            "comment": self.proposal.comment,
        }


def proposals(uow: UnitOfWork, ref: str) -> tuple[Proposed, ...]:
    """The times proposed for the sessions of a case, in the order they came; raises UnknownError."""
    with uow.read() as connection:
        loaded = _case(connection, ref)
        return tuple(_proposed(loaded, row) for row in queries.proposals(connection, loaded.id))


def open_proposals(connection: Connection, partnership: str) -> tuple[Proposed, ...]:
    """What waits for a decision in a partnership, oldest first."""
    table, subject = queries.proposal, queries.subject
    waiting = (
        table.select()
        .join(subject, subject.c.id == table.c.case_id)
        .where(table.c.decision == "", subject.c.partnership == partnership)
        .order_by(table.c.id)
    )
    rows = connection.execute(waiting).all()
    known = {loaded.id: loaded for loaded in load_cases(connection, sorted({row.case_id for row in rows}))}
    found = (_proposed(known[row.case_id], row) for row in rows)
    return tuple(each for each in found if each.standing == "open")


def accept(uow: UnitOfWork, ref: str, number: int | None = None, *, now: datetime, by: str) -> Plan[CaseFacts]:
    """Move the session to the time that was proposed, as the agency asked; *number* where there are several.

    Raises UnknownError, and RefusedError as any move: the panel does not sit then, or the time is taken.
    """
    with uow.read() as connection:
        loaded = _case(connection, ref)
        wanted = _open(connection, loaded, number).proposal
    reason = f"{wanted.attendee} proposed it"
    return sessions.move(uow, ref, to=wanted.starts_at, asked_by="agency", now=now, by=by, reason=reason, allowed=True)


def refuse(
    uow: UnitOfWork, ref: str, number: int | None = None, *, reason: str, now: datetime, by: str
) -> Plan[CaseFacts]:
    """Leave the session where it is; *reason* is kept. Raises UnknownError and RefusedError."""
    if not reason.strip():
        raise RefusedError(NotNow(ref, PROPOSAL, "give a reason; it is kept in the history."))
    with uow.write() as connection:
        loaded = cases.one_case(connection, ref)
        found = _open(connection, loaded, number)
        settled = settle(loaded.rules, _facts(loaded), now)
        entry = Entry(
            now, Note.PROPOSAL, f"s{_session(loaded).number}", cause="refused",
            data={
                "proposal": found.number, "decision": "refused", "starts_at": london.iso(found.proposal.starts_at),
            },
            private={"attendee": found.proposal.attendee, "reason": reason},
        )  # fmt: skip
        plan = settled.then(Plan(settled.facts, (entry,), next_due_at=settled.next_due_at))
        change = Change(loaded, plan, actor=by, by_clock=len(settled.entries)).writes(connection, "proposal")
        table = queries.proposal
        one = (table.c.case_id == loaded.id) & (table.c.number == found.number)
        connection.execute(update(table).where(one).values(decision="refused", decided_at=now))
        cases.write(connection, [change], now)
    return plan


# --- the parts -------------------------------------------------------------------------------------------------------


def _case(connection: Connection, ref: str) -> Loaded:
    row = queries.subject_by_ref(connection, ref)
    if row is None or row.kind != "case":
        raise UnknownError(f"There is no case {ref}: see `s11flow case list` for the ones there are.")
    return load_cases(connection, [row.id])[0]


def _facts(loaded: Loaded) -> CaseFacts:
    assert isinstance(loaded.facts, CaseFacts)
    return loaded.facts


def _session(loaded: Loaded) -> Session:
    session = _facts(loaded).session
    assert session is not None  # a proposal is made for one
    return session


def _proposed(loaded: Loaded, row: Any) -> Proposed:
    return Proposed(loaded.ref, row.number, _standing(_session(loaded), row), proposal_from(row))


def _standing(session: Session, row: Any) -> str:
    if row.decision:
        return str(row.decision)
    if row.session == session.number and row.sequence >= session.revision and session.is_live:
        return "open"
    is_there = row.session == session.number and row.starts_at == session.starts_at and session.is_live
    return "accepted" if is_there else "gone"


def _open(connection: Connection, loaded: Loaded, number: int | None) -> Proposed:
    waiting = [
        found
        for row in queries.proposals(connection, loaded.id)
        if (found := _proposed(loaded, row)).standing == "open" and number in (None, found.number)
    ]
    if not waiting:
        raise RefusedError(NotNow(loaded.ref, PROPOSAL, "no proposal of another time waits for a decision there."))
    if len(waiting) > 1:
        which = ", ".join(f"{each.number} ({london.spell(each.proposal.starts_at)})" for each in waiting)
        raise RefusedError(NotNow(loaded.ref, PROPOSAL, f"several times are proposed; say which: {which}."))
    return waiting[0]
