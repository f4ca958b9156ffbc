"""The running order of a cycle's panel days, as text, as a calendar and as values; after the day, its minutes.

Times are London times. Who of the panel leaves for which session is on it, and whether the rest are a quorum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from calendars import london
from calendars.feed import Happening, feed
from db import queries
from s11flow.domain.agenda import reply_of
from s11flow.domain.definition import Definition
from s11flow.domain.errors import UnknownError
from s11flow.domain.interests import Leaving, is_quorate, leaving, member_called, quorum_of, quorum_sentence
from s11flow.domain.model import CaseFacts, PanelDayState, Session, SessionState, Submission
from s11flow.domain.state_facts import facts_of
from s11flow.services import subjects
from s11flow.services.cycles import find_cycle
from s11flow.services.subjects import Loaded, session_from

_NOT_HELD = (SessionState.CANCELLED, SessionState.STOOD_DOWN)


@dataclass(frozen=True, slots=True)
class Seen:
    """A session of the order: whose, who leaves for it, and how it stands. `came` is filled once it is recorded."""

    starts_at: datetime
    ends_at: datetime
    place: str
    case: str
    agency: str
    state: str
    is_over: bool
    report: str
    reply: str
    leaves: tuple[Leaving, ...]
    quorum: str
    is_quorate: bool
    came: tuple[str, ...]
    minutes: int | None
    uid: str
    sequence: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """A break of the whole panel."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class DayOrder:
    """The order of one day. `reader` is the member whom it is for, if it is for one."""

    partnership: str
    cycle: str
    on: date
    state: PanelDayState
    place: str
    members: tuple[str, ...]
    quorum: int
    items: tuple[Seen | Pause, ...]
    domain: str
    reader: str = ""

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {
            "cycle": self.cycle,
            "on": self.on.isoformat(),
            "state": self.state.value,
            "place": self.place,
            "members": list(self.members),
            "quorum": self.quorum,
            "member": self.reader or None,
            "items": [_item_json(item, self.reader) for item in self.items],
        }


def orders(
    connection: Connection, *, partnership: str, year: int | str, day: date | None = None, member: str = ""
) -> tuple[DayOrder, ...]:
    """The order of each panel day of a cycle, or of one; for one member, who sees nothing of what they leave for.

    Raises UnknownError when there is no such day or member; it names the ones there are.
    """
    row = find_cycle(connection, partnership, year)
    (loaded,) = subjects.load(connection, [row.id], "cycle")
    definition = loaded.rules.definition
    days = queries.panel_days_of(connection, row.id)
    if day is not None and day not in [each.day for each in days]:
        there = ", ".join(london.spell_day(each.day) for each in days)
        raise UnknownError(f"{london.spell_day(day)} is no panel day of {loaded.ref}; there are {there}.")
    reader = _reader(definition, member)
    seen = _seen(subjects.load_cases(connection, queries.case_ids(connection, row.id)), connection)
    words = definition.partnership
    return tuple(
        DayOrder(
            words.name, loaded.ref, each.day, PanelDayState[each.state], definition.panel.place,
            tuple(person.title for person in definition.people.panel), quorum_of(definition),
            _items(definition, each.day, seen), words.sender.rsplit("@", 1)[1], reader,
        )
        for each in days
        if day is None or each.day == day
    )  # fmt: skip


def _reader(definition: Definition, member: str) -> str:
    if not member:
        return ""
    found = member_called(definition, member)
    if found is None or found not in definition.people.panel:
        known = ", ".join(person.title for person in definition.people.panel)
        raise UnknownError(f'No member of the panel is called "{member}"; there are {known}.')
    return found.title


def _seen(cases: Sequence[Loaded], connection: Connection) -> list[Seen]:
    rows = queries.sessions(connection, [case.id for case in cases])
    return [
        _one_seen(case, _as_it_stands(case, row))
        for case in cases
        for row in rows.get(case.id, ())
        if SessionState[row.state] not in _NOT_HELD
    ]


def _as_it_stands(case: Loaded, row: Any) -> Session:
    assert isinstance(case.facts, CaseFacts)
    newest = case.facts.session
    return newest if newest is not None and newest.number == row.number else session_from(row, {})


def _one_seen(case: Loaded, session: Session) -> Seen:
    facts, definition = case.facts, case.rules.definition
    assert isinstance(facts, CaseFacts)
    return Seen(
        session.starts_at, session.ends_at, session.place, facts.ref, facts.agency.name,
        facts_of(session.state).staff, not session.is_live,
        _report_words(facts.submission),
        reply_of(session, facts.agency), leaving(definition, facts), quorum_sentence(definition, facts),
        is_quorate(definition, facts), session.came, session.minutes, session.uid, session.revision,
        session.revised_at,
    )  # fmt: skip


def _report_words(submission: Submission | None) -> str:
    if submission is None:
        return "none received"
    return f"version {submission.version} {'kept back' if submission.is_restricted else 'received'}"


