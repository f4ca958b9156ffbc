"""Looks an installation over: what a person should see to, each with its cure, and what is only good to know."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from calendars import london
from calendars.bank_holidays import england_and_wales
from db import queries
from db.unit_of_work import UnitOfWork
from notifications.policy import PostPolicy
from s11flow.domain.model import CycleState, MessageState
from s11flow.services import rulebooks
from s11flow.services.bank_holidays import holiday_difference
from s11flow.services.heartbeat import STALE, last_beats
from s11flow.services.incidents import parked

_WATCHED = ("tick", "deliver")


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found: `findings` need a person, `notices` are differences that may be meant."""

    findings: tuple[str, ...]
    notices: tuple[str, ...]

    def as_json(self) -> dict[str, list[str]]:
        """The shape scripts rely on."""
        return {"findings": list(self.findings), "notices": list(self.notices)}


def examine(
    uow: UnitOfWork,
    *,
    partnership: str,
    policy: PostPolicy,
    documents_dir: Path,
    definition: str,
    templates: Mapping[str, str],
    now: datetime,
) -> Examined:
    """Look the installation over as of *now*; *definition* and *templates* are the texts that are shipped."""
    with uow.read() as connection:
        cycles = [
            row
            for row in queries.cycles(connection)
            if row.partnership == partnership and row.state != CycleState.CLOSED.name
        ]
        findings = [
            *_mail(policy),
            *_documents(documents_dir),
            *_parked(connection, partnership),
            *_letters(connection, partnership),
            *(_beats(connection, now) if cycles else ()),
            *(finding for row in cycles for finding in _holidays(connection, row)),
        ]
        notices = [
            *_definition(connection, partnership, definition),
            *(notice for row in cycles for notice in _pins(connection, row, templates)),
        ]
    return Examined(tuple(findings), tuple(notices))


def _mail(policy: PostPolicy) -> Iterator[str]:
    if policy.mode == "live" and policy.is_folder:
        yield "This is live, and letters go to a folder and to nobody; set S11FLOW_MAIL_URL to the mail server."
    if policy.mode == "demo" and not policy.is_folder:
        yield "A demonstration sends nothing by a mail server; set S11FLOW_MAIL_URL to folder:outbox."
    if policy.mode == "trial" and not (policy.is_folder or policy.allow or policy.redirect):
        yield (
            "This is a trial in which every letter is held; set S11FLOW_MAIL_ALLOW or S11FLOW_MAIL_REDIRECT, "
            "or S11FLOW_MODE to live."
        )


def _documents(folder: Path) -> Iterator[str]:
    """A report that comes must find room: the folder, or the first one above it that is there, can be written."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        yield f"Reports cannot be kept in {folder}; set S11FLOW_DOCUMENTS_DIR to a folder that can be written."


def _parked(connection: Connection, partnership: str) -> Iterator[str]:
    for item in parked(connection, partnership):
        yield (
            f"{item.ref} is set aside since {london.spell(item.since)} ({item.why}); have it put right, then run "
            f"`s11flow incident release {item.ref}`."
        )


_WAIT_FOR_A_PERSON = (MessageState.FAILED, MessageState.UNCERTAIN, MessageState.BOUNCED, MessageState.HELD)


def _letters(connection: Connection, partnership: str) -> Iterator[str]:
    message, subject = queries.message, queries.subject
    statement = (
        select(message.c.status, func.count())
        .join(subject, message.c.subject_id == subject.c.id)
        .where(subject.c.partnership == partnership, message.c.status.in_([s.name for s in _WAIT_FOR_A_PERSON]))
        .group_by(message.c.status)
    )
    found: dict[str, int] = {row[0]: row[1] for row in connection.execute(statement)}
    for state in _WAIT_FOR_A_PERSON:
        if n := found.get(state.name):
            letters = f"1 letter is {state.name.lower()}" if n == 1 else f"{n} letters are {state.name.lower()}"
            yield f"{letters}; see `s11flow outbox list --status {state.name.lower()}`."


def _beats(connection: Connection, now: datetime) -> Iterator[str]:
    beats = last_beats(connection)
    for name in _WATCHED:
        if name not in beats:
            yield f"`s11flow {name}` has never run here; start `s11flow worker`, or the schedule."
        elif now - beats[name].at > STALE:
            at = london.spell(beats[name].at)
            yield f"`s11flow {name}` last ran on {at}; see that the worker or the schedule runs, and what its log says."


def _holidays(connection: Connection, row: Any) -> Iterator[str]:
    published = england_and_wales(range(row.year - 1, row.year + 3))
    added, gone = holiday_difference(connection, row, published)
    if added or gone:
        yield (
            f"{row.ref} does not have the bank holidays as they are published now (new: {_days(added)}; gone: "
            f"{_days(gone)}); `s11flow cycle adopt-holidays {row.code} --dry-run` shows what would move."
        )


def _days(days: Mapping[date, str]) -> str:
    return ", ".join(f"{london.spell_day(day)}, {why}" for day, why in sorted(days.items())) or "none"


def _definition(connection: Connection, partnership: str, shipped: str) -> Iterator[str]:
    (home,) = (row for row in queries.partnerships(connection) if row.code == partnership)
    own = queries.contents(connection, [home.definition_sha256])[home.definition_sha256]
    if own != shipped:
        yield f"{partnership} runs by a definition that is not the shipped one; nothing is to be done if that is meant."


def _pins(connection: Connection, row: Any, templates: Mapping[str, str]) -> Iterator[str]:
    pinned = queries.contents(connection, [row.templates_sha256])[row.templates_sha256]
    if pinned != rulebooks.templates_text(dict(templates)):
        yield f"{row.ref} keeps the letters it was opened with; the ones shipped now are used from the next cycle on."
