"""A small IMAP server in a process of its own: as much of RFC 9051 as a mailbox that is read and filed away asks for.

Whoever logs in names a folder, which is their account: each mailbox is a folder below it, each mail a file named by its
UID, its time that of its arrival. Nothing is remembered between two commands, so that a client may die at any of them.
With MOVE or without; mail is taken away by the client's own commands only.
`python -m tests.faults.imap_server` prints its port, and ends when its input does.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

_WORDS = re.compile(r'"((?:[^"\\]|\\.)*)"|(\([^)]*\))|(\S+)')
_DELETED = ".deleted"
UIDVALIDITY = 2026


@dataclass
class _Session:
    """What one client has told us so far, and what it is to be told."""

    moves: bool
    account: Path | None = None
    chosen: Path | None = None
    told: list[bytes] = field(default_factory=list)

    def say(self, line: str) -> None:
        self.told.append(b"* " + line.encode() + b"\r\n")

    def box(self, name: str) -> Path:
        assert self.account is not None
        return self.account / ("INBOX" if name.upper() == "INBOX" else name)

    def mail(self, uids: str) -> Iterator[tuple[int, Path]]:
        """The mails of the mailbox that is open with these UIDs, with their places in it."""
        assert self.chosen is not None
        wanted = set(uids.split(","))
        for place, path in enumerate(_mails(self.chosen), 1):
            if path.name in wanted:
                yield place, path


def _mails(box: Path) -> list[Path]:
    return sorted((path for path in box.iterdir() if path.name.isdigit()), key=lambda path: int(path.name))


def _next_uid(box: Path) -> str:
    return str(max((int(path.name) for path in _mails(box)), default=0) + 1)


def _flag(path: Path) -> Path:
    return path.with_name(f"{path.name}{_DELETED}")


# --- the commands: each gives the line that ends its answer


def _capability(session: _Session, _: list[str]) -> str:
    session.say(f"CAPABILITY IMAP4rev1 UIDPLUS{' MOVE' if session.moves else ''}")
    return "OK done"


def _login(session: _Session, words: list[str]) -> str:
    account = Path(words[0])
    if not account.is_dir():
        return "NO there is no such account"
    session.account = account
    return "OK logged in"


def _select(session: _Session, words: list[str]) -> str:
    session.chosen = session.box(words[0])
    session.say(f"{len(_mails(session.chosen))} EXISTS")
    session.say("FLAGS (\\Deleted)")
    session.say(f"OK [UIDVALIDITY {UIDVALIDITY}] as ever")
    return "OK [READ-WRITE] it is open"


def _status(session: _Session, words: list[str]) -> str:
    session.say(f'STATUS "{words[0]}" (UIDVALIDITY {UIDVALIDITY})')
    return "OK done"


def _list(session: _Session, words: list[str]) -> str:
    if session.box(words[1]).is_dir():
        session.say(f'LIST () "/" "{words[1]}"')
    return "OK done"


def _create(session: _Session, words: list[str]) -> str:
    session.box(words[0]).mkdir()
    return "OK made"


def _search(session: _Session, _: list[str]) -> str:
    assert session.chosen is not None
    session.say(" ".join(["SEARCH", *(path.name for path in _mails(session.chosen))]))
    return "OK done"


def _fetch(session: _Session, words: list[str]) -> str:
    for place, path in session.mail(words[0]):
        raw = path.read_bytes()
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%d-%b-%Y %H:%M:%S +0000")
        head = f'* {place} FETCH (UID {path.name} INTERNALDATE "{at}" BODY[] {{{len(raw)}}}\r\n'
        session.told.append(head.encode() + raw + b")\r\n")
    return "OK done"


def _copy(session: _Session, words: list[str]) -> str:
    to = session.box(words[1])
    for _, path in session.mail(words[0]):
        shutil.copy2(path, to / _next_uid(to))
    return "OK copied"


def _move(session: _Session, words: list[str]) -> str:
    to = session.box(words[1])
    for place, path in session.mail(words[0]):
        path.rename(to / _next_uid(to))
        session.say(f"{place} EXPUNGE")
    return "OK moved"


def _store(session: _Session, words: list[str]) -> str:
    for _, path in session.mail(words[0]):
        _flag(path).touch()
    return "OK marked"


def _expunge(session: _Session, words: list[str]) -> str:
    assert session.chosen is not None
    named = words[0].split(",") if words else None
    for place, path in reversed([*enumerate(_mails(session.chosen), 1)]):
        if _flag(path).exists() and (named is None or path.name in named):
            path.unlink()
            _flag(path).unlink()
            session.say(f"{place} EXPUNGE")
    return "OK gone"


_PLAIN: dict[str, Callable[[_Session, list[str]], str]] = {
    "CAPABILITY": _capability, "LOGIN": _login, "SELECT": _select, "STATUS": _status, "LIST": _list,
    "CREATE": _create, "NOOP": lambda session, words: "OK yes", "EXPUNGE": _expunge,
}  # fmt: skip
_BY_UID: dict[str, Callable[[_Session, list[str]], str]] = {
    "SEARCH": _search, "FETCH": _fetch, "COPY": _copy, "MOVE": _move, "STORE": _store, "EXPUNGE": _expunge,
}  # fmt: skip


def _answered(session: _Session, line: str) -> bytes:
    tag, *words = [quoted or braced or plain for quoted, braced, plain in _WORDS.findall(line)]
    by_uid = words[0].upper() == "UID"
    verb, *rest = words[1:] if by_uid else words
    does = (_BY_UID if by_uid else _PLAIN).get(verb.upper())
    end = "BAD what?" if does is None else does(session, rest)
    told, session.told = session.told, []
    return b"".join(told) + f"{tag} {end}\r\n".encode()


async def _talk(moves: bool, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    session = _Session(moves)
    writer.write(b"* OK here\r\n")
    with suppress(ConnectionError):
        while line := (await reader.readline()).decode().strip():
            if line.upper().endswith(" LOGOUT"):
                writer.write(f"* BYE\r\n{line.split()[0]} OK bye\r\n".encode())
                break
            writer.write(_answered(session, line))
            await writer.drain()
    with suppress(ConnectionError):
        writer.close()
        await writer.wait_closed()


async def _serve(moves: bool) -> None:
    loop = asyncio.get_running_loop()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _talk(moves, reader, writer)

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    os._exit(0)  # whoever is still connected is dead


# --- who starts it ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ImapServer:
    """A running server, and where it listens."""

    port: int

    def url(self, account: Path) -> str:
        """The setting for a mailbox that lies in a folder."""
        return f"imap://{quote(str(account), safe='')}:secret@127.0.0.1:{self.port}/INBOX?tls=none"


@contextmanager
def running_imap_server(*, moves: bool = True) -> Iterator[ImapServer]:
    """Start a server, with MOVE or without it, and stop it afterwards."""
    command = [sys.executable, "-m", "tests.faults.imap_server", *([] if moves else ["--without-move"])]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield ImapServer(int(process.stdout.readline()))
        finally:
            process.stdin.close()


if __name__ == "__main__":
    asyncio.run(_serve("--without-move" not in sys.argv[1:]))
