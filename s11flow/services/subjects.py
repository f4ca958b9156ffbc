"""Loads subjects with all the rules may know of them, and saves what was planned: the engine's two hands.

`save` is the one function that writes a subject: its state, history, letters and next due instant go together.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, String, Table, bindparam, cast, insert, update

from calendars.london import day_of as london_day
from db import queries
from db.bulk import Bulk
from db.tables import HistoryPrivate
from s11flow.domain.agenda import next_due_at
from s11flow.domain.lifecycle import words
from s11flow.domain.model import (
    RESTRICTED,
    Answer,
    CaseFacts,
    CaseState,
    CycleFacts,
    CycleState,
    Escalation,
    EscalationState,
    Facts,
    Member,
    MessageState,
    PanelDayFacts,
    PanelDayState,
    PartnershipFacts,
    Plan,
    Session,
    SessionState,
    Submission,
    Track,
)
from s11flow.domain.timetable import Rulebook
from s11flow.letters.compose import Dossier, Draft, drafts
from s11flow.services import record, rulebooks
from s11flow.services.chain import CLOCK, canonical, lines, message_digest, sha256
from s11flow.services.stored import agency_from, dated_from, dates_from, dates_text

_STATES = {state.name: state for state in CaseState}
_TRACKS = {track.value: track for track in Track}
_history_private = queries.table(HistoryPrivate)


class ChangedMeanwhile(Exception):
    """A subject was changed between being read and being saved; nothing was saved. Reading again will do."""


@dataclass(slots=True)
class Loaded:
    """A subject as it was read, with what is needed to save it."""

    id: int
    ref: str
    kind: str
    version: int
    seq: int
    head: str
    next_due_at: datetime | None
    cycle_id: int | None
    rules: Rulebook
    templates: str
    facts: Facts
    session_id: int | None = None
    row: Any = None  # a case's, as it was read: what is not changed of it is known


@dataclass(slots=True)
class Saved:
    """What one save wrote."""

    events: int = 0
    messages: int = 0
    superseded: int = 0
    expired: int = 0


# --- reading --------------------------------------------------------------------------------------------------------


def load(connection: Connection, ids: Collection[int], kind: str) -> list[Loaded]:
    """The subjects of one kind, each with its facts."""
    if not ids:
        return []
    return _LOADERS[kind](connection, ids)


def load_cases(connection: Connection, ids: Collection[int]) -> list[Loaded]:
    """Cases with their agencies, sessions, escalations, submissions and history keys, in a few statements."""
    rows = queries.cases(connection, ids)
    rules = _rules_of(connection, {row.cycle_id for row in rows})
    parts = _Parts.of(connection, ids)
    loaded = [_loaded_case(row, *rules[row.cycle_id], parts) for row in rows]
    return _with_notice(connection, loaded)


@dataclass(slots=True)
class _Parts:
    done: dict[int, set[str]]
    members: dict[int, list[Any]]
    sessions: dict[int, list[Any]]
    replies: dict[int, list[Any]]
    escalations: dict[int, list[Any]]
    submissions: dict[int, list[Any]]
    mail: dict[int | str, datetime]

    @classmethod
    def of(cls, connection: Connection, ids: Collection[int]) -> _Parts:
        sessions = queries.sessions(connection, ids)
        return cls(
            done=queries.done_keys(connection, ids),
            members=queries.members(connection, ids),
            sessions=sessions,
            replies=queries.replies(connection, [rows[-1].id for rows in sessions.values()]),
            escalations=queries.escalations(connection, ids),
            submissions=queries.submissions(connection, ids),
            mail=queries.mail_waiting(connection, ids),
        )


_NOTHING: frozenset[str] = frozenset()


def _loaded_case(row: Any, rules: Rulebook, cycle: Any, parts: _Parts) -> Loaded:
    case_id = row.id
    sessions = parts.sessions.get(case_id)
    escalations = parts.escalations.get(case_id)
    submissions = parts.submissions.get(case_id)
    # Mail that nobody has matched yet may be anybody's, so the earlier of the two counts (case 15).
    own, anyones = parts.mail.get(case_id), parts.mail.get(row.partnership)
    waiting = min(own, anyones) if own and anyones else own or anyones
    facts = CaseFacts(
        ref=row.ref,
        partnership=row.partnership,
        cycle=cycle.code,
        agency=agency_from(row),
        state=_STATES[row.state],
        dates=dates_from(row.dates),
        opened_at=row.opened_at,
        done=frozenset(parts.done[case_id]) if case_id in parts.done else _NOTHING,
        track=_TRACKS[row.track],
        session=session_from(sessions[-1], parts.replies) if sessions else None,
        sessions=sessions[-1].number if sessions else 0,
        escalation=_escalation(escalations[-1]) if escalations else None,
        submission=_submission(submissions) if submissions else None,
        submissions=submissions[-1].version if submissions else 0,
        first_arrived_at=_first_arrival(submissions) if submissions else None,
        asked_at=row.asked_at,
        submit_letter_on=row.submit_letter_on,
        return_by=row.return_by,
        gaps=tuple(json.loads(row.gaps)) if row.gaps else (),
        waived=row.waived,
        basis=row.basis,
        covered_by=row.lead_ref,
        lead_state=_STATES[row.lead_state] if row.lead_state else None,
        members=_members(parts.members[case_id]) if case_id in parts.members else (),
        mail_waiting_since=waiting,
        assessed_at=row.assessed_at,
        agreed_at=row.agreed_at,
        considered_at=row.considered_at,
        interests=tuple(json.loads(row.interests)) if row.interests else (),
        seq=row.seq,
    )
    return Loaded(
        case_id, row.ref, "case", row.version, row.seq, row.head, row.next_due_at, row.cycle_id, rules,
        cycle.templates_sha256, facts, sessions[-1].id if sessions else None, row,
    )  # fmt: skip


def _with_notice(connection: Connection, loaded: list[Loaded]) -> list[Loaded]:
    """Silence is reported of whoever was reached; only of a case that owes a report is that asked."""
    waiting, handed_over = set(), set()
    for item in loaded:
        facts = item.facts
        assert isinstance(facts, CaseFacts)
        if facts.state == CaseState.REQUESTED:
            waiting.add(item.id)
        if facts.agency.contact_since is not None and facts.state in (CaseState.REQUESTED, CaseState.NOT_SUBMITTED):
            handed_over.add(item.id)
    unreached = queries.without_notice(connection, waiting) | queries.not_reached_since(connection, handed_over)
    for item in loaded:
        if item.id in unreached:
            assert isinstance(item.facts, CaseFacts)
            item.facts = replace(item.facts, notice_undelivered=True)
    return loaded


def session_from(row: Any, replies: dict[int, list[Any]]) -> Session:
    """A session as its row has it, with the newest answers to it."""
    return Session(
        number=row.number,
        state=SessionState[row.state],
        revision=row.revision,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        place=row.place,
        uid=row.uid,
        revised_at=row.revised_at,
        answers=tuple(
            Answer(each.attendee, each.answer, each.at, each.sequence, each.sent_at) for each in replies.get(row.id, ())
        ),
        recorded_at=row.recorded_at,
        minutes=row.minutes,
        asks=row.asks,
        asked_at=row.asked_at,
        wanted_at=row.wanted_at,
        offered_at=row.offered_at,
        offered_for=row.offered_for,
        came=tuple(json.loads(row.came)) if row.came else (),
    )


def _escalation(row: Any) -> Escalation:
    return Escalation(row.number, EscalationState[row.state], row.anchor, row.warned_at, row.sent_at, row.hold_until)


def _submission(rows: Sequence[Any]) -> Submission | None:
    """The version that counts: the newest filed, unless a person chose an older one; else the newest kept back."""
    for status in ("chosen", "filed", RESTRICTED):
        if found := [row for row in rows if row.status == status]:
            return submission_from(found[-1])
    return None


def parts_of(connection: Connection, facts: CaseFacts) -> list[tuple[Member, Any]]:
    """The versions of reports of agencies that a case covers which are kept with its own, each with whose it is.

    Annexes of a joint report, and what agencies had sent that became part of this one.
    """
    found: list[tuple[Member, Any]] = []
    for member in facts.members:
        row = queries.subject_by_ref(connection, member.ref)
        versions = queries.submissions(connection, [row.id]).get(row.id, [])
        found += [(member, version) for version in versions if version.status == "annexed"]
    return found


def submission_from(row: Any) -> Submission:
    """A version of a report as its row has it."""
    return Submission(
        version=row.version,
        arrived_at=row.arrived_at,
        filed_at=row.filed_at,
        sender=row.sender,
        addresses=tuple(json.loads(row.addresses)) if row.addresses else (),
        files=tuple((name, digest, size) for name, digest, size in json.loads(row.files)),
        as_in_time=row.as_in_time,
        status=row.status,
    )


def _first_arrival(rows: Sequence[Any]) -> datetime | None:
    """When the first version that was not taken back reached us: what decides whether the report is in time."""
    return min((row.arrived_at for row in rows if row.status != "withdrawn"), default=None)


def _members(rows: Iterable[Any]) -> tuple[Member, ...]:
    return tuple(Member(row.ref, agency_from(row)) for row in rows)


def _rules_of(connection: Connection, cycle_ids: set[int]) -> dict[int, tuple[Rulebook, Any]]:
    found = {}
    for row in queries.cycles(connection, cycle_ids):
        rules = rulebooks.pinned(connection, row.definition_sha256, row.templates_sha256, row.holidays_sha256)
        found[row.id] = (rules, row)
    return found


def _load_cycles(connection: Connection, ids: Collection[int]) -> list[Loaded]:
    rules = _rules_of(connection, set(ids))
    done = queries.done_keys(connection, ids)
    loaded = []
    for book, row in rules.values():
        facts = CycleFacts(
            row.ref, row.partnership, row.code, CycleState[row.state], row.period_from, row.period_to,
            dated_from(row.target), dated_from(row.cut_off), row.opened_at, frozenset(done.get(row.id, ())),
        )  # fmt: skip
        loaded.append(_loaded(row, "cycle", book, row.templates_sha256, facts, row.id))
    return loaded


def _load_panel_days(connection: Connection, ids: Collection[int]) -> list[Loaded]:
    rows = queries.panel_days(connection, ids)
    rules = _rules_of(connection, {row.cycle_id for row in rows})
    done = queries.done_keys(connection, ids)
    sessions = _live_by_day(connection, {row.cycle_id for row in rows})
    loaded = []
    for row in rows:
        book, cycle = rules[row.cycle_id]
        facts = PanelDayFacts(
            row.ref, row.partnership, cycle.code, row.day, PanelDayState[row.state],
            len(sessions.get((row.cycle_id, row.day), ())), row.added_at, frozenset(done.get(row.id, ())),
            uid=row.uid, order=_order(sessions.get((row.cycle_id, row.day), ())), told=row.told, revision=row.revision,
            told_at=row.told_at, answers=_answers_from(row.answers),
        )  # fmt: skip
        loaded.append(_loaded(row, "panel_day", book, cycle.templates_sha256, facts, row.cycle_id))
    return loaded


def _live_by_day(connection: Connection, cycle_ids: Collection[int]) -> dict[tuple[int, Any], list[Any]]:
    found: dict[tuple[int, Any], list[Any]] = defaultdict(list)
    for cycle_id in cycle_ids:
        for row in queries.live_sessions(connection, cycle_id):
            found[(cycle_id, london_day(row.starts_at))].append(row)
    return found


def _order(rows: Iterable[Any]) -> str:
    """The digest of a day's running order: who is seen when and where, who leaves, and nothing else that may change."""
    seen = sorted((row.starts_at, row.ends_at, row.case_id, row.place, row.interests) for row in rows)
    return sha256(canonical([list(each) for each in seen])) if seen else ""


