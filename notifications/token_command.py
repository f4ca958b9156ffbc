"""Access tokens (OAuth 2.0) from a command of the installation's own: how one is got is each provider's own affair.

A token stands for a password. It is asked for anew each time somebody logs in, is kept nowhere, and no error repeats it
or anything else that the command says.
"""

import re
import shlex
import subprocess
from collections.abc import Callable
from functools import partial

Token = Callable[[], str]
"""Gives an access token, a new one each time it is asked. Raises TokenUnavailable."""

WITHIN = 30.0
"""Seconds that a command has to print a token."""

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, 2.1


class TokenUnavailable(Exception):
    """There is no token; the text is one sentence on what to mend."""


def token_by(command: str | None) -> Token | None:
    """What asks *command* for a token, or None if there is no command."""
    return partial(token_from, command) if command else None


def token_from(command: str) -> str:
    """What *command*, whose words are as in a shell, prints: one token. Raises TokenUnavailable."""
    try:
        said = subprocess.run(
            shlex.split(command), stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=WITHIN
        )
    except subprocess.TimeoutExpired:
        raise TokenUnavailable(
            f"The command for a mail token did not end within {WITHIN:.0f} seconds; run it by hand."
        ) from None
    except subprocess.CalledProcessError as error:
        raise TokenUnavailable(
            f"The command for a mail token ended with {error.returncode}; run it by hand, as the user of the service."
        ) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise TokenUnavailable(
            f"The command for a mail token cannot be run ({why}); see that it is there and may be run."
        ) from None
    printed = said.stdout.decode("ascii", "replace").strip()
    if not _TOKEN.fullmatch(printed):
        what = "something else than a token" if printed else "nothing"
        raise TokenUnavailable(f"The command for a mail token printed {what}; have it print the token alone.")
    return printed
