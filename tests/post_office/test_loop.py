"""The whole way, with real servers: what we send reaches mailboxes, and what comes back ends in the right case."""

from __future__ import annotations

import email
import email.policy
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path

import icalendar
import pytest

from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from notifications.confined import Reader
from notifications.mailbox import mailbox_for
from notifications.mailer import mailer_for
from s11flow.services import inbox, intake
from s11flow.services.delivery import Delivered, deliver
from s11flow.services.intake import Collected
from s11flow.services.submissions import Documents
from s11flow.services.tick import tick
from s11flow.services.verify import verify
from tests.post_office.servers import OURS, REFUSING, PostOffice, until
from tests.services.mails import docx
from tests.services.post import LIVE, Server
from tests.services.scene import CODE, HEADER, at, opened, queries_of, registered

# A year that is over: a server's mail is of today, and here it counts as of the moment that it is collected.
YEAR, PANEL = 2024, date(2024, 11, 12)
OPENED, REQUESTED, INVITED = at("2024-06-03 12:00"), at("2024-07-01 09:00"), at("2024-10-01 09:00")
YOUTH, STROUD = f"{CODE}-{YEAR}-01", f"{CODE}-{YEAR}-02"
DEPUTY, DIRECTOR = "deputy@agency.example", "director@agency.example"
CONTACT, ONE, TWO = "youth@agency.example", "a@district.example", "b@district.example"
GONE, UNHEARD_OF = f"pat@{REFUSING}", "nobody@district.example"

REGISTER = "\n".join((
    HEADER,
    f"01,Youth Services,youth,active,,,,Service Manager,{CONTACT},{DEPUTY},{DIRECTOR},,",
    f"02,Stroud District Council,district council,active,,,,Officer,{ONE},,chief@district.example,{ONE};{TWO},",
    "",
))  # fmt: skip
LOST = REGISTER.replace(f"Service Manager,{CONTACT}", f"Service Manager,{GONE}").replace(
    f"Officer,{ONE}", f"Officer,{UNHEARD_OF}"
)


@dataclass
class Partnership:
    """A partnership whose mail leaves by OpenSMTPD and comes in by Dovecot."""

    uow: UnitOfWork
    post_office: PostOffice
    documents: Documents
    reader: Reader

    def sends(self, now: datetime) -> Delivered:
        with mailer_for(self.post_office.smtp.url, root=Path()) as mailer:
            return deliver(self.uow, mailer, LIVE, now=now)

    def collects(self, now: datetime, count: int = 1) -> Collected:
        """Take in what has come once *count* mails are there."""
        self.post_office.imap.wait_for(OURS, count)
        box = mailbox_for(self.post_office.imap.url(), root=Path())
        return intake.collect(self.uow, self.documents, box, self.reader, partnership=CODE, now=now)

    def decisions(self) -> list[tuple[str | None, str | None, str | None, str]]:
        found = inbox.everything(self.uow, partnership=CODE)
        return [(each.kind, each.decision, each.case, each.why) for each in found]

    def is_sound(self, now: datetime) -> bool:
        assert verify(self.uow, now=now, documents=self.documents.folder).broken == ()
        return True

    def mail_for(self, address: str, subject: str) -> EmailMessage:
        """The one mail in somebody's mailbox with that subject, once it is there."""
        return self.the_mail_for(address, lambda mail: bool(mail["Subject"] == subject))

    def the_mail_for(self, address: str, is_it: Callable[[EmailMessage], bool]) -> EmailMessage:
        """The one such mail in somebody's mailbox, once it is there."""
        imap = self.post_office.imap

        def found() -> list[EmailMessage]:
            return [each for each in map(parsed, imap.holds(address)) if is_it(each)]

        until(lambda: bool(found()), f"a mail for {address}")
        (mail,) = found()
        return mail


def parsed(raw: bytes) -> EmailMessage:
    read = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(read, EmailMessage)
    return read


def prepared(url: str, register: str, until: tuple[datetime, ...]) -> None:
    """A cycle whose letters of *until* have left, and were taken by somebody else's server."""
    engine = open_engine(url)
    uow = opened(registered(UnitOfWork(engine), register), year=YEAR, panel=PANEL, now=OPENED)
    for now in until:
        tick(uow, now=now)
        deliver(uow, Server(), LIVE, now=now)
    engine.dispose()


