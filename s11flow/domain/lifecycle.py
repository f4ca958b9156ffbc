"""The lifecycles as tables: what may follow what. One pure reading serves rules, diagrams, pages and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from s11flow.domain.model import (
    CaseEvent,
    CaseState,
    CycleEvent,
    CycleState,
    EscalationEvent,
    EscalationState,
    MessageEvent,
    MessageState,
    SessionEvent,
    SessionState,
)


@dataclass(frozen=True, slots=True)
class Transition:
    """While a thing is in one state, something happens; then it is in another. `note` says when or on what terms."""

    while_: StrEnum
    event: StrEnum
    then: StrEnum
    note: str = ""


@dataclass(frozen=True)
class Lifecycle:
    """A named table of transitions with its start and its ends."""

    name: str
    start: StrEnum
    ends: frozenset[StrEnum]
    transitions: tuple[Transition, ...]

    @cached_property
    def _by_pair(self) -> dict[tuple[str, str], Transition]:
        return {(t.while_, t.event): t for t in self.transitions}

    def find(self, state: StrEnum, event: StrEnum) -> Transition | None:
        """The one transition for this state and event, or None where the table has none."""
        return self._by_pair.get((state, event))

    def events_from(self, state: StrEnum) -> tuple[StrEnum, ...]:
        """What can happen in this state, in the table's order."""
        return tuple(t.event for t in self.transitions if t.while_ == state)

    def states(self) -> tuple[StrEnum, ...]:
        """Every state the table names, in the order of their enum."""
        named = {t.while_ for t in self.transitions} | {t.then for t in self.transitions} | {self.start} | self.ends
        return tuple(state for state in type(self.start) if state in named)


S, E = CaseState, CaseEvent


def _each(states: tuple[CaseState, ...], event: CaseEvent, then: CaseState | None, note: str) -> Iterator[Transition]:
    """The same event out of several states; `then=None` keeps the state."""
    for state in states:
        yield Transition(state, event, then or state, note)


_NOTHING_JUDGED = (S.PLANNED, S.REQUESTED, S.RETURNED, S.NOT_SUBMITTED)
_NOT_CONSIDERED = (S.PLANNED, S.REQUESTED, S.SUBMITTED, S.RETURNED, S.ACCEPTED, S.NOT_SUBMITTED)
_KEEPS_STATE_ON_REPORT = (S.CONSIDERED, S.ASSESSED, S.AGREED, S.REPORTED, S.IN_STATEMENT, S.CLOSED)
_OWED_OR_HELD = (S.PLANNED, S.REQUESTED, S.SUBMITTED, S.RETURNED, S.ACCEPTED, S.NOT_SUBMITTED)

