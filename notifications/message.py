"""One mail as a value, and the bytes that a mail server is given for it: the same bytes every time."""

import re
from base64 import encodebytes
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.charset import QP, SHORTEST, Charset
from email.encoders import encode_base64
from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header
from email.message import Message
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import compat32
from email.utils import format_datetime
from functools import lru_cache
from hashlib import sha256
from secrets import token_hex
from typing import Any, Literal, cast

from emails.message import Message as Composer

from notifications.address import check_address, has_control_character

__all__ = ["Attachment", "CalendarPart", "Email", "RefusedHeader", "check_address", "compose", "message_id"]

LONGEST_HEADER = 900  # a header line may hold 998 octets; nothing sensible is near it

_LONGEST_PLAIN = 400  # longer values are encoded, because encoded words can be folded anywhere

_ONE_LINE = 76  # name and value that fit one line of 78 with the colon and the space between them

_HEADER_NAME = re.compile(r"[!-9;-~]{1,76}")
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+>")
_CONTENT_TYPE = re.compile(r"[a-z]+/[A-Za-z0-9][A-Za-z0-9.+-]*")
_LINE_END = re.compile(r"\r\n|\r|\n")
_METHOD_LINE = re.compile(rb"^METHOD:([A-Z]+)\r?$", re.MULTILINE)
_OUR_HEADERS = {
    *("date", "message-id", "subject", "from", "sender", "reply-to", "to", "cc", "bcc", "in-reply-to", "references"),
    *("auto-submitted", "mime-version", "return-path", "received", "dkim-signature"),
}
_OUR_HEADER_FAMILIES = ("content-", "resent-")

_CRLF = compat32.clone(linesep="\r\n")
# ``emails`` changes the registered utf-8 charset for the whole process: ours is kept apart from the registry. Quoted
# printable keeps a letter in a folder readable with nothing but an editor.
_UTF8 = Charset("utf-8")
_UTF8.header_encoding = SHORTEST
_UTF8.body_encoding = QP


class RefusedHeader(ValueError):
    """A header that would have carried something else than what it says; nothing was composed."""

    def __init__(self, header: str, reason: str) -> None:
        super().__init__(f"The mail was not made: its {header} {reason}.")
        self.header = header
        self.reason = reason


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail; *content_type* such as ``application/pdf``."""

    filename: str
    content: bytes
    content_type: str


@dataclass(frozen=True)
class CalendarPart:
    """An iCalendar object (UTF-8, CRLF) with the METHOD that it states, such as ``REQUEST`` or ``CANCEL``."""

    content: bytes
    method: str


@dataclass(frozen=True)
class Email:
    """Everything that one mail to one person says; *date* is an aware instant and keeps its zone.

    *auto_submitted* is what RFC 3834 calls it: `auto-replied` for an answer that no person wrote, empty for a person's.
    """

    message_id: str
    date: datetime
    sender_name: str
    sender_address: str
    to_address: str
    subject: str
    text: str
    html: str
    to_name: str | None = None
    reply_to: str | None = None
    calendar: CalendarPart | None = None
    attachments: tuple[Attachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    auto_submitted: Literal["auto-generated", "auto-replied", ""] = "auto-generated"
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()


def message_id(seed: str, domain: str) -> str:
    """Give the Message-ID that belongs to *seed*, the same every time: ``<40 hex digits@domain>``."""
    made = f"<{sha256(seed.encode()).hexdigest()[:40]}@{domain}>"
    _check_message_id("Message-ID", made)
    return made


def compose(email: Email) -> bytes:
    """Give the mail as bytes with CRLF line ends; equal values give equal bytes.

    Raises RefusedHeader, a ValueError, for a header with a control character (also one hidden in an encoded word), a
    header name that is not one, or an address that is not one plain address.
    """
    _check(email)
    if email.attachments:
        return _composed(email)
    calendar = CalendarPart(_BLANK_CALENDAR, email.calendar.method) if email.calendar else None
    form, left_blank = _form(replace(email, **_BLANKS, calendar=calendar))
    own = dict(zip(left_blank, _own(email), strict=True))
    return b"".join([own.get(piece, piece) for piece in form])


# --- one mail for all that are alike

_NOWHERE = f"blank{token_hex(16)}"  # no name, address or text can hold it by chance
_BLANKS: dict[str, Any] = {
    "message_id": f"<{_NOWHERE}@blank.example>",
    "date": datetime(1970, 1, 1, tzinfo=UTC),
    "to_address": f"{_NOWHERE}@blank.example",
    "to_name": None,
    "subject": _NOWHERE,
    "text": f"{_NOWHERE} text",
    "html": f"{_NOWHERE} html",
}
_BLANK_CALENDAR = _NOWHERE.encode()


@lru_cache(maxsize=64)
def _form(blank: Email) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """The mail that ``emails`` composes for all letters of one sender and with the same headers, cut where they differ.

    Nothing of one reader is in it: what is a letter's own has been left blank; the blanks are given too.
    """
    own = _own(blank)
    return tuple(re.split(b"((?<=\r\n)" + b"|".join(map(re.escape, own)) + b")", _composed(blank))), own


def _own(email: Email) -> tuple[bytes, ...]:
    """What is one letter's own, as it stands in its bytes."""
    return (
        _header_line("Date", format_datetime(email.date)),
        _header_line("Message-ID", email.message_id),
        _header_line("Subject", _unstructured("Subject", email.subject)),
        _header_line("To", _mailbox("To", email.to_name or "", email.to_address)),
        *(_with_crlf(_UTF8.body_encode(body.encode("utf-8", "surrogateescape"))) for body in (email.text, email.html)),
        _digest(email.message_id).encode(),
        *([_with_crlf(encodebytes(email.calendar.content).decode())] if email.calendar else []),
    )


