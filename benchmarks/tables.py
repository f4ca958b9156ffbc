"""The figures as tables: for the terminal, and, by `python -m benchmarks.tables`, in the pages that show them.

A page has two marks, `<!-- benchmarks: NAME ... -->` and `<!-- end of benchmarks -->`, and what stands between them is
written from `build/bench.json`: a table of the results whose names begin with one of those words, or all.
`<!-- curve: NAME -->` is followed by the sizes and seconds of a curve instead, `<!-- phases: -->` by what
`python -m benchmarks.phases` found last.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

Row = Mapping[str, Any]

FOUND_IN, PHASES_IN = Path("build/bench.json"), Path("build/phases.md")
PAGES = (Path("README.md"), Path("docs/benchmarks.md"), Path("docs/scale.md"))
HEADINGS = ("what", "beside", "ours", "beside it", "ratio", "spread", "to reach", "aim", "")
_TEXTS = 2
"""So many columns are words; the others are figures."""


def for_terminal(rows: Sequence[Row]) -> Table:
    """All rows as rich prints them."""
    table = Table(title="Medians, and the ratio of the two", title_justify="left")
    for place, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="left" if place < _TEXTS or not heading else "right")
    for row in rows:
        table.add_row(*cells(row))
    return table


def as_markdown(rows: Sequence[Row]) -> str:
    """All rows as a page shows them."""
    rules = ["---" if place < _TEXTS or not heading else "---:" for place, heading in enumerate(HEADINGS)]
    return "\n".join("| " + " | ".join(line) + " |" for line in (HEADINGS, rules, *map(cells, rows)))


def cells(row: Row) -> tuple[str, ...]:
    """A result in words: what, beside what, the two medians, their ratio, its spread, what was wanted, what came."""
    what, beside = row["what"], row["beside"]
    if row["skipped"]:
        return what, beside, "", "", "", "", "", "", f"skipped: {row['skipped']}"
    unit = row["unit"]
    theirs = "" if row["beside_median"] is None else figure(row["beside_median"], unit)
    shown = "" if row["ratio"] is None else ratio(row["ratio"])
    spread = "" if row["spread"] is None else " to ".join(map(ratio, row["spread"]))
    aim = "" if row["aim"] is None else f"{row['aim']:g}"
    return what, beside, figure(row["median"], unit), theirs, shown, spread, _wanted(row), aim, _came(row)


def _wanted(row: Row) -> str:
    limits = {"at most {:g} times": row["at_most"], "at least {:g} times": row["at_least"]}
    found = [words.format(limit) for words, limit in limits.items() if limit is not None]
    if row["within"] is not None:
        power = row["unit"] == "power"
        found.append(f"at most {figure(row['within'], 'power')}" if power else f"{row['within']:g} {row['unit']}")
    return ", ".join(found)


def _came(row: Row) -> str:
    if not _wanted(row):
        return "aimed" if row["aimed"] else ""
    if not row["reached"]:
        return "MISSED"
    return "aimed" if row["aimed"] else "reached"


def figure(value: float, unit: str) -> str:
    """A figure with its unit; a power is that of the number of cases."""
    if unit == "power":
        return f"n^{value:.2f}"
    if unit == "s":
        return f"{value:.3f} s"
    return f"{value:,.0f}{'' if unit.startswith('/') else ' '}{unit}"


def ratio(value: float) -> str:
    """A ratio to three digits or so."""
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def curve_as_markdown(row: Row) -> str:
    """The sizes of a curve, the seconds each took, and what that is for a case."""
    lines = [
        f"| {int(count):,} | {seconds:.3f} | {seconds / int(count) * 1e6:,.1f} |"
        for count, seconds in row["details"]["seconds"].items()
    ]
    return "\n".join(("| cases | seconds | microseconds for each case |", "|---:|---:|---:|", *lines, "", _fit(row)))


def _fit(row: Row) -> str:
    return f"{row['what'].split(',')[0].capitalize()} grows as {figure(row['median'], 'power')}."


_MARKED = re.compile(r"(<!-- (benchmarks|curve|phases):(.*?) -->\n).*?(\n<!-- end of benchmarks -->)", re.DOTALL)


def written_into(page: str, rows: Sequence[Row], phases: str = "") -> str:
    """The text of a page with what stands between its marks written anew; where nothing was measured it stays."""

    def anew(found: re.Match[str]) -> str:
        head, kind, names, tail = found.groups()
        if kind == "phases":
            return head + phases + tail if phases else found.group()
        wanted = [row for name in names.split() for row in rows if row["name"].startswith(name)]
        if not wanted:
            return found.group()
        return head + (as_markdown(wanted) if kind == "benchmarks" else curve_as_markdown(wanted[-1])) + tail

    return _MARKED.sub(anew, page)


def main() -> int:
    """Write the tables of the last runs into the pages."""
    rows = json.loads(FOUND_IN.read_text(encoding="utf-8"))["results"]
    phases = PHASES_IN.read_text(encoding="utf-8") if PHASES_IN.exists() else ""
    for page in PAGES:
        page.write_text(written_into(page.read_text(encoding="utf-8"), rows, phases), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
