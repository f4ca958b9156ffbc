"""What a calendar's reply to an invitation comes to: an answer, a proposal, nothing any more, or a person's decision.

Pure. An attendee's newest answer counts, by (SEQUENCE, DTSTAMP): whatever the order in which replies are read, and
however often, the same answers stand in the end. What a reply does not make certain, a person decides, and why is
named.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from calendars import london
from s11flow.domain.model import Answer, Session, SessionState


class Outcome(StrEnum):
    """What becomes of a reply."""

    APPLIED = "applied"
    PROPOSAL = "proposal"
    SENT_AGAIN = "sent again"
    STALE = "stale"
    IGNORED = "ignored"
    WAITS = "waits for a person"


class Why(StrEnum):
    """Why a reply is not simply applied."""

    OLDER_TIME = "older time"
    OLDER = "older"
    REPEATED = "repeated"
    CANCELLED = "cancelled"
    RECORDED = "recorded"
    UNKNOWN_UID = "unknown uid"
    UNKNOWN_ATTENDEE = "unknown attendee"
    SEVERAL_ATTENDEES = "several attendees"
    NO_ATTENDEE = "no attendee"
    DELEGATED = "delegated"
    DELEGATE = "delegate"
    NO_ANSWER = "no answer"
    UNKNOWN_ANSWER = "unknown answer"
    NO_METHOD = "no method"
    NOT_A_REPLY = "not a reply"
    ASKS_AGAIN = "asks again"
    ON_ITS_WAY = "on its way"
    SENT_TODAY = "sent today"
    BEGUN = "begun"
    REFUSES = "refuses"
    NO_TIME = "no time"
    OF_A_SERIES = "of a series"
    NOT_INVITED = "not invited"
    OF_THE_PANEL = "of the panel"


WHY_WORDS: Mapping[Why, str] = {
    Why.OLDER_TIME: "it answers an invitation to a time that has changed since",
    Why.OLDER: "a newer answer of the same person is recorded",
    Why.REPEATED: "the same answer is recorded already",
    Why.CANCELLED: "the session was cancelled",
    Why.RECORDED: "the session has been recorded",
    Why.UNKNOWN_UID: "no invitation of ours has its UID",
    Why.UNKNOWN_ATTENDEE: "whoever answers was not invited under that address",
    Why.SEVERAL_ATTENDEES: "it names several people, and the sender is none of them",
    Why.NO_ATTENDEE: "it does not say who answers",
    Why.DELEGATED: "whoever was invited sends somebody else",
    Why.DELEGATE: "it comes from somebody to whom the invitation was passed on",
    Why.NO_ANSWER: "it gives no answer",
    Why.UNKNOWN_ANSWER: "its answer is neither accepted, declined nor tentative",
    Why.NO_METHOD: "it does not say that it is a reply, and comes from somebody else than it names",
    Why.NOT_A_REPLY: "it is no reply, but a calendar entry of another kind",
    Why.ASKS_AGAIN: "it asks for an invitation once more that did not arrive, or is the panel's",
    Why.ON_ITS_WAY: "the invitation that it asks for has not left yet",
    Why.SENT_TODAY: "the invitation was sent once more today already",
    Why.BEGUN: "the session whose invitation it asks for has begun",
    Why.REFUSES: "it refuses another time that was proposed, and only we do that",
    Why.NO_TIME: "it proposes a change, and names no other time that can be read",
    Why.OF_A_SERIES: "it is about one of a series, and ours is none",
    Why.NOT_INVITED: "nobody has been invited to the session yet",
    Why.OF_THE_PANEL: "a member of the panel proposes another time for a day that agencies are invited to",
}
"""Each reason as a clause that follows "because"."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody whom a reply names; `partstat` is the word in capitals, or empty."""

    address: str
    partstat: str = ""
    delegated_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """What one event of a mail says back. Instants are UTC; `sent_at` is the mail's own date, if it has one."""

    method: str
    voices: tuple[Voice, ...]
    from_address: str
    received_at: datetime
    sequence: int | None = None
    stamped_at: datetime | None = None
    sent_at: datetime | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    of_series: bool = False
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Another time that an attendee proposes, by the same order as answers."""

    attendee: str
    starts_at: datetime
    ends_at: datetime | None
    sequence: int
    at: datetime
    sent_at: datetime | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a reply: the answer or the proposal it makes, or why it makes none.

    `attendee` is the address that was invited, where the reply could be tied to one, else the one that it names.
    """

    outcome: Outcome
    why: Why | None = None
    attendee: str = ""
    answer: Answer | None = None
    proposal: Proposal | None = None

    def __str__(self) -> str:
        if self.why is not None:
            return f"{self.outcome}: {WHY_WORDS[self.why]}"
        said = "another time" if self.answer is None else self.answer.answer
        if self.outcome == Outcome.SENT_AGAIN:
            said = "the invitation"
        return f"{self.outcome}: {self.attendee}, {said}"


