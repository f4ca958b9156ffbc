"""What each kind of letter holds: one typed context per kind, frozen when the letter is queued."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from calendars import london
from s11flow.domain.agenda import reply_of
from s11flow.domain.definition import DateRule
from s11flow.domain.model import CaseDates, CaseFacts, CycleFacts, Dated, Session, SessionState
from s11flow.domain.state_facts import SESSION_FACTS
from s11flow.domain.timetable import Rulebook, after_session, dates_ladder, owed_by
from s11flow.letters.blocks import (
    Case,
    Dates,
    House,
    Reader,
    Slot,
    StandardAsked,
    dates,
    day_words,
    house,
    short_day,
    slot,
    standards,
    time_words,
    when_words,
)
from s11flow.letters.dossier import Writing
from s11flow.letters.recipients import case_facts, person_of, role_words, whose

# --- what letters have in common ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AboutCase:
    """What every letter about a case holds. `*_passed` is as of `written_on`, the day it was written."""

    house: House
    reader: Reader
    case: Case
    dates: Dates
    written_on: str
    target_passed: bool
    deadline_passed: bool


@dataclass(frozen=True, slots=True)
class AboutSession(AboutCase):
    """What every letter about a session holds."""

    slot: Slot
    standards: tuple[StandardAsked, ...]
    has_report: bool


@dataclass(frozen=True, slots=True)
class AboutPartnership:
    """What a letter that is about no single case holds."""

    house: House
    reader: Reader
    ref: str
    written_on: str


def _case_head(w: Writing) -> tuple[House, Reader, Case, Dates, str, bool, bool]:
    facts = case_facts(w.letter)
    ref, agency, _ = whose(w.letter)
    given = facts.dates
    return (
        house(w.rules),
        reader(w.rules, w),
        Case(ref, agency.name, agency.code, facts.cycle),
        dates(w.rules, given),
        day_words(london.day_of(w.now)),
        w.now > given.target.at,
        given.deadline is not None and w.now > given.deadline.at,
    )


def _session_head(
    w: Writing, *, cancelled: bool = False
) -> tuple[House, Reader, Case, Dates, str, bool, bool, Slot, tuple[StandardAsked, ...], bool]:
    facts = case_facts(w.letter)
    given = slot(_session(w), cancelled=cancelled)
    return (*_case_head(w), given, standards(w.rules), facts.submission is not None)


def _head(w: Writing) -> tuple[House, Reader, str, str]:
    return house(w.rules), reader(w.rules, w), w.letter.facts.ref, day_words(london.day_of(w.now))


def _session(w: Writing) -> Session:
    session = case_facts(w.letter).session
    if session is None:
        raise ValueError(f"The letter {w.letter.kind} cannot be written for {w.letter.facts.ref}: it has no session.")
    return session


def reader(rules: Rulebook, w: Writing) -> Reader:
    """Whoever reads: greeted by name if the register has one, else by role, else as a colleague."""
    to = w.to
    if isinstance(w.letter.facts, CaseFacts) and to.recipient in ("contact", "sender") or to.recipient[:8] == "attendee":
        return Reader(to.recipient, _greet_agency(w), to.address, "")
    person = person_of(rules, to)
    if person is not None:
        return Reader(to.recipient, f"Dear {person.title}", to.address, "")
    return Reader(to.recipient, "Dear colleague", to.address, _why_copied(w))


def _greet_agency(w: Writing) -> str:
    _, agency, _ = whose(w.letter)
    if w.to.recipient != "contact" and w.to.address.casefold() != (agency.contact or "").casefold():
        return "Dear colleague"
    return f"Dear {agency.contact_name or agency.contact_role or 'colleague'}"


_COPIED = frozenset({"report_request", "non_submission", "feedback", "escalation_resolved", "escalation_stood_down"})


def _why_copied(w: Writing) -> str:
    if w.letter.kind not in _COPIED or not isinstance(w.letter.facts, CaseFacts):
        return ""
    role, name = w.to.recipient, w.letter.facts.agency.name
    if role.startswith("member-"):
        own = next((m.agency.name for m in w.letter.facts.members if m.agency.code == w.to.agency), w.to.agency)
        return f"You receive this as the senior leader of {own}, for which {name} owes a joint report."
    if role == "senior_leader":
        return f"You receive this as the senior leader of {whose(w.letter)[1].name}."
    return ""


def _text(values: Mapping[str, object], key: str) -> str:
    value = values.get(key)
    return "" if value is None else str(value)


def _texts(values: object) -> tuple[str, ...]:
    return tuple(str(item) for item in values) if isinstance(values, Sequence) and not isinstance(values, str) else ()


def _rows(values: object) -> tuple[Mapping[str, object], ...]:
    if not isinstance(values, Sequence) or isinstance(values, str):
        return ()
    return tuple(row for row in values if isinstance(row, Mapping))


# --- asking and reminding ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ContactCheck(AboutCase):
    """The details held, as labels and values, and the day the request leaves."""

    details: tuple[Detail, ...]
    request_on: str


@dataclass(frozen=True, slots=True)
class Detail:
    """One detail the register holds."""

    label: str
    held: str


def contact_check(w: Writing) -> ContactCheck:
    """Asks whether what the register holds is right."""
    facts = case_facts(w.letter)
    agency = facts.agency
    held = (
        ("Agency", agency.name),
        ("Contact", agency.contact_name),
        ("Contact's role", agency.contact_role),
        ("Contact's address", agency.contact),
        ("Deputy", agency.deputy),
        ("Senior leader", agency.senior_leader),
        ("Invited to the panel", ", ".join(agency.attendees)),
    )
    details = tuple(Detail(label, value or "none held") for label, value in held)
    return ContactCheck(*_case_head(w), details=details, request_on=london.spell_day(facts.dates.request.on))


@dataclass(frozen=True, slots=True)
class ContactWanted(AboutCase):
    """Who is needed, and why."""


def contact_wanted(w: Writing) -> ContactWanted:
    """Asks the senior leader to name a contact."""
    return ContactWanted(*_case_head(w))


@dataclass(frozen=True, slots=True)
class ReportRequest(AboutCase):
    """The duty, the period, the standards, the dates with their reasons, the session to keep free."""

    standards: tuple[StandardAsked, ...]
    slot: Slot | None
    review_actions: tuple[str, ...]
    covers: tuple[str, ...]


def report_request(w: Writing) -> ReportRequest:
    """Asks for the report."""
    facts = case_facts(w.letter)
    live = facts.session if facts.session is not None and facts.session.is_live else None
    return ReportRequest(
        *_case_head(w),
        standards=standards(w.rules),
        slot=None if live is None else slot(live),
        review_actions=w.dossier.review_actions,
        covers=tuple(member.agency.name for member in facts.members),
    )


@dataclass(frozen=True, slots=True)
class CoveredNotice(AboutCase):
    """Which agency reports for this one."""

    lead: str


def covered_notice(w: Writing) -> CoveredNotice:
    """Tells a member of a joint report who reports for it."""
    return CoveredNotice(*_case_head(w), lead=case_facts(w.letter).agency.name)


@dataclass(frozen=True, slots=True)
class Reminder(AboutCase):
    """Which date it reminds of, and how long is left on the day it was written."""

    is_target: bool
    due: str
    due_passed: bool
    left: str


def reminder(w: Writing) -> Reminder:
    """Reminds of the target or of the deadline."""
    due = _due(w)
    passed = w.now > due.at
    return Reminder(
        *_case_head(w),
        is_target=w.letter.about.get("anchor") != "deadline",
        due=london.spell(due.at),
        due_passed=passed,
        left="" if passed else _left((due.on - london.day_of(w.now)).days),
    )


def _due(w: Writing) -> Dated:
    return due_of(case_facts(w.letter).dates, w.letter.about)


def due_of(given: CaseDates, about: Mapping[str, object]) -> Dated:
    """The date a reminder is about."""
    return given.target if about.get("anchor") != "deadline" or given.deadline is None else given.deadline


def _left(days: int) -> str:
    if days <= 0:
        return "It is due today"
    return "One day is left: it is due tomorrow" if days == 1 else f"{days} days are left"


@dataclass(frozen=True, slots=True)
class TargetMissed(AboutCase):
    """The target has passed; the deadline has not."""


def target_missed(w: Writing) -> TargetMissed:
    """Says that the target has passed and what follows."""
    return TargetMissed(*_case_head(w))


@dataclass(frozen=True, slots=True)
class DatesChanged(AboutCase):
    """The old date, the new one, and why."""

    what: str
    old: str
    new: str
    reason: str


def dates_changed(w: Writing) -> DatesChanged:
    """Tells whoever was told the old date of the new one."""
    about = w.letter.about
    return DatesChanged(
        *_case_head(w),
        what=_text(about, "what") or "date",
        old=when_words(about.get("old")),
        new=when_words(about.get("new")),
        reason=_text(w.letter.private, "reason"),
    )


# --- the report --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Receipt(AboutCase):
    """What came, when, and which standards it addresses."""

    version: str
    files: tuple[str, ...]
    arrived_at: str
    addressed: tuple[str, ...]
    missing: tuple[str, ...]
    in_time: bool
    addendum: bool


def receipt(w: Writing) -> Receipt:
    """Confirms what arrived."""
    about, titles = w.letter.about, {item.number: item.title for item in standards(w.rules)}
    return Receipt(
        *_case_head(w),
        version=_text(about, "version"),
        files=_texts(about.get("files")),
        arrived_at=when_words(about.get("arrived_at")),
        addressed=tuple(_titled(number, titles) for number in _texts(about.get("addresses"))),
        missing=tuple(_titled(number, titles) for number in _texts(about.get("missing"))),
        in_time=bool(about.get("in_time")),
        addendum=bool(about.get("addendum")),
    )


def _titled(number: str, titles: Mapping[str, str]) -> str:
    return f"Standard {number}, {titles[number]}" if number in titles else f"Standard {number}"


@dataclass(frozen=True, slots=True)
class MoreWanted(AboutCase):
    """The numbered gaps and the day by which to close them."""

    gaps: tuple[str, ...]
    return_by: str


def report_returned(w: Writing) -> MoreWanted:
    """Asks for more, gap by gap."""
    about = w.letter.about
    return MoreWanted(*_case_head(w), gaps=_texts(about.get("gaps")), return_by=when_words(about.get("return_by")))


def return_by_reminder(w: Writing) -> MoreWanted:
    """Reminds of the gaps that are still open."""
    facts = case_facts(w.letter)
    return MoreWanted(*_case_head(w), gaps=facts.gaps, return_by=when_words(facts.return_by))


# --- no report ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LetterOnRecord:
    """One earlier letter: when it was owed or left, what it was, to whom, and how it stands."""

    on: str
    what: str
    to: str
    address: str
    status: str


@dataclass(frozen=True, slots=True)
class EscalationWarning(AboutCase):
    """Which agency will be reported to whom, when, and how to hold it."""

    goes_to: str
    goes_at: str
    members: tuple[str, ...]


def escalation_warning(w: Writing) -> EscalationWarning:
    """Warns the business unit before anybody is reported."""
    facts = case_facts(w.letter)
    person = w.rules.definition.chair_for(whose(w.letter)[1].code)
    return EscalationWarning(
        *_case_head(w),
        goes_to="" if person is None else person.title,
        goes_at=london.spell(_reported_at(w.rules, facts, warned_at=w.now)),
        members=tuple(member.agency.name for member in facts.members),
    )


def _reported_at(rules: Rulebook, facts: CaseFacts, *, warned_at: datetime) -> datetime:
    """When the Chair is told: by the timetable, and never sooner than the days a warning gives."""
    wait = rules.definition.policy.escalation_after_warning_working_days
    soonest = rules.days.add(rules.days.roll_forward(london.day_of(warned_at)), wait)
    at = london.instant(soonest, rules.definition.timetable.escalation.at)
    planned = (action.due_at for action in dates_ladder(rules, facts.dates) if action.kind == "escalation")
    return max(at, next(planned, at))


@dataclass(frozen=True, slots=True)
class NonSubmission(AboutCase):
    """What was owed by when, what was sent when, what happens next."""

    owed: str
    sent: tuple[LetterOnRecord, ...]
    goes_to: str
    goes_at: str
    members: tuple[str, ...]


def non_submission(w: Writing) -> NonSubmission:
    """Tells the agency that it stands as not having reported."""
    facts = case_facts(w.letter)
    warned_at = w.now if facts.escalation is None else facts.escalation.warned_at or w.now
    person = w.rules.definition.chair_for(facts.agency.code)
    return NonSubmission(
        *_case_head(w),
        owed=_owed(w),
        sent=_on_record(w, with_address=False),
        goes_to=w.rules.definition.people.executive_chair.title if person is None else person.title,
        goes_at="" if person is None else day_words(london.day_of(_reported_at(w.rules, facts, warned_at=warned_at))),
        members=tuple(member.agency.name for member in facts.members),
    )


def _owed(w: Writing) -> str:
    owed = owed_by(w.rules, case_facts(w.letter).dates)
    return "" if owed is None else london.spell(owed.at)


def _on_record(w: Writing, *, with_address: bool) -> tuple[LetterOnRecord, ...]:
    return tuple(
        LetterOnRecord(
            on=london.spell(letter.sent_at or letter.at),
            what=kind_words(letter.kind),
            to=role_words(letter.recipient),
            address=letter.to_address if with_address else "",
            status=letter.status_words,
        )
        for letter in w.dossier.correspondence
    )


_CALLED = {"report_request": "Request for the report", "non_submission": "Notice of non-submission"}


def kind_words(kind: str) -> str:
    """A kind of letter as a reader calls it."""
    return _CALLED.get(kind) or kind.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class EscalationLetter(AboutCase):
    """All that the Chair needs: the duty, the dates, the letters, last year, a draft to send."""

    owed: str
    sent: tuple[LetterOnRecord, ...]
    last_year: str
    lead: str
    senior_leader: str


def escalation(w: Writing) -> EscalationLetter:
    """Reports a non-submission to the Chair."""
    facts = case_facts(w.letter)
    _, agency, _ = whose(w.letter)
    return EscalationLetter(
        *_case_head(w),
        owed=_owed(w),
        sent=_on_record(w, with_address=True),
        last_year=w.dossier.last_year,
        lead="" if agency.code == facts.agency.code else facts.agency.name,
        senior_leader=agency.senior_leader or "",
    )


@dataclass(frozen=True, slots=True)
class ChairLetter(AboutCase):
    """The Chair's own words, over the facts."""

    words: str
    signed_by: str
    owed: str


