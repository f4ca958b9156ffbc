"""What a mail server sends back of a mail of ours, and which of ours it was."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from typing import Final

from notifications.fields import blocks_in, decoded_below, fields_for_machines, is_encoded, within
from notifications.mentioned import LONGEST_TEXT
from notifications.words import letter_in

_MAILS: Final = frozenset({"message/rfc822", "message/global"})
_HEADERS: Final = frozenset({"text/rfc822-headers", "message/rfc822-headers", "message/global-headers"})


def copies_in(mail: Message) -> Iterator[Message]:
    """What is sent back of our mail: the mail itself, or its headers as a text."""
    for part in mail.walk():
        kind = part.get_content_type()
        if kind in _MAILS and is_encoded(part) and not any(item.keys() for item in within(part)):
            yield message_from_bytes(decoded_below(part))
        elif kind in _MAILS | _HEADERS:
            yield from within(part)
        if kind in _HEADERS:
            content = part.get_payload(decode=True)
            if isinstance(content, bytes):
                yield _headers(content.decode("utf-8", "replace"))


def _headers(text: str) -> Message:
    found = Message()
    for block in blocks_in(text[:LONGEST_TEXT])[:1]:
        for name, value in block.items():
            found[name] = value
    return found


_ID = r"<[^<>\s@]{1,200}@[^<>\s@]{1,200}>"
_AN_ID = re.compile(_ID)
_ID_IN_TEXT = re.compile(rf"^\W{{0,3}}message-id:\s{{0,40}}({_ID})", re.IGNORECASE | re.MULTILINE)
_ID_IN_FIELDS = re.compile(rf"^(?:X-)?original-message-id:\s{{0,40}}({_ID})", re.IGNORECASE | re.MULTILINE)

_ENVELOPE = re.compile(
    r"^original-envelope-id:\s{0,40}([^<>\s@]{1,200}@[^<>\s@]{1,200})\s*$", re.IGNORECASE | re.MULTILINE
)


def about_which(mail: Message) -> str:
    """The Message-ID of the mail that is sent back.

    By the copy of it, its headers, what the bounce answers, or what its envelope was called when it was handed over.
    """
    for copy in copies_in(mail):
        found = _AN_ID.search(str(copy.get("message-id", "")))
        if found:
            return found[0]
    for pattern, text in ((_ID_IN_FIELDS, fields_for_machines(mail)), (_ID_IN_TEXT, letter_in(mail))):
        in_text = pattern.search(text)
        if in_text:
            return in_text[1]
    for field in ("in-reply-to", "references", "x-ms-exchange-message-id", "original-message-id"):
        every = _AN_ID.findall(str(mail.get(field, "")))
        if every:
            return str(every[-1])
    envelope = _ENVELOPE.search(fields_for_machines(mail))
    return f"<{envelope[1]}>" if envelope else ""
