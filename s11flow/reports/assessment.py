"""Reads a panel's judgement from a filled-in JSON file, and says in a sentence each what is wrong with one.

`docs/examples/assessment.json` is a file that passes for the definition that is shipped.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from s11flow.domain.definition import Definition
from s11flow.domain.errors import WrongInputError
from s11flow.domain.statistics import Answered, Mark

NOT_APPLICABLE = "n/a"
NO_JUDGEMENT = "no judgement"


class WrongAssessmentError(WrongInputError):
    """A judgement that cannot be used: `faults` has a sentence for each thing that is wrong."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class RequirementRating(_Strict):
    """What the agency (`self`) and the panel say of one requirement.

    Each is a code of the scale, "n/a", or null: not answered, or no judgement. `self_as_given` keeps an answer that
    was given on another scale, or the words that qualify it. A rating that holds only with a "but" is qualified.
    `evidence_not_seen` is what the agency pointed to and the panel could not open.
    """

    requirement: str
    own: str | None = Field(default=None, alias="self")
    self_as_given: str = ""
    qualified: bool = False
    panel: str | None = None
    panel_qualified: bool = False
    evidence_not_seen: bool = False
    reason: str = ""

    @property
    def said(self) -> str:
        """The reason as it is printed."""
        return _with_evidence(self.reason, self.evidence_not_seen)

    @property
    def own_mark(self) -> Mark:
        """The agency's answer as it is counted."""
        if self.own is None and self.self_as_given:
            return Mark(Answered.OTHER_SCALE, given=self.self_as_given)
        return _mark(self.own, qualified=self.qualified, given=self.self_as_given)

    @property
    def panel_mark(self) -> Mark:
        """The panel's rating as it is counted."""
        return _mark(self.panel, qualified=self.panel_qualified)


class StandardRating(_Strict):
    """The panel's rating of a whole standard: a code of the scale, "n/a" or "no judgement", these two with a reason."""

    standard: str
    panel: str
    panel_qualified: bool = False
    evidence_not_seen: bool = False
    reason: str = ""

    @property
    def said(self) -> str:
        """The reason as it is printed."""
        return _with_evidence(self.reason, self.evidence_not_seen)

    @property
    def panel_mark(self) -> Mark:
        """The panel's rating as it is counted."""
        return _mark(self.panel, qualified=self.panel_qualified)


def _with_evidence(reason: str, not_seen: bool) -> str:
    return " ".join(part for part in (reason, "Evidence not seen." if not_seen else "") if part)


class Remark(_Strict):
    """A thing the panel says, about one standard or in general."""

    text: str = Field(min_length=1)
    standard: str | None = None


class Recommendation(_Strict):
    """What is recommended, who owns it (the agency if nobody is named) and by which day."""

    text: str = Field(min_length=1)
    owner: str = ""
    by: date | None = None


class ReviewAction(_Strict):
    """An agency's own action from a review or an audit."""

    what: str = Field(min_length=1)
    owner: str = ""
    by: date | None = None
    status: Literal["done", "under way", "planned"]
    review: str = ""
    evidence: str = ""


def _remark(value: object) -> object:
    return {"text": value} if isinstance(value, str) else value


Remarks = tuple[Annotated[Remark, BeforeValidator(_remark)], ...]


class Assessment(_Strict):
    """The panel's judgement on one agency, as it was given. A plain text may stand for a remark."""

    basis: str = ""
    standards: tuple[StandardRating, ...]
    ratings: tuple[RequirementRating, ...] = ()
    mapping: str = ""
    working_well: Remarks = ()
    worried: Remarks = ()
    needs: Remarks = ()
    good_practice: Remarks = ()
    recommendations: tuple[Recommendation, ...] = ()
    actions: tuple[ReviewAction, ...] = ()
    impact: str = ""
    agency_response: str = ""
    dissent: str = ""

    def rating_of(self, requirement: str) -> RequirementRating:
        """What was said of a requirement; one that is left out is unanswered and unjudged."""
        found = next((rating for rating in self.ratings if rating.requirement == requirement), None)
        return found or RequirementRating(requirement=requirement)


def _mark(code: str | None, *, qualified: bool, given: str = "") -> Mark:
    if code is None or code == NO_JUDGEMENT:
        return Mark(Answered.NOT_ANSWERED)
    if code == NOT_APPLICABLE:
        return Mark(Answered.NOT_APPLICABLE)
    return Mark(Answered.QUALIFIED if qualified else Answered.RATED, code, given)


def read_assessment(text: str, definition: Definition) -> Assessment:
    """The judgement that *text* (JSON) holds, checked against the standards and the scale of *definition*.

    Raises WrongAssessmentError with every fault: what is wrong, why, and what would do.
    """
    try:
        given = json.loads(text)
    except RecursionError:
        raise WrongAssessmentError(["The judgement is nested too deeply to be read; start from the example."]) from None
    except json.JSONDecodeError as error:
        fault = f"The judgement is no JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        raise WrongAssessmentError([fault]) from None
    return check_assessment(given, definition)


