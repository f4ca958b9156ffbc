"""The address of a link taken apart, once: what is judged is what is asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

import httpx

from s11flow.links.find import LONGEST
from s11flow.links.judge import is_share, is_sign_in, why_closed
from s11flow.links.look import Look, Outcome

PORTS = (80, 443)
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)+")
_NOT_WHOLE = "it is not a complete web address"


class Refused(Exception):
    """An address that is not asked for; `look` is what that says of the link."""

    def __init__(self, outcome: Outcome, why: str) -> None:
        self.look = Look(outcome, why)
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Target:
    """A server to be asked, by its name in ASCII or its number, and for what."""

    url: httpx.URL
    host: str
    port: int
    path: bytes
    is_number: bool

    @property
    def is_encrypted(self) -> bool:
        """Whether it is asked by TLS."""
        return self.url.scheme == "https"

    @property
    def named(self) -> str:
        """The server as the Host header has it: the port stands there if it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_encrypted else 80) else f"{host}:{self.port}"

    def onward(self, location: bytes, ports: tuple[int, ...] = PORTS) -> Target:
        """What this server sends its visitors on to; raises Refused, also for a place where people sign in."""
        said = location.decode("utf-8", "replace").strip().replace(" ", "%20")
        try:
            address = str(self.url.join(_plain(said)))
        except (httpx.InvalidURL, ValueError):
            raise Refused(Outcome.NOT_FOUND, _NOT_WHOLE) from None
        found = target(address, ports)
        if is_sign_in(found.host, found.url.path):
            raise Refused(Outcome.SIGN_IN, f"{found.host} asks for a sign-in")
        return found


def target(address: str, ports: tuple[int, ...] = PORTS) -> Target:
    """Take *address* apart; raises Refused unless it is a whole address of the web that may open from outside."""
    try:
        url = httpx.URL(_plain(address))
    except (httpx.InvalidURL, ValueError):
        raise Refused(Outcome.NOT_PUBLIC, _NOT_WHOLE) from None
    host = url.raw_host.decode("ascii").rstrip(".")
    if why := why_closed(address) or why_closed(str(url)) or _why_host(host):
        raise Refused(Outcome.SIGN_IN if is_share(host) else Outcome.NOT_PUBLIC, why)
    port = (443 if url.scheme == "https" else 80) if url.port is None else url.port
    if port not in ports:
        raise Refused(Outcome.LEFT, f"it names the port {port}, and only 80 and 443 are tried")
    return Target(url, host, port, url.raw_path, _is_number(host))


def _plain(address: str) -> str:
    """The address, if programs cannot differ about where in it the server stands."""
    if len(address) > LONGEST or not address.isprintable() or " " in address or "\\" in address:
        raise ValueError("no plain address")
    return address


def _why_host(host: str) -> str:
    return "" if _is_number(host) or _NAME.fullmatch(host) else _NOT_WHOLE


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
