"""Keeps each agency's own actions from reviews: added and changed by staff, or on the word of the agency's report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain.errors import UnknownError, WrongInputError
from s11flow.domain.model import Entry, Note
from s11flow.domain.review_actions import ActionStatus, ReviewAction, ReviewKind, kind_of, plain
from s11flow.forms import ReportedAction
from s11flow.services import agencies, record
from s11flow.services.held_actions import action_of, held, statement

_TABLE = queries.review_action
_LONGEST = 1000
_ADD = "Add it with `s11flow agencies action add` if it should be."


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be different of an action; None leaves it as it is."""

    title: str | None = None
    kind: ReviewKind | None = None
    review: str | None = None
    status: ActionStatus | None = None
    evidence: str | None = None
    due: date | None = None

    @property
    def values(self) -> dict[str, Any]:
        """What changes, by the name of its column."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Told:
    """What became of an agency's word on its actions, in sentences: what was `taken`, and what is not sure."""

    taken: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()


# --- by staff ---------------------------------------------------------------------------------------------------------


def add(uow: UnitOfWork, code: str, given: ReviewAction, *, partnership: str, now: datetime, by: str) -> ReviewAction:
    """Hold an action for the agency of this *code*; its number is given here. Raises UnknownError, WrongInputError."""
    with uow.write() as connection:
        home, agency = _home(connection, partnership), _agency(connection, partnership, code)
        queries.lock(connection, [home])
        _checked({"title": given.title, "review": given.review, "evidence": given.evidence})
        twin = next(
            (each for each in held(connection, [agency.id])[agency.id] if plain(each.title) == plain(given.title)), None
        )
        if twin is not None:
            raise WrongInputError(
                f"{agency.code} has this action already, as {twin.called}; change that one, or word this differently."
            )
        return _add(connection, home, agency.id, replace(given, agency=agency.code, reported_by=by), now, by)


def set_(uow: UnitOfWork, number: int, change: Change, *, partnership: str, now: datetime, by: str) -> ReviewAction:
    """Change an action that is held. Raises UnknownError for its number, WrongInputError where nothing would change."""
    with uow.write() as connection:
        home = _home(connection, partnership)
        queries.lock(connection, [home])
        row = _one(connection, home, number)
        _checked({name: value for name, value in change.values.items() if isinstance(value, str)})
        changed = {name: value for name, value in change.values.items() if getattr(row, name) != value}
        if not changed:
            raise WrongInputError(f"A{number} stands so already; say what is to be different.")
        _set(connection, home, row, changed, reported_by=by, now=now, by=by)
        return _action(_one(connection, home, number))


def list_(
    uow: UnitOfWork, *, partnership: str, code: str | None = None, only_open: bool = False
) -> tuple[ReviewAction, ...]:
    """The actions that are held, of one agency or of all, by number. Raises UnknownError."""
    with uow.read() as connection:
        home = _home(connection, partnership)
        wanted = statement().where(_TABLE.c.partnership_id == home)
        if code is not None:
            wanted = wanted.where(_TABLE.c.agency_id == _agency(connection, partnership, code).id)
        found = tuple(_action(row) for row in connection.execute(wanted))
    return tuple(each for each in found if each.is_open or not only_open)


# --- by the agency ----------------------------------------------------------------------------------------------------


def report(
    connection: Connection,
    said: Sequence[ReportedAction],
    *,
    agency_id: int,
    partnership: str,
    source: str,
    now: datetime,
    by: str,
) -> Told:
    """Take what an agency's form says of its actions, within the caller's transaction; says what was done and what not.

    An action that is held is known by its number, else by its title, and stands as the agency says. One that is not is
    held from now on if the sort of review and the status are sure. *source* says where the agency said so. Evidence is
    held to as many characters as that of staff; the whole of it stays in the report.
    """
    if not said:
        return Told()
    home = _home(connection, partnership)
    queries.lock(connection, [home])
    there = held(connection, [agency_id])[agency_id]
    found: list[Told] = []
    by_action: dict[int, list[ReportedAction]] = defaultdict(list)
    for each in said:
        if not (each.what or each.called):
            found.append(_unsure(f'An action without a name says "{each.evidence or each.review or each.status}".'))
        elif (known := _known(each, there)) is not None:
            by_action[known.number].append(each)
        else:
            found.append(_new(connection, home, agency_id, each, source, now, by))
    for number, rows in by_action.items():
        found.append(_reported(connection, home, number, rows, source, now, by))
    return Told(tuple(s for each in found for s in each.taken), tuple(s for each in found for s in each.unsure))


def _unsure(sentence: str) -> Told:
    return Told(unsure=(sentence,))


def _known(said: ReportedAction, there: Sequence[ReviewAction]) -> ReviewAction | None:
    numbered = [each for each in there if each.called == said.called]
    return next(iter(numbered or [each for each in there if plain(each.title) == plain(said.what)]), None)


def _reported(
    connection: Connection, home: int, number: int, rows: Sequence[ReportedAction], source: str, now: datetime, by: str
) -> Told:
    statuses = {row.status for row in rows if row.status}
    if len(statuses) > 1:
        ways = " and as ".join(sorted(statuses))
        return _unsure(f"A{number} is given twice, as {ways}: it was left as it was.")
    stored = _one(connection, home, number)
    wanted: dict[str, Any] = {"status": statuses.pop()} if statuses else {}
    if evidence := "\n".join(dict.fromkeys(row.evidence for row in rows if row.evidence)):
        wanted["evidence"] = evidence[:_LONGEST]
    changed = {name: value for name, value in wanted.items() if getattr(stored, name) != value}
    if not changed:
        return Told()
    _set(connection, home, stored, changed, reported_by=source, now=now, by=by)
    was = f" (it was {stored.status})" if "status" in changed else ""
    taken = f"A{number} is now {changed.get('status', stored.status)} on the agency's word{was}."
    return Told((taken,), _cut(f"A{number}", evidence))


