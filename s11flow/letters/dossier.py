"""What the caller has looked up for a letter, beyond the facts of its subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from s11flow.domain.model import Letter
from s11flow.domain.review_actions import ReviewAction
from s11flow.domain.timetable import Rulebook
from s11flow.domain.value import value


@dataclass(frozen=True, slots=True)
class Sent:
    """A letter on record: which, to whom, when it was owed, when it left (None: it did not), and how it stands."""

    kind: str
    recipient: str
    to_address: str
    at: datetime
    status_words: str
    sent_at: datetime | None = None


@dataclass(frozen=True)
class FormFacts:
    """What the report form is filled with beforehand: the period, the open actions, the answers of the last report."""

    period: tuple[date, date]
    actions: tuple[ReviewAction, ...] = ()
    last_cycle: str = ""
    last_answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Dossier:
    """What a letter may need to be told of: earlier letters, last year, a judgement, lists. All of it may be empty."""

    correspondence: tuple[Sent, ...] = ()
    last_year: str = ""
    assessment: Mapping[str, object] | None = None
    overview: Mapping[str, object] | None = None
    cycle: Mapping[str, object] | None = None
    review_actions: tuple[str, ...] = ()
    evidence_for: tuple[str, ...] = ()
    form: FormFacts | None = None


@value(frozen=True, slots=True)
class Addressed:
    """One reader of a letter: the role key, the address, and which case and agency it is about.

    `subject` is the agency code the dedupe key names when that is not the subject's own (a member of a joint report).
    """

    recipient: str
    address: str
    subject: str | None
    case_ref: str | None
    agency: str | None


@dataclass(slots=True)
class Writing:
    """A letter about to be written to one reader at *now*."""

    rules: Rulebook
    letter: Letter
    to: Addressed
    dossier: Dossier
    now: datetime
