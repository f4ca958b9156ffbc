"""The author's text is kept with the cycle, printed and sent; the decision on naming rules what is published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from s11flow.domain import acts
from s11flow.domain.errors import RefusedError, WrongInputError
from s11flow.reports import AssuranceReport
from s11flow.reports.shape import Named
from s11flow.services import assessments, cases, conclusion, publication, sessions
from s11flow.services.reports import assurance_report, published_report
from s11flow.services.verify import verify
from tests.services.scene import CODE, YEAR, at, judgement, opened, overview_of, queries_of, report_comes, run_to

YOUTH = f"{CODE}-2026-01"
END = at("2027-01-11 12:00")  # after the cut-off
OURS: dict[str, Any] = {"partnership": CODE, "year": YEAR}
TEXT = """
themes = ["Supervision is seldom recorded."]
[[recommendations]]
text = "Record supervision."
owner = "Each agency"
"""


@pytest.fixture
def uow(database_url: str) -> Iterator[UnitOfWork]:
    """The cycle is open, and it is the end of it: youth was judged, Stroud and Cotswold never answered."""
    engine = open_engine(database_url)
    yield opened(UnitOfWork(engine))
    engine.dispose()


@pytest.fixture
def judged(uow: UnitOfWork, tmp_path: Path) -> UnitOfWork:
    run_to(uow, at("2026-10-05 12:00"))
    report_comes(uow, tmp_path, YOUTH, at("2026-10-05 12:00"))
    cases.accept(uow, YOUTH, acts.AcceptReport(), by="clerk", now=at("2026-10-05 12:00"))
    run_to(uow, at("2026-11-10 12:00"), start=at("2026-10-06 12:00"))
    sessions.record(uow, YOUTH, "attended", now=at("2026-11-10 12:00"), by="clerk")
    assessments.assess(uow, YOUTH, judgement(), now=at("2026-11-16 12:00"), by="scrutineer")
    cases.act(uow, YOUTH, acts.Agree(early="it has no corrections"), by="scrutineer", now=at("2026-11-16 12:00"))
    run_to(uow, END, start=at("2026-11-17 12:00"))
    return uow


def write(uow: UnitOfWork, text: str = TEXT) -> None:
    publication.set_report_text(uow, text, **OURS, now=END, by="scrutineer")


def approve(uow: UnitOfWork) -> None:
    conclusion.approve_report(uow, **OURS, now=END, by="scrutineer")


def decide(uow: UnitOfWork, naming: str, authority: str = "The Executive") -> None:
    publication.decide_naming(uow, naming, authority=authority, **OURS, now=END, by="clerk")  # type: ignore[arg-type]


@pytest.mark.on_both
def test_the_newest_text_is_the_one_that_is_printed(uow: UnitOfWork) -> None:
    write(uow, 'themes = ["An earlier one."]')
    write(uow)
    report = assurance_report(uow, **OURS, now=END)

    assert report.themes == ("Supervision is seldom recorded.",)
    assert [(line.text, line.owner, line.agency) for line in report.recommendations] == [
        ("Record supervision.", "Each agency", None)
    ]
    assert publication.report_text(uow, **OURS) == TEXT
    assert verify(uow, now=END).broken == ()


def test_a_text_that_cannot_be_used_is_not_kept(uow: UnitOfWork) -> None:
    with pytest.raises(WrongInputError):
        write(uow, "theme = []")
    assert publication.report_text(uow, **OURS) == ""


def test_the_text_goes_out_with_the_approval_and_stands_from_then_on(judged: UnitOfWork) -> None:
    write(judged)
    approve(judged)
    told = overview_of(judged, "report_circulated")

    assert (told["themes"][0], told["recommendations"]) == ("Supervision is seldom recorded.", ["Record supervision."])
    with pytest.raises(RefusedError) as refusal:
        write(judged, "")
    assert str(refusal.value) == (
        "Cannot change the text of the report for GSCP-2026: the report is approved. Open it again first, with "
        "`s11flow cycle reopen-report`."
    )


def test_nothing_is_published_before_the_approval_nor_before_somebody_decided_on_naming(judged: UnitOfWork) -> None:
    with pytest.raises(WrongInputError, match="A draft is not published"):
        published_report(judged, **OURS, now=END)
    approve(judged)
    with pytest.raises(WrongInputError) as refusal:
        published_report(judged, **OURS, now=END)

    assert str(refusal.value) == (
        "Nobody has recorded whether the 2 agencies that did not submit are to be named; do so with "
        "`s11flow cycle naming`."
    )


def test_the_newest_decision_rules_what_is_published(judged: UnitOfWork) -> None:
    approve(judged)
    decide(judged, "named")
    named = published_report(judged, **OURS, now=END)
    decide(judged, "counted", "The Executive, in a second vote")
    counted = published_report(judged, **OURS, now=END)

    assert [agency.code for agency in _silent(named)] == ["02", "03"]
    assert _silent(counted) == ()
    assert counted.build.publication is not None
    assert counted.build.publication.authority == "The Executive, in a second vote"
    assert verify(judged, now=END).broken == ()


def _silent(report: AssuranceReport) -> tuple[Named, ...]:
    (line,) = [line for line in report.took_part.reports if line.name == "not submitted"]
    return line.agencies


def test_a_decision_has_an_authority(uow: UnitOfWork) -> None:
    with pytest.raises(WrongInputError, match="Say on whose authority"):
        decide(uow, "named", " ")


def test_what_people_wrote_is_kept_apart_from_what_cannot_be_removed(uow: UnitOfWork) -> None:
    write(uow)
    decide(uow, "counted")
    lines = queries_of(uow, "select event, data from history where event in ('REPORT_TEXT_SET', 'NAMING_DECIDED')")

    assert [(event, json.loads(data)) for event, data in lines] == [
        ("REPORT_TEXT_SET", {}),
        ("NAMING_DECIDED", {"naming": "counted"}),
    ]
