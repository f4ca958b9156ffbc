"""What makes a person needed, as a table of pure rules: facts in, sentences out, each with its cure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from enum import Enum, auto
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from packaging.requirements import Requirement

from calendars import london
from notifications.address import is_loopback
from notifications.signing import ENOUGH_BITS
from s11flow.domain.model import AgencyStatus, MessageState
from s11flow.services.doctor.facts import Facts, Folder, PostgresServer, Record, Registered, SqliteFile
from s11flow.services.heartbeat import STALE
from s11flow.settings import Settings

LEEWAY = timedelta(minutes=5)
"""What two clocks may differ by: as much as a given time may in live."""
ROOM = 500_000_000
"""Bytes that should be free on a disk that is written to: the reports and letters of a year, several times over."""
SHARED_BY = 3
"""From how many agencies on an address is named: two are often one team."""
_LISTED = 8  # of a longer list the first are named, and the rest counted


class Weight(Enum):
    """How much a rule's finding matters."""

    FAULT = auto()
    """Something does not work, or waits: a person is needed, always."""
    RISK = auto()
    """It works and should not be so: in live a person is needed, before that it is good to know."""
    DIFFERENCE = auto()
    """It may be meant: good to know."""


# --- settings ---------------------------------------------------------------------------------------------------------


def strange_settings(facts: Facts) -> Iterator[str]:
    for name, meant in facts.machine.strange_settings:
        cure = f"if {meant} is meant, write that" if meant else "take it out"
        yield f"{name} is set, and nothing reads it; {cure}."


def mode_and_mail(facts: Facts) -> Iterator[str]:
    policy = facts.policy
    if policy.mode == "live" and policy.is_folder:
        yield "This is live, and letters go to a folder and to nobody; set S11FLOW_MAIL_URL to the mail server."
    if policy.mode == "demo" and not policy.is_folder:
        yield "A demonstration sends nothing by a mail server; set S11FLOW_MAIL_URL to folder:outbox."
    if policy.mode == "trial" and not (policy.is_folder or policy.allow or policy.redirect):
        yield (
            "This is a trial in which every letter is held; set S11FLOW_MAIL_ALLOW or S11FLOW_MAIL_REDIRECT, "
            "or S11FLOW_MODE to live."
        )


def trial_settings_in_live(facts: Facts) -> Iterator[str]:
    if facts.policy.mode == "live":
        for name, is_set in (("ALLOW", bool(facts.policy.allow)), ("REDIRECT", facts.policy.redirect is not None)):
            if is_set:
                yield (
                    f"S11FLOW_MAIL_{name} is set, and only a trial heeds it: in live letters go to everybody; take it "
                    "out, or set S11FLOW_MODE to trial."
                )


def public_address(facts: Facts) -> Iterator[str]:
    if (facts.settings.public_url or "https://").startswith("http://"):
        yield (
            "S11FLOW_PUBLIC_URL begins with http://, so that what people type there can be read on its way; put the "
            "pages behind TLS, and write https://."
        )


def links_that_are_tried(facts: Facts) -> Iterator[str]:
    if facts.settings.try_links and facts.policy.mode != "demo":
        yield (
            "S11FLOW_TRY_LINKS is yes: this machine asks for the links of reports, at public addresses that others "
            "wrote; set it to no if your organisation has not agreed to that."
        )


def places_that_move(facts: Facts) -> Iterator[str]:
    """What is found from the working directory is somewhere else for whoever stands elsewhere."""
    if facts.policy.mode != "live":
        return
    settings = facts.settings
    kept = {
        "S11FLOW_DATABASE_URL": settings.database_url.partition(":///")[2]
        if settings.database_url.lower().startswith("sqlite")
        else "/",
        "S11FLOW_DOCUMENTS_DIR": str(settings.documents_dir),
    }
    for name, place in kept.items():
        if not place.startswith("/"):
            yield f"{name} names {place}, which is another place in each working directory; write the whole path."


# --- mail -------------------------------------------------------------------------------------------------------------


