"""Decides what is owed: excused, covered, revived, void, extended, corrected. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from calendars import london
from s11flow.domain import acts
from s11flow.domain.decide.parts import (
    CasePlan,
    Decision,
    after_transition,
    dates_changed_letter,
    deadline_words,
    due_keys,
    end_session,
    event_letter,
    find_transition,
    not_ahead,
    people_can,
)
from s11flow.domain.decide.reports import with_reason
from s11flow.domain.errors import NotNow, Refused
from s11flow.domain.lifecycle import CASE
from s11flow.domain.model import (
    AgencyStatus,
    CaseEvent,
    CaseFacts,
    CaseState,
    Dated,
    Entry,
    Note,
    Plan,
    SessionEvent,
    Track,
)
from s11flow.domain.step import CHASING_LETTERS, dates_entry
from s11flow.domain.timetable import (
    REVIVED,
    Rulebook,
    extended_deadline,
    extension_limit,
    light_deadline,
    not_a_working_day,
    with_deadline,
)


def excuse(rules: Rulebook, facts: CaseFacts, act: acts.Excuse, at: datetime) -> Decision:
    """Ask no report, for a reason and on an authority that are printed; whoever was asked is told."""
    transition = find_transition(facts, CaseEvent.EXCUSE)
    if isinstance(transition, Refused):
        return transition
    if not act.reason.strip() or not act.authority.strip():
        return NotNow(facts.ref, "EXCUSE", "give a reason and on whose authority; both are printed in the report.")
    private: dict[str, object] = {"reason": act.reason, "authority": act.authority}
    # Whoever was asked, and told a date, is told that nothing is asked any more.
    told = dates_changed_letter(
        facts, at, "report", deadline_words(facts), "none is asked of you this year", act.reason
    )
    letters = (told,) if facts.asked_at else ()
    return after_transition(
        facts, transition, at, cause="excused", private=private, letters=letters, stops=_ASKING, return_by=None
    )


_ASKING = CHASING_LETTERS | {"contact_check", "contact_wanted", "report_request"}


def cover(rules: Rulebook, facts: CaseFacts, act: acts.Cover, at: datetime) -> Decision:
    """Another agency's joint report covers this one."""
    transition = find_transition(facts, CaseEvent.COVER)
    if isinstance(transition, Refused):
        return transition
    if facts.members:
        return NotNow(facts.ref, "COVER", "it reports for other agencies itself; cover or revive those first.")
    cause = f"{act.by} reports for it"
    return after_transition(facts, transition, at, cause=cause, stops=_ASKING, covered_by=act.by, return_by=None)


def succeed(rules: Rulebook, facts: CaseFacts, act: acts.Succeed, at: datetime) -> Decision:
    """Let the case of the agency that this one became part of cover it, whatever it has sent (case 10)."""
    transition = find_transition(facts, CaseEvent.SUCCEED)
    if isinstance(transition, Refused):
        return transition
    cause = f"{act.by} covers it: its agency became part of that one"
    return after_transition(facts, transition, at, cause=cause, stops=_ASKING, covered_by=act.by, return_by=None)


def split(rules: Rulebook, facts: CaseFacts, act: acts.Split, at: datetime) -> Decision:
    """Let a covered agency's own report count, and it be judged on that: it no longer hangs on the lead's (case 3)."""
    transition = find_transition(facts, CaseEvent.SPLIT)
    if isinstance(transition, Refused):
        return transition
    if facts.submission is None:
        why = "it has sent no report of its own that could count; `s11flow case revive` asks it for one."
        return NotNow(facts.ref, "SPLIT", why)
    return with_reason(facts, CaseEvent.SPLIT, at, act.reason, covered_by=None, lead_state=None)


def set_track(rules: Rulebook, facts: CaseFacts, act: acts.SetTrack, at: datetime) -> Decision:
    """How fully the agency takes part in this cycle; it is settled before the agency is asked (case 45)."""
    if facts.state != CaseState.PLANNED:
        return NotNow(facts.ref, "SET_TRACK", "it is asked already; excuse it, or set its track for the next cycle.")
    if act.track == facts.track:
        return NotNow(facts.ref, "SET_TRACK", f"its track is {act.track} already.")
    if not act.reason.strip():
        return NotNow(facts.ref, "SET_TRACK", "give a reason; it is kept in the history.")
    said = f"its track is {act.track.replace('_', ' ')}"
    entry = Entry(at, Note.TRACK_SET, "track", cause=said, data={"track": act.track.value, "was": facts.track.value},
                  private={"reason": act.reason})  # fmt: skip
    plan = Plan(replace(facts, track=act.track), (entry,))
    if act.track == Track.NONE:
        excused = excuse(rules, plan.facts, acts.Excuse(f"not asked in this cycle: {act.reason}", "its track"), at)
        return plan.then(excused) if isinstance(excused, Plan) else excused
    if act.track == Track.LIGHT:
        plan = plan.then(end_session(plan.facts, SessionEvent.CANCEL, at, "no session on the light track"))
        return plan.then(_due_by(plan.facts, light_deadline(plan.facts.dates.target), said, at))
    if facts.track == Track.LIGHT:
        return plan.then(_due_by(plan.facts, None, f"{said}; its session sets its deadline", at))
    return plan


