"""The awkward cases of real life as they are done: by commands, ticks and post, each by its number in the list."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import func, select

from calendars.bank_holidays import england_and_wales
from db import queries
from db.rehearsal import rehearsed
from db.unit_of_work import UnitOfWork
from notifications.policy import PostPolicy
from s11flow.domain import acts
from s11flow.domain.agenda import flags, is_late
from s11flow.domain.errors import RefusedError, WrongInputError
from s11flow.domain.model import CaseFacts, Track
from s11flow.letters.templates import shipped_templates
from s11flow.reports.shape import AgencyScores
from s11flow.services import (
    agencies,
    assessments,
    bank_holidays,
    cases,
    conclusion,
    cycles,
    inbox,
    panel_days,
    sessions,
)
from s11flow.services.reports import assurance_report
from s11flow.services.subjects import Loaded, load_cases
from s11flow.services.submissions import Documents, Received, choose, receive
from s11flow.services.tick import tick
from s11flow.services.verify import verify
from tests.remembered import once
from tests.services.post import DOWN, Server, answering, delivered
from tests.services.scene import (
    CODE,
    HEADER,
    OPENED,
    PANEL,
    ROWS,
    YEAR,
    at,
    digest_parts,
    judgement,
    queries_of,
    registered,
)

THURSDAY, NEXT_TUESDAY = date(2026, 11, 12), date(2026, 11, 17)
AUTUMN = at("2026-10-05 12:00")  # everybody was asked and invited, nobody has answered
DEADLINE = at("2026-10-20 17:00")
YEAR_END = at("2027-01-15 09:00")  # a week after the cut-off

YOUTH, STROUD, COTSWOLD, PRISONS, POLICE = (f"{CODE}-2026-{code}" for code in ("01", "02", "03", "04", "11"))
CHAIR, ALTERNATE = "executive-chair@police.example", "executive-partner@nhs.example"
REGISTER = "\n".join(
    (
        HEADER,
        *ROWS,
        "11,Constabulary,police,active,,,,Head of Public Protection,police@police.example,,chief@police.example,,",
        "12,Transport Police,police,no_contact,to be confirmed,,,,,,head@transport.example,,",
        "",
    )
)


@dataclass
class House:
    """A partnership at work, with its post and its documents; what is done to it is done through the services."""

    uow: UnitOfWork
    folder: Path
    server: Server = field(default_factory=Server)
    now: datetime = OPENED

    # what happens

    def until(self, end: datetime) -> House:
        """The clock and the post do their work at each instant at which a case or a panel day is owed something."""
        owed = select(func.min(queries.subject.c.next_due_at)).where(queries.subject.c.kind != "partnership")
        while (due := self._one(owed)) is not None and due <= end:
            self._work(max(due, self.now))  # what is owed from before is done now
        self._work(end)
        return self

    def later(self, now: datetime) -> House:
        """Time goes by and nothing runs."""
        self.now = now
        return self

    def _work(self, now: datetime) -> None:
        self.now = now
        assert tick(self.uow, now=now).incidents == 0
        delivered(self.uow, self.server, now)

    def act(self, ref: str, what: acts.Act, now: datetime, by: str = "clerk") -> CaseFacts:
        """A person does something to a case."""
        return cases.act(self.uow, ref, what, by=by, now=now).facts

    def report(self, ref: str, now: datetime, content: bytes = b"our report", **more: Any) -> Received:
        """A report of one file is filed."""
        files, documents = [("report.docx", content)], Documents(self.folder / "documents")
        return receive(self.uow, documents, ref, files, now=now, by="clerk", sender="youth@agency.example", **more)

    def accepted(self, ref: str = YOUTH, now: datetime = AUTUMN) -> House:
        """A report came and was accepted."""
        self.report(ref, now)
        self.act(ref, acts.AcceptReport(), now)
        return self

    # how it stands

    def facts(self, ref: str) -> CaseFacts:
        """A case."""
        with self.uow.read() as connection:
            found: list[Loaded] = load_cases(connection, [queries.subject_by_ref(connection, ref).id])
        assert isinstance(found[0].facts, CaseFacts)
        return found[0].facts

    def flags(self, ref: str, now: datetime) -> tuple[str, ...]:
        """What the lists say of a case."""
        with self.uow.read() as connection:
            (case,) = load_cases(connection, [queries.subject_by_ref(connection, ref).id])
        assert isinstance(case.facts, CaseFacts)
        return flags(case.rules, case.facts, now)

    def letters(self, kind: str, ref: str | None = None) -> list[tuple[str, datetime]]:
        """The addresses letters of a kind went to, and when each was queued."""
        table = queries.message
        statement = select(table.c.to_address, table.c.queued_at).where(table.c.kind == kind).order_by(table.c.id)
        with self.uow.read() as connection:
            rows = connection.execute(statement if ref is None else statement.where(table.c.case_ref == ref)).all()
        return [(address, queued_at) for address, queued_at in rows]

    def history(self, ref: str, *events: str) -> list[tuple[str, datetime]]:
        """What a case's history has of these events, and as of when."""
        with self.uow.read() as connection:
            lines = queries.history_of(connection, queries.subject_by_ref(connection, ref).id)
        return [(line.event, line.at) for line in lines if line.event in events]

    def printed(self, ref: str, now: datetime = YEAR_END) -> AgencyScores:
        """What the Assurance Report prints of an agency."""
        report = assurance_report(self.uow, partnership=CODE, year=YEAR, now=now)
        (found,) = [each for each in report.scores if each.agency.code == ref.rsplit("-", 1)[1]]
        return found

    def invitations(self, method: str) -> list[dict[str, str]]:
        """What the calendar parts of this method say that reached the server, oldest first."""
        found = []
        for mail in self.server.taken:
            for part in message_from_bytes(mail.raw, policy=default).walk():
                if part.get_content_type() == "text/calendar":
                    calendar = Calendar.from_ical(bytes(part.get_payload(decode=True)))
                    event = calendar.walk("VEVENT")[0]
                    if str(calendar["METHOD"]) == method:
                        says = {name.lower(): str(event[name]) for name in ("UID", "SEQUENCE", "STATUS")}
                        found.append({**says, "to": mail.recipient, "starts": event.decoded("DTSTART").isoformat()})
        return found

    def whole(self, now: datetime = YEAR_END) -> bool:
        """Whether `verify` finds nothing wrong."""
        assert verify(self.uow, now=now).broken == ()
        return True

    def _one(self, statement: Any) -> Any:
        with self.uow.read() as connection:
            return connection.scalar(statement)


