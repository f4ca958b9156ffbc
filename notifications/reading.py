"""Mail from outside as values: who wrote it, what it says, which files it brings and of what kind it is.

What comes in may be anything, so that there are limits on everything; mail beyond them is refused with the reason and
stays whole where it is stored. Reading belongs into a process that may die of it: `notifications.confined`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesFeedParser
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime
from typing import BinaryIO, Final

from notifications.address import check_address
from notifications.charsets import is_charset
from notifications.classify import Classified, classify, is_calendar
from notifications.headers import one_line, text_of
from notifications.words import decoded, without_tags

MOST_BYTES: Final = 35_000_000
MOST_HEADER_BYTES: Final = 64_000
MOST_PARTS: Final = 200
DEEPEST: Final = 20
_CHUNK: Final = 65_536
_LONGEST_TEXT: Final = 100_000
_LONGEST_NAME: Final = 200
_MOST_ADDRESSES: Final = 100
_LONGEST_ADDRESSES: Final = 20_000


class Unreadable(Exception):
    """Mail that is not read further; the text says why, for the person who looks at it."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that came with a mail; *name* is its last part only and has no control characters. May be empty."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class ReadMail:
    """A mail, decoded. Addresses are plain and in lower case; what is none is left out.

    *written_at* is what its Date says, in UTC, and need not be true. *answers* are the Message-IDs it refers to, the
    newest last. *text* is what a person would read, from the plain part where there is one.
    """

    classified: Classified
    message_id: str
    answers: tuple[str, ...]
    from_address: str
    from_name: str
    reply_to: str
    to: tuple[str, ...]
    subject: str
    written_at: datetime | None
    text: str
    files: tuple[File, ...]


def parse(source: BinaryIO) -> Message:
    """The mail in *source*; raises Unreadable beyond the limits of size, headers, parts or depth."""
    try:
        mail = _parsed(source)
    except RecursionError:
        raise Unreadable(f"its parts lie deeper in each other than {DEEPEST}") from None
    _refuse_too_much(mail)
    return mail


def _parsed(source: BinaryIO) -> Message:
    parser = BytesFeedParser(policy=compat32)
    size, in_headers, head = 0, True, b""
    while chunk := source.read(_CHUNK):
        size += len(chunk)
        if size > MOST_BYTES:
            raise Unreadable(f"it is larger than {MOST_BYTES // 1_000_000} MB")
        if in_headers:
            head = (head + chunk).replace(b"\r\n", b"\n")
            in_headers = b"\n\n" not in head
            if len(head.partition(b"\n\n")[0]) > MOST_HEADER_BYTES:
                raise Unreadable(f"its headers are longer than {MOST_HEADER_BYTES // 1000} KB")
        parser.feed(chunk)
    if not size:
        raise Unreadable("it is empty")
    return parser.close()


def _refuse_too_much(mail: Message) -> None:
    waiting, parts = [(mail, 1)], 0
    while waiting:
        part, depth = waiting.pop()
        parts += 1
        if depth > DEEPEST:
            raise Unreadable(f"its parts lie deeper in each other than {DEEPEST}")
        if parts > MOST_PARTS:
            raise Unreadable(f"it has more than {MOST_PARTS} parts")
        _plain_charset(part)
        inside = part.get_payload()
        if isinstance(inside, list):
            waiting += [(item, depth + 1) for item in inside if isinstance(item, Message)]


def _plain_charset(part: Message) -> None:
    """Put a charset that came encoded, or is none, as a plain word: the library asks for it, and fails over others."""
    charset = part.get_param("charset")
    if charset is None:
        return
    named = re.sub(r"[^A-Za-z0-9_.:-]", "", str(charset[2] if isinstance(charset, tuple) else charset))[:40]
    if named != charset or not is_charset(named):
        part.set_param("charset", named if is_charset(named) else "latin-1")


