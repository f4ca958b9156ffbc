"""London wall-clock time: to and from instants, and in words."""

from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")

# Not strftime: its names follow the locale of whoever runs the program.
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_NAMED_TIMES = {(0, 0): "midnight", (12, 0): "midday"}


def instant(day: date, at: time) -> datetime:
    """Return the UTC instant when clocks in London show *at* on *day*.

    A time that the clocks skip in March means an hour later (01:30 is then 02:30 BST); one that they show twice in
    October means the first, in BST. Raises ValueError if *at* already carries a zone.
    """
    if at.tzinfo is not None:
        raise ValueError(f"Cannot read {at.isoformat()} as London time: it already has a zone; give a plain time.")
    return datetime.combine(day, at.replace(fold=0), LONDON).astimezone(UTC)


def local(instant: datetime) -> datetime:
    """Return *instant* as an aware datetime in London; raises ValueError if it has no time zone."""
    if instant.utcoffset() is None:
        raise ValueError(f"Cannot place {instant.isoformat()} in time: it has no time zone; give an aware datetime.")
    return instant.astimezone(LONDON)


@lru_cache(maxsize=4096)
def day_of(instant: datetime) -> date:
    """Return the date in London at *instant*; raises ValueError if it has no time zone."""
    return local(instant).date()


def iso(instant: datetime) -> str:
    """Return *instant* as ISO 8601 with London's offset: "2026-10-20T17:00:00+01:00"."""
    return local(instant).isoformat()


def spell_day(day: date) -> str:
    """Return *day* as letters write it: "Tuesday 20 October 2026"."""
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def spell_time(at: time) -> str:
    """Return *at* to the minute as letters write it: "5pm", "9:30am", "midday", "midnight"."""
    if named := _NAMED_TIMES.get((at.hour, at.minute)):
        return named
    minutes = f":{at.minute:02}" if at.minute else ""
    return f"{at.hour % 12 or 12}{minutes}{'am' if at.hour < 12 else 'pm'}"


def spell(instant: datetime) -> str:
    """Return *instant* in London, in words: "Tuesday 20 October 2026, 5pm"; ValueError if it has no time zone."""
    there = local(instant)
    return f"{spell_day(there)}, {spell_time(there.time())}"
