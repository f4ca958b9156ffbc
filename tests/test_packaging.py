"""What is installed is what was locked, and what is packed is all of ours."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("s11flow", "flows", "notifications", "calendars", "db")
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def locked() -> dict[str, list[str]]:
    """Each requirement line of the lock, with its hashes."""
    entries = [entry.split() for entry in LOCK.replace("\\\n", " ").splitlines() if entry.strip()]
    return {
        " ".join(word for word in entry if not word.startswith("--hash=")): [
            word.removeprefix("--hash=") for word in entry if word.startswith("--hash=")
        ]
        for entry in entries
    }


def test_every_locked_requirement_has_one_version_and_its_hashes() -> None:
    wrong = [
        line
        for line, hashes in locked().items()
        if not re.fullmatch(r"[a-z0-9.-]+==[\w.]+( ; .+)?", line)
        or not hashes
        or not all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in hashes)
    ]

    assert wrong == []


def test_the_lock_holds_no_address_and_no_option() -> None:
    assert re.findall(r"://|^\s*--(?!hash=).*|@", LOCK, re.MULTILINE) == []


def test_everything_the_project_asks_for_is_locked_within_its_bounds() -> None:
    pins = {canonicalize_name(pin.name): pin for pin in map(Requirement, locked())}
    asked = [Requirement(text) for text in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]]

    amiss = [
        str(wish)
        for wish in asked
        if (pin := pins.get(canonicalize_name(wish.name))) is None
        or not wish.specifier.contains(str(pin.specifier).removeprefix("=="))
    ]

    assert amiss == []


def test_every_file_of_ours_is_packed(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    ours = {str(path.relative_to(source)) for package in PACKAGES for path in (source / package).rglob("*.*")}

    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", "."],
        cwd=source,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        check=True,
    )

    (wheel,) = source.glob("s11flow-*.whl")
    assert ours - set(zipfile.ZipFile(wheel).namelist()) == set()
