"""Takes the panel's judgements in, and agrees them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, insert, update

from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain import acts, raters
from s11flow.domain.decide import basis_of
from s11flow.domain.definition import Definition, Standard
from s11flow.domain.model import CaseFacts
from s11flow.domain.statistics import Answered, Mark
from s11flow.letters.compose import Dossier
from s11flow.reports import Assessment, read_assessment
from s11flow.reports.assessment import NO_JUDGEMENT, RequirementRating, StandardRating
from s11flow.services import cases, held_actions, own_words, readings
from s11flow.services.chain import canonical
from s11flow.services.readings import Reading

Reader = Callable[[Definition], Assessment]


@dataclass(frozen=True, slots=True)
class Assessed:
    """A judgement that was filed: its version, what it rests on, who wrote it and who rated, where they were named.

    `notes` are sentences about what a person should look at in it.
    """

    ref: str
    version: int
    basis: str
    author: str
    deputy_author: bool
    rated_by: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {
            "case": self.ref,
            "version": self.version,
            "basis": self.basis,
            "author": self.author,
            "deputy_author": self.deputy_author,
            "rated_by": list(self.rated_by),
            "notes": list(self.notes),
        }


def assess(
    uow: UnitOfWork,
    ref: str,
    given: str | Reader,
    *,
    now: datetime,
    by: str,
    author: str = "",
    rated_by: Sequence[str] = (),
) -> Assessed:
    """File the panel's draft judgement and send it to the agency to check for accuracy.

    It is *given* as JSON text, or as what reads it by the definition of the case's cycle. Without an *author*, by role,
    the panel's lead wrote it; without *rated_by* the panel rated it. What the agency said of itself in its form, and
    the actions from reviews that are held for it, are kept with it where it leaves them out.

    Raises WrongAssessmentError naming every fault, RefusedError when the case is not to be judged now, or not by these.
    """
    with uow.write() as connection:
        loaded = cases.one_case(connection, ref)
        facts = loaded.facts
        assert isinstance(facts, CaseFacts)
        definition = loaded.rules.definition
        read = read_assessment(given, definition) if isinstance(given, str) else given(definition)
        said = readings.standing(connection, [loaded.id]).get(loaded.id, Reading())
        notes = own_words.differences(read, said, definition)
        judgement = own_words.with_own_words(read, said, definition)
        judgement = own_words.with_held_actions(judgement, held_actions.of_case(connection, loaded))
        basis = judgement.basis or facts.basis or basis_of(facts)
        dossier = Dossier(assessment=for_letters(judgement, definition, basis))
        author = raters.as_named(definition, author)
        named = tuple(raters.as_named(definition, who) for who in rated_by)
        what = acts.Assess(basis, author, named)
        change = cases.change_for(loaded, what, by=by, now=now, dossier=dossier)
        version = _next_version(connection, loaded.id)
        row = {
            "case_id": loaded.id, "version": version, "given_at": now, "basis": basis,
            "author": author, "rated_by": canonical(list(named)) if named else "",
            "body": canonical(judgement.model_dump(mode="json", by_alias=True)),
        }  # fmt: skip
        change.writes(connection, "assessment")
        connection.execute(insert(queries.assessment), row)
        cases.write(connection, [change], now)
    return Assessed(loaded.ref, version, basis, *_by(definition, author), named, notes)


def agree(uow: UnitOfWork, ref: str, *, now: datetime, by: str, early: str = "") -> Assessed:
    """Agree the newest judgement: the agency gets its feedback.

    *early* is the reason for not waiting until the agency's accuracy check closes. Raises RefusedError before that,
    unless there is a reason or a further version has the agency's answer in it.
    """
    with uow.write() as connection:
        loaded = cases.one_case(connection, ref)
        rows = queries.assessments(connection, [loaded.id]).get(loaded.id, [])
        # What is in the first version was written before the agency had seen a draft.
        is_answered = len(rows) > 1 and bool(Assessment.model_validate_json(rows[-1].body).agency_response)
        change = cases.change_for(loaded, acts.Agree(early, is_answered), by=by, now=now)
        newest = rows[-1]
        table = queries.assessment
        change.writes(connection, "assessment")
        connection.execute(update(table).where(table.c.id == newest.id).values(agreed_at=now))
        judgement = Assessment.model_validate_json(newest.body)
        change.dossier = Dossier(assessment=for_letters(judgement, loaded.rules.definition, newest.basis))
        cases.write(connection, [change], now)
    rated_by = tuple(json.loads(newest.rated_by)) if newest.rated_by else ()
    return Assessed(loaded.ref, newest.version, newest.basis, *_by(loaded.rules.definition, newest.author), rated_by)


def _by(definition: Definition, author: str) -> tuple[str, bool]:
    """Who wrote a judgement, and whether they stood in for the panel's lead."""
    return author or raters.lead(definition).title, raters.is_deputy(definition, author)


