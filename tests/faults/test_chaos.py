"""A mail server that fails in every phase in every manner, and a database that stops at once under two workers."""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from db import queries
from db.engine import open_engine
from db.errors import DatabaseUnreachable
from db.unit_of_work import UnitOfWork
from notifications.mailer import Outcome, SmtpMailer, Status
from s11flow import schedule, worker
from s11flow.app import App
from s11flow.schedule import Row
from s11flow.services import delivery, outbox
from s11flow.services.delivery import deliver
from s11flow.services.verify import verify
from tests.faults.awkward_smtp import (
    COMBINATIONS,
    AwkwardServer,
    Combination,
    Dice,
    Manner,
    Once,
    Phase,
    awkward_server,
    behaves,
)
from tests.faults.chaos import (
    TIMEOUT,
    Clock,
    Stoppable,
    causes,
    clock_at,
    faults,
    letters,
    next_owed,
    next_try,
    stoppable_postgres,
    told,
    workers,
)
from tests.faults.conftest import Say
from tests.faults.racing import Job
from tests.services.post import LIVE, REQUESTED, REQUESTS, requested
from tests.services.scene import at, opened
from tests.stories import year

# --- each phase, each manner ------------------------------------------------------------------------------------------

# What becomes of a letter: `away` nobody was there to take it, which says nothing about the letter; `later` it was
# asked to wait, or nothing was handed over; `no` it was refused; `lost` it may or may not have been taken; `sent` it
# left all the same.
# fmt: off
FATES = {
    #                 for now  for good  closes   nothing  drops    garbage  endless
    Phase.GREETING:  ("away",  "away",   "away",  "away",  "away",  "away",  "away"),
    Phase.EHLO:      ("sent",  "sent",   "away",  "away",  "away",  "sent",  "away"),  # HELO is tried after a no
    Phase.MAIL:      ("later", "no",     "later", "later", "later", "later", "later"),
    Phase.RCPT:      ("later", "no",     "later", "later", "later", "later", "later"),
    Phase.DATA:      ("later", "no",     "later", "later", "later", "later", "later"),
    Phase.TEXT:      ("later", "no",     "later", "lost",  "lost",  "lost",  "lost"),
    Phase.END:       ("later", "no",     "later", "lost",  "lost",  "lost",  "lost"),
    Phase.BETWEEN:   ("sent",  "sent",   "sent",  "sent",  "sent",  "sent",  "sent"),  # another connection is opened
}
IDLE = ("later", "no", "sent", "sent", "sent", "later", "sent")  # at MAIL, over a connection that was kept
# fmt: on
TABLE = [(phase, manner, fate) for phase, row in FATES.items() for manner, fate in zip(Manner, row, strict=True)]
AT_ONCE = (Phase.MAIL, Phase.RCPT, Phase.DATA)  # where it matters that all is asked at once of a server that allows it
BOTH_WAYS = [(*row, False) for row in TABLE] + [(*row, True) for row in TABLE if row[0] in AT_ONCE]
AT_ONCE_TOO = (Manner.NEVER, Manner.DROP)  # of the answers to all at once the short run sees these
LOST = [(phase, manner) for phase, manner, fate in TABLE if fate == "lost"]

STATUS = {"away": "DELAYED", "later": "DELAYED", "no": "FAILED", "lost": "QUEUED", "sent": "SENT"}
CAUSE = {
    "away": "not reached", "later": "delayed", "no": "refused", "lost": "re-sent after an unknown outcome",
    "sent": "delivered",
}  # fmt: skip


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Where all is asked at once the same is seen; the short run looks at a few of those."""
    thorough = metafunc.config.getoption("--thorough")
    if {"phase", "manner", "becomes", "at_once"} <= {*metafunc.fixturenames}:
        chosen = [row for row in BOTH_WAYS if thorough or not row[3] or row[1] in AT_ONCE_TOO]
        metafunc.parametrize(("phase", "manner", "becomes", "at_once"), chosen)
    elif "at_once" in metafunc.fixturenames:
        metafunc.parametrize("at_once", [False, True] if thorough else [False])


@pytest.fixture(scope="module")
def requests_wait(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which six letters are due."""
    path = Path(shutil.copy(migrated_sqlite, tmp_path_factory.mktemp("requests") / "requests.db"))
    engine = open_engine(f"sqlite:///{path}")
    requested(opened(UnitOfWork(engine)))
    engine.dispose()
    return path


