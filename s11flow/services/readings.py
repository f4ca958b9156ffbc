"""What was read out of the versions of a report: the answers of a filled form, its links, what could not be placed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import Connection, insert, select, update

from calendars import london
from db import queries
from s11flow.domain.definition import Definition
from s11flow.forms import Answer, FilledForm, Link, NotTheForm, ReportedAction, read_form
from s11flow.inbound.signs import LONGEST, signs_in
from s11flow.inbound.sniff import sniff
from s11flow.inbound.words import words_in
from s11flow.links import CLOSED, Unreadable, links_in, why_closed, words_in_pdf
from s11flow.reports.assessment import RequirementRating
from s11flow.services.chain import canonical

File = tuple[str, bytes]
"""A file by its name and its content."""


@dataclass(frozen=True, slots=True)
class Looked:
    """That it was tried whether a link opens for anyone: when, what came of it, and in a clause how that showed."""

    at: datetime
    outcome: str
    why: str


@dataclass(frozen=True, slots=True)
class FoundLink:
    """An address that a report names: in which file, what it is said to show, and why it will not open from outside.

    `why_closed` goes by its look; `looked` is there once it was tried, of one that might open.
    """

    address: str
    file: str
    shows: str = ""
    why_closed: str = ""
    looked: Looked | None = None

    @property
    def closed(self) -> str:
        """Why the panel cannot open it, as a clause: by its look, or because it was tried; empty if it may."""
        if self.looked is None or self.looked.outcome not in CLOSED:
            return self.why_closed
        return f"{self.looked.why}, as of {london.spell_day(london.day_of(self.looked.at))}"

    @property
    def ask(self) -> str:
        """What the agency is asked about a link that opens only inside."""
        return (
            f"The link {self.address} does not open for the panel: {self.closed}. "
            "Give an address that is open to the public, or send the document."
        )


@dataclass(frozen=True, slots=True)
class FoundSigns:
    """A file that may hold details of single children, and by which signs, in words: "2 NHS numbers" (case 41)."""

    file: str
    signs: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.file} ({', '.join(self.signs)})"


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of one version, or of all that count together.

    `form` is None for a report in a format of its own, which is just as good; `file` is the name of the form's file.
    `notes` has a sentence for everything that was not surely read. `foreign` are the files that are forms of another
    agency, of which nothing was taken; `taken` says what became of actions that were surely read. `signs` are the files
    that a person looks at before the panel does: nothing is done about them by itself.
    """

    form: FilledForm | None = None
    file: str = ""
    links: tuple[FoundLink, ...] = ()
    notes: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    signs: tuple[FoundSigns, ...] = ()

    @property
    def closed_links(self) -> tuple[FoundLink, ...]:
        """The links that open only inside the agency's own network, by their look or because they were tried."""
        return tuple(link for link in self.links if link.closed)

    @property
    def links_to_try(self) -> tuple[FoundLink, ...]:
        """The links that may open for anyone, by their look."""
        return tuple(link for link in self.links if not link.why_closed)

    def as_json(self) -> dict[str, Any]:
        """The shape scripts rely on; it is what is stored, but for the time, which is London's here."""
        found: dict[str, Any] = orjson.loads(canonical(asdict(self)))
        for link, said in zip(self.links, found["links"], strict=True):
            if link.looked is not None:
                said["looked"]["at"] = london.iso(link.looked.at)
        return found


# --- reading ----------------------------------------------------------------------------------------------------------


def read_files(files: Sequence[File], definition: Definition, *, ref: str, is_own: Callable[[str], bool]) -> Reading:
    """What these files say, by the standards of *definition*; nothing is fetched, and no file is refused.

    *ref* is the case they came for; *is_own* says of another case that a form names whether it is the same agency's.
    """
    form, file, foreign, notes = _form_in(files, definition, ref, is_own)
    links, unread = _links_in(files)
    found = _with_links_of_form(form, file, links) if form else links
    said = (*notes, *(form.unplaced if form else ()), *_as_before(form), *unread)
    return Reading(form, file, tuple(found), said, tuple(foreign), signs=signs_of_children(files))


