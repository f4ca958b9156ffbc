"""What the files of a mail say, as far as it helps to see whose they are; only plain kinds are read for that."""

from __future__ import annotations

from typing import Final

from s11flow.office.read_word import read_word

_LONGEST: Final = 50_000
_LARGEST: Final = 10_000_000


def words_in(kind: str, content: bytes) -> str:
    """The words of a Word file or a plain text, cut; empty for every other kind and for what cannot be read."""
    if len(content) > _LARGEST:
        return ""
    if kind in ("txt", "csv"):
        return content[:_LONGEST].decode("utf-8", "replace")
    if kind != "docx":
        return ""
    try:
        return _of_word(content)
    except Exception:  # whatever is in it, it only helps to guess
        return ""


def _of_word(content: bytes) -> str:
    said: list[str] = []
    for part in read_word(content).parts:
        said += [part] if isinstance(part, str) else [cell for row in part for cell in row]
    return "\n".join(said)[:_LONGEST]
