"""`s11flow panel`: sessions with the panel."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import typer

from s11flow.cli import options, show
from s11flow.cli.frame import at_work
from s11flow.cli.options import AsJson, DryRun, MaybeYear, Now, Partnership, Reason, Ref

app = typer.Typer(no_args_is_help=True, help="Sessions with the panel: plan, move, record, cancel.")


@app.command()
def plan(
    year: MaybeYear = None,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Pencil a session for each case that should have one and has none."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services.panel_days import plan_sessions

        done = plan_sessions(desk.uow, partnership=desk.partnership, year=desk.year(year), now=desk.now, by=desk.by)
    left = f" None was free for {', '.join(done.without_session)}." if done.without_session else ""
    words = f"{done.ref}: {done.sessions} sessions pencilled.{left}"
    show.answer(show.marked(done.as_json(), dry_run), as_json=as_json, plain=lambda: show.line(words))
    show.dry(dry_run, as_json=as_json)


@app.command()
def move(
    ref: Ref,
    to: Annotated[
        datetime,
        typer.Option(parser=options.time_of_day, metavar="ISO", help="When it begins, 2026-11-12T09:30, London time."),
    ],
    asked_by: Annotated[Literal["panel", "agency"], typer.Option(help="Who asked for it.")] = "panel",
    reason: Reason = "",
    consent: Annotated[
        bool, typer.Option("--consent", help="The agency agrees, though its deadline comes earlier.")
    ] = False,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Move a session; the invitation is sent again and replies are asked anew."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.outcome import tell
        from s11flow.services import sessions

        plan = sessions.move(
            desk.uow, desk.case(ref), to=to, asked_by=asked_by, now=desk.now, by=desk.by, reason=reason, consent=consent
        )
    tell(plan, as_json=as_json, dry_run=dry_run)


@app.command()
def reply(
    ref: Ref,
    attendee: Annotated[str, typer.Argument(metavar="ATTENDEE", help="Who answered: the address invited.")],
    answer: Annotated[Literal["accepted", "declined", "tentative"], typer.Argument(help="What they answered.")],
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Record an answer to the invitation."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.outcome import tell
        from s11flow.services import sessions

        plan = sessions.reply(desk.uow, desk.case(ref), attendee, answer, now=desk.now, by=desk.by)
    tell(plan, as_json=as_json, dry_run=dry_run)


@app.command()
def record(
    ref: Ref,
    outcome: Annotated[Literal["attended", "in-part", "absent"], typer.Argument(help="What happened.")],
    minutes: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="With in-part: how long they were there.")
    ] = None,
    notice: Annotated[bool, typer.Option("--notice", help="With absent: they had told us.")] = False,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Record what happened at a session."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.outcome import tell
        from s11flow.services import sessions

        plan = sessions.record(
            desk.uow, desk.case(ref), outcome, now=desk.now, by=desk.by, minutes=minutes, notice=notice
        )
    tell(plan, as_json=as_json, dry_run=dry_run)


@app.command()
def cancel(
    ref: Ref,
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Cancel a session; those invited get a calendar cancellation."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.outcome import tell
        from s11flow.services import sessions

        plan = sessions.cancel(desk.uow, desk.case(ref), reason=reason, now=desk.now, by=desk.by)
    tell(plan, as_json=as_json, dry_run=dry_run)
