"""Says in one sentence what is wrong with the shape of a definition: its keys and the types of its values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime, time
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from s11flow.domain.definition import Definition

Place = Sequence[str | int]

_MISSING = "missing"
_UNKNOWN_KEY = "unexpected_keyword_argument"
_KINDS: dict[Any, tuple[str, str]] = {
    str: ("text", "write it in quotes"),
    int: ("a whole number", "use for instance 30"),
    bool: ("true or false", "use one of the two, without quotes"),
    time: ("a time of day", "use for instance 17:00:00"),
    date: ("a date", "use for instance 2026-10-20"),
}
_LONGEST_SHOWN = 60


def shape_fault(kind: str, place: Place, raw: object) -> str:
    """Give the sentence for one fault that pydantic found (its type and location) in *raw*."""
    if kind == _UNKNOWN_KEY:
        return f"{key_path(place)}: not a key here; {_nearest(str(place[-1]), _keys_at(place[:-1]))}"
    wanted, example = _wanted(_type_at(place))
    if kind == _MISSING:
        return f"{key_path(place)}: missing; add {wanted} ({example})."
    return f"{key_path(place)}: {_shown(_value_at(place, raw))} is not {wanted}; {example}."


def key_path(place: Place) -> str:
    """Write where something stands; entries of a list count from 1."""
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in place)


def _nearest(key: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(key, known, n=1)
    return f'did you mean "{near[0]}"?' if near else f"known here are {_quoted(known)}."


def _keys_at(place: Place) -> tuple[str, ...]:
    return tuple(item.name for item in fields(_type_at(place)))


def _type_at(place: Place) -> Any:
    found: Any = Definition
    for part in place:
        found = get_args(found)[0] if isinstance(part, int) else _without_none(get_type_hints(found)[part])
    return found


def _without_none(hint: Any) -> Any:
    if get_origin(hint) not in (Union, UnionType):
        return hint
    return next(option for option in get_args(hint) if option is not NoneType)


def _wanted(hint: Any) -> tuple[str, str]:
    if get_origin(hint) is Literal:
        return "one of the choices", f"use {_quoted(get_args(hint))}"
    if get_origin(hint) is tuple:
        return "a list", "put [ and ] around its entries"
    if is_dataclass(hint):
        return "a table", f"give it {_quoted(_needed_keys(hint), 'and')}"
    return _KINDS[hint]


def _needed_keys(table: Any) -> tuple[str, ...]:
    """The keys of *table* without a default; all of them where each has one."""
    needed = (item.name for item in fields(table) if item.default is MISSING)
    return tuple(needed) or tuple(item.name for item in fields(table))


def _value_at(place: Place, raw: Any) -> object:
    for part in place:
        raw = raw[part]
    return raw


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, time | date | datetime):
        return value.isoformat()
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "..."


def _quoted(keys: Iterable[str], joined: str = "or") -> str:
    *front, last = (f'"{key}"' for key in keys)
    return f"{', '.join(front)} {joined} {last}" if front else last
