"""Mail is read in a process that may die of it: the limits hold, the reason is told, and the next mail is read."""

from __future__ import annotations

from base64 import b64encode, encodebytes
from collections.abc import Iterator
from pathlib import Path

import pytest

from notifications import confined
from notifications.confined import Reader
from notifications.reading import File, Unreadable, parse, read
from tests.notifications.bounce_samples import BOUNCES
from tests.notifications.other_mail_samples import OTHERS

PLAIN = b"From: lead@agency.example\nSubject: Report\nDate: Tue, 20 Oct 2026 09:00:00 +0100\n\nText.\n"


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as one:
        yield one


def _stored(folder: Path, raw: bytes, name: str = "mail") -> Path:
    path = folder / name
    path.write_bytes(raw)
    return path


def _here(path: Path) -> object:
    with path.open("rb") as source:
        return read(parse(source))


def test_the_child_tells_all_that_reading_here_would_tell(reader: Reader, tmp_path: Path) -> None:
    content = b64encode(bytes(range(256))).decode()
    attached = (
        "From: a@b.example\nContent-Type: multipart/mixed; boundary=e\n\n--e\n\nText \u2028 é.\n--e\n"
        f"Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n{content}\n--e--\n"
    ).encode()

    for raw in (PLAIN, attached, *(one.raw for one in BOUNCES[::12]), *(other.raw for other in OTHERS[::6])):
        path = _stored(tmp_path, raw)
        assert reader.read(path) == _here(path)


def test_a_name_with_any_letters_is_found(reader: Reader, tmp_path: Path) -> None:
    assert reader.read(_stored(tmp_path, PLAIN, "1.host:2,S é")).subject == "Report"


def test_mail_that_is_not_there_is_said_to_be_not_there(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        reader.read(tmp_path / "nothing")


def test_what_is_refused_is_told_and_the_same_child_reads_on(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"^it is empty$"):
        reader.read(_stored(tmp_path, b""))
    with pytest.raises(Unreadable, match="deeper in each other than 20"):
        reader.read(_stored(tmp_path, b"Content-Type: message/rfc822\n\n" * 5_000 + b"x"))

    assert reader.read(_stored(tmp_path, PLAIN)).subject == "Report"


def test_mail_that_takes_too_long_is_unreadable_and_the_next_is_read(reader: Reader, tmp_path: Path) -> None:
    status = b"Content-Type: message/delivery-status\n\n" + b"\n" * 2_000_000

    with pytest.raises(Unreadable, match=r"^reading it took (longer than 2 seconds of processor|more than 256 MB)$"):
        reader.read(_stored(tmp_path, status))

    assert reader.read(_stored(tmp_path, PLAIN)).subject == "Report"


def test_mail_that_takes_too_much_memory_is_unreadable_and_the_next_is_read(reader: Reader, tmp_path: Path) -> None:
    raw = b"From: lead@agency.example\n\n" + b"a\n" * 17_000_000

    with pytest.raises(Unreadable, match=r"^reading it took (longer than 2 seconds of processor|more than 256 MB)$"):
        reader.read(_stored(tmp_path, raw))

    assert reader.read(_stored(tmp_path, PLAIN)).subject == "Report"


def test_the_largest_report_that_a_mailbox_takes_is_read(reader: Reader, tmp_path: Path) -> None:
    content = bytes(range(256)) * 96_000
    head = "From: a@b.example\nContent-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n"

    told = reader.read(_stored(tmp_path, head.encode() + encodebytes(content)))

    assert told.files == (File("a.pdf", "application/pdf", content),)


def test_a_child_that_was_killed_is_replaced(tmp_path: Path) -> None:
    with Reader() as reader:
        path = _stored(tmp_path, PLAIN)
        reader.read(path)
        child = reader._child
        assert child is not None
        child.kill()
        child.wait()

        assert reader.read(path).subject == "Report"


def test_a_child_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(confined, "PATIENCE", 0.0)
    with Reader() as reader, pytest.raises(Unreadable, match="reading it took longer than 0 seconds"):
        reader.read(_stored(tmp_path, PLAIN))


@pytest.mark.parametrize("said", ["{}", "[]", "{", "[" * 40, '{"classified": 1}'])
def test_a_child_that_answers_something_else_is_given_up(
    said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "answers"
    program.write_text(f"#!/bin/sh\nread mail\nprintf '\\000\\000\\000\\000\\000\\000\\000\\{len(said):03o}{said}'\n")
    program.chmod(0o700)
    path = _stored(tmp_path, PLAIN)
    with Reader() as reader:
        with monkeypatch.context() as patched:
            patched.setattr("sys.executable", str(program))
            with pytest.raises(Unreadable, match="answered something else"):
                reader.read(path)

        assert reader.read(path).subject == "Report"


def test_a_reader_may_be_closed_twice(tmp_path: Path) -> None:
    reader = Reader()
    reader.read(_stored(tmp_path, PLAIN))
    reader.close()
    reader.close()
