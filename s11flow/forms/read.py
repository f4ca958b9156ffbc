"""Reads a form that came back, as far as it is sure; what it cannot place it says, with the text, so nothing is lost.

The number of a requirement places its answer, wherever its row stands and whatever order the columns are in. A row
whose number and words are of two requirements is not placed, nor are two answers to one requirement that differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from s11flow.domain.definition import Definition, Rating
from s11flow.forms import wording
from s11flow.forms.shape import MARK, STATUSES, Answer, FilledForm, Link, ReportedAction, Status
from s11flow.office.read_word import NotAWordFile, Rows, read_word

_NUMBER = re.compile(r"\s*(?:requirement\s+)?(\d+(?:\.\d+)+)(?!\d)[.):]?\s*", re.IGNORECASE)
_CALLED = re.compile(r"\s*(A\d+)\s*[:.)]\s*")
_SPACE = re.compile(r"\s+")
_DAY_FORMS = ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d %B %Y", "%d %b %Y", "%d/%m/%y")
_ORDINAL = re.compile(r"(?<=\d)(st|nd|rd|th)\b", re.IGNORECASE)
_WEEKDAY = re.compile(r"^(mon|tues|wednes|thurs|fri|satur|sun)day,?\s+", re.IGNORECASE)
_STATUS_WORDS: dict[str, Status] = {
    "complete": "done",
    "completed": "done",
    "underway": "under way",
    "in progress": "under way",
    "ongoing": "under way",
    "not started": "planned",
    **{status: status for status in STATUSES},
}
_NOT_APPLICABLE = frozenset({"n/a", "na", "n.a.", "not applicable"})


class NotTheForm(ValueError):
    """A file that is no form of ours; the sentence says what was looked for."""


def read_form(data: bytes, definition: Definition, ref: str = "") -> FilledForm:
    """What the DOCX file *data* says, by the standards of *definition*. Raises NotTheForm.

    A form that was made for another case than *ref*, one of an earlier cycle, may number other requirements so: its
    answers are placed only where it words the requirement as *definition* does.
    """
    try:
        found = read_word(data)
    except NotAWordFile as error:
        raise NotTheForm(str(error)) from error
    made_for = found.identifier.removeprefix(MARK).strip() if found.identifier.startswith(MARK) else ""
    reading = _read(found.parts, definition, by_words=False)
    if not reading.rows and not found.identifier.startswith(MARK):
        raise NotTheForm("The file is not the report form: no table in it has the requirements by their numbers.")
    if ref and any(said and said.casefold() != ref.casefold() for said in (made_for, reading.said_ref)):
        reading = _read(found.parts, definition, by_words=True)
    return reading.form(made_for)


def _read(parts: Iterable[str | Rows], definition: Definition, *, by_words: bool) -> _Reading:
    reading = _Reading(definition, by_words)
    for part in parts:
        if isinstance(part, str):
            reading.paragraph(part)
        else:
            reading.table(part)
    return reading


# --- words ------------------------------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    """*text* as it is compared: in one case, with one kind of space and of apostrophe."""
    return _SPACE.sub(" ", text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")).strip().strip(":").casefold()


def _known_words(definition: Definition) -> frozenset[str]:
    """Every paragraph that stands on an empty form."""
    said = [wording.TITLE, wording.ABOUT, *wording.GUIDANCE, wording.RATING_GUIDANCE, wording.not_applicable_line()]
    said += [wording.ACTIONS, wording.ACTIONS_GUIDANCE, wording.LINKS, wording.LINKS_GUIDANCE, wording.ELSE]
    headings = [wording.standard_heading(standard) for standard in definition.standards]
    said += [*headings, *(wording.rating_line(rating) for rating in definition.scale)]
    captions = [f"{title}: your answers" for title in (*headings, wording.ACTIONS, wording.LINKS)]
    return frozenset({"", *map(_plain, said), *map(_plain, captions)})


def _quoted(*texts: str) -> str:
    said = " / ".join(text for text in (_SPACE.sub(" ", text).strip() for text in texts) if text)
    return f'"{said}"'


# --- reading ----------------------------------------------------------------------------------------------------------

_HEADS = {
    "requirement": (wording.REQUIREMENT, wording.RESPONSE, wording.PRACTICE, wording.RATING),
    "action": (wording.ACTION, wording.REVIEW, wording.STATUS, wording.EVIDENCE),
    "link": (wording.ADDRESS, wording.SHOWS),
    "else": (wording.ELSE,),
}
"""The tables of the form by their header lines; the first word of each is how the table is known."""
_LABELS = (
    wording.AGENCY, wording.REFERENCE, wording.PERIOD, wording.DEADLINE, wording.SEND_TO, wording.COVERS,
    wording.AUTHOR, wording.ROLE, wording.DATE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Columns:
    """What kind of row follows, and which cell holds what."""

    kind: str
    place: Mapping[str, int]

    def of(self, cells: Sequence[str]) -> list[str]:
        """The texts of a row in the form's own order; empty where the row has no such cell."""
        places = (self.place.get(name) for name in _HEADS[self.kind])
        return [cells[at] if at is not None and at < len(cells) else "" for at in places]

    def beside(self, cells: Sequence[str]) -> list[str]:
        """What stands in cells that the form does not have."""
        return [text for at, text in enumerate(cells) if at not in self.place.values() and text]


