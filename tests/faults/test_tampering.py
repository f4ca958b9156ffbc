"""Whatever is changed behind the product's back, `verify` finds it and says where.

Against what is in the database alone, and, for one who writes a history anew with all its digests, against the
checkpoint that was kept elsewhere.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from db import queries
from db.engine import open_engine
from db.tables import HistoryPrivate
from db.unit_of_work import UnitOfWork
from s11flow.domain import acts
from s11flow.domain.model import Submission
from s11flow.services import cases, checkpoints, sessions, verify
from s11flow.services.chain import HASHED, line_hash, sha256
from s11flow.services.checkpoints import Checkpoint
from s11flow.services.record import EXEMPT
from s11flow.services.verify import verified
from tests.conftest import ON_BOTH
from tests.faults.conftest import Say
from tests.faults.tampering import COLUMNS, LATE, TABLES, Cell, behind_its_back, cells, flip, lived, ref
from tests.services.scene import CODE, at

GLOBAL = ("subject.", "content.", "agency.", "partnership.", "cycle.", "panel_day.", "waiting_mail.")
"""Tables whose rows many cases look at: no cell of them together with one of a case."""
APART = ("agency", "content", "waiting_mail")
"""Of these, rows that are wrong do not hide each other; of the other shared tables it is one cell at a time."""
FAR = at("2099-01-01 09:00")
PARTS = 4
"""The long run of all columns is cut into so many, which several processes may share."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The parts of the long run; the short one is one part."""
    if "part" in metafunc.fixturenames:
        parts = PARTS if metafunc.config.getoption("--thorough") else 1
        metafunc.parametrize("part", range(parts), ids=[f"{number}-of-{parts}" for number in range(1, parts + 1)])


@dataclass(frozen=True)
class Year:
    """A year with its documents, and the checkpoint that was taken of it."""

    uow: UnitOfWork
    documents: Path
    checkpoint: Checkpoint


@pytest.fixture(scope="module", params=ON_BOTH)
def year(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Year]:
    """Made once, and put back by every test."""
    folder = tmp_path_factory.mktemp("year")
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{shutil.copy(request.getfixturevalue('migrated_sqlite'), folder / 'year.db')}"
        else:
            url = stack.enter_context(request.getfixturevalue("postgres").database())
        engine = open_engine(url)
        stack.callback(engine.dispose)
        uow = lived(UnitOfWork(engine), folder)
        with uow.read() as connection:
            kept = checkpoints.taken(connection, CODE, now=LATE)
        yield Year(uow, folder / "documents", kept)


def broken(connection: Connection, year: Year, *, outside: bool = True) -> tuple[str, ...]:
    against = year.checkpoint if outside else None
    return verified(connection, now=LATE, against=against, documents=year.documents).broken


# --- what is promised for every column -------------------------------------------------------------------------------


def test_the_year_is_whole_and_holds_a_row_of_every_kind(year: Year) -> None:
    with year.uow.read() as connection:
        assert broken(connection, year) == ()
        there = {name for name, found in cells(connection).items() if found}

    assert set(COLUMNS) - there == set()


def test_every_column_is_answered_for_or_exempt_with_a_reason() -> None:
    every = {f"{table.name}.{column.name}" for table in TABLES.values() for column in table.c}

    assert every - EXEMPT.keys() == set(COLUMNS)
    assert EXEMPT.keys() - every == set()
    assert [column for column, why in EXEMPT.items() if not why.endswith(".")] == []


