"""Changed facts are facts like any other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from s11flow.domain.model import CaseState, evolve
from tests.domain.factories import case_facts


def test_evolving_facts_is_replacing_some_of_them() -> None:
    facts = case_facts()

    evolved = evolve(facts, state=CaseState.SUBMITTED, waived=True)

    assert evolved == replace(facts, state=CaseState.SUBMITTED, waived=True)
    assert type(evolved) is type(facts)


def test_the_facts_it_was_made_from_stay_as_they_were() -> None:
    facts = case_facts()
    evolve(facts, waived=True)

    assert facts == case_facts()


def test_facts_are_hashed_by_what_they_say() -> None:
    assert hash(evolve(case_facts(), waived=False)) == hash(case_facts())


def test_a_name_that_is_no_fact_is_refused() -> None:
    with pytest.raises(KeyError, match="colour"):
        evolve(case_facts(), colour="red")
