"""The awkward cases of what becomes of agencies and of those who answer for them, each by its number in the list."""

from __future__ import annotations

import json
from datetime import date, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from db import queries
from s11flow.domain import acts
from s11flow.domain.errors import RefusedError, WrongInputError
from s11flow.domain.model import Track
from s11flow.domain.review_actions import ReviewAction, ReviewKind
from s11flow.letters.templates import shipped_templates
from s11flow.services import (
    agencies,
    assessments,
    cases,
    conclusion,
    contacts,
    cycles,
    joint_reports,
    portable,
    review_actions,
    sessions,
    successions,
    views,
)
from s11flow.services.contacts import Person
from s11flow.services.reports import assurance_report
from s11flow.services.submissions import Documents
from tests.services import test_awkward_cases
from tests.services.post import DOWN, Server, answering
from tests.services.scene import CODE, HEADER, YEAR, at, digest_parts, judgement, queries_of
from tests.services.test_awkward_cases import AUTUMN, COTSWOLD, POLICE, STROUD, YEAR_END, YOUTH, House

autumn = test_awkward_cases.autumn

OLD, NEW = "youth@agency.example", "newcomer@agency.example"
OCTOBER = date(2026, 10, 1)


def shown(house: House, ref: str) -> dict[str, Any]:
    """What `case show` says of a case."""
    with house.uow.read() as connection:
        return views.case_show(connection, ref, house.now)


def register(house: House, *rows: str, now: datetime = AUTUMN) -> None:
    """Bring rows into the register, of which one may have columns of its own."""
    text = "\n".join((f"{HEADER},areas,usual_track", *rows, ""))
    done = agencies.import_register(house.uow, text, partnership=CODE, now=now, by="clerk")
    assert done.refused == ()


# --- one body, several areas, one report -----------------------------------------------------------------------------


def test_case_01_one_body_of_several_areas_is_counted_once_and_shown_in_each(autumn: House) -> None:
    row = "11,Constabulary,police,active,,,,Head of Public Protection,police@police.example,,chief@police.example,,,"
    register(autumn, f"{row}Gloucestershire;Swindon,")
    autumn.report(POLICE, AUTUMN)

    report = assurance_report(autumn.uow, partnership=CODE, year=YEAR, now=YEAR_END)

    counted = {line.name: [agency.code for agency in line.agencies] for line in report.took_part.also}
    assert counted["works in Gloucestershire"] == counted["works in Swindon"] == ["11"]
    assert sum("11" in [agency.code for agency in line.agencies] for line in report.took_part.reports) == 1
    assert shown(autumn, POLICE)["areas"] == ["Gloucestershire", "Swindon"]
    assert shown(autumn, YOUTH)["areas"] == ["Gloucestershire"]
    assert autumn.whole()


def test_case_01_its_report_is_given_on_to_a_neighbour_who_takes_it_for_what_it_is(
    autumn: House, tmp_path: Path
) -> None:
    autumn.report(POLICE, AUTUMN, b"one report for all")
    documents = Documents(autumn.folder / "documents")

    given = portable.export(autumn.uow, documents, POLICE)
    files = portable.unpacked([("police.json", given)])

    told = json.loads(given)
    assert (told["case"], told["agency"]["name"], told["addresses"]) == (POLICE, "Constabulary", ["1", "2", "3", "4"])
    assert files == [("police.json", given), ("report.docx", b"one report for all")]
    assert portable.unpacked([("report.docx", b"a file like any other")]) == [("report.docx", b"a file like any other")]
    spoilt = given.replace(told["files"][0]["content"].encode(), b"AAAA")
    with pytest.raises(WrongInputError, match="is not what it says"):
        portable.unpacked([("police.json", spoilt)])
    with pytest.raises(RefusedError, match="no report of it has come"):
        portable.export(autumn.uow, documents, YOUTH)


# --- joint reports ---------------------------------------------------------------------------------------------------


def test_case_02_a_joint_report_covers_whom_it_names_and_asks_the_others_again(autumn: House) -> None:
    autumn.report(STROUD, AUTUMN)
    waits = autumn.printed(COTSWOLD).report
    cases.accept(autumn.uow, STROUD, acts.AcceptReport(), not_covering=["03"], by="clerk", now=AUTUMN)

    asked = autumn.facts(COTSWOLD)
    assert (waits, asked.state, asked.covered_by) == ("joint report awaited", "REQUESTED", None)
    assert asked.dates.deadline is not None
    assert asked.dates.deadline.on == date(2026, 10, 19)  # ten working days
    assert autumn.letters("report_request", COTSWOLD)[0] == ("cotswold@district.example", AUTUMN)
    assert autumn.whole()


