"""Overviews for people: the running order of a panel day, and what waits for a person in a partnership today."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select

from calendars import london
from db import queries
from db.tables import Incident
from s11flow.domain.agenda import agenda, blocked, is_overdue, reply_of
from s11flow.domain.decide.judgement import check_closes
from s11flow.domain.interests import is_quorate, leaving, quorum_sentence
from s11flow.domain.model import (
    CaseFacts,
    CaseState,
    CycleState,
    Member,
    MessageState,
    Note,
    PanelDayFacts,
    PartnershipFacts,
    Session,
    Submission,
)
from s11flow.domain.replies import proposal_words
from s11flow.domain.review_actions import ReviewAction, plain, since
from s11flow.domain.state_facts import CASE_FACTS, facts_of
from s11flow.domain.timetable import Rulebook, after_session, owed_by
from s11flow.letters.recipients import role_words
from s11flow.services import held_actions, readings, signs
from s11flow.services.checkpoints import checkpoint
from s11flow.services.proposed import open_proposals
from s11flow.services.readings import Reading
from s11flow.services.subjects import Loaded, load_cases, parts_of, submission_from

_incident, _subject, _mail = queries.table(Incident), queries.subject, queries.waiting_mail
_message, _history = queries.message, queries.history
_BATCH = 500

# --- the running order of a panel day --------------------------------------------------------------------------------


def running_order(connection: Connection, loaded: Loaded, now: datetime) -> dict[str, object]:
    """The sessions of a panel day in order, each with what is known of its agency: `{"sessions": [...]}`."""
    assert isinstance(loaded.facts, PanelDayFacts)
    assert loaded.cycle_id is not None
    on = loaded.facts.on
    live = queries.live_sessions(connection, loaded.cycle_id)
    cases = _cases(connection, [row.case_id for row in live if london.day_of(row.starts_at) == on])
    judged = _last_judgements(connection, loaded.facts, cases)
    said = readings.standing(connection, [case.id for case in cases])
    held = held_actions.held(connection, [case.row.agency_id for case in cases])
    ordered = sorted(cases, key=lambda case: _session(case).starts_at)
    return {
        "sessions": [
            _running(
                case,
                judged.get(_facts(case).agency.code, {}),
                said.get(case.id, Reading()),
                since(held[case.row.agency_id], _facts(case).opened_at),
                parts_of(connection, _facts(case)),
            )
            for case in ordered
        ]
    }


def _running(
    case: Loaded,
    judged: Mapping[str, Any],
    said: Reading,
    held: Sequence[ReviewAction],
    parts: Sequence[tuple[Member, Any]],
) -> dict[str, object]:
    facts, session = _facts(case), _session(case)
    known = {plain(each.title) for each in held}
    owed = (row for row in judged.get("actions", ()) if row["status"] != "done" and plain(row["what"]) not in known)
    return {
        "starts": london.iso(session.starts_at),
        "agency": facts.agency.name,
        "code": facts.agency.code,
        "state": facts_of(facts.state).staff,
        "report": "; ".join(
            (
                *(() if facts.submission is None else (_report_words(facts.submission),)),
                *(f"of {member.agency.name}: {_report_words(submission_from(row))}" for member, row in parts),
            )
        ),
        "reply": reply_of(session, facts.agency),
        "self_ratings": readings.rating_words(said, case.rules.definition),
        "closed_links": ", ".join(link.address for link in said.closed_links),
        "last_judgement": "; ".join(_rated(case.rules, row) for row in judged.get("standards", ())),
        "open_actions": "; ".join(_action_words(row) for row in owed),
        "review_actions": " ".join(each.sentence for each in held),
        "leaves": [each.title for each in leaving(case.rules.definition, facts)],
        "quorum": quorum_sentence(case.rules.definition, facts),
    }


def _report_words(submission: Submission) -> str:
    if submission.is_restricted:  # the name of a file may be a child's
        return f"version {submission.version} is kept back; a version in which no child can be recognised is awaited"
    names = ", ".join(name for name, _, _ in submission.files)
    return f"version {submission.version}, arrived {london.spell(submission.arrived_at)}: {names}"


def _rated(rules: Rulebook, row: Mapping[str, Any]) -> str:
    words = {rating.code: rating.word for rating in rules.definition.scale}
    return f"standard {row['standard']}: {words.get(row['panel'], row['panel'])}"


def _action_words(row: Mapping[str, Any]) -> str:
    by = f"by {london.spell_day(date.fromisoformat(row['by']))}" if row["by"] else ""
    said = ", ".join(part for part in (row["owner"], by) if part)
    return f"{row['what']} ({said})" if said else str(row["what"])


def _last_judgements(connection: Connection, day: PanelDayFacts, cases: Sequence[Loaded]) -> dict[str, Any]:
    """The newest agreed judgement of an earlier cycle for each agency, by its code."""
    given, file, cycle, agency = queries.assessment, queries.case_file, queries.cycle, queries.agency
    codes = [_facts(case).agency.code for case in cases]
    statement = (
        select(agency.c.code, given.c.body)
        .join(file, file.c.subject_id == given.c.case_id)
        .join(cycle, cycle.c.subject_id == file.c.cycle_id)
        .join(agency, agency.c.id == file.c.agency_id)
        .where(cycle.c.partnership == day.partnership, cycle.c.code < day.cycle, agency.c.code.in_(codes))
        .where(given.c.agreed_at.is_not(None))
        .order_by(cycle.c.year, cycle.c.code, given.c.version)
    )
    return {code: json.loads(body) for code, body in connection.execute(statement)}


def _session(case: Loaded) -> Session:
    session = _facts(case).session
    assert session is not None
    return session


def _facts(case: Loaded) -> CaseFacts:
    assert isinstance(case.facts, CaseFacts)
    return case.facts


# --- the digest of a partnership -------------------------------------------------------------------------------------


def digest(connection: Connection, loaded: Loaded, now: datetime) -> dict[str, object]:
    """What waits for a person as of *now*: lists of sentences, and the checkpoint of the history as one line.

    The keys are those the digest letter prints, in its order; `checkpoint` is the text `verify.checkpoint` gives.
    """
    assert isinstance(loaded.facts, PartnershipFacts)
    cases = _open_cases(connection, loaded.ref)
    each = [(case.rules, _facts(case)) for case in cases]
    return {
        "due_today": [
            *_leaving_today(each, now),
            *(line for rules, facts in each for line in _due_today(rules, facts, now)),
        ],
        "overdue": [line for rules, facts in each for line in _overdue(rules, facts, now)],
        "waiting_mail": _waiting_mail(connection, loaded.ref),
        "held": [*_held_letters(connection, loaded.ref), *(line for _, facts in each for line in _held(facts, now))],
        "bounced": _not_delivered(connection, loaded.ref),
        "expired": _expired(connection, loaded),
        "incidents": _incidents(connection, loaded.ref),
        "tasks": [
            *_proposed_times(connection, loaded.ref),
            *_to_look_at(connection, cases),
            *(line for rules, facts in each for line in _tasks(rules, facts, now)),
        ],
        "checkpoint": checkpoint(connection, loaded.ref),
    }


def _proposed_times(connection: Connection, partnership: str) -> Iterator[str]:
    """Other times that attendees proposed from their calendars; the session stays where it is until one decides."""
    for each in open_proposals(connection, partnership):
        added = f' ("{" ".join(each.proposal.comment.split())}")' if each.proposal.comment else ""
        yield f"{each.case}: {proposal_words(each.proposal)}{added}; accept or refuse it."


def _to_look_at(connection: Connection, cases: Sequence[Loaded]) -> Iterator[str]:
    """Reports that may hold details of single children: nothing is done about one before somebody has looked."""
    for start in range(0, len(cases), _BATCH):
        found = signs.to_look_at(connection, [case.id for case in cases[start : start + _BATCH]])
        for case in cases[start : start + _BATCH]:
            for each in found.get(case.id, ()):
                yield f"{_named(_facts(case))}: {each}; look at it before the pack: restrict it, or say it may be read."


_OPEN = tuple(state.name for state, row in CASE_FACTS.items() if row.is_open or state == CaseState.COVERED)


_of_cycle = _subject.alias("of_cycle")
# A digest is written each working day; building its statements would cost more than running them.
_OPEN_CASES = (
    select(_subject.c.id)
    .join(_of_cycle, _of_cycle.c.id == _subject.c.cycle_id)
    .where(_subject.c.kind == "case", _subject.c.partnership == bindparam("of"))
    .where(_subject.c.state.in_(_OPEN), _of_cycle.c.state != CycleState.CLOSED.name)
    .where(_subject.c.parked_at.is_(None))  # told under the incidents; its row may not even be readable
)


def _open_cases(connection: Connection, partnership: str) -> list[Loaded]:
    return _cases(connection, list(connection.scalars(_OPEN_CASES, {"of": partnership})))


def _cases(connection: Connection, ids: Sequence[int]) -> list[Loaded]:
    """The cases in order of their references, read in batches: a statement takes only so many ids."""
    found: list[Loaded] = []
    for start in range(0, len(ids), _BATCH):
        found += load_cases(connection, ids[start : start + _BATCH])
    return sorted(found, key=lambda case: case.ref)


_SENDS_NOTHING = frozenset({"report_cut_off", "contact_wanted"})


def _leaving_today(each: Sequence[tuple[Rulebook, CaseFacts]], now: datetime) -> Iterator[str]:
    """The letters the timetable sends before the day is over, so that none surprises the business unit."""
    leaving: dict[tuple[datetime, str], list[str]] = defaultdict(list)
    for rules, facts in each:
        for action in agenda(rules, facts):
            if london.day_of(action.due_at) == london.day_of(now) and action.kind not in _SENDS_NOTHING:
                leaving[(action.due_at, action.kind)].append(facts.agency.code)
    for (due_at, kind), codes in sorted(leaving.items()):
        yield f"Leaves at {_time_of(due_at)}: {kind.replace('_', ' ')}, for {', '.join(codes)}."


def _due_today(rules: Rulebook, facts: CaseFacts, now: datetime) -> Iterator[str]:
    today = london.day_of(now)
    if facts.state == CaseState.REQUESTED:
        owed = owed_by(rules, facts.dates)
        if owed is not None and owed.on == today and now <= owed.at:
            yield f"{_named(facts)}: the report is due today, {_time_of(owed.at)}."
        elif facts.dates.target.on == today and now <= facts.dates.target.at:
            yield f"{_named(facts)}: the target for the report is today, {_time_of(facts.dates.target.at)}."
    if facts.state == CaseState.RETURNED and facts.return_by == today:
        yield f"{_named(facts)}: what was asked for on its report is due back today."
    session = facts.session
    if session is not None and session.is_live and london.day_of(session.starts_at) == today and now < session.ends_at:
        yield f"{_named(facts)}: its panel session is today, {_time_of(session.starts_at)}."


def _overdue(rules: Rulebook, facts: CaseFacts, now: datetime) -> Iterator[str]:
    owed = owed_by(rules, facts.dates)
    if is_overdue(rules, facts, now) and owed is not None:
        yield f"{_named(facts)}: the report was due on {london.spell(owed.at)}; {facts_of(facts.state).staff}."
    if facts.state == CaseState.RETURNED and facts.return_by is not None and facts.return_by < london.day_of(now):
        yield f"{_named(facts)}: what was asked for was due back on {london.spell_day(facts.return_by)}."


def _held(facts: CaseFacts, now: datetime) -> Iterator[str]:
    held = facts.escalation
    if held is not None and held.is_held and held.hold_until is not None and held.hold_until >= london.day_of(now):
        yield f"The escalation of {_named(facts)} is held; review on {london.spell_day(held.hold_until)}."


def _tasks(rules: Rulebook, facts: CaseFacts, now: datetime) -> Iterator[str]:
    held = facts.escalation is not None and facts.escalation.is_held
    if not held or facts.state != CaseState.NOT_SUBMITTED:
        yield from blocked(rules, facts, now)
    if held:
        yield from _review_passed(facts, now)
    yield from _session_tasks(rules, facts, now)
    if facts.state == CaseState.COVERED and facts.submission is not None:
        yield f"{_named(facts)}: a report of its own came though {facts.covered_by} reports for it; annex or split it."


def _review_passed(facts: CaseFacts, now: datetime) -> Iterator[str]:
    """A hold is never released by the clock; the Business Manager is told that its review date has gone (case 32)."""
    until = facts.escalation.hold_until if facts.escalation is not None else None
    if until is not None and until < london.day_of(now):
        on = london.spell_day(until)
        yield f"The escalation of {_named(facts)} is held and was to be looked at on {on}: resume it or stand it down."


def _session_tasks(rules: Rulebook, facts: CaseFacts, now: datetime) -> Iterator[str]:
    session = facts.session
    if session is None:
        return
    if session.is_live and now >= session.ends_at:
        yield f"{_named(facts)}: record its session of {london.spell(session.starts_at)}."
    if session.is_live and now < session.ends_at:
        yield from _slot_tasks(rules, facts, session)
    due, _ = after_session(rules, london.day_of(session.starts_at))
    if facts.state == CaseState.CONSIDERED and now > due.at:
        yield f"{_named(facts)}: its draft judgement was due on {london.spell_day(due.on)}."
    if facts.state == CaseState.ASSESSED:
        closes = check_closes(rules, facts)
        if closes is None:
            yield f"{_named(facts)}: its judgement is drafted and waits for no check; agree it."
        elif now > closes:
            closed_on = london.spell_day(london.day_of(closes))
            yield f"{_named(facts)}: its accuracy check closed on {closed_on}; agree the judgement."


def _slot_tasks(rules: Rulebook, facts: CaseFacts, session: Session) -> Iterator[str]:
    """Another time that the agency asked for (case 22), and a session for which too few of the panel are left."""
    if session.asked_at is not None:
        wanted = "" if session.wanted_at is None else f" (it named {london.spell(session.wanted_at)})"
        yield (
            f"{_named(facts)}: it asked for another time than {london.spell(session.starts_at)}{wanted}; offer it a "
            "free one, or its own to agencies that may be willing."
        )
    if not is_quorate(rules.definition, facts):
        yield f"{_named(facts)}: {quorum_sentence(rules.definition, facts)}"


def _named(facts: CaseFacts) -> str:
    return f"{facts.ref}, {facts.agency.name}"


def _time_of(at: datetime) -> str:
    return london.spell_time(london.local(at).time())


# --- what the outbox, the tray and the engine hold -------------------------------------------------------------------


_WAITING_MAIL = (
    select(_mail.c.id, _mail.c.arrived_at, _mail.c.note, _mail.c.why, _subject.c.ref)
    .outerjoin(_subject, _subject.c.id == _mail.c.case_id)
    .where(_mail.c.partnership == bindparam("of"), _mail.c.decided_at.is_(None))
    .order_by(_mail.c.arrived_at, _mail.c.id)
)


def _waiting_mail(connection: Connection, partnership: str) -> list[str]:
    return [_mail_words(row) for row in connection.execute(_WAITING_MAIL, {"of": partnership})]


def _mail_words(row: Any) -> str:
    whose = f"perhaps for {row.ref}" if row.ref else "matched to no case yet"
    why = row.note or row.why or ""
    note = f": {why.rstrip('.')}" if why else ""
    return f"Mail {row.id}, came {london.spell(row.arrived_at)}, {whose}{note}."


def _letters(*states: MessageState) -> Select[Any]:
    return (
        select(_message)
        .join(_subject, _subject.c.id == _message.c.subject_id)
        .where(_subject.c.partnership == bindparam("of"), _message.c.status.in_([state.name for state in states]))
        .order_by(_message.c.at, _message.c.id)
    )


_HELD = _letters(MessageState.HELD)
_OPEN_CYCLES = select(_of_cycle.c.id).where(_of_cycle.c.kind == "cycle", _of_cycle.c.state != CycleState.CLOSED.name)
_NOT_DELIVERED = _letters(MessageState.BOUNCED, MessageState.FAILED, MessageState.UNCERTAIN).where(
    _message.c.cycle_id.is_(None) | _message.c.cycle_id.in_(_OPEN_CYCLES)
)


def _letter_words(rows: Iterable[Any]) -> list[str]:
    return [f"{_letter(row)}: {facts_of(MessageState[row.status]).staff}{_because(row.status_why)}." for row in rows]


def _letter(row: Any) -> str:
    what = row.kind.replace("_", " ").capitalize()
    return f"{what} of {london.spell_day(london.day_of(row.at))} to {row.to_address} for {row.case_ref or row.subject}"


def _because(why: str) -> str:
    return f", {why.rstrip('.')}" if why else ""


def _held_letters(connection: Connection, partnership: str) -> list[str]:
    return _letter_words(connection.execute(_HELD, {"of": partnership}))


def _not_delivered(connection: Connection, partnership: str) -> list[str]:
    """What came back, failed, or may not have arrived, while its cycle is open."""
    return _letter_words(connection.execute(_NOT_DELIVERED, {"of": partnership}))


_EXPIRED = (
    select(_history.c.event, _history.c.at, _history.c.data, _subject.c.ref)
    .join(_subject, _subject.c.id == _history.c.subject_id)
    .where(_subject.c.partnership == bindparam("of"), _history.c.id > bindparam("since"))
    .where(_history.c.event.in_([Note.LETTER_DUE.name, Note.MESSAGE_STOPPED.name]))
    .where(func.lower(_history.c.data).contains("expired"))
    .order_by(_history.c.id)
)


def _expired(connection: Connection, loaded: Loaded) -> list[str]:
    """What lost its sense unsent since the last digest: before it was queued, or while it waited to go."""
    since = connection.scalar(_LAST_DIGEST, {"of": loaded.id}) or 0
    rows = connection.execute(_EXPIRED, {"of": loaded.ref, "since": since})
    return [line for row in rows for line in _expired_words(row)]


def _expired_words(row: Any) -> Iterator[str]:
    data = json.loads(row.data)
    if data.get("kind") == "digest":
        return  # this one takes its place
    if data.get("outcome") == "expired":
        yield f"{_what(data)} of {london.spell_day(london.day_of(row.at))} for {row.ref} was not sent: {_PASSED}."
    elif data.get("status") == MessageState.EXPIRED.value:
        to = role_words(data["key"].rsplit("/", 1)[1])
        yield f"{_what(data)} for {row.ref} to {to} waited in the outbox and was not sent: {_PASSED}."


_PASSED = "its time had passed"


def _what(data: Mapping[str, Any]) -> str:
    return str(data["kind"]).replace("_", " ").capitalize()


# The history line of the last digest: what has a higher number has not been told yet.
_LAST_DIGEST = select(func.max(_history.c.id)).where(
    _history.c.subject_id == bindparam("of"), _history.c.due_key.startswith("digest@")
)
_INCIDENTS = (
    select(_incident.c.at, _incident.c.what, _subject.c.ref)
    .join(_subject, _subject.c.id == _incident.c.subject_id)
    .where(_subject.c.partnership == bindparam("of"), _incident.c.released_at.is_(None))
    .order_by(_incident.c.at, _incident.c.id)
)


def _incidents(connection: Connection, partnership: str) -> list[str]:
    return [
        f"{row.ref} was set aside on {london.spell(row.at)} ({row.what}); put it right, then release it."
        for row in connection.execute(_INCIDENTS, {"of": partnership})
    ]
