"""The questions the services ask of the tables; each is one statement, however many subjects it is asked of."""

from __future__ import annotations

import json
from collections import defaultdict, namedtuple
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    any_,
    case,
    exists,
    func,
    literal,
    literal_column,
    select,
)
from sqlmodel import SQLModel

from db.tables import (
    Agency,
    AliasRow,
    AssessmentRow,
    CaseFile,
    Content,
    Cycle,
    EscalationRow,
    Heartbeat,
    History,
    Message,
    PanelDay,
    PanelSession,
    Partnership,
    ProposalRow,
    Reply,
    ReportReading,
    ReviewActionRow,
    Subject,
    SubmissionRow,
    SuccessionRow,
    WaitingMail,
)


def table(model: type[SQLModel]) -> Table:
    """The Core table behind a SQLModel class: what bulk statements are written against."""
    found: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel adds it when the class is made
    return found


subject, case_file, agency, cycle = table(Subject), table(CaseFile), table(Agency), table(Cycle)
panel_day, partnership, content = table(PanelDay), table(Partnership), table(Content)
panel_session, reply, escalation = table(PanelSession), table(Reply), table(EscalationRow)
proposal, alias = table(ProposalRow), table(AliasRow)
submission, assessment, waiting_mail = table(SubmissionRow), table(AssessmentRow), table(WaitingMail)
history, message, heartbeat = table(History), table(Message), table(Heartbeat)
succession = table(SuccessionRow)
report_reading, review_action = table(ReportReading), table(ReviewActionRow)

_lead = subject.alias("lead")

ASKING = ("report_request", "reminder", "target_missed")
"""The kinds of letter that ask an agency for its report."""


def due_subjects(
    connection: Connection, now: datetime, limit: int, *, partnerships: bool, without: Collection[int] = ()
) -> list[Any]:
    """The ids and kinds of subjects owed something by *now*, soonest first; on Postgres locked to others."""
    wanted = subject.c.kind == "partnership" if partnerships else subject.c.kind != "partnership"
    if without:
        wanted &= ~_among(connection, subject.c.id, without)
    statement = (
        select(subject.c.id, subject.c.kind)
        .where(subject.c.parked_at.is_(None), subject.c.next_due_at <= now, wanted)
        .order_by(subject.c.next_due_at, subject.c.id)
        .limit(limit)
    )
    if connection.dialect.name != "sqlite":
        statement = statement.with_for_update(skip_locked=True)
    return list(connection.execute(statement))


def due_among(connection: Connection, ids: Collection[int], now: datetime) -> list[int]:
    """Which of these subjects are owed something by *now*, held until the transaction ends; none that is set aside."""
    is_due = subject.c.next_due_at.is_not(None) & (subject.c.next_due_at <= now) & subject.c.parked_at.is_(None)
    of_these = _among(connection, subject.c.id, ids)
    return list(
        connection.scalars(select(subject.c.id).where(of_these, is_due).order_by(subject.c.id).with_for_update())
    )


def lock(connection: Connection, ids: Collection[int]) -> None:
    """Hold these subjects until the transaction ends. SQLite's one writer holds everything already."""
    if connection.dialect.name != "sqlite":
        ordered = select(subject.c.id).where(subject.c.id.in_(ids)).order_by(subject.c.id).with_for_update()
        connection.execute(ordered).all()


