"""A small partnership to act on: three agencies and one of which there is none, a cycle of 2026 with one panel day."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from calendars import london
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.cycles import shipped
from s11flow.letters.templates import shipped_templates
from s11flow.services import agencies, cycles
from s11flow.services.submissions import Documents, receive
from s11flow.services.tick import tick
from tests.remembered import once

CODE, YEAR = "GSCP", 2026
PANEL = date(2026, 11, 10)

HEADER = (
    "code,name,category,status,status_reason,lead,contact_name,contact_role,contact_email,deputy_email,"
    "senior_leader_email,attendee_emails,remark"
)
ROWS = (
    "01,Youth Services,youth,active,,,,Service Manager,youth@agency.example,,director@agency.example,,",
    (
        "02,Stroud District Council,district council,active,,,,Officer,stroud@district.example,,chief@district.example,"
        "a@district.example;b@district.example,"
    ),
    "03,Cotswold District Council,district council,active,,02,,Officer,cotswold@district.example,,,,",
    "04,Prisons,prison,not_applicable,none in the area,,,,,,,,",
)
REGISTER = "\n".join((HEADER, *ROWS, ""))


def at(words: str) -> datetime:
    """The instant when clocks in London show *words*: `2026-10-20 17:00`."""
    on, clock = words.split(" ")
    return london.instant(date.fromisoformat(on), time.fromisoformat(clock))


OPENED = at("2026-06-01 12:00")  # a Monday, four weeks before the first thing that is due


def registered(uow: UnitOfWork, register: str = REGISTER) -> UnitOfWork:
    """A partnership with its register, and no cycle yet."""

    def register_() -> None:
        agencies.init_partnership(uow, shipped(), now=OPENED)
        agencies.import_register(uow, register, partnership=CODE, now=OPENED, by="clerk")

    once(uow, ("registered", register), register_)
    return uow


def opened(uow: UnitOfWork, *, year: int = YEAR, panel: date = PANEL, now: datetime = OPENED) -> UnitOfWork:
    """The same with the cycle of *year* open: deadline Tuesday 20 October 2026 for both agencies that report."""

    def open_() -> None:
        if queries_of(uow, "select count(*) from partnership") == [(0,)]:
            registered(uow)
        cycles.open_cycle(
            uow, partnership=CODE, year=year, panel_days=[panel], templates=shipped_templates(), now=now, by="clerk"
        )

    once(uow, ("opened", year, panel, now), open_)
    return uow


def run_to(uow: UnitOfWork, end: datetime, *, start: datetime = OPENED) -> None:
    """Tick from *start* at 8 in the morning in London, each week and in the last days each day, and at *end*."""
    once(uow, ("run", start, end), lambda: _run(uow, start, end))


def _run(uow: UnitOfWork, start: datetime, end: datetime) -> None:
    now = london.instant(london.day_of(start), time(8))
    while now < end:
        if now > start:
            tick(uow, now=now)
        step = 7 if end - now > timedelta(days=12) else 1
        now = london.instant(london.day_of(now) + timedelta(days=step), time(8))
    tick(uow, now=end)


INVITED = at("2026-10-02 12:00")  # the day after the invitations left; Stroud invites two people


def invited(uow: UnitOfWork) -> UnitOfWork:
    """The cycle of 2026 at `INVITED`; nothing was delivered."""
    opened(uow)
    run_to(uow, INVITED)
    return uow


def report_comes(uow: UnitOfWork, folder: Path, ref: str, now: datetime, content: bytes = b"our report") -> None:
    """A complete report of one file is received at *now*."""
    documents = Documents(folder / "documents")
    receive(uow, documents, ref, [("report.docx", content)], now=now, by="clerk", sender="youth@agency.example")


def judgement(**more: Any) -> str:
    """A judgement as the panel files it: the second of the scale for each standard."""
    standards = [{"standard": number, "panel": "amber", "reason": "seen in the report"} for number in "1234"]
    return json.dumps({"standards": standards, **more})


def queries_of(uow: UnitOfWork, statement: str) -> list[tuple[Any, ...]]:
    """The rows a plain statement gives."""
    with uow.read() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def tamper(uow: UnitOfWork, statement: str, **values: Any) -> None:
    """Change the database behind the product's back."""
    with uow.write() as connection:
        connection.execute(text(statement), values)


def overview_of(uow: UnitOfWork, kind: str) -> Mapping[str, Any]:
    """The frozen context of the newest letter of a kind."""
    table = queries.message
    with uow.read() as connection:
        statement = select(table.c.context).where(table.c.kind == kind).order_by(table.c.id.desc()).limit(1)
        found: Mapping[str, Any] = json.loads(connection.scalars(statement).one())
    return found


def digest_parts(uow: UnitOfWork) -> dict[str, list[str]]:
    """What the newest digest lists, without its empty lists."""
    return {part["title"]: part["lines"] for part in overview_of(uow, "digest")["parts"] if part["lines"]}
