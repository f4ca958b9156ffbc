"""Says what in a well-shaped definition cannot be meant: addresses, texts, periods, dates on the wrong side."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, time
from itertools import pairwise
from typing import Any

from notifications.address import check_address, has_control_character
from s11flow.cycles.shape import key_path
from s11flow.domain.definition import DateRule, Definition, OwnPeriod, PeriodRules, named_rules

_ADDRESSES = {"email", "mailbox", "sender"}
_SEVERAL_LINES = {"text", "meaning", "published"}
_BEFORE = {"contact_check", "deadline", "panel_pack", "reply_chase", "session_reminder", "return_by_reminder"}
_AFTER = {"target_missed", "non_submission", "escalation", "assessment_due", "accuracy_closes", "report_cut_off"}
_NAME = re.compile(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_FEBRUARY = 2
_LEAP_YEAR = 2024


def sense_faults(definition: Definition) -> tuple[str, ...]:
    """Every fault that neither the types nor the domain's own check can see, one sentence each."""
    return (
        *_value_faults(definition),
        *_name_faults(definition),
        *_period_faults(definition.period),
        *_own_period_faults(definition.period.own),
        *_side_faults(definition),
        *_twice_faults(definition),
    )


def offset_faults(definition: Definition) -> tuple[str, ...]:
    """Name every time that carries an offset; asked first, because such a time compares with no other."""
    return tuple(
        f"{key_path(place)}: has an offset; write the time a clock in London shows, for instance 17:00:00."
        for place, _, value in _values((), definition)
        if isinstance(value, time) and value.tzinfo is not None
    )


def _value_faults(definition: Definition) -> Iterator[str]:
    for place, item, value in _values((), definition):
        if isinstance(value, str):
            yield from _text_faults(key_path(place), item, value)


def _values(place: tuple[str | int, ...], table: Any) -> Iterator[tuple[tuple[str | int, ...], Field[Any], Any]]:
    """Walk every value of *table*, with where it stands and the field it fills."""
    for item in fields(table):
        here, value = (*place, item.name), getattr(table, item.name)
        for there, part in _parts(here, value):
            if is_dataclass(part):
                yield from _values(there, part)
            else:
                yield there, item, part


def _parts(place: tuple[str | int, ...], value: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, tuple):
        yield from (((*place, number), part) for number, part in enumerate(value))
    else:
        yield place, value


def _text_faults(key: str, item: Field[Any], value: str) -> Iterator[str]:
    if item.name in _ADDRESSES:
        if reason := check_address(value):
            yield f'{key}: "{value}" {reason}; use one plain address such as name@partnership.example.'
    elif not value.strip():
        if item.default != "":
            yield f"{key}: empty; {'write a text' if item.default is MISSING else 'write a text or leave it out'}."
    elif has_control_character(value.replace("\n", " ") if item.name in _SEVERAL_LINES else value):
        yield f"{key}: has a control character or a line break; write it on one line."


def _name_faults(definition: Definition) -> Iterator[str]:
    # These go into references and keys, where a slash or an @ would be read as a joint.
    codes = [("partnership.code", definition.partnership.code)]
    codes += [(f"scale.{n}.code", rating.code) for n, rating in enumerate(definition.scale, 1)]
    codes += [(f"timetable.reminders.{n}.name", rung.name) for n, rung in enumerate(definition.timetable.reminders, 1)]
    for key, code in codes:
        if code and not _NAME.fullmatch(code):
            yield f'{key}: "{code}" is not letters and digits with single hyphens; use for instance "target-14d".'
    for number, rating in enumerate(definition.scale, 1):
        if rating.colour and not _COLOUR.fullmatch(rating.colour):
            yield f'scale.{number}.colour: "{rating.colour}" is not a colour; use # and six digits, such as "#00703c".'
    website = definition.partnership.website
    if website and not website.startswith(("https://", "http://")):
        yield f'partnership.website: "{website}" is not an address of a page; begin it with https://.'


def _period_faults(period: PeriodRules) -> Iterator[str]:
    if not 1 <= period.months <= 60:
        yield f"period.months: {period.months} is not 1 to 60; a year is 12."
    if not 1 <= period.ends_month <= 12:
        yield f"period.ends_month: {period.ends_month} is no month; use 1 to 12."
    elif period.ends_month == _FEBRUARY:
        yield "period.ends_month: the last day of February is not the same every year; use another month."
    elif period.ends_day != (last := monthrange(_LEAP_YEAR, period.ends_month)[1]):
        yield f"period.ends_day: {period.ends_day} is not the last day of month {period.ends_month}; use {last}."


def _own_period_faults(own: Iterable[OwnPeriod]) -> Iterator[str]:
    for number, period in enumerate(own, 1):
        if period.starts > period.ends:
            yield f"period.own.{number}.ends: {period.ends} lies before the start, {period.starts}; use a later date."


def _side_faults(definition: Definition) -> Iterator[str]:
    for key, rule in named_rules(definition.timetable):
        name, count = key.partition(".")[2], rule.days if rule.days is not None else rule.working_days
        if name in _BEFORE and (count or 0) > 0:
            yield f"{key}: {count} lies after what it prepares for; use {-(count or 0)} or 0."
        if name in _AFTER and (count or 0) < 0:
            yield f"{key}: {count} lies before what it follows; use {-(count or 0)} or 0."
        yield from _weekday_faults(key, rule)


def _weekday_faults(key: str, rule: DateRule) -> Iterator[str]:
    if rule.anchor == "month" and rule.day is not None and rule.weekday is not None:
        yield f"{key}.weekday: a day of the month needs no weekday; leave it out."
    elif rule.weekday in ("saturday", "sunday"):
        yield f'{key}.weekday: "{rule.weekday}" is no working day; use "monday" to "friday".'


def _twice_faults(definition: Definition) -> Iterator[str]:
    years = [period.year for period in definition.period.own]
    yield from (f"period.own: {year} stands twice; give each year one period." for year in _twice(years))
    categories = [body.category for body in definition.duty_bodies]
    yield from (f'duty_bodies: "{name}" stands twice; give each category one entry.' for name in _twice(categories))
    closed: list[date] = [closure.on for closure in definition.closures]
    yield from (f"closures: {day} stands twice; give each day one entry." for day in _twice(closed))
    for first, second in pairwise(sorted(definition.panel.breaks, key=lambda pause: pause.starts)):
        if second.starts < first.ends:
            yield f"panel.breaks: the one at {second.starts:%H:%M} starts within another; make them one break."


def _twice(values: list[Any]) -> list[Any]:
    return sorted({value for value in values if values.count(value) > 1})
