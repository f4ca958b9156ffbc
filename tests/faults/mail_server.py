"""A mail server in a process of its own that has each mail on the disk before it says 250.

`python -m tests.faults.mail_server FOLDER` prints its port, and ends when its input does.
"""

from __future__ import annotations

import asyncio
import os
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP


@dataclass(frozen=True)
class Mail:
    """A mail as the server took it."""

    recipient: str
    raw: bytes


class _Keeps:
    """Writes down each mail, in the order in which they come."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count(1)

    async def handle_EHLO(  # noqa: N802
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Say that commands may come before their answers: so a mail may be asked for before the last is recorded."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", *responses[-1:]]

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a mail, then take it."""
        part = self.folder / "coming"
        with part.open("wb") as file:
            file.write(envelope.rcpt_tos[0].encode() + b"\n" + envelope.original_content)
            file.flush()
            os.fsync(file.fileno())
        part.rename(self.folder / f"{next(self._numbers):06}")
        return "250 kept"


async def _serve(folder: Path) -> None:
    loop = asyncio.get_running_loop()
    handler = _Keeps(folder)
    server = await loop.create_server(lambda: SMTP(handler, hostname="mail.example"), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


@dataclass(frozen=True)
class MailServer:
    """A running server: where it listens, and what it took."""

    port: int
    folder: Path

    @property
    def url(self) -> str:
        """Where mail leaves to reach it."""
        return f"smtp://127.0.0.1:{self.port}?tls=none"

    def taken(self) -> list[Mail]:
        """Give what it took since it was last asked, and forget it."""
        self._settle()
        mails = []
        for file in sorted(self.folder.iterdir()):
            recipient, _, raw = file.read_bytes().partition(b"\n")
            mails.append(Mail(recipient.decode(), raw))
            file.unlink()
        return mails

    def _settle(self) -> None:
        """Talk to it once: what others had said before it has then read too."""
        with smtplib.SMTP("127.0.0.1", self.port, "settled.example") as connection:
            connection.noop()


@contextmanager
def running_mail_server(folder: Path) -> Iterator[MailServer]:
    """Start a server that keeps mail in *folder*, and stop it afterwards."""
    command = [sys.executable, "-m", "tests.faults.mail_server", str(folder)]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield MailServer(int(process.stdout.readline()), folder)
        finally:
            process.stdin.close()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
