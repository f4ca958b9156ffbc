"""`s11flow forecast`, `tick` and `deliver`: what will leave, what is owed by now, and the post."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from s11flow.cli import options, show
from s11flow.cli.frame import Exit, at_work
from s11flow.cli.options import AsJson, DryRun, Now, Partnership


def forecast(
    from_: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            parser=options.beginning,
            metavar="DATE",
            help="Only letters from here on; by default also what is late.",
        ),
    ] = None,
    to: Annotated[
        datetime | None,
        typer.Option(parser=options.end, metavar="DATE", help="Up to and with this; by default a year ahead."),
    ] = None,
    partnership: Partnership = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """List every letter that would leave, when and why.

    It assumes that letters are delivered and that nobody does anything."""
    with at_work(partnership, now=now, reads=True) as desk:
        from s11flow.services import forecast as service

        drafts = service.forecast(desk.uow, now=desk.now, from_=from_, to=to, partnership=desk.partnership)
        found = [service.as_json(draft) for draft in drafts]
    show.answer(found, as_json=as_json, plain=lambda: _forecast(found))


def _forecast(found: list[dict[str, Any]]) -> None:
    rows = [
        (show.when(row["at"]), row["kind"], row["case"] or row["subject"], row["to"], row["subject_line"], row["why"])
        for row in found
    ]
    columns = ("When", "Letter", "About", "To", "Subject", "Why")
    show.table(columns, rows, empty="No letter would leave.")


def tick(partnership: Partnership = None, now: Now = None, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Do what the timetable owes by now.

    Safe to run late, twice, or beside another."""
    found = _run("tick", partnership, now, dry_run)
    _tell(found, dry_run, as_json, as_of=f"{show.when(found['now'])}: ")
    if found["incidents"]:
        show.note("Something could not be worked out and was set aside; see `s11flow incident list`.")
        raise typer.Exit(Exit.PERSON)


def deliver(partnership: Partnership = None, now: Now = None, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Hand the letters that are due to the mail server."""
    found = _run("deliver", partnership, now, dry_run)
    del found["now"]
    _tell(found, dry_run, as_json)
    wanting = [name for name in ("failed", "uncertain", "held") if found.get(name)]
    if wanting:
        show.note(f"Some letters need a person; see `s11flow outbox list --status {wanting[0]}`.")
        raise typer.Exit(Exit.PERSON)


def _run(name: str, partnership: str | None, now: datetime | None, dry_run: bool) -> dict[str, Any]:
    """Run a row of the schedule as the worker does: the same service, and the same mark that it ran."""
    with at_work(partnership, now=now, dry_run=dry_run, looks_ahead=False) as desk:
        from calendars import london
        from s11flow import schedule

        return {"now": london.iso(desk.now), **schedule.run(schedule.row(name), desk.parts, desk.now)}


def _tell(found: dict[str, Any], dry_run: bool, as_json: bool, *, as_of: str = "") -> None:
    counters = {name: value for name, value in found.items() if name != "now"}
    show.answer(show.marked(found, dry_run), as_json=as_json, plain=lambda: show.counts(counters, before=as_of))
    show.dry(dry_run, as_json=as_json)
