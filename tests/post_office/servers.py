"""A post office of the tests' own: OpenSMTPD and Dovecot, as Debian has them, on loopback and in a folder of their own.

No mail leaves the machine: OpenSMTPD delivers to mailboxes here, hands what is for `elsewhere.example` to a listener of
its own that refuses everybody, and refuses the rest.
"""

from __future__ import annotations

import fcntl
import imaplib
import json
import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

from tests.debian import MAIL_SERVERS, how_to_install

PASSWORD = "horse@battery/staple?:1"
TOKEN = "ya29.a-token"
OURS = "section11@gloucestershire-partnership.example"
PEOPLE = (
    *("@gloucestershire-partnership.example", "youth@agency.example", "deputy@agency.example"),
    *("director@agency.example", "a@district.example", "b@district.example", "chief@district.example"),
)
"""Who has a mailbox; an @ alone stands for everybody of a domain."""
REFUSING = "elsewhere.example"
"""A domain whose server refuses everybody."""

_MAIL_USER = "mail"  # who owns the mailboxes: Debian has it everywhere
_PATIENCE = 20.0
_SPOOL, _SOCKET = Path("/var/spool/smtpd"), Path("/var/run/smtpd.sock")  # compiled into smtpd


class Missing(Exception):
    """The servers cannot be run here; the text says why and what would work."""


def check_they_can_run() -> None:
    """Raise Missing unless both servers are installed and may be run."""
    if shutil.which("smtpd", path=_PATH) is None or shutil.which("dovecot", path=_PATH) is None:
        raise Missing(f"no mail servers for the real loop: as root, {how_to_install(MAIL_SERVERS)}")
    if os.geteuid() != 0:
        raise Missing(
            "the mail servers of the real loop run as root only: opensmtpd changes to its users opensmtpd and opensmtpq"
        )


_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"


# --- Dovecot ----------------------------------------------------------------------------------------------------------


@dataclass
class Dovecot:
    """A running IMAP server: anybody may log in with PASSWORD, and OURS with TOKEN; mail is Maildir in *mail*."""

    folder: Path
    port: int
    tls_port: int

    @property
    def mail(self) -> Path:
        """Where the mailboxes lie: `domain/name`."""
        return self.folder / "mail"

    def url(
        self, user: str = OURS, *, password: str = PASSWORD, folder: str = "", port: int = 0, **options: str
    ) -> str:
        """The setting for a mailbox of *user*, without TLS."""
        asked = "&".join(f"{name}={quote(value)}" for name, value in {"tls": "none", **options}.items())
        who = f"{quote(user, safe='')}:{quote(password, safe='')}"
        return f"imap://{who}@127.0.0.1:{port or self.port}/{quote(folder)}?{asked}"

    @contextmanager
    def opened(self, user: str) -> Iterator[imaplib.IMAP4]:
        """The mailbox of *user* as any mail program sees it."""
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=_PATIENCE) as connection:
            connection.login(user, PASSWORD)
            yield connection

    def put(self, user: str, *raws: bytes, folder: str = "INBOX", flags: str = "") -> None:
        """Put mails into a folder of *user*."""
        with self.opened(user) as connection:
            for raw in raws:
                _done(connection.append(f'"{folder}"', flags, "", raw))

    def holds(self, user: str, folder: str = "INBOX") -> list[bytes]:
        """Every mail in a folder of *user*, as it came; none if there is no such folder. Nothing is marked as read."""
        with self.opened(user) as connection:
            if connection.select(f'"{folder}"', readonly=True)[0] != "OK":
                return []
            numbers = _done(connection.search(None, "ALL"))[0].split()
            return [_done(connection.fetch(number.decode(), "(BODY.PEEK[])"))[0][1] for number in numbers]

    def wait_for(self, user: str, count: int = 1, folder: str = "INBOX") -> list[bytes]:
        """The same once *count* mails are there."""
        until(lambda: len(self.holds(user, folder)) >= count, f"{count} mails for {user}")
        return self.holds(user, folder)

    def empty(self) -> None:
        """Forget every mailbox."""
        for box in self.mail.iterdir():
            shutil.rmtree(box, ignore_errors=True)


def _done(answer: tuple[str, list[Any]]) -> list[Any]:
    assert answer[0] == "OK", answer
    return answer[1]


