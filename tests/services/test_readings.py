"""A report that comes is read: the form that went with the request, its ratings, links, actions; and free formats."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from datetime import date, datetime
from email import message_from_bytes
from email.policy import default
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from lxml import etree
from openpyxl import load_workbook

from db.unit_of_work import UnitOfWork
from s11flow.cycles import shipped
from s11flow.domain import acts
from s11flow.domain.errors import RefusedError
from s11flow.domain.review_actions import ActionStatus, ReviewAction, ReviewKind
from s11flow.forms import Answer, wording
from s11flow.letters.templates import shipped_templates
from s11flow.reports.shape import AgencyScores, AssuranceReport
from s11flow.services import agencies, assessments, cases, cycles, forms, review_actions, sessions, submissions
from s11flow.services.reports import assurance_report
from s11flow.services.submissions import Documents, Received
from s11flow.services.verify import verify
from s11flow.services.views import case_show
from tests.services.filling import Filling, attached
from tests.services.post import REQUESTED, Server, delivered, requested
from tests.services.scene import CODE, OPENED, PANEL, REGISTER, YEAR, at, judgement, opened, overview_of, run_to

YOUTH, STROUD = f"{CODE}-2026-01", f"{CODE}-2026-02"
CAME = at("2026-10-05 12:00")
PANEL_ENDS = at("2026-11-10 18:00")
FILE = "Section-11-report-GSCP-2026-01.docx"
NUMBERS = [f"{n}.{i}" for n, count in (("1", 4), ("2", 6), ("3", 6), ("4", 1)) for i in range(1, count + 1)]
OTHER_SCALE = """
[[other_scales]]
name = "The regional 0 to 3"
points = [
  { given = "0", rating = "red" },
  { given = "1", rating = "amber" },
  { given = "2", rating = "green" },
  { given = "3", rating = "green" },
]
"""


def asked(uow: UnitOfWork) -> Server:
    """The requests have left."""
    server = Server()
    requested(uow)
    delivered(uow, server, REQUESTED)
    return server


def form_of(uow: UnitOfWork, ref: str = YOUTH, now: datetime = REQUESTED) -> Filling:
    """The form of a case, to be filled in."""
    return Filling(forms.report_form(uow, ref, now=now))


def comes(
    uow: UnitOfWork, folder: Path, content: bytes, *, ref: str = YOUTH, name: str = FILE, now: datetime = CAME
) -> Received:
    """A report of one file is received."""
    documents = Documents(folder / "documents")
    return submissions.receive(uow, documents, ref, [(name, content)], now=now, by="clerk")


def judged(uow: UnitOfWork, given: str, ref: str = YOUTH) -> assessments.Assessed:
    """The agency is seen, and judged."""
    sessions.record(uow, ref, "attended", now=PANEL_ENDS, by="clerk")
    return assessments.assess(uow, ref, given, now=at("2026-11-12 12:00"), by="scrutineer")


def reported(uow: UnitOfWork) -> AssuranceReport:
    """The Assurance Report as it then stands."""
    return assurance_report(uow, partnership=CODE, year=YEAR, now=at("2026-11-13 12:00"))


def scores(uow: UnitOfWork) -> AgencyScores:
    """What it prints of the first agency."""
    return reported(uow).scores[0]


def shown(uow: UnitOfWork, ref: str = YOUTH, now: datetime = CAME) -> dict[str, Any]:
    """A case as it is shown."""
    with uow.read() as connection:
        return case_show(connection, ref, now)


def whole(uow: UnitOfWork) -> bool:
    """Whether nothing is broken."""
    assert verify(uow, now=at("2027-03-01 12:00")).broken == ()
    return True


def a_report(*paragraphs: str) -> bytes:
    """A report in a format of its own."""
    document, written = Document(), BytesIO()
    for text in paragraphs:
        document.add_paragraph(text)
    document.save(written)
    return written.getvalue()


# --- the form goes with the request ----------------------------------------------------------------------------------


def test_the_form_goes_with_the_request_to_whoever_is_asked_and_the_letter_names_it(uow: UnitOfWork) -> None:
    server = asked(opened(uow))

    ((name, data),) = attached(server, "youth@agency.example").items()
    assert (name, data[:2]) == (FILE, b"PK")
    assert f"there is one with this letter, {FILE}; it is not mandatory" in _words(server, "youth@agency.example")
    assert attached(server, "director@agency.example") == {}  # a copy of the letter: one agency, one form
    assert "ask section11@" in _words(server, "director@agency.example")


def _words(server: Server, to: str) -> str:
    (mail,) = [mail for mail in server.taken if mail.recipient == to]
    body = message_from_bytes(mail.raw, policy=default).get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def test_the_form_with_the_request_is_the_one_that_can_be_written_at_any_time(uow: UnitOfWork) -> None:
    server = asked(opened(uow))

    assert forms.report_form(uow, YOUTH, now=REQUESTED) == attached(server, "youth@agency.example")[FILE]


def test_it_says_what_the_letter_says_and_holds_the_open_actions(uow: UnitOfWork) -> None:
    opened(uow)
    title = "Ask children about the new service"
    review_actions.add(uow, "01", _action(title), partnership=CODE, now=OPENED, by="clerk")
    done = _action("Write the policy", status=ActionStatus.DONE)
    review_actions.add(uow, "01", done, partnership=CODE, now=OPENED, by="clerk")
    server = asked(uow)

    sent = Filling(attached(server, "youth@agency.example")[FILE])

    said = [tuple(cell.text for cell in row.cells) for row in sent.rows(wording.ACTION)]
    assert said[:2] == [(f"A1: {title}", "serious case review: Child A", "planned", ""), ("", "", "", "")]
    told = f"A1: {title} (serious case review: Child A; planned, due Monday 1 March 2027)"
    assert told in _words(server, "youth@agency.example")
    assert "Write the policy" not in _words(server, "youth@agency.example")


def _action(title: str, **more: Any) -> ReviewAction:
    given = ReviewAction(0, "01", ReviewKind.SERIOUS_CASE_REVIEW, title, "Child A", due=date(2027, 3, 1))
    return replace(given, **more)


def test_what_was_said_the_last_time_is_brought_forward(uow: UnitOfWork, tmp_path: Path) -> None:
    asked(opened(uow))
    comes(uow, tmp_path, form_of(uow).answer("1.1", "Our director leads.").answer("4.1", "A forum.").saved())
    opened(uow, year=2027, panel=date(2027, 11, 9), now=at("2027-06-01 12:00"))

    row = form_of(uow, f"{CODE}-2027-01", at("2027-07-05 09:00")).row("1.1")

    assert row.cells[1].text == f"{wording.LAST_YEAR}\nOur director leads."
    assert form_of(uow, f"{CODE}-2027-02", at("2027-07-05 09:00")).row("1.1").cells[1].text == ""


# --- and comes back ---------------------------------------------------------------------------------------------------


def filled(data: bytes) -> Filling:
    """A form that was filled in whole: every second requirement rated amber."""
    form = Filling(data).say(wording.AUTHOR, "Pat Quinn").say(wording.ROLE, "Lead").say(wording.DATE, "2 October 2026")
    for place, number in enumerate(NUMBERS):
        form.answer(number, f"We do {number}.", f"Good at {number}.", "Amber" if place % 2 else "Green")
    return form.link("https://agency.example/policy", "our policy")


@pytest.mark.on_both
def test_every_answer_of_a_form_is_read_into_its_requirement_and_kept(uow: UnitOfWork, tmp_path: Path) -> None:
    server = asked(opened(uow))
    done = comes(uow, tmp_path, filled(attached(server, "youth@agency.example")[FILE]).saved())

    said = shown(uow)["reading"]

    rated = ["amber" if place % 2 else "green" for place in range(len(NUMBERS))]
    assert (done.missing, done.unanswered, done.reading.notes) == ((), (), ())
    assert [
        (each["requirement"], each["response"], each["practice"], each["rating"]) for each in said["form"]["answers"]
    ] == [(number, f"We do {number}.", f"Good at {number}.", code) for number, code in zip(NUMBERS, rated, strict=True)]
    assert (said["form"]["author"], said["form"]["role"], said["form"]["completed_on"]) == (
        "Pat Quinn",
        "Lead",
        "2026-10-02",
    )
    assert [(link["address"], link["shows"], link["why_closed"]) for link in said["links"]] == [
        ("https://agency.example/policy", "our policy", "")
    ]
    assert whole(uow)


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_a_form_that_was_filled_in_with_libreoffice_is_read_the_same(uow: UnitOfWork, tmp_path: Path) -> None:
    """Opened and saved by LibreOffice; what is written between is written into its own format."""
    server = asked(opened(uow))
    data = attached(server, "youth@agency.example")[FILE]
    (tmp_path / "form.docx").write_bytes(data)
    flat = converted(tmp_path / "form.docx", "fodt")
    flat.write_bytes(filled_flat(flat.read_bytes()))
    (tmp_path / "back").mkdir()

    by_python = comes(uow, tmp_path, filled(data).saved())
    by_office = comes(uow, tmp_path, converted(flat, "docx", tmp_path / "back").read_bytes())

    assert by_office.reading.form is not None
    assert by_office.reading == by_python.reading


def converted(file: Path, to: str, folder: Path | None = None) -> Path:
    """The file as LibreOffice saves it in another format."""
    folder = folder or file.parent
    profile = f"-env:UserInstallation=file://{file.parent}/office"
    words = ["soffice", profile, "--headless", "--convert-to", to, "--outdir", str(folder), str(file)]
    subprocess.run(words, capture_output=True, check=True, timeout=100)
    return folder / f"{file.stem}.{to}"


_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"


def filled_flat(data: bytes) -> bytes:
    """A form in LibreOffice's own flat format, with the same written into it as `filled` writes."""
    root = etree.fromstring(data)
    rated = ["Amber" if place % 2 else "Green" for place in range(len(NUMBERS))]
    said: dict[str, tuple[str, ...]] = {
        f"{number} ": (f"We do {number}.", f"Good at {number}.", code)
        for number, code in zip(NUMBERS, rated, strict=True)
    }
    said |= {wording.AUTHOR: ("Pat Quinn",), wording.ROLE: ("Lead",), wording.DATE: ("2 October 2026",)}
    links = False
    for row in root.iter(f"{_TABLE}table-row"):
        cells = row.findall(f"{_TABLE}table-cell")
        head = "".join(cells[0].itertext()).strip()
        key = next((each for each in said if head == each or (each[-1] == " " and head.startswith(each))), None)
        if links:
            _write(cells, ("https://agency.example/policy", "our policy"))
        elif key is not None:
            _write(cells[1:], said[key])
        links = head == wording.ADDRESS
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _write(cells: Any, texts: tuple[str, ...]) -> None:
    for cell, text in zip(cells, texts, strict=False):
        cell.find(f"{_TEXT}p").text = text


