"""How a setting writes the address of a mail server: where it is, who logs in, behind which TLS, and with what options.

Sending and fetching read theirs here alike. What is wrong with one is a ValueError: one sentence that never repeats
the address, which holds a password.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from notifications.address import has_control_character
from notifications.token_command import Token

Tls = Literal["none", "starttls", "tls"]

TRUST = "name the server as its certificate does, or have this machine trust whoever signed that"
"""What would work where a certificate is not trusted."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A server as a setting names it; what is percent-encoded there is decoded here."""

    host: str
    port: int
    tls: Tls
    username: str | None
    password: str | None = field(repr=False)
    folder: str
    """What stands between host and ``?``; empty if nothing does."""
    options: Mapping[str, str]
    """What stands after ``?``."""

    @property
    def is_insecure(self) -> bool:
        """Whether the setting says that it does without what TLS would promise."""
        return self.options.get("insecure") == "yes"


@dataclass(frozen=True, slots=True)
class AddressForm:
    """How the address of one kind of server is written, and what it is called in sentences."""

    called: str
    """Such as ``mail server``."""
    over_tls: str
    """The scheme that is TLS from the first byte, such as ``smtps``."""
    ports: Mapping[Tls, int]
    options: tuple[str, ...]
    """What may stand after ``?``, such as ``timeout``, besides what all of them take."""
    example: str
    """What would work, as the end of a sentence."""
    has_a_folder: bool = False
    """Whether a folder may stand after the host, and somebody must log in: whether it is a mailbox."""

    def read(self, url: str) -> ServerAddress:
        """The address that *url* writes. Raises ValueError."""
        parts = self._split(url)
        options = self._options(parts.query)
        tls = self._tls(parts.scheme.lower(), options)
        port = parts.port or self.ports[tls]
        if port == self.ports["tls"] != self.ports[tls]:  # both sides would wait for the other to begin
            raise self.wrong(
                f"The {self.called}'s port {port} is for TLS from the first byte, which is {self.over_tls}://"
            )
        return ServerAddress(
            host=parts.hostname or "",
            port=port,
            tls=tls,
            username=self._decoded(parts.username),
            password=self._decoded(parts.password),
            folder=unquote(parts.path.strip("/")),
            options=options,
        )

    def wrong(self, what: str) -> ValueError:
        """The error that says *what*, and what would work."""
        return ValueError(f"{what}; {self.example}.")

    def _split(self, url: str) -> SplitResult:
        wrong = self.wrong(
            f"The {self.called} address is not complete, its port is not a number, or user or password has a character "
            "that must be percent-encoded"
        )
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError:  # its text repeats the setting
            raise wrong from None
        is_whole = parts.hostname and (parts.username or not self.has_a_folder)
        has_more = parts.fragment or (parts.path not in ("", "/") and not self.has_a_folder)
        if not is_whole or has_more or has_control_character(url):
            raise wrong
        return parts

    def _options(self, query: str) -> dict[str, str]:
        known = ("tls", *self.options, "insecure")
        try:
            options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
        except ValueError:
            options = {"": ""}
        if not options.keys() <= set(known) or "" in options.values():
            listed = f"{', '.join(f'{name}=' for name in known[:-1])} and {known[-1]}="
            raise self.wrong(f"After ? the {self.called} address takes {listed}")
        return options

    def _tls(self, scheme: str, options: Mapping[str, str]) -> Tls:
        asked = options.get("tls", "tls" if scheme == self.over_tls else "starttls")
        if scheme == self.over_tls and asked != "tls":
            raise self.wrong(f"{self.over_tls}:// is TLS from the first byte and takes no other tls=")
        for tls in get_args(Tls):
            if tls == asked:
                return tls  # type: ignore[no-any-return] # one of its own
        raise self.wrong(f"The {self.called}'s tls is one of none, starttls and tls")

    def _decoded(self, text: str | None) -> str | None:
        decoded = unquote(text) if text else None
        if decoded and has_control_character(decoded):
            raise self.wrong(f"The {self.called}'s user name or password has a control character")
        return decoded


def folder_in(text: str, root: Path, *, called: str, example: str) -> Path:
    """The folder that a setting names after its colon, relative to *root*. Raises ValueError."""
    path = re.sub(r"^//(?=/)", "", text)
    if not path or path.startswith("//") or has_control_character(path):
        raise ValueError(f"The {called} address names no folder; {example}.")
    return root / path


def check_login(called: str, username: str | None, password: str | None, token: Token | None) -> None:
    """Raise ValueError unless whoever logs in has a name, and a password or what gives a token; both in ASCII."""
    has_secret = password is not None or token is not None
    if (username is not None) != has_secret:
        raise ValueError(
            f"A login at the {called} needs a user name, and a password or a token command; add what is missing."
        )
    if not f"{username or ''}{password or ''}".isascii():
        raise ValueError(f"The {called}'s user name or password has characters outside ASCII; set another one.")
