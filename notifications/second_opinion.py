"""What `flufl.bounce` makes of a mail: it knows the wordings of many mail servers of long ago."""

from collections.abc import Iterable
from email.message import Message
from itertools import islice
from typing import Final

from flufl.bounce import all_failures

from notifications.fields import within
from notifications.headers import restored
from notifications.mentioned import address_in


def second_opinion(mail: Message) -> tuple[list[str], list[str]]:
    """The addresses it finds in *mail*: those still tried, and those given up."""
    try:
        light = _light(mail)
        if not light["From"]:  # one of its detectors takes for granted that there is one
            del light["From"]
            light["From"] = "nobody"
        temporary, permanent = all_failures(light)
    except Exception:  # its detectors raise on mail that is broken enough; ours go on
        return [], []
    return _plain(temporary), _plain(permanent)


_MOST_PARTS: Final = 20
_LONGEST_PART: Final = 100_000


def _light(part: Message) -> Message:
    """The mail without what is attached: `flufl.bounce` goes through every line of every part some 150 times."""
    slim = Message()
    for name, value in part.raw_items():
        slim[name] = restored(str(value)).encode("ascii", "replace").decode()  # it takes every header for a text
    if part.is_multipart():
        slim.set_payload([_light(each) for each in islice(within(part), _MOST_PARTS)])
    elif part.get_content_maintype() == "text":
        written = part.get_payload()
        slim.set_payload(written[:_LONGEST_PART] if isinstance(written, str) else "")
    return slim


def _plain(found: Iterable[bytes]) -> list[str]:
    return sorted({address for item in found if (address := address_in(item.decode("ascii", "replace")))})
