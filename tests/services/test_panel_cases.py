"""The panel at work: days in reserve, changed places, other times, interests, stand-ins; each case by its number."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from calendars import london
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.cycles import shipped
from s11flow.domain import acts
from s11flow.domain.errors import RefusedError, S11Error, UnknownError, WrongInputError
from s11flow.domain.model import CaseFacts, Session, SessionState
from s11flow.letters.templates import shipped_templates
from s11flow.services import agencies, assessments, cases, cycles, order, panel_days, sessions
from s11flow.services.reports import assurance_report
from s11flow.services.subjects import load_cases
from s11flow.services.verify import verify
from tests.services.scene import (
    CODE,
    HEADER,
    PANEL,
    ROWS,
    YEAR,
    at,
    digest_parts,
    judgement,
    opened,
    queries_of,
    registered,
    run_to,
)

THURSDAY, NEXT_TUESDAY = date(2026, 11, 12), date(2026, 11, 17)
OPENED = at("2026-06-01 12:00")
OCTOBER = at("2026-10-05 12:00")  # everybody has been asked and invited
AFTER = at("2026-11-10 17:00")  # the first panel day is over
YOUTH, STROUD, LEISURE, POLICE, COUNTY = (f"{CODE}-2026-{code}" for code in ("02A", "02", "05", "11", "01"))
LAY, SCRUTINEER, MANAGER, DEVELOPMENT, CHAIR_OF_GROUP = (
    "Lay Member", "Independent Scrutineer", "Business Manager", "Practice Development Manager",
    "Chair of the Management Group",
)  # fmt: skip
REGISTER = "\n".join(
    (
        HEADER,
        (
            "01,County Council,local authority,active,,,Anna Lead,Head of Safeguarding,lead@county.example,"
            "deputy@county.example,director@county.example,,"
        ),
        "02A,Youth Services,youth,active,,,,Service Manager,both@trust.example,,director@agency.example,,",
        "05,Leisure Trust,youth,active,,,,Officer,both@trust.example,,chief@trust.example,,",
        ROWS[1],
        ROWS[2],
        "11,Constabulary,police,active,,,,Head of Public Protection,police@police.example,,chief@police.example,,",
        "",
    )
)


def opened_in_june(uow: UnitOfWork) -> UnitOfWork:
    """A cycle just opened on five agencies that report, with one panel day."""
    registered(uow, REGISTER)
    return opened(uow)


@pytest.fixture
def june(uow: UnitOfWork) -> UnitOfWork:
    return opened_in_june(uow)


@pytest.fixture
def october(june: UnitOfWork) -> UnitOfWork:
    """5 October: everybody has been asked, and invited to the sessions of Tuesday 10 November."""
    run_to(june, OCTOBER)
    return june


def add_day(uow: UnitOfWork, day: date, now: datetime = OCTOBER, **more: Any) -> panel_days.AddedDay:
    return panel_days.add_day(uow, partnership=CODE, year=YEAR, day=day, now=now, by="clerk", **more)


def facts(uow: UnitOfWork, ref: str) -> CaseFacts:
    with uow.read() as connection:
        (found,) = load_cases(connection, [queries.subject_by_ref(connection, ref).id])
    assert isinstance(found.facts, CaseFacts)
    return found.facts


def session(uow: UnitOfWork, ref: str) -> Session:
    found = facts(uow, ref).session
    assert found is not None
    return found


def starts(uow: UnitOfWork, *refs: str) -> list[str]:
    """When these are to be seen: "10 09:30" in November."""
    return [f"{london.local(session(uow, ref).starts_at):%d %H:%M}" for ref in refs]


def deadline(uow: UnitOfWork, ref: str) -> date | None:
    found = facts(uow, ref).dates.deadline
    return None if found is None else found.on


def letters(uow: UnitOfWork, kind: str) -> list[tuple[str, str]]:
    """Which case letters of a kind are about, and to whom they go, in the order they were queued."""
    table = queries.message
    with uow.read() as connection:
        rows = connection.execute(table.select().where(table.c.kind == kind).order_by(table.c.id))
        return [(row.case_ref, row.to_address) for row in rows]


def states(uow: UnitOfWork, kind: str) -> list[str]:
    """How each letter of a kind stands in the outbox."""
    table = queries.message
    with uow.read() as connection:
        return [
            row.status for row in connection.execute(table.select().where(table.c.kind == kind).order_by(table.c.id))
        ]


def reasons(uow: UnitOfWork, kind: str) -> list[tuple[str, str]]:
    """Which case letters of a kind are about, and why they say it is so."""
    table = queries.message
    with uow.read() as connection:
        rows = connection.execute(table.select().where(table.c.kind == kind).order_by(table.c.id))
        return [(row.case_ref, json.loads(row.context)["reason"]) for row in rows]


def history(uow: UnitOfWork, ref: str, event: str) -> list[dict[str, Any]]:
    with uow.read() as connection:
        lines = queries.history_of(connection, queries.subject_by_ref(connection, ref).id)
    return [json.loads(line.data) for line in lines if line.event == event]


def whole(uow: UnitOfWork, now: datetime) -> bool:
    assert verify(uow, now=now).broken == ()
    return True


def orders(uow: UnitOfWork, **asked: Any) -> tuple[order.DayOrder, ...]:
    with uow.read() as connection:
        return order.orders(connection, partnership=CODE, year=YEAR, **asked)


def tasks(uow: UnitOfWork, now: datetime) -> list[str]:
    run_to(uow, now, start=now - timedelta(days=2))
    return digest_parts(uow).get("Tasks for a person", [])


# --- case 4: one person, two agencies --------------------------------------------------------------------------------


def test_case_04_two_agencies_of_one_person_sit_back_to_back_and_do_so_again_on_the_reserve_day(
    june: UnitOfWork,
) -> None:
    before = starts(june, YOUTH, LEISURE)
    add_day(june, THURSDAY, reserve=True, now=OPENED)
    panel_days.stand_down_day(
        june, partnership=CODE, year=YEAR, day=PANEL, reason="Not quorate", now=OPENED, by="clerk"
    )
    run_to(june, OCTOBER)

    assert before == ["10 10:00", "10 10:30"]
    assert starts(june, YOUTH, LEISURE) == ["12 10:00", "12 10:30"]
    asked = [pair for pair in letters(june, "report_request") if pair[1] == "both@trust.example"]
    assert asked == [(YOUTH, "both@trust.example"), (LEISURE, "both@trust.example")]
    assert whole(june, OCTOBER)


# --- supplementary days, and days in reserve -------------------------------------------------------------------------


def test_a_supplementary_day_must_be_one_on_which_the_panel_may_sit(october: UnitOfWork) -> None:
    with pytest.raises(WrongInputError) as weekend:
        add_day(october, date(2026, 11, 14))
    with pytest.raises(WrongInputError) as passed:
        add_day(october, date(2026, 11, 3), now=at("2026-11-03 09:00"))

    assert str(weekend.value) == (
        "The panel cannot sit on Saturday 14 November 2026: it is a Saturday. "
        "The earliest legal day is Monday 16 November 2026."
    )
    assert str(passed.value) == ("Tuesday 3 November 2026 is not ahead, so nobody could be invited; use a later day.")


def test_a_supplementary_day_says_its_deadline_and_who_could_be_seen_there(october: UnitOfWork) -> None:
    sessions.cancel(october, POLICE, reason="They cannot come", now=OCTOBER, by="clerk")

    added = add_day(october, NEXT_TUESDAY)

    assert (added.ref, added.state, added.deadline.on, added.unseen) == (
        f"{CODE}-2026-P2026-11-17", "SITTING", date(2026, 10, 27), (POLICE,)
    )  # fmt: skip
    assert added.cut_off.on > added.cut_off_was.on > facts(october, POLICE).dates.request.on
    assert facts(october, POLICE).dates.cut_off == added.cut_off
    sessions.offer(october, POLICE, to=at("2026-11-17 09:00"), now=OCTOBER, by="clerk")
    assert starts(october, POLICE) == ["17 09:00"]
    assert deadline(october, POLICE) == date(2026, 10, 27)
    assert whole(october, OCTOBER)


def test_a_day_in_reserve_moves_no_cut_off_and_takes_nobody_until_it_is_called_in(october: UnitOfWork) -> None:
    cut_off = facts(october, POLICE).dates.cut_off
    sessions.cancel(october, POLICE, reason="They cannot come", now=OCTOBER, by="clerk")

    added = add_day(october, NEXT_TUESDAY, reserve=True)
    planned = panel_days.plan_sessions(october, partnership=CODE, year=YEAR, now=OCTOBER, by="clerk")

    assert (added.state, added.cut_off) == ("RESERVE", cut_off)
    assert facts(october, POLICE).dates.cut_off == cut_off
    assert starts(october, POLICE) == ["10 11:15"]  # the first free time of the day on which the panel sits
    assert planned.sessions == 1

    sessions.move(october, POLICE, to=at("2026-11-17 09:00"), asked_by="panel", now=OCTOBER, by="clerk")

    assert [one.state for one in orders(october)] == ["SITTING", "SITTING"]
    assert facts(october, POLICE).dates.cut_off.on > cut_off.on
    assert whole(october, OCTOBER)


def test_a_day_called_in_stays_in_reserve_if_what_needed_it_is_refused(october: UnitOfWork) -> None:
    add_day(october, NEXT_TUESDAY, reserve=True)

    with pytest.raises(RefusedError):
        sessions.move(october, POLICE, to=at("2026-11-17 11:00"), asked_by="panel", now=OCTOBER, by="clerk")

    assert [one.state for one in orders(october)] == ["SITTING", "RESERVE"]


@pytest.mark.on_both
def test_case_20_a_day_stood_down_offers_the_day_in_reserve_and_nobody_was_absent(october: UnitOfWork) -> None:
    add_day(october, THURSDAY, reserve=True)

    stood = panel_days.stand_down_day(
        october, partnership=CODE, year=YEAR, day=PANEL, reason="Not quorate", now=OCTOBER, by="clerk"
    )

    assert (stood.reserve, stood.without_session) == (THURSDAY, ())
    assert [one.state for one in orders(october)] == ["STOOD_DOWN", "SITTING"]
    assert starts(october, COUNTY, STROUD, YOUTH, LEISURE, POLICE) == [
        "12 09:00", "12 09:30", "12 10:00", "12 10:30", "12 11:15"
    ]  # fmt: skip
    with october.read() as connection:
        was = queries.sessions(connection, [queries.subject_by_ref(connection, POLICE).id])
    assert [row.state for rows in was.values() for row in rows] == ["STOOD_DOWN", "PENCILLED"]
    told = letters(october, "panel_invitation_cancelled")
    assert (POLICE, "police@police.example") in told
    with october.read() as connection:
        said = connection.scalar(
            queries.message.select()
            .with_only_columns(queries.message.c.context)
            .where(queries.message.c.kind == "panel_invitation_cancelled")
        )
    assert json.loads(str(said))["reserve"] == "Thursday 12 November 2026"
    assert whole(october, OCTOBER)


def test_a_day_stood_down_may_leave_the_reserve_as_it_is(october: UnitOfWork) -> None:
    add_day(october, THURSDAY, reserve=True)

    stood = panel_days.stand_down_day(
        october, partnership=CODE, year=YEAR, day=PANEL, reason="Flood", now=OCTOBER, by="clerk", use_reserve=False
    )

    assert (stood.reserve, len(stood.without_session)) == (None, 5)
    assert [one.state for one in orders(october)] == ["STOOD_DOWN", "RESERVE"]
    with pytest.raises(WrongInputError, match="was stood down; use another day"):
        add_day(october, PANEL)


def test_sessions_are_not_moved_to_a_day_that_is_not_ahead(october: UnitOfWork) -> None:
    add_day(october, THURSDAY, reserve=True)

    with pytest.raises(WrongInputError) as refused:
        panel_days.stand_down_day(
            october, partnership=CODE, year=YEAR, day=THURSDAY, reserve=PANEL, reason="Flood", now=AFTER, by="clerk"
        )

    assert str(refused.value) == (
        "Tuesday 10 November 2026 is not ahead, so nobody could be seen there; give --reserve a later panel day of "
        f"{CODE}-2026, or --no-reserve."
    )


def test_nobody_attends_longer_in_part_than_the_session_lasted(october: UnitOfWork) -> None:
    with pytest.raises(RefusedError, match="its session was of 30 minutes; give --minutes up to that"):
        sessions.record(october, POLICE, "in-part", minutes=500, now=AFTER, by="clerk")


def said_of_dates(uow: UnitOfWork, ref: str) -> list[tuple[str, str, str, str]]:
    """The letters of changed dates about a case: how each stands, the old time, the new one, the panel day it says."""
    table = queries.message
    chosen = table.select().where(table.c.kind == "dates_changed", table.c.case_ref == ref).order_by(table.c.id)
    with uow.read() as connection:
        rows = [(row.status, json.loads(row.context)) for row in connection.execute(chosen)]
    return [(status, told["old"], told["new"], told["dates"]["panel_day"]) for status, told in rows]


AUGUST = at("2026-08-10 12:00")  # everybody has been asked; nobody is invited before October


def test_an_agency_is_told_that_a_time_it_was_asked_to_keep_free_is_not_needed(june: UnitOfWork) -> None:
    run_to(june, AUGUST)

    sessions.cancel(june, POLICE, reason="The room is gone", now=AUGUST, by="clerk")

    assert said_of_dates(june, POLICE) == [("QUEUED", "Tuesday 10 November 2026, 11:15am", "", "")]
    assert letters(june, "panel_invitation_cancelled") == []
    assert whole(june, AUGUST)


def test_case_20_an_agency_not_yet_invited_is_told_of_the_day_in_reserve(june: UnitOfWork) -> None:
    run_to(june, AUGUST)
    add_day(june, THURSDAY, reserve=True, now=AUGUST)

    panel_days.stand_down_day(june, partnership=CODE, year=YEAR, day=PANEL, reason="Flood", now=AUGUST, by="clerk")

    assert said_of_dates(june, POLICE)[0] == (
        "QUEUED", "Tuesday 10 November 2026, 11:15am", "Thursday 12 November 2026; your invitation will give the time",
        "",
    )  # fmt: skip
    assert whole(june, AUGUST)


def test_of_two_changes_of_a_time_that_wait_together_only_the_newer_one_leaves(june: UnitOfWork) -> None:
    run_to(june, AUGUST)
    add_day(june, THURSDAY, now=AUGUST)

    for to in ("2026-11-12 09:00", "2026-11-10 14:00"):
        sessions.move(june, POLICE, to=at(to), asked_by="agency", now=AUGUST, by="clerk", allowed=True)

    assert said_of_dates(june, POLICE) == [
        (
            "SUPERSEDED", "Tuesday 10 November 2026, 11:15am", "Thursday 12 November 2026, 9am",
            "Thursday 12 November 2026",
        ),
        ("QUEUED", "Thursday 12 November 2026, 9am", "Tuesday 10 November 2026, 2pm", "Tuesday 10 November 2026"),
    ]  # fmt: skip
    assert whole(june, AUGUST)


# --- two agencies change places --------------------------------------------------------------------------------------


def test_two_agencies_change_places_in_one_change_and_both_are_told(october: UnitOfWork) -> None:
    before = session(october, COUNTY), session(october, POLICE)

    sessions.swap(october, COUNTY, POLICE, asked_by="panel", reason="A clash", now=OCTOBER, by="clerk")

    after = session(october, COUNTY), session(october, POLICE)
    assert [each.starts_at for each in after] == [each.starts_at for each in reversed(before)]
    assert [(each.uid, each.revision) for each in after] == [(each.uid, each.revision + 1) for each in before]
    assert letters(october, "panel_invitation_changed") == [
        (COUNTY, "lead@county.example"), (POLICE, "police@police.example")
    ]  # fmt: skip
    assert whole(october, OCTOBER)


def test_an_agency_that_asked_keeps_its_deadline_and_so_does_the_one_it_changes_places_with(
    october: UnitOfWork,
) -> None:
    add_day(october, NEXT_TUESDAY)
    sessions.move(october, POLICE, to=at("2026-11-17 09:00"), asked_by="panel", now=OCTOBER, by="clerk")
    before = deadline(october, COUNTY), deadline(october, POLICE)

    sessions.swap(october, COUNTY, POLICE, asked_by="agency", now=OCTOBER, by="clerk")

    assert before == (date(2026, 10, 20), date(2026, 10, 27))
    assert (deadline(october, COUNTY), deadline(october, POLICE)) == before
    assert starts(october, COUNTY, POLICE) == ["17 09:00", "10 09:00"]
    assert (session(october, COUNTY).asks, session(october, POLICE).asks) == (1, 0)
    assert reasons(october, "panel_invitation_changed")[-2:] == [
        (COUNTY, "you asked for another time, and another agency has changed places with you"),
        (POLICE, "another agency asked for another time, and you and it have changed places"),
    ]


def test_the_panel_moves_no_deadline_earlier_by_letting_two_change_places(october: UnitOfWork) -> None:
    add_day(october, NEXT_TUESDAY)
    sessions.move(october, POLICE, to=at("2026-11-17 09:00"), asked_by="panel", now=OCTOBER, by="clerk")

    with pytest.raises(RefusedError, match="its deadline would move earlier, from Tuesday 27 October 2026"):
        sessions.swap(october, COUNTY, POLICE, asked_by="panel", now=OCTOBER, by="clerk")

    assert starts(october, COUNTY, POLICE) == ["10 09:00", "17 09:00"]


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (COUNTY, f"Cannot swap for {COUNTY}: {COUNTY} is the same case; name two cases of one cycle."),
        (
            f"{CODE}-2026-03",
            f"Cannot swap for {CODE}-2026-03: it has no session to come; `s11flow panel offer` gives it one.",
        ),
    ],
)
def test_who_has_no_place_of_its_own_changes_none(october: UnitOfWork, other: str, why: str) -> None:
    with pytest.raises(RefusedError) as refused:
        sessions.swap(october, COUNTY, other, asked_by="panel", now=OCTOBER, by="clerk")

    assert str(refused.value) == why


# --- case 21: nobody in two places -----------------------------------------------------------------------------------


def test_case_21_a_time_that_is_taken_is_refused_with_others(october: UnitOfWork) -> None:
    with pytest.raises(RefusedError) as refused:
        sessions.move(october, POLICE, to=at("2026-11-10 09:15"), asked_by="panel", now=OCTOBER, by="clerk")

    assert str(refused.value) == (
        f"Cannot move for {POLICE}: Tuesday 10 November 2026, 9:15am overlaps another agency's session at 9am; "
        "free that day: 11:15am, 11:45am, 12:15pm."
    )


def test_case_21_who_goes_from_one_place_to_another_is_given_a_quarter_of_an_hour(october: UnitOfWork) -> None:
    sessions.move(
        october, YOUTH, to=at("2026-11-10 13:30"), asked_by="panel", place="The town hall", now=OCTOBER, by="clerk"
    )

    with pytest.raises(RefusedError) as refused:
        sessions.move(
            october, LEISURE, to=at("2026-11-10 14:00"), asked_by="panel", place="The guildhall", now=OCTOBER,
            by="clerk",
        )  # fmt: skip
    sessions.move(
        october, LEISURE, to=at("2026-11-10 14:15"), asked_by="panel", place="The guildhall", now=OCTOBER, by="clerk"
    )

    assert str(refused.value) == (
        f"Cannot move for {LEISURE}: Tuesday 10 November 2026, 2pm leaves both@trust.example, who is wanted at the "
        f"session of {YOUTH} at 1:30pm too, 0 minutes to go between The town hall and The guildhall; 15 are needed; "
        "free that day: 12:15pm, 2:30pm, 3pm."
    )
    assert (session(october, LEISURE).place, starts(october, LEISURE)) == ("The guildhall", ["10 14:15"])


def test_case_21_who_is_wanted_by_another_partnership_is_not_asked_for_the_same_time(october: UnitOfWork) -> None:
    neighbour = shipped().replace('code = "GSCP"', 'code = "NEXT"')
    agencies.init_partnership(october, neighbour, now=OCTOBER)
    row = "11,Constabulary,police,active,,,,Head of Public Protection,police@police.example,,chief@police.example,,"
    agencies.import_register(october, f"{HEADER}\n{row}\n", partnership="NEXT", now=OCTOBER, by="clerk")
    cycles.open_cycle(
        october, partnership="NEXT", year=YEAR, panel_days=[THURSDAY], templates=shipped_templates(), now=OCTOBER,
        by="clerk",
    )  # fmt: skip
    add_day(october, THURSDAY)

    with pytest.raises(RefusedError) as refused:
        sessions.move(october, POLICE, to=at("2026-11-12 09:00"), asked_by="panel", now=OCTOBER, by="clerk")
    panel_days.stand_down_day(
        october, partnership=CODE, year=YEAR, day=PANEL, reserve=THURSDAY, reason="Flood", now=OCTOBER, by="clerk"
    )

    assert str(refused.value) == (
        f"Cannot move for {POLICE}: Thursday 12 November 2026, 9am overlaps the session of NEXT-2026-11 at 9am, and "
        "business-manager@gloucestershire-partnership.example is wanted at both; free that day: 9:30am, 10am, 10:30am."
    )
    assert starts(october, COUNTY, STROUD) == ["12 09:30", "12 10:00"]


# --- case 22: another time is asked for ------------------------------------------------------------------------------


def test_case_22_another_time_is_a_task_and_the_old_one_is_free_only_once_the_new_one_is_accepted(
    october: UnitOfWork,
) -> None:
    wanted = at("2026-11-10 14:00")
    sessions.ask(october, POLICE, wanted=wanted, reason="On leave in the morning", now=OCTOBER, by="clerk")
    told = tasks(october, at("2026-10-06 08:00"))
    now = at("2026-10-06 12:00")
    sessions.offer(october, POLICE, to=wanted, now=now, by="clerk")
    kept = starts(october, POLICE)
    for taken in (wanted, session(october, POLICE).starts_at):
        with pytest.raises(RefusedError, match="overlaps another agency's session"):
            sessions.move(october, COUNTY, to=taken, asked_by="panel", now=now, by="clerk")

    sessions.accept_offer(october, POLICE, now=now, by="clerk")

    assert told == [
        (
            f"{POLICE}, Constabulary: it asked for another time than Tuesday 10 November 2026, 11:15am (it named "
            "Tuesday 10 November 2026, 2pm); offer it a free one, or its own to agencies that may be willing."
        )
    ]
    assert (kept, starts(october, POLICE)) == (["10 11:15"], ["10 14:00"])
    after = session(october, POLICE)
    assert (after.asks, after.asked_at, after.offered_at, deadline(october, POLICE)) == (
        1, None, None, date(2026, 10, 20)
    )  # fmt: skip
    assert letters(october, "time_offered") == [(POLICE, "police@police.example")]
    sessions.move(october, COUNTY, to=at("2026-11-10 11:15"), asked_by="panel", now=now, by="clerk")
    assert whole(october, now)


def test_case_22_willing_agencies_are_asked_to_change_places_and_the_first_that_agrees_does(
    october: UnitOfWork,
) -> None:
    sessions.ask(october, POLICE, reason="On leave", now=OCTOBER, by="clerk")
    for ref in (COUNTY, STROUD):
        sessions.offer_exchange(october, ref, wanted_by=POLICE, now=OCTOBER, by="clerk")
    before = starts(october, POLICE, COUNTY, STROUD)

    moved = sessions.accept_offer(october, STROUD, now=OCTOBER, by="clerk")

    assert before == ["10 11:15", "10 09:00", "10 09:30"]
    assert starts(october, POLICE, COUNTY, STROUD) == ["10 09:30", "10 09:00", "10 11:15"]
    assert [plan.facts.ref for plan in moved] == [POLICE, STROUD, COUNTY]
    assert [session(october, ref).offered_at for ref in (POLICE, COUNTY, STROUD)] == [None, None, None]
    assert (session(october, POLICE).asks, session(october, STROUD).asks) == (1, 0)
    assert history(october, COUNTY, "TIME_DECLINED")[0]["exchange_with"] == POLICE
    with pytest.raises(RefusedError, match="it has been offered none"):
        sessions.accept_offer(october, COUNTY, now=OCTOBER, by="clerk")
    assert whole(october, OCTOBER)


def test_case_22_a_time_is_offered_in_exchange_only_for_an_agency_that_asked(october: UnitOfWork) -> None:
    with pytest.raises(RefusedError, match=f"{POLICE} has not asked for another time"):
        sessions.offer_exchange(october, COUNTY, wanted_by=POLICE, now=OCTOBER, by="clerk")


def test_case_22_an_exchange_that_is_needed_no_more_cannot_be_accepted(october: UnitOfWork) -> None:
    sessions.ask(october, POLICE, now=OCTOBER, by="clerk")
    sessions.offer_exchange(october, COUNTY, wanted_by=POLICE, now=OCTOBER, by="clerk")
    sessions.move(october, POLICE, to=at("2026-11-10 14:00"), asked_by="agency", now=OCTOBER, by="clerk")

    with pytest.raises(RefusedError, match="it has been offered none"):
        sessions.accept_offer(october, COUNTY, now=OCTOBER, by="clerk")

    assert (session(october, COUNTY).offered_at, starts(october, COUNTY)) == (None, ["10 09:00"])
    assert states(october, "time_offered") == ["SUPERSEDED"]
    assert whole(october, OCTOBER)


def test_case_22_an_exchange_with_an_agency_that_is_not_to_be_seen_is_offered_no_more(october: UnitOfWork) -> None:
    sessions.ask(october, POLICE, now=OCTOBER, by="clerk")
    sessions.offer_exchange(october, COUNTY, wanted_by=POLICE, now=OCTOBER, by="clerk")

    sessions.cancel(october, POLICE, reason="They cannot come", now=OCTOBER, by="clerk")

    assert (session(october, COUNTY).offered_at, states(october, "time_offered")) == (None, ["SUPERSEDED"])
    assert whole(october, OCTOBER)


def test_a_day_in_reserve_is_called_in_only_once_the_time_offered_there_is_accepted(october: UnitOfWork) -> None:
    cut_off = facts(october, POLICE).dates.cut_off
    add_day(october, NEXT_TUESDAY, reserve=True)
    sessions.ask(october, POLICE, now=OCTOBER, by="clerk")

    def stands() -> tuple[list[str], bool]:
        return [one.state for one in orders(october)], facts(october, POLICE).dates.cut_off == cut_off

    sessions.offer(october, POLICE, to=at("2026-11-17 09:00"), now=OCTOBER, by="clerk")
    offered = stands()
    sessions.decline_offer(october, POLICE, now=OCTOBER, by="clerk")
    declined = stands()
    sessions.offer(october, POLICE, to=at("2026-11-17 09:30"), now=OCTOBER, by="clerk")
    sessions.accept_offer(october, POLICE, now=OCTOBER, by="clerk")

    assert (offered, declined) == ((["SITTING", "RESERVE"], True), (["SITTING", "RESERVE"], True))
    assert (stands(), starts(october, POLICE)) == ((["SITTING", "SITTING"], False), ["17 09:30"])
    assert whole(october, OCTOBER)


def test_case_22_a_declined_time_is_free_again_and_the_request_stays_a_task(october: UnitOfWork) -> None:
    sessions.ask(october, POLICE, now=OCTOBER, by="clerk")
    sessions.offer(october, POLICE, to=at("2026-11-10 14:00"), now=OCTOBER, by="clerk")
    sessions.decline_offer(october, POLICE, reason="Still on leave", now=OCTOBER, by="clerk")

    sessions.move(october, COUNTY, to=at("2026-11-10 14:00"), asked_by="panel", now=OCTOBER, by="clerk")

    assert session(october, POLICE).asked_at == OCTOBER
    assert starts(october, POLICE, COUNTY) == ["10 11:15", "10 14:00"]


def test_case_22_one_request_is_free_and_a_further_one_needs_the_business_manager(october: UnitOfWork) -> None:
    sessions.move(october, POLICE, to=at("2026-11-10 14:00"), asked_by="agency", now=OCTOBER, by="clerk")

    with pytest.raises(RefusedError) as refused:
        sessions.ask(october, POLICE, now=OCTOBER, by="clerk")
    sessions.ask(october, POLICE, now=OCTOBER, by="clerk", allowed=True)

    assert str(refused.value) == (
        f"Cannot ask for another time for {POLICE}: it has asked for another time once; the Business Manager must "
        "agree to a further request."
    )
    assert session(october, POLICE).asks == 2


def test_case_25_an_agency_that_was_absent_is_given_a_further_session(october: UnitOfWork) -> None:
    add_day(october, NEXT_TUESDAY)
    run_to(october, AFTER, start=OCTOBER)
    sessions.record(october, POLICE, "absent", now=AFTER, by="clerk")

    sessions.offer(october, POLICE, to=at("2026-11-17 09:00"), now=AFTER, by="clerk")

    assert (session(october, POLICE).number, session(october, POLICE).state) == (2, SessionState.PENCILLED)
    assert whole(october, AFTER)


# --- case 27: others come than were named ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("came", "told"),
    [
        (("A colleague, practice lead", "deputy@county.example"), [(COUNTY, "director@county.example")]),
        (("A colleague", "anna lead"), []),
        (("Head of Safeguarding",), []),
        ((), []),
    ],
)
def test_case_27_the_senior_leader_is_told_if_nobody_came_who_is_named(
    october: UnitOfWork, came: tuple[str, ...], told: list[tuple[str, str]]
) -> None:
    run_to(october, AFTER, start=OCTOBER)

    sessions.record(october, COUNTY, "attended", came=came, now=AFTER, by="clerk")

    assert session(october, COUNTY).came == came
    assert letters(october, "deputy_attended") == told
    assert whole(october, AFTER)


# --- case 28: interests ----------------------------------------------------------------------------------------------


def test_case_28_a_member_s_own_agency_is_suggested_and_shown_in_the_order_with_the_quorum(
    october: UnitOfWork,
) -> None:
    (day,) = orders(october)

    text = order.as_text([day])

    assert (
        "1. 9am to 9:30am: County Council (GSCP-2026-01).\n"
        "   Report: none received. Reply to the invitation: no reply.\n"
        "   Chair of the Management Group leaves (belongs to the agency). 4 of 5 members remain, and the quorum of 3 "
        "is kept.\n"
        "\n"
        "2. 9:30am to 10am: Stroud District Council (GSCP-2026-02).\n"
        "   Report: none received. Reply to the invitation: no reply.\n"
    ) in text
    assert "11am to 11:15am: break.\n" in text


def test_case_28_an_interest_that_is_declared_is_a_break_for_the_member_and_may_be_withdrawn(
    october: UnitOfWork,
) -> None:
    sessions.declare_interest(october, POLICE, LAY.lower(), reason="A relative works there", now=OCTOBER, by="clerk")
    (hers,) = orders(october, member=LAY)
    run_to(october, at("2026-10-27 12:00"), start=OCTOBER)
    packs = _packs(october)
    sessions.withdraw_interest(october, POLICE, LAY, reason="Retired", now=at("2026-10-28 09:00"), by="clerk")

    assert "5. 11:15am to 11:45am: break for you. You take no part in this item.\n" in order.as_text([hers])
    assert "Constabulary" not in order.as_text([hers])
    own = {title: item for title, pack in packs.items() for item in pack if item["agency"] == "Constabulary"}
    assert {title for title, item in own.items() if item["is_own"]} == {LAY}
    assert {value for name, value in own[LAY].items() if name not in ("agency", "starts", "is_own")} == {""}
    assert own[MANAGER]["panel"] == (
        "Lay Member leaves (declared an interest). 4 of 5 members remain, and the quorum of 3 is kept."
    )
    assert facts(october, POLICE).interests == ()
    assert [history(october, POLICE, event) for event in ("INTEREST_DECLARED", "INTEREST_WITHDRAWN")] == [
        [{"member": LAY}], [{"member": LAY}]
    ]  # fmt: skip
    assert whole(october, at("2026-10-28 09:00"))


def test_case_28_an_interest_declared_once_the_pack_has_left_sends_it_again_without_that_item(
    october: UnitOfWork,
) -> None:
    run_to(october, at("2026-10-28 12:00"), start=OCTOBER)
    first = len(letters(october, "panel_pack"))
    sessions.declare_interest(october, POLICE, LAY, reason="x", now=at("2026-10-28 12:00"), by="clerk")

    run_to(october, at("2026-10-29 09:05"), start=at("2026-10-28 12:00"))

    assert (first, len(letters(october, "panel_pack"))) == (5, 10)
    (hers,) = [item for item in _packs(october)[LAY] if item["agency"] == "Constabulary"]
    assert (hers["is_own"], hers["report"]) == (True, "")
    assert whole(october, at("2026-10-29 09:05"))


def _packs(uow: UnitOfWork) -> dict[str, list[dict[str, Any]]]:
    """What each member's pack holds, by the member."""
    table = queries.message
    with uow.read() as connection:
        contexts = connection.scalars(
            table.select().with_only_columns(table.c.context).where(table.c.kind == "panel_pack").order_by(table.c.id)
        ).all()
    found = [json.loads(context) for context in contexts]
    return {each["reader"]["greeting"].removeprefix("Dear "): each["items_in_order"] for each in found}


