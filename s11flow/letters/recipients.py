"""Who gets a letter: one rule for each group of kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from hashlib import sha256

from notifications.address import check_address
from s11flow.domain.definition import Person
from s11flow.domain.model import Agency, Answer, CaseFacts, Letter
from s11flow.domain.timetable import Rulebook
from s11flow.letters.dossier import Addressed

Picker = Callable[[Rulebook, Letter], Iterable[Addressed]]


def case_facts(letter: Letter) -> CaseFacts:
    """The case a letter is about; raises ValueError for a letter about something else."""
    if not isinstance(letter.facts, CaseFacts):
        raise ValueError(
            f"The letter {letter.kind} was made for {letter.facts.ref}, which is no case; it needs a case."
        )
    return letter.facts


def whose(letter: Letter) -> tuple[str, Agency, str | None]:
    """The case reference, the agency and, for a member of a joint report, the code the dedupe key names."""
    facts = case_facts(letter)
    code = letter.about.get("member")
    if code is None or code == facts.agency.code:
        return facts.ref, facts.agency, None
    for member in facts.members:
        if member.agency.code == code:
            return member.ref, member.agency, member.agency.code
    raise ValueError(f"The letter {letter.kind} names {code}, which is no member of the joint report of {facts.ref}.")


def agency_roles(*roles: str) -> Picker:
    """The agency's people in these roles: `contact`, `deputy`, `senior_leader`, `data_protection`."""

    def pick(rules: Rulebook, letter: Letter) -> list[Addressed]:
        ref, agency, subject = whose(letter)
        return [
            Addressed(role, address, subject, ref, agency.code)
            for role in roles
            if (address := getattr(agency, role)) is not None
        ]

    return pick


contact = agency_roles("contact")
contact_and_senior_leader = agency_roles("contact", "senior_leader")


def data_protection(rules: Rulebook, letter: Letter) -> Iterable[Addressed]:
    """Whoever answers for data protection, else the senior leader; then the contact, who sends the report."""
    _, agency, _ = whose(letter)
    first = "senior_leader" if agency.data_protection is None else "data_protection"
    return agency_roles(first, "contact")(rules, letter)


def whoever_got_it(rules: Rulebook, letter: Letter) -> list[Addressed]:
    """The one reader of the letter that was wrong, in the role in which they got it."""
    case_ref, agency = letter.about.get("case_ref"), letter.about.get("agency")
    return [
        Addressed(
            str(letter.about["recipient"]), str(letter.private["address"]), None,
            None if case_ref is None else str(case_ref), None if agency is None else str(agency),
        )
    ]  # fmt: skip


def sender(rules: Rulebook, letter: Letter) -> Iterable[Addressed]:
    """Whoever sent the report, if the address is one; else the contact."""
    address = letter.private.get("sender")
    if not isinstance(address, str) or check_address(address) is not None:
        return contact(rules, letter)
    ref, agency, subject = whose(letter)
    return [Addressed("sender", address, subject, ref, agency.code)]


def chair(rules: Rulebook, letter: Letter) -> list[Addressed]:
    """Whoever may be told about this agency: the Executive Chair, or the alternate where the Chair belongs to it."""
    ref, agency, subject = whose(letter)
    person = rules.definition.chair_for(agency.code, case_facts(letter).interests)
    if person is None:
        return []
    role = "executive_chair" if person is rules.definition.people.executive_chair else "alternate"
    return [Addressed(role, person.email, subject, ref, agency.code)]


def chair_and_agency(rules: Rulebook, letter: Letter) -> list[Addressed]:
    """The Chair, then the senior leader, then the contact."""
    return [*chair(rules, letter), *agency_roles("senior_leader", "contact")(rules, letter)]


def senior_leader_and_chair(rules: Rulebook, letter: Letter) -> list[Addressed]:
    """The senior leader, with a copy to the Chair who writes."""
    return [*agency_roles("senior_leader")(rules, letter), *chair(rules, letter)]


def agency_and_members(rules: Rulebook, letter: Letter) -> Iterator[Addressed]:
    """The contact, the senior leader, and of a joint report the senior leader of every member that owes it."""
    yield from contact_and_senior_leader(rules, letter)
    for member in case_facts(letter).owing_members:
        agency = member.agency
        if agency.senior_leader is not None:
            key = f"member-{agency.code}-senior_leader"
            yield Addressed(key, agency.senior_leader, None, member.ref, agency.code)


