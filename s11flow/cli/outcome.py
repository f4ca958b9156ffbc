"""What a person's act came to, as it is told to them and to scripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from calendars import london
from s11flow.cli import show
from s11flow.domain.lifecycle import words
from s11flow.domain.model import CaseFacts, Plan
from s11flow.domain.state_facts import facts_of


def plan_json(plan: Plan[CaseFacts]) -> dict[str, Any]:
    """What a plan changes: the case and its state, what was recorded, which letters it owes and how many it stops."""
    facts = plan.facts
    return {
        "case": facts.ref,
        "agency": facts.agency.code,
        "state": facts.state.value,
        "events": [
            {"at": london.iso(entry.at), "event": str(entry.event), "about": entry.about, "due_key": entry.due_key}
            for entry in plan.entries
        ],
        "letters": [{"kind": letter.kind, "at": london.iso(letter.at), "why": letter.why} for letter in plan.letters],
        "superseded": plan.superseded,
    }


def tell(plan: Plan[CaseFacts], *, as_json: bool, dry_run: bool = False, also: Mapping[str, str] | None = None) -> None:
    """Say how the case stands now and what will be sent, and *also* these sentences, by their keys in the JSON."""
    sentences = dict(also or {})
    found = show.marked({**plan_json(plan), **sentences}, dry_run)
    show.answer(found, as_json=as_json, plain=lambda: _tell(plan, sentences.values()))
    show.dry(dry_run, as_json=as_json)


def tell_all(plans: Sequence[Plan[CaseFacts]], *, as_json: bool, dry_run: bool = False) -> None:
    """The same of several cases; as JSON a list."""
    found = [show.marked(plan_json(plan), dry_run, case=plan.facts.ref) for plan in plans]
    show.answer(found, as_json=as_json, plain=lambda: _tell_each(plans))
    show.dry(dry_run, as_json=as_json)


def _tell_each(plans: Sequence[Plan[CaseFacts]]) -> None:
    for plan in plans:
        _tell(plan)


def _tell(plan: Plan[CaseFacts], sentences: Iterable[str] = ()) -> None:
    facts = plan.facts
    show.line(f"{facts.ref}, {facts.agency.name}: {facts_of(facts.state).staff}.")
    for letter in plan.letters:
        show.line(f"  owed now: {words(letter.kind)} ({letter.why})")
    for sentence in sentences:
        show.line(f"  {sentence}")