def cases(connection: Connection, ids: Collection[int]) -> Sequence[Any]:
    """One row for each case: its subject, its file, its agency as it stands now, and its lead's state."""
    statement = (
        select(
            subject.c.id, subject.c.ref, subject.c.partnership, subject.c.cycle_id, subject.c.state,
            subject.c.version, subject.c.seq, subject.c.head, subject.c.next_due_at,
            case_file.c.track, case_file.c.dates, case_file.c.opened_at, case_file.c.asked_at,
            case_file.c.submit_letter_on, case_file.c.return_by, case_file.c.gaps, case_file.c.waived,
            case_file.c.interests,
            case_file.c.basis, case_file.c.considered_at, case_file.c.assessed_at, case_file.c.agreed_at,
            case_file.c.agency_id, case_file.c.covered_by_id,
            agency.c.code, agency.c.name, agency.c.category, agency.c.status, agency.c.status_reason, agency.c.lead,
            agency.c.contact_name, agency.c.contact_role, agency.c.contact_email, agency.c.deputy_email,
            agency.c.senior_leader_email, agency.c.data_protection_email, agency.c.attendee_emails, agency.c.areas,
            agency.c.usual_track,
            agency.c.contact_left_at, agency.c.contact_since,
            _lead.c.ref.label("lead_ref"), _lead.c.state.label("lead_state"),
        )
        .join(case_file, case_file.c.subject_id == subject.c.id)
        .join(agency, agency.c.id == case_file.c.agency_id)
        .outerjoin(_lead, _lead.c.id == case_file.c.covered_by_id)
        .where(_among(connection, subject.c.id, ids))
        .order_by(subject.c.id)
    )  # fmt: skip
    return _rows(connection, statement)


def members(connection: Connection, ids: Collection[int]) -> dict[int, list[Any]]:
    """The cases covered by each of these, with their agencies."""
    statement = (
        select(case_file.c.covered_by_id.label("case_id"), subject.c.ref, agency)
        .join(subject, subject.c.id == case_file.c.subject_id)
        .join(agency, agency.c.id == case_file.c.agency_id)
        .where(_among(connection, case_file.c.covered_by_id, ids), subject.c.state == "COVERED")
        .order_by(agency.c.code)
    )
    return _grouped(connection, statement)


def done_keys(connection: Connection, ids: Collection[int]) -> dict[int, set[str]]:
    """The due keys in each subject's history: what has been done."""
    statement = select(history.c.subject_id, history.c.due_key).where(
        _among(connection, history.c.subject_id, ids), history.c.due_key.is_not(None)
    )
    found: dict[int, set[str]] = defaultdict(set)
    for subject_id, due_key in connection.execute(statement).all():
        found[subject_id].add(due_key)
    return found


def sessions(connection: Connection, ids: Collection[int]) -> dict[int, list[Any]]:
    """The sessions of each case, oldest first."""
    statement = (
        select(panel_session).where(_among(connection, panel_session.c.case_id, ids)).order_by(panel_session.c.number)
    )
    return _grouped(connection, statement)


def replies(connection: Connection, session_ids: Collection[int]) -> dict[int, list[Any]]:
    """The newest answers to each session's present revision."""
    if not session_ids:
        return {}
    statement = (
        select(reply)
        .join(
            panel_session, and_(panel_session.c.id == reply.c.session_id, panel_session.c.revision == reply.c.revision)
        )
        .where(_among(connection, reply.c.session_id, session_ids))
        .order_by(reply.c.id)
    )
    return _grouped(connection, statement, key="session_id")


def session_of_uid(connection: Connection, uid: str) -> Any:
    """The session whose calendar UID it is, or None; some programs write it in capitals."""
    statement = select(panel_session).where(panel_session.c.uid.in_(sorted({uid, uid.lower()})))
    return connection.execute(statement).first()


def panel_day_of_uid(connection: Connection, uid: str) -> Any:
    """The panel day whose invitation's UID it is, or None."""
    return connection.execute(select(panel_day).where(panel_day.c.uid.in_(sorted({uid, uid.lower()})))).first()


def proposals(connection: Connection, case_id: int) -> Sequence[Any]:
    """The times that attendees proposed for the sessions of a case, in the order they came."""
    statement = select(proposal).where(proposal.c.case_id == case_id).order_by(proposal.c.number)
    return connection.execute(statement).all()


