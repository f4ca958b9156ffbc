"""A machine that does whatever can be done, in any order, to a small partnership on a real database, and looks on."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlalchemy import Connection, Engine, event, func, select, update

from calendars import london
from calendars.bank_holidays import england_and_wales
from db import queries
from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from notifications.mailbox import Incoming
from notifications.outcome import Closing, Outcome, Status, nothing
from notifications.reading import ReadMail, parse, read
from s11flow.cycles import shipped
from s11flow.domain import acts, invariants
from s11flow.domain.agenda import next_due_at
from s11flow.domain.errors import S11Error
from s11flow.domain.lifecycle import CASE, ESCALATION, SESSION
from s11flow.domain.model import (
    CaseEvent,
    CaseFacts,
    CaseState,
    Entry,
    EscalationState,
    Note,
    SessionState,
    Track,
)
from s11flow.domain.review_actions import ActionStatus, ReviewAction, ReviewKind
from s11flow.letters.templates import shipped_templates
from s11flow.reports import WrongAssessmentError
from s11flow.services import (
    agencies,
    assessments,
    bank_holidays,
    cases,
    conclusion,
    contacts,
    corrections,
    cycles,
    definitions,
    inbox,
    intake,
    joint_reports,
    outbox,
    panel_days,
    publication,
    record,
    restricted,
    review_actions,
    rulebooks,
    sessions,
    successions,
)
from s11flow.services.chain import CLOCK
from s11flow.services.delivery import deliver
from s11flow.services.forecast import forecast
from s11flow.services.subjects import load
from s11flow.services.submissions import Documents, choose, receive
from s11flow.services.tick import tick
from s11flow.services.verify import verify
from tests.faults.gaps import POLICY, Post, at, judgement
from tests.postgres import TEMPLATE, Postgres
from tests.services import mails

CODE, YEAR = "GSCP", 2026
OPENED = at("2026-06-01 12:00")
PANEL_DAYS = (date(2026, 11, 10), date(2026, 11, 12))
MORE_DAYS = (date(2026, 11, 17), date(2026, 12, 1), date(2027, 1, 18))
CODES = ("01", "02", "03", "04", "05", "06")

HEADER = (
    "code,name,category,status,status_reason,lead,contact_role,contact_email,deputy_email,senior_leader_email,"
    "attendee_emails"
)
REGISTER = f"""\
{HEADER}
01,Youth Services,youth,active,,,Manager,01@agency.example,,chief01@agency.example,
02,Stroud,district council,active,,,Officer,02@agency.example,02d@agency.example,,a@agency.example;b@agency.example
03,Cotswold,district council,active,,02,Officer,03@agency.example,,chief03@agency.example,
04,Prisons,prison,not_applicable,none in the area,,,,,,
05,Nobody Known,voluntary,no_contact,nobody known,,,,,,
06,The School,school,active,,,Head,06@agency.example,,chief06@agency.example,
"""
REGISTERS = (
    "code,name,category,status,status_reason,contact_role,contact_email\n05,Found,voluntary,active,,Lead,05@agency.example\n",
    "code,name,category,status,status_reason,contact_email\n06,The School,school,no_contact,they left,\n",
    "code,name,category,status,contact_role,contact_email\n06,The School,school,active,Head,new06@agency.example\n",
    "code,name,category,status,senior_leader_email\n01,Youth Services,youth,active,newchief01@agency.example\n",
    "code,name,category,status,status_reason,contact_email\n01,Youth Services,youth,no_contact,they left,\n",
    f"{HEADER}\n07,Came Later,school,active,,,Head,07@agency.example,,chief07@agency.example,\n",
)

OUTCOMES = {
    "sent": Outcome(Status.SENT, "taken"),
    "delayed": Outcome(Status.DELAYED, "The server said: later."),
    "failed": Outcome(Status.FAILED, "The server said: no such person."),
    "uncertain": Outcome(Status.UNCERTAIN, "The answer was lost."),
    "unreachable": Outcome(Status.DELAYED, "Nobody was there.", unreachable=True),
}


class MovingPost(Closing):
    """A mail server of many moods, one after the other."""

    def __init__(self, moods: Sequence[str]) -> None:
        self.moods, self.tried = moods, 0

    def send(
        self, raw: bytes, *, sender: str, recipient: str, name: str, meanwhile: Callable[[], None] = nothing
    ) -> Outcome:
        """Answer as the next mood has it."""
        meanwhile()
        self.tried += 1
        return OUTCOMES[self.moods[(self.tried - 1) % len(self.moods)]]


class Letterbox(Closing):
    """A mailbox: what lies in it comes until it is filed away, in the order in which it came."""

    def __init__(self) -> None:
        self.mails: dict[str, Incoming] = {}
        self._numbers = count()

    def put(self, raw: bytes, arrived_at: datetime) -> None:
        """Mail comes."""
        key = str(next(self._numbers))
        self.mails[key] = Incoming(key, raw, arrived_at)

    def incoming(self) -> Iterator[Incoming]:
        """What was not filed away."""
        yield from tuple(self.mails.values())

    def file_away(self, key: str) -> None:
        """It comes no more."""
        self.mails.pop(key, None)


class ReadsHere:
    """Reads mail in this process: what a child makes of it is the same, and is proven elsewhere."""

    def read(self, path: Path) -> ReadMail:
        """What the mail at *path* says; raises Unreadable."""
        with path.open("rb") as source:
            return read(parse(source))


class Killed(BaseException):
    """The process dies here: no rule of ours catches it."""


@dataclass
class Death:
    """Where, counted in statements from now, the process dies; 0 is at the next commit, None nowhere."""

    after: int | None = None

    @contextmanager
    def within(self, statements: int | None) -> Iterator[None]:
        """Die after so many statements of what is done in here, if it has as many."""
        self.after = statements
        try:
            yield
        finally:
            self.after = None

    def at_statement(self, *_: Any) -> None:
        """One more statement is about to be run."""
        if self.after is not None and self.after > 0:
            self.after -= 1
            if self.after == 0:
                self.after = None
                raise Killed

    def at_commit(self, connection: Connection) -> None:
        """All was written, and is about to be kept; whoever dies now takes the connection along."""
        if self.after == 0:
            self.after = None
            connection.invalidate()
            raise Killed


# --- where it begins -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Start:
    """A partnership at a time of the year: copies of its database are made from here."""

    name: str
    now: datetime


def opened(uow: UnitOfWork, _: Path) -> datetime:
    """The partnership with its register, and its cycle open; says when."""
    agencies.init_partnership(uow, shipped(), now=OPENED)
    assert agencies.import_register(uow, REGISTER, partnership=CODE, now=OPENED, by="clerk").refused == ()
    cycles.open_cycle(
        uow, partnership=CODE, year=YEAR, panel_days=PANEL_DAYS, templates=shipped_templates(), now=OPENED, by="clerk"
    )
    return OPENED


def _run(uow: UnitOfWork, start: str, end: str, days: int) -> datetime:
    now = at(start)
    while now <= at(end):
        tick(uow, now=now)
        deliver(uow, Post(), POLICY, now=now)
        now += timedelta(days=days)
    return at(end)


def _to_october(uow: UnitOfWork, _: Path) -> datetime:
    return _run(uow, "2026-06-29 12:00", "2026-10-12 12:00", 7)


def _to_november(uow: UnitOfWork, folder: Path) -> datetime:
    _comes(uow, folder, "01", b"the report of 01", at("2026-10-12 15:00"))
    _run(uow, "2026-10-19 12:00", "2026-10-30 12:00", 1)
    _comes(uow, folder, "02", b"the report of 02", at("2026-10-30 15:00"))
    return _run(uow, "2026-10-31 12:00", "2026-11-09 12:00", 3)


def _comes(uow: UnitOfWork, folder: Path, code: str, content: bytes, now: datetime) -> None:
    receive(uow, Documents(folder), _ref(code), [("report.docx", content)], now=now, by="clerk", sender="pat@x.example")


def _to_january(uow: UnitOfWork, _: Path) -> datetime:
    came = at("2026-11-12 17:00")
    for code in ("01", "02"):
        sessions.record(uow, _ref(code), "attended", now=came, by="clerk")
        assessments.assess(uow, _ref(code), judgement(), now=came + timedelta(days=9), by="clerk")
        assessments.agree(uow, _ref(code), now=came + timedelta(days=30), by="clerk")
    return _run(uow, "2026-12-14 12:00", "2027-01-05 12:00", 8)


STAGES: tuple[tuple[str, Callable[[UnitOfWork, Path], datetime]], ...] = (
    ("June", opened), ("October", _to_october), ("November", _to_november), ("January", _to_january),
)  # fmt: skip


def _ref(code: str) -> str:
    return f"{CODE}-{YEAR}-{code}"


@dataclass
class Ground:
    """The one database the machine works on, and how it is brought back to a start."""

    engine: Engine
    folder: Path
    starts: list[Start]
    reset: Callable[[str], None]
    death: Death = field(default_factory=Death)
    counted: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        event.listen(self.engine, "before_cursor_execute", self.death.at_statement)
        event.listen(self.engine, "commit", self.death.at_commit)


def sqlite_starts(engine: Engine, path: Path, folder: Path, *, only: Sequence[str] = ()) -> Ground:
    """Starts as files to copy over *path*, which *engine* has open; *only* these, if given."""
    uow, starts = UnitOfWork(engine), []
    for name, lead_on in STAGES:
        starts.append(Start(name, lead_on(uow, folder)))
        engine.dispose()
        shutil.copyfile(path, folder / f"{name}.start")
        if name in only[-1:]:
            break

    def reset(name: str) -> None:
        engine.dispose()
        for part in ("-wal", "-shm"):
            path.with_name(path.name + part).unlink(missing_ok=True)
        shutil.copyfile(folder / f"{name}.start", path)

    return Ground(engine, folder, [start for start in starts if not only or start.name in only], reset)


@contextmanager
def postgres_starts(postgres: Postgres, folder: Path, only: Sequence[str]) -> Iterator[Ground]:
    """Starts as databases to make the one that is played on from."""
    postgres.run(f"CREATE DATABASE played TEMPLATE {TEMPLATE} STRATEGY file_copy")
    engine, starts = open_engine(postgres.address.format("played")), []
    made = []
    for name, lead_on in STAGES:
        starts.append(Start(name, lead_on(UnitOfWork(engine), folder)))
        engine.dispose()
        postgres.run(f"CREATE DATABASE start_{name.lower()} TEMPLATE played STRATEGY file_copy")
        made.append(name)
        if name == only[-1]:
            break

    def reset(name: str) -> None:
        engine.dispose()
        postgres.run("DROP DATABASE played WITH (FORCE)")
        postgres.run(f"CREATE DATABASE played TEMPLATE start_{name.lower()} STRATEGY file_copy")

    try:
        yield Ground(engine, folder, [start for start in starts if start.name in only], reset)
    finally:
        engine.dispose()
        for name in made:
            postgres.run(f"DROP DATABASE start_{name.lower()} WITH (FORCE)")
        postgres.run("DROP DATABASE played WITH (FORCE)")


# --- what can be done to a case --------------------------------------------------------------------------------------

Does = Callable[["Office", str, int], object]


def _working(on: date, days: int) -> date:
    day = on + timedelta(days=days)
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() > 4 else day


def _on_case(make: Callable[[Office, int], acts.Act]) -> Does:
    return lambda office, ref, pick: cases.act(office.uow, ref, make(office, pick), by="clerk", now=office.now)


def _later(office: Office, pick: int) -> date:
    return _working(london.day_of(office.now), (3, 8, 21, 45)[pick % 4])


def _receives(office: Office, ref: str, pick: int) -> object:
    content = f"report {pick % 3} of {ref}".encode()
    arrived = office.now - timedelta(days=(0, 0, 2, 9)[pick % 4])
    return receive(
        office.uow, Documents(office.ground.folder), ref, [("report.docx", content)], now=office.now, by="clerk",
        sender=f"pat{pick % 2}@agency.example", arrived_at=arrived, addresses=("1", "2") if pick % 3 == 1 else None,
    )  # fmt: skip


def _accepts(office: Office, ref: str, pick: int) -> object:
    signed_by = "the director" if pick % 5 else ""
    what = acts.AcceptReport("it will do" if pick % 2 else "", "the post was slow" if pick % 3 == 0 else "", signed_by)
    leaves_out = ("03",) if ref.endswith("-02") and pick % 4 == 3 else ()
    return cases.accept(office.uow, ref, what, not_covering=leaves_out, by="clerk", now=office.now)


def _moves(office: Office, ref: str, pick: int) -> object:
    day = (*PANEL_DAYS, *MORE_DAYS)[pick % 5]
    to = london.instant(day, time(9 + pick % 4, 30 * (pick % 2)))
    asked_by: sessions.AskedBy = "agency" if pick % 2 else "panel"
    return sessions.move(
        office.uow, ref, to=to, asked_by=asked_by, now=office.now, by="clerk", reason="a clash", consent=pick % 3 == 0
    )


def _another(pick: int) -> str:
    return _ref(("01", "02", "05", "06")[pick // 5 % 4])


def _changes_places(office: Office, ref: str, pick: int) -> object:
    asked_by: sessions.AskedBy = "agency" if pick % 2 else "panel"
    return sessions.swap(
        office.uow, ref, _another(pick), asked_by=asked_by, now=office.now, by="clerk", consent=pick % 3 == 0,
        allowed=pick % 4 == 0,
    )  # fmt: skip


def _sees_to_a_wish(office: Office, ref: str, pick: int) -> object:
    """Another time is asked for, offered, offered to another agency, accepted, declined."""
    to = london.instant((*PANEL_DAYS, *MORE_DAYS)[pick % 5], time(13 + pick % 3, 30))
    match pick % 5:
        case 0:
            return sessions.ask(office.uow, ref, wanted=to, allowed=pick % 2 == 0, now=office.now, by="clerk")
        case 1:
            return sessions.offer(office.uow, ref, to=to, now=office.now, by="clerk")
        case 2:
            return sessions.offer_exchange(office.uow, _another(pick), wanted_by=ref, now=office.now, by="clerk")
        case 3:
            return sessions.accept_offer(office.uow, ref, now=office.now, by="clerk")
        case _:
            return sessions.decline_offer(office.uow, ref, now=office.now, by="clerk")


def _has_an_interest(office: Office, ref: str, pick: int) -> object:
    member = ("Lay Member", "Independent Scrutineer", "Executive Chair")[pick // 2 % 3]
    what = sessions.withdraw_interest if pick % 2 else sessions.declare_interest
    return what(office.uow, ref, member, reason="a relative", now=office.now, by="clerk")


def _records(office: Office, ref: str, pick: int) -> object:
    outcome: Any = ("attended", "in-part", "absent")[pick % 3]
    came = ((), ("a colleague",), ("contact", "a colleague"))[pick // 3 % 3]
    return sessions.record(
        office.uow, ref, outcome, now=office.now, by="clerk", minutes=20, notice=pick % 2 == 0, came=came
    )


def _replies(office: Office, ref: str, pick: int) -> object:
    answer: Any = ("accepted", "declined", "tentative")[pick % 3]
    attendee = f"{ref[-2:]}@agency.example" if ref[-2:] != "02" else ("a@agency.example", "b@agency.example")[pick % 2]
    return sessions.reply(office.uow, ref, attendee, answer, now=office.now, by="clerk")


def _covers(office: Office, ref: str, pick: int) -> object:
    lead = _ref(("02", "01", "06")[pick % 3])
    return cases.cover(office.uow, ref, lead_ref=lead, by="clerk", now=office.now)


def _revives(office: Office, ref: str, pick: int) -> object:
    what = acts.Revive("it exists after all", _later(office, pick) if pick % 2 else None)
    return cases.revive(office.uow, ref, what, by="clerk", now=office.now)


def _extends(office: Office, pick: int) -> acts.Act:
    to = (date(2026, 10, 30), date(2026, 11, 5), _later(office, pick))[pick % 3]
    return acts.Extend(to, "staff changes", panel_consents=pick % 2 == 0, by_chair=pick % 4 == 0)


def _splits(office: Office, ref: str, pick: int) -> object:
    what = joint_reports.split if pick % 2 else joint_reports.annex
    return what(office.uow, ref, reason="it wrote to us", now=office.now, by="clerk")


def _sees_to_a_version(office: Office, ref: str, pick: int) -> object:
    what = (choose, restricted.restrict, restricted.look_through, restricted.restrict)[pick // 2 % 4]
    return what(office.uow, ref, 1 + pick % 2, reason="a child is named", now=office.now, by="clerk")


def _sets(office: Office, pick: int) -> acts.Act:
    period = (date(2024, 4, 1), date(2026, 3, 31 - pick % 2))
    return acts.SetPeriod(*period, "a year missed") if pick % 2 else acts.SetTrack(tuple(Track)[pick % 4], "agreed")


E = CaseEvent
TO_CASE: dict[CaseEvent, Does] = {
    E.RECEIVE_REPORT: _receives,
    E.RETURN_REPORT: _on_case(lambda o, n: acts.ReturnReport(("standard 3",), _later(o, n))),
    E.ACCEPT_REPORT: _accepts,
    E.WITHDRAW_REPORT: _on_case(lambda o, n: acts.WithdrawReport("sent by mistake")),
    E.CONSIDER: _on_case(lambda o, n: acts.Consider(*(("attendance", ""), ("on paper", "nobody came"))[n % 2])),
    E.ASSESS: lambda o, ref, n: assessments.assess(o.uow, ref, judgement(), now=o.now, by="clerk"),
    E.AGREE: lambda o, ref, n: assessments.agree(o.uow, ref, now=o.now, by="clerk", early="it has no corrections"),
    E.EXCUSE: _on_case(lambda o, n: acts.Excuse("disbanded", "the Board")),
    E.COVER: _covers,
    E.SPLIT: _splits,
    E.REQUEST_REPORT: _on_case(_sets),
    E.REVIVE: _revives,
    E.VOID: _on_case(lambda o, n: acts.Void("a mistake")),
    E.EXTEND: _on_case(_extends),
    E.CORRECT: _on_case(lambda o, n: acts.Correct("it was late", "it was in time", ("", "non_submission")[n % 2])),
    E.REOPEN: _on_case(lambda o, n: acts.Reopen("a rating was wrong")),
    E.INCLUDE_IN_REPORT: _sees_to_a_version,
}
TO_SESSION: tuple[Does, ...] = (
    _moves,
    _records,
    _replies,
    _on_case(lambda o, n: acts.CancelSession("they cannot come")),
    _changes_places,
    _sees_to_a_wish,
    _has_an_interest,
)
TO_ESCALATION: tuple[Does, ...] = (
    _on_case(lambda o, n: acts.Hold(_later(o, n), "illness")),
    _on_case(lambda o, n: acts.Resume("no answer")),
    _on_case(lambda o, n: acts.Acknowledge()),
    _on_case(lambda o, n: acts.FollowUp("Please write to me.")),
    _on_case(lambda o, n: acts.StandDownEscalation("they answered me")),
)
Options = list[tuple[str, Does]]
ANYTHING: tuple[Does, ...] = (*TO_CASE.values(), *TO_SESSION, *TO_ESCALATION)


# --- what can be done to the year ------------------------------------------------------------------------------------


def _of_year(step: Callable[..., object], **more: Any) -> Does:
    return lambda o, _, n: step(o.uow, partnership=CODE, year=YEAR, now=o.now, by="clerk", **more)


def _a_day_more(office: Office, _: str, pick: int) -> object:
    day = MORE_DAYS[pick % len(MORE_DAYS)]
    return panel_days.add_day(
        office.uow, partnership=CODE, year=YEAR, day=day, now=office.now, by="clerk", reserve=pick % 2 == 0
    )


def _a_day_less(office: Office, _: str, pick: int) -> object:
    days = (*PANEL_DAYS, *MORE_DAYS)
    return panel_days.stand_down_day(
        office.uow, partnership=CODE, year=YEAR, day=days[pick % 5], reason="snow", now=office.now, by="clerk",
        reserve=days[(pick + 1) % 5] if pick % 2 else None,
    )  # fmt: skip


def _moves_day(office: Office, _: str, pick: int) -> object:
    days = (*PANEL_DAYS, *MORE_DAYS)
    return panel_days.move_day(
        office.uow, partnership=CODE, year=YEAR, day=days[pick % 2], to=days[(pick + 1 + pick // 2) % 5],
        now=office.now, by="clerk", reason="a clash", consent=pick % 3 == 0,
    )  # fmt: skip


def _changes_register(office: Office, _: str, pick: int) -> object:
    text = REGISTERS[pick % len(REGISTERS)]
    return agencies.import_register(office.uow, text, partnership=CODE, now=office.now, by="clerk")


def _adds_agency(office: Office, _: str, pick: int) -> object:
    return cycles.add_agency(
        office.uow, partnership=CODE, year=YEAR, code="07", track=tuple(Track)[pick % 4], now=office.now, by="clerk"
    )


def _changes_definition(office: Office, _: str, pick: int) -> object:
    """The next cycle's rules: the running one keeps the ones it was opened with."""
    text = shipped().replace("days = -28,", f"days = -{35 + pick % 2},")
    with office.uow.write() as connection:
        digest = rulebooks.pin(connection, "definition", text)
        (home,) = queries.partnerships(connection)
        was = record.left(connection, {home.id: {("partnership", None)}})[home.id]
        connection.execute(update(queries.partnership).values(definition_sha256=digest))
        entry = Entry(office.now, Note.SET_UP, "partnership", data={"definition": digest})
        agencies.record(connection, home.id, entry, now=office.now, by="clerk", was=was)
    return digest