def test_case_28_too_few_for_a_quorum_is_said_in_the_order_and_is_a_task(october: UnitOfWork) -> None:
    for member in (LAY, DEVELOPMENT):
        sessions.declare_interest(october, COUNTY, member, reason="Worked there", now=OCTOBER, by="clerk")

    sentence = sessions.quorum_of(october, COUNTY)

    assert sentence == (
        "Chair of the Management Group leaves (belongs to the agency); Lay Member leaves (declared an interest); "
        "Practice Development Manager leaves (declared an interest). 2 of 5 members remain, which is not quorate: "
        "the quorum is 3. Consider it on paper with members who may judge it, or have the definition name more "
        "members."
    )
    assert sentence in order.as_text(orders(october))
    assert tasks(october, at("2026-10-06 08:00")) == [f"{COUNTY}, County Council: {sentence}"]


def test_case_28_when_the_lead_leaves_the_next_member_takes_the_chair(october: UnitOfWork) -> None:
    sessions.declare_interest(october, POLICE, SCRUTINEER, reason="Advises it", now=OCTOBER, by="clerk")

    assert sessions.quorum_of(october, POLICE).endswith("Chair of the Management Group takes the chair.")


@pytest.mark.parametrize(
    ("ref", "member", "reason", "why"),
    [
        (COUNTY, CHAIR_OF_GROUP, "x", "takes no part in it already: belongs to the agency"),
        (COUNTY, "Treasurer", "x", 'no member of the panel is called "Treasurer"; there are Independent Scrutineer'),
        (POLICE, LAY, " ", "give the reason"),
    ],
)
def test_case_28_an_interest_that_says_nothing_is_refused(
    october: UnitOfWork, ref: str, member: str, reason: str, why: str
) -> None:
    with pytest.raises(RefusedError, match=why):
        sessions.declare_interest(october, ref, member, reason=reason, now=OCTOBER, by="clerk")


