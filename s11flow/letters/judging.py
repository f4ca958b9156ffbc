"""What the letters with a judgement hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calendars import london
from s11flow.domain.timetable import after_session
from s11flow.letters.blocks import (
    instant_words,
    london_day,
    when_words,
)
from s11flow.letters.dossier import Writing
from s11flow.letters.heads import (
    AboutCase,
    case_head,
    rows,
    text,
    texts,
)
from s11flow.letters.recipients import case_facts


@dataclass(frozen=True, slots=True)
class Judgement:
    """One standard's judgement, in words."""

    standard: str
    title: str
    word: str
    reason: str


@dataclass(frozen=True, slots=True)
class AgreedAction:
    """What is to be done, by whom, by when."""

    what: str
    owner: str
    by: str


@dataclass(frozen=True, slots=True)
class Judged(AboutCase):
    """The judgement: its basis, each standard, good practice, recommendations, actions; when comments close."""

    basis: str
    has_report: bool
    ratings: tuple[Judgement, ...]
    good_practice: tuple[str, ...]
    recommendations: tuple[str, ...]
    actions: tuple[AgreedAction, ...]
    comments_by: str


def accuracy_check(w: Writing) -> Judged:
    """Shows the draft judgement and asks for errors of fact."""
    return _judged(w, comments_by=_comments_by(w))


def feedback(w: Writing) -> Judged:
    """Gives the agreed judgement."""
    return _judged(w, comments_by="")


def _judged(w: Writing, *, comments_by: str) -> Judged:
    given = w.dossier.assessment or {}
    ratings = rows(given.get("ratings"))
    actions = rows(given.get("actions"))
    return Judged(
        *case_head(w),
        basis=text(given, "basis") or case_facts(w.letter).basis,
        has_report=case_facts(w.letter).submission is not None,
        ratings=tuple(
            Judgement(*(text(row, key) for key in ("standard", "title", "word", "reason"))) for row in ratings
        ),
        good_practice=texts(given.get("good_practice")),
        recommendations=texts(given.get("recommendations")),
        actions=tuple(AgreedAction(text(r, "what"), text(r, "owner"), when_words(r.get("by"))) for r in actions),
        comments_by=comments_by,
    )


def _judgement(row: Mapping[str, object]) -> Judgement:
    return Judgement(text(row, "standard"), text(row, "title"), text(row, "word"), text(row, "reason"))


def _comments_by(w: Writing) -> str:
    """When the accuracy check closes: by the timetable, and never with fewer working days than it means to give."""
    table = w.rules.definition.timetable
    given = (table.accuracy_closes.working_days or 0) - (table.assessment_due.working_days or 0)
    on = w.rules.days.add(london_day(w.now), given if given > 0 else 10)
    session = case_facts(w.letter).session
    if session is not None:
        on = max(on, after_session(w.rules, london_day(session.starts_at))[1].on)
    return instant_words(london.instant(on, table.accuracy_closes.at))
