"""Takes mail in from the mailbox: kept as it came before anything reads it, then one recorded decision for each.

A crash at any step loses nothing and files nothing twice: mail leaves the mailbox once its row is committed, the row is
known by the digest of its bytes, and what a mail does is saved together with the decision on it. Mail that cannot be
read, or over which something fails, waits for a person with the reason, and stops none after it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Protocol

from sqlalchemy import Connection, func, insert, select

from calendars import london
from calendars.reply import CalendarPart, Reply, read_parts
from db import queries
from db.errors import DatabaseProblem
from db.unit_of_work import UnitOfWork
from notifications.bounce import Failure, Lasting
from notifications.classify import Kind, is_calendar
from notifications.mailbox import Incoming, Mailbox, MailboxUnavailable
from notifications.reading import File as MailFile
from notifications.reading import ReadMail, Unreadable
from s11flow.domain.errors import S11Error, WrongInputError
from s11flow.domain.model import CaseState, CycleState, MessageState
from s11flow.domain.replies import Outcome
from s11flow.domain.state_facts import CASE_FACTS
from s11flow.inbound.match import KnownCase, PassedOn, Seen, Verdict, is_nobody, match, says_gone, seems_a_report
from s11flow.inbound.signs import LONGEST, signs_in
from s11flow.inbound.sniff import sniff
from s11flow.services import agencies, cases, contacts, inbox, outbox, readings, replies, submissions
from s11flow.services.chain import canonical
from s11flow.services.inbox import Waiting
from s11flow.services.stored import agency_from
from s11flow.services.subjects import ChangedMeanwhile
from s11flow.services.submissions import Documents, Prepared

BY: Final = "post"
"""Who acts, as history records it, when mail decides by itself."""

_AT_A_TIME: Final = 20
_LONGEST_WHY: Final = 1_000
_MOST_WORDS: Final = 50_000
"""Letters of a file that are looked at for whose it is."""
_AWAITS = frozenset(
    {CaseState.PLANNED, CaseState.REQUESTED, CaseState.SUBMITTED, CaseState.RETURNED, CaseState.ACCEPTED,
     CaseState.NOT_SUBMITTED}
)  # fmt: skip
_log = logging.getLogger(__name__)


class Reader(Protocol):
    """Reads stored mail; it may be anything, so that what reads it may die of it (`notifications.confined`)."""

    def read(self, path: Path) -> ReadMail:
        """What the mail at *path* says. Raises Unreadable with the reason."""
        ...


@dataclass(slots=True)
class Collected:
    """What one run did, as counters: mail that was new and that was known already, and what was decided on each.

    `stopped` is why the mailbox could not be read to its end, or empty.
    """

    collected: int = 0
    known: int = 0
    applied: int = 0
    filed: int = 0
    ignored: int = 0
    waiting: int = 0
    stopped: str = ""

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return asdict(self)


def collect(
    uow: UnitOfWork, documents: Documents, mailbox: Mailbox, reader: Reader, *, partnership: str, now: datetime
) -> Collected:
    """Take in what is in the mailbox and decide on all that was taken in and is not decided on.

    A mailbox that is away stops no decision. Raises UnknownError for the partnership, and what the database raises.
    """
    done = Collected()
    try:
        _take_in(uow, documents, mailbox, partnership, now, done)
    except MailboxUnavailable as away:
        done.stopped = str(away)
    for mail_id in _unread(uow, partnership):
        _decide_on(uow, documents, reader, mail_id, now, done)
    return done


def look_again(uow: UnitOfWork, documents: Documents, reader: Reader, mail_id: int, *, now: datetime) -> Waiting:
    """Decide anew on mail that waits: its sender is known by now, say. Raises UnknownError and WrongInputError."""
    mail = inbox.get(uow, mail_id)
    if mail.sha256 is None:
        raise WrongInputError(f"Mail {mail_id} was put in by hand: only a person can say what it is.")
    _decide_on(uow, documents, reader, mail_id, now, Collected())
    return inbox.look_at(uow, mail_id)


# --- taken in ---------------------------------------------------------------------------------------------------------


def _take_in(
    uow: UnitOfWork, documents: Documents, mailbox: Mailbox, partnership: str, now: datetime, done: Collected
) -> None:
    with mailbox:
        held: list[tuple[str, str, int, datetime]] = []
        try:
            for mail in mailbox.incoming():
                held.append(_kept(documents, mail, now))
                if len(held) == _AT_A_TIME:
                    portion, held = held, []
                    _put_down(uow, mailbox, partnership, portion, now, done)
        finally:  # what came before a mail that cannot be had waits for none
            _put_down(uow, mailbox, partnership, held, now, done)


def _kept(documents: Documents, mail: Incoming, now: datetime) -> tuple[str, str, int, datetime]:
    """The bytes are on the disk from here on. A mailbox whose clock is ahead of ours has mail arrive now."""
    return mail.key, documents.keep(mail.raw), len(mail.raw), min(mail.arrived_at, now)


def _put_down(
    uow: UnitOfWork,
    mailbox: Mailbox,
    partnership: str,
    held: Sequence[tuple[str, str, int, datetime]],
    now: datetime,
    done: Collected,
) -> None:
    """Commit a row for each mail that is not known, and only then let the mailbox file them away."""
    if not held:
        return
    with uow.write() as connection:
        new = _record_new(connection, partnership, held, now)
    done.collected += new
    done.known += len(held) - new
    for key, *_ in held:
        mailbox.file_away(key)


def _record_new(
    connection: Connection, partnership: str, held: Sequence[tuple[str, str, int, datetime]], now: datetime
) -> int:
    home = inbox.home_of(connection, partnership)
    queries.lock(connection, [home.id])
    table = queries.waiting_mail
    digests = [digest for _, digest, _, _ in held]
    known = set(
        connection.scalars(
            select(table.c.sha256).where(table.c.partnership == partnership, table.c.sha256.in_(digests))
        )
    )
    new: dict[str, tuple[int, datetime]] = {}
    for _, digest, size, arrived_at in held:
        if digest not in known:
            new.setdefault(digest, (size, arrived_at))
    if not new:
        return 0
    touched = inbox.concerned(connection, partnership, None)
    for digest, (size, arrived_at) in sorted(new.items(), key=lambda item: item[1][1]):
        row = {"partnership": partnership, "arrived_at": arrived_at, "sha256": digest, "size": size, "files": "[]"}
        mail_id = int(connection.execute(insert(table).values(**row).returning(table.c.id)).scalar_one())
        entry = inbox.entry_of(mail_id, arrived_at, "taken in", now, {})
        agencies.record(connection, home.id, entry, now=now, by=BY, rows=inbox.digest(connection, mail_id))
    cases.settle_first(connection, touched, "case", now)  # with the mail there, because it came before now
    inbox.recompute_all(connection, touched)
    return len(new)


def _unread(uow: UnitOfWork, partnership: str) -> list[int]:
    table = queries.waiting_mail
    unread = table.c.sha256.is_not(None) & table.c.kind.is_(None) & table.c.decided_at.is_(None)
    with uow.read() as connection:
        found = select(table.c.id).where(table.c.partnership == partnership, unread)
        return list(connection.scalars(found.order_by(table.c.arrived_at, table.c.id)))


# --- decided on -------------------------------------------------------------------------------------------------------

_WAITS: Final = "waiting"


@dataclass(frozen=True, slots=True)
class _Decision:
    """What becomes of a mail: applied, filed, ignored or waiting; why, in a sentence; and the case, if it has one."""

    what: str
    why: str
    case: str | None = None
    guesses: tuple[str, ...] = ()
    version: int | None = None


@dataclass(frozen=True, slots=True)
class _Brought:
    """A file of the mail that could be a report: kept under its digest, and what it is by its content."""

    name: str
    sha256: str
    content: bytes
    kind: str
    fault: str


@dataclass(frozen=True, slots=True)
class _Mail:
    """A mail that was read, with what it brought; the mails that were passed on within it are opened too."""

    row: Waiting
    read: ReadMail
    brought: tuple[_Brought, ...]
    inner: tuple[ReadMail, ...] = field(default=())


_Apply = Callable[[Connection], _Decision]


def _decide_on(
    uow: UnitOfWork, documents: Documents, reader: Reader, mail_id: int, now: datetime, done: Collected
) -> None:
    """Decide on one mail; whatever goes wrong over it, the next one has its turn."""
    mail: _Mail | None = None
    row = inbox.look_at(uow, mail_id)
    try:
        mail = _opened(documents, reader, row)
        decision = _settled(uow, mail, _plan(uow, documents, mail, now), now)
    except Unreadable as why:
        decision = _parked_unread(uow, documents, reader, row, f"It cannot be read: {why}.", now)
    except (DatabaseProblem, ChangedMeanwhile):
        raise  # the same mail is decided on by the next run
    except S11Error as error:
        decision = _parked(uow, row, _kind_of(mail), _values_of(mail), _Decision(_WAITS, str(error), row.case), now)
    except Exception as error:
        _log.exception("Mail %s could not be decided on.", mail_id)
        parked = _Decision(_WAITS, f"It could not be worked out ({type(error).__name__}, see the log).", row.case)
        decision = _parked(uow, row, _kind_of(mail), _values_of(mail), parked, now)
    if decision is not None:
        setattr(done, decision.what, getattr(done, decision.what) + 1)


def _settled(uow: UnitOfWork, mail: _Mail, apply: _Apply, now: datetime) -> _Decision | None:
    """What the mail does and the decision on it, saved together; None if another run has just decided."""
    with uow.write() as connection:
        row = inbox.held(connection, mail.row.id)
        if row.decided_at is not None or (row.kind, row.why) != (mail.row.kind, mail.row.why):
            return None
        decision = apply(connection)
        _conclude(connection, row, decision, mail.read.classified.kind.value, _read_values(mail), now)
    return decision


def _kind_of(mail: _Mail | None) -> str:
    return inbox.UNREADABLE if mail is None else mail.read.classified.kind.value


def _values_of(mail: _Mail | None) -> dict[str, Any]:
    return {} if mail is None else _read_values(mail)


def _parked(
    uow: UnitOfWork, row: Waiting, kind: str, read: dict[str, Any], decision: _Decision, now: datetime
) -> _Decision | None:
    """Leave the mail to a person, with the reason; nothing else of it is done."""
    with uow.write() as connection:
        again = inbox.held(connection, row.id)
        if again.decided_at is not None:
            return None
        _conclude(connection, again, decision, kind, read, now)
    return decision


def _parked_unread(
    uow: UnitOfWork, documents: Documents, reader: Reader, row: Waiting, why: str, now: datetime
) -> _Decision | None:
    """Leave mail that cannot be read to a person, with what its headers say of whose it is (case 40: 40 MB)."""
    read = _head(documents, reader, row)
    if read is None:
        return _parked(uow, row, inbox.UNREADABLE, {}, _Decision(_WAITS, why, row.case), now)
    headers = _Mail(row, read, ())
    with uow.read() as connection:
        verdict = match(_seen(connection, headers), known_cases(connection, row.partnership))
    decision = _Decision(_WAITS, why, verdict.likely, tuple(str(guess) for guess in verdict.guesses))
    return _parked(uow, row, inbox.UNREADABLE, _read_values(headers), decision, now)


_HEAD: Final = 60_000
"""Bytes of a mail that cannot be read whole, in which its headers are looked for."""


def _head(documents: Documents, reader: Reader, row: Waiting) -> ReadMail | None:
    assert row.sha256 is not None
    with documents.place(row.sha256).open("rb") as whole:
        beginning = whole.read(_HEAD)
    try:
        with TemporaryDirectory() as folder:
            place = Path(folder) / "head.eml"
            place.write_bytes(beginning)
            return reader.read(place)
    except (Unreadable, OSError):  # nor where there is no room for it: the next mail has its turn
        return None


def _conclude(
    connection: Connection, row: Waiting, decision: _Decision, kind: str, read: dict[str, Any], now: datetime
) -> None:
    case = None if decision.case is None else queries.subject_by_ref(connection, decision.case)
    values: dict[str, Any] = {
        **read,
        "kind": kind,
        "why": decision.why[:_LONGEST_WHY],
        "suggestion": canonical(list(decision.guesses)),
        "case_id": None if case is None else case.id,
        "version": decision.version,
    }
    if decision.what != _WAITS:
        values |= {"decision": decision.what, "decided_at": now}
    cause = "waits for a decision" if decision.what == _WAITS else decision.what
    private: dict[str, object] = {
        "why": values["why"],
        **{name: read[name] for name in ("sender", "subject") if name in read},
    }
    inbox.change(connection, row, values, cause, now, BY, private=private)


def _read_values(mail: _Mail) -> dict[str, Any]:
    read = mail.read
    files = [[each.name, each.sha256, len(each.content)] for each in mail.brought]
    return {
        "sender": read.from_address,
        "subject": read.subject[:_LONGEST_WHY],
        "written_at": read.written_at,
        "files": canonical(files),
    }


# --- opened -----------------------------------------------------------------------------------------------------------

_NO_REPORT = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature",
     "application/pgp-keys", "text/vcard", "text/x-vcard"}
)  # fmt: skip
_SMALL_PICTURE: Final = 50_000
_LEFT_OVER: Final = re.compile(r"(ATT|Untitled attachment )\d{5,}\.(htm|html|txt|dat)", re.IGNORECASE)
"""What Exchange and Outlook call the text of a mail that stood behind an attachment."""
_MOST_INNER: Final = 5


def _opened(documents: Documents, reader: Reader, row: Waiting) -> _Mail:
    """The mail, read in a process of its own; its files are on the disk from here on. Raises Unreadable."""
    assert row.sha256 is not None
    read = reader.read(documents.place(row.sha256))
    if read.classified.kind not in (Kind.MAIL, Kind.CALENDAR):
        return _Mail(row, read, ())
    brought: list[_Brought] = []
    inner: list[ReadMail] = []
    waiting = list(read.files)
    while waiting:
        file = waiting.pop(0)
        if _is_mail(file) and len(inner) < _MOST_INNER:
            try:
                within = reader.read(documents.place(documents.keep(file.content)))
            except Unreadable as why:
                brought.append(replace(_brought(documents, file), fault=f"cannot be read: {why}"))
                continue
            inner.append(within)
            waiting[:0] = within.files
        elif _may_be_a_report(file):
            brought.append(_brought(documents, file))
    once = {each.sha256: each for each in brought}
    return _Mail(row, read, tuple(_named_apart(tuple(once.values()))), tuple(inner))


def _is_mail(file: MailFile) -> bool:
    return file.content_type == "message/rfc822" or sniff(file.name, file.content).kind in ("eml", "msg")


def _may_be_a_report(file: MailFile) -> bool:
    """Not an answer to an invitation, not a signature, no small picture of one, no text that a mail program cut off."""
    if _LEFT_OVER.fullmatch(file.name) and len(file.content) < _SMALL_PICTURE:
        return False
    small_picture = file.content_type.startswith("image/") and len(file.content) < _SMALL_PICTURE
    return not (file.content_type in _NO_REPORT or is_calendar(file.content_type, file.name) or small_picture)


def _brought(documents: Documents, file: MailFile) -> _Brought:
    found = sniff(file.name, file.content)
    name = file.name or f"file.{found.kind}"
    return _Brought(name, documents.keep(file.content), file.content, found.kind, found.fault)


def _named_apart(files: Sequence[_Brought]) -> Iterator[_Brought]:
    taken: set[str] = set()
    for file in files:
        name, number = file.name, 2
        while name.casefold() in taken:
            stem, dot, ending = file.name.rpartition(".")
            name = f"{stem} ({number}).{ending}" if dot else f"{file.name} ({number})"
            number += 1
        taken.add(name.casefold())
        yield replace(file, name=name)


# --- what each kind of mail does -----------------------------------------------------------------------------------


def _plan(uow: UnitOfWork, documents: Documents, mail: _Mail, now: datetime) -> _Apply:
    """What is to be done with the mail, within a transaction; what takes long is done here, before it."""
    match mail.read.classified.kind:
        case Kind.BOUNCE:
            return lambda connection: _bounce(connection, mail, now)
        case Kind.DELIVERED | Kind.READ_RECEIPT:
            return lambda connection: _Decision("ignored", f"{_sentence(mail.read.classified.why)}.")
        case Kind.CALENDAR:
            said = _answers_in(mail)
            return lambda connection: _calendar(connection, mail, said, now)
        case Kind.AUTO_REPLY:
            return lambda connection: _auto_reply(connection, mail)
    return _report(uow, documents, mail, now)


def _sentence(clause: str) -> str:
    return clause[:1].upper() + clause[1:]


# --- bounces


def _bounce(connection: Connection, mail: _Mail, now: datetime) -> _Decision:
    bounce = mail.read.classified.bounce
    assert bounce is not None
    letter = _letter_of(connection, bounce.about)
    if letter is None:
        return _untied(connection, mail, bounce.failures)
    what = f"the {letter.kind.replace('_', ' ')} to the {_role(letter.recipient)}"
    if not bounce.failures:
        why = f"A server says that {what} was not delivered, and not to whom, or whether that will last."
        return _Decision(_WAITS, why, letter.case_ref)
    failed = next((each for each in bounce.failures if _is_to(letter, each)), None)
    if all(each.lasting == Lasting.DELAYED for each in ([failed] if failed else bounce.failures)):
        return _Decision("applied", f"Noted: {what} is late, and the server goes on trying.", letter.case_ref)
    if letter.status == MessageState.BOUNCED.value:
        return _Decision("ignored", f"It is recorded already that {what} was not delivered.", letter.case_ref)
    if letter.status != MessageState.SENT.value:
        why = f"A server says that {what} was not delivered, and here it is {letter.status.lower()}."
        return _Decision(_WAITS, why, letter.case_ref)
    if failed is None:
        return _Decision(_WAITS, _elsewhere(what, letter, bounce.failures), letter.case_ref)
    reason = _refusal(failed)
    outbox.bounced(connection, letter.id, f"Not delivered: {reason}"[:_LONGEST_WHY], by=BY, now=now)
    lasts = failed.lasting == Lasting.HARD
    left = _contact_at_risk(connection, mail.row.partnership, letter, reason, now) if lasts else ()
    after = f" The contact of {' and '.join(left)} is at risk." if left else ""
    return _Decision("applied", f"{_sentence(what)} was not delivered ({reason}).{after}", letter.case_ref)


def _is_to(letter: Any, failure: Failure) -> bool:
    return bool(failure.recipient.casefold() == letter.to_address.casefold())


def _elsewhere(what: str, letter: Any, failures: Sequence[Failure]) -> str:
    """Why a bounce waits that names others than we had written to: theirs may be the only copy that did not arrive."""
    others = ", ".join(sorted({each.recipient for each in failures}))
    return (
        f"A server says that {others} did not get {what}, which we sent to {letter.to_address}: it may have been "
        "passed on from there. If nobody has it there either, `s11flow agencies contact-left` is next."
    )


def _refusal(failure: Failure) -> str:
    """What the other server said, as part of a sentence: its code once, and no full stop."""
    said = failure.why.rstrip(". ")
    code = "" if failure.status and failure.status in said else failure.status
    return " ".join(part for part in (code, said) if part) or "no reason was given"


def _letter_of(connection: Connection, message_id: str) -> Any:
    table = queries.message
    if not message_id:
        return None
    return connection.execute(select(table).where(table.c.message_id == message_id)).one_or_none()


def _role(recipient: str) -> str:
    return "attendee" if recipient.startswith("attendee-") else recipient.replace("_", " ")


def _untied(connection: Connection, mail: _Mail, failures: Sequence[Failure]) -> _Decision:
    """A bounce that does not say of which letter: whose address it was a person has to see."""
    addresses = {each.recipient.lower() for each in failures}
    meant = [case for case in known_cases(connection, mail.row.partnership) if addresses & case.people]
    refs = tuple(case.ref for case in meant if case.is_open)
    to = f"to {', '.join(sorted(addresses))} " if addresses else ""
    why = f"A letter {to}was not delivered, and the bounce does not say which letter of ours it was."
    return _Decision(_WAITS, why, refs[0] if len(refs) == 1 else None, refs)


def _contact_at_risk(
    connection: Connection, partnership: str, letter: Any, reason: str, now: datetime
) -> tuple[str, ...]:
    """Nobody answers under an address that does not exist: the agencies whose contact that is (cases 4 and 5)."""
    address = letter.to_address.casefold()
    rows = [
        row
        for row in queries.agencies(connection, partnership)
        if (row.contact_email or "").casefold() == address and row.contact_left_at is None and row.status != "ended"
    ]
    if not rows:
        return ()
    home = inbox.home_of(connection, partnership)
    contacts.leave(connection, home.id, rows, f"our letter to them came back ({reason[:250]})", now, BY)
    return tuple(row.name for row in rows)


# --- calendars and automatic answers


_LARGEST_CALENDAR: Final = 1_000_000
_PICTURES = ("png", "jpg", "gif")
_TRIMMINGS = re.compile(r"ATT\d+\.(txt|html?|bin)|winmail\.dat|.*\.(p7s|asc|sig|vcf)", re.IGNORECASE)


def _answers_in(mail: _Mail) -> tuple[Reply, ...]:
    files = [file for file in mail.read.classified.calendars if len(file.content) <= _LARGEST_CALENDAR]
    return read_parts(CalendarPart(file.content, file.method, file.charset) for file in files)


def _calendar(connection: Connection, mail: _Mail, found: Sequence[Reply], now: datetime) -> _Decision:
    read = mail.read
    if not found:
        return _Decision(_WAITS, "It brings a calendar entry that cannot be read.")
    settled = []
    for reply in found:
        said = replies.heard(
            reply, from_address=read.from_address, received_at=mail.row.arrived_at, sent_at=read.written_at
        )
        settled.append(replies.receive_in(connection, reply.uid, said, now=now, by=BY))
    case = next((each.subject for each in settled if each.subject and _is_case(connection, each.subject)), None)
    why = f"{_sentence('; '.join(str(each.verdict) for each in settled))}."
    outcomes = {each.verdict.outcome for each in settled}
    if names := ", ".join(each.name for each in mail.brought if not _is_trimming(each)):
        return _Decision(_WAITS, f"{why} It brings documents too: {names}.", case)
    if Outcome.WAITS in outcomes:
        return _Decision(_WAITS, why, case)
    if outcomes & {Outcome.APPLIED, Outcome.PROPOSAL, Outcome.SENT_AGAIN}:
        return _Decision("applied", why, case)
    return _Decision("ignored", why, case)


def _is_trimming(file: _Brought) -> bool:
    """Whether a file beside an answer is what mail programs and gateways hang on: a signature, a picture, a footer."""
    return file.kind in _PICTURES or _TRIMMINGS.fullmatch(file.name) is not None


def _is_case(connection: Connection, ref: str) -> bool:
    row = queries.subject_by_ref(connection, ref)
    return row is not None and row.kind == "case"


def _auto_reply(connection: Connection, mail: _Mail) -> _Decision:
    """A note on the contact; it is never answered. Whether somebody has left for good a person decides (case 5)."""
    read = mail.read
    sender = _stands_for(connection, mail.row.partnership, read.from_address) or read.from_address
    own = [case for case in known_cases(connection, mail.row.partnership) if case.is_open and sender in case.people]
    case = own[0] if own else None
    if case is not None and (says_gone(read.text) or says_gone(read.subject)):
        why = (
            f"An automatic answer says that {read.from_address} has left: if they have, "
            f"`s11flow agencies contact-left {case.code}` is next."
        )
        return _Decision(_WAITS, why, case.ref, tuple(each.ref for each in own))
    if case is None:
        what = f"Automatic mail, or mail to many, of somebody the register does not name ({_reason(mail)})"
        # So write those who keep a file for somebody to fetch.
        if not (read.classified.is_reply or read.answers) and _PAGE.search(read.text):
            return _Decision(_WAITS, f"{what}; it names a page, where a report may be.")
        return _Decision("ignored", f"{what}.")
    return _Decision("applied", f"Noted: {case.agency} answers automatically ({_reason(mail)}).", case.ref)


_PAGE = re.compile(r"https?://", re.IGNORECASE)


def _reason(mail: _Mail) -> str:
    return mail.read.classified.why


# --- reports


def _report(uow: UnitOfWork, documents: Documents, mail: _Mail, now: datetime) -> _Apply:
    read = mail.read
    texts = tuple(readings.words_of(each.kind, each.content, most=LONGEST) for each in mail.brought)
    with uow.read() as connection:
        if read.message_id and _letter_of(connection, read.message_id) is not None:
            return lambda connection: _Decision("ignored", "It is a letter of ours that came back to us.")
        known = known_cases(connection, mail.row.partnership)
        seen = _seen(connection, mail, texts)
        verdict = match(seen, known)
        there = _there_already(connection, mail, verdict, known)
    if there:
        return lambda connection: _Decision("ignored", f"Its files are those of {there[1]}.", there[0])
    guesses = tuple(str(guess) for guess in verdict.guesses)
    if faults := [f"{each.name} {each.fault}" for each in mail.brought if each.fault]:
        whose = f"it is for {verdict.ref}, and" if verdict.ref else f"{verdict.why.rstrip('.')}, and"
        why = f"{_sentence(whose)} {'; '.join(faults)}."
        return lambda connection: _Decision(_WAITS, why, verdict.likely, guesses)
    if verdict.ref is None:
        why = f"{_why_waiting(seen, verdict)}{_asks(mail)}{_passes_on(mail)}{_look_first(mail, texts)}"
        return lambda connection: _Decision(_WAITS, why, verdict.likely, guesses)
    ready = submissions.prepared(uow, documents, verdict.ref, [(each.name, each.content) for each in mail.brought])
    return lambda connection: _filed(connection, mail, verdict, ready, now)


def _there_already(
    connection: Connection, mail: _Mail, verdict: Verdict, known: Sequence[KnownCase]
) -> tuple[str, str] | None:
    """The case, and in words the version, that has these very files, for mail that speaks of no other (case 37).

    Only while that case awaits its report: what the panel has seen before may be sent for another year.
    """
    if verdict.ref is not None or not mail.brought:
        return None
    found = submissions.with_content(connection, mail.row.partnership, [each.sha256 for each in mail.brought])
    awaiting = {case.ref for case in known if case.awaits}
    others = {guess.ref for guess in verdict.guesses if guess.is_strong} - {ref for ref, _ in found}
    if len(found) != 1 or others or found[0][0] not in awaiting:
        return None
    ((ref, version),) = found
    return ref, f"version {version} of {ref}, which is there already"


def _passes_on(mail: _Mail) -> str:
    """What a person has to know of mail within mail to say whether a report came in time (case 38)."""
    told = []
    for each in mail.inner:
        when = f", written {london.spell(each.written_at)}" if each.written_at else ""
        told.append(f" It passes on a mail of {each.from_address or 'nobody named'}{when}.")
    return "".join(told)


def _look_first(mail: _Mail, texts: Sequence[str]) -> str:
    """That somebody should look before it is given on, where it may hold details of single children (case 41)."""
    said = "\n".join(each.text for each in (mail.read, *mail.inner))
    shown = [
        ("what it says itself", said),
        *((each.name, text) for each, text in zip(mail.brought, texts, strict=True)),
    ]
    found = [(name, signs) for name, text in shown if (signs := signs_in(text))]
    if not found:
        return ""
    named = "; ".join(f"{name} ({', '.join(map(str, signs))})" for name, signs in found)
    return f" It may hold details of single children: {named}. Look at it before anybody else does."


def _asks(mail: _Mail) -> str:
    """What a calendar entry does that is no answer to an invitation: that somebody invites us is a person's matter."""
    method = mail.read.classified.asks
    does = {"REQUEST": "invites", "CANCEL": "calls something off"}.get(method, "tells of something")
    return f" It brings a calendar entry that {does}, and answers no invitation of ours." if method else ""


