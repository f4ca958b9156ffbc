"""Finds the web addresses in a report's files; opens nothing and fetches nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache

from s11flow.office.read_word import read_word

_ADDRESS = re.compile(
    r"""(?:https?|ftp|file|smb)://?[^\s<>"'\u201c\u201d\u2018\u2019\[\]{}|^`]+"""
    r"""|\bwww\.[^\s<>"'\u201c\u201d\u2018\u2019\[\]{}|^`]+"""
    r"""|\\\\[\w.$-]+\\[^\s<>"|?*]+"""
    r"""|\b[A-Za-z]:\\[^\s<>"|?*]+""",
    re.IGNORECASE,
)
_ENDS = ".,;:!?*_"
LONGEST = 2_000
"""Letters of an address; no browser is sure to open a longer one."""

PDF_SECONDS, PDF_MEMORY = 60, 1024 * 1024 * 1024
"""Of processor and of memory, for one PDF file."""
PDF_GLANCE = 8
"""Seconds of processor for one that anybody may have sent: enough for a report, and the next mail waits for it."""
PDF_WORDS = 2_000_000
"""Letters of its words that are given."""
_PATIENCE = 180.0
"""Seconds by the clock for one: a machine may be busy with other things."""
_OUT_OF_TIME = frozenset({-24, -9})
"""How a process ends at its limit (SIGXCPU), and after it (SIGKILL)."""


class Unreadable(ValueError):
    """A file in which links could not be looked for; the sentence says why."""


class _TooLong(Exception):
    """A file that is not read to its end within the time there is."""


def links_in(name: str, data: bytes) -> tuple[str, ...]:
    """Every address in the file, each once, in the order it has them: written out, or behind words or a picture.

    Word and PDF files and plain texts are read, by the ending of *name*; any other kind is Unreadable, and so is a file
    that is damaged or has a password. Addresses of mail are none.
    """
    ending = name.rpartition(".")[2].casefold()
    reader = _READERS.get(ending)
    if reader is None:
        raise Unreadable(f"{name}: links are looked for in Word, PDF and text files, not in this kind.")
    try:
        found = list(reader(data))
    except _TooLong:
        raise Unreadable(f"{name}: links could not be looked for; it takes too long to read.") from None
    except Exception as error:  # a file that somebody made to do harm can raise anything in what reads it
        raise Unreadable(f"{name}: links could not be looked for; the file is damaged, or has a password.") from error
    return tuple(dict.fromkeys(address for address in map(_whole, found) if address))


def addresses_in(text: str) -> Iterator[str]:
    """The addresses that are written out in a text, without the punctuation of the sentence they stand in."""
    for match in _ADDRESS.finditer(text):
        yield _trimmed(match[0][:LONGEST])


def _trimmed(address: str) -> str:
    while address and (address[-1] in _ENDS or (address[-1] == ")" and address.count("(") < address.count(")"))):
        address = address[:-1]
    return address


def _whole(address: str) -> str:
    text = address.strip()
    if text.casefold().startswith(("mailto:", "#", "tel:")):
        return ""
    return f"https://{text}" if text.casefold().startswith("www.") else text


def _of_word(data: bytes) -> Iterator[str]:
    word = read_word(data)
    yield from word.links
    for part in word.parts:
        for text in [part] if isinstance(part, str) else [cell for row in part for cell in row]:
            yield from addresses_in(text)


def _of_pdf(data: bytes) -> Iterator[str]:
    addresses, _, failure = _told(data, PDF_GLANCE)
    if failure is _TooLong:
        addresses, _, failure = _told(data, PDF_SECONDS)
    if failure is not None:
        raise failure("The process that reads a PDF file ended over it.")
    yield from addresses


def words_in_pdf(data: bytes) -> str:
    """What a PDF file says; empty for one that cannot be read at a glance, or that holds pictures of words."""
    return _told(data, PDF_GLANCE)[1]


_Told = tuple[tuple[str, ...], str, type[Exception] | None]


@lru_cache(maxsize=4)  # a report is read for its links, for its words, and to see whose it may be
def _told(data: bytes, seconds: int) -> _Told:
    """Addresses and words, or what failed, by a process of its own (`python -m s11flow.links`) that may die of it.

    It has so many *seconds* of processor.
    """
    try:
        told = subprocess.run(
            [sys.executable, "-m", "s11flow.links", str(seconds)],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a trace would hold words of the report
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUTF8": "1", "PATH": os.defpath},
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return (), "", _TooLong
    if told.returncode:
        return (), "", _TooLong if told.returncode in _OUT_OF_TIME else ValueError
    addresses, words = json.loads(told.stdout)
    return tuple(addresses), words, None


def _of_text(data: bytes) -> Iterator[str]:
    for encoding in ("utf-8-sig", "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1252"):
        try:
            yield from addresses_in(data.decode(encoding))
            return
        except UnicodeDecodeError:
            continue
    yield from addresses_in(data.decode("latin-1"))


_READERS: dict[str, Callable[[bytes], Iterator[str]]] = {
    "docx": _of_word,
    "pdf": _of_pdf,
    "txt": _of_text,
    "md": _of_text,
    "csv": _of_text,
}
