"""The files a case is filled in by: the agency's report form, and the panel's judgement as a workbook."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import orjson

from db.unit_of_work import UnitOfWork
from s11flow.domain.definition import Rating, Requirement, Standard
from s11flow.domain.model import CaseFacts, Letter
from s11flow.forms import Blank, HeldAction, blank_form
from s11flow.letters.asking import report_request
from s11flow.letters.blocks import canonical
from s11flow.letters.dossier import Addressed, Writing
from s11flow.reports.assessment_book import blank_book
from s11flow.services import cases, dossiers, readings
from s11flow.services.subjects import Loaded


def report_form(uow: UnitOfWork, ref: str, *, now: datetime) -> bytes:
    """The report form of a case as DOCX, as it would go with a request written *now*; raises UnknownError."""
    with uow.read() as connection:
        loaded = cases.look_at(connection, ref)
        dossier = dossiers.of_requests(connection, [loaded])[loaded.id]
    facts = _facts(loaded)
    letter = Letter("report_request", "", now, "", facts)
    to = Addressed("contact", facts.agency.contact or "", None, facts.ref, facts.agency.code)
    context = orjson.loads(canonical(report_request(Writing(loaded.rules, letter, to, dossier, now))))
    return form_of(context)


def form_of(context: Mapping[str, Any]) -> bytes:
    """The form that goes with a request, from the request's frozen context: the same context gives the same bytes."""
    form, house = context["form"], context["house"]
    return blank_form(
        Blank(
            partnership=house["name"],
            mailbox=house["mailbox"],
            agency=context["case"]["agency"],
            ref=context["case"]["ref"],
            period_from=date.fromisoformat(form["period_from"]),
            period_to=date.fromisoformat(form["period_to"]),
            deadline=datetime.fromisoformat(form["deadline"]) if form["deadline"] else None,
            standards=tuple(_standard(each) for each in context["standards"]),
            scale=tuple(Rating(each["code"], each["word"], each["meaning"], "", "") for each in form["scale"]),
            made_at=datetime.fromisoformat(form["made_at"]),
            covers=tuple(context["covers"]),
            actions=tuple(HeldAction(**each) for each in form["actions"]),
            last_year=form["last_cycle"],
            last_answers=form["last_answers"],
        )
    )


def _standard(asked: Mapping[str, Any]) -> Standard:
    requirements = tuple(Requirement(each["number"], each["text"]) for each in asked["requirements"])
    return Standard(asked["number"], asked["title"], requirements)


def judgement_form(uow: UnitOfWork, ref: str, *, now: datetime) -> bytes:
    """A judgement of a case as XLSX, for the panel to fill in; the agency's own ratings stand in it.

    Raises UnknownError.
    """
    with uow.read() as connection:
        loaded = cases.look_at(connection, ref)
        said = readings.standing(connection, [loaded.id]).get(loaded.id)
    facts, definition = _facts(loaded), loaded.rules.definition
    return blank_book(
        definition,
        title=f"Judgement of {facts.agency.name}, {facts.ref}",
        author=definition.partnership.name,
        at=now,
        own=readings.own_ratings(said, definition) if said else (),
        mapping=readings.mapping_of(said, definition) if said else "",
    )


def _facts(loaded: Loaded) -> CaseFacts:
    assert isinstance(loaded.facts, CaseFacts)
    return loaded.facts
