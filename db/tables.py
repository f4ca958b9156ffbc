"""The tables. Instants are UTC; documents are canonical JSON text, so that what is hashed is what is stored.

`subject` is what the engine works on: anything with an agenda and a history. The rooms beside it (`cycle`,
`case_file`, `panel_day`) hold what only one kind of subject has.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Column, ForeignKey, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from db.types import UtcInstant

# Each constraint has a name, so that a migration can say which one it means, on SQLite too.
SQLModel.metadata.naming_convention = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


def _instant(*, nullable: bool = False, index: bool = False) -> Column[datetime]:
    return Column(UtcInstant, nullable=nullable, index=index)


def _text(*, nullable: bool = False, default: str = "") -> Column[str]:
    return Column(Text, nullable=nullable, server_default=None if nullable else default)


class Content(SQLModel, table=True):
    """A text kept by its own digest: a definition, a set of templates, a set of holidays."""

    __tablename__ = "content"
    sha256: str = Field(primary_key=True, max_length=64)
    kind: str
    body: str = Field(sa_column=_text())


class Subject(SQLModel, table=True):
    """Anything with an agenda and a history: a partnership, a cycle, a panel day, a case."""

    __tablename__ = "subject"
    # The idle tick is one probe of this index, however many subjects there are.
    __table_args__ = (
        Index(
            "ix_subject_due",
            "next_due_at",
            sqlite_where=text("parked_at IS NULL AND next_due_at IS NOT NULL"),
            postgresql_where=text("parked_at IS NULL AND next_due_at IS NOT NULL"),
        ),
        Index("ix_subject_cycle", "cycle_id", "kind"),
    )
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    ref: str = Field(unique=True)
    partnership: str
    cycle_id: int | None = Field(default=None, sa_column=Column(ForeignKey("subject.id"), nullable=True))
    state: str
    next_due_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    parked_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    parked_why: str | None = None
    version: int = 0
    seq: int = 0
    head: str = ""


class Partnership(SQLModel, table=True):
    """A partnership and the definition it runs by now; cycles keep the one they were opened with."""

    __tablename__ = "partnership"
    subject_id: int = Field(sa_column=Column(ForeignKey("subject.id"), primary_key=True, autoincrement=False))
    code: str = Field(unique=True)
    name: str
    definition_sha256: str = Field(foreign_key="content.sha256")
    digests_from: datetime = Field(sa_column=_instant())
    last_digest_on: date | None = None


class Agency(SQLModel, table=True):
    """A row of the register. `code` is given once and survives renames.

    `contact_left_at` is since when nobody answers for it, `contact_since` when the one it has was last handed over to.
    """

    __tablename__ = "agency"
    __table_args__ = (UniqueConstraint("partnership", "code"),)
    id: int | None = Field(default=None, primary_key=True)
    partnership: str
    code: str
    name: str
    category: str
    status: str
    status_reason: str = ""
    lead: str | None = None
    contact_name: str = ""
    contact_role: str = ""
    contact_email: str | None = None
    deputy_email: str | None = None
    senior_leader_email: str | None = None
    data_protection_email: str | None = None
    attendee_emails: str = ""
    areas: str = ""
    usual_track: str = ""
    contact_left_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    contact_since: datetime | None = Field(default=None, sa_column=_instant(nullable=True))


class SuccessionRow(SQLModel, table=True):
    """What became of an agency of the register: renamed, merged, abolished, or its service given to another provider.

    `agency` is the code it happened to; `other` that of its successor, or of who commissions the service. `before` and
    `after` are names.
    """

    __tablename__ = "succession"
    __table_args__ = (UniqueConstraint("partnership_id", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    partnership_id: int = Field(foreign_key="subject.id")
    number: int
    kind: str
    agency: str
    other: str | None = None
    day: date
    before: str
    after: str
    reason: str = Field(default="", sa_column=_text())
    recorded_at: datetime = Field(sa_column=_instant())


class Cycle(SQLModel, table=True):
    """A year's cycle with what it was opened by: definition, templates and bank holidays, each by content."""

    __tablename__ = "cycle"
    subject_id: int = Field(sa_column=Column(ForeignKey("subject.id"), primary_key=True, autoincrement=False))
    partnership: str
    code: str
    year: int
    period_from: date
    period_to: date
    definition_sha256: str = Field(foreign_key="content.sha256")
    templates_sha256: str = Field(foreign_key="content.sha256")
    holidays_sha256: str = Field(foreign_key="content.sha256")
    target: str = Field(sa_column=_text())
    cut_off: str = Field(sa_column=_text())
    opened_at: datetime = Field(sa_column=_instant())