def _next_version(connection: Connection, case_id: int) -> int:
    rows = queries.assessments(connection, [case_id]).get(case_id, [])
    return (rows[-1].version if rows else 0) + 1


def for_letters(judgement: Assessment, definition: Definition, basis: str) -> dict[str, object]:
    """What the letters say of a judgement, in words: all that the Assurance Report prints of it."""
    rated = {rating.standard: rating for rating in judgement.standards}
    return {
        "basis": basis,
        "ratings": [
            _rated(judgement, standard, rated[standard.number], definition)
            for standard in definition.standards
            if standard.number in rated
        ],
        "mapping": judgement.mapping,
        **_remarks(judgement, None),
        "good_practice": [
            remark.text + (f" (standard {remark.standard})" if remark.standard else "")
            for remark in judgement.good_practice
        ],
        "recommendations": [
            {"what": item.text, "owner": item.owner, "by": _day(item.by)} for item in judgement.recommendations
        ],
        "actions": [
            {"what": item.what, "owner": item.owner, "by": _day(item.by), "status": item.status}
            for item in judgement.actions
        ],
        "impact": judgement.impact,
        "agency_response": judgement.agency_response,
        "dissent": judgement.dissent,
    }


def _rated(
    judgement: Assessment, standard: Standard, rating: StandardRating, definition: Definition
) -> dict[str, object]:
    words = {each.code: each.word for each in definition.scale}
    asked = [(item, judgement.rating_of(item.number)) for item in standard.requirements]
    return {
        "standard": standard.number,
        "title": standard.title,
        "word": _in_words(rating.panel_mark, words, NO_JUDGEMENT),
        "reason": rating.said,
        "requirements": [
            {
                "number": item.number,
                "text": item.text,
                "own": _in_words(one.own_mark, words, "not answered"),
                "panel": _in_words(one.panel_mark, words, NO_JUDGEMENT),
                "reason": one.said,
            }
            for item, one in asked
            if one != RequirementRating(requirement=item.number)
        ],
        **_remarks(judgement, standard.number),
    }


def _remarks(judgement: Assessment, standard: str | None) -> dict[str, list[str]]:
    """What is said of one standard; of no one standard for None."""
    kinds = {"working_well": judgement.working_well, "worried": judgement.worried, "needs": judgement.needs}
    return {kind: [each.text for each in said if each.standard == standard] for kind, said in kinds.items()}


def _in_words(mark: Mark, words: Mapping[str, str], nothing: str) -> str:
    if mark.answered == Answered.NOT_ANSWERED:
        return nothing
    if mark.code is None:
        return f'on another scale: "{mark.given}"' if mark.given else mark.answered.value
    given = f' (given as "{mark.given}")' if mark.given else ""
    return words[mark.code] + (", qualified" if mark.answered == Answered.QUALIFIED else "") + given


def _day(by: date | None) -> str:
    return by.isoformat() if by else ""