def test_case_28_whose_own_agency_it_is_cannot_withdraw(october: UnitOfWork) -> None:
    with pytest.raises(RefusedError, match="belongs to the agency, as the cycle's definition has it"):
        sessions.withdraw_interest(october, COUNTY, CHAIR_OF_GROUP, reason="x", now=OCTOBER, by="clerk")


def test_case_28_a_chair_who_declares_an_interest_leaves_what_was_reported_to_the_alternate(
    october: UnitOfWork,
) -> None:
    reported_at = at("2026-10-22 12:00")
    run_to(october, reported_at, start=OCTOBER)
    sessions.declare_interest(october, STROUD, "Executive Chair", reason="x", now=reported_at, by="clerk")
    cases.act(october, STROUD, acts.FollowUp("Please send it."), by="alternate", now=reported_at)

    chair, alternate = "executive-chair@police.example", "executive-partner@nhs.example"
    told = [to for ref, to in letters(october, "escalation") if ref == STROUD]
    leave = f"select to_address from message where case_ref = '{STROUD}' and kind = 'escalation' and status = 'QUEUED'"
    wrote = [to for ref, to in letters(october, "chair_letter") if ref == STROUD]
    assert told == [chair, alternate]
    assert queries_of(october, leave) == [(alternate,)]  # what waited for the Chair does not leave any more
    assert wrote == ["chief@district.example", alternate]
    assert whole(october, reported_at)


