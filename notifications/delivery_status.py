"""What the parts for machines say of each recipient: a delivery status (RFC 3464), or a refusal (RFC 5429)."""

import re
from collections.abc import Iterator
from email.message import Message
from typing import Final

from notifications.failure import Failure, Lasting, any_of, lasting, says_nothing, status_in, told_status
from notifications.fields import DISPOSITIONS, STATUSES, Block, blocks_in, fields_in, own_parts
from notifications.headers import one_line, text_of
from notifications.mentioned import address_in
from notifications.words import letter_in

LONGEST_REASON: Final = 500
_MOST_BLOCKS: Final = 500
_LONGEST_SAID: Final = 2_000
_MARKS_A_BLOCK: Final = frozenset({"final-recipient", "original-recipient", "action", "x-actual-recipient"})


def recipient_blocks(mail: Message) -> list[Block]:
    """The groups of fields, one for each recipient, of every part of *mail* that is a delivery status."""
    parts = (part for part in own_parts(mail) if part.get_content_type() in STATUSES)
    return [block for part in parts for block in blocks_in(fields_in(part)) if _MARKS_A_BLOCK & block.keys()]


def blocks_in_letter(letter: str) -> list[Block]:
    """The same fields where they were put among the words of a letter; none where only some of them are."""
    whole = {"final-recipient", "action"}
    return [block for block in blocks_in(letter) if whole <= block.keys()] if "inal-" in letter else []


def told(blocks: list[Block], letter: str) -> tuple[Failure, ...]:
    """The failures in *blocks*. *letter* is what the bounce says in words, for those that give no reason."""
    return tuple(filter(None, (_told(block, letter) for block in blocks[:_MOST_BLOCKS])))


def went_well(block: Block) -> bool:
    """Whether the mail was delivered or passed on."""
    return _action(block) in _DELIVERED


_STILL_TRYING: Final = frozenset({"delayed", "delay", "warning"})
_DELIVERED: Final = frozenset({"delivered", "relayed", "expanded", "deliverable", "success"})


def _action(block: Block) -> str:
    return re.split(r"[\s(;,.]", block.get("action", "").strip().lower(), maxsplit=1)[0]


def _told(block: Block, letter: str) -> Failure | None:
    recipient = _recipient(block)
    if recipient is None or went_well(block):
        return None
    written = block.get("status", "")
    said = (_untyped(block.get("diagnostic-code", "")) or written)[:_LONGEST_SAID]
    why, status = one_line(said, LONGEST_REASON), status_in(written) or ""
    if _action(block) in _STILL_TRYING:
        return Failure(recipient, Lasting.DELAYED, status, why)
    if not _action(block) and status.startswith("2"):
        return None
    if says_nothing(status) and not _says_more(said):
        beside = _beside(_recipients(block), letter)
        said, why = f"{said} {beside}", _in_its_line(beside) or why
    return Failure(recipient, lasting(status, said), told_status(status, said), why)


def _says_more(said: str) -> bool:
    """Whether a reason has words, and not only a code."""
    return bool(re.search(r"[^\W\d_]{3}", said))


def _beside(recipients: list[str], letter: str) -> str:
    """What the letter says beside the recipient, by any address that it goes by."""
    places = (letter.lower().find(address) for address in recipients)
    place = next((found for found in places if found >= 0), -1)
    return letter[place : place + _BESIDE] if place >= 0 else ""


_BESIDE: Final = 400


def _in_its_line(beside: str) -> str:
    """The reason in the line that begins with an address, as in `lead@agency.example: 550 Invalid recipient`."""
    said = re.sub(r"^\S+[\s:>)]*", "", beside.partition("\n")[0])
    return one_line(said, LONGEST_REASON) if _says_more(said) else ""


def _recipient(block: Block) -> str | None:
    """Whom we had written to where that is told, else where the mail ended up."""
    return next(iter(_recipients(block)), None)


def _recipients(block: Block) -> list[str]:
    asked = _ENCODED_MARK.sub(lambda code: chr(int(code[1], 16)), _untyped(block.get("original-recipient", "")))
    others = (_untyped(block.get(field, "")) for field in ("final-recipient", "x-actual-recipient"))
    return [address for written in (asked, *others) if (address := address_in(written))]


def _untyped(value: str) -> str:
    """The value without the type before it, as in `rfc822; lead@agency.example`."""
    kind, mark, rest = value.partition(";")
    return rest.strip() if mark and re.fullmatch(r"\s*[A-Za-z0-9-]{1,30}\s*", kind) else value.strip()


_ENCODED_MARK = re.compile(r"\+(2B|3D)")
"""What RFC 3461 must encode in an address and some servers leave so; any other code may be part of the name."""


# --- refusals

_REFUSES = any_of(
    "automatically (rejected|refused)",
    "(was|were|has been|been|is) (rejected|refused)",
    "refuses? to accept",
    "quota exceeded",
)


def refusals(mail: Message) -> tuple[Failure, ...]:
    """Whose mailbox refused our mail in the form of a receipt, as the mail filters of Dovecot and Cyrus do.

    A receipt that says it was deleted is one like any other; a refusal says besides that it was rejected.
    """
    blocks = list(_disposed(mail))
    if not blocks:
        return ()
    letter = letter_in(mail)[:_LONGEST_SAID]
    if not ("rejected" in text_of(mail.get("auto-submitted", "")).lower() or _REFUSES.search(letter)):
        return ()
    found = ((_recipient(block), block) for block in blocks)
    why = one_line(letter, LONGEST_REASON)
    return tuple(
        Failure(recipient, lasting("", letter), status_in(letter) or "", why) for recipient, _ in found if recipient
    )


def _disposed(mail: Message) -> Iterator[Block]:
    for part in own_parts(mail):
        if part.get_content_type() in DISPOSITIONS:
            for block in blocks_in(fields_in(part)):
                if re.search(r";\s*(deleted|denied|failed)", block.get("disposition", ""), re.IGNORECASE):
                    yield block