@pytest.fixture
def house(requests_wait: Path, tmp_path: Path) -> Iterator[UnitOfWork]:
    """Such a database of the test's own."""
    engine = open_engine(f"sqlite:///{shutil.copy(requests_wait, tmp_path / 's11flow.db')}")
    # Each is asked the same: what was worked out for one database serves the next.
    yield UnitOfWork(engine.execution_options(compiled_cache=_STATEMENTS))
    engine.dispose()


_STATEMENTS: dict[Any, Any] = {}


def mailer_to(server: AwkwardServer) -> SmtpMailer:
    return SmtpMailer("127.0.0.1", server.port, tls="none", timeout=TIMEOUT, local_hostname="localhost")


def rows(uow: UnitOfWork) -> list[Any]:
    """The letters that were due, in the order in which they leave."""
    table = queries.message
    with uow.read() as connection:
        return list(
            connection.execute(select(table).where(table.c.queued_at == REQUESTED).order_by(table.c.at, table.c.id))
        )


def fate(uow: UnitOfWork, row: Any) -> tuple[str, str]:
    """How a letter stands, and what its history says of its last delivery."""
    return row.status, causes(uow)[row.dedupe_key][-1]


def times_taken(server: AwkwardServer, letters: list[Any]) -> list[int]:
    """How often the server took each of these."""
    taken = Counter(mail.message_id for mail in server.taken)
    return [taken[row.message_id] for row in letters]


def still(uow: UnitOfWork, server: AwkwardServer) -> None:
    """Deliver until nothing waits any more."""
    now = REQUESTED
    while any(row.status in ("QUEUED", "DELAYED", "SENDING") for row in rows(uow)):
        now += timedelta(hours=1)
        assert now < REQUESTED + timedelta(hours=5)
        with mailer_to(server) as mailer:
            deliver(uow, mailer, LIVE, now=now)


def test_what_becomes_of_a_letter_and_the_next_ones_leave(
    phase: Phase, manner: Manner, becomes: str, at_once: bool, house: UnitOfWork
) -> None:
    # RSET is asked after a refusal: there the letter in question is the second.
    place, before = (1, [Once(Phase.RCPT, Manner.NEVER)]) if phase == Phase.BETWEEN else (0, [])
    expected = ["SENT"] * REQUESTS
    expected[:place] = ["FAILED"] * place

    with awkward_server(*before, Once(phase, manner), takes_all_at_once=at_once) as server:
        with mailer_to(server) as mailer:
            deliver(house, mailer, LIVE, now=REQUESTED)

        letters = rows(house)
        assert fate(house, letters[place]) == (STATUS[becomes], CAUSE[becomes])
        assert letters[place].attempts == (0 if becomes == "away" else 1)
        expected[place] = STATUS[becomes]
        assert [row.status for row in letters] == expected

        still(house, server)

    times = [1] * REQUESTS
    times[:place] = [0] * place
    times[place] = {"no": 0, "lost": 2 if phase == Phase.END else 1}.get(becomes, 1)
    letters = rows(house)
    assert [row.status for row in letters] == ["FAILED" if state == "FAILED" else "SENT" for state in expected]
    assert times_taken(server, letters) == times
    assert len(set(server.taken)) == len({mail.message_id for mail in server.taken})  # byte for byte


@pytest.mark.parametrize(("manner", "becomes"), [*zip(Manner, IDLE, strict=True)])
def test_a_connection_that_ended_while_it_was_idle_costs_no_letter_a_try(
    manner: Manner, becomes: str, at_once: bool, house: UnitOfWork
) -> None:
    with awkward_server(Once(Phase.MAIL, manner, skip=1), takes_all_at_once=at_once) as server:
        with mailer_to(server) as mailer:
            deliver(house, mailer, LIVE, now=REQUESTED)

        letters = rows(house)
        assert fate(house, letters[1]) == (STATUS[becomes], CAUSE[becomes])
        assert Counter(row.status for row in letters) == Counter([STATUS[becomes], *["SENT"] * (REQUESTS - 1)])
        assert times_taken(server, letters) == [1, int(becomes == "sent"), 1, 1, 1, 1]


def test_the_table_has_every_combination() -> None:
    assert [(phase, manner) for phase, manner, _ in TABLE] == list(COMBINATIONS)
    assert len(COMBINATIONS) == 56


@pytest.mark.parametrize("manner", Manner)
def test_a_server_that_fails_at_the_goodbye_is_no_news(manner: Manner, house: UnitOfWork) -> None:
    with awkward_server(Once(Phase.BETWEEN, manner)) as server:
        with mailer_to(server) as mailer:
            deliver(house, mailer, LIVE, now=REQUESTED, limit=1)  # so QUIT is what comes
        still(house, server)

    assert [row.status for row in rows(house)] == ["SENT"] * REQUESTS
    assert times_taken(server, rows(house)) == [1] * REQUESTS