# --- case 30: the Scrutineer is absent -------------------------------------------------------------------------------


@pytest.fixture
def seen(october: UnitOfWork) -> UnitOfWork:
    """The panel has seen the police and the county."""
    run_to(october, AFTER, start=OCTOBER)
    for ref in (POLICE, COUNTY):
        sessions.record(october, ref, "attended", now=AFTER, by="clerk")
    return october


@pytest.mark.on_both
def test_case_30_a_deputy_author_is_named_and_the_version_shows_it(seen: UnitOfWork) -> None:
    usual = assessments.assess(seen, POLICE, judgement(), now=AFTER, by="clerk")
    deputy = assessments.assess(
        seen, POLICE, judgement(), now=AFTER, by="clerk", author="lay member", rated_by=[MANAGER, LAY]
    )
    agreed = assessments.agree(seen, POLICE, now=AFTER, by="clerk", early="it has no corrections")

    assert (usual.author, usual.deputy_author, usual.rated_by) == (SCRUTINEER, False, ())
    assert (deputy.version, deputy.author, deputy.deputy_author, deputy.rated_by) == (2, LAY, True, (MANAGER, LAY))
    assert (agreed.author, agreed.deputy_author, agreed.rated_by) == (LAY, True, (MANAGER, LAY))
    assert history(seen, POLICE, "ASSESS")[1]["author"] == LAY
    assert whole(seen, AFTER)


