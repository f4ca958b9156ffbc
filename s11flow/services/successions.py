"""Records what becomes of an agency: another name, a merger, its end, another provider; and what its cases do then.

Each is an event of the register, with its day and its reason. What happened before it stays as it was.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from calendars import london
from db import queries
from db.unit_of_work import UnitOfWork
from notifications.address import has_control_character
from s11flow.domain import acts
from s11flow.domain.agenda import next_due_at
from s11flow.domain.errors import UnknownError, WrongInputError
from s11flow.domain.model import (
    Agency,
    AgencyStatus,
    CaseFacts,
    CaseState,
    CycleState,
    Entry,
    Note,
    Plan,
    Submission,
)
from s11flow.domain.step import with_fair_notice
from s11flow.services import agencies, cases, contacts, cycles, record, subjects
from s11flow.services.contacts import Person, agency_row
from s11flow.services.subjects import Change, Loaded, files_digest, save

_NOT_CONSIDERED = (
    CaseState.PLANNED, CaseState.REQUESTED, CaseState.SUBMITTED, CaseState.RETURNED, CaseState.ACCEPTED,
    CaseState.NOT_SUBMITTED,
)  # fmt: skip
_NOTHING_SENT = (CaseState.PLANNED, CaseState.REQUESTED, CaseState.RETURNED, CaseState.NOT_SUBMITTED)


@dataclass(frozen=True, slots=True)
class Succeeded:
    """What became of agencies, in a sentence each, and of their cases; `actions` are those a person must decide on.

    `covered` are cases that a successor's case (`successor`) reports for now, `excused` those of which nothing is asked
    any more, `stand` those that stay as they are. `due` says of each successor's case by when its report is due.
    """

    told: tuple[str, ...]
    successor: tuple[str, ...] = ()
    covered: tuple[str, ...] = ()
    excused: tuple[str, ...] = ()
    stand: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    due: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {
            "what": list(self.told),
            "successor": list(self.successor),
            "covered": list(self.covered),
            "excused": list(self.excused),
            "stand": list(self.stand),
            "actions": list(self.actions),
            "due": list(self.due),
        }


# --- another name ----------------------------------------------------------------------------------------------------


def rename(
    uow: UnitOfWork, *, partnership: str, code: str, name: str, on: date, reason: str, now: datetime, by: str
) -> Succeeded:
    """Give an agency another name from *on* (case 9): letters after it use it, earlier ones stay as they were sent.

    Its code, and so its history, stays. Raises WrongInputError for a name that cannot be used or a day to come.
    """
    with uow.write() as connection:
        home, row = _begun(connection, partnership, code, on, reason, now)
        _must_be_a_name(name, row.name)
        values = {"name": _name_now(connection, home, row, name, on)}
        told = _register(connection, home, [row], values, "rename", None, name, on, reason, now, by)
        _note_cases(connection, row.id, f"called {name} from {london.spell_day(on)}", now, by)
    return Succeeded(told)


def recommission(
    uow: UnitOfWork,
    *,
    partnership: str,
    code: str,
    name: str,
    commissioner: str,
    on: date,
    reason: str,
    now: datetime,
    by: str,
    to: Person | None = None,
) -> Succeeded:
    """Record that another provider, *name*, runs the service from *on* (case 12).

    Both are named for the period in which it changed, and the commissioner answers for what lies between them. The old
    provider's contact is written to no more: *to* is the new one's, or it is asked for.
    """
    with uow.write() as connection:
        home, row = _begun(connection, partnership, code, on, reason, now)
        _must_be_a_name(name, row.name)
        owner = agency_row(connection, partnership, commissioner)
        values = {"name": _name_now(connection, home, row, name, on)}
        told = _register(connection, home, [row], values, "recommission", owner.code, name, on, reason, now, by)
        said = f"provided by {name} from {london.spell_day(on)}; {owner.name} commissions it"
        _note_cases(connection, row.id, said, now, by)
        row = agency_row(connection, partnership, code)
        if row.contact_email is not None and row.contact_left_at is None:
            contacts.leave(connection, home.id, [row], "another provider runs the service", now, by)
        if to is not None:
            row = agency_row(connection, partnership, code)
            contacts.take_over(connection, home.id, row, to, now, by)
    return Succeeded(told)


# --- a merger --------------------------------------------------------------------------------------------------------


def merge(
    uow: UnitOfWork,
    *,
    partnership: str,
    codes: Sequence[str],
    into: str,
    on: date,
    reason: str,
    now: datetime,
    by: str,
) -> Succeeded:
    """Merge agencies *into* one from *on* (case 10): its case covers theirs, and what they have sent are its parts.

    A case that the panel has considered stands. In a running cycle the successor gets a case if it has none; if each of
    the others has sent its report already, they are its report. No rating is made from theirs.
    """
    with uow.write() as connection:
        home, heir = agencies.known_home(connection, partnership), agency_row(connection, partnership, into)
        ending: list[Any] = []
        for code in codes:
            row = _begun(connection, partnership, code, on, reason, now)[1]
            if row.id not in {heir.id, *(each.id for each in ending)}:
                ending.append(row)
        if not ending:
            raise WrongInputError(f"Name the agencies that become part of {heir.name}.")
        _must_report_itself(heir)
        why = f"part of {heir.name} since {london.spell_day(on)}"
        values = {"status": AgencyStatus.ENDED.value, "status_reason": why}
        told = _register(connection, home, ending, values, "merge", heir.code, heir.name, on, reason, now, by)
        _lead_again(connection, home, [row.code for row in ending], heir.code, now, by)
        found = [
            _merged_in(connection, row, heir, ending, why, now, by) for row in _open_cycles(connection, partnership)
        ]
        return Succeeded(
            told,
            successor=tuple(ref for each in found for ref in each.successor),
            covered=tuple(ref for each in found for ref in each.covered),
            stand=tuple(ref for each in found for ref in each.stand),
            actions=_open_actions(connection, [row.id for row in ending]),
            due=tuple(said for each in found for said in each.due),
        )


def _must_report_itself(heir: Any) -> None:
    if heir.status != AgencyStatus.ACTIVE.value or heir.lead is not None:
        raise WrongInputError(f"{heir.name} must be active and report for itself; change the register first.")


def _merged_in(
    connection: Connection, cycle: Any, heir: Any, ending: Sequence[Any], why: str, now: datetime, by: str
) -> Succeeded:
    """What a merger does in one open cycle."""
    own = [case for row in ending if (case := _case_of(connection, cycle, row)) is not None]
    joining = [case for case in own if _facts(case).state in _NOT_CONSIDERED]
    stand = tuple(case.ref for case in own if case not in joining)
    if not joining:
        return Succeeded((), stand=stand)
    lead = _case_of(connection, cycle, heir)
    is_new = lead is None
    if lead is None:
        loaded, row = cycles.loaded_cycle(connection, cycle.partnership, cycle.code)
        cycles.new_case(connection, loaded, row, heir.code, now=now, by=by)
        lead = _case_of(connection, cycle, heir)
        assert lead is not None
    if _facts(lead).state not in _NOT_CONSIDERED:
        return Succeeded((), stand=(*stand, *(case.ref for case in joining)))
    sent = [report for case in joining if (report := _facts(case).submission) is not None]
    changes = [_covered(connection, case, lead, now, by) for case in joining]
    cases.write(connection, changes, now)
    for case in joining:
        _members_to(connection, case, lead, why, now, by)
    if is_new and len(sent) == len(joining):
        _take_as_one(connection, lead.ref, sent, now, by)
    due = _due(cases.one_case(connection, lead.ref), now)
    return Succeeded((), successor=(lead.ref,), covered=tuple(case.ref for case in joining), stand=stand, due=due)


_MAY_OWE = (CaseState.PLANNED, CaseState.REQUESTED, CaseState.RETURNED, CaseState.NOT_SUBMITTED)


def _due(lead: Loaded, now: datetime) -> tuple[str, ...]:
    """By when the successor's report is due, counted from when its request leaves if it has not been asked yet."""
    facts = _facts(lead)
    if facts.state not in _MAY_OWE:
        return ()
    if facts.dates.deadline is None:
        return (f"{lead.ref} has no panel session, and so no deadline yet; plan one.",)
    if facts.state == CaseState.PLANNED:
        if facts.agency.contact is None:
            return (f"{lead.ref} is asked when {facts.agency.name} has a contact; its deadline is counted from then.",)
        facts, _ = with_fair_notice(lead.rules, facts, max(now, facts.dates.request.at))
    deadline = facts.dates.deadline
    assert deadline is not None
    return (f"{lead.ref} is due by {london.spell(deadline.at)}: {deadline.why}.",)


