"""The holding tray: mail from outside that a person decides on, what each decision unblocks, and what was decided.

Mail gets here by hand (`add`) or from the mailbox (`services/intake`), and stays on record whatever becomes of it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from calendars import london
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain import acts
from s11flow.domain.errors import UnknownError, WrongInputError
from s11flow.domain.lifecycle import MESSAGE
from s11flow.domain.model import CaseFacts, CaseState, CycleState, Entry, MessageEvent, MessageState, Note, Plan
from s11flow.inbound.sniff import sniff
from s11flow.services import agencies, cases, outbox, record, replies, submissions
from s11flow.services.chain import canonical
from s11flow.services.subjects import Change, Loaded, load_cases, recompute
from s11flow.services.submissions import Documents, Prepared, Received

_BATCH = 500
_WAITS = "waits for a decision"
_SILENT = (CaseState.REQUESTED.name, CaseState.NOT_SUBMITTED.name)
"""The states in which silence is what happens next: it is confirmed, or the Chair is told of it."""

UNREADABLE = "unreadable"
"""The kind of mail that could not be read."""

File = tuple[str, str, int]
"""A file as the documents folder keeps it: its name, its sha256, its size in bytes."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Mail in the tray. `arrived_at` is when it reached us, and stays so however late it is filed (cases 15, 38).

    What came from the mailbox has the `sha256` under which it lies in the documents folder as it came, its kind, its
    sender, what its own Date says, and why it waits with the best guesses at its case. Once it is decided on it says
    what the `decision` was, and what it was filed as.
    """

    id: int
    partnership: str
    arrived_at: datetime
    case: str | None
    note: str
    files: tuple[File, ...]
    sha256: str | None = None
    kind: str | None = None
    sender: str = ""
    subject: str = ""
    written_at: datetime | None = None
    why: str = ""
    guesses: tuple[str, ...] = ()
    decision: str | None = None
    decided_at: datetime | None = None
    version: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {
            "id": self.id,
            "arrived_at": london.iso(self.arrived_at),
            "written_at": None if self.written_at is None else london.iso(self.written_at),
            "kind": self.kind,
            "sender": self.sender,
            "subject": self.subject,
            "case": self.case,
            "note": self.note,
            "files": [{"name": name, "sha256": digest, "size": size} for name, digest, size in self.files],
            "sha256": self.sha256,
            "decision": self.decision,
            "why": self.why,
            "guesses": list(self.guesses),
            "decided_at": None if self.decided_at is None else london.iso(self.decided_at),
            "version": self.version,
        }


@dataclass(frozen=True, slots=True)
class Filed:
    """Mail that was filed, and what became of its report; None where it brought none."""

    mail: Waiting
    received: Received | None


def add(
    uow: UnitOfWork,
    *,
    partnership: str,
    arrived_at: datetime,
    now: datetime,
    by: str,
    case_ref: str | None = None,
    note: str = "",
    files: Sequence[File] = (),
    was_there: bool = False,
) -> Waiting:
    """Put mail into the tray; while it waits, no silence of before it is confirmed for the case it may be about.

    Without *case_ref* it may be about any case of the partnership. What the clock owed before *now* is applied first
    without it; with it, if it *was_there*. Raises WrongInputError for an arrival still to
    come, UnknownError for the partnership or the case.
    """
    if arrived_at > now:
        raise WrongInputError(f"Mail cannot arrive on {london.spell(arrived_at)}: that is still to come.")
    with uow.write() as connection:
        home = home_of(connection, partnership)
        queries.lock(connection, [home.id])
        case = None if case_ref is None else cases.one_case(connection, case_ref)
        row = {
            "partnership": partnership, "arrived_at": arrived_at, "case_id": None if case is None else case.id,
            "note": note, "files": canonical([list(file) for file in files]),
        }  # fmt: skip
        touched = concerned(connection, partnership, None if case is None else case.id)
        if not was_there:
            cases.settle_first(connection, touched, "case", now)
        statement = insert(queries.waiting_mail).values(**row).returning(queries.waiting_mail.c.id)
        mail_id = int(connection.execute(statement).scalar_one())
        if was_there:
            cases.settle_first(connection, touched, "case", now)
        entry = entry_of(mail_id, arrived_at, _WAITS, now, {"note": note})
        subject_id = home.id if case is None else case.id
        _write_line(connection, home.id, subject_id, entry, now, by, digest(connection, mail_id))
        recompute_all(connection, touched)
        return undecided(any_one(connection, mail_id))


def waiting(uow: UnitOfWork, *, partnership: str) -> tuple[Waiting, ...]:
    """What waits in the tray, oldest first."""
    with uow.read() as connection:
        home_of(connection, partnership)
        return _listed(connection, partnership, queries.waiting_mail.c.decided_at.is_(None))


def everything(uow: UnitOfWork, *, partnership: str) -> tuple[Waiting, ...]:
    """All mail there ever was, whatever was decided on it, oldest first."""
    with uow.read() as connection:
        home_of(connection, partnership)
        return _listed(connection, partnership)


def noted(connection: Connection, partnership: str, note: str) -> tuple[Waiting, ...]:
    """What was put in by hand with exactly this note, oldest first."""
    table = queries.waiting_mail
    return _listed(connection, partnership, table.c.sha256.is_(None), table.c.note == note)


def get(uow: UnitOfWork, mail_id: int) -> Waiting:
    """One piece of mail in the tray; raises UnknownError, or WrongInputError when it has been decided on."""
    with uow.read() as connection:
        return undecided(any_one(connection, mail_id))


def look_at(uow: UnitOfWork, mail_id: int) -> Waiting:
    """One piece of mail, decided on or not; raises UnknownError."""
    with uow.read() as connection:
        return any_one(connection, mail_id)


# --- what a person decides --------------------------------------------------------------------------------------------


def file(uow: UnitOfWork, mail_id: int, ref: str, *, now: datetime, by: str) -> Waiting:
    """Take mail out of the tray as belonging to the case *ref*, and return it as it was; no report is received.

    From here on the case no longer waits for it.
    """
    with uow.write() as connection:
        mail = undecided(held(connection, mail_id))
        case = cases.one_case(connection, ref)
        decide(connection, mail, "filed", now, by, case_id=case.id)
    return mail


def file_report(
    uow: UnitOfWork,
    documents: Documents,
    mail_id: int,
    ref: str,
    *,
    now: datetime,
    by: str,
    sender: str = "",
    addresses: Sequence[str] | None = None,
    whole: bool = False,
    returned: bool = False,
) -> Filed:
    """Take mail out of the tray and file what it brought as a report of the case *ref*, as of when it arrived.

    All of it in one transaction. *sender* gets the receipt, by default whoever sent the mail; *whole* files the mail as
    it came where its report is its own text. *returned* asks the agency at once to send again what cannot be opened:
    that the report was in time stays so (case 40). Raises UnknownError, RefusedError, WrongInputError.
    """
    mail = get(uow, mail_id)
    files = _contents(documents, mail, whole=whole or (returned and mail.kind == UNREADABLE))
    gaps = technical_gaps(documents, mail) if returned else ()
    if gaps and addresses is None and len(gaps) >= len(mail.files):
        addresses = ()  # nobody has read a word of it, and what mends it is not taken to add to it
    if returned and not gaps:
        raise WrongInputError(f"Every file of mail {mail_id} can be opened; to ask for more use `s11flow case return`.")
    ready = submissions.prepared(uow, documents, ref, files) if files else None
    with uow.write() as connection:
        mail = undecided(held(connection, mail_id))
        case = cases.one_case(connection, ref)
        received = None if ready is None else _receive(connection, mail, ready, now, by, sender, addresses)
        if gaps and received is not None and not received.duplicate:
            _return(connection, ref, gaps, now, by)
        decide(connection, mail, "filed", now, by, case_id=case.id, version=received.version if received else None)
        return Filed(any_one(connection, mail_id), received)


def refile(
    uow: UnitOfWork, documents: Documents, mail_id: int, ref: str, *, reason: str = "", now: datetime, by: str
) -> Filed:
    """Move what mail was filed as to the case *ref* (case 39), as of when it arrived.

    The version is withdrawn where it was; a receipt for it that waits is withdrawn, one that left is put right. Raises
    WrongInputError for mail that was not filed, or was filed there; RefusedError where a case no longer allows it.
    """
    mail = look_at(uow, mail_id)
    if mail.decision != "filed" or mail.case is None:
        raise WrongInputError(f"Mail {mail_id} was not filed yet; `s11flow inbox file` does that.")
    if mail.case.casefold() == ref.casefold():
        raise WrongInputError(f"Mail {mail_id} is filed with {mail.case} already.")
    version = mail.version
    files = [] if version is None else _files_of_version(uow, documents, mail.case, version)
    ready = submissions.prepared(uow, documents, ref, files) if files else None
    with uow.write() as connection:
        again = held(connection, mail_id)
        if (again.decision, again.case, again.version) != (mail.decision, mail.case, mail.version):
            raise WrongInputError(f"Mail {mail_id} has just been changed; look at it again.")
        case = cases.one_case(connection, ref)
        why = reason.strip() or f"the mail belongs to {case.ref}"
        if version is not None:
            _take_back(connection, again, version, why, now, by)
        received = None if ready is None else _receive(connection, again, ready, now, by, "", None)
        decide(
            connection, again, "filed", now, by, case_id=case.id, version=received.version if received else None,
            note=f"moved from {mail.case}: {why}", cause="moved to another case",
        )  # fmt: skip
        return Filed(any_one(connection, mail_id), received)


def ignore(uow: UnitOfWork, mail_id: int, reason: str, *, now: datetime, by: str) -> Waiting:
    """Take mail out of the tray as no report, with a reason, and return it as it was."""
    if not reason.strip():
        raise WrongInputError("Give a reason for ignoring mail; it is kept in the history.")
    with uow.write() as connection:
        mail = undecided(held(connection, mail_id))
        decide(connection, mail, "ignored", now, by, note=reason)
    return mail


def remember_sender(uow: UnitOfWork, mail_id: int, ref: str, *, now: datetime, by: str) -> str:
    """Take what comes from this mail's sender as from the agency of *ref* from now on; gives whom they stand for.

    Nothing changes for somebody whom the register names already. Raises WrongInputError where nobody is named.
    """
    mail = look_at(uow, mail_id)
    with uow.read() as connection:
        agency = _facts(cases.look_at(connection, ref)).agency
    if not mail.sender:
        raise WrongInputError(f"Mail {mail_id} does not say who sent it, so that nobody can be remembered.")
    people = {address.casefold() for address in people_of(agency)}
    if mail.sender.casefold() in people:
        return mail.sender
    # Never one of several who are invited by name: the sender's own calendar would answer for them.
    if agency.contact is None:
        raise WrongInputError(f"{agency.name} has no contact on the register for whom a sender could stand.")
    replies.remember(uow, mail.sender, agency.contact, partnership=mail.partnership, now=now, by=by)
    return agency.contact


def people_of(agency: Any) -> tuple[str, ...]:
    """The addresses that the register has for an agency."""
    named = (agency.contact, agency.deputy, agency.senior_leader, agency.data_protection, *agency.attendees)
    return tuple(dict.fromkeys(address for address in named if address))


def technical_gaps(documents: Documents, mail: Waiting) -> tuple[str, ...]:
    """What to ask for again, one sentence for each file of the mail that cannot be opened here."""
    if mail.kind == UNREADABLE:
        came = london.spell(mail.arrived_at)
        return (f"Your mail that came on {came} could not be opened. {mail.why} Send the report again.",)
    found = []
    for name, kept_as, _ in mail.files:
        if fault := sniff(name, documents.read(kept_as)).fault:
            found.append(f"The file {name} {fault}. Send it again so that it can be opened.")
    return tuple(found)


# --- a report is filed, returned, taken back --------------------------------------------------------------------------


def _contents(documents: Documents, mail: Waiting, *, whole: bool) -> list[tuple[str, bytes]]:
    if whole:
        if mail.sha256 is None:
            raise WrongInputError(
                f"Mail {mail.id} was put in by hand: there is no mail as it came that could be filed."
            )
        return [(f"mail-{mail.id}.eml", documents.read(mail.sha256))]
    return [(name, documents.read(kept_as)) for name, kept_as, _ in mail.files]


def _receive(
    connection: Connection,
    mail: Waiting,
    ready: Prepared,
    now: datetime,
    by: str,
    sender: str,
    addresses: Sequence[str] | None,
) -> Received:
    return submissions.receive_in(
        connection, ready, now=now, by=by, arrived_at=mail.arrived_at, sender=sender or mail.sender, addresses=addresses
    )


def _return(connection: Connection, ref: str, gaps: tuple[str, ...], now: datetime, by: str) -> None:
    loaded = cases.one_case(connection, ref)
    rules = loaded.rules
    until = rules.days.add(london.day_of(now), rules.definition.policy.return_by_working_days)
    cases.write(connection, [cases.change_for(loaded, acts.ReturnReport(gaps, until), by=by, now=now)], now)


def _files_of_version(uow: UnitOfWork, documents: Documents, ref: str, version: int) -> list[tuple[str, bytes]]:
    with uow.read() as connection:
        row = _version(connection, cases.look_at(connection, ref).id, version)
    return [(name, documents.read(kept_as)) for name, kept_as, _ in json.loads(row.files)]


def _version(connection: Connection, case_id: int, version: int) -> Any:
    rows = queries.submissions(connection, [case_id]).get(case_id, [])
    return next(row for row in rows if row.version == version)


def _take_back(connection: Connection, mail: Waiting, version: int, why: str, now: datetime, by: str) -> None:
    """Withdraw the version that the mail was filed as, and what its sender was told of it."""
    assert mail.case is not None
    loaded = cases.one_case(connection, mail.case)
    rows = queries.submissions(connection, [loaded.id]).get(loaded.id, [])
    mine = next(row for row in rows if row.version == version)
    if mine.status == "withdrawn":
        return
    told = _receipts(connection, loaded.id, version)
    if any(row.status != "withdrawn" and row.version != version for row in rows):
        _withdraw_one(connection, loaded, version, mail.id, now, by)
    else:
        change = cases.change_for(loaded, acts.WithdrawReport(why), by=by, now=now)
        cases.write(connection, [change], now)
    for receipt in told:
        _put_right(connection, mail.case, receipt, version, why, now, by)


def _withdraw_one(connection: Connection, loaded: Loaded, version: int, mail_id: int, now: datetime, by: str) -> None:
    """One of several versions goes; what the case has is told by the others."""
    was = record.left(connection, {loaded.id: {("submission", None)}})[loaded.id]
    table = queries.submission
    gone = update(table).where(table.c.case_id == loaded.id, table.c.version == version)
    freed = f"{_version(connection, loaded.id, version).content_sha256}#{version}"
    connection.execute(gone.values(status="withdrawn", content_sha256=freed))
    again = cases.one_case(connection, loaded.ref)
    entry = Entry(now, Note.OUTSIDE_MAIL, "report", cause="a version was withdrawn: its mail belongs to another case",
                  data={"mail": mail_id, "version": version})  # fmt: skip
    plan = Plan(_facts(again), (entry,))
    cases.write(connection, [Change(again, plan, actor=by, wrote={"submission"}, was=was)], now)
    recompute(connection, [loaded.id], "case")


def _receipts(connection: Connection, case_id: int, version: int) -> Sequence[Any]:
    table = queries.message
    of_version = table.c.dedupe_key.like(f"%/receipt@v{version}/%")
    statement = select(table).where(table.c.subject_id == case_id, table.c.kind == "receipt", of_version)
    return connection.execute(statement.order_by(table.c.id)).all()


def _put_right(connection: Connection, ref: str, receipt: Any, version: int, why: str, now: datetime, by: str) -> None:
    """A receipt that waits never leaves; whoever got one is told that it was a mistake."""
    status = MessageState[receipt.status]
    if status != MessageState.SENDING and MESSAGE.find(status, MessageEvent.WITHDRAW) is not None:
        outbox.withdraw_in(connection, receipt.id, why, by=by, now=now)
        if status != MessageState.UNCERTAIN:
            return
    elif status in (MessageState.SUPERSEDED, MessageState.EXPIRED, MessageState.WITHDRAWN, MessageState.BOUNCED):
        return
    act = acts.Correct(
        wrong=f"that version {version} of a report for this agency had come",
        right=f"it was filed here by mistake, and {why}",
        letter="receipt", sender=receipt.to_address,
    )  # fmt: skip
    cases.write(connection, [cases.change_for(cases.one_case(connection, ref), act, by=by, now=now)], now)


# --- how mail changes, and where that is recorded ---------------------------------------------------------------------


def decide(
    connection: Connection,
    mail: Waiting,
    decision: str,
    now: datetime,
    by: str,
    *,
    note: str = "",
    case_id: int | None = None,
    version: int | None = None,
    cause: str = "",
) -> None:
    """Record what a person decided on a piece of mail, and let the clock go on."""
    values: dict[str, Any] = {"decided_at": now, "decision": decision}
    if note and mail.sha256 is not None:
        values["why"] = note
    if case_id is not None:
        values |= {"case_id": case_id, "version": version}
    change(connection, mail, values, cause or decision, now, by, private={"note": note})


def change(
    connection: Connection,
    mail: Waiting,
    values: Mapping[str, Any],
    cause: str,
    now: datetime,
    by: str,
    *,
    private: Mapping[str, object],
) -> None:
    """Change a piece of mail; every history that answers for it, and that of its case, gets a line.

    What the clock owed is applied first, with the mail as it was; what the cases owe is worked out anew afterwards.
    """
    home = home_of(connection, mail.partnership)
    thought = None if mail.case is None else queries.subject_by_ref(connection, mail.case).id
    case_id = values.get("case_id", thought)
    touched = sorted({*concerned(connection, mail.partnership, thought), *([case_id] if case_id else [])})
    cases.settle_first(connection, touched, "case", now)
    was = digest(connection, mail.id)
    table = queries.waiting_mail
    connection.execute(update(table).where(table.c.id == mail.id).values(**values))
    left = digest(connection, mail.id)
    entry = entry_of(mail.id, mail.arrived_at, cause, now, private)
    answering = [home.id] if mail.sha256 is not None else _answering_for(connection, mail.id)
    for subject_id in answering:
        _write_line(connection, home.id, subject_id, entry, now, by, record.changed(was, left))
    for subject_id in dict.fromkeys((thought, case_id)):
        if subject_id is not None and subject_id not in answering:
            # Mail that was put in by hand is answered for by every case that it came to.
            kept = {} if mail.sha256 is not None else left
            _write_line(connection, home.id, subject_id, entry, now, by, kept)
    recompute_all(connection, touched)


def _answering_for(connection: Connection, mail_id: int) -> list[int]:
    """The subjects whose histories hold what the row of a piece of mail was left as."""
    table = queries.history
    named = table.c.record.like(f'%"{record.mail_called(mail_id)}"%')
    statement = select(table.c.subject_id).where(table.c.event == Note.OUTSIDE_MAIL.value, named)
    return sorted(set(connection.scalars(statement)))


def entry_of(mail_id: int, arrived_at: datetime, decision: str, now: datetime, private: Mapping[str, object]) -> Entry:
    """The line of a history about a piece of mail."""
    data: dict[str, object] = {"mail": mail_id, "arrived_at": london.iso(arrived_at), "decision": decision}
    return Entry(now, Note.OUTSIDE_MAIL, "mail", cause=decision, data=data, private=dict(private))


def digest(connection: Connection, mail_id: int) -> dict[str, str]:
    """What a history keeps of mail in the tray."""
    (row,) = queries.rows_of(connection, queries.waiting_mail, "id", [mail_id])
    return {record.mail_called(mail_id): record.digest(row)}


def _write_line(
    connection: Connection,
    home_id: int,
    subject_id: int,
    entry: Entry,
    now: datetime,
    by: str,
    rows: dict[str, str],
) -> None:
    if subject_id == home_id:
        agencies.record(connection, home_id, entry, now=now, by=by, rows=rows)
        return
    queries.lock(connection, [subject_id])
    (loaded,) = load_cases(connection, [subject_id])  # as it stands now that it is settled
    cases.write(connection, [Change(loaded, Plan(_facts(loaded), (entry,)), actor=by, record=rows)], now)
    recompute(connection, [subject_id], "case")


def _facts(loaded: Loaded) -> CaseFacts:
    assert isinstance(loaded.facts, CaseFacts)
    return loaded.facts


def concerned(connection: Connection, partnership: str, case_id: int | None) -> list[int]:
    """The case that mail may be about; all whose silence may be reported while nobody knows which."""
    return [case_id] if case_id is not None else sorted(connection.scalars(silent_cases(partnership)))


def silent_cases(partnership: str) -> Select[Any]:
    """The cases whose silence may be reported."""
    subject, cycle = queries.subject, queries.subject.alias("of_cycle")
    return (
        select(subject.c.id)
        .join(cycle, cycle.c.id == subject.c.cycle_id)
        .where(subject.c.kind == "case", subject.c.partnership == partnership)
        .where(subject.c.state.in_(_SILENT), cycle.c.state != CycleState.CLOSED.name)
        .where(subject.c.parked_at.is_(None))  # worked out anew when it is released
    )


def recompute_all(connection: Connection, ids: Collection[int]) -> None:
    """Work out anew what these cases owe."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), _BATCH):
        recompute(connection, ordered[start : start + _BATCH], "case")