def _answers_from(text: str) -> tuple[Answer, ...]:
    """What the members of the panel answered, as `_answers_text` wrote it."""
    rows = json.loads(text) if text else ()
    return tuple(
        Answer(who, said, datetime.fromisoformat(at), sequence, sent_at and datetime.fromisoformat(sent_at))
        for who, said, at, sequence, sent_at in rows
    )


def _answers_text(answers: Iterable[Answer]) -> str:
    rows = [
        [each.attendee, each.answer, each.at.isoformat(), each.sequence, each.sent_at and each.sent_at.isoformat()]
        for each in answers
    ]
    return canonical(rows) if rows else ""


def _load_partnerships(connection: Connection, ids: Collection[int]) -> list[Loaded]:
    done = queries.done_keys(connection, ids)
    open_cycles = [row for row in queries.cycles(connection) if row.state != CycleState.CLOSED]
    loaded = []
    for row in queries.partnerships(connection, ids):
        own = [cycle for cycle in open_cycles if cycle.partnership == row.partnership]
        rules, templates = _partnership_rules(connection, row, own)
        facts = PartnershipFacts(
            row.ref, row.name, row.digests_from, tuple(cycle.ref for cycle in own), row.last_digest_on,
            frozenset(done.get(row.id, ())),
        )  # fmt: skip
        loaded.append(_loaded(row, "partnership", rules, templates, facts, None))
    return loaded


