"""The report as a Word file: the page of `s11flow.reports.html`, element by element, in Word's own styles.

Headings, lists, captions, header rows and links are Word's, so that a screen reader and the navigation pane find them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

from docx import Document
from docx.document import Document as Doc
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph

from s11flow.reports.html import render_html
from s11flow.reports.package import stable, xml_text
from s11flow.reports.shape import AssuranceReport

_STYLES = {"h1": "Title", "h2": "Heading 1", "h3": "Heading 2", "h4": "Heading 3", "p": "Normal", "li": "List Bullet"}
_BLOCKS = frozenset({*_STYLES, "dt", "dd"})
_UNSEEN = frozenset({"head"})
_VOID = frozenset({"br", "meta"})
_PAGE, _EDGE = Mm(297), Mm(18)
_INK, _ACCENT = RGBColor(0x0B, 0x0C, 0x0C), RGBColor(0x1D, 0x4F, 0x73)
_WIDE = 7
"""Columns from which a table is set in smaller type."""
_NARROWEST, _WIDEST, _MARGIN = 9, 60, 4
"""Letters by which columns share the width of a table; the margin keeps its longest word whole."""
_TWENTIETHS = 635
"""How many of the library's units make a twentieth of a point, in which Word measures tables."""
_SPACE = re.compile(r"\s+")
_STRIPE = re.compile(r"border-color: (#[0-9a-fA-F]{6})")


def render_docx(report: AssuranceReport) -> bytes:
    """The report as DOCX, A4, in English; the same report gives the same bytes."""
    document = Document()
    _set_up(document, report)
    page = _Page(document)
    page.feed(render_html(report).decode())
    page.close()
    written = BytesIO()
    document.save(written)
    return stable(written.getvalue(), report.built_at)


# --- the document's frame ---------------------------------------------------------------------------------------------


def _set_up(document: Doc, report: AssuranceReport) -> None:
    properties, section = document.core_properties, document.sections[0]
    properties.title = xml_text(f"Section 11 Assurance Report, cycle {report.build.cycle}: {report.build.partnership}")
    properties.author = xml_text(report.build.author)
    properties.language = "en-GB"
    properties.comments = ""
    properties.created = report.built_at.replace(tzinfo=None)
    section.orientation = WD_ORIENT.LANDSCAPE  # the ratings have eleven columns
    section.page_width, section.page_height = _PAGE, Mm(210)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = _EDGE
    for name, size in (("Normal", 11), ("Title", 24), ("Heading 1", 18), ("Heading 2", 14), ("Heading 3", 12)):
        font = document.styles[name].font
        font.name, font.size, font.color.rgb = "Arial", Pt(size), _INK if name == "Normal" else _ACCENT
        _set_typeface(document.styles[name].element)
    caption = document.styles["Caption"]
    caption.font.size, caption.font.color.rgb = Pt(10), _INK
    caption.paragraph_format.keep_with_next = True
    document.styles.element.find(".//" + qn("w:lang")).set(qn("w:val"), "en-GB")
    _number_pages(section.footer.paragraphs[0])


def _set_typeface(style: Any) -> None:
    """One typeface for every script: headings of the template take theirs from the theme."""
    fonts = style.rPr.rFonts
    for name in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{name}"), None)


def _number_pages(footer: Paragraph) -> None:
    footer.add_run("Page ")
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        run = footer.add_run()._r
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        element.text = text
        run.append(element)


# --- the page, element by element -------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Run:
    """A stretch of text that looks the same throughout; `link` is the place in the document that it leads to."""

    text: str
    is_strong: bool
    link: str = ""


@dataclass(slots=True)
class _Block:
    """A paragraph, or a cell of a table, that is being read. `covers` is how many rows a cell reaches over."""

    runs: list[_Run] = field(default_factory=list)
    is_head: bool = False
    covers: int = 1
    stripe: str = ""


