"""The flow for mail that has come in."""

from datetime import datetime

from prefect import flow

from flows.by_row import run_row


@flow(name="collect")
def collect(now: datetime | None = None) -> dict[str, int]:
    """Take in what came to the mailbox and decide on it; what this run does not come to is the next one's."""
    return run_row("collect", now)
