"""`s11flow panel`: sessions with the panel."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from s11flow.cli import options, show
from s11flow.cli.frame import at_work
from s11flow.cli.options import AsJson, DryRun, MaybeYear, Now, Partnership, Reason, Ref

app = typer.Typer(no_args_is_help=True, help="Sessions with the panel: plan, move, offer, record, cancel.")

Consent = Annotated[bool, typer.Option("--consent", help="The agency agrees, though its deadline comes earlier.")]
Place = Annotated[str, typer.Option(metavar="PLACE", help="Where, if not at the panel's usual place.")]
ManagerAgrees = Annotated[
    bool, typer.Option("--manager-agrees", help="The Business Manager agrees to a further request of the agency.")
]


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
    consent: Consent = False,
    place: Place = "",
    manager_agrees: ManagerAgrees = False,
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
            desk.uow, desk.case(ref), to=to, asked_by=asked_by, now=desk.now, by=desk.by, reason=reason,
            consent=consent, place=place, allowed=manager_agrees,
        )  # fmt: skip
    tell(plan, as_json=as_json, dry_run=dry_run)


@app.command()
def swap(
    ref: Ref,
    other: Annotated[str, typer.Argument(metavar="REF", help="The case it changes places with.")],
    asked_by: Annotated[
        Literal["panel", "agency"], typer.Option(help="Who asked for it; agency is the first of the two.")
    ] = "panel",
    reason: Reason = "",
    consent: Consent = False,
    manager_agrees: ManagerAgrees = False,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Let two agencies change places; both are sent a changed invitation.

    Asked by an agency, both keep their deadlines."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.outcome import tell_all
        from s11flow.services import sessions

        plans = sessions.swap(
            desk.uow, desk.case(ref), desk.case(other), asked_by=asked_by, now=desk.now, by=desk.by, reason=reason,
            consent=consent, allowed=manager_agrees,
        )  # fmt: skip
    tell_all(plans, as_json=as_json, dry_run=dry_run)


@app.command()
def ask(
    ref: Ref,
    for_: Annotated[
        datetime | None,
        typer.Option(
            "--for", parser=options.time_of_day, metavar="ISO", help="The time it would like, if it named one"
        ),
    ] = None,
    reason: Reason = "",
    manager_agrees: ManagerAgrees = False,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Note that an agency asks for another time; nothing moves yet.

    The digest reminds of it until a time is accepted."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.outcome import tell
        from s11flow.services import sessions

        plan = sessions.ask(
            desk.uow, desk.case(ref), wanted=for_, reason=reason, allowed=manager_agrees, now=desk.now, by=desk.by
        )
    tell(plan, as_json=as_json, dry_run=dry_run)


@app.command()
def offer(
    ref: Ref,
    to: Annotated[
        datetime | None,
        typer.Option(parser=options.time_of_day, metavar="ISO", help="A free time, 2026-11-12T09:30, London time."),
    ] = None,
    exchange_with: Annotated[
        str | None, typer.Option(metavar="REF", help="Instead: the time of this case, whose agency asked for another.")
    ] = None,
    place: Place = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Offer an agency another time; its own is kept until it answers.

    One that has no session to come is invited to the new one at once."""
    if (to is None) == (exchange_with is None):
        raise typer.BadParameter("Give --to with a free time, or --exchange-with with a case; one of the two.")
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.outcome import tell
        from s11flow.services import sessions

        if exchange_with is not None:
            plan = sessions.offer_exchange(
                desk.uow, desk.case(ref), wanted_by=desk.case(exchange_with), now=desk.now, by=desk.by
            )
        else:
            assert to is not None
            plan = sessions.offer(desk.uow, desk.case(ref), to=to, place=place, now=desk.now, by=desk.by)
    tell(plan, as_json=as_json, dry_run=dry_run)


@app.command()
def answer(
    ref: Ref,
    said: Annotated[Literal["accepted", "declined"], typer.Argument(metavar="ANSWER", help="accepted or declined")],
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Record what an agency says to the time it was offered; its old one is free only now, if it accepts."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.outcome import tell_all
        from s11flow.services import sessions

        if said == "accepted":
            plans = sessions.accept_offer(desk.uow, desk.case(ref), now=desk.now, by=desk.by)
        else:
            plans = (sessions.decline_offer(desk.uow, desk.case(ref), reason=reason, now=desk.now, by=desk.by),)
    tell_all(plans, as_json=as_json, dry_run=dry_run)


@app.command()
def interest(
    ref: Ref,
    member: Annotated[str, typer.Argument(metavar="MEMBER", help='The member of the panel, by role: "Lay Member".')],
    reason: Reason = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="It is none, or has ended.")] = False,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Declare an interest: the member leaves for that session, and the pack shows them nothing of it."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.outcome import tell
        from s11flow.services import sessions

        act = sessions.withdraw_interest if withdraw else sessions.declare_interest
        plan = act(desk.uow, desk.case(ref), member, reason=reason, now=desk.now, by=desk.by)
        quorum = sessions.quorum_of(desk.uow, plan.facts.ref)
    tell(plan, as_json=as_json, dry_run=dry_run, also={"quorum": quorum})


@app.command()
def order(
    year: MaybeYear = None,
    day: Annotated[
        date | None, typer.Option(parser=options.day, metavar="DATE", help="One day; by default every panel day.")
    ] = None,
    member: Annotated[
        str, typer.Option(metavar="ROLE", help="For this member: what they leave for is a break, and no more.")
    ] = "",
    format_: Annotated[
        Literal["text", "ics", "json"], typer.Option("--format", help="Plain text, a calendar file, or JSON.")
    ] = "text",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write it; by default it is printed.")
    ] = None,
    partnership: Partnership = None,
    now: Now = None,
) -> None:
    """Print the running order of the panel's days: who is seen when, who leaves; afterwards, what happened."""
    with at_work(partnership, now=now, reads=True) as desk:
        from s11flow.services import order as orders

        with desk.uow.read() as connection:
            found = orders.orders(
                connection, partnership=desk.partnership, year=desk.year(year), day=day, member=member
            )
    match format_:
        case "text":
            data = orders.as_text(found).encode()
        case "ics":
            data = orders.as_calendar(found)
        case _:
            data = (json.dumps([each.as_json() for each in found], ensure_ascii=False, indent=2) + "\n").encode()
    if output is None:
        sys.stdout.write(data.decode())
        return
    options.write_out(output, data)
    show.note(f"The running order is in {output}.")


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
    by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="WHO", help="Who came, by name, role or address; once for each."),
    ] = None,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Record what happened at a session.

    With --by, the senior leader is told if nobody came who is named for the agency."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.outcome import tell
        from s11flow.services import sessions

        plan = sessions.record(
            desk.uow, desk.case(ref), outcome, now=desk.now, by=desk.by, minutes=minutes, notice=notice, came=by or ()
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