def _why_waiting(seen: Seen, verdict: Verdict) -> str:
    """Why a person has to look, and what else helps them."""
    links = " It names a link." if not seen.documents and "http" in seen.text.casefold() else ""
    seems = " It seems to be a report." if seen.documents and seems_a_report(seen) else ""
    return f"{_sentence(verdict.why)}{links}{seems}"


def _seen(connection: Connection, mail: _Mail, texts: Sequence[str] = ()) -> Seen:
    read = mail.read
    told = [read, *mail.inner]
    return Seen(
        sender=read.from_address,
        subject=read.subject,
        text="\n".join(part for each in told for part in (each.text, *_of_inner(each, read)) if part),
        documents=len(mail.brought),
        names=tuple(each.name for each in mail.brought),
        texts=tuple(text[:_MOST_WORDS] for text in texts if text),
        answers=_answered(connection, read.answers),
        stands_for=_stands_for(connection, mail.row.partnership, read.from_address),
        passed_on=tuple(PassedOn(each.from_address, each.subject) for each in mail.inner),
        forwarded=bool(mail.inner) or any(each.kind in ("eml", "msg") for each in mail.brought),
    )


def _of_inner(each: ReadMail, outer: ReadMail) -> tuple[str, ...]:
    return () if each is outer else (each.subject, each.from_address)


