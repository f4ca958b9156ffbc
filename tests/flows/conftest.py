"""A small register in a real SQLite file, which the flows find through the environment as they do at work."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from db import queries
from s11flow.app import App, build_app
from s11flow.cycles import shipped
from s11flow.letters.templates import shipped_templates
from s11flow.services.agencies import import_register, init_partnership
from s11flow.services.cycles import open_cycle

OPENED = datetime(2026, 6, 1, 8, tzinfo=UTC)
PANEL_DAYS = [date(2026, 11, 10), date(2026, 11, 12)]
REGISTER = """\
code,name,category,status,contact_name,contact_role,contact_email,senior_leader_email
01,Children's Social Care,local authority,active,,Head of Quality,quality@children.example,director@children.example
05A,Shire Council,district,active,,Safeguarding Lead,lead@shire.example,chief@shire.example
12,Probation Service,criminal justice,active,,Senior Officer,officer@probation.example,head@probation.example
"""


@pytest.fixture
def house(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """An app on a register of three agencies without a cycle; flows that are called open the same database."""
    monkeypatch.setenv("S11FLOW_DATABASE_URL", sqlite_url)
    monkeypatch.chdir(tmp_path)
    with closing(build_app()) as app:
        init_partnership(app.unit_of_work, shipped(), now=OPENED)
        imported = import_register(app.unit_of_work, REGISTER, partnership="GSCP", now=OPENED, by="business_unit")
        assert imported.refused == ()
        yield app


@pytest.fixture
def app(house: App) -> App:
    """The same with the cycle of 2026 open."""
    open_cycle(
        house.unit_of_work,
        partnership="GSCP",
        year=2026,
        panel_days=PANEL_DAYS,
        templates=shipped_templates(),
        now=OPENED,
        by="business_unit",
    )
    return house


def queued(app: App) -> list[str]:
    """The dedupe keys of all that is in the outbox, in the order of their text."""
    with app.unit_of_work.read() as connection:
        return sorted(connection.scalars(select(queries.message.c.dedupe_key)))