def _partnership_rules(connection: Connection, row: Any, own: Sequence[Any]) -> tuple[Rulebook, str]:
    """A partnership runs by the newest cycle it has open; with none it owes nothing."""
    cycles = own or [cycle for cycle in queries.cycles(connection) if cycle.partnership == row.partnership]
    if not cycles:
        definition = queries.contents(connection, [row.definition_sha256])[row.definition_sha256]
        return rulebooks.rulebook(definition, "{}", "{}"), ""
    newest = cycles[-1]
    rules = rulebooks.pinned(connection, newest.definition_sha256, newest.templates_sha256, newest.holidays_sha256)
    return rules, newest.templates_sha256


def _loaded(row: Any, kind: str, rules: Rulebook, templates: str, facts: Facts, cycle_id: int | None) -> Loaded:
    return Loaded(
        row.id, row.ref, kind, row.version, row.seq, row.head, row.next_due_at, cycle_id, rules, templates, facts
    )


_LOADERS = {
    "case": load_cases,
    "cycle": _load_cycles,
    "panel_day": _load_panel_days,
    "partnership": _load_partnerships,
}


# --- writing --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Change:
    """A subject, what was planned for it, and what its letters need beyond the facts.

    The first `by_clock` entries of the plan are what the timetable owed; the rest are the actor's. `record` are
    digests of rows that are the subject's to answer for and lie elsewhere, for the last line of history to keep.
    `sent_on` are letters of before, written to somebody else now, with the key under which the history names them.
    """

    loaded: Loaded
    plan: Plan[Any]
    dossier: Dossier = field(default_factory=Dossier)
    actor: str = CLOCK
    by_clock: int = 0
    record: dict[str, str] = field(default_factory=dict)
    wrote: set[str] = field(default_factory=set)
    was: dict[str, str] = field(default_factory=dict)
    sent_on: tuple[str, Sequence[dict[str, Any]]] = ("", ())

    def writes(self, connection: Connection, *tables: str) -> Change:
        """Say that the service itself is about to write rows of the subject in these tables; gives the change."""
        self.wrote.update(tables)
        found = record.left(connection, {self.loaded.id: {(table, None) for table in tables}})
        self.was |= found.get(self.loaded.id, {})
        return self


