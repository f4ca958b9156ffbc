"""What a mail says that tells us ours was not delivered: whose it was, whether that will last, and why.

Most mail servers say so in a part for machines (RFC 3464); it is read wherever it sits and however it is written. The
others write a letter, each its own; `flufl.bounce` knows many of them, and what it does not know is looked for in the
text. No clock, no network; what is read comes from outside and may be anything.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.message import Message
from enum import StrEnum
from typing import Final

from flufl.bounce import all_failures

from notifications.address import check_address
from notifications.headers import one_line, text_of
from notifications.words import decoded, without_tags

_LONGEST_REASON: Final = 500
_MOST_FAILURES: Final = 100
_LONGEST_TEXT: Final = 200_000
"""Characters of a letter that are looked at: a bounce says what it says at its head."""


class Lasting(StrEnum):
    """Whether it is worth trying again."""

    HARD = "hard"  # not this letter to this address, however often
    SOFT = "soft"  # given up, for a reason that may pass: a full mailbox, a server that was not there for days
    DELAYED = "delayed"  # not given up: the server goes on trying


@dataclass(frozen=True, slots=True)
class Failure:
    """One recipient that did not get our mail. *recipient* is in lower case, as we had addressed it where that is said.

    *status* is the enhanced code of RFC 3463 (`"5.1.1"`) or empty; *why* is the other server's reason on one line.
    """

    recipient: str
    lasting: Lasting
    status: str
    why: str


@dataclass(frozen=True, slots=True)
class Bounce:
    """What one bounce says. *about* is the Message-ID of our mail with its brackets, or empty where it is not told."""

    failures: tuple[Failure, ...]
    about: str


def read_bounce(mail: Message) -> Bounce | None:
    """What *mail* says that was not delivered; None for mail that is no bounce, and for news of a delivery.

    A bounce of which the recipient cannot be made out has no failures: a person has to look.
    """
    blocks = list(_recipient_blocks(mail))
    if blocks:
        told = tuple(filter(None, map(_told, blocks)))
        if not told and all(_went_well(block) for block in blocks):
            return None
        return Bounce(_without_repeats(told) or _in_the_letter(mail), about_which(mail))
    if not _is_a_servers_letter(mail):
        return None
    return Bounce(_in_the_letter(mail), about_which(mail))


def _any_of(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE | re.MULTILINE)


# --- the part for machines


Block = dict[str, str]
_FIELD = re.compile(r"^([A-Za-z][A-Za-z-]{2,60})[ \t]*:(.*)$")
_MARKS_A_BLOCK = frozenset({"final-recipient", "original-recipient", "action", "x-actual-recipient"})


def _recipient_blocks(mail: Message) -> Iterator[Block]:
    """The groups of fields, one for each recipient, of every part that is a delivery status."""
    for part in mail.walk():
        if part.get_content_type() in {"message/delivery-status", "message/global-delivery-status"}:
            for block in _blocks(_status_text(part)):
                if _MARKS_A_BLOCK & block.keys():
                    yield block


def _status_text(part: Message) -> str:
    """The fields as they were written: Python reads them as headers, and the rest as a body below them."""
    pieces: list[str] = []
    if str(part.get("content-transfer-encoding", "")).strip().lower() in {"base64", "quoted-printable"}:
        return _decoded_below(part)
    inside = part.get_payload()
    for group in inside if isinstance(inside, list) else [inside]:
        if isinstance(group, Message):
            pieces.append("\n".join(f"{name}: {value}" for name, value in group.items()))
            below = group.get_payload()
            if isinstance(below, str) and below.strip():
                pieces.append(below)
        else:
            pieces.append(str(group))
    return "\n\n".join(pieces)[:_LONGEST_TEXT]


def _decoded_below(part: Message) -> str:
    """A status part that was encoded, which RFC 3464 does not allow: its only group holds the encoded text."""
    inside = part.get_payload()
    holder = inside[0] if isinstance(inside, list) and inside and isinstance(inside[0], Message) else part
    written = holder.get_payload()
    plain = Message()
    plain["Content-Transfer-Encoding"] = str(part["content-transfer-encoding"])
    plain.set_payload(written if isinstance(written, str) else "")
    content = plain.get_payload(decode=True)
    return content.decode("utf-8", "replace")[:_LONGEST_TEXT] if isinstance(content, bytes) else ""


def _blocks(text: str) -> list[Block]:
    """Fields group by group. A group ends at an empty line, or where a second recipient begins without one."""
    found: list[Block] = [{}]
    last = ""
    for line in text.splitlines():
        field = _FIELD.match(line)
        if field is None:
            if line[:1] in {" ", "\t"} and line.strip() and last:
                found[-1][last] += " " + line.strip()
            elif not line.strip():
                found.append({})
                last = ""
            continue
        last, value = field[1].lower(), field[2].strip()
        if last == "final-recipient" and last in found[-1]:
            found.append({})
        found[-1].setdefault(last, value)
    return [block for block in found if block]


def _told(block: Block) -> Failure | None:
    action = re.split(r"[\s(;]", block.get("action", "").strip().lower(), maxsplit=1)[0]
    recipient = _recipient(block)
    if recipient is None or _went_well(block):
        return None
    why = one_line(_untyped(block.get("diagnostic-code", "")) or block.get("status", ""), _LONGEST_REASON)
    status = _status(block.get("status", "")) or ""
    if action in _STILL_TRYING:
        return Failure(recipient, Lasting.DELAYED, status, why)
    if not action and status.startswith("2"):
        return None
    return Failure(recipient, _lasting(status, why), _told_status(status, why), why)


_STILL_TRYING = frozenset({"delayed", "delay", "warning"})
_DELIVERED = frozenset({"delivered", "relayed", "expanded", "deliverable", "success"})


def _went_well(block: Block) -> bool:
    return block.get("action", "").strip().lower().split(" ", 1)[0] in _DELIVERED


def _recipient(block: Block) -> str | None:
    """Whom we had written to where that is told, else where the mail ended up."""
    asked = _ENCODED_MARK.sub(lambda code: chr(int(code[1], 16)), _untyped(block.get("original-recipient", "")))
    for written in (asked, *(_untyped(block.get(field, "")) for field in ("final-recipient", "x-actual-recipient"))):
        address = _address(written)
        if address:
            return address
    return None


def _untyped(value: str) -> str:
    """The value without the type before it, as in `rfc822; lead@agency.example`."""
    kind, mark, rest = value.partition(";")
    return rest.strip() if mark and re.fullmatch(r"\s*[A-Za-z0-9-]{1,30}\s*", kind) else value.strip()


_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_ENCODED_MARK = re.compile(r"\+(2B|3D)")
"""What RFC 3461 must encode in an address and some servers leave so; any other code may be part of the name."""


def _address(text: str) -> str | None:
    """The one address in *text*, in lower case; None where there is none that could have been written to."""
    cleaned = text.strip().strip("\"'").removeprefix("mailto:")
    inside = re.search(r"<([^<>\s]{3,254})>", cleaned)
    cleaned = (inside[1] if inside else cleaned).strip(" \t<>()[]\"',;:").rstrip(".").lower()
    decoded = _XTEXT.sub(lambda code: chr(int(code[1], 16)), text.strip()).strip(" <>").lower()
    for candidate in (cleaned, decoded):
        if check_address(candidate) is None:
            return candidate
    return None


# --- whether it lasts

_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([45])[0-7]\d(?=[ \-,:;)]|$)(?![.\d])")
_FULL = _any_of(
    r"(mail\s?box|inbox|folder|account|storage)\b[^.]{0,40}\b(is |was )?(full|exceed)",
    r"over\s?quota",
    "quota.{0,20}(exceed|full)",
    r"exceed\w*.{0,40}(quota|storage|mailbox size)",
    "insufficient (disk |system )?(space|storage)",
    "out of (disk|storage)",
    "disk (quota|full)",
    "not enough (disk )?(space|storage)",
    "no space left",
    "mailbox size limit",
    "too full",
    "postfach.{0,40}(voll|überschritten)",
    "boîte.{0,60}pleine",
    "quota.{0,20}(dépass|super|überschritten)",
    "buzón.{0,40}llen",
    "casella.{0,40}piena",
    r"mailbox.{0,20}\bvol\b",
    "переполнен",
    "(邮箱|郵箱|容量).{0,10}(满|滿)",
)
_GONE = _any_of(
    "user unknown",
    "unknown (user|recipient|address|local part|mailbox|account)",
    "no such (user|recipient|mailbox|person|address|account)",
    "does(n't| not) exist",
    "not exist",
    "(recipient|address|mailbox|user|account) (was |is )?(unknown|not found|disabled|inactive|invalid)",
    "(recipient|address|mailbox|user|account) (was |is )?(unavailable|suspended|deactivated)",
    "invalid (recipient|address|mailbox|user)",
    "not listed in",
    "no mailbox",
    "not (a )?known",
    "host (unknown|not found)",
    "domain.{0,30}(not found|does not exist|invalid)",
    "(couldn't|could not|cannot) find",
    "address not found",
    "nxdomain",
    "no (mx|a) record",
    "nullmx",
    "no longer",
)
_PASSING = _any_of(
    "timed? ?out",
    "temporar",
    "try (again|later)",
    "greylist",
    "(connection|host).{0,30}(refused|unreachable)",
    "(unable|failed|could not|couldn't) (to )?(connect|contact|establish)",
    "not responding",
    "no route",
    "too many (hops|messages|connections)",
    "rate limit",
    "resources",
    "deferred",
    "retry (time|limit)",
    "lost connection",
    "too long in the queue",
    "in (the )?queue (too|for)",
    "expired",
    "service unavailable",
    "try(ing)? to deliver.{0,40}days",
)


def _status(value: str) -> str | None:
    found = _ENHANCED.search(value)
    return ".".join(map(str, map(int, found.groups()))) if found else None


def _says_nothing(status: str) -> bool:
    """`5.0.0`, and the codes some servers give to whatever failed."""
    return not status or status.endswith(".0.0") or status in {"5.5.0", "4.5.0"}


def _told_status(status: str, why: str) -> str:
    return (_status(why) or status) if _says_nothing(status) else status


def _lasting(status: str, why: str) -> Lasting:
    """By the code of the status, else of the reason, else by the reply's number, else by the words."""
    told = _told_status(status, why)
    if not _says_nothing(told):
        kind, subject, detail = told.split(".")
        return Lasting.SOFT if kind == "4" or (subject, detail) == ("2", "2") else Lasting.HARD
    if _FULL.search(why) and not _GONE.search(why):
        return Lasting.SOFT
    reply = _REPLY.search(why)
    if reply:
        return Lasting.SOFT if reply[1] == "4" else Lasting.HARD
    if _GONE.search(why):
        return Lasting.HARD
    if _PASSING.search(why) or told.startswith("4"):
        return Lasting.SOFT
    return Lasting.HARD


