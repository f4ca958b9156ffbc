"""Decides who hears of an open invitation when other people are to come for the agency. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from s11flow.domain.decide.parts import CasePlan, due_keys, event_letter
from s11flow.domain.model import CaseFacts, Entry, Letter, Note, Plan, SessionState

WHY = "other people are to come for the agency"


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
