"""Links are tried from the command line: only with permission, never on a dry run, and what came of it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from s11flow.links import fetch
from tests.cli.typed import Cli
from tests.links.servers import OUTSIDE, Server, answers, is_outside, names, serving

NOW = ("--now", "2026-10-05T12:00")
PERMITTED = {"S11FLOW_TRY_LINKS": "yes"}


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that asks for a sign-in."""
    with serving(answers(401)) as found:
        yield found


@pytest.fixture
def address(cli: Cli, server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """A link of a report that came; what stands for the internet is on loopback."""
    monkeypatch.setattr(fetch, "PORTS", (server.port,))

    class Loopback(fetch.Opener):
        """The internet, as far as this test is concerned."""

        def __init__(self) -> None:
            super().__init__(names(council_example=OUTSIDE), is_outside, ports=(server.port,))

    monkeypatch.setattr(fetch, "Opener", Loopback)
    found = f"http://council.example:{server.port}/policy"
    Path("report.txt").write_text(f"See {found} for our policy, and http://intranet/ too.")
    assert cli("case", "receive", "01", "report.txt", *NOW).code == 0
    return found


def test_without_permission_no_link_is_asked_for(cli: Cli, address: str, server: Server) -> None:
    refused = cli("links", "try", *NOW)
    in_a_demonstration = cli("links", "try", *NOW, S11FLOW_MODE="demo", **PERMITTED)

    assert (refused.code, refused.out, refused.err) == (
        4,
        "",
        (
            "No link was tried: this machine may not ask for addresses that others wrote; if your organisation permits "
            "it, set S11FLOW_TRY_LINKS to yes (a demonstration never does).\n"
        ),
    )
    assert in_a_demonstration == refused
    assert server.knocks == 0
    assert f"{address} (not tried)" in cli("case", "show", "01", *NOW).out


def test_a_dry_run_says_what_would_be_asked_for_and_asks_nobody(cli: Cli, address: str, server: Server) -> None:
    before = cli.stored()

    said = cli("links", "try", "01", "--dry-run", "--json", *NOW, **PERMITTED)

    assert (said.code, said.json) == (
        0,
        {"would_try": [{"case": "GSCP-2026-01", "version": 1, "address": address}], "dry_run": True},
    )
    assert address in cli("links", "try", "--dry-run", *NOW).out  # which asks nobody, so needs no permission
    assert (server.knocks, cli.stored()) == (0, before)


def test_with_permission_a_link_is_tried_once_and_again_when_asked(cli: Cli, address: str, server: Server) -> None:
    why = "it asks for a sign-in or refuses (its server answered 401)"
    first = cli.json("links", "try", *NOW, **PERMITTED)
    second = cli("links", "try", *NOW, **PERMITTED)
    again = cli("links", "try", "01", "--again", *NOW, **PERMITTED)
    shown = cli("case", "show", "01", *NOW).out

    at = "2026-10-05T12:00:00+01:00"
    row = {"case": "GSCP-2026-01", "version": 1, "address": address, "at": at, "outcome": "sign_in", "why": why}
    assert first == {"tried": [row]}
    assert (second.code, second.out, second.err) == (0, "", "No link waits to be tried.\n")
    assert (again.code, why in again.out, server.knocks) == (0, True, 2)
    assert f"{address} ({why}, as of Mon  5 Oct 2026 12:00)" in shown
    assert "http://intranet/ (opens only inside" in shown


def test_all_links_of_all_cases_are_not_tried_again_at_once(cli: Cli) -> None:
    refused = cli("links", "try", "--again", **PERMITTED)

    assert (refused.code, refused.err) == (
        2,
        "Invalid value: Say of which case: --again tries the links of one report once more.\n",
    )
