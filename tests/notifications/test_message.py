"""A mail becomes the same bytes every time, and nothing in it becomes a header or a recipient."""

import email.policy
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifications.message import Attachment, CalendarPart, Email, RefusedHeader, _composed, compose, message_id
from tests.notifications.samples import GOLDEN, INVITE, MAILS, invitation, letter


def parsed(mail: Email) -> Message:
    return message_from_bytes(compose(mail))


def lines_of(part: Message) -> str:
    """Give the text of a part with the line ends it had before it was mail."""
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode().replace("\r\n", "\n")


def tree(part: Message) -> str:
    """Give the shape of a mail on one line."""
    inner = (
        ", ".join(tree(child) for child in part.get_payload() if isinstance(child, Message))
        if (part.is_multipart())
        else ""
    )
    return part.get_content_type() + (f"({inner})" if inner else "")


@pytest.mark.parametrize(("file_name", "make"), MAILS.items())
def test_a_mail_is_the_bytes_it_always_was(file_name: str, make: Callable[[], Email]) -> None:
    assert compose(make()) == (GOLDEN / file_name).read_bytes()


@pytest.mark.parametrize("make", MAILS.values())
def test_every_line_is_ascii_and_ends_as_mail_lines_do(make: Callable[[], Email]) -> None:
    raw = compose(make())

    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_boundaries_belong_to_the_message() -> None:
    first = set(re.findall(rb'boundary="([^"]+)"', compose(letter())))
    second = set(re.findall(rb'boundary="([^"]+)"', compose(letter(message_id=message_id("b", "partnership.example")))))

    assert (len(first), len(second), first & second) == (2, 2, set())


@pytest.mark.parametrize(
    ("mail", "shape"),
    [
        (letter(attachments=()), "multipart/mixed(multipart/alternative(text/plain, text/html))"),
        (letter(), "multipart/mixed(multipart/alternative(text/plain, text/html), text/csv)"),
        (
            invitation(),
            "multipart/mixed(multipart/alternative(text/plain, text/html, text/calendar), application/ics)",
        ),
    ],
    ids=["letter", "letter with a file", "invitation"],
)
def test_the_tree_is_the_one_that_every_client_takes(mail: Email, shape: str) -> None:
    assert tree(parsed(mail)) == shape


def test_the_calendar_part_stands_last_in_base64_and_the_attachment_holds_the_same_bytes() -> None:
    *_, part, attached = parsed(invitation()).walk()

    assert part.items() == [
        ("Content-Type", "text/calendar; charset=utf-8; method=REQUEST; component=VEVENT"),
        ("MIME-Version", "1.0"),
        ("Content-Transfer-Encoding", "base64"),
    ]
    assert attached["Content-Disposition"] == 'attachment; filename="invite.ics"'
    assert (part.get_payload(decode=True), attached.get_payload(decode=True)) == (INVITE, INVITE)


def test_text_html_and_files_come_back_as_they_were() -> None:
    mail = letter()
    text, html, attached = [part for part in parsed(mail).walk() if not part.is_multipart()]

    assert lines_of(text) == mail.text
    assert lines_of(html) == mail.html
    assert attached.get_payload(decode=True) == mail.attachments[0].content
    assert attached.get_filename() == "Self-assessment – 2026.csv"


def test_the_headers_say_who_writes_when_and_that_a_machine_sends() -> None:
    mail = letter(in_reply_to="<a@agency.example>", references=("<b@agency.example>", "<a@agency.example>"))
    headers = dict(parsed(mail).items())
    headers.pop("Content-Type")

    assert headers | {"Subject": str(make_header(decode_header(headers["Subject"])))} == {
        "MIME-Version": "1.0",
        "Date": "Fri, 16 Oct 2026 08:00:00 +0000",
        "Message-ID": message_id("a letter", "partnership.example"),
        "Subject": "Reminder: the report of Müller & Sons | Care is due on Tuesday 20 October 2026, 5pm",
        "From": '"The Partnership" <business.unit@partnership.example>',
        "To": '"Pat O\'Neill" <pat@agency.example>',
        "Reply-To": "section11@partnership.example",
        "Auto-Submitted": "auto-generated",
        "In-Reply-To": "<a@agency.example>",
        "References": "<b@agency.example> <a@agency.example>",
        "X-Case": "GSCP-2026-05A",
    }


