"""Reads what calendar programs answer to an invitation: leniently, and without deciding anything by it.

Exchange strips the organizer, phones leave out the method, gateways tear lines and rename time zones. What an answer
must have is a UID, a person and a participation; the rest is told when it is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Final
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from calendars.content_lines import Component, Property, calendars
from calendars.london import LONDON

MOST_EVENTS: Final = 50
"""Events that are read of one file; an answer has one."""

MOST_ATTENDEES: Final = 200
"""People that are read of one event; an answer has one."""

LONGEST_COMMENT: Final = 2000
"""Characters that are kept of what somebody added to an answer."""

_YEARS: Final = range(1980, 2200)
_LARGEST_SEQUENCE: Final = 2**31 - 1
_ADDRESS: Final = re.compile(r"[^\s<>\"',;:()\[\]\\]+@[^\s<>\"',;:()\[\]\\]+")
_FORGIVING: Final = re.ASCII | re.IGNORECASE
_INSTANT: Final = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})[T ](\d{2}):?(\d{2}):?(\d{2})?(?:\.\d+)?(Z|[+-]\d{2}:?\d{2})?", _FORGIVING
)
_DURATION: Final = re.compile(
    r"P(?:(\d{1,3})W)?(?:(\d{1,3})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?", _FORGIVING
)
_VCAL_UID: Final = re.compile(r"7643616C2D55696401000000((?:[0-9A-F]{2})+)", _FORGIVING)


@dataclass(frozen=True, slots=True)
class Attendee:
    """A person as an answer names them. Addresses are bare and as written; `partstat` is in capitals, or empty."""

    address: str
    name: str = ""
    partstat: str = ""
    sent_by: str = ""
    delegated_to: tuple[str, ...] = ()
    delegated_from: tuple[str, ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What one event of a calendar file says back. Instants are UTC; what it does not say is None or empty.

    `method` is in capitals, from the file or else from the mail around it. `starts_at` and `ends_at` are the times it
    names: of the meeting, or in a COUNTER those wished for. `of_series` is one that speaks of a recurrence.
    """

    method: str
    uid: str
    attendees: tuple[Attendee, ...]
    sequence: int | None = None
    stamped_at: datetime | None = None
    organizer: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    of_series: bool = False
    comment: str = ""
    program: str = ""


@dataclass(frozen=True, slots=True)
class CalendarPart:
    """A part of a mail that holds a calendar file: its bytes, and the method and charset that the mail gives it."""

    content: bytes
    method: str = ""
    charset: str = ""


def read_replies(content: bytes, *, method: str = "", charset: str = "") -> tuple[Reply, ...]:
    """What the events of a calendar file say, in their order, each once; nothing for what is no calendar file.

    *method* and *charset* are those of the mail's Content-Type; the file's own method outranks it.
    """
    found: list[Reply] = []
    for calendar in calendars(content, charset=charset):
        stated = _word(calendar.value("METHOD")) or _word(method)
        zones = _Zones(calendar)
        found += [_reply(event, stated, calendar, zones) for event in calendar.named("VEVENT")[:MOST_EVENTS]]
    return tuple(dict.fromkeys(found))[:MOST_EVENTS]


def read_parts(parts: Iterable[CalendarPart]) -> tuple[Reply, ...]:
    """What the calendar files of one mail say, each thing once.

    An invitation that comes along with the answer to it says nothing of its own.
    """
    found: dict[tuple[object, ...], Reply] = {}
    for part in parts:
        for reply in read_replies(part.content, method=part.method, charset=part.charset):
            found.setdefault((reply.uid, reply.attendees, reply.sequence, reply.stamped_at, reply.starts_at), reply)
    answered = {reply.uid for reply in found.values() if reply.method in _ANSWERS}
    return tuple(reply for reply in found.values() if reply.method in _ANSWERS or reply.uid not in answered)


_ANSWERS: Final = frozenset({"REPLY", "COUNTER"})


def bare_address(text: str) -> str:
    """The address in *text* without mailto:, brackets, percent signs or headers; nothing if it holds none."""
    plain = text.strip().strip("<>'\"")
    if plain[:7].lower() == "mailto:":
        plain = plain[7:].partition("?")[0]
    found = _ADDRESS.search(unquote(plain) if "%" in plain else plain)
    return "" if found is None else found[0].rstrip(".")


# --- one event -------------------------------------------------------------------------------------------------------


