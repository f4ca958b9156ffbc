"""The panel's members have each day in their diaries once, as it will be held."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from calendars.invitation import Invitation
from calendars.reply import Attendee, Reply
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain.replies import Outcome, Why
from s11flow.letters.compose import calendar_of
from s11flow.services import panel_days, replies, sessions
from s11flow.services.verify import verify
from tests.services.scene import CODE, YEAR, at, opened, run_to

STROUD = "GSCP-2026-02"
PACKED = at("2026-10-27 12:00")


@pytest.fixture
def year(uow: UnitOfWork) -> UnitOfWork:
    """The cycle of 2026 on the day the pack left."""
    opened(uow)
    run_to(uow, PACKED)
    return uow


def told(uow: UnitOfWork, kind: str = "panel_pack", to: str = "panel-1") -> list[tuple[str, Invitation]]:
    """The diary entries of one member, with how the letter stands, in the order they were owed."""
    table = queries.message
    statement = select(table).where(table.c.kind == kind, table.c.recipient == to).order_by(table.c.id)
    with uow.read() as connection:
        rows = connection.execute(statement).all()
    found = [(row.status, calendar_of(row.kind, row.context)) for row in rows]
    return [(status, meeting) for status, meeting in found if meeting is not None]


def day_row(uow: UnitOfWork) -> Any:
    with uow.read() as connection:
        return connection.execute(select(queries.panel_day)).one()


def answer(uow: UnitOfWork, who: str, partstat: str = "ACCEPTED", **others: Any) -> Reply:
    said = {"sequence": day_row(uow).revision, "stamped_at": PACKED} | others
    return Reply(others.pop("method", "REPLY"), day_row(uow).uid, (Attendee(who, partstat=partstat),), **said)


def test_each_member_has_the_day_once_with_its_running_order(year: UnitOfWork) -> None:
    ((_, meeting),) = told(year)
    statement = select(queries.message.c.to_address).where(queries.message.c.kind == "panel_pack")
    with year.read() as connection:
        members = list(connection.scalars(statement))

    assert len(members) == len(set(members)) > 1
    assert (meeting.sequence, meeting.starts_at.date(), meeting.reply_wanted) == (0, date(2026, 11, 10), True)
    assert meeting.uid == day_row(year).uid
    lines = meeting.description.splitlines()
    assert lines[0] == "Running order:"
    assert [line.partition(": ")[2] for line in lines[1:3]] == ["Youth Services", "Stroud District Council"]


def test_another_running_order_is_told_the_next_working_day_once_whatever_changed(year: UnitOfWork) -> None:
    for hour in ("14:00", "15:00"):
        sessions.move(year, STROUD, to=at(f"2026-11-10 {hour}"), asked_by="panel", now=PACKED, by="clerk")
    run_to(year, PACKED + timedelta(hours=3), start=PACKED)
    assert len(told(year)) == 1

    run_to(year, at("2026-10-29 12:00"), start=PACKED)

    (_, first), (_, second) = told(year)
    assert (second.uid, second.sequence, second.dtstamp > first.dtstamp) == (first.uid, 1, True)
    assert "3pm: Stroud District Council" in second.description
    assert verify(year, now=at("2026-10-29 12:00")).broken == ()


def test_what_comes_back_to_where_it_was_is_not_told(year: UnitOfWork) -> None:
    with year.read() as connection:
        case = queries.subject_by_ref(connection, STROUD)
        was = queries.sessions(connection, [case.id])[case.id][-1].starts_at
    sessions.move(year, STROUD, to=at("2026-11-10 14:00"), asked_by="panel", now=PACKED, by="clerk")
    sessions.move(year, STROUD, to=was, asked_by="panel", now=PACKED, by="clerk")

    run_to(year, at("2026-10-29 12:00"), start=PACKED)

    assert len(told(year)) == 1


def test_a_day_that_is_stood_down_leaves_the_diaries(year: UnitOfWork) -> None:
    now = at("2026-10-30 10:00")
    panel_days.stand_down_day(
        year, partnership=CODE, year=YEAR, day=date(2026, 11, 10), reason="snow", now=now, by="clerk"
    )
    run_to(year, now + timedelta(minutes=1), start=now)

    ((_, meeting),) = told(year, "panel_day_cancelled")
    assert (meeting.uid, meeting.sequence, meeting.reply_wanted) == (day_row(year).uid, 1, True)
    assert verify(year, now=now).broken == ()
    assert (
        replies.receive(
            year, answer(year, meeting.attendee.email), from_address="x@y.example", received_at=now, now=now, by="post"
        ).verdict.why
        == Why.CANCELLED
    )


def test_a_member_who_has_answered_is_not_asked_again_by_another_running_order(year: UnitOfWork) -> None:
    member = told(year)[0][1].attendee.email
    settled = receive(year, answer(year, member.upper()))
    sessions.move(year, STROUD, to=at("2026-11-10 15:00"), asked_by="panel", now=PACKED, by="clerk")
    run_to(year, at("2026-10-29 12:00"), start=PACKED)

    (_, first), (_, second) = told(year)
    (_, others) = told(year, to="panel-2")[-1]
    assert settled.verdict.outcome == Outcome.APPLIED
    assert [(each.partstat, each.reply_wanted) for each in (first, second, others)] == [
        ("NEEDS-ACTION", True),
        ("ACCEPTED", False),
        ("NEEDS-ACTION", True),
    ]
    assert [row[:2] for row in json.loads(day_row(year).answers)] == [[member, "accepted"]]
    assert verify(year, now=at("2026-10-29 12:00")).broken == ()


@pytest.mark.on_both
def test_a_member_s_wish_for_another_time_waits_for_a_person(year: UnitOfWork) -> None:
    member = told(year)[0][1].attendee.email
    wish = Reply(
        "COUNTER", day_row(year).uid, (Attendee(member, partstat="TENTATIVE"),), 0, PACKED,
        starts_at=at("2026-11-11 09:00"),
    )  # fmt: skip

    assert receive(year, wish).verdict.why == Why.OF_THE_PANEL


def test_a_stranger_s_answer_to_the_panel_s_day_waits_until_the_address_is_remembered(year: UnitOfWork) -> None:
    member = told(year)[0][1].attendee.email
    strange = answer(year, "home@elsewhere.example")
    first = receive(year, strange)

    replies.remember(year, "home@elsewhere.example", member, partnership=CODE, now=PACKED, by="clerk")

    assert (first.verdict.why, receive(year, strange).verdict.attendee) == (Why.UNKNOWN_ATTENDEE, member)


def receive(uow: UnitOfWork, reply: Reply, now: datetime = PACKED) -> replies.Settled:
    sender = reply.attendees[0].address
    return replies.receive(uow, reply, from_address=sender, received_at=now, now=now, by="post")