def signs_of_children(files: Sequence[File]) -> tuple[FoundSigns, ...]:
    """The files among these that may hold details of single children; what is read in none is no sign."""
    found = ((name, signs_in(words_of(sniff(name, content).kind, content, most=LONGEST))) for name, content in files)
    return tuple(FoundSigns(name, tuple(map(str, signs))) for name, signs in found if signs)


def words_of(kind: str, content: bytes, *, most: int) -> str:
    """The words of a file of this kind, at most so many letters; a PDF file is read by a process of its own."""
    return words_in_pdf(content)[:most] if kind == "pdf" else words_in(kind, content, most=most)


def _form_in(
    files: Sequence[File], definition: Definition, ref: str, is_own: Callable[[str], bool]
) -> tuple[FilledForm | None, str, list[str], list[str]]:
    """The first form among the files that is this agency's, its name, another's forms, and what is to be said."""
    found: FilledForm | None = None
    file, foreign, notes = "", [], []
    for name, content in files:
        if not name.casefold().endswith(".docx"):
            continue
        try:
            form = read_form(content, definition, ref)
        except NotTheForm:
            continue
        if form.ref and form.ref.casefold() != ref.casefold() and not is_own(form.ref):
            foreign.append(name)
            notes.append(
                f"{name} was made for {form.ref}, which is another agency's: its answers were not taken. If they are "
                f"this agency's, write {ref} as the reference in it and receive it again."
            )
        elif found is not None:
            notes.append(f"{name} is a form too; only {file} was read for answers. Receive it by itself if it counts.")
        else:
            found, file = form, name
            if form.ref and form.ref.casefold() != ref.casefold():
                notes.append(
                    f"{name} says that it is for {form.ref}; its answers were taken where it words the requirement "
                    "as it is now."
                )
    return found, file, foreign, notes


def _as_before(form: FilledForm | None) -> list[str]:
    if form is None or not (kept := [answer.requirement for answer in form.answers if answer.is_last_years]):
        return []
    return [f"The mark of last year's text still stands at {', '.join(kept)}: it may not have been looked at."]


def _links_in(files: Sequence[File]) -> tuple[list[FoundLink], list[str]]:
    """Every address once, with the first file that has it; and a sentence for each file that was not looked into."""
    found: dict[str, FoundLink] = {}
    unread = []
    for name, content in files:
        try:
            addresses = [_clean(address) for address in links_in(name, content)]
        except Unreadable as error:
            unread.append(str(error))
            continue
        for address in addresses:
            found.setdefault(address, FoundLink(address, name, why_closed=why_closed(address)))
    return [*found.values()], unread


def _clean(address: str) -> str:
    """An address as text that can be kept: readers of damaged files give halves of letters."""
    return address.encode("utf-8", "replace").decode().replace("\x00", "")


def _with_links_of_form(form: FilledForm, file: str, found: Sequence[FoundLink]) -> list[FoundLink]:
    """With what the form's own list says they show, and with addresses that only a person would know for one."""
    links = {_bare(link.address): link for link in found}
    for link in form.links:
        for address in link.address.split():
            known = links.get(_bare(address))
            if known is not None:
                links[_bare(address)] = replace(known, shows=link.shows)
            elif "." in address or "/" in address or "\\" in address:
                links[_bare(address)] = FoundLink(address, file, link.shows, why_closed(address))
    return [*links.values()]


def _bare(address: str) -> str:
    return address.casefold().removeprefix("https://").removeprefix("http://").rstrip("/.,;")


def answered_standards(form: FilledForm, definition: Definition) -> tuple[str, ...]:
    """The standards of which the form says anything at all."""
    return tuple(
        standard.number
        for standard in definition.standards
        if any(form.answer_to(item.number).is_given for item in standard.requirements)
    )


def unanswered(form: FilledForm, definition: Definition) -> tuple[str, ...]:
    """The requirements of which the form says nothing."""
    return tuple(
        item.number
        for standard in definition.standards
        for item in standard.requirements
        if not form.answer_to(item.number).is_given
    )


# --- keeping ----------------------------------------------------------------------------------------------------------


