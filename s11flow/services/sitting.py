"""The days on which a cycle's panel sits or could: which there are, and calling one in from reserve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, update

from calendars import london
from db import queries
from s11flow.domain.agenda import next_due_at
from s11flow.domain.errors import NotNow, RefusedError
from s11flow.domain.model import (
    CaseFacts,
    CycleFacts,
    Dated,
    Entry,
    Note,
    PanelDayFacts,
    PanelDayState,
    Plan,
    SessionEvent,
)
from s11flow.domain.timetable import cut_off_of
from s11flow.services import cases, subjects
from s11flow.services.stored import dated_text
from s11flow.services.subjects import Change, Loaded, save

_SITS = (PanelDayState.SITTING, PanelDayState.RESERVE)


def days_of(connection: Connection, cycle_id: int) -> dict[date, Any]:
    """The panel days of a cycle, whatever their state, by the day."""
    return {row.day: row for row in queries.panel_days_of(connection, cycle_id)}


def must_sit(ref: str, days: Mapping[date, Any], on: date, event: str = SessionEvent.MOVE) -> None:
    """Refuse a day on which the panel does not sit, nor is ready to, and name those on which it does."""
    if on in days and days[on].state in _SITS:
        return
    named = ", ".join(_named(day, row.state) for day, row in days.items() if row.state in _SITS)
    sits = f"it sits on {named or 'no day yet'}; `s11flow cycle add-day` adds one"
    why = f"the panel does not sit on {london.spell_day(on)}; {sits}."
    raise RefusedError(NotNow(ref, event, why))


def _named(day: date, state: str) -> str:
    kept = " (kept in reserve)" if state == PanelDayState.RESERVE else ""
    return f"{london.spell_day(day)}{kept}"


def call_in(
    connection: Connection, cycle_id: int, days: Mapping[date, Any], on: date, *, by: str, now: datetime
) -> None:
    """Let the panel sit on a day that was kept in reserve; nothing is done to one on which it sits anyway.

    The cycle must be held. The report's cut-off follows the last day on which the panel sits, and only later; so
    this comes before any of the cycle's cases is read.
    """
    if days[on].state != PanelDayState.RESERVE:
        return
    (loaded,) = subjects.load(connection, [days[on].id], "panel_day")
    facts = loaded.facts
    assert isinstance(facts, PanelDayFacts)
    entry = Entry(
        now, Note.DAY_CALLED_IN, "panel day", facts.state, PanelDayState.SITTING, cause="a reserve day was needed"
    )
    after = replace(facts, state=PanelDayState.SITTING)
    plan = Plan(after, (entry,), next_due_at=next_due_at(loaded.rules, after))
    save(connection, [Change(loaded, plan, actor=by)], now)
    cut_off_follows(connection, cycle_id, on, by=by, now=now)


def cut_off_follows(connection: Connection, cycle_id: int, on: date, *, by: str, now: datetime) -> None:
    """Let the report's cut-off follow a panel day, if that is later: told in the history of the cycle and its cases."""
    (loaded,) = subjects.load(connection, [cycle_id], "cycle")
    assert isinstance(loaded.facts, CycleFacts)
    cut_off = cut_off_of(loaded.rules, on)
    if cut_off.at > loaded.facts.cut_off.at:
        _move_cut_off(connection, loaded, cut_off, now, by)


def _move_cut_off(connection: Connection, loaded: Loaded, cut_off: Dated, now: datetime, by: str) -> None:
    facts = loaded.facts
    assert isinstance(facts, CycleFacts)
    entry = Entry(
        now, Note.DATES_CHANGED, "dates", cause="a panel day was added",
        data={"cut_off": cut_off.as_json(), "was": facts.cut_off.as_json()},
    )  # fmt: skip
    case_ids = queries.case_ids(connection, loaded.id)
    cases.settle_first(connection, case_ids, "case", now)
    table = queries.cycle
    change = Change(loaded, Plan(replace(facts, cut_off=cut_off), (entry,)), actor=by).writes(connection, "cycle")
    connection.execute(update(table).where(table.c.subject_id == loaded.id).values(cut_off=dated_text(cut_off)))
    save(connection, [change], now)
    changes = []
    for case in subjects.load_cases(connection, case_ids):
        own = case.facts
        assert isinstance(own, CaseFacts)
        moved = replace(own, dates=replace(own.dates, cut_off=cut_off))
        changes.append(Change(case, Plan(moved, (entry,), next_due_at=next_due_at(case.rules, moved)), actor=by))
    save(connection, changes, now)
