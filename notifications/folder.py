"""Filing mail in a folder, one file each."""

import errno
import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from notifications.outcome import Closing, Outcome, Status, nothing

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_NO_ROOM = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}


class FolderMailer(Closing):
    """Writes each mail to ``folder/<name>.eml``: whole and on the disk, or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._is_certain = False

    def send(
        self, raw: bytes, *, sender: str, recipient: str, name: str, meanwhile: Callable[[], None] = nothing
    ) -> Outcome:
        """File *raw* under *name*; the same bytes under the same name again are no news, other bytes are refused."""
        if not _SAFE_NAME.fullmatch(name):
            return Outcome(Status.FAILED, f"The mail was not filed: {name[:80]!r} is not a safe name for a file.")
        target = self.folder / f"{name}.eml"
        try:
            self._make_folder()
            if target.exists():
                return _already_filed(target, raw)
            _write_whole(target, raw)
        except OSError as error:
            return _not_filed(self.folder, error)
        meanwhile()
        return Outcome(Status.SENT, f"Filed as {target.name} in {self.folder}.")

    def _make_folder(self) -> None:
        if not (self._is_certain and self.folder.is_dir()):
            _make_durably(self.folder)
            self._is_certain = True


def _already_filed(target: Path, raw: bytes) -> Outcome:
    if target.read_bytes() == raw:
        _sync_folder(target.parent)  # who filed it may have died before this
        return Outcome(Status.SENT, f"Already filed as {target.name} in {target.parent}.")
    return Outcome(
        Status.FAILED,
        f"The mail was not filed: {target} already holds another mail; move that file away and try again.",
    )


def _write_whole(target: Path, raw: bytes) -> None:
    part = target.with_name(f".{target.name}.part")  # a fixed name: what a crash leaves is written over by the next try
    try:
        with part.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        part.rename(target)
        _sync_folder(target.parent)
    finally:
        part.unlink(missing_ok=True)


def _make_durably(folder: Path) -> None:
    """Make *folder* and those above it, and see that its name outlasts a power cut."""
    if not folder.parent.exists():
        _make_durably(folder.parent)
    folder.mkdir(exist_ok=True)
    with suppress(PermissionError):  # it may be closed to us, and then was there before
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _not_filed(folder: Path, error: OSError) -> Outcome:
    if error.errno in _NO_ROOM:
        why = "there is no room for it; make room and it is tried again"
    else:
        why = f"{(error.strerror or 'the system refused').lower()}; put that right and it is tried again"
    said = f"The mail could not be filed in {folder}: {why}."
    return Outcome(Status.DELAYED, said, needs_person=True, unreachable=True)
