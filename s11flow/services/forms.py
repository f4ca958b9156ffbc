"""The files a case is filled in by: the agency's report form, and the panel's judgement as a workbook."""

from __future__ import annotations

from datetime import datetime

from db.unit_of_work import UnitOfWork
from s11flow.domain.model import CaseFacts
from s11flow.forms import Blank, blank_form
from s11flow.reports.assessment_book import blank_book
from s11flow.services import cases
from s11flow.services.cycles import find_cycle
from s11flow.services.subjects import Loaded


def report_form(uow: UnitOfWork, ref: str, *, now: datetime) -> bytes:
    """The empty report form of a case as DOCX, with what is known of it filled in; raises UnknownError."""
    with uow.read() as connection:
        loaded = cases.one_case(connection, ref)
        facts, definition = _facts(loaded), loaded.rules.definition
        cycle = find_cycle(connection, facts.partnership, facts.cycle)
    return blank_form(
        Blank(
            partnership=definition.partnership.name,
            mailbox=definition.partnership.mailbox,
            agency=facts.agency.name,
            ref=facts.ref,
            period_from=cycle.period_from,
            period_to=cycle.period_to,
            deadline=None if facts.dates.deadline is None else facts.dates.deadline.at,
            standards=definition.standards,
            scale=definition.scale,
            made_at=now,
            covers=tuple(member.agency.name for member in facts.members),
        )
    )


def judgement_form(uow: UnitOfWork, ref: str, *, now: datetime) -> bytes:
    """An empty judgement of a case as XLSX, for the panel to fill in; raises UnknownError."""
    with uow.read() as connection:
        loaded = cases.one_case(connection, ref)
    facts, definition = _facts(loaded), loaded.rules.definition
    title = f"Judgement of {facts.agency.name}, {facts.ref}"
    return blank_book(definition, title=title, author=definition.partnership.name, at=now)


def _facts(loaded: Loaded) -> CaseFacts:
    assert isinstance(loaded.facts, CaseFacts)
    return loaded.facts
