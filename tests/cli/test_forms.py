"""The form is typed about: written, received, shown, returned; and the actions from reviews that stand in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from s11flow.forms import wording
from tests.cli.typed import Cli
from tests.services.filling import Filling

INSIDE = '"intranet" is a name inside your own network'


@pytest.fixture
def form(cli: Cli) -> Filling:
    """The form of an agency, as the command writes it."""
    assert cli("case", "form", "01", "-o", "form.docx", "--now", "2026-09-01").code == 0
    return Filling(Path("form.docx").read_bytes())


def received(cli: Cli, form: Filling, *words: str) -> str:
    """Send a form back."""
    Path("back.docx").write_bytes(form.saved())
    said = cli("case", "receive", "01", "back.docx", "--now", "2026-10-01", *words)
    assert said.code == 0
    return said.out


def test_what_was_read_of_a_form_is_said_and_shown(cli: Cli, form: Filling) -> None:
    form.say(wording.AUTHOR, "Pat").answer("1.1", "Yes, see http://intranet/policy.", "", "Green").answer("2.1", "Yes.")

    said = received(cli, form)
    shown = cli("case", "show", "01", "--now", "2026-10-01").out

    lacks = "standard 3, Safeguarding policies and procedures; standard 4, Listening to children and young people"
    assert said.splitlines() == [
        f"GSCP-2026-01: version 1 is filed. It does not address {lacks}.",
        "  back.docx is the form: 2 requirements are answered, 1 of them with a rating.",
        "  Not answered: 1.2, 1.3, 1.4, 2.2, 2.3, 2.4, 2.5, 2.6, 3.1, 3.2, 3.3, 3.4, 3.5, 3.6, 4.1.",
        f"  Link 1 of back.docx opens only inside: http://intranet/policy ({INSIDE}).",
    ]
    for line in ("completed by", "its own ratings", "links"):
        assert [each for each in shown.splitlines() if each.startswith(line)] != []
    assert "http://intranet/policy (opens only inside" in shown


def test_what_is_no_rating_of_the_scale_is_said_and_not_counted_as_one(cli: Cli, form: Filling) -> None:
    said = received(cli, form.answer("1.1", "Yes.", "", "Green").answer("2.1", "Yes.", "", "purple-ish"))

    assert said.splitlines()[1:3] == [
        "  back.docx is the form: 2 requirements are answered, 1 of them with a rating.",
        '  Not a rating of the scale, kept as it was given: 2.1 "purple-ish".',
    ]


def test_a_dry_run_reads_the_form_and_keeps_nothing(cli: Cli, form: Filling) -> None:
    before = cli.stored()

    received(cli, form.answer("1.1", "Yes."), "--dry-run")

    assert cli.stored() == before


def test_a_report_is_returned_with_what_it_leaves_out_and_the_links_that_open_only_inside(
    cli: Cli, form: Filling
) -> None:
    received(cli, form.answer("1.1", "See http://intranet/policy."))

    done = cli.json("case", "return", "01", "--now", "2026-10-01")
    letter = next(row for row in cli.json("outbox", "list") if row["kind"] == "report_returned")
    text = cli("outbox", "show", str(letter["id"])).out

    asks = (
        f"The link http://intranet/policy does not open for the panel: {INSIDE}. "
        "Give an address that is open to the public, or send the document."
    )
    assert done["state"] == "RETURNED"
    assert [line.strip() for line in text.splitlines() if line.strip()[:2] in {"1.", "2.", "3.", "4."}] == [
        "1. Standard 2, Safe recruitment, induction, training and development, is not addressed.",
        "2. Standard 3, Safeguarding policies and procedures, is not addressed.",
        "3. Standard 4, Listening to children and young people, is not addressed.",
        f"4. {asks}",
    ]
    links = [(link["address"], link["asked"]) for link in cli.json("case", "show", "01")["reading"]["links"]]
    assert links == [("http://intranet/policy", True)]


def test_links_need_not_be_asked_about(cli: Cli, form: Filling) -> None:
    received(cli, form.answers(dict.fromkeys(("1.1", "2.1", "3.1", "4.1"), ("See http://intranet/policy.",))))

    refused = cli("case", "return", "01", "--without-links", "--now", "2026-10-01")

    assert (refused.code, "say at least one gap" in refused.err) == (1, True)


def test_actions_from_reviews_are_added_listed_changed_and_reported_back(cli: Cli) -> None:
    given = ("--title", "Ask children", "--kind", "serious case review", "--due", "2027-03-01", "--now", "2026-06-02")
    tried = cli("agencies", "action", "add", "01", *given, "--dry-run", "--json").json
    held = cli.json("agencies", "action", "add", "01", *given)
    changed = cli.json("agencies", "action", "set", "A1", "--status", "under way", "--now", "2026-06-03")
    assert cli("case", "form", "01", "-o", "form.docx", "--now", "2026-09-01").code == 0
    form = Filling(Path("form.docx").read_bytes()).answer("1.1", "Yes.")
    form.action("A1: Ask children", "serious case review", "done", "The survey")

    said = received(cli, form)

    assert tried["dry_run"]
    assert held == {
        "action": 1, "agency": "01", "kind": "serious case review", "title": "Ask children", "review": "",
        "status": "planned", "evidence": "", "due": "2027-03-01", "reported_by": held["reported_by"],
    }  # fmt: skip
    assert changed["status"] == "under way"
    assert "  A1 is now done on the agency's word (it was under way)." in said.splitlines()
    (listed,) = cli.json("agencies", "action", "list", "01")
    assert (listed["status"], listed["evidence"], listed["reported_by"]) == (
        "done", "The survey", "the agency, in version 1 of GSCP-2026-01",
    )  # fmt: skip
    assert cli.json("agencies", "action", "list", "--open") == []
    assert cli("case", "show", "01", "--now", "2026-10-01").out.count("A1 Ask children (done).") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("list", "99"), "No agency of GSCP has the code 99: see `s11flow agencies list`."),
        (("set", "A7", "--status", "done"), "There is no action A7: see `s11flow agencies action list`"),
        (("set", "seven", "--status", "done"), "'seven' is no number of an action; write it as 7 or A7."),
        (("add", "01", "--title", " ", "--kind", "child death review"), "An action needs a title"),
    ],
)
def test_what_cannot_be_done_to_an_action_is_said(cli: Cli, words: tuple[str, ...], said: str) -> None:
    refused = cli("agencies", "action", *words)

    assert refused.code in (1, 2)
    assert said in refused.err
