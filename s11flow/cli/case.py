"""`s11flow case`: looks at cases, and records what agencies and the business unit do to one."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calendars import london
from s11flow.cli import options, show
from s11flow.cli.frame import at_work
from s11flow.cli.options import AsJson, DryRun, Now, Partnership, Reason, Ref, YearOption
from s11flow.domain.model import RESTRICTED, CaseState, Track

if TYPE_CHECKING:
    from s11flow.domain.model import CaseFacts, Plan
    from s11flow.services.cases import ActOn
    from s11flow.services.restricted import LookedThrough, Restricted
    from s11flow.services.submissions import Received

Output = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write it.")]
Force = Annotated[bool, typer.Option("--force", help="Write over a file of that name, with whatever was filled in.")]

app = typer.Typer(no_args_is_help=True, help="Look at cases, and record what happens to one.")


# --- looking ----------------------------------------------------------------------------------------------------------


@app.command("list")
def list_(
    year: YearOption = None,
    state: Annotated[
        str | None, typer.Option(metavar="STATE", help="Only cases in this state, e.g. REQUESTED.")
    ] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only cases whose report is overdue.")] = False,
    query: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only cases whose reference or agency has this.")
    ] = None,
    partnership: Partnership = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """List the cases of a cycle."""
    with at_work(partnership, now=now, reads=True) as desk:
        from s11flow.services.views import case_list

        with desk.uow.read() as connection:
            found = case_list(
                connection, desk.partnership, year, now=desk.now, state=state, overdue=overdue, query=query
            )
    show.answer(found, as_json=as_json, plain=lambda: _cases(found))


def _cases(found: list[dict[str, Any]]) -> None:
    rows = [
        (item["case"], item["agency_name"], item["state_words"], item["flags"], _on(item, "deadline"), _session(item))
        for item in found
    ]
    show.table(("Case", "Agency", "State", "Flags", "Deadline", "Session"), rows, empty="No case is like that.")


@app.command()
def form(ref: Ref, output: Output, force: Force = False, partnership: Partnership = None, now: Now = None) -> None:
    """Write the report form of a case as a Word file, for the agency to fill in.

    Nobody has to use it."""
    options.unless_there(output, force=force)
    with at_work(partnership, now=now, reads=True) as desk:
        from s11flow.services.forms import report_form

        data = report_form(desk.uow, desk.case(ref), now=desk.now)
    options.write_out(output, data)
    show.note(f"The form is in {output}.")


@app.command("judgement-form")
def judgement_form(
    ref: Ref, output: Output, force: Force = False, partnership: Partnership = None, now: Now = None
) -> None:
    """Write an empty judgement of a case as a workbook, for the panel to fill in.

    `s11flow assess` reads it back."""
    options.unless_there(output, force=force)
    with at_work(partnership, now=now, reads=True) as desk:
        from s11flow.services.forms import judgement_form as book

        data = book(desk.uow, desk.case(ref), now=desk.now)
    options.write_out(output, data)
    show.note(f"The workbook is in {output}.")


def _on(item: dict[str, Any], name: str) -> str:
    dated = item["dates"][name]
    return show.when(dated["at"]) if dated else ""


def _session(item: dict[str, Any]) -> str:
    return show.when(item["session"]["at"]) if item["session"] else ""


@app.command("show")
def show_(ref: Ref, partnership: Partnership = None, now: Now = None, as_json: AsJson = False) -> None:
    """Show a case with its dates, why each is what it is, and what happened so far."""
    found = _shown(ref, partnership, now)
    show.answer(found, as_json=as_json, plain=lambda: _case(found))


def _shown(ref: str, partnership: str | None, now: datetime | None) -> dict[str, Any]:
    with at_work(partnership, now=now, reads=True) as desk:
        from s11flow.services.views import case_show

        known = desk.case(ref)
        with desk.uow.read() as connection:
            return case_show(connection, known, desk.now)


def _case(found: dict[str, Any]) -> None:
    session, escalation, submission = found["session"], found["escalation"], found["submission"]
    show.facts(
        {
            "case": f"{found['case']}, {found['agency_name']}",
            "state": found["state_words"],
            "flags": found["flags"],
            "covered by": found["covered_by"],
            "covers": found["covers"],
            **{name.replace("_", " "): _why(value) for name, value in found["dates"].items()},
            "session": f"{_why(session)}. Place: {session['place']}; {session['state'].lower()}" if session else "",
            "reply": session["reply"] if session else "",
            "report": _report(submission) if submission else "",
            **_as_read(found["reading"]),
            "actions from reviews": " ".join(_action(each) for each in found["review_actions"]),
            "basis": found["basis"],
            "escalation": escalation["state_words"] if escalation else "",
            "next": f"{show.when(found['next']['at'])} {found['next']['key']}" if found["next"] else "",
            "waits for": " ".join(found["waits_for"]),
            "look before the pack": "; ".join(found["to_look_at"]),
        }
    )
    show.line("")
    _history(found["history"])


def _report(found: dict[str, Any]) -> str:
    kept_back = "; kept back" if found["status"] == RESTRICTED else ""
    return f"version {found['version']}, arrived {show.when(found['arrived_at'])}{kept_back}"


def _action(found: dict[str, Any]) -> str:
    return f"A{found['action']} {found['title']} ({found['status']})."


def _as_read(found: dict[str, Any] | None) -> dict[str, object]:
    """What was read of a report, for people."""
    if found is None:
        return {}
    form = found["form"] or {"author": "", "role": "", "completed_on": None}
    by = ", ".join(part for part in (form["author"], form["role"], form["completed_on"]) if part)
    return {
        "completed by": by,
        "its own ratings": found["self_ratings"] or ("not answered" if found["form"] else "none: a format of its own"),
        "links": "; ".join(_link(each) for each in found["links"]),
        "taken": " ".join(found["taken"]),
        "not surely read": " ".join(found["notes"]),
    }


def _link(found: dict[str, Any]) -> str:
    asked = "; asked" if found.get("asked") else ""
    if found["why_closed"]:
        return f"{found['address']} (opens only inside: {found['why_closed']}{asked})"
    if found["looked"]:
        return f"{found['address']} ({found['looked']['why']}, as of {show.when(found['looked']['at'])}{asked})"
    return f"{found['address']} (not tried)"


def _why(value: Any) -> str:
    return str(value["why"]) if isinstance(value, dict) else str(value or "")


@app.command()
def history(ref: Ref, partnership: Partnership = None, as_json: AsJson = False) -> None:
    """List what happened to a case, oldest first."""
    found = _shown(ref, partnership, None)["history"]
    show.answer(found, as_json=as_json, plain=lambda: _history(found))


def _history(lines: list[dict[str, Any]]) -> None:
    rows = [
        (
            item["seq"],
            show.when(item["at"]),
            item["by"],
            item["event"].replace("_", " ").lower(),
            item["about"],
            f"{item['from'] or ''} -> {item['to']}" if item["to"] else "",
            item["due_key"] or item["cause"],
        )
        for item in lines
    ]
    show.table(("No", "As of", "By", "What happened", "About", "State", "Why"), rows)


# --- reports ----------------------------------------------------------------------------------------------------------


@app.command()
def receive(
    ref: Ref,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="The files of the report.")],
    received_at: Annotated[
        datetime | None,
        typer.Option(
            parser=options.moment,
            metavar="ISO",
            help="When it reached us; by default now. It decides whether it is in time.",
        ),
    ] = None,
    sender: Annotated[str, typer.Option("--from", metavar="ADDRESS", help="Who sent it; they get the receipt.")] = "",
    addresses: Annotated[
        str | None,
        typer.Option(metavar="1,2,3", help="The standards it addresses; by default those its form answers, else all."),
    ] = None,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """File a version of an agency's report, however early or late it comes.

    A form is read into the case; links are looked at, and none is opened."""
    given = [(path.name, options.content(path)) for path in files]
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.rehearsal import documents_for
        from s11flow.services import portable, submissions

        unpacked = portable.unpacked(given)
        with documents_for(desk.app, dry_run) as documents:
            done = submissions.receive(
                desk.uow, documents, desk.case(ref), unpacked, now=desk.now, by=desk.by, arrived_at=received_at,
                sender=sender, addresses=options.listed(addresses),
            )  # fmt: skip
    show.answer(show.marked(done.as_json(), dry_run), as_json=as_json, plain=lambda: told_received(done))
    show.dry(dry_run, as_json=as_json)


def told_received(done: Received) -> None:
    """Print what became of a report, and what was read of it."""
    if done.duplicate:
        show.line(f"{done.ref}: the same content as version {done.version}; noted, nothing more.")
        return
    lacks = f" It does not address {'; '.join(done.missing)}." if done.missing else ""
    show.line(f"{done.ref}: version {done.version} is filed.{lacks}")
    reading = done.reading
    if reading.form is not None:
        said = sum(answer.is_given for answer in reading.form.answers)
        rated = sum(answer.rating is not None for answer in reading.form.answers)
        show.line(f"  {reading.file} is the form: {said} requirements are answered, {rated} of them with a rating.")
        off = [f'{each.requirement} "{each.as_given}"' for each in reading.form.answers if each.is_off_the_scale]
        if off:
            show.line(f"  Not a rating of the scale, kept as it was given: {'; '.join(off)}.")
    if done.unanswered:
        show.line(f"  Not answered: {', '.join(done.unanswered)}.")
    for number, link in enumerate(reading.closed_links, 1):
        show.line(f"  Link {number} of {link.file} opens only inside: {link.address} ({link.why_closed}).")
    for note in (*reading.taken, *reading.notes):
        show.line(f"  {note}")
    for each in reading.signs:
        show.line(f"  It may hold details of single children: {each}. Look at it before the pack.")


@app.command()
def accept(
    ref: Ref,
    waiver: Annotated[str, typer.Option(metavar="TEXT", help="Why its gaps are let stand.")] = "",
    in_time_because: Annotated[str, typer.Option(metavar="TEXT", help="Why a late one counts as in time.")] = "",
    signed_by: Annotated[
        str, typer.Option(metavar="WHO", help="Who signed it, where it is a statement of compliance.")
    ] = "",
    not_covering: Annotated[
        str,
        typer.Option(metavar="05B,...", help="Members of a joint report that it does not name; they are asked again."),
    ] = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Accept a report as complete."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.outcome import tell_all
        from s11flow.domain.acts import AcceptReport
        from s11flow.services import cases

        plans = cases.accept(
            desk.uow, desk.case(ref), AcceptReport(waiver, in_time_because, signed_by),
            not_covering=options.listed(not_covering) or (), by=desk.by, now=desk.now,
        )  # fmt: skip
    tell_all(plans, as_json=as_json, dry_run=dry_run)


@app.command("return")
def return_(
    ref: Ref,
    gap: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT", help="What is missing; once for each gap. By default the standards it does not address."
        ),
    ] = None,
    by: Annotated[
        date | None,
        typer.Option(
            parser=options.day,
            metavar="DATE",
            help="By when to answer; by default as many working days as the policy says.",
        ),
    ] = None,
    without_links: Annotated[
        bool, typer.Option("--without-links", help="Do not ask about links that open only inside the agency.")
    ] = False,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Return a report to the agency with what is missing.

    Links that open only inside the agency are asked about with it, each once."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.outcome import tell
        from s11flow.services import submissions

        plan = submissions.return_report(
            desk.uow, desk.case(ref), gap or (), return_by=by, with_links=not without_links, by=desk.by, now=desk.now
        )
    tell(plan, as_json=as_json, dry_run=dry_run)


@app.command()
def choose(
    ref: Ref,
    version: Annotated[int, typer.Argument(metavar="VERSION", help="The version that is to count.")],
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Say which version of a report counts, when several came."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import submissions

        known = desk.case(ref)
        submissions.choose(desk.uow, known, version, reason=reason, now=desk.now, by=desk.by)
    found = show.marked({"case": known, "version": version}, dry_run)
    show.answer(found, as_json=as_json, plain=lambda: show.line(f"{known}: version {version} counts."))
    show.dry(dry_run, as_json=as_json)


# --- reports that hold details of single children ---------------------------------------------------------------------

Version = Annotated[int | None, typer.Argument(metavar="VERSION", help="The version; by default the one that counts.")]


@app.command()
def restrict(
    ref: Ref,
    version: Version = None,
    reason: Reason = "",
    by: Annotated[
        date | None,
        typer.Option(
            parser=options.day,
            metavar="DATE",
            help="By when to send another; by default as many working days as the policy says.",
        ),
    ] = None,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Keep a report back that holds details of single children, and ask for one without.

    It is left out of the panel's pack, and stays in time."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.outcome import tell
        from s11flow.services import restricted

        done = restricted.restrict(
            desk.uow, desk.case(ref), version, reason=reason, return_by=by, by=desk.by, now=desk.now
        )
    tell(done.plan, as_json=as_json, dry_run=dry_run, also=_kept_back(done))


def _kept_back(done: Restricted) -> dict[str, str]:
    said = {"kept_back": f"Version {done.version} is kept back. Its files stay where they are; nobody is given them."}
    if done.packs:
        days = ", ".join(london.spell_day(on) for on in done.packs)
        said["pack"] = f"The pack of {days} had left: tell the members of the panel to delete what they have of it."
    return said


@app.command("look-through")
def look_through(
    ref: Ref,
    version: Version = None,
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Record that a report was looked through and may be read: no child can be recognised in it.

    One that was kept back counts again."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import restricted

        known = desk.case(ref)
        done = restricted.look_through(desk.uow, known, version, reason=reason, by=desk.by, now=desk.now)
    found = {"case": known, "version": done.version, "was_kept_back": done.was_restricted, "state": done.state.value}
    show.answer(show.marked(found, dry_run), as_json=as_json, plain=lambda: _looked_through(known, done))
    show.dry(dry_run, as_json=as_json)


def _looked_through(ref: str, done: LookedThrough) -> None:
    show.line(f"{ref}: version {done.version} {'counts again' if done.was_restricted else 'may be read'}.")
    if done.was_restricted and done.state == CaseState.RETURNED:
        show.line(f"  It is still returned for more; `s11flow case accept {ref} --waiver TEXT` takes it as it is.")


@app.command()
def disclose(
    ref: Ref,
    version: Version = None,
    to: Annotated[str, typer.Option(metavar="WHO", help="Who is shown it.")] = "",
    reason: Reason = "",
    folder: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write its files, for them.")
    ] = None,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Record that somebody is shown the files of a report that is kept back, and write them out.

    To whom and why is kept in the history."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import restricted
        from s11flow.services.submissions import Documents

        known = desk.case(ref)
        number, files = restricted.disclose(
            desk.uow, Documents(desk.app.documents_dir), known, version, to=to, reason=reason, by=desk.by, now=desk.now
        )
    written = [] if dry_run or folder is None else options.write_all(folder, files)
    found = show.marked({"case": known, "version": number, "to": to, "files": [str(path) for path in written]}, dry_run)
    show.answer(found, as_json=as_json, plain=lambda: _disclosed(known, number, to, written))
    show.dry(dry_run, as_json=as_json)


def _disclosed(ref: str, version: int, to: str, written: list[Path]) -> None:
    show.line(f"{ref}: that version {version} is shown to {to} is on record.")
    for path in written:
        show.line(f"  {path}")


# --- everything else that happens to a case ---------------------------------------------------------------------------


def act(
    ref: str, what: ActOn, *, partnership: str | None, now: datetime | None, dry_run: bool, as_json: bool
) -> Plan[CaseFacts]:
    """Do one thing to a case, tell what came of it, and give it back."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.outcome import tell
        from s11flow.services import cases

        plan = cases.act(desk.uow, desk.case(ref), what, by=desk.by, now=desk.now)
    tell(plan, as_json=as_json, dry_run=dry_run)
    return plan


