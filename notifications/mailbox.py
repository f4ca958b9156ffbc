"""Where mail comes in: a Maildir folder, an IMAP server, or one mbox file that is read once.

A mailbox hands over the raw bytes and nothing else. Mail stays where it is until whoever took it in says that it is
safe elsewhere; then it is moved to a folder beside the inbox. Nothing is ever deleted.
"""

from __future__ import annotations

import imaplib
import mailbox as stdlib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import (
    ImapToolsError,
    MailboxFetchError,
    MailboxFolderSelectError,
    MailboxLoginError,
    MailboxMoveError,
    UnexpectedCommandStatusError,
)
from imap_tools.utils import check_command_status

from notifications.address import is_loopback
from notifications.outcome import Closable
from notifications.server_address import TRUST, AddressForm, ServerAddress, Tls, check_login, folder_in
from notifications.token_command import Token, TokenUnavailable

FILED: Final = "Filed"
"""The folder that mail is moved to once it is kept elsewhere, unless the setting names another."""
TIMEOUT: Final = 30.0
"""Seconds for which an IMAP server may say nothing."""
_EXAMPLE = "write maildir:inbox or imaps://user:password@mail.example"


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
    to. A user without a password logs in by OAuth 2.0 with what *token* gives. A wrong one is a ValueError: one
    sentence, and it never repeats the setting, which holds a password.
    """
    scheme, _, rest = url.partition(":")
    match scheme.lower():
        case "maildir":
            return Maildir(folder_in(rest, root, called="mailbox", example=_EXAMPLE))
        case "imap" | "imaps":
            return _imap(_IMAP.read(url), token)
    raise ValueError(f"The mailbox address begins with none of maildir:, imap:// and imaps://; {_EXAMPLE}.")


# --- Maildir


class Maildir(Closable):
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


class Mbox(Closable):
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

_IMAP = AddressForm(
    called="mailbox",
    over_tls="imaps",
    ports={"tls": 993, "starttls": 143, "none": 143},
    options=("filed",),
    example=_EXAMPLE,
    has_a_folder=True,
)


def _imap(address: ServerAddress, token: Token | None) -> ImapMailbox:
    return ImapMailbox(
        address.host,
        address.port,
        username=address.username or "",
        password=address.password,
        token=token if address.password is None else None,
        tls=address.tls,
        folder=address.folder or "INBOX",
        filed=address.options.get("filed", FILED),
        insecure=address.is_insecure,
    )


class ImapMailbox(Closable):
    """A folder on an IMAP server, asked when it is looked into; the connection is kept until `close`.

    A key names the folder's UIDVALIDITY too: when the server numbers its mail anew, a key of before moves nothing.
    """

    def __init__(
        self, host: str, port: int, *, username: str, password: str | None, token: Token | None, tls: Tls, folder: str,
        filed: str, insecure: bool = False, timeout: float = TIMEOUT,
    ) -> None:  # fmt: skip
        check_login("mailbox", username, password, token)
        if tls == "none" and not is_loopback(host):
            raise ValueError("A password is not sent to a mailbox without TLS; use tls=starttls.")
        if folder.casefold() == filed.casefold():
            raise ValueError(f"Mail cannot be moved to {filed}, the folder it is read from; name another by filed=.")
        self._host, self._port, self._tls, self._timeout = host, port, tls, timeout
        self._username, self._password, self._token = username, password, token
        self._folder, self._filed = folder, filed
        self._insecure = insecure
        self._box: BaseMailBox | None = None
        self._validity = ""

    def greet(self, *, within: float) -> str | None:
        """Log in, open the folder and log out, and wait no longer for a word; gives what hindered it, or None."""
        patience, self._timeout = self._timeout, min(within, self._timeout)
        try:
            with self._in_our_words():
                self._open()
        except MailboxUnavailable as why:
            return str(why)
        finally:
            self.close()
            self._timeout = patience
        return None

    def incoming(self) -> Iterator[Incoming]:
        """Each mail in the folder; it is fetched without being marked as read. One that is not given stops no other."""
        not_given = None
        with self._in_our_words():
            uids = self._open().uids()
        for uid in uids:
            with self._in_our_words():
                try:
                    found = self._fetch(uid)
                except MailboxFetchError as error:
                    found, not_given = None, error
            if found is not None:
                yield found
        if not_given is not None:
            raise MailboxUnavailable(
                f"{self._where} does not give us a mail that it has (it said {_said(not_given)}); open it there by a "
                f"mail program, and move it to {self._filed}."
            )

    def file_away(self, key: str) -> None:
        """Move it to the folder for what is filed, which is made when it is not there."""
        validity, _, uid = key.partition(":")
        with self._in_our_words():
            box = self._open()
            if validity != self._validity:
                return
            self._make_filed(box)
            self._move(box, uid)

    def close(self) -> None:
        """Log out, as far as the server still listens."""
        box, self._box = self._box, None
        if box is not None:
            try:
                box.logout()
            except (OSError, imaplib.IMAP4.error, ImapToolsError):
                _let_go(box)

    def _open(self) -> BaseMailBox:
        if self._box is None:
            self._box = self._logged_in()
            status = self._box.folder.status(self._folder, ["UIDVALIDITY"])
            self._validity = str(status["UIDVALIDITY"])
        return self._box

    def _logged_in(self) -> BaseMailBox:
        box = self._connection()
        try:
            self._log_in(box)
            self._see_that_it_can_move(box)
            self._choose_folder(box)
        except BaseException:
            _let_go(box)
            raise
        return box

    def _see_that_it_can_move(self, box: BaseMailBox) -> None:
        """Ask what the server can do: before the login it may have said less, and imaplib asks no more."""
        told = box.client.capability()[1]
        box.client.capabilities = tuple(str(told[-1], "ascii", "replace").upper().split())
        if not {"MOVE", "UIDPLUS"} & set(box.client.capabilities):
            raise MailboxUnavailable(
                f"{self._where} cannot move one mail without touching others: it offers neither MOVE nor UIDPLUS; have "
                "the mail delivered to a Maildir, or to a server that does."
            )

    def _log_in(self, box: BaseMailBox) -> None:
        """By password or token; of what a server says to either the code alone is told: it may repeat them."""
        try:
            if self._password is not None:
                box.login(self._username, self._password, initial_folder=None)
            elif self._token is not None:
                first = f"user={self._username}\1auth=Bearer {_asked_for(self._token)}\1\1"
                # A server that refuses it asks once more, and wants an empty answer (XOAUTH2).
                box.client.authenticate("XOAUTH2", lambda asked: b"" if asked else first.encode())
        except imaplib.IMAP4.abort:
            raise
        except (imaplib.IMAP4.error, MailboxLoginError) as error:
            refused = _REFUSED_TOKEN if self._password is None else _REFUSED_PASSWORD
            raise MailboxUnavailable(f"{self._where} refused {refused.format(code=_code(error))}.") from None

    def _choose_folder(self, box: BaseMailBox) -> None:
        try:
            box.folder.set(self._folder)
        except MailboxFolderSelectError as error:
            raise MailboxUnavailable(
                f"{self._where} does not open the folder {self._folder!a} (it said {_said(error)}); "
                "correct its name in the mailbox address."
            ) from None

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
        box = self._open()
        answer = box.client.uid("FETCH", uid, "(INTERNALDATE BODY.PEEK[])")
        for item in answer[1]:
            if isinstance(item, tuple) and len(item) >= 2:
                return Incoming(f"{self._validity}:{uid}", bytes(item[1]), _internal_date(answer[1]))
        if self._is_there(box, uid):
            raise MailboxFetchError(answer, "OK")
        return None

    def _move(self, box: BaseMailBox, uid: str) -> None:
        """Let this mail leave the folder, and no other; nothing happens if it is there no more.

        What imap-tools does without MOVE would expunge whatever somebody has marked as deleted.
        """
        try:
            if "MOVE" in box.client.capabilities:
                box.move([uid], self._filed)
                return
            box.copy([uid], self._filed)
            for words in (("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)"), ("EXPUNGE", uid)):
                check_command_status(box.client.uid(*words), MailboxMoveError)
        except UnexpectedCommandStatusError:
            if self._is_there(box, uid):
                raise

    def _is_there(self, box: BaseMailBox, uid: str) -> bool:
        box.client.noop()  # a server may not have told before that it has gone
        return bool(box.uids(f"UID {uid}"))

    def _make_filed(self, box: BaseMailBox) -> None:
        if not box.folder.exists(self._filed):
            box.folder.create(self._filed)

    @property
    def _where(self) -> str:
        return f"{self._host}:{self._port}"

    @contextmanager
    def _in_our_words(self) -> Iterator[None]:
        """Turns what the library raises into one sentence, and lets go of a connection that failed."""
        try:
            yield
        except (OSError, imaplib.IMAP4.error, ImapToolsError, ValueError, LookupError) as error:
            self.close()
            raise MailboxUnavailable(f"{self._where} did not let us read the mailbox: {_why(error)}.") from None


_REFUSED_PASSWORD = (
    "the user name or the password{code}; correct them in the mailbox address, or log in by a token where the provider "
    "takes no passwords (Microsoft 365)"
)
_REFUSED_TOKEN = (
    "the token{code}; check that the token command prints a new one for this user, that it is one for reading mail "
    "(IMAP.AccessAsUser.All or IMAP.AccessAsApp at Microsoft, https://mail.google.com/ at Google), and that IMAP is on "
    "for the mailbox"
)


def _code(error: Exception) -> str:
    """The code of a refusal (RFC 5530), if it has one."""
    found = re.search(r"\[([A-Z-]+)\]", str(error))
    return f" ({found[1]})" if found else ""


def _asked_for(token: Token) -> str:
    try:
        return token()
    except TokenUnavailable as why:
        raise MailboxUnavailable(str(why)) from None


def _let_go(box: BaseMailBox) -> None:
    """Close a connection without another word."""
    with suppress(OSError, imaplib.IMAP4.error):
        box.client.shutdown()


def _internal_date(found: list[Any]) -> datetime:
    """When the server took the mail; it may say so before the mail or after it."""
    told = b" ".join(piece for item in found for piece in (item if isinstance(item, tuple) else (item,))[:1] if piece)
    match = re.search(rb'INTERNALDATE "([^"]{20,40})"', told)
    if match is None:
        raise imaplib.IMAP4.error("the server did not say when it took the mail")
    return datetime.strptime(match[1].decode("ascii").strip(), "%d-%b-%Y %H:%M:%S %z").astimezone(UTC)


def _why(error: Exception) -> str:
    """In a clause; what a server says may hold anything, so that it is cut and put on one line."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message}); {TRUST}"
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, OSError):
        return (error.strerror or str(error) or type(error).__name__)[:200]
    if isinstance(error, (ValueError, LookupError)):  # what reads its answers could not
        return "its answers make no sense; check the port"
    if isinstance(error, ImapToolsError):
        return f"it said {_said(error)}; see the names of the folders, and what room there is"
    return f"it said {_said(error)}; see that it runs, and port and tls of the mailbox address"


def _said(error: Exception) -> str:
    told = error.command_result[1] if isinstance(error, UnexpectedCommandStatusError) else error.args
    words = " ".join(str(each, "ascii", "replace") if isinstance(each, bytes) else str(each) for each in told)
    return repr(re.sub(r"[^\x20-\x7e]+", " ", words)[:200].strip())