def aliases(connection: Connection, partnership: str) -> dict[str, str]:
    """The other addresses from which people of a partnership answer: which of the register's each stands for."""
    home = select(subject.c.id).where(subject.c.kind == "partnership", subject.c.ref == partnership)
    rows = connection.execute(select(alias.c.address, alias.c.attendee).where(alias.c.partnership_id.in_(home)))
    return {row.address: row.attendee for row in rows}


def escalations(connection: Connection, ids: Collection[int]) -> dict[int, list[Any]]:
    """The escalations of each case, oldest first."""
    statement = select(escalation).where(_among(connection, escalation.c.case_id, ids)).order_by(escalation.c.number)
    return _grouped(connection, statement)


def submissions(connection: Connection, ids: Collection[int]) -> dict[int, list[Any]]:
    """The versions of each case's report, oldest first."""
    statement = select(submission).where(_among(connection, submission.c.case_id, ids)).order_by(submission.c.version)
    return _grouped(connection, statement)


def assessments(connection: Connection, ids: Collection[int]) -> dict[int, list[Any]]:
    """The versions of each case's judgement, oldest first."""
    statement = select(assessment).where(_among(connection, assessment.c.case_id, ids)).order_by(assessment.c.version)
    return _grouped(connection, statement)


def mail_waiting(connection: Connection, ids: Collection[int]) -> dict[int | str, datetime]:
    """Since when mail waits for a decision on each case, and (by partnership) mail that is matched to no case yet."""
    statement = (
        select(waiting_mail.c.case_id, waiting_mail.c.partnership, func.min(waiting_mail.c.arrived_at))
        .where(waiting_mail.c.decided_at.is_(None))
        .where(_among(connection, waiting_mail.c.case_id, ids) | waiting_mail.c.case_id.is_(None))
        .group_by(waiting_mail.c.case_id, waiting_mail.c.partnership)
    )
    return {case_id or partnership: at for case_id, partnership, at in connection.execute(statement)}


def without_notice(connection: Connection, ids: Collection[int]) -> set[int]:
    """The cases whose letters asking for the report were kept from leaving, and of which no server took one (case 60).

    A letter that only waits for its first turn says nothing yet; one that waits for a reason (`status_why`) does.
    """
    if not ids:
        return set()
    kept = message.c.status.not_in(("SENT", "SUPERSEDED")) & (
        (message.c.status != "QUEUED") | (message.c.status_why != "") | (message.c.attempts > 0)
    )
    statement = (
        select(message.c.subject_id)
        .where(
            _among(connection, message.c.subject_id, ids), message.c.kind.in_(ASKING), message.c.recipient == "contact"
        )
        .group_by(message.c.subject_id)
        .having(func.sum(case((message.c.status == "SENT", 1), else_=0)) == 0)
        .having(func.sum(case((kept, 1), else_=0)) > 0)
    )
    return set(connection.scalars(statement))


def not_reached_since(connection: Connection, ids: Collection[int]) -> set[int]:
    """Of these cases, those whose agency was handed over to a contact who has had no letter yet (case 5)."""
    if not ids:
        return set()
    reached = exists().where(
        message.c.subject_id == case_file.c.subject_id,
        message.c.kind.in_(ASKING),
        message.c.recipient == "contact",
        message.c.status == "SENT",
        message.c.sent_at >= agency.c.contact_since,
    )
    statement = (
        select(case_file.c.subject_id)
        .join(agency, agency.c.id == case_file.c.agency_id)
        .where(_among(connection, case_file.c.subject_id, ids), agency.c.contact_since.is_not(None), ~reached)
    )
    return set(connection.scalars(statement))


def successions(connection: Connection, partnership_id: int) -> Sequence[Any]:
    """What became of the agencies of a partnership's register, in the order it was recorded."""
    statement = select(succession).where(succession.c.partnership_id == partnership_id)
    return connection.execute(statement.order_by(succession.c.number)).all()