def _lived(uow: UnitOfWork, folder: Path) -> None:
    """The register above with its cycle open and three panel days, lived up to the autumn."""
    registered(uow, REGISTER)
    cycles.open_cycle(
        uow, partnership=CODE, year=YEAR, panel_days=[PANEL], templates=shipped_templates(), now=OPENED, by="clerk"
    )
    for day in (THURSDAY, NEXT_TUESDAY):
        panel_days.add_day(uow, partnership=CODE, year=YEAR, day=day, now=OPENED, by="clerk")
    House(uow, folder).until(AUTUMN)


@pytest.fixture
def autumn(uow: UnitOfWork, tmp_path: Path) -> House:
    """A house at noon on Monday 5 October 2026: four agencies asked, one of them by its lead; deadline 20 October."""
    once(uow, "lived up to the autumn", lambda: _lived(uow, tmp_path))
    return House(uow, tmp_path, now=AUTUMN)


# --- who is asked ----------------------------------------------------------------------------------------------------


def test_case_06_an_agency_without_a_contact_is_looked_for_and_not_reported_and_asked_once_it_has_one(
    autumn: House,
) -> None:
    missing, found_on = f"{CODE}-2026-12", at("2026-11-02 12:00")
    autumn.until(found_on)

    assert autumn.facts(missing).state == "PLANNED"
    assert autumn.letters("contact_wanted") == [("head@transport.example", at("2026-07-06 09:00"))]

    row = "12,Transport Police,police,active,,,,Inspector,inspector@transport.example,,head@transport.example,,"
    agencies.import_register(autumn.uow, f"{HEADER}\n{row}\n", partnership=CODE, now=found_on, by="clerk")
    panel_days.plan_sessions(autumn.uow, partnership=CODE, year=YEAR, now=found_on, by="clerk")
    autumn.until(at("2026-11-02 12:05"))

    facts = autumn.facts(missing)
    assert (facts.state, facts.dates.extended) == ("REQUESTED", True)
    assert facts.dates.deadline is not None
    assert facts.dates.deadline.on == date(2026, 11, 23)  # fifteen working days from when it was asked
    assert autumn.letters("report_request", missing)[0] == ("inspector@transport.example", found_on)
    assert autumn.whole()


def test_case_07_a_body_there_is_none_of_is_excused_anew_each_year_and_printed_as_not_applicable(
    autumn: House,
) -> None:
    autumn.until(YEAR_END)
    now = at("2027-06-01 12:00")
    cycles.open_cycle(
        autumn.uow,
        partnership=CODE,
        year=2027,
        panel_days=[date(2027, 11, 9)],
        templates=shipped_templates(),
        now=now,
        by="clerk",
    )

    assert (autumn.printed(PRISONS).report, autumn.printed(PRISONS).reason) == (
        "not applicable",
        "not applicable: none in the area",
    )
    assert queries_of(autumn.uow, f"select count(*) from message where case_ref = '{PRISONS}'") == [(0,)]
    assert autumn.history(f"{CODE}-2027-04", "EXCUSE") == [("EXCUSE", now)]


