"""Lets atheris look for mail, calendar files, bounces and documents over which reading fails, led by what is reached.

    make fuzz                                  # or, with atheris installed, for so many seconds:
    python -m tests.faults.fuzzing mail 60

What it learnt is kept in `build/fuzz/` and gone on from the next time; what fails is kept there as `found-...`, and the
command then fails. atheris is for Linux on x86-64 and is no requirement of anything: without it nothing is done.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "build" / "fuzz"
LONGEST = 20_000
"""Bytes of what is tried: what size does is proven elsewhere."""

WHY_NOT = "" if find_spec("atheris") else "atheris is not installed (pip install atheris; Linux on x86-64 only)"


def _mail(raw: bytes) -> None:
    from notifications.reading import Unreadable, parse, read

    try:
        said = read(parse(BytesIO(raw)))
    except Unreadable:
        return
    assert read(parse(BytesIO(raw))) == said


def _bounce(status: bytes) -> None:
    head = b"From: MAILER-DAEMON@mx.example\nContent-Type: multipart/report; boundary=x\n\n--x\n"
    _mail(head + b"Content-Type: message/delivery-status\n\n" + status + b"\n--x--\n")


def _calendar(raw: bytes) -> None:
    from calendars.reply import read_replies

    assert read_replies(raw, charset="cp1252") == read_replies(raw, charset="cp1252")


def _document(content: bytes) -> None:
    from s11flow.inbound.sniff import sniff
    from s11flow.inbound.words import words_in

    words_in(sniff("report.docx", content).kind, content)


def _seeds(target: str) -> Sequence[bytes]:
    from tests.faults import hostile

    return {
        "mail": hostile.SAMPLES,
        "bounce": tuple(piece + b": x\n" for piece in hostile.SAYINGS) + tuple(_statuses(hostile.SAMPLES)),
        "calendar": hostile.REPLIES,
        "document": hostile.DOCUMENTS,
    }[target]


def _statuses(mails: Sequence[bytes]) -> list[bytes]:
    """What stands in the parts for machines of these bounces."""
    marked = (raw.replace(b"\r\n", b"\n").partition(b"message/delivery-status") for raw in mails)
    return [rest.partition(b"\n\n")[2].partition(b"\n--")[0] for _, mark, rest in marked if mark]


TARGETS: dict[str, Callable[[bytes], None]] = {
    "mail": _mail, "bounce": _bounce, "calendar": _calendar, "document": _document,
}  # fmt: skip


def run(target: str, seconds: int) -> subprocess.CompletedProcess[str]:
    """Look for so long in a process of its own; its return code is 0 when nothing was found."""
    command = [sys.executable, "-m", "tests.faults.fuzzing", target, str(seconds)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def _look(target: str, seconds: int) -> None:
    """Never returns: atheris ends the process."""
    atheris = import_module("atheris")  # no requirement of ours
    with atheris.instrument_imports(include=["notifications", "calendars", "email", "s11flow.inbound", "flufl"]):
        for module in ("calendars.reply", "notifications.reading", "s11flow.inbound.sniff", "s11flow.inbound.words"):
            import_module(module)
    from tests.faults.hostile import bent_by

    kept = KEPT / target
    kept.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(_seeds(target)):
        (kept / f"seed-{number}").write_bytes(seed[:LONGEST])

    def changed(data: bytes, longest: int, seed: int) -> bytes:
        chance = random.Random(seed)
        if chance.random() < 0.5:
            return bytes(atheris.Mutate(data, longest))
        hits = [(chance.choice(_LINES), chance.randrange(5_000), chance.randrange(5_000)) for _ in range(3)]
        return bent_by(data, hits)[:longest]

    arguments: list[Any] = [
        sys.argv[0], f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-timeout=10", "-rss_limit_mb=1500",
        f"-artifact_prefix={kept}/found-", "-print_final_stats=1", str(kept),
    ]  # fmt: skip
    atheris.Setup(arguments, TARGETS[target], custom_mutator=changed)
    atheris.Fuzz()


_LINES = ("drop", "double", "swap", "overwrite", "put before", "fold", "fold torn", "append", "flip", "repeat", "case")


if __name__ == "__main__":
    if WHY_NOT:
        sys.exit(WHY_NOT)
    os.chdir(ROOT)
    _look(sys.argv[1], int(sys.argv[2]))
