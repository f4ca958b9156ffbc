"""Delivers the outbox: claims a letter, sends it with no transaction open, records what became of it, then the next.

Lost never; doubled only if we died between the server's answer and our commit, and then at most one letter. So a run
has one letter claimed at a time: the commit that records a letter claims the one after it, which was written while the
server thought, and which the server is asked to take while we commit: it is a mail only once its text has an end, and
that is sent after the commit. A database that goes away is waited for while there is something to record.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import chain, repeat
from types import SimpleNamespace
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, or_, select, update

from db import queries
from db.bulk import Bulk
from db.errors import Busy, DatabaseUnreachable, OutcomeUnknown
from db.single import Single
from db.unit_of_work import UnitOfWork
from notifications.mailer import Mailer, Outcome, Status, next_try
from notifications.policy import Allowed, PostPolicy, Redirected, Refused
from s11flow.domain.errors import S11Error
from s11flow.domain.model import CaseState, Entry, EscalationState, MessageEvent, MessageState, Note
from s11flow.services import agencies
from s11flow.services.chain import CLOCK, sha256
from s11flow.services.envelope import Ready, envelope, file_stem
from s11flow.services.outbox import (
    AS_READ,
    as_read,
    case_follows,
    change_row,
    held_subject,
    left,
    line,
    moved,
    note,
    templates_from,
)
from s11flow.services.subjects import ChangedMeanwhile, recompute

FIRST_LOOK = timedelta(minutes=1)
"""How long other runs leave the letters alone that a run has set aside to claim; nothing is lost when they do not."""

LEASE = timedelta(minutes=10)
"""How long a letter is its claimer's; after that its outcome counts as unknown."""

LONGEST_RUN = 5 * 60.0
"""Seconds after which a run begins no further letter, so that no lease of its own runs out while it works."""

RECORDED_WITHIN = LEASE.total_seconds() - 30
"""Seconds, from when a run began, for which it tries to record what became of a letter; then its lease is about to end.

A mailer takes three minutes for a letter at most, so that a minute and a half are left for the last one.
"""

DOWN_AFTER = 3
"""Letters in a row for which nobody was there to take them: then the post is down, and the rest wait untouched."""

DOWN_FOR = timedelta(minutes=1)
"""How long a letter waits that nobody was there to take; those that were owed first are the ones that look again."""

