"""Decides on another time for a session: asked for, offered, declined. The old one is kept until it moves. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from calendars import london
from s11flow.domain import acts
from s11flow.domain.decide.parts import Decision, event_letter
from s11flow.domain.decide.sessions import beyond_free_requests
from s11flow.domain.errors import NotNow
from s11flow.domain.model import CaseFacts, Entry, Note, Plan, Session
from s11flow.domain.timetable import Rulebook

_ASK, _OFFER, _DECLINE = "ASK_FOR_ANOTHER_TIME", "OFFER_ANOTHER_TIME", "DECLINE_THE_OFFERED_TIME"


def ask_for_another_time(rules: Rulebook, facts: CaseFacts, act: acts.AskForAnotherTime, at: datetime) -> Decision:
    """Note that the agency asks for another time; its session stays where it is (case 22)."""
    session = _to_come(facts, _ASK, at)
    if isinstance(session, NotNow):
        return session
    if (refused := beyond_free_requests(rules, facts, session, _ASK, allowed=act.allowed)) is not None:
        return refused
    if act.wanted is not None and act.wanted <= at:
        return NotNow(facts.ref, _ASK, f"{london.spell(act.wanted)} has passed; name a later time, or none.")
    asks = session.asks if session.asked_at is not None else session.asks + 1
    asked = replace(session, asks=asks, asked_at=at, wanted_at=act.wanted)
    entry = Entry(
        at, Note.TIME_ASKED, f"s{session.number}", cause="the agency asks for another time",
        data={"wanted": None if act.wanted is None else london.iso(act.wanted), "asks": asks, "allowed": act.allowed},
        private={"reason": act.reason} if act.reason else {},
    )  # fmt: skip
    return Plan(replace(facts, session=asked), (entry,))


def offer_time(rules: Rulebook, facts: CaseFacts, act: acts.OfferTime, at: datetime) -> Decision:
    """Offer the agency another time, and keep both until it has answered."""
    session, slot = _to_come(facts, _OFFER, at), act.slot
    if isinstance(session, NotNow):
        return session
    if slot.starts_at <= at:
        return NotNow(facts.ref, _OFFER, f"{london.spell(slot.starts_at)} has passed; offer a later time.")
    if slot.starts_at == session.starts_at:
        return NotNow(facts.ref, _OFFER, f"its session is at {london.spell(session.starts_at)} already.")
    offered = replace(session, offered_at=slot.starts_at, offered_for=act.exchange_with)
    after = replace(facts, session=offered)
    letter = event_letter(after, "time_offered", at, "another time with the panel is offered")
    about: dict[str, object] = {"offered": london.spell(slot.starts_at), "exchange": act.exchange_with is not None}
    letter = replace(letter, about=about, valid_until=min(session.starts_at, slot.starts_at))
    entry = Entry(
        at, Note.TIME_OFFERED, f"s{session.number}", cause=london.spell(slot.starts_at),
        data={"offered": london.iso(slot.starts_at), "exchange_with": act.exchange_with}, letters=(letter.due_key,),
    )  # fmt: skip
    return Plan(after, (entry,), (letter,), stops=frozenset({"time_offered"}))


def decline_time(rules: Rulebook, facts: CaseFacts, act: acts.DeclineTime, at: datetime) -> Decision:
    """The offered time is not taken: the session stays where it is, the other time is free again."""
    session = facts.session
    if session is None or session.offered_at is None:
        return NotNow(facts.ref, _DECLINE, "it has been offered none.")
    entry = Entry(
        at, Note.TIME_DECLINED, f"s{session.number}", cause=london.spell(session.offered_at),
        data={"offered": london.iso(session.offered_at), "exchange_with": session.offered_for},
        private={"reason": act.reason} if act.reason else {},
    )  # fmt: skip
    kept = replace(session, offered_at=None, offered_for=None)
    return Plan(replace(facts, session=kept), (entry,), stops=frozenset({"time_offered"}))


def _to_come(facts: CaseFacts, what: str, at: datetime) -> Session | NotNow:
    session = facts.session
    if session is None or not session.is_live:
        return NotNow(facts.ref, what, "it has no session to come; give it one with `s11flow panel offer`.")
    if session.starts_at <= at:
        return NotNow(facts.ref, what, f"its session began on {london.spell(session.starts_at)}; record it.")
    return session
