"""Bad input is one sentence on stderr, an exit code that tells its sort, and nothing changed."""

import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.typed import REGISTER, Cli, cli_in

ROOT = Path(__file__).parents[2]

REFUSED = {
    "case show 99Z": (1, "There is no case 99Z: see `s11flow case list` for the ones there are."),
    "case receive 05A report.pdf": (
        1,
        "report.pdf cannot be read (No such file or directory); name a file that is there.",
    ),
    "case accept 05A --now 2026-07-07": (
        1,
        (
            "Cannot accept report for GSCP-2026-05A: it is report requested. You can: receive report, excuse, cover, "
            "void, extend, correct."
        ),
    ),
    "case list --state OVERDUE": (
        1,
        (
            "OVERDUE is no state of a case; use one of PLANNED, REQUESTED, SUBMITTED, RETURNED, ACCEPTED, "
            "NOT_SUBMITTED, CONSIDERED, ASSESSED, AGREED, REPORTED, IN_STATEMENT, CLOSED, EXCUSED, COVERED, VOID."
        ),
    ),
    "cycle timetable 2031": (
        1,
        "GSCP has no cycle 2031; there is 2026. Open one with `s11flow cycle open`.",
    ),
    "cycle open 2027": (2, "Missing option '--panel-day'."),
    "cycle open 2027 --panel-day 2027-11-13": (
        1,
        "The panel cannot sit on Saturday 13 November 2027: it is a Saturday. The earliest ",
    ),
    "cycle open 2027 --panel-day 13/11/2027": (
        2,
        "Invalid value for '--panel-day': '13/11/2027' is no date; write it as 2026-11-10.",
    ),
    "cycle open 2027 --panel-day 2027-11-09 --period 2026": (
        2,
        "Invalid value for '--period': '2026' is no period; write it as 2025-04-01..2026-03-31.",
    ),
    "cycle stand-down 2026 2026-11-10 2026-11-12": (
        2,
        "Invalid value: Give the cycle and the day, or the day alone; there were 3 words.",
    ),
    "panel move 05A --to 2026-11-12": (
        2,
        "Invalid value for '--to': '2026-11-12' has no time of day; write it as 2026-11-12T09:30 (London time).",
    ),
    "tick --now yesterday": (
        2,
        (
            "Invalid value for '--now': 'yesterday' is no time; write it as 2026-10-20T17:00 (London time) or "
            "2026-10-20T16:00Z."
        ),
    ),
    "tick --partnership XSCP": (1, "There is no partnership 'XSCP' here; there is GSCP."),
    "report -o - --format pdf": (
        2,
        "Invalid value for --format: The format pdf is not there yet; use html, csv, json, docx, xlsx.",
    ),
    "report -o nowhere/report.html": (1, "nowhere/report.html could not be written (No such file or directory)"),
    "lifecycle weather": (
        2,
        "Invalid value for NAME: There is no lifecycle weather; there is case, session, escalation, cycle, message.",
    ),
    "outbox show 999": (1, "There is no letter 999: see `s11flow outbox list` for the ones there are."),
    "incident release 05A": (1, "05A is not set aside; set aside is nothing."),
    "inbox file 9 05A": (1, "There is no mail 9 in the holding tray; `s11flow inbox list` has what waits."),
    "agencies show 99Z": (1, "No agency of GSCP has the code 99Z; there is 01, 02"),
}


@pytest.mark.parametrize("typed", REFUSED)
def test_what_is_refused_is_said_in_a_sentence_and_changes_nothing(cli: Cli, typed: str) -> None:
    before = cli.stored()
    code, sentence = REFUSED[typed]

    said = cli(*typed.split())

    assert (said.code, said.out) == (code, "")
    assert said.err.startswith(sentence)
    assert said.err.count("\n") == 1 or code == 2
    assert cli.stored() == before


@pytest.mark.parametrize("typed", [typed for typed in REFUSED if typed.split()[0] in {"case", "outbox"}])
def test_a_refusal_leaves_stdout_to_json(cli: Cli, typed: str) -> None:
    options = () if typed.startswith("report") else ("--json",)

    said = cli(*typed.split(), *options)

    assert said.out == ""
    assert said.err.startswith(REFUSED[typed][1])


def test_a_wrong_definition_leaves_no_database_behind(empty: Cli) -> None:
    wrong = empty.folder / "wrong.toml"
    wrong.write_text("[partnership]\ncode = 'XSCP'\n", encoding="utf-8")

    said = empty("init", "--definition", str(wrong))

    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert said.err.startswith(f"{wrong} cannot be used. ")
    assert list(empty.folder.iterdir()) == [wrong]


def test_a_wrong_row_of_the_register_is_named_and_nothing_is_imported(cli: Cli) -> None:
    text = REGISTER.read_text(encoding="utf-8")
    wrong = cli.folder / "wrong.csv"
    wrong.write_text(re.sub(r"[\w.-]+@", "at", text, count=1).replace(",District,", ",Borough,"), encoding="utf-8")
    before = cli.stored()

    said = cli("agencies", "import", str(wrong))

    assert (said.code, said.err.count("\n")) == (1, 1)
    assert said.err.startswith("Nothing was changed: wrong.csv, line 2, 01: contact_email ")
    assert cli.stored() == before


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("oracle://db", "S11FLOW_DATABASE_URL is 'oracle:...'; write sqlite:///s11flow.db or"),
        ("sqlite:////nowhere/s11flow.db", "S11FLOW_DATABASE_URL cannot be used: the folder /nowhere does not exist;"),
        ("postgresql://me:secret@127.0.0.1:1/s11flow", "S11FLOW_DATABASE_URL cannot be used: Postgres at 127.0.0.1:1"),
    ],
)
def test_a_wrong_database_address_is_not_configured(here: Path, url: str, sentence: str) -> None:
    for words in (("tick",), ("migrate",), ("init",)):
        said = cli_in(here, url)(*words)

        assert (said.code, said.out, said.err.count("\n")) == (4, "", 1)
        assert said.err.startswith(sentence)
        assert "secret" not in said.err
    assert list(here.iterdir()) == []


