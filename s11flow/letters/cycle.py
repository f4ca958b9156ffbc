"""What the letters that are about no single agency hold."""

from __future__ import annotations

import re
from dataclasses import dataclass

from s11flow.domain.model import CycleFacts
from s11flow.letters.blocks import (
    day_words,
    london_day,
    short_day,
)
from s11flow.letters.dossier import Writing
from s11flow.letters.heads import (
    AboutPartnership,
    plain_head,
    text,
    texts,
)

_LINK = re.compile(r"https?://[^\s\"<>\\]+", re.IGNORECASE)  # any other text is left out, not made a link


@dataclass(frozen=True, slots=True)
class WholeCycle(AboutPartnership):
    """What was found across agencies; `own_recommendations` is how many there are to single agencies."""

    period: str
    themes: tuple[str, ...]
    recommendations: tuple[str, ...]
    own_recommendations: int
    not_submitted: tuple[str, ...]
    link: str


def whole_cycle(w: Writing) -> WholeCycle:
    """Tells what the year found."""
    given = w.dossier.cycle or {}
    link = text(given, "link") or w.rules.definition.partnership.website
    return WholeCycle(
        *plain_head(w),
        period=_period(w),
        themes=texts(given.get("themes")),
        recommendations=texts(given.get("recommendations")),
        own_recommendations=int(text(given, "own_recommendations") or 0),
        not_submitted=texts(given.get("not_submitted")),
        link=link if _LINK.fullmatch(link) else "",
    )


def _period(w: Writing) -> str:
    facts = w.letter.facts
    if not isinstance(facts, CycleFacts):
        raise ValueError(f"The letter {w.letter.kind} was made for {facts.ref}, which is no cycle; it needs a cycle.")
    return f"{short_day(facts.period_from)} to {short_day(facts.period_to)}"


@dataclass(frozen=True, slots=True)
class DigestPart:
    """One list of the digest."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Digest(AboutPartnership):
    """What waits for a person today, list by list, and the checkpoint of the history."""

    day: str
    parts: tuple[DigestPart, ...]
    checkpoint: str


_DIGEST_PARTS = (
    ("due_today", "Due today"),
    ("overdue", "Overdue"),
    ("waiting_mail", "Mail that waits for a decision"),
    ("held", "Held"),
    ("bounced", "Letters that came back"),
    ("expired", "Letters that expired unsent"),
    ("incidents", "Set aside by the engine"),
    ("tasks", "Tasks for a person"),
)


def digest(w: Writing) -> Digest:
    """Tells the business unit what the day holds."""
    given = w.dossier.overview or {}
    return Digest(
        *plain_head(w),
        day=day_words(london_day(w.letter.at)),
        parts=tuple(DigestPart(title, texts(given.get(key))) for key, title in _DIGEST_PARTS),
        checkpoint=text(given, "checkpoint"),
    )
