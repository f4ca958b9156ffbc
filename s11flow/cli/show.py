"""How answers are printed: one JSON document for scripts, or plain tables for people.

Data goes to stdout, all the rest to stderr.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import typer

from calendars import london
from s11flow.domain.lifecycle import words

if TYPE_CHECKING:
    from rich.console import Console

    from s11flow.services.changes import Difference, Expected, MovedLetter

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


WOULD_CHANGE: ContextVar[Difference | None] = ContextVar("would_change", default=None)
"""What the dry run that is being answered would change; None outside of one."""
_MOST_LETTERS = 40


def dry(is_dry_run: bool, *, as_json: bool = False) -> None:
    """Mark what was printed as a dry run; for people with what would come otherwise."""
    if is_dry_run:
        found = WOULD_CHANGE.get()
        if found is not None and not as_json:
            _difference(found)
        note("This was a dry run: nothing was changed and nothing was sent.")


def _difference(found: Difference) -> None:
    if not found:
        line("Nobody would hear anything else than they would have, and no date would move.")
        return
    line("What would change:")
    for date in found.dates:
        before, after = ("none" if when is None else when.words for when in (date.before, date.after))
        why = f" ({date.after.why})" if date.after is not None and date.after.why else ""
        line(f"  {date.of}, {date.name.replace('_', ' ')}: {before} becomes {after}{why}")
    told = [(letter.at, f"new: {_letter(letter)}") for letter in found.new]
    told += [(letter.at, f"not any more: {_letter(letter)}") for letter in found.gone]
    told += [(each.after.at, f"{_letter(each.after)}, {_instead(each)}") for each in found.moved]
    for _, text in sorted(told)[:_MOST_LETTERS]:
        line(f"  {text}")
    if len(told) > _MOST_LETTERS:
        line(f"  and {len(told) - _MOST_LETTERS} letters more; --json has all of them.")


def _instead(moved: MovedLetter) -> str:
    if moved.before.at != moved.after.at:
        return f"instead of on {london.spell(moved.before.at)}"
    if moved.before.to != moved.after.to:
        return f"instead of to {moved.before.to}"
    if moved.before.subject_line == moved.after.subject_line:
        return "written anew"
    return f'with the subject "{moved.after.subject_line}", which was "{moved.before.subject_line}"'


def _letter(letter: Expected) -> str:
    when = "waiting in the outbox" if letter.waits else london.spell(letter.at)
    return f"{words(letter.kind)} to {letter.to}{f' about {letter.case}' if letter.case else ''}, {when} ({letter.why})"


def marked(document: dict[str, Any], is_dry_run: bool, *, case: str | None = None) -> dict[str, Any]:
    """The document with its mark, if it tells of a dry run, and what would change: everything, or about one case."""
    if not is_dry_run:
        return document
    found = WOULD_CHANGE.get()
    told = {} if found is None else {"would_change": (found.about(case) if case else found).as_json()}
    return {**document, "dry_run": True, **told}


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