def check_assessment(given: object, definition: Definition) -> Assessment:
    """The judgement that *given* (read JSON) holds; raises WrongAssessmentError like `read_assessment`."""
    if isinstance(given, Assessment):
        return given
    if not isinstance(given, Mapping):
        raise WrongAssessmentError(['The judgement is no JSON object; it begins with "{" and has "standards" in it.'])
    if faults := list(unprintable(given)):
        raise WrongAssessmentError(faults)
    try:
        assessment = Assessment.model_validate(given)
    except ValidationError as error:
        raise WrongAssessmentError([shape_fault(dict(item)) for item in error.errors()]) from None
    if faults := [*_standard_faults(assessment, definition), *_rating_faults(assessment, definition)]:
        raise WrongAssessmentError(faults)
    return assessment


def unprintable(value: object, where: str = "") -> Iterator[str]:
    """A sentence for each text in *value* that has characters no file can print and no database can keep."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from unprintable(item, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value, 1):
            yield from unprintable(item, f"{where}[{number}]")
    elif isinstance(value, str) and _CONTROL.search(value):
        yield f"{where}: it has a control character in it; type the text again."


_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def shape_fault(error: dict[str, Any]) -> str:
    """The sentence for one fault that pydantic found in what a person wrote."""
    where = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in error["loc"]).lstrip(".")
    match error["type"]:
        case "missing":
            return f"{where}: missing; it has to be there."
        case "extra_forbidden":
            return f"{where}: there is no such key; see the example for those there are."
        case "string_too_short":
            return f"{where}: empty; write a text or leave the whole entry out."
        case _:
            return f"{where}: {error['msg'][:1].lower()}{error['msg'][1:]}."


def _standard_faults(assessment: Assessment, definition: Definition) -> Iterator[str]:
    known = [standard.number for standard in definition.standards]
    given = Counter(rating.standard for rating in assessment.standards)
    for rating in assessment.standards:
        if rating.standard not in known:
            yield f"There is no standard {rating.standard}; there are {_and(known)}."
        yield from _code_faults(f"Standard {rating.standard}", rating.panel, definition, (NO_JUDGEMENT, NOT_APPLICABLE))
        if rating.panel in (NO_JUDGEMENT, NOT_APPLICABLE) and not rating.reason:
            yield f'Standard {rating.standard} is "{rating.panel}" without a reason; give one, it is printed.'
        yield from _qualified_faults(f"Standard {rating.standard}", rating.panel, rating.panel_qualified)
    for number, times in given.items():
        if times > 1:
            yield f"Standard {number} is rated {times} times; keep one."
    for number in known:
        if number not in given:
            yield f'Standard {number} has no rating; give one, or "{NO_JUDGEMENT}" with a reason.'
    for remark in (*assessment.working_well, *assessment.worried, *assessment.needs, *assessment.good_practice):
        if remark.standard is not None and remark.standard not in known:
            yield f"A remark is about standard {remark.standard}, which there is not; there are {_and(known)}."


def _rating_faults(assessment: Assessment, definition: Definition) -> Iterator[str]:
    known = [item.number for standard in definition.standards for item in standard.requirements]
    for number, times in Counter(rating.requirement for rating in assessment.ratings).items():
        if number not in known:
            yield f"There is no requirement {number}; there are {_and(known)}."
        elif times > 1:
            yield f"Requirement {number} is rated {times} times; keep one."
    for rating in assessment.ratings:
        name = f"Requirement {rating.requirement}"
        yield from _code_faults(f"{name}, self", rating.own, definition, (NOT_APPLICABLE,))
        yield from _code_faults(f"{name}, panel", rating.panel, definition, (NOT_APPLICABLE, NO_JUDGEMENT))
        yield from _qualified_faults(f"{name}, self", rating.own, rating.qualified)
        yield from _qualified_faults(f"{name}, panel", rating.panel, rating.panel_qualified)
        if rating.own is None or not rating.self_as_given or rating.qualified:
            continue
        table = definition.on_other_scale(rating.self_as_given)
        if table is not None and table[1] != rating.own:
            yield (
                f'{name} turns "{rating.self_as_given}" into "{rating.own}", and the definition reads it as '
                f'"{table[1]}"; leave "self" null, or write what the definition says.'
            )
        elif table is None and not assessment.mapping:
            yield (
                f'{name} turns "{rating.self_as_given}" into "{rating.own}" without saying how; '
                'state the table in "mapping", or leave "self" null.'
            )


def _code_faults(where: str, code: str | None, definition: Definition, besides: tuple[str, ...]) -> Iterator[str]:
    codes = [rating.code for rating in definition.scale]
    if code is not None and code not in codes and code not in besides:
        yield f'{where}: there is no rating "{code}"; use {_and([*codes, *besides], "or")}.'


def _qualified_faults(where: str, code: str | None, qualified: bool) -> Iterator[str]:
    if qualified and code in (None, NOT_APPLICABLE, NO_JUDGEMENT):
        yield f"{where}: it is marked as qualified and has no rating to qualify; give the rating or take the mark off."


def _and(names: Sequence[str], word: str = "and") -> str:
    return f"{', '.join(names[:-1])} {word} {names[-1]}" if len(names) > 1 else "".join(names)
