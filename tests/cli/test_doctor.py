"""`s11flow doctor` in a house of files: each fault that is planted there is named, and of a healthy one nothing."""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import create_engine, text

from s11flow.cycles import shipped
from s11flow.services.doctor.machine import kernel_keeps_time
from tests.cli.typed import PANEL_DAYS, REGISTER, Cli, Said, cli_in

ROOT = Path(__file__).resolve().parents[2]
NOW = "2026-06-02T09:05"  # five minutes after the last tick
OWN = "GSCP runs by a definition that is not the shipped one; nothing is to be done if that is meant."
# What the shipped register lacks: a contact, and two kinds of body.
MISSING = (
    "12,British Transport Police,police,active,,,,Inspector,btp@police.example,,chief-btp@police.example,,\n"
    "17,NHS England,nhs england,not_applicable,elsewhere,,,,,,,,\n"
    "18,Police and Crime Commissioner,police and crime commissioner,not_applicable,elsewhere,,,,,,,,\n"
)


@pytest.fixture(scope="module")
def healthy_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a whole register and an open cycle, in which no address is one of those for examples."""
    folder = tmp_path_factory.mktemp("healthy")
    cli = cli_in(folder)
    lines = [line for line in REGISTER.read_text("utf-8").splitlines() if not line.startswith("12,")]
    (folder / "register.csv").write_text("\n".join([*lines, MISSING]).replace(".example", ".area"))
    (folder / "ours.toml").write_text(shipped().replace(".example", ".area"))
    days = [word for day in PANEL_DAYS for word in ("--panel-day", day)]
    outbox = {"S11FLOW_MAIL_URL": f"folder:{folder / 'outbox'}"}
    for words in (
        ("init", "--definition", str(folder / "ours.toml"), "--now", "2026-06-01"),
        ("agencies", "import", str(folder / "register.csv"), "--now", "2026-06-01"),
        ("cycle", "open", "2026", *days, "--now", "2026-06-01"),
        ("tick", "--now", "2026-06-02"),
        ("deliver", "--now", "2026-06-02"),
    ):
        said = cli(*words, **outbox)
        assert said.code == 0, said
    return folder


@pytest.fixture(scope="module")
def mail_port() -> Iterator[int]:
    """A mail server on this machine."""
    controller = Controller(object(), hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller.port
    controller.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class House:
    """An installation that is live: a database, a mail server, a folder of documents, settings in the environment."""

    cli: Cli
    folder: Path
    open_folder: Path
    """Into which everybody on this machine can look."""
    environ: dict[str, str]

    @property
    def database(self) -> Path:
        return self.folder / "s11flow.db"

    def sql(self, statement: str, **values: Any) -> None:
        """Change the database behind the product's back."""
        engine = create_engine(f"sqlite:///{self.database}")
        with engine.begin() as connection:
            connection.execute(text(statement), values)
        engine.dispose()

    def pin(self, kind: str, body: str) -> str:
        digest = sha256(body.encode()).hexdigest()
        self.sql("INSERT INTO content (sha256, kind, body) VALUES (:d, :k, :b)", d=digest, k=kind, b=body)
        return digest

    def doctor(self, now: str = NOW, **environ: str) -> Said:
        return self.cli("doctor", "--json", "--now", now, **self.environ | environ)


@pytest.fixture
def house(here: Path, healthy_files: Path, mail_port: int) -> Iterator[House]:
    shutil.copy(healthy_files / "s11flow.db", here)
    # pytest's own folders are closed to others, as a service's are; what is to be open lies beside them.
    with tempfile.TemporaryDirectory(prefix="s11flow-open-") as name:
        Path(name).chmod(0o755)
        yield House(
            cli_in(here),
            here,
            Path(name),
            {
                "S11FLOW_MODE": "live",
                "S11FLOW_MAIL_URL": f"smtp://127.0.0.1:{mail_port}?tls=none",
                "S11FLOW_DOCUMENTS_DIR": str(here / "documents"),
            },
        )


def sentences(said: Said) -> list[str]:
    """All that was said, but for what is true of the machine that runs the tests."""
    found = said.json
    of_the_machine = ("The time zone rules here", "Nothing keeps this machine's clock")
    return [each for each in (*found["findings"], *found["notices"]) if not each.startswith(of_the_machine)]


