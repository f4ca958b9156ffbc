"""Writes the process pages from the tables that the rules run by: `python -m s11flow.process docs/process`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from enum import StrEnum
from pathlib import Path

from calendars import london
from calendars.bank_holidays import england_and_wales
from calendars.working_days import WorkingDays
from s11flow.cycles import read_definition, shipped
from s11flow.domain.diagram import mermaid
from s11flow.domain.lifecycle import CASE, COUPLINGS, CYCLE, ESCALATION, MESSAGE, SESSION, Lifecycle, words
from s11flow.domain.model import CaseEvent, CycleEvent, Dated, EscalationEvent, MessageEvent, SessionEvent
from s11flow.domain.state_facts import facts_of
from s11flow.domain.timetable import (
    DueAction,
    Rulebook,
    after_session,
    cut_off_of,
    dates_ladder,
    dates_of_case,
    deadline_of,
    panel_pack_action,
    request_of,
    session_ladder,
    target_of,
)
from s11flow.letters.contexts import KINDS, Kind

SAMPLE_YEAR = 2026
SAMPLE_PANEL_DAYS = (date(2026, 11, 10), date(2026, 11, 12), date(2026, 11, 17))

_BY = "made by `make docs` from the tables in s11flow/domain and s11flow/letters; change those, not this page"

_CLOCK = "the timetable"
_UNIT = "business unit"
_CHAIR = "Executive Chair"
_DELIVERY = "delivery"

# Who decides it in the procedure. A case's end, for instance, is nobody's single decision: the cycle's step brings it.
# fmt: off
WHO: dict[str, dict[StrEnum, str]] = {
    CASE.name: {
        CaseEvent.REQUEST_REPORT:         _CLOCK,
        CaseEvent.RECEIVE_REPORT:         f"{_UNIT}, when the report has come",
        CaseEvent.CONFIRM_NON_SUBMISSION: _CLOCK,
        CaseEvent.RETURN_REPORT:          _UNIT,
        CaseEvent.ACCEPT_REPORT:          _UNIT,
        CaseEvent.WITHDRAW_REPORT:        f"{_UNIT}, at the agency's word",
        CaseEvent.CONSIDER:               "the panel: by the session that is recorded, or on paper with a reason",
        CaseEvent.ASSESS:                 "the panel",
        CaseEvent.AGREE:                  "the panel",
        CaseEvent.INCLUDE_IN_REPORT:      "whoever approves the Assurance Report",
        CaseEvent.INCLUDE_IN_STATEMENT:   "whoever carries the report into the statement",
        CaseEvent.CLOSE:                  "whoever closes the cycle",
        CaseEvent.REOPEN:                 "the panel, with a reason",
        CaseEvent.EXCUSE:                 "the authority that is named with the reason",
        CaseEvent.COVER:                  _UNIT,
        CaseEvent.SUCCEED:                "the register: its agency became part of another",
        CaseEvent.SPLIT:                  "Business Manager, where a covered agency sent a report of its own",
        CaseEvent.REVIVE:                 _UNIT,
        CaseEvent.VOID:                   _UNIT,
        CaseEvent.EXTEND:                 "Business Manager, to the day the pack leaves; past it with the panel's "
                                          "consent; once it is with the Chair, only the Chair",
        CaseEvent.CORRECT:                _UNIT,
    },
    SESSION.name: {
        SessionEvent.INVITE:                       _CLOCK,
        SessionEvent.MOVE:                         f"{_UNIT}, asked by the panel or by the agency",
        SessionEvent.CANCEL:                       f"{_UNIT}, or what excuses, covers or voids the case",
        SessionEvent.STAND_DOWN:                   "the panel",
        SessionEvent.RECORD_ATTENDED:              _UNIT,
        SessionEvent.RECORD_ATTENDED_IN_PART:      _UNIT,
        SessionEvent.RECORD_ABSENT_WITH_NOTICE:    _UNIT,
        SessionEvent.RECORD_ABSENT_WITHOUT_NOTICE: _UNIT,
    },
    ESCALATION.name: {
        EscalationEvent.SEND:             _CLOCK,
        EscalationEvent.ACKNOWLEDGE:      _CHAIR,
        EscalationEvent.FOLLOW_UP:        _CHAIR,
        EscalationEvent.RESOLVE:          "the report's arrival",
        EscalationEvent.STAND_DOWN:       _CHAIR,
        EscalationEvent.WITHDRAW:         "what takes the duty away",
        EscalationEvent.LEAVE_UNRESOLVED: _CLOCK,
    },
    CYCLE.name: {
        CycleEvent.OPEN:                 _UNIT,
        CycleEvent.APPROVE_REPORT:       "Management Group and Executive",
        CycleEvent.INCLUDE_IN_STATEMENT: "Independent Scrutineer",
        CycleEvent.CLOSE:                _UNIT,
        CycleEvent.REOPEN_REPORT:        "Independent Scrutineer, with a reason",
    },
    MESSAGE.name: {
        MessageEvent.CLAIM:              _DELIVERY,
        MessageEvent.ACCEPTED_BY_SERVER: f"{_DELIVERY}; {_UNIT}, who found that it arrived",
        MessageEvent.DELAY:              _DELIVERY,
        MessageEvent.FAIL:               _DELIVERY,
        MessageEvent.LOSE_ANSWER:        _DELIVERY,
        MessageEvent.HOLD:               f"{_DELIVERY}, as the mode says; {_UNIT}",
        MessageEvent.RELEASE:            _UNIT,
        MessageEvent.RETRY:              f"{_UNIT}; {_DELIVERY} for what may safely be sent twice",
        MessageEvent.WITHDRAW:           _UNIT,
        MessageEvent.SUPERSEDE:          "the event that took its reason away",
        MessageEvent.EXPIRE:             "delivery, past its end of sense",
        MessageEvent.BOUNCE:             "a bounce that comes to the mailbox and names the letter",
    },
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Sample:
    """A year to work the dates of: its rules and the days on which the panel sits."""

    rules: Rulebook
    year: int
    panel_days: tuple[date, ...]


def sample(year: int = SAMPLE_YEAR, panel_days: tuple[date, ...] = SAMPLE_PANEL_DAYS) -> Sample:
    """The shipped definition in *year*, with the bank holidays around it."""
    definition = read_definition(shipped(), source="gloucestershire.toml")
    days = WorkingDays(
        england_and_wales(range(year - 1, year + 3)) | {closure.on: closure.why for closure in definition.closures}
    )
    return Sample(Rulebook(definition, days), year, tuple(sorted(panel_days)))


def pages(of: Sample) -> dict[str, str]:
    """Every process page by its file name."""
    made = {
        "README.md": _index(),
        "how-a-case-moves.md": _case(),
        "sessions.md": _plain(SESSION, _SESSION_INTRO),
        "escalations.md": _plain(ESCALATION, _ESCALATION_INTRO),
        "cycle.md": _plain(CYCLE, _CYCLE_INTRO),
        "messages.md": _plain(MESSAGE, _MESSAGE_INTRO),
        "when-we-write-to-whom.md": _letters(of),
    }
    return {name: f"<!-- {_BY} -->\n\n{text.strip()}\n" for name, text in made.items()}


def write(folder: Path, made: dict[str, str]) -> None:
    """Write the pages into *folder*, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")


