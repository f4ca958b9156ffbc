"""What a change would change is what it then changes: for random changes in random years."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from calendars import london
from calendars.bank_holidays import england_and_wales
from db.engine import open_engine
from db.rehearsal import rehearsed
from db.unit_of_work import UnitOfWork
from s11flow.cycles import shipped
from s11flow.domain import acts
from s11flow.domain.errors import S11Error
from s11flow.domain.model import Track
from s11flow.services import bank_holidays, cases, contacts, definitions, panel_days, sessions, successions
from s11flow.services.changes import Difference, MovedDate, Outlook, When, difference, outlook
from tests.services.scene import CODE, YEAR, at, opened, run_to
from tests.stories.year import legal_panel_days

YEARS = (2026, 2027, 2030, 2033)
MOMENTS = (timedelta(0), timedelta(days=60), timedelta(days=110), timedelta(days=135), timedelta(days=155))
"""How long after the cycle opened something is changed: before the request, after it, about the deadline, the panel."""

Deed = Callable[[UnitOfWork], object]
"""A change with everything about it settled, to be done on whichever database is given."""


def panel_day(year: int, place: int) -> date:
    return legal_panel_days(year)[place]


def opened_at(year: int) -> datetime:
    return london.instant(date(year, 6, 1), time(12))


@cache
def _template(folder: Path, migrated: Path, year: int, moment: timedelta) -> tuple[Path, datetime]:
    """A database of a year that has gone on for *moment*, and what the time is; it goes on from the moment before."""
    now, place = opened_at(year) + moment, MOMENTS.index(moment)
    before = _template(folder, migrated, year, MOMENTS[place - 1]) if place else (migrated, now)
    path = Path(copyfile(before[0], folder / f"{year}-{moment.days}.db"))
    engine = open_engine(f"sqlite:///{path}")
    uow = UnitOfWork(engine)
    if not place:
        opened(uow, year=year, panel=panel_day(year, 15), now=now)
        panel_days.add_day(uow, partnership=CODE, year=year, day=panel_day(year, 17), now=now, by="clerk")
    run_to(uow, now, start=before[1])
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path, now


Begin = Callable[[int, timedelta], tuple[UnitOfWork, datetime]]


@pytest.fixture(scope="module")
def begin(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Begin]:
    """Gives a fresh database of a year at a moment."""
    folder = tmp_path_factory.mktemp("years")
    engines: list[Engine] = []

    def begun(year: int, moment: timedelta) -> tuple[UnitOfWork, datetime]:
        template, now = _template(folder, migrated_sqlite, year, moment)
        engines.append(open_engine(f"sqlite:///{copyfile(template, folder / f'{len(engines)}.db')}"))
        return UnitOfWork(engines[-1]), now

    yield begun
    for engine in engines:
        engine.dispose()


# --- the changes ------------------------------------------------------------------------------------------------------


def _moved_session(draw: st.DrawFn, year: int, now: datetime) -> Deed:
    to = london.instant(panel_day(year, draw(st.sampled_from((15, 17)))), time(draw(st.integers(9, 15)), 30))
    ref, consent = draw(refs(year)), draw(st.booleans())
    return lambda uow: sessions.move(uow, ref, to=to, asked_by="panel", now=now, by="clerk", consent=consent)


def _cancelled_session(draw: st.DrawFn, year: int, now: datetime) -> Deed:
    ref = draw(refs(year))
    return lambda uow: sessions.cancel(uow, ref, reason="The room is lost", now=now, by="clerk")


def _moved_day(draw: st.DrawFn, year: int, now: datetime) -> Deed:
    day, to = panel_day(year, 15), panel_day(year, 17)
    return lambda uow: panel_days.move_day(uow, partnership=CODE, year=year, day=day, to=to, now=now, by="clerk")


def _added_day(draw: st.DrawFn, year: int, now: datetime) -> Deed:
    day = panel_day(year, draw(st.integers(16, 40)))
    return lambda uow: panel_days.add_day(uow, partnership=CODE, year=year, day=day, now=now, by="clerk")


def _stood_down_day(draw: st.DrawFn, year: int, now: datetime) -> Deed:
    day, reserve = panel_day(year, 15), draw(st.sampled_from((None, panel_day(year, 17))))
    return lambda uow: panel_days.stand_down_day(
        uow, partnership=CODE, year=year, day=day, reserve=reserve, reason="The panel is ill", now=now, by="clerk"
    )


def _extension(draw: st.DrawFn, year: int, now: datetime) -> Deed:
    ref, later = draw(refs(year)), timedelta(days=draw(st.integers(1, 20)))
    what = acts.Extend(panel_day(year, 15) - timedelta(days=18) + later, "Illness", draw(st.booleans()))
    return lambda uow: cases.act(uow, ref, what, now=now, by="clerk")


def _holiday(draw: st.DrawFn, year: int, now: datetime) -> Deed:
    proclaimed = panel_day(year, 15) - timedelta(days=draw(st.integers(5, 40)))
    published = england_and_wales(range(year - 1, year + 3)) | {proclaimed: "A day of celebration"}
    return lambda uow: bank_holidays.adopt_holidays(
        uow, partnership=CODE, year=year, published=published, now=now, by="clerk"
    )


def _closure(draw: st.DrawFn, year: int, now: datetime) -> Deed:
    day, consent = panel_day(year, 15) - timedelta(days=draw(st.integers(5, 40))), draw(st.booleans())
    return lambda uow: bank_holidays.close_day(
        uow, partnership=CODE, year=year, day=day, reason="The office moves", consent=consent, now=now, by="clerk"
    )


def _definition(draw: st.DrawFn, year: int, now: datetime) -> Deed:
    before, earlier = draw(st.sampled_from((14, 18, 24))), draw(st.sampled_from((-28, -30)))
    text = shipped().replace("days = -21,", f"days = -{before},").replace("days = -28,", f"days = {earlier},")
    text = text.replace('week = "first_full"', f'week = "{draw(st.sampled_from(("first_full", "first_seven_days")))}"')
    running = draw(st.sampled_from((year, year, None)))
    return lambda uow: definitions.adopt_definition(uow, text, partnership=CODE, running=running, now=now, by="clerk")


def _departure(draw: st.DrawFn, year: int, now: datetime) -> Deed:
    code = draw(st.sampled_from(("01", "02", "03")))
    return lambda uow: contacts.contact_left(
        uow, partnership=CODE, code=code, how="mail came back", now=now, by="clerk"
    )


def _succession(draw: st.DrawFn, year: int, now: datetime) -> Deed:
    given: dict[str, Any] = {
        "partnership": CODE,
        "on": london.day_of(now),
        "reason": "An order",
        "now": now,
        "by": "clerk",
    }
    match draw(st.integers(0, 2)):
        case 0:
            return lambda uow: successions.rename(uow, code="01", name="Young People's Services", **given)
        case 1:
            return lambda uow: successions.merge(uow, codes=["01"], into="02", **given)
        case _:
            return lambda uow: successions.abolish(uow, code="01", successor="02", **given)


def _track_or_period(draw: st.DrawFn, year: int, now: datetime) -> Deed:
    ref, starts = draw(refs(year)), date(year - 2, 4, 1)
    choices: tuple[acts.Act, ...] = (
        acts.SetTrack(Track.LIGHT, "Its second year"),
        acts.SetTrack(Track.NONE, "Every other year"),
        acts.SetPeriod(starts, date(year, 3, 31), "It missed a year"),
    )
    what = draw(st.sampled_from(choices))
    return lambda uow: cases.act(uow, ref, what, now=now, by="clerk")


def _day_in_reserve(draw: st.DrawFn, year: int, now: datetime) -> Deed:
    """A day is kept in reserve, and perhaps needed at once."""
    day, is_needed = panel_day(year, draw(st.integers(16, 40))), draw(st.booleans())
    where: dict[str, Any] = {"partnership": CODE, "year": year, "now": now, "by": "clerk"}

    def deed(uow: UnitOfWork) -> None:
        panel_days.add_day(uow, day=day, reserve=True, **where)
        if is_needed:
            panel_days.stand_down_day(uow, day=panel_day(year, 15), reason="The panel is ill", **where)

    return deed


def _exchange(draw: st.DrawFn, year: int, now: datetime) -> Deed:
    asked_by: sessions.AskedBy = draw(st.sampled_from(("panel", "agency")))
    to, consent = london.instant(panel_day(year, 17), time(9)), draw(st.booleans())
    one, two = (f"{CODE}-{year}-{code}" for code in draw(st.permutations(("01", "02"))))

    def deed(uow: UnitOfWork) -> None:
        sessions.move(uow, one, to=to, asked_by="panel", now=now, by="clerk")
        sessions.swap(uow, one, two, asked_by=asked_by, consent=consent, now=now, by="clerk")

    return deed


def _another_time(draw: st.DrawFn, year: int, now: datetime) -> Deed:
    """An agency asks for another time; it or another is offered one, and says yes, no or nothing."""
    one, two = (f"{CODE}-{year}-{code}" for code in draw(st.permutations(("01", "02"))))
    to, answer = london.instant(panel_day(year, 17), time(14)), draw(st.sampled_from(("yes", "no", "")))
    offered_to = draw(st.sampled_from((one, two)))
    at_hand: dict[str, Any] = {"now": now, "by": "clerk"}

    def deed(uow: UnitOfWork) -> None:
        sessions.ask(uow, one, wanted=to, **at_hand)
        if offered_to == one:
            sessions.offer(uow, one, to=to, **at_hand)
        else:
            sessions.offer_exchange(uow, two, wanted_by=one, **at_hand)
        if answer == "yes":
            sessions.accept_offer(uow, offered_to, **at_hand)
        elif answer == "no":
            sessions.decline_offer(uow, offered_to, **at_hand)

    return deed


def _interest(draw: st.DrawFn, year: int, now: datetime) -> Deed:
    ref, member = draw(refs(year)), draw(st.sampled_from(("Lay Member", "Independent Scrutineer", "Executive Chair")))
    return lambda uow: sessions.declare_interest(uow, ref, member, reason="A relative", now=now, by="clerk")


CHANGES = (
    _moved_session,
    _cancelled_session,
    _moved_day,
    _added_day,
    _stood_down_day,
    _extension,
    _holiday,
    _closure,
    _definition,
    _departure,
    _succession,
    _track_or_period,
    _day_in_reserve,
    _exchange,
    _another_time,
    _interest,
)


def refs(year: int) -> st.SearchStrategy[str]:
    return st.sampled_from((f"{CODE}-{year}-01", f"{CODE}-{year}-02"))


@st.composite
def changes(draw: st.DrawFn) -> tuple[int, timedelta, Deed]:
    """A year, how far it has gone on, and a change."""
    year, moment = draw(st.sampled_from(YEARS)), draw(st.sampled_from(MOMENTS))
    return year, moment, draw(st.sampled_from(CHANGES))(draw, year, opened_at(year) + moment)


def told(uow: UnitOfWork, before: Outlook, now: datetime, deed: Deed) -> Difference | str:
    """What the change does to the outlook there was *before*, or why it is refused."""
    try:
        deed(uow)
    except S11Error as refusal:
        return str(refusal)
    return difference(before, outlook(uow, partnership=CODE, now=now))


def test_the_difference_shown_is_the_difference_made(begin: Begin, pytestconfig: pytest.Config) -> None:
    @settings(max_examples=200 if pytestconfig.getoption("--thorough") else 20)
    @given(changes())
    def holds(change: tuple[int, timedelta, Deed]) -> None:
        year, moment, deed = change
        uow, now = begin(year, moment)
        before = outlook(uow, partnership=CODE, now=now)
        with rehearsed(uow) as forgets:
            shown = told(forgets, before, now, deed)

        assert told(uow, before, now, deed) == shown

    holds()


# --- what it says -----------------------------------------------------------------------------------------------------


@pytest.fixture
def asked(uow: UnitOfWork) -> UnitOfWork:
    """A cycle whose requests have left, with a second panel day a week later."""
    opened(uow)
    panel_days.add_day(uow, partnership=CODE, year=YEAR, day=date(2026, 11, 17), now=at("2026-06-02 09:00"), by="clerk")
    run_to(uow, at("2026-07-13 09:00"))
    return uow


NOW = at("2026-07-13 09:00")


def test_a_later_session_moves_the_deadline_and_its_ladder_and_tells_whoever_was_told(asked: UnitOfWork) -> None:
    to = at("2026-11-17 09:30")

    def deed(uow: UnitOfWork) -> object:
        return sessions.move(uow, "GSCP-2026-01", to=to, asked_by="panel", now=NOW, by="clerk")

    found = told(asked, outlook(asked, partnership=CODE, now=NOW), NOW, deed)

    assert isinstance(found, Difference)
    assert [
        (each.of, each.name, each.before and each.before.words, each.after and each.after.words) for each in found.dates
    ] == [
        ("GSCP-2026-01", "deadline", "Tuesday 20 October 2026, 5pm", "Tuesday 27 October 2026, 5pm"),
        ("GSCP-2026-01", "panel_day", "Tuesday 10 November 2026", "Tuesday 17 November 2026"),
        (
            "GSCP-2026-01",
            "session",
            "Tuesday 10 November 2026, 9am, The panel room, or by video link",
            "Tuesday 17 November 2026, 9:30am, The panel room, or by video link",
        ),
    ]
    assert [(letter.kind, letter.to, letter.waits) for letter in found.new][:1] == [
        ("dates_changed", "youth@agency.example", True)
    ]
    assert {"reminder", "non_submission"} <= {each.after.kind for each in found.moved}
    assert found.about("GSCP-2026-02") == Difference((), (), (), ())


@pytest.mark.on_both
def test_an_interest_shows_who_leaves_and_whether_the_rest_are_a_quorum(asked: UnitOfWork) -> None:
    def deed(uow: UnitOfWork) -> object:
        return sessions.declare_interest(uow, "GSCP-2026-02", "Lay Member", reason="x", now=NOW, by="clerk")

    found = told(asked, outlook(asked, partnership=CODE, now=NOW), NOW, deed)

    assert isinstance(found, Difference)
    sentence = "Lay Member leaves (declared an interest). 4 of 5 members remain, and the quorum of 3 is kept."
    assert found == Difference(
        (MovedDate("GSCP-2026-02", "who_leaves", None, When("Lay Member", sentence)),), (), (), ()
    )


def test_a_day_in_reserve_is_shown_with_its_deadline_and_moves_nothing(asked: UnitOfWork) -> None:
    def deed(uow: UnitOfWork) -> object:
        day = date(2026, 11, 19)
        return panel_days.add_day(uow, partnership=CODE, year=YEAR, day=day, reserve=True, now=NOW, by="clerk")

    found = told(asked, outlook(asked, partnership=CODE, now=NOW), NOW, deed)

    why = (
        "deadline: 21 days before Thursday 19 November 2026 is Thursday 29 October 2026, a working day; 5pm London time"
    )
    assert isinstance(found, Difference)
    assert found == Difference(
        (MovedDate("GSCP-2026", "panel on Thursday 19 November 2026", None, When("kept in reserve", why)),),
        (),
        (),
        (),
    )


def test_a_change_that_nobody_hears_of_is_said_to_be_one(asked: UnitOfWork) -> None:
    before = outlook(asked, partnership=CODE, now=NOW)
    assert not difference(before, before)
    assert difference(before, before).as_json() == {
        "dates": [], "letters_new": [], "letters_gone": [], "letters_moved": []
    }  # fmt: skip


def test_a_letter_that_waits_and_loses_its_reason_is_gone(asked: UnitOfWork) -> None:
    def deed(uow: UnitOfWork) -> object:
        return cases.act(uow, "GSCP-2026-01", acts.Excuse("Inspection", "The Executive"), now=NOW, by="clerk")

    found = told(asked, outlook(asked, partnership=CODE, now=NOW), NOW, deed)

    assert isinstance(found, Difference)
    assert {letter.kind for letter in found.gone} >= {"reminder", "non_submission", "escalation"}
    assert all(letter.case == "GSCP-2026-01" for letter in found.gone)
