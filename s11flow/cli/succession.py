"""`s11flow agencies`: who answers for an agency, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s11flow.cli import options, show
from s11flow.cli.frame import at_work
from s11flow.cli.options import AsJson, DryRun, Now, Partnership, Reason

if TYPE_CHECKING:
    from s11flow.services.contacts import Left, Person
    from s11flow.services.successions import Succeeded

Code = Annotated[str, typer.Argument(metavar="CODE", help="The agency's code, for instance 05A.")]
On = Annotated[date, typer.Option(parser=options.day, metavar="DATE", help="From which day.")]
Name = Annotated[str, typer.Option(metavar="TEXT", help="What it is called from then on.")]
Email = Annotated[str, typer.Option("--email", metavar="ADDRESS", help="The address of whoever answers now.")]
PersonName = Annotated[str, typer.Option("--contact-name", metavar="TEXT", help="What they are called.")]
PersonRole = Annotated[str, typer.Option("--contact-role", metavar="TEXT", help="What they do.")]


def contact_left(
    code: Code,
    how: Annotated[str, typer.Option("--how", metavar="TEXT", help="How we know; their deputy is told.")] = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Record that nobody answers for an agency any more: letters to them wait, silence is not reported."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import contacts

        done = contacts.contact_left(
            desk.uow, partnership=desk.partnership, code=code, how=how, now=desk.now, by=desk.by
        )
    _answer(done.as_json(), dry_run, as_json, lambda: _tell_left(done))


def _tell_left(done: Left) -> None:
    many = f"{done.stopped} letter{'s' if done.stopped != 1 else ''} to the contact"
    held = f"{many} that had not left yet {'are' if done.stopped != 1 else 'is'} kept back"
    show.line(
        f"Nobody answers for {', '.join(done.agencies)} now; from now on letters to the contact wait. "
        f"{held if done.stopped else 'None was on its way'}."
    )
    for code, roles in done.asked:
        whom = " and the ".join(roles)
        show.line(
            f"{code}: a letter is owed (contact at risk) that asks the {whom} who answers now."
            if roles
            else f"{code}: no letter asks who answers now; the register has neither a deputy nor a senior leader of it."
        )
    show.line(f"When you know: `s11flow agencies hand-over {done.agencies[0]} --email ADDRESS`.")


def hand_over(
    code: Code,
    email: Email,
    contact_name: PersonName = "",
    contact_role: PersonRole = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Record who answers for an agency now: letters that waited are sent on, what it owes is asked anew."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import contacts

        done = contacts.hand_over(
            desk.uow, partnership=desk.partnership, code=code,
            to=contacts.Person(email, contact_name, contact_role), now=desk.now, by=desk.by,
        )  # fmt: skip
    said = (
        f"{email} answers for {done.agency} now; {done.sent_on} letters are sent on, "
        f"{done.working_days_lost} working days were lost."
    )
    _answer(done.as_json(), dry_run, as_json, lambda: show.line(said))


def rename(
    code: Code,
    name: Name,
    on: On,
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Give an agency another name; its code and its history stay."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import successions

        done = successions.rename(
            desk.uow, partnership=desk.partnership, code=code, name=name, on=on, reason=reason, now=desk.now, by=desk.by
        )
    _succeeded(done, dry_run, as_json)


def merge(
    codes: Annotated[list[str], typer.Argument(metavar="CODE...", help="The agencies that become part of another.")],
    into: Annotated[str, typer.Option(metavar="CODE", help="The agency they become part of.")],
    on: On,
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Merge agencies into one: its case covers theirs, and what they have sent are its parts."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import successions

        done = successions.merge(
            desk.uow, partnership=desk.partnership, codes=codes, into=into, on=on, reason=reason, now=desk.now,
            by=desk.by,
        )  # fmt: skip
    _succeeded(done, dry_run, as_json)


def abolish(
    code: Code,
    on: On,
    successor: Annotated[str | None, typer.Option(metavar="CODE", help="The agency that follows it.")] = None,
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """End an agency; its cases of before stand, its actions are yours to decide on."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import successions

        done = successions.abolish(
            desk.uow, partnership=desk.partnership, code=code, on=on, reason=reason, successor=successor, now=desk.now,
            by=desk.by,
        )  # fmt: skip
    _succeeded(done, dry_run, as_json)


def recommission(
    code: Code,
    name: Annotated[str, typer.Option(metavar="TEXT", help="The provider that runs the service from then on.")],
    commissioner: Annotated[str, typer.Option(metavar="CODE", help="The agency that commissions it.")],
    on: On,
    email: Annotated[
        str | None,
        typer.Option("--email", metavar="ADDRESS", help="The new provider's contact; else it is looked for."),
    ] = None,
    contact_name: PersonName = "",
    contact_role: PersonRole = "",
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Record that another provider runs an agency's service: both are named, the commissioner answers for the gap."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import successions

        done = successions.recommission(
            desk.uow, partnership=desk.partnership, code=code, name=name, commissioner=commissioner, on=on,
            reason=reason, to=_person(email, contact_name, contact_role), now=desk.now, by=desk.by,
        )  # fmt: skip
    _succeeded(done, dry_run, as_json)


def _person(email: str | None, name: str, role: str) -> Person | None:
    if email is None:
        return None
    from s11flow.services.contacts import Person

    return Person(email, name, role)


def move_action(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Its number, 7 or A7.")],
    to: Annotated[str, typer.Option(metavar="CODE", help="The agency that owes it from now on.")],
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Decide that another agency owes an action from a review, its successor for instance."""
    action = options.action_number(number)
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import successions

        said = successions.move_action(
            desk.uow, partnership=desk.partnership, number=action, to=to, reason=reason, now=desk.now, by=desk.by
        )
    _answer({"action": action, "to": to}, dry_run, as_json, lambda: show.line(said))


def _succeeded(done: Succeeded, dry_run: bool, as_json: bool) -> None:
    _answer(done.as_json(), dry_run, as_json, lambda: _tell(done))


def _tell(done: Succeeded) -> None:
    for sentence in done.told:
        show.line(sentence)
    for sentence in done.due:
        show.line(sentence)
    for said, refs in (
        ("Reports for them now", done.successor),
        ("Covered by it", done.covered),
        ("No report is asked any more", done.excused),
        ("Stays as it is", done.stand),
        ("Still to be decided on, with `s11flow agencies action move`", done.actions),
    ):
        if refs:
            show.line(f"{said}: {', '.join(refs)}.")


def _answer(found: dict[str, Any], dry_run: bool, as_json: bool, plain: Callable[[], None]) -> None:
    show.answer(show.marked(found, dry_run), as_json=as_json, plain=plain)
    show.dry(dry_run, as_json=as_json)