def panel_days(connection: Connection, ids: Collection[int]) -> Sequence[Any]:
    """One row for each panel day, with how many live sessions it has."""
    statement = (
        select(
            subject,
            panel_day.c.day,
            panel_day.c.added_at,
            panel_day.c.uid,
            panel_day.c.revision,
            panel_day.c.told,
            panel_day.c.told_at,
            panel_day.c.answers,
        )
        .join(panel_day, panel_day.c.subject_id == subject.c.id)
        .where(_among(connection, subject.c.id, ids))
        .order_by(panel_day.c.day)
    )
    return connection.execute(statement).all()


def panel_days_of(connection: Connection, cycle_id: int) -> Sequence[Any]:
    """The panel days of a cycle, in order."""
    statement = (
        select(subject.c.id, subject.c.ref, subject.c.state, panel_day.c.day, panel_day.c.added_at)
        .join(panel_day, panel_day.c.subject_id == subject.c.id)
        .where(panel_day.c.cycle_id == cycle_id)
        .order_by(panel_day.c.day)
    )
    return connection.execute(statement).all()


def live_sessions(connection: Connection, cycle_id: int) -> Sequence[Any]:
    """The sessions of a cycle still to be held, with their case's reference and who declared an interest in it."""
    statement = (
        select(panel_session, subject.c.ref, subject.c.state.label("case_state"), case_file.c.interests)
        .join(subject, subject.c.id == panel_session.c.case_id)
        .join(case_file, case_file.c.subject_id == panel_session.c.case_id)
        .where(panel_session.c.cycle_id == cycle_id, panel_session.c.state.in_(("PENCILLED", "INVITED")))
        .order_by(panel_session.c.starts_at)
    )
    return connection.execute(statement).all()


def sessions_between(connection: Connection, first: datetime, last: datetime) -> list[Any]:
    """The sessions still to be held that begin from *first* to *last*, of whatever cycle, and whom each binds."""
    statement = (
        select(
            panel_session.c.case_id, panel_session.c.cycle_id, panel_session.c.starts_at, panel_session.c.ends_at,
            panel_session.c.place, subject.c.ref, subject.c.partnership, agency.c.code, agency.c.contact_email,
            agency.c.attendee_emails,
        )
        .join(subject, subject.c.id == panel_session.c.case_id)
        .join(case_file, case_file.c.subject_id == panel_session.c.case_id)
        .join(agency, agency.c.id == case_file.c.agency_id)
        .where(panel_session.c.state.in_(("PENCILLED", "INVITED")))
        .where(panel_session.c.starts_at >= first, panel_session.c.starts_at <= last)
        .order_by(panel_session.c.starts_at, panel_session.c.id)
    )  # fmt: skip
    return _rows(connection, statement)


def cycles(connection: Connection, ids: Collection[int] | None = None) -> Sequence[Any]:
    """The cycles asked for, or all, oldest first."""
    statement = (
        select(subject, *(column for column in cycle.c if column.name != "partnership"))
        .join(cycle, cycle.c.subject_id == subject.c.id)
        .order_by(cycle.c.year, cycle.c.code)
    )
    if ids is not None:
        statement = statement.where(_among(connection, subject.c.id, ids))
    return connection.execute(statement).all()


def partnerships(connection: Connection, ids: Collection[int] | None = None) -> Sequence[Any]:
    """The partnerships asked for, or all."""
    statement = select(
        subject, partnership.c.code, partnership.c.name, partnership.c.definition_sha256,
        partnership.c.digests_from, partnership.c.last_digest_on,
    ).join(partnership, partnership.c.subject_id == subject.c.id).order_by(partnership.c.code)  # fmt: skip
    if ids is not None:
        statement = statement.where(_among(connection, subject.c.id, ids))
    return connection.execute(statement).all()


def contents(connection: Connection, digests: Collection[str]) -> Mapping[str, str]:
    """The texts kept under these digests."""
    statement = select(content.c.sha256, content.c.body).where(content.c.sha256.in_(digests))
    return {row.sha256: row.body for row in connection.execute(statement)}


