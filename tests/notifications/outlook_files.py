"""Mail as Outlook saves it in a file: a container of streams ([MS-CFB], [MS-OXMSG]), small enough for one table."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

_FREE, _END, _IS_TABLE, _NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
_SECTOR, _SMALL_SECTOR, _SMALL = 512, 64, 4096
Folder = Mapping[str, "bytes | Folder"]


class _Container:
    def __init__(self) -> None:
        self.sectors: list[bytes] = []
        self.table: list[int] = []
        self.small = b""
        self.small_table: list[int] = []
        self.entries: list[bytes] = []

    def keep(self, content: bytes) -> int:
        start, pieces = len(self.sectors), _pieces(content, _SECTOR)
        self.sectors += pieces
        self.table += [start + n + 1 for n in range(len(pieces) - 1)] + [_END]
        return start

    def keep_small(self, content: bytes) -> int:
        start, pieces = len(self.small_table), _pieces(content, _SMALL_SECTOR)
        self.small += b"".join(pieces)
        self.small_table += [start + n + 1 for n in range(len(pieces) - 1)] + [_END]
        return start

    def add(self, name: str, content: bytes | Folder, following: int) -> int:
        number = len(self.entries)
        self.entries.append(b"")
        if isinstance(content, bytes):
            start = (self.keep_small if len(content) < _SMALL else self.keep)(content) if content else _END
            self.entries[number] = _entry(name, 2, following, _NONE, start, len(content))
        else:
            self.entries[number] = _entry(name, 1, following, self.add_all(content), 0, 0)
        return number

    def add_all(self, folder: Folder) -> int:
        """Each with the one after it at its right: a tree that leans over is one too."""
        following = _NONE
        for name in sorted(folder, key=lambda name: (len(name), name.upper()), reverse=True):
            following = self.add(name, folder[name], following)
        return following


def _pieces(content: bytes, size: int) -> list[bytes]:
    return [content[n : n + size].ljust(size, b"\0") for n in range(0, len(content), size)]


def _entry(name: str, kind: int, right: int, child: int, start: int, size: int) -> bytes:
    said = name.encode("utf-16-le")
    head = (
        said.ljust(64, b"\0") + struct.pack("<HBB", len(said) + 2, kind, 1) + struct.pack("<III", _NONE, right, child)
    )
    return head + bytes(16) + bytes(4) + bytes(16) + struct.pack("<IQ", start, size)


def container(folder: Folder) -> bytes:
    """The streams of *folder* as a container."""
    made = _Container()
    made.entries.append(b"")
    first = made.add_all(folder)
    small = made.keep(made.small)
    small_table = made.keep(struct.pack(f"<{len(made.small_table)}I", *made.small_table).ljust(_SECTOR, b"\xff"))
    made.entries[0] = _entry("Root Entry", 5, _NONE, first, small, len(made.small))
    entries = made.keep(b"".join(made.entries))
    table = [*made.table, _IS_TABLE]
    head = struct.pack("<8s16sHHHHH6sIIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", bytes(16), 0x3E, 3, 0xFFFE, 9, 6,
                       bytes(6), 0, 1, entries, 0, _SMALL, small_table, 1, _END, 0, len(table) - 1)  # fmt: skip
    whole = struct.pack(f"<{len(table)}I", *table).ljust(_SECTOR, b"\xff")
    return head.ljust(_SECTOR, b"\xff") + b"".join(made.sectors) + whole


def outlook(
    sender: str,
    subject: str,
    text: str = "",
    *,
    files: Sequence[tuple[str, bytes]] = (),
    sent_at: datetime | None = None,
    headers: str = "",
) -> bytes:
    """A .msg file; with *headers* it has travelled, without it is from the sender's own folder."""
    short = b""
    if sent_at is not None:
        since = int((sent_at - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000
        short = struct.pack("<IIQ", 0x00390040, 6, since)
    said = {"0037": subject, "1000": text, "5D01": sender, "007D": headers}
    streams: dict[str, bytes | Folder] = {
        f"__substg1.0_{tag}001F": value.encode("utf-16-le") for tag, value in said.items() if value
    }
    streams["__properties_version1.0"] = bytes(32) + short
    for number, (name, content) in enumerate(files):
        streams[f"__attach_version1.0_#{number:08X}"] = {
            "__substg1.0_3707001F": name.encode("utf-16-le"),
            "__substg1.0_37010102": content,
            "__properties_version1.0": bytes(8),
        }
    return container(streams)
