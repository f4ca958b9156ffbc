"""Watches what a piece of work asks of the kernel, and strikes at any one of those calls: from outside, with strace.

A server process has the product imported and forks one child for each piece of work. The child stops itself, strace
takes hold of it, and it goes on; what it says comes back through shared memory, so that all it writes is its work.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import io
import json
import mmap
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

WRITES = ("write", "pwrite64", "writev", "pwritev")
SYNCS = ("fsync", "fdatasync", "sync_file_range", "msync")
NAMES = (
    "rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir",
    "truncate", "ftruncate", "fallocate",
)  # fmt: skip
SENDS = ("sendto", "sendmsg")
MAKES = ("open", "openat", "creat")  # counted only where they make a file
ALL = (*WRITES, *SYNCS, *NAMES, *SENDS, *MAKES)

LONGEST = 60.0
"""Seconds after which a piece of work counts as hanging; none takes a tenth of that."""

_ROOM = 1 << 20  # bytes for what a child says
_RAISED = 99


@dataclass(frozen=True)
class Call:
    """One thing asked of the kernel: its name, which of its name it was (from 1), and the line strace has for it."""

    name: str
    number: int
    line: str

    def __str__(self) -> str:
        return f"{self.name} {self.number}"

    def is_at(self, name: str) -> bool:
        """Whether its line speaks of a path, or of bytes, in which that is."""
        return "".join(f"\\x{byte:02x}" for byte in name.encode()) in self.line


@dataclass(frozen=True)
class Ended:
    """How a piece of work ended: `code` is None where a signal ended it, `said` is what it returned, if it did."""

    code: int | None
    signal: int | None
    said: Any
    log: str = ""

    @property
    def killed(self) -> bool:
        """Whether it was killed."""
        return self.signal == signal.SIGKILL

    @property
    def struck(self) -> bool:
        """Whether a call was refused or the work killed: one that came out shorter than before may not be."""
        return self.killed or "(INJECTED)" in self.log


class Hangs(AssertionError):
    """Work that did not come to an end."""


# --- in the test's process -------------------------------------------------------------------------------------------


class Forks:
    """A server that forks a child for each piece of work; it has *modules* imported already."""

    def __init__(self, *modules: str) -> None:
        words = [sys.executable, "-m", "tests.faults.syscalls", *modules]
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("S11FLOW_", "COV_"))}
        self._server = subprocess.Popen(
            words, cwd=ROOT, env={**environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        try:
            self._hear()  # that it is ready
        except ValueError:
            self.close()
            raise RuntimeError("The process to fork from did not start; its last words are on stderr.") from None

    def close(self) -> None:
        """End the server."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()

    def run(self, work: str, *args: object) -> Any:
        """What `module:function` returns (as JSON has it) in a child that nobody touches."""
        ended = self._run(work, args)
        assert ended.code == 0, ended.said
        return ended.said

    def warm_up(self, work: str, *args: object) -> None:
        """Do that in the server itself: what it has loaded and worked out then, no child needs to."""
        said = self._ask({"work": work, "args": args, "here": True})["said"]
        assert said is None, said

    def watched(self, work: str, *args: object, log: Path) -> tuple[Ended, tuple[Call, ...]]:
        """The same with strace looking on, and all it asked of the kernel, in order."""
        ended = self._run(work, args, log, "-y", "-s", "65536", "-xx")
        return ended, tuple(calls(ended.log))

    def struck(self, work: str, *args: object, log: Path, inject: Sequence[str]) -> Ended:
        """The same with what strace's `--inject` says done to it."""
        return self._run(work, args, log, "-s", "0", *(f"--inject={each}" for each in inject))

    def _run(self, work: str, args: Sequence[object], log: Path | None = None, *options: str) -> Ended:
        pid = self._ask({"work": work, "args": args, "held": log is not None})["pid"]
        if log is None:
            return _ended(self._ask({}, pid))
        with _held(pid, log, options):
            answer = self._ask({}, pid)
        return _ended(answer, log.read_text("latin-1"))

    def _ask(self, question: dict[str, Any], pid: int | None = None) -> dict[str, Any]:
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(question) + "\n")
        self._server.stdin.flush()
        return self._hear(pid)

    def _hear(self, pid: int | None = None) -> dict[str, Any]:
        assert self._server.stdout is not None
        if not select.select([self._server.stdout], [], [], LONGEST)[0]:
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
                self._server.stdout.readline()
            raise Hangs(f"The work had not ended after {LONGEST:g} seconds.")
        answer: dict[str, Any] = json.loads(self._server.stdout.readline())
        return answer


