"""DOCX, XLSX, HTML, CSV and JSON of one report, each read back on its own, say the same; a whole year in tests/demo."""

from __future__ import annotations

import json
from collections.abc import Mapping

from hypothesis import given, settings

from s11flow.reports import Additions, Earlier, Proposal, ReportCase
from s11flow.reports.render import FORMATS, render
from s11flow.reports.tidy import COLUMNS
from tests.reports.read_back import ReadBack, csv_rows, of_json, of_page, of_rows, of_word, workbook_rows
from tests.reports.register import BY_TARGET, case, report_of, whole_register
from tests.reports.test_content import registers


def read_back(files: Mapping[str, bytes]) -> dict[str, ReadBack]:
    """What each file of one report says."""
    scale = [word["code"] for word in json.loads(files["json"])["method"]["scale"]]
    return {
        "json": of_json(files["json"]),
        "csv": of_rows(csv_rows(files["csv"])),
        "xlsx": of_rows(workbook_rows(files["xlsx"], COLUMNS)),
        "html": of_page(files["html"], scale),
        "docx": of_word(files["docx"], scale),
    }


def assert_all_say_the_same(files: Mapping[str, bytes]) -> None:
    found = read_back(files)
    said = found["json"]
    for name, it in found.items():
        assert (name, it.figures) == (name, said.figures)
        assert (name, it.agencies) == (name, said.agencies)


@settings(max_examples=10)
@given(registers())
def test_the_files_of_a_draft_say_the_same_whatever_the_mix(cases: list[ReportCase]) -> None:
    report = report_of(cases, status="draft", approved_at=None)
    assert_all_say_the_same({name: render(report, name) for name in FORMATS})


def test_the_files_say_the_same_of_a_second_year_with_the_authors_text() -> None:
    before = Earlier("2025", {"1": "green", "2": "red", "3": "amber", "4": "green"})
    register = [case("20", arrived=BY_TARGET, earlier=before), *whole_register()]
    added = Additions(themes=("Supervision",), recommendations=(Proposal("Record it", "Everyone"),))
    report = report_of(register, additions=added)

    assert_all_say_the_same({name: render(report, name) for name in FORMATS})
    assert [(line.standard[0], str(line.better), str(line.same), str(line.worse)) for line in report.since_last] == [
        ("1", "0/1 (0%)", "1/1 (100%)", "0/1 (0%)"),
        ("2", "1/1 (100%)", "0/1 (0%)", "0/1 (0%)"),
        ("3", "0/1 (0%)", "1/1 (100%)", "0/1 (0%)"),
        ("4", "0/0", "0/0", "0/0"),
    ]
    assert [(one.agency.code, one.standard[0], one.cycle, one.then, one.now) for one in report.repeated] == [
        ("20", "3", "2025", "Amber", "Amber")
    ]
