"""One place picks the parts, opens the database when it is wanted, and says as of when work may be done."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import text

from db import migrate
from db.errors import DatabaseUnreachable
from notifications.folder import FolderMailer
from notifications.mailbox import ImapMailbox
from notifications.policy import PostPolicy
from notifications.signing import SigningMailer
from notifications.smtp import SmtpMailer
from s11flow.app import App, ClockBehind, ClockRefused, NotMigrated, build_app
from s11flow.services.heartbeat import beat
from s11flow.settings import Dkim, Mode, Settings, SettingsError

NOON = datetime(2026, 9, 25, 11, tzinfo=UTC)  # midday in Gloucester, two weeks before the target
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def live(sqlite_url: str) -> Iterator[App]:
    with closing(app_at(NOON, sqlite_url, "live")) as app:
        yield app


def app_at(now: datetime, url: str = "sqlite:///nowhere/at-all.db", mode: Mode = "trial") -> App:
    return build_app(Settings(database_url=url, mode=mode), clock=lambda: now)


# --- the parts


def test_the_environment_is_read_when_no_settings_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S11FLOW_MODE", "demo")
    monkeypatch.setenv("S11FLOW_ACTOR", "business_manager")

    app = build_app()

    assert (app.settings.mode, app.actor) == ("demo", "business_manager")


def test_nothing_is_opened_before_it_is_wanted() -> None:
    app = app_at(NOON)

    assert (app.now(), app.policy) == (NOON, PostPolicy("trial", is_folder=True))


def test_folders_are_below_the_root(tmp_path: Path) -> None:
    app = build_app(Settings(mail_url="folder:post"), root=tmp_path)

    with app.mailer() as mailer:
        assert isinstance(mailer, FolderMailer)
        assert (mailer.folder, app.documents_dir) == (tmp_path / "post", tmp_path / "documents")


def test_mail_goes_to_a_server_when_the_setting_names_one() -> None:
    app = build_app(Settings(mail_url="smtp://mail.example:587", mode="live"))

    with app.mailer() as mailer:
        assert (type(mailer), app.policy) == (SmtpMailer, PostPolicy("live"))


def signed(url: str, key: Path) -> App:
    return build_app(Settings(mail_url=url, dkim=Dkim(key=key, domain="partnership.example", selector="s11")))


def test_letters_are_signed_on_their_way_to_a_server_and_not_in_a_folder(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.touch(0o600)
    made = rsa.generate_private_key(65537, 2048)
    key.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    with signed("smtp://mail.example", key).mailer() as by_server, signed("folder:post", key).mailer() as by_folder:
        assert (type(by_server), type(by_folder)) == (SigningMailer, FolderMailer)


def test_a_key_that_is_refused_is_said_of_its_variable() -> None:
    with pytest.raises(SettingsError) as refused:
        signed("smtp://mail.example", Path("/nowhere/key.pem")).mailer()

    assert str(refused.value) == (
        "S11FLOW_DKIM_KEY cannot be used: the key /nowhere/key.pem cannot be read (no such file or directory); "
        "see that it is there, and that the user of the service owns it."
    )


def test_one_command_gives_tokens_for_sending_and_for_fetching_unless_the_mailbox_has_its_own() -> None:
    urls = {"mail_url": "smtp://us@mail.example", "mailbox_url": "imaps://us@mail.example"}

    app = build_app(Settings(**urls, mail_token_command="true"))  # type: ignore[arg-type] # by name
    with app.mailer() as mailer, app.mailbox() as mailbox:
        assert (type(mailer), type(mailbox)) == (SmtpMailer, ImapMailbox)

    with pytest.raises(SettingsError, match=r"^S11FLOW_MAIL_URL cannot be used: a login at the mail server needs a "):
        build_app(Settings(**urls, mailbox_token_command="true")).mailer()  # type: ignore[arg-type]


WRONG = [
    (
        Settings(mail_url="smtp://user:secret@mail.example:port"),
        (
            "S11FLOW_MAIL_URL cannot be used: the mail server address is not complete, its port is not a number, or "
            "user or password has a character that must be percent-encoded; write folder:outbox or smtp://user:password@mail.example:587?tls=starttls."
        ),
    ),
    (
        Settings(mail_allow=("@-agency.example",)),
        (
            "S11FLOW_MAIL_ALLOW cannot be used: the allow-list entry '@-agency.example' has a domain that cannot "
            "exist; write an address such as pat@agency.example or a domain such as @agency.example."
        ),
    ),
    (
        Settings(mail_redirect="pat@-agency.example"),
        (
            "S11FLOW_MAIL_REDIRECT cannot be used: the redirect address 'pat@-agency.example' has a domain that "
            "cannot exist; write one address such as trial@partnership.example."
        ),
    ),
]


@pytest.mark.parametrize(("settings", "sentence"), WRONG)
def test_what_only_a_part_can_tell_is_still_said_of_the_variable(settings: Settings, sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        build_app(settings).mailer()

    assert str(refused.value) == sentence


# --- the database


def test_a_migrated_database_is_opened_once(sqlite_url: str) -> None:
    with closing(app_at(NOON, sqlite_url)) as app:
        assert app.unit_of_work is app.unit_of_work
        with app.unit_of_work.read() as connection:
            assert connection.execute(text("SELECT count(*) FROM heartbeat")).scalar_one() == 0


def test_an_app_that_was_closed_opens_again(sqlite_url: str) -> None:
    app = app_at(NOON, sqlite_url)
    first = app.unit_of_work
    app.close()

    assert app.unit_of_work is not first

    app.close()


def test_a_database_that_is_not_there_is_refused_and_not_made(tmp_path: Path) -> None:
    app = app_at(NOON, f"sqlite:///{tmp_path}/new.db")

    with pytest.raises(NotMigrated) as refused:
        _ = app.unit_of_work

    assert (str(refused.value), list(tmp_path.iterdir())) == (
        f"There is no database {tmp_path}/new.db yet; run `s11flow init`, or `s11flow migrate` for tables only.",
        [],
    )


def test_a_database_without_our_tables_is_refused_until_it_is_migrated(empty_database_url: str) -> None:
    with closing(app_at(NOON, empty_database_url)) as app:
        _ = app.engine
        with pytest.raises(NotMigrated) as refused:
            _ = app.unit_of_work

        migrate.upgrade(app.engine)

        assert str(refused.value) == (
            f"The database has no tables of ours yet, this release works with {migrate.head()}; run `s11flow migrate`."
        )
        assert app.unit_of_work.engine is app.engine


def test_a_database_of_another_release_is_refused(database_url: str) -> None:
    with closing(app_at(NOON, database_url)) as app:
        with app.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))

        with pytest.raises(NotMigrated, match=r"is at revision 0000, this release works with \w+; run `s11flow mi"):
            _ = app.unit_of_work


def test_a_wrong_address_says_what_the_database_says() -> None:
    with pytest.raises(DatabaseUnreachable, match=r"^S11FLOW_DATABASE_URL cannot be used: the folder nowhere does "):
        _ = app_at(NOON, "sqlite:///nowhere/s11flow.db").unit_of_work


# --- as of when (awkward case 63)


@pytest.mark.parametrize("mode", ["demo", "trial"])
def test_outside_live_any_time_may_be_given(mode: Mode) -> None:
    there = datetime(2030, 1, 1, 9, tzinfo=timezone(timedelta(hours=1)))

    assert app_at(NOON, mode=mode).now(there) == datetime(2030, 1, 1, 8, tzinfo=UTC)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ClockRefused) as refused:
        app_at(NOON).now(datetime(2026, 10, 9, 17))  # noqa: DTZ001 - its lack of a zone is the subject

    assert str(refused.value) == "2026-10-09T17:00:00 has no time zone; write an offset, such as +01:00 or Z."


@pytest.mark.parametrize("off", [-5 * MINUTE, -SECOND, 0 * SECOND, 5 * MINUTE])
def test_in_live_a_time_within_five_minutes_of_the_clock_may_be_given(live: App, off: timedelta) -> None:
    assert live.now(NOON + off) == NOON + off


@pytest.mark.parametrize("off", [-5 * MINUTE - SECOND, 5 * MINUTE + SECOND, timedelta(days=30)])
def test_case_63_in_live_a_time_off_the_clock_is_refused_unless_nothing_is_done(live: App, off: timedelta) -> None:
    with pytest.raises(ClockRefused, match=r"^This is live, and .* is more than 5 minutes from the clock "):
        live.now(NOON + off)

    assert live.now(NOON + off, dry_run=True) == NOON + off


def test_case_63_in_live_a_clock_behind_the_last_tick_waits(live: App) -> None:
    beat(live.unit_of_work, "tick", NOON + 90 * MINUTE, {})

    with pytest.raises(ClockBehind) as refused:
        live.now()

    assert (str(refused.value), refused.value.waits_until) == (
        (
            "Nothing was done: it is Friday 25 September 2026, 12:00:00 here, but the last tick was on "
            "Friday 25 September 2026, 13:30:00; put the clock right, or wait until it has passed that time."
        ),
        NOON + 90 * MINUTE,
    )
    assert live.now(dry_run=True) == NOON


def test_a_given_time_does_not_get_behind_the_last_tick_either(live: App) -> None:
    beat(live.unit_of_work, "tick", NOON, {})

    with pytest.raises(ClockBehind):
        live.now(NOON - SECOND)

    assert live.now(NOON) == NOON


def test_in_a_trial_the_clock_may_go_back(sqlite_url: str) -> None:
    with closing(app_at(NOON, sqlite_url)) as app:
        beat(app.unit_of_work, "tick", NOON + MINUTE, {})

        assert app.now() == NOON
