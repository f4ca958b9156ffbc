"""A plain calendar file of what happens when, to be read into a diary; it invites nobody and asks for no answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from icalendar import Calendar, Event, Timezone

from calendars import london
from calendars.entry import Entry, event_of, one_line, plain_text
from calendars.invitation import LONDON_ZONE

PRODID = "-//calendars//feed 1.0//EN"


@dataclass(frozen=True)
class Happening(Entry):
    """Something with a beginning and an end, as a diary shows it.

    *uid* stays the same for as long as it is the same happening and *sequence* rises with every change. One that is
    *free* leaves the reader's time free. Raises ValueError if an instant has no time zone or it does not end after it
    starts.
    """

    description: str = ""
    location: str = ""
    free: bool = False

    def __post_init__(self) -> None:
        for at in (self.dtstamp, self.starts_at, self.ends_at):
            london.local(at)
        if self.ends_at <= self.starts_at:
            raise ValueError(f"{self.uid} cannot be in a diary: it must end after it starts; give a later end.")


def feed(name: str, happenings: Sequence[Happening]) -> bytes:
    """Return the iCalendar file of these happenings, in London time; equal happenings give equal bytes."""
    calendar = Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("name", one_line(name))
    calendar.add("x-wr-calname", one_line(name))
    calendar.add_component(Timezone.from_ical(LONDON_ZONE))
    for happening in happenings:
        calendar.add_component(_event(happening))
    file: bytes = calendar.to_ical()
    return file


def _event(happening: Happening) -> Event:
    event = event_of(happening)
    if happening.description:
        event.add("description", plain_text(happening.description))
    if happening.location:
        event.add("location", one_line(happening.location))
    event.add("transp", "TRANSPARENT" if happening.free else "OPAQUE")
    return event