# --- the pages of the lifecycles --------------------------------------------------------------------------------------


def _index() -> str:
    return """# How the process runs

- [How a case moves](how-a-case-moves.md): one agency in one cycle, from planned to closed
- [Sessions](sessions.md): an agency's time with the panel
- [Escalations](escalations.md): what happens when no report comes
- [The cycle](cycle.md): from opening to the Statement of Effectiveness
- [Messages](messages.md): what becomes of a letter once it is owed
- [When we write to whom](when-we-write-to-whom.md): every letter, and a year's dates worked out

These pages are made from the tables that the program itself runs by, and a test compares them: what they say is
what it does. *Who* is who decides in the procedure. In this release every decision is recorded at the command line
under the role in `S11FLOW_ACTOR`; the program keeps who recorded it and does not check who decided.
"""


_SESSION_INTRO = """# Sessions

An agency's time with the panel, questions included. A case may have several sessions, of which one is live. Coming
is not mandatory. Replies to the invitation are facts of the session, not states: *coming* if anyone accepted,
*declined* if all who answered declined, otherwise *no reply*. When a session has ended and nobody has recorded it,
the digest asks for it; the clock never says who came."""

_ESCALATION_INTRO = """# Escalations

A non-submission on its way to, or with, the Executive Chair. It is raised when the business unit is warned that a
deadline has passed (or earlier, to be held), and goes to the Chair no sooner than a working day after that warning.
A hold has a reason and a day on which to look again; sending waits until a person resumes it. The letter never goes
to a Chair who belongs to that agency: the alternate gets it, and without one the Business Manager decides. The
members of a joint report that did not come are reported each in a letter of their own, under the escalation of the
lead."""

