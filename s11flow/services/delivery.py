"""Delivers the outbox: claims a letter, sends it with no transaction open, records what became of it, then the next.

Lost never; doubled only if we died between the server's answer and our commit, and then at most one letter.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, or_, select, update

from db import queries
from db.errors import Busy
from db.unit_of_work import UnitOfWork
from notifications.mailer import Mailer, Outcome, Status, next_try
from notifications.policy import Allowed, PostPolicy, Redirected, Refused
from s11flow.domain.errors import S11Error
from s11flow.domain.model import CaseState, Entry, EscalationState, MessageEvent, MessageState, Note
from s11flow.services import agencies
from s11flow.services.chain import CLOCK, sha256
from s11flow.services.envelope import Ready, envelope, file_stem
from s11flow.services.outbox import case_follows, change_row, left, line, moved, note, templates_from
from s11flow.services.subjects import ChangedMeanwhile, recompute

LEASE = timedelta(minutes=10)
"""How long a letter is its claimer's; after that its outcome counts as unknown."""

LONGEST_RUN = 5 * 60.0
"""Seconds after which a run begins no further letter, so that no lease of its own runs out while it works."""

DOWN_AFTER = 3
"""Letters in a row for which nobody was there to take them: then the post is down, and the rest wait untouched."""

DOWN_FOR = timedelta(minutes=1)
"""How long a letter waits that nobody was there to take; those that were owed first are the ones that look again."""

_TRIES_TO_RECORD = 3
_WAITS = (MessageState.QUEUED.value, MessageState.DELAYED.value)
_GONE = (MessageState.WITHDRAWN.value, MessageState.SUPERSEDED.value)
_INTERRUPTED = Outcome(Status.UNCERTAIN, "The delivery was interrupted: the letter may or may not have been sent.")
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Delivered:
    """What one run did, as counters: `failed` and `uncertain` letters wait for a person, `delayed` ones go again.

    `stopped` is the sentence of a server that was down, or empty.
    """

    sent: int = 0
    delayed: int = 0
    failed: int = 0
    uncertain: int = 0
    withdrawn: int = 0
    expired: int = 0
    held: int = 0
    stopped: str = ""

    def as_json(self) -> dict[str, int]:
        """The shape scripts rely on; `held` is there when a letter was."""
        counters = {name: value for name, value in asdict(self).items() if name != "stopped"}
        return counters if self.held else {name: value for name, value in counters.items() if name != "held"}

    def count(self, status: MessageState) -> None:
        """Count a letter that came to *status*."""
        name = "delayed" if status == MessageState.QUEUED else status.value.lower()
        setattr(self, name, getattr(self, name) + 1)


def deliver(
    uow: UnitOfWork,
    mailer: Mailer,
    policy: PostPolicy,
    *,
    now: datetime,
    limit: int | None = None,
    batch: int = 100,
    stopwatch: Callable[[], float] = time.monotonic,
) -> Delivered:
    """Try each letter that is due once, the longest owed first, at most *limit* of them; safe beside another run.

    What a server refused is kept on the row for a person to read. Letters are read *batch* at a time; *stopwatch*
    gives seconds from any start.
    """
    run = _Run(uow, mailer, policy, now)
    ends = stopwatch() + LONGEST_RUN
    run.take_up_interrupted()
    for row, templates in _due(uow, now, batch):
        if run.tried == limit or stopwatch() >= ends:
            break
        run.deliver(row, templates)
        if run.unreached == DOWN_AFTER:
            run.leave_the_rest()
            break
    return run.done


def _due(uow: UnitOfWork, now: datetime, batch: int) -> Iterator[tuple[Any, Mapping[str, str]]]:
    """Each letter that is due, with its pinned templates; also what a delivery queues, unless it was owed before."""
    table = queries.message
    is_due = table.c.status.in_(_WAITS) & (table.c.next_try_at <= now)
    statement = select(table).where(is_due).order_by(table.c.at, table.c.id).limit(batch)
    following = statement
    while True:
        with uow.read() as connection:
            rows = connection.execute(following).all()
            texts = queries.contents(connection, {row.templates_sha256 for row in rows})
        if not rows:
            return
        for row in rows:
            yield row, templates_from(texts[row.templates_sha256])
        last = rows[-1]
        following = statement.where(or_(table.c.at > last.at, (table.c.at == last.at) & (table.c.id > last.id)))


