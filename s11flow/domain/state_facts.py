"""One row of facts for each state of each lifecycle: its names for three readers, and what it implies."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from s11flow.domain.model import CaseState, CycleState, EscalationState, MessageState, PanelDayState, SessionState


@dataclass(frozen=True, slots=True)
class StateFacts:
    """What staff, agencies and the Chair call the state; whether it is open, owes a report, is an end."""

    staff: str
    agency: str
    chair: str
    is_open: bool
    owes_report: bool = False
    is_end: bool = False


S, P, N, C, L = CaseState, SessionState, EscalationState, CycleState, MessageState

# fmt: off
CASE_FACTS: dict[CaseState, StateFacts] = {
    #                           staff                 agency                              chair
    S.PLANNED:       StateFacts("planned",            "not yet asked",                    "not yet asked", True),
    S.REQUESTED:     StateFacts("report requested",   "your report is awaited",           "report awaited", True, owes_report=True),
    S.SUBMITTED:     StateFacts("report received",    "we have your report",              "report received", True),
    S.RETURNED:      StateFacts("returned for more",  "we have asked you for more",       "report incomplete", True, owes_report=True),
    S.ACCEPTED:      StateFacts("report accepted",    "your report is complete",          "report received", True),
    S.NOT_SUBMITTED: StateFacts("not submitted",      "we have recorded no report",       "no report", True, owes_report=True),
    S.CONSIDERED:    StateFacts("considered by panel", "the panel has considered you",    "considered", True),
    S.ASSESSED:      StateFacts("draft judgement",    "a draft judgement is with you",    "being judged", True),
    S.AGREED:        StateFacts("judgement agreed",   "your judgement is agreed",         "judged", True),
    S.REPORTED:      StateFacts("in the report",      "in the Assurance Report",          "reported", True),
    S.IN_STATEMENT:  StateFacts("in the statement",   "in the Statement of Effectiveness", "reported", True),
    S.CLOSED:        StateFacts("closed",             "finished for this year",           "closed", False, is_end=True),
    S.EXCUSED:       StateFacts("excused",            "no report is asked of you",        "excused", False, is_end=True),
    S.COVERED:       StateFacts("covered by a joint report", "another agency reports for you", "joint report", False, is_end=True),
    S.VOID:          StateFacts("void",               "opened by mistake",                "void", False, is_end=True),
}
SESSION_FACTS: dict[SessionState, StateFacts] = {
    P.PENCILLED:             StateFacts("pencilled",             "a time is kept for you",  "planned", True),
    P.INVITED:               StateFacts("invited",               "you are invited",         "invited", True),
    P.ATTENDED:              StateFacts("attended",              "you attended",            "attended", False, is_end=True),
    P.ATTENDED_IN_PART:      StateFacts("attended in part",      "you attended in part",    "attended in part", False, is_end=True),
    P.ABSENT_WITH_NOTICE:    StateFacts("absent with notice",    "you told us you could not come", "did not attend", False, is_end=True),
    P.ABSENT_WITHOUT_NOTICE: StateFacts("absent without notice", "you did not attend",      "did not attend", False, is_end=True),
    P.CANCELLED:             StateFacts("cancelled",             "cancelled",               "cancelled", False, is_end=True),
    P.STOOD_DOWN:            StateFacts("stood down by the panel", "the panel could not meet", "panel did not meet", False, is_end=True),
}
ESCALATION_FACTS: dict[EscalationState, StateFacts] = {
    N.PENDING:            StateFacts("to go to the Chair", "will be reported to the Executive Chair", "not yet with you", True),
    N.WITH_CHAIR:         StateFacts("with the Chair",     "reported to the Executive Chair",         "with you", True),
    N.ACKNOWLEDGED:       StateFacts("acknowledged",       "the Executive Chair is looking at it",    "acknowledged by you", True),
    N.WITH_SENIOR_LEADER: StateFacts("with the senior leader", "the Chair has written to your senior leader", "followed up by you", True),
    N.RESOLVED:           StateFacts("resolved",           "settled: the report came",    "resolved", False, is_end=True),
    N.STOOD_DOWN:         StateFacts("stood down",         "not being taken further",     "stood down by you", False, is_end=True),
    N.WITHDRAWN:          StateFacts("withdrawn",          "withdrawn",                   "withdrawn", False, is_end=True),
    N.UNRESOLVED:         StateFacts("unresolved",         "unresolved at the cut-off",   "unresolved", False, is_end=True),
}
CYCLE_FACTS: dict[CycleState, StateFacts] = {
    C.DRAFT:        StateFacts("draft",            "not yet begun",     "draft", True),
    C.OPEN:         StateFacts("open",             "under way",         "under way", True),
    C.REPORTED:     StateFacts("report approved",  "report approved",   "report approved", True),
    C.IN_STATEMENT: StateFacts("in the statement", "statement published", "in the statement", True),
    C.CLOSED:       StateFacts("closed",           "finished",          "closed", False, is_end=True),
}
MESSAGE_FACTS: dict[MessageState, StateFacts] = {
    L.QUEUED:     StateFacts("waiting to go",     "on its way",  "on its way", True),
    L.SENDING:    StateFacts("being sent",        "on its way",  "on its way", True),
    L.SENT:       StateFacts("sent",              "sent",        "sent", False, is_end=True),
    L.DELAYED:    StateFacts("delayed",           "on its way",  "delayed", True),
    L.FAILED:     StateFacts("failed",            "not sent",    "could not be sent", True),
    L.UNCERTAIN:  StateFacts("perhaps sent",      "perhaps sent", "perhaps sent", True),
    L.HELD:       StateFacts("held",              "not sent",    "held", True),
    L.WITHDRAWN:  StateFacts("withdrawn",         "not sent",    "withdrawn", False, is_end=True),
    L.SUPERSEDED: StateFacts("no longer needed",  "not sent",    "not needed", False, is_end=True),
    L.EXPIRED:    StateFacts("expired unsent",    "not sent",    "expired unsent", False, is_end=True),
    L.BOUNCED:    StateFacts("bounced",           "not delivered", "not delivered", False, is_end=True),
}
PANEL_DAY_FACTS: dict[PanelDayState, StateFacts] = {
    PanelDayState.SITTING:    StateFacts("the panel sits",  "the panel sits",           "sits", True),
    PanelDayState.RESERVE:    StateFacts("kept in reserve", "kept in reserve",         "kept in reserve", True),
    PanelDayState.STOOD_DOWN: StateFacts("stood down",      "the panel could not meet", "did not meet", False, is_end=True),
}
# fmt: on

_ALL: dict[str, dict[str, StateFacts]] = {
    CaseState.__name__: {state.name: row for state, row in CASE_FACTS.items()},
    SessionState.__name__: {state.name: row for state, row in SESSION_FACTS.items()},
    EscalationState.__name__: {state.name: row for state, row in ESCALATION_FACTS.items()},
    CycleState.__name__: {state.name: row for state, row in CYCLE_FACTS.items()},
    MessageState.__name__: {state.name: row for state, row in MESSAGE_FACTS.items()},
    PanelDayState.__name__: {state.name: row for state, row in PANEL_DAY_FACTS.items()},
}


def facts_of(state: StrEnum) -> StateFacts:
    """The row of facts of a state of any lifecycle."""
    return _ALL[type(state).__name__][state.name]
