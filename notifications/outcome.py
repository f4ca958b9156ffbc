"""What can become of a mail, and what every mailer promises."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self


class Status(StrEnum):
    """What became of one attempt to send one mail."""

    SENT = "sent"  # the server (or the folder) took it
    DELAYED = "delayed"  # nothing left; the same bytes may be tried later
    FAILED = "failed"  # it was refused for good; trying again is no use
    UNCERTAIN = "uncertain"  # it was handed over whole, and the answer was lost: it may or may not have been taken


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt, with a sentence for the person who looks after the post.

    *needs_person* is True where waiting alone will not help: a wrong password, an untrusted certificate, no room.
    *unreachable* is True where nobody was there to hand it to: it is about the server or the folder, not this mail.
    """

    status: Status
    detail: str
    needs_person: bool = False
    unreachable: bool = False


def nothing() -> None:
    """Do nothing while a server thinks."""


class Mailer(Protocol):
    """Where mail leaves the house. Used by one thread at a time."""

    def send(
        self, raw: bytes, *, sender: str, recipient: str, name: str, meanwhile: Callable[[], None] = nothing
    ) -> Outcome:
        """Try once to hand over *raw* for *recipient*; never raises for what the other side does.

        *name* is a safe file stem, such as ``2026-10-20_0930_000123_reminder``. *meanwhile* may be called, once, while
        the other side thinks about the mail: it is for work that can be done then, and need not be.
        """

    def announce(self, raw: bytes, *, sender: str, recipient: str) -> None:
        """Say that *raw* for *recipient* is likely to be the next mail, so that the other side may get ready for it.

        Only `send` makes a mail of it: until then it is none, and another may be sent instead. Never raises for what
        the other side does.
        """

    def close(self) -> None:
        """Let go of what is held open; sending again opens it again."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Closable:
    """``with`` closes it at the end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what is held open; there is nothing unless a subclass says so."""


class Closing(Closable):
    """A mailer that ``with`` closes at the end; what is next need not be known."""

    def announce(self, raw: bytes, *, sender: str, recipient: str) -> None:
        """Nothing is to be made ready unless a subclass says so."""
