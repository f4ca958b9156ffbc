"""A case whose row cannot be read is set aside and told of; the others go on, and it catches up when it is let go."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from db import queries
from db.unit_of_work import UnitOfWork
from notifications.mailer import FolderMailer
from notifications.policy import PostPolicy
from s11flow.domain.errors import UnknownError
from s11flow.services import inbox, incidents
from s11flow.services.delivery import deliver
from s11flow.services.tick import tick
from tests.stories.conftest import NewHouse
from tests.stories.year import CODE, DAY, ENDS, OPENED, at, broken, every, letters, opened, outbox, states, ticked

REF = "GSCP-2026-03"
ASKED = ["01", "02", "03", "04", "05A", "06", "07", "08", "09", "10", "11", "13", "14"]
BEFORE, BROKEN, MENDED = at("2026-07-01 09:00"), at("2026-07-06 09:00"), at("2026-09-14 09:00")


def _dates(uow: UnitOfWork) -> str:
    table = queries.case_file
    statement = select(table.c.dates).join(queries.subject, queries.subject.c.id == table.c.subject_id)
    with uow.read() as connection:
        return str(connection.scalars(statement.where(queries.subject.c.ref == REF)).one())


def _write_dates(uow: UnitOfWork, text: str) -> None:
    table = queries.case_file
    with uow.write() as connection:
        row = queries.subject_by_ref(connection, REF)
        connection.execute(update(table).where(table.c.subject_id == row.id).values(dates=text))


@pytest.fixture(autouse=True)
def _silence(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Each incident is logged as an error, as it should be."""
    with caplog.at_level(logging.CRITICAL):
        yield


@pytest.fixture
def stricken(house: UnitOfWork) -> tuple[UnitOfWork, str]:
    """The week before the requests leave; then the dates of one case are cut in half. Gives what they were."""
    ticked(opened(house), every(DAY, OPENED, BEFORE))
    whole = _dates(house)
    _write_dates(house, whole[: len(whole) // 2])
    return house, whole


def test_it_is_set_aside_and_the_others_are_asked(stricken: tuple[UnitOfWork, str]) -> None:
    house, _ = stricken

    first, second = tick(house, now=BROKEN), tick(house, now=BROKEN)

    assert (first.incidents, second.incidents, second.subjects) == (1, 0, 0)
    asked = {subject for _, subject, _ in letters(house, "report_request")}
    assert asked == {
        f"GSCP-2026-{code}" for code in ["01", "02", "04", "05A", "06", "07", "08", "09", "10", "11", "13", "14"]
    }
    with house.read() as connection:
        assert [(item.ref, item.since) for item in incidents.parked(connection, CODE)] == [(REF, BROKEN)]


def test_the_business_unit_reads_of_it_in_the_next_digest(stricken: tuple[UnitOfWork, str]) -> None:
    house, _ = stricken

    tick(house, now=BROKEN)
    tick(house, now=at("2026-07-07 07:30"))

    table = queries.message
    newest = select(table.c.context).where(table.c.kind == "digest").order_by(table.c.id.desc()).limit(1)
    with house.read() as connection:
        parts = {part["title"]: part["lines"] for part in json.loads(connection.scalars(newest).one())["parts"]}
    assert [REF in line for lines in parts.values() for line in lines if "set aside" in line] == [True]


def test_mail_that_may_be_anybodys_and_the_post_go_on(stricken: tuple[UnitOfWork, str], tmp_path: Path) -> None:
    house, _ = stricken
    tick(house, now=BROKEN)

    inbox.add(house, partnership=CODE, arrived_at=BROKEN, now=BROKEN, by="clerk")
    sent = deliver(house, FolderMailer(tmp_path), PostPolicy("demo", is_folder=True), now=BROKEN)

    assert sent.failed == 0
    assert sent.sent + sent.expired == len(outbox(house))  # the contact checks had waited past their sense


def test_put_right_and_let_go_it_catches_up(stricken: tuple[UnitOfWork, str], new_house: NewHouse) -> None:
    house, whole = stricken
    found = [tick(house, now=now).incidents for now in every(DAY, BROKEN, MENDED)]

    _write_dates(house, whole)
    incidents.release(house, REF, partnership=CODE, reason="the row was put right", now=MENDED, by="clerk")
    ticked(house, every(DAY, MENDED, ENDS))

    assert sum(found) == 1
    never_stricken = ticked(opened(new_house()), every(DAY, OPENED, ENDS))
    assert states(house) == states(never_stricken)
    mine = [row.dedupe_key for row in outbox(house) if row.subject == REF]
    asked_late = [row.dedupe_key for row in outbox(never_stricken) if row.subject == REF]
    skipped = [key for key in asked_late if "contact_check" not in key and "target-28d" not in key]
    assert mine == [key for key in asked_late if key in mine]
    assert set(skipped) <= set(mine)
    assert broken(house) == ()


def test_only_what_is_set_aside_can_be_let_go(house: UnitOfWork) -> None:
    opened(house)

    with pytest.raises(UnknownError, match=r"GSCP-2026-03 is not set aside; set aside is nothing\."):
        incidents.release(house, REF, partnership=CODE, reason="", now=OPENED, by="clerk")
