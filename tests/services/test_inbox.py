"""The holding tray: while mail waits silence is not confirmed; each decision lets the case go on."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from calendars import london
from db.unit_of_work import UnitOfWork
from s11flow.domain.errors import UnknownError, WrongInputError
from s11flow.services import inbox
from s11flow.services.inbox import Waiting
from s11flow.services.tick import tick
from s11flow.services.verify import verify
from tests.services.scene import CODE, at, opened, queries_of, report_comes, run_to

YOUTH, STROUD = (f"{CODE}-2026-{code}" for code in ("01", "02"))
IN_TIME, LATE = at("2026-10-20 16:59"), at("2026-10-20 17:01")
EVENING, CONFIRMED = at("2026-10-20 18:00"), at("2026-10-21 10:00")


def state(uow: UnitOfWork, ref: str) -> str:
    return str(queries_of(uow, f"select state from subject where ref = '{ref}'")[0][0])


def put(uow: UnitOfWork, arrived_at: datetime, *, ref: str | None = YOUTH, now: datetime = EVENING) -> Waiting:
    files = [("report.docx", "ab" * 32, 12)]
    return inbox.add(
        uow, partnership=CODE, arrived_at=arrived_at, now=now, by="clerk", case_ref=ref, note="no subject", files=files
    )


@pytest.fixture
def evening(uow: UnitOfWork) -> UnitOfWork:
    """Tuesday 20 October 2026, 6pm: the deadline has passed, nobody has reported."""
    opened(uow)
    run_to(uow, EVENING)
    return uow


def test_mail_waits_as_it_came(evening: UnitOfWork) -> None:
    mail = put(evening, IN_TIME)

    assert inbox.waiting(evening, partnership=CODE) == (mail,)
    assert mail.as_json() == {
        "id": mail.id,
        "arrived_at": london.iso(IN_TIME),
        "written_at": None,
        "kind": None,
        "sender": "",
        "subject": "",
        "case": YOUTH,
        "note": "no subject",
        "files": [{"name": "report.docx", "sha256": "ab" * 32, "size": 12}],
        "sha256": None,
        "decision": None,
        "why": "",
        "guesses": [],
        "decided_at": None,
        "version": None,
    }


def test_mail_from_the_minute_before_the_deadline_keeps_silence_from_being_confirmed(evening: UnitOfWork) -> None:
    """Case 15."""
    put(evening, IN_TIME)

    tick(evening, now=CONFIRMED)

    assert (state(evening, YOUTH), state(evening, STROUD)) == ("REQUESTED", "NOT_SUBMITTED")


def test_mail_from_the_minute_after_does_not(evening: UnitOfWork) -> None:
    """Case 15."""
    put(evening, LATE)

    tick(evening, now=CONFIRMED)

    assert state(evening, YOUTH) == "NOT_SUBMITTED"


def test_mail_nobody_has_matched_yet_may_be_anybodys(evening: UnitOfWork) -> None:
    """Case 38: wrong subject, or none: every case that is silent waits until somebody has looked."""
    put(evening, IN_TIME, ref=None)
    put(evening, LATE, ref=YOUTH)  # its own mail came late; the earlier, unmatched one counts

    tick(evening, now=CONFIRMED)

    assert (state(evening, YOUTH), state(evening, STROUD)) == ("REQUESTED", "REQUESTED")


@pytest.mark.on_both
def test_ignored_mail_lets_the_clock_go_on(evening: UnitOfWork) -> None:
    mail = put(evening, IN_TIME, ref=None)
    tick(evening, now=CONFIRMED)

    inbox.ignore(evening, mail.id, "a newsletter", now=at("2026-10-22 12:00"), by="clerk")
    tick(evening, now=at("2026-10-22 12:01"))

    assert (state(evening, YOUTH), state(evening, STROUD)) == ("NOT_SUBMITTED", "NOT_SUBMITTED")
    assert inbox.waiting(evening, partnership=CODE) == ()


def test_mail_filed_on_friday_is_in_time_as_of_its_arrival(evening: UnitOfWork, tmp_path: Path) -> None:
    """Cases 15 and 38: the report counts as of when it came, and only the case it belongs to is taken off the wait."""
    mail = put(evening, IN_TIME, ref=None)
    tick(evening, now=CONFIRMED)
    friday = at("2026-10-23 12:00")

    report_comes(evening, tmp_path, YOUTH, friday)
    filed = inbox.file(evening, mail.id, YOUTH, now=friday, by="clerk")
    tick(evening, now=at("2026-10-23 12:01"))

    assert filed == mail
    assert (state(evening, YOUTH), state(evening, STROUD)) == ("SUBMITTED", "NOT_SUBMITTED")
    assert queries_of(evening, "select decision from waiting_mail") == [("filed",)]


def test_each_step_is_on_record_where_it_belongs(evening: UnitOfWork) -> None:
    """Case 39: mail thought to be one agency's and filed as another's is seen in both histories."""
    mail = put(evening, IN_TIME, ref=STROUD)
    inbox.file(evening, mail.id, YOUTH, now=EVENING, by="clerk")

    found = queries_of(
        evening,
        "select ref, cause, data from history join subject on subject.id = subject_id "
        "where event = 'OUTSIDE_MAIL' order by history.id",
    )
    assert [(ref, cause) for ref, cause, _ in found] == [
        (STROUD, "waits for a decision"),
        (STROUD, "filed"),
        (YOUTH, "filed"),
    ]
    assert json.loads(found[0][2]) == {
        "mail": mail.id,
        "arrived_at": london.iso(IN_TIME),
        "decision": "waits for a decision",
    }


def test_unmatched_mail_is_on_the_partnerships_record(evening: UnitOfWork) -> None:
    put(evening, IN_TIME, ref=None)

    last = "select ref, event from history join subject on subject.id = subject_id order by history.id desc limit 1"
    assert queries_of(evening, last) == [(CODE, "OUTSIDE_MAIL")]


def test_the_clock_comes_first(evening: UnitOfWork) -> None:
    """Case 17: mail entered after silence should have been confirmed finds it confirmed, tick or no tick."""
    put(evening, IN_TIME, now=at("2026-10-21 10:30"))

    assert state(evening, YOUTH) == "NOT_SUBMITTED"


def test_the_record_stays_whole(evening: UnitOfWork) -> None:
    first, second = put(evening, IN_TIME), put(evening, LATE, ref=None)
    waits = verify(evening, now=EVENING).broken
    inbox.ignore(evening, first.id, "a newsletter", now=EVENING, by="clerk")
    inbox.file(evening, second.id, STROUD, now=EVENING, by="clerk")

    assert (waits, verify(evening, now=EVENING).broken) == ((), ())


def test_what_cannot_be_is_refused(evening: UnitOfWork) -> None:
    mail = put(evening, IN_TIME)

    with pytest.raises(WrongInputError, match=r"Mail cannot arrive on .*: that is still to come\."):
        put(evening, at("2026-10-21 09:00"))
    with pytest.raises(WrongInputError, match="Give a reason for ignoring mail"):
        inbox.ignore(evening, mail.id, " ", now=EVENING, by="clerk")
    with pytest.raises(UnknownError, match="There is no mail 99 in the holding tray"):
        inbox.get(evening, 99)
    with pytest.raises(UnknownError, match="There is no case GSCP-2026-77"):
        inbox.file(evening, mail.id, "GSCP-2026-77", now=EVENING, by="clerk")
    with pytest.raises(UnknownError, match="There is no partnership XX here"):
        inbox.waiting(evening, partnership="XX")


def test_a_decision_is_made_once(evening: UnitOfWork) -> None:
    mail = put(evening, IN_TIME)
    inbox.ignore(evening, mail.id, "a newsletter", now=EVENING, by="clerk")

    with pytest.raises(WrongInputError, match=r"was ignored on Tuesday 20 October 2026, 6pm already\."):
        inbox.file(evening, mail.id, YOUTH, now=EVENING, by="clerk")