# --- what ``emails`` composes, and what it leaves out


def _composed(email: Email) -> bytes:
    composer = Composer(
        charset=cast("str", _UTF8),  # which it hands on to the standard library, where both will do
        message_id=email.message_id,
        date=format_datetime(email.date),  # as text: an aware date would lose its zone
        subject=email.subject,
        mail_from=("", email.sender_address),
        mail_to=("", email.to_address),
        reply_to=("", email.reply_to) if email.reply_to else None,
        text=email.text,
        html=email.html,
    )
    for attachment in email.attachments:
        composer.attach(
            filename=attachment.filename, data=attachment.content, mime_type=attachment.content_type, headers={}
        )
    if email.calendar:
        composer.attach(filename="invite.ics", data=email.calendar.content, mime_type="application/ics", headers={})
    composer.after_build = lambda _composer, root: _finish(root, email)
    return b"".join(_written(composer.as_message()))


def _finish(root: Message, email: Email) -> None:
    """Turn the tree that ``emails`` builds into the one that every mail client takes, with our own headers."""
    related, *attached = _parts(root)
    (alternative,) = _parts(related)
    root.set_payload([alternative, *attached])
    if email.calendar:
        alternative.attach(_calendar_part(email.calendar))
    _set_headers(root, email)
    _set_boundaries(root, email.message_id)


def _parts(message: Message) -> list[Message]:
    return [part for part in message.get_payload() if isinstance(part, Message)]


def _calendar_part(calendar: CalendarPart) -> Message:
    part = MIMENonMultipart("text", "calendar")
    # Without quotes round the values, which some calendar servers do not take off.
    part.replace_header("Content-Type", f"text/calendar; charset=utf-8; method={calendar.method}; component=VEVENT")
    part.set_payload(calendar.content)
    encode_base64(part)
    return part


def _set_headers(root: Message, email: Email) -> None:
    """Put in what ``emails`` leaves out, and write names and subject so that they are read as what they say."""
    root.replace_header("Subject", _unstructured("Subject", email.subject))
    root.replace_header("From", _mailbox("From", email.sender_name, email.sender_address))
    root.replace_header("To", _mailbox("To", email.to_name or "", email.to_address))
    if email.auto_submitted:
        root["Auto-Submitted"] = email.auto_submitted
    if email.in_reply_to:
        root["In-Reply-To"] = email.in_reply_to
    if email.references:
        root["References"] = " ".join(email.references)
    for name, value in email.headers:
        root[name] = _unstructured(name, value)


def _unstructured(header: str, value: str) -> str:
    return value if _is_plain(value) else Header(value, _UTF8, header_name=header).encode()


def _mailbox(header: str, name: str, address: str) -> str:
    if not name:
        return address
    if not _is_plain(name):
        return f"{Header(name, _UTF8, header_name=header).encode()} <{address}>"
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>'


def _is_plain(value: str) -> bool:
    """Say whether *value* can stand in a header as it is: what looks like an encoded word must be encoded itself."""
    return value.isascii() and "=?" not in value and value == value.strip() and len(value) < _LONGEST_PLAIN


def _set_boundaries(root: Message, seed: str) -> None:
    """Derive the boundaries from the Message-ID; ``=_`` can occur neither in base64 nor in quoted-printable."""
    multiparts = [part for part in root.walk() if part.is_multipart()]
    digest = _digest(seed)
    for number, part in enumerate(multiparts):
        boundary = f"=_{number}_{digest}"
        # Written whole: `set_boundary` would take the header apart and put it together again.
        part.replace_header("Content-Type", f'{part.get_content_type()}; boundary="{boundary}"')