def _adopts_holidays(office: Office, _: str, pick: int) -> object:
    proclaimed = {date(2026, 10, 20): "a jubilee", date(2026, 10, 9): "a funeral"}
    chosen = dict([list(proclaimed.items())[pick % 2]])
    published = england_and_wales(range(YEAR - 1, YEAR + 3)) | chosen
    return bank_holidays.adopt_holidays(
        office.uow, partnership=CODE, year=YEAR, published=published, now=office.now, by="clerk"
    )


def _holds_action(office: Office, _: str, pick: int) -> object:
    kind = tuple(ReviewKind)[pick % len(ReviewKind)]
    given = ReviewAction(0, "01", kind, f"Mend {pick % 4}", due=date(2027, 3, 1) if pick % 2 else None)
    code = f"0{1 + pick % 3}"
    return review_actions.add(office.uow, code, given, partnership=CODE, now=office.now, by="clerk")


def _changes_action(office: Office, _: str, pick: int) -> object:
    change = review_actions.Change(status=tuple(ActionStatus)[pick % 3], evidence=f"minute {pick}")
    return review_actions.set_(office.uow, 1 + pick % 4, change, partnership=CODE, now=office.now, by="clerk")


def _closes_day(office: Office, _: str, pick: int) -> object:
    day = (date(2026, 10, 20), date(2026, 10, 9), date(2026, 11, 3), date(2026, 12, 1))[pick % 4]
    return bank_holidays.close_day(
        office.uow, partnership=CODE, year=YEAR, day=day, reason="snow", consent=pick % 3 == 0, now=office.now,
        by="clerk",
    )  # fmt: skip


