"""The status board, the author's text and the decision on naming, from the command line."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from openpyxl import load_workbook

from tests.cli.typed import Cli

TEXT = Path(__file__).parents[2] / "docs/examples/report-text.toml"
COUNTED = {"changes": 1, "themes": 2, "year_on_year": 1, "recommendations": 2, "lessons": 1}


def test_the_board_is_a_workbook_unless_the_file_is_called_otherwise(cli: Cli) -> None:
    for name in ("board.xlsx", "board", "board.csv"):
        said = cli("cycle", "board", "-o", name, "--now", "2026-10-01")
        assert (said.code, said.out, said.err) == (0, "", f"The status board is in {name}.\n")

    book, same = (load_workbook(cli.folder / name) for name in ("board.xlsx",) * 2)
    head, *lines = book["Board"].iter_rows(values_only=True)
    rows = list(csv.DictReader(io.StringIO((cli.folder / "board.csv").read_bytes().decode("utf-8-sig"))))
    assert (cli.folder / "board").read_bytes() == (cli.folder / "board.xlsx").read_bytes()
    assert [line[head.index("code")] for line in lines] == [row["code"] for row in rows]
    assert (len(rows), same.sheetnames) == (21, ["Board", "Counts", "About"])


def test_the_board_says_what_case_list_says(cli: Cli) -> None:
    listed = cli.json("case", "list", "--now", "2026-10-01")
    printed = cli("cycle", "board", "2026", "-o", "-", "--format", "csv", "--now", "2026-10-01")
    rows = {row["case"]: row for row in csv.DictReader(io.StringIO(printed.out.lstrip("\ufeff")))}

    assert {ref: (row["state"], row["flags"], row["target"]) for ref, row in rows.items()} == {
        item["case"]: (item["state_words"], ", ".join(item["flags"]), item["dates"]["target"]["on"]) for item in listed
    }
    assert {ref: row["due next on"] for ref, row in rows.items()} == {
        item["case"]: item["next"]["at"][:16].replace("T", " ") if item["next"] else "" for item in listed
    }


def test_a_board_in_a_format_there_is_not_is_refused(cli: Cli) -> None:
    said = cli("cycle", "board", "-o", "board.pdf")

    assert (said.code, "The format pdf is none of a status board; use xlsx or csv." in said.err) == (2, True)


def test_the_authors_text_can_be_tried_then_kept_then_printed(cli: Cli) -> None:
    before = cli.stored()
    tried = cli("cycle", "report-text", "2026", str(TEXT), "--now", "2026-12-01", "--dry-run", "--json").json
    kept = cli.stored()
    done = cli.json("cycle", "report-text", str(TEXT), "--now", "2026-12-01")
    printed = cli("cycle", "report-text", "-")

    assert tried == {"cycle": "GSCP-2026", **COUNTED, "dry_run": True, "would_change": tried["would_change"]}
    assert kept == before
    assert done == {"cycle": "GSCP-2026", **COUNTED}
    assert printed.out.rstrip() == TEXT.read_text(encoding="utf-8").rstrip()


def test_where_no_text_is_kept_an_example_is_named(cli: Cli) -> None:
    said = cli("cycle", "report-text", "-")

    assert (said.code, said.out) == (0, "")
    assert "docs/examples/report-text.toml" in said.err


def test_a_text_with_faults_is_refused_with_all_of_them_on_a_line(cli: Cli) -> None:
    (cli.folder / "text.toml").write_text("theme = []\nlessons = ['']", encoding="utf-8")
    said = cli("cycle", "report-text", "text.toml")

    assert said.code == 1
    assert "theme: there is no such key" in said.err
    assert "lessons[1]: empty" in said.err


def test_the_decision_on_naming_is_recorded_with_its_authority(cli: Cli) -> None:
    words = ("cycle", "naming", "2026", "counted", "--now", "2027-03-04")
    without = cli(*words)
    done = cli.json(*words, "--authority", "The Executive, 4 March 2027")
    odd = cli("cycle", "naming", "perhaps")

    assert (without.code, without.err) == (1, "Say on whose authority; it is printed in the published report.\n")
    assert done == {"cycle": "GSCP-2026", "not_submitted": "counted"}
    assert (odd.code, '"perhaps" is no decision on naming; use named or counted.' in odd.err) == (2, True)


def test_a_draft_is_not_published(cli: Cli) -> None:
    said = cli("report", "--published", "-o", "report.html", "--now", "2026-12-01")

    assert (said.code, said.err) == (
        1, "A draft is not published; approve the report first with `s11flow cycle approve-report`.\n",
    )  # fmt: skip
