"""The forecast."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.crowd import ASKED_AT, database, gather
from benchmarks.measure import Result, in_turn, timed
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain.model import CaseFacts, Plan
from s11flow.domain.step import settle
from s11flow.services.forecast import AHEAD, forecast
from s11flow.services.subjects import Loaded, load_cases

CASES = 6_000


def a_year(folder: Path, cases: int = CASES) -> Result:
    """A year's forecast, letters addressed and subject lines written, beside the rules alone on facts already read."""
    with database(f"sqlite:///{folder / 'year.db'}") as uow:
        gather(uow, cases)
        loaded = _read(uow)

        def ours() -> float:
            with timed() as watch:
                found = forecast(uow, now=ASKED_AT)
            if len(found) < cases:
                raise RuntimeError(
                    f"The forecast was to find a letter for each of {cases} cases and found {len(found)}."
                )
            return watch.seconds

        def theirs() -> float:
            with timed() as watch:
                for item in loaded:
                    _fold(item)
            return watch.seconds

        figures = in_turn(ours, theirs)
    return Result(
        "forecast",
        f"a year's forecast of {cases:,} cases",
        "the pure rules, facts already read",
        *figures,
        at_most=3,
        aim=2,
    )


def _read(uow: UnitOfWork) -> list[Loaded]:
    with uow.read() as connection:
        (cycle,) = queries.cycles(connection)
        return load_cases(connection, queries.case_ids(connection, cycle.id))


def _fold(loaded: Loaded) -> None:
    facts, at, end = loaded.facts, ASKED_AT, ASKED_AT + AHEAD
    assert isinstance(facts, CaseFacts)
    while True:
        plan: Plan[Any] = settle(loaded.rules, facts, at)
        if plan.next_due_at is None or plan.next_due_at > end:
            return
        facts, at = plan.facts, plan.next_due_at