def keep(connection: Connection, case_id: int, version: int, reading: Reading) -> None:
    """Store what was read of a version, within the caller's transaction."""
    row = {"case_id": case_id, "version": version, **_columns(reading)}
    connection.execute(insert(queries.report_reading), row)


def keep_again(connection: Connection, case_id: int, version: int, reading: Reading) -> None:
    """Store what is known of a version by now, within the caller's transaction."""
    table = queries.report_reading
    of_version = update(table).where(table.c.case_id == case_id, table.c.version == version)
    connection.execute(of_version.values(**_columns(reading)))


def _columns(reading: Reading) -> dict[str, Any]:
    untried = sum(link.looked is None for link in reading.links_to_try)
    return {"body": canonical(asdict(reading)), "links_untried": untried}


def of_versions(connection: Connection, ids: Collection[int]) -> dict[int, dict[int, Reading]]:
    """What was read of each version of these cases' reports, oldest version first."""
    table = queries.report_reading
    statement = select(table.c.case_id, table.c.version, table.c.body).order_by(table.c.case_id, table.c.version)
    found: dict[int, dict[int, Reading]] = defaultdict(dict)
    for row in queries.rows_among(connection, statement, table.c.case_id, ids):
        found[row["case_id"]][row["version"]] = stored(row["body"])
    return found


def with_signs(connection: Connection, ids: Collection[int]) -> dict[int, dict[int, tuple[FoundSigns, ...]]]:
    """The signs of single children in each version of these cases' reports that has any."""
    table = queries.report_reading
    statement = select(table.c.case_id, table.c.version, table.c.body).where(table.c.body.like('%"signs":[{%'))
    found: dict[int, dict[int, tuple[FoundSigns, ...]]] = defaultdict(dict)
    for row in queries.rows_among(connection, statement, table.c.case_id, ids) if ids else ():
        if signs := stored(row["body"]).signs:
            found[row["case_id"]][row["version"]] = signs
    return found


def standing(connection: Connection, ids: Collection[int]) -> dict[int, Reading]:
    """What counts of these cases' reports: the version that counts, and where it says nothing the ones before it.

    So an agency that mends its report need not send the whole of it again. Versions that were taken back say nothing.
    """
    read = of_versions(connection, ids)
    versions = queries.submissions(connection, read.keys()) if read else {}
    found = {}
    for case_id, readings in read.items():
        counting = _counting(versions.get(case_id, ()))
        if kept := [reading for version, reading in readings.items() if version in counting]:
            found[case_id] = _together(kept)
    return found


def _counting(rows: Iterable[Any]) -> set[int]:
    """The version that counts and those before it: the newest, unless a person chose an older one."""
    there = [row for row in rows if row.status in ("filed", "chosen")]
    chosen = [row.version for row in there if row.status == "chosen"]
    last = max(chosen or [row.version for row in there], default=0)
    return {row.version for row in there if row.version <= last}


def _together(readings: Sequence[Reading]) -> Reading:
    """Readings of versions, oldest first, as one."""
    newest_first = readings[::-1]
    links: dict[str, FoundLink] = {}
    for reading in newest_first:
        links |= {link.address: link for link in reading.links if link.address not in links}
    forms = [reading for reading in newest_first if reading.form is not None]
    form = _one_form([each.form for each in forms if each.form]) if forms else None
    return replace(newest_first[0], form=form, file=forms[0].file if forms else "", links=tuple(links.values()))


def _one_form(forms: Sequence[FilledForm]) -> FilledForm:
    """Forms, newest first, as one: the newest that says anything of a requirement has the word."""
    asked = {answer.requirement: answer for form in forms for answer in form.answers}
    given = {answer.requirement: answer for form in forms[::-1] for answer in form.answers if answer.is_given}
    return replace(forms[0], answers=tuple((asked | given).values()))


def stored(body: str) -> Reading:
    """A reading as its row has it."""
    said = orjson.loads(body)
    form = said["form"]
    return Reading(
        form=_form(form) if form else None,
        file=said["file"],
        links=tuple(_link(each) for each in said["links"]),
        notes=tuple(said["notes"]),
        foreign=tuple(said["foreign"]),
        taken=tuple(said["taken"]),
        signs=tuple(FoundSigns(each["file"], tuple(each["signs"])) for each in said.get("signs", ())),
    )


