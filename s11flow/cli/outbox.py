"""`s11flow outbox`: the letters, and what staff may do to one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s11flow.cli import options, show
from s11flow.cli.frame import at_work
from s11flow.cli.options import AsJson, DryRun, Now, Partnership, Reason

if TYPE_CHECKING:
    from s11flow.cli.frame import Desk
    from s11flow.services.corrections import Corrected

app = typer.Typer(no_args_is_help=True, help="The letters, and what may be done to one.")

Letter = Annotated[int, typer.Argument(metavar="ID", help="The letter's number in `s11flow outbox list`.")]


@app.command("list")
def list_(
    status: Annotated[str | None, typer.Option(metavar="STATUS", help="Only letters that are, e.g., queued.")] = None,
    kind: Annotated[
        str | None, typer.Option(metavar="KIND", help="Only letters of a kind, e.g. report_request.")
    ] = None,
    case: Annotated[str | None, typer.Option(metavar="REF", help="Only letters about this case.")] = None,
    from_: Annotated[
        datetime | None, typer.Option("--from", parser=options.beginning, metavar="DATE", help="Owed from here on.")
    ] = None,
    to: Annotated[
        datetime | None, typer.Option(parser=options.end, metavar="DATE", help="Owed up to and with this.")
    ] = None,
    partnership: Partnership = None,
    as_json: AsJson = False,
) -> None:
    """List the letters by the time they were owed."""
    with at_work(partnership, reads=True) as desk:
        from s11flow.services.outbox import list_messages

        about = None if case is None else desk.case(case)
        with desk.uow.read() as connection:
            found = list_messages(
                connection, status=status, kind=kind, case=about, since=from_, until=options.after(to)
            )
    show.answer(found, as_json=as_json, plain=lambda: _letters(found, status))


def _letters(found: list[dict[str, Any]], status: str | None) -> None:
    rows = [
        (
            row["id"],
            show.when(row["at"]),
            row["status"].lower(),
            row["kind"],
            row["to"],
            row["subject_line"],
            row["why"],
        )
        for row in found
    ]
    columns = ("No", "When", "Status", "Letter", "To", "Subject", "Why")
    empty = f"No letter that was asked for is {status.lower()}." if status else "No letter is as asked for."
    show.table(columns, rows, empty=empty)


@app.command("show")
def show_(letter: Letter, partnership: Partnership = None, as_json: AsJson = False) -> None:
    """Show a letter and what it says."""
    found = _one(letter, partnership)
    show.answer(found, as_json=as_json, plain=lambda: _letter(found))


def _one(letter: int, partnership: str | None) -> dict[str, Any]:
    with at_work(partnership, reads=True) as desk:
        from s11flow.services import outbox

        with desk.uow.read() as connection:
            return outbox.show(connection, letter)


def _letter(found: dict[str, Any]) -> None:
    show.facts({name.replace("_", " "): value for name, value in found.items() if name != "text"})
    show.line("")
    show.line(found["text"])


def _change(
    letter: int,
    what: Callable[[Desk], None],
    *,
    partnership: str | None,
    now: datetime | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import outbox

        what(desk)
        with desk.uow.read() as connection:
            found = outbox.show(connection, letter)
    del found["text"]
    words = f"Letter {letter} to {found['to']}: {found['status'].lower()}."
    show.answer(show.marked(found, dry_run), as_json=as_json, plain=lambda: show.line(words))
    show.dry(dry_run, as_json=as_json)


@app.command()
def hold(
    letter: Letter,
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Keep a letter from leaving until it is released."""
    from s11flow.services import outbox

    def what(desk: Desk) -> None:
        outbox.hold(desk.uow, letter, reason, by=desk.by, now=desk.now)

    _change(letter, what, partnership=partnership, now=now, dry_run=dry_run, as_json=as_json)


@app.command()
def release(
    letter: Letter,
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Let a held letter go with the next delivery."""
    from s11flow.services import outbox

    def what(desk: Desk) -> None:
        outbox.release(desk.uow, letter, reason, by=desk.by, now=desk.now)

    _change(letter, what, partnership=partnership, now=now, dry_run=dry_run, as_json=as_json)


@app.command()
def retry(
    letter: Letter,
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Send a letter again that failed, is delayed, or may not have arrived."""
    from s11flow.services import outbox

    def what(desk: Desk) -> None:
        outbox.retry(desk.uow, letter, reason, by=desk.by, now=desk.now)

    _change(letter, what, partnership=partnership, now=now, dry_run=dry_run, as_json=as_json)


@app.command()
def withdraw(
    letter: Letter,
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Never send a letter that has not left."""
    from s11flow.services import outbox

    def what(desk: Desk) -> None:
        outbox.withdraw(desk.uow, letter, reason, by=desk.by, now=desk.now)

    _change(letter, what, partnership=partnership, now=now, dry_run=dry_run, as_json=as_json)


@app.command()
def correct(
    letter: Letter,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="What was wrong with it; its reader is told.")] = "",
    text: Annotated[str, typer.Option(metavar="TEXT|FILE", help="What is right, in your own words, or a file.")] = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Put a letter right that left by mistake: whoever got it gets an answer to it.

    An invitation is called off in that reader's calendar."""
    right = options.words_or_file(text)
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import corrections

        done = corrections.correct(desk.uow, letter, wrong=reason, right=right, by=desk.by, now=desk.now)
    found = show.marked(done.as_json(), dry_run)
    show.answer(found, as_json=as_json, plain=lambda: _corrected(done))
    show.dry(dry_run, as_json=as_json)


def _corrected(done: Corrected) -> None:
    show.line(f"Letter {done.by_letter} to {done.to} puts letter {done.letter} right; both stay on record.")
    if done.diary:
        show.line(f"  {done.diary}")


@app.command()
def arrived(
    letter: Letter,
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Record that a letter of unknown outcome did arrive."""
    from s11flow.services import outbox

    def what(desk: Desk) -> None:
        outbox.arrived(desk.uow, letter, reason, by=desk.by, now=desk.now)

    _change(letter, what, partnership=partnership, now=now, dry_run=dry_run, as_json=as_json)
