"""What a file is by its content, whatever it is called, and why it must not be opened unseen (case 40)."""

from __future__ import annotations

import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Final

_MOST_MEMBERS: Final = 5_000
_MOST_UNPACKED: Final = 300_000_000
_LONGEST_MEMBER: Final = 5_000_000
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIPS: Final = (b"PK\x03\x04", b"PK\x05\x06")


@dataclass(frozen=True, slots=True)
class Sniffed:
    """The kind of a file by its content (an ending without its dot, or a word), and what is wrong with it.

    `fault` is a clause that follows the file's name, as in "has a macro"; empty for a file that may be filed.
    """

    kind: str
    fault: str = ""


def sniff(name: str, content: bytes) -> Sniffed:
    """Say what a file is; *name* only tells a table from a text. Never raises."""
    if not content:
        return Sniffed("nothing", "is empty")
    if content.startswith(_ZIPS):
        return _in_a_zip(content)
    if content.startswith(_OLE):
        return _in_an_ole(content)
    for beginning, kind in _BEGINNINGS:
        if content.startswith(beginning):
            return Sniffed(kind, _FAULTS.get(kind, ""))
    if b"%PDF-" in content[:1024]:
        return _pdf(content)
    return _text(name, content)


_BEGINNINGS: Final = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"Rar!\x1a\x07", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"BZh", "archive"),
    (b"\xfd7zXZ\x00", "archive"),
    (b"MZ", "program"),
    (b"\x7fELF", "program"),
    (b"#!", "program"),
    (b"\x78\x9f\x3e\x22", "winmail.dat"),
    (b"{\\rtf", "rtf"),
    (b"GIF8", "gif"),
)

_FAULTS: Final = {
    "archive": "is an archive: what is in it has to be sent as it is",
    "program": "is a program",
    "winmail.dat": "is what only Outlook can open; it has to be sent as a document",
    "rtf": "is of an old kind that may hold other files; it has to be sent as Word or PDF",
    "gif": "is of a kind that is not read here",
    "web page": "is a web page; it has to be sent as Word or PDF",
    "unknown": "is of a kind that is not known here, or damaged",
}


# --- zips, which most office files are

_DAMAGE: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, NotImplementedError, RuntimeError, ValueError,
    OSError, EOFError, OverflowError,
)  # fmt: skip
"""What a damaged package makes Python's own reader raise."""


def _in_a_zip(content: bytes) -> Sniffed:
    try:
        with zipfile.ZipFile(BytesIO(content)) as package:
            return _package(package)
    except _DAMAGE:
        return Sniffed("unknown", "is damaged: it cannot be opened")


def _package(package: zipfile.ZipFile) -> Sniffed:
    members = package.infolist()
    if len(members) > _MOST_MEMBERS or sum(member.file_size for member in members) > _MOST_UNPACKED:
        return Sniffed("archive", "unpacks to more than can be looked at")
    names = {member.filename.casefold() for member in members}
    kind = _kind_of_package(package, names)
    if any(member.flag_bits & 1 for member in members):
        return Sniffed(kind, "has a password")
    if kind == "archive":
        return Sniffed(kind, _FAULTS[kind])
    if package.testzip() is not None:
        return Sniffed(kind, "is damaged: it cannot be opened")
    return Sniffed(kind, _fault_of_package(package, names, kind))


_OFFICE: Final = (("word/document.xml", "docx"), ("xl/workbook.xml", "xlsx"), ("ppt/presentation.xml", "pptx"))
_OPEN: Final = {
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
}


def _kind_of_package(package: zipfile.ZipFile, names: set[str]) -> str:
    if "[content_types].xml" in names:
        return next((kind for member, kind in _OFFICE if member in names), "archive")
    return _OPEN.get(_member(package, "mimetype").decode("ascii", "replace").strip(), "archive")


def _fault_of_package(package: zipfile.ZipFile, names: set[str], kind: str) -> str:
    if any(name.endswith(("vbaproject.bin", "vbadata.xml")) for name in names) or _says_macro(package):
        return "has a macro"
    if kind in _OPEN.values():
        if any(name.startswith(("basic/", "scripts/")) for name in names):
            return "has a macro"
        if b"encryption-data" in _member(package, "META-INF/manifest.xml"):
            return "has a password"
    if any("/embeddings/" in name and name.endswith((".bin", ".zip", ".exe")) for name in names):
        return "has another file within it"
    return ""


def _says_macro(package: zipfile.ZipFile) -> bool:
    return b"macroenabled" in _member(package, "[Content_Types].xml").lower()


def _member(package: zipfile.ZipFile, name: str) -> bytes:
    """The beginning of a member; empty where it is not there."""
    try:
        with package.open(name) as member:
            return member.read(_LONGEST_MEMBER)
    except KeyError:
        return b""


# --- the older container of Microsoft, which also holds locked office files


def _in_an_ole(content: bytes) -> Sniffed:
    def has(name: str) -> bool:
        return name.encode("utf-16-le") in content

    if has("EncryptedPackage"):
        return Sniffed("locked", "has a password")
    if has("__properties_version1.0"):
        return Sniffed("msg")
    old = next((kind for name, kind in _OLD if has(name)), "unknown")
    if old == "unknown":
        return Sniffed(old, _FAULTS[old])
    return Sniffed(old, "is of an old kind that may hide a macro; it has to be sent as a new one or as PDF")


_OLD: Final = (("WordDocument", "doc"), ("Workbook", "xls"), ("PowerPoint Document", "ppt"))


# --- PDF and plain text


def _pdf(content: bytes) -> Sniffed:
    if re.search(rb"/Encrypt\b", content):
        return Sniffed("pdf", "has a password")
    if re.search(rb"/(JavaScript|Launch)\b", content):
        return Sniffed("pdf", "has a script")
    if re.search(rb"/EmbeddedFiles?\b", content):
        return Sniffed("pdf", "has another file within it")
    return Sniffed("pdf", "" if b"%%EOF" in content[-2048:] else "is damaged: its end is missing")


_HEADER: Final = re.compile(rb"\A(?:[A-Za-z][A-Za-z0-9-]*:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){2,}")
_OF_MAIL: Final = re.compile(rb"^(from|subject|message-id|received|date):", re.IGNORECASE | re.MULTILINE)
_PAGE: Final = re.compile(rb"\A\s*(<!doctype html|<html|<script|<\?xml)", re.IGNORECASE)


def _text(name: str, content: bytes) -> Sniffed:
    if _PAGE.match(content[:1024]):
        return Sniffed("web page", _FAULTS["web page"])
    head = _HEADER.match(content[:64_000])
    if head and len(_OF_MAIL.findall(head[0])) >= 2:
        return Sniffed("eml")
    if not _is_text(content):
        return Sniffed("unknown", _FAULTS["unknown"])
    return Sniffed("csv" if name.casefold().endswith((".csv", ".tsv")) else "txt")


_NO_TEXT: Final = bytes(set(range(32)) - {9, 10, 12, 13})


def _is_text(content: bytes) -> bool:
    readers: tuple[Callable[[], str], ...] = (lambda: content.decode("utf-8"), lambda: content.decode("cp1252"))
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        readers = (lambda: content.decode("utf-16"),)
    elif content.translate(None, _NO_TEXT) != content:
        return False
    for read in readers:
        try:
            read()
        except UnicodeError:
            continue
        return True
    return False