def _answered(connection: Connection, message_ids: Sequence[str]) -> tuple[str, ...]:
    """The cases of our letters that a mail refers to, in its order."""
    if not message_ids:
        return ()
    table = queries.message
    rows = connection.execute(select(table.c.message_id, table.c.case_ref).where(table.c.message_id.in_(message_ids)))
    refs = {row.message_id: row.case_ref for row in rows if row.case_ref}
    return tuple(refs[each] for each in message_ids if each in refs)


def _stands_for(connection: Connection, partnership: str, address: str) -> str:
    return queries.aliases(connection, partnership).get(address.casefold(), "")


def _filed(connection: Connection, mail: _Mail, verdict: Verdict, ready: Prepared, now: datetime) -> _Decision:
    """File the report as of when it came. No automatic mail is answered, and nobody twice on one day."""
    automatic = bool(mail.read.classified.automatic) or is_nobody(mail.read.from_address)
    sender = "" if automatic else mail.read.from_address
    received = submissions.receive_in(
        connection, ready, now=now, by=BY, arrived_at=mail.row.arrived_at, sender=sender,
        acknowledge=not _acknowledged_today(connection, sender, ready.ref, now),
    )  # fmt: skip
    if received.duplicate:
        why = f"Its files are those of version {received.version} of {received.ref}, which is there already."
        return _Decision("ignored", why, received.ref)
    look = " It may hold details of single children: look at it before the pack." if received.reading.signs else ""
    why = f"{verdict.why} Filed as version {received.version}.{look}"
    return _Decision("filed", why, received.ref, version=received.version)


