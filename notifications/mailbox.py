"""Where mail comes in: a Maildir folder, an IMAP server, or one mbox file that is read once.

A mailbox hands over the raw bytes and nothing else. Mail stays where it is until whoever took it in says that it is
safe elsewhere; then it is moved to a folder beside the inbox. Nothing is ever deleted.
"""

from __future__ import annotations

import imaplib
import mailbox as stdlib
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Protocol, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError

from notifications.address import has_control_character, is_loopback

FILED: Final = "Filed"
"""The folder that mail is moved to once it is kept elsewhere, unless the setting names another."""
TIMEOUT: Final = 30.0
"""Seconds that an IMAP server has for each answer."""
_EXAMPLE = "write maildir:inbox or imaps://user:password@mail.example"

Token = Callable[[], str]
"""Gives an access token (OAuth 2.0), a new one each time it is asked."""


class MailboxUnavailable(Exception):
    """The mailbox cannot be read just now; the text says what is the matter, and never a password."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A mail as the mailbox has it. *arrived_at* is when the mailbox took it (UTC); *key* is its name there."""

    key: str
    raw: bytes
    arrived_at: datetime


class Mailbox(Protocol):
    """Where mail comes in; used by one thread at a time, in a `with`."""

    def incoming(self) -> Iterator[Incoming]:
        """Each mail that was not filed away, oldest first. Raises MailboxUnavailable."""
        ...

    def file_away(self, key: str) -> None:
        """Move a mail out of the inbox; nothing happens if it is there no more. Raises MailboxUnavailable."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def mailbox_for(url: str, *, root: Path, token: Token | None = None) -> Mailbox:
    """Give the mailbox that a setting describes; folders are relative to *root*.

    ``maildir:inbox``; ``imaps://user:password@host``; ``imap://user:password@host?tls=starttls`` (or ``tls=none`` for
    this machine). After the host may stand a folder, ``/INBOX``, and ``?filed=Done`` names the one that mail is moved
    to. With *token* the server is asked by OAuth 2.0 and the password left out. A wrong one is a ValueError: one
    sentence, and it never repeats the setting, which holds a password.
    """
    scheme, _, rest = url.partition(":")
    match scheme.lower():
        case "maildir":
            return Maildir(_folder(rest, root))
        case "imap" | "imaps":
            return _imap(url, token)
    raise ValueError(f"The mailbox address begins with none of maildir:, imap:// and imaps://; {_EXAMPLE}.")


def _folder(text: str, root: Path) -> Path:
    path = re.sub(r"^//(?=/)", "", text)
    if not path or path.startswith("//") or has_control_character(path):
        raise ValueError(f"The mailbox address names no folder; {_EXAMPLE}.")
    return root / path


class _Closing:
    """A `with` that closes."""

    def close(self) -> None:
        """Let go of whatever is open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


# --- Maildir


class Maildir(_Closing):
    """A Maildir: what lies in ``new`` and ``cur`` is incoming, ``.Filed`` is where it goes.

    It is made when it is not there, so that a mail server finds it. A file may be dropped into ``new`` by hand.
    """

    def __init__(self, folder: Path, filed: str = FILED) -> None:
        self.folder = folder
        self._filed = folder / f".{filed}" / "cur"

    def incoming(self) -> Iterator[Incoming]:
        """Each mail in ``new`` and ``cur``; *arrived_at* is when its file was last written."""
        try:
            for part in ("new", "cur", "tmp"):
                (self.folder / part).mkdir(parents=True, exist_ok=True)
            found = [path for part in ("new", "cur") for path in (self.folder / part).iterdir() if _is_mail(path)]
            found.sort(key=lambda path: (path.stat().st_mtime, path.name))
        except OSError as error:
            raise self._unavailable(error) from None
        for path in found:
            with suppress(FileNotFoundError):  # somebody else moved it meanwhile
                at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                try:
                    raw = path.read_bytes()
                except FileNotFoundError:
                    raise
                except OSError as error:
                    raise self._unavailable(error) from None
                yield Incoming(f"{path.parent.name}/{path.name}", raw, at)

    def file_away(self, key: str) -> None:
        """Move it into ``.Filed/cur``, its name marked as seen."""
        part, _, name = key.partition("/")
        if part not in {"new", "cur"} or not _is_mail(Path(name)) or "/" in name:
            raise ValueError("That is not a key that this mailbox gave.")
        try:
            for beside in ("cur", "new", "tmp"):
                self._filed.with_name(beside).mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                (self.folder / part / name).rename(self._filed / f"{name.partition(':2,')[0]}:2,S")
        except OSError as error:
            raise self._unavailable(error) from None

    def _unavailable(self, error: OSError) -> MailboxUnavailable:
        return MailboxUnavailable(
            f"The mailbox {self.folder} cannot be read ({error.strerror or error}); see who may read and write there."
        )


