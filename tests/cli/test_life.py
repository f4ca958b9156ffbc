"""What becomes of agencies, and of whoever answers for them, by commands alone."""

import shutil
from pathlib import Path

import pytest

from s11flow.cycles import shipped
from tests.cli.typed import Cli, cli_in, set_up


@pytest.fixture
def asked(cli: Cli) -> Cli:
    """The requests have left."""
    assert cli("tick", "--now", "2026-07-06").code == 0
    (cli.folder / "report.txt").write_text("Our report.", encoding="utf-8")
    return cli


AUGUST = ("--now", "2026-08-03")


def test_a_contact_leaves_another_comes_and_the_time_that_was_lost_is_shown(asked: Cli) -> None:
    left = asked.json("agencies", "contact-left", "05A", "--how", "A colleague answered", *AUGUST)
    over = asked.json(
        "agencies", "hand-over", "05A", "--email", "new@agency.example", "--contact-name", "A. Newcomer",
        "--now", "2026-08-10",
    )  # fmt: skip
    shown = asked.json("case", "show", "05A", "--now", "2026-08-11")

    assert ("05A" in left["agencies"], "GSCP-2026-05A" in left["cases"], left["stopped"] > 0) == (True, True, True)
    assert (over["agency"], over["working_days_lost"]) == ("05A", 5)
    assert shown["contact"] == {"left_at": None, "working_days_lost": 5}
    assert asked.json("agencies", "show", "05A")["contact_email"] == "new@agency.example"
    assert asked.json("verify")["broken"] == []


def test_a_rename_a_merger_and_an_end_say_in_sentences_what_they_do(asked: Cli) -> None:
    when = ("--on", "2026-08-01", "--reason", "An order", *AUGUST)
    renamed = asked("agencies", "rename", "01", "--name", "County Services", *when)
    merged = asked.json("agencies", "merge", "05B", "05C", "--into", "05A", *when)
    ended = asked.json("agencies", "abolish", "07", "--successor", "01", *when)

    assert "is called County Services: An order." in renamed.out
    assert merged["what"][0].startswith("From Saturday 1 August 2026 ")
    assert merged["stand"] == ["GSCP-2026-05B", "GSCP-2026-05C"]  # a joint report covers them already
    assert ended["excused"] == ["GSCP-2026-07"]
    assert asked.json("agencies", "show", "07")["status"] == "ended"
    assert asked.json("verify")["broken"] == []


def test_a_track_a_period_an_annex_and_a_split_are_recorded(cli: Cli) -> None:
    (cli.folder / "report.txt").write_text("Our report.", encoding="utf-8")
    june = ("--now", "2026-06-02")
    light = cli.json("case", "track", "01", "light", "--reason", "Its second year", *june)
    period = cli.json("case", "period", "01", "2024-04-01..2026-03-31", "--reason", "A year missed", *june)
    for ref in ("05A", "05B", "05C"):
        (cli.folder / "report.txt").write_text(f"The report of {ref}.", encoding="utf-8")
        assert cli("case", "receive", ref, "report.txt", *june).code == 0
    annexed = cli.json("case", "annex", "05B", "--reason", "It belongs to theirs", *june)
    split = cli.json("case", "split", "05C", "--reason", "It answers for itself", *june)

    assert [event["event"] for event in light["events"]][:1] == ["TRACK_SET"]
    assert [event["event"] for event in period["events"]] == ["PERIOD_SET"]
    assert annexed == {"case": "GSCP-2026-05B", "annex_of": "GSCP-2026-05A"}
    assert split["state"] == "SUBMITTED"
    assert [part["case"] for part in cli.json("case", "show", "05A")["parts"]] == ["GSCP-2026-05B"]
    assert cli.json("verify")["broken"] == []


def test_a_report_is_given_on_and_taken_in_by_a_neighbour_as_what_it_is(asked: Cli, tmp_path: Path) -> None:
    assert asked("case", "receive", "11", "report.txt", "--now", "2026-09-01").code == 0
    assert asked("case", "export", "11", "-o", "police.json").code == 0

    folder = tmp_path / "neighbour"
    folder.mkdir()
    shutil.copy(asked.folder / "police.json", folder / "police.json")
    neighbour = cli_in(folder)
    set_up(neighbour)
    received = neighbour.json("case", "receive", "11", str(folder / "police.json"), "--now", "2026-09-02")

    assert (received["version"], received["missing"]) == (1, [])
    files = neighbour.json("case", "show", "11")["submission"]["files"]
    assert [file["name"] for file in files] == ["police.json", "report.txt"]
    assert files[1]["sha256"] == asked.json("case", "show", "11")["submission"]["files"][0]["sha256"]


def test_a_closed_day_and_another_definition_show_what_moves_and_then_do_it(asked: Cli) -> None:
    text = shipped().replace("days = -21,", "days = -14,")
    (asked.folder / "procedure.toml").write_text(text, encoding="utf-8")
    typed = ("cycle", "adopt-definition", "procedure.toml", "--running", "2026", *AUGUST)

    foreseen = asked(*typed, "--dry-run", "--json").json
    done = asked.json(*typed)
    closed = asked.json("cycle", "close-day", "2026-10-23", "--reason", "The office moves", *AUGUST)

    assert foreseen["would_change"]["dates"] != []
    assert {name: foreseen[name] for name in done} == done
    assert [row["new"] for row in done["moved"]][:1] == ["Tuesday 27 October 2026, 5pm"]
    assert closed["added"] == ["2026-10-23 office closed: The office moves"]
    assert asked.json("verify")["broken"] == []
