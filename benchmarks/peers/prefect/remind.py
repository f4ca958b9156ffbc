"""Prefect: `remind.py ADDRESS CASES`. A task for each case, mapped over a pool of threads, its results kept.

As its documentation has it for many things at once (docs.prefect.io: task runners; results): `map`, and
`persist_result`, so that a flow that is run again need not do what was done. The server is the one that Prefect starts
for a run, on SQLite.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from contextlib import closing
from typing import Any

from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

ADDRESS, CASES = sys.argv[1].removeprefix("sqlite:///"), int(sys.argv[2])
WORKERS = 10
WRITE = (
    "INSERT INTO outbox SELECT dedupe_key, to_address, subject_line, why FROM owed WHERE number = ?"
    " ON CONFLICT DO NOTHING"
)


@task(persist_result=True)
def remind(number: int) -> int:
    """What is owed to one case."""
    with closing(sqlite3.connect(ADDRESS, timeout=30)) as connection, connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(WRITE, (number,))
    return number


@flow(task_runner=ThreadPoolTaskRunner[Any](max_workers=WORKERS))  # type: ignore[arg-type]  # its futures are a subclass
def everyone() -> float:
    """A task for each case; gives the seconds they took, without the start of the server and of the flow."""
    start = time.perf_counter()
    remind.map(range(CASES)).result()
    return time.perf_counter() - start


if __name__ == "__main__":
    print(json.dumps({"seconds": everyone()}))