def _covered(connection: Connection, case: Loaded, lead: Loaded, now: datetime, by: str) -> Change:
    change = cases.change_for(case, acts.Succeed(lead.ref), by=by, now=now)
    change.writes(connection, "case_file", "submission")
    file, report = queries.case_file, queries.submission
    connection.execute(update(file).where(file.c.subject_id == case.id).values(covered_by_id=lead.id))
    counts = report.c.status.in_(("filed", "chosen"))
    connection.execute(update(report).where(report.c.case_id == case.id, counts).values(status="annexed"))
    return cases.replace_lead_state(change, _facts(lead).state)


def _members_to(connection: Connection, case: Loaded, lead: Loaded, why: str, now: datetime, by: str) -> None:
    """Those for whom an ended agency reported hang on its successor."""
    for member in _facts(case).members:
        loaded = cases.one_case(connection, member.ref)
        entry = Entry(now, Note.SUCCEEDED, "joint report", cause=f"{lead.ref} reports for it: {case.ref} is {why}")
        change = Change(loaded, Plan(loaded.facts, (entry,)), actor=by).writes(connection, "case_file")
        table = queries.case_file
        connection.execute(update(table).where(table.c.subject_id == loaded.id).values(covered_by_id=lead.id))
        save(connection, [change], now)
    subjects.recompute(connection, [lead.id], "case")