@dataclass(slots=True)
class _Run:
    """One run of the deliverer: what it works with, and how it goes."""

    uow: UnitOfWork
    mailer: Mailer
    policy: PostPolicy
    now: datetime
    done: Delivered = field(default_factory=Delivered)
    tried: int = 0
    unreached: int = 0

    def deliver(self, row: Any, templates: Mapping[str, str]) -> None:
        """Send one letter that was due when it was read, if it still is and may leave."""
        decision = self.policy.decide(row.to_address)
        if row.valid_until is not None and self.now >= row.valid_until:
            self._stop(row, MessageEvent.EXPIRE, "expired unsent", "its time had passed before it could leave")
        elif isinstance(decision, Refused):
            self._stop(row, MessageEvent.HOLD, "held: this mode does not write there", decision.reason)
        else:
            self._send(row, decision, _written(row, decision, templates, self.now))

    def _send(self, row: Any, decision: Allowed | Redirected, written: Ready | Outcome) -> None:
        claimed = self._claim(row, written)
        if claimed is None:
            return
        self.tried += 1
        if isinstance(written, Outcome):
            self._record(claimed, written)
            return
        outcome = self.mailer.send(written.raw, sender=written.sender, recipient=decision.to, name=file_stem(row))
        self._record(claimed, outcome)
        self.unreached = self.unreached + 1 if outcome.unreachable else 0
        self.done.stopped = outcome.detail if self.unreached == DOWN_AFTER else ""

    # --- before it leaves

    def _claim(self, row: Any, written: Ready | Outcome) -> Any:
        """The row as it is now ours, with its bytes kept; None if it is not as it was read, or somebody holds it."""
        values: dict[str, Any] = {
            "status": moved(MessageState[row.status], MessageEvent.CLAIM).value,
            "lease_until": self.now + LEASE,
            "attempts": row.attempts + 1,
        }
        if isinstance(written, Ready):
            values |= {"raw": written.raw, "message_id": written.message_id}
        try:
            with self.uow.write() as connection:
                ours = _is_free(connection, row) and change_row(connection, row, values)
                self.done.withdrawn += 0 if ours else _is_gone(connection, row)
        except Busy:
            return None  # whoever changes it has the word; it goes with the next run
        return SimpleNamespace(**{**row._mapping, **values}) if ours else None

    def _stop(self, row: Any, event: MessageEvent, cause: str, why: str) -> None:
        """Record that a letter is not to leave: it expired, or this mode does not write to its address."""
        status = moved(MessageState[row.status], event)
        try:
            with self.uow.write() as connection:
                subject = queries.subject_by_id(connection, row.subject_id, lock=True)
                values = {"status": status.value, "status_why": why}
                stopped = change_row(connection, row, values)
                if stopped:
                    entry = line(row, Note.MESSAGE_STOPPED, status, self.now, cause, why=why)
                    note(connection, subject, entry, now=self.now, kept=left(row, values))
                    case_follows(connection, subject, row, self.now, delivered=False)
                else:
                    self.done.withdrawn += _is_gone(connection, row)
        except Busy:
            return
        if stopped:
            self.done.count(status)

    # --- after it was tried

    def _record(self, row: Any, outcome: Outcome) -> None:
        verdict = _verdict(row, outcome, self.now, twice_is_once=self.policy.is_folder)
        if self._kept(row, verdict):
            self.done.count(verdict.status)

    def take_up_interrupted(self) -> None:
        """Letters of which their claimer never said what became: sent again by this run, or left to a person."""
        table = queries.message
        is_lost = (table.c.status == MessageState.SENDING.value) & (table.c.lease_until <= self.now)
        with self.uow.read() as connection:
            rows = connection.execute(select(table).where(is_lost).order_by(table.c.at, table.c.id)).all()
        for row in rows:
            verdict = _verdict(row, _INTERRUPTED, self.now, twice_is_once=self.policy.is_folder)
            if verdict.status == MessageState.QUEUED:
                self._kept(row, _Verdict(verdict.status, verdict.cause, {**verdict.values, "next_try_at": self.now}))
            elif self._kept(row, verdict):
                self.done.count(verdict.status)

    def _kept(self, row: Any, verdict: _Verdict) -> bool:
        """Save what became of a letter; False if another run has taken it up meanwhile."""
        for tries_left in reversed(range(_TRIES_TO_RECORD)):
            try:
                with self.uow.write() as connection:
                    return self._save(connection, row, verdict)
            except (Busy, ChangedMeanwhile):
                if not tries_left:
                    raise
        raise AssertionError("a last try returns or raises")

    def _save(self, connection: Connection, row: Any, verdict: _Verdict) -> bool:
        subject = queries.subject_by_id(connection, row.subject_id, lock=True)
        values = {"status": verdict.status.value, "lease_until": None, **verdict.values}
        if not change_row(connection, row, values):
            _log.warning("Letter %s took longer than its lease, and another run has taken it up.", row.id)
            return False
        delivered = verdict.status == MessageState.SENT
        private = {} if delivered else {"detail": verdict.values["status_why"]}
        entry = line(row, Note.DELIVERY, verdict.status, self.now, verdict.cause, **private)
        note(connection, subject, entry, now=self.now, kept=left(row, values))
        case_follows(connection, subject, row, self.now, delivered=delivered)
        return True

    def leave_the_rest(self) -> None:
        """Say on the letters that wait why they do: nobody of them is told to have had notice (case 60)."""
        table = queries.message
        waits = (table.c.status == MessageState.QUEUED.value) & (table.c.next_try_at <= self.now)
        said = update(table).where(waits, table.c.status_why != self.done.stopped)
        try:
            with self.uow.write() as connection:
                if connection.execute(said.values(status_why=self.done.stopped)).rowcount:
                    self._note_down(connection)
            with self.uow.write() as connection:
                ids = _warned_and_waiting(connection)
                queries.lock(connection, ids)
                recompute(connection, ids, "case")
        except Busy:
            _log.warning("The post is down, and the letters that wait could not be told why.")

    def _note_down(self, connection: Connection) -> None:
        """A line for each partnership: it answers for what its waiting letters are told."""
        why = self.done.stopped
        entry = Entry(self.now, Note.POST_DOWN, "post", cause="nobody took the letters", private={"detail": why})
        for home in queries.partnerships(connection):
            agencies.record(connection, home.id, entry, now=self.now, by=CLOCK, rows={"post": sha256(why)})