def test_case_02_a_silent_lead_means_that_each_is_told_and_reported(autumn: House) -> None:
    autumn.until(at("2026-10-22 12:00"))

    reported = queries_of(autumn.uow, "select case_ref from message where kind = 'escalation' order by case_ref")
    assert [ref for (ref,) in reported] == [YOUTH, STROUD, COTSWOLD, POLICE]
    assert autumn.printed(COTSWOLD).report == "not submitted"


def test_case_03_a_member_s_own_report_is_kept_and_waits_for_a_decision(autumn: House) -> None:
    autumn.report(COTSWOLD, AUTUMN, b"our own")
    autumn.until(at("2026-10-06 08:00"))

    told = [line for lines in digest_parts(autumn.uow).values() for line in lines if "annex or split" in line]
    assert [COTSWOLD in line for line in told] == [True]
    assert autumn.facts(COTSWOLD).state == "COVERED"
    with pytest.raises(RefusedError, match="has no report yet that it could be an annex of"):
        joint_reports.annex(autumn.uow, COTSWOLD, reason="they belong together", now=autumn.now, by="clerk")


def test_case_03_as_an_annex_it_stays_with_the_joint_report_which_alone_counts(autumn: House) -> None:
    autumn.report(COTSWOLD, AUTUMN, b"our own")
    autumn.accepted(STROUD)

    joint_reports.annex(autumn.uow, COTSWOLD, reason="they belong together", now=AUTUMN, by="clerk")

    assert autumn.facts(COTSWOLD).submission is None
    assert [(part["case"], part["status"]) for part in shown(autumn, STROUD)["parts"]] == [(COTSWOLD, "annexed")]
    assert autumn.printed(COTSWOLD).report == "covered by a joint report"
    autumn.until(at("2026-11-06 08:00"))
    (pack,) = queries_of(autumn.uow, "select context from message where kind = 'panel_pack' order by id limit 1")[0]
    assert "; of Cotswold District Council: version 1, arrived" in pack
    assert [line for lines in digest_parts(autumn.uow).values() for line in lines if "annex or split" in line] == []
    assert autumn.whole()


def test_case_03_split_off_it_is_counted_on_its_own_and_on_nobody_else_s(autumn: House) -> None:
    with pytest.raises(RefusedError, match="no report of its own that could count"):
        joint_reports.split(autumn.uow, COTSWOLD, reason="it wrote to us", now=AUTUMN, by="clerk")
    autumn.report(COTSWOLD, AUTUMN, b"our own")
    autumn.accepted(STROUD)

    joint_reports.split(autumn.uow, COTSWOLD, reason="it answers for itself", now=AUTUMN, by="clerk")

    facts = autumn.facts(COTSWOLD)
    assert (facts.state, facts.covered_by, autumn.facts(STROUD).members) == ("SUBMITTED", None, ())
    assert autumn.printed(COTSWOLD).report == "by the target"
    autumn.act(COTSWOLD, acts.AcceptReport(), AUTUMN)
    assert autumn.whole()


# --- the contact leaves ----------------------------------------------------------------------------------------------

LEFT, FOUND = at("2026-10-08 12:00"), at("2026-10-29 12:00")


def gone(house: House, now: datetime = LEFT) -> contacts.Left:
    """The contact of the youth services leaves."""
    house.until(now)
    return contacts.contact_left(house.uow, partnership=CODE, code="01", how="a colleague told us", now=now, by="clerk")


def handed_over(house: House, now: datetime = FOUND) -> contacts.HandedOver:
    to = Person(NEW, "A. Newcomer", "Service Manager")
    return contacts.hand_over(house.uow, partnership=CODE, code="01", to=to, now=now, by="clerk")


def test_case_05_when_the_contact_leaves_letters_stop_those_above_are_asked_and_nobody_is_reported(
    autumn: House,
) -> None:
    assert gone(autumn).as_json() == {
        "agencies": ["01"], "cases": [YOUTH], "stopped": 0, "asked": {"01": ["senior leader"]}
    }  # fmt: skip
    before = len(autumn.letters("reminder", YOUTH))
    autumn.until(at("2026-10-28 12:00"))

    facts = autumn.facts(YOUTH)
    assert (facts.state, facts.escalation and facts.escalation.state) == ("REQUESTED", "PENDING")
    assert len(autumn.letters("reminder", YOUTH)) == before
    assert autumn.letters("contact_at_risk") == [("director@agency.example", LEFT)]
    assert [autumn.letters(kind, YOUTH) for kind in ("non_submission", "escalation")] == [[], []]
    assert "contact at risk" in autumn.flags(YOUTH, autumn.now)
    assert shown(autumn, YOUTH)["contact"] == {"left_at": "2026-10-08T12:00:00+01:00", "working_days_lost": 14}
    with pytest.raises(WrongInputError, match="has left already"):
        gone(autumn, autumn.now)
    assert autumn.whole()


