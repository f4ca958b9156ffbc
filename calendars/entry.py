"""What every entry in a diary has: which one it is, when it is, and a line that says what; and words fit for a file."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from icalendar import Event

from calendars import london

# Control characters but the line feed, lone surrogates, line and paragraph separators (Cc, Cs, Zl, Zp, which Unicode
# never adds to): the library lets them through into the file.
_UNPRINTABLE: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")


@dataclass(frozen=True)
class Entry:
    """An entry in a diary. *uid* stays the same for as long as it is the same one and *sequence* rises with every
    change that shows; *dtstamp* is when this version was made.
    """

    uid: str
    sequence: int
    dtstamp: datetime
    starts_at: datetime
    ends_at: datetime
    summary: str


def event_of(entry: Entry) -> Event:
    """Return an event with all that an `Entry` has, in London time; raises ValueError for a time without a zone."""
    event = Event()
    event.add("uid", one_line(entry.uid))
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.dtstamp.astimezone(UTC))
    event.add("dtstart", london.local(entry.starts_at))
    event.add("dtend", london.local(entry.ends_at))
    event.add("summary", one_line(entry.summary))
    return event


def one_line(text: str) -> str:
    """Return *text* on one line: whatever breaks or hides text is a space, runs of spaces are one."""
    return " ".join(plain_text(text).split())


def plain_text(text: str) -> str:
    """Return *text* with its line breaks, as plain newlines, and no other control character."""
    return _UNPRINTABLE.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
