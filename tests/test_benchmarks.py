"""The benchmarks: each runs, small, and its guards refuse to compare what is not the same."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import bare, curve, looking_ahead, memory, office, phases, post, replying, sorting, tables, ticks
from benchmarks.crowd import CHUNK, TICKED_AT, copied, database, gather, kept
from benchmarks.measure import Result
from benchmarks.peers import environment, racing
from s11flow.services.tick import tick

FEW, MORE = 20, 60


# --- each runs


@pytest.mark.parametrize(
    ("run", "has_theirs"),
    [
        pytest.param(lambda folder: ticks.on_sqlite(folder, FEW), True, id="due, SQLite"),
        pytest.param(lambda folder: ticks.on_postgres(folder, FEW), True, id="due, Postgres"),
        pytest.param(lambda folder: ticks.idle(folder, MORE, FEW), True, id="idle"),
        pytest.param(lambda folder: looking_ahead.a_year(folder, FEW), True, id="forecast"),
        pytest.param(lambda folder: memory.of_a_tick(folder, (FEW, MORE)), True, id="memory"),
        pytest.param(lambda folder: post.by_two_workers(folder, FEW, 1), True, id="post, SQLite"),
        pytest.param(lambda folder: post.two_workers_on_postgres(folder, FEW, 1), True, id="post, Postgres"),
        pytest.param(lambda folder: post.invitations(folder, FEW, 1), True, id="invitations"),
        pytest.param(lambda folder: replying.applied(folder, FEW), True, id="replies"),
        pytest.param(lambda folder: sorting.classified(folder, FEW), True, id="mails"),
        pytest.param(lambda folder: office.forms(folder, FEW, 2), True, id="forms"),
        pytest.param(lambda folder: office.content(folder, FEW), False, id="the report's content"),
        pytest.param(lambda folder: office.as_html(folder, FEW), True, id="the report, html"),
        pytest.param(lambda folder: office.as_docx(folder, FEW, 2), True, id="the report, docx"),
        pytest.param(lambda folder: office.as_xlsx(folder, FEW), True, id="the report, xlsx"),
        pytest.param(lambda folder: office.as_csv(folder, FEW), True, id="the report, csv"),
        pytest.param(lambda folder: office.as_json_file(folder, FEW), True, id="the report, json"),
    ],
)
def test_a_benchmark_runs_small(run: Callable[[Path], Result], has_theirs: bool, tmp_path: Path) -> None:
    result = run(tmp_path)

    assert all(figure > 0 for figure in (*result.ours, *result.theirs))
    assert (result.skipped, bool(result.theirs)) == ("", has_theirs)


def test_the_curve_has_every_size_and_its_fit(tmp_path: Path) -> None:
    due, idle, ahead = curve.to_a_hundred_thousand(tmp_path, (FEW, MORE))

    assert [list(result.details["seconds"]) for result in (due, idle, ahead)] == [[FEW, MORE]] * 3
    assert all(result.ours == (result.details["power"],) for result in (due, idle, ahead))


@pytest.mark.parametrize(
    ("seconds", "power"),
    [
        ({1_000: 1.0, 10_000: 10.0, 100_000: 100.0}, 1.0),
        ({1_000: 1.0, 10_000: 1.0, 100_000: 1.0}, 0.0),
        ({1_000: 1.0, 10_000: 100.0, 100_000: 10_000.0}, 2.0),
    ],
)
def test_the_power_is_that_of_the_line_through_the_logarithms(seconds: dict[int, float], power: float) -> None:
    assert curve.power(seconds) == pytest.approx(power)


# --- the crowd


def test_a_crowd_is_the_same_in_one_chunk_or_in_several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert CHUNK > FEW
    whole = rows_of(kept(FEW, tmp_path))
    assert [len(rows) for rows in whole] == [FEW, FEW, FEW, FEW, 2 * FEW]
    monkeypatch.setattr("benchmarks.crowd.CHUNK", 7)

    assert rows_of(crowd_of(FEW, tmp_path / "chunks.db")) == whole


def test_every_case_of_a_crowd_owes_its_first_reminder(tmp_path: Path) -> None:
    with database(f"sqlite:///{kept(FEW, tmp_path)}") as uow:
        done = tick(uow, now=TICKED_AT)
        again = tick(uow, now=TICKED_AT)

    assert (done.subjects, done.messages, done.incidents) == (FEW, FEW, 0)
    assert again.subjects == 0


def test_a_large_crowd_is_kept_until_the_tables_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.crowd.KEPT_IN", tmp_path / "crowds")
    monkeypatch.setattr("benchmarks.crowd.KEPT_FROM", FEW)
    first = kept(FEW, tmp_path)
    made_at = first.stat().st_mtime_ns
    same = kept(FEW, tmp_path)
    monkeypatch.setattr("benchmarks.crowd._made_by", lambda: "other")
    other = kept(FEW, tmp_path)

    assert (same, same.parent) == (first, tmp_path / "crowds")
    assert (other == first, first.exists(), other.stat().st_mtime_ns > made_at) == (False, False, True)


def crowd_of(count: int, file: Path) -> Path:
    with database(f"sqlite:///{file}") as uow:
        gather(uow, count)
    return file


def rows_of(file: Path) -> list[list[tuple[object, ...]]]:
    """What was written for the crowd's cases; the opening of the cycle draws salts of its own."""
    questions = (
        "SELECT * FROM agency WHERE code LIKE 'X%'",
        "SELECT * FROM subject WHERE ref LIKE '%-X%'",
        "SELECT case_file.* FROM case_file JOIN subject ON subject.id = subject_id WHERE ref LIKE '%-X%'",
        "SELECT panel_session.* FROM panel_session WHERE uid LIKE '%@benchmark.example'",
        "SELECT * FROM history WHERE hash = ''",
    )
    with closing(sqlite3.connect(file)) as connection:
        return [connection.execute(f"{question} ORDER BY 1").fetchall() for question in questions]


