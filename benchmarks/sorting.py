"""Mail that came in: each read and classified in the process that may die of it."""

from __future__ import annotations

import email
from collections import Counter
from collections.abc import Callable
from email.message import Message
from pathlib import Path

from benchmarks.measure import Result, in_turn, timed
from notifications.classify import Kind
from notifications.confined import Reader
from tests.services import mails

MAILS = 10_000


def classified(folder: Path, count: int = MAILS) -> Result:
    """So many mails of five kinds read and classified, beside each parsed and decoded by `email` in-process."""
    paths = _written(folder, count)

    def ours() -> float:
        with Reader() as reader, timed() as watch:
            found = Counter(reader.read(path).classified.kind for path in paths)
        if found != Counter(_KINDS[number % len(_KINDS)] for number in range(count)):
            raise RuntimeError(f"The mails were not taken for what they are: {found}.")
        return watch.seconds

    def theirs() -> float:
        with timed() as watch:
            for path in paths:
                _decode(email.message_from_bytes(path.read_bytes()))
        return watch.seconds

    return Result(
        "mails", f"{count:,} mails read and classified", "parsed by email, in-process", *in_turn(ours, theirs),
        details={"mails": count},
    )  # fmt: skip


_KINDS = (Kind.MAIL, Kind.BOUNCE, Kind.CALENDAR, Kind.AUTO_REPLY, Kind.MAIL)


def _written(folder: Path, count: int) -> list[Path]:
    """The mails as files, of the five kinds by turns."""
    report = mails.docx("Our report.")
    paths = [folder / f"{number}.eml" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(_of_each_kind(number, report)[number % len(_KINDS)]())
    return paths


def _of_each_kind(number: int, report: bytes) -> list[Callable[[], bytes]]:
    who, uid = f"lead{number}@agency.example", f"{number}@partnership.example"
    return [
        lambda: mails.mail(who, f"Section 11 report {number}", files=[("Report.docx", report)]),
        lambda: mails.bounce(who, f"<{uid}>"),
        lambda: mails.answer(uid, who),
        lambda: mails.away(who),
        lambda: mails.mail(who, f"A question about {number}", text="When is the report due?\n" * 20),
    ]


def _decode(mail: Message) -> int:
    """How many bytes its parts have."""
    contents = (part.get_payload(decode=True) for part in mail.walk())
    return sum(len(content) for content in contents if isinstance(content, bytes))