_UNTIL_BACK = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds to wait, one after the other and then the last again and again, for a database that is away or busy."""

_LISTED = 1_000
"""Letters that are looked up at a time, in the order they are owed."""

_LOOKED_THROUGH = 5
"""Among how many batches of those a run looks for letters that no other has set aside."""

_WAITS = (MessageState.QUEUED.value, MessageState.DELAYED.value)
_GONE = (MessageState.WITHDRAWN.value, MessageState.SUPERSEDED.value)
_INTERRUPTED = Outcome(Status.UNCERTAIN, "The delivery was interrupted: the letter may or may not have been sent.")
_T = TypeVar("_T")
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
    batch: int = 20,
    stopwatch: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Delivered:
    """Try each letter that is due once, the longest owed first, at most *limit* of them; safe beside another run.

    What a server refused is kept on the row for a person to read. Letters are set aside *batch* at a time, so that
    runs side by side seldom want the same one; *stopwatch* gives seconds from any start, *pause* lets some pass.
    """
    # No other claim ends at this very microsecond: by it a run knows its own again.
    lease = now + LEASE - timedelta(microseconds=secrets.randbelow(1_000_000))
    run = _Run(uow, mailer, policy, now, limit, batch, stopwatch, pause, stopwatch(), lease)
    run.take_up_interrupted()
    run.deliver()
    return run.done


@dataclass(frozen=True, slots=True)
class _Letter:
    """A letter as it was read, the address it goes to, and its mail, or why it could not be written."""

    row: Any
    to: str
    written: Ready | Outcome


@dataclass(slots=True)
class _Run:
    """One run of the deliverer: what it works with, and how it goes."""

    uow: UnitOfWork
    mailer: Mailer
    policy: PostPolicy
    now: datetime
    limit: int | None
    batch: int
    stopwatch: Callable[[], float]
    pause: Callable[[float], None]
    begun: float
    lease: datetime
    done: Delivered = field(default_factory=Delivered)
    tried: int = 0
    unreached: int = 0
    due: list[int] = field(default_factory=list)
    may_find_more: bool = True
    waiting: deque[Any] = field(default_factory=deque)
    ahead: _Letter | None = None
    gone: set[int] = field(default_factory=set)
    texts: dict[str, str] = field(default_factory=dict)

    def deliver(self) -> None:
        """Send what is due, one letter at a time."""
        letter = self._claimed_next()
        while letter is not None:
            letter = self._recorded(letter, self._tried(letter)) or self._claimed_next()
        self.done.withdrawn = len(self.gone)
        self._give_back()
        if self.unreached == DOWN_AFTER:
            self._leave_the_rest()

    def _may_begin(self) -> bool:
        """Whether another letter may be begun."""
        return self.tried != self.limit and self.unreached < DOWN_AFTER and self.stopwatch() < self.begun + LONGEST_RUN

    # --- before it leaves

    def _set_aside(self) -> None:
        """Have letters wait here that no other run has set aside, those owed longest; none if there are none."""
        while not self.waiting and self._knows_of_some():
            try:
                with self.uow.write() as connection:
                    rows = self._free(connection)
            except Busy:
                return  # they go with the next run
            self._wait_here(rows)

    def _knows_of_some(self) -> bool:
        """Whether letters are due, as far as we know; looked up anew if the last time brought us any."""
        if not self.due and self.may_find_more:
            with self.uow.read() as connection:
                self._look_up(connection)
        return bool(self.due)

    def _look_up(self, connection: Connection) -> None:
        self.due = list(connection.scalars(_DUE, {"b_now": self.now, "b_limit": _LISTED}))
        self.may_find_more = False

    def _free(self, connection: Connection) -> Sequence[Any]:
        """The next letters that no other run has set aside; ours to look at first from now on, once that is saved."""
        if not self.due and self.may_find_more:
            self._look_up(connection)
        if not self.due:
            return ()
        among = self.due[: _LOOKED_THROUGH * self.batch]
        rows = connection.execute(_FREE, {"b_now": self.now, "b_ids": among, "b_limit": self.batch}).all()
        _SET_ASIDE.execute(connection, [{"b_id": row.id, "lease_until": self.now + FIRST_LOOK} for row in rows])
        if unread := {row.templates_sha256 for row in rows} - self.texts.keys():
            self.texts |= queries.contents(connection, unread)
        return rows

    def _wait_here(self, rows: Sequence[Any]) -> None:
        """Have *rows* wait, which `_free` gave and which are saved; those before them are others'."""
        looked_at = self.due.index(rows[-1].id) + 1 if rows else _LOOKED_THROUGH * self.batch
        del self.due[:looked_at]
        self.waiting.extend(rows)
        self.may_find_more = self.may_find_more or bool(rows)

    def _claimed_next(self) -> _Letter | None:
        """The next letter that is to leave, now ours; those before it that are not to leave are stopped."""
        while self._may_begin() and (letter := self._next()) is not None:
            try:
                with self.uow.write() as connection:
                    ours = self._take(connection, letter)
            except Busy:
                continue  # whoever changes it has the word; it goes with the next run
            except OutcomeUnknown:
                ours = self._insist(partial(self._take, letter=letter))
            if ours is not None:
                return ours
        return None

    def _next(self) -> _Letter | None:
        if (letter := self.ahead) is not None:
            self.ahead = None
            return letter
        while row := self._next_row():
            decision = self._decided(row)
            if isinstance(decision, _Stopped):
                self._stop(row, decision)
            else:
                return self._written(row, decision)
        return None

    def _next_row(self) -> Any:
        if not self.waiting:
            self._set_aside()
        return self.waiting.popleft() if self.waiting else None

    def _write_ahead(self) -> None:
        """Write the next letter if it is at hand; the database has no part in it."""
        if self.ahead is None and self.waiting:
            decision = self._decided(self.waiting[0])
            if not isinstance(decision, _Stopped):
                self.ahead = self._written(self.waiting.popleft(), decision)

    def _decided(self, row: Any) -> Allowed | Redirected | _Stopped:
        """Where a letter goes, or why it is not to leave: it expired, or this mode does not write to its address."""
        if row.valid_until is not None and self.now >= row.valid_until:
            return _Stopped(MessageEvent.EXPIRE, "expired unsent", "its time had passed before it could leave")
        decision = self.policy.decide(row.to_address)
        if isinstance(decision, Refused):
            return _Stopped(MessageEvent.HOLD, "held: this mode does not write there", decision.reason)
        return decision

    def _written(self, row: Any, decision: Allowed | Redirected) -> _Letter:
        return _Letter(row, decision.to, _written(row, decision, self.texts.get(row.templates_sha256, ""), self.now))

    def _take(self, connection: Connection, letter: _Letter) -> _Letter | None:
        """The letter as ours, with its bytes kept; None if it is not as it was read, or somebody holds it."""
        row, values = letter.row, self._as_ours(letter)
        # It is ours as well if it was kept the first time, and only the database's answer was lost.
        if _CLAIM.execute(connection, {**as_read(row), **values}) or _stands(connection, row.id, values):
            return replace(letter, row=SimpleNamespace(**{**row._mapping, **values}))
        self._see_if_gone(connection, row)
        return None

    def _as_ours(self, letter: _Letter) -> dict[str, Any]:
        row = letter.row
        values: dict[str, Any] = {
            "status": moved(MessageState[row.status], MessageEvent.CLAIM).value,
            "lease_until": self.lease,
            "attempts": row.attempts + 1,
            "raw": row.raw,
            "message_id": row.message_id,
        }
        if isinstance(letter.written, Ready):
            values |= {"raw": letter.written.raw, "message_id": letter.written.message_id}
        return values

    def _leave(self, connection: Connection, letter: _Letter) -> None:
        """Have a letter wait as before, if it was claimed by a commit whose answer was lost until it was too late."""
        row, values = letter.row, self._as_ours(letter)
        if _stands(connection, row.id, values):
            ours = SimpleNamespace(**{**row._mapping, **values})
            before = {name: getattr(row, name) for name in values}
            _CLAIM.execute(connection, {**as_read(ours), **before, "lease_until": None})

    def _see_if_gone(self, connection: Connection, row: Any) -> None:
        """Count a letter that lost its reason, or was withdrawn, since it was read."""
        status = connection.scalar(select(_message.c.status).where(_message.c.id == row.id))
        if status in _GONE:
            self.gone.add(row.id)

    def _stop(self, row: Any, stopped: _Stopped) -> None:
        """Record that a letter is not to leave."""
        status = moved(MessageState[row.status], stopped.event)
        values = {"status": status.value, "status_why": stopped.why, "lease_until": None}
        try:
            with self.uow.write() as connection:
                subject = held_subject(connection, row.subject_id)
                is_ours = change_row(connection, row, values)
                if is_ours:
                    entry = line(row, Note.MESSAGE_STOPPED, status, self.now, stopped.cause, why=stopped.why)
                    note(connection, subject, entry, now=self.now, kept=left(row, values))
                    case_follows(connection, subject, row, self.now, delivered=False)
                else:
                    self._see_if_gone(connection, row)
        except Busy:
            return
        if is_ours:
            self.done.count(status)

    def _give_back(self) -> None:
        """Let other runs have at once what this one has set aside and does not come to."""
        untouched = [row.id for row in (*self.waiting, *((self.ahead.row,) if self.ahead else ()))]
        if not untouched:
            return
        still = _message.c.status.in_(_WAITS) & (_message.c.lease_until == self.now + FIRST_LOOK)
        with suppress(Busy), self.uow.write() as connection:
            connection.execute(update(_message).where(_message.c.id.in_(untouched), still).values(lease_until=None))

    # --- after it was tried

    def _tried(self, letter: _Letter) -> Outcome:
        """What became of a letter that is ours."""
        self.tried += 1
        if isinstance(letter.written, Outcome):
            return letter.written
        outcome = self.mailer.send(
            letter.written.raw,
            sender=letter.written.sender,
            recipient=letter.to,
            name=file_stem(letter.row),
            meanwhile=self._write_ahead,
        )
        self.unreached = self.unreached + 1 if outcome.unreachable else 0
        self.done.stopped = outcome.detail if self.unreached == DOWN_AFTER else ""
        return outcome

    def _recorded(self, letter: _Letter, outcome: Outcome) -> _Letter | None:
        """Save what became of a letter; gives the next, now ours, if it was written meanwhile."""
        verdict = _verdict(letter.row, outcome, self.now, twice_is_once=self.policy.is_folder)
        following: _Letter | None = None
        if self.ahead is not None and self._may_begin():
            following, self.ahead = self.ahead, None
            self._announce(following)
        is_kept, ours = self._kept(letter.row, verdict, following)
        if is_kept:
            self.done.count(verdict.status)
        return ours

    def _announce(self, letter: _Letter) -> None:
        """Have the server asked for a letter while it is claimed; if it cannot be claimed, no text follows."""
        if isinstance(letter.written, Ready):
            self.mailer.announce(letter.written.raw, sender=letter.written.sender, recipient=letter.to)

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
            elif self._kept(row, verdict)[0]:
                self.done.count(verdict.status)

    def _kept(self, row: Any, verdict: _Verdict, following: _Letter | None = None) -> tuple[bool, _Letter | None]:
        """Save what became of a letter, and claim *following*; False if another run has taken the letter up meanwhile.

        Both are committed together: at no moment has a run two letters of which it is not known whether they left.
        """

        def keep(connection: Connection) -> tuple[bool, _Letter | None, Sequence[Any]]:
            is_kept = self._save(connection, row, verdict)
            if following is None:
                return is_kept, None, ()
            if not self._may_begin():  # the database was waited for
                self._leave(connection, following)
                return is_kept, None, ()
            return is_kept, self._take(connection, following), () if self.waiting else self._free(connection)

        is_kept, ours, more = self._insist(keep)
        if more:
            self._wait_here(more)
        return is_kept, ours

    def _insist(self, change: Callable[[Connection], _T]) -> _T:
        """Save *change*, which knows what it does a second time, and give what it gives.

        A database that is away, or busy, is waited for until the lease of our letters is about to end. Then what stood
        in the way is raised, and the letter counts as one whose outcome is unknown.
        """
        for number, wait in enumerate(chain(_UNTIL_BACK, repeat(_UNTIL_BACK[-1]))):
            try:
                with self.uow.write() as connection:
                    return change(connection)
            except (Busy, ChangedMeanwhile, DatabaseUnreachable, OutcomeUnknown) as problem:
                if self.stopwatch() + wait > self.begun + RECORDED_WITHIN:
                    _log.warning("What became of a letter could not be recorded, and its outcome counts as unknown.")
                    raise
                if number == 0:  # whoever stands by should know for what it waits
                    _log.warning("What became of a letter is not recorded yet; the database is waited for: %s", problem)
            self.pause(wait)
        raise AssertionError("there is always another wait")

    def _save(self, connection: Connection, row: Any, verdict: _Verdict) -> bool:
        subject = held_subject(connection, row.subject_id)
        as_it_was = {"sent_at": row.sent_at, "attempts": row.attempts, "next_try_at": row.next_try_at}
        values = {**as_it_was, "status": verdict.status.value, "lease_until": None, **verdict.values}
        if not _OUTCOME.execute(connection, {**as_read(row), **values}):
            if _stands(connection, row.id, values):
                return True  # it was kept the first time: only the database's answer was lost
            _log.warning("Letter %s took longer than its lease, and another run has taken it up.", row.id)
            return False
        delivered = verdict.status == MessageState.SENT
        private = {} if delivered else {"detail": verdict.values["status_why"]}
        entry = line(row, Note.DELIVERY, verdict.status, self.now, verdict.cause, **private)
        note(connection, subject, entry, now=self.now, kept=left(row, values))
        case_follows(connection, subject, row, self.now, delivered=delivered)
        return True

    def _leave_the_rest(self) -> None:
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


