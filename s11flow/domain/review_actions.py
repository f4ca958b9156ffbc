"""An agency's own actions from reviews and audits, as they are held for it from one year to the next. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from calendars import london


class ReviewKind(StrEnum):
    """What sort of review an action comes from."""

    SAFEGUARDING_PRACTICE_REVIEW = "safeguarding practice review"
    SERIOUS_CASE_REVIEW = "serious case review"
    DOMESTIC_HOMICIDE_REVIEW = "domestic homicide review"
    CHILD_DEATH_REVIEW = "child death review"
    MULTI_AGENCY_AUDIT = "multi-agency audit"


class ActionStatus(StrEnum):
    """How an action stands."""

    DONE = "done"
    UNDER_WAY = "under way"
    PLANNED = "planned"


@dataclass(frozen=True, slots=True)
class ReviewAction:
    """An action that an agency owes from a review. `number` is given once in a partnership; letters call it `A7`.

    `reported_by` says on whose word it stands so: a member of staff, or the agency in its report. `changed_at` is when
    that was written.
    """

    number: int
    agency: str
    kind: ReviewKind
    title: str
    review: str = ""
    status: ActionStatus = ActionStatus.PLANNED
    evidence: str = ""
    due: date | None = None
    reported_by: str = ""
    changed_at: datetime | None = None

    @property
    def called(self) -> str:
        """How letters and forms name it."""
        return f"A{self.number}"

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return self.status != ActionStatus.DONE

    @property
    def origin(self) -> str:
        """The sort of review and its name: "serious case review: Child A"."""
        return f"{self.kind}: {self.review}" if self.review else str(self.kind)

    @property
    def sentence(self) -> str:
        """The action as a letter lists it."""
        due = f", due {london.spell_day(self.due)}" if self.due else ""
        shown = f" Evidence: {self.evidence}" if self.evidence else ""
        return f"{self.called}: {self.title} ({self.origin}; {self.status}{due}).{shown}"


def since(actions: Iterable[ReviewAction], opened_at: datetime) -> tuple[ReviewAction, ...]:
    """What a cycle that was opened then is told of: what is open, and what has been done meanwhile."""
    return tuple(
        each for each in actions if each.is_open or (each.changed_at is not None and each.changed_at >= opened_at)
    )


_SPACE = re.compile(r"\s+")
_SHORT = {
    ReviewKind.SAFEGUARDING_PRACTICE_REVIEW: ("practice review", "lcspr", "cspr", "spr"),
    ReviewKind.SERIOUS_CASE_REVIEW: ("scr",),
    ReviewKind.DOMESTIC_HOMICIDE_REVIEW: ("homicide review", "dhr"),
    ReviewKind.CHILD_DEATH_REVIEW: ("child death", "cdr", "cdop"),
    ReviewKind.MULTI_AGENCY_AUDIT: ("multi agency audit", "audit"),
}


def kind_of(text: str) -> ReviewKind | None:
    """The one sort of review that a text names, in full or as people shorten it; None if it names none or several."""
    said = plain(text)
    found = [
        kind
        for kind, short in _SHORT.items()
        if any(re.search(rf"\b{re.escape(name)}s?\b", said) for name in (str(kind), *short))
    ]
    return found[0] if len(found) == 1 else None


def plain(text: str) -> str:
    """A text as two are compared that may have been typed by two people."""
    return _SPACE.sub(" ", text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")).strip().rstrip(".").casefold()