def test_what_cannot_be_placed_is_said_to_the_person_and_kept(uow: UnitOfWork, tmp_path: Path) -> None:
    form = form_of(asked_uow(uow)).answer("1.1", "One thing.", "", "Green").answer("1.2", "Two.")
    form.say(wording.DATE, "last week")
    row = form.row("2.1")._tr
    row.getparent().remove(row)
    form.document.add_paragraph("See also our annual report.")

    done = comes(uow, tmp_path, form.saved())

    assert done.reading.notes == (
        'Text outside the tables: "See also our annual report.".',
        "There is no row for requirement 2.1.",
        'The date "last week" is none that we can read; 20 October 2026 would be.',
    )
    assert shown(uow)["reading"]["notes"] == list(done.reading.notes)


def asked_uow(uow: UnitOfWork) -> UnitOfWork:
    """The same, after the requests have left."""
    asked(opened(uow))
    return uow


def test_a_form_of_another_agency_answers_nothing_and_is_filed_all_the_same(uow: UnitOfWork, tmp_path: Path) -> None:
    form = form_of(asked_uow(uow), STROUD).answer("1.1", "Stroud's answer.", "", "Green")

    done = comes(uow, tmp_path, form.saved())

    assert (done.version, done.state, done.reading.form, done.reading.foreign) == (1, "SUBMITTED", None, (FILE,))
    assert [each.split(",")[0] for each in done.missing] == [f"standard {number}" for number in "1234"]
    assert [note.split(":")[0] for note in done.reading.notes] == [
        f"{FILE} was made for {STROUD}, which is another agency's"
    ]
    with pytest.raises(RefusedError, match="standard 1"):
        cases.act(uow, YOUTH, acts.AcceptReport(), by="clerk", now=CAME)


