"""What a mail from outside says as values, and what is refused."""

from __future__ import annotations

import time
from base64 import b64encode
from datetime import UTC, datetime
from io import BytesIO

import pytest

from notifications.classify import Classified, Kind
from notifications.reading import (
    DEEPEST,
    MOST_BYTES,
    MOST_HEADER_BYTES,
    MOST_PARTS,
    File,
    ReadMail,
    Unreadable,
    parse,
    read,
)


def _read(raw: str | bytes) -> ReadMail:
    return read(parse(BytesIO(raw.encode() if isinstance(raw, str) else raw)))


def _with(part: str) -> str:
    text = "--edge\nContent-Type: text/plain\n\nText.\n"
    return (
        f'From: lead@agency.example\nContent-Type: multipart/mixed; boundary="edge"\n\n{text}--edge\n{part}\n--edge--\n'
    )


def test_a_mail_is_read_as_a_person_would_read_it() -> None:
    content = b64encode(b"%PDF-1.7").decode()
    raw = (
        "Message-ID: <m1@agency.example>\nIn-Reply-To: <one@council.example>\nReferences: <zero@council.example>\n"
        "From: =?utf-8?Q?L=C3=A9a_Lead?= <Lead@Agency.Example>\nReply-To: <team@agency.example>\n"
        "To: Scrutiny <scrutiny@council.example>, nobody\nCc: scrutiny@council.example\n"
        "Subject: Our\n report\nDate: Tue, 20 Oct 2026 09:00:00 +0100\nContent-Type: multipart/mixed; boundary=edge\n\n"
        "--edge\nContent-Type: text/plain; charset=latin-1\nContent-Transfer-Encoding: quoted-printable\n\nCaf=E9.\n"
        '--edge\nContent-Type: application/pdf; name="..\\..\\report.pdf"\n'
        f"Content-Transfer-Encoding: base64\n\n{content}\n"
        "--edge--\n"
    )

    assert _read(raw) == ReadMail(
        classified=Classified(Kind.MAIL, "somebody wrote it"),
        message_id="<m1@agency.example>",
        answers=("<zero@council.example>", "<one@council.example>"),
        from_address="lead@agency.example",
        from_name="Léa Lead",
        reply_to="team@agency.example",
        to=("scrutiny@council.example",),
        subject="Our report",
        written_at=datetime(2026, 10, 20, 8, 0, tzinfo=UTC),
        text="Café.",
        files=(File("report.pdf", "application/pdf", b"%PDF-1.7"),),
    )


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "it is empty"),
        (b"Subject: " + b"x" * MOST_HEADER_BYTES + b"\n\nText.", "its headers are longer than 64 KB"),
        (b"X: y\r\n" * (MOST_HEADER_BYTES // 4), "its headers are longer than 64 KB"),
        (b"\n\n" + b"x" * MOST_BYTES, "it is larger than 35 MB"),
        (
            b"Content-Type: multipart/mixed; boundary=e\n\n" + b"--e\n\nx\n" * MOST_PARTS + b"--e--",
            "it has more than 200 parts",
        ),
        (b"Content-Type: message/rfc822\n\n" * DEEPEST + b"x", "its parts lie deeper in each other than 20"),
        (b"Content-Type: message/rfc822\n\n" * 2_000 + b"x", "its parts lie deeper in each other than 20"),
    ],
    ids=["empty", "one long header", "many headers", "large", "many parts", "deep", "very deep"],
)
def test_mail_beyond_a_limit_is_refused_with_the_reason(raw: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=f"^{why}$"):
        _read(raw)


