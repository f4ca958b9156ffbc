"""Mail that is signed as it leaves: who can check it, what breaks it, and which keys are refused."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from freezegun import freeze_time

from notifications import signing
from notifications.mailer import Outcome, Status
from notifications.message import compose
from notifications.outcome import Closing, nothing
from notifications.signing import KeyRefused, Signer, SigningKey, SigningMailer, read_key
from tests.notifications.dkim_verifier import is_sound
from tests.notifications.samples import INVITE, invitation, letter
from tests.notifications.test_smtp import Eager, plain, running

DOMAIN, SELECTOR = "partnership.example", "s11"
MAILS = {"a letter": compose(letter()), "an invitation": compose(invitation())}
PlainKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def written(
    path: Path,
    key: PlainKey,
    form: PrivateFormat = PrivateFormat.PKCS8,
    closed_by: KeySerializationEncryption | None = None,
) -> Path:
    path.touch(0o600)
    path.write_bytes(key.private_bytes(Encoding.PEM, form, closed_by or NoEncryption()))
    return path


@pytest.fixture(scope="module")
def secret() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def key(secret: rsa.RSAPrivateKey, tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return read_key(written(tmp_path_factory.mktemp("dkim") / "key.pem", secret))


@pytest.fixture
def signer(key: SigningKey) -> Signer:
    return Signer(key, domain=DOMAIN, selector=SELECTOR)


@pytest.fixture
def is_good(key: SigningKey) -> Callable[[bytes], bool]:
    """Two verifiers, which must be of one mind: the library's and our own from the RFC."""
    dns = {f"{SELECTOR}._domainkey.{DOMAIN}": f"v=DKIM1; k=rsa; p={key.public}"}

    def judge(mail: bytes) -> bool:
        theirs = dkim.verify(mail, dnsfunc=lambda name, **_: dns[name.decode().rstrip(".")].encode())
        assert theirs == is_sound(mail, dns)
        return bool(theirs)

    return judge


# --- what is signed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", MAILS.values(), ids=MAILS)
def test_a_mail_leaves_as_it_was_composed_with_a_signature_in_front(
    raw: bytes, signer: Signer, is_good: Callable[[bytes], bool]
) -> None:
    signed = signer.sign(raw)

    assert signed.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d=partnership.example; ")
    assert signed.endswith(b"\r\n" + raw)
    assert max(map(len, signed.split(b"\r\n"))) <= 998
    assert is_good(signed)


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "one byte of the text": lambda mail: mail[:-90] + bytes([mail[-90] ^ 1]) + mail[-89:],
    "another subject": lambda mail: mail.replace(b"?q?Reminder", b"?q?Remainder"),
    "another sender": lambda mail: mail.replace(b'From: "The Partnership"', b'From: "The Partners"'),
    "another address to answer to": lambda mail: mail.replace(b"Reply-To: section11@", b"Reply-To: section12@"),
    "another day": lambda mail: re.sub(rb"(Date: \w+, )\d+", rb"\g<1>01", mail),
    "a second subject": lambda mail: mail.replace(b"Subject:", b"Subject: Another\r\nSubject:"),
    "a second sender": lambda mail: b"From: eve@evil.example\r\n" + mail,
    "a copy to somebody that was none": lambda mail: mail.replace(b"\r\nTo:", b"\r\nTo: eve@evil.example\r\nTo:"),
    "somebody in copy": lambda mail: mail.replace(b"\r\nTo:", b"\r\nCc: eve@evil.example\r\nTo:"),
    "another kind of content": lambda mail: mail.replace(b"Content-Type: multipart/mixed", b"Content-Type: text/plain"),
    "a second kind of content": lambda mail: mail.replace(b"\r\nTo:", b"\r\nContent-Type: text/plain\r\nTo:"),
    "more text": lambda mail: mail + b"And more.\r\n",
    "a later signature": lambda mail: re.sub(rb"( t=\d+)", rb"\g<1>1", mail),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_is_changed_breaks_the_signature(
    change: Callable[[bytes], bytes], signer: Signer, is_good: Callable[[bytes], bool]
) -> None:
    signed = signer.sign(MAILS["a letter"])
    changed = change(signed)

    assert changed != signed
    # A header in front of the signature is for whoever looks for one; ours looks at the first.
    assert not is_good(changed if changed.startswith(b"DKIM") else _with_the_signature_first(changed))


