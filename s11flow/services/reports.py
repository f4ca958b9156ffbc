"""Gathers a cycle from the database for the Assurance Report. Building a file changes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from calendars import london
from db import queries
from db.tables import HistoryPrivate
from db.unit_of_work import UnitOfWork
from s11flow.domain import raters
from s11flow.domain.agenda import blocked
from s11flow.domain.definition import Definition
from s11flow.domain.errors import WrongInputError
from s11flow.domain.model import CaseEvent, CaseFacts, CaseState, CycleEvent, CycleFacts, CycleState
from s11flow.reports import AssuranceReport, Earlier, Naming, ReportCase, build, not_submitted, published
from s11flow.reports.wording import findings
from s11flow.services import subjects, successions
from s11flow.services.cycles import find_cycle
from s11flow.services.publication import additions_of, naming_of
from s11flow.services.subjects import Loaded, session_from

_private = queries.table(HistoryPrivate)


def assurance_report(
    uow: UnitOfWork, *, partnership: str, year: int | str, now: datetime, author: str = ""
) -> AssuranceReport:
    """The Assurance Report of a cycle as it stands at *now*: a draft until the report is approved.

    Its author, by role, is the panel's lead, or who is named as their deputy (case 30).
    """
    return _report(uow, partnership, year, now, author)[0]


def published_report(
    uow: UnitOfWork, *, partnership: str, year: int | str, now: datetime, author: str = ""
) -> AssuranceReport:
    """The version that is published, with those who did not submit named or only counted as was decided.

    Raises WrongInputError for a draft, and while nobody has decided.
    """
    report, decided = _report(uow, partnership, year, now, author)
    silent = len(not_submitted(report))
    if decided is None and silent and report.build.status != "draft":
        those = "1 agency that did not submit is" if silent == 1 else f"{silent} agencies that did not submit are"
        raise WrongInputError(
            f"Nobody has recorded whether the {those} to be named; do so with `s11flow cycle naming`."
        )
    return published(report, *(decided or ("named", "")))


def _report(
    uow: UnitOfWork, partnership: str, year: int | str, now: datetime, author: str
) -> tuple[AssuranceReport, tuple[Naming, str] | None]:
    with uow.read() as connection:
        row = find_cycle(connection, partnership, year)
        (cycle,) = subjects.load(connection, [row.id], "cycle")
        assert isinstance(cycle.facts, CycleFacts)
        status, approved_at = _status(connection, cycle.facts, row.id), _approved_at(connection, row.id)
        return _built(connection, cycle, now, author, status, approved_at), naming_of(connection, row.id)


def _built(
    connection: Connection, cycle: Loaded, now: datetime, author: str, status: Any, approved_at: datetime | None
) -> AssuranceReport:
    assert isinstance(cycle.facts, CycleFacts)
    found = subjects.load_cases(connection, queries.case_ids(connection, cycle.id))
    days = [day.day for day in queries.panel_days_of(connection, cycle.id) if day.state == "SITTING"]
    return build(
        cycle.rules.definition,
        cycle.facts,
        _named(
            connection,
            cycle.facts,
            _report_cases(connection, found, now, _earlier(connection, cycle.facts)),
            approved_at,
        ),
        author=_author(cycle.rules.definition, author),
        status=status,
        built_at=now,
        panel_days=days,
        approved_at=approved_at,
        additions=additions_of(connection, cycle.id),
    )


def _author(definition: Definition, author: str) -> str:
    """Whose report it is; a deputy is called one."""
    lead = raters.lead(definition).title
    if not raters.is_deputy(definition, author):
        return lead
    return f"{raters.as_named(definition, author)}, deputy for the {lead}"


def _named(
    connection: Connection, cycle: CycleFacts, found: Sequence[ReportCase], approved_at: datetime | None
) -> list[ReportCase]:
    """The cases under the names their agencies had when the report was approved; both of two providers are named."""
    (home,) = (row for row in queries.partnerships(connection) if row.code == cycle.partnership)
    rows = queries.successions(connection, home.id)
    if not rows:
        return list(found)
    names = {case.code: _reported_name(rows, case.facts, cycle, approved_at) for case in found}
    return [
        replace(
            case,
            facts=replace(case.facts, agency=replace(case.facts.agency, name=names[case.code])),
            merged=_merged(rows, case.facts, names, approved_at),
        )
        for case in found
    ]


def _merged(rows: Sequence[Any], facts: CaseFacts, names: Mapping[str, str], approved_at: datetime | None) -> str:
    """What the agency became part of, where that one's case reports for it: `part of 31 Trust since ...`."""
    into = successions.merged_into(rows, facts.agency.code, approved_at)
    if into is None or facts.state != CaseState.COVERED or (facts.covered_by or "").rsplit("-", 1)[-1] != into[0]:
        return ""
    return f"part of {into[0]} {names.get(into[0], '')} since {london.spell_day(into[1])}"


