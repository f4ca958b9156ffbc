"""What the author adds to what is on record, read from a TOML file; `docs/examples/report-text.toml` is one."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from s11flow.domain.errors import WrongInputError
from s11flow.reports.assessment import shape_fault, unprintable


class WrongReportTextError(WrongInputError):
    """A text for the report that cannot be used: a sentence for each thing that is wrong."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A recommendation across agencies, with its owner."""

    text: str
    owner: str
    by: date | None = None


@dataclass(frozen=True, slots=True)
class Additions:
    """What the author adds; every part may be empty."""

    changes: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    year_on_year: tuple[str, ...] = ()
    recommendations: tuple[Proposal, ...] = ()
    lessons: tuple[str, ...] = ()


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class _Proposal(_Strict):
    text: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    by: date | None = None


_Texts = tuple[Annotated[str, Field(min_length=1)], ...]


class _File(_Strict):
    changes: _Texts = ()
    themes: _Texts = ()
    year_on_year: _Texts = ()
    recommendations: tuple[_Proposal, ...] = ()
    lessons: _Texts = ()


def read_additions(text: str) -> Additions:
    """What *text* (TOML) adds to the report; raises WrongReportTextError with every fault."""
    try:
        given = tomllib.loads(text.removeprefix("\ufeff"))
        found = _File.model_validate(given)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise WrongReportTextError(f"The text for the report is no TOML: {str(error).rstrip('.')}.") from None
    except ValidationError as error:
        raise WrongReportTextError("\n".join(shape_fault(dict(item)) for item in error.errors())) from None
    if faults := list(unprintable(given)):
        raise WrongReportTextError("\n".join(faults))
    across = tuple(Proposal(one.text, one.owner, one.by) for one in found.recommendations)
    return Additions(found.changes, found.themes, found.year_on_year, across, found.lessons)