def chair_letter(w: Writing) -> ChairLetter:
    """The Chair writes to the senior leader."""
    person = w.rules.definition.chair_for(whose(w.letter)[1].code)
    signed_by = w.rules.definition.people.business_unit.title if person is None else person.title
    return ChairLetter(*_case_head(w), words=_text(w.letter.private, "words"), signed_by=signed_by, owed=_owed(w))


@dataclass(frozen=True, slots=True)
class EscalationEnded(AboutCase):
    """Why it ended, and what follows."""

    reason: str
    arrived_at: str
    owed: str


def escalation_ended(w: Writing) -> EscalationEnded:
    """Tells those who knew that an escalation is over."""
    report = case_facts(w.letter).submission
    return EscalationEnded(
        *_case_head(w),
        reason=_text(w.letter.private, "reason"),
        arrived_at="" if report is None else london.spell(report.arrived_at),
        owed=_owed(w),
    )


@dataclass(frozen=True, slots=True)
class Correction(AboutCase):
    """Which letter was wrong, what it said, what is right."""

    letter: str
    wrong: str
    right: str


def correction(w: Writing) -> Correction:
    """Puts a wrong letter right."""
    private = w.letter.private
    return Correction(
        *_case_head(w),
        letter=_text(w.letter.about, "kind").replace("_", " ") or "letter",
        wrong=_text(private, "wrong"),
        right=_text(private, "right"),
    )