def _adopts_definition(office: Office, _: str, pick: int) -> object:
    text = shipped().replace("days = -21,", f"days = -{(21, 14, 24)[pick % 3]},")
    return definitions.adopt_definition(
        office.uow, text, partnership=CODE, running=YEAR if pick % 2 else None, now=office.now, by="clerk"
    )


def _contact_leaves(office: Office, _: str, pick: int) -> object:
    code = CODES[pick % len(CODES)]
    return contacts.contact_left(office.uow, partnership=CODE, code=code, how="", now=office.now, by="clerk")


def _hands_over(office: Office, _: str, pick: int) -> object:
    code, to = CODES[pick % len(CODES)], contacts.Person(f"next{pick}@agency.example", "Next", "")
    return contacts.hand_over(office.uow, partnership=CODE, code=code, to=to, now=office.now, by="clerk")


def _succeeds(office: Office, _: str, pick: int) -> object:
    code, other = CODES[pick % len(CODES)], CODES[(pick * 7 + 1) % len(CODES)]
    given: dict[str, Any] = {"partnership": CODE, "on": london.day_of(office.now), "reason": "an order"}
    given |= {"now": office.now, "by": "clerk"}
    match pick % 4:
        case 0:
            return successions.rename(office.uow, code=code, name=f"Renamed {office.now}", **given)
        case 1:
            return successions.merge(office.uow, codes=[code], into=other, **given)
        case 2:
            return successions.abolish(office.uow, code=code, successor=other, **given)
    return successions.recommission(office.uow, code=code, name="Provider", commissioner=other, **given)