_CYCLE_INTRO = """# The cycle

One partnership, one year. Approving the report takes every case that is agreed, not submitted or never asked into
it, and is refused while any other case is open; the refusal names them. Closing is refused while an agency that
submitted has had no feedback. Making a file of the report changes nothing."""

_MESSAGE_INTRO = """# Messages

A letter is a row of the outbox before it is a mail. A row is made once for each recipient of each thing that is
owed, and a unique key keeps it from being made again. What cannot be known (the connection broke after the text was
handed over) is *perhaps sent*: a reminder is sent again with the same bytes, a letter to a senior leader or to the
Chair waits for a person."""


def _case() -> str:
    coupled = tuple((words(c.event), _or_dash(c.escalation), _or_dash(c.session), c.note) for c in COUPLINGS)
    return f"""{_plain(CASE, _CASE_INTRO)}

## What else happens in the same moment

One event of a case can end its escalation or its session. Both are saved together or not at all. Where there is no
running escalation or no live session, nothing more happens.

{markdown(("event of the case", "its escalation", "its session", "because"), coupled)}
"""


_CASE_INTRO = """# How a case moves

A case is one agency in one cycle. What can be worked out from its dates is not a state: *due soon*, *overdue*,
*late*, *escalated*, *held*, *coming*, *no reply* are answers, not places. A report that arrives is never refused,
unless the case is void; once the panel has considered the agency it is filed as an addendum. An override is an
event of its own with a reason; nobody writes a state."""


def _or_dash(event: StrEnum | None) -> str:
    return "–" if event is None else words(event)


def _plain(lifecycle: Lifecycle, intro: str) -> str:
    return f"""{intro}

## The picture

What leaves a state as it is stands only in the table of events.

```mermaid
{_picture(lifecycle)}
```

## The states and their names

It begins as *{facts_of(lifecycle.start).staff}*.

{_states(lifecycle)}

## What can happen

{_events(lifecycle)}
"""


def _picture(lifecycle: Lifecycle) -> str:
    moves = tuple(t for t in lifecycle.transitions if t.while_ != t.then)
    return mermaid(replace(lifecycle, transitions=moves)).rstrip()


