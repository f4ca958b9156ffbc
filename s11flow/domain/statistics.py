"""Counts who took part and how ratings fall, so that every count says out of how many and adds up. Pure.

Each agency of the register stands in exactly one line of a tally; a tally in which one stands twice, or is missing,
cannot be made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from s11flow.domain.errors import S11Error
from s11flow.domain.model import AgencyStatus, CaseFacts, CaseState, Session, SessionState, Track


class CountError(S11Error):
    """A count that does not add up to what it counts; nothing is printed from it."""


class TakingPart(StrEnum):
    """How an agency's report stands. Each agency of the register is exactly one of these."""

    BY_TARGET = "by the target"
    ON_TIME = "on time, after the target"
    LATE = "late, before its panel"
    LATE_AFTER_PANEL = "late, after its panel"
    COVERED = "covered by a joint report"
    JOINT_AWAITED = "joint report awaited"
    EXCUSED = "excused"
    NOT_APPLICABLE = "not applicable"
    NOT_SUBMITTED = "not submitted"
    NOT_ASKED = "not asked"
    AWAITED = "still awaited"


class Attendance(StrEnum):
    """What the panel had of an agency. Each agency of the register is exactly one of these."""

    ATTENDED = "attended"
    IN_PART = "attended in part"
    REPORT_ALONE = "on the report alone"
    SESSION_ALONE = "on the session alone"
    JOINT = "through the lead of a joint report"
    TO_COME = "still to come"
    NEITHER = "neither report nor session"


SIGNED_STATEMENT = "signed statement of compliance"
"""What a light-track case rests on: nobody judged it."""

SUBMITTED = frozenset({TakingPart.BY_TARGET, TakingPart.ON_TIME, TakingPart.LATE, TakingPart.LATE_AFTER_PANEL})
IN_TIME = frozenset({TakingPart.BY_TARGET, TakingPart.ON_TIME})

S = CaseState
_ACCEPTED = frozenset({S.ACCEPTED, S.CONSIDERED, S.ASSESSED, S.AGREED, S.REPORTED, S.IN_STATEMENT, S.CLOSED})
_CONSIDERED = _ACCEPTED - {S.ACCEPTED}
_SETTLED = frozenset({S.AGREED, S.NOT_SUBMITTED, S.REPORTED, S.IN_STATEMENT, S.CLOSED, S.EXCUSED, S.COVERED, S.VOID})
_CAME = {SessionState.ATTENDED: Attendance.ATTENDED, SessionState.ATTENDED_IN_PART: Attendance.IN_PART}
_HELD = frozenset(_CAME) | {SessionState.ABSENT_WITH_NOTICE, SessionState.ABSENT_WITHOUT_NOTICE}


@dataclass(frozen=True, slots=True)
class Taken:
    """What is counted of one case: its facts, when the first version that counts reached us, and all its sessions."""

    facts: CaseFacts
    first_arrived_at: datetime | None = None
    sessions: tuple[Session, ...] = ()
    not_applicable: bool = False

    @property
    def arrived_at(self) -> datetime | None:
        """When the agency's report first reached us; a later version or an addendum does not make it late."""
        if self.first_arrived_at is not None or self.facts.submission is None:
            return self.first_arrived_at
        return self.facts.submission.arrived_at

    @property
    def all_sessions(self) -> tuple[Session, ...]:
        """Every session of the case; the one the facts hold if no more are known."""
        return self.sessions or ((self.facts.session,) if self.facts.session else ())


@dataclass(frozen=True, slots=True)
class Share:
    """A count and what it is out of: never one without the other."""

    n: int
    of: int

    def __post_init__(self) -> None:
        if not 0 <= self.n <= self.of:
            raise CountError(f"{self.n} out of {self.of} is no share; a count lies between 0 and what it is out of.")

    @property
    def percent(self) -> int | None:
        """Whole per cent, a half rounded up; None out of nothing."""
        return (200 * self.n + self.of) // (2 * self.of) if self.of else None

    def __str__(self) -> str:
        return f"{self.n}/{self.of}" if self.percent is None else f"{self.n}/{self.of} ({self.percent}%)"


