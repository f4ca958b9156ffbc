"""What is owed and not yet done; what blocks it, in words; and what can be worked out and is therefore no state."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from calendars import london
from s11flow.domain.agenda import (
    agenda,
    blocked,
    can_be_asked,
    flags,
    is_late,
    is_overdue,
    next_due_at,
    reply_of,
    why_not_confirmed,
)
from s11flow.domain.definition import Definition
from s11flow.domain.model import (
    AgencyStatus,
    Answer,
    CaseFacts,
    CaseState,
    CycleFacts,
    CycleState,
    EscalationState,
    PanelDayFacts,
    PanelDayState,
    PartnershipFacts,
    Session,
    SessionState,
    Track,
)
from s11flow.domain.timetable import DueAction, Rulebook
from tests.domain.factories import (
    OPENED,
    RULES,
    TUESDAY,
    agency,
    by_then,
    case_facts,
    dates,
    escalation,
    london_at,
    policy,
    rules_with,
    session,
    submission,
)

S = CaseState
WARNED = frozenset({"escalation_warning@2026-10-20"})


def kinds(facts: CaseFacts, rules: Rulebook = RULES) -> list[str]:
    found = [action.kind for action in agenda(rules, facts)]
    return list(dict.fromkeys(found))


def answered(*answers: str) -> Session:
    invited = ("lead@stroud.example", "head@stroud.example")
    found = tuple(Answer(who, answer, OPENED) for who, answer in zip(invited, answers, strict=False))
    return session(SessionState.INVITED, answers=found)


# --- what each state owes ---------------------------------------------------------------------------------------------

_SESSION = ["panel_invitation"]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (S.PLANNED, ["contact_check", "report_request"]),
        (S.REQUESTED, ["reminder", "panel_invitation", "target_missed", "escalation_warning"]),
        (S.SUBMITTED, _SESSION),
        (S.RETURNED, _SESSION),
        (S.ACCEPTED, _SESSION),
        (S.NOT_SUBMITTED, _SESSION),
        *((state, []) for state in (S.CONSIDERED, S.ASSESSED, S.AGREED, S.REPORTED, S.IN_STATEMENT, S.CLOSED)),
        *((state, []) for state in (S.EXCUSED, S.COVERED, S.VOID)),
    ],
)
def test_each_state_owes_its_letters_and_no_other(state: CaseState, expected: list[str]) -> None:
    assert kinds(case_facts(state=state)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"agency": agency(contact=None)}, ["contact_wanted"]),
        ({"agency": agency(status=AgencyStatus.NOT_APPLICABLE)}, []),
        ({"session": None, "dates": dates(None)}, ["contact_check"]),
        ({"done": frozenset({"contact_check@2026-07-06"})}, ["report_request"]),
    ],
)
def test_a_planned_case_is_asked_once_there_is_somebody_to_ask_and_a_session_to_name(
    changes: dict[str, Any], expected: list[str]
) -> None:
    facts = case_facts(**changes)

    assert kinds(facts) == expected
    assert can_be_asked(facts) == ("report_request" in expected)


def test_what_is_owed_comes_in_order_of_time_and_the_first_is_when_to_look_again() -> None:
    facts = by_then("2026-07-06 09:00")
    owed = agenda(RULES, facts)

    assert [action.due_key for action in owed] == [
        "reminder/target-28d@2026-10-09",
        "reminder/target-14d@2026-10-09",
        "panel_invitation@s1r0",
        "reminder/target-7d@2026-10-09",
        "reminder/target-2wd@2026-10-09",
        "reminder/target-0@2026-10-09",
        "target_missed@2026-10-09",
        "reminder/deadline-2wd@2026-10-20",
        "reminder/deadline-0@2026-10-20",
        "escalation_warning@2026-10-20",
    ]
    assert next_due_at(RULES, facts) == owed[0].due_at


def test_nothing_owed_means_nothing_to_look_for() -> None:
    assert next_due_at(RULES, case_facts(state=S.VOID)) is None


def test_an_invited_agency_is_chased_and_reminded_and_a_pencilled_one_is_not() -> None:
    invited = case_facts(state=S.SUBMITTED, session=session(SessionState.INVITED))

    assert kinds(invited) == ["reply_chase", "session_reminder"]


@pytest.mark.parametrize(
    ("state", "due", "why"),
    [
        *(
            (state, "2026-11-11 09:00", "1 working day after the session was recorded is Wednesday 11 November 2026")
            for state in (SessionState.ATTENDED, SessionState.ATTENDED_IN_PART, SessionState.ABSENT_WITH_NOTICE)
        ),
        (
            SessionState.ABSENT_WITHOUT_NOTICE,
            "2026-11-13 09:00",
            "3 working days after the session was recorded is Friday 13 November 2026",
        ),
    ],
)
def test_the_letter_after_the_session_leaves_a_day_later_or_after_three_to_explain(
    state: SessionState, due: str, why: str
) -> None:
    recorded = session(state, recorded_at=london_at("2026-11-10 16:00"))

    assert agenda(RULES, case_facts(state=S.SUBMITTED, session=recorded)) == (
        DueAction("session_outcome@s1r0", london_at(due), "session_outcome", "always", why),
    )


def test_the_letter_after_the_session_is_owed_once_it_is_recorded_and_only_once() -> None:
    unrecorded = case_facts(state=S.SUBMITTED, session=session(SessionState.ATTENDED))
    told = case_facts(
        state=S.SUBMITTED,
        session=session(SessionState.ATTENDED, recorded_at=london_at("2026-11-10 16:00")),
        done=frozenset({"session_outcome@s1r0"}),
    )

    assert (agenda(RULES, unrecorded), agenda(RULES, told)) == ((), ())


def test_a_cancelled_session_owes_nothing() -> None:
    assert kinds(case_facts(state=S.SUBMITTED, session=session(SessionState.CANCELLED))) == []


RETURNED = case_facts(state=S.RETURNED, session=None, return_by=date(2026, 10, 26))
RETURN_REMINDER = DueAction(
    due_key="return_by_reminder@2026-10-26",
    due_at=london_at("2026-10-22 09:00"),
    kind="return_by_reminder",
    late_policy="latest",
    why="2 working days before Monday 26 October 2026 is Thursday 22 October 2026; 9am London time",
    family="return_by",
    valid_until=london_at("2026-10-26 17:00"),
)


@pytest.mark.parametrize(
    ("changes", "owed"),
    [
        ({}, (RETURN_REMINDER,)),
        ({"done": frozenset({RETURN_REMINDER.due_key})}, ()),
        ({"state": S.SUBMITTED}, ()),
    ],
)
def test_a_returned_report_is_reminded_of_once_two_working_days_before_its_day(
    changes: dict[str, Any], owed: tuple[DueAction, ...]
) -> None:
    assert agenda(RULES, replace(RETURNED, **changes)) == owed


def test_a_returned_report_and_its_session_are_owed_together_in_order() -> None:
    both = replace(RETURNED, session=session())

    assert [action.due_key for action in agenda(RULES, both)] == [
        "panel_invitation@s1r0",
        "return_by_reminder@2026-10-26",
    ]


# --- what blocks ------------------------------------------------------------------------------------------------------


def waiting(**changes: Any) -> CaseFacts:
    """Asked, silent, and warned of; the invitation is out."""
    whole: dict[str, Any] = {
        "state": S.REQUESTED,
        "done": WARNED,
        "escalation": escalation(),
        "session": None,
        **changes,
    }
    return case_facts(**whole)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"mail_waiting_since": london_at("2026-10-21 08:00")}, None),  # it came after the deadline
        (
            {"mail_waiting_since": london_at("2026-10-20 16:59")},
            "mail that came on Tuesday 20 October 2026, 4:59pm waits for a decision",
        ),
        (
            {"mail_waiting_since": london_at("2026-10-20 17:00")},
            "mail that came on Tuesday 20 October 2026, 5pm waits for a decision",
        ),
        ({"notice_undelivered": True}, "no letter asking for the report has been delivered"),
        ({"agency": agency(contact=None)}, "the agency has no contact on the register who could answer"),
    ],
)
def test_non_submission_waits_and_the_digest_says_for_what(changes: dict[str, Any], reason: str | None) -> None:
    facts = waiting(**changes)
    said = blocked(RULES, facts, london_at("2026-10-21 10:00"))

    assert ("non_submission" in kinds(facts)) == (reason is None)
    assert said == (() if reason is None else (f"Non-submission is not confirmed for GSCP-2026-05A: {reason}.",))


def test_non_submission_never_comes_before_its_warning() -> None:
    unwarned = why_not_confirmed(waiting(done=frozenset()), london_at("2026-10-20 17:00"))

    assert unwarned == "the business unit has not been warned yet"
    assert "non_submission" not in kinds(waiting(done=frozenset(), escalation=None))


def test_a_report_taken_back_after_non_submission_was_told_needs_a_person() -> None:
    facts = waiting(done=WARNED | {"non_submission@2026-10-20"})

    assert blocked(RULES, facts, london_at("2026-10-30 09:00")) == (
        "GSCP-2026-05A took its report back after its deadline: extend the deadline, or excuse it.",
    )


def test_a_first_year_body_is_reminded_but_never_reported_unless_the_policy_says() -> None:
    facts = case_facts(state=S.REQUESTED, track=Track.FIRST_YEAR, session=None)

    assert kinds(facts) == ["reminder", "target_missed"]
    assert kinds(facts, policy(first_year_is_escalated=True)) == ["reminder", "target_missed", "escalation_warning"]


def silent(**changes: Any) -> CaseFacts:
    whole: dict[str, Any] = {"state": S.NOT_SUBMITTED, "session": None, "escalation": escalation(), **changes}
    return case_facts(**whole)


def test_an_escalation_that_was_sent_says_when_nobody_is_left_to_take_it() -> None:
    sent = escalation(state=EscalationState.WITH_CHAIR, sent_at=london_at("2026-10-22 09:00"))
    left = silent(escalation=sent, interests=("Executive Chair",))
    said = "Nobody is left to take the escalation of GSCP-2026-05A that was sent: the Business Manager decides."

    found = [blocked(rules, left, london_at("2026-10-23 09:00")) for rules in (RULES, rules_with(without_alternate))]

    assert found == [(), (said,)]


def without_alternate(definition: Definition) -> Definition:
    return replace(definition, people=replace(definition.people, alternate=None))


@pytest.mark.parametrize(
    ("facts", "rules", "now", "said"),
    [
        (silent(), RULES, "2026-10-22 09:00", ()),
        (
            silent(escalation=escalation(hold_until=date(2026, 10, 30))),
            RULES,
            "2026-10-30 18:00",
            (
                (
                    "The escalation of GSCP-2026-05A is held: review on Friday 30 October 2026. "
                    "Resume it or stand it down."
                ),
            ),
        ),
        (
            silent(escalation=escalation(hold_until=date(2026, 10, 30))),
            RULES,
            "2026-10-31 09:00",
            (
                (
                    "The escalation of GSCP-2026-05A is held: its review date was Friday 30 October 2026 "
                    "and has passed. Resume it or stand it down."
                ),
            ),
        ),
        (
            silent(agency=agency(code="11")),
            rules_with(without_alternate),
            "2026-10-22 09:00",
            ("The escalation of GSCP-2026-05A has no Chair free to take it: the Business Manager decides.",),
        ),
    ],
)
def test_an_escalation_that_waits_says_for_what(
    facts: CaseFacts, rules: Rulebook, now: str, said: tuple[str, ...]
) -> None:
    assert blocked(rules, facts, london_at(now)) == said
    assert ("escalation" in kinds(facts, rules)) == (said == ())


@pytest.mark.parametrize("state", [state for state in EscalationState if state != EscalationState.PENDING])
def test_only_a_pending_escalation_is_sent(state: EscalationState) -> None:
    assert "escalation" not in kinds(silent(escalation=escalation(state)))


@pytest.mark.parametrize(
    ("warned", "due"),
    [
        ("2026-10-20 17:00", "2026-10-22 09:00"),
        ("2026-10-21 11:00", "2026-10-22 09:00"),  # the very same hour        ("2026-10-22 08:00", "2026-10-23 09:00"),
        ("2026-10-23 18:00", "2026-10-26 09:00"),  # a Friday evening: Monday
        ("2026-10-24 12:00", "2026-10-27 09:00"),  # a Saturday counts as the Monday
    ],
)
def test_the_chair_is_told_no_sooner_than_a_working_day_after_the_warning(warned: str, due: str) -> None:
    facts = silent(escalation=escalation(warned_at=london_at(warned)))
    [told] = [action for action in agenda(RULES, facts) if action.kind == "escalation"]

    assert told.due_at == london_at(due)
    assert london.spell_day(london.day_of(told.due_at)) in told.why


def test_a_warning_in_time_leaves_the_chair_s_letter_its_own_reason() -> None:
    day_after = silent(escalation=escalation(warned_at=london_at("2026-10-21 11:00")))
    [told] = [action for action in agenda(RULES, day_after) if action.kind == "escalation"]
    late = silent(escalation=escalation(warned_at=london_at("2026-10-22 08:00")))
    [told_late] = [action for action in agenda(RULES, late) if action.kind == "escalation"]

    assert (told.why, told_late.why) == (
        "2 working days after Tuesday 20 October 2026 is Thursday 22 October 2026; 9am London time",
        "1 working day after the warning of Thursday 22 October 2026, 8am is Friday 23 October 2026",
    )


@pytest.mark.parametrize("state", list(EscalationState))
def test_the_cut_off_leaves_open_escalations_unresolved(state: EscalationState) -> None:
    facts = silent(escalation=escalation(state))

    assert ("report_cut_off" in kinds(facts)) == facts.escalation.is_open  # type: ignore[union-attr]


def test_nothing_is_waited_for_at_the_very_minute_of_the_deadline() -> None:
    mail = waiting(mail_waiting_since=london_at("2026-10-20 16:59"))

    assert blocked(RULES, mail, london_at("2026-10-20 17:00")) == ()
    assert blocked(RULES, mail, london_at("2026-10-20 17:01")) != ()


@pytest.mark.parametrize("state", list(CaseState))
def test_a_body_that_is_not_applicable_and_not_excused_needs_a_person(state: CaseState) -> None:
    facts = case_facts(state=state, agency=agency(status=AgencyStatus.NOT_APPLICABLE), session=None)
    open_states = {S.PLANNED, S.REQUESTED, S.SUBMITTED, S.RETURNED, S.ACCEPTED, S.NOT_SUBMITTED}

    assert blocked(RULES, facts, london_at("2026-09-01 09:00")) == (
        (("Stroud District Council is not applicable on the register: excuse GSCP-2026-05A, or correct the register."),)
        if state in open_states
        else ()
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"agency": agency(contact=None)}, "Stroud District Council has no contact on the register"),
        ({"session": None, "dates": dates(None)}, "it has no panel session; plan one"),
    ],
)
def test_who_could_not_be_asked_is_named(changes: dict[str, Any], said: str) -> None:
    facts = case_facts(**changes)

    assert blocked(RULES, facts, london_at("2026-07-06 08:59")) == ()
    assert blocked(RULES, facts, london_at("2026-07-06 09:00")) == (f"GSCP-2026-05A has not been asked: {said}.",)


# --- other subjects ---------------------------------------------------------------------------------------------------


def panel_day(**changes: Any) -> PanelDayFacts:
    whole = PanelDayFacts("GSCP-2026-P1", "GSCP", "2026", TUESDAY, PanelDayState.SITTING, 6, OPENED)
    return replace(whole, **changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["panel_pack@2026-11-10"]),
        ({"sessions": 1}, ["panel_pack@2026-11-10"]),
        ({"sessions": 0}, []),
        ({"state": PanelDayState.STOOD_DOWN}, []),
        ({"done": frozenset({"panel_pack@2026-11-10"})}, []),
    ],
)
def test_a_day_on_which_the_panel_sees_somebody_owes_its_pack(changes: dict[str, Any], expected: list[str]) -> None:
    assert [action.due_key for action in agenda(RULES, panel_day(**changes))] == expected


def partnership(**changes: Any) -> PartnershipFacts:
    return replace(PartnershipFacts("GSCP", "Gloucestershire", OPENED, ("2026",)), **changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["digest@2026-06-02"]),  # opened on a Monday at noon: the next morning
        ({"digests_from": london_at("2026-06-01 07:30")}, ["digest@2026-06-01"]),
        ({"digests_from": london_at("2026-06-01 07:31")}, ["digest@2026-06-02"]),
        ({"digests_from": london_at("2026-06-06 12:00")}, ["digest@2026-06-08"]),  # a Saturday
        ({"last_digest_on": date(2026, 12, 24)}, ["digest@2026-12-29"]),
        ({"open_cycles": ()}, []),
    ],
)
def test_a_partnership_owes_a_digest_each_working_day_while_a_cycle_runs(
    changes: dict[str, Any], expected: list[str]
) -> None:
    assert [action.due_key for action in agenda(RULES, partnership(**changes))] == expected


def test_a_digest_has_a_sense_until_the_next_working_day_s() -> None:
    assert agenda(RULES, partnership(last_digest_on=date(2026, 6, 4))) == (
        DueAction(
            due_key="digest@2026-06-05",
            due_at=london_at("2026-06-05 07:30"),
            kind="digest",
            late_policy="latest",
            why="each working day at 7:30am; Friday 5 June 2026 is one",
            family="digest",
            valid_until=london_at("2026-06-08 07:30"),
        ),
    )


def test_a_cycle_owes_nothing_of_its_own() -> None:
    given = dates()
    facts = CycleFacts(
        "GSCP-2026", "GSCP", "2026", CycleState.OPEN, date(2025, 4, 1), date(2026, 3, 31),
        given.target, given.cut_off, OPENED,
    )  # fmt: skip

    assert agenda(RULES, facts) == ()


# --- flags ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "now", "expected"),
    [
        ({"state": S.REQUESTED}, "2026-10-13 16:59", ()),
        ({"state": S.REQUESTED}, "2026-10-13 17:00", ("due soon",)),
        ({"state": S.REQUESTED}, "2026-10-20 17:00", ("due soon", "due today")),
        ({"state": S.REQUESTED}, "2026-10-20 17:01", ("overdue",)),
        ({"state": S.NOT_SUBMITTED}, "2026-10-21 17:00", ("overdue",)),
        ({"state": S.SUBMITTED, "submission": submission("2026-10-20 17:00")}, "2026-10-21 09:00", ()),
        ({"state": S.SUBMITTED, "submission": submission("2026-10-20 17:01")}, "2026-10-21 09:00", ("late",)),
        (
            {"state": S.SUBMITTED, "submission": submission("2026-10-20 17:01", as_in_time=True)},
            "2026-10-21 09:00",
            (),
        ),
        (
            {"state": S.NOT_SUBMITTED, "escalation": escalation(hold_until=date(2026, 10, 30))},
            "2026-10-22 09:00",
            ("overdue", "held"),
        ),
        (
            {
                "state": S.NOT_SUBMITTED,
                "escalation": escalation(EscalationState.WITH_CHAIR, sent_at=london_at("2026-10-22 09:00")),
            },
            "2026-10-22 09:00",
            ("overdue", "escalated"),
        ),
        ({"agency": agency(contact=None)}, "2026-06-02 09:00", ("no contact",)),
        ({"session": None}, "2026-06-02 09:00", ("no session",)),
        ({"state": S.VOID, "session": None}, "2026-06-02 09:00", ()),
        ({"state": S.SUBMITTED, "session": answered()}, "2026-10-25 09:00", ("no reply",)),
        ({"state": S.SUBMITTED, "session": answered("declined", "accepted")}, "2026-10-25 09:00", ("coming",)),
        ({"state": S.SUBMITTED, "session": answered("declined")}, "2026-10-25 09:00", ("no reply",)),
        ({"state": S.SUBMITTED, "session": answered("declined", "declined")}, "2026-10-25 09:00", ("declined",)),
        ({"state": S.SUBMITTED}, "2026-11-10 09:29", ()),
        ({"state": S.SUBMITTED}, "2026-11-10 09:30", ("to be recorded",)),
        (
            {"state": S.COVERED, "covered_by": "x", "lead_state": S.REQUESTED},
            "2026-10-01 09:00",
            ("joint report awaited",),
        ),
        (
            {"state": S.VOID, "covered_by": "x", "lead_state": S.NOT_SUBMITTED},
            "2026-11-01 09:00",
            (),
        ),
        (
            {"state": S.COVERED, "covered_by": "x", "lead_state": S.NOT_SUBMITTED},
            "2026-11-01 09:00",
            ("joint report not submitted",),
        ),
        ({"state": S.COVERED, "covered_by": "x", "lead_state": S.ACCEPTED}, "2026-10-01 09:00", ()),
        ({"state": S.ACCEPTED, "waived": True}, "2026-10-25 09:00", ("waived",)),
        ({"mail_waiting_since": OPENED}, "2026-06-02 09:00", ("mail waiting",)),
        ({"dates": replace(dates(), extended=True)}, "2026-06-02 09:00", ("extended",)),
    ],
)
def test_flags_are_worked_out_from_dates_and_facts(
    changes: dict[str, Any], now: str, expected: tuple[str, ...]
) -> None:
    assert flags(RULES, case_facts(**changes), london_at(now)) == expected


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ((), "no reply"),
        (("tentative",), "no reply"),
        (("declined",), "no reply"),
        (("declined", "tentative"), "no reply"),
        (("declined", "declined"), "declined"),
        (("declined", "accepted"), "coming"),
    ],
)
def test_an_agency_comes_if_anybody_does_and_declines_if_all_do(answers: tuple[str, ...], expected: str) -> None:
    assert reply_of(answered(*answers), agency()) == expected


def test_a_case_without_a_deadline_is_neither_overdue_nor_late() -> None:
    facts = case_facts(state=S.REQUESTED, dates=dates(None), submission=submission("2027-01-01 12:00"))

    assert (is_overdue(RULES, facts, london_at("2027-01-01 12:00")), is_late(facts)) == (False, False)
