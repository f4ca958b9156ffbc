"""Sets the stage of a rehearsed year: a folder of its own, a database, the register, an open cycle."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import Engine, event

from calendars import london
from calendars.bank_holidays import england_and_wales
from db import migrate
from s11flow.app import App, build_app
from s11flow.cycles import read_definition, shipped
from s11flow.demo.script import register_bytes
from s11flow.domain.errors import S11Error
from s11flow.domain.timetable import Rulebook, illegal_panel_day
from s11flow.letters.templates import shipped_templates
from s11flow.services import agencies, cycles, rulebooks
from s11flow.settings import Settings

MARKER = ".s11flow-demo"
"""The file that says a folder is the demo's own, and may be written over."""

YEARS = range(2021, 2041)

_OURS = ("s11flow.db", "s11flow.db-wal", "s11flow.db-shm", "s11flow.db-journal", "outbox", "documents", "report")
_MARKED = "The folder of a rehearsed year. `s11flow demo` writes over what it made here.\n"
_OPENS_AT = time(9)
_TUESDAY = 1


class DemoRefused(S11Error):
    """A year that cannot be rehearsed, or a folder that is not the demo's to write over; nothing was touched."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the year is played: the app on its own folder, the cycle, and the rules it runs by."""

    app: App
    folder: Path
    partnership: str
    year: int
    rules: Rulebook
    opened_at: datetime


def prepare(folder: Path, year: int) -> None:
    """Make *folder* ready: empty of an earlier year, marked as the demo's own. Raises `DemoRefused`."""
    if year not in YEARS:
        raise DemoRefused(f"The demo cannot play {year}: choose a year from {YEARS[0]} to {YEARS[-1]}.")
    if folder.exists() and not folder.is_dir():
        raise DemoRefused(f"{folder} is a file, so the demo has no room there; name a folder with --dir.")
    marker = folder / MARKER
    if folder.is_dir() and any(folder.iterdir()) and not marker.is_file():
        raise DemoRefused(
            f"{folder} has files in it that the demo did not make, so nothing was written; "
            "name an empty or a new folder with --dir."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        marker.write_text(_MARKED, "utf-8")
        for name in _OURS:
            _remove(folder / name)
    except OSError as error:
        raise DemoRefused(
            f"{folder} cannot be written to ({error.strerror or error}); name another folder with --dir."
        ) from None


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def open_year(folder: Path, year: int) -> Stage:
    """Import the register and open the cycle on 1 June, or the working day after it, as a new user would."""
    where = folder.resolve()
    definition = read_definition(shipped(), source="the shipped definition")
    rules = _rules(year)
    opened_at = london.instant(rules.days.roll_forward(date(year, 6, 1)), _OPENS_AT)
    settings = Settings(mode="demo", database_url=f"sqlite:///{where / 's11flow.db'}")
    app = build_app(settings, clock=lambda: opened_at, root=where)
    _without_waiting_for_the_disk(app.engine)
    migrate.upgrade(app.engine)
    code, uow = definition.partnership.code, app.unit_of_work
    agencies.init_partnership(uow, shipped(), now=opened_at)
    agencies.import_register(uow, register_bytes(), partnership=code, now=opened_at, by=app.actor)
    cycles.open_cycle(
        uow, partnership=code, year=year, panel_days=panel_days(rules, year), templates=shipped_templates(),
        now=opened_at, by=app.actor,
    )  # fmt: skip
    return Stage(app, folder, code, year, rules, opened_at)


def _without_waiting_for_the_disk(engine: Engine) -> None:
    """A rehearsal that a power cut ends is played again: its two thousand commits need not each reach the disk."""

    def hurry(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA synchronous = OFF").close()

    event.listen(engine, "connect", hurry)
    engine.dispose()  # the connection it was opened with was made before


def _rules(year: int) -> Rulebook:
    holidays = rulebooks.holidays_text(england_and_wales(range(year - 1, year + 3)))
    return rulebooks.rulebook(shipped(), rulebooks.templates_text(shipped_templates()), holidays)


def panel_days(rules: Rulebook, year: int) -> list[date]:
    """The second Tuesday of November, that week's Thursday, the next Tuesday; if refused, the next legal day each."""
    first = date(year, 11, 8)
    first += timedelta(days=(_TUESDAY - first.weekday()) % 7)
    found: list[date] = []
    for day in (first, first + timedelta(days=2), first + timedelta(days=7)):
        while day in found or illegal_panel_day(rules, year, day) is not None:
            day += timedelta(days=1)  # noqa: PLW2901 - moved on until the panel may sit
        found.append(day)
    return found