_DOVECOT = """\
protocols = imap
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
auth_failure_delay = 0
mail_location = maildir:{folder}/mail/%d/%n
mail_max_userip_connections = 100
first_valid_uid = 1
mail_privileged_group =
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={user} gid={user} home={folder}/mail/%d/%n allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  service_count = 0
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
"""
_OAUTH2 = """\
introspection_mode = post
introspection_url = http://127.0.0.1:{port}/
force_introspection = yes
username_attribute = username
active_attribute = active
active_value = true
"""


@contextmanager
def running_dovecot(offers: str = "") -> Iterator[Dovecot]:
    """Start an IMAP server, and stop and remove it afterwards. Raises Missing.

    *offers* is what it says that it can do, if that is to be less than all.
    """
    check_they_can_run()
    with ExitStack() as stack:
        folder = stack.enter_context(_a_folder())
        port, tls_port = free_ports(2)
        knows_tokens = stack.enter_context(_introspection())
        (folder / "oauth2.conf").write_text(_OAUTH2.format(port=knows_tokens))
        (folder / "dovecot.conf").write_text(
            _DOVECOT.format(folder=folder, port=port, tls_port=tls_port, password=PASSWORD, user=_MAIL_USER)
            + (f"imap_capability = {offers}\n" if offers else "")
        )
        _certificate(folder)
        _mailboxes(folder / "mail")
        command = ["dovecot", "-F", "-c", str(folder / "dovecot.conf")]
        stack.enter_context(_running(command, port, folder / "dovecot.err", folder / "dovecot.log"))
        yield Dovecot(folder, port, tls_port)


class _Introspection(BaseHTTPRequestHandler):
    """Knows one token, and whose it is."""

    def do_POST(self) -> None:
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        known = asked.get("token") == [TOKEN]
        said = json.dumps({"active": known, "username": OURS, "email": OURS} if known else {"active": False}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: Any) -> None:
        """Nothing: who asked is no news."""


