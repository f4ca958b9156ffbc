"""Writing a Word file: paragraphs and tables in Word's own styles, with what a screen reader needs.

What frames a document is made by the library, once; what is said in it is written as text, because the library's own
way takes many times as long, and longer the longer the document is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph

from s11flow.office.package import with_members, without_members, xml_text

_EDGE = Mm(18)
_INK, _ACCENT = RGBColor(0x0B, 0x0C, 0x0C), RGBColor(0x1D, 0x4F, 0x73)
_WIDE = 7
"""Columns from which a table is set in smaller type."""
_NARROWEST, _WIDEST, _MARGIN = 7, 60, 4
"""Letters by which columns share the width of a table; the margin keeps its longest word whole."""
_LETTERS = 1_360
"""So many letters of one point stand side by side on a page."""
_TWENTIETHS = 635
"""How many of the library's units make a twentieth of a point, in which Word measures tables."""
_WIDTH = (Mm(297) - 2 * _EDGE) // _TWENTIETHS


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
        self._frame = _frame()
        self._body: list[str] = []
        self._bookmarks = 0

    def saved(self) -> bytes:
        """The bytes of the file."""
        whole = "".join((self._frame.before, *self._body, self._frame.after))
        return with_members(
            self._frame.package, {"word/document.xml": whole.encode(), "docProps/core.xml": _core(self._about).encode()}
        )

    def paragraph(
        self, style: str, runs: Sequence[Run], bookmark: str = "", *, is_term: bool = False, is_inset: bool = False
    ) -> None:
        """Add a paragraph; a term stays with what says its meaning, which is inset."""
        layout = '<w:keepNext/><w:spacing w:after="0"/>' if is_term else ""
        layout += '<w:ind w:left="340"/>' if is_inset else ""
        marks = ""
        if bookmark:
            self._bookmarks += 1
            number = f'w:id="{self._bookmarks}"'
            marks = f"<w:bookmarkStart {number} w:name={_quoted(bookmark)}/><w:bookmarkEnd {number}/>"
        self._body.append(_paragraph(self._frame.styles[style], runs, layout, after=marks))

    def table(self, grid: Grid, *, widths: Sequence[int] = ()) -> None:
        """Add a table under its caption; its header rows are repeated on each page, and no row is torn apart.

        The columns share the page as *widths* say, or else as their texts need it.
        """
        caption = _quoted("".join(run.text for run in grid.caption.runs).strip())
        self.paragraph("Caption", grid.caption.runs)
        size = 16 if len(grid.rows[0]) >= _WIDE else 20  # half points
        shares = widths or _shares(grid, size)
        widths = [_WIDTH * share // sum(shares) for share in shares]
        layout = (
            f'<w:tbl><w:tblPr><w:tblStyle w:val="{self._frame.styles["Table Grid"]}"/>'
            f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblLayout w:type="fixed"/>'
            # What a screen reader says of a table before it reads it.
            f"<w:tblCaption w:val={caption}/><w:tblDescription w:val={caption}/></w:tblPr><w:tblGrid>"
        )
        self._body += (
            layout,
            *(f'<w:gridCol w:w="{width}"/>' for width in widths),
            "</w:tblGrid>",
            *_rows(grid, widths, size),
            "</w:tbl>",
            _paragraph(self._frame.styles["Normal"], ()),
        )


# --- the document's frame ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all documents have: the archive without what is said in one, the ids of its styles by their names."""

    package: bytes
    before: str
    after: str
    styles: Mapping[str, str]


@cache
def _frame() -> _Frame:
    """Made once by the library, which takes longer over it than a form takes to write."""
    document = Document()
    _set_up(document)
    written = BytesIO()
    document.save(written)
    package, (said, _) = without_members(written.getvalue(), ("word/document.xml", "docProps/core.xml"))
    before, body, after = said.decode().partition("<w:body>")
    styles = {str(style.name): style.style_id for style in document.styles}
    return _Frame(package, before + body, after, styles)


_CORE = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<cp:coreProperties'
    ' xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>{title}</dc:title>'
    "<dc:creator>{author}</dc:creator><dc:identifier>{identifier}</dc:identifier><dc:language>en-GB</dc:language>"
    '<dcterms:created xsi:type="dcterms:W3CDTF">{at}</dcterms:created>'
    '<dcterms:modified xsi:type="dcterms:W3CDTF">{at}</dcterms:modified></cp:coreProperties>'
)