def _take_as_one(connection: Connection, ref: str, sent: Sequence[Submission], now: datetime, by: str) -> None:
    """The reports of all who merged are the successor's, when there is one of each."""
    lead = cases.one_case(connection, ref)
    files = {digest: (name, digest, size) for report in sent for name, digest, size in report.files}
    addresses = tuple(
        standard.number
        for standard in lead.rules.definition.standards
        if all(standard.number in report.addresses for report in sent)
    )
    arrived = max(report.arrived_at for report in sent)
    whole = Submission(1, arrived, now, "", addresses, tuple(files.values()), any(report.as_in_time for report in sent))
    assert files_digest(whole)
    change = cases.change_for(lead, acts.ReceiveReport(whole), by=by, now=now)
    cases.write(connection, [change], now)


# --- an end ----------------------------------------------------------------------------------------------------------


def abolish(
    uow: UnitOfWork,
    *,
    partnership: str,
    code: str,
    on: date,
    reason: str,
    now: datetime,
    by: str,
    successor: str | None = None,
) -> Succeeded:
    """End an agency on *on* (case 11): its cases of before stand, and of a running one without a report none is asked.

    Its open actions from reviews are listed; they move to the *successor* only when a person decides it.
    """
    with uow.write() as connection:
        home, row = _begun(connection, partnership, code, on, reason, now)
        heir = None if successor is None else _follows(agency_row(connection, partnership, successor), row)
        own = contacts.running(connection, [row.id])
        if members := [member.ref for case in own for member in _facts(case).members]:
            raise WrongInputError(
                f"{row.name} reports for others ({', '.join(members)}); give them another lead with "
                "`s11flow case cover`, or ask each with `s11flow case revive`, and end it then."
            )
        why = f"ended on {london.spell_day(on)}" + (f"; {heir.name} follows it" if heir is not None else "")
        values = {"status": AgencyStatus.ENDED.value, "status_reason": why}
        told = _register(
            connection, home, [row], values, "abolish", None if heir is None else heir.code,
            "" if heir is None else heir.name, on, reason, now, by,
        )  # fmt: skip
        _lead_again(connection, home, [row.code], None if heir is None else heir.code, now, by)
        done = _case_ends(connection, contacts.running(connection, [row.id]), f"{row.name} {why}", now, by)
        return Succeeded(told, excused=done[0], stand=done[1], actions=_open_actions(connection, [row.id]))


def _follows(heir: Any, row: Any) -> Any:
    """The successor, if it can be one."""
    if heir.id == row.id:
        raise WrongInputError(f"{row.name} cannot follow itself; name another agency, or leave its successor out.")
    if heir.status == AgencyStatus.ENDED.value:
        raise WrongInputError(f"{heir.name} is there no more ({heir.status_reason}); name the agency that is.")
    _must_report_itself(heir)
    return heir


