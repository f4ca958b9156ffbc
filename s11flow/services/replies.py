"""Applies what a calendar answered to an invitation, and remembers from which addresses people answer.

Reading twice, late or in another order changes nothing: an answer is recorded when it is newer than the one that is,
by the rule of `domain/replies`. What is stale or waits for a person writes nothing here; whoever collects the mail
keeps what became of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, update

from calendars import london
from calendars.reply import Reply
from db import queries
from db.unit_of_work import UnitOfWork
from notifications.address import check_address
from s11flow.domain import acts
from s11flow.domain.errors import UnknownError, WrongInputError
from s11flow.domain.model import NOT_HELD, CaseFacts, Entry, Note, PanelDayFacts, Plan, Session, SessionState
from s11flow.domain.replies import Guests, Heard, Outcome, Proposal, Verdict, Voice, Why, judge, newest, plausible
from s11flow.domain.step import settle
from s11flow.domain.timetable import Rulebook
from s11flow.services import agencies, cases, dossiers, record
from s11flow.services.invited_again import send_again
from s11flow.services.proposed import proposal_from
from s11flow.services.stored import agency_from
from s11flow.services.subjects import Change, Loaded, load, load_cases, save, session_from


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one reply, and of what it is: the reference of a case, of a panel day, or None."""

    subject: str | None
    verdict: Verdict

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        verdict = self.verdict
        return {
            "subject": self.subject,
            "outcome": verdict.outcome.value,
            "why": None if verdict.why is None else verdict.why.value,
            "attendee": verdict.attendee,
            "answer": None if verdict.answer is None else verdict.answer.answer,
            "proposes": None if verdict.proposal is None else london.iso(verdict.proposal.starts_at),
        }


def heard(reply: Reply, *, from_address: str, received_at: datetime, sent_at: datetime | None = None) -> Heard:
    """A reply as the rule hears it: with who sent it and when, from the mail around it (aware instants)."""
    voices = tuple(Voice(each.address, each.partstat, each.delegated_from) for each in reply.attendees)
    own_words = tuple(each.comment for each in reply.attendees if each.comment)
    return Heard(
        method=reply.method,
        voices=voices,
        from_address=from_address,
        received_at=received_at,
        sequence=reply.sequence,
        stamped_at=reply.stamped_at,
        sent_at=sent_at,
        starts_at=reply.starts_at,
        ends_at=reply.ends_at,
        of_series=reply.of_series,
        comment=reply.comment or "\n".join(own_words),
    )


def receive(
    uow: UnitOfWork,
    reply: Reply,
    *,
    from_address: str,
    received_at: datetime,
    now: datetime,
    by: str,
    sent_at: datetime | None = None,
) -> Settled:
    """Apply one reply, if it is sure what it says and still counts; the outcome says what became of it.

    *sent_at* is the mail's own date, *received_at* when it reached us. Nothing is raised for what a mail says.
    """
    with uow.write() as connection:
        said = heard(reply, from_address=from_address, received_at=received_at, sent_at=sent_at)
        return receive_in(connection, reply.uid, said, now=now, by=by)


def receive_in(connection: Connection, uid: str, said: Heard, *, now: datetime, by: str) -> Settled:
    """As `receive`, within the caller's transaction; *uid* is the reply's."""
    row = queries.session_of_uid(connection, uid) if uid else None
    if row is None:
        day = queries.panel_day_of_uid(connection, uid) if uid else None
        if day is None:
            return Settled(None, judge(None, Guests((), {}), said))
        return _from_the_panel(connection, day.subject_id, said, now, by)
    queries.lock(connection, [row.case_id])
    (loaded,) = load_cases(connection, [row.case_id])
    facts = _facts(loaded)
    session = _session(loaded, row, now)
    said = plausible(said, session.revision)
    verdict = judge(session, guests(connection, loaded), said, _proposals(connection, loaded.id, row.number))
    if verdict.answer is not None:
        _record_answer(connection, loaded, verdict, said, now, by)
    elif verdict.proposal is not None:
        _record_proposal(connection, loaded, row.number, verdict.proposal, now, by)
    elif verdict.outcome == Outcome.SENT_AGAIN:
        verdict = send_again(connection, loaded, row.number, verdict.attendee, now=now, by=by)
    return Settled(facts.ref, verdict)


