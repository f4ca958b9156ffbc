"""What the letters about a report that came hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from s11flow.letters.blocks import (
    standards,
    when_words,
)
from s11flow.letters.dossier import Writing
from s11flow.letters.heads import (
    AboutCase,
    case_head,
    text,
    texts,
)
from s11flow.letters.recipients import case_facts


@dataclass(frozen=True, slots=True)
class Receipt(AboutCase):
    """What came, when, and which standards it addresses."""

    version: str
    files: tuple[str, ...]
    arrived_at: str
    addressed: tuple[str, ...]
    missing: tuple[str, ...]
    in_time: bool
    addendum: bool


def receipt(w: Writing) -> Receipt:
    """Confirms what arrived."""
    about, titles = w.letter.about, {item.number: item.title for item in standards(w.rules)}
    return Receipt(
        *case_head(w),
        version=text(about, "version"),
        files=texts(about.get("files")),
        arrived_at=when_words(about.get("arrived_at")),
        addressed=tuple(_titled(number, titles) for number in texts(about.get("addresses"))),
        missing=tuple(_titled(number, titles) for number in texts(about.get("missing"))),
        in_time=bool(about.get("in_time")),
        addendum=bool(about.get("addendum")),
    )


def _titled(number: str, titles: Mapping[str, str]) -> str:
    """A standard by its number; one that is named in words already stays as it is."""
    if number in titles:
        return f"Standard {number}, {titles[number]}"
    return f"S{number[1:]}" if number.startswith("standard ") else f"Standard {number}"


@dataclass(frozen=True, slots=True)
class RedactionWanted(AboutCase):
    """Which version is kept back and when it came; by when to send another one, if one is `wanted`."""

    version: str
    arrived_at: str
    in_time: bool
    wanted: bool
    return_by: str


def redaction_wanted(w: Writing) -> RedactionWanted:
    """Tells whoever answers for data protection that a report holds details of single children; never which."""
    about = w.letter.about
    return RedactionWanted(
        *case_head(w),
        version=text(about, "version"),
        arrived_at=when_words(about.get("arrived_at")),
        in_time=bool(about.get("in_time")),
        wanted=bool(about.get("wanted")),
        return_by=when_words(about.get("return_by")),
    )


@dataclass(frozen=True, slots=True)
class MoreWanted(AboutCase):
    """The numbered gaps and the day by which to close them."""

    gaps: tuple[str, ...]
    return_by: str


def report_returned(w: Writing) -> MoreWanted:
    """Asks for more, gap by gap."""
    about = w.letter.about
    return MoreWanted(*case_head(w), gaps=texts(about.get("gaps")), return_by=when_words(about.get("return_by")))


def return_by_reminder(w: Writing) -> MoreWanted:
    """Reminds of the gaps that are still open."""
    facts = case_facts(w.letter)
    return MoreWanted(*case_head(w), gaps=facts.gaps, return_by=when_words(facts.return_by))
