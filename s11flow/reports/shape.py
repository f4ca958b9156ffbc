"""What the Assurance Report says, section by section. Field names are the keys of its JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from hashlib import sha256
from typing import Any, Literal

from calendars import london
from s11flow.domain.statistics import Answered, Comparison, Share, Spread

Status = Literal["draft", "approved", "corrigendum"]


@dataclass(frozen=True, slots=True)
class Named:
    """An agency by its code and the name it has now."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Publication:
    """How the published version speaks of agencies that did not submit, and on whose authority.

    `not_named` of them are counted, and neither named nor spoken of; none where `are_named`.
    """

    are_named: bool
    authority: str
    not_named: int


@dataclass(frozen=True, slots=True)
class BuildFacts:
    """Section 1. What this is a report of, and whether it is whole; `publication` is None until it is published."""

    partnership: str
    area: str
    code: str
    cycle: str
    period_from: date
    period_to: date
    standards_version: str
    author: str
    status: Status
    is_complete: bool
    outstanding: tuple[Named, ...]
    on_register: int
    publication: Publication | None = None


@dataclass(frozen=True, slots=True)
class ScaleWord:
    """A point of the scale, told apart by word, pattern and number."""

    code: str
    word: str
    meaning: str
    pattern: str
    number: int
    colour: str


@dataclass(frozen=True, slots=True)
class PanelMember:
    """A member of the panel by role, with the agency that is their own, and those they declared an interest in."""

    title: str
    interest: Named | None
    declared: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True)
class CountLine:
    """How many, out of how many, and which; `not_named` of them are only counted."""

    name: str
    share: Share
    agencies: tuple[Named, ...]
    not_named: int = 0


@dataclass(frozen=True, slots=True)
class JudgedBy:
    """A judgement that the panel's lead did not write, or that not the whole panel rated: who did, by role."""

    agency: Named
    author: str
    rated_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Method:
    """Section 3. How judgements were made and what each rests on.

    `not_quorate` are agencies that were considered though fewer members than the `quorum` had no interest in them,
    `stand_ins` the judgements that the lead did not write or the whole panel did not rate.
    """

    scale: tuple[ScaleWord, ...]
    panel: tuple[PanelMember, ...]
    panel_days: tuple[date, ...]
    bases: tuple[CountLine, ...]
    quorum: int
    not_quorate: tuple[Named, ...]
    stand_ins: tuple[JudgedBy, ...]


@dataclass(frozen=True, slots=True)
class TookPart:
    """Section 4. `reports` and `attendance` each sum to the register; `also` are second counts that overlap them."""

    on_register: int
    reports: tuple[CountLine, ...]
    attendance: tuple[CountLine, ...]
    also: tuple[CountLine, ...]
    void: tuple[Named, ...]
    duty_bodies_not_on_register: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of an agency, about one standard or in general."""

    agency: Named
    text: str
    standard: str | None = None


@dataclass(frozen=True, slots=True)
class RequirementResult:
    """How the agencies and the panel rated one requirement."""

    number: str
    text: str
    own: Spread
    panel: Spread


@dataclass(frozen=True, slots=True)
class StandardResult:
    """How the panel rated one standard, each of its requirements, and what was said about it."""

    number: str
    title: str
    panel: Spread
    requirements: tuple[RequirementResult, ...]
    working_well: tuple[Said, ...]
    worried: tuple[Said, ...]
    needs: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """Section 5. `assessed` is how many of the register have a judgement; what was said of no one standard is apart."""

    assessed: Share
    standards: tuple[StandardResult, ...]
    working_well: tuple[Said, ...]
    worried: tuple[Said, ...]
    needs: tuple[Said, ...]
    good_practice: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class ActionLine:
    """Section 6. An agency's own action from a review or an audit."""

    agency: Named
    what: str
    review: str
    owner: str
    by: date | None
    status: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class ComparisonLine:
    """Section 7. Self against panel over the requirements of one standard, or of all."""

    standard: str
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """Section 8. The panel's rating of a standard beside its last one, of the agencies that had both."""

    standard: str
    better: Share
    same: Share
    worse: Share
    fell: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class RepeatedFinding:
    """Section 8. A standard that an agency was rated below the best on, no better than the last time."""

    agency: Named
    standard: str
    cycle: str
    then: str
    now: str


@dataclass(frozen=True, slots=True)
class RecommendationLine:
    """Section 10. A numbered recommendation with its owner; `agency` is None when it is for all."""

    number: int
    text: str
    owner: str
    by: date | None
    agency: Named | None


