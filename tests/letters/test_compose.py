"""Letters become rows for the outbox: whom they go to, under which key, with which subject line and context."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendars import invitation, london
from notifications.render import TemplateError
from s11flow.domain.errors import UnknownError
from s11flow.domain.model import Agency, Answer, CaseFacts, Letter, Session
from s11flow.domain.timetable import Rulebook
from s11flow.letters.compose import (
    Addressed,
    Dossier,
    Draft,
    calendar_of,
    drafts,
    previews,
    recipients,
    subject_line,
    write,
)
from s11flow.letters.contexts import KINDS
from s11flow.letters.recipients import role_words
from tests.letters.factories import (
    ENDS,
    NOW,
    PANEL_DAY,
    STARTS,
    a_case,
    a_dossier,
    a_letter,
    a_member,
    a_session,
    an_agency,
    made,
    rulebook,
    written,
)

LEAD, PRACTICE = "attendee-095b5120", "attendee-68e4ca3a"


def roles(letter: Letter) -> list[tuple[str, str]]:
    return [(to.recipient, to.address) for to in recipients(rulebook(), letter)]


# --- whom a letter goes to --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("contact_check", ["contact", "deputy"]),
        ("contact_wanted", ["senior_leader"]),
        ("report_request", ["contact", "senior_leader"]),
        ("reminder", ["contact"]),
        ("target_missed", ["contact"]),
        ("dates_changed", ["contact"]),
        ("receipt", ["sender"]),
        ("report_returned", ["contact"]),
        ("escalation_warning", ["business_unit"]),
        ("non_submission", ["contact", "senior_leader"]),
        ("escalation", ["executive_chair"]),
        ("chair_letter", ["senior_leader", "executive_chair"]),
        ("escalation_resolved", ["executive_chair", "senior_leader", "contact"]),
        ("escalation_stood_down", ["executive_chair", "senior_leader", "contact"]),
        ("correction", ["contact"]),
        ("redaction_wanted", ["senior_leader", "contact"]),
        ("letter_corrected", ["contact"]),
        ("panel_invitation", [LEAD, PRACTICE]),
        ("reply_chase", [PRACTICE]),
        ("panel_pack", ["panel-1", "panel-2", "panel-3", "panel-4", "panel-5"]),
        ("session_outcome", ["contact"]),
        ("accuracy_check", ["contact"]),
        ("feedback", ["contact", "senior_leader"]),
        ("themes", ["agency-05A-contact", "agency-05A-senior_leader"]),
        ("report_circulated", ["circulation-1", "circulation-2"]),
        ("digest", ["business_unit"]),
    ],
)
def test_who_gets_a_letter(kind: str, expected: list[str]) -> None:
    assert [role for role, _ in roles(a_letter(kind))] == expected


def test_one_address_gets_a_letter_once_however_it_is_written() -> None:
    agency = an_agency(senior_leader="LEAD@Cotswold.example")

    assert roles(a_letter("report_request", facts=a_case(agency=agency))) == [("contact", "lead@cotswold.example")]


def test_a_missing_address_is_left_out() -> None:
    agency = an_agency(senior_leader=None)

    assert roles(a_letter("non_submission", facts=a_case(agency=agency))) == [("contact", "lead@cotswold.example")]
    assert roles(a_letter("contact_wanted", facts=a_case(agency=agency))) == []


def test_every_members_senior_leader_hears_of_a_silent_joint_report() -> None:
    letter = a_letter("non_submission", facts=a_case(members=(a_member(), a_member("05C", senior_leader=None))))

    assert recipients(rulebook(), letter)[2:] == (
        Addressed("member-05B-senior_leader", "chief@05b.example", None, "GSCP-2026-05B", "05B"),
    )
    assert "You receive this as the senior leader of Cheltenham Borough Council" in (
        written(letter, to="member-05B-senior_leader").text
    )


def test_a_covered_agency_is_told_under_its_own_code() -> None:
    (draft,) = made(a_letter("covered_notice"))

    assert (draft.to_address, draft.case_ref, draft.agency) == ("lead@05b.example", "GSCP-2026-05B", "05B")
    assert draft.dedupe_key == "GSCP/2026/05B/covered_notice@2026-10-09/contact"
    assert draft.subject == "GSCP-2026-05A"  # the lead's case owes it, and can stop it


def test_each_member_is_reported_to_its_own_chair_in_a_letter_of_its_own() -> None:
    case = a_case(members=(a_member("11", "Police"),))

    own, members = (a_letter("escalation", facts=case, about=about) for about in ({}, {"member": "11"}))

    assert roles(own) == [("executive_chair", "executive-chair@police.example")]
    assert roles(members) == [("alternate", "executive-partner@nhs.example")]
    assert [d.dedupe_key for d in (*made(own), *made(members))] == [
        "GSCP/2026/05A/escalation@2026-10-09/executive_chair",
        "GSCP/2026/11/escalation@2026-10-09/alternate",
    ]


def test_a_letter_about_an_agency_that_is_no_member_is_refused() -> None:
    with pytest.raises(ValueError, match="names 07, which is no member of the joint report of GSCP-2026-05A"):
        recipients(rulebook(), a_letter("covered_notice", about={"member": "07"}))


@given(
    code=st.sampled_from(["01", "05A", "08", "11", "16"]), kind=st.sampled_from(["escalation", "escalation_resolved"])
)
def test_no_chair_is_told_about_their_own_agency(code: str, kind: str) -> None:
    people = rulebook().definition.people
    letter = a_letter(kind, facts=a_case(agency=an_agency(code=code)))

    own = {p.email for p in (people.executive_chair, people.alternate) if p is not None and p.agency == code}
    assert own.isdisjoint(address for _, address in roles(letter))


def test_invitations_go_to_the_contact_where_nobody_is_named() -> None:
    letter = a_letter("panel_invitation", facts=a_case(agency=an_agency(attendees=())))

    assert roles(letter) == [("contact", "lead@cotswold.example")]


@pytest.mark.parametrize(
    ("answer", "chased", "reminded"),
    [
        ("accepted", [PRACTICE], [LEAD, PRACTICE]),
        ("declined", [PRACTICE], [PRACTICE]),
        ("tentative", [PRACTICE], [LEAD, PRACTICE]),
    ],
)
def test_silence_is_chased_and_those_who_declined_are_left_alone(
    answer: str, chased: list[str], reminded: list[str]
) -> None:
    case = a_case(session=a_session(answers=(Answer("Lead@Cotswold.example", answer, NOW),)))

    assert [role for role, _ in roles(a_letter("reply_chase", facts=case))] == chased
    assert [role for role, _ in roles(a_letter("session_reminder", facts=case))] == reminded


def test_the_newest_answer_of_an_attendee_counts() -> None:
    answers = (
        Answer("lead@cotswold.example", "declined", NOW + timedelta(hours=1)),
        Answer("lead@cotswold.example", "accepted", NOW),
    )

    letter = a_letter("session_reminder", facts=a_case(session=a_session(answers=answers)))

    assert [role for role, _ in roles(letter)] == [PRACTICE]


def test_attendees_hear_of_a_changed_date_only_when_it_is_their_session() -> None:
    about = {"what": "panel session", "old": "x", "new": "y"}

    assert [role for role, _ in roles(a_letter("dates_changed", about=about))] == ["contact", PRACTICE]


@pytest.mark.parametrize("sender", ["not an address", "", None, "a@b@c.example", "x\r\nBcc: y@z.example"])
def test_a_receipt_goes_to_the_contact_where_the_sender_is_no_address(sender: str | None) -> None:
    assert roles(a_letter("receipt", private={"sender": sender})) == [("contact", "lead@cotswold.example")]


def test_case_41_whoever_answers_for_data_protection_is_told() -> None:
    facts = a_case(agency=an_agency(data_protection="dpo@cotswold.example"))

    assert roles(a_letter("redaction_wanted", facts=facts)) == [
        ("data_protection", "dpo@cotswold.example"),
        ("contact", "lead@cotswold.example"),
    ]


def test_a_correction_goes_to_whoever_gets_the_letter_that_was_wrong() -> None:
    assert [role for role, _ in roles(a_letter("correction", about={"kind": "report_request"}))] == [
        "contact",
        "senior_leader",
    ]
    assert [role for role, _ in roles(a_letter("correction", about={}))] == ["contact"]


def test_a_kind_that_the_definition_has_switched_off_goes_to_nobody() -> None:
    definition = replace(rulebook().definition, letters_off=("contact_check",))
    rules = Rulebook(definition, rulebook().days, rulebook().templates)

    assert (recipients(rules, a_letter("contact_check")), len(recipients(rules, a_letter("reminder")))) == ((), 1)


def test_an_unknown_kind_is_refused_with_the_kinds_there_are() -> None:
    with pytest.raises(UnknownError, match='No kind of letter is called "poem"; there is accuracy_check, '):
        recipients(rulebook(), replace(a_letter("reminder"), kind="poem"))


@pytest.mark.parametrize(
    ("recipient", "words"),
    [
        ("contact", "the contact"),
        ("senior_leader", "the senior leader"),
        (LEAD, "a person invited to the panel"),
        ("member-05B-senior_leader", "the senior leader of agency 05B"),
        ("business_unit", "the business unit"),
    ],
)
def test_a_role_key_has_words(recipient: str, words: str) -> None:
    assert role_words(recipient) == words


# --- greetings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agency", "greeting"),
    [
        (an_agency(contact_name="Robin Vale"), "Dear Robin Vale"),
        (an_agency(), "Dear Safeguarding Lead"),
        (an_agency(contact_role=""), "Dear colleague"),
    ],
)
def test_a_contact_is_greeted_by_name_then_role_then_as_a_colleague(agency: Agency, greeting: str) -> None:
    assert written(a_letter("reminder", facts=a_case(agency=agency))).text.startswith(f"{greeting}\n")


def test_an_attendee_who_is_not_the_contact_is_not_greeted_as_the_contact() -> None:
    agency = an_agency(contact_name="Robin Vale")
    letter = a_letter("panel_invitation", facts=a_case(agency=agency))

    assert [written(letter, to=role).text.split("\n")[0] for role in (LEAD, PRACTICE)] == [
        "Dear Robin Vale",
        "Dear colleague",
    ]


# --- what goes into the outbox ----------------------------------------------------------------------------------------


def test_a_draft_says_all_that_its_row_needs() -> None:
    (draft,) = made(a_letter("reminder", due_key="reminder/target-28d@2026-10-09", valid_until=STARTS))

    assert replace(draft, context="") == Draft(
        dedupe_key="GSCP/2026/05A/reminder/target-28d@2026-10-09/contact",
        subject="GSCP-2026-05A",
        case_ref="GSCP-2026-05A",
        agency="05A",
        kind="reminder",
        recipient="contact",
        to_address="lead@cotswold.example",
        subject_line="Reminder: Section 11 report, target Friday 9 October 2026 (GSCP-2026-05A)",
        why="28 days before the target",
        at=NOW,
        valid_until=STARTS,
    )


agencies = st.builds(
    an_agency,
    name=st.text(min_size=1).filter(lambda name: name.isprintable() and name.strip()),
    contact_name=st.text(max_size=20),
    contact=st.sampled_from([None, "lead@cotswold.example", "other@cotswold.example"]),
    senior_leader=st.sampled_from([None, "lead@cotswold.example", "chief@cotswold.example"]),
    attendees=st.lists(st.sampled_from(["a@x.example", "A@x.example", "b@x.example"]), max_size=3).map(tuple),
)
cases = st.builds(a_case, agency=agencies, members=st.sampled_from([(), (a_member(),), (a_member(), a_member("05C"))]))
case_kinds = sorted(k for k in KINDS if isinstance(a_letter(k).facts, CaseFacts) and k != "covered_notice")


@given(kind=st.sampled_from(case_kinds), case=cases, late=st.integers(0, 200))
def test_what_is_forecast_is_what_is_sent(kind: str, case: CaseFacts, late: int) -> None:
    letter = a_letter(kind, facts=case)
    now = NOW + timedelta(days=late)

    drafted = drafts(rulebook(), letter, a_dossier(), now)

    assert tuple(replace(draft, context="") for draft in drafted) == previews(rulebook(), letter)
    assert drafts(rulebook(), letter, Dossier(), now + timedelta(days=9)) != () or drafted == ()
    assert (
        len({draft.dedupe_key for draft in drafted}) == len({d.to_address.casefold() for d in drafted}) == len(drafted)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_context_is_canonical_json(kind: str) -> None:
    for draft in made(a_letter(kind)):
        again = json.dumps(json.loads(draft.context), separators=(",", ":"), ensure_ascii=False)
        assert draft.context == again


@pytest.mark.parametrize("kind", KINDS)
def test_a_subject_line_does_not_depend_on_the_dossier_or_the_moment(kind: str) -> None:
    letter = a_letter(kind)
    early = made(letter, dossier=Dossier())
    late = made(letter, now=NOW + timedelta(days=60))

    assert [d.subject_line for d in early] == [d.subject_line for d in late]


def test_a_context_is_frozen_and_survives_a_change_of_the_facts() -> None:
    draft = made(a_letter("reminder"))[0]
    renamed = made(a_letter("reminder", facts=a_case(agency=an_agency(name="Renamed Council"))))[0]

    assert "Cotswold District Council" in write(rulebook().templates, "reminder", draft.context, subject_line="x").text
    assert "Renamed Council" in write(rulebook().templates, "reminder", renamed.context, subject_line="x").text


# --- names that would like to be markup -------------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>",
    "**Bold** [click](https://evil.example) `code`",
    "# Heading\n\n- item\r\nBcc: someone@evil.example",
    "{{ house.mailbox }} {% if x %}",
    "A | B\n|---|---|\n| c | d |",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    "kind", ["report_request", "contact_check", "escalation", "panel_invitation", "escalation_warning"]
)
def test_a_hostile_name_lands_as_text(kind: str, name: str) -> None:
    letter = a_letter(kind, facts=a_case(agency=an_agency(name=name, contact_name=name, contact_role=name)))

    plain = written(a_letter(kind)).html
    html = written(letter).html

    for tag in ("<script", "<a ", "<code", "<li", "<td", "<h1", "<h2"):
        assert html.count(tag) == plain.count(tag)
    for draft in made(letter):
        assert draft.subject_line.isprintable()


def test_hostile_words_of_a_person_land_as_text() -> None:
    letter = a_letter("chair_letter", private={"words": "<b>now</b>\n\n# Loud\n\n[x](javascript:alert(1))"})

    html = written(letter).html
    assert "&lt;b&gt;now&lt;/b&gt;" in html
    assert "<h1>" not in html
    assert "javascript" not in html.replace("[x](javascript:alert(1))", "")


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://x.example/a b", '"><script>', ""])
def test_a_link_that_is_none_is_left_out(link: str) -> None:
    dossier = replace(a_dossier(), cycle={"link": link})

    assert "javascript" not in written(a_letter("themes"), dossier=dossier).html


# --- the calendar part ------------------------------------------------------------------------------------------------


def test_an_invitation_carries_the_meeting_as_one_attendee_is_told_of_it() -> None:
    dtstamp = a_session().revised_at
    draft = made(a_letter("panel_invitation", facts=a_case(session=a_session(place="https://meet.example/abc"))))[1]

    meeting = calendar_of("panel_invitation", draft.context)

    assert meeting == invitation.Invitation(
        uid="4f3c2a@partnership.example",
        sequence=0,
        dtstamp=dtstamp,
        starts_at=london.local(STARTS),
        ends_at=london.local(ENDS),
        summary="Section 11 panel: Cotswold District Council (GSCP-2026-05A)",
        description=(
            "30 minutes including questions with the panel of the Gloucestershire Safeguarding Children Partnership.\n"
            "Coming is not mandatory; an agency that does not come is assessed on its report alone.\n"
            "Questions, or another time: section11@gloucestershire-partnership.example, quoting GSCP-2026-05A."
        ),
        location="https://meet.example/abc",
        organizer=invitation.Person(
            "Gloucestershire Safeguarding Children Partnership", "section11@gloucestershire-partnership.example"
        ),
        attendee=invitation.Person("practice@cotswold.example", "practice@cotswold.example"),
        url="https://meet.example/abc",
    )
    assert b"METHOD:REQUEST" in invitation.request(meeting)


def test_whoever_has_answered_to_this_time_is_not_asked_again() -> None:
    session = a_session(revision=1, answers=(Answer("Lead@cotswold.example", "tentative", NOW, 1),))
    changed = made(a_letter("panel_invitation_changed", facts=a_case(session=session)))

    told = {
        draft.to_address: (meeting.partstat, meeting.reply_wanted)
        for draft in changed
        if (meeting := calendar_of(draft.kind, draft.context)) is not None
    }

    assert told == {
        "lead@cotswold.example": ("TENTATIVE", False),
        "practice@cotswold.example": ("NEEDS-ACTION", True),
    }


@pytest.mark.parametrize(
    ("kind", "revision", "sequence"),
    [("panel_invitation", 0, 0), ("panel_invitation_changed", 1, 1), ("panel_invitation_cancelled", 1, 2)],
)
def test_each_change_that_shows_raises_the_sequence(kind: str, revision: int, sequence: int) -> None:
    draft = made(a_letter(kind, facts=a_case(session=a_session(revision=revision))))[0]

    meeting = calendar_of(kind, draft.context)

    assert meeting is not None
    assert (meeting.sequence, meeting.uid) == (sequence, "4f3c2a@partnership.example")


def test_only_invitations_carry_a_calendar_part() -> None:
    carried = {kind: calendar_of(kind, made(a_letter(kind))[0].context) is not None for kind in KINDS}

    assert {kind for kind, carries in carried.items() if carries} == {
        k for k in KINDS if k.startswith(("panel_invitation", "panel_pack", "panel_day", "letter_corrected"))
    }


def test_a_session_after_the_clocks_change_is_told_in_london_time() -> None:
    day = date(2026, 10, 24)
    session: Session = a_session(starts_at=london.instant(day, time(9, 30)), ends_at=london.instant(day, time(10)))

    assert "Tuesday 10 November 2026, 9:30am" in made(a_letter("panel_invitation"))[0].subject_line  # GMT
    assert "Saturday 24 October 2026, 9:30am" in (
        made(a_letter("panel_invitation", facts=a_case(session=session)))[0].subject_line  # BST
    )
    assert day < PANEL_DAY


# --- what cannot be written -------------------------------------------------------------------------------------------


def test_an_invitation_without_a_session_is_refused() -> None:
    with pytest.raises(ValueError, match="panel_invitation cannot be written for GSCP-2026-05A: it has no session"):
        made(a_letter("panel_invitation", facts=a_case(session=None)))


def test_a_letter_about_a_case_needs_a_case() -> None:
    with pytest.raises(
        ValueError, match="The letter reminder was made for GSCP-2026, which is no case; it needs a case"
    ):
        recipients(rulebook(), a_letter("reminder", facts=a_letter("themes").facts))


def test_a_template_that_the_cycle_does_not_have_is_named() -> None:
    rules = Rulebook(rulebook().definition, rulebook().days, {})
    letter = a_letter("reminder")

    with pytest.raises(UnknownError, match='"reminder/subject" is not among those the cycle was opened with'):
        subject_line(rules, letter, recipients(rules, letter)[0])


def test_a_template_that_asks_for_what_there_is_not_is_named() -> None:
    with pytest.raises(TemplateError, match="uses the placeholder 'favourite_colour'"):
        write(
            {"reminder/body": "{{ favourite_colour }}"},
            "reminder",
            made(a_letter("reminder"))[0].context,
            subject_line="x",
        )