def mail_server(facts: Facts) -> Iterator[str]:
    if facts.machine.mail_refused:
        yield facts.machine.mail_refused
    if facts.machine.mail and (trouble := facts.machine.mail.trouble):
        yield _with_cure(trouble, "see that it runs, and that S11FLOW_MAIL_URL names it rightly")


def mailbox(facts: Facts) -> Iterator[str]:
    if facts.machine.mailbox_refused:
        yield facts.machine.mailbox_refused
    if trouble := facts.machine.mailbox_trouble:
        yield _with_cure(trouble, "see that it runs, and that S11FLOW_MAILBOX_URL names it rightly")


def _with_cure(trouble: str, cure: str) -> str:
    """The sentence, with a cure if it names none itself."""
    return trouble if "; " in trouble else f"{trouble.rstrip('.')}; {cure}."


def inbox_that_is_not_there(facts: Facts) -> Iterator[str]:
    inbox = facts.machine.inbox
    if inbox and not inbox.is_there:
        yield (
            f"There is no folder {inbox.path}, which S11FLOW_MAILBOX_URL names; correct the name, or have "
            "`s11flow inbox collect` make it and the mail server deliver there."
        )


def key_that_is_refused(facts: Facts) -> Iterator[str]:
    if facts.machine.dkim_refused:
        yield facts.machine.dkim_refused


def key_that_is_short(facts: Facts) -> Iterator[str]:
    key = facts.machine.dkim
    if key and key.bits < ENOUGH_BITS:
        yield (
            f"The key {key.path} has {key.bits} bits, which is little for signing today; make one of {ENOUGH_BITS}, "
            "and give it another S11FLOW_DKIM_SELECTOR."
        )


def tokens_that_nobody_asks_for(facts: Facts) -> Iterator[str]:
    settings = facts.settings
    sending, fetching = (_wants_a_token(url) for url in (settings.mail_url, settings.mailbox_url))
    unasked = {
        "S11FLOW_MAIL_TOKEN_COMMAND": settings.mail_token_command
        and not (sending or (fetching and not settings.mailbox_token_command)),
        "S11FLOW_MAILBOX_TOKEN_COMMAND": settings.mailbox_token_command and not fetching,
    }
    for name in (name for name, is_so in unasked.items() if is_so):
        yield (
            f"{name} is set, and nothing asks it for a token: an address with a password logs in by that; take the "
            "password out of the address, or the command away."
        )


