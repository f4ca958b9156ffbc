"""The text of a part of a mail, whatever it says of itself."""

import re
from email.message import Message
from html import unescape

_HIDES = re.compile(r"<(script|style|head)\b", re.IGNORECASE)
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
    shown = _ENDS_A_LINE.sub("\n", _without_hidden(page))
    return unescape(_TAG.sub(" ", _BRACKETED.sub(r" \1 ", shown))).replace("\xa0", " ")


def _without_hidden(page: str) -> str:
    """*page* without scripts, styles and its head. What is opened and never closed hides nothing, and costs no time."""
    kept: list[str] = []
    place, unclosed = 0, set[str]()
    for opened in _HIDES.finditer(page):
        name = opened[1].lower()
        if opened.start() < place or name in unclosed:
            continue
        closed = re.compile(rf"</{name}\s{{0,20}}>", re.IGNORECASE).search(page, opened.end())
        if closed is None:
            unclosed.add(name)
            continue
        kept.append(page[place : opened.start()])
        place = closed.end()
    return " ".join([*kept, page[place:]])
