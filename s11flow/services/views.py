"""What people and scripts are shown: the timetable, the cases, the escalations, as plain values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from calendars import london
from db import queries
from s11flow.domain.agenda import agenda, blocked, flags, reply_of
from s11flow.domain.decide.contacts import days_lost
from s11flow.domain.errors import UnknownError
from s11flow.domain.interests import leaving, quorum_sentence
from s11flow.domain.model import CaseFacts, CaseState, CycleFacts, Note, PanelDayState, Submission
from s11flow.domain.state_facts import facts_of
from s11flow.domain.timetable import (
    DueAction,
    after_session,
    dates_ladder,
    deadline_of,
    panel_day_of,
    panel_pack_action,
    session_ladder,
    session_of,
)
from s11flow.services import held_actions, readings, signs, subjects, successions
from s11flow.services.cycles import find_cycle
from s11flow.services.signs import ToLookAt
from s11flow.services.subjects import Loaded, parts_of, submission_from
from s11flow.services.submissions import asked_links


def timetable(connection: Connection, partnership: str, year: int | str) -> dict[str, Any]:
    """Every date of a cycle with its sentence, case by case, as its rules give it."""
    row = find_cycle(connection, partnership, year)
    (cycle,) = subjects.load(connection, [row.id], "cycle")
    facts = cycle.facts
    assert isinstance(facts, CycleFacts)
    days = queries.panel_days_of(connection, row.id)
    return {
        "cycle": facts.ref,
        "target": facts.target.as_json(),
        "cut_off": facts.cut_off.as_json(),
        "panel_days": [
            {
                **panel_day_of(cycle.rules, day.day).as_json(),
                "state": day.state,
                "deadline": deadline_of(cycle.rules, day.day).as_json(),
                "panel_pack": _due_json(panel_pack_action(cycle.rules, day.day)),
            }
            for day in days
        ],
        "cases": [_timetable_row(case) for case in _cases(connection, row.id)],
    }


def _cases(connection: Connection, cycle_id: int) -> list[Loaded]:
    return subjects.load_cases(connection, queries.case_ids(connection, cycle_id))


def _timetable_row(case: Loaded) -> dict[str, Any]:
    facts = case.facts
    assert isinstance(facts, CaseFacts)
    dates = facts.dates
    return {
        "case": facts.ref,
        "agency": facts.agency.code,
        "agency_name": facts.agency.name,
        "state": facts.state.value,
        "panel_day": dates.panel_day.as_json() if dates.panel_day else None,
        "session": session_json(facts),
        "target": dates.target.as_json(),
        "deadline": dates.deadline.as_json() if dates.deadline else None,
        "due": [_due_json(action) for action in _ladder(case, facts)],
    }


def _due_json(action: DueAction) -> dict[str, Any]:
    return {"key": action.due_key, "kind": action.kind, "at": london.iso(action.due_at), "why": action.why}


def _ladder(case: Loaded, facts: CaseFacts) -> list[DueAction]:
    """All that hangs on a case's dates and session, done or not; nothing for a case that is at an end."""
    if facts_of(facts.state).is_end:
        return []
    asked = facts.agency.contact is not None
    found = [
        action
        for action in dates_ladder(case.rules, facts.dates)
        if action.kind not in (("contact_wanted",) if asked else ("contact_check", "report_request"))
    ]
    session = facts.session
    if session is not None:
        on, year = london.day_of(session.starts_at), facts.dates.target.on.year
        found += session_ladder(case.rules, session.key, session.starts_at, session.revised_at, year)
        found.append(panel_pack_action(case.rules, on))
        found += [
            DueAction(f"{name}@{session.key}", dated.at, name, "none", dated.why)
            for name, dated in zip(("assessment_due", "accuracy_closes"), after_session(case.rules, on), strict=True)
        ]
    return sorted(found, key=lambda action: (action.due_at, action.due_key))


def session_json(facts: CaseFacts) -> dict[str, Any] | None:
    """A case's session as a date, with its end, place, state and replies."""
    session = facts.session
    if session is None:
        return None
    return {
        **session_of(session).as_json(),
        "ends_at": london.iso(session.ends_at),
        "place": session.place,
        "state": session.state.value,
        "revision": session.revision,
        "reply": reply_of(session, facts.agency),
        "minutes": session.minutes,
        "came": list(session.came),
        "asks": session.asks,
        "asked_at": london.iso(session.asked_at) if session.asked_at else None,
        "wanted_at": london.iso(session.wanted_at) if session.wanted_at else None,
        "offered_at": london.iso(session.offered_at) if session.offered_at else None,
        "offered_for": session.offered_for,
        "uid": session.uid,
    }


