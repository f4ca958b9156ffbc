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
    from s11flow.services.assessments import Assessed


def assess(
    ref: Ref,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The judgement as JSON.")],
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """File the panel's draft judgement of a case.

    It goes to the agency to check."""
    text = options.text_of(file)
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import assessments

        done = assessments.assess(desk.uow, desk.case(ref), text, now=desk.now, by=desk.by)
    _judged(done, "is filed", as_json, dry_run)


def agree(
    ref: Ref, partnership: Partnership = None, now: Now = None, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Agree the newest judgement; the agency gets its feedback."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import assessments

        done = assessments.agree(desk.uow, desk.case(ref), now=desk.now, by=desk.by)
    _judged(done, "is agreed", as_json, dry_run)


def _judged(done: Assessed, what: str, as_json: bool, dry_run: bool) -> None:
    words = f"{done.ref}: judgement {done.version} {what}; it rests on: {done.basis}."
    show.answer(show.marked(done.as_json(), dry_run), as_json=as_json, plain=lambda: show.line(words))
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
