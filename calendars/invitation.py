"""Calendar invitations that Outlook, Google and Thunderbird take: asked for, changed and called off."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from icalendar import Calendar, Event, Timezone, vCalAddress, vUri

from calendars import london
from calendars.entry import Entry, event_of, one_line, plain_text

PRODID: Final = "-//calendars//invitation 1.0//EN"

# Written out, never worked out from the time zone database: readers take a zone listed date by date an hour wrong.
# From 1996, the first year of today's rule.
LONDON_ZONE: Final = b"""BEGIN:VTIMEZONE\r
TZID:Europe/London\r
BEGIN:STANDARD\r
DTSTART:19961027T020000\r
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r
TZNAME:GMT\r
TZOFFSETFROM:+0100\r
TZOFFSETTO:+0000\r
END:STANDARD\r
BEGIN:DAYLIGHT\r
DTSTART:19960331T010000\r
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r
TZNAME:BST\r
TZOFFSETFROM:+0000\r
TZOFFSETTO:+0100\r
END:DAYLIGHT\r
END:VTIMEZONE\r
"""

_PARTSTATS: Final = ("NEEDS-ACTION", "ACCEPTED", "TENTATIVE", "DECLINED")


@dataclass(frozen=True)
class Person:
    """Somebody with an e-mail address, as the invitation shows them."""

    name: str
    email: str


@dataclass(frozen=True)
class Invitation(Entry):
    """One meeting as one attendee is told of it.

    *uid* stays the same for the life of the meeting and *sequence* rises by one with every change that shows.
    *dtstamp* is when this version was made. *partstat* is what the attendee has answered, as far as it still holds;
    *reply_wanted* asks for an answer. Raises ValueError if an instant has no time zone, the meeting does not
    end after it starts, it starts or ends in an hour that October's clocks show twice (a calendar file cannot say which
    is meant, and programs differ), or *sequence* is negative.
    """

    description: str
    location: str
    organizer: Person
    attendee: Person
    url: str | None = None
    partstat: str = "NEEDS-ACTION"
    reply_wanted: bool = True

    def __post_init__(self) -> None:
        london.local(self.dtstamp)
        if any(_is_shown_twice(at) for at in (self.starts_at, self.ends_at)):
            raise ValueError(f"Cannot invite to {self.uid}: the clocks show that hour twice; choose another time.")
        if self.ends_at <= self.starts_at:
            raise ValueError(f"Cannot invite to {self.uid}: it must end after it starts; give a later end.")
        if self.sequence < 0:
            raise ValueError(f"Cannot invite to {self.uid}: sequence {self.sequence} is negative; start from 0.")
        if self.partstat not in _PARTSTATS:
            known = ", ".join(_PARTSTATS)
            raise ValueError(f"Cannot invite to {self.uid}: nobody answers {self.partstat!r}; use one of {known}.")


def _is_shown_twice(at: datetime) -> bool:
    there = london.local(at)
    return there.replace(fold=0).utcoffset() != there.replace(fold=1).utcoffset()


def request(invitation: Invitation) -> bytes:
    """Return the iCalendar file that invites, or that changes an invitation sent before with the same UID.

    Equal invitations give equal bytes.
    """
    return _file("REQUEST", "CONFIRMED", invitation)


def cancel(invitation: Invitation) -> bytes:
    """Return the iCalendar file that takes the meeting out of the attendee's diary; raise the sequence for it too."""
    return _file("CANCEL", "CANCELLED", invitation)


def unguessable_uid(domain: str) -> str:
    """Return a new UID in *domain* that nobody can guess, so that nobody else can change or cancel the meeting."""
    return f"{secrets.token_hex(16)}@{domain}"


def _file(method: str, status: str, invitation: Invitation) -> bytes:
    event = _event(status, invitation, reply_wanted=method == "REQUEST" and invitation.reply_wanted)
    before, after = _frame(method)
    return b"".join((before, event.to_ical(), after))


@lru_cache
def _frame(method: str) -> tuple[bytes, bytes]:
    """What stands before and after the event in every file; written once, for it is half of the work."""
    calendar = Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    head, end, _ = calendar.to_ical().partition(b"END:VCALENDAR\r\n")
    return head + Timezone.from_ical(LONDON_ZONE).to_ical(), end


def _event(status: str, invitation: Invitation, *, reply_wanted: bool) -> Event:
    event = event_of(invitation)
    event.add("description", plain_text(invitation.description))
    event.add("location", one_line(invitation.location))
    event.add("organizer", _address(invitation.organizer))
    event.add("attendee", _attendee(invitation, reply_wanted=reply_wanted))
    event.add("status", status)
    event.add("transp", "OPAQUE")
    event.add("class", "PUBLIC")
    if invitation.url is not None:
        event.add("url", vUri(one_line(invitation.url)))
    return event


def _attendee(invitation: Invitation, *, reply_wanted: bool) -> vCalAddress:
    address = _address(invitation.attendee)
    address.params["CUTYPE"] = "INDIVIDUAL"
    address.params["ROLE"] = "REQ-PARTICIPANT"
    address.params["PARTSTAT"] = invitation.partstat
    address.params["RSVP"] = "TRUE" if reply_wanted else "FALSE"
    return address


def _address(person: Person) -> vCalAddress:
    address = vCalAddress(f"mailto:{one_line(person.email)}")
    # A parameter has no escape for a double quote that every reader knows.
    address.params["CN"] = one_line(person.name).replace('"', "'")
    return address
