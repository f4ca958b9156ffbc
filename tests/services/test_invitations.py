"""One session, one entry in a diary: what its invitations, changes and cancellations are to each other."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from calendars.invitation import Invitation
from calendars.reply import CalendarPart
from db import queries
from db.unit_of_work import UnitOfWork
from notifications.policy import Allowed
from s11flow.letters.compose import calendar_of
from s11flow.letters.templates import shipped_templates
from s11flow.services import panel_days, sessions
from s11flow.services.envelope import envelope
from tests.calendars.samples import parts_of
from tests.services.post import Server, delivered
from tests.services.scene import CODE, INVITED, YEAR, at, invited, run_to

STROUD, YOUTH = "GSCP-2026-02", "GSCP-2026-01"


@pytest.fixture
def year(uow: UnitOfWork) -> UnitOfWork:
    """The cycle of 2026 on the day after the invitations were owed; none has left."""
    return invited(uow)


def letters(uow: UnitOfWork, case: str = STROUD, to: str = "a@district.example") -> list[Any]:
    table = queries.message
    own = (table.c.case_ref == case) & (table.c.to_address == to) & table.c.kind.startswith("panel_invitation")
    with uow.read() as connection:
        return list(connection.execute(select(table).where(own).order_by(table.c.id)))


def meetings(uow: UnitOfWork, **of: str) -> list[tuple[str, str, Invitation]]:
    found = [(row.kind, row.status, calendar_of(row.kind, row.context)) for row in letters(uow, **of)]
    return [(kind, status, meeting) for kind, status, meeting in found if meeting is not None]


def test_an_older_revision_that_still_waits_is_stopped_when_the_session_moves(year: UnitOfWork) -> None:
    sessions.move(year, STROUD, to=at("2026-11-10 14:00"), asked_by="panel", now=INVITED, by="clerk")

    (_, first, before), (kind, second, after) = meetings(year)
    assert (first, kind, second) == ("SUPERSEDED", "panel_invitation_changed", "QUEUED")
    assert (before.uid, before.sequence, after.sequence) == (after.uid, 0, 1)
    assert after.dtstamp > before.dtstamp


def test_only_the_newest_revision_leaves(year: UnitOfWork) -> None:
    for hour in ("14:00", "15:00"):
        sessions.move(year, STROUD, to=at(f"2026-11-10 {hour}"), asked_by="panel", now=INVITED, by="clerk")
    server = Server()
    delivered(year, server, INVITED)

    sent = [
        mail.raw for mail in server.taken if mail.recipient == "a@district.example" and b"text/calendar" in mail.raw
    ]
    (file,) = [parts_of(raw)[0].content for raw in sent]
    assert b"SEQUENCE:2\r\n" in file
    assert b"DTSTART;TZID=Europe/London:20261110T150000\r\n" in file


def test_a_slot_given_to_another_agency_is_a_cancellation_and_an_entry_of_its_own(year: UnitOfWork) -> None:
    ((_, _, theirs),) = meetings(year)
    sessions.cancel(year, STROUD, reason="they cannot come", now=INVITED, by="clerk")
    sessions.move(year, YOUTH, to=theirs.starts_at, asked_by="panel", now=INVITED, by="clerk")

    (kind, _, cancelled) = meetings(year)[-1]
    (_, _, given) = meetings(year, case=YOUTH, to="youth@agency.example")[-1]
    assert (kind, cancelled.uid, cancelled.sequence) == ("panel_invitation_cancelled", theirs.uid, 1)
    assert (given.starts_at, given.uid == theirs.uid) == (theirs.starts_at, False)


def test_an_agency_that_is_seen_after_all_has_another_entry(year: UnitOfWork) -> None:
    ((_, _, first),) = meetings(year)
    sessions.cancel(year, STROUD, reason="they cannot come", now=INVITED, by="clerk")
    panel_days.plan_sessions(year, partnership=CODE, year=YEAR, now=INVITED, by="clerk")
    run_to(year, INVITED + timedelta(days=1), start=INVITED)

    (kind, _, again) = meetings(year)[-1]
    assert (kind, again.sequence, again.uid != first.uid) == ("panel_invitation", 0, True)


def test_the_same_revision_to_the_same_person_is_the_same_entry_whenever_it_is_written(year: UnitOfWork) -> None:
    (row,) = letters(year)
    unwritten = SimpleNamespace(**{**row._mapping, "raw": None})

    def written(days: int) -> list[CalendarPart]:
        now = INVITED + timedelta(days=days)
        raw = envelope(unwritten, Allowed(row.to_address), shipped_templates(), now).raw
        return parts_of(raw)

    assert written(0) == written(3)
    assert len(written(0)) == 1  # the part and the attached file are the same bytes


def test_a_letter_that_is_sent_again_is_the_same_mail_to_the_byte(year: UnitOfWork) -> None:
    (row,) = letters(year)
    first = envelope(row, Allowed(row.to_address), shipped_templates(), INVITED)
    kept = SimpleNamespace(**{**row._mapping, "raw": first.raw})

    again = envelope(kept, Allowed(row.to_address), shipped_templates(), INVITED + timedelta(days=3))

    assert again == first