def _writes_text(office: Office, _: str, pick: int) -> object:
    text = f'themes = ["Theme {pick}"]\n'
    return publication.set_report_text(office.uow, text, partnership=CODE, year=YEAR, now=office.now, by="clerk")


def _decides_naming(office: Office, _: str, pick: int) -> object:
    publication.decide_naming(
        office.uow, "named" if pick % 2 else "counted", authority="The Executive", partnership=CODE, year=YEAR,
        now=office.now, by="clerk",
    )  # fmt: skip
    return None


TO_YEAR: dict[str, Does] = {
    "close a day": _closes_day,
    "adopt a definition": _adopts_definition,
    "a contact leaves": _contact_leaves,
    "hand over": _hands_over,
    "hand over to another": _hands_over,
    "an agency changes": _succeeds,
    "hold an action from a review": _holds_action,
    "change an action from a review": _changes_action,
    "add a day": _a_day_more,
    "stand a day down": _a_day_less,
    "move a day": _moves_day,
    "plan sessions": _of_year(panel_days.plan_sessions),
    "change the register": _changes_register,
    "change the register again": _changes_register,
    "add an agency": _adds_agency,
    "change the definition": _changes_definition,
    "adopt holidays": _adopts_holidays,
    "write the report's text": _writes_text,
    "decide on naming": _decides_naming,
    "approve the report": _of_year(conclusion.approve_report),
    "make the statement": _of_year(conclusion.include_in_statement),
    "close": _of_year(conclusion.close),
    "reopen the report": _of_year(conclusion.reopen_report, reason="a figure was wrong"),
}


