"""The text of a part of a mail, whatever it says of itself."""

import re
from email.message import Message
from html import unescape
from typing import Final

from notifications.charsets import text_in

_LONGEST: Final = 100_000
"""Characters of what a mail says that are looked at: it says what it says at its head."""
_HIDES = re.compile(r"<(script|style|head)\b", re.IGNORECASE)
_ENDS_A_LINE = re.compile(r"<(br|/p|/div|/tr|/h\d|/li)\b[^<>]{0,2000}>", re.IGNORECASE)
_BRACKETED = re.compile(r"<([^<>\s@]{1,64}@[^<>\s@]{1,190})>")
_WRITES_TO = re.compile(r"<a\s[^<>]{0,200}mailto:([^\"'<>?\s]{3,254})[^<>]{0,200}>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,2000}>")


def decoded(part: Message) -> str:
    """The text of *part*; what its character set does not know is replaced."""
    content = part.get_payload(decode=True)
    return text_in(content, _charset(part)) if isinstance(content, bytes) else ""


def _charset(part: Message) -> str:
    try:
        return str(part.get_content_charset("utf-8"))
    except (LookupError, ValueError):
        return "latin-1"


def letter_in(mail: Message) -> str:
    """What a mail says to a person, without what it sends back or passes on as a mail of its own.

    The page in HTML only where there is no plain text, or an empty one.
    """
    parts = _told_to_a_person(mail)
    plain = "\n".join(decoded(part) for part in parts if part.get_content_subtype() == "plain")
    return (plain if plain.strip() else "\n".join(map(_shown, parts)))[:_LONGEST]


def _shown(part: Message) -> str:
    """The words of a part; of a page also the addresses that its links write to, which may be all it names."""
    text = decoded(part)
    return without_tags(_WRITES_TO.sub(r" \1 ", text)) if part.get_content_subtype() == "html" else text


def _told_to_a_person(mail: Message) -> list[Message]:
    """The text parts above any mail that is sent back."""
    found: list[Message] = []
    waiting = [mail]
    while waiting:
        now = waiting.pop(0)
        if now.get_content_maintype() == "multipart" and now.is_multipart():
            waiting[:0] = [item for item in now.get_payload() if isinstance(item, Message)]
        elif now.get_content_maintype() == "text" and now.get_content_subtype() != "rfc822-headers":
            found.append(now)
    return found


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
