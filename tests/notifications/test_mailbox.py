"""What is taken in from a mailbox, and what is said of one that cannot be read."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from socket import SHUT_RDWR, socket

import pytest

from notifications.mailbox import ImapMailbox, Incoming, MailboxUnavailable, Maildir, Mbox, mailbox_for

ARRIVED = datetime(2026, 10, 20, 15, 59, tzinfo=UTC)


@pytest.fixture
def maildir(tmp_path: Path) -> Maildir:
    """A Maildir with two mails, the older one seen before."""
    box = Maildir(tmp_path / "inbox")
    assert list(box.incoming()) == []
    for place, content, seconds in (("new/2.host", b"second", 0), ("cur/1.host:2,S", b"first\r\n", -60)):
        file = tmp_path / "inbox" / place
        file.write_bytes(content)
        at = ARRIVED.timestamp() + seconds
        os.utime(file, (at, at))
    return box


def test_a_maildir_gives_its_mail_oldest_first_as_it_came(maildir: Maildir) -> None:
    assert list(maildir.incoming()) == [
        Incoming("cur/1.host:2,S", b"first\r\n", datetime(2026, 10, 20, 15, 58, tzinfo=UTC)),
        Incoming("new/2.host", b"second", ARRIVED),
    ]


def test_what_is_filed_away_is_moved_and_not_deleted(maildir: Maildir) -> None:
    maildir.file_away("new/2.host")
    maildir.file_away("new/2.host")  # it is there no more, which is no news

    assert [mail.raw for mail in maildir.incoming()] == [b"first\r\n"]
    assert (maildir.folder / ".Filed/cur/2.host:2,S").read_bytes() == b"second"


@pytest.mark.parametrize("key", ["", "new/", "tmp/1", "new/../cur/1", "new/.hidden", "1.host"])
def test_a_key_that_the_mailbox_never_gave_moves_nothing(maildir: Maildir, key: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        maildir.file_away(key)


def test_a_maildir_that_cannot_be_made_is_said_to_be_unavailable(tmp_path: Path) -> None:
    (tmp_path / "inbox").write_text("a file")

    with pytest.raises(MailboxUnavailable, match="see who may read and write there"):
        list(Maildir(tmp_path / "inbox").incoming())


def test_an_mbox_file_is_read_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "old.mbox"
    written = (
        b"From lead@agency.example Tue Oct 20 15:59:00 2026\nSubject: one\n\nfirst\n\n"
        b"From lead@agency.example Wed Oct 21 08:00:00 2026\nSubject: two\n\nsecond\n"
    )
    file.write_bytes(written)

    found = list(Mbox(file).incoming())

    assert [mail.arrived_at for mail in found] == [ARRIVED, datetime(2026, 10, 21, 8, tzinfo=UTC)]
    assert [mail.raw.splitlines()[0] for mail in found] == [b"Subject: one", b"Subject: two"]
    assert file.read_bytes() == written


def test_a_file_that_is_not_there_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(MailboxUnavailable, match="name an mbox file"):
        list(Mbox(tmp_path / "none.mbox").incoming())


@pytest.mark.parametrize(
    "url",
    ["maildir:inbox", "imaps://s11:pass%40word@mail.example", "imap://s11:x@127.0.0.1:1143/INBOX?tls=none&filed=Done"],
)
def test_a_mailbox_is_what_its_setting_says(url: str, tmp_path: Path) -> None:
    box = mailbox_for(url, root=tmp_path)

    assert isinstance(box, Maildir if url.startswith("maildir") else ImapMailbox)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("pop3://mail.example", "begins with none of"),
        ("maildir:", "names no folder"),
        ("imaps://mail.example", "not complete"),
        ("imaps://s11:secret@mail.example:port", "port is not a number"),
        ("imaps://s11:secret@mail.example?tls=none", "TLS from the first byte"),
        ("imap://s11:secret@mail.example?tls=perhaps", "one of none, starttls and tls"),
        ("imap://s11:secret@mail.example?colour=red", "After \\?"),
        ("imap://s11:secret@mail.example?tls=none", "not sent to a mailbox without TLS"),
        ("imaps://s11:secret@mail.example?filed=inbox", "cannot be moved to inbox, the folder it is read from"),
        ("imaps://secret@mail.example", "needs a user name, and a password or a token command; add what is missing"),
        ("imaps://s11%0d:secret@mail.example", "has a control character"),
        ("imap://s11:secret@mail.example:993", "port 993 is for TLS from the first byte, which is imaps://; write"),
        ("imaps://s11:secret%C3%A9@mail.example", "has characters outside ASCII; set another one"),
        ("imaps://s11:secret@mail.example?filed=", "After \\? the mailbox address takes tls=, filed= and insecure="),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_sentence_without_its_password(
    url: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=says) as refused:
        mailbox_for(url, root=tmp_path)

    assert "secret" not in str(refused.value)


def test_an_imap_server_that_is_not_there_is_said_to_be_unavailable() -> None:
    box = mailbox_for("imap://s11:secret@127.0.0.1:1?tls=none", root=Path())

    with pytest.raises(MailboxUnavailable, match=r"^127\.0\.0\.1:1 did not let us read the mailbox: ") as refused, box:
        list(box.incoming())

    assert "secret" not in str(refused.value)


# --- what an IMAP server may say --------------------------------------------------------------------------------------

ANSWERS = {
    "CAPABILITY": "* CAPABILITY IMAP4rev1 MOVE\r\n{tag} OK done",
    "STATUS": '* STATUS "INBOX" (UIDVALIDITY 1)\r\n{tag} OK done',
    "UID SEARCH": "* SEARCH 7\r\n{tag} OK done",
}


@contextmanager
def saying(answers: Mapping[str, str]) -> Iterator[str]:
    """A server that answers a command by its verb, else with OK; gives the setting for it."""
    with socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        threading.Thread(target=_talk, args=(listening, {**ANSWERS, **answers}), daemon=True).start()
        try:
            yield f"imap://s11:hunter2@127.0.0.1:{listening.getsockname()[1]}?tls=none"
        finally:
            listening.shutdown(SHUT_RDWR)


def _talk(listening: socket, answers: Mapping[str, str]) -> None:
    connection, _ = listening.accept()
    with connection, connection.makefile("rw", newline="") as stream:
        stream.write("* OK here\r\n")
        stream.flush()
        for line in stream:
            tag, _, command = line.partition(" ")
            said = next((answer for verb, answer in answers.items() if command.startswith(verb)), "{tag} OK done")
            stream.write(said.format(tag=tag, command=command.strip()) + "\r\n")
            stream.flush()


def sentence(url: str) -> str:
    with pytest.raises(MailboxUnavailable) as refused, mailbox_for(url, root=Path()) as box:
        list(box.incoming())
    return str(refused.value).partition(" ")[2]


REFUSED = (
    "correct them in the mailbox address, or log in by a token where the provider takes no passwords (Microsoft 365)."
)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("NO [AUTHENTICATIONFAILED] not by {command}", " (AUTHENTICATIONFAILED)"),
        ("NO not by {command}", ""),
        ("BAD what is {command}?", ""),
    ],
)
def test_of_a_login_that_is_refused_only_the_code_is_told(said: str, code: str) -> None:
    with saying({"LOGIN": "{tag} " + said}) as url:
        assert sentence(url) == f"refused the user name or the password{code}; {REFUSED}"


def test_a_mail_that_the_server_does_not_give_stops_none_after_it_and_is_named_at_the_end() -> None:
    answers = {
        "UID SEARCH": "* SEARCH 7 8\r\n{tag} OK done",
        "UID FETCH 7": "{tag} NO [SERVERBUG] broken",
        "UID FETCH 8": '* 2 FETCH (INTERNALDATE "20-Oct-2026 16:59:00 +0100" BODY[] {{3}}\r\none)\r\n{tag} OK done',
    }
    with saying(answers) as url, mailbox_for(url, root=Path()) as box:
        coming = box.incoming()
        assert next(coming) == Incoming("1:8", b"one", ARRIVED)
        with pytest.raises(MailboxUnavailable) as refused:
            next(coming)

    assert str(refused.value).partition(" ")[2] == (
        "does not give us a mail that it has (it said '[SERVERBUG] broken'); open it there by a mail program, and move "
        "it to Filed."
    )


@pytest.mark.parametrize(
    "nonsense",
    [
        {"STATUS": '* STATUS "INBOX" ()\r\n{tag} OK done'},
        {"UID FETCH": '* 1 FETCH (INTERNALDATE "the twentieth of October" BODY[] {{3}}\r\none)\r\n{tag} OK done'},
    ],
)
def test_answers_that_make_no_sense_are_said_to_make_none(nonsense: dict[str, str]) -> None:
    with saying(nonsense) as url:
        assert sentence(url) == "did not let us read the mailbox: its answers make no sense; check the port."
