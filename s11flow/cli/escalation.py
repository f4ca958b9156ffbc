"""`s11flow escalation`: non-submissions on their way to, or with, the Executive Chair."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from s11flow.cli import options, show
from s11flow.cli.case import act
from s11flow.cli.frame import at_work
from s11flow.cli.options import AsJson, DryRun, Now, Partnership, Reason, Ref, YearOption

app = typer.Typer(no_args_is_help=True, help="Non-submissions with the Executive Chair.")


@app.command("list")
def list_(year: YearOption = None, partnership: Partnership = None, as_json: AsJson = False) -> None:
    """List the escalations of a cycle."""
    with at_work(partnership, reads=True) as desk:
        from s11flow.services.views import escalations

        with desk.uow.read() as connection:
            found = escalations(connection, desk.partnership, year)
    show.answer(found, as_json=as_json, plain=lambda: _list(found))


def _list(found: list[dict[str, Any]]) -> None:
    rows = [
        (item["case"], item["agency_name"], item["state_words"], show.when(item["sent_at"]), _held(item))
        for item in found
    ]
    columns = ("Case", "Agency", "State", "Sent to the Chair", "Held until")
    show.table(columns, rows, empty="Nothing was escalated.")


def _held(item: dict[str, Any]) -> str:
    """Until when, of one that is held; one that has ended is held no more."""
    return (item["hold_until"] or "") if item["state"] == "HELD" else ""


@app.command()
def hold(
    ref: Ref,
    until: Annotated[date, typer.Option(parser=options.day, metavar="DATE", help="When to look at it again.")],
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Let an escalation wait; it is never released by itself."""
    from s11flow.domain.acts import Hold

    act(ref, Hold(until, reason), partnership=partnership, now=now, dry_run=dry_run, as_json=as_json)


@app.command()
def resume(
    ref: Ref,
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Let a held escalation go on."""
    from s11flow.domain.acts import Resume

    act(ref, Resume(reason), partnership=partnership, now=now, dry_run=dry_run, as_json=as_json)


@app.command()
def acknowledge(
    ref: Ref, partnership: Partnership = None, now: Now = None, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Record that the Chair has seen it."""
    from s11flow.domain.acts import Acknowledge

    act(ref, Acknowledge(), partnership=partnership, now=now, dry_run=dry_run, as_json=as_json)


@app.command("follow-up")
def follow_up(
    ref: Ref,
    words: Annotated[str, typer.Option(metavar="TEXT|FILE", help="The Chair's own words, or a text file with them.")],
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Send the Chair's letter to the agency's senior leader."""
    from s11flow.domain.acts import FollowUp

    what = FollowUp(options.words_or_file(words))
    act(ref, what, partnership=partnership, now=now, dry_run=dry_run, as_json=as_json)


@app.command("stand-down")
def stand_down(
    ref: Ref,
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Record that the Chair stops it, with a reason."""
    from s11flow.domain.acts import StandDownEscalation

    act(ref, StandDownEscalation(reason), partnership=partnership, now=now, dry_run=dry_run, as_json=as_json)