@app.command()
def withdraw(
    ref: Ref,
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Record that the agency takes its report back."""
    from s11flow.domain.acts import WithdrawReport

    act(ref, WithdrawReport(reason), partnership=partnership, now=now, dry_run=dry_run, as_json=as_json)


@app.command()
def consider(
    ref: Ref,
    on_paper: Annotated[bool, typer.Option("--on-paper", help="On its report alone; give a reason.")] = False,
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Record that the panel considered the agency."""
    from s11flow.domain.acts import Consider

    what = Consider("on paper" if on_paper else "attendance", reason)
    act(ref, what, partnership=partnership, now=now, dry_run=dry_run, as_json=as_json)


@app.command()
def excuse(
    ref: Ref,
    reason: Reason = "",
    authority: Annotated[str, typer.Option(metavar="WHO", help="On whose authority.")] = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Excuse an agency: no report is asked of it this cycle."""
    from s11flow.domain.acts import Excuse

    act(ref, Excuse(reason, authority), partnership=partnership, now=now, dry_run=dry_run, as_json=as_json)


@app.command()
def cover(
    ref: Ref,
    by: Annotated[str, typer.Option("--by", metavar="REF", help="The case whose joint report covers this one.")],
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Record that another agency's joint report covers this one."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.outcome import tell
        from s11flow.services import cases

        plan = cases.cover(desk.uow, desk.case(ref), lead_ref=desk.case(by), by=desk.by, now=desk.now)
    tell(plan, as_json=as_json, dry_run=dry_run)


@app.command()
def split(
    ref: Ref,
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Let a covered agency's own report count, apart from the joint one."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.outcome import tell
        from s11flow.services import joint_reports

        plan = joint_reports.split(desk.uow, desk.case(ref), reason=reason, by=desk.by, now=desk.now)
    tell(plan, as_json=as_json, dry_run=dry_run)


@app.command()
def annex(
    ref: Ref,
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Keep a covered agency's own report with the joint one, which alone counts."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import joint_reports

        known = desk.case(ref)
        lead = joint_reports.annex(desk.uow, known, reason=reason, by=desk.by, now=desk.now)
    found = show.marked({"case": known, "annex_of": lead}, dry_run)
    show.answer(found, as_json=as_json, plain=lambda: show.line(f"What {known} sent is an annex of {lead}."))
    show.dry(dry_run, as_json=as_json)


@app.command()
def track(
    ref: Ref,
    to: Annotated[Track, typer.Argument(metavar="TRACK", help="full, first_year, light or none.")],
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Say how fully an agency takes part in this cycle, before it is asked."""
    from s11flow.domain.acts import SetTrack

    act(ref, SetTrack(to, reason), partnership=partnership, now=now, dry_run=dry_run, as_json=as_json)


@app.command()
def period(
    ref: Ref,
    covers: Annotated[Any, typer.Argument(parser=options.period, metavar="FROM..TO", help="What its report covers.")],
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Give a case a period of its own, for instance 24 months after a missed year."""
    from s11flow.domain.acts import SetPeriod

    act(
        ref, SetPeriod(covers[0], covers[1], reason), partnership=partnership, now=now, dry_run=dry_run, as_json=as_json
    )


@app.command()
def export(ref: Ref, output: Output, partnership: Partnership = None, now: Now = None) -> None:
    """Write an agency's report as one file that a neighbouring partnership can receive."""
    with at_work(partnership, now=now, reads=True) as desk:
        from s11flow.services import portable
        from s11flow.services.submissions import Documents

        data = portable.export(desk.uow, Documents(desk.app.documents_dir), desk.case(ref))
    options.write_out(output, data)
    show.note(f"The report is in {output}; `s11flow case receive` takes it in elsewhere.")


@app.command()
def revive(
    ref: Ref,
    reason: Reason = "",
    deadline: Annotated[
        date | None,
        typer.Option(parser=options.day, metavar="DATE", help="Its own deadline; by default by the policy."),
    ] = None,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Ask an excused or covered agency for a report after all."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.outcome import tell
        from s11flow.domain.acts import Revive
        from s11flow.services import cases

        plan = cases.revive(desk.uow, desk.case(ref), Revive(reason, deadline), by=desk.by, now=desk.now)
    tell(plan, as_json=as_json, dry_run=dry_run)


@app.command()
def void(
    ref: Ref,
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Void a case that should not have been opened."""
    from s11flow.domain.acts import Void

    act(ref, Void(reason), partnership=partnership, now=now, dry_run=dry_run, as_json=as_json)


@app.command()
def extend(
    ref: Ref,
    to: Annotated[date, typer.Option(parser=options.day, metavar="DATE", help="The new deadline, 5pm that day.")],
    reason: Reason = "",
    panel_consents: Annotated[
        bool, typer.Option("--panel-consents", help="The panel agrees to less time to read it.")
    ] = False,
    by_chair: Annotated[bool, typer.Option("--by-chair", help="The Executive Chair gives it.")] = False,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Give an agency a later deadline."""
    from s11flow.domain.acts import Extend

    what = Extend(to, reason, panel_consents, by_chair)
    act(ref, what, partnership=partnership, now=now, dry_run=dry_run, as_json=as_json)


@app.command()
def correct(
    ref: Ref,
    wrong: Annotated[str, typer.Option(metavar="TEXT", help="What was recorded wrongly.")],
    right: Annotated[str, typer.Option(metavar="TEXT", help="What is right.")],
    letter: Annotated[
        str, typer.Option(metavar="KIND", help="The kind of letter that was wrong: its readers are told.")
    ] = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Put a recorded mistake right; an open escalation is withdrawn."""
    from s11flow.domain.acts import Correct
    from s11flow.domain.errors import WrongInputError
    from s11flow.letters.contexts import KINDS

    if letter and letter not in KINDS:
        raise WrongInputError(f"There is no kind of letter called {letter}; the kinds are {', '.join(KINDS)}.")
    plan = act(ref, Correct(wrong, right, letter), partnership=partnership, now=now, dry_run=dry_run, as_json=as_json)
    if plan.facts.state == CaseState.NOT_SUBMITTED and not as_json:
        show.line(
            f"{plan.facts.ref} stays not submitted. If its report came after all, "
            f"`s11flow case receive {plan.facts.ref} FILE --received-at WHEN` files it as of then."
        )
