"""`python -m benchmarks [NAME ...]`: measures, prints a table, writes build/bench.json; exit 1 if a reach is missed."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from benchmarks import looking_ahead, post, starting, ticks
from benchmarks.measure import Result

BENCHMARKS: dict[str, Callable[[Path], Result]] = {
    "tick-sqlite": ticks.on_sqlite,
    "tick-postgres": ticks.on_postgres,
    "tick-idle": ticks.idle,
    "forecast": looking_ahead.a_year,
    "deliver": post.to_a_folder,
    "help": starting.help_page,
    "demo": starting.demo_year,
}
WRITTEN_TO = Path("build/bench.json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks asked for, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which to run, of {', '.join(BENCHMARKS)}")
    names = parser.parse_args(arguments).names or list(BENCHMARKS)
    if unknown := [name for name in names if name not in BENCHMARKS]:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there is {', '.join(BENCHMARKS)}")
    results = []
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        with TemporaryDirectory(prefix="s11flow-bench-") as folder:
            results.append(BENCHMARKS[name](Path(folder)))
    Console(width=None if sys.stdout.isatty() else 150).print(_table(results))
    WRITTEN_TO.parent.mkdir(parents=True, exist_ok=True)
    WRITTEN_TO.write_text(json.dumps(_document(results), indent=2) + "\n", encoding="utf-8")
    missed = [result.name for result in results if not result.is_reached]
    if missed:
        print(f"Missed: {', '.join(missed)}.", file=sys.stderr)
    return 1 if missed else 0


def _table(results: Sequence[Result]) -> Table:
    table = Table(title="Medians of seconds, and the ratio of the two", title_justify="left")
    for heading in ("what", "beside"):
        table.add_column(heading)
    for heading in ("ours", "beside it", "ratio", "spread", "to reach"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for result in results:
        table.add_row(*_cells(result))
    return table


def _cells(result: Result) -> tuple[str, ...]:
    ratio = "" if result.ratio is None else f"{result.ratio:.2f}"
    spread = "" if result.spread is None else f"{result.spread[0]:.2f} to {result.spread[1]:.2f}"
    theirs = f"{median(result.theirs):.3f}" if result.theirs else ""
    wanted = f"{result.at_most:g} times" if result.at_most is not None else ""
    wanted = f"{result.within:g} s" if result.within is not None else wanted
    said = ("reached" if result.is_reached else "MISSED") if wanted else ""
    return result.what, result.beside, f"{median(result.ours):.3f}", theirs, ratio, spread, wanted, said


def _document(results: Sequence[Result]) -> dict[str, object]:
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
        "results": [result.as_json() for result in results],
    }


if __name__ == "__main__":
    sys.exit(main())
