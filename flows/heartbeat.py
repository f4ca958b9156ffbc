"""The flow that looks whether the others still run."""

from datetime import datetime

from prefect import flow

from flows.by_row import run_row


@flow(name="heartbeat")
def heartbeat(now: datetime | None = None) -> dict[str, int]:
    """Warn when tick or deliver has not run for ten minutes."""
    return run_row("heartbeat", now)
