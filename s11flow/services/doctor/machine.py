"""Looks at the machine: its settings, mail server, folders, disks, clock and packages. Changes nothing."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import stat
import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from notifications.mailbox import ImapMailbox, Maildir, mailbox_for
from notifications.mailer import FolderMailer, SmtpMailer, mailer_for
from notifications.policy import PostPolicy
from notifications.signing import KeyRefused, read_key
from notifications.token_command import token_by
from s11flow import settings as known
from s11flow.services.doctor.facts import DkimKey, Folder, Machine, MailServer
from s11flow.settings import DKIM_KEY, MAIL_URL, MAILBOX_URL, Settings, refusal

_PROGRAM = Path(__file__).resolve().parents[2]
_PATIENCE = 15.0  # seconds for a mail server that is only greeted
_PASSWORD = re.compile(r"^\s*(?:export\s+)?S11FLOW_[A-Z_]*URL\s*=.*?://[^\s/:@]*:[^\s/@]+@", re.MULTILINE)
_SECRETS = (".env", "s11flow.env", "/etc/s11flow.env")


def kernel_keeps_time() -> bool | None:
    """Whether the kernel holds its clock for synchronised by somebody, NTP or a host; None where it does not say."""
    try:
        answer = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))  # all zero: a question, not an order
    except (OSError, AttributeError):
        return None
    return None if answer < 0 else answer != _TIME_ERROR


_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised


def look_around(
    settings: Settings,
    policy: PostPolicy,
    environ: Mapping[str, str],
    *,
    root: Path,
    keeps_time: Callable[[], bool | None] = kernel_keeps_time,
) -> Machine:
    """Gather what the doctor's rules want to know of this machine; relative folders lie in *root*.

    Mail server and mailbox are greeted and logged in to, unless this is a demonstration, which sends nothing; no mail
    is sent or read.
    """
    refused, mail, outbox = _mail(settings, policy, root)
    mailbox_refused, mailbox_trouble, inbox = _mailbox(settings, policy, root)
    dkim_refused, dkim = _dkim(settings, root)
    open_files = tuple(path for name in _SECRETS if _holds_ours(path := root / name) and is_open(path))
    documents = folder(root / settings.documents_dir)
    database = _file_of(settings.database_url, root)
    places = [documents.path, *([outbox.path] if outbox else ()), *([database.parent] if database else ())]
    return Machine(
        program=_PROGRAM,
        strange_settings=tuple(_strange(environ)),
        mail_refused=refused,
        mail=mail,
        mailbox_refused=mailbox_refused,
        mailbox_trouble=mailbox_trouble,
        inbox=inbox,
        dkim_refused=dkim_refused,
        dkim=dkim,
        outbox=outbox,
        documents=documents,
        disks=tuple(_disks(places)),
        open_secrets=open_files,
        open_passwords=tuple(path for path in open_files if _holds_a_password(path)),
        clock_is_kept=keeps_time(),
        zone_rules=_zone_rules(),
        packages=tuple(_packages()),
    )


def folder(path: Path) -> Folder:
    """How the folder at *path* stands; of one that is not there yet, the first above it says whether it can be made."""
    whole = path.absolute()
    there = next(place for place in (whole, *whole.parents) if place.exists())
    return Folder(
        path=whole,
        is_writable=there.is_dir() and os.access(there, os.W_OK | os.X_OK),
        is_open=there == whole and is_open(whole),
        is_there=there == whole,
    )


def is_open(path: Path) -> bool:
    """Whether everybody on this machine may read what is at *path*: it is open, and so is the way there."""
    whole = path.resolve()
    try:
        may_enter = all(place.stat().st_mode & stat.S_IXOTH for place in whole.parents)
        return may_enter and bool(whole.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False  # not even we may look


def _strange(environ: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    ours = {value for value in vars(known).values() if isinstance(value, str) and value.startswith("S11FLOW_")}
    for name in sorted(environ):
        if name.upper().startswith("S11FLOW_") and name not in ours:
            close = get_close_matches(name.upper(), ours, n=1, cutoff=0.8)
            yield name, (close[0] if close else None)


def _mail(settings: Settings, policy: PostPolicy, root: Path) -> tuple[str | None, MailServer | None, Folder | None]:
    try:
        mailer = mailer_for(settings.mail_url, root=root, token=token_by(settings.mail_token_command))
    except ValueError as error:
        return str(refusal(MAIL_URL, error)), None, None
    match mailer:
        case FolderMailer():
            return None, None, folder(mailer.folder)
        case SmtpMailer():
            trouble = None if policy.mode == "demo" else mailer.greet(within=_PATIENCE)
            return (
                None,
                MailServer(
                    host=mailer.host,
                    is_encrypted=mailer.is_encrypted,
                    is_local=mailer.is_local,
                    trouble=trouble.detail if trouble else None,
                ),
                None,
            )
    return None, None, None


def _mailbox(settings: Settings, policy: PostPolicy, root: Path) -> tuple[str | None, str | None, Folder | None]:
    try:
        mailbox = mailbox_for(settings.mailbox_url, root=root, token=token_by(settings.fetching_token_command))
    except ValueError as error:
        return str(refusal(MAILBOX_URL, error)), None, None
    match mailbox:
        case ImapMailbox() if policy.mode != "demo":
            return None, mailbox.greet(within=_PATIENCE), None
        case Maildir() if settings.mailbox_url != Settings().mailbox_url:
            return None, None, folder(mailbox.folder)
    return None, None, None


def _dkim(settings: Settings, root: Path) -> tuple[str | None, DkimKey | None]:
    if settings.dkim is None:
        return None, None
    path = root / settings.dkim.key
    try:
        key = read_key(path)
    except KeyRefused as error:
        return str(refusal(DKIM_KEY, error)), None
    return None, DkimKey(path=path, bits=key.bits, public=key.public)


def _file_of(url: str, root: Path) -> Path | None:
    scheme, _, place = url.partition(":///")
    return (root / place).absolute() if scheme.lower().startswith("sqlite") and place else None


def _disks(places: Iterable[Path]) -> Iterator[tuple[Path, int]]:
    seen: set[int] = set()
    for place in places:
        there = next(above for above in (place, *place.parents) if above.exists())
        if (disk := there.stat().st_dev) not in seen:
            seen.add(disk)
            yield there, shutil.disk_usage(there).free


def _holds_ours(path: Path) -> bool:
    try:
        return "S11FLOW_" in path.read_text("utf-8", errors="replace")
    except OSError:
        return False


def _holds_a_password(path: Path) -> bool:
    try:
        return bool(_PASSWORD.search(path.read_text("utf-8", errors="replace")))
    except OSError:
        return False


def _zone_rules() -> str | None:
    """The release that `zoneinfo` takes Europe/London from: the system's if it has it, else the package's."""
    for place in map(Path, zoneinfo.TZPATH):
        if (place / "Europe/London").exists():
            return _release_in(place / "tzdata.zi")
    try:
        return metadata.version("tzdata").partition(".")[0]
    except metadata.PackageNotFoundError:
        return None


def _release_in(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8") as lines:
            first = lines.readline().split()
    except OSError:
        return None
    return first[-1] if first[:2] == ["#", "version"] else None


def _packages() -> Iterator[tuple[str, str | None]]:
    try:
        wanted = metadata.requires("s11flow") or []
    except metadata.PackageNotFoundError:
        return  # run from its folder, not installed
    for text in wanted:
        if "extra ==" not in text:
            yield text, _installed(text)


def _installed(text: str) -> str | None:
    try:
        return metadata.version(Requirement(text).name)
    except metadata.PackageNotFoundError:
        return None
