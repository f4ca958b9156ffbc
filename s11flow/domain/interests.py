"""Who of the panel may not judge which agency, and whether enough of the panel remain. Pure.

Somebody who belongs to the agency leaves for its session without being asked; others declare their interest.
"""

from __future__ import annotations

from dataclasses import dataclass

from s11flow.domain.definition import Definition, Person
from s11flow.domain.model import CaseFacts

BELONGS = "belongs to the agency"
DECLARED = "declared an interest"


@dataclass(frozen=True, slots=True)
class Leaving:
    """A member of the panel, by role, who leaves for a session, and why."""

    title: str
    why: str


def leaving(definition: Definition, facts: CaseFacts) -> tuple[Leaving, ...]:
    """Who leaves for the session of a case, in the order of the panel."""
    found = ((person, why_leaves(person, facts)) for person in definition.people.panel)
    return tuple(Leaving(person.title, why) for person, why in found if why is not None)


def why_leaves(person: Person, facts: CaseFacts) -> str | None:
    """Why somebody takes no part in what concerns an agency; None if they may."""
    concerned = {facts.agency.code, *(member.agency.code for member in facts.members)}
    if person.agency is not None and person.agency in concerned:
        return BELONGS
    return DECLARED if person.title in facts.interests else None


def remaining(definition: Definition, facts: CaseFacts) -> tuple[Person, ...]:
    """Who of the panel sees the agency; the first of them takes the chair."""
    gone = {each.title for each in leaving(definition, facts)}
    return tuple(person for person in definition.people.panel if person.title not in gone)


def quorum_of(definition: Definition) -> int:
    """How many members must see an agency: what the definition says, else more than half of them."""
    given = definition.panel.quorum
    return len(definition.people.panel) // 2 + 1 if given is None else given


def is_quorate(definition: Definition, facts: CaseFacts) -> bool:
    """Whether enough of the panel remain to see the agency."""
    return len(remaining(definition, facts)) >= quorum_of(definition)


def quorum_sentence(definition: Definition, facts: CaseFacts) -> str:
    """Who leaves for the session of a case, and whether the rest are a quorum."""
    gone, stay = leaving(definition, facts), remaining(definition, facts)
    members, quorum = len(definition.people.panel), quorum_of(definition)
    if not gone:
        return f"All {members} members of the panel see it; the quorum is {quorum}."
    who = "; ".join(f"{each.title} leaves ({each.why})" for each in gone)
    chair = f" {stay[0].title} takes the chair." if stay and stay[0] is not definition.people.panel[0] else ""
    if len(stay) >= quorum:
        return f"{who}. {len(stay)} of {members} members remain, and the quorum of {quorum} is kept.{chair}"
    return (
        f"{who}. {len(stay)} of {members} members remain, which is not quorate: the quorum is {quorum}. "
        "Consider it on paper with members who may judge it, or have the definition name more members."
    )


def member_called(definition: Definition, name: str) -> Person | None:
    """The member of the panel, or the Executive Chair, of this title, capitals or not; None if there is none."""
    people = (*definition.people.panel, definition.people.executive_chair)
    return next((person for person in people if person.title.casefold() == name.strip().casefold()), None)


def titles(definition: Definition) -> str:
    """Everybody who may have an interest, for a sentence."""
    return ", ".join(person.title for person in (*definition.people.panel, definition.people.executive_chair))
