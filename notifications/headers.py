"""The values of a mail's headers as text, whatever was sent."""

import re
import unicodedata
from email.errors import HeaderParseError
from email.header import Header, decode_header
from typing import Final

from notifications.charsets import text_in

_LONGEST: Final = 2_000
"""Characters of a value that are decoded: encoded words cost seconds where there are thousands of them."""


def text_of(value: object) -> str:
    """The value of a header as one line of text, decoded; what cannot be decoded is given as it came."""
    written = _as_text(value)[:_LONGEST]
    if "=?" not in written:
        return one_line(written, _LONGEST)
    try:
        pieces = decode_header(written)
    except (HeaderParseError, ValueError):
        return one_line(written, _LONGEST)
    decoded = one_line("".join(_piece(content, charset) for content, charset in pieces), _LONGEST)
    return decoded or one_line(written, _LONGEST)  # Base64 without a single letter of its own decodes to nothing


def one_line(text: str, longest: int) -> str:
    """*text* on one line without control characters, cut at *longest* with a mark."""
    kept = "".join(
        " " if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} else char for char in text[: longest * 4]
    )
    line = re.sub(r"\s+", " ", kept).strip()
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def _as_text(value: object) -> str:
    """Bytes that are no ASCII are hidden by the parser in a `Header`."""
    if isinstance(value, Header):
        pieces = (content for content, _ in decode_header(value))
        raw = b"".join(piece if isinstance(piece, bytes) else piece.encode("utf-8", "replace") for piece in pieces)
    else:
        raw = str(value).encode("utf-8", "surrogateescape")
    return restored(raw)


def restored(written: bytes | str) -> str:
    """What was sent beyond ASCII without saying how: nearly always it is UTF-8, else Latin-1."""
    raw = written if isinstance(written, bytes) else written.encode("utf-8", "surrogateescape")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _piece(content: bytes | str, charset: str | None) -> str:
    if isinstance(content, str):
        return content
    return text_in(content, charset or "ascii")