def attendees(rules: Rulebook, letter: Letter) -> list[Addressed]:
    """Everybody invited for the agency, its contact where nobody is named; or those of them whom an event names."""
    ref, agency, subject = whose(letter)
    given = letter.private.get("attendees")
    if isinstance(given, list | tuple):
        return [Addressed(attendee_key(address), address, subject, ref, agency.code) for address in given]
    if not agency.attendees:
        return list(contact(rules, letter))
    return [Addressed(attendee_key(address), address, subject, ref, agency.code) for address in agency.attendees]


@lru_cache(maxsize=4096)
def attendee_key(address: str) -> str:
    """The role key of an attendee: says which one without saying who."""
    return f"attendee-{sha256(address.casefold().encode()).hexdigest()[:8]}"


def attendees_without_reply(rules: Rulebook, letter: Letter) -> list[Addressed]:
    """Attendees who have not answered in any way."""
    answers = _answers(letter)
    return [to for to in attendees(rules, letter) if not _answer_of(to, answers)]


def attendees_not_declined(rules: Rulebook, letter: Letter) -> list[Addressed]:
    """Attendees who have not declined."""
    answers = _answers(letter)
    return [to for to in attendees(rules, letter) if _answer_of(to, answers) != "declined"]


def _answers(letter: Letter) -> tuple[Answer, ...]:
    session = case_facts(letter).session
    return () if session is None else session.answers


def _answer_of(to: Addressed, answers: tuple[Answer, ...]) -> str:
    own = (to.address.casefold(), to.recipient)
    newest = max((a for a in answers if a.attendee.casefold() in own), key=lambda a: a.at, default=None)
    return "" if newest is None else newest.answer


def told_the_old_date(rules: Rulebook, letter: Letter) -> list[Addressed]:
    """The contact; and whoever comes to the panel when it is the session that moved."""
    found = list(contact(rules, letter))
    if letter.about.get("what") == "panel session":
        found += attendees(rules, letter)
    return found


def business_unit(rules: Rulebook, letter: Letter) -> list[Addressed]:
    """The partnership's own business unit."""
    return [_person(letter, "business_unit", rules.definition.people.business_unit)]


def panel_members(rules: Rulebook, letter: Letter) -> list[Addressed]:
    """The members of the panel."""
    return [_person(letter, f"panel-{n}", person) for n, person in enumerate(rules.definition.people.panel, 1)]


def circulation(rules: Rulebook, letter: Letter) -> list[Addressed]:
    """Those to whom the Assurance Report is circulated."""
    people = rules.definition.people.circulation
    return [_person(letter, f"circulation-{n}", person) for n, person in enumerate(people, 1)]


def _person(letter: Letter, role: str, person: Person) -> Addressed:
    if isinstance(letter.facts, CaseFacts):
        ref, agency, subject = whose(letter)
        return Addressed(role, person.email, subject, ref, agency.code)
    return Addressed(role, person.email, None, None, None)


def those_given(rules: Rulebook, letter: Letter) -> Iterator[Addressed]:
    """The people of one agency, given with the letter as role and address."""
    given, code = letter.private.get("to"), str(letter.about["agency"])
    for role, address in given.items() if isinstance(given, Mapping) else ():
        if isinstance(address, str):
            yield Addressed(f"agency-{code}-{role}", address, code, None, code)


def person_of(rules: Rulebook, to: Addressed) -> Person | None:
    """The holder of a role of the procedure, where *to* is one."""
    people = rules.definition.people
    match to.recipient.split("-"):
        case ["executive_chair"]:
            return people.executive_chair
        case ["alternate"]:
            return people.alternate
        case ["business_unit"]:
            return people.business_unit
        case ["panel", number]:
            return people.panel[int(number) - 1]
        case ["circulation", number]:
            return people.circulation[int(number) - 1]
    return None


_ROLES = {
    "business_unit": "the business unit",
    "sender": "whoever sent the report",
    "executive_chair": "the Executive Chair",
    "alternate": "the Chair's alternate",
}


def role_words(recipient: str) -> str:
    """A role key as a reader calls it."""
    if recipient.startswith("attendee-"):
        return "a person invited to the panel"
    if recipient.startswith(("member-", "agency-")):
        code, _, role = recipient.partition("-")[2].rpartition("-")
        return f"the {role.replace('_', ' ')} of agency {code}"
    return _ROLES.get(recipient) or f"the {recipient.replace('_', ' ')}"
