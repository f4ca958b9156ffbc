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
    found = (address_in(match[0].lstrip("'=/.").rstrip("'.-")) for match in _IN_TEXT.finditer(text[:LONGEST_TEXT]))
    return list(dict.fromkeys(filter(None, found)))
