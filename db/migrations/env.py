"""What Alembic runs for each command: it works on the connection, and in the transaction, that it is handed."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

import db.tables  # noqa: F401 (fills the metadata)
from db.migrate import COMPARISON
from db.types import UtcInstant


def _render(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write our types, and SQLModel's, as a migration should read in ten years; False leaves it to Alembic."""
    if kind == "type" and isinstance(item, UtcInstant):
        return "UtcInstant()"
    if kind == "type" and isinstance(item, AutoString):
        return "sa.String()" if item.length is None else f"sa.String({item.length})"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_item=_render,
    **COMPARISON,
)
with context.begin_transaction():
    context.run_migrations()
