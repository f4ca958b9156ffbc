"""What a disk holds when the power goes: worked out from what strace saw a piece of work write and sync.

A killed process loses nothing that it wrote, for the kernel still has it. When the power goes, only what was synced is
certain: of a file its bytes as of its last sync, of a name that it was there when its folder was last synced. What was
not synced may be there or not: `certain` has none of it, `by_chance` some. What is moved from one folder to another is
taken to be moved for certain, which is the worst that can happen to mail that is filed away.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

Write = Callable[[bytearray], None]


@dataclass
class _File:
    synced: bytes = b""
    since: list[Write] = field(default_factory=list)
    written_at: float | None = None
    """When it was last written, if that was before we looked."""

    def after(self, writes: Iterable[Write]) -> bytes:
        content = bytearray(self.synced)
        for write in writes:
            write(content)
        return bytes(content)

    def sync(self) -> None:
        self.synced, self.since = self.after(self.since), []


class _Folder(dict[str, "_File | _Folder"]):
    """The entries of a folder as they are; `synced` are those that are certain."""

    def __init__(self) -> None:
        super().__init__()
        self.synced: dict[str, _File | _Folder] = {}

    def sync(self) -> None:
        self.synced = dict(self)


_HEX = re.compile(r"\\x([0-9a-f]{2})")
_CALL = re.compile(r"(?P<name>\w+)\((?P<rest>.*)\) += (?P<result>-?\d+)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_HANDLE = re.compile(r"(\d+)<((?:\\x[0-9a-f]{2})*)>")
_NUMBERS = re.compile(r"\d+")


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


class Disk:
    """A folder on a disk: what is in it, and what of that is certain."""

    def __init__(self, root: Path) -> None:
        """As *root* is now, all of it certain."""
        self.root = root
        self._top = _read(root)
        self._at: dict[int, int] = {}  # how far each handle has written

    def follow(self, line: str) -> None:
        """Do what a line of strace's log says was done."""
        found = _CALL.match(line)
        if found is None or int(found["result"]) < 0:
            return
        step = getattr(self, f"_{found['name']}", None)
        if step is not None:
            step(found["rest"], int(found["result"]))

    def certain(self, to: Path) -> None:
        """Make *to* what is left if nothing survives that was not synced."""
        _lay(self._top, to, lambda folder: folder.synced, lambda file: file.synced)

    def by_chance(self, to: Path, chance: random.Random) -> None:
        """Make *to* what may be left: of what was not synced each write, and each folder's names, by chance."""
        _lay(
            self._top,
            to,
            lambda folder: dict(folder) if chance.random() < 0.5 else folder.synced,
            lambda file: file.after(write for write in file.since if chance.random() < 0.5),
        )

    # --- what calls do

    def _openat(self, rest: str, handle: int) -> None:
        self._at[handle] = 0
        path = _texts(rest)[0]
        if not self._ours(path):
            return
        if "O_CREAT" in rest:
            folder, name = self._place(path)
            folder.setdefault(name, _File())
        if "O_TRUNC" in rest:
            self._file(path).since.append(_cut(0))

    def _write(self, rest: str, count: int) -> None:
        handle, path = _handle(rest)
        if self._ours(path):
            at = self._at.get(handle, 0)
            self._at[handle] = at + count
            self._file(path).since.append(_put(at, _content(rest)[:count]))

    def _pwrite64(self, rest: str, count: int) -> None:
        _, path = _handle(rest)
        if self._ours(path):
            at = int(_NUMBERS.findall(rest.rpartition('"')[2])[-1])
            self._file(path).since.append(_put(at, _content(rest)[:count]))

    def _ftruncate(self, rest: str, _: int) -> None:
        _, path = _handle(rest)
        if self._ours(path):
            self._file(path).since.append(_cut(int(_NUMBERS.findall(rest.rpartition(">")[2])[0])))

    def _fsync(self, rest: str, _: int) -> None:
        _, path = _handle(rest)
        if self._ours(path):
            self._entry(path).sync()

    _fdatasync = _fsync

    def _mkdir(self, rest: str, _: int) -> None:
        if self._ours(path := _texts(rest)[0]):
            folder, name = self._place(path)
            folder[name] = _Folder()

    def _unlink(self, rest: str, _: int) -> None:
        if self._ours(path := _texts(rest)[0]):
            folder, name = self._place(path)
            del folder[name]

    def _rename(self, rest: str, _: int) -> None:
        before, after = _texts(rest)
        if self._ours(before):
            left, name = self._place(before)
            entered, new_name = self._place(after)
            entered[new_name] = entry = left.pop(name)
            if left is not entered and left.synced.pop(name, None) is not None:
                entered.synced[new_name] = entry
                self._make_certain(Path(after).parent)

    def _make_certain(self, path: Path) -> None:
        """That the folder is there, which a file that is in it for certain needs."""
        if path != self.root:
            holder, name = self._place(str(path))
            holder.synced[name] = holder[name]
            self._make_certain(path.parent)

    # --- where things are

    def _ours(self, path: str) -> bool:
        # The -shm file is no news: SQLite makes it anew when nobody has it open.
        return Path(path).is_relative_to(self.root) and not path.endswith("-shm")

    def _entry(self, path: str) -> _File | _Folder:
        entry: _File | _Folder = self._top
        for part in Path(path).relative_to(self.root).parts:
            assert isinstance(entry, _Folder)
            entry = entry[part]
        return entry

    def _place(self, path: str) -> tuple[_Folder, str]:
        folder = self._entry(str(Path(path).parent))
        assert isinstance(folder, _Folder)
        return folder, Path(path).name

    def _file(self, path: str) -> _File:
        file = self._entry(path)
        assert isinstance(file, _File)
        return file


def _read(folder: Path) -> _Folder:
    found = _Folder()
    for path in folder.iterdir():
        found[path.name] = _read(path) if path.is_dir() else _File(path.read_bytes(), written_at=path.stat().st_mtime)
    found.sync()
    return found


def _lay(
    folder: _Folder, to: Path, names: Callable[[_Folder], dict[str, _File | _Folder]], content: Callable[[_File], bytes]
) -> None:
    to.mkdir()
    for name, entry in names(folder).items():
        if isinstance(entry, _Folder):
            _lay(entry, to / name, names, content)
        else:
            (to / name).write_bytes(content(entry))
            if entry.written_at is not None and not entry.since:
                os.utime(to / name, (entry.written_at, entry.written_at))


def _put(at: int, content: bytes) -> Write:
    def write(file: bytearray) -> None:
        file.extend(b"\0" * max(0, at - len(file)))
        file[at : at + len(content)] = content

    return write


def _cut(size: int) -> Write:
    def write(file: bytearray) -> None:
        del file[size:]
        file.extend(b"\0" * (size - len(file)))

    return write


def _texts(rest: str) -> list[str]:
    return [_bytes(text).decode() for text, _ in _TEXT.findall(rest)]


def _content(rest: str) -> bytes:
    ((text, cut),) = _TEXT.findall(rest)
    assert not cut, "strace was told to keep too little of what is written"
    return _bytes(text)


def _handle(rest: str) -> tuple[int, str]:
    found = _HANDLE.match(rest)
    return (int(found[1]), _bytes(found[2]).decode()) if found else (-1, "/")