# --- a letter that a mail server wrote

_A_SERVER = re.compile(
    r"^(mailer[-_.]?daemon|postmaster|post[-_.]?office|mail[-_.]?daemon|mdaemon|mail[-_.]?delivery|mail[-_.]?system|bounces?"
    r"|mmdf|smtp|uucp|exim|daemon|microsoftexchange[0-9a-f]*|mailerdaemon|majordomo|maildelivery|mta)"
    r"([-+_.0-9=].*)?@",
    re.IGNORECASE,
)
_A_SERVERS_NAME = _any_of(
    "mail(er)?[- ]?(delivery|daemon|system|administrator)",
    "postmaster",
    "delivery sub",
    "system administrator",
    "mailbox administrator",
    "mail transfer",
    "mail server",
    "internet mail",
)
_SUBJECT_OF_ONE = _any_of(
    "undeliver",
    "non[- ]?deliver",
    "not delivered",
    "could not be delivered",
    "delivery (status )?(notification|failure|failed|problem|report|error)",
    "delivery (status )?(has been delayed|delayed|incomplete|unsuccessful)",
    "failure notice",
    "fail(ed|ure)( mail)?( delivery|:|$| notice)",
    "returned (mail|to sender|message)",
    "mail(er)? (delivery|system) (fail|error|warn)",
    "bounce",
    "mail delivery status",
    "warning: (could not send|message)",
    "message (delayed|status|could not)",
    "unzustellbar",
    "(nicht|konnte) (zugestellt|zustell)",
    "non (remis|distribu|recapita)",
    "(échec|notification d'échec).{0,20}(remise|distribution)",
    "mancat[ao] (recapito|consegna)",
    "no se (puede|pudo|ha podido|entreg)",
    "não (foi )?(entreg|pôde)",
    "onbestelbaar",
    "niet (worden )?bezorgd",
    "недостав",
    "не доставлен",
    "退信",
    "配信(不能|失敗|エラー)",
    "unknown (user|address|recipient)",
    "user unknown",
    "not deliverable",
    "mail (status report|could not)",
    "delayed mail",
    "error sending",
    "problems? delivering",
    "rejected mail",
)
_ANSWERED = re.compile(r"^\s*(re|aw|fw|fwd|wg|tr|sv)\s*:", re.IGNORECASE)
_SAYS_IT_FAILED = _any_of(
    "(could ?n[o']t|can(no|')t|unable to|not|failed to|never) (yet )?(be |been )?(deliver|reach|send|sent)",
    "un-?deliver",
    "non-?deliver",
    "delivery.{0,40}(fail|error|problem|delay|incomplete|not)",
    "fail.{0,30}(deliver|recipient|address)",
    "returned to (you|sender)",
    "permanent (fatal )?error",
    "did not reach",
    "user unknown",
    "unknown (user|recipient|address)",
    "no such user",
    "(was|has)n't (been )?delivered",
    "unrouteable",
    "bounced",
    "does not exist",
    "mailbox.{0,20}full",
    "over quota",
    "rejected",
    "error.{0,40}deliver",
    "not (been )?(able|accepted)",
    "have(n't| not) been able",
    "address(es)? (that )?failed",
    "problem.{0,30}deliver",
    "deliver.{0,40}(stopped|blocked)",
    "following (recipient|address)",
)
_WENT_WELL = _any_of(
    "success(fully)? (been )?(delivered|relayed|forwarded)",
    "(delivered|relayed|forwarded) successfully",
    r"notification \(success\)",
    "^(relayed|delivered): ",
)
_SURELY_TRIES = _any_of(
    "do not need to re-?send",
    "warning (message )?only",
    "no action is required on your part",
    "will be retried (?!no)",
    "still being retried",
    "has not yet been delivered",
)
_STILL_TRIES = _any_of(
    "will be retried",
    "(has|have|been|is|was) delayed",
    "not yet been delivered",
    "delivery delayed",
    "delayed (mail|delivery)",
    "(still|keep|continue to) (be )?(try|retry|attempt|being made)",
    "no action is required on your part",
    "do not need to (re-?send|do anything)",
    "warning: could not send",
    "will (continue|keep|be made|try|retry)",
    "has been postponed",
    "this is (only |just )?a warning",
    "warning message only",
    "will be (made|attempted) (again|for)",
    "attempts? to deliver.{0,40}will (continue|be)",
    "delivery will be",
    r"status notification \(delay",
    "verzögert",
    "retardé",
    "retrasad",
    "in ritardo",
    "vertraagd",
    "transient non-fatal errors",
)
_REFUSED = _any_of("blocked by", "refused by")
_GIVEN_UP = _any_of(
    "permanent(ly)? (fatal )?(error|fail)",
    "given up",
    "giving up",
    "gave up",
    "returned to sender",
    "could not be delivered(?! for more than)",
    "failed permanently",
    "will not be retried",
    "no further (attempt|delivery)",
    "message was not delivered(?! yet)",
    "expired",
    "removed from the queue",
    "delivery failed",
)


