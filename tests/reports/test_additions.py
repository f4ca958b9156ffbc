"""The author's text: read from a file, refused with every fault, printed where it belongs."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from s11flow.reports import Additions, Proposal, WrongReportTextError, read_additions, statement_of_effectiveness
from s11flow.reports.render import render
from s11flow.reports.wording import findings
from tests.reports.register import report_of, whole_register

EXAMPLE_TEXT = (Path(__file__).parents[2] / "docs/examples/report-text.toml").read_text(encoding="utf-8")


def test_the_example_is_read_whole() -> None:
    found = read_additions(EXAMPLE_TEXT)

    assert (len(found.changes), len(found.themes), len(found.year_on_year), len(found.lessons)) == (1, 2, 1, 1)
    assert found.recommendations == (
        Proposal(
            "Tell every member of staff, once a year and in one page, how to escalate a disagreement.",
            "each agency's safeguarding lead",
            date(2027, 6, 30),
        ),
        Proposal("Agree one way in which supervision is recorded.", "the Practice Development Manager"),
    )


def test_an_empty_file_adds_nothing() -> None:
    assert read_additions("") == Additions()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("themes = ['a'", "The text for the report is no TOML: Unclosed array (at end of document)."),
        ("theme = ['a']", "theme: there is no such key; see the example for those there are."),
        ("lessons = ['']", "lessons[1]: empty; write a text or leave the whole entry out."),
        ("[[recommendations]]\ntext = 'a'", "recommendations[1].owner: missing; it has to be there."),
        ('themes = ["a\\u0007"]', "themes[1]: it has a control character in it; type the text again."),
    ],
)
def test_a_text_that_cannot_be_used_is_refused_with_what_is_wrong(text: str, fault: str) -> None:
    with pytest.raises(WrongReportTextError) as refusal:
        read_additions(text)
    assert str(refusal.value) == fault


def test_every_part_is_printed_and_goes_to_those_it_concerns() -> None:
    report = report_of(whole_register(), additions=read_additions(EXAMPLE_TEXT))
    page = render(report, "html").decode().replace("&#39;", "'")
    said = read_additions(EXAMPLE_TEXT)

    for text in (*said.changes, *said.themes, *said.year_on_year, *said.lessons):
        assert text in page
    assert [line.text for line in report.recommendations if line.agency is None] == [
        one.text for one in said.recommendations
    ]
    assert findings(report)[:2] == said.themes
    assert f"**Themes across agencies**\n\n- {said.themes[0]}" in statement_of_effectiveness(report)
