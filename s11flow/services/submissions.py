"""Takes reports in: files kept by their content, versions, the time of arrival; and what staff decide on them."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from threading import get_ident
from typing import Any

from sqlalchemy import Connection, func, select, update

from calendars import london
from db import queries
from db.tables import HistoryPrivate
from db.unit_of_work import UnitOfWork
from s11flow.domain import acts
from s11flow.domain.agenda import next_due_at
from s11flow.domain.definition import Definition, Standard
from s11flow.domain.errors import NotNow, RefusedError, WrongInputError
from s11flow.domain.model import RESTRICTED, CaseEvent, CaseFacts, CaseState, Entry, Note, Plan, Submission, Track
from s11flow.services import cases, evidence, readings, record, review_actions
from s11flow.services.readings import FoundLink, Reading
from s11flow.services.subjects import Change, Loaded, content_digest, files_digest, save

_private = queries.table(HistoryPrivate)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a report: its version, or that the same content was there already; and what was read of it.

    `missing` are standards that it does not address; `unanswered` requirements of which its form says nothing.
    """

    ref: str
    version: int
    duplicate: bool
    state: str
    missing: tuple[str, ...]
    reading: Reading = field(default_factory=Reading)
    unanswered: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {
            "case": self.ref,
            "version": self.version,
            "duplicate": self.duplicate,
            "state": self.state,
            "missing": list(self.missing),
            "unanswered": list(self.unanswered),
            "reading": self.reading.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Documents:
    """A folder in which each file lies under the digest of its content, so that nothing is stored twice or changed."""

    folder: Path

    def keep(self, content: bytes) -> str:
        """Store *content* durably and return its sha256; raises WrongInputError when the folder cannot take it."""
        digest = hashlib.sha256(content).hexdigest()
        place = self.folder / digest[:2] / digest
        partial = place.with_name(f".{digest}.{os.getpid()}.{get_ident()}")
        try:
            if not (place.exists() and place.stat().st_size == len(content)):
                _make_folder(place.parent)
                _write_durably(partial, content)
                _put(partial, place)
            _sync_folder(place.parent)  # also for one that was put there by somebody who died before this
            for left in place.parent.glob(f".{digest}.*"):
                left.unlink(missing_ok=True)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise WrongInputError(
                f"The file could not be kept in {self.folder} ({error.strerror or error}); nothing was recorded. "
                "Make room there, or set S11FLOW_DOCUMENTS_DIR to a folder that can be written, and try again."
            ) from None
        return digest

    def read(self, digest: str) -> bytes:
        """The content kept under *digest*."""
        return self.place(digest).read_bytes()

    def place(self, digest: str) -> Path:
        """Where the content of *digest* lies, or would."""
        return self.folder / digest[:2] / digest


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _put(partial: Path, place: Path) -> None:
    try:
        partial.replace(place)
    except FileNotFoundError:
        if not place.exists():  # else somebody kept the same meanwhile, and cleared away what was left lying
            raise


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def receive(
    uow: UnitOfWork,
    documents: Documents,
    ref: str,
    files: Sequence[tuple[str, bytes]],
    *,
    now: datetime,
    by: str,
    arrived_at: datetime | None = None,
    sender: str = "",
    addresses: Sequence[str] | None = None,
) -> Received:
    """File a version of the report, however early or late it comes, and owe its sender a receipt.

    The files are kept before anything is recorded. The same content again is a no-op, noted in the history.
    *addresses* are the standards the report addresses; None means those its form answers, or for a report in a format
    of its own all of them, and for a form of another agency none.
    *arrived_at* is when it reached us (an aware instant, by default *now*): what decides whether it is in time.
    What its files say is read as far as it is sure, and what it says of the agency's actions from reviews is taken.
    """
    arrived = arrived_at or now
    if arrived > now:
        raise WrongInputError("A report cannot have arrived in the future; check --received-at.")
    ready = prepared(uow, documents, ref, files)
    with uow.write() as connection:
        return receive_in(
            connection, ready, now=now, by=by, arrived_at=arrived, sender=sender, addresses=addresses
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Prepared:
    """The files of a report for the case *ref*, kept in the documents folder, and what was read of them."""

    ref: str
    kept: tuple[tuple[str, str, int], ...]
    reading: Reading


def prepared(uow: UnitOfWork, documents: Documents, ref: str, files: Sequence[tuple[str, bytes]]) -> Prepared:
    """Keep the files of a report and read them, with no transaction open meanwhile. Raises WrongInputError."""
    if not files:
        raise WrongInputError("A report needs at least one file.")
    with uow.read() as connection:
        known = cases.look_at(connection, ref)
    kept = tuple((name, documents.keep(content), len(content)) for name, content in files)
    return Prepared(known.ref, kept, _read(uow, known, files))


def receive_in(
    connection: Connection,
    ready: Prepared,
    *,
    now: datetime,
    by: str,
    arrived_at: datetime,
    sender: str = "",
    addresses: Sequence[str] | None = None,
    acknowledge: bool = True,
) -> Received:
    """As `receive`, within the caller's transaction. Without *acknowledge* no receipt is owed."""
    reading = ready.reading
    loaded = cases.one_case(connection, ready.ref)
    facts = loaded.facts
    assert isinstance(facts, CaseFacts)
    definition = loaded.rules.definition
    is_statement = facts.track == Track.LIGHT
    if is_statement and addresses is None and reading.form is None:
        addresses = ()  # what a statement shows evidence of is said, not taken for granted
    addressed = _addressed(definition, addresses, reading, len(ready.kept))
    submission = Submission(_next_version(connection, loaded.id), arrived_at, now, sender, addressed, ready.kept)
    if (version := _same_content(connection, loaded.id, submission)) is not None:
        _note_duplicate(connection, loaded, version, now, by)
        return Received(loaded.ref, version, True, facts.state.value, facts.gaps)
    wanted = _evidence_wanted(connection, loaded, facts.cycle) if is_statement else definition.standards
    missing = missing_standards(wanted, (*addressed, *_addressed_before(connection, loaded)))
    act = acts.ReceiveReport(submission, missing, acknowledge)
    change = cases.change_for(loaded, act, by=by, now=now)
    reading = _with_actions(connection, loaded, reading, submission.version, now, by)
    if reading != Reading():
        change.writes(connection, "report_reading")
        readings.keep(connection, loaded.id, submission.version, reading)
    cases.write(connection, [change], now)
    unanswered = readings.unanswered(reading.form, definition) if reading.form else ()
    return Received(loaded.ref, submission.version, False, change.plan.facts.state.value, missing, reading, unanswered)


def _read(uow: UnitOfWork, known: Loaded, files: Sequence[tuple[str, bytes]]) -> Reading:
    """What the files say; a report is filed even where what reads it fails."""
    try:
        return readings.read_files(
            files, known.rules.definition, ref=known.ref, is_own=lambda ref: _is_of(uow, ref, known.row.agency_id)
        )
    except Exception as error:
        _log.exception("The files of a report for %s could not be read.", known.ref)
        return Reading(notes=(f"The files could not be looked into ({type(error).__name__}, see the log).",))


def _is_of(uow: UnitOfWork, ref: str, agency_id: int) -> bool:
    """Whether a reference is no other agency's: one that is nobody's was mistyped."""
    with uow.read() as connection:
        row = queries.subject_by_ref(connection, ref)
        if row is None or row.kind != "case":
            return True
        other: Any = cases.look_at(connection, row.ref).row
        return bool(other.agency_id == agency_id)


def _with_actions(
    connection: Connection, loaded: Loaded, reading: Reading, version: int, now: datetime, by: str
) -> Reading:
    """The reading with what came of the actions that its form reports on."""
    if reading.form is None:
        return reading
    facts = loaded.facts
    assert isinstance(facts, CaseFacts)
    told = review_actions.report(
        connection, reading.form.actions, agency_id=loaded.row.agency_id, partnership=facts.partnership,
        source=f"{reading.form.author or 'the agency'}, in version {version} of {loaded.ref}", now=now, by=by,
    )  # fmt: skip
    return replace(reading, notes=(*reading.notes, *told.unsure), taken=told.taken)


def _addressed(
    definition: Definition, addresses: Sequence[str] | None, reading: Reading, files: int
) -> tuple[str, ...]:
    """The standards that count as addressed.

    An empty form, or one of another agency, that lies beside the report itself says nothing of it; alone it is none.
    """
    numbers = tuple(standard.number for standard in definition.standards)
    if addresses is None:
        answered = readings.answered_standards(reading.form, definition) if reading.form else ()
        of_its_own = files - len(reading.foreign) - (reading.form is not None)
        return numbers if of_its_own and not answered else answered
    if unknown := [number for number in addresses if number not in numbers]:
        raise WrongInputError(f"{unknown[0]} is no standard here; the standards are {', '.join(numbers)}.")
    return tuple(number for number in numbers if number in addresses)


def _addressed_before(connection: Connection, loaded: Loaded) -> tuple[str, ...]:
    """What mends a report that was returned need not say again what the agency has said."""
    facts = loaded.facts
    assert isinstance(facts, CaseFacts)
    if facts.state != CaseState.RETURNED:
        return ()
    rows = queries.submissions(connection, [loaded.id]).get(loaded.id, [])
    return tuple(
        number
        for row in rows
        if row.status in ("filed", "chosen") and row.addresses
        for number in json.loads(row.addresses)
    )


def _evidence_wanted(connection: Connection, loaded: Loaded, cycle: str) -> tuple[Standard, ...]:
    agency_id = loaded.row.agency_id
    return evidence.wanted(connection, loaded.rules.definition, agency_ids=[agency_id], before=cycle)[agency_id]


def missing_standards(standards: Sequence[Standard], addressed: Sequence[str]) -> tuple[str, ...]:
    """Which of these a report does not address, in words: "standard 4, Listening to Children and Young People"."""
    return tuple(
        f"standard {standard.number}, {standard.title}" for standard in standards if standard.number not in addressed
    )


def _next_version(connection: Connection, case_id: int) -> int:
    rows = queries.submissions(connection, [case_id]).get(case_id, [])
    return (rows[-1].version if rows else 0) + 1


def _same_content(connection: Connection, case_id: int, submission: Submission) -> int | None:
    table = queries.submission
    statement = select(table.c.version).where(
        table.c.case_id == case_id, table.c.content_sha256 == files_digest(submission), table.c.status != "withdrawn"
    )
    return connection.scalar(statement)


def _note_duplicate(connection: Connection, loaded: Loaded, version: int, now: datetime, by: str) -> None:
    facts = loaded.facts
    assert isinstance(facts, CaseFacts)
    entry = Entry(now, Note.DUPLICATE_REPORT, "report", cause=f"the same content as version {version}")
    plan = Plan(facts, (entry,), next_due_at=next_due_at(loaded.rules, facts))
    save(connection, [Change(loaded, plan, actor=by)], now)


# --- returned ---------------------------------------------------------------------------------------------------------


def return_report(
    uow: UnitOfWork,
    ref: str,
    gaps: Sequence[str] = (),
    *,
    now: datetime,
    by: str,
    return_by: date | None = None,
    with_links: bool = True,
) -> Plan[CaseFacts]:
    """Ask the agency for what is missing: the *gaps* that a person names, by default the standards not addressed.

    The links that open only inside are asked about with them, each once whatever comes of it. Without *return_by* it
    is as many working days ahead as the policy says. Raises RefusedError, also where nothing is missing.
    """
    with uow.write() as connection:
        loaded = cases.one_case(connection, ref)
        facts, rules = loaded.facts, loaded.rules
        assert isinstance(facts, CaseFacts)
        links = links_to_ask(connection, loaded.id) if with_links else ()
        until = return_by or rules.days.add(london.day_of(now), rules.definition.policy.return_by_working_days)
        wanted = (*(gaps or (_gap_words(gap) for gap in facts.gaps)), *(link.ask for link in links))
        act = acts.ReturnReport(wanted, until, tuple(link.address for link in links))
        change = cases.change_for(loaded, act, by=by, now=now)
        cases.write(connection, [change], now)
    plan: Plan[CaseFacts] = change.plan
    return plan


def _gap_words(gap: str) -> str:
    return f"{gap[:1].upper()}{gap[1:]}, is not addressed." if gap.startswith("standard ") else gap


def links_to_ask(connection: Connection, case_id: int) -> tuple[FoundLink, ...]:
    """The links of the report that open only inside and that the agency was not asked about yet (case 42)."""
    closed = readings.standing(connection, [case_id]).get(case_id, Reading()).closed_links
    asked = asked_links(connection, case_id) if closed else frozenset()
    return tuple(link for link in closed if link.address not in asked)


def asked_links(connection: Connection, case_id: int) -> frozenset[str]:
    """The addresses that the agency was asked about when its report was returned."""
    history = queries.history
    of_line = (_private.c.subject_id == history.c.subject_id) & (_private.c.seq == history.c.seq)
    statement = (
        select(_private.c.body)
        .join(history, of_line)
        .where(history.c.subject_id == case_id, history.c.event == CaseEvent.RETURN_REPORT.value)
    )
    return frozenset(link for body in connection.scalars(statement) for link in json.loads(body).get("links", ()))


def with_content(connection: Connection, partnership: str, digests: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """The cases that have these very files as a version, whatever they are called, each with the first such version."""
    table, subject = queries.submission, queries.subject
    statement = (
        select(subject.c.ref, func.min(table.c.version))
        .join(subject, subject.c.id == table.c.case_id)
        .where(subject.c.partnership == partnership, table.c.content_sha256 == content_digest(digests))
        .group_by(subject.c.ref)
    )
    return tuple((ref, version) for ref, version in connection.execute(statement))


# --- which counts -----------------------------------------------------------------------------------------------------


def choose(uow: UnitOfWork, ref: str, version: int, *, reason: str, now: datetime, by: str) -> None:
    """Say which version counts when several came (case 37); the others are kept."""
    if not reason.strip():
        raise WrongInputError("Give the reason for choosing this version; it is kept in the history.")
    with uow.write() as connection:
        loaded = cases.one_case(connection, ref)
        rows = {row.version: row for row in queries.submissions(connection, [loaded.id]).get(loaded.id, [])}
        if version in rows and rows[version].status == RESTRICTED:
            why = f"version {version} is kept back; `s11flow case look-through` lets it be read again."
            raise RefusedError(NotNow(ref, CaseEvent.CORRECT, why))
        if version not in rows or rows[version].status == "withdrawn":
            there = ", ".join(str(number) for number in sorted(rows)) or "none"
            why = f"it has no version {version} that can count; there is {there}."
            raise RefusedError(NotNow(ref, CaseEvent.CORRECT, why))
        was = record.left(connection, {loaded.id: {("submission", None)}})[loaded.id]
        table = queries.submission
        of_case = update(table).where(table.c.case_id == loaded.id)
        connection.execute(of_case.where(table.c.status == "chosen").values(status="filed"))
        connection.execute(of_case.where(table.c.version == version).values(status="chosen"))
        entry = Entry(
            now, Note.SUBMISSION_CHOSEN, "report", data={"version": version}, private={"reason": reason}
        )  # fmt: skip
        again = cases.one_case(connection, ref)
        assert isinstance(again.facts, CaseFacts)
        plan = Plan(again.facts, (entry,), next_due_at=next_due_at(again.rules, again.facts))
        change = Change(again, plan, actor=by, wrote={"submission"}, was=was)
        save(connection, [change], now)
