"""The mail that a letter of the outbox becomes: written once, from its frozen context and its pinned templates."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.parser import BytesHeaderParser
from typing import Any

import orjson

from calendars import invitation, london
from notifications.message import Attachment, CalendarPart, Email, compose, message_id
from notifications.policy import Allowed, Redirected
from s11flow.letters.compose import calendar_of, write
from s11flow.letters.contexts import KINDS
from s11flow.services.forms import form_of

MEANT_FOR = "X-S11Flow-Original-To"
"""The header of a trial's redirected mail that says whom it was written to."""

_ANSWERS = frozenset({"receipt"})
"""Letters that answer a mail without a person: whoever else answers by program leaves them alone (RFC 3834)."""

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class Ready:
    """A letter ready for the mailer: its bytes, its Message-ID and whose mail it is."""

    raw: bytes
    message_id: str
    sender: str


def envelope(row: Any, decision: Allowed | Redirected, templates: Mapping[str, str], now: datetime) -> Ready:
    """The mail of a letter, dated *now* if it is written now; a letter that was written before keeps its bytes.

    It is written again only if its bytes are for another address than *decision* now gives: a trial became live, say.
    Raises TemplateError, RefusedHeader (both ValueError) and S11Error for a letter that cannot be written.
    """
    values = orjson.loads(row.context)
    house = values["house"]
    identity = message_id(row.dedupe_key, house["sender"].rpartition("@")[2])
    if row.raw is not None and _is_for(row.raw, decision):
        return Ready(row.raw, identity, house["sender"])
    context: str = row.context
    headers: tuple[tuple[str, str], ...] = ()
    if isinstance(decision, Redirected):
        templates, context = _marked(row, decision.original, templates)
        headers = ((MEANT_FOR, decision.original),)
    body = write(templates, row.kind, context, subject_line=row.subject_line)
    mail = Email(
        message_id=identity,
        date=london.local(now),
        sender_name=house["sender_name"],
        sender_address=house["sender"],
        to_address=decision.to,
        subject=row.subject_line,
        text=body.text,
        html=body.html,
        reply_to=house["mailbox"],
        calendar=_calendar(row),
        attachments=_attachments(values),
        headers=headers,
        in_reply_to=next(reversed(values.get("references", ())), None),
        references=tuple(values.get("references", ())),
        auto_submitted="auto-replied" if row.kind in _ANSWERS else "auto-generated",
    )
    return Ready(compose(mail), identity, house["sender"])


def _is_for(raw: bytes, decision: Allowed | Redirected) -> bool:
    head = BytesHeaderParser().parsebytes(raw)
    original = decision.original if isinstance(decision, Redirected) else None
    return bool(head["To"] == decision.to and head[MEANT_FOR] == original)


def _marked(row: Any, original: str, templates: Mapping[str, str]) -> tuple[Mapping[str, str], str]:
    """Templates and context of a trial's letter, whose first line says for whom it was meant."""
    name = f"{row.kind}/body"
    note = f"This is a trial. The letter below was written to {original} and was sent to you instead."
    marked = {name: "**{{ trial_note }}**\n\n" + templates[name]} if name in templates else {}
    return {**templates, **marked}, json.dumps({**json.loads(row.context), "trial_note": note})


def _attachments(values: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """The report form, with the request that names it."""
    form = values.get("form")
    return (Attachment(form["file"], form_of(values), _WORD),) if form else ()


def _calendar(row: Any) -> CalendarPart | None:
    meeting = calendar_of(row.kind, row.context)
    if meeting is None:
        return None
    method = KINDS[row.kind].calendar
    made = invitation.cancel(meeting) if method == "CANCEL" else invitation.request(meeting)
    return CalendarPart(made, method)


def file_stem(row: Any) -> str:
    """The name of a letter's file, the same whenever it is tried: `2026-10-20_0930_000123_reminder_GSCP-2026-05A`."""
    at = london.local(row.at)
    about = _UNSAFE.sub("-", row.case_ref or row.subject)
    return f"{at:%Y-%m-%d_%H%M}_{row.id:06}_{row.kind}_{about}"[:200]