def _is_mail(path: Path) -> bool:
    return bool(path.name) and not path.name.startswith(".")


# --- mbox


class Mbox(_Closing):
    """One mbox file, read and left as it is: what an old mailbox was exported to."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def incoming(self) -> Iterator[Incoming]:
        """Each mail in the file in its order; *arrived_at* is what its ``From`` line says, else the file's own time."""
        try:
            otherwise = datetime.fromtimestamp(self._file.stat().st_mtime, UTC)
            box = stdlib.mbox(self._file, create=False)
        except (OSError, stdlib.Error) as error:
            raise MailboxUnavailable(f"The file {self._file} cannot be read ({error}); name an mbox file.") from None
        try:
            for key in box.keys():  # noqa: SIM118 - a mailbox's keys are not what iterating gives
                line = box.get_bytes(key, from_=True).partition(b"\n")[0]
                yield Incoming(str(key), box.get_bytes(key), _from_line(line) or otherwise)
        finally:
            box.close()

    def file_away(self, key: str) -> None:
        """Nothing: the file is left as it is."""


def _from_line(line: bytes) -> datetime | None:
    """`From somebody Mon Jul  6 09:00:00 2026`, in UTC as mail programs write it."""
    told = line.decode("ascii", "replace").split(None, 2)
    with suppress(ValueError, IndexError):
        return datetime.strptime(" ".join(told[2].split()[:5]), "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    return None


# --- IMAP

Tls = Literal["tls", "starttls", "none"]
_PORTS: Final = {"tls": 993, "starttls": 143, "none": 143}


def _imap(url: str, token: Token | None) -> ImapMailbox:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # its text repeats the setting
        raise ValueError(f"The mailbox's port is not a number; {_EXAMPLE}.") from None
    if not host or not parts.username or parts.fragment or has_control_character(url):
        raise ValueError(
            "The mailbox address is not complete, or has a character in user or password that must be "
            f"percent-encoded; {_EXAMPLE}."
        )
    options = _options(parts.query)
    tls = _tls(parts.scheme.lower(), options)
    return ImapMailbox(
        host,
        port or _PORTS[tls],
        username=unquote(parts.username),
        password=unquote(parts.password or ""),
        token=token,
        tls=tls,
        folder=unquote(parts.path.strip("/")) or "INBOX",
        filed=options.get("filed", FILED),
        insecure=options.get("insecure") == "yes",
    )


def _options(query: str) -> dict[str, str]:
    try:
        options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    except ValueError:
        options = {"": ""}
    if not options.keys() <= {"tls", "filed", "insecure"} or options.get("filed") == "":
        raise ValueError(f"After ? the mailbox address takes tls=, filed= and insecure=; {_EXAMPLE}.")
    return options


def _tls(scheme: str, options: dict[str, str]) -> Tls:
    asked = options.get("tls", "tls" if scheme == "imaps" else "starttls")
    if scheme == "imaps" and asked != "tls":
        raise ValueError(f"imaps:// is TLS from the first byte and takes no other tls=; {_EXAMPLE}.")
    match asked:
        case "none" | "starttls" | "tls":
            return asked
    raise ValueError(f"The mailbox's tls is one of none, starttls and tls; {_EXAMPLE}.")


class ImapMailbox(_Closing):
    """A folder on an IMAP server, asked when it is looked into; the connection is kept until `close`.

    A key names the folder's UIDVALIDITY too: when the server numbers its mail anew, a key of before moves nothing.
    """

    def __init__(
        self, host: str, port: int, *, username: str, password: str, token: Token | None, tls: Tls, folder: str,
        filed: str, insecure: bool = False, timeout: float = TIMEOUT,
    ) -> None:  # fmt: skip
        if tls == "none" and not is_loopback(host):
            raise ValueError("A password is not sent to a mailbox without TLS; use tls=starttls.")
        self._host, self._port, self._tls, self._timeout = host, port, tls, timeout
        self._username, self._password, self._token = username, password, token
        self._folder, self._filed = folder, filed
        self._insecure = insecure
        self._box: BaseMailBox | None = None
        self._validity = ""

    def incoming(self) -> Iterator[Incoming]:
        """Each mail in the folder; it is fetched without being marked as read."""
        with self._in_our_words():
            uids = self._open().uids()
        for uid in uids:
            with self._in_our_words():
                found = self._fetch(uid)
            if found is not None:
                yield found

    def file_away(self, key: str) -> None:
        """Move it to the folder for what is filed, which is made when it is not there."""
        validity, _, uid = key.partition(":")
        with self._in_our_words():
            box = self._open()
            if validity != self._validity:
                return
            self._make_filed(box)
            box.move([uid], self._filed)

    def close(self) -> None:
        """Log out, as far as the server still listens."""
        box, self._box = self._box, None
        if box is not None:
            with suppress(OSError, imaplib.IMAP4.error, ImapToolsError):
                box.logout()

    def _open(self) -> BaseMailBox:
        if self._box is None:
            self._box = self._logged_in()
            status = self._box.folder.status(self._folder, ["UIDVALIDITY"])
            self._validity = str(status["UIDVALIDITY"])
        return self._box

    def _logged_in(self) -> BaseMailBox:
        box = self._connection()
        try:
            if self._token is not None:
                return box.xoauth2(self._username, self._token(), initial_folder=self._folder)
            return box.login(self._username, self._password, initial_folder=self._folder)
        except BaseException:
            with suppress(OSError, imaplib.IMAP4.error):
                box.client.shutdown()
            raise

    def _connection(self) -> BaseMailBox:
        if self._tls == "none":
            return MailBoxUnencrypted(self._host, self._port, timeout=self._timeout)
        context = ssl.create_default_context()
        if self._insecure:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if self._tls == "starttls":
            return MailBoxStartTls(self._host, self._port, timeout=self._timeout, ssl_context=context)
        return MailBox(self._host, self._port, timeout=self._timeout, ssl_context=context)

    def _fetch(self, uid: str) -> Incoming | None:
        """The raw bytes, which imap-tools would parse; None for a mail that is gone meanwhile."""
        _, found = self._open().client.uid("FETCH", uid, "(INTERNALDATE BODY.PEEK[])")
        for item in found:
            if isinstance(item, tuple) and len(item) >= 2:
                return Incoming(f"{self._validity}:{uid}", bytes(item[1]), _internal_date(found))
        return None

    def _make_filed(self, box: BaseMailBox) -> None:
        if not box.folder.exists(self._filed):
            box.folder.create(self._filed)

    def _in_our_words(self) -> _InOurWords:
        return _InOurWords(self, f"{self._host}:{self._port}")


def _internal_date(found: list[Any]) -> datetime:
    """When the server took the mail; it may say so before the mail or after it."""
    told = b" ".join(piece for item in found for piece in (item if isinstance(item, tuple) else (item,))[:1] if piece)
    match = re.search(rb'INTERNALDATE "([^"]{20,40})"', told)
    if match is None:
        raise imaplib.IMAP4.error("the server did not say when it took the mail")
    return datetime.strptime(match[1].decode("ascii").strip(), "%d-%b-%Y %H:%M:%S %z").astimezone(UTC)


class _InOurWords:
    """Turns what the library raises into one sentence, and lets go of a connection that failed."""

    def __init__(self, box: ImapMailbox, where: str) -> None:
        self._box, self._where = box, where

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, OSError | imaplib.IMAP4.error | ImapToolsError):
            self._box.close()
            raise MailboxUnavailable(f"{self._where} did not let us read the mailbox: {_why(error)}.") from None


def _why(error: Exception) -> str:
    """In a clause; what a server says may hold anything, so that it is cut and put on one line."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return f"it did not answer within {TIMEOUT:.0f} seconds"
    if isinstance(error, OSError):
        return (error.strerror or str(error) or type(error).__name__)[:200]
    said = re.sub(r"[^\x20-\x7e]+", " ", str(error))[:200].strip().rstrip(".")
    return f"it said {said!r}; see user, password or token, and the names of the folders"