# --- the panel ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PanelInvitation(AboutSession):
    """The time and place; that coming is not mandatory, and what absence means; by when to answer."""

    reply_by: str


def panel_invitation(w: Writing) -> PanelInvitation:
    """Invites to the session."""
    return PanelInvitation(*_session_head(w), reply_by=_reply_by(w))


def _reply_by(w: Writing) -> str:
    """The day before silence is chased; nothing when that day is gone."""
    session = _session(w)
    rule = w.rules.definition.timetable.reply_chase
    on = _counted(w.rules, rule, london.day_of(session.starts_at))
    return "" if on <= london.day_of(w.now) else day_words(on)


def _counted(rules: Rulebook, rule: DateRule, anchor: date) -> date:
    if rule.working_days is not None:
        return rules.days.add(anchor, rule.working_days)
    return rules.days.roll_back(anchor + timedelta(days=rule.days or 0))


@dataclass(frozen=True, slots=True)
class PanelInvitationChanged(AboutSession):
    """The old time, the new one, and why; the answer is asked again."""

    reply_by: str
    old: str
    reason: str


def panel_invitation_changed(w: Writing) -> PanelInvitationChanged:
    """Tells of the new time of a session."""
    return PanelInvitationChanged(
        *_session_head(w),
        reply_by=_reply_by(w),
        old=when_words(w.letter.about.get("old")),
        reason=_text(w.letter.private, "reason"),
    )