def _wants_a_token(url: str) -> bool:
    """Whether the address of a server has a user and no password; one that cannot be read is spoken of elsewhere."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return True
    return bool(parts.username) and not parts.password


def mail_in_the_open(facts: Facts) -> Iterator[str]:
    mail = facts.machine.mail
    if mail and not (mail.is_encrypted or mail.is_local):
        yield (
            f"Letters go to {mail.host} without TLS and can be read on their way; write tls=starttls in "
            "S11FLOW_MAIL_URL, or use a mail server on this machine."
        )


def mailbox_in_the_open(facts: Facts) -> Iterator[str]:
    """Without TLS it is refused, unless its server is on this machine."""
    if facts.machine.mailbox_refused:
        return
    address = urlsplit(facts.settings.mailbox_url)
    is_unchecked = dict(parse_qsl(address.query)).get("insecure") == "yes"
    if address.hostname and is_unchecked and not is_loopback(address.hostname):
        yield (
            f"Nothing looks whether it is {address.hostname} that is told the password of the mailbox; take "
            "insecure=yes out of S11FLOW_MAILBOX_URL."
        )


# --- folders, disks, files of settings --------------------------------------------------------------------------------


def folders_that_take_nothing(facts: Facts) -> Iterator[str]:
    for what, variable, folder in _folders(facts):
        if not folder.is_writable:
            yield f"{what} cannot be kept in {folder.path}; set {variable} to a folder that can be written."


def folders_that_are_open(facts: Facts) -> Iterator[str]:
    for what, _, folder in _folders(facts):
        if folder.is_open:
            yield (
                f"{what} lie in {folder.path}, into which everybody on this machine can look; "
                f"`chmod -R go= {folder.path}` closes it."
            )


def folders_in_each_other(facts: Facts) -> Iterator[str]:
    documents, outbox, program = facts.machine.documents.path, facts.machine.outbox, facts.machine.program
    cure = "set S11FLOW_DOCUMENTS_DIR to a folder of its own"
    if outbox and _overlap(documents, outbox.path):
        yield f"Reports in {documents} and letters in {outbox.path} lie in one folder; {cure}."
    if documents.is_relative_to(program):
        yield f"Reports are kept in {documents}, a part of the program that the next release replaces; {cure}."


def _folders(facts: Facts) -> Iterator[tuple[str, str, Folder]]:
    yield "Reports", "S11FLOW_DOCUMENTS_DIR", facts.machine.documents
    if facts.machine.outbox:
        yield "Letters", "S11FLOW_MAIL_URL", facts.machine.outbox
    if facts.machine.inbox:
        yield "Letters that come in", "S11FLOW_MAILBOX_URL", facts.machine.inbox


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def full_disks(facts: Facts) -> Iterator[str]:
    for place, free in facts.machine.disks:
        if free < ROOM:
            yield (
                f"The disk that {place} lies on is nearly full ({free // 1_000_000} MB are free); make room for at "
                f"least {ROOM // 1_000_000} MB."
            )


def open_secrets(facts: Facts) -> Iterator[str]:
    for path in facts.machine.open_secrets:
        if path not in facts.machine.open_passwords:
            yield f"Everybody on this machine can read the settings in {path}; `chmod 600 {path}` closes it."


def open_passwords(facts: Facts) -> Iterator[str]:
    for path in facts.machine.open_passwords:
        yield (
            f"Everybody on this machine can read the settings in {path}, and a password with them; "
            f"`chmod 600 {path}` closes it, and then have the password changed."
        )


# --- clocks, time zones, packages -------------------------------------------------------------------------------------


def clock_that_runs_free(facts: Facts) -> Iterator[str]:
    if facts.machine.clock_is_kept is False:
        yield (
            "Nothing keeps this machine's clock to the time, and deadlines hang on it; turn on systemd-timesyncd or "
            "chrony (`timedatectl set-ntp true`)."
        )


def old_zone_rules(facts: Facts) -> Iterator[str]:
    rules = facts.machine.zone_rules
    if rules and rules[:4].isdigit() and int(rules[:4]) < facts.now.year - 1:
        yield (
            f"The time zone rules here are of {rules[:4]}, and clocks may change otherwise by now; update the package "
            "tzdata, of the system or of Python."
        )


def packages_out_of_bounds(facts: Facts) -> Iterator[str]:
    for text, version in facts.machine.packages:
        wanted = Requirement(text)
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        there = f"{version} is installed" if version else "it is not installed"
        if version is None or not wanted.specifier.contains(version, prereleases=True):
            yield (
                f"s11flow was made for {wanted.name} {_bounds(wanted)} and {there}; install what requirements.lock "
                "names."
            )


def _bounds(wanted: Requirement) -> str:
    return ", ".join(sorted(map(str, wanted.specifier), reverse=True)) or "in any version"


# --- the database -----------------------------------------------------------------------------------------------------


def database_that_is_not_there(facts: Facts) -> Iterator[str]:
    store = facts.store
    if store.unusable:
        yield store.unusable
    elif store.revision is None:
        yield "The database has no tables of ours yet; run `s11flow init`."
    elif not store.is_known:
        yield (
            f"The database is at revision {store.revision}, of which this release has not heard, so that a newer one "
            "made it; install that release."
        )
    elif store.revision != store.head:
        yield (
            f"The database is at revision {store.revision}, this release works with {store.head}; take a backup, "
            "then run `s11flow migrate`."
        )


# What a drive of another machine promises about locks and syncs is not what SQLite stands on.
# fmt: off
_OF_A_NETWORK = frozenset((
    "9p", "afs", "ceph", "cifs", "davfs", "fuse.davfs", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs",
    "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs", "vboxsf",
))
# fmt: on


def database_on_a_network_drive(facts: Facts) -> Iterator[str]:
    file = facts.store.kind
    if isinstance(file, SqliteFile) and file.filesystem in _OF_A_NETWORK:
        yield (
            f"The database {file.path} lies on a network drive ({file.filesystem}), where SQLite can lose what was "
            "saved; move it to a disk of this machine, or use Postgres."
        )


def database_that_is_open(facts: Facts) -> Iterator[str]:
    file = facts.store.kind
    if isinstance(file, SqliteFile) and file.is_open:
        yield f"Everybody on this machine can read the database {file.path}; `chmod 600 {file.path}*` closes it."


_SAVED = {
    "fsync": "a power cut can destroy the database",
    "full_page_writes": "a power cut can destroy the database",
    "synchronous_commit": "a power cut can lose what was saved, and letters are then sent twice",
}


def postgres_that_forgets(facts: Facts) -> Iterator[str]:
    server = facts.store.kind
    if isinstance(server, PostgresServer):
        for setting, harm in _SAVED.items():
            if server.settings.get(setting, "on") == "off":
                yield f"Postgres runs with {setting} = off, so that {harm}; set it to on, and reload the server."


def old_postgres(facts: Facts) -> Iterator[str]:
    server = facts.store.kind
    # A release comes in the autumn and is kept for five years: 14 from 2021 to November 2026.
    if isinstance(server, PostgresServer) and facts.now.date() >= date(2012 + server.major, 12, 1):
        yield (
            f"Postgres {server.major} has had no corrections since November {2012 + server.major}; move to a newer "
            "release."
        )


def postgres_of_another_time(facts: Facts) -> Iterator[str]:
    server = facts.store.kind
    if isinstance(server, PostgresServer) and abs(server.ahead) > LEEWAY:
        which = "ahead of" if server.ahead > timedelta() else "behind"
        yield (
            f"The clock of Postgres is {abs(server.ahead) // timedelta(minutes=1)} minutes {which} this machine's; "
            "put the wrong one right, and keep both by NTP."
        )


def postgres_in_the_open(facts: Facts) -> Iterator[str]:
    server = facts.store.kind
    if isinstance(server, PostgresServer) and not (server.is_encrypted or server.is_local):
        yield (
            "What goes to Postgres on another machine goes without TLS; turn ssl on there, and add ?sslmode=require "
            "to S11FLOW_DATABASE_URL."
        )


def postgres_as_superuser(facts: Facts) -> Iterator[str]:
    server = facts.store.kind
    if isinstance(server, PostgresServer) and server.is_superuser:
        yield (
            "s11flow is a superuser of Postgres and needs no such power; give it a role of its own, as in "
            "docs/operations.md."
        )


# --- the record: clocks -----------------------------------------------------------------------------------------------

_WATCHED = ("tick", "deliver")


def mailbox_that_is_not_read(record: Record, facts: Facts) -> Iterator[str]:
    """The folder that is there by default may never be used: only a mailbox that somebody named is missed."""
    if not record.cycles or facts.settings.mailbox_url == Settings().mailbox_url or facts.machine.mailbox_refused:
        return
    last = record.beats.get("collect")
    if last is None or facts.now - last > STALE:
        when = "has never been read here" if last is None else f"was last read on {london.spell(last)}"
        yield f"The mailbox {when}; `s11flow inbox collect` says why, and see that the worker or the schedule runs."


def mailbox_of_one_of_several(record: Record, facts: Facts) -> Iterator[str]:
    if record.others and facts.settings.mailbox_url != Settings().mailbox_url:
        yield (
            f"What comes to the mailbox is taken in for {record.mail_is_for} alone, and there are "
            f"{len(record.others) + 1} partnerships here; give each other one an installation of its own, or take in "
            "its mail by `s11flow inbox import FILE --partnership CODE`."
        )


def signature_of_another(record: Record, facts: Facts) -> Iterator[str]:
    """What counts for DMARC is a signature by the sender's own domain, or one above or below it."""
    sender = _domain(record.definition.partnership.sender)
    if facts.settings.dkim and not _are_kin(facts.settings.dkim.domain, sender):
        yield (
            f"Letters come from {sender} and are signed by {facts.settings.dkim.domain}, which counts for nothing "
            "where they arrive (DMARC); set S11FLOW_DKIM_DOMAIN to the sender's domain."
        )


