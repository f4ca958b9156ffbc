"""`s11flow lifecycle`: how a case, a session, an escalation, a cycle and a letter move."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from s11flow.cli import show
from s11flow.cli.options import AsJson
from s11flow.domain import diagram
from s11flow.domain.lifecycle import LIFECYCLES

_NAMES = ", ".join(LIFECYCLES)


def lifecycle(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help=f"One of {_NAMES}; by default all.")] = None,
    format_: Annotated[
        Literal["table", "mermaid"], typer.Option("--format", help="A table, or a Mermaid diagram.")
    ] = "table",
    as_json: AsJson = False,
) -> None:
    """Print what may follow what."""
    if name is not None and name.lower() not in LIFECYCLES:
        raise typer.BadParameter(f"There is no lifecycle {name}; there is {_NAMES}.", param_hint="NAME")
    chosen = LIFECYCLES.values() if name is None else (LIFECYCLES[name.lower()],)
    if as_json:
        found = {table.name: [row.as_json() for row in diagram.rows(table)] for table in chosen}
        show.answer(found, as_json=True, plain=lambda: None)
        return
    draw = diagram.mermaid if format_ == "mermaid" else diagram.table
    show.line("\n".join(draw(table) for table in chosen).rstrip("\n"))
