"""Every kind of letter has its templates, its trigger, its late policy, and a test of what it must hold."""

from __future__ import annotations

from dataclasses import is_dataclass

import pytest

from s11flow.letters.contexts import KINDS, Kind
from s11flow.letters.templates import shipped_templates
from tests.letters.factories import a_letter, made
from tests.letters.test_must_hold import MUST_HOLD


def test_every_kind_has_its_templates_and_no_template_is_left_over() -> None:
    assert sorted(shipped_templates()) == sorted(f"{kind}/{part}" for kind in KINDS for part in ("subject", "body"))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_says_who_gets_it_why_and_what_if_it_is_late(kind: Kind) -> None:
    assert all((kind.who, kind.trigger, kind.late))
    assert is_dataclass(kind.context)


def test_every_kind_says_what_it_must_hold_and_a_test_looks_for_it() -> None:
    assert {kind.name for kind in KINDS.values() if kind.must_hold} == set(MUST_HOLD) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_reader_in_the_ordinary_case(kind: str) -> None:
    assert made(a_letter(kind)) != ()
