"""The report's own sentences: its introduction, the text offered for the Statement of Effectiveness, its glossary."""

from __future__ import annotations

from collections.abc import Iterator

from calendars.london import spell_day
from s11flow.domain.definition import Definition
from s11flow.domain.model import CycleFacts
from s11flow.domain.statistics import Spread
from s11flow.reports.shape import AssuranceReport, CountLine, RecommendationLine, StandardResult

GLOSSARY: tuple[tuple[str, str], ...] = (
    ("agency", "A body on the partnership's register that is asked how it keeps children safe."),
    ("assurance report", "This report: what the panel found when it looked at every agency's report."),
    ("by the target", "The report came by the day the partnership asks for it, whatever the agency's own deadline."),
    ("covered by a joint report", "Another agency reported for it, in a report that names it and was accepted."),
    ("deadline", "The last moment of an agency's own: set by its panel day, unless it was extended."),
    ("escalation", "A report that did not come by the deadline is brought to the Executive Chair."),
    ("excused", "No report was asked this year, for a reason and on an authority that are printed."),
    ("joint report awaited", "Another agency is to report for it; no accepted report that names it has come."),
    ("no judgement", "The panel gave no rating, because there was too little to go by. It is not a low rating."),
    ("not answered", "The agency gave no rating of itself. It need not: the template form is not mandatory."),
    ("not applicable", "The body, or the requirement, has no place in this area or this agency."),
    ("not asked", "No request could be made this year: no contact was found, or the agency joined too late."),
    ("panel", "Those who read the reports, meet the agencies and judge them against the standards."),
    ("qualified", 'A rating given with a "but". It is counted apart from plain ratings.'),
    ("register", "The list of agencies of the partnership; every count of agencies here is out of it."),
    ("Statement of Effectiveness", "The Independent Scrutineer's yearly word on how well the partnership works."),
    ("target", "The day by which the partnership asks every agency for its report."),
)


def introduction(definition: Definition, cycle: CycleFacts) -> tuple[str, ...]:
    """Section 2: why agencies were asked, and for what."""
    duty = (
        "Section 11 of the Children Act 2004 puts a duty on named bodies to carry out their work with regard to the "
        "need to safeguard children and promote their welfare."
    )
    asked = (
        f"{definition.partnership.name} asks each of these bodies in its area to report how it meets that duty, "
        f"against {len(definition.standards)} standards, and to talk about its report with a panel. This report "
        f"covers {spell_day(cycle.period_from)} to {spell_day(cycle.period_to)}."
    )
    return duty, asked


def statement(report: AssuranceReport) -> tuple[str, ...]:
    """Section 12: paragraphs of Markdown, each count out of how many."""
    return (
        *_heading(report),
        _who_reported(report),
        _how_seen(report),
        *(_on_standard(report, standard) for standard in report.results.standards),
        *_themes(report),
        *_recommended(report.recommendations),
    )


def findings(report: AssuranceReport) -> tuple[str, ...]:
    """What the year found, in plain sentences for a letter: themes, who reported, how they were met, each standard."""
    standards = (
        f"Standard {standard.number}, {standard.title}: {_rated(report, standard.panel)}"
        for standard in report.results.standards
    )
    return (*report.themes, _who_reported(report), _how_seen(report), *standards)


def _heading(report: AssuranceReport) -> Iterator[str]:
    build = report.build
    yield f"## Section 11: how agencies keep children safe, cycle {build.cycle}"
    if not build.is_complete:
        yield (
            f"**Draft. {len(build.outstanding)} of the {build.on_register} agencies on the register are outstanding; "
            "these numbers will change.**"
        )


def _who_reported(report: AssuranceReport) -> str:
    build, part = report.build, report.took_part
    return (
        f"{build.partnership} looked at how agencies met their duty under section 11 of the Children Act 2004 from "
        f"{spell_day(build.period_from)} to {spell_day(build.period_to)}. "
        f"How the reports of the {part.on_register} agencies on the register stand: {_listed(part.reports)}."
    )


def _how_seen(report: AssuranceReport) -> str:
    results = report.results
    return (
        f"How the panel met them: {_listed(report.took_part.attendance)}. It came to a judgement on {results.assessed} "
        "of those on the register."
    )


def _listed(lines: tuple[CountLine, ...]) -> str:
    return "; ".join(f"{line.name} {line.share}" for line in lines if line.share.n) or "none"


def _on_standard(report: AssuranceReport, standard: StandardResult) -> str:
    return f"**Standard {standard.number}, {standard.title}.** {_rated(report, standard.panel)}"


def _rated(report: AssuranceReport, spread: Spread) -> str:
    if not spread.asked:
        return "The panel has not judged any agency on it."
    words = {word.code: word.word for word in report.method.scale}
    rated = ", ".join(f"{words[code]} {share}" for code, share in spread.rated)
    apart = [
        f"{n} {name}"
        for n, name in (
            (spread.n_qualified, "qualified"),
            (spread.not_applicable, "not applicable"),
            (spread.not_answered, "without a judgement"),
        )
        if n
    ]
    besides = f" Not among these ratings: {', '.join(apart)}." if apart else ""
    if not spread.n_rated:
        return f"Of {spread.asked} agencies judged, the panel rated none.{besides}"
    return f"Of {spread.asked} agencies judged, the panel rated {spread.n_rated}: {rated}.{besides}"


def _themes(report: AssuranceReport) -> Iterator[str]:
    if report.themes:
        yield "**Themes across agencies**"
        yield "\n".join(f"- {' '.join(text.split())}" for text in report.themes)


def _recommended(recommendations: tuple[RecommendationLine, ...]) -> Iterator[str]:
    everyone = [line for line in recommendations if line.agency is None]
    if everyone:
        yield "**Recommendations to all agencies**"
        yield "\n".join(f"{line.number}. {' '.join(line.text.split())} ({line.owner})" for line in everyone)
    if own := len(recommendations) - len(everyone):
        yield f"Recommendations to single agencies: {own}. They stand in the Assurance Report."
