"""The command line: how soon it answers, and how long the demo's year takes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.measure import Result, in_turn, timed

STARTS = 9
ROOT = Path(__file__).parent.parent


def help_page(_folder: Path) -> Result:
    """`s11flow --help` as a process of its own, beside a Python that does nothing."""
    figures = in_turn(lambda: _run(*_command(), "--help"), lambda: _run(sys.executable, "-c", "pass"), runs=STARTS)
    return Result("help", "s11flow --help", "python -c pass", *figures, within=0.3)


def demo_year(folder: Path) -> Result:
    """The demo's year, as a process of its own: rehearsed, delivered to a folder and reported."""
    ours = tuple(_run(*_command(), "demo", "--dir", str(folder / f"demo-{run}")) for run in range(3))
    return Result("demo", "s11flow demo, the whole year", "", ours, within=10)


def _command() -> list[str]:
    """The command as it is installed beside this Python; the module where it is not."""
    installed = Path(sys.executable).with_name("s11flow")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "s11flow"]


def _run(*command: str) -> float:
    # Nothing in the environment may turn it another way.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("S11FLOW_")}
    with timed() as watch:
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-500:]}")
    return watch.seconds