# --- what can come by mail -------------------------------------------------------------------------------------------


def _report_mail(office: Office, ref: str, pick: int) -> bytes:
    """A report: with its reference or without, of those that are received otherwise too, from somebody or nobody."""
    sender = (f"{ref[-2:]}@agency.example", f"chief{ref[-2:]}@agency.example", "pat@elsewhere.example")[pick % 3]
    files = [("report.txt", f"report {pick % 3} of {ref}".encode())]
    return mails.mail(sender, f"Our report {ref}" if pick % 2 else "as promised", files=files)


def _bounce_mail(office: Office, ref: str, pick: int) -> bytes:
    message = queries.message
    with office.uow.read() as connection:
        left = select(message.c.to_address, message.c.message_id).where(message.c.message_id.is_not(None))
        letters = connection.execute(left.order_by(message.c.id.desc()).limit(12)).all()
    address, about = letters[pick % len(letters)] if letters else ("01@agency.example", "<unknown@section11.example>")
    status, action = (("5.1.1", "failed"), ("4.2.2", "failed"), ("4.4.1", "delayed"), ("2.0.0", "delivered"))[pick % 4]
    return mails.bounce(address, "" if pick == 11 else about, status=status, action=action)


_ANSWERS = ("ACCEPTED", "DECLINED", "TENTATIVE", "NEEDS-ACTION", "DELEGATED", "X-PERHAPS")


def _calendar_mail(office: Office, ref: str, pick: int) -> bytes:
    with office.uow.read() as connection:
        case_id = office.seen[ref].id if ref in office.seen else 0
        found = queries.sessions(connection, [case_id]).get(case_id, [])
    uid = str(found[-1].uid) if found else "nothing@section11.example"
    who = ("a@agency.example", "b@agency.example", f"{ref[-2:]}@agency.example", "pat@elsewhere.example")[pick % 4]
    method = "REFRESH" if pick % 5 == 2 else "REPLY"
    raw = mails.answer(uid, who, _ANSWERS[pick % len(_ANSWERS)], sequence=pick % 3, method=method)
    if pick % 5 == 4:  # another time, please
        raw = raw.replace(b"REPLY", b"COUNTER").replace(b"DTSTAMP", b"DTSTART:20261112T140000Z\nDTSTAMP")
    return raw.replace(b"20261002T110000Z", f"202610{10 + pick:02}T110000Z".encode())


def _away_mail(office: Office, ref: str, pick: int) -> bytes:
    text = "I no longer work for the council." if pick % 3 == 0 else "I am back on Monday."
    return mails.away(f"{ref[-2:]}@agency.example" if pick % 4 else "pat@elsewhere.example", text)


def _no_mail(office: Office, ref: str, pick: int) -> bytes:
    return (b"", b"Content-Type: message/rfc822\n\n" * 30, b"Subject: =?idna?b?/w==?=\n\n\xff")[pick % 3]


BY_MAIL: dict[str, Callable[[Office, str, int], bytes]] = {
    "a report by mail": _report_mail,
    "another report by mail": _report_mail,
    "a bounce": _bounce_mail,
    "an answer of a calendar": _calendar_mail,
    "another answer of a calendar": _calendar_mail,
    "an automatic answer": _away_mail,
    "mail that cannot be read": _no_mail,
}


