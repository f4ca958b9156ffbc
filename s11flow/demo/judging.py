"""Makes up the panel's judgement on an agency: plausible, the same every time, and labelled as invented."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from s11flow.domain.definition import Definition, Standard
from s11flow.reports.assessment import NO_JUDGEMENT

_LETTERS = {"R": "red", "A": "amber", "G": "green", "N": NO_JUDGEMENT}
_BETTER = {"red": "amber", "amber": "green", "green": "green"}


def judgement(
    definition: Definition,
    said: Mapping[str, Any],
    panel: str,
    turn: int,
    *,
    due: Callable[[int], date],
    dissent: str = "",
    agency_response: str = "",
) -> str:
    """The judgement as the JSON that is filed.

    *panel* is a letter for each standard (red, amber, green, none); *turn* deals out the sentences of *said*; *due*
    gives a day so many working days on.
    """
    rated = {standard.number: _LETTERS[letter] for standard, letter in zip(definition.standards, panel, strict=True)}
    given: dict[str, Any] = {
        "standards": [
            {"standard": number, "panel": code, "reason": _reason(said, number, code, turn)}
            for number, code in rated.items()
        ],
        "ratings": [row for s in definition.standards for row in _requirements(said, s, rated[s.number], turn)],
        **{kind: [_dealt(said[kind], turn)] for kind in ("working_well", "worried", "needs", "good_practice")},
        "recommendations": [_dated(row, due) for row in _two(said["recommendation"], turn)],
        "actions": [_dated(_dealt(said["action"], turn), due)],
        "impact": _dealt(said["impact"]["lines"], turn),
        "dissent": dissent,
        "agency_response": agency_response,
    }
    return json.dumps(given, default=str, ensure_ascii=False)


def _reason(said: Mapping[str, Any], number: str, code: str, turn: int) -> str:
    if code == NO_JUDGEMENT:
        return "Nothing was sent on it, and the time with the panel was not enough to judge it."
    reason: str = _dealt(said["standard"][number][code], turn)
    return reason


def _requirements(said: Mapping[str, Any], standard: Standard, code: str, turn: int) -> list[dict[str, Any]]:
    """Each requirement of a standard: most as the standard, some better, a few left unanswered by the agency."""
    rows = []
    for place, item in enumerate(standard.requirements):
        panel = code if code != "amber" or (place + turn) % 2 == 0 else "green"
        own: str | None = panel if (place + turn) % 4 else _BETTER.get(panel)
        if code == NO_JUDGEMENT or (place + 2 * turn) % 11 == 5:
            own = None
        reason = said["requirement"].get(item.number, "") if panel in ("red", "amber") else ""
        rows.append({"requirement": item.number, "self": own, "panel": panel, "reason": reason})
    return rows


def _dealt(rows: Sequence[Any], turn: int) -> Any:
    return rows[turn % len(rows)]


def _two(rows: Sequence[Any], turn: int) -> list[Any]:
    return [_dealt(rows, turn), _dealt(rows, turn + 1)]


def _dated(row: Mapping[str, Any], due: Callable[[int], date]) -> dict[str, Any]:
    """The row with its day in place of the working days to it."""
    kept = {key: value for key, value in row.items() if key != "working_days"}
    return {**kept, "by": due(row["working_days"])} if "working_days" in row else kept
