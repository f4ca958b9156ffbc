"""Takes reports in: files kept by their content, versions, the time of arrival; and what staff decide on them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import get_ident
from typing import Any

from sqlalchemy import Connection, select, update

from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain import acts
from s11flow.domain.agenda import next_due_at
from s11flow.domain.definition import Definition
from s11flow.domain.errors import NotNow, RefusedError, UnknownError, WrongInputError
from s11flow.domain.model import CaseEvent, CaseFacts, Entry, Note, Plan, Submission
from s11flow.services import cases, record
from s11flow.services.subjects import Change, Loaded, files_digest, save


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a report: its version, or that the same content was there already."""

    ref: str
    version: int
    duplicate: bool
    state: str
    missing: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {
            "case": self.ref,
            "version": self.version,
            "duplicate": self.duplicate,
            "state": self.state,
            "missing": list(self.missing),
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
        return (self.folder / digest[:2] / digest).read_bytes()


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
    *addresses* are the standards the report addresses; None means it is taken to address all of them. *arrived_at*
    is when it reached us (an aware instant, by default *now*): what decides whether it is in time.
    """
    if not files:
        raise WrongInputError("A report needs at least one file.")
    arrived = arrived_at or now
    if arrived > now:
        raise WrongInputError("A report cannot have arrived in the future; check --received-at.")
    with uow.read() as connection:
        _known(connection, ref)
    kept = tuple((name, documents.keep(content), len(content)) for name, content in files)
    with uow.write() as connection:
        loaded = cases.one_case(connection, ref)
        facts = loaded.facts
        assert isinstance(facts, CaseFacts)
        addressed = _addressed(loaded.rules.definition, addresses)
        submission = Submission(_next_version(connection, loaded.id), arrived, now, sender, addressed, kept)
        if (version := _same_content(connection, loaded.id, submission)) is not None:
            _note_duplicate(connection, loaded, version, now, by)
            return Received(loaded.ref, version, True, facts.state.value, facts.gaps)
        missing = missing_standards(loaded.rules.definition, addressed)
        change = cases.change_for(loaded, acts.ReceiveReport(submission, missing), by=by, now=now)
        cases.write(connection, [change], now)
    return Received(loaded.ref, submission.version, False, change.plan.facts.state.value, missing)


def _known(connection: Connection, ref: str) -> None:
    row = queries.subject_by_ref(connection, ref)
    if row is None or row.kind != "case":
        raise UnknownError(f"There is no case {ref}: see `s11flow case list` for the ones there are.")


def _addressed(definition: Definition, addresses: Sequence[str] | None) -> tuple[str, ...]:
    numbers = tuple(standard.number for standard in definition.standards)
    if addresses is None:
        return numbers
    if unknown := [number for number in addresses if number not in numbers]:
        raise WrongInputError(f"{unknown[0]} is no standard here; the standards are {', '.join(numbers)}.")
    return tuple(number for number in numbers if number in addresses)


def missing_standards(definition: Definition, addressed: Sequence[str]) -> tuple[str, ...]:
    """What a report does not address, in words: "standard 4, Listening to Children and Young People"."""
    return tuple(
        f"standard {standard.number}, {standard.title}"
        for standard in definition.standards
        if standard.number not in addressed
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


def choose(uow: UnitOfWork, ref: str, version: int, *, reason: str, now: datetime, by: str) -> None:
    """Say which version counts when several came (case 37); the others are kept."""
    if not reason.strip():
        raise WrongInputError("Give the reason for choosing this version; it is kept in the history.")
    with uow.write() as connection:
        loaded = cases.one_case(connection, ref)
        rows = {row.version: row for row in queries.submissions(connection, [loaded.id]).get(loaded.id, [])}
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
