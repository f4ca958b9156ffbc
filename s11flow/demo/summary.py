"""What a manager can read after a rehearsed year: what left, when and why; where each case ended; what lies where."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path

from calendars import london

WIDTH = 100


@dataclass(frozen=True, slots=True)
class Sent:
    """A letter of the outbox: when it was owed, what it is, to whom in role words, and why."""

    at: datetime
    kind: str
    recipient: str
    agency: str
    subject_line: str
    why: str
    status: str


@dataclass(frozen=True, slots=True)
class KindCount:
    """How many letters of a kind there are, when the first and the last was owed, and what they leave because of."""

    kind: str
    letters: int
    first: date
    last: date
    because: str


@dataclass(frozen=True, slots=True)
class CaseEnd:
    """Where a case ended: how its report came, how the panel met the agency, what was judged."""

    case: str
    agency: str
    state: str
    report: str
    panel: str
    session: str
    escalation: str
    judgement: str
    story: str


@dataclass(frozen=True, slots=True)
class Summary:
    """A rehearsed year. The same year gives the same summary, but for the folder it lies in."""

    label: str
    title: str
    year: int
    partnership: str
    folder: Path
    stopped_at: datetime
    is_whole: bool
    cycle_state: str
    counts: tuple[KindCount, ...]
    letters: tuple[Sent, ...]
    cases: tuple[CaseEnd, ...]
    took_part: tuple[str, ...]
    outstanding: tuple[str, ...]
    tasks: tuple[str, ...]
    events: int
    broken: tuple[str, ...]

    def text(self) -> str:
        """The summary as plain text of at most `WIDTH` columns where words allow."""
        return "\n".join(_text(self)) + "\n"

    def markdown(self) -> str:
        """The summary as Markdown, with every letter named."""
        return "\n".join(_markdown(self)) + "\n"

    def groups(self) -> list[list[Sent]]:
        """Letters owed at one instant, of one kind, for one reason; the daily digest is left to the counts."""
        told = [letter for letter in self.letters if letter.kind != "digest"]
        return [list(group) for _, group in groupby(told, key=lambda one: (one.at, one.kind, one.why))]


# --- plain text -----------------------------------------------------------------------------------------------------


def _text(said: Summary) -> Iterator[str]:
    yield from ("", said.title, "=" * len(said.title))
    yield from _wrapped(said.label, "")
    yield from _wrapped(_standing(said), "")
    yield from _headed("Letters by kind")
    yield from _kinds(said.counts)
    yield from _headed("What left, when and why")
    yield from _by_day(said)
    yield from _headed("Where each case ended" if said.is_whole else "Where each case stands")
    for case in said.cases:
        yield from _case(case)
    yield from _headed("Who took part")
    yield from (f"  {line}" for line in said.took_part)
    yield from _headed("Needs a person")
    yield from _listed(said.tasks)
    yield from _headed("Where things lie")
    yield from (f"  {what:<26} {where}" for what, where in places(said))
    yield from _headed("Next, in that folder")
    yield from (f"  {command}" for command in commands(said))


def _standing(said: Summary) -> str:
    letters = f"{len(said.letters)} letters left" if not _unsent(said) else _unsent(said)
    record = (
        f"The record of {said.events} events was read again and is unbroken."
        if not said.broken
        else f"The record does not hold in {len(said.broken)} places: {said.broken[0]}"
    )
    until = "the cycle is " + said.cycle_state
    missing = f" Not settled yet: {len(said.outstanding)} of {len(said.cases)} agencies." if said.outstanding else ""
    return f"Played to {london.spell(said.stopped_at)}; {until}. {letters}. {record}{missing}"


def _unsent(said: Summary) -> str:
    unsent = [letter for letter in said.letters if letter.status != "SENT"]
    return f"{len(said.letters) - len(unsent)} letters left and {len(unsent)} did not" if unsent else ""


def _headed(title: str) -> Iterator[str]:
    yield from ("", title, "-" * len(title))


def _kinds(counts: Iterable[KindCount]) -> Iterator[str]:
    yield f"  {'letter':<22}{'how many':>8}  {'first':<11}  {'last':<11}  because"
    for one in counts:
        head = f"  {kind_words(one.kind):<22}{one.letters:>8}  {_short(one.first):<11}  {_short(one.last):<11}  "
        yield from _wrapped(one.because, " " * len(head), first=head)


def _short(day: date) -> str:
    """The day in eleven columns: " 6 Jul 2026"."""
    name = london.spell_day(day).split()[2][:3]
    return f"{day.day:>2} {name} {day.year}"


def _by_day(said: Summary) -> Iterator[str]:
    for day, groups in groupby(said.groups(), key=lambda group: london.day_of(group[0].at)):
        yield f"  {london.spell_day(day)}"
        for group in groups:
            yield from _group(group)
    digests = [one.at for one in said.letters if one.kind == "digest"]
    if digests:
        yield f"  And on each working day, {len(digests)} times in all, the digest to the business unit."


def _group(group: Sequence[Sent]) -> Iterator[str]:
    at = london.spell_time(london.local(group[0].at).time())
    head = f"    {at:<8} {len(group):>3} {kind_words(group[0].kind):<22} "
    yield from _wrapped(f"{to_whom(group)}: {shorter(group[0].why)}", " " * len(head), first=head)


def _case(case: CaseEnd) -> Iterator[str]:
    yield f"  {case.case}  {case.agency}: {case.state}"
    yield from _wrapped(_ending(case), "      ")
    if case.story:
        yield from _wrapped(f"The script: {case.story}", "      ")


def _ending(case: CaseEnd) -> str:
    parts = [f"Report: {case.report}", f"panel: {case.panel}"]
    if case.session != "none":
        parts.append(f"session: {case.session}")
    if case.escalation:
        parts.append(f"escalation: {case.escalation}")
    return f"{'; '.join(parts)}. {case.judgement}"


def _listed(lines: Sequence[str]) -> Iterator[str]:
    for line in lines or ("Nothing.",):
        yield from _wrapped(line, "    ", first="  - ")


def _wrapped(text: str, indent: str, *, first: str | None = None) -> list[str]:
    start = indent if first is None else first
    return textwrap.wrap(text, WIDTH, initial_indent=start, subsequent_indent=indent, break_long_words=False)


# --- Markdown -------------------------------------------------------------------------------------------------------


def _markdown(said: Summary) -> Iterator[str]:
    yield from (f"# {said.title}", "", f"**{said.label}**", "", _standing(said))
    yield from ("", "## Letters by kind", "")
    yield from _table(
        ("letter", "how many", "first", "last", "because"),
        [(kind_words(c.kind), str(c.letters), _short(c.first), _short(c.last), c.because) for c in said.counts],
    )
    yield from ("", "## Where each case ended" if said.is_whole else "## Where each case stands", "")
    yield from _table(
        ("case", "agency", "state", "what came of it", "the script"),
        [(case.case, case.agency, case.state, _ending(case), case.story) for case in said.cases],
    )
    yield from ("", "## Who took part", "")
    yield from (f"- {line}" for line in said.took_part)
    yield from ("", "## Needs a person", "")
    yield from (f"- {line}" for line in said.tasks or ("Nothing.",))
    yield from ("", "## Every letter", "")
    yield from _table(
        ("when", "letter", "to", "agency", "subject", "why", "how it stands"),
        [
            (london.spell(one.at), kind_words(one.kind), one.recipient, one.agency, one.subject_line, one.why,
             one.status.lower())
            for one in said.letters
        ],
    )  # fmt: skip


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(' '.join(cell.split()).replace('|', '/') for cell in row)} |"


# --- words ----------------------------------------------------------------------------------------------------------


def kind_words(kind: str) -> str:
    """A kind of letter as people call it."""
    return _KINDS.get(kind) or kind.replace("_", " ")


_KINDS = {
    "return_by_reminder": "return-by reminder",
    "non_submission": "non-submission",
    "panel_invitation_changed": "changed invitation",
    "panel_invitation_cancelled": "cancelled invitation",
}
_NAMED = 2
"""Up to so many agencies are named; more are counted."""


def shorter(why: str) -> str:
    """The reason without the time of day, which stands beside it."""
    return why.removesuffix(" London time").rpartition("; ")[0] if why.endswith(" London time") else why


_SEVERAL = {
    "contact": "contacts",
    "deputy": "deputies",
    "senior leader": "senior leaders",
    "sender": "senders",
    "person invited": "people invited",
    "panel member": "panel members",
}


def to_whom(group: Sequence[Sent]) -> str:
    """Who a group of letters goes to, in role words: "contacts and senior leaders of 12 agencies"."""
    agencies: dict[str, list[str]] = {}
    for one in group:
        agencies.setdefault(one.agency, []).append(one.recipient)
    if "" not in agencies and len(agencies) <= _NAMED:
        return _and([f"{_and(sorted(set(roles)))} for {agency}" for agency, roles in sorted(agencies.items())])
    roles = sorted({one.recipient for one in group})
    many = _and([_SEVERAL.get(role, role) for role in roles]) if len(group) > 1 else roles[0]
    return many if "" in agencies else f"{many} of {len(agencies)} agencies"


def _and(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def places(said: Summary) -> list[tuple[str, str]]:
    """What lies where."""
    folder, report = said.folder, said.folder / "report"
    return [
        ("Letters, one file each", f"{folder / 'outbox'}/"),
        ("Reports that came", f"{folder / 'documents'}/"),
        ("Database", str(folder / "s11flow.db")),
        ("Assurance Report", str(report / "assurance-report.html")),
        ("the same as files", f"{report / 'assurance-report.docx'}, .xlsx, .csv, .json"),
        *([("the version for the public", str(report / "published-report.html"))] if said.is_whole else []),
        ("Status board", str(report / "status-board.xlsx")),
        ("Statement of Effectiveness", str(report / "statement-of-effectiveness.md")),
        ("This, with every letter", str(report / "summary.md")),
    ]


def commands(said: Summary) -> list[str]:
    """What to try next."""
    ref = f"{said.partnership}-{said.year}"
    return [
        f"cd {shlex.quote(str(said.folder))}",
        "s11flow outbox list",
        f"s11flow case show {ref}-02",
        f"s11flow case history {ref}-02",
        f"s11flow cycle timetable {said.year}",
        "s11flow escalation list",
        "s11flow verify",
    ]
