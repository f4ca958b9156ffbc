"""Changes the rules by one small thing at a time and lists each change that no test notices: `python -m tests.mutants`.

mutmut writes the mutants, all of a module into one file, and switches between them while it runs. mypy refuses those
that no longer type-check; each of the others is tried in a fork of a process that has collected the tests already, on
the tests that reach its function, until one fails. What no test fails on survives.
"""

from __future__ import annotations

import argparse
import difflib
import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[1]
TREE = HERE / "build" / "mutants"
VERDICTS = HERE / "build" / "mutants.json"
KNOWN_TYPES = HERE / "build" / "mutants-mypy"
MUTATED = ("s11flow/domain/**/*.py", "s11flow/services/tick.py")
COPIED = ("s11flow", "db", "calendars", "notifications", "flows", "tests", "docs", "README.md", "pyproject.toml")
TESTS = {
    "s11flow.domain": ("tests/domain",),
    "s11flow.services.tick": ("tests/services/test_tick.py", "tests/services/test_tick_and_collector.py"),
}
"""Whose tests hold which rules: what only a test of another room notices has survived."""
SERVED = "s11flow.services.tick"
PYTEST = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov", "-m", "not postgres",
          "--hypothesis-profile=mutants", "--assert=plain", "--tb=no")  # fmt: skip
_UNTYPED = ("unused-ignore", "misc", "no-redef", "var-annotated", "has-type", "no-any-return")  # mutmut's own manner
MYPY = ("--strict", "--config-file=", f"--cache-dir={KNOWN_TYPES}", "--ignore-missing-imports", "--no-error-summary",
        "--output=json", *(f"--disable-error-code={code}" for code in _UNTYPED))  # fmt: skip
LONGEST_TEST = 5.0
"""Seconds of processor, however busy the machine; the slowest test here takes two."""
KEPT = "@lru_cache(maxsize=4096)\n"
"""Results that are kept would hide a mutant from the tests; and mutmut passes decorated functions by."""

KILLED, SURVIVED, UNREACHED, REFUSED = "killed", "survived", "reached by no test", "refused by mypy"


@dataclass
class Module:
    """A module with its mutants: each one's name, the function it stands in, how that is changed, and its digest."""

    name: str
    functions: dict[str, str] = field(default_factory=dict)
    changes: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)


# --- writing the mutants ----------------------------------------------------------------------------------------------


