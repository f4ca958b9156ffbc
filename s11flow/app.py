"""From settings to the parts that do the work: the one place that picks them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ArgumentError

from calendars import london
from db import migrate
from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from notifications.mailbox import Mailbox, mailbox_for
from notifications.mailer import FolderMailer, Mailer, mailer_for
from notifications.policy import PostPolicy
from notifications.token_command import token_by
from s11flow.clock import system_now
from s11flow.domain.errors import S11Error
from s11flow.services.heartbeat import last_beats
from s11flow.settings import (
    DKIM_KEY,
    MAIL_ALLOW,
    MAIL_REDIRECT,
    MAIL_URL,
    MAILBOX_URL,
    Settings,
    read_settings,
    refusal,
)

if TYPE_CHECKING:
    from s11flow.services.links import Open

LEEWAY = timedelta(minutes=5)
"""How far a given time may be from the clock in live: what two machines may differ by, not a rehearsal."""


class NotMigrated(S11Error):
    """The database is not there, or its tables are not those of this release."""


class ClockRefused(S11Error):
    """A given time that may not be used here."""


class ClockBehind(S11Error):
    """The time is before the last tick's; `waits_until` is the instant (UTC) from which work goes on."""

    def __init__(self, now: datetime, last_tick: datetime) -> None:
        self.waits_until = last_tick
        super().__init__(
            f"Nothing was done: it is {_spell(now)} here, but the last tick was on {_spell(last_tick)}; "
            "put the clock right, or wait until it has passed that time."
        )


def build_app(
    settings: Settings | None = None, *, clock: Callable[[], datetime] = system_now, root: Path | None = None
) -> App:
    """Wire an app from *settings*, by default those of the environment; nothing is opened until it is asked for.

    *clock* gives the present instant in UTC; *root* is the folder that relative mail and document folders lie in,
    by default the working directory. Raises `SettingsError`.
    """
    chosen = read_settings(os.environ) if settings is None else settings
    return App(chosen, clock, root or Path.cwd(), _policy(chosen))


@dataclass(frozen=True)
class App:
    """The parts that the services are handed. The database is opened at the first use and kept; `close` lets it go."""

    settings: Settings
    clock: Callable[[], datetime]
    root: Path
    policy: PostPolicy

    @cached_property
    def engine(self) -> Engine:
        """The database as it is, migrated or not: what `init` and `migrate` work on. Raises `DatabaseUnreachable`."""
        return open_engine(self.settings.database_url)

    @cached_property
    def unit_of_work(self) -> UnitOfWork:
        """Transactions on a database with the tables of this release. Raises `NotMigrated`, `DatabaseUnreachable`."""
        refuse_missing(self.settings.database_url)
        there = migrate.current(self.engine)
        if there != migrate.head():
            has = "has no tables of ours yet" if there is None else f"is at revision {there}"
            raise NotMigrated(f"The database {has}, this release works with {migrate.head()}; run `s11flow migrate`.")
        return UnitOfWork(self.engine)

    def mailer(self) -> Mailer:
        """Give a mailer of the caller's own: use it in a `with`, for one run. Raises `SettingsError`."""
        asked = token_by(self.settings.mail_token_command)
        try:
            mailer = mailer_for(self.settings.mail_url, root=self.root, token=asked)
        except ValueError as error:
            raise refusal(MAIL_URL, error) from None
        return mailer if isinstance(mailer, FolderMailer) else self._signing(mailer)

    def _signing(self, mailer: Mailer) -> Mailer:
        """The mailer, which signs if the settings say so; letters in a folder go to nobody who would look."""
        chosen = self.settings.dkim
        if chosen is None:
            return mailer
        from notifications.signing import Signer, SigningMailer, read_key  # noqa: PLC0415 - few sign, and it loads much

        try:
            key = read_key(self.root / chosen.key)
        except ValueError as error:
            raise refusal(DKIM_KEY, error) from None
        return SigningMailer(mailer, Signer(key, domain=chosen.domain, selector=chosen.selector).sign)

    def mailbox(self) -> Mailbox:
        """Give the mailbox that mail comes into: use it in a `with`, for one run. Raises `SettingsError`."""
        asked = token_by(self.settings.fetching_token_command)
        try:
            return mailbox_for(self.settings.mailbox_url, root=self.root, token=asked)
        except ValueError as error:
            raise refusal(MAILBOX_URL, error) from None

    def opener(self) -> Open | None:
        """Give what tries whether a link opens; None where that is not permitted, as in a demonstration."""
        if not self.settings.try_links or self.settings.mode == "demo":
            return None
        from s11flow.links.fetch import Opener  # noqa: PLC0415 - loads a tenth of a second's worth that only this needs

        return Opener().look

    @property
    def documents_dir(self) -> Path:
        """The folder that submitted files are kept in; it may not be there yet."""
        return self.root / self.settings.documents_dir

    @property
    def actor(self) -> str:
        """Who acts from here, as history records it."""
        return self.settings.actor

    def now(self, override: datetime | None = None, *, dry_run: bool = False) -> datetime:
        """Give the instant (UTC) to work as of: *override*, else the clock's.

        In live, what is not a *dry_run* keeps to the clock: an *override* more than `LEEWAY` from it raises
        `ClockRefused`, and a time before the last tick `ClockBehind`.
        """
        if override is not None and override.utcoffset() is None:
            raise ClockRefused(f"{override.isoformat()} has no time zone; write an offset, such as +01:00 or Z.")
        if self.settings.mode != "live" or dry_run:
            return self._utc(override or self.clock())
        last_tick = self._last_tick()  # before the clock: a tick that ends between the two does not put us behind
        clock = self.clock()
        if override is not None and abs(override - clock) > LEEWAY:
            raise ClockRefused(
                f"This is live, and {_spell(override)} is more than 5 minutes from the clock ({_spell(clock)}); "
                "leave the time out, or ask what would happen with --dry-run."
            )
        now = self._utc(override or clock)
        if last_tick is not None and now < last_tick:
            raise ClockBehind(now, last_tick)
        return now

    def close(self) -> None:
        """Let go of the database; whoever asks for it again opens it again."""
        for part in ("unit_of_work", "engine"):
            if part == "engine" and part in self.__dict__:
                self.engine.dispose()
            self.__dict__.pop(part, None)

    def _last_tick(self) -> datetime | None:
        with self.unit_of_work.read() as connection:
            tick = last_beats(connection).get("tick")
        return tick.at if tick else None

    @staticmethod
    def _utc(instant: datetime) -> datetime:
        return instant.astimezone(UTC)


def _policy(settings: Settings) -> PostPolicy:
    is_folder = settings.mail_url.lower().startswith("folder:")
    try:
        policy = PostPolicy(settings.mode, settings.mail_allow, is_folder=is_folder)
    except ValueError as error:
        raise refusal(MAIL_ALLOW, error) from None
    try:
        return replace(policy, redirect=settings.mail_redirect)
    except ValueError as error:
        raise refusal(MAIL_REDIRECT, error) from None


def refuse_missing(url: str) -> None:
    """Raise `NotMigrated` when *url* names an SQLite file that is not there.

    Opening it would make one: the wrong folder would look like an empty register.
    """
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        return  # opening it says what is wrong
    if address.get_backend_name() != "sqlite" or not address.database:
        return
    file = Path(address.database)
    if file.parent.is_dir() and not file.exists():
        raise NotMigrated(f"There is no database {file} yet; run `s11flow init`, or `s11flow migrate` for tables only.")


def _spell(instant: datetime) -> str:
    there = london.local(instant)
    return f"{london.spell_day(there.date())}, {there:%H:%M:%S}"