def test_case_08_the_executive_excuses_with_a_reason_that_is_printed_and_may_ask_again(autumn: House) -> None:
    autumn.until(at("2026-10-22 12:00"))
    excused = autumn.act(YOUTH, acts.Excuse("an inspection", "the Executive, 21 October"), at("2026-10-22 12:00"))
    told = autumn.printed(YOUTH)
    revived = cases.revive(
        autumn.uow, YOUTH, acts.Revive("the inspection is over"), by="clerk", now=at("2026-11-02 10:00")
    ).facts

    assert (excused.state, excused.escalation and excused.escalation.state) == ("EXCUSED", "WITHDRAWN")
    assert (told.report, told.reason, told.authority) == ("excused", "an inspection", "the Executive, 21 October")
    assert revived.state == "REQUESTED"
    assert revived.dates.deadline is not None
    assert revived.dates.deadline.on == date(2026, 11, 16)
    assert autumn.whole()


# --- dates -----------------------------------------------------------------------------------------------------------


def _published(*, new: date | None = None, gone: date | None = None) -> dict[date, str]:
    found = {**england_and_wales(range(2025, 2029)), **({new: "Jubilee bank holiday"} if new else {})}
    return {day: why for day, why in found.items() if day != gone}


def _adopt(uow: UnitOfWork, published: dict[date, str]) -> dict[str, Any]:
    return bank_holidays.adopt_holidays(
        uow, partnership=CODE, year=YEAR, published=published, now=AUTUMN, by="clerk"
    ).as_json()


def test_case_13_a_new_bank_holiday_moves_no_deadline_earlier(autumn: House) -> None:
    before = {ref: autumn.facts(ref).dates for ref in (YOUTH, STROUD)}

    adopted = _adopt(autumn.uow, _published(new=date(2026, 10, 20)))

    assert adopted["added"] == ["2026-10-20 Jubilee bank holiday"]
    assert (adopted["moved"], adopted["not_moved_earlier"]) == ([], [YOUTH, STROUD, POLICE])
    assert {ref: autumn.facts(ref).dates for ref in (YOUTH, STROUD)} == before
    assert autumn.letters("dates_changed") == []
    assert autumn.whole()


def test_case_13_a_bank_holiday_taken_back_moves_a_deadline_later_and_lists_who_is_told(autumn: House) -> None:
    january, boxing_day = date(2027, 1, 18), date(2026, 12, 28)
    panel_days.add_day(autumn.uow, partnership=CODE, year=YEAR, day=january, now=AUTUMN, by="clerk")
    sessions.move(autumn.uow, YOUTH, to=at("2027-01-18 09:00"), asked_by="panel", now=AUTUMN, by="clerk")
    told = len(autumn.letters("dates_changed"))

    with rehearsed(autumn.uow) as rehearsal:
        foreseen = _adopt(rehearsal, _published(gone=boxing_day))
    unchanged = autumn.facts(YOUTH).dates.deadline
    done = _adopt(autumn.uow, _published(gone=boxing_day))

    assert foreseen == done
    assert done["moved"] == [
        {"case": YOUTH, "old": "Thursday 24 December 2026, 5pm", "new": "Monday 28 December 2026, 5pm"}
    ]
    now = autumn.facts(YOUTH).dates.deadline
    assert (unchanged and unchanged.on, now and now.on) == (date(2026, 12, 24), boxing_day)
    assert len(autumn.letters("dates_changed")) > told
    assert autumn.whole()


def test_case_14_an_extension_typed_on_a_holiday_is_refused_with_the_nearest_working_days(autumn: House) -> None:
    before = queries_of(autumn.uow, "select count(*) from history")

    with pytest.raises(RefusedError, match="Thursday 24 December 2026 and Tuesday 29 December 2026"):
        autumn.act(YOUTH, acts.Extend(date(2026, 12, 28), "an inspection", panel_consents=True), AUTUMN)

    assert queries_of(autumn.uow, "select count(*) from history") == before


def test_case_15_mail_of_a_minute_before_filed_on_monday_is_in_time_and_keeps_silence_from_being_confirmed(
    autumn: House,
) -> None:
    arrived, monday = at("2026-10-20 16:59"), at("2026-10-26 09:30")
    autumn.until(at("2026-10-20 17:30"))
    mail = inbox.add(autumn.uow, partnership=CODE, arrived_at=arrived, now=at("2026-10-20 17:30"), by="clerk")
    autumn.until(monday)
    waited = (autumn.facts(YOUTH).state, autumn.letters("non_submission", YOUTH))

    autumn.report(YOUTH, monday, arrived_at=arrived)
    inbox.file(autumn.uow, mail.id, YOUTH, now=monday, by="clerk")
    autumn.until(at("2026-10-26 10:00"))

    assert waited == ("REQUESTED", [])
    assert (autumn.facts(YOUTH).state, is_late(autumn.facts(YOUTH))) == ("SUBMITTED", False)
    assert autumn.printed(YOUTH).report == "on time, after the target"
    assert autumn.facts(STROUD).state == "NOT_SUBMITTED"  # it waited too, while nobody knew whose the mail was
    assert autumn.whole()


