"""What a judgement's file must hold, and what is said of one that cannot be used."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from s11flow.domain.errors import WrongInputError
from s11flow.domain.statistics import Answered, Mark
from s11flow.reports import read_assessment
from tests.reports.register import DEFINITION

EXAMPLE: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "docs/examples/assessment.json").read_text(encoding="utf-8")
)
RATED = [{"standard": number, "panel": "green", "reason": "seen"} for number in ("1", "2", "3", "4")]


def refusal(text: str) -> str:
    with pytest.raises(WrongInputError) as refused:
        read_assessment(text, DEFINITION)
    return str(refused.value)


def changed(change: Callable[[dict[str, Any]], object]) -> str:
    given = copy.deepcopy(EXAMPLE)
    change(given)
    return json.dumps(given)


def test_the_example_passes_for_the_definition_that_is_shipped() -> None:
    assessment = read_assessment(json.dumps(EXAMPLE), DEFINITION)

    assert [rating.panel_mark for rating in assessment.standards] == [
        Mark(Answered.RATED, "green"),
        Mark(Answered.RATED, "amber"),
        Mark(Answered.RATED, "amber"),
        Mark(Answered.NOT_ANSWERED),
    ]


def test_a_judgement_needs_no_more_than_its_standards() -> None:  # case 43
    assessment = read_assessment(json.dumps({"standards": RATED}), DEFINITION)

    assert assessment.rating_of("1.1").own_mark == Mark(Answered.NOT_ANSWERED)
    assert assessment.rating_of("1.1").panel_mark == Mark(Answered.NOT_ANSWERED)


@pytest.mark.parametrize(
    ("rating", "own"),
    [
        ({"self": "green"}, Mark(Answered.RATED, "green")),
        ({"self": "green", "qualified": True}, Mark(Answered.QUALIFIED, "green")),
        ({"self": "n/a"}, Mark(Answered.NOT_APPLICABLE)),
        ({"self": None}, Mark(Answered.NOT_ANSWERED)),
        ({"self": None, "self_as_given": "2 of 3"}, Mark(Answered.OTHER_SCALE, given="2 of 3")),
        ({"self": "amber", "self_as_given": "1 of 3"}, Mark(Answered.RATED, "amber", "1 of 3")),
    ],
)
def test_an_answer_is_kept_as_what_it_is(rating: dict[str, Any], own: Mark) -> None:  # case 44
    given = {"standards": RATED, "mapping": "0-1 amber, 2-3 green", "ratings": [{"requirement": "1.1", **rating}]}
    assert read_assessment(json.dumps(given), DEFINITION).rating_of("1.1").own_mark == own


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda it: it["standards"].pop(), 'Standard 4 has no rating; give one, or "no judgement" with a reason.'),
        (
            lambda it: it["standards"][3].update(reason=" "),
            'Standard 4 is "no judgement" without a reason; give one, it is printed.',
        ),
        (
            lambda it: it["standards"].append({"standard": "9", "panel": "green"}),
            "There is no standard 9; there are 1, 2, 3 and 4.",
        ),
        (lambda it: it["standards"].append(it["standards"][0]), "Standard 1 is rated 2 times; keep one."),
        (
            lambda it: it["standards"][0].update(panel="blue"),
            'Standard 1: there is no rating "blue"; use red, amber, green, no judgement or n/a.',
        ),
        (
            lambda it: it["ratings"][0].update(self="Green"),
            'Requirement 1.1, self: there is no rating "Green"; use red, amber, green or n/a.',
        ),
        (lambda it: it["ratings"].append({"requirement": "1.1"}), "Requirement 1.1 is rated 2 times; keep one."),
        (
            lambda it: it["ratings"][0].update(self=None, qualified=True),
            (
                "Requirement 1.1, self: it is marked as qualified and has no rating to qualify; "
                "give the rating or take the mark off."
            ),
        ),
        (
            lambda it: it["ratings"][8].update(self="green"),
            (
                'Requirement 2.5 turns "2 of 3" into "green" without saying how; '
                'state the table in "mapping", or leave "self" null.'
            ),
        ),
        (
            lambda it: it["worried"].append({"standard": "7", "text": "x"}),
            "A remark is about standard 7, which there is not; there are 1, 2, 3 and 4.",
        ),
        (lambda it: it.pop("standards"), "standards: missing; it has to be there."),
        (lambda it: it.update(rating=[]), "rating: there is no such key; see the example for those there are."),
        (
            lambda it: it["actions"][0].update(status="maybe"),
            "actions[1].status: input should be 'done', 'under way' or 'planned'.",
        ),
        (
            lambda it: it.update(impact="a\x00b"),
            "impact: it has a control character in it; type the text again.",
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(change: Callable[[dict[str, Any]], object], sentence: str) -> None:
    assert refusal(changed(change)) == sentence


def test_an_unknown_requirement_is_answered_with_those_there_are() -> None:
    said = refusal(changed(lambda it: it["ratings"][0].update(requirement="1.9")))
    assert said.startswith("There is no requirement 1.9; there are 1.1, 1.2, 1.3, 1.4, 2.1, ")


def test_every_fault_is_named_at_once() -> None:
    said = refusal(json.dumps({"standards": RATED[:2]}))
    assert said.splitlines() == [
        'Standard 3 has no rating; give one, or "no judgement" with a reason.',
        'Standard 4 has no rating; give one, or "no judgement" with a reason.',
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "The judgement is no JSON: Expecting property name enclosed in double quotes at line 1, column 2."),
        ("[]", 'The judgement is no JSON object; it begins with "{" and has "standards" in it.'),
        ('{"impact": "\\ud800"}', "impact: it has a control character in it; type the text again."),
        ("[" * 100_000, "The judgement is nested too deeply to be read; start from the example."),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    assert refusal(text) == sentence