@dataclass(frozen=True, slots=True)
class Guests:
    """Who may answer for a session: the addresses invited, other addresses of theirs, and our own addresses.

    Addresses compare without regard to capitals.
    """

    invited: tuple[str, ...]
    aliases: Mapping[str, str]
    own: tuple[str, ...] = ()

    def known(self, address: str) -> str | None:
        """The invited address that *address* stands for, or None."""
        plain = _plain(address)
        stands_for = _plain(self.aliases.get(plain, plain))
        return next((each for each in self.invited if _plain(each) == stands_for), None)

    def is_own(self, address: str) -> bool:
        """Whether it is an address of ours."""
        return _plain(address) in {_plain(each) for each in self.own}


def _plain(address: str) -> str:
    return address.strip().casefold()


_ANSWERS = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative"}
_SPEAKING = frozenset({"REPLY", "COUNTER", "REFRESH", ""})
_NEVER = datetime(1, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=366)
"""How far a clock may be ahead of ours and still be believed: among answers of one clock the order holds."""


def judge(session: Session | None, guests: Guests, heard: Heard, proposals: Collection[Proposal] = ()) -> Verdict:
    """What becomes of a reply to the invitation to *session*, which is None when no invitation has its UID.

    *proposals* are those that were made for the session before, whatever became of them.
    """
    if heard.method == "DECLINECOUNTER":
        return Verdict(Outcome.IGNORED, Why.REFUSES, _named(heard))
    if session is None:
        return Verdict(Outcome.WAITS, Why.UNKNOWN_UID, _named(heard))
    if heard.method not in _SPEAKING:
        return Verdict(Outcome.WAITS, Why.NOT_A_REPLY, _named(heard))
    if heard.of_series:
        return Verdict(Outcome.WAITS, Why.OF_A_SERIES, _named(heard))
    if (ended := _too_late(session)) is not None:
        return Verdict(*ended, _named(heard))
    sequence = session.revision if heard.method == "REFRESH" else _sequence(session, heard)  # which asks for the newest
    if sequence < session.revision:
        return Verdict(Outcome.STALE, Why.OLDER_TIME, _named(heard))
    speaker = _speaker(guests, heard)
    if isinstance(speaker, Verdict):
        return speaker
    voice, attendee = speaker
    match heard.method:
        case "REFRESH":
            return Verdict(Outcome.SENT_AGAIN, None, attendee)
        case "COUNTER":
            return _proposed(session, heard, attendee, sequence, proposals)
    return _answered(session, guests, heard, voice, attendee, sequence)


def plausible(heard: Heard, revision: int) -> Heard:
    """*heard* without what cannot be, where *revision* is the newest that was sent.

    A calendar that counts further than we do, or a clock that is years ahead, would outrank whatever the same person
    says afterwards.
    """
    latest = heard.received_at + _AHEAD
    return replace(
        heard,
        sequence=None if heard.sequence is None else min(heard.sequence, revision),
        stamped_at=_unless_after(latest, heard.stamped_at),
        sent_at=_unless_after(latest, heard.sent_at),
    )


def newest(answers: Collection[Answer], answer: Answer) -> tuple[Answer, ...] | None:
    """The answers once *answer* has come, the newest last; None if it changes nothing.

    Of each attendee the newest by (SEQUENCE, DTSTAMP) stands; between two of one stamp the mail's own date decides,
    and then the word, so that no order of reading makes a difference.
    """
    before = answer_of(answers, answer.attendee)
    if before is not None and _rank(answer) <= _rank(before):
        return None
    others = tuple(each for each in answers if _plain(each.attendee) != _plain(answer.attendee))
    # Kept as it was first written: the register may have come to write the address in other capitals.
    return (*others, answer if before is None else replace(answer, attendee=before.attendee))


def answer_of(answers: Collection[Answer], attendee: str) -> Answer | None:
    """The answer of one attendee."""
    return next((each for each in answers if _plain(each.attendee) == _plain(attendee)), None)


# --- the parts -------------------------------------------------------------------------------------------------------


def _named(heard: Heard) -> str:
    return heard.voices[0].address if len(heard.voices) == 1 else ""


def _too_late(session: Session) -> tuple[Outcome, Why] | None:
    match session.state:
        case SessionState.INVITED:
            return None
        case SessionState.PENCILLED:
            return Outcome.WAITS, Why.NOT_INVITED
        case SessionState.CANCELLED | SessionState.STOOD_DOWN:
            return Outcome.STALE, Why.CANCELLED
    return Outcome.STALE, Why.RECORDED


def _unless_after(latest: datetime, at: datetime | None) -> datetime | None:
    return at if at is not None and at <= latest else None


def _sequence(session: Session, heard: Heard) -> int:
    """Which revision is answered; where that is not said, the time says it, and else it is the first."""
    if heard.sequence is not None:
        return heard.sequence
    return session.revision if heard.starts_at == session.starts_at else 0