def _is_a_servers_letter(mail: Message) -> bool:
    """Whether a mail server wrote this of a mail of ours. A person who quotes one has an address of their own.

    An out-of-office note may come without a return path too: it does not say that anything failed.
    """
    if mail.get("x-failed-recipients"):
        return True
    subject = text_of(mail.get("subject", ""))
    is_report = mail.get_content_type() == "multipart/report" and _report_type(mail) in {"", "delivery-status"}
    from_a_server = _from_a_server(mail)
    titled = bool(_SUBJECT_OF_ONE.search(subject)) and not _ANSWERED.match(subject)
    if not (is_report or from_a_server or titled) or _is_an_answer(mail, from_a_server=from_a_server, titled=titled):
        return False
    words = _words(mail)
    if _WENT_WELL.search(f"{subject}\n{words[:3000]}"):
        return False
    if from_a_server and titled:  # whatever its language
        return True
    if not (is_report or from_a_server or _by_a_program(mail, words) or any(_second_opinion(mail))):
        return False  # a person, whose subject has such words in it
    if not (_SAYS_IT_FAILED.search(words) or _STILL_TRIES.search(words)):
        return is_report and titled
    return is_report or bool(_addresses(words))


def _report_type(mail: Message) -> str:
    return str(mail.get_param("report-type", "")).lower()


