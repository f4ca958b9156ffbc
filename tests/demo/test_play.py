"""A rehearsed year is played through the real services, ends as the script says, and keeps to its own folder."""

from __future__ import annotations

import io
import json
from datetime import date
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from rich.console import Console

from calendars import london
from s11flow.demo import DemoRefused, Summary, play
from s11flow.domain.model import MessageState
from s11flow.reports.render import FORMATS
from tests.reports.read_back import of_json
from tests.reports.test_same_figures import assert_all_say_the_same

# How the report came, what the panel had of the agency, its session, its escalation, the ratings of the standards.
ENDS = {
    "01": ("on time, after the target", "attended", "attended", "", "GAGA"),
    "02": ("late, before its panel", "attended", "attended", "resolved", "AAGA"),
    "03": ("by the target", "attended", "attended", "", "GGGG"),
    "04": ("by the target", "attended", "attended", "", "GGAG"),
    "05A": ("by the target", "attended", "attended", "", "GAAG"),
    "05B": ("covered by a joint report", "through the lead of a joint report", "none", "", ""),
    "05C": ("covered by a joint report", "through the lead of a joint report", "none", "", ""),
    "05D": ("covered by a joint report", "through the lead of a joint report", "none", "", ""),
    "05E": ("on time, after the target", "attended", "attended", "", "AAGG"),
    "05F": ("covered by a joint report", "through the lead of a joint report", "none", "", ""),
    "06": ("on time, after the target", "attended", "attended", "", "GAGG"),
    "07": ("not submitted", "on the session alone", "attended in part", "stood down", "ARAN"),
    "08": ("by the target", "attended", "attended", "", "GGGA"),
    "09": ("on time, after the target", "attended", "attended", "", "GGAN"),
    "10": ("by the target", "on the report alone", "absent with notice", "", "AGGG"),
    "11": ("late, before its panel", "attended", "attended", "resolved", "GAAG"),
    "12": ("not asked", "neither report nor session", "none", "", ""),
    "13": ("excused", "neither report nor session", "cancelled", "", ""),
    "14": ("not submitted", "neither report nor session", "absent without notice", "unresolved", ""),
    "15": ("not applicable", "neither report nor session", "none", "", ""),
    "16": ("not applicable", "neither report nor session", "none", "", ""),
}
AT_AN_END = {
    **dict.fromkeys(("13", "15", "16"), "excused"),
    **dict.fromkeys(("05B", "05C", "05D", "05F"), "covered by a joint report"),
}


def ends(summary: Summary) -> dict[str, tuple[str, str, str, str, str]]:
    """Where each case ended, by the agency's code."""
    return {
        case.case.rpartition("-")[2]: (
            case.report, case.panel, case.session, case.escalation, _letters(case.judgement),
        )
        for case in summary.cases
    }  # fmt: skip


def _letters(judgement: str) -> str:
    """The ratings in a judgement as a letter for each standard."""
    if not judgement.startswith("Judgement by standard: "):
        return ""
    return "".join(rated.split(" ")[1][0].upper() for rated in judgement.partition(": ")[2].split(", "))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "out"


@pytest.fixture(scope="module")
def year(folder: Path) -> Summary:
    """The whole of 2026, played once."""
    return play(2026, folder)


def outbox(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "outbox").glob("*.eml"))


def _text(folder: Path, name: str) -> str:
    mail = message_from_bytes((folder / "outbox" / name).read_bytes(), policy=policy.default)
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


# --- the whole year


def test_every_case_ends_as_the_script_says(year: Summary) -> None:
    assert ends(year) == ENDS
    assert {case.case.rpartition("-")[2]: case.state for case in year.cases} == {
        code: AT_AN_END.get(code, "closed") for code in ENDS
    }


def test_the_record_of_the_year_is_unbroken(year: Summary) -> None:
    assert (year.is_whole, year.cycle_state, year.broken, year.outstanding) == (True, "closed", (), ())


def test_the_counts_sum_to_the_register(year: Summary) -> None:
    assert year.took_part == (
        "by the target: 5/21 (24%)",
        "on time, after the target: 4/21 (19%)",
        "late, before its panel: 2/21 (10%)",
        "covered by a joint report: 4/21 (19%)",
        "excused: 1/21 (5%)",
        "not applicable: 2/21 (10%)",
        "not submitted: 2/21 (10%)",
        "not asked: 1/21 (5%)",
    )