# fmt: off
CASE = Lifecycle("case", S.PLANNED, frozenset({S.CLOSED, S.EXCUSED, S.COVERED, S.VOID}), (
    #          while            what happens              then
    Transition(S.PLANNED,       E.REQUEST_REPORT,         S.REQUESTED,      "the request leaves"),
    Transition(S.PLANNED,       E.RECEIVE_REPORT,         S.SUBMITTED,      "early, and welcome"),
    Transition(S.PLANNED,       E.INCLUDE_IN_REPORT,      S.REPORTED,       "basis: not asked, no contact found"),
    Transition(S.ACCEPTED,      E.INCLUDE_IN_REPORT,      S.REPORTED,       "basis: signed statement, on the light track"),
    Transition(S.REQUESTED,     E.RECEIVE_REPORT,         S.SUBMITTED),
    Transition(S.REQUESTED,     E.CONFIRM_NON_SUBMISSION, S.NOT_SUBMITTED,  "the deadline passed with nothing waiting"),
    Transition(S.SUBMITTED,     E.RECEIVE_REPORT,         S.SUBMITTED,      "a further version"),
    Transition(S.SUBMITTED,     E.RETURN_REPORT,          S.RETURNED),
    Transition(S.SUBMITTED,     E.ACCEPT_REPORT,          S.ACCEPTED),
    Transition(S.SUBMITTED,     E.WITHDRAW_REPORT,        S.REQUESTED),
    Transition(S.SUBMITTED,     E.CONSIDER,               S.CONSIDERED),
    Transition(S.RETURNED,      E.RECEIVE_REPORT,         S.SUBMITTED),
    Transition(S.RETURNED,      E.ACCEPT_REPORT,          S.ACCEPTED,       "with a recorded waiver"),
    Transition(S.RETURNED,      E.WITHDRAW_REPORT,        S.REQUESTED),
    Transition(S.RETURNED,      E.CONSIDER,               S.CONSIDERED),
    Transition(S.ACCEPTED,      E.RECEIVE_REPORT,         S.SUBMITTED,      "a further version"),
    Transition(S.ACCEPTED,      E.RETURN_REPORT,          S.RETURNED),
    Transition(S.ACCEPTED,      E.WITHDRAW_REPORT,        S.REQUESTED),
    Transition(S.ACCEPTED,      E.CONSIDER,               S.CONSIDERED),
    Transition(S.NOT_SUBMITTED, E.RECEIVE_REPORT,         S.SUBMITTED,      "late, and never refused"),
    Transition(S.NOT_SUBMITTED, E.EXTEND,                 S.REQUESTED),
    Transition(S.NOT_SUBMITTED, E.CONSIDER,               S.CONSIDERED,     "they attended"),
    Transition(S.NOT_SUBMITTED, E.INCLUDE_IN_REPORT,      S.REPORTED,       "basis: nothing submitted, no judgement"),
    Transition(S.CONSIDERED,    E.ASSESS,                 S.ASSESSED),
    Transition(S.ASSESSED,      E.ASSESS,                 S.ASSESSED,       "the next version"),
    Transition(S.ASSESSED,      E.AGREE,                  S.AGREED,         "its accuracy check has closed, or a reason"),
    Transition(S.AGREED,        E.INCLUDE_IN_REPORT,      S.REPORTED),
    Transition(S.AGREED,        E.REOPEN,                 S.ASSESSED),
    Transition(S.REPORTED,      E.INCLUDE_IN_STATEMENT,   S.IN_STATEMENT),
    Transition(S.REPORTED,      E.REOPEN,                 S.ASSESSED),
    Transition(S.IN_STATEMENT,  E.CLOSE,                  S.CLOSED),
    Transition(S.IN_STATEMENT,  E.REOPEN,                 S.ASSESSED),
    Transition(S.CLOSED,        E.REOPEN,                 S.ASSESSED,       "with a corrigendum"),
    *_each(_NOTHING_JUDGED,     E.EXCUSE,                 S.EXCUSED,        "reason and authority"),
    *_each(_NOTHING_JUDGED,     E.COVER,                  S.COVERED,        "another agency reports for it"),
    *_each(_NOT_CONSIDERED,     E.SUCCEED,                S.COVERED,        "its successor reports; what came is a part"),
    *_each(_NOTHING_JUDGED,     E.VOID,                   S.VOID,           "with nothing received"),
    Transition(S.EXCUSED,       E.VOID,                   S.VOID,           "with nothing received"),
    Transition(S.COVERED,       E.VOID,                   S.VOID,           "with nothing received"),
    Transition(S.EXCUSED,       E.REVIVE,                 S.REQUESTED,      "with a deadline of its own"),
    Transition(S.EXCUSED,       E.RECEIVE_REPORT,         S.SUBMITTED),
    Transition(S.COVERED,       E.REVIVE,                 S.REQUESTED,      "with a deadline of its own"),
    Transition(S.COVERED,       E.RECEIVE_REPORT,         S.COVERED,        "task: annex or split"),
    Transition(S.COVERED,       E.SPLIT,                  S.SUBMITTED,      "its own report is to count"),
    *_each(_KEEPS_STATE_ON_REPORT, E.RECEIVE_REPORT,      None,             "filed as an addendum"),
    *_each(tuple(s for s in _OWED_OR_HELD if s != S.NOT_SUBMITTED), E.EXTEND, None, "with a reason"),
    *_each(_OWED_OR_HELD,       E.CORRECT,                None,             "with a reason"),
))

