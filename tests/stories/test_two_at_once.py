"""Two workers, and eight people, do the same thing at the same moment: it is done once, and nobody sees an error."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import func, select

from db import queries
from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from s11flow.domain.errors import RefusedError
from s11flow.services import sessions
from s11flow.services.submissions import Documents, Received, receive
from tests.stories.racing import tick_in_two_processes
from tests.stories.year import ENDS, OPENED, at, broken, events, opened, outbox, states, ticked

INSTANTS = [
    at("2026-06-29 09:00"),
    at("2026-07-06 09:00"),  # thirteen requests
    at("2026-10-01 09:00"),  # thirteen invitations
    at("2026-10-09 09:00"),
    at("2026-10-27 17:00"),
    at("2026-10-28 10:00"),  # the last non-submissions
    at("2026-10-29 09:00"),
]


@pytest.fixture
def alone(tmp_path: Path, register_file: Path) -> UnitOfWork:
    """What one worker makes of the same instants."""
    copy = tmp_path / "alone.db"
    copy.write_bytes(register_file.read_bytes())
    engine = open_engine(f"sqlite:///{copy}")
    ticked(opened(UnitOfWork(engine)), INSTANTS)
    engine.dispose()
    return UnitOfWork(engine)


def test_two_workers_do_everything_once(database_url: str, alone: UnitOfWork) -> None:
    engine = open_engine(database_url)
    uow = opened(UnitOfWork(engine))

    ones, others = tick_in_two_processes(database_url, INSTANTS)

    assert (events(uow), states(uow)) == (events(alone), states(alone))
    assert outbox(uow) == outbox(alone)
    assert sum(done["messages"] for done in ones + others) == len(outbox(uow))
    assert {done["incidents"] for done in ones + others} == {0}
    assert broken(uow, now=INSTANTS[-1]) == ()
    engine.dispose()
    alone.engine.dispose()


REF = "GSCP-2026-01"
EIGHT = 8


def test_eight_who_file_the_same_report_at_once_make_one_version(database_url: str, tmp_path: Path) -> None:
    engine = open_engine(database_url)
    uow, documents, start = opened(UnitOfWork(engine)), Documents(tmp_path / "documents"), Barrier(EIGHT)
    now = at("2026-07-08 09:00")
    ticked(uow, [now])

    def file() -> Received:
        start.wait(30)
        return receive(
            uow, documents, REF, [("report.docx", b"our report" * 999)], now=now, by="clerk", sender="a@b.example"
        )

    with ThreadPoolExecutor(EIGHT) as people:
        found = [each.result() for each in [people.submit(file) for _ in range(EIGHT)]]

    assert Counter((each.version, each.duplicate, each.state) for each in found) == {
        (1, False, "SUBMITTED"): 1,
        (1, True, "SUBMITTED"): 7,
    }
    noted = Counter(event for ref, event, *_ in events(uow).elements() if ref == REF)
    assert (noted["RECEIVE_REPORT"], noted["DUPLICATE_REPORT"]) == (1, 7)
    assert [row.kind for row in outbox(uow) if row.kind == "receipt"] == ["receipt"]
    with uow.read() as connection:
        assert connection.scalar(select(func.count()).select_from(queries.submission)) == 1
    assert [len(path.read_bytes()) for path in tmp_path.glob("documents/*/*")] == [9990]
    assert broken(uow, now=ENDS) == ()
    engine.dispose()


def test_a_tick_and_a_person_at_once_both_get_their_way(database_url: str, tmp_path: Path) -> None:
    engine = open_engine(database_url)
    uow, documents = opened(UnitOfWork(engine)), Documents(tmp_path / "documents")
    ticked(uow, [OPENED, INSTANTS[0]])
    asked = INSTANTS[1]

    with ThreadPoolExecutor(2) as both:
        clock = both.submit(ticked, uow, [asked] * 3)
        person = both.submit(
            receive, uow, documents, REF, [("report.docx", b"early")], now=asked, by="clerk", sender=""
        )
        clock.result()

    assert (person.result().state, states(uow)[REF]) == ("SUBMITTED", "SUBMITTED")
    requests = [row for row in outbox(uow) if row.kind == "report_request" and row.subject == REF]
    assert len({row.dedupe_key for row in requests}) == len(requests) == 2  # the contact's, and the leader's copy
    assert broken(uow, now=asked) == ()
    engine.dispose()


def test_two_who_move_sessions_to_the_same_time_are_not_both_given_it(database_url: str) -> None:
    engine = open_engine(database_url)
    uow, start = opened(UnitOfWork(engine)), Barrier(EIGHT)
    to = at("2026-11-17 16:15")

    def move(number: int) -> str:
        start.wait(30)
        try:
            sessions.move(uow, f"GSCP-2026-0{number}", to=to, asked_by="panel", now=OPENED, by="clerk")
        except RefusedError as error:
            return str(error).partition(": ")[2]
        return "moved"

    numbers = (1, 2, 3, 4, 6, 7, 8, 9)
    with ThreadPoolExecutor(EIGHT) as people:
        found = Counter(each.result() for each in [people.submit(move, number) for number in numbers])

    assert found["moved"] == 1
    assert all("overlaps another agency's session at 4:15pm" in said for said in found if said != "moved")
    assert broken(uow, now=OPENED) == ()
    engine.dispose()
