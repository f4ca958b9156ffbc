"""`s11flow incident`: what was set aside because it could not be worked out."""

from __future__ import annotations

from typing import Annotated

import typer

from s11flow.cli import show
from s11flow.cli.frame import at_work
from s11flow.cli.options import AsJson, DryRun, Now, Partnership, Reason

app = typer.Typer(no_args_is_help=True, help="What was set aside because it could not be worked out.")


@app.command("list")
def list_(partnership: Partnership = None, as_json: AsJson = False) -> None:
    """List what is set aside."""
    with at_work(partnership, reads=True) as desk:
        from s11flow.services.incidents import parked

        with desk.uow.read() as connection:
            found = [item.as_json() for item in parked(connection, desk.partnership)]
    rows = [(item["ref"], item["kind"], show.when(item["since"]), item["why"]) for item in found]
    plain = ("Reference", "Kind", "Since", "What went wrong")
    show.answer(found, as_json=as_json, plain=lambda: show.table(plain, rows, empty="Nothing is set aside."))


@app.command()
def release(
    ref: Annotated[str, typer.Argument(metavar="REF", help="What is set aside, as `s11flow incident list` has it.")],
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Let the clock have it again, once what was wrong is put right."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import incidents

        done = incidents.release(desk.uow, ref, partnership=desk.partnership, reason=reason, now=desk.now, by=desk.by)
    found = show.marked(done.as_json(), dry_run)
    show.answer(found, as_json=as_json, plain=lambda: show.line(f"{done.ref} is released; the next tick takes it up."))
    show.dry(dry_run, as_json=as_json)
