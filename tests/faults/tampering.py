"""A cycle with a row of every kind in it, and hands that change it behind the product's back."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Date, Integer, LargeBinary, Table, and_, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from calendars import london
from calendars.reply import Attendee, Reply
from db import queries
from db.types import UtcInstant
from db.unit_of_work import UnitOfWork
from notifications.outcome import Outcome
from s11flow.cycles import read_definition, shipped
from s11flow.domain import acts
from s11flow.domain.review_actions import ActionStatus, ReviewAction, ReviewKind
from s11flow.letters.templates import shipped_templates
from s11flow.services import (
    agencies,
    assessments,
    cases,
    contacts,
    cycles,
    inbox,
    incidents,
    outbox,
    proposals,
    replies,
    review_actions,
    sessions,
    submissions,
    successions,
)
from s11flow.services.record import EXEMPT
from s11flow.services.tick import tick
from tests.services.post import DOWN, LATER, LOST, REFUSED, TOOK, Server, delivered
from tests.services.scene import CODE, HEADER, OPENED, YEAR, at, judgement, queries_of, report_comes, run_to

LATE = at("2026-11-20 09:00")  # after the panel
PANEL_DAYS = (date(2026, 11, 10), date(2026, 11, 12))


def ref(number: int) -> str:
    """The case of an agency by its number."""
    return f"{CODE}-{YEAR}-{number:02}"


def lived(uow: UnitOfWork, folder: Path, count: int = 16) -> UnitOfWork:
    """A cycle of *count* agencies up to the week after the panel, in which everything happened to somebody."""
    agencies.init_partnership(uow, shipped(), now=OPENED)
    agencies.import_register(uow, _register(count), partnership=CODE, now=OPENED, by="clerk")
    cycles.open_cycle(
        uow, partnership=CODE, year=YEAR, panel_days=PANEL_DAYS, templates=shipped_templates(), now=OPENED, by="clerk"
    )
    summer, autumn = at("2026-07-06 09:00"), at("2026-10-01 12:00")
    eve, panel = at("2026-11-09 12:00"), at("2026-11-12 18:00")
    run_to(uow, summer)
    _post(uow, summer)
    _set_aside(uow, ref(count), summer + timedelta(hours=1))
    _mail(uow, folder, autumn)
    run_to(uow, autumn, start=summer)
    _actions(uow, autumn)
    _successions(uow, autumn)
    _reports(uow, folder, autumn, range(1, count, 2))
    _post(uow, autumn)
    run_to(uow, eve, start=autumn)
    _from_calendars(uow, eve)
    for number in range(1, count, 2):
        sessions.reply(uow, ref(number), f"a{number}@agency.example", "accepted", now=eve, by="clerk")
        sessions.reply(uow, ref(number), f"lead{number}@agency.example", "declined", now=eve, by="clerk")
    run_to(uow, panel, start=eve)
    _post(uow, panel)
    for number in range(1, count, 2):
        _seen_and_judged(uow, ref(number), panel)
    tick(uow, now=LATE)
    return uow


def _from_calendars(uow: UnitOfWork, now: datetime) -> None:
    """Two proposals of another time, one refused; a member's answer to the panel day; addresses to remember."""
    with uow.read() as connection:
        sessions_of = queries.sessions(connection, [queries.subject_by_ref(connection, ref(n)).id for n in (1, 3)])
        uids = [rows[-1].uid for rows in sessions_of.values()]
        day = connection.execute(select(queries.panel_day).order_by(queries.panel_day.c.day)).first()
    assert day is not None
    for uid, who in zip(uids, ("a1@agency.example", "a3@agency.example"), strict=True):
        wanted = now + timedelta(days=3)
        wish = Reply("COUNTER", uid, (Attendee(who),), 0, now, starts_at=wanted, ends_at=wanted, comment="Later?")
        replies.receive(uow, wish, from_address=who, received_at=now, now=now, by="post", sent_at=now)
    proposals.refuse(uow, ref(1), reason="The panel is full", now=now, by="clerk")
    member = read_definition(shipped(), source="shipped").people.panel[0].email
    coming = Reply("REPLY", day.uid, (Attendee(member, partstat="ACCEPTED"),), 0, now)
    replies.receive(uow, coming, from_address=member, received_at=now, now=now, by="post", sent_at=now)
    for number in (1, 3):
        replies.remember(
            uow, f"home{number}@agency.example", f"a{number}@agency.example", partnership=CODE, now=now, by="clerk"
        )


def _register(count: int) -> str:
    rows = [
        f"{n:02},Agency {n},nhs,active,,{'02' if n == 6 else ''},Pat {n},Lead,lead{n}@agency.example,"
        f"deputy{n}@agency.example,chief{n}@agency.example,a{n}@agency.example;b{n}@agency.example,"
        for n in range(1, count + 1)
    ]
    return "\n".join((HEADER, *rows, ""))


