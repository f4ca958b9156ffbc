"""One small scene for each command that changes things: a database and folders made ready, and the command itself.

A scene is prepared once and copied; it is played by the service that its command calls, in whatever process, and ends
in what an ordinary next run leaves. Nothing here knows how it is disturbed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from db import queries
from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from s11flow import schedule
from s11flow.app import App, build_app
from s11flow.domain import acts
from s11flow.services import agencies, assessments, cases, conclusion, sessions, submissions
from s11flow.services.delivery import LEASE
from s11flow.services.submissions import Documents
from s11flow.services.tick import tick
from s11flow.settings import Settings
from tests.postgres import TEMPLATE, Postgres, migrated
from tests.services import mails
from tests.services.post import Server, delivered
from tests.services.scene import CODE, REGISTER, YEAR, at, judgement, opened, report_comes

YOUTH, STROUD = f"{CODE}-{YEAR}-01", f"{CODE}-{YEAR}-02"
BY = "clerk"

FOLDER_MAIL = "folder:outbox"
DOCUMENTS, OUTBOX = "documents", "outbox"
MAILDIR, IMAP = "inbox", "imap"
"""Where mail lies that came: in a Maildir, and the same as the account of an IMAP server."""


_ENGINES: dict[str, Engine] = {}


@dataclass(frozen=True)
class Place:
    """Where a scene is played: a database, the folder its documents and mail lie in, and where mail leaves."""

    database_url: str
    folder: Path
    mail_url: str = FOLDER_MAIL
    mailbox_url: str = f"maildir:{MAILDIR}"

    @contextmanager
    def app(self, now: datetime) -> Iterator[App]:
        """The product, wired for this place, its clock standing at *now*."""
        settings = Settings(
            database_url=self.database_url, mail_url=self.mail_url, mailbox_url=self.mailbox_url, mode="live", actor=BY
        )
        app = build_app(settings, clock=lambda: now, root=self.folder)
        # The statements that it has compiled are kept from one place to the next, which has the same address.
        engine = app.__dict__["engine"] = _ENGINES.get(self.database_url) or open_engine(self.database_url)
        _ENGINES[self.database_url] = engine
        try:
            yield app
        finally:
            engine.dispose()

    @property
    def documents(self) -> Path:
        """Where reports are kept."""
        return self.folder / DOCUMENTS

    @property
    def outbox(self) -> Path:
        """Where mail is filed, if it is filed."""
        return self.folder / OUTBOX

    @property
    def mailboxes(self) -> tuple[Path, ...]:
        """Where mail lies that came, if any did."""
        return tuple(box for name in (MAILDIR, IMAP) if (box := self.folder / name).is_dir())


@dataclass(frozen=True)
class Scene:
    """A command, the time at which it is given, and what was there before."""

    name: str
    now: datetime
    prepare: Callable[[UnitOfWork, Path], None] = field(repr=False)
    command: Callable[[App, datetime], object] = field(repr=False)
    by_smtp: bool = False
    """Whether mail leaves by a mail server; else it is filed in a folder."""
    by_imap: bool = False
    """Whether mail is collected from an IMAP server; else from a Maildir."""

    def play(self, app: App) -> object:
        """Give the command once."""
        return self.command(app, self.now)

    @property
    def later(self) -> datetime:
        """When an ordinary next run finds every lease over."""
        return self.now + LEASE + timedelta(minutes=5)


def run_on(scene: Scene, app: App) -> None:
    """What happens anyway after the command: a tick and the post, when every lease is over."""
    for name in ("tick", "deliver"):
        schedule.run(schedule.row(name), app, scene.later)


# --- what was there before -------------------------------------------------------------------------------------------


def _run_through(uow: UnitOfWork, *instants: str) -> None:
    """Tick and deliver at each of these."""
    for words in instants:
        tick(uow, now=at(words))
        delivered(uow, Server(), at(words))


_ASKED = ("2026-06-29 09:00", "2026-07-06 09:00")
_REMINDED = (*_ASKED, "2026-09-25 09:00", "2026-10-01 09:00", "2026-10-09 09:00")
_SILENT = (*_REMINDED, "2026-10-20 12:00")
_WARNED = (*_SILENT, "2026-10-20 17:00")


def _opened(uow: UnitOfWork, _: Path) -> None:
    opened(uow)


def _request_is_due(uow: UnitOfWork, _: Path) -> None:
    """The requests and a digest wait; what was owed before has left."""
    opened(uow)
    _run_through(uow, _ASKED[0])
    tick(uow, now=at(_ASKED[1]))


def _invited(uow: UnitOfWork, _: Path) -> None:
    opened(uow)
    _run_through(uow, *_REMINDED)


def _silent(uow: UnitOfWork, _: Path) -> None:
    opened(uow)
    _run_through(uow, *_SILENT)


def _warned(uow: UnitOfWork, _: Path) -> None:
    opened(uow)
    _run_through(uow, *_WARNED)


def _escalation_is_due(uow: UnitOfWork, _: Path) -> None:
    """What the agencies and the Chair are told of a report that did not come waits."""
    _warned(uow, _)
    tick(uow, now=at("2026-10-21 10:00"))
    tick(uow, now=at("2026-10-22 09:00"))


def _judged(uow: UnitOfWork, folder: Path) -> None:
    """Youth was judged and told so; Stroud never answered, for itself and for Cotswold; the cut-off has passed."""
    opened(uow)
    _run_through(uow, *_REMINDED[:3])
    came, seen = at("2026-10-05 12:00"), at("2026-11-10 12:00")
    report_comes(uow, folder, YOUTH, came)
    cases.accept(uow, YOUTH, acts.AcceptReport(), by=BY, now=came)
    _run_through(uow, *_REMINDED[3:], "2026-10-20 17:00", "2026-10-22 09:00", "2026-11-10 09:00")
    sessions.record(uow, YOUTH, "attended", now=seen, by=BY)
    assessments.assess(uow, YOUTH, judgement(), now=at("2026-11-16 12:00"), by="scrutineer")
    cases.act(uow, YOUTH, acts.Agree(early="it has no corrections"), by="scrutineer", now=at("2026-11-16 12:00"))
    _run_through(uow, "2026-11-16 12:00", "2027-01-11 12:00")


MAIL_COMES = at("2026-10-20 18:00")


def _mail_came(uow: UnitOfWork, folder: Path) -> None:
    """On the evening of the deadline mail of every kind waits, in a Maildir and on an IMAP server."""
    _warned(uow, folder)
    came = MAIL_COMES - timedelta(hours=2)
    for number, raw in enumerate(_mail_of_every_kind(uow), 1):
        mails.arrives(folder / MAILDIR, f"{number}.host", raw, came + timedelta(minutes=number))
        mails.arrives(folder / IMAP, f"{number}", raw, came + timedelta(minutes=number))
    (folder / IMAP / "new").rename(folder / IMAP / "INBOX")


def _mail_of_every_kind(uow: UnitOfWork) -> Iterator[bytes]:
    """A report, the same under another name, its files once more; a bounce, a calendar, a machine; and worse."""
    with uow.read() as connection:
        about, uid = _sent_to(connection, "stroud@district.example"), _uid_of(connection, STROUD)
    files = [("report.docx", mails.docx("Youth Services looks after its children."))]
    report = mails.mail("youth@agency.example", f"Our report {YOUTH}", files=files)
    yield report
    yield report
    yield mails.mail("director@agency.example", f"And once more {YOUTH}", files=files)
    yield mails.bounce("stroud@district.example", about)
    yield mails.answer(uid, "a@district.example")
    yield mails.away("b@district.example")
    yield b"Content-Type: message/rfc822\n\n" * 1_500 + b"deeper than anybody reads"
    yield mails.mail("pat@elsewhere.example", "see attached", files=[("scan.docx", mails.docx("Whose is it?"))])


def _sent_to(connection: Connection, address: str) -> str:
    """The Message-ID of the newest letter that left for this address."""
    table = queries.message
    sent = select(table.c.message_id).where(table.c.to_address == address, table.c.status == "SENT")
    return str(connection.scalars(sent.order_by(table.c.id.desc())).first())


def _uid_of(connection: Connection, ref: str) -> str:
    """The UID of a session's invitation."""
    case = queries.subject_by_ref(connection, ref)
    return str(queries.sessions(connection, [case.id])[case.id][-1].uid)


