"""When other people are to come for an agency, the session leaves the diaries of the one and enters those of others."""

from datetime import datetime

import pytest
from sqlalchemy import select

from calendars.invitation import Invitation
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.letters.compose import calendar_of
from s11flow.services import agencies, sessions
from s11flow.services.contacts import Person, hand_over
from s11flow.services.outbox import show
from s11flow.services.verify import verify
from tests.services.post import Server, delivered
from tests.services.scene import CODE, INVITED, at, invited, opened, run_to

STROUD = "GSCP-2026-02"
HEADER = "code,name,category,status,contact_email,attendee_emails"


@pytest.fixture
def year(uow: UnitOfWork) -> UnitOfWork:
    """The cycle of 2026 on the day after the invitations left; Stroud invites a@ and b@."""
    return invited(uow)


def names(uow: UnitOfWork, attendees: str, now: datetime = INVITED) -> None:
    row = f"02,Stroud District Council,district council,active,stroud@district.example,{attendees}"
    agencies.import_register(uow, f"{HEADER}\n{row}\n", partnership=CODE, now=now, by="clerk")


def deliver_all(uow: UnitOfWork) -> None:
    delivered(uow, Server(), INVITED)


def told(uow: UnitOfWork, case: str = STROUD) -> list[tuple[str, str, Invitation]]:
    table = queries.message
    kinds = ("panel_invitation", "panel_invitation_cancelled")
    statement = select(table).where(table.c.case_ref == case, table.c.kind.in_(kinds)).order_by(table.c.id)
    with uow.read() as connection:
        rows = connection.execute(statement).all()
    found = [(row.kind, row.to_address, calendar_of(row.kind, row.context)) for row in rows]
    return [(kind, to, meeting) for kind, to, meeting in found if meeting is not None]


def test_only_who_is_gone_and_who_is_new_hear_of_it(year: UnitOfWork) -> None:
    before = told(year)

    names(year, "a@district.example;c@district.example")

    after = told(year)[len(before) :]
    assert [(kind, to, meeting.sequence, meeting.uid) for kind, to, meeting in after] == [
        ("panel_invitation_cancelled", "b@district.example", 1, before[0][2].uid),
        ("panel_invitation", "c@district.example", 0, before[0][2].uid),
    ]
    assert all(meeting.dtstamp > before[0][2].dtstamp for _, _, meeting in after)
    assert verify(year, now=INVITED).broken == ()


@pytest.mark.on_both
def test_who_is_gone_reads_that_the_session_is_held_all_the_same(year: UnitOfWork) -> None:
    names(year, "a@district.example")

    with year.read() as connection:
        table = queries.message
        letter = connection.scalar(select(table.c.id).where(table.c.kind == "panel_invitation_cancelled"))
        assert letter is not None
        text = show(connection, letter)["text"]
    assert "The session is held all the same." in text
    assert "is cancelled" not in text


@pytest.mark.on_both
def test_the_same_names_in_other_capitals_change_no_diary(year: UnitOfWork) -> None:
    before = told(year)

    names(year, "B@district.example;a@district.example")

    assert told(year) == before


def test_a_new_contact_is_invited_where_the_contact_is_who_comes(year: UnitOfWork) -> None:
    deliver_all(year)
    to = Person(email="new@agency.example", name="Sam New", role="Manager")

    hand_over(year, partnership=CODE, code="01", to=to, now=INVITED, by="clerk")

    assert [(kind, who) for kind, who, _ in told(year, "GSCP-2026-01")] == [
        ("panel_invitation", "youth@agency.example"),
        ("panel_invitation_cancelled", "youth@agency.example"),
        ("panel_invitation", "new@agency.example"),
    ]
    assert verify(year, now=INVITED).broken == ()


def test_before_anybody_was_invited_and_once_it_is_cancelled_the_register_alone_changes(uow: UnitOfWork) -> None:
    opened(uow)
    run_to(uow, at("2026-09-30 12:00"))
    names(uow, "c@district.example", now=at("2026-09-30 12:00"))
    run_to(uow, INVITED, start=at("2026-09-30 12:00"))
    sessions.cancel(uow, STROUD, reason="they cannot come", now=INVITED, by="clerk")
    before = told(uow)

    names(uow, "d@district.example")

    assert [to for _, to, _ in before] == ["c@district.example"] * 2
    assert told(uow) == before
