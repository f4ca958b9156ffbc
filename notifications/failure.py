"""Who did not get a mail of ours, and whether that lasts: by the codes of servers, else by their words.

What is decided, in this order: a mailbox that is full, a limit that was reached and a server that did not answer for
days may pass, whatever class of code the server chose for it; then the code of RFC 3463 decides, then the reply's
number, then the words. What nothing is known of lasts.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_MOST_FAILURES: Final = 100


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


def any_of(*phrases: str) -> re.Pattern[str]:
    """A pattern that finds any of *phrases*, in capitals or not."""
    return re.compile("|".join(phrases), re.IGNORECASE | re.MULTILINE)


ENHANCED: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
REPLY: Final = re.compile(r"(?<![\d.])([45])[0-7]\d(?=[ \-,:;)]|$)(?![.\d])")
_FULL = any_of(
    r"(mail\s?box|inbox|(mail )?folder|account|storage|maildrop)\b[^.]{0,40}\b(is |was )?(full|exceed)",
    r"(mail\s?box|inbox|account)\b.{0,60}\bis (full|over)\b",
    r"over\s?-?(the )?(\w+ )?quota",
    "quota.{0,40}(exceed|full|reached|violation)",
    r"exceed\w*.{0,40}(quota|storage|mailbox size)",
    "insufficient (disk |system )?(space|storage)",
    "out of (disk|storage)",
    "disk (quota|full)",
    "space (limit )?exceeded",
    "not enough (disk |storage )?(space|storage|room)",
    "no space left",
    "mailbox size limit",
    "mailbox (has )?(exceed|reached)",
    "too full",
    "full mailbox",
    "postfach.{0,40}(voll|überschritten)",
    "speicher(platz|kontingent).{0,40}(voll|überschritten|erschöpft)",
    "bo[iî]te.{0,60}(pleine|saturée)",
    "quota.{0,20}(dépass|super|überschritten|przekro|překro)",
    r"(buz[oó]n|bandeja).{0,60}llen",
    "casella.{0,40}piena",
    "caixa (de correio|postal).{0,40}(cheia|lotada|excedeu)",
    r"(mailbox|postvak).{0,30}\bvol\b",
    "skrzynka.{0,40}(pełna|przepełniona)",
    "(brevlåda|postkass|innboks|postboks).{0,40}(full|fuld)",
    "postilaatikko.{0,40}täynnä",
    "cutia.{0,40}plină",
    "(γραμματοκιβώτιο|θυρίδα).{0,60}(πλήρ|γεμάτ)",
    "תיבת.{0,40}מלאה",
    "صندوق.{0,40}ممتلئ",
    "schránk.{0,40}(plná|překročen)",
    "postafiók.{0,40}(megtelt|betelt)",
    "(posta kutusu|kota).{0,40}(dolu|aş)",
    "переполнен",
    "(邮箱|郵箱|信箱|容量|空间).{0,16}(满|滿|不足|超)",
    "(メールボックス|容量).{0,20}(いっぱい|超え|超過|一杯)",
    "용량.{0,10}초과",
)
_NOT_THERE = any_of(
    "user unknown",
    "unknown (user|recipient|address|local part|mailbox|account)",
    "no such (user|recipient|mailbox|person|address|account)",
    r"does(n't| not) exist",
    "(recipient|address|mailbox|user|account) (was |is )?(unknown|not found|invalid)",
    "invalid (recipient|address|mailbox|user)",
)
_GONE = any_of(
    _NOT_THERE.pattern,
    "not exist",
    "(recipient|address|mailbox|user|account) (was |is |has been )?(disabled|inactive|unavailable|suspended)",
    "(recipient|address|mailbox|user|account) (was |is |has been )?(deactivated|closed|deleted|removed|discontinued)",
    "not listed in",
    "no mailbox",
    "not (a )?known",
    "not? .{0,20}recognized",
    "host (unknown|not found)",
    "domain.{0,30}(not found|does not exist|invalid)",
    "(couldn't|could not|cannot) find",
    "address not found",
    "nxdomain",
    "no (mx|a) record",
    "no (mail )?(servers?|exchangers?|hosts?).{0,30}(exist|found)",
    "null ?-?mx",
    "no longer",
    "no route found to domain",
    "unrouteable",
    "(has|user) moved",
)
_WAITED = any_of(
    "(message|delivery( time)?|retry (time|timeout)|queue(d|ing)?( time)?|time limit)[.;: ]{0,3}(has )?expired",
    "(message|mail) (is |was )?too old",
    r"(been )?in (the )?(mail )?queue (for )?too long",
    "too long in (the )?queue",
    "retry time(out)? (exceeded|not reached)",
    "(allowed|maximum) queue (period|time)",
    "maximum (number of )?(retries|retry|attempts|queue|delivery time)",
    r"(within|after|for|in) (the last )?\d+(\.\d+)? (day|hour)s?\b",
    "all hosts.{0,30}have been failing",
    "(retry|retries|attempts).{0,30}(exhausted|exceeded)",
)
"""What a server says that gave up because nothing had changed for days."""
_BUSY = any_of(
    "rate[- ]?limit",
    "(receive|receiving|hourly|daily|sending) (rate |message )?limit",
    "(hour|day|minute).{0,30}limit",
    "limit.{0,20}per.(hour|day|minute)",
    "too many (messages|connections|concurrent)",
    "throttl",
    "greylist|graylist|grey-list",
)
_AWAY = any_of(
    "timed? ?-?out",
    "(connection|host|server|computer|network)[^.]{0,30}(refused|unreachable|not reachable|down|reset|dropped)",
    "(unable|failed|could not|couldn't|cannot|can't) (to )?(connect|contact|establish)",
    "(host|server|computer|system|domain)[^.]{0,60}(could not|couldn't|cannot|can't) be (reached|contacted)",
    "not? respon(d|se)",
    "not responding",
    "no route(?! found to domain)",
    "no answer from",
    "lost connection",
    "connection (attempt|failed|failure)",
)
_PASSING = any_of(
    _AWAY.pattern,
    "temporar",
    "try (again|later)",
    "resources",
    "deferred",
    "retry (time|limit)",
    "expired",
    "service unavailable",
    "try(ing)? to deliver.{0,40}days",
)

_TOO_BIG: Final = frozenset({("3", "4"), ("2", "3")})
_FULL_CODE: Final = ("2", "2")
_LIMIT_CODES: Final = frozenset({("2", "121"), ("2", "122")})  # Exchange: too much mail within the hour
_TIME_IS_OVER: Final = ("4", "7")


def status_in(value: str) -> str | None:
    """The first code of RFC 3463 in *value* without leading zeros; None where there is none."""
    found = ENHANCED.search(value)
    return ".".join(map(str, map(int, found.groups()))) if found else None


def says_nothing(status: str) -> bool:
    """Whether it is `5.0.0`, or one of the codes some servers give to whatever failed."""
    return not status or status.endswith(".0.0") or status in {"5.5.0", "4.5.0"}


def told_status(status: str, why: str) -> str:
    """The code of a failure: its own unless that says nothing and the reason has one."""
    return (status_in(why) or status) if says_nothing(status) else status


def lasting(status: str, why: str) -> Lasting:
    """Whether a failure that is final lasts, by its code and the server's reason (see above for the order)."""
    told = told_status(status, why)
    if not says_nothing(told):
        return Lasting.SOFT if _may_pass(told, why) else Lasting.HARD
    if (_FULL.search(why) and not _NOT_THERE.search(why)) or _BUSY.search(why):
        return Lasting.SOFT
    reply = REPLY.search(why)
    if reply and reply[1] == "4":
        return Lasting.SOFT
    if _WAITED.search(why) and not _GONE.search(why):
        return Lasting.SOFT
    if reply or _GONE.search(why):
        return Lasting.HARD
    if _PASSING.search(why) or told.startswith("4"):
        return Lasting.SOFT
    return Lasting.HARD


