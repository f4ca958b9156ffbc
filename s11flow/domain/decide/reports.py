"""Decides on reports: received, returned, accepted, withdrawn. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from calendars import london
from s11flow.domain import acts
from s11flow.domain.agenda import is_late, return_by_actions
from s11flow.domain.decide.parts import Decision, after_transition, due_keys, event_letter, find_transition, not_ahead
from s11flow.domain.errors import NotNow, Refused
from s11flow.domain.lifecycle import CASE
from s11flow.domain.model import (
    CaseEvent,
    CaseFacts,
    CaseState,
    Entry,
    Note,
    Plan,
    Track,
)
from s11flow.domain.step import CHASING_LETTERS, passed_over, with_fair_notice
from s11flow.domain.timetable import (
    Rulebook,
)


def receive(rules: Rulebook, facts: CaseFacts, act: acts.ReceiveReport, at: datetime) -> Decision:
    """A report that arrives is never refused, in any state but VOID; from CONSIDERED on it is an addendum."""
    transition = find_transition(facts, CaseEvent.RECEIVE_REPORT)
    if isinstance(transition, Refused):
        return transition
    submission, before = act.submission, facts.submission
    if before is not None and before.as_in_time:
        submission = replace(submission, as_in_time=True)
    # What mends a report that came in time is in time (case 40).
    first_arrived_at = facts.first_arrived_at or (before or submission).arrived_at
    in_time = not is_late(replace(facts, submission=submission, first_arrived_at=first_arrived_at))
    names = [name for name, _, _ in submission.files]
    receipt = replace(
        event_letter(
            facts, "receipt", at, "a report was received", key=f"v{submission.version}", sender=submission.sender
        ),
        about={
            "version": submission.version,
            "files": names,
            "arrived_at": london.iso(submission.arrived_at),
            "addresses": list(submission.addresses),
            "missing": list(act.missing),
            "in_time": in_time,
            "addendum": transition.then == transition.while_
            and facts.state not in (CaseState.SUBMITTED, CaseState.COVERED),
        },
    )
    return after_transition(
        facts, transition, at,
        cause=f"version {submission.version} arrived on {london.spell(submission.arrived_at)}",
        data={"version": submission.version, "arrived_at": london.iso(submission.arrived_at), "in_time": in_time,
              "files": [digest for _, digest, _ in submission.files], "addresses": list(submission.addresses)},
        private={"sender": submission.sender, "names": names},
        letters=(receipt,) if act.acknowledge else (), stops=CHASING_LETTERS,
        submission=submission, submissions=facts.submissions + 1,
        first_arrived_at=first_arrived_at, gaps=act.missing, return_by=None,
    )  # fmt: skip


def return_report(rules: Rulebook, facts: CaseFacts, act: acts.ReturnReport, at: datetime) -> Decision:
    """Ask the agency for more, naming the gaps, by a working day ahead."""
    transition = find_transition(facts, CaseEvent.RETURN_REPORT)
    if isinstance(transition, Refused):
        return transition
    if (refused := not_ahead(rules, facts, "RETURN_REPORT", act.return_by, at)) is not None:
        return refused
    if not act.gaps:
        return NotNow(facts.ref, "RETURN_REPORT", "say at least one gap, so that the agency knows what to add.")
    letter = replace(
        event_letter(facts, "report_returned", at, "the report needs more"),
        about={"gaps": list(act.gaps), "return_by": act.return_by.isoformat()},
    )
    plan = after_transition(
        facts, transition, at, cause="the report needs more", data={"return_by": act.return_by.isoformat()},
        private={"gaps": list(act.gaps), **({"links": list(act.links)} if act.links else {})}, letters=(letter,),
        return_by=act.return_by, gaps=act.gaps,
    )  # fmt: skip
    return _reminded(rules, plan, act.return_by, at)


def _reminded(rules: Rulebook, plan: Plan[CaseFacts], return_by: date, at: datetime) -> Plan[CaseFacts]:
    """A reminder whose day has passed already would leave with the letter it reminds of."""
    for reminder in return_by_actions(rules, plan.facts, return_by):
        if reminder.due_at <= at:
            plan = plan.then(passed_over(plan.facts, reminder, "superseded"))
    return plan


_REDACTED = "The whole report again, in a version in which no child can be recognised."


def restrict(rules: Rulebook, facts: CaseFacts, act: acts.RestrictReport, at: datetime) -> Decision:
    """Keep a version back and ask for one in which no child can be recognised; that it came in time stays so (case 41).

    *facts* are the case with that version kept back already.
    """
    if not act.reason.strip():
        return NotNow(facts.ref, "RESTRICT_REPORT", "give a reason; it is kept in the history, not in the letter.")
    if act.wanted and (refused := not_ahead(rules, facts, "RESTRICT_REPORT", act.return_by, at)) is not None:
        return refused
    said: dict[str, object] = {"version": act.version, "wanted": act.wanted}
    if act.wanted:
        said["return_by"] = act.return_by.isoformat()
    letter = replace(
        event_letter(facts, "redaction_wanted", at, "the report holds details of single children"),
        about=said | {"arrived_at": london.iso(act.arrived_at), "in_time": not is_late(facts)},
    )
    entry = Entry(
        at, Note.RESTRICTED, "report", cause=f"version {act.version} is kept back", data=said | {"stood": act.stood},
        private={"reason": act.reason}, letters=due_keys((letter,)),
    )  # fmt: skip
    plan = Plan(facts, (entry,), (letter,))
    return plan.then(_sent_back(rules, facts, act, at)) if act.wanted else plan


def _sent_back(rules: Rulebook, facts: CaseFacts, act: acts.RestrictReport, at: datetime) -> Plan[CaseFacts]:
    """A report that the panel has not considered is returned: the letter says what for, and is the only one."""
    if facts.state == CaseState.RETURNED:
        return _reminded(rules, Plan(replace(facts, return_by=act.return_by, gaps=(_REDACTED,))), act.return_by, at)
    transition = CASE.find(facts.state, CaseEvent.RETURN_REPORT)
    if transition is None:
        return Plan(facts)
    plan = after_transition(
        facts, transition, at, cause="a version in which no child can be recognised is wanted",
        data={"return_by": act.return_by.isoformat()}, private={"gaps": [_REDACTED]},
        return_by=act.return_by, gaps=(_REDACTED,),
    )  # fmt: skip
    return _reminded(rules, plan, act.return_by, at)


def accept(rules: Rulebook, facts: CaseFacts, act: acts.AcceptReport, at: datetime) -> Decision:
    """Take the report as complete; gaps need a waiver with a reason (case 36)."""
    transition = find_transition(facts, CaseEvent.ACCEPT_REPORT)
    if isinstance(transition, Refused):
        return transition
    if facts.submission is not None and facts.readable is None:
        why = "it is kept back until a version comes in which no child can be recognised."
        return NotNow(facts.ref, "ACCEPT_REPORT", why)
    if (facts.state == CaseState.RETURNED or facts.gaps) and not act.waiver:
        what_works = "send it back with `case return`, or accept it with `--waiver` and the reason."
        return NotNow(facts.ref, "ACCEPT_REPORT", f"{_open_gaps(facts.gaps)}; {what_works}")
    if facts.track == Track.LIGHT and not act.signed_by.strip():
        return NotNow(facts.ref, "ACCEPT_REPORT", "it is a statement of compliance: say who signed it.")
    submission = facts.submission
    if act.in_time_reason and submission is not None:
        submission = replace(submission, as_in_time=True)
    return after_transition(
        facts, transition, at, cause="accepted with a waiver" if act.waiver else "accepted",
        data={"waived": bool(act.waiver), "as_in_time": bool(act.in_time_reason),
              **({"signed": True} if act.signed_by else {})},
        private={"waiver": act.waiver, "in_time_reason": act.in_time_reason,
                 **({"signed_by": act.signed_by} if act.signed_by else {})},
        stops=frozenset({"return_by_reminder"}), submission=submission, waived=bool(act.waiver), return_by=None,
    )  # fmt: skip


def _open_gaps(gaps: tuple[str, ...]) -> str:
    """The gaps within one sentence: of one that is written as several, its first."""
    if not gaps:
        return "what was asked for has not come"
    quoted = [f'"{gap.split(". ")[0].rstrip(".")}"' for gap in gaps]
    named = f"{', '.join(quoted[:-1])} and {quoted[-1]}" if len(quoted) > 1 else quoted[0]
    return f"{len(gaps)} gap{'s are' if len(gaps) > 1 else ' is'} open ({named})"


def withdraw(rules: Rulebook, facts: CaseFacts, act: acts.WithdrawReport, at: datetime) -> Decision:
    """The agency takes its report back; one whose report came before it was asked is asked now."""
    plan = with_reason(
        facts,
        CaseEvent.WITHDRAW_REPORT,
        at,
        act.reason,
        submission=None,
        first_arrived_at=None,
        return_by=None,
        gaps=(),
    )
    if not isinstance(plan, Plan) or facts.asked_at is not None:
        return plan
    return plan.then(_asked_now(rules, replace(plan.facts, seq=facts.seq + len(plan.entries)), at))


def _asked_now(rules: Rulebook, facts: CaseFacts, at: datetime) -> Plan[CaseFacts]:
    """The request, with the notice that one which leaves late gives."""
    noticed, entries = with_fair_notice(rules, replace(facts, asked_at=at), at)
    request = replace(
        event_letter(noticed, "report_request", at, "the report was taken back before it was asked for"),
        valid_until=facts.dates.cut_off.at,
    )
    told = (
        replace(request, kind="covered_notice", due_key=f"covered_notice@h{facts.seq}", about={"member": m.agency.code})
        for m in facts.members
    )
    letters = (request, *told) if facts.agency.contact else ()
    outcome = "owed" if letters else "no contact"
    asked = Entry(at, Note.LETTER_DUE, "letter", cause=request.why, data={"kind": request.kind, "outcome": outcome},
                  letters=due_keys(letters))  # fmt: skip
    return Plan(noticed, (asked, *entries), letters)


def with_reason(facts: CaseFacts, event: CaseEvent, at: datetime, reason: str, **changes: Any) -> Decision:
    """A transition that needs a reason and owes no letter of its own."""
    transition = find_transition(facts, event)
    if isinstance(transition, Refused):
        return transition
    if not reason.strip():
        return NotNow(facts.ref, event, "give a reason; it is kept in the history.")
    return after_transition(facts, transition, at, private={"reason": reason}, **changes)