@pytest.mark.parametrize(("phase", "manner"), LOST)
def test_a_letter_to_a_senior_leader_that_may_have_been_taken_waits_for_a_person(
    phase: Phase, manner: Manner, house: UnitOfWork
) -> None:
    place = next(n for n, row in enumerate(rows(house)) if row.recipient == "senior_leader")
    with awkward_server(Once(phase, manner, skip=place)) as server:
        with mailer_to(server) as mailer:
            deliver(house, mailer, LIVE, now=REQUESTED)
        still(house, server)

        letter = rows(house)[place]
        assert fate(house, letter) == ("UNCERTAIN", "outcome unknown")
        assert times_taken(server, [letter]) == [1 if phase == Phase.END else 0]
        assert told(house, at("2026-07-07 08:00")) == [letter.dedupe_key]

        outbox.retry(house, letter.id, by="clerk", now=REQUESTED)
        still(house, server)

    assert rows(house)[place].status == "SENT"
    assert times_taken(server, rows(house)) == [1 + (phase == Phase.END and n == place) for n in range(REQUESTS)]


def test_a_letter_that_was_refused_is_in_the_next_digest(house: UnitOfWork) -> None:
    with awkward_server(Once(Phase.RCPT, Manner.NEVER)) as server, mailer_to(server) as mailer:
        deliver(house, mailer, LIVE, now=REQUESTED)

    assert told(house, at("2026-07-07 08:00")) == [rows(house)[0].dedupe_key]


@pytest.mark.parametrize("phase", [Phase.GREETING, Phase.MAIL, Phase.END])
def test_a_server_that_answers_without_end_costs_one_wait(phase: Phase, house: UnitOfWork) -> None:
    begun = time.monotonic()
    with awkward_server(Once(phase, Manner.DRIBBLE)) as server, mailer_to(server) as mailer:
        deliver(house, mailer, LIVE, now=REQUESTED, limit=1)

    assert time.monotonic() - begun < 5


# --- all of it at once, and the database as well ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def postgres_to_stop() -> Iterator[Stoppable]:
    """A server that is stopped at once, again and again."""
    with stoppable_postgres() as server:
        yield server


@dataclass
class Chaos:
    """What came of it."""

    wrong: list[str]
    exits: list[int | None]
    log: list[str]
    restarts: int
    met: Counter[Combination]
    became: Counter[str]
    doubled: int

    @property
    def unexpected(self) -> list[str]:
        """What the workers did not say in a sentence of their own."""
        return [line for line in self.log if line.startswith(("ERROR", "CRITICAL", "Traceback"))]

    @property
    def noticed(self) -> int:
        """How often a worker found no database."""
        return sum("cannot be used" in line for line in self.log)


def chaos(
    postgres: Stoppable,
    folder: Path,
    *,
    seconds: float,
    at_least: int = 1,
    number: int = 2,
    seed: int = 0,
    without: Job | None = None,
) -> Chaos:
    """Stop the database every few seconds under *number* workers; the mail server fails in one phase of seven."""
    dice, chance, url = Dice(seed, 0.15), random.Random(seed), postgres.new()
    engine = open_engine(url)
    uow = year.opened(UnitOfWork(engine))
    clock = clock_at(year.at("2026-06-29 09:00"))
    with awkward_server(dice) as server, workers(number, url, server, clock, folder, without) as crew:
        restarts, ends = 0, time.monotonic() + seconds
        while time.monotonic() < ends or restarts < at_least:
            time.sleep(chance.uniform(1.5, 3.5))
            postgres.stop_at_once()
            time.sleep(chance.uniform(0.3, 1.0))
            postgres.start()
            restarts += 1
            server.takes_all_at_once = restarts % 2 == 1
            clock.jump_to(year.next_owed(uow) or clock.now())
        server.cue = behaves
        calm(uow, clock)
        exits = crew.end()
        now = clock.now() + timedelta(days=4)
        wrong = [*faults(uow, server, now)]
        became = Counter(row.status for row in letters(uow) if row.queued_at < now)
        times = Counter(mail.message_id for mail in server.taken)
    engine.dispose()
    return Chaos(wrong, exits, crew.log(), restarts, dice.met, became, sum(taken - 1 for taken in times.values()))


