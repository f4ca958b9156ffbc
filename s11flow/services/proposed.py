"""Which times attendees have proposed from their calendars, and how each proposal stands. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam

from calendars import london
from db import queries
from s11flow.domain.model import CaseFacts, Session
from s11flow.domain.replies import Proposal
from s11flow.services.subjects import Loaded, load_cases


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


# A digest is written each working day; building its statements would cost more than running them.
_WAITING = (
    queries.proposal.select()
    .join(queries.subject, queries.subject.c.id == queries.proposal.c.case_id)
    .where(queries.proposal.c.decision == "", queries.subject.c.partnership == bindparam("of"))
    .order_by(queries.proposal.c.id)
)


def open_proposals(connection: Connection, partnership: str) -> tuple[Proposed, ...]:
    """What waits for a decision in a partnership, oldest first."""
    rows = connection.execute(_WAITING, {"of": partnership}).all()
    if not rows:  # as on most days: to load no case costs as much as to load one
        return ()
    known = {loaded.id: loaded for loaded in load_cases(connection, sorted({row.case_id for row in rows}))}
    found = (proposed(known[row.case_id], row) for row in rows)
    return tuple(each for each in found if each.standing == "open")


def proposal_from(row: Any) -> Proposal:
    """A proposal as its row has it."""
    return Proposal(row.attendee, row.starts_at, row.ends_at, row.sequence, row.at, row.sent_at, row.comment)


def proposed(loaded: Loaded, row: Any) -> Proposed:
    """A row of a case's proposals, and how it stands now."""
    return Proposed(loaded.ref, row.number, _standing(session_of(loaded), row), proposal_from(row))


def session_of(loaded: Loaded) -> Session:
    """The session of a case for which times were proposed."""
    assert isinstance(loaded.facts, CaseFacts)
    session = loaded.facts.session
    assert session is not None  # a proposal is made for one
    return session


def _standing(session: Session, row: Any) -> str:
    if row.decision:
        return str(row.decision)
    if row.session == session.number and row.sequence >= session.revision and session.is_live:
        return "open"
    is_there = row.session == session.number and row.starts_at == session.starts_at and session.is_live
    return "accepted" if is_there else "gone"