def _speaker(guests: Guests, heard: Heard) -> tuple[Voice, str] | Verdict:
    """Who answers and the address that was invited; or the verdict, where that is not certain."""
    found = _who_speaks(guests, heard)
    if isinstance(found, Why):
        return Verdict(Outcome.WAITS, found, _named(heard))
    attendee = guests.known(found.address)
    if attendee is not None:
        return found, attendee
    passed_on = any(guests.known(address) is not None for address in found.delegated_from)
    return Verdict(Outcome.WAITS, Why.DELEGATE if passed_on else Why.UNKNOWN_ATTENDEE, found.address)


def _who_speaks(guests: Guests, heard: Heard) -> Voice | Why:
    """The one voice of a reply: the only one, or the sender's. Several addresses of one person are one voice."""
    named = [voice for voice in heard.voices if voice.address]
    others = [voice for voice in named if not guests.is_own(voice.address)]
    voices = _people(guests, others or named)
    if not voices:
        return Why.NO_ATTENDEE
    if len(voices) == 1:
        return voices[0]
    if any(voice.partstat == "DELEGATED" for voice in voices):
        return Why.DELEGATED
    senders = [voice for voice in voices if _is_sender(guests, voice, heard.from_address)]
    return senders[0] if len(senders) == 1 else Why.SEVERAL_ATTENDEES


def _people(guests: Guests, voices: Collection[Voice]) -> list[Voice]:
    """Each person once for each thing they say; who is listed again without an answer has given the other one."""
    found = {(_plain(guests.known(voice.address) or voice.address), voice.partstat): voice for voice in voices}
    speaking = {person for person, partstat in found if partstat not in _SILENT}
    return [voice for (person, partstat), voice in found.items() if partstat not in _SILENT or person not in speaking]


def _is_sender(guests: Guests, voice: Voice, from_address: str) -> bool:
    known = guests.known(voice.address)
    return _plain(voice.address) == _plain(from_address) or (known is not None and known == guests.known(from_address))


def _proposed(session: Session, heard: Heard, attendee: str, sequence: int, proposals: Collection[Proposal]) -> Verdict:
    if heard.starts_at is None or heard.starts_at == session.starts_at:
        return Verdict(Outcome.WAITS, Why.NO_TIME, attendee)
    at = _stamp(heard)
    wished = Proposal(attendee, heard.starts_at, heard.ends_at, sequence, at, heard.sent_at, heard.comment)
    own = [_proposal_rank(each) for each in proposals if _plain(each.attendee) == _plain(attendee)]
    rank = _proposal_rank(wished)
    if own and rank <= max(own):
        return Verdict(Outcome.STALE, Why.REPEATED if rank in own else Why.OLDER, attendee)
    return Verdict(Outcome.PROPOSAL, None, attendee, proposal=wished)


def _answered(session: Session, guests: Guests, heard: Heard, voice: Voice, attendee: str, sequence: int) -> Verdict:
    word = _ANSWERS.get(voice.partstat)
    if word is None:
        return Verdict(Outcome.WAITS, _WITHOUT.get(voice.partstat, Why.UNKNOWN_ANSWER), attendee)
    if not heard.method and not _is_sender(guests, voice, heard.from_address):
        return Verdict(Outcome.WAITS, Why.NO_METHOD, attendee)
    answer = Answer(attendee, word, _stamp(heard), sequence, heard.sent_at)
    if newest(session.answers, answer) is None:
        before = answer_of(session.answers, attendee)
        is_same = before is not None and _rank(before) == _rank(answer)
        return Verdict(Outcome.STALE, Why.REPEATED if is_same else Why.OLDER, attendee)
    return Verdict(Outcome.APPLIED, None, attendee, answer=answer)


_SILENT = ("", "NEEDS-ACTION")
_WITHOUT = {"": Why.NO_ANSWER, "NEEDS-ACTION": Why.NO_ANSWER, "DELEGATED": Why.DELEGATED}


def _stamp(heard: Heard) -> datetime:
    """When it was said: DTSTAMP, else the mail's date, else when the mail came."""
    return heard.stamped_at or heard.sent_at or heard.received_at


def _rank(answer: Answer) -> tuple[int, datetime, datetime, int]:
    return answer.sequence, answer.at, answer.sent_at or _NEVER, _CAUTION.index(answer.answer)


_CAUTION = ("accepted", "tentative", "declined")
"""Of two answers given at once, the one that promises less stands."""


def _proposal_rank(proposal: Proposal) -> tuple[int, datetime, datetime, datetime]:
    return proposal.sequence, proposal.at, proposal.sent_at or _NEVER, proposal.starts_at


def proposal_words(proposal: Proposal) -> str:
    """A proposal in words: "lead@agency.example proposes Thursday 12 November 2026, 9:30am"."""
    return f"{proposal.attendee} proposes {london.spell(proposal.starts_at)}"
