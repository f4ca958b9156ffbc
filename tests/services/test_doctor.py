"""Each fault that is planted is named by its own sentence and by no other; a healthy house has nothing said of it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from db.engine import open_engine
from notifications.policy import PostPolicy
from s11flow.clock import system_now
from s11flow.cycles import read_definition, shipped
from s11flow.domain.model import AgencyStatus
from s11flow.services.doctor import Examined, examine, look_at_store
from s11flow.services.doctor.facts import (
    DkimKey,
    Facts,
    Folder,
    Machine,
    MailServer,
    PostgresServer,
    Record,
    Registered,
    Running,
    SetAside,
    SqliteFile,
    Store,
)
from s11flow.services.doctor.machine import folder, is_open, look_around
from s11flow.services.doctor.rules import OF_THE_HOUSE, OF_THE_RECORD
from s11flow.services.doctor.store import filesystem_of
from s11flow.settings import Dkim, Mode, Settings

NOW = datetime(2026, 10, 20, 9, tzinfo=UTC)  # 10am in Gloucester
# No such top-level domain exists, and yet it is none of those that are reserved for examples.
DEFINITION = read_definition(shipped().replace(".example", ".area"), source="the definition")


def registered(code: str, category: str = "police", **given: Any) -> Registered:
    whole = {"contact": f"lead-{code}@agency.area", "senior_leader": f"chief-{code}@agency.area"} | given
    return Registered(code=code, name=f"Agency {code}", category=category, **whole)


REGISTER = tuple(registered(f"{n:02}", body.category) for n, body in enumerate(DEFINITION.duty_bodies, start=1))
CYCLE = Running(ref="GSCP-2026", code="2026", new_holidays={}, gone_holidays={})
SQLITE = Store(kind=SqliteFile(path=Path("/srv/s11flow/s11flow.db"), filesystem="ext4"), revision="0001", head="0001")
SERVER = PostgresServer(major=17, settings=dict.fromkeys(("fsync", "full_page_writes", "synchronous_commit"), "on"))
POSTGRES = replace(SQLITE, kind=SERVER)

HEALTHY = Facts(
    now=NOW,
    settings=Settings(
        mode="live",
        database_url="sqlite:////srv/s11flow/s11flow.db",
        mail_url="smtp://s11flow:secret@mail.area:587?tls=starttls",
        documents_dir=Path("/srv/s11flow/documents"),
        public_url="https://s11flow.partnership.area",
    ),
    policy=PostPolicy("live"),
    machine=Machine(
        program=Path("/opt/s11flow/s11flow"),
        mail=MailServer(host="mail.area"),
        documents=Folder(path=Path("/srv/s11flow/documents")),
        disks=((Path("/srv/s11flow"), 20_000_000_000),),
        clock_is_kept=True,
        zone_rules="2026a",
        packages=(
            ("sqlalchemy<2.2,>=2.1", "2.1.3"),
            ("tzdata>=2026.1", "2026.1"),
            ('sad>=9; python_version < "3"', None),
        ),
    ),
    store=SQLITE,
    record=Record(
        partnership="GSCP",
        definition=DEFINITION,
        register=REGISTER,
        cycles=(CYCLE,),
        waiting={},
        beats={"tick": NOW, "deliver": NOW - timedelta(minutes=1), "collect": NOW},
    ),
)
OUTBOX = Folder(path=Path("/srv/s11flow/outbox"))
INBOX = Folder(path=Path("/srv/s11flow/inbox"))
DKIM = Dkim(key=Path("/etc/s11flow/dkim.pem"), domain="gloucestershire-partnership.area", selector="s11")
KEY = DkimKey(path=DKIM.key, bits=2048, public="MIIB" * 100)
NO_TOKEN = (
    "S11FLOW_MAIL_URL cannot be used: a login at the mail server needs a user name, and a password or a token command; "
    "add what is missing."
)
OPEN_KEY = (
    "S11FLOW_DKIM_KEY cannot be used: others than its owner can use the key /etc/s11flow/dkim.pem; `chmod 600 "
    "/etc/s11flow/dkim.pem` closes it."
)

Planting = Callable[[Facts], Facts]


def settings(**given: Any) -> Planting:
    return lambda facts: replace(facts, settings=replace(facts.settings, **given))


def policy(mode: Any, **given: Any) -> Planting:
    return lambda facts: replace(facts, settings=replace(facts.settings, mode=mode), policy=PostPolicy(mode, **given))


def machine(**given: Any) -> Planting:
    return lambda facts: replace(facts, machine=replace(facts.machine, **given))


def store(**given: Any) -> Planting:
    return lambda facts: replace(facts, store=replace(facts.store, **given))


def sqlite(**given: Any) -> Planting:
    return lambda facts: replace(facts, store=replace(SQLITE, kind=replace(SQLITE.kind, **given)))  # type: ignore[type-var]


def postgres(**given: Any) -> Planting:
    return lambda facts: replace(facts, store=replace(POSTGRES, kind=replace(SERVER, **given)))


def record(**given: Any) -> Planting:
    def plant(facts: Facts) -> Facts:
        assert facts.record is not None
        return replace(facts, record=replace(facts.record, **given))

    return plant


def beaten(collect: dict[str, datetime], mailbox_url: str) -> Planting:
    """The mailbox of a server, and when it was read last."""
    beats = {"tick": NOW, "deliver": NOW} | collect
    return lambda facts: settings(mailbox_url=mailbox_url)(record(beats=beats)(facts))


def shared(mailbox_url: str) -> Planting:
    """The mailbox of a server, and two partnerships."""
    two = record(mail_is_for="GSCP", others=("SOMERSET",))
    return lambda facts: settings(mailbox_url=mailbox_url)(two(facts))


def signing(*, domain: str = DKIM.domain, **given: Any) -> Planting:
    """Letters are signed."""
    by = settings(dkim=replace(DKIM, domain=domain))
    return lambda facts: by(machine(dkim=replace(KEY, **given))(facts))


def row(code: str, **given: Any) -> Planting:
    """One more agency on the register."""
    return record(register=(*REGISTER, registered(code, **given)))


def cycle(**given: Any) -> Planting:
    return record(cycles=(replace(CYCLE, **given),))


# fmt: off
PLANTED: tuple[tuple[str, Planting, str], ...] = (
    ("a mistyped setting", machine(strange_settings=(("S11FLOW_MALE_URL", "S11FLOW_MAIL_URL"),)), (
        "S11FLOW_MALE_URL is set, and nothing reads it; if S11FLOW_MAIL_URL is meant, write that."
    )),
    ("a setting of nothing", machine(strange_settings=(("S11FLOW_COLOUR", None),)), (
        "S11FLOW_COLOUR is set, and nothing reads it; take it out."
    )),
    ("live to a folder", policy("live", is_folder=True), (
        "This is live, and letters go to a folder and to nobody; set S11FLOW_MAIL_URL to the mail server."
    )),
    ("a demonstration by a server", policy("demo"), (
        "A demonstration sends nothing by a mail server; set S11FLOW_MAIL_URL to folder:outbox."
    )),
    ("a trial that may write to nobody", policy("trial"), (
        "This is a trial in which every letter is held; set S11FLOW_MAIL_ALLOW or S11FLOW_MAIL_REDIRECT, or "
        "S11FLOW_MODE to live."
    )),
    ("a redirect in live", policy("live", redirect="pat@partnership.area"), (
        "S11FLOW_MAIL_REDIRECT is set, and only a trial heeds it: in live letters go to everybody; take it out, or set "
        "S11FLOW_MODE to trial."
    )),
    ("an allow-list in live", policy("live", allow=("@partnership.area",)), (
        "S11FLOW_MAIL_ALLOW is set, and only a trial heeds it: in live letters go to everybody; take it out, or set "
        "S11FLOW_MODE to trial."
    )),
    ("pages without TLS", settings(public_url="http://s11flow.partnership.area"), (
        "S11FLOW_PUBLIC_URL begins with http://, so that what people type there can be read on its way; put the pages "
        "behind TLS, and write https://."
    )),
    ("links that are tried", settings(try_links=True), (
        "S11FLOW_TRY_LINKS is yes: this machine asks for the links of reports, at public addresses that others wrote; "
        "set it to no if your organisation has not agreed to that."
    )),
    ("a database that moves", settings(database_url="sqlite:///s11flow.db"), (
        "S11FLOW_DATABASE_URL names s11flow.db, which is another place in each working directory; write the whole "
        "path."
    )),
    ("documents that move", settings(documents_dir=Path("documents")), (
        "S11FLOW_DOCUMENTS_DIR names documents, which is another place in each working directory; write the whole "
        "path."
    )),
    ("a mail setting that is refused", machine(mail=None, mail_refused=(
        "S11FLOW_MAIL_URL cannot be used: a password is not sent without TLS; use tls=starttls."
    )), (
        "S11FLOW_MAIL_URL cannot be used: a password is not sent without TLS; use tls=starttls."
    )),
    ("a mail server that is away", machine(mail=MailServer(
        host="mail.area", trouble="The mail server mail.area:587 could not be reached when connecting (refused).")
    ), (
        "The mail server mail.area:587 could not be reached when connecting (refused); see that it runs, and that "
        "S11FLOW_MAIL_URL names it rightly."
    )),
    ("mail without TLS", machine(mail=MailServer(host="mail.area", is_encrypted=False)), (
        "Letters go to mail.area without TLS and can be read on their way; write tls=starttls in S11FLOW_MAIL_URL, or "
        "use a mail server on this machine."
    )),
    ("a mailbox that is none", machine(mailbox_refused="S11FLOW_MAILBOX_URL cannot be used: no."), (
        "S11FLOW_MAILBOX_URL cannot be used: no."
    )),
    ("a mailbox that nobody can log in to", machine(mailbox_trouble=(
        "mail.area:993 did not let us read the mailbox: connection refused."
    )), (
        "mail.area:993 did not let us read the mailbox: connection refused; see that it runs, and that "
        "S11FLOW_MAILBOX_URL names it rightly."
    )),
    ("a mailbox without that folder", machine(mailbox_trouble=(
        "mail.area:993 does not open the folder 'Reprots' (it said 'No'); correct its name in the mailbox address."
    )), (
        "mail.area:993 does not open the folder 'Reprots' (it said 'No'); correct its name in the mailbox address."
    )),
    ("an inbox that is not there", machine(inbox=replace(INBOX, is_there=False)), (
        "There is no folder /srv/s11flow/inbox, which S11FLOW_MAILBOX_URL names; correct the name, or have "
        "`s11flow inbox collect` make it and the mail server deliver there."
    )),
    ("an inbox for all to see", machine(inbox=replace(INBOX, is_open=True)), (
        "Letters that come in lie in /srv/s11flow/inbox, into which everybody on this machine can look; "
        "`chmod -R go= /srv/s11flow/inbox` closes it."
    )),
    ("an inbox that is another's", machine(inbox=replace(INBOX, is_writable=False)), (
        "Letters that come in cannot be kept in /srv/s11flow/inbox; set S11FLOW_MAILBOX_URL to a folder that can be "
        "written."
    )),
    ("a mail server without its token command", machine(mail=None, mail_refused=NO_TOKEN), NO_TOKEN),
    ("a token that the mail server refuses", machine(mail=MailServer(host="mail.area", trouble=(
        "The mail server mail.area:587 refused the token at the login (535 5.7.8); check it."
    ))), (
        "The mail server mail.area:587 refused the token at the login (535 5.7.8); check it."
    )),
    ("a token command beside a password", settings(mail_token_command="mail-token"), (
        "S11FLOW_MAIL_TOKEN_COMMAND is set, and nothing asks it for a token: an address with a password logs in by "
        "that; take the password out of the address, or the command away."
    )),
    ("a token command for a folder", settings(mailbox_token_command="mailbox-token"), (
        "S11FLOW_MAILBOX_TOKEN_COMMAND is set, and nothing asks it for a token: an address with a password logs in by "
        "that; take the password out of the address, or the command away."
    )),
    ("a key that others can use", machine(dkim_refused=OPEN_KEY), OPEN_KEY),
    ("a key that is short", signing(bits=1024), (
        "The key /etc/s11flow/dkim.pem has 1024 bits, which is little for signing today; make one of 2048, and give "
        "it another S11FLOW_DKIM_SELECTOR."
    )),
    ("a signature by another domain", signing(domain="county.area"), (
        "Letters come from gloucestershire-partnership.area and are signed by county.area, which counts for nothing "
        "where they arrive (DMARC); set S11FLOW_DKIM_DOMAIN to the sender's domain."
    )),
    ("the mailbox of somebody else", settings(mailbox_url="imaps://pat%40county.area:secret@mail.area"), (
        "Letters ask for answers to section11@gloucestershire-partnership.area, and the mailbox that is read is "
        "pat@county.area's; see that mail to the one comes to the other, or correct the definition."
    )),
    ("a mailbox of anybody's", settings(mailbox_url="imaps://s11:secret@mail.area?insecure=yes"), (
        "Nothing looks whether it is mail.area that is told the password of the mailbox; take insecure=yes out of "
        "S11FLOW_MAILBOX_URL."
    )),
    ("documents that cannot be kept", machine(documents=Folder(path=Path("/srv/gone"), is_writable=False)), (
        "Reports cannot be kept in /srv/gone; set S11FLOW_DOCUMENTS_DIR to a folder that can be written."
    )),
    ("documents for all to see", machine(documents=Folder(path=Path("/srv/seen"), is_open=True)), (
        "Reports lie in /srv/seen, into which everybody on this machine can look; `chmod -R go= /srv/seen` closes it."
    )),
    ("an outbox for all to see", machine(outbox=replace(OUTBOX, is_open=True)), (
        "Letters lie in /srv/s11flow/outbox, into which everybody on this machine can look; "
        "`chmod -R go= /srv/s11flow/outbox` closes it."
    )),
    ("an outbox that takes nothing", machine(outbox=replace(OUTBOX, is_writable=False)), (
        "Letters cannot be kept in /srv/s11flow/outbox; set S11FLOW_MAIL_URL to a folder that can be written."
    )),
    ("documents in the outbox", machine(outbox=OUTBOX, documents=Folder(path=OUTBOX.path / "documents")), (
        "Reports in /srv/s11flow/outbox/documents and letters in /srv/s11flow/outbox lie in one folder; set "
        "S11FLOW_DOCUMENTS_DIR to a folder of its own."
    )),
    ("documents in the program", machine(documents=Folder(path=Path("/opt/s11flow/s11flow/web/static"))), (
        "Reports are kept in /opt/s11flow/s11flow/web/static, a part of the program that the next release replaces; "
        "set S11FLOW_DOCUMENTS_DIR to a folder of its own."
    )),
    ("a mailbox that is away", beaten({"collect": NOW - timedelta(hours=5)}, "imaps://s11:secret@mail.area"), (
        "The mailbox was last read on Tuesday 20 October 2026, 5am; `s11flow inbox collect` says why, and see that "
        "the worker or the schedule runs."
    )),
    ("a mailbox that never was there", beaten({}, "imaps://s11:secret@mail.area"), (
        "The mailbox has never been read here; `s11flow inbox collect` says why, and see that the worker or the "
        "schedule runs."
    )),
    ("one mailbox for two", shared("imaps://s11:secret@mail.area"), (
        "What comes to the mailbox is taken in for GSCP alone, and there are 2 partnerships here; give each other one "
        "an installation of its own, or take in its mail by `s11flow inbox import FILE --partnership CODE`."
    )),
    ("a full disk", machine(disks=((Path("/srv/s11flow"), 120_400_000),)), (
        "The disk that /srv/s11flow lies on is nearly full (120 MB are free); make room for at least 500 MB."
    )),
    ("secrets for all to read", machine(open_secrets=(Path("/etc/s11flow.env"),)), (
        "Everybody on this machine can read the settings in /etc/s11flow.env; `chmod 600 /etc/s11flow.env` closes it."
    )),
    ("a password for all to read", machine(
        open_secrets=(Path("/etc/s11flow.env"),), open_passwords=(Path("/etc/s11flow.env"),)
    ), (
        "Everybody on this machine can read the settings in /etc/s11flow.env, and a password with them; "
        "`chmod 600 /etc/s11flow.env` closes it, and then have the password changed."
    )),
    ("a clock that nobody keeps", machine(clock_is_kept=False), (
        "Nothing keeps this machine's clock to the time, and deadlines hang on it; turn on systemd-timesyncd or chrony "
        "(`timedatectl set-ntp true`)."
    )),
    ("old time zone rules", machine(zone_rules="2024b"), (
        "The time zone rules here are of 2024, and clocks may change otherwise by now; update the package tzdata, of "
        "the system or of Python."
    )),
    ("a package below its floor", machine(packages=(("sqlalchemy<2.2,>=2.1", "2.0.44"),)), (
        "s11flow was made for sqlalchemy >=2.1, <2.2 and 2.0.44 is installed; install what requirements.lock names."
    )),
    ("a package that is not there", machine(packages=(("tzdata>=2026.1", None),)), (
        "s11flow was made for tzdata >=2026.1 and it is not installed; install what requirements.lock names."
    )),
    ("a database that cannot be opened", store(kind=None, unusable="S11FLOW_DATABASE_URL cannot be used: why."), (
        "S11FLOW_DATABASE_URL cannot be used: why."
    )),
    ("a database without tables", store(revision=None), (
        "The database has no tables of ours yet; run `s11flow init`."
    )),
    ("a database that is behind", store(revision="0000"), (
        "The database is at revision 0000, this release works with 0001; take a backup, then run `s11flow migrate`."
    )),
    ("a database that is ahead", store(revision="0002", is_known=False), (
        "The database is at revision 0002, of which this release has not heard, so that a newer one made it; install "
        "that release."
    )),
    ("a database on a network drive", sqlite(filesystem="nfs4"), (
        "The database /srv/s11flow/s11flow.db lies on a network drive (nfs4), where SQLite can lose what was saved; "
        "move it to a disk of this machine, or use Postgres."
    )),
    ("a database for all to read", sqlite(is_open=True), (
        "Everybody on this machine can read the database /srv/s11flow/s11flow.db; "
        "`chmod 600 /srv/s11flow/s11flow.db*` closes it."
    )),
    ("Postgres without fsync", postgres(settings={"fsync": "off"}), (
        "Postgres runs with fsync = off, so that a power cut can destroy the database; set it to on, and reload the "
        "server."
    )),
    ("Postgres without full pages", postgres(settings={"full_page_writes": "off"}), (
        "Postgres runs with full_page_writes = off, so that a power cut can destroy the database; set it to on, and "
        "reload the server."
    )),
    ("Postgres that commits later", postgres(settings={"synchronous_commit": "off"}), (
        "Postgres runs with synchronous_commit = off, so that a power cut can lose what was saved, and letters are "
        "then sent twice; set it to on, and reload the server."
    )),
    ("an old Postgres", postgres(major=13), (
        "Postgres 13 has had no corrections since November 2025; move to a newer release."
    )),
    ("Postgres an hour ahead", postgres(ahead=timedelta(hours=1)), (
        "The clock of Postgres is 60 minutes ahead of this machine's; put the wrong one right, and keep both by NTP."
    )),
    ("Postgres behind", postgres(ahead=timedelta(minutes=-7)), (
        "The clock of Postgres is 7 minutes behind this machine's; put the wrong one right, and keep both by NTP."
    )),
    ("Postgres over an open wire", postgres(is_encrypted=False), (
        "What goes to Postgres on another machine goes without TLS; turn ssl on there, and add ?sslmode=require to "
        "S11FLOW_DATABASE_URL."
    )),
    ("a superuser", postgres(is_superuser=True), (
        "s11flow is a superuser of Postgres and needs no such power; give it a role of its own, as in "
        "docs/operations.md."
    )),
    ("a case that is set aside", record(set_aside=(SetAside(ref="GSCP-2026-03", since=NOW, why="KeyError"),)), (
        "GSCP-2026-03 is set aside since Tuesday 20 October 2026, 10am (KeyError); have it put right, then run "
        "`s11flow incident release GSCP-2026-03`."
    )),
    ("a letter of which nobody knows", record(waiting={"uncertain": 1}), (
        "1 letter is uncertain; see `s11flow outbox list --status uncertain`."
    )),
    ("letters that were refused", record(waiting={"failed": 2}), (
        "2 letters are failed; see `s11flow outbox list --status failed`."
    )),
    ("a letter that is held", record(waiting={"held": 1}), (
        "1 letter is held; see `s11flow outbox list --status held`."
    )),
    ("a worker that never began", record(beats={"tick": NOW}), (
        "`s11flow deliver` has never run here; start `s11flow worker`, or the schedule."
    )),
    ("a worker that stands", record(beats={"tick": NOW - timedelta(hours=1), "deliver": NOW}), (
        "`s11flow tick` last ran on Tuesday 20 October 2026, 9am; see that the worker or the schedule runs, and what "
        "its log says."
    )),
    ("a worker from the future", record(beats={"tick": NOW + timedelta(hours=1), "deliver": NOW}), (
        "`s11flow tick` is recorded to have run on Tuesday 20 October 2026, 11am, which is still to come: unless that "
        "was a rehearsal, a clock is or was wrong; put this machine's right."
    )),
    ("a bank holiday that was proclaimed", cycle(new_holidays={date(2026, 10, 26): "Coronation"}), (
        "GSCP-2026 does not have the bank holidays as they are published now (new: Monday 26 October 2026, Coronation; "
        "gone: none); `s11flow cycle adopt-holidays 2026 --dry-run` shows what would move."
    )),
    ("an agency without a contact", row("77", contact=None), (
        "77 has no contact's address, so that nobody is asked for a report; add it to the register and run "
        "`s11flow agencies import`."
    )),
    ("an agency without a senior leader", row("77", senior_leader=None), (
        "77 has no senior leader's address, so that nobody there hears of silence; add it to the register and run "
        "`s11flow agencies import`."
    )),
    ("an agency nobody knows", row("77", status=AgencyStatus.NO_CONTACT, contact=None, senior_leader=None), (
        "77 is on the register without anybody to write to; whoever finds a contact adds it and runs "
        "`s11flow agencies import`."
    )),
    ("one address for many", record(register=tuple(replace(each, contact="All@agency.area") for each in REGISTER)), (
        "01, 02, 03, 04, 05, 06, 07, 08 and 4 more have one contact's address between them; if that is not meant, "
        "correct the register."
    )),
    ("an address that cannot be", row("77", contact="lead@shire.gov.u"), (
        "No mail can arrive at shire.gov.u (77); correct the register."
    )),
    ("a duty body without an agency", record(register=REGISTER[1:]), (
        'Nobody on the register is of the category "local authority" (County or unitary council), and the report will '
        "say so; add who it is, or a row with the status not_applicable if there is none in the area."
    )),
    ("a definition of one's own", record(is_shipped=False), (
        "GSCP runs by a definition that is not the shipped one; nothing is to be done if that is meant."
    )),
    ("a newer definition", cycle(has_other_definition=True), (
        "GSCP-2026 keeps the definition it was opened with; the partnership's newer one is used from the next cycle "
        "on."
    )),
    ("newer letters", cycle(has_other_letters=True), (
        "GSCP-2026 keeps the letters it was opened with; the ones shipped now are used from the next cycle on."
    )),
)
# fmt: on


def said(found: Examined) -> tuple[str, ...]:
    return (*found.findings, *found.notices)


@pytest.mark.parametrize("house", [HEALTHY, replace(HEALTHY, store=POSTGRES)], ids=["SQLite", "Postgres"])
def test_of_a_healthy_house_nothing_is_said(house: Facts) -> None:
    assert said(examine(house)) == ()


@pytest.mark.parametrize(
    "address",
    ["maildir:inbox", "imaps://s11:secret@mail.area", "imap://s11:secret@mail.area", "imap://s11:x@127.0.0.1?tls=none"],
)
def test_a_mailbox_that_is_asked_behind_tls_or_on_this_machine_is_as_it_should_be(address: str) -> None:
    assert said(examine(settings(mailbox_url=address)(HEALTHY))) == ()


@pytest.mark.parametrize("domain", [DKIM.domain, f"mail.{DKIM.domain}", "area"])
def test_letters_may_be_signed_by_the_senders_domain_or_one_above_or_below_it(domain: str) -> None:
    assert said(examine(signing(domain=domain)(HEALTHY))) == ()


@pytest.mark.parametrize(
    ("mail_url", "mailbox_url", "own"),
    [
        ("smtp://us@mail.area", "imaps://us@mail.area", None),
        ("smtp://us@mail.area", "imaps://us@mail.area", "another"),
        ("smtp://us@mail.area", "maildir:inbox", None),
        ("folder:outbox", "imaps://us@mail.area", None),
    ],
)
def test_a_token_command_that_somebody_asks_is_as_it_should_be(
    mail_url: str, mailbox_url: str, own: str | None
) -> None:
    urls = settings(mail_url=mail_url, mailbox_url=mailbox_url, mailbox_token_command=own)
    given = urls(settings(mail_token_command=None if own and "folder" in mail_url else "one")(HEALTHY))

    assert said(examine(given)) == ()


def test_in_a_demonstration_no_link_is_tried_whatever_the_setting_says() -> None:
    house = policy("demo", is_folder=True)(HEALTHY)

    assert examine(settings(try_links=True)(house)) == examine(house)


def test_the_mailbox_that_letters_name_is_as_it_should_be() -> None:
    ours = "imaps://Section11%40gloucestershire-partnership.area:secret@mail.area"

    assert said(examine(settings(mailbox_url=ours)(HEALTHY))) == ()


# --- what the DNS should say ------------------------------------------------------------------------------------------

SENDER = "gloucestershire-partnership.area"
DMARC = f'_dmarc.{SENDER}. TXT "v=DMARC1; p=none; rua=mailto:postmaster@{SENDER}"'


def lines(facts: Facts) -> list[str]:
    return [record.line for record in examine(facts).dns]


@pytest.mark.parametrize(
    ("server", "spf"),
    [
        (MailServer(host="mail.area"), "v=spf1 a:mail.area ~all"),
        (MailServer(host="smtp.office365.com"), "v=spf1 include:spf.protection.outlook.com ~all"),
        (MailServer(host="area.mail.protection.outlook.com"), "v=spf1 include:spf.protection.outlook.com ~all"),
        (MailServer(host="smtp-relay.gmail.com"), "v=spf1 include:_spf.google.com ~all"),
        (MailServer(host="1.2.3.4"), "v=spf1 ip4:1.2.3.4 ~all"),
        (MailServer(host="2a00::1"), "v=spf1 ip6:2a00::1 ~all"),
        (MailServer(host="10.0.0.25"), "v=spf1 mx ~all"),
        (MailServer(host="relay"), "v=spf1 mx ~all"),
        (MailServer(host="127.0.0.1", is_local=True), "v=spf1 mx ~all"),
    ],
)
def test_who_may_send_for_the_sender_is_said_for_the_dns(server: MailServer, spf: str) -> None:
    assert lines(machine(mail=server)(HEALTHY)) == [f'{SENDER}. TXT "{spf}"', DMARC]


def test_the_key_is_said_for_the_dns_in_pieces_that_a_record_can_hold() -> None:
    _, key, _ = examine(signing()(HEALTHY)).dns

    assert (key.name, [len(string) for string in key.strings]) == (f"s11._domainkey.{SENDER}", [255, 163])
    assert "".join(key.strings) == "v=DKIM1; k=rsa; p=" + KEY.public
    assert key.line == f's11._domainkey.{SENDER}. TXT "{key.strings[0]}" "{key.strings[1]}"'


def test_while_letters_go_to_a_folder_the_dns_need_say_nothing() -> None:
    assert examine(machine(mail=None)(HEALTHY)).dns == ()


def test_before_there_is_a_partnership_the_key_can_be_had_already() -> None:
    assert [record.name for record in examine(replace(signing()(HEALTHY), record=None)).dns] == [
        f"s11._domainkey.{SENDER}"
    ]


@pytest.mark.parametrize(("plant", "sentence"), [p[1:] for p in PLANTED], ids=[p[0] for p in PLANTED])
def test_a_planted_fault_is_named_by_its_sentence_and_nothing_else_is_said(plant: Planting, sentence: str) -> None:
    assert said(examine(plant(HEALTHY))) == (sentence,)


def test_every_rule_has_a_fault_that_it_names() -> None:
    def speaks(rule: Any, facts: Facts) -> bool:
        if rule in {of_record for _, of_record in OF_THE_RECORD}:
            return any(rule(facts.record, facts))
        return any(rule(facts))

    rules = [rule for _, rule in (*OF_THE_HOUSE, *OF_THE_RECORD)]
    planted = [plant(HEALTHY) for _, plant, _ in PLANTED]

    assert [rule.__name__ for rule in rules if not any(speaks(rule, facts) for facts in planted)] == []


def test_a_risk_needs_a_person_in_live_and_is_a_notice_in_a_trial() -> None:
    risky = machine(clock_is_kept=False)(HEALTHY)
    trial = policy("trial", is_folder=True)(risky)

    assert (len(examine(risky).findings), len(examine(risky).notices)) == (1, 0)
    assert (len(examine(trial).findings), len(examine(trial).notices)) == (0, 1)


def test_a_letter_that_is_held_needs_a_person_in_live_and_is_what_a_trial_is_for() -> None:
    held = record(waiting={"held": 1})(HEALTHY)
    trial = policy("trial", is_folder=True)(held)

    assert (len(examine(held).findings), len(examine(trial).findings)) == (1, 0)


def test_an_address_in_the_definition_that_cannot_be_is_named_too() -> None:
    given = record(definition=read_definition(shipped(), source="the definition"))(HEALTHY)

    assert (
        "No mail can arrive at gloucestershire-partnership.example (the definition); correct the definition or the "
        "register."
    ) in said(examine(given))


def test_before_live_examples_are_welcome() -> None:
    given = record(definition=read_definition(shipped(), source="the definition"))(
        policy("demo", is_folder=True)(HEALTHY)
    )

    assert said(examine(given)) == ()


def test_without_a_database_the_rest_is_looked_at_all_the_same() -> None:
    given = replace(machine(clock_is_kept=False)(HEALTHY), store=Store(unusable="No."), record=None)

    assert [sentence[:15] for sentence in examine(given).findings] == ["No.", "Nothing keeps t"]


@pytest.mark.parametrize(("codes", "listed"), [(1, "01 has"), (2, "01 and 02 have"), (9, "07, 08 and 1 more have")])
def test_what_is_listed_stays_readable(codes: int, listed: str) -> None:
    bare = tuple(replace(each, contact=None) for each in REGISTER[:codes])

    (sentence,) = examine(record(register=(*bare, *REGISTER[codes:]))(HEALTHY)).findings

    assert listed in sentence


# --- what is gathered -------------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_a_postgres_that_forgets_says_so_itself(postgres_url: str) -> None:
    engine = open_engine(postgres_url)  # the tests' own server has fsync off, and they are its superuser
    hour_behind = look_at_store(engine, clock=lambda: system_now() + timedelta(hours=1))
    now = look_at_store(engine, clock=system_now)
    engine.dispose()

    assert isinstance(now.kind, PostgresServer)
    assert isinstance(hour_behind.kind, PostgresServer)
    assert (now.revision == now.head, now.is_known, now.kind.is_local, now.kind.is_superuser) == (True,) * 4
    assert now.kind.settings == dict.fromkeys(("fsync", "full_page_writes", "synchronous_commit"), "off")
    assert now.kind.major >= 16
    assert abs(now.kind.ahead) < timedelta(minutes=1)
    assert abs(hour_behind.kind.ahead + timedelta(hours=1)) < timedelta(minutes=1)


MOUNTS = """\
/dev/vda / ext4 rw 0 0
server:/export /srv nfs4 rw 0 0
tmpfs /srv/local\\040disk tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/etc/s11flow.db", "ext4"), ("/srv/s11flow.db", "nfs4"), ("/srv/local disk/s11flow.db", "tmpfs")],
)
def test_a_file_is_on_what_is_mounted_nearest_above_it(path: str, kind: str) -> None:
    assert filesystem_of(Path(path), MOUNTS) == kind


