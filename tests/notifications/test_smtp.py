"""Mail over SMTP, against a real server on this machine and against one that misbehaves on cue."""

import asyncio
import socket
import ssl
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from notifications.mailer import Outcome, SmtpMailer, Status
from notifications.message import compose
from notifications.token_command import TokenUnavailable
from tests.notifications.samples import invitation

SENDER = "us@partnership.example"
PAT = "pat@agency.example"
RAW = b"Subject: x\r\n\r\nHello\r\n"
PASSWORD = "hunter2-and-more"


def send(mailer: SmtpMailer, raw: bytes = RAW, recipient: str = PAT) -> Outcome:
    return mailer.send(raw, sender=SENDER, recipient=recipient, name="mail")


# --- a real server ----------------------------------------------------------------------------------------------------


@dataclass
class Post:
    """What the server was given, and what it is told to answer instead of yes; names and arguments are aiosmtpd's."""

    answers: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[str | None, list[str], bytes]] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802
        self,
        server: Any,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if session not in self.sessions:
            self.sessions.append(session)
        if answer := self.answers.get("MAIL"):
            return answer
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self,
        server: Any,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if answer := self.answers.get("RCPT"):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.answers.get("DATA", "250 Taken as 17")
        if answer == "vanish":
            server.transport.abort()
            return "250 never read"
        if answer.startswith("250"):
            assert isinstance(envelope.original_content, bytes)
            self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
        return answer


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(post: Post, **options: Any) -> Iterator[int]:
    """Run a server that hands its mail to *post*; give its port."""
    controller = Controller(post, hostname="127.0.0.1", port=free_port(), ready_timeout=10, **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def plain(port: int, **options: Any) -> SmtpMailer:
    return SmtpMailer("127.0.0.1", port, tls="none", timeout=5, local_hostname="localhost", **options)


def test_a_server_takes_the_mail_as_it_is() -> None:
    post = Post()
    raw = compose(invitation())

    with running(post) as port, plain(port) as mailer:
        assert send(mailer, raw) == Outcome(
            Status.SENT, f"The mail server 127.0.0.1:{port} took the mail (250 Taken as 17)."
        )

    assert post.taken == [(SENDER, [PAT], raw)]


@pytest.mark.parametrize(
    ("offers", "named", "token"),
    [
        (b"250 DSN\r\n", b"<0a1b@us.example>", b" ENVID=0a1b@us.example"),
        (b"250 DSN\r\n", b"<a+b@us.example>", b""),  # it would have to be written otherwise
        (b"250 HELP\r\n", b"<0a1b@us.example>", b""),
    ],
)
def test_a_server_that_reports_on_mail_is_told_by_which_name(offers: bytes, named: bytes, token: bytes) -> None:
    raw, heard = b"Message-ID: " + named + b"\r\n" + RAW, list[bytes]()

    with (
        scripted([b"220 here\r\n", b"250-here\r\n" + offers, b"550 No\r\n"], heard=heard) as port,
        plain(port) as mailer,
    ):
        send(mailer, raw)

    assert heard[1:2] == [b"MAIL FROM:<us@partnership.example>" + token + b"\r\n"]


def test_many_mails_go_over_one_connection() -> None:
    post = Post()

    with running(post) as port, plain(port) as mailer:
        assert {send(mailer).status for _ in range(50)} == {Status.SENT}

    assert (len(post.taken), len(post.sessions)) == (50, 1)


@pytest.mark.parametrize(
    ("raw", "taken"),
    [
        (b"a: b\r\n\r\n.\r\n..x\r\n.y", b"a: b\r\n\r\n.\r\n..x\r\n.y\r\n"),
        (b"a: b\n\n.\nMAIL FROM:<eve@evil.example>\n", b"a: b\r\n\r\n.\r\nMAIL FROM:<eve@evil.example>\r\n"),
        (b"a: b\r\n\r\nx\r.\r\ny\r\n", b"a: b\r\n\r\nx\r\n.\r\ny\r\n"),
    ],
)
def test_nothing_in_a_mail_ends_it_early(raw: bytes, taken: bytes) -> None:
    post = Post()

    with running(post) as port, plain(port) as mailer:
        assert send(mailer, raw).status == Status.SENT

    assert [content for _, _, content in post.taken] == [taken]


@pytest.mark.parametrize(
    ("verb", "answer", "status", "sentence"),
    [
        ("MAIL", "451 Try later.", Status.DELAYED, "asked to wait at MAIL (451 Try later)."),
        ("MAIL", "553 Not you", Status.FAILED, "refused the mail at MAIL (553 Not you)."),
        ("RCPT", "450 Greylisted", Status.DELAYED, "asked to wait at RCPT (450 Greylisted)."),
        ("RCPT", "550 No such mailbox", Status.FAILED, "refused the mail at RCPT (550 No such mailbox)."),
        ("DATA", "452 Disk full", Status.DELAYED, "asked to wait after the text (452 Disk full)."),
        ("DATA", "554 Spam", Status.FAILED, "refused the mail after the text (554 Spam)."),
        (
            "DATA",
            "vanish",
            Status.UNCERTAIN,
            "was lost after the text was sent and before it answered: it may or may not have taken the mail.",
        ),
    ],
)
def test_an_answer_becomes_an_outcome_and_the_next_mail_leaves(
    verb: str, answer: str, status: Status, sentence: str
) -> None:
    post = Post({verb: answer})

    with running(post) as port, plain(port) as mailer:
        assert send(mailer) == Outcome(status, f"The mail server 127.0.0.1:{port} {sentence}")
        assert post.taken == []
        post.answers.clear()
        assert send(mailer).status == Status.SENT

    assert len(post.taken) == 1


def test_a_server_that_wants_a_login_is_for_a_person_to_see_to() -> None:
    with running(Post({"MAIL": "530 Authentication required"})) as port, plain(port) as mailer:
        assert send(mailer) == Outcome(
            Status.DELAYED,
            f"The mail server 127.0.0.1:{port} wants a login at MAIL (530 Authentication required); "
            "check the mail settings.",
            needs_person=True,
            unreachable=True,
        )


@pytest.mark.parametrize(
    ("recipient", "reason"),
    [
        ("pat@agency.example>\r\nRCPT TO:<eve@evil.example", "has a control character"),
        ("pat@agency.example,eve@evil.example", "is not one address"),
        ("pat", "has no domain"),
    ],
)
def test_a_recipient_that_is_not_one_address_fails_before_anything_is_said(recipient: str, reason: str) -> None:
    post = Post()

    with running(post) as port, plain(port) as mailer:
        assert send(mailer, recipient=recipient) == Outcome(
            Status.FAILED, f"The mail was not sent: the address {recipient!r} {reason}."
        )

    assert post.sessions == []


def test_a_server_that_is_down_is_a_delay() -> None:
    port = free_port()

    assert send(plain(port)) == Outcome(
        Status.DELAYED,
        f"The mail server 127.0.0.1:{port} could not be reached when connecting (connection refused).",
        unreachable=True,
    )


def test_a_server_that_was_restarted_between_two_mails_is_connected_to_again() -> None:
    post = Post()
    with running(post) as port:
        mailer = plain(port)
        assert send(mailer).status == Status.SENT
    assert send(mailer).status == Status.DELAYED

    controller = Controller(post, hostname="127.0.0.1", port=port, ready_timeout=10)
    controller.start()
    try:
        assert send(mailer).status == Status.SENT
    finally:
        mailer.close()
        controller.stop()
    assert len(post.taken) == 2


# --- TLS and login ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Certificate:
    """A certificate that a test's own authority signed for this machine, and what trusts it."""

    server: ssl.SSLContext
    trusting: ssl.SSLContext


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test's mail server")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = written(folder / "cert.pem", made.public_bytes(serialization.Encoding.PEM))
    secret = written(
        folder / "key.pem",
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem, secret)
    return Certificate(server, ssl.create_default_context(cafile=str(pem)))


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def login(server: Any, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(success=data.password == PASSWORD.encode(), handled=False)


def over_tls(port: int, context: ssl.SSLContext | None = None, **options: Any) -> SmtpMailer:
    return SmtpMailer("127.0.0.1", port, timeout=5, local_hostname="localhost", context=context, **options)


def test_mail_leaves_over_starttls_with_a_login(certificate: Certificate) -> None:
    post = Post()
    options = {
        "tls_context": certificate.server,
        "require_starttls": True,
        "authenticator": login,
        "auth_required": True,
    }

    with (
        running(post, **options) as port,
        over_tls(port, certificate.trusting, username="us", password=PASSWORD) as mailer,
    ):
        assert [send(mailer).status for _ in range(2)] == [Status.SENT] * 2

    assert (len(post.taken), len(post.sessions)) == (2, 1)


def test_mail_leaves_over_tls_from_the_first_byte(certificate: Certificate) -> None:
    post = Post()

    with (
        running(post, ssl_context=certificate.server) as port,
        over_tls(port, certificate.trusting, tls="tls") as mailer,
    ):
        assert send(mailer).status == Status.SENT

    assert len(post.taken) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Certificate) -> None:
    post = Post()

    with running(post, tls_context=certificate.server) as port, over_tls(port) as mailer:
        assert send(mailer) == Outcome(
            Status.DELAYED,
            f"The mail server 127.0.0.1:{port} showed a certificate that is not trusted at STARTTLS "
            "(self-signed certificate); name the server as its certificate does, or have this machine trust whoever "
            "signed that.",
            needs_person=True,
            unreachable=True,
        )

    assert post.taken == []


def test_a_certificate_for_another_name_is_refused(certificate: Certificate) -> None:
    with (
        running(Post(), tls_context=certificate.server) as port,
        SmtpMailer("localhost", port, timeout=5, local_hostname="localhost", context=certificate.trusting) as mailer,
    ):
        outcome = send(mailer)

    assert (outcome.status, outcome.needs_person) == (Status.DELAYED, True)
    assert "Hostname mismatch" in outcome.detail


def test_a_server_without_starttls_gets_nothing() -> None:
    post = Post()

    with running(post) as port, over_tls(port) as mailer:
        assert send(mailer) == Outcome(
            Status.DELAYED,
            f"The mail server 127.0.0.1:{port} does not offer what the settings ask for at STARTTLS, and is told "
            "nothing without it; check port, tls and login in the mail settings.",
            needs_person=True,
            unreachable=True,
        )

    assert (post.taken, post.sessions) == ([], [])


def test_a_server_that_speaks_no_tls_is_told_apart(certificate: Certificate) -> None:
    with running(Post()) as port, over_tls(port, certificate.trusting, tls="tls") as mailer:
        assert send(mailer) == Outcome(
            Status.DELAYED,
            f"The mail server 127.0.0.1:{port} could not agree on TLS when connecting; "
            "check the port and the tls setting.",
            needs_person=True,
            unreachable=True,
        )


def test_a_wrong_password_is_a_delay_that_a_person_hears_of_and_is_never_repeated(certificate: Certificate) -> None:
    wrong = PASSWORD + "!"

    with (
        running(Post(), tls_context=certificate.server, authenticator=login) as port,
        over_tls(port, certificate.trusting, username="us", password=wrong) as mailer,
    ):
        outcome = send(mailer)

    assert outcome == Outcome(
        Status.DELAYED,
        f"The mail server 127.0.0.1:{port} refused the user name or the password at the login (535); "
        "check the mail settings.",
        needs_person=True,
        unreachable=True,
    )


# --- login by a token (OAuth 2.0) -------------------------------------------------------------------------------------

TOKEN = "ya29." + "a-token" * 300  # as long as Microsoft's are
REFUSED_TOKEN = (
    "check that the token command prints a new one for this user, that it is one for sending (SMTP.Send or "
    "SMTP.SendAsApp at Microsoft, https://mail.google.com/ at Google), and that SMTP AUTH is on for the mailbox."
)


@dataclass
class Tokens(Post):
    """A server that takes tokens, as Google's and Microsoft's do: of one that is wrong it says so when asked to."""

    good: str = TOKEN
    heard: list[bytes] = field(default_factory=list)

    async def auth_XOAUTH2(self, server: Any, args: list[str]) -> AuthResult:  # noqa: N802
        first = b64decode(args[1])
        self.heard.append(first)
        if first == f"user=us@partnership.example\x01auth=Bearer {self.good}\x01\x01".encode():
            return AuthResult(success=True)
        self.heard.append(await server.challenge_auth(b'{"status":"400","schemes":"Bearer"}', encode_to_b64=True))
        return AuthResult(success=False, handled=False, message=f"535 5.7.8 No: {args[1]} {self.good}")


def with_token(port: int, certificate: Certificate, token: Callable[[], str]) -> SmtpMailer:
    return over_tls(port, certificate.trusting, username="us@partnership.example", token=token)


@pytest.fixture
def long_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server takes 12288 bytes of AUTH (RFC 4954); aiosmtpd takes what is given here."""
    monkeypatch.setattr(SMTP, "command_size_limit", 12288)
    monkeypatch.setattr(SMTP, "line_length_limit", 12288)


@pytest.mark.usefixtures("long_lines")
def test_mail_leaves_with_a_token_that_is_asked_for_anew_for_each_connection(certificate: Certificate) -> None:
    post, asked = Tokens(), []

    def token() -> str:
        asked.append("again")
        return TOKEN

    with (
        running(post, tls_context=certificate.server, require_starttls=True, auth_required=True) as port,
        with_token(port, certificate, token) as mailer,
    ):
        assert [send(mailer).status for _ in range(2)] == [Status.SENT] * 2
        mailer.close()
        assert send(mailer).status == Status.SENT

    assert (len(post.taken), asked) == (3, ["again", "again"])


@pytest.mark.usefixtures("long_lines")
def test_a_token_that_is_refused_is_for_a_person_and_is_never_repeated(
    certificate: Certificate, caplog: pytest.LogCaptureFixture
) -> None:
    post = Tokens()

    with (
        caplog.at_level("DEBUG", "notifications"),
        running(post, tls_context=certificate.server) as port,
        with_token(port, certificate, lambda: "ya29.run-out") as mailer,
    ):
        outcome = send(mailer)

    assert outcome == Outcome(
        Status.DELAYED,
        f"The mail server 127.0.0.1:{port} refused the token at the login (535 5.7.8); {REFUSED_TOKEN}",
        needs_person=True,
        unreachable=True,
    )
    assert post.heard == [b"user=us@partnership.example\x01auth=Bearer ya29.run-out\x01\x01", b""]
    assert caplog.records == []
    assert post.taken == []


def test_a_server_that_takes_no_tokens_is_told_none(certificate: Certificate) -> None:
    def token() -> str:
        raise AssertionError("A token was asked for, and nobody wants it.")

    with (
        running(Post(), tls_context=certificate.server, authenticator=login) as port,
        with_token(port, certificate, token) as mailer,
    ):
        assert send(mailer) == Outcome(
            Status.DELAYED,
            f"The mail server 127.0.0.1:{port} does not offer what the settings ask for at the login, and is told "
            "nothing without it; check port, tls and login in the mail settings.",
            needs_person=True,
            unreachable=True,
        )


@pytest.mark.usefixtures("long_lines")
def test_when_there_is_no_token_the_reason_is_the_outcome(certificate: Certificate) -> None:
    def token() -> str:
        raise TokenUnavailable("The command for a mail token ended with 1; run it by hand.")

    with (
        running(Tokens(), tls_context=certificate.server) as port,
        with_token(port, certificate, token) as mailer,
    ):
        assert send(mailer) == Outcome(
            Status.DELAYED,
            "The command for a mail token ended with 1; run it by hand.",
            needs_person=True,
            unreachable=True,
        )


NO_WAY = "offers no way at the login that we know; where it takes no passwords, log in by a token."
ASKS_FOR_TOKENS = [b"220 here\r\n", b"250-here\r\n250 AUTH LOGIN XOAUTH2\r\n"]


def test_a_command_that_takes_its_time_is_not_taken_for_a_server_that_does_not_answer() -> None:
    def token() -> str:
        time.sleep(1.1)
        return "ya29.a-token"

    with (
        scripted([*ASKS_FOR_TOKENS, b"235 welcome\r\n", b"221 bye\r\n"]) as port,
        plain(port, username="us", token=token) as mailer,
    ):
        assert mailer.greet(within=1) is None


def test_a_server_that_takes_tokens_alone_says_so_to_who_has_a_password() -> None:
    with (
        scripted([b"220 here\r\n", b"250-here\r\n250 AUTH XOAUTH2\r\n"]) as port,
        plain(port, username="us", password="open sesame") as mailer,
    ):
        assert send(mailer).detail == f"The mail server 127.0.0.1:{port} {NO_WAY}"


@pytest.mark.parametrize(
    ("answers", "sentence", "needs_person"),
    [
        ([b"535 5.7.139 SMTP AUTH is off\r\n"], f"refused the token at the login (535 5.7.139); {REFUSED_TOKEN}", True),
        ([b"334 eyJ9\r\n", b"535 No\r\n"], f"refused the token at the login (535); {REFUSED_TOKEN}", True),
        ([b"454 4.7.0 Later\r\n"], f"refused the token at the login (454 4.7.0); {REFUSED_TOKEN}", False),
        ([b"334 eyJ9\r\n"] * 7, NO_WAY, True),
        ([b"334 \xff\r\n"], "closed the connection at the login.", False),
        ([], "closed the connection at the login.", False),
    ],
)
def test_what_a_server_answers_to_a_token_becomes_a_sentence(
    answers: list[bytes], sentence: str, needs_person: bool
) -> None:
    with (
        scripted([*ASKS_FOR_TOKENS, *answers]) as port,
        plain(port, username="us", token=lambda: "ya29.a-token") as mailer,
    ):
        outcome = send(mailer)

    assert outcome == Outcome(
        Status.DELAYED, f"The mail server 127.0.0.1:{port} {sentence}", needs_person, unreachable=True
    )


# --- a server that misbehaves on cue ----------------------------------------------------------------------------------

OK = b"250 OK\r\n"
HELLO = [b"220 here\r\n", OK]


@contextmanager
def scripted(*visits: list[bytes], heard: list[bytes] | None = None) -> Iterator[int]:
    """Run a server that answers line after line from a script, one script for each visit, and then hangs up.

    What it was told is added to *heard*, up to the text of a mail.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=_play, args=(listener, visits, [] if heard is None else heard))
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def _play(listener: socket.socket, visits: tuple[list[bytes], ...], heard: list[bytes]) -> None:
    for script in visits:
        try:
            visitor, _ = listener.accept()
        except OSError:
            return
        with visitor, suppress(OSError):
            visitor.settimeout(5)
            reader = visitor.makefile("rb")
            with reader:
                _answer(visitor, reader.readline, script, heard)