class PanelDay(SQLModel, table=True):
    """A day on which the panel sits for a cycle.

    `uid` to `told_at` are of the members' invitation to the day: the running order they were last told, by its digest.
    `answers` are what they answered.
    """

    __tablename__ = "panel_day"
    __table_args__ = (UniqueConstraint("cycle_id", "day"),)
    subject_id: int = Field(sa_column=Column(ForeignKey("subject.id"), primary_key=True, autoincrement=False))
    cycle_id: int = Field(foreign_key="subject.id")
    day: date
    added_at: datetime = Field(sa_column=_instant())
    uid: str = Field(unique=True)
    revision: int = 0
    told: str = ""
    told_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    answers: str = Field(default="", sa_column=_text())


class CaseFile(SQLModel, table=True):
    """What only a case has. `dates` is set by events and read by the agenda; nothing else recomputes it."""

    __tablename__ = "case_file"
    subject_id: int = Field(sa_column=Column(ForeignKey("subject.id"), primary_key=True, autoincrement=False))
    cycle_id: int = Field(foreign_key="subject.id", index=True)
    agency_id: int = Field(foreign_key="agency.id", index=True)
    track: str
    dates: str = Field(sa_column=_text())
    opened_at: datetime = Field(sa_column=_instant())
    asked_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    submit_letter_on: date | None = None
    return_by: date | None = None
    gaps: str = Field(default="", sa_column=_text())
    interests: str = Field(default="", sa_column=_text())
    waived: bool = False
    basis: str = ""
    covered_by_id: int | None = Field(
        default=None, sa_column=Column(ForeignKey("subject.id"), nullable=True, index=True)
    )
    considered_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    assessed_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    agreed_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))


class PanelSession(SQLModel, table=True):
    """An agency's 30 minutes with the panel. `uid` and `sequence` are the calendar's; the uid never changes.

    `asks` to `offered_for` are what the agency asked for and is offered in its place; `came` lists who came.
    """

    __tablename__ = "panel_session"
    __table_args__ = (UniqueConstraint("case_id", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="subject.id")
    cycle_id: int = Field(foreign_key="subject.id", index=True)
    number: int
    state: str
    revision: int = 0
    starts_at: datetime = Field(sa_column=_instant())
    ends_at: datetime = Field(sa_column=_instant())
    place: str
    uid: str = Field(unique=True)
    revised_at: datetime = Field(sa_column=_instant())
    recorded_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    minutes: int | None = None
    asks: int = 0
    asked_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    wanted_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    offered_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    offered_for: str | None = None
    came: str = Field(default="", sa_column=_text())


class Reply(SQLModel, table=True):
    """The newest answer of one attendee to one session.

    `sequence`, `at` and `sent_at` are the SEQUENCE, the DTSTAMP and the mail's date that it is ordered by.
    """

    __tablename__ = "reply"
    __table_args__ = (UniqueConstraint("session_id", "attendee"),)
    id: int | None = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="panel_session.id")
    attendee: str
    answer: str
    revision: int
    at: datetime = Field(sa_column=_instant())
    sequence: int = 0
    sent_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))