def _items(definition: Definition, on: date, seen: Sequence[Seen]) -> tuple[Seen | Pause, ...]:
    """The sessions of a day, and the breaks between them."""
    of_day: list[Seen | Pause] = [item for item in seen if london.day_of(item.starts_at) == on]
    starts, ends = (item.starts_at for item in of_day), (item.ends_at for item in of_day)
    first, last = min(starts, default=None), max(ends, default=None)
    breaks = [Pause(london.instant(on, each.starts), london.instant(on, each.ends)) for each in definition.panel.breaks]
    if first is not None and last is not None:
        of_day += [each for each in breaks if first < each.starts_at < last]
    return tuple(sorted(of_day, key=lambda item: (item.starts_at, item.ends_at)))


def _item_json(item: Seen | Pause, reader: str) -> dict[str, Any]:
    when = {"starts_at": london.iso(item.starts_at), "ends_at": london.iso(item.ends_at)}
    if isinstance(item, Pause):
        return {"kind": "break", **when}
    if _is_away(item, reader):
        return {"kind": "leaves", **when, "case": item.case}
    return {
        "kind": "session", **when, "place": item.place, "case": item.case, "agency": item.agency,
        "state": item.state, "report": item.report, "reply": item.reply,
        "leaves": [asdict(each) for each in item.leaves], "quorum": item.quorum, "is_quorate": item.is_quorate,
        "came": list(item.came), "minutes": item.minutes,
    }  # fmt: skip


def _is_away(item: Seen, reader: str) -> bool:
    """Whether the order is for somebody who leaves for this session."""
    return bool(reader) and reader in [each.title for each in item.leaves]


# --- as text ----------------------------------------------------------------------------------------------------------


def as_text(found: Sequence[DayOrder]) -> str:
    """The orders as plain lines that read well aloud: no tables, no signs that stand for words."""
    return "\n".join(line for order in found for line in _day_lines(order)).rstrip("\n") + "\n"


def _day_lines(order: DayOrder) -> Iterator[str]:
    yield f"Section 11 panel, {london.spell_day(order.on)}"
    yield f"{order.partnership}, cycle {order.cycle}"
    yield ""
    yield f"{_day_words(order)} Times are London times. Where, unless said otherwise: {order.place}."
    yield f"Members: {'; '.join(order.members)}. The quorum is {order.quorum}."
    if order.reader:
        yield f"This order is for: {order.reader}."
    yield ""
    number = 0
    for item in order.items:
        if isinstance(item, Pause):
            yield f"{_span(item)}: break."
        elif _is_away(item, order.reader):
            number += 1
            yield f"{number}. {_span(item)}: break for you. You take no part in this item."
        else:
            number += 1
            yield from _session_lines(order, number, item)
        yield ""
    if not order.items:
        yield "No session is set for this day."
        yield ""


def _day_words(order: DayOrder) -> str:
    words = facts_of(order.state).staff
    return f"{words[0].upper()}{words[1:]}."


def _session_lines(order: DayOrder, number: int, item: Seen) -> Iterator[str]:
    yield f"{number}. {_span(item)}: {item.agency} ({item.case})."
    if item.place != order.place:
        yield f"   Where: {item.place}."
    if item.is_over:
        yield f"   What happened: {item.state}{_how_long(item)}."
        if item.came:
            yield f"   Who came: {'; '.join(item.came)}."
    else:
        yield f"   Report: {item.report}. Reply to the invitation: {item.reply}."
    if item.leaves or not item.is_quorate:
        yield f"   {item.quorum}"


def _how_long(item: Seen) -> str:
    return "" if item.minutes is None else f", {item.minutes} minutes"


def _span(item: Seen | Pause) -> str:
    starts, ends = (london.spell_time(london.local(at).time()) for at in (item.starts_at, item.ends_at))
    return f"{starts} to {ends}"


# --- as a calendar ----------------------------------------------------------------------------------------------------


def as_calendar(found: Sequence[DayOrder]) -> bytes:
    """The orders as a plain calendar file for the diaries of the panel; it invites nobody."""
    name = f"Section 11 panel {found[0].cycle}" if found else "Section 11 panel"
    return feed(name, [each for order in found for each in _happenings(order)])


def _happenings(order: DayOrder) -> Iterator[Happening]:
    changed = max((item.changed_at for item in order.items if isinstance(item, Seen)), default=None)
    for item in order.items:
        if isinstance(item, Seen):
            yield _session_in_diary(order, item)
        elif changed is not None:
            uid = f"break-{item.starts_at:%Y%m%dT%H%M}@{order.domain}"
            yield Happening(uid, 0, changed, item.starts_at, item.ends_at, "Break", free=True)


def _session_in_diary(order: DayOrder, item: Seen) -> Happening:
    uid = f"panel-{item.uid}"  # not the invitation's own: an agency's answer is to that one
    if _is_away(item, order.reader):
        return Happening(
            uid, item.sequence, item.changed_at, item.starts_at, item.ends_at,
            "Section 11 panel: break for you", "You take no part in this item.", free=True,
        )  # fmt: skip
    said = [f"Report: {item.report}. Reply to the invitation: {item.reply}."]
    if item.leaves or not item.is_quorate:
        said.append(item.quorum)
    return Happening(
        uid, item.sequence, item.changed_at, item.starts_at, item.ends_at,
        f"Section 11 panel: {item.agency} ({item.case})", "\n".join(said), item.place,
    )  # fmt: skip