def test_case_30_the_report_names_the_deputy_who_wrote_it_and_the_judgements_a_deputy_wrote(seen: UnitOfWork) -> None:
    assessments.assess(seen, POLICE, judgement(), now=AFTER, by="clerk", author=LAY)
    sessions.declare_interest(seen, POLICE, DEVELOPMENT, reason="x", now=AFTER, by="clerk")

    usual = assurance_report(seen, partnership=CODE, year=YEAR, now=AFTER)
    deputy = assurance_report(seen, partnership=CODE, year=YEAR, now=AFTER, author=LAY)

    assert usual.build.author == SCRUTINEER
    assert deputy.build.author == "Lay Member, deputy for the Independent Scrutineer"
    assert [(one.agency.code, one.author, one.rated_by) for one in usual.method.stand_ins] == [("11", LAY, ())]
    assert [(one.title, [each.code for each in one.declared]) for one in usual.method.panel if one.declared] == [
        (DEVELOPMENT, ["11"])
    ]


@pytest.mark.parametrize(
    ("ref", "author", "rated_by", "why"),
    [
        (POLICE, MANAGER, (), "ratings by the Business Manager alone are no judgement of the panel"),
        (POLICE, "", (MANAGER,), "ratings by the Business Manager alone are no judgement of the panel"),
        (POLICE, LAY, (MANAGER, "business manager"), "ratings by the Business Manager alone"),
        (POLICE, "Treasurer", (), 'no member of the panel is called "Treasurer"'),
        (COUNTY, CHAIR_OF_GROUP, (LAY,), "the Chair of the Management Group belongs to the agency and does not rate"),
    ],
)
def test_case_30_who_may_not_rate_alone_or_at_all_is_refused(
    seen: UnitOfWork, ref: str, author: str, rated_by: tuple[str, ...], why: str
) -> None:
    with pytest.raises(RefusedError, match=why):
        assessments.assess(seen, ref, judgement(), now=AFTER, by="clerk", author=author, rated_by=rated_by)


