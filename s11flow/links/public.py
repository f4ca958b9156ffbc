"""Says of a network address whether it is one of the public internet, where anyone may knock."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_NOT_PUBLIC = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
            "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "168.63.129.16/32",  # the host itself, to machines that Azure runs
        ),
    )
)  # fmt: skip
"""The IANA's register of special purposes, written out: what `ipaddress` counts as global differs with its release."""
_UNICAST = IPv6Network("2000::/3")
_NOT_PUBLIC_EITHER = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # Teredo, benchmarks, ORCHID and the like
            "2001:db8::/32", "3fff::/20",  # documentation
            "2002::/16",  # 6to4, which leads to whatever IPv4 address stands in it
        ),
    )
)  # fmt: skip
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""How a network without IPv4 names a server that has nothing else (RFC 6052): the IPv4 address is the last of it."""


def is_public(address: str) -> bool:
    """Whether *address*, an IP address as text, is on the public internet; nothing that is no plain address is.

    Of IPv6 only what is given out for single machines. An IPv4 address within one of IPv6 does not count, but for the
    way in which a network without IPv4 must write it: then that one is judged.
    """
    try:
        number = ip_address(address)
    except ValueError:
        return False
    if isinstance(number, IPv4Address):
        return not any(number in network for network in _NOT_PUBLIC)
    return _is_public_v6(number)


def _is_public_v6(number: IPv6Address) -> bool:
    if number.scope_id is not None:
        return False
    if number in _TRANSLATED:
        return is_public(str(IPv4Address(int(number) & 0xFFFFFFFF)))
    return number in _UNICAST and not any(number in network for network in _NOT_PUBLIC_EITHER)
