"""Every kind of letter on one page: who gets it, what makes it leave, what if it is late, what it must hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from s11flow.domain.model import AgencyStatus, CaseFacts, CycleFacts, Letter, PanelDayFacts
from s11flow.domain.timetable import Rulebook
from s11flow.letters import answering, asking, correcting, cycle, judging, meeting, silence
from s11flow.letters import recipients as r
from s11flow.letters.blocks import chair_title, day_words, instant_words, london_day, when_words
from s11flow.letters.dossier import Addressed, Writing

SubjectValues = Callable[[Rulebook, Letter, Addressed], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of letter. `who`, `trigger`, `late` and `must_hold` are words for people; the rest is how it is made.

    `calendar` is the method of the calendar part it carries, REQUEST or CANCEL, or nothing.
    """

    name: str
    who: str
    trigger: str
    late: str
    must_hold: tuple[str, ...]
    context: type
    build: Callable[[Writing], object]
    recipients: r.Picker
    subject: SubjectValues
    calendar: str = ""


# --- what a subject line may say: what a forecast knows, never a count, a list or the time of writing -----------------


def _covered(rules: Rulebook, letter: Letter, to: Addressed) -> dict[str, str]:
    agency = r.whose(letter)[1]
    return {**_case(rules, letter, to), "merged": agency.status_reason if agency.status == AgencyStatus.ENDED else ""}


def _case(rules: Rulebook, letter: Letter, to: Addressed) -> dict[str, str]:
    _, agency, _ = r.whose(letter)
    return {
        "ref": to.case_ref or letter.facts.ref,
        "agency": agency.name,
        "chair": chair_title(rules, agency.code, r.case_facts(letter).interests),
        "partnership": rules.definition.partnership.name,
        "cycle": r.case_facts(letter).cycle,
    }


def _due(rules: Rulebook, letter: Letter, to: Addressed) -> dict[str, str]:
    is_deadline = letter.about.get("anchor") == "deadline"
    due = asking.due_of(r.case_facts(letter).dates, letter.about)
    return {
        "ref": to.case_ref or letter.facts.ref,
        "date": "deadline" if is_deadline else "target",
        "due": day_words(due.on),
    }


def _dates(rules: Rulebook, letter: Letter, to: Addressed) -> dict[str, str]:
    dates = r.case_facts(letter).dates
    owed = dates.target if dates.deadline is None else dates.deadline
    return {
        **_case(rules, letter, to),
        "target": day_words(dates.target.on),
        "deadline": day_words(owed.on),
        "what": str(letter.about.get("what") or "date"),
    }


def _gaps(rules: Rulebook, letter: Letter, to: Addressed) -> dict[str, str]:
    return_by = letter.about.get("return_by") or r.case_facts(letter).return_by
    return {**_case(rules, letter, to), "return_by": when_words(return_by)}


def _redaction(rules: Rulebook, letter: Letter, to: Addressed) -> dict[str, str]:
    return {**_case(rules, letter, to), "return_by": when_words(letter.about.get("return_by"))}


def _of_wrong(rules: Rulebook, letter: Letter, to: Addressed) -> dict[str, str]:
    wrong, ref = str(letter.about["subject_line"]), to.case_ref or letter.facts.ref
    return {"wrong_subject": wrong, "ref": "" if ref in wrong else ref}


def _session(rules: Rulebook, letter: Letter, to: Addressed) -> dict[str, str]:
    session = r.case_facts(letter).session
    when = "" if session is None else instant_words(session.starts_at)
    return {**_case(rules, letter, to), "when": when}


def _whole(rules: Rulebook, letter: Letter, to: Addressed) -> dict[str, str]:
    facts = letter.facts
    cycle = facts.cycle if isinstance(facts, PanelDayFacts | CycleFacts | CaseFacts) else ""
    day = facts.on if isinstance(facts, PanelDayFacts) else london_day(letter.at)
    return {
        "ref": facts.ref,
        "partnership": rules.definition.partnership.name,
        "cycle": cycle,
        "day": day_words(day),
    }


def _of_the_wrong_letter(rules: Rulebook, letter: Letter) -> Iterable[Addressed]:
    """Those who get the kind of letter that was wrong; the contact where that kind is not known."""
    wrong = KINDS.get(str(letter.about.get("kind")))
    if wrong is None or wrong.name == "correction":
        return r.contact(rules, letter)
    return wrong.recipients(rules, letter)


# --- the table --------------------------------------------------------------------------------------------------------

_UNTIL_SESSION = "no sense once the session starts"
_ALWAYS = "always sent"
_LATEST_SUBMIT = "only the newest of the reminders to submit"

