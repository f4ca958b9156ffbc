"""Makes the form for one agency: prefilled with what we know, and with what it said the last time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from calendars import london
from s11flow.domain.definition import Standard
from s11flow.forms import wording
from s11flow.forms.shape import MARK, Blank
from s11flow.office.word import About, Block, Grid, Run, WordFile

_EMPTY_ROWS = 5


def blank_form(blank: Blank) -> bytes:
    """The form as DOCX; the same facts give the same bytes."""
    title = f"{wording.TITLE}: {blank.agency}"
    file = WordFile(About(title, blank.partnership, blank.made_at, f"{MARK} {blank.ref}"))
    _say(file, "Title", wording.TITLE)
    for text in wording.GUIDANCE:
        _say(file, "Normal", text)
    _about(file, blank)
    _ratings(file, blank)
    for standard in blank.standards:
        _standard(file, blank, standard)
    _say(file, "Heading 1", wording.ACTIONS)
    _say(file, "Normal", wording.ACTIONS_GUIDANCE)
    held = [(wording.action_line(each.called, each.what), each.review, each.status, "") for each in blank.actions]
    _table(file, wording.ACTIONS, (wording.ACTION, wording.REVIEW, wording.STATUS, wording.EVIDENCE), held)
    _say(file, "Heading 1", wording.LINKS)
    _say(file, "Normal", wording.LINKS_GUIDANCE)
    _table(file, wording.LINKS, (wording.ADDRESS, wording.SHOWS), ())
    _say(file, "Heading 1", wording.ELSE)
    file.table(Grid(_block(wording.ELSE), 1, [[_block(wording.ELSE, is_head=True)], [_block("")]]))
    return file.saved()


def _about(file: WordFile, blank: Blank) -> None:
    period = f"{london.spell_day(blank.period_from)} to {london.spell_day(blank.period_to)}"
    known = [(wording.AGENCY, blank.agency), (wording.REFERENCE, blank.ref), (wording.PERIOD, period)]
    known += [(wording.DEADLINE, london.spell(blank.deadline))] if blank.deadline else []
    known += [(wording.SEND_TO, blank.mailbox)]
    known += [(wording.COVERS, "\n".join(blank.covers))] if blank.covers else []
    asked = [(label, "") for label in (wording.AUTHOR, wording.ROLE, wording.DATE)]
    _say(file, "Heading 1", wording.ABOUT)
    rows = [[_block(label, is_head=True), _block(value)] for label, value in (*known, *asked)]
    file.table(Grid(_block(wording.ABOUT), 0, rows), widths=(1, 3))


def _ratings(file: WordFile, blank: Blank) -> None:
    _say(file, "Normal", wording.RATING_GUIDANCE)
    for line in (*(wording.rating_line(rating) for rating in blank.scale), wording.not_applicable_line()):
        _say(file, "List Bullet", line)


def _standard(file: WordFile, blank: Blank, standard: Standard) -> None:
    heading = wording.standard_heading(standard)
    _say(file, "Heading 1", heading)
    head = (wording.REQUIREMENT, wording.RESPONSE, wording.PRACTICE, wording.RATING)
    rows = [[_block(name, is_head=True) for name in head]]
    for requirement in standard.requirements:
        said = blank.last_answers.get(requirement.number, "")
        brought = f"{wording.LAST_YEAR}\n{said}" if said else ""
        asked = _block(f"{requirement.number} {requirement.published or requirement.text}", is_head=True)
        rows.append([asked, _block(brought), _block(""), _block("")])
    file.table(Grid(_block(f"{heading}: your answers"), 1, rows), widths=(5, 7, 5, 2))


def _table(file: WordFile, caption: str, head: Sequence[str], held: Iterable[Sequence[str]]) -> None:
    rows = [[_block(name, is_head=True) for name in head]]
    rows += [[_block(text) for text in texts] for texts in held]
    rows += [[_block("") for _ in head] for _ in range(_EMPTY_ROWS)]
    file.table(Grid(_block(f"{caption}: your answers"), 1, rows), widths=(4, 3, 2, 4)[: len(head)])


def _say(file: WordFile, style: str, text: str) -> None:
    file.paragraph(style, [Run(text)])


def _block(text: str, *, is_head: bool = False) -> Block:
    return Block([Run(text, is_head)] if text else [], is_head=is_head)
