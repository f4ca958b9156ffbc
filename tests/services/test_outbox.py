"""The outbox as staff see it, and what they may do to a letter: its lifecycle, in sentences, on the record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from db.unit_of_work import UnitOfWork
from notifications.outcome import Outcome
from s11flow.domain.errors import RefusedError, S11Error, UnknownError, WrongInputError
from s11flow.services import outbox
from s11flow.services.tick import tick
from s11flow.services.verify import verify
from tests.services.post import (
    LATER,
    LOST,
    REFUSED,
    REQUESTED,
    REQUESTS,
    Server,
    answering,
    delivered,
    id_of,
    requested,
    statuses,
)
from tests.services.scene import at, opened, queries_of

pytestmark = pytest.mark.on_both

CONTACT = "01/report_request@2026-07-06/contact"
COPY = "01/report_request@2026-07-06/senior_leader"
NAME = "(report request to youth@agency.example for GSCP-2026-01)"
REASON = "the wrong period stands in it"


@pytest.fixture
def asked(uow: UnitOfWork) -> UnitOfWork:
    """Six letters wait, on the morning the report is asked for."""
    return requested(opened(uow))


def listed(uow: UnitOfWork, **wanted: Any) -> list[str]:
    with uow.read() as connection:
        return [row["dedupe_key"].split("/", 2)[2] for row in outbox.list_messages(connection, **wanted)]


def shown(uow: UnitOfWork, key: str) -> dict[str, Any]:
    number = id_of(uow, key)
    with uow.read() as connection:
        return outbox.show(connection, number)


def last_line(uow: UnitOfWork) -> tuple[Any, ...]:
    (row,) = queries_of(uow, "select actor_id, event, cause, data from history order by id desc limit 1")
    return row


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_a_letter_is_listed_in_the_shape_scripts_rely_on(asked: UnitOfWork) -> None:
    delivered(asked, Server(), REQUESTED + timedelta(minutes=1))
    with asked.read() as connection:
        (row,) = [row for row in outbox.list_messages(connection) if row["dedupe_key"].endswith(CONTACT)]

    assert row == {
        "at": "2026-07-06T09:00:00+01:00",
        "kind": "report_request",
        "subject": "GSCP-2026-01",
        "case": "GSCP-2026-01",
        "agency": "01",
        "to": "youth@agency.example",
        "subject_line": row["subject_line"],
        "why": row["why"],
        "dedupe_key": f"GSCP/2026/{CONTACT}",
        "id": id_of(asked, CONTACT),
        "status": "SENT",
        "queued_at": "2026-07-06T09:00:00+01:00",
        "sent_at": "2026-07-06T09:01:00+01:00",
        "message_id": row["message_id"],
        "status_why": "The server took it (250).",
        "corrects": None,
        "corrected_by": None,
    }
    assert "GSCP-2026-01" in row["subject_line"]
    assert "July" in row["why"]


def test_a_letter_that_waits_has_neither_left_nor_an_identity(asked: UnitOfWork) -> None:
    row = shown(asked, CONTACT)

    assert (row["status"], row["sent_at"], row["message_id"], row["status_why"]) == ("QUEUED", None, None, "")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"status": "queued"}, REQUESTS),
        ({"status": "SENT"}, 3),
        ({"status": "held"}, 0),
        ({"kind": "report_request"}, 4),
        ({"case": "gscp-2026-01"}, 3),
        ({"case": "GSCP-2026-01", "kind": "contact_check"}, 1),
        ({"since": REQUESTED}, 5),
        ({"until": REQUESTED}, 4),
        ({}, 9),
    ],
)
def test_the_list_is_narrowed_by_what_is_asked(asked: UnitOfWork, wanted: dict[str, Any], found: int) -> None:
    assert len(listed(asked, **wanted)) == found


def test_the_list_is_in_the_order_the_letters_were_owed(asked: UnitOfWork) -> None:
    assert listed(asked, status="QUEUED")[:2] == ["partnership/digest@2026-07-06/business_unit", CONTACT]


def test_a_status_there_is_none_of_is_refused_with_those_there_are(asked: UnitOfWork) -> None:
    with pytest.raises(WrongInputError, match="No letter is ever 'lost'; its status is one of QUEUED, SENDING, SENT"):
        listed(asked, status="lost")


def test_a_letter_reads_the_same_before_it_leaves_and_after(asked: UnitOfWork) -> None:
    before = shown(asked, CONTACT)["text"]
    delivered(asked, Server(), REQUESTED)

    assert before.splitlines() == shown(asked, CONTACT)["text"].splitlines()
    assert before.startswith("Dear ")


def test_a_letter_there_is_none_of_is_unknown(asked: UnitOfWork) -> None:
    sentence = "There is no letter 404: see `s11flow outbox list` for the ones there are."
    with asked.read() as connection, pytest.raises(UnknownError, match=sentence):
        outbox.show(connection, 404)
    with pytest.raises(UnknownError, match=sentence):
        outbox.hold(asked, 404, REASON, by="clerk", now=REQUESTED)


# --- what staff do ----------------------------------------------------------------------------------------------------


def test_a_held_letter_stays_until_it_is_released(asked: UnitOfWork) -> None:
    number, server = id_of(asked, CONTACT), Server()
    outbox.hold(asked, number, REASON, by="clerk", now=REQUESTED)
    assert last_line(asked)[:3] == ("clerk", "MESSAGE_STOPPED", "held")
    assert delivered(asked, server, REQUESTED).sent == REQUESTS - 1

    outbox.release(asked, number, by="clerk", now=REQUESTED)

    assert last_line(asked)[:3] == ("clerk", "DELIVERY", "released")
    assert delivered(asked, server, REQUESTED).sent == 1
    assert verify(asked, now=REQUESTED).broken == ()


def test_the_reason_is_kept_where_it_can_be_removed(asked: UnitOfWork) -> None:
    outbox.withdraw(asked, id_of(asked, CONTACT), REASON, by="clerk", now=REQUESTED)

    assert REASON not in str(queries_of(asked, "select data, cause from history"))
    assert REASON in str(queries_of(asked, "select body from history_private"))
    assert statuses(asked)[CONTACT] == "WITHDRAWN"


@pytest.mark.parametrize("outcome", [REFUSED, LATER, LOST])
def test_a_letter_that_did_not_arrive_is_sent_again(asked: UnitOfWork, outcome: Outcome) -> None:
    first = answering(outcome)
    delivered(asked, first, REQUESTED)
    server = Server()

    outbox.retry(asked, id_of(asked, COPY), by="clerk", now=REQUESTED)

    assert delivered(asked, server, REQUESTED).sent == 1
    assert [mail.recipient for mail in server.taken] == ["director@agency.example"]
    assert verify(asked, now=REQUESTED).broken == ()


def test_a_letter_that_a_person_finds_arrived_is_delivered(asked: UnitOfWork) -> None:
    delivered(asked, answering(LOST), REQUESTED)

    outbox.arrived(asked, id_of(asked, COPY), "she said so on the telephone", by="clerk", now=REQUESTED)

    assert shown(asked, COPY)["sent_at"] == "2026-07-06T09:00:00+01:00"
    assert last_line(asked)[:3] == ("clerk", "DELIVERY", "found to have arrived")


def test_a_request_that_goes_late_by_hand_gives_fair_notice_too(asked: UnitOfWork) -> None:
    delivered(asked, answering(REFUSED), REQUESTED)
    late = at("2026-10-12 12:00")
    tick(asked, now=late)

    outbox.retry(asked, id_of(asked, CONTACT), by="clerk", now=late)
    delivered(asked, Server(), late)

    assert list(statuses(asked, "dates_changed").values()) == ["SENT"]
    assert verify(asked, now=late).broken == ()


Act = Callable[..., None]
NOT_UNKNOWN = (
    "Cannot record arrival for letter {} {name}: it is delayed; only a letter whose outcome is unknown is found to "
    "have arrived."
)


@pytest.mark.parametrize(
    ("outcome", "act", "sentence"),
    [
        (Server(), outbox.hold, "Cannot hold for letter {} {name}: it is sent. You can: nothing more."),
        (Server(), outbox.retry, "Cannot retry for letter {} {name}: it is sent. You can: nothing more."),
        (Server(), outbox.withdraw, "Cannot withdraw for letter {} {name}: it is sent. You can: nothing more."),
        (answering(REFUSED), outbox.hold, "Cannot hold for letter {} {name}: it is failed. You can: retry, withdraw."),
        (None, outbox.retry, "Cannot retry for letter {} {name}: it is waiting to go. You can: hold, withdraw."),
        (None, outbox.release, "Cannot release for letter {} {name}: it is waiting to go. You can: hold, withdraw."),
        (answering(LATER), outbox.arrived, NOT_UNKNOWN),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_can(
    asked: UnitOfWork, outcome: Server | None, act: Act, sentence: str
) -> None:
    if outcome is not None:
        delivered(asked, outcome, REQUESTED)
    number, before = id_of(asked, CONTACT), last_line(asked)

    with pytest.raises(RefusedError) as refused:
        act(asked, number, REASON, by="clerk", now=REQUESTED)

    assert str(refused.value) == sentence.format(number, name=NAME)
    assert last_line(asked) == before


@pytest.mark.parametrize("act", [outbox.hold, outbox.withdraw])
def test_stopping_a_letter_wants_a_reason(asked: UnitOfWork, act: Act) -> None:
    with pytest.raises(S11Error, match="give a reason; it is kept in the history"):
        act(asked, id_of(asked, CONTACT), "  ", by="clerk", now=REQUESTED)


def test_a_letter_on_its_way_is_nobodys(asked: UnitOfWork) -> None:
    said = []

    def meddle(recipient: str) -> Outcome:
        if recipient == "youth@agency.example":
            for act in (outbox.hold, outbox.withdraw, outbox.retry):
                with pytest.raises(RefusedError) as refused:
                    act(asked, id_of(asked, CONTACT), REASON, by="clerk", now=REQUESTED)
                said.append(str(refused.value).partition(NAME)[2])
        return Server().answer(recipient)

    delivered(asked, Server(meddle), REQUESTED)

    assert said == [": it is being sent. You can: nothing more."] * 3
