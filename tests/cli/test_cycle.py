"""A cycle is set up, looked at and worked with by commands alone."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from s11flow.cycles import shipped
from tests.cli.typed import PANEL_DAYS, REGISTER, Cli, cli_in, set_up


def test_setting_up_twice_changes_nothing_the_second_time(empty: Cli) -> None:
    answers = [empty.json("init"), empty.json("init")]

    assert answers == [
        {
            "partnership": "GSCP",
            "name": "Gloucestershire Safeguarding Children Partnership",
            "created": created,
            "same_definition": True,
        }
        for created in (True, False)
    ]


def test_importing_says_row_by_row_what_it_would_do_then_does_it_then_has_nothing_to_do(empty: Cli) -> None:
    assert empty("init").code == 0
    dry = empty("agencies", "import", str(REGISTER), "--dry-run")
    before = empty.json("agencies", "list")

    done = [empty.json("agencies", "import", str(REGISTER)) for _ in range(2)]

    assert dry.code == 0
    assert dry.out.splitlines()[-2:] == [
        "added 21, changed 0, unchanged 0, refused 0",
        "Nobody would hear anything else than they would have, and no date would move.",
    ]
    assert dry.err == "This was a dry run: nothing was changed and nothing was sent.\n"
    assert before == []
    assert [(one["added"], one["changed"], one["unchanged"]) for one in done] == [(21, 0, 0), (0, 0, 21)]
    assert len(empty.json("agencies", "list")) == 21
    assert empty.json("agencies", "show", "05b")["lead"] == "05A"


def test_opening_a_cycle_can_be_tried_first(empty: Cli) -> None:
    assert empty("init").code == 0
    assert empty("agencies", "import", str(REGISTER)).code == 0
    before = empty.stored()
    days = [word for day in PANEL_DAYS for word in ("--panel-day", day)]
    words = ("cycle", "open", "2026", *days, "--now", "2026-06-01", "--json")

    tried = empty(*words, "--dry-run")
    kept = empty.stored()
    done = empty(*words)

    opened = {"cycle": "GSCP-2026", "cases": 21, "sessions": 13, "without_session": [], "warnings": []}
    would = tried.json["would_change"]
    assert (tried.json, tried.err) == (
        {**opened, "dry_run": True, "would_change": would},
        "This was a dry run: nothing was changed and nothing was sent.\n",
    )
    assert {date["of"] for date in would["dates"]} >= {"GSCP-2026", "GSCP-2026-01", "GSCP-2026-14"}
    kinds = Counter(letter["kind"] for letter in would["letters_new"])
    assert kinds["report_request"] == 26  # thirteen contacts, and as many senior leaders
    assert (would["letters_gone"], would["letters_moved"]) == ([], [])
    assert kept == before
    assert (done.json, done.err) == (opened, "")


def test_the_timetable_of_2026_is_the_one_of_the_design(cli: Cli) -> None:
    found = cli.json("cycle", "timetable", "2026")

    assert list(found) == ["cycle", "target", "cut_off", "panel_days", "cases"]
    assert (found["cycle"], found["target"]["at"], found["cut_off"]["at"]) == (
        "GSCP-2026", "2026-10-09T17:00:00+01:00", "2027-01-08T17:00:00+00:00",
    )  # fmt: skip
    assert [(day["on"], day["deadline"]["at"]) for day in found["panel_days"]] == [
        ("2026-11-10", "2026-10-20T17:00:00+01:00"),
        ("2026-11-12", "2026-10-22T17:00:00+01:00"),
        ("2026-11-17", "2026-10-27T17:00:00+00:00"),
    ]
    (case,) = (case for case in found["cases"] if case["case"] == "GSCP-2026-05A")
    assert case["deadline"] == {
        "at": "2026-10-20T17:00:00+01:00",
        "on": "2026-10-20",
        "why": "21 days before Tuesday 10 November 2026 is Tuesday 20 October 2026, a working day; 5pm London time",
        "rule": "deadline",
    }
    assert {due["key"]: due["at"] for due in case["due"]} == {
        "contact_check@2026-07-06": "2026-06-29T09:00:00+01:00",
        "report_request@2026-07-06": "2026-07-06T09:00:00+01:00",
        "reminder/target-28d@2026-10-09": "2026-09-11T09:00:00+01:00",
        "reminder/target-14d@2026-10-09": "2026-09-25T09:00:00+01:00",
        "panel_invitation@s1r0": "2026-10-01T09:00:00+01:00",
        "reminder/target-7d@2026-10-09": "2026-10-02T09:00:00+01:00",
        "reminder/target-2wd@2026-10-09": "2026-10-07T09:00:00+01:00",
        "reminder/target-0@2026-10-09": "2026-10-09T09:00:00+01:00",
        "target_missed@2026-10-09": "2026-10-12T09:00:00+01:00",
        "reminder/deadline-2wd@2026-10-20": "2026-10-16T09:00:00+01:00",
        "reminder/deadline-0@2026-10-20": "2026-10-20T09:00:00+01:00",
        "escalation_warning@2026-10-20": "2026-10-20T17:00:00+01:00",
        "non_submission@2026-10-20": "2026-10-21T10:00:00+01:00",
        "escalation@2026-10-20": "2026-10-22T09:00:00+01:00",
        "panel_pack@2026-11-10": "2026-10-27T09:00:00+00:00",
        "reply_chase@s1r0": "2026-10-29T09:00:00+00:00",
        "session_reminder@s1r0": "2026-11-06T09:00:00+00:00",
        "assessment_due@s1r0": "2026-11-24T17:00:00+00:00",
        "accuracy_closes@s1r0": "2026-12-08T17:00:00+00:00",
        "report_cut_off@2027-01-08": "2027-01-08T17:00:00+00:00",
    }


def test_the_newest_cycle_is_meant_where_none_is_named(cli: Cli) -> None:
    assert cli.json("cycle", "timetable") == cli.json("cycle", "timetable", "2026")
    assert cli.json("cycle", "show")["states"] == {"COVERED": 5, "EXCUSED": 2, "PLANNED": 14}


def test_a_plain_time_is_london_time_and_a_plain_date_nine_in_the_morning(cli: Cli) -> None:
    asked = ("2026-07-06", "2026-07-06T09:00", "2026-07-06T08:00Z", "2026-07-06 10:00+02:00")

    told = [cli.json("tick", "--now", now)["now"] for now in asked]

    assert told == ["2026-07-06T09:00:00+01:00"] * 4


def test_a_tick_counts_what_it_did_and_a_second_one_has_nothing_to_do(cli: Cli) -> None:
    tried = cli("tick", "--now", "2026-07-06", "--dry-run", "--json").json
    first, second = cli.json("tick", "--now", "2026-07-06"), cli.json("tick", "--now", "2026-07-06")

    assert list(first) == ["now", "subjects", "events", "messages", "superseded", "expired", "incidents"]
    assert tried == {**first, "dry_run": True}
    assert first["messages"] > 0
    assert second == {**dict.fromkeys(first, 0), "now": "2026-07-06T09:00:00+01:00"}


def test_delivering_can_be_tried_and_then_leaves_one_mail_a_letter(cli: Cli) -> None:
    queued = cli.json("tick", "--now", "2026-07-06")["messages"]
    before = cli.stored()
    tried = cli("deliver", "--now", "2026-07-06", "--dry-run", "--json")
    kept, mails = cli.stored(), list(cli.folder.glob("outbox/*.eml"))

    done = cli.json("deliver", "--now", "2026-07-06")

    assert done == {"sent": queued, "delayed": 0, "failed": 0, "uncertain": 0, "withdrawn": 0, "expired": 0}
    assert (tried.json, kept, mails) == ({**done, "dry_run": True}, before, [])
    assert len(list(cli.folder.glob("outbox/*.eml"))) == queued
    assert {row["status"] for row in cli.json("outbox", "list")} == {"SENT"}


def test_letters_that_the_mode_holds_back_need_a_person(cli: Cli) -> None:
    assert cli("tick", "--now", "2026-07-06").code == 0

    said = cli("deliver", "--now", "2026-07-06", "--json", S11FLOW_MAIL_URL="smtp://127.0.0.1:1?tls=none")

    assert (said.code, said.json["sent"]) == (3, 0)
    assert said.json["held"] == len(cli.json("outbox", "list", "--status", "held"))
    assert said.err == "Some letters need a person; see `s11flow outbox list --status held`.\n"
    held = f"{said.json['held']} letters are held; see `s11flow outbox list --status held`."
    assert held in cli("doctor", "--now", "2026-07-06", "--json").json["notices"]  # in live it needs a person


def test_what_was_set_aside_needs_a_person_who_can_release_it(cli: Cli) -> None:
    broken = cli_in(cli.folder)
    engine = create_engine(broken.url)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE subject SET parked_at = :at, parked_why = 'KeyError' WHERE ref = 'GSCP-2026-03'"),
            {"at": "2026-06-02 09:00:00.000000"},
        )
    engine.dispose()

    listed = cli.json("incident", "list")
    told = cli("doctor", "--now", "2026-06-02", "--json")
    released = cli.json("incident", "release", "GSCP-2026-03", "--reason", "The row was mended", "--now", "2026-06-03")

    assert listed == [
        {"ref": "GSCP-2026-03", "kind": "case", "since": "2026-06-02T10:00:00+01:00", "why": "KeyError"}
    ]  # fmt: skip
    assert told.code == 3
    assert [line for line in told.json["findings"] if "GSCP-2026-03" in line] == [
        (
            "GSCP-2026-03 is set aside since Tuesday 2 June 2026, 10am (KeyError); have it put right, then run "
            "`s11flow incident release GSCP-2026-03`."
        )
    ]
    assert (released, cli.json("incident", "list")) == (listed[0], [])
    assert cli.json("case", "history", "03")[-1]["event"] == "RELEASED"
    assert cli.json("verify")["broken"] == []


def test_the_doctor_is_content_when_the_clockwork_runs_and_not_when_it_stands(cli: Cli) -> None:
    assert [cli(name, "--now", "2026-06-02").code for name in ("tick", "deliver")] == [0, 0]

    well, ill = cli("doctor", "--now", "2026-06-02T09:05", "--json"), cli("doctor", "--now", "2026-06-03", "--json")

    assert (well.code, well.json["findings"]) == (0, [])
    assert ill.code == 3
    assert ill.json["findings"] == [
        f"`s11flow {name}` last ran on Tuesday 2 June 2026, 9am; see that the worker or the schedule runs, and what "
        "its log says."
        for name in ("tick", "deliver")
    ]


def test_verify_finds_a_line_of_history_that_was_changed(cli: Cli) -> None:
    whole = cli("verify", "--json")
    engine = create_engine(cli.url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE history SET actor_id = 'nobody' WHERE seq = 1 AND subject_id = 3"))
    engine.dispose()

    found = cli("verify", "--json")

    assert (whole.code, list(whole.json), whole.json["broken"]) == (0, ["subjects", "events", "broken"], [])
    assert (found.code, len(found.json["broken"])) == (3, 1)


def test_panel_days_are_added_moved_to_and_stood_down(cli: Cli) -> None:
    added = cli.json("cycle", "add-day", "2026-11-19", "--now", "2026-06-02")
    moved = cli.json("cycle", "move-day", "2026", "2026-11-10", "--to", "2026-11-19", "--now", "2026-06-02")
    left = cli.json("cycle", "stand-down", "2026-11-12", "--reason", "Not quorate", "--now", "2026-06-02")

    assert (added["panel_day"], added["state"], added["deadline"]["on"]) == (
        "GSCP-2026-P2026-11-19", "SITTING", "2026-10-29"
    )  # fmt: skip
    assert {case["agency"] for case in moved} <= {case["agency"] for case in cli.json("cycle", "timetable")["cases"]}
    sessions = Counter(case["session"]["on"] for case in cli.json("case", "list") if case["session"])
    assert sessions["2026-11-19"] == len(moved)
    live = [case["session"]["state"] for case in cli.json("case", "list") if case["session"]]
    assert live.count("STOOD_DOWN") == len(left["without_session"])


@pytest.mark.parametrize("wanted", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_dry_run_of_every_kind_of_change_keeps_nothing(
    here: Path, opened_database: Path, request: pytest.FixtureRequest, wanted: str
) -> None:
    if wanted == "postgres":
        cli = cli_in(here, request.getfixturevalue("postgres_url"))
        set_up(cli)
    else:
        shutil.copy(opened_database, here / "s11flow.db")
        cli = cli_in(here)
    (here / "report.txt").write_text("A report.", encoding="utf-8")
    (here / "procedure.toml").write_text(shipped(), encoding="utf-8")
    assert cli("tick", "--now", "2026-07-06").code == 0
    before = cli.stored()

    for typed in (
        "tick --now 2026-12-01",
        "deliver --now 2026-12-01",
        "case receive 05A report.txt",
        "case extend 05A --to 2026-10-21 --reason Flood",
        "case excuse 04 --reason Inspection --authority Executive",
        "panel move 05A --to 2026-11-12T15:00",
        "panel plan",
        "cycle add-day 2026-11-19",
        "cycle add-day 2026-11-19 --reserve",
        "panel swap 05A 01",
        "panel ask 05A --for 2026-11-12T15:00",
        "panel offer 05A --to 2026-11-12T15:00",
        "panel interest 05A LayMember --reason Relative",
        "cycle adopt-holidays",
        "cycle close-day 2026-10-23 --reason Moving",
        "cycle adopt-definition procedure.toml --running 2026",
        "agencies contact-left 05A",
        "agencies hand-over 05A --email new@agency.example",
        "agencies rename 05A --name Another --on 2026-07-01 --reason Order",
        "agencies merge 01 --into 02 --on 2026-07-01 --reason Order",
        "agencies abolish 01 --on 2026-07-01 --reason Order",
        "agencies recommission 01 --name Another --commissioner 02 --on 2026-07-01 --reason Contract",
        "case period 05A 2024-04-01..2026-03-31 --reason Missed",
        "cycle stand-down 2026-11-12 --reason Flood",
        "outbox hold 1 --reason Wait",
        "inbox add report.txt --note Unclear",
    ):
        now = () if "--now" in typed else ("--now", "2026-07-07")
        said = cli(*(word.replace("LayMember", "Lay Member") for word in typed.split()), *now, "--dry-run")
        assert (said.code, said.err) == (0, "This was a dry run: nothing was changed and nothing was sent.\n"), typed

    assert cli.stored() == before
    assert sorted(path.name for path in here.iterdir() if path.is_dir()) == []
