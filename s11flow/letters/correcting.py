"""What the letter holds that puts right one which left by mistake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from s11flow.letters.blocks import Slot, when_words
from s11flow.letters.dossier import Writing
from s11flow.letters.heads import AboutPartnership, plain_head, text, texts


@dataclass(frozen=True, slots=True)
class LetterCorrected(AboutPartnership):
    """Which letter was wrong, and what in it; what is right; and what is taken out of its reader's diary.

    `references` are the Message-IDs that it answers, the wrong letter's last; `diary` is what a diary shows of `slot`.
    """

    wrong_subject: str
    sent_at: str
    wrong: str
    right: str
    references: tuple[str, ...]
    slot: Slot | None
    diary: tuple[str, ...]


def letter_corrected(w: Writing) -> LetterCorrected:
    """Puts a letter right that left by mistake, for the one who got it."""
    about, private = w.letter.about, w.letter.private
    given: Any = about.get("slot")
    sent_by, reader, ref, written_on = plain_head(w)
    return LetterCorrected(
        sent_by,
        reader,
        w.to.case_ref or ref,
        written_on,
        wrong_subject=text(about, "subject_line"),
        sent_at=when_words(about.get("sent_at")),
        wrong=text(private, "wrong"),
        right=text(private, "right"),
        references=texts(about.get("references")),
        slot=Slot(**given) if isinstance(given, Mapping) else None,
        diary=texts(about.get("diary")),
    )
