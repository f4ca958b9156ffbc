"""What a mail says that tells us ours was not delivered: whose it was, whether that will last, and why.

Most mail servers say so in a part for machines (RFC 3464); it is read wherever it sits and however it is written. The
others write a letter, each its own; `flufl.bounce` knows many of them, and what it does not know is looked for in the
text. No clock, no network; what is read comes from outside and may be anything.
"""

from dataclasses import dataclass
from email.message import Message

from notifications.delivery_status import recipient_blocks, refusals, told, went_well
from notifications.failure import Failure, Lasting, without_repeats
from notifications.fields import own_parts, within
from notifications.named_in_letter import failures_in_letter
from notifications.returned import about_which
from notifications.server_letter import is_a_servers_letter, is_from_a_server
from notifications.words import letter_in

__all__ = ["Bounce", "Failure", "Lasting", "about_which", "read_bounce"]


@dataclass(frozen=True, slots=True)
class Bounce:
    """What one bounce says. *about* is the Message-ID of our mail with its brackets, or empty where it is not told."""

    failures: tuple[Failure, ...]
    about: str


def read_bounce(mail: Message) -> Bounce | None:
    """What *mail* says that was not delivered; None for mail that is no bounce, and for news of a delivery.

    A bounce of which the recipient cannot be made out has no failures: a person has to look. What a person passes on
    within a mail of their own is no bounce of theirs; what a server does is read.
    """
    found = _by_its_fields(mail) or _passed_on_by_a_server(mail)
    if found or recipient_blocks(mail) or not is_a_servers_letter(mail):
        return found
    return Bounce(failures_in_letter(mail), about_which(mail))


def _by_its_fields(mail: Message) -> Bounce | None:
    """What the parts for machines say; None where there are none, or where all went well."""
    blocks = recipient_blocks(mail)
    failures = told(blocks, letter_in(mail)) if blocks else refusals(mail)
    if failures:
        return Bounce(without_repeats(failures), about_which(mail))
    if all(went_well(block) for block in blocks):
        return None
    return Bounce(failures_in_letter(mail), about_which(mail))  # the recipient cannot be made out there


def _passed_on_by_a_server(mail: Message) -> Bounce | None:
    """The report within a mail that a server, a gateway say, wrapped once more."""
    if not is_from_a_server(mail):
        return None
    attached = (part for part in own_parts(mail) if part.get_content_type() == "message/rfc822")
    return next(filter(None, (_by_its_fields(each) for part in attached for each in within(part))), None)
