"""The guide to a definition names every key there is, with the default it has."""

import re
from dataclasses import MISSING, Field, fields
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from s11flow.domain import definition as d

GUIDE = Path(__file__).parents[2] / "docs" / "definition.md"
SECTIONS: dict[str, type[Any]] = {
    "The top of the file": d.Definition,
    "`[partnership]`": d.PartnershipWords,
    "`[period]`": d.PeriodRules,
    "`[[period.own]]`": d.OwnPeriod,
    "`[timetable]`": d.TimetableRules,
    "`[[timetable.reminders]]`": d.Rung,
    "A rule": d.DateRule,
    "`[policy]`": d.Policy,
    "`[panel]`": d.PanelRules,
    "An entry of `breaks`": d.Break,
    "`[people]`": d.People,
    "`[people.business_unit]`": d.Person,
    "`[[standards]]`": d.Standard,
    "`[[standards.requirements]]`": d.Requirement,
    "`[[scale]]`": d.Rating,
    "`[[other_scales]]`": d.OtherScale,
    "An entry of `points`": d.OtherPoint,
    "`[[duty_bodies]]`": d.DutyBody,
    "`[[closures]]`": d.Closure,
}
ROW = re.compile(r"^\| `(\w+)` \| .+ \| (.+) \|$", re.MULTILINE)


def section(heading: str) -> str:
    """What the guide says under the heading that begins so."""
    parts = re.split(r"^#{2,3} ", GUIDE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (found,) = [part for part in parts if part.startswith((heading + "\n", heading + ","))]
    return found


def shown_default(item: Field[Any]) -> str:
    if item.default is MISSING:
        return "needed"
    if item.default in (None, ()):
        return "none"
    if item.default == "":
        return "empty"
    if isinstance(item.default, time):
        return f"`{item.default.isoformat()}`"
    if isinstance(item.default, bool):
        return f"`{str(item.default).lower()}`"
    return f'`"{item.default}"`' if isinstance(item.default, str) else f"`{item.default}`"


@pytest.mark.parametrize("heading", SECTIONS)
def test_the_guide_names_every_key_with_its_default(heading: str) -> None:
    named = dict(ROW.findall(section(heading)))

    assert named == {item.name: shown_default(item) for item in fields(SECTIONS[heading])}