def test_every_letter_left_at_the_time_it_was_owed_and_lies_in_the_folder(year: Summary, folder: Path) -> None:
    assert {letter.status for letter in year.letters} == {MessageState.SENT}
    assert len(outbox(folder)) == len(year.letters) == sum(one.letters for one in year.counts)


def test_the_chair_is_not_asked_to_chase_their_own_agency(year: Summary) -> None:
    told = {letter.agency: letter.recipient for letter in year.letters if letter.kind == "escalation"}

    assert told == {
        "Adult Social Care": "Executive Chair",
        "Gloucestershire Constabulary": "Chair's alternate",
        "Cafcass": "Executive Chair",
    }


def test_an_agency_without_a_contact_is_written_to_by_nobody_and_shown_to_a_person(year: Summary) -> None:
    assert [letter for letter in year.letters if letter.agency == "British Transport Police"] == []
    assert year.tasks[0] == (
        "12 British Transport Police: find somebody to write to; it cannot be asked without a contact."
    )


def test_the_report_that_came_twice_is_kept_and_thanked_for_once(year: Summary) -> None:
    hospitals = "Gloucestershire Hospitals NHS Foundation Trust"

    assert [one.kind for one in year.letters if one.agency == hospitals].count("receipt") == 1


def test_the_letters_of_the_approval_say_what_the_report_says(year: Summary, folder: Path) -> None:
    report = json.loads((folder / "report" / "assurance-report.json").read_text("utf-8"))
    silent = next(line["agencies"] for line in report["took_part"]["reports"] if line["name"] == "not submitted")
    _, to_the_executive = (_text(folder, name) for name in outbox(folder) if "report_circulated" in name)

    assert [agency["name"] for agency in silent] == ["Youth Offending Team", "Cafcass"]
    assert "These did not submit:\n\n- Youth Offending Team\n- Cafcass\n" in to_the_executive
    assert "not submitted 2/21 (10%)" in to_the_executive
    assert report["themes"][0] in to_the_executive
    assert "Tell every member of staff, in one page, how a disagreement between services is escalated." in (
        to_the_executive.replace("\n", " ")
    )
    assert f"Recommendations to single agencies: {len(report['recommendations']) - 2}." in to_the_executive


def test_an_agency_asked_again_is_not_held_to_the_target(year: Summary) -> None:
    again = [one for one in year.letters if one.agency == "Tewkesbury Borough Council"]

    assert [one.kind for one in again if one.kind in ("reminder", "target missed")] == ["reminder"]