def test_a_form_of_another_agency_beside_the_report_itself_takes_nothing_from_it(
    uow: UnitOfWork, tmp_path: Path
) -> None:
    form = form_of(asked_uow(uow), STROUD).saved()
    files = [(FILE, form), ("Our report.docx", a_report("Ours."))]

    done = submissions.receive(uow, Documents(tmp_path), YOUTH, files, now=CAME, by="clerk")

    assert (done.missing, done.reading.foreign) == ((), (FILE,))


def test_last_years_form_of_the_same_agency_is_read_and_it_is_said(uow: UnitOfWork, tmp_path: Path) -> None:
    old = form_of(asked_uow(uow)).answer("1.1", "As before.").saved()
    opened(uow, year=2027, panel=date(2027, 11, 9), now=at("2027-06-01 12:00"))

    done = comes(uow, tmp_path, old, ref=f"{CODE}-2027-01", now=at("2027-09-01 12:00"))

    assert done.reading.form is not None
    assert done.reading.form.answer_to("1.1") == Answer("1.1", "As before.")
    assert done.reading.notes == (
        f"{FILE} says that it is for {YOUTH}; its answers were taken where it words the requirement as it is now.",
    )


def test_an_earlier_form_that_words_a_requirement_otherwise_answers_another_question(
    uow: UnitOfWork, tmp_path: Path
) -> None:
    old = form_of(asked_uow(uow)).answers({"1.1": ("As before.",), "1.2": ("On something else.",)})
    old.row("1.2").cells[0].text = "1.2 What was asked then"
    opened(uow, year=2027, panel=date(2027, 11, 9), now=at("2027-06-01 12:00"))

    done = comes(uow, tmp_path, old.saved(), ref=f"{CODE}-2027-01", now=at("2027-09-01 12:00"))

    assert done.reading.form is not None
    assert done.reading.form.answer_to("1.1") == Answer("1.1", "As before.")
    assert done.reading.form.answer_to("1.2") == Answer("1.2")
    assert done.reading.notes[1:] == (
        (
            "A row of an earlier form, which words requirement 1.2 otherwise than it is now: "
            '"1.2 What was asked then / On something else.".'
        ),
    )


