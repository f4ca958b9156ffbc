"""Answers of calendars as they arrive, and the calendar files that a mail brings."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from calendars.reply import CalendarPart
from notifications.classify import calendar_files
from notifications.reading import Unreadable, parse

SAMPLES = Path(__file__).parent / "replies"


def parts_of(mail: bytes | Path) -> list[CalendarPart]:
    """The calendar files of a mail, as the road from the mailbox hands them on; none of one that cannot be read."""
    raw = mail.read_bytes() if isinstance(mail, Path) else mail
    try:
        files = calendar_files(parse(BytesIO(raw)))
    except Unreadable:
        return []
    return [CalendarPart(file.content, file.method, file.charset) for file in files]
