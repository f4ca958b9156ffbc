"""What every command stands in: the app and the time it works with, and how what goes wrong is said.

Nothing here is imported at the top that takes time to load: `--help` and a mistyped word are answered at once.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from db.errors import DatabaseProblem, DatabaseUnreachable
from s11flow.cli.show import WOULD_CHANGE
from s11flow.domain.errors import S11Error
from s11flow.settings import SettingsError

if TYPE_CHECKING:
    from db.unit_of_work import UnitOfWork
    from s11flow.app import App
    from s11flow.cli.rehearsal import Rehearsal


class Exit(IntEnum):
    """What the caller of the command learns from its end."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    PERSON = 3
    NOT_CONFIGURED = 4


class NotConfigured(S11Error):
    """Nothing can be done before somebody sets something up."""


_OF_A_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)


class Root(TyperGroup):
    """All commands; what is refused below ends in one sentence on stderr. Bugs crash, loudly."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command, and end with the exit code that goes with what was refused."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            raise said(error.format_message(), Exit.USAGE) from None
        except (S11Error, DatabaseProblem, SettingsError) as error:
            raise said(str(error), _exit_of(error)) from None
        except Exception as error:
            if (sentence := _no_ones_fault(error)) is None:
                raise
            raise said(sentence, Exit.REFUSED) from None


def said(sentence: str, code: Exit) -> typer.Exit:
    """Say why on stderr, on one line; give what to raise."""
    typer.echo(" ".join(sentence.split()), err=True)
    return typer.Exit(code)


def _exit_of(error: Exception) -> Exit:
    if isinstance(error, NotConfigured | SettingsError | DatabaseUnreachable):
        return Exit.NOT_CONFIGURED
    if _is(error, "s11flow.app", "NotMigrated"):
        return Exit.NOT_CONFIGURED
    return Exit.REFUSED


def _is(error: Exception, module: str, name: str) -> bool:
    """Whether *error* is of a sort that a heavy module knows; whoever raised it has loaded that, nobody else need."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(error, getattr(loaded, name))


def _no_ones_fault(error: Exception) -> str | None:
    """What no program is to blame for, so that no trace helps: a race that was lost, an answer nobody could take."""
    if _is(error, "s11flow.services.subjects", "ChangedMeanwhile"):
        return "Nothing was changed: someone else has just changed this; look at it and try again."
    if isinstance(error, OSError) and error.errno in _OF_A_DISK:
        with suppress(OSError):
            sys.stdout.close()  # or Python tries it once more at the end, and says so
        return (
            f"A disk did not take what was written to it ({error.strerror}); make room or see to it, and look at what "
            "was done before you do it again."
        )
    return None


# --- the app and the time ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command works with: the app, the database (on a dry run one that forgets), whose cycle, and the time."""

    app: App
    uow: UnitOfWork
    partnership: str
    now: datetime
    dry_run: bool

    @property
    def by(self) -> str:
        """Who acts."""
        return self.app.actor

    @property
    def parts(self) -> App | Rehearsal:
        """What a row of the schedule works with."""
        if not self.dry_run:
            return self.app
        from s11flow.cli.rehearsal import Rehearsal

        return Rehearsal(self.app, self.uow)

    def year(self, given: str | None) -> str:
        """The code of a cycle: the *given* one, or the newest there is."""
        if given is not None:
            return given
        from s11flow.services.views import newest_cycle

        with self.uow.read() as connection:
            return str(newest_cycle(connection, self.partnership).code)

    def case(self, ref: str) -> str:
        """The reference of a case however it was typed: capitals do not matter, `05A` is the newest cycle's case."""
        from db import queries
        from s11flow.services.views import newest_cycle

        with self.uow.read() as connection:
            if queries.subject_by_ref(connection, ref.upper()) is not None:
                return ref.upper()
            short = f"{newest_cycle(connection, self.partnership).ref}-{ref}".upper()
            return ref if queries.subject_by_ref(connection, short) is None else short


@contextmanager
def opened() -> Iterator[App]:
    """The app of the environment, closed afterwards; whether there is a database nobody has asked yet."""
    from s11flow.app import build_app

    app = build_app()
    try:
        yield app
    finally:
        app.close()


@contextmanager
def at_work(
    partnership: str | None,
    *,
    now: datetime | None = None,
    dry_run: bool = False,
    reads: bool = False,
    looks_ahead: bool = True,
) -> Iterator[Desk]:
    """A desk for one command. On a dry run all that is written is forgotten at the end.

    A dry run that *looks ahead* is told with what would come otherwise than it would have. A command that only *reads*
    may ask about any time, in live too.
    """
    WOULD_CHANGE.set(None)
    with opened() as app:
        uow = app.unit_of_work
        code = _partnership(uow, partnership)
        at = app.now(now, dry_run=dry_run or reads)
        if not dry_run:
            yield Desk(app, uow, code, at, dry_run)
            return
        from db.rehearsal import rehearsed

        with rehearsed(uow) as forgets:
            desk = Desk(app, forgets, code, at, dry_run)
            with _compared(desk) if looks_ahead else nullcontext():
                yield desk


@contextmanager
def _compared(desk: Desk) -> Iterator[None]:
    """Keep, for whoever prints the answer, what the block makes come otherwise."""
    from s11flow.services.changes import difference, outlook

    before = outlook(desk.uow, partnership=desk.partnership, now=desk.now)
    yield
    after = outlook(desk.uow, partnership=desk.partnership, now=desk.now)
    WOULD_CHANGE.set(difference(before, after))


def _partnership(uow: UnitOfWork, given: str | None) -> str:
    from db import queries
    from s11flow.services.partnerships import find_partnership

    with uow.read() as connection:
        if not queries.partnerships(connection):
            raise NotConfigured("There is no partnership here yet; run `s11flow init` first.")
    return find_partnership(uow, given)
