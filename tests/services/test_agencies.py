"""The register: what an import adds and changes, what it refuses, and that it is all or nothing."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from io import BytesIO, StringIO

import pytest
from openpyxl import Workbook

from db.rehearsal import rehearsed
from db.unit_of_work import UnitOfWork
from s11flow.cycles import shipped
from s11flow.domain.errors import UnknownError, WrongInputError
from s11flow.services import agencies
from s11flow.services.agencies import Imported, RowAccount
from s11flow.services.register_workbook import as_csv
from tests.services.scene import CODE, HEADER, OPENED, REGISTER, ROWS, opened, queries_of, registered


def imported(uow: UnitOfWork, content: str | bytes) -> Imported:
    return agencies.import_register(uow, content, partnership=CODE, now=OPENED, by="clerk")


def told(account: Imported) -> list[tuple[int, str, str, str]]:
    return [(row.line, row.code, row.what, row.why) for row in account.rows]


def register(*rows: str, header: str = HEADER) -> str:
    return "\n".join((header, *rows, ""))


def history(uow: UnitOfWork) -> list[tuple[str, str]]:
    lines = queries_of(uow, "select event, data from history where event <> 'SET_UP' order by id")
    return [(event, data) for event, data in lines]


@pytest.fixture
def home(uow: UnitOfWork) -> UnitOfWork:
    """A partnership with an empty register."""
    agencies.init_partnership(uow, shipped(), now=OPENED)
    return uow


# --- the partnership -------------------------------------------------------------------------------------------------


def test_a_partnership_is_made_once(uow: UnitOfWork) -> None:
    first = agencies.init_partnership(uow, shipped(), now=OPENED)
    again = agencies.init_partnership(uow, shipped(), now=datetime(2026, 7, 1, tzinfo=UTC))

    assert (first.created, again.created, again.same_definition) == (True, False, True)
    assert queries_of(uow, "select kind, ref, state, seq from subject") == [("partnership", CODE, "ACTIVE", 1)]


def test_another_definition_leaves_a_partnership_as_it_is_and_says_so(home: UnitOfWork) -> None:
    again = agencies.init_partnership(home, shipped() + "\n# edited\n", now=OPENED)

    assert (again.created, again.same_definition) == (False, False)


def test_a_register_needs_its_partnership(uow: UnitOfWork) -> None:
    with pytest.raises(UnknownError, match=r"There is no partnership GSCP here: run `s11flow init` first\."):
        imported(uow, REGISTER)


# --- what an import does ---------------------------------------------------------------------------------------------


def test_every_row_is_accounted_for_and_put_on_record_once(home: UnitOfWork) -> None:
    assert told(imported(home, REGISTER)) == [
        (2, "01", "added", ""),
        (3, "02", "added", ""),
        (4, "03", "added", ""),
        (5, "04", "added", ""),
    ]
    assert history(home) == [("REGISTER_CHANGED", '{"added":["01","02","03","04"],"changed":{}}')]


def test_importing_twice_changes_nothing(home: UnitOfWork) -> None:
    imported(home, REGISTER)
    before = queries_of(home, "select * from agency order by id"), history(home)

    again = imported(home, REGISTER)

    assert [row.what for row in again.rows] == ["unchanged"] * 4
    assert (queries_of(home, "select * from agency order by id"), history(home)) == before


def test_a_rehearsal_tells_all_and_leaves_nothing(home: UnitOfWork) -> None:
    with rehearsed(home) as rehearsal:
        account = imported(rehearsal, REGISTER)

    assert [row.what for row in account.rows] == ["added"] * 4
    assert queries_of(home, "select count(*) from agency") == [(0,)]
    assert history(home) == []


@pytest.mark.on_both
def test_a_changed_row_names_its_columns_and_keeps_old_and_new_apart_from_the_record(home: UnitOfWork) -> None:
    imported(home, REGISTER)
    moved = ROWS[0].replace("youth@agency.example", "new@agency.example").replace("Services", "Service")

    assert told(imported(home, register(moved))) == [(2, "01", "changed", "name, contact_email")]
    event, data = history(home)[-1]
    assert (event, json.loads(data)) == (
        "REGISTER_CHANGED",
        {"added": [], "changed": {"01": ["contact_email", "name"]}},
    )
    (body,) = queries_of(home, "select body from history_private order by seq desc limit 1")[0]
    assert json.loads(body) == {
        "01": {
            "contact_email": ["youth@agency.example", "new@agency.example"],
            "name": ["Youth Services", "Youth Service"],
        }
    }


def test_agencies_and_columns_the_file_does_not_have_stay(home: UnitOfWork) -> None:
    imported(home, REGISTER)

    account = imported(home, register("02,Stroud,active", header="code,name,status"))

    assert told(account) == [(2, "02", "changed", "name")]
    shown = agencies.show_agency(home, partnership=CODE, code="02").agency
    assert (shown.name, shown.contact, shown.category) == ("Stroud", "stroud@district.example", "district council")
    assert len(agencies.list_agencies(home, partnership=CODE)) == 4


def test_a_remark_is_never_read(home: UnitOfWork) -> None:
    imported(home, REGISTER)

    assert told(imported(home, register(f"{ROWS[0]}she is on leave\a"))) == [(2, "01", "unchanged", "")]
    assert "leave" not in str(queries_of(home, "select * from agency"))


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (register("09,Siân's Service,nhs,no_contact,,,,,,,,,").encode("utf-8"), "utf-8"),
        (register("09,Siân's Service,nhs,no_contact,,,,,,,,,").encode("utf-8-sig"), "utf-8"),
        (register("09,Siân's Service,nhs,no_contact,,,,,,,,,").encode("cp1252"), "cp1252"),
        ("\ufeff" + register("09,Siân's Service,nhs,no_contact,,,,,,,,,"), "text"),
        (register("09,Siân's Service,nhs,no_contact,,,,,,,,,").replace("\n", "\r\n").encode(), "utf-8"),
    ],
)
def test_the_encoding_is_found_and_said(home: UnitOfWork, content: str | bytes, encoding: str) -> None:
    account = imported(home, content)

    assert (account.encoding, account.as_json()["added"]) == (encoding, 1)
    assert agencies.show_agency(home, partnership=CODE, code="09").agency.name == "Siân's Service"


def test_a_name_over_two_lines_in_quotes_does_not_shift_the_line_numbers(home: UnitOfWork) -> None:
    rows = ('01,"Youth\nServices",youth,no_contact,,,,,,,,,', "02,Stroud,district council,wrong,,,,,,,,,")

    assert [(row.line, row.code) for row in imported(home, register(*rows)).refused] == [(2, "01"), (4, "02")]


def test_attendees_are_kept_in_their_order_and_once(home: UnitOfWork) -> None:
    row = "01,Youth,youth,active,,,,,y@agency.example,,,b@agency.example; a@agency.example ;B@agency.example,"
    imported(home, register(row))

    found = agencies.show_agency(home, partnership=CODE, code="01")
    assert found.agency.attendees == ("b@agency.example", "a@agency.example")


# --- what it refuses -------------------------------------------------------------------------------------------------

ACTIVE = "{code},{name},youth,{status},,{lead},,,{contact},,,{attendees},"


def row(
    code: str = "07",
    name: str = "Y",
    status: str = "active",
    lead: str = "",
    contact: str = "y@a.example",
    at: str = "",
) -> str:
    return ACTIVE.format(code=code, name=name, status=status, lead=lead, contact=contact, attendees=at)


REFUSED: dict[str, tuple[str, str]] = {
    "no code": (row(code=""), "code is empty; give the agency a code of its own, for instance 05A."),
    "a code with a space": (row(code="0 7"), 'code is "0 7"; use 1 to 10 letters, digits or hyphens.'),
    "a code too long": (row(code="A" * 11), 'code is "AAAAAAAAAAA"; use 1 to 10 letters, digits or hyphens.'),
    "a code in another alphabet": (row(code="０７"), 'code is "０７"; use 1 to 10 letters, digits or hyphens.'),
    "no name": (row(name=""), "name is empty; give the agency's name."),
    "a name with a control character": (row(name="Y\x07S"), "name has a control character; take it out."),
    "a name too long": (row(name="Y" * 201), "name is longer than 200 characters; shorten it."),
    "an unknown status": (
        row(status="Active?"),
        'status is "Active?"; use active, no_contact or not_applicable.',
    ),
    "no contact": (
        row(contact=""),
        "it is active and has no contact_email; give one, or set its status to no_contact.",
    ),
    "an address without a domain": (
        row(contact="youth"),
        'contact_email "youth" has no domain; give one plain address, for instance name@agency.example.',
    ),
    "an attendee with a line break": (
        row(at='"a@a.example\nBcc: b@b.example"'),
        (
            'attendee_emails "a@a.example?Bcc: b@b.example" has a control character; '
            "give one plain address, for instance name@agency.example."
        ),
    ),
    "an address too long": (
        row(contact=f"{'y' * 60}@{'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 20}.example"),
        (
            f'contact_email "{"y" * 60}..." is longer than 254 characters; '
            "give one plain address, for instance name@agency.example."
        ),
    ),
    "itself as lead": (
        row(lead="07"),
        "lead 07 is the agency itself; name an active agency that reports itself, or none.",
    ),
    "a lead nobody knows": (
        row(lead="99"),
        "lead 99 is not on the register; name an active agency that reports itself, or none.",
    ),
    "a lead that is covered": (
        row(lead="03"),
        "lead 03 is covered by 02 itself; name an active agency that reports itself, or none.",
    ),
    "a lead that is not active": (
        row(lead="04"),
        "lead 04 is not_applicable; name an active agency that reports itself, or none.",
    ),
    "too many cells": (
        row() + "a,b",
        "it has 14 cells where the header has 13; quote a text that holds a comma.",
    ),
    "a code that differs in capitals": (
        row(code="A7").replace("A7", "a7") + "\n" + row(code="A7"),
        "code A7 stands on line 2 already; give each agency a code of its own.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_row_is_refused_with_its_line_and_reason_and_nothing_is_changed(home: UnitOfWork, name: str) -> None:
    imported(home, REGISTER)
    before = queries_of(home, "select * from agency order by id"), history(home)
    wrong, why = REFUSED[name]
    good = ROWS[0].replace("Youth Services", "Youth")

    account = imported(home, register(wrong, good))

    assert [item.why for item in account.refused] == [why]
    assert account.rows[-1].what == "changed"  # what would have been done is told all the same
    assert (queries_of(home, "select * from agency order by id"), history(home)) == before


def test_every_fault_of_every_row_is_told_at_once(home: UnitOfWork) -> None:
    account = imported(home, register("0 1,,youth,perhaps,,,,,nobody,,,,", row(code="02", contact="")))

    assert account.refused == (
        RowAccount(
            2,
            "0 1",
            "refused",
            'code is "0 1"; use 1 to 10 letters, digits or hyphens; name is empty; give the agency\'s name; '
            'status is "perhaps"; use active, no_contact or not_applicable; '
            'contact_email "nobody" has no domain; give one plain address, for instance name@agency.example.',
        ),
        RowAccount(
            3, "02", "refused", "it is active and has no contact_email; give one, or set its status to no_contact."
        ),
    )


def test_a_lead_whose_members_the_file_leaves_out_may_not_fall_away(home: UnitOfWork) -> None:
    imported(home, REGISTER)

    account = imported(home, register(ROWS[1].replace("active", "no_contact")))

    assert [item.why for item in account.refused] == ["03 is covered by it, and it is no_contact; change 03 first."]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "The register is empty: its first line names the columns"),
        (HEADER, "The register has a header and no agencies"),
        (
            register("01,Y,active,x", header="code,name,status,phone"),
            'columns that are not known here, "phone"; known are',
        ),
        (register("01,Y", header="code,name"), "The register has no column status; known are code, name"),
        (register("01,Y,active,Z", header="code,name,status,name"), "The register has the column name twice"),
        (register('01,"Y,active'), "The register cannot be read at line 2: unexpected end of data"),
        (b"\x81\x8d\x8f", "neither UTF-8 nor Windows-1252"),
    ],
)
def test_a_file_that_is_no_register_is_refused_in_a_sentence(home: UnitOfWork, content: str | bytes, why: str) -> None:
    with pytest.raises(WrongInputError, match=why):
        imported(home, content)


# --- what it means for cases -----------------------------------------------------------------------------------------


def next_due(uow: UnitOfWork, ref: str) -> object:
    return queries_of(uow, f"select next_due_at from subject where ref = '{ref}'")[0][0]


@pytest.mark.on_both
def test_a_contact_that_is_found_puts_the_request_back_on_the_agenda(uow: UnitOfWork) -> None:
    """Case 6: a case without a contact stays planned; once there is one, it is checked and asked."""
    no_contact = ROWS[0].replace("active", "no_contact").replace("youth@agency.example", "")
    registered(uow, register(no_contact, *ROWS[1:]))
    opened(uow)
    before = next_due(uow, f"{CODE}-2026-01")

    imported(uow, REGISTER)

    assert str(before).startswith("2026-07-06")  # only the letter that asks for a contact, on the day of the request
    assert str(next_due(uow, f"{CODE}-2026-01")).startswith("2026-06-29")  # the contact check


def test_an_agency_is_shown_with_its_cases(uow: UnitOfWork) -> None:
    opened(uow)

    assert agencies.show_agency(uow, partnership=CODE, code="04").as_json() == {
        "code": "04",
        "name": "Prisons",
        "category": "prison",
        "status": "not_applicable",
        "status_reason": "none in the area",
        "lead": None,
        "contact_name": "",
        "contact_role": "",
        "contact_email": None,
        "deputy_email": None,
        "senior_leader_email": None,
        "data_protection_email": None,
        "attendee_emails": [],
        "areas": [],
        "usual_track": "full",
        "contact_left_at": None,
        "contact_since": None,
        "successions": [],
        "cases": [{"case": "GSCP-2026-04", "state": "excused"}],
    }


def test_an_unknown_code_names_the_known_ones(uow: UnitOfWork) -> None:
    registered(uow)

    with pytest.raises(UnknownError, match=r"No agency of GSCP has the code 9; there is 01, 02, 03, 04\."):
        agencies.show_agency(uow, partnership=CODE, code="9")


@pytest.mark.parametrize("as_workbook", [False, True])
def test_a_code_whose_zero_a_spreadsheet_took_is_refused_and_told_how_to_write_it(
    home: UnitOfWork, as_workbook: bool
) -> None:
    imported(home, REGISTER)
    row = ROWS[0].replace("01,", "1,", 1)
    content = as_csv(_with_numbers(register(row))) if as_workbook else register(row)

    account = imported(home, content)

    why = (
        "there is 01, which differs by a zero at its beginning only, as a spreadsheet takes off; "
        "write it as 01, in a column formatted as text."
    )
    assert told(account) == [(2, "1", "refused", why)]
    assert queries_of(home, "select count(*) from agency") == [(4,)]


def test_a_lead_whose_zero_was_taken_is_refused_with_the_code_it_may_mean(home: UnitOfWork) -> None:
    account = imported(home, register(*ROWS[:2], ROWS[2].replace(",02,", ",2,")))

    assert [row.why for row in account.refused] == [
        "lead 2 is not on the register, where 02 is; name an active agency that reports itself, or none."
    ]


def _with_numbers(csv_text: str) -> bytes:
    """The register as a workbook in which the codes are numbers."""
    book, written = Workbook(), BytesIO()
    assert book.active is not None
    for cells in csv.reader(StringIO(csv_text)):
        book.active.append([int(cell) if cell.isdigit() else cell for cell in cells])
    book.save(written)
    return written.getvalue()