def _due_by(facts: CaseFacts, deadline: Dated | None, why: str, at: datetime) -> CasePlan:
    was = facts.dates.deadline.as_json() if facts.dates.deadline else None
    data: dict[str, object] = {"deadline": deadline.as_json() if deadline else None, "was": was, "panel_day": None}
    dates = replace(facts.dates, deadline=deadline, deadline_set_at=at, extended=False, panel_day=None)
    return Plan(replace(facts, dates=dates), (Entry(at, Note.DATES_CHANGED, "dates", cause=why, data=data),))


_PERIOD_COUNTS = (
    CaseState.PLANNED, CaseState.REQUESTED, CaseState.SUBMITTED, CaseState.RETURNED, CaseState.ACCEPTED,
    CaseState.NOT_SUBMITTED,
)  # fmt: skip


def set_period(rules: Rulebook, facts: CaseFacts, act: acts.SetPeriod, at: datetime) -> Decision:
    """What the report covers, of its own: 24 months after a missed year, for instance (case 46)."""
    if facts.state not in _PERIOD_COUNTS:
        return Refused(facts.ref, facts.state, Note.PERIOD_SET, can=people_can(CASE, facts.state))
    if act.starts > act.ends:
        return NotNow(facts.ref, "SET_PERIOD", f"{act.starts}..{act.ends} ends before it starts; write it FROM..TO.")
    if not act.reason.strip():
        return NotNow(facts.ref, "SET_PERIOD", "give a reason; the agency is told it.")
    old = facts.dates.period or rules.definition.period_of(facts.dates.target.on.year)
    new = (act.starts, act.ends)
    if new == old:
        return NotNow(facts.ref, "SET_PERIOD", f"its period is {_period_words(old)} already.")
    after = replace(facts, dates=replace(facts.dates, period=new))
    told = dates_changed_letter(after, at, "period", _period_words(old), _period_words(new), act.reason)
    letters = (told,) if facts.asked_at else ()
    entry = Entry(
        at, Note.PERIOD_SET, "dates", cause=f"its report covers {_period_words(new)}",
        data={"period": [day.isoformat() for day in new], "was": [day.isoformat() for day in old]},
        private={"reason": act.reason}, letters=due_keys(letters),
    )  # fmt: skip
    return Plan(after, (entry,), letters)


def _period_words(period: tuple[date, date]) -> str:
    return " to ".join(london.spell_day(day).split(" ", 1)[1] for day in period)


def revive(rules: Rulebook, facts: CaseFacts, act: acts.Revive, at: datetime) -> Decision:
    """Ask for the report again, by a deadline of its own."""
    transition = find_transition(facts, CaseEvent.REVIVE)
    if isinstance(transition, Refused):
        return transition
    if facts.agency.status == AgencyStatus.ENDED:
        why = f"{facts.agency.name} is there no more ({facts.agency.status_reason}); ask the agency that follows it."
        return NotNow(facts.ref, "REVIVE", why)
    if not act.reason.strip():
        return NotNow(facts.ref, "REVIVE", "give a reason; it is kept in the history.")
    wait = rules.definition.policy.revived_working_days
    today = london.day_of(at)
    to = act.deadline or rules.days.add(today, wait)
    if (refused := not_ahead(rules, facts, "REVIVE", to, at)) is not None:
        return refused
    counted = f"{wait} working days after {london.spell_day(today)} is {london.spell_day(to)}"
    why = f"a deadline of its own, {london.spell_day(to)}" if act.deadline else counted
    deadline = extended_deadline(rules, to, why, REVIVED)
    revived = replace(facts, dates=with_deadline(facts.dates, deadline, set_at=at))
    request = replace(
        event_letter(facts, "report_request", at, "the report is asked again", key=f"revived-h{facts.seq}"),
        valid_until=facts.dates.cut_off.at,
    )
    letters = (request,) if facts.agency.contact else ()
    plan = after_transition(
        revived, transition, at, cause="asked again", private={"reason": act.reason}, letters=letters,
        asked_at=at, covered_by=None, lead_state=None,
    )  # fmt: skip
    return replace(plan, entries=(*plan.entries, dates_entry(at, facts, deadline.as_json(), "asked again")))