def test_a_report_is_filed_even_where_what_reads_it_fails(
    uow: UnitOfWork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("s11flow.services.readings.read_form", fails)

    done = comes(asked_uow(uow), tmp_path, a_report("Ours."))

    assert (done.version, done.reading.notes) == (
        1, ("The files could not be looked into (ZeroDivisionError, see the log).",)
    )  # fmt: skip


# --- the awkward ones -------------------------------------------------------------------------------------------------


def test_case_36_the_gaps_of_a_form_are_the_standards_it_leaves_out_and_what_mends_it_need_not_repeat_the_rest(
    uow: UnitOfWork, tmp_path: Path
) -> None:
    first = form_of(asked_uow(uow)).answers({number: ("Yes.", "", "Green") for number in NUMBERS if number < "4"})
    first.row("2.3").cells[1].text = first.row("2.3").cells[3].text = ""

    partial = comes(uow, tmp_path, first.saved())
    first_receipt = overview_of(uow, "receipt")
    with pytest.raises(RefusedError, match="standard 4"):
        cases.act(uow, YOUTH, acts.AcceptReport(), by="clerk", now=CAME)
    returned = submissions.return_report(uow, YOUTH, now=CAME, by="clerk")
    second = form_of(uow).answer("4.1", "A forum of young people.", "", "Amber")
    mended = comes(uow, tmp_path, second.saved(), now=at("2026-10-08 12:00"))
    accepted = cases.act(uow, YOUTH, acts.AcceptReport(), by="clerk", now=at("2026-10-08 12:30"))

    assert partial.missing == ("standard 4, Listening to children and young people",)
    assert partial.unanswered == ("2.3", "4.1")
    assert returned.facts.gaps == ("Standard 4, Listening to children and young people, is not addressed.",)
    assert overview_of(uow, "report_returned")["gaps"] == list(returned.facts.gaps)
    assert first_receipt["missing"] == ["Standard 4, Listening to children and young people"]
    assert len(first_receipt["addressed"]) == 3
    assert (mended.missing, accepted.facts.state) == ((), "ACCEPTED")
    said = {each["requirement"]: each["rating"] for each in shown(uow)["reading"]["form"]["answers"]}
    assert (said["1.1"], said["2.3"], said["4.1"]) == ("green", None, "amber")
    assert whole(uow)


def test_case_42_a_link_that_opens_only_inside_is_asked_about_once_and_evidence_not_seen_may_be_noted(
    uow: UnitOfWork, tmp_path: Path
) -> None:
    inside, share, outside = "http://intranet/policy", "https://x.sharepoint.com/s/a", "https://agency.example/audit"
    text = f"Our policy is at {inside}, the minutes at {share}. The audit is at {outside}."

    done = comes(asked_uow(uow), tmp_path, a_report(text))
    asks = submissions.return_report(uow, YOUTH, ["Say who leads."], now=CAME, by="clerk")
    letter = overview_of(uow, "report_returned")
    again = comes(uow, tmp_path, a_report(text, "Our director leads."), now=at("2026-10-08 12:00"))
    with pytest.raises(RefusedError, match="say at least one gap"):
        submissions.return_report(uow, YOUTH, now=at("2026-10-08 12:00"), by="clerk")
    cases.act(uow, YOUTH, acts.AcceptReport(), by="clerk", now=at("2026-10-08 12:30"))
    run_to(uow, PANEL_ENDS, start=at("2026-10-08 12:30"))
    given = json.loads(judgement())
    given["standards"][2] |= {"evidence_not_seen": True}
    given["ratings"] = [{"requirement": "3.2", "panel": "amber", "evidence_not_seen": True}]
    judged(uow, json.dumps(given))

    closed = [inside, share]
    assert [link.address for link in done.reading.closed_links] == closed
    about = ["Say who leads.", *(f"The link {each}" for each in closed)]
    assert [gap.split(" does not open")[0] for gap in letter["gaps"]] == about
    assert asks.facts.gaps == tuple(letter["gaps"])
    assert [link.address for link in again.reading.closed_links] == closed
    links = [(link["address"], link["asked"]) for link in shown(uow)["reading"]["links"]]
    assert links == [(inside, True), (share, True), (outside, False)]
    assert overview_of(uow, "panel_pack")["items_in_order"][0]["closed_links"] == ", ".join(closed)
    assert [standard.reason for standard in scores(uow).standards][2] == "seen in the report Evidence not seen."
    assert {each.number: each.reason for each in scores(uow).requirements}["3.2"] == "Evidence not seen."
    assert "Evidence not seen." in overview_of(uow, "accuracy_check")["ratings"][2]["reason"]
    assert whole(uow)


def test_case_43_a_report_in_a_format_of_its_own_has_no_self_rating_and_is_judged_all_the_same(
    uow: UnitOfWork, tmp_path: Path
) -> None:
    done = comes(asked_uow(uow), tmp_path, a_report("How we meet the four standards."))
    cases.act(uow, YOUTH, acts.AcceptReport(), by="clerk", now=CAME)
    run_to(uow, PANEL_ENDS, start=CAME)
    judged(uow, judgement(ratings=[{"requirement": "1.1", "panel": "green"}]))

    assert (done.reading.form, done.missing, done.unanswered) == (None, (), ())
    one = scores(uow).requirements[0]
    assert (one.own.text, one.panel.text) == ("not answered", "Green ■■■ 3 of 3")
    assert overview_of(uow, "panel_pack")["items_in_order"][0]["self_ratings"] == "none given"


def opened_with(uow: UnitOfWork, more: str) -> UnitOfWork:
    """An opened cycle whose definition says more."""
    agencies.init_partnership(uow, shipped() + more, now=OPENED)
    agencies.import_register(uow, REGISTER, partnership=CODE, now=OPENED, by="clerk")
    cycles.open_cycle(
        uow, partnership=CODE, year=YEAR, panel_days=[PANEL], templates=shipped_templates(), now=OPENED, by="clerk"
    )
    return uow


@pytest.mark.parametrize("has_table", [False, True])
def test_case_44_a_rating_on_another_scale_is_kept_as_given_and_counts_only_by_the_definitions_table(
    uow: UnitOfWork, tmp_path: Path, has_table: bool
) -> None:
    asked(opened_with(uow, OTHER_SCALE if has_table else ""))
    form = form_of(uow).answers({"1.1": ("Yes.", "", "2"), "1.2": ("In part.", "", "1"), "1.3": ("Yes.", "", "Green")})
    comes(uow, tmp_path, form.saved())
    cases.act(uow, YOUTH, acts.AcceptReport(waiver="a first try"), by="clerk", now=CAME)
    run_to(uow, PANEL_ENDS, start=CAME)
    judged(uow, judgement(ratings=[{"requirement": number, "panel": "green"} for number in ("1.1", "1.2", "1.3")]))

    first, second, third = scores(uow).requirements[:3]
    pack = overview_of(uow, "panel_pack")["items_in_order"][0]["self_ratings"]
    against = reported(uow).self_against_panel[0].comparison
    assert third.own.text == "Green ■■■ 3 of 3"
    if has_table:
        assert (first.own.text, second.own.text) == (
            'Green ■■■ 3 of 3, given as "2"', 'Amber ■■□ 2 of 3, given as "1"'
        )  # fmt: skip
        assert scores(uow).mapping.startswith('The regional 0 to 3: "0" is read as red, "1" is read as amber')
        assert pack.startswith('standard 1: 1.1 Green (given as "2"), 1.2 Amber (given as "1"), 1.3 Green, 1.4 not')
        assert (against.same.n, against.same.of) == (2, 3)
    else:
        assert (first.own.text, second.own.text) == ('on another scale: "2"', 'on another scale: "1"')
        assert scores(uow).mapping == ""
        assert pack.startswith('standard 1: 1.1 "2" on another scale, 1.2 "1" on another scale, 1.3 Green')
        assert (against.same.n, against.same.of) == (1, 1)


# --- what it means for the judgement ----------------------------------------------------------------------------------


def test_the_agencys_own_ratings_stand_in_the_judgement_and_in_its_workbook(uow: UnitOfWork, tmp_path: Path) -> None:
    form = form_of(asked_uow(uow)).answers(
        {
            "1.1": ("Yes.", "", "Green"),
            "1.2": ("Mostly.", "", "Green, but not at night"),
            "1.3": ("Not ours.", "", "n/a"),
        }
    )
    comes(uow, tmp_path, form.saved())
    cases.act(uow, YOUTH, acts.AcceptReport(waiver="a first try"), by="clerk", now=CAME)
    run_to(uow, PANEL_ENDS, start=CAME)
    book = load_workbook(BytesIO(forms.judgement_form(uow, YOUTH, now=CAME)))
    rows = [[cell.value for cell in row[2:5]] for row in book["Requirements"].iter_rows(min_row=2, max_row=5)]
    differs = [{"requirement": "1.1", "self": "amber", "panel": "amber"}]

    done = judged(uow, judgement(ratings=differs))

    assert rows == [
        ["green", None, None], ["green", "yes", "Green, but not at night"], ["n/a", None, None], [None, None, None],
    ]  # fmt: skip
    says = "the agency's form says green, the judgement has it as amber"
    assert done.notes == (f"Requirement 1.1: {says}. The judgement was kept as it is.",)
    assert [each.own.text for each in scores(uow).requirements[:4]] == [
        "Amber ■■□ 2 of 3",
        'Green ■■■ 3 of 3, qualified, given as "Green, but not at night"',
        "not applicable",
        "not answered",
    ]


# --- actions from reviews ---------------------------------------------------------------------------------------------


def test_what_the_form_says_of_actions_is_held_on_the_agencys_word_and_reaches_the_panel_and_the_report(
    uow: UnitOfWork, tmp_path: Path
) -> None:
    opened(uow)
    for title in ("Ask children", "Train staff"):
        review_actions.add(uow, "01", _action(title), partnership=CODE, now=OPENED, by="clerk")
    review_actions.add(uow, "02", _action("Not theirs"), partnership=CODE, now=OPENED, by="clerk")
    form = form_of(asked_uow_of(uow)).say(wording.AUTHOR, "Pat").answer("1.1", "Yes.")
    form.action("A1: Ask children", "serious case review: Child A", "done", "The survey of May")
    form.action("Review the threshold", "Multi-agency audit of 2025", "in progress")
    form.action("Something else", "A conversation", "done")
    form.action("A3: Not theirs", "", "done")

    done = comes(uow, tmp_path, form.saved())
    cases.act(uow, YOUTH, acts.AcceptReport(waiver="a first try"), by="clerk", now=CAME)
    run_to(uow, PANEL_ENDS, start=CAME)
    judged(uow, judgement())

    source = f"Pat, in version 1 of {YOUTH}"
    not_held = (
        'The action "{}" is not held: it is not sure what sort of review it is from. '
        "Add it with `s11flow agencies action add` if it should be."
    )
    held = review_actions.list_(uow, partnership=CODE)
    assert [(each.number, each.title, each.status, each.evidence, each.reported_by) for each in held] == [
        (1, "Ask children", "done", "The survey of May", source),
        (2, "Train staff", "planned", "", "clerk"),
        (3, "Not theirs", "planned", "", "clerk"),
        (4, "Review the threshold", "under way", "", source),
    ]
    assert done.reading.notes == (not_held.format("Something else"), not_held.format("Not theirs"))
    assert done.reading.taken == (
        '"Review the threshold" is new, and is held as A4 on the agency\'s word.',
        "A1 is now done on the agency's word (it was planned).",
    )
    pack = overview_of(uow, "panel_pack")["items_in_order"][0]["review_actions"]
    assert pack.startswith("A1: Ask children (serious case review: Child A; done, due Monday 1 March 2027).")
    assert [(line.what, line.status, line.evidence) for line in reported(uow).actions] == [
        ("Ask children", "done", "The survey of May"),
        ("Train staff", "planned", ""),
        ("Review the threshold", "under way", ""),
    ]
    assert whole(uow)


def asked_uow_of(uow: UnitOfWork) -> UnitOfWork:
    """The requests of an opened cycle leave."""
    asked(uow)
    return uow


def test_an_action_that_is_said_to_stand_in_two_ways_is_left_as_it_was(uow: UnitOfWork, tmp_path: Path) -> None:
    opened(uow)
    review_actions.add(uow, "01", _action("Ask children"), partnership=CODE, now=OPENED, by="clerk")
    form = form_of(asked_uow_of(uow)).answer("1.1", "Yes.")
    form.action("A1: Ask children", "", "done")
    form.action("Ask children.", "", "under way")

    done = comes(uow, tmp_path, form.saved())

    assert done.reading.notes == ("A1 is given twice, as done and as under way: it was left as it was.",)
    assert [each.status for each in review_actions.list_(uow, partnership=CODE)] == ["planned"]
