"""The floors of the house hold, and each check of them is shown to fail when it should."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("s11flow", "flows", "notifications", "calendars", "db")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def named(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


# --- the floors


def lint(house: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    """Judge the packages below *house*; by all contracts, or by those named."""
    chosen = [word for contract in contracts for word in ("--contract", contract)]
    return subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as go; go()", "--no-cache", *chosen],
        cwd=house,
        env={**os.environ, "PYTHONPATH": str(house), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_import_goes_down_the_floors() -> None:
    verdict = lint(ROOT)

    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


@pytest.fixture(scope="module")
def copied_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    house = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", house)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, house / package, ignore=shutil.ignore_patterns("__pycache__"))
    return house


PLANTS = [
    ("floors", "s11flow/domain/planted.py", "import s11flow.services"),
    ("floors", "s11flow/services/planted.py", "import s11flow.app"),
    ("floors", "db/planted.py", "import s11flow.letters"),
    ("floors", "s11flow/letters/planted.py", "import db"),
    ("floors", "notifications/planted.py", "import calendars"),
    ("floors", "s11flow/settings.py", "import s11flow.clock"),
    ("floors", "s11flow/clock.py", "import s11flow.domain"),
    ("trades", "calendars/planted.py", "import s11flow.domain"),
    ("trades", "notifications/planted.py", "import db"),
    ("domain-house", "s11flow/domain/planted.py", "import s11flow.clock"),
    ("domain-house", "s11flow/domain/planted.py", "import calendars.invitation"),
    ("domain-pure", "s11flow/domain/planted.py", "import pydantic"),
    ("domain-io", "s11flow/domain/planted.py", "import sqlite3"),
    ("prefect", "s11flow/services/planted.py", "import prefect"),
    ("prefect", "db/planted.py", "import flows"),
]


@pytest.mark.parametrize(("contract", "file", "line"), PLANTS, ids=[f"{c}: {f}: {li}" for c, f, li in PLANTS])
def test_an_import_against_the_floors_is_found(copied_house: Path, contract: str, file: str, line: str) -> None:
    planted = copied_house / file
    before = planted.read_text("utf-8") if planted.exists() else None
    planted.write_text(f"{before or ''}\n{line}\n", "utf-8")
    try:
        verdict = lint(copied_house, contract)
    finally:
        planted.unlink() if before is None else planted.write_text(before, "utf-8")

    assert (verdict.returncode, "BROKEN" in verdict.stdout) == (1, True), verdict.stdout + verdict.stderr


def test_every_contract_has_been_seen_to_fail() -> None:
    assert {contract for contract, _, _ in PLANTS} == {contract["id"] for contract in CONTRACTS}


def test_every_room_has_its_floor() -> None:
    floors = next(contract["layers"] for contract in CONTRACTS if contract["id"] == "floors")
    drawn = {name.strip(" ()") for floor in floors for name in re.split(r"[|:]", floor)}
    rooms = {
        f"s11flow.{path.stem}"
        for path in (ROOT / "s11flow").iterdir()
        if path.suffix == ".py" or any(path.glob("*.py"))
    }

    assert rooms - {"s11flow.__init__"} <= drawn


# --- names


def test_no_module_is_named_for_being_handy() -> None:
    handy = {"util", "utils", "helper", "helpers", "common", "misc", "shared", "tools"}
    every = sources(*PACKAGES, "tests", "benchmarks")

    assert named([path for path in every if {path.stem, path.parent.name} & handy]) == []


# --- the clock

CLOCK_READERS = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
    "sqlalchemy.func.now",
    "sqlalchemy.func.current_timestamp",
    "sqlmodel.func.now",
}


def clock_readings(source: str) -> Iterator[str]:
    """Every place that reads the machine's clock, called or handed on, whatever name it was imported under."""
    tree = ast.parse(source)
    meanings: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            meanings |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            meanings |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            first, _, rest = ast.unparse(node).partition(".")
            meant = meanings.get(first, first) + (f".{rest}" if rest else "")
            if meant in CLOCK_READERS:
                yield f"line {node.lineno}: {meant}"


def test_only_the_clock_reads_the_clock() -> None:
    readings = {
        str(path.relative_to(ROOT)): list(clock_readings(path.read_text("utf-8"))) for path in sources(*PACKAGES)
    }

    assert [name for name, found in readings.items() if found] == ["s11flow/clock.py"]


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime\ndatetime.now(UTC)",
        "from datetime import datetime as instant\nfield(default_factory=instant.utcnow)",
        "import datetime as dt\ndt.date.today()",
        "import time\ntime.time()",
        "from time import time\ntime()",
        "from sqlalchemy import func\nfunc.now()",
    ],
)
def test_a_reading_of_the_clock_is_found(source: str) -> None:
    assert len(list(clock_readings(source))) == 1


def test_an_instant_from_our_own_clock_is_no_reading() -> None:
    assert list(clock_readings("app.clock.now()\nnow = None\ntime = now")) == []


# --- what an import brings with it


def loaded_by(statement: str) -> set[str]:
    """The frameworks that a fresh interpreter holds after *statement*."""
    frameworks = ("prefect", "fastapi", "starlette")
    program = f"{statement}\nimport sys\nprint(*[name for name in {frameworks} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["s11flow", "s11flow.cli", "s11flow.app", "s11flow.services"])
def test_importing_ours_loads_neither_prefect_nor_a_web_framework(module: str) -> None:
    assert loaded_by(f"import {module}") == set()


def test_a_web_framework_that_is_loaded_would_be_seen() -> None:
    assert loaded_by("import fastapi") == {"fastapi", "starlette"}


# --- what no file may say

# In pieces, so that this file does not say it either.
HOSTS = ["pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "deb.debian" + ".org"]
PATHS = ["/" + "work/", "/" + "root/", "/" + "opt/pypi", "/" + "tmp/w/", "/" + "home/"]
UNWANTED = re.compile("|".join([*map(re.escape, HOSTS), *(rf"(?<![\w.~-]){re.escape(path)}" for path in PATHS)]))


def files_of_the_project() -> list[Path]:
    if not (ROOT / ".git").exists():  # unpacked from an archive
        return [
            path for folder in (*PACKAGES, "tests", "docs") for path in (ROOT / folder).rglob("*") if path.is_file()
        ]
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_names_a_package_index_or_somebodys_machine() -> None:
    texts = {path: path.read_text("utf-8", errors="ignore") for path in files_of_the_project()}

    assert named([path for path, text in texts.items() if UNWANTED.search(text)]) == []


@pytest.mark.parametrize("text", [f"--index-url https://{HOSTS[0]}/simple", f"see {PATHS[0]}main", f'"{PATHS[1]}x"'])
def test_such_a_name_would_be_seen(text: str) -> None:
    assert UNWANTED.search(text)
