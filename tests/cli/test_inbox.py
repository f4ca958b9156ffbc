"""The mailbox from the command line: collected, looked at, filed, moved, ignored, imported, replayed."""

import mailbox
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.cli.typed import Cli
from tests.services.mails import arrives, docx, mail
from tests.services.scene import at

NOW = "2026-10-20T18:00"
CAME = at("2026-10-20 16:59")
REF = "GSCP-2026-05A"


@pytest.fixture
def contact(cli: Cli) -> str:
    cli("tick", "--now", NOW)
    return str(cli.json("agencies", "show", "05A")["contact_email"])


def comes(cli: Cli, raw: bytes, name: str = "1") -> None:
    arrives(cli.folder / "inbox", name, raw, CAME)


def test_case_38_both_times_are_shown(cli: Cli, contact: str) -> None:
    comes(cli, mail("pat@gmail.com", "the report", files=[("r.docx", docx())], written_at=at("2026-10-19 09:30")))

    done = cli("inbox", "collect", "--now", NOW)
    shown = cli("inbox", "show", "1")

    assert (done.code, done.err.strip()) == (3, "Some mail needs a person; see `s11flow inbox list`.")
    assert "Its own date: Mon 19 Oct 2026 09:30" in shown.out
    assert "Came to us: Tue 20 Oct 2026 16:59" in shown.out
    assert "Please find our report attached." in shown.out


def test_what_is_sure_is_filed_and_moved_when_it_was_wrong(cli: Cli, contact: str) -> None:
    comes(cli, mail(contact, f"S11 Report {REF}", files=[("r.docx", docx())]))

    collected = cli.json("inbox", "collect", "--now", NOW)
    moved = cli.json("inbox", "refile", "1", "01", "--reason", "it is theirs", "--now", NOW)

    assert collected == {
        "collected": 1, "known": 0, "applied": 0, "filed": 1, "ignored": 0, "waiting": 0, "stopped": "",
    }  # fmt: skip
    assert (moved["case"], moved["report"]["case"], moved["version"]) == ("GSCP-2026-01", "GSCP-2026-01", 1)
    assert cli.json("inbox", "list") == []
    assert [row["decision"] for row in cli.json("inbox", "list", "--all")] == ["filed"]
    assert cli.json("verify")["broken"] == []


def test_a_dry_run_leaves_the_mailbox_the_tray_and_the_folder_alone(cli: Cli, contact: str) -> None:
    comes(cli, mail(contact, f"S11 Report {REF}", files=[("r.docx", docx())]))

    tried = cli("inbox", "collect", "--now", NOW, "--dry-run", "--json")

    assert (tried.code, tried.err, tried.json["filed"]) == (
        0,
        "This was a dry run: nothing was changed and nothing was sent.\n",
        1,
    )
    assert cli.json("inbox", "list", "--all") == []
    assert (cli.folder / "inbox" / "new" / "1").is_file()
    assert not (cli.folder / "documents").exists()


def test_filed_as_it_was_thought_and_its_sender_remembered(cli: Cli, contact: str) -> None:
    comes(cli, mail("pat@consultant.example", REF, files=[("r.docx", docx())]))
    cli("inbox", "collect", "--now", NOW)

    done = cli("inbox", "file", "1", "--remember-sender", "--now", NOW)
    comes(cli, mail("pat@consultant.example", f"{REF} again", files=[("r.docx", docx("Better."))]), "2")
    again = cli.json("inbox", "collect", "--now", NOW)

    assert (done.code, done.out.splitlines()[0]) == (0, f"Mail 1 is filed with {REF}.")
    assert again["filed"] == 1


def test_mail_of_nobody_needs_to_be_told_its_case(cli: Cli, contact: str) -> None:
    comes(cli, mail("pat@gmail.com", "hello"))
    cli("inbox", "collect", "--now", NOW)

    refused = cli("inbox", "file", "1", "--now", NOW)

    assert (refused.code, refused.err.strip()) == (1, "Mail 1 is matched to no case; say which it belongs to.")


def test_the_text_of_a_mail_is_filed_as_a_report(cli: Cli, contact: str) -> None:
    comes(cli, mail(contact, REF, text="1. Leadership: we lead."))
    cli("inbox", "collect", "--now", NOW)

    done = cli.json("inbox", "file", "1", "--whole", "--now", NOW)

    assert done["report"]["version"] == 1


def test_an_old_mailbox_is_imported_once_and_replays_as_it_was_read(cli: Cli, contact: str, tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "old.mbox")
    letter = EmailMessage()
    letter["From"], letter["Subject"] = contact, "When is it due?"
    letter.set_content("When?")
    box.add(letter)
    box.close()

    done = [cli("inbox", "import", str(tmp_path / "old.mbox"), "--now", "2027-01-04", "--json") for _ in range(2)]

    told = [(each.code, each.json["collected"], each.json["known"], each.json["waiting"]) for each in done]
    assert told == [(3, 1, 0, 1), (0, 0, 1, 0)]
    assert cli.json("inbox", "replay") == [{"id": 1, "decision": "waiting", "kind": "mail", "differs": []}]


def test_a_mailbox_that_cannot_be_read_is_told(cli: Cli) -> None:
    down = {"S11FLOW_MAILBOX_URL": "imap://clerk:secret@127.0.0.1:1?tls=none"}

    said = cli("inbox", "collect", "--now", NOW, **down)

    assert said.code == 1
    assert said.err.startswith("127.0.0.1:1 did not let us read the mailbox: ")
    assert "secret" not in said.err
