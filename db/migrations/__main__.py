"""`python -m db.migrations "Say its effect"`: write the step that leads from the migrations so far to the tables.

What it writes is a draft: read it, run `ruff check --fix` and `ruff format` on it, and run `tests/db`.
"""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import Script

from db import migrate
from db.engine import open_engine

VERSIONS = Path(__file__).with_name("versions")


def write_step(effect: str) -> None:
    """Compare the tables with what the migrations make of an empty SQLite file, and write the difference."""
    number = f"{len(list(VERSIONS.glob('[0-9]*.py'))) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/empty.db")
        migrate.upgrade(engine)
        with engine.connect() as connection:
            step = command.revision(migrate.configuration(connection), effect, autogenerate=True, rev_id=number)
        engine.dispose()
    assert isinstance(step, Script)
    written = Path(step.path)
    lines = written.read_text("utf-8").splitlines(keepends=True)
    written.write_text("".join(line for line in lines if not line.lstrip().startswith("# ###")), "utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write_step(sys.argv[1])