# --- the commands ----------------------------------------------------------------------------------------------------


def _tick(app: App, now: datetime) -> object:
    return schedule.run(schedule.row("tick"), app, now)


def _deliver(app: App, now: datetime) -> object:
    return schedule.run(schedule.row("deliver"), app, now)


def _collect(app: App, now: datetime) -> object:
    return schedule.run(schedule.row("collect"), app, now)


REPORT = (("report.docx", b"our report " * 2000), ("evidence.pdf", b"what it rests on " * 200))


def _receive(app: App, now: datetime) -> object:
    documents = Documents(app.documents_dir)
    return submissions.receive(
        app.unit_of_work, documents, YOUTH, REPORT, now=now, by=BY, sender="youth@agency.example"
    )


def _move(app: App, now: datetime) -> object:
    to = at("2026-11-10 14:00")
    return sessions.move(app.unit_of_work, YOUTH, to=to, asked_by="panel", reason="a clash", now=now, by=BY)


def _hold(app: App, now: datetime) -> object:
    return cases.act(app.unit_of_work, STROUD, acts.Hold(date(2026, 10, 28), "a new officer"), by=BY, now=now)


def _extend(app: App, now: datetime) -> object:
    return cases.act(app.unit_of_work, YOUTH, acts.Extend(date(2026, 10, 23), "illness"), by=BY, now=now)