def test_case_05_a_handover_asks_anew_and_silence_is_reported_only_after_that_was_delivered(autumn: House) -> None:
    gone(autumn)
    autumn.until(FOUND)
    autumn.server = answering(DOWN)
    done = handed_over(autumn)
    autumn.until(at("2026-11-03 12:00"))
    waited = (autumn.facts(YOUTH).state, (NEW, FOUND) in autumn.letters("report_request", YOUTH))

    autumn.server = Server()
    autumn.until(at("2026-11-05 12:00")).until(at("2026-11-05 12:05"))

    assert done.as_json() == {"agency": "01", "cases": [YOUTH], "sent_on": 0, "working_days_lost": 15}
    assert waited == ("REQUESTED", True)
    assert autumn.facts(YOUTH).state == "NOT_SUBMITTED"
    assert autumn.letters("non_submission", YOUTH)[0][0] == NEW
    assert shown(autumn, YOUTH)["contact"] == {"left_at": None, "working_days_lost": 15}
    assert OLD not in {mail.recipient for mail in autumn.server.taken}
    assert autumn.whole()


def test_case_05_what_waited_for_the_one_who_left_is_sent_on_to_the_one_who_came(autumn: House) -> None:
    autumn.accepted()
    autumn.until(at("2026-11-10 12:00"))
    sessions.record(autumn.uow, YOUTH, "attended", now=at("2026-11-10 12:00"), by="clerk")
    judged = at("2026-11-16 12:00")
    autumn.until(judged)
    assessments.assess(autumn.uow, YOUTH, judgement(), now=judged, by="scrutineer")  # its letter waits in the outbox

    left = contacts.contact_left(autumn.uow, partnership=CODE, code="01", how="", now=judged, by="clerk")
    autumn.until(at("2026-11-17 12:00"))
    held = queries_of(autumn.uow, "select to_address, status from message where kind = 'accuracy_check'")
    autumn.act(
        YOUTH, acts.Agree(early="it has no corrections"), at("2026-11-17 12:00")
    )  # and what is owed meanwhile waits too
    done = handed_over(autumn, at("2026-11-18 12:00"))
    autumn.until(at("2026-11-18 12:05"))

    assert (left.stopped, held) == (1, [(OLD, "HELD")])
    assert done.sent_on == 1
    feedback = queries_of(autumn.uow, "select to_address, status from message where kind = 'feedback' order by id")
    assert feedback == [(OLD, "SUPERSEDED"), ("director@agency.example", "SENT"), (NEW, "SENT")]
    sent = [mail.raw.decode(errors="replace") for mail in autumn.server.taken if mail.recipient == NEW]
    assert any("A. Newcomer" in mail for mail in sent)
    assert autumn.whole()


@pytest.mark.on_both
def test_case_05_somebody_else_may_answer_at_once_and_nobody_is_asked_who(autumn: House) -> None:
    autumn.report(YOUTH, AUTUMN)
    waiting = acts.ReturnReport(("Standard 4 is missing",), date(2026, 10, 19))
    autumn.act(YOUTH, waiting, AUTUMN)  # its letter has not left yet

    done = handed_over(autumn, AUTUMN)
    autumn.until(at("2026-10-05 12:05"))

    assert (done.sent_on, done.working_days_lost, autumn.letters("contact_at_risk")) == (1, 0, [])  # the receipt
    returned = queries_of(autumn.uow, "select to_address, status from message where kind = 'report_returned'")
    assert returned == [(OLD, "SUPERSEDED"), (NEW, "SENT")]
    assert autumn.whole()


def test_case_05_who_comes_to_the_panel_changes_with_the_contact(autumn: House) -> None:
    handed_over(autumn, AUTUMN)  # the invitations left on the first of October
    autumn.until(at("2026-10-05 12:05"))

    session = autumn.facts(YOUTH).session
    assert session is not None
    assert [each["to"] for each in autumn.invitations("CANCEL") if each["uid"] == session.uid] == [OLD]
    assert NEW in {each["to"] for each in autumn.invitations("REQUEST") if each["uid"] == session.uid}
    assert autumn.whole()


