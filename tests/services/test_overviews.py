"""The digest of a working day and the running order of a panel day, as their letters carry them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from db.unit_of_work import UnitOfWork
from notifications.folder import FolderMailer
from notifications.policy import PostPolicy
from s11flow.domain import acts
from s11flow.services import assessments, cases, inbox, panel_days, sessions
from s11flow.services.checkpoints import checkpoint
from s11flow.services.delivery import deliver
from tests.services.scene import (
    CODE,
    HEADER,
    OPENED,
    ROWS,
    at,
    digest_parts,
    judgement,
    opened,
    overview_of,
    registered,
    report_comes,
    run_to,
    tamper,
)

YOUTH, STROUD, COTSWOLD = (f"{CODE}-2026-{code}" for code in ("01", "02", "03"))


# --- the digest ------------------------------------------------------------------------------------------------------


def test_a_quiet_day_has_an_empty_digest_with_its_checkpoint(uow: UnitOfWork) -> None:
    opened(uow)
    run_to(uow, at("2026-06-02 07:00"))
    with uow.read() as connection:
        before = checkpoint(connection, CODE)
    run_to(uow, at("2026-06-02 07:30"), start=at("2026-06-02 07:00"))

    assert digest_parts(uow) == {}
    assert overview_of(uow, "digest")["checkpoint"] == before  # of all that was there when it was written


def test_the_target_and_the_deadline_are_told_on_their_day(uow: UnitOfWork) -> None:
    opened(uow)

    run_to(uow, at("2026-10-09 08:00"))
    target = digest_parts(uow)
    run_to(uow, at("2026-10-20 08:00"), start=at("2026-10-09 08:00"))

    assert target == {
        "Due today": [
            "Leaves at 9am: reminder, for 01, 02.",
            f"{YOUTH}, Youth Services: the target for the report is today, 5pm.",
            f"{STROUD}, Stroud District Council: the target for the report is today, 5pm.",
        ]
    }
    assert digest_parts(uow) == {
        "Due today": [
            "Leaves at 9am: reminder, for 01, 02.",
            "Leaves at 5pm: escalation warning, for 01, 02.",
            f"{YOUTH}, Youth Services: the report is due today, 5pm.",
            f"{STROUD}, Stroud District Council: the report is due today, 5pm.",
        ]
    }


def test_a_missed_deadline_is_overdue_and_a_panel_day_is_told(uow: UnitOfWork) -> None:
    opened(uow)

    run_to(uow, at("2026-11-10 08:00"))

    due = "the report was due on Tuesday 20 October 2026, 5pm; not submitted."
    assert digest_parts(uow) == {
        "Due today": [
            f"{YOUTH}, Youth Services: its panel session is today, 9am.",
            f"{STROUD}, Stroud District Council: its panel session is today, 9:30am.",
        ],
        "Overdue": [f"{YOUTH}, Youth Services: {due}", f"{STROUD}, Stroud District Council: {due}"],
    }


def test_a_session_that_ended_unrecorded_is_a_task(uow: UnitOfWork) -> None:
    opened(uow)

    run_to(uow, at("2026-11-11 08:00"))

    assert digest_parts(uow)["Tasks for a person"] == [
        f"{YOUTH}, Youth Services: record its session of Tuesday 10 November 2026, 9am.",
        f"{STROUD}, Stroud District Council: record its session of Tuesday 10 November 2026, 9:30am.",
    ]


@pytest.mark.on_both
def test_mail_that_waits_is_listed_and_says_what_waits_for_it(uow: UnitOfWork) -> None:
    """Case 15: mail that came before the deadline keeps silence from being confirmed, and the digest says so."""
    opened(uow)
    run_to(uow, at("2026-10-20 16:59"))
    inbox.add(
        uow, partnership=CODE, arrived_at=at("2026-10-20 16:58"), now=at("2026-10-20 16:59"), by="clerk",
        case_ref=YOUTH, note="a report with no subject line",
    )  # fmt: skip

    run_to(uow, at("2026-10-22 08:00"), start=at("2026-10-20 16:59"))

    parts = digest_parts(uow)
    assert parts["Mail that waits for a decision"] == [
        f"Mail 1, came Tuesday 20 October 2026, 4:58pm, perhaps for {YOUTH}: a report with no subject line."
    ]
    assert parts["Tasks for a person"] == [
        (
            f"Non-submission is not confirmed for {YOUTH}: "
            "mail that came on Tuesday 20 October 2026, 4:58pm waits for a decision."
        )
    ]


def test_a_held_escalation_is_listed_and_past_its_review_date_is_a_task_and_never_released(uow: UnitOfWork) -> None:
    """Case 32: the Chair forgets; the Business Manager is told, and nothing is released by itself."""
    opened(uow)
    run_to(uow, at("2026-10-21 12:00"))
    cases.act(uow, STROUD, acts.Hold(date(2026, 10, 27), "asked by the Chair"), by="clerk", now=at("2026-10-21 12:00"))

    run_to(uow, at("2026-10-27 08:00"), start=at("2026-10-21 12:00"))
    waits = digest_parts(uow)
    run_to(uow, at("2026-10-28 08:00"), start=at("2026-10-27 08:00"))
    passed = digest_parts(uow)

    assert waits["Held"] == [
        f"The escalation of {STROUD}, Stroud District Council is held; review on Tuesday 27 October 2026."
    ]
    assert "Tasks for a person" not in waits
    assert "Held" not in passed
    assert passed["Tasks for a person"] == [
        (
            f"The escalation of {STROUD}, Stroud District Council is held and was to be looked at on "
            "Tuesday 27 October 2026: resume it or stand it down."
        )
    ]


def test_an_agency_without_a_contact_is_a_task_once_it_should_have_been_asked(uow: UnitOfWork) -> None:
    """Case 6: a contact to be confirmed is asked for, and never chased for silence."""
    registered(uow, "\n".join((HEADER, "12,Transport Police,police,no_contact,to be confirmed,,,,,,,,", ROWS[0], "")))
    opened(uow)

    run_to(uow, at("2026-07-07 08:00"))

    assert digest_parts(uow)["Tasks for a person"] == [
        f"{CODE}-2026-12 has not been asked: Transport Police has no contact on the register."
    ]


def test_letters_that_are_stuck_are_listed_by_how_they_stand(uow: UnitOfWork) -> None:
    opened(uow)
    run_to(uow, at("2026-07-06 09:00"))
    request = "update message set status = :status, status_why = :why where kind = 'report_request' and recipient = :to"
    tamper(uow, f"{request} and case_ref = '{YOUTH}'", status="FAILED", why="550 no such user", to="contact")
    tamper(uow, f"{request} and case_ref = '{YOUTH}'", status="UNCERTAIN", why="", to="senior_leader")
    tamper(uow, f"{request} and case_ref = '{STROUD}'", status="HELD", why="not on the allow-list", to="contact")

    run_to(uow, at("2026-07-07 08:00"), start=at("2026-07-06 09:00"))

    request = "Report request of Monday 6 July 2026 to"
    parts = digest_parts(uow)
    assert parts["Held"] == [f"{request} stroud@district.example for {STROUD}: held, not on the allow-list."]
    assert parts["Letters that came back"] == [
        f"{request} youth@agency.example for {YOUTH}: failed, 550 no such user.",
        f"{request} director@agency.example for {YOUTH}: perhaps sent.",
    ]


def test_what_expired_is_told_once(uow: UnitOfWork) -> None:
    """Case 17: after a month without the scheduler the contact check has no sense; the digest says it was not sent."""
    opened(uow)
    run_to(uow, at("2026-07-20 08:00"), start=at("2026-07-20 07:00"))
    first = digest_parts(uow)
    run_to(uow, at("2026-07-21 08:00"), start=at("2026-07-20 08:00"))

    line = "Contact check of Monday 29 June 2026 for {} was not sent: its time had passed."
    assert first["Letters that expired unsent"] == [line.format(YOUTH), line.format(STROUD)]
    assert "Letters that expired unsent" not in digest_parts(uow)


def test_what_expired_in_the_outbox_is_told(uow: UnitOfWork, tmp_path: Path) -> None:
    opened(uow)
    run_to(uow, at("2026-06-29 09:00"))
    deliver(uow, FolderMailer(tmp_path / "outbox"), PostPolicy("live"), now=at("2026-07-06 09:00"))

    run_to(uow, at("2026-07-07 07:30"), start=at("2026-07-06 09:00"))

    waited = "waited in the outbox and was not sent: its time had passed."
    assert digest_parts(uow)["Letters that expired unsent"] == [
        f"Contact check for {YOUTH} to the contact {waited}",
        f"Contact check for {STROUD} to the contact {waited}",
    ]


def test_what_was_set_aside_is_told_until_it_is_released(uow: UnitOfWork) -> None:
    opened(uow)
    tamper(uow, "insert into incident (subject_id, at, what) select id, '2026-06-01 11:00:00.000000', 'KeyError' "
                f"from subject where ref = '{YOUTH}'")  # fmt: skip

    run_to(uow, at("2026-06-02 08:00"))

    assert digest_parts(uow) == {
        "Set aside by the engine": [
            f"{YOUTH} was set aside on Monday 1 June 2026, midday (KeyError); put it right, then release it."
        ]
    }


def test_a_covered_agency_that_sends_a_report_of_its_own_is_a_task(uow: UnitOfWork, tmp_path: Path) -> None:
    opened(uow)
    run_to(uow, at("2026-09-01 12:00"))
    report_comes(uow, tmp_path, COTSWOLD, at("2026-09-01 12:00"))

    run_to(uow, at("2026-09-02 08:00"), start=at("2026-09-01 12:00"))

    assert digest_parts(uow)["Tasks for a person"] == [
        (
            f"{COTSWOLD}, Cotswold District Council: a report of its own came though {STROUD} reports for it; "
            "annex or split it."
        )
    ]


def met(uow: UnitOfWork, tmp_path: Path) -> None:
    """The youth services sent their report in October and came on Tuesday 10 November."""
    opened(uow)
    run_to(uow, at("2026-10-01 12:00"))
    report_comes(uow, tmp_path, YOUTH, at("2026-10-01 12:00"))
    run_to(uow, at("2026-11-10 18:00"), start=at("2026-10-01 12:00"))
    sessions.record(uow, YOUTH, "attended", now=at("2026-11-10 18:00"), by="clerk")


def test_a_judgement_that_is_late_is_a_task(uow: UnitOfWork, tmp_path: Path) -> None:
    met(uow, tmp_path)

    run_to(uow, at("2026-11-25 08:00"), start=at("2026-11-10 18:00"))

    assert digest_parts(uow)["Tasks for a person"][0] == (
        f"{YOUTH}, Youth Services: its draft judgement was due on Tuesday 24 November 2026."
    )


def test_a_judgement_whose_check_has_closed_is_a_task(uow: UnitOfWork, tmp_path: Path) -> None:
    met(uow, tmp_path)
    assessments.assess(uow, YOUTH, judgement(), now=at("2026-11-30 12:00"), by="clerk")

    run_to(uow, at("2026-12-14 08:00"), start=at("2026-11-30 12:00"))
    while_it_ran = digest_parts(uow).get("Tasks for a person", [])
    run_to(uow, at("2026-12-15 08:00"), start=at("2026-12-14 08:00"))

    assert [task for task in while_it_ran if YOUTH in task] == []
    assert [task for task in digest_parts(uow)["Tasks for a person"] if YOUTH in task] == [
        f"{YOUTH}, Youth Services: its accuracy check closed on Monday 14 December 2026; agree the judgement."
    ]


# --- the running order -----------------------------------------------------------------------------------------------


def test_the_pack_lists_the_day_in_order_with_what_is_known(uow: UnitOfWork, tmp_path: Path) -> None:
    opened(uow)
    run_to(uow, at("2026-10-05 12:00"))
    report_comes(uow, tmp_path, YOUTH, at("2026-10-05 12:00"))
    sessions.reply(uow, STROUD, "a@district.example", "accepted", now=at("2026-10-05 12:00"), by="clerk")

    run_to(uow, at("2026-10-27 12:00"), start=at("2026-10-05 12:00"))

    youth, stroud = overview_of(uow, "panel_pack")["items_in_order"]
    assert youth == {
        "starts": "9am",
        "agency": "Youth Services",
        "state": "report received",
        "report": "version 1, arrived Monday 5 October 2026, midday: report.docx",
        "reply": "no reply",
        "self_ratings": "none given",
        "last_judgement": "none on record",
        "open_actions": "none on record",
        "review_actions": "none on record",
        "closed_links": "",
        "panel": youth["panel"],
        "is_own": False,
    }
    assert (stroud["starts"], stroud["report"], stroud["reply"]) == ("9:30am", "none received", "coming")


def test_the_pack_brings_last_years_judgement_and_what_was_left_to_do(uow: UnitOfWork, tmp_path: Path) -> None:
    opened(uow)
    run_to(uow, at("2026-10-05 12:00"))
    report_comes(uow, tmp_path, YOUTH, at("2026-10-05 12:00"))
    run_to(uow, at("2026-11-10 18:00"), start=at("2026-10-05 12:00"))
    sessions.record(uow, YOUTH, "attended", now=at("2026-11-10 18:00"), by="clerk")
    actions = [
        {"what": "Train new staff", "owner": "Head of Quality", "by": "2027-03-01", "status": "under way"},
        {"what": "Publish the policy", "status": "done"},
    ]
    assessments.assess(uow, YOUTH, judgement(actions=actions), now=at("2026-11-12 12:00"), by="clerk")
    assessments.agree(uow, YOUTH, now=at("2026-12-01 12:00"), by="clerk", early="it has no corrections")

    next_panel = date(2027, 11, 9)
    opened(uow, year=2027, panel=next_panel, now=at("2027-06-01 12:00"))
    run_to(uow, at("2027-10-26 12:00"), start=at("2027-10-25 12:00"))

    youth = overview_of(uow, "panel_pack")["items_in_order"][0]
    word = "standard {}: Amber"
    assert (youth["last_judgement"], youth["open_actions"]) == (
        "; ".join(word.format(number) for number in "1234"),
        "Train new staff (Head of Quality, by Monday 1 March 2027)",
    )


def test_a_day_with_nobody_to_see_owes_no_pack(uow: UnitOfWork) -> None:
    opened(uow)
    empty = date(2026, 11, 12)
    panel_days.add_day(uow, partnership=CODE, year=2026, day=empty, now=OPENED + timedelta(hours=1), by="clerk")

    run_to(uow, at("2026-10-30 12:00"), start=at("2026-10-29 12:00"))

    assert overview_of(uow, "panel_pack")["day"] == "Tuesday 10 November 2026"
