"""Bytes as text in the character set that a mail names, whatever it names."""

import codecs
from typing import Final

_OF_PYTHON: Final = frozenset(
    {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "unicode-escape", "raw-unicode-escape"}
)
"""What Python calls encodings and no mail is written in: they fail, take very long, or read what is not there."""


def is_charset(name: str) -> bool:
    """Whether Python knows a character set of this name."""
    try:
        return codecs.lookup(name).name not in _OF_PYTHON
    except (LookupError, ValueError):
        return False


def text_in(content: bytes, charset: str) -> str:
    """*content* as text; what *charset* does not know is replaced, and where there is none of that name it is Latin-1.

    Never raises.
    """
    try:
        return content.decode(charset if is_charset(charset) else "latin-1", "replace")
    except (LookupError, ValueError):  # it is no character set: `hex`, say
        return content.decode("latin-1")