@dataclass(frozen=True, slots=True)
class PanelInvitationCancelled(AboutSession):
    """Whose doing it is, why, and whether another time is offered."""

    by_panel: bool
    reserve: str
    reason: str


def panel_invitation_cancelled(w: Writing) -> PanelInvitationCancelled:
    """Takes the session out of the diary."""
    about = w.letter.about
    return PanelInvitationCancelled(
        *_session_head(w, cancelled=True),
        by_panel=about.get("by") == "panel",
        reserve=when_words(about.get("reserve")),
        reason=_text(w.letter.private, "reason"),
    )


@dataclass(frozen=True, slots=True)
class ReplyChase(AboutSession):
    """The time and place again, and that no answer has come."""


def reply_chase(w: Writing) -> ReplyChase:
    """Asks once more for an answer."""
    return ReplyChase(*_session_head(w))


@dataclass(frozen=True, slots=True)
class SessionReminder(AboutSession):
    """The time and place, and the questions to expect."""

    is_coming: bool


def session_reminder(w: Writing) -> SessionReminder:
    """Reminds of the session."""
    return SessionReminder(*_session_head(w), is_coming=reply_of(_session(w)) == "coming")


@dataclass(frozen=True, slots=True)
class PackItem:
    """One session of the running order; `is_own` hides it from a member who belongs to the agency."""

    starts: str
    agency: str
    state: str
    report: str
    reply: str
    self_ratings: str
    last_judgement: str
    open_actions: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class PanelPack(AboutPartnership):
    """The running order of a panel day with what is known of each agency."""

    day: str
    place: str
    items_in_order: tuple[PackItem, ...]