def _with_the_signature_first(mail: bytes) -> bytes:
    first, _, rest = mail.partition(b"\r\n")
    signature, following = re.split(rb"\r\n(?![ \t])", rest, maxsplit=1)
    return b"\r\n".join([signature, first, following])


@pytest.mark.parametrize(
    "relayed",
    [
        lambda mail: mail.replace(b"\r\nSubject: ", b"\r\nSubject:  \t"),
        lambda mail: mail.replace(b"\r\nReply-To: ", b"\r\nReply-To:\r\n "),
        lambda mail: mail + b"\r\n\r\n",
        lambda mail: mail.replace(b"\r\nMIME-V", b"\r\nContent-Transfer-Encoding: 7bit\r\nMIME-V", 1),
        lambda mail: b"Received: from here by there; Fri, 16 Oct 2026 08:00:00 +0000\r\n" + mail,
    ],
    ids=["more white space", "a header folded anew", "blank lines at the end", "an encoding", "a line of who took it"],
)
def test_what_a_relay_may_do_leaves_it_sound(
    relayed: Callable[[bytes], bytes], signer: Signer, is_good: Callable[[bytes], bool]
) -> None:
    passed_on = relayed(signer.sign(MAILS["a letter"]))

    assert is_good(passed_on if passed_on.startswith(b"DKIM") else _with_the_signature_first(passed_on))


def test_an_invitation_that_is_sent_again_differs_in_its_signature_alone(
    signer: Signer, is_good: Callable[[bytes], bool]
) -> None:
    raw = MAILS["an invitation"]
    with freeze_time("2026-10-20 08:00:00"):  # UTC
        first, at_once = signer.sign(raw), signer.sign(raw)
        assert is_good(first)
    with freeze_time("2026-10-20 20:00:00"):  # it was uncertain, and is tried again
        later = signer.sign(raw)
        assert is_good(later)

    assert first == at_once
    assert first != later
    assert first.partition(b"\r\nMIME-Version")[2] == later.partition(b"\r\nMIME-Version")[2]
    assert [calendar_of(mail) for mail in (first, later)] == [INVITE] * 2


def calendar_of(mail: bytes) -> bytes:
    (part,) = (each for each in message_from_bytes(mail).walk() if each.get_content_type() == "text/calendar")
    return b64decode(part.get_payload())  # type: ignore[arg-type]


# --- what leaves ------------------------------------------------------------------------------------------------------