def test_of_a_healthy_house_nothing_is_said(house: House) -> None:
    said = house.doctor()

    assert sentences(said) == [OWN]
    if kernel_keeps_time() is not False:
        assert (said.code, said.json["findings"]) == (0, [])


Planting = Callable[[House], dict[str, str]]
"""Plants a fault; what it gives is set in the environment besides."""


def env(**settings: str) -> Planting:
    return lambda house: {
        f"S11FLOW_{name}": value.format(folder=house.folder, open=house.open_folder, root=ROOT)
        for name, value in settings.items()
    }


def sql(statement: str, **values: Any) -> Planting:
    def plant(house: House) -> dict[str, str]:
        house.sql(statement, **values)
        return {}

    return plant


def nobody_listens(house: House) -> dict[str, str]:
    return {"S11FLOW_MAIL_URL": "smtp://127.0.0.1:1?tls=none"}


def a_file_for_documents(house: House) -> dict[str, str]:
    (house.folder / "documents").touch()
    return {}


def an_open_database(house: House) -> dict[str, str]:
    shutil.copy(house.database, house.open_folder / "s11flow.db")
    (house.open_folder / "s11flow.db").chmod(0o644)
    return {"S11FLOW_DATABASE_URL": f"sqlite:///{house.open_folder}/s11flow.db"}


def other_holidays(house: House) -> dict[str, str]:
    engine = create_engine(f"sqlite:///{house.database}")
    with engine.connect() as connection:
        pinned = "SELECT body FROM content JOIN cycle ON holidays_sha256 = sha256"
        days = json.loads(connection.execute(text(pinned)).scalar_one())
    engine.dispose()
    del days["2026-08-31"]
    house.sql("UPDATE cycle SET holidays_sha256 = :d", d=house.pin("holidays", json.dumps(days)))
    return {}


def a_newer_definition(house: House) -> dict[str, str]:
    newer = shipped().replace(".example", ".area") + "\n# newer\n"
    house.sql("UPDATE partnership SET definition_sha256 = :d", d=house.pin("definition", newer))
    return {}


def other_letters(house: House) -> dict[str, str]:
    house.sql("UPDATE cycle SET templates_sha256 = :d", d=house.pin("templates", "{}"))
    return {}