@dataclass(slots=True)
class _Grid:
    """The table that is being read; its size is known when it ends."""

    caption: _Block = field(default_factory=_Block)
    header_rows: int = 0
    rows: list[list[_Block]] = field(default_factory=list)


class _Page(HTMLParser):
    """Reads the page and writes the document as it goes."""

    def __init__(self, document: Doc) -> None:
        super().__init__()
        self.body = _Body(document)
        self.open: list[str] = []
        self.unseen = 0
        self.block: _Block | None = None
        self.bookmark = ""
        self.grid: _Grid | None = None
        self.link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "br":
            self._write("\n")
        if tag in _VOID:
            return
        self.open.append(tag)
        self.unseen += tag in _UNSEEN or given.get("class") == "skip"
        if tag == "table":
            self.grid = _Grid()
        elif self.grid is not None:
            self._begin_in_table(self.grid, tag, given)
        elif tag in _BLOCKS:
            self.block, self.bookmark = _Block(), given.get("id") or ""
        elif tag == "a":
            self.link = (given.get("href") or "").removeprefix("#")

    def handle_endtag(self, tag: str) -> None:
        self.unseen -= tag in _UNSEEN or (tag == "a" and self.unseen > 0)
        if tag == "table" and self.grid is not None:
            self.body.table(self.grid)
            self.grid = None
        elif self.grid is not None:
            self.block = None if tag in ("th", "td", "caption") else self.block
        elif tag in _BLOCKS and self.block is not None:
            style = "Quote" if "blockquote" in self.open else _STYLES.get(tag, "Normal")
            self.body.paragraph(style, self.block.runs, self.bookmark, is_term=tag == "dt", is_inset=tag == "dd")
            self.block = None
        elif tag == "a":
            self.link = ""
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self._write(_SPACE.sub(" ", data))

    def _begin_in_table(self, grid: _Grid, tag: str, given: dict[str, str | None]) -> None:
        if tag == "tr":
            grid.rows.append([])
            grid.header_rows += "thead" in self.open
        elif tag in ("th", "td"):
            self.block = _Block(is_head=tag == "th", covers=int(given.get("rowspan") or 1))
            grid.rows[-1].append(self.block)
        elif tag == "caption":
            self.block = grid.caption
        elif self.block is not None and (stripe := _STRIPE.search(given.get("style") or "")):
            self.block.stripe = stripe[1]

    def _write(self, text: str) -> None:
        if self.block is None:
            return
        runs = self.block.runs
        if not runs or runs[-1].text.endswith((" ", "\n")):
            text = text.lstrip(" ")  # spaces by which the page is laid out
        if text:
            is_strong = self.block.is_head or "strong" in self.open or "dt" in self.open
            runs.append(_Run(xml_text(text), is_strong, self.link))


# --- Word's elements: made directly, because the library's own way takes longer the longer the document is ----------


class _Body:
    """The end of the document, where paragraphs and tables are added."""

    def __init__(self, document: Doc) -> None:
        self._last = document.element.body[-1]  # says how the pages are laid out, and comes after everything
        self._styles = {style.name: style.style_id for style in document.styles}
        self._width = (_PAGE - 2 * _EDGE) // _TWENTIETHS
        self._bookmarks = 0

    def paragraph(
        self, style: str, runs: Sequence[_Run], bookmark: str = "", *, is_term: bool = False, is_inset: bool = False
    ) -> None:
        """Add a paragraph; a term stays with what says its meaning, which is inset."""
        made = _paragraph(self._styles[style], runs)
        layout = made[0]
        if is_term:
            layout.extend([_element("keepNext"), _element("spacing", after="0")])
        if is_inset:
            layout.append(_element("ind", left="340"))
        if bookmark:
            self._bookmarks += 1
            number = str(self._bookmarks)
            made.extend([_element("bookmarkStart", id=number, name=bookmark), _element("bookmarkEnd", id=number)])
        self._last.addprevious(made)

    def table(self, grid: _Grid) -> None:
        """Add a table under its caption; its header rows are repeated on each page, and no row is torn apart."""
        caption = "".join(run.text for run in grid.caption.runs).strip()
        self.paragraph("Caption", grid.caption.runs)
        widths = _widths(grid, self._width)
        size = 16 if len(widths) >= _WIDE else 20  # half points
        table = _element("tbl")
        style = _element("tblStyle", val=self._styles["Table Grid"])
        layout = [_element("tblW", w=str(sum(widths)), type="dxa"), _element("tblLayout", type="fixed")]
        table.append(_element("tblPr", style, *layout, *_described(caption)))
        table.append(_element("tblGrid", *(_element("gridCol", w=str(width)) for width in widths)))
        table.extend(_rows(grid, widths, size))
        self._last.addprevious(table)
        self._last.addprevious(_paragraph(self._styles["Normal"], ()))


