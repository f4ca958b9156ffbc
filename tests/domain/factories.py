"""Plain values for the rules: a case of 2026 as it would be opened, and the clock that carries it on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

from calendars import london
from calendars.bank_holidays import england_and_wales
from calendars.working_days import WorkingDays
from s11flow.cycles import read_definition, shipped
from s11flow.domain.acts import Act, Slot
from s11flow.domain.decide import decide
from s11flow.domain.definition import Definition
from s11flow.domain.model import (
    RESTRICTED,
    Agency,
    CaseDates,
    CaseFacts,
    CaseState,
    Entry,
    Escalation,
    EscalationState,
    Plan,
    Session,
    SessionState,
    Submission,
)
from s11flow.domain.panels import slot_at
from s11flow.domain.step import settle
from s11flow.domain.timetable import Rulebook, cut_off_of, dates_of_case

DEFINITION: Definition = read_definition(shipped(), source="gloucestershire.toml")
DAYS = WorkingDays(england_and_wales(range(2020, 2043)))
RULES = Rulebook(DEFINITION, DAYS)

TUESDAY, THURSDAY, NEXT_TUESDAY = date(2026, 11, 10), date(2026, 11, 12), date(2026, 11, 17)


def london_at(text: str) -> datetime:
    """The instant when clocks in London show *text*: `2026-10-20 17:00`."""
    on, at = text.split(" ")
    return london.instant(date.fromisoformat(on), time.fromisoformat(at))


OPENED = london_at("2026-06-01 12:00")  # four weeks before the first thing that is due


def rules_with(change: Callable[[Definition], Definition]) -> Rulebook:
    """The shipped rules with one change."""
    return Rulebook(change(DEFINITION), DAYS)


def policy(**changes: Any) -> Rulebook:
    """The shipped rules with another policy."""
    return rules_with(lambda definition: replace(definition, policy=replace(definition.policy, **changes)))


def agency(**changes: Any) -> Agency:
    """An agency with everybody it should have."""
    whole = Agency(
        code="05A",
        name="Stroud District Council",
        category="district_council",
        contact_name="the safeguarding lead",
        contact="lead@stroud.example",
        deputy="deputy@stroud.example",
        senior_leader="chief@stroud.example",
        attendees=("lead@stroud.example", "head@stroud.example"),
    )
    return replace(whole, **changes)


@cache
def dates(panel_day: date | None = TUESDAY, *, set_at: datetime = OPENED, rules: Rulebook = RULES) -> CaseDates:
    """The dates of a case of 2026 whose cycle ends its panel days on 17 November."""
    return dates_of_case(rules, 2026, panel_day=panel_day, cut_off=cut_off_of(rules, NEXT_TUESDAY), set_at=set_at)


def slot(text: str = "2026-11-10 09:00") -> Slot:
    """A session's time with the panel."""
    return slot_at(DEFINITION.panel, london_at(text))


def session(state: SessionState = SessionState.PENCILLED, at: str = "2026-11-10 09:00", **changes: Any) -> Session:
    """The first session of a case."""
    when = slot(at)
    return replace(
        Session(1, state, 0, when.starts_at, when.ends_at, when.place, "uid-1@partnership.example", OPENED), **changes
    )


def submission(arrived: str = "2026-10-16 11:00", **changes: Any) -> Submission:
    """A report of one file on two of the standards."""
    at = london_at(arrived)
    whole = Submission(1, at, at, "lead@stroud.example", ("1", "2"), (("report.docx", "a" * 64, 1200),))
    return replace(whole, **changes)


def escalation(state: EscalationState = EscalationState.PENDING, **changes: Any) -> Escalation:
    """A non-submission of the deadline of 20 October, warned of that evening."""
    return replace(Escalation(1, state, date(2026, 10, 20), warned_at=london_at("2026-10-20 17:00")), **changes)


def case_facts(**changes: Any) -> CaseFacts:
    """A case as its cycle opens it: planned, with a session pencilled for 9am on Tuesday 10 November 2026."""
    whole = CaseFacts(
        ref="GSCP-2026-05A",
        partnership="GSCP",
        cycle="2026",
        agency=agency(),
        state=CaseState.PLANNED,
        dates=dates(),
        opened_at=OPENED,
        session=session(),
        sessions=1,
    )
    return replace(whole, **changes)


