"""What it costs from a thousand cases to a million, and with which power of their number it grows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import log
from pathlib import Path
from statistics import linear_regression, median

from benchmarks.crowd import ASKED_AT, TICKED_AT, copied, database, kept
from benchmarks.measure import Result, timed
from s11flow.services.forecast import forecast
from s11flow.services.tick import tick

SIZES, LONG_SIZES = (1_000, 10_000, 100_000), (1_000, 10_000, 100_000, 1_000_000)
MOST_FORECAST = 10_000
"""A forecast keeps every letter it finds until the end, so that there is no use in one for more cases at once."""
IDLE_TICKS = 100
LINEAR, FLAT = 1.1, 0.1
"""What a power may be and still be called so."""


def to_a_hundred_thousand(folder: Path, sizes: Sequence[int] = SIZES) -> list[Result]:
    """The due tick, the idle tick and the forecast at each size, on SQLite."""
    due = _curve("curve-due", "a tick, all cases due", sizes, lambda count: _due(folder, count), within=LINEAR)
    idle = _curve("curve-idle", f"{IDLE_TICKS} idle ticks", sizes, lambda count: _idle(folder, count), within=FLAT)
    few = [count for count in sizes if count <= MOST_FORECAST]
    ahead = _curve("curve-forecast", "a year's forecast", few, lambda count: _ahead(folder, count), within=LINEAR)
    return [due, idle, ahead]


def to_a_million(folder: Path) -> list[Result]:
    """The same with a million."""
    return to_a_hundred_thousand(folder, LONG_SIZES)


def power(seconds: Mapping[int, float]) -> float:
    """The exponent of the straight line through the logarithms: 1 where twice the cases cost twice the time."""
    return linear_regression([log(count) for count in seconds], [log(taken) for taken in seconds.values()]).slope


def _curve(
    name: str, what: str, sizes: Sequence[int], taken: Callable[[int], Sequence[float]], *, within: float
) -> Result:
    seconds = {count: median(taken(count)) for count in sizes}
    grows = power(seconds)
    span = f"{what}, {min(sizes):,} to {max(sizes):,} cases"
    return Result(name, span, "", (grows,), within=within, unit="power", details={"seconds": seconds, "power": grows})


def _due(folder: Path, count: int) -> list[float]:
    runs = 3 if count <= 10_000 else 1
    return [_one_due(folder, count) for _ in range(runs)]


def _one_due(folder: Path, count: int) -> float:
    file = copied(kept(count, folder), folder / "curve.db")
    with database(f"sqlite:///{file}") as uow, timed() as watch:
        done = tick(uow, now=TICKED_AT)
    if done.messages != count:
        raise RuntimeError(f"The tick was to queue {count} letters and did this: {done}.")
    for made in file.parent.glob(f"{file.name}*"):
        made.unlink()
    return watch.seconds


def _idle(folder: Path, count: int) -> list[float]:
    with database(f"sqlite:///{kept(count, folder)}") as uow:
        tick(uow, now=ASKED_AT)  # the first opens the file
        found = []
        for _ in range(3):
            with timed() as watch:
                for _ in range(IDLE_TICKS):
                    tick(uow, now=ASKED_AT)
            found.append(watch.seconds)
    return found


def _ahead(folder: Path, count: int) -> list[float]:
    with database(f"sqlite:///{kept(count, folder)}") as uow, timed() as watch:
        found = forecast(uow, now=ASKED_AT)
    if len(found) < count:
        raise RuntimeError(f"The forecast was to find a letter for each of {count} cases and found {len(found)}.")
    return [watch.seconds]
