"""A form is made, filled in by other programs, and read again as far as it is sure."""

from __future__ import annotations

import copy
import io
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from hypothesis import given, settings
from hypothesis import strategies as st

from s11flow.cycles import shipped
from s11flow.cycles.load import read_definition
from s11flow.domain.definition import Definition
from s11flow.forms import (
    Answer,
    Blank,
    FilledForm,
    HeldAction,
    Link,
    NotTheForm,
    ReportedAction,
    blank_form,
    read_form,
    wording,
)
from s11flow.forms.read import day_of, rating_of
from s11flow.office.sheets import Sheet, write

REF = "GSCP-2026-05A"


@cache
def definition() -> Definition:
    return read_definition(shipped(), source="shipped")


NUMBERS = [item.number for standard in definition().standards for item in standard.requirements]


def blank(**changes: Any) -> Blank:
    made = Blank(
        partnership="Gloucestershire Safeguarding Children Partnership",
        mailbox="section11@partnership.example",
        agency="Stroud District Council",
        ref=REF,
        period_from=date(2025, 4, 1),
        period_to=date(2026, 3, 31),
        deadline=datetime(2026, 10, 20, 16, tzinfo=UTC),
        standards=definition().standards,
        scale=definition().scale,
        made_at=datetime(2026, 7, 6, 8, tzinfo=UTC),
    )
    return replace(made, **changes)


EMPTY = FilledForm(REF, "", "", None, tuple(Answer(number) for number in NUMBERS), (), (), "", ())

Form = Any


def form(**changes: Any) -> Form:
    return Document(io.BytesIO(blank_form(blank(**changes))))


def saved(document: Form) -> bytes:
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def read(document: Form) -> FilledForm:
    return read_form(saved(document), definition())


def row_of(document: Form, number: str) -> Any:
    (found,) = [row for table in document.tables for row in table.rows if row.cells[0].text.startswith(f"{number} ")]
    return found


def answer(document: Form, number: str, *texts: str) -> None:
    for cell, text in zip(row_of(document, number).cells[1:], texts, strict=False):
        cell.text = text


def table(document: Form, head: str) -> Any:
    (found,) = [each for each in document.tables if each.rows[0].cells[0].text == head]
    return found


def say(document: Form, label: str, text: str) -> None:
    (found,) = [row for row in table(document, wording.AGENCY).rows if row.cells[0].text == label]
    found.cells[1].text = text


# --- made -----------------------------------------------------------------------------------------------------------


def test_the_same_facts_make_the_same_bytes() -> None:
    assert blank_form(blank()) == blank_form(blank())


def test_it_says_whose_it_is_and_what_is_known() -> None:
    about = table(form(covers=("Tewkesbury", "Cotswold")), wording.AGENCY)

    assert [tuple(cell.text for cell in row.cells) for row in about.rows] == [
        ("Agency", "Stroud District Council"),
        ("Our reference", "GSCP-2026-05A"),
        ("Period", "Tuesday 1 April 2025 to Tuesday 31 March 2026"),
        ("Deadline", "Tuesday 20 October 2026, 5pm"),
        ("Send it to", "section11@partnership.example"),
        ("Also covers", "Tewkesbury\nCotswold"),
        ("Completed by", ""),
        ("Role", ""),
        ("Date completed", ""),
    ]


def test_it_has_a_row_for_each_requirement_under_its_standard() -> None:
    tables = [each for each in form().tables if each.rows[0].cells[0].text == "Requirement"]
    asked = [[row.cells[0].text for row in each.rows[1:]] for each in tables]

    assert asked == [
        [f"{item.number} {item.text}" for item in standard.requirements] for standard in definition().standards
    ]


def test_actions_that_are_held_stand_in_it_with_room_for_more() -> None:
    rows = table(form(actions=(HeldAction("Train staff", "Review of 2024", "planned"),)), "Action").rows

    assert [tuple(cell.text for cell in row.cells) for row in rows[1:]] == [
        ("Train staff", "Review of 2024", "planned", ""),
        *[("", "", "", "")] * 5,
    ]


def test_what_people_wrote_before_cannot_break_it() -> None:
    nasty = "\x00\x0b<w:p/> & ]]> \ud800"
    found = read(form(agency=nasty, last_answers={"1.1": nasty}))

    assert found.answer_to("1.1") == Answer("1.1", "<w:p/> & ]]>", is_last_years=True)


# --- read -----------------------------------------------------------------------------------------------------------


def test_a_form_that_nobody_filled_in_says_nothing() -> None:
    assert read(form()) == EMPTY


