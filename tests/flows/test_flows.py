"""Each flow builds the app, calls one service and returns counters; called here as functions, without Prefect."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from freezegun import freeze_time
from sqlalchemy import select

import flows.artifact
from calendars import london
from db import queries
from flows.collect import collect
from flows.deliver import deliver
from flows.forecast import forecast
from flows.heartbeat import heartbeat
from flows.links import links
from flows.open_cycle import Period, open_cycle
from flows.report import report
from flows.tick import tick
from flows.verify import verify
from s11flow import schedule
from s11flow.app import App
from s11flow.services.heartbeat import last_beats
from tests.flows.conftest import OPENED, PANEL_DAYS, queued

BY_ROW = {each.name: each for each in (tick, deliver, collect, links, heartbeat, verify)}
AFTER_REQUEST = datetime(2026, 7, 6, 8, tzinfo=UTC)  # 9am in Gloucester, when the requests leave


# --- the rows of the schedule


@freeze_time("2026-09-25 08:30:00")  # UTC; 9:30am in Gloucester, two weeks before the target
def test_ticking_twice_queues_each_letter_once(app: App) -> None:
    tick.fn(now=AFTER_REQUEST + timedelta(days=7))
    before = set(queued(app))

    assert [tick.fn()["messages"], tick.fn()["messages"]] == [4, 0]  # the fourth is the business unit's digest

    assert [key for key in queued(app) if key not in before and "/reminder/" in key] == [
        f"GSCP/2026/{code}/reminder/target-14d@2026-10-09/contact" for code in ("01", "05A", "12")
    ]


@freeze_time("2026-07-06 08:00:00")
def test_a_letter_that_is_due_leaves_once(app: App, tmp_path: Path) -> None:
    made = tick.fn()["messages"]

    assert [deliver.fn()["sent"], deliver.fn()["sent"]] == [made, 0]

    assert len(list((tmp_path / "outbox").glob("*.eml"))) == made


@freeze_time("2026-07-06 08:00:00")
def test_the_heartbeat_sees_what_has_run(app: App) -> None:
    assert heartbeat.fn() == {"stale": 3}
    tick.fn()
    deliver.fn()
    collect.fn()

    assert heartbeat.fn() == {"stale": 0}
    assert heartbeat.fn(now=AFTER_REQUEST + timedelta(minutes=11)) == {"stale": 3}


def test_nothing_is_broken_after_a_year(app: App) -> None:
    for month in range(13):
        tick.fn(now=OPENED + timedelta(days=30 * month))

    assert verify.fn(now=OPENED + timedelta(days=400))["broken"] == 0


def test_each_run_of_a_row_is_on_record(app: App) -> None:
    counted = {row.name: BY_ROW[row.name].fn(now=AFTER_REQUEST) for row in schedule.ROWS}

    with app.unit_of_work.read() as connection:
        beats = last_beats(connection)
    assert {name: (beat.at, beat.counters) for name, beat in beats.items()} == {
        name: (AFTER_REQUEST, counters) for name, counters in counted.items()
    }


def test_case_16_ticking_at_each_half_past_of_the_night_the_clocks_go_back_is_harmless(app: App) -> None:
    tick.fn(now=datetime(2026, 10, 23, 16, tzinfo=UTC))  # Friday evening; then the worker was down until the night
    tick.fn(now=datetime(2026, 10, 24, 22, 59, tzinfo=UTC))
    before = queued(app)
    half_pasts = [
        datetime(2026, 10, 24, 23, 30, tzinfo=UTC),  # 00:30 BST
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # 01:30 BST
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),  # 01:30 GMT
    ]

    ticked = [tick.fn(now=at) for at in half_pasts]

    assert ([london.local(at).time().isoformat() for at in half_pasts], queued(app)) == (
        ["00:30:00", "01:30:00", "01:30:00"],
        before,
    )
    assert [done["events"] for done in ticked] == [0, 0, 0]


def test_case_16_what_is_owed_is_done_at_the_first_of_the_doubled_half_pasts(app: App) -> None:
    tick.fn(now=datetime(2026, 10, 20, 8, tzinfo=UTC))  # then nothing ran for five days, over two deadlines
    owed = {
        at: tick.fn(now=at)["messages"] > 0
        for at in (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    }

    assert list(owed.values()) == [True, False]


# --- on demand


def test_a_cycle_is_opened_with_typed_parameters(house: App) -> None:
    opened = open_cycle.fn(
        year=2026,
        panel_days=PANEL_DAYS,
        period=Period(first=date(2024, 4, 1), last=date(2026, 3, 31)),
        now=OPENED,
    )

    assert opened == {"cases": 3, "sessions": 3, "without_session": 0, "warnings": 0}
    with house.unit_of_work.read() as connection:
        cycle = connection.execute(select(queries.cycle)).one()
    assert (cycle.period_from, cycle.period_to) == (date(2024, 4, 1), date(2026, 3, 31))


def test_a_period_that_runs_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match="The period ends on 2024-04-01, before it begins on 2026-03-31"):
        Period(first=date(2026, 3, 31), last=date(2024, 4, 1))


def test_a_forecast_counts_by_kind_and_changes_nothing(app: App) -> None:
    before = queued(app)
    july = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 7, 31, tzinfo=UTC)

    assert forecast.fn(*july, now=OPENED)["report_request"] == 6  # to three contacts and three senior leaders
    assert queued(app) == before


@pytest.mark.parametrize("form", ["html", "csv", "json"])
def test_the_report_is_written_where_it_is_wanted(app: App, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"report.{form}"

    written = report.fn(2026, form, path, now=OPENED)  # type: ignore[arg-type]  # a table of tests holds plain texts

    assert (written, path.stat().st_size > 500) == ({"bytes": path.stat().st_size}, True)


# --- what Prefect is told


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What would be on the pages of the runs, were these runs of Prefect's."""
    told: list[object] = []
    monkeypatch.setattr(flows.artifact, "FlowRunContext", type("Within", (), {"get": staticmethod(lambda: True)}))
    monkeypatch.setattr(flows.artifact, "create_table_artifact", lambda **artifact: told.append(artifact))
    return told


def test_no_name_and_no_address_is_told_to_prefect(house: App, published: list[object], tmp_path: Path) -> None:
    open_cycle.fn(year=2026, panel_days=PANEL_DAYS, now=OPENED)
    for row in schedule.ROWS:
        BY_ROW[row.name].fn(now=AFTER_REQUEST)
    forecast.fn(now=AFTER_REQUEST)
    report.fn(2026, "json", tmp_path / "report.json", now=AFTER_REQUEST)

    said = json.dumps(published)
    assert len(published) == len(BY_ROW) + 3
    assert [word for word in ("@children", ".example", "Shire", "Probation", "Head of Quality") if word in said] == []