P, Q = SessionState, SessionEvent
SESSION = Lifecycle("session", P.PENCILLED, frozenset({
    P.ATTENDED, P.ATTENDED_IN_PART, P.ABSENT_WITH_NOTICE, P.ABSENT_WITHOUT_NOTICE, P.CANCELLED, P.STOOD_DOWN,
}), (
    Transition(P.PENCILLED, Q.INVITE,                       P.INVITED),
    Transition(P.PENCILLED, Q.MOVE,                         P.PENCILLED,             "revision + 1"),
    Transition(P.PENCILLED, Q.RECORD_ATTENDED,              P.ATTENDED,              "they came without an invitation"),
    Transition(P.PENCILLED, Q.RECORD_ATTENDED_IN_PART,      P.ATTENDED_IN_PART,      "without an invitation"),
    Transition(P.PENCILLED, Q.CANCEL,                       P.CANCELLED),
    Transition(P.PENCILLED, Q.STAND_DOWN,                   P.STOOD_DOWN,            "the panel's doing"),
    Transition(P.INVITED,   Q.MOVE,                         P.INVITED,               "revision + 1, replies asked again"),
    Transition(P.INVITED,   Q.RECORD_ATTENDED,              P.ATTENDED),
    Transition(P.INVITED,   Q.RECORD_ATTENDED_IN_PART,      P.ATTENDED_IN_PART,      "with its minutes"),
    Transition(P.INVITED,   Q.RECORD_ABSENT_WITH_NOTICE,    P.ABSENT_WITH_NOTICE),
    Transition(P.INVITED,   Q.RECORD_ABSENT_WITHOUT_NOTICE, P.ABSENT_WITHOUT_NOTICE),
    Transition(P.INVITED,   Q.CANCEL,                       P.CANCELLED),
    Transition(P.INVITED,   Q.STAND_DOWN,                   P.STOOD_DOWN,            "the panel's doing"),
))

N, M = EscalationState, EscalationEvent
_RUNNING = (N.PENDING, N.WITH_CHAIR, N.ACKNOWLEDGED, N.WITH_SENIOR_LEADER)
ESCALATION = Lifecycle("escalation", N.PENDING, frozenset({
    N.RESOLVED, N.STOOD_DOWN, N.WITHDRAWN, N.UNRESOLVED,
}), (
    Transition(N.PENDING,      M.SEND,        N.WITH_CHAIR),
    Transition(N.WITH_CHAIR,   M.ACKNOWLEDGE, N.ACKNOWLEDGED),
    Transition(N.WITH_CHAIR,   M.FOLLOW_UP,   N.WITH_SENIOR_LEADER,  "acknowledged by doing"),
    Transition(N.ACKNOWLEDGED, M.FOLLOW_UP,   N.WITH_SENIOR_LEADER),
    *(Transition(state, M.RESOLVE,            N.RESOLVED,   "the report came") for state in _RUNNING),
    *(Transition(state, M.STAND_DOWN,         N.STOOD_DOWN, "the Chair's reason") for state in _RUNNING),
    *(Transition(state, M.WITHDRAW,           N.WITHDRAWN,  "the duty fell away") for state in _RUNNING),
    *(Transition(state, M.LEAVE_UNRESOLVED,   N.UNRESOLVED, "the report's cut-off") for state in _RUNNING),
))

C, D = CycleState, CycleEvent
CYCLE = Lifecycle("cycle", C.DRAFT, frozenset({C.CLOSED}), (
    Transition(C.DRAFT,        D.OPEN,                 C.OPEN),
    Transition(C.OPEN,         D.APPROVE_REPORT,       C.REPORTED),
    Transition(C.REPORTED,     D.INCLUDE_IN_STATEMENT, C.IN_STATEMENT),
    Transition(C.REPORTED,     D.REOPEN_REPORT,        C.OPEN,       "with a corrigendum"),
    Transition(C.IN_STATEMENT, D.CLOSE,                C.CLOSED,     "every agency that submitted has had feedback"),
    Transition(C.IN_STATEMENT, D.REOPEN_REPORT,        C.OPEN,       "with a corrigendum"),
    Transition(C.CLOSED,       D.REOPEN_REPORT,        C.OPEN,       "with a corrigendum"),
))

