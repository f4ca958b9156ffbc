"""Shows how far a rehearsed year has come: a bar with the date on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from calendars import london
from s11flow.demo.clockwork import Moment

_MILESTONES = {
    "approve-report": "the Assurance Report is approved",
    "statement": "its findings go into the Statement of Effectiveness",
    "close": "the cycle is closed",
}


def watched(moments: Iterable[Moment], console: Console | None, starts: datetime, ends: datetime) -> Iterator[Moment]:
    """The same moments, one by one, shown on *console* as they come."""
    if console is None:
        yield from moments
    elif console.is_terminal:
        yield from _with_bar(moments, console, starts, ends)
    else:
        yield from _with_lines(moments, console)


def _with_bar(moments: Iterable[Moment], console: Console, starts: datetime, ends: datetime) -> Iterator[Moment]:
    columns = (TextColumn("{task.description:<27}"), BarColumn(), TextColumn("{task.fields[letters]} letters"))
    with Progress(*columns, console=console, transient=True) as progress:
        total = (ends - starts).total_seconds()
        task = progress.add_task(_day(starts), total=total, letters=0)
        letters = 0
        for moment in moments:
            letters += moment.letters
            gone = (moment.at - starts).total_seconds()
            progress.update(task, completed=gone, description=_day(moment.at), letters=letters)
            yield moment


def _with_lines(moments: Iterable[Moment], console: Console) -> Iterator[Moment]:
    """A line for each month that has gone by, and one for each milestone of the cycle."""
    month, letters = "", 0
    for moment in moments:
        now = " ".join(_day(moment.at).split()[2:])
        if now != month:
            _month(console, month, letters)
            month, letters = now, 0
        letters += moment.letters
        for line in moment.done:
            if line.does in _MILESTONES:
                console.print(f"{_day(moment.at)}: {_MILESTONES[line.does]}.", soft_wrap=True)
        yield moment
    _month(console, month, letters)


def _month(console: Console, month: str, letters: int) -> None:
    if month:
        console.print(f"{month}: {letters} letters left.", soft_wrap=True)


def _day(at: datetime) -> str:
    return london.spell_day(london.day_of(at))
