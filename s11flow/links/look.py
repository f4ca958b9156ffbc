"""What came of looking whether a link opens for anyone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What somebody who is nobody in particular finds behind a link."""

    OPENS = "opens"
    SIGN_IN = "sign_in"
    NOT_FOUND = "not_found"
    NOT_PUBLIC = "not_public"
    UNREACHABLE = "unreachable"
    TOO_LONG = "too_long"
    LEFT = "left"
    """Nobody looked, and nobody will."""


CLOSED = frozenset({Outcome.SIGN_IN, Outcome.NOT_FOUND, Outcome.NOT_PUBLIC})
"""What lies with the agency; a server that does not answer may do so tomorrow."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was found, and how that showed: a clause about the link, such as "it asked for a sign-in"."""

    outcome: Outcome
    why: str
