"""What is refused says what, why and what would work, and keeps the facts for whoever handles it."""

from __future__ import annotations

import pytest

from s11flow.domain.errors import NotNow, Refused, RefusedError, S11Error, WrongDefinitionError
from s11flow.domain.model import CaseEvent, CaseState, EscalationState, Note


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        (
            Refused("GSCP-2026-05A", CaseState.VOID, CaseEvent.EXTEND),
            "Cannot extend for GSCP-2026-05A: it is void. You can: nothing more.",
        ),
        (
            Refused("GSCP-2026-05A", EscalationState.WITH_CHAIR, Note.HOLD, can=(CaseEvent.EXCUSE, CaseEvent.EXTEND)),
            "Cannot hold for GSCP-2026-05A: it is with the Chair. You can: excuse, extend.",
        ),
        (
            NotNow("GSCP-2026-05A", "STAND_DOWN", "give the Chair's reason."),
            "Cannot stand down for GSCP-2026-05A: give the Chair's reason.",
        ),
    ],
)
def test_a_refusal_is_a_sentence_and_so_is_the_error_that_carries_it(refusal: Refused | NotNow, sentence: str) -> None:
    error = RefusedError(refusal)

    assert (str(refusal), str(error), error.refusal) == (sentence, sentence, refusal)
    assert isinstance(error, S11Error)


def test_a_definition_that_cannot_be_used_names_its_text_and_every_fault() -> None:
    error = WrongDefinitionError("ours.toml", ("schema: 2 is not known here; use 1.", "scale: there is none."))

    assert str(error) == "ours.toml cannot be used. schema: 2 is not known here; use 1. scale: there is none."
    assert (error.source, error.faults) == (
        "ours.toml",
        ("schema: 2 is not known here; use 1.", "scale: there is none."),
    )
