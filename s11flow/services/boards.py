"""Gathers a cycle for the status board. Changes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from calendars import london
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain.agenda import agenda, blocked, flags, is_late, reply_of
from s11flow.domain.definition import Definition
from s11flow.domain.lifecycle import words
from s11flow.domain.model import CaseFacts, CycleFacts, Escalation, Session
from s11flow.domain.state_facts import facts_of
from s11flow.reports.board import Board, BoardLine
from s11flow.services import readings, subjects
from s11flow.services.cycles import find_cycle
from s11flow.services.subjects import Loaded


def status_board(uow: UnitOfWork, *, partnership: str, year: int | str, now: datetime) -> Board:
    """How every case of a cycle stands at *now*; raises UnknownError."""
    with uow.read() as connection:
        row = find_cycle(connection, partnership, year)
        (cycle,) = subjects.load(connection, [row.id], "cycle")
        assert isinstance(cycle.facts, CycleFacts)
        ids = queries.case_ids(connection, row.id)
        judged, rated = queries.assessments(connection, ids), _self_ratings(connection, ids)
        lines = [
            _line(case, now, [json.loads(each.body) for each in judged.get(case.id, ())][-1:], rated.get(case.id, 0))
            for case in subjects.load_cases(connection, ids)
        ]
    definition = cycle.rules.definition
    return Board(
        partnership=definition.partnership.name,
        cycle=cycle.facts.cycle,
        as_of=now,
        requirements=sum(len(standard.requirements) for standard in definition.standards),
        lines=tuple(sorted(lines, key=lambda line: line.code)),
    )


def _line(case: Loaded, now: datetime, judged: Sequence[Mapping[str, Any]], rated: int) -> BoardLine:
    facts = case.facts
    assert isinstance(facts, CaseFacts)
    due = next(iter(agenda(case.rules, facts)), None)
    arrived = facts.first_arrived_at or (facts.submission.arrived_at if facts.submission else None)
    return BoardLine(
        case=facts.ref,
        code=facts.agency.code,
        agency=facts.agency.name,
        category=facts.agency.category,
        state=facts_of(facts.state).staff,
        flags=flags(case.rules, facts, now),
        target=facts.dates.target.on,
        deadline=facts.dates.deadline.at if facts.dates.deadline else None,
        session_at=facts.session.starts_at if facts.session else None,
        session=_session(facts.session, facts) if facts.session else "",
        arrived_at=arrived,
        is_late=is_late(facts) if arrived else None,
        escalation=_escalation(facts.escalation) if facts.escalation else "",
        self_ratings=max(rated, *(_rated_in(body["ratings"], "self", "self_as_given") for body in judged), 0),
        judgement=next((_judgement(body, facts, case.rules.definition) for body in judged), ""),
        next_at=due.due_at if due else None,
        next=words(due.kind) if due else "",
        waits_for=" ".join(blocked(case.rules, facts, now)),
    )


def _session(session: Session, facts: CaseFacts) -> str:
    stands = facts_of(session.state).staff
    return f"{stands}, {reply_of(session, facts.agency)}" if session.is_live else stands


def _escalation(escalation: Escalation) -> str:
    stands = facts_of(escalation.state).staff
    if escalation.is_held and escalation.hold_until is not None:
        return f"{stands}, held until {london.spell_day(escalation.hold_until)}"
    return stands


def _judgement(body: Mapping[str, Any], facts: CaseFacts, definition: Definition) -> str:
    of_code = {rating.code: rating.word for rating in definition.scale}
    rated = "; ".join(f"{row['standard']} {of_code.get(row['panel'], row['panel'])}" for row in body["standards"])
    return f"{'agreed' if facts.agreed_at else 'draft'}: {rated}"


def _self_ratings(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    """How many requirements each agency rated in the form it sent."""
    return {
        case_id: sum(bool(answer.rating or answer.as_given) for answer in reading.form.answers)
        for case_id, reading in readings.standing(connection, ids).items()
        if reading.form is not None
    }


def _rated_in(rows: Sequence[Mapping[str, Any]], *keys: str) -> int:
    """In how many rows one of the keys has something."""
    return sum(any(row.get(key) for key in keys) for row in rows)
