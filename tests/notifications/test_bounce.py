"""Whose mail was not delivered and whether that lasts, for the ways in which mail systems say so."""

from __future__ import annotations

import time
from base64 import encodebytes
from email import message_from_bytes
from quopri import encodestring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.bounce import Lasting, about_which, read_bounce
from notifications.classify import classify
from notifications.reading import Unreadable, read
from tests.notifications.bounce_samples import BOUNCES, LEAD, LETTERS, OURS, REPORTS, Sample, letter, report
from tests.notifications.other_mail_samples import OTHERS, Other

ALL = [*(sample.raw for sample in BOUNCES), *(other.raw for other in OTHERS)]
SECONDS = 2.0
"""What one mail may take: the limit that the process has in which it is read."""


def _failures(raw: bytes) -> tuple[tuple[str, str], ...] | None:
    found = read_bounce(message_from_bytes(raw))
    if found is None:
        return None
    return tuple(sorted((failure.recipient, str(failure.lasting)) for failure in found.failures))


@pytest.mark.parametrize("sample", LETTERS, ids=lambda sample: f"letter: {sample.name}")
def test_a_letter_tells_whose_mail_failed_and_whether_that_lasts(sample: Sample) -> None:
    assert _failures(sample.raw) == sample.expected


@pytest.mark.parametrize("sample", REPORTS, ids=lambda sample: f"report: {sample.name}")
def test_a_status_report_tells_whose_mail_failed_and_whether_that_lasts(sample: Sample) -> None:
    assert _failures(sample.raw) == sample.expected


@pytest.mark.parametrize("sample", BOUNCES, ids=lambda sample: sample.name)
def test_a_bounce_is_the_same_with_the_line_ends_of_the_wire(sample: Sample) -> None:
    assert _failures(sample.raw.replace(b"\n", b"\r\n")) == sample.expected


@pytest.mark.parametrize("sample", OTHERS, ids=lambda sample: sample.name)
def test_other_mail_is_no_bounce(sample: Other) -> None:
    assert read_bounce(message_from_bytes(sample.raw)) is None


@pytest.mark.parametrize("sample", REPORTS, ids=lambda sample: sample.name)
def test_the_mail_that_is_sent_back_tells_which_of_ours_it_was(sample: Sample) -> None:
    assert about_which(message_from_bytes(sample.raw)) == "<one@council.example>"


def test_a_status_report_that_sends_nothing_back_tells_which_of_ours_it_was_by_its_envelope() -> None:
    fields = "Original-Envelope-Id: one@council.example\nReporting-MTA: dns; mx.agency.example\n\n"
    fields += "Final-Recipient: rfc822; lead@agency.example\nAction: failed\nStatus: 5.1.1\n"
    head = 'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\n\n'
    raw = f"{head}--x\nContent-Type: message/delivery-status\n\n{fields}\n--x--\n"

    assert about_which(message_from_bytes(raw.encode())) == "<one@council.example>"


def test_a_bounce_that_names_nobody_has_no_failures_and_waits_for_a_person() -> None:
    sample = letter("none", "MAILER-DAEMON@mx.agency.example", "failure notice", "Your mail could not be delivered.")

    assert _failures(sample.raw) == ()


def test_a_bounce_that_a_gateway_wraps_once_more_is_read_and_tells_which_mail_of_ours_it_was() -> None:
    inner = report("inner", f"Final-Recipient: rfc822; {LEAD}\nAction: failed\nStatus: 5.1.1").raw
    head = f"From: MAILER-DAEMON@gateway.example\nTo: {OURS}\nSubject: Checked: Undelivered Mail\n"
    wrapped = f"{head}Content-Type: multipart/mixed; boundary=out\n\n--out\nContent-Type: message/rfc822\n\n".encode()

    found = read_bounce(message_from_bytes(wrapped + inner + b"\n--out--\n"))

    assert found is not None
    assert ([each.recipient for each in found.failures], found.about) == ([LEAD], "<one@council.example>")


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_a_copy_of_our_mail_may_be_encoded_though_it_must_not(encoding: str) -> None:
    encode = {"base64": encodebytes, "quoted-printable": encodestring}[encoding]
    copy = encode(b"Message-ID: <one@council.example>\nSubject: Your report\n\nDear lead\n").decode()
    raw = report("x", f"Final-Recipient: rfc822; {LEAD}\nAction: failed\nStatus: 5.1.1", copy="").raw
    part = f"--edge\nContent-Type: message/rfc822\nContent-Transfer-Encoding: {encoding}\n\n{copy}\n--edge--\n"

    assert about_which(message_from_bytes(raw.replace(b"--edge--\n", part.encode()))) == "<one@council.example>"


