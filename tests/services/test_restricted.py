"""Reports that hold details of single children (case 41): seen, kept back, asked for again, shown on record."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from db import queries
from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from s11flow.domain.errors import RefusedError, WrongInputError
from s11flow.domain.model import CaseState
from s11flow.services import cases, outbox, portable, readings, restricted, submissions
from s11flow.services.order import as_text, orders
from s11flow.services.submissions import Documents
from s11flow.services.verify import verify
from s11flow.services.views import case_show
from tests.services.mails import docx
from tests.services.post import Server, delivered
from tests.services.scene import CODE, YEAR, at, digest_parts, opened, queries_of, run_to

YOUTH = f"{CODE}-2026-01"
CAME, FRIDAY, MONDAY = at("2026-10-15 11:00"), at("2026-10-16 10:00"), at("2026-10-19 10:00")
LATE = at("2026-10-28 10:00")
NAMED = ("Ava Smith.docx", docx("Youth Services.", "Child A's name is Ava Smith, NHS number 943 476 5919."))
REDACTED = ("report.docx", docx("Youth Services.", "Child A was seen."))


@pytest.fixture
def house(sqlite_url: str, tmp_path: Path) -> UnitOfWork:
    """Thursday 15 October 2026: in time, a report has come that names a child."""
    uow = opened(UnitOfWork(open_engine(sqlite_url)))
    run_to(uow, CAME)
    submissions.receive(uow, Documents(tmp_path / "documents"), YOUTH, [NAMED], now=CAME, by="clerk")
    return uow


def kept_back(uow: UnitOfWork) -> UnitOfWork:
    restricted.restrict(uow, YOUTH, reason="Ava is named on page 1", now=FRIDAY, by="clerk")
    return uow


def shown(uow: UnitOfWork, now: datetime = FRIDAY) -> dict[str, Any]:
    with uow.read() as connection:
        return case_show(connection, YOUTH, now)


def versions(uow: UnitOfWork) -> list[tuple[object, ...]]:
    return [*queries_of(uow, "select version, status from submission order by version")]


def is_sound(uow: UnitOfWork, tmp_path: Path, now: datetime = LATE) -> bool:
    assert verify(uow, now=now, documents=tmp_path / "documents").broken == ()
    return True


def test_case_41_signs_are_shown_before_the_pack_and_nothing_is_done_by_itself(house: UnitOfWork) -> None:
    look = "version 1 may hold details of single children: Ava Smith.docx (an NHS number, a child's name)"

    found = shown(house)
    assert ("look before the pack" in found["flags"], found["to_look_at"], found["state"]) == (
        True,
        [look],
        "SUBMITTED",
    )
    run_to(house, FRIDAY, start=CAME)
    task = f"{YOUTH}, Youth Services: {look}; look at it before the pack: restrict it, or say it may be read."
    assert task in digest_parts(house)["Tasks for a person"]


def test_case_41_who_finds_nothing_in_it_says_so_once(house: UnitOfWork, tmp_path: Path) -> None:
    done = restricted.look_through(house, YOUTH, reason="The child is invented", now=FRIDAY, by="clerk")

    assert done == restricted.LookedThrough(1, False, CaseState.SUBMITTED)
    assert (shown(house)["to_look_at"], versions(house)) == ([], [(1, "filed")])
    assert is_sound(house, tmp_path)


def test_case_41_what_is_kept_back_is_in_no_pack_and_goes_nowhere(house: UnitOfWork, tmp_path: Path) -> None:
    kept_back(house)

    found = shown(house)
    assert (found["state"], found["reading"], "report kept back" in found["flags"]) == ("RETURNED", None, True)
    with house.read() as connection:
        assert readings.standing(connection, [cases.look_at(connection, YOUTH).id]) == {}
        assert "Report: version 1 kept back." in as_text(orders(connection, partnership=CODE, year=YEAR))
    with pytest.raises(RefusedError, match="its report is kept back"):
        portable.export(house, Documents(tmp_path / "documents"), YOUTH)
    run_to(house, at("2026-10-28 12:00"), start=FRIDAY)
    packs = [body for (body,) in queries_of(house, "select context from message where kind = 'panel_pack'")]
    awaited = "version 1 is kept back; a version in which no child can be recognised is awaited"
    assert [awaited in body for body in packs].count(True) > 1
    assert not [body for body in packs if "Ava" in body]
    assert is_sound(house, tmp_path)


def test_case_41_whoever_answers_for_data_protection_is_told_and_never_what_is_in_it(house: UnitOfWork) -> None:
    kept_back(house)

    statement = select(queries.message).where(queries.message.c.kind == "redaction_wanted")
    with house.read() as connection:
        rows = connection.execute(statement.order_by(queries.message.c.id)).all()
        text = outbox.show(connection, rows[0].id)["text"]
    assert [row.recipient for row in rows] == ["senior_leader", "contact"]
    assert "the whole report again by" in text
    assert not [word for word in ("Ava", "943", "page 1") if word in text]


def test_case_41_the_redacted_version_takes_its_place_and_is_in_time(house: UnitOfWork, tmp_path: Path) -> None:
    kept_back(house)

    documents = Documents(tmp_path / "documents")
    submissions.receive(house, documents, YOUTH, [REDACTED], now=LATE, by="clerk")

    found = shown(house, LATE)
    assert (found["state"], versions(house)) == ("SUBMITTED", [(1, "restricted"), (2, "filed")])
    assert not {"late", "report kept back", "look before the pack"} & set(found["flags"])
    again = submissions.receive(house, documents, YOUTH, [NAMED], now=LATE, by="clerk")
    assert (again.duplicate, again.version) == (True, 1)
    assert is_sound(house, tmp_path)


def test_case_41_of_two_versions_the_older_one_is_kept_back_and_nothing_is_asked(
    house: UnitOfWork, tmp_path: Path
) -> None:
    submissions.receive(house, Documents(tmp_path / "documents"), YOUTH, [REDACTED], now=FRIDAY, by="clerk")

    restricted.restrict(house, YOUTH, 1, reason="Ava is named", now=FRIDAY, by="clerk")

    assert (shown(house)["state"], versions(house)) == ("SUBMITTED", [(1, "restricted"), (2, "filed")])
    subjects = queries_of(house, "select distinct subject_line from message where kind = 'redaction_wanted'")
    assert subjects == [(f"Details of children in your report: Youth Services ({YOUTH})",)]


def test_case_41_a_restriction_is_lifted_and_its_letter_does_not_leave(house: UnitOfWork, tmp_path: Path) -> None:
    kept_back(house)

    done = restricted.look_through(house, YOUTH, reason="The child is invented", now=MONDAY, by="clerk")

    assert done == restricted.LookedThrough(1, True, CaseState.RETURNED)
    statement = "select distinct status from message where kind = 'redaction_wanted'"
    assert (versions(house), queries_of(house, statement)) == ([(1, "filed")], [("SUPERSEDED",)])
    assert is_sound(house, tmp_path)


def test_case_41_to_whom_it_is_shown_all_the_same_is_on_record(house: UnitOfWork, tmp_path: Path) -> None:
    kept_back(house)

    documents = Documents(tmp_path / "documents")
    given = restricted.disclose(house, documents, YOUTH, to="The DPO", reason="to see it", now=MONDAY, by="clerk")

    assert given == (1, [NAMED])
    line = "from history join history_private using (subject_id, seq) where event = 'DISCLOSED'"
    ((data, private),) = queries_of(house, f"select data, body {line}")
    assert (json.loads(data)["version"], "The DPO" in private, "The DPO" in data) == (1, True, False)
    with pytest.raises(WrongInputError, match="to whom"):
        restricted.disclose(house, documents, YOUTH, to="", reason="to see it", now=MONDAY, by="clerk")


def test_case_41_whoever_restricts_hears_which_pack_had_left(house: UnitOfWork) -> None:
    run_to(house, at("2026-10-28 12:00"), start=CAME)
    delivered(house, Server(), at("2026-10-28 12:00"))

    done = restricted.restrict(house, YOUTH, reason="Ava is named", now=at("2026-10-28 13:00"), by="clerk")

    assert [on.isoformat() for on in done.packs] == ["2026-11-10"]


def test_case_41_what_cannot_be_is_refused(house: UnitOfWork) -> None:
    kept_back(house)

    tried: tuple[tuple[Callable[[], object], str], ...] = (
        (lambda: restricted.restrict(house, YOUTH, reason="x", now=FRIDAY, by="c"), "version 1 is kept back already"),
        (lambda: restricted.restrict(house, YOUTH, 7, reason="x", now=FRIDAY, by="c"), "it has no version 7"),
        (lambda: restricted.look_through(house, YOUTH, reason=" ", now=FRIDAY, by="c"), "say what was found"),
        (lambda: submissions.choose(house, YOUTH, 1, reason="x", now=FRIDAY, by="c"), "version 1 is kept back"),
    )
    for refused, why in tried:
        with pytest.raises(RefusedError, match=why):
            refused()
