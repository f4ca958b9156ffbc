"""The one place that reads the clock; everything below is handed `now`."""

from datetime import UTC, datetime


def system_now() -> datetime:
    """The present instant in UTC, to the microsecond."""
    return datetime.now(UTC)