def panel_pack(w: Writing) -> PanelPack:
    """Prepares a member of the panel for the day."""
    person = person_of(w.rules, w.to)
    own = None if person is None else person.agency
    day = getattr(w.letter.facts, "on", None)
    rows = _rows((w.dossier.overview or {}).get("sessions"))
    return PanelPack(
        *_head(w),
        day="" if day is None else london.spell_day(day),
        place=w.rules.definition.panel.place,
        items_in_order=tuple(_pack_item(row, own) for row in rows),
    )


def _pack_item(row: Mapping[str, object], own: str | None) -> PackItem:
    declined = row.get("declined")
    reply = "declined" if declined is True else _text(row, "reply") or ("" if declined is False else _text(row, "declined"))
    return PackItem(
        starts=time_words(row.get("starts")),
        agency=_text(row, "agency"),
        state=_text(row, "state"),
        report=_text(row, "report") or "none received",
        reply=reply or "no reply recorded",
        self_ratings=_text(row, "self_ratings") or "none given",
        last_judgement=_text(row, "last_judgement") or "none on record",
        open_actions=_text(row, "open_actions") or "none on record",
        is_own=own is not None and own == _text(row, "code"),
    )


@dataclass(frozen=True, slots=True)
class SessionOutcome(AboutSession):
    """How the session went, and on what the agency will be assessed."""

    attended: bool
    in_part: bool
    with_notice: bool
    attended_minutes: str
    outcome: str


def session_outcome(w: Writing) -> SessionOutcome:
    """Thanks those who came, or says what absence means."""
    session = _session(w)
    return SessionOutcome(
        *_session_head(w),
        attended=session.state == SessionState.ATTENDED,
        in_part=session.state == SessionState.ATTENDED_IN_PART,
        with_notice=session.state == SessionState.ABSENT_WITH_NOTICE,
        attended_minutes="" if session.minutes is None else str(session.minutes),
        outcome=SESSION_FACTS[session.state].agency,
    )


