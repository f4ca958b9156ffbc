"""How a panel day is cut into sessions, and which agency is given which. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from calendars import london
from s11flow.domain.acts import Slot
from s11flow.domain.definition import Break, PanelRules

_MINUTES_IN_AN_HOUR = 60
_FREE_STARTS_NAMED = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """A case that needs a session. Those with the same `together` (one contact's agencies) sit back to back.

    `hindered` says why it could not begin at an instant, whatever is free then; None where it could.
    """

    ref: str
    together: str
    hindered: Hindrance | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Pencilled:
    """Who is given which session, and, in the order they were asked for, who found no room."""

    slots: dict[str, Slot]
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Engagement:
    """A session as it binds people: when, where, whose, and everybody who is to be there.

    `agency` is known by partnership and code; `people` are addresses, in lower case, the panel's members among them.
    """

    ref: str
    agency: str
    starts_at: datetime
    ends_at: datetime
    place: str
    people: frozenset[str]


Hindrance = Callable[[datetime], str | None]
"""Why a session cannot begin at an instant, in a clause that follows it; None if nothing hinders."""


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
    hindered = {each.ref: each.hindered for each in wanted if each.hindered is not None}
    room = _Room(panel, days, taken, hindered, share=-(-len(wanted) // len(days)) if days else 0)
    left_over = [group for group in _groups(wanted) if not room.seat(group, within_share=True)]
    left = [ref for group in left_over for ref in room.seat_in_parts(group)]
    order = [each.ref for each in wanted]
    return Pencilled({ref: room.given[ref] for ref in order if ref in room.given}, tuple(sorted(left, key=order.index)))


def clash(
    panel: PanelRules, slot_start: datetime, taken: Collection[datetime], hindered: Hindrance | None = None
) -> str | None:
    """None if a session may begin at *slot_start*; else why not, with up to three free starts of that day.

    *taken* are the starts of other agencies' sessions, on whatever day; *hindered* knows what else is in the way.
    """
    hinders = hindered or _nothing_hinders
    if (reason := _obstacle(panel, slot_start, taken) or hinders(slot_start)) is None:
        return None
    free = [
        slot.starts_at
        for slot in slots_of_day(panel, london.day_of(slot_start))
        if _is_free(panel, slot.starts_at, taken) and hinders(slot.starts_at) is None
    ]
    nearest = sorted(free, key=lambda starts_at: abs(starts_at - slot_start))[:_FREE_STARTS_NAMED]
    times = [_spell_start(starts_at) for starts_at in sorted(nearest)]
    options = f"free that day: {', '.join(times)}" if times else "nothing is free that day; use another"
    return f"{london.spell(slot_start)} {reason}; {options}."


def hindrance(panel: PanelRules, own: Engagement, others: Sequence[Engagement]) -> Hindrance:
    """What keeps the session *own*, begun at some instant, from being held beside *others* (case 21).

    Nobody can be in two places, a room holds one session, and who goes from one place to another needs the time.
    """
    travel = timedelta(minutes=panel.travel_minutes)

    def hinders(starts_at: datetime) -> str | None:
        there = replace(own, starts_at=starts_at, ends_at=starts_at + _length(panel))
        return next((why for other in others if (why := _why_not_both(there, other, travel)) is not None), None)

    return hinders


def _why_not_both(own: Engagement, other: Engagement, travel: timedelta) -> str | None:
    theirs = f"the session of {other.ref} at {_spell_start(other.starts_at)}"
    shared = sorted(own.people & other.people)
    are_apart = is_in_person(own.place) and is_in_person(other.place) and not _same_place(own, other)
    if own.starts_at < other.ends_at and other.starts_at < own.ends_at:
        if own.agency == other.agency:
            return f"overlaps {theirs}, which is the same agency's"
        if shared:
            return f"overlaps {theirs}, and {shared[0]} is wanted at both"
        if is_in_person(own.place) and _same_place(own, other):
            return f"overlaps {theirs}, which is in the same room"
        return None
    between = max(own.starts_at - other.ends_at, other.starts_at - own.ends_at)
    if are_apart and shared and between < travel:
        minutes = int(between.total_seconds()) // 60
        needed = int(travel.total_seconds()) // 60
        way = f"{minutes} minutes to go between {other.place} and {own.place}; {needed} are needed"
        return f"leaves {shared[0]}, who is wanted at {theirs} too, {way}"
    return None


_FROM_AFAR = ("video", "online", "telephone", "https://")


def is_in_person(place: str) -> bool:
    """Whether people must go to a place: nothing in its words says that they may join from elsewhere."""
    return not any(word in place.casefold() for word in _FROM_AFAR)


def _same_place(one: Engagement, other: Engagement) -> bool:
    return one.place.strip().casefold() == other.place.strip().casefold()


def _nothing_hinders(starts_at: datetime) -> str | None:
    return None


class _Room:
    """The sessions still free on each day, and who has been given one."""

    def __init__(
        self,
        panel: PanelRules,
        days: Sequence[date],
        taken: Collection[datetime],
        hindered: Mapping[str, Hindrance],
        share: int,
    ) -> None:
        self.given: dict[str, Slot] = {}
        self._hindered = hindered
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
                if run := self._run(day, group, may_break=may_break):
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

    def _run(self, day: date, group: Sequence[str], *, may_break: bool) -> Sequence[Slot]:
        slots, size = self._of_day[day], len(group)
        runs = (slots[first : first + size] for first in range(len(slots) - size + 1))
        free = (run for run in runs if self._free.issuperset(run) and (may_break or _is_unbroken(run)))
        return next((run for run in free if self._suits(group, run)), ())

    def _suits(self, group: Sequence[str], run: Sequence[Slot]) -> bool:
        """Whether everybody who is wanted for the group's sessions can be there."""
        wanted = zip(group, run, strict=True)
        return not self._hindered or all(
            self._hindered.get(ref, _nothing_hinders)(slot.starts_at) is None for ref, slot in wanted
        )

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