@pytest.mark.parametrize("named", [LEAD, f'<a class="x" href="mailto:{LEAD}">Lead</a>'])
def test_a_page_counts_where_the_plain_text_is_empty_and_so_do_its_links(named: str) -> None:
    page = f"<p>{named}<br>User unknown</p>"
    parts = f"--e\nContent-Type: text/plain\n\n\n--e\nContent-Type: text/html\n\n{page}\n--e--\n"
    head = f"From: postmaster@agency.example\nTo: {OURS}\nSubject: Undeliverable: Your report\n"

    raw = f"{head}Content-Type: multipart/alternative; boundary=e\n\n{parts}".encode()

    assert _failures(raw) == ((LEAD, "hard"),)


def test_what_lies_beside_the_letter_costs_no_time() -> None:
    """A person whose subject sounds like a bounce, with ten megabytes attached."""
    head = f"From: pat@agency.example\nReturn-Path: <>\nTo: {OURS}\nSubject: Undeliverable: Your report\n"
    text = "--e\nContent-Type: text/plain\n\nYour mail could not be delivered.\n--e\nContent-Type: application/pdf\n\n"
    raw = f"{head}Content-Type: multipart/mixed; boundary=e\n\n{text}".encode() + b"A" * 76 + b"\n"
    mail = message_from_bytes(raw + (b"A" * 76 + b"\n") * 100_000 + b"--e--\n")

    began = time.process_time()
    read_bounce(mail)
    assert time.process_time() - began < SECONDS


def test_we_are_never_the_recipient_that_failed() -> None:
    body = f"A mail from {OURS} could not be delivered to {LEAD}: 550 no such user"
    sample = letter("ours", "MAILER-DAEMON@mx.agency.example", "Undeliverable mail", body)

    assert _failures(sample.raw) == ((LEAD, "hard"),)


@pytest.mark.parametrize(
    ("status", "lasting"),
    [
        ("5.1.1", Lasting.HARD),
        ("5.2.1", Lasting.HARD),
        ("5.2.2", Lasting.SOFT),
        ("4.2.2", Lasting.SOFT),
        ("4.4.7", Lasting.SOFT),
        ("5.7.1", Lasting.HARD),
        ("5.4.7", Lasting.SOFT),
        ("5.4.6 (routing loop)", Lasting.HARD),
        ("05.01.01", Lasting.HARD),
        ("5.1.1 (bad destination)", Lasting.HARD),
        ("", Lasting.HARD),
        ("nonsense", Lasting.HARD),
    ],
)
def test_a_status_says_whether_it_lasts(status: str, lasting: Lasting) -> None:
    sample = report("status", f"Final-Recipient: rfc822; {LEAD}\nAction: failed\nStatus: {status}")

    assert _failures(sample.raw) == ((LEAD, str(lasting)),)


