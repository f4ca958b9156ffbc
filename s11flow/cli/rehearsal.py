"""A dry run: the real services on the real data, in one transaction that is thrown away, and no mail sent.

What is printed is thus what would have happened; nobody hears of it and nothing is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from db.unit_of_work import UnitOfWork
from notifications.mailbox import Incoming, Mailbox
from notifications.mailer import Mailer, Outcome, Status
from notifications.outcome import Closing, nothing
from notifications.policy import PostPolicy
from s11flow.app import App
from s11flow.services.submissions import Documents


@dataclass(frozen=True)
class Rehearsal:
    """The parts of an app with its database forgotten and its post kept back."""

    app: App
    unit_of_work: UnitOfWork

    @property
    def policy(self) -> PostPolicy:
        """Who may be written to: as in earnest."""
        return self.app.policy

    @property
    def documents_dir(self) -> Path:
        """Where submitted files are."""
        return self.app.documents_dir

    def mailer(self) -> Mailer:
        """Give a mailer that takes every mail and sends none."""
        return _Nowhere()

    def mailbox(self) -> Mailbox:
        """Give the mailbox, out of which nothing is moved."""
        return LeftAlone(self.app.mailbox())

    def opener(self) -> None:
        """Nothing: no server is asked for anything."""


class LeftAlone(Closing):
    """A mailbox that is looked into and left as it is."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def incoming(self) -> Iterator[Incoming]:
        """What is in it."""
        with self._mailbox:
            yield from self._mailbox.incoming()

    def file_away(self, key: str) -> None:
        """Nothing."""


class _Nowhere(Closing):
    """A mailer for letters that must not leave."""

    def send(
        self, raw: bytes, *, sender: str, recipient: str, name: str, meanwhile: Callable[[], None] = nothing
    ) -> Outcome:
        """Say that it would be handed over."""
        return Outcome(Status.SENT, "not sent: this is a dry run")


@contextmanager
def documents_for(app: App, dry_run: bool) -> Iterator[Documents]:
    """The folder of submitted files; on a dry run one that is gone afterwards."""
    if not dry_run:
        yield Documents(app.documents_dir)
        return
    with TemporaryDirectory() as folder:
        yield _Beside(Path(folder), app.documents_dir)


@dataclass(frozen=True, slots=True)
class _Beside(Documents):
    """A folder that is filled, beside the one in earnest, which is only read."""

    in_earnest: Path

    def place(self, digest: str) -> Path:
        """Where the content of *digest* lies."""
        own = Documents.place(self, digest)
        return own if own.exists() else Documents(self.in_earnest).place(digest)