def test_the_folder_holds_what_the_summary_points_to(year: Summary, folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [
        ".s11flow-demo", "documents", "outbox", "report", "s11flow.db",
    ]  # fmt: skip
    assert sorted(path.name for path in (folder / "report").iterdir()) == [
        "assurance-report.csv",
        "assurance-report.docx",
        "assurance-report.html",
        "assurance-report.json",
        "assurance-report.xlsx",
        "published-report.html",
        "statement-of-effectiveness.md",
        "status-board.xlsx",
        "summary.md",
    ]
    assert "Cafcass" not in (folder / "report" / "published-report.html").read_text("utf-8")
    assert json.loads((folder / "report" / "assurance-report.json").read_text("utf-8"))["build"]["status"] == "approved"
    assert (folder / "report" / "summary.md").read_text("utf-8") == year.markdown()


def test_the_five_files_of_a_whole_year_say_the_same(year: Summary, folder: Path) -> None:
    files: dict[str, bytes] = {name: (folder / "report" / f"assurance-report.{name}").read_bytes() for name in FORMATS}
    said, text = of_json(files["json"]), files["html"].decode().partition("<main")[2]

    assert_all_say_the_same(files)
    assert len(said.figures) > 600
    assert text.count("data-figure=") == len(said.figures)  # each figure of the page is marked as one


def test_the_summary_says_that_it_is_invented_what_left_where_each_case_ended_and_what_to_try(year: Summary) -> None:
    text = year.text()

    headings = [
        line for line, under in zip(text.splitlines(), text.splitlines()[1:], strict=False) if under[:3] == "---"
    ]
    assert headings == [
        "Letters by kind", "What left, when and why", "Where each case ended", "Who took part", "Needs a person",
        "Where things lie", "Next, in that folder",
    ]  # fmt: skip
    assert "what agencies and people do here is invented" in text
    assert max(len(line) for line in text.splitlines() if str(year.folder) not in line) <= 100


# --- other years, and a day in the middle


def test_another_year_ends_the_same_way(tmp_path: Path) -> None:
    summary = play(2031, tmp_path)

    assert (ends(summary), summary.broken) == (ENDS, ())


def test_stopped_on_a_day_it_says_where_things_stand_then(tmp_path: Path) -> None:
    summary = play(2026, tmp_path, until=date(2026, 10, 12))

    assert (summary.is_whole, summary.cycle_state, summary.broken) == (False, "open", ())
    assert london.spell(summary.stopped_at) == "Monday 12 October 2026, 11:59pm"
    assert max(letter.at for letter in summary.letters) <= summary.stopped_at
    assert {case.case: case.state for case in summary.cases}["GSCP-2026-04"] == "report received"
    report = json.loads((tmp_path / "report" / "assurance-report.json").read_text("utf-8"))["build"]
    assert (report["status"], report["is_complete"], len(report["outstanding"])) == (
        "draft",
        False,
        len(summary.outstanding),
    )


def test_the_same_year_gives_the_same_summary(tmp_path: Path) -> None:
    until = date(2026, 7, 10)

    first, again = play(2026, tmp_path, until), play(2026, tmp_path, until)

    assert first == again


def test_stopped_on_the_first_day_it_has_opened_the_cycle_and_written_to_nobody(tmp_path: Path) -> None:
    summary = play(2026, tmp_path, until=date(2026, 6, 1))

    assert (len(summary.cases), summary.letters) == (21, ())


# --- progress


def test_on_a_terminal_a_bar_shows_the_simulated_date(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)

    play(2026, tmp_path, date(2026, 6, 5), console=console)

    written = console.file
    assert isinstance(written, io.StringIO)
    assert "Friday 5 June 2026" in written.getvalue()


def test_elsewhere_there_is_a_line_for_each_month(tmp_path: Path) -> None:
    console = Console(file=io.StringIO())

    play(2026, tmp_path, date(2026, 7, 3), console=console)

    written = console.file
    assert isinstance(written, io.StringIO)
    assert written.getvalue().splitlines() == ["June 2026: 38 letters left.", "July 2026: 3 letters left."]


# --- the folder, and what cannot be played


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "s11flow.db").write_text("somebody's own")

    with pytest.raises(DemoRefused) as refused:
        play(2026, tmp_path)

    assert str(refused.value) == (
        f"{tmp_path} has files in it that the demo did not make, so nothing was written; "
        "name an empty or a new folder with --dir."
    )
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("s11flow.db", "somebody's own")]


def test_the_demos_own_folder_is_written_over_and_what_else_lies_there_is_kept(tmp_path: Path) -> None:
    until = date(2026, 7, 6)
    play(2027, tmp_path, date(2027, 7, 6))
    (tmp_path / "notes.txt").write_text("mine")

    summary = play(2026, tmp_path, until)

    assert len(outbox(tmp_path)) == len(summary.letters)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_link_in_the_demos_folder_is_not_followed(tmp_path: Path) -> None:
    own, other = tmp_path / "out", tmp_path / "other"
    other.mkdir()
    (other / "letter.eml").write_text("kept")
    play(2026, own, date(2026, 6, 1))
    (own / "outbox").symlink_to(other)

    play(2026, own, date(2026, 6, 2))

    assert (other / "letter.eml").read_text() == "kept"
    assert not (own / "outbox").is_symlink()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")

    with pytest.raises(DemoRefused, match="is a file, so the demo has no room there"):
        play(2026, tmp_path / "out")


@pytest.mark.parametrize("wrong", [2020, 2041])
def test_a_year_without_the_procedure_is_refused(tmp_path: Path, wrong: int) -> None:
    with pytest.raises(DemoRefused, match=f"The demo cannot play {wrong}: choose a year from 2021 to 2040"):
        play(wrong, tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_a_day_before_the_cycle_opens_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DemoRefused, match="opens in June 2026; give a day from Monday 1 June 2026 on"):
        play(2026, tmp_path / "out", date(2026, 5, 31))
