"""Signing mail as it leaves (DKIM, RFC 6376), by a key that nobody but its owner can read.

The signature is one header in front of the mail, whose other bytes stay as they were composed and as they are kept. It
says when it was made, by the machine's clock: a mail that is sent again is signed again, and is otherwise the same.
"""

import os
import re
import stat
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from dkim import DKIMException
from emails.signers import DKIMSigner

from notifications.outcome import Closing, Mailer, Outcome, Status, nothing

FEWEST_BITS = 1024  # RFC 8301: receivers take nothing shorter
ENOUGH_BITS = 2048

# What is signed is signed once more than it is there, so that no second one can be put beside it. These are signed even
# if they are not there, so that none can be put in; of the others a relay may add what a mail can do without.
_ALWAYS = ("from", "to", "cc", "subject", "reply-to")
_IF_THERE = (
    *("sender", "date", "message-id", "in-reply-to", "references", "auto-submitted"),
    *("mime-version", "content-type", "content-transfer-encoding"),
)
_NAME = re.compile(rb"^([!-9;-~]+):", re.MULTILINE)
_LONGEST_KEY = 100_000


class KeyRefused(ValueError):
    """A key that nothing is signed with; one sentence on what to mend."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private RSA key; its text is shown nowhere."""

    pem: bytes = field(repr=False)
    bits: int
    public: str
    """What the DNS says of it: its public half, in base64."""


def read_key(path: Path) -> SigningKey:
    """The key in the file at *path*. Raises KeyRefused: for one that others can read, or that is no RSA key."""
    pem = _private(path)
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # a TypeError: it has a password
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise KeyRefused(f"{path} is not an RSA key in PEM without a password; {_make(path)}.")
    if key.key_size < FEWEST_BITS:
        raise KeyRefused(f"The key {path} has {key.key_size} bits, which no receiver takes; {_make(path)}.")
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    # Written anew: what signs understands no CRLF, and nothing in front of the key.
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return SigningKey(pem, key.key_size, b64encode(public).decode("ascii"))


def _private(path: Path) -> bytes:
    """What is in a file that its owner alone can read; looked at and read as one file, whatever is moved meanwhile."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise KeyRefused(f"Others than its owner can use the key {path}; `chmod 600 {path}` closes it.")
            return file.read(_LONGEST_KEY)
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise KeyRefused(
            f"The key {path} cannot be read ({why}); see that it is there, and that the user of the service owns it."
        ) from None


def _make(path: Path) -> str:
    return f"make one with `openssl genrsa -out {path} {ENOUGH_BITS}`"


class Signer:
    """Signs mail for *domain* by *key*, whose public half the DNS has at ``selector._domainkey.domain``."""

    def __init__(self, key: SigningKey, *, domain: str, selector: str) -> None:
        self._made_of: dict[str, Any] = {"key": key.pem, "domain": domain, "selector": selector}

    def sign(self, raw: bytes) -> bytes:
        """*raw*, a mail with CRLF line ends, with the signature in front. Raises DKIMException."""
        names = [found.decode("ascii").lower() for found in _NAME.findall(raw.partition(b"\r\n\r\n")[0])]
        there = [name for name in names if name in (*_ALWAYS, *_IF_THERE)]
        signer = DKIMSigner(
            **self._made_of,
            canonicalize=(b"relaxed", b"relaxed"),  # a relay may fold a header anew, or end the mail with a blank line
            include_headers=[*there, *dict.fromkeys((*_ALWAYS, *there))],
        )
        signed: bytes = signer.sign_message_bytes(raw)
        return signed


class SigningMailer(Closing):
    """Signs each mail and hands it to another mailer; what cannot be signed does not leave."""

    def __init__(self, mailer: Mailer, sign: Callable[[bytes], bytes]) -> None:
        self._mailer = mailer
        self._sign = sign
        self._last: tuple[bytes, bytes] | None = None

    def send(
        self, raw: bytes, *, sender: str, recipient: str, name: str, meanwhile: Callable[[], None] = nothing
    ) -> Outcome:
        """Sign it, and try once to hand it over."""
        try:
            signed = self._signed(raw)
        except DKIMException as error:
            why = f"The mail was not sent, because it could not be signed ({type(error).__name__}); check the DKIM key."
            return Outcome(Status.DELAYED, why, needs_person=True, unreachable=True)
        return self._mailer.send(signed, sender=sender, recipient=recipient, name=name, meanwhile=meanwhile)

    def announce(self, raw: bytes, *, sender: str, recipient: str) -> None:
        """Announce it as it will be sent."""
        try:
            signed = self._signed(raw)
        except DKIMException:
            return  # to send it says so
        self._mailer.announce(signed, sender=sender, recipient=recipient)

    def close(self) -> None:
        """Close the other."""
        self._mailer.close()

    def _signed(self, raw: bytes) -> bytes:
        """What was announced is sent with the signature that it was announced with."""
        if self._last is None or self._last[0] != raw:
            self._last = (raw, self._sign(raw))
        return self._last[1]