def guests(connection: Connection, loaded: Loaded) -> Guests:
    """Who may answer for a case's session."""
    facts, words = _facts(loaded), loaded.rules.definition.partnership
    return Guests(facts.agency.invited, queries.aliases(connection, facts.partnership), (words.sender, words.mailbox))


def _session(loaded: Loaded, row: Any, now: datetime) -> Session:
    """The session as it stands at *now*; one before the case's last is as its row has it."""
    settled = settle(loaded.rules, _facts(loaded), now).facts
    if settled.session is not None and settled.session.number == row.number:
        return settled.session
    return session_from(row, {})


def _facts(loaded: Loaded) -> CaseFacts:
    assert isinstance(loaded.facts, CaseFacts)
    return loaded.facts


def _record_answer(
    connection: Connection, loaded: Loaded, verdict: Verdict, said: Heard, now: datetime, by: str
) -> None:
    assert verdict.answer is not None
    act = acts.ReplyToInvitation(verdict.attendee, verdict.answer.answer, verdict.answer, said.comment)
    cases.write(connection, [cases.change_for(loaded, act, by=by, now=now)], now)


# --- members of the panel, of their day ------------------------------------------------------------------------------


def _from_the_panel(connection: Connection, day_id: int, said: Heard, now: datetime, by: str) -> Settled:
    """A member's answer to the invitation to a panel day; any wish for another time is a person's to answer."""
    queries.lock(connection, [day_id])
    (loaded,) = load(connection, [day_id], "panel_day")
    assert isinstance(loaded.facts, PanelDayFacts)
    settled = settle(loaded.rules, loaded.facts, now)
    day = settled.facts
    words, people = loaded.rules.definition.partnership, loaded.rules.definition.people
    members = tuple(person.email for person in people.panel)
    who = Guests(members, queries.aliases(connection, day.partnership), (words.sender, words.mailbox))
    said = plausible(said, day.revision)
    verdict = judge(_as_session(loaded.rules, day), who, said)
    if verdict.proposal is not None:
        return Settled(day.ref, Verdict(Outcome.WAITS, Why.OF_THE_PANEL, verdict.attendee))
    if verdict.outcome == Outcome.SENT_AGAIN:  # with the whole pack: a person says whether
        return Settled(day.ref, Verdict(Outcome.WAITS, Why.ASKS_AGAIN, verdict.attendee))
    answers = None if verdict.answer is None else newest(day.answers, verdict.answer)
    if answers is not None and verdict.answer is not None:
        entry = Entry(
            now, Note.REPLY, "panel day", cause=verdict.answer.answer,
            data={"answer": verdict.answer.answer, "revision": day.revision},
            private={"attendee": verdict.attendee, **({"comment": said.comment} if said.comment else {})},
        )  # fmt: skip
        plan = settled.then(Plan(replace(day, answers=answers), (entry,), next_due_at=settled.next_due_at))
        change = Change(loaded, plan, actor=by, by_clock=len(settled.entries))
        dossiers.fill(connection, [change], now)
        save(connection, [change], now)
    return Settled(day.ref, verdict)


def _as_session(rules: Rulebook, day: PanelDayFacts) -> Session:
    """A panel day as something that its members are invited to."""
    panel, told_at = rules.definition.panel, day.told_at or day.added_at
    state = {"": SessionState.PENCILLED, NOT_HELD: SessionState.CANCELLED}.get(day.told, SessionState.INVITED)
    starts_at, ends_at = london.instant(day.on, panel.starts), london.instant(day.on, panel.ends)
    # Another running order leaves the time as it is: answers to an earlier one hold.
    return Session(0, state, 0, starts_at, ends_at, panel.place, day.uid, told_at, day.answers)


# --- proposals -------------------------------------------------------------------------------------------------------


def _proposals(connection: Connection, case_id: int, number: int) -> list[Proposal]:
    return [proposal_from(row) for row in queries.proposals(connection, case_id) if row.session == number]