def save(connection: Connection, changes: Sequence[Change], now: datetime) -> Saved:
    """Write what was planned for these subjects, all of it or none.

    Raises ChangedMeanwhile when a subject is no longer as it was read, IntegrityError when a letter or a due action
    is there already.
    """
    rows = _Rows()
    for change in changes:
        _gather_rooms(rows, change)
    was = record.left(connection, rows.written) if rows.written else {}
    _write_rooms(connection, rows)
    records = _records(connection, changes, rows, was)
    for change in changes:
        _gather(rows, change, records[change.loaded.id], now)
    _write(connection, rows)
    return rows.saved


class _Rows:
    """What a batch writes, by statement; and which rows beside the subject's own, by subject."""

    def __init__(self) -> None:
        self.saved = Saved()
        self.subjects: list[dict[str, Any]] = []
        self.history: list[dict[str, Any]] = []
        self.private: list[dict[str, Any]] = []
        self.messages: list[dict[str, Any]] = []
        self.files: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
        self.others: list[tuple[Any, dict[str, Any]]] = []
        self.written: dict[int, set[tuple[str, str | None]]] = defaultdict(set)
        self.digests: dict[int, str] = {}


def _gather(rows: _Rows, change: Change, kept: dict[str, str], now: datetime) -> None:
    loaded, plan = change.loaded, change.plan
    queued = _messages(rows, change, now)
    if change.sent_on[1]:
        rows.messages += change.sent_on[1]
        rows.saved.messages += len(change.sent_on[1])
        queued[change.sent_on[0]] = [{"key": row["dedupe_key"], "digest": row["digest"]} for row in change.sent_on[1]]
    kept = kept | _held_back(change, queued, rows)
    made = lines(
        subject_id=loaded.id, ref=loaded.ref, seq=loaded.seq, head=loaded.head, entries=plan.entries,
        actor=change.actor, now=now, by_clock=change.by_clock, queued=queued, record=kept,
    )  # fmt: skip
    rows.history += made.rows
    rows.private += made.private
    rows.subjects.append(
        {
            "b_id": loaded.id,
            "b_version": loaded.version,
            "state": _state_of(plan.facts),
            "next_due_at": plan.next_due_at,
            "version": loaded.version + 1,
            "seq": made.seq,
            "head": made.head,
        }
    )
    rows.saved.events += len(made.rows)
    rows.saved.superseded += plan.superseded
    rows.saved.expired += plan.expired