def _answer(visitor: socket.socket, read_line: Callable[[], bytes], script: list[bytes], heard: list[bytes]) -> None:
    for number, answer in enumerate(script):
        if number:  # the greeting answers nothing
            verb = read_line()
            heard.append(verb)
            if answer == b"after the text":
                while verb not in (b".\r\n", b""):
                    verb = read_line()
                return
        if answer == b"silence":
            read_line()
            return
        visitor.sendall(answer)


@pytest.mark.parametrize(
    ("script", "status", "sentence"),
    [
        ([b"421 Too busy\r\n"], Status.DELAYED, "refused when connecting (421)."),
        ([b"554 No service\r\n"], Status.DELAYED, "refused when connecting (554)."),
        ([], Status.DELAYED, "closed the connection when connecting."),
        ([b"SSH-2.0-here\r\n"], Status.DELAYED, "gave an answer when connecting that makes no sense; check the port."),
        ([b"silence"], Status.DELAYED, "did not answer within 0.5 seconds when connecting."),
        (HELLO, Status.DELAYED, "was lost at MAIL; nothing was sent."),
        ([*HELLO, b"eh, what?\r\n"], Status.DELAYED, "gave an answer at MAIL that makes no sense (-1 what?)."),
        ([*HELLO, b"421 Going down\r\n"], Status.DELAYED, "asked to wait at MAIL (421 Going down)."),
        ([*HELLO, OK], Status.DELAYED, "was lost at RCPT; nothing was sent."),
        ([*HELLO, OK, OK], Status.DELAYED, "was lost at DATA; nothing was sent."),
        ([*HELLO, OK, OK, b"451 Not now\r\n"], Status.DELAYED, "asked to wait at DATA (451 Not now)."),
        ([*HELLO, OK, OK, b"503 What?\r\n"], Status.FAILED, "refused the mail at DATA (503 What?)."),
        (
            [*HELLO, OK, OK, b"354 Go on\r\n", b"after the text"],
            Status.UNCERTAIN,
            "was lost after the text was sent and before it answered: it may or may not have taken the mail.",
        ),
    ],
)
def test_a_server_that_breaks_off_is_an_outcome_too(script: list[bytes], status: Status, sentence: str) -> None:
    with scripted(script) as port:
        mailer = SmtpMailer("127.0.0.1", port, tls="none", timeout=0.5, local_hostname="localhost")
        outcome = send(mailer)
        mailer.close()

    assert (outcome.status, outcome.detail) == (status, f"The mail server 127.0.0.1:{port} {sentence}")


