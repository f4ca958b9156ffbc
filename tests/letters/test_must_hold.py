"""What each kind of letter must hold, in its text part and in its HTML part."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from calendars import london
from s11flow.domain.model import CaseState, Escalation, EscalationState, Letter, SessionState, Track
from s11flow.domain.timetable import Rulebook, extended_deadline, with_deadline
from s11flow.letters.compose import Dossier, drafts, write
from s11flow.letters.contexts import KINDS
from tests.letters.factories import (
    a_case,
    a_dossier,
    a_letter,
    a_member,
    a_session,
    a_submission,
    an_agency,
    made,
    rulebook,
    words_of,
    words_of_html,
    written,
)

MAILBOX = "section11@gloucestershire-partnership.example"
ABSENCE = "If nobody comes, your agency is assessed on its report alone"

MUST_HOLD = {
    "contact_check": (
        "lead@cotswold.example",
        "deputy@cotswold.example",
        "chief@cotswold.example",
        f"write to {MAILBOX}",
    ),
    "contact_at_risk": (
        "do not reach Safeguarding Lead any more: we are told that they have left",
        'the letter "report request"',
        "We report no silence to anybody until a letter has reached somebody who can answer it",
        "tell us who answers for Cotswold District Council now",
    ),
    "contact_wanted": ("One person who can answer for safeguarding children", "the register has no contact"),
    "report_request": (
        "Section 11 of the Children Act 2004 places a duty",
        "1 April 2025 to 31 March 2026",
        "Standard 1: Leadership and accountability",
        "Standard 2: Safe recruitment, induction, training and development",
        "Standard 3: Safeguarding policies and procedures",
        "Standard 4: Listening to children and young people",
        "1.1 A named senior leader, with the skill and the authority the role needs",
        "4.1 There is a culture of listening to children",
        "Any format will do. If you would rather fill in a form, ask",
        "must open outside your own network",
        "domestic homicide reviews, child death reviews and multi-agency audits",
        "Target: Friday 9 October 2026, 5pm. How we worked it out: the Friday of the first full Monday to Friday week",
        "Deadline: Tuesday 20 October 2026, 5pm. How we worked it out: 21 days before Tuesday 10 November 2026",
        "Panel: Tuesday 10 November 2026, 9:30am to 10am. Where: The panel room. Please keep this time free",
        f"Send your report to {MAILBOX} with the subject S11 Report followed by the date and year",
        "we record that none was submitted and report it to the Executive Chair",
        "Coming is not mandatory. An agency that does not come is assessed on its report alone",
    ),
    "covered_notice": (
        "Cotswold District Council will report for Cheltenham Borough Council",
        "What you must still do",
        "you have 10 working days",
    ),
    "reminder": (
        "28 days are left",
        f"Send your report to {MAILBOX}",
        "Ask for an extension before the deadline",
        "We have recorded nothing from you yet",
    ),
    "target_missed": (
        "Your deadline is Tuesday 20 October 2026, 5pm",
        "What follows",
        "report it to the Executive Chair",
    ),
    "dates_changed": (
        "Old deadline: Tuesday 20 October 2026, 5pm",
        "New deadline: Thursday 22 October 2026, 5pm",
        "Why: The panel moved to Thursday 12 November.",
    ),
    "receipt": (
        "It arrived on Thursday 8 October 2026, 4:40pm",
        "report.docx",
        "appendix.pdf",
        "Standard 1, Leadership and accountability",
        "We could not find: ",
        "Standard 4, Listening to children and young people",
        "Our reference is GSCP-2026-05A, version 1",
    ),
    "report_returned": ("Standard 4 is missing.", "A link does not open.", "by Thursday 15 October 2026"),
    "return_by_reminder": ("Standard 4 is missing.", "by Thursday 15 October 2026"),
    "escalation_warning": (
        "Cotswold District Council (GSCP-2026-05A)",
        "On Thursday 22 October 2026, 9am, and no sooner, the non-submission is reported to the Executive Chair",
        "s11flow escalation hold GSCP-2026-05A --until DATE --reason WHY",
    ),
    "non_submission": (
        "was due by Tuesday 20 October 2026, 5pm",
        "Monday 6 July 2026, 9:01am",
        "Request for the report",
        "not delivered",
        "On Thursday 22 October 2026 we report this to the Executive Chair",
    ),
    "escalation": (
        "Section 11 of the Children Act 2004 places a duty",
        "Target: Friday 9 October 2026, 5pm",
        "Deadline: Tuesday 20 October 2026, 5pm",
        "Request for the report",
        "lead@cotswold.example",
        "not delivered",
        "Reported on time in 2025; Green on all four standards.",
        "A draft letter to the senior leader",
        "Write to the senior leader (chief@cotswold.example)",
        "within the next five working days",
    ),
    "chair_letter": ("Please let us have it by Friday.", "I am glad to talk.", "Due by: Tuesday 20 October 2026, 5pm"),
    "escalation_resolved": ("We now have the Section 11 report", "is settled", "What follows"),
    "escalation_stood_down": (
        "The Executive Chair has decided not to take this further",
        "The agency is in the middle of an inspection.",
        "still stands as not having submitted",
    ),
    "correction": ("What was wrong: We wrote 9 October.", "What is right: The date is 20 October."),
    "redaction_wanted": (
        "Version 1 of the Section 11 report of Cotswold District Council",
        "We have kept it back: it is not given to the panel",
        "the whole report again by Thursday 22 October 2026",
        "no names, dates of birth, addresses, or numbers of records",
        "it came in time, and the version that takes its place counts as in time too",
        "pass this letter to whoever answers for data protection there",
    ),
    "letter_corrected": (
        'On Thursday 1 October 2026, 9:01am we sent you a letter by mistake: "Invitation: Section 11 panel"',
        "Please do not act on it",
        "What was wrong: It was meant for Stroud.",
        "What is right: You hear from us in May.",
        "takes what that letter put into your diary out again: Tuesday 10 November 2026, 9:30am to 10am",
        "keep both on record",
    ),
    "panel_invitation": (
        "Tuesday 10 November 2026, 9:30am to 10am",
        "30 minutes including questions",
        "Where: The panel room",
        "Coming is not mandatory.",
        ABSENCE,
        "Please answer by Wednesday 28 October 2026",
        "If you need another time",
    ),
    "panel_invitation_changed": (
        "Old time: Tuesday 10 November 2026, 9am",
        "When: Tuesday 10 November 2026, 9:30am to 10am",
        "Where: The panel room",
        "Why: The room was double booked.",
        ABSENCE,
    ),
    "panel_invitation_cancelled": (
        "This is the panel's doing, not yours: your agency is not recorded as absent",
        "Why: The panel is not quorate.",
        "Thursday 19 November 2026, 10am",
    ),
    "reply_chase": ("9:30am to 10am", "The panel room", "Questions to expect", "If we hear nothing we keep the time"),
    "session_reminder": ("9:30am to 10am", "The panel room", "Questions to expect"),
    "time_offered": (
        "Offered: Thursday 12 November 2026, 9:30am",
        "Kept for you until you have answered: Tuesday 10 November 2026, 9:30am to 10am",
        "Tell us by Monday 9 November 2026 whether you take the offered time",
        "You need not: if you do not, or do not answer, your time stays as it is",
    ),
    "time_refused": (
        "You proposed Thursday 12 November 2026, 2pm",
        "the session stays on Tuesday 10 November 2026, 9:30am to 10am",
        "The panel is not quorate then.",
    ),
    "deputy_attended": (
        "A Colleague, practice lead",
        "Who was to come",
        "practice@cotswold.example",
        "The session counts",
    ),
    "panel_pack": (
        "Running order",
        "9:30am: Cotswold District Council",
        "10am: Gloucestershire County Council",
        "Report: version 1, in time",
        "Their own ratings: Green 15, Amber 2",
        "Last judgement: Green on all four",
        "Open actions: one, due in March",
        "declare an interest",
    ),
    "panel_day_cancelled": (
        "Tuesday 10 November 2026",
        "the day is not held",
        "takes it out of your diary",
    ),
    "session_outcome": ("Thank you for meeting the Section 11 panel on Tuesday 10 November 2026",),
    "accuracy_check": (
        "draft judgement",
        "Green",
        "One survey only.",
        "What you may comment on",
        "Please check its facts by Tuesday 8 December 2026, 5pm",
    ),
    "feedback": (
        "1 Leadership",
        "Green",
        "4 Listening",
        "Amber",
        "A youth forum that meets each term.",
        "Ask children about the new service.",
        "Run a second survey",
        "Head of Service",
        "Wednesday 31 March 2027",
    ),
    "themes": ("Supervision is strong.", "Share one induction.", "https://www.partnership.example/report"),
    "report_circulated": (
        "Supervision is strong.",
        "Recommendations to single agencies: 24.",
        "Are the agencies that did not submit to be named",
        "Police",
    ),
    "digest": (
        "Due today",
        "GSCP-2026-05A, Cotswold District Council",
        "Overdue",
        "GSCP-2026-11, Police",
        "Mail from clerk@cotswold.example",
        "The escalation of GSCP-2026-08",
        "Reminder to lead@stroud.example",
        "Contact check for 05C",
        "GSCP-2026-05D was set aside",
        "Record the session of 05A",
        "sha256 2c26b46b68ffc68f",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_letter_holds_what_it_must_in_text_and_in_html(kind: str) -> None:
    letter = written(a_letter(kind))

    missing = {
        part: [words for words in MUST_HOLD[kind] if words_of(words) not in held]
        for part, held in (("text", words_of(letter.text)), ("html", words_of_html(letter.html)))
    }

    assert missing == {"text": [], "html": []}


@pytest.mark.parametrize("kind", KINDS)
def test_every_letter_says_its_reference_and_whom_to_answer(kind: str) -> None:
    draft = made(a_letter(kind))[0]
    letter = written(a_letter(kind))

    ref = draft.case_ref or draft.subject
    assert ref in draft.subject_line
    assert f"Our reference: {ref}" in letter.text
    assert f"Answer to: {MAILBOX}" in letter.html


@pytest.mark.parametrize(
    ("kind", "on"),
    [
        ("report_request", date(2026, 7, 6)),
        ("panel_invitation", date(2026, 10, 1)),
        ("escalation", date(2026, 10, 22)),
    ],
)
def test_a_letter_reads_as_it_did_when_somebody_last_read_it(kind: str, on: date) -> None:
    golden = Path(__file__).parent / "golden" / f"{kind}.txt"
    now = london.instant(on, time(9))
    letter = a_letter(kind, at=now)

    text = f"Subject: {made(letter, now=now)[0].subject_line}\n\n{written(letter, now=now).text}"

    assert text == golden.read_text(encoding="utf-8")


def test_every_reader_has_a_letter_even_from_an_empty_dossier() -> None:
    for kind in KINDS:
        for draft in made(a_letter(kind), dossier=Dossier()):
            assert write(rulebook().templates, kind, draft.context, subject_line=draft.subject_line).text


# --- lateness, absence and the rest of what must be said honestly ----------------------------------------------------


def test_a_reminder_that_leaves_after_its_date_says_was_due() -> None:
    letter = written(a_letter("reminder"), now=london.instant(date(2026, 10, 12), time(9)))

    assert "was due by Friday 9 October 2026, 5pm, our target" in words_of(letter.text)
    assert "left" not in letter.text
    assert "Your deadline is Tuesday 20 October 2026, 5pm" in words_of(letter.text)


@pytest.mark.parametrize(
    ("on", "left"),
    [
        (date(2026, 10, 7), "2 days are left"),
        (date(2026, 10, 8), "one day is left: it is due tomorrow"),
        (date(2026, 10, 9), "it is due today"),
    ],
)
def test_a_reminder_counts_the_days_left_in_london(on: date, left: str) -> None:
    late_in_the_evening = london.instant(on, time(16, 59))

    assert left in words_of(written(a_letter("reminder"), now=late_in_the_evening).text)


def test_a_reminder_of_the_deadline_is_about_the_deadline() -> None:
    letter = a_letter("reminder", about={"anchor": "deadline"}, due_key="reminder/deadline-2wd@2026-10-20")

    assert (
        made(letter)[0].subject_line == "Reminder: Section 11 report, deadline Tuesday 20 October 2026 (GSCP-2026-05A)"
    )
    assert "is due by Tuesday 20 October 2026, 5pm. As we write this, on Friday" in words_of(written(letter).text)


def test_a_request_that_leaves_late_does_not_ask_for_a_day_that_has_passed() -> None:
    letter = written(a_letter("report_request"), now=london.instant(date(2026, 10, 12), time(9)))

    assert "Target, now past: Friday 9 October 2026, 5pm" in words_of(letter.text)


def test_a_request_does_not_claim_a_form_that_is_not_attached() -> None:
    assert "attach" not in written(a_letter("report_request")).text


def test_a_request_lists_the_review_actions_held() -> None:
    dossier = replace(a_dossier(), review_actions=("Audit of thresholds, from the review of March 2025",))

    assert (
        "Audit of thresholds, from the review of March 2025"
        in written(a_letter("report_request"), dossier=dossier).text
    )


def test_the_lead_of_a_joint_report_is_told_whom_it_covers() -> None:
    letter = a_letter("report_request", facts=a_case(members=(a_member(), a_member("05C", "Forest of Dean"))))

    text = written(letter).text
    assert "- Cheltenham Borough Council\n- Forest of Dean" in text


def test_a_body_in_its_first_year_is_not_threatened_with_the_chair() -> None:
    letter = written(a_letter("reminder", facts=a_case(track=Track.FIRST_YEAR)))

    assert "Executive Chair" not in letter.text
    assert "This is your agency's first year with us" in letter.text


def test_the_chairs_own_agency_is_told_that_the_alternate_will_hear() -> None:
    letter = written(a_letter("reminder", facts=a_case(agency=an_agency(code="11", name="Police"))))

    assert "report it to the Executive partner for health" in words_of(letter.text)
    assert "Executive Chair" not in letter.text


def test_the_draft_and_the_judgement_show_what_the_report_prints_of_it_and_nothing_empty() -> None:
    for kind in ("accuracy_check", "feedback"):
        text = words_of(written(a_letter(kind)).text)
        for said in (
            "1.1 A senior lead is named. Green Amber The lead has left.",
            "Working well - Leaders ask each month.",
            "Worried about - The lead's post is empty.",
            "Needs to happen - Fill the post.",
            "Ask children about the new service. your agency Friday 29 January 2027",
            "Run a second survey under way Head of Service Wednesday 31 March 2027",
            "Train the front desk done none named no date given",
            "Where the panel was divided",
        ):
            assert said in text
        for empty in ("Standard 4:", "Across the standards", "What changed for children", "agency's response -"):
            assert empty not in text


@pytest.mark.parametrize(
    ("state", "has_report", "said"),
    [
        (SessionState.ATTENDED, True, "assesses your agency on its report and what it heard"),
        (SessionState.ATTENDED, False, "can only go by what it heard"),
        (SessionState.ATTENDED_IN_PART, True, "attended in part: 10 of 30 minutes"),
        (SessionState.ABSENT_WITH_NOTICE, True, "Your agency is now assessed on its report alone"),
        (SessionState.ABSENT_WITHOUT_NOTICE, True, "It is recorded as absence without notice"),
        (SessionState.ABSENT_WITHOUT_NOTICE, False, "there is nothing to assess"),
    ],
)
def test_the_letter_after_the_session_says_what_the_assessment_rests_on(
    state: SessionState, has_report: bool, said: str
) -> None:
    session = a_session(state=state, minutes=10 if state == SessionState.ATTENDED_IN_PART else None)
    case = a_case(session=session, submission=a_submission() if has_report else None)

    assert said in words_of(written(a_letter("session_outcome", facts=case)).text)


def test_an_invitation_to_an_agency_without_a_report_says_that_there_would_be_nothing_to_assess() -> None:
    without = written(a_letter("panel_invitation"))
    with_one = written(a_letter("panel_invitation", facts=a_case(submission=a_submission())))

    assert "without one there would be nothing to assess" in words_of(without.text)
    assert "nothing to assess" not in with_one.text


def test_a_session_cancelled_for_the_agency_is_not_called_the_panels_doing() -> None:
    letter = a_letter("panel_invitation_cancelled", about={"by": "agency", "reserve": ""})

    text = words_of(written(letter).text)
    assert "the panel's doing" not in text
    assert "can still be assessed on its report alone" in text


def test_a_session_cancelled_because_no_report_is_asked_names_no_date_for_one() -> None:
    letter = a_letter("panel_invitation_cancelled", facts=a_case(state=CaseState.EXCUSED, session=a_session()))

    text = words_of(written(letter).text)
    assert "No report of your own is asked of you now" in text
    assert "your report is due" not in text
    assert "another time" not in text


def test_an_agency_that_is_excused_is_told_so_in_the_subject_and_that_its_deadline_no_longer_applies() -> None:
    about = {"what": "report", "old": "Tuesday 20 October 2026, 5pm", "new": "none is asked of you this year"}
    letter = a_letter("dates_changed", facts=a_case(state=CaseState.EXCUSED), about=about)

    assert made(letter)[0].subject_line == "No Section 11 report is asked of you any more (GSCP-2026-05A)"
    assert "The deadline we gave you, Tuesday 20 October 2026, 5pm, no longer applies." in words_of(
        written(letter).text
    )


def test_an_agency_asked_again_is_given_its_own_deadline_and_no_target() -> None:
    counted = "10 working days after Tuesday 6 October 2026 is Tuesday 20 October 2026"
    own = extended_deadline(rulebook(), date(2026, 10, 20), counted, "revived")
    dates = with_deadline(a_case().dates, own, set_at=london.instant(date(2026, 10, 6), time(14, 45)))

    text = words_of(written(a_letter("report_request", facts=a_case(dates=dates))).text)
    assert "Whatever we told you before, we now ask you for a report of your own, by the deadline below" in text
    assert f"How we worked it out: {counted}; 5pm London time" in text
    assert "Target: " not in text


def test_the_chair_is_told_that_the_letter_in_their_name_is_a_copy() -> None:
    to_the_chair = words_of(written(a_letter("chair_letter"), to="executive_chair").text)
    to_the_senior_leader = words_of(written(a_letter("chair_letter"), to="senior_leader").text)

    assert "This is your copy of the letter that we sent for you to the senior leader of Cotswold" in to_the_chair
    assert "your copy" not in to_the_senior_leader


def test_feedback_thanks_for_a_report_only_where_one_came() -> None:
    with_one = written(a_letter("feedback", facts=a_case(submission=a_submission())))
    without = written(a_letter("feedback", facts=a_case(submission=None)))

    assert "Thank you for your report" in with_one.text
    assert "Thank you" not in without.text


@pytest.mark.parametrize(("late", "said"), [(True, "is shown as late"), (False, "read and assessed like any other.")])
def test_a_resolved_escalation_calls_the_report_late_only_if_it_is(late: bool, said: str) -> None:
    arrived = london.instant(date(2026, 10, 26), time(9))
    case = a_case(state=CaseState.SUBMITTED, submission=a_submission(arrived_at=arrived, as_in_time=not late))

    assert said in words_of(written(a_letter("escalation_resolved", facts=case)).text)


@pytest.mark.parametrize(
    ("state", "reason", "follows"),
    [
        (CaseState.REQUESTED, "the deadline is later", "The report is now due by Tuesday 20 October 2026, 5pm"),
        (CaseState.EXCUSED, "nothing is owed", "need do nothing more about it"),
    ],
)
def test_an_escalation_that_is_withdrawn_is_not_called_the_chairs_decision(
    state: CaseState, reason: str, follows: str
) -> None:
    withdrawn = Escalation(1, EscalationState.WITHDRAWN, date(2026, 10, 13))
    letter = a_letter(
        "escalation_stood_down", facts=a_case(state=state, escalation=withdrawn), private={"reason": reason}
    )

    text = words_of(written(letter).text)

    assert f"which was reported to the Executive Chair, is withdrawn: {reason}." in text
    assert follows in text
    assert "has decided" not in text
    assert "not having submitted" not in text


def test_a_late_report_is_received_and_called_late() -> None:
    about = {**a_letter("receipt").about, "in_time": False}

    assert "It is received and will be read, and is shown as late" in words_of(
        written(a_letter("receipt", about=about)).text
    )


def test_a_report_after_the_panel_has_met_is_an_addendum() -> None:
    about = {**a_letter("receipt").about, "addendum": True}

    assert "We file this as an addendum" in written(a_letter("receipt", about=about)).text


def test_a_panel_member_does_not_see_the_item_of_their_own_agency() -> None:
    for_the_chair_of_the_management_group = written(a_letter("panel_pack"), to="panel-2").text

    assert "10am: Gloucestershire County Council\n\nYou belong to this agency" in for_the_chair_of_the_management_group
    assert "version 2, late" not in for_the_chair_of_the_management_group
    assert "version 2, late" in written(a_letter("panel_pack"), to="panel-1").text


def test_letters_among_ourselves_are_not_listed_to_the_agency() -> None:
    internal = replace(a_dossier().correspondence[0], kind="escalation_warning", recipient="business_unit")

    letter = written(a_letter("non_submission"), dossier=Dossier(correspondence=(internal,)))

    assert "No earlier letter is on record" in letter.text


def test_a_member_of_a_silent_joint_report_is_named_in_its_own_escalation() -> None:
    letter = a_letter("escalation", facts=a_case(members=(a_member(),)), about={"member": "05B"})

    text = words_of(written(letter).text)
    assert "Cheltenham Borough Council has not submitted its Section 11 report" in text
    assert "was to be covered by a joint report of Cotswold District Council" in text


def test_where_no_chair_is_free_the_business_unit_decides() -> None:
    definition = rulebook().definition
    people = replace(definition.people, alternate=None)
    rules = Rulebook(replace(definition, people=people), rulebook().days, rulebook().templates)
    case = a_case(agency=an_agency(code="11", name="Police"))
    letter: Letter = a_letter("escalation_warning", facts=case)

    (draft,) = drafts(rules, letter, Dossier(), letter.at)

    assert "You decide who is told" in write(rules.templates, draft.kind, draft.context, subject_line="x").text
    assert drafts(rules, a_letter("escalation", facts=case), Dossier(), letter.at) == ()


def test_the_accuracy_check_never_gives_fewer_days_than_it_means_to() -> None:
    late = london.instant(date(2026, 12, 4), time(9)) + timedelta(hours=1)

    assert "by Friday 18 December 2026, 5pm" in words_of(written(a_letter("accuracy_check"), now=late).text)
