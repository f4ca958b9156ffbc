"""The report as JSON: the canonical file, from which every figure of the others can be had.

Keys are sorted and are the field names of `s11flow.reports.shape`; days are ISO dates, instants carry London's offset.
A share is `{"n", "of", "percent"}`, per cent whole and null out of nothing. To check `sha256`, take it and `built_at`
out, write the rest with sorted keys, no spaces and no escapes but those JSON needs, and digest that as UTF-8.
"""

from __future__ import annotations

import json

from s11flow.reports.shape import AssuranceReport, as_json


def render_json(report: AssuranceReport) -> bytes:
    """The report as UTF-8 JSON, indented for people, ending in a line break."""
    return (json.dumps(as_json(report), sort_keys=True, ensure_ascii=False, indent=2) + "\n").encode()
