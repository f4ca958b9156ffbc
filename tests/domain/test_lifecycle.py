"""The tables of states, checked as a whole; each check is shown a table it must find fault with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

import pytest

from s11flow.domain.lifecycle import (
    CASE,
    COUPLING_OF,
    COUPLINGS,
    ESCALATION,
    LIFECYCLES,
    MESSAGE,
    SESSION,
    Coupling,
    Lifecycle,
    Transition,
    words,
)
from s11flow.domain.model import CaseEvent, CaseState, EscalationEvent, EscalationState, SessionEvent, SessionState
from s11flow.domain.state_facts import (
    CASE_FACTS,
    CYCLE_FACTS,
    ESCALATION_FACTS,
    MESSAGE_FACTS,
    PANEL_DAY_FACTS,
    SESSION_FACTS,
    StateFacts,
    facts_of,
)
from s11flow.domain.step import CHASING_LETTERS, RUNNERS, SESSION_LETTERS
from s11flow.domain.timetable import ORDER
from s11flow.letters.contexts import KINDS

S, E = CaseState, CaseEvent
TABLES = tuple(LIFECYCLES.values())
FACTS: dict[str, Mapping[Any, StateFacts]] = {
    "case": CASE_FACTS,
    "session": SESSION_FACTS,
    "escalation": ESCALATION_FACTS,
    "cycle": CYCLE_FACTS,
    "message": MESSAGE_FACTS,
}

every_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


# --- the checks -------------------------------------------------------------------------------------------------------


def unreachable(table: Lifecycle) -> set[StrEnum]:
    """The states no chain of transitions leads to."""
    return set(type(table.start)) - _closure(table, {table.start})


def endless(table: Lifecycle) -> set[StrEnum]:
    """The states from which no end can be reached."""
    return {state for state in table.states() if not _closure(table, {state}) & table.ends}


def ambiguous(table: Lifecycle) -> set[tuple[StrEnum, StrEnum]]:
    """The states and events for which the table has two answers."""
    count = Counter((t.while_, t.event) for t in table.transitions)
    return {pair for pair, times in count.items() if times > 1}


def without_facts(table: Lifecycle, facts: Mapping[Any, StateFacts]) -> set[StrEnum]:
    """The states with no row of facts, or whose row disagrees with the table on what is an end."""
    return {
        state
        for state in type(table.start)
        if state not in facts
        or facts[state].is_end != (state in table.ends)
        or facts[state].is_end is facts[state].is_open
    }


def refusing(table: Lifecycle, event: StrEnum) -> set[StrEnum]:
    """The states in which *event* is not possible."""
    return {state for state in type(table.start) if table.find(state, event) is None}


def _closure(table: Lifecycle, found: set[StrEnum]) -> set[StrEnum]:
    while more := {t.then for t in table.transitions if t.while_ in found} - found:
        found = found | more
    return found


def only(*transitions: Transition) -> Lifecycle:
    """A planted table."""
    return Lifecycle("planted", S.PLANNED, frozenset({S.CLOSED}), transitions)


# --- and what they find -----------------------------------------------------------------------------------------------


@every_table
def test_every_state_can_be_reached(table: Lifecycle) -> None:
    assert unreachable(table) == set()


def test_a_state_nothing_leads_to_is_found() -> None:
    assert unreachable(replace(CASE, transitions=tuple(t for t in CASE.transitions if t.then != S.VOID))) == {S.VOID}


def test_a_table_names_its_start_and_its_ends_even_where_nothing_happens() -> None:
    assert only().states() == (S.PLANNED, S.CLOSED)
    assert only(Transition(S.REQUESTED, E.EXCUSE, S.EXCUSED)).states() == (
        S.PLANNED,
        S.REQUESTED,
        S.CLOSED,
        S.EXCUSED,
    )


@every_table
def test_from_every_state_an_end_can_be_reached(table: Lifecycle) -> None:
    assert endless(table) == set()


def test_a_state_without_a_way_out_is_found() -> None:
    trap = only(Transition(S.PLANNED, E.REQUEST_REPORT, S.REQUESTED), Transition(S.PLANNED, E.CLOSE, S.CLOSED))

    assert endless(trap) == {S.REQUESTED}


@every_table
def test_no_state_and_event_have_two_answers(table: Lifecycle) -> None:
    assert ambiguous(table) == set()


def test_two_answers_are_found() -> None:
    twice = only(Transition(S.PLANNED, E.CLOSE, S.CLOSED), Transition(S.PLANNED, E.CLOSE, S.VOID))

    assert ambiguous(twice) == {(S.PLANNED, E.CLOSE)}


@every_table
def test_every_state_has_its_facts_and_they_agree_on_the_ends(table: Lifecycle) -> None:
    assert without_facts(table, FACTS[table.name]) == set()
    assert all(facts_of(state) is row for state, row in FACTS[table.name].items())


def test_a_state_without_facts_and_one_that_is_wrongly_an_end_are_found() -> None:
    planted = {**CASE_FACTS, S.REQUESTED: replace(CASE_FACTS[S.REQUESTED], is_end=True)}
    del planted[S.AGREED]

    assert without_facts(CASE, planted) == {S.AGREED, S.REQUESTED}


def test_every_reader_has_a_word_for_every_state() -> None:
    rows = [row for facts in [*FACTS.values(), PANEL_DAY_FACTS] for row in facts.values()]

    assert all(row.staff and row.agency and row.chair for row in rows)
    for facts in FACTS.values():
        assert len({row.staff for row in facts.values()}) == len(facts), "staff tell states apart by these words"


def test_a_report_is_owed_while_it_is_asked_for_returned_or_missing() -> None:
    assert {state for state, row in CASE_FACTS.items() if row.owes_report} == {
        S.REQUESTED,
        S.RETURNED,
        S.NOT_SUBMITTED,
    }


def test_a_report_that_arrives_is_refused_by_a_void_case_only() -> None:
    assert refusing(CASE, E.RECEIVE_REPORT) == {S.VOID}


def test_a_table_that_refuses_a_report_is_found() -> None:
    strict = tuple(t for t in CASE.transitions if (t.while_, t.event) != (S.EXCUSED, E.RECEIVE_REPORT))

    assert refusing(replace(CASE, transitions=strict), E.RECEIVE_REPORT) == {S.VOID, S.EXCUSED}


def test_from_the_panel_on_a_report_that_arrives_moves_nothing() -> None:
    kept = {t.while_ for t in CASE.transitions if t.event == E.RECEIVE_REPORT and t.then == t.while_}

    assert kept == {
        S.SUBMITTED,
        S.CONSIDERED,
        S.ASSESSED,
        S.AGREED,
        S.REPORTED,
        S.IN_STATEMENT,
        S.CLOSED,
        S.COVERED,
    }


def test_a_case_is_extended_or_corrected_wherever_a_report_is_owed_or_held() -> None:
    held = {S.PLANNED, S.REQUESTED, S.SUBMITTED, S.RETURNED, S.ACCEPTED, S.NOT_SUBMITTED}

    assert (refusing(CASE, E.EXTEND), refusing(CASE, E.CORRECT)) == (set(S) - held, set(S) - held)


def test_what_a_page_offers_is_read_from_the_table_in_its_order() -> None:
    assert [words(event) for event in CASE.events_from(S.ASSESSED)] == ["assess", "agree", "receive report"]
    assert CASE.events_from(S.VOID) == ()
    assert CASE.find(S.VOID, E.RECEIVE_REPORT) is None


def test_the_states_of_a_table_come_in_the_order_of_the_year() -> None:
    assert CASE.states() == tuple(CaseState)


def test_a_message_that_was_sent_can_only_bounce() -> None:
    assert [t.event.name for t in MESSAGE.transitions if t.while_.name == "SENT"] == ["BOUNCE"]


# --- couplings --------------------------------------------------------------------------------------------------------


def loose(coupling: Coupling) -> set[StrEnum]:
    """The open escalations and live sessions that a coupling would leave standing."""
    left: set[StrEnum] = set()
    if coupling.escalation is not None:
        running = {state for state, row in ESCALATION_FACTS.items() if row.is_open}
        left |= {state for state in running if not _ended(ESCALATION, state, coupling.escalation)}
    if coupling.session is not None:
        live = {state for state, row in SESSION_FACTS.items() if row.is_open}
        left |= {state for state in live if not _ended(SESSION, state, coupling.session)}
    return left


def _ended(table: Lifecycle, state: StrEnum, event: StrEnum) -> bool:
    transition = table.find(state, event)
    return transition is not None and transition.then in table.ends


@pytest.mark.parametrize("coupling", COUPLINGS, ids=lambda coupling: words(coupling.event))
def test_a_coupling_ends_whatever_is_open(coupling: Coupling) -> None:
    assert loose(coupling) == set()


def test_a_coupling_that_ends_nothing_is_found() -> None:
    assert loose(Coupling(E.EXTEND, escalation=EscalationEvent.ACKNOWLEDGE)) == {
        EscalationState.PENDING,
        EscalationState.WITH_CHAIR,
        EscalationState.ACKNOWLEDGED,
        EscalationState.WITH_SENIOR_LEADER,
    }
    assert loose(Coupling(E.EXCUSE, session=SessionEvent.MOVE)) == {SessionState.PENCILLED, SessionState.INVITED}


def test_the_couplings_are_one_for_each_event() -> None:
    assert {event: (x.escalation, x.session) for event, x in COUPLING_OF.items()} == {
        E.RECEIVE_REPORT: (EscalationEvent.RESOLVE, None),
        E.EXTEND: (EscalationEvent.WITHDRAW, None),
        E.EXCUSE: (EscalationEvent.WITHDRAW, SessionEvent.CANCEL),
        E.COVER: (EscalationEvent.WITHDRAW, SessionEvent.CANCEL),
        E.SUCCEED: (EscalationEvent.WITHDRAW, SessionEvent.CANCEL),
        E.VOID: (EscalationEvent.WITHDRAW, SessionEvent.CANCEL),
        E.CORRECT: (EscalationEvent.WITHDRAW, None),
    }
    assert len(COUPLINGS) == len(COUPLING_OF)


# --- what falls due ---------------------------------------------------------------------------------------------------


def without_effect(kinds: set[str]) -> set[str]:
    """The kinds of due action that neither move a state nor are a letter."""
    return kinds - set(RUNNERS) - set(KINDS)


def test_every_kind_of_due_action_moves_a_state_or_is_a_letter() -> None:
    assert without_effect(set(ORDER)) == set()
    assert set(RUNNERS) - set(ORDER) == set()


def test_a_kind_of_due_action_without_effect_is_found() -> None:
    assert without_effect({*ORDER, "birthday_card"}) == {"birthday_card"}


def test_what_is_stopped_are_kinds_of_letter() -> None:
    assert (CHASING_LETTERS | SESSION_LETTERS) - set(KINDS) == set()
