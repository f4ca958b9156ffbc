"""`s11flow assess`, `agree` and `reopen`: the panel's judgement on a case."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from s11flow.cli import options, show
from s11flow.cli.case import act
from s11flow.cli.frame import at_work
from s11flow.cli.options import AsJson, DryRun, Now, Partnership, Reason, Ref

if TYPE_CHECKING:
    from s11flow.services.assessments import Assessed, Reader


def assess(
    ref: Ref,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="The judgement as JSON, or as the filled-in workbook of `case judgement-form`."
        ),
    ],
    author: Annotated[
        str, typer.Option(metavar="ROLE", help="Who wrote it, when the panel's lead was absent: a member, by role.")
    ] = "",
    rated_by: Annotated[
        list[str] | None, typer.Option(metavar="ROLE", help="Who rated, if not the whole panel; once for each.")
    ] = None,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """File the panel's draft judgement of a case.

    It goes to the agency to check."""
    given = _judgement(file)
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import assessments

        done = assessments.assess(
            desk.uow, desk.case(ref), given, now=desk.now, by=desk.by, author=author, rated_by=rated_by or ()
        )
    _judged(done, "is filed", as_json, dry_run)


def _judgement(file: Path) -> str | Reader:
    content = options.content(file)
    if not content.startswith(b"PK"):
        return options.text_of(file)
    from s11flow.reports.assessment import check_assessment
    from s11flow.reports.assessment_book import read_book

    return lambda definition: check_assessment(read_book(content, definition), definition)


def agree(
    ref: Ref,
    before_check_closes: Annotated[
        str, typer.Option(metavar="REASON", help="Why not to wait until its accuracy check closes; kept.")
    ] = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Agree the newest judgement; the agency gets its feedback."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import assessments

        done = assessments.agree(desk.uow, desk.case(ref), now=desk.now, by=desk.by, early=before_check_closes)
    _judged(done, "is agreed", as_json, dry_run)


def _judged(done: Assessed, what: str, as_json: bool, dry_run: bool) -> None:
    words = f"{done.ref}: judgement {done.version} {what}; it rests on: {done.basis}."
    if done.deputy_author:
        words += f" Deputy author: {done.author}."
    plain = "\n".join((words, *done.notes))
    show.answer(show.marked(done.as_json(), dry_run), as_json=as_json, plain=lambda: show.line(plain))
    show.dry(dry_run, as_json=as_json)


def reopen(
    ref: Ref,
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Open an agreed judgement again."""
    from s11flow.domain.acts import Reopen

    act(ref, Reopen(reason), partnership=partnership, now=now, dry_run=dry_run, as_json=as_json)