def test_case_15_a_minute_late_may_be_accepted_as_in_time_with_a_reason(autumn: House) -> None:
    autumn.until(at("2026-10-23 12:00"))
    autumn.report(YOUTH, at("2026-10-23 12:00"), arrived_at=at("2026-10-20 17:01"))
    late = is_late(autumn.facts(YOUTH))

    what = acts.AcceptReport(in_time_reason="our own mail server was down")
    cases.accept(autumn.uow, YOUTH, what, by="business_manager", now=at("2026-10-23 12:30"))

    facts = autumn.facts(YOUTH)
    assert (late, is_late(facts), facts.state) == (True, False, "ACCEPTED")
    assert facts.escalation is not None
    assert facts.escalation.state == "RESOLVED"
    assert autumn.printed(YOUTH).report == "on time, after the target"


def test_case_17_after_a_month_without_a_clock_the_next_thing_a_person_does_finds_what_was_owed_done(
    autumn: House,
) -> None:
    back = at("2026-11-06 12:00")

    autumn.later(back).report(YOUTH, back)

    kinds = ("RAISE", "CONFIRM_NON_SUBMISSION", "RECEIVE_REPORT", "RESOLVE")
    assert autumn.history(YOUTH, *kinds) == [
        ("RAISE", DEADLINE),
        ("CONFIRM_NON_SUBMISSION", at("2026-10-21 10:00")),
        ("RECEIVE_REPORT", back),
        ("RESOLVE", back),
    ]
    assert autumn.facts(YOUTH).state == "SUBMITTED"
    assert autumn.letters("escalation", YOUTH) == []  # the Chair was never told, and has nothing to be told of
    autumn.until(YEAR_END)
    assert [queued for _, queued in autumn.letters("escalation", STROUD)][:1] == [at("2026-11-09 09:00")]
    assert autumn.whole()


# --- sessions --------------------------------------------------------------------------------------------------------


def _move_day(uow: UnitOfWork, to: date, now: datetime = AUTUMN, **more: Any) -> list[str]:
    moved = panel_days.move_day(
        uow, partnership=CODE, year=YEAR, day=PANEL, to=to, now=now, by="clerk", reason="no room", **more
    )
    return [plan.facts.ref for plan in moved]


def test_case_18_a_panel_day_that_moves_takes_its_invitations_replies_and_letters_with_it(autumn: House) -> None:
    sessions.reply(autumn.uow, STROUD, "a@district.example", "accepted", now=AUTUMN, by="clerk")
    with rehearsed(autumn.uow) as rehearsal:
        foreseen = _move_day(rehearsal, NEXT_TUESDAY)
    still = autumn.facts(STROUD).session

    moved = _move_day(autumn.uow, NEXT_TUESDAY)
    autumn.until(at("2026-10-05 12:05"))

    session, dates = autumn.facts(STROUD).session, autumn.facts(STROUD).dates
    assert session is not None
    assert still is not None
    assert foreseen == moved == [YOUTH, STROUD, POLICE]
    assert (still.revision, session.revision, session.answers, session.uid) == (0, 1, (), still.uid)
    assert dates.deadline is not None
    assert dates.deadline.on == date(2026, 10, 27)
    updated = [each for each in autumn.invitations("REQUEST") if each["uid"] == session.uid]
    assert [(each["to"], each["sequence"], datetime.fromisoformat(each["starts"])) for each in updated] == [
        (address, "1", session.starts_at) for address in ("a@district.example", "b@district.example")
    ]
    assert {address for address, _ in autumn.letters("dates_changed", STROUD)} >= {"stroud@district.example"}
    assert autumn.until(at("2026-11-13 12:00")).letters("panel_pack")[0][1] == at("2026-11-03 09:00")
    assert autumn.whole()


def test_case_18_clashes_are_listed_before_anything_moves(autumn: House) -> None:
    sessions.move(autumn.uow, POLICE, to=at("2026-11-17 09:00"), asked_by="agency", now=AUTUMN, by="clerk")

    with pytest.raises(WrongInputError, match=rf"Nothing was moved\. {YOUTH}: .* overlaps another agency's session"):
        _move_day(autumn.uow, NEXT_TUESDAY)

    assert {autumn.facts(ref).session.revision for ref in (YOUTH, STROUD)} == {0}  # type: ignore[union-attr]  # both have one


def test_case_19_a_day_that_brings_the_deadline_forward_needs_the_agencies_consent(autumn: House) -> None:
    earlier = date(2026, 11, 5)
    panel_days.add_day(autumn.uow, partnership=CODE, year=YEAR, day=earlier, now=AUTUMN, by="clerk")

    with pytest.raises(RefusedError, match=r"from Tuesday 20 October 2026 to Thursday 15 October 2026"):
        _move_day(autumn.uow, earlier)
    kept = autumn.facts(YOUTH).dates.deadline
    _move_day(autumn.uow, earlier, consent=True)

    moved = autumn.facts(YOUTH).dates.deadline
    assert (kept and kept.on, moved and moved.on) == (date(2026, 10, 20), date(2026, 10, 15))
    recorded = queries_of(autumn.uow, "select data from history where event = 'MOVE'")
    assert [json.loads(data)["consent"] for (data,) in recorded] == [True, True, True]


