"""Reads from the database what the doctor wants to know of a partnership: register, cycles, clocks, what waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, func, select

from calendars.bank_holidays import england_and_wales
from db import queries
from s11flow.cycles import read_definition
from s11flow.domain.model import AgencyStatus, CycleState
from s11flow.services import rulebooks
from s11flow.services.bank_holidays import holiday_difference
from s11flow.services.doctor.facts import Record, Registered, Running, SetAside
from s11flow.services.doctor.rules import WAIT_FOR_A_PERSON
from s11flow.services.heartbeat import last_beats
from s11flow.services.incidents import parked


def read_record(connection: Connection, partnership: str, *, definition: str, templates: Mapping[str, str]) -> Record:
    """Gather what the doctor's rules want to know of *partnership*.

    *definition* and *templates* are the texts that are shipped.
    """
    here = queries.partnerships(connection)
    (home,) = (row for row in here if row.code == partnership)
    own = queries.contents(connection, [home.definition_sha256])[home.definition_sha256]
    shipped = rulebooks.templates_text(dict(templates))
    return Record(
        partnership=partnership,
        definition=read_definition(own, source=f"the definition of {partnership}"),
        is_shipped=own == definition,
        register=tuple(map(_registered, queries.agencies(connection, partnership))),
        cycles=tuple(_running(connection, partnership, home.definition_sha256, shipped)),
        set_aside=tuple(
            SetAside(ref=item.ref, since=item.since, why=item.why) for item in parked(connection, partnership)
        ),
        waiting=_waiting(connection, partnership),
        beats={name: beat.at for name, beat in last_beats(connection).items()},
        mail_is_for=here[0].code,
        others=tuple(row.code for row in here if row.code != partnership),
    )


def _registered(row: Any) -> Registered:
    return Registered(
        code=row.code,
        name=row.name,
        category=row.category,
        status=AgencyStatus(row.status),
        is_member=row.lead is not None,
        contact=row.contact_email,
        senior_leader=row.senior_leader_email,
        others=tuple(filter(None, (row.deputy_email, row.data_protection_email, *row.attendee_emails.split(";")))),
    )


def _running(connection: Connection, partnership: str, definition: str, templates: str) -> Iterator[Running]:
    for row in queries.cycles(connection):
        if row.partnership != partnership or row.state == CycleState.CLOSED.name:
            continue
        published = england_and_wales(range(row.year - 1, row.year + 3))
        new, gone = holiday_difference(connection, row, published)
        letters = queries.contents(connection, [row.templates_sha256])[row.templates_sha256]
        yield Running(
            ref=row.ref,
            code=row.code,
            new_holidays=new,
            gone_holidays=gone,
            has_other_letters=letters != templates,
            has_other_definition=row.definition_sha256 != definition,
        )


def _waiting(connection: Connection, partnership: str) -> dict[str, int]:
    message, subject = queries.message, queries.subject
    statement = (
        select(message.c.status, func.count())
        .join(subject, message.c.subject_id == subject.c.id)
        .where(subject.c.partnership == partnership, message.c.status.in_([s.name for s in WAIT_FOR_A_PERSON]))
        .group_by(message.c.status)
    )
    return {row[0].lower(): row[1] for row in connection.execute(statement)}
