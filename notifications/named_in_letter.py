"""Whom the letter of a mail server names as not reached, and what it says of each."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from typing import Final

from notifications.delivery_status import LONGEST_REASON, blocks_in_letter, told
from notifications.failure import Failure, Lasting, any_of, lasting, status_in, tells, without_repeats
from notifications.headers import one_line, text_of
from notifications.mentioned import address_in, addresses_in, named_together
from notifications.returned import copies_in
from notifications.second_opinion import second_opinion
from notifications.server_letter import A_SERVER, REFUSED, aside_from, is_to_help, still_tries
from notifications.words import letter_in


def failures_in_letter(mail: Message) -> tuple[Failure, ...]:
    """The recipients a letter names, by what knows its wording best; each with what is said about it."""
    words = letter_in(mail)
    if found := told(blocks_in_letter(words), words):
        return without_repeats(found)
    named, subject = _named(mail, words), text_of(mail.get("subject", ""))
    delayed = named.still_tried or still_tries(words, subject)
    aliases, report = _aliases(words), _before(_COPY_BEGINS, words)
    return without_repeats(
        _of_words(address, named.recipients, aliases.get(address, address), report, subject, delayed=delayed)
        for address in named.recipients
        if address in named.stated or address not in aliases.values()
    )


@dataclass(frozen=True, slots=True)
class _Named:
    """The recipients; those a header states; and whether the wording is known as of mail that is still tried."""

    recipients: list[str]
    stated: list[str]
    still_tried: bool


_MOST_NAMED: Final = 200
"""Addresses of a letter that are looked at: ours go to one person each."""


def _named(mail: Message, words: str) -> _Named:
    temporary, permanent = second_opinion(mail)
    report, aside = _report_in(words), aside_from(mail)
    stated = addresses_in(text_of(mail.get("x-failed-recipients", "")))
    mentioned = _without(aside, addresses_in(report))[:_MOST_NAMED]
    sent_to = _without(aside, _sent_to(mail, words))
    in_words = [address for address in mentioned if address in sent_to or not is_to_help(address, report)]
    known = [address for address in (*permanent, *temporary) if address in {*in_words, *sent_to}]
    both = [address for address in in_words if address in sent_to]
    listed = [address for address in _listed(report) if address in in_words]
    first = [found for each in in_words[:1] for found in named_together(each, report) if found not in aside]
    in_subject = _without(aside, addresses_in(text_of(mail.get("subject", ""))))
    recipients = stated or known or both or listed or first or sent_to[:1] or in_subject[:1] or mentioned[:1]
    still_tried = bool(known) and not (stated or permanent or REFUSED.search(words))
    return _Named(recipients, stated, still_tried)


def _without(aside: set[str], found: Iterable[str]) -> list[str]:
    """*found* without those who take part otherwise, and without servers where others are named too."""
    rest = [address for address in found if address not in aside]
    return [address for address in rest if not A_SERVER.match(address)] or rest


_LISTED = re.compile(r"^[^\w\n@]{0,12}([^\s@<>:;,()]{1,64}@[^\s@<>:;,()]{1,190})", re.MULTILINE)


def _listed(report: str) -> list[str]:
    """The addresses with which a line begins."""
    return [address for match in _LISTED.finditer(report) if (address := address_in(match[1]))]


_MADE_OF = re.compile(
    r"^[^\w\n@]{0,12}<?([^\s@<>]{1,64}@[^\s@<>:]{1,190})>?:?"
    r"(?:\s{1,40}\([^()\n]{0,300}\)){0,2}"
    r"\s{1,40}\((?:ultimately )?(?:generated|expanded|forwarded|redirected) from:? {0,4}"
    r"<?([^\s@<>()]{1,64}@[^\s@<>()]{1,190})>?\)",
    re.MULTILINE | re.IGNORECASE,
)


def _aliases(words: str) -> dict[str, str]:
    """Whom we had written to, by the address that the server made of it: what is known of is the former."""
    found = ((address_in(match[1]), address_in(match[2])) for match in _MADE_OF.finditer(words))
    return {made: asked for made, asked in found if made and asked}


def _of_words(address: str, among: list[str], recipient: str, report: str, subject: str, *, delayed: bool) -> Failure:
    said = _said_about(address, among, report) or subject
    why, status = one_line(said, LONGEST_REASON), status_in(said) or ""
    return Failure(recipient, Lasting.DELAYED if delayed else lasting("", said), status, why)


_A_COPY = (
    r"^\W{0,40}(this is a copy of|below (this|the next) line is|a copy of (the|your) |copy of (the )?original)",
    r"^\W{0,40}original (message|mail)",
    r"^\W{0,40}(the )?(returned|original|failed|rejected|undelivered|unsent) (message|mail)( |$|:)",
    r"^\W{0,40}message (text|header|follows)",
    r"^\W{0,40}(your )?message (headers )?(follow|is returned)",
    r"^\W{0,40}(included is|headers? of the|start of returned|forwarded message)",
    r"^\W{0,40}(your|the) (original )?message (is|was) (attached|included|as follows)",
    r"^\W{0,40}(the header (page|of|and)|mail (header|body) follow|begin(ning)? of )",
    "^(received: ?(from|by)|return-path:|message-id: ?<|x-mailer:|mime-version:)",
)
_COPY_BEGINS = any_of(*_A_COPY)
_REPORT_ENDS = any_of(*_A_COPY, r"^\W{0,40}transcript of session")


def _report_in(words: str) -> str:
    """The letter as far as the copy of our own mail and the servers' talk, which name addresses of their own."""
    return _before(_REPORT_ENDS, words)


def _before(end: re.Pattern[str], words: str) -> str:
    begins = end.search(words, 1)
    head = words[: begins.start()] if begins else words
    return head if addresses_in(head) else words


def _sent_to(mail: Message, words: str) -> list[str]:
    """To whom the mail went that is sent back, by the copy of it."""
    for copy in copies_in(mail):
        if found := [*addresses_in(text_of(copy.get("to", ""))), *addresses_in(text_of(copy.get("cc", "")))]:
            return found
    in_text = re.search(r"^\W{0,3}to: ?(.{3,300})$", words, re.IGNORECASE | re.MULTILINE)
    return addresses_in(in_text[1]) if in_text else []


_NEAR: Final = 600
_LONGEST_SAID: Final = 4_000
_MOST_PLACES: Final = 5


def _said_about(recipient: str, among: list[str], report: str) -> str:
    """The words that give the reason: those after the recipient's address, as far as the next; else the whole report.

    An address may stand in a list first and with its reason later, so each place is looked at.
    """
    lowered, place, others = report.lower(), -1, [each for each in among if each != recipient]
    for _ in range(_MOST_PLACES):
        place = lowered.find(recipient, place + 1)
        if place < 0:
            break
        end = place + len(recipient)
        after = [found for each in others if (found := lowered.find(each, end, end + _NEAR)) >= 0]
        near = report[report.rfind("\n", 0, place) + 1 : min([end + _NEAR, *after])]
        if tells(near):
            return near.strip()
    return report.strip()[:_LONGEST_SAID]