def _gather_rooms(rows: _Rows, change: Change) -> None:
    loaded, plan = change.loaded, change.plan
    if loaded.seq == 0:
        rows.written[loaded.id] |= {(table, None) for table in (record.SUBJECT, *record.OF_KIND[loaded.kind])}
    if change.wrote:
        rows.written[loaded.id] |= {(table, None) for table in change.wrote}
    if isinstance(plan.facts, CaseFacts):
        _gather_case(rows, loaded, plan.facts, plan.ended)
    elif isinstance(plan.facts, PartnershipFacts):
        assert isinstance(loaded.facts, PartnershipFacts)
        if plan.facts.last_digest_on != loaded.facts.last_digest_on:
            where = queries.partnership.c.subject_id == loaded.id
            values = {"last_digest_on": plan.facts.last_digest_on}
            rows.others.append((update(queries.partnership).where(where), values))
            rows.written[loaded.id].add(("partnership", None))
    elif isinstance(plan.facts, PanelDayFacts):
        _gather_panel_day(rows, loaded, plan.facts)


def _gather_panel_day(rows: _Rows, loaded: Loaded, after: PanelDayFacts) -> None:
    before = loaded.facts
    assert isinstance(before, PanelDayFacts)
    if _in_diaries(after) == _in_diaries(before):
        return
    told, told_at, revision, answers = _in_diaries(after)
    values = {"told": told, "told_at": told_at, "revision": revision, "answers": _answers_text(answers)}
    rows.others.append((update(queries.panel_day).where(queries.panel_day.c.subject_id == loaded.id), values))
    rows.written[loaded.id].add(("panel_day", None))


_in_diaries = attrgetter("told", "told_at", "revision", "answers")


def _records(
    connection: Connection, changes: Sequence[Change], rows: _Rows, was: Mapping[int, dict[str, str]]
) -> dict[int, dict[str, str]]:
    """What the last line of each change has to keep: the digests of the rows it left, and of the letters it stopped."""
    left = record.left(connection, rows.written) if rows.written else {}
    records = {}
    for change in changes:
        subject_id = change.loaded.id
        found = {"case_file": rows.digests[subject_id]} if subject_id in rows.digests else {}
        if subject_id in left:  # read back, and so the truer where both are there
            found |= record.changed(_before(change, was.get(subject_id, {})), left[subject_id])
        if change.record:
            found |= change.record
        if change.plan.stops:
            found |= _stop_letters(connection, change, rows.saved)
        records[subject_id] = found
    return records


def _messages(rows: _Rows, change: Change, now: datetime) -> dict[str, list[dict[str, str]]]:
    """Queue what the letters of a change become; gives each message's key and digest by the due key of its letter."""
    queued: dict[str, list[dict[str, str]]] = {}
    for letter in change.plan.letters:
        if letter.kind in change.loaded.rules.definition.letters_off:
            continue
        for draft in drafts(change.loaded.rules, letter, change.dossier, now):
            row = message_row(change.loaded, draft, now)
            rows.messages.append(row)
            rows.saved.messages += 1
            queued.setdefault(letter.due_key, []).append({"key": row["dedupe_key"], "digest": row["digest"]})
    return queued


