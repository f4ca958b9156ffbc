"""Works out what the Assurance Report says, once; it is then only written down, as HTML, CSV or JSON.

Counts come from `s11flow.domain.statistics`, which lets no count stand
that does not add up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial

from calendars import london
from s11flow.domain import statistics
from s11flow.domain.definition import Definition
from s11flow.domain.errors import WrongInputError
from s11flow.domain.interests import is_quorate, quorum_of
from s11flow.domain.model import CaseFacts, CaseState, CycleFacts, Dated, Escalation, EscalationState, Session, Track
from s11flow.domain.state_facts import facts_of
from s11flow.domain.statistics import Answered, Attendance, Mark, Share, Taken, TakingPart
from s11flow.reports.additions import Additions, Proposal
from s11flow.reports.assessment import Assessment, Remark, check_assessment
from s11flow.reports.shape import (
    ActionLine,
    AgencyDates,
    AgencyScores,
    AssuranceReport,
    BuildFacts,
    ChangeLine,
    ComparisonLine,
    CountLine,
    DateLine,
    JudgedBy,
    Method,
    Named,
    NonSubmission,
    PanelMember,
    RecommendationLine,
    RepeatedFinding,
    RequirementResult,
    RequirementScore,
    Results,
    Said,
    ScaleWord,
    Shown,
    StandardResult,
    StandardScore,
    Status,
    Term,
    Timetable,
    TookPart,
    content_sha256,
)
from s11flow.reports.wording import GLOSSARY, introduction, statement

# --- what goes in ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Earlier:
    """The agency's last agreed judgement: in which cycle, and the code of the panel's rating of each standard."""

    cycle: str
    ratings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReportCase:
    """All the report needs of one case. Services fill it from the database.

    `assessment` is the newest judgement, read or as the JSON object it was given in. `first_arrived_at` is when the
    first version that was not withdrawn reached us (the facts' newest version if None); `sessions` are all sessions of
    the case. `reason` and `authority` are those of an excuse, `non_submission_at` is when non-submission was
    confirmed, `note` is anything recorded that the schedule of non-submissions must show (why an escalation waits),
    `earlier` is what the panel made of the agency the last time. `author` and `rated_by` are those of the judgement,
    by role, where they are not the panel's lead and the whole panel. `merged` says what an agency became part of whose
    case reports for it: it is not counted apart.
    """

    facts: CaseFacts
    assessment: Assessment | Mapping[str, object] | None = None
    first_arrived_at: datetime | None = None
    sessions: tuple[Session, ...] = ()
    reason: str = ""
    authority: str = ""
    non_submission_at: datetime | None = None
    note: str = ""
    earlier: Earlier | None = None
    author: str = ""
    rated_by: tuple[str, ...] = ()
    merged: str = ""

    @property
    def code(self) -> str:
        """The agency's code."""
        return self.facts.agency.code

    @property
    def taken(self) -> Taken:
        """The part of it that is counted."""
        return Taken(
            self.facts,
            first_arrived_at=self.first_arrived_at,
            sessions=self.sessions,
            not_applicable=self.reason.strip().casefold().startswith("not applicable"),
        )


# --- building -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Standing:
    """One case with how it is counted."""

    case: ReportCase
    part: TakingPart
    attendance: Attendance
    lead: ReportCase | None
    judgement: Assessment | None
    basis: str

    @property
    def named(self) -> Named:
        return _named(self.case)

    @property
    def taken(self) -> Taken:
        return self.case.taken


def build(
    definition: Definition,
    cycle: CycleFacts,
    cases: Sequence[ReportCase],
    *,
    author: str,
    status: Status,
    built_at: datetime,
    panel_days: Sequence[date],
    approved_at: datetime | None = None,
    additions: Additions | None = None,
) -> AssuranceReport:
    """The report on *cycle* as its *cases* stand, in the order of the agencies' codes.

    A draft may be built at any time and says what is outstanding; an approved report or a corrigendum is refused with
    WrongInputError while anything is. What arrived after *approved_at* changes no number. Building changes nothing.
    Raises CountError if an agency would be counted twice, WrongAssessmentError for a judgement that does not fit.
    """
    final, said = status != "draft", additions or Additions()
    ordered = sorted((case for case in cases if not case.merged), key=lambda case: case.code)
    merged = sorted((case for case in cases if case.merged), key=lambda case: case.code)
    standing = _stand(definition, ordered, final=final, counted_until=approved_at)
    outstanding = tuple(each.named for each in standing if _is_outstanding(each, final=final))
    if final and outstanding:
        names = ", ".join(f"{agency.code} {agency.name}" for agency in outstanding)
        raise WrongInputError(f"The report cannot be built as {status}: {names} still to be settled; build a draft.")
    report = AssuranceReport(
        build=_build_facts(definition, cycle, standing, author, status, outstanding),
        introduction=introduction(definition, cycle),
        changes=said.changes,
        method=_method(definition, ordered, standing, panel_days),
        took_part=_took_part(definition, ordered, standing, approved_at),
        results=_results(definition, standing),
        actions=_actions(standing),
        self_against_panel=_self_against_panel(definition, standing),
        themes=said.themes,
        since_last=_since_last(definition, standing),
        repeated=tuple(_repeated(definition, standing)),
        year_on_year=(*said.year_on_year, *_other_periods(cycle, standing), *map(_part_of_another, merged)),
        impact=tuple(Said(each.named, text) for each, text in _texts(standing, lambda judged: judged.impact)),
        recommendations=_recommendations(standing, said.recommendations),
        lessons=said.lessons,
        statement=(),
        scores=tuple(_scores(definition, each) for each in standing),
        non_submissions=tuple(_non_submission(each) for each in standing if _missed_its_deadline(each)),
        timetable=_timetable(cycle, standing, panel_days),
        glossary=tuple(Term(word, meaning) for word, meaning in GLOSSARY),
        built_at=built_at,
    )
    whole = replace(report, statement=statement(report))
    return replace(whole, sha256=content_sha256(whole))


def _stand(
    definition: Definition, cases: Sequence[ReportCase], *, final: bool, counted_until: datetime | None
) -> tuple[_Standing, ...]:
    leads = {key: case for case in cases for key in (case.code, case.facts.ref)}
    found = []
    for case in cases:
        lead = leads.get(case.facts.covered_by or "") if case.facts.state == CaseState.COVERED else None
        part = statistics.taking_part(
            case.taken, lead=lead.taken if lead else None, final=final, counted_until=counted_until
        )
        if part is None:
            continue
        lead_part = statistics.taking_part(lead.taken, final=final, counted_until=counted_until) if lead else None
        led = (lead.taken, lead_part) if lead is not None and lead_part is not None else None
        seen = statistics.attendance(case.taken, part, lead=led, final=final)
        found.append(_Standing(case, part, seen, lead, _judgement(definition, case), _basis(case.facts, part, seen)))
    return tuple(found)


_JUDGED = (CaseState.ASSESSED, CaseState.AGREED, CaseState.REPORTED, CaseState.IN_STATEMENT, CaseState.CLOSED)


def _judgement(definition: Definition, case: ReportCase) -> Assessment | None:
    if case.assessment is None or case.facts.state not in _JUDGED:
        return None
    return check_assessment(case.assessment, definition)


def _basis(facts: CaseFacts, part: TakingPart, seen: Attendance) -> str:
    if seen == Attendance.TO_COME:
        return "not yet considered"
    if facts.track == Track.LIGHT and part in statistics.SUBMITTED and seen == Attendance.REPORT_ALONE:
        return statistics.SIGNED_STATEMENT
    return statistics.basis(part, seen)


def _is_outstanding(each: _Standing, *, final: bool) -> bool:
    """Before approval an agency that is still awaited is outstanding too, asked or not."""
    awaited = not final and each.part in (TakingPart.AWAITED, TakingPart.JOINT_AWAITED)
    return awaited or statistics.is_outstanding(each.case.facts)


def _named(case: ReportCase) -> Named:
    return Named(case.code, case.facts.agency.name)


def _build_facts(
    definition: Definition,
    cycle: CycleFacts,
    standing: Sequence[_Standing],
    author: str,
    status: Status,
    outstanding: tuple[Named, ...],
) -> BuildFacts:
    return BuildFacts(
        partnership=definition.partnership.name,
        area=definition.partnership.area,
        code=definition.partnership.code,
        cycle=cycle.cycle,
        period_from=cycle.period_from,
        period_to=cycle.period_to,
        standards_version=definition.standards_version,
        author=author,
        status=status,
        is_complete=not outstanding,
        outstanding=outstanding,
        on_register=len(standing),
    )


# --- method and who took part ---------------------------------------------------------------------------------------

_BASES = (
    "report and session",
    "report alone",
    "late report and session",
    "late report",
    statistics.SIGNED_STATEMENT,
    "session alone",
    "joint report",
    "nothing submitted",
    "not asked",
    "excused",
    "not applicable",
    "not yet considered",
)


def _method(
    definition: Definition, cases: Sequence[ReportCase], standing: Sequence[_Standing], panel_days: Sequence[date]
) -> Method:
    names = {case.code: _named(case) for case in cases}
    people = tuple(
        PanelMember(
            person.title,
            names.get(person.agency, Named(person.agency, "")) if person.agency else None,
            tuple(each.named for each in standing if person.title in each.case.facts.interests),
        )
        for person in definition.people.panel
    )
    bases = {each.case.code: each.basis for each in standing}
    considered = [each for each in standing if each.case.facts.considered_at is not None]
    return Method(
        _scale(definition),
        people,
        tuple(sorted(panel_days)),
        _lines(standing, _BASES, bases),
        quorum_of(definition),
        tuple(each.named for each in considered if not is_quorate(definition, each.case.facts)),
        tuple(
            JudgedBy(each.named, each.case.author, each.case.rated_by)
            for each in standing
            if each.judgement is not None and (each.case.author or each.case.rated_by)
        ),
    )


def _scale(definition: Definition) -> tuple[ScaleWord, ...]:
    return tuple(
        ScaleWord(rating.code, rating.word, rating.meaning, rating.pattern, number, rating.colour)
        for number, rating in enumerate(definition.scale, 1)
    )


def _lines(standing: Sequence[_Standing], order: Iterable[str], of: Mapping[str, str]) -> tuple[CountLine, ...]:
    """A line for each name of *order*; each agency in exactly one of them, or CountError."""
    names = {each.case.code: each.named for each in standing}
    tally = statistics.tally([each.case.code for each in standing], order, of)
    return tuple(
        CountLine(name, tally.share(name), tuple(names[code] for code in codes)) for name, codes in tally.lines
    )


def _took_part(
    definition: Definition,
    cases: Sequence[ReportCase],
    standing: Sequence[_Standing],
    counted_until: datetime | None,
) -> TookPart:
    counted = {each.case.code for each in standing}
    categories = {each.case.facts.agency.category.casefold() for each in standing}
    return TookPart(
        on_register=len(standing),
        reports=_lines(standing, TakingPart, {each.case.code: each.part for each in standing}),
        attendance=_lines(standing, Attendance, {each.case.code: each.attendance for each in standing}),
        also=_second_counts(standing, counted_until),
        void=tuple(_named(case) for case in cases if case.code not in counted),
        duty_bodies_not_on_register=tuple(
            body.title for body in definition.duty_bodies if body.category.casefold() not in categories
        ),
    )


def _second_counts(standing: Sequence[_Standing], counted_until: datetime | None) -> tuple[CountLine, ...]:
    def line(name: str, holds: Callable[[_Standing], bool]) -> CountLine:
        which = tuple(each.named for each in standing if holds(each))
        return CountLine(name, Share(len(which), len(standing)), which)

    return (
        line("asked for a report", lambda each: each.case.facts.asked_at is not None),
        line("submitted a report of their own, in time or not", lambda each: each.part in statistics.SUBMITTED),
        line("on time: by their own deadline", lambda each: each.part in statistics.IN_TIME),
        line(
            "by the target, whatever their deadline",
            lambda each: (
                each.part in statistics.SUBMITTED and statistics.is_by_target(each.taken, counted_until=counted_until)
            ),
        ),
        *(line(f"works in {area}", partial(_works_in, area)) for area in _areas(standing)),
    )


def _areas(standing: Sequence[_Standing]) -> list[str]:
    """The areas the register tells apart: an agency of several is counted once in the whole, and in each (case 1)."""
    return sorted({area for each in standing for area in each.case.facts.agency.areas})


def _works_in(area: str, each: _Standing) -> bool:
    return area in each.case.facts.agency.areas


# --- ratings --------------------------------------------------------------------------------------------------------


def _other_periods(cycle: CycleFacts, standing: Sequence[_Standing]) -> list[str]:
    """Who reports on other months than the rest, so that nobody takes them for a year like the one before (case 46)."""
    found = []
    for each in standing:
        period = each.case.facts.dates.period
        if period is not None and period != (cycle.period_from, cycle.period_to):
            months = (period[1].year - period[0].year) * 12 + period[1].month - period[0].month + 1
            covers = " to ".join(london.spell_day(day).split(" ", 1)[1] for day in period)
            found.append(
                f"{each.named.code} {each.named.name} reports on {months} months, {covers}: there is a gap before, and "
                "its ratings are not to be compared with those of one year."
            )
    return found


def _part_of_another(case: ReportCase) -> str:
    return f"{case.code} {case.facts.agency.name} is {case.merged}: it is reported on and counted there, once."


def _judged(standing: Iterable[_Standing]) -> list[tuple[_Standing, Assessment]]:
    return [(each, each.judgement) for each in standing if each.judgement is not None]


def _results(definition: Definition, standing: Sequence[_Standing]) -> Results:
    judged = _judged(standing)
    return Results(
        assessed=Share(len(judged), len(standing)),
        standards=tuple(_standard_result(definition, judged, number) for number in range(len(definition.standards))),
        working_well=_said(judged, lambda one: one.working_well, None),
        worried=_said(judged, lambda one: one.worried, None),
        needs=_said(judged, lambda one: one.needs, None),
        good_practice=tuple(
            Said(each.named, remark.text, remark.standard) for each, one in judged for remark in one.good_practice
        ),
    )


def _standard_result(definition: Definition, judged: list[tuple[_Standing, Assessment]], index: int) -> StandardResult:
    standard, codes = definition.standards[index], [rating.code for rating in definition.scale]
    marks = [_standard_mark(one, standard.number) for _, one in judged]
    return StandardResult(
        number=standard.number,
        title=standard.published or standard.title,
        panel=statistics.spread(codes, marks),
        requirements=tuple(
            RequirementResult(
                item.number,
                item.published or item.text,
                statistics.spread(codes, [one.rating_of(item.number).own_mark for _, one in judged]),
                statistics.spread(codes, [one.rating_of(item.number).panel_mark for _, one in judged]),
            )
            for item in standard.requirements
        ),
        working_well=_said(judged, lambda one: one.working_well, standard.number),
        worried=_said(judged, lambda one: one.worried, standard.number),
        needs=_said(judged, lambda one: one.needs, standard.number),
    )


def _standard_mark(judgement: Assessment, number: str) -> Mark:
    return next(rating.panel_mark for rating in judgement.standards if rating.standard == number)


def _said(
    judged: list[tuple[_Standing, Assessment]], remarks: Callable[[Assessment], tuple[Remark, ...]], number: str | None
) -> tuple[Said, ...]:
    return tuple(
        Said(each.named, remark.text, remark.standard)
        for each, one in judged
        for remark in remarks(one)
        if remark.standard == number
    )


def _texts(standing: Sequence[_Standing], text: Callable[[Assessment], str]) -> list[tuple[_Standing, str]]:
    return [(each, text(one)) for each, one in _judged(standing) if text(one)]


def _actions(standing: Sequence[_Standing]) -> tuple[ActionLine, ...]:
    return tuple(
        ActionLine(each.named, action.what, action.review, action.owner, action.by, action.status, action.evidence)
        for each, one in _judged(standing)
        for action in one.actions
    )


def _self_against_panel(definition: Definition, standing: Sequence[_Standing]) -> tuple[ComparisonLine, ...]:
    codes, judged = [rating.code for rating in definition.scale], _judged(standing)
    by_standard = {
        f"{standard.number} {standard.published or standard.title}": [item.number for item in standard.requirements]
        for standard in definition.standards
    }
    by_standard["All standards"] = [number for numbers in by_standard.values() for number in numbers]
    return tuple(
        ComparisonLine(name, statistics.compare(codes, _pairs(judged, numbers)))
        for name, numbers in by_standard.items()
    )


def _pairs(judged: list[tuple[_Standing, Assessment]], numbers: list[str]) -> list[tuple[Mark, Mark]]:
    ratings = [one.rating_of(number) for _, one in judged for number in numbers]
    return [(rating.own_mark, rating.panel_mark) for rating in ratings]


def _since_last(definition: Definition, standing: Sequence[_Standing]) -> tuple[ChangeLine, ...]:
    """How the ratings moved, standard by standard; nothing where no agency was ever judged before."""
    lines = []
    for standard in definition.standards:
        moves = [(named, now - then) for named, then, now in _then_and_now(definition, standing, standard.number)]
        lines.append(
            ChangeLine(
                f"{standard.number} {standard.published or standard.title}",
                Share(sum(move > 0 for _, move in moves), len(moves)),
                Share(sum(move == 0 for _, move in moves), len(moves)),
                Share(sum(move < 0 for _, move in moves), len(moves)),
                tuple(named for named, move in moves if move < 0),
            )
        )
    return tuple(lines) if any(line.same.of for line in lines) else ()


def _then_and_now(definition: Definition, standing: Sequence[_Standing], number: str) -> list[tuple[Named, int, int]]:
    """The places on the scale of the last and this rating of a standard, of each agency that has both."""
    place = {rating.code: index for index, rating in enumerate(definition.scale)}
    found = []
    for each, judgement in _judged(standing):
        then = each.case.earlier.ratings.get(number) if each.case.earlier else None
        now = _standard_mark(judgement, number).code
        if then in place and now in place:
            found.append((each.named, place[then], place[now]))
    return found


def _repeated(definition: Definition, standing: Sequence[_Standing]) -> Iterator[RepeatedFinding]:
    words, best = [rating.word for rating in definition.scale], len(definition.scale) - 1
    cycles = {each.named: each.case.earlier.cycle for each in standing if each.case.earlier}
    for standard in definition.standards:
        for named, then, now in _then_and_now(definition, standing, standard.number):
            if now <= then and now < best:
                title = f"{standard.number} {standard.published or standard.title}"
                yield RepeatedFinding(named, title, cycles[named], words[then], words[now])


def _recommendations(standing: Sequence[_Standing], across: tuple[Proposal, ...]) -> tuple[RecommendationLine, ...]:
    """Those for all agencies first, then each agency's own, numbered through."""
    found: list[tuple[str, str, date | None, Named | None]] = [(one.text, one.owner, one.by, None) for one in across]
    for each, judgement in _judged(standing):
        found += [(one.text, one.owner or each.named.name, one.by, each.named) for one in judgement.recommendations]
    return tuple(RecommendationLine(number, *line) for number, line in enumerate(found, 1))


# --- appendices -----------------------------------------------------------------------------------------------------


def _scores(definition: Definition, each: _Standing) -> AgencyScores:
    facts, judgement = each.case.facts, each.judgement
    recorded = (judgement.basis if judgement else "") or facts.basis
    plain = AgencyScores(
        agency=each.named,
        category=facts.agency.category,
        report=each.part.value,
        attendance=each.attendance.value,
        basis=each.basis,
        basis_recorded="" if recorded == each.basis else recorded,
        is_draft=judgement is not None and facts.state == CaseState.ASSESSED,
        not_judged="" if judgement else _why_not_judged(each),
        reason=each.case.reason if facts.state == CaseState.EXCUSED else "",
        authority=each.case.authority if facts.state == CaseState.EXCUSED else "",
    )
    if judgement is None:
        return plain
    scale = {word.code: word for word in _scale(definition)}
    return replace(
        plain,
        standards=tuple(
            StandardScore(
                standard.number,
                standard.published or standard.title,
                _shown(_standard_mark(judgement, standard.number), scale, "no judgement"),
                next(rating.said for rating in judgement.standards if rating.standard == standard.number),
            )
            for standard in definition.standards
        ),
        requirements=tuple(
            _requirement_score(judgement, item.number, scale)
            for standard in definition.standards
            for item in standard.requirements
        ),
        mapping=judgement.mapping,
        agency_response=judgement.agency_response,
        dissent=judgement.dissent,
    )


def _why_not_judged(each: _Standing) -> str:
    match each.part:
        case TakingPart.COVERED | TakingPart.JOINT_AWAITED if each.lead is not None:
            return f"Judged with the joint report of {each.lead.code} {each.lead.facts.agency.name}."
        case TakingPart.EXCUSED | TakingPart.NOT_APPLICABLE:
            return f"No judgement: {each.part.value}."
        case TakingPart.NOT_SUBMITTED | TakingPart.NOT_ASKED:
            return f"No judgement: {each.basis}."
        case _ if each.basis == statistics.SIGNED_STATEMENT:
            return f"No judgement: {each.basis}."
        case _:
            return "No judgement yet."


def _requirement_score(judgement: Assessment, number: str, scale: Mapping[str, ScaleWord]) -> RequirementScore:
    rating = judgement.rating_of(number)
    return RequirementScore(
        number,
        own=_shown(rating.own_mark, scale, "not answered"),
        panel=_shown(rating.panel_mark, scale, "no judgement"),
        reason=rating.said,
    )


def _shown(mark: Mark, scale: Mapping[str, ScaleWord], nothing: str) -> Shown:
    if mark.answered == Answered.NOT_ANSWERED:
        return Shown(mark.answered, nothing)
    if mark.code is None:
        text = f'on another scale: "{mark.given}"' if mark.given else mark.answered.value
        return Shown(mark.answered, text, given=mark.given)
    word = scale[mark.code]
    text = f"{word.word} {word.pattern} {word.number} of {len(scale)}"
    text += ", qualified" if mark.answered == Answered.QUALIFIED else ""
    text += f', given as "{mark.given}"' if mark.given else ""
    return Shown(mark.answered, text, mark.code, word.word, word.pattern, word.number, mark.given)


_NOT_IN_TIME = (
    TakingPart.NOT_SUBMITTED,
    TakingPart.LATE,
    TakingPart.LATE_AFTER_PANEL,
    TakingPart.JOINT_AWAITED,
)


def _missed_its_deadline(each: _Standing) -> bool:
    return each.part in _NOT_IN_TIME or each.case.facts.escalation is not None


def _non_submission(each: _Standing) -> NonSubmission:
    facts, lead = each.case.facts, each.lead
    escalation = facts.escalation or (lead.facts.escalation if lead else None)
    deadline = facts.dates.deadline or (lead.facts.dates.deadline if lead else None)
    return NonSubmission(
        agency=each.named,
        joint_lead=_named(lead) if lead else None,
        deadline=deadline.at if deadline else None,
        confirmed_at=each.case.non_submission_at or (lead.non_submission_at if lead else None),
        warned_at=escalation.warned_at if escalation else None,
        reported_at=escalation.sent_at if escalation else None,
        arrived_at=each.taken.arrived_at,
        report=each.part.value,
        escalation=_escalation_words(escalation, facts),
        note=each.case.note,
    )


def _escalation_words(escalation: Escalation | None, facts: CaseFacts) -> str:
    if escalation is None:
        return "not escalated: first year" if facts.track == Track.FIRST_YEAR else "not escalated"
    if escalation.state == EscalationState.PENDING and escalation.hold_until is not None:
        return f"held, to be looked at again on {london.spell_day(escalation.hold_until)}"
    return facts_of(escalation.state).staff


def _timetable(cycle: CycleFacts, standing: Sequence[_Standing], panel_days: Sequence[date]) -> Timetable:
    dated: list[tuple[str, Dated]] = [("Target for reports", cycle.target), ("Cut-off of this report", cycle.cut_off)]
    return Timetable(
        cycle=tuple(DateLine(name, one.at, one.why) for name, one in dated),
        agencies=tuple(_agency_dates(each) for each in standing),
    )


def _agency_dates(each: _Standing) -> AgencyDates:
    facts, sessions = each.case.facts, each.taken.all_sessions
    latest = max(sessions, key=lambda session: session.number, default=None)
    deadline = facts.dates.deadline
    return AgencyDates(
        agency=each.named,
        asked_at=facts.asked_at,
        deadline=deadline.at if deadline else None,
        deadline_why=deadline.why if deadline else "",
        is_extended=facts.dates.extended,
        arrived_at=each.taken.arrived_at,
        session_at=latest.starts_at if latest else None,
        session=facts_of(latest.state).staff if latest else "none",
        considered_at=facts.considered_at,
        assessed_at=facts.assessed_at,
        agreed_at=facts.agreed_at,
    )
