"""Reads a definition from TOML: its shape, then its sense; and hands out the texts that are shipped."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date, time
from functools import cache, lru_cache
from hashlib import sha256
from importlib.resources import files

from pydantic import TypeAdapter, ValidationError

from s11flow.cycles.sense import offset_faults, sense_faults
from s11flow.cycles.shape import shape_fault
from s11flow.domain.definition import Definition, faults
from s11flow.domain.errors import UnknownError, WrongDefinitionError

_SUFFIX = ".toml"
_WHERE = re.compile(r"(?P<what>.*?) \(at (?P<where>line \d+, column \d+|end of document)\)", re.DOTALL)


def read_definition(text: str, *, source: str) -> Definition:
    """Give the definition that *text* (TOML) holds; *source* is what a person calls that text.

    Raises WrongDefinitionError with every fault of its shape (keys and types) or, once the shape is right, with every
    fault of its sense. Read once and kept: asking again for the same text costs a look-up.
    """
    return _read(text, source)


def shipped(name: str = "gloucestershire") -> str:
    """Give the text of a definition that comes with the product; raises UnknownError for any other name."""
    if name not in names():
        raise UnknownError(f'No definition called "{name}" is shipped; there is {", ".join(names())}.')
    return files(__package__).joinpath(name + _SUFFIX).read_text(encoding="utf-8")


def names() -> tuple[str, ...]:
    """Name the definitions that come with the product, in alphabetical order."""
    found = (item.name for item in files(__package__).iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in found if name.endswith(_SUFFIX)))


def content_sha256(text: str) -> str:
    """Give the digest a cycle pins its definition by: sha256 of the text as UTF-8, in hexadecimal."""
    return sha256(text.encode()).hexdigest()


@lru_cache(maxsize=64)
def _read(text: str, source: str) -> Definition:
    definition = _shaped(_parsed(text, source), source)
    if found := offset_faults(definition) or (*faults(definition), *sense_faults(definition)):
        raise WrongDefinitionError(source, found)
    return definition


def _parsed(text: str, source: str) -> dict[str, object]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))  # the mark some editors put before a text
    except tomllib.TOMLDecodeError as error:
        raise WrongDefinitionError(source, (_syntax_fault(str(error)),)) from None
    except RecursionError:
        raise WrongDefinitionError(source, ("lists stand in lists far too deep; close the brackets.",)) from None


def _shaped(raw: dict[str, object], source: str) -> Definition:
    # Read as JSON because only there does the strict mode take tables for dataclasses and lists for tuples.
    try:
        return _adapter().validate_json(json.dumps(raw, default=_iso), strict=True)
    except ValidationError as error:
        found = tuple(shape_fault(item["type"], item["loc"], raw) for item in error.errors(include_url=False))
        raise WrongDefinitionError(source, found) from None


@cache
def _adapter() -> TypeAdapter[Definition]:
    return TypeAdapter(Definition)


def _iso(value: object) -> str:
    if not isinstance(value, date | time):  # a datetime is a date
        raise TypeError(f"TOML has no {type(value).__name__}")
    return value.isoformat()


def _syntax_fault(message: str) -> str:
    match = _WHERE.fullmatch(message)
    what, where = (match["what"], match["where"]) if match else (message, "somewhere")
    return f"{where}: not TOML ({what[:1].lower()}{what[1:]}); correct it there."
