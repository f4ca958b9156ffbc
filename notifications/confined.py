"""Reading mail in a process of its own, which may die of it.

Mail from outside can make a parser take all memory, all time, or a wrong turn. A child reads one mail after another,
with limits that the kernel holds: 2 seconds of processor and 256 MB for each, and no file may be written. When it dies,
that mail is unreadable, with the reason, and the next one gets another child.
"""

from __future__ import annotations

import json
import os
import resource
import selectors
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from dataclasses import asdict, replace
from datetime import datetime
from email.message import Message
from pathlib import Path
from typing import Any, BinaryIO, Final

from notifications.bounce import Bounce, Failure, Lasting
from notifications.classify import CalendarFile, Classified, Kind
from notifications.outcome import Closable
from notifications.outlook import BEGINNING, NotOutlook, mail_in
from notifications.reading import MOST_BYTES, File, ReadMail, Unreadable, parse, read

SECONDS: Final = 2
"""Of processor, for one mail."""
PATIENCE: Final = 30.0
"""Seconds by the clock, for one mail: a machine may be busy with other things."""
MEMORY: Final = 256 * 1024 * 1024
_WORD: Final = 8
_MOST_TOLD: Final = 80_000_000
_CHUNK: Final = 1 << 20


class Reader(Closable):
    """Reads stored mail in a child process that is started when it is needed. Used by one thread at a time."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def read(self, path: Path) -> ReadMail:
        """What the mail stored at *path* says. Raises Unreadable with the reason, FileNotFoundError if nothing is."""
        if not path.is_file():
            raise FileNotFoundError(path)
        try:
            told = self._asked(path)
            mail = None if "unreadable" in told else _mail(told)
        except _Died as died:
            self.close()
            raise Unreadable(str(died)) from None
        except (ValueError, TypeError, LookupError, RecursionError):  # whoever took the child over may say anything
            self.close()
            raise Unreadable("the process that reads mail answered something else") from None
        if mail is None:
            raise Unreadable(str(told["unreadable"]))
        return mail

    def _asked(self, path: Path) -> dict[str, Any]:
        try:
            return _asked(self._running(), path)
        except _WasGone:  # it saw nothing of this mail, which gets another
            self.close()
            return _asked(self._running(), path)

    def close(self) -> None:
        """End the child, if there is one."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()
        child.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self.close()
            self._child = subprocess.Popen(
                [sys.executable, "-m", "notifications.confined"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # a trace would hold the words of the mail
                env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUTF8": "1", "PATH": os.defpath},
            )
        return self._child


class _Died(Exception):
    """The child is no more, or has to be no more; says why in a clause."""


class _WasGone(_Died):
    """The child had ended before it was asked."""


def _asked(child: subprocess.Popen[bytes], path: Path) -> dict[str, Any]:
    if child.stdin is None or child.stdout is None:
        raise RuntimeError("The child that reads mail has no pipes.")
    ends = time.monotonic() + PATIENCE
    try:
        child.stdin.write(f"{path.resolve()}\n".encode())
        child.stdin.flush()
    except OSError:
        raise _WasGone("the process that reads mail ended") from None
    size = int.from_bytes(_exactly(child, child.stdout, _WORD, ends), "big")
    if size > _MOST_TOLD:
        raise _Died("there is more in it than can be told")
    told = json.loads(_exactly(child, child.stdout, size, ends))
    if not isinstance(told, dict):
        raise TypeError("what a child tells of a mail has names")
    return told


def _exactly(child: subprocess.Popen[bytes], pipe: Any, size: int, ends: float) -> bytes:
    found = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while len(found) < size:
            if not selector.select(max(0.0, ends - time.monotonic())):
                raise _Died(f"reading it took longer than {PATIENCE:.0f} seconds")
            piece = os.read(pipe.fileno(), min(_CHUNK, size - len(found)))
            if not piece:
                raise _Died(_last_words(child))
            found += piece
    return bytes(found)


def _last_words(child: subprocess.Popen[bytes]) -> str:
    """Why the child ended, by how it ended."""
    code = child.wait()
    if code in {-24, -9}:  # SIGXCPU at its limit, SIGKILL after it
        return f"reading it took longer than {SECONDS} seconds of processor"
    if code == _NO_MEMORY:
        return f"reading it took more than {MEMORY // (1024 * 1024)} MB"
    return "the process that reads mail ended over it"


# --- the way between the two, as JSON: nothing that a child says is run


def _told(mail: ReadMail) -> dict[str, Any]:
    told = asdict(mail)
    told["written_at"] = mail.written_at.isoformat() if mail.written_at else None
    told["files"] = [
        {"name": file.name, "content_type": file.content_type, "content": b64encode(file.content).decode("ascii")}
        for file in mail.files
    ]
    told["classified"]["calendars"] = [
        [b64encode(file.content).decode("ascii"), file.method, file.charset] for file in mail.classified.calendars
    ]
    return told


def _mail(told: dict[str, Any]) -> ReadMail:
    classified = told["classified"]
    bounce = classified["bounce"]
    return ReadMail(
        **told
        | {
            "classified": Classified(
                Kind(classified["kind"]),
                classified["why"],
                bounce and _bounce(bounce),
                tuple(CalendarFile(b64decode(content), *rest) for content, *rest in classified["calendars"]),
                classified["automatic"],
                classified["asks"],
                classified["is_reply"],
            ),
            "answers": tuple(told["answers"]),
            "to": tuple(told["to"]),
            "written_at": datetime.fromisoformat(told["written_at"]) if told["written_at"] else None,
            "files": tuple(File(one["name"], one["content_type"], b64decode(one["content"])) for one in told["files"]),
        }
    )


def _bounce(told: dict[str, Any]) -> Bounce:
    failures = [Failure(**one) for one in told["failures"]]
    return Bounce(tuple(replace(one, lasting=Lasting(one.lasting)) for one in failures), told["about"])


# --- the child

_NO_MEMORY = 77


def main() -> int:
    """Answer each path on the standard input with what the mail there says, until the input ends."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for line in sys.stdin.buffer:
        _give_time()
        try:
            answer = _answer(Path(line.decode().rstrip("\n")))
        except MemoryError:
            return _NO_MEMORY
        sys.stdout.buffer.write(len(answer).to_bytes(_WORD, "big"))
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()
    return 0


def _give_time() -> None:
    """The kernel counts the whole process, so that the limit moves on with each mail."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _answer(path: Path) -> bytes:
    try:
        with path.open("rb") as source:
            return _as_bytes(source)
    except Unreadable as why:
        return json.dumps({"unreadable": str(why)}).encode()
    except RecursionError:
        return json.dumps({"unreadable": "it is nested deeper than can be read"}).encode()


def _as_bytes(source: BinaryIO) -> bytes:
    is_outlook = source.read(len(BEGINNING)) == BEGINNING
    source.seek(0)
    return json.dumps(_told(read(_of_outlook(source) if is_outlook else parse(source))), ensure_ascii=True).encode()


def _of_outlook(source: BinaryIO) -> Message:
    if source.seek(0, os.SEEK_END) > MOST_BYTES:
        raise Unreadable(f"it is larger than {MOST_BYTES // 1_000_000} MB")
    source.seek(0)
    try:
        return mail_in(source)
    except NotOutlook as why:
        raise Unreadable(str(why)) from None


if __name__ == "__main__":
    sys.exit(main())
