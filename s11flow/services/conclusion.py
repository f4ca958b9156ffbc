"""Takes a cycle through the Assurance Report and the Statement of Effectiveness to its close, or back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain import acts
from s11flow.domain.agenda import can_be_asked
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
from s11flow.domain.statistics import is_signed
from s11flow.domain.step import settle
from s11flow.letters.compose import Dossier
from s11flow.services import cases, reports, subjects
from s11flow.services.cycles import loaded_cycle
from s11flow.services.subjects import Change, Loaded, save

_ENDS = (CaseState.EXCUSED, CaseState.COVERED, CaseState.VOID, CaseState.CLOSED)
_READY = (CaseState.AGREED, CaseState.NOT_SUBMITTED, CaseState.PLANNED)
_IN_ALREADY = (CaseState.REPORTED, CaseState.IN_STATEMENT)
"""Where the cases are that a report reopened for a corrigendum has from before."""


def approve_report(uow: UnitOfWork, *, partnership: str, year: int | str, now: datetime, by: str) -> tuple[str, ...]:
    """Approve the Assurance Report: every case enters it, the themes go out, the report is circulated.

    Refused while a case is neither agreed, not submitted, never asked, in the report already nor at an end; the
    refusal names them, and says what each needs. Returns the references of the cases included.
    """
    with uow.write() as connection:
        loaded, row = loaded_cycle(connection, partnership, year)
        transition = _cycle_transition(loaded, CycleEvent.APPROVE_REPORT)
        found = _cases_held(connection, row.id)
        states = {case.ref: _state_by(case, now) for case in found}
        pending = [case for case in found if not _is_settled(case, states[case.ref])]
        if pending:
            those = "1 case is" if len(pending) == 1 else f"{len(pending)} cases are"
            why = f"{those} not settled: {_what_each_needs(pending, states)}."
            raise RefusedError(NotNow(loaded.ref, CycleEvent.APPROVE_REPORT, why))
        ready = [case for case in found if states[case.ref] in _READY or is_signed(_facts(case))]
        changes = [cases.change_for(case, acts.Include("report"), by=by, now=now) for case in ready]
        cases.write(connection, changes, now)
        told = Dossier(cycle=reports.for_letters(connection, loaded, now))
        _cycle_moves(connection, loaded, transition, now, by, letters=_themes(loaded, found, now), dossier=told)
    return tuple(case.ref for case in ready)


_NEXT = {
    CaseState.SUBMITTED: "accept the report, `case accept`, then have the panel consider and judge it",
    CaseState.RETURNED: "accept the report, `case accept`, then have the panel consider and judge it",
    CaseState.CONSIDERED: "file the judgement, `assess`, and agree it, `agree`",
    CaseState.ASSESSED: "agree the judgement, `agree`",
}
_STILL_TO_COME = "its report is to come; or `case excuse` or `case cover` it"


def _what_each_needs(pending: Sequence[Loaded], states: Mapping[str, CaseState]) -> str:
    """The cases by what each still needs, one group after another."""
    groups: dict[str, list[str]] = {}
    for case in pending:
        groups.setdefault(_what_it_needs(_facts(case), states[case.ref]), []).append(case.ref)
    return "; ".join(f"{', '.join(refs)} ({need})" for need, refs in groups.items())


def _what_it_needs(facts: CaseFacts, state: CaseState) -> str:
    if state != CaseState.ACCEPTED:
        return _NEXT.get(state, _STILL_TO_COME)
    if facts.session is None or not facts.session.is_live:
        return "have it considered, `case consider`, then `assess` and `agree`"
    return "record its session, `panel record`, then `assess` and `agree`"


def _is_settled(case: Loaded, state: CaseState) -> bool:
    """Whether the report can take the case in: a case still to be asked is not one that was never asked."""
    assert isinstance(case.facts, CaseFacts)
    if is_signed(case.facts):
        return True
    return state in (*_READY, *_IN_ALREADY, *_ENDS) and not (state == CaseState.PLANNED and can_be_asked(case.facts))


def _cases_held(connection: Connection, cycle_id: int) -> list[Loaded]:
    """The cases of a cycle, held until the transaction ends."""
    ids = queries.case_ids(connection, cycle_id)
    queries.lock(connection, ids)
    return subjects.load_cases(connection, ids)


def _facts(case: Loaded) -> CaseFacts:
    assert isinstance(case.facts, CaseFacts)
    return case.facts


def _state(case: Loaded) -> CaseState:
    return _facts(case).state


def _state_by(case: Loaded, now: datetime) -> CaseState:
    """How a case stands once what the clock owed it by *now* is applied."""
    assert isinstance(case.facts, CaseFacts)
    return settle(case.rules, case.facts, now).facts.state


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
    homes = [row.id for row in queries.partnerships(connection) if row.code == facts.partnership]
    cases.settle_first(connection, homes, "partnership", now)  # the last digests are those of an open cycle
    save(connection, [change], now)
    subjects.recompute(connection, homes, "partnership")


def _took_part(found: Sequence[Loaded]) -> set[str]:
    """The cases with an agreed judgement, and those that such a case's joint report covers."""
    each = [case.facts for case in found if isinstance(case.facts, CaseFacts)]
    agreed = {facts.ref for facts in each if facts.agreed_at is not None}
    return agreed | {facts.ref for facts in each if facts.state == CaseState.COVERED and facts.covered_by in agreed}


