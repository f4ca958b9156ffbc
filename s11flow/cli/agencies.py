"""`s11flow agencies`: the register."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s11flow.cli import options, show
from s11flow.cli.frame import Exit, at_work, said
from s11flow.cli.options import AsJson, DryRun, Now, Partnership
from s11flow.domain.review_actions import ActionStatus, ReviewKind

if TYPE_CHECKING:
    from s11flow.services.agencies import Imported

app = typer.Typer(no_args_is_help=True, help="The register of agencies.")
actions = typer.Typer(no_args_is_help=True, help="Agencies' own actions from reviews and audits.")
app.add_typer(actions, name="action")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The register as CSV or .xlsx, one agency a row.")],
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Bring the register to what a file says: all of it or, if any row is refused, nothing."""
    content = options.content(file)
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services.agencies import import_register

        done = import_register(desk.uow, _text(content), partnership=desk.partnership, now=desk.now, by=desk.by)
    show.answer(show.marked(done.as_json(), dry_run), as_json=as_json, plain=lambda: _imported(done))
    show.dry(dry_run, as_json=as_json)
    if done.refused:
        raise said(_refused(done, file), Exit.REFUSED)


def _text(content: bytes) -> str | bytes:
    if not content.startswith(b"PK"):
        return content
    from s11flow.services.register_workbook import as_csv

    return as_csv(content)


def _imported(done: Imported) -> None:
    show.table(("Line", "Code", "What", "Why"), [(row.line, row.code, row.what, row.why) for row in done.rows])
    found = done.as_json()
    show.counts({what: found[what] for what in ("added", "changed", "unchanged", "refused")})


def _refused(done: Imported, file: Path) -> str:
    first, others = done.refused[0], len(done.refused) - 1
    also = f" {others} more {'row is' if others == 1 else 'rows are'} refused." if others else ""
    return f"Nothing was changed: {file.name}, line {first.line}, {first.code or 'no code'}: {first.why}{also}"


@app.command("list")
def list_(partnership: Partnership = None, as_json: AsJson = False) -> None:
    """List the agencies."""
    with at_work(partnership, reads=True) as desk:
        from s11flow.services.agencies import list_agencies

        found = [item.as_json() for item in list_agencies(desk.uow, partnership=desk.partnership)]
    columns = ("code", "name", "category", "status", "lead", "contact_email")
    rows = [[item[name] for name in columns] for item in found]
    titles = ("Code", "Name", "Category", "Status", "Lead", "Contact")
    empty = "There are no agencies yet; run `s11flow agencies import FILE`."
    show.answer(found, as_json=as_json, plain=lambda: show.table(titles, rows, empty=empty))


@app.command("show")
def show_(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The agency's code, for instance 05A.")],
    partnership: Partnership = None,
    as_json: AsJson = False,
) -> None:
    """Show an agency and its cases."""
    with at_work(partnership, reads=True) as desk:
        from s11flow.services.agencies import show_agency

        found = show_agency(desk.uow, partnership=desk.partnership, code=code).as_json()
    show.answer(found, as_json=as_json, plain=lambda: _agency(found))


def _agency(found: dict[str, Any]) -> None:
    cases = [f"{item['case']} ({item['state']})" for item in found["cases"]]
    show.facts({name.replace("_", " "): value for name, value in {**found, "cases": cases}.items()})


# --- actions from reviews ---------------------------------------------------------------------------------------------

_Review = Annotated[str | None, typer.Option(metavar="TEXT", help="Which review, without anybody's name.")]
_Evidence = Annotated[str | None, typer.Option(metavar="TEXT", help="What shows it.")]
_Due = Annotated[date | None, typer.Option(parser=options.day, metavar="DATE", help="By when it is to be done.")]


@actions.command("list")
def list_actions(
    code: Annotated[str | None, typer.Argument(metavar="CODE", help="Only this agency's.")] = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that are not done.")] = False,
    partnership: Partnership = None,
    as_json: AsJson = False,
) -> None:
    """List the actions that are held, with who said that they stand so."""
    with at_work(partnership, reads=True) as desk:
        from s11flow.services import held_actions, review_actions

        held = review_actions.list_(desk.uow, partnership=desk.partnership, code=code, only_open=only_open)
    found = [held_actions.as_json(each) for each in held]
    rows = [
        (each.called, each.agency, each.title, each.origin, str(each.status), each.due or "", each.reported_by)
        for each in held
    ]
    titles = ("No", "Agency", "Action", "From", "Status", "Due", "On whose word")
    empty = "No action is held; add one with `s11flow agencies action add CODE`."
    show.answer(found, as_json=as_json, plain=lambda: show.table(titles, rows, empty=empty))


@actions.command("add")
def add_action(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The agency's code, for instance 05A.")],
    title: Annotated[str, typer.Option(metavar="TEXT", help="What is to be done.")],
    kind: Annotated[ReviewKind, typer.Option(help="What sort of review it comes from.")],
    review: _Review = None,
    status: Annotated[ActionStatus, typer.Option(help="How it stands.")] = ActionStatus.PLANNED,
    evidence: _Evidence = None,
    due: _Due = None,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Hold an action for an agency: it is asked about in the request and shown to the panel."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.domain.review_actions import ReviewAction
        from s11flow.services import held_actions, review_actions

        given = ReviewAction(0, code, kind, title, review or "", status, evidence or "", due)
        done = review_actions.add(desk.uow, code, given, partnership=desk.partnership, now=desk.now, by=desk.by)
    _action(held_actions.as_json(done), done.sentence, dry_run=dry_run, as_json=as_json)


@actions.command("set")
def set_action(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Its number, 7 or A7.")],
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="What is to be done.")] = None,
    kind: Annotated[ReviewKind | None, typer.Option(help="What sort of review it comes from.")] = None,
    review: _Review = None,
    status: Annotated[ActionStatus | None, typer.Option(help="How it stands.")] = None,
    evidence: _Evidence = None,
    due: _Due = None,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Change an action that is held; what it was stays in the history."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import held_actions, review_actions

        change = review_actions.Change(title, kind, review, status, evidence, due)
        done = review_actions.set_(
            desk.uow, options.action_number(number), change, partnership=desk.partnership, now=desk.now, by=desk.by
        )
    _action(held_actions.as_json(done), done.sentence, dry_run=dry_run, as_json=as_json)


def _action(found: dict[str, Any], words: str, *, dry_run: bool, as_json: bool) -> None:
    show.answer(show.marked(found, dry_run), as_json=as_json, plain=lambda: show.line(words))
    show.dry(dry_run, as_json=as_json)