_message = queries.message

_IS_FREE = (
    _message.c.status.in_(_WAITS)
    & (_message.c.next_try_at <= bindparam("b_now"))
    & or_(_message.c.lease_until.is_(None), _message.c.lease_until <= bindparam("b_now"))
)
_IN_ORDER = (_message.c.at, _message.c.id)

_DUE = select(_message.c.id).where(_IS_FREE).order_by(*_IN_ORDER).limit(bindparam("b_limit"))
"""Which letters wait. To find the first of many costs as much as to list them, so that is not done for each batch."""

_FREE = (
    select(_message)
    .where(_message.c.id.in_(bindparam("b_ids", expanding=True)), _IS_FREE)
    .order_by(*_IN_ORDER)
    .limit(bindparam("b_limit"))
    .with_for_update(skip_locked=True)
)
"""What waits and that nobody changes just now; SQLite has one writer, so there nobody does."""

_SET_ASIDE = Bulk(
    update(_message).where(_message.c.id == bindparam("b_id")).values(lease_until=bindparam("lease_until")),
    ("b_id", "lease_until"),
)


def _change(*columns: str, skip_locked: bool = False) -> Single:
    """Changes these columns of a letter that still stands as it was read; if *skip_locked*, that nobody holds."""
    here = _message.c.id == bindparam("b_id")
    if skip_locked:
        here = _message.c.id == select(_message.c.id).where(here).with_for_update(skip_locked=True).scalar_subquery()
    statement = update(_message).where(here, *(_message.c[name] == bindparam(f"b_{name}") for name in AS_READ))
    return Single(
        statement.values({name: bindparam(name) for name in columns}),
        ("b_id", *(f"b_{name}" for name in AS_READ), *columns),
    )


