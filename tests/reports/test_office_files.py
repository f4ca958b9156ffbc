"""The Word file and the workbook of the report, read back by another program."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from docx.document import Document as Doc
from docx.oxml.ns import qn
from openpyxl import load_workbook
from openpyxl.cell import Cell

from s11flow.reports import AssuranceReport
from s11flow.reports.render import render
from s11flow.reports.tidy import COLUMNS, rows
from s11flow.reports.xlsx_ import SHEETS
from tests.reports.read_back import one_line, page_tables, style_of, word_file, word_tables, workbook_rows
from tests.reports.register import BY_TARGET, EXAMPLE, case, report_of, whole_register

REPORT = report_of(whole_register())
TRAPS = ("=HYPERLINK(1)", "+1", "-1+2", "@SUM(A1)", "\x07bell", "a" * 40_000)


def trapped(text: str) -> AssuranceReport:
    """A report in which an agency's judgement says *text*."""
    written = EXAMPLE.model_copy(update={"impact": text})
    return report_of([case("01", arrived=BY_TARGET, assessment=written)])


def word_of(report: AssuranceReport) -> Doc:
    return word_file(render(report, "docx"))


# --- the Word file ----------------------------------------------------------------------------------------------------


def test_the_word_file_has_every_table_of_the_page_cell_by_cell() -> None:
    assert word_tables(word_of(REPORT)) == page_tables(render(REPORT, "html"))


def test_the_word_file_has_the_pages_headings_in_words_own_styles() -> None:
    html = render(REPORT, "html").decode()
    expected = [
        ("Title" if level == "1" else f"Heading {int(level) - 1}", one_line(re.sub("<[^>]+>", "", text)))
        for level, text in re.findall(r"<h(\d)[^>]*>(.*?)</h\d>", html, re.DOTALL)
    ]
    found = [(style_of(it), it.text) for it in word_of(REPORT).paragraphs if style_of(it).startswith(("Title", "Head"))]

    assert [(style, text.replace("&#39;", "'")) for style, text in expected] == found


def test_header_rows_repeat_rows_stay_whole_and_each_table_says_what_it_is() -> None:
    for table in word_of(REPORT).tables:
        rows_of = table._tbl.findall(qn("w:tr"))
        assert [row.find(".//" + qn("w:tblHeader")) is not None for row in rows_of] == [True] + [False] * (
            len(rows_of) - 1
        )
        assert all(row.find(".//" + qn("w:cantSplit")) is not None for row in rows_of)
        assert table._tbl.tblPr.find(qn("w:tblCaption")).get(qn("w:val"))


def test_a_screen_reader_finds_its_way_through_the_word_file() -> None:
    document = word_of(REPORT)
    levels = [int(style_of(it)[-1]) for it in document.paragraphs if style_of(it).startswith("Heading")]
    before_tables = [
        table._tbl.getprevious().find(qn("w:pPr")).find(qn("w:pStyle")).get(qn("w:val")) for table in document.tables
    ]
    languages = {found.get(qn("w:val")) for found in document.styles.element.iter(qn("w:lang"))}

    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert set(before_tables) == {"Caption"}
    assert languages == {"en-GB"}
    assert list(document.element.body.iter(qn("w:drawing"))) == []  # no picture, so that none wants a text in its place


def test_each_line_of_the_contents_leads_to_its_heading() -> None:
    body = word_of(REPORT).element.body
    links = {found.get(qn("w:anchor")) for found in body.iter(qn("w:hyperlink"))}
    marks = {found.get(qn("w:name")) for found in body.iter(qn("w:bookmarkStart"))}

    assert len(links) == 16
    assert links <= marks


def test_the_word_file_says_its_language_title_and_author() -> None:
    properties = word_of(REPORT).core_properties

    assert (properties.language, properties.title, properties.author) == (
        "en-GB",
        f"Section 11 Assurance Report, cycle {REPORT.build.cycle}: {REPORT.build.partnership}",
        REPORT.build.author,
    )


@pytest.mark.parametrize("text", TRAPS)
def test_what_people_wrote_stands_in_the_word_file_as_they_wrote_it(text: str) -> None:
    said = [paragraph.text for paragraph in word_of(trapped(text)).paragraphs]
    assert text.replace("\x07", "") in said


