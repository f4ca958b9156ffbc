"""Says what other rules do to the dates of a case that runs: later by itself, earlier only by consent. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from calendars import london
from s11flow.domain.agenda import next_due_at
from s11flow.domain.decide import changed_deadline
from s11flow.domain.decide.parts import dates_changed_letter, due_keys
from s11flow.domain.model import CaseDates, CaseFacts, CaseState, Dated, Entry, Note, Plan, Track
from s11flow.domain.state_facts import facts_of
from s11flow.domain.timetable import Rulebook, deadline_of, light_deadline, request_of, target_of

_HAS_DEADLINE = (CaseState.PLANNED, CaseState.REQUESTED, CaseState.RETURNED)


@dataclass(frozen=True, slots=True)
class Redated:
    """What other rules do to one case: the plan (None if nothing changes), and whether an earlier deadline was kept."""

    plan: Plan[CaseFacts] | None
    kept: bool = False


def redate(
    rules: Rulebook, facts: CaseFacts, *, cut_off: Dated, why: str, at: datetime, consent: bool = False
) -> Redated:
    """The case under *rules*, which are not the ones its dates were worked out by.

    An agency that was told nothing yet has whatever dates they give. One that was asked keeps a date that would come
    earlier, unless it consents, and one whose new date would have passed already; a deadline of its own (an extension)
    stays as it is. *cut_off* is the cycle's.
    """
    if facts_of(facts.state).is_end:
        return Redated(None)
    untold = facts.asked_at is None and facts.state == CaseState.PLANNED
    plan = _others(rules, facts, cut_off, why, at, untold)
    ruled, current = _ruled_deadline(rules, plan.facts), facts.dates.deadline
    if ruled is None or current is None or ruled.at == current.at or facts.state not in _HAS_DEADLINE:
        return _result(rules, facts, plan)
    if not untold and (ruled.at <= at or (ruled.at < current.at and not consent)):
        return replace(_result(rules, facts, plan), kept=ruled.at < current.at)
    moved = changed_deadline(rules, plan.facts, ruled, why, at=at)
    # One letter tells the new dates: the deadline's says the others too.
    plan = replace(plan, letters=(), entries=tuple(replace(entry, letters=()) for entry in plan.entries))
    return _result(rules, facts, plan.then(moved) if plan.entries else moved)


def _result(rules: Rulebook, facts: CaseFacts, plan: Plan[CaseFacts]) -> Redated:
    if not plan.entries:
        return Redated(None)
    return Redated(replace(plan, next_due_at=next_due_at(rules, plan.facts)))


def _ruled_deadline(rules: Rulebook, facts: CaseFacts) -> Dated | None:
    """The deadline by rule; None for one that a person gave, or that there is none of."""
    dates = facts.dates
    if dates.extended:
        return None
    if facts.track == Track.LIGHT:
        return light_deadline(dates.target)
    return None if dates.panel_day is None else deadline_of(rules, dates.panel_day.on)


def _others(rules: Rulebook, facts: CaseFacts, cut_off: Dated, why: str, at: datetime, untold: bool) -> Plan[CaseFacts]:
    """The case with the dates that are everybody's: request, target and cut-off."""
    before, year = facts.dates, facts.dates.target.on.year
    target = target_of(rules, year)
    new = replace(
        before,
        request=request_of(rules, year) if untold else before.request,
        target=target if untold else _later(before.target, target),
        cut_off=_later(before.cut_off, cut_off),
    )
    changed = [name for name in ("request", "target", "cut_off") if _at(new, name) != _at(before, name)]
    if not changed:
        return Plan(facts)
    if "target" in changed:
        new = replace(new, target_set_at=at)
    after = replace(facts, dates=new)
    told = facts.state == CaseState.REQUESTED and "target" in changed
    old_words, new_words = london.spell(before.target.at), london.spell(new.target.at)
    letters = (dates_changed_letter(after, at, "target", old_words, new_words, why),) if told else ()
    data: dict[str, object] = {name: getattr(new, name).as_json() for name in changed}
    was = {name: getattr(before, name).as_json() for name in changed}
    entry = Entry(at, Note.DATES_CHANGED, "dates", cause=why, data={**data, "was": was}, letters=due_keys(letters))
    return Plan(after, (entry,), letters)


def _at(dates: CaseDates, name: str) -> datetime:
    found: Dated = getattr(dates, name)
    return found.at


def _later(before: Dated, after: Dated) -> Dated:
    return after if after.at > before.at else before
