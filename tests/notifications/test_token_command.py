"""What a command has to print to be taken for a token, and what is said when it does not."""

from __future__ import annotations

import shlex
import sys

import pytest

from notifications import token_command
from notifications.token_command import TokenUnavailable, token_by, token_from


def python(program: str) -> str:
    return shlex.join([sys.executable, "-c", program])


@pytest.mark.parametrize("token", ["ya29.a-b_c~d+e/f==", "eyJ0eXAi.eyJhdWQi.c2ln"])
def test_what_a_command_prints_is_the_token(token: str) -> None:
    asked = token_by(python(f"print({token!r})"))

    assert asked is not None
    assert asked() == token


def test_without_a_command_nobody_is_asked() -> None:
    assert token_by(None) is None


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (
            python("print('s3cret'); exit(3)"),
            "The command for a mail token ended with 3; run it by hand, as the user of the service.",
        ),
        ("/nowhere/mail-token s3cret", "The command for a mail token cannot be run (No such file or directory); "),
        (python("pass"), "The command for a mail token printed nothing; have it print the token alone."),
        (python("print('s3cret', 'and more')"), "printed something else than a token; have it print the token alone."),
        (python("print('warning: s3cret\\ntoken')"), "printed something else than a token; have it print the token"),
        (python('print(\'{"access_token":"s3cret"}\')'), "printed something else than a token; have it print"),
        (python("import os; os.write(1, b's3cret\\xff')"), "printed something else than a token; have it print the"),
    ],
)
def test_a_command_that_prints_no_token_is_said_in_a_sentence_that_repeats_nothing(command: str, sentence: str) -> None:
    with pytest.raises(TokenUnavailable) as refused:
        token_from(command)

    assert sentence in str(refused.value)
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_command_that_does_not_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_command, "WITHIN", 0.2)

    with pytest.raises(TokenUnavailable, match=r"did not end within 0 seconds; run it by hand"):
        token_from(python("import time; time.sleep(60)"))
