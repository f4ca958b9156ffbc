"""Links are found wherever a report has them, and those that will not open from outside are named, with why."""

from __future__ import annotations

import io
import zlib
from datetime import UTC, datetime

import pytest
from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from pypdf import PdfWriter
from pypdf.annotations import Link

from s11flow.links import Unreadable, find, links_in, why_closed
from s11flow.office.sheets import Sheet, write

INSIDE = "is an address inside a network, not on the internet"
PATH = "it is a path on your own network or computer"
CLOSED = {
    "https://council.example/policy?page=2#part": "",
    "http://www.council.example:8080/a(b)": "",
    "HTTPS://COUNCIL.EXAMPLE/": "",
    "https://93.184.216.34/report": "",
    "https://xn--bcher-kva.example/": "",
    "https://intranet/policies": '"intranet" is a name inside your own network',
    "https://sharepoint/sites/safe": '"sharepoint" is a name inside your own network',
    "https://hr.council.local/": '"hr.council.local" is a name inside a network, not on the internet',
    "https://docs.internal./x": '"docs.internal" is a name inside a network, not on the internet',
    "http://10.1.2.3/": f"10.1.2.3 {INSIDE}",
    "http://192.168.0.10:8080/": f"192.168.0.10 {INSIDE}",
    "http://127.0.0.1/": f"127.0.0.1 {INSIDE}",
    "http://169.254.169.254/latest": f"169.254.169.254 {INSIDE}",
    "http://100.64.0.1/": f"100.64.0.1 {INSIDE}",
    "http://[::1]/": f"::1 {INSIDE}",
    "http://[fd00::1]/": f"fd00::1 {INSIDE}",
    "http://2130706433/": "it has a number where the server's name belongs",
    "http://0x7f.0.0.1/": "it has a number where the server's name belongs",
    "file:///S:/Safeguarding/audit.docx": PATH,
    "\\\\fileserver\\share\\audit.docx": PATH,
    "S:\\Safeguarding\\audit.docx": PATH,
    "//fileserver/share": PATH,
    "https://council.sharepoint.com/:w:/r/sites/x": (
        "it is a share in SharePoint, which opens only for those it is shared with"
    ),
    "https://docs.google.com/document/d/1": (
        "it is a share in Google Docs, which opens only for those it is shared with"
    ),
    "https://notsharepoint.com/": "",
    "https://lead:secret@council.example/": "it has a user name or password in it",
    "ftp://council.example/a": "it begins with ftp:, and only https:// or http:// opens in a browser",
    "javascript:alert(1)": "it begins with javascript:, and only https:// or http:// opens in a browser",
    "https://": "it names no server",
    "https://[::1": "it is not a complete web address",
    "https://council.example:99999/": "it is not a complete web address",
    "see our policy": "it is not a complete web address",
}


@pytest.mark.parametrize("address", CLOSED)
def test_an_address_that_will_not_open_from_outside_is_told_from_one_that_may(address: str) -> None:
    assert why_closed(address) == CLOSED[address]


WRITTEN = {
    "See https://council.example/policy.": ("https://council.example/policy",),
    "(https://council.example/a_(b), and www.council.example/c;": (
        "https://council.example/a_(b)",
        "https://www.council.example/c",
    ),
    "“https://council.example/x”": ("https://council.example/x",),
    "Twice: https://council.example/x https://council.example/x": ("https://council.example/x",),
    "In \\\\fileserver\\share\\audit.docx or S:\\audit.docx": ("\\\\fileserver\\share\\audit.docx", "S:\\audit.docx"),
    "Write to lead@council.example; council.example has more": (),
    "": (),
}


@pytest.mark.parametrize("text", WRITTEN)
def test_addresses_are_found_in_a_text_without_the_sentence_around_them(text: str) -> None:
    assert links_in("report.txt", text.encode()) == WRITTEN[text]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_a_text_is_read_in_whatever_way_it_was_saved(encoding: str) -> None:
    assert links_in("report.txt", "é https://council.example/é ü".encode(encoding)) == ("https://council.example/é",)


def test_an_address_is_as_long_as_a_browser_takes_one() -> None:
    assert links_in("report.txt", b"See https://council.example/(a" + b")" * 3_000_000) == (
        "https://council.example/(a)",
    )


def test_a_word_file_has_links_in_words_behind_words_and_in_tables() -> None:
    document = Document()
    document.add_paragraph("See https://council.example/1 first.")
    document.add_table(1, 1).rows[0].cells[0].text = "https://council.example/2"
    relation = document.part.relate_to("https://council.example/3", RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    link = OxmlElement("w:hyperlink")
    link.set(qn("r:id"), relation)
    document.paragraphs[0]._p.append(link)
    document.part.relate_to("mailto:lead@council.example", RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    field = OxmlElement("w:instrText")
    field.text = ' HYPERLINK "https://council.example/4" '
    document.paragraphs[0].add_run()._r.append(field)
    written = io.BytesIO()
    document.save(written)

    assert sorted(links_in("Report.DOCX", written.getvalue())) == [f"https://council.example/{n}" for n in (1, 2, 3, 4)]


def test_a_pdf_has_links_behind_words() -> None:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    writer.add_annotation(0, Link(rect=(0, 0, 50, 50), url="https://council.example/1"))
    written = io.BytesIO()
    writer.write(written)

    assert links_in("report.pdf", written.getvalue()) == ("https://council.example/1",)


def _endless_pdf() -> bytes:
    """Few bytes that say the same letter for a very long time, on a hundred pages."""
    said = zlib.compress(b"BT /F 1 Tf (a) Tj ET\n" * 50_000)
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>"
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[" + b"3 0 R " * 100 + b"]/Count 100>>",
        page,
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(said), said),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    whole, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(b"%010d 00000 n \n" % len(whole))
        whole += b"%d 0 obj%sendobj\n" % (number, each)
    listed = b"xref\n0 6\n0000000000 65535 f \n" + b"".join(places)
    return whole + listed + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(whole)


def test_a_pdf_that_takes_too_long_to_read_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "_PATIENCE", 1.0)

    with pytest.raises(Unreadable) as refusal:
        links_in("report.pdf", _endless_pdf())

    assert str(refusal.value) == "report.pdf: links could not be looked for; it takes too long to read."


def _locked_pdf() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    writer.encrypt("secret")
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("report.pdf", b"%PDF-1.7 half"),
        ("report.pdf", b""),
        ("report.pdf", _locked_pdf()),
        ("report.docx", b"PK\x03\x04 half"),
        ("report.docx", write([Sheet("1", [("a", 5)], [])], title="", author="", at=datetime.now(UTC))),
    ],
)
def test_a_file_that_cannot_be_read_is_said_to_be_so(name: str, data: bytes) -> None:
    with pytest.raises(Unreadable) as refusal:
        links_in(name, data)
    assert str(refusal.value) == f"{name}: links could not be looked for; the file is damaged, or has a password."


def test_a_kind_of_file_that_is_not_read_is_said_to_be_so() -> None:
    with pytest.raises(Unreadable) as refusal:
        links_in("photo.png", b"\x89PNG")
    assert str(refusal.value) == "photo.png: links are looked for in Word, PDF and text files, not in this kind."