def _record_proposal(
    connection: Connection, loaded: Loaded, number: int, proposal: Proposal, now: datetime, by: str
) -> None:
    """Keep a proposal until a person decides; an earlier one of the same attendee is overtaken by it."""
    settled = settle(loaded.rules, _facts(loaded), now)
    place = 1 + max((row.number for row in queries.proposals(connection, loaded.id)), default=0)
    entry = Entry(
        now, Note.PROPOSAL, f"s{number}", cause="proposed",
        data={"proposal": place, "decision": "", "starts_at": london.iso(proposal.starts_at)},
        private={"attendee": proposal.attendee, "comment": proposal.comment},
    )  # fmt: skip
    plan = settled.then(Plan(settled.facts, (entry,), next_due_at=settled.next_due_at))
    change = Change(loaded, plan, actor=by, by_clock=len(settled.entries)).writes(connection, "proposal")
    table = queries.proposal
    overtaken = (table.c.case_id == loaded.id) & (table.c.session == number) & (table.c.decision == "")
    same = table.c.attendee == proposal.attendee
    connection.execute(update(table).where(overtaken, same).values(decision="overtaken", decided_at=now))
    values = {
        "case_id": loaded.id, "number": place, "session": number, "attendee": proposal.attendee,
        "starts_at": proposal.starts_at, "ends_at": proposal.ends_at, "sequence": proposal.sequence,
        "at": proposal.at, "sent_at": proposal.sent_at, "comment": proposal.comment, "decision": "",
    }  # fmt: skip
    connection.execute(insert(table), values)
    cases.write(connection, [change], now)


# --- addresses to remember -------------------------------------------------------------------------------------------


def remember(uow: UnitOfWork, address: str, attendee: str, *, partnership: str, now: datetime, by: str) -> None:
    """Take what comes from *address* as from *attendee*, an address of the register, from now on.

    Raises WrongInputError for what is no address, or is invited itself; UnknownError where the register has no such
    attendee.
    """
    plain, stands_for = address.strip().casefold(), attendee.strip().casefold()
    if (fault := check_address(plain)) is not None:
        raise WrongInputError(f"{address} cannot be remembered: as an address it {fault}.")
    with uow.write() as connection:
        home = queries.subject_by_ref(connection, partnership)
        (loaded,) = load(connection, [home.id], "partnership")
        members = [person.email for person in loaded.rules.definition.people.panel]
        invited = [each for row in queries.agencies(connection, partnership) for each in _invited(row)]
        known = {each.casefold() for each in (*invited, *members)}
        contacts = {(row.contact_email or "").casefold() for row in queries.agencies(connection, partnership)}
        if not stands_for or stands_for not in known | contacts:
            raise UnknownError(f"Nobody is invited under {attendee}: see `s11flow agencies list` for who is.")
        if plain in known:
            raise WrongInputError(f"{address} is invited itself, and cannot stand for {attendee} as well.")
        _remember(connection, home.id, plain, stands_for, now, by)


def _invited(row: Any) -> tuple[str, ...]:
    return agency_from(row).invited


def _remember(connection: Connection, home_id: int, address: str, attendee: str, now: datetime, by: str) -> None:
    table = queries.alias
    called = record.alias_called(address)
    was = {which: found for owner, which, found in _kept(connection, home_id) if which == called}
    gone = (table.c.partnership_id == home_id) & (table.c.address == address)
    connection.execute(table.delete().where(gone))
    connection.execute(insert(table), {"partnership_id": home_id, "address": address, "attendee": attendee})
    now_there = {which: found for owner, which, found in _kept(connection, home_id) if which == called}
    entry = Entry(
        now, Note.ALIAS, "register", cause="an address was remembered", private={"address": address, "of": attendee}
    )
    agencies.record(connection, home_id, entry, now=now, by=by, rows=record.changed(was, now_there))


def _kept(connection: Connection, home_id: int) -> list[tuple[int, str, str]]:
    rows = record.ROOMS["alias"].rows(connection, [home_id])
    return [(owner, called, record.digest(row)) for owner, called, row in rows]