def _acknowledged_today(connection: Connection, sender: str, ref: str, now: datetime) -> bool:
    """Whether the sender has had a receipt today; for mail that is not answered, whether the case's contact has.

    A machine's mail is acknowledged to who answers for the agency, and theirs may be the machine that sends the next.
    """
    message, subject, file, agency = queries.message, queries.subject, queries.case_file, queries.agency
    contact = (
        select(func.lower(agency.c.contact_email))
        .join(file, file.c.agency_id == agency.c.id)
        .join(subject, subject.c.id == file.c.subject_id)
        .where(subject.c.ref == ref)
    )
    to = func.lower(message.c.to_address)
    whose = to == sender.lower() if sender else to.in_(contact) | (message.c.case_ref == ref)
    statement = select(message.c.queued_at).where(message.c.kind == "receipt", whose)
    return any(london.day_of(at) == london.day_of(now) for at in connection.scalars(statement))


# --- what the register knows ------------------------------------------------------------------------------------------


def known_cases(connection: Connection, partnership: str) -> tuple[KnownCase, ...]:
    """Every case there is, with its agency's people."""
    subject, file, agency, cycle = queries.subject, queries.case_file, queries.agency, queries.subject.alias("of_cycle")
    statement = (
        select(agency, subject.c.ref, subject.c.state.label("stands"), cycle.c.state.label("cycle_state"))
        .join(file, file.c.agency_id == agency.c.id)
        .join(subject, subject.c.id == file.c.subject_id)
        .join(cycle, cycle.c.id == file.c.cycle_id)
        .where(subject.c.partnership == partnership, subject.c.state != CaseState.VOID.value)
        .order_by(subject.c.id)
    )
    return tuple(_known_case(row) for row in connection.execute(statement))


