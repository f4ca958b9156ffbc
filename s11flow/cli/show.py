"""How answers are printed: one JSON document for scripts, or plain tables for people.

Data goes to stdout, all the rest to stderr.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

_UNBOUNDED = 10_000  # a file or a pipe has no edge at which to cut a line


def answer(document: object, *, as_json: bool, plain: Callable[[], None]) -> None:
    """Print *document* as JSON, or let *plain* print it for people."""
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        plain()


def note(sentence: str) -> None:
    """Tell the person at the terminal something that is not the answer."""
    typer.echo(sentence, err=True)


def line(text: str) -> None:
    """Print a line of the answer."""
    typer.echo(text)


def dry(is_dry_run: bool) -> None:
    """Mark what was printed as a dry run."""
    if is_dry_run:
        note("This was a dry run: nothing was changed and nothing was sent.")


def marked(document: dict[str, Any], is_dry_run: bool) -> dict[str, Any]:
    """The document with its mark, if it tells of a dry run."""
    return {**document, "dry_run": True} if is_dry_run else document


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str = "There is nothing to show."
) -> None:
    """Print rows under their columns; *empty* goes to stderr where there are none."""
    from rich import box
    from rich.table import Table

    found = [[_cell(value) for value in row] for row in rows]
    if not found:
        note(empty)
        return
    console = _console()
    made = Table(*columns, box=box.SIMPLE_HEAD if console.is_terminal else None, pad_edge=False)
    for row in found:
        made.add_row(*row)
    with console.capture() as printed:
        console.print(made)
    for text in printed.get().splitlines():
        line(text.rstrip())


def facts(pairs: Mapping[str, object]) -> None:
    """Print named values, one to a line; what is empty is left out."""
    shown = {name: _cell(value) for name, value in pairs.items() if value not in (None, "", [], (), {})}
    width = max((len(name) for name in shown), default=0)
    for name, value in shown.items():
        line(f"{name:<{width}}  {value}")


def counts(pairs: Mapping[str, object], *, before: str = "") -> None:
    """Print counters on one line, after *before*."""
    line(before + ", ".join(f"{name} {_cell(value)}" for name, value in pairs.items()))


def when(iso: str | None) -> str:
    """An instant of a document as people write it down in a list: "Tue 20 Oct 2026 17:00"."""
    if not iso:
        return ""
    from datetime import datetime

    at = datetime.fromisoformat(iso)
    return f"{_DAYS[at.weekday()]} {at.day:2} {_MONTHS[at.month - 1]} {at.year} {at:%H:%M}"


# Not strftime: its names follow the locale of whoever runs the program.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


def _console() -> Console:
    from rich.console import Console

    width = None if sys.stdout.isatty() else _UNBOUNDED
    return Console(file=sys.stdout, markup=False, highlight=False, emoji=False, width=width)