def test_everything_that_is_written_is_read_in_its_place() -> None:
    document = form(actions=(HeldAction("Train staff", "Review of 2024", "planned"),))
    answer(document, "1.1", "Our director leads.\nShe reports to the board.", "A day with the front line", "Green")
    answer(document, "2.4", "We employ nobody.", "", "N/A")
    say(document, "Completed by", "The safeguarding lead")
    say(document, "Role", "Service Manager")
    say(document, "Date completed", "Friday 9th October 2026")
    held, new = table(document, "Action").rows[1:3]
    held.cells[2].text, held.cells[3].text = "Completed", "All 40 trained by June"
    new.cells[0].text, new.cells[2].text = "Write a policy", "ongoing"
    link = table(document, "Web address").rows[1]
    link.cells[0].text, link.cells[1].text = "https://council.example/policy", "The policy"
    table(document, wording.ELSE).rows[1].cells[0].text = "We are moving house."

    found = read(document)

    assert found == replace(
        EMPTY,
        author="The safeguarding lead",
        role="Service Manager",
        completed_on=date(2026, 10, 9),
        answers=found.answers,
        actions=(
            ReportedAction("Train staff", "Review of 2024", "done", "All 40 trained by June"),
            ReportedAction("Write a policy", "", "under way", ""),
        ),
        links=(Link("https://council.example/policy", "The policy"),),
        anything_else="We are moving house.",
    )
    assert found.answer_to("1.1") == Answer(
        "1.1", "Our director leads.\nShe reports to the board.", "A day with the front line", "green"
    )
    assert found.answer_to("2.4") == Answer("2.4", "We employ nobody.", "", "n/a")


def test_words_of_last_year_are_known_as_such_until_the_line_above_them_goes() -> None:
    document = form(last_answers={"1.1": "As ever.", "1.2": "Two leads."})
    row_of(document, "1.2").cells[1].text = "Three leads now."

    found = read(document)

    assert found.answer_to("1.1") == Answer("1.1", "As ever.", is_last_years=True)
    assert found.answer_to("1.2") == Answer("1.2", "Three leads now.")


RATED = {
    "": (None, "", False),
    "green": ("green", "", False),
    " GREEN. ": ("green", "", False),
    "G": ("green", "", False),
    "not applicable": ("n/a", "", False),
    "N/A": ("n/a", "", False),
    "Green, but not in every team": ("green", "Green, but not in every team", True),
    "Amber/Green": (None, "Amber/Green", False),
    "amber - green": (None, "amber - green", False),
    "evergreen": (None, "evergreen", False),
    "2 of 3": (None, "2 of 3", False),
    "-": (None, "-", False),
    "not green": (None, "not green", False),
}


@pytest.mark.parametrize("text", RATED)
def test_a_rating_is_taken_only_where_it_is_sure(text: str) -> None:
    assert rating_of(text, definition().scale) == RATED[text]


DAYS = {
    "2026-10-09": date(2026, 10, 9),
    "9/10/2026": date(2026, 10, 9),
    "09.10.26": None,
    "9 Oct 2026": date(2026, 10, 9),
    "Friday 9th October 2026": date(2026, 10, 9),
    "31/02/2026": None,
    "next week": None,
    "": None,
}


@pytest.mark.parametrize("text", DAYS)
def test_a_day_is_read_as_people_here_write_it(text: str) -> None:
    assert day_of(text) == DAYS[text]


def test_a_day_that_is_none_is_said() -> None:
    document = form()
    say(document, "Date completed", "next week")

    assert read(document).unplaced == ('The date "next week" is none that we can read; 20 October 2026 would be.',)


# --- read, though somebody has moved things -------------------------------------------------------------------------


def _delete(document: Form, number: str) -> None:
    row = row_of(document, number)._tr
    row.getparent().remove(row)


def _double(document: Form, number: str, text: str) -> None:
    row = row_of(document, number)._tr
    row.addnext(copy.deepcopy(row))
    cells = next(each for grid in document.tables for each in grid.rows if each._tr is row.getnext()).cells
    cells[1].text = text


def test_a_row_that_is_gone_is_said_and_the_others_are_read() -> None:
    document = form()
    answer(document, "1.2", "Two leads.")
    _delete(document, "1.1")

    found = read(document)

    assert found.unplaced == ("There is no row for requirement 1.1.",)
    assert found.answers == tuple(Answer(n, "Two leads." if n == "1.2" else "") for n in NUMBERS if n != "1.1")


def test_a_row_that_stands_elsewhere_answers_its_own_requirement() -> None:
    document = form()
    answer(document, "1.2", "Two leads.")
    row_of(document, "3.1")._tr.addprevious(row_of(document, "1.2")._tr)

    assert read(document) == replace(EMPTY, answers=tuple(Answer(n, "Two leads." * (n == "1.2")) for n in NUMBERS))


def test_of_a_row_that_stands_twice_the_one_that_says_something_is_taken() -> None:
    document = form()
    _double(document, "1.2", "Two leads.")

    assert read(document) == replace(EMPTY, answers=tuple(Answer(n, "Two leads." * (n == "1.2")) for n in NUMBERS))


def test_two_rows_that_say_different_things_are_both_told_and_neither_is_taken() -> None:
    document = form()
    answer(document, "1.2", "Two leads.", "", "Green")
    _double(document, "1.2", "Three leads.")

    found = read(document)

    assert found.unplaced == (
        'Requirement 1.2 is answered more than once: "Two leads. / green".',
        'Requirement 1.2 is answered more than once: "Three leads. / green".',
    )
    assert "1.2" not in [each.requirement for each in found.answers]