def _in_tray(does: Callable[..., object], *more: str) -> Callable[[Office, int, str], object]:
    return lambda office, mail_id, ref: does(office.uow, mail_id, *more or (ref,), now=office.now, by="clerk")


TO_MAIL: dict[str, Callable[[Office, int, str], object]] = {
    "ignore": _in_tray(inbox.ignore, "junk"),
    "file": _in_tray(inbox.file),
    "remember": _in_tray(inbox.remember_sender),
    "file as a report": lambda o, mail_id, ref: inbox.file_report(
        o.uow, Documents(o.ground.folder), mail_id, ref, now=o.now, by="clerk"
    ),
    "refile": lambda o, mail_id, ref: inbox.refile(
        o.uow, Documents(o.ground.folder), mail_id, ref, now=o.now, by="clerk"
    ),
    "look again": lambda o, mail_id, ref: intake.look_again(
        o.uow, Documents(o.ground.folder), ReadsHere(), mail_id, now=o.now
    ),
}


# --- the machine -----------------------------------------------------------------------------------------------------

HOURS = st.sampled_from([0, 0, 0, 1, 5, 17, 24, 24, 48, 72, 120, 240])
PICK = st.integers(0, 11)
CHOICE = st.integers(0, 199)
DIES = st.sampled_from([None] * 60 + [0, 0, 1, 4, 7, 11, 16, 23, 32, 45])
MOODS = st.lists(st.sampled_from(["sent", "sent", "sent", *OUTCOMES]), min_size=1, max_size=5)


