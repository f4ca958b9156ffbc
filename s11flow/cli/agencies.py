"""`s11flow agencies`: the register."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s11flow.cli import options, show
from s11flow.cli.frame import Exit, at_work, said
from s11flow.cli.options import AsJson, DryRun, Now, Partnership

if TYPE_CHECKING:
    from s11flow.services.agencies import Imported

app = typer.Typer(no_args_is_help=True, help="The register of agencies.")


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
