"""Office files are zip archives: the same content is packed to the same bytes, and what is unsafe is not opened."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MEGABYTE = 1024 * 1024
_LOCKED = 1  # the bit of a member that is encrypted
LARGEST = 64 * _MEGABYTE
"""Bytes to which an Office file from outside may unpack."""
LARGEST_MEMBER = 16 * _MEGABYTE
"""Bytes of one of them where each may be made into a tree of elements, which takes twenty times the memory."""
MOST_MEMBERS = 2_000
"""Files that it may consist of."""


class Unsafe(ValueError):
    """A file that is not opened; a clause says why."""


def stable(data: bytes, at: datetime, changed: Mapping[str, Callable[[bytes], bytes]] | None = None) -> bytes:
    """The archive *data* as if it had been packed at *at*, aware, whenever it was; *changed* are members by name."""
    said = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    packed = BytesIO()
    with ZipFile(BytesIO(data)) as found, ZipFile(packed, "w", ZIP_DEFLATED) as made:
        for name in found.namelist():
            member = found.read(name)
            if name == "docProps/core.xml":
                member = _MODIFIED.sub(rb"\g<1>" + said, member)
            if changed and name in changed:
                member = changed[name](member)
            made.writestr(ZipInfo(name, _EPOCH), member, ZIP_DEFLATED)
    return packed.getvalue()


def without_members(data: bytes, names: Sequence[str]) -> tuple[bytes, list[bytes]]:
    """The archive *data* without the members of these *names*, packed as `stable` does, and what they held."""
    packed = BytesIO()
    with ZipFile(BytesIO(data)) as found, ZipFile(packed, "w", ZIP_DEFLATED) as made:
        for name in found.namelist():
            if name not in names:
                made.writestr(ZipInfo(name, _EPOCH), found.read(name), ZIP_DEFLATED)
        left = [found.read(name) for name in names]
    return packed.getvalue(), left


def with_members(data: bytes, members: Mapping[str, bytes]) -> bytes:
    """The archive *data* with these *members* more, whatever the time; what it has is not packed anew."""
    packed = BytesIO(data)
    with ZipFile(packed, "a", ZIP_DEFLATED) as made:
        for name, said in members.items():
            made.writestr(ZipInfo(name, _EPOCH), said, ZIP_DEFLATED)
    return packed.getvalue()


def xml_text(text: str) -> str:
    """*text* without the characters that no Office file can hold."""
    return _NOT_XML.sub("", text)


def refuse_unsafe(data: bytes, *, largest_member: int = LARGEST) -> None:
    """Raise Unsafe for a file that is no archive, is locked or is out of bounds."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            members = archive.infolist()
    except (BadZipFile, OSError, ValueError, NotImplementedError):
        raise Unsafe("it is no Office file of today's kind, or it is damaged or has a password") from None
    if any(member.flag_bits & _LOCKED for member in members):
        raise Unsafe("it has a password")
    if len(members) > MOST_MEMBERS:
        raise Unsafe(f"it consists of more than {MOST_MEMBERS} parts")
    if sum(member.file_size for member in members) > LARGEST:
        raise Unsafe(f"it unpacks to more than {LARGEST // _MEGABYTE} MB")
    if any(member.file_size > largest_member for member in members):  # whatever its name: it need not be what that says
        raise Unsafe(f"one part of it is larger than {largest_member // _MEGABYTE} MB")
