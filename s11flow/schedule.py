"""What runs when: the one table that the worker, the Prefect deployments and the documentation are made from."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from db import queries
from db.unit_of_work import UnitOfWork
from notifications.confined import Reader
from notifications.mailbox import Mailbox
from notifications.mailer import Mailer
from notifications.policy import PostPolicy
from s11flow.services import heartbeat, intake, links, unread
from s11flow.services.delivery import deliver
from s11flow.services.submissions import Documents
from s11flow.services.tick import tick
from s11flow.services.verify import verify

Counters = dict[str, int]

STOPPED = "stopped"
"""Counted by a run that could not do what its row is for: the mailbox was away."""

_log = logging.getLogger(__name__)


class Parts(Protocol):
    """What a row works with; an `App` has it."""

    @property
    def unit_of_work(self) -> UnitOfWork:
        """Transactions on the database."""
        ...

    @property
    def policy(self) -> PostPolicy:
        """Who may be written to."""
        ...

    @property
    def documents_dir(self) -> Path:
        """Where submitted files are."""
        ...

    def mailer(self) -> Mailer:
        """Give a mailer for one run."""
        ...

    def mailbox(self) -> Mailbox:
        """Give the mailbox for one run."""
        ...

    def opener(self) -> links.Open | None:
        """Give what tries whether a link opens; None where that is not permitted."""
        ...


@dataclass(frozen=True, kw_only=True)
class Row:
    """One thing that is done again and again: `service` counts what it did, `why` says what it is for.

    It runs *every* so often round the clock, or by *cron* (five fields, wall-clock time in *zone*). Between midnight
    and 3am a wall clock shows some times twice and others never, once a year each: nothing is put there.
    """

    name: str
    service: Callable[[Parts, datetime], Counters]
    why: str
    every: timedelta | None = None
    cron: str | None = None
    zone: str = "Europe/London"
    at_once: bool = True
    """Whether a worker that starts runs it straight away, whatever the time."""

    def __post_init__(self) -> None:
        if (self.every is None) == (self.cron is None):
            raise ValueError(f"The row {self.name!r} must say either how often or, as a cron, when it runs.")
        if self.cron is not None and not _is_safe(self.cron):
            raise ValueError(
                f"The row {self.name!r} may run between midnight and 3am, when clocks change; give its cron plain "
                "hours from 3 to 23."
            )


def _is_safe(cron: str) -> bool:
    _minute, hours, *_days = cron.split()
    return all(re.fullmatch(r"[0-9]+", hour) and 3 <= int(hour) <= 23 for hour in hours.split(","))


def _tick(parts: Parts, now: datetime) -> Counters:
    for code in _partnerships(parts.unit_of_work)[:1]:  # whose the mailbox is
        if unread.hold_silence(parts.unit_of_work, partnership=code, now=now) is not None:
            _log.warning("Silence is not reported: the mailbox has not been read since a deadline.")
    return counted(tick(parts.unit_of_work, now=now).as_json())


def _deliver(parts: Parts, now: datetime) -> Counters:
    with parts.mailer() as mailer:
        done = deliver(parts.unit_of_work, mailer, parts.policy, now=now)
    if done.stopped:
        _log.warning("Delivery ended early: %s", done.stopped)
    return counted(done.as_json())


def _collect(parts: Parts, now: datetime) -> Counters:
    done = intake.Collected()
    for code in _partnerships(parts.unit_of_work)[:1]:  # one mailbox is one partnership's
        with Reader() as reader:
            documents = Documents(parts.documents_dir)
            done = intake.collect(
                parts.unit_of_work, documents, parts.mailbox(), reader, partnership=code, now=now
            )  # fmt: skip
        if not done.stopped:
            unread.let_go(parts.unit_of_work, partnership=code, now=now)
    if done.stopped:
        _log.warning("Collecting mail ended early: %s", done.stopped)
    return {**counted(done.as_json()), **({STOPPED: 1} if done.stopped else {})}


def _partnerships(uow: UnitOfWork) -> list[str]:
    with uow.read() as connection:
        return [row.code for row in queries.partnerships(connection)]


def _links(parts: Parts, now: datetime) -> Counters:
    opener = parts.opener()
    return {"permitted": 0} if opener is None else links.run(parts.unit_of_work, opener, now=now)


def _heartbeat(parts: Parts, now: datetime) -> Counters:
    return heartbeat.look(parts.unit_of_work, ("tick", "deliver", "collect"), now=now)


def _verify(parts: Parts, now: datetime) -> Counters:
    found = counted(verify(parts.unit_of_work, now=now, documents=parts.documents_dir).as_json())
    if found["broken"]:
        _log.error("%d things in the database are not as they should be; run `s11flow verify`.", found["broken"])
    return found


ROWS = (
    Row(
        name="tick",
        service=_tick,
        every=timedelta(seconds=60),
        why="Does what the timetable owes by now; an idle tick asks the database one question.",
    ),
    Row(
        name="deliver",
        service=_deliver,
        every=timedelta(seconds=60),
        why="Hands letters that are due to the mail server, and tries the delayed ones again.",
    ),
    Row(
        name="collect",
        service=_collect,
        every=timedelta(seconds=60),
        why="Takes in what came to the mailbox, files what is sure and leaves the rest in the tray.",
    ),
    Row(
        name="links",
        service=_links,
        every=timedelta(minutes=5),
        why="Tries whether the links of reports that came open for anyone, if that is permitted; else does nothing.",
    ),
    Row(
        name="heartbeat",
        service=_heartbeat,
        every=timedelta(minutes=5),
        at_once=False,  # those that it looks at get their first turn before
        why="Warns when tick or deliver has not run for ten minutes, or collect has not read the mailbox.",
    ),
    Row(
        name="verify",
        service=_verify,
        cron="0 5 * * *",
        why="Reads every history again each morning, before anyone works with it, and says what does not add up.",
    ),
)


def row(name: str) -> Row:
    """Give the row called *name*."""
    return next(row for row in ROWS if row.name == name)


def run(row: Row, parts: Parts, now: datetime) -> Counters:
    """Do what *row* is for as of *now* and record that it ran; what it counted comes back.

    A run that counts itself as `STOPPED` is not recorded, so that one that does so for long is missed.
    """
    counters = row.service(parts, now)
    if STOPPED not in counters:
        heartbeat.beat(parts.unit_of_work, row.name, now, counters)
    return counters


def counted(report: Mapping[str, Any]) -> Counters:
    """Keep the numbers of a service's report, and how many there are of what it lists; nothing that names anyone."""
    sizes = {name: len(value) if isinstance(value, list | tuple) else value for name, value in report.items()}
    return {name: size for name, size in sizes.items() if isinstance(size, int)}