# --- the running order -----------------------------------------------------------------------------------------------


def test_after_the_day_the_order_says_what_happened_and_who_came(seen: UnitOfWork) -> None:
    sessions.record(seen, STROUD, "in-part", minutes=10, came=["a@district.example"], now=AFTER, by="clerk")

    text = order.as_text(orders(seen, day=PANEL))

    assert (
        "2. 9:30am to 10am: Stroud District Council (GSCP-2026-02).\n"
        "   What happened: attended in part, 10 minutes.\n"
        "   Who came: a@district.example.\n"
    ) in text


def test_the_order_as_a_calendar_is_read_by_a_calendar_and_invites_nobody(october: UnitOfWork) -> None:
    sessions.declare_interest(october, POLICE, LAY, reason="x", now=OCTOBER, by="clerk")
    found = orders(october, member=LAY)

    file = order.as_calendar(found)

    calendar = Calendar.from_ical(file)
    events = calendar.walk("VEVENT")
    assert "METHOD" not in calendar
    assert [(event.decoded("DTSTART").time(), str(event["SUMMARY"])) for event in events] == [
        (time(9), "Section 11 panel: County Council (GSCP-2026-01)"),
        (time(9, 30), "Section 11 panel: Stroud District Council (GSCP-2026-02)"),
        (time(10), "Section 11 panel: Youth Services (GSCP-2026-02A)"),
        (time(10, 30), "Section 11 panel: Leisure Trust (GSCP-2026-05)"),
        (time(11), "Break"),
        (time(11, 15), "Section 11 panel: break for you"),
    ]
    assert all("ATTENDEE" not in event and "ORGANIZER" not in event for event in events)
    assert session(october, POLICE).uid not in {str(event["UID"]) for event in events}
    assert file == order.as_calendar(orders(october, member=LAY))


