"""What agencies and the business unit do is recorded by commands, and told as it came out."""

import json
import shutil
from pathlib import Path

import pytest
from docx import Document
from openpyxl import load_workbook

from tests.cli.typed import ASSESSMENT, Cli, cli_in


@pytest.fixture(scope="session")
def asked_folder(opened_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the requests of 6 July have left, and lie delivered."""
    folder = tmp_path_factory.mktemp("asked")
    shutil.copy(opened_database, folder)
    cli = cli_in(folder)
    assert cli("tick", "--now", "2026-07-06").code == 0
    assert cli("deliver", "--now", "2026-07-06", S11FLOW_MAIL_URL=f"folder:{folder / 'outbox'}").code == 0
    (folder / "report.txt").write_text("Our report.", encoding="utf-8")
    return folder


@pytest.fixture
def asked(here: Path, asked_folder: Path) -> Cli:
    """Typed in a folder of its own, after the requests of 6 July have left."""
    shutil.copytree(asked_folder, here, dirs_exist_ok=True)
    return cli_in(here)


def test_a_case_is_shown_with_its_dates_and_history(asked: Cli) -> None:
    found = asked.json("case", "show", "gscp-2026-05a", "--now", "2026-07-07")

    assert found == asked.json("case", "show", "05A", "--now", "2026-07-07")
    assert {"case", "agency", "state", "flags", "dates", "session", "escalation", "submissions", "history"} <= set(
        found
    )
    assert (found["case"], found["state"], found["flags"]) == ("GSCP-2026-05A", "REQUESTED", [])
    assert found["covers"] == [f"GSCP-2026-05{letter}" for letter in "BCDEF"]
    assert found["history"] == asked.json("case", "history", "05A")
    (row,) = (row for row in asked.json("case", "list", "--now", "2026-07-07") if row["case"] == found["case"])
    only_shown = {
        "history", "reading", "review_actions", "track", "period", "areas", "contact", "providers", "parts",
    }  # fmt: skip
    assert row == {name: value for name, value in found.items() if name not in only_shown}


def test_cases_are_listed_by_state_lateness_and_words(asked: Cli) -> None:
    assert [row["agency"] for row in asked.json("case", "list", "--state", "excused")] == ["15", "16"]
    assert [row["agency"] for row in asked.json("case", "list", "--query", "stroud")] == ["05A"]
    assert asked.json("case", "list", "--overdue", "--now", "2026-07-07") == []
    said = asked("case", "list", "--query", "stroud", "--now", "2026-07-07")
    assert [line.split() for line in said.out.splitlines()] == [
        ["Case", "Agency", "State", "Flags", "Deadline", "Session"],
        [
            *("GSCP-2026-05A", "Stroud", "District", "Council", "report", "requested"),
            *("Tue", "20", "Oct", "2026", "17:00", "Tue", "10", "Nov", "2026", "11:15"),
        ],
    ]


def test_a_report_is_received_once_returned_mended_accepted_considered_judged_and_agreed(asked: Cli) -> None:
    first = ("case", "receive", "05A", "report.txt", "--from", "clerk@district.example", "--now", "2026-10-01")

    received = asked.json(*first, "--addresses", "1,2,3")
    again = asked.json(*first, "--addresses", "1,2,3")
    returned = asked.json("case", "return", "05A", "--gap", "Standard 4 is missing", "--now", "2026-10-02")
    (asked.folder / "report.txt").write_text("Our report, whole.", encoding="utf-8")
    mended = asked.json("case", "receive", "05A", "report.txt", "--now", "2026-10-06")
    accepted = asked.json("case", "accept", "05A", "--now", "2026-10-06", "--not-covering", "05F")
    considered = asked.json("case", "consider", "05A", "--on-paper", "--reason", "A short one", "--now", "2026-11-10")
    assessed = asked.json("assess", "05A", str(ASSESSMENT), "--now", "2026-11-12")
    too_early = asked("agree", "05A", "--now", "2026-11-13", "--dry-run")
    agreed = asked.json("agree", "05A", "--now", "2026-12-10")

    assert too_early.code == 1
    assert "its accuracy check closes on" in too_early.err

    assert (received["version"], received["duplicate"], received["state"]) == (1, False, "SUBMITTED")
    assert [sentence.partition(",")[0] for sentence in received["missing"]] == ["standard 4"]
    assert (again["version"], again["duplicate"]) == (1, True)
    assert returned["state"] == "RETURNED"
    assert [(each["version"], each["status"]) for each in asked.json("case", "show", "05A")["submissions"]] == [
        (1, "filed"), (2, "filed"),
    ]  # fmt: skip
    assert (mended["version"], mended["state"]) == (2, "SUBMITTED")
    assert {case["case"]: case["state"] for case in accepted} == {
        "GSCP-2026-05A": "ACCEPTED",
        "GSCP-2026-05F": "REQUESTED",
    }
    assert considered["state"] == "CONSIDERED"
    assert (assessed["version"], agreed["version"]) == (1, 1)
    assert asked.json("case", "show", "05A")["state"] == "AGREED"
    assert asked.json("verify")["broken"] == []


def test_a_returned_report_is_due_back_after_as_many_working_days_as_the_policy_says(asked: Cli) -> None:
    assert asked("case", "receive", "04", "report.txt", "--now", "2026-10-01").code == 0

    assert asked("case", "return", "04", "--gap", "Standard 4", "--now", "2026-10-02").code == 0

    assert asked.json("case", "show", "04")["dates"]["return_by"] == "2026-10-09"


def test_an_extension_a_move_and_a_reply_are_told_with_the_letters_they_owe(asked: Cli) -> None:
    extended = asked.json("case", "extend", "04", "--to", "2026-10-23", "--reason", "Flood", "--now", "2026-09-01")
    moved = asked.json("panel", "move", "05A", "--to", "2026-11-12T15:00", "--reason", "Clash", "--now", "2026-10-02")
    invited = asked.json("agencies", "show", "05A")["contact_email"]
    replied = asked.json("panel", "reply", "05A", invited, "declined", "--now", "2026-10-05")

    assert [letter["kind"] for letter in extended["letters"]] == ["dates_changed"]
    assert asked.json("case", "show", "04")["dates"]["deadline"]["at"] == "2026-10-23T17:00:00+01:00"
    assert asked.json("case", "show", "05A")["session"]["at"] == "2026-11-12T15:00:00+00:00"
    assert moved["agency"] == "05A"
    assert [event["event"] for event in replied["events"]][-1:] == ["REPLY"]


def test_a_correction_that_leaves_a_case_not_submitted_says_how_a_report_that_came_is_filed(asked: Cli) -> None:
    assert asked("tick", "--now", "2026-10-21T10:01").code == 0
    wrong, right = "that nothing had come", "It came on 19 October"

    done = asked("case", "correct", "05A", "--wrong", wrong, "--right", right, "--now", "2026-10-21T11:00")

    assert done.out.splitlines()[-1] == (
        "GSCP-2026-05A stays not submitted. If its report came after all, "
        "`s11flow case receive GSCP-2026-05A FILE --received-at WHEN` files it as of then."
    )


def test_an_empty_list_of_letters_says_what_none_of_them_is(asked: Cli) -> None:
    assert asked("outbox", "list", "--status", "bounced").err == "No letter that was asked for is bounced.\n"
    assert asked("outbox", "list", "--kind", "chair_letter").err == "No letter is as asked for.\n"


def test_an_escalation_is_held_resumed_acknowledged_and_followed_up(asked: Cli) -> None:
    for now in ("2026-10-20T17:01", "2026-10-21T10:01"):
        assert asked("tick", "--now", now).code == 0
    held = asked.json(
        "escalation", "hold", "05A", "--until", "2026-11-02", "--reason", "Inspection", "--now", "2026-10-21T11:00"
    )
    waits = [row["hold_until"] for row in asked.json("escalation", "list") if row["case"] == "GSCP-2026-05A"]
    resumed = asked.json("escalation", "resume", "05A", "--now", "2026-10-26")
    assert asked("tick", "--now", "2026-10-26T10:00").code == 0
    acknowledged = asked.json("escalation", "acknowledge", "05A", "--now", "2026-10-27")
    (asked.folder / "words.txt").write_text("Please send it this week.", encoding="utf-8")
    followed = asked.json("escalation", "follow-up", "05A", "--words", "words.txt", "--now", "2026-10-28")

    assert [one["state"] for one in (held, resumed, acknowledged, followed)] == ["NOT_SUBMITTED"] * 4
    assert waits == ["2026-11-02"]
    letters = asked.json("outbox", "list", "--case", "05A", "--kind", "chair_letter")
    texts = [asked.json("outbox", "show", str(letter["id"]))["text"] for letter in letters]
    assert texts
    assert [text for text in texts if "Please send it this week." not in text] == []
    states = {row["case"]: row["state"] for row in asked.json("escalation", "list")}
    assert states["GSCP-2026-05A"] == states["GSCP-2026-05B"] == "WITH_SENIOR_LEADER"


def test_a_letter_is_held_released_and_withdrawn(asked: Cli) -> None:
    assert asked("tick", "--now", "2026-09-11").code == 0
    (number, *_) = (row["id"] for row in asked.json("outbox", "list", "--status", "queued"))

    held = asked.json("outbox", "hold", str(number), "--reason", "Wrong contact", "--now", "2026-09-11")
    released = asked.json("outbox", "release", str(number), "--now", "2026-09-11")
    gone = asked.json("outbox", "withdraw", str(number), "--reason", "Not theirs", "--now", "2026-09-11")
    refused = asked("outbox", "retry", str(number), "--now", "2026-09-11")

    assert [one["status"] for one in (held, released, gone)] == ["HELD", "QUEUED", "WITHDRAWN"]
    assert (refused.code, refused.out) == (1, "")


def test_mail_in_the_tray_is_filed_as_of_when_it_arrived(asked: Cli) -> None:
    added = asked.json(
        "inbox", "add", "report.txt", "--arrived-at", "2026-10-20T16:59", "--case", "04", "--now", "2026-10-21T08:00"
    )
    filed = asked.json("inbox", "file", str(added["id"]), "04", "--now", "2026-10-22")

    assert added["arrived_at"] == "2026-10-20T16:59:00+01:00"
    assert filed["case"] == "GSCP-2026-04"
    found = asked.json("case", "show", "04", "--now", "2026-10-22")
    assert (found["state"], found["submission"]["arrived_at"]) == ("SUBMITTED", "2026-10-20T16:59:00+01:00")
    assert asked.json("inbox", "list") == []


def test_the_report_is_written_in_each_format_and_to_stdout(asked: Cli) -> None:
    for kind in ("html", "csv", "json"):
        said = asked("report", "2026", "--format", kind, "-o", f"report.{kind}", "--now", "2026-12-01")
        assert (said.code, said.out, said.err) == (0, "", f"The report is in report.{kind}.\n")

    printed = asked("report", "--format", "json", "-o", "-", "--now", "2026-12-01")

    assert printed.json == json.loads((asked.folder / "report.json").read_text(encoding="utf-8"))
    assert (asked.folder / "report.html").read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html>")


def test_a_report_is_not_approved_while_a_case_is_open_and_the_refusal_names_it(asked: Cli) -> None:
    said = asked("cycle", "approve-report", "--now", "2026-10-01")

    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("Cannot approve report for GSCP-2026: 13 cases are not settled: GSCP-2026-01, ")


def test_lifecycles_are_printed_as_tables_diagrams_and_json(empty: Cli) -> None:
    assert next(row["then"] for row in empty.json("lifecycle", "cycle")["cycle"]) == "OPEN"
    assert empty("lifecycle", "case", "--format", "mermaid").out.startswith("stateDiagram-v2\n")
    assert list(empty.json("lifecycle")) == ["case", "session", "escalation", "cycle", "message"]
    assert "confirm non submission" in empty("lifecycle").out


def test_the_report_form_of_a_case_is_written_for_its_agency(asked: Cli, tmp_path: Path) -> None:
    done = asked("case", "form", "05A", "-o", str(tmp_path / "form.docx"), "--now", "2026-07-07")

    assert (done.code, done.out, done.err) == (0, "", f"The form is in {tmp_path / 'form.docx'}.\n")
    about = Document(str(tmp_path / "form.docx")).tables[0]
    assert [row.cells[1].text for row in about.rows][:5] == [
        "Stroud District Council",
        "GSCP-2026-05A",
        "Tuesday 1 April 2025 to Tuesday 31 March 2026",
        "Tuesday 20 October 2026, 5pm",
        "section11@gloucestershire-partnership.example",
    ]


@pytest.mark.parametrize("command", ["form", "judgement-form"])
def test_a_form_that_may_be_filled_in_is_written_over_only_when_that_is_asked(
    asked: Cli, tmp_path: Path, command: str
) -> None:
    filled = tmp_path / "filled"
    filled.write_text("hours of work", encoding="utf-8")
    said = asked("case", command, "05A", "-o", str(filled), "--now", "2026-07-07")

    assert (said.code, said.out) == (1, "")
    assert said.err == (
        f"{filled} is there already and may be filled in; name another file, or give --force to write over it.\n"
    )
    assert filled.read_text(encoding="utf-8") == "hours of work"
    assert asked("case", command, "05A", "-o", str(filled), "--force", "--now", "2026-07-07").code == 0
    assert filled.read_bytes().startswith(b"PK")


def test_a_judgement_before_its_session_is_refused_with_what_comes_first(asked: Cli) -> None:
    assert asked("case", "receive", "01", "report.txt", "--now", "2026-10-05").code == 0
    judgement = Path(__file__).parents[2] / "docs/examples/assessment.json"
    said = asked("assess", "01", str(judgement), "--now", "2026-10-06")

    assert said.err == (
        "Cannot assess for GSCP-2026-01: the panel has not considered it yet; record its session with `panel record`, "
        "or that it was considered without one with `case consider --on-paper`.\n"
    )


def test_a_judgement_filled_in_as_a_workbook_is_filed_as_the_same_in_json_is(asked: Cli, tmp_path: Path) -> None:
    form = tmp_path / "judgement.xlsx"
    assert asked("case", "receive", "01", "report.txt", "--now", "2026-10-05").code == 0
    assert asked("panel", "record", "01", "attended", "--now", "2026-11-10T17:00").code == 0
    assert asked("case", "judgement-form", "01", "-o", str(form), "--now", "2026-11-11").code == 0
    empty = asked("assess", "01", str(form), "--now", "2026-11-11")
    book = load_workbook(form)
    for row in book["Standards"].iter_rows(min_row=2):
        row[2].value, row[5].value = "Green", "Seen at the session"
    book.save(form)

    done = asked("assess", "01", str(form), "--now", "2026-11-11", "--json")

    assert (empty.code, empty.err.split(";")[0]) == (1, "Standard 1 has no rating")
    told = {"case": "GSCP-2026-01", "version": 1, "basis": "report and session"}
    assert (done.code, done.json | told) == (0, done.json)


def test_case_41_a_report_that_names_a_child_is_kept_back_and_shown_on_record(asked: Cli) -> None:
    (asked.folder / "annex.txt").write_text("Child A's name is Ava Smith.", encoding="utf-8")
    came = asked("case", "receive", "03", "annex.txt", "--now", "2026-07-08")
    listed = asked("case", "list", "--query", "03", "--now", "2026-07-08")

    tried = asked("case", "restrict", "03", "--reason", "Ava is named", "--dry-run", "--now", "2026-07-08")
    done = asked("case", "restrict", "03", "--reason", "Ava is named", "--now", "2026-07-08")
    shown = asked(
        "case", "disclose", "03", "--to", "Our DPO", "--reason", "to see it", "-o", "out", "--now", "2026-07-09"
    )
    again = asked("case", "look-through", "03", "--reason", "she is invented", "--now", "2026-07-09")

    assert "It may hold details of single children: annex.txt (a child's name). Look at it before the pack." in came.out
    assert "look before the pack" in listed.out
    assert [tried.code, done.code, shown.code, again.code] == [0, 0, 0, 0]
    assert done.out.splitlines() == [
        "GSCP-2026-03, Commissioning: returned for more.",
        "  owed now: redaction wanted (the report holds details of single children)",
        "  Version 1 is kept back. Its files stay where they are; nobody is given them.",
    ]
    assert shown.out.splitlines() == [
        "GSCP-2026-03: that version 1 is shown to Our DPO is on record.",
        "  out/annex.txt",
    ]
    assert (asked.folder / "out" / "annex.txt").stat().st_mode & 0o077 == 0
    assert again.out.splitlines()[0] == "GSCP-2026-03: version 1 counts again."
    assert asked("verify").code == 0


def test_case_59_a_letter_that_left_by_mistake_is_put_right(asked: Cli) -> None:
    (letter,) = (row for row in asked.json("outbox", "list", "--kind", "report_request") if row["case"].endswith("-03")
                 and row["to"].startswith("commissioning"))  # fmt: skip

    number = str(letter["id"])
    done = asked("outbox", "correct", number, "--reason", "It was for another board", "--now", "2026-07-08")
    refused = asked("outbox", "correct", number, "--reason", "again", "--now", "2026-07-08")

    (made,) = asked.json("outbox", "list", "--kind", "letter_corrected")
    assert done.out == f"Letter {made['id']} to {letter['to']} puts letter {number} right; both stay on record.\n"
    assert (refused.code, made["corrects"], asked.json("outbox", "show", number)["corrected_by"]) == (
        1,
        letter["id"],
        made["id"],
    )