def _from_a_server(mail: Message) -> bool:
    """Nobody's return path, or a server's name; a note that a person's program wrote has that path as well."""
    sender = text_of(mail.get("from", ""))
    address = _address(sender) or sender.lower()
    returns_to = _address(text_of(mail.get("return-path", "")))
    of_a_person = returns_to is not None and not _A_SERVER.match(returns_to)
    return bool(_A_SERVER.match(address)) or (bool(_A_SERVERS_NAME.search(sender)) and not of_a_person)


def _by_a_program(mail: Message, words: str) -> bool:
    """Whether nobody is to get an answer, or the mail says that a program wrote it, or speaks in a server's numbers."""
    returns_to = mail.get("return-path")
    if not text_of(mail.get("auto-submitted", "no")).lower().startswith("no") or text_of(mail.get("from", "")) == "<>":
        return True
    if returns_to is None:
        return bool(_ENHANCED.search(words) or _REPLY.search(words))
    return text_of(returns_to) in {"", "<>"}


def _is_an_answer(mail: Message, *, from_a_server: bool, titled: bool) -> bool:
    answered = "auto-replied" in str(mail.get("auto-submitted", "")).lower()
    noted = any(mail.get(name) for name in ("x-autoreply", "x-autorespond", "x-autoresponder"))
    return (answered or noted) and not (from_a_server and titled)


