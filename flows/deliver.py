"""The flow for letters that are due to leave."""

from datetime import datetime

from prefect import flow

from flows.by_row import run_row


@flow(name="deliver")
def deliver(now: datetime | None = None) -> dict[str, int]:
    """Try each letter that is due, once; what is delayed waits for its own next time, so the flow has no retries."""
    return run_row("deliver", now)
