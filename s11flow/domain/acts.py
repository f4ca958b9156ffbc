"""What a person can do to a case, each with the facts that go with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from s11flow.domain.model import Agency, Answer, Submission, Track


@dataclass(frozen=True, slots=True)
class Slot:
    """A time with the panel."""

    starts_at: datetime
    ends_at: datetime
    place: str
    on: date


@dataclass(frozen=True, slots=True)
class ReceiveReport:
    """A version of the report has come; `missing` are the standards it does not address.

    Without `acknowledge` no receipt is owed: its sender has had one that day.
    """

    submission: Submission
    missing: tuple[str, ...] = ()
    acknowledge: bool = True


@dataclass(frozen=True, slots=True)
class ReturnReport:
    """Ask the agency for more: the numbered gaps and the day by which to answer.

    `links` are the addresses that some of the gaps ask about, so that each is asked about once.
    """

    gaps: tuple[str, ...]
    return_by: date
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RestrictReport:
    """A version holds details of single children and is kept back (case 41); a redacted one is asked for by a day.

    `stood` is how it stood before, `wanted` whether another one is needed: a later one may be there already.
    """

    version: int
    arrived_at: datetime
    stood: str
    reason: str
    return_by: date
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class AcceptReport:
    """Take the report as complete; a waiver says why gaps are let stand; `in_time` records a late one as in time.

    `signed_by` is who signed it, where it is a statement of compliance.
    """

    waiver: str = ""
    in_time_reason: str = ""
    signed_by: str = ""


@dataclass(frozen=True, slots=True)
class WithdrawReport:
    """The agency takes its report back."""

    reason: str


@dataclass(frozen=True, slots=True)
class Consider:
    """The panel has considered the agency: at its session, or on paper with a reason."""

    how: Literal["attendance", "on paper"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Assess:
    """The panel's draft judgement; who wrote it and who rated, by role, where it was not the lead with the panel."""

    basis: str
    author: str = ""
    rated_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Agree:
    """The judgement is agreed.

    `early` is the reason for not waiting until the agency's accuracy check closes; `is_answered` that its answer is
    filed with the judgement.
    """

    early: str = ""
    is_answered: bool = False


@dataclass(frozen=True, slots=True)
class Excuse:
    """No report is asked: the reason and on whose authority."""

    reason: str
    authority: str


@dataclass(frozen=True, slots=True)
class Cover:
    """Another agency's joint report covers this one."""

    by: str


@dataclass(frozen=True, slots=True)
class Succeed:
    """The agency became part of another, whose case (`by`) covers this one; what it has sent is a part (case 10)."""

    by: str


@dataclass(frozen=True, slots=True)
class Split:
    """A covered agency that sent a report of its own is to be counted and judged on it (case 3)."""

    reason: str


@dataclass(frozen=True, slots=True)
class ContactLeft:
    """Nobody answers for the agency any more; `waiting` are the kinds of letter that were stopped (case 5)."""

    how: str = ""
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HandOver:
    """Somebody else answers for the agency from now on: `agency` is its row as it stands then."""

    agency: Agency


@dataclass(frozen=True, slots=True)
class SetTrack:
    """How fully the agency takes part in this cycle (case 45); only before it is asked."""

    track: Track
    reason: str


@dataclass(frozen=True, slots=True)
class SetPeriod:
    """What the report covers, where that is not the cycle's period (case 46)."""

    starts: date
    ends: date
    reason: str


@dataclass(frozen=True, slots=True)
class Revive:
    """A report is asked again, by a deadline of its own."""

    reason: str
    deadline: date | None = None


@dataclass(frozen=True, slots=True)
class Void:
    """The case should not have been opened."""

    reason: str


@dataclass(frozen=True, slots=True)
class Extend:
    """A later deadline."""

    to: date
    reason: str
    panel_consents: bool = False
    by_chair: bool = False


@dataclass(frozen=True, slots=True)
class Correct:
    """A recorded mistake is put right; the state stays, an open escalation is withdrawn.

    `letter` is the kind of letter that told it: those who got it get the correction. Without it, the contact does.
    `sender` is who got it where that was whoever sent a report.
    """

    wrong: str
    right: str
    letter: str = ""
    sender: str = ""


@dataclass(frozen=True, slots=True)
class Include:
    """The case enters the Assurance Report, then the statement; then it is closed."""

    step: Literal["report", "statement", "close"]
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Reopen:
    """The judgement is opened again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Pencil:
    """A first or further session is set aside for the agency; only a cycle opened after its panel takes a past one."""

    slot: Slot
    uid: str
    even_past: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """The session moves. Moving the deadline earlier needs the agency's consent.

    In an exchange, the agency gives its time to another that asked for one. `allowed` is the Business Manager's word
    for a further request.
    """

    slot: Slot
    asked_by: Literal["panel", "agency", "exchange"]
    reason: str = ""
    consent: bool = False
    allowed: bool = False


@dataclass(frozen=True, slots=True)
class AskForAnotherTime:
    """The agency asks for another time than its session's, and may name one. `allowed` as for a move."""

    wanted: datetime | None = None
    reason: str = ""
    allowed: bool = False


@dataclass(frozen=True, slots=True)
class OfferTime:
    """Another time is offered to the agency, its own kept meanwhile; perhaps in exchange for the session of a case."""

    slot: Slot
    exchange_with: str | None = None


@dataclass(frozen=True, slots=True)
class DeclineTime:
    """The agency does not want the time it is offered, or it is offered no more."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class DeclareInterest:
    """Somebody of the panel, by role, takes no part in what concerns the agency."""

    member: str
    reason: str


@dataclass(frozen=True, slots=True)
class WithdrawInterest:
    """An interest that was declared is none, or has ended."""

    member: str
    reason: str


@dataclass(frozen=True, slots=True)
class Record:
    """What happened at the session."""

    outcome: Literal["attended", "in-part", "absent"]
    minutes: int | None = None
    notice: bool = False
    came: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CancelSession:
    """The session is not held; the agency may be assessed on its report alone."""

    reason: str


@dataclass(frozen=True, slots=True)
class StandDownSession:
    """The panel could not meet: its doing, not the agency's."""

    reason: str
    reserve: str = ""


@dataclass(frozen=True, slots=True)
class ReplyToInvitation:
    """An attendee answered the invitation: told to a person, or `said` by a calendar, with what somebody added."""

    attendee: str
    answer: str
    said: Answer | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """The escalation waits, for a reason, to be looked at again on a day."""

    until: date
    reason: str


@dataclass(frozen=True, slots=True)
class Resume:
    """The escalation goes on."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """The Chair has seen it."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The Chair writes to the agency's senior leader in their own words."""

    words: str


@dataclass(frozen=True, slots=True)
class StandDownEscalation:
    """The Chair stops it, with a reason."""

    reason: str


Act = (
    ReceiveReport
    | ReturnReport
    | RestrictReport
    | AcceptReport
    | WithdrawReport
    | Consider
    | Assess
    | Agree
    | Excuse
    | Cover
    | Succeed
    | Split
    | ContactLeft
    | HandOver
    | SetTrack
    | SetPeriod
    | Revive
    | Void
    | Extend
    | Correct
    | Include
    | Reopen
    | Pencil
    | Move
    | AskForAnotherTime
    | OfferTime
    | DeclineTime
    | DeclareInterest
    | WithdrawInterest
    | Record
    | CancelSession
    | StandDownSession
    | ReplyToInvitation
    | Hold
    | Resume
    | Acknowledge
    | FollowUp
    | StandDownEscalation
)
