"""What the letters about the panel and its sessions hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any

from s11flow.domain.agenda import reply_of
from s11flow.domain.definition import DateRule, Person
from s11flow.domain.model import CaseState, PanelDayFacts, SessionState
from s11flow.domain.replies import answer_of
from s11flow.domain.timetable import Rulebook
from s11flow.letters.blocks import (
    Slot,
    day_slot,
    day_words,
    london_day,
    time_words,
    when_words,
)
from s11flow.letters.dossier import Writing
from s11flow.letters.heads import (
    AboutPartnership,
    AboutSession,
    plain_head,
    rows,
    session_head,
    session_of,
    text,
    texts,
)
from s11flow.letters.recipients import case_facts, person_of


@dataclass(frozen=True, slots=True)
class PanelInvitation(AboutSession):
    """The time and place; that coming is not mandatory, and what absence means; by when to answer."""

    reply_by: str


def panel_invitation(w: Writing) -> PanelInvitation:
    """Invites to the session."""
    return PanelInvitation(*session_head(w), reply_by=_reply_by(w))


def _reply_by(w: Writing) -> str:
    """The working day before silence is chased; nothing when that day is gone."""
    session = session_of(w)
    rule = w.rules.definition.timetable.reply_chase
    on = w.rules.days.add(_counted(w.rules, rule, london_day(session.starts_at)), -1)
    return "" if on <= london_day(w.now) else day_words(on)


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
        *session_head(w),
        reply_by=_reply_by(w),
        old=when_words(w.letter.about.get("old")),
        reason=text(w.letter.private, "reason"),
    )


@dataclass(frozen=True, slots=True)
class PanelInvitationCancelled(AboutSession):
    """Whose doing it is, why, and whether another time is offered; `is_owed` is False once no report is asked.

    `only_you` is for somebody in whose place others come: the session is held all the same.
    """

    is_owed: bool
    by_panel: bool
    reserve: str
    reason: str
    only_you: bool = False


_NOT_ASKED = (CaseState.EXCUSED, CaseState.COVERED, CaseState.VOID)


def panel_invitation_cancelled(w: Writing) -> PanelInvitationCancelled:
    """Takes the session out of the diary."""
    about = w.letter.about
    return PanelInvitationCancelled(
        *session_head(w, cancelled=True),
        is_owed=case_facts(w.letter).state not in _NOT_ASKED,
        by_panel=about.get("by") == "panel",
        reserve=when_words(about.get("reserve")),
        reason=text(w.letter.private, "reason"),
        only_you=about.get("by") == "guests",
    )


@dataclass(frozen=True, slots=True)
class TimeOffered(AboutSession):
    """The time that is offered, beside the one that is kept until the agency answers; whether it is an exchange."""

    offered: str
    is_exchange: bool
    answer_by: str


def time_offered(w: Writing) -> TimeOffered:
    """Offers another time."""
    about, until = w.letter.about, w.letter.valid_until
    return TimeOffered(
        *session_head(w),
        offered=when_words(about.get("offered")),
        is_exchange=about.get("exchange") is True,
        answer_by=_day_before(w, until) if until is not None else "",
    )


@dataclass(frozen=True, slots=True)
class TimeRefused(AboutSession):
    """The time that somebody proposed, that the session stays where it is, and why."""

    wished: str
    reason: str


def time_refused(w: Writing) -> TimeRefused:
    """Tells whoever proposed another time that it is not to be had."""
    return TimeRefused(
        *session_head(w), wished=when_words(w.letter.about.get("wished")), reason=text(w.letter.private, "reason")
    )


def _day_before(w: Writing, at: datetime) -> str:
    """The working day before an instant, if that still lies ahead."""
    on = w.rules.days.add(w.rules.days.roll_back(london_day(at)), -1)
    return "" if on <= london_day(w.now) else day_words(on)


@dataclass(frozen=True, slots=True)
class DeputyAttended(AboutSession):
    """Who came, where nobody did who is named for the agency; who those are."""

    came: tuple[str, ...]
    named: tuple[str, ...]


def deputy_attended(w: Writing) -> DeputyAttended:
    """Tells the senior leader that others stood in."""
    agency = case_facts(w.letter).agency
    return DeputyAttended(*session_head(w), came=texts(w.letter.private.get("came")), named=agency.invited)


@dataclass(frozen=True, slots=True)
class ReplyChase(AboutSession):
    """The time and place again, and that no answer has come."""


def reply_chase(w: Writing) -> ReplyChase:
    """Asks once more for an answer."""
    return ReplyChase(*session_head(w))


@dataclass(frozen=True, slots=True)
class SessionReminder(AboutSession):
    """The time and place, and the questions to expect."""

    is_coming: bool


def session_reminder(w: Writing) -> SessionReminder:
    """Reminds of the session."""
    return SessionReminder(*session_head(w), is_coming=reply_of(session_of(w), case_facts(w.letter).agency) == "coming")


@dataclass(frozen=True, slots=True)
class PackItem:
    """One session of the running order; one that `is_own` shows nothing to a member who leaves for it."""

    starts: str
    agency: str
    state: str
    report: str
    reply: str
    self_ratings: str
    last_judgement: str
    open_actions: str
    review_actions: str
    closed_links: str
    panel: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class PanelPack(AboutPartnership):
    """The running order of a panel day with what is known of each agency, and the day for the member's diary.

    `is_again` is one that takes the place of a pack sent before.
    """

    day: str
    place: str
    items_in_order: tuple[PackItem, ...]
    slot: Slot | None = None
    is_again: bool = False


def panel_pack(w: Writing) -> PanelPack:
    """Prepares a member of the panel for the day."""
    person = person_of(w.rules, w.to)
    sessions = rows((w.dossier.overview or {}).get("sessions"))
    return PanelPack(
        *plain_head(w),
        day=_day_of(w),
        place=w.rules.definition.panel.place,
        items_in_order=tuple(_pack_item(row, is_own=_leaves(row, person)) for row in sessions),
        slot=_diary(w),
        is_again=isinstance(w.letter.facts, PanelDayFacts) and w.letter.facts.revision > 0,
    )


def _day_of(w: Writing) -> str:
    return day_words(w.letter.facts.on) if isinstance(w.letter.facts, PanelDayFacts) else ""


def _diary(w: Writing) -> Slot | None:
    """The day as it stands in the reader's diary, with what they have answered; None for a day without invitation."""
    day = w.letter.facts
    if not isinstance(day, PanelDayFacts) or not day.uid:
        return None
    answered = answer_of(day.answers, w.to.address)
    return replace(day_slot(w.rules, day), answered="" if answered is None else answered.answer.upper())


