"""Records that an agency's contact has left, and who answers for it now: letters stop meanwhile, and are sent on."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from db import queries
from db.unit_of_work import UnitOfWork
from notifications.address import check_address, has_control_character
from s11flow.domain import acts
from s11flow.domain.decide.contacts import TOLD_ANEW
from s11flow.domain.errors import UnknownError, WrongInputError
from s11flow.domain.model import Agency, AgencyStatus, CaseFacts, CaseState, CycleState, Entry, MessageState, Note
from s11flow.domain.state_facts import CASE_FACTS
from s11flow.letters.recipients import attendee_key
from s11flow.services import agencies, cases, guests, outbox, record
from s11flow.services.chain import canonical, message_digest
from s11flow.services.stored import agency_from
from s11flow.services.subjects import NOBODY_ANSWERS, Change, Loaded, load_cases

_RUNS = tuple(state.name for state, row in CASE_FACTS.items() if row.is_open or state == CaseState.COVERED)


@dataclass(frozen=True, slots=True)
class Left:
    """Whose contact left: the agencies (one person may answer for several), their cases, how many letters stopped.

    `asked` are those who are asked by letter who answers now, as code and roles; nobody where a case needs nobody.
    """

    agencies: tuple[str, ...]
    cases: tuple[str, ...]
    stopped: int
    asked: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {
            "agencies": list(self.agencies),
            "cases": list(self.cases),
            "stopped": self.stopped,
            "asked": {code: list(roles) for code, roles in self.asked},
        }


@dataclass(frozen=True, slots=True)
class HandedOver:
    """An agency that somebody else answers for now: its cases, the letters sent on, the working days that were lost."""

    agency: str
    cases: tuple[str, ...]
    sent_on: int
    working_days_lost: int

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {
            "agency": self.agency,
            "cases": list(self.cases),
            "sent_on": self.sent_on,
            "working_days_lost": self.working_days_lost,
        }


@dataclass(frozen=True, slots=True)
class Person:
    """Who answers for an agency: an address, and what they are called and do as far as it is known."""

    email: str
    name: str = ""
    role: str = ""


# --- the contact leaves ----------------------------------------------------------------------------------------------


def contact_left(uow: UnitOfWork, *, partnership: str, code: str, how: str = "", now: datetime, by: str) -> Left:
    """Record that nobody answers for the agency any more; *how* we know is told to those above them (case 5).

    What is on its way to the contact is held, their deputy and senior leader are asked who answers now, and silence is
    not reported. An agency with the same contact is in the same position (case 4). Raises WrongInputError for an agency
    that has no contact, or whose contact has left already.
    """
    with uow.write() as connection:
        home = agencies.known_home(connection, partnership)
        row = agency_row(connection, partnership, code)
        _must_be_there(row)
        if row.contact_email is None:
            raise WrongInputError(f"{row.name} has no contact on the register who could have left.")
        if row.contact_left_at is not None:
            raise WrongInputError(f"The contact of {row.name} has left already; `s11flow agencies hand-over` is next.")
        same = [each for each in queries.agencies(connection, partnership) if _shares_contact(each, row)]
        return leave(connection, home.id, same, how, now, by)


def _must_be_there(row: Any) -> None:
    if row.status == AgencyStatus.ENDED.value:
        raise WrongInputError(f"{row.name} is there no more ({row.status_reason}), so nobody answers for it.")


def _shares_contact(each: Any, row: Any) -> bool:
    return (
        (each.contact_email or "").casefold() == row.contact_email.casefold()
        and each.contact_left_at is None
        and each.status != AgencyStatus.ENDED.value
    )


def leave(connection: Connection, home_id: int, rows: Sequence[Any], how: str, now: datetime, by: str) -> Left:
    """As `contact_left` for these rows of the register, within the caller's transaction."""
    ids = [row.id for row in rows]
    looking = agencies.cases_looking_at(connection, ids)
    cases.settle_first(connection, looking, "case", now)
    change_rows(
        connection, home_id, rows, {"contact_left_at": now},
        Entry(now, Note.CONTACT_LEFT, "register", data={"agencies": [row.code for row in rows]}, private={"how": how}),
        now, by,
    )  # fmt: skip
    changes = []
    own = running(connection, ids)
    letters = _waiting(connection, [row.contact_email for row in rows], [case.id for case in own])
    for case in own:
        stopped = letters.get(case.id, [])
        kinds = tuple(dict.fromkeys(letter.kind for letter in stopped))
        change = cases.change_for(case, acts.ContactLeft(how, kinds), by=by, now=now)
        change.record |= _set(connection, stopped, MessageState.HELD, NOBODY_ANSWERS)
        changes.append(change)
    cases.write(connection, changes, now)
    agencies.recompute_cases(connection, looking)
    return Left(
        tuple(row.code for row in rows),
        tuple(case.ref for case in own),
        sum(len(each) for each in letters.values()),
        tuple(dict.fromkeys((_facts(case).agency.code, _those_above(_facts(case).agency)) for case in own)),
    )


