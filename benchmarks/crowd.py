"""A database with as many cases as one likes: asked for their reports in July, each with its session in November.

The cycle is opened by the real service; the cases are then written straight into the tables, because the panel could
never seat so many. Their histories hold what has been done, but no true hashes.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, update

from db import migrate, queries, tables
from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from s11flow.cycles import shipped
from s11flow.domain.timetable import cut_off_of, dates_of_case
from s11flow.letters.templates import shipped_templates
from s11flow.services import agencies, cycles, rulebooks
from s11flow.services.stored import dates_text

PARTNERSHIP, YEAR, PANEL_DAY = "GSCP", 2026, date(2026, 11, 10)
OPENED_AT = datetime(2026, 6, 1, 8, tzinfo=UTC)
ASKED_AT = datetime(2026, 7, 6, 8, tzinfo=UTC)
FIRST_REMINDER_AT = datetime(2026, 9, 11, 8, tzinfo=UTC)
"""Four weeks before the target, 9am in London."""
TICKED_AT = FIRST_REMINDER_AT + timedelta(minutes=5)

INVITED_AT = datetime(2026, 10, 14, 9, tzinfo=UTC)
"""Once the invitations are due, and before anything that follows them."""

_DONE = ("contact_check@2026-07-06", "report_request@2026-07-06")
_REGISTER = (
    "code,name,category,status,status_reason,lead,contact_name,contact_role,contact_email,deputy_email,"
    "senior_leader_email,attendee_emails,remark\n"
    "A0,Seed,nhs,active,,,,Lead,lead@agency.example,,,,\n"
)


CHUNK = 10_000
KEPT_IN, KEPT_FROM = Path("build/crowds"), 100_000


def kept(count: int, folder: Path) -> Path:
    """The SQLite file of *count* cases, to be copied and not changed.

    Made in *folder*; a large one in `build/crowds`, where a later run finds it if tables and crowd are still the same.
    """
    file = (KEPT_IN if count >= KEPT_FROM else folder) / f"{count}-{_made_by()}.db"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        for old in (*file.parent.glob(f"{count}-*"), *file.parent.glob("making.db*")):
            old.unlink()
        making = file.parent / "making.db"
        with database(f"sqlite:///{making}") as uow:
            gather(uow, count)
        making.rename(file)
    return file


def _made_by() -> str:
    """A digest of whatever decides what such a file holds."""
    made = sha256(shipped().encode())
    for module in (tables, sys.modules[__name__]):
        made.update(Path(str(module.__file__)).read_bytes())
    return made.hexdigest()[:12]


def copied(seed: Path, to: Path) -> Path:
    """A copy of the closed database *seed*, in place of whatever *to* was; on the disk before anything is timed."""
    for old in to.parent.glob(f"{to.name}*"):
        old.unlink()
    shutil.copy(seed, to)
    with to.open("rb") as file:
        os.fsync(file.fileno())
    return to


@contextmanager
def database(address: str) -> Iterator[UnitOfWork]:
    """A migrated database at *address*, let go of at the end."""
    engine = open_engine(address)
    try:
        migrate.upgrade(engine)
        yield UnitOfWork(engine)
    finally:
        engine.dispose()


def gather(uow: UnitOfWork, count: int) -> None:
    """Fill a migrated, empty database with *count* cases that owe their first reminder, and nothing else due.

    They are written in chunks, so that as much memory is needed for a million as for ten thousand.
    """
    agencies.init_partnership(uow, shipped(), now=OPENED_AT)
    agencies.import_register(uow, _REGISTER, partnership=PARTNERSHIP, now=OPENED_AT, by="benchmark")
    cycles.open_cycle(
        uow, partnership=PARTNERSHIP, year=YEAR, panel_days=[PANEL_DAY], templates=shipped_templates(), now=OPENED_AT,
        by="benchmark",
    )  # fmt: skip
    with uow.write() as connection:
        connection.execute(update(queries.subject).values(next_due_at=None))
        (cycle,) = queries.cycles(connection)
        dates = _dates(connection, cycle)
    for start in range(0, count, CHUNK):
        with uow.write() as connection:
            _add(connection, range(start, min(start + CHUNK, count)), cycle.id, dates)


def _add(connection: Connection, numbers: range, cycle_id: int, dates: str) -> None:
    agency_id, case_id = (_last_id(connection, table) for table in (queries.agency, queries.subject))
    ids = [(number, case_id + place, agency_id + place) for place, number in enumerate(numbers, 1)]
    rows: dict[Table, list[dict[str, Any]]] = {
        queries.agency: [{"id": agency, **_agency(number)} for number, _, agency in ids],
        queries.subject: [{"id": case, **_subject(number, cycle_id)} for number, case, _ in ids],
        queries.case_file: [_file(case, cycle_id, agency, dates) for _, case, agency in ids],
        queries.panel_session: [_session(case, cycle_id, number) for number, case, _ in ids],
        queries.history: [line for _, case, _ in ids for line in _history(case)],
    }
    for table, values in rows.items():
        connection.execute(insert(table), values)


def _last_id(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.max(table.c.id))) or 0


def _code(number: int) -> str:
    return f"X{number}"


def _ref(number: int) -> str:
    return f"{PARTNERSHIP}-{YEAR}-{_code(number)}"


def _dates(connection: Any, cycle: Any) -> str:
    rules = rulebooks.pinned(connection, cycle.definition_sha256, cycle.templates_sha256, cycle.holidays_sha256)
    cut_off = cut_off_of(rules, PANEL_DAY)
    return dates_text(dates_of_case(rules, YEAR, panel_day=PANEL_DAY, cut_off=cut_off, set_at=OPENED_AT))


def _agency(number: int) -> dict[str, Any]:
    return {
        "partnership": PARTNERSHIP,
        "code": _code(number),
        "name": f"Agency number {number} of the register",
        "category": "nhs",
        "status": "active",
        "contact_role": "Safeguarding Lead",
        "contact_email": f"lead{number}@agency.example",
        "senior_leader_email": f"chief{number}@agency.example",
    }


def _subject(number: int, cycle_id: int) -> dict[str, Any]:
    return {
        "kind": "case",
        "ref": _ref(number),
        "partnership": PARTNERSHIP,
        "cycle_id": cycle_id,
        "state": "REQUESTED",
        "next_due_at": FIRST_REMINDER_AT,
        "version": len(_DONE),
        "seq": len(_DONE),
        "head": "",
    }


def _file(case_id: int, cycle_id: int, agency_id: int, dates: str) -> dict[str, Any]:
    return {
        "subject_id": case_id,
        "cycle_id": cycle_id,
        "agency_id": agency_id,
        "track": "full",
        "dates": dates,
        "opened_at": OPENED_AT,
        "asked_at": ASKED_AT,
    }


def _session(case_id: int, cycle_id: int, number: int) -> dict[str, Any]:
    starts_at = datetime(2026, 11, 10, 9, 30, tzinfo=UTC) + timedelta(minutes=30 * (number % 14))
    return {
        "case_id": case_id,
        "cycle_id": cycle_id,
        "number": 1,
        "state": "PENCILLED",
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=30),
        "place": "Shire Hall, Gloucester",
        "uid": f"{case_id}@benchmark.example",
        "revised_at": OPENED_AT,
    }


def _history(case_id: int) -> list[dict[str, Any]]:
    return [
        {
            "subject_id": case_id,
            "seq": seq,
            "at": ASKED_AT,
            "recorded_at": ASKED_AT,
            "actor_id": "clock",
            "event": "LETTER_DUE",
            "about": "letter",
            "due_key": due_key,
            "hash": "",
        }
        for seq, due_key in enumerate(_DONE, 1)
    ]