# --- the workbook -----------------------------------------------------------------------------------------------------


def test_the_workbook_has_the_rows_of_the_csv_file_part_by_part() -> None:
    place = {section: number for number, sections in enumerate(SHEETS.values()) for section in sections}
    tidy = [{name: getattr(row, name) for name in COLUMNS} for row in rows(REPORT)]

    assert workbook_rows(render(REPORT, "xlsx"), COLUMNS) == sorted(tidy, key=lambda row: place[row["section"]])


def test_counts_are_numbers_that_can_be_summed() -> None:
    sheet = load_workbook(io.BytesIO(render(REPORT, "xlsx")))["Who took part"]
    head, *its = sheet.iter_rows(values_only=True)
    reports = [row[head.index("n")] for row in its if row[0] == "who took part: reports"]

    assert sum(number for number in reports if isinstance(number, int)) == REPORT.took_part.on_register


@pytest.mark.parametrize("text", TRAPS)
def test_no_text_becomes_a_formula(text: str) -> None:
    data = render(trapped(text), "xlsx")
    cells = [cell for sheet in load_workbook(io.BytesIO(data)) for row in sheet.iter_rows() for cell in row]
    (found,) = [cell for cell in cells if isinstance(cell, Cell) and _is_of(cell, text)]

    assert (found.data_type, found.quotePrefix) == ("s", not text.replace("\x07", "")[0].isalnum())
    assert b"<f>" not in b"".join(_members(data))


def _is_of(cell: Cell, text: str) -> bool:
    return str(cell.value)[:20] == text.replace("\x07", "")[:20]


def _members(data: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        yield from (archive.read(name) for name in archive.namelist())


def test_a_text_that_no_cell_holds_says_where_it_was_cut() -> None:
    (told,) = [
        row["value"]
        for row in workbook_rows(render(trapped("a" * 40_000), "xlsx"), COLUMNS)
        if row["section"] == "impact on children"
    ]

    assert len(told) == 32_767
    assert told.endswith(" [cut here, because a cell holds no more]")


# --- another program --------------------------------------------------------------------------------------------------

needs_libreoffice = pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
needs_pdftotext = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext (poppler) is not installed")


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report's Office files, and what LibreOffice makes of them; it is started once for each kind."""
    folder = tmp_path_factory.mktemp("converted")
    (folder / "word.docx").write_bytes(render(REPORT, "docx"))
    (folder / "book.xlsx").write_bytes(render(REPORT, "xlsx"))
    for kind, names in {"pdf": ("word.docx", "book.xlsx"), "odt": ("word.docx",), "csv": ("book.xlsx",)}.items():
        made = subprocess.run(
            ["soffice", f"-env:UserInstallation=file://{folder}/office", "--headless", "--convert-to", kind,
             "--outdir", str(folder), *(str(folder / name) for name in names)],
            capture_output=True, text=True, timeout=200,
        )  # fmt: skip
        assert (made.returncode, "Error" in made.stdout + made.stderr) == (0, False), made.stderr
    return folder


@needs_libreoffice
def test_libreoffice_makes_a_pdf_and_its_own_kinds_of_the_office_files(converted: Path) -> None:
    starts = {name: (converted / name).read_bytes()[:4] for name in ("word.pdf", "book.pdf", "word.odt")}
    first_sheet = list(csv.reader((converted / "book.csv").read_text("utf-8").splitlines()))

    assert starts == {"word.pdf": b"%PDF", "book.pdf": b"%PDF", "word.odt": b"PK\x03\x04"}
    assert first_sheet[0][:2] == ["section", "measure"]
    assert ["build", "cycle"] in [row[:2] for row in first_sheet]


@needs_libreoffice
@needs_pdftotext
def test_the_headings_stand_in_the_pdf_in_their_order(converted: Path) -> None:
    told = subprocess.run(["pdftotext", "-layout", converted / "word.pdf", "-"], capture_output=True, check=True)
    text = one_line(told.stdout.decode())
    headings = [it.text for it in word_file(render(REPORT, "docx")).paragraphs if style_of(it) == "Heading 1"]
    text = text.partition("Appendix D: glossary")[2]  # after the list of contents
    places = [text.find(one_line(heading)) for heading in headings if heading != "Contents"]

    assert len(places) == 16
    assert -1 not in places
    assert places == sorted(places)
