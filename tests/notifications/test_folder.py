"""Mail in a folder: whole, or not there at all."""

import subprocess
import sys
from pathlib import Path

import pytest

from notifications.folder import FolderMailer
from notifications.outcome import Outcome, Status

NAME = "2026-10-20_0930_000123_reminder_GSCP-2026-05A"


def send(mailer: FolderMailer, raw: bytes = b"mail\r\n", name: str = NAME) -> Outcome:
    return mailer.send(raw, sender="us@partnership.example", recipient="pat@agency.example", name=name)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_mail_is_one_file_of_exactly_its_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "outbox"

    with FolderMailer(folder) as mailer:
        assert send(mailer) == Outcome(Status.SENT, f"Filed as {NAME}.eml in {folder}.")

    assert files(folder) == {f"{NAME}.eml": b"mail\r\n"}


def test_the_same_mail_again_is_no_news(tmp_path: Path) -> None:
    mailer = FolderMailer(tmp_path)
    send(mailer)

    assert send(mailer) == Outcome(Status.SENT, f"Already filed as {NAME}.eml in {tmp_path}.")
    assert files(tmp_path) == {f"{NAME}.eml": b"mail\r\n"}


def test_another_mail_under_the_same_name_is_refused_and_the_first_is_kept(tmp_path: Path) -> None:
    mailer = FolderMailer(tmp_path)
    send(mailer)

    assert send(mailer, b"other\r\n") == Outcome(
        Status.FAILED,
        f"The mail was not filed: {tmp_path}/{NAME}.eml already holds another mail; move that file away and try again.",
    )
    assert files(tmp_path) == {f"{NAME}.eml": b"mail\r\n"}


def test_what_a_crash_left_half_written_is_written_over(tmp_path: Path) -> None:
    (tmp_path / f".{NAME}.eml.part").write_bytes(b"ma")

    assert send(FolderMailer(tmp_path)).status == Status.SENT
    assert files(tmp_path) == {f"{NAME}.eml": b"mail\r\n"}


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a\nb", "a b", "x" * 201])
def test_a_name_that_is_not_safe_for_a_file_is_refused(tmp_path: Path, name: str) -> None:
    assert send(FolderMailer(tmp_path), name=name) == Outcome(
        Status.FAILED, f"The mail was not filed: {name[:80]!r} is not a safe name for a file."
    )
    assert files(tmp_path) == {}


def test_a_folder_that_cannot_be_made_is_a_delay_that_a_person_hears_of(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file stands here")

    assert send(FolderMailer(tmp_path / "outbox")) == Outcome(
        Status.DELAYED,
        f"The mail could not be filed in {tmp_path}/outbox: file exists; put that right and it is tried again.",
        needs_person=True,
        unreachable=True,
    )


FULL = """
import resource, sys
from pathlib import Path
from notifications.folder import FolderMailer

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
for size in (5000, 10):
    outcome = FolderMailer(Path(sys.argv[1])).send(
        b"x" * size, sender="us@partnership.example", recipient="pat@agency.example", name="mail"
    )
    print(outcome.status, outcome.detail, outcome.needs_person)
    print(sorted(path.name for path in Path(sys.argv[1]).iterdir()))
"""


def test_a_full_disk_is_a_delay_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True)

    no_room = "there is no room for it; make room and it is tried again."
    assert ran.stdout.splitlines() == [
        f"delayed The mail could not be filed in {tmp_path}: {no_room} True",
        "[]",
        f"sent Filed as mail.eml in {tmp_path}. False",
        "['mail.eml']",
    ], ran.stderr
