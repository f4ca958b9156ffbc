"""The report as one accessible HTML file: no scripts, nothing fetched, readable without colour and on paper."""

from __future__ import annotations

import re
from datetime import date, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from calendars import london
from s11flow.domain.statistics import Spread
from s11flow.reports.shape import AssuranceReport, Shown

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_STRONG = re.compile(r"\*\*(.+?)\*\*")


def render_html(report: AssuranceReport) -> bytes:
    """The report as UTF-8 HTML, whole in one file."""
    colours = {word.code: _colour(word.colour) for word in report.method.scale}
    return _PAGES.get_template("report.html").render(report=report, colours=colours).encode()


def _when(at: datetime | None) -> str:
    return london.spell(at) if at else "none"


def _day(on: date | None) -> str:
    return london.spell_day(on) if on else "none"


def _split(shown: Shown) -> tuple[str, str, str]:
    """The score's text before, in and after its pattern: a screen reader is spared what repeats the number."""
    return shown.text.partition(shown.pattern) if shown.pattern else (shown.text, "", "")


def _colour(colour: str) -> str:
    """The definition's colour for a stripe beside the word; black for what is no plain colour."""
    return colour if _COLOUR.fullmatch(colour) else "#0b0c0c"


def _runs(text: str) -> tuple[tuple[bool, str], ...]:
    """A paragraph of the statement as runs of bold and plain text, which is all the Markdown it has."""
    if text.startswith("## "):
        return ((True, text.removeprefix("## ")),)
    return tuple((index % 2 == 1, run) for index, run in enumerate(_STRONG.split(text)) if run)


def _apart(spread: Spread) -> tuple[tuple[str, int], ...]:
    """What stands beside the spread, in the order of the columns."""
    return (
        ("qualified", spread.n_qualified),
        ("on another scale", spread.other_scale),
        ("not applicable", spread.not_applicable),
        ("not answered", spread.not_answered),
        ("asked", spread.asked),
    )


_PAGES = Environment(
    loader=PackageLoader("s11flow.reports"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGES.filters |= {
    "when": _when,
    "day": _day,
    "split": _split,
    "colour": _colour,
    "runs": _runs,
    "apart": _apart,
}