def test_without_a_list_of_mounts_nothing_is_known() -> None:
    assert filesystem_of(Path("/srv/s11flow.db"), "") == ""


def test_what_lies_behind_a_closed_door_is_not_open(tmp_path: Path) -> None:
    file = tmp_path / "s11flow.db"
    file.touch(0o644)

    tmp_path.chmod(0o700)

    assert not is_open(file)


def test_a_folder_that_is_not_there_yet_is_judged_by_the_one_above(tmp_path: Path) -> None:
    assert folder(tmp_path / "a" / "b") == Folder(path=tmp_path / "a" / "b", is_there=False)


def look(tmp_path: Path, mode: Mode = "live", **given: Any) -> Machine:
    return look_around(Settings(mode=mode, **given), PostPolicy(mode), {}, root=tmp_path, keeps_time=lambda: True)


def test_a_mailbox_on_a_server_is_logged_in_to_but_not_in_a_demonstration(tmp_path: Path) -> None:
    nobody = "imap://us:secret@127.0.0.1:1?tls=none"

    assert look(tmp_path, mailbox_url=nobody).mailbox_trouble == (
        "127.0.0.1:1 did not let us read the mailbox: Connection refused."
    )
    assert look(tmp_path, "demo", mailbox_url=nobody).mailbox_trouble is None