def test_case_05_an_escalation_already_raised_waits_for_whoever_comes(autumn: House) -> None:
    autumn.until(at("2026-10-21 12:00"))  # confirmed, not yet with the Chair
    gone(autumn, at("2026-10-21 12:00"))
    autumn.until(at("2026-10-30 12:00"))
    waited = autumn.letters("escalation", YOUTH)
    handed_over(autumn, at("2026-10-30 12:00"))
    autumn.until(at("2026-11-02 12:00"))

    assert waited == []
    assert len(autumn.letters("escalation", YOUTH)) == 1
    assert NEW in {address for address, _ in autumn.letters("report_request", YOUTH)}
    assert autumn.whole()


# --- what becomes of an agency ---------------------------------------------------------------------------------------


def test_case_09_a_renamed_agency_keeps_its_history_and_letters_after_it_use_the_new_name(autumn: House) -> None:
    autumn.until(at("2026-10-08 12:00"))
    done = successions.rename(
        autumn.uow, partnership=CODE, code="01", name="Young People's Services", on=OCTOBER, reason="A new directorate",
        now=autumn.now, by="clerk",
    )  # fmt: skip
    autumn.until(at("2026-10-16 12:00"))

    contexts = queries_of(
        autumn.uow, f"select queued_at, context from message where case_ref = '{YOUTH}' and recipient = 'contact'"
    )
    names = {json.loads(context)["case"]["agency"] for _, context in contexts}
    assert names == {"Youth Services", "Young People's Services"}
    assert done.told == (
        "From Thursday 1 October 2026 Youth Services (01) is called Young People's Services: A new directorate.",
    )
    assert agencies.show_agency(autumn.uow, partnership=CODE, code="01").successions == done.told
    assert autumn.history(YOUTH, "SUCCEEDED") == [("SUCCEEDED", at("2026-10-08 12:00"))]
    with pytest.raises(WrongInputError, match="is still to come"):
        successions.rename(
            autumn.uow, partnership=CODE, code="01", name="Another", on=date(2027, 4, 1), reason="Planned",
            now=autumn.now, by="clerk",
        )  # fmt: skip
    assert autumn.whole()


def test_case_09_a_report_that_was_approved_before_keeps_the_old_name(autumn: House) -> None:
    autumn.until(YEAR_END)
    conclusion.approve_report(autumn.uow, partnership=CODE, year=YEAR, now=YEAR_END, by="scrutineer")
    published = assurance_report(autumn.uow, partnership=CODE, year=YEAR, now=YEAR_END)

    later = at("2027-02-01 12:00")
    successions.rename(
        autumn.uow, partnership=CODE, code="01", name="Another", on=date(2027, 2, 1), reason="An order", now=later,
        by="clerk",
    )  # fmt: skip

    assert autumn.printed(YOUTH, YEAR_END).agency.name == "Youth Services"
    assert assurance_report(autumn.uow, partnership=CODE, year=YEAR, now=YEAR_END).scores == published.scores


def merged(house: House, codes: list[str], into: str, now: datetime = AUTUMN) -> successions.Succeeded:
    return successions.merge(
        house.uow, partnership=CODE, codes=codes, into=into, on=OCTOBER, reason="An order", now=now, by="clerk"
    )


def newcomer(house: House, code: str = "31") -> str:
    """An agency that comes on to the register, with no case yet."""
    register(house, f"{code},Trust,health,active,,,,Lead,trust@trust.example,,chief@trust.example,,,,")
    return f"{CODE}-2026-{code}"


def test_case_10_two_agencies_that_merge_have_one_case_of_which_their_reports_are_parts(autumn: House) -> None:
    trust = newcomer(autumn)
    autumn.report(YOUTH, AUTUMN, b"youth")

    done = merged(autumn, ["01", "11"], "31")
    autumn.until(at("2026-10-05 12:05"))

    assert (done.successor, done.covered, done.stand) == ((trust,), (YOUTH, POLICE), ())
    facts = autumn.facts(trust)
    assert (facts.state, [member.ref for member in facts.members]) == ("REQUESTED", [YOUTH, POLICE])
    assert [part["case"] for part in shown(autumn, trust)["parts"]] == [YOUTH]
    assert autumn.letters("report_request", trust)[0] == ("trust@trust.example", AUTUMN)
    assert [autumn.facts(ref).session.state for ref in (YOUTH, POLICE)] == ["CANCELLED"] * 2  # type: ignore[union-attr]  # each had one
    assert queries_of(autumn.uow, "select code from agency where status = 'ended' order by code") == [("01",), ("11",)]
    autumn.accepted(trust, at("2026-10-12 12:00"))
    report = assurance_report(autumn.uow, partnership=CODE, year=YEAR, now=YEAR_END)
    assert [each.agency.code for each in report.scores] == ["02", "03", "04", "12", "31"]  # once, no rating from theirs
    into = "is part of 31 Trust since Thursday 1 October 2026: it is reported on and counted there, once."
    assert report.year_on_year[-2:] == (f"01 Youth Services {into}", f"11 Constabulary {into}")
    assert autumn.whole()


