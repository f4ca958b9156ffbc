"""The flow that writes the Assurance Report to a file, on demand."""

from contextlib import closing
from datetime import datetime
from pathlib import Path

from prefect import flow

from flows.artifact import publish_table
from s11flow.app import build_app
from s11flow.reports.render import Format, render
from s11flow.services.partnerships import find_partnership
from s11flow.services.reports import assurance_report


@flow(name="report")
def report(
    year: int,
    format: Format,  # noqa: A002 - what a person asks for, by that word
    path: Path,
    partnership: str | None = None,
    now: datetime | None = None,
) -> dict[str, int]:
    """Write the report of *year* as it stands to *path* on the worker's machine; a file that is there is replaced."""
    with closing(build_app()) as app:
        found = assurance_report(
            app.unit_of_work,
            partnership=find_partnership(app.unit_of_work, partnership),
            year=year,
            now=app.now(now, dry_run=True),
        )
    written = path.write_bytes(render(found, format))
    publish_table("report", [{"year": year, "format": format, "bytes": written}], "The Assurance Report was written.")
    return {"bytes": written}
