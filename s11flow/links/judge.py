"""Says of a link's address whether it can open outside the agency's own network, as far as its look tells."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

_DRIVE = re.compile(r"[a-zA-Z]:[\\/]")
_NUMBERS_ONLY = re.compile(r"(0x[0-9a-f]+|\d+)(\.(0x[0-9a-f]+|\d+))*", re.IGNORECASE)
_INSIDE = (
    "localhost", "local", "internal", "intranet", "intra", "lan", "corp", "home", "private", "localdomain", "home.arpa",
    "test", "invalid",
)  # fmt: skip
"""Endings of names that no public name has (RFC 6761, 6762, 8375; those that offices use besides)."""
_SHARES = {
    "sharepoint.com": "SharePoint",
    "onedrive.live.com": "OneDrive",
    "1drv.ms": "OneDrive",
    "drive.google.com": "Google Drive",
    "docs.google.com": "Google Docs",
    "dropbox.com": "Dropbox",
    "box.com": "Box",
    "teams.microsoft.com": "Microsoft Teams",
    "wetransfer.com": "WeTransfer",
    "icloud.com": "iCloud",
    "huddle.com": "Huddle",
    "kahootz.com": "Kahootz",
}
"""Places whose links open only for whom they are shared with, or for a time."""


def why_closed(address: str) -> str:
    """Why *address* will not open from outside, as a clause for a letter; empty when nothing speaks against it."""
    text = address.strip()
    if text.startswith(("\\\\", "//")) or _DRIVE.match(text):
        return "it is a path on your own network or computer"
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").rstrip(".")
        _ = parts.port
    except ValueError:
        return "it is not a complete web address"
    if parts.scheme == "file":
        return "it is a path on your own network or computer"
    if parts.scheme not in ("http", "https"):
        return (
            f"it begins with {parts.scheme}:, and only https:// or http:// opens in a browser"
            if parts.scheme
            else ("it is not a complete web address")
        )
    return _why_host(host) or _why_parts(parts) or _why_share(host)


def _why_host(host: str) -> str:
    if not host:
        return "it names no server"
    if _NUMBERS_ONLY.fullmatch(host) or ":" in host:
        return _why_number(host)
    if "." not in host:
        return f'"{host}" is a name inside your own network'
    if host.endswith(tuple(f".{ending}" for ending in _INSIDE)):
        return f'"{host}" is a name inside a network, not on the internet'
    return ""


def _why_number(host: str) -> str:
    try:
        number = ip_address(host)
    except ValueError:
        return "it has a number where the server's name belongs"
    if number.is_global and not number.is_multicast:
        return ""
    return f"{host} is an address inside a network, not on the internet"


def _why_parts(parts: SplitResult) -> str:
    if parts.username is not None or parts.password is not None:
        return "it has a user name or password in it"
    return ""


def _why_share(host: str) -> str:
    for domain, name in _SHARES.items():
        if host == domain or host.endswith(f".{domain}"):
            return f"it is a share in {name}, which opens only for those it is shared with"
    return ""


_SIGN_IN_HOSTS = frozenset({"login", "signin", "logon", "sso", "auth", "adfs", "sts", "idp", "accounts"})
_SIGN_IN_PATH = re.compile(
    r"/(log[-_]?in|log[-_]?on|sign[-_]?in|wp-login|servicelogin|sso|saml2?|adfs|oauth2?|authorize|_forms)(\.\w+)?(/|$)",
    re.IGNORECASE,
)


def is_sign_in(host: str, path: str) -> bool:
    """Whether an address that a link leads on to is where people sign in, as far as its look tells."""
    return host.partition(".")[0].casefold() in _SIGN_IN_HOSTS or bool(_SIGN_IN_PATH.search(path))


def is_share(host: str) -> bool:
    """Whether *host* is a place whose links open only for whom they are shared with."""
    return bool(_why_share(host))
