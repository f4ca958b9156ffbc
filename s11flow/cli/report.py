"""The files a cycle is shown in: the Assurance Report with its author's text, and the status board."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s11flow.cli import cycle, options, show
from s11flow.cli.frame import at_work
from s11flow.cli.options import AsJson, DryRun, MaybeYear, Now, Partnership

if TYPE_CHECKING:
    from s11flow.reports import Additions, Naming

LATER = ("pdf",)

Output = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help='Where to write it; "-" prints it.')]


def report(
    output: Output,
    year: MaybeYear = None,
    format_: Annotated[
        str, typer.Option("--format", metavar="html|docx|xlsx|csv|json", help="What kind of file.")
    ] = "html",
    author: Annotated[
        str, typer.Option(metavar="ROLE", help="Who wrote it in the place of the panel's lead, the author otherwise.")
    ] = "",
    published: Annotated[
        bool,
        typer.Option("--published", help="The version for the public, as was decided with `s11flow cycle naming`."),
    ] = False,
    partnership: Partnership = None,
    now: Now = None,
) -> None:
    """Write the Assurance Report of a cycle to a file.

    It is a draft until it is approved. Writing it changes nothing."""
    from s11flow.reports.render import FORMATS, render
    from s11flow.services.reports import assurance_report, published_report

    kind = next((known for known in FORMATS if known == format_.lower()), None)
    if kind is None:
        why = "is not there yet" if format_.lower() in LATER else "is none of a report"
        raise typer.BadParameter(f"The format {format_} {why}; use {', '.join(FORMATS)}.", param_hint="--format")
    with at_work(partnership, now=now, reads=True) as desk:
        made = (published_report if published else assurance_report)(
            desk.uow, partnership=desk.partnership, year=desk.year(year), now=desk.now, author=author
        )
        data = render(made, kind)
    _hand_out(output, data, "The report")


@cycle.app.command("board")
def board(
    output: Output,
    year: MaybeYear = None,
    format_: Annotated[
        str | None,
        typer.Option("--format", metavar="xlsx|csv", help="What kind of file; by default what FILE ends in, or xlsx."),
    ] = None,
    partnership: Partnership = None,
    now: Now = None,
) -> None:
    """Write the status board of a cycle to a file: a line for each case, with its dates and what comes next."""
    from s11flow.reports.board import BOARD_FORMATS, render_board
    from s11flow.services.boards import status_board

    kind = (format_ or output.suffix[1:] or BOARD_FORMATS[0]).lower()
    if kind not in BOARD_FORMATS:
        raise typer.BadParameter(
            f"The format {kind} is none of a status board; use {' or '.join(BOARD_FORMATS)}.", param_hint="--format"
        )
    with at_work(partnership, now=now, reads=True) as desk:
        made = status_board(desk.uow, partnership=desk.partnership, year=desk.year(year), now=desk.now)
    _hand_out(output, render_board(made, kind), "The status board")


def _hand_out(output: Path, data: bytes, what: str) -> None:
    if str(output) == "-":
        sys.stdout.buffer.write(data)
        return
    options.write_out(output, data)
    show.note(f"{what} is in {output}.")


# --- what people say beside the figures -------------------------------------------------------------------------------


@cycle.app.command("report-text")
def report_text(
    year_and_file: Annotated[
        list[str],
        typer.Argument(metavar="[YEAR] FILE", help="The text as TOML, before it the cycle, if not the newest."),
    ],
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Keep the author's text for the Assurance Report: recommendations to all, themes, lessons, and the like.

    It takes the place of what was kept before. "-" for FILE prints what is kept."""
    year, name = options.year_and(year_and_file, "the file")
    if name == "-":
        _print_text(year, partnership)
        return
    text = options.text_of(Path(name))
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import publication

        code = desk.year(year)
        additions = publication.set_report_text(
            desk.uow, text, partnership=desk.partnership, year=code, now=desk.now, by=desk.by
        )
        ref = f"{desk.partnership}-{code}"
    counts = _counts(additions)
    found = show.marked({"cycle": ref, **counts}, dry_run)
    show.answer(found, as_json=as_json, plain=lambda: show.counts(counts, before=f"The report of {ref} will say: "))
    show.dry(dry_run, as_json=as_json)


def _counts(additions: Additions) -> dict[str, Any]:
    return {
        "changes": len(additions.changes),
        "themes": len(additions.themes),
        "year_on_year": len(additions.year_on_year),
        "recommendations": len(additions.recommendations),
        "lessons": len(additions.lessons),
    }


def _print_text(year: str | None, partnership: str | None) -> None:
    with at_work(partnership, reads=True) as desk:
        from s11flow.services import publication

        kept = publication.report_text(desk.uow, partnership=desk.partnership, year=desk.year(year))
    if kept:
        show.line(kept.rstrip("\n"))
    else:
        show.note("No text is kept; docs/examples/report-text.toml shows what one looks like.")


@cycle.app.command("naming")
def naming(
    year_and_decision: Annotated[
        list[str],
        typer.Argument(metavar="[YEAR] named|counted", help="The decision; before it the cycle, if not the newest."),
    ],
    authority: Annotated[
        str, typer.Option(metavar="TEXT", help="Who decided, and when; it is printed in the published report.")
    ] = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Record whether the published report names the agencies that did not submit, or only counts them."""
    year, said = options.year_and(year_and_decision, "the decision")
    decision = _decision(said)
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import publication

        code = desk.year(year)
        publication.decide_naming(
            desk.uow, decision, authority=authority, partnership=desk.partnership, year=code, now=desk.now, by=desk.by
        )
        ref = f"{desk.partnership}-{code}"
    found = show.marked({"cycle": ref, "not_submitted": decision}, dry_run)
    words = f"The published report of {ref} will have those that did not submit {decision}."
    show.answer(found, as_json=as_json, plain=lambda: show.line(words))
    show.dry(dry_run, as_json=as_json)


def _decision(said: str) -> Naming:
    match said.lower():
        case "named":
            return "named"
        case "counted":
            return "counted"
    raise typer.BadParameter(f'"{said}" is no decision on naming; use named or counted.')
