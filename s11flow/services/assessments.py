"""Takes the panel's judgements in, and agrees them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, update

from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain import acts
from s11flow.domain.decide import basis_of
from s11flow.domain.definition import Definition
from s11flow.domain.model import CaseFacts
from s11flow.letters.compose import Dossier
from s11flow.reports import Assessment, read_assessment
from s11flow.reports.assessment import ReviewAction
from s11flow.services import cases
from s11flow.services.chain import canonical

Reader = Callable[[Definition], Assessment]


@dataclass(frozen=True, slots=True)
class Assessed:
    """A judgement that was filed: its version and what it rests on."""

    ref: str
    version: int
    basis: str

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {"case": self.ref, "version": self.version, "basis": self.basis}


def assess(uow: UnitOfWork, ref: str, given: str | Reader, *, now: datetime, by: str) -> Assessed:
    """File the panel's draft judgement and send it to the agency to check for accuracy.

    It is *given* as JSON text, or as what reads it by the definition of the case's cycle.

    Raises WrongAssessmentError naming every fault, RefusedError when the case is not to be judged now.
    """
    with uow.write() as connection:
        loaded = cases.one_case(connection, ref)
        facts = loaded.facts
        assert isinstance(facts, CaseFacts)
        definition = loaded.rules.definition
        judgement = read_assessment(given, definition) if isinstance(given, str) else given(definition)
        basis = judgement.basis or facts.basis or basis_of(facts)
        dossier = Dossier(assessment=for_letters(judgement, definition, basis))
        change = cases.change_for(loaded, acts.Assess(basis), by=by, now=now, dossier=dossier)
        version = _next_version(connection, loaded.id)
        row = {
            "case_id": loaded.id, "version": version, "given_at": now, "basis": basis,
            "body": canonical(judgement.model_dump(mode="json", by_alias=True)),
        }  # fmt: skip
        change.writes(connection, "assessment")
        connection.execute(insert(queries.assessment), row)
        cases.write(connection, [change], now)
    return Assessed(loaded.ref, version, basis)


def agree(uow: UnitOfWork, ref: str, *, now: datetime, by: str) -> Assessed:
    """Agree the newest judgement: the agency gets its feedback."""
    with uow.write() as connection:
        loaded = cases.one_case(connection, ref)
        change = cases.change_for(loaded, acts.Agree(), by=by, now=now)
        rows = queries.assessments(connection, [loaded.id]).get(loaded.id, [])
        newest = rows[-1]
        table = queries.assessment
        change.writes(connection, "assessment")
        connection.execute(update(table).where(table.c.id == newest.id).values(agreed_at=now))
        judgement = Assessment.model_validate_json(newest.body)
        change.dossier = Dossier(assessment=for_letters(judgement, loaded.rules.definition, newest.basis))
        cases.write(connection, [change], now)
    return Assessed(loaded.ref, newest.version, newest.basis)


def _next_version(connection: Connection, case_id: int) -> int:
    rows = queries.assessments(connection, [case_id]).get(case_id, [])
    return (rows[-1].version if rows else 0) + 1


def for_letters(judgement: Assessment, definition: Definition, basis: str) -> dict[str, object]:
    """What the letters say of a judgement: each standard's rating in words, good practice, recommendations, actions."""
    titles = {standard.number: standard.title for standard in definition.standards}
    words = {rating.code: rating.word for rating in definition.scale}
    return {
        "basis": basis,
        "ratings": [
            {"standard": item.standard, "title": titles[item.standard],
             "word": words.get(item.panel or "", "no judgement"), "reason": item.reason}
            for item in judgement.standards
        ],
        "good_practice": [remark.text for remark in judgement.good_practice],
        "recommendations": [item.text for item in judgement.recommendations],
        "actions": [
            {"what": item.what, "owner": item.owner, "by": _by(item)} for item in judgement.actions
        ],
    }  # fmt: skip


def _by(action: ReviewAction) -> str:
    """By when an action is to be done, or that it is."""
    if action.status == "done":
        return "done"
    return action.by.isoformat() if action.by else ""
