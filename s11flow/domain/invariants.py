"""What must always hold: a history that folds to the state it left behind, and facts that do not contradict. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from typing import Protocol

from calendars import london
from s11flow.domain.lifecycle import CASE, CYCLE, ESCALATION, SESSION, Lifecycle, words
from s11flow.domain.model import CaseFacts, CaseState, EscalationState, PanelDayState, Session, SessionState
from s11flow.domain.timetable import Rulebook

# --- a history folds to a state --------------------------------------------------------------------------------------


class Line(Protocol):
    """What of a history line moves a state: stored names, None where nothing moved."""

    @property
    def event(self) -> str:
        """The event's stored name."""
        ...

    @property
    def about(self) -> str:
        """Whose state it is: `case`, `cycle`, `escalation`, a session `s1`; anything else is a record."""
        ...

    @property
    def before(self) -> str | None:
        """The state it found."""
        ...

    @property
    def after(self) -> str | None:
        """The state it left."""
        ...


@dataclass(slots=True)
class Folded:
    """The state each thing of a subject ends in, by name (`case`, `s1`, `escalation 2`), and what does not follow."""

    states: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    escalations: int = 0

    def state_of(self, name: str) -> str | None:
        """The state it ends in; cycle, panel day and partnership stand somewhere before anything is written of them."""
        return self.states.get(name, _BEFORE.get(name))


PANEL_DAY = "panel day"
PARTNERSHIP = "partnership"
_BEFORE = {CYCLE.name: CYCLE.start.value, PANEL_DAY: PanelDayState.SITTING.value, PARTNERSHIP: "ACTIVE"}


_SESSION = re.compile(r"s[1-9][0-9]*")
_ALLOWED = {
    table.name: {(t.while_.value, t.event.value): t.then.value for t in table.transitions}
    for table in (CASE, CYCLE, ESCALATION, SESSION)
}
_ENDED = frozenset(state.value for state in ESCALATION.ends)


def fold(lines: Iterable[Line]) -> Folded:
    """Read a history as its lifecycles do: each line must begin where the last one ended, and be in the table."""
    folded = Folded()
    for place, line in enumerate(lines, 1):
        if line.after is not None:
            _take(folded, place, line, line.after)
    return folded


def _take(folded: Folded, place: int, line: Line, after: str) -> None:
    name = _name(folded, line)
    had = folded.state_of(name)
    if line.before != had:
        folded.faults.append(f"line {place} says that {name} was {_words(line.before)}, but it was {_words(had)}")
    table = _table(line.about)
    if table is not None and line.before is not None:
        then = _ALLOWED[table.name].get((line.before, line.event))
        if then != after:
            what = f"{words(line.event)} from {_words(line.before)} to {_words(after)}"
            folded.faults.append(f"line {place} is no step of the {table.name}'s lifecycle: {what}")
    folded.states[name] = after


def _name(folded: Folded, line: Line) -> str:
    if line.about != ESCALATION.name:
        return line.about
    if line.before is None:
        folded.escalations += 1
    return f"escalation {max(folded.escalations, 1)}"


def _table(about: str) -> Lifecycle | None:
    if _SESSION.fullmatch(about):
        return SESSION
    return {"case": CASE, "cycle": CYCLE, "escalation": ESCALATION}.get(about)


def _words(state: str | None) -> str:
    return "nothing yet" if state is None else words(state)


# --- the facts of a case do not contradict each other ----------------------------------------------------------------

_NOTHING_OWED = frozenset({CaseState.EXCUSED, CaseState.COVERED, CaseState.VOID})
_HAS_REPORT = frozenset({CaseState.SUBMITTED, CaseState.RETURNED, CaseState.ACCEPTED})


def of_case(
    rules: Rulebook, facts: CaseFacts, sitting: Collection[date], *, proclaimed: Collection[date] = ()
) -> tuple[str, ...]:
    """What is wrong with a case, in clauses that follow its reference; *sitting* are its cycle's panel days.

    *proclaimed* are bank holidays that the cycle adopted after it opened: a date told before may lie on one (case 13).
    """
    found = [*_state_faults(facts), *_escalation_faults(facts), *_date_faults(rules, facts, proclaimed)]
    if facts.session is not None:
        found += _session_faults(facts.session, facts.state, sitting)
    return tuple(found)


def _state_faults(facts: CaseFacts) -> Iterator[str]:
    if facts.state == CaseState.COVERED and facts.covered_by is None:
        yield "is covered by a joint report and names no lead"
    if facts.state == CaseState.COVERED and facts.lead_state == CaseState.COVERED:
        yield f"is covered by {facts.covered_by}, which is covered itself"
    if facts.state in _HAS_REPORT and facts.submission is None:
        yield f"is {words(facts.state)} and has no report on file"
    if facts.state == CaseState.RETURNED and facts.return_by is None:
        yield "was returned without a day to answer by"
    if facts.state == CaseState.REQUESTED and facts.asked_at is None:
        yield "is requested and was never asked"
    if facts.state == CaseState.ASSESSED and facts.assessed_at is None:
        yield "is assessed and has no instant of its assessment"
    if facts.state == CaseState.AGREED and facts.agreed_at is None:
        yield "is agreed and has no instant of its agreement"


def _escalation_faults(facts: CaseFacts) -> Iterator[str]:
    escalation = facts.escalation
    if escalation is None:
        if facts.state == CaseState.NOT_SUBMITTED:
            yield "is not submitted and was never warned of"
        return
    if escalation.is_open and facts.state in _NOTHING_OWED:
        yield f"is {words(facts.state)} and its escalation is still open"
    if escalation.is_open and escalation.state != EscalationState.PENDING and escalation.sent_at is None:
        yield f"has an escalation that is {words(escalation.state)} and was never sent"


def _date_faults(rules: Rulebook, facts: CaseFacts, proclaimed: Collection[date]) -> Iterator[str]:
    for name, dated in (("deadline", facts.dates.deadline), ("target", facts.dates.target)):
        if dated is None:
            continue
        if london.day_of(dated.at) != dated.on:
            yield f"has a {name} on {london.spell_day(dated.on)} whose instant lies on another day"
        obstacle = rules.days.why_not(dated.on)
        if obstacle is not None and dated.on not in proclaimed:
            yield f"has a {name} on {london.spell_day(dated.on)}, which is {obstacle}"


def _session_faults(session: Session, state: CaseState, sitting: Collection[date]) -> Iterator[str]:
    when = london.spell(session.starts_at)
    if session.ends_at <= session.starts_at:
        yield f"has a session on {when} that ends before it begins"
    if session.state == SessionState.ATTENDED_IN_PART and not session.minutes:
        yield f"attended its session on {when} in part, for no minutes"
    if not session.is_live:
        return
    if state in _NOTHING_OWED:
        yield f"is {words(state)} and still has a session on {when}"
    if london.day_of(session.starts_at) not in sitting:
        yield f"has a session on {when}, when the panel does not sit"


# --- the panel sees one agency at a time -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class Sitting:
    """From when to when the panel is to see the agency of a case."""

    starts_at: datetime
    ends_at: datetime
    ref: str


def of_sessions(live: Iterable[Sitting]) -> tuple[str, ...]:
    """Which of a cycle's sessions that are still to be held overlap, as sentences."""
    return tuple(
        f"{after.ref}: its session on {london.spell(after.starts_at)} overlaps that of {before.ref}."
        for before, after in pairwise(sorted(live))
        if after.starts_at < before.ends_at
    )