def _cut(called: str, evidence: str) -> tuple[str, ...]:
    if len(evidence) <= _LONGEST:
        return ()
    return (f"The evidence of {called} is held to its first {_LONGEST} characters; the report has the rest.",)


def _new(
    connection: Connection, home: int, agency_id: int, said: ReportedAction, source: str, now: datetime, by: str
) -> Told:
    if said.called and not said.what:
        return _unsure(f"The form speaks of {said.called}, which is no action of this agency.")
    kind = kind_of(said.review)
    if len(said.what) > _LONGEST:
        return _unsure(
            f'The action "{said.what[:60]} ..." is not held: it is longer than {_LONGEST} characters. {_ADD}'
        )
    if kind is None or said.status is None:
        lacks = "what sort of review it is from" if kind is None else "how it stands"
        return _unsure(f'The action "{said.what}" is not held: it is not sure {lacks}. {_ADD}')
    named = said.review[len(kind) :].lstrip(" :") if plain(said.review).startswith(kind) else said.review
    status = ActionStatus(said.status)
    given = ReviewAction(0, "", kind, said.what, named[:_LONGEST], status, said.evidence[:_LONGEST], reported_by=source)
    added = _add(connection, home, agency_id, given, now, by)
    taken = f'"{said.what}" is new, and is held as {added.called} on the agency\'s word.'
    return Told((taken,), _cut(added.called, said.evidence))


# --- looking ----------------------------------------------------------------------------------------------------------


def _action(row: Any) -> ReviewAction:
    return action_of(row._mapping)


def _one(connection: Connection, home: int, number: int) -> Any:
    wanted = statement().where(_TABLE.c.partnership_id == home, _TABLE.c.number == number)
    row = connection.execute(wanted).one_or_none()
    if row is None:
        raise UnknownError(f"There is no action A{number}: see `s11flow agencies action list` for those there are.")
    return row


def _home(connection: Connection, partnership: str) -> int:
    for row in queries.partnerships(connection):
        if row.code == partnership:
            return int(row.id)
    raise UnknownError(f"There is no partnership {partnership} here: run `s11flow init` first.")


def _agency(connection: Connection, partnership: str, code: str) -> Any:
    rows = queries.agencies(connection, partnership)
    row = next((row for row in rows if row.code.casefold() == code.casefold()), None)
    if row is None:
        raise UnknownError(f"No agency of {partnership} has the code {code}: see `s11flow agencies list`.")
    return row


# --- writing ----------------------------------------------------------------------------------------------------------


def _checked(texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        if name == "title" and not text.strip():
            raise WrongInputError("An action needs a title that says what is to be done.")
        if len(text) > _LONGEST:
            raise WrongInputError(f"The {name} is longer than {_LONGEST} characters; shorten it.")
        if any(character < " " and character not in "\n\t" for character in text):
            raise WrongInputError(f"The {name} has a control character in it; type it again.")


def _add(
    connection: Connection, home: int, agency_id: int, given: ReviewAction, now: datetime, by: str
) -> ReviewAction:
    was = _left(connection, home)
    last = connection.scalar(select(func.max(_TABLE.c.number)).where(_TABLE.c.partnership_id == home)) or 0
    row = {
        "partnership_id": home, "number": last + 1, "agency_id": agency_id, "kind": str(given.kind),
        "title": given.title, "review": given.review, "status": str(given.status), "evidence": given.evidence,
        "due": given.due, "reported_by": given.reported_by, "changed_at": now,
    }  # fmt: skip
    connection.execute(insert(_TABLE), row)
    added = _action(_one(connection, home, last + 1))
    data: dict[str, object] = {"action": added.number, "agency": added.agency, "status": str(added.status)}
    private: dict[str, object] = {
        "title": added.title, "review": added.review, "evidence": added.evidence, "reported_by": added.reported_by,
    }  # fmt: skip
    _note(connection, home, Entry(now, Note.REVIEW_ACTION, "review action", cause="added", data=data, private=private),
          was, now, by)  # fmt: skip
    return added


def _set(
    connection: Connection, home: int, row: Any, changed: Mapping[str, Any], *, reported_by: str, now: datetime, by: str
) -> None:
    """Change the row of an action, and say so in the history: what was, what is, and on whose word."""
    was = _left(connection, home)
    stored = {name: str(value) if name in ("status", "kind") else value for name, value in changed.items()}
    own = (_TABLE.c.partnership_id == home) & (_TABLE.c.number == row.number)
    connection.execute(update(_TABLE).where(own).values(**stored, reported_by=reported_by, changed_at=now))
    data: dict[str, object] = {"action": row.number, "agency": row.code, "changed": sorted(stored)}
    if "status" in stored:
        data |= {"from": row.status, "to": stored["status"]}
    private: dict[str, object] = {name: [getattr(row, name), value] for name, value in stored.items()}
    private["reported_by"] = reported_by
    _note(connection, home, Entry(now, Note.REVIEW_ACTION, "review action", cause="changed", data=data,
                                  private=private), was, now, by)  # fmt: skip


def _left(connection: Connection, home: int) -> dict[str, str]:
    return record.left(connection, {home: {("review_action", None)}}).get(home, {})


def _note(connection: Connection, home: int, entry: Entry, was: Mapping[str, str], now: datetime, by: str) -> None:
    agencies.record(connection, home, entry, now=now, by=by, rows=record.changed(was, _left(connection, home)))
