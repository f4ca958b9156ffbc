"""What a file is, is told by its content."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s11flow.inbound.sniff import Sniffed, sniff
from tests.services.mails import docx, zipped

TYPES, BODY = "[Content_Types].xml", b"<x/>"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ODT = b"application/vnd.oasis.opendocument.text"


def wide(name: str) -> bytes:
    return OLE + b"\0" * 64 + name.encode("utf-16-le") + b"\0" * 64


FILED = [
    ("docx", docx()),
    ("xlsx", zipped(**{TYPES: BODY, "xl/workbook.xml": BODY})),
    ("pptx", zipped(**{TYPES: BODY, "ppt/presentation.xml": BODY})),
    ("odt", zipped(mimetype=ODT, **{"META-INF/manifest.xml": BODY})),
    ("ods", zipped(mimetype=b"application/vnd.oasis.opendocument.spreadsheet")),
    ("pdf", b"%PDF-1.7\n...\n%%EOF\n"),
    ("txt", "Our r\u00e9port\n".encode()),
    ("txt", "Our r\u00e9port\n".encode("cp1252")),
    ("msg", wide("__properties_version1.0")),
    ("eml", b"From: pat@agency.example\r\nSubject: report\r\n\r\nHello\r\n"),
    ("png", b"\x89PNG\r\n\x1a\n..."),
    ("jpg", b"\xff\xd8\xff\xe0..."),
]


@pytest.mark.parametrize(("kind", "content"), FILED)
def test_what_may_be_filed(kind: str, content: bytes) -> None:
    assert sniff("report.exe", content) == Sniffed(kind)  # whatever it is called


def test_a_table_is_known_by_its_name() -> None:
    assert sniff("figures.CSV", b"standard,rating\n1,green\n") == Sniffed("csv")


KEPT_ASIDE = [
    ("is empty", b""),
    ("has a macro", zipped(**{TYPES: BODY, "word/document.xml": BODY, "word/vbaProject.bin": b"x"})),
    (
        "has a macro",
        zipped(**{TYPES: b'"application/vnd.ms-word.document.macroEnabled.main+xml"', "word/document.xml": b""}),
    ),
    ("has a macro", zipped(mimetype=ODT, **{"Basic/Standard/Module1.xml": BODY})),
    ("has a password", zipped(mimetype=ODT, **{"META-INF/manifest.xml": b"<manifest:encryption-data/>"})),
    ("has a password", wide("EncryptedPackage")),
    ("has a password", b"%PDF-1.7\ntrailer << /Encrypt 9 0 R >>\n%%EOF"),
    ("has a script", b"%PDF-1.7\n<< /JavaScript 9 0 R >>\n%%EOF"),
    ("has another file within it", b"%PDF-1.7\n<< /EmbeddedFiles 9 0 R >>\n%%EOF"),
    ("is damaged: its end is missing", b"%PDF-1.7\n"),
    ("is damaged: it cannot be opened", docx()[:-40]),
    ("is damaged: it cannot be opened", docx().replace(docx()[400:430], b"\xff" * 30, 1)),
    ("is of an old kind that may hide a macro; it has to be sent as a new one or as PDF", wide("WordDocument")),
    ("is an archive: what is in it has to be sent as it is", zipped(a=zipped(b=b"c"))),
    ("is an archive: what is in it has to be sent as it is", b"\x1f\x8b\x08"),
    ("is a program", b"MZ\x90"),
    ("is a web page; it has to be sent as Word or PDF", b"<!DOCTYPE html><p>"),
    ("is of a kind that is not known here, or damaged", bytes(range(256))),
]


@pytest.mark.parametrize(("fault", "content"), KEPT_ASIDE)
def test_case_40_what_is_kept_aside(fault: str, content: bytes) -> None:
    assert sniff("report.docx", content).fault == fault


@given(
    st.text(max_size=20), st.binary(max_size=400), st.sampled_from([b"", b"PK\x03\x04", OLE, b"%PDF-", b"From: x\n"])
)
def test_no_file_is_too_odd_to_be_told(name: str, content: bytes, beginning: bytes) -> None:
    assert sniff(name, beginning + content).kind
