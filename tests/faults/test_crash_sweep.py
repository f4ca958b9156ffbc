"""A process that is killed at any point loses nothing, breaks nothing, and doubles a letter in one window only."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine.events import ConnectionEvents, DialectEvents

from db import queries
from db.engine import INTENT, WAIT, WRITES
from db.unit_of_work import UnitOfWork
from notifications.folder import FolderMailer
from notifications.mailbox import Incoming, Mailbox
from notifications.outcome import Outcome, Status
from notifications.smtp import SmtpMailer
from s11flow.app import App
from s11flow.domain.errors import RefusedError
from s11flow.services import inbox, intake, subjects
from s11flow.services.agencies import Imported
from s11flow.services.submissions import Documents, Received
from tests.faults.conftest import Say
from tests.faults.crashing import Sweep
from tests.faults.imap_server import ImapServer, running_imap_server
from tests.faults.judge import Verdict
from tests.faults.mail_server import MailServer, running_mail_server
from tests.faults.scenes import SCENES, STROUD, YOUTH, Scene, Stage

_SHORT = ("tick", "deliver-smtp", "receive", "move", "import", "approve-report", "collect", "collect-imap")
_SHORT_ON_POSTGRES = ("deliver-smtp", "receive")
"""The scenes that the short version plays on SQLite, and on Postgres; the long one plays all on both."""
_ON_POSTGRES = tuple(name for name, scene in SCENES.items() if not scene.by_imap)  # a mailbox knows of no database
_SHORT_UNANSWERED = (("tick", "sqlite"), ("deliver-smtp", "sqlite"), ("receive", "postgres"))
"""The scenes that in the short version have a commit of which nobody hears."""

# A process that is killed leaves to the others all that it had written, synced or not: memory will do for a disk.
_IN_MEMORY = Path("/dev/shm")

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("s11flow", "flows", "notifications", "calendars", "db")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where files are quickly written."""
    within = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None
    with TemporaryDirectory(prefix="s11flow-crashes-", dir=within) as made:
        yield Path(made)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[MailServer]:
    """A real mail server on this machine."""
    (folder / "mail").mkdir()
    with running_mail_server(folder / "mail") as running:
        yield running


@pytest.fixture(scope="module")
def imap() -> Iterator[ImapServer]:
    """A server that mail is collected from."""
    with running_imap_server() as running:
        yield running


Sweeps = Callable[[str, str], tuple[Sweep, list[str]]]


@pytest.fixture(scope="module")
def stage(folder: Path, request: pytest.FixtureRequest) -> Stage:
    """Where scenes are made ready, each once."""
    return Stage(folder / "scenes", lambda: request.getfixturevalue("postgres"))


