"""What a form says: before it is filled in, and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from s11flow.domain.definition import Rating, Standard

Status = Literal["done", "under way", "planned"]
STATUSES: tuple[Status, ...] = ("done", "under way", "planned")

MARK = "s11flow report form"
"""What the file's own identifier begins with; the reference of the case follows."""


@dataclass(frozen=True, slots=True)
class HeldAction:
    """An action from a review that is held as open for the agency; *called* is how it is known again, "A7"."""

    what: str
    review: str = ""
    status: str = ""
    called: str = ""


@dataclass(frozen=True, slots=True)
class Blank:
    """Everything a form is made from. `last_answers` are by requirement, what the agency said in `last_year`."""

    partnership: str
    mailbox: str
    agency: str
    ref: str
    period_from: date
    period_to: date
    deadline: datetime | None
    standards: tuple[Standard, ...]
    scale: tuple[Rating, ...]
    made_at: datetime
    covers: tuple[str, ...] = ()
    actions: tuple[HeldAction, ...] = ()
    last_year: str = ""
    last_answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an agency says of one requirement.

    `rating` is a code of the scale, "n/a", or None; what was written there otherwise is in `as_given`. A rating that
    holds only with a "but" is qualified. `by_table` names the other scale by whose table in the definition a rating was
    read. `is_last_years` when the text brought forward was left as it stood.
    """

    requirement: str
    response: str = ""
    practice: str = ""
    rating: str | None = None
    as_given: str = ""
    is_qualified: bool = False
    is_last_years: bool = False
    by_table: str = ""

    @property
    def is_off_the_scale(self) -> bool:
        """Whether what was written as the rating is none of the scale, nor of one the definition knows."""
        return self.rating is None and bool(self.as_given)

    @property
    def is_given(self) -> bool:
        """Whether anything is said of the requirement."""
        return bool(self.response or self.practice or self.rating or self.as_given)


@dataclass(frozen=True, slots=True)
class ReportedAction:
    """How an agency says one of its actions from reviews stands; `status` is None where it says nothing we know.

    `called` is what the form called an action that was held, "A7"; empty for one that the agency added.
    """

    what: str
    review: str = ""
    status: Status | None = None
    evidence: str = ""
    called: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """An address of evidence and what it shows."""

    address: str
    shows: str = ""


@dataclass(frozen=True, slots=True)
class FilledForm:
    """A form as it came back. `unplaced` has a sentence for everything that is not surely read, with its text.

    `ref` is the reference in the form, or empty; `completed_on` is None where no day could be read.
    """

    ref: str
    author: str
    role: str
    completed_on: date | None
    answers: tuple[Answer, ...]
    actions: tuple[ReportedAction, ...]
    links: tuple[Link, ...]
    anything_else: str
    unplaced: tuple[str, ...]

    def answer_to(self, requirement: str) -> Answer:
        """What is said of *requirement*; an empty answer where nothing is."""
        return next((answer for answer in self.answers if answer.requirement == requirement), Answer(requirement))