def _digest(seed: str) -> str:
    return sha256(seed.encode()).hexdigest()[:32]


# --- the tree as bytes: what `email.generator` gives, without its parsing of what we have just written


def _written(part: Message) -> Iterator[bytes]:
    for name, value in part.raw_items():
        yield _header_line(name, value)
    yield b"\r\n"
    if not part.is_multipart():
        yield _with_crlf(str(part.get_payload()))
        return
    delimiter = b"--" + part["Content-Type"].rpartition("boundary=")[2].strip('"').encode()
    if part.preamble is not None:
        yield _with_crlf(part.preamble) + b"\r\n"
    for child in _parts(part):
        yield delimiter + b"\r\n"
        yield from _written(child)
        yield b"\r\n"
    yield delimiter + b"--\r\n"


def _with_crlf(text: str) -> bytes:
    return _LINE_END.sub("\r\n", text).encode("ascii")


def _header_line(name: str, value: str) -> bytes:
    """A header; only one that is longer than a line, or in other letters, is taken apart to be folded."""
    if len(name) + len(value) < _ONE_LINE and value.isascii() and value.isprintable():
        return f"{name}: {value}\r\n".encode()
    return bytes(_CRLF.fold_binary(name, value))


# --- what is refused


def _check(email: Email) -> None:
    for header, value in _texts(email):
        _check_text(header, value)
    for header, address in _addresses(email):
        if reason := check_address(address):
            raise RefusedHeader(header, f"address {reason} ({address[:80]!r})")
    _check_message_id("Message-ID", email.message_id)
    for related in filter(None, (email.in_reply_to, *email.references)):
        _check_message_id("In-Reply-To or References", related)
    if email.date.tzinfo is None:
        raise RefusedHeader("Date", "has no time zone; give an aware instant")
    if not (email.text.strip() and email.html.strip()):
        raise ValueError("The mail was not made: it needs a text and an HTML part, and one of them is empty.")
    _check_header_names(email.headers)
    for attachment in email.attachments:
        _check_attachment(attachment)
    if email.calendar:
        _check_calendar(email.calendar)


def _texts(email: Email) -> Iterator[tuple[str, str]]:
    yield "Subject", email.subject
    yield "From", email.sender_name
    yield "To", email.to_name or ""
    yield from email.headers
    yield from (("file name", attachment.filename) for attachment in email.attachments)


def _addresses(email: Email) -> Iterator[tuple[str, str]]:
    yield "From", email.sender_address
    yield "To", email.to_address
    if email.reply_to is not None:
        yield "Reply-To", email.reply_to


def _check_text(header: str, value: str) -> None:
    if len(value) > LONGEST_HEADER:
        raise RefusedHeader(header, f"is longer than {LONGEST_HEADER} characters")
    if has_control_character(value) or has_control_character(_decoded(value)):
        raise RefusedHeader(header, f"has a control character or a line break ({value[:80]!r})")


def _decoded(value: str) -> str:
    """Give *value* as a reader would who takes it for encoded words; one who cannot decode it will show it as it is."""
    if "=?" not in value:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value


def _check_header_names(headers: tuple[tuple[str, str], ...]) -> None:
    seen: set[str] = set()
    for name, _ in headers:
        folded = name.lower()
        if not _HEADER_NAME.fullmatch(name):
            raise RefusedHeader("headers", f"hold a name that is not one ({name[:80]!r})")
        if folded in _OUR_HEADERS or folded.startswith(_OUR_HEADER_FAMILIES):
            raise RefusedHeader(name, "is written from the mail's own fields and cannot be given as a header")
        if folded in seen:
            raise RefusedHeader(name, "is given twice")
        seen.add(folded)


def _check_message_id(header: str, value: str) -> None:
    if not _MESSAGE_ID.fullmatch(value) or len(value) > LONGEST_HEADER:
        raise RefusedHeader(header, f"is not of the form <something@domain> ({value[:80]!r})")


def _check_attachment(attachment: Attachment) -> None:
    if not attachment.filename or re.search(r'[/\\"]', attachment.filename):
        raise RefusedHeader("file name", f"is empty or has a slash or a quote in it ({attachment.filename[:80]!r})")
    if not _CONTENT_TYPE.fullmatch(attachment.content_type) or attachment.content_type.startswith(
        ("multipart/", "message/")
    ):
        raise RefusedHeader(
            "attachment", f"is of the type {attachment.content_type[:80]!r}; give one such as application/pdf"
        )


def _check_calendar(calendar: CalendarPart) -> None:
    stated = _METHOD_LINE.findall(calendar.content)
    if stated != [calendar.method.encode()]:
        raise RefusedHeader(
            "calendar part", f"is sent as {calendar.method[:20]!r}, but its content must state that METHOD once"
        )