def test_a_date_keeps_its_zone() -> None:
    summer = timezone(timedelta(hours=1))

    assert parsed(letter(date=datetime(2026, 7, 6, 9, 0, tzinfo=summer)))["Date"] == "Mon, 06 Jul 2026 09:00:00 +0100"


def test_a_letter_from_a_person_is_not_marked_as_a_machines() -> None:
    assert parsed(letter(auto_submitted=""))["Auto-Submitted"] is None


def test_a_message_id_is_the_same_for_the_same_seed() -> None:
    assert message_id("GSCP/2026/05A", "partnership.example") == (
        "<9368cd98e9e6c551067c46a5828b362e8d354703@partnership.example>"
    )
    with pytest.raises(RefusedHeader):
        message_id("seed", "partnership.example>\r\nBcc: eve@evil.example")


# --- refusals ---------------------------------------------------------------------------------------------------------

INJECTION = "x\r\nBcc: eve@evil.example"


@pytest.mark.parametrize(
    ("changes", "header"),
    [
        ({"subject": INJECTION}, "Subject"),
        ({"subject": "=?utf-8?q?x=0D=0ABcc:_eve=40evil.example?="}, "Subject"),
        ({"subject": "=?utf-8?b?eA0KQmNjOiBldmVAZXZpbC5leGFtcGxl?="}, "Subject"),
        ({"subject": "x\x00"}, "Subject"),
        ({"subject": "x\u2028y"}, "Subject"),
        ({"subject": "x\ud800"}, "Subject"),
        ({"subject": "x" * 901}, "Subject"),
        ({"sender_name": INJECTION}, "From"),
        ({"to_name": INJECTION}, "To"),
        ({"to_name": "=?utf-8?q?x=0Ay?="}, "To"),
        ({"to_address": "pat@agency.example, eve@evil.example"}, "To"),
        ({"to_address": "pat"}, "To"),
        ({"to_address": "a" * 250 + "@agency.example"}, "To"),
        ({"sender_address": "Us <us@partnership.example>"}, "From"),
        ({"reply_to": INJECTION}, "Reply-To"),
        ({"reply_to": ""}, "Reply-To"),
        ({"message_id": "no brackets"}, "Message-ID"),
        ({"message_id": "<a@b>\r\nBcc: eve@evil.example"}, "Message-ID"),
        ({"in_reply_to": "<a b@c>"}, "In-Reply-To or References"),
        ({"references": ("<a@b>", INJECTION)}, "In-Reply-To or References"),
        ({"date": datetime(2026, 10, 16, 8, 0)}, "Date"),  # noqa: DTZ001 - that is what is wrong with it
        ({"headers": (("X-Case", INJECTION),)}, "X-Case"),
        ({"headers": (("X-Case: 1\r\nBcc", "eve@evil.example"),)}, "headers"),
        ({"headers": (("X Case", "1"),)}, "headers"),
        ({"headers": (("", "1"),)}, "headers"),
        ({"headers": (("Bcc", "eve@evil.example"),)}, "Bcc"),
        ({"headers": (("resent-to", "eve@evil.example"),)}, "resent-to"),
        ({"headers": (("Content-Type", "text/html"),)}, "Content-Type"),
        ({"headers": (("X-Case", "1"), ("x-case", "2"))}, "x-case"),
        ({"attachments": (Attachment("a\r\nb", b"", "text/csv"),)}, "file name"),
        ({"attachments": (Attachment("../a.csv", b"", "text/csv"),)}, "file name"),
        ({"attachments": (Attachment("a.csv", b"", "text/csv\r\nX: 1"),)}, "attachment"),
        ({"attachments": (Attachment("a.eml", b"", "message/rfc822"),)}, "attachment"),
        ({"calendar": CalendarPart(INVITE, "CANCEL")}, "calendar part"),
        ({"calendar": CalendarPart(INVITE, "REQUEST; x=y")}, "calendar part"),
    ],
)
def test_a_header_that_would_carry_something_else_is_refused(changes: dict[str, object], header: str) -> None:
    with pytest.raises(RefusedHeader) as refused:
        compose(letter(**changes))

    assert refused.value.header == header
    assert str(refused.value).startswith(f"The mail was not made: its {header} ")
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("changes", [{"text": " "}, {"html": ""}])
def test_a_mail_without_words_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="needs a text and an HTML part"):
        compose(letter(**changes))


