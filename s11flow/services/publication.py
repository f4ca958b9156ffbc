"""What people say beside the report's figures: the author's own text, and whether the silent are named in public."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from db import queries
from db.tables import HistoryPrivate
from db.unit_of_work import UnitOfWork
from s11flow.domain.errors import NotNow, RefusedError, WrongInputError
from s11flow.domain.model import CycleFacts, CycleState, Entry, Note, Plan
from s11flow.reports import Additions, Naming, read_additions
from s11flow.services.cycles import find_cycle, loaded_cycle
from s11flow.services.subjects import Change, save

_private = queries.table(HistoryPrivate)
_WRITABLE = (CycleState.DRAFT, CycleState.OPEN)


def set_report_text(
    uow: UnitOfWork, text: str, *, partnership: str, year: int | str, now: datetime, by: str
) -> Additions:
    """Keep the author's *text* (TOML) for the report of a cycle in place of what was kept before, and give it read.

    Raises WrongInputError naming every fault, RefusedError once the report is approved.
    """
    additions = read_additions(text)
    with uow.write() as connection:
        loaded, _ = loaded_cycle(connection, partnership, year)
        facts = loaded.facts
        assert isinstance(facts, CycleFacts)
        if facts.state not in _WRITABLE:
            why = "the report is approved. Open it again first, with `s11flow cycle reopen-report`."
            raise RefusedError(NotNow(loaded.ref, "change the text of the report", why))
        entry = Entry(now, Note.REPORT_TEXT_SET, "report", private={"text": text})
        save(connection, [Change(loaded, Plan(facts, (entry,)), actor=by)], now)
    return additions


def report_text(uow: UnitOfWork, *, partnership: str, year: int | str) -> str:
    """The author's text as it is kept, TOML; empty where there is none."""
    with uow.read() as connection:
        return _text(connection, find_cycle(connection, partnership, year).id)


def additions_of(connection: Connection, cycle_id: int) -> Additions:
    """The author's text of a cycle, read."""
    return read_additions(_text(connection, cycle_id))


def _text(connection: Connection, cycle_id: int) -> str:
    return str(_newest(connection, cycle_id, Note.REPORT_TEXT_SET)[1].get("text", ""))


def decide_naming(
    uow: UnitOfWork, naming: Naming, *, authority: str, partnership: str, year: int | str, now: datetime, by: str
) -> None:
    """Record whether the published report names the agencies that did not submit or only counts them, and who says so.

    A later decision takes the place of an earlier one. Raises WrongInputError without an *authority*.
    """
    if not authority.strip():
        raise WrongInputError("Say on whose authority; it is printed in the published report.")
    with uow.write() as connection:
        loaded, _ = loaded_cycle(connection, partnership, year)
        data: dict[str, object] = {"naming": naming}
        entry = Entry(now, Note.NAMING_DECIDED, "report", data=data, private={"authority": authority.strip()})
        assert isinstance(loaded.facts, CycleFacts)
        save(connection, [Change(loaded, Plan(loaded.facts, (entry,)), actor=by)], now)


def naming_of(connection: Connection, cycle_id: int) -> tuple[Naming, str] | None:
    """What was decided of a cycle last, and by whom; None where nobody has decided."""
    data, private = _newest(connection, cycle_id, Note.NAMING_DECIDED)
    if not data:
        return None
    return ("counted" if data["naming"] == "counted" else "named"), str(private.get("authority", ""))


def _newest(connection: Connection, cycle_id: int, event: Note) -> tuple[dict[str, Any], dict[str, Any]]:
    """The newest line of an event: what it says in the open, and what it keeps apart if that is still there."""
    table = queries.history
    apart = (_private.c.subject_id == table.c.subject_id) & (_private.c.seq == table.c.seq)
    statement = (
        select(table.c.data, _private.c.body)
        .join(_private, apart, isouter=True)
        .where(table.c.subject_id == cycle_id, table.c.event == event.name)
        .order_by(table.c.seq.desc())
        .limit(1)
    )
    found = connection.execute(statement).first()
    return (json.loads(found.data), json.loads(found.body or "{}")) if found else ({}, {})
