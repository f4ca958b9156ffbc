"""Looks an installation over: what a person should see to, each with its cure, and what is only good to know.

The facts are gathered at the edges (`machine`, `store`, `records`); `rules` is a table that turns them into sentences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from s11flow.services.doctor.dns import DnsRecord, dns_records
from s11flow.services.doctor.facts import Facts
from s11flow.services.doctor.machine import look_around
from s11flow.services.doctor.records import read_record
from s11flow.services.doctor.rules import Weight, findings
from s11flow.services.doctor.store import look_at_store

__all__ = ["DnsRecord", "Examined", "examine", "look_around", "look_at_store", "read_record"]


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found: `findings` need a person, `notices` are good to know and may be meant; `dns` is to be there."""

    findings: tuple[str, ...]
    notices: tuple[str, ...]
    dns: tuple[DnsRecord, ...] = ()

    def as_json(self) -> dict[str, list[Any]]:
        """The shape scripts rely on."""
        return {
            "findings": list(self.findings),
            "notices": list(self.notices),
            "dns": [record.as_json() for record in self.dns],
        }


def examine(facts: Facts) -> Examined:
    """Say what the rules find in *facts*. A risk needs a person in live, and is a notice before that."""
    needed = {Weight.FAULT, Weight.RISK} if facts.settings.mode == "live" else {Weight.FAULT}
    found = list(findings(facts))
    return Examined(
        findings=tuple(sentence for weight, sentence in found if weight in needed),
        notices=tuple(sentence for weight, sentence in found if weight not in needed),
        dns=dns_records(facts),
    )
