"""Transactions that see each other's work and are all thrown away in the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from db.engine import WAIT
from db.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Forgetful(UnitOfWork):
    """Transactions within one that is never kept: each sees what the ones before it wrote."""

    connection: Connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give the one connection."""
        yield self.connection

    @contextmanager
    def write(self, wait: float = WAIT) -> Iterator[Connection]:
        """Give the one connection, at a point to which an exception takes it back."""
        with self.connection.begin_nested():
            yield self.connection


@contextmanager
def rehearsed(uow: UnitOfWork) -> Iterator[Forgetful]:
    """Transactions of which nothing is left at the end; others wait meanwhile, as they do for any change."""
    with uow.write() as connection:
        yield Forgetful(uow.engine, connection)
        connection.rollback()
