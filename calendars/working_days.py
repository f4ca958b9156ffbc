"""Which days are working days, and how to count in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Self

# Ten years: no list of closures that is right comes near it, and a wrong one must not loop for ever.
LONGEST_SEARCH = 3660

_WEEKEND = {5: "a Saturday", 6: "a Sunday"}
_WEEKDAYS_IN_A_WEEK = 5


@dataclass(frozen=True, slots=True, eq=False)
class WorkingDays:
    """Monday to Friday, less the days off; equal and hashed by its days off, so it can key a cache.

    *days_off* says why each day is off ("Christmas Day bank holiday", "office closed"). It is copied, so what the
    caller does to the mapping later changes nothing here. Every method that looks for a working day raises
    ValueError when none is found within 3,660 days.
    """

    days_off: Mapping[date, str] = field(default_factory=dict)
    _key: tuple[tuple[date, str], ...] = field(init=False, repr=False)
    _hash: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for day in self.days_off:
            _refuse_an_instant(day)
        key = tuple(sorted(self.days_off.items()))
        object.__setattr__(self, "days_off", MappingProxyType(dict(key)))
        object.__setattr__(self, "_key", key)
        object.__setattr__(self, "_hash", hash(key))

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, WorkingDays) and self._key == other._key)

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[type[Self], tuple[dict[date, str]]]:
        # A mapping proxy cannot be pickled, and hashes of dates differ from process to process.
        return type(self), (dict(self.days_off),)

    def is_working_day(self, day: date) -> bool:
        """Say whether *day* is a Monday to Friday that is not a day off."""
        _refuse_an_instant(day)
        return day.weekday() not in _WEEKEND and day not in self.days_off

    def why_not(self, day: date) -> str | None:
        """Say why *day* is no working day, to follow "is": "a Saturday", "the Christmas Day bank holiday", "a day off:
        office closed". None if it is a working day; a weekend is called a weekend whatever else it is.
        """
        if self.is_working_day(day):
            return None
        if weekend := _WEEKEND.get(day.weekday()):
            return weekend
        reason = self.days_off[day]
        return f"the {reason}" if "bank holiday" in reason.casefold() else f"a day off: {reason}"

    def roll_back(self, day: date) -> date:
        """Return *day* if it is a working day, else the last one before it."""
        return self._first_from(day, -1)

    def roll_forward(self, day: date) -> date:
        """Return *day* if it is a working day, else the first one after it."""
        return self._first_from(day, 1)

    def nearest(self, day: date) -> tuple[date, date]:
        """Return the working days on either side of *day*, itself never one of them."""
        return self.add(day, -1), self.add(day, 1)

    def add(self, day: date, n: int) -> date:
        """Return the working day *n* working days after *day*, or before it if *n* is negative; *day* is not counted.

        With *n* 0 it is `roll_back(day)`: "0 days before the deadline" must never fall after the deadline.
        """
        if n == 0:
            return self.roll_back(day)
        step = 1 if n > 0 else -1
        for _ in range(abs(n)):
            day = self._first_from(_moved(day, step), step)
        return day

    def between(self, a: date, b: date) -> int:
        """Count the working days after *a*, up to and including *b*; 0 if *b* is not after *a*."""
        _refuse_an_instant(a)
        _refuse_an_instant(b)
        if b <= a:
            return 0
        off = sum(a < day <= b and day.weekday() not in _WEEKEND for day in self.days_off)
        return _weekdays_up_to(b) - _weekdays_up_to(a) - off

    def _first_from(self, day: date, step: int) -> date:
        start = day
        for _ in range(LONGEST_SEARCH):
            if self.is_working_day(day):
                return day
            day = _moved(day, step)
        where = "after" if step > 0 else "before"
        raise ValueError(
            f"Cannot find a working day {where} {start}: {LONGEST_SEARCH} days in a row are off; shorten the closures."
        )


def _moved(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        raise ValueError(f"Cannot count working days past {day}: the calendar ends there; use a nearer date.") from None


def _weekdays_up_to(day: date) -> int:
    weeks, rest = divmod(day.toordinal(), 7)  # day 1 of the calendar was a Monday
    return weeks * _WEEKDAYS_IN_A_WEEK + min(rest, _WEEKDAYS_IN_A_WEEK)


def _refuse_an_instant(day: date) -> None:
    # A datetime is a date to the type checker, but never equals one: a bank holiday would pass for a working day.
    if isinstance(day, datetime):
        raise TypeError(f"Cannot ask whether {day.isoformat()} is a working day: it is an instant; give its date.")
