"""The simulated clock: goes straight to the next instant at which anything happens, and says what is done there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select

from db import queries
from db.unit_of_work import UnitOfWork
from s11flow import schedule
from s11flow.demo.acting import Cast
from s11flow.demo.script import Line, Script


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant that was played: how many letters left, and what people did."""

    at: datetime
    letters: int
    done: tuple[Line, ...]


@dataclass
class Clockwork:
    """Plays the timetable and the script together, each thing at its own time."""

    cast: Cast
    script: Script
    at: datetime
    _waiting: dict[str, list[Line]] = field(init=False)
    _due: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._waiting = {agency: list(lines) for agency, lines in self.script.lines.items() if lines}
        for agency in self._waiting:
            self._look_ahead(agency)

    def play(self, until: datetime | None) -> Iterator[Moment]:
        """Every instant at which something happens, up to *until* or else to the end of the script."""
        while self._waiting:
            at = max(self.at, min(filter(None, (self._owed_at(), *self._due.values()))))
            if until is not None and at > until:
                return
            yield self._moment(at)
            self.at = at

    @property
    def is_over(self) -> bool:
        """Whether everything in the script has been done."""
        return not self._waiting

    def _owed_at(self) -> datetime | None:
        """When the timetable next owes anything."""
        table = queries.subject
        due = select(func.min(table.c.next_due_at)).where(table.c.parked_at.is_(None))
        with self._uow.read() as connection:
            owed_at: datetime | None = connection.scalar(due)
        return owed_at

    @property
    def _uow(self) -> UnitOfWork:
        return self.cast.stage.app.unit_of_work

    def _moment(self, at: datetime) -> Moment:
        app = self.cast.stage.app
        schedule.row("tick").service(app, at)
        done = [self._act(agency, at) for agency in sorted(self._due) if self._due[agency] <= at]
        counters = schedule.row("deliver").service(app, at)
        return Moment(at, counters["sent"], tuple(done))

    def _act(self, agency: str, at: datetime) -> Line:
        line = self._waiting[agency].pop(0)
        self.cast.act(line, at)
        del self._due[agency]
        if self._waiting[agency]:
            for each in {agency, *(name for name in self._waiting if name not in self._due)}:
                self._look_ahead(each)
        else:
            del self._waiting[agency]
        return line

    def _look_ahead(self, agency: str) -> None:
        """When the next line of an agency is due, as its dates are now; unknown while the case has no such date."""
        when = self._waiting[agency][0].when
        at = when.instant(self.cast.anchors(agency), self.cast.stage.rules.days)
        if at is not None:
            self._due[agency] = at