def _ended(answer: dict[str, Any], log: str = "") -> Ended:
    return Ended(answer["code"], answer["signal"], answer["said"], log)


@contextmanager
def _held(pid: int, log: Path, options: Iterable[str]) -> Iterator[None]:
    names = ",".join(f"?{name}" for name in ALL)  # not every machine has all of them
    words = ["strace", *options, "-o", str(log), "-e", f"trace={names}", "-p", str(pid)]
    tracer = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    assert tracer.stderr is not None
    try:
        said = tracer.stderr.readline()
        if "attached" not in said:
            os.kill(pid, signal.SIGKILL)
            os.kill(pid, signal.SIGCONT)
            raise RuntimeError(f"strace could not take hold of the child: {said.strip()}")
        yield
    finally:
        tracer.wait()
        tracer.stderr.close()


_LINE = re.compile(r"(\w+)\((.*)")


def calls(log: str) -> Iterator[Call]:
    """What a log tells of, without files that were only looked into."""
    numbers: Counter[str] = Counter()
    for line in log.splitlines():
        found = _LINE.match(line)
        if not found:
            continue
        name = found[1]
        numbers[name] += 1
        if name not in MAKES or "O_CREAT" in line:
            yield Call(name, numbers[name], line)


def kill_at(call: Call) -> list[str]:
    """Ended by kill -9 as it makes that call, which then does not happen."""
    return [f"{call.name}:signal=KILL:when={call.number}"]


def refuse(call: Call, error: str) -> list[str]:
    """That one call is refused."""
    return [f"{call.name}:error={error}:when={call.number}"]


def refuse_from(all_calls: Sequence[Call], call: Call, error: str, kinds: Iterable[str]) -> list[str]:
    """That call and every one of its *kinds* that follows is refused."""
    before = Counter(each.name for each in all_calls[: all_calls.index(call)])
    return [f"?{name}:error={error}:when={before[name] + 1}+" for name in kinds]


def fast_folder() -> str | None:
    """Where files are kept in memory, if anywhere: a kill is the same there, and nothing waits for a disk."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and os.access(memory, os.W_OK) else None


@cache
def why_not() -> str:
    """Why no strace can take hold of a process here, or empty if one can."""
    if shutil.which("strace") is None:
        return "strace is not installed (Debian: apt install strace)"
    probe = subprocess.run(
        ["strace", "-o", os.devnull, "-e", "trace=write", "--inject=write:error=EIO:when=1", "true"],
        capture_output=True, text=True,
    )  # fmt: skip
    if probe.returncode:
        return f"strace may trace nothing here ({' '.join(probe.stderr.split())[:120]})"
    return ""


# --- the server ------------------------------------------------------------------------------------------------------


def serve(modules: Sequence[str]) -> None:
    """Fork a child for each line on stdin; answer with its pid, then, when told to let it go on, with its end."""
    for module in modules:
        importlib.import_module(module)
    _answer({})
    for line in sys.stdin:
        order = json.loads(line)
        if "here" in order:
            _answer({"said": _done(order)[0]})
            gc.freeze()  # so that the children's collectors leave what they share alone
            continue
        said = mmap.mmap(-1, _ROOM)
        pid = os.fork()
        if pid == 0:
            os._exit(_child(order, said))
        os.waitpid(pid, os.WUNTRACED)  # it has stopped itself
        _answer({"pid": pid})
        sys.stdin.readline()
        os.kill(pid, signal.SIGCONT)
        _, status = os.waitpid(pid, 0)
        by_signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        text = said[:].rstrip(b"\0").decode()
        said.close()
        _answer(
            {
                "code": None if by_signal else os.WEXITSTATUS(status),
                "signal": by_signal,
                "said": json.loads(text) if text else None,
            }
        )


def _answer(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


def _child(order: dict[str, Any], room: mmap.mmap) -> int:
    _let_anyone_trace()
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.kill(os.getpid(), signal.SIGSTOP)
    said, code = _done(order)
    text = json.dumps(said).encode()
    room[: len(text)] = text
    return code


def _done(order: dict[str, Any]) -> tuple[Any, int]:
    module, _, name = order["work"].partition(":")
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        try:
            return getattr(importlib.import_module(module), name)(*order["args"]), 0
        except BaseException:
            return traceback.format_exc(), _RAISED


def _let_anyone_trace() -> None:
    """Where only a parent may trace its children (Yama), say that strace may as well."""
    ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)


if __name__ == "__main__":
    serve(sys.argv[1:])
