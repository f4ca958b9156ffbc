"""A panel's judgement as a workbook: an empty one to fill in, and a filled one read into what the JSON file holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from s11flow.domain.definition import Definition
from s11flow.office import sheets
from s11flow.reports.assessment import NO_JUDGEMENT, NOT_APPLICABLE, RequirementRating, WrongAssessmentError

Row = Mapping[str, str]

_REMARKS = {
    "working well": "working_well",
    "worried about": "worried",
    "needs to happen": "needs",
    "good practice": "good_practice",
}
_TEXTS = {
    "what it rests on": "basis",
    "how the other scale was read": "mapping",
    "impact on children": "impact",
    "agency response": "agency_response",
    "dissent within the panel": "dissent",
}
_YES = frozenset({"yes", "y", "x", "true", "1"})
_NO = frozenset({"", "no", "n", "false", "0"})


@dataclass(frozen=True, slots=True)
class _Form:
    """A sheet: its columns with their widths, and the rows an empty one has."""

    columns: tuple[tuple[str, int], ...]
    given: Callable[[Definition], Sequence[Sequence[str]]]


def _standards(definition: Definition) -> list[Sequence[str]]:
    return [(standard.number, standard.title) for standard in definition.standards]


def _requirements(definition: Definition) -> list[Sequence[str]]:
    return [(item.number, item.text) for standard in definition.standards for item in standard.requirements]


_FORMS = {
    "Standards": _Form(
        (("standard", 10), ("title", 44), ("panel", 14), ("qualified", 10), ("evidence not seen", 10), ("reason", 70)),
        _standards,
    ),
    "Requirements": _Form(
        (("requirement", 12), ("text", 60), ("self", 12), ("self qualified", 10), ("self as given", 14),
         ("panel", 14), ("panel qualified", 10), ("evidence not seen", 10), ("reason", 60)),
        _requirements,
    ),
    "Remarks": _Form(
        (("kind", 18), ("standard", 10), ("text", 90)), lambda _: [(kind, "", "") for kind in _REMARKS]
    ),
    "Recommendations": _Form((("text", 90), ("owner", 24), ("by", 14)), lambda _: ()),
    "Actions": _Form(
        (("what", 70), ("review", 30), ("owner", 24), ("by", 14), ("status", 14), ("evidence", 50)), lambda _: ()
    ),
    "Texts": _Form((("what", 30), ("text", 100)), lambda _: [(name, "") for name in _TEXTS]),
    "How to fill it in": _Form((("how", 120),), lambda definition: [(line,) for line in _how(definition)]),
}  # fmt: skip


def _how(definition: Definition) -> Iterator[str]:
    codes = ", ".join(rating.code for rating in definition.scale)
    yield f"Ratings: {codes}, {NOT_APPLICABLE}, or {NO_JUDGEMENT}. These two need a reason on the sheet Standards."
    yield "An empty rating of a requirement is: not answered by the agency, or no judgement of the panel."
    yield 'Write "yes" under qualified where a rating holds only with a "but".'
    yield 'Write "yes" under evidence not seen where what the agency points to did not open.'
    yield "What the agency said of itself in its form stands under self already."
    yield f"Remarks are of one of the kinds {', '.join(_REMARKS)}; a standard beside it is voluntary."
    yield "The status of an action is done, under way or planned. Days are written as 2027-03-31."
    yield "Rows may be added and moved; rows without a rating or a text say nothing. The header lines stay."


def blank_book(
    definition: Definition,
    *,
    title: str,
    author: str,
    at: datetime,
    own: Sequence[RequirementRating] = (),
    mapping: str = "",
) -> bytes:
    """A judgement as XLSX, with a row for each standard and requirement, empty but for the agency's *own* ratings.

    *mapping* says how those on another scale were read; *at* is aware.
    """
    rows = {name: form.given(definition) for name, form in _FORMS.items()}
    said = {rating.requirement: rating for rating in own}
    rows["Requirements"] = [(*row, *_own(said.get(row[0]))) for row in rows["Requirements"]]
    rows["Texts"] = [(name, mapping if _TEXTS[name] == "mapping" else "") for name in _TEXTS]
    made = [sheets.Sheet(name, form.columns, rows[name]) for name, form in _FORMS.items()]
    return sheets.write(made, title=title, author=author, at=at)


def _own(rating: RequirementRating | None) -> tuple[str, str, str]:
    if rating is None:
        return "", "", ""
    return rating.own or "", "yes" if rating.qualified else "", rating.self_as_given


def read_book(data: bytes, definition: Definition) -> dict[str, object]:
    """The judgement that a filled workbook holds, as the JSON file would have it; whether it fits is checked there.

    Raises WrongAssessmentError for a file that is no such workbook, with a sentence for each cell not understood.
    """
    try:
        found = sheets.read(data)
    except sheets.NotAWorkbook as error:
        raise WrongAssessmentError([str(error)]) from None
    faults: list[str] = []
    tables = {name: _table(name, found.get(name), faults) for name in _FORMS}
    reading = _Reading(definition, tables, faults)
    judgement = reading.judgement()
    if faults:
        raise WrongAssessmentError(faults)
    return judgement


def _table(name: str, rows: Sequence[Sequence[str]] | None, faults: list[str]) -> list[tuple[int, Row]]:
    """The filled rows of a sheet with their numbers, each cell by the name of its column."""
    wanted = [column for column, _ in _FORMS[name].columns]
    if rows is None:
        if name in ("Standards", "Requirements"):
            faults.append(f"There is no sheet {name}; start from the workbook that comes with the case.")
        return []
    head = [cell.strip().casefold() for cell in rows[0]] if rows else []
    if missing := [column for column in wanted if column not in head]:
        faults.append(f"The sheet {name} has no column {', '.join(missing)}; put its header line back.")
        return []
    return [
        (number, {column: cells[at] if at < len(cells) else "" for column, at in ((c, head.index(c)) for c in wanted)})
        for number, cells in enumerate(rows[1:], 2)
        if any(cells)
    ]


@dataclass(frozen=True, slots=True)
class _Reading:
    definition: Definition
    tables: Mapping[str, Sequence[tuple[int, Row]]]
    faults: list[str]

    def judgement(self) -> dict[str, object]:
        return {
            "standards": list(self._standards()),
            "ratings": list(self._ratings()),
            **self._remarks(),
            "recommendations": [_kept(row, ("text", "owner", "by")) for _, row in self.tables["Recommendations"]],
            "actions": [
                {
                    **_kept(row, ("what", "review", "owner", "by", "evidence")),
                    "status": row["status"].strip().casefold(),
                }
                for _, row in self.tables["Actions"]
            ],
            **self._texts(),
        }

    def _standards(self) -> Iterator[dict[str, object]]:
        for place, row in self.tables["Standards"]:
            if row["panel"]:
                where = f"Standards, row {place}"
                yield {
                    "standard": row["standard"].strip(),
                    "panel": self._code(row["panel"]),
                    "panel_qualified": self._is_marked(row["qualified"], where),
                    "evidence_not_seen": self._is_marked(row["evidence not seen"], where),
                    "reason": row["reason"],
                }

    def _ratings(self) -> Iterator[dict[str, object]]:
        for place, row in self.tables["Requirements"]:
            if any(row[name] for name in ("self", "self as given", "panel", "evidence not seen", "reason")):
                where = f"Requirements, row {place}"
                yield {
                    "requirement": row["requirement"].strip(),
                    "self": self._code(row["self"]) or None,
                    "qualified": self._is_marked(row["self qualified"], where),
                    "self_as_given": row["self as given"],
                    "panel": self._code(row["panel"]) or None,
                    "panel_qualified": self._is_marked(row["panel qualified"], where),
                    "evidence_not_seen": self._is_marked(row["evidence not seen"], where),
                    "reason": row["reason"],
                }

    def _remarks(self) -> dict[str, list[dict[str, object]]]:
        found: dict[str, list[dict[str, object]]] = {key: [] for key in _REMARKS.values()}
        for place, row in self.tables["Remarks"]:
            key = _REMARKS.get(row["kind"].strip().casefold())
            if not row["text"]:
                continue
            if key is None:
                kinds = ", ".join(_REMARKS)
                self.faults.append(f'Remarks, row {place}: there is no kind "{row["kind"]}"; use {kinds}.')
                continue
            found[key].append({"text": row["text"], "standard": row["standard"] or None})
        return found

    def _texts(self) -> dict[str, str]:
        found = {}
        for place, row in self.tables["Texts"]:
            key = _TEXTS.get(row["what"].strip().casefold())
            if key is None and row["text"]:
                self.faults.append(f'Texts, row {place}: there is no "{row["what"]}"; there is {", ".join(_TEXTS)}.')
            elif key is not None and row["text"]:
                found[key] = row["text"]
        return found

    def _code(self, said: str) -> str:
        """A rating by its code or its word, in whatever case; anything else stays as it is, to be refused."""
        plain = said.strip().casefold()
        by_word = {rating.word.casefold(): rating.code for rating in self.definition.scale}
        codes = {code.casefold(): code for code in by_word.values()}
        return by_word.get(plain) or codes.get(plain) or (plain if plain in (NOT_APPLICABLE, NO_JUDGEMENT) else said)

    def _is_marked(self, said: str, where: str) -> bool:
        plain = said.strip().casefold()
        if plain not in _YES | _NO:
            self.faults.append(f'{where}: "{said}" is neither yes nor no; write yes, or leave it empty.')
        return plain in _YES


def _kept(row: Row, names: Sequence[str]) -> dict[str, object]:
    """These cells of a row; a day that is not given is left out."""
    return {name: row[name] for name in names if row[name] or name != "by"}