# --- looking ----------------------------------------------------------------------------------------------------------


def home_of(connection: Connection, code: str) -> Any:
    """The row of a partnership; raises UnknownError."""
    for row in queries.partnerships(connection):
        if row.code == code:
            return row
    raise UnknownError(f"There is no partnership {code} here: run `s11flow init` first.")


def _mail() -> Select[Any]:
    mail, subject = queries.waiting_mail, queries.subject
    return select(mail, subject.c.ref).outerjoin(subject, subject.c.id == mail.c.case_id)


def _listed(connection: Connection, partnership: str, *conditions: Any) -> tuple[Waiting, ...]:
    table = queries.waiting_mail
    statement = _mail().where(table.c.partnership == partnership, *conditions)
    return tuple(_waiting(row) for row in connection.execute(statement.order_by(table.c.arrived_at, table.c.id)))


def undecided(mail: Waiting) -> Waiting:
    """The same mail, if nothing was decided on it; raises WrongInputError."""
    if mail.decision is not None and mail.decided_at is not None:
        raise WrongInputError(f"Mail {mail.id} was {mail.decision} on {london.spell(mail.decided_at)} already.")
    return mail


def any_one(connection: Connection, mail_id: int) -> Waiting:
    """Mail by its number; raises UnknownError."""
    row = connection.execute(_mail().where(queries.waiting_mail.c.id == mail_id)).one_or_none()
    if row is None:
        raise UnknownError(f"There is no mail {mail_id} in the holding tray; `s11flow inbox list` has what waits.")
    return _waiting(row)


def held(connection: Connection, mail_id: int) -> Waiting:
    """The same, which nobody else changes until the transaction ends.

    It is the partnership that is held, and before its cases: two who change its mail take turns.
    """
    home = home_of(connection, any_one(connection, mail_id).partnership)
    queries.lock(connection, [home.id])
    return any_one(connection, mail_id)


def _waiting(row: Any) -> Waiting:
    files = tuple((name, kept_as, size) for name, kept_as, size in json.loads(row.files or "[]"))
    return Waiting(
        row.id, row.partnership, row.arrived_at, row.ref, row.note, files, row.sha256, row.kind or None,
        row.sender or "", row.subject or "", row.written_at, row.why or "", tuple(json.loads(row.suggestion or "[]")),
        row.decision, row.decided_at, row.version,
    )  # fmt: skip