@pytest.fixture(scope="module")
def before_october(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Path:
    """The database on the last day of September."""
    path = tmp_path_factory.mktemp("loop") / "september.db"
    shutil.copy(migrated_sqlite, path)
    prepared(f"sqlite:///{path}", REGISTER, (at("2024-06-24 09:00"), REQUESTED, at("2024-09-30 12:00")))
    return path


def partnership_at(url: str, post_office: PostOffice, folder: Path) -> Iterator[Partnership]:
    engine = open_engine(url)
    with Reader() as reader:
        yield Partnership(UnitOfWork(engine), post_office, Documents(folder / "documents"), reader)
    engine.dispose()


@pytest.fixture
def invited(post_office: PostOffice, tmp_path: Path, before_october: Path) -> Iterator[Partnership]:
    """Tuesday 1 October 2024: the invitations have left."""
    url = f"sqlite:///{shutil.copy(before_october, tmp_path / 's11flow.db')}"
    for partnership in partnership_at(url, post_office, tmp_path):
        tick(partnership.uow, now=INVITED)
        assert partnership.sends(INVITED).failed == 0
        yield partnership


@pytest.fixture
def lost(post_office: PostOffice, tmp_path: Path, sqlite_url: str) -> Iterator[Partnership]:
    """Monday 1 July 2024, and the requests are owed; neither of the contacts can be reached."""
    prepared(sqlite_url, LOST, (at("2024-06-24 09:00"),))
    for partnership in partnership_at(sqlite_url, post_office, tmp_path):
        tick(partnership.uow, now=REQUESTED)
        yield partnership


# --- out --------------------------------------------------------------------------------------------------------------


def invitation_for(partnership: Partnership, address: str) -> EmailMessage:
    return partnership.the_mail_for(address, lambda mail: bool(calendars_of(mail)))


def calendars_of(mail: EmailMessage) -> list[EmailMessage]:
    return [part for part in mail.walk() if part.get_content_type() in ("text/calendar", "application/ics")]


def test_an_invitation_arrives_as_it_left_and_is_one_that_calendars_take(invited: Partnership) -> None:
    (raw,) = queries_of(
        invited.uow, f"select raw from message where kind = 'panel_invitation' and to_address = '{ONE}'"
    )[0]

    arrived = invitation_for(invited, ONE)

    (as_it_came,) = [each for each in invited.post_office.imap.holds(ONE) if b"text/calendar" in each]
    assert as_it_came.endswith(b"\r\n".join(raw.splitlines()) + b"\r\n")
    assert [part.get_content_type() for part in arrived.walk()] == [
        *("multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar"),
        "application/ics",
    ]
    calendar, attached = calendars_of(arrived)
    assert calendar["Content-Type"].params == {"charset": "utf-8", "method": "REQUEST", "component": "VEVENT"}
    assert calendar.get_payload(decode=True) == attached.get_payload(decode=True)
    assert (calendar["Content-Disposition"], attached.get_content_disposition()) == (None, "attachment")
    read = icalendar.Calendar.from_ical(calendar.get_content())
    (event,) = read.walk("VEVENT")
    meeting = f"select uid, starts_at from panel_session join subject on subject.id = case_id where ref = '{STROUD}'"
    ((uid, starts_at),) = queries_of(invited.uow, meeting)
    assert (read["METHOD"], event["UID"], event["ATTENDEE"], event["ORGANIZER"]) == (
        "REQUEST", uid, f"mailto:{ONE}", f"mailto:{OURS}",
    )  # fmt: skip
    assert event.decoded("DTSTART").astimezone(UTC).isoformat(" ")[:16] == str(starts_at)[:16]


# --- and back ---------------------------------------------------------------------------------------------------------


def answers(partnership: Partnership, who: str, partstat: str) -> None:
    """Somebody's calendar answers the invitation that it found in their mailbox."""
    request = icalendar.Calendar.from_ical(calendars_of(invitation_for(partnership, who))[0].get_content())
    (asked,) = request.walk("VEVENT")
    reply, event = icalendar.Calendar(), icalendar.Event()
    for name, value in (("VERSION", "2.0"), ("PRODID", "-//Diary//EN"), ("METHOD", "REPLY")):
        reply.add(name, value)
    for name in ("UID", "SEQUENCE", "ORGANIZER", "DTSTART", "DTEND"):
        event[name] = asked[name]
    event.add("DTSTAMP", at("2024-10-01 10:00"))
    event.add("ATTENDEE", f"mailto:{who}", parameters={"PARTSTAT": partstat})
    reply.add_component(event)
    written = EmailMessage()
    written["From"], written["To"], written["Subject"] = who, OURS, f"{partstat.title()}: {asked['SUMMARY']}"
    written.set_content("They have answered.")
    written.add_alternative(reply.to_ical().decode(), subtype="calendar", params={"method": "REPLY"})
    partnership.post_office.smtp.take(written.as_bytes(), who, OURS)


def test_an_answer_ends_with_its_session_and_its_attendee(invited: Partnership) -> None:
    now = at("2024-10-01 12:00")
    answers(invited, ONE, "ACCEPTED")
    answers(invited, TWO, "DECLINED")
    answers(invited, CONTACT, "TENTATIVE")

    done = invited.collects(now, 3)

    assert (done.applied, done.waiting, done.stopped) == (3, 0, "")
    told = queries_of(
        invited.uow,
        "select ref, attendee, answer from reply join panel_session on panel_session.id = session_id "
        "join subject on subject.id = case_id order by ref, attendee",
    )
    assert told == [(YOUTH, CONTACT, "tentative"), (STROUD, ONE, "accepted"), (STROUD, TWO, "declined")]
    assert invited.is_sound(now)


def test_a_report_is_filed_acknowledged_and_moved(invited: Partnership) -> None:
    now = at("2024-10-01 12:00")
    imap, smtp = invited.post_office.imap, invited.post_office.smtp
    written = EmailMessage()
    written["From"], written["To"], written["Subject"] = CONTACT, OURS, f"Our section 11 report, {YOUTH}"
    written.set_content("Please find it attached.\n")
    written.add_attachment(
        docx("Youth Services looks after its children."), maintype="application", subtype="octet-stream",
        filename="Bericht “Jugend”.docx",
    )  # fmt: skip
    smtp.take(written.as_bytes(), CONTACT, OURS)
    (came,) = imap.wait_for(OURS)

    done = invited.collects(now)
    invited.sends(now)

    assert (done.filed, done.stopped) == (1, "")
    assert [found[:3] for found in invited.decisions()] == [("mail", "filed", YOUTH)]
    versions = "select ref, submission.version, sender from submission join subject on subject.id = case_id"
    assert queries_of(invited.uow, versions) == [(YOUTH, 1, CONTACT)]
    assert (imap.holds(OURS), imap.holds(OURS, "Filed")) == ([], [came])
    (subject,) = queries_of(invited.uow, "select subject_line from message where kind = 'receipt'")[0]
    assert invited.mail_for(CONTACT, subject)["From"].addresses[0].addr_spec == OURS
    assert invited.is_sound(now)


def test_a_letter_that_comes_back_marks_its_letter_and_its_contact(lost: Partnership) -> None:
    """Cases 4 and 5: the deputy and the senior leader hear of it instead. What our own server refuses has failed."""
    now = at("2024-07-01 12:00")
    lost.sends(REQUESTED)

    done = lost.collects(now)
    lost.sends(now)

    assert (done.applied, done.stopped) == (1, "")
    told = (
        f"The report request to the contact was not delivered (5.0.0 550 Invalid recipient: <{GONE}>). "
        "The contact of Youth Services is at risk."
    )
    assert lost.decisions() == [("bounce", "applied", YOUTH, told)]
    assert queries_of(lost.uow, "select code from agency where contact_left_at is not null") == [("01",)]
    letters = "select to_address, status from message where kind in ('report_request', 'contact_at_risk') order by id"
    assert queries_of(lost.uow, letters) == [
        (GONE, "BOUNCED"), (DIRECTOR, "SENT"), (UNHEARD_OF, "FAILED"), ("chief@district.example", "SENT"),
        (DEPUTY, "SENT"), (DIRECTOR, "SENT"),
    ]  # fmt: skip
    told = f"select subject_line from message where kind = 'contact_at_risk' and to_address = '{DIRECTOR}'"
    (subject,) = queries_of(lost.uow, told)[0]
    assert lost.mail_for(DIRECTOR, subject)["To"].addresses[0].addr_spec == DIRECTOR
    assert lost.is_sound(now)


def test_nothing_is_sent_to_the_world_outside(post_office: PostOffice) -> None:
    with pytest.raises(Exception, match="Invalid recipient"):
        post_office.smtp.take(b"Subject: hello\r\n\r\n", OURS, "somebody@example.com")