def _reported_name(rows: Sequence[Any], facts: CaseFacts, cycle: CycleFacts, approved_at: datetime | None) -> str:
    name = facts.agency.name
    if approved_at is not None:
        name = successions.name_on(rows, facts.agency, london.day_of(approved_at))
    period = facts.dates.period or (cycle.period_from, cycle.period_to)
    before = successions.providers(rows, facts.agency, period)[:-1]
    said = [
        f"to {london.spell_day(date.fromisoformat(each['to'])).split(' ', 1)[1]}: {each['name']}" for each in before
    ]
    return f"{name} ({'; '.join(said)})" if said else name


def for_letters(connection: Connection, cycle: Loaded, now: datetime) -> dict[str, object]:
    """What the letters of the approval say of the report that is approved at *now*, counted as the report counts."""
    report = _built(connection, cycle, now, "", "approved", now)
    to_all = [line.text for line in report.recommendations if line.agency is None]
    return {
        "themes": findings(report),
        "recommendations": to_all,
        "own_recommendations": len(report.recommendations) - len(to_all),
        "not_submitted": [agency.name for agency in not_submitted(report)],
    }


def _status(connection: Connection, facts: CycleFacts, cycle_id: int) -> Any:
    reopened = any(line.event == CycleEvent.REOPEN_REPORT for line in queries.history_of(connection, cycle_id))
    if facts.state in (CycleState.REPORTED, CycleState.IN_STATEMENT, CycleState.CLOSED):
        return "corrigendum" if reopened else "approved"
    return "draft"


def _approved_at(connection: Connection, cycle_id: int) -> datetime | None:
    """When the report was last approved, unless it has been opened again since."""
    at: datetime | None = None
    for line in queries.history_of(connection, cycle_id):
        if line.event == CycleEvent.APPROVE_REPORT:
            at = line.at
        elif line.event == CycleEvent.REOPEN_REPORT:
            at = None
    return at


def _report_cases(
    connection: Connection, found: Sequence[Loaded], now: datetime, earlier: Mapping[str, Earlier]
) -> list[ReportCase]:
    ids = [case.id for case in found]
    assessments = queries.assessments(connection, ids)
    sessions = queries.sessions(connection, ids)
    versions = queries.submissions(connection, ids)
    excuses = _excuses(connection, ids)
    silent = _non_submissions(connection, ids)
    cases = []
    for case in found:
        facts = case.facts
        assert isinstance(facts, CaseFacts)
        arrived = [row.arrived_at for row in versions.get(case.id, ()) if row.status != "withdrawn"]
        rows = assessments.get(case.id)
        reason, authority = excuses.get(case.id, ("", ""))
        cases.append(
            ReportCase(
                facts=facts,
                assessment=json.loads(rows[-1].body) if rows else None,
                first_arrived_at=min(arrived) if arrived else None,
                sessions=tuple(session_from(row, {}) for row in sessions.get(case.id, ())),
                reason=reason,
                authority=authority,
                author=rows[-1].author if rows else "",
                rated_by=tuple(json.loads(rows[-1].rated_by)) if rows and rows[-1].rated_by else (),
                non_submission_at=silent.get(case.id),
                note=" ".join(blocked(case.rules, facts, now)),
                earlier=earlier.get(facts.agency.code),
            )
        )
    return cases


def _earlier(connection: Connection, facts: CycleFacts) -> dict[str, Earlier]:
    """The newest agreed judgement of an earlier cycle for each agency, by its code."""
    given, file, cycle, agency = queries.assessment, queries.case_file, queries.cycle, queries.agency
    statement = (
        select(agency.c.code, cycle.c.code.label("cycle"), given.c.body)
        .join(file, file.c.subject_id == given.c.case_id)
        .join(cycle, cycle.c.subject_id == file.c.cycle_id)
        .join(agency, agency.c.id == file.c.agency_id)
        .where(cycle.c.partnership == facts.partnership, cycle.c.code < facts.cycle, given.c.agreed_at.is_not(None))
        .order_by(cycle.c.year, cycle.c.code, given.c.version)
    )
    newest = {row.code: row for row in connection.execute(statement)}
    return {
        code: Earlier(row.cycle, {each["standard"]: each["panel"] for each in json.loads(row.body)["standards"]})
        for code, row in newest.items()
    }


def _excuses(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """The newest excuse of each case: reason and authority."""
    table = queries.history
    joined = (_private.c.subject_id == table.c.subject_id) & (_private.c.seq == table.c.seq)
    statement = (
        select(table.c.subject_id, _private.c.body)
        .join(_private, joined)
        .where(table.c.subject_id.in_(ids), table.c.event == CaseEvent.EXCUSE.value)
        .order_by(table.c.seq)
    )
    found = {}
    for subject_id, body in connection.execute(statement):
        said = json.loads(body)
        found[subject_id] = (said.get("reason", ""), said.get("authority", ""))
    return found


def _non_submissions(connection: Connection, ids: Sequence[int]) -> dict[int, datetime]:
    table = queries.history
    statement = (
        select(table.c.subject_id, table.c.at)
        .where(table.c.subject_id.in_(ids), table.c.event == CaseEvent.CONFIRM_NON_SUBMISSION.value)
        .order_by(table.c.seq)
    )
    return {row.subject_id: row.at for row in connection.execute(statement)}
