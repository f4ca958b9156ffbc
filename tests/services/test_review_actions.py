"""Agencies' own actions from reviews are kept, changed with what was remembered, and refused in a sentence."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from db.unit_of_work import UnitOfWork
from s11flow.domain.errors import UnknownError, WrongInputError
from s11flow.domain.review_actions import ActionStatus, ReviewAction, ReviewKind
from s11flow.forms import ReportedAction
from s11flow.services import review_actions
from s11flow.services.review_actions import Change
from s11flow.services.verify import verify
from tests.services.scene import CODE, OPENED, at, queries_of, registered

pytestmark = pytest.mark.on_both

LATER = at("2026-06-02 09:00")
GIVEN = ReviewAction(0, "01", ReviewKind.CHILD_DEATH_REVIEW, "Write the plan", due=date(2027, 3, 1))


def added(uow: UnitOfWork, **more: Any) -> ReviewAction:
    """An action of the first agency."""
    given = {"code": "01", "partnership": CODE, "now": OPENED, "by": "clerk", **more}
    return review_actions.add(uow, given.pop("code"), given.pop("given", GIVEN), **given)


def changed(uow: UnitOfWork, change: Change, number: int = 1) -> ReviewAction:
    """The action, changed a day later."""
    return review_actions.set_(uow, number, change, partnership=CODE, now=LATER, by="manager")


def test_an_action_is_held_and_changed_and_the_history_has_both(uow: UnitOfWork) -> None:
    first = added(registered(uow))
    then = changed(uow, Change(status=ActionStatus.DONE, evidence="The plan of May"))

    assert (first.called, first.status, first.reported_by) == ("A1", "planned", "clerk")
    assert (then.status, then.evidence, then.due, then.reported_by) == (
        "done", "The plan of May", date(2027, 3, 1), "manager",
    )  # fmt: skip
    lines = queries_of(uow, "select cause, data from history where event = 'REVIEW_ACTION' order by seq")
    assert [(cause, json.loads(data)) for cause, data in lines] == [
        ("added", {"action": 1, "agency": "01", "status": "planned"}),
        ("changed", {"action": 1, "agency": "01", "changed": ["evidence", "status"], "from": "planned", "to": "done"}),
    ]
    assert verify(uow, now=LATER).broken == ()


def test_titles_are_no_part_of_what_cannot_be_removed(uow: UnitOfWork) -> None:
    added(registered(uow))

    assert queries_of(uow, "select count(*) from history where data like '%Write the plan%'") == [(0,)]
    assert queries_of(uow, "select count(*) from history_private where body like '%Write the plan%'") == [(1,)]


def test_actions_are_listed_by_agency_and_by_what_is_open(uow: UnitOfWork) -> None:
    added(registered(uow))
    added(uow, code="02")
    changed(uow, Change(status=ActionStatus.DONE))

    every = review_actions.list_(uow, partnership=CODE)
    assert [(each.number, each.agency) for each in every] == [(1, "01"), (2, "02")]
    assert review_actions.list_(uow, partnership=CODE, code="02") == every[1:]
    assert review_actions.list_(uow, partnership=CODE, only_open=True) == every[1:]


def test_what_cannot_be_held_is_refused_in_a_sentence(uow: UnitOfWork) -> None:
    added(registered(uow))

    with pytest.raises(WrongInputError, match="01 has this action already, as A1"):
        added(uow)
    with pytest.raises(UnknownError, match="No agency of GSCP has the code 99"):
        added(uow, code="99")
    with pytest.raises(WrongInputError, match="needs a title"):
        added(uow, given=ReviewAction(0, "01", ReviewKind.CHILD_DEATH_REVIEW, " "))
    with pytest.raises(UnknownError, match="There is no action A5"):
        changed(uow, Change(status=ActionStatus.DONE), 5)
    with pytest.raises(WrongInputError, match="A1 stands so already"):
        changed(uow, Change(status=ActionStatus.PLANNED))


def test_an_action_of_a_form_that_is_too_long_to_hold_is_said_to_be_so(uow: UnitOfWork) -> None:
    said = ReportedAction("Write the plan. " * 100, "Multi-agency audit", "done")
    with registered(uow).write() as connection:
        (agency_id,) = connection.exec_driver_sql("select id from agency where code = '01'").scalars()
        told = review_actions.report(
            connection, [said], agency_id=agency_id, partnership=CODE, source="the agency", now=OPENED, by="clerk"
        )

    (note,) = told.unsure
    assert note == (
        'The action "Write the plan. Write the plan. Write the plan. Write the pl ..." is not held: it is longer than '
        "1000 characters. Add it with `s11flow agencies action add` if it should be."
    )
    assert review_actions.list_(uow, partnership=CODE) == ()


def test_evidence_from_a_form_is_held_to_the_length_that_staff_are_held_to_and_it_is_said(uow: UnitOfWork) -> None:
    added(registered(uow))
    long = "We asked them all. " * 100
    said = [
        ReportedAction("", status="done", evidence=long, called="A1"),
        ReportedAction("Train the drivers", "Multi-agency audit", "done", long),
    ]
    with uow.write() as connection:
        (agency_id,) = connection.exec_driver_sql("select id from agency where code = '01'").scalars()
        told = review_actions.report(
            connection, said, agency_id=agency_id, partnership=CODE, source="the agency", now=OPENED, by="clerk"
        )

    assert told.unsure == tuple(
        f"The evidence of {called} is held to its first 1000 characters; the report has the rest."
        for called in ("A2", "A1")
    )
    held = review_actions.list_(uow, partnership=CODE)
    assert [each.evidence for each in held] == [long[:1000], long[:1000]]


def test_an_action_changed_behind_our_back_is_named(uow: UnitOfWork) -> None:
    added(registered(uow))
    with uow.write() as connection:
        connection.exec_driver_sql("update review_action set status = 'done'")

    assert verify(uow, now=LATER).broken == (f"{CODE}: action A1 from a review is not as its history left it.",)
