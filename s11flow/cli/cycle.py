"""`s11flow cycle`: opens a cycle, shows its dates, and takes it to its close."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s11flow.cli import options, show
from s11flow.cli.frame import Desk, at_work
from s11flow.cli.options import AsJson, DryRun, MaybeYear, Now, Partnership, Reason

if TYPE_CHECKING:
    from s11flow.services.panel_days import AddedDay, StoodDown

app = typer.Typer(no_args_is_help=True, help="Open a cycle, see its dates, take it to its close.")

YearAndDay = Annotated[
    list[str],
    typer.Argument(metavar="[YEAR] DAY", help="The day, 2026-11-10; before it the cycle, if not the newest."),
]


@app.command("open")
def open_(
    year: Annotated[int, typer.Argument(metavar="YEAR", help="The year the requests leave in, 2026.")],
    panel_days: Annotated[
        list[date],
        typer.Option("--panel-day", parser=options.day, metavar="DATE", help="A day the panel sits; once for each."),
    ],
    period: Annotated[
        Any,
        typer.Option(
            parser=options.period, metavar="FROM..TO", help="What reports cover; by default the year to 31 March."
        ),
    ] = None,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Open the cycle of a year: a case for each agency, its dates, and a pencilled session."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.letters.templates import shipped_templates
        from s11flow.services.cycles import open_cycle

        done = open_cycle(
            desk.uow, partnership=desk.partnership, year=year, panel_days=panel_days, templates=shipped_templates(),
            now=desk.now, by=desk.by, period=period,
        )  # fmt: skip
    for warning in done.warnings:
        show.note(warning)
    show.answer(show.marked(done.as_json(), dry_run), as_json=as_json, plain=lambda: _opened(done))
    show.dry(dry_run, as_json=as_json)


def _opened(done: Any) -> None:
    show.line(f"{done.ref}: {done.cases} cases, {done.sessions} sessions pencilled.")
    if done.without_session:
        show.line(
            f"No session was free for {', '.join(done.without_session)}; add a panel day, then `s11flow panel plan`."
        )


@app.command()
def timetable(year: MaybeYear = None, partnership: Partnership = None, as_json: AsJson = False) -> None:
    """Print every date of a cycle, each with its reason."""
    with at_work(partnership, reads=True) as desk:
        from s11flow.services import views

        code = desk.year(year)
        with desk.uow.read() as connection:
            found = views.timetable(connection, desk.partnership, code)
    show.answer(found, as_json=as_json, plain=lambda: _timetable(found))


def _timetable(found: dict[str, Any]) -> None:
    show.line(found["cycle"])
    rows = [("target", found["target"]), *(("panel day", day) for day in found["panel_days"])]
    rows += [("  its deadline", day["deadline"]) for day in found["panel_days"]]
    rows.append(("report cut-off", found["cut_off"]))
    show.table(("What", "When", "Why"), [(what, show.when(on["at"]), on["why"]) for what, on in rows])
    for case in found["cases"]:
        show.line("")
        show.line(f"{case['case']}, {case['agency_name']}, {case['state'].replace('_', ' ').lower()}")
        show.table(
            ("When", "What", "Why"),
            [(show.when(due["at"]), due["key"], due["why"]) for due in case["due"]],
            empty="  Nothing is owed.",
        )


@app.command("show")
def show_(year: MaybeYear = None, partnership: Partnership = None, now: Now = None, as_json: AsJson = False) -> None:
    """Show how a cycle stands."""
    with at_work(partnership, now=now, reads=True) as desk:
        from s11flow.services.views import cycle_show

        code = desk.year(year)
        with desk.uow.read() as connection:
            found = cycle_show(connection, desk.partnership, code, desk.now)
    show.answer(found, as_json=as_json, plain=lambda: _cycle(found))


def _cycle(found: dict[str, Any]) -> None:
    show.facts(
        {
            "cycle": found["cycle"],
            "state": found["state"].replace("_", " ").lower(),
            "period": " to ".join(found["period"]),
            "panel days": found["panel_days"],
            "cases": found["cases"],
            "by state": [f"{name.replace('_', ' ').lower()} {count}" for name, count in found["states"].items()],
            "flags": [f"{name} {count}" for name, count in found["flags"].items()],
        }
    )
    for sentence in found["waits_for"]:
        show.line(f"- {sentence}")


# --- panel days -------------------------------------------------------------------------------------------------------


@app.command("add-day")
def add_day(
    year_and_day: YearAndDay,
    reserve: Annotated[
        bool, typer.Option("--reserve", help="Keep it free, for when another day cannot be held.")
    ] = False,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Add a panel day to an open cycle, to sit on or to keep in reserve."""
    year, day = options.year_and(year_and_day, "the day")
    on = options.day(day)
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import panel_days

        added = panel_days.add_day(
            desk.uow, partnership=desk.partnership, year=desk.year(year), day=on, now=desk.now, by=desk.by,
            reserve=reserve,
        )  # fmt: skip
    show.answer(show.marked(added.as_json(), dry_run), as_json=as_json, plain=lambda: _added_day(added))
    show.dry(dry_run, as_json=as_json)


