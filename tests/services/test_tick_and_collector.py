"""A batch runs without Python's collector of circles, which is on again afterwards, whatever happened."""

import gc
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import DBAPIError

from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from s11flow.services.tick import tick
from tests.services.scene import OPENED, at, opened


@pytest.fixture(autouse=True)
def collector_left_on() -> Iterator[None]:
    yield
    gc.enable()


def test_the_collector_is_on_after_a_tick(uow: UnitOfWork) -> None:
    assert tick(opened(uow), now=at("2026-07-06 12:00")).messages > 0

    assert gc.isenabled()


def test_whoever_had_it_off_has_it_off_still(uow: UnitOfWork) -> None:
    opened(uow)
    gc.disable()

    tick(uow, now=at("2026-07-06 12:00"))

    assert not gc.isenabled()


def test_the_collector_is_on_after_a_tick_that_failed(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url)
    with pytest.raises(DBAPIError, match="subject"):  # there is no such table
        tick(UnitOfWork(engine), now=OPENED)
    engine.dispose()

    assert gc.isenabled()