def _known_case(row: Any) -> KnownCase:
    state, agency = CaseState(row.stands), agency_from(row)
    people = frozenset(address.casefold() for address in inbox.people_of(agency))
    is_open = CASE_FACTS[state].is_open and row.cycle_state != CycleState.CLOSED.value
    return KnownCase(row.ref, agency.name, agency.code, people, is_open, state in _AWAITS)


# --- replayed ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Replayed:
    """A stored mail read once more: what was made of it then, and what is now. `differs` names what is not the same."""

    id: int
    decision: str
    kind: str | None
    differs: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {"id": self.id, "decision": self.decision, "kind": self.kind, "differs": list(self.differs)}


def replay(uow: UnitOfWork, documents: Documents, reader: Reader, *, partnership: str) -> tuple[Replayed, ...]:
    """Read every stored mail again, and say where something else is read in it than was recorded. Changes nothing."""
    mails = [mail for mail in inbox.everything(uow, partnership=partnership) if mail.sha256 and mail.kind]
    return tuple(_replayed(documents, reader, mail) for mail in mails)


def _replayed(documents: Documents, reader: Reader, mail: Waiting) -> Replayed:
    decision = mail.decision or _WAITS
    try:
        opened = _opened(documents, reader, mail)
    except Unreadable:
        return Replayed(mail.id, decision, mail.kind, () if mail.kind == inbox.UNREADABLE else ("kind",))
    except FileNotFoundError:
        return Replayed(mail.id, decision, mail.kind, ("not in the documents folder",))
    again = {"kind": opened.read.classified.kind.value, **_read_values(opened)}
    then = {
        "kind": mail.kind, "sender": mail.sender, "subject": mail.subject, "written_at": mail.written_at,
        "files": canonical([list(each) for each in mail.files]),
    }  # fmt: skip
    return Replayed(mail.id, decision, mail.kind, tuple(name for name, was in then.items() if again[name] != was))