def mailbox_of_another(record: Record, facts: Facts) -> Iterator[str]:
    """The address that letters name may be another name of the mailbox that is read: nobody here knows."""
    if facts.machine.mailbox_refused:
        return
    given = record.definition.partnership.mailbox
    read = unquote(urlsplit(facts.settings.mailbox_url).username or "")
    if "@" in read and read.casefold() != given.casefold():
        yield (
            f"Letters ask for answers to {given}, and the mailbox that is read is {read}'s; see that mail to the one "
            "comes to the other, or correct the definition."
        )


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _are_kin(one: str, other: str) -> bool:
    return f".{one}".endswith(f".{other}") or f".{other}".endswith(f".{one}")


def rows_that_stand(record: Record, facts: Facts) -> Iterator[str]:
    for name in _WATCHED if record.cycles else ():
        if name not in record.beats:
            yield f"`s11flow {name}` has never run here; start `s11flow worker`, or the schedule."
        elif facts.now - record.beats[name] > STALE:
            at = london.spell(record.beats[name])
            yield f"`s11flow {name}` last ran on {at}; see that the worker or the schedule runs, and what its log says."


def rows_of_the_future(record: Record, facts: Facts) -> Iterator[str]:
    for name, at in sorted(record.beats.items()):
        if at - facts.now > LEEWAY:
            yield (
                f"`s11flow {name}` is recorded to have run on {london.spell(at)}, which is still to come: unless that "
                "was a rehearsal, a clock is or was wrong; put this machine's right."
            )


