"""Mail addresses as they stand in what others wrote: in fields, in brackets, in the middle of a sentence."""

import re
from typing import Final

from notifications.address import check_address

LONGEST_TEXT: Final = 200_000
"""Characters of a text that are looked at."""

_BEYOND_ASCII: Final = "À-ÖØ-öø-ɏ"  # of Latin script; letters of others stand beside an address without a space
_LETTER: Final = re.compile(f"[{_BEYOND_ASCII}]")
_IN_TEXT: Final = re.compile(
    rf"[A-Za-z0-9{_BEYOND_ASCII}!#$%&'*+/=?^_`{{|}}~.-]{{1,64}}"
    rf"@[A-Za-z0-9{_BEYOND_ASCII}-]{{1,63}}(?:\.[A-Za-z0-9{_BEYOND_ASCII}-]{{1,63}}){{1,10}}"
)
_LABEL: Final = re.compile(r"^(to|orig_to|rcpt|rcptto|recipient|address|e-?mail|user|mailto)=", re.IGNORECASE)
_XTEXT: Final = re.compile(r"\+([0-9A-F]{2})")


def address_in(text: str) -> str | None:
    """The one address in *text*, in lower case; None where there is none that could have been written to."""
    cleaned = text.strip().strip("\"'").removeprefix("mailto:")
    inside = re.search(r"<([^<>\s]{3,254})>", cleaned)
    cleaned = (inside[1] if inside else cleaned).strip(" \t<>()[]\"',;:").rstrip(".").lower()
    decoded = _XTEXT.sub(lambda code: chr(int(code[1], 16)), text.strip()).strip(" <>").lower()
    for candidate in (cleaned, decoded):
        if check_address(_LETTER.sub("x", candidate)) is None:  # RFC 6531: letters beyond ASCII count as letters
            return candidate
    return None


def addresses_in(text: str) -> list[str]:
    """The addresses in *text* that could be written to, in their order, in lower case, each once."""
    found = (_trimmed(match[0]) for match in _IN_TEXT.finditer(text[:LONGEST_TEXT]))
    return list(dict.fromkeys(filter(None, found)))


def _trimmed(found: str) -> str | None:
    return address_in(_LABEL.sub("", found.lstrip("'=/.").rstrip("'.-")))


_BETWEEN: Final = re.compile(
    r"[\s<>()\[\]\"',;:&]{0,8}(and|und|et|y|e|en|og|och|i)?[\s<>()\[\]\"',;:&]{1,8}", re.IGNORECASE
)


def named_together(first: str, text: str) -> list[str]:
    """*first*, and the addresses in *text* that follow it with nothing but an "and" or a comma between them."""
    found: list[str] = []
    end = 0
    for match in _IN_TEXT.finditer(text[:LONGEST_TEXT]):
        address = _trimmed(match[0])
        if found and not _BETWEEN.fullmatch(text[end : match.start()]):
            break
        if address and (found or address == first):
            found.append(address)
        end = match.end()
    return found or [first]
