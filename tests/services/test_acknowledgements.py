"""Nobody gets two acknowledgements a day, and no machine gets one: no two programs answer each other for ever."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest

from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from notifications.confined import Reader
from tests.services.mails import mail
from tests.services.post import Server, delivered
from tests.services.scene import at, opened, run_to
from tests.services.test_intake import CHIEF, CONTACT, EVENING, STROUD, YOUTH, House

BEFORE_MIDNIGHT, AFTER_MIDNIGHT = at("2026-10-20 23:55"), at("2026-10-21 00:05")  # London, an hour ahead of UTC
OF_MACHINES: tuple[tuple[str, str], ...] = (
    ("Auto-Submitted", "auto-generated"),
    ("Precedence", "bulk"),
    ("Return-Path", "<>"),
    ("Return-Path", "<MAILER-DAEMON>"),
    ("List-Id", "<leads.lists.example>"),
    ("X-Auto-Response-Suppress", "DR, OOF, AutoReply"),
    ("From", "no-reply@agency.example"),
)


@pytest.fixture
def house(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    """Tuesday 20 October 2026, 6pm: nobody has reported; the mailbox is empty."""
    engine = open_engine(sqlite_url)
    uow = UnitOfWork(engine)
    opened(uow)
    run_to(uow, EVENING)
    with Reader() as reader:
        yield House(uow, tmp_path, reader)
    engine.dispose()


def _report(number: int, sender: str, ref: str = YOUTH, sign: tuple[str, str] = ("X-Nothing", "")) -> bytes:
    raw = message_from_bytes(
        mail(sender, f"{ref} no {number}", files=[(f"{number}.txt", f"Report no {number}.".encode())])
    )
    del raw[sign[0]]
    raw[sign[0]] = sign[1]
    return raw.as_bytes()


def test_a_storm_is_acknowledged_once_a_sender_and_london_day_and_to_no_machine(house: House) -> None:
    """Two agencies and their machines in a loop. The receipt of a machine's mail goes to the contact, who has one."""
    people = [(CONTACT, YOUTH), (CHIEF, STROUD), (CONTACT.upper(), YOUTH), (CHIEF, STROUD)]
    machines = [_report(9 + number, "scan@agency.example", YOUTH, sign) for number, sign in enumerate(OF_MACHINES)]
    first, second = ([_report(day + number, *who) for number, who in enumerate(people)] for day in (20, 30))
    days = [(BEFORE_MIDNIGHT, [*first, *machines]), (AFTER_MIDNIGHT, second)]
    for now, mails in days:
        for raw in mails:
            house.comes(raw, now)
        house.collect(now)

    assert {each.decision for each in house.all()} == {"filed"}
    assert house.receipts() == [CONTACT, CHIEF, CONTACT, CHIEF]


def test_an_acknowledgement_says_that_it_is_an_automatic_answer_and_is_not_answered_itself(house: House) -> None:
    house.comes(_report(1, CONTACT))
    house.collect()
    server = Server()
    delivered(house.uow, server, EVENING)

    (sent,) = (message_from_bytes(each.raw) for each in server.taken if b"auto-replied" in each.raw)
    house.comes(sent.as_bytes().replace(b"Message-ID: <", b"Message-ID: <changed-by-a-relay-"))
    house.collect()

    assert (sent["To"], sent["Auto-Submitted"]) == (CONTACT, "auto-replied")
    assert ([each.decision for each in house.all()], house.receipts()) == (["filed", "ignored"], [CONTACT])
