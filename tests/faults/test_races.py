"""Eight processes tick and deliver at once, and thirty-two people file one report: it is all done once.

In the short run they are half as many.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine, bindparam, event, select, text, update

from db import queries
from db.bulk import Bulk
from db.engine import open_engine
from db.single import Single
from db.unit_of_work import UnitOfWork
from notifications.mailer import FolderMailer
from notifications.policy import PostPolicy
from s11flow.domain.errors import RefusedError
from s11flow.services import delivery, sessions, subjects
from s11flow.services.delivery import deliver
from s11flow.services.submissions import Documents, receive
from s11flow.services.tick import tick
from tests.conftest import ON_BOTH
from tests.faults.conftest import Say
from tests.faults.racing import Job, Post, Racers, Taken, file_report, post_office, racing, taken_of, work
from tests.postgres import Postgres
from tests.stories.year import (
    ENDS,
    OPENED,
    PANEL_DAYS,
    at,
    broken,
    events,
    legal_panel_days,
    next_owed,
    opened,
    outbox,
    states,
    ticked,
)

PROCESSES = 8
THREADS = 4  # of each, where people act
FEW = 3  # are enough to show what a guard was for
BATCHES = (1, 4, 500)  # subjects to a transaction: the smaller, the more often two of them meet

PANELS: Sequence[Sequence[date]] = (
    legal_panel_days(2026)[10:20:4],
    legal_panel_days(2026)[0:30:7],
    legal_panel_days(2026)[20:40:6],
)
"""The panel days of a year each: no two years have the same things to do."""

NewDatabase = Callable[[], AbstractContextManager[str]]


@pytest.fixture(params=ON_BOTH)
def new_database(request: pytest.FixtureRequest, migrated_sqlite: Path, tmp_path: Path) -> NewDatabase:
    """Gives the address of another migrated database at each call; the test runs once for each kind."""
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        return server.database
    numbers = iter(range(1, 1000))

    @contextmanager
    def copy() -> Iterator[str]:
        yield f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / f'{next(numbers)}.db')}"

    return copy


@pytest.fixture(scope="module")
def processes(thorough: bool) -> int:
    """How many processes race."""
    return PROCESSES if thorough else PROCESSES // 2


@pytest.fixture(scope="module")
def racers(processes: int) -> Iterator[Racers]:
    """Processes, of four threads each where threads are asked for."""
    with racing(processes, threads=THREADS) as running:
        yield running


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    """A mail server that takes everything."""
    with post_office(tmp_path_factory.mktemp("post") / "taken") as office:
        yield office


@contextmanager
def opened_at(url: str, panel_days: Sequence[date]) -> Iterator[UnitOfWork]:
    """A database with a cycle open."""
    engine = open_engine(url)
    try:
        yield opened(UnitOfWork(engine), panel_days=panel_days)
    finally:
        engine.dispose()


# --- ticking and delivering -------------------------------------------------------------------------------------------


BUSY = (at("2026-06-29 09:00"), at("2026-07-06 09:00"), at("2026-10-09 09:00"))
"""Three instants at which much is owed: the checks of contacts, the requests, and the day of the target."""


@dataclass(frozen=True)
class Alone:
    """A year as one process makes it: the instants it worked at, and what was there in the end."""

    instants: tuple[datetime, ...]
    result: tuple[Any, ...]


def result_of(uow: UnitOfWork) -> tuple[Any, ...]:
    """What must not depend on who did it: every state, every line of every history, every letter."""
    return states(uow), events(uow), outbox(uow)


class OneAlone:
    """What one process makes of a year; worked out once for both databases."""

    def __init__(self, template: Path, folder: Path) -> None:
        self._template = template
        self._folder = folder
        self._known: dict[Sequence[date], Alone] = {}

    def year(self, panel_days: Sequence[date], instants: Sequence[datetime] = ()) -> Alone:
        """The year with these panel days, worked at these instants or at every one at which something is owed."""
        if panel_days not in self._known:
            self._known[panel_days] = self._told(panel_days, instants or self._owed(panel_days))
        return self._known[panel_days]

    def _owed(self, panel_days: Sequence[date]) -> list[datetime]:
        found: list[datetime] = []
        with self._database("scout", panel_days) as uow:
            while (now := next_owed(uow)) is not None and now < ENDS:
                tick(uow, now=now)
                found.append(now)
        return found

    def _told(self, panel_days: Sequence[date], instants: Sequence[datetime]) -> Alone:
        with self._database("alone", panel_days) as uow:
            for now in instants:
                tick(uow, now=now)
                deliver(uow, FolderMailer(self._folder / "letters"), PostPolicy("live"), now=now)
            return Alone(tuple(instants), result_of(uow))

    @contextmanager
    def _database(self, name: str, panel_days: Sequence[date]) -> Iterator[UnitOfWork]:
        shutil.rmtree(self._folder / "letters", ignore_errors=True)
        with opened_at(f"sqlite:///{shutil.copy(self._template, self._folder / name)}", panel_days) as uow:
            yield uow


@pytest.fixture(scope="module")
def one_alone(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> OneAlone:
    """What the same work comes to when nobody else is about."""
    return OneAlone(migrated_sqlite, tmp_path_factory.mktemp("alone"))


def raced(racers: Racers, post: Post, url: str, uow: UnitOfWork, instants: Sequence[datetime]) -> Iterator[str]:
    """Let all the processes work at each instant, and give a sentence for whatever did not happen exactly once."""
    before = len(post.taken())
    queued = 0
    for number, now in enumerate(instants):
        for found in racers.each(work, url, post.url, now, BATCHES[number % len(BATCHES)]):
            if isinstance(found, str):
                yield f"At {now} somebody was shown an error: {found}"
            else:
                queued += found["messages"]
                if found["incidents"]:
                    yield f"At {now} {found['incidents']} subjects were set aside."
    kept = letters_of(uow)
    taken = post.taken()[before:]
    if queued != len(kept):
        yield f"{queued} letters were counted, {len(kept)} are in the outbox."
    if left := [state for state, _ in kept if state != "SENT"]:
        yield f"Not sent are {Counter(left)}."
    yield from (f"{times} times at the server: {mail}" for mail, times in Counter(taken).items() if times > 1)
    if Counter(taken) != Counter(mail for _, mail in kept):
        yield f"{len(taken)} letters are at the server, and they are not the {len(kept)} of the outbox."


def letters_of(uow: UnitOfWork) -> list[tuple[str, Taken | None]]:
    """How each letter of the outbox stands, and the mail that it left as."""
    with uow.read() as connection:
        rows = connection.execute(select(queries.message)).all()
    return [(row.status, row.raw and taken_of(row.raw, row.to_address)) for row in rows]


def test_processes_at_once_do_a_year_once(
    racers: Racers, processes: int, post: Post, new_database: NewDatabase, one_alone: OneAlone, thorough: bool, say: Say
) -> None:
    rounds, letters = 0, 0
    for panel_days in PANELS if thorough else PANELS[:1]:
        expected = one_alone.year(panel_days, () if thorough else BUSY)
        with new_database() as url, opened_at(url, panel_days) as uow:
            assert [*raced(racers, post, url, uow, expected.instants)] == []

            assert result_of(uow) == expected.result
            assert broken(uow, now=ENDS) == ()
        rounds += len(expected.instants)
        letters += len(expected.result[2])
    say(processes=processes, rounds=rounds, letters=letters, doubled=0, errors=0)
    assert rounds >= (100 if thorough else len(BUSY))


# Taken away, in each process before it begins: what makes sure that a thing is done once.


def _nobody_waits() -> None:
    """Rows are read without being held, and saved without looking whether they are as they were read."""

    def plain(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> tuple[str, Any]:
        return statement.replace(" FOR UPDATE SKIP LOCKED", "").replace(" FOR UPDATE", ""), values

    event.listen(Engine, "before_cursor_execute", plain, retval=True)
    names = tuple(name for name in subjects._SUBJECT.names if name != "b_version")
    table = queries.subject
    blind = update(table).where(table.c.id == bindparam("b_id"))
    subjects._SUBJECT = Bulk(blind.values({name: bindparam(name) for name in names if name != "b_id"}), names)


def _reads_before_it_writes() -> None:
    """An SQLite transaction takes the lock only when it comes to write."""

    def late(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> tuple[str, Any]:
        return statement.replace("BEGIN IMMEDIATE", "BEGIN"), values

    event.listen(Engine, "before_cursor_execute", late, retval=True)


def _claims_what_is_claimed() -> None:
    """A letter is read whoever has set it aside, and taken whatever its status has become."""
    message = queries.message
    columns = [name for name in delivery._CLAIM.names if not name.startswith("b_")]
    blind = update(message).where(message.c.id == bindparam("b_id"))
    delivery._CLAIM = Single(blind.values({name: bindparam(name) for name in columns}), ("b_id", *columns))
    due = message.c.status.in_(("QUEUED", "DELAYED")) & (message.c.next_try_at <= bindparam("b_now"))
    delivery._DUE = select(message.c.id).where(due).order_by(message.c.at, message.c.id).limit(bindparam("b_limit"))
    listed = due & message.c.id.in_(bindparam("b_ids", expanding=True))
    delivery._FREE = select(message).where(listed).order_by(message.c.at, message.c.id).limit(bindparam("b_limit"))


def _without_keys(uow: UnitOfWork) -> None:
    keys = {"message": ["dedupe_key"], "history": ["subject_id_due_key", "subject_id_seq"]}
    with uow.write() as connection:
        for table, names in keys.items():
            for name in names:
                connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT uq_{table}_{name}"))


def _found_without(guard: Job, post: Post, url: str, uow: UnitOfWork, *, queued: bool = False) -> str:
    with racing(FEW, without=guard) as racers:
        racers.each(work, url, post.url, OPENED, 1)  # nothing is due, but from now on they are equally quick
        if queued:
            for now in BUSY[:2]:
                tick(uow, now=now)
        return "\n".join(raced(racers, post, url, uow, BUSY[1:2] if queued else BUSY[:1]))


def test_control_without_the_claim_letters_leave_twice(post: Post, new_database: NewDatabase) -> None:
    with new_database() as url, opened_at(url, PANELS[0]) as uow:
        assert "times at the server" in _found_without(_claims_what_is_claimed, post, url, uow, queued=True)


@pytest.mark.postgres
def test_control_without_locks_versions_and_keys_letters_are_owed_twice(post: Post, postgres: Postgres) -> None:
    with postgres.database() as url, opened_at(url, PANELS[0]) as uow:
        _without_keys(uow)

        assert "times at the server" in _found_without(_nobody_waits, post, url, uow)
        assert broken(uow, now=BUSY[0]) != ()


@pytest.mark.postgres
def test_control_without_locks_and_versions_the_keys_still_keep_letters_single(post: Post, postgres: Postgres) -> None:
    with postgres.database() as url, opened_at(url, PANELS[0]) as uow:
        found = _found_without(_nobody_waits, post, url, uow)

        assert found
        assert "times at the server" not in found


def test_control_a_file_whose_writers_read_first_shows_errors(post: Post, sqlite_url: str) -> None:
    with opened_at(sqlite_url, PANELS[0]) as uow:
        assert "was shown an error" in _found_without(_reads_before_it_writes, post, sqlite_url, uow)


# --- people -----------------------------------------------------------------------------------------------------------


REFS = tuple(f"GSCP-2026-{code}" for code in ("01", "02", "03", "04", "06"))


def test_all_who_file_the_same_report_at_once_make_one_version(
    racers: Racers, processes: int, new_database: NewDatabase, tmp_path: Path, thorough: bool, say: Say
) -> None:
    now, people = at("2026-07-08 09:00"), processes * THREADS
    rounds = [(ref, version) for version in range(1, 21 if thorough else 2) for ref in REFS[: 5 if thorough else 1]]
    with new_database() as url, opened_at(url, PANELS[0]) as uow:
        tick(uow, now=now)
        for ref, version in rounds:
            content = f"report {version} of {ref}".encode() * 999
            found = racers.each(file_report, url, tmp_path / "documents", ref, content, now, THREADS)

            assert Counter(answer for answers in found for answer in answers) == {
                (version, False, "SUBMITTED"): 1,
                (version, True, "SUBMITTED"): people - 1,
            }
        noted = Counter((ref, event) for ref, event, *_ in events(uow).elements())
        versions = len(rounds) // len({ref for ref, _ in rounds})
        for ref, _ in rounds:
            assert noted[ref, "RECEIVE_REPORT"] == versions
            assert noted[ref, "DUPLICATE_REPORT"] == versions * (people - 1)
        assert Counter(row.kind for row in outbox(uow))["receipt"] == len(rounds)
        assert len([*tmp_path.glob("documents/*/*")]) == len(rounds)
        assert broken(uow, now=now) == ()
    say(people=people, rounds=len(rounds), versions=len(rounds), errors=0)


REF = "GSCP-2026-01"


def test_a_tick_and_a_person_at_once_both_get_their_way(database_url: str, tmp_path: Path) -> None:
    asked, documents = at("2026-07-06 09:00"), Documents(tmp_path / "documents")
    with opened_at(database_url, PANELS[0]) as uow:
        tick(uow, now=at("2026-06-29 09:00"))

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


def test_eight_who_move_sessions_to_the_same_time_are_not_all_given_it(database_url: str) -> None:
    start, to = Barrier(PROCESSES), at("2026-11-17 16:15")
    with opened_at(database_url, PANEL_DAYS) as uow:

        def move(number: int) -> str:
            start.wait(30)
            try:
                sessions.move(uow, f"GSCP-2026-0{number}", to=to, asked_by="panel", now=OPENED, by="clerk")
            except RefusedError as error:
                return str(error).partition(": ")[2]
            return "moved"

        numbers = (1, 2, 3, 4, 6, 7, 8, 9)
        with ThreadPoolExecutor(PROCESSES) as people:
            found = Counter(each.result() for each in [people.submit(move, number) for number in numbers])

        assert found["moved"] == 1
        assert all("overlaps another agency's session at 4:15pm" in said for said in found if said != "moved")
        assert broken(uow, now=OPENED) == ()
