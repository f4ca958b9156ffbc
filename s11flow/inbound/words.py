"""What the files of a mail say, as far as their words go: to see whose they are, and whether they speak of one child.

PDF files and mails of Outlook are not read here: what reads those may die of it, and is a process of its own.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from html import unescape
from io import BytesIO
from typing import Final

_LONGEST: Final = 50_000
_LARGEST: Final = 40_000_000
_MOST_UNPACKED: Final = 32_000_000
_MOST_MEMBERS: Final = 500

_SAYS: Final = {
    "docx": re.compile(r"word/(document|comments|footnotes|endnotes|header\d*|footer\d*)\.xml"),
    "xlsx": re.compile(r"xl/(sharedStrings|worksheets/[^/]+|comments\d*)\.xml"),
    "pptx": re.compile(r"ppt/(slides|notesSlides)/[^/]+\.xml"),
    "odt": re.compile(r"content\.xml"),
    "ods": re.compile(r"content\.xml"),
}
"""In which members of a package the words are, by the kind of the file."""


def words_in(kind: str, content: bytes, *, most: int = _LONGEST) -> str:
    """The words of an Office file or a plain text, at most so many letters; empty for what holds or shows none.

    Never raises. Deleted words that a file still holds are among them, and cells are apart by tabs.
    """
    if len(content) > _LARGEST:
        return ""
    if kind in ("txt", "csv", "eml"):
        return _of_text(content[: 4 * most])[:most]
    if kind not in _SAYS:
        return ""
    try:
        return _of_package(_SAYS[kind], content, most)
    except Exception:  # whatever is in it, it only helps to guess and to warn
        return ""


def _of_text(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    return content.decode("utf-8-sig", "replace")


def _of_package(says: re.Pattern[str], content: bytes, most: int) -> str:
    said: list[str] = []
    left, room = most, _MOST_UNPACKED
    with zipfile.ZipFile(BytesIO(content)) as package:
        for name in _members(package, says):
            with package.open(name) as member:
                unpacked = member.read(room)
            words = _without_tags(unpacked.decode("utf-8", "replace"))
            said.append(words[:left])
            left, room = left - len(words), room - len(unpacked)
            if left <= 0 or room <= 0:
                break
    return "\n".join(said)


def _members(package: zipfile.ZipFile, says: re.Pattern[str]) -> Iterator[str]:
    for member in package.infolist()[:_MOST_MEMBERS]:
        if says.fullmatch(member.filename):
            yield member.filename


_LINE_ENDS: Final = re.compile(
    r"</(?:w:p|w:tr|a:p|text:p|text:h|table:table-row|si|row)>|<(?:w:br|text:line-break)\s?/>"
)
_CELL_ENDS: Final = re.compile(r"</(?:w:tc|c|table:table-cell)>|<(?:w:tab|text:tab|text:s)\s?/>")
_TAG: Final = re.compile(r"<[^<>]*>")


def _without_tags(xml: str) -> str:
    return unescape(_TAG.sub("", _CELL_ENDS.sub("\t", _LINE_ENDS.sub("\n", xml))))
