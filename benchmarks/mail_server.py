"""A mail server in a process of its own: it takes every mail, keeps none, and knows which Message-IDs it has seen.

`python -m benchmarks.mail_server` prints its port; for each line it is then given it prints how many mails it took
since the last, and how many Message-IDs they had. It ends when its input does.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from aiosmtpd.smtp import SMTP


class _Takes:
    """Answers 250 to whole mails."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []

    async def handle_EHLO(  # noqa: N802
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Say, as mail servers do and aiosmtpd by itself does not, that commands may come before their answers."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", *responses[-1:]]

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a mail."""
        start = envelope.content.index(b"\nMessage-ID:")
        self.seen.append(envelope.content[start : envelope.content.index(b">", start)])
        return "250 taken"

    def counted(self) -> str:
        """How many mails were taken since the last count, and how many Message-IDs they had."""
        said = f"{len(self.seen)} {len(set(self.seen))}"
        self.seen.clear()
        return said


async def _serve() -> None:
    loop, takes = asyncio.get_running_loop(), _Takes()
    server = await loop.create_server(lambda: SMTP(takes, hostname="mail.example"), "127.0.0.1", 0)
    _say(str(server.sockets[0].getsockname()[1]))
    while await loop.run_in_executor(None, sys.stdin.readline):
        _say(takes.counted())


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@dataclass(frozen=True)
class MailServer:
    """A running server."""

    port: int
    process: subprocess.Popen[str]

    def counted(self) -> tuple[int, int]:
        """How many mails it took since it was last asked, and how many Message-IDs they had."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        mails, identities = self.process.stdout.readline().split()
        return int(mails), int(identities)


@contextmanager
def running_mail_server() -> Iterator[MailServer]:
    """Start a server, and stop it afterwards."""
    command = [sys.executable, "-m", "benchmarks.mail_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield MailServer(int(process.stdout.readline()), process)
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(_serve())