def test_a_connection_that_was_cut_while_idle_is_opened_again_once() -> None:
    whole = [*HELLO, OK, OK, b"354 Go on\r\n"]

    with scripted([*whole, b"after the text"], [*HELLO, b"550 Not you\r\n"]) as port, plain(port) as mailer:
        assert [send(mailer).status for _ in range(2)] == [Status.UNCERTAIN, Status.FAILED]


def test_a_connection_lost_amid_the_text_is_a_delay_because_the_text_had_no_end() -> None:
    with scripted([*HELLO, OK, OK, b"354 Go on\r\n"]) as port, plain(port) as mailer:
        assert send(mailer, b"x" * 50_000_000) == Outcome(
            Status.DELAYED,
            f"The mail server 127.0.0.1:{port} was lost while the text was sent; nothing was sent.",
        )


def test_one_attempt_visits_a_broken_server_once() -> None:
    with scripted(HELLO, [*HELLO, b"550 Not you\r\n"]) as port, plain(port) as mailer:
        assert [send(mailer).status for _ in range(2)] == [Status.DELAYED, Status.FAILED]


# --- a server that takes commands before it has answered the last -----------------------------------------------------

EAGER = [b"220 here\r\n", b"250-here\r\n250 PIPELINING\r\n"]
NO_MAILBOX = b"550 No such mailbox\r\n"
GO_ON = b"354 Go on\r\n"