PLANTED: dict[str, tuple[Planting, str]] = {
    "a mistyped setting": (
        env(MALE_URL="folder:outbox"),
        "S11FLOW_MALE_URL is set, and nothing reads it; if S11FLOW_MAIL_URL is meant, write that.",
    ),
    "live to a folder": (
        env(MAIL_URL="folder:{folder}/outbox"),
        "This is live, and letters go to a folder and to nobody; set S11FLOW_MAIL_URL to the mail server.",
    ),
    "a demonstration by a server": (
        env(MODE="demo"),
        "A demonstration sends nothing by a mail server; set S11FLOW_MAIL_URL to folder:outbox.",
    ),
    "a trial that may write to nobody": (
        env(MODE="trial"),
        (
            "This is a trial in which every letter is held; set S11FLOW_MAIL_ALLOW or S11FLOW_MAIL_REDIRECT, or "
            "S11FLOW_MODE to live."
        ),
    ),
    "a redirect in live": (
        env(MAIL_REDIRECT="pat@partnership.area"),
        (
            "S11FLOW_MAIL_REDIRECT is set, and only a trial heeds it: in live letters go to everybody; take it out, or "
            "set S11FLOW_MODE to trial."
        ),
    ),
    "a mail server that is away": (
        nobody_listens,
        (
            "The mail server 127.0.0.1:1 could not be reached when connecting (connection refused); see that it runs, "
            "and that S11FLOW_MAIL_URL names it rightly."
        ),
    ),
    "a password without TLS": (
        env(MAIL_URL="smtp://us:secret@mail.area?tls=none&insecure=yes"),
        "S11FLOW_MAIL_URL cannot be used: a password is not sent without TLS; use tls=starttls.",
    ),
    "the mailbox's password in the open": (
        env(MAILBOX_URL="imap://us:secret@mail.area?tls=none"),
        ("S11FLOW_MAILBOX_URL cannot be used: a password is not sent to a mailbox without TLS; use tls=starttls."),
    ),
    "a mailbox that is none": (
        env(MAILBOX_URL="imap://us:secret@[mail.area"),
        (
            "S11FLOW_MAILBOX_URL cannot be used: the mailbox address is not complete, its port is not a number, or "
            "user or password has a character that must be percent-encoded; write maildir:inbox or "
            "imaps://user:password@mail.example."
        ),
    ),
    "pages without TLS": (
        env(PUBLIC_URL="http://s11flow.partnership.area"),
        (
            "S11FLOW_PUBLIC_URL begins with http://, so that what people type there can be read on its way; put the "
            "pages behind TLS, and write https://."
        ),
    ),
    "documents that move": (
        env(DOCUMENTS_DIR="documents"),
        (
            "S11FLOW_DOCUMENTS_DIR names documents, which is another place in each working directory; write the whole "
            "path."
        ),
    ),
    "a file where documents should be": (
        a_file_for_documents,
        "Reports cannot be kept in {folder}/documents; set S11FLOW_DOCUMENTS_DIR to a folder that can be written.",
    ),
    "documents for all to see": (
        env(DOCUMENTS_DIR="{open}"),
        "Reports lie in {open}, into which everybody on this machine can look; `chmod -R go= {open}` closes it.",
    ),
    "documents in the program": (
        env(DOCUMENTS_DIR="{root}/s11flow/web/static"),
        (
            "Reports are kept in {root}/s11flow/web/static, a part of the program that the next release replaces; set "
            "S11FLOW_DOCUMENTS_DIR to a folder of its own."
        ),
    ),
    "documents in the outbox": (
        env(MODE="trial", MAIL_URL="folder:{folder}/outbox", DOCUMENTS_DIR="{folder}/outbox/documents"),
        (
            "Reports in {folder}/outbox/documents and letters in {folder}/outbox lie in one folder; set "
            "S11FLOW_DOCUMENTS_DIR to a folder of its own."
        ),
    ),
    "a database for all to read": (
        an_open_database,
        "Everybody on this machine can read the database {open}/s11flow.db; `chmod 600 {open}/s11flow.db*` closes it.",
    ),
    "a database that moves": (
        env(DATABASE_URL="sqlite:///s11flow.db"),
        (
            "S11FLOW_DATABASE_URL names s11flow.db, which is another place in each working directory; write the whole "
            "path."
        ),
    ),
    "a database that is not there": (
        env(DATABASE_URL="sqlite:///{folder}/none.db"),
        "There is no database {folder}/none.db yet; run `s11flow init`, or `s11flow migrate` for tables only.",
    ),
    "a database that is ahead": (
        sql("UPDATE alembic_version SET version_num = '9999'"),
        (
            "The database is at revision 9999, of which this release has not heard, so that a newer one made it; "
            "install that release."
        ),
    ),
    "a database without tables": (
        sql("DELETE FROM alembic_version"),
        "The database has no tables of ours yet; run `s11flow init`.",
    ),
    "a case that is set aside": (
        sql(
            "UPDATE subject SET parked_at = '2026-06-02 08:00:00.000000', parked_why = 'why' WHERE ref = 'GSCP-2026-03'"
        ),
        (
            "GSCP-2026-03 is set aside since Tuesday 2 June 2026, 9am (why); have it put right, then run "
            "`s11flow incident release GSCP-2026-03`."
        ),
    ),
    "a letter of which nobody knows": (
        sql("UPDATE message SET status = 'UNCERTAIN' WHERE id = (SELECT min(id) FROM message)"),
        "1 letter is uncertain; see `s11flow outbox list --status uncertain`.",
    ),
    "a worker that never began": (
        sql("DELETE FROM heartbeat WHERE name = 'deliver'"),
        "`s11flow deliver` has never run here; start `s11flow worker`, or the schedule.",
    ),
    "a worker that stands": (
        sql("UPDATE heartbeat SET at = '2026-06-02 07:00:00.000000' WHERE name = 'tick'"),
        (
            "`s11flow tick` last ran on Tuesday 2 June 2026, 8am; see that the worker or the schedule runs, and what "
            "its log says."
        ),
    ),
    "a worker from the future": (
        sql("UPDATE heartbeat SET at = '2026-06-02 11:00:00.000000' WHERE name = 'tick'"),
        (
            "`s11flow tick` is recorded to have run on Tuesday 2 June 2026, midday, which is still to come: unless "
            "that was a rehearsal, a clock is or was wrong; put this machine's right."
        ),
    ),
    "a bank holiday since": (
        other_holidays,
        (
            "GSCP-2026 does not have the bank holidays as they are published now (new: Monday 31 August 2026, Summer "
            "bank holiday; gone: none); `s11flow cycle adopt-holidays 2026 --dry-run` shows what would move."
        ),
    ),
    "an agency without a contact": (
        sql("UPDATE agency SET contact_email = NULL WHERE code = '13'"),
        (
            "13 has no contact's address, so that nobody is asked for a report; add it to the register and run "
            "`s11flow agencies import`."
        ),
    ),
    "an agency without a senior leader": (
        sql("UPDATE agency SET senior_leader_email = NULL WHERE code = '13'"),
        (
            "13 has no senior leader's address, so that nobody there hears of silence; add it to the register and run "
            "`s11flow agencies import`."
        ),
    ),
    "one address for many": (
        sql("UPDATE agency SET contact_email = 'all@nhs.area' WHERE code IN ('08', '09', '10')"),
        "08, 09 and 10 have one contact's address between them; if that is not meant, correct the register.",
    ),
    "an address that cannot be": (
        sql("UPDATE agency SET contact_email = 'lead@probation.example' WHERE code = '13'"),
        "No mail can arrive at probation.example (13); correct the register.",
    ),
    "a duty body without an agency": (
        sql("UPDATE agency SET category = 'other' WHERE code = '14'"),
        (
            'Nobody on the register is of the category "court service" (Children and Family Court Advisory and Support '
            "Service (Cafcass)), and the report will say so; add who it is, or a row with the status not_applicable if "
            "there is none in the area."
        ),
    ),
    "a newer definition": (
        a_newer_definition,
        (
            "GSCP-2026 keeps the definition it was opened with; the partnership's newer one is used from the next "
            "cycle on."
        ),
    ),
    "newer letters": (
        other_letters,
        "GSCP-2026 keeps the letters it was opened with; the ones shipped now are used from the next cycle on.",
    ),
}