def _in_the_letter(mail: Message) -> tuple[Failure, ...]:
    """The recipients a letter names, by what knows its wording best; each with what is said about it."""
    words = _words(mail)
    temporary, permanent = _second_opinion(mail)
    ours = _not_recipients(mail)
    stated = _addresses(text_of(mail.get("x-failed-recipients", "")))
    known = [address for address in (*permanent, *temporary) if address not in ours]
    in_words = [address for address in _addresses(_report_of(words)) if address not in ours]
    sent_to = [address for address in _sent_to(mail, words) if address not in ours]
    both = [address for address in in_words if address in sent_to]
    recipients = stated or known or both or in_words[:1] or sent_to[:1]
    subject = text_of(mail.get("subject", ""))
    delayed = _still_tries(words, subject) if stated or not known else not (permanent or _REFUSED.search(words))
    delayed = delayed or (bool(known) and _still_tries(words, subject))
    return _without_repeats(_of_words(address, words, subject, delayed=delayed) for address in recipients)


def _of_words(recipient: str, words: str, subject: str, *, delayed: bool) -> Failure:
    why = _said_about(recipient, words) or one_line(subject, _LONGEST_REASON)
    if delayed:
        return Failure(recipient, Lasting.DELAYED, _status(why) or "", why)
    return Failure(recipient, _lasting("", why), _status(why) or "", why)


