"""Mails that several tests compose, and the golden files made of them.

``python -m tests.notifications.samples`` writes the golden files anew; look at what changed before committing it.
"""

from datetime import UTC, datetime
from pathlib import Path

from notifications.message import Attachment, CalendarPart, Email, compose, message_id
from notifications.render import Frame, render_body, render_subject

GOLDEN = Path(__file__).parent / "golden"

BODY = """\
Dear {{ name }},

The report of **{{ agency }}** is due on **{{ deadline }}**.

| Standard | Still to come |
|---|--:|
{% for row in rows %}
| {{ row.standard }} | {{ row.missing }} |
{% endfor %}

- [Look at the case]({{ link }})
- Reply to this letter if anything is unclear.
"""

VALUES = {
    "name": "Pat O'Neill",
    "agency": "Müller & Sons | Care",
    "deadline": "Tuesday 20 October 2026, 5pm",
    "link": "https://s11.example/cases/05A?from=mail&n=1",
    "rows": ({"standard": "Leadership", "missing": 2}, {"standard": "Learning", "missing": 11}),
}

INVITE = b"\r\n".join(
    [
        b"BEGIN:VCALENDAR",
        b"VERSION:2.0",
        b"PRODID:-//example//samples//EN",
        b"METHOD:REQUEST",
        b"BEGIN:VEVENT",
        b"UID:5f0d@partnership.example",
        b"SEQUENCE:0",
        b"DTSTAMP:20261001T080000Z",
        b"DTSTART:20261110T093000Z",
        b"DTEND:20261110T100000Z",
        b"SUMMARY:Panel: M\xc3\xbcller & Sons",
        b"ORGANIZER:mailto:business.unit@partnership.example",
        b"ATTENDEE:mailto:pat@agency.example",
        b"END:VEVENT",
        b"END:VCALENDAR",
        b"",
    ]
)


def letter(**changes: object) -> Email:
    """Give a letter with an attachment; *changes* are fields that differ."""
    body = render_body(BODY, VALUES, name="sample/body", frame=Frame("The Partnership", ("Sent by a machine.",)))
    fields: dict[str, object] = {
        "message_id": message_id("a letter", "partnership.example"),
        "date": datetime(2026, 10, 16, 8, 0, tzinfo=UTC),
        "sender_name": "The Partnership",
        "sender_address": "business.unit@partnership.example",
        "reply_to": "section11@partnership.example",
        "to_name": "Pat O'Neill",
        "to_address": "pat@agency.example",
        "subject": render_subject("Reminder: the report of {{ agency }} is due on {{ deadline }}", VALUES),
        "text": body.text,
        "html": body.html,
        "attachments": (Attachment("Self-assessment – 2026.csv", b"standard,rating\r\n1,green\r\n", "text/csv"),),
        "headers": (("X-Case", "GSCP-2026-05A"),),
    }
    return Email(**(fields | changes))  # type: ignore[arg-type] # field by field, by name


def invitation(**changes: object) -> Email:
    """Give an invitation to a session; *changes* are fields that differ."""
    fields: dict[str, object] = {
        "message_id": message_id("an invitation", "partnership.example"),
        "calendar": CalendarPart(INVITE, "REQUEST"),
        "attachments": (),
        "headers": (),
    }
    return letter(**(fields | changes))


MAILS = {"letter.eml": letter, "invitation.eml": invitation}

if __name__ == "__main__":
    for file_name, make in MAILS.items():
        (GOLDEN / file_name).write_bytes(compose(make()))
