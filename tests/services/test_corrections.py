"""A letter released by mistake (case 59): it cannot be unsent; another one answers it, and both stay on record."""

from __future__ import annotations

import email
import email.policy
from email.message import Message
from typing import Any

import pytest
from icalendar import Calendar

from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from s11flow.domain.acts import Move, Slot
from s11flow.domain.errors import RefusedError, UnknownError
from s11flow.services import cases, corrections, outbox
from s11flow.services.corrections import Corrected
from s11flow.services.tick import tick
from s11flow.services.verify import verify
from tests.services.post import Server, delivered
from tests.services.scene import CODE, PANEL, at, opened, queries_of, run_to

YOUTH = f"{CODE}-2026-01"
REQUESTS, INVITED, LATER = at("2026-07-06 10:00"), at("2026-10-01 10:00"), at("2026-10-01 11:00")


@pytest.fixture
def house(sqlite_url: str) -> UnitOfWork:
    """Thursday 1 October 2026: requests, reminders and invitations have left."""
    uow = opened(UnitOfWork(open_engine(sqlite_url)))
    run_to(uow, INVITED)
    delivered(uow, Server(), INVITED)
    return uow


def number(uow: UnitOfWork, kind: str, ref: str = YOUTH) -> int:
    statement = f"select min(id) from message where kind = '{kind}' and case_ref = '{ref}'"
    return int(queries_of(uow, statement)[0][0])


def corrected(uow: UnitOfWork, letter: int, **given: Any) -> Corrected:
    said: dict[str, Any] = {"wrong": "It was meant for another board.", "now": LATER, "by": "clerk"} | given
    return corrections.correct(uow, letter, **said)


def mails(server: Server) -> list[Message]:
    return [email.message_from_bytes(each.raw, policy=email.policy.default) for each in server.taken]


def meeting(mail: Message) -> tuple[str, str, str]:
    (part,) = (each for each in mail.walk() if each.get_content_type() == "text/calendar")
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    calendar = Calendar.from_ical(content)
    (event,) = calendar.events
    return str(calendar["method"]), str(event["uid"]), str(event["sequence"])


def test_case_59_the_correction_answers_the_wrong_letter_and_the_ledger_shows_both(house: UnitOfWork) -> None:
    letter = number(house, "report_request")

    done = corrected(house, letter, right="Nothing is asked of you.")

    server = Server()
    delivered(house, server, LATER)
    with house.read() as connection:
        rows = {row["id"]: row for row in outbox.list_messages(connection)}
    (mail,) = mails(server)
    assert (mail["In-Reply-To"].strip(), mail["References"].strip()) == (
        rows[letter]["message_id"],
        rows[letter]["message_id"],
    )
    assert mail["To"] == rows[letter]["to"] == done.to
    assert mail["Subject"] == f"Correction: {rows[letter]['subject_line']}"
    assert (rows[letter]["corrected_by"], rows[done.by_letter]["corrects"]) == (done.by_letter, letter)
    assert done == Corrected(letter, done.by_letter, "youth@agency.example", "")
    assert verify(house, now=LATER).broken == ()


def test_case_59_a_correction_is_corrected_and_answers_both(house: UnitOfWork) -> None:
    first = corrected(house, number(house, "report_request"))
    delivered(house, Server(), LATER)

    corrected(house, first.by_letter, wrong="The first letter was right.")

    server = Server()
    delivered(house, server, LATER)
    (mail,) = mails(server)
    ids = [i for (i,) in queries_of(house, "select message_id from message where sent_at is not null order by id")]
    answered = mail["References"].split()
    assert [ids.index(each) for each in answered] == sorted(ids.index(each) for each in answered)
    assert (len(answered), mail["In-Reply-To"].strip()) == (2, answered[-1])


def test_case_59_an_invitation_is_called_off_for_its_reader_under_the_same_uid(house: UnitOfWork) -> None:
    letter = number(house, "panel_invitation")
    ((uid, state),) = queries_of(house, "select uid, panel_session.state from panel_session join subject "
                                        f"on subject.id = case_id where ref = '{YOUTH}'")  # fmt: skip

    done = corrected(house, letter)

    server = Server()
    delivered(house, server, LATER)
    (mail,) = mails(server)
    assert meeting(mail) == ("CANCEL", uid, "1")
    assert done.diary == "Its entry is taken out of the reader's diary; for everybody else the session stays as it is."
    assert queries_of(house, f"select state from panel_session where uid = '{uid}'") == [(state,)]


def test_case_59_what_a_later_letter_put_into_a_diary_is_called_off_by_correcting_that_one(house: UnitOfWork) -> None:
    slot = Slot(at("2026-11-10 14:00"), at("2026-11-10 14:30"), "The panel room", PANEL)
    cases.act(house, YOUTH, Move(slot, "panel"), now=INVITED, by="clerk")
    delivered(house, Server(), INVITED)
    changed = number(house, "panel_invitation_changed")

    with pytest.raises(RefusedError, match=f"letter {changed} has changed the same entry of a diary since"):
        corrected(house, number(house, "panel_invitation"))

    corrected(house, changed)
    assert "has taken its entry out" in corrected(house, number(house, "panel_invitation")).diary


def test_case_59_a_letter_that_is_about_no_case_is_put_right_too(house: UnitOfWork) -> None:
    digest = int(queries_of(house, "select max(id) from message where kind = 'digest' and status = 'SENT'")[0][0])

    done = corrected(house, digest)

    assert queries_of(house, f"select subject, kind from message where id = {done.by_letter}") == [
        (CODE, "letter_corrected")
    ]
    assert verify(house, now=LATER).broken == ()


def test_case_59_only_what_left_is_corrected_and_once(house: UnitOfWork) -> None:
    letter = number(house, "report_request")
    tick(house, now=at("2026-10-02 09:30"))
    waiting = int(queries_of(house, "select max(id) from message where status = 'QUEUED'")[0][0])
    first = corrected(house, letter)

    for number_, wrong, why in (
        (letter, "again", f"letter {first.by_letter} puts it right already"),
        (letter, " ", "say what was wrong with it"),
        (waiting, "not yet", "withdraw it instead; it has not left"),
    ):
        with pytest.raises(RefusedError, match=why):
            corrected(house, number_, wrong=wrong, now=at("2026-10-02 10:00"))
    with pytest.raises(UnknownError):
        corrected(house, 9999)


def test_case_59_a_correction_that_was_withdrawn_leaves_room_for_another(house: UnitOfWork) -> None:
    letter = number(house, "report_request")
    first = corrected(house, letter)
    outbox.withdraw(house, first.by_letter, "badly worded", now=LATER, by="clerk")

    second = corrected(house, letter)

    statement = "select status from message where kind = 'letter_corrected' order by id"
    assert queries_of(house, statement) == [("WITHDRAWN",), ("QUEUED",)]
    assert second.by_letter > first.by_letter
