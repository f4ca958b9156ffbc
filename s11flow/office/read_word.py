"""Reading a Word file from outside: its paragraphs and tables as plain texts, in the order they stand in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn

from s11flow.office.package import LARGEST_MEMBER, Unsafe, refuse_unsafe

Rows = tuple[tuple[str, ...], ...]

_TEXT, _TAB, _BREAKS = qn("w:t"), qn("w:tab"), {qn("w:br"), qn("w:cr")}
_PARAGRAPH, _TABLE, _ROW, _CELL = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_FIELD = re.compile(r'HYPERLINK\s+"([^"]+)"')
_TAB_STOPS, _GONE = qn("w:tabs"), {qn("w:del"), qn("w:moveFrom")}


class NotAWordFile(ValueError):
    """A file that cannot be read as a Word document; the sentence says why."""


@dataclass(frozen=True, slots=True)
class WordText:
    """What a document says: each part is a paragraph, or a table as rows of cells.

    `identifier` is the file's own; `links` are the addresses that lie behind words and pictures.
    """

    identifier: str
    parts: tuple[str | Rows, ...]
    links: tuple[str, ...] = ()


def read_word(data: bytes) -> WordText:
    """The texts of a DOCX file, with changes that were tracked as if accepted. Raises NotAWordFile."""
    try:
        refuse_unsafe(data, largest_member=LARGEST_MEMBER)
        document = Document(BytesIO(data))
        parts = tuple(_parts(document.element.body))
        return WordText(document.core_properties.identifier or "", parts, tuple(_links(document)))
    except Exception as error:  # a file that somebody made to do harm can raise anything in what reads it
        why = str(error) if isinstance(error, Unsafe) else "it is damaged, or of another kind"
        raise NotAWordFile(f"The file cannot be read as a Word document (.docx): {why}.") from error


def _links(document: Any) -> Iterator[str]:
    for relation in document.part.rels.values():
        if relation.is_external and relation.reltype == RELATIONSHIP_TYPE.HYPERLINK:
            yield relation.target_ref
    for instruction in document.element.body.iter(qn("w:instrText")):
        if said := _FIELD.search(instruction.text or ""):
            yield said[1]


def _parts(container: Any) -> Iterator[str | Rows]:
    for element in container:
        if element.tag == _PARAGRAPH:
            yield _text(element)
        elif element.tag == _TABLE:
            yield tuple(tuple(_cell(cell) for cell in _within(row, _CELL)) for row in _within(element, _ROW))
        elif element.tag not in _GONE:
            yield from _parts(element)  # a content control, or another frame around paragraphs and tables


def _within(container: Any, tag: str) -> Iterator[Any]:
    """Rows of a table or cells of a row, whatever frames stand between, and not those of a table further in."""
    for element in container:
        if element.tag == tag:
            yield element
        elif element.tag not in (_TABLE, _ROW, _CELL, _PARAGRAPH):
            yield from _within(element, tag)


def _cell(cell: Any) -> str:
    return "\n".join(_text(paragraph) for paragraph in cell.iter(_PARAGRAPH)).strip()


def _text(paragraph: Any) -> str:
    return "".join(_pieces(paragraph)).strip()


def _pieces(element: Any) -> Iterator[str]:
    for child in element:
        if child.tag == _TEXT:
            yield child.text or ""
        elif child.tag == _TAB:
            yield "\t"
        elif child.tag in _BREAKS:
            yield "\n"
        elif child.tag not in _GONE and child.tag not in (_TAB_STOPS, _PARAGRAPH):
            yield from _pieces(child)
