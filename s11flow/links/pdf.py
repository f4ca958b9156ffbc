"""The links and the words of a PDF file. Reading one can take all time and memory: a process of its own does it."""

from __future__ import annotations

from io import BytesIO

from pypdf import PdfReader

from s11flow.links.find import addresses_in

_MOST_PAGES = 500


def read_pdf(data: bytes, *, most: int) -> tuple[list[str], str]:
    """The addresses behind words and in the text of each page, and its words, at most so many letters.

    What a file that is not whole raises is pypdf's own.
    """
    addresses: list[str] = []
    words: list[str] = []
    left = most
    for number, page in enumerate(PdfReader(BytesIO(data)).pages):
        if number == _MOST_PAGES:
            break
        for annotation in page.get("/Annots") or ():
            action = annotation.get_object().get("/A")
            if action is not None and (address := action.get_object().get("/URI")):
                addresses.append(str(address))
        text = page.extract_text()
        addresses += addresses_in(text)
        words.append(text[:left])
        left -= len(words[-1])
    return addresses, "\n".join(words)