L, X = MessageState, MessageEvent
_WAITING = (L.QUEUED, L.DELAYED, L.HELD)
MESSAGE = Lifecycle("message", L.QUEUED, frozenset({
    L.SENT, L.WITHDRAWN, L.SUPERSEDED, L.EXPIRED, L.BOUNCED,
}), (
    Transition(L.QUEUED,    X.CLAIM,              L.SENDING),
    Transition(L.DELAYED,   X.CLAIM,              L.SENDING),
    Transition(L.SENDING,   X.ACCEPTED_BY_SERVER, L.SENT),
    Transition(L.SENDING,   X.DELAY,              L.DELAYED,    "the server said: later"),
    Transition(L.SENDING,   X.FAIL,               L.FAILED,     "a person is told"),
    Transition(L.SENDING,   X.LOSE_ANSWER,        L.UNCERTAIN,  "the answer after the text was lost"),
    Transition(L.SENDING,   X.HOLD,               L.HELD,       "this mode does not write to that address"),
    Transition(L.UNCERTAIN, X.RETRY,              L.QUEUED,     "the same bytes again"),
    Transition(L.UNCERTAIN, X.ACCEPTED_BY_SERVER, L.SENT,       "a person found it arrived"),
    Transition(L.UNCERTAIN, X.WITHDRAW,           L.WITHDRAWN),
    Transition(L.FAILED,    X.RETRY,              L.QUEUED),
    Transition(L.FAILED,    X.WITHDRAW,           L.WITHDRAWN),
    Transition(L.QUEUED,    X.HOLD,               L.HELD),
    Transition(L.DELAYED,   X.HOLD,               L.HELD),
    Transition(L.DELAYED,   X.RETRY,              L.QUEUED),
    Transition(L.HELD,      X.RELEASE,            L.QUEUED),
    *(Transition(state, X.WITHDRAW,               L.WITHDRAWN)  for state in _WAITING),
    *(Transition(state, X.SUPERSEDE,              L.SUPERSEDED, "its reason has gone") for state in _WAITING),
    *(Transition(state, X.EXPIRE,                 L.EXPIRED,    "past its end of sense") for state in _WAITING),
    Transition(L.SENT,      X.BOUNCE,             L.BOUNCED),
))
# fmt: on

LIFECYCLES: dict[str, Lifecycle] = {table.name: table for table in (CASE, SESSION, ESCALATION, CYCLE, MESSAGE)}


@dataclass(frozen=True, slots=True)
class Coupling:
    """What one event of a case does to the case's escalation and sessions, in the same transaction."""

    event: CaseEvent
    escalation: EscalationEvent | None = None
    session: SessionEvent | None = None
    note: str = ""


COUPLINGS: tuple[Coupling, ...] = (
    Coupling(E.RECEIVE_REPORT, escalation=M.RESOLVE, note="the report came"),
    Coupling(E.EXTEND, escalation=M.WITHDRAW, note="the deadline is later"),
    Coupling(E.EXCUSE, escalation=M.WITHDRAW, session=Q.CANCEL, note="no report is asked of the agency any more"),
    Coupling(E.COVER, escalation=M.WITHDRAW, session=Q.CANCEL, note="another agency reports for it"),
    Coupling(E.SUCCEED, escalation=M.WITHDRAW, session=Q.CANCEL, note="its successor reports for it"),
    Coupling(E.VOID, escalation=M.WITHDRAW, session=Q.CANCEL, note="the case should not have been"),
    Coupling(E.CORRECT, escalation=M.WITHDRAW, note="a recorded mistake"),
)
COUPLING_OF: dict[CaseEvent, Coupling] = {coupling.event: coupling for coupling in COUPLINGS}


def words(name: StrEnum | str) -> str:
    """A stored name as it reads in a sentence: `CONFIRM_NON_SUBMISSION` is "confirm non submission"."""
    return str(name).replace("_", " ").lower()
