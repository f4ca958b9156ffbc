"""The text of a part of a mail, whatever it says of itself."""

import re
from email.message import Message
from html import unescape

_HIDDEN = re.compile(r"<(script|style|head)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_ENDS_A_LINE = re.compile(r"<(br|/p|/div|/tr|/h\d|/li)\b[^>]*>", re.IGNORECASE)
_BRACKETED = re.compile(r"<([^<>\s@]{1,64}@[^<>\s@]{1,190})>")
_TAG = re.compile(r"<[^<>]{0,2000}>")


def decoded(part: Message) -> str:
    """The text of *part*; what its character set does not know is replaced."""
    content = part.get_payload(decode=True)
    return content.decode(_charset(part), "replace") if isinstance(content, bytes) else ""


def _charset(part: Message) -> str:
    try:
        name = str(part.get_content_charset("utf-8"))
        b"".decode(name)
        "".encode(name)
    except (LookupError, ValueError):
        return "latin-1"
    return name


def without_tags(page: str) -> str:
    """What a page in HTML shows, as plain text; an address in brackets, which is no tag, is kept."""
    shown = _ENDS_A_LINE.sub("\n", _HIDDEN.sub(" ", page))
    return unescape(_TAG.sub(" ", _BRACKETED.sub(r" \1 ", shown))).replace("\xa0", " ")
