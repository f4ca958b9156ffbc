"""The mailer that a setting describes, and when a delayed mail is tried again.

No mailer sends a mail again by itself: an outcome goes back, and the caller decides with ``next_try``.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from notifications.folder import FolderMailer
from notifications.outcome import Mailer, Outcome, Status
from notifications.server_address import AddressForm, ServerAddress, folder_in
from notifications.smtp import LONGEST_TIMEOUT, SmtpMailer
from notifications.token_command import Token

__all__ = ["LONGEST_WAIT", "FolderMailer", "Mailer", "Outcome", "SmtpMailer", "Status", "mailer_for", "next_try"]

_BACK_OFF = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    *[timedelta(hours=12)] * 6,
)
LONGEST_WAIT = max(_BACK_OFF)
"""The longest that a delayed mail waits for its next try."""


def next_try(attempts: int) -> timedelta | None:
    """Say how long to wait after *attempts* tries (1 or more) that were delayed, or None to give up.

    1 minute, 5 minutes, 15 minutes, 1 hour, 4 hours, then every 12 hours: twelve tries in 77 hours, a little over the
    three days in which a server that went down on a Friday evening is up again.
    """
    if attempts < 1:
        raise ValueError(
            f"There is nothing to wait for after {attempts} tries; give the number made so far, 1 or more."
        )
    return _BACK_OFF[attempts - 1] if attempts <= len(_BACK_OFF) else None


_EXAMPLE = "write folder:outbox or smtp://user:password@mail.example:587?tls=starttls"
_SMTP = AddressForm(
    called="mail server",
    over_tls="smtps",
    ports={"none": 25, "starttls": 587, "tls": 465},
    options=("timeout",),
    example=_EXAMPLE,
)


def mailer_for(url: str, *, root: Path, token: Token | None = None) -> Mailer:
    """Give the mailer that a setting describes; folders are relative to *root*.

    ``folder:outbox``, ``smtp://user:password@host:587?tls=starttls`` (or ``tls=none`` for this machine) and
    ``smtps://user:password@host``. Also ``timeout=`` in seconds, at most 60, and ``insecure=yes``. User and password
    are percent-encoded. A user without a password logs in by OAuth 2.0 with what *token* gives. A wrong one is a
    ValueError: one sentence, and it never repeats the setting, which holds a password.
    """
    scheme, _, rest = url.partition(":")
    match scheme.lower():
        case "folder":
            return FolderMailer(folder_in(rest, root, called="mail", example=_EXAMPLE))
        case "smtp" | "smtps":
            return _smtp_mailer(_SMTP.read(url), token)
    raise ValueError(f"The mail address begins with none of folder:, smtp:// and smtps://; {_EXAMPLE}.")


def _smtp_mailer(address: ServerAddress, token: Token | None) -> SmtpMailer:
    return SmtpMailer(
        address.host,
        address.port,
        username=address.username,
        password=address.password,
        token=token if address.username and address.password is None else None,
        tls=address.tls,
        timeout=_timeout(address.options),
        insecure=address.is_insecure,
    )


def _timeout(options: Mapping[str, str]) -> float:
    text = options.get("timeout", "30")
    if not re.fullmatch(r"[1-9][0-9]?", text) or int(text) > LONGEST_TIMEOUT:
        raise _SMTP.wrong(f"The mail server's timeout is a number of seconds from 1 to {LONGEST_TIMEOUT:g}")
    return float(text)