ENCODED = st.builds("=?utf-8?q?{}?=".format, st.text(st.sampled_from("ab=0D0A_?:@"), max_size=20))
HOSTILE = st.one_of(
    st.text(max_size=60),
    st.text(st.sampled_from("ab <>@,;:\"\\()[]=?\r\n\t.'é\u2028"), max_size=60),
    st.lists(
        st.one_of(ENCODED, st.sampled_from(["Bcc: eve@evil.example", "\r\n", "\n ", ", ", '"', "<eve@evil.example>"]))
    ).map("".join),
)
PLAIN = letter(attachments=(), headers=())
NAMES = [name for name, _ in parsed(replace(PLAIN, headers=(("X-Case", "1"),))).items()]


@given(subject=HOSTILE, sender_name=HOSTILE, to_name=HOSTILE, header=HOSTILE)
def test_no_subject_name_or_header_adds_a_header_or_a_recipient(
    subject: str, sender_name: str, to_name: str, header: str
) -> None:
    mail = replace(PLAIN, subject=subject, sender_name=sender_name, to_name=to_name, headers=(("X-Case", header),))
    try:
        raw = compose(mail)
    except RefusedHeader:
        return

    for read in (
        message_from_bytes(raw),
        message_from_bytes(message_from_bytes(raw, policy=email.policy.SMTP).as_bytes()),  # read and written again
    ):
        assert [name for name, _ in read.items()] == NAMES
        assert [address for _, address in getaddresses([str(read["To"])])] == [PLAIN.to_address]
        assert [address for _, address in getaddresses([str(read["From"])])] == [PLAIN.sender_address]


def unfolded(value: object) -> str:
    """A header as a reader takes it: its lines put together again (RFC 5322, 2.2.3)."""
    return re.sub(r"\r?\n(?=[ \t])", "", str(value))


@given(subject=HOSTILE, to_name=HOSTILE)
@example(subject="Bcc: eve@evil.example" * 4, to_name="Bcc: eve@evil.example" * 4)
def test_what_is_not_refused_is_read_as_what_it_says(subject: str, to_name: str) -> None:
    try:
        raw = compose(replace(PLAIN, subject=subject, to_name=to_name))
    except RefusedHeader:
        return

    read = message_from_bytes(raw)
    ((name, _),) = getaddresses([unfolded(read["To"])])
    assert str(make_header(decode_header(unfolded(read["Subject"])))) == subject
    assert str(make_header(decode_header(name))) == to_name


@given(address=HOSTILE)
def test_no_address_adds_a_recipient(address: str) -> None:
    try:
        read = parsed(replace(PLAIN, to_address=address, reply_to=address))
    except RefusedHeader:
        return

    assert [found for _, found in getaddresses([str(read["To"])])] == [address]


DIARY = st.builds(lambda said: CalendarPart(b"METHOD:REQUEST\r\n" + said, "REQUEST"), st.binary())


@given(
    subject=HOSTILE, sender_name=HOSTILE, to_name=st.none() | HOSTILE, text=st.text(), header=HOSTILE,
    calendar=st.none() | DIARY,
)  # fmt: skip
def test_a_letter_written_into_a_form_is_the_mail_that_is_composed_by_itself(
    subject: str, sender_name: str, to_name: str | None, text: str, header: str, calendar: CalendarPart | None
) -> None:
    of_another = replace(PLAIN, subject="Another", to_name="Another", text="Another", html="Another")
    mail = replace(
        of_another, subject=subject, sender_name=sender_name, to_name=to_name, text=f"{text}.", html=f"<p>{text}</p>",
        headers=(("X-Case", header),), calendar=calendar,
    )  # fmt: skip
    others = calendar and CalendarPart(b"METHOD:REQUEST\r\nAnother", "REQUEST")
    try:
        compose(replace(of_another, sender_name=sender_name, headers=(("X-Case", header),), calendar=others))
        raw = compose(mail)
    except RefusedHeader:
        return

    assert raw == _composed(mail)