def test_the_phases_of_a_tick_are_all_timed(tmp_path: Path) -> None:
    file = copied(kept(FEW, tmp_path), tmp_path / "phases.db")
    found = phases.of_a_tick(f"sqlite:///{file}", FEW)

    assert set(found) == {*(phase for _, _, phase in phases.PHASES), "the rest"}
    assert all(spent > 0 for spent in found.values())


# --- the guards


def test_the_tick_is_compared_only_with_the_same_rows(tmp_path: Path) -> None:
    seed = kept(FEW, tmp_path)
    ticked = copied(seed, tmp_path / "ticked.db")
    with database(f"sqlite:///{ticked}") as uow:
        tick(uow, now=TICKED_AT)
    with closing(sqlite3.connect(seed)) as one, closing(sqlite3.connect(ticked)) as other:
        with pytest.raises(RuntimeError, match="has not written what the tick wrote"):
            ticks._refuse_other_rows(other.cursor(), one.cursor())
        before, after = bare.read_all(one.cursor()), bare.read_all(other.cursor())

    written = bare.difference(before, after, "?")
    assert {statement.split()[2]: len(rows) for statement, rows in written.inserts} == {"history": FEW, "message": FEW}


def test_a_tick_that_did_not_do_everything_is_no_measurement(tmp_path: Path) -> None:
    file = copied(kept(FEW, tmp_path), tmp_path / "done.db")
    ticks._tick_all(f"sqlite:///{file}", FEW)

    with pytest.raises(RuntimeError, match=f"was to queue {FEW} letters and did this"):
        ticks._tick_all(f"sqlite:///{file}", FEW)


WRITE = "INSERT INTO outbox SELECT dedupe_key, to_address, subject_line, why FROM owed WHERE "


@pytest.mark.parametrize(
    ("statements", "is_whole"),
    [
        ([WRITE + "number >= 0"], True),
        ([WRITE + "number > 0"], False),
        ([WRITE + "number >= 0", "UPDATE outbox SET why = '' WHERE dedupe_key LIKE '%X3/%'"], False),
        ([WRITE + "number >= 0", "INSERT INTO outbox VALUES ('another', '', '', '')"], False),
    ],
    ids=["whole", "one missing", "one changed", "one too many"],
)
def test_a_peer_counts_only_if_each_reminder_is_there_once(statements: list[str], is_whole: bool) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        racing.set_out(connection.cursor(), FEW, "?")
        for statement in statements:
            connection.execute(statement)
        if is_whole:
            racing.check(connection.cursor(), FEW, "peer")
        else:
            with pytest.raises(RuntimeError, match=f"peer has not written the reminders of {FEW} cases"):
                racing.check(connection.cursor(), FEW, "peer")


def test_a_peer_that_is_not_to_be_had_is_skipped_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(environment, "KEPT_IN", tmp_path / "file")  # no environment can be made in there

    result = racing.dbos_on_sqlite(tmp_path, FEW, FEW)

    assert result.skipped.startswith("dbos could not be installed: ")
    assert "Not a directory" in result.skipped
    assert (result.ours, result.is_reached, result.is_aimed) == ((), True, False)


# --- what is said of the figures


