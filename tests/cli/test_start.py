"""The command line starts at once, explains itself, and says wrong typing in a sentence."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from s11flow.cli import app
from tests.cli.typed import Cli

ROOT = Path(__file__).parents[2]
HEAVY = {
    "alembic", "apscheduler", "emails", "fastapi", "holidays", "icalendar", "jinja2", "markdown_it", "prefect",
    "pydantic", "rich", "sqlalchemy", "sqlmodel",
}  # fmt: skip


def test_starting_loads_nothing_heavy() -> None:
    code = "import sys; import s11flow.cli; print(*sorted({name.partition('.')[0] for name in sys.modules}))"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert HEAVY & set(done.stdout.split()) == set()


def test_asking_for_help_loads_nothing_heavy() -> None:
    code = (
        "import atexit, sys; sys.argv = ['s11flow', '--help']\n"
        f"heavy = {sorted(HEAVY)!r}\n"
        "atexit.register(lambda: print('loaded', *[name for name in heavy if name in sys.modules], file=sys.stderr))\n"
        "from s11flow.cli import main; main()"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "loaded\n")
    assert done.stdout.startswith("Usage: s11flow ")


def commands() -> Iterator[tuple[str, ...]]:
    """Every command, as it is typed."""
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        below = getattr(command, "commands", None)
        yield from [(name, other) for other in below] if below else [(name,)]


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_explains_itself(empty: Cli, words: tuple[str, ...]) -> None:
    said = empty(*words, "--help")

    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("Usage: ")


def test_every_command_says_in_the_list_what_it_does_without_being_cut(empty: Cli) -> None:
    said = empty("--help")

    assert [line for line in said.out.split("Commands:")[1].splitlines() if line.endswith("...")] == []


def test_every_command_of_the_design_is_there() -> None:
    assert {" ".join(words) for words in commands()} >= set(
        """
        demo/init/migrate/doctor/verify/worker/assess/agree/reopen/forecast/tick/deliver/report/lifecycle
        agencies import/agencies list/agencies show/cycle open/cycle timetable/cycle show/cycle add-day
        cycle stand-down/cycle approve-report/cycle statement/cycle close/cycle reopen-report/case list/case show
        case history/case receive/case accept/case return/case withdraw/case excuse/case cover/case revive/case void
        case extend/case correct/panel plan/panel move/panel swap/panel ask/panel offer/panel answer/panel interest
        panel order/panel reply/panel record/panel cancel/escalation list
        escalation hold/escalation resume/escalation acknowledge/escalation follow-up/escalation stand-down/outbox list
        outbox show/outbox hold/outbox release/outbox retry
        """.replace("\n        ", "/")
        .strip("/")
        .split("/")
    )


def test_a_bug_crashes_with_its_trace(here: Path) -> None:
    code = (
        "import sys; from s11flow.cli import main; import s11flow.services.verify as v\n"
        "v.verify = lambda *a, **k: 1 / 0\n"
        "for sys.argv in (['s11flow', 'init'], ['s11flow', 'verify']):\n"
        "    try: main()\n"
        "    except SystemExit: pass\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=here, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )

    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_the_package_can_be_run(here: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "s11flow", "case", "list"], cwd=here, env={"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == (
        "There is no database s11flow.db yet; run `s11flow init`, or `s11flow migrate` for tables only.\n"
    )


def test_what_is_mistyped_is_usage(empty: Cli) -> None:
    assert [empty(*words).code for words in (("tock",), ("tick", "--nwo", "2026-07-06"), ("case", "show"))] == [2, 2, 2]