def read(mail: Message) -> ReadMail:
    """What a parsed mail says. Never raises for what a mail holds; what cannot be decoded is left as it came."""
    files = tuple(_files(mail))
    senders = _addresses(mail, "from")
    return ReadMail(
        classified=classify(mail, has_documents=any(_may_be_a_report(file) for file in files)),
        message_id=one_line(str(mail.get("message-id", "")), _LONGEST_NAME),
        answers=_answers(mail),
        from_address=senders[0][1] if senders else "",
        from_name=senders[0][0] if senders else "",
        reply_to=next((address for _, address in _addresses(mail, "reply-to")), ""),
        to=tuple(dict.fromkeys(address for field in ("to", "cc") for _, address in _addresses(mail, field))),
        subject=text_of(mail.get("subject", "")),
        written_at=_written_at(mail),
        text=_text(mail),
        files=files,
    )


# --- headers


def _addresses(mail: Message, field: str) -> list[tuple[str, str]]:
    """Names and plain addresses of a header; a very long one is cut, since it costs more than it says."""
    values = [text_of(value)[:_LONGEST_ADDRESSES] for value in mail.get_all(field, [])]
    try:
        found = getaddresses(values)[:_MOST_ADDRESSES]
    except (RecursionError, ValueError, IndexError):  # brackets without end
        return []
    plain = [(one_line(name, _LONGEST_NAME), address.strip().lower()) for name, address in found]
    return [(name, address) for name, address in plain if check_address(address) is None]


def _answers(mail: Message) -> tuple[str, ...]:
    told = [*_ids(mail, "references"), *_ids(mail, "in-reply-to")]
    return tuple(dict.fromkeys(one_line(item, _LONGEST_NAME) for item in told[-50:] if item.startswith("<")))


def _ids(mail: Message, field: str) -> list[str]:
    written = str(mail.get(field, ""))
    return (text_of(written) if "=?" in written else written).split()  # some encode a long one as if it were words


def _written_at(mail: Message) -> datetime | None:
    try:
        at = parsedate_to_datetime(text_of(mail.get("date", "")))
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


# --- what it brings


def _leaves(mail: Message) -> Iterator[Message]:
    """The parts that hold something, in order; a mail that was attached counts as one and is not opened."""
    waiting = [mail]
    while waiting:
        part = waiting.pop(0)
        inside = part.get_payload()
        if isinstance(inside, list) and part.get_content_maintype() != "message":
            waiting[:0] = [item for item in inside if isinstance(item, Message)]
        else:
            yield part


def _files(mail: Message) -> Iterator[File]:
    for part in _leaves(mail):
        name = one_line(text_of(part.get_filename("")).replace("\\", "/").rpartition("/")[2], _LONGEST_NAME)
        kind = part.get_content_type()
        if kind == "message/rfc822":
            inside = part.get_payload()
            if isinstance(inside, list) and inside and isinstance(inside[0], Message):
                subject = one_line(text_of(inside[0].get("subject", "")), 60).replace("/", "-")
                yield File(name or f"{subject or 'mail'}.eml", kind, _as_bytes(inside[0]))
        elif part.get_content_maintype() in {"message", "multipart"}:
            continue
        elif name or part.get_content_disposition() == "attachment" or part.get_content_maintype() != "text":
            content = part.get_payload(decode=True)
            if isinstance(content, bytes) and (content or name):  # one that is named and empty was meant to be a file
                yield File(name, kind, content)


_NO_REPORT = ("application/pgp-signature", "application/pkcs7-signature")


def _as_bytes(mail: Message) -> bytes:
    """A mail within another one as a file; the library writes some broken ones as text only."""
    try:
        return mail.as_bytes()
    except UnicodeError:
        return mail.as_string().encode("utf-8", "surrogateescape")


def _may_be_a_report(file: File) -> bool:
    """Not an answer to an invitation, not a signature, and no picture that belongs to one: those are small."""
    small_picture = file.content_type.startswith("image/") and len(file.content) < 50_000
    return not (file.content_type in _NO_REPORT or is_calendar(file.content_type, file.name) or small_picture)


def _text(mail: Message) -> str:
    told = [part for part in _leaves(mail) if part.get_content_maintype() == "text" and not part.get_filename()]
    plain = [part for part in told if part.get_content_subtype() == "plain"]
    pages = [part for part in told if part.get_content_subtype() == "html"]
    words = "\n\n".join(decoded(part) for part in plain) or "\n\n".join(without_tags(decoded(part)) for part in pages)
    return words[:_LONGEST_TEXT].strip()