NOBODY_ANSWERS = "nobody answers for the agency"
"""Why a letter to its contact is held, until it is handed over (case 5)."""


def _held_back(change: Change, queued: Mapping[str, Sequence[Mapping[str, str]]], rows: _Rows) -> dict[str, str]:
    """Hold what an event owes to a contact who has left; gives what the history is to keep of it."""
    facts = change.plan.facts
    if not isinstance(facts, CaseFacts) or facts.agency.contact_left_at is None:
        return {}
    left, keys = (facts.agency.contact or "").casefold(), {item["key"] for items in queued.values() for item in items}
    found: dict[str, str] = {}
    for row in rows.messages[-len(keys) :] if keys else ():
        if row["to_address"].casefold() == left:
            row |= {"status": MessageState.HELD.value, "status_why": NOBODY_ANSWERS}
            found |= record.letter_left({"sent_at": None, "message_id": None, "raw": None, **row})
    return found


def message_row(loaded: Loaded, draft: Draft, now: datetime) -> dict[str, Any]:
    """A draft as a row of the outbox, queued now."""
    row: dict[str, Any] = {
        "dedupe_key": draft.dedupe_key,
        "subject_id": loaded.id,
        "cycle_id": loaded.cycle_id,
        "subject": draft.subject,
        "case_ref": draft.case_ref,
        "agency": draft.agency,
        "kind": draft.kind,
        "recipient": draft.recipient,
        "to_address": draft.to_address,
        "subject_line": draft.subject_line,
        "why": draft.why,
        "at": draft.at,
        "valid_until": draft.valid_until,
        "context": draft.context,
        "templates_sha256": loaded.templates,
        "status": MessageState.QUEUED.value,
        "status_why": "",
        "queued_at": now,
        "next_try_at": now,
        "attempts": 0,
    }
    row["digest"] = message_digest(row)
    return row


def _state_of(facts: Facts) -> str:
    return "ACTIVE" if isinstance(facts, PartnershipFacts) else facts.state.value


def _gather_case(rows: _Rows, loaded: Loaded, after: CaseFacts, ended: Iterable[Escalation]) -> None:
    before = loaded.facts
    assert isinstance(before, CaseFacts)
    changed = {
        name: value for name, value, was in zip(_FILE, _FILE_OF(after), _FILE_OF(before), strict=True) if value != was
    }
    if changed:
        row = _file_row(loaded.id, changed)
        rows.files[tuple(changed)].append(row)
        if loaded.row is not None:
            rows.digests[loaded.id] = _file_digest(loaded.row, row)
    if after.session is not before.session and after.session is not None:
        rows.others += _session_rows(loaded, before, after.session)
        rows.written[loaded.id] |= _session_names(before, after.session)
    known = before.escalation.number if before.escalation else 0
    for escalation in (*ended, after.escalation):
        if escalation is not None and escalation is not before.escalation:
            rows.others.append(_escalation_row(loaded, escalation, is_new=escalation.number > known))
            rows.written[loaded.id].add(("escalation", f"escalation {escalation.number}"))
    if after.submission is not before.submission:
        rows.others += _submission_rows(loaded, before, after)
        version = None if after.submission is None else f"submission {after.submission.version}"
        rows.written[loaded.id].add(("submission", version))


_FILE = (
    "dates", "asked_at", "submit_letter_on", "return_by", "gaps", "waived", "basis", "considered_at", "assessed_at",
    "agreed_at", "interests", "track",
)  # fmt: skip
"""The columns of a case's file that events change, named as the facts are."""
_FILE_OF = attrgetter(*_FILE)


def _file_row(case_id: int, changed: dict[str, Any]) -> dict[str, Any]:
    row = {"b_id": case_id, **changed}
    if "dates" in row:
        row["dates"] = dates_text(row["dates"])
    if "track" in row:
        row["track"] = row["track"].value
    for name in ("gaps", "interests"):
        if name in row:
            row[name] = _list_text(row[name])
    return row


def _list_text(items: Collection[str]) -> str:
    return canonical(list(items)) if items else ""