def markdown(columns: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table; a bar in a cell is kept from ending it."""
    ruled = [columns, tuple("---" for _ in columns), *lines]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in ruled)


def _states(lifecycle: Lifecycle) -> str:
    lines = []
    for state in lifecycle.states():
        facts = facts_of(state)
        lines.append(
            (f"`{state.name}`", facts.staff, facts.agency, facts.chair, _yes(facts.owes_report), _yes(facts.is_end))
        )
    columns = ("stored as", "staff say", "agencies read", "the Chair reads", "owes a report", "an end")
    return markdown(columns, tuple(lines))


def _yes(holds: bool) -> str:
    return "yes" if holds else ""


def _events(lifecycle: Lifecycle) -> str:
    who = WHO[lifecycle.name]
    lines = tuple(
        (facts_of(t.while_).staff, words(t.event), facts_of(t.then).staff, who[t.event], t.note)
        for t in lifecycle.transitions
    )
    return markdown(("while it is", "this can happen", "then it is", "who", "on what terms"), lines)


# --- letters and dates ------------------------------------------------------------------------------------------------


def _letters(of: Sample) -> str:
    return f"""# When we write to whom

Every letter is a row of the outbox first; each recipient gets one letter for each agency. Where an agency holds
nobody in a role, that role gets no letter. A definition can switch a kind off (`letters_off`).

## The letters

*If late* says what becomes of a letter that could not be made when it was due, because nothing ran then.

{markdown(("letter", "to", "leaves because", "if late"), tuple(_kind(kind) for kind in KINDS.values()))}

## What each letter holds

{chr(10).join(f"- **{words(kind.name)}**: {'; '.join(kind.must_hold)}." for kind in KINDS.values())}

{_year(of)}
"""


def _kind(kind: Kind) -> tuple[str, str, str, str]:
    return words(kind.name), kind.who, kind.trigger, kind.late


def _year(of: Sample) -> str:
    days = ", ".join(london.spell_day(day) for day in of.panel_days)
    return f"""## A year worked out: {of.year}

The shipped definition with panel days on {days}. Times are what clocks in London show. Letters that an event brings
(a receipt, a changed date, feedback) have no place in a table of dates.

### For every agency

{_table(_for_every_case(of))}

{chr(10).join(_for_a_day(of, day) for day in of.panel_days)}"""


Line = tuple[datetime, str, str, str]


def _table(lines: Iterable[Line]) -> str:
    shown = tuple((london.spell(at), what, why, until) for at, what, why, until in sorted(lines))
    return markdown(("when", "what", "why then", "no sense after"), shown)


def _for_every_case(of: Sample) -> list[Line]:
    cut_off = cut_off_of(of.rules, of.panel_days[-1])
    common = _before_any_deadline(of, cut_off)
    rules, year = of.rules, of.year
    first = of.panel_days[0]
    starts = london.instant(first, rules.definition.panel.starts)
    (invitation, *_) = session_ladder(rules, "s1r0", starts, request_of(rules, year).at, year)
    return [
        *common,
        (invitation.due_at, "panel invitation", invitation.why, "the session's start"),
        _date(target_of(rules, year), "the target"),
        _date(cut_off, "the report's cut-off; escalations that still run end as unresolved"),
    ]


def _before_any_deadline(of: Sample, cut_off: Dated) -> list[Line]:
    return [_due(action) for action in _ladder(of, of.panel_days[-1], cut_off) if not _hangs_on_deadline(action)]


def _for_a_day(of: Sample, day: date) -> str:
    rules = of.rules
    deadline = deadline_of(rules, day)
    starts = london.instant(day, rules.definition.panel.starts)
    session = session_ladder(rules, "s1r0", starts, request_of(rules, of.year).at, of.year)
    draft, accuracy = after_session(rules, day)
    cut_off = cut_off_of(rules, of.panel_days[-1])
    lines = [
        *(_due(action) for action in _ladder(of, day, cut_off) if _hangs_on_deadline(action)),
        _date(deadline, "the deadline"),
        _due(panel_pack_action(rules, day)),
        *((a.due_at, words(a.kind), a.why, "the session's start") for a in session if a.kind != "panel_invitation"),
        _date(draft, "draft assessment due"),
        _date(accuracy, "accuracy check closes"),
    ]
    return f"### For a session on {london.spell_day(day)}\n\n{_table(lines)}\n"


def _ladder(of: Sample, day: date, cut_off: Dated) -> Sequence[DueAction]:
    set_at = london.instant(date(of.year, 1, 1), time(12))
    dates = dates_of_case(of.rules, of.year, panel_day=day, cut_off=cut_off, set_at=set_at)
    wanted = [a for a in dates_ladder(of.rules, dates) if a.kind != "report_cut_off"]
    return [action for action in wanted if not action.outranked]


def _hangs_on_deadline(action: DueAction) -> bool:
    silent = action.kind in ("escalation_warning", "non_submission", "escalation")
    return silent or action.due_key.startswith("reminder/deadline")


def _due(action: DueAction) -> Line:
    rung = action.due_key.partition("@")[0].partition("/")[2]
    name = f"{words(action.kind)} `{rung}`" if rung else words(action.kind)
    until = "" if action.valid_until is None else london.spell(action.valid_until)
    return action.due_at, name, action.why, until


def _date(dated: Dated, name: str) -> Line:
    return dated.at, f"*{name}*", dated.why, ""


if __name__ == "__main__":
    write(Path(sys.argv[1]), pages(sample()))
