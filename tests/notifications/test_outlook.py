"""Mail that Outlook saved as a file is read as any other, in a process that may die of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.confined import Reader
from notifications.outlook import NotOutlook, mail_in
from notifications.reading import File, ReadMail, Unreadable, read
from tests.notifications.outlook_files import container, outlook

SENT = datetime(2026, 10, 20, 15, 40, tzinfo=UTC)
BIG = b"report " * 1_000
WHOLE = outlook("pat@agency.example", "Our report", "Please find it.", files=[("r.docx", BIG)], sent_at=SENT)


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as one:
        yield one


def as_read(reader: Reader, folder: Path, content: bytes) -> ReadMail:
    place = folder / "mail"
    place.write_bytes(content)
    return reader.read(place)


def test_what_it_says_and_brings(reader: Reader, tmp_path: Path) -> None:
    found = as_read(reader, tmp_path, WHOLE)

    assert (found.from_address, found.subject, found.text) == ("pat@agency.example", "Our report", "Please find it.")
    assert (found.written_at, found.files) == (SENT, (File("r.docx", "application/octet-stream", BIG),))


def test_the_headers_with_which_it_travelled_have_the_word() -> None:
    headers = (
        "From: Pat <pat@council.example>\r\nDate: Tue, 20 Oct 2026 09:00:00 +0100\r\nMessage-ID: <1@x.example>\r\n"
    )
    travelled = outlook("/o=office/cn=pat", "Our report", headers=headers)

    found = read(mail_in(BytesIO(travelled)))

    assert (found.from_address, found.message_id) == ("pat@council.example", "<1@x.example>")
    assert (found.written_at, found.subject) == (datetime(2026, 10, 20, 8, tzinfo=UTC), "Our report")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (container({"WordDocument": b"an old document"}), "it is no mail of Outlook's"),
        (WHOLE[:600], "it is damaged"),
        (WHOLE[:8] + bytes(600), "it is damaged"),
    ],
)
def test_what_is_none_is_unreadable(reader: Reader, tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        as_read(reader, tmp_path, content)


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=12))
def test_one_that_is_damaged_is_read_or_refused(changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(WHOLE)
    for place, value in changes:
        damaged[place] = value
    with suppress(NotOutlook):
        assert isinstance(read(mail_in(BytesIO(bytes(damaged)))), ReadMail)
