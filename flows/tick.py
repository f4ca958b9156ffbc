"""The flow for what the timetable owes."""

from datetime import datetime

from prefect import flow

from flows.by_row import run_row


@flow(name="tick", retries=2, retry_delay_seconds=30)
def tick(now: datetime | None = None) -> dict[str, int]:
    """Do what is owed by now; safe to run late, twice, or beside another."""
    return run_row("tick", now)
