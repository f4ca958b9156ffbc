"""The links of a PDF file. Reading one can take all time and all memory, so it is done in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

from pypdf import PdfReader

from s11flow.links.find import addresses_in

_MOST_PAGES = 500


def addresses_in_pdf(data: bytes) -> Iterator[str]:
    """The addresses behind words and in the text of each page; what a file that is not whole raises is pypdf's own."""
    reader = PdfReader(BytesIO(data))
    for number, page in enumerate(reader.pages):
        if number == _MOST_PAGES:
            return
        for annotation in page.get("/Annots") or ():
            action = annotation.get_object().get("/A")
            if action is not None and (address := action.get_object().get("/URI")):
                yield str(address)
        yield from addresses_in(page.extract_text())