_FILE_COLUMNS = tuple(queries.case_file.c.keys())
_FILE_READ = attrgetter(*("id" if name == "subject_id" else name for name in _FILE_COLUMNS))


def _file_digest(read: Any, changed: dict[str, Any]) -> str:
    """The digests of a case's file as it was and as it will be, from what was read: reading back costs more."""
    values = dict(zip(_FILE_COLUMNS, _FILE_READ(read), strict=True))
    was = record.digest(values)
    values |= changed
    del values["b_id"]
    return f"{was} {record.digest(values)}"


def _session_names(before: CaseFacts, session: Session) -> set[tuple[str, str | None]]:
    names: set[tuple[str, str | None]] = {("panel_session", f"panel_session {session.number}")}
    changed = session.answers[-1:] if before.session is None or session.answers != before.session.answers else ()
    for answer in session.answers if _keeps_answers(before, session) else changed:
        names.add((record.ANSWERS, record.answer_called(session.number, answer.attendee)))
    return names


def _keeps_answers(before: CaseFacts, session: Session) -> bool:
    """Whether answers to the revision before hold for this one too."""
    was = before.session
    return (
        was is not None and was.number == session.number and was.revision < session.revision and bool(session.answers)
    )


def _session_rows(loaded: Loaded, before: CaseFacts, session: Session) -> list[tuple[Any, dict[str, Any]]]:
    values = {
        "state": session.state.value,
        "revision": session.revision,
        "starts_at": session.starts_at,
        "ends_at": session.ends_at,
        "place": session.place,
        "revised_at": session.revised_at,
        "recorded_at": session.recorded_at,
        "minutes": session.minutes,
        "asks": session.asks,
        "asked_at": session.asked_at,
        "wanted_at": session.wanted_at,
        "offered_at": session.offered_at,
        "offered_for": session.offered_for,
        "came": _list_text(session.came),
    }
    if before.session is None or before.session.number != session.number:
        key = {"case_id": loaded.id, "cycle_id": loaded.cycle_id, "number": session.number, "uid": session.uid}
        return [(insert(queries.panel_session), {**key, **values})]
    where = queries.panel_session.c.id == loaded.session_id
    found: list[tuple[Any, dict[str, Any]]] = [(update(queries.panel_session).where(where), values)]
    if _keeps_answers(before, session):
        kept = (queries.reply.c.session_id == loaded.session_id) & (queries.reply.c.revision == before.session.revision)
        found.append((update(queries.reply).where(kept), {"revision": session.revision}))
    if session.answers != before.session.answers and session.answers:
        answer = session.answers[-1]
        gone = (queries.reply.c.session_id == loaded.session_id) & (queries.reply.c.attendee == answer.attendee)
        row = {
            "session_id": loaded.session_id, "attendee": answer.attendee, "answer": answer.answer,
            "revision": session.revision, "at": answer.at, "sequence": answer.sequence, "sent_at": answer.sent_at,
        }  # fmt: skip
        found += [(queries.reply.delete().where(gone), {}), (insert(queries.reply), row)]
    return found


def _escalation_row(loaded: Loaded, after: Escalation, *, is_new: bool) -> tuple[Any, dict[str, Any]]:
    values = {
        "state": after.state.value,
        "anchor": after.anchor,
        "warned_at": after.warned_at,
        "sent_at": after.sent_at,
        "hold_until": after.hold_until,
    }
    table = queries.escalation
    if is_new:
        return insert(table), {"case_id": loaded.id, "number": after.number, **values}
    return update(table).where(table.c.case_id == loaded.id, table.c.number == after.number), values


def _submission_rows(loaded: Loaded, before: CaseFacts, after: CaseFacts) -> list[tuple[Any, dict[str, Any]]]:
    table, found = queries.submission, after.submission
    if found is None:
        there = table.c.status.in_(("filed", "chosen", RESTRICTED))
        gone = update(table).where(table.c.case_id == loaded.id, there)
        # The same content may be sent again after it was taken back: the withdrawn version gives its key up.
        freed = table.c.content_sha256 + "#" + cast(table.c.version, String)
        return [(gone.values(status="withdrawn", content_sha256=freed), {})]
    values = {
        "arrived_at": found.arrived_at,
        "filed_at": found.filed_at,
        "sender": found.sender,
        "addresses": canonical(list(found.addresses)),
        "files": canonical([list(item) for item in found.files]),
        "as_in_time": found.as_in_time,
        "status": found.status,
    }
    if after.submissions > before.submissions:
        key = {"case_id": loaded.id, "version": found.version, "content_sha256": files_digest(found)}
        return [(insert(table), {**key, **values})]
    return [(update(table).where(table.c.case_id == loaded.id, table.c.version == found.version), values)]