def _themes(loaded: Loaded, found: Sequence[Loaded], now: datetime) -> list[Letter]:
    """The themes to every agency that took part, and the report to those it is circulated to."""
    letters = [
        Letter(
            "report_circulated", f"report_circulated@v{loaded.version}", now, "the report was approved", loaded.facts
        )
    ]
    took_part = _took_part(found)
    for case in found:
        facts = case.facts
        assert isinstance(facts, CaseFacts)
        if facts.ref in took_part and facts.agency.contact:
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
        found = _cases_held(connection, row.id)
        if event == CycleEvent.CLOSE:
            _refuse_without_feedback(connection, loaded, found)
        taken = [case for case in found if _state(case) == state]
        changes = [cases.change_for(case, acts.Include(step), by=by, now=now) for case in taken]
        if changes:
            cases.write(connection, changes, now)
        _cycle_moves(connection, loaded, transition, now, by)
    return tuple(case.ref for case in taken)


def _refuse_without_feedback(connection: Connection, loaded: Loaded, found: Sequence[Loaded]) -> None:
    owed = {case.id: case.ref for case in found if _is_owed_feedback(case)}
    table = queries.message
    told = select(table.c.subject_id).where(
        table.c.subject_id.in_(owed), table.c.kind == "feedback", table.c.status == "SENT"
    )
    heard = set(connection.scalars(told))
    waiting = [ref for case_id, ref in owed.items() if case_id not in heard]
    if waiting:
        those = "1 agency that submitted has" if len(waiting) == 1 else f"{len(waiting)} agencies that submitted have"
        why = f"{those} had no feedback: {', '.join(waiting)}. Agree their judgements and deliver the letters first."
        raise RefusedError(NotNow(loaded.ref, CycleEvent.CLOSE, why))


def _is_owed_feedback(case: Loaded) -> bool:
    """Whether its report was considered: one that came after the approval waits for the next cycle (case 35)."""
    facts = case.facts
    assert isinstance(facts, CaseFacts)
    return facts.state not in _ENDS and facts.submissions > 0 and facts.considered_at is not None


def reopen_report(uow: UnitOfWork, *, partnership: str, year: int | str, reason: str, now: datetime, by: str) -> None:
    """Open the approved report again, with a reason: what is published after is a corrigendum."""
    if not reason.strip():
        raise WrongInputError("Give a reason for reopening the report; it is printed in the corrigendum.")
    with uow.write() as connection:
        loaded, _ = loaded_cycle(connection, partnership, year)
        transition = _cycle_transition(loaded, CycleEvent.REOPEN_REPORT)
        _cycle_moves(connection, loaded, transition, now, by, private={"reason": reason})
