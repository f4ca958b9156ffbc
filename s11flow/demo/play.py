"""Plays a year of the cycle on a simulated clock, through the services that the commands call."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path

from rich.console import Console

from calendars import london
from s11flow.demo.acting import Cast
from s11flow.demo.clockwork import Clockwork
from s11flow.demo.gather import finish
from s11flow.demo.progress import watched
from s11flow.demo.script import Script, read_script
from s11flow.demo.stage import DemoRefused, Stage, open_year, prepare
from s11flow.demo.summary import Summary

DEFAULT_FOLDER = Path("demo-out")
_LAST_MINUTE = time(23, 59)


def play(
    year: int = 2026,
    directory: Path = DEFAULT_FOLDER,
    until: date | None = None,
    *,
    console: Console | None = None,
) -> Summary:
    """Play the cycle of *year* in *directory*, to its close or to the end of the day *until* (London), and sum it up.

    What an earlier play left in the folder is written over. Progress goes to *console*, if there is one. Raises
    `DemoRefused` for a year outside 2021 to 2040, a day before the cycle opens, and a folder that holds other files.
    """
    if until is not None and until < date(year, 6, 1):
        raise DemoRefused(
            f"The rehearsed cycle opens in June {year}; give a day from {london.spell_day(date(year, 6, 1))} on."
        )
    script = read_script()
    prepare(directory, year)
    stage = open_year(directory, year)
    try:
        return _played(stage, script, until, console)
    finally:
        stage.app.close()


def _played(stage: Stage, script: Script, until: date | None, console: Console | None) -> Summary:
    cast = Cast(stage, {code: turn for turn, code in enumerate(code for code in script.lines if code)})
    clockwork = Clockwork(cast, script, stage.opened_at)
    last = None if until is None else max(stage.opened_at, london.instant(until, _LAST_MINUTE))
    ends = min(filter(None, (last, _ends(cast, script))))
    for _ in watched(clockwork.play(last), console, stage.opened_at, ends):
        pass
    now = clockwork.at if clockwork.is_over or last is None else last
    return finish(stage, script, now=now, is_whole=clockwork.is_over)


def _ends(cast: Cast, script: Script) -> datetime:
    """When the last line of the cycle is due, as its dates are at the start."""
    at = script.lines[""][-1].when.instant(cast.anchors(""), cast.stage.rules.days)
    assert at is not None
    return at
