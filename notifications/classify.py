"""What kind of mail came in, in the order in which the kinds hide each other (see docs on the mailbox).

A bounce may look like an out-of-office note, a receipt for reading like a bounce, an answer to an invitation like both.
Only the mail itself is looked at: whose report it is, and whether it is one, is for those who know the register.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from enum import StrEnum
from typing import Final

from notifications.bounce import Bounce, read_bounce
from notifications.fields import DISPOSITIONS, STATUSES, own_parts
from notifications.headers import text_of


class Kind(StrEnum):
    """The kinds, in the order in which they are looked for."""

    BOUNCE = "bounce"  # a letter of ours was not delivered, or is late
    DELIVERED = "delivered"  # a server says that it delivered or passed on a letter
    READ_RECEIPT = "read receipt"
    CALENDAR = "calendar"  # an answer to an invitation
    AUTO_REPLY = "auto-reply"  # out of office, received with thanks
    MAIL = "mail"  # all the rest: a person's mail, or a machine's with documents


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """A calendar file of a mail as it was written; its method in capitals, and the charset the mail gives it."""

    content: bytes
    method: str = ""
    charset: str = ""


@dataclass(frozen=True, slots=True)
class Classified:
    """The kind of a mail, why it was taken for that, and what the kind brings along.

    `calendars` are the files that answer an invitation. `automatic` is why a mail counts as written by a program,
    documents or not, or is not to be answered by one; empty where a person may have written it and may be answered.
    `asks` is the method of a calendar file that answers nothing: REQUEST where somebody invites us. `is_reply`: an
    automatic mail says in so many words that it answers one; others may be a notice of something.
    """

    kind: Kind
    why: str
    bounce: Bounce | None = None
    calendars: tuple[CalendarFile, ...] = ()
    automatic: str = ""
    asks: str = ""
    is_reply: bool = False


def classify(mail: Message, *, has_documents: bool) -> Classified:
    """Say what kind of mail this is. *has_documents*: it brings files that could be a report.

    Mail with documents is an automatic reply only where it says so in so many words: a scanner's mail is automatic too.
    """
    bounce = read_bounce(mail)
    if bounce is not None:
        return Classified(Kind.BOUNCE, "a mail server says that a letter was not delivered", bounce=bounce)
    if _tells_of(mail, STATUSES):
        return Classified(Kind.DELIVERED, "a mail server says that a letter was delivered or passed on")
    if _tells_of(mail, DISPOSITIONS) or _is_read_receipt(mail):
        return Classified(Kind.READ_RECEIPT, "a mail program says that a letter was opened, or deleted unread")
    files = calendar_files(mail)
    answers = tuple(file for file in files if file.method in _ANSWERS or file.method not in _ASKS)
    if answers:
        return Classified(Kind.CALENDAR, "a calendar answers an invitation", calendars=answers)
    automatic = _why_automatic(mail, has_documents=False) or _why_unanswered(mail)
    why = _why_automatic(mail, has_documents=has_documents)
    if why:
        is_reply = bool(_why_automatic(mail, has_documents=True))  # then only what says so in so many words counts
        return Classified(Kind.AUTO_REPLY, why, automatic=automatic, is_reply=is_reply)
    return Classified(Kind.MAIL, "somebody wrote it", automatic=automatic, asks=files[0].method if files else "")


def _tells_of(mail: Message, types: frozenset[str]) -> bool:
    """Whether a part of the mail is of one of *types*; not of a mail that somebody passes on within it."""
    return any(part.get_content_type() in types for part in own_parts(mail))


_READ = re.compile(r"^\s*(read|not read|gelesen|lu|leído)\s*:", re.IGNORECASE)


def _is_read_receipt(mail: Message) -> bool:
    reports = str(mail.get_param("report-type", "")).lower() == "disposition-notification"
    return reports or (
        bool(_READ.match(text_of(mail.get("subject", "")))) and bool(mail.get("x-ms-exchange-organization-scl"))
    )


# --- answers to invitations

MOST_CALENDARS: Final = 10
"""Calendar files that are read of one mail; an answer brings one, often twice."""

_ANSWERS = frozenset({"REPLY", "COUNTER", "REFRESH", "DECLINECOUNTER"})
_ASKS = frozenset({"REQUEST", "CANCEL", "PUBLISH", "ADD"})
_METHOD = re.compile(rb"^METHOD[^:\r\n]*:[ \t]*([A-Za-z]+)", re.IGNORECASE | re.MULTILINE)
_CALENDAR_TYPES = frozenset(
    {"text/calendar", "application/ics", "text/x-vcalendar", "application/calendar", "application/x-ical"}
)
_CALENDAR_NAMES = (".ics", ".vcs", ".ical")
_BEGINS = b"BEGIN:VCALENDAR"


def is_calendar(content_type: str, name: str) -> bool:
    """Whether a part is a calendar file by its type, or else by its name."""
    return content_type in _CALENDAR_TYPES or name.lower().endswith(_CALENDAR_NAMES)


def calendar_files(mail: Message) -> tuple[CalendarFile, ...]:
    """The calendar files in *mail*, `text/calendar` before what is attached, which is most often the same once more.

    The method may be told by the part alone or by the calendar alone. One that is told by neither is an answer too,
    since what asks always says so.
    """
    found: dict[bytes, CalendarFile] = {}
    for _, file in sorted(_calendars(mail), key=lambda item: item[0]):
        found.setdefault(b"".join(file.content.split()), file)
    return tuple(found.values())[:MOST_CALENDARS]


def _calendars(mail: Message) -> Iterator[tuple[int, CalendarFile]]:
    for part in mail.walk():
        kind = _type_of(part)
        if not is_calendar(kind, text_of(part.get_filename(""))):
            continue
        content = part.get_payload(decode=True)
        if isinstance(content, bytes) and (plain := _plain(content)):
            inside = [found.decode("ascii").upper() for found in _METHOD.findall(plain)]
            stated = next((found for found in inside if found in _ANSWERS), inside[0] if inside else "")
            method = stated or _param(part, "method").upper()
            yield int(kind != "text/calendar"), CalendarFile(content, method, _param(part, "charset"))


def _type_of(part: Message) -> str:
    """The type of a part; the library takes one with a comment, or without its semicolon, for plain text."""
    written = re.match(r"\s*(text/calendar|application/ics)\b", str(part.get("content-type", "")), re.IGNORECASE)
    return written[1].lower() if written else part.get_content_type()


def _param(part: Message, name: str) -> str:
    """A parameter of a Content-Type, which the library gives as a triple when it was encoded."""
    value = part.get_param(name, "")
    return str(value[2] if isinstance(value, tuple) else value or "").strip()


def _plain(content: bytes) -> bytes:
    """A calendar's letters, also of UTF-16 and of what is still in the encoding that carried it; else nothing."""
    letters = content.replace(b"\x00", b"")
    if _BEGINS in letters.upper():
        return letters
    try:
        carried = base64.b64decode(b"".join(content.split()), validate=True).replace(b"\x00", b"")
    except (binascii.Error, ValueError):
        return b""
    return carried if _BEGINS in carried.upper() else b""


