"""What the environment says about this installation, read once and checked; imports nothing of ours."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

Mode = Literal["demo", "trial", "live"]

DATABASE_URL = "S11FLOW_DATABASE_URL"
MAIL_URL = "S11FLOW_MAIL_URL"
MAILBOX_URL = "S11FLOW_MAILBOX_URL"
MAIL_TOKEN_COMMAND = "S11FLOW_MAIL_TOKEN_COMMAND"
MAILBOX_TOKEN_COMMAND = "S11FLOW_MAILBOX_TOKEN_COMMAND"
DKIM_KEY = "S11FLOW_DKIM_KEY"
DKIM_DOMAIN = "S11FLOW_DKIM_DOMAIN"
DKIM_SELECTOR = "S11FLOW_DKIM_SELECTOR"
DOCUMENTS_DIR = "S11FLOW_DOCUMENTS_DIR"
PUBLIC_URL = "S11FLOW_PUBLIC_URL"
MODE = "S11FLOW_MODE"
MAIL_ALLOW = "S11FLOW_MAIL_ALLOW"
MAIL_REDIRECT = "S11FLOW_MAIL_REDIRECT"
ACTOR = "S11FLOW_ACTOR"
TRY_LINKS = "S11FLOW_TRY_LINKS"


class SettingsError(Exception):
    """A variable that cannot be used. One sentence: its name, what is wrong with its value, and what would do.

    `variable` is the name. No text of it repeats a user name or a password.
    """

    def __init__(self, variable: str, wrong: str, instead: str) -> None:
        self.variable = variable
        super().__init__(f"{variable} {wrong}; {instead}.")


def refusal(variable: str, error: ValueError) -> SettingsError:
    """What *error*, a sentence whose end after a semicolon is what would do, says of the variable it was read from."""
    wrong, _, instead = str(error).rstrip(".").rpartition("; ")
    return SettingsError(variable, f"cannot be used: {wrong[:1].lower()}{wrong[1:]}", instead)


@dataclass(frozen=True, kw_only=True)
class Dkim:
    """How mail is signed as it leaves by a mail server."""

    key: Path
    """The file that the private key is in."""
    domain: str
    selector: str
    """Where the DNS of `domain` has the public key: at `selector._domainkey.domain`."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How this installation is set up; every field has the default of a first trial in the working directory.

    What may hold a password is not in its `repr`.
    """

    database_url: str = field(default="sqlite:///s11flow.db", repr=False)
    mail_url: str = field(default="folder:outbox", repr=False)
    mailbox_url: str = field(default="maildir:inbox", repr=False)
    mail_token_command: str | None = field(default=None, repr=False)
    """What prints an access token (OAuth 2.0) for a server whose address has a user and no password; words as in a
    shell."""
    mailbox_token_command: str | None = field(default=None, repr=False)
    """The same for the mailbox alone, where that is another account; None if one serves both."""
    dkim: Dkim | None = None
    """None while s11flow signs no mail."""
    documents_dir: Path = Path("documents")
    public_url: str | None = None
    """Where people reach the web pages, without a slash at the end; None while there is no such place."""
    mode: Mode = "trial"
    mail_allow: tuple[str, ...] = ()
    mail_redirect: str | None = None
    actor: str = "business_unit"
    """Who acts from this shell, as history records it: the word for a role, not a person's name."""
    try_links: bool = False
    """Whether this machine may ask for the links of reports, to see whether they open: others wrote their addresses."""

    @property
    def fetching_token_command(self) -> str | None:
        """What prints a token for the mailbox: its own command, else the one for sending."""
        return self.mailbox_token_command or self.mail_token_command


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Give the settings that *environ* holds; a variable that is empty counts as not there. Raises `SettingsError`."""
    given = {name: text for name, value in environ.items() if name.startswith("S11FLOW_") and (text := value.strip())}
    default = Settings()
    return Settings(
        database_url=_address(given, DATABASE_URL, default.database_url, _DATABASES),
        mail_url=_address(given, MAIL_URL, default.mail_url, _MAILERS),
        mailbox_url=_address(given, MAILBOX_URL, default.mailbox_url, _MAILBOXES),
        mail_token_command=_command(given, MAIL_TOKEN_COMMAND),
        mailbox_token_command=_command(given, MAILBOX_TOKEN_COMMAND),
        dkim=_dkim(given),
        documents_dir=_folder(given, default.documents_dir),
        public_url=_public_url(given.get(PUBLIC_URL)),
        mode=_mode(given.get(MODE, default.mode)),
        mail_allow=_allowed(given.get(MAIL_ALLOW, "")),
        mail_redirect=_redirect(given.get(MAIL_REDIRECT)),
        actor=_role(given.get(ACTOR, default.actor)),
        try_links=_permission(given.get(TRY_LINKS, "no")),
    )


_DATABASES = {
    r"sqlite(\+pysqlite)?:///.+": "sqlite:///s11flow.db",
    r"postgresql(\+psycopg)?://.+": "postgresql://user@host/name",
}
_MAILERS = {r"folder:.+": "folder:outbox", r"smtps?://.+": "smtp://user:password@mail.example:587?tls=starttls"}
_MAILBOXES = {r"maildir:.+": "maildir:inbox", r"imaps?://.+": "imaps://user:password@mail.example"}


def _address(given: Mapping[str, str], variable: str, default: str, forms: Mapping[str, str]) -> str:
    address = given.get(variable, default)
    if not address.isprintable() or not any(re.fullmatch(form, address, re.IGNORECASE) for form in forms):
        raise SettingsError(variable, f"is {_shown(address)}", f"write {' or '.join(forms.values())}")
    return address


def _shown(address: str) -> str:
    """Show of an address only what comes before the first colon: a password may stand anywhere after it."""
    scheme, colon, rest = address.partition(":")
    return ascii(scheme + colon + ("..." if rest else ""))


def _folder(given: Mapping[str, str], default: Path) -> Path:
    text = given.get(DOCUMENTS_DIR, str(default))
    if not text.isprintable():
        raise SettingsError(DOCUMENTS_DIR, f"is {text!a}", "write the path of a folder, such as documents")
    return Path(text)


def _command(given: Mapping[str, str], variable: str) -> str | None:
    """It may hold what must not be shown, so that no error repeats it."""
    text = given.get(variable)
    try:
        words = [] if text is None else shlex.split(text)
    except ValueError:
        words = []
    if text is not None and (not words or not text.isprintable()):
        raise SettingsError(
            variable, "is no command", "write one that prints a token, such as /usr/local/bin/mail-token"
        )
    return text


def _dkim(given: Mapping[str, str]) -> Dkim | None:
    """All three or none: a mail that nobody can check is no better than one that is not signed."""
    names = (DKIM_KEY, DKIM_DOMAIN, DKIM_SELECTOR)
    if not any(name in given for name in names):
        return None
    for name in names:
        if name not in given:
            raise SettingsError(name, "is not set", f"set {', '.join(names[:-1])} and {names[-1]}, or none of them")
    key, domain, selector = (given[name] for name in names)
    if not key.isprintable():
        raise SettingsError(DKIM_KEY, f"is {key!a}", "write the path of a file, such as /etc/s11flow/dkim.pem")
    for name, value, example in ((DKIM_DOMAIN, domain, "partnership.example"), (DKIM_SELECTOR, selector, "s11flow")):
        if not _LABELS.fullmatch(value) or (name == DKIM_DOMAIN and "." not in value):
            raise SettingsError(name, f"is {value!a}", f"write a name of the DNS, such as {example}")
    return Dkim(key=Path(key), domain=domain.lower(), selector=selector.lower())


_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_LABELS = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


def _public_url(text: str | None) -> str | None:
    if text is None:
        return None
    wrong = SettingsError(
        PUBLIC_URL,
        f"is {_shown(text)}",
        "write the address people type, such as https://s11flow.partnership.example, without user, ? and #",
    )
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise wrong from None
    is_plain = text.isprintable() and " " not in text and not (parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not is_plain:
        raise wrong
    return text.rstrip("/")


def _mode(text: str) -> Mode:
    match text.lower():
        case "demo" | "trial" | "live" as mode:
            return mode
    raise SettingsError(MODE, f"is {text!a}", "write demo, trial or live")


_ADDRESS = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+")
_DOMAIN = re.compile(r"@[^\s@,;<>]+\.[^\s@,;<>]+")


def _allowed(text: str) -> tuple[str, ...]:
    entries = tuple(entry for entry in re.split(r"[\s,;]+", text) if entry)
    for entry in entries:
        if not (_ADDRESS.fullmatch(entry) or _DOMAIN.fullmatch(entry)):
            raise SettingsError(
                MAIL_ALLOW,
                f"has the entry {entry!a}",
                "write addresses such as pat@agency.example or domains such as @agency.example, with commas between",
            )
    return entries


def _redirect(text: str | None) -> str | None:
    if text is not None and not _ADDRESS.fullmatch(text):
        raise SettingsError(MAIL_REDIRECT, f"is {text!a}", "write one address such as trial@partnership.example")
    return text


def _permission(text: str) -> bool:
    match text.lower():
        case "yes" | "no" as answer:
            return answer == "yes"
    raise SettingsError(TRY_LINKS, f"is {text!a}", "write yes or no")


def _role(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", text):
        raise SettingsError(
            ACTOR, f"is {text!a}", "write the word for a role, such as business_unit, in small letters and _"
        )
    return text
