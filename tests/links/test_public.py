"""Which numbers are on the public internet, and what of an address is asked for: tables of what attackers write."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s11flow.links.judge import is_sign_in
from s11flow.links.public import is_public
from s11flow.links.target import Refused, target

NUMBERS = {
    True: """
        1.1.1.1 93.184.216.34 100.63.255.255 100.128.0.0 172.15.255.255 172.32.0.1 192.0.1.0 198.17.255.255 198.20.0.1
        223.255.255.255 2606:4700:4700::1111 2a00:1450:4009::200e 64:ff9b::5db8:d822
    """,
    False: """
        0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1
        172.31.255.255 192.0.0.1 192.0.0.9 192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255
        198.51.100.7 203.0.113.7 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 168.63.129.16
        :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:93.184.216.34 ::ffff:0:93.184.216.34 64:ff9b::7f00:1
        64:ff9b::a9fe:a9fe 64:ff9b:1::5db8:d822 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1
        2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:5db8:d822::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1
        fe80::1%eth0 2606:4700::1%eth0 fec0::1 ff02::1 ff0e::1
        localhost 127.1 0x7f.0.0.1 0177.0.0.1 2130706433 1.1.1.1.1 1.1.1.01 1.1.1.1/32 1.1.1.1%eth0
    """,
}


@pytest.mark.parametrize(("number", "told"), [(n, told) for told, numbers in NUMBERS.items() for n in numbers.split()])
def test_a_number_is_public_only_if_it_is_given_out_for_a_single_machine(number: str, told: bool) -> None:
    assert is_public(number) is told


@given(st.ip_addresses())
def test_what_the_library_knows_for_private_is_never_public(number: object) -> None:
    known = ip_address(str(number))
    if known.is_private or known.is_loopback or known.is_link_local or known.is_multicast:
        assert not is_public(str(known))


WHOLE = "it is not a complete web address"
NUMBER = "it has a number where the server's name belongs"
USER = "it has a user name or password in it"


def inside(number: str) -> str:
    """What is said of a number by its look."""
    return f"{number} is an address inside a network, not on the internet"


TAKEN_APART = {
    "https://council.example/policy?page=2#part": ("council.example", 443, b"/policy?page=2"),
    "HTTP://COUNCIL.EXAMPLE.": ("council.example", 80, b"/"),
    "http://council.example:443/": ("council.example", 443, b"/"),
    "https://bücher.example/ä": ("xn--bcher-kva.example", 443, b"/%C3%A4"),
    "https://xn--bcher-kva.example/": ("xn--bcher-kva.example", 443, b"/"),
    "http://93.184.216.34/": ("93.184.216.34", 80, b"/"),
    "http://[2606:4700:4700::1111]/": ("2606:4700:4700::1111", 80, b"/"),
    "http://council.example#@127.0.0.1/": ("council.example", 80, b"/"),
    "http://council.example?@127.0.0.1/": ("council.example", 80, b"/?@127.0.0.1/"),
    "http://127.0.0.1.council.example/": ("127.0.0.1.council.example", 80, b"/"),
    # Not asked for: by its look.
    "http://127.0.0.1/": inside("127.0.0.1"),
    "http://127.1/": NUMBER,
    "http://2130706433/": NUMBER,
    "http://0x7f000001/": NUMBER,
    "http://0x7f.0.0.1/": NUMBER,
    "http://0177.0.0.1/": WHOLE,
    "http://[::1]/": inside("::1"),
    "http://[0:0:0:0:0:0:0:1]/": inside("0:0:0:0:0:0:0:1"),
    "http://[fe80::1%25eth0]/": inside("fe80::1%25eth0"),
    "http://a@127.0.0.1/": inside("127.0.0.1"),
    "http://council.example@127.0.0.1/": inside("127.0.0.1"),
    "http://127.0.0.1@council.example/": USER,
    "http://user:secret@council.example/": USER,
    "http://council.example\\@127.0.0.1/": WHOLE,
    "http://council.example:80\\@127.0.0.1/": WHOLE,
    "http://ｌｏｃａｌｈｏｓｔ/": WHOLE,
    "https://council。example/": '"council。example" is a name inside your own network',
    "http://①②⑦.⓪.⓪.①/": WHOLE,
    "http://127%2e0.0.1/": WHOLE,
    "http://council.example%00.net/": WHOLE,
    "http://council.example%09/": WHOLE,
    "http://council.example /": WHOLE,
    "http://council.example/\r\nX: 1": WHOLE,
    "http://council..example/": WHOLE,
    f"http://{'a' * 64}.example/": WHOLE,
    f"http://council.example/{'a' * 2000}": WHOLE,
    "http://localhost./": '"localhost" is a name inside your own network',
    "http://metadata.google.internal/": '"metadata.google.internal" is a name inside a network, not on the internet',
    "http://council.example:22/": "it names the port 22, and only 80 and 443 are tried",
    "http://council.example:0/": "it names the port 0, and only 80 and 443 are tried",
    "http://council.example:70000/": WHOLE,
    "http:///council.example/": "it names no server",
    "ftp://council.example/": "it begins with ftp:, and only https:// or http:// opens in a browser",
    "file:///etc/passwd": "it is a path on your own network or computer",
    "gopher://council.example/": "it begins with gopher:, and only https:// or http:// opens in a browser",
    "": WHOLE,
}


def asked_for(address: str) -> tuple[str, int, bytes] | str:
    """Of whom it is asked and for what, or why not."""
    try:
        found = target(address)
    except Refused as refused:
        return refused.look.why
    return found.host, found.port, found.path


@pytest.mark.parametrize("address", TAKEN_APART)
def test_an_address_is_asked_for_as_it_was_judged_or_not_at_all(address: str) -> None:
    assert asked_for(address) == TAKEN_APART[address]


@given(st.text(st.characters(codec="utf-8"), max_size=40), st.sampled_from(["", "http://", "https://", "//", "http:"]))
def test_whatever_is_written_is_a_plain_name_or_number_or_refused(text: str, begins: str) -> None:
    try:
        found = target(begins + text)
    except Refused:
        return
    assert found.host.isascii()
    assert not set(found.host) & set("@/\\?#%[] ")


SIGN_IN = {
    "https://login.microsoftonline.com/common/oauth2/authorize": True,
    "https://accounts.google.com/ServiceLogin": True,
    "https://council.example/account/login.aspx": True,
    "https://council.example/sign-in/": True,
    "https://council.example/adfs/ls/": True,
    "https://council.example/wp-login.php": True,
    "https://sso.council.example/": True,
    "https://council.example/policies/signing-in-sheets": False,
    "https://loginstitute.example/": False,
    "https://council.example/author/ized": False,
}


@pytest.mark.parametrize("address", SIGN_IN)
def test_where_people_sign_in_is_known_by_its_look(address: str) -> None:
    _, _, host, path = address.split("/", 3)
    assert is_sign_in(host, f"/{path}") is SIGN_IN[address]
