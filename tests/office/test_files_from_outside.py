"""Office files that somebody damaged, locked, or made to do harm: refused in a sentence, and soon."""

import io
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from docx import Document
from openpyxl import Workbook

from s11flow.office import sheets
from s11flow.office.read_word import NotAWordFile, read_word

_WORD = "The file cannot be read as a Word document (.docx): {}."
_EXCEL = "The file cannot be read as an Excel workbook (.xlsx): {}."
_DAMAGED = "it is damaged, or of another kind"
_TOO_LARGE = "a sheet of it is larger than any that people fill in"
_SHEET = "xl/worksheets/sheet1.xml"
_TEXT = "word/document.xml"
_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True))
    + '<!ENTITY file SYSTEM "file:///etc/hostname">]>'
)


def _saved(file: Any) -> bytes:
    written = io.BytesIO()
    file.save(written)
    return written.getvalue()


def _letter() -> bytes:
    document = Document()
    document.add_paragraph("1.1 is met.")
    return _saved(document)


def _book() -> bytes:
    book = Workbook()
    book.worksheets[0].append(["code", "name"])
    return _saved(book)


def _with(data: bytes, member: str, said: str) -> bytes:
    """The archive with this text in place of a member's own."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as found, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as made:
        for name in found.namelist():
            made.writestr(name, said if name == member else found.read(name))
    return written.getvalue()


def _torn(data: bytes, member: str) -> bytes:
    """The archive with other bytes where those of a member stand."""
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        at = found.getinfo(member).header_offset + 30 + len(member)
    return data[: at + 20] + bytes(byte ^ 0x55 for byte in data[at + 20 : at + 40]) + data[at + 40 :]


def _locked(data: bytes, member: str) -> bytes:
    """The archive that says of a member that it is encrypted."""
    listed = data.rindex(member.encode()) - 46
    return data[: listed + 8] + struct.pack("<H", 1) + data[listed + 10 :]


def _rows(said: str) -> str:
    kind = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    return f"<worksheet {kind}><sheetData>{said}</sheetData></worksheet>"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(lambda data: _torn(data, _TEXT), _DAMAGED, id="torn"),
        pytest.param(lambda data: _locked(data, _TEXT), "it has a password", id="locked"),
        pytest.param(lambda data: _with(data, _TEXT, f"{_LAUGHS}<a>&i;&file;</a>"), _DAMAGED, id="entities"),
        pytest.param(lambda data: _with(data, _TEXT, "<a>" * 100_000), _DAMAGED, id="deep"),
        pytest.param(lambda data: _with(data, "[Content_Types].xml", "<a/>"), _DAMAGED, id="no kinds"),
        pytest.param(
            lambda data: _with(data, _TEXT, "<w:p/>" * 3_000_000),
            "one part of it is larger than 16 MB",
            id="a bomb",
        ),
    ],
)
def test_a_word_file_that_is_not_whole_is_refused_in_a_sentence(change: Callable[[bytes], bytes], why: str) -> None:
    with pytest.raises(NotAWordFile) as refusal:
        read_word(change(_letter()))

    assert str(refusal.value) == _WORD.format(why)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(lambda data: _torn(data, _SHEET), _DAMAGED, id="torn"),
        pytest.param(lambda data: _locked(data, _SHEET), "it has a password", id="locked"),
        pytest.param(lambda data: _with(data, _SHEET, f"{_LAUGHS}<a>&i;&file;</a>"), _DAMAGED, id="entities"),
        pytest.param(
            lambda data: _with(data, _SHEET, _rows('<row r="1"><c r="A1" t="s"><v>9</v></c></row>')),
            _DAMAGED,
            id="a text that is not there",
        ),
        pytest.param(
            lambda data: _with(data, _SHEET, _rows('<row r="1"><c r="A1"><v>nan</v></c></row>')),
            _DAMAGED,
            id="no number",
        ),
        pytest.param(
            lambda data: _with(data, _SHEET, _rows('<row r="99999999"><c r="A99999999"><v>1</v></c></row>')),
            _TOO_LARGE,
            id="far down",
        ),
        pytest.param(
            lambda data: _with(
                data, _SHEET, _rows("".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 400)))
            ),
            _TOO_LARGE,
            id="far out",
        ),
    ],
)
def test_a_workbook_that_is_not_whole_is_refused_in_a_sentence(change: Callable[[bytes], bytes], why: str) -> None:
    with pytest.raises(sheets.NotAWorkbook) as refusal:
        sheets.read(change(_book()))

    assert str(refusal.value) == _EXCEL.format(why)


def test_a_sheet_is_as_large_as_its_cells_and_not_as_it_says() -> None:
    said = _rows('<row r="2"><c r="B2"><v>1</v></c></row>').replace(
        "<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>'
    )

    assert sheets.read(_with(_book(), _SHEET, said)) == {"Sheet": [[], ["", "1"]]}