def test_case_19_nobody_consents_to_a_deadline_that_has_passed(autumn: House) -> None:
    earlier, now = date(2026, 11, 5), at("2026-10-16 12:00")  # the deadline of that day was the 15th
    panel_days.add_day(autumn.uow, partnership=CODE, year=YEAR, day=earlier, now=AUTUMN, by="clerk")
    autumn.until(now)

    panel_days.move_day(
        autumn.uow, partnership=CODE, year=YEAR, day=PANEL, to=earlier, now=now, by="clerk", consent=True
    )

    dates = autumn.facts(YOUTH).dates
    assert (dates.deadline and dates.deadline.on, dates.panel_day and dates.panel_day.on) == (
        date(2026, 10, 20),
        earlier,
    )
    assert autumn.letters("dates_changed", YOUTH) == []
    assert autumn.whole()


def test_case_20_a_panel_that_is_not_quorate_offers_its_reserve_day_and_nobody_was_absent(autumn: House) -> None:
    autumn.accepted()
    now = at("2026-11-09 16:00")
    autumn.until(now)

    stood = panel_days.stand_down_day(
        autumn.uow, partnership=CODE, year=YEAR, day=PANEL, reason="not quorate", reserve=THURSDAY, now=now, by="clerk"
    )
    autumn.until(at("2026-11-09 16:05"))

    facts = autumn.facts(YOUTH)
    assert (stood.reserve, stood.without_session) == (THURSDAY, ())
    assert facts.session is not None
    assert (facts.session.number, facts.session.state, facts.session.starts_at) == (
        2,
        "INVITED",
        at("2026-11-12 09:00"),
    )
    states = queries_of(autumn.uow, "select distinct state from panel_session where number = 1")
    assert states == [("STOOD_DOWN",)]
    assert {(each["to"], each["status"]) for each in autumn.invitations("CANCEL")} >= {
        ("youth@agency.example", "CANCELLED")
    }
    assert autumn.printed(YOUTH, now).attendance != "absent"
    assert queries_of(autumn.uow, "select count(*) from history where event like '%ABSENT%'") == [(0,)]
    assert autumn.whole()


def test_case_20_only_who_is_given_a_time_on_the_reserve_day_is_offered_it(autumn: House) -> None:
    autumn.accepted()
    autumn.act(YOUTH, acts.Consider("on paper", "the panel has read it"), AUTUMN)

    stood = panel_days.stand_down_day(
        autumn.uow, partnership=CODE, year=YEAR, day=PANEL, reason="flood", reserve=THURSDAY, now=AUTUMN, by="clerk"
    )

    contexts = queries_of(
        autumn.uow, "select distinct case_ref, context from message where kind = 'panel_invitation_cancelled'"
    )
    offered = {ref: json.loads(context)["reserve"] for ref, context in contexts}
    assert (YOUTH in stood.without_session, STROUD in stood.moved) == (True, True)
    assert (offered[YOUTH], offered[STROUD]) == ("", "Thursday 12 November 2026")
    assert autumn.whole()


def test_case_23_an_agency_that_declines_is_considered_on_its_report_once_a_person_records_it(autumn: House) -> None:
    autumn.accepted()
    sessions.reply(autumn.uow, YOUTH, "youth@agency.example", "declined", now=AUTUMN, by="clerk")
    after = at("2026-11-11 12:00")
    autumn.until(after)
    waiting = autumn.facts(YOUTH).state

    autumn.act(YOUTH, acts.Consider("on paper", "the agency declined"), after)

    assert "declined" in autumn.flags(YOUTH, AUTUMN)
    assert autumn.letters("reply_chase", YOUTH) == []  # who has answered is not chased
    assert (waiting, autumn.facts(YOUTH).state) == ("ACCEPTED", "CONSIDERED")
    assert autumn.printed(YOUTH).basis == "report alone"


def test_case_24_silence_on_the_invitation_is_chased_once_and_the_panel_sees_no_reply(autumn: House) -> None:
    autumn.accepted().until(at("2026-11-09 12:00"))

    assert autumn.letters("reply_chase", YOUTH) == [("youth@agency.example", at("2026-10-29 09:00"))]
    assert autumn.flags(YOUTH, at("2026-11-09 12:00")) == ("no reply",)
    pack = queries_of(autumn.uow, "select context from message where kind = 'panel_pack' order by id limit 1")
    assert "no reply" in pack[0][0]
    session = autumn.facts(YOUTH).session
    assert session is not None
    assert session.state == "INVITED"


def test_case_25_who_accepted_and_did_not_come_has_three_working_days_to_explain(autumn: House) -> None:
    autumn.accepted()
    sessions.reply(autumn.uow, YOUTH, "youth@agency.example", "accepted", now=AUTUMN, by="clerk")
    autumn.until(at("2026-11-10 12:00"))

    sessions.record(autumn.uow, YOUTH, "absent", now=at("2026-11-10 12:00"), by="clerk")
    autumn.until(at("2026-11-12 18:00"))
    before = autumn.letters("session_outcome", YOUTH)
    autumn.until(at("2026-11-13 12:00"))
    autumn.act(YOUTH, acts.Consider("on paper", "they did not explain"), at("2026-11-16 12:00"))

    assert before == []
    assert autumn.letters("session_outcome", YOUTH) == [("youth@agency.example", at("2026-11-13 09:00"))]
    session = autumn.facts(YOUTH).session
    assert session is not None
    assert session.state == "ABSENT_WITHOUT_NOTICE"
    assert autumn.printed(YOUTH).basis == "report alone"


