"""`s11flow inbox`: mail from outside that waits for a decision."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s11flow.cli import options, show
from s11flow.cli.case import told_received
from s11flow.cli.frame import Exit, at_work, said
from s11flow.cli.options import AsJson, DryRun, Now, Partnership, Reason, Ref

if TYPE_CHECKING:
    from notifications.mailbox import Mailbox
    from s11flow.cli.frame import Desk
    from s11flow.services.inbox import Waiting
    from s11flow.services.submissions import Received

app = typer.Typer(no_args_is_help=True, help="Mail from outside: taken in, filed, or waiting for a decision.")

Mail = Annotated[int, typer.Argument(metavar="ID", help="The mail's number in `s11flow inbox list`.")]


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Also what was decided on.")] = False,
    partnership: Partnership = None,
    as_json: AsJson = False,
) -> None:
    """List what waits, oldest first."""
    with at_work(partnership, reads=True) as desk:
        from s11flow.services import inbox

        looked_up = inbox.everything if everything else inbox.waiting
        found = [mail.as_json() for mail in looked_up(desk.uow, partnership=desk.partnership)]
    show.answer(found, as_json=as_json, plain=lambda: _list(found))


def _list(found: list[dict[str, Any]]) -> None:
    rows = [
        (
            mail["id"],
            show.when(mail["arrived_at"]),
            mail["sender"],
            mail["case"] or _perhaps(mail),
            mail["decision"] or "waits",
            mail["why"] or mail["note"],
            [file["name"] for file in mail["files"]],
        )
        for mail in found
    ]
    show.table(("No", "Arrived", "From", "Case", "Decision", "Why", "Files"), rows, empty="Nothing waits.")


def _perhaps(mail: dict[str, Any]) -> str:
    """The best guess at whose it is, while it waits."""
    return f"perhaps {mail['guesses'][0].partition(' ')[0]}" if mail["guesses"] and not mail["decision"] else ""


@app.command("show")
def show_(mail: Mail, as_json: AsJson = False) -> None:
    """Show one mail: when it was written and when it came, what it says, why it waits and whose it may be."""
    with at_work(None, reads=True) as desk:
        from s11flow.services import inbox, submissions

        waiting = inbox.look_at(desk.uow, mail)
        place = submissions.Documents(desk.app.documents_dir).place(waiting.sha256) if waiting.sha256 else None
        text = _text_of(place) if place is not None else ""
    found = {**waiting.as_json(), "text": text}
    show.answer(found, as_json=as_json, plain=lambda: _show(found, place))


def _text_of(place: Path) -> str:
    """What the mail says, read in a process of its own; empty for a mail that cannot be read."""
    from notifications.confined import Reader
    from notifications.reading import Unreadable

    try:
        with Reader() as reader:
            return reader.read(place).text
    except (Unreadable, FileNotFoundError):
        return ""


def _show(found: dict[str, Any], place: Path | None) -> None:
    lines = {
        "From": found["sender"],
        "Subject": found["subject"],
        "Its own date": show.when(found["written_at"]) if found["written_at"] else "",
        "Came to us": show.when(found["arrived_at"]),
        "Kind": found["kind"] or "",
        "Case": found["case"] or "",
        "Decision": found["decision"] or "waits",
        "Why": found["why"] or found["note"],
    }
    show.line(f"Mail {found['id']}")
    for name, value in lines.items():
        if value:
            show.line(f"  {name}: {value}")
    for guess in found["guesses"]:
        show.line(f"  Perhaps: {guess}")
    for file in found["files"]:
        show.line(f"  File: {file['name']} ({file['size']:,} bytes)")
    if place is not None:
        show.line(f"  As it came: {place}")
    if found["text"]:
        show.line("")
        show.line(found["text"])


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
    ref: Annotated[
        str | None, typer.Argument(metavar="REF", help="The case; by default the one it is thought for.")
    ] = None,
    sender: Annotated[
        str, typer.Option("--from", metavar="ADDRESS", help="Who gets the receipt; by default its sender.")
    ] = "",
    addresses: Annotated[
        str | None,
        typer.Option(metavar="1,2,3", help="The standards it addresses; by default those its form answers, else all."),
    ] = None,
    remember: Annotated[
        bool, typer.Option("--remember-sender", help="From now on its sender counts as one of the agency's people.")
    ] = False,
    whole: Annotated[bool, typer.Option("--whole", help="File the mail itself: the report is its own text.")] = False,
    returned: Annotated[
        bool, typer.Option("--return", help="Ask at once for the files that cannot be opened; it stays in time.")
    ] = False,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take mail out of the tray as belonging to a case; its files are filed as a report, as of when it arrived."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.rehearsal import documents_for
        from s11flow.services import inbox

        known = _case_of(desk, mail, ref)
        if remember:
            inbox.remember_sender(desk.uow, mail, known, now=desk.now, by=desk.by)
        with documents_for(desk.app, dry_run) as documents:
            done = inbox.file_report(
                desk.uow, documents, mail, known, now=desk.now, by=desk.by, sender=sender,
                addresses=options.listed(addresses), whole=whole, returned=returned,
            )  # fmt: skip
    _told(done.mail, f"is filed with {known}", as_json, dry_run, done.received)


def _case_of(desk: Desk, mail: int, ref: str | None) -> str:
    """The case that was named, else the one that the mail is thought for."""
    from s11flow.domain.errors import WrongInputError
    from s11flow.services import inbox

    if ref is not None:
        return desk.case(ref)
    found = inbox.get(desk.uow, mail)
    if found.case is None:
        guess = f", perhaps {found.guesses[0].partition(' ')[0]}" if found.guesses else ""
        raise WrongInputError(f"Mail {mail} is matched to no case; say which it belongs to{guess}.")
    return found.case


@app.command()
def refile(
    mail: Mail,
    ref: Ref,
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Move what mail was filed as to another case; a wrong receipt is withdrawn, or put right if it has left."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.rehearsal import documents_for
        from s11flow.services import inbox

        known = desk.case(ref)
        with documents_for(desk.app, dry_run) as documents:
            done = inbox.refile(desk.uow, documents, mail, known, reason=reason, now=desk.now, by=desk.by)
    _told(done.mail, f"is filed with {known} now", as_json, dry_run, done.received)


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


@app.command()
def collect(partnership: Partnership = None, now: Now = None, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Take in what came to the mailbox: file what is sure, leave the rest in the tray.

    Safe to run late, twice, or beside another."""
    with at_work(partnership, now=now, dry_run=dry_run, looks_ahead=False) as desk:
        from s11flow.schedule import counted
        from s11flow.services import heartbeat, unread

        done = _collected(desk, desk.parts.mailbox())
        if not done["stopped"]:  # what cannot be read for long is missed, here and by the doctor
            unread.let_go(desk.uow, partnership=desk.partnership, now=desk.now)
            heartbeat.beat(desk.uow, "collect", desk.now, counted(done))
    _told_collected(done, as_json, dry_run)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An mbox file, as mail programs export it.")],
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take in every mail of an mbox file as if it had come to the mailbox; what is known is passed over."""
    with at_work(partnership, now=now, dry_run=dry_run, looks_ahead=False) as desk:
        from notifications.mailbox import Mbox

        done = _collected(desk, Mbox(file))
    _told_collected(done, as_json, dry_run)


def _collected(desk: Desk, mailbox: Mailbox) -> dict[str, Any]:
    from notifications.confined import Reader
    from s11flow.cli.rehearsal import documents_for
    from s11flow.services import intake

    with documents_for(desk.app, desk.dry_run) as documents, Reader() as reader:
        done = intake.collect(desk.uow, documents, mailbox, reader, partnership=desk.partnership, now=desk.now)
    return done.as_json()


def _told_collected(done: dict[str, Any], as_json: bool, dry_run: bool) -> None:
    counters = {name: value for name, value in done.items() if name != "stopped"}
    show.answer(show.marked(done, dry_run), as_json=as_json, plain=lambda: show.counts(counters))
    show.dry(dry_run, as_json=as_json)
    if done["stopped"]:
        raise said(str(done["stopped"]), Exit.REFUSED)
    if done["waiting"]:
        show.note("Some mail needs a person; see `s11flow inbox list`.")
        raise typer.Exit(Exit.PERSON)


@app.command()
def again(
    mail: Mail,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Decide anew on mail that waits: its sender is on the register by now, say."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from notifications.confined import Reader
        from s11flow.cli.rehearsal import documents_for
        from s11flow.services import intake

        with documents_for(desk.app, dry_run) as documents, Reader() as reader:
            done = intake.look_again(desk.uow, documents, reader, mail, now=desk.now)
    _told(
        done, f"{f'is {done.decision}' if done.decision else 'still waits'}. {done.why}".rstrip("."), as_json, dry_run
    )


@app.command()
def replay(partnership: Partnership = None, as_json: AsJson = False) -> None:
    """Read every stored mail again, and say where something else is read in it than was recorded. Changes nothing."""
    with at_work(partnership, reads=True) as desk:
        from notifications.confined import Reader
        from s11flow.cli.rehearsal import documents_for
        from s11flow.services import intake

        with documents_for(desk.app, True) as documents, Reader() as reader:
            read = intake.replay(desk.uow, documents, reader, partnership=desk.partnership)
    found = [mail.as_json() for mail in read]
    show.answer(found, as_json=as_json, plain=lambda: _replay(found))
    if any(mail["differs"] for mail in found):
        raise typer.Exit(Exit.PERSON)


def _replay(found: list[dict[str, Any]]) -> None:
    rows = [(mail["id"], mail["kind"], mail["decision"], mail["differs"]) for mail in found if mail["differs"]]
    show.table(("No", "Kind", "Decision", "Differs"), rows, empty=f"All {len(found)} say what they said.")
