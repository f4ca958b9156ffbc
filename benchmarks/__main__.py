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

from benchmarks import curve, looking_ahead, memory, post, starting, ticks
from benchmarks.measure import Result
from benchmarks.peers import racing

BENCHMARKS: dict[str, Callable[[Path], Result | list[Result]]] = {
    "tick-sqlite": ticks.on_sqlite,
    "tick-postgres": ticks.on_postgres,
    "tick-idle": ticks.idle,
    "memory": memory.of_a_tick,
    "forecast": looking_ahead.a_year,
    "peer-dbos-sqlite": racing.dbos_on_sqlite,
    "peer-dbos-postgres": racing.dbos_on_postgres,
    "peer-procrastinate": racing.procrastinate,
    "peer-prefect": racing.prefect,
    "peer-spiffworkflow": racing.spiffworkflow,
    "deliver": post.to_a_folder,
    "help": starting.help_page,
    "demo": starting.demo_year,
}
LONG: dict[str, Callable[[Path], Result | list[Result]]] = {
    "curve": curve.to_a_hundred_thousand,
    "curve-million": curve.to_a_million,
}
"""Only when they are named, or with `--long`."""
WRITTEN_TO = Path("build/bench.json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks asked for, or all but the long ones."""
    known = BENCHMARKS | LONG
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which to run, of {', '.join(known)}")
    parser.add_argument("--long", action="store_true", help="with the million's curve: about ten minutes more")
    asked = parser.parse_args(arguments)
    names = asked.names or [*BENCHMARKS, *(["curve-million"] if asked.long else [])]
    if unknown := [name for name in names if name not in known]:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there is {', '.join(known)}")
    results: list[Result] = []
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        with TemporaryDirectory(prefix="s11flow-bench-") as folder:
            found = known[name](Path(folder))
        results += [found] if isinstance(found, Result) else found
    Console(width=None if sys.stdout.isatty() else 150).print(_table(results))
    WRITTEN_TO.parent.mkdir(parents=True, exist_ok=True)
    WRITTEN_TO.write_text(json.dumps(_document(results), indent=2) + "\n", encoding="utf-8")
    missed = [result.name for result in results if not result.is_reached]
    if missed:
        print(f"Missed: {', '.join(missed)}.", file=sys.stderr)
    return 1 if missed else 0


def _table(results: Sequence[Result]) -> Table:
    table = Table(title="Medians, and the ratio of the two", title_justify="left")
    for heading in ("what", "beside"):
        table.add_column(heading)
    for heading in ("ours", "beside it", "ratio", "spread", "to reach", "aim"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for result in results:
        table.add_row(*_cells(result))
    return table


def _cells(result: Result) -> tuple[str, ...]:
    if result.skipped:
        return result.what, result.beside, "", "", "", "", "", "", f"skipped: {result.skipped}"
    ratio = "" if result.ratio is None else _ratio(result.ratio)
    spread = "" if result.spread is None else " to ".join(map(_ratio, result.spread))
    theirs = _figure(result.theirs, result.unit) if result.theirs else ""
    aim = "" if result.aim is None else f"{result.aim:g}"
    return (
        result.what, result.beside, _figure(result.ours, result.unit), theirs, ratio, spread, _wanted(result), aim,
        _said(result),
    )  # fmt: skip


def _wanted(result: Result) -> str:
    limits = {"at most {:g} times": result.at_most, "at least {:g} times": result.at_least}
    found = [words.format(limit) for words, limit in limits.items() if limit is not None]
    return ", ".join([*found, *([_amount(result.within, result.unit)] if result.within is not None else [])])


def _said(result: Result) -> str:
    if not _wanted(result):
        return ""
    if not result.is_reached:
        return "MISSED"
    return "aimed" if result.is_aimed else "reached"


def _figure(figures: Sequence[float], unit: str) -> str:
    return f"{median(figures):.3f} s" if unit == "s" else _amount(median(figures), unit)


def _amount(figure: float, unit: str) -> str:
    """As it is written in the table; a power is that of the number of cases."""
    if unit == "power":
        return f"n^{figure:.2f}"
    return f"{figure:g} s" if unit == "s" else f"{figure:,.0f} {unit}".replace(" /", "/")


def _ratio(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:,.0f}"


def _document(results: Sequence[Result]) -> dict[str, object]:
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
        "results": [result.as_json() for result in results],
    }


if __name__ == "__main__":
    sys.exit(main())