@contextmanager
def _introspection() -> Iterator[int]:
    """What an OAuth 2.0 provider answers to "whose token is this?" (RFC 7662), and at which port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Introspection) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def _certificate(folder: Path) -> None:
    """A certificate for 127.0.0.1 that nobody trusts."""
    command = [
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3"),
        *("-subj", "/CN=mail.example", "-addext", "subjectAltName=IP:127.0.0.1"),
        *("-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE)


def _mailboxes(folder: Path) -> None:
    owner = pwd.getpwnam(_MAIL_USER)
    folder.mkdir()
    os.chown(folder, owner.pw_uid, owner.pw_gid)


# --- OpenSMTPD --------------------------------------------------------------------------------------------------------


@dataclass
class OpenSmtpd:
    """A running SMTP server."""

    port: int

    @property
    def url(self) -> str:
        """The setting for mail that leaves."""
        return f"smtp://127.0.0.1:{self.port}?tls=none"

    def take(self, raw: bytes, sender: str, recipient: str) -> None:
        """Hand it a mail as another mail program would."""
        with smtplib.SMTP("127.0.0.1", self.port, "client.example", timeout=_PATIENCE) as connection:
            connection.sendmail(sender, [recipient], raw)


_OPENSMTPD = """\
table people file:{folder}/people
listen on 127.0.0.1 port {port} hostname mail.gloucestershire-partnership.example
listen on 127.0.0.1 port {refusing} hostname mx.{elsewhere} tag ELSEWHERE
action deliver maildir "{mail}/%{{rcpt.domain}}/%{{rcpt.user}}" virtual <people>
action hand_over relay host "smtp+notls://127.0.0.1:{refusing}" helo mail.gloucestershire-partnership.example
match tag ELSEWHERE from any for any reject
match from any for domain {elsewhere} action hand_over
match from any for domain {{ {known} }} action deliver
match from any for any reject
"""


@contextmanager
def running_opensmtpd(mail: Path) -> Iterator[OpenSmtpd]:
    """Start an SMTP server that delivers to PEOPLE, below *mail*, and stop and remove it afterwards. Raises Missing."""
    check_they_can_run()
    with _a_folder() as folder, _room_for_a_spool(folder) as prefix:
        port, refusing = free_ports(2)
        (folder / "people").write_text("".join(f"{address}: {_MAIL_USER}\n" for address in PEOPLE))
        settings = folder / "smtpd.conf"
        known = ", ".join(sorted({address.partition("@")[2] for address in PEOPLE}))
        settings.write_text(
            _OPENSMTPD.format(folder=folder, port=port, refusing=refusing, mail=mail, elsewhere=REFUSING, known=known)
        )
        settings.chmod(0o600)
        log = folder / "smtpd.log"
        with _running([*prefix, "smtpd", "-d", "-f", str(settings)], port, log):
            yield OpenSmtpd(port)


@contextmanager
def _room_for_a_spool(folder: Path) -> Iterator[list[str]]:
    """What to put before the command so that smtpd, which knows one place for its queue, has one of its own there.

    Where no other view of the file system can be made, it gets the real place, if nobody uses that.
    """
    for name in ("spool", "run"):
        (folder / name).mkdir(mode=0o755)
    script = 'mount --bind "$1" /var/spool && mount --bind "$2" /run && shift 2 && exec "$@"'
    own = ["unshare", "--mount", "sh", "-c", script, "sh", str(folder / "spool"), str(folder / "run")]
    if subprocess.run([*own, "true"], capture_output=True, timeout=_PATIENCE).returncode == 0:
        yield own
        return
    with (Path(tempfile.gettempdir()) / "s11flow-opensmtpd.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _SOCKET.exists() or any(_SPOOL.glob("queue/*/*")):
            raise Missing(f"an OpenSMTPD of this machine's own uses {_SPOOL}; stop it and empty its queue")
        was_there = _SPOOL.exists()
        try:
            yield []
        finally:
            _SOCKET.unlink(missing_ok=True)
            if not was_there:
                shutil.rmtree(_SPOOL, ignore_errors=True)


# --- both -------------------------------------------------------------------------------------------------------------


@dataclass
class PostOffice:
    """Both servers: what is sent to the one is found in the other."""

    smtp: OpenSmtpd
    imap: Dovecot


def until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for something that servers do in their own time."""
    ends = time.monotonic() + _PATIENCE
    while not is_so():
        assert time.monotonic() < ends, f"{what}: not within {_PATIENCE:.0f} seconds"
        time.sleep(0.05)


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on."""
    with ExitStack() as stack:
        found = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in found]


@contextmanager
def _a_folder() -> Iterator[Path]:
    # Not below pytest's own folder: the servers are several users, who may not go in there.
    with tempfile.TemporaryDirectory(prefix="s11flow-post-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@contextmanager
def _running(command: list[str], port: int, log: Path, *more_logs: Path) -> Iterator[None]:
    """Run a server from when it answers at *port*, and stop it and whatever it started."""
    environment = {"PATH": _PATH, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    with log.open("wb") as said:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", *command],  # it ends with the tests, however they end
            stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environment, cwd="/", start_new_session=True,
        )  # fmt: skip
    try:
        until(lambda: process.poll() is not None or _answers(port), f"{command[-1]} starts")
        if process.poll() is not None:
            told = " ".join(file.read_text("utf-8", "replace")[-600:] for file in (log, *more_logs) if file.exists())
            raise Missing(f"{command[-1]} does not start here: {' '.join(told.split())}")
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # whatever it holds is thrown away
        process.wait()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.settimeout(2)
            return bool(connection.recv(1))
    except OSError:
        return False


@dataclass
class Cutting:
    """A way to a server that is cut once so many bytes have come back over it; None cuts nothing."""

    port: int
    to: int
    after: int | None = None
    cuts: int = field(default=0)
    passed: int = field(default=0)  # bytes that came back over the last connection


@contextmanager
def cutting(to: int) -> Iterator[Cutting]:
    """A port that leads to port *to*; set `after` for the next connection to be cut."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        way = Cutting(listener.getsockname()[1], to)
        thread = threading.Thread(target=_lead, args=(listener, way), daemon=True)
        thread.start()
        try:
            yield way
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(_PATIENCE)


def _lead(listener: socket.socket, way: Cutting) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        after, way.after = way.after, None
        server = socket.create_connection(("127.0.0.1", way.to))
        threading.Thread(target=_pass_on, args=(client, server, None, way), daemon=True).start()
        threading.Thread(target=_pass_on, args=(server, client, after, way), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket, after: int | None, way: Cutting) -> None:
    """Pass bytes on until one side ends, or *after* bytes."""
    passed = 0
    is_back = source.getpeername()[1] == way.to
    with suppress(OSError):
        while some := source.recv(65_536):
            if after is not None and passed + len(some) >= after:
                target.sendall(some[: after - passed])
                way.cuts += 1
                break
            target.sendall(some)
            passed += len(some)
            if is_back:
                way.passed = passed
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
