"""The words of files from outside, and that no file is too odd."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s11flow.inbound.words import words_in


def package(members: Mapping[str, str]) -> bytes:
    made = BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return made.getvalue()


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        ("txt", "Caf\u00e9".encode(), "Caf\u00e9"),
        ("csv", "Name,DOB".encode("utf-16"), "Name,DOB"),
        (
            "docx",
            package(
                {
                    "word/document.xml": "<w:p><w:r><w:t>943 4</w:t></w:r><w:r><w:t>76 5919</w:t></w:r></w:p><w:tr>"
                    "<w:tc><w:p><w:t>a &amp; b</w:t></w:p></w:tc></w:tr>",
                    "word/comments.xml": "<w:p>said</w:p>",
                    "word/styles.xml": "not said",
                }
            ),
            "943 476 5919\na & b\n\t\n\nsaid\n",
        ),
        (
            "xlsx",
            package(
                {
                    "xl/sharedStrings.xml": "<si><t>Name</t></si><si><t>DOB</t></si>",
                    "xl/worksheets/sheet1.xml": "<row><c><v>0</v></c><c><v>9434765919</v></c></row>",
                }
            ),
            "Name\nDOB\n\n0\t9434765919\t\n",
        ),
        ("pptx", package({"ppt/slides/slide1.xml": "<a:p><a:t>Slide</a:t></a:p>"}), "Slide\n"),
        ("odt", package({"content.xml": "<text:p>Open</text:p>"}), "Open\n"),
        ("docx", b"PK\x03\x04 torn", ""),
        ("pdf", b"%PDF-1.7 not read here", ""),
    ],
)
def test_what_a_file_says(kind: str, content: bytes, words: str) -> None:
    assert words_in(kind, content) == words


def test_no_more_is_read_than_is_looked_at() -> None:
    assert words_in("docx", package({"word/document.xml": "<w:t>" + "a" * 999}), most=10) == "a" * 10


def test_what_unpacks_to_too_much_is_read_as_far_as_32_mb() -> None:
    large = package({"word/document.xml": "It" + "<w:t/>" * 5_400_000, "word/header1.xml": "is not reached"})

    assert words_in("docx", large) == "It"


@given(st.sampled_from(["docx", "xlsx", "odt", "txt", "eml", "png"]), st.binary(max_size=300))
def test_no_file_is_too_odd_to_be_read(kind: str, content: bytes) -> None:
    assert isinstance(words_in(kind, content), str)
