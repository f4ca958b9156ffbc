"""Whatever comes by mail, reading it answers the same each time or refuses with a reason, and harms nothing else."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from calendars.reply import MOST_ATTENDEES, MOST_EVENTS, read_replies
from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from notifications import confined
from notifications.confined import MEMORY, PATIENCE, Reader
from notifications.mailbox import Incoming
from notifications.reading import ReadMail, Unreadable, parse, read
from s11flow.inbound.sniff import sniff
from s11flow.inbound.words import words_in
from s11flow.services import inbox, intake
from s11flow.services.submissions import Documents
from s11flow.services.verify import verify
from tests.faults import fuzzing, hostile
from tests.faults.conftest import Say
from tests.services.scene import CODE, at, opened, run_to

EVENING = at("2026-10-20 18:00")
SLOWEST = 5.0
"""Seconds of processor for one thing that is read outside the child: fifty times what the worst of them takes."""


def ask(holds: Callable[[bytes], None], strategy: st.SearchStrategy[bytes], examples: int) -> None:
    """Ask *holds* of so many of *strategy*."""

    @settings(
        max_examples=examples, deadline=None, database=None, phases=(Phase.generate,),  # making it small takes long
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategy)
    def asked(raw: bytes) -> None:
        holds(raw)

    asked()


def told(raw: bytes) -> ReadMail | str:
    """What reading makes of it, or why it is refused; anything else that is raised would end the child."""
    try:
        return read(parse(BytesIO(raw)))
    except Unreadable as why:
        return str(why)


@dataclass
class Verdicts:
    """What became of mail, counted."""

    counted: Counter[str] = field(default_factory=Counter)

    def add(self, said: ReadMail | str) -> None:
        """Count one more, by its kind, or as refused."""
        self.counted["refused" if isinstance(said, str) else str(said.classified.kind)] += 1


# --- what is read in the child ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "strategy"), [("made up", hostile.MADE_UP), ("bent", hostile.MAIL), ("bounces", hostile.BENT_BOUNCES)]
)
def test_mail_is_read_the_same_each_time_or_refused(
    what: str, strategy: st.SearchStrategy[bytes], thorough: bool, say: Say
) -> None:
    verdicts = Verdicts()

    def holds(raw: bytes) -> None:
        said = told(raw)
        assert told(raw) == said
        verdicts.add(said)
        if isinstance(said, ReadMail):
            assert _is_within_limits(said)
            assert confined._mail(json.loads(confined._as_bytes(BytesIO(raw)))) == said

    ask(holds, strategy, 2_000 if thorough else 60)
    say(**dict(verdicts.counted))


def _is_within_limits(mail: ReadMail) -> bool:
    lines = (mail.message_id, mail.from_address, mail.from_name, mail.reply_to, mail.subject, *mail.to, *mail.answers)
    lines += tuple(file.name for file in mail.files)
    assert all(line.isprintable() or not set(line) & _CONTROL for line in lines), lines
    assert mail.written_at is None or mail.written_at.tzinfo is UTC
    assert len(mail.text) <= 100_000
    return True


_CONTROL = {*map(chr, range(32)), "\x7f", "\x85", "\u2028", "\u2029"}


def _peak(reader: Reader) -> int:
    """Bytes of memory that the child has had at most; 0 when it is gone."""
    child = reader._child
    status = Path("/proc", str(child.pid if child else 0), "status")
    found = re.search(r"VmPeak:\s*(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) * 1024 if found else 0


@pytest.fixture
def reader() -> Iterator[Reader]:
    """A child that reads mail."""
    with Reader() as one:
        yield one


def test_the_child_answers_as_reading_here_does(reader: Reader, tmp_path: Path, thorough: bool) -> None:
    def holds(raw: bytes) -> None:
        assert _asked(reader, tmp_path, raw) == told(raw)

    ask(holds, hostile.MAIL, 500 if thorough else 20)


def test_swollen_mail_keeps_within_its_limits_and_stops_none_after_it(
    reader: Reader, tmp_path: Path, thorough: bool, say: Say
) -> None:
    verdicts, longest, largest = Verdicts(), 0.0, 0

    def holds(raw: bytes) -> None:
        nonlocal longest, largest
        began = time.monotonic()
        verdicts.add(_asked(reader, tmp_path, raw))
        longest, largest = max(longest, time.monotonic() - began), max(largest, _peak(reader))
        assert not isinstance(_asked(reader, tmp_path, b"Subject: the next\n\nText.\n"), str)

    mail = st.builds(
        lambda head, body: head + b"\n\n" + body,
        hostile.swollen((b"Subject: x", *hostile.PIECES), 30_000),
        hostile.swollen((*hostile.PIECES, *hostile.SAMPLES[::20]), 3_000_000 if thorough else 600_000),
    )
    ask(holds, mail, 60 if thorough else 4)

    say(seconds=round(longest, 1), megabytes=largest // 1_000_000, **dict(verdicts.counted))
    assert longest < PATIENCE
    assert largest <= MEMORY


def _asked(reader: Reader, folder: Path, raw: bytes) -> ReadMail | str:
    path = folder / "mail"
    path.write_bytes(raw)
    try:
        return reader.read(path)
    except Unreadable as why:
        return str(why)


# --- what is read outside it -----------------------------------------------------------------------------------------


def test_a_calendar_file_is_read_the_same_each_time(thorough: bool) -> None:
    def holds(raw: bytes) -> None:
        for charset in ("", hostile.CHARSETS[len(raw) % len(hostile.CHARSETS)]):
            found = read_replies(raw, method="REPLY", charset=charset)
            assert read_replies(raw, method="REPLY", charset=charset) == found
            assert len(found) <= MOST_EVENTS
            for reply in found:
                assert len(reply.attendees) <= MOST_ATTENDEES
                assert {at.tzinfo for at in (reply.stamped_at, reply.starts_at, reply.ends_at) if at} <= {UTC}
                assert not any(set(each.address) & {*" \r\n\t<>"} for each in reply.attendees)

    ask(holds, hostile.CALENDARS, 2_000 if thorough else 100)


def test_a_swollen_calendar_file_costs_little(thorough: bool, say: Say) -> None:
    slowest = 0.0

    def holds(raw: bytes) -> None:
        nonlocal slowest
        began = time.process_time()
        read_replies(raw)
        slowest = max(slowest, time.process_time() - began)
        assert slowest < SLOWEST

    begins = b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n"
    files = hostile.swollen(hostile.CALENDAR_PIECES, 1_000_000).map(lambda body: begins + body)
    ask(holds, files, 100 if thorough else 5)
    say(slowest=round(slowest, 2))


def test_a_document_is_told_by_its_content_or_as_damaged(thorough: bool) -> None:
    def holds(content: bytes) -> None:
        found = sniff("report.docx", content)
        assert sniff("report.docx", content) == found
        words_in(found.kind, content)

    ask(holds, hostile.damaged(hostile.DOCUMENTS), 2_000 if thorough else 100)


@pytest.mark.skipif(bool(fuzzing.WHY_NOT), reason=fuzzing.WHY_NOT)
@pytest.mark.parametrize("target", fuzzing.TARGETS)
def test_atheris_finds_nothing_over_which_reading_fails(target: str, thorough: bool, say: Say) -> None:
    ended = fuzzing.run(target, 180 if thorough else 2)

    assert ended.returncode == 0, ended.stderr[-3_000:]
    say(**dict(re.findall(r"stat::(number_of_executed_units|new_units_added): +(\d+)", ended.stderr)))


# --- the whole of it -------------------------------------------------------------------------------------------------


class Here:
    """Reads mail in this process, where what is raised is seen."""

    def read(self, path: Path) -> ReadMail:
        """What the mail at *path* says."""
        with path.open("rb") as source:
            return read(parse(source))


@dataclass
class Box:
    """A mailbox from which nothing is taken away, so that everything comes again."""

    mails: list[Incoming] = field(default_factory=list)

    def incoming(self) -> Iterator[Incoming]:
        """All of it."""
        yield from self.mails

    def file_away(self, key: str) -> None:
        """It stays."""

    def __enter__(self) -> Box:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def test_each_mail_has_one_decision_and_the_record_is_whole(
    sqlite_url: str, tmp_path: Path, thorough: bool, say: Say, caplog: pytest.LogCaptureFixture
) -> None:
    engine = open_engine(sqlite_url)
    uow, documents, box = UnitOfWork(engine), Documents(tmp_path / "documents"), Box()
    opened(uow)
    run_to(uow, EVENING)

    def holds(raw: bytes) -> None:
        box.mails.append(Incoming(str(len(box.mails)), raw, EVENING + timedelta(seconds=len(box.mails))))
        intake.collect(uow, documents, Box(box.mails[-1:]), Here(), partnership=CODE, now=box.mails[-1].arrived_at)

    from_us = hostile.MAIL.map(lambda raw: b"From: youth@agency.example\nSubject: GSCP-2026-01\n" + raw)
    ask(holds, st.one_of(hostile.MAIL, from_us), 150 if thorough else 15)
    now = EVENING + timedelta(days=1)
    again = intake.collect(uow, documents, box, Here(), partnership=CODE, now=now)

    kept = inbox.everything(uow, partnership=CODE)
    assert (again.collected, again.known) == (0, len(box.mails))
    assert {each.sha256 for each in kept} == {sha256(mail.raw).hexdigest() for mail in box.mails}
    assert [each for each in kept if each.kind is None] == []
    assert [record.message for record in caplog.records if "could not be decided on" in record.message] == []
    assert verify(uow, now=now, documents=documents.folder).broken == ()
    say(mails=len(kept), **Counter(each.decision or "waits" for each in kept))
    engine.dispose()
