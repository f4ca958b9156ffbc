"""What the DNS of a sender's domain should say, so that letters are taken for what they are: SPF, DKIM and DMARC.

Nothing is looked up: who keeps the domain compares, or hands these on to whoever does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

from s11flow.services.doctor.facts import Facts

_CHUNK = 255  # bytes of one string of a TXT record (RFC 1035, 3.3)

# Where a provider's servers send from is in a record of its own.
_SENDS_FROM = {
    "office365.com": "include:spf.protection.outlook.com",
    "outlook.com": "include:spf.protection.outlook.com",
    "gmail.com": "include:_spf.google.com",
}


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """A TXT record, and what is to be known of it; `text` is its strings joined."""

    name: str
    text: str
    note: str

    @property
    def strings(self) -> tuple[str, ...]:
        """The text in pieces that a record can hold."""
        return tuple(self.text[at : at + _CHUNK] for at in range(0, len(self.text), _CHUNK))

    @property
    def line(self) -> str:
        """It as a zone file has it."""
        return f"{self.name}. TXT {' '.join(f'{chr(34)}{string}{chr(34)}' for string in self.strings)}"

    def as_json(self) -> dict[str, object]:
        """The shape scripts rely on."""
        return {"name": self.name, "type": "TXT", "strings": list(self.strings), "note": self.note}


def dns_records(facts: Facts) -> tuple[DnsRecord, ...]:
    """What is to stand in the DNS: nothing while letters go to a folder and none are signed."""
    return tuple(_records(facts)) if facts.machine.mail or facts.machine.dkim else ()


def _records(facts: Facts) -> Iterator[DnsRecord]:
    sender = facts.record.definition.partnership.sender.rpartition("@")[2].lower() if facts.record else None
    if sender and facts.machine.mail:
        yield _spf(sender, _sends_from(facts))
    if facts.settings.dkim and facts.machine.dkim:
        chosen = facts.settings.dkim
        yield DnsRecord(
            f"{chosen.selector}._domainkey.{chosen.domain}",
            f"v=DKIM1; k=rsa; p={facts.machine.dkim.public}",
            "The public half of the key that letters are signed by.",
        )
    if sender:
        yield DnsRecord(
            f"_dmarc.{sender}",
            f"v=DMARC1; p=none; rua=mailto:postmaster@{sender}",
            "If there is one here, or at the domain above, leave it. With p=none nothing is refused and reports come; "
            "once they show no mail of yours that fails, write p=quarantine, later p=reject.",
        )


def _sends_from(facts: Facts) -> str | None:
    """The servers that mail leaves for the world by, as SPF names them; None where nobody here knows."""
    server = facts.machine.mail
    if server is None or server.is_local:
        return None
    host = server.host.lower()
    with suppress(ValueError):
        number = ip_address(host)
        return f"ip{number.version}:{number}" if number.is_global else None
    if "." not in host:
        return None  # a name of the house
    known = (mechanism for domain, mechanism in _SENDS_FROM.items() if f".{host}".endswith(f".{domain}"))
    return next(known, f"a:{host}")


def _spf(sender: str, sends_from: str | None) -> DnsRecord:
    named = sends_from or "mx"
    note = f"Only one record here may begin with v=spf1: if there is one, put {named} in it, before its end."
    if sends_from is None:
        note += " It stands for the servers that take your mail; name others if it leaves by those (a:smtp.example)."
    elif not named.startswith("include:"):
        note += " If that server sends on by others, name those instead."
    return DnsRecord(sender, f"v=spf1 {named} ~all", note)
