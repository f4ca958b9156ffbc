"""Lets a running cycle run by other rules: what was owed by the old ones first, then each date that moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from calendars import london
from db import queries
from s11flow.domain.model import CaseFacts, CycleFacts, Dated, Entry, Note, PanelDayState, Plan
from s11flow.domain.redating import redate
from s11flow.domain.timetable import Rulebook, cut_off_of, target_of
from s11flow.letters.compose import previews
from s11flow.services import cases, subjects
from s11flow.services.stored import dated_text
from s11flow.services.subjects import Change, Loaded, save


@dataclass(frozen=True, slots=True)
class Redated:
    """What other rules changed: whose deadline moved and how, whose would have come earlier, and who is told."""

    moved: tuple[tuple[str, str, str], ...] = ()
    kept: tuple[str, ...] = ()
    told: tuple[tuple[str, str, str], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {
            "moved": [{"case": ref, "old": old, "new": new} for ref, old, new in self.moved],
            "not_moved_earlier": list(self.kept),
            "told": [{"case": ref, "kind": kind, "to": to} for ref, kind, to in self.told],
        }


def settle_cycle(connection: Connection, row: Any, now: datetime) -> None:
    """Apply what the clock owed by *now* to all that runs by a cycle's rules, while they still are what they were."""
    cases.settle_first(connection, queries.case_ids(connection, row.id), "case", now)
    cases.settle_days(connection, row.id, now)
    cases.settle_first(connection, _homes(connection, row), "partnership", now)


def run_by(
    connection: Connection,
    loaded: Loaded,
    row: Any,
    rules: Rulebook,
    pins: dict[str, str],
    entry: Entry,
    *,
    why: str,
    now: datetime,
    by: str,
    consent: bool = False,
) -> Redated:
    """Let the cycle, which is settled, run by *rules* and their *pins* from now on; *entry* records that it does."""
    facts, table = loaded.facts, queries.cycle
    assert isinstance(facts, CycleFacts)
    target, cut_off = _cycle_dates(connection, row, rules, facts)
    after = replace(facts, target=target, cut_off=cut_off)
    entries = (entry, *_cycle_entries(facts, after, why, now))
    change = Change(loaded, Plan(after, entries), actor=by).writes(connection, "cycle")
    values = {**pins, "target": dated_text(target), "cut_off": dated_text(cut_off)}
    connection.execute(update(table).where(table.c.subject_id == row.id).values(values))
    save(connection, [change], now)
    changes, kept = _redated(connection, row.id, rules, cut_off, why, now, by, consent)
    found = Redated(tuple(_moved(changes)), tuple(kept), tuple(_told(rules, changes)))
    if changes:
        cases.write(connection, changes, now)
    subjects.recompute(connection, queries.case_ids(connection, row.id), "case")
    cases.days_again(connection, row.id)
    subjects.recompute(connection, _homes(connection, row), "partnership")
    return found


def _homes(connection: Connection, row: Any) -> list[int]:
    return [home.id for home in queries.partnerships(connection) if home.code == row.partnership]


def _cycle_dates(connection: Connection, row: Any, rules: Rulebook, facts: CycleFacts) -> tuple[Dated, Dated]:
    """The cycle's target and cut-off: as ruled, but never earlier than they were."""
    days = [day.day for day in queries.panel_days_of(connection, row.id) if day.state == PanelDayState.SITTING]
    target, cut_off = target_of(rules, row.year), cut_off_of(rules, max(days)) if days else facts.cut_off
    return (
        target if target.at > facts.target.at else facts.target,
        cut_off if cut_off.at > facts.cut_off.at else facts.cut_off,
    )


def _cycle_entries(before: CycleFacts, after: CycleFacts, why: str, now: datetime) -> tuple[Entry, ...]:
    dates = {"target": (before.target, after.target), "cut_off": (before.cut_off, after.cut_off)}
    changed: dict[str, object] = {name: new.as_json() for name, (old, new) in dates.items() if old.at != new.at}
    return (Entry(now, Note.DATES_CHANGED, "dates", cause=why, data=changed),) if changed else ()


def _redated(
    connection: Connection,
    cycle_id: int,
    rules: Rulebook,
    cut_off: Dated,
    why: str,
    now: datetime,
    by: str,
    consent: bool,
) -> tuple[list[Change], list[str]]:
    changes, kept = [], []
    for case in subjects.load_cases(connection, queries.case_ids(connection, cycle_id)):
        facts = case.facts
        assert isinstance(facts, CaseFacts)
        found = redate(rules, facts, cut_off=cut_off, why=why, at=now, consent=consent)
        if found.kept:
            kept.append(case.ref)
        if found.plan is not None:
            case.rules = rules
            changes.append(Change(case, found.plan, actor=by))
    return changes, kept


def _moved(changes: Sequence[Change]) -> list[tuple[str, str, str]]:
    found = []
    for change in changes:
        before, after = change.loaded.facts, change.plan.facts
        assert isinstance(before, CaseFacts)
        old, new = before.dates.deadline, after.dates.deadline
        if old is not None and new is not None and old.at != new.at:
            found.append((change.loaded.ref, london.spell(old.at), london.spell(new.at)))
    return found


def _told(rules: Rulebook, changes: Sequence[Change]) -> list[tuple[str, str, str]]:
    return [
        (change.loaded.ref, letter.kind, draft.to_address)
        for change in changes
        for letter in change.plan.letters
        for draft in previews(rules, letter)
    ]