@pytest.fixture(scope="module")
def sweeps(stage: Stage, server: MailServer, imap: ImapServer) -> Sweeps:
    """Gives the sweep of a scene on a database, with the points that it passes."""
    known: dict[tuple[str, str], tuple[Sweep, list[str]]] = {}

    def of(name: str, database: str) -> tuple[Sweep, list[str]]:
        if (name, database) not in known:
            sweep = Sweep(stage, SCENES[name], database, server, imap)
            known[name, database] = sweep, sweep.points()
        return known[name, database]

    return of


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each scene on each database; in the short version some."""
    if {"sweeps", "database"} <= {*metafunc.fixturenames}:
        thorough = metafunc.config.getoption("--thorough")
        chosen = [
            *((name, "sqlite") for name in (SCENES if thorough else _SHORT)),
            *((name, "postgres") for name in (_ON_POSTGRES if thorough else _SHORT_ON_POSTGRES)),
        ]
        if not thorough and "commit" in metafunc.function.__name__:
            chosen = [*_SHORT_UNANSWERED]
        marks = {"sqlite": [], "postgres": [pytest.mark.postgres]}
        pairs = [pytest.param(*pair, id="-".join(pair), marks=marks[pair[1]]) for pair in chosen]
        metafunc.parametrize(("name", "database"), pairs)


# --- what is promised ------------------------------------------------------------------------------------------------


def test_whatever_point_it_is_killed_at(name: str, database: str, sweeps: Sweeps, thorough: bool, say: Say) -> None:
    sweep, names = sweeps(name, database)
    chosen = _moments(names) if thorough else _a_few(names)

    verdicts = {number: sweep.crash(number, names) for number in chosen}

    say(passed=len(names), **_counted(verdicts))
    assert _faults(names, verdicts) == {}


def test_whichever_commit_was_done_and_not_heard_of(
    name: str, database: str, sweeps: Sweeps, thorough: bool, say: Say
) -> None:
    sweep, names = sweeps(name, database)
    commits = [name for name in names if name.startswith("commit:after")]
    numbers = range(1, len(commits) + 1)

    found = {number: sweep.miss_the_answer(number) for number in (numbers if thorough else _spread(numbers, 1))}

    verdicts = {number: verdict for number, (_, verdict) in found.items()}
    say(**_counted(verdicts))
    assert _faults(commits, verdicts) == {}
    told = {said.partition(":")[0] for said, _ in found.values()}
    # Delivery asks again whether what became of a letter was recorded; nobody else has anything to ask.
    assert told - ({"nothing"} if name.startswith("deliver") else set()) <= {"OutcomeUnknown"}


_AGAIN = {
    "receive": "version 1, filed before: True",
    "move": f"Cannot move for {YOUTH}: its session is at Tuesday 10 November 2026, 2pm already.",
    "hold": f"Cannot hold for {STROUD}: it is held until Wednesday 28 October 2026 already; give another day.",
    "extend": f"Cannot extend for {YOUTH}: its deadline is Friday 23 October 2026 already; an extension is later than "
    "that.",
    "import": "unchanged: 5",
    "approve-report": "Cannot approve report for GSCP-2026: it is report approved. You can: include in statement, "
    "reopen report.",
}


@pytest.mark.parametrize(("name", "answer"), _AGAIN.items(), ids=_AGAIN)
def test_a_command_given_again_says_that_it_was_done(name: str, answer: str, stage: Stage) -> None:
    scene = SCENES[name]
    with stage.place(scene, "sqlite") as place, place.app(scene.now) as app:
        scene.play(app)

        assert _said(scene, app) == answer


def _said(scene: Scene, app: App) -> str:
    try:
        done = scene.play(app)
    except RefusedError as refused:
        return str(refused)
    if isinstance(done, Received):
        return f"version {done.version}, filed before: {done.duplicate}"
    assert isinstance(done, Imported)
    return ", ".join(f"{what}: {count}" for what, count in Counter(row.what for row in done.rows).items())


@pytest.mark.parametrize(
    ("letter", "in_the_window"),
    [
        pytest.param(2, {"twice": 1, "left": 0}, id="a request"),
        pytest.param(3, {"twice": 0, "left": 1}, id="a chief officer's copy"),
    ],
)
def test_a_letter_comes_twice_in_the_one_window_and_nowhere_else(
    letter: int, in_the_window: dict[str, int], sweeps: Sweeps
) -> None:
    sweep, names = sweeps("deliver-smtp", "sqlite")
    opens = names.index(f"smtp end of text:after#{letter}") + 1
    closes = next(number for number in range(opens, len(names)) if names[number - 1].startswith("commit:after"))

    verdicts = {number: sweep.crash(number, names) for number in (opens - 1, opens, closes - 1, closes)}

    assert _faults(names, verdicts) == {}
    found = [{"twice": verdict.twice, "left": verdict.left} for verdict in verdicts.values()]
    assert found[1:3] == [in_the_window] * 2
    assert [outside["twice"] for outside in (found[0], found[3])] == [0, 0]


_MANY, _OF_MANY = 1_500, 8


def test_where_mail_cannot_be_moved_a_crash_leaves_it_with_a_copy_of_it(
    stage: Stage, server: MailServer, *, thorough: bool
) -> None:
    with running_imap_server(moves=False) as imap:
        sweep = Sweep(stage, SCENES["collect-imap"], "sqlite", server, imap)
        names = sweep.points()
        copied, gone = (names.index(f"imap answer to UID {verb}:after#2") for verb in ("COPY", "EXPUNGE"))
        between = range(copied + 1, gone + 1)

        verdicts = [sweep.crash(number, names) for number in (between if thorough else between[:1])]

    assert [verdict.lost for verdict in verdicts] == [()] * len(verdicts)
    said = {fault.partition(" ")[2] for verdict in verdicts for fault in verdict.faults}
    assert said == {"is in the mailbox, and would not have been so"}


def _moments(names: Sequence[str]) -> list[int]:
    """The points but for those that come straight after the end of another: in between nothing leaves the process.

    A scene of very many points asks the database mostly, which changes nothing: of the points at that some are taken.
    """
    ended = {number for number, name in enumerate(names, 1) if ":after" in name}
    left = [number for number, name in enumerate(names, 1) if ":before" not in name or number - 1 not in ended]
    if len(names) < _MANY:
        return left
    asks = [number for number in left if names[number - 1].startswith("sql SELECT")]
    return sorted({*left} - {*asks} | {*asks[::_OF_MANY]})


def _a_few(names: Sequence[str]) -> list[int]:
    """A point anywhere, and one of those at which something becomes final."""
    final = [number for number, name in enumerate(names, 1) if re.match(r"commit|rename|replace|smtp .*text", name)]
    return sorted({*_spread(range(1, len(names) + 1), 1), *_spread(final, 1)})


def _spread(numbers: Sequence[int], wanted: int) -> list[int]:
    step = max(1, len(numbers) / wanted)
    return [numbers[int(step / 2 + step * place)] for place in range(min(wanted, len(numbers)))]


def _counted(verdicts: dict[int, Verdict]) -> dict[str, int]:
    counts: Counter[str] = Counter(points=len(verdicts))
    for verdict in verdicts.values():
        counts.update(
            lost=len(verdict.lost), broken=len(verdict.broken), doubled=len(verdict.doubled), resent=verdict.resent,
            twice=verdict.twice, left=verdict.left,
        )  # fmt: skip
    return dict(counts)


def _faults(names: Sequence[str], verdicts: dict[int, Verdict]) -> dict[str, Any]:
    return {names[number - 1]: verdict.faults for number, verdict in verdicts.items() if verdict.faults}


# --- controls: without its guard the proof fails ---------------------------------------------------------------------


def test_without_the_outcome_recorded_last_a_letter_is_lost(
    stage: Stage, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_send, really_close = SmtpMailer.send, SmtpMailer.close
    waiting: list[tuple[Any, ...]] = []

    def say_sent(self: SmtpMailer, raw: bytes, *, sender: str, recipient: str, name: str, **_: Any) -> Outcome:
        waiting.append((raw, sender, recipient, name))
        return Outcome(Status.SENT, "It will be sent.")

    def send_at_last(self: SmtpMailer) -> None:
        while waiting:
            raw, sender, recipient, name = waiting.pop(0)
            really_send(self, raw, sender=sender, recipient=recipient, name=name)
        really_close(self)

    monkeypatch.setattr(SmtpMailer, "send", say_sent)
    monkeypatch.setattr(SmtpMailer, "close", send_at_last)
    sweep = Sweep(stage, SCENES["deliver-smtp"], "sqlite", server)
    names = sweep.points()

    verdict = sweep.crash(_number("smtp MAIL:before#3", names), names)

    assert [fault.partition(" is ")[2] for fault in verdict.lost] == ["recorded as sent, and nobody has it"] * 4


def test_without_one_transaction_for_all_of_it_a_crash_leaves_half(
    stage: Stage, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(UnitOfWork, "write", each_statement_by_itself)
    sweep = Sweep(stage, SCENES["tick"], "sqlite", server)
    names = sweep.points()

    verdict = sweep.crash(_number("sql INSERT history:before#1", names), names)

    assert verdict.lost
    assert any(fault.startswith("straight after the crash: GSCP-2026-01") for fault in verdict.broken)


@pytest.mark.postgres
@pytest.mark.parametrize("has_key", [True, False])
def test_without_the_unique_key_a_letter_is_there_twice(
    *, has_key: bool, stage: Stage, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_it_is = subjects._write

    def letters_first(connection: Connection, rows: Any) -> None:
        messages, rows.messages = rows.messages, []
        subjects._insert(connection, queries.message, messages)
        as_it_is(connection, rows)

    monkeypatch.setattr(subjects, "_write", letters_first)
    monkeypatch.setattr(UnitOfWork, "write", each_statement_by_itself)
    sweep = Sweep(stage, SCENES["tick"] if has_key else without_key(SCENES["tick"]), "postgres", server)
    names = sweep.points()

    verdict = sweep.crash(_number("sql INSERT message:after#1", names), names)

    twice = [fault for fault in verdict.doubled if fault.endswith("came 2 times, and its history does not say so")]
    assert (len(twice) > 0) is not has_key


@pytest.mark.parametrize("name", ["receive", "deliver"])
def test_without_a_part_file_a_crash_leaves_half_a_file(
    name: str, stage: Stage, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keep(self: Documents, content: bytes) -> str:
        digest = sha256(content).hexdigest()
        place = self.folder / digest[:2] / digest
        place.parent.mkdir(exist_ok=True)
        write(place, content)
        return digest

    def send(self: FolderMailer, raw: bytes, *, sender: str, recipient: str, name: str, **_: Any) -> Outcome:
        write(self.folder / f"{name}.eml", raw)
        return Outcome(Status.SENT, "It is filed.")

    monkeypatch.setattr(Documents, "keep", keep)
    monkeypatch.setattr(FolderMailer, "send", send)
    sweep = Sweep(stage, SCENES[name], "sqlite", server)
    names = sweep.points()

    verdict = sweep.crash(_number("write:half#1", names), names)

    assert [fault for fault in verdict.broken if fault.startswith("straight after the crash")] != []


def test_without_the_row_committed_first_mail_is_lost(
    stage: Stage, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_it_is = intake._put_down

    def moved_first(uow: UnitOfWork, mailbox: Mailbox, partnership: str, held: Sequence[Any], *more: Any) -> None:
        for key, *_ in held:
            mailbox.file_away(key)
        as_it_is(uow, mailbox, partnership, held, *more)

    monkeypatch.setattr(intake, "_put_down", moved_first)
    sweep = Sweep(stage, SCENES["collect"], "sqlite", server)
    names = sweep.points()

    verdict = sweep.crash(_number("rename:after#4", names), names)

    assert [fault.partition(" ")[0] for fault in verdict.lost].count("waiting_mail") == 3  # two of the four are one
    assert "straight after the crash: inbox/.Filed/cur/4.host:2,S is filed away and not recorded" in verdict.broken


def test_without_its_digest_a_mail_is_taken_in_twice(
    stage: Stage, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_it_is = intake._kept

    def kept_as_collected(documents: Documents, mail: Incoming, now: datetime) -> Any:
        return as_it_is(documents, replace(mail, raw=b"X-Collected-By: %d\n" % os.getpid() + mail.raw), now)

    monkeypatch.setattr(intake, "_kept", kept_as_collected)
    sweep = Sweep(stage, SCENES["collect"], "sqlite", server)
    names = sweep.points()

    verdict = sweep.crash(_number("rename:before#1", names), names)

    taken_in = len(sweep.undisturbed.rows["waiting_mail"])
    assert sum(fault.startswith("waiting_mail has ") for fault in verdict.broken) >= taken_in


def test_without_one_transaction_for_a_mail_it_is_filed_and_not_decided_on(
    stage: Stage, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_two(uow: UnitOfWork, mail: Any, apply: Callable[[Connection], Any], now: datetime) -> Any:
        with uow.write() as connection:
            decision = apply(connection)
        with uow.write() as connection:
            row, kind = inbox.held(connection, mail.row.id), mail.read.classified.kind.value
            intake._conclude(connection, row, decision, kind, intake._read_values(mail), now)
        return decision

    monkeypatch.setattr(intake, "_settled", in_two)
    sweep = Sweep(stage, SCENES["collect"], "sqlite", server)
    names = sweep.points()
    filed = names.index("sql INSERT submission:after#1")
    saved = next(number for number in range(filed, len(names)) if names[number].startswith("commit:after"))

    verdict = sweep.crash(saved + 1, names)

    assert [fault for fault in verdict.lost if "'filed'" in fault and fault.startswith("waiting_mail")] != []


def write(place: Path, content: bytes) -> None:
    with place.open("wb") as file:
        file.write(content)


def _number(name: str, names: Sequence[str]) -> int:
    return names.index(name) + 1


@contextmanager
def each_statement_by_itself(self: UnitOfWork, wait: float = WAIT) -> Iterator[Connection]:
    """A unit of work that is none: each statement is kept as soon as it is done."""
    with self.engine.connect() as plain:
        connection = plain.execution_options(**{INTENT: WRITES})
        with connection.begin():
            driver: Any = connection.connection.dbapi_connection
            driver.commit()
            if connection.dialect.name == "postgresql":
                driver.autocommit = True
            try:
                yield connection
            finally:
                if connection.dialect.name == "postgresql":
                    driver.autocommit = False


def without_key(scene: Scene) -> Scene:
    """The same scene on a database that lets a letter be there twice."""

    def prepare(uow: UnitOfWork, folder: Path) -> None:
        scene.prepare(uow, folder)
        with uow.write() as connection:
            connection.execute(text("ALTER TABLE message DROP CONSTRAINT uq_message_dedupe_key"))

    prepare.__name__ = f"{scene.prepare.__name__}_without_key"
    return replace(scene, prepare=prepare)


# --- the product knows nothing of this -------------------------------------------------------------------------------


def test_no_module_of_the_product_imports_a_test() -> None:
    imports = re.compile(r"^\s*(?:from|import) (?:tests|benchmarks)\b", re.MULTILINE)
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]

    assert len(files) > 100
    assert [str(file) for file in files if imports.search(file.read_text())] == []


_SEAMS = """
import io, json, os, smtplib, sys
import s11flow.worker, s11flow.cli.case, s11flow.cli.running

