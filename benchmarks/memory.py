"""How much memory a tick needs at its peak, in a process of its own: `python -m benchmarks.memory ADDRESS`."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.crowd import TICKED_AT, copied, database, kept
from benchmarks.measure import Result
from s11flow.services.tick import tick

SIZES = (1_000, 10_000, 30_000, 100_000)
MOST, FLAT = 300, 1.2
"""Megabytes, and how much more many cases may need than few."""
_KILOBYTES_IN_A_MEGABYTE = 1024


def of_a_tick(folder: Path, sizes: Sequence[int] = SIZES) -> Result:
    """The peak of a tick over the most due cases beside the second size: each batch is let go of before the next.

    The first and least size is less than a batch, and only shown.
    """
    peaks = {count: _peak(folder, count) for count in sizes}
    few, many = sizes[1], sizes[-1]
    what = f"peak memory of a tick, {many:,} due cases, SQLite"
    return Result(
        "memory", what, f"{few:,} due cases", (peaks[many],), (peaks[few],), at_most=FLAT, within=MOST, unit="MB",
        details={"megabytes": peaks},
    )  # fmt: skip


def _peak(folder: Path, count: int) -> float:
    file = copied(kept(count, folder), folder / "memory.db")
    command = [sys.executable, "-m", "benchmarks.memory", f"sqlite:///{file}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    queued, megabytes = done.stdout.split() if done.returncode == 0 else ("0", "0")
    if int(queued) != count:
        raise RuntimeError(f"A tick was to queue {count} letters and queued {queued}: {done.stderr[-500:]}")
    return float(megabytes)


def main() -> None:
    """Tick the database that is named, and print how many letters that queued and the most memory it took."""
    with database(sys.argv[1]) as uow:
        done = tick(uow, now=TICKED_AT)
    print(done.messages, _most_memory() / _KILOBYTES_IN_A_MEGABYTE)


def _most_memory() -> int:
    """The peak of this process in kilobytes: the kernel's own count of it, where there is one.

    `getrusage` counts from the fork, so that a process started by a large one is told the large one's memory.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main()
