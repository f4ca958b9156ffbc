"""The seams at which a process can be ended, watched from outside the product: SQL, commits, files, mail, children.

What is watched stays watched until the process ends, so it is done in a process that is about to.
"""

from __future__ import annotations

import imaplib
import io
import os
import re
import smtplib
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine, event


@dataclass
class Points:
    """Names and counts the points that a process passes, and tells `at` of each: its number, from 1, and its name.

    A name says what, on which side and which time: `commit:after#3`.
    """

    at: Callable[[int, str], None] = lambda number, name: None
    names: list[str] = field(default_factory=list)
    _seen: Counter[str] = field(default_factory=Counter)

    def reach(self, what: str, side: str) -> None:
        """Pass one point; *side* is `before`, `half` or `after`."""
        self._seen[what] += side == "before"
        self.names.append(f"{what}:{side}#{self._seen[what]}")
        self.at(len(self.names), self.names[-1])

    def around(self, what: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, with a point before and one after it."""

        def passed(*args: Any, **more: Any) -> Any:
            self.reach(what, "before")
            result = function(*args, **more)
            self.reach(what, "after")
            return result

        return passed


def watch(engine: Engine, folder: Path, points: Points) -> None:
    """Watch all seams: what *engine* does, files written below *folder*, what is said to mail servers and children."""
    _watch_database(engine, points)
    _watch_files(folder, points)
    _watch_mail(points)
    _watch_mailbox(points)
    _watch_children(points)


# --- the database ----------------------------------------------------------------------------------------------------

_ABOUT = re.compile(r"\s*(\w+)(?:.*?\b(?:FROM|INTO|UPDATE|LOCAL)\s+\"?(\w+))?", re.IGNORECASE | re.DOTALL)


def _watch_database(engine: Engine, points: Points) -> None:
    def executes(side: str, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        points.reach(f"sql {_named(statement)}", side)

    for side in ("before", "after"):
        event.listen(engine, f"{side}_cursor_execute", partial(executes, side))
    for name in ("commit", "rollback"):
        setattr(engine.dialect, f"do_{name}", points.around(name, getattr(engine.dialect, f"do_{name}")))


def _named(statement: str) -> str:
    if statement.startswith("UPDATE"):
        return " ".join(statement.split(None, 2)[:2])
    found = _ABOUT.match(statement)
    return " ".join(filter(None, found.groups())) if found else statement[:20]


def lose_the_answer(engine: Engine, number: int) -> None:
    """Let commit *number* be done, and then raise what a client gets whose connection broke before it heard of it."""
    commit, done = engine.dialect.do_commit, Counter[str]()

    def unheard(connection: Any) -> None:
        commit(connection)
        done["commits"] += 1
        if done["commits"] == number:
            raise _broken(connection)

    setattr(engine.dialect, "do_commit", unheard)  # noqa: B010 - no checker lets a method be replaced


def _broken(connection: Any) -> Exception:
    if isinstance(connection.dbapi_connection, sqlite3.Connection):
        failed = sqlite3.OperationalError("disk I/O error")
        failed.sqlite_errorname = "SQLITE_IOERR"
        return failed
    connection.dbapi_connection.close()
    return psycopg.OperationalError("consuming input failed: server closed the connection unexpectedly")


# --- files -----------------------------------------------------------------------------------------------------------


def _watch_files(folder: Path, points: Points) -> None:
    for name in ("fsync", "replace", "rename", "unlink", "mkdir"):
        setattr(os, name, points.around(name, getattr(os, name)))
    plain = io.open

    def opens(path: Any, mode: str = "r", *args: Any, **more: Any) -> Any:
        writes = set(mode) & set("wax+")
        if not writes or not isinstance(path, str | Path) or not Path(path).is_relative_to(folder):
            return plain(path, mode, *args, **more)
        return _Watched(points.around("open", plain)(path, mode, *args, **more), points)

    setattr(io, "open", opens)  # noqa: B010


class _Watched:
    """A file that is written, with a point in the middle of each writing too."""

    def __init__(self, file: Any, points: Points) -> None:
        self._file, self._points = file, points

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _Watched:
        return self

    def __exit__(self, *_: object) -> None:
        self._points.around("close", self._file.close)()

    def write(self, content: Any) -> int:
        self._points.reach("write", "before")
        half = len(content) // 2
        self._file.write(content[:half])
        self._file.flush()
        self._points.reach("write", "half")
        self._file.write(content[half:])
        self._points.reach("write", "after")
        return len(content)


# --- mail ------------------------------------------------------------------------------------------------------------

END_OF_TEXT = "smtp end of text"
REPLY_TO_TEXT = "smtp reply to end of text"
_VERBS = frozenset({"EHLO", "HELO", "MAIL", "RCPT", "DATA", "RSET", "QUIT"})


def _watch_mail(points: Points) -> None:
    connect, send, getreply = smtplib.SMTP.connect, smtplib.SMTP.send, smtplib.SMTP.getreply
    said = "connect"

    def sends(self: smtplib.SMTP, what: Any) -> None:
        nonlocal said
        raw = what.encode("ascii") if isinstance(what, str) else bytes(what)
        verb = raw[:4].decode("ascii", "replace").strip().upper()
        said = verb if verb in _VERBS else "end of text" if raw == b".\r\n" else "text"
        name = f"smtp {said}"
        points.reach(name, "before")
        if said == "text":
            half = len(raw) // 2
            send(self, raw[:half])
            points.reach(name, "half")
            raw = raw[half:]
        send(self, raw)
        points.reach(name, "after")

    def hears(self: smtplib.SMTP) -> Any:
        return points.around(f"smtp reply to {said}", getreply)(self)

    for name, watched in (("connect", points.around("smtp connect", connect)), ("send", sends), ("getreply", hears)):
        setattr(smtplib.SMTP, name, watched)


# --- the mailbox, and who reads what is in it ------------------------------------------------------------------------


def _watch_mailbox(points: Points) -> None:
    send, completed = imaplib.IMAP4.send, imaplib.IMAP4._command_complete  # type: ignore[attr-defined]
    said = "greeting"

    def sends(self: imaplib.IMAP4, data: bytes) -> None:
        nonlocal said
        verbs = data.decode("ascii", "replace").split()[1:3]
        said = " ".join(verbs if verbs[0] == "UID" else verbs[:1])
        points.around(f"imap {said}", send)(self, data)

    def hears(self: imaplib.IMAP4, *args: Any) -> Any:
        return points.around(f"imap answer to {said}", completed)(self, *args)

    for name, watched in (("send", sends), ("_command_complete", hears)):
        setattr(imaplib.IMAP4, name, watched)


def _watch_children(points: Points) -> None:
    """A process of ours that is started, asked, heard, and ended."""
    for name in ("__init__", "kill", "wait"):
        setattr(subprocess.Popen, name, points.around(f"child {name.strip('_')}", getattr(subprocess.Popen, name)))
    setattr(os, "read", points.around("child answer", os.read))  # noqa: B010
