"""A process that is killed at any call it makes of the kernel, or there loses the power, loses and doubles nothing."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.faults.conftest import Say
from tests.faults.ground import Ground, Grounds, Verdict, counted, faults, for_each_scene, laid_out, spread
from tests.faults.powercut import Disk
from tests.faults.scenes import DATABASES, SCENES
from tests.faults.syscalls import SYNCS, WRITES, Call, kill_at, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

SHORT = (("deliver", "sqlite"), ("receive", "sqlite"), ("deliver-smtp", "postgres"))
EVERY = [(name, database) for database in DATABASES for name, scene in SCENES.items() if not scene.by_imap]
ON_DISK = [name for name, scene in SCENES.items() if not (scene.by_smtp or scene.by_imap)]

HARMED_BY_A_KILL = [
    ("part files", "receive", "documents"), ("transactions", "move", "s11flow.db-wal"),
    ("part files", "deliver", "outbox"),
]  # fmt: skip
HARMED_BY_A_POWER_CUT = [("file syncs", "receive"), ("database syncs", "receive"), ("file syncs", "deliver")]
EACH_GUARD = 2
"""The short run takes each guard away once."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every scene on each database in the long run."""
    for_each_scene(metafunc, SHORT, EVERY)
    if "on_disk" in metafunc.fixturenames:
        metafunc.parametrize("on_disk", ON_DISK if metafunc.config.getoption("--thorough") else ["receive"])
    if "guard" in metafunc.fixturenames:
        names = ("guard", "name", "at") if "at" in metafunc.fixturenames else ("guard", "name")
        every = HARMED_BY_A_KILL if "at" in names else HARMED_BY_A_POWER_CUT
        metafunc.parametrize(names, every if metafunc.config.getoption("--thorough") else every[:EACH_GUARD])


@pytest.fixture(scope="module")
def grounds(request: pytest.FixtureRequest) -> Iterator[Grounds]:
    """What the scenes of this module are played with."""
    with laid_out(lambda: request.getfixturevalue("postgres")) as found:
        yield found


def test_killed_at_any_call(name: str, database: str, grounds: Grounds, thorough: bool, say: Say) -> None:
    ground = grounds.of(name, database)
    every = ground.calls()
    chosen = spread(every, None if thorough else 3)

    found = {str(call): ground.killed_at(kill_at(call)) for call in chosen}

    verdicts = {call: verdict for call, verdict in found.items() if verdict is not None}
    say(**counted(list(verdicts.values()), calls=len(every)))
    assert faults(verdicts) == {}
    assert len(verdicts) >= 0.98 * len(chosen)  # a run may make a call or two less than the one that was watched


def test_the_power_goes_at_any_sync(on_disk: str, grounds: Grounds, thorough: bool, say: Say, tmp_path: Path) -> None:
    ground = grounds.of(on_disk)

    verdicts = dict(_power_cuts(ground, tmp_path, None if thorough else 3))

    say(**counted(list(verdicts.values())))
    assert faults(verdicts) == {}
    assert verdicts["certain at the end"]["done"]  # what was answered is certain


# --- controls: without the guard, the proof fails --------------------------------------------------------------------


def test_without_its_guard_a_kill_does_harm(guard: str, name: str, at: str, grounds: Grounds) -> None:
    ground = grounds.of(name, without=guard)
    writes = [call for call in ground.calls() if call.name in WRITES and call.is_at(at)]

    found = (ground.killed_at(kill_at(call)) for call in spread(writes, 6))

    assert any(verdict["faults"] for verdict in found if verdict)


def test_without_its_guard_a_power_cut_does_harm(guard: str, name: str, grounds: Grounds, tmp_path: Path) -> None:
    ground = grounds.of(name, without=guard)

    cuts = _power_cuts(ground, tmp_path, 4)

    assert any(verdict["faults"] or (what == "certain at the end" and not verdict["done"]) for what, verdict in cuts)


# --- the parts -------------------------------------------------------------------------------------------------------


def _power_cuts(ground: Ground, folder: Path, wanted: int | None) -> Iterator[tuple[str, Verdict]]:
    """Cut the power around each sync, and leave of what was not synced nothing, or what chance wills."""
    chance = random.Random(2026)
    every, disk, log = ground.watched()
    around = {place + step for place, call in enumerate(every) if call.name in SYNCS for step in (0, 1)}
    chosen = {*spread(sorted(around), wanted), len(every)}
    for place, state in _states(disk, log, every):
        if place in chosen:
            what = "at the end" if place == len(every) else f"before {every[place]}"
            yield f"certain {what}", _judged_on(ground, folder / "left", state.certain)
            yield f"by chance {what}", _judged_on(ground, folder / "left", partial(state.by_chance, chance=chance))


def _states(disk: Disk, log: str, every: tuple[Call, ...]) -> Iterator[tuple[int, Disk]]:
    """The disk before each of the calls, and after the last; lines that are none of them are followed too."""
    place = 0
    for line in log.splitlines():
        if place < len(every) and line == every[place].line:
            yield place, disk
            place += 1
        disk.follow(line)
    assert place == len(every)
    yield place, disk


def _judged_on(ground: Ground, folder: Path, lay: Callable[[Path], None]) -> Verdict:
    lay(folder)
    try:
        return ground.judged_on(folder)
    finally:
        shutil.rmtree(folder)
