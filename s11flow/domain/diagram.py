"""A lifecycle written down for people: as rows, as a Markdown table, as a Mermaid state diagram. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from s11flow.domain.lifecycle import Lifecycle, words
from s11flow.domain.state_facts import facts_of

COLUMNS = ("while", "what happens", "then", "on what terms")


@dataclass(frozen=True, slots=True)
class Row:
    """A transition by its stored names; `note` says when or on what terms, or nothing."""

    while_: str
    event: str
    then: str
    note: str

    def as_json(self) -> dict[str, str]:
        """The shape scripts rely on."""
        return {"while": self.while_, "event": self.event, "then": self.then, "note": self.note}


def rows(lifecycle: Lifecycle) -> tuple[Row, ...]:
    """Every transition, in the table's order."""
    return tuple(Row(t.while_.name, t.event.name, t.then.name, t.note) for t in lifecycle.transitions)


def table(lifecycle: Lifecycle) -> str:
    """The lifecycle under its name as a Markdown table, its columns aligned so that it reads well as it stands."""
    lines = [COLUMNS, *((row.while_, words(row.event), row.then, row.note) for row in rows(lifecycle))]
    widths = [max(len(line[place]) for line in lines) for place in range(len(COLUMNS))]
    head, *body = [_ruled(line, widths) for line in lines]
    return "\n".join([f"## {lifecycle.name}", "", head, _ruled(["-" * width for width in widths], widths), *body, ""])


def _ruled(cells: Sequence[str], widths: Sequence[int]) -> str:
    return f"| {' | '.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))} |"


def mermaid(lifecycle: Lifecycle) -> str:
    """The lifecycle as a Mermaid state diagram: states by their names for staff, one arrow between any two."""
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{facts_of(state).staff}" as {state.name}' for state in lifecycle.states()]
    lines.append(f"    [*] --> {lifecycle.start.name}")
    lines += [f"    {pair}: {', '.join(events)}" for pair, events in _arrows(lifecycle).items()]
    lines += [f"    {state.name} --> [*]" for state in lifecycle.states() if state in lifecycle.ends]
    return "\n".join(lines) + "\n"


def _arrows(lifecycle: Lifecycle) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows(lifecycle):
        found.setdefault(f"{row.while_} --> {row.then}", []).append(words(row.event))
    return found