def _reply(event: Component, method: str, calendar: Component, zones: _Zones) -> Reply:
    starts_at = zones.instant(event.first("DTSTART"))
    return Reply(
        method=method,
        uid=_uid(event),
        attendees=_attendees(event),
        sequence=_sequence(event),
        stamped_at=_stamp(event, zones),
        organizer=_person_address(event.first("ORGANIZER")),
        starts_at=starts_at,
        ends_at=zones.instant(event.first("DTEND")) or _after(starts_at, event.value("DURATION")),
        of_series=any(event.first(name) is not None for name in ("RECURRENCE-ID", "RRULE")),
        comment=_comment(event.all("COMMENT")),
        program=calendar.value("PRODID")[:200],
    )


def _word(text: str) -> str:
    return re.sub(r"[^A-Z-]", "", text.upper())


def _uid(event: Component) -> str:
    """The UID; one that Outlook wrapped into an identifier of its own is taken out of it again."""
    uid = "".join(event.value("UID").split())
    wrapped = _VCAL_UID.search(uid)
    if wrapped is None:
        return uid
    inner = bytes.fromhex(wrapped[1]).split(b"\x00")
    return next((piece.decode("ascii", "replace") for piece in inner if piece), uid)


def _sequence(event: Component) -> int | None:
    for name in ("SEQUENCE", "X-MICROSOFT-CDO-APPT-SEQUENCE"):
        text = event.value(name)
        if re.fullmatch(r"[0-9]{1,10}", text, re.ASCII) and int(text) <= _LARGEST_SEQUENCE:
            return int(text)
    return None


def _stamp(event: Component, zones: _Zones) -> datetime | None:
    """When the answer was given: DTSTAMP, which says so in UTC even where it forgets to."""
    for name in ("DTSTAMP", "X-MICROSOFT-CDO-ATTENDEE-CRITICAL-CHANGE", "LAST-MODIFIED"):
        if (found := zones.instant(event.first(name), floating=UTC)) is not None:
            return found
    return None


def _comment(found: Iterable[Property]) -> str:
    return "\n".join(text for each in found if (text := each.text.strip()))[:LONGEST_COMMENT]


# --- people ----------------------------------------------------------------------------------------------------------


def _attendees(event: Component) -> tuple[Attendee, ...]:
    """Those the event names, each once where it says the same of them twice."""
    found = [_attendee(each) for each in event.all("ATTENDEE")[:MOST_ATTENDEES]]
    return tuple(dict.fromkeys(each for each in found if each.address or each.partstat))


def _attendee(found: Property) -> Attendee:
    return Attendee(
        address=_person_address(found),
        name=_unquoted(found.param("CN"))[:200],
        partstat=_word(found.param("PARTSTAT") or found.param("STATUS")),  # vCalendar 1.0 says it by STATUS
        sent_by=bare_address(found.param("SENT-BY")),
        delegated_to=_addresses(found.params.get("DELEGATED-TO", ())),
        delegated_from=_addresses(found.params.get("DELEGATED-FROM", ())),
        comment=_unquoted(found.param("X-RESPONSE-COMMENT"))[:LONGEST_COMMENT],
    )


def _person_address(found: Property | None) -> str:
    """The address of a person, who may be named by something else and have it beside it."""
    if found is None:
        return ""
    return bare_address(found.value) or bare_address(found.param("EMAIL"))


