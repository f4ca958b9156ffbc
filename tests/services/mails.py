"""Mail as agencies and their machines send it: reports, answers of calendars, bounces; and a mailbox to put it in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from docx import Document

from calendars import london
from notifications.mailbox import Maildir

US = "section11@partnership.example"
File = tuple[str, bytes]


def docx(*paragraphs: str) -> bytes:
    """A Word file that says this."""
    document = Document()
    for paragraph in paragraphs or ("Our report.",):
        document.add_paragraph(paragraph)
    made = BytesIO()
    document.save(made)
    return made.getvalue()


def pdf(words: str) -> bytes:
    """A PDF file of one page that says this."""
    page = b"BT /F1 12 Tf 50 700 Td (%s) Tj ET" % words.encode("ascii")
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(page), page),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    made, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return made + table + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(made)


def zipped(**members: bytes) -> bytes:
    """An archive of these members."""
    made = BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return made.getvalue()


def mail(
    sender: str = "youth@agency.example",
    subject: str = "",
    *,
    text: str = "Please find our report attached.",
    files: Sequence[File] = (),
    written_at: datetime | None = None,
    answers: str = "",
    **headers: str,
) -> bytes:
    """A mail to us as a person writes it."""
    made = EmailMessage()
    made["From"], made["To"] = sender, US
    made["Message-ID"] = f"<{abs(hash((sender, subject, text)))}@{sender.rpartition('@')[2]}>"
    if subject:
        made["Subject"] = subject
    if written_at is not None:
        made["Date"] = london.local(written_at).strftime("%a, %d %b %Y %H:%M:%S %z")
    if answers:
        made["In-Reply-To"] = answers
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    for name, content in files:
        made.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return made.as_bytes()


def forwarded(sender: str, inner: bytes, subject: str = "FW: report") -> bytes:
    """A mail that passes another on as an attachment."""
    import email
    import email.policy

    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, US, subject
    made.set_content("See below.")
    made.add_attachment(email.message_from_bytes(inner, policy=email.policy.default))
    return made.as_bytes()


def bounce(recipient: str, about: str, *, status: str = "5.1.1", action: str = "failed") -> bytes:
    """A bounce as a mail server writes it (RFC 3464)."""
    original = f"\n--x\nContent-Type: text/rfc822-headers\n\nMessage-ID: {about}\nTo: {recipient}\n" if about else ""
    return f"""\
From: Mail Delivery System <MAILER-DAEMON@mx.agency.example>
To: {US}
Subject: Undelivered Mail Returned to Sender
Return-Path: <>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="x"

--x
Content-Type: text/plain

Your mail could not be delivered.

--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.agency.example

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} User unknown
{original}
--x--
""".encode()


def answer(uid: str, who: str, partstat: str = "ACCEPTED", sequence: int = 0, *, method: str = "REPLY") -> bytes:
    """The answer of a calendar to our invitation, or with another *method* what else it may say to it."""
    calendar = f"""\
BEGIN:VCALENDAR
VERSION:2.0
METHOD:{method}
BEGIN:VEVENT
UID:{uid}
SEQUENCE:{sequence}
DTSTAMP:20261002T110000Z
ATTENDEE;PARTSTAT={partstat}:mailto:{who}
END:VEVENT
END:VCALENDAR
"""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = who, US, f"{partstat.title()}: your session"
    made.set_content(f"{who} says {partstat.lower()}.")
    made.add_alternative(calendar, subtype="calendar", params={"method": method})
    return made.as_bytes()


def away(sender: str, text: str = "I am back on Monday.") -> bytes:
    """An automatic answer."""
    return mail(sender, "Automatic reply: Your report", text=text, Auto_Submitted="auto-replied")


def arrives(box: Path, name: str, raw: bytes, at: datetime) -> None:
    """Put a mail into a Maildir as if it had come at *at*."""
    folder = box / "new"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(raw)
    os.utime(folder / name, (at.timestamp(), at.timestamp()))


def maildir(box: Path) -> Maildir:
    """The mailbox in that folder."""
    return Maildir(box)