@pytest.mark.parametrize(
    ("script", "status", "sentence"),
    [
        ([*EAGER, OK, OK, GO_ON, b"after the text"], Status.UNCERTAIN, "was lost after the text was sent and before"),
        ([*EAGER, b"451 Later\r\n", b"503 What?\r\n", b"503 What?\r\n"], Status.DELAYED, "asked to wait at MAIL (451"),
        ([*EAGER, OK, NO_MAILBOX, b"554 No one\r\n"], Status.FAILED, "refused the mail at RCPT (550 No such mailbox)."),
        ([*EAGER, OK, NO_MAILBOX, GO_ON], Status.FAILED, "refused the mail at RCPT (550 No such mailbox)."),
        ([*EAGER, OK, NO_MAILBOX], Status.FAILED, "refused the mail at RCPT (550 No such mailbox)."),
        ([*EAGER, OK, OK, b"451 Not now\r\n"], Status.DELAYED, "asked to wait at DATA (451 Not now)."),
        ([*EAGER, OK, b"eh?\r\n", GO_ON], Status.DELAYED, "gave an answer at RCPT that makes no sense"),
        ([*EAGER, OK], Status.DELAYED, "was lost at RCPT; nothing was sent."),
        (EAGER, Status.DELAYED, "was lost at MAIL; nothing was sent."),
    ],
)
def test_asked_all_at_once_a_server_says_as_much_as_asked_one_by_one(
    script: list[bytes], status: Status, sentence: str
) -> None:
    with scripted(script) as port, plain(port) as mailer:
        outcome = send(mailer)

    assert (outcome.status, outcome.detail[: outcome.detail.index(sentence) + len(sentence)]) == (
        status,
        f"The mail server 127.0.0.1:{port} {sentence}",
    )