def holidays_that_differ(record: Record, _facts: Facts) -> Iterator[str]:
    for cycle in record.cycles:
        if cycle.new_holidays or cycle.gone_holidays:
            yield (
                f"{cycle.ref} does not have the bank holidays as they are published now (new: "
                f"{_days(cycle.new_holidays)}; gone: {_days(cycle.gone_holidays)}); "
                f"`s11flow cycle adopt-holidays {cycle.code} --dry-run` shows what would move."
            )


def _days(days: Mapping[date, str]) -> str:
    return ", ".join(f"{london.spell_day(day)}, {why}" for day, why in sorted(days.items())) or "none"


# --- the record: the register -----------------------------------------------------------------------------------------


def agencies_without_a_contact(record: Record, _facts: Facts) -> Iterator[str]:
    if found := [each.code for each in _reporting(record) if not each.contact]:
        yield (
            f"{_listed(found)} {_has(found)} no contact's address, so that nobody is asked for a report; add it to the "
            "register and run `s11flow agencies import`."
        )


def agencies_without_a_leader(record: Record, _facts: Facts) -> Iterator[str]:
    if found := [each.code for each in _reporting(record) if not each.senior_leader]:
        yield (
            f"{_listed(found)} {_has(found)} no senior leader's address, so that nobody there hears of silence; add it "
            "to the register and run `s11flow agencies import`."
        )


def agencies_nobody_knows(record: Record, _facts: Facts) -> Iterator[str]:
    if found := [each.code for each in record.register if each.status is AgencyStatus.NO_CONTACT]:
        yield (
            f"{_listed(found)} {'is' if len(found) == 1 else 'are'} on the register without anybody to write to; "
            "whoever finds a contact adds it and runs `s11flow agencies import`."
        )


def _reporting(record: Record) -> list[Registered]:
    return [each for each in record.register if each.status is AgencyStatus.ACTIVE and not each.is_member]