@dataclass(frozen=True, slots=True)
class PanelDayCancelled(AboutPartnership):
    """That the panel sees nobody on a day that its members have in their diaries."""

    day: str
    slot: Slot | None


def panel_day_cancelled(w: Writing) -> PanelDayCancelled:
    """Takes a panel day out of its members' diaries."""
    return PanelDayCancelled(*plain_head(w), day=_day_of(w), slot=_diary(w))


def _leaves(row: Mapping[str, object], person: Person | None) -> bool:
    """Whether a member of the panel leaves for a session: it is their own agency's, or they declared an interest."""
    if person is None:
        return False
    belongs = person.agency is not None and person.agency == text(row, "code")
    return belongs or person.title in texts(row.get("leaves"))


def _pack_item(row: Mapping[str, object], *, is_own: bool) -> PackItem:
    """What the pack says of a session; to who leaves for it no more than when it is, and whose."""
    if is_own:
        nothing: dict[str, Any] = dict.fromkeys((item.name for item in fields(PackItem)), "")
        return PackItem(
            **{**nothing, "starts": time_words(row.get("starts")), "agency": text(row, "agency"), "is_own": True}
        )
    declined = row.get("declined")
    reply = (
        "declined" if declined is True else text(row, "reply") or ("" if declined is False else text(row, "declined"))
    )
    return PackItem(
        starts=time_words(row.get("starts")),
        agency=text(row, "agency"),
        state=text(row, "state"),
        report=text(row, "report") or "none received",
        reply=reply or "no reply recorded",
        self_ratings=text(row, "self_ratings") or "none given",
        last_judgement=text(row, "last_judgement") or "none on record",
        open_actions=text(row, "open_actions") or "none on record",
        review_actions=text(row, "review_actions") or "none on record",
        closed_links=text(row, "closed_links"),
        panel=text(row, "quorum") if row.get("leaves") else "",
        is_own=False,
    )


@dataclass(frozen=True, slots=True)
class SessionOutcome(AboutSession):
    """How the session went, and on what the agency will be assessed."""

    attended: bool
    in_part: bool
    with_notice: bool
    attended_minutes: str


def session_outcome(w: Writing) -> SessionOutcome:
    """Thanks those who came, or says what absence means."""
    session = session_of(w)
    return SessionOutcome(
        *session_head(w),
        attended=session.state == SessionState.ATTENDED,
        in_part=session.state == SessionState.ATTENDED_IN_PART,
        with_notice=session.state == SessionState.ABSENT_WITH_NOTICE,
        attended_minutes="" if session.minutes is None else str(session.minutes),
    )