@dataclass
class _Reading:
    """A form that is being read; *by_words* if a requirement's number alone does not place an answer."""

    definition: Definition
    by_words: bool = False
    rows: int = 0
    details: dict[str, str] = field(default_factory=dict)
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    actions: list[ReportedAction] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    else_: list[str] = field(default_factory=list)
    unplaced: list[str] = field(default_factory=list)
    reworded: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.known = _known_words(self.definition)
        every = [item for standard in self.definition.standards for item in standard.requirements]
        self.numbers = [item.number for item in every]
        texts = [(_plain(text), item.number) for item in every for text in (item.text, item.published) if text]
        self.by_text = dict(texts)

    # what stands between the tables

    def paragraph(self, text: str) -> None:
        """Keep what was written outside the tables."""
        if _plain(text) not in self.known:
            self.unplaced.append(f"Text outside the tables: {_quoted(text)}.")

    # tables

    def table(self, rows: Rows) -> None:
        """Read a table, whatever kinds of row it has."""
        columns: _Columns | None = None
        for cells in rows:
            columns = _header(cells) or columns
            if _header(cells) or not any(cells):
                continue
            self._row(cells, columns)

    def _row(self, cells: Sequence[str], columns: _Columns | None) -> None:
        kind = columns.kind if columns else ""
        if columns and kind == "action":
            self._action(*columns.of(cells))
        elif columns and kind == "link":
            self.links.append(Link(*columns.of(cells)))
        elif columns and kind == "else":
            self.else_.append("\n".join(text for text in cells if text))
        elif columns is None and _plain(cells[0]) in {_plain(label) for label in _LABELS}:
            self._detail(_plain(cells[0]), cells[1:])
            return
        else:
            columns = columns or _Columns("requirement", dict(zip(_HEADS["requirement"], range(4), strict=True)))
            self._requirement(cells, columns)
        beside = columns.beside(cells)
        if beside and kind != "else":
            self.unplaced.append(f"Text in a column that the form does not have: {_quoted(*beside)}.")

    def _detail(self, label: str, values: Sequence[str]) -> None:
        said = "\n".join(text for text in values if text)
        if self.details.get(label, said) != said:
            self.unplaced.append(f'"{label}" is given twice; the second says {_quoted(said)}.')
            return
        self.details[label] = said

    def _requirement(self, cells: Sequence[str], columns: _Columns) -> None:
        asked, response, practice, rating = columns.of(cells)
        number, why = self._number_of(asked)
        if number is None:
            if response or practice or rating:
                self.unplaced.append(f"{why}: {_quoted(asked, response, practice, rating)}.")
            return
        self.rows += 1
        said, is_last_years = _without_mark(response)
        code, given, qualified = rating_of(rating, self.definition.scale)
        by_table = ""
        if given and code is None and (other := self.definition.on_other_scale(given)) is not None:
            by_table, code = other[0].name, other[1]
        answer = Answer(number, said, practice, code, given, qualified, is_last_years, by_table)
        self.answers.setdefault(number, []).append(answer)

    def _number_of(self, asked: str) -> tuple[str | None, str]:
        """The requirement a row is about, or None with why that is not sure."""
        numbered = _NUMBER.match(asked)
        words = _plain(asked[numbered.end() :] if numbered else asked)
        by_words = self.by_text.get(words)
        if numbered is None:
            return by_words, "A row that names no requirement"
        number = numbered[1]
        if number not in self.numbers:
            return by_words, f"A row of requirement {number}, which there is not"
        if by_words is not None and self.by_text[words] != number and not self._shares_words(number, words):
            return None, f"A row with the number {number} and the words of {by_words}"
        if self.by_words and by_words is None:
            self.reworded.add(number)
            return None, f"A row of an earlier form, which words requirement {number} otherwise than it is now"
        return number, ""

    def _shares_words(self, number: str, words: str) -> bool:
        """Whether two requirements are worded alike, so that the words tell nothing."""
        return any(
            _plain(text) == words
            for standard in self.definition.standards
            for item in standard.requirements
            if item.number == number
            for text in (item.text, item.published)
        )

    def _action(self, what: str, review: str, status: str, evidence: str) -> None:
        known = _STATUS_WORDS.get(_plain(status))
        if status and known is None:
            about = _quoted(what or review or evidence)
            self.unplaced.append(f"The status {_quoted(status)} of {about} is none of {', '.join(STATUSES)}.")
        held = _CALLED.match(what)
        called, words = (held[1], what[held.end() :]) if held else ("", what)
        self.actions.append(ReportedAction(words, review, known, evidence, called))

    # at the end

    @property
    def said_ref(self) -> str:
        """The reference that stands in the form."""
        return self._said(wording.REFERENCE)

    def form(self, ref: str) -> FilledForm:
        """The form as far as it is sure."""
        said_ref = self.said_ref
        if ref and said_ref and ref != said_ref:
            self.unplaced.append(f"The form was made for {ref}, and its reference now says {_quoted(said_ref)}.")
        answers = tuple(self._settled())
        return FilledForm(
            ref=said_ref or ref,
            author=self._said(wording.AUTHOR),
            role=self._said(wording.ROLE),
            completed_on=self._completed_on(),
            answers=answers,
            actions=tuple(self.actions),
            links=tuple(self.links),
            anything_else="\n\n".join(self.else_),
            unplaced=tuple(self.unplaced),
        )

    def _said(self, label: str) -> str:
        return self.details.get(_plain(label), "")

    def _settled(self) -> Iterator[Answer]:
        for number in self.numbers:
            rows = self.answers.get(number)
            if rows is None:
                if number not in self.reworded:
                    self.unplaced.append(f"There is no row for requirement {number}.")
                continue
            said = [row for row in dict.fromkeys(rows) if row != Answer(number)]
            if len(said) > 1:
                self.unplaced += [
                    f"Requirement {number} is answered more than once: {_row_quoted(row)}." for row in said
                ]
                continue
            yield said[0] if said else Answer(number)

    def _completed_on(self) -> date | None:
        said = self._said(wording.DATE)
        day = day_of(said)
        if said and day is None:
            self.unplaced.append(f"The date {_quoted(said)} is none that we can read; 20 October 2026 would be.")
        return day


