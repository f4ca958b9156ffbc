"""A day is closed, or another definition adopted, while a cycle runs: what was told moves later only."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from calendars.bank_holidays import england_and_wales
from db.unit_of_work import UnitOfWork
from s11flow.cycles import shipped
from s11flow.domain.errors import WrongInputError
from s11flow.services import bank_holidays, definitions, panel_days
from s11flow.services.subjects import load_cases
from s11flow.services.verify import verify
from tests.services.scene import CODE, OPENED, YEAR, at, opened, queries_of, run_to

ASKED, NOW = at("2026-07-06 09:00"), at("2026-07-13 09:00")
FIRST, SECOND = f"{CODE}-2026-01", f"{CODE}-2026-02"


@pytest.fixture
def asked(uow: UnitOfWork) -> UnitOfWork:
    """A cycle whose requests have left; both agencies that report have Tuesday 20 October as their deadline."""
    opened(uow)
    run_to(uow, NOW)
    return uow


def closed(uow: UnitOfWork, day: date, reason: str = "The office moves", **more: Any) -> dict[str, Any]:
    return bank_holidays.close_day(
        uow, partnership=CODE, year=YEAR, day=day, reason=reason, now=NOW, by="clerk", **more
    ).as_json()


def deadlines(uow: UnitOfWork) -> list[date]:
    with uow.read() as connection:
        ids = [row[0] for row in queries_of(uow, "select id from subject where kind = 'case' order by ref")]
        cases = load_cases(connection, ids)
    return [case.facts.dates.deadline.on for case in cases if case.facts.dates.deadline]  # type: ignore[union-attr]  # cases


def whole(uow: UnitOfWork) -> bool:
    assert verify(uow, now=NOW).broken == ()
    return True


def test_a_deadline_on_a_day_that_is_closed_is_kept_unless_the_agencies_consent(asked: UnitOfWork) -> None:
    kept = closed(asked, date(2026, 10, 20))

    assert (kept["moved"], kept["not_moved_earlier"], kept["told"]) == ([], [FIRST, SECOND], [])
    assert kept["added"] == ["2026-10-20 office closed: The office moves"]
    assert deadlines(asked) == [date(2026, 10, 20)] * 2
    assert whole(asked)


def test_by_consent_it_comes_earlier_and_those_who_were_told_are_told(asked: UnitOfWork) -> None:
    moved = closed(asked, date(2026, 10, 20), consent=True)

    assert moved["moved"][0] == {
        "case": FIRST, "old": "Tuesday 20 October 2026, 5pm", "new": "Monday 19 October 2026, 5pm"
    }  # fmt: skip
    assert moved["told"][0] == {"case": FIRST, "kind": "dates_changed", "to": "youth@agency.example"}
    assert deadlines(asked) == [date(2026, 10, 19)] * 2
    assert whole(asked)


@pytest.mark.on_both
def test_what_is_counted_in_working_days_follows_a_closed_day(asked: UnitOfWork) -> None:
    closed(asked, date(2026, 11, 3))

    (pack,) = queries_of(asked, "select next_due_at from subject where kind = 'panel_day'")
    assert "2026-10-26" in str(pack[0])  # ten working days before 10 November: the 27th, had nothing been closed
    assert whole(asked)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 10, 18), "Sunday 18 October 2026 is a Sunday already"),
        (date(2026, 12, 28), "is the Boxing Day bank holiday"),
        (date(2026, 7, 13), "is not ahead"),
        (date(2026, 11, 10), "The panel sits on Tuesday 10 November 2026: move its sessions with"),
    ],
)
def test_a_day_that_is_none_to_close_is_refused_with_why(asked: UnitOfWork, day: date, said: str) -> None:
    with pytest.raises(WrongInputError, match=said):
        closed(asked, day)
    with pytest.raises(WrongInputError, match="Give the reason"):
        closed(asked, date(2026, 10, 20), reason=" ")


def test_a_closed_day_is_no_bank_holiday_that_was_taken_back(asked: UnitOfWork) -> None:
    closed(asked, date(2026, 10, 21))

    done = bank_holidays.adopt_holidays(
        asked, partnership=CODE, year=YEAR, published=england_and_wales(range(YEAR - 1, YEAR + 3)), now=NOW, by="clerk"
    )

    assert (done.added, done.gone) == ((), ())
    with pytest.raises(WrongInputError, match="a day off: office closed: The office moves already"):
        closed(asked, date(2026, 10, 21))


def adopted(uow: UnitOfWork, text: str, running: int | None = YEAR) -> dict[str, Any]:
    return definitions.adopt_definition(uow, text, partnership=CODE, running=running, now=NOW, by="clerk").as_json()


def test_another_definition_moves_told_deadlines_later_and_never_earlier(asked: UnitOfWork) -> None:
    earlier = adopted(asked, shipped().replace("days = -21,", "days = -24,"))
    kept = deadlines(asked)
    later = adopted(asked, shipped().replace("days = -21,", "days = -14,"))

    assert (earlier["not_moved_earlier"], kept) == ([FIRST, SECOND], [date(2026, 10, 20)] * 2)
    assert [row["new"] for row in later["moved"]] == ["Tuesday 27 October 2026, 5pm"] * 2
    assert {row["to"] for row in later["told"]} == {"youth@agency.example", "stroud@district.example"}
    assert whole(asked)


def test_before_anybody_is_asked_dates_follow_the_definition_either_way(uow: UnitOfWork) -> None:
    opened(uow)
    text = shipped().replace("days = -21,", "days = -24,")

    done = definitions.adopt_definition(uow, text, partnership=CODE, running=YEAR, now=OPENED, by="clerk").as_json()

    assert deadlines(uow) == [date(2026, 10, 16)] * 2
    assert (done["told"], done["cycle"]) == ([], "GSCP-2026")
    assert whole(uow)


def test_without_a_running_cycle_it_is_the_next_that_uses_it(asked: UnitOfWork) -> None:
    done = adopted(asked, shipped().replace("days = -21,", "days = -14,"), running=None)

    assert (done["cycle"], done["moved"]) == (None, [])
    assert deadlines(asked) == [date(2026, 10, 20)] * 2
    digests = queries_of(asked, "select definition_sha256 from partnership union select definition_sha256 from cycle")
    assert len(digests) == 2
    assert whole(asked)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('code = "GSCP"', 'code = "OTHER"', "one of OTHER, and this is GSCP"),
        ('number = "4.1"', 'number = "4.2"', "keeps the standards and requirements it was opened with"),
        ('code = "amber"', 'code = "orange"', "keeps the scale it was opened with"),
        ("days = -21,", "days = -40,", "cannot run by it. The panel cannot sit on Tuesday 10 November 2026"),
    ],
)
def test_a_definition_that_a_running_cycle_cannot_run_by_is_refused(
    asked: UnitOfWork, old: str, new: str, said: str
) -> None:
    assert old in shipped()
    with pytest.raises(WrongInputError, match=said):
        adopted(asked, shipped().replace(old, new))
    assert deadlines(asked) == [date(2026, 10, 20)] * 2


def test_the_last_day_of_the_panel_moves_the_cut_off_with_it(asked: UnitOfWork) -> None:
    panel_days.add_day(asked, partnership=CODE, year=YEAR, day=date(2026, 11, 17), now=NOW, by="clerk")
    before = queries_of(asked, "select cut_off from cycle")[0][0]

    closed(asked, date(2026, 12, 1))

    after = queries_of(asked, "select cut_off from cycle")[0][0]
    assert ("2027-01-08" in before, "2027-01-11" in after) == (True, True)
    assert whole(asked)