def test_an_address_without_password_and_command_is_refused_for_both(tmp_path: Path) -> None:
    found = look(tmp_path, mail_url="smtp://us@mail.area", mailbox_url="imaps://us@mail.area")

    assert found.mail_refused == NO_TOKEN
    assert found.mailbox_refused == (
        "S11FLOW_MAILBOX_URL cannot be used: a login at the mailbox needs a user name, and a password or a token "
        "command; add what is missing."
    )


def test_the_inbox_that_a_setting_names_is_looked_for_and_the_default_one_is_not(tmp_path: Path) -> None:
    assert look(tmp_path).inbox is None
    assert look(tmp_path, mailbox_url="maildir:post").inbox == Folder(path=tmp_path / "post", is_there=False)


def test_a_key_is_read_or_said_to_be_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.touch(0o600)
    made = rsa.generate_private_key(65537, 2048)
    path.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    dkim = Dkim(key=path, domain="partnership.area", selector="s11")

    found = look(tmp_path, dkim=dkim)
    path.chmod(0o644)
    opened = look(tmp_path, dkim=dkim)

    public = made.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert found.dkim == DkimKey(path=path, bits=2048, public=b64encode(public).decode())
    assert (opened.dkim, opened.dkim_refused) == (
        None,
        f"S11FLOW_DKIM_KEY cannot be used: others than its owner can use the key {path}; `chmod 600 {path}` closes it.",
    )


def test_a_password_in_settings_that_all_can_read_is_told_from_settings_without_one() -> None:
    with TemporaryDirectory(prefix="s11flow-open-") as name:  # pytest's own folders are closed to others
        root = Path(name)
        root.chmod(0o755)
        for file, text in (
            (".env", "S11FLOW_MODE=live\n"),
            ("s11flow.env", "S11FLOW_MAIL_URL=smtp://us:pw@mail.area\n"),
        ):
            (root / file).write_text(text)
            (root / file).chmod(0o644)

        found = look(root)

    assert [path for path in found.open_secrets if path.is_relative_to(root)] == [root / ".env", root / "s11flow.env"]
    assert [path for path in found.open_passwords if path.is_relative_to(root)] == [root / "s11flow.env"]


def test_a_file_where_the_folder_should_be_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "documents").touch()

    assert not folder(tmp_path / "documents").is_writable
