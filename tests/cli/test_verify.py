"""`verify` with a checkpoint kept elsewhere: written when all is whole, and compared with what is there."""

import json
import re
from pathlib import Path

from sqlalchemy import create_engine, text

from tests.cli.typed import Cli


def changed(cli: Cli, *statements: str) -> None:
    """Change the database behind the product's back."""
    engine = create_engine(cli.url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_a_checkpoint_is_written_and_what_came_after_does_not_speak_against_it(cli: Cli) -> None:
    written = cli.json("verify", "--write-checkpoint", "kept.json", "--now", "2026-06-01")
    cli("tick", "--now", "2026-07-06T09:00")
    again = cli.json("verify", "--against", "kept.json")
    said = cli("verify", "--against", "kept.json").out

    kept = json.loads(Path("kept.json").read_text())
    assert list(kept) == ["format", "partnership", "at", "checkpoint", "subjects"]
    assert written["checkpoint"] == kept["checkpoint"]
    assert len(kept["subjects"]) == written["subjects"]
    assert again["broken"] == []
    assert again["against"] == {"file": "kept.json", "at": kept["at"], "subjects": written["subjects"]}
    assert said.splitlines()[1:] == [
        "Compared with kept.json: the checkpoint of Monday 1 June 2026, 9am, which names 26 subjects."
    ]


def test_a_checkpoint_is_printed_to_be_sent_elsewhere(cli: Cli) -> None:
    printed = cli("verify", "--write-checkpoint", "-", "--now", "2026-06-01")
    cli("verify", "--write-checkpoint", "kept.json", "--now", "2026-06-01")

    assert printed.out == Path("kept.json").read_text()
    assert printed.err.startswith("All is whole: 26 subjects, ")
    assert not Path("-").exists()
    both = cli("verify", "--write-checkpoint", "-", "--json")
    assert (both.code, both.err) == (
        2, "Invalid value: --json and --write-checkpoint - would both print a document; name a file.\n"
    )  # fmt: skip


def test_what_is_gone_since_a_checkpoint_is_named(cli: Cli) -> None:
    cli("verify", "--write-checkpoint", "kept.json", "--now", "2026-06-01T09:00")
    case = "(select id from subject where ref = 'GSCP-2026-01')"
    last = "(select seq - 1 from subject where ref = 'GSCP-2026-01')"
    changed(
        cli,
        f"delete from history where subject_id = {case} and seq > {last}",
        f"update subject set head = (select hash from history where subject_id = {case} and seq = {last}), "
        "seq = seq - 1 where ref = 'GSCP-2026-01'",
    )

    found = cli("verify", "--against", "kept.json")

    assert found.code == 3
    assert "GSCP-2026-01: its history has 2 lines, and had 3 at the checkpoint of Monday 1 June 2026, 9am." in found.out


def test_no_checkpoint_is_taken_of_what_is_broken(cli: Cli) -> None:
    changed(cli, "update history set actor_id = 'nobody' where seq = 1 and subject_id = 3")

    said = cli("verify", "--write-checkpoint", "kept.json")

    assert (said.code, Path("kept.json").exists()) == (3, False)
    assert said.err == "kept.json was not written: a checkpoint is taken of what is whole.\n"


def test_a_file_that_is_no_checkpoint_is_refused(cli: Cli) -> None:
    cli("verify", "--write-checkpoint", "kept.json")
    kept = Path("kept.json").read_text()
    Path("other.json").write_text(kept.replace("GSCP-2026-01", "GSCP-2026-99"))
    Path("none.json").write_text("{}")
    Path("nowhen.json").write_text(re.sub(r'("at": ".*)[+]..:00"', r'\1"', kept))

    assert cli("verify", "--against", "other.json").err == (
        "other.json is not as it was written: its lines do not give the checkpoint it names.\n"
    )
    assert cli("verify", "--against", "nowhen.json").err.startswith("nowhen.json is not as it was written")
    assert cli("verify", "--against", "none.json").err == (
        "none.json is no checkpoint (KeyError); name a file that `s11flow verify --write-checkpoint` made.\n"
    )