_TABLE = (
    Kind(
        "contact_check",
        who="contact, deputy",
        trigger="rule of the timetable",
        late="no sense once the request has left",
        must_hold=("the details held", "how to correct them"),
        context=asking.ContactCheck,
        build=asking.contact_check,
        recipients=r.agency_roles("contact", "deputy"),
        subject=_case,
    ),
    Kind(
        "contact_wanted",
        who="senior leader; with none held it is in the digest only",
        trigger="an active agency has no contact when the request is due",
        late=_ALWAYS,
        must_hold=("who is needed", "why"),
        context=asking.ContactWanted,
        build=asking.contact_wanted,
        recipients=r.agency_roles("senior_leader"),
        subject=_case,
    ),
    Kind(
        "contact_at_risk",
        who="deputy, senior leader",
        trigger="letters do not reach the contact any more: they have left, or their mail comes back",
        late=_ALWAYS,
        must_hold=("what could not be delivered", "to confirm a contact"),
        context=asking.ContactAtRisk,
        build=asking.contact_at_risk,
        recipients=r.agency_roles("deputy", "senior_leader"),
        subject=_case,
    ),
    Kind(
        "report_request",
        who="contact (copy: senior leader)",
        trigger="rule of the timetable",
        late="always sent, until the report cut-off",
        must_hold=(
            "the duty",
            "the period",
            "the standards with their requirements",
            "that the format is free, and the form that is with it or how to get one",
            "that links must open outside",
            "actions from reviews to cover",
            "the target and the deadline, each with how it was worked out",
            "the panel day and session to keep free",
            "the mailbox",
            "what happens if the report is late or nobody comes",
        ),
        context=asking.ReportRequest,
        build=asking.report_request,
        recipients=r.contact_and_senior_leader,
        subject=_dates,
    ),
    Kind(
        "covered_notice",
        who="contact of the covered agency",
        trigger="the request to the lead of a joint report",
        late=_ALWAYS,
        must_hold=("who reports for you", "what you must still do"),
        context=asking.CoveredNotice,
        build=asking.covered_notice,
        recipients=r.contact,
        subject=_covered,
    ),
    Kind(
        "reminder",
        who="contact",
        trigger="each rung of the timetable's ladder",
        late=_LATEST_SUBMIT,
        must_hold=("days left", "how to submit", "how to ask for an extension", "that nothing is recorded yet"),
        context=asking.Reminder,
        build=asking.reminder,
        recipients=r.contact,
        subject=_due,
    ),
    Kind(
        "target_missed",
        who="contact",
        trigger="rule of the timetable",
        late=_LATEST_SUBMIT,
        must_hold=("the deadline", "what follows"),
        context=asking.TargetMissed,
        build=asking.target_missed,
        recipients=r.contact,
        subject=_dates,
    ),
    Kind(
        "dates_changed",
        who="contact; attendees too if it is the session",
        trigger="a notified date changes",
        late=_ALWAYS,
        must_hold=("the old date", "the new date", "why"),
        context=asking.DatesChanged,
        build=asking.dates_changed,
        recipients=r.told_the_old_date,
        subject=_dates,
    ),
    Kind(
        "receipt",
        who="sender of the report, else the contact",
        trigger="a report is received",
        late=_ALWAYS,
        must_hold=("time of arrival", "files", "which standards the report addresses", "the reference"),
        context=answering.Receipt,
        build=answering.receipt,
        recipients=r.sender,
        subject=_case,
    ),
    Kind(
        "report_returned",
        who="contact",
        trigger="the report is returned for more",
        late=_ALWAYS,
        must_hold=("the numbered gaps", "the day to answer by"),
        context=answering.MoreWanted,
        build=answering.report_returned,
        recipients=r.contact,
        subject=_gaps,
    ),
    Kind(
        "redaction_wanted",
        who="data protection contact, else senior leader; contact",
        trigger="a version of the report is kept back, because it holds details of single children",
        late=_ALWAYS,
        must_hold=(
            "which version is kept back",
            "that it keeps its place in time",
            "that the whole report is wanted again, by when, and without what",
            "that data protection is the agency's own to deal with",
        ),
        context=answering.RedactionWanted,
        build=answering.redaction_wanted,
        recipients=r.data_protection,
        subject=_redaction,
    ),
    Kind(
        "return_by_reminder",
        who="contact",
        trigger="two working days before the day to answer by",
        late="only the newest; no sense once that day has passed",
        must_hold=("the numbered gaps", "the day to answer by"),
        context=answering.MoreWanted,
        build=answering.return_by_reminder,
        recipients=r.contact,
        subject=_gaps,
    ),
    Kind(
        "escalation_warning",
        who="business unit",
        trigger="the deadline has passed without a report",
        late=_ALWAYS,
        must_hold=("which agency will be reported to the Chair", "when", "how to hold it"),
        context=silence.EscalationWarning,
        build=silence.escalation_warning,
        recipients=r.business_unit,
        subject=_case,
    ),
    Kind(
        "non_submission",
        who="contact, senior leader, and every member's senior leader of a joint report",
        trigger="non-submission is confirmed",
        late=_ALWAYS,
        must_hold=("the deadline", "what was sent when", "what happens next"),
        context=silence.NonSubmission,
        build=silence.non_submission,
        recipients=r.agency_and_members,
        subject=_case,
    ),
    Kind(
        "escalation",
        who="Executive Chair, or the alternate where the Chair belongs to the agency",
        trigger="rule of the timetable, once non-submission is confirmed",
        late="always sent, until the report cut-off",
        must_hold=(
            "the duty",
            "the dates",
            "every letter sent and whether it was delivered",
            "last year's record",
            "a draft letter to the senior leader",
        ),
        context=silence.EscalationLetter,
        build=silence.escalation,
        recipients=r.chair,
        subject=_case,
    ),
    Kind(
        "chair_letter",
        who="senior leader (copy: Chair)",
        trigger="the Chair follows up",
        late=_ALWAYS,
        must_hold=("the Chair's own words", "the facts under them"),
        context=silence.ChairLetter,
        build=silence.chair_letter,
        recipients=r.senior_leader_and_chair,
        subject=_case,
    ),
    Kind(
        "escalation_resolved",
        who="Chair, senior leader, contact",
        trigger="the report came after it was reported to the Chair",
        late=_ALWAYS,
        must_hold=("what happened", "what follows"),
        context=silence.EscalationEnded,
        build=silence.escalation_ended,
        recipients=r.chair_and_agency,
        subject=_case,
    ),
    Kind(
        "escalation_stood_down",
        who="Chair, senior leader, contact",
        trigger="the Chair stops it",
        late=_ALWAYS,
        must_hold=("what happened", "what follows"),
        context=silence.EscalationEnded,
        build=silence.escalation_ended,
        recipients=r.chair_and_agency,
        subject=_case,
    ),
    Kind(
        "correction",
        who="whoever gets the kind of letter that was wrong",
        trigger="a mistake is put right",
        late=_ALWAYS,
        must_hold=("what was wrong", "what is right"),
        context=silence.Correction,
        build=silence.correction,
        recipients=_of_the_wrong_letter,
        subject=_case,
    ),
    Kind(
        "letter_corrected",
        who="whoever got the letter that was wrong, in answer to it",
        trigger="a letter that left by mistake is put right",
        late=_ALWAYS,
        must_hold=(
            "which letter was wrong",
            "what was wrong",
            "what is right",
            "a calendar part that takes out of the diary what it put in",
        ),
        context=correcting.LetterCorrected,
        build=correcting.letter_corrected,
        recipients=r.whoever_got_it,
        subject=_of_wrong,
        calendar="CANCEL",
    ),
    Kind(
        "panel_invitation",
        who="attendees, else the contact",
        trigger="rule of the timetable",
        late=_UNTIL_SESSION,
        must_hold=(
            "30 minutes including questions",
            "place or link",
            "that coming is not mandatory, and what absence means",
            "by when to answer",
            "how to ask for another slot",
            "a calendar part",
        ),
        context=meeting.PanelInvitation,
        build=meeting.panel_invitation,
        recipients=r.attendees,
        subject=_session,
        calendar="REQUEST",
    ),
    Kind(
        "panel_invitation_changed",
        who="attendees, else the contact",
        trigger="an invited session moves",
        late=_UNTIL_SESSION,
        must_hold=("the old time", "the new time and place", "why", "what absence means", "a calendar part"),
        context=meeting.PanelInvitationChanged,
        build=meeting.panel_invitation_changed,
        recipients=r.attendees,
        subject=_session,
        calendar="REQUEST",
    ),
    Kind(
        "panel_invitation_cancelled",
        who="attendees, else the contact",
        trigger="an invited session is cancelled or stood down",
        late=_UNTIL_SESSION,
        must_hold=("whose doing it is", "why", "any reserve day", "a calendar part that takes it out of the diary"),
        context=meeting.PanelInvitationCancelled,
        build=meeting.panel_invitation_cancelled,
        recipients=r.attendees,
        subject=_session,
        calendar="CANCEL",
    ),
    Kind(
        "time_offered",
        who="attendees, else the contact",
        trigger="another time is offered: a free one, or that of an agency that has asked for one",
        late="no sense once either of the two times begins",
        must_hold=("the time that is offered", "the time that is kept until then", "that nobody need agree", "by when"),
        context=meeting.TimeOffered,
        build=meeting.time_offered,
        recipients=r.attendees,
        subject=_session,
    ),
    Kind(
        "time_refused",
        who="whoever proposed it",
        trigger="a time that was proposed from a calendar is refused",
        late=_UNTIL_SESSION,
        must_hold=("the time that was proposed", "the time that stays", "why"),
        context=meeting.TimeRefused,
        build=meeting.time_refused,
        recipients=r.attendees,
        subject=_session,
    ),
    Kind(
        "deputy_attended",
        who="senior leader",
        trigger="nobody came to the session who is named for the agency",
        late=_ALWAYS,
        must_hold=("who came", "who was to come", "that the session counts"),
        context=meeting.DeputyAttended,
        build=meeting.deputy_attended,
        recipients=r.agency_roles("senior_leader"),
        subject=_session,
    ),
    Kind(
        "reply_chase",
        who="attendees without a reply",
        trigger="rule of the timetable",
        late=_UNTIL_SESSION,
        must_hold=("time", "place", "questions to expect", "that silence keeps the time"),
        context=meeting.ReplyChase,
        build=meeting.reply_chase,
        recipients=r.attendees_without_reply,
        subject=_session,
    ),
    Kind(
        "session_reminder",
        who="attendees who have not declined",
        trigger="rule of the timetable",
        late=_UNTIL_SESSION,
        must_hold=("time", "place", "questions to expect"),
        context=meeting.SessionReminder,
        build=meeting.session_reminder,
        recipients=r.attendees_not_declined,
        subject=_session,
    ),
    Kind(
        "panel_pack",
        who="panel members",
        trigger="rule of the panel day; again when the running order changes, at most once a working day",
        late="no sense once the day is over",
        must_hold=(
            "running order",
            "reports",
            "self ratings",
            "last judgement",
            "open actions",
            "to declare an interest",
            "a calendar part",
        ),
        context=meeting.PanelPack,
        build=meeting.panel_pack,
        recipients=r.panel_members,
        subject=_whole,
        calendar="REQUEST",
    ),
    Kind(
        "panel_day_cancelled",
        who="panel members",
        trigger="nobody is seen on a day whose pack has left",
        late="no sense once the day is over",
        must_hold=("which day is not held", "a calendar part that takes it out of the diary"),
        context=meeting.PanelDayCancelled,
        build=meeting.panel_day_cancelled,
        recipients=r.panel_members,
        subject=_whole,
        calendar="CANCEL",
    ),
    Kind(
        "session_outcome",
        who="contact",
        trigger="a working day after the session is recorded; three after an absence without notice",
        late=_ALWAYS,
        must_hold=("thanks, or that the agency is assessed on the report alone",),
        context=meeting.SessionOutcome,
        build=meeting.session_outcome,
        recipients=r.contact,
        subject=_session,
    ),
    Kind(
        "accuracy_check",
        who="contact",
        trigger="the case is assessed",
        late=_ALWAYS,
        must_hold=("the draft judgements", "what may be commented on", "by when"),
        context=judging.Judged,
        build=judging.accuracy_check,
        recipients=r.contact,
        subject=_case,
    ),
    Kind(
        "feedback",
        who="contact, senior leader",
        trigger="the judgement is agreed",
        late=_ALWAYS,
        must_hold=("the judgement of each standard", "good practice", "recommendations", "actions with owner and date"),
        context=judging.Judged,
        build=judging.feedback,
        recipients=r.contact_and_senior_leader,
        subject=_case,
    ),
    Kind(
        "themes",
        who="every agency that took part",
        trigger="the Assurance Report is approved",
        late=_ALWAYS,
        must_hold=("what was found across agencies", "recommendations", "a link"),
        context=cycle.WholeCycle,
        build=cycle.whole_cycle,
        recipients=r.those_given,
        subject=_whole,
    ),
    Kind(
        "report_circulated",
        who="Management Group, Executive",
        trigger="the Assurance Report is circulated",
        late=_ALWAYS,
        must_hold=("where the Assurance Report is", "the decision asked on naming those who did not submit"),
        context=cycle.WholeCycle,
        build=cycle.whole_cycle,
        recipients=r.circulation,
        subject=_whole,
    ),
    Kind(
        "digest",
        who="business unit",
        trigger="each working day while a cycle runs",
        late="only the newest",
        must_hold=(
            "due today",
            "overdue",
            "waiting mail",
            "held",
            "bounced",
            "expired",
            "incidents",
            "tasks",
            "checkpoint of the history",
        ),
        context=cycle.Digest,
        build=cycle.digest,
        recipients=r.business_unit,
        subject=_whole,
    ),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in _TABLE}