files = [type(getattr(os, name)).__name__ for name in ("fsync", "replace", "rename", "unlink", "mkdir", "write")]
mail = [getattr(smtplib.SMTP, name).__code__.co_filename for name in ("connect", "send", "putcmd", "getreply", "quit")]
tests = [name for name in sys.modules if name.partition(".")[0] in ("tests", "benchmarks")]
print(json.dumps([sorted({*files, type(io.open).__name__}), sorted({*mail} - {smtplib.__file__}), tests]))
"""


def test_the_product_leaves_files_and_mail_as_python_has_them() -> None:
    run = subprocess.run([sys.executable, "-c", _SEAMS], cwd=ROOT, capture_output=True, text=True)

    assert json.loads(run.stdout or run.stderr) == [["builtin_function_or_method"], [], []]


def test_the_product_listens_to_nothing_of_the_database_but_how_it_begins(engine: Engine) -> None:
    heard = {
        name: len(list(listeners))
        for kind, dispatch in ((ConnectionEvents, engine.dispatch), (DialectEvents, engine.dialect.dispatch))
        for name in vars(kind)
        if (listeners := getattr(dispatch, name, None)) and not name.startswith("_")
    }

    assert heard == ({"begin": 1} if engine.dialect.name == "sqlite" else {})
    assert [name for name in vars(engine.dialect) if name.startswith("do_")] == []
