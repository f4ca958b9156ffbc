"""Headers as text, whatever was sent."""

from __future__ import annotations

from email import message_from_bytes

import pytest

from notifications.headers import text_of


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (b"Report", "Report"),
        (b"=?utf-8?B?UmVwb3J0?=", "Report"),
        (b"=?utf-8?Q?R=C3=A9ponse_automatique?=", "Réponse automatique"),
        (b"=?utf-8?B?UmVw?=\n =?utf-8?B?b3J0?=", "Report"),
        (b"=?utf-8?B?4?=", "=?utf-8?B?4?="),
        (b"=?utf-8?B?!!!!?=", "=?utf-8?B?!!!!?="),
        (b"=?no-such?Q?caf=E9?=", "café"),
        ("Réponse".encode(), "Réponse"),
        ("Réponse".encode("latin-1"), "Réponse"),
        (b"=?utf-8?Q?two=0D=0ABcc:_x@y.example?=", "two Bcc: x@y.example"),
    ],
)
def test_a_header_is_decoded_or_given_as_it_came(written: bytes, text: str) -> None:
    mail = message_from_bytes(b"Subject: " + written + b"\n\n")

    assert text_of(mail["Subject"]) == text
