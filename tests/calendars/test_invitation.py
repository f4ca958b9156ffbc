"""Invitations, read back with two libraries that did not write them together."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest
import vobject
from hypothesis import example, given
from hypothesis import strategies as st
from icalendar import Calendar, Event

from calendars import invitation as invitations
from calendars import london
from calendars.invitation import Invitation, Person

GOLDEN = Path(__file__).parent / "golden"

PANEL = Invitation(
    uid="5c0ffee0@partnership.example",
    sequence=0,
    dtstamp=datetime(2026, 10, 1, 8, tzinfo=UTC),
    starts_at=london.instant(date(2026, 11, 10), time(9, 30)),
    ends_at=london.instant(date(2026, 11, 10), time(10)),
    summary="Panel: Severn Housing, 9:30am; report discussed",
    description="You have 30 minutes.\nPlease bring:\n- your report\n- the action plan",
    location="Room 1, Shire Hall, Gloucester",
    organizer=Person("Partnership Business Unit", "unit@partnership.example"),
    attendee=Person("Zoë O'Neill", "zoe.oneill@severn-housing.example"),
    url="https://partnership.example/sessions/1?from=mail&kind=a,b",
)


def event_in(file: bytes) -> Event:
    (event,) = Calendar.from_ical(file).events
    return event


def read_by_icalendar(file: bytes) -> tuple[datetime, datetime]:
    event = event_in(file)
    return event.decoded("dtstart").astimezone(UTC), event.decoded("dtend").astimezone(UTC)


def read_by_vobject(file: bytes) -> tuple[datetime, datetime]:
    event = vobject.readOne(file.decode()).vevent
    return event.dtstart.value.astimezone(UTC), event.dtend.value.astimezone(UTC)


def properties(file: bytes) -> list[str]:
    return [line.partition(":")[0].partition(";")[0] for line in file.decode().replace("\r\n ", "").split("\r\n")]


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("request.ics", invitations.request(PANEL)),
        ("cancel.ics", invitations.cancel(replace(PANEL, sequence=1))),
    ],
)
def test_the_files_are_as_they_were(name: str, file: bytes) -> None:
    # To accept a change that is meant, write the new bytes there and try them in Outlook, Google and Thunderbird.
    assert file == (GOLDEN / name).read_bytes()


def test_equal_invitations_give_equal_bytes() -> None:
    assert invitations.request(PANEL) == invitations.request(replace(PANEL))


@pytest.mark.parametrize(
    ("day", "starts_at"),
    [
        (date(2026, 10, 23), datetime(2026, 10, 23, 8, 30, tzinfo=UTC)),
        (date(2026, 10, 25), datetime(2026, 10, 25, 9, 30, tzinfo=UTC)),
        (date(2026, 10, 26), datetime(2026, 10, 26, 9, 30, tzinfo=UTC)),
        (date(2027, 3, 26), datetime(2027, 3, 26, 9, 30, tzinfo=UTC)),
        (date(2027, 3, 28), datetime(2027, 3, 28, 8, 30, tzinfo=UTC)),
        (date(2027, 3, 29), datetime(2027, 3, 29, 8, 30, tzinfo=UTC)),
    ],
)
def test_half_past_nine_is_half_past_nine_on_both_sides_of_a_clock_change(day: date, starts_at: datetime) -> None:
    half_hour = (starts_at, starts_at + timedelta(minutes=30))
    file = invitations.request(
        replace(PANEL, starts_at=london.instant(day, time(9, 30)), ends_at=london.instant(day, time(10)))
    )

    assert (read_by_icalendar(file), read_by_vobject(file)) == (half_hour, half_hour)
    assert f"DTSTART;TZID=Europe/London:{day:%Y%m%d}T093000" in file.decode().splitlines()


def zone_by_icalendar(file: bytes) -> tzinfo:
    (zone,) = Calendar.from_ical(file).timezones
    found: tzinfo = zone.to_tz(lookup_tzid=False)  # from what is written, not from this machine's zones
    return found


def zone_by_vobject(file: bytes) -> tzinfo:
    found: tzinfo = vobject.readOne(file.decode()).vtimezone.gettzinfo()
    return found


@pytest.mark.parametrize("zone_in", [zone_by_icalendar, zone_by_vobject])
def test_the_zone_in_the_file_is_london_on_every_day(zone_in: Any) -> None:
    written = zone_in(invitations.request(PANEL))
    days = (date(2020, 1, 1) + timedelta(days=i) for i in range((date(2051, 1, 1) - date(2020, 1, 1)).days))
    # Just before the clocks change, just after, and in office hours.
    times = (time(0, 59), time(2), time(9, 30))
    wall = [datetime.combine(day, at) for day in days for at in times]

    assert [
        at for at in wall if at.replace(tzinfo=written).utcoffset() != at.replace(tzinfo=london.LONDON).utcoffset()
    ] == []


def test_an_update_keeps_the_uid_and_raises_the_sequence() -> None:
    moved = replace(
        PANEL,
        sequence=1,
        starts_at=london.instant(date(2026, 11, 12), time(14)),
        ends_at=london.instant(date(2026, 11, 12), time(14, 30)),
    )
    first, update = (Calendar.from_ical(invitations.request(each)) for each in (PANEL, moved))

    assert [(c["method"], c.events[0]["uid"], c.events[0]["sequence"]) for c in (first, update)] == [
        ("REQUEST", PANEL.uid, 0),
        ("REQUEST", PANEL.uid, 1),
    ]
    assert read_by_vobject(invitations.request(moved)) == (moved.starts_at, moved.ends_at)


def test_a_cancellation_says_so_twice_and_asks_for_no_reply() -> None:
    calendar = Calendar.from_ical(invitations.cancel(replace(PANEL, sequence=2)))
    event = calendar.events[0]

    assert (calendar["method"], event["status"], event["uid"], event["sequence"]) == (
        "CANCEL",
        "CANCELLED",
        PANEL.uid,
        2,
    )
    assert event["attendee"].params["RSVP"] == "FALSE"


def test_a_request_asks_its_one_attendee_for_a_reply_and_sets_no_alarm() -> None:
    event = event_in(invitations.request(PANEL))

    assert (str(event["organizer"]), dict(event["organizer"].params)) == (
        "mailto:unit@partnership.example",
        {"CN": "Partnership Business Unit"},
    )
    assert (str(event["attendee"]), dict(event["attendee"].params)) == (
        "mailto:zoe.oneill@severn-housing.example",
        {
            "CN": "Zoë O'Neill",
            "CUTYPE": "INDIVIDUAL",
            "PARTSTAT": "NEEDS-ACTION",
            "ROLE": "REQ-PARTICIPANT",
            "RSVP": "TRUE",
        },
    )
    assert event.subcomponents == []


def test_a_change_that_is_not_of_the_time_keeps_the_answer_and_asks_for_none() -> None:
    (event,) = Calendar.from_ical(invitations.request(replace(PANEL, partstat="ACCEPTED", reply_wanted=False))).events

    assert (event["attendee"].params["PARTSTAT"], event["attendee"].params["RSVP"]) == ("ACCEPTED", "FALSE")


def test_the_words_come_back_as_they_were_written() -> None:
    by_icalendar = event_in(invitations.request(PANEL))
    by_vobject = vobject.readOne(invitations.request(PANEL).decode()).vevent
    words = (PANEL.summary, PANEL.description, PANEL.location, PANEL.url)

    assert tuple(str(by_icalendar[name]) for name in ("summary", "description", "location", "url")) == words
    assert tuple(by_vobject.getChildValue(name) for name in ("summary", "description", "location", "url")) == words


@pytest.mark.parametrize(
    "hostile",
    [
        "x\r\nATTENDEE:mailto:eve@elsewhere.example",
        "x\nMETHOD:CANCEL",
        "x\rEND:VEVENT",
        "x\\nSTATUS:CANCELLED",
        "x;RSVP=FALSE:mailto:eve@elsewhere.example",
        'x":mailto:eve@elsewhere.example',
        "x,mailto:eve@elsewhere.example",
        "x\x85ATTENDEE:eve\u2028ATTENDEE:eve\x0bATTENDEE:eve\x00",
        "",
    ],
)
@pytest.mark.parametrize("kind", [invitations.request, invitations.cancel])
def test_no_text_adds_a_property(hostile: str, kind: Any) -> None:
    assert properties(kind(with_text_everywhere(hostile))) == properties(kind(PANEL))


@example("bell \x07, nothing \x00, half a character \ud800")
@given(st.text(st.characters()))
def test_whatever_the_text_the_file_is_read_as_one_event_with_the_same_properties(text: str) -> None:
    file = invitations.request(with_text_everywhere(text))
    event = event_in(file)

    assert properties(file) == properties(invitations.request(PANEL))
    assert sorted(event) == sorted(event_in(invitations.request(PANEL)))
    assert read_by_icalendar(file) == (PANEL.starts_at, PANEL.ends_at)
    assert [c for c in file.decode() if ord(c) < 32 and c not in "\r\n"] == []


def with_text_everywhere(text: str) -> Invitation:
    person = Person(text, f"{text}@elsewhere.example")
    texts = {field.name: text for field in fields(Invitation) if field.type in (str, str | None)}
    del texts["partstat"]  # one of four words
    assert set(texts) == {"uid", "summary", "description", "location", "url"}
    return replace(PANEL, organizer=person, attendee=person, **texts)  # type: ignore[arg-type]  # each is a str


def test_no_line_is_longer_than_a_mail_server_takes() -> None:
    file = invitations.request(replace(PANEL, description="é" * 2000, summary="ü" * 500))

    assert max(len(line) for line in file.split(b"\r\n")) <= 75


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"ends_at": PANEL.starts_at}, "it must end after it starts; give a later end"),
        ({"sequence": -1}, "sequence -1 is negative; start from 0"),
        ({"partstat": "PERHAPS"}, "nobody answers 'PERHAPS'; use one of NEEDS-ACTION, ACCEPTED"),
        ({"starts_at": datetime(2026, 11, 10, 9, 30)}, "it has no time zone; give an aware datetime"),  # noqa: DTZ001  # the mistake
        ({"starts_at": datetime(2026, 10, 25, 1, 30, tzinfo=UTC)}, "the clocks show that hour twice; choose another"),
        ({"starts_at": datetime(2026, 10, 25, 0, 30, tzinfo=UTC)}, "the clocks show that hour twice; choose another"),
    ],
)
def test_an_invitation_that_cannot_be_right_is_refused(wrong: dict[str, Any], refusal: str) -> None:
    with pytest.raises(ValueError, match=refusal):
        replace(PANEL, **wrong)


def test_a_new_uid_is_in_the_domain_and_never_the_same_again() -> None:
    uids = {invitations.unguessable_uid("partnership.example") for _ in range(1000)}

    assert len(uids) == 1000
    assert {(len(uid.partition("@")[0]), uid.partition("@")[2]) for uid in uids} == {(32, "partnership.example")}
