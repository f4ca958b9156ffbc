"""What the letters with a judgement hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from s11flow.domain.timetable import accuracy_check_closes
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
class JudgedRequirement:
    """One requirement: how the agency and how the panel rated it, in words."""

    number: str
    text: str
    own: str
    panel: str
    reason: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """One standard's judgement, in words, with its requirements that anything is said of."""

    standard: str
    title: str
    word: str
    reason: str
    requirements: tuple[JudgedRequirement, ...]
    working_well: tuple[str, ...]
    worried: tuple[str, ...]
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recommended:
    """What is recommended, to whom, by when."""

    what: str
    owner: str
    by: str


@dataclass(frozen=True, slots=True)
class AgreedAction:
    """An action of the agency's own from a review: whose, by when, and whether it is done."""

    what: str
    owner: str
    by: str
    status: str


@dataclass(frozen=True, slots=True)
class Judged(AboutCase):
    """The judgement: its basis, each standard, what is said across them; when comments close.

    It is all that the Assurance Report prints about the agency's judgement.
    """

    basis: str
    has_report: bool
    ratings: tuple[Judgement, ...]
    mapping: str
    working_well: tuple[str, ...]
    worried: tuple[str, ...]
    needs: tuple[str, ...]
    good_practice: tuple[str, ...]
    recommendations: tuple[Recommended, ...]
    actions: tuple[AgreedAction, ...]
    impact: str
    agency_response: str
    dissent: str
    comments_by: str


def accuracy_check(w: Writing) -> Judged:
    """Shows the draft judgement and asks for errors of fact."""
    return _judged(w, comments_by=_comments_by(w))


def feedback(w: Writing) -> Judged:
    """Gives the agreed judgement."""
    return _judged(w, comments_by="")


def _judged(w: Writing, *, comments_by: str) -> Judged:
    given = w.dossier.assessment or {}
    actions = rows(given.get("actions"))
    return Judged(
        *case_head(w),
        basis=text(given, "basis") or case_facts(w.letter).basis,
        has_report=case_facts(w.letter).submission is not None,
        ratings=tuple(_judgement(row) for row in rows(given.get("ratings"))),
        mapping=text(given, "mapping"),
        working_well=texts(given.get("working_well")),
        worried=texts(given.get("worried")),
        needs=texts(given.get("needs")),
        good_practice=texts(given.get("good_practice")),
        recommendations=tuple(
            Recommended(text(row, "what"), text(row, "owner"), when_words(row.get("by")))
            for row in rows(given.get("recommendations"))
        ),
        actions=tuple(
            AgreedAction(text(row, "what"), text(row, "owner"), when_words(row.get("by")), text(row, "status"))
            for row in actions
        ),
        impact=text(given, "impact"),
        agency_response=text(given, "agency_response"),
        dissent=text(given, "dissent"),
        comments_by=comments_by,
    )


def _judgement(row: Mapping[str, object]) -> Judgement:
    return Judgement(
        standard=text(row, "standard"),
        title=text(row, "title"),
        word=text(row, "word"),
        reason=text(row, "reason"),
        requirements=tuple(
            JudgedRequirement(*(text(one, key) for key in ("number", "text", "own", "panel", "reason")))
            for one in rows(row.get("requirements"))
        ),
        working_well=texts(row.get("working_well")),
        worried=texts(row.get("worried")),
        needs=texts(row.get("needs")),
    )


def _comments_by(w: Writing) -> str:
    session = case_facts(w.letter).session
    met = None if session is None else london_day(session.starts_at)
    closes = accuracy_check_closes(w.rules, london_day(w.now), met)
    return "" if closes is None else instant_words(closes)