def test_case_25_a_reserve_session_may_be_offered(autumn: House) -> None:
    autumn.accepted().until(at("2026-11-10 12:00"))
    sessions.record(autumn.uow, YOUTH, "absent", now=at("2026-11-10 12:00"), by="clerk")

    with autumn.uow.read() as connection:
        (case,) = load_cases(connection, [queries.subject_by_ref(connection, YOUTH).id])
    slot = acts.Slot(at("2026-11-17 09:00"), at("2026-11-17 09:30"), "The panel room", NEXT_TUESDAY)
    autumn.act(YOUTH, acts.Pencil(slot, cycles.new_uid(case.rules)), at("2026-11-11 12:00"))
    autumn.until(at("2026-11-11 12:05"))

    session = autumn.facts(YOUTH).session
    assert session is not None
    assert (session.number, session.state) == (2, "INVITED")
    assert autumn.whole()


def test_case_26_ten_minutes_of_thirty_are_attendance_in_part(autumn: House) -> None:
    autumn.accepted().until(at("2026-11-10 09:35"))

    sessions.record(autumn.uow, YOUTH, "in-part", minutes=10, now=at("2026-11-10 09:35"), by="clerk")

    assert queries_of(autumn.uow, "select state, minutes from panel_session where minutes is not null") == [
        ("ATTENDED_IN_PART", 10)
    ]
    told = autumn.printed(YOUTH)
    assert (autumn.facts(YOUTH).state, told.attendance, told.basis) == (
        "CONSIDERED",
        "attended in part",
        "report and session",
    )


# --- escalations -----------------------------------------------------------------------------------------------------


def test_case_29_the_chair_s_own_agency_is_reported_to_the_alternate_and_never_to_the_chair(autumn: House) -> None:
    autumn.until(at("2026-10-22 09:00"))

    assert [address for address, _ in autumn.letters("escalation", POLICE)] == [ALTERNATE]
    assert [address for address, _ in autumn.letters("escalation", YOUTH)] == [CHAIR]
    contexts = queries_of(autumn.uow, f"select context from message where to_address = '{CHAIR}'")
    assert [POLICE in context for (context,) in contexts] == [False] * len(contexts)


def _held(house: House) -> House:
    house.until(at("2026-10-21 12:00"))
    house.act(YOUTH, acts.Hold(date(2026, 10, 30), "the Chair is speaking to them"), at("2026-10-21 12:00"), "chair")
    return house


@pytest.mark.on_both
def test_case_31_the_chair_holds_and_stands_an_escalation_down_and_both_are_on_record(autumn: House) -> None:
    _held(autumn).until(at("2026-10-29 12:00"))
    waited = autumn.letters("escalation", YOUTH)
    autumn.act(YOUTH, acts.StandDownEscalation("a major incident"), at("2026-10-29 12:00"), "executive_chair")
    autumn.until(YEAR_END)

    facts = autumn.facts(YOUTH)
    assert (waited, autumn.letters("escalation", YOUTH)) == ([], [])
    assert facts.escalation is not None
    assert (facts.state, facts.escalation.state) == ("NOT_SUBMITTED", "STOOD_DOWN")
    assert autumn.printed(YOUTH).report == "not submitted"  # the report's wording is unchanged
    who = queries_of(
        autumn.uow,
        "select actor_id, event from history join subject on subject.id = subject_id "
        f"where ref = '{YOUTH}' and about = 'escalation' and event in ('HOLD', 'STAND_DOWN') order by history.seq",
    )
    assert who == [("chair", "HOLD"), ("executive_chair", "STAND_DOWN")]
    reasons = queries_of(autumn.uow, "select body from history_private where body like '%major incident%'")
    assert len(reasons) == 1
    assert autumn.whole()


def test_case_32_a_hold_whose_review_date_passes_is_told_to_the_business_manager_and_never_released(
    autumn: House,
) -> None:
    _held(autumn).until(at("2026-11-02 08:00"))

    told = [line for lines in digest_parts(autumn.uow).values() for line in lines if "was to be looked at" in line]
    assert len(told) == 1
    assert YOUTH in told[0]
    assert autumn.until(YEAR_END).letters("escalation", YOUTH) == []
    assert autumn.whole()


# --- reports that come as they come ----------------------------------------------------------------------------------


