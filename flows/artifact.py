"""What a flow leaves on its page in Prefect: one table, without personal data."""

from collections.abc import Mapping, Sequence

from prefect.artifacts import create_table_artifact
from prefect.context import FlowRunContext

Cell = str | int | None


def publish_table(key: str, rows: Sequence[Mapping[str, Cell]], description: str) -> None:
    """Show *rows* under *key* on the page of the flow run; outside a run there is no page, and nothing happens.

    Rows hold counters, kinds, dates and the references of cases: Prefect keeps them, so no names and no addresses.
    """
    if FlowRunContext.get() is not None:
        create_table_artifact(key=key, table=[dict(row) for row in rows], description=description)
