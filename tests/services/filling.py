"""What an agency does with the form it got: takes it out of the mail, fills it in with another program, saves it."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from io import BytesIO
from typing import Any

from docx import Document

from s11flow.forms import wording
from tests.services.post import Server


def attached(server: Server, to: str) -> dict[str, bytes]:
    """The files that went with the newest mail to somebody."""
    (*_, newest) = [mail for mail in server.taken if mail.recipient == to]
    parts = message_from_bytes(newest.raw, policy=default).iter_attachments()
    return {str(part.get_filename()): part.get_payload(decode=True) for part in parts}  # type: ignore[misc]


class Filling:
    """A form that is being filled in."""

    def __init__(self, data: bytes) -> None:
        self.document: Any = Document(BytesIO(data))

    def rows(self, head: str) -> list[Any]:
        """The rows under the header line that begins so, of every such table."""
        found = [table for table in self.document.tables if table.rows[0].cells[0].text == head]
        return [row for table in found for row in table.rows[1:]]

    def row(self, number: str) -> Any:
        """The row of a requirement."""
        (found,) = [row for row in self.rows(wording.REQUIREMENT) if row.cells[0].text.startswith(f"{number} ")]
        return found

    def answer(self, number: str, *texts: str) -> Filling:
        """Write the response, the good practice and the rating of a requirement."""
        for cell, text in zip(self.row(number).cells[1:], texts, strict=False):
            cell.text = text
        return self

    def answers(self, texts: dict[str, tuple[str, ...]]) -> Filling:
        """Write several."""
        for number, each in texts.items():
            self.answer(number, *each)
        return self

    def say(self, label: str, text: str) -> Filling:
        """Write beside a label of the first table."""
        (table,) = [each for each in self.document.tables if each.rows[0].cells[0].text == wording.AGENCY]
        (row,) = [row for row in table.rows if row.cells[0].text == label]
        row.cells[1].text = text
        return self

    def link(self, address: str, shows: str = "") -> Filling:
        """Write into the first free row of the links."""
        row = next(row for row in self.rows(wording.ADDRESS) if not row.cells[0].text)
        row.cells[0].text, row.cells[1].text = address, shows
        return self

    def action(self, what: str, review: str, status: str, evidence: str = "") -> Filling:
        """Write into the row of an action that stands there, or into the first free one."""
        rows = self.rows(wording.ACTION)
        row = next((row for row in rows if row.cells[0].text == what), None)
        row = row or next(row for row in rows if not row.cells[0].text)
        for cell, text in zip(row.cells, (what, review, status, evidence), strict=True):
            cell.text = text
        return self

    def saved(self) -> bytes:
        """The file as it is sent back."""
        written = BytesIO()
        self.document.save(written)
        return written.getvalue()
