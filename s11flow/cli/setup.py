"""`s11flow init`, `migrate`, `verify` and `worker`: the installation itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calendars import london
from s11flow.cli import options, show
from s11flow.cli.frame import Exit, at_work, opened
from s11flow.cli.options import AsJson, Now, Partnership

if TYPE_CHECKING:
    from s11flow.services.agencies import Initialised
    from s11flow.services.checkpoints import Checkpoint


def init(
    definition: Annotated[
        Path | None,
        typer.Option(
            "--definition", metavar="FILE", help="The partnership's own definition (TOML); by default the shipped one."
        ),
    ] = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Make the database and the partnership.

    What is there already is left as it is."""
    with opened() as app:
        from db import migrate
        from s11flow.cycles import read_definition, shipped
        from s11flow.services.agencies import init_partnership

        text = shipped() if definition is None else options.text_of(definition)
        # Before there is a database: a wrong definition leaves nothing behind.
        read_definition(text, source="the shipped definition" if definition is None else str(definition))
        migrate.upgrade(app.engine)
        done = init_partnership(app.unit_of_work, text, now=app.now(now))
    found = {
        "partnership": done.code, "name": done.name, "created": done.created, "same_definition": done.same_definition
    }  # fmt: skip
    show.answer(found, as_json=as_json, plain=lambda: _initialised(done))
    if not done.same_definition:
        show.note(
            f"{done.code} keeps the definition it has, which is another one; `s11flow cycle adopt-definition` takes a "
            "new one in."
        )


def _initialised(done: Initialised) -> None:
    if done.created:
        show.line(f"{done.code}, {done.name}, is set up; next: `s11flow agencies import FILE`.")
    else:
        show.line(f"{done.code}, {done.name}, was set up before; nothing was changed.")


def migrate(as_json: AsJson = False) -> None:
    """Bring the database to the tables of this release."""
    with opened() as app:
        from db import migrate as migrations

        before = migrations.current(app.engine)
        migrations.upgrade(app.engine)
        found = {"from": before, "to": migrations.current(app.engine)}
    words = "nothing was to be done" if before == found["to"] else f"it was at {before or 'nothing'}"
    show.answer(found, as_json=as_json, plain=lambda: show.line(f"The database is at {found['to']}; {words}."))


def verify(
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="FILE", help="Compare with a checkpoint that was kept elsewhere."),
    ] = None,
    write_checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--write-checkpoint", metavar="FILE", help='When all is whole, write a checkpoint to keep; "-" prints it.'
        ),
    ] = None,
    partnership: Partnership = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Read the whole record again and say what does not add up.

    That is every history, row, letter and document. It ends with 3 when something does not add up. Keep the checkpoint
    where nobody who can write to the database can."""
    printed = str(write_checkpoint) == "-"
    with at_work(partnership, now=now, reads=True) as desk:
        if printed and as_json:
            raise typer.BadParameter("--json and --write-checkpoint - would both print a document; name a file.")
        from s11flow.services import checkpoints
        from s11flow.services.verify import verify as check

        kept = None if against is None else checkpoints.read(options.text_of(against), source=str(against))
        checked = check(
            desk.uow, now=desk.now, against=kept, documents=desk.app.documents_dir, checkpoint_of=desk.partnership
        )
    found = checked.as_json()
    if kept is not None:
        found["against"] = {"file": str(against), "at": london.iso(kept.at), "subjects": len(kept.heads)}
    if write_checkpoint is not None and checked.checkpoint is not None:
        if checked.broken:
            where = "The checkpoint" if printed else write_checkpoint
            show.note(f"{where} was not written: a checkpoint is taken of what is whole.")
        else:
            _write(checked.checkpoint, None if printed else write_checkpoint)
            found["checkpoint"] = checked.checkpoint.line
    say = show.note if printed else show.line
    show.answer(found, as_json=as_json, plain=lambda: _verified(found, say, None if kept is None else kept.at))
    if checked.broken:
        raise typer.Exit(Exit.PERSON)


def _write(checkpoint: Checkpoint, place: Path | None) -> None:
    """Keep it in a file, or print it."""
    if place is None:
        typer.echo(checkpoint.text(), nl=False)
    else:
        options.write_out(place, checkpoint.text().encode())


def _verified(found: dict[str, Any], say: Callable[[str], None], compared: datetime | None) -> None:
    if not found["broken"]:
        say(f"All is whole: {found['subjects']} subjects, {found['events']} lines of history.")
    if compared is not None:
        file, subjects = found["against"]["file"], found["against"]["subjects"]
        say(f"Compared with {file}: the checkpoint of {london.spell(compared)}, which names {subjects} subjects.")
    if "checkpoint" in found:
        say(f"Checkpoint: {found['checkpoint']}.")
    for sentence in found["broken"]:
        say(f"- {sentence}")


def worker() -> None:
    """Run the schedule in this process until Ctrl-C."""
    import logging
    import threading

    from s11flow.worker import run_worker

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("apscheduler", "alembic"):  # the worker's own lines say what was done
        logging.getLogger(noisy).setLevel(logging.WARNING)
    with opened() as app:
        run_worker(app, stop=threading.Event())


def demo(
    year: Annotated[int, typer.Option(metavar="YEAR", help="The year the requests leave in.")] = 2026,
    today: Annotated[
        date | None,
        typer.Option(parser=options.day, metavar="DATE", help="Stop at the end of this day; by default play it all."),
    ] = None,
    directory: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Where its database, letters and report go.")
    ] = Path("demo-out"),
) -> None:
    """Play an invented year through the real code.

    The register is Gloucestershire's; what the agencies do in it is made up. Nothing is sent to anyone.
    """
    import shlex
    import shutil
    import sys

    from rich.console import Console

    from s11flow.demo import play

    show.line(play(year, directory, today, console=Console(stderr=True)).text())
    if shutil.which("s11flow") is None:
        show.note(f"If s11flow is not found: export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH")