@pytest.mark.parametrize(
    ("why", "lasting"),
    [
        ("smtp; 452 try later", Lasting.SOFT),
        ("smtp; 550 mailbox unavailable: over quota", Lasting.SOFT),
        ("smtp; 552 the mailbox is full or there is no such user", Lasting.HARD),
        ("smtp; 554 all hosts have been failing for a long time", Lasting.SOFT),
        ("smtp; 554 delivery expired (message too old)", Lasting.SOFT),
        ("smtp; 550 this account has expired", Lasting.HARD),
        ("smtp; 550 rejected as spam", Lasting.HARD),
        ("smtp; 552 mailbox full", Lasting.SOFT),
        ("smtp; 550 no such user", Lasting.HARD),
        ("smtp; 550 4.2.2 over quota", Lasting.SOFT),
        ("X-Unix; connection timed out", Lasting.SOFT),
        ("user unknown", Lasting.HARD),
    ],
)
def test_a_status_that_says_nothing_leaves_it_to_the_reason(why: str, lasting: Lasting) -> None:
    status = f"Final-Recipient: rfc822; {LEAD}\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: {why}"

    assert _failures(report("status", status).raw) == ((LEAD, str(lasting)),)


LONG = 150_000
HOSTILE_LINES = {
    "spaces": " " * LONG,
    "signs": "-" * LONG,
    "at signs": "a@" * (LONG // 2),
    "an address without end": "a" * LONG + "@" + "a." * LONG,
    "brackets": "<" * LONG,
    "tags without end": "<a" * (LONG // 2),
    "hidden without end": "<script>" * (LONG // 8),
    "digits": "5.1." * (LONG // 4),
    "words that nearly say it": "could not be " * (LONG // 13),
    "delivery, delivery": "delivery " * (LONG // 9),
    "mailbox, mailbox": "mailbox " * (LONG // 8),
    "exceed, exceed": "exceed" * (LONG // 6),
    "empty lines": "\n" * LONG,
    "lines of signs": "- \n" * (LONG // 3),
    "to: to:": "to: x\n" * (LONG // 6),
    "colons": "a:" * (LONG // 2),
    "quotes": '"' * LONG,
    "plus codes": "+2B" * (LONG // 3),
    "addresses": " ".join(f"a{number}@b.example" for number in range(LONG // 14)),
    "lines of addresses": "".join(f"<a{number}@b.example>: mailbox full\n" for number in range(LONG // 30)),
    "an address, and brackets": "a@b.example" + " (x)" * (LONG // 4),
}


@pytest.mark.parametrize("subtype", ["plain", "html"])
@pytest.mark.parametrize("line", HOSTILE_LINES.values(), ids=HOSTILE_LINES)
def test_hostile_text_costs_no_time(line: str, subtype: str) -> None:
    head = f"From: MAILER-DAEMON@x.example\nTo: {OURS}\nSubject: x\nContent-Type: text/{subtype}\n\n"
    mail = message_from_bytes((head + line).encode())

    began = time.process_time()
    classify(mail, has_documents=False)
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize("line", HOSTILE_LINES.values(), ids=HOSTILE_LINES)
def test_a_hostile_status_costs_no_time(line: str) -> None:
    mail = message_from_bytes(report("x", f"Final-Recipient: rfc822; {line[:20_000]}\nAction: failed").raw)

    began = time.process_time()
    read_bounce(mail)
    assert time.process_time() - began < SECONDS


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    """A sample with some of it cut out, said twice, exchanged for that of another, or written over."""
    raw: bytes = draw(st.sampled_from(ALL))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(raw)))
        end = min(len(raw), start + draw(st.integers(0, 200)))
        other = draw(st.sampled_from(ALL))
        place = draw(st.integers(0, len(other)))
        put = draw(
            st.sampled_from(
                [b"", raw[start:end] * 2, other[place : place + 200], b"\xff\x00=?x?b?", b"\n\n", b"\n--edge\n"]
            )
        )
        raw = raw[:start] + put + raw[end:]
    return raw


@settings(max_examples=150, deadline=None)
@given(_mutated())
def test_whatever_comes_is_read_without_a_fault_and_in_time(raw: bytes) -> None:
    began = time.process_time()
    mail = message_from_bytes(raw)
    try:
        told = read(mail)
    except Unreadable:
        return
    assert time.process_time() - began < SECONDS
    assert told.classified.bounce == read_bounce(mail)