@dataclass(frozen=True, slots=True)
class Shown:
    """One score as it is printed: `text` has its word, pattern and number, so it needs no colour."""

    answered: Answered
    text: str
    code: str | None = None
    word: str = ""
    pattern: str = ""
    number: int | None = None
    given: str = ""


@dataclass(frozen=True, slots=True)
class StandardScore:
    """The panel's rating of one standard for one agency."""

    number: str
    title: str
    panel: Shown
    reason: str


@dataclass(frozen=True, slots=True)
class RequirementScore:
    """An agency's and the panel's rating of one requirement."""

    number: str
    own: Shown
    panel: Shown
    reason: str


@dataclass(frozen=True, slots=True)
class AgencyScores:
    """Appendix A. Everything printed about one agency; without a judgement `not_judged` says why."""

    agency: Named
    category: str
    report: str
    attendance: str
    basis: str
    basis_recorded: str
    is_draft: bool
    not_judged: str
    reason: str
    authority: str
    standards: tuple[StandardScore, ...] = ()
    requirements: tuple[RequirementScore, ...] = ()
    mapping: str = ""
    agency_response: str = ""
    dissent: str = ""


@dataclass(frozen=True, slots=True)
class NonSubmission:
    """Appendix B. An agency whose report did not come by its deadline, what was done, and how it stands."""

    agency: Named
    joint_lead: Named | None
    deadline: datetime | None
    confirmed_at: datetime | None
    warned_at: datetime | None
    reported_at: datetime | None
    arrived_at: datetime | None
    report: str
    escalation: str
    note: str


@dataclass(frozen=True, slots=True)
class DateLine:
    """A date of the cycle with its sentence."""

    name: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class AgencyDates:
    """The dates of one agency; None where there is none."""

    agency: Named
    asked_at: datetime | None
    deadline: datetime | None
    deadline_why: str
    is_extended: bool
    arrived_at: datetime | None
    session_at: datetime | None
    session: str
    considered_at: datetime | None
    assessed_at: datetime | None
    agreed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Timetable:
    """Appendix C. The dates of the cycle and of every agency."""

    cycle: tuple[DateLine, ...]
    agencies: tuple[AgencyDates, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """Appendix D. A word of the procedure and what it means here."""

    word: str
    meaning: str


@dataclass(frozen=True, slots=True)
class AssuranceReport:
    """The whole report, section by section. `sha256` is the digest of everything but `built_at` and itself."""

    build: BuildFacts
    introduction: tuple[str, ...]
    changes: tuple[str, ...]
    method: Method
    took_part: TookPart
    results: Results
    actions: tuple[ActionLine, ...]
    self_against_panel: tuple[ComparisonLine, ...]
    themes: tuple[str, ...]
    since_last: tuple[ChangeLine, ...]
    repeated: tuple[RepeatedFinding, ...]
    year_on_year: tuple[str, ...]
    impact: tuple[Said, ...]
    recommendations: tuple[RecommendationLine, ...]
    lessons: tuple[str, ...]
    statement: tuple[str, ...]
    scores: tuple[AgencyScores, ...]
    non_submissions: tuple[NonSubmission, ...]
    timetable: Timetable
    glossary: tuple[Term, ...]
    built_at: datetime
    sha256: str = ""


def statement_of_effectiveness(report: AssuranceReport) -> str:
    """Section 12 as Markdown: the text offered for the Statement of Effectiveness and the Yearly Report."""
    return "\n\n".join(report.statement) + "\n"


def as_json(value: object) -> object:
    """*value* as JSON knows it: dataclasses by field name, days and London instants as ISO 8601, shares with %."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Share):
        return {"n": value.n, "of": value.of, "percent": value.percent}
    if isinstance(value, Spread):
        return _spread_json(value)
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {name: as_json(getattr(value, name)) for name in _field_names(type(value))}
    if isinstance(value, datetime):
        return london.iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [as_json(item) for item in value]
    return value


_PLAIN = frozenset({str, int, bool, type(None)})


@cache
def _field_names(of: type[Any]) -> tuple[str, ...]:
    return tuple(item.name for item in fields(of))


def _spread_json(spread: Spread) -> dict[str, object]:
    return {
        "asked": spread.asked,
        "rated": {code: as_json(share) for code, share in spread.rated},
        "qualified": dict(spread.qualified),
        "other_scale": spread.other_scale,
        "not_applicable": spread.not_applicable,
        "not_answered": spread.not_answered,
    }


def content_sha256(report: AssuranceReport) -> str:
    """The digest of the report's canonical JSON: sorted keys, no spaces, without `built_at` and `sha256`."""
    content = as_json(report)
    assert isinstance(content, dict)
    kept = {key: value for key, value in content.items() if key not in ("built_at", "sha256")}
    return sha256(json.dumps(kept, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
