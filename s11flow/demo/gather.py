"""Reads the database of a rehearsed year for its summary, and writes its report; changes nothing in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Connection, select

from calendars import london
from db import queries
from s11flow.demo.script import Script
from s11flow.demo.stage import Stage
from s11flow.demo.summary import CaseEnd, KindCount, Sent, Summary
from s11flow.domain.model import CycleState
from s11flow.domain.state_facts import facts_of
from s11flow.letters.contexts import KINDS
from s11flow.letters.recipients import role_words
from s11flow.reports import AssuranceReport, statement_of_effectiveness
from s11flow.reports.board import render_board
from s11flow.reports.render import FORMATS, render
from s11flow.reports.shape import AgencyScores, Shown
from s11flow.services import overviews, subjects, views
from s11flow.services.boards import status_board
from s11flow.services.cycles import find_cycle
from s11flow.services.reports import assurance_report, published_report
from s11flow.services.verify import verify

_WAITS = ("due_today", "overdue", "waiting_mail", "held", "bounced", "incidents", "tasks")
"""The parts of the digest in which something waits for a person."""


def finish(stage: Stage, script: Script, *, now: datetime, is_whole: bool) -> Summary:
    """Write the report as it stands at *now* into the folder, check the whole record, and sum the year up."""
    report = assurance_report(stage.app.unit_of_work, partnership=stage.partnership, year=stage.year, now=now)
    folder = stage.folder / "report"
    folder.mkdir(exist_ok=True)
    for name in FORMATS:
        (folder / f"assurance-report.{name}").write_bytes(render(report, name))
    if is_whole:
        public = published_report(stage.app.unit_of_work, partnership=stage.partnership, year=stage.year, now=now)
        (folder / "published-report.html").write_bytes(render(public, "html"))
    board = status_board(stage.app.unit_of_work, partnership=stage.partnership, year=stage.year, now=now)
    (folder / "status-board.xlsx").write_bytes(render_board(board, "xlsx"))
    (folder / "statement-of-effectiveness.md").write_text(statement_of_effectiveness(report), "utf-8")
    summary = _summary(stage, script, report, now, is_whole=is_whole)
    (folder / "summary.md").write_text(summary.markdown(), "utf-8")
    return summary


def _summary(stage: Stage, script: Script, report: AssuranceReport, now: datetime, *, is_whole: bool) -> Summary:
    checked = verify(stage.app.unit_of_work, now=now)
    with stage.app.unit_of_work.read() as connection:
        cycle = find_cycle(connection, stage.partnership, stage.year)
        names = {row.code: row.name for row in queries.agencies(connection, stage.partnership)}
        letters = tuple(_letters(connection, names))
        tasks = tuple((_next_year if is_whole else _waiting)(connection, stage.partnership, now))
        cases = tuple(_cases(connection, stage, script, report, now))
    return Summary(
        label=script.label,
        title=f"{report.build.partnership}: section 11, {stage.year}",
        year=stage.year,
        partnership=stage.partnership,
        folder=stage.folder,
        stopped_at=now,
        is_whole=is_whole,
        cycle_state=facts_of(CycleState[cycle.state]).staff,
        counts=tuple(_counts(letters)),
        letters=letters,
        cases=cases,
        took_part=tuple(f"{line.name}: {line.share}" for line in report.took_part.reports if line.share.n),
        outstanding=tuple(f"{agency.code} {agency.name}" for agency in report.build.outstanding),
        tasks=tasks,
        events=checked.events,
        broken=tuple(str(fault) for fault in checked.broken),
    )


def _letters(connection: Connection, names: dict[str, str]) -> Iterator[Sent]:
    table = queries.message
    for row in connection.execute(select(table).order_by(table.c.at, table.c.kind, table.c.why, table.c.dedupe_key)):
        agency = names.get(row.agency or "", "")
        yield Sent(row.at, row.kind, _role(row.recipient), agency, row.subject_line, row.why, row.status)


def _role(recipient: str) -> str:
    """A recipient as a role, without saying which of several."""
    if recipient.startswith("attendee-"):
        return "person invited"
    if recipient.startswith("panel-"):
        return "panel member"
    if recipient.startswith("circulation-"):
        return "Management Group and Executive"
    if recipient.startswith(("agency-", "member-")):
        return recipient.rpartition("-")[2].replace("_", " ")
    return "sender" if recipient == "sender" else role_words(recipient).removeprefix("the ")


def _counts(letters: Iterable[Sent]) -> Iterator[KindCount]:
    """By kind, in the order in which the first of each was owed."""
    found: dict[str, list[datetime]] = {}
    for letter in letters:
        found.setdefault(letter.kind, []).append(letter.at)
    for kind, at in found.items():
        yield KindCount(kind, len(at), london.day_of(at[0]), london.day_of(at[-1]), KINDS[kind].trigger)


def _waiting(connection: Connection, partnership: str, now: datetime) -> Iterator[str]:
    home = next(row for row in queries.partnerships(connection) if row.code == partnership)
    (loaded,) = subjects.load(connection, [home.id], "partnership")
    digest = overviews.digest(connection, loaded, now)
    for part in _WAITS:
        lines = digest[part]
        assert isinstance(lines, list)
        yield from lines


def _next_year(connection: Connection, partnership: str, now: datetime) -> Iterator[str]:
    """What waits, and when the cycle is closed what the register asks of a person before the next one."""
    yield from _waiting(connection, partnership, now)
    for row in queries.agencies(connection, partnership):
        if row.status == "no_contact":
            yield f"{row.code} {row.name}: find somebody to write to; it cannot be asked without a contact."
        elif row.status == "not_applicable":
            yield f"{row.code} {row.name}: not applicable ({row.status_reason}); confirm it again next year."


def _cases(
    connection: Connection, stage: Stage, script: Script, report: AssuranceReport, now: datetime
) -> Iterator[CaseEnd]:
    listed = {row["agency"]: row for row in views.case_list(connection, stage.partnership, stage.year, now=now)}
    sessions = {row.agency.code: row.session for row in report.timetable.agencies}
    for scores in report.scores:
        code = scores.agency.code
        escalation = listed[code]["escalation"]
        yield CaseEnd(
            case=listed[code]["case"],
            agency=scores.agency.name,
            state=listed[code]["state_words"],
            report=scores.report,
            panel=scores.attendance,
            session=sessions[code],
            escalation=escalation["state_words"] if escalation else "",
            judgement=_judgement(scores),
            story=script.stories.get(code, ""),
        )


def _judgement(scores: AgencyScores) -> str:
    if scores.not_judged:
        return scores.not_judged
    draft = "Draft judgement" if scores.is_draft else "Judgement"
    rated = ", ".join(f"{standard.number} {_word(standard.panel)}" for standard in scores.standards)
    return f"{draft} by standard: {rated}."


def _word(shown: Shown) -> str:
    return shown.word.lower() or shown.text