@pytest.mark.parametrize(("plant", "sentence"), PLANTED.values(), ids=PLANTED)
def test_a_planted_fault_is_named_by_its_sentence_and_nothing_else_is_said(
    house: House, plant: Planting, sentence: str
) -> None:
    said = house.doctor(**plant(house))

    expected = sentence.format(folder=house.folder, open=house.open_folder, root=ROOT)
    assert [each for each in sentences(said) if each != OWN] == [expected]
    assert (said.code == 0) == (said.json["findings"] == [])


def test_settings_that_others_can_read_are_named(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(house.open_folder)
    secrets = house.open_folder / ".env"
    secrets.write_text("S11FLOW_MAIL_URL=smtp://us:secret@mail.area\n")
    secrets.chmod(0o644)
    named = (
        f"Everybody on this machine can read the settings in {secrets}, and a password with them; "
        f"`chmod 600 {secrets}` closes it, and then have the password changed."
    )

    assert sentences(house.doctor()) == [named, OWN]
    secrets.chmod(0o600)
    assert sentences(house.doctor()) == [OWN]


def test_without_a_database_the_exit_code_says_so(house: House) -> None:
    said = house.doctor(S11FLOW_DATABASE_URL=f"sqlite:///{house.folder}/none.db")

    assert (said.code, said.err) == (4, "")
    assert not (house.folder / "none.db").exists()


def test_people_read_what_is_needed_first_and_what_is_good_to_know_after_it(house: House) -> None:
    house.sql("DELETE FROM heartbeat WHERE name = 'tick'")

    said = house.cli("doctor", "--now", NOW, **house.environ)

    assert said.code == 3
    assert said.out.splitlines()[0].startswith("- ")
    good_to_know, _, dns = said.out.partition("For the DNS (")
    assert good_to_know.endswith(f"Good to know:\n- {OWN}\n")
    assert dns.splitlines()[1] == '- gloucestershire-partnership.area. TXT "v=spf1 mx ~all"'


def test_no_password_is_said(house: House) -> None:
    said = house.doctor(
        S11FLOW_MAIL_URL="smtp://us:secret@127.0.0.1:1?tls=none", S11FLOW_DATABASE_URL="postgresql://us:secret@"
    )

    assert "secret" not in said.out + said.err


def test_the_doctor_changes_nothing(house: House) -> None:
    before = house.cli.stored()

    house.doctor()

    assert house.cli.stored() == before
    assert not (house.folder / "documents").exists()
