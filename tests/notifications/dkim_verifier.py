"""Verifies DKIM signatures (relaxed/relaxed, rsa-sha256): written from RFC 6376, beside the library that signs."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key


def is_sound(mail: bytes, dns: Mapping[str, str]) -> bool:
    """Whether the first header of *mail* is a signature of the rest of it, by a key that *dns* has."""
    head, _, body = mail.partition(b"\r\n\r\n")
    signature, *others = re.split(rb"\r\n(?![ \t])", head)
    tags = tags_of(signature.partition(b":")[2].decode("ascii"))
    assert signature.lower().startswith(b"dkim-signature:")
    assert (tags["v"], tags["a"], tags["c"]) == ("1", "rsa-sha256", "relaxed/relaxed")
    if b64encode(sha256(relaxed_body(body)).digest()).decode() != tags["bh"]:
        return False
    unsigned = re.sub(rb"(\bb=)[^;]*$", rb"\1", signature)
    said = b"".join(relaxed_header(line) + b"\r\n" for line in chosen(others, tags["h"])) + relaxed_header(unsigned)
    key = load_der_public_key(b64decode(tags_of(dns[f"{tags['s']}._domainkey.{tags['d']}"])["p"]))
    assert isinstance(key, RSAPublicKey)
    try:
        key.verify(b64decode(tags["b"]), said, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def tags_of(text: str) -> dict[str, str]:
    """A list of tags (section 3.2), whose white space means nothing in those that are looked at here."""
    pairs = (tag.partition("=") for tag in text.strip().rstrip(";").split(";"))
    return {name.strip(): re.sub(r"\s", "", value) for name, _, value in pairs}


def chosen(lines: list[bytes], names: str) -> list[bytes]:
    """The headers that h= names, of several alike the last first; one that is not there is nothing (section 5.4.2)."""
    left = list(lines)
    found = []
    for name in names.lower().split(":"):
        for line in reversed(left):
            if line.partition(b":")[0].strip().lower().decode("ascii") == name:
                left.reverse()
                left.remove(line)
                left.reverse()
                found.append(line)
                break
    return found


def relaxed_header(line: bytes) -> bytes:
    """Section 3.4.2."""
    name, _, value = line.partition(b":")
    return name.strip().lower() + b":" + re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" \t")


def relaxed_body(body: bytes) -> bytes:
    """Section 3.4.4."""
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    text = b"\r\n".join(lines).rstrip(b"\r\n")
    return text + b"\r\n" if text else b""
