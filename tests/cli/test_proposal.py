"""Times that attendees propose from their calendars are listed and decided on at the command line."""

from datetime import UTC, datetime

import pytest

from calendars.reply import Attendee, Reply
from db import queries
from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from s11flow.services import replies
from tests.cli.test_case import asked, asked_folder
from tests.cli.typed import Cli

__all__ = ["asked", "asked_folder"]

NOW = "2026-10-05"


@pytest.fixture
def proposed(asked: Cli) -> Cli:
    """Stroud was invited, and its contact proposes the afternoon."""
    asked("tick", "--now", "2026-10-02")
    uow = UnitOfWork(open_engine(f"sqlite:///{asked.folder / 's11flow.db'}"))
    with uow.read() as connection:
        case = queries.subject_by_ref(connection, "GSCP-2026-05A")
        session = queries.sessions(connection, [case.id])[case.id][-1]
    invited = asked.json("agencies", "show", "05A")
    attendee = [*invited["attendee_emails"], invited["contact_email"]][0]
    said = Reply(
        "COUNTER", session.uid, (Attendee(attendee, partstat="TENTATIVE"),), 0, datetime(2026, 10, 5, 8, tzinfo=UTC),
        starts_at=datetime(2026, 11, 12, 14, tzinfo=UTC), comment="Could it be Thursday?",
    )  # fmt: skip
    at = datetime(2026, 10, 5, 8, tzinfo=UTC)
    replies.receive(uow, said, from_address=attendee, received_at=at, now=at, by="post")
    return asked


def test_a_proposal_is_listed_and_accepted(proposed: Cli) -> None:
    (waiting,) = proposed.json("panel", "proposal", "list")

    done = proposed.json("panel", "proposal", "accept", "05A", "--now", NOW)

    assert (waiting["case"], waiting["number"], waiting["proposes"], waiting["comment"]) == (
        *("GSCP-2026-05A", 1, "2026-11-12T14:00:00+00:00", "Could it be Thursday?"),
    )
    assert "MOVE" in [event["event"] for event in done["events"]]
    assert proposed.json("panel", "proposal", "list") == []
    assert proposed.json("case", "show", "05A")["session"]["revision"] == 1


def test_a_proposal_is_refused_with_a_reason_and_only_tried_with_dry_run(proposed: Cli) -> None:
    words = ("panel", "proposal", "refuse", "05A", "--now", NOW)
    without = proposed(*words)
    tried = proposed(*words, "--reason", "Not quorate", "--dry-run")
    assert (without.code, tried.code) == (1, 0)
    assert "Cannot decide on a proposal for GSCP-2026-05A: give a reason" in without.err
    assert len(proposed.json("panel", "proposal", "list")) == 1

    proposed("panel", "proposal", "refuse", "05A", "--reason", "Not quorate", "--now", NOW)

    said = proposed("panel", "proposal", "list")
    assert (said.code, said.err.strip()) == (0, "No other time is proposed.")


def test_an_address_is_remembered_as_somebodys(proposed: Cli) -> None:
    invited = proposed.json("agencies", "show", "05A")
    attendee = [*invited["attendee_emails"], invited["contact_email"]][0]

    done = proposed.json("panel", "alias", "Home@elsewhere.example", attendee)
    refused = proposed("panel", "alias", "home@elsewhere.example", "nobody@elsewhere.example")

    assert done == {"address": "home@elsewhere.example", "attendee": attendee.casefold()}
    assert (refused.code, "Nobody is invited under nobody@elsewhere.example" in refused.err) == (1, True)