@dataclass(frozen=True, slots=True)
class Tally:
    """Each of *register* in exactly one line. Raises CountError, naming the agency, if that does not hold."""

    register: tuple[str, ...]
    lines: tuple[tuple[str, tuple[str, ...]], ...]

    def __post_init__(self) -> None:
        counted = Counter(code for _, codes in self.lines for code in codes)
        if faults := [*_twice(self.register, "on the register"), *self._wrong(counted)]:
            raise CountError(
                f"The counts do not add up to the {len(self.register)} on the register: {'; '.join(faults)}."
            )

    def _wrong(self, counted: Counter[str]) -> Iterable[str]:
        yield from (f"{code} is counted {n} times" for code, n in sorted(counted.items()) if n > 1)
        yield from (f"{code} is counted and not on the register" for code in sorted(set(counted) - set(self.register)))
        yield from (f"{code} is not counted" for code in sorted(set(self.register) - set(counted)))

    def share(self, line: str) -> Share:
        """How many stand in *line*, out of the register."""
        return Share(len(dict(self.lines)[line]), len(self.register))


def _twice(codes: Sequence[str], where: str) -> list[str]:
    return [f"{code} is {n} times {where}" for code, n in sorted(Counter(codes).items()) if n > 1]


def taking_part(
    case: Taken, *, lead: Taken | None = None, final: bool = False, counted_until: datetime | None = None
) -> TakingPart | None:
    """How the case's report stands; None for a void case, which is outside every count.

    *lead* is the case that a covered one is reported by. *final* is whether the report is being approved: nothing is
    awaited any more. What came after *counted_until* (the approval) is filed and changes no number.
    """
    facts = case.facts
    match facts.state:
        case CaseState.VOID:
            return None
        case CaseState.EXCUSED:
            return TakingPart.NOT_APPLICABLE if _is_not_applicable(case) else TakingPart.EXCUSED
        case CaseState.COVERED:
            return _as_member(case, lead, final=final, counted_until=counted_until)
    if counts_as_received(case, counted_until=counted_until):
        return _when_it_came(case)
    return _without_report(case, final=final)


def counts_as_received(case: Taken, *, counted_until: datetime | None = None) -> bool:
    """Whether a report came in time to be counted: by the cut-off, or considered by the panel all the same."""
    arrived, facts = case.arrived_at, case.facts
    if arrived is None or (counted_until is not None and arrived > counted_until):
        return False
    considered = facts.considered_at is not None and facts.considered_at >= arrived and facts.state in _CONSIDERED
    return arrived <= facts.dates.cut_off.at or considered


def is_by_target(case: Taken, *, counted_until: datetime | None = None) -> bool:
    """The second count: whether the report came by the target, whatever the agency's own deadline."""
    arrived = case.arrived_at
    received = counts_as_received(case, counted_until=counted_until)
    return received and arrived is not None and arrived <= case.facts.dates.target.at


def is_outstanding(facts: CaseFacts) -> bool:
    """Whether the report could not be approved yet because of this case."""
    if is_signed(facts):
        return False
    return facts.state not in _SETTLED and facts.state != CaseState.PLANNED


def is_signed(facts: CaseFacts) -> bool:
    """Whether it is a case of the light track whose signed statement was accepted: nothing is left to be judged."""
    return facts.track == Track.LIGHT and facts.state == CaseState.ACCEPTED


def attendance(
    case: Taken, part: TakingPart, *, lead: tuple[Taken, TakingPart] | None = None, final: bool = False
) -> Attendance:
    """What the panel had of the agency, given how its report stands."""
    if part == TakingPart.COVERED and lead is not None:
        seen = attendance(*lead, final=final)
        return Attendance.JOINT if seen in _CAME.values() else seen
    received = part in SUBMITTED
    came = [_CAME[session.state] for session in case.all_sessions if session.state in _CAME]
    if came:
        best = Attendance.ATTENDED if Attendance.ATTENDED in came else Attendance.IN_PART
        return best if received else Attendance.SESSION_ALONE
    if not final and _may_still_be_seen(case, part):
        return Attendance.TO_COME
    return Attendance.REPORT_ALONE if received else Attendance.NEITHER