def _still_tries(words: str, subject: str) -> bool:
    head = f"{subject}\n{words[:3000]}"
    return bool(_SURELY_TRIES.search(head) or (_STILL_TRIES.search(head) and not _GIVEN_UP.search(head)))


def _second_opinion(mail: Message) -> tuple[list[str], list[str]]:
    """What `flufl.bounce` makes of it: still tried, and given up. It raises on mail that is broken enough."""
    try:
        temporary, permanent = all_failures(mail)
    except Exception:  # its detectors meet whatever was sent; ours go on
        return [], []
    return _plain(temporary), _plain(permanent)


def _plain(found: Iterable[bytes]) -> list[str]:
    return sorted({address for item in found if (address := _address(item.decode("ascii", "replace")))})


_COPY_BEGINS = _any_of(
    r"^\W{0,40}(this is a copy of|below (this|the next) line is|a copy of (the|your) |copy of (the )?original)",
    r"^\W{0,40}original (message|mail)",
    r"^\W{0,40}(the )?(returned|original|failed|rejected|undelivered|unsent) (message|mail)( |$|:)",
    r"^\W{0,40}message (text|header|follows)",
    r"^\W{0,40}(your )?message (headers )?(follow|is returned)",
    r"^\W{0,40}(included is|headers? of the|start of returned|forwarded message)",
    r"^\W{0,40}(your|the) (original )?message (is|was) (attached|included|as follows)",
    r"^\W{0,40}(transcript of session|the header page|mail (header|body) follow|begin(ning)? of )",
    "^(received: (from|by)|return-path:|message-id: ?<|x-mailer:|mime-version:)",
)


def _words(mail: Message) -> str:
    """What a letter says to a person, without what it sends back as an attachment."""
    pieces: list[str] = []
    for part in _told_to_a_person(mail):
        told = decoded(part)
        pieces.append(without_tags(told) if part.get_content_subtype() == "html" else told)
    return "\n".join(pieces)[:_LONGEST_TEXT]


def _told_to_a_person(part: Message) -> list[Message]:
    """The text parts above any mail that is sent back; the page in HTML only where there is no plain text."""
    found: list[Message] = []
    waiting = [part]
    while waiting:
        now = waiting.pop(0)
        inside = now.get_payload()
        if now.get_content_maintype() == "multipart" and isinstance(inside, list):
            waiting[:0] = [item for item in inside if isinstance(item, Message)]
        elif now.get_content_maintype() == "text" and now.get_content_subtype() != "rfc822-headers":
            found.append(now)
    plain = [item for item in found if item.get_content_subtype() == "plain"]
    return plain or found


def _report_of(words: str) -> str:
    """The letter as far as the copy of our own mail, which names addresses of its own."""
    begins = _COPY_BEGINS.search(words, 1)
    head = words[: begins.start()] if begins else words
    return head if _addresses(head) else words


_AN_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,10}")


def _addresses(text: str) -> list[str]:
    """The addresses in *text* that could be written to, in their order, in lower case, each once."""
    found = (_address(match[0].lstrip("'=/.").rstrip("'.-")) for match in _AN_ADDRESS.finditer(text[:_LONGEST_TEXT]))
    return list(dict.fromkeys(filter(None, found)))


