"""`python -m benchmarks [NAME ...]`: measures, prints a table, writes build/bench.json; exit 1 if a reach is missed."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from benchmarks import curve, looking_ahead, memory, office, post, replying, sorting, starting, tables, ticks, verifying
from benchmarks.measure import Result
from benchmarks.peers import racing

BENCHMARKS: dict[str, Callable[[Path], Result | list[Result]]] = {
    "tick-sqlite": ticks.on_sqlite,
    "tick-postgres": ticks.on_postgres,
    "tick-idle": ticks.idle,
    "memory": memory.of_a_tick,
    "forecast": looking_ahead.a_year,
    "verify": verifying.whole,
    "peer-dbos-sqlite": racing.dbos_on_sqlite,
    "peer-dbos-postgres": racing.dbos_on_postgres,
    "peer-procrastinate-postgres": racing.procrastinate,
    "peer-prefect-sqlite": racing.prefect,
    "peer-spiffworkflow-sqlite": racing.spiffworkflow,
    "deliver": post.to_a_folder,
    "deliver-smtp": post.by_one_worker,
    "deliver-smtp-2": post.by_two_workers,
    "two-workers": post.two_workers_on_postgres,
    "invitations": post.invitations,
    "replies": replying.applied,
    "mails": sorting.classified,
    "forms": office.forms,
    "report-content": office.content,
    "report-html": office.as_html,
    "report-docx": office.as_docx,
    "report-xlsx": office.as_xlsx,
    "report-csv": office.as_csv,
    "report-json": office.as_json_file,
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
    rows = [result.as_json() for result in results]
    Console(width=None if sys.stdout.isatty() else 170).print(tables.for_terminal(rows))
    _keep(rows)
    missed = [result.name for result in results if not result.is_reached]
    if missed:
        print(f"Missed: {', '.join(missed)}.", file=sys.stderr)
    return 1 if missed else 0


def _keep(rows: Sequence[tables.Row]) -> None:
    """Write what was measured beside what earlier runs measured of the others."""
    WRITTEN_TO.parent.mkdir(parents=True, exist_ok=True)
    earlier = json.loads(WRITTEN_TO.read_text(encoding="utf-8"))["results"] if WRITTEN_TO.exists() else []
    new = {row["name"] for row in rows}
    document = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
        "results": [*(row for row in earlier if row["name"] not in new), *rows],
    }
    WRITTEN_TO.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