def _may_still_be_seen(case: Taken, part: TakingPart) -> bool:
    if part in (TakingPart.AWAITED, TakingPart.JOINT_AWAITED):
        return True
    if case.facts.track == Track.LIGHT:
        return False
    live = any(session.is_live for session in case.all_sessions)
    open_report = part in SUBMITTED and case.facts.state not in _CONSIDERED | _SETTLED
    return open_report or (
        live and part in SUBMITTED | {TakingPart.NOT_SUBMITTED} and case.facts.state not in _CONSIDERED
    )


def basis(part: TakingPart, seen: Attendance) -> str:
    """What a judgement rests on, as printed with it, in the words a case keeps from the day it was considered."""
    if part not in SUBMITTED:
        return _BASIS_WITHOUT.get(part, "session alone" if seen == Attendance.SESSION_ALONE else "nothing submitted")
    came = seen in _CAME.values()
    if part in IN_TIME:
        return "report and session" if came else "report alone"
    return "late report and session" if came else "late report"


_BASIS_WITHOUT = {
    TakingPart.NOT_ASKED: "not asked",
    TakingPart.COVERED: "joint report",
    TakingPart.EXCUSED: "excused",
    TakingPart.NOT_APPLICABLE: "not applicable",
}


def _is_not_applicable(case: Taken) -> bool:
    return case.not_applicable or case.facts.agency.status == AgencyStatus.NOT_APPLICABLE


def _when_it_came(case: Taken) -> TakingPart:
    arrived, facts = case.arrived_at, case.facts
    assert arrived is not None
    deadline, target = facts.dates.deadline, facts.dates.target
    accepted_as_in_time = facts.submission is not None and facts.submission.as_in_time
    if accepted_as_in_time or deadline is None or arrived <= deadline.at:
        return TakingPart.BY_TARGET if arrived <= target.at else TakingPart.ON_TIME
    panel = _panel_at(case)
    return TakingPart.LATE if panel is None or arrived < panel else TakingPart.LATE_AFTER_PANEL


def _panel_at(case: Taken) -> datetime | None:
    """When the panel met on the agency, or is to: its session; without one, its panel day."""
    starts = [session.starts_at for session in case.all_sessions if session.is_live or session.state in _HELD]
    if starts:
        return max(starts)
    return case.facts.dates.panel_day.at if case.facts.dates.panel_day else None


def _without_report(case: Taken, *, final: bool) -> TakingPart:
    facts = case.facts
    if facts.state == CaseState.PLANNED:
        if _is_not_applicable(case):
            return TakingPart.NOT_APPLICABLE
        return TakingPart.NOT_ASKED if final or facts.agency.contact is None else TakingPart.AWAITED
    if facts.basis == "not asked":
        return TakingPart.NOT_ASKED
    if facts.state in (CaseState.REQUESTED, CaseState.RETURNED) and not final:
        return TakingPart.AWAITED
    return TakingPart.NOT_SUBMITTED


def _as_member(case: Taken, lead: Taken | None, *, final: bool, counted_until: datetime | None) -> TakingPart:
    """How a member of a joint report stands: covered only once the report of the lead is accepted."""
    if lead is None or lead.facts.state == CaseState.VOID:
        return TakingPart.JOINT_AWAITED
    part = taking_part(lead, final=final, counted_until=counted_until)
    if part in SUBMITTED:
        return TakingPart.COVERED if lead.facts.state in _ACCEPTED else TakingPart.JOINT_AWAITED
    if counts_as_received(case, counted_until=counted_until):
        return _when_it_came(case)  # the lead is silent, and it sent its own
    return TakingPart.NOT_SUBMITTED if part == TakingPart.NOT_SUBMITTED else TakingPart.JOINT_AWAITED