class Office(RuleBasedStateMachine):
    """A partnership to which everything happens that can happen, whenever it can."""

    ground: ClassVar[Ground]
    uow: UnitOfWork
    now: datetime

    def __init__(self) -> None:
        super().__init__()
        self.uow = UnitOfWork(self.ground.engine)
        self.now = OPENED
        self.seen: dict[str, Any] = {}
        self.letters = 0
        self.box, self.came = Letterbox(), list[bytes]()
        self.steps = self.since_forecast = 0
        self.sound = True

    @initialize(which=st.integers(0, len(STAGES) - 1))
    def begin(self, which: int) -> None:
        start = self.ground.starts[which % len(self.ground.starts)]
        self.ground.reset(start.name)
        self.now = start.now
        self._look()

    # --- the clock

    @rule(hours=HOURS, dies=DIES)
    def ticks(self, hours: int, dies: int | None) -> None:
        self._wait(hours)
        self._does(lambda: tick(self.uow, now=self.now), dies, "tick", in_one=False)

    @rule(days=st.sampled_from([2, 5, 13, 35]))
    def ticks_late(self, days: int) -> None:
        self._wait(24 * days)
        self._does(lambda: tick(self.uow, now=self.now), None, "tick late", in_one=False)

    @rule(times=st.integers(1, 3))
    def ticks_in_time(self, times: int) -> None:
        for _ in range(times):
            due = [row.next_due_at for row in self.seen.values() if row.next_due_at is not None]
            self.now = max(self.now, min(due, default=self.now))
            self._does(lambda: tick(self.uow, now=self.now), None, "tick in time", in_one=False)

    @rule(back=st.sampled_from([1, 24, 24 * 40]))
    def ticks_twice_and_in_the_past(self, back: int) -> None:
        tick(self.uow, now=self.now)
        again = [tick(self.uow, now=self.now), tick(self.uow, now=self.now - timedelta(hours=back))]
        assert [(x.subjects, x.events, x.messages, x.incidents) for x in again] == [(0, 0, 0, 0)] * 2
        self._did("tick twice")

    @rule(moods=MOODS, limit=st.integers(1, 6), dies=DIES, hours=HOURS)
    def delivers(self, moods: list[str], limit: int, dies: int | None, hours: int) -> None:
        self._wait(hours)
        self._does(
            lambda: deliver(self.uow, MovingPost(moods), POLICY, now=self.now, limit=limit),
            dies, "deliver", in_one=False,
        )  # fmt: skip

    @precondition(lambda self: self.since_forecast > 12)
    @rule(days=st.sampled_from([1, 3, 9]))
    def nothing_happens_for_a_while(self, days: int) -> None:
        """What the forecast says is what is then owed, by a clock that is never late."""
        end = self.now + timedelta(days=days)
        unreached = self._unreached()
        foreseen = Counter(_letter(x) for x in forecast(self.uow, now=self.now, to=end) if x.subject not in unreached)
        while self.now <= end:
            assert tick(self.uow, now=self.now).incidents == 0
            self.now = self._next_due(after=self.now)
        self.now = end
        with self.uow.read() as connection:
            rows = connection.execute(select(queries.message).where(queries.message.c.id > self.letters)).all()
        assert Counter(_letter(row) for row in rows if row.subject not in unreached) == foreseen
        self._did("forecast")
        self.since_forecast = 0

    # --- people

    @rule(choice=CHOICE, pick=PICK, hours=HOURS, dies=DIES)
    def a_case_is_seen_to(self, choice: int, pick: int, hours: int, dies: int | None) -> None:
        self._one_of(self._to_cases(), choice, pick, hours, dies)

    @rule(choice=CHOICE, pick=PICK, hours=HOURS, dies=DIES)
    def a_report_is_seen_to(self, choice: int, pick: int, hours: int, dies: int | None) -> None:
        about_reports = (_receives, _accepts, TO_CASE[E.RETURN_REPORT], TO_CASE[E.WITHDRAW_REPORT], TO_CASE[E.CONSIDER])
        self._one_of([x for x in self._to_cases() if x[1] in about_reports], choice, pick, hours, dies)

    @rule(choice=CHOICE, pick=PICK, hours=HOURS, dies=DIES)
    def a_session_is_seen_to(self, choice: int, pick: int, hours: int, dies: int | None) -> None:
        self._one_of(self._to_sessions(), choice, pick, hours, dies)

    @rule(choice=CHOICE, pick=PICK, hours=HOURS, dies=DIES)
    def an_escalation_is_seen_to(self, choice: int, pick: int, hours: int, dies: int | None) -> None:
        self._one_of(self._to_escalations(), choice, pick, hours, dies)

    @rule(code=st.sampled_from(CODES), choice=st.integers(0, len(ANYTHING) - 1), pick=PICK, hours=HOURS)
    def somebody_tries_anything(self, code: str, choice: int, pick: int, hours: int) -> None:
        self._wait(hours)
        self._acts_on_case(_ref(code), ANYTHING[choice], pick, None)

    @rule(what=st.sampled_from(sorted(TO_YEAR)), pick=PICK, hours=HOURS, dies=DIES)
    def the_year_changes(self, what: str, pick: int, hours: int, dies: int | None) -> None:
        self._wait(hours)
        self._does(lambda: TO_YEAR[what](self, "", pick), dies, what)

    @rule(code=st.sampled_from((None, *CODES)), days=st.sampled_from([0, 1, 6, 20]), dies=DIES)
    def mail_comes(self, code: str | None, days: int, dies: int | None) -> None:
        arrived_at = self.now - timedelta(days=days)
        ref = None if code is None else _ref(code)
        self._does(
            lambda: inbox.add(
                self.uow, partnership=CODE, arrived_at=arrived_at, now=self.now, by="clerk", case_ref=ref, note="?"
            ),
            dies, "mail comes",
        )  # fmt: skip

    @rule(what=st.sampled_from(sorted(BY_MAIL)), code=st.sampled_from(CODES), pick=PICK, hours=HOURS, dies=DIES)
    def mail_is_collected(self, what: str, code: str, pick: int, hours: int, dies: int | None) -> None:
        """Something comes, perhaps not for the first time; and what came before and died on the way comes again."""
        self._wait(hours)
        raw = BY_MAIL[what](self, _ref(code), pick)
        self.came.append(self.came[pick % len(self.came)] if self.came and pick % 7 == 6 else raw)
        self.box.put(self.came[-1], self.now - timedelta(days=(0, 0, 0, 1, 6)[pick % 5]))
        done = self._does(
            lambda: intake.collect(
                self.uow, self._documents, self.box, ReadsHere(), partnership=CODE, now=self.now
            ),
            dies, what, in_one=False,
        )  # fmt: skip
        if done:
            kept = [each for each in inbox.everything(self.uow, partnership=CODE) if each.sha256]
            assert (self.box.mails, [each for each in kept if each.kind is None and each.decision is None]) == ({}, [])
            assert sorted(str(each.sha256) for each in kept) == sorted({sha256(raw).hexdigest() for raw in self.came})

    @rule(what=st.sampled_from(sorted(TO_MAIL)), code=st.sampled_from(CODES), hours=HOURS, dies=DIES, pick=PICK)
    def mail_is_decided_on(self, what: str, code: str, hours: int, dies: int | None, pick: int) -> None:
        self._wait(hours)
        decided = what in ("refile", "remember")
        mail = [each for each in inbox.everything(self.uow, partnership=CODE) if (each.decision is not None) == decided]
        if mail:
            chosen = mail[pick % len(mail)].id
            self._does(lambda: TO_MAIL[what](self, chosen, _ref(code)), dies, what, in_one=what != "look again")

    @property
    def _documents(self) -> Documents:
        return Documents(self.ground.folder)

    @rule(what=st.sampled_from(["hold", "release", "retry", "withdraw", "arrived"]), pick=st.integers(0, 99), dies=DIES)
    def somebody_sees_to_a_letter(self, what: str, pick: int, dies: int | None) -> None:
        message = queries.message
        with self.uow.read() as connection:
            statement = select(message.c.id).where(message.c.status != "SENT").order_by(message.c.id.desc()).limit(12)
            ids = list(connection.scalars(statement))
        if ids:
            does = getattr(outbox, what)
            self._does(
                lambda: does(self.uow, ids[pick % len(ids)], "why not", by="clerk", now=self.now),
                dies,
                f"letter {what}",
            )

    @rule(pick=st.integers(0, 99), hours=HOURS, dies=DIES)
    def a_letter_left_by_mistake(self, pick: int, hours: int, dies: int | None) -> None:
        self._wait(hours)
        message = queries.message
        with self.uow.read() as connection:
            statement = select(message.c.id).where(message.c.status == "SENT").order_by(message.c.id.desc()).limit(12)
            ids = list(connection.scalars(statement))
        if ids:
            which = ids[pick % len(ids)]
            self._does(
                lambda: corrections.correct(self.uow, which, wrong="not them", by="clerk", now=self.now),
                dies,
                "correct",
            )

    # --- what it does it with

    def _wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    def _one_of(self, options: Options, choice: int, pick: int, hours: int, dies: int | None) -> None:
        self._wait(hours)
        if options:
            ref, does = options[choice % len(options)]
            self._acts_on_case(ref, does, pick, dies)

    def _acts_on_case(self, ref: str, does: Does, pick: int, dies: int | None) -> None:
        row = self.seen[ref]
        was_owed = row.next_due_at is not None and row.next_due_at <= self.now
        done = self._does(lambda: does(self, ref, pick), dies, "act")
        if done and was_owed and row.seq != self.seen[ref].seq:
            assert self._settled(row), f"{ref}: what the clock owed it was not done before the act"

    def _settled(self, before: Any) -> bool:
        history = queries.history
        first = select(history.c.actor_id, history.c.due_key).where(
            history.c.subject_id == before.id, history.c.seq == before.seq + 1
        )
        with self.uow.read() as connection:
            actor, due_key = connection.execute(first).one()
        # The same report again is noted, and changes nothing that a missed tick could.
        return (actor == CLOCK and due_key is not None) or self._duplicate(before)

    def _duplicate(self, before: Any) -> bool:
        history = queries.history
        events = select(history.c.event).where(history.c.subject_id == before.id, history.c.seq > before.seq)
        with self.uow.read() as connection:
            return set(connection.scalars(events)) <= {"DUPLICATE_REPORT", "SUBMISSION_CHOSEN"}

    def _does(self, does: Callable[[], object], dies: int | None, what: str, *, in_one: bool = True) -> bool:
        """Do it; refused, or dead within its one transaction, it changed nothing. Says whether it was done."""
        self.sound = False
        try:
            with self.ground.death.within(dies):
                does()
        except (S11Error, WrongAssessmentError) as refused:
            self.ground.counted["refused"] += 1
            self._unchanged(f"{what} was refused ({refused}) and changed something")
            self.sound = True
            return False
        except Killed:
            self.ground.counted["died"] += 1
            if in_one:
                self._unchanged(f"{what} died and changed something")
            self._look()
            self.sound = True
            return False
        self._did(what)
        return True

    def _did(self, what: str) -> None:
        self.ground.counted[what] += 1
        self.steps += 1
        self.since_forecast += 1
        before = self.seen
        self._look()
        changed = [row for ref, row in self.seen.items() if before.get(ref) != row]
        self._check(changed)
        self.sound = True

    def _look(self) -> None:
        """Remember how every subject stands and which letter is the newest."""
        self.seen, self.letters = self._as_it_is()

    def _as_it_is(self) -> tuple[dict[str, Any], int]:
        with self.uow.read() as connection:
            rows = {row.ref: row for row in connection.execute(_SUBJECTS)}
            return rows, connection.scalar(_NEWEST) or 0

    def _unchanged(self, complaint: str) -> None:
        assert self._as_it_is() == (self.seen, self.letters), complaint

    def _next_due(self, after: datetime) -> datetime:
        with self.uow.read() as connection:
            found = connection.scalar(_FIRST_DUE)
        assert found is None or found > after, "a tick left something owed"
        return found or after + timedelta(days=400)

    def _unreached(self) -> set[str]:
        """The cases of which a forecast may not assume that their letters arrive."""
        with self.uow.read() as connection:
            ids = [row.id for row in self.seen.values() if row.kind == "case"]
            unreached = queries.without_notice(connection, ids) | queries.not_reached_since(connection, ids)
            return {row.ref for row in self.seen.values() if row.id in unreached}

    def _cases(self) -> dict[int, Any]:
        return {row.id: row for row in self.seen.values() if row.kind == "case"}

    def _to_cases(self) -> Options:
        """What the lifecycle lets a person do to each case."""
        return [
            (row.ref, TO_CASE[event])
            for row in self._cases().values()
            for event in CASE.events_from(CaseState[row.state])
            if isinstance(event, CaseEvent) and event in TO_CASE
        ]

    def _to_sessions(self) -> Options:
        """What a person can do to each session that is still to be held or recorded."""
        ours = self._cases()
        with self.uow.read() as connection:
            found = queries.sessions(connection, list(ours))
        live = [case_id for case_id, rows in found.items() if SESSION.events_from(SessionState[rows[-1].state])]
        return [(ours[case_id].ref, does) for case_id in live for does in TO_SESSION]

    def _to_escalations(self) -> Options:
        """What a person can do to each escalation that runs, or may come."""
        ours = self._cases()
        with self.uow.read() as connection:
            found = queries.escalations(connection, list(ours))
        run = [case_id for case_id, rows in found.items() if ESCALATION.events_from(EscalationState[rows[-1].state])]
        may = [row.ref for row in ours.values() if row.state == CaseState.REQUESTED.value and row.id not in run]
        return [(ours[case_id].ref, does) for case_id in run for does in TO_ESCALATION] + [
            (ref, TO_ESCALATION[0]) for ref in may
        ]

    # --- what must hold

    def _check(self, changed: Sequence[Any]) -> None:
        """What of the invariants can be looked at after every step: those of the subjects that changed."""
        assert [row.ref for row in changed if row.parked_at is not None] == []
        with self.uow.read() as connection:
            sitting = {
                x.day for x in queries.panel_days_of(connection, self.seen[f"{CODE}-{YEAR}"].id) if x.state == "SITTING"
            }
            for kind in ("case", "panel_day", "partnership"):
                for loaded in load(connection, [row.id for row in changed if row.kind == kind], kind):
                    assert next_due_at(loaded.rules, loaded.facts) == loaded.next_due_at, loaded.ref
                    if isinstance(loaded.facts, CaseFacts):
                        holidays = {date(2026, 10, 20), date(2026, 10, 9), date(2026, 11, 3), date(2026, 12, 1)}
                        faults = invariants.of_case(loaded.rules, loaded.facts, sitting, proclaimed=holidays)
                        assert faults == (), (loaded.ref, faults)

    @precondition(lambda self: self.steps > 15)
    @rule()
    def all_is_looked_at(self) -> None:
        broken = verify(self.uow, now=self.now).broken
        assert broken == (), broken
        self.steps = 0
        self.ground.counted["verified"] += 1

    def teardown(self) -> None:
        """At the end everything is looked at: chains, folds, dates, due instants, digests."""
        self.ground.counted["examples"] += 1
        if self.sound:  # or the fault that was found would be hidden by what it left
            broken = verify(self.uow, now=self.now).broken
            assert broken == (), broken
        super().teardown()


_subject = queries.subject
_SUBJECTS = select(
    _subject.c.id, _subject.c.kind, _subject.c.ref, _subject.c.state, _subject.c.version, _subject.c.seq,
    _subject.c.head, _subject.c.next_due_at, _subject.c.parked_at,
)  # fmt: skip
_NEWEST = select(func.max(queries.message.c.id))
_FIRST_DUE = select(func.min(_subject.c.next_due_at)).where(_subject.c.parked_at.is_(None))


def _letter(found: Any) -> tuple[Any, ...]:
    """A letter as a forecast and the outbox are compared."""
    return (
        found.dedupe_key, found.kind, found.subject, found.to_address, found.subject_line, found.why, found.at,
    )  # fmt: skip
