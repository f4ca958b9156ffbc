"""The mailer that a setting describes, and when a delayed mail is tried again.

No mailer sends a mail again by itself: an outcome goes back, and the caller decides with ``next_try``.
"""

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from notifications.address import has_control_character
from notifications.folder import FolderMailer
from notifications.outcome import Mailer, Outcome, Status
from notifications.smtp import LONGEST_TIMEOUT, SmtpMailer, Tls

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
_PORTS = {"none": 25, "starttls": 587, "tls": 465}


def mailer_for(url: str, *, root: Path) -> Mailer:
    """Give the mailer that a setting describes; folders are relative to *root*.

    ``folder:outbox``, ``smtp://user:password@host:587?tls=starttls`` (or ``tls=none`` for this machine) and
    ``smtps://user:password@host``. Also ``timeout=`` in seconds, at most 60, and ``insecure=yes``. User and password
    are percent-encoded. A wrong one is a ValueError: one sentence, and it never repeats the setting, which holds a
    password.
    """
    scheme, _, rest = url.partition(":")
    match scheme.lower():
        case "folder":
            return FolderMailer(_folder(rest, root))
        case "smtp" | "smtps":
            return _smtp_mailer(url)
    raise ValueError(f"The mail address begins with none of folder:, smtp:// and smtps://; {_EXAMPLE}.")


def _folder(text: str, root: Path) -> Path:
    path = re.sub(r"^//(?=/)", "", text)
    if not path or path.startswith("//") or has_control_character(path):
        raise ValueError(f"The mail address names no folder; {_EXAMPLE}.")
    return root / path


def _smtp_mailer(url: str) -> SmtpMailer:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # its text repeats the setting
        raise ValueError(f"The mail server's port is not a number; {_EXAMPLE}.") from None
    if not host or parts.path not in ("", "/") or parts.fragment or has_control_character(url):
        raise ValueError(
            "The mail server address is not complete, or has a character in user or password that must be "
            f"percent-encoded; {_EXAMPLE}."
        )
    options = _options(parts.query)
    tls = _tls(parts.scheme.lower(), options)
    return SmtpMailer(
        host,
        port or _PORTS[tls],
        username=_decoded(parts.username),
        password=_decoded(parts.password),
        tls=tls,
        timeout=_timeout(options),
        insecure=options.get("insecure") == "yes",
    )


def _options(query: str) -> dict[str, str]:
    try:
        options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    except ValueError:
        options = {"": ""}
    if not options.keys() <= {"tls", "timeout", "insecure"}:
        raise ValueError(f"After ? the mail server address takes tls=, timeout= and insecure=; {_EXAMPLE}.")
    return options


def _tls(scheme: str, options: dict[str, str]) -> Tls:
    asked = options.get("tls", "tls" if scheme == "smtps" else "starttls")
    if scheme == "smtps" and asked != "tls":
        raise ValueError(f"smtps:// is TLS from the first byte and takes no other tls=; {_EXAMPLE}.")
    match asked:
        case "none" | "starttls" | "tls":
            return asked
    raise ValueError(f"The mail server's tls is one of none, starttls and tls; {_EXAMPLE}.")


def _timeout(options: dict[str, str]) -> float:
    text = options.get("timeout", "30")
    if not re.fullmatch(r"[1-9][0-9]?", text) or int(text) > LONGEST_TIMEOUT:
        raise ValueError(f"The mail server's timeout is a number of seconds from 1 to {LONGEST_TIMEOUT:g}; {_EXAMPLE}.")
    return float(text)


def _decoded(text: str | None) -> str | None:
    return unquote(text) if text else None
