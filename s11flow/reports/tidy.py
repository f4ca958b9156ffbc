"""The report in tidy long form: one row for each figure or text, so that it can be filtered and pivoted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import NamedTuple

from calendars import london
from s11flow.domain.statistics import Share, Spread
from s11flow.reports.shape import (
    AgencyScores,
    AssuranceReport,
    CountLine,
    Named,
    Said,
    Shown,
    StandardResult,
)


class Row(NamedTuple):
    """One row. `value` is a text; `n` out of `of` is a count; `number` and `pattern` tell a rating apart."""

    section: str
    measure: str
    agency: str = ""
    agency_name: str = ""
    standard: str = ""
    requirement: str = ""
    given_by: str = ""
    value: str = ""
    n: str = ""
    of: str = ""
    percent: str = ""
    number: str = ""
    pattern: str = ""


COLUMNS = Row._fields


def rows(report: AssuranceReport) -> Iterator[Row]:
    """Every row of the file."""
    yield from _build(report)
    yield from _panel(report)
    yield from _counts("basis", report.method.bases)
    yield from _counts("who took part: reports", report.took_part.reports)
    yield from _counts("who took part: attendance", report.took_part.attendance)
    yield from _counts("who took part: also", report.took_part.also)
    yield from (_of("outside the register count", "void", agency) for agency in report.took_part.void)
    for title in report.took_part.duty_bodies_not_on_register:
        yield Row("duty bodies", "not on the register", value=title)
    yield from _results(report)
    yield from _lists(report)
    for scores in report.scores:
        yield from _scores(scores)
    yield from _non_submissions(report)
    yield from _timetable(report)


def _build(report: AssuranceReport) -> Iterator[Row]:
    build = report.build
    for measure, value in (
        ("partnership", build.partnership),
        ("cycle", build.cycle),
        ("period from", build.period_from.isoformat()),
        ("period to", build.period_to.isoformat()),
        ("standards version", build.standards_version),
        ("author", build.author),
        ("status", build.status),
        ("complete", "yes" if build.is_complete else "no"),
        ("built at", _at(report.built_at)),
        ("sha256", report.sha256),
    ):
        yield Row("build", measure, value=value)
    if said := build.publication:
        yield Row("build", "agencies that did not submit", value="named" if said.are_named else "counted, not named")
        yield from _facts(Row("build", ""), (("authority for that", said.authority),))
    yield _share(Row("build", "outstanding"), Share(len(build.outstanding), build.on_register))
    yield from (_of("build", "outstanding agency", agency) for agency in build.outstanding)


def _counts(section: str, lines: Iterable[CountLine]) -> Iterator[Row]:
    """Each count, then the agencies that are in it."""
    for line in lines:
        yield _share(Row(section, line.name), line.share)
        yield from (_of(section, line.name, agency) for agency in line.agencies)
        if line.not_named:
            yield Row(section, line.name, value=f"{line.not_named} not named")


def _panel(report: AssuranceReport) -> Iterator[Row]:
    for member in report.method.panel:
        yield Row("panel", "member", value=member.title)
        if member.interest:
            yield _of("panel", "own agency", member.interest, member.title)
        yield from (_of("panel", "declared an interest", agency, member.title) for agency in member.declared)
    yield Row("panel", "quorum", n=str(report.method.quorum), of=str(len(report.method.panel)))
    yield from (_of("panel", "not quorate", agency) for agency in report.method.not_quorate)
    for one in report.method.stand_ins:
        yield _of("panel", "author", one.agency, one.author or "the panel's lead")
        yield from (_of("panel", "rated by", one.agency, member) for member in one.rated_by)


def _results(report: AssuranceReport) -> Iterator[Row]:
    yield _share(Row("ratings", "agencies assessed"), report.results.assessed)
    for standard in report.results.standards:
        yield from _spread(Row("ratings", "", standard=standard.number, given_by="panel"), standard.panel)
        for item in standard.requirements:
            where = Row("ratings", "", standard=standard.number, requirement=item.number)
            yield from _spread(where._replace(given_by="self"), item.own)
            yield from _spread(where._replace(given_by="panel"), item.panel)
    for line in report.self_against_panel:
        for measure, share in (
            ("same", line.comparison.same),
            ("self higher", line.comparison.self_higher),
            ("panel higher", line.comparison.panel_higher),
        ):
            yield _share(Row("self against panel", measure, value=line.standard), share)
    yield from _since_last(report)


def _since_last(report: AssuranceReport) -> Iterator[Row]:
    for line in report.since_last:
        for measure, share in (("better", line.better), ("same", line.same), ("worse", line.worse)):
            yield _share(Row("since the last judgement", measure, value=line.standard), share)
        yield from (_of("since the last judgement", "fell", agency, line.standard) for agency in line.fell)
    for one in report.repeated:
        said = f"{one.then} in {one.cycle}, {one.now} now"
        yield _of("repeated findings", said, one.agency, one.standard)


def _spread(where: Row, spread: Spread) -> Iterator[Row]:
    for code, share in spread.rated:
        yield _share(where._replace(measure=f"rated {code}"), share)
    apart = [(f"qualified {code}", n) for code, n in spread.qualified]
    apart += [("on another scale", spread.other_scale), ("not applicable", spread.not_applicable)]
    for measure, n in [*apart, ("not answered", spread.not_answered)]:
        yield where._replace(measure=measure, n=str(n), of=str(spread.asked))


def _lists(report: AssuranceReport) -> Iterator[Row]:
    results = report.results
    for standard in results.standards:
        yield from _remarks(standard)
    yield from _said("working well", results.working_well)
    yield from _said("worried about", results.worried)
    yield from _said("needs to happen", results.needs)
    yield from _said("good practice", results.good_practice)
    for action in report.actions:
        row = _of("actions from reviews", action.status, action.agency, action.what)
        yield row
        facts = (("review", action.review), ("owner", action.owner), ("by", _on(action.by)))
        yield from _facts(row, (*facts, ("evidence", action.evidence)))
    for section, texts in (
        ("changes", report.changes),
        ("themes", report.themes),
        ("year on year", report.year_on_year),
        ("lessons", report.lessons),
    ):
        yield from (Row(section, "text", value=text) for text in texts)
    yield from _said("impact on children", report.impact)
    for line in report.recommendations:
        row = Row("recommendations", "text", value=line.text, number=str(line.number))
        row = row._replace(agency=line.agency.code, agency_name=line.agency.name) if line.agency else row
        yield row
        yield from _facts(row, (("owner", line.owner), ("by", _on(line.by))))


def _remarks(standard: StandardResult) -> Iterator[Row]:
    yield from _said("working well", standard.working_well)
    yield from _said("worried about", standard.worried)
    yield from _said("needs to happen", standard.needs)


def _said(section: str, remarks: Iterable[Said]) -> Iterator[Row]:
    for remark in remarks:
        yield _of(section, "text", remark.agency, remark.text)._replace(standard=remark.standard or "")


def _scores(scores: AgencyScores) -> Iterator[Row]:
    where = _of("scores", "", scores.agency)
    facts = (
        ("category", scores.category),
        ("report", scores.report),
        ("attendance", scores.attendance),
        ("basis", scores.basis),
        ("basis as recorded", scores.basis_recorded),
        ("draft judgement", "yes" if scores.is_draft else ""),
        ("not judged", scores.not_judged),
        ("reason", scores.reason),
        ("authority", scores.authority),
        ("mapping of scales", scores.mapping),
        ("agency response", scores.agency_response),
        ("dissent", scores.dissent),
    )
    yield from _facts(where, facts)
    for standard in scores.standards:
        at = where._replace(standard=standard.number, given_by="panel")
        yield _shown(at, standard.panel)
        yield from _facts(at, (("reason", standard.reason),))
    for item in scores.requirements:
        at = where._replace(requirement=item.number)
        yield _shown(at._replace(given_by="self"), item.own)
        yield _shown(at._replace(given_by="panel"), item.panel)
        yield from _facts(at, (("reason", item.reason),))


def _shown(where: Row, shown: Shown) -> Row:
    number = "" if shown.number is None else str(shown.number)
    return where._replace(measure="rating", value=shown.text, number=number, pattern=shown.pattern)


def _non_submissions(report: AssuranceReport) -> Iterator[Row]:
    for line in report.non_submissions:
        facts = (
            ("report", line.report),
            ("joint report of", line.joint_lead.code if line.joint_lead else ""),
            ("deadline", _at(line.deadline)),
            ("non-submission confirmed", _at(line.confirmed_at)),
            ("warned", _at(line.warned_at)),
            ("reported to the Chair", _at(line.reported_at)),
            ("report arrived", _at(line.arrived_at)),
            ("escalation", line.escalation),
            ("note", line.note),
        )
        yield from _facts(_of("non-submissions", "", line.agency), facts)


def _timetable(report: AssuranceReport) -> Iterator[Row]:
    for day in report.timetable.cycle:
        yield Row("timetable", day.name, value=_at(day.at))
    for line in report.timetable.agencies:
        facts = (
            ("asked", _at(line.asked_at)),
            ("deadline", _at(line.deadline)),
            ("deadline extended", "yes" if line.is_extended else ""),
            ("report arrived", _at(line.arrived_at)),
            ("session", _at(line.session_at)),
            ("session state", line.session),
            ("considered", _at(line.considered_at)),
            ("assessed", _at(line.assessed_at)),
            ("agreed", _at(line.agreed_at)),
        )
        yield from _facts(_of("timetable", "", line.agency), facts)


def _facts(where: Row, facts: Iterable[tuple[str, str]]) -> Iterator[Row]:
    """A row for each fact that there is."""
    for measure, value in facts:
        if value:
            yield where._replace(measure=measure, value=value)


def _of(section: str, measure: str, agency: Named, value: str = "") -> Row:
    return Row(section, measure, agency=agency.code, agency_name=agency.name, value=value)


def _share(row: Row, share: Share) -> Row:
    percent = "" if share.percent is None else str(share.percent)
    return row._replace(n=str(share.n), of=str(share.of), percent=percent)


def _at(at: datetime | None) -> str:
    return london.iso(at) if at else ""


def _on(on: date | None) -> str:
    return on.isoformat() if on else ""
