"""Looks whether a link opens for anyone: asks its server for it, as nobody in particular, and reads nothing of it.

Addresses come out of reports, so that anybody may have written them. A server is asked only if every number its name
stands for is public, and the connection goes to a number that was judged: the name is not looked up again. There are
no cookies, no passwords, no proxies and nothing of the environment; what the server sends after its headers is not
read.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Thread

import httpcore

from s11flow.links.look import Look, Outcome
from s11flow.links.public import is_public
from s11flow.links.target import PORTS, Refused, Target, target

HOPS = 3
"""How often a link may lead on to another address."""
WITHIN = 5.0
"""Seconds for a link, with everything it leads on to."""
_MOST = 128 * 1024
"""Bytes of an answer that are read until its headers must have ended."""
_NOT_PUBLIC = "its server has an address that is not on the public internet"
_LEADS_ON = frozenset({301, 302, 303, 307, 308})
_REFUSES = frozenset({401, 403, 407, 511})
_GONE = frozenset({404, 410})

Resolve = Callable[[str, int], Sequence[str]]
"""Gives the numbers that a server's name stands for; socket.gaierror where there are none."""


def numbers_of(name: str, port: int) -> tuple[str, ...]:
    """What the machine's resolver says; the name is taken as a whole one, without the endings of our own network."""
    found = socket.getaddrinfo(f"{name}.", port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


@dataclass(frozen=True)
class Opener:
    """Looks at links. *resolve*, *is_public* and *tls* are what the internet is here."""

    resolve: Resolve = numbers_of
    is_public: Callable[[str], bool] = is_public
    tls: ssl.SSLContext = field(default_factory=httpcore.default_ssl_context)
    within: float = WITHIN
    ports: tuple[int, ...] = PORTS

    def look(self, address: str) -> Look:
        """What anyone finds at *address*. It ends within the seconds there are, and raises nothing."""
        until = _Until(time.monotonic() + self.within)
        led_on = ""
        try:
            there = target(address, self.ports)
            for _ in range(HOPS + 1):
                status, location = self._ask(there, until)
                if status not in _LEADS_ON or location is None:
                    return _judged(status, led_on)
                led_on = "it leads on to another address, and "
                there = there.onward(location, self.ports)
        except Refused as refused:
            return Look(refused.look.outcome, f"{led_on}{refused.look.why}")
        except (httpcore.TimeoutException, TimeoutError):
            return Look(Outcome.TOO_LONG, f"{led_on}it did not open within {self.within:g} seconds")
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError, ValueError) as error:
            return Look(Outcome.UNREACHABLE, f"{led_on}{_trouble(error)}")
        return Look(Outcome.UNREACHABLE, f"it leads on from address to address more than {HOPS} times")

    def _ask(self, there: Target, until: _Until) -> tuple[int, bytes | None]:
        """What a server answers, and where it sends its visitors."""
        numbers = (there.host,) if there.is_number else self._numbers(there, until)
        if not all(self.is_public(number) for number in numbers):
            raise Refused(Outcome.NOT_PUBLIC, _NOT_PUBLIC)
        scheme, host = there.url.raw_scheme, there.host.encode("ascii")
        origin = httpcore.Origin(scheme, host, there.port)
        request = httpcore.Request(
            "GET",
            httpcore.URL(scheme=scheme, host=host, port=there.port, target=there.path),
            headers=[
                ("Host", there.named),
                ("User-Agent", "s11flow (looks whether a link in a report opens for anyone)"),
                ("Accept", "*/*"),
                ("Accept-Encoding", "identity"),
                ("Connection", "close"),
            ],
        )
        with httpcore.HTTPConnection(
            origin, ssl_context=self.tls, network_backend=_Pinned(numbers, until)
        ) as connection:
            response = connection.handle_request(request)
            response.close()
        said = (value for name, value in response.headers if name.lower() == b"location")
        return response.status, next(said, None)

    def _numbers(self, there: Target, until: _Until) -> tuple[str, ...]:
        """The numbers of a server, asked for once; no resolver can be hurried, so it is left behind if it is late."""
        answer: SimpleQueue[Sequence[str] | Exception] = SimpleQueue()
        Thread(target=_resolved, args=(self.resolve, there, answer), daemon=True).start()
        try:
            found = answer.get(timeout=until.left())
        except Empty:
            raise TimeoutError from None
        if isinstance(found, Exception) or not found:
            raise _NotLookedUp
        return tuple(found)


