"""What kind of mail came in, in the order in which the kinds hide each other (see docs on the mailbox).

A bounce may look like an out-of-office note, a receipt for reading like a bounce, an answer to an invitation like both.
Only the mail itself is looked at: whose report it is, and whether it is one, is for those who know the register.
"""

import re
from dataclasses import dataclass
from email.message import Message
from enum import StrEnum

from notifications.bounce import Bounce, read_bounce
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
class Classified:
    """The kind of a mail, why it was taken for that, and what the kind brings along.

    `method` is what the part that the calendar lies in says of it. `automatic` is why a mail counts as written by a
    program, documents or not; empty where a person may have written it.
    """

    kind: Kind
    why: str
    bounce: Bounce | None = None
    calendar: bytes = b""
    method: str = ""
    automatic: str = ""


def classify(mail: Message, *, has_documents: bool) -> Classified:
    """Say what kind of mail this is. *has_documents*: it brings files that could be a report.

    Mail with documents is an automatic reply only where it says so in so many words: a scanner's mail is automatic too.
    """
    bounce = read_bounce(mail)
    if bounce is not None:
        return Classified(Kind.BOUNCE, "a mail server says that a letter was not delivered", bounce=bounce)
    if _tells_of(mail, "message/delivery-status", "message/global-delivery-status"):
        return Classified(Kind.DELIVERED, "a mail server says that a letter was delivered or passed on")
    if _tells_of(mail, "message/disposition-notification") or _is_read_receipt(mail):
        return Classified(Kind.READ_RECEIPT, "a mail program says that a letter was opened, or deleted unread")
    method, answer = _answer(mail)
    if answer:
        return Classified(Kind.CALENDAR, "a calendar answers an invitation", calendar=answer, method=method)
    automatic = _why_automatic(mail, has_documents=False)
    why = _why_automatic(mail, has_documents=has_documents)
    if why:
        return Classified(Kind.AUTO_REPLY, why, automatic=automatic)
    return Classified(Kind.MAIL, "somebody wrote it", automatic=automatic)


def _tells_of(mail: Message, *types: str) -> bool:
    return any(part.get_content_type() in types for part in mail.walk())


_READ = re.compile(r"^\s*(read|not read|gelesen|lu|leído)\s*:", re.IGNORECASE)


def _is_read_receipt(mail: Message) -> bool:
    reports = str(mail.get_param("report-type", "")).lower() == "disposition-notification"
    return reports or (
        bool(_READ.match(text_of(mail.get("subject", "")))) and bool(mail.get("x-ms-exchange-organization-scl"))
    )


# --- answers to invitations

_ANSWERS = frozenset({b"REPLY", b"COUNTER", b"REFRESH", b"DECLINECOUNTER"})
_ASKS = frozenset({b"REQUEST", b"CANCEL", b"PUBLISH", b"ADD"})
_METHOD = re.compile(rb"^METHOD[^:\r\n]*:[ \t]*([A-Za-z]+)", re.IGNORECASE | re.MULTILINE)


def calendar_answer(mail: Message) -> bytes:
    """The first calendar in *mail* that answers something, as it was written; empty where there is none.

    The method may be told by the part alone or by the calendar alone; one that is told by neither is an answer too,
    since what asks always says so. `text/calendar` goes before a file, which is most often the same once more.
    """
    return _answer(mail)[1]


def _answer(mail: Message) -> tuple[str, bytes]:
    """The method and the content of the first calendar that answers something; both empty where there is none."""
    found = sorted(_calendars(mail), key=lambda item: item[0])
    answers = ((method, content) for _, method, content in found if method in _ANSWERS or method not in _ASKS)
    method, content = next(answers, (b"", b""))
    return method.decode("ascii", "replace"), content


def _calendars(mail: Message) -> list[tuple[int, bytes, bytes]]:
    found: list[tuple[int, bytes, bytes]] = []
    for part in mail.walk():
        named = text_of(part.get_filename("")).lower()
        is_text = part.get_content_type() == "text/calendar"
        if not (is_text or part.get_content_type() == "application/ics" or named.endswith((".ics", ".vcs"))):
            continue
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes) or b"BEGIN:VCALENDAR" not in content.upper():
            continue
        inside = _METHOD.search(content)
        method = inside[1] if inside else str(part.get_param("method", "")).encode("ascii", "replace")
        found.append((0 if is_text else 1, method.upper(), content))
    return found


# --- automatic mail

_AWAY = re.compile(
    r"^\s*(\[?auto(matic|mated)?[- ]?(reply|response|antwort)\]?|out[- ]of[- ](the[- ])?office|autoreply|away from"
    r"|vacation|(i am |i'm )?on (annual |maternity |sick )?leave|abwesen|réponse automatique|respuesta automática"
    r"|risposta automatica|automatische antwoord)",
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
