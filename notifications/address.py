"""What counts as one plain mail address."""

import re
import unicodedata
from ipaddress import ip_address

LONGEST_ADDRESS = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets
_LONGEST_LOCAL_PART = 64
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")

_CONTROL_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})  # controls, lone surrogates, line and paragraph separators


def has_control_character(text: str) -> bool:
    """Say whether *text* holds a control character, a line separator or half a surrogate pair."""
    # The first question is quick and answers nearly every text.
    return not text.isprintable() and any(unicodedata.category(char) in _CONTROL_CATEGORIES for char in text)


def check_address(address: str) -> str | None:
    """Say what is wrong with *address* as a phrase ("has no domain"), or give None when it is one plain address.

    One plain address is ``local@domain`` in ASCII with a dot-atom before the @ and a domain of two or more labels after
    it; no display name, no quotes, no comments, no spaces around it.
    """
    for reason, is_wrong in _REASONS:
        if is_wrong(address):
            return reason
    return None


def _has_no_domain(address: str) -> bool:
    return not address.rpartition("@")[2] or "@" not in address


def _domain_is_wrong(address: str) -> bool:
    domain = address.rpartition("@")[2]
    return not _DOMAIN.fullmatch(domain) or domain.rpartition(".")[2].isdigit()


def _is_not_one(address: str) -> bool:
    local_part = address.rpartition("@")[0]
    return len(local_part) > _LONGEST_LOCAL_PART or not _LOCAL_PART.fullmatch(local_part)


# In the order in which a person would want to hear of them.
_REASONS = (
    ("is empty", lambda address: not address),
    ("has a control character", has_control_character),
    ("is longer than 254 characters", lambda address: len(address) > LONGEST_ADDRESS),
    ("has no domain", _has_no_domain),
    ("has a character that is not plain ASCII", lambda address: not address.isascii()),
    ("is not one address", _is_not_one),
    ("has a domain that cannot exist", _domain_is_wrong),
    ("has a domain without a dot", lambda address: "." not in address.rpartition("@")[2]),
)


def is_loopback(host: str) -> bool:
    """Say whether *host* is this machine by its name alone: what is said to it leaves over no wire."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
