"""A plain calendar file: read by another library, in London time, inviting nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import vobject
from icalendar import Calendar

from calendars.feed import Happening, feed

SUMMER, WINTER = datetime(2026, 10, 23, 8, 30, tzinfo=UTC), datetime(2026, 11, 10, 9, 30, tzinfo=UTC)
ONE = Happening(
    "a@panel.example", 2, datetime(2026, 10, 1, 8, tzinfo=UTC), WINTER, WINTER.replace(hour=10, minute=0),
    "Panel: Youth\r\nServices", "Report: none received.\nReply: coming; it wrote, twice", "The panel room",
)  # fmt: skip


def test_another_library_reads_when_what_and_where() -> None:
    read = vobject.readOne(feed("Section 11 panel", [ONE]).decode())

    (event,) = read.contents["vevent"]
    assert event.dtstart.value == WINTER
    assert event.dtend.value == WINTER.replace(hour=10, minute=0)
    assert event.summary.value == "Panel: Youth Services"
    assert event.description.value == "Report: none received.\nReply: coming; it wrote, twice"
    assert (event.location.value, event.uid.value, event.sequence.value) == ("The panel room", "a@panel.example", "2")


def test_it_invites_nobody_and_asks_for_nothing() -> None:
    file = feed("Section 11 panel", [ONE]).decode()

    assert not any(word in file for word in ("METHOD", "ATTENDEE", "ORGANIZER", "VALARM"))


def test_it_is_london_time_before_and_after_the_clocks_change() -> None:
    before = replace(ONE, starts_at=SUMMER, ends_at=SUMMER.replace(hour=9))

    events = Calendar.from_ical(feed("Panel", [before, ONE])).walk("VEVENT")

    assert [event["DTSTART"].to_ical() for event in events] == [b"20261023T093000", b"20261110T093000"]
    assert [event["DTSTART"].params["TZID"] for event in events] == ["Europe/London"] * 2


def test_a_break_leaves_the_reader_s_time_free() -> None:
    events = Calendar.from_ical(feed("Panel", [ONE, replace(ONE, uid="b@panel.example", free=True)])).walk("VEVENT")

    assert [str(event["TRANSP"]) for event in events] == ["OPAQUE", "TRANSPARENT"]


def test_equal_happenings_give_equal_bytes_and_none_gives_a_calendar_of_none() -> None:
    assert feed("Panel", [ONE]) == feed("Panel", [replace(ONE)])
    assert Calendar.from_ical(feed("Panel", [])).walk("VEVENT") == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"ends_at": WINTER}, "must end after it starts"),
        ({"starts_at": WINTER.replace(tzinfo=None)}, "time zone"),
    ],
)
def test_what_cannot_be_in_a_diary_is_refused(changes: dict[str, datetime], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        replace(ONE, **changes)  # type: ignore[arg-type]  # the point of the test
