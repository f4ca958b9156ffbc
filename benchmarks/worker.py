"""A worker in a process of its own, as two of them stand beside each other: it ticks and delivers when it is told to.

`python -m benchmarks.worker DATABASE PORT [--tick]` says `ready`, waits for a line, works, and says how many letters
it sent.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from benchmarks.crowd import TICKED_AT, database
from benchmarks.measure import timed
from notifications.policy import PostPolicy
from notifications.smtp import SmtpMailer
from s11flow.services.delivery import deliver
from s11flow.services.tick import tick

ROOT = Path(__file__).parents[1]


def main(address: str, port: str, *flags: str) -> None:
    """Work once."""
    with database(address) as uow, SmtpMailer("127.0.0.1", int(port), tls="none", timeout=60) as mailer:
        print("ready", flush=True)
        sys.stdin.readline()
        if "--tick" in flags:
            tick(uow, now=TICKED_AT)
        print(deliver(uow, mailer, PostPolicy("live"), now=TICKED_AT).sent, flush=True)


def timed_workers(count: int, address: str, port: int, *flags: str) -> tuple[float, int]:
    """The seconds that *count* workers take together once they are ready, and how many letters they sent."""
    command = [sys.executable, "-m", "benchmarks.worker", address, str(port), *flags]
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
