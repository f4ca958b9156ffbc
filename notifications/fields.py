"""The fields of the parts that a mail server writes for machines (RFC 3464, RFC 8098), however they were written."""

import re
from collections.abc import Iterator
from email.message import Message
from typing import Final

from notifications.headers import restored
from notifications.mentioned import LONGEST_TEXT

Block = dict[str, str]
"""Fields that belong together, by their names in lower case."""

_FIELD = re.compile(r"^([A-Za-z][A-Za-z-]{2,60})[ \t]*:(.*)$")
_ENCODINGS: Final = frozenset({"base64", "quoted-printable"})


def blocks_in(text: str) -> list[Block]:
    """Fields group by group. A group ends at an empty line, or where a second recipient begins without one."""
    found: list[Block] = [{}]
    last = ""
    for line in text.splitlines():
        field = _FIELD.match(line)
        if field is None:
            if line[:1] in {" ", "\t"} and line.strip() and last:
                found[-1][last] += " " + line.strip()
            elif not line.strip():
                if found[-1]:
                    found.append({})
                last = ""
            continue
        last, value = field[1].lower(), field[2].strip()
        if last == "final-recipient" and last in found[-1]:
            found.append({})
        found[-1].setdefault(last, value)
    return [block for block in found if block]


def within(part: Message) -> Iterator[Message]:
    """The parts that lie directly in *part*. Python decodes what is no part, and fails over what it is said to be."""
    inside = part.get_payload() if part.is_multipart() else []
    return (item for item in inside if isinstance(item, Message)) if isinstance(inside, list) else iter(())


def is_encoded(part: Message) -> bool:
    """Whether *part* says that its content is encoded, which a part of type `message` must not be."""
    return str(part.get("content-transfer-encoding", "")).strip().lower() in _ENCODINGS


def decoded_below(part: Message) -> bytes:
    """The content of an encoded part of type `message`: Python takes the encoded text for a mail without headers."""
    holder = next(within(part), part)
    written = holder.get_payload(decode=True)
    plain = Message()
    plain["Content-Transfer-Encoding"] = str(part["content-transfer-encoding"])
    plain.set_payload(written.decode("ascii", "replace") if isinstance(written, bytes) else "")
    content = plain.get_payload(decode=True)
    return content[:LONGEST_TEXT] if isinstance(content, bytes) else b""


def fields_in(part: Message) -> str:
    """The fields of *part* as they were written: Python reads them as headers, and the rest as a body below them."""
    if is_encoded(part):
        return restored(decoded_below(part))
    pieces: list[str] = []
    for group in within(part) if part.is_multipart() else [part]:
        if group is not part:
            pieces.append("\n".join(f"{name}: {restored(str(value))}" for name, value in group.raw_items()))
        below = group.get_payload(decode=True)
        pieces.append(restored(below).strip("\r\n") if isinstance(below, bytes) else "")
    return "\n\n".join(filter(None, pieces))[:LONGEST_TEXT]


STATUSES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
DISPOSITIONS: Final = frozenset({"message/disposition-notification", "message/global-disposition-notification"})


def own_parts(mail: Message) -> Iterator[Message]:
    """The parts of *mail*, and not those of a mail within it."""
    waiting = [mail]
    while waiting:
        part = waiting.pop()
        yield part
        if part.get_content_maintype() != "message":
            waiting += reversed(list(within(part)))


def fields_for_machines(mail: Message) -> str:
    """The fields of every part of *mail* that is for machines."""
    kinds = STATUSES | DISPOSITIONS
    return "\n\n".join(fields_in(part) for part in own_parts(mail) if part.get_content_type() in kinds)
