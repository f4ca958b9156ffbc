"""`s11flow inbox`: mail from outside that waits for a decision."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s11flow.cli import options, show
from s11flow.cli.case import told_received
from s11flow.cli.frame import at_work
from s11flow.cli.options import AsJson, DryRun, Now, Partnership, Reason, Ref

if TYPE_CHECKING:
    from s11flow.services.inbox import Waiting
    from s11flow.services.submissions import Received

app = typer.Typer(no_args_is_help=True, help="Mail from outside that waits for a decision.")

Mail = Annotated[int, typer.Argument(metavar="ID", help="The mail's number in `s11flow inbox list`.")]


@app.command("list")
def list_(partnership: Partnership = None, as_json: AsJson = False) -> None:
    """List what waits, oldest first."""
    with at_work(partnership, reads=True) as desk:
        from s11flow.services import inbox

        found = [mail.as_json() for mail in inbox.waiting(desk.uow, partnership=desk.partnership)]
    show.answer(found, as_json=as_json, plain=lambda: _list(found))


def _list(found: list[dict[str, Any]]) -> None:
    rows = [
        (
            mail["id"],
            show.when(mail["arrived_at"]),
            mail["case"],
            mail["note"],
            [file["name"] for file in mail["files"]],
        )
        for mail in found
    ]
    show.table(("No", "Arrived", "Case", "Note", "Files"), rows, empty="Nothing waits.")


@app.command()
def add(
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE...", help="What was attached.")] = None,
    arrived_at: Annotated[
        datetime | None, typer.Option(parser=options.moment, metavar="ISO", help="When it reached us; by default now.")
    ] = None,
    case: Annotated[str | None, typer.Option(metavar="REF", help="The case it may be about, if anybody knows.")] = None,
    words: Annotated[str, typer.Option("--note", metavar="TEXT", help="Who sent it and what it seems to be.")] = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Put mail into the tray; while it waits, no silence of before it is confirmed."""
    given = [(path.name, options.content(path)) for path in files or ()]
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.rehearsal import documents_for
        from s11flow.services import inbox

        with documents_for(desk.app, dry_run) as documents:
            kept = [(name, documents.keep(data), len(data)) for name, data in given]
        mail = inbox.add(
            desk.uow, partnership=desk.partnership, arrived_at=arrived_at or desk.now, now=desk.now, by=desk.by,
            case_ref=None if case is None else desk.case(case), note=words, files=kept,
        )  # fmt: skip
    _told(mail, "waits for a decision", as_json, dry_run)


def _told(mail: Waiting, what: str, as_json: bool, dry_run: bool, received: Received | None = None) -> None:
    def plain() -> None:
        show.line(f"Mail {mail.id} {what}.")
        if received is not None:
            told_received(received)

    found = mail.as_json() if received is None else {**mail.as_json(), "report": received.as_json()}
    show.answer(show.marked(found, dry_run), as_json=as_json, plain=plain)
    show.dry(dry_run, as_json=as_json)


@app.command()
def file(
    mail: Mail,
    ref: Ref,
    sender: Annotated[str, typer.Option("--from", metavar="ADDRESS", help="Who sent it; they get the receipt.")] = "",
    addresses: Annotated[
        str | None,
        typer.Option(metavar="1,2,3", help="The standards it addresses; by default those its form answers, else all."),
    ] = None,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take mail out of the tray as belonging to a case; its files are filed as a report, as of when it arrived."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import inbox, submissions

        documents, known = submissions.Documents(desk.app.documents_dir), desk.case(ref)
        waiting, received = inbox.get(desk.uow, mail), None
        if waiting.files:
            received = submissions.receive(
                desk.uow, documents, known, [(name, documents.read(digest)) for name, digest, _ in waiting.files],
                now=desk.now, by=desk.by, arrived_at=waiting.arrived_at, sender=sender,
                addresses=options.listed(addresses),
            )  # fmt: skip
        done = inbox.file(desk.uow, mail, known, now=desk.now, by=desk.by)
    _told(done, f"is filed with {known}", as_json, dry_run, received)


@app.command()
def ignore(
    mail: Mail,
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take mail out of the tray as no report."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import inbox

        done = inbox.ignore(desk.uow, mail, reason, now=desk.now, by=desk.by)
    _told(done, "is ignored", as_json, dry_run)
