"""Changed facts are facts like any other."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from s11flow.domain.model import CaseState, evolve
from tests.domain.factories import case_facts


def test_evolving_facts_is_replacing_some_of_them() -> None:
    facts = case_facts()

    evolved = evolve(facts, state=CaseState.SUBMITTED, waived=True)

    assert evolved == replace(facts, state=CaseState.SUBMITTED, waived=True)
    assert type(evolved) is type(facts)


def test_evolved_facts_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        evolve(case_facts(), waived=True).waived = False  # type: ignore[misc]


def test_a_name_that_is_no_fact_is_refused() -> None:
    with pytest.raises(KeyError, match="colour"):
        evolve(case_facts(), colour="red")
