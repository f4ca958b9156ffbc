"""Takes a cycle through the Assurance Report and the Statement of Effectiveness to its close, or back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain import acts
from s11flow.domain.errors import NotNow, Refused, RefusedError, WrongInputError
from s11flow.domain.lifecycle import CYCLE
from s11flow.domain.model import (
    CaseFacts,
    CaseState,
    CycleEvent,
    CycleFacts,
    CycleState,
    Entry,
    Letter,
    Plan,
)
from s11flow.letters.compose import Dossier
from s11flow.services import cases, subjects
from s11flow.services.cycles import loaded_cycle
from s11flow.services.subjects import Change, Loaded, save

_ENDS = (CaseState.EXCUSED, CaseState.COVERED, CaseState.VOID, CaseState.CLOSED)
_READY = (CaseState.AGREED, CaseState.NOT_SUBMITTED, CaseState.PLANNED)


def approve_report(uow: UnitOfWork, *, partnership: str, year: int | str, now: datetime, by: str) -> tuple[str, ...]:
    """Approve the Assurance Report: every case enters it, the themes go out, the report is circulated.

    Refused while a case is neither agreed, not submitted, never asked nor at an end; the refusal names them. Returns
    the references of the cases included.
    """
    with uow.write() as connection:
        loaded, row = loaded_cycle(connection, partnership, year)
        transition = _cycle_transition(loaded, CycleEvent.APPROVE_REPORT)
        found = subjects.load_cases(connection, queries.case_ids(connection, row.id))
        pending = [case.ref for case in found if _state(case) not in (*_READY, *_ENDS)]
        if pending:
            why = f"{len(pending)} cases are not settled: {', '.join(pending)}. Agree, excuse or cover each first."
            raise RefusedError(NotNow(loaded.ref, CycleEvent.APPROVE_REPORT, why))
        ready = [case for case in found if _state(case) in _READY]
        changes = [cases.change_for(case, acts.Include("report"), by=by, now=now) for case in ready]
        cases.write(connection, changes, now)
        _cycle_moves(connection, loaded, transition, now, by, letters=_themes(loaded, found, now))
    return tuple(case.ref for case in ready)


def _state(case: Loaded) -> CaseState:
    assert isinstance(case.facts, CaseFacts)
    return case.facts.state


def _cycle_transition(loaded: Loaded, event: CycleEvent) -> Any:
    assert isinstance(loaded.facts, CycleFacts)
    transition = CYCLE.find(loaded.facts.state, event)
    if transition is None:
        raise RefusedError(Refused(loaded.ref, loaded.facts.state, event, can=CYCLE.events_from(loaded.facts.state)))
    return transition


def _cycle_moves(
    connection: Connection,
    loaded: Loaded,
    transition: Any,
    now: datetime,
    by: str,
    *,
    letters: Sequence[Letter] = (),
    private: dict[str, object] | None = None,
    dossier: Dossier | None = None,
) -> None:
    facts = loaded.facts
    assert isinstance(facts, CycleFacts)
    entry = Entry(
        now, transition.event, "cycle", transition.while_, transition.then, private=private or {},
        letters=tuple(dict.fromkeys(letter.due_key for letter in letters)),
    )  # fmt: skip
    after = replace(facts, state=CycleState(transition.then))
    change = Change(loaded, Plan(after, (entry,), tuple(letters)), dossier or Dossier(), actor=by)
    save(connection, [change], now)
    for row in queries.partnerships(connection):
        if row.code == facts.partnership:
            subjects.recompute(connection, [row.id], "partnership")


_TOOK_PART = (CaseState.AGREED, CaseState.COVERED)


def _themes(loaded: Loaded, found: Sequence[Loaded], now: datetime) -> list[Letter]:
    """The themes to every agency that took part, and the report to those it is circulated to."""
    letters = [
        Letter(
            "report_circulated", f"report_circulated@v{loaded.version}", now, "the report was approved", loaded.facts
        )
    ]
    for case in found:
        facts = case.facts
        assert isinstance(facts, CaseFacts)
        if facts.state in _TOOK_PART and facts.agency.contact:
            letters.append(
                Letter(
                    "themes", f"themes@v{loaded.version}/{facts.agency.code}", now, "the report was approved",
                    loaded.facts, about={"agency": facts.agency.code},
                    private={"to": {"contact": facts.agency.contact}},
                )
            )  # fmt: skip
    return letters


def include_in_statement(
    uow: UnitOfWork, *, partnership: str, year: int | str, now: datetime, by: str
) -> tuple[str, ...]:
    """Carry the report's cases into the Statement of Effectiveness; returns their references."""
    return _take_cases(
        uow, partnership, year, CycleEvent.INCLUDE_IN_STATEMENT, CaseState.REPORTED, "statement", now, by
    )


def close(uow: UnitOfWork, *, partnership: str, year: int | str, now: datetime, by: str) -> tuple[str, ...]:
    """Close the cycle and its cases; refused while an agency that submitted has had no feedback."""
    return _take_cases(uow, partnership, year, CycleEvent.CLOSE, CaseState.IN_STATEMENT, "close", now, by)


def _take_cases(
    uow: UnitOfWork,
    partnership: str,
    year: int | str,
    event: CycleEvent,
    state: CaseState,
    step: Any,
    now: datetime,
    by: str,
) -> tuple[str, ...]:
    with uow.write() as connection:
        loaded, row = loaded_cycle(connection, partnership, year)
        transition = _cycle_transition(loaded, event)
        found = subjects.load_cases(connection, queries.case_ids(connection, row.id))
        if event == CycleEvent.CLOSE:
            _refuse_without_feedback(connection, loaded, found)
        taken = [case for case in found if _state(case) == state]
        changes = [cases.change_for(case, acts.Include(step), by=by, now=now) for case in taken]
        if changes:
            cases.write(connection, changes, now)
        _cycle_moves(connection, loaded, transition, now, by)
    return tuple(case.ref for case in taken)


def _refuse_without_feedback(connection: Connection, loaded: Loaded, found: Sequence[Loaded]) -> None:
    submitted = {case.id: case.ref for case in found if isinstance(case.facts, CaseFacts) and case.facts.submissions}
    table = queries.message
    told = select(table.c.subject_id).where(
        table.c.subject_id.in_(submitted), table.c.kind == "feedback", table.c.status == "SENT"
    )
    heard = set(connection.scalars(told))
    waiting = [ref for case_id, ref in submitted.items() if case_id not in heard and _owes_feedback(found, case_id)]
    if waiting:
        why = (
            f"{len(waiting)} agencies that submitted have had no feedback: {', '.join(waiting)}. "
            "Agree their judgements and deliver the letters first."
        )
        raise RefusedError(NotNow(loaded.ref, CycleEvent.CLOSE, why))


def _owes_feedback(found: Sequence[Loaded], case_id: int) -> bool:
    return any(case.id == case_id and _state(case) not in _ENDS for case in found)


def reopen_report(uow: UnitOfWork, *, partnership: str, year: int | str, reason: str, now: datetime, by: str) -> None:
    """Open the approved report again, with a reason: what is published after is a corrigendum."""
    if not reason.strip():
        raise WrongInputError("Give a reason for reopening the report; it is printed in the corrigendum.")
    with uow.write() as connection:
        loaded, _ = loaded_cycle(connection, partnership, year)
        transition = _cycle_transition(loaded, CycleEvent.REOPEN_REPORT)
        _cycle_moves(connection, loaded, transition, now, by, private={"reason": reason})