def _core(about: About) -> str:
    return _CORE.format(
        title=_text(about.title),
        author=_text(about.author),
        identifier=_text(about.identifier),
        at=about.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


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


def _rows(grid: Grid, widths: Sequence[int], size: int) -> Iterator[str]:
    reached = [0] * len(widths)
    for place, blocks in enumerate(grid.rows):
        waiting = iter(blocks)
        goes_on = any(left > 1 for left in reached) or any(block.covers > 1 for block in blocks)
        yield "<w:tr><w:trPr><w:cantSplit/>" + ("<w:tblHeader/>" if place < grid.header_rows else "") + "</w:trPr>"
        for column, width in enumerate(widths):
            if reached[column]:
                reached[column] -= 1
                yield _cell(_EMPTY, width, size, '<w:vMerge w:val="continue"/>', goes_on=goes_on)
                continue
            block = next(waiting)
            reached[column] = block.covers - 1
            merge = '<w:vMerge w:val="restart"/>' if block.covers > 1 else ""
            yield _cell(block, width, size, merge, goes_on=goes_on)
        yield "</w:tr>"


_EMPTY = Block()


def _cell(block: Block, width: int, size: int, merge: str, *, goes_on: bool) -> str:
    """A cell; a row that *goes on* in the next one stays on its page."""
    border = f'<w:left w:val="single" w:sz="36" w:color={_quoted(block.stripe[1:])}/>' if block.stripe else ""
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{merge}'
        f"{f'<w:tcBorders>{border}</w:tcBorders>' if border else ''}</w:tcPr>"
        f"{_paragraph('', block.runs, '<w:keepNext/>' * goes_on + _CLOSE, size)}</w:tc>"
    )


_CLOSE = '<w:spacing w:before="20" w:after="20"/>'


def _shares(grid: Grid, size: int) -> list[int]:
    """Room for each column in letters: as its texts need it, and none too narrow for its longest word.

    The names of columns may stand on several lines.
    """
    least, wished = [_NARROWEST] * len(grid.rows[0]), [_NARROWEST] * len(grid.rows[0])
    for place, blocks in enumerate(grid.rows):
        if len(blocks) == len(least):
            for column, block in enumerate(blocks):
                said = "".join(run.text for run in block.runs)
                word = min(max(map(len, said.split()), default=0) + _MARGIN, _WIDEST)
                whole = 0 if place < grid.header_rows else min(len(said) + _MARGIN, _WIDEST)
                least[column], wished[column] = max(least[column], word), max(wished[column], word, whole)
    spare, lacking = _LETTERS * 2 // size - sum(least), sum(wished) - sum(least)
    if not 0 < spare < lacking:
        return least if spare <= 0 else wished
    return [low + (high - low) * spare // lacking for low, high in zip(least, wished, strict=True)]


def _paragraph(style_id: str, runs: Sequence[Run], layout: str = "", size: int = 0, *, after: str = "") -> str:
    style = f'<w:pStyle w:val="{style_id}"/>' if style_id else ""
    said = "".join(_linked(run, size) if run.link else _run(run, size) for run in runs)
    return f"<w:p><w:pPr>{style}{layout}</w:pPr>{said}{after}</w:p>"


def _linked(run: Run, size: int) -> str:
    return f"<w:hyperlink w:anchor={_quoted(run.link)}>{_run(run, size)}</w:hyperlink>"


def _run(run: Run, size: int) -> str:
    looks = "<w:b/>" if run.is_strong else ""
    looks += f'<w:color w:val="{_ACCENT}"/>' if run.link else ""
    looks += f'<w:sz w:val="{size}"/>' if size else ""
    looks += '<w:u w:val="single"/>' if run.link else ""
    said = _text(run.text).replace("\n", '</w:t><w:br/><w:t xml:space="preserve">')
    return f'<w:r><w:rPr>{looks}</w:rPr><w:t xml:space="preserve">{said}</w:t></w:r>'


def _text(text: str) -> str:
    """*text* as it stands between two tags."""
    return escape(xml_text(text))


def _quoted(text: str) -> str:
    """*text* as the value of an attribute, in quotes."""
    return quoteattr(xml_text(text))
