"""How long a proof runs, and what it found.

Each proof has two lengths: the quick one of `make test`, and the long one of `make faults` (`--thorough`). What it
counted is printed after the run and, when it was the long one, kept in `build/faults/`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Say = Callable[..., None]

_KEPT = Path(__file__).resolve().parents[2] / "build" / "faults"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A long proof takes the time it takes."""
    if config.getoption("--thorough"):
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.timeout(0))


@pytest.fixture(scope="session")
def thorough(request: pytest.FixtureRequest) -> bool:
    """Whether this is the long run."""
    return bool(request.config.getoption("--thorough"))


@pytest.fixture
def say(request: pytest.FixtureRequest, record_property: Callable[[str, object], None], thorough: bool) -> Say:
    """Records what a proof counted: `say(points=612, lost=0)`."""

    def counted(**numbers: object) -> None:
        record_property("counted", numbers)
        if thorough:
            _KEPT.mkdir(parents=True, exist_ok=True)
            name = request.node.name.translate(str.maketrans("[]/ ", "----")).strip("-")
            (_KEPT / f"{name}.json").write_text(json.dumps(numbers, default=str, indent=2) + "\n")

    return counted


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A line for each proof that counted something."""
    found = [
        (report.nodeid.rpartition("::")[2], numbers)
        for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
        for name, numbers in report.user_properties
        if name == "counted"
    ]
    if found:
        terminalreporter.section("what the proofs counted")
        for name, numbers in sorted(found):
            terminalreporter.line(f"{name}: " + ", ".join(f"{key} {number}" for key, number in numbers.items()))
