"""What was forecast is what the outbox holds, when every day is ticked and delivered and nobody does anything."""

from typing import Any

from s11flow.cycles import shipped
from tests.cli.typed import REGISTER, Cli

SAME = ("dedupe_key", "kind", "subject", "to", "subject_line", "why", "at")

# Its requests leave late: the cycle is opened on 3 September.
YEAR, PANEL_DAYS, NOW = 2029, ("2029-11-20", "2029-12-04"), "2029-09-03"


def opened(cli: Cli) -> None:
    """Open a cycle whose partnership wants no daily digest: what is left leaves on some fifty days."""
    definition = cli.folder / "quiet.toml"
    definition.write_text('letters_off = ["digest"]\n' + shipped(), encoding="utf-8")
    days = [word for day in PANEL_DAYS for word in ("--panel-day", day)]
    assert cli("init", "--definition", str(definition), "--now", NOW).code == 0
    assert cli("agencies", "import", str(REGISTER), "--now", NOW).code == 0
    assert cli("cycle", "open", str(YEAR), *days, "--now", NOW).code == 0


def compared(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted(tuple(row[name] for name in SAME) for row in rows)


def test_the_outbox_comes_to_hold_what_was_forecast(empty: Cli) -> None:
    opened(empty)
    forecast = empty.json("forecast", "--now", NOW, "--to", f"{YEAR + 1}-04-30")

    for day in sorted({row["at"][:10] for row in forecast} | {NOW}):
        assert empty.json("tick", "--now", f"{day}T18:00")["incidents"] == 0
        assert empty("deliver", "--now", f"{day}T18:00").code == 0

    outbox = empty.json("outbox", "list")
    assert compared(outbox) == compared(forecast)
    assert {row["status"] for row in outbox} == {"SENT"}
    assert len(forecast) > 200
    assert {"report_request", "reminder", "panel_invitation", "non_submission", "escalation"} <= {
        row["kind"] for row in forecast
    }
    assert empty.json("verify")["broken"] == []


def test_a_forecast_is_of_the_days_that_were_asked_for(cli: Cli) -> None:
    whole = cli.json("forecast", "--now", "2026-06-01")

    some = cli.json("forecast", "--now", "2026-06-01", "--from", "2026-10-09", "--to", "2026-10-12")

    assert list(some[0]) == [
        "at", "kind", "subject", "case", "agency", "to", "subject_line", "why", "dedupe_key",
    ]  # fmt: skip
    assert some == [row for row in whole if "2026-10-09" <= row["at"][:10] <= "2026-10-12"]
    assert {row["at"][:10] for row in some} == {"2026-10-09", "2026-10-12"}


def test_a_forecast_reads_as_a_table(cli: Cli) -> None:
    said = cli("forecast", "--now", "2026-06-01", "--from", "2026-10-20T17:00", "--to", "2026-10-20T17:00")

    head, first, *_ = said.out.splitlines()
    assert head.split() == ["When", "Letter", "About", "To", "Subject", "Why"]
    assert first.startswith("Tue 20 Oct 2026 17:00  escalation_warning  GSCP-2026-01  ")
