"""Letters as rows for the outbox: whom each goes to, its subject line, the frozen context it is written from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from calendars.invitation import Invitation, Person
from notifications.render import Frame, Rendered, render_body, render_subject
from s11flow.domain.errors import UnknownError
from s11flow.domain.model import Letter, dedupe_key
from s11flow.domain.timetable import Rulebook
from s11flow.domain.value import value
from s11flow.letters.blocks import canonical
from s11flow.letters.contexts import KINDS, Kind
from s11flow.letters.dossier import Addressed, Dossier, Sent, Writing

__all__ = [
    "Addressed",
    "Dossier",
    "Draft",
    "Sent",
    "calendar_of",
    "drafts",
    "previews",
    "recipients",
    "subject_line",
    "write",
]


@value(frozen=True, slots=True)
class Draft:
    """One letter to one reader, as it goes into the outbox. Instants are aware UTC.

    `subject` is the reference of whatever owes it (a case, a panel day, a cycle, a partnership); `case_ref` and
    `agency` name whom it is about. `context` is canonical JSON, and empty in a preview.
    """

    dedupe_key: str
    subject: str
    case_ref: str | None
    agency: str | None
    kind: str
    recipient: str
    to_address: str
    subject_line: str
    why: str
    at: datetime
    valid_until: datetime | None
    context: str = ""


def recipients(rules: Rulebook, letter: Letter) -> tuple[Addressed, ...]:
    """Whoever gets *letter*, each address once (its first role wins); nobody if the definition has switched it off."""
    kind = _kind(letter.kind)
    if letter.kind in rules.definition.letters_off:
        return ()
    found: dict[str, Addressed] = {}
    for to in kind.recipients(rules, letter):
        if to.address:
            found.setdefault(to.address.casefold(), to)
    return tuple(found.values())


def subject_line(rules: Rulebook, letter: Letter, to: Addressed) -> str:
    """The subject line, from facts that a forecast knows; raises notifications.render.TemplateError."""
    name = f"{letter.kind}/subject"
    values = _kind(letter.kind).subject(rules, letter, to)
    return render_subject(_source(rules.templates, name), values, name=name)


def drafts(rules: Rulebook, letter: Letter, dossier: Dossier, now: datetime) -> tuple[Draft, ...]:
    """*letter* for each of its readers, with the context frozen as of *now*."""
    build = _kind(letter.kind).build
    return tuple(
        [
            _draft(rules, letter, to, canonical(build(Writing(rules, letter, to, dossier, now))))
            for to in recipients(rules, letter)
        ]
    )


def previews(rules: Rulebook, letter: Letter) -> tuple[Draft, ...]:
    """What `drafts` would give, without the context: the same addresses, keys and subject lines."""
    return tuple([_draft(rules, letter, to, "") for to in recipients(rules, letter)])


def _draft(rules: Rulebook, letter: Letter, to: Addressed, context: str) -> Draft:
    facts = letter.facts
    return Draft(
        dedupe_key(facts, letter.due_key, to.recipient, subject=to.subject),
        facts.ref,
        to.case_ref,
        to.agency,
        letter.kind,
        to.recipient,
        to.address,
        subject_line(rules, letter, to),
        letter.why,
        letter.at,
        letter.valid_until,
        context,
    )


def write(templates: Mapping[str, str], kind: str, context_json: str, *, subject_line: str) -> Rendered:
    """The text and the HTML of a letter, from its frozen context; raises notifications.render.TemplateError."""
    values: dict[str, Any] = orjson.loads(context_json)
    name = f"{_kind(kind).name}/body"
    frame = Frame(sender_name=values["house"]["sender_name"], footer=_footer(values), title=subject_line)
    return render_body(_source(templates, name), values, name=name, frame=frame)


def _footer(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Below every letter, whatever its template says: who writes, which reference, whom to answer."""
    house, ref = values["house"], values["case"]["ref"] if "case" in values else values["ref"]
    lines = (house["name"], f"Our reference: {ref}", f"Answer to: {house['mailbox']}", house["website"])
    return tuple(line for line in lines if line)


def calendar_of(kind: str, context_json: str) -> Invitation | None:
    """The meeting that a letter of *kind* puts in, changes in, or takes out of its reader's diary; None for the others.

    `KINDS[kind].calendar` says how: REQUEST or CANCEL. The organizer is the sender of the mail, byte for byte. It is
    stamped with the instant of the revision, so that a revision is the same bytes whenever it is written. Whoever has
    answered to this time is not asked again.
    """
    if not _kind(kind).calendar:
        return None
    values = orjson.loads(context_json)
    house, slot, reader = (values[name] for name in ("house", "slot", "reader"))
    if slot is None:
        return None
    summary, description = _in_diary(values)
    return Invitation(
        uid=slot["uid"],
        sequence=slot["sequence"],
        dtstamp=datetime.fromisoformat(slot["revised_at"]),
        starts_at=datetime.fromisoformat(slot["starts_at"]),
        ends_at=datetime.fromisoformat(slot["ends_at"]),
        summary=summary,
        description=description,
        location=slot["place"],
        organizer=Person(house["sender_name"], house["sender"]),
        attendee=Person(_name_of(reader), reader["address"]),
        url=slot["link"] or None,
        partstat=slot["answered"] or "NEEDS-ACTION",
        reply_wanted=not slot["answered"],
    )


def _in_diary(values: Mapping[str, Any]) -> tuple[str, str]:
    """What a diary shows: a line, and what to know. What is taken out of it by a correction is called as it was."""
    if "diary" in values:
        summary, description = values["diary"]
        return summary, description
    return _about_case(values) if "case" in values else _about_day(values)


def _name_of(reader: Mapping[str, Any]) -> str:
    """Whom a calendar shows: by name or role, else by the address, for nobody is called colleague."""
    name = str(reader["greeting"]).removeprefix("Dear ")
    return str(reader["address"]) if name == "colleague" else name


def _about_case(values: Mapping[str, Any]) -> tuple[str, str]:
    """What a diary shows of an agency's session: a line, and what to know."""
    house, case, slot = (values[name] for name in ("house", "case", "slot"))
    return f"Section 11 panel: {case['agency']} ({case['ref']})", (
        f"{slot['minutes']} minutes including questions with the panel of the {house['name']}.\n"
        "Coming is not mandatory; an agency that does not come is assessed on its report alone.\n"
        f"Questions, or another time: {house['mailbox']}, quoting {case['ref']}."
    )


def _about_day(values: Mapping[str, Any]) -> tuple[str, str]:
    """What a diary shows of a day with the panel: a line, and the running order."""
    house = values["house"]
    order = [
        f"{item['starts']}: {item['agency']}{' (you leave for this item)' if item['is_own'] else ''}"
        for item in values.get("items_in_order", ())
    ]
    lines = ("Running order:", *order) if order else ("Nobody is seen on this day any more.",)
    questions = f"Questions: {house['mailbox']}, quoting {values['ref']}."
    return f"Section 11 panel of the {house['name']}", "\n".join((*lines, questions))


def _kind(name: str) -> Kind:
    if (kind := KINDS.get(name)) is None:
        raise UnknownError(f'No kind of letter is called "{name}"; there is {", ".join(sorted(KINDS))}.')
    return kind


def _source(templates: Mapping[str, str], name: str) -> str:
    if (source := templates.get(name)) is None:
        raise UnknownError(f'The letter template "{name}" is not among those the cycle was opened with; add it.')
    return source
