"""A register kept as a workbook is read as the same register kept as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from s11flow.domain.errors import WrongInputError
from s11flow.office.sheets import Sheet, write
from s11flow.services.register_file import read_register
from s11flow.services.register_workbook import as_csv
from tests.services.scene import HEADER, REGISTER, ROWS


def workbook(*sheets: tuple[str, Sequence[Sequence[Any]]]) -> bytes:
    """A file with these sheets, the first row of each as its header line."""
    made = [Sheet(title, [(str(name), 12) for name in rows[0]] if rows else [], rows[1:]) for title, rows in sheets]
    return write(made, title="Register", author="Clerk", at=datetime(2026, 6, 1, tzinfo=UTC))


CELLS = [line.split(",") for line in (HEADER, *ROWS)]


def test_it_has_the_rows_of_the_csv_file() -> None:
    assert read_register(as_csv(workbook(("Register", CELLS)))).rows == read_register(REGISTER).rows


def test_an_empty_row_between_keeps_the_lines_true() -> None:
    found = read_register(as_csv(workbook(("Register", [CELLS[0], CELLS[1], [""], CELLS[2]])))).rows
    assert [(row.line, row.code) for row in found] == [(2, "01"), (4, "02")]


def test_a_sheet_with_nothing_on_it_does_not_count() -> None:
    assert as_csv(workbook(("Empty", []), ("Register", CELLS))) == as_csv(workbook(("Register", CELLS)))


def test_of_two_registers_it_takes_neither() -> None:
    with pytest.raises(WrongInputError) as refusal:
        as_csv(workbook(("2025", CELLS), ("2026", CELLS)))
    assert str(refusal.value) == "The register has 2 sheets, 2025, 2026; leave only its own in the file."


@pytest.mark.parametrize("content", [b"PK\x03\x04 half", workbook(("Register", CELLS))[:900]])
def test_a_damaged_file_is_refused(content: bytes) -> None:
    with pytest.raises(WrongInputError) as refusal:
        as_csv(content)
    assert str(refusal.value) == (
        "The file cannot be read as an Excel workbook (.xlsx): it is no Office file of today's kind, or it is damaged "
        "or has a password. Save the register as .xlsx again, or as CSV UTF-8."
    )
