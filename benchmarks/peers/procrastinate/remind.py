# Run where only the benchmark installs the peer: mypy does not see it.
# mypy: disable-error-code="import-not-found", allow-untyped-decorators
"""Procrastinate: `remind.py ADDRESS CASES`. All jobs deferred in one batch, then a worker until none is left.

As its documentation has it for throughput (procrastinate.readthedocs.io: defer jobs in batch; concurrency of a worker):
asynchronous tasks, many at once in one worker. A job may run twice after a crash, so that the key of the row is what
makes it once.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import procrastinate
import psycopg_pool

ADDRESS, CASES = sys.argv[1], int(sys.argv[2])
WORKERS = 20
WRITE = (
    "INSERT INTO outbox SELECT dedupe_key, to_address, subject_line, why FROM owed WHERE number = %s"
    " ON CONFLICT DO NOTHING"
)

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=ADDRESS, min_size=WORKERS, max_size=WORKERS))
outbox = psycopg_pool.AsyncConnectionPool(ADDRESS, min_size=WORKERS, max_size=WORKERS, open=False)


@app.task(queue="reminders")
async def remind(number: int) -> None:
    """What is owed to one case."""
    async with outbox.connection() as connection:
        await connection.execute(WRITE, (number,))


async def main() -> None:
    """Defer a job for each case, and work until none is left."""
    async with outbox, app.open_async():
        await app.schema_manager.apply_schema_async()
        start = time.perf_counter()
        await remind.batch_defer_async(*({"number": number} for number in range(CASES)))
        await app.run_worker_async(queues=["reminders"], wait=False, concurrency=WORKERS, install_signal_handlers=False)
        print(json.dumps({"seconds": time.perf_counter() - start}))


asyncio.run(main())
