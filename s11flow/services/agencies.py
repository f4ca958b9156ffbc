"""The register of agencies: imported all together or not at all, listed, shown; and whose register it is."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, insert, select, update

from calendars import london
from db import queries
from db.tables import HistoryPrivate
from db.unit_of_work import UnitOfWork
from s11flow.cycles import read_definition
from s11flow.domain.agenda import next_due_at
from s11flow.domain.errors import UnknownError
from s11flow.domain.model import Agency, AgencyStatus, CaseState, CycleState, Entry, Note, Plan
from s11flow.domain.state_facts import CASE_FACTS
from s11flow.services import cases, guests, rulebooks
from s11flow.services.chain import sha256
from s11flow.services.record import agency_called
from s11flow.services.record import changed as changed_digests
from s11flow.services.record import digest as digest_of
from s11flow.services.register_file import COLUMNS, MAY_BE_NONE, RegisterRow, read_register
from s11flow.services.stored import agency_from
from s11flow.services.subjects import Change, load, recompute, save

_BATCH = 500

# --- whose register it is --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Initialised:
    """A partnership that is there; `created` now, or before, when `same_definition` says whether by the same text."""

    code: str
    name: str
    created: bool
    same_definition: bool


def init_partnership(uow: UnitOfWork, definition_text: str, *, now: datetime) -> Initialised:
    """Make the partnership that a definition (TOML) describes; one that is there is left as it is.

    Raises WrongDefinitionError.
    """
    with uow.write() as connection:
        return ensure_partnership(connection, definition_text, now)


def ensure_partnership(connection: Connection, definition_text: str, now: datetime) -> Initialised:
    """As `init_partnership`, within the caller's transaction."""
    words = read_definition(definition_text, source="the definition").partnership
    there = _home(connection, words.code)
    if there is not None:
        is_same = there.definition_sha256 == sha256(definition_text)
        return Initialised(there.code, there.name, created=False, same_definition=is_same)
    digest = rulebooks.pin(connection, "definition", definition_text)
    row = {"kind": "partnership", "ref": words.code, "partnership": words.code, "state": "ACTIVE"}
    made = insert(queries.subject).values(**row, version=0, seq=0, head="").returning(queries.subject.c.id)
    values = {
        "subject_id": connection.execute(made).scalar_one(), "code": words.code, "name": words.name,
        "definition_sha256": digest, "digests_from": now,
    }  # fmt: skip
    connection.execute(insert(queries.partnership), values)
    data: dict[str, object] = {"definition": digest}
    record(connection, values["subject_id"], Entry(now, Note.SET_UP, "partnership", data=data), now=now, by="init")
    return Initialised(words.code, words.name, created=True, same_definition=True)


def _home(connection: Connection, code: str) -> Any:
    return next((row for row in queries.partnerships(connection) if row.code == code), None)


def known_home(connection: Connection, code: str) -> Any:
    home = _home(connection, code)
    if home is None:
        raise UnknownError(f"There is no partnership {code} here: run `s11flow init` first.")
    return home


# --- importing -------------------------------------------------------------------------------------------------------

What = Literal["added", "changed", "unchanged", "refused"]


@dataclass(frozen=True, slots=True)
class RowAccount:
    """What became of one row of the file: for a changed one `why` names the columns, for a refused one the faults."""

    line: int
    code: str
    what: What
    why: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """The account of an import, row by row. With any row refused nothing was changed."""

    rows: tuple[RowAccount, ...]
    encoding: str

    @property
    def refused(self) -> tuple[RowAccount, ...]:
        """The rows for whose sake nothing was changed."""
        return tuple(row for row in self.rows if row.what == "refused")

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        counts = Counter(row.what for row in self.rows)
        told: tuple[What, ...] = ("added", "changed", "unchanged", "refused")
        return {
            "encoding": self.encoding,
            **{what: counts[what] for what in told},
            "rows": [asdict(row) for row in self.rows],
        }


def import_register(uow: UnitOfWork, csv_text: str | bytes, *, partnership: str, now: datetime, by: str) -> Imported:
    """Bring the register to what the file says. All of it or, if any row is refused, nothing; the account tells all.

    Agencies that the file does not name, and columns it does not have, stay as they are. Importing the same file twice
    changes nothing. A row with a name or a contact that a change on record has ended is refused: the file is older.
    Raises WrongInputError for a file that cannot be read, UnknownError for the partnership.
    """
    file = read_register(csv_text)
    with uow.write() as connection:
        home = known_home(connection, partnership)
        register = {row.code: row for row in queries.agencies(connection, partnership)}
        accounts = _accounts(file.rows, register, _before(connection, home.id))
        if all(account.what != "refused" for account in accounts):
            _apply(connection, home.id, partnership, file.rows, register, now, by)
    return Imported(tuple(accounts), file.encoding)