def test_case_33_a_late_report_resolves_the_escalation_tells_all_who_were_told_and_may_be_seen_later(
    autumn: House,
) -> None:
    late = at("2026-10-26 12:00")
    autumn.until(late)
    told = {address for address, _ in autumn.letters("escalation", YOUTH)}

    autumn.report(YOUTH, late)
    sessions.move(autumn.uow, YOUTH, to=at("2026-11-17 10:00"), asked_by="panel", now=late, by="clerk")
    autumn.until(YEAR_END)

    facts = autumn.facts(YOUTH)
    assert facts.escalation is not None
    assert (facts.state, facts.escalation.state, is_late(facts)) == ("SUBMITTED", "RESOLVED", True)
    resolved = {address for address, _ in autumn.letters("escalation_resolved", YOUTH)}
    assert resolved == {*told, "youth@agency.example", "director@agency.example"}
    assert autumn.printed(YOUTH).report == "late, before its panel"
    assert autumn.whole()


def test_case_34_a_report_after_its_panel_is_considered_on_paper_and_counted_as_late_after_panel(
    autumn: House,
) -> None:
    autumn.until(at("2026-11-20 12:00"))
    sessions.record(autumn.uow, YOUTH, "absent", notice=True, now=at("2026-11-20 12:00"), by="clerk")
    before = autumn.printed(YOUTH, at("2026-11-20 12:00")).report

    autumn.accepted(now=at("2026-11-23 12:00"))
    autumn.act(YOUTH, acts.Consider("on paper", "it came after the panel"), at("2026-11-24 12:00"))

    told = autumn.printed(YOUTH)
    assert (before, told.report, told.basis) == ("not submitted", "late, after its panel", "late report")
    assert autumn.whole()


def test_case_35_a_report_after_the_assurance_report_is_filed_and_no_published_number_changes(autumn: House) -> None:
    autumn.until(YEAR_END)
    conclusion.approve_report(autumn.uow, partnership=CODE, year=YEAR, now=YEAR_END, by="scrutineer")
    published = assurance_report(autumn.uow, partnership=CODE, year=YEAR, now=YEAR_END)

    filed = autumn.report(YOUTH, at("2027-02-01 12:00"))

    after = assurance_report(autumn.uow, partnership=CODE, year=YEAR, now=YEAR_END)
    assert (filed.version, filed.state) == (1, "REPORTED")
    assert (after.took_part, after.results) == (published.took_part, published.results)
    assert autumn.whole()


def test_case_36_a_partial_report_is_returned_then_accepted_with_a_waiver_and_the_gap_is_no_judgement(
    autumn: House,
) -> None:
    came = at("2026-10-12 12:00")
    autumn.until(came)
    partial = autumn.report(YOUTH, came, addresses=("1", "2", "4"))
    (gap,) = partial.missing
    with pytest.raises(RefusedError, match="or accept it with `--waiver`"):
        autumn.act(YOUTH, acts.AcceptReport(), came)
    autumn.act(YOUTH, acts.ReturnReport((gap,), date(2026, 10, 19)), came)
    autumn.until(at("2026-10-20 12:00"))
    autumn.act(YOUTH, acts.AcceptReport(waiver="the panel will ask at the session"), at("2026-10-20 12:00"))
    autumn.until(at("2026-11-10 12:00"))
    sessions.record(autumn.uow, YOUTH, "attended", now=at("2026-11-10 12:00"), by="clerk")
    given = json.loads(judgement())
    given["standards"][2] |= {"panel": "no judgement", "reason": "not addressed, and not seen at the session"}
    assessments.assess(autumn.uow, YOUTH, json.dumps(given), now=at("2026-11-16 12:00"), by="scrutineer")

    assert [address for address, _ in autumn.letters("report_returned", YOUTH)] == ["youth@agency.example"]
    assert autumn.letters("return_by_reminder", YOUTH) == [("youth@agency.example", at("2026-10-15 09:00"))]
    facts = autumn.facts(YOUTH)
    assert (facts.state, facts.waived) == ("ASSESSED", True)
    amber = "Amber ■■□ 2 of 3"
    assert [score.panel.text for score in autumn.printed(YOUTH).standards] == [amber, amber, "no judgement", amber]
    assert autumn.whole()


@pytest.mark.on_both
def test_case_37_the_same_content_is_noted_and_other_content_is_a_version_a_person_may_choose_from(
    autumn: House,
) -> None:
    now = at("2026-10-12 12:00")
    autumn.until(now)

    came = [autumn.report(YOUTH, now, content) for content in (b"one", b"one", b"two")]
    choose(autumn.uow, YOUTH, 1, reason="the second is a colleague's draft", now=now, by="business_manager")

    assert [(each.version, each.duplicate) for each in came] == [(1, False), (1, True), (2, False)]
    facts = autumn.facts(YOUTH)
    assert facts.submission is not None
    assert (facts.submissions, facts.submission.version) == (2, 1)
    assert len(autumn.history(YOUTH, "DUPLICATE_REPORT")) == 1
    assert len(autumn.letters("receipt", YOUTH)) == 2
    assert autumn.whole()


# --- extensions, newcomers, the post ---------------------------------------------------------------------------------


