"""What is done in a rehearsed year, and when: the invented script, read from `year.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from importlib.resources import files
from typing import Any

from calendars import london
from calendars.working_days import WorkingDays

_HERE = files(__package__)
_TIMING = ("from", "working_days", "at", "minutes")
_BY = {
    "acknowledge": "executive_chair",
    "follow-up": "executive_chair",
    "stand-down": "executive_chair",
    "assess": "independent_scrutineer",
    "agree": "independent_scrutineer",
    "report-text": "independent_scrutineer",
    "approve-report": "independent_scrutineer",
}
"""Who does what, where a line does not say; everything else is the business unit's."""


@dataclass(frozen=True, slots=True)
class When:
    """A time counted from a date of the case: by working days at a wall-clock time, or by minutes."""

    anchor: str
    working_days: int = 0
    at: time | None = None
    minutes: int | None = None

    def instant(self, anchors: Mapping[str, datetime], days: WorkingDays) -> datetime | None:
        """The instant (UTC), or None while the case has no such date."""
        start = anchors.get(self.anchor)
        if start is None:
            return None
        if self.minutes is not None:
            return start + timedelta(minutes=self.minutes)
        on = days.add(london.day_of(start), self.working_days)
        return london.instant(on, self.at or london.local(start).time())


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is done: to the case of an agency, or, without one, to the cycle."""

    agency: str
    does: str
    when: When
    by: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Script:
    """The year: for each agency its story and what is done, in order; then what is done to the cycle."""

    label: str
    stories: Mapping[str, str]
    lines: Mapping[str, tuple[Line, ...]]


def read_script() -> Script:
    """The script of the year."""
    given = tomllib.loads(_text("year.toml"))
    usual = given["usual"]
    lines = {
        agency["code"]: tuple(_line(agency["code"], line, usual) for line in agency["lines"])
        for agency in given["agency"]
    }
    lines[""] = tuple(_line("", line, usual) for line in given["cycle"])
    return Script(given["label"], {agency["code"]: agency["story"] for agency in given["agency"]}, lines)


def _line(agency: str, given: Mapping[str, Any], usual: Mapping[str, Mapping[str, Any]]) -> Line:
    does = given["does"]
    when = when_from(given if "from" in given else usual[does])
    details = {key: value for key, value in given.items() if key not in (*_TIMING, "does", "by")}
    return Line(agency, does, when, given.get("by", _BY.get(does, "business_unit")), details)


def when_from(given: Mapping[str, Any]) -> When:
    """A time as the script writes it."""
    return When(given["from"], given.get("working_days", 0), given.get("at"), given.get("minutes"))


def report_text(name: str, **words: str) -> bytes:
    """One of the invented reports with the agency's name and the period in it."""
    return with_words(_text(f"reports/{name}"), **words).encode()


def scrutineers_text(name: str, **words: str) -> str:
    """What the invented scrutineer adds to the Assurance Report."""
    return with_words(_text(name), **words)


def with_words(text: str, **words: str) -> str:
    """*text* with each word in place of its name in braces."""
    for key, value in words.items():
        text = text.replace("{" + key + "}", value)
    return text


def register_bytes() -> bytes:
    """The register of the rehearsed year, as a CSV file."""
    return _HERE.joinpath("agencies-gloucestershire.csv").read_bytes()


def phrases() -> dict[str, Any]:
    """The sentences that judgements are made of."""
    return tomllib.loads(_text("judgements.toml"))


def _text(name: str) -> str:
    return _HERE.joinpath(name).read_text("utf-8")
