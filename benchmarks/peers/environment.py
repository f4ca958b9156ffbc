"""An environment for a peer: made once under `build/peers/`, from the requirements that stand beside its program."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

HERE, KEPT_IN = Path(__file__).parent, Path("build/peers")


@dataclass(frozen=True)
class NotThere(Exception):
    """A peer that could not be installed here, and why."""

    peer: str
    why: str

    def __str__(self) -> str:
        return f"{self.peer} could not be installed: {self.why}"


def python_for(peer: str, requirements: Path | None = None) -> Path:
    """The Python that has *peer* installed at the pinned version; makes it if need be. Raises NotThere."""
    pinned = (requirements or HERE / peer / "requirements.txt").read_bytes()
    home = (KEPT_IN / f"{peer}-{sha256(pinned).hexdigest()[:12]}").absolute()
    if not (home / "installed").exists():
        shutil.rmtree(home, ignore_errors=True)
        _install(peer, home, pinned)
    return home / "bin" / "python"


def _install(peer: str, home: Path, pinned: bytes) -> None:
    _run(peer, sys.executable, "-m", "venv", str(home))
    wanted = home / "requirements.txt"
    wanted.write_bytes(pinned)
    _run(peer, str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--requirement", str(wanted))
    (home / "installed").touch()


def _run(peer: str, *command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise NotThere(peer, str(error)) from error
    if done.returncode:
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise NotThere(peer, said[-1].strip() if said else f"pip ended with {done.returncode}")
