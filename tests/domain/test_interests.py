"""Who of the panel leaves for which agency, whether the rest are a quorum, and who may rate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s11flow.domain import acts, raters
from s11flow.domain.definition import Definition, faults
from s11flow.domain.interests import (
    is_quorate,
    leaving,
    member_called,
    quorum_of,
    quorum_sentence,
    remaining,
)
from s11flow.domain.model import CaseFacts, Member
from tests.domain.factories import DEFINITION, agency, case_facts

PANEL = DEFINITION.people.panel
TITLES = [person.title for person in PANEL]
SCRUTINEER, OF_GROUP, LAY, MANAGER, DEVELOPMENT = TITLES


def of(code: str = "05A", *declared: str, members: tuple[str, ...] = ()) -> CaseFacts:
    others = tuple(Member(f"GSCP-2026-{each}", agency(code=each)) for each in members)
    return case_facts(agency=agency(code=code), interests=declared, members=others)


def with_quorum(quorum: int | None) -> Definition:
    return replace(DEFINITION, panel=replace(DEFINITION.panel, quorum=quorum))


@pytest.mark.parametrize(
    ("facts", "who"),
    [
        (of(), []),
        (of("01"), [(OF_GROUP, "belongs to the agency")]),
        (of("05A", members=("01",)), [(OF_GROUP, "belongs to the agency")]),
        (of("05A", DEVELOPMENT, LAY), [(LAY, "declared an interest"), (DEVELOPMENT, "declared an interest")]),
        (of("05A", "Executive Chair"), []),
    ],
)
def test_case_28_who_belongs_to_the_agency_or_declared_an_interest_leaves(
    facts: CaseFacts, who: list[tuple[str, str]]
) -> None:
    assert [(each.title, each.why) for each in leaving(DEFINITION, facts)] == who


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (of(), "All 5 members of the panel see it; the quorum is 3."),
        (
            of("05A", LAY),
            "Lay Member leaves (declared an interest). 4 of 5 members remain, and the quorum of 3 is kept.",
        ),
        (
            of("05A", SCRUTINEER),
            (
                "Independent Scrutineer leaves (declared an interest). 4 of 5 members remain, and the quorum of 3 is "
                "kept. Chair of the Management Group takes the chair."
            ),
        ),
        (
            of("01", SCRUTINEER, LAY),
            (
                "Independent Scrutineer leaves (declared an interest); Chair of the Management Group leaves (belongs "
                "to the agency); Lay Member leaves (declared an interest). 2 of 5 members remain, which is not "
                "quorate: the quorum is 3. Consider it on paper with members who may judge it, or have the definition "
                "name more members."
            ),
        ),
    ],
)
def test_case_28_the_quorum_of_an_item_is_said_in_a_sentence(facts: CaseFacts, sentence: str) -> None:
    assert quorum_sentence(DEFINITION, facts) == sentence


@given(declared=st.sets(st.sampled_from(TITLES)), quorum=st.one_of(st.none(), st.integers(1, 5)))
def test_who_leaves_and_who_remains_are_the_panel_and_the_sentence_agrees(
    declared: set[str], quorum: int | None
) -> None:
    definition, facts = with_quorum(quorum), of("05A", *sorted(declared))

    gone, stay = leaving(definition, facts), remaining(definition, facts)

    assert sorted([each.title for each in gone] + [each.title for each in stay]) == sorted(TITLES)
    assert is_quorate(definition, facts) == (len(stay) >= quorum_of(definition))
    assert is_quorate(definition, facts) != ("not quorate" in quorum_sentence(definition, facts))


def test_without_a_quorum_of_its_own_a_definition_means_more_than_half() -> None:
    four = replace(DEFINITION, people=replace(DEFINITION.people, panel=PANEL[:4]))

    assert [quorum_of(with_quorum(None)), quorum_of(replace(four, panel=with_quorum(None).panel))] == [3, 3]


@pytest.mark.parametrize(
    ("panel", "fault"),
    [
        ({"quorum": 6}, "panel.quorum: 6 is not 1 to 5, the number of members in people.panel."),
        ({"quorum": 0}, "panel.quorum: 0 is not 1 to 5, the number of members in people.panel."),
        ({"travel_minutes": 300}, "panel.travel_minutes: 300 is not 0 to 240; the usual is 15."),
    ],
)
def test_a_quorum_that_no_panel_could_reach_is_a_fault_of_the_definition(panel: dict[str, Any], fault: str) -> None:
    assert faults(replace(DEFINITION, panel=replace(DEFINITION.panel, **panel))) == (fault,)


def test_a_member_is_known_by_title_capitals_or_not() -> None:
    assert member_called(DEFINITION, " lay member ") == PANEL[2]
    assert member_called(DEFINITION, "Executive Chair") == DEFINITION.people.executive_chair
    assert member_called(DEFINITION, "Treasurer") is None


# --- who may rate (case 30) -------------------------------------------------------------------------------------------

ALONE = (
    "ratings by the Business Manager alone are no judgement of the panel; name who else of it rated with --rated-by."
)


@pytest.mark.parametrize(
    ("author", "rated_by", "why"),
    [
        ("", (), None),
        (SCRUTINEER, (), None),
        (LAY, (), None),
        (LAY, (MANAGER, LAY), None),
        ("", (MANAGER, LAY), None),
        (MANAGER, (MANAGER, LAY), None),
        (MANAGER, (), ALONE),
        ("", (MANAGER, MANAGER.upper()), ALONE),
        ("Treasurer", (), 'no member of the panel is called "Treasurer"; there are ' + ", ".join(TITLES) + "."),
    ],
)  # fmt: skip
def test_case_30_a_deputy_may_write_and_the_business_manager_alone_may_not_rate(
    author: str, rated_by: tuple[str, ...], why: str | None
) -> None:
    assert raters.why_not(DEFINITION, of(), acts.Assess("report alone", author, rated_by)) == why


@pytest.mark.parametrize(
    ("facts", "author", "rated_by", "member"),
    [
        (of("01"), OF_GROUP, (), OF_GROUP),
        (of("05A", LAY), DEVELOPMENT, (LAY,), LAY),
        (of("05A", SCRUTINEER), "", (), SCRUTINEER),
    ],
)
def test_case_28_who_has_an_interest_does_not_rate(
    facts: CaseFacts, author: str, rated_by: tuple[str, ...], member: str
) -> None:
    refused = raters.why_not(DEFINITION, facts, acts.Assess("report alone", author, rated_by))

    assert refused is not None
    assert refused.startswith(f"the {member} ")
    assert refused.endswith(" and does not rate it; name others with --author and --rated-by.")


def test_the_lead_writes_unless_somebody_else_is_named() -> None:
    assert raters.lead(DEFINITION).title == SCRUTINEER
    assert [raters.is_deputy(DEFINITION, author) for author in ("", SCRUTINEER.lower(), LAY)] == [False, False, True]
    assert raters.as_named(DEFINITION, " lay member") == LAY
