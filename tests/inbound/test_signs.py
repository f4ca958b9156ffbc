"""Signs of single children in a text (case 41): what counts as one, what does not, and that every text is told."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s11flow.inbound.signs import is_nhs_number, is_pupil_number, signs_in
from tests.inbound.texts import ORDINARY

SIGNS = [
    ("NHS number: 943 476 5919", "an NHS number"),
    ("NHS No 9434765919", "an NHS number"),
    ("401-023-2137 attended twice", "an NHS number"),
    ("4010232137 and 4010232137 again", "an NHS number"),
    ("NHS numbers: 943 476 5919, 401 023 2137", "2 NHS numbers"),
    ("UPN H823200001007", "a unique pupil number"),
    ("LCS number: 1234567", "a number of a child's record"),
    ("Mosaic ID 765432, Liquidlogic ref 12345", "2 numbers of children's records"),
    ("DOB: 12/03/2014", "a date of birth"),
    ("D.O.B. 3.4.15", "a date of birth"),
    ("date of birth is 12th March 2014", "a date of birth"),
    ("the boy, born on 2014-03-12, is", "a date of birth"),
    ("Ava (b. 12/03/2014)", "a date of birth"),
    ("Initials,Date of birth\nAS,12/03/2014\nBJ,01/02/2013", "2 dates of birth"),
    ("Name\tDOB\nAva\t12/03/2014", "a date of birth"),
    ("Child A's name is Ava Smith", "a child's name"),
    ("Child A\u2019s real name: Ava", "a child's name"),
    ("Baby P (Peter Jones) was seen", "a child's name"),
    ("Ava Smith (known as Child A)", "a child's name"),
    ("Ava Smith, hereafter referred to as Child B", "a child's name"),
    ("Name of child: Ava O'Brien", "a child's name"),
    ("Child's name: Ava Smith-Jones", "a child's name"),
]

NO_SIGNS = [
    "NHS number: 943 476 5918",  # its check digit is wrong
    "NHS number: 111 111 1111",
    "Phone 401 023 2137 or tel. 401-023-2137",
    "ISBN 0306406152",
    "Order no 4010232137",
    "https://council.example/4010232137",
    "01452 426565",
    "UPN H823200001008",
    "Date of birth: ____  Date completed: 12/10/2026",
    "Staff record the child's name, date of birth and address within 2 days of 12/10/2026",
    "Signed: Jane Smith, 12/10/2026",
    "Child A and Child B (Serious Case Review, 2014)",
    "Child C (Local Authority Review)",
    "Baby P (Haringey Council)",
    "Child's name: Date of birth: School:",
    "Child Q was published on 14 March 2022",
    "We moved to LCS 2019 in May; Mosaic 4 is next",
    "the service was born in 2014",
]


@pytest.mark.parametrize(("text", "sign"), SIGNS)
def test_case_41_what_only_a_record_of_one_child_has(text: str, sign: str) -> None:
    assert [str(each) for each in signs_in(f"Our report.\n{text}\nWe go on.")] == [sign]


@pytest.mark.parametrize("text", [*NO_SIGNS, *ORDINARY])
def test_case_41_what_a_report_says_of_children_is_no_sign(text: str) -> None:
    assert signs_in(text) == ()


@given(st.integers(100_000_000, 999_999_999))
def test_of_eleven_endings_at_most_one_makes_an_nhs_number(beginning: int) -> None:
    assert sum(is_nhs_number(f"{beginning}{last}") for last in range(10)) <= 1


@given(st.text("0123456789", min_size=12, max_size=12))
def test_one_letter_goes_with_the_digits_of_a_pupil_number(digits: str) -> None:
    assert sum(is_pupil_number(f"{letter}{digits}") for letter in "ABCDEFGHJKLMNPQRTUVWXYZ") == 1


@given(st.text(max_size=400) | st.text("Child A's(name is) NHS 943 476 5919 DOB: 12/03/2014\n\t,", max_size=400))
def test_every_text_is_told_and_none_of_it_repeated(text: str) -> None:
    for sign in signs_in(text):
        assert re.fullmatch(r"(?:an?|\d+) [A-Za-z' ]+", str(sign))


@pytest.mark.parametrize("blank", ["\t", "\n", " ", "\n \t"])
@pytest.mark.timeout(20)  # it takes well under a second; what takes longer grows with the square of its length
def test_an_empty_sheet_is_looked_through_in_a_moment(blank: str) -> None:
    assert signs_in(blank * 100_000) == ()
