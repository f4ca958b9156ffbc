"""A disk that is full or failing, once or from then on: the command says so and ends, and the next run goes on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from tests.faults.conftest import Say
from tests.faults.ground import Grounds, Verdict, counted, faults, for_each_scene, laid_out, spread
from tests.faults.playing import FEW
from tests.faults.scenes import SCENES
from tests.faults.syscalls import SYNCS, WRITES, Call, Ended, refuse, refuse_from, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

# What is sent by mail is written to the database as what is filed is. Mail over which the disk fails is left to a
# person with the reason, which is another end than an undisturbed one.
ON_DISK = [
    (FEW if name == "deliver" else name, "sqlite")
    for name, scene in SCENES.items()
    if not (scene.by_smtp or scene.name.startswith("collect"))
]

NEEDS_ROOM = (*WRITES, "mkdir", "mkdirat", "ftruncate")
CAN_FAIL = {"ENOSPC": NEEDS_ROOM, "EIO": (*NEEDS_ROOM, *SYNCS)}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every scene in the long run."""
    for_each_scene(metafunc, [(FEW, "sqlite"), ("receive", "sqlite")], ON_DISK)


@pytest.fixture(scope="module")
def grounds(request: pytest.FixtureRequest) -> Iterator[Grounds]:
    """What the scenes of this module are played with."""
    with laid_out(lambda: request.getfixturevalue("postgres")) as found:
        yield found


@pytest.mark.parametrize("error", CAN_FAIL)
def test_a_disk_that_refuses(name: str, database: str, error: str, grounds: Grounds, thorough: bool, say: Say) -> None:
    ground = grounds.of(name, database)
    every = ground.calls()
    chosen = spread([call for call in every if call.name in CAN_FAIL[error]], None if thorough else 2)

    found = {
        f"{call} {how}": ground.refused(inject)
        for call in chosen
        for how, inject in _ways(every, call, error).items()
    }  # fmt: skip

    struck = {where: outcome for where, outcome in found.items() if outcome is not None}
    verdicts = {where: _without_delays(verdict) for where, (_, verdict) in struck.items()}
    say(**counted(list(verdicts.values()), ended=_endings(ended for ended, _ in struck.values())))
    assert {where: ended.said for where, (ended, _) in struck.items() if not _is_clean(ended)} == {}
    assert faults(verdicts) == {}
    assert len(struck) >= 0.98 * len(found)


@pytest.mark.parametrize(("name", "at"), [(FEW, "outbox"), ("receive", "documents")])
def test_without_part_files_a_full_disk_leaves_half_of_one(name: str, at: str, grounds: Grounds) -> None:
    ground = grounds.of(name, without="part files")
    second = [call for call in ground.calls() if call.name == "write" and call.is_at(at)][1]

    struck = ground.refused(refuse(second, "ENOSPC"))

    assert struck is not None
    assert struck[1]["faults"]


def _ways(every: Sequence[Call], call: Call, error: str) -> dict[str, list[str]]:
    return {"once": refuse(call, error), "from then on": refuse_from(every, call, error, CAN_FAIL[error])}


def _is_clean(ended: Ended) -> bool:
    """Whether it came to its end and, where it was not done, said why on one line."""
    if ended.code != 0:
        return False
    code, said = ended.said
    return "Traceback" not in said if code == 0 else code in (1, 4) and bool(_SENTENCE.fullmatch(said))


_SENTENCES = (
    "The database could not be read or written",
    "The database did not say whether it saved this",
    "S11FLOW_DATABASE_URL cannot be used",
    "The file could not be kept",
)
_FIRST = r"What became of a letter is not recorded yet; the database is waited for: [^\n]*\n"
_THEN = r"What became of a letter could not be recorded, and its outcome counts as unknown\.\n"
_SENTENCE = re.compile(rf"({_FIRST})?({_THEN})?({'|'.join(_SENTENCES)})[^\n]*\.\n")


def _endings(all_ended: Iterator[Ended]) -> dict[str, int]:
    return dict(Counter(f"exit {ended.said[0]}" if ended.code == 0 else "no exit" for ended in all_ended))


def _without_delays(verdict: Verdict) -> Verdict:
    """That a letter had to wait for the disk is recorded, and is no fault."""
    kept = {name: [fault for fault in verdict[name] if not _WAITED.fullmatch(fault)] for name in ("lost", "faults")}
    return {**verdict, **kept}


_WAITED = re.compile(r"the history of .* says: (re-sent after an unknown outcome, )?(not reached, )+delivered")
