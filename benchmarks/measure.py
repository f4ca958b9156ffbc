"""Times one thing beside another, run about, and says how they compare."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

RUNS = 3


@dataclass(frozen=True)
class Result:
    """Seconds of ours and, where there is something to compare with, of theirs; medians of the same number of runs.

    `at_most` is the ratio to reach, `within` the seconds to reach; where both are None the figures are only shown.
    """

    name: str
    what: str
    beside: str
    ours: tuple[float, ...]
    theirs: tuple[float, ...] = ()
    at_most: float | None = None
    within: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times theirs ours takes, median to median."""
        return median(self.ours) / median(self.theirs) if self.theirs else None

    @property
    def spread(self) -> tuple[float, float] | None:
        """The least and the most that one pair of runs gave as the ratio."""
        pairs = [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=False)]
        return (min(pairs), max(pairs)) if pairs else None

    @property
    def is_reached(self) -> bool:
        """Whether what there is to reach was reached."""
        if self.at_most is not None and (self.ratio is None or self.ratio > self.at_most):
            return False
        return self.within is None or median(self.ours) <= self.within

    def as_json(self) -> dict[str, Any]:
        """The figures for a file."""
        return {
            "name": self.name,
            "what": self.what,
            "beside": self.beside,
            "seconds": list(self.ours),
            "beside_seconds": list(self.theirs),
            "median": median(self.ours),
            "beside_median": median(self.theirs) if self.theirs else None,
            "ratio": self.ratio,
            "spread": self.spread,
            "at_most": self.at_most,
            "within": self.within,
            "reached": self.is_reached,
        }


class Stopwatch:
    """How long the `with` took, in seconds."""

    seconds = 0.0


@contextmanager
def timed() -> Iterator[Stopwatch]:
    """Time what is inside; what earlier runs left behind is cleared away first."""
    gc.collect()
    watch, start = Stopwatch(), time.perf_counter()
    yield watch
    watch.seconds = time.perf_counter() - start


def in_turn(
    ours: Callable[[], float], theirs: Callable[[], float], runs: int = RUNS
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Run the two turn about, so that whatever else the machine does falls on both; each says how long it took."""
    pairs = [(ours(), theirs()) for _ in range(runs)]
    return tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)
