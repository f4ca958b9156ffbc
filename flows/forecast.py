"""The flow that says what would leave, on demand."""

from collections import Counter
from contextlib import closing
from datetime import datetime

from prefect import flow

from calendars import london
from flows.artifact import publish_table
from s11flow.app import build_app
from s11flow.services import forecast as ahead


@flow(name="forecast")
def forecast(
    from_: datetime | None = None,
    to: datetime | None = None,
    partnership: str | None = None,
    now: datetime | None = None,
) -> dict[str, int]:
    """Count by kind the letters that would leave between *from_* and *to* if nobody did anything; change nothing.

    By default everything from *now* on, for 366 days and every partnership.
    """
    with closing(build_app()) as app:
        letters = ahead.forecast(
            app.unit_of_work, now=app.now(now, dry_run=True), from_=from_, to=to, partnership=partnership
        )
    rows = [{"at": london.iso(each.at), "kind": each.kind, "subject": each.subject} for each in letters]
    publish_table("forecast", rows, "Letters that would leave if nobody did anything, in the order of their time.")
    return dict(Counter(each.kind for each in letters))
