"""What some letters need beyond the facts: the correspondence so far, last year's record, a judgement, an overview."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from db import queries
from s11flow.domain.model import CaseFacts, CaseState, MessageState, PanelDayFacts, PartnershipFacts, Track
from s11flow.domain.state_facts import facts_of
from s11flow.letters.compose import Dossier
from s11flow.letters.dossier import FormFacts, Sent
from s11flow.services import evidence, held_actions, overviews, readings
from s11flow.services.subjects import Change, Loaded

_TELLS_ALL = frozenset({"non_submission", "escalation", "chair_letter"})


def fill(connection: Connection, changes: Sequence[Change], now: datetime) -> None:
    """Give each change whose letters need one its dossier; the others cost nothing."""
    kinds = {change.loaded.id: {letter.kind for letter in change.plan.letters} for change in changes}
    told = {subject_id for subject_id, wanted in kinds.items() if wanted & _TELLS_ALL}
    letters = correspondence(connection, told)
    asking = of_requests(connection, [each.loaded for each in changes if "report_request" in kinds[each.loaded.id]])
    for change in changes:
        loaded = change.loaded
        if isinstance(loaded.facts, CaseFacts) and kinds[loaded.id] & _TELLS_ALL:
            change.dossier = Dossier(
                correspondence=tuple(letters.get(loaded.id, ())),
                last_year=last_year(connection, loaded.facts),
                assessment=change.dossier.assessment,
            )
        elif isinstance(loaded.facts, PanelDayFacts) and kinds[loaded.id]:
            change.dossier = Dossier(overview=overviews.running_order(connection, loaded, now))
        elif isinstance(loaded.facts, PartnershipFacts) and kinds[loaded.id]:
            change.dossier = Dossier(overview=overviews.digest(connection, loaded, now))
        if (asked := asking.get(loaded.id)) is not None:
            change.dossier = replace(
                change.dossier, review_actions=asked.review_actions, form=asked.form, evidence_for=asked.evidence_for
            )


def of_requests(connection: Connection, cases: Sequence[Loaded]) -> dict[int, Dossier]:
    """What a request to each of these cases tells of before: the open actions from reviews, and for the form the rest.

    That is the cycle's period and what the agency answered in the form of an earlier cycle.
    """
    by_cycle: dict[int, list[Loaded]] = defaultdict(list)
    for case in cases:
        assert case.cycle_id is not None
        by_cycle[case.cycle_id].append(case)
    found = {}
    for cycle in queries.cycles(connection, by_cycle.keys()) if cases else ():
        of_agency = {case.row.agency_id: case.id for case in by_cycle[cycle.id]}
        held = held_actions.held(connection, of_agency)
        before = readings.last_answers(connection, of_agency, cycle.code)
        own = {case.id: case for case in by_cycle[cycle.id]}
        for agency_id, case_id in of_agency.items():
            facts = own[case_id].facts
            assert isinstance(facts, CaseFacts)
            actions = tuple(each for each in held[agency_id] if each.is_open)
            period = facts.dates.period or (cycle.period_from, cycle.period_to)
            form = FormFacts(period, actions, *before.get(agency_id, ("", {})))
            found[case_id] = Dossier(
                review_actions=tuple(each.sentence for each in actions),
                form=form if facts.track != Track.LIGHT else None,
                evidence_for=_evidence_for(connection, own[case_id], agency_id, cycle.code),
            )
    return found


def _evidence_for(connection: Connection, case: Loaded, agency_id: int, before: str) -> tuple[str, ...]:
    """The standards of which a statement of compliance is asked to show what has become."""
    if not isinstance(case.facts, CaseFacts) or case.facts.track != Track.LIGHT:
        return ()
    wanted = evidence.wanted(connection, case.rules.definition, agency_ids=[agency_id], before=before)
    return tuple(f"standard {each.number}, {each.published or each.title}" for each in wanted[agency_id])


def correspondence(connection: Connection, ids: Collection[int]) -> dict[int, list[Sent]]:
    """Every letter to the agencies of these cases, and whether it was delivered, oldest first."""
    found: dict[int, list[Sent]] = defaultdict(list)
    if not ids:
        return found
    table = queries.message
    statement = select(table).where(table.c.subject_id.in_(ids)).order_by(table.c.at, table.c.id)
    for row in connection.execute(statement):
        words = facts_of(MessageState[row.status]).staff
        found[row.subject_id].append(Sent(row.kind, row.recipient, row.to_address, row.at, words, row.sent_at))
    return found


def last_year(connection: Connection, facts: CaseFacts) -> str:
    """How the same agency stood in the cycle before, in a sentence."""
    row = _case_before(connection, facts)
    if row is None:
        return "There is no earlier cycle on record here."
    return f"In the cycle {row.code} its case ended as: {facts_of(CaseState[row.state]).staff}."


def _case_before(connection: Connection, facts: CaseFacts) -> Any:
    subject, file, cycle, agency = queries.subject, queries.case_file, queries.cycle, queries.agency
    statement = (
        select(subject.c.state, cycle.c.code)
        .join(file, file.c.subject_id == subject.c.id)
        .join(cycle, cycle.c.subject_id == file.c.cycle_id)
        .join(agency, agency.c.id == file.c.agency_id)
        .where(agency.c.code == facts.agency.code, subject.c.partnership == facts.partnership)
        .where(cycle.c.code < facts.cycle)
        .order_by(cycle.c.year.desc(), cycle.c.code.desc())
        .limit(1)
    )
    return connection.execute(statement).one_or_none()
