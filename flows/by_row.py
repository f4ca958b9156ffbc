"""The body that all flows of the schedule share."""

from contextlib import closing
from datetime import datetime

from flows.artifact import publish_table
from s11flow import schedule
from s11flow.app import build_app


def run_row(name: str, now: datetime | None) -> dict[str, int]:
    """Run the schedule's row called *name* as of *now*, by default the clock's; publish and return what it counted."""
    with closing(build_app()) as app:
        row = schedule.row(name)
        counters = schedule.run(row, app, app.now(now))
    publish_table(name, [counters], row.why)
    return counters