@dataclass(frozen=True, slots=True)
class _Before:
    """What agencies were called, and who answered for them, before a change on record: by code, in small letters."""

    names: Mapping[str, frozenset[str]]
    contacts: Mapping[str, frozenset[str]]


def _before(connection: Connection, home_id: int) -> _Before:
    names, contacts = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for each in queries.successions(connection, home_id):
        if each.kind in ("rename", "recommission"):
            names[each.agency].add(each.before.casefold())
    line, private = queries.history, queries.table(HistoryPrivate)
    statement = (
        select(line.c.data, private.c.body)
        .join(private, (private.c.subject_id == line.c.subject_id) & (private.c.seq == line.c.seq))
        .where(line.c.subject_id == home_id, line.c.event == Note.HANDED_OVER.value)
    )
    for data, body in connection.execute(statement):
        if before := json.loads(body).get("before"):
            for code in json.loads(data)["agencies"]:
                contacts[code].add(before.casefold())
    return _Before(_frozen(names), _frozen(contacts))


def _frozen(found: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {code: frozenset(said) for code, said in found.items()}


def _older(row: RegisterRow, stored: Any, before: _Before) -> Iterator[str]:
    """What says that the row is older than what is on record of its agency."""
    for column, was, command in (
        ("name", before.names, f"`s11flow agencies rename {row.code}`"),
        ("contact_email", before.contacts, f"`s11flow agencies hand-over {row.code}`"),
    ):
        given, holds = row.values.get(column) or "", getattr(stored, column) or ""
        if given.casefold() != holds.casefold() and given.casefold() in was.get(row.code, ()):
            yield (
                f"its {column} {given} is of before a change on record, and {holds} holds now; write that, or if it is "
                f"{given} again, record it with {command}"
            )


def _accounts(rows: Sequence[RegisterRow], register: Mapping[str, Any], before: _Before) -> list[RowAccount]:
    merged = _merged(rows, register)
    faults = {row.line: [*row.faults, *_own_faults(row, register, merged, before)] for row in rows}
    for line, fault in _lead_faults(rows, merged):
        faults[line].append(fault)
    return [_account(row, faults[row.line], register.get(row.code)) for row in rows]


def _account(row: RegisterRow, faults: Sequence[str], stored: Any) -> RowAccount:
    if faults:
        return RowAccount(row.line, row.code, "refused", "; ".join(faults) + ".")
    if stored is None:
        return RowAccount(row.line, row.code, "added")
    changed = _changes(row, stored)
    return RowAccount(row.line, row.code, "changed" if changed else "unchanged", ", ".join(changed))


def _changes(row: RegisterRow, stored: Any) -> dict[str, list[str | None]]:
    """The columns of a row that differ from the register: old value, new value."""
    return {
        name: [getattr(stored, name), value] for name, value in row.values.items() if getattr(stored, name) != value
    }


@dataclass(frozen=True, slots=True)
class _Standing:
    """How an agency will stand when the file is in."""

    status: str
    lead: str | None
    contact: str | None


def _merged(rows: Sequence[RegisterRow], register: Mapping[str, Any]) -> dict[str, _Standing]:
    found = {code: _Standing(row.status, row.lead, row.contact_email) for code, row in register.items()}
    for row in rows:
        old, values = found.get(row.code, _Standing("", None, None)), row.values
        found[row.code] = _Standing(
            values.get("status") or old.status,
            values.get("lead", old.lead),
            values.get("contact_email", old.contact),
        )
    return found


def _own_faults(
    row: RegisterRow, register: Mapping[str, Any], merged: Mapping[str, _Standing], before: _Before
) -> Iterator[str]:
    standing, stored = merged[row.code], register.get(row.code)
    if stored is not None and stored.status == AgencyStatus.ENDED.value:
        yield f"it is there no more ({stored.status_reason}); leave its row out, or give its successor's code"
        return
    if stored is not None and stored.contact_left_at is not None and standing.contact != stored.contact_email:
        yield f"nobody answers for it since its contact left; `s11flow agencies hand-over {row.code}` says who does now"
    elif stored is not None:
        yield from _older(row, stored, before)
    if standing.status == AgencyStatus.ACTIVE and standing.contact is None:
        yield "it is active and has no contact_email; give one, or set its status to no_contact"
    twin = next((code for code in register if code != row.code and code.casefold() == row.code.casefold()), None)
    if twin is not None:
        yield f"the register has {twin}, which differs in capitals only; write it as {twin}"
    elif row.code not in register and (full := _with_zeros(row.code, merged)) is not None:
        yield (
            f"there is {full}, which differs by a zero at its beginning only, as a spreadsheet takes off; "
            f"write it as {full}, in a column formatted as text"
        )


def _with_zeros(code: str, known: Iterable[str]) -> str | None:
    """The code that this one would be with a zero before it: spreadsheets take 01 for the number 1."""
    bare = code.casefold().lstrip("0")
    return next((each for each in known if len(each) > len(code) and each.casefold().lstrip("0") == bare), None)


def _lead_faults(rows: Sequence[RegisterRow], merged: Mapping[str, _Standing]) -> Iterator[tuple[int, str]]:
    """A lead reports itself and is active. Told on the row of the member, else on the row that changes the lead."""
    lines = {row.code: row.line for row in rows}
    for code, standing in merged.items():
        if standing.lead is None or (why := _why_no_lead(code, standing.lead, merged)) is None:
            continue
        if code in lines:
            yield lines[code], f"lead {standing.lead} {why}; name an active agency that reports itself, or none"
        elif standing.lead in lines:
            yield lines[standing.lead], f"{code} is covered by it, and it {why}; change {code} first"


def _why_no_lead(code: str, lead: str, merged: Mapping[str, _Standing]) -> str | None:
    if lead == code:
        return "is the agency itself"
    if lead not in merged:
        full = _with_zeros(lead, merged)
        return "is not on the register" if full is None else f"is not on the register, where {full} is"
    if merged[lead].lead is not None:
        return f"is covered by {merged[lead].lead} itself"
    if merged[lead].status == AgencyStatus.ENDED:
        return "is there no more"
    return None if merged[lead].status == AgencyStatus.ACTIVE else f"is {merged[lead].status or 'of no status'}"


# --- applying an import that nothing is wrong with -------------------------------------------------------------------


def _apply(
    connection: Connection,
    home_id: int,
    partnership: str,
    rows: Sequence[RegisterRow],
    register: Mapping[str, Any],
    now: datetime,
    by: str,
) -> None:
    added = [row for row in rows if row.code not in register]
    changed = {row.code: found for row in rows if row.code in register and (found := _changes(row, register[row.code]))}
    if not added and not changed:
        return
    changed_ids = [register[code].id for code in changed]
    cases.settle_first(connection, cases_looking_at(connection, changed_ids), "case", now)
    if added:
        connection.execute(insert(queries.agency), [_new_row(row, partnership) for row in added])
    table = queries.agency
    for code, values in changed.items():
        new = {name: value for name, (_, value) in values.items()}
        connection.execute(update(table).where(table.c.id == register[code].id).values(new))
    entry = Entry(
        now,
        Note.REGISTER_CHANGED,
        "register",
        data={"added": [row.code for row in added], "changed": {code: sorted(new) for code, new in changed.items()}},
        private={**{row.code: {name: [None, v] for name, v in row.values.items() if v} for row in added}, **changed},
    )
    was = digests(register.values())
    left = changed_digests(was, digests(queries.agencies(connection, partnership)))
    record(connection, home_id, entry, now=now, by=by, rows=left)
    recompute_cases(connection, cases_looking_at(connection, changed_ids))
    was_invited = {register[code].id: agency_from(register[code]).invited for code in changed}
    guests.tell(connection, was_invited, now=now, by=by)


def _new_row(row: RegisterRow, partnership: str) -> dict[str, Any]:
    blank: dict[str, str | None] = dict.fromkeys(COLUMNS, "")
    nothing = dict.fromkeys(MAY_BE_NONE)
    return {"partnership": partnership, **blank, **nothing, **row.values}


def digests(rows: Iterable[Any]) -> dict[str, str]:
    """What the partnership's history keeps of these rows of its register."""
    return {agency_called(row.code): digest_of(row._mapping) for row in rows}


def record(
    connection: Connection,
    home_id: int,
    entry: Entry,
    *,
    now: datetime,
    by: str,
    rows: Mapping[str, str] | None = None,
    was: Mapping[str, str] | None = None,
    wrote: Collection[str] = (),
) -> None:
    """Write a line into a partnership's history, within the caller's transaction.

    *rows* are digests it is to answer for; *was* are those of its rows in the tables that the caller *wrote*, before
    that: in its own row, if no other is named.
    """
    queries.lock(connection, [home_id])
    (loaded,) = load(connection, [home_id], "partnership")
    plan: Plan[Any] = Plan(loaded.facts, (entry,), next_due_at=next_due_at(loaded.rules, loaded.facts))
    change = Change(loaded, plan, actor=by, record=dict(rows or {}))
    if was or wrote:
        change.wrote, change.was = set(wrote or ("partnership",)), dict(was or {})
    save(connection, [change], now)


def cases_looking_at(connection: Connection, agency_ids: Collection[int]) -> list[int]:
    """The cases of open cycles that look at these agencies: their own, and those of whoever reports for them."""
    file, cycle = queries.case_file, queries.subject
    is_open = select(cycle.c.id).where(cycle.c.kind == "cycle", cycle.c.state != CycleState.CLOSED.name)
    own = select(file.c.subject_id, file.c.covered_by_id).where(
        file.c.agency_id.in_(agency_ids), file.c.cycle_id.in_(is_open)
    )
    rows = connection.execute(own).all()
    return sorted(
        {row.subject_id for row in rows} | {row.covered_by_id for row in rows if row.covered_by_id is not None}
    )


def recompute_cases(connection: Connection, case_ids: Sequence[int]) -> None:
    """What these cases owe may have changed."""
    for start in range(0, len(case_ids), _BATCH):
        recompute(connection, case_ids[start : start + _BATCH], "case")


# --- looking ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShownAgency:
    """An agency of the register, and its cases as reference and state in the words of staff, oldest first.

    `successions` are what became of it, or of others that it followed, in sentences, oldest first.
    """

    agency: Agency
    cases: tuple[tuple[str, str], ...] = ()
    successions: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on: the columns of the register by name, and the cases."""
        agency = self.agency
        return {
            "code": agency.code,
            "name": agency.name,
            "category": agency.category,
            "status": agency.status.value,
            "status_reason": agency.status_reason,
            "lead": agency.lead,
            "contact_name": agency.contact_name,
            "contact_role": agency.contact_role,
            "contact_email": agency.contact,
            "deputy_email": agency.deputy,
            "senior_leader_email": agency.senior_leader,
            "data_protection_email": agency.data_protection,
            "attendee_emails": list(agency.attendees),
            "areas": list(agency.areas),
            "usual_track": agency.track.value,
            "contact_left_at": None if agency.contact_left_at is None else london.iso(agency.contact_left_at),
            "contact_since": None if agency.contact_since is None else london.iso(agency.contact_since),
            "successions": list(self.successions),
            "cases": [{"case": ref, "state": state} for ref, state in self.cases],
        }


def list_agencies(uow: UnitOfWork, *, partnership: str) -> tuple[ShownAgency, ...]:
    """The register by code, each agency without its cases; raises UnknownError for the partnership."""
    with uow.read() as connection:
        known_home(connection, partnership)
        return tuple(ShownAgency(agency_from(row)) for row in queries.agencies(connection, partnership))


def show_agency(uow: UnitOfWork, *, partnership: str, code: str) -> ShownAgency:
    """One agency with its cases; raises UnknownError."""
    with uow.read() as connection:
        known_home(connection, partnership)
        rows = queries.agencies(connection, partnership)
        row = next((row for row in rows if row.code.casefold() == code.casefold()), None)
        if row is None:
            known = ", ".join(row.code for row in rows) or "none yet"
            raise UnknownError(f"No agency of {partnership} has the code {code}; there is {known}.")
        home = known_home(connection, partnership)
        told = tuple(
            succession_words(found)
            for found in queries.successions(connection, home.id)
            if row.code in (found.agency, found.other)
        )
        return ShownAgency(agency_from(row), _cases_of(connection, row.id), told)


def succession_words(found: Any) -> str:
    """What became of an agency, as a sentence."""
    on, who = london.spell_day(found.day), f"{found.before} ({found.agency})"
    match found.kind:
        case "rename":
            said = f"{who} is called {found.after}"
        case "merge":
            said = f"{who} is part of {found.after} ({found.other})"
        case "recommission":
            said = f"{who} is provided by {found.after}, commissioned by {found.other}"
        case _:
            said = f"{who} is there no more" + (f"; {found.after} ({found.other}) follows it" if found.other else "")
    return f"From {on} {said}: {found.reason}."


def _cases_of(connection: Connection, agency_id: int) -> tuple[tuple[str, str], ...]:
    file, subject = queries.case_file, queries.subject
    statement = select(subject.c.ref, subject.c.state).join(file, file.c.subject_id == subject.c.id)
    rows = connection.execute(statement.where(file.c.agency_id == agency_id).order_by(subject.c.id))
    return tuple((ref, CASE_FACTS[CaseState[state]].staff) for ref, state in rows)
