"""Delivery."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from itertools import count
from pathlib import Path

from benchmarks.crowd import TICKED_AT, database, gather
from benchmarks.measure import Result, in_turn, timed
from db.unit_of_work import UnitOfWork
from notifications.folder import FolderMailer
from notifications.policy import PostPolicy
from s11flow.services.delivery import deliver
from s11flow.services.tick import tick

LETTERS = 300
NOW = TICKED_AT + timedelta(minutes=1)


def to_a_folder(folder: Path, letters: int = LETTERS) -> Result:
    """Delivering to a folder (claimed, written from its template, filed, recorded) beside writing the same bytes.

    Bare, each file is written and synced, as ours is; it is not put in its place by a rename, and nothing is recorded.
    """
    seed, numbers, filed = folder / "seed.db", count(1), folder / "filed"
    with database(f"sqlite:///{seed}") as uow:
        gather(uow, letters)
        tick(uow, now=TICKED_AT)

    def ours() -> float:
        shutil.rmtree(filed, ignore_errors=True)
        copy = shutil.copy(seed, folder / f"deliver-{next(numbers)}.db")
        with database(f"sqlite:///{copy}") as uow:
            return _deliver(uow, filed, letters)

    def theirs() -> float:
        mails = {path.name: path.read_bytes() for path in filed.glob("*.eml")}
        bare = folder / f"bare-{next(numbers)}"
        bare.mkdir()
        with timed() as watch:
            for name, raw in mails.items():
                with (bare / name).open("wb") as file:
                    file.write(raw)
                    file.flush()
                    os.fsync(file.fileno())
        return watch.seconds

    figures = in_turn(ours, theirs)
    return Result(
        "deliver", f"{letters:,} letters delivered to a folder", "the same bytes, written and synced", *figures
    )


def _deliver(uow: UnitOfWork, filed: Path, letters: int) -> float:
    with timed() as watch:
        done = deliver(uow, FolderMailer(filed), PostPolicy("demo", is_folder=True), now=NOW)
    if done.sent != letters or len(list(filed.glob("*.eml"))) != letters:
        raise RuntimeError(f"{letters} letters were to be delivered, and it came to this: {done}.")
    return watch.seconds