def calm(uow: UnitOfWork, clock: Clock) -> None:
    """Wait until all that was owed is done and no letter waits; the clock goes on to when one may go again."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        waiting, owed = next_try(uow), next_owed(uow)
        if waiting is None and (owed is None or owed > clock.now()):
            return
        clock.jump_to(waiting or clock.now())
        time.sleep(0.5)
    raise AssertionError(f"Letters still wait, the next for {next_try(uow)}; it is {clock.now()}.")


@pytest.mark.postgres
def test_everything_comes_to_an_end_that_somebody_knows_of(
    postgres_to_stop: Stoppable, tmp_path: Path, thorough: bool, say: Say
) -> None:
    found = chaos(postgres_to_stop, tmp_path, seconds=180 if thorough else 5, at_least=2)

    say(
        restarts=found.restarts, combinations=len(found.met), failures_of_the_server=found.met.total(),
        letters=found.became.total(), **{state.lower(): times for state, times in sorted(found.became.items())},
        taken_again_and_recorded=found.doubled, runs_without_a_database=found.noticed,
    )  # fmt: skip
    assert found.wrong == []
    assert found.unexpected == []
    assert found.exits == [0, 0]
    assert found.became.keys() <= {"SENT", "FAILED", "UNCERTAIN", "SUPERSEDED", "EXPIRED"}
    assert found.noticed > 0
    if thorough:
        assert found.met.keys() == set(COMBINATIONS)


@dataclass
class StopsWhenItHasTheText:
    """The cue of a server that takes the first mail while its sender's database goes down for a moment."""

    postgres: Stoppable
    timers: list[threading.Timer] = field(default_factory=list)

    def __call__(self, phase: Phase) -> None:
        """Nothing to misbehave in: the server says yes."""
        if phase == Phase.END and not self.timers:
            self.postgres.stop_at_once()
            self.timers.append(threading.Timer(0.5, self.postgres.start))
            self.timers[0].start()


def delivered_while_the_database_restarts(postgres: Stoppable) -> list[Any]:
    """The letters, after a run in which the database was gone when the first was to be recorded."""
    engine = open_engine(postgres.new())
    uow = requested(opened(UnitOfWork(engine)))
    restart = StopsWhenItHasTheText(postgres)
    try:
        with awkward_server(restart) as server, mailer_to(server) as mailer:
            mailer._timeout = 30  # it is the database that is slow
            deliver(uow, mailer, LIVE, now=REQUESTED)
            assert times_taken(server, rows(uow)) == [1] * REQUESTS
        assert {line for said in causes(uow).values() for line in said} == {"delivered"}
        assert verify(uow, now=REQUESTED).broken == ()
        return rows(uow)
    finally:
        restart.timers[0].join()
        engine.dispose()


@pytest.mark.postgres
def test_an_answer_that_came_while_the_database_was_down_is_recorded_when_it_is_back(
    postgres_to_stop: Stoppable,
) -> None:
    letters = delivered_while_the_database_restarts(postgres_to_stop)

    assert [row.status for row in letters] == ["SENT"] * REQUESTS


@pytest.mark.postgres
def test_control_without_waiting_the_answer_is_not_recorded(
    postgres_to_stop: Stoppable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "RECORDED_WITHIN", 0.0)

    with pytest.raises(DatabaseUnreachable):
        delivered_while_the_database_restarts(postgres_to_stop)


# Taken away, in each worker before it begins.


def _a_failing_run_is_not_caught() -> None:
    def run_row(app: App, row: Row) -> None:
        schedule.run(row, app, app.now())

    worker.run_row = run_row


def _a_lost_answer_counts_as_nothing_sent() -> None:
    def lost(mailer: SmtpMailer, phase: str, _status: Status) -> Outcome:
        return Outcome(Status.DELAYED, f"The mail server was lost {phase}; nothing was sent.")

    SmtpMailer._lost = lost  # type: ignore[method-assign, assignment]


@pytest.mark.postgres
def test_control_a_worker_that_does_not_catch_what_fails(postgres_to_stop: Stoppable, tmp_path: Path) -> None:
    found = chaos(postgres_to_stop, tmp_path, seconds=1, number=1, without=_a_failing_run_is_not_caught)

    assert found.unexpected != []


def test_control_a_mailer_that_takes_a_lost_answer_for_a_refusal(
    house: UnitOfWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SmtpMailer, "_lost", SmtpMailer._lost)  # so that it comes back afterwards
    _a_lost_answer_counts_as_nothing_sent()
    with awkward_server(Once(Phase.END, Manner.DROP)) as server:
        with mailer_to(server) as mailer:
            deliver(house, mailer, LIVE, now=REQUESTED)
        still(house, server)

        assert [fault for fault in faults(house, server, at("2026-07-07 08:00")) if "was taken 2 times" in fault]