def test_case_10_the_silence_of_a_successor_is_its_own_alone(autumn: House) -> None:
    trust = newcomer(autumn)
    done = merged(autumn, ["01", "11"], "31", AUTUMN)

    autumn.until(at("2026-10-05 12:05"))
    told = autumn.letters("covered_notice")
    owed = [to for to, _ in autumn.letters("report_request", trust)]
    autumn.until(at("2026-11-20 12:00"))

    counted = "15 working days after the request left on Monday 5 October 2026 is Monday 26 October 2026"
    assert done.due == (f"GSCP-2026-31 is due by Monday 26 October 2026, 5pm: {counted}; 5pm London time.",)
    assert autumn.facts(trust).dates.deadline.on == date(2026, 10, 26)  # type: ignore[union-attr]  # as the dry run said
    assert {to for to, _ in told} >= {OLD, "police@police.example"}
    assert owed == ["trust@trust.example", "chief@trust.example"]
    assert autumn.letters("target_missed", trust) == []  # it never had that time
    subjects = queries_of(
        autumn.uow, "select case_ref, kind from message where kind in ('non_submission', 'escalation')"
    )
    after = {(ref, kind) for ref, kind in subjects if ref in (trust, YOUTH, POLICE)}
    assert after == {(trust, "non_submission"), (trust, "escalation")}
    body = next(
        m.raw.decode(errors="replace") for m in autumn.server.taken if m.recipient == OLD and b"any more" in m.raw
    )
    assert "your duty" not in body
    report = assurance_report(autumn.uow, partnership=CODE, year=YEAR, now=YEAR_END)
    assert [each.agency.code for each in report.non_submissions if each.agency.code in ("01", "11", "31")] == ["31"]
    with pytest.raises(RefusedError, match=r"is there no more .*; ask the agency that follows it"):
        cases.revive(autumn.uow, YOUTH, acts.Revive("It is there"), by="clerk", now=at("2026-11-20 12:00"))
    assert autumn.whole()


def test_an_older_file_does_not_undo_a_new_name_or_a_handover(autumn: House) -> None:
    successions.rename(
        autumn.uow,
        partnership=CODE,
        code="01",
        name="Young People",
        on=OCTOBER,
        reason="A vote",
        now=AUTUMN,
        by="clerk",
    )
    handed_over(autumn, AUTUMN)
    header = "code,name,category,status,contact_email"
    of = {"partnership": CODE, "now": AUTUMN, "by": "clerk"}

    old = agencies.import_register(
        autumn.uow,
        f"{header}\n01,Youth Services,youth,active,{OLD}\n",
        **of,  # type: ignore[arg-type]
    )
    new = agencies.import_register(
        autumn.uow,
        f"{header}\n01,Young People,youth,active,third@agency.example\n",
        **of,  # type: ignore[arg-type]
    )

    older = "is of before a change on record"
    (refused,) = old.refused
    assert refused.why == (
        f"its name Youth Services {older}, and Young People holds now; write that, or if it is Youth Services again, "
        f"record it with `s11flow agencies rename 01`; its contact_email {OLD} {older}, and {NEW} holds now; "
        f"write that, or if it is {OLD} again, record it with `s11flow agencies hand-over 01`."
    )
    assert new.refused == ()  # what nothing on record has ended may come
    assert autumn.whole()


def test_case_05_the_senior_leader_s_copy_says_that_somebody_else_answers(autumn: House) -> None:
    gone(autumn)
    autumn.until(FOUND)
    handed_over(autumn)
    autumn.until(FOUND.replace(minute=59))

    def asked(who: str) -> str:
        mails = [message_from_bytes(mail.raw, policy=default) for mail in autumn.server.taken if mail.recipient == who]
        part = [mail for mail in mails if str(mail["subject"]).startswith("Please send")][-1].get_body(("plain",))
        assert part is not None
        return " ".join(part.get_content().split())

    assert "You answer for Youth Services now." in asked(NEW)
    assert "You answer for" not in asked("director@agency.example")
    assert "Somebody else answers for Youth Services now." in asked("director@agency.example")


