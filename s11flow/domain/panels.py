"""How a panel day is cut into sessions, and which agency is given which. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from calendars import london
from s11flow.domain.acts import Slot
from s11flow.domain.definition import Break, PanelRules

_MINUTES_IN_AN_HOUR = 60
_FREE_STARTS_NAMED = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """A case that needs a session. Those with the same `together` (one contact's agencies) sit back to back."""

    ref: str
    together: str


@dataclass(frozen=True, slots=True)
class Pencilled:
    """Who is given which session, and, in the order they were asked for, who found no room."""

    slots: dict[str, Slot]
    left: tuple[str, ...]


def slots_of_day(panel: PanelRules, on: date) -> tuple[Slot, ...]:
    """Give the sessions of a panel day in order; one that a break would cut into begins after the break."""
    found, at = [], _minutes(panel.starts)
    while at + panel.session_minutes <= _minutes(panel.ends):
        pause = _pause_within(panel, at)
        if pause is None:
            found.append(slot_at(panel, london.instant(on, _time(at))))
            at += panel.session_minutes
        else:
            at = _minutes(pause.ends)
    return tuple(found)


def slot_at(panel: PanelRules, starts_at: datetime) -> Slot:
    """Give the session that begins at the instant *starts_at*, whether or not the panel could hold it."""
    return Slot(starts_at, starts_at + _length(panel), panel.place, london.day_of(starts_at))


def pencil(panel: PanelRules, days: Sequence[date], taken: Collection[datetime], wanted: Sequence[Wanted]) -> Pencilled:
    """Set a session aside for each case that wants one, first fit over *days* in their order.

    *taken* are the starts already used. Those who belong together follow each other, over a break only where no
    day has an unbroken run for them. Days are filled evenly, up to their share, and what does not fit so goes wherever
    there is room; a group for which no day has room as a whole is split. The same input always gives the same plan.
    """
    room = _Room(panel, days, taken, share=-(-len(wanted) // len(days)) if days else 0)
    left_over = [group for group in _groups(wanted) if not room.seat(group, within_share=True)]
    left = [ref for group in left_over for ref in room.seat_in_parts(group)]
    order = [each.ref for each in wanted]
    return Pencilled({ref: room.given[ref] for ref in order if ref in room.given}, tuple(sorted(left, key=order.index)))


def clash(panel: PanelRules, slot_start: datetime, taken: Collection[datetime]) -> str | None:
    """None if a session may begin at *slot_start*; else why not, with up to three free starts of that day.

    *taken* are the starts of other agencies' sessions, on whatever day.
    """
    if (reason := _obstacle(panel, slot_start, taken)) is None:
        return None
    free = [slot for slot in slots_of_day(panel, london.day_of(slot_start)) if _is_free(panel, slot.starts_at, taken)]
    nearest = sorted(free, key=lambda slot: abs(slot.starts_at - slot_start))[:_FREE_STARTS_NAMED]
    times = [_spell_start(slot.starts_at) for slot in sorted(nearest, key=lambda slot: slot.starts_at)]
    options = f"free that day: {', '.join(times)}" if times else "nothing is free that day; use another"
    return f"{london.spell(slot_start)} {reason}; {options}."


class _Room:
    """The sessions still free on each day, and who has been given one."""

    def __init__(self, panel: PanelRules, days: Sequence[date], taken: Collection[datetime], share: int) -> None:
        self.given: dict[str, Slot] = {}
        self._share = share
        self._used = dict.fromkeys(days, 0)
        self._of_day = {day: slots_of_day(panel, day) for day in days}
        slots = (slot for of_day in self._of_day.values() for slot in of_day)
        self._free = {slot for slot in slots if _is_free(panel, slot.starts_at, taken)}

    def seat(self, group: Sequence[str], *, within_share: bool = False) -> bool:
        """Give the group an unbroken run on the first day that has one, else one over a break; False if none has."""
        for may_break in (False, True):
            for day in self._of_day:
                if within_share and self._used[day] + len(group) > self._share:
                    continue
                if run := self._run(day, len(group), may_break=may_break):
                    self._give(day, group, run)
                    return True
        return False

    def seat_in_parts(self, group: Sequence[str]) -> Sequence[str]:
        """Give the group runs as long as there are; return those who found no room."""
        while group:
            size = next((size for size in range(len(group), 0, -1) if self.seat(group[:size])), 0)
            if not size:
                break
            group = group[size:]
        return group

    def _run(self, day: date, size: int, *, may_break: bool) -> Sequence[Slot]:
        slots = self._of_day[day]
        runs = (slots[first : first + size] for first in range(len(slots) - size + 1))
        return next((run for run in runs if self._free.issuperset(run) and (may_break or _is_unbroken(run))), ())

    def _give(self, day: date, group: Sequence[str], run: Sequence[Slot]) -> None:
        self.given.update(zip(group, run, strict=True))
        self._free.difference_update(run)
        self._used[day] += len(run)


def _groups(wanted: Iterable[Wanted]) -> list[list[str]]:
    groups: dict[str, list[str]] = {}
    for each in wanted:
        groups.setdefault(each.together, []).append(each.ref)
    return list(groups.values())


def _is_unbroken(run: Sequence[Slot]) -> bool:
    return run[-1].ends_at - run[0].starts_at == sum((slot.ends_at - slot.starts_at for slot in run), timedelta())


def _obstacle(panel: PanelRules, starts_at: datetime, taken: Collection[datetime]) -> str | None:
    there = london.local(starts_at)
    at = _minutes(there.time())
    if at < _minutes(panel.starts) or at + panel.session_minutes > _minutes(panel.ends):
        hours = f"{london.spell_time(panel.starts)} to {london.spell_time(panel.ends)}"
        return f"lies outside the panel's day, {hours} with {panel.session_minutes} minutes for each agency"
    if (pause := _pause_within(panel, at)) is not None:
        return f"runs into the break from {london.spell_time(pause.starts)} to {london.spell_time(pause.ends)}"
    for other in sorted(taken):
        if abs(other - starts_at) < _length(panel):
            return f"overlaps another agency's session at {_spell_start(other)}"
    return None


def _is_free(panel: PanelRules, starts_at: datetime, taken: Collection[datetime]) -> bool:
    return all(abs(other - starts_at) >= _length(panel) for other in taken)


def _pause_within(panel: PanelRules, at: int) -> Break | None:
    """The break that a session beginning *at* minutes into the day would run into."""
    ends = at + panel.session_minutes
    return next((p for p in panel.breaks if _minutes(p.starts) < ends and at < _minutes(p.ends)), None)


def _spell_start(starts_at: datetime) -> str:
    return london.spell_time(london.local(starts_at).time())


def _length(panel: PanelRules) -> timedelta:
    return timedelta(minutes=panel.session_minutes)


def _minutes(at: time) -> int:
    return at.hour * _MINUTES_IN_AN_HOUR + at.minute


def _time(minutes: int) -> time:
    return time(*divmod(minutes, _MINUTES_IN_AN_HOUR))
