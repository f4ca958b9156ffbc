"""What each due action leaves behind, whole, when the clock does it in its time and when it comes too late."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from s11flow.domain.model import (
    CaseFacts,
    CaseState,
    Entry,
    Escalation,
    EscalationState,
    Member,
    PanelDayFacts,
    PanelDayState,
    PartnershipFacts,
    Plan,
    SessionState,
)
from s11flow.domain.step import settle
from tests.domain.factories import (
    OPENED,
    RULES,
    TUESDAY,
    agency,
    asked,
    by_then,
    case_facts,
    escalation,
    invited,
    london_at,
    session,
)
from tests.domain.plans import Told, changed, line, told

S, N, P = CaseState, EscalationState, SessionState

FIRST_MONDAY = "the first Monday of July 2026 is Monday 6 July 2026, a working day; 9am London time"
FIVE_BEFORE = "5 working days before Monday 6 July 2026 is Monday 29 June 2026; 9am London time"
FOUR_WEEKS_BEFORE = "28 days before Friday 9 October 2026 is Friday 11 September 2026, a working day; 9am London time"
FIRST_OF_OCTOBER = "the date set is Thursday 1 October 2026, a working day; 9am London time"
PASSED = "the deadline passed on Tuesday 20 October 2026, 5pm"
DAY_AFTER = "1 working day after Tuesday 20 October 2026 is Wednesday 21 October 2026; 10am London time"
TWO_DAYS_AFTER = "2 working days after Tuesday 20 October 2026 is Thursday 22 October 2026; 9am London time"
CUT_OFF = "35 working days after Tuesday 17 November 2026 is Friday 8 January 2027; 5pm London time"
EIGHT_BEFORE = "8 working days before Tuesday 10 November 2026 is Thursday 29 October 2026; 9am London time"
MEMBERS = (Member("GSCP-2026-05B", agency(code="05B")), Member("GSCP-2026-05C", agency(code="05C")))


def before(text: str, **changes: Any) -> CaseFacts:
    """A case that a clock never late has carried up to *text*."""
    return by_then(text, case_facts(**changes))


def due(key: str, kind: str, why: str, outcome: str = "owed") -> tuple[str, Entry]:
    """The line of a letter that was due and moves no state."""
    letters = (key,) if outcome == "owed" else ()
    return line(
        "LETTER_DUE", about="letter", due_key=key, cause=why, data={"kind": kind, "outcome": outcome}, letters=letters
    )


@pytest.mark.parametrize(
    ("facts", "at", "lines", "letters", "now", "stops"),
    [
        pytest.param(
            case_facts(),
            "2026-06-29 09:00",
            [due("contact_check@2026-07-06", "contact_check", FIVE_BEFORE)],
            [
                Told(
                    "contact_check@2026-07-06",
                    FIVE_BEFORE,
                    until=london_at("2026-07-06 09:00"),
                    stood="PLANNED, PENCILLED",
                )
            ],
            {},
            set(),
            id="the contact is checked",
        ),
        pytest.param(
            before("2026-06-29 09:00"),
            "2026-07-06 09:00",
            [
                line(
                    "REQUEST_REPORT",
                    before="PLANNED",
                    after="REQUESTED",
                    due_key="report_request@2026-07-06",
                    cause=FIRST_MONDAY,
                    letters=("report_request@2026-07-06",),
                )
            ],
            [
                Told(
                    "report_request@2026-07-06",
                    FIRST_MONDAY,
                    until=london_at("2027-01-08 17:00"),
                    stood="REQUESTED, PENCILLED",
                )
            ],
            {"state": S.REQUESTED, "asked_at": london_at("2026-07-06 09:00")},
            set(),
            id="the report is asked for",
        ),
        pytest.param(
            before("2026-06-29 09:00", members=MEMBERS),
            "2026-07-06 09:00",
            [
                line(
                    "REQUEST_REPORT",
                    before="PLANNED",
                    after="REQUESTED",
                    due_key="report_request@2026-07-06",
                    cause=FIRST_MONDAY,
                    letters=("report_request@2026-07-06", "covered_notice@2026-07-06"),
                )
            ],
            [
                Told(
                    "report_request@2026-07-06",
                    FIRST_MONDAY,
                    until=london_at("2027-01-08 17:00"),
                    stood="REQUESTED, PENCILLED",
                ),
                *(
                    Told(
                        "covered_notice@2026-07-06",
                        FIRST_MONDAY,
                        {"member": code},
                        until=london_at("2027-01-08 17:00"),
                        stood="REQUESTED, PENCILLED",
                    )
                    for code in ("05B", "05C")
                ),
            ],
            {"state": S.REQUESTED, "asked_at": london_at("2026-07-06 09:00")},
            set(),
            id="the lead of a joint report is asked, its members are told",
        ),
        pytest.param(
            before("2026-07-06 09:00"),
            "2026-09-11 09:00",
            [due("reminder/target-28d@2026-10-09", "reminder", FOUR_WEEKS_BEFORE)],
            [
                Told(
                    "reminder/target-28d@2026-10-09",
                    FOUR_WEEKS_BEFORE,
                    {"anchor": "target"},
                    until=london_at("2026-09-25 09:00"),
                    stood="REQUESTED, PENCILLED",
                )
            ],
            {"submit_letter_on": date(2026, 9, 11)},
            set(),
            id="a reminder of the target",
        ),
        pytest.param(
            before("2026-09-25 09:00"),
            "2026-10-01 09:00",
            [
                line(
                    "INVITE",
                    about="s1",
                    before="PENCILLED",
                    after="INVITED",
                    due_key="panel_invitation@s1r0",
                    cause=FIRST_OF_OCTOBER,
                    letters=("panel_invitation@s1r0",),
                )
            ],
            [
                Told(
                    "panel_invitation@s1r0",
                    FIRST_OF_OCTOBER,
                    until=london_at("2026-11-10 09:00"),
                    stood="REQUESTED, INVITED",
                )
            ],
            {"session.state": P.INVITED, "session.revised_at": london_at("2026-10-01 09:00")},
            set(),
            id="the invitation",
        ),
        pytest.param(
            before("2026-10-20 09:00"),
            "2026-10-20 17:00",
            [
                line(
                    "RAISE",
                    about="escalation",
                    after="PENDING",
                    due_key="escalation_warning@2026-10-20",
                    cause=PASSED,
                    letters=("escalation_warning@2026-10-20",),
                )
            ],
            [Told("escalation_warning@2026-10-20", PASSED, stood="REQUESTED, INVITED, PENDING")],
            {"escalation": Escalation(1, N.PENDING, date(2026, 10, 20), warned_at=london_at("2026-10-20 17:00"))},
            set(),
            id="the deadline passes",
        ),
        pytest.param(
            before("2026-10-20 09:00", escalation=escalation(N.WITHDRAWN, anchor=date(2026, 10, 13))),
            "2026-10-20 17:00",
            [
                line(
                    "RAISE",
                    about="escalation",
                    after="PENDING",
                    due_key="escalation_warning@2026-10-20",
                    cause=PASSED,
                    letters=("escalation_warning@2026-10-20",),
                )
            ],
            [Told("escalation_warning@2026-10-20", PASSED, stood="REQUESTED, INVITED, PENDING")],
            {
                "escalation.number": 2,
                "escalation.state": N.PENDING,
                "escalation.anchor": date(2026, 10, 20),
            },
            set(),
            id="the deadline passes again, after an earlier one was withdrawn",
        ),
        pytest.param(
            before("2026-10-20 09:00", escalation=Escalation(1, N.PENDING, date(2026, 10, 13), hold_until=TUESDAY)),
            "2026-10-20 17:00",
            [due("escalation_warning@2026-10-20", "escalation_warning", PASSED)],
            [Told("escalation_warning@2026-10-20", PASSED, stood="REQUESTED, INVITED, PENDING")],
            {"escalation.anchor": date(2026, 10, 20), "escalation.warned_at": london_at("2026-10-20 17:00")},
            set(),
            id="the deadline passes while the escalation is held",
        ),
        pytest.param(
            before("2026-10-20 09:00", escalation=Escalation(1, N.STOOD_DOWN, date(2026, 10, 20))),
            "2026-10-20 17:00",
            [due("escalation_warning@2026-10-20", "escalation_warning", PASSED, "superseded")],
            [],
            {},
            set(),
            id="the deadline passes of which the Chair said the last word",
        ),
        pytest.param(
            before("2026-10-20 17:00"),
            "2026-10-21 10:00",
            [
                line(
                    "CONFIRM_NON_SUBMISSION",
                    before="REQUESTED",
                    after="NOT_SUBMITTED",
                    due_key="non_submission@2026-10-20",
                    cause=DAY_AFTER,
                    letters=("non_submission@2026-10-20",),
                )
            ],
            [Told("non_submission@2026-10-20", DAY_AFTER, stood="NOT_SUBMITTED, INVITED, PENDING")],
            {"state": S.NOT_SUBMITTED},
            {"reminder", "target_missed"},
            id="non-submission is confirmed",
        ),
        pytest.param(
            before("2026-10-21 10:00"),
            "2026-10-22 09:00",
            [
                line(
                    "SEND",
                    about="escalation",
                    before="PENDING",
                    after="WITH_CHAIR",
                    due_key="escalation@2026-10-20",
                    cause=TWO_DAYS_AFTER,
                    letters=("escalation@2026-10-20",),
                )
            ],
            [
                Told(
                    "escalation@2026-10-20",
                    TWO_DAYS_AFTER,
                    until=london_at("2027-01-08 17:00"),
                    stood="NOT_SUBMITTED, INVITED, WITH_CHAIR",
                )
            ],
            {"escalation.state": N.WITH_CHAIR, "escalation.sent_at": london_at("2026-10-22 09:00")},
            set(),
            id="the Chair is told",
        ),
        pytest.param(
            before("2026-11-06 09:00"),
            "2027-01-08 17:00",
            [
                line(
                    "LEAVE_UNRESOLVED",
                    about="escalation",
                    before="WITH_CHAIR",
                    after="UNRESOLVED",
                    due_key="report_cut_off@2027-01-08",
                    cause=CUT_OFF,
                )
            ],
            [],
            {"escalation.state": N.UNRESOLVED},
            {"escalation"},
            id="the report is cut off",
        ),
        # too late, too soon, or on a day that has its letter
        pytest.param(
            asked(session=invited(revised_at=london_at("2026-10-29 09:01")), state=S.SUBMITTED),
            "2026-10-29 09:01",
            [("2026-10-29 09:00", due("reply_chase@s1r0", "reply_chase", EIGHT_BEFORE, "superseded")[1])],
            [],
            {},
            set(),
            id="replies are not chased on the day the session was moved",
        ),
        pytest.param(
            asked(session=invited(revised_at=london_at("2026-10-29 09:00")), state=S.SUBMITTED),
            "2026-10-29 09:00",
            [due("reply_chase@s1r0", "reply_chase", EIGHT_BEFORE)],
            [Told("reply_chase@s1r0", EIGHT_BEFORE, until=london_at("2026-11-10 09:00"), stood="SUBMITTED, INVITED")],
            {},
            set(),
            id="replies are chased of an invitation of that very minute",
        ),
    ],
)
def test_a_due_action_records_owes_and_changes_this_and_no_more(
    facts: CaseFacts, at: str, lines: list[tuple[str, Entry]], letters: list[Told], now: dict[str, Any], stops: set[str]
) -> None:
    plan = settle(RULES, facts, london_at(at))

    assert plan.entries == tuple(replace(entry, at=london_at(own or at)) for own, entry in lines)
    assert [told(letter) for letter in plan.letters] == letters
    assert changed(facts, replace(plan.facts, done=facts.done)) == now
    assert plan.facts.done == facts.done | {entry.due_key for entry in plan.entries}
    assert plan.stops == stops


@pytest.mark.parametrize(
    ("facts", "at", "expected"),
    [
        # asked within the very minute: the rung goes; a minute later: it lies before the request
        (asked(asked_at=london_at("2026-09-11 09:00")), "2026-09-11 09:00", "owed"),
        (asked(asked_at=london_at("2026-09-11 09:01")), "2026-09-11 09:01", "superseded"),
        # missed by a day: it goes where the day is free
        (asked(), "2026-09-12 09:00", "owed"),
        (asked(submit_letter_on=date(2026, 9, 12)), "2026-09-12 09:00", "superseded"),
        (asked(submit_letter_on=date(2026, 9, 11)), "2026-09-12 09:00", "owed"),
        # up to the minute before the next rung
        (asked(), "2026-09-25 08:59", "superseded"),  # the next is due later that day
        (asked(), "2026-09-24 23:59", "owed"),
    ],
)
def test_a_rung_goes_from_its_minute_until_the_day_of_the_next(facts: CaseFacts, at: str, expected: str) -> None:
    plan = settle(RULES, facts, london_at(at))

    assert [(entry.due_key, entry.data["outcome"]) for entry in plan.entries] == [
        ("reminder/target-28d@2026-10-09", expected)
    ]
    assert (len(plan.letters), plan.superseded, plan.expired) == ((1, 0, 0) if expected == "owed" else (0, 1, 0))


def test_a_deadline_set_after_a_rung_was_due_supersedes_it_and_the_target_s_rungs_stay() -> None:
    facts = by_then("2026-10-15 12:00")
    late = replace(facts, dates=replace(facts.dates, deadline_set_at=london_at("2026-10-16 09:01")))

    plan = settle(RULES, late, london_at("2026-10-16 09:01"))

    assert [(entry.due_key, entry.data["outcome"]) for entry in plan.entries] == [
        ("reminder/deadline-2wd@2026-10-20", "superseded")
    ]


def test_a_digest_whose_next_is_due_has_lost_its_sense_and_the_newest_alone_goes() -> None:
    partnership = PartnershipFacts("GSCP", "Gloucestershire", OPENED, ("2026",), last_digest_on=date(2026, 10, 19))

    plan = settle(RULES, partnership, london_at("2026-10-21 07:30"))

    assert [(entry.due_key, entry.letters, entry.data) for entry in plan.entries] == [
        ("digest@2026-10-20", (), {"kind": "digest", "outcome": "expired"}),
        ("digest@2026-10-21", ("digest@2026-10-21",), {"kind": "digest", "outcome": "owed"}),
    ]
    assert plan.facts == replace(
        partnership, last_digest_on=date(2026, 10, 21), done=frozenset({"digest@2026-10-20", "digest@2026-10-21"})
    )
    assert (plan.superseded, plan.expired, plan.next_due_at) == (0, 1, london_at("2026-10-22 07:30"))


def test_a_panel_day_s_pack_is_recorded_like_any_letter() -> None:
    day = PanelDayFacts("GSCP-2026-P1", "GSCP", "2026", TUESDAY, PanelDayState.SITTING, 6, OPENED)
    why = "10 working days before Tuesday 10 November 2026 is Tuesday 27 October 2026; 9am London time"

    plan = settle(RULES, day, london_at("2026-10-27 09:00"))

    assert plan.entries == (
        replace(due("panel_pack@2026-11-10", "panel_pack", why)[1], at=london_at("2026-10-27 09:00")),
    )
    assert plan.facts == replace(day, done=frozenset({"panel_pack@2026-11-10"}))


def test_before_anything_is_due_nothing_happens_and_the_next_instant_is_known() -> None:
    facts = case_facts()

    assert settle(RULES, facts, london_at("2026-06-29 08:59")) == Plan(facts, next_due_at=london_at("2026-06-29 09:00"))


def test_an_absence_without_notice_has_its_letter_three_days_later_and_then_nothing_is_owed() -> None:
    absent = session(P.ABSENT_WITHOUT_NOTICE, recorded_at=london_at("2026-11-10 10:00"))

    plan = settle(RULES, case_facts(state=S.SUBMITTED, session=absent), london_at("2026-11-13 09:00"))

    assert [letter.due_key for letter in plan.letters] == ["session_outcome@s1r0"]
    assert plan.next_due_at is None


def test_a_rung_is_expired_at_the_very_minute_of_the_next_and_the_next_goes() -> None:
    plan = settle(RULES, asked(), london_at("2026-09-25 09:00"))

    assert [(entry.due_key, entry.data["outcome"]) for entry in plan.entries] == [
        ("reminder/target-28d@2026-10-09", "expired"),
        ("reminder/target-14d@2026-10-09", "owed"),
    ]


def test_a_deadline_set_anew_leaves_the_target_s_rungs_alone() -> None:
    facts = by_then("2026-10-08 12:00")
    anew = replace(facts, dates=replace(facts.dates, deadline_set_at=london_at("2026-10-09 09:01")))

    assert [letter.due_key for letter in settle(RULES, anew, london_at("2026-10-09 09:01")).letters] == [
        "reminder/target-0@2026-10-09"
    ]


@pytest.mark.parametrize(("left", "lines"), [("2026-09-29 10:00", 0), ("2026-09-30 10:00", 1)])
def test_a_request_that_leaves_fifteen_working_days_before_the_deadline_moves_none(left: str, lines: int) -> None:
    unknown = by_then(left, case_facts(agency=agency(contact=None)))

    plan = settle(RULES, replace(unknown, agency=agency()), london_at(left))

    assert [entry.event for entry in plan.entries].count("REQUEST_REPORT") == 1
    assert [entry.cause for entry in plan.entries if entry.event == "DATES_CHANGED"] == ["fair notice"] * lines
