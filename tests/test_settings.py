"""What the environment may say, and the one sentence for each thing that it may not."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s11flow.settings import Dkim, Settings, SettingsError, read_settings


def test_an_empty_environment_gives_a_trial_in_the_working_directory() -> None:
    assert read_settings({}) == Settings(
        database_url="sqlite:///s11flow.db",
        mail_url="folder:outbox",
        mailbox_url="maildir:inbox",
        documents_dir=Path("documents"),
        public_url=None,
        mode="trial",
        mail_allow=(),
        mail_redirect=None,
        actor="business_unit",
    )


def test_what_may_hold_a_password_is_not_shown_with_the_settings() -> None:
    shown = repr(
        Settings(
            database_url="postgresql://u:secret@host/name",
            mail_url="smtp://u:secret@mail.example",
            mailbox_url="imaps://u:secret@mail.example",
            mail_token_command="token secret",
            mailbox_token_command="token secret",
        )
    )

    assert "secret" not in shown


def test_every_variable_is_read() -> None:
    assert read_settings(
        {
            "S11FLOW_DATABASE_URL": "postgresql://s11flow@db.partnership.example/s11flow",
            "S11FLOW_MAIL_URL": "smtp://user:secret@mail.example:587?tls=starttls",
            "S11FLOW_MAILBOX_URL": "imaps://user:secret@mail.example",
            "S11FLOW_MAIL_TOKEN_COMMAND": "/usr/local/bin/mail-token --for 'section 11'",
            "S11FLOW_MAILBOX_TOKEN_COMMAND": "/usr/local/bin/mailbox-token",
            "S11FLOW_DKIM_KEY": "/etc/s11flow/dkim.pem",
            "S11FLOW_DKIM_DOMAIN": "Partnership.example",
            "S11FLOW_DKIM_SELECTOR": "s11-2026.mail",
            "S11FLOW_DOCUMENTS_DIR": "/srv/s11flow/documents",
            "S11FLOW_PUBLIC_URL": "https://s11flow.partnership.example/",
            "S11FLOW_MODE": "LIVE",
            "S11FLOW_MAIL_ALLOW": "pat@agency.example, @partnership.example",
            "S11FLOW_MAIL_REDIRECT": "trial@partnership.example",
            "S11FLOW_ACTOR": "business_manager",
            "S11FLOW_TRY_LINKS": "Yes",
            "PATH": "/bin",
        }
    ) == Settings(
        database_url="postgresql://s11flow@db.partnership.example/s11flow",
        mail_url="smtp://user:secret@mail.example:587?tls=starttls",
        mailbox_url="imaps://user:secret@mail.example",
        mail_token_command="/usr/local/bin/mail-token --for 'section 11'",
        mailbox_token_command="/usr/local/bin/mailbox-token",
        dkim=Dkim(key=Path("/etc/s11flow/dkim.pem"), domain="partnership.example", selector="s11-2026.mail"),
        documents_dir=Path("/srv/s11flow/documents"),
        public_url="https://s11flow.partnership.example",
        mode="live",
        mail_allow=("pat@agency.example", "@partnership.example"),
        mail_redirect="trial@partnership.example",
        actor="business_manager",
        try_links=True,
    )


def test_the_command_for_sending_serves_the_mailbox_too_unless_that_has_its_own() -> None:
    one = Settings(mail_token_command="one")

    assert (one.fetching_token_command, Settings().fetching_token_command) == ("one", None)
    assert Settings(mail_token_command="one", mailbox_token_command="another").fetching_token_command == "another"


SIGNED = {"KEY": "/etc/s11flow/dkim.pem", "DOMAIN": "partnership.example", "SELECTOR": "s11"}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"SELECTOR": ""},
            (
                "S11FLOW_DKIM_SELECTOR is not set; set S11FLOW_DKIM_KEY, S11FLOW_DKIM_DOMAIN and "
                "S11FLOW_DKIM_SELECTOR, or none of them."
            ),
        ),
        (
            {"KEY": "", "DOMAIN": ""},
            (
                "S11FLOW_DKIM_KEY is not set; set S11FLOW_DKIM_KEY, S11FLOW_DKIM_DOMAIN and S11FLOW_DKIM_SELECTOR, or "
                "none of them."
            ),
        ),
        ({"KEY": "a\0b"}, r"S11FLOW_DKIM_KEY is 'a\x00b'; write the path of a file, such as /etc/s11flow/dkim.pem."),
        (
            {"DOMAIN": "partnership"},
            "S11FLOW_DKIM_DOMAIN is 'partnership'; write a name of the DNS, such as partnership.example.",
        ),
        ({"SELECTOR": "a; d=b"}, "S11FLOW_DKIM_SELECTOR is 'a; d=b'; write a name of the DNS, such as s11flow."),
    ],
)
def test_what_mail_is_signed_by_is_given_whole_or_not_at_all(changed: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({f"S11FLOW_DKIM_{name}": value for name, value in (SIGNED | changed).items()})

    assert str(refused.value) == sentence


@pytest.mark.parametrize("blank", ["", " ", "\t"])
def test_a_variable_without_a_value_is_not_there(blank: str) -> None:
    assert read_settings({"S11FLOW_MODE": blank, "S11FLOW_MAIL_URL": blank}) == Settings()


REFUSED = [
    ("S11FLOW_TRY_LINKS", "perhaps", "S11FLOW_TRY_LINKS is 'perhaps'; write yes or no."),
    (
        "S11FLOW_MAIL_TOKEN_COMMAND",
        "mail-token 'secret",
        "S11FLOW_MAIL_TOKEN_COMMAND is no command; write one that prints a token, such as /usr/local/bin/mail-token.",
    ),
    (
        "S11FLOW_MAILBOX_TOKEN_COMMAND",
        "'secret",
        (
            "S11FLOW_MAILBOX_TOKEN_COMMAND is no command; write one that prints a token, such as "
            "/usr/local/bin/mail-token."
        ),
    ),
    (
        "S11FLOW_DATABASE_URL",
        "mysql://root:secret@host/x",
        "S11FLOW_DATABASE_URL is 'mysql:...'; write sqlite:///s11flow.db or postgresql://user@host/name.",
    ),
    (
        "S11FLOW_DATABASE_URL",
        "sqlite://s11flow.db",
        "S11FLOW_DATABASE_URL is 'sqlite:...'; write sqlite:///s11flow.db or postgresql://user@host/name.",
    ),
    (
        "S11FLOW_MAIL_URL",
        "outbox",
        ("S11FLOW_MAIL_URL is 'outbox'; write folder:outbox or smtp://user:password@mail.example:587?tls=starttls."),
    ),
    (
        "S11FLOW_MAIL_URL",
        "folder:",
        ("S11FLOW_MAIL_URL is 'folder:'; write folder:outbox or smtp://user:password@mail.example:587?tls=starttls."),
    ),
    (
        "S11FLOW_MAILBOX_URL",
        "pop3://user:secret@mail.example",
        "S11FLOW_MAILBOX_URL is 'pop3:...'; write maildir:inbox or imaps://user:password@mail.example.",
    ),
    (
        "S11FLOW_DOCUMENTS_DIR",
        "docu\0ments",
        r"S11FLOW_DOCUMENTS_DIR is 'docu\x00ments'; write the path of a folder, such as documents.",
    ),
    (
        "S11FLOW_PUBLIC_URL",
        "s11flow.partnership.example",
        (
            "S11FLOW_PUBLIC_URL is 's11flow.partnership.example'; write the address people type, "
            "such as https://s11flow.partnership.example, without user, ? and #."
        ),
    ),
    (
        "S11FLOW_PUBLIC_URL",
        "https://user:secret@partnership.example",
        (
            "S11FLOW_PUBLIC_URL is 'https:...'; write the address people type, "
            "such as https://s11flow.partnership.example, without user, ? and #."
        ),
    ),
    (
        "S11FLOW_PUBLIC_URL",
        "https://partnership.example:port",
        (
            "S11FLOW_PUBLIC_URL is 'https:...'; write the address people type, "
            "such as https://s11flow.partnership.example, without user, ? and #."
        ),
    ),
    ("S11FLOW_MODE", "production", "S11FLOW_MODE is 'production'; write demo, trial or live."),
    (
        "S11FLOW_MAIL_ALLOW",
        "pat@agency.example agency.example",
        (
            "S11FLOW_MAIL_ALLOW has the entry 'agency.example'; write addresses such as pat@agency.example or domains "
            "such as @agency.example, with commas between."
        ),
    ),
    (
        "S11FLOW_MAIL_REDIRECT",
        "a@agency.example, b@agency.example",
        (
            "S11FLOW_MAIL_REDIRECT is 'a@agency.example, b@agency.example'; "
            "write one address such as trial@partnership.example."
        ),
    ),
    (
        "S11FLOW_ACTOR",
        "Pat Smith",
        "S11FLOW_ACTOR is 'Pat Smith'; write the word for a role, such as business_unit, in small letters and _.",
    ),
]


@pytest.mark.parametrize(("variable", "value", "sentence"), REFUSED, ids=[f"{v} {x!a}" for v, x, _ in REFUSED])
def test_a_wrong_value_is_one_sentence_that_names_it_and_says_what_would_do(
    variable: str, value: str, sentence: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({variable: value})

    assert (str(refused.value), refused.value.variable) == (sentence, variable)


@given(
    variable=st.sampled_from(["S11FLOW_DATABASE_URL", "S11FLOW_MAIL_URL", "S11FLOW_MAILBOX_URL", "S11FLOW_PUBLIC_URL"]),
    scheme=st.sampled_from(["smpt", "mysql", "postgres ql", "https", "sqlite", "pop3", ""]),
    around=st.text(st.characters(exclude_characters="\0"), max_size=8),
)
def test_no_sentence_repeats_a_password(variable: str, scheme: str, around: str) -> None:
    address = f"{scheme}://user{around}:Hunter2@host{around}"
    try:
        read_settings({variable: address})
    except SettingsError as refused:
        assert "Hunter2" not in str(refused)  # noqa: PT017 - some of these are good addresses
