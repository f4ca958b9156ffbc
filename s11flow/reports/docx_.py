"""The report as a Word file: the page of `s11flow.reports.html`, element by element, in Word's own styles.

Headings, lists, captions, header rows and links are Word's, so that a screen reader and the navigation pane find them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lxml.etree import HTMLParser

from s11flow.office.word import About, Block, Grid, Run, WordFile
from s11flow.reports.html import render_html
from s11flow.reports.shape import AssuranceReport

_STYLES = {"h1": "Title", "h2": "Heading 1", "h3": "Heading 2", "h4": "Heading 3", "p": "Normal", "li": "List Bullet"}
_BLOCKS = frozenset({*_STYLES, "dt", "dd"})
_UNSEEN = frozenset({"head"})
_VOID = frozenset({"br", "meta"})
_SPACE = re.compile(r"\s+")
_STRIPE = re.compile(r"border-color: (#[0-9a-fA-F]{6})")


def render_docx(report: AssuranceReport) -> bytes:
    """The report as DOCX, A4, in English; the same report gives the same bytes."""
    title = f"Section 11 Assurance Report, cycle {report.build.cycle}: {report.build.partnership}"
    file = WordFile(About(title, report.build.author, report.built_at))
    reader = HTMLParser(target=_Page(file), encoding="utf-8", huge_tree=True)
    reader.feed(render_html(report))
    reader.close()
    return file.saved()


class _Page:
    """Is told the page piece by piece, and writes the document as it goes."""

    def __init__(self, file: WordFile) -> None:
        self.file = file
        self.open: list[str] = []
        self.unseen = 0
        self.block: Block | None = None
        self.bookmark = ""
        self.grid: Grid | None = None
        self.link = ""

    def start(self, tag: str, given: Mapping[str, str]) -> None:
        """An element begins."""
        if tag == "br":
            self._write("\n")
        if tag in _VOID:
            return
        self.open.append(tag)
        self.unseen += tag in _UNSEEN or given.get("class") == "skip"
        if tag == "table":
            self.grid = Grid()
        elif self.grid is not None:
            self._begin_in_table(self.grid, tag, given)
        elif tag in _BLOCKS:
            self.block, self.bookmark = Block(), given.get("id") or ""
        elif tag == "a":
            self.link = (given.get("href") or "").removeprefix("#")

    def end(self, tag: str) -> None:
        """An element ends."""
        if tag in _VOID:
            return
        self.unseen -= tag in _UNSEEN or (tag == "a" and self.unseen > 0)
        if tag == "table" and self.grid is not None:
            self.file.table(self.grid)
            self.grid = None
        elif self.grid is not None:
            self.block = None if tag in ("th", "td", "caption") else self.block
        elif tag in _BLOCKS and self.block is not None:
            self.file.paragraph(
                self._style(tag), self.block.runs, self.bookmark, is_term=tag == "dt", is_inset=tag == "dd"
            )
            self.block = None
        elif tag == "a":
            self.link = ""
        self.open.pop()

    def data(self, data: str) -> None:
        """A text, or a piece of one."""
        if not self.unseen:
            self._write(_SPACE.sub(" ", data))

    def close(self) -> None:
        """The page is over."""

    def _style(self, tag: str) -> str:
        if "blockquote" in self.open:
            return "Quote"
        return "List Number" if tag == "li" and "ol" in self.open else _STYLES.get(tag, "Normal")

    def _begin_in_table(self, grid: Grid, tag: str, given: Mapping[str, str]) -> None:
        if tag == "tr":
            grid.rows.append([])
            grid.header_rows += "thead" in self.open
        elif tag in ("th", "td"):
            self.block = Block(is_head=tag == "th", covers=int(given.get("rowspan") or 1))
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
            runs.append(Run(text, is_strong, self.link))
