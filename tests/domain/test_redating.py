"""Other rules over a case that runs: what was told moves only later, what was not is as the rules say. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendars.working_days import WorkingDays
from s11flow.domain.model import CaseFacts, CaseState, Track
from s11flow.domain.redating import redate
from s11flow.domain.timetable import Rulebook, cut_off_of, deadline_of, light_deadline, target_of
from tests.domain.factories import DAYS, DEFINITION, RULES, case_facts, letters_of, london_at

NOW = london_at("2026-09-01 12:00")
ASKED = london_at("2026-07-06 09:00")
CLOSED = st.dates(date(2026, 9, 2), date(2027, 1, 31))


def rules_of(before: int, closed: frozenset[date]) -> Rulebook:
    """The shipped rules with the deadline some days before the panel, and more days off."""
    timetable = DEFINITION.timetable
    changed = replace(timetable, deadline=replace(timetable.deadline, days=-before))
    days = WorkingDays({**DAYS.days_off, **dict.fromkeys(closed, "office closed")})
    return Rulebook(replace(DEFINITION, timetable=changed), days)


def asked(**changes: object) -> CaseFacts:
    return replace(case_facts(), **{"state": CaseState.REQUESTED, "asked_at": ASKED, **changes})  # type: ignore[arg-type]


RULEBOOKS = st.builds(rules_of, st.integers(7, 35), st.frozensets(CLOSED, max_size=6))


@given(rules=RULEBOOKS, consent=st.booleans())
def test_what_an_agency_was_told_comes_no_earlier_without_its_consent(rules: Rulebook, consent: bool) -> None:
    facts = asked()
    found = redate(rules, facts, cut_off=cut_off_of(rules, date(2026, 11, 17)), why="why", at=NOW, consent=consent)
    before, after = facts.dates, (facts if found.plan is None else found.plan.facts).dates

    assert before.deadline is not None
    assert after.deadline is not None
    ruled = deadline_of(rules, date(2026, 11, 10))
    assert after.deadline.at == (ruled.at if consent else max(ruled.at, before.deadline.at))
    assert found.kept == (not consent and ruled.at < before.deadline.at)
    assert (after.target.at >= before.target.at, after.cut_off.at >= before.cut_off.at) == (True, True)
    assert after.request == before.request
    if found.plan is not None:
        told = letters_of(found.plan)
        assert len(told) == len({*told}) <= 1
        assert {key for entry in found.plan.entries for key in entry.letters} == {*told}


@given(rules=RULEBOOKS)
def test_before_it_is_asked_its_dates_are_as_the_rules_say_and_nobody_is_told(rules: Rulebook) -> None:
    found = redate(rules, case_facts(), cut_off=cut_off_of(rules, date(2026, 11, 17)), why="why", at=NOW)

    if found.plan is not None:
        dates = found.plan.facts.dates
        assert (dates.target, dates.deadline) == (target_of(rules, 2026), deadline_of(rules, date(2026, 11, 10)))
        assert (found.plan.letters, found.kept) == ((), False)


@pytest.mark.parametrize("state", [CaseState.CLOSED, CaseState.EXCUSED, CaseState.COVERED, CaseState.VOID])
def test_a_case_at_its_end_keeps_its_dates(state: CaseState) -> None:
    rules = rules_of(7, frozenset())

    assert redate(rules, asked(state=state), cut_off=cut_off_of(rules, date(2026, 12, 1)), why="", at=NOW).plan is None


def test_an_extension_stays_and_so_does_a_deadline_once_the_report_is_in() -> None:
    rules, cut_off = rules_of(7, frozenset()), asked().dates.cut_off
    extended = asked(dates=replace(asked().dates, extended=True))

    assert redate(rules, extended, cut_off=cut_off, why="", at=NOW).plan is None
    assert redate(rules, asked(state=CaseState.ACCEPTED), cut_off=cut_off, why="", at=NOW).plan is None
    assert redate(RULES, asked(), cut_off=cut_off, why="", at=NOW).plan is None


def test_a_signed_statement_is_due_by_the_target_wherever_that_goes() -> None:
    light = replace(asked().dates, deadline=light_deadline(asked().dates.target), panel_day=None)
    timetable = DEFINITION.timetable
    later = replace(DEFINITION, timetable=replace(timetable, target=replace(timetable.target, month=11)))

    found = redate(
        Rulebook(later, DAYS), asked(track=Track.LIGHT, dates=light), cut_off=light.cut_off, why="why", at=NOW
    )

    assert found.plan is not None
    dates = found.plan.facts.dates
    assert (dates.target.on, dates.deadline and dates.deadline.on) == (date(2026, 11, 6), date(2026, 11, 6))
    assert [letter.about["what"] for letter in found.plan.letters] == ["deadline"]


@pytest.mark.parametrize(("before", "is_kept"), [(28, True), (14, False)])
def test_nobody_is_given_a_deadline_that_has_passed_even_by_consent(before: int, is_kept: bool) -> None:
    rules, cut_off, now = rules_of(before, frozenset()), asked().dates.cut_off, london_at("2026-10-28 12:00")

    found = redate(rules, asked(), cut_off=cut_off, why="why", at=now, consent=True)

    assert (found.plan, found.kept) == (None, is_kept)
