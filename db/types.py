"""Column types whose values mean the same on SQLite and on Postgres."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator, TypeEngine


class UtcInstant(TypeDecorator[datetime]):
    """An aware datetime in UTC, in and out; any aware zone may go in, a naive one raises `ValueError`.

    Postgres keeps a `TIMESTAMPTZ`. SQLite keeps 26 characters of text (`2026-10-20 16:00:00.000000`), the same
    width for every instant, so that the order of the texts is the order of the instants.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column that the database gets."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else DateTime(timezone=True))

    # The two processors stand in for `process_bind_param` and `process_result_value`: they run for every instant of
    # every row of a batch, and this spares a call for each.

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        """Give the function that makes a value ready for the database."""
        return _to_text if dialect.name == "sqlite" else _to_utc

    def literal_processor(self, dialect: Dialect) -> Callable[[datetime], str]:
        """Give the function that writes a value into the SQL itself."""
        return lambda instant: f"'{_to_text(instant)}{'' if dialect.name == 'sqlite' else '+00:00'}'"

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        """Give the function that reads what the database returns."""
        return _from_text if dialect.name == "sqlite" else _to_utc


def _to_utc(instant: datetime | None) -> datetime | None:
    if instant is None or instant.tzinfo is UTC:
        return instant
    if instant.utcoffset() is None:
        raise ValueError(f"{instant.isoformat()} was not stored: it has no time zone; give an instant in UTC.")
    return instant.astimezone(UTC)


# A batch names the same few instants over and over: writing each out once is most of what it saves.
@lru_cache(maxsize=4096)
def _to_text(instant: datetime | None) -> str | None:
    utc = _to_utc(instant)
    return None if utc is None else utc.isoformat(" ", "microseconds")[:26]


@lru_cache(maxsize=4096)
def _from_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)
