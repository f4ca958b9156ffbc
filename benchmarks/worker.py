"""A worker in a process of its own, as two of them stand beside each other: it ticks and delivers when it is told to.

`python -m benchmarks.worker DATABASE PORT INSTANT [--tick]` says `ready`, waits for a line, works until nothing is owed
at INSTANT and no letter waits, whoever has it, and says how many letters it sent itself.
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from sqlalchemy import exists, select

from benchmarks.crowd import TICKED_AT, database
from benchmarks.measure import timed
from db import queries
from db.unit_of_work import UnitOfWork
from notifications.policy import PostPolicy
from notifications.smtp import SmtpMailer
from s11flow.services.delivery import deliver
from s11flow.services.tick import tick

ROOT = Path(__file__).parents[1]

BATCH = 100
"""Subjects that a tick takes at a time, so that two workers have some each; of the usual batch one would take all."""

LONGEST = 120.0
"""Seconds after which a worker gives up: by then something stands still."""


def main(address: str, port: str, at: str, *flags: str) -> None:
    """Work once."""
    with database(address) as uow, SmtpMailer("127.0.0.1", int(port), tls="none", timeout=60) as mailer:
        print("ready", flush=True)
        sys.stdin.readline()
        print(_sent(uow, mailer, datetime.fromisoformat(at), ticks="--tick" in flags), flush=True)


def _sent(uow: UnitOfWork, mailer: SmtpMailer, now: datetime, *, ticks: bool) -> int:
    """Work by turns, as the schedule has it, and again where the other's work is not done yet."""
    sent, ends = 0, time.monotonic() + LONGEST
    while time.monotonic() < ends:
        if ticks:
            tick(uow, now=now, batch=BATCH)
        sent += deliver(uow, mailer, PostPolicy("live"), now=now).sent
        if _is_done(uow, now):
            return sent
        time.sleep(0.005)
    raise RuntimeError(f"After {LONGEST:g} seconds there is still something to do; {sent} letters were sent.")


def _is_done(uow: UnitOfWork, now: datetime) -> bool:
    """Whether nothing is owed and no letter is on its way."""
    with uow.read() as connection:
        owed = exists().where(queries.subject.c.next_due_at <= now)
        waits = exists().where(queries.message.c.status.in_(("QUEUED", "DELAYED", "SENDING")))
        return not connection.execute(select(owed | waits)).scalar_one()


def timed_workers(count: int, address: str, port: int, *flags: str, now: datetime = TICKED_AT) -> tuple[float, int]:
    """The seconds that *count* workers take together once they are ready, and how many letters they sent."""
    command = [sys.executable, "-m", "benchmarks.worker", address, str(port), now.isoformat(), *flags]
    with ExitStack() as stack:
        workers = [
            stack.enter_context(
                subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(count)
        ]
        for worker in workers:
            _heard(worker)
        with timed() as watch:
            for worker in workers:
                assert worker.stdin is not None
                worker.stdin.write("\n")
                worker.stdin.flush()
            sent = sum(int(_heard(worker)) for worker in workers)
    return watch.seconds, sent


def _heard(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout is not None
    said = worker.stdout.readline()
    if not said:
        raise RuntimeError("A worker ended before its work did; what it said is above.")
    return said


if __name__ == "__main__":
    main(*sys.argv[1:])