def test_mail_at_the_limits_is_read() -> None:
    assert _read(b"Content-Type: message/rfc822\n\n" * (DEEPEST - 1) + b"Subject: x\n\nText.").files != ()
    parts = b"--e\n\nx\n" * (MOST_PARTS - 1)
    assert _read(b"Content-Type: multipart/mixed; boundary=e\n\n" + parts + b"--e--").text.count("x") == MOST_PARTS - 1


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("Tue, 20 Oct 2026 09:00:00 +0100", datetime(2026, 10, 20, 8, 0, tzinfo=UTC)),
        ("20 Oct 2026 09:00 -0000", datetime(2026, 10, 20, 9, 0, tzinfo=UTC)),
        ("Tue, 20 Oct 2026 09:00:00 GMT (London)", datetime(2026, 10, 20, 9, 0, tzinfo=UTC)),
        ("Tue, 32 Oct 2026 09:00:00 +0000", None),
        ("Fri, 31 Dec 9999 23:59:59 -2300", None),
        ("1 Jan 99999999999999999999 00:00:00 +0000", None),
        ("1 Jan 2026 00:00:00 +99999999", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_date_is_told_in_utc_or_not_at_all(written: str, at: datetime | None) -> None:
    assert _read(f"Date: {written}\n\nText.").written_at == at


@pytest.mark.parametrize(
    ("written", "address", "name"),
    [
        ("lead@agency.example", "lead@agency.example", ""),
        ('"Lead, Officer" <lead@agency.example>', "lead@agency.example", "Lead, Officer"),
        ("lead@agency.example (Lead)", "lead@agency.example", "Lead"),
        ("<LEAD@AGENCY.EXAMPLE>", "lead@agency.example", ""),
        ("not an address", "", ""),
        ("", "", ""),
        ("<" * 2_000, "", ""),
        ("(" * 2_000, "", ""),
    ],
)
def test_a_sender_is_a_plain_address_or_none(written: str, address: str, name: str) -> None:
    told = _read(f"From: {written}\n\nText.")

    assert (told.from_address, told.from_name) == (address, name)


@pytest.mark.parametrize(
    ("written", "subject"),
    [
        (b"=?utf-8?B?w6k=?=", "é"),
        (b"=?utf-8?Q?a=0D=0ABcc:_x@y.example?=", "a Bcc: x@y.example"),
        ("Rückmeldung".encode(), "Rückmeldung"),
        ("Rückmeldung".encode("latin-1"), "Rückmeldung"),
        (b"=?nonsense?Q?=E9?=", "é"),
        (b"=?idna?Q?=E9?=", "é"),
        (b"=?punycode?Q?=E9?=", "é"),
        (b"=?undefined?Q?a?=", "a"),
        (b"=?unicode_escape?Q?\\x41?=", r"\x41"),
        (b"=?utf-8\x00x?Q?=E9?=", "é"),
        (b"a\x00b\x1b[31m", "a b [31m"),
    ],
)
def test_a_subject_is_one_line_without_control_characters(written: bytes, subject: str) -> None:
    assert _read(b"Subject: " + written + b"\n\nText.").subject == subject


@pytest.mark.parametrize("field", ["Subject", "From", "To", "Date", "References", "Content-Type", "Message-ID"])
@pytest.mark.parametrize("piece", ["=?utf-8?Q?x?= ", "<", "(", '"', "a,", "a@b.example,", "; a=b", "=?", "\\"])
def test_a_hostile_header_costs_no_time(field: str, piece: str) -> None:
    raw = f"{field}: {piece * (60_000 // len(piece))}\n\nText."

    began = time.process_time()
    _read(raw)
    assert time.process_time() - began < 2.0


@pytest.mark.parametrize(
    ("part", "files"),
    [
        ('Content-Type: text/plain; name="a.txt"\n\nx', (File("a.txt", "text/plain", b"x"),)),
        ("Content-Disposition: attachment\n\nx", (File("", "text/plain", b"x"),)),
        ('Content-Disposition: attachment; filename="/etc/a.csv"\n\nx', (File("a.csv", "text/plain", b"x"),)),
        (
            "Content-Disposition: attachment; filename*=utf-8''R%C3%A9port.pdf\nContent-Type: application/pdf\n\nx",
            (File("Réport.pdf", "application/pdf", b"x"),),
        ),
        ("Content-Type: image/png\n\nx", (File("", "image/png", b"x"),)),
        (
            "Content-Type: message/rfc822\n\nSubject: a/b\n\nx",
            (File("a-b.eml", "message/rfc822", b"Subject: a/b\n\nx"),),
        ),
        ("Content-Type: text/html\n\n<p>x", ()),
        ("Content-Type: application/pdf\n\n", ()),
    ],
    ids=["named text", "attached text", "path", "encoded name", "picture", "a mail", "page", "nothing"],
)
def test_files_are_told_from_text(part: str, files: tuple[File, ...]) -> None:
    assert _read(_with(part)).files == files


def test_a_page_is_read_where_there_is_no_plain_text() -> None:
    page = "<head><title>no</title></head><p>One&amp;two</p><script>x<y</script><p>three <lead@agency.example></p>"

    assert _read(f"Content-Type: text/html\n\n{page}").text.split() == ["One&two", "three", "lead@agency.example"]


def test_text_of_an_unknown_character_set_is_read_as_far_as_it_goes() -> None:
    assert _read(b"Content-Type: text/plain; charset=nonsense\n\nCaf\xe9").text == "Café"
    assert _read(b"Content-Type: text/plain; charset=base64\n\nText").text == "Text"
    assert _read(b"Content-Type: text/plain; charset=undefined\n\nCaf\xe9").text == "Café"


def test_a_broken_mail_within_a_mail_is_a_file_all_the_same() -> None:
    inner = "Subject: Report\nContent-Type: multipart/mixed; charset=utf-8\n\nno boundary, 5\N{DEGREE SIGN}\n"
    raw = f"From: lead@agency.example\nContent-Type: message/rfc822\n\n{inner}".encode("latin-1")

    (file,) = _read(raw).files

    assert (file.name, b"no boundary, 5" in file.content) == ("Report.eml", True)
