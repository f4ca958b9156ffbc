"""A lively year of eight agencies, lived day by day, and lived again with the clock away for a while."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import event, func, select

from calendars import london
from db import queries
from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from notifications.outcome import Closing, Outcome, Status, nothing
from notifications.policy import PostPolicy
from s11flow.cycles import shipped
from s11flow.domain import acts
from s11flow.domain.agenda import agenda
from s11flow.domain.model import CaseFacts, Note
from s11flow.letters.templates import shipped_templates
from s11flow.services import agencies, assessments, cases, conclusion, cycles, panel_days, sessions
from s11flow.services.delivery import deliver
from s11flow.services.subjects import Loaded, load
from s11flow.services.submissions import Documents, receive
from s11flow.services.tick import tick
from s11flow.services.verify import verify

CODE, YEAR = "GSCP", 2026
FIRST, DAYS = date(2026, 6, 1), 365
AT_NOON = time(12)
PANEL_DAYS = (date(2026, 11, 10), date(2026, 11, 12))

REGISTER = """\
code,name,category,status,status_reason,lead,contact_name,contact_role,contact_email,deputy_email,senior_leader_email,attendee_emails,remark
02,In Time,health,active,,,,Lead,02@agency.example,,chief02@agency.example,a02@agency.example;b02@agency.example,
03,Lead of Two,district council,active,,,,Lead,03@agency.example,,chief03@agency.example,,
04,Member,district council,active,,03,,Lead,04@agency.example,,chief04@agency.example,,
05,Extended and Late,school,active,,,,Lead,05@agency.example,deputy05@agency.example,chief05@agency.example,,
06,Held,school,active,,,,Lead,06@agency.example,,chief06@agency.example,,
07,Found Later,voluntary,no_contact,nobody known,,,,,,,,
08,Excused,police,active,,,,Lead,08@agency.example,,chief08@agency.example,,
11,Silent,health,active,,,,Lead,11@agency.example,,chief11@agency.example,,
"""
FOUND = """\
code,name,category,status,status_reason,contact_role,contact_email,senior_leader_email
07,Found Later,voluntary,active,,Lead,07@agency.example,chief07@agency.example
"""

Does = Callable[[UnitOfWork, Path, datetime], object]


class Act(NamedTuple):
    """What a person does, when; they do it whether or not the clock runs."""

    at: datetime
    what: str
    does: Does


def at(words: str) -> datetime:
    """The instant when clocks in London show *words*: `2026-10-20 17:00`."""
    on, clock = words.split(" ")
    return london.instant(date.fromisoformat(on), time.fromisoformat(clock))


def _ref(code: str) -> str:
    return f"{CODE}-{YEAR}-{code}"


def _to_case(code: str, what: acts.Act) -> Does:
    return lambda uow, _, now: cases.act(uow, _ref(code), what, by="clerk", now=now)


def _report(code: str, content: bytes, *addresses: str) -> Does:
    def comes(uow: UnitOfWork, folder: Path, now: datetime) -> object:
        files = [("report.docx", content)]
        return receive(
            uow, Documents(folder), _ref(code), files, now=now, by="clerk", sender=f"{code}@agency.example",
            addresses=addresses or None,
        )  # fmt: skip

    return comes


def judgement() -> str:
    """A judgement as the panel files it."""
    return json.dumps({"standards": [{"standard": n, "panel": "amber", "reason": "seen in it"} for n in "1234"]})


def _judged(code: str) -> Does:
    return lambda uow, _, now: assessments.assess(uow, _ref(code), judgement(), now=now, by="clerk")


def _agreed(code: str) -> Does:
    return lambda uow, _, now: assessments.agree(uow, _ref(code), now=now, by="clerk", early="it has no corrections")


def _moved(code: str, to: str, asked_by: sessions.AskedBy) -> Does:
    return lambda uow, _, now: sessions.move(
        uow, _ref(code), to=at(to), asked_by=asked_by, now=now, by="clerk", reason="a clash"
    )


def _replied(code: str, attendee: str, answer: Any) -> Does:
    return lambda uow, _, now: sessions.reply(uow, _ref(code), attendee, answer, now=now, by="clerk")


def _recorded(code: str, outcome: Any, **more: Any) -> Does:
    return lambda uow, _, now: sessions.record(uow, _ref(code), outcome, now=now, by="clerk", **more)


def _concluded(step: Callable[..., object]) -> Does:
    return lambda uow, _, now: step(uow, partnership=CODE, year=YEAR, now=now, by="clerk")


def _opens(uow: UnitOfWork, _: Path, now: datetime) -> object:
    agencies.init_partnership(uow, shipped(), now=now)
    assert agencies.import_register(uow, REGISTER, partnership=CODE, now=now, by="clerk").refused == ()
    return cycles.open_cycle(
        uow, partnership=CODE, year=YEAR, panel_days=PANEL_DAYS, templates=shipped_templates(), now=now, by="clerk"
    )


def _contact_found(uow: UnitOfWork, _: Path, now: datetime) -> object:
    assert agencies.import_register(uow, FOUND, partnership=CODE, now=now, by="clerk").refused == ()
    return panel_days.plan_sessions(uow, partnership=CODE, year=YEAR, now=now, by="clerk")


def _a_day_more(uow: UnitOfWork, _: Path, now: datetime) -> object:
    return panel_days.add_day(uow, partnership=CODE, year=YEAR, day=date(2026, 11, 17), now=now, by="clerk")


ACTS = tuple(
    Act(at(when), what, does)
    for when, what, does in (
        ("2026-06-01 09:00", "the cycle opens", _opens),
        ("2026-08-03 15:00", "a contact is found for 07", _contact_found),
        ("2026-08-04 10:00", "08 is excused after it was asked", _to_case("08", acts.Excuse("disbanded", "the Board"))),
        ("2026-09-15 10:00", "05 is given longer", _to_case("05", acts.Extend(date(2026, 10, 26), "staff changes"))),
        ("2026-09-28 10:00", "a day is added", _a_day_more),
        ("2026-10-05 14:00", "02 accepts", _replied("02", "a02@agency.example", "accepted")),
        ("2026-10-06 14:00", "02 asks for another time", _moved("02", "2026-11-17 09:30", "agency")),
        ("2026-10-07 14:00", "03 accepts", _replied("03", "03@agency.example", "accepted")),
        ("2026-10-08 16:00", "02 sends its report", _report("02", b"report of 02")),
        ("2026-10-12 16:00", "03 sends a part", _report("03", b"part of 03", "1", "2")),
        ("2026-10-13 10:00", "02 is accepted", _to_case("02", acts.AcceptReport())),
        ("2026-10-13 11:00", "03 is returned", _to_case("03", acts.ReturnReport(("3",), date(2026, 10, 30)))),
        ("2026-10-14 11:00", "06 is held", _to_case("06", acts.Hold(date(2026, 11, 9), "illness"))),
        ("2026-10-16 11:00", "07 sends its report", _report("07", b"report of 07")),
        ("2026-10-29 17:30", "05 sends its report late", _report("05", b"report of 05")),
        ("2026-10-30 15:00", "03 sends the rest", _report("03", b"the whole of 03")),
        ("2026-11-02 10:00", "03 is accepted", _to_case("03", acts.AcceptReport())),
        ("2026-11-03 10:00", "07 declines", _replied("07", "07@agency.example", "declined")),
        ("2026-11-04 10:00", "07 need not come", _to_case("07", acts.CancelSession("they cannot come"))),
        ("2026-11-10 16:00", "03 came", _recorded("03", "in-part", minutes=20)),
        ("2026-11-12 16:00", "05 came", _recorded("05", "attended")),
        ("2026-11-12 16:30", "06 did not come", _recorded("06", "absent")),
        ("2026-11-12 16:40", "11 did not come", _recorded("11", "absent", notice=True)),
        ("2026-11-17 10:00", "06 goes on", _to_case("06", acts.Resume("no answer"))),
        ("2026-11-17 16:00", "02 came", _recorded("02", "attended")),
        ("2026-11-18 10:00", "07 is seen on paper", _to_case("07", acts.Consider("on paper", "they could not come"))),
        *((f"2026-11-{day} 10:00", f"{code} is judged", _judged(code))
          for day, code in ((24, "02"), (25, "03"), (26, "05"), (27, "07"))),
        ("2026-12-01 10:00", "02 is corrected by a further version", _report("02", b"an addendum of 02")),
        *((f"2026-12-{day} 10:00", f"{code} is agreed", _agreed(code))
          for day, code in ((14, "02"), (15, "03"), (16, "05"), (17, "07"))),
        ("2026-12-21 10:00", "the Chair has seen 11", _to_case("11", acts.Acknowledge())),
        ("2026-12-22 10:00", "the Chair writes about 06", _to_case("06", acts.FollowUp("Please write to me."))),
        ("2027-01-06 10:00", "the Chair stops 06", _to_case("06", acts.StandDownEscalation("they answered me"))),
        ("2027-01-18 10:00", "05 is opened again", _to_case("05", acts.Reopen("a rating was wrong"))),
        ("2027-01-19 10:00", "05 is judged again", _judged("05")),
        ("2027-02-02 10:00", "05 is agreed again", _agreed("05")),
        ("2027-02-08 10:00", "the report is approved", _concluded(conclusion.approve_report)),
        ("2027-03-08 10:00", "the statement is made", _concluded(conclusion.include_in_statement)),
        ("2027-04-12 10:00", "the cycle is closed", _concluded(conclusion.close)),
    )
)  # fmt: skip


# --- living it -------------------------------------------------------------------------------------------------------


class Post(Closing):
    """A mail server that takes everything."""

    def send(
        self, raw: bytes, *, sender: str, recipient: str, name: str, meanwhile: Callable[[], None] = nothing
    ) -> Outcome:
        """Take it."""
        meanwhile()
        return Outcome(Status.SENT, "taken")


POLICY = PostPolicy("live")


@contextmanager
def house(path: Path) -> Iterator[UnitOfWork]:
    """The database in *path*, open; it need not outlive the machine, so nothing waits for the disk."""
    engine = open_engine(f"sqlite:///{path}")
    engine.dispose()
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF").close())
    try:
        yield UnitOfWork(engine)
    finally:
        engine.dispose()


def day_of(number: int) -> date:
    """The day of the year that is told, from 0."""
    return FIRST + timedelta(days=number)


def work(uow: UnitOfWork, now: datetime) -> None:
    """Tick and deliver."""
    assert tick(uow, now=now).incidents == 0
    deliver(uow, Post(), POLICY, now=now)


def at_noon(_: int) -> time:
    """The time of day at which the clock usually ticks."""
    return AT_NOON


@dataclass(frozen=True)
class Life:
    """How a day goes: at which time of day (London) the clock does what work; what people do, they do."""

    folder: Path
    ticks_at: Callable[[int], time] = at_noon
    works: Callable[[UnitOfWork, datetime], None] = work

    def day(self, uow: UnitOfWork, number: int, *, away: bool = False) -> datetime | None:
        """Live one day, without the clock when it is away; says when it ticked."""
        on = day_of(number)
        ticked_at = None if away else london.instant(on, self.ticks_at(number))
        todo = [act for act in ACTS if london.day_of(act.at) == on]
        before = [act for act in todo if ticked_at is None or act.at <= ticked_at]
        for act in before:
            act.does(uow, self.folder, act.at)
        if ticked_at is not None:
            self.works(uow, ticked_at)
        for act in todo[len(before) :]:
            act.does(uow, self.folder, act.at)
        return ticked_at


# --- what it leaves behind -------------------------------------------------------------------------------------------

EventLine = tuple[str, str, str, str | None, str | None, str | None]
_NUMBER = re.compile(r"(@|-)(h|v)\d+(?=/|$)")


def plain(key: str) -> str:
    """A key without the place in the history that makes it unique: letters that wait change what comes before."""
    return key if "/receipt@" in key else _NUMBER.sub(r"\1\2", key)


class Sent(NamedTuple):
    """A letter as two years are compared."""

    key: str
    status: str


@dataclass(frozen=True)
class Left:
    """What a year, or a part of it, left behind."""

    states: dict[str, str]
    lines: list[Any]
    letters: list[Any]

    @property
    def events(self) -> Counter[EventLine]:
        """Every line of every history but those of the post, which speak of letters."""
        return Counter(
            (line.ref, line.event, line.about, line.before, line.after, line.due_key)
            for line in self.lines
            if line.event not in (Note.DELIVERY, Note.MESSAGE_STOPPED)
        )

    @property
    def sent(self) -> Counter[str]:
        """The letters that left, by their keys."""
        return Counter(plain(letter.dedupe_key) for letter in self.letters if letter.status == "SENT")

    @property
    def in_flight(self) -> list[tuple[str, str]]:
        """The letters that may still leave."""
        waits = ("QUEUED", "DELAYED", "HELD", "SENDING")
        return sorted((plain(x.dedupe_key), x.status) for x in self.letters if x.status in waits)


def left(uow: UnitOfWork) -> Left:
    """How everything stands, and all that was recorded and sent."""
    history, subject, message = queries.history, queries.subject, queries.message
    lines = select(
        subject.c.ref, history.c.seq, history.c.event, history.c.about, history.c.before, history.c.after,
        history.c.due_key, history.c.cause, history.c.data, history.c.at, history.c.recorded_at,
    ).join(subject, subject.c.id == history.c.subject_id).order_by(history.c.subject_id, history.c.seq)  # fmt: skip
    letters = select(
        message.c.id, message.c.dedupe_key, message.c.subject, message.c.kind, message.c.recipient, message.c.status,
        message.c.status_why, message.c.queued_at, message.c.at,
    ).order_by(message.c.id)  # fmt: skip
    with uow.read() as connection:
        rows = connection.execute(select(subject)).all()
        found = {row.ref: row.state for row in rows}
        ids = {row.id: row.ref for row in rows}
        for name, table in (("session", queries.panel_session), ("escalation", queries.escalation)):
            found |= {f"{ids[row.case_id]} {name} {row.number}": row.state for row in connection.execute(select(table))}
        return Left(found, list(connection.execute(lines)), list(connection.execute(letters)))


@dataclass(frozen=True)
class Standing:
    """All that what is still to come depends on, as the evening of a day finds it; and how long its record is."""

    subjects: tuple[Any, ...]
    waits: tuple[Any, ...]
    seqs: dict[str, int] = field(compare=False)
    last_letter: int = field(compare=False)


_PAST = london.instant(FIRST, time(0))


def _as_rules_see(facts: Any, on: date) -> Any:
    """The facts without what no rule can tell apart any more.

    When a letter left or a session was invited is compared with what is still owed and with nothing else; *what* is
    still owed, and when, is looked at beside it. The place in the history is in keys only, and the post moves it.
    """
    if not isinstance(facts, CaseFacts):
        return facts
    session, escalation = facts.session, facts.escalation
    if session is not None:
        session = replace(session, revised_at=_PAST, uid="")  # a UID is drawn by lot
    if escalation is not None:
        sent_at = _PAST if escalation.sent_at else None
        escalation = replace(escalation, warned_at=_PAST if escalation.warned_at else None, sent_at=sent_at)
    return replace(
        facts, session=session, escalation=escalation, asked_at=_PAST if facts.asked_at else None, seq=0,
        submit_letter_on=on if facts.submit_letter_on == on else None,
    )  # fmt: skip


def _owed(item: Loaded) -> list[tuple[str, datetime]]:
    return [(action.due_key, action.due_at) for action in agenda(item.rules, item.facts)]


def standing(uow: UnitOfWork, on: date) -> Standing:
    """What the rules may know of each subject, what it is owed, and the letters that may still leave."""
    subject, message = queries.subject, queries.message
    asked_for = message.c.status.in_(("QUEUED", "DELAYED", "HELD", "SENDING")) | (message.c.kind == "feedback")
    with uow.read() as connection:
        rows = connection.execute(select(subject.c.id, subject.c.ref, subject.c.kind, subject.c.seq)).all()
        found = [
            (item.ref, _as_rules_see(item.facts, on), _owed(item), item.next_due_at)
            for kind in ("case", "panel_day", "cycle", "partnership")
            for item in sorted(load(connection, [row.id for row in rows if row.kind == kind], kind), key=_ref_of)
        ]
        letters = connection.execute(select(message).where(asked_for)).all()
        waits = sorted((plain(x.dedupe_key), x.status, x.attempts, x.next_try_at) for x in letters)
    return Standing(tuple(found), tuple(waits), *_length(uow))


def _ref_of(item: Loaded) -> str:
    return item.ref


def _length(uow: UnitOfWork) -> tuple[dict[str, int], int]:
    """How many lines each history has, and the newest letter."""
    subject, message = queries.subject, queries.message
    with uow.read() as connection:
        seqs = {row.ref: row.seq for row in connection.execute(select(subject.c.ref, subject.c.seq))}
        return seqs, connection.scalar(select(func.max(message.c.id))) or 0


def due(uow: UnitOfWork) -> dict[str, tuple[str, datetime | None]]:
    """How each subject stands and when it is next due: what to look at before looking closer."""
    subject = queries.subject
    with uow.read() as connection:
        rows = connection.execute(select(subject.c.ref, subject.c.state, subject.c.next_due_at))
        return {row.ref: (row.state, row.next_due_at) for row in rows}


# --- the year without a gap, and copies of it ------------------------------------------------------------------------


@dataclass
class Whole:
    """The year with a clock that is never away: how it ended, how its evenings stood, and where it may be forked."""

    folder: Path
    days: int
    life: Life
    end: Left
    evenings: dict[int, Standing]
    mornings: dict[int, Path]

    def until(self, number: int) -> Left:
        """What it had left behind on the evening of a day."""
        evening = self.evenings[number]
        return Left(
            {},
            [line for line in self.end.lines if line.seq <= evening.seqs.get(line.ref, 0)],
            [letter for letter in self.end.letters if letter.id <= evening.last_letter],
        )


def lived(
    migrated: Path,
    folder: Path,
    *,
    mornings: Collection[int] = (),
    evenings: Collection[int] = (),
    days: int = DAYS,
) -> Whole:
    """Live the year without a gap; keep a copy of the database as it was on *mornings*, and how *evenings* stood."""
    path = Path(shutil.copy(migrated, folder / "whole.db"))
    life = Life(folder / "documents")
    copies: dict[int, Path] = {}
    stood: dict[int, Standing] = {}
    with house(path) as uow:
        for number in range(days):
            if number in mornings:
                copies[number] = _copy(uow, path, folder / f"morning-{number:03}.db")
            life.day(uow, number)
            if number in evenings:
                stood[number] = standing(uow, day_of(number))
        return Whole(folder, days, life, left(uow), stood, copies)


def _copy(uow: UnitOfWork, path: Path, to: Path) -> Path:
    uow.engine.dispose()  # the last connection that closes brings the log into the file
    shutil.copyfile(path, to)
    return to


@dataclass(frozen=True)
class Gapped:
    """A year with the clock away from the morning of one day to that of another."""

    first: int
    back: int
    caught_up_at: datetime
    left: Left
    stopped_on: int | None
    broken: tuple[str, ...]


def with_gap(
    whole: Whole, first: int, length: int, *, to_the_end: bool = False, ahead: timedelta | None = None
) -> Gapped:
    """The same year with the clock away for *length* days from day *first*; or, at noon of it, *ahead* of time once.

    It is lived on until the evening of a day finds everything as it was without the gap: what the rules may know of
    each subject, what is owed and when, and which letters may still leave. From there on the same acts and the same
    clock meet the same facts, and settling, deciding and delivering are functions of those alone; so the rest of the
    year is the one that is known already. (Some are lived *to the end* all the same, to see that this is so.)
    """
    back = min(first + length, whole.days - 1)  # on the last day of the year it is back
    with _fork(whole, first) as uow:
        for number in range(first, back):
            whole.life.day(uow, number, away=True)
        if ahead is not None:
            work(uow, london.instant(day_of(first), AT_NOON) + ahead)
        stopped_on = None
        for number in range(back, whole.days):
            whole.life.day(uow, number)
            if not to_the_end and _stands_as_without(whole, uow, number):
                stopped_on = number
                break
        now = london.instant(day_of(whole.days), time(13))
        found, broken = left(uow), verify(uow, now=now).broken
    return Gapped(first, back, london.instant(day_of(back), AT_NOON), found, stopped_on, broken)


def lived_otherwise(whole: Whole, first: int, last: int, life: Life) -> Gapped:
    """The same year from the morning of one day to the evening of another, which must have been kept, in another way.

    On the last day the clock ticks at its usual time.
    """
    with _fork(whole, first) as uow:
        for number in range(first, last):
            life.day(uow, number)
        replace(life, ticks_at=at_noon).day(uow, last)
        now = london.instant(day_of(last), time(13))
        return Gapped(first, first, now, left(uow), last, verify(uow, now=now).broken)


@contextmanager
def _fork(whole: Whole, first: int) -> Iterator[UnitOfWork]:
    for part in whole.folder.glob("fork.db*"):
        part.unlink()
    with house(Path(shutil.copyfile(whole.mornings[first], whole.folder / "fork.db"))) as uow:
        yield uow


def _stands_as_without(whole: Whole, uow: UnitOfWork, number: int) -> bool:
    evening = whole.evenings.get(number)
    if evening is None:
        return False
    seen = due(uow)
    if any(seen[ref][1] != next_due_at for ref, _, _, next_due_at in evening.subjects):
        return False
    return standing(uow, day_of(number)) == evening


# --- comparing -------------------------------------------------------------------------------------------------------

FAMILY = {"reminder": "submit", "target_missed": "submit", "return_by_reminder": "return_by", "digest": "digest"}


def differences(whole: Whole, gapped: Gapped, *, at_another_hour: bool = False) -> list[str]:
    """What a gap changed that it may not change, in sentences; none when the guarantee holds.

    A clock *at_another_hour* may come between a letter's hour and the act that took its reason away later that day: the
    letter then leaves, and the whole year says why it did not.
    """
    base = _beside(whole, gapped)
    broken = [f"broken: {fault}" for fault in gapped.broken]
    may_leave = set(_never_queued(base)) if at_another_hour else set()
    return [*broken, *other_than(base, gapped.left, may_leave), *_too_many(gapped)]


def _beside(whole: Whole, gapped: Gapped) -> Left:
    """What to compare with: all of the year, or as much of it as was lived again, whose end is the same."""
    if gapped.stopped_on is None:
        return whole.end
    return replace(whole.until(gapped.stopped_on), states=gapped.left.states)


def unsent(whole: Whole, gapped: Gapped) -> int:
    """How many letters left without the gap and not with it."""
    return (_beside(whole, gapped).sent - gapped.left.sent).total()


def other_than(base: Left, other: Left, may_leave: Set[tuple[str, str]] = frozenset()) -> list[str]:
    """What one year left behind that another did not, and may not differ in.

    *may_leave* are letters, by subject and due key, that left in none but may.
    """
    found = list(_changed("state", base.states, other.states))
    overtaken = _overtaken(base, other)
    found += _events_changed(base.events, other.events, overtaken)
    return [*found, *_letters_changed(base, other, overtaken, may_leave)]


def _changed(what: str, one: dict[str, str], other: dict[str, str]) -> Iterator[str]:
    for name in sorted({*one, *other}):
        if one.get(name) != other.get(name):
            yield f"{what} of {name}: {one.get(name)} without the gap, {other.get(name)} with it"


def _overtaken(base: Left, other: Left) -> frozenset[str]:
    """The cases whose report came before the Chair could be told.

    The Chair is told a working day after the business unit was in fact warned. When the clock was away over the
    deadline, a report may come within that day; then there is nothing to tell the Chair, and nothing to take back.
    """
    sent = {line.ref for line in base.lines if line.event == "SEND"} - {x.ref for x in other.lines if x.event == "SEND"}
    ended = {line.ref: line for line in other.lines if line.event == "RESOLVE" and line.before == "PENDING"}
    return frozenset(ref for ref in sent & ended.keys() if _came_within_a_day(other, ref, ended[ref].recorded_at))


def _came_within_a_day(other: Left, ref: str, ended_at: datetime) -> bool:
    (warned,) = [x for x in other.lines if x.ref == ref and x.event == "RAISE"]
    return bool(ended_at < warned.recorded_at + timedelta(days=4))  # a working day, and at most a weekend


def _events_changed(base: Counter[EventLine], other: Counter[EventLine], overtaken: frozenset[str]) -> Iterator[str]:
    for line in sorted((base - other).keys() | (other - base).keys(), key=str):
        if line[0] in overtaken and line[1] in ("SEND", "RESOLVE"):
            continue
        yield f"event {line}: {base[line]} without the gap, {other[line]} with it"


def _letters_changed(
    base: Left, other: Left, overtaken: frozenset[str], may_leave: Set[tuple[str, str]]
) -> Iterator[str]:
    waits = Counter(key for key, _ in other.in_flight) - Counter(key for key, _ in base.in_flight)
    missing, extra = base.sent - other.sent - waits, other.sent - base.sent
    for key in sorted(extra):
        if ("-".join(key.split("/")[:3]), _due_key(key)) not in may_leave:
            yield f"letter {key}: only with the gap"
    subjects = {plain(letter.dedupe_key): letter.subject for letter in base.letters}
    never_queued, stopped = set(_never_queued(other)), set(_stopped(other))
    for key in sorted(missing):
        subject, due_key = subjects[key], _due_key(key)
        if subject in overtaken and due_key.split("@")[0] in ("escalation", "escalation_resolved"):
            continue
        if key not in stopped and (subject, due_key) not in never_queued:
            yield f"letter {key}: not sent with the gap, and nothing says why"


def _due_key(dedupe_key: str) -> str:
    """The due key of `partnership/cycle/subject/due key/recipient`; it may have a stroke of its own."""
    return dedupe_key.rsplit("/", 1)[0].split("/", 3)[3]


def _never_queued(found: Left) -> Iterator[tuple[str, str]]:
    """Subject and due key of the letters that lost their reason before they were queued, by the lines that say so."""
    for line in found.lines:
        data = json.loads(line.data)
        keys = data.get("superseded", [])
        if data.get("outcome") in ("superseded", "expired") and line.cause:
            keys = [line.due_key, *keys]
        yield from ((line.ref, plain(key)) for key in keys)


def _stopped(found: Left) -> Iterator[str]:
    """The letters that were queued and never left, and say why."""
    expired = {json.loads(x.data)["key"] for x in found.lines if x.event == Note.MESSAGE_STOPPED and x.cause}
    for letter in found.letters:
        is_told = letter.status == "SUPERSEDED" or (letter.status == "EXPIRED" and letter.dedupe_key in expired)
        if is_told and letter.status_why:
            yield plain(letter.dedupe_key)


def _too_many(gapped: Gapped) -> Iterator[str]:
    """Cases that got two letters of one family when the clock caught up."""
    told: Counter[tuple[str, str]] = Counter()
    keys = set()
    for letter in gapped.left.letters:
        family = FAMILY.get(letter.kind)
        if family is not None and letter.queued_at == gapped.caught_up_at:
            keys.add((letter.subject, family, letter.dedupe_key.rsplit("/", 1)[0]))
    told.update((subject, family) for subject, family, _ in keys)
    yield from (f"{subject} got {n} letters of {family} at once" for (subject, family), n in told.items() if n > 1)
