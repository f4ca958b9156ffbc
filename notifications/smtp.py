"""Handing mail to a mail server over one connection, and reading from its answers what became of each."""

import io
import math
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Any

from notifications.address import check_address, is_loopback
from notifications.outcome import Closing, Outcome, Status, nothing
from notifications.server_address import TRUST, Tls, check_login
from notifications.token_command import WITHIN, Token, TokenUnavailable

LONGEST_TIMEOUT = 60.0
"""The most seconds that one answer may be waited for."""

BUDGET = 120.0
"""Seconds that everything before a mail's last line may take together, however many answers are waited for."""

_KEPT_WAITING = 20.0
"""Seconds for which a server that was told of a mail waits for its text; one that waited longer may be about to go."""

_PIECE = 64 * 1024  # bytes that are sent at a time, each within the time that is left

_CLOSING = 421  # "I am closing this connection": about the connection, not about this mail
_NEEDS_LOGIN = {530, 534, 535, 538}  # "first log in": about our settings, not about this mail
_XOAUTH2 = "XOAUTH2"
_ENHANCED = re.compile(rb"[245]\.[0-9]{1,3}\.[0-9]{1,3}\b")  # RFC 3463
_LINE_END = re.compile(rb"\r\n|\r|\n")
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


class _Stop(Exception):
    """This attempt is over, with an outcome."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome


class _Gone(Exception):
    """The connection had ended while nothing was said over it; of this mail the server has heard nothing."""


class _Answers(io.RawIOBase):
    """What comes from a server until the time for one answer is over.

    A socket's timeout begins anew with every byte: a server that says a little now and then would keep us for ever.
    """

    def __init__(self, from_server: socket.socket) -> None:
        self._from_server = from_server
        self.ends = 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._from_server.settimeout(left)
        return self._from_server.recv_into(buffer)


class _Prompt(smtplib.SMTP):
    """A connection whose timeout holds for each whole answer, and that does nothing more once its time is over.

    `ends` is when that is, as `time.monotonic` has it.
    """

    def __init__(self, *where: Any, ends: float, **more: Any) -> None:
        self.ends = ends
        super().__init__(*where, **more)

    def getreply(self) -> tuple[int, bytes]:
        if self.sock is not None:
            if self.file is None:
                self.file = io.BufferedReader(_Answers(self.sock))
            self.file.raw.ends = time.monotonic() + self._left()
        try:
            return super().getreply()
        finally:
            if self.sock is not None:
                self.sock.settimeout(max(0.001, min(self.timeout, self.ends - time.monotonic())))

    def send(self, s: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(self._left())
        super().send(s)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """A connection to the first address of *host* that answers; each of them gets the time of one answer."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for place, (*_, address) in enumerate(found, 1):
            try:
                return super()._get_socket(str(address[0]), port, self._left())  # type: ignore[misc, no-any-return]
            except ssl.SSLError:
                raise
            except OSError:
                if place == len(found):
                    raise
        raise OSError("no address")

    def _left(self) -> float:
        left = min(self.timeout, self.ends - time.monotonic())
        if left <= 0:
            raise TimeoutError("timed out")
        return left


class _PromptTls(_Prompt, smtplib.SMTP_SSL):
    """The same with TLS from the first byte."""


@dataclass(frozen=True, slots=True)
class _Announced:
    """What the server was told of the next mail, and until when it can be expected to wait for its text."""

    sender: str
    recipient: str
    size: int
    ends: float

    def is_for(self, raw: bytes, sender: str, recipient: str) -> bool:
        """Whether *raw* may be sent as that mail."""
        is_it = (self.sender, self.recipient, self.size) == (sender, recipient, len(raw))
        return is_it and time.monotonic() < self.ends