def test_case_09_names_go_by_their_days_in_whatever_order_they_were_recorded(autumn: House) -> None:
    for name, day in (("Third", date(2026, 10, 1)), ("Second", date(2026, 9, 1))):
        successions.rename(
            autumn.uow, partnership=CODE, code="01", name=name, on=day, reason="A vote", now=AUTUMN, by="clerk"
        )

    with autumn.uow.read() as connection:
        (home,) = queries.partnerships(connection)
        rows = queries.successions(connection, home.id)
        agency = autumn.facts(YOUTH).agency
        days = (date(2026, 8, 1), date(2026, 9, 15), date(2026, 10, 2))
        called = [successions.name_on(rows, agency, day) for day in days]

    assert called == ["Youth Services", "Second", "Third"]


def test_case_11_a_successor_is_active_and_reports_for_itself(autumn: House) -> None:
    with pytest.raises(WrongInputError, match="must be active and report for itself"):
        successions.abolish(
            autumn.uow,
            partnership=CODE,
            code="01",
            successor="03",
            on=OCTOBER,
            reason="An order",
            now=AUTUMN,
            by="clerk",
        )


def test_case_10_where_each_has_reported_already_their_reports_are_the_successor_s(autumn: House) -> None:
    trust = newcomer(autumn)
    autumn.report(YOUTH, AUTUMN, b"youth")
    autumn.accepted(POLICE, AUTUMN)

    merged(autumn, ["01", "11"], "31")

    facts = autumn.facts(trust)
    assert facts.submission is not None
    assert (facts.state, len(facts.submission.files), facts.submission.arrived_at) == ("SUBMITTED", 2, AUTUMN)
    assert autumn.whole()


def test_case_10_one_becomes_part_of_another_that_goes_on_and_what_was_considered_stands(autumn: House) -> None:
    autumn.accepted(YOUTH)
    autumn.until(at("2026-11-10 12:00"))
    sessions.record(autumn.uow, YOUTH, "attended", now=at("2026-11-10 12:00"), by="clerk")

    done = successions.merge(
        autumn.uow, partnership=CODE, codes=["01", "11"], into="02", on=date(2026, 11, 10), reason="An order",
        now=at("2026-11-10 12:00"), by="clerk",
    )  # fmt: skip

    assert (done.successor, done.covered, done.stand) == ((STROUD,), (POLICE,), (YOUTH,))
    assert autumn.facts(YOUTH).state == "CONSIDERED"
    assert {member.agency.code for member in autumn.facts(STROUD).members} == {"03", "11"}
    assert autumn.whole()


@pytest.mark.on_both
def test_case_10_the_next_cycle_asks_only_the_successor(autumn: House) -> None:
    merged(autumn, ["01"], "11")
    now = at("2027-06-01 12:00")

    cycles.open_cycle(
        autumn.uow, partnership=CODE, year=2027, panel_days=[date(2027, 11, 9)], templates=shipped_templates(), now=now,
        by="clerk",
    )  # fmt: skip

    refs = queries_of(autumn.uow, "select ref from subject where kind = 'case' and ref like 'GSCP-2027%' order by ref")
    assert [ref for (ref,) in refs] == [f"{CODE}-2027-{code}" for code in ("02", "03", "04", "11", "12")]
    again = agencies.import_register(
        autumn.uow, f"{HEADER}\n01,Youth Services,youth,no_contact,,,,,,,,,\n", partnership=CODE, now=now, by="clerk"
    )
    assert again.refused[0].why == (
        "it is there no more (part of Constabulary since Thursday 1 October 2026); leave its row out, or give its "
        "successor's code."
    )


@pytest.mark.on_both
def test_case_11_an_abolished_agency_owes_nothing_more_and_its_actions_wait_for_a_decision(autumn: House) -> None:
    given = ReviewAction(0, "01", ReviewKind.MULTI_AGENCY_AUDIT, "Train the staff")
    review_actions.add(autumn.uow, "01", given, partnership=CODE, now=AUTUMN, by="clerk")

    done = successions.abolish(
        autumn.uow, partnership=CODE, code="01", successor="11", on=OCTOBER, reason="Local government reorganisation",
        now=AUTUMN, by="clerk",
    )  # fmt: skip
    autumn.until(YEAR_END)
    still = queries_of(autumn.uow, "select agency.code from review_action join agency on agency.id = agency_id")
    decided = successions.move_action(
        autumn.uow, partnership=CODE, number=1, to="11", reason="it runs the service now", now=YEAR_END, by="manager"
    )

    assert (done.excused, done.stand, done.actions) == ((YOUTH,), (), ("A1",))
    assert autumn.printed(YOUTH).report == "excused"
    assert "ended on Thursday 1 October 2026; Constabulary follows it" in autumn.printed(YOUTH).reason
    assert autumn.letters("escalation", YOUTH) == []
    assert still == [("01",)]
    assert decided == "A1 is Constabulary's now: it runs the service now."
    assert queries_of(autumn.uow, "select agency.code from review_action join agency on agency.id = agency_id") == [
        ("11",)
    ]
    assert autumn.whole()


