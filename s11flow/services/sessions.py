"""Moves, exchanges, records and cancels panel sessions; records replies, and what comes of asking for another time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from sqlalchemy import Connection

from calendars import london
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain import acts
from s11flow.domain.errors import NotNow, RefusedError
from s11flow.domain.interests import quorum_sentence
from s11flow.domain.model import CaseFacts, Plan, Session, SessionEvent
from s11flow.domain.panels import clash, slot_at
from s11flow.services import cases, sitting
from s11flow.services.cycles import new_uid
from s11flow.services.engagements import hindrance_of, taken_by
from s11flow.services.subjects import Change, Loaded, load_cases

AskedBy = Literal["panel", "agency"]


@dataclass(frozen=True, slots=True)
class Wish:
    """Where a session is to move, *to* an aware instant, and who asked for it; see `move`."""

    to: datetime
    asked_by: AskedBy
    reason: str = ""
    consent: bool = False
    place: str = ""
    allowed: bool = False


def move(
    uow: UnitOfWork,
    ref: str,
    *,
    to: datetime,
    asked_by: AskedBy,
    now: datetime,
    by: str,
    reason: str = "",
    consent: bool = False,
    place: str = "",
    allowed: bool = False,
) -> Plan[CaseFacts]:
    """Move a session to the instant *to*: revision and calendar sequence rise, replies are asked again.

    Raises RefusedError when the panel does not sit then, the time is taken or in a break (it names free ones),
    somebody who is wanted cannot be there, the deadline would move earlier without the agency's consent, or the agency
    has asked too often for the Business Manager not to have *allowed* it. A day in reserve is called in.
    """
    with uow.write() as connection:
        return move_in(connection, ref, Wish(to, asked_by, reason, consent, place, allowed), now=now, by=by)


def move_in(connection: Connection, ref: str, wish: Wish, *, now: datetime, by: str) -> Plan[CaseFacts]:
    """Move a session as `move` does, in the transaction of a caller that has looked at something else first."""
    loaded = _on_day(connection, ref, london.day_of(wish.to), SessionEvent.MOVE, by=by, now=now)
    slot = _free_slot(connection, loaded, wish.to, SessionEvent.MOVE, place=wish.place)
    what = acts.Move(slot, wish.asked_by, wish.reason, wish.consent, wish.allowed)
    change = cases.change_for(loaded, what, by=by, now=now)
    cases.write(connection, [change, *lapsed(connection, [change], by=by, now=now)], now)
    return _plan(change)


def lapsed(
    connection: Connection, changes: Sequence[Change], *, by: str, now: datetime, why: str = "it is needed no more"
) -> list[Change]:
    """The end of every offer of a time that its agency had asked to give away, and by these changes need not.

    Such an offer is not made any more if it has not left yet. The cycle must be held.
    """
    settled = {change.loaded.ref for change in changes if _needs_no_exchange(change)}
    if not settled:
        return []
    own = {change.loaded.id for change in changes}
    rows = queries.live_sessions(connection, _cycle_of(changes[0].loaded))
    refs = [row.ref for row in rows if row.offered_for in settled and row.case_id not in own]
    what = acts.DeclineTime(why)
    return [cases.change_for(cases.one_case(connection, ref), what, by=by, now=now) for ref in refs]


def _needs_no_exchange(change: Change) -> bool:
    """Whether an agency that had asked for another time has one now, was moved away, or is not to be seen."""
    assert isinstance(change.loaded.facts, CaseFacts)
    before, after = change.loaded.facts.session, change.plan.facts.session
    if before is None or before.asked_at is None:
        return False
    return after is None or not after.is_live or after.asked_at is None or after.starts_at != before.starts_at


def _on_day(connection: Connection, ref: str, on: date, event: str, *, by: str, now: datetime) -> Loaded:
    """The case, its cycle held, once the panel sits *on* that day."""
    hold_slots(connection, ref)
    cycle_id = _cycle_of(cases.one_case(connection, ref))
    days = sitting.days_of(connection, cycle_id)
    sitting.must_sit(ref, days, on, event)
    sitting.call_in(connection, cycle_id, days, on, by=by, now=now)
    return cases.one_case(connection, ref)  # calling a day in may have moved its cut-off


def _free_slot(
    connection: Connection, loaded: Loaded, to: datetime, event: str, *, place: str = "", but: Collection[int] = ()
) -> acts.Slot:
    """The slot that begins at *to*, unless it is taken or somebody who is wanted cannot be there (case 21).

    Sessions of the cases *but* are about to move.
    """
    panel = loaded.rules.definition.panel
    hindered = hindrance_of(connection, loaded, [london.day_of(to)], place=place, but=but)
    if (why := clash(panel, to, _taken(connection, loaded, but), hindered)) is not None:
        raise RefusedError(NotNow(loaded.ref, event, why))
    slot = slot_at(panel, to)
    return replace(slot, place=place) if place else slot


def hold_slots(connection: Connection, ref: str) -> None:
    """Hold the cycle of a case until the transaction ends, so that no other gives out the slots it is about to see.

    Whoever gives out slots holds the cycle first and cases after, so that no two wait for each other.
    """
    row = queries.subject_by_ref(connection, ref)
    if row is not None and row.cycle_id is not None:
        queries.lock(connection, [row.cycle_id])


def _cycle_of(loaded: Loaded) -> int:
    assert loaded.cycle_id is not None
    return loaded.cycle_id


def _taken(connection: Connection, loaded: Loaded, but: Collection[int] = ()) -> list[datetime]:
    rows = queries.live_sessions(connection, _cycle_of(loaded))
    return taken_by([row for row in rows if row.case_id not in {loaded.id, *but}])


def _plan(change: Change) -> Plan[CaseFacts]:
    plan: Plan[CaseFacts] = change.plan
    return plan


# --- two agencies change places ---------------------------------------------------------------------------------------

_SWAP = "SWAP"


def swap(
    uow: UnitOfWork,
    ref: str,
    other: str,
    *,
    asked_by: AskedBy,
    now: datetime,
    by: str,
    reason: str = "",
    consent: bool = False,
    allowed: bool = False,
) -> tuple[Plan[CaseFacts], Plan[CaseFacts]]:
    """Let two agencies change places, in one change: both are told, both calendars change.

    Asked by the agency *ref*, both keep their deadlines; asked by the panel, a deadline moves as with any move of the
    panel's. Raises RefusedError, with other times, where one of them cannot be seen in the other's place.
    """
    with uow.write() as connection:
        hold_slots(connection, ref)
        changes = _exchange(connection, ref, other, asked_by, reason, consent, allowed, by=by, now=now)
        cases.write(connection, [*changes, *lapsed(connection, changes, by=by, now=now)], now)
    return _plan(changes[0]), _plan(changes[1])


def _exchange(
    connection: Connection,
    ref: str,
    other: str,
    asked_by: AskedBy,
    reason: str,
    consent: bool,
    allowed: bool,
    *,
    by: str,
    now: datetime,
) -> list[Change]:
    one, two = cases.one_case(connection, ref), cases.one_case(connection, other)
    if one.id == two.id or one.cycle_id != two.cycle_id:
        why = f"{other} is {'the same case' if one.id == two.id else 'of another cycle'}; name two cases of one cycle."
        raise RefusedError(NotNow(one.ref, _SWAP, why))
    slots = [_place_of(connection, giver, taker) for giver, taker in ((two, one), (one, two))]
    theirs: Literal["panel", "exchange"] = "panel" if asked_by == "panel" else "exchange"
    whys = (reason or _WHY_SWAPPED[asked_by], reason or _WHY_SWAPPED[theirs])
    moves = (acts.Move(slots[0], asked_by, whys[0], consent, allowed), acts.Move(slots[1], theirs, whys[1], consent))
    return [cases.change_for(case, what, by=by, now=now) for case, what in zip((one, two), moves, strict=True)]


_WHY_SWAPPED = {
    "panel": "the panel asked two agencies to change places, and yours is one of them",
    "agency": "you asked for another time, and another agency has changed places with you",
    "exchange": "another agency asked for another time, and you and it have changed places",
}
"""What an agency reads when nobody gave a reason, by who asked."""


def _place_of(connection: Connection, giver: Loaded, taker: Loaded) -> acts.Slot:
    """The giver's session as a slot for the taker, if those who are wanted for the taker's can be there."""
    session = _session_to_come(giver)
    return _free_slot(connection, taker, session.starts_at, _SWAP, place=session.place, but=[giver.id])


def _session_to_come(case: Loaded) -> Session:
    assert isinstance(case.facts, CaseFacts)
    session = case.facts.session
    if session is None or not session.is_live:
        raise RefusedError(NotNow(case.ref, _SWAP, "it has no session to come; `s11flow panel offer` gives it one."))
    return session


# --- an agency asks for another time ----------------------------------------------------------------------------------


def ask(
    uow: UnitOfWork, ref: str, *, now: datetime, by: str, wanted: datetime | None = None, reason: str = "",
    allowed: bool = False,
) -> Plan[CaseFacts]:  # fmt: skip
    """Note that an agency asks for another time: a task for the business unit; nothing moves (case 22).

    Raises RefusedError when it has asked before and the Business Manager has not *allowed* it.
    """
    return cases.act(uow, ref, acts.AskForAnotherTime(wanted, reason, allowed), by=by, now=now)


def offer(uow: UnitOfWork, ref: str, *, now: datetime, by: str, to: datetime, place: str = "") -> Plan[CaseFacts]:
    """Offer an agency a free time. Its own is kept until it has answered; with none, it is invited to the new one, at
    *place* if that is not the panel's usual one.

    So an agency that was absent, or comes late, is given a further session (case 25). Raises RefusedError as `move`.
    """
    with uow.write() as connection:
        hold_slots(connection, ref)
        loaded = cases.one_case(connection, ref)
        is_further = not _is_to_be_seen(loaded)
        if is_further:
            loaded = _on_day(connection, ref, london.day_of(to), "OFFER_ANOTHER_TIME", by=by, now=now)
        else:  # a day in reserve is called in only once the time is taken
            days = sitting.days_of(connection, _cycle_of(loaded))
            sitting.must_sit(loaded.ref, days, london.day_of(to), "OFFER_ANOTHER_TIME")
        slot = _free_slot(connection, loaded, to, "OFFER_ANOTHER_TIME", place=place)
        if place and not is_further:
            why = "it is offered at the panel's usual place; `s11flow panel move` takes it elsewhere."
            raise RefusedError(NotNow(loaded.ref, "OFFER_ANOTHER_TIME", why))
        what = acts.Pencil(slot, new_uid(loaded.rules)) if is_further else acts.OfferTime(slot)
        change = cases.change_for(loaded, what, by=by, now=now)
        cases.write(connection, [change], now)
    return _plan(change)


def _is_to_be_seen(loaded: Loaded) -> bool:
    assert isinstance(loaded.facts, CaseFacts)
    return loaded.facts.session is not None and loaded.facts.session.is_live


def offer_exchange(uow: UnitOfWork, ref: str, *, wanted_by: str, now: datetime, by: str) -> Plan[CaseFacts]:
    """Ask an agency whether it would take the time of another, *wanted_by*, that has asked for one.

    Several may be asked; the first that accepts changes places.
    """
    with uow.write() as connection:
        hold_slots(connection, ref)
        asking, loaded = cases.one_case(connection, wanted_by), cases.one_case(connection, ref)
        if asking.cycle_id != loaded.cycle_id or asking.id == loaded.id:
            raise RefusedError(NotNow(ref, _SWAP, f"{asking.ref} is no other case of its cycle; name one."))
        if _session_to_come(asking).asked_at is None:
            why = f"{asking.ref} has not asked for another time; note it with `s11flow panel ask {asking.ref}`."
            raise RefusedError(NotNow(loaded.ref, _SWAP, why))
        slot = _place_of(connection, asking, loaded)
        change = cases.change_for(loaded, acts.OfferTime(slot, asking.ref), by=by, now=now)
        cases.write(connection, [change], now)
    return _plan(change)


def accept_offer(uow: UnitOfWork, ref: str, *, now: datetime, by: str) -> tuple[Plan[CaseFacts], ...]:
    """The agency takes the time it was offered: only now is its old one free; its deadline stays.

    In an exchange both agencies move, and whoever else was asked is offered it no more. Raises RefusedError when
    nothing is offered, or the time is not to be had any more.
    """
    with uow.write() as connection:
        hold_slots(connection, ref)
        loaded = cases.one_case(connection, ref)
        assert isinstance(loaded.facts, CaseFacts)
        session = loaded.facts.session
        if session is None or not session.is_live or session.offered_at is None:
            raise RefusedError(NotNow(ref, "ACCEPT_THE_OFFERED_TIME", "it has been offered none."))
        if session.offered_for is not None:
            changes = _taken_in_exchange(connection, loaded, session, by=by, now=now)
        else:
            changes = [_taken_up(connection, loaded, session.offered_at, by=by, now=now)]
            changes += lapsed(connection, changes, by=by, now=now)
        cases.write(connection, changes, now)
    return tuple(_plan(change) for change in changes)


def _taken_up(connection: Connection, loaded: Loaded, at: datetime, *, by: str, now: datetime) -> Change:
    loaded = _on_day(connection, loaded.ref, london.day_of(at), SessionEvent.MOVE, by=by, now=now)
    slot = _free_slot(connection, loaded, at, SessionEvent.MOVE)
    # The business unit has offered it: that is the Business Manager's word, should one be needed.
    return cases.change_for(loaded, acts.Move(slot, "agency", "the time it was offered", allowed=True), by=by, now=now)


def _taken_in_exchange(
    connection: Connection, loaded: Loaded, session: Session, *, by: str, now: datetime
) -> list[Change]:
    asking = cases.one_case(connection, str(session.offered_for))
    theirs = _session_to_come(asking)
    if theirs.asked_at is None or theirs.starts_at != session.offered_at:
        why = f"{asking.ref} needs it no more; its own time stays as it is, so decline the offer."
        raise RefusedError(NotNow(loaded.ref, "ACCEPT_THE_OFFERED_TIME", why))
    reason = "two agencies have changed places"
    changes = _exchange(connection, asking.ref, loaded.ref, "agency", reason, False, True, by=by, now=now)
    return [*changes, *lapsed(connection, changes, by=by, now=now, why="another agency has taken it")]


def decline_offer(uow: UnitOfWork, ref: str, *, now: datetime, by: str, reason: str = "") -> Plan[CaseFacts]:
    """The agency does not take the time it was offered, which is free again; its own stays."""
    return cases.act(uow, ref, acts.DeclineTime(reason), by=by, now=now)


# --- what happened ----------------------------------------------------------------------------------------------------


def record(
    uow: UnitOfWork,
    ref: str,
    outcome: Literal["attended", "in-part", "absent"],
    *,
    now: datetime,
    by: str,
    minutes: int | None = None,
    notice: bool = False,
    came: Sequence[str] = (),
) -> Plan[CaseFacts]:
    """Record what happened at the session; having attended, the case is considered by the panel.

    *came* is who came, each by name, role or address. If none of them is named on the register, the senior leader is
    told (case 27).
    """
    return cases.act(uow, ref, acts.Record(outcome, minutes, notice, tuple(came)), by=by, now=now)


def cancel(uow: UnitOfWork, ref: str, *, reason: str, now: datetime, by: str) -> Plan[CaseFacts]:
    """Cancel the live session; attendees get a calendar cancellation."""
    with uow.write() as connection:
        hold_slots(connection, ref)
        change = cases.change_for(cases.one_case(connection, ref), acts.CancelSession(reason), by=by, now=now)
        cases.write(connection, [change, *lapsed(connection, [change], by=by, now=now)], now)
    return _plan(change)


def reply(
    uow: UnitOfWork,
    ref: str,
    attendee: str,
    answer: Literal["accepted", "declined", "tentative"],
    *,
    now: datetime,
    by: str,
) -> Plan[CaseFacts]:
    """Record an attendee's answer to the invitation; a later one replaces it."""
    return cases.act(uow, ref, acts.ReplyToInvitation(attendee.strip(), answer), by=by, now=now)


# --- interests --------------------------------------------------------------------------------------------------------


def declare_interest(uow: UnitOfWork, ref: str, member: str, *, reason: str, now: datetime, by: str) -> Plan[CaseFacts]:
    """A member of the panel, or the Chair, by role, takes no part in what concerns the agency (case 28).

    Raises RefusedError when there is no such member, or they take no part already.
    """
    return cases.act(uow, ref, acts.DeclareInterest(member, reason), by=by, now=now)


def withdraw_interest(
    uow: UnitOfWork, ref: str, member: str, *, reason: str, now: datetime, by: str
) -> Plan[CaseFacts]:
    """An interest that was declared is none, or has ended; one of who belongs to the agency is not declared."""
    return cases.act(uow, ref, acts.WithdrawInterest(member, reason), by=by, now=now)


def quorum_of(uow: UnitOfWork, ref: str) -> str:
    """Who of the panel leaves for a case, and whether the rest are a quorum, in a sentence or two."""
    with uow.read() as connection:
        (loaded,) = load_cases(connection, [queries.subject_by_ref(connection, ref).id])
    assert isinstance(loaded.facts, CaseFacts)
    return quorum_sentence(loaded.rules.definition, loaded.facts)
