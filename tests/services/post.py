"""The other end of the mail: a server that answers as it is told, and what the outbox looks like afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from db.unit_of_work import UnitOfWork
from notifications.outcome import Closing, Outcome, Status, nothing
from notifications.policy import PostPolicy
from s11flow.services.delivery import Delivered, deliver
from s11flow.services.outbox import list_messages
from s11flow.services.tick import tick
from tests.remembered import once
from tests.services.scene import at

LIVE = PostPolicy("live")
REQUESTED = at("2026-07-06 09:00")  # the requests leave, and a digest
REQUESTS = 6  # letters that then wait: a digest, two requests with a copy each, a notice to the covered agency

TOOK = Outcome(Status.SENT, "The server took it (250).")
LATER = Outcome(Status.DELAYED, "The server asked to wait (451).")
REFUSED = Outcome(Status.FAILED, "The server refused pat@agency.example (550).")
LOST = Outcome(Status.UNCERTAIN, "The server was lost before it answered.")
DOWN = Outcome(Status.DELAYED, "The server could not be reached.", unreachable=True)


@dataclass(frozen=True)
class Mail:
    """What reached the server."""

    recipient: str
    name: str
    raw: bytes


@dataclass
class Server(Closing):
    """A mail server with an answer for each recipient; `taken` is what it got whole, `seen` whom it was asked for."""

    answer: Callable[[str], Outcome] = lambda _: TOOK
    taken: list[Mail] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def send(
        self, raw: bytes, *, sender: str, recipient: str, name: str, meanwhile: Callable[[], None] = nothing
    ) -> Outcome:
        """Answer, and keep what was taken."""
        outcome = self.answer(recipient)
        self.seen.append(recipient)
        if outcome.status in (Status.SENT, Status.UNCERTAIN):
            self.taken.append(Mail(recipient, name, raw))
        return outcome


def answering(outcome: Outcome) -> Server:
    """A server with one answer for everybody."""
    return Server(lambda _: outcome)


def delivered(uow: UnitOfWork, server: Server, now: datetime, policy: PostPolicy = LIVE) -> Delivered:
    """One run of the deliverer."""
    return deliver(uow, server, policy, now=now)


def requested(uow: UnitOfWork) -> UnitOfWork:
    """An opened cycle on the day of the request, with what was owed before delivered and the requests waiting."""

    def request() -> None:
        before = at("2026-06-29 09:00")
        tick(uow, now=before)
        deliver(uow, Server(), LIVE, now=before)
        tick(uow, now=REQUESTED)

    once(uow, "requested", request)
    return uow


def statuses(uow: UnitOfWork, kind: str | None = None) -> dict[str, str]:
    """How each letter stands, by `agency/due key/recipient`."""
    with uow.read() as connection:
        return {row["dedupe_key"].split("/", 2)[2]: row["status"] for row in list_messages(connection, kind=kind)}


def id_of(uow: UnitOfWork, key: str) -> int:
    """The id of the letter whose key ends so."""
    with uow.read() as connection:
        (found,) = [int(row["id"]) for row in list_messages(connection) if row["dedupe_key"].endswith(key)]
    return found
