"""What the doctor has to go by: how an installation stands, as plain values that anybody may write down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from notifications.policy import PostPolicy
from s11flow.domain.definition import Definition
from s11flow.domain.model import AgencyStatus
from s11flow.settings import Settings

# --- the machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder that files are kept in. `path` is whole; of one that is not made yet, the first above it counts."""

    path: Path
    is_writable: bool = True
    is_open: bool = False
    """Whether everybody on this machine can look into it."""
    is_there: bool = True
    """Whether it was made already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimKey:
    """The key that letters are signed by; `public` is its public half, as the DNS has it."""

    path: Path
    bits: int
    public: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """The mail server of the settings; `trouble` is the sentence on what hindered a greeting and a login, if any."""

    host: str
    is_encrypted: bool = True
    is_local: bool = False
    trouble: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What was found on the machine that the doctor was called on."""

    program: Path
    """The folder that this program lies in."""
    strange_settings: tuple[tuple[str, str | None], ...] = ()
    """Variables named like ours that nothing reads, each with the one that may be meant."""
    mail_refused: str | None = None
    """What the mail setting is refused with, as a sentence."""
    mail: MailServer | None = None
    """None while letters go to a folder."""
    mailbox_refused: str | None = None
    """What the mailbox's setting is refused with, as a sentence."""
    mailbox_trouble: str | None = None
    """The sentence on what hindered a login at the mailbox, if it is on a server."""
    inbox: Folder | None = None
    """The Maildir that a setting names; None for a server, and for the one that is there by default."""
    dkim_refused: str | None = None
    """What the key that letters are signed by is refused with, as a sentence."""
    dkim: DkimKey | None = None
    outbox: Folder | None = None
    documents: Folder
    disks: tuple[tuple[Path, int], ...] = ()
    """One place on each disk that is written to, and the bytes that are free there."""
    open_secrets: tuple[Path, ...] = ()
    """Files of settings that everybody on this machine can read."""
    open_passwords: tuple[Path, ...] = ()
    """Those of them in which an address has a password."""
    clock_is_kept: bool | None = None
    """Whether the kernel holds the clock for synchronised; None where it does not say."""
    zone_rules: str | None = None
    """The release of the time zone database, such as `2026a`; None where it does not say."""
    packages: tuple[tuple[str, str | None], ...] = ()
    """What the product asks for, as it is written there, and which version is installed."""


# --- the database


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteFile:
    """A database in a file."""

    path: Path
    filesystem: str = ""
    """The type of what it lies on, such as `ext4`; empty where nobody says."""
    is_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresServer:
    """A database on a server."""

    major: int
    settings: Mapping[str, str]
    """Those that decide whether what it says it saved is saved, as it shows them: `on`, `off`, ..."""
    ahead: timedelta = timedelta()
    """By how much its clock is ahead of ours."""
    is_encrypted: bool = True
    is_local: bool = False
    is_superuser: bool = False
    """Whether it lets us do everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The database and its tables. `head` is the revision that this release works with."""

    kind: SqliteFile | PostgresServer | None = None
    """None when nothing could be opened, or nothing was there."""
    unusable: str | None = None
    """The sentence on why it could not be opened."""
    revision: str | None = None
    head: str | None = None
    is_known: bool = True
    """Whether this release has heard of `revision`."""


# --- the record


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A row of the register."""

    code: str
    name: str
    category: str
    status: AgencyStatus = AgencyStatus.ACTIVE
    is_member: bool = False
    """Whether another one reports for it."""
    contact: str | None = None
    senior_leader: str | None = None
    others: tuple[str, ...] = ()
    """The other addresses that letters of its go to."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address it has."""
        return tuple(address for address in (self.contact, self.senior_leader, *self.others) if address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A cycle that is not closed, and how what it was opened with differs from what there is now."""

    ref: str
    code: str
    new_holidays: Mapping[date, str]
    gone_holidays: Mapping[date, str]
    has_other_letters: bool = False
    has_other_definition: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A subject that the clock leaves alone until a person releases it."""

    ref: str
    since: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the database says about one partnership."""

    partnership: str
    definition: Definition
    is_shipped: bool = True
    """Whether the definition is the one that comes with this release."""
    register: tuple[Registered, ...] = ()
    cycles: tuple[Running, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    waiting: Mapping[str, int]
    """How many letters a person must see to, by the state they are in, in small letters."""
    beats: Mapping[str, datetime]
    """When each row of the schedule last ran."""
    mail_is_for: str = ""
    """The partnership that the schedule takes in the mailbox's mail for."""
    others: tuple[str, ...] = ()
    """The other partnerships of this installation."""


# --- all of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """An installation as it stands at `now`; `record` is None where the database cannot be read."""

    now: datetime
    settings: Settings
    policy: PostPolicy
    machine: Machine
    store: Store
    record: Record | None
