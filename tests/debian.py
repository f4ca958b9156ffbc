"""Packages of Debian that some tests need: two mail servers, and libical by way of GNOME.

`make test` runs this before the tests. With CI=true and as root it installs what is missing; whatever goes wrong, the
tests in question are skipped then, and each skip says what to install.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

LIBICAL = ("python3-gi", "gir1.2-ical-3.0")
MAIL_SERVERS = ("opensmtpd", "dovecot-imapd")

_POLICY = Path("/usr/sbin/policy-rc.d")
_PATIENCE = 240.0  # seconds for each thing that apt-get is asked


def how_to_install(packages: Sequence[str]) -> str:
    """What to type for *packages*."""
    return f"apt-get install {' '.join(packages)}"


def installed(package: str) -> bool:
    """Say whether Debian's *package* is there."""
    said = _run(["dpkg-query", "--show", "--showformat", "${db:Status-Status}", package])
    return said is not None and said.stdout == "installed"


def install(packages: Sequence[str]) -> bool:
    """Install *packages* without starting anything and without removing anything; say whether they are there now."""
    options = ("Acquire::Retries=0", "Acquire::http::Timeout=20", "DPkg::Lock::Timeout=60")
    apt = ["apt-get", "-q", *(word for option in options for word in ("-o", option))]
    wanted = [*apt, "install", "-y", "--no-install-recommends", "--no-remove", *packages]
    with _nothing_is_started():
        if not _worked(wanted) and _worked([*apt, "update"]):
            _worked(wanted)
    return all(installed(package) for package in packages)


@contextmanager
def _nothing_is_started() -> Iterator[None]:
    """Debian asks this file before it starts a service; one that is there already is its owner's."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()


def _worked(command: list[str]) -> bool:
    said = _run(command)
    return said is not None and said.returncode == 0


def _run(command: list[str]) -> subprocess.CompletedProcess[str] | None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=_PATIENCE, env=environment, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def main() -> None:
    """Install what is missing where that is wanted, and say in a line what was done."""
    missing = [package for package in (*LIBICAL, *MAIL_SERVERS) if not installed(package)]
    if not missing or os.environ.get("CI") != "true":
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.stderr.write(f"Some tests will be skipped; for them, as root: {how_to_install(missing)}\n")
        return
    sys.stderr.write(f"Installing {' '.join(missing)} for some of the tests ...\n")
    if not install(missing):
        sys.stderr.write("They could not be installed: the tests that need them will be skipped, and say so.\n")


if __name__ == "__main__":
    main()