class ProposalRow(SQLModel, table=True):
    """Another time for its session that an attendee proposed from a calendar; `decision` is empty while it waits."""

    __tablename__ = "proposal"
    __table_args__ = (UniqueConstraint("case_id", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="subject.id")
    number: int
    session: int
    attendee: str
    starts_at: datetime = Field(sa_column=_instant())
    ends_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    sequence: int
    at: datetime = Field(sa_column=_instant())
    sent_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    comment: str = Field(default="", sa_column=_text())
    decision: str = ""
    decided_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))


class AliasRow(SQLModel, table=True):
    """An address from which somebody answers who is invited under another one; both in lower case."""

    __tablename__ = "alias"
    __table_args__ = (UniqueConstraint("partnership_id", "address"),)
    id: int | None = Field(default=None, primary_key=True)
    partnership_id: int = Field(foreign_key="subject.id")
    address: str
    attendee: str


class EscalationRow(SQLModel, table=True):
    """A non-submission on its way to, or with, the Executive Chair."""

    __tablename__ = "escalation"
    __table_args__ = (UniqueConstraint("case_id", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="subject.id")
    number: int
    state: str
    anchor: date
    warned_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    sent_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    hold_until: date | None = None


class SubmissionRow(SQLModel, table=True):
    """A version of a report. `files` lists name, sha256 and size; the bytes lie in the documents folder by sha256."""

    __tablename__ = "submission"
    __table_args__ = (UniqueConstraint("case_id", "version"), UniqueConstraint("case_id", "content_sha256"))
    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="subject.id")
    version: int
    content_sha256: str
    arrived_at: datetime = Field(sa_column=_instant())
    filed_at: datetime = Field(sa_column=_instant())
    sender: str
    files: str = Field(sa_column=_text())
    addresses: str = Field(default="", sa_column=_text())
    as_in_time: bool = False
    status: str = "filed"


class ReportReading(SQLModel, table=True):
    """What was read out of a version of a report: the answers of a filled form, its links, what could not be placed.

    Apart from the version itself, which is loaded with its case whenever the clock looks at it. `links_untried` counts
    the links of which it is yet to be seen whether they open.
    """

    __tablename__ = "report_reading"
    __table_args__ = (UniqueConstraint("case_id", "version"),)
    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="subject.id")
    version: int
    body: str = Field(sa_column=_text())
    links_untried: int = 0


class ReviewActionRow(SQLModel, table=True):
    """An agency's own action from a review. `number` is given once in the partnership; `reported_by` is whose word."""

    __tablename__ = "review_action"
    __table_args__ = (UniqueConstraint("partnership_id", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    partnership_id: int = Field(foreign_key="subject.id")
    number: int
    agency_id: int = Field(foreign_key="agency.id", index=True)
    kind: str
    title: str = Field(sa_column=_text())
    review: str = ""
    status: str
    evidence: str = Field(default="", sa_column=_text())
    due: date | None = None
    reported_by: str = ""
    changed_at: datetime = Field(sa_column=_instant())


class AssessmentRow(SQLModel, table=True):
    """A version of the panel's judgement on a case, as it was given; its author and raters where they were named."""

    __tablename__ = "assessment"
    __table_args__ = (UniqueConstraint("case_id", "version"),)
    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="subject.id")
    version: int
    given_at: datetime = Field(sa_column=_instant())
    basis: str
    author: str = ""
    rated_by: str = Field(default="", sa_column=_text())
    body: str = Field(sa_column=_text())
    agreed_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))


class WaitingMail(SQLModel, table=True):
    """Mail from outside, collected or put in by hand, and what was decided on it; undecided it is the holding tray.

    `sha256` is that of the mail as it came, which lies in the documents folder; None where it was put in by hand.
    `kind` is empty until it has been read. `decision` is applied, filed or ignored, and `why` the reason for that, or
    for waiting; `suggestion` names the cases it may be about, the best first; `version` is what it was filed as.
    """

    __tablename__ = "waiting_mail"
    __table_args__ = (UniqueConstraint("partnership", "sha256"),)
    id: int | None = Field(default=None, primary_key=True)
    partnership: str
    arrived_at: datetime = Field(sa_column=_instant())
    case_id: int | None = Field(default=None, sa_column=Column(ForeignKey("subject.id"), nullable=True, index=True))
    note: str = ""
    files: str = Field(default="", sa_column=_text())
    decided_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    decision: str | None = None
    sha256: str | None = Field(default=None, max_length=64)
    size: int | None = None
    kind: str | None = None
    sender: str | None = Field(default=None, sa_column=_text(nullable=True))
    subject: str | None = Field(default=None, sa_column=_text(nullable=True))
    written_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    why: str | None = Field(default=None, sa_column=_text(nullable=True))
    suggestion: str | None = Field(default=None, sa_column=_text(nullable=True))
    version: int | None = None


