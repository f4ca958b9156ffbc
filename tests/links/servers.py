"""Real servers on loopback that stand for the internet: what they answer byte by byte, and what they were asked."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import SHUT_RDWR, socket

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OUTSIDE = "127.0.0.2"
"""Stands for a public number: the loopback network is larger than one."""
INSIDE = "127.0.0.1"

Answer = Callable[[bytes], Iterator[bytes]]
"""Gives, for a request, the bytes of the answer as they leave."""


def says(*parts: bytes) -> Answer:
    """An answer that leaves in these parts, whatever was asked."""
    return lambda _asked: iter(parts)


def answers(status: int, *headers: bytes, body: bytes = b"") -> Answer:
    """An answer with this status, these headers and this body."""
    lines = (b"HTTP/1.1 %d Said" % status, b"Content-Length: %d" % len(body), *headers, b"", body)
    return says(b"\r\n".join(lines))


def drips(every: float, part: bytes = b"X-Drip: 1\r\n") -> Answer:
    """An answer whose headers go on for ever, a little at a time."""

    def answer(_asked: bytes) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n"
        while True:
            time.sleep(every)
            yield part

    return answer


@dataclass
class Server:
    """A server at a number and a port; `asked` are the requests that reached it, `knocks` counts the connections."""

    number: str
    port: int
    asked: list[bytes] = field(default_factory=list)
    knocks: int = 0
    written: int = 0


@contextmanager
def serving(
    answer: Answer, number: str = OUTSIDE, tls: ssl.SSLContext | None = None, port: int = 0
) -> Iterator[Server]:
    """A server on loopback, for as long as the block lasts."""
    with socket() as listening:
        listening.bind((number, port))
        listening.listen()
        server = Server(number, listening.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(listening, server, answer, tls), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown(SHUT_RDWR)
            thread.join(5)


def _serve(listening: socket, server: Server, answer: Answer, tls: ssl.SSLContext | None) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        server.knocks += 1
        try:
            with connection, tls.wrap_socket(connection, server_side=True) if tls else connection as stream:
                stream.settimeout(5)
                asked = b""
                while b"\r\n\r\n" not in asked and (part := stream.recv(65536)):
                    asked += part
                if not asked:
                    continue
                server.asked.append(asked)
                for part in answer(asked):
                    stream.sendall(part)
                    server.written += len(part)
        except OSError:
            continue  # whoever asked has gone


@dataclass
class Names:
    """A resolver that answers from a table, each time with the next of what it has, and counts."""

    table: dict[str, Sequence[tuple[str, ...]]]
    asked: list[str] = field(default_factory=list)

    def __call__(self, name: str, port: int) -> tuple[str, ...]:
        self.asked.append(name)
        turns = self.table[name]
        return turns[min(self.asked.count(name), len(turns)) - 1]


def names(**table: str) -> Names:
    """Each name (written with _ for the dot) stands for one number."""
    return Names({name.replace("_", "."): [(number,)] for name, number in table.items()})


def is_outside(number: str) -> bool:
    """The rule for what is public, where loopback stands for it."""
    return number == OUTSIDE


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server of this name shows, and what trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    shows = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shows.load_cert_chain(file)
    return shows, ssl.create_default_context(cafile=str(file))