def case_list(
    connection: Connection,
    partnership: str,
    year: int | str | None,
    *,
    now: datetime,
    state: str | None = None,
    overdue: bool = False,
    query: str | None = None,
) -> list[dict[str, Any]]:
    """The cases of a cycle (the newest when *year* is None), as `case show` without history."""
    row = find_cycle(connection, partnership, year) if year is not None else newest_cycle(connection, partnership)
    found = _cases_json(connection, row.id, now)
    if state is not None:
        if state.upper() not in CaseState.__members__:
            raise UnknownError(f"{state} is no state of a case; use one of {', '.join(CaseState.__members__)}.")
        found = [item for item in found if item["state"] == state.upper()]
    if overdue:
        found = [item for item in found if "overdue" in item["flags"]]
    if query:
        asked = query.casefold()
        found = [item for item in found if asked in f"{item['case']} {item['agency']} {item['agency_name']}".casefold()]
    return found


def newest_cycle(connection: Connection, partnership: str) -> Any:
    """The row of the partnership's newest cycle; UnknownError when it has none."""
    rows = [row for row in queries.cycles(connection) if row.partnership == partnership]
    if not rows:
        raise UnknownError(f"{partnership} has no cycle yet; open one with `s11flow cycle open`.")
    return rows[-1]


def _cases_json(connection: Connection, cycle_id: int, now: datetime) -> list[dict[str, Any]]:
    loaded = _cases(connection, cycle_id)
    versions = queries.submissions(connection, [case.id for case in loaded])
    looks = signs.to_look_at(connection, [case.id for case in loaded])
    return [case_json(case, versions.get(case.id, []), now, looks.get(case.id, ())) for case in loaded]


def case_json(case: Loaded, versions: Sequence[Any], now: datetime, looks: Sequence[ToLookAt] = ()) -> dict[str, Any]:
    """A case in the shape scripts rely on, without its history; *versions* are the rows of its report, oldest first.

    *looks* are those that a person is to look at before the panel does.
    """
    facts = case.facts
    assert isinstance(facts, CaseFacts)
    dates = facts.dates
    return {
        "case": facts.ref,
        "agency": facts.agency.code,
        "agency_name": facts.agency.name,
        "state": facts.state.value,
        "state_words": facts_of(facts.state).staff,
        "flags": [*flags(case.rules, facts, now), *(("look before the pack",) if looks else ())],
        "dates": {
            "request": dates.request.as_json(),
            "target": dates.target.as_json(),
            "deadline": dates.deadline.as_json() if dates.deadline else None,
            "panel_day": dates.panel_day.as_json() if dates.panel_day else None,
            "cut_off": dates.cut_off.as_json(),
            "return_by": facts.return_by.isoformat() if facts.return_by else None,
        },
        "session": session_json(facts),
        "interests": [{"member": each.title, "why": each.why} for each in leaving(case.rules.definition, facts)],
        "quorum": quorum_sentence(case.rules.definition, facts),
        "escalation": _escalation_json(facts),
        "submissions": [_version_json(row) for row in versions],
        "submission": _submission_json(facts.submission) if facts.submission else None,
        "basis": facts.basis,
        "covered_by": facts.covered_by,
        "covers": [member.ref for member in facts.members],
        "next": _due_json(owed[0]) if (owed := agenda(case.rules, facts)) else None,
        "waits_for": list(blocked(case.rules, facts, now)),
        "to_look_at": [str(each) for each in looks],
    }


def _version_json(row: Any) -> dict[str, Any]:
    """A version of a report as it stands: `filed`, `chosen` to count before newer ones, `restricted`, `withdrawn`."""
    return _submission_json(submission_from(row))


def _submission_json(submission: Submission) -> dict[str, Any]:
    return {
        "version": submission.version,
        "arrived_at": london.iso(submission.arrived_at),
        "filed_at": london.iso(submission.filed_at),
        "addresses": list(submission.addresses),
        "files": [{"name": name, "sha256": digest, "bytes": size} for name, digest, size in submission.files],
        "as_in_time": submission.as_in_time,
        "status": submission.status,
    }


def _escalation_json(facts: CaseFacts) -> dict[str, Any] | None:
    escalation = facts.escalation
    if escalation is None:
        return None
    return {
        "case": facts.ref,
        "agency": facts.agency.code,
        "agency_name": facts.agency.name,
        "state": escalation.state.value,
        "state_words": facts_of(escalation.state).staff,
        "deadline": escalation.anchor.isoformat(),
        "warned_at": london.iso(escalation.warned_at) if escalation.warned_at else None,
        "sent_at": london.iso(escalation.sent_at) if escalation.sent_at else None,
        "hold_until": escalation.hold_until.isoformat() if escalation.hold_until else None,
        "on_behalf_of": None,
    }


