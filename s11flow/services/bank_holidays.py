"""Lets a running cycle use bank holidays proclaimed, and days the office is closed, since it opened (case 13)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from calendars import london
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain.errors import WrongInputError
from s11flow.domain.model import Entry, Note, PanelDayState
from s11flow.services import redating, rulebooks
from s11flow.services.cycles import loaded_cycle, must_be_open
from s11flow.services.redating import Redated

CLOSED = "office closed"
"""How a day begins that is off for this office alone; what is proclaimed for all says otherwise."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """What adopting new bank holidays changed: days added and gone, and what that does to the cases."""

    added: tuple[str, ...]
    gone: tuple[str, ...]
    redated: Redated = field(default_factory=Redated)

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {"added": list(self.added), "gone": list(self.gone), **self.redated.as_json()}


def holiday_difference(
    connection: Connection, row: Any, published: dict[date, str]
) -> tuple[dict[date, str], dict[date, str]]:
    """Bank holidays published since the cycle opened, and those it has that are no longer published."""
    own = {day: why for day, why in _days_off(connection, row).items() if not _is_closure(why)}
    years = {day.year for day in own}
    now_there = {day: why for day, why in published.items() if day.year in years}
    added = {day: why for day, why in now_there.items() if day not in own}
    gone = {day: why for day, why in own.items() if day not in now_there}
    return added, gone


def _days_off(connection: Connection, row: Any) -> dict[date, str]:
    body = queries.contents(connection, [row.holidays_sha256])[row.holidays_sha256]
    return {date.fromisoformat(day): why for day, why in json.loads(body).items()}


def _is_closure(why: str) -> bool:
    return why.startswith(CLOSED)


def adopt_holidays(
    uow: UnitOfWork, *, partnership: str, year: int | str, published: dict[date, str], now: datetime, by: str
) -> Adopted:
    """Let a running cycle use bank holidays proclaimed since it opened (case 13).

    A deadline that the new days move later moves, by an event, and the agency is told; one that would come earlier
    stays as it was.
    """
    with uow.write() as connection:
        loaded, row = loaded_cycle(connection, partnership, year)
        added, gone = holiday_difference(connection, row, published)
        closures = {day: why for day, why in _days_off(connection, row).items() if _is_closure(why)}
        digest = rulebooks.pin(connection, "holidays", rulebooks.holidays_text(closures | published))
        told, untold = _told(added), _told(gone)
        data: dict[str, object] = {"holidays": digest, "was": row.holidays_sha256, "added": told, "gone": untold}
        entry = Entry(now, Note.HOLIDAYS_ADOPTED, "holidays", data=data)
        redated = _days_changed(connection, loaded, row, digest, entry, "a bank holiday was proclaimed", now, by)
    return Adopted(tuple(told), tuple(untold), redated)


def close_day(
    uow: UnitOfWork,
    *,
    partnership: str,
    year: int | str,
    day: date,
    reason: str,
    now: datetime,
    by: str,
    consent: bool = False,
) -> Adopted:
    """Make *day* one on which the office is closed, in a running cycle; what is counted in working days follows.

    Deadlines move only later, and earlier only where the agencies consent; whoever was told another one is told.
    Raises WrongInputError for a day that is none to close: passed, off already, or one on which the panel sits.
    """
    with uow.write() as connection:
        loaded, row = loaded_cycle(connection, partnership, year)
        must_be_open(loaded)
        if not reason.strip():
            raise WrongInputError("Give the reason for closing; it stands beside every date that it moves.")
        _must_be_closable(connection, loaded, row, day, now)
        days = _days_off(connection, row) | {day: f"{CLOSED}: {reason.strip()}"}
        digest = rulebooks.pin(connection, "holidays", rulebooks.holidays_text(days))
        told = [f"{day.isoformat()} {days[day]}"]
        data: dict[str, object] = {
            "holidays": digest, "was": row.holidays_sha256, "added": [day.isoformat()], "consent": consent
        }  # fmt: skip
        entry = Entry(now, Note.DAY_CLOSED, "holidays", cause=f"closed on {london.spell_day(day)}", data=data,
                      private={"reason": reason})  # fmt: skip
        why = f"our office is closed on {london.spell_day(day)}"
        redated = _days_changed(connection, loaded, row, digest, entry, why, now, by, consent=consent)
    return Adopted(tuple(told), (), redated)


def _must_be_closable(connection: Connection, loaded: Any, row: Any, day: date, now: datetime) -> None:
    if (obstacle := loaded.rules.days.why_not(day)) is not None:
        raise WrongInputError(f"{london.spell_day(day)} is {obstacle} already; nothing is to be closed.")
    if day <= london.day_of(now):
        raise WrongInputError(f"{london.spell_day(day)} is not ahead; close a day after today.")
    sits = (PanelDayState.SITTING, PanelDayState.RESERVE)
    if any(found.day == day and found.state in sits for found in queries.panel_days_of(connection, row.id)):
        raise WrongInputError(
            f"The panel sits on {london.spell_day(day)}: move its sessions with `s11flow cycle move-day`, or stand it "
            "down with `s11flow cycle stand-down`, and close the day then."
        )


def _days_changed(
    connection: Connection,
    loaded: Any,
    row: Any,
    digest: str,
    entry: Entry,
    why: str,
    now: datetime,
    by: str,
    *,
    consent: bool = False,
) -> Redated:
    redating.settle_cycle(connection, row, now)  # by the days they had
    loaded, row = loaded_cycle(connection, row.partnership, row.code)
    rules = rulebooks.pinned(connection, row.definition_sha256, row.templates_sha256, digest)
    pins = {"holidays_sha256": digest}
    return redating.run_by(connection, loaded, row, rules, pins, entry, why=why, now=now, by=by, consent=consent)


def _told(days: dict[date, str]) -> list[str]:
    return [f"{day.isoformat()} {why}" for day, why in sorted(days.items())]
