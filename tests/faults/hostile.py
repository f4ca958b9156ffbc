"""Mail, calendar files, bounces and documents as nobody should write them: made up by their grammar, or samples bent.

What is made up keeps to the shape of what it is, so that it gets past the first look; what is bent was real and has
lines missing, doubled, folded, torn, swapped or overwritten.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from hypothesis import strategies as st

from tests.notifications.bounce_samples import BOUNCES
from tests.notifications.other_mail_samples import OTHERS

REPLIES = tuple(
    path.read_bytes()
    for path in sorted(Path(__file__).resolve().parents[1].joinpath("calendars", "replies").rglob("*"))
    if path.is_file() and path.suffix in (".ics", ".eml", ".txt")
)

CHARSETS = (
    "utf-8", "us-ascii", "latin-1", "utf-16", "utf-16-le", "utf-7", "iso-2022-jp", "hz", "gb18030", "koi8-r", "idna",
    "punycode", "rot13", "hex", "zip", "base64", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "cp1252",
    "utf-8-sig", "", "\"", "x" * 300, "../../etc/passwd", "utf\u20118", "utf-8\x00",
)  # fmt: skip
CODINGS = ("7bit", "8bit", "base64", "quoted-printable", "x-uuencode", "binary", "BASE64 ", "none", "", "\x00")
TYPES = (
    "text/plain", "text/html", "text/calendar", "application/ics", "application/pdf", "application/octet-stream",
    "multipart/mixed", "multipart/report", "multipart/alternative", "message/rfc822", "message/delivery-status",
    "message/global-delivery-status", "message/disposition-notification", "message/partial", "message/external-body",
    "text/rfc822-headers", "application/ms-tnef", "text", "/", "text/", "multipart/", "a/b/c", "TEXT/Calendar",
)  # fmt: skip
HEADERS = (
    "From", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Reply-To", "Return-Path",
    "Auto-Submitted", "Precedence", "X-Autoreply", "Sender", "Content-Disposition", "Content-ID", "MIME-Version",
    "Content-Type", "Content-Transfer-Encoding", "X-Failed-Recipients", "X-MS-Exchange-Organization-SCL",
)  # fmt: skip
FIELDS = (
    "Reporting-MTA", "Final-Recipient", "Original-Recipient", "Action", "Status", "Diagnostic-Code", "Remote-MTA",
    "Arrival-Date", "X-Actual-Recipient", "Will-Retry-Until", "Original-Envelope-Id",
)  # fmt: skip
SAYINGS = (
    b"rfc822; lead@agency.example", b"failed", b"delayed (will be retried)", b"5.1.1", b"4.2.2", b"5.999.999999999",
    b"smtp; 550 5.1.1 <lead@agency.example>: user unknown", b"RFC822;" + b"<" * 500 + b"a@b.example",
    b"lead@agency.example", b"\"a b\"@agency.example", b"<>", b"MAILER-DAEMON@mx.example", b"auto-replied",
    b"Undelivered Mail Returned to Sender", b"Out of office: re: GSCP-2026-01", b"Tue, 20 Oct 2026 16:59:00 +0100",
    b"Tue, 99 Oct 99999 99:99:99 +9999", b"<1@section11.example>", b"<" * 300, b"(" * 300, b"\"" * 299, b"," * 300,
    b"=?utf-8?b?w6k=?=", b"=?utf-8?q?=0D=0ABcc:_a@b.example?=", b"=?utf-8?b?!!!!?=", b"=?x?y?z?=", b"=?=?=?=?=",
    b"=?utf-7?q?+AGE-?=", b"=?idna?q?xn--?=", b"=?utf-8*en?q?a?=", b"=?undefined?b?YQ==?=", b"=?hex?b?YQ==?=",
    b"\xff\xfe\x00", "é\u2028\u202e\u0000".encode(), b"\xed\xa0\x80", b"a\x0bb\x0cc\x1cd\x85e", b"\r", b"", b" ",
    b"text/plain; charset*0*=utf-8''%ff; charset*1=x", b"attachment; filename*=utf-8''%00%ff", b"x" * 3_000,
    b"attachment; filename=\"../../../etc/passwd\"", b"attachment; filename=\"a\r\n b.docx\"", b"; = ; =; ;;",
)  # fmt: skip
CALENDAR_PIECES = (
    b"BEGIN:VCALENDAR", b"END:VCALENDAR", b"BEGIN:VEVENT", b"END:VEVENT", b"BEGIN:VTIMEZONE", b"END:VTIMEZONE",
    b"BEGIN:STANDARD", b"END:STANDARD", b"METHOD:REPLY", b"METHOD:COUNTER", b"METHOD:", b"SEQUENCE:2147483648",
    b"SEQUENCE:-1", b"SEQUENCE:\xd9\xa3", b"DTSTAMP:20261020T090000Z", b"DTSTAMP:99999999T999999Z",
    b"DTSTART;TZID=Nowhere/Land:20261110T093000", b"DTSTART;TZID=../../../etc/passwd:20261110T093000",
    b"DTSTART;TZID=Europe/London:00010101T000000", b"DTEND:20261110T093000+9959", b"DURATION:P999W999DT9999H",
    b"TZOFFSETTO:+2500", b"TZOFFSETTO:-0000", b"RRULE:FREQ=YEARLY;BYDAY=-5SU;BYMONTH=2", b"RRULE:BYMONTH=x",
    b"RRULE:FREQ=YEARLY;BYDAY=5MO;BYMONTH=13", b"TZID:Nowhere/Land", b"UID:", b"UID:040000008200E00074C5B710",
    b"UID:7643616C2D556964010000000", b"UID:7643616C2D5569640100000000", b"UID:7643616C2D556964010000006161",
    b"ATTENDEE;PARTSTAT=ACCEPTED:mailto:lead@agency.example", b"ATTENDEE;CN=\"a;b:mailto:x@y.example",
    b"ATTENDEE;CN=a:b;PARTSTAT=DECLINED:MAILTO:lead@agency.example", b"ATTENDEE", b"ATTENDEE;:", b"ATTENDEE;;;==:",
    b"ATTENDEE;DELEGATED-TO=\"mailto:a@b.example\",\"mailto:c@d.example\":mailto:%00@%.example", b"ORGANIZER::::",
    b"COMMENT:\\n\\,\\;\\", b"X-A;B=\"^n^'^^\":c", b" folded", b"\tfolded", b"  ", b"\x00", b"\xef\xbb\xbf", b"=3D",
)  # fmt: skip


def _package(compression: int, **members: bytes) -> bytes:
    made = BytesIO()
    with ZipFile(made, "w", compression) as package:
        for name, content in members.items():
            package.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return made.getvalue()


_WORD = (
    b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
    b"<w:p><w:r><w:t>Our report GSCP-2026-01</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>1</w:t></w:r></w:p>"
    b"</w:tc></w:tr></w:tbl></w:body></w:document>"
)
DOCUMENTS = (
    _package(ZIP_DEFLATED, word__document_dot_xml=_WORD, **{"[Content_Types]_dot_xml": b"<Types/>" + b" " * 500}),
    _package(ZIP_DEFLATED, mimetype=b"application/vnd.oasis.opendocument.text", content_dot_xml=b"<a/>" * 500),
    _package(ZIP_STORED, xl__workbook_dot_xml=b"<a/>", **{"[Content_Types]_dot_xml": b"<Types/>"}),
    b"%PDF-1.7\n1 0 obj <</Type /Catalog>> endobj\nstartxref\n9\n%%EOF\n",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500 + "WordDocument".encode("utf-16-le"),
    b"From: a@b.example\nSubject: report\nDate: now\n\ntext\n", b"\xff\xfea\x00", b"code,name\n01,Youth\n",
)  # fmt: skip


def _one_of(samples: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """One of these, by its number: a strategy that names them all is too long to be told."""
    return st.integers(0, len(samples) - 1).map(samples.__getitem__)


# --- bent samples ----------------------------------------------------------------------------------------------------

_NAMED = tuple(f"{name}: ".encode() for name in (*HEADERS, *FIELDS))
PIECES = (*SAYINGS, *CALENDAR_PIECES, *_NAMED, b"--x", b"--x--", b"\n\n")
_HOW = (
    "drop", "double", "swap", "overwrite", "put before", "fold", "fold torn", "tear", "append", "flip", "cut", "repeat",
    "case", "outdent",
)  # fmt: skip
_CHANGES = st.lists(st.tuples(st.sampled_from(_HOW), st.integers(0, 5_000), st.integers(0, 5_000)), max_size=8)


def bent_by(sample: bytes, changes: Sequence[tuple[str, int, int]], end: bytes = b"\n") -> bytes:
    """*sample* with its lines changed so, each change a manner and two numbers that say where and by what."""
    lines = sample.replace(b"\r\n", b"\n").split(b"\n")
    for how, place, what in changes:
        at = place % len(lines)
        lines[at : at + 1] = _bent(how, lines[at], lines[what % len(lines)], what)
        lines = lines or [b""]
    return end.join(lines)


def _bent(how: str, line: bytes, other: bytes, what: int) -> list[bytes]:
    cut, piece = what % (len(line) + 1), PIECES[what % len(PIECES)]
    match how:
        case "drop":
            return []
        case "double":
            return [line, line]
        case "swap":
            return [other, line]
        case "overwrite":
            return [line[:cut] + piece]
        case "put before":
            return [piece, line]
        case "fold":
            return [line[:cut], b" " + line[cut:]]
        case "fold torn":
            return [line[:cut], line[cut:]]
        case "tear":
            return [line[:cut] + b"\r" + line[cut:]]
        case "append":
            return [line + piece]
        case "flip":
            return [line[:cut] + bytes([what % 256]) + line[cut + 1 :]]
        case "cut":
            return [line[:cut]]
        case "repeat":
            return [line[:cut] + line[cut:] * (what % 40)]
        case "case":
            return [line.swapcase()]
    return [line.lstrip()]


def bent(samples: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """One of these, bent."""
    return st.builds(bent_by, _one_of(samples), _CHANGES, st.sampled_from((b"\n", b"\r\n", b"\r")))


def damaged(samples: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """One of these with bytes overwritten, taken out or put in: for what has no lines."""
    hits = st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 12), st.binary(max_size=12)), max_size=5)

    def struck(sample: bytes, changes: Sequence[tuple[int, int, bytes]]) -> bytes:
        for place, gone, put in changes:
            at = place % (len(sample) + 1)
            sample = sample[:at] + put + sample[at + gone :]
        return sample

    return st.builds(struck, _one_of(samples), hits)


# --- made up by their grammar ----------------------------------------------------------------------------------------

_VALUES = st.one_of(
    st.sampled_from(SAYINGS),
    st.binary(max_size=60),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(st.sampled_from(SAYINGS), min_size=2, max_size=4).map(b" ".join),
    st.builds(
        lambda charset, text: f"=?{charset}?b?".encode("utf-8", "replace") + b64encode(text) + b"?=",
        st.sampled_from(CHARSETS), st.binary(max_size=30),
    ),
)  # fmt: skip
_NAMES = st.one_of(st.sampled_from((*HEADERS, *FIELDS)).map(str.encode), st.binary(min_size=1, max_size=8))
_ENDS = st.sampled_from((b"\n", b"\r\n"))


def _field(name: bytes, value: bytes) -> bytes:
    return name + b": " + value


_FIELDS = st.lists(st.builds(_field, _NAMES, _VALUES), max_size=6).map(b"\n".join)
_BOUNDARIES = st.sampled_from((b"x", b"x", b"x", b"--x", b"", b" ", b"(.*", b'"', b"y" * 80, b"x\x00"))
_STATUS = st.lists(
    st.lists(st.builds(_field, st.sampled_from(FIELDS).map(str.encode), _VALUES), max_size=5).map(b"\n".join),
    max_size=4,
).map(b"\n\n".join)
CALENDARS = st.one_of(
    bent(REPLIES),
    st.lists(st.sampled_from(CALENDAR_PIECES), max_size=25).map(
        lambda pieces: b"\r\n".join((b"BEGIN:VCALENDAR", b"BEGIN:VEVENT", b"UID:1@section11.example", *pieces))
    ),
)
_CONTENT = st.one_of(
    _STATUS, CALENDARS, damaged(DOCUMENTS), st.binary(max_size=200), _one_of((*SAYINGS, *DOCUMENTS)),
    st.binary(max_size=60).map(b64encode),
)  # fmt: skip


@st.composite
def _part(draw: st.DrawFn, inside: st.SearchStrategy[bytes]) -> bytes:
    kind, boundary = draw(st.sampled_from(TYPES)).encode(), draw(_BOUNDARIES)
    charset, coding = draw(st.sampled_from(CHARSETS)), draw(st.sampled_from(CODINGS))
    told = [b"Content-Type: " + kind + b"; charset=" + charset.encode("utf-8", "replace")]
    if kind.startswith(b"multipart/"):
        told[0] += b"; boundary=" + boundary + b"; report-type=delivery-status"
        within = draw(st.lists(inside, max_size=4))
        content = b"".join(b"--" + boundary + b"\n" + each + b"\n" for each in within)
        content += draw(st.sampled_from((b"--" + boundary + b"--\n", b"")))
    else:
        told.append(b"Content-Transfer-Encoding: " + coding.encode())
        content = draw(inside)
        content = b64encode(content) if draw(st.booleans()) and "base64" in coding.lower() else content
    if draw(st.booleans()):
        told.append(b"Content-Disposition: " + draw(st.sampled_from((b"attachment; filename=", b"inline; name="))))
        told[-1] += draw(st.sampled_from((b"report.docx", b"invite.ics", *SAYINGS)))
    return b"\n".join((*told, draw(_FIELDS), b"", content))


PARTS = st.recursive(_CONTENT, _part, max_leaves=8)
MADE_UP = st.builds(
    lambda head, part, end: (b"From: lead@agency.example\n" + head + b"\n" + part).replace(b"\n", end),
    _FIELDS, _part(PARTS), _ENDS,
)  # fmt: skip

SAMPLES = (*(one.raw for one in BOUNCES), *(other.raw for other in OTHERS))
BENT_BOUNCES = bent(tuple(one.raw for one in BOUNCES))
MAIL = st.one_of(MADE_UP, bent(SAMPLES), BENT_BOUNCES)


@st.composite
def swollen(draw: st.DrawFn, pieces: Sequence[bytes], size: int) -> bytes:
    """A few pieces, one of them so often that it makes *size* bytes: what costs more than its length would show."""
    before, piece, after = (draw(_one_of(pieces)) for _ in range(3))
    joint = draw(st.sampled_from((b"", b"\n", b"\r\n", b"\n ", b" ", b";", b",", b"\n\n", b"\r")))
    unit = (piece + joint) or b"x"
    return before + joint + unit * (size // len(unit)) + after