def test_case_11_an_agency_that_reports_for_others_is_not_ended_before_they_have_another(autumn: House) -> None:
    with pytest.raises(WrongInputError, match=rf"reports for others \({COTSWOLD}\)"):
        successions.abolish(
            autumn.uow, partnership=CODE, code="02", on=OCTOBER, reason="An order", now=AUTUMN, by="clerk"
        )


def test_case_11_nothing_more_is_recorded_of_an_agency_that_has_ended(autumn: House) -> None:
    of = {"partnership": CODE, "now": AUTUMN, "by": "clerk"}
    ends: dict[str, Any] = {**of, "code": "01", "on": OCTOBER, "reason": "An order"}
    with pytest.raises(WrongInputError, match="cannot follow itself; name another agency"):
        successions.abolish(autumn.uow, **ends, successor="01")
    successions.abolish(autumn.uow, **ends)

    with pytest.raises(WrongInputError, match=r"Youth Services is there no more .*; name the agency that is"):
        successions.abolish(autumn.uow, **{**ends, "code": "11"}, successor="01")
    with pytest.raises(WrongInputError, match=r"Youth Services is there no more .*, so nobody answers for it"):
        handed_over(autumn, AUTUMN)
    with pytest.raises(WrongInputError, match=r"Youth Services is there no more .*, so nobody answers for it"):
        contacts.contact_left(autumn.uow, **of, code="01")  # type: ignore[arg-type]
    assert autumn.whole()


@pytest.mark.parametrize("person", [Person(NEW, "A.\nBcc: b@c.example"), Person(NEW, "A", "Head\r\nof it")])
def test_case_05_who_answers_now_is_named_on_one_line(autumn: House, person: Person) -> None:
    with pytest.raises(WrongInputError, match=r"has a control character in it; type it again, on one line\."):
        contacts.hand_over(autumn.uow, partnership=CODE, code="01", to=person, now=AUTUMN, by="clerk")


@pytest.mark.on_both
def test_case_12_a_service_given_to_another_provider_names_both_and_who_owns_the_gap(autumn: House) -> None:
    autumn.act(YOUTH, acts.SetPeriod(date(2025, 4, 1), date(2026, 9, 30), "It changed hands"), AUTUMN)
    to = Person("lead@provider.example", "", "Manager")

    done = successions.recommission(
        autumn.uow, partnership=CODE, code="01", name="New Provider", commissioner="11", on=date(2026, 7, 1),
        reason="The contract ended", to=to, now=AUTUMN, by="clerk",
    )  # fmt: skip

    assert done.told == (
        (
            "From Wednesday 1 July 2026 Youth Services (01) is provided by New Provider, commissioned by 11: "
            "The contract ended."
        ),
    )
    assert shown(autumn, YOUTH)["providers"] == [
        {"name": "Youth Services", "from": "2025-04-01", "to": "2026-06-30", "commissioner": "11"},
        {"name": "New Provider", "from": "2026-07-01", "to": "2026-09-30", "commissioner": "11"},
    ]
    assert autumn.printed(YOUTH).agency.name == "New Provider (to 30 June 2026: Youth Services)"
    assert ("lead@provider.example", AUTUMN) in autumn.letters("report_request", YOUTH)
    assert autumn.whole()


# --- tracks and periods ----------------------------------------------------------------------------------------------


def next_year(house: House, *rows: str) -> House:
    """The cycle of 2027, opened in June with some rows of the register changed."""
    now = at("2027-06-01 12:00")
    house.until(now)
    register(house, *rows, now=now)
    cycles.open_cycle(
        house.uow, partnership=CODE, year=2027, panel_days=[date(2027, 11, 9)], templates=shipped_templates(), now=now,
        by="clerk",
    )  # fmt: skip
    return house


def judged(house: House) -> None:
    """The youth services were judged in 2026: amber in all but the second standard."""
    house.accepted()
    house.until(at("2026-11-10 12:00"))
    sessions.record(house.uow, YOUTH, "attended", now=at("2026-11-10 12:00"), by="clerk")
    given = json.loads(judgement())
    given["standards"][1]["panel"] = "green"
    assessments.assess(house.uow, YOUTH, json.dumps(given), now=at("2026-11-16 12:00"), by="scrutineer")
    assessments.agree(house.uow, YOUTH, now=at("2026-12-01 12:00"), by="scrutineer", early="it has no corrections")


ROW = "01,Youth Services,youth,active,,,,Service Manager,youth@agency.example,,director@agency.example,,,"