def _post(uow: UnitOfWork, now: datetime) -> None:
    """A delivery that meets with all sorts, a release, a withdrawal, and a server that is down for the rest."""
    answers: dict[str, Outcome] = {"1": TOOK, "2": LATER, "3": REFUSED, "4": LOST}
    delivered(uow, Server(lambda to: answers.get(to.partition("@")[0][-1], TOOK)), now)
    waiting = queries_of(uow, "select id from message where status = 'DELAYED' order by id limit 2")
    for (number,), act in zip(waiting, (outbox.hold, outbox.withdraw), strict=False):
        act(uow, number, "asked by the agency", by="clerk", now=now)
    tick(uow, now=now + timedelta(days=1))
    delivered(uow, Server(lambda _: DOWN), now + timedelta(days=1))


def _set_aside(uow: UnitOfWork, of: str, now: datetime) -> None:
    """A case that cannot be read is set aside; mended and released; and so another, which waits."""
    for case, released in ((of, True), (ref(5), False)):
        was = queries_of(uow, f"select dates from case_file join subject on id = subject_id where ref = '{case}'")[0][0]
        _write(
            uow, "update case_file set dates = 'soon' where subject_id = (select id from subject where ref = :of)", case
        )
        _write(uow, "update subject set next_due_at = '2026-07-01 00:00:00.000000' where ref = :of", case)
        tick(uow, now=now)
        mended = "update case_file set dates = :was where subject_id = (select id from subject where ref = :of)"
        _write(uow, mended, case, was=was)
        if released:
            incidents.release(uow, case, partnership=CODE, reason="mended", now=now, by="clerk")
        else:
            _write(uow, "update subject set next_due_at = '2026-09-11 08:00:00.000000' where ref = :of", case)


def _write(uow: UnitOfWork, statement: str, of: str, **values: str) -> None:
    with uow.write() as connection:
        connection.execute(text(statement), {"of": of, **values})


def _mail(uow: UnitOfWork, folder: Path, now: datetime) -> None:
    came = b"a report?"
    digest = submissions.Documents(folder / "documents").keep(came)
    for of, note in ((ref(2), "a report?"), (None, "whose?"), (ref(4), "a question")):
        inbox.add(
            uow, partnership=CODE, arrived_at=now, now=now, by="clerk", case_ref=of, note=note,
            files=[("scan.pdf", digest, len(came))],
        )  # fmt: skip
    inbox.ignore(uow, 3, "no report", now=now, by="clerk")
    inbox.file(uow, 2, ref(8), now=now, by="clerk")


def _actions(uow: UnitOfWork, now: datetime) -> None:
    """Two agencies have an action from a review, and one of them has done it."""
    for code in ("01", "04"):
        given = ReviewAction(
            0, code, ReviewKind.MULTI_AGENCY_AUDIT, f"Mend {code}", "Audit of May", due=date(2027, 3, 1)
        )
        review_actions.add(uow, code, given, partnership=CODE, now=now, by="clerk")
    done = review_actions.Change(status=ActionStatus.DONE, evidence="The minutes of June")
    review_actions.set_(uow, 1, done, partnership=CODE, now=now + timedelta(minutes=1), by="clerk")


def _successions(uow: UnitOfWork, now: datetime) -> None:
    """An agency has another name, and somebody else answers for one whose contact had left."""
    when: dict[str, Any] = {"partnership": CODE, "now": now, "by": "clerk"}
    successions.rename(uow, code="09", name="Agency Nine", on=now.date(), reason="an order", **when)
    successions.rename(uow, code="11", name="Agency Eleven", on=now.date(), reason="another order", **when)
    contacts.contact_left(uow, code="14", how="mail came back", **when)
    contacts.hand_over(uow, code="14", to=contacts.Person("new14@agency.example", "Kim", "Lead"), **when)


def _reports(uow: UnitOfWork, folder: Path, now: datetime, numbers: Sequence[int]) -> None:
    for number in numbers:
        report_comes(uow, folder, ref(number), now, content=f"first of {number}".encode())
        report_comes(uow, folder, ref(number), now, content=f"second of {number}".encode())
        if number % 3 == 0:
            submissions.choose(uow, ref(number), 1, reason="the second is a draft", now=now, by="clerk")
        cases.act(uow, ref(number), acts.AcceptReport(), by="clerk", now=now)


def _seen_and_judged(uow: UnitOfWork, of: str, now: datetime) -> None:
    sessions.record(uow, of, "attended", now=now, by="clerk")
    assessments.assess(uow, of, judgement(), now=now, by="clerk")
    assessments.assess(uow, of, judgement(), now=now + timedelta(hours=1), by="clerk")
    assessments.agree(uow, of, now=now + timedelta(hours=2), by="clerk", early="it has no corrections")