def files_digest(submission: Submission) -> str:
    """One digest for a set of files, whatever their names and order: the same content twice is one version."""
    return content_digest([digest for _, digest, _ in submission.files])


def content_digest(digests: Iterable[str]) -> str:
    """The same, of the digests of the files."""
    return "+".join(sorted(digests))


def _stop_letters(connection: Connection, change: Change, saved: Saved) -> dict[str, str]:
    """What waits in the outbox and has lost its reason is superseded; what left is left. Gives what to record of it."""
    table = queries.message
    found: dict[str, str] = {}
    last = change.plan.entries[-1]
    statement = (
        update(table)
        .where(table.c.subject_id == change.loaded.id, table.c.kind.in_(sorted(change.plan.stops)))
        .where(table.c.status.in_(_WAITING))
        .values(status=MessageState.SUPERSEDED.value, status_why=last.cause or words(last.event))
        .returning(*(table.c[name] for name in record.LETTER))
    )
    for letter in connection.execute(statement):
        found |= record.letter_left(letter._asdict())
        saved.superseded += 1
    return found


_WAITING = (MessageState.QUEUED.value, MessageState.DELAYED.value, MessageState.HELD.value)


_SUBJECT = Bulk(
    update(queries.subject)
    .where(queries.subject.c.id == bindparam("b_id"), queries.subject.c.version == bindparam("b_version"))
    .values({name: bindparam(name) for name in ("state", "next_due_at", "version", "seq", "head")}),
    ("b_id", "b_version", "state", "next_due_at", "version", "seq", "head"),
)


def _before(change: Change, found: Mapping[str, str]) -> dict[str, str]:
    """The digests of the rows as the change found them: of what the service wrote itself, those from before that."""
    if change.loaded.seq == 0:
        return {}
    return {called: was for called, was in found.items() if called.partition(" ")[0] not in change.wrote} | change.was


@lru_cache(maxsize=64)
def _file_update(columns: tuple[str, ...]) -> Bulk:
    """Sets just these columns of a case's file."""
    table = queries.case_file
    of_case = update(table).where(table.c.subject_id == bindparam("b_id"))
    return Bulk(of_case.values({name: bindparam(name) for name in columns}), ("b_id", *columns))


@lru_cache(maxsize=64)
def _inserts(table: Table, columns: tuple[str, ...]) -> Bulk:
    return Bulk(insert(table), columns)


def _insert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Add *rows*, all of the same columns."""
    if rows:
        _inserts(table, tuple(rows[0])).execute(connection, rows)


def _write_rooms(connection: Connection, rows: _Rows) -> None:
    for columns, files in rows.files.items():
        _file_update(columns).execute(connection, files)
    for statement, values in rows.others:
        connection.execute(statement, values)


def _write(connection: Connection, rows: _Rows) -> None:
    changed = _SUBJECT.execute(connection, rows.subjects)
    if changed != len(rows.subjects):
        raise ChangedMeanwhile(f"{len(rows.subjects) - changed} of {len(rows.subjects)} were changed by someone else")
    _insert(connection, queries.history, rows.history)
    _insert(connection, _history_private, rows.private)
    _insert(connection, queries.message, rows.messages)


def recompute(connection: Connection, ids: Collection[int], kind: str) -> int:
    """Work the next due instant of these subjects out anew after something outside their history changed.

    They are held until the transaction ends: what is worked out must not be written over what another one saved.
    """
    queries.lock(connection, ids)
    changed = 0
    for loaded in load(connection, ids, kind):
        due_at = next_due_at(loaded.rules, loaded.facts)
        if due_at != loaded.next_due_at:
            table = queries.subject
            connection.execute(update(table).where(table.c.id == loaded.id).values(next_due_at=due_at))
            changed += 1
    return changed
