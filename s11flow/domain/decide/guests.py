"""Decides who hears of an open invitation when others are to come, or somebody asks for it once more. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from s11flow.domain.decide.parts import CasePlan, due_keys, event_letter
from s11flow.domain.model import Answer, CaseFacts, Entry, Letter, Note, Plan, SessionState

WHY = "other people are to come for the agency"
WHY_AGAIN = "it was asked for once more from a calendar"


def guests_changed(facts: CaseFacts, *, gone: Collection[str], new: Collection[str], at: datetime) -> CasePlan | None:
    """The session leaves the diary of whoever is *gone* and comes into that of whoever is *new*; all others keep it.

    None where nobody was invited yet, or the session has begun: then the register alone says who comes.
    """
    session = facts.session
    if session is None or session.state != SessionState.INVITED or at >= session.starts_at or not (gone or new):
        return None
    # Stamped now, so that it is newer in a calendar than what was sent before.
    told = replace(facts, session=replace(session, revised_at=at))
    key = f"{session.key}g{facts.seq}"
    letters: tuple[Letter, ...] = ()
    if gone:
        off = event_letter(told, "panel_invitation_cancelled", at, WHY, key=key, reason=WHY, attendees=sorted(gone))
        letters += (replace(off, about={"by": "guests"}, valid_until=session.starts_at),)
    if new:
        asked = event_letter(told, "panel_invitation", at, WHY, key=key, attendees=sorted(new))
        letters += (replace(asked, valid_until=session.starts_at),)
    entry = Entry(
        at, Note.GUESTS_CHANGED, f"s{session.number}", cause=WHY, data={"gone": len(gone), "new": len(new)},
        private={"gone": sorted(gone), "new": sorted(new)}, letters=due_keys(letters),
    )  # fmt: skip
    return Plan(facts, (entry,), letters)


def invited_again(facts: CaseFacts, attendee: str, revised_at: datetime, answered: str, *, at: datetime) -> CasePlan:
    """The invitation to the session as it stands, once more to one attendee.

    *revised_at* and *answered* are what the one that they have was stamped with and said of their answer: a calendar
    is given the same bytes again. Raises ValueError for a case without a session.
    """
    session = facts.session
    if session is None:
        raise ValueError(f"{facts.ref} has no session to invite to once more.")
    answers = (Answer(attendee, answered.lower(), revised_at, session.revision),) if answered else ()
    told = replace(facts, session=replace(session, revised_at=revised_at, answers=answers))
    key = f"{session.key}again{facts.seq}"
    letter = event_letter(told, "panel_invitation", at, WHY_AGAIN, key=key, attendees=[attendee])
    letter = replace(letter, valid_until=session.starts_at)
    entry = Entry(
        at, Note.INVITED_AGAIN, f"s{session.number}", cause=WHY_AGAIN, private={"attendee": attendee},
        letters=due_keys((letter,)),
    )  # fmt: skip
    return Plan(facts, (entry,), (letter,))