@pytest.mark.parametrize("to_the_text", [GO_ON, b"554 No one\r\n"])
def test_after_a_refusal_the_next_mail_is_not_taken_for_the_refused_one(to_the_text: bytes) -> None:
    refused = [*EAGER, OK, NO_MAILBOX, to_the_text]
    whole = [OK, OK, GO_ON, b"after the text"]

    # A server that waits for a text is left; one that does not is told to forget the mail.
    visits = [[*refused], [*EAGER, *whole]] if to_the_text == GO_ON else [[*refused, OK, *whole]]
    with scripted(*visits) as port, plain(port) as mailer:
        assert [send(mailer).status for _ in range(2)] == [Status.FAILED, Status.UNCERTAIN]


def test_a_server_that_closes_what_was_idle_is_gone_back_to_at_once() -> None:
    taken = [OK, OK, GO_ON]
    with (
        scripted([*HELLO, OK, NO_MAILBOX, OK, b"421 Too long idle\r\n"], [*HELLO, *taken, b"after the text"]) as port,
        plain(port) as mailer,
    ):
        assert [send(mailer).status for _ in range(2)] == [Status.FAILED, Status.UNCERTAIN]


# --- the next mail is announced --------------------------------------------------------------------------------------


@dataclass
class Eager(Post):
    """A server that takes commands before it has answered the last; `asked` is for whom it was asked."""

    asked: list[str] = field(default_factory=list)

    async def handle_EHLO(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", *responses[-1:]]

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.asked.append(address)
        return await super().handle_RCPT(server, session, envelope, address, options)

    def has_been_asked(self, times: int) -> bool:
        """Wait until it has."""
        ends = time.monotonic() + 5
        while len(self.asked) < times and time.monotonic() < ends:
            time.sleep(0.005)
        return len(self.asked) == times


SAM = "sam@agency.example"
NEXT = b"Subject: y\r\n\r\nAgain\r\n"


def announce(mailer: SmtpMailer, raw: bytes = NEXT, recipient: str = SAM) -> None:
    mailer.announce(raw, sender=SENDER, recipient=recipient)


def test_a_mail_that_was_announced_is_asked_for_before_it_is_sent_and_taken_once() -> None:
    post = Eager()

    with running(post) as port, plain(port) as mailer:
        send(mailer)
        announce(mailer)
        assert post.has_been_asked(2)
        assert len(post.taken) == 1
        assert send(mailer, NEXT, SAM).status == Status.SENT

    assert post.taken == [(SENDER, [PAT], RAW), (SENDER, [SAM], NEXT)]
    assert (post.asked, len(post.sessions)) == ([PAT, SAM], 1)


@pytest.mark.parametrize(
    ("raw", "recipient"), [(NEXT, PAT), (NEXT + b"longer\r\n", SAM)], ids=["to another", "of another size"]
)
def test_another_mail_than_the_announced_one_is_sent_and_nothing_else(raw: bytes, recipient: str) -> None:
    post = Eager()

    with running(post) as port, plain(port) as mailer:
        send(mailer)
        announce(mailer)
        assert send(mailer, raw, recipient).status == Status.SENT

    assert post.taken == [(SENDER, [PAT], RAW), (SENDER, [recipient], raw)]
    assert len(post.sessions) == 2  # the one that waited for a text was left


def test_a_mail_that_was_announced_and_never_sent_is_none() -> None:
    post = Eager()

    with running(post) as port, plain(port) as mailer:
        send(mailer)
        announce(mailer)
        assert post.has_been_asked(2)

    assert post.taken == [(SENDER, [PAT], RAW)]


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ({"RCPT": "550 No such mailbox"}, Status.FAILED),
        ({"RCPT": "450 Greylisted"}, Status.DELAYED),
        ({"MAIL": "451 Try later"}, Status.DELAYED),
        ({"DATA": "554 Spam"}, Status.FAILED),
        ({"DATA": "vanish"}, Status.UNCERTAIN),
    ],
)
def test_what_is_answered_to_an_announced_mail_is_its_outcome(answers: dict[str, str], status: Status) -> None:
    post = Eager()

    with running(post) as port, plain(port) as mailer:
        send(mailer)
        post.answers = answers
        announce(mailer)
        assert send(mailer, NEXT, SAM).status == status
        post.answers = {}
        announce(mailer)  # after a refusal the server is asked to forget that mail first
        assert send(mailer, NEXT, SAM).status == Status.SENT

    assert post.taken == [(SENDER, [PAT], RAW), (SENDER, [SAM], NEXT)]


