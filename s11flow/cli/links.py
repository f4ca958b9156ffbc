"""`s11flow links`: whether what reports refer to opens for anyone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s11flow.cli import show
from s11flow.cli.frame import Desk, NotConfigured, at_work
from s11flow.cli.options import AsJson, DryRun, Now, Partnership

if TYPE_CHECKING:
    from s11flow.services.links import Portion

app = typer.Typer(no_args_is_help=True, help="Whether what reports refer to opens for anyone.")

_REF = "Only of this case; by default of every report of a cycle that is not closed."


@app.command("try")
def try_(
    ref: Annotated[str | None, typer.Argument(metavar="REF", help=_REF)] = None,
    again: Annotated[bool, typer.Option("--again", help="Also those that were tried before; needs a case.")] = False,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Ask for each link of a report as nobody in particular, and keep whether it opened.

    It needs S11FLOW_TRY_LINKS=yes: this machine then makes requests to addresses that others wrote."""
    if again and ref is None:
        raise typer.BadParameter("Say of which case: --again tries the links of one report once more.")
    with at_work(partnership, now=now, reads=dry_run) as desk:
        portions = _portions(desk, ref, again=again)
        if dry_run:
            found = {"would_try": [row for portion in portions for row in portion.as_json()]}
        else:
            found = {"tried": _tried(desk, portions)}
    show.answer(show.marked(found, dry_run), as_json=as_json, plain=lambda: _tell(**found))
    show.dry(dry_run, as_json=as_json)


def _portions(desk: Desk, ref: str | None, *, again: bool) -> Sequence[Portion]:
    from s11flow.services import links

    if ref is not None and again:
        return links.once_more(desk.uow, desk.case(ref))
    known = None if ref is None else desk.case(ref)
    return links.untried(desk.uow, partnership=desk.partnership, ref=known)


def _tried(desk: Desk, portions: Sequence[Portion]) -> list[dict[str, Any]]:
    from s11flow.services import links

    opener = desk.app.opener()
    if opener is None:
        raise NotConfigured(
            "No link was tried: this machine may not ask for addresses that others wrote; if your organisation permits "
            "it, set S11FLOW_TRY_LINKS to yes (a demonstration never does)."
        )
    done = links.try_links(desk.uow, opener, portions, now=desk.now, by=desk.by)
    return [each.as_json() for portion in done for each in portion]


def _tell(tried: Sequence[dict[str, Any]] = (), would_try: Sequence[dict[str, Any]] = ()) -> None:
    if would_try:
        wanted = [(row["case"], row["version"], row["address"]) for row in would_try]
        show.table(("Case", "Version", "Would be asked for"), wanted)
        return
    rows = [(row["case"], row["version"], row["outcome"], row["why"], row["address"]) for row in tried]
    show.table(("Case", "Version", "Outcome", "How it showed", "Link"), rows, empty="No link waits to be tried.")
