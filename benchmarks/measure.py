"""Times one thing beside another, run about, and says how they compare."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

RUNS = 3


@dataclass(frozen=True)
class Result:
    """What was measured of ours and, where there is something to compare with, of theirs; medians of as many runs.

    `unit` says of what: seconds, or things a second. `at_most` or `at_least` is the ratio to reach, `aim` the one to
    aim for, `within` the median of ours to reach; where all are None the figures are only shown. A benchmark that
    could not run says why in `skipped` and has no figures.
    """

    name: str
    what: str
    beside: str
    ours: tuple[float, ...] = ()
    theirs: tuple[float, ...] = ()
    at_most: float | None = None
    at_least: float | None = None
    aim: float | None = None
    within: float | None = None
    unit: str = "s"
    skipped: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """How many times theirs ours is, median to median."""
        return median(self.ours) / median(self.theirs) if self.theirs else None

    @property
    def spread(self) -> tuple[float, float] | None:
        """The least and the most that one pair of runs gave as the ratio."""
        pairs = [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=False)]
        return (min(pairs), max(pairs)) if pairs else None

    @property
    def is_reached(self) -> bool:
        """Whether what there is to reach was reached; what could not run is not held against anyone."""
        if self.skipped:
            return True
        if self.within is not None and median(self.ours) > self.within:
            return False
        return self._lies_within(self.at_most, self.at_least)

    @property
    def is_aimed(self) -> bool:
        """Whether the ratio came as far as the aim."""
        if self.aim is None or self.skipped:
            return False
        more_is_better = self.at_least is not None or self.unit != "s"
        return self._lies_within(None, self.aim) if more_is_better else self._lies_within(self.aim, None)

    def _lies_within(self, at_most: float | None, at_least: float | None) -> bool:
        if at_most is None and at_least is None:
            return True
        ratio = self.ratio
        return ratio is not None and (at_most is None or ratio <= at_most) and (at_least is None or ratio >= at_least)

    def as_json(self) -> dict[str, Any]:
        """The figures for a file."""
        return {
            "name": self.name,
            "what": self.what,
            "beside": self.beside,
            "unit": self.unit,
            "ours": list(self.ours),
            "theirs": list(self.theirs),
            "median": median(self.ours) if self.ours else None,
            "beside_median": median(self.theirs) if self.theirs else None,
            "ratio": self.ratio,
            "spread": self.spread,
            "at_most": self.at_most,
            "at_least": self.at_least,
            "aim": self.aim,
            "within": self.within,
            "reached": self.is_reached,
            "aimed": self.is_aimed,
            "skipped": self.skipped,
            "details": dict(self.details),
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