# --- flipping a cell -------------------------------------------------------------------------------------------------

TABLES: Mapping[str, Table] = {table.name: table for table in SQLModel.metadata.sorted_tables}
COLUMNS = tuple(
    f"{table.name}.{column.name}"
    for table in TABLES.values()
    for column in table.c
    if f"{table.name}.{column.name}" not in EXEMPT
)
"""Every column there is but those that the product names as answered for by nothing."""


@dataclass(frozen=True)
class Cell:
    """A cell of a row, by the row's key."""

    column: str
    key: tuple[Any, ...]
    owner: str
    """What a sentence must name: the subject's reference, or what else the row is known by."""

    @property
    def table(self) -> Table:
        """The table it is in."""
        return TABLES[self.column.partition(".")[0]]

    @property
    def of(self) -> Column[Any]:
        """The column it is in."""
        return self.table.c[self.column.partition(".")[2]]

    @property
    def row(self) -> Any:
        """Which row it is in."""
        return and_(*(column == value for column, value in zip(self.table.primary_key, self.key, strict=True)))


def cells(connection: Connection) -> dict[str, list[Cell]]:
    """Every cell that is to be answered for, by column."""
    refs = {row.id: row.ref for row in connection.execute(select(queries.subject))}
    of_session = {row.id: row.case_id for row in connection.execute(select(queries.panel_session))}
    found: dict[str, list[Cell]] = defaultdict(list)
    for table in TABLES.values():
        for row in connection.execute(table.select()):
            key = tuple(row._mapping[column.name] for column in table.primary_key)
            owner = _owner(table.name, row._asdict(), refs, of_session)
            for column in table.c:
                if (name := f"{table.name}.{column.name}") not in EXEMPT:
                    found[name].append(Cell(name, key, owner))
    return found


def _owner(table: str, row: Mapping[str, Any], refs: Mapping[int, str], of_session: Mapping[int, int]) -> str:
    match table:
        case "subject":
            return str(row["ref"])
        case "agency":
            return f"agency {row['code']} of its register"
        case "content":
            return str(row["sha256"])
        case "waiting_mail":
            return f"mail {row['id']} of its tray"
        case "reply":
            return refs[of_session[row["session_id"]]]
        case "review_action" | "succession" | "alias":
            return refs[row["partnership_id"]]
    return refs[row["subject_id"] if "subject_id" in row else row["case_id"]]


@contextmanager
def behind_its_back(uow: UnitOfWork) -> Iterator[Connection]:
    """A transaction in which references may point nowhere, and which is forgotten at its end."""
    with suppress(_Undo), uow.rebuild() as connection:
        if connection.dialect.name != "sqlite":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield connection
        raise _Undo


class _Undo(Exception):
    pass


def flip(connection: Connection, cell: Cell, chance: random.Random) -> bool:
    """Write another value into a cell; False if the database took none of those that were tried."""
    old = connection.scalar(select(cell.of).where(cell.row))
    others = connection.scalars(select(cell.of).where(cell.of.is_not(None)).distinct().limit(50)).all()
    for _ in range(60):
        new = _another(cell.of, old, others, chance)
        if new is None and not cell.of.nullable:
            continue
        if new != old:
            with suppress(DBAPIError), connection.begin_nested():
                connection.execute(update(cell.table).where(cell.row).values({cell.of.name: new}))
                return True
    return False


def _another(column: Column[Any], old: Any, others: Sequence[Any], chance: random.Random) -> Any:
    if old is not None and column.nullable and chance.random() < 0.2:
        return None
    if others and chance.random() < 0.3:
        return chance.choice(others)
    return _near(column, old, chance)


def _near(column: Column[Any], old: Any, chance: random.Random) -> Any:
    kind = column.type
    if isinstance(kind, Boolean):
        return not old
    if isinstance(kind, Integer):
        return (old or 0) + chance.choice((-1, 1, 2, 1000))
    if isinstance(kind, UtcInstant):
        step = chance.choice((timedelta(microseconds=1), timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)))
        return (old or LATE) + step * chance.choice((-1, 1))
    if isinstance(kind, Date):
        return (old or london.day_of(LATE)) + timedelta(days=chance.choice((-1, 1, 7)))
    if isinstance(kind, LargeBinary):
        return _bent(old or b"mail", chance, bytes((chance.randrange(256),)))
    return _bent(old or "", chance, chance.choice("0a9zT#"))


def _bent(old: Any, chance: random.Random, more: Any) -> Any:
    """One character or byte of it changed, left out or added."""
    place = chance.randrange(len(old) + 1)
    return old[:place] + chance.choice((more, old[:0])) + old[place + chance.choice((0, 1)) :]