def test_a_database_that_is_not_there_or_not_migrated_or_has_no_partnership_is_not_configured(empty: Cli) -> None:
    said = [empty("tick")]
    assert empty("migrate").code == 0
    said.append(empty("tick"))

    assert [(one.code, one.out) for one in said] == [(4, ""), (4, "")]
    assert said[0].err.startswith("There is no database ")
    assert said[1].err == "There is no partnership here yet; run `s11flow init` first.\n"


def test_a_wrong_setting_is_named_and_not_configured(cli: Cli) -> None:
    said = cli("tick", S11FLOW_MODE="earnest")

    assert (said.code, said.out) == (4, "")
    assert said.err == "S11FLOW_MODE is 'earnest'; write demo, trial or live.\n"


def test_a_mail_server_that_is_down_delays_the_letters_and_is_named(cli: Cli, caplog: pytest.LogCaptureFixture) -> None:
    down = {"S11FLOW_MAIL_URL": "smtp://127.0.0.1:1?tls=none", "S11FLOW_MAIL_REDIRECT": "trial@partnership.example"}
    assert cli("tick", "--now", "2026-07-06").code == 0

    said = cli("deliver", "--now", "2026-07-06", "--json", **down)

    assert (said.code, said.json["sent"], said.json["failed"]) == (0, 0, 0)
    assert "The mail server 127.0.0.1:1 could not be reached" in caplog.text
    assert {row["status"] for row in cli.json("outbox", "list")} <= {"QUEUED", "DELAYED"}


def test_in_live_a_time_off_the_clock_is_refused_except_for_looking(cli: Cli) -> None:
    before = cli.stored()

    said = cli("tick", "--now", "2026-07-06", S11FLOW_MODE="live")

    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("This is live, and Monday 6 July 2026, 09:00:00 is more than 5 minutes from the clock (")
    assert cli("tick", "--now", "2026-07-06", "--dry-run", S11FLOW_MODE="live").code == 0
    assert cli("forecast", "--now", "2026-07-06", S11FLOW_MODE="live").code == 0
    assert cli.stored() == before


def test_of_several_partnerships_one_has_to_be_named(cli: Cli) -> None:
    other = cli.folder / "other.toml"
    shipped = (ROOT / "s11flow/cycles/gloucestershire.toml").read_text(encoding="utf-8")
    other.write_text(shipped.replace('"GSCP"', '"XSCP"'), encoding="utf-8")
    assert cli("init", "--definition", str(other)).code == 0

    said = cli("case", "list")

    assert (said.code, said.out) == (1, "")
    assert said.err == "There is more than one partnership here; say which: GSCP, XSCP.\n"
    assert len(cli.json("case", "list", "--partnership", "GSCP")) == 21


def _small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))


def test_a_documents_folder_without_room_takes_nothing_and_says_so(cli: Cli) -> None:
    report = cli.folder / "report.pdf"
    report.write_bytes(b"%PDF" * 500_000)
    before = cli.stored()

    done = subprocess.run(
        [sys.executable, "-m", "s11flow", "case", "receive", "05A", "report.pdf", "--now", "2026-09-01"],
        cwd=cli.folder, env={"PYTHONPATH": str(ROOT)}, preexec_fn=_small_files, capture_output=True, text=True,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        r"The file could not be kept in .*documents \(File too large\); nothing was recorded\. .*\n", done.stderr
    )
    assert cli.stored() == before
    assert [path for path in (cli.folder / "documents").rglob("*") if path.is_file()] == []


def _full_disk() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


def test_a_database_without_room_keeps_nothing_and_says_so(cli: Cli) -> None:
    before = cli.stored()

    done = subprocess.run(
        [sys.executable, "-m", "s11flow", "tick", "--now", "2026-07-06"],
        cwd=cli.folder, env={"PYTHONPATH": str(ROOT)}, preexec_fn=_full_disk, capture_output=True, text=True,
    )  # fmt: skip

    assert (done.stdout, done.stderr.count("\n")) == ("", 1)
    assert done.returncode in (1, 4)  # it is noticed at a statement, or when all is to be kept
    assert "disk I/O error" in done.stderr
    assert cli.stored() == before


@pytest.mark.parametrize("words", [("lifecycle",), ("tick", "--help"), ("case", "list", "--json")])
def test_an_answer_that_the_disk_does_not_take_ends_in_a_sentence(cli: Cli, words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "s11flow", *words],
            cwd=cli.folder, env={"PYTHONPATH": str(ROOT)}, stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    sentence = (
        "A disk did not take what was written to it (No space left on device); make room or see to it, and look at "
        "what was done before you do it again.\n"
    )
    assert (done.returncode, done.stderr) == (1, sentence)
