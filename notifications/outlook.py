"""Mail that Outlook saved as a file of its own (.msg): made into a mail, to be read as any other.

Reading one belongs into a process that may die of it (`notifications.confined`). What is in it is as [MS-OXMSG] says:
a container in which each property of the mail is a stream, and each attachment a folder of streams. A mail within such
a mail is left closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.encoders import encode_base64
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.parser import HeaderParser
from email.policy import compat32
from email.utils import format_datetime
from typing import BinaryIO, Final

import olefile

from notifications.headers import one_line
from notifications.words import without_tags

BEGINNING: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""With what such a file begins, and other files of Microsoft's too."""

_SUBJECT, _TEXT, _PAGE, _HEADERS, _DATE = "0037", "1000", "1013", "007D", 0x00390040
_SENDERS: Final = ("5D01", "5D02", "0C1F", "0065")  # as on the internet, for whom, then as this office names them
_NAME, _SHORT_NAME, _KIND, _CONTENT = "3707", "3704", "370E", "37010102"
_MOST_ATTACHMENTS: Final = 100
_LONGEST: Final = 200_000
_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)


class NotOutlook(Exception):
    """A file that is no mail of Outlook's, or is damaged."""


def mail_in(source: BinaryIO) -> Message:
    """The mail in a .msg file, with its attachments. Raises NotOutlook; what reads the container never leaks."""
    try:
        with olefile.OleFileIO(source) as container:
            if not container.exists("__properties_version1.0"):
                raise NotOutlook("it is no mail of Outlook's")
            return _mail(container)
    except NotOutlook:
        raise
    except Exception as error:  # damaged on purpose, it can raise anything
        raise NotOutlook("it is damaged") from error


def _mail(container: olefile.OleFileIO) -> Message:
    mail = MIMEMultipart(policy=compat32)
    for name, value in _headers(container):
        mail[name] = value
    mail.attach(MIMEText(_body(container), "plain", "utf-8"))
    for folder in _attachments(container):
        if container.exists(f"{folder}/__substg1.0_{_CONTENT}"):
            mail.attach(_file(container, folder))
    return mail


def _headers(container: olefile.OleFileIO) -> Iterator[tuple[str, str]]:
    """Those with which it travelled, where it did; the sender, the subject and the date where it has none of them."""
    travelled = HeaderParser(policy=compat32).parsestr(_text(container, "", _HEADERS))
    ours = ("content-", "mime-version", "subject")
    yield from ((name, str(value)) for name, value in travelled.items() if not name.lower().startswith(ours))
    yield "Subject", one_line(_text(container, "", _SUBJECT), 1_000)
    if "from" not in travelled:
        senders = (one_line(_text(container, "", tag), 300) for tag in _SENDERS)
        yield "From", next((each for each in senders if "@" in each), "")
    if "date" not in travelled and (sent_at := _sent_at(container)) is not None:
        yield "Date", format_datetime(sent_at)


def _sent_at(container: olefile.OleFileIO) -> datetime | None:
    """When it was sent, from the table of short properties: a count of tenths of microseconds since 1601."""
    table = container.openstream("__properties_version1.0").read()
    for place in range(32, len(table) - 15, 16):  # its own head is 32 bytes long
        if int.from_bytes(table[place : place + 4], "little") == _DATE:
            return _EPOCH + timedelta(microseconds=int.from_bytes(table[place + 8 : place + 16], "little") // 10)
    return None


def _body(container: olefile.OleFileIO) -> str:
    if text := _text(container, "", _TEXT).strip():
        return text
    page = _text(container, "", _PAGE) or _stream(container, "", f"{_PAGE}0102").decode("utf-8", "replace")
    return without_tags(page)


def _attachments(container: olefile.OleFileIO) -> list[str]:
    found = {parts[0] for parts in container.listdir() if parts[0].startswith("__attach_version1.0_#")}
    return sorted(found)[:_MOST_ATTACHMENTS]


def _file(container: olefile.OleFileIO, folder: str) -> Message:
    kind = _text(container, folder, _KIND).strip().lower()
    main, _, sub = (kind if kind.isascii() and kind.count("/") == 1 else "application/octet-stream").partition("/")
    part = MIMEBase(*(("application", "octet-stream") if main in ("message", "multipart") else (main, sub)))
    part.set_payload(_stream(container, folder, _CONTENT))
    encode_base64(part)
    name = _text(container, folder, _NAME) or _text(container, folder, _SHORT_NAME)
    part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", one_line(name, 200) or "file"))
    return part


def _text(container: olefile.OleFileIO, folder: str, tag: str) -> str:
    """A property that is a text: as Unicode, or as an older Outlook wrote it; empty where it is not there."""
    if text := _stream(container, folder, f"{tag}001F"):
        return text[: 2 * _LONGEST].decode("utf-16-le", "replace")
    return _stream(container, folder, f"{tag}001E")[:_LONGEST].decode("cp1252", "replace")


def _stream(container: olefile.OleFileIO, folder: str, tag: str) -> bytes:
    place = f"{folder}/__substg1.0_{tag}" if folder else f"__substg1.0_{tag}"
    return bytes(container.openstream(place).read()) if container.exists(place) else b""