@pytest.mark.on_both
def test_case_45_in_a_light_year_a_signed_statement_with_evidence_for_what_was_partly_met_closes_the_case(
    autumn: House,
) -> None:
    judged(autumn)
    next_year(autumn, f"{ROW},light")
    light, came = f"{CODE}-2027-01", at("2027-09-01 12:00")
    autumn.until(came)
    asked = autumn.facts(light)

    first = autumn.report(light, came, b"statement")
    with pytest.raises(RefusedError, match=r"3 gaps are open \(.standard 1, .*standard 3, .*standard 4, "):
        autumn.act(light, acts.AcceptReport(signed_by="Director"), came)
    autumn.report(light, came, b"statement with evidence", addresses=("1", "3", "4"))
    with pytest.raises(RefusedError, match="say who signed it"):
        autumn.act(light, acts.AcceptReport(), came)
    accepted = autumn.act(light, acts.AcceptReport(signed_by="Director"), came)

    assert (asked.track, asked.session, asked.dates.deadline and asked.dates.deadline.rule) == ("light", None, "light")
    assert [gap.split(",")[0] for gap in first.missing] == ["standard 1", "standard 3", "standard 4"]
    (context,) = queries_of(
        autumn.uow,
        f"select context from message where kind = 'report_request' and case_ref = '{light}' and recipient = 'contact'",
    )[0]
    assert [each.split(",")[0] for each in json.loads(context)["evidence_for"]] == [
        "standard 1",
        "standard 3",
        "standard 4",
    ]
    assert accepted.state == "ACCEPTED"
    report = assurance_report(autumn.uow, partnership=CODE, year=2027, now=at("2028-01-20 12:00"))
    (score,) = [each for each in report.scores if each.agency.code == "01"]
    assert (score.report, score.basis, score.not_judged) == (
        "by the target",
        "signed statement of compliance",
        "No judgement: signed statement of compliance.",
    )
    end = at("2028-01-20 12:00")
    autumn.until(end)
    conclusion.approve_report(autumn.uow, partnership=CODE, year=2027, now=end, by="scrutineer")
    conclusion.include_in_statement(autumn.uow, partnership=CODE, year=2027, now=end, by="scrutineer")
    conclusion.close(autumn.uow, partnership=CODE, year=2027, now=end, by="clerk")
    assert (autumn.facts(light).state, autumn.facts(light).basis) == ("CLOSED", "signed statement of compliance")
    assert autumn.whole(end)


def test_case_45_a_biennial_body_is_asked_nothing_in_its_other_year(autumn: House) -> None:
    next_year(autumn, f"{ROW},none")
    autumn.until(at("2027-12-01 12:00"))

    facts = autumn.facts(f"{CODE}-2027-01")
    assert (facts.state, facts.track) == ("EXCUSED", "none")
    assert queries_of(autumn.uow, f"select count(*) from message where case_ref = '{facts.ref}'") == [(0,)]
    assert autumn.whole(autumn.now)


def test_case_45_a_track_is_settled_before_the_agency_is_asked(autumn: House) -> None:
    next_year(autumn, f"{ROW},")
    ref = f"{CODE}-2027-01"

    light = autumn.act(ref, acts.SetTrack(Track.LIGHT, "its second year"), autumn.now)
    full = autumn.act(ref, acts.SetTrack(Track.FULL, "the panel wants to see it"), autumn.now)

    assert light.session is not None
    assert (light.session.state, light.dates.deadline and light.dates.deadline.on) == ("CANCELLED", date(2027, 10, 8))
    assert full.dates.deadline is None
    with pytest.raises(RefusedError, match="it is asked already"):
        autumn.act(YOUTH, acts.SetTrack(Track.LIGHT, "too late"), AUTUMN)
    assert autumn.whole(autumn.now)


def test_case_46_after_a_missed_year_a_report_covers_24_months_and_the_gap_is_marked(autumn: House) -> None:
    two_years = acts.SetPeriod(date(2024, 4, 1), date(2026, 3, 31), "It did not report last year")

    autumn.act(YOUTH, two_years, AUTUMN)
    autumn.until(at("2026-10-06 12:00"))

    assert autumn.letters("dates_changed", YOUTH) == [(OLD, AUTUMN)]
    assert shown(autumn, YOUTH)["period"] == ["2024-04-01", "2026-03-31"]
    report = assurance_report(autumn.uow, partnership=CODE, year=YEAR, now=YEAR_END)
    assert report.year_on_year == (
        (
            "01 Youth Services reports on 24 months, 1 April 2024 to 31 March 2026: there is a gap before, and its "
            "ratings are not to be compared with those of one year."
        ),
    )
    assert autumn.whole()
