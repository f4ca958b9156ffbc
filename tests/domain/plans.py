"""Shows a plan whole: its lines, its letters, and what it changes of a case."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from s11flow.domain.model import CaseDates, CaseFacts, Dated, Entry, Escalation, Letter, Session, Submission
from tests.domain.factories import OPENED


@dataclass(frozen=True)
class Told:
    """A letter: its key, its reason, what it says, and how the case (its session, its escalation) stood."""

    due_key: str
    why: str
    about: dict[str, object] = field(default_factory=dict)
    private: dict[str, object] = field(default_factory=dict)
    until: datetime | None = None
    stood: str = ""


def told(letter: Letter) -> Told:
    facts = letter.facts
    assert isinstance(facts, CaseFacts)
    assert letter.due_key.startswith((f"{letter.kind}@", f"{letter.kind}/")), "a key begins with its kind"
    parts = (facts.state, facts.session and facts.session.state, facts.escalation and facts.escalation.state)
    stood = ", ".join(part for part in parts if part)
    return Told(letter.due_key, letter.why, letter.about, letter.private, letter.valid_until, stood)


def line(event: str, at: str = "", **changes: Any) -> tuple[str, Entry]:
    """A line of the history with the instant it counts as of; none named is that of what was done."""
    return at, Entry(OPENED, event, **changes)


def changed(before: Any, after: Any, where: str = "") -> dict[str, object]:
    """Every value that is another, by its place (`session.state`); a date by its instant, its sentence and its rule."""
    found: dict[str, object] = {}
    for item in fields(before):
        old, new = getattr(before, item.name), getattr(after, item.name)
        if old == new:
            continue
        if type(old) is type(new) and isinstance(old, CaseDates | Session | Escalation | Submission):
            found |= changed(old, new, f"{where}{item.name}.")
        else:
            found[where + item.name] = (new.at, new.why, new.rule) if isinstance(new, Dated) else new
    return found