# --- the judgement -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Judgement:
    """One standard's judgement, in words."""

    standard: str
    title: str
    word: str
    reason: str


@dataclass(frozen=True, slots=True)
class AgreedAction:
    """What is to be done, by whom, by when."""

    what: str
    owner: str
    by: str


@dataclass(frozen=True, slots=True)
class Judged(AboutCase):
    """The judgement: its basis, each standard, good practice, recommendations, actions; when comments close."""

    basis: str
    ratings: tuple[Judgement, ...]
    good_practice: tuple[str, ...]
    recommendations: tuple[str, ...]
    actions: tuple[AgreedAction, ...]
    comments_by: str


def accuracy_check(w: Writing) -> Judged:
    """Shows the draft judgement and asks for errors of fact."""
    return _judged(w, comments_by=_comments_by(w))


def feedback(w: Writing) -> Judged:
    """Gives the agreed judgement."""
    return _judged(w, comments_by="")


def _judged(w: Writing, *, comments_by: str) -> Judged:
    given = w.dossier.assessment or {}
    ratings = _rows(given.get("ratings"))
    actions = _rows(given.get("actions"))
    return Judged(
        *_case_head(w),
        basis=_text(given, "basis") or case_facts(w.letter).basis,
        ratings=tuple(Judgement(*(_text(row, key) for key in ("standard", "title", "word", "reason"))) for row in ratings),
        good_practice=_texts(given.get("good_practice")),
        recommendations=_texts(given.get("recommendations")),
        actions=tuple(AgreedAction(_text(r, "what"), _text(r, "owner"), when_words(r.get("by"))) for r in actions),
        comments_by=comments_by,
    )


def _comments_by(w: Writing) -> str:
    """When the accuracy check closes: by the timetable, and never with fewer working days than it means to give."""
    table = w.rules.definition.timetable
    given = (table.accuracy_closes.working_days or 0) - (table.assessment_due.working_days or 0)
    on = w.rules.days.add(london.day_of(w.now), given if given > 0 else 10)
    session = case_facts(w.letter).session
    if session is not None:
        on = max(on, after_session(w.rules, london.day_of(session.starts_at))[1].on)
    return london.spell(london.instant(on, table.accuracy_closes.at))


# --- the whole cycle ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WholeCycle(AboutPartnership):
    """What was found across agencies."""

    period: str
    themes: tuple[str, ...]
    recommendations: tuple[str, ...]
    not_submitted: tuple[str, ...]
    link: str


def whole_cycle(w: Writing) -> WholeCycle:
    """Tells what the year found."""
    given = w.dossier.cycle or {}
    facts = w.letter.facts
    link = _text(given, "link") or w.rules.definition.partnership.website
    return WholeCycle(
        *_head(w),
        period=f"{short_day(facts.period_from)} to {short_day(facts.period_to)}" if isinstance(facts, CycleFacts) else "",
        themes=_texts(given.get("themes")),
        recommendations=_texts(given.get("recommendations")),
        not_submitted=_texts(given.get("not_submitted")),
        link=link if link.startswith(("https://", "http://")) and not any(c.isspace() or c in '"<>\\' for c in link) else "",
    )


@dataclass(frozen=True, slots=True)
class DigestPart:
    """One list of the digest."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Digest(AboutPartnership):
    """What waits for a person today, list by list, and the checkpoint of the history."""

    day: str
    parts: tuple[DigestPart, ...]
    checkpoint: str


_DIGEST_PARTS = (
    ("due_today", "Due today"),
    ("overdue", "Overdue"),
    ("waiting_mail", "Mail that waits for a decision"),
    ("held", "Held"),
    ("bounced", "Letters that came back"),
    ("expired", "Letters that expired unsent"),
    ("incidents", "Set aside by the engine"),
    ("tasks", "Tasks for a person"),
)


def digest(w: Writing) -> Digest:
    """Tells the business unit what the day holds."""
    given = w.dossier.overview or {}
    return Digest(
        *_head(w),
        day=day_words(london.day_of(w.letter.at)),
        parts=tuple(DigestPart(title, _texts(given.get(key))) for key, title in _DIGEST_PARTS),
        checkpoint=_text(given, "checkpoint"),
    )
