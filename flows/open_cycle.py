"""The flow that opens a cycle, on demand."""

from contextlib import closing
from datetime import date, datetime

from prefect import flow
from pydantic import BaseModel, model_validator

from flows.artifact import publish_table
from s11flow.app import build_app
from s11flow.letters.templates import shipped_templates
from s11flow.services import cycles
from s11flow.services.partnerships import find_partnership


class Period(BaseModel):
    """What the agencies report on, both days included."""

    first: date
    last: date

    @model_validator(mode="after")
    def _runs_forward(self) -> "Period":
        if self.last < self.first:
            raise ValueError(f"The period ends on {self.last}, before it begins on {self.first}; exchange the two.")
        return self


@flow(name="open-cycle")
def open_cycle(
    year: int,
    panel_days: list[date],
    period: Period | None = None,
    partnership: str | None = None,
    now: datetime | None = None,
) -> dict[str, int]:
    """Open the cycle of *year* with these panel days, and pencil the sessions; refused when it is open already.

    *period* is by default the twelve months to 31 March of the year, *partnership* the only one there is.
    """
    with closing(build_app()) as app:
        opened = cycles.open_cycle(
            app.unit_of_work,
            partnership=find_partnership(app.unit_of_work, partnership),
            year=year,
            panel_days=panel_days,
            period=(period.first, period.last) if period else None,
            templates=shipped_templates(),
            now=app.now(now),
            by=app.actor,
        )
    publish_table("open-cycle", [{"case without a session": ref} for ref in opened.without_session], opened.ref)
    return {
        "cases": opened.cases,
        "sessions": opened.sessions,
        "without_session": len(opened.without_session),
        "warnings": len(opened.warnings),
    }