def addresses_of_many(record: Record, _facts: Facts) -> Iterator[str]:
    shared: dict[str, list[str]] = defaultdict(list)
    for each in record.register:
        if each.status is AgencyStatus.ACTIVE and each.contact:
            shared[each.contact.casefold()].append(each.code)
    for codes in shared.values():
        if len(codes) >= SHARED_BY:
            yield (
                f"{_listed(codes)} have one contact's address between them; if that is not meant, correct the register."
            )


# Reserved names (RFC 2606, 6761), and endings that are nearly one of those that people here have.
_DEAD = ("example", "invalid", "test", "localhost", "local", "internal", "example.com", "example.net", "example.org")
_MISTYPED = ("gov.u", "nhs.u", "police.u", "co.u", "org.u", "ac.u", "ukk", "con", "comm", "cmo", "ogr")


def dead_addresses(record: Record, facts: Facts) -> Iterator[str]:
    if facts.policy.mode != "live":
        return
    where: dict[str, list[str]] = defaultdict(list)
    for whose, address in _addresses(record):
        domain = address.rpartition("@")[2].casefold()
        if any(f".{domain}".endswith(f".{ending}") for ending in (*_DEAD, *_MISTYPED)):
            where[domain].append(whose)
    for domain, users in sorted(where.items()):
        cure = "correct the register" if "the definition" not in users else "correct the definition or the register"
        yield f"No mail can arrive at {domain} ({_listed(list(dict.fromkeys(users)))}); {cure}."


def _addresses(record: Record) -> Iterator[tuple[str, str]]:
    words, people = record.definition.partnership, record.definition.people
    persons = (people.business_unit, people.executive_chair, people.alternate, *people.panel, *people.circulation)
    for address in (words.mailbox, words.sender, *(person.email for person in persons if person)):
        yield "the definition", address
    for each in record.register:
        if each.status is AgencyStatus.ACTIVE:
            yield from ((each.code, address) for address in each.addresses)


def duty_bodies_without_an_agency(record: Record, _facts: Facts) -> Iterator[str]:
    categories = {each.category.casefold() for each in record.register}
    for body in record.definition.duty_bodies if record.register else ():
        if body.category.casefold() not in categories:
            yield (
                f'Nobody on the register is of the category "{body.category}" ({body.title}), and the report will say '
                "so; add who it is, or a row with the status not_applicable if there is none in the area."
            )


def _listed(codes: Sequence[str]) -> str:
    """Up to eight as they are, of more the first eight and how many besides."""
    if len(codes) > _LISTED:
        return f"{', '.join(codes[:_LISTED])} and {len(codes) - _LISTED} more"
    return " and ".join(filter(None, (", ".join(codes[:-1]), codes[-1])))


def _has(codes: Sequence[str]) -> str:
    return "has" if len(codes) == 1 else "have"


# --- the record: what waits for a person ------------------------------------------------------------------------------


def subjects_set_aside(record: Record, _facts: Facts) -> Iterator[str]:
    for item in record.set_aside:
        yield (
            f"{item.ref} is set aside since {london.spell(item.since)} ({item.why}); have it put right, then run "
            f"`s11flow incident release {item.ref}`."
        )


WAIT_FOR_A_PERSON = (MessageState.FAILED, MessageState.UNCERTAIN, MessageState.BOUNCED, MessageState.HELD)


def letters_that_wait(record: Record, _facts: Facts) -> Iterator[str]:
    for state in WAIT_FOR_A_PERSON:
        if state is not MessageState.HELD:
            yield from _waiting(record, state)


def letters_that_are_held(record: Record, _facts: Facts) -> Iterator[str]:
    """In a trial that is what the list of allowed addresses is for."""
    yield from _waiting(record, MessageState.HELD)


def _waiting(record: Record, state: MessageState) -> Iterator[str]:
    name = state.name.lower()
    if n := record.waiting.get(name):
        letters = f"1 letter is {name}" if n == 1 else f"{n} letters are {name}"
        yield f"{letters}; see `s11flow outbox list --status {name}`."


# --- the record: what differs -----------------------------------------------------------------------------------------


def another_definition(record: Record, _facts: Facts) -> Iterator[str]:
    if not record.is_shipped:
        yield (
            f"{record.partnership} runs by a definition that is not the shipped one; nothing is to be done if that is "
            "meant."
        )


