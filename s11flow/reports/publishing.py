"""The version of the report that is published: with the agencies that did not submit named, or only counted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Literal, Protocol, TypeVar

from s11flow.domain.errors import WrongInputError
from s11flow.domain.statistics import TakingPart
from s11flow.reports.shape import (
    AssuranceReport,
    CountLine,
    Named,
    NonSubmission,
    PanelMember,
    Publication,
    Results,
    content_sha256,
)

Naming = Literal["named", "counted"]


def not_submitted(report: AssuranceReport) -> tuple[Named, ...]:
    """The agencies of which no report came."""
    return next(line.agencies for line in report.took_part.reports if line.name == TakingPart.NOT_SUBMITTED)


def published(report: AssuranceReport, naming: Naming, authority: str) -> AssuranceReport:
    """The published version of an approved *report*, as *authority* decided the naming of those who did not submit.

    Where they are only counted, every count stays that of the whole register, and what names one of them or speaks of
    it alone is left out. Raises WrongInputError for a draft.
    """
    if report.build.status == "draft":
        raise WrongInputError("A draft is not published; approve the report first with `s11flow cycle approve-report`.")
    hidden = frozenset(not_submitted(report)) if naming == "counted" else frozenset[Named]()
    found = _without(report, hidden) if hidden else report
    publication = Publication(not hidden, authority, len(hidden))
    found = replace(found, build=replace(found.build, publication=publication), sha256="")
    return replace(found, sha256=content_sha256(found))


def _without(report: AssuranceReport, hidden: Collection[Named]) -> AssuranceReport:
    part, dates = report.took_part, report.timetable
    return replace(
        report,
        method=replace(
            report.method,
            bases=_counted(report.method.bases, hidden),
            panel=tuple(_panel_member(each, hidden) for each in report.method.panel),
            not_quorate=_named(report.method.not_quorate, hidden),
            stand_ins=_kept(report.method.stand_ins, hidden),
        ),
        took_part=replace(
            part,
            reports=_counted(part.reports, hidden),
            attendance=_counted(part.attendance, hidden),
            also=_counted(part.also, hidden),
        ),
        results=_results(report.results, hidden),
        actions=_kept(report.actions, hidden),
        since_last=tuple(replace(line, fell=_named(line.fell, hidden)) for line in report.since_last),
        repeated=_kept(report.repeated, hidden),
        impact=_kept(report.impact, hidden),
        recommendations=_kept(report.recommendations, hidden),
        scores=_kept(report.scores, hidden),
        non_submissions=tuple(_schedule_line(line, hidden) for line in _kept(report.non_submissions, hidden)),
        timetable=replace(dates, agencies=_kept(dates.agencies, hidden)),
    )


def _results(results: Results, hidden: Collection[Named]) -> Results:
    return replace(
        results,
        standards=tuple(
            replace(
                standard,
                working_well=_kept(standard.working_well, hidden),
                worried=_kept(standard.worried, hidden),
                needs=_kept(standard.needs, hidden),
            )
            for standard in results.standards
        ),
        working_well=_kept(results.working_well, hidden),
        worried=_kept(results.worried, hidden),
        needs=_kept(results.needs, hidden),
        good_practice=_kept(results.good_practice, hidden),
    )


def _panel_member(member: PanelMember, hidden: Collection[Named]) -> PanelMember:
    own = None if member.interest in hidden else member.interest
    return replace(member, interest=own, declared=_named(member.declared, hidden))


def _schedule_line(line: NonSubmission, hidden: Collection[Named]) -> NonSubmission:
    """A member of a joint report that sent its own does not tell on the lead that sent none."""
    return replace(line, joint_lead=None) if line.joint_lead in hidden else line


def _counted(lines: tuple[CountLine, ...], hidden: Collection[Named]) -> tuple[CountLine, ...]:
    shown = ((line, _named(line.agencies, hidden)) for line in lines)
    return tuple(replace(line, agencies=left, not_named=len(line.agencies) - len(left)) for line, left in shown)


def _named(agencies: tuple[Named, ...], hidden: Collection[Named]) -> tuple[Named, ...]:
    return tuple(agency for agency in agencies if agency not in hidden)


class _OfAgency(Protocol):
    @property
    def agency(self) -> Named | None: ...


_Line = TypeVar("_Line", bound=_OfAgency)


def _kept(lines: tuple[_Line, ...], hidden: Collection[Named]) -> tuple[_Line, ...]:
    return tuple(line for line in lines if line.agency not in hidden)