_CHANGED_REGISTER = REGISTER.replace("youth@agency.example", "new-manager@agency.example") + (
    "05,Fire and Rescue,fire,active,,,,Officer,fire@rescue.example,,chief@rescue.example,,\n"
)


def _import(app: App, now: datetime) -> object:
    done = agencies.import_register(app.unit_of_work, _CHANGED_REGISTER, partnership=CODE, now=now, by=BY)
    assert done.refused == ()
    return done


def _approve_report(app: App, now: datetime) -> object:
    return conclusion.approve_report(app.unit_of_work, partnership=CODE, year=YEAR, now=now, by="scrutineer")


SCENES = {
    scene.name: scene
    for scene in (
        Scene("tick", at("2026-10-22 09:00"), _silent, _tick),
        Scene("deliver", at("2026-07-06 09:00"), _request_is_due, _deliver),
        Scene("deliver-smtp", at("2026-07-06 09:00"), _request_is_due, _deliver, by_smtp=True),
        Scene("deliver-smtp-chair", at("2026-10-22 09:00"), _escalation_is_due, _deliver, by_smtp=True),
        Scene("receive", at("2026-10-21 09:00"), _warned, _receive),
        Scene("move", at("2026-10-12 12:00"), _invited, _move),
        Scene("hold", at("2026-10-20 18:00"), _silent, _hold),
        Scene("extend", at("2026-10-12 12:00"), _invited, _extend),
        Scene("import", at("2026-06-10 12:00"), _opened, _import),
        Scene("approve-report", at("2027-01-11 15:00"), _judged, _approve_report),
        Scene("collect", MAIL_COMES, _mail_came, _collect),
        Scene("collect-imap", MAIL_COMES, _mail_came, _collect, by_imap=True),
    )
}


# --- prepared once, copied as often as it is played ------------------------------------------------------------------

DATABASES = ("sqlite", "postgres")


@dataclass
class Stage:
    """Gives out places made ready for scenes: on SQLite in files, on Postgres copied from a template database."""

    root: Path
    postgres: Callable[[], Postgres]
    _prepared: dict[tuple[str, str], Path] = field(default_factory=dict)

    @contextmanager
    def place(self, scene: Scene, database: str, mail_url: str = FOLDER_MAIL) -> Iterator[Place]:
        """A fresh copy of what was there before the scene; gone afterwards."""
        prepared = self._ready(scene, database)
        folder = self.root / "at-work"
        shutil.copytree(prepared, folder)
        try:
            if database == "sqlite":
                yield Place(f"sqlite:///{folder / 's11flow.db'}", folder, mail_url)
            else:
                with self._postgres_database(_template(scene)) as url:
                    yield Place(url, folder, mail_url)
        finally:
            shutil.rmtree(folder)

    @contextmanager
    def _postgres_database(self, template: str) -> Iterator[str]:
        """The address, always the same, of a database like *template*."""
        postgres, name = self.postgres(), "at_work"
        postgres.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield postgres.address.format(name)
        finally:
            postgres.run(f"DROP DATABASE {name} WITH (FORCE)")

    def _ready(self, scene: Scene, database: str) -> Path:
        """The folder that holds the scene's files, and for SQLite its database, built at the first time of asking."""
        name = scene.prepare.__name__.strip("_")
        key = (name, database)
        if key not in self._prepared:
            folder = self.root / f"{name}-{database}"
            shutil.rmtree(folder, ignore_errors=True)  # of a time when it could not be made
            for below in (DOCUMENTS, OUTBOX):
                (folder / below).mkdir(parents=True)
            if database == "sqlite":
                url = f"sqlite:///{folder / 's11flow.db'}"
                migrated(url)
            else:
                postgres = self.postgres()
                # An earlier stage on the same server has left its own, which goes with that stage's folder.
                postgres.run(f"DROP DATABASE IF EXISTS {_template(scene)} WITH (FORCE)")
                postgres.run(f"CREATE DATABASE {_template(scene)} TEMPLATE {TEMPLATE} STRATEGY file_copy")
                url = postgres.address.format(_template(scene))
            engine = open_engine(url)
            scene.prepare(UnitOfWork(engine), folder)
            engine.dispose()
            self._prepared[key] = folder
        return self._prepared[key]


def _template(scene: Scene) -> str:
    return f"before{scene.prepare.__name__}"