def _added_day(added: AddedDay) -> None:
    from calendars import london

    if added.state == "RESERVE":
        show.line(f"{added.ref} is kept in reserve; it is called in when a session goes there.")
    else:
        show.line(f"{added.ref} is a panel day; `s11flow panel plan` fills it.")
    show.line(f"Its deadline: {added.deadline.why}.")
    if added.cut_off != added.cut_off_was:
        before, after = london.spell(added.cut_off_was.at), london.spell(added.cut_off.at)
        show.line(f"The report's cut-off moves from {before} to {after}.")
    if added.unseen:
        show.line(f"Could be seen there: {', '.join(added.unseen)}; see `s11flow panel move` and `panel offer`.")


@app.command("move-day")
def move_day(
    year_and_day: YearAndDay,
    to: Annotated[
        date, typer.Option(parser=options.day, metavar="DATE", help="The panel day to which its sessions move.")
    ],
    reason: Reason = "",
    consent: Annotated[
        bool, typer.Option("--consent", help="Every agency agrees, though its deadline comes earlier.")
    ] = False,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Move all sessions of a panel day to another one, each at its own time."""
    year, day = options.year_and(year_and_day, "the day")
    on = options.day(day)
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.cli.outcome import tell_all
        from s11flow.services import panel_days

        plans = panel_days.move_day(
            desk.uow, partnership=desk.partnership, year=desk.year(year), day=on, to=to, now=desk.now, by=desk.by,
            reason=reason, consent=consent,
        )  # fmt: skip
    tell_all(plans, as_json=as_json, dry_run=dry_run)


@app.command("stand-down")
def stand_down(
    year_and_day: YearAndDay,
    reason: Reason = "",
    reserve: Annotated[
        date | None, typer.Option(parser=options.day, metavar="DATE", help="A panel day that takes its sessions.")
    ] = None,
    no_reserve: Annotated[
        bool, typer.Option("--no-reserve", help="Leave a day that is kept in reserve as it is.")
    ] = False,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Stand a panel day down: the panel cannot meet, and no agency is marked absent.

    Its sessions go to the next day in reserve, if there is one."""
    year, day = options.year_and(year_and_day, "the day")
    on = options.day(day)
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import panel_days

        stood = panel_days.stand_down_day(
            desk.uow, partnership=desk.partnership, year=desk.year(year), day=on, reason=reason, now=desk.now,
            by=desk.by, reserve=reserve, use_reserve=not no_reserve,
        )  # fmt: skip
    show.answer(show.marked(stood.as_json(), dry_run), as_json=as_json, plain=lambda: _stood_down(stood))
    show.dry(dry_run, as_json=as_json)


def _stood_down(stood: StoodDown) -> None:
    from calendars import london

    if stood.reserve is not None and stood.moved:
        show.line(f"Offered {london.spell_day(stood.reserve)}: {', '.join(stood.moved)}.")
    show.line(f"Without a session now: {', '.join(stood.without_session) or 'no case'}.")


def _refs(name: str, before: str, refs: Sequence[str], as_json: bool, dry_run: bool) -> None:
    found = show.marked({name: list(refs)}, dry_run)
    show.answer(found, as_json=as_json, plain=lambda: show.line(f"{before}{', '.join(refs) or 'no case'}."))
    show.dry(dry_run, as_json=as_json)


# --- agencies and bank holidays ---------------------------------------------------------------------------------------


@app.command("add-agency")
def add_agency(
    year_and_code: Annotated[
        list[str],
        typer.Argument(metavar="[YEAR] CODE", help="The agency's code; before it the cycle, if not the newest."),
    ],
    first_year: Annotated[
        bool, typer.Option("--first-year", help="Newly under the duty: never reported for silence.")
    ] = False,
    period: Annotated[
        Any, typer.Option(parser=options.period, metavar="FROM..TO", help="What its report covers, if not the cycle's.")
    ] = None,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Add an agency of the register to a running cycle."""
    year, code = options.year_and(year_and_code, "the agency")
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.domain.model import Track
        from s11flow.services import cycles

        ref = cycles.add_agency(
            desk.uow, partnership=desk.partnership, year=desk.year(year), code=code,
            track=Track.FIRST_YEAR if first_year else None, period=period, now=desk.now, by=desk.by,
        )  # fmt: skip
    show.answer(show.marked({"case": ref}, dry_run), as_json=as_json, plain=lambda: show.line(f"{ref} is open."))
    show.dry(dry_run, as_json=as_json)


@app.command("close-day")
def close_day(
    year_and_day: YearAndDay,
    reason: Reason = "",
    consent: Annotated[
        bool, typer.Option("--consent", help="The agencies agree to deadlines that come earlier by it.")
    ] = False,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Close the office on a day of a running cycle; told dates move only later."""
    year, day = options.year_and(year_and_day, "the day")
    on = options.day(day)
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import bank_holidays

        done = bank_holidays.close_day(
            desk.uow, partnership=desk.partnership, year=desk.year(year), day=on, reason=reason, consent=consent,
            now=desk.now, by=desk.by,
        )  # fmt: skip
    found = done.as_json()
    show.answer(show.marked(found, dry_run), as_json=as_json, plain=lambda: _adopted(found))
    show.dry(dry_run, as_json=as_json)


@app.command("adopt-definition")
def adopt_definition(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The definition, TOML.")],
    running: Annotated[
        str | None, typer.Option(metavar="YEAR", help="A running cycle that is to run by it too.")
    ] = None,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Run by another definition from the next cycle on; told dates of a running one move only later."""
    text = options.text_of(file)
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import definitions

        done = definitions.adopt_definition(
            desk.uow, text, partnership=desk.partnership, running=running, now=desk.now, by=desk.by
        )
    found = done.as_json()
    show.answer(show.marked(found, dry_run), as_json=as_json, plain=lambda: _adopted_definition(found))
    show.dry(dry_run, as_json=as_json)


def _adopted_definition(found: dict[str, Any]) -> None:
    show.line(f"{found['cycle'] or 'The next cycle'} runs by it.")
    _moved(found)


@app.command("adopt-holidays")
def adopt_holidays(
    year: MaybeYear = None,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Let a running cycle use bank holidays proclaimed since it opened; deadlines move only later."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from calendars.bank_holidays import england_and_wales
        from s11flow.services import bank_holidays

        code = desk.year(year)
        done = bank_holidays.adopt_holidays(
            desk.uow, partnership=desk.partnership, year=code, published=england_and_wales(_years(desk, code)),
            now=desk.now, by=desk.by,
        )  # fmt: skip
    found = done.as_json()
    show.answer(show.marked(found, dry_run), as_json=as_json, plain=lambda: _adopted(found))
    show.dry(dry_run, as_json=as_json)


def _years(desk: Desk, code: str) -> range:
    """The years a cycle keeps bank holidays of."""
    from s11flow.services.cycles import find_cycle

    with desk.uow.read() as connection:
        year = find_cycle(connection, desk.partnership, code).year
    return range(year - 1, year + 3)


def _adopted(found: dict[str, Any]) -> None:
    show.line(f"New: {', '.join(found['added']) or 'none'}. Gone: {', '.join(found['gone']) or 'none'}.")
    _moved(found)


def _moved(found: dict[str, Any]) -> None:
    for row in found["moved"]:
        show.line(f"{row['case']}: the deadline moves from {row['old']} to {row['new']}.")
    for row in found["told"]:
        show.line(f"{row['case']}: {row['to']} is told.")
    if found["not_moved_earlier"]:
        show.line(f"Kept, for it would come earlier: {', '.join(found['not_moved_earlier'])}.")


# --- report, statement, close -----------------------------------------------------------------------------------------


@app.command("approve-report")
def approve_report(
    year: MaybeYear = None,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Approve the Assurance Report: each case enters it, and it is circulated."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import conclusion

        refs = conclusion.approve_report(
            desk.uow, partnership=desk.partnership, year=desk.year(year), now=desk.now, by=desk.by
        )
    _refs("included", "Included in the report: ", refs, as_json, dry_run)


@app.command()
def statement(
    year: MaybeYear = None,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Carry the report's cases into the Statement of Effectiveness."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import conclusion

        refs = conclusion.include_in_statement(
            desk.uow, partnership=desk.partnership, year=desk.year(year), now=desk.now, by=desk.by
        )
    _refs("included", "Included in the statement: ", refs, as_json, dry_run)


@app.command()
def close(
    year: MaybeYear = None,
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Close a cycle and its cases."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import conclusion

        refs = conclusion.close(desk.uow, partnership=desk.partnership, year=desk.year(year), now=desk.now, by=desk.by)
    _refs("closed", "Closed: ", refs, as_json, dry_run)


@app.command("reopen-report")
def reopen_report(
    year: MaybeYear = None,
    reason: Reason = "",
    partnership: Partnership = None,
    now: Now = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Open an approved report again; what is published after is a corrigendum."""
    with at_work(partnership, now=now, dry_run=dry_run) as desk:
        from s11flow.services import conclusion

        code = desk.year(year)
        conclusion.reopen_report(
            desk.uow, partnership=desk.partnership, year=code, reason=reason, now=desk.now, by=desk.by
        )
        ref = f"{desk.partnership}-{code}"
    found = show.marked({"cycle": ref, "state": "OPEN"}, dry_run)
    show.answer(found, as_json=as_json, plain=lambda: show.line(f"The report of {ref} is open again."))
    show.dry(dry_run, as_json=as_json)