def _facts(case: Loaded) -> CaseFacts:
    assert isinstance(case.facts, CaseFacts)
    return case.facts


def _those_above(agency: Agency) -> tuple[str, ...]:
    found = (("deputy", agency.deputy), ("senior leader", agency.senior_leader))
    return tuple(role for role, address in found if address is not None)


def _waiting(connection: Connection, addresses: Collection[str], case_ids: Collection[int]) -> dict[int, list[Any]]:
    """The letters of these cases that wait to go to one of these addresses."""
    table = queries.message
    statement = (
        select(table)
        .where(table.c.subject_id.in_(case_ids), table.c.status.in_(_WAITS))
        .where(func.lower(table.c.to_address).in_([address.lower() for address in addresses]))
        .order_by(table.c.id)
    )
    found: dict[int, list[Any]] = defaultdict(list)
    for letter in connection.execute(statement):
        found[letter.subject_id].append(letter)
    return found


_WAITS = (MessageState.QUEUED.value, MessageState.DELAYED.value)


def _set(connection: Connection, letters: Sequence[Any], status: MessageState, why: str) -> dict[str, str]:
    """Change how these letters stand; gives what the history is to keep of them."""
    values, found = {"status": status.value, "status_why": why}, dict[str, str]()
    table = queries.message
    for letter in letters:
        connection.execute(update(table).where(table.c.id == letter.id).values(values))
        found |= outbox.left(letter, values)
    return found


# --- somebody else answers -------------------------------------------------------------------------------------------


def hand_over(uow: UnitOfWork, *, partnership: str, code: str, to: Person, now: datetime, by: str) -> HandedOver:
    """Record who answers for the agency now: letters that waited are sent on, and what it owes is asked anew (case 5).

    Raises WrongInputError for an address that is none, a name or role with a control character, or an agency that is
    there no more.
    """
    with uow.write() as connection:
        home = agencies.known_home(connection, partnership)
        return take_over(connection, home.id, agency_row(connection, partnership, code), to, now, by)


def take_over(connection: Connection, home_id: int, row: Any, to: Person, now: datetime, by: str) -> HandedOver:
    """As `hand_over` for this row of the register, within the caller's transaction."""
    if (wrong := check_address(to.email)) is not None:
        raise WrongInputError(f'The address "{to.email}" {wrong}; give one plain address, name@agency.example.')
    for what, words in (("name", to.name), ("role", to.role)):
        if has_control_character(words):
            raise WrongInputError(f"The contact's {what} has a control character in it; type it again, on one line.")
    _must_be_there(row)
    looking = agencies.cases_looking_at(connection, [row.id])
    cases.settle_first(connection, looking, "case", now)
    own = running(connection, [row.id])
    entry = Entry(now, Note.HANDED_OVER, "register", data={"agencies": [row.code]},
                  private={"contact": to.email, "before": row.contact_email or ""})  # fmt: skip
    change_rows(connection, home_id, [row], _values(row, to, now), entry, now, by)
    agency = agency_from(agency_row(connection, row.partnership, row.code))
    changes = [_handed_over(connection, case, row, agency, by, now) for case in own]
    cases.write(connection, changes, now)
    agencies.recompute_cases(connection, looking)
    left = () if row.contact_left_at is None or row.contact_email is None else (row.contact_email,)
    guests.tell(connection, {row.id: agency_from(row).invited}, now=now, by=by, left=left)
    lost = [int(str(entry.data["working_days_lost"])) for change in changes for entry in change.plan.entries
            if entry.event == Note.HANDED_OVER]  # fmt: skip
    sent_on = sum(len(change.sent_on[1]) for change in changes)
    return HandedOver(row.code, tuple(case.ref for case in own), sent_on, max(lost, default=0))


def _values(row: Any, to: Person, now: datetime) -> dict[str, Any]:
    """The columns of the register that a handover changes; whoever is invited in the old one's place is, too."""
    old = (row.contact_email or "").casefold()
    invited = [to.email if old and each.casefold() == old else each for each in row.attendee_emails.split(";")]
    status = AgencyStatus.ACTIVE.value if row.status == AgencyStatus.NO_CONTACT.value else row.status
    return {
        "contact_email": to.email,
        "contact_name": to.name,
        "contact_role": to.role or row.contact_role,
        "attendee_emails": ";".join(dict.fromkeys(invited)),
        "contact_left_at": None,
        "contact_since": now,
        "status": status,
    }


