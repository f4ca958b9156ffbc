"""The Word file and the workbook of the report, read back by another program."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from docx import Document
from docx.document import Document as Doc
from docx.oxml.ns import qn
from openpyxl import load_workbook
from openpyxl.cell import Cell

from s11flow.reports import AssuranceReport
from s11flow.reports.render import render
from s11flow.reports.tidy import COLUMNS, rows
from s11flow.reports.xlsx_ import SHEETS
from tests.reports.register import BY_TARGET, EXAMPLE, case, report_of, whole_register

REPORT = report_of(whole_register())
TRAPS = ("=HYPERLINK(1)", "+1", "-1+2", "@SUM(A1)", "\x07bell", "a" * 40_000)


def trapped(text: str) -> AssuranceReport:
    """A report in which an agency's judgement says *text*."""
    written = EXAMPLE.model_copy(update={"impact": text})
    return report_of([case("01", arrived=BY_TARGET, assessment=written)])


class _Tables(HTMLParser):
    """The tables of the page: caption and rows of texts; a cell that reaches over two rows stands in both."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.tables: list[tuple[list[str], list[list[list[str]]]]] = []
        self.texts: list[str] | None = None
        self.below: list[list[str]] = []
        self.feed(html.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append(([], []))
        elif tag == "caption":
            self.texts = self.tables[-1][0]
        elif tag == "tr":
            self.tables[-1][1].append(self.below)
            self.below = []
        elif tag in ("td", "th"):
            self.texts = []
            self.tables[-1][1][-1].append(self.texts)
            self.below += [self.texts] if "rowspan" in dict(attrs) else []
        elif tag == "br" and self.texts is not None:
            self.texts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.texts = None if tag in ("td", "th", "caption") else self.texts

    def handle_data(self, data: str) -> None:
        if self.texts is not None:
            self.texts.append(data)


def _words(text: str) -> str:
    return " ".join(text.split())


def page_tables(report: AssuranceReport) -> list[tuple[str, list[list[str]]]]:
    return [
        (_words("".join(caption)), [[_words("".join(cell)) for cell in row] for row in its])
        for caption, its in _Tables(render(report, "html")).tables
    ]


def word_file(report: AssuranceReport) -> Doc:
    return Document(io.BytesIO(render(report, "docx")))


def word_tables(document: Doc) -> Iterator[tuple[str, list[list[str]]]]:
    captions = [paragraph.text for paragraph in document.paragraphs if _style(paragraph) == "Caption"]
    for caption, table in zip(captions, document.tables, strict=True):
        yield caption, [[_words(cell.text) for cell in row.cells] for row in table.rows]


def _style(paragraph: object) -> str:
    return str(paragraph.style.name)  # type: ignore[attr-defined]


# --- the Word file ----------------------------------------------------------------------------------------------------


def test_the_word_file_has_every_table_of_the_page_cell_by_cell() -> None:
    assert list(word_tables(word_file(REPORT))) == page_tables(REPORT)


def test_the_word_file_has_the_pages_headings_in_words_own_styles() -> None:
    html = render(REPORT, "html").decode()
    expected = [
        ("Title" if level == "1" else f"Heading {int(level) - 1}", _words(re.sub("<[^>]+>", "", text)))
        for level, text in re.findall(r"<h(\d)[^>]*>(.*?)</h\d>", html, re.DOTALL)
    ]
    found = [(_style(it), it.text) for it in word_file(REPORT).paragraphs if _style(it).startswith(("Title", "Head"))]

    assert [(style, text.replace("&#39;", "'")) for style, text in expected] == found


def test_header_rows_repeat_rows_stay_whole_and_each_table_says_what_it_is() -> None:
    for table in word_file(REPORT).tables:
        rows_of = table._tbl.findall(qn("w:tr"))
        assert [row.find(".//" + qn("w:tblHeader")) is not None for row in rows_of] == [True] + [False] * (
            len(rows_of) - 1
        )
        assert all(row.find(".//" + qn("w:cantSplit")) is not None for row in rows_of)
        assert table._tbl.tblPr.find(qn("w:tblCaption")).get(qn("w:val"))


def test_each_line_of_the_contents_leads_to_its_heading() -> None:
    body = word_file(REPORT).element.body
    links = {found.get(qn("w:anchor")) for found in body.iter(qn("w:hyperlink"))}
    marks = {found.get(qn("w:name")) for found in body.iter(qn("w:bookmarkStart"))}

    assert len(links) == 16
    assert links <= marks


def test_the_word_file_says_its_language_title_and_author() -> None:
    properties = word_file(REPORT).core_properties

    assert (properties.language, properties.title, properties.author) == (
        "en-GB",
        f"Section 11 Assurance Report, cycle {REPORT.build.cycle}: {REPORT.build.partnership}",
        REPORT.build.author,
    )


@pytest.mark.parametrize("text", TRAPS)
def test_what_people_wrote_stands_in_the_word_file_as_they_wrote_it(text: str) -> None:
    said = [paragraph.text for paragraph in word_file(trapped(text)).paragraphs]
    assert text.replace("\x07", "") in said


# --- the workbook -----------------------------------------------------------------------------------------------------


def workbook_rows(report: AssuranceReport) -> list[dict[str, str]]:
    book = load_workbook(io.BytesIO(render(report, "xlsx")))
    found = []
    for title in SHEETS:
        head, *its = book[title].iter_rows(values_only=True)
        names = [str(name).replace(" ", "_") for name in head]
        for values in its:
            told = dict(zip(names, ("" if value is None else str(value) for value in values), strict=True))
            found.append({name: told.get(name, "") for name in COLUMNS})
    return found


def test_the_workbook_has_the_rows_of_the_csv_file_part_by_part() -> None:
    place = {section: number for number, sections in enumerate(SHEETS.values()) for section in sections}
    tidy = [{name: getattr(row, name) for name in COLUMNS} for row in rows(REPORT)]

    assert workbook_rows(REPORT) == sorted(tidy, key=lambda row: place[row["section"]])


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
    (told,) = [row["value"] for row in workbook_rows(trapped("a" * 40_000)) if row["section"] == "impact on children"]

    assert len(told) == 32_767
    assert told.endswith(" [cut here, because a cell holds no more]")


# --- another program --------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize("name", ["docx", "xlsx"])
def test_libreoffice_opens_it_and_prints_it(name: str, tmp_path: Path) -> None:
    (tmp_path / f"report.{name}").write_bytes(render(REPORT, name))  # type: ignore[arg-type]
    made = subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/office", "--headless", "--convert-to", "pdf",
         "--outdir", str(tmp_path), str(tmp_path / f"report.{name}")],
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip

    assert (made.returncode, "Error" in made.stdout + made.stderr) == (0, False)
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