def escalations(connection: Connection, partnership: str, year: int | str | None) -> list[dict[str, Any]]:
    """Every escalation of a cycle; each agency of a silent joint report is listed (case 2)."""
    row = find_cycle(connection, partnership, year) if year is not None else newest_cycle(connection, partnership)
    found = []
    for case in _cases(connection, row.id):
        facts = case.facts
        assert isinstance(facts, CaseFacts)
        own = _escalation_json(facts)
        if own is not None:
            found.append(own)
            found += [
                {**own, "case": member.ref, "agency": member.agency.code, "agency_name": member.agency.name,
                 "on_behalf_of": facts.ref}
                for member in facts.members
            ]  # fmt: skip
    return found


def case_show(connection: Connection, ref: str, now: datetime) -> dict[str, Any]:
    """A case with its whole history; UnknownError if there is none."""
    row = queries.subject_by_ref(connection, ref)
    if row is None or row.kind != "case":
        raise UnknownError(f"There is no case {ref}: see `s11flow case list` for the ones there are.")
    (case,) = subjects.load_cases(connection, [row.id])
    versions = queries.submissions(connection, [row.id]).get(row.id, [])
    return {
        **case_json(case, versions, now, signs.to_look_at(connection, [row.id]).get(row.id, ())),
        "reading": _reading_json(connection, case),
        "review_actions": [held_actions.as_json(each) for each in held_actions.of_case(connection, case)],
        **_life_json(connection, case, now),
        "history": history(connection, row.id),
    }


def _life_json(connection: Connection, case: Loaded, now: datetime) -> dict[str, Any]:
    """What its agency's life does to a case: its track and period, time lost without a contact, providers, parts."""
    facts = case.facts
    assert isinstance(facts, CaseFacts)
    (home,) = (row for row in queries.partnerships(connection) if row.code == facts.partnership)
    period = facts.dates.period or case.rules.definition.period_of(facts.dates.target.on.year)
    left_at = facts.agency.contact_left_at
    return {
        "track": facts.track.value,
        "period": [day.isoformat() for day in period],
        "areas": list(facts.agency.areas) or [case.rules.definition.partnership.area],
        "contact": {
            "left_at": london.iso(left_at) if left_at else None,
            "working_days_lost": _lost_before(connection, case.id) + days_lost(case.rules, facts, now),
        },
        "providers": successions.providers(queries.successions(connection, home.id), facts.agency, period),
        "parts": [
            {"case": member.ref, "agency_name": member.agency.name, **_version_json(version)}
            for member, version in parts_of(connection, facts)
        ],
    }


def _lost_before(connection: Connection, case_id: int) -> int:
    """The working days that were lost before somebody else answered, as its history has them."""
    lines = queries.history_of(connection, case_id)
    return sum(json.loads(line.data)["working_days_lost"] for line in lines if line.event == Note.HANDED_OVER)


def _reading_json(connection: Connection, case: Loaded) -> dict[str, Any] | None:
    """What counts of the report as it was read, the agency's own ratings in words, and which links were asked about."""
    said = readings.standing(connection, [case.id]).get(case.id)
    if said is None:
        return None
    asked = asked_links(connection, case.id)
    links = [{**link, "asked": link["address"] in asked} for link in said.as_json()["links"]]
    ratings = readings.rating_words(said, case.rules.definition)
    return {**said.as_json(), "links": links, "self_ratings": ratings}


def history(connection: Connection, subject_id: int) -> list[dict[str, Any]]:
    """The lines of a history, oldest first; people's names and free text are left out."""
    return [
        {
            "seq": line.seq,
            "at": london.iso(line.at),
            "recorded_at": london.iso(line.recorded_at),
            "by": line.actor_id,
            "event": line.event,
            "about": line.about,
            "from": line.before,
            "to": line.after,
            "due_key": line.due_key,
            "cause": line.cause,
            "data": json.loads(line.data),
        }
        for line in queries.history_of(connection, subject_id)
    ]


def cycle_show(connection: Connection, partnership: str, year: int | str, now: datetime) -> dict[str, Any]:
    """How a cycle stands: its dates, and how many cases are in each state and under each flag."""
    row = find_cycle(connection, partnership, year)
    found = _cases_json(connection, row.id, now)
    return {
        "cycle": row.ref,
        "state": row.state,
        "period": [row.period_from.isoformat(), row.period_to.isoformat()],
        "definition": row.definition_sha256,
        "panel_days": [f"{day.day} {facts_of_day(day.state)}" for day in queries.panel_days_of(connection, row.id)],
        "cases": len(found),
        "states": _counted([item["state"] for item in found]),
        "flags": _counted([flag for item in found for flag in item["flags"]]),
        "waits_for": [sentence for item in found for sentence in item["waits_for"]],
        "history": history(connection, row.id),
    }


def facts_of_day(state: str) -> str:
    """A panel day's state in words."""
    return facts_of(PanelDayState[state]).staff


def _counted(names: Sequence[str]) -> dict[str, int]:
    return {name: names.count(name) for name in sorted(set(names))}
