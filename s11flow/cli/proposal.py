"""`s11flow panel proposal`: other times that attendees proposed from their calendars; and where they answer from."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from s11flow.cli import show
from s11flow.cli.frame import at_work
from s11flow.cli.options import AsJson, DryRun, Now, Partnership, Reason, Ref

app = typer.Typer(no_args_is_help=True, help="Other times that attendees proposed from their calendars.")

Number = Annotated[int | None, typer.Option("--number", min=1, metavar="N", help="Which, where several wait.")]


@app.command("list")
def list_(partnership: Partnership = None, as_json: AsJson = False) -> None:
    """List the proposals that wait for a decision."""
    with at_work(partnership, reads=True) as desk:
        from s11flow.services.proposed import open_proposals

        with desk.uow.read() as connection:
            found = [each.as_json() for each in open_proposals(connection, desk.partnership)]
    show.answer(found, as_json=as_json, plain=lambda: _list(found))


def _list(found: list[dict[str, Any]]) -> None:
    rows = [
        (each["case"], str(each["number"]), each["attendee"], show.when(each["proposes"]), each["comment"])
        for each in found
    ]
    show.table(("Case", "Number", "Attendee", "Proposes", "Comment"), rows, empty="No other time is proposed.")


@app.command()
def accept(
    ref: Ref,
    number: Number = None,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Move the session to the time proposed, as the agency asked."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.outcome import tell
        from s11flow.services import proposals

        plan = proposals.accept(desk.uow, desk.case(ref), number, now=desk.now, by=desk.by)
    tell(plan, as_json=as_json, dry_run=dry_run)


@app.command()
def refuse(
    ref: Ref,
    number: Number = None,
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Leave the session where it is, and tell whoever proposed."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.outcome import tell
        from s11flow.services import proposals

        plan = proposals.refuse(desk.uow, desk.case(ref), number, reason=reason, now=desk.now, by=desk.by)
    tell(plan, as_json=as_json, dry_run=dry_run)


def alias(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Where an answer came from.")],
    attendee: Annotated[str, typer.Argument(metavar="ATTENDEE", help="Whose it is: the address invited.")],
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take answers from an address as those of somebody invited under another one."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import replies

        replies.remember(desk.uow, address, attendee, partnership=desk.partnership, now=desk.now, by=desk.by)
    done = {"address": address.strip().casefold(), "attendee": attendee.strip().casefold()}
    words = f"What {done['address']} answers counts as {done['attendee']}'s answer."
    show.answer(show.marked(done, dry_run), as_json=as_json, plain=lambda: show.line(words))
    show.dry(dry_run, as_json=as_json)