# --- automatic mail

_AWAY = re.compile(
    r"^\s*(\[?auto(matic|mated)?[- ]?(reply|response|antwort)\]?|out[- ]of[- ](the[- ])?office|autoreply|away from"
    r"|vacation|(i am |i'm )?on (annual |maternity |sick )?leave|abwesen|réponse automatique|absence du bureau"
    r"|resp(ue|o)sta automática|fuera de la oficina|fora do escritório|risposta automatica|fuori (sede|ufficio)"
    r"|automatisch(e)? antwoord|afwezig|autosvar|automatiskt svar|frånvaro|fravær|automaattinen vastaus|poissa"
    r"|odpowiedź automatyczna|automatyczna odpowiedź|autoodpowiedź|automatická odpověď|automatikus válasz"
    r"|răspuns automat|otomatik yanıt|автоответ|автоматический ответ|ymateb awtomatig"
    r"|自動応答|自動返信|自动回复|자동 회신)",
    re.IGNORECASE,
)
_NOTES = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-mail-autoreply", "x-autoreply-from", "x-vacation")


def _why_automatic(mail: Message, *, has_documents: bool) -> str:
    """The sign by which a mail is known as written by a program, in words; empty where a person may have written it."""
    submitted = text_of(mail.get("auto-submitted", "")).lower()
    if submitted.startswith("auto-replied"):
        return "its header Auto-Submitted says so"
    noted = next((name for name in _NOTES if text_of(mail.get(name, "")).lower() not in {"", "no", "false"}), "")
    if noted:
        return f"its header {noted} says so"
    if _AWAY.search(text_of(mail.get("subject", ""))):
        return "its subject says that somebody is away"
    if has_documents:
        return ""
    if submitted and not submitted.startswith("no"):
        return "its header Auto-Submitted says so"
    precedence = text_of(mail.get("precedence", "")).lower()
    if precedence in {"auto_reply", "bulk", "junk", "list"}:
        return f"its header Precedence says {precedence}"
    if str(mail.get("return-path", "")).strip() == "<>":
        return "it came without an address to return it to"
    return ""


_LISTS = ("list-id", "list-post", "list-help", "list-unsubscribe", "list-subscribe", "list-owner", "list-archive")


def _why_unanswered(mail: Message) -> str:
    """Why no program may answer a mail that a person may have written (RFC 3834, 2; MS-OXCMAIL, 2.2.3.2.14)."""
    listed = next((name for name in _LISTS if mail.get(name)), "")
    if listed:
        return f"its header {listed} says that a list sent it"
    wished = {wish.strip() for wish in text_of(mail.get("x-auto-response-suppress", "")).lower().split(",")}
    if wished & {"all", "autoreply"}:
        return "its header X-Auto-Response-Suppress asks for no answer"
    if "mailer-daemon" in text_of(mail.get("return-path", "")).lower():
        return "it came without an address to return it to"
    return ""