class Server(Closing):
    """A mailer that keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[tuple[str, bytes]] = []

    def send(
        self, raw: bytes, *, sender: str, recipient: str, name: str, meanwhile: Callable[[], None] = nothing
    ) -> Outcome:
        self.said.append(("sent", raw))
        return Outcome(Status.SENT, "Taken.")

    def announce(self, raw: bytes, *, sender: str, recipient: str) -> None:
        self.said.append(("announced", raw))

    def close(self) -> None:
        self.said.append(("closed", b""))


def send(mailer: SigningMailer, raw: bytes) -> Outcome:
    return mailer.send(raw, sender="us@partnership.example", recipient="pat@agency.example", name="mail")


def test_a_mail_is_sent_with_the_signature_that_it_was_announced_with() -> None:
    server, made = Server(), []

    def sign(raw: bytes) -> bytes:
        made.append(raw)
        return b"Signed: %d\r\n" % len(made) + raw

    with SigningMailer(server, sign) as mailer:
        mailer.announce(b"one", sender="us@partnership.example", recipient="pat@agency.example")
        assert send(mailer, b"one") == Outcome(Status.SENT, "Taken.")
        send(mailer, b"two")

    assert server.said == [
        ("announced", b"Signed: 1\r\none"),
        ("sent", b"Signed: 1\r\none"),
        ("sent", b"Signed: 2\r\ntwo"),
        ("closed", b""),
    ]


def test_a_server_gets_mail_that_can_be_checked_announced_or_not(
    signer: Signer, is_good: Callable[[bytes], bool]
) -> None:
    dotted = compose(letter(attachments=(), text=".\n..one\n.two\n", html="<p>.</p>\n"))
    mails = [*MAILS.values(), dotted]
    post = Eager()

    with running(post) as port, SigningMailer(plain(port), signer.sign) as mailer:
        for raw in mails:
            assert send(mailer, raw).status == Status.SENT
            mailer.announce(dotted, sender="us@partnership.example", recipient="pat@agency.example")
        assert send(mailer, dotted).status == Status.SENT

    taken = [content for _, _, content in post.taken]
    assert [content.partition(b"\r\nContent-Type")[2] for content in taken] == [
        (b"\r\n" + raw).partition(b"\r\nContent-Type")[2] for raw in (*mails, dotted)
    ]
    assert [is_good(content) for content in taken] == [True] * 4


def test_what_cannot_be_signed_does_not_leave() -> None:
    def sign(raw: bytes) -> bytes:
        raise dkim.ParameterError("with the key in it")

    server = Server()
    with SigningMailer(server, sign) as mailer:
        mailer.announce(b"one", sender="us@partnership.example", recipient="pat@agency.example")
        assert send(mailer, b"one") == Outcome(
            Status.DELAYED,
            "The mail was not sent, because it could not be signed (ParameterError); check the DKIM key.",
            needs_person=True,
            unreachable=True,
        )

    assert server.said == [("closed", b"")]


# --- which keys are refused -------------------------------------------------------------------------------------------


def test_a_key_is_read_in_either_form_and_its_secret_is_not_shown(secret: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    forms = (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL)
    one, other = (read_key(written(tmp_path / str(form), secret, form)) for form in forms)

    assert one == other
    assert (one.bits, "PRIVATE" in repr(one)) == (2048, False)


def test_a_key_signs_whatever_its_file_has_passed_through(
    secret: rsa.RSAPrivateKey, key: SigningKey, tmp_path: Path, is_good: Callable[[bytes], bool]
) -> None:
    path = written(tmp_path / "key.pem", secret)
    path.write_bytes(b"Bag Attributes\r\n--\r\n" + path.read_bytes().replace(b"\n", b"\r\n"))

    assert read_key(path) == key
    assert is_good(Signer(read_key(path), domain=DOMAIN, selector=SELECTOR).sign(MAILS["a letter"]))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o610])
def test_a_key_that_others_can_use_is_refused(mode: int, secret: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    path = written(tmp_path / "key.pem", secret)
    path.chmod(mode)

    with pytest.raises(KeyRefused) as refused:
        read_key(path)

    assert str(refused.value) == f"Others than its owner can use the key {path}; `chmod 600 {path}` closes it."


def test_a_key_that_is_none_says_how_to_make_one(secret: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    (tmp_path / "text").touch(0o600)
    (tmp_path / "text").write_text("-----BEGIN PRIVATE KEY-----\nno\n")
    wrong = [
        tmp_path / "text",
        written(tmp_path / "curve", ec.generate_private_key(ec.SECP256R1())),
        written(tmp_path / "password", secret, closed_by=BestAvailableEncryption(b"open sesame")),
    ]

    for path in wrong:
        with pytest.raises(KeyRefused) as refused:
            read_key(path)
        assert str(refused.value) == (
            f"{path} is not an RSA key in PEM without a password; make one with `openssl genrsa -out {path} 2048`."
        )


def test_a_key_that_no_receiver_takes_is_refused(
    secret: rsa.RSAPrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing, "FEWEST_BITS", 4096)  # one of fewer than 1024 nobody makes any more
    path = written(tmp_path / "key.pem", secret)

    with pytest.raises(KeyRefused) as refused:
        read_key(path)

    assert str(refused.value) == (
        f"The key {path} has 2048 bits, which no receiver takes; make one with `openssl genrsa -out {path} 2048`."
    )


def test_a_key_that_is_not_there_says_what_to_see_to(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused) as refused:
        read_key(tmp_path / "none.pem")

    assert str(refused.value) == (
        f"The key {tmp_path}/none.pem cannot be read (no such file or directory); see that it is there, and that the "
        "user of the service owns it."
    )