def _handed_over(connection: Connection, case: Loaded, row: Any, agency: Agency, by: str, now: datetime) -> Change:
    facts = case.facts
    assert isinstance(facts, CaseFacts)
    change = cases.change_for(case, acts.HandOver(agency), by=by, now=now)
    held = _held(connection, case.id)
    if row.contact_email is not None and row.contact_email.casefold() != (agency.contact or "").casefold():
        held += _waiting(connection, [row.contact_email], [case.id])[case.id]
    anew = TOLD_ANEW.get(facts.state, frozenset())
    going = [each for each in held if each.kind not in anew and (each.valid_until is None or each.valid_until > now)]
    change.record |= _set(connection, held, MessageState.SUPERSEDED, "written to whoever answers now")
    rows = [_sent_on(each, row, agency, facts.seq, now) for each in going]
    if rows:
        key = f"sent_on@h{facts.seq}"
        change.sent_on = (key, rows)
        entries = (*change.plan.entries[:-1], _naming(change.plan.entries[-1], key))
        change.plan = replace(change.plan, entries=entries)
    return change


def _naming(entry: Entry, key: str) -> Entry:
    """The line with the letters that it sends on among those it caused."""
    return replace(entry, letters=(*entry.letters, key))


def _held(connection: Connection, case_id: int) -> list[Any]:
    table = queries.message
    statement = select(table).where(
        table.c.subject_id == case_id,
        table.c.status == MessageState.HELD.value,
        table.c.status_why == NOBODY_ANSWERS,
    )
    return list(connection.execute(statement.order_by(table.c.id)))


_KEPT = (
    "subject_id", "cycle_id", "subject", "case_ref", "agency", "kind", "subject_line", "why", "at", "valid_until",
    "templates_sha256",
)  # fmt: skip


def _sent_on(letter: Any, row: Any, agency: Agency, seq: int, now: datetime) -> dict[str, Any]:
    """A letter as whoever answers now gets it: the same values, another reader, a key of its own."""
    assert agency.contact is not None
    context = json.loads(letter.context)
    greeting = f"Dear {agency.contact_name or agency.contact_role or 'colleague'}"
    context["reader"] |= {"greeting": greeting, "address": agency.contact}
    head, role = letter.dedupe_key.rsplit("/", 1)
    role = attendee_key(agency.contact) if role.startswith("attendee-") else role
    kept = {name: getattr(letter, name) for name in _KEPT}
    sent_on: dict[str, Any] = {
        "dedupe_key": f"{head}~h{seq}/{role}",
        **{name: kept[name] for name in ("subject_id", "cycle_id", "subject", "case_ref", "agency", "kind")},
        "recipient": role,
        "to_address": agency.contact,
        **{name: kept[name] for name in ("subject_line", "why", "at", "valid_until")},
        "context": canonical(context),
        "templates_sha256": kept["templates_sha256"],
        "status": MessageState.QUEUED.value,
        "status_why": "",
        "queued_at": now,
        "next_try_at": now,
        "attempts": 0,
    }
    sent_on["digest"] = message_digest(sent_on)
    return sent_on


# --- rows of the register --------------------------------------------------------------------------------------------


def agency_row(connection: Connection, partnership: str, code: str) -> Any:
    """The row of the register of this code, capitals or not; UnknownError names the codes there are."""
    rows = queries.agencies(connection, partnership)
    row = next((row for row in rows if row.code.casefold() == code.casefold()), None)
    if row is None:
        known = ", ".join(row.code for row in rows) or "none yet"
        raise UnknownError(f"No agency of {partnership} has the code {code}; there is {known}.")
    return row


def change_rows(
    connection: Connection,
    home_id: int,
    rows: Sequence[Any],
    values: Mapping[str, Any],
    entry: Entry,
    now: datetime,
    by: str,
) -> None:
    """Change the same columns of these rows of the register, and record it in the partnership's history."""
    ids, table = [row.id for row in rows], queries.agency
    was = agencies.digests(connection.execute(select(table).where(table.c.id.in_(ids))))
    connection.execute(update(table).where(table.c.id.in_(ids)).values(**values))
    now_there = agencies.digests(connection.execute(select(table).where(table.c.id.in_(ids))))
    agencies.record(connection, home_id, entry, now=now, by=by, rows=record.changed(was, now_there))


def running(connection: Connection, agency_ids: Collection[int]) -> list[Loaded]:
    """The cases of these agencies in open cycles that something may still come of, held until the transaction ends."""
    file, subject, cycle = queries.case_file, queries.subject, queries.subject.alias("of_cycle")
    statement = (
        select(subject.c.id)
        .join(file, file.c.subject_id == subject.c.id)
        .join(cycle, cycle.c.id == subject.c.cycle_id)
        .where(file.c.agency_id.in_(agency_ids), subject.c.state.in_(_RUNS), cycle.c.state != CycleState.CLOSED.name)
        .order_by(subject.c.id)
    )
    ids = list(connection.scalars(statement))
    queries.lock(connection, ids)
    return load_cases(connection, ids)