def test_the_order_as_values(october: UnitOfWork) -> None:
    (day,) = orders(october)

    found = day.as_json()

    assert {**found, "items": len(found["items"])} == {
        "cycle": "GSCP-2026",
        "on": "2026-11-10",
        "state": "SITTING",
        "place": "The panel room, or by video link",
        "members": [SCRUTINEER, CHAIR_OF_GROUP, LAY, MANAGER, DEVELOPMENT],
        "quorum": 3,
        "member": None,
        "items": 6,
    }
    assert found["items"][0]["leaves"] == [{"title": CHAIR_OF_GROUP, "why": "belongs to the agency"}]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"day": NEXT_TUESDAY}, "Tuesday 17 November 2026 is no panel day of GSCP-2026; there are Tuesday 10 November"),
        ({"member": "Executive Chair"}, 'No member of the panel is called "Executive Chair"; there are Independent'),
    ],
)
def test_an_order_of_what_is_not_there_is_refused(october: UnitOfWork, asked: dict[str, Any], why: str) -> None:
    with pytest.raises(UnknownError, match=why):
        orders(october, **asked)


def test_a_refusal_changes_nothing(october: UnitOfWork) -> None:
    heads = "select ref, seq, head from subject order by id"
    with october.read() as connection:
        before = connection.exec_driver_sql(heads).all()
    deeds = (
        lambda: sessions.swap(october, COUNTY, COUNTY, asked_by="panel", now=OCTOBER, by="clerk"),
        lambda: sessions.accept_offer(october, COUNTY, now=OCTOBER, by="clerk"),
        lambda: sessions.decline_offer(october, COUNTY, now=OCTOBER, by="clerk"),
        lambda: sessions.offer(october, COUNTY, to=at("2026-11-10 11:00"), now=OCTOBER, by="clerk"),
        lambda: cases.act(october, COUNTY, acts.WithdrawInterest(LAY, "x"), by="clerk", now=OCTOBER),
    )
    for deed in deeds:
        with pytest.raises(S11Error):
            deed()

    with october.read() as connection:
        assert connection.exec_driver_sql(heads).all() == before
