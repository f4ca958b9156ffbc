"""What an agency said of itself is kept as it was said, and taken into a judgement only where that says nothing."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from s11flow.cycles import shipped
from s11flow.cycles.load import read_definition
from s11flow.domain.definition import Definition
from s11flow.forms import Answer, FilledForm, Link, ReportedAction
from s11flow.reports import Assessment, check_assessment, read_assessment
from s11flow.services.chain import canonical
from s11flow.services.own_words import differences, with_own_words
from s11flow.services.readings import FoundLink, Reading, own_ratings, stored
from tests.services.scene import judgement


@cache
def definition() -> Definition:
    return read_definition(shipped(), source="shipped")


NUMBERS = [item.number for standard in definition().standards for item in standard.requirements]
TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Z")), max_size=20)
ANSWER = st.one_of(
    st.builds(Answer, st.just(""), TEXT, TEXT, st.sampled_from(["red", "amber", "green", "n/a"])),
    st.builds(Answer, st.just(""), TEXT, TEXT, st.none(), st.sampled_from(["2", "3 of 4"])),
    st.builds(Answer, st.just(""), TEXT, TEXT, st.just("green"), st.just("Green, but"), st.just(True)),
    st.just(Answer("")),
)


@st.composite
def forms(draw: st.DrawFn) -> FilledForm:
    """A form in which some requirements are answered."""
    numbers = draw(st.lists(st.sampled_from(NUMBERS), unique=True))
    answers = [Answer(**{**asdict(draw(ANSWER)), "requirement": number}) for number in numbers]
    actions = draw(st.lists(st.builds(ReportedAction, TEXT, TEXT, st.sampled_from([None, "done"]), TEXT), max_size=2))
    links = draw(st.lists(st.builds(Link, TEXT, TEXT), max_size=2))
    day = draw(st.none() | st.dates())
    return FilledForm("GSCP-2026-01", draw(TEXT), "", day, tuple(answers), tuple(actions), tuple(links), draw(TEXT), ())


READINGS = st.builds(
    Reading,
    forms() | st.none(),
    TEXT,
    st.lists(st.builds(FoundLink, TEXT, TEXT, TEXT, TEXT), max_size=2).map(tuple),
    st.lists(TEXT, max_size=2).map(tuple),
)


@given(READINGS)
def test_what_is_stored_is_read_back_the_same(reading: Reading) -> None:
    assert stored(canonical(asdict(reading))) == reading


RATED = st.lists(
    st.fixed_dictionaries(
        {"requirement": st.sampled_from(NUMBERS), "self": st.sampled_from([None, "red", "n/a"])},
        optional={"panel": st.sampled_from(["amber", None])},
    ),
    unique_by=lambda each: str(each["requirement"]),
)


@given(READINGS, RATED)
def test_a_judgement_keeps_every_rating_it_has_and_gains_only_what_the_form_says(
    said: Reading, rated: list[dict[str, str | None]]
) -> None:
    given_ = read_assessment(judgement(ratings=rated), definition())
    own = {each.requirement: each for each in own_ratings(said, definition())}

    whole = with_own_words(given_, said, definition())

    for number in NUMBERS:
        before, after = given_.rating_of(number), whole.rating_of(number)
        expected = before if before.own else own.get(number, before)
        assert (after.own, after.self_as_given, after.qualified) == (
            expected.own, expected.self_as_given, expected.qualified,
        )  # fmt: skip
        assert (after.panel, after.reason) == (before.panel, before.reason)
    assert with_own_words(whole, said, definition()) == whole
    assert _fits(whole)
    assert {sentence.split(":")[0] for sentence in differences(given_, said, definition())} == {
        f"Requirement {number}"
        for number, each in own.items()
        if given_.rating_of(number).own and (given_.rating_of(number).own, "") != (each.own, each.self_as_given)
    }


def _fits(whole: Assessment) -> bool:
    """Whether the report will take it."""
    return check_assessment(json.loads(whole.model_dump_json(by_alias=True)), definition()) == whole
