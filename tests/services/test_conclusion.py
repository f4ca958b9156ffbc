"""Approving the report, carrying it into the statement, closing the cycle, and going back for a corrigendum."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from s11flow.domain import acts
from s11flow.domain.errors import RefusedError
from s11flow.services import assessments, cases, conclusion, sessions
from s11flow.services.verify import verify
from tests.services.post import Server, delivered
from tests.services.scene import CODE, YEAR, at, judgement, opened, queries_of, report_comes, run_to

YOUTH, STROUD, COTSWOLD, PRISONS = (f"{CODE}-2026-{code}" for code in ("01", "02", "03", "04"))
END = at("2027-01-11 12:00")  # after the cut-off


@pytest.fixture
def uow(database_url: str) -> Iterator[UnitOfWork]:
    """The cycle is open; youth reports on 5 October and is judged, nobody else reports."""
    engine = open_engine(database_url)
    yield opened(UnitOfWork(engine))
    engine.dispose()


@pytest.fixture
def judged(uow: UnitOfWork, tmp_path: Path) -> UnitOfWork:
    """Youth was judged and told so; Stroud never answered, for itself and for Cotswold."""
    run_to(uow, at("2026-10-05 12:00"))
    report_comes(uow, tmp_path, YOUTH, at("2026-10-05 12:00"))
    cases.accept(uow, YOUTH, acts.AcceptReport(), by="clerk", now=at("2026-10-05 12:00"))
    run_to(uow, at("2026-11-10 12:00"), start=at("2026-10-06 12:00"))
    sessions.record(uow, YOUTH, "attended", now=at("2026-11-10 12:00"), by="clerk")
    judge(uow, at("2026-11-16 12:00"))
    run_to(uow, END, start=at("2026-11-17 12:00"))
    delivered(uow, Server(), END)
    return uow


def judge(uow: UnitOfWork, now: datetime) -> None:
    """Youth's judgement is filed and agreed."""
    assessments.assess(uow, YOUTH, judgement(), now=now, by="scrutineer")
    cases.act(uow, YOUTH, acts.Agree(early="it has no corrections"), by="scrutineer", now=now)


def test_a_letter_that_lost_its_reason_says_by_what(judged: UnitOfWork) -> None:
    found = queries_of(judged, "select status, status_why from message where kind = 'accuracy_check'")

    assert set(found) == {("SUPERSEDED", "agree")}


def approve(uow: UnitOfWork, now: datetime = END) -> tuple[str, ...]:
    return conclusion.approve_report(uow, partnership=CODE, year=YEAR, now=now, by="scrutineer")


def carry(uow: UnitOfWork, now: datetime = END) -> tuple[str, ...]:
    return conclusion.include_in_statement(uow, partnership=CODE, year=YEAR, now=now, by="scrutineer")


def close(uow: UnitOfWork, now: datetime = END) -> tuple[str, ...]:
    return conclusion.close(uow, partnership=CODE, year=YEAR, now=now, by="scrutineer")


def reopen(uow: UnitOfWork, now: datetime = END) -> None:
    conclusion.reopen_report(uow, partnership=CODE, year=YEAR, reason="a wrong number", now=now, by="scrutineer")


def states(uow: UnitOfWork) -> dict[str, str]:
    found = queries_of(uow, "select ref, state from subject where kind in ('case', 'cycle')")
    return {str(ref): str(state) for ref, state in found}


def themes(uow: UnitOfWork) -> list[str]:
    return [key for (key,) in queries_of(uow, "select dedupe_key from message where kind = 'themes' order by id")]


def test_every_case_goes_the_whole_way(judged: UnitOfWork) -> None:
    assert (approve(judged), carry(judged), close(judged)) == ((YOUTH, STROUD),) * 3

    assert states(judged) == {
        f"{CODE}-2026": "CLOSED", YOUTH: "CLOSED", STROUD: "CLOSED", COTSWOLD: "COVERED", PRISONS: "EXCUSED"
    }  # fmt: skip
    assert verify(judged, now=END).broken == ()


def test_the_themes_go_to_whoever_took_part_and_not_to_a_silent_joint_report(judged: UnitOfWork) -> None:
    approve(judged)

    assert [key.split("/")[4] for key in themes(judged)] == ["01"]


def test_what_the_clock_owed_is_done_before_it_is_asked_whether_all_is_settled(uow: UnitOfWork) -> None:
    """Nothing ticked since the requests were due: they are planned on paper, and asked by the clock."""
    with pytest.raises(RefusedError, match=f"2 cases are not settled: {YOUTH}, {STROUD} .its report is to come"):
        approve(uow, at("2026-07-06 12:00"))

    assert set(states(uow).values()) == {"OPEN", "PLANNED", "COVERED", "EXCUSED"}


def test_one_case_that_is_not_settled_is_named(judged: UnitOfWork) -> None:
    cases.act(judged, YOUTH, acts.Reopen("a dispute"), by="scrutineer", now=END)

    with pytest.raises(RefusedError, match=rf"1 case is not settled: {YOUTH} \(agree the judgement, `agree`\)\."):
        approve(judged)


@pytest.mark.parametrize("how_far", [0, 1, 2])
def test_a_corrigendum_opens_only_what_is_wrong_and_goes_the_whole_way_again(judged: UnitOfWork, how_far: int) -> None:
    approve(judged)
    for step in (carry, close)[:how_far]:
        step(judged)
    reopen(judged)
    cases.act(judged, YOUTH, acts.Reopen("a wrong number"), by="scrutineer", now=END)
    judge(judged, END)

    assert approve(judged) == (YOUTH,)
    assert YOUTH in carry(judged)
    assert YOUTH in close(judged)
    assert [key.split("/")[4] for key in themes(judged)] == ["01", "01"]
    assert states(judged)[STROUD] == "CLOSED"
    assert verify(judged, now=END).broken == ()


def test_a_report_that_came_after_the_approval_does_not_keep_the_cycle_from_closing(
    judged: UnitOfWork, tmp_path: Path
) -> None:
    approve(judged)
    report_comes(judged, tmp_path, STROUD, END)
    carry(judged)

    assert close(judged) == (YOUTH, STROUD)


@pytest.mark.on_both
def test_the_cycle_does_not_close_before_the_judgement_has_left(uow: UnitOfWork, tmp_path: Path) -> None:
    run_to(uow, at("2026-10-05 12:00"))
    report_comes(uow, tmp_path, YOUTH, at("2026-10-05 12:00"))
    cases.act(uow, YOUTH, acts.Consider("on paper", "it asked for no session"), by="clerk", now=at("2026-11-10 12:00"))
    judge(uow, at("2026-11-16 12:00"))
    run_to(uow, END, start=at("2026-11-17 12:00"))
    approve(uow)
    carry(uow)

    with pytest.raises(RefusedError, match=f"1 agency that submitted has had no feedback: {YOUTH}. Agree"):
        close(uow)
    delivered(uow, Server(), END)
    assert close(uow) == (YOUTH, STROUD)


def test_a_case_still_to_be_asked_is_not_one_that_was_never_asked(uow: UnitOfWork) -> None:
    with pytest.raises(RefusedError, match=f"2 cases are not settled: {YOUTH}, {STROUD} .its report is to come"):
        approve(uow, at("2026-06-15 12:00"))