def _not_recipients(mail: Message) -> set[str]:
    """Who takes part in a bounce without being the one who did not get the mail: the server, and us."""
    fields = ("from", "to", "reply-to", "return-path", "sender", "delivered-to", "x-original-to")
    return {address for field in fields for value in mail.get_all(field, []) for address in _addresses(text_of(value))}


def _sent_to(mail: Message, words: str) -> list[str]:
    """To whom the mail went that is sent back, by the copy of it."""
    for copy in _copies(mail):
        if addresses := [*_addresses(text_of(copy.get("to", ""))), *_addresses(text_of(copy.get("cc", "")))]:
            return addresses
    in_text = re.search(r"^\W{0,3}to: ?(.{3,300})$", words, re.IGNORECASE | re.MULTILINE)
    return _addresses(in_text[1]) if in_text else []


def _said_about(recipient: str, words: str) -> str:
    """The words around the recipient's address that give the reason: its line and the two after it."""
    report = _report_of(words)
    place = report.lower().find(recipient)
    if place < 0:
        return one_line(report.strip(), _LONGEST_REASON)
    start = report.rfind("\n", 0, place) + 1
    near = report[start : place + len(recipient) + 600]
    told = near if _tells(near) else report
    return one_line(told.strip(), _LONGEST_REASON)


def _tells(text: str) -> bool:
    return any(rule.search(text) for rule in (_ENHANCED, _REPLY, _FULL, _GONE, _PASSING))


# --- which of our mails


_AN_ID = re.compile(r"<[^<>\s@]{1,200}@[^<>\s@]{1,200}>")
_ID_IN_TEXT = re.compile(r"^\W{0,3}message-id:\s*(<[^<>\s@]{1,200}@[^<>\s@]{1,200}>)", re.IGNORECASE | re.MULTILINE)


def about_which(mail: Message) -> str:
    """The Message-ID of the mail that is sent back, by the copy of it, its headers, or what the bounce answers."""
    for copy in _copies(mail):
        found = _AN_ID.search(str(copy.get("message-id", "")))
        if found:
            return found[0]
    in_text = _ID_IN_TEXT.search(_words(mail))
    if in_text:
        return in_text[1]
    for field in ("in-reply-to", "references", "x-ms-exchange-message-id", "original-message-id"):
        every = _AN_ID.findall(str(mail.get(field, "")))
        if every:
            return str(every[-1])
    return ""


_COPIES = frozenset({"message/rfc822", "message/global", "message/global-headers", "message/rfc822-headers"})


def _copies(mail: Message) -> Iterator[Message]:
    """What is sent back of our mail: the mail itself, or its headers as a text."""
    for part in mail.walk():
        inside = part.get_payload()
        if part.get_content_type() in _COPIES and isinstance(inside, list):
            yield from (item for item in inside if isinstance(item, Message))
        elif part.get_content_type() in {"text/rfc822-headers", "message/rfc822-headers", "message/global-headers"}:
            content = part.get_payload(decode=True)
            if isinstance(content, bytes):
                yield _headers(content.decode("utf-8", "replace"))


def _headers(text: str) -> Message:
    found = Message()
    for block in _blocks(text[:_LONGEST_TEXT])[:1]:
        for name, value in block.items():
            found[name] = value
    return found


def _without_repeats(failures: Iterable[Failure]) -> tuple[Failure, ...]:
    """Each recipient once, with the worst that is said of it, in the order of the first mention."""
    worst: dict[str, Failure] = {}
    for failure in failures:
        known = worst.get(failure.recipient)
        if known is None or _RANK[failure.lasting] > _RANK[known.lasting]:
            worst[failure.recipient] = failure
    return tuple(worst.values())[:_MOST_FAILURES]


_RANK: Final = {Lasting.DELAYED: 0, Lasting.SOFT: 1, Lasting.HARD: 2}