def written() -> list[Module]:
    """The project again in TREE, its rules full of mutants."""
    shutil.rmtree(TREE, ignore_errors=True)
    for name in COPIED:
        if (HERE / name).is_dir():
            shutil.copytree(HERE / name, TREE / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(HERE / name, TREE / name)
    sources = sorted(path.relative_to(HERE) for pattern in MUTATED for path in HERE.glob(pattern))
    return [module for path in sources if (module := _mutated(path)).functions]


def _mutated(path: Path) -> Module:
    from mutmut.mutation.file_mutation import mutate_file_contents

    module = Module(str(path.with_suffix("")).replace("/", ".").removesuffix(".__init__"))
    file = mutate_file_contents(str(path), (HERE / path).read_text(encoding="utf-8").replace(KEPT, ""))
    (TREE / path).write_text(file.code, encoding="utf-8")
    lines = file.code.splitlines()

    def text(function: str) -> list[str]:
        span = file.line_span_by_function_name[function]
        return lines[span.start - 1 : span.end]

    for mutant in file.mutant_names:
        function, _, _ = mutant.rpartition("__mutmut_")
        name, before, after = f"{module.name}.{mutant}", text(f"{function}__mutmut_orig"), text(mutant)
        module.functions[name] = f"{module.name}.{function}"
        module.changes[name] = _change(before, after)
        module.digests[name] = sha256("\n".join([*before, *after]).encode()).hexdigest()
    (TREE / path).with_suffix(".spans").write_text(
        json.dumps([(span.start, span.end, name) for name, span in file.line_span_by_function_name.items()])
    )
    return module


def _change(before: Sequence[str], after: Sequence[str]) -> str:
    compared = difflib.unified_diff(before[1:], after[1:], n=0, lineterm="")
    return "\n".join(line for line in compared if not line.startswith(("---", "+++", "@@")))


def refused(modules: Iterable[Module]) -> set[str]:
    """The mutants in which mypy finds an error."""
    names = [part for module in modules for part in ("--module", module.name)]
    said = subprocess.run([sys.executable, "-m", "mypy", *MYPY, *names], cwd=TREE, capture_output=True, text=True)
    found = set()
    spans: dict[str, list[tuple[int, int, str]]] = {}
    for error in map(json.loads, said.stdout.splitlines()):
        path = TREE / error["file"]
        if error["file"] not in spans:
            spans[error["file"]] = json.loads(path.with_suffix(".spans").read_text()) if _is_mutated(path) else []
        module = error["file"].removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        found |= {f"{module}.{name}" for start, end, name in spans[error["file"]] if start <= error["line"] <= end}
    return found


def _is_mutated(path: Path) -> bool:
    return path.with_suffix(".spans").exists()


# --- trying them (in TREE, in a process of its own) -------------------------------------------------------------------


class Trial:
    """Takes the place of pytest's loop over the tests: each mutant has a fork, and the fork the tests that reach it."""

    def __init__(self, functions: Mapping[str, str], at_once: int) -> None:
        self.functions = functions  # by mutant
        self.at_once = at_once
        self.verdicts: dict[str, str] = {}
        self.killers: dict[str, list[str]] = defaultdict(list)  # by function: what failed on its mutants before

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Learn which tests reach which function, then try every mutant."""
        gc.freeze()
        items = session.items
        reached = json.loads(_forked(lambda: json.dumps(_reached(items))))
        if failed := _forked(lambda: _first_that_fails("no.mutant", items)):
            raise AssertionError(f"{failed} fails without a mutant in a fork of its own: no verdict would be true.")
        for room, files in TESTS.items():
            if room == SERVED:  # its tests share a database to copy: made here, once
                _run(next(item for item in items if item.nodeid.startswith(files)), items[0])
            self._try({x: y for x, y in self.functions.items() if y.startswith(room)}, reached, items, files)
        return True

    def _try(
        self,
        functions: Mapping[str, str],
        reached: dict[str, dict[str, int]],
        items: Sequence[pytest.Item],
        files: tuple[str, ...],
    ) -> None:
        own = {item.nodeid: item for item in items if item.nodeid.startswith(files)}
        running: dict[int, tuple[str, int]] = {}
        for done, (mutant, function) in enumerate(functions.items()):
            if not (tests := {name: reach for name, reach in reached.get(function, {}).items() if name in own}):
                self.verdicts[mutant] = UNREACHED
                continue
            if len(running) >= self.at_once:
                self._wait_for_one(running)
            # What failed on this function's other mutants comes first, then what reaches little besides it.
            order = sorted(tests, key=lambda name: (name not in self.killers[function][-8:], tests[name]))
            pid, read = _fork(partial(_first_that_fails, mutant, [own[name] for name in order]))
            running[pid] = (mutant, read)
            if done % 100 == 0:
                print(f"{len(self.verdicts)} of {len(self.functions)}", file=sys.stderr, flush=True)
                self.keep()
        while running:
            self._wait_for_one(running)
        self.keep()

    def keep(self) -> None:
        """Write down the verdicts so far."""
        Path("tried.json").write_text(json.dumps(self.verdicts))

    def _wait_for_one(self, running: dict[int, tuple[str, int]]) -> None:
        pid, status = os.wait()
        mutant, read = running.pop(pid)
        with os.fdopen(read) as pipe:
            killer = pipe.read()
        ended = os.waitstatus_to_exitcode(status)
        if ended == 0 and not killer:
            self.verdicts[mutant] = SURVIVED
        elif ended in (0, -signal.SIGPROF):
            self.verdicts[mutant] = KILLED
            self.killers[self.functions[mutant]].append(killer)
        else:
            self.verdicts[mutant] = f"not tried: its fork ended with {ended}: {killer}"


def _fork(work: Callable[[], str]) -> tuple[int, int]:
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return pid, read
    code = 1
    try:
        os.close(read)
        with os.fdopen(write, "w") as pipe:
            try:
                pipe.write(work())
                code = 0
            except BaseException:
                pipe.write(traceback.format_exc())
    finally:
        os._exit(code)


def _forked(work: Callable[[], str]) -> str:
    pid, read = _fork(work)
    with os.fdopen(read) as pipe:
        said = pipe.read()
    if os.waitpid(pid, 0)[1] != 0:
        raise RuntimeError(said)
    return said


def _reached(items: Sequence[pytest.Item]) -> dict[str, dict[str, int]]:
    """By function, the tests that reach it, each with how many functions it reaches."""
    from mutmut.mutation.trampoline import set_mutant_under_test
    from mutmut.state import state

    set_mutant_under_test("stats")
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for item, following in zip(items, [*items[1:], None], strict=True):
        state()._stats.clear()
        reports = _run(item, following)
        if failed := [report for report in reports if report.failed]:
            raise AssertionError(f"{item.nodeid} fails without a mutant: {failed[0].longreprtext}")
        for function in state()._stats:
            found[function][item.nodeid] = len(state()._stats)
    return found


def _first_that_fails(mutant: str, items: Sequence[pytest.Item]) -> str:
    """The name of the first test that fails on *mutant*, or nothing."""
    from mutmut.mutation.trampoline import set_mutant_under_test

    set_mutant_under_test(mutant)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    for item, following in zip(items, [*items[1:], None], strict=True):
        signal.setitimer(signal.ITIMER_PROF, LONGEST_TEST)  # one that never ends is ended
        if any(report.failed for report in _run(item, following)):
            return item.nodeid
    return ""


def _run(item: pytest.Item, following: pytest.Item | None) -> list[pytest.TestReport]:
    from _pytest.runner import runtestprotocol

    return runtestprotocol(item, log=False, nextitem=following)


def tried(functions: dict[str, str], at_once: int) -> dict[str, str]:
    """The verdict on each mutant, worked out in TREE by a process that has never seen the unmutated rules."""
    asked = TREE / "asked.json"
    asked.write_text(json.dumps(functions))
    run = [sys.executable, "-m", "tests.mutants", "--try", str(asked), "--at-once", str(at_once)]
    subprocess.run(run, cwd=TREE, check=True, env={**os.environ, "PYTHONPATH": str(TREE)})
    answer: dict[str, str] = json.loads((TREE / "tried.json").read_text())
    return answer


def _try(asked: Path, at_once: int) -> None:
    trial = Trial(json.loads(asked.read_text()), at_once)
    code = pytest.main([*PYTEST, *(file for files in TESTS.values() for file in files)], plugins=[trial])
    if code != pytest.ExitCode.OK:
        raise SystemExit(int(code))


# --- telling ----------------------------------------------------------------------------------------------------------


def _before(modules: Iterable[Module]) -> dict[str, str]:
    """The last verdict on each mutant that is still the same."""
    kept = json.loads(VERDICTS.read_text()) if VERDICTS.exists() else {}
    every = [(mutant, digest) for module in modules for mutant, digest in module.digests.items()]
    return {mutant: kept[mutant][0] for mutant, digest in every if mutant in kept and kept[mutant][1] == digest}


def keep(modules: Iterable[Module], verdicts: Mapping[str, str]) -> None:
    """Write the verdicts down, each with the digest of what it is about."""
    every = [(mutant, digest) for module in modules for mutant, digest in module.digests.items()]
    VERDICTS.write_text(
        json.dumps({mutant: (verdicts[mutant], digest) for mutant, digest in every if mutant in verdicts})
    )


def told(modules: Sequence[Module], verdicts: dict[str, str]) -> Iterator[str]:
    """The survivors with what they change, and a table of the verdicts by module."""
    for module in modules:
        for mutant in module.functions:
            if (verdict := verdicts.get(mutant, KILLED)) not in (KILLED, REFUSED):
                yield f"{mutant}: {verdict}\n{module.changes[mutant]}\n"
    yield "| module | mutants | refused by mypy | tried | killed | survived | reached by no test | score |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, count in [*((m.name, _count([m], verdicts)) for m in modules), ("all", _count(modules, verdicts))]:
        cells = (count.total(), count[REFUSED], _tried(count), count[KILLED], count[SURVIVED], count[UNREACHED])
        yield f"| {name} | {' | '.join(map(str, cells))} | {_score(count):.1f}% |"


def _count(modules: Iterable[Module], verdicts: dict[str, str]) -> Counter[str]:
    return Counter(verdicts[mutant] for module in modules for mutant in module.functions if mutant in verdicts)


def _tried(count: Counter[str]) -> int:
    return count.total() - count[REFUSED]


def _score(count: Counter[str]) -> float:
    """Killed per cent of those that type-check."""
    return 100 * count[KILLED] / _tried(count) if _tried(count) else 100.0


def main() -> int:
    """Write, try and tell; 1 when fewer than were asked for are killed."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--only", default="", help="only mutants whose name has this in it")
    words.add_argument("--survivors", action="store_true", help="only what survived, or was not tried, last time")
    words.add_argument("--at-once", type=int, default=1, help="how many forks at once")
    words.add_argument("--at-least", type=float, default=0.0, help="per cent that must be killed")
    words.add_argument("--try", type=Path, dest="asked", help=argparse.SUPPRESS)
    args = words.parse_args()
    if args.asked:
        _try(args.asked, args.at_once)
        return 0
    modules = written()
    functions = {mutant: function for module in modules for mutant, function in module.functions.items()}
    verdicts = {mutant: verdict for mutant, verdict in _before(modules).items() if verdict != REFUSED}
    wrong = refused(modules)
    wanted = [
        mutant
        for mutant in functions
        if mutant not in wrong and args.only in mutant and not (args.survivors and verdicts.get(mutant) == KILLED)
    ]
    verdicts |= dict.fromkeys(wrong & functions.keys(), REFUSED)
    verdicts |= tried({mutant: functions[mutant] for mutant in wanted}, args.at_once)
    keep(modules, verdicts)
    print("\n".join(told(modules, verdicts)))
    return int(_score(_count(modules, verdicts)) < args.at_least)


if __name__ == "__main__":
    sys.exit(main())
