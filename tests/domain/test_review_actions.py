"""An action from a review: how it is named, what of it is told, and which sort of review a text names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from s11flow.domain.review_actions import ActionStatus, ReviewAction, ReviewKind, kind_of, plain, since

OPENED = datetime(2026, 6, 1, 8, tzinfo=UTC)
ACTION = ReviewAction(7, "05A", ReviewKind.DOMESTIC_HOMICIDE_REVIEW, "Train managers", changed_at=OPENED)


def test_a_letter_lists_it_with_all_that_is_known() -> None:
    whole = replace(
        ACTION, review="Review of 2024", due=date(2027, 3, 1), status=ActionStatus.UNDER_WAY, evidence="The plan"
    )

    assert ACTION.sentence == "A7: Train managers (domestic homicide review; planned)."
    assert whole.sentence == (
        "A7: Train managers (domestic homicide review: Review of 2024; under way, due Monday 1 March 2027). "
        "Evidence: The plan"
    )


def test_a_cycle_is_told_of_what_is_open_and_of_what_was_done_since_it_opened() -> None:
    done = replace(ACTION, status=ActionStatus.DONE)
    long_done = replace(done, number=8, changed_at=datetime(2025, 6, 1, tzinfo=UTC))
    open_since = replace(ACTION, number=9, changed_at=datetime(2025, 6, 1, tzinfo=UTC))

    assert since([done, long_done, open_since], OPENED) == (done, open_since)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Serious case review: Child A", ReviewKind.SERIOUS_CASE_REVIEW),
        ("SCR 2019", ReviewKind.SERIOUS_CASE_REVIEW),
        ("Local Child Safeguarding Practice Review (LCSPR)", ReviewKind.SAFEGUARDING_PRACTICE_REVIEW),
        ("Multi-agency audit of thresholds", ReviewKind.MULTI_AGENCY_AUDIT),
        ("DHR 7", ReviewKind.DOMESTIC_HOMICIDE_REVIEW),
        ("Child Death Overview, CDOP", ReviewKind.CHILD_DEATH_REVIEW),
        ("SCR and DHR", None),
        ("A conversation", None),
        ("", None),
        ("describe", None),
    ],
)
def test_the_sort_of_review_is_known_where_a_text_names_just_one(text: str, kind: ReviewKind | None) -> None:
    assert kind_of(text) == kind


def test_two_people_type_the_same_title_differently() -> None:
    assert plain("Ask children\u2019s  views. ") == plain("ask Children's views")
