"""Writing a Word file: paragraphs and tables in Word's own styles, with what a screen reader needs.

Elements are made directly, because the library's own way takes longer the longer the document is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph

from s11flow.office.package import stable, xml_text

_EDGE = Mm(18)
_INK, _ACCENT = RGBColor(0x0B, 0x0C, 0x0C), RGBColor(0x1D, 0x4F, 0x73)
_WIDE = 7
"""Columns from which a table is set in smaller type."""
_NARROWEST, _WIDEST, _MARGIN = 9, 60, 4
"""Letters by which columns share the width of a table; the margin keeps its longest word whole."""
_TWENTIETHS = 635
"""How many of the library's units make a twentieth of a point, in which Word measures tables."""


@dataclass(slots=True)
class Run:
    """A stretch of text that looks the same throughout; `link` is the bookmark in the document that it leads to."""

    text: str
    is_strong: bool = False
    link: str = ""


@dataclass(slots=True)
class Block:
    """The text of a paragraph or of a cell. `covers` is how many rows a cell reaches over; `stripe` is `#rrggbb`."""

    runs: list[Run] = field(default_factory=list)
    is_head: bool = False
    covers: int = 1
    stripe: str = ""


@dataclass(slots=True)
class Grid:
    """A table: its first *header_rows* are repeated on each page."""

    caption: Block = field(default_factory=Block)
    header_rows: int = 0
    rows: list[list[Block]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class About:
    """What the file says of itself; `at` is aware."""

    title: str
    author: str
    at: datetime
    identifier: str = ""


class WordFile:
    """A document in English on A4, wide; the same calls give the same bytes."""

    def __init__(self, about: About) -> None:
        self._about = about
        self._document = Document()
        _say(self._document.core_properties, about)
        _set_up(self._document)
        self._last = self._document.element.body[-1]  # how the pages are laid out: it comes after everything
        self._styles = {style.name: style.style_id for style in self._document.styles}
        self._width = (Mm(297) - 2 * _EDGE) // _TWENTIETHS
        self._bookmarks = 0

    def saved(self) -> bytes:
        """The bytes of the file."""
        written = BytesIO()
        self._document.save(written)
        return stable(written.getvalue(), self._about.at)

    def paragraph(
        self, style: str, runs: Sequence[Run], bookmark: str = "", *, is_term: bool = False, is_inset: bool = False
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

    def table(self, grid: Grid, *, widths: Sequence[int] = ()) -> None:
        """Add a table under its caption; its header rows are repeated on each page, and no row is torn apart.

        The columns share the page as *widths* say, or else as their texts need it.
        """
        caption = "".join(run.text for run in grid.caption.runs).strip()
        self.paragraph("Caption", grid.caption.runs)
        shares = widths or _wanted(grid)
        widths = [self._width * share // sum(shares) for share in shares]
        size = 16 if len(widths) >= _WIDE else 20  # half points
        table = _element("tbl")
        style = _element("tblStyle", val=self._styles["Table Grid"])
        layout = [_element("tblW", w=str(sum(widths)), type="dxa"), _element("tblLayout", type="fixed")]
        table.append(_element("tblPr", style, *layout, *_described(caption)))
        table.append(_element("tblGrid", *(_element("gridCol", w=str(width)) for width in widths)))
        table.extend(_rows(grid, widths, size))
        self._last.addprevious(table)
        self._last.addprevious(_paragraph(self._styles["Normal"], ()))


# --- the document's frame ---------------------------------------------------------------------------------------------


def _say(properties: Any, about: About) -> None:
    properties.title, properties.author = xml_text(about.title), xml_text(about.author)
    properties.identifier, properties.language, properties.comments = about.identifier, "en-GB", ""
    properties.created = about.at.astimezone(UTC).replace(tzinfo=None)


def _set_up(document: Any) -> None:
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Mm(297), Mm(210)
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


# --- elements ---------------------------------------------------------------------------------------------------------


def _rows(grid: Grid, widths: Sequence[int], size: int) -> list[Any]:
    made, reached = [], dict.fromkeys(range(len(widths)), 0)
    for place, blocks in enumerate(grid.rows):
        row, waiting = _element("tr", _element("trPr", _element("cantSplit"))), iter(blocks)
        if place < grid.header_rows:
            row[0].append(_element("tblHeader"))
        for column, width in enumerate(widths):
            if reached[column]:
                reached[column] -= 1
                row.append(_cell(Block(), width, size, merge="continue"))
                continue
            block = next(waiting)
            reached[column] = block.covers - 1
            row.append(_cell(block, width, size, merge="restart" if block.covers > 1 else ""))
        made.append(row)
    return made


def _cell(block: Block, width: int, size: int, merge: str) -> Any:
    layout = _element("tcPr", _element("tcW", w=str(width), type="dxa"))
    if merge:
        layout.append(_element("vMerge", val=merge))
    if block.stripe:
        layout.append(_element("tcBorders", _element("left", val="single", sz="36", color=block.stripe[1:])))
    paragraph = _paragraph("", block.runs, size)
    paragraph[0].append(_element("spacing", before="20", after="20"))
    return _element("tc", layout, paragraph)


def _wanted(grid: Grid) -> list[int]:
    """Room for each column by its longest text: none too narrow for its words, none so wide as to starve others."""
    wanted = [_NARROWEST] * len(grid.rows[0])
    for blocks in grid.rows:
        if len(blocks) == len(wanted):
            for column, block in enumerate(blocks):
                said = "".join(run.text for run in block.runs)
                word = max(map(len, said.split()), default=0) + _MARGIN
                wanted[column] = max(wanted[column], min(len(said), _WIDEST), min(word, _WIDEST))
    return wanted


def _paragraph(style_id: str, runs: Sequence[Run], size: int = 0) -> Any:
    made = _element("p", _element("pPr"))
    if style_id:
        made[0].append(_element("pStyle", val=style_id))
    for run in runs:
        piece = _run(run, size)
        made.append(_element("hyperlink", piece, anchor=run.link) if run.link else piece)
    return made


def _run(run: Run, size: int) -> Any:
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
    for place, line in enumerate(xml_text(run.text).split("\n")):
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
