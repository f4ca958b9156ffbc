"""A mail server that misbehaves on cue: in each phase of a delivery, in every manner that a server has."""

from __future__ import annotations

import random
import socket
import socketserver
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product

from tests.faults.racing import Taken, taken_of

_PATIENCE = 20.0  # seconds after which a client that does not give up has shown that it never will
_DRIBBLE = 0.05


class Phase(StrEnum):
    """Where in the conversation."""

    GREETING = "greeting"
    EHLO = "EHLO"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    TEXT = "text"  # its first line has come
    END = "end of text"
    BETWEEN = "RSET or QUIT"


class Manner(StrEnum):
    """How the server fails."""

    LATER = "refuses for now"
    NEVER = "refuses for good"
    GOODBYE = "says that it closes, and does"
    STALL = "says nothing"
    DROP = "drops the connection"
    GARBAGE = "answers garbage"
    DRIBBLE = "answers without end"


Combination = tuple[Phase, Manner]
COMBINATIONS: tuple[Combination, ...] = tuple(product(Phase, Manner))

Cue = Callable[[Phase], Manner | None]

_SAID = {
    Manner.LATER: b"451 4.3.0 Not now\r\n",
    Manner.NEVER: b"554 5.7.1 Never\r\n",
    Manner.GOODBYE: b"421 4.3.2 Going down\r\n",
    Manner.GARBAGE: b"\x16\x03\x01\xfe\xff no mail here\r\n",
}


_WITH_PIPELINING = b"250-mail.example\r\n250 PIPELINING\r\n"


def behaves(_phase: Phase) -> Manner | None:
    """The cue of a server as it should be."""
    return None


@dataclass
class Once:
    """The cue to misbehave one time: when *phase* comes for the time after *skip* others."""

    phase: Phase
    manner: Manner
    skip: int = 0

    def __call__(self, phase: Phase) -> Manner | None:
        """The manner, if this is the moment."""
        if phase != self.phase or self.skip < 0:
            return None
        self.skip -= 1
        return self.manner if self.skip < 0 else None


@dataclass
class Dice:
    """The cue to misbehave in a *share* of all phases, by turns in every manner."""

    seed: int
    share: float
    met: Counter[Combination] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._one_at_a_time = threading.Lock()

    def __call__(self, phase: Phase) -> Manner | None:
        """Perhaps a manner: one of those that this phase has seen least."""
        with self._one_at_a_time:
            # Between two mails a server is asked something least often: there it misbehaves most of the time.
            if self._random.random() > (4 * self.share if phase is Phase.BETWEEN else self.share):
                return None
            manner = min(Manner, key=lambda manner: (self.met[phase, manner], self._random.random()))
            self.met[phase, manner] += 1
            return manner


@dataclass
class AwkwardServer:
    """A running server: its port, its cue, which may be changed at any time, and every mail that it took."""

    port: int
    cue: Cue = behaves
    takes_all_at_once: bool = False  # PIPELINING
    taken: list[Taken] = field(default_factory=list)


def _any_of(cues: Sequence[Cue]) -> Cue:
    return lambda phase: next((manner for cue in cues if (manner := cue(phase)) is not None), None)


class _Over(Exception):
    """This conversation has ended."""


@contextmanager
def awkward_server(*cues: Cue, takes_all_at_once: bool = False) -> Iterator[AwkwardServer]:
    """Run a mail server that misbehaves whenever one of *cues* says so; with PIPELINING or without."""
    with _Listener(("127.0.0.1", 0), _Conversation) as listener:
        listener.state = AwkwardServer(listener.server_address[1], _any_of(cues), takes_all_at_once)
        thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield listener.state
        finally:
            listener.shutdown()
            thread.join()


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 50
    state: AwkwardServer
    server_address: tuple[str, int]


class _Conversation(socketserver.StreamRequestHandler):
    server: _Listener
    connection: socket.socket

    def handle(self) -> None:
        self._at_once = self.server.state.takes_all_at_once
        self.connection.settimeout(_PATIENCE)
        with suppress(OSError, _Over):
            self._answer(Phase.GREETING, b"220 mail.example\r\n")
            while line := self.rfile.readline():
                self._command(line)

    def finish(self) -> None:
        with suppress(OSError):  # the other side may be gone
            super().finish()

    def _command(self, line: bytes) -> None:
        match line.split(b" ")[0].strip().upper():
            case b"EHLO" | b"HELO":
                self._answer(
                    Phase.EHLO, b"250-mail.example\r\n250 PIPELINING\r\n" if self._at_once else b"250 mail.example\r\n"
                )
            case b"MAIL":
                self._answer(Phase.MAIL, b"250 Yes\r\n")
            case b"RCPT":
                self._recipient = line.decode().partition("<")[2].partition(">")[0]
                self._answer(Phase.RCPT, b"250 Yes\r\n")
            case b"DATA":
                if self._answer(Phase.DATA, b"354 Go on\r\n"):
                    self._take()
            case b"RSET":
                self._answer(Phase.BETWEEN, b"250 Yes\r\n")
            case b"QUIT":
                self._answer(Phase.BETWEEN, b"221 Goodbye\r\n")
                raise _Over
            case _:
                self._say(b"500 What?\r\n")

    def _take(self) -> None:
        lines = [self.rfile.readline()]
        manner = self.server.state.cue(Phase.TEXT)
        if manner is not None:
            self._misbehave(manner)
        while lines[-1] not in (b".\r\n", b""):
            lines.append(self.rfile.readline())
        if lines.pop() == b"":
            raise _Over
        if manner is not None:
            return  # the answer to the text was given before its end
        text = b"".join(line.removeprefix(b".") if line.startswith(b"..") else line for line in lines)
        manner = self.server.state.cue(Phase.END)
        if manner in (None, Manner.STALL, Manner.DROP, Manner.GARBAGE, Manner.DRIBBLE):
            # It has the mail, and will deliver it: what it fails in is saying so.
            self.server.state.taken.append(taken_of(text, self._recipient))
        if manner is None:
            self._say(b"250 Taken\r\n")
        else:
            self._misbehave(manner)

    def _answer(self, phase: Phase, properly: bytes) -> bool:
        """Say what is proper and give True, unless this is the moment to misbehave."""
        manner = self.server.state.cue(phase)
        if manner is None:
            self._say(properly)
        else:
            self._misbehave(manner)
        return manner is None

    def _misbehave(self, manner: Manner) -> None:
        match manner:
            case Manner.LATER | Manner.NEVER | Manner.GARBAGE:
                self._say(_SAID[manner])
            case Manner.GOODBYE:
                self._say(_SAID[manner])
                self.connection.shutdown(socket.SHUT_WR)
                self._until_left()
            case Manner.STALL:
                self._until_left()
            case Manner.DROP:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.rfile.close()  # it holds the connection open
                self.connection.close()
                raise _Over
            case Manner.DRIBBLE:
                self._dribble()

    def _until_left(self) -> None:
        while self.rfile.readline():
            pass
        raise _Over

    def _dribble(self) -> None:
        """A long answer, a character now and then: no single wait is long."""
        ends = time.monotonic() + _PATIENCE
        while time.monotonic() < ends:
            for character in b"250-A moment\r\n":
                self._say(bytes([character]))
                time.sleep(_DRIBBLE)
        raise _Over

    def _say(self, what: bytes) -> None:
        self.connection.sendall(what)
