"""Of which kind a mail is, and which kind goes before which where a mail looks like several."""

from __future__ import annotations

from base64 import b64encode
from email import message_from_bytes
from email.message import Message

import pytest

from notifications.classify import CalendarFile, Kind, calendar_files, classify
from tests.notifications.bounce_samples import BOUNCES, LEAD, OURS, Sample, failed
from tests.notifications.other_mail_samples import INVITED, OTHERS, Other

STATUS = ("message/delivery-status", f"Reporting-MTA: dns; mx\n\n{failed('5.1.1', '550 unknown')}\n")
WENT_WELL = ("message/delivery-status", f"Reporting-MTA: dns; mx\n\n{failed('2.0.0', '', action='relayed')}\n")
OPENED = (
    "message/disposition-notification",
    f"Final-Recipient: rfc822; {LEAD}\nDisposition: manual-action; displayed\n",
)
ANSWER = ("text/calendar; method=REPLY", INVITED)
AWAY = "Auto-Submitted: auto-replied\n"


def _kind(*parts: tuple[str, str], extra: str = "", subject: str = "Your report", has_documents: bool = False) -> Kind:
    return classify(_mail(*parts, extra=extra, subject=subject), has_documents=has_documents).kind


def _mail(*parts: tuple[str, str], extra: str = "", subject: str = "Your report") -> Message:
    body = "".join(f"--edge\nContent-Type: {kind}\n\n{text}\n" for kind, text in (("text/plain", "Text."), *parts))
    head = f"From: {LEAD}\nTo: {OURS}\nSubject: {subject}\n{extra}MIME-Version: 1.0\n"
    raw = f'{head}Content-Type: multipart/mixed; boundary="edge"\n\n{body}--edge--\n'
    return message_from_bytes(raw.encode())


@pytest.mark.parametrize("sample", OTHERS, ids=lambda sample: sample.name)
def test_mail_that_is_no_bounce_is_of_its_own_kind(sample: Other) -> None:
    assert classify(message_from_bytes(sample.raw), has_documents=False).kind is sample.kind


@pytest.mark.parametrize("has_documents", [True, False])
@pytest.mark.parametrize("sample", BOUNCES[::5], ids=lambda sample: sample.name)
def test_a_bounce_is_one_whatever_it_brings(sample: Sample, has_documents: bool) -> None:
    assert classify(message_from_bytes(sample.raw), has_documents=has_documents).kind is Kind.BOUNCE


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ((STATUS, OPENED, ANSWER), Kind.BOUNCE),
        ((WENT_WELL, OPENED, ANSWER), Kind.DELIVERED),
        ((OPENED, ANSWER), Kind.READ_RECEIPT),
        ((ANSWER,), Kind.CALENDAR),
        ((), Kind.AUTO_REPLY),
    ],
)
def test_the_kinds_are_looked_for_in_their_order(parts: tuple[tuple[str, str], ...], kind: Kind) -> None:
    assert _kind(*parts, extra=AWAY, subject="Automatic reply: Your report") is kind


def test_a_persons_mail_is_what_remains() -> None:
    assert _kind() is Kind.MAIL


@pytest.mark.parametrize(
    ("extra", "alone", "with_documents"),
    [
        ("Auto-Submitted: auto-replied\n", Kind.AUTO_REPLY, Kind.AUTO_REPLY),
        ("X-Autoreply: yes\n", Kind.AUTO_REPLY, Kind.AUTO_REPLY),
        ("X-Autoreply: no\n", Kind.MAIL, Kind.MAIL),
        ("Auto-Submitted: auto-generated\n", Kind.AUTO_REPLY, Kind.MAIL),
        ("Auto-Submitted: no\n", Kind.MAIL, Kind.MAIL),
        ("Precedence: bulk\n", Kind.AUTO_REPLY, Kind.MAIL),
        ("Return-Path: <>\n", Kind.AUTO_REPLY, Kind.MAIL),
    ],
)
def test_a_scanners_mail_with_documents_is_mail(extra: str, alone: Kind, with_documents: Kind) -> None:
    assert (_kind(extra=extra), _kind(extra=extra, has_documents=True)) == (alone, with_documents)


@pytest.mark.parametrize(
    ("extra", "is_answered"),
    [
        ("", True),
        ("Auto-Submitted: no\n", True),
        ("X-Auto-Response-Suppress: DR, RN\n", True),
        ("X-Auto-Response-Suppress: All\n", False),
        ("List-Id: <leads.lists.example>\n", False),
        ("List-Unsubscribe: <mailto:leave@lists.example>\n", False),
        ("Precedence: list\n", False),
        ("Return-Path: <MAILER-DAEMON>\n", False),
        ("Auto-Submitted: auto-generated\n", False),
    ],
)
def test_a_machines_mail_and_a_lists_is_not_answered_though_a_report_comes_with_it(
    extra: str, is_answered: bool
) -> None:
    mail = message_from_bytes(f"From: {LEAD}\nSubject: Report\n{extra}\nHere it is.".encode())

    found = classify(mail, has_documents=True)

    assert (found.kind, not found.automatic) == (Kind.MAIL, is_answered)


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL", "PUBLISH", "ADD"])
def test_a_calendar_that_asks_something_is_no_answer(method: str) -> None:
    found = classify(_mail(("text/calendar", INVITED.replace("REPLY", method))), has_documents=False)

    assert (found.kind, found.calendars, found.asks) == (Kind.MAIL, (), method)


def test_an_answer_counts_though_our_own_invitation_lies_beside_it() -> None:
    asks = ("text/calendar", INVITED.replace("REPLY", "REQUEST"))

    assert _kind(asks, ANSWER) is Kind.CALENDAR


@pytest.mark.parametrize("name", ["invite.ics", "INVITE.ICS", "invite.vcs"])
def test_a_calendar_may_come_as_a_file_of_no_type(name: str) -> None:
    assert _kind((f'application/octet-stream; name="{name}"', INVITED)) is Kind.CALENDAR


def test_the_method_may_be_told_by_the_part_alone() -> None:
    untold = INVITED.replace("METHOD:REPLY\n", "")
    raw = f"From: {LEAD}\nContent-Type: text/calendar; method=reply\n\n{untold}"

    found = classify(message_from_bytes(raw.encode()), has_documents=False)

    assert (found.kind, found.calendars) == (Kind.CALENDAR, (CalendarFile(untold.encode(), "REPLY"),))
    assert calendar_files(message_from_bytes(b"Subject: none\n\nNo calendar.")) == ()


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_calendar_in_two_bytes_a_letter_is_found_and_so_is_its_method(charset: str) -> None:
    for method, kind in (("REPLY", Kind.CALENDAR), ("REQUEST", Kind.MAIL)):
        written = b64encode(INVITED.replace("REPLY", method).encode(charset))
        head = f"From: {LEAD}\nContent-Type: text/calendar; charset={charset}\nContent-Transfer-Encoding: base64\n\n"

        assert classify(message_from_bytes(head.encode() + written), has_documents=False).kind is kind


def test_two_answers_that_were_passed_on_in_one_mail_are_both_read() -> None:
    other = ("text/calendar; method=REPLY", INVITED.replace("ACCEPTED", "DECLINED"))

    found = classify(_mail(ANSWER, other, ANSWER), has_documents=False)

    assert len(found.calendars) == 2