def test_a_flipped_cell_is_found_wherever_it_is(year: Year, part: int, thorough: bool, say: Say) -> None:
    chance = random.Random(20261120 + part)
    with year.uow.read() as connection:
        by_column = cells(connection)
    counts = (1000 // PARTS, 100 // PARTS) if thorough else (2, 1)
    if year.uow.engine.dialect.name != "sqlite":  # it is the same code that looks
        counts = (20 // PARTS, 5) if thorough else (1, 1)
        by_column = by_column if thorough else dict([*by_column.items()][::3])  # a third of the columns
    wanted = _wanted(by_column, chance, *counts)
    flipped, missed, refused = _flip_all(year, wanted, chance)

    say(
        columns=len(flipped), cells=sum(flipped.values()), fewest_of_a_column=min(flipped.values()),
        refused_by_the_database=refused, missed=len(missed),
    )  # fmt: skip
    assert missed == []
    assert set(flipped) == set(by_column)
    with year.uow.read() as connection:
        assert broken(connection, year) == ()


def _wanted(by_column: dict[str, list[Cell]], chance: random.Random, count: int, of_shared: int) -> list[Cell]:
    """So many cells of every column; fewer of the shared, which are few and cost a reading each."""
    found: list[Cell] = []
    for name, there in by_column.items():
        found += chance.choices(there, k=of_shared if name.startswith(GLOBAL) else count)
    chance.shuffle(found)
    return found


def _flip_all(year: Year, wanted: Sequence[Cell], chance: random.Random) -> tuple[Counter[str], list[str], int]:
    flipped: Counter[str] = Counter()
    missed, refused = [], 0
    for together in _groups(wanted):
        with behind_its_back(year.uow) as connection:
            done = [cell for cell in together if flip(connection, cell, chance)]
            said = broken(connection, year)
        refused += len(together) - len(done)
        flipped.update(cell.column for cell in done)
        missed += [f"{cell.column} of {cell.owner}" for cell in done if not _is_found(cell, said)]
    return flipped, missed, refused


def _is_found(cell: Cell, said: Sequence[str]) -> bool:
    """Whether a sentence names what the cell belongs to."""
    if cell.column == "history_private.subject_id":  # it may be gone from where it was: it must not be elsewhere
        return any("private" in sentence for sentence in said)
    if cell.owner.startswith(CODE):
        return any(sentence.startswith((f"{cell.owner}:", f"{cell.owner} ")) for sentence in said)
    return any(cell.owner in sentence for sentence in said)


def _groups(wanted: Sequence[Cell]) -> Iterator[list[Cell]]:
    """Cells of different cases together, each to be found for its own sake; those that many look at apart."""
    rooms: dict[str, dict[str, list[Cell]]] = defaultdict(lambda: defaultdict(list))
    for cell in wanted:
        if not cell.column.startswith(GLOBAL):
            rooms["cases"][cell.owner].append(cell)
        elif cell.table.name in APART:
            rooms[cell.table.name][cell.owner].append(cell)
        else:
            yield [cell]
    for room in rooms.values():
        waiting: Mapping[str, list[Cell]] = room
        while waiting:
            yield [cells.pop() for cells in waiting.values()]
            waiting = {owner: cells for owner, cells in waiting.items() if cells}


def test_a_letter_on_its_way_is_no_fault_and_one_that_only_says_so_is(year: Year) -> None:
    message = queries.message
    waits, gone = (
        message.c.id == select(message.c.id).where(message.c.status == status).limit(1).scalar_subquery()
        for status in ("DELAYED", "SENT")
    )
    sending = {"status": "SENDING", "lease_until": LATE}
    with behind_its_back(year.uow) as connection:
        connection.execute(update(message).where(waits).values(**sending, raw=b"written anew"))
        assert broken(connection, year) == ()

        connection.execute(update(message).where(gone).values(sending))
        (said,) = broken(connection, year)
        assert said.startswith("GSCP")
        assert "what became of the letter" in said


@pytest.mark.parametrize(
    ("event", "was", "is_now"),
    [
        ("PENCIL", '"starts_at":"', '"starts_at":"2'),
        ("DATES_SET", '"at":', '"ta":'),
        ("DATES_SET", '"deadline":{', '"deadline":{"at":7},"more":{'),
    ],
)
def test_a_line_of_which_a_date_cannot_be_read_is_found_and_stops_nothing(
    year: Year, event: str, was: str, is_now: str
) -> None:
    history = queries.history
    with behind_its_back(year.uow) as connection:
        line = connection.execute(select(history).where(history.c.event == event, history.c.data.contains(was))).first()
        assert line is not None
        changed = line.data.replace(was, is_now)
        connection.execute(update(history).where(history.c.id == line.id).values(data=changed))

        said = broken(connection, year)
        ref = connection.scalar(select(queries.subject.c.ref).where(queries.subject.c.id == line.subject_id))

    assert [one for one in said if not one.startswith(str(ref))] == []
    assert f"{ref}: line {line.seq} of its history, or the one before it, is not as it was written." in said


def test_a_line_that_was_moved_to_another_history_is_found_and_stops_nothing(year: Year) -> None:
    history, subject = queries.history, queries.subject
    with behind_its_back(year.uow) as connection:
        cycle = connection.execute(select(subject).where(subject.c.kind == "cycle")).first()
        line = connection.execute(
            select(history).where(history.c.event == "DATES_SET").order_by(history.c.id.desc())
        ).first()
        assert cycle is not None
        assert line is not None
        moved = {"subject_id": cycle.id, "seq": cycle.seq + 1}
        connection.execute(update(history).where(history.c.id == line.id).values(moved))

        said = broken(connection, year)

    assert f"{cycle.ref}: its history has {cycle.seq + 1} lines where {cycle.seq} were written." in said


# --- rows taken away, slipped in, swapped ----------------------------------------------------------------------------

MAY_GO = ("history_private", "heartbeat")
"""What people may remove, and what nothing rests on."""
ROWS = tuple(name for name in TABLES if name not in MAY_GO)


def _count(year: Year, *, thorough: bool) -> int:
    """How many rows of each table; on Postgres few, for it is the same code that looks."""
    if year.uow.engine.dialect.name != "sqlite":
        return 5 if thorough else 1
    return 100 if thorough else 1


def _some(connection: Connection, table: str, chance: random.Random, count: int) -> list[Any]:
    rows = connection.execute(TABLES[table].select()).all()
    return chance.sample(rows, min(count, len(rows)))


def _is(table: str, row: Any) -> Any:
    columns = TABLES[table].primary_key
    return [column == getattr(row, column.name) for column in columns]


@pytest.mark.parametrize("table", ROWS)
def test_a_row_that_is_removed_is_found(year: Year, table: str, thorough: bool) -> None:
    chance = random.Random(table)
    with year.uow.read() as connection:
        rows = _some(connection, table, chance, _count(year, thorough=thorough))
    for row in rows:
        with behind_its_back(year.uow) as connection:
            connection.execute(delete(TABLES[table]).where(*_is(table, row)))
            assert broken(connection, year) != (), row


@pytest.mark.parametrize("table", ROWS)
def test_a_row_that_is_slipped_in_is_found(year: Year, table: str, thorough: bool) -> None:
    chance = random.Random(table)
    with year.uow.read() as connection:
        rows = _some(connection, table, chance, _count(year, thorough=thorough))
    for row in rows:
        with behind_its_back(year.uow) as connection:
            connection.execute(insert(TABLES[table]), _twin(table, row))
            assert broken(connection, year) != (), row


def _twin(table: str, row: Any) -> dict[str, Any]:
    """The same row under another key, and with another of whatever there may be one of only."""
    values = dict(row._mapping)
    unique = {column.name for column in TABLES[table].c if column.primary_key or column.unique}
    unique |= {"number", "version", "seq", "due_key", "code", "day", "content_sha256", "attendee", "address"}
    for name in unique & values.keys():
        values[name] = _other(values[name])
    return values


def _other(value: Any) -> Any:
    match value:
        case int():
            return value + 100_000
        case str():
            return f"{value[:-1]}~"
        case None:
            return None
    return value.replace(year=value.year + 1)


@pytest.mark.parametrize("table", ROWS)
def test_two_rows_that_change_places_are_found(year: Year, table: str, thorough: bool) -> None:
    chance = random.Random(table)
    for _ in range(_count(year, thorough=thorough)):
        with year.uow.read() as connection:
            pair = _some(connection, table, chance, 2)
        if len(pair) < 2:
            return
        with behind_its_back(year.uow) as connection:
            if _swap(connection, table, *pair):
                assert broken(connection, year) != (), pair


KNOWN_BY = {"history": {"subject_id", "seq"}, "message": {"dedupe_key"}}
"""What a row is known by where its key is a mere handle."""


def _swap(connection: Connection, table: str, one: Any, other: Any) -> bool:
    """Let each of two rows say what the other said, under its own key; False if they say the same."""
    keys = {column.name for column in TABLES[table].primary_key} | KNOWN_BY.get(table, set())
    said = [{name: row._mapping[name] for name in row._mapping if name not in keys} for row in (one, other)]
    covered = [{n: v for n, v in values.items() if f"{table}.{n}" not in EXEMPT} for values in said]
    if covered[0] == covered[1] or not covered[0]:
        return False
    for row in (one, other):  # out of each other's way, where a value may be there only once
        connection.execute(delete(TABLES[table]).where(*_is(table, row)))
    try:
        with connection.begin_nested():
            for row, values in ((one, said[1]), (other, said[0])):
                connection.execute(insert(TABLES[table]), {**row._mapping, **values})
    except IntegrityError:
        return False  # the database itself does not take it
    return True


def test_a_row_that_was_changed_is_found_after_the_product_wrote_it_again(year: Year) -> None:
    file, session = queries.case_file, queries.panel_session
    with behind_its_back(year.uow) as connection:
        ids = {subject.ref: subject.id for subject in connection.execute(select(queries.subject))}
        is_mine = file.c.subject_id == ids[ref(2)]
        connection.execute(update(file).where(is_mine).values(asked_at=LATE))
        connection.execute(update(session).where(session.c.case_id == ids[ref(2)]).values(place="elsewhere"))
        within = _Within(year.uow.engine, connection)
        cases.act(within, ref(2), acts.ReceiveReport(_report(), ()), by="clerk", now=LATE)
        sessions.record(within, ref(2), "attended", now=LATE, by="clerk")

        assert [said.partition(" when ")[0] for said in broken(connection, year) if "was not as" in said] == [
            f"{ref(2)}: its file was not as its history had left it",
            f"{ref(2)}: its session 1 was not as its history had left it",
        ]


def _report() -> Submission:
    return Submission(1, LATE, LATE, "pat@agency.example", ("1",), (("report.docx", "cd" * 32, 10),))


# --- histories cut, removed and written anew, with everything made right again ---------------------------------------


def _cases(year: Year) -> list[Any]:
    with year.uow.read() as connection:
        return list(connection.execute(select(queries.subject).where(queries.subject.c.kind == "case")))


def test_a_history_whose_tail_was_cut_is_found(year: Year, thorough: bool) -> None:
    chance = random.Random(1)
    for subject in chance.choices(_cases(year), k=100 if thorough else 5):
        with behind_its_back(year.uow) as connection:
            _cut(connection, subject, chance.randrange(1, subject.seq))
            said = broken(connection, year)
        assert [one for one in said if one.startswith(f"{subject.ref}: its history has") and "checkpoint" in one] != []


def _cut(connection: Connection, subject: Any, keep: int) -> None:
    """Leave the first lines alone, and let the subject's row say that there never were more."""
    history, private = queries.history, queries.table(HistoryPrivate)
    for table in (history, private):
        connection.execute(delete(table).where(table.c.subject_id == subject.id, table.c.seq > keep))
    last = select(history.c.hash).where(history.c.subject_id == subject.id, history.c.seq == keep)
    values = {"seq": keep, "head": connection.scalar(last)}
    connection.execute(update(queries.subject).where(queries.subject.c.id == subject.id).values(values))


def test_a_subject_that_was_removed_with_all_its_rows_is_found_by_the_checkpoint(year: Year) -> None:
    gone = next(subject for subject in _cases(year) if subject.ref == ref(9))
    with behind_its_back(year.uow) as connection:
        _remove(connection, gone.id)

        assert broken(connection, year) == (
            f"{gone.ref}: it is not there, and the checkpoint of Friday 20 November 2026, 9am names it.",
        )
        assert broken(connection, year, outside=False) == ()  # nothing is left that could tell


def _remove(connection: Connection, case_id: int) -> None:
    own = select(queries.panel_session.c.id).where(queries.panel_session.c.case_id == case_id)
    connection.execute(delete(queries.reply).where(queries.reply.c.session_id.in_(own)))
    for table in TABLES.values():
        for name in ("subject_id", "case_id"):
            if name in table.c:
                connection.execute(delete(table).where(table.c[name] == case_id))
    connection.execute(delete(queries.subject).where(queries.subject.c.id == case_id))


def test_a_history_written_anew_is_found_by_the_checkpoint_alone(year: Year, thorough: bool) -> None:
    chance = random.Random(2)
    for subject in chance.choices(_cases(year), k=100 if thorough else 5):
        with behind_its_back(year.uow) as connection:
            _write_anew(connection, subject, chance.randrange(1, subject.seq + 1))

            assert broken(connection, year, outside=False) == ()  # all its digests are right
            (said,) = broken(connection, year)
            assert said == f"{subject.ref}: its history up to line {subject.seq} is not the one that {OF_THEN}."


OF_THEN = "the checkpoint of Friday 20 November 2026, 9am was taken of"


def _write_anew(connection: Connection, subject: Any, changed: int) -> None:
    """Say that somebody else did what a line says, and chain the whole history again."""
    history, head = queries.history, ""
    for line in connection.execute(select(history).where(history.c.subject_id == subject.id).order_by(history.c.seq)):
        values = {**line._mapping, **({"actor_id": "somebody else"} if line.seq == changed else {})}
        head = line_hash(head, subject.ref, [values[name] for name in HASHED])
        mine = update(history).where(history.c.id == line.id)
        connection.execute(mine.values(actor_id=values["actor_id"], hash=head))
    connection.execute(update(queries.subject).where(queries.subject.c.id == subject.id).values(head=head))


def test_what_came_after_a_checkpoint_does_not_speak_against_it(year: Year) -> None:
    heads = dict(year.checkpoint.heads)
    with year.uow.read() as connection:
        third = select(queries.history.c.hash).join(
            queries.subject, queries.subject.c.id == queries.history.c.subject_id
        )
        early = connection.scalar(third.where(queries.subject.c.ref == ref(1), queries.history.c.seq == 3))
        older = Checkpoint(CODE, LATE, {**heads, ref(1): (3, str(early))})

        assert verified(connection, now=LATE, against=older).broken == ()


def test_a_document_that_was_changed_or_lost_is_found(year: Year) -> None:
    tray = year.documents / TRAY[:2] / TRAY
    changed, lost = sorted(path for path in year.documents.rglob("*") if path.is_file() and path != tray)[:2]
    was = changed.read_bytes(), lost.read_bytes()
    changed.write_bytes(was[0] + b" and more")
    lost.unlink()
    try:
        with year.uow.read() as connection:
            said = broken(connection, year)
    finally:
        changed.write_bytes(was[0])
        lost.write_bytes(was[1])

    assert sorted(sentence.partition("report.docx")[2].partition("report ")[2] for sentence in said) == [
        "is not as it came.", "is not in the documents folder.",
    ]  # fmt: skip


TRAY = sha256(b"a report?")
"""What the mail in the tray brought."""


def test_a_document_of_mail_in_the_tray_that_is_lost_is_found(year: Year) -> None:
    place = year.documents / TRAY[:2] / TRAY
    was = place.read_bytes()
    place.unlink()
    try:
        with year.uow.read() as connection:
            assert broken(connection, year) == tuple(
                f"In the tray the file scan.pdf of mail {number} is not in the documents folder."
                for number in (1, 2, 3)
            )
    finally:
        place.write_bytes(was)


def test_a_documents_folder_that_is_gone_is_found(year: Year, tmp_path: Path) -> None:
    with year.uow.read() as connection:
        (versions,) = connection.execute(select(func.count()).select_from(queries.submission)).scalars()
        said = verified(connection, now=LATE, documents=tmp_path / "nowhere").broken

    assert len([one for one in said if one.endswith("is not in the documents folder.")]) == len(said) == versions + 3


@pytest.mark.parametrize(
    ("status", "values", "says"),
    [
        ("DELAYED", {"next_try_at": FAR}, "is put off until Thursday 1 January 2099, 9am."),
        ("QUEUED", {"lease_until": FAR}, "is kept from delivery until Thursday 1 January 2099, 9am."),
        (
            "QUEUED",
            {"status": "SENDING", "lease_until": FAR},
            "is kept from delivery until Thursday 1 January 2099, 9am.",
        ),
    ],
)
def test_a_letter_that_would_wait_for_ever_is_found(year: Year, status: str, values: dict[str, Any], says: str) -> None:
    message = queries.message
    first = select(message.c.id).where(message.c.status == status).limit(1).scalar_subquery()
    with behind_its_back(year.uow) as connection:
        connection.execute(update(message).where(message.c.id == first).values(values))
        (said,) = broken(connection, year)

    assert said.endswith(says)


def test_a_letter_says_that_nobody_took_letters_only_if_it_waited_then(year: Year) -> None:
    message = queries.message
    waiting = select(message.c.id, message.c.subject).where(message.c.status == "QUEUED").order_by(message.c.id.desc())
    said = select(message.c.status_why).where(message.c.status_why.like("%could not be reached%")).limit(1)
    with behind_its_back(year.uow) as connection:
        newest, of = connection.execute(waiting.limit(1)).one()
        reason = connection.scalar(said)
        connection.execute(update(message).where(message.c.id == newest).values(status_why=reason))
        (fault,) = broken(connection, year)

    assert fault.startswith(f"{of}: why the letter ")


# --- the guards, taken away ------------------------------------------------------------------------------------------


def _missed(year: Year, columns: Sequence[str]) -> set[str]:
    """Of these columns, those of which flipped cells are not found."""
    chance = random.Random(3)
    with year.uow.read() as connection:
        by_column = cells(connection)
    wanted = [cell for name in columns for cell in chance.choices(by_column[name], k=5)]
    return {missed.partition(" of ")[0] for missed in _flip_all(year, wanted, chance)[1]}


def test_without_the_chain_a_changed_line_is_not_found(year: Year, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = ("history.actor_id", "history.cause", "history.at")
    assert _missed(year, columns) == set()

    with behind_its_back(year.uow) as connection:
        connection.execute(update(queries.history).values(hash="the same"))
        connection.execute(update(queries.subject).values(head="the same"))
        monkeypatch.setattr(verify, "line_hash", lambda *_: "the same")
        unchained = Year(_Within(year.uow.engine, connection), year.documents, Checkpoint(CODE, LATE, {}))

        assert _missed(unchained, columns) == set(columns)


@dataclass(frozen=True)
class _Within(UnitOfWork):
    """Transactions within one that is forgotten."""

    connection: Connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        yield self.connection

    @contextmanager
    def rebuild(self, wait: float = 0) -> Iterator[Connection]:
        with self.connection.begin_nested():
            yield self.connection

    @contextmanager
    def write(self, wait: float = 0) -> Iterator[Connection]:
        with self.connection.begin_nested():
            yield self.connection


def test_without_the_digests_of_rows_a_changed_row_is_not_found(year: Year, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = (
        "agency.contact_email", "panel_session.place", "submission.files", "submission.sender", "assessment.body",
        "escalation.anchor", "case_file.basis", "reply.answer", "partnership.name", "cycle.period_to",
    )  # fmt: skip
    assert _missed(year, columns) == set()

    monkeypatch.setattr(verify, "_row_faults", lambda *_: ())

    assert _missed(year, columns) == set(columns)


def test_without_what_became_of_a_letter_a_changed_outcome_is_not_found(
    year: Year, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = ("message.status", "message.sent_at", "message.raw", "message.message_id")
    assert _missed(year, columns) == set()

    monkeypatch.setattr(verify, "_came_to", lambda *_: True)

    assert _missed(year, columns) >= {"message.sent_at", "message.raw", "message.message_id"}


def test_without_a_checkpoint_a_history_written_anew_is_not_found(year: Year) -> None:
    subject = _cases(year)[0]
    with behind_its_back(year.uow) as connection:
        _write_anew(connection, subject, 1)

        assert broken(connection, year, outside=False) == ()