def _link(said: Mapping[str, Any]) -> FoundLink:
    looked = said["looked"]
    then = Looked(**{**looked, "at": datetime.fromisoformat(looked["at"])}) if looked else None
    return FoundLink(**{**said, "looked": then})


def _form(said: Mapping[str, Any]) -> FilledForm:
    return FilledForm(
        ref=said["ref"],
        author=said["author"],
        role=said["role"],
        completed_on=date.fromisoformat(said["completed_on"]) if said["completed_on"] else None,
        answers=tuple(Answer(**each) for each in said["answers"]),
        actions=tuple(ReportedAction(**each) for each in said["actions"]),
        links=tuple(Link(**each) for each in said["links"]),
        anything_else=said["anything_else"],
        unplaced=tuple(said["unplaced"]),
    )


# --- what an agency said before ---------------------------------------------------------------------------------------


def last_answers(
    connection: Connection, agency_ids: Collection[int], before: str
) -> dict[int, tuple[str, dict[str, str]]]:
    """The last cycle *before* the one of this code in which each agency answered in a form, and its answers.

    The answers are texts by requirement.
    """
    file, cycle = queries.case_file, queries.cycle
    statement = (
        select(file.c.subject_id, file.c.agency_id, cycle.c.code)
        .join(cycle, cycle.c.subject_id == file.c.cycle_id)
        .join(queries.report_reading, queries.report_reading.c.case_id == file.c.subject_id)
        .where(cycle.c.code < before)
        .distinct()
        .order_by(cycle.c.code)
    )
    rows = queries.rows_among(connection, statement, file.c.agency_id, agency_ids)
    said = standing(connection, [row["subject_id"] for row in rows])
    found = {}
    for row in rows:  # the newest comes last
        form = said[row["subject_id"]].form if row["subject_id"] in said else None
        if form and (answers := {each.requirement: each.response for each in form.answers if each.response}):
            found[row["agency_id"]] = (row["code"], answers)
    return found


# --- what it means for a judgement ------------------------------------------------------------------------------------


def own_ratings(reading: Reading, definition: Definition) -> tuple[RequirementRating, ...]:
    """How the agency rates itself, in the order of the requirements; none for one that it did not rate.

    A rating on another scale is kept as it was given, and counts only by a table that the definition states.
    """
    if reading.form is None:
        return ()
    rated = (reading.form.answer_to(item.number) for standard in definition.standards for item in standard.requirements)
    return tuple(
        RequirementRating.model_validate(
            {
                "requirement": answer.requirement,
                "self": answer.rating,
                "self_as_given": answer.as_given,
                "qualified": answer.is_qualified,
            }
        )
        for answer in rated
        if answer.rating or answer.as_given
    )


def mapping_of(reading: Reading, definition: Definition) -> str:
    """The tables by which ratings on another scale were read, in words; empty where none was."""
    used = {answer.by_table for answer in reading.form.answers} if reading.form else set()
    return " ".join(scale.words for scale in definition.other_scales if scale.name in used)


def rating_words(reading: Reading, definition: Definition) -> str:
    """The agency's own ratings standard by standard, for the panel: "standard 1: 1.1 Green, 1.2 not answered"."""
    if reading.form is None or not any(answer.rating or answer.as_given for answer in reading.form.answers):
        return ""
    words = {rating.code: rating.word for rating in definition.scale}
    said = []
    for standard in definition.standards:
        rated = (
            f"{item.number} {_in_words(reading.form.answer_to(item.number), words)}" for item in standard.requirements
        )
        said.append(f"standard {standard.number}: {', '.join(rated)}")
    return "; ".join(said)


def _in_words(answer: Answer, words: Mapping[str, str]) -> str:
    if answer.rating is None:
        return f'"{answer.as_given}" on another scale' if answer.as_given else "not answered"
    given = f' (given as "{answer.as_given}")' if answer.as_given else ""
    return f"{words.get(answer.rating, answer.rating)}{given}"
