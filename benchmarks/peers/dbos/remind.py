# Run where only the benchmark installs the peer: mypy does not see it.
# mypy: disable-error-code="import-not-found", allow-untyped-decorators
"""DBOS: `remind.py ADDRESS CASES`. A workflow on a queue for each case, its one step a transaction of the outbox.

As its documentation has it for many tasks at once (docs.dbos.dev: queue tutorial; transactions and datasources): the
queue persists each workflow before it runs, and a datasource's transaction commits the row together with the record of
the step, hence exactly once. On SQLite it gets the journal that ours has (WAL) and as safe a commit.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, SQLAlchemyDatasource

ADDRESS, CASES = sys.argv[1], int(sys.argv[2])
IS_SQLITE = ADDRESS.startswith("sqlite")
WORKERS = 4 if IS_SQLITE else 20
POLL = 0.02
WRITE = sa.text("INSERT INTO outbox SELECT dedupe_key, to_address, subject_line, why FROM owed WHERE number = :number")


def sqlite_engine() -> sa.Engine:
    """An engine as DBOS makes it, but with a write-ahead log, which is several times as fast."""
    engine = sa.create_engine(ADDRESS)

    @sa.event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("busy_timeout=30000", "foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


engine = sqlite_engine() if IS_SQLITE else sa.create_engine(ADDRESS, pool_size=WORKERS)
settings = {"name": "reminders", "system_database_url": ADDRESS, "log_level": "ERROR"}
DBOS(config={**settings, "system_database_engine": engine} if IS_SQLITE else settings)
source = SQLAlchemyDatasource.create(ADDRESS, engine=engine)


@source.transaction(isolation_level="SERIALIZABLE" if IS_SQLITE else "READ COMMITTED")
def write(number: int) -> None:
    """The row and the record of this step, in one transaction."""
    source.sql_session().execute(WRITE, {"number": number})


@DBOS.workflow()
def remind(number: int) -> None:
    """What is owed to one case."""
    write(number)


DBOS.launch()
DBOS.register_queue("reminders", worker_concurrency=WORKERS, polling_interval_sec=POLL)
start = time.perf_counter()
for handle in [DBOS.enqueue_workflow("reminders", remind, number) for number in range(CASES)]:
    handle.get_result(polling_interval_sec=POLL)
print(json.dumps({"seconds": time.perf_counter() - start}))
DBOS.destroy()