def rows_of(connection: Connection, of: Table, column: str, ids: Collection[int]) -> list[dict[str, Any]]:
    """The rows of a table in which *column* is one of *ids*, in the order they were added."""
    return rows_among(connection, select(of).order_by(*of.primary_key), of.c[column], ids)


def history_among(connection: Connection, ids: Collection[int]) -> list[Any]:
    """The lines of these subjects' histories, each subject's in order."""
    statement = select(history).where(_among(connection, history.c.subject_id, ids))
    return _rows(connection, statement.order_by(history.c.subject_id, history.c.seq))


def streamed(
    connection: Connection, statement: Select[Any], column: ColumnElement[int], ids: Collection[int], size: int
) -> Iterator[Any]:
    """As `rows_among`, with columns by name and no more than *size* rows in memory at a time."""
    wanted = statement.where(_among(connection, column, ids)).execution_options(yield_per=size)
    found = connection.execute(wanted)
    return map(_row_type(tuple(found.keys()))._make, found)


def rows_among(
    connection: Connection, statement: Select[Any], column: ColumnElement[int], ids: Collection[int]
) -> list[dict[str, Any]]:
    """What *statement* finds where *column* is one of *ids*, each row by the names of its columns."""
    found = connection.execute(statement.where(_among(connection, column, ids)))
    names = tuple(found.keys())
    return [dict(zip(names, row, strict=True)) for row in found.all()]


def subject_by_ref(connection: Connection, ref: str) -> Any:
    """The subject of this reference, capitals or not: references differ in more than that."""
    exact = connection.execute(select(subject).where(subject.c.ref == ref)).one_or_none()
    return exact or connection.execute(select(subject).where(func.upper(subject.c.ref) == ref.upper())).first()


def case_ids(connection: Connection, cycle_id: int) -> list[int]:
    """The ids of a cycle's cases, in the order of their references."""
    statement = select(subject.c.id).where(subject.c.cycle_id == cycle_id, subject.c.kind == "case")
    return list(connection.scalars(statement.order_by(subject.c.ref)))


def agencies(connection: Connection, of: str) -> Sequence[Any]:
    """A partnership's register, by code."""
    return connection.execute(select(agency).where(agency.c.partnership == of).order_by(agency.c.code)).all()


def history_of(connection: Connection, subject_id: int) -> Sequence[Any]:
    """A subject's history in order."""
    return connection.execute(select(history).where(history.c.subject_id == subject_id).order_by(history.c.seq)).all()


_VALUE: ColumnElement[int] = literal_column("value")


def _among(connection: Connection, column: ColumnElement[int], ids: Collection[int]) -> ColumnElement[bool]:
    """Whether *column* is one of *ids*, as one parameter: naming hundreds of them costs more than finding the rows."""
    if connection.dialect.name == "sqlite":
        return column.in_(select(_VALUE).select_from(func.json_each(json.dumps([*ids]))))
    return column == any_(literal([*ids], ARRAY(BigInteger)))


def _grouped(connection: Connection, statement: Any, key: str = "case_id") -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in _rows(connection, statement):
        found[getattr(row, key)].append(row)
    return found


def _rows(connection: Connection, statement: Any) -> list[Any]:
    """What *statement* finds, with columns by name; a named tuple looks a name up far quicker than SQLAlchemy's row."""
    found = connection.execute(statement)
    return [*map(_row_type(tuple(found.keys()))._make, found.all())]


@lru_cache(maxsize=256)
def _row_type(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names)


def subject_by_id(connection: Connection, subject_id: int, *, lock: bool = False) -> Any:
    """The subject of this id, held until the transaction ends if *lock*."""
    statement = select(subject).where(subject.c.id == subject_id)
    if lock and connection.dialect.name != "sqlite":
        statement = statement.with_for_update()
    return connection.execute(statement).one()
