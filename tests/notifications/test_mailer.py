"""The mailer that a setting describes, and when a delayed mail is tried again."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from notifications.mailer import FolderMailer, SmtpMailer, mailer_for, next_try

ROOT = Path("/srv/s11")


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("folder:outbox", "/srv/s11/outbox"),
        ("folder:a/b", "/srv/s11/a/b"),
        ("folder:/var/mail", "/var/mail"),
        ("folder:///var/mail", "/var/mail"),
        ("FOLDER:outbox", "/srv/s11/outbox"),
    ],
)
def test_a_folder_is_relative_to_the_root(url: str, folder: str) -> None:
    mailer = mailer_for(url, root=ROOT)

    assert isinstance(mailer, FolderMailer)
    assert mailer.folder == Path(folder)


@pytest.mark.parametrize(
    ("url", "facts"),
    [
        ("smtp://mail.example", ("mail.example", 587, "starttls", (None, None), 30.0)),
        ("smtp://u:p%40ss%2F@mail.example:2525?tls=starttls", ("mail.example", 2525, "starttls", ("u", "p@ss/"), 30.0)),
        ("smtp://us%40x.example:p@mail.example", ("mail.example", 587, "starttls", ("us@x.example", "p"), 30.0)),
        ("smtps://u:p@mail.example?timeout=5", ("mail.example", 465, "tls", ("u", "p"), 5.0)),
        ("smtp://u:p@mail.example:465?tls=tls", ("mail.example", 465, "tls", ("u", "p"), 30.0)),
        ("smtp://localhost?tls=none", ("localhost", 25, "none", (None, None), 30.0)),
        ("smtp://u:p@[::1]:2525/?tls=none", ("::1", 2525, "none", ("u", "p"), 30.0)),
        ("smtp://relay.example?tls=none&insecure=yes", ("relay.example", 25, "none", (None, None), 30.0)),
    ],
)
def test_a_mail_server_is_read_from_its_address(url: str, facts: tuple[object, ...]) -> None:
    mailer = mailer_for(url, root=ROOT)

    assert isinstance(mailer, SmtpMailer)
    login = (mailer._username, mailer._password)
    assert (mailer.host, mailer.port, mailer._tls, login, mailer._timeout) == facts


EXAMPLE = "; write folder:outbox or smtp://user:password@mail.example:587?tls=starttls."
NO_SCHEME = "The mail address begins with none of folder:, smtp:// and smtps://" + EXAMPLE
OPTIONS = "After ? the mail server address takes tls=, timeout= and insecure=" + EXAMPLE
SMTPS = "smtps:// is TLS from the first byte and takes no other tls=" + EXAMPLE
NOT_WHOLE = (
    "The mail server address is not complete, its port is not a number, or user or password has a character that must "
    "be percent-encoded" + EXAMPLE
)
LOGIN = "A login at the mail server needs a user name, and a password or a token command; add what is missing."
TIMEOUT = "The mail server's timeout is a number of seconds from 1 to 60" + EXAMPLE


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", NO_SCHEME),
        ("outbox", NO_SCHEME),
        ("imap://u:hunter2@mail.example", NO_SCHEME),
        ("u:hunter2@mail.example", NO_SCHEME),
        ("folder:", "The mail address names no folder" + EXAMPLE),
        ("folder://outbox", "The mail address names no folder" + EXAMPLE),
        ("folder:a\x00b", "The mail address names no folder" + EXAMPLE),
        ("smtp://u:hunter2@mail.example:smtp", NOT_WHOLE),
        ("smtp://u:hunter2@mail.example:99999", NOT_WHOLE),
        ("smtp://u:hunter2#@mail.example", NOT_WHOLE),
        ("smtp://u:hunter2[@mail.example", NOT_WHOLE),
        ("smtp://", NOT_WHOLE),
        ("smtp:mail.example", NOT_WHOLE),
        ("smtp://u:1/hunter2@mail.example", NOT_WHOLE),
        ("smtp://u:\n@mail.example", NOT_WHOLE),
        (
            "smtp://u:hunter2@mail.example:465",
            "The mail server's port 465 is for TLS from the first byte, which is smtps://" + EXAMPLE,
        ),
        ("smtp://u:hunter2@mail.example?tls=maybe", "The mail server's tls is one of none, starttls and tls" + EXAMPLE),
        ("smtps://u:hunter2@mail.example?tls=none", SMTPS),
        ("smtp://u:hunter2@mail.example?tsl=none", OPTIONS),
        ("smtp://u:hunter2@mail.example?tls", OPTIONS),
        ("smtp://u:hunter2@mail.example?timeout=0", TIMEOUT),
        ("smtp://u:hunter2@mail.example?timeout=61", TIMEOUT),
        ("smtp://u:hunter2@mail.example?timeout=999", TIMEOUT),
        (
            "smtp://u:hunter2@mail..example",
            "The mail server's name has a part that is empty or too long; write one such as mail.example.",
        ),
        ("smtp://u@mail.example", LOGIN),
        ("smtp://:hunter2@mail.example", LOGIN),
        ("smtp://hunter2%01@mail.example", "The mail server's user name or password has a control character" + EXAMPLE),
        ("smtp://u:hunter2@mail.example?timeout=", OPTIONS),
        ("smtp://mail.example?tls=none", "Mail without TLS is only for a server on this machine; use tls=starttls."),
        (
            "smtp://u:hunter2@mail.example?tls=none&insecure=yes",
            "A password is not sent without TLS; use tls=starttls.",
        ),
        (
            "smtp://u:hunter2%C3%A9@mail.example",
            "The mail server's user name or password has characters outside ASCII; set another one.",
        ),
    ],
)
def test_a_wrong_address_is_one_sentence_that_never_repeats_it(url: str, sentence: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the whole sentence is compared
        mailer_for(url, root=ROOT)

    assert str(refused.value) == sentence
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


def told(url: str, token: Callable[[], str]) -> tuple[str | None, str | None, Callable[[], str] | None]:
    mailer = mailer_for(url, root=ROOT, token=token)
    assert isinstance(mailer, SmtpMailer)
    return mailer._username, mailer._password, mailer._token


def test_a_token_is_for_a_user_without_a_password_and_for_nobody_else() -> None:
    def token() -> str:
        raise AssertionError("A token was asked for before anybody logged in.")

    assert [told(f"smtp://{login}mail.example", token) for login in ("us@", "us:hunter2@", "")] == [
        ("us", None, token),
        ("us", "hunter2", None),
        (None, None, None),
    ]


def test_the_waits_grow_to_half_a_day_and_end_after_three_days() -> None:
    waits: list[timedelta] = []
    while (wait := next_try(len(waits) + 1)) is not None:
        waits.append(wait)

    minute, hour = timedelta(minutes=1), timedelta(hours=1)
    assert waits == [minute, 5 * minute, 15 * minute, hour, 4 * hour, *[12 * hour] * 6]
    assert timedelta(days=3) < sum(waits, timedelta()) < timedelta(days=3, hours=6)


def test_nothing_is_waited_for_before_the_first_try() -> None:
    with pytest.raises(ValueError, match="1 or more"):
        next_try(0)
