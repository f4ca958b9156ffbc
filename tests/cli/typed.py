"""Types commands as a person would, and reads what comes back."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from db import queries
from db.engine import open_engine
from s11flow.cli import app

REGISTER = Path(__file__).parents[2] / "s11flow/demo/agencies-gloucestershire.csv"
ASSESSMENT = Path(__file__).parents[2] / "docs/examples/assessment.json"
PANEL_DAYS = ("2026-11-10", "2026-11-12", "2026-11-17")


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it printed where."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Cli:
    """Types commands in *folder*; its database is there, or at *url*."""

    folder: Path
    url: str

    def __call__(self, *words: str, **env: str) -> Said:
        """Type a command; a bug in it is the test's failure."""
        found = CliRunner().invoke(app, words, env={"S11FLOW_DATABASE_URL": self.url, **env}, catch_exceptions=False)
        return Said(found.exit_code, found.stdout, found.stderr)

    def json(self, *words: str, **env: str) -> Any:
        """Type a command that is to succeed, and read its answer."""
        said = self(*words, "--json", **env)
        assert (said.code, said.err) == (0, "")
        return said.json

    def stored(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything the database holds."""
        engine = open_engine(self.url)
        with engine.connect() as connection:
            found = {
                table.name: sorted((tuple(row) for row in connection.execute(table.select())), key=repr)
                for table in queries.subject.metadata.sorted_tables
            }
        engine.dispose()
        return found


def cli_in(folder: Path, url: str | None = None) -> Cli:
    """Type commands in *folder*."""
    return Cli(folder, url or f"sqlite:///{folder / 's11flow.db'}")


def set_up(cli: Cli, year: int = 2026, panel_days: tuple[str, ...] = PANEL_DAYS, now: str = "2026-06-01") -> None:
    """Make the partnership, bring the register in, open a cycle."""
    days = [word for day in panel_days for word in ("--panel-day", day)]
    for words in (
        ("init", "--now", now),
        ("agencies", "import", str(REGISTER), "--now", now),
        ("cycle", "open", str(year), *days, "--now", now),
    ):
        assert cli(*words).code == 0