class _NotLookedUp(OSError):
    """A name that stands for nothing, or of which that is not known: a machine without a network sees no difference."""


def _resolved(resolve: Resolve, there: Target, answer: SimpleQueue[Sequence[str] | Exception]) -> None:
    try:
        answer.put(resolve(there.host, there.port))
    except Exception as error:  # whoever waits for the answer says what it means
        answer.put(error)


def _judged(status: int, led_on: str) -> Look:
    if 200 <= status < 300:
        return Look(Outcome.OPENS, "it opens for anyone")
    if status in _REFUSES:
        return Look(Outcome.SIGN_IN, f"{led_on}it asks for a sign-in or refuses (its server answered {status})")
    if status in _GONE:
        return Look(Outcome.NOT_FOUND, f"{led_on}there is nothing at that address (its server answered {status})")
    return Look(Outcome.UNREACHABLE, f"{led_on}its server answered {status}")


def _trouble(error: Exception) -> str:
    if isinstance(error, _NotLookedUp):
        return "the name of its server could not be looked up"
    if isinstance(error.__cause__, ssl.SSLCertVerificationError):
        return "its server has no certificate that a browser trusts for that name"
    if isinstance(error, httpcore.ConnectError):
        return "its server could not be reached"
    return "its server's answer could not be read"


# --- the connection ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Until:
    """When a look must have ended, as `time.monotonic` has it."""

    ends: float

    def left(self) -> float:
        """The seconds that are left; TimeoutError when there are none."""
        if (left := self.ends - time.monotonic()) <= 0:
            raise TimeoutError
        return left


class _Pinned(httpcore.NetworkBackend):
    """Connects to numbers that were judged, whatever name it is told, and keeps every step to the time there is."""

    def __init__(self, numbers: Sequence[str], until: _Until) -> None:
        self._numbers, self._until = numbers, until
        self._by = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """The first number that answers."""
        trouble: Exception = httpcore.ConnectError("There is no number to connect to.")
        for tried, number in enumerate(self._numbers):
            try:
                share = self._until.left() / (len(self._numbers) - tried)
                return self._of_another(self._by.connect_tcp(number, port, share, None, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                trouble = error
        raise trouble

    def _of_another(self, stream: httpcore.NetworkStream) -> httpcore.NetworkStream:
        if stream.get_extra_info("client_addr")[0] == stream.get_extra_info("server_addr")[0]:
            stream.close()
            raise Refused(Outcome.NOT_PUBLIC, _NOT_PUBLIC)  # it is this machine, by a public number of its own
        return _Timed(stream, self._until)


class _Timed(httpcore.NetworkStream):
    """A stream that ends when its time is up, however slowly the other side drips, and after so many bytes."""

    def __init__(self, stream: httpcore.NetworkStream, until: _Until, most: int = _MOST) -> None:
        self._stream, self._until, self._most = stream, until, most

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes."""
        if self._most <= 0:
            raise httpcore.ReadError("The headers of the answer do not end.")
        found = self._stream.read(min(max_bytes, self._most), self._until.left())
        self._most -= len(found)
        return found

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it."""
        self._stream.write(buffer, self._until.left())

    def close(self) -> None:
        """Close it."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The stream over TLS, for the name that was asked for."""
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, self._until.left()), self._until, self._most)

    def get_extra_info(self, info: str) -> object:
        """What the stream knows of itself."""
        return self._stream.get_extra_info(info)
