"""Says what a person's act does to a case: the state it comes to, what is written, which letters are owed. Pure.

The timetable is settled first (`step.settle`), so an act always meets the case as the clock left it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from s11flow.domain import acts
from s11flow.domain.agenda import next_due_at
from s11flow.domain.decide.contacts import contact_left, hand_over
from s11flow.domain.decide.duty import (
    correct,
    cover,
    excuse,
    extend,
    revive,
    set_period,
    set_track,
    split,
    succeed,
    void,
)
from s11flow.domain.decide.escalations import acknowledge, follow_up, hold, resume, stand_down_escalation
from s11flow.domain.decide.interests import declare_interest, withdraw_interest
from s11flow.domain.decide.judgement import agree, assess, basis_of, consider, include, reopen
from s11flow.domain.decide.parts import Decision
from s11flow.domain.decide.reports import accept, receive, restrict, return_report, withdraw
from s11flow.domain.decide.sessions import cancel, changed_deadline, move, pencil, record, reply, stand_down_session
from s11flow.domain.decide.times import ask_for_another_time, decline_time, offer_time
from s11flow.domain.model import CaseFacts, Plan
from s11flow.domain.timetable import Rulebook

__all__ = ["DECIDERS", "Decision", "basis_of", "changed_deadline", "decide"]


def decide(rules: Rulebook, facts: CaseFacts, act: acts.Act, *, at: datetime) -> Decision:
    """What *act* does to the settled case at the instant *at*; a refusal changes nothing and says what would work."""
    decision = DECIDERS[type(act)](rules, facts, act, at)
    if isinstance(decision, Plan):
        return replace(decision, next_due_at=next_due_at(rules, decision.facts))
    return decision


Decider = Callable[[Rulebook, CaseFacts, Any, datetime], Decision]
DECIDERS: dict[type[acts.Act], Decider] = {
    acts.ReceiveReport: receive,
    acts.ReturnReport: return_report,
    acts.RestrictReport: restrict,
    acts.AcceptReport: accept,
    acts.WithdrawReport: withdraw,
    acts.Consider: consider,
    acts.Assess: assess,
    acts.Agree: agree,
    acts.Excuse: excuse,
    acts.Cover: cover,
    acts.Succeed: succeed,
    acts.Split: split,
    acts.ContactLeft: contact_left,
    acts.HandOver: hand_over,
    acts.SetTrack: set_track,
    acts.SetPeriod: set_period,
    acts.Revive: revive,
    acts.Void: void,
    acts.Extend: extend,
    acts.Correct: correct,
    acts.Include: include,
    acts.Reopen: reopen,
    acts.Pencil: pencil,
    acts.Move: move,
    acts.AskForAnotherTime: ask_for_another_time,
    acts.OfferTime: offer_time,
    acts.DeclineTime: decline_time,
    acts.DeclareInterest: declare_interest,
    acts.WithdrawInterest: withdraw_interest,
    acts.Record: record,
    acts.CancelSession: cancel,
    acts.StandDownSession: stand_down_session,
    acts.ReplyToInvitation: reply,
    acts.Hold: hold,
    acts.Resume: resume,
    acts.Acknowledge: acknowledge,
    acts.FollowUp: follow_up,
    acts.StandDownEscalation: stand_down_escalation,
}