def tally(register: Sequence[str], lines: Iterable[str], standing: Mapping[str, str]) -> Tally:
    """Sort the agencies of *register* into *lines*, in order, by how each stands; CountError if one is left over."""
    return Tally(
        tuple(register),
        tuple((str(line), tuple(code for code in register if standing.get(code) == line)) for line in lines),
    )


# --- ratings --------------------------------------------------------------------------------------------------------


class Answered(StrEnum):
    """What stands where a rating is asked for. Only RATED enters the spread; the rest is counted apart."""

    RATED = "rated"
    QUALIFIED = "qualified"
    OTHER_SCALE = "on another scale"
    NOT_APPLICABLE = "not applicable"
    NOT_ANSWERED = "not answered"


@dataclass(frozen=True, slots=True)
class Mark:
    """One answer: what stands there and, where it has one, the code of its rating; `given` is another scale's word."""

    answered: Answered
    code: str | None = None
    given: str = ""

    def __post_init__(self) -> None:
        if (self.code is not None) != (self.answered in (Answered.RATED, Answered.QUALIFIED)):
            raise CountError(f"An answer that is {self.answered.value} cannot have the rating {self.code}.")


@dataclass(frozen=True, slots=True)
class Spread:
    """How answers fall: each rating out of all plain ratings, and apart from them everything else that was answered.

    `asked` is everyone the question was put to; the shares' `of` and the counts apart add up to it.
    """

    asked: int
    rated: tuple[tuple[str, Share], ...]
    qualified: tuple[tuple[str, int], ...]
    other_scale: int
    not_applicable: int
    not_answered: int

    def __post_init__(self) -> None:
        of = {share.of for _, share in self.rated}
        plain = sum(share.n for _, share in self.rated)
        apart = sum(n for _, n in self.qualified) + self.other_scale + self.not_applicable + self.not_answered
        if of - {plain} or plain + apart != self.asked:
            raise CountError(f"{plain} ratings and {apart} other answers do not add up to the {self.asked} asked.")

    @property
    def n_rated(self) -> int:
        """How many plain ratings there are: what every share is out of."""
        return sum(share.n for _, share in self.rated)

    @property
    def n_qualified(self) -> int:
        """How many ratings were given with a qualification."""
        return sum(n for _, n in self.qualified)


def spread(codes: Sequence[str], marks: Sequence[Mark]) -> Spread:
    """How *marks* fall over the scale's *codes*, lowest first; CountError for a rating that is not on the scale."""
    of = Counter(mark.answered for mark in marks)
    rated = Counter(mark.code for mark in marks if mark.answered == Answered.RATED)
    qualified = Counter(mark.code for mark in marks if mark.answered == Answered.QUALIFIED)
    return Spread(
        asked=len(marks),
        rated=tuple((code, Share(rated[code], of[Answered.RATED])) for code in codes),
        qualified=tuple((code, qualified[code]) for code in codes),
        other_scale=of[Answered.OTHER_SCALE],
        not_applicable=of[Answered.NOT_APPLICABLE],
        not_answered=of[Answered.NOT_ANSWERED],
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """Self ratings against the panel's, where both gave one."""

    same: Share
    self_higher: Share
    panel_higher: Share


def compare(codes: Sequence[str], pairs: Iterable[tuple[Mark, Mark]]) -> Comparison:
    """Compare (self, panel) where both are rated, plainly or with a qualification; the rest is left out."""
    place = {code: index for index, code in enumerate(codes)}
    gaps = [place[own.code] - place[panel.code] for own, panel in pairs if own.code in place and panel.code in place]
    return Comparison(
        same=Share(sum(gap == 0 for gap in gaps), len(gaps)),
        self_higher=Share(sum(gap > 0 for gap in gaps), len(gaps)),
        panel_higher=Share(sum(gap < 0 for gap in gaps), len(gaps)),
    )
