"""Reading calendar files that others wrote: whatever they hold, nothing is raised and nothing is made up."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calendars.content_lines import calendars
from calendars.reply import Attendee, Reply, bare_address, read_parts, read_replies
from tests.calendars.samples import SAMPLES, parts_of

ANSWER = (
    b"BEGIN:VCALENDAR\r\nPRODID:-//Somebody//EN\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\nUID:u1@partnership.example\r\n"
    b"ORGANIZER:mailto:unit@partnership.example\r\n"
    b'ATTENDEE;CN="Lead; Zoe";PARTSTAT=ACCEPTED;SENT-BY="mailto:pa@stroud.example":mailto:lead@stroud.example\r\n'
    b"DTSTAMP:20261002T091500Z\r\nSEQUENCE:2\r\nDTSTART:20261110T093000Z\r\nDURATION:PT30M\r\nCOMMENT:Yes\\, gladly\r\n"
    b"END:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_an_answer_is_read_whole() -> None:
    assert read_replies(ANSWER) == (
        Reply(
            method="REPLY",
            uid="u1@partnership.example",
            attendees=(Attendee("lead@stroud.example", "Lead; Zoe", "ACCEPTED", "pa@stroud.example"),),
            sequence=2,
            stamped_at=datetime(2026, 10, 2, 9, 15, tzinfo=UTC),
            organizer="unit@partnership.example",
            starts_at=datetime(2026, 11, 10, 9, 30, tzinfo=UTC),
            ends_at=datetime(2026, 11, 10, 10, tzinfo=UTC),
            comment="Yes, gladly",
            program="-//Somebody//EN",
        ),
    )


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("mailto:lead@stroud.example", "lead@stroud.example"),
        ("MAILTO:Lead@Stroud.example", "Lead@Stroud.example"),
        ("mailto:lead@stroud.example?subject=x", "lead@stroud.example"),
        ("mailto:lead%2Bpanel%40stroud.example", "lead+panel@stroud.example"),
        ("<lead@stroud.example>", "lead@stroud.example"),
        ("invalid:nomail", ""),
        ("/o=Council/cn=Recipients/cn=lead", ""),
        ("", ""),
    ],
)
def test_an_address_is_taken_out_of_what_it_is_written_in(written: str, address: str) -> None:
    assert bare_address(written) == address


@pytest.mark.parametrize(
    ("line", "starts_at"),
    [
        ("DTSTART:20261110T093000Z", datetime(2026, 11, 10, 9, 30, tzinfo=UTC)),
        ("DTSTART:20261020T093000", datetime(2026, 10, 20, 8, 30, tzinfo=UTC)),
        ("DTSTART;TZID=Europe/London:20261020T093000", datetime(2026, 10, 20, 8, 30, tzinfo=UTC)),
        ("DTSTART;TZID=GMT Standard Time:20270329T093000", datetime(2027, 3, 29, 8, 30, tzinfo=UTC)),
        ("DTSTART;TZID=UTC:20261020T093000", datetime(2026, 10, 20, 9, 30, tzinfo=UTC)),
        ("DTSTART;TZID=tzone://Microsoft/Utc:20261020T093000", datetime(2026, 10, 20, 9, 30, tzinfo=UTC)),
        ("DTSTART:20261020T093000+0100", datetime(2026, 10, 20, 8, 30, tzinfo=UTC)),
        ("DTSTART;VALUE=DATE:20261020", None),
        ("DTSTART:20261320T093000Z", None),
        ("DTSTART:00010101T000000", None),
        ("DTSTART;TZID=../../etc/passwd:20261020T093000", None),
        ("DTSTART;TZID=GMT:20261020T093000", None),
        ("DTSTART:soon", None),
    ],
)
def test_a_time_is_read_in_its_zone_or_not_at_all(line: str, starts_at: datetime | None) -> None:
    (reply,) = read_replies(f"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\n{line}\nEND:VEVENT\nEND:VCALENDAR\n".encode())

    assert reply.starts_at == starts_at


def test_a_file_in_a_mail_is_read_once_though_it_is_there_twice() -> None:
    parts = parts_of(SAMPLES / "proton-accepted.eml")

    assert [part.method for part in parts] == ["REPLY"]
    assert len(read_parts(parts)) == 1


FILES = sorted(path for path in SAMPLES.iterdir() if path.suffix in (".ics", ".eml"))


@pytest.mark.parametrize("sample", FILES, ids=lambda path: path.name)
def test_a_sample_cut_anywhere_is_read_without_a_fault(sample: Path) -> None:
    content = sample.read_bytes()
    for cut in range(0, len(content), max(1, len(content) // 12)):
        for torn in (content[:cut], content[cut:], content[:cut] + b"\x00\xff" + content[cut:]):
            read_replies(torn)
            read_parts(parts_of(torn))


@given(st.binary(max_size=400))
def test_no_bytes_are_a_fault(content: bytes) -> None:
    read_replies(content)
    read_replies(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + content)


PIECES = st.sampled_from(
    [
        *("BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VTIMEZONE", "END:VTIMEZONE"),
        *("BEGIN:STANDARD", "TZID:Zone", "TZOFFSETTO:+0100", "TZOFFSETTO:+9999", "DTSTART:16010101T000000"),
        *("RRULE:FREQ=YEARLY;BYDAY=5MO;BYMONTH=2", "RRULE:FREQ=SECONDLY", "DTSTART;TZID=Zone:20261020T100000"),
        *("DTSTART;TZID=Zone:00010101T000000", "DTSTART;TZID=Zone:99991231T235959", "UID:u", 'ATTENDEE;CN="x'),
        *("ATTENDEE:mailto:", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b.example", "SEQUENCE:99999999999", "DURATION:P9W"),
        *("DTSTAMP:99991231T235959-2359", "DURATION:PT99999H", " folded", "\tfolded", ";:", ":", "=", "\ud800"),
    ]
)


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=40))
def test_no_order_of_lines_is_a_fault(lines: list[str]) -> None:
    content = "\r\n".join(["BEGIN:VCALENDAR", *lines]).encode("utf-8", "surrogatepass")
    for reply in read_replies(content):
        assert reply.starts_at is None or reply.starts_at.utcoffset() == reply.starts_at.tzinfo.utcoffset(None)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "content",
    [
        b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\n" * 50_000,
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nATTENDEE" + b';CN="' * 50_000,
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nATTENDEE;CN=" + b'"a",' * 50_000 + b":mailto:a@b.example\n",
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:" + b"\n a" * 200_000,
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + b"ATTENDEE:mailto:a@b.example\n" * 50_000,
        b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\nUID:u\nDTSTART:20261110T093000Z\nEND:VEVENT\n" * 20_000,
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + b"A;\n" * 200_000,
        b" " * 1_000_000 + b"BEGIN:VCALENDAR",
        b"7643616C2D55696401000000" * 40_000,
    ],
    ids=["nested", "quotes", "parameters", "folds", "attendees", "events", "torn", "space", "wrapped"],
)
@pytest.mark.timeout(20)  # each takes well under a second; what takes longer grows with the square of its length
def test_a_monstrous_file_is_read_in_a_moment(content: bytes) -> None:
    read_replies(content)


def test_deep_components_are_left_out() -> None:
    (calendar,) = calendars(b"BEGIN:VCALENDAR\n" + b"BEGIN:X\n" * 100 + b"END:X\n" * 100 + b"METHOD:REPLY\n")

    assert calendar.value("METHOD") == "REPLY"