def _rows(grid: _Grid, widths: Sequence[int], size: int) -> list[Any]:
    made, reached = [], dict.fromkeys(range(len(widths)), 0)
    for place, blocks in enumerate(grid.rows):
        row, waiting = _element("tr", _element("trPr", _element("cantSplit"))), iter(blocks)
        if place < grid.header_rows:
            row[0].append(_element("tblHeader"))
        for column, width in enumerate(widths):
            if reached[column]:
                reached[column] -= 1
                row.append(_cell(_Block(), width, size, merge="continue"))
                continue
            block = next(waiting)
            reached[column] = block.covers - 1
            row.append(_cell(block, width, size, merge="restart" if block.covers > 1 else ""))
        made.append(row)
    return made


def _cell(block: _Block, width: int, size: int, merge: str) -> Any:
    layout = _element("tcPr", _element("tcW", w=str(width), type="dxa"))
    if merge:
        layout.append(_element("vMerge", val=merge))
    if block.stripe:
        layout.append(_element("tcBorders", _element("left", val="single", sz="36", color=block.stripe[1:])))
    paragraph = _paragraph("", block.runs, size)
    paragraph[0].append(_element("spacing", before="20", after="20"))
    return _element("tc", layout, paragraph)


def _widths(grid: _Grid, total: int) -> list[int]:
    """Room for each column by its longest text: none too narrow for its words, none so wide as to starve others."""
    wanted = [_NARROWEST] * len(grid.rows[0])
    for blocks in grid.rows:
        if len(blocks) == len(wanted):
            for column, block in enumerate(blocks):
                said = "".join(run.text for run in block.runs)
                word = max(map(len, said.split()), default=0) + _MARGIN
                wanted[column] = max(wanted[column], min(len(said), _WIDEST), min(word, _WIDEST))
    return [total * length // sum(wanted) for length in wanted]


def _paragraph(style_id: str, runs: Sequence[_Run], size: int = 0) -> Any:
    made = _element("p", _element("pPr"))
    if style_id:
        made[0].append(_element("pStyle", val=style_id))
    for run in runs:
        piece = _run(run, size)
        made.append(_element("hyperlink", piece, anchor=run.link) if run.link else piece)
    return made


def _run(run: _Run, size: int) -> Any:
    looks = _element("rPr")
    if run.is_strong:
        looks.append(_element("b"))
    if run.link:
        looks.extend([_element("color", val=str(_ACCENT))])
    if size:
        looks.append(_element("sz", val=str(size)))
    if run.link:
        looks.append(_element("u", val="single"))
    made = _element("r", looks)
    for place, line in enumerate(run.text.split("\n")):
        if place:
            made.append(_element("br"))
        text = _element("t")
        text.text = line
        text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
        made.append(text)
    return made


def _described(caption: str) -> list[Any]:
    """What a screen reader says of a table before it reads it."""
    return [_element("tblCaption", val=caption), _element("tblDescription", val=caption)]


def _element(tag: str, *children: Any, **attributes: str) -> Any:
    made = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        made.set(qn(f"w:{name}"), value)
    made.extend(children)
    return made
