"""Prefect's own server with its scheduler put right: `python -m flows.server start` is `prefect server start`.

Prefect 3.8 hands its database rows with a key that is no column (a run's state, kept in a table of its own). SQLAlchemy
2.0 passes over such a key, 2.1 refuses it, and then no scheduled run is ever made. Prefect 3.9 leaves the key out, but
cannot be installed from every index. Here SQLAlchemy is told to pass over such keys, by its own hook for that. This
module can go when the lock holds Prefect 3.9.
"""

import sys
from collections.abc import MutableMapping
from typing import Any

from prefect.cli import app
from prefect.server.database.orm_models import Base
from sqlalchemy.ext.hybrid import hybrid_property


def pass_over(cls: Any, mapping: MutableMapping[str, Any], value: Any) -> None:
    """Do nothing with what stands in a row under a name that is no column."""


def repair() -> None:
    """Let every table of Prefect's pass over what is worked out from its columns, unless that is settled otherwise."""
    for mapper in Base.registry.mappers:
        for found in mapper.all_orm_descriptors:
            if isinstance(found, hybrid_property) and found.bulk_dml_setter is None:
                found.bulk_dml_setter = pass_over


if __name__ == "__main__":
    repair()
    sys.argv[:1] = ["prefect", "server"]
    app()