_CLAIM = _change("status", "lease_until", "attempts", "raw", "message_id", skip_locked=True)
_OUTCOME = _change("status", "lease_until", "status_why", "sent_at", "attempts", "next_try_at")


def _stands(connection: Connection, letter_id: int, values: Mapping[str, Any]) -> bool:
    """Whether a letter has these values."""
    columns = (_message.c[name] for name in values)
    return connection.execute(select(*columns).where(_message.c.id == letter_id)).one()._mapping == values


def _written(row: Any, decision: Allowed | Redirected, pinned: str, now: datetime) -> Ready | Outcome:
    """The letter as mail, from the *pinned* templates; a failure for one that cannot be written: it stops no other."""
    try:
        return envelope(row, decision, templates_from(pinned), now)
    except (ValueError, S11Error) as error:
        return Outcome(Status.FAILED, f"The letter could not be written. {error}")
    except Exception as error:
        _log.exception("Letter %s could not be written.", row.id)
        return Outcome(Status.FAILED, f"The letter could not be written ({type(error).__name__}); see the log.")


@dataclass(frozen=True, slots=True)
class _Stopped:
    """Why a letter is not to leave: the event, the words its history has for it, and the sentence for people."""

    event: MessageEvent
    cause: str
    why: str


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
    wait = next_try(max(row.attempts, 1))
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
