"""Invitations as whole mails: the tree that Outlook, Google and Thunderbird take, whatever anybody is called."""

import email
import email.policy
import random
from dataclasses import replace
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path

import pytest

from calendars import invitation as invitations
from calendars import london
from calendars.invitation import Invitation, Person
from notifications.message import CalendarPart, Email, compose, message_id
from notifications.render import render_subject
from tests.calendars.test_invitation import PANEL, properties

GOLDEN = Path(__file__).parent / "golden"
MOVED = replace(
    PANEL,
    sequence=1,
    dtstamp=london.instant(PANEL.dtstamp.date().replace(day=20), PANEL.dtstamp.time().replace(hour=10)),
    starts_at=PANEL.starts_at.replace(day=12),
    ends_at=PANEL.ends_at.replace(day=12),
)


def mail_of(meeting: Invitation, method: str = "REQUEST", *, subject: str = "Invitation to the panel") -> Email:
    """One attendee's mail about *meeting*, dated when its revision was made."""
    file = invitations.cancel(meeting) if method == "CANCEL" else invitations.request(meeting)
    return Email(
        message_id=message_id(f"{meeting.uid}/{meeting.sequence}/{meeting.attendee.email}", "partnership.example"),
        date=london.local(meeting.dtstamp),
        sender_name=meeting.organizer.name,
        sender_address=meeting.organizer.email,
        to_address=meeting.attendee.email,
        to_name=" ".join(meeting.attendee.name.split()) or None,
        subject=subject,
        text="You are invited.",
        html="<p>You are invited.</p>",
        calendar=CalendarPart(file, method),
    )


MAILS = {
    "invited.eml": mail_of(PANEL),
    "moved.eml": mail_of(MOVED, subject="New time for the panel"),
    "place-changed.eml": mail_of(
        replace(MOVED, sequence=2, location="Room 9", partstat="ACCEPTED", reply_wanted=False), subject="New place"
    ),
    "called-off.eml": mail_of(replace(MOVED, sequence=3), "CANCEL", subject="Called off"),
}


@pytest.mark.parametrize(("name", "mail"), MAILS.items(), ids=MAILS)
def test_the_mails_are_as_they_were(name: str, mail: Email) -> None:
    # To accept a change that is meant: python -m tests.calendars.test_mails, then try the new ones in real calendars.
    assert compose(mail) == (GOLDEN / name).read_bytes()


@pytest.mark.parametrize(("name", "mail"), MAILS.items(), ids=MAILS)
def test_a_mail_has_the_tree_that_calendars_take(name: str, mail: Email) -> None:
    read = email.message_from_bytes(compose(mail), policy=email.policy.default)
    assert isinstance(read, EmailMessage)
    kinds = [part.get_content_type() for part in read.walk()]
    calendar, attached = [part for part in read.walk() if part.get_content_type().endswith(("/calendar", "/ics"))]

    assert kinds == [
        *("multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar"),
        "application/ics",
    ]
    assert mail.calendar is not None
    assert calendar["Content-Type"].params == {
        "charset": "utf-8", "method": mail.calendar.method, "component": "VEVENT",
    }  # fmt: skip
    assert (calendar["Content-Disposition"], attached.get_content_disposition()) == (None, "attachment")
    assert calendar.get_payload(decode=True) == attached.get_payload(decode=True) == mail.calendar.content


def test_the_organizer_is_the_sender_byte_for_byte() -> None:
    raw = compose(mail_of(PANEL))
    file = invitations.request(PANEL).replace(b"\r\n ", b"")

    assert b'From: "Partnership Business Unit" <unit@partnership.example>\r\n' in raw
    assert b'ORGANIZER;CN="Partnership Business Unit":mailto:unit@partnership.example\r\n' in file


def test_the_same_revision_to_the_same_attendee_is_the_same_bytes() -> None:
    assert compose(mail_of(replace(PANEL))) == compose(mail_of(PANEL))


# --- names, subjects and places that somebody might try: twenty thousand of them with --thorough ---------------------

FRAGMENTS = (
    *("\r\n", "\n", "\r", "\x00", "\x0b", "\x85", "\u2028", "\u2029", "\ufeff", "\u202e", "\t", " ", "  "),
    *("Bcc: eve@elsewhere.example", "To: eve@elsewhere.example", "Content-Type: text/html", "X-Eve: 1", "--=_0_"),
    *("ATTENDEE:mailto:eve@elsewhere.example", "METHOD:CANCEL", "END:VEVENT", "BEGIN:VALARM", "STATUS:CANCELLED"),
    *("=?utf-8?q?=0D=0ABcc:_eve=40elsewhere.example?=", "=?utf-8?b?DQpCY2M6IGV2ZUBlbHNld2hlcmUuZXhhbXBsZQ==?="),
    *('"', "'", "\\", ";", ":", ",", "<", ">", "@", "(", ")", "=", "^n", "\\n", "\\;", "%0d%0a", "&#10;", "{{ 7 }}"),
    *("<eve@elsewhere.example>", '" <eve@elsewhere.example>, "', "mailto:eve@elsewhere.example", ";RSVP=FALSE:"),
    *("Zoë", "日本", "🙂", "e\u0301", "ﬁ", "İ", "ß", "x" * 80, "é" * 60, "Severn Housing", "Room 1", "."),
)
PRINTED = tuple(each for each in FRAGMENTS if each.isprintable() and "=?" not in each)
TO = "pat@agency.example"


def hostile(chance: random.Random) -> str:
    """Words that try to be more than words."""
    fragments = chance.choice((FRAGMENTS, PRINTED))  # line breaks and the like are refused, so half go without
    return "".join(chance.choices(fragments, k=chance.randint(1, 6)))


def unfolded_names(head: bytes) -> list[str]:
    return [line.partition(b":")[0].decode() for line in head.replace(b"\r\n ", b" ").split(b"\r\n")]


def heads(raw: bytes) -> tuple[list[str], bytes]:
    """The names of a mail's headers, and its To header as it stands."""
    head = raw.partition(b"\r\n\r\n")[0]
    assert b"\n" not in head.replace(b"\r\n", b"")
    (to,) = [line for line in head.replace(b"\r\n ", b" ").split(b"\r\n") if line.startswith(b"To:")]
    return unfolded_names(head), to


@pytest.mark.parametrize("seed", range(4))
def test_whatever_people_and_places_are_called_a_mail_has_our_headers_our_properties_and_one_recipient(
    seed: int, pytestconfig: pytest.Config
) -> None:
    chance = random.Random(seed)
    tries = 5_000 if pytestconfig.getoption("--thorough") else 500
    names, plain_properties = heads(compose(mail_of(PANEL)))[0], properties(invitations.request(PANEL))
    refused = 0
    for _ in range(tries):
        words = [hostile(chance) for _ in range(4)]
        meeting = replace(
            PANEL, summary=words[0], location=words[1], description=words[2], attendee=Person(words[3], TO)
        )
        assert properties(invitations.request(meeting)) == plain_properties
        try:
            raw = compose(mail_of(meeting, subject=render_subject("Panel: {{ name }}", {"name": words[0]})))
        except ValueError:
            refused += 1  # nothing is sent to anybody
            continue
        found, to = heads(raw)
        assert found == names
        assert [address for _, address in getaddresses([to.partition(b":")[2].decode()])] == [TO]

    assert refused < tries * 3 // 4


if __name__ == "__main__":
    for file_name, one in MAILS.items():
        (GOLDEN / file_name).write_bytes(compose(one))