def test_a_server_that_waited_long_for_a_text_is_left_for_a_new_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifications.smtp._KEPT_WAITING", 0)
    post = Eager()

    with running(post) as port, plain(port) as mailer:
        send(mailer)
        announce(mailer)
        assert send(mailer, NEXT, SAM).status == Status.SENT

    assert (len(post.taken), len(post.sessions)) == (2, 2)


def test_a_server_that_hears_one_command_at_a_time_is_told_of_nothing_before() -> None:
    post = Post()

    with running(post) as port, plain(port) as mailer:
        announce(mailer)  # nobody is there to be told
        send(mailer)
        announce(mailer, NEXT, "no address")
        announce(mailer)
        assert send(mailer, NEXT, PAT).status == Status.SENT

    assert (len(post.taken), len(post.sessions)) == (2, 1)


def test_a_connection_that_ended_before_the_announcement_is_opened_again() -> None:
    whole = [OK, OK, GO_ON, OK]
    with scripted([*EAGER, *whole[:3], b"250 Taken\r\n"], [*EAGER, b"550 Not you\r\n"]) as port, plain(port) as mailer:
        outcome = send(mailer, b"one line\r\n")
        announce(mailer)
        announced = send(mailer, NEXT, SAM)

    assert (outcome.status, announced.status) == (Status.SENT, Status.FAILED)


