"""The command line in a folder of the test's own: before anything, and with a cycle open."""

import shutil
from pathlib import Path

import pytest

from tests.cli.typed import Cli, cli_in, set_up


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, empty, with nothing in the environment that is ours."""
    monkeypatch.chdir(tmp_path)
    for name in ("URL", "DIR", "MODE", "ALLOW", "REDIRECT", "ACTOR"):
        for what in ("", "DATABASE_", "MAIL_", "MAILBOX_", "DOCUMENTS_", "PUBLIC_"):
            monkeypatch.delenv(f"S11FLOW_{what}{name}", raising=False)
    return tmp_path


@pytest.fixture
def empty(here: Path) -> Cli:
    """Before anything was set up."""
    return cli_in(here)


@pytest.fixture(scope="session")
def opened_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the register, and the cycle of 2026 opened on 1 June."""
    folder = tmp_path_factory.mktemp("opened")
    set_up(cli_in(folder))
    return folder / "s11flow.db"


@pytest.fixture
def cli(here: Path, opened_database: Path) -> Cli:
    """With the register in, and the cycle of 2026 open."""
    shutil.copy(opened_database, here / "s11flow.db")
    return cli_in(here)