def _may_pass(status: str, why: str) -> bool:
    """Whether a code that says something is of a thing that may pass, or stands beside words that say so."""
    kind, *rest = status.split(".")
    subject, detail = rest
    code = (subject, detail)
    if kind == "4" or code == _FULL_CODE or code in _LIMIT_CODES:
        return True
    if code in _TOO_BIG or _NOT_THERE.search(why):
        return False
    if code == _TIME_IS_OVER or _FULL.search(why) or _BUSY.search(why):
        return True
    if subject == "4":
        return bool(_WAITED.search(why) or _AWAY.search(why)) and not _GONE.search(why)
    return False


def tells(text: str) -> bool:
    """Whether *text* gives a reason by which it can be said whether a failure lasts."""
    return any(rule.search(text) for rule in (ENHANCED, REPLY, _FULL, _GONE, _PASSING, _WAITED, _BUSY))


def without_repeats(failures: Iterable[Failure]) -> tuple[Failure, ...]:
    """Each recipient once, with the worst that is said of it, in the order of the first mention."""
    worst: dict[str, Failure] = {}
    for failure in failures:
        known = worst.get(failure.recipient)
        if known is None or _RANK[failure.lasting] > _RANK[known.lasting]:
            worst[failure.recipient] = failure
    return tuple(worst.values())[:_MOST_FAILURES]


_RANK: Final = {Lasting.DELAYED: 0, Lasting.SOFT: 1, Lasting.HARD: 2}
