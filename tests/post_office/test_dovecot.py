"""Our mailbox on a real IMAP server: what it takes, what it moves, and that it deletes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from db.engine import open_engine
from db.unit_of_work import UnitOfWork
from notifications.confined import Reader
from notifications.mailbox import Incoming, Mailbox, MailboxUnavailable, mailbox_for
from s11flow.services import inbox, intake
from s11flow.services.submissions import Documents
from tests.post_office.servers import OURS, TOKEN, Cutting, Dovecot, Missing, cutting, running_dovecot
from tests.services.mails import mail
from tests.services.scene import CODE, OPENED, registered

ONE = b"From: pat@agency.example\r\nSubject: one\r\n\r\nfirst\r\n"
TWO = b"From: pat@agency.example\r\nSubject: two\r\n\r\n\xe9\xff .\r\n.\r\n" + b"x" * 70_000 + b"\r\n"
THREE = b"Subject: three\r\n\r\n\r\n"


def box_at(url: str, **more: object) -> Mailbox:
    return mailbox_for(url, root=Path(), **more)  # type: ignore[arg-type]


def raws(box: Mailbox) -> list[bytes]:
    return [each.raw for each in box.incoming()]


def unread(dovecot: Dovecot) -> int:
    with dovecot.opened(OURS) as connection:
        connection.select("INBOX", readonly=True)
        return len(connection.search(None, "UNSEEN")[1][0].split())


# --- taken ------------------------------------------------------------------------------------------------------------


def test_mail_is_taken_as_it_came_and_stays_unread(dovecot: Dovecot) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    dovecot.put(OURS, ONE, TWO, THREE)

    with box_at(dovecot.url()) as box:
        found = list(box.incoming())

    assert [each.raw for each in found] == [ONE, TWO, THREE]
    assert [before <= each.arrived_at <= datetime.now(UTC) for each in found] == [True] * 3
    assert unread(dovecot) == 3


def test_a_mail_that_somebody_else_takes_away_meanwhile_is_passed_over(dovecot: Dovecot) -> None:
    dovecot.put(OURS, ONE, TWO, THREE)

    with box_at(dovecot.url()) as box:
        coming = box.incoming()
        first = next(coming)
        with dovecot.opened(OURS) as other:
            other.select("INBOX")
            other.store("2", "+FLAGS", "\\Deleted")
            other.expunge()
        rest = [each.raw for each in coming]

    assert (first.raw, rest) == (ONE, [THREE])


FOLDERS = [
    ("INBOX", "Filed"),
    ("Section 11", "Section 11 done"),
    ("INBOX/Agencies & others", "Erledigt/geprüft – ja"),
    ("Отчёты", "Filed (100%) *"),
]


@pytest.mark.parametrize(("folder", "filed"), FOLDERS, ids=[folder for folder, _ in FOLDERS])
def test_folders_may_be_called_anything(dovecot: Dovecot, folder: str, filed: str) -> None:
    with box_at(dovecot.url()) as inbox_of_theirs:
        assert list(inbox_of_theirs.incoming()) == []
    if folder != "INBOX":  # made by filing something away to it, as the folder of what is filed is
        dovecot.put(OURS, ONE)
        with box_at(dovecot.url(filed=folder)) as box:
            box.file_away(next(iter(box.incoming())).key)
    else:
        dovecot.put(OURS, ONE)

    with box_at(dovecot.url(folder=folder, filed=filed)) as box:
        (found,) = box.incoming()
        box.file_away(found.key)
        left = list(box.incoming())
    with box_at(dovecot.url(folder=filed, filed="Elsewhere")) as box:
        assert (left, raws(box)) == ([], [ONE])


# --- moved, and nothing deleted ---------------------------------------------------------------------------------------


def test_what_is_filed_away_is_moved_once(dovecot: Dovecot) -> None:
    dovecot.put(OURS, ONE, TWO)

    with box_at(dovecot.url()) as box:
        first, _ = box.incoming()
        box.file_away(first.key)
        box.file_away(first.key)  # it is there no more, which is no news
        left = raws(box)

    assert (left, dovecot.holds(OURS, "Filed")) == ([TWO], [ONE])


def test_nothing_that_somebody_marked_to_be_deleted_is_deleted_by_us(dovecot: Dovecot) -> None:
    only_one_leaves(dovecot)


def only_one_leaves(dovecot: Dovecot) -> None:
    dovecot.put(OURS, ONE)
    dovecot.put(OURS, TWO, flags="\\Deleted")

    with box_at(dovecot.url()) as box:
        (ours, _) = box.incoming()
        box.file_away(ours.key)
        box.file_away(ours.key)

    assert (dovecot.holds(OURS), dovecot.holds(OURS, "Filed")) == ([TWO], [ONE])


def test_nor_by_a_server_that_cannot_move() -> None:
    with run_or_skip("IMAP4rev1 LITERAL+ UIDPLUS AUTH=PLAIN") as dovecot:
        only_one_leaves(dovecot)


def test_a_server_that_could_move_only_by_deleting_what_is_marked_is_not_used() -> None:
    with run_or_skip("IMAP4rev1 LITERAL+ AUTH=PLAIN") as dovecot:
        assert "it offers neither MOVE nor UIDPLUS; have the mail delivered" in sentence(box_at(dovecot.url()))


@contextmanager
def run_or_skip(offers: str) -> Iterator[Dovecot]:
    try:
        with running_dovecot(offers) as dovecot:
            yield dovecot
    except Missing as missing:
        pytest.skip(str(missing))


def test_a_mail_that_somebody_has_moved_already_is_no_news(dovecot: Dovecot) -> None:
    dovecot.put(OURS, ONE)

    with box_at(dovecot.url()) as box, box_at(dovecot.url(filed="Elsewhere")) as other:
        (ours,), (theirs,) = list(box.incoming()), list(other.incoming())
        other.file_away(theirs.key)
        box.file_away(ours.key)

    assert (dovecot.holds(OURS), dovecot.holds(OURS, "Filed"), dovecot.holds(OURS, "Elsewhere")) == ([], [], [ONE])


def test_a_folder_that_was_made_anew_has_no_mail_moved_by_an_old_key(dovecot: Dovecot) -> None:
    with dovecot.opened(OURS) as theirs:
        theirs.create("Reports")
    dovecot.put(OURS, ONE, folder="Reports")
    with box_at(dovecot.url(folder="Reports")) as box:
        (old,) = box.incoming()
    with dovecot.opened(OURS) as theirs:
        theirs.delete("Reports")
        theirs.create("Reports")
    dovecot.put(OURS, TWO, folder="Reports")

    with box_at(dovecot.url(folder="Reports")) as box:
        box.file_away(old.key)
        (new,) = box.incoming()
        assert (new.raw, new.key.partition(":")[2]) == (TWO, old.key.partition(":")[2])  # the same number, another mail
        box.file_away(new.key)

    assert (dovecot.holds(OURS, "Reports"), dovecot.holds(OURS, "Filed")) == ([], [TWO])


# --- who may look -----------------------------------------------------------------------------------------------------


def sentence(box: Mailbox) -> str:
    with pytest.raises(MailboxUnavailable) as refused, box:
        list(box.incoming())
    return str(refused.value)


def test_a_wrong_password_is_said_in_a_sentence_that_does_not_repeat_it(dovecot: Dovecot) -> None:
    assert sentence(box_at(dovecot.url(password="open sesame"))) == (
        f"127.0.0.1:{dovecot.port} refused the user name or the password (AUTHENTICATIONFAILED); correct them in the "
        "mailbox address, or log in by a token where the provider takes no passwords (Microsoft 365)."
    )


def test_a_folder_that_is_not_there_is_said_to_be_none(dovecot: Dovecot) -> None:
    said = sentence(box_at(dovecot.url(folder="Reports")))

    assert "does not open the folder 'Reports' (it said \"Mailbox doesn't exist: Reports" in said
    assert said.endswith("correct its name in the mailbox address.")


def test_a_token_opens_the_mailbox_and_is_asked_for_each_time(dovecot: Dovecot) -> None:
    asked: list[str] = []

    def token() -> str:
        asked.append("again")
        return TOKEN

    dovecot.put(OURS, ONE)
    box = box_at(dovecot.url(password=""), token=token)
    for _ in range(2):
        with box:
            assert raws(box) == [ONE]

    assert asked == ["again", "again"]


def test_a_token_that_has_run_out_is_said_in_a_sentence(dovecot: Dovecot) -> None:
    said = sentence(box_at(dovecot.url(password=""), token=lambda: "ya29.run-out"))

    assert (
        "refused the token (AUTHENTICATIONFAILED); check that the token command prints a new one for this user" in said
    )
    assert "ya29" not in said


def test_a_certificate_that_nobody_vouches_for_is_refused(dovecot: Dovecot) -> None:
    dovecot.put(OURS, ONE)
    secure = dovecot.url(port=dovecot.tls_port).replace("imap://", "imaps://").replace("tls=none", "")
    upgraded = dovecot.url().replace("tls=none", "tls=starttls")

    for url in (secure.rstrip("?"), upgraded):
        assert "its certificate is not trusted (self-signed certificate)" in sentence(box_at(url))
        with box_at(f"{url}{'&' if '?' in url else '?'}insecure=yes") as box:
            assert raws(box) == [ONE]


# --- cut off ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def way(dovecot: Dovecot) -> Iterator[Cutting]:
    """A way to Dovecot that can be cut."""
    with cutting(dovecot.port) as way:
        yield way


PLACES = 8  # of a whole conversation


def test_wherever_the_connection_is_cut_each_mail_is_taken_in_once_and_moved_once(
    dovecot: Dovecot, way: Cutting, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "_AT_A_TIME", 1)
    engine = open_engine(sqlite_url)
    uow, documents = registered(UnitOfWork(engine)), Documents(tmp_path / "documents")
    sent: list[bytes] = []

    def come(count: int = 2) -> None:
        numbers = range(len(sent), len(sent) + count)
        mails = [mail("pat@agency.example", f"Mail {number}").replace(b"\n", b"\r\n") for number in numbers]
        dovecot.put(OURS, *mails)
        sent.extend(mails)

    def collected() -> str:
        box = box_at(dovecot.url(port=way.port))
        return intake.collect(uow, documents, box, reader, partnership=CODE, now=OPENED).stopped

    with Reader() as reader:
        come()
        assert collected() == ""
        whole, stopped = way.passed, []
        for place in range(PLACES):
            come()
            way.after = whole * place // PLACES
            stopped.append(collected())
            assert collected() == ""
        kept = [documents.read(each.sha256 or "") for each in inbox.everything(uow, partnership=CODE)]
    engine.dispose()

    assert [f"127.0.0.1:{way.port} did not let us read the mailbox: " in why for why in stopped] == [True] * PLACES
    assert (sorted(kept), dovecot.holds(OURS)) == (sorted(sent), [])
    assert sorted(dovecot.holds(OURS, "Filed")) == sorted(sent)


def test_a_mailbox_is_opened_anew_after_it_was_cut_off(dovecot: Dovecot, way: Cutting) -> None:
    dovecot.put(OURS, TWO)
    way.after = 30_000  # in the midst of the mail
    with box_at(dovecot.url(port=way.port)) as box:
        with pytest.raises(MailboxUnavailable, match=rf"^127\.0\.0\.1:{way.port} did not let us read the mailbox: "):
            list(box.incoming())

        found: list[Incoming] = list(box.incoming())

    assert [each.raw for each in found] == [TWO]