ASKED = london_at("2026-07-06 09:00")


def asked(**changes: Any) -> CaseFacts:
    """Asked in July; its session is pencilled."""
    return case_facts(**{"state": CaseState.REQUESTED, "asked_at": ASKED, **changes})


def kept_back(state: CaseState = CaseState.SUBMITTED, **changes: Any) -> CaseFacts:
    """A case whose only version holds details of single children and is kept back."""
    return reported(state, submission=replace(submission(), status=RESTRICTED), **changes)


def reported(state: CaseState = CaseState.SUBMITTED, **changes: Any) -> CaseFacts:
    """Its report is in."""
    return asked(**{"state": state, "submission": submission(), "submissions": 1, **changes})


def silent(state: EscalationState = EscalationState.WITH_CHAIR, **changes: Any) -> CaseFacts:
    """Recorded as not submitted; with the Chair since 22 October."""
    sent_at = None if state == EscalationState.PENDING else london_at("2026-10-22 09:00")
    return asked(**{"state": CaseState.NOT_SUBMITTED, "escalation": escalation(state, sent_at=sent_at), **changes})


def invited(**changes: Any) -> Session:
    """The first session of a case, its invitation out."""
    return session(SessionState.INVITED, **changes)


def by_then(text: str, facts: CaseFacts | None = None, *, rules: Rulebook = RULES) -> CaseFacts:
    """The case as the clock leaves it, having been ticked whenever something was due, up to *text*."""
    return ticked(facts or case_facts(), until=london_at(text), rules=rules)[0]


def ticked(facts: CaseFacts, *, until: datetime, rules: Rulebook = RULES) -> tuple[CaseFacts, list[Plan[CaseFacts]]]:
    """The case and every plan of a clock that is never late."""
    plans = [settle(rules, facts, facts.opened_at)]
    while (due := plans[-1].next_due_at) is not None and due <= until:
        plans.append(settle(rules, plans[-1].facts, due))
    return plans[-1].facts, plans


def ticked_at(facts: CaseFacts, instants: Iterable[datetime], *, rules: Rulebook = RULES) -> list[Plan[CaseFacts]]:
    """Every plan of a clock that ticks at these instants only."""
    plans = []
    for instant in instants:
        plans.append(settle(rules, facts, instant))
        facts = plans[-1].facts
    return plans


def every_day(first: date, last: date, at: time = time(20)) -> list[datetime]:
    """One instant a day, by default in the evening, when all the day's work is due."""
    return [london.instant(first + timedelta(days=n), at) for n in range((last - first).days + 1)]


def done(facts: CaseFacts, *acts: tuple[str, Act], rules: Rulebook = RULES) -> CaseFacts:
    """The case after what the clock owed and these acts, in order; fails if one is refused."""
    for text, act in acts:
        facts = plan_of(facts, act, text, rules=rules).facts
    return facts


def plan_of(facts: CaseFacts, act: Act, text: str, *, rules: Rulebook = RULES) -> Plan[CaseFacts]:
    """The plan of an act on a case that is settled already; its history's place moves on, as saving does."""
    decision = decide(rules, facts, act, at=london_at(text))
    assert isinstance(decision, Plan), str(decision)
    return replace(decision, facts=replace(decision.facts, seq=facts.seq + len(decision.entries)))


def refusal(facts: CaseFacts, act: Act, text: str, *, rules: Rulebook = RULES) -> str:
    """The sentence that refuses an act."""
    decision = decide(rules, facts, act, at=london_at(text))
    assert not isinstance(decision, Plan), f"{act} was allowed"
    return str(decision)


def moves(entries: Iterable[Entry]) -> list[tuple[str, str, str | None, str | None]]:
    """What a history says, without its times and reasons."""
    return [(entry.about, entry.event, entry.before, entry.after) for entry in entries]


def letters_of(*plans: Plan[CaseFacts]) -> list[str]:
    """The due keys of the letters, in the order they are owed."""
    return [letter.due_key for plan in plans for letter in plan.letters]


def never_backwards(instants: list[datetime]) -> bool:
    """Whether a clock runs forward."""
    return all(a <= b for a, b in pairwise(instants))


assert OPENED.tzinfo is UTC
