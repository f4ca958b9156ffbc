"""What can be refused, and the sentence that says what, why, and what would work."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from s11flow.domain.lifecycle import words
from s11flow.domain.state_facts import facts_of


class S11Error(Exception):
    """Something was refused and nothing was changed; the text is written for the person who asked."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that the lifecycle does not allow here; nothing was changed."""

    ref: str
    state: StrEnum
    event: StrEnum
    can: tuple[StrEnum, ...] = ()

    def __str__(self) -> str:
        options = ", ".join(words(event) for event in self.can) or "nothing more"
        return f"Cannot {words(self.event)} for {self.ref}: it is {facts_of(self.state).staff}. You can: {options}."


@dataclass(frozen=True, slots=True)
class NotNow:
    """An event the table allows but a rule forbids on these terms; `why` says what would work."""

    ref: str
    event: str
    why: str

    def __str__(self) -> str:
        return f"Cannot {words(self.event)} for {self.ref}: {self.why}"


class RefusedError(S11Error):
    """A refusal raised by a service; `refusal` carries the facts."""

    def __init__(self, refusal: Refused | NotNow) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


class UnknownError(S11Error):
    """A reference that names nothing here."""


class WrongInputError(S11Error):
    """A value that cannot be used: names it, says why, and what would do."""


class WrongDefinitionError(S11Error):
    """A definition that cannot be used: every fault with its key, what is wrong, what would do."""

    def __init__(self, source: str, faults: tuple[str, ...]) -> None:
        self.source = source
        self.faults = faults
        super().__init__(f"{source} cannot be used. " + " ".join(faults))
