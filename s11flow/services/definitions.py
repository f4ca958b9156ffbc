"""Lets a partnership run by another definition: its next cycles, and a running one if that is asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.cycles import read_definition
from s11flow.domain.definition import Definition
from s11flow.domain.errors import WrongInputError
from s11flow.domain.model import Entry, Note, PanelDayState
from s11flow.domain.timetable import illegal_panel_day
from s11flow.services import agencies, record, redating, rulebooks, subjects
from s11flow.services.cycles import loaded_cycle, must_be_open
from s11flow.services.redating import Redated


@dataclass(frozen=True, slots=True)
class Adopted:
    """A definition that was adopted: its digest, the running cycle that uses it now, if one does, and what moved."""

    definition: str
    cycle: str | None = None
    redated: Redated = field(default_factory=Redated)

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {"definition": self.definition, "cycle": self.cycle, **self.redated.as_json()}


def adopt_definition(
    uow: UnitOfWork, text: str, *, partnership: str, running: int | str | None = None, now: datetime, by: str
) -> Adopted:
    """Let the partnership's next cycles run by the definition *text* (TOML), and the *running* one too if it is named.

    A running cycle keeps its standards and its scale, and a date that was told comes no earlier. Raises
    WrongDefinitionError, or WrongInputError for a definition of another partnership, or one that does not fit.
    """
    definition = read_definition(text, source="the definition")
    if definition.partnership.code != partnership:
        raise WrongInputError(f"The definition is one of {definition.partnership.code}, and this is {partnership}.")
    with uow.write() as connection:
        digest = rulebooks.pin(connection, "definition", text)
        adopted = Adopted(digest)
        if running is not None:
            adopted = _in_cycle(connection, definition, digest, partnership, running, now, by)
        _in_partnership(connection, definition, digest, partnership, now, by)
    return adopted


def _in_partnership(
    connection: Connection, definition: Definition, digest: str, partnership: str, now: datetime, by: str
) -> None:
    home = agencies.known_home(connection, partnership)
    was = record.left(connection, {home.id: {("partnership", None)}})[home.id]
    table = queries.partnership
    values = {"definition_sha256": digest, "name": definition.partnership.name}
    connection.execute(update(table).where(table.c.subject_id == home.id).values(values))
    data: dict[str, object] = {"definition": digest, "was": home.definition_sha256}
    entry = Entry(now, Note.DEFINITION_ADOPTED, "definition", cause="from the next cycle on", data=data)
    agencies.record(connection, home.id, entry, now=now, by=by, was=was)
    subjects.recompute(connection, [home.id], "partnership")


def _in_cycle(
    connection: Connection,
    definition: Definition,
    digest: str,
    partnership: str,
    year: int | str,
    now: datetime,
    by: str,
) -> Adopted:
    loaded, row = loaded_cycle(connection, partnership, year)
    must_be_open(loaded)
    _must_fit(loaded.rules.definition, definition, loaded.ref)
    redating.settle_cycle(connection, row, now)
    loaded, row = loaded_cycle(connection, partnership, year)
    rules = rulebooks.pinned(connection, digest, row.templates_sha256, row.holidays_sha256)
    days = [day.day for day in queries.panel_days_of(connection, row.id) if day.state == PanelDayState.SITTING]
    if illegal := [why for day in days if (why := illegal_panel_day(rules, row.year, day)) is not None]:
        raise WrongInputError(f"{loaded.ref} cannot run by it. {' '.join(illegal)}")
    new_closures = sorted(c.on.isoformat() for c in definition.closures if c not in loaded.rules.definition.closures)
    data: dict[str, object] = {"definition": digest, "was": row.definition_sha256, "added": new_closures}
    entry = Entry(now, Note.DEFINITION_ADOPTED, "definition", cause="in the running cycle", data=data)
    pins = {"definition_sha256": digest}
    why = "the procedure's rules have changed"
    redated = redating.run_by(connection, loaded, row, rules, pins, entry, why=why, now=now, by=by)
    return Adopted(digest, loaded.ref, redated)


def _must_fit(old: Definition, new: Definition, ref: str) -> None:
    """A running cycle is asked, answered and judged by one set of standards and one scale (case 50)."""
    if _asked(old) != _asked(new):
        raise WrongInputError(
            f"{ref} keeps the standards and requirements it was opened with, and these are others; leave --running "
            "out, and the next cycle uses them."
        )
    if [rating.code for rating in old.scale] != [rating.code for rating in new.scale]:
        raise WrongInputError(
            f"{ref} keeps the scale it was opened with, and this is another; leave --running out, and the next cycle "
            "uses it."
        )


def _asked(definition: Definition) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.number, tuple(item.number for item in each.requirements)) for each in definition.standards]
