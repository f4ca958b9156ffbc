"""Who of the panel may write and rate a judgement: the lead, or a deputy who is named for it. Pure."""

from __future__ import annotations

from s11flow.domain import acts
from s11flow.domain.definition import Definition, Person
from s11flow.domain.interests import why_leaves
from s11flow.domain.model import CaseFacts


def lead(definition: Definition) -> Person:
    """The member who leads the panel and writes its judgements: the first of it."""
    return next(iter(definition.people.panel), definition.people.business_unit)


def is_deputy(definition: Definition, author: str) -> bool:
    """Whether a judgement has an author other than the lead."""
    return author != "" and author.casefold() != lead(definition).title.casefold()


def as_named(definition: Definition, given: str) -> str:
    """A title as the definition writes it; as it was given, where the panel has no such member."""
    found = _member(definition, given)
    return given.strip() if found is None else found.title


def why_not(definition: Definition, facts: CaseFacts, act: acts.Assess) -> str | None:
    """Why a judgement by these members is none; None if it may stand.

    Without an author the lead wrote it, and without raters the whole panel rated, or a deputy alone.
    """
    given = [name for name in (act.author, *act.rated_by) if name]
    for name in given:
        if _member(definition, name) is None:
            known = ", ".join(person.title for person in definition.people.panel)
            return f'no member of the panel is called "{name}"; there are {known}.'
    concerned = given or [lead(definition).title]
    for name in concerned:
        person = _member(definition, name)
        if person is not None and (why := why_leaves(person, facts)) is not None:
            return f"the {person.title} {why} and does not rate it; name others with --author and --rated-by."
    raters = act.rated_by or ((act.author,) if is_deputy(definition, act.author) else ())
    manager = definition.people.business_unit.title.casefold()
    if raters and all(name.strip().casefold() == manager for name in raters):
        return (
            f"ratings by the {definition.people.business_unit.title} alone are no judgement of the panel; "
            "name who else of it rated with --rated-by."
        )
    return None


def _member(definition: Definition, name: str) -> Person | None:
    wanted = name.strip().casefold()
    return next((person for person in definition.people.panel if person.title.casefold() == wanted), None)