def test_a_row_with_the_number_of_one_and_the_words_of_another_is_not_placed() -> None:
    document = form()
    words = row_of(document, "1.3").cells[0].text.removeprefix("1.3 ")
    answer(document, "1.2", "Two leads.")
    row_of(document, "1.2").cells[0].text = f"1.2 {words}"

    assert read(document).unplaced == (
        f'A row with the number 1.2 and the words of 1.3: "1.2 {words} / Two leads.".',
        "There is no row for requirement 1.2.",
    )


def test_a_row_without_its_number_is_known_by_its_words() -> None:
    document = form()
    answer(document, "1.2", "Two leads.")
    cell = row_of(document, "1.2").cells[0]
    cell.text = cell.text.removeprefix("1.2 ")

    assert read(document) == replace(EMPTY, answers=tuple(Answer(n, "Two leads." * (n == "1.2")) for n in NUMBERS))


def test_what_is_written_between_the_tables_or_in_a_new_column_is_told() -> None:
    document = form()
    document.paragraphs[3].insert_paragraph_before("Please ring us first.")
    row_of(document, "1.1").cells[0].paragraphs[0].text += ""
    each = table(document, "Web address")
    each.add_column(each.columns[0].width)
    each.rows[1].cells[2].text = "opens from June"

    assert read(document).unplaced == (
        'Text outside the tables: "Please ring us first.".',
        'Text in a column that the form does not have: "opens from June".',
    )


def test_columns_in_another_order_are_read_by_their_names() -> None:
    document = form()
    answer(document, "1.1", "We lead.", "Front line", "Amber")
    for row in next(each for each in document.tables if each.rows[0].cells[0].text == "Requirement").rows:
        row._tr.append(row._tr.tc_lst[1])  # the response goes last

    assert read(document).answer_to("1.1") == Answer("1.1", "We lead.", "Front line", "amber")


def test_a_reference_that_was_changed_is_told() -> None:
    document = form()
    say(document, "Our reference", "GSCP-2026-05B")

    found = read(document)

    assert (found.ref, found.unplaced) == (
        "GSCP-2026-05B",
        ('The form was made for GSCP-2026-05A, and its reference now says "GSCP-2026-05B".',),
    )


texts = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), max_size=30).map(
    lambda text: " ".join(text.split())
)
filled = st.dictionaries(st.sampled_from(NUMBERS), texts, max_size=8)


@settings(max_examples=20)  # each is a document made, changed, saved and read
@given(filled, st.sets(st.sampled_from(NUMBERS), max_size=3), st.randoms(use_true_random=False))
def test_nothing_that_was_written_is_lost_or_put_elsewhere(said: Mapping[str, str], gone: set[str], order: Any) -> None:
    document = form()
    for number, text in said.items():
        answer(document, number, text)
    for number in gone:
        _delete(document, number)
    rows = [row_of(document, number)._tr for number in NUMBERS if number not in gone]
    home = rows[0].getparent()
    order.shuffle(rows)
    home.extend(rows)  # all into one table, in any order

    found = read(document)

    assert found.answers == tuple(Answer(n, said.get(n, "")) for n in NUMBERS if n not in gone)
    assert found.unplaced == tuple(f"There is no row for requirement {n}." for n in NUMBERS if n in gone)


# --- files that are something else ----------------------------------------------------------------------------------


def _free_report() -> bytes:
    document = Document()
    document.add_paragraph("Our section 11 report")
    document.add_table(2, 2).rows[0].cells[0].text = "Year"
    return saved(document)


OTHERS: dict[str, Callable[[], bytes]] = {
    "a report in another format": _free_report,
    "no file at all": lambda: b"",
    "a text": lambda: b"1.1 We lead.",
    "half a form": lambda: blank_form(blank())[:9_000],
    "a workbook": lambda: write([Sheet("1", [("1.1", 5)], [])], title="", author="", at=datetime.now(UTC)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_that_is_no_form_is_said_to_be_none(name: str) -> None:
    with pytest.raises(NotTheForm, match=r"^The file (is not the report form|cannot be read as a Word document)"):
        read_form(OTHERS[name](), definition())


# --- another program ------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_a_form_that_went_through_libreoffice_is_read_the_same(tmp_path: Path) -> None:
    document = form(actions=(HeldAction("Train staff", "Review of 2024", "planned"),), last_answers={"3.1": "Stated."})
    for number in NUMBERS:
        answer(document, number, f"We do {number}.\nAnd more.", "Practice", "Green")
    say(document, "Completed by", "The safeguarding lead")
    table(document, "Web address").rows[1].cells[0].text = "https://council.example/policy"
    (tmp_path / "form.docx").write_bytes(saved(document))
    for source, to in (("form.docx", "odt"), ("form.odt", "docx")):
        subprocess.run(
            ["soffice", f"-env:UserInstallation=file://{tmp_path}/office", "--headless", "--convert-to", to,
             "--outdir", str(tmp_path), str(tmp_path / source)],
            capture_output=True, check=True, timeout=100,
        )  # fmt: skip

    assert read_form((tmp_path / "form.docx").read_bytes(), definition()) == read(document)
