"""The bank holidays of England and Wales, by year."""

import re
from collections.abc import Iterable
from datetime import date

from holidays import country_holidays

_WEEKEND = (5, 6)
_PUBLISHED_NAMES = {"May Day": "Early May", "Late Summer Bank Holiday": "Summer bank holiday"}


def england_and_wales(years: Iterable[int]) -> dict[date, str]:
    """Return the bank holidays of *years* in order of date, each with its name: "Good Friday bank holiday",
    "Boxing Day bank holiday (substitute day)". One that falls on a weekend is left out: its substitute day is the
    bank holiday. Years to come hold what the law fixes today; a special one appears once the library knows it.
    """
    found = country_holidays("GB", subdiv="ENG", years=sorted(set(years)))
    return {day: _name(name) for day, name in sorted(found.items()) if day.weekday() not in _WEEKEND}


def _name(name: str) -> str:
    plain = name.removesuffix(" (observed)")
    plain = _PUBLISHED_NAMES.get(plain, plain)
    plain = re.sub(r" bank holiday$", "", plain, flags=re.IGNORECASE) + " bank holiday"
    return f"{plain} (substitute day)" if name.endswith(" (observed)") else plain