def _case_ends(
    connection: Connection, own: Sequence[Loaded], why: str, now: datetime, by: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    ending = [case for case in own if _facts(case).state in _NOTHING_SENT and _facts(case).submission is None]
    changes = [cases.change_for(case, acts.Excuse(why, "the register"), by=by, now=now) for case in ending]
    cases.write(connection, changes, now)
    return tuple(case.ref for case in ending), tuple(case.ref for case in own if case not in ending)


def move_action(uow: UnitOfWork, *, partnership: str, number: int, to: str, reason: str, now: datetime, by: str) -> str:
    """Decide that another agency owes an action from a review; returns what was decided, in a sentence (case 11).

    Raises UnknownError for an action or an agency there is none of, WrongInputError without a reason.
    """
    if not reason.strip():
        raise WrongInputError("Give the reason for moving the action; it is kept in the history.")
    with uow.write() as connection:
        home, heir = agencies.known_home(connection, partnership), agency_row(connection, partnership, to)
        table = queries.review_action
        found = select(table).where(table.c.partnership_id == home.id, table.c.number == number)
        action = connection.execute(found).one_or_none()
        if action is None:
            raise UnknownError(f"{partnership} has no action A{number}.")
        was = record.left(connection, {home.id: {("review_action", f"review_action {number}")}})[home.id]
        connection.execute(update(table).where(table.c.id == action.id).values(agency_id=heir.id, changed_at=now))
        entry = Entry(now, Note.SUCCEEDED, "register", cause=f"action A{number} moves to {heir.code}",
                      data={"action": number, "to": heir.code}, private={"reason": reason})  # fmt: skip
        agencies.record(connection, home.id, entry, now=now, by=by, was=was, wrote=("review_action",))
    return f"A{number} is {heir.name}'s now: {reason.strip()}."


# --- what all of them share ------------------------------------------------------------------------------------------


def _begun(
    connection: Connection, partnership: str, code: str, on: date, reason: str, now: datetime
) -> tuple[Any, Any]:
    """The partnership and the agency, with all that the clock owed its cases done by the register as it was."""
    home, row = agencies.known_home(connection, partnership), agency_row(connection, partnership, code)
    if row.status == AgencyStatus.ENDED.value:
        raise WrongInputError(f"{row.name} is there no more: {row.status_reason}.")
    if not reason.strip():
        raise WrongInputError("Give the reason, for instance the order or the contract; it is kept with the register.")
    if on > london.day_of(now):
        raise WrongInputError(
            f"{london.spell_day(on)} is still to come, and the register says how things are; record it on that day."
        )
    looking = agencies.cases_looking_at(connection, [row.id])
    cases.settle_first(connection, looking, "case", now)
    return home, row


def _name_now(connection: Connection, home: Any, row: Any, name: str, on: date) -> str:
    """What it is called now if it is called *name* from *on*: a change of a later day that is recorded still counts."""
    later = [each for each in _named_anew(queries.successions(connection, home.id), row.code) if each.day > on]
    return row.name if later else name


def _must_be_a_name(name: str, old: str) -> None:
    if not name.strip() or len(name) > 200 or has_control_character(name):
        raise WrongInputError("The name is empty, too long or has a control character in it; give another.")
    if name == old:
        raise WrongInputError(f"It is called {old} already.")


def _register(
    connection: Connection,
    home: Any,
    rows: Sequence[Any],
    values: dict[str, Any],
    kind: str,
    other: str | None,
    after: str,
    on: date,
    reason: str,
    now: datetime,
    by: str,
) -> tuple[str, ...]:
    """Change the register and keep why, in one line of the partnership's history; says it in sentences."""
    table, agency = queries.succession, queries.agency
    there = queries.successions(connection, home.id)
    was = record.left(connection, {home.id: {("succession", None)}}).get(home.id, {})
    ids = [row.id for row in rows]
    before = agencies.digests(rows)
    connection.execute(update(agency).where(agency.c.id.in_(ids)).values(**values))
    made = [
        {"partnership_id": home.id, "number": len(there) + place, "kind": kind, "agency": row.code, "other": other,
         "day": on, "before": row.name, "after": after, "reason": reason.strip(), "recorded_at": now}
        for place, row in enumerate(rows, 1)
    ]  # fmt: skip
    connection.execute(insert(table), made)
    changed = agencies.digests(connection.execute(select(agency).where(agency.c.id.in_(ids))))
    data: dict[str, object] = {
        "kind": kind, "agencies": [row.code for row in rows], "other": other, "on": on.isoformat(), "after": after
    }  # fmt: skip
    entry = Entry(now, Note.SUCCEEDED, "register", cause=kind, data=data, private={"reason": reason})
    agencies.record(
        connection, home.id, entry, now=now, by=by, rows=record.changed(before, changed), was=was,
        wrote=("succession",),
    )  # fmt: skip
    for row in rows:
        agencies.recompute_cases(connection, agencies.cases_looking_at(connection, [row.id]))
    found = queries.successions(connection, home.id)[len(there) :]
    return tuple(agencies.succession_words(each) for each in found)


def _lead_again(
    connection: Connection, home: Any, codes: Collection[str], heir: str | None, now: datetime, by: str
) -> None:
    """Those that the register says one of these reports for are reported for by its successor, or by nobody."""
    table = queries.agency
    hanging = select(table).where(table.c.partnership == home.code, table.c.lead.in_(codes))
    rows = list(connection.execute(hanging))
    for row in rows:
        values = {"lead": heir if row.code != heir else None}
        entry = Entry(now, Note.REGISTER_CHANGED, "register", data={"changed": {row.code: ["lead"]}})
        contacts.change_rows(connection, home.id, [row], values, entry, now, by)


def _note_cases(connection: Connection, agency_id: int, said: str, now: datetime, by: str) -> None:
    changes = []
    for case in contacts.running(connection, [agency_id]):
        facts = _facts(case)
        entry = Entry(now, Note.SUCCEEDED, "agency", cause=said)
        changes.append(Change(case, Plan(facts, (entry,), next_due_at=next_due_at(case.rules, facts)), actor=by))
    save(connection, changes, now)


def _open_cycles(connection: Connection, partnership: str) -> list[Any]:
    rows = queries.cycles(connection)
    return [row for row in rows if row.partnership == partnership and row.state == CycleState.OPEN.value]


def _case_of(connection: Connection, cycle: Any, row: Any) -> Loaded | None:
    found = queries.subject_by_ref(connection, f"{cycle.ref}-{row.code}")
    return None if found is None else cases.one_case(connection, found.ref)


def _facts(case: Loaded) -> CaseFacts:
    assert isinstance(case.facts, CaseFacts)
    return case.facts


def _open_actions(connection: Connection, agency_ids: Collection[int]) -> tuple[str, ...]:
    table = queries.review_action
    statement = select(table).where(table.c.agency_id.in_(agency_ids), table.c.status != "done")
    return tuple(f"A{row.number}" for row in connection.execute(statement.order_by(table.c.number)))


# --- what a reader is told -------------------------------------------------------------------------------------------


def providers(found: Sequence[Any], agency: Agency, period: tuple[date, date]) -> list[dict[str, Any]]:
    """Who ran the agency's service in a *period*, oldest first, where that changed in it; nothing where it did not.

    *found* are the successions of its partnership, in whatever order they were recorded.
    Each is `{"name", "from", "to", "commissioner"}`, days as ISO text; the commissioner answers for what lies between.
    """
    rows = [
        row
        for row in _named_anew(found, agency.code)
        if row.kind == "recommission" and period[0] < row.day <= period[1]
    ]
    starts = [period[0], *(row.day for row in rows)]
    ends = [*(date.fromordinal(row.day.toordinal() - 1) for row in rows), period[1]]
    names = [*(name_on(found, agency, day) for day in ends[:-1]), rows[-1].after if rows else ""]
    owners = [*(row.other for row in rows), rows[-1].other if rows else None]
    return [
        {"name": name, "from": start.isoformat(), "to": end.isoformat(), "commissioner": owner}
        for name, start, end, owner in zip(names, starts, ends, owners, strict=True)
    ] if rows else []  # fmt: skip


def name_on(found: Sequence[Any], agency: Agency, day: date) -> str:
    """What an agency was called on *day*, as far as its renamings are recorded; its name now, if they are not."""
    rows = _named_anew(found, agency.code)
    later = [row for row in rows if row.day > day]
    if not later:
        return agency.name
    earlier = [row for row in rows if row.day <= day]
    # What a line says of the name before it was so when it was recorded: a line of an earlier day may have come since.
    if earlier and earlier[-1].number > later[0].number:
        return str(earlier[-1].after)
    return str(later[0].before if earlier else min(later, key=lambda row: int(row.number)).before)


def _named_anew(found: Sequence[Any], code: str) -> list[Any]:
    """What gave an agency another name, by day."""
    rows = (row for row in found if row.kind in ("rename", "recommission") and row.agency == code)
    return sorted(rows, key=lambda row: (row.day, row.number))


def merged_into(found: Sequence[Any], code: str, until: datetime | None) -> tuple[str, date] | None:
    """The code of the agency that one is part of, and since when, by what was recorded until then; None if of none."""
    merged = {
        row.agency: (str(row.other), row.day)
        for row in found
        if row.kind == "merge" and (until is None or row.recorded_at <= until)
    }
    if (into := merged.get(code)) is None:
        return None
    while into[0] in merged:  # the one it became part of became part of another
        into = (merged[into[0]][0], into[1])
    return into
