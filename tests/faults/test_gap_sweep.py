"""The clock away for a day, four days, a week, a month, from any day of the year on: the year is the same year."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from calendars import london
from db.unit_of_work import UnitOfWork
from s11flow.domain import step
from s11flow.domain.errors import RefusedError
from s11flow.domain.model import Plan
from s11flow.domain.timetable import DueAction
from s11flow.services import cases
from s11flow.services.delivery import deliver
from s11flow.services.tick import tick
from tests.faults import gaps
from tests.faults.conftest import Say
from tests.faults.gaps import ACTS, AT_NOON, DAYS, POLICY, Post, Whole, day_of, differences, with_gap

pytestmark = pytest.mark.timeout(400)  # the first test lives the year that all are compared with

LENGTHS = (1, 4, 7, 30)
QUICK_DAYS = 190  # to December: what the clock owes before the report's cut-off

Windows = list[tuple[int, int]]

OVER_THE_DEADLINES = (141, 30)  # from 20 October: the clock is back when the panel has met
OVER_THE_REMINDERS = (101, 29)  # from 10 September to the day of the target
AUTUMN = (96, 165)  # from 5 September to the evening of the last panel day but one


@pytest.fixture(scope="module")
def days(thorough: bool) -> int:
    """How many days of the year are told."""
    return DAYS if thorough else QUICK_DAYS


@pytest.fixture(scope="module")
def windows(thorough: bool, days: int) -> Windows:
    """Every window, or a dozen: each length every third month, and those over the dates that matter most."""
    if thorough:
        return [(first, length) for first in range(1, days) for length in LENGTHS]
    spread = [(first, length) for n, length in enumerate(LENGTHS) for first in range(9 + 5 * n, days - 8, 88)]
    return [*spread, OVER_THE_DEADLINES, OVER_THE_REMINDERS, (35, 1), (145, 4)]


@pytest.fixture(scope="module")
def whole(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory, days: int, windows: Windows) -> Whole:
    """The year without a gap, and copies of its mornings."""
    back = {first + length for first, length in windows}
    evenings = {number for day in back for number in range(day, day + 9)}
    return gaps.lived(
        migrated_sqlite,
        tmp_path_factory.mktemp("year"),
        mornings={0, AUTUMN[0], *(first for first, _ in windows)},
        evenings={*evenings, AUTUMN[1], days - 1},
        days=days,
    )


@pytest.fixture(scope="module")
def span(thorough: bool, days: int) -> tuple[int, int]:
    """The days that are lived in other ways: all, or the autumn."""
    return (0, days - 1) if thorough else AUTUMN


@pytest.fixture(scope="module", autouse=True)
def _no_copies_left(whole: Whole) -> Iterator[None]:
    yield
    for path in whole.mornings.values():
        path.unlink()


def test_a_clock_that_was_away_changes_nothing_that_counts(whole: Whole, windows: Windows, say: Say) -> None:
    found: dict[tuple[int, int], list[str]] = {}
    unsent = to_the_end = 0

    for first, length in windows:
        gapped = with_gap(whole, first, length)
        if wrong := differences(whole, gapped):
            found[(first, length)] = wrong
        to_the_end += gapped.stopped_on is None
        unsent += gaps.unsent(whole, gapped)

    say(
        windows=len(windows), different=len(found), lived_to_the_end=to_the_end, acts=len(ACTS),
        events=len(whole.end.lines), letters=len(whole.end.letters), letters_overtaken_by_a_gap=unsent,
    )  # fmt: skip
    assert found == {}


def test_a_year_that_stands_as_without_the_gap_goes_on_as_without_it(
    whole: Whole, windows: Windows, thorough: bool, say: Say
) -> None:
    short = sorted(x for x in windows if x[1] < 30)
    chosen = short[::12] if thorough else short[-2:]

    found = {
        window: wrong for window in chosen if (wrong := differences(whole, with_gap(whole, *window, to_the_end=True)))
    }

    say(windows=len(chosen), different=len(found))
    assert found == {}


# --- at another time of the day --------------------------------------------------------------------------------------


def _hours(thorough: bool) -> dict[str, Callable[[int], time]]:
    changing = {"at another hour each day": lambda number: time(number * 7 % 24)}
    return changing | ({f"at {hour}:00": lambda _, hour=hour: time(hour) for hour in range(24)} if thorough else {})


def test_whatever_the_hour_at_which_the_clock_ticks(
    whole: Whole, span: tuple[int, int], thorough: bool, say: Say
) -> None:
    hours = _hours(thorough)
    lives = {name: replace(whole.life, ticks_at=ticks_at) for name, ticks_at in hours.items()}

    found = {
        name: differences(whole, gaps.lived_otherwise(whole, *span, life), at_another_hour=True)
        for name, life in lives.items()
    }

    say(hours=len(hours), days=span[1] - span[0] + 1, different=sum(1 for wrong in found.values() if wrong))
    assert found == {name: [] for name in lives}


# --- a clock that jumps ----------------------------------------------------------------------------------------------


def test_a_clock_that_jumps_back_each_day_does_nothing_twice(whole: Whole, span: tuple[int, int], say: Say) -> None:
    jumps = [timedelta(hours=1), timedelta(days=1), timedelta(days=40)]
    done = 0

    def jumping_back(uow: UnitOfWork, now: datetime) -> None:
        nonlocal done
        gaps.work(uow, now)
        for jump in jumps:
            again = tick(uow, now=now - jump)
            delivered = deliver(uow, Post(), POLICY, now=now - jump)
            done += again.events + again.messages + delivered.sent

    other = gaps.lived_otherwise(whole, *span, replace(whole.life, works=jumping_back))

    say(ticks_in_the_past=(span[1] - span[0]) * len(jumps), done_by_them=done)
    assert done == 0
    assert differences(whole, other) == []
    assert gaps.unsent(whole, other) == 0


def test_a_clock_that_jumped_ahead_and_was_put_right_loses_and_doubles_nothing(
    whole: Whole, thorough: bool, say: Say
) -> None:
    """Letters leave early, as they must when the clock says so; what people do between is met by the same case."""
    jumped, found = 0, {}
    for first in sorted(whole.mornings)[:: 1 if thorough else 9]:
        for ahead in (timedelta(hours=1), timedelta(days=1), timedelta(days=7)):
            if _somebody_acts(first, ahead):
                continue
            jumped += 1
            gapped = with_gap(whole, first, 0, ahead=ahead)
            if wrong := differences(whole, gapped):
                found[(first, ahead)] = wrong

    say(jumps=jumped, different=len(found))
    assert found == {}


def _somebody_acts(first: int, ahead: timedelta) -> bool:
    begins = london.instant(day_of(first), time(0))
    return any(begins <= act.at <= london.instant(day_of(first), AT_NOON) + ahead for act in ACTS)


# --- controls: without its guard each of these is found --------------------------------------------------------------


def _nothing_settled(rules: Any, facts: Any, now: datetime) -> Plan[Any]:
    return Plan(facts)


def _all_of_a_family(plan: Plan[Any]) -> Plan[Any]:
    return plan


def _sensible_for_ever(rules: Any, facts: Any, action: DueAction, now: datetime) -> Plan[Any]:
    return _run(rules, facts, replace(action, valid_until=None), now)


_run = step.run


def _what_is_found(whole: Whole, windows: Sequence[tuple[int, int]]) -> list[str]:
    found = []
    for first, length in windows:
        try:
            found += differences(whole, with_gap(whole, first, length))
        except RefusedError as refused:
            found.append(f"refused: {refused}")
    return found


def test_control_acts_that_do_not_settle_first_are_found(whole: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "settle", _nothing_settled)

    assert _what_is_found(whole, [OVER_THE_DEADLINES]) != []


def test_control_panel_days_that_do_not_settle_first_are_found(whole: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "settle_first", lambda *_: None)

    assert any("panel_pack" in wrong for wrong in _what_is_found(whole, [OVER_THE_DEADLINES]))


def test_control_two_letters_of_a_family_at_once_are_found(whole: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two guards hold this one: a letter whose successor is due has lost its sense, and of a family one goes."""
    monkeypatch.setattr(step, "_only_newest", _all_of_a_family)
    monkeypatch.setattr(step, "run", _sensible_for_ever)

    assert any("at once" in wrong for wrong in _what_is_found(whole, [OVER_THE_REMINDERS]))


def test_control_a_letter_stopped_without_a_word_is_found(whole: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s11flow.domain.model._as_it_went", lambda entry, _: entry)

    assert any("nothing says why" in wrong for wrong in _what_is_found(whole, [OVER_THE_DEADLINES]))


def test_the_life_that_is_told_is_a_lively_one(whole: Whole) -> None:
    seen = {line.event for line in whole.end.lines}

    assert {
        "RECEIVE_REPORT", "RETURN_REPORT", "EXTEND", "EXCUSE", "MOVE", "REPLY", "HOLD", "RESUME", "SEND", "RESOLVE",
        "CONFIRM_NON_SUBMISSION", "RECORD_ATTENDED", "RECORD_ABSENT_WITHOUT_NOTICE", "REGISTER_CHANGED", "CANCEL",
        "DAY_ADDED", "ASSESS",
    } <= seen  # fmt: skip
