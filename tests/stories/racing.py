"""Two processes that tick one database at the same moments. A module of its own: a spawned process imports it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from threading import Barrier
from typing import Any

from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from s11flow.services.tick import tick

Counters = list[dict[str, Any]]

_start: list[Barrier] = []


def _take_places(start: Barrier) -> None:
    _start.append(start)


def _tick_each(url: str, instants: Sequence[datetime]) -> Counters:
    engine = open_engine(url)
    try:
        found = []
        for now in instants:
            _start[0].wait(60)
            found.append(tick(UnitOfWork(engine), now=now, batch=5).as_json())
        return found
    finally:
        engine.dispose()


def tick_in_two_processes(url: str, instants: Sequence[datetime]) -> tuple[Counters, Counters]:
    """What each of two processes counted, which began each tick together; raises what either raised."""
    spawning = get_context("spawn")  # a forked child would share its parent's connections
    start = spawning.Barrier(2)
    with ProcessPoolExecutor(2, spawning, initializer=_take_places, initargs=(start,)) as pool:
        first, second = [pool.submit(_tick_each, url, instants) for _ in range(2)]
        return first.result(timeout=100), second.result(timeout=100)
