"""One plain mail address, or the reason why it is none."""

import pytest

from notifications.address import check_address


@pytest.mark.parametrize(
    "address",
    [
        "pat@agency.example",
        "pat.o'neill+s11@mail.agency.example",
        "P-A_T@xn--mller-kva.example",
        "a@b.co",
        f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 57}.ex",
    ],
)
def test_one_plain_address_is_fine(address: str) -> None:
    assert check_address(address) is None


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("", "is empty"),
        ("pat", "has no domain"),
        ("pat@", "has no domain"),
        ("pat@agency", "has a domain without a dot"),
        ("pat@agency.example\r\nBcc: eve@evil.example", "has a control character"),
        ("pat\x00@agency.example", "has a control character"),
        ("pat@agency.example\u2028", "has a control character"),
        ("a" * 240 + "@agency.example", "is longer than 254 characters"),
        ("pät@agency.example", "has a character that is not plain ASCII"),
        ("Pat <pat@agency.example>", "is not one address"),
        ("pat@agency.example, eve@evil.example", "is not one address"),
        ("pat@agency.example;eve@evil.example", "is not one address"),
        ('"pat"@agency.example', "is not one address"),
        ("pat..x@agency.example", "is not one address"),
        (".pat@agency.example", "is not one address"),
        (" pat@agency.example", "is not one address"),
        ("@agency.example", "is not one address"),
        ("a" * 65 + "@agency.example", "is not one address"),
        ("pat@-agency.example", "has a domain that cannot exist"),
        ("pat@agency..example", "has a domain that cannot exist"),
        ("pat@agency.example ", "has a domain that cannot exist"),
        ("pat@127.0.0.1", "has a domain that cannot exist"),
        ("pat@[127.0.0.1]", "has a domain that cannot exist"),
    ],
)
def test_anything_else_is_refused_with_its_reason(address: str, reason: str) -> None:
    assert check_address(address) == reason
