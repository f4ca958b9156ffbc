"""Lets a running cycle use bank holidays that were proclaimed after it opened, and says who is told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, update

from calendars import london
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain.model import (
    CaseFacts,
    CaseState,
    Entry,
    Note,
    Plan,
)
from s11flow.domain.timetable import (
    Rulebook,
    deadline_of,
)
from s11flow.services import cases, rulebooks, subjects
from s11flow.services.cycles import loaded_cycle
from s11flow.services.subjects import Change, save


@dataclass(frozen=True, slots=True)
class Adopted:
    """What adopting new bank holidays changed: days added and gone, and whose deadline moved (later only)."""

    added: tuple[str, ...]
    gone: tuple[str, ...]
    moved: tuple[tuple[str, str, str], ...]
    not_moved_earlier: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {
            "added": list(self.added),
            "gone": list(self.gone),
            "moved": [{"case": ref, "old": old, "new": new} for ref, old, new in self.moved],
            "not_moved_earlier": list(self.not_moved_earlier),
        }


def holiday_difference(
    connection: Connection, row: Any, published: dict[date, str]
) -> tuple[dict[date, str], dict[date, str]]:
    """Bank holidays published since the cycle opened, and those it has that are no longer published."""
    body = queries.contents(connection, [row.holidays_sha256])[row.holidays_sha256]
    own = {date.fromisoformat(day): why for day, why in json.loads(body).items()}
    years = {day.year for day in own}
    now_there = {day: why for day, why in published.items() if day.year in years}
    added = {day: why for day, why in now_there.items() if day not in own}
    gone = {day: why for day, why in own.items() if day not in now_there}
    return added, gone


def adopt_holidays(
    uow: UnitOfWork,
    *,
    partnership: str,
    year: int | str,
    published: dict[date, str],
    now: datetime,
    by: str,
    dry_run: bool = False,
) -> Adopted:
    """Let a running cycle use bank holidays proclaimed since it opened (case 13).

    A deadline that the new days move later moves, by an event, and the agency is told; one that would come earlier
    stays as it was. With *dry_run* says who would be told, and changes nothing.
    """
    with uow.write() as connection:
        loaded, row = loaded_cycle(connection, partnership, year)
        cases.settle_first(connection, queries.case_ids(connection, row.id), "case", now)  # by the days they had
        added, gone = holiday_difference(connection, row, published)
        digest = rulebooks.pin(connection, "holidays", rulebooks.holidays_text(published))
        rules = rulebooks.pinned(connection, row.definition_sha256, row.templates_sha256, digest)
        changes, moved, kept = _rederived(connection, row.id, rules, now, by)
        adopted = Adopted(
            tuple(f"{day.isoformat()} {why}" for day, why in sorted(added.items())),
            tuple(f"{day.isoformat()} {why}" for day, why in sorted(gone.items())),
            tuple(moved),
            tuple(kept),
        )
        if dry_run:
            connection.rollback()
            return adopted
        data: dict[str, object] = {"holidays": digest, "was": row.holidays_sha256, "added": list(adopted.added)}
        entry = Entry(now, Note.HOLIDAYS_ADOPTED, "holidays", data={**data, "gone": list(adopted.gone)})
        change = Change(loaded, Plan(loaded.facts, (entry,)), actor=by).writes(connection, "cycle")
        table = queries.cycle
        connection.execute(update(table).where(table.c.subject_id == row.id).values(holidays_sha256=digest))
        save(connection, [change], now)
        if changes:
            cases.write(connection, changes, now)
        subjects.recompute(connection, queries.case_ids(connection, row.id), "case")
    return adopted


def _rederived(
    connection: Connection, cycle_id: int, rules: Rulebook, now: datetime, by: str
) -> tuple[list[Change], list[tuple[str, str, str]], list[str]]:
    changes, moved, kept = [], [], []
    for case in subjects.load_cases(connection, queries.case_ids(connection, cycle_id)):
        facts = case.facts
        assert isinstance(facts, CaseFacts)
        old, panel_day = facts.dates.deadline, facts.dates.panel_day
        if old is None or panel_day is None or facts.dates.extended:
            continue
        if facts.state not in (CaseState.PLANNED, CaseState.REQUESTED, CaseState.RETURNED):
            continue
        new = deadline_of(rules, panel_day.on)
        if new.at > old.at or (new.at < old.at and facts.state == CaseState.PLANNED):
            case.rules = rules
            changes.append(cases.deadline_change(case, new, "a bank holiday was proclaimed", by=by, now=now))
            moved.append((case.ref, london.spell(old.at), london.spell(new.at)))
        elif new.at < old.at:
            kept.append(case.ref)
    return changes, moved, kept
