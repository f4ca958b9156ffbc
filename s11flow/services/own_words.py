"""Puts what an agency said of itself into the panel's judgement: its own ratings, its actions from reviews. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from s11flow.domain.definition import Definition
from s11flow.domain.review_actions import ReviewAction as HeldAction
from s11flow.domain.review_actions import plain
from s11flow.reports import Assessment
from s11flow.reports.assessment import RequirementRating, ReviewAction
from s11flow.services import readings
from s11flow.services.readings import Reading


def with_own_words(judgement: Assessment, said: Reading, definition: Definition) -> Assessment:
    """The judgement with the agency's own ratings, as its form has them, where it gives none of a requirement."""
    given = {rating.requirement: rating for rating in judgement.ratings}
    own = {rating.requirement: rating for rating in readings.own_ratings(said, definition)}
    taken = {number: rating for number, rating in own.items() if not _rates_itself(given.get(number))}
    if not taken:
        return judgement
    ratings = tuple(
        _with_own(judgement.rating_of(number), taken[number]) if number in taken else given[number]
        for number in given | taken
    )
    tables = readings.mapping_of(said, definition)
    mapping = judgement.mapping if tables in judgement.mapping else f"{judgement.mapping} {tables}".strip()
    return judgement.model_copy(update={"ratings": ratings, "mapping": mapping})


def differences(judgement: Assessment, said: Reading, definition: Definition) -> tuple[str, ...]:
    """A sentence for each requirement that the judgement says the agency rated otherwise than its form does."""
    found = []
    for own in readings.own_ratings(said, definition):
        given = judgement.rating_of(own.requirement)
        if _rates_itself(given) and (given.own, given.self_as_given) != (own.own, own.self_as_given):
            found.append(
                f"Requirement {own.requirement}: the agency's form says {_words(own)}, the judgement has it as "
                f"{_words(given)}. The judgement was kept as it is."
            )
    return tuple(found)


def with_held_actions(judgement: Assessment, held: Sequence[HeldAction]) -> Assessment:
    """The judgement with the actions from reviews that are held for the agency and that it does not name itself."""
    named = {plain(action.what) for action in judgement.actions}
    added = tuple(
        ReviewAction(what=each.title, by=each.due, status=each.status.value, review=each.origin, evidence=each.evidence)
        for each in held
        if plain(each.title) not in named
    )
    return judgement.model_copy(update={"actions": (*judgement.actions, *added)}) if added else judgement


def _rates_itself(rating: RequirementRating | None) -> bool:
    return rating is not None and bool(rating.own or rating.self_as_given)


def _with_own(rating: RequirementRating, own: RequirementRating) -> RequirementRating:
    said = {"own": own.own, "self_as_given": own.self_as_given, "qualified": own.qualified}
    return rating.model_copy(update=said)


def _words(rating: RequirementRating) -> str:
    given = f'"{rating.self_as_given}"' if rating.self_as_given else ""
    return " ".join(part for part in (rating.own or "", given) if part)
