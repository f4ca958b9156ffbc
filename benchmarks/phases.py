"""Where the time of a tick goes, on SQLite and on Postgres: `python -m benchmarks.phases [CASES]`."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy.engine.default import DefaultDialect

from benchmarks.crowd import TICKED_AT, copied, database, gather, kept
from s11flow.services import subjects
from s11flow.services import tick as ticking
from tests.postgres import running_postgres

CASES = 30_000
WRITTEN_TO = Path("build/phases.md")
PHASES: tuple[tuple[Any, str, str], ...] = (
    (ticking, "load", "reads the cases"),
    (ticking, "planned", "decides"),
    (subjects, "_gather_rooms", "gathers and digests the changed rows"),
    (subjects, "drafts", "addresses the letters and freezes their words"),
    (subjects, "message_row", "digests the letters"),
    (subjects, "lines", "chains the history"),
    (subjects, "_write", "hands the rows to the database"),
    (DefaultDialect, "do_commit", "commits"),
)

Spent = defaultdict[str, float]


@contextmanager
def watched(seconds: Spent) -> Iterator[None]:
    """Count the time spent in each phase while inside; none of them calls another."""
    kept_aside = [(place, name, getattr(place, name)) for place, name, _ in PHASES]
    for place, name, phase in PHASES:
        setattr(place, name, _timed(getattr(place, name), phase, seconds))
    try:
        yield
    finally:
        for place, name, function in kept_aside:
            setattr(place, name, function)


def _timed(function: Callable[..., Any], phase: str, seconds: Spent) -> Callable[..., Any]:
    def run(*given: Any, **named: Any) -> Any:
        start = time.perf_counter()
        try:
            return function(*given, **named)
        finally:
            seconds[phase] += time.perf_counter() - start

    return run


def of_a_tick(address: str, cases: int) -> Spent:
    """Microseconds that each phase takes for each case."""
    seconds: Spent = defaultdict(float)
    with database(address) as uow:
        start = time.perf_counter()
        with watched(seconds):
            done = ticking.tick(uow, now=TICKED_AT)
        taken = time.perf_counter() - start
    if done.messages != cases:
        raise RuntimeError(f"The tick was to queue {cases} letters and did this: {done}.")
    seconds["the rest"] = taken - sum(seconds.values())
    return Spent(float, {phase: spent / cases * 1e6 for phase, spent in seconds.items()})


def table(cases: int) -> str:
    """A table of both databases, as Markdown."""
    with TemporaryDirectory(prefix="s11flow-bench-") as folder, running_postgres() as server:
        seed = kept(cases, Path(folder))
        server.run("CREATE DATABASE crowd TEMPLATE migrated")
        with database(server.address.format("crowd")) as uow:
            gather(uow, cases)

        def both() -> tuple[Spent, Spent]:
            with server.database("crowd") as address:
                copy = copied(seed, Path(folder) / "ticked.db")
                return of_a_tick(f"sqlite:///{copy}", cases), of_a_tick(address, cases)

        both()  # warms up
        sqlite, postgres = both()
    lines = [f"| {phase} | {sqlite[phase]:.1f} | {postgres[phase]:.1f} |" for phase in sqlite]
    total = f"| all | {sum(sqlite.values()):.1f} | {sum(postgres.values()):.1f} |"
    heads = ("| microseconds for each case | SQLite | Postgres |", "|---|---:|---:|")
    return "\n".join((*heads, *lines, total))


if __name__ == "__main__":
    found = table(int(sys.argv[1]) if len(sys.argv) > 1 else CASES)
    print(found)
    WRITTEN_TO.parent.mkdir(exist_ok=True)
    WRITTEN_TO.write_text(found, encoding="utf-8")