def void(rules: Rulebook, facts: CaseFacts, act: acts.Void, at: datetime) -> Decision:
    """End a case that should not have been opened; one that has received something stays."""
    transition = find_transition(facts, CaseEvent.VOID)
    if isinstance(transition, Refused):
        return transition
    if facts.submissions:
        instead = "excuse it instead" if CASE.find(facts.state, CaseEvent.EXCUSE) else "leave it as it is"
        return NotNow(facts.ref, "VOID", f"a report has been received, and what is received is kept; {instead}.")
    return with_reason(facts, CaseEvent.VOID, at, act.reason, stops=_ASKING)


def extend(rules: Rulebook, facts: CaseFacts, act: acts.Extend, at: datetime) -> Decision:
    """Give a later deadline (case 47), and tell the agency."""
    transition = find_transition(facts, CaseEvent.EXTEND)
    if isinstance(transition, Refused):
        return transition
    if (why := _why_no_extension(rules, facts, act, at)) is not None:
        return NotNow(facts.ref, "EXTEND", why)
    said = f"extended to {london.spell_day(act.to)}"
    deadline = extended_deadline(rules, act.to, said)
    dates = with_deadline(facts.dates, deadline, set_at=at)
    letters = (
        dates_changed_letter(facts, at, "deadline", deadline_words(facts), london.spell(deadline.at), act.reason),
    )
    plan = after_transition(
        facts, transition, at, cause=said, data={"by_chair": act.by_chair, "panel_consents": act.panel_consents},
        private={"reason": act.reason}, letters=letters if facts.asked_at else (), stops=CHASING_LETTERS, dates=dates,
    )  # fmt: skip
    return replace(plan, entries=(*plan.entries, dates_entry(at, facts, deadline.as_json(), said)))


def _why_no_extension(rules: Rulebook, facts: CaseFacts, act: acts.Extend, at: datetime) -> str | None:
    """None if the deadline may become *act.to*; else what is in the way and what would do (case 47)."""
    if not act.reason.strip():
        return "give a reason; it is told to the agency and kept."
    if (obstacle := not_a_working_day(rules.days, act.to)) is not None:
        return obstacle
    current = facts.dates.deadline
    if current is None:
        return "it has no deadline yet; give it a panel session first."
    if act.to <= current.on:
        return f"its deadline is {london.spell_day(current.on)} already; an extension is later than that."
    if act.to <= london.day_of(at):
        return f"{london.spell_day(act.to)} gives no time; use a day after today."
    escalation = facts.escalation
    if escalation is not None and escalation.is_open and escalation.sent_at is not None and not act.by_chair:
        return "it has been reported to the Executive Chair, who alone may extend it now (say so if the Chair did)."
    return _past_pack_day(rules, facts, act)


def _past_pack_day(rules: Rulebook, facts: CaseFacts, act: acts.Extend) -> str | None:
    if facts.session is not None and facts.session.is_live:
        meets = london.day_of(facts.session.starts_at)
    elif facts.dates.panel_day is not None:
        meets = facts.dates.panel_day.on
    else:
        return None
    limit = extension_limit(rules, meets)
    if act.to <= limit or act.panel_consents or act.by_chair:
        return None
    return (
        f"the panel's pack leaves on {london.spell_day(limit)}, the latest day the Business Manager may extend to; "
        "a later one needs the panel's consent; if it was given, say so with `--panel-consents`."
    )


def correct(rules: Rulebook, facts: CaseFacts, act: acts.Correct, at: datetime) -> Decision:
    """Put a recorded mistake right; an open escalation is withdrawn."""
    transition = find_transition(facts, CaseEvent.CORRECT)
    if isinstance(transition, Refused):
        return transition
    if not act.wrong.strip() or not act.right.strip():
        return NotNow(facts.ref, "CORRECT", "say what was wrong and what is right; the letter tells both.")
    private: dict[str, object] = {"wrong": act.wrong, "right": act.right}
    if act.sender:
        private["sender"] = act.sender
    correction = replace(event_letter(facts, "correction", at, "a mistake is put right"), private=private)
    letter = replace(correction, about={"kind": act.letter}) if act.letter else correction
    return after_transition(facts, transition, at, cause="corrected", private=private, letters=(letter,))
