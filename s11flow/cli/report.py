"""`s11flow report`: the Assurance Report as a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from s11flow.cli import options, show
from s11flow.cli.frame import at_work
from s11flow.cli.options import MaybeYear, Now, Partnership

LATER = ("pdf",)


def report(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help='Where to write it; "-" prints it.')],
    year: MaybeYear = None,
    format_: Annotated[
        str, typer.Option("--format", metavar="html|docx|xlsx|csv|json", help="What kind of file.")
    ] = "html",
    author: Annotated[str, typer.Option(metavar="WHO", help="Whose report it is.")] = "Independent Scrutineer",
    partnership: Partnership = None,
    now: Now = None,
) -> None:
    """Write the Assurance Report of a cycle to a file.

    It is a draft until it is approved. Writing it changes nothing."""
    from s11flow.reports.render import FORMATS, render
    from s11flow.services.reports import assurance_report

    kind = next((known for known in FORMATS if known == format_.lower()), None)
    if kind is None:
        why = "is not there yet" if format_.lower() in LATER else "is none of a report"
        raise typer.BadParameter(f"The format {format_} {why}; use {', '.join(FORMATS)}.", param_hint="--format")
    with at_work(partnership, now=now, reads=True) as desk:
        made = assurance_report(
            desk.uow, partnership=desk.partnership, year=desk.year(year), now=desk.now, author=author
        )
        data = render(made, kind)
    if str(output) == "-":
        sys.stdout.buffer.write(data)
        return
    options.write_out(output, data)
    show.note(f"The report is in {output}.")
