"""A cycle keeps the definition, the letters and the bank holidays it was opened with, whatever is shipped later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select, update

from db import queries
from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from notifications.mailer import FolderMailer
from notifications.policy import PostPolicy
from s11flow.cycles import shipped
from s11flow.domain.model import Entry, Note
from s11flow.letters.templates import shipped_templates
from s11flow.services import agencies, outbox, record, rulebooks
from s11flow.services.delivery import deliver
from s11flow.services.doctor import read_record
from s11flow.services.forecast import forecast
from s11flow.services.tick import tick
from tests.stories.year import CODE, at, broken, letters, opened, registered

FOLDER = PostPolicy("demo", is_folder=True)


def _of_then() -> str:
    """Last year's definition: its first reminder left five weeks before the target, not four."""
    old = shipped().replace('name = "target-28d"', 'name = "target-35d"').replace("days = -28,", "days = -35,")
    assert old != shipped()
    return old


def _letters_of_then() -> dict[str, str]:
    now = shipped_templates()
    return {
        **now,
        "report_request/subject": "As we wrote last year: your report ({{ ref }})",
        "report_request/body": "Every autumn since the Act we ask for your report.\n\n" + now["report_request/body"],
    }


@pytest.fixture
def upgraded(sqlite_url: str) -> Iterator[UnitOfWork]:
    """A cycle opened by last year's release; then, in the week before the requests, this year's is installed."""
    engine = open_engine(sqlite_url)
    uow = registered(UnitOfWork(engine), definition=_of_then())
    opened(uow, templates=_letters_of_then())
    tick(uow, now=at("2026-06-29 09:00"))
    before = forecast(uow, now=at("2026-06-30 09:00"))

    assert not agencies.init_partnership(uow, shipped(), now=at("2026-06-30 09:00")).same_definition
    with uow.write() as connection:  # and somebody lets the partnership run by the new definition from here on
        digest = rulebooks.pin(connection, "definition", shipped())
        (home,) = queries.partnerships(connection)
        was = record.left(connection, {home.id: {("partnership", None)}})[home.id]
        connection.execute(update(queries.partnership).values(definition_sha256=digest))
        entry = Entry(at("2026-06-30 09:00"), Note.SET_UP, "partnership", data={"definition": digest})
        agencies.record(connection, home.id, entry, now=at("2026-06-30 09:00"), by="clerk", was=was)
    rulebooks._BUILT.clear()  # a new release is a new process

    assert forecast(uow, now=at("2026-06-30 09:00")) == before
    yield uow
    engine.dispose()


def test_its_letters_leave_by_the_definition_and_in_the_words_of_then(upgraded: UnitOfWork, tmp_path: Path) -> None:
    for now in (at("2026-07-06 09:00"), at("2026-09-04 09:00"), at("2026-09-11 09:00")):
        tick(upgraded, now=now)
        deliver(upgraded, FolderMailer(tmp_path / "outbox"), FOLDER, now=now)

    rungs = {key.split("/")[-2] for key, _, _ in letters(upgraded, "reminder")}
    assert rungs == {"target-35d@2026-10-09"}
    with upgraded.read() as connection:
        (asked, *_) = outbox.list_messages(connection, kind="report_request", case="GSCP-2026-01")
        assert asked["subject_line"] == "As we wrote last year: your report (GSCP-2026-01)"
        text = outbox.show(connection, asked["id"])["text"]
        assert text.startswith("Every autumn since the Act we ask for your report.")
    assert broken(upgraded, now=at("2026-09-11 09:00")) == ()


def test_the_next_cycle_has_the_new_ones(upgraded: UnitOfWork) -> None:
    now = at("2027-06-01 09:00")
    opened(upgraded, year=2027, panel_days=[date(2027, 11, 9)], now=now)

    ahead = [draft for draft in forecast(upgraded, now=now) if draft.subject == "GSCP-2027-01"]

    first = next(draft for draft in ahead if draft.kind == "reminder")
    assert first.dedupe_key == "GSCP/2027/01/reminder/target-28d@2027-10-08/contact"
    assert {draft.subject_line for draft in ahead if draft.kind == "report_request"} == {
        "Please send your Section 11 report for 2027: Children's Social Care (GSCP-2027-01)"
    }


def test_doctor_sees_what_is_different(upgraded: UnitOfWork) -> None:
    with upgraded.read() as connection:
        record = read_record(connection, CODE, definition=shipped(), templates=shipped_templates())

    assert [(cycle.ref, cycle.has_other_letters, cycle.has_other_definition) for cycle in record.cycles] == [
        ("GSCP-2026", True, True)
    ]
    assert record.is_shipped


def test_what_a_cycle_runs_by_is_kept_by_its_own_digest(upgraded: UnitOfWork) -> None:
    with upgraded.read() as connection:
        (row,) = queries.cycles(connection)
        kept = queries.contents(connection, [row.definition_sha256, row.templates_sha256, row.holidays_sha256])
        kinds = dict(connection.execute(select(queries.content.c.sha256, queries.content.c.kind)).all())

    assert kept[row.definition_sha256] == _of_then()
    assert kept[row.templates_sha256] == rulebooks.templates_text(_letters_of_then())
    assert '"2026-12-28"' in kept[row.holidays_sha256]  # Boxing Day's substitute
    assert [kinds[digest] for digest in (row.definition_sha256, row.templates_sha256, row.holidays_sha256)] == [
        "definition",
        "templates",
        "holidays",
    ]