@pytest.mark.parametrize(
    ("result", "is_reached", "is_aimed"),
    [
        (Result("a", "", "", (2.0,), (1.0,), at_most=3, aim=2), True, True),
        (Result("a", "", "", (2.5,), (1.0,), at_most=3, aim=2), True, False),
        (Result("a", "", "", (3.5,), (1.0,), at_most=3, aim=2), False, False),
        (Result("a", "", "", (300.0,), (1.0,), at_least=100, aim=300), True, True),
        (Result("a", "", "", (200.0,), (1.0,), at_least=100, aim=300), True, False),
        (Result("a", "", "", (99.0,), (1.0,), at_least=100, aim=300), False, False),
        (Result("a", "", "", (2.0,), within=1), False, False),
        (Result("a", "", "", (2.0,), (1.0,)), True, False),
        (Result("a", "", "", (0.6,), (1.0,), aim=0.5, unit="mails a second"), True, True),
        (Result("a", "", "", (0.4,), (1.0,), aim=0.5, unit="mails a second"), True, False),
    ],
)
def test_a_ratio_is_held_against_its_limit(result: Result, is_reached: bool, is_aimed: bool) -> None:
    assert (result.is_reached, result.is_aimed) == (is_reached, is_aimed)


def test_the_command_writes_what_it_found_and_fails_when_a_reach_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {
        "near": lambda _: Result("near", "ours", "bare", (2.0, 3.0, 4.0), (1.0, 1.0, 1.0), at_most=5, aim=3),
        "far": lambda _: [Result("far", "ours", "peer", (10.0,), (1.0,), at_least=20, unit="/s")],
        "away": lambda _: Result("away", "ours", "peer", skipped="there is no such peer"),
    }
    monkeypatch.setattr(command, "BENCHMARKS", found)
    monkeypatch.setattr(command, "WRITTEN_TO", tmp_path / "bench.json")

    assert [command.main(["near", "away"]), command.main([])] == [0, 1]

    written = json.loads((tmp_path / "bench.json").read_text())["results"]
    assert [(row["name"], row["ratio"], row["reached"]) for row in written] == [
        ("near", 3.0, True), ("far", 10.0, False), ("away", None, True),
    ]  # fmt: skip
    assert "Missed: far." in capsys.readouterr().err


PAGE = """# A page

<!-- benchmarks: tick peer -->
old
<!-- end of benchmarks -->

Words.

<!-- curve: curve-due -->
old
<!-- end of benchmarks -->

<!-- benchmarks: unknown -->
kept
<!-- end of benchmarks -->

<!-- phases: -->
old
<!-- end of benchmarks -->
"""


def test_a_page_shows_the_last_figures_between_its_marks() -> None:
    rows = [
        Result("tick-a", "a tick", "bare", (3.0,), (1.0,), at_most=5, aim=3).as_json(),
        Result("help", "help", "pass", (3.0,), (1.0,)).as_json(),
        Result("peer-b", "ours", "b", (20_000.0,), (10.0,), at_least=100, aim=300, unit="/s").as_json(),
        Result("peer-c", "ours", "c", skipped="not there").as_json(),
        Result(
            "curve-due", "a tick, 10 to 1,000 cases", "", (0.5,), within=1.1, unit="power",
            details={"seconds": {"10": 1.0, "1000": 10.0}},
        ).as_json(),
    ]  # fmt: skip

    assert (
        tables.written_into(PAGE, rows, "| phase |")
        == """# A page

<!-- benchmarks: tick peer -->
| what | beside | ours | beside it | ratio | spread | to reach | aim |  |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |
| a tick | bare | 3.000 s | 1.000 s | 3.00 | 3.00 to 3.00 | at most 5 times | 3 | aimed |
| ours | b | 20,000/s | 10/s | 2,000 | 2,000 to 2,000 | at least 100 times | 300 | aimed |
| ours | c |  |  |  |  |  |  | skipped: not there |
<!-- end of benchmarks -->

Words.

<!-- curve: curve-due -->
| cases | seconds | microseconds for each case |
|---:|---:|---:|
| 10 | 1.000 | 100,000.0 |
| 1,000 | 10.000 | 10,000.0 |

A tick grows as n^0.50.
<!-- end of benchmarks -->

<!-- benchmarks: unknown -->
kept
<!-- end of benchmarks -->

<!-- phases: -->
| phase |
<!-- end of benchmarks -->
"""
    )


def test_what_was_measured_before_is_kept_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = iter([(1.0,), (2.0,), (3.0,)])
    found = {name: lambda _, name=name: Result(name, name, "", next(figures)) for name in ("one", "other")}
    monkeypatch.setattr(command, "BENCHMARKS", found)
    monkeypatch.setattr(command, "WRITTEN_TO", tmp_path / "bench.json")

    for names in ([], ["one"]):
        command.main(names)

    written = json.loads((tmp_path / "bench.json").read_text())["results"]
    assert [(row["name"], row["median"]) for row in written] == [("other", 2.0), ("one", 3.0)]
