"""The files all carry the same figures, and each is fit for whoever opens it."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from s11flow.domain.errors import WrongInputError
from s11flow.domain.model import CaseState
from s11flow.reports import AssuranceReport
from s11flow.reports.csv_ import guarded
from s11flow.reports.render import FORMATS, render
from tests.reports.read_back import figures_of
from tests.reports.register import BY_TARGET, EXAMPLE, case, report_of, whole_register

REPORT = report_of(whole_register())
VOID_TAGS = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """An HTML file as its elements, with the text of each figure."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.open: list[tuple[str, str | None]] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.figures: dict[str, str] = {}
        self.texts: list[str] = []
        self.feed(html.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID_TAGS:
            key = dict(attrs).get("data-figure")
            assert key is None or key not in self.figures, f"{key} stands twice"
            if key is not None:
                self.figures[key] = ""
            self.open.append((tag, key))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag, f"</{tag}> closes what it did not open"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1][0] != "style":
            self.texts.append(data)
        for _, key in self.open:
            if key is not None:
                self.figures[key] += data


def page_of(report: AssuranceReport = REPORT) -> Page:
    return Page(render(report, "html"))


def json_of(report: AssuranceReport = REPORT) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(render(report, "json"))
    return found


def csv_of(report: AssuranceReport = REPORT) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render(report, "csv").decode("utf-8-sig"), newline="")))


# ----------------------------------------------------------------------------------------------------- the same figures


def test_the_page_carries_every_figure_of_the_json_file_and_no_other() -> None:
    assert page_of().figures == dict(figures_of(json_of()))


# ------------------------------------------------------------------------------------------------------------ the page


def test_no_per_cent_stands_without_its_count() -> None:
    text = "".join(page_of().texts)
    assert len(re.findall(r"%\)", text)) == text.count("%") > 0
    assert len(re.findall(r"\d+/\d+ \(\d+%\)", text)) == text.count("%")


def test_a_draft_says_in_its_title_and_at_its_head_that_it_is_incomplete() -> None:
    draft = report_of([case("01", arrived=BY_TARGET, state=CaseState.ASSESSED)], status="draft", approved_at=None)
    text = "".join(page_of(draft).texts)

    assert "(incomplete draft)" in text
    assert page_of(draft).figures["build/outstanding"] == "1 of 1"


def test_the_page_can_be_read_by_everyone() -> None:
    page = page_of()
    headings = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    ids = [attrs["id"] for _, attrs in page.elements if attrs.get("id")]
    tags = [tag for tag, _ in page.elements]

    assert ("html", {"lang": "en-GB"}) in page.elements
    assert headings[0] == 2 or headings.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))
    assert tags.count("table") == tags.count("caption") > 0
    assert all(attrs.get("scope") for tag, attrs in page.elements if tag == "th")
    assert len(ids) == len(set(ids))
    assert {str(attrs["href"])[1:] for tag, attrs in page.elements if tag == "a"} <= set(ids)
    assert {str(attrs["aria-labelledby"]) for _, attrs in page.elements if attrs.get("aria-labelledby")} <= set(ids)
    assert page.open == []


def test_the_page_runs_nothing_and_fetches_nothing() -> None:
    html = render(REPORT, "html").decode()
    tags = {tag for tag, _ in page_of().elements}

    assert tags.isdisjoint({"script", "img", "link", "iframe", "object", "form"})
    assert "url(" not in html
    assert "@import" not in html
    assert "http://" not in html
    assert "https://" not in html


def test_what_people_wrote_is_shown_and_not_run() -> None:
    written = EXAMPLE.model_copy(update={"impact": "<script>alert(1)</script> & 'so'"})
    html = render(report_of([case("01", arrived=BY_TARGET, assessment=written)]), "html").decode()

    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#39;so&#39;" in html


def test_a_section_without_anything_says_so() -> None:
    text = "".join(page_of(report_of([])).texts)
    assert text.count("None recorded.") >= 8


def test_contrast_of_the_pages_own_colours_is_enough() -> None:
    """WCAG AA asks 4.5 of text; these are the colours text has on white."""
    css = render(REPORT, "html").decode()
    text_colours = set(re.findall(r"(?<![-\w])color: (#[0-9a-f]{6})", css))

    assert text_colours >= {"#0b0c0c", "#1d4f73", "#474a4c"}
    assert all(contrast_with_white(colour) >= 4.5 for colour in text_colours)


def contrast_with_white(colour: str) -> float:
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


# ------------------------------------------------------------------------------------------------------- CSV and JSON


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\r=1", " =1"])
def test_a_value_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert guarded(text) == f"'{text}"


def test_what_people_wrote_cannot_start_a_formula_in_the_csv_file() -> None:
    written = EXAMPLE.model_copy(update={"impact": "=HYPERLINK(1)"})
    rows = csv_of(report_of([case("01", arrived=BY_TARGET, assessment=written)]))

    assert [row["value"] for row in rows if row["section"] == "impact on children"] == ["'=HYPERLINK(1)"]


def test_every_row_of_the_csv_file_has_every_column() -> None:
    assert all(None not in row and None not in row.values() for row in csv_of())


def test_the_json_file_can_be_checked_by_its_digest() -> None:
    given = json_of()
    told = given.pop("sha256")
    given.pop("built_at")
    canonical = json.dumps(given, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    assert sha256(canonical.encode()).hexdigest() == told == REPORT.sha256


def test_the_same_content_makes_the_same_bytes() -> None:
    again = report_of(whole_register())
    assert [render(again, name) for name in FORMATS] == [render(REPORT, name) for name in FORMATS]


def test_a_format_there_is_not_is_refused() -> None:
    with pytest.raises(WrongInputError) as refusal:
        render(replace(REPORT), "pdf")  # type: ignore[arg-type]
    assert str(refusal.value) == 'There is no format "pdf" of the report; use html, csv, json, docx, xlsx.'