class History(SQLModel, table=True):
    """What happened to a subject, in order, chained: `hash = sha256(previous hash + canonical text)`.

    `record` holds the digests of the rows that the change left, by their names in the history.
    """

    __tablename__ = "history"
    __table_args__ = (
        UniqueConstraint("subject_id", "seq"),
        UniqueConstraint("subject_id", "due_key"),
    )
    id: int | None = Field(default=None, primary_key=True)
    subject_id: int = Field(foreign_key="subject.id")
    seq: int
    at: datetime = Field(sa_column=_instant())
    recorded_at: datetime = Field(sa_column=_instant())
    actor_id: str
    event: str
    about: str
    before: str | None = None
    after: str | None = None
    due_key: str | None = None
    cause: str = ""
    data: str = Field(default="{}", sa_column=_text(default="{}"))
    private_sha256: str | None = None
    record: str | None = Field(default=None, sa_column=_text(nullable=True))
    hash: str


class HistoryPrivate(SQLModel, table=True):
    """People's names, addresses and free text of a history line; may be removed without breaking the chain."""

    __tablename__ = "history_private"
    subject_id: int = Field(sa_column=Column(ForeignKey("subject.id"), primary_key=True, autoincrement=False))
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    salt: str
    body: str = Field(sa_column=_text())


class Message(SQLModel, table=True):
    """A letter to one recipient: the outbox. `dedupe_key` is unique for ever, so a letter is owed once."""

    __tablename__ = "message"
    __table_args__ = (
        Index("ix_message_waiting", "status", "next_try_at"),
        Index("ix_message_subject", "subject_id", "kind"),
        # Each mail that comes in asks to which letter it answers.
        Index(
            "ix_message_sent_as",
            "message_id",
            sqlite_where=text("message_id IS NOT NULL"),
            postgresql_where=text("message_id IS NOT NULL"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    dedupe_key: str = Field(unique=True)
    subject_id: int = Field(foreign_key="subject.id")
    cycle_id: int | None = Field(default=None, sa_column=Column(ForeignKey("subject.id"), nullable=True))
    subject: str
    case_ref: str | None = None
    agency: str | None = None
    kind: str
    recipient: str
    to_address: str
    subject_line: str
    why: str
    at: datetime = Field(sa_column=_instant())
    valid_until: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    context: str = Field(sa_column=_text())
    templates_sha256: str = Field(foreign_key="content.sha256")
    digest: str
    status: str
    status_why: str = ""
    queued_at: datetime = Field(sa_column=_instant())
    next_try_at: datetime = Field(sa_column=_instant())
    attempts: int = 0
    lease_until: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    sent_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    message_id: str | None = None
    raw: bytes | None = None


class Incident(SQLModel, table=True):
    """A subject set aside because its plan failed, until a person releases it."""

    __tablename__ = "incident"
    id: int | None = Field(default=None, primary_key=True)
    subject_id: int = Field(foreign_key="subject.id", index=True)
    at: datetime = Field(sa_column=_instant())
    what: str = Field(sa_column=_text())
    released_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))


class Heartbeat(SQLModel, table=True):
    """When each row of the schedule last ran, and what it counted."""

    __tablename__ = "heartbeat"
    name: str = Field(primary_key=True)
    at: datetime = Field(sa_column=_instant())
    counters: str = Field(default="{}", sa_column=_text(default="{}"))