def test_case_47_an_extension_runs_to_the_pack_date_past_it_by_consent_and_after_the_escalation_by_the_chair(
    autumn: House,
) -> None:
    pack_day, later = date(2026, 10, 27), date(2026, 10, 29)
    with pytest.raises(RefusedError, match="needs the panel's consent"):
        autumn.act(STROUD, acts.Extend(later, "an inspection"), AUTUMN)
    autumn.act(STROUD, acts.Extend(later, "an inspection", panel_consents=True), AUTUMN)
    autumn.until(at("2026-10-22 12:00"))

    with pytest.raises(RefusedError, match="who alone may extend it now"):
        autumn.act(YOUTH, acts.Extend(pack_day, "illness"), at("2026-10-22 12:00"))
    by_chair = autumn.act(YOUTH, acts.Extend(pack_day, "illness", by_chair=True), at("2026-10-22 12:00"))

    assert by_chair.escalation is not None
    assert (by_chair.state, by_chair.escalation.state) == ("REQUESTED", "WITHDRAWN")
    assert CHAIR in {address for address, _ in autumn.letters("escalation_stood_down", YOUTH)}
    autumn.until(at("2026-11-02 12:00"))
    assert [queued for _, queued in autumn.letters("escalation", YOUTH)] == [
        at("2026-10-22 09:00"),
        at("2026-10-29 09:00"),
    ]
    assert {queued for _, queued in autumn.letters("escalation", STROUD)} == {at("2026-11-02 09:00")}
    assert autumn.whole()


def test_case_48_after_an_extension_the_report_is_in_time_by_the_new_deadline(autumn: House) -> None:
    autumn.act(YOUTH, acts.Extend(date(2026, 10, 26), "an inspection"), AUTUMN)
    autumn.until(at("2026-10-26 16:00"))

    came = autumn.report(YOUTH, at("2026-10-26 16:00"))

    assert (came.state, is_late(autumn.facts(YOUTH)), autumn.facts(YOUTH).escalation) == ("SUBMITTED", False, None)
    assert autumn.printed(YOUTH).report == "on time, after the target"


def test_case_49_a_body_that_joins_mid_cycle_has_fair_notice_and_is_not_reported_in_its_first_year(
    autumn: House,
) -> None:
    row = "21,Academy Trust,school,active,,,,Head,head@school.example,,trust@school.example,,"
    agencies.import_register(autumn.uow, f"{HEADER}\n{row}\n", partnership=CODE, now=AUTUMN, by="clerk")

    ref = cycles.add_agency(
        autumn.uow, partnership=CODE, year=YEAR, code="21", track=Track.FIRST_YEAR, now=AUTUMN, by="clerk"
    )
    autumn.until(YEAR_END)

    facts = autumn.facts(ref)
    assert facts.dates.deadline is not None
    assert (facts.state, facts.escalation) == ("REQUESTED", None)
    assert facts.dates.deadline.on >= date(2026, 10, 26)  # fifteen working days
    assert autumn.letters("report_request", ref)[0] == ("head@school.example", AUTUMN)
    assert autumn.letters("reminder", ref) != []
    assert [autumn.letters(kind, ref) for kind in ("escalation_warning", "non_submission", "escalation")] == [[]] * 3
    assert autumn.whole()


def test_case_60_while_the_post_is_down_letters_wait_and_nobody_is_reported_for_silence(
    uow: UnitOfWork, tmp_path: Path
) -> None:
    registered(uow, REGISTER)
    cycles.open_cycle(
        uow, partnership=CODE, year=YEAR, panel_days=[PANEL], templates=shipped_templates(), now=OPENED, by="clerk"
    )
    house = House(uow, tmp_path, answering(DOWN)).until(at("2026-10-26 12:00"))
    stood = (house.facts(YOUTH).state, house.server.taken)
    waiting = queries_of(uow, "select distinct status from message where kind = 'report_request'")

    house.server = Server()
    house.until(at("2026-10-26 12:05"))

    assert stood == ("REQUESTED", [])
    assert set(waiting) <= {("QUEUED",), ("DELAYED",)}
    facts = house.facts(YOUTH)
    assert facts.dates.deadline is not None
    assert facts.dates.deadline.on == date(2026, 11, 16)  # fifteen working days from the day it arrived
    assert [house.letters(kind, YOUTH) for kind in ("non_submission", "escalation")] == [[], []]
    assert "youth@agency.example" in {mail.recipient for mail in house.server.taken}
    assert house.until(at("2026-11-18 12:00")).facts(YOUTH).state == "NOT_SUBMITTED"
    assert house.whole()


def test_case_63_a_trial_on_live_data_writes_to_nobody_who_did_not_agree(autumn: House) -> None:
    now = at("2026-10-09 09:00")
    tick(autumn.uow, now=now)
    trial, server = PostPolicy("trial", ("youth@agency.example",)), Server()

    delivered(autumn.uow, server, now, trial)

    assert {mail.recipient for mail in server.taken} == {"youth@agency.example"}
    held = queries_of(autumn.uow, "select distinct kind from message where status = 'HELD' and kind = 'reminder'")
    assert held == [("reminder",)]