def _addresses(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(address for value in values if (address := bare_address(value)))


def _unquoted(text: str) -> str:
    return text.replace("^n", "\n").replace("^'", '"').replace("^^", "^").strip()


# --- times -----------------------------------------------------------------------------------------------------------


class _Zones:
    """The time zones of one file: by the names that everybody knows, else by what the file says of them."""

    def __init__(self, calendar: Component) -> None:
        self._calendar = calendar
        self._known: dict[str, tzinfo | None] = {}

    def instant(self, found: Property | None, *, floating: tzinfo = LONDON) -> datetime | None:
        """The instant that a property names; None for a whole day, nonsense, or a zone that nobody can tell."""
        if found is None or (read := _INSTANT.fullmatch(found.value.strip())) is None:
            return None
        *numbers, offset = read.groups()
        try:
            wall = _wall(numbers)
            if wall.year not in _YEARS:
                return None
            zone = _offset(offset) if offset else self._zone(found.param("TZID"), floating)
            return None if zone is None else wall.replace(tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            return None

    def _zone(self, name: str, floating: tzinfo) -> tzinfo | None:
        if not name:
            return floating
        if name not in self._known:
            self._known[name] = _zone_called(name) or self._written(name)
        return self._known[name]

    def _written(self, name: str) -> tzinfo | None:
        for zone in self._calendar.named("VTIMEZONE"):
            if zone.value("TZID").strip('"') == name:
                return _zone_written(zone)
        return None


def _wall(numbers: Sequence[str | None]) -> datetime:
    """What the clocks show, from year to second; raises ValueError for a time that no clock shows."""
    year, month, day, hour, minute, second = (int(number or 0) for number in numbers)
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  # whose clocks is told elsewhere


def _offset(text: str) -> tzinfo:
    return UTC if text in "Zz" else timezone(_shift(text))


def _shift(text: str) -> timedelta:
    """An offset from UTC as it is written, `+0100`, `-03:30` or `+010000`; raises ValueError."""
    read = re.fullmatch(r"([+-]?)(\d{2}):?(\d{2})(?::?\d{2})?", text.strip(), re.ASCII)
    if read is None:
        raise ValueError(f"{text[:20]!r} is no offset from UTC; one looks like +0100")
    found = timedelta(hours=int(read[2]), minutes=int(read[3]))
    return -found if read[1] == "-" else found


def _zone_called(name: str) -> tzinfo | None:
    """The zone by a name that says which: an IANA name, alone or at the end of a path, or one of Windows."""
    plain = name.strip().strip('"')
    if windows := WINDOWS_TO_OLSON.get(plain):
        return ZoneInfo(windows)
    if plain.upper() in ("UTC", "Z", "TZONE://MICROSOFT/UTC", "(UTC) COORDINATED UNIVERSAL TIME"):
        return UTC
    if "london" in plain.lower():
        return LONDON  # which Windows also calls by four cities, and some by a number behind the name
    pieces = plain.split("/")
    if len(pieces) < 2:
        return None  # "GMT" may mean Greenwich or the United Kingdom: only the file can say
    return next((zone for n in (2, 3) if (zone := _iana("/".join(pieces[-n:]))) is not None), None)


def _iana(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


@dataclass(frozen=True, slots=True)
class _Onset:
    """When an offset begins to hold: once, or each year on the nth weekday of a month."""

    starts: datetime
    offset: timedelta
    month: int = 0
    nth: int = 0
    weekday: int = 0

    def in_year(self, year: int) -> datetime:
        if not self.month:
            return self.starts
        if self.nth > 0:
            first = date(year, self.month, 1)
            day = first + timedelta(days=(self.weekday - first.weekday()) % 7 + 7 * (self.nth - 1))
        else:
            last = date(year + self.month // 12, self.month % 12 + 1, 1) - timedelta(days=1)
            day = last - timedelta(days=(last.weekday() - self.weekday) % 7 + 7 * (-self.nth - 1))
        return datetime.combine(day, self.starts.time())


class _WrittenZone(tzinfo):
    """A zone by the rules in the file."""

    def __init__(self, onsets: tuple[_Onset, ...]) -> None:
        self._onsets = onsets

    def utcoffset(self, at: datetime | None) -> timedelta:
        assert at is not None
        wall = at.replace(tzinfo=None)
        begun = [(onset.in_year(year), onset.offset) for onset in self._onsets for year in (wall.year - 1, wall.year)]
        return max((each for each in begun if each[0] <= wall), default=(wall, self._onsets[0].offset))[1]

    def dst(self, at: datetime | None) -> None:
        return None

    def tzname(self, at: datetime | None) -> str:
        return "as written"


_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_MOST_ONSETS: Final = 100


def _zone_written(zone: Component) -> tzinfo | None:
    try:
        onsets = tuple(_onset(each) for each in zone.within[:_MOST_ONSETS] if each.name in ("STANDARD", "DAYLIGHT"))
    except ValueError:
        return None
    return _WrittenZone(onsets) if onsets else None


def _onset(part: Component) -> _Onset:
    """A STANDARD or DAYLIGHT of a zone; raises ValueError for one whose rule is not a weekday of a month."""
    read = _INSTANT.fullmatch(part.value("DTSTART"))
    if read is None:
        raise ValueError("a part of a time zone has no beginning")
    starts = _wall(read.groups()[:6])
    offset = _shift(part.value("TZOFFSETTO"))
    rule = dict(item.split("=", 1) for item in part.value("RRULE").upper().split(";") if "=" in item)
    if not rule:
        return _Onset(starts, offset)
    day = re.fullmatch(r"([+-]?[1-5])([A-Z]{2})", rule.get("BYDAY", ""))
    month = int(rule.get("BYMONTH", starts.month))
    if rule.get("FREQ") != "YEARLY" or day is None or day[2] not in _WEEKDAYS or not 1 <= month <= 12:
        raise ValueError("a part of a time zone has a rule that is not one weekday of a month")
    return _Onset(starts, offset, month, int(day[1]), _WEEKDAYS.index(day[2]))


def _after(starts_at: datetime | None, text: str) -> datetime | None:
    read = _DURATION.fullmatch(text)
    if starts_at is None or read is None:
        return None
    weeks, days, hours, minutes, seconds = (int(number or 0) for number in read.groups())
    try:
        return starts_at + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        return None