# --- how long a mail may take ----------------------------------------------------------------------------------------


@dataclass
class Slow(Post):
    """A server that thinks before each of its answers."""

    seconds: dict[str, float] = field(default_factory=dict)

    async def handle_MAIL(self, *what: Any) -> str:  # noqa: N802
        await asyncio.sleep(self.seconds.get("MAIL", 0))
        return await super().handle_MAIL(*what)

    async def handle_RCPT(self, *what: Any) -> str:  # noqa: N802
        await asyncio.sleep(self.seconds.get("RCPT", 0))
        return await super().handle_RCPT(*what)

    async def handle_DATA(self, *what: Any) -> str:  # noqa: N802
        await asyncio.sleep(self.seconds.get("DATA", 0))
        return await super().handle_DATA(*what)


def test_all_that_comes_before_the_last_line_has_one_time_together() -> None:
    post = Slow(seconds={"MAIL": 0.4, "RCPT": 0.4})

    with running(post) as port, plain(port, budget=0.6) as mailer:
        begun = time.monotonic()
        outcome = send(mailer)
        took = time.monotonic() - begun

    assert outcome == Outcome(Status.DELAYED, f"The mail server 127.0.0.1:{port} was lost at RCPT; nothing was sent.")
    assert took < 2
    assert post.taken == []