class SmtpMailer(Closing):
    """Hands mail to one server over one connection, which is kept open between mails.

    *tls* is ``starttls``, ``tls`` (from the first byte) or ``none``; certificates are always verified, by *context* if
    given. ``none`` is for a server on this machine, unless *insecure* says otherwise, and then there is no login.
    A *username* goes with a *password*, or with *token*, which each connection is logged in by anew (OAuth 2.0).
    *timeout* is in seconds and holds for each answer, at most `LONGEST_TIMEOUT`; *budget* for everything before the
    last line of a mail. A combination that would be unsafe is a ValueError.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        username: str | None = None,
        password: str | None = None,
        token: Token | None = None,
        tls: Tls = "starttls",
        timeout: float = 30,
        budget: float = BUDGET,
        local_hostname: str | None = None,
        context: ssl.SSLContext | None = None,
        insecure: bool = False,
    ) -> None:
        if tls == "none" and not is_loopback(host):
            if not insecure:
                raise ValueError("Mail without TLS is only for a server on this machine; use tls=starttls.")
            if username is not None:
                raise ValueError("A password is not sent without TLS; use tls=starttls.")
        check_login("mail server", username, password, token)
        if not _is_name(host):
            raise ValueError(
                "The mail server's name has a part that is empty or too long; write one such as mail.example."
            )
        if not 0 < timeout <= LONGEST_TIMEOUT:
            raise ValueError(
                f"The mail server's timeout is {timeout:g} seconds; give it a time up to {LONGEST_TIMEOUT:g} seconds."
            )
        self.host = host
        self.port = port
        self._username, self._password, self._token = username, password, token
        self._tls = tls
        self._timeout = timeout
        self._budget = budget
        self._ends = 0.0
        self._local_hostname = local_hostname
        # Reading the authorities that this machine trusts takes longer than many a delivery.
        self._context = context or (None if tls == "none" else ssl.create_default_context())
        self._connection: _Prompt | None = None
        self._is_amid_a_mail = False
        self._announced: _Announced | None = None

    @property
    def is_encrypted(self) -> bool:
        """Whether nothing is said to the server without TLS."""
        return self._tls != "none"

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine."""
        return is_loopback(self.host)

    def greet(self, *, within: float) -> Outcome | None:
        """Connect, log in and say goodbye within so many seconds, and a token's; give what hindered it, or None."""
        patience, self._timeout = self._timeout, min(within, self._timeout)
        self._ends = time.monotonic() + within + (WITHIN if self._token else 0)  # a slow command is not the server's
        try:
            self._drop()
            self._connection = self._connect()
        except _Stop as stop:
            return stop.outcome
        finally:
            self._timeout = patience
        self.close()
        return None

    def send(
        self, raw: bytes, *, sender: str, recipient: str, name: str, meanwhile: Callable[[], None] = nothing
    ) -> Outcome:
        """Try once. 4xx and what goes wrong before the text is handed over is DELAYED, 5xx is FAILED, a connection
        lost between the text and the server's answer is UNCERTAIN; a mail is never sent a second time from here."""
        for address in (sender, recipient):
            if reason := check_address(address):
                return Outcome(Status.FAILED, f"The mail was not sent: the address {address[:80]!r} {reason}.")
        self._ends = time.monotonic() + self._budget
        try:
            return self._send(self._offered(raw, sender, recipient), raw, meanwhile)
        except _Stop as stop:
            return stop.outcome
        except BaseException:
            self._drop()  # an answer that nobody read must not be taken for one to the next mail
            raise

    def announce(self, raw: bytes, *, sender: str, recipient: str) -> None:
        """Ask MAIL, RCPT and DATA for a mail whose text `send` may hand over; to a server that hears all three at once.

        A server that was asked and gets no text has no mail: the connection is closed instead.
        """
        connection = self._connection
        if connection is None or self._is_amid_a_mail or self._announced is not None:
            return
        if not connection.has_extn("pipelining") or check_address(sender) or check_address(recipient):
            return
        connection.ends = time.monotonic() + self._timeout
        try:
            connection.send(_at_once(_asked(connection, raw, sender, recipient)))
        except OSError:
            self._drop()  # it had ended while it was idle; `send` opens another
            return
        self._announced = _Announced(sender, recipient, len(raw), time.monotonic() + _KEPT_WAITING)

    def close(self) -> None:
        """Say goodbye to the server; a server that is already gone is no news."""
        if self._announced is not None:
            self._drop()
        connection, self._connection = self._connection, None
        self._is_amid_a_mail = False
        if connection is not None:
            connection.ends = time.monotonic() + self._timeout
            with suppress(OSError):
                connection.quit()
            connection.close()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._is_amid_a_mail = False
        self._announced = None
        if connection is not None:
            connection.close()

    # Up to the answer to MAIL: here a connection that was lost while it was idle is opened again, once.

    def _offered(self, raw: bytes, sender: str, recipient: str) -> _Prompt:
        """A connection whose server waits for the text of the mail."""
        if self._announced is not None and not self._announced.is_for(raw, sender, recipient):
            self._drop()  # it waits for the text of another mail, and anything we say would be that
        if self._connection is not None:
            self._connection.ends = self._ends
        if self._is_amid_a_mail:
            self._reset()
        if self._connection is not None:
            try:
                return self._offer(self._connection, raw, sender, recipient, is_idle=True)
            except _Gone:
                self._drop()
        self._connection = self._connect()
        return self._offer(self._connection, raw, sender, recipient, is_idle=False)

    def _reset(self) -> None:
        """Clear what an earlier refusal left."""
        self._is_amid_a_mail = False
        assert self._connection is not None
        try:
            code, _ = self._connection.rset()
        except OSError:
            code = -1
        if code != 250:
            self._drop()

    def _connect(self) -> _Prompt:
        connection: _Prompt | None = None
        phase = "when connecting"
        try:
            connection = self._open()
            phase = "at the greeting"
            connection.ehlo_or_helo_if_needed()
            if self._tls == "starttls":
                phase = "at STARTTLS"
                connection.starttls(context=self._context)
                connection.ehlo_or_helo_if_needed()
            if self._username is not None:
                phase = "at the login"
                self._log_in(connection, self._username)
        except (OSError, ValueError, TokenUnavailable) as error:  # smtplib's own are OSErrors; nonsense is a ValueError
            if connection is not None:
                connection.close()
            # "from None": what smtplib raises at the login can hold the password or the token.
            raise _Stop(self._not_connected(phase, error)) from None
        assert connection.sock is not None  # it has just answered
        connection.sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)  # the last line must not wait for an answer to the text
        return connection

    def _log_in(self, connection: _Prompt, username: str) -> None:
        if self._password is not None:
            connection.login(username, self._password)
        elif self._token is not None:
            if _XOAUTH2 not in connection.esmtp_features.get("auth", "").upper().split():
                raise smtplib.SMTPNotSupportedError  # a token is said to nobody who does not ask for one
            first = f"user={username}\1auth=Bearer {self._token()}\1\1"
            # A server that refuses it asks once more, with the reason, and wants an empty answer before it says so.
            connection.auth(_XOAUTH2, lambda asked=None: first if asked is None else "")

    def _open(self) -> _Prompt:
        where, times = (self.host, self.port, self._local_hostname), {"timeout": self._timeout, "ends": self._ends}
        return _PromptTls(*where, **times, context=self._context) if self._tls == "tls" else _Prompt(*where, **times)

    def _not_connected(self, phase: str, error: OSError | ValueError | TokenUnavailable) -> Outcome:
        if isinstance(error, TokenUnavailable):
            return Outcome(Status.DELAYED, str(error), needs_person=True, unreachable=True)
        needs_person = True
        match error:
            case _ if _is_silence(error):
                why, needs_person = f"did not answer within {self._timeout:g} seconds {phase}", False
            case smtplib.SMTPAuthenticationError(smtp_code=code, smtp_error=said) if self._password is None:
                why = (
                    f"refused the token {phase} ({_codes(code, said)}); check that the token command prints a new one "
                    "for this user, that it is one for sending (SMTP.Send or SMTP.SendAsApp at Microsoft, "
                    "https://mail.google.com/ at Google), and that SMTP AUTH is on for the mailbox"
                )
                needs_person = code >= 500
            case smtplib.SMTPAuthenticationError(smtp_code=code):
                why = f"refused the user name or the password {phase} ({code}); check the mail settings"
                needs_person = code >= 500
            case smtplib.SMTPResponseException(smtp_code=-1):
                why = f"gave an answer {phase} that makes no sense; check the port"
            case smtplib.SMTPResponseException(smtp_code=code):
                why = f"refused {phase} ({code})"
                needs_person = code >= 500
            case smtplib.SMTPNotSupportedError():
                why = (
                    f"does not offer what the settings ask for {phase}, and is told nothing without it; check port, "
                    "tls and login in the mail settings"
                )
            case smtplib.SMTPServerDisconnected():
                why, needs_person = f"closed the connection {phase}", False
            case smtplib.SMTPException():
                why = f"offers no way {phase} that we know; where it takes no passwords, log in by a token"
            case ssl.SSLCertVerificationError():
                why = f"showed a certificate that is not trusted {phase} ({error.verify_message}); {TRUST}"
            case ssl.SSLError():
                why = f"could not agree on TLS {phase}; check the port and the tls setting"
            case ValueError():  # smtplib could not read what it was to answer
                why = f"gave an answer {phase} that makes no sense; check the port"
            case _:
                why, needs_person = f"could not be reached {phase} ({_reason(error)})", False
        return Outcome(Status.DELAYED, f"{self._server} {why}.", needs_person, unreachable=True)

    # From there on: one walk, no way back.

    def _offer(self, connection: _Prompt, raw: bytes, sender: str, recipient: str, *, is_idle: bool) -> _Prompt:
        asked = _asked(connection, raw, sender, recipient)
        at_once = connection.has_extn("pipelining")
        is_asked, self._announced = self._announced is not None, None
        for place, (verb, command) in enumerate(asked):
            try:
                if not at_once:
                    connection.send(command)
                elif place == 0 and not is_asked:
                    connection.send(_at_once(asked))
                code, answer = connection.getreply()
            except OSError:
                raise self._lost_at(verb, is_idle=is_idle) from None
            if is_idle and verb == "MAIL" and code == _CLOSING:
                raise _Gone
            if code // 100 != (3 if verb == "DATA" else 2):
                outcome = self._refused(f"at {verb}", code, answer, unclear=Status.DELAYED)
                self._hear_out(len(asked) - place - 1 if at_once else 0)
                raise _Stop(outcome)
        return connection

    def _lost_at(self, verb: str, *, is_idle: bool) -> Exception:
        self._drop()
        if is_idle and verb == "MAIL":
            return _Gone()
        return _Stop(self._lost(f"at {verb}", Status.DELAYED))

    def _hear_out(self, answers: int) -> None:
        """Read what was answered to commands that went with a refused one; a server that wants the text gets none."""
        if self._connection is None:
            return
        self._is_amid_a_mail = True
        try:
            codes = [self._connection.getreply()[0] for _ in range(answers)]
        except OSError:
            codes = [_CLOSING]
        if any(code // 100 not in (2, 4, 5) or code == _CLOSING for code in codes):
            self._drop()

    def _send(self, connection: _Prompt, raw: bytes, meanwhile: Callable[[], None]) -> Outcome:
        text = _on_the_wire(raw)
        try:
            for start in range(0, len(text), _PIECE):
                connection.send(text[start : start + _PIECE])
        except OSError:
            self._drop()  # the text has no end yet, so the server cannot have taken it
            raise _Stop(self._lost("while the text was sent", Status.DELAYED)) from None
        connection.ends = math.inf  # the answer to this has the time of one answer, whatever went before
        try:
            connection.send(b".\r\n")
        except OSError:
            raise self._lost_after_the_text() from None
        meanwhile()
        try:
            code, answer = connection.getreply()
        except OSError:
            raise self._lost_after_the_text() from None
        if code // 100 == 2:
            return Outcome(Status.SENT, f"{self._server} took the mail ({code} {_words(answer)}).")
        return self._refused("after the text", code, answer, unclear=Status.UNCERTAIN)

    def _lost_after_the_text(self) -> _Stop:
        self._drop()
        return _Stop(self._lost("after the text was sent and before it answered", Status.UNCERTAIN))

    def _lost(self, phase: str, status: Status) -> Outcome:
        if status == Status.UNCERTAIN:
            return Outcome(status, f"{self._server} was lost {phase}: it may or may not have taken the mail.")
        return Outcome(status, f"{self._server} was lost {phase}; nothing was sent.")

    def _refused(self, phase: str, code: int, answer: bytes, *, unclear: Status) -> Outcome:
        said = f"({code} {_words(answer)})"
        if code == _CLOSING or code // 100 not in (4, 5):
            self._drop()
        if code in _NEEDS_LOGIN:
            return Outcome(
                Status.DELAYED,
                f"{self._server} wants a login {phase} {said}; check the mail settings.",
                needs_person=True,
                unreachable=True,
            )
        if code // 100 == 4:
            return Outcome(Status.DELAYED, f"{self._server} asked to wait {phase} {said}.")
        if code // 100 == 5:
            return Outcome(Status.FAILED, f"{self._server} refused the mail {phase} {said}.")
        return Outcome(unclear, f"{self._server} gave an answer {phase} that makes no sense {said}.")

    @property
    def _server(self) -> str:
        return f"The mail server {self.host}:{self.port}"


# What a bounce repeats as its Original-Envelope-Id, even one that returns nothing of the mail (RFC 3461, 4.4): at most
# a hundred characters, of which + and = would have to be written otherwise.
_MESSAGE_ID = re.compile(rb"^Message-ID: <([!-*,-;?-~]{1,100})>\r?$", re.IGNORECASE | re.MULTILINE)


def _asked(connection: smtplib.SMTP, raw: bytes, sender: str, recipient: str) -> tuple[tuple[str, str], ...]:
    """What a server is asked before the text of a mail: the verb and the whole line of each."""
    size = f" SIZE={len(raw)}" if connection.has_extn("size") else ""
    token = f" ENVID={named[1].decode()}" if connection.has_extn("dsn") and (named := _MESSAGE_ID.search(raw)) else ""
    return (
        ("MAIL", f"MAIL FROM:<{sender}>{size}{token}\r\n"),
        ("RCPT", f"RCPT TO:<{recipient}>\r\n"),
        ("DATA", "DATA\r\n"),
    )


def _at_once(asked: tuple[tuple[str, str], ...]) -> str:
    return "".join(line for _, line in asked)


def _is_silence(error: Exception) -> bool:
    """Say whether *error* is a wait that ran out; smtplib reports one as a closed connection."""
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _on_the_wire(raw: bytes) -> bytes:
    """Give *raw* with CRLF throughout and leading dots doubled, so that nothing in it can end the text early."""
    ends = raw.count(b"\r\n")  # to count is a tenth of the work of looking through a mail that is as it should be
    lines = raw if raw.count(b"\r") == raw.count(b"\n") == ends else _LINE_END.sub(b"\r\n", raw)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return _LEADING_DOT.sub(b"..", lines) if lines.startswith(b".") or b"\n." in lines else lines


def _codes(code: int, answer: bytes | str) -> str:
    """Give what a server answered as its numbers alone: its words may repeat what it was told."""
    more = _ENHANCED.match(answer) if isinstance(answer, bytes) else None
    return f"{code} {more[0].decode('ascii')}" if more else f"{code}"


def _words(answer: bytes) -> str:
    """Give a server's answer as one short line for a sentence."""
    text = " ".join(answer.decode("ascii", "replace").split())
    return "".join(char for char in text if char.isprintable())[:200].rstrip(" .")


def _is_name(host: str) -> bool:
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return True