def _warned_and_waiting(connection: Connection) -> list[int]:
    """The cases about to be confirmed as not submitted for which a letter asking for the report waits."""
    message, subject, escalation = queries.message, queries.subject, queries.escalation
    statement = (
        select(subject.c.id)
        .join(escalation, escalation.c.case_id == subject.c.id)
        .join(message, message.c.subject_id == subject.c.id)
        .where(subject.c.state == CaseState.REQUESTED.value, escalation.c.state == EscalationState.PENDING.value)
        .where(message.c.status == MessageState.QUEUED.value, message.c.kind.in_(queries.ASKING))
        .distinct()
    )
    return list(connection.scalars(statement))


def _is_free(connection: Connection, row: Any) -> bool:
    """Whether nobody is changing the letter; SQLite has one writer, so there nobody is."""
    table = queries.message
    held = select(table.c.id).where(table.c.id == row.id).with_for_update(skip_locked=True)
    return connection.dialect.name == "sqlite" or connection.scalar(held) is not None


def _is_gone(connection: Connection, row: Any) -> bool:
    """Whether the letter lost its reason, or was withdrawn, since it was read."""
    table = queries.message
    return connection.scalar(select(table.c.status).where(table.c.id == row.id)) in _GONE


def _written(row: Any, decision: Allowed | Redirected, templates: Mapping[str, str], now: datetime) -> Ready | Outcome:
    """The letter as mail; a failure for one that cannot be written, so that it never stops the others."""
    try:
        return envelope(row, decision, templates, now)
    except (ValueError, S11Error) as error:
        return Outcome(Status.FAILED, f"The letter could not be written. {error}")
    except Exception as error:
        _log.exception("Letter %s could not be written.", row.id)
        return Outcome(Status.FAILED, f"The letter could not be written ({type(error).__name__}); see the log.")


# --- what an outcome means --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What a letter comes to, the words its history has for it, and what is kept on its row."""

    status: MessageState
    cause: str
    values: Mapping[str, Any]


def _verdict(row: Any, outcome: Outcome, now: datetime, *, twice_is_once: bool) -> _Verdict:
    """What becomes of a letter that was tried; *twice_is_once* where sending the same bytes again changes nothing."""
    why = outcome.detail
    match outcome.status:
        case Status.SENT:
            return _to(row, "delivered", {"status_why": why, "sent_at": now}, MessageEvent.ACCEPTED_BY_SERVER)
        case Status.FAILED:
            return _to(row, "refused", {"status_why": why}, MessageEvent.FAIL)
        case Status.DELAYED:
            return _delayed(row, outcome, now)
        case Status.UNCERTAIN:
            return _uncertain(row, why, now, twice_is_once=twice_is_once)


def _delayed(row: Any, outcome: Outcome, now: datetime) -> _Verdict:
    if outcome.unreachable:
        # Nobody was there: that says nothing about the letter, and is none of its tries. It goes before the others.
        again = {"attempts": row.attempts - 1, "next_try_at": now + DOWN_FOR}
        return _to(row, "not reached", {"status_why": outcome.detail, **again}, MessageEvent.DELAY)
    wait = next_try(row.attempts)
    if wait is None:
        why = f"Given up after {row.attempts} tries. {outcome.detail}"
        return _to(row, "given up", {"status_why": why}, MessageEvent.FAIL)
    return _to(row, "delayed", {"status_why": outcome.detail, "next_try_at": now + wait}, MessageEvent.DELAY)


def _uncertain(row: Any, why: str, now: datetime, *, twice_is_once: bool) -> _Verdict:
    wait = next_try(max(row.attempts, 1))
    if wait is None or (waits_for_person(row.kind, row.recipient) and not twice_is_once):
        return _to(row, "outcome unknown", {"status_why": why}, MessageEvent.LOSE_ANSWER)
    values = {"status_why": f"{why} The same mail is sent again.", "next_try_at": now + wait}
    return _to(row, "re-sent after an unknown outcome", values, MessageEvent.LOSE_ANSWER, MessageEvent.RETRY)


def _to(row: Any, cause: str, values: Mapping[str, Any], *events: MessageEvent) -> _Verdict:
    return _Verdict(moved(MessageState[row.status], *events), cause, values)


_TO_THE_TOP = ("senior_leader", "executive_chair", "alternate")


def waits_for_person(kind: str, recipient: str) -> bool:
    """Whether a letter of unknown outcome waits for a person: what a chief officer or the Chair gets, they get once."""
    return kind in ("escalation", "chair_letter") or recipient.endswith(_TO_THE_TOP)