def test_the_answer_to_the_last_line_has_a_time_of_its_own() -> None:
    post = Slow(seconds={"DATA": 0.6})

    with running(post) as port, plain(port, budget=0.5) as mailer:
        assert send(mailer).status == Status.SENT


def test_the_next_mail_has_the_whole_time_again() -> None:
    post = Slow(seconds={"RCPT": 0.3})

    with running(post) as port, plain(port, budget=0.5) as mailer:
        assert [send(mailer).status for _ in range(3)] == [Status.SENT] * 3


@pytest.mark.parametrize("timeout", [0, 61, 999])
def test_no_answer_is_waited_for_longer_than_a_minute(timeout: float) -> None:
    with pytest.raises(ValueError, match=f"timeout is {timeout} seconds; give it a time up to 60 seconds"):
        SmtpMailer("127.0.0.1", 25, tls="none", timeout=timeout)


def test_each_address_of_a_server_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    post = Post()
    with running(post) as port, plain(port) as mailer:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port)) for place in ("127.0.0.2", "127.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", resolving(socket.getaddrinfo, found))

        assert send(mailer).status == Status.SENT


def resolving(as_ever: Callable[..., Any], found: list[Any]) -> Callable[..., Any]:
    """A resolver that finds several addresses for a name, and each of those as ever."""
    answers = iter([found])
    return lambda *what, **more: next(answers, None) or as_ever(*what, **more)


def test_without_tls_nobodys_certificates_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> ssl.SSLContext:
        raise AssertionError("The authorities that this machine trusts were read.")

    monkeypatch.setattr(ssl, "create_default_context", refuse)

    SmtpMailer("127.0.0.1", 25, tls="none").close()


# --- while the server thinks -----------------------------------------------------------------------------------------


def test_there_is_time_to_work_while_the_server_thinks_about_a_mail() -> None:
    post, worked = Post(), []

    with running(post) as port, plain(port) as mailer:
        outcome = mailer.send(
            RAW, sender=SENDER, recipient=PAT, name="mail", meanwhile=lambda: worked.append(len(post.taken))
        )

    assert (outcome.status, len(worked)) == (Status.SENT, 1)


def test_when_that_work_fails_the_answer_is_not_taken_for_one_to_the_next_mail() -> None:
    def fail() -> None:
        raise LookupError

    post = Post()
    with running(post) as port, plain(port) as mailer:
        with pytest.raises(LookupError):
            mailer.send(RAW, sender=SENDER, recipient=PAT, name="mail", meanwhile=fail)
        post.answers["MAIL"] = "550 Not you"

        assert send(mailer) == Outcome(
            Status.FAILED, f"The mail server 127.0.0.1:{port} refused the mail at MAIL (550 Not you)."
        )


@pytest.mark.parametrize("mechanism", [b"PLAIN", b"LOGIN", b"CRAM-MD5"])
def test_a_login_that_is_answered_with_nonsense_is_a_delay(mechanism: bytes) -> None:
    offered = b"250-here\r\n250 AUTH " + mechanism + b"\r\n"
    with (
        scripted([b"220 here\r\n", offered, b"334 abc\r\n"]) as port,
        plain(port, username="u", password="hunter2") as mailer,
    ):
        assert send(mailer) == Outcome(
            Status.DELAYED,
            f"The mail server 127.0.0.1:{port} gave an answer at the login that makes no sense; check the port.",
            needs_person=True,
            unreachable=True,
        )
