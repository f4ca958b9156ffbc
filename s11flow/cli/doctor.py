"""`s11flow doctor`: what is wrong or risky here, each with its cure."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from db.errors import DatabaseProblem
from s11flow.cli import show
from s11flow.cli.frame import Exit, opened
from s11flow.cli.options import AsJson, Now, Partnership

if TYPE_CHECKING:
    from datetime import datetime

    from s11flow.app import App
    from s11flow.services.doctor import Examined
    from s11flow.services.doctor.facts import Facts, Record, Store


def doctor(partnership: Partnership = None, now: Now = None, as_json: AsJson = False) -> None:
    """Say what is wrong, risky or waiting, each with its cure.

    And what the DNS should say of the sender; nothing is looked up there, and nothing is changed. It ends with 3 when a
    person is needed, with 4 when there is no database to work with."""
    with opened() as app:
        from s11flow.services.doctor import examine

        facts = _facts(app, partnership, app.now(now, dry_run=True))
        found = examine(facts)
    show.answer(found.as_json(), as_json=as_json, plain=lambda: _tell(found))
    if facts.record is None:
        raise typer.Exit(Exit.NOT_CONFIGURED)
    if found.findings:
        raise typer.Exit(Exit.PERSON)


def _tell(found: Examined) -> None:
    if not found.findings:
        show.line("Nothing needs a person.")
    for sentence in found.findings:
        show.line(f"- {sentence}")
    if found.notices:
        show.line("Good to know:")
    for sentence in found.notices:
        show.line(f"- {sentence}")
    if found.dns:
        show.line("For the DNS (`dig +short TXT` and the name says what stands there now):")
    for record in found.dns:
        show.line(f"- {record.line}")
        show.line(f"  {record.note}")


def _facts(app: App, partnership: str | None, now: datetime) -> Facts:
    from s11flow.services.doctor import look_around
    from s11flow.services.doctor.facts import Facts

    store, record = _database(app, partnership)
    machine = look_around(app.settings, app.policy, os.environ, root=app.root)
    return Facts(now=now, settings=app.settings, policy=app.policy, machine=machine, store=store, record=record)


def _database(app: App, partnership: str | None) -> tuple[Store, Record | None]:
    """The database, and what it says of the partnership: nothing unless it can be opened and has our tables."""
    from s11flow.app import NotMigrated, refuse_missing
    from s11flow.services.doctor import look_at_store
    from s11flow.services.doctor.facts import Store

    try:
        refuse_missing(app.settings.database_url)
        store = look_at_store(app.engine, clock=app.clock)
    except (DatabaseProblem, NotMigrated) as problem:
        return Store(unusable=str(problem)), None
    return _record(app, store, partnership) if store.revision == store.head else (store, None)


def _record(app: App, store: Store, partnership: str | None) -> tuple[Store, Record | None]:
    from db import queries
    from s11flow.cycles import shipped
    from s11flow.letters.templates import shipped_templates
    from s11flow.services.doctor import read_record
    from s11flow.services.partnerships import find_partnership

    with app.unit_of_work.read() as connection:
        if not queries.partnerships(connection):
            return replace(store, unusable="There is no partnership here yet; run `s11flow init` first."), None
    code = find_partnership(app.unit_of_work, partnership)
    with app.unit_of_work.read() as connection:
        return store, read_record(connection, code, definition=shipped(), templates=shipped_templates())