def cycles_with_other_rules(record: Record, _facts: Facts) -> Iterator[str]:
    for cycle in record.cycles:
        if cycle.has_other_definition:
            yield (
                f"{cycle.ref} keeps the definition it was opened with; the partnership's newer one is used from the "
                "next cycle on."
            )
        if cycle.has_other_letters:
            yield (
                f"{cycle.ref} keeps the letters it was opened with; the ones shipped now are used from the next cycle "
                "on."
            )


# --- the table --------------------------------------------------------------------------------------------------------

# fmt: off
OF_THE_HOUSE: tuple[tuple[Weight, Callable[[Facts], Iterable[str]]], ...] = (
    (Weight.FAULT, database_that_is_not_there),
    (Weight.FAULT, strange_settings),
    (Weight.FAULT, mode_and_mail),
    (Weight.FAULT, trial_settings_in_live),
    (Weight.FAULT, mail_server),
    (Weight.FAULT, mailbox),
    (Weight.FAULT, inbox_that_is_not_there),
    (Weight.FAULT, key_that_is_refused),
    (Weight.RISK,  key_that_is_short),
    (Weight.DIFFERENCE, tokens_that_nobody_asks_for),
    (Weight.RISK,  mail_in_the_open),
    (Weight.RISK,  mailbox_in_the_open),
    (Weight.RISK,  public_address),
    (Weight.RISK,  places_that_move),
    (Weight.DIFFERENCE, links_that_are_tried),
    (Weight.FAULT, folders_that_take_nothing),
    (Weight.RISK,  folders_that_are_open),
    (Weight.FAULT, folders_in_each_other),
    (Weight.FAULT, full_disks),
    (Weight.FAULT, open_passwords),
    (Weight.RISK,  open_secrets),
    (Weight.FAULT, database_on_a_network_drive),
    (Weight.RISK,  database_that_is_open),
    (Weight.FAULT, postgres_that_forgets),
    (Weight.RISK,  old_postgres),
    (Weight.FAULT, postgres_of_another_time),
    (Weight.RISK,  postgres_in_the_open),
    (Weight.RISK,  postgres_as_superuser),
    (Weight.RISK,  clock_that_runs_free),
    (Weight.RISK,  old_zone_rules),
    (Weight.FAULT, packages_out_of_bounds),
)
OF_THE_RECORD: tuple[tuple[Weight, Callable[[Record, Facts], Iterable[str]]], ...] = (
    (Weight.FAULT,      subjects_set_aside),
    (Weight.FAULT,      letters_that_wait),
    (Weight.RISK,       letters_that_are_held),
    (Weight.FAULT,      rows_that_stand),
    (Weight.FAULT,      mailbox_that_is_not_read),
    (Weight.RISK,       mailbox_of_one_of_several),
    (Weight.RISK,       signature_of_another),
    (Weight.DIFFERENCE, mailbox_of_another),
    (Weight.RISK,       rows_of_the_future),
    (Weight.FAULT,      holidays_that_differ),
    (Weight.FAULT,      agencies_without_a_contact),
    (Weight.FAULT,      agencies_without_a_leader),
    (Weight.RISK,       dead_addresses),
    (Weight.DIFFERENCE, agencies_nobody_knows),
    (Weight.DIFFERENCE, addresses_of_many),
    (Weight.DIFFERENCE, duty_bodies_without_an_agency),
    (Weight.DIFFERENCE, another_definition),
    (Weight.DIFFERENCE, cycles_with_other_rules),
)
# fmt: on


def findings(facts: Facts) -> Iterator[tuple[Weight, str]]:
    """Every sentence that the rules have to say of *facts*, in the order of the table."""
    for weight, of_house in OF_THE_HOUSE:
        yield from ((weight, sentence) for sentence in of_house(facts))
    for weight, of_record in OF_THE_RECORD if facts.record else ():
        assert facts.record is not None
        yield from ((weight, sentence) for sentence in of_record(facts.record, facts))