def _header(cells: Sequence[str]) -> _Columns | None:
    """What the row names, if it is the header line of one of the form's tables, whatever order its columns are in."""
    said = [_plain(text) for text in cells]
    for kind, names in _HEADS.items():
        place = {name: said.index(_plain(name)) for name in names if _plain(name) in said}
        if names[0] in place and len(place) >= min(2, len(names)):
            return _Columns(kind, place)
    return None


def _without_mark(response: str) -> tuple[str, bool]:
    """The response without the line that says whose words they are, and whether the line was still there."""
    lines = response.split("\n")
    kept = [line for line in lines if _plain(line) != _plain(wording.LAST_YEAR)]
    return "\n".join(kept).strip(), len(kept) != len(lines)


def _row_quoted(answer: Answer) -> str:
    return _quoted(answer.response, answer.practice, answer.as_given or answer.rating or "")


def rating_of(text: str, scale: Sequence[Rating]) -> tuple[str | None, str, bool]:
    """What a cell rates: a code of *scale* or "n/a" or None; the cell's text where it says more; whether qualified.

    A rating's word, its code or a first letter that only it has are taken; what follows its word qualifies it
    ("Green, but not yet in every team").
    """
    said = _plain(text).rstrip(".!")
    if not said:
        return None, "", False
    if said in _NOT_APPLICABLE:
        return wording.NOT_APPLICABLE, "", False
    for rating in scale:
        if said in (_plain(rating.word), _plain(rating.code)):
            return rating.code, "", False
    initials = [rating.code for rating in scale if _plain(rating.word)[:1] == said]
    if len(initials) == 1:
        return initials[0], "", False
    named = [rating for rating in scale if re.search(rf"\b{re.escape(_plain(rating.word))}\b", said)]
    if len(named) == 1 and said.startswith(_plain(named[0].word)):
        return named[0].code, text.strip(), True
    return None, text.strip(), False


def day_of(text: str) -> date | None:
    """The day that somebody wrote as people here write days; None if it is none."""
    said = _WEEKDAY.sub("", _ORDINAL.sub("", _SPACE.sub(" ", text).strip()))
    for form in _DAY_FORMS:
        try:
            return datetime.strptime(said, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None
