"""A letter that left by mistake (case 59): it cannot be unsent, so that another one answers it and puts it right.

Both stay in the outbox and name each other. What the letter put into its reader's diary is taken out again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from email.parser import BytesHeaderParser
from typing import Any

import orjson
from sqlalchemy import Connection, select

from calendars import london
from calendars.invitation import Invitation
from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain.agenda import next_due_at
from s11flow.domain.errors import NotNow, RefusedError
from s11flow.domain.model import Entry, Letter, MessageState, Note, Plan
from s11flow.domain.state_facts import facts_of
from s11flow.letters.blocks import Slot
from s11flow.letters.compose import calendar_of
from s11flow.letters.contexts import KINDS
from s11flow.services import cases, outbox
from s11flow.services.subjects import Change, load, save

_WHAT = "CORRECT"
_GONE = frozenset({MessageState.WITHDRAWN, MessageState.SUPERSEDED, MessageState.EXPIRED, MessageState.BOUNCED})
_WORKS: Mapping[MessageState, str] = {
    MessageState.QUEUED: "withdraw it instead; it has not left",
    MessageState.DELAYED: "withdraw it instead; it has not left",
    MessageState.HELD: "withdraw it instead; it has not left",
    MessageState.SENDING: "wait until it is known what became of it",
    MessageState.UNCERTAIN: "find out whether it arrived, and say so with `outbox arrived` or `outbox withdraw`",
    MessageState.FAILED: "withdraw it instead; it never left",
}


@dataclass(frozen=True, slots=True)
class Corrected:
    """The letter that was wrong and the one that puts it right, by number; what it does to the reader's diary."""

    letter: int
    by_letter: int
    to: str
    diary: str

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on."""
        return {"letter": self.letter, "corrected_by": self.by_letter, "to": self.to, "diary": self.diary}


def correct(uow: UnitOfWork, message_id: int, *, wrong: str, right: str = "", now: datetime, by: str) -> Corrected:
    """Owe whoever got a letter one that answers it: what was wrong with it, and what is right.

    An invitation is called off for that reader alone, under the same UID; the session stays. Raises UnknownError, and
    RefusedError for a letter that has not left, or that another one has put right already.
    """
    with uow.write() as connection:
        subject = outbox.held_subject(connection, outbox.letter(connection, message_id).subject_id)
        row = outbox.letter(connection, message_id)  # as it stands, now that nobody else changes it
        earlier = outbox.corrections(connection).get(message_id, [])
        _refuse(row, subject, wrong, earlier)
        cases.settle_first(connection, [subject.id], subject.kind, now)
        (loaded,) = load(connection, [subject.id], subject.kind)
        facts: Any = loaded.facts
        if outbox.CORRECTION in loaded.rules.definition.letters_off:
            why = f"the definition has letters of the kind {outbox.CORRECTION} switched off; write to them yourself."
            raise RefusedError(NotNow(outbox.name_of(row), _WHAT, why))
        meeting, diary = _in_diary(connection, row, now)
        key = f"{outbox.CORRECTION}@m{message_id}" + (f"-{len(earlier) + 1}" if earlier else "")
        letter = Letter(
            outbox.CORRECTION, key, now, "a letter that left by mistake is put right", facts,
            about=_about(row, meeting, now), private={"address": row.to_address, "wrong": wrong, "right": right},
        )  # fmt: skip
        entry = Entry(
            now, Note.LETTER_CORRECTED, "letter", cause=f"the {row.kind.replace('_', ' ')} left by mistake",
            data={"key": row.dedupe_key}, private={"wrong": wrong, "right": right}, letters=(key,),
        )  # fmt: skip
        plan = Plan(facts, (entry,), (letter,), next_due_at=next_due_at(loaded.rules, facts))
        save(connection, [Change(loaded, plan, actor=by)], now)
        made = outbox.corrections(connection)[message_id][-1]
    return Corrected(message_id, made.id, row.to_address, diary)


def _refuse(row: Any, subject: Any, wrong: str, earlier: Iterable[Any]) -> None:
    status = MessageState[row.status]
    if not wrong.strip():
        raise RefusedError(NotNow(outbox.name_of(row), _WHAT, "say what was wrong with it; its reader is told."))
    if status != MessageState.SENT:
        works = _WORKS.get(status, "nobody got it, so that nobody has to be told")
        raise RefusedError(NotNow(outbox.name_of(row), _WHAT, f"it is {facts_of(status).staff}; {works}."))
    if standing := [each for each in earlier if MessageState[each.status] not in _GONE]:
        why = f"letter {standing[-1].id} puts it right already; if that is wrong too, correct that one."
        raise RefusedError(NotNow(outbox.name_of(row), _WHAT, why))
    if subject.is_parked:
        why = f"{subject.ref} is set aside; see `s11flow incident list`, and release it first."
        raise RefusedError(NotNow(outbox.name_of(row), _WHAT, why))


def _about(row: Any, meeting: Invitation | None, now: datetime) -> dict[str, object]:
    about: dict[str, object] = {
        "recipient": row.recipient,
        "case_ref": row.case_ref,
        "agency": row.agency,
        "subject_line": row.subject_line,
        "sent_at": london.iso(row.sent_at),
        "references": [*_references(row.raw), row.message_id],
    }
    if meeting is not None:
        slot = Slot(**orjson.loads(row.context)["slot"])
        taken_out = replace(slot, sequence=slot.sequence + 1, revised_at=london.iso(now), answered="")
        about |= {"slot": asdict(taken_out), "diary": [meeting.summary, meeting.description]}
    return about


def _references(raw: bytes | None) -> list[str]:
    return [] if raw is None else str(BytesHeaderParser().parsebytes(raw).get("References", "")).split()


# --- the reader's diary -----------------------------------------------------------------------------------------------


def _in_diary(connection: Connection, row: Any, now: datetime) -> tuple[Invitation | None, str]:
    """The meeting that is to be taken out of the reader's diary, if any, and a sentence about it.

    Raises RefusedError where a later letter has changed it: what is to be called off is what that one put there.
    """
    meeting = calendar_of(row.kind, row.context)
    if meeting is None:
        return None, ""
    if KINDS[row.kind].calendar == "CANCEL":
        return None, "What it took out of its reader's diary is not put back; move the session, or invite again."
    later = [each for each in _later(connection, row) if calendar_uid(each) == meeting.uid]
    if later and KINDS[later[-1].kind].calendar == "CANCEL":
        return None, f"Letter {later[-1].id} has taken its entry out of the diary already."
    if later:
        why = f"letter {later[-1].id} has changed the same entry of a diary since; correct, or withdraw, that one."
        raise RefusedError(NotNow(outbox.name_of(row), _WHAT, why))
    if meeting.ends_at <= now:
        return None, "What it put into a diary is over, and stays there."
    return meeting, "Its entry is taken out of the reader's diary; for everybody else the session stays as it is."


def _later(connection: Connection, row: Any) -> list[Any]:
    table = queries.message
    with_calendar = [name for name, kind in KINDS.items() if kind.calendar]
    statement = (
        select(table)
        .where(table.c.subject_id == row.subject_id, table.c.id > row.id, table.c.kind.in_(with_calendar))
        .where(table.c.status.not_in([state.value for state in _GONE]))
        .order_by(table.c.id)
    )
    return [each for each in connection.execute(statement) if each.to_address.casefold() == row.to_address.casefold()]


def calendar_uid(row: Any) -> str:
    """The UID of the calendar part that a letter carries, or nothing."""
    meeting = calendar_of(row.kind, row.context)
    return "" if meeting is None else meeting.uid
