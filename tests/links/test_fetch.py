"""Links are tried against real servers on loopback, one number of which stands for the internet; nothing leaves."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from s11flow.links.fetch import HOPS, Opener
from s11flow.links.look import Look, Outcome
from s11flow.links.public import is_public
from tests.links.servers import (
    INSIDE,
    OUTSIDE,
    Answer,
    Names,
    Server,
    answers,
    certificate,
    drips,
    is_outside,
    names,
    says,
    serving,
)

NOT_PUBLIC = "its server has an address that is not on the public internet"
ON = "it leads on to another address, and "
Serve = Callable[..., Server]


@pytest.fixture
def serve() -> object:
    """Starts servers that end with the test."""
    with ExitStack() as stack:
        yield lambda *words, **more: stack.enter_context(serving(*words, **more))


def opener(resolve: Names, *servers: Server, within: float = 5.0, tls: ssl.SSLContext | None = None) -> Opener:
    """What tries links where OUTSIDE is the internet and these servers' ports are those of the web."""
    ports = (80, 443, *(server.port for server in servers))
    return Opener(resolve, is_outside, tls or ssl.create_default_context(), within, ports)


# --- what a server says -----------------------------------------------------------------------------------------------

SAID = {
    200: Look(Outcome.OPENS, "it opens for anyone"),
    204: Look(Outcome.OPENS, "it opens for anyone"),
    302: Look(Outcome.UNREACHABLE, "its server answered 302"),  # and does not say where to
    401: Look(Outcome.SIGN_IN, "it asks for a sign-in or refuses (its server answered 401)"),
    403: Look(Outcome.SIGN_IN, "it asks for a sign-in or refuses (its server answered 403)"),
    404: Look(Outcome.NOT_FOUND, "there is nothing at that address (its server answered 404)"),
    410: Look(Outcome.NOT_FOUND, "there is nothing at that address (its server answered 410)"),
    429: Look(Outcome.UNREACHABLE, "its server answered 429"),
    503: Look(Outcome.UNREACHABLE, "its server answered 503"),
}


@pytest.mark.parametrize("status", SAID)
def test_what_a_server_answers_is_what_anyone_finds(serve: Serve, status: int) -> None:
    server = serve(answers(status))

    found = opener(names(council_example=OUTSIDE), server).look(f"http://council.example:{server.port}/policy?a=1#b")

    assert found == SAID[status]


def test_it_asks_as_nobody_in_particular(serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine council.example login pat password secret\n")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, f"http://user:secret@{INSIDE}:1")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))
    server = serve(answers(200))

    opener(names(council_example=OUTSIDE), server).look(f"http://council.example:{server.port}/policy?a=1#b")

    assert server.asked == [
        b"GET /policy?a=1 HTTP/1.1\r\n"
        b"Host: council.example:%d\r\n"
        b"User-Agent: s11flow (looks whether a link in a report opens for anyone)\r\n"
        b"Accept: */*\r\n"
        b"Accept-Encoding: identity\r\n"
        b"Connection: close\r\n\r\n" % server.port
    ]


def test_nothing_of_a_large_answer_is_read_or_unpacked(serve: Serve) -> None:
    bomb = gzip.compress(bytes(10_000_000)) * 20 + bytes(50_000_000)
    server = serve(answers(200, b"Content-Encoding: gzip", body=bomb))

    found = opener(names(council_example=OUTSIDE), server).look(f"http://council.example:{server.port}/")

    assert found.outcome is Outcome.OPENS
    assert server.written < 20_000_000  # what fits in between; the rest was refused


def endless(_asked: bytes) -> object:
    """Headers of ten million bytes."""
    yield b"HTTP/1.1 200 OK\r\n"
    for number in range(10_000):
        yield b"X-%d: %s\r\n" % (number, b"a" * 1_000)
    yield b"\r\n"


def chatty(_asked: bytes) -> object:
    """Word that the answer is coming, and no answer."""
    for _ in range(1_000_000):
        yield b"HTTP/1.1 103 Early Hints\r\n\r\n"


STRANGE: dict[str, Answer] = {
    "headers without end": endless,  # type: ignore[dict-item]
    "a promise without end": chatty,  # type: ignore[dict-item]
    "one long line": says(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 10_000_000),
    "no HTTP": says(b"220 mail.example ESMTP\r\n"),
    "nothing": says(b""),
    "half": says(b"HTTP/1.1 200"),
    "a status that is none": says(b"HTTP/1.1 999999 OK\r\n\r\n"),
    "a header that is none": says(b"HTTP/1.1 200 OK\r\n\x00\r\n\r\n"),
}


@pytest.mark.parametrize("answer", STRANGE.values(), ids=STRANGE)
def test_what_is_no_answer_is_said_to_be_none(serve: Serve, answer: Answer) -> None:
    server = serve(answer)

    found = opener(names(council_example=OUTSIDE), server).look(f"http://council.example:{server.port}/")

    assert found == Look(Outcome.UNREACHABLE, "its server's answer could not be read")


# --- five seconds for all of it (less, here) --------------------------------------------------------------------------

SHORT = 0.4


def in_time(trying: Opener, address: str) -> Look:
    """What is found, and that it did not take longer than it may."""
    began = time.monotonic()
    found = trying.look(address)
    assert time.monotonic() - began < SHORT + 1.0
    return found


TOO_LONG = Look(Outcome.TOO_LONG, "it did not open within 0.4 seconds")


@pytest.mark.parametrize("answer", [drips(0.05), drips(0.05, b"a"), drips(1)], ids=["lines", "letters", "silence"])
def test_a_server_that_drips_does_not_get_past_the_time_there_is(serve: Serve, answer: Answer) -> None:
    server = serve(answer)
    trying = opener(names(council_example=OUTSIDE), server, within=SHORT)

    assert in_time(trying, f"http://council.example:{server.port}/") == TOO_LONG


def test_a_handshake_that_never_ends_takes_no_longer(serve: Serve) -> None:
    server = serve(drips(1), tls=None)
    trying = opener(names(council_example=OUTSIDE), server, within=SHORT)

    assert in_time(trying, f"https://council.example:{server.port}/") == TOO_LONG


def test_the_time_is_for_all_the_addresses_it_leads_on_to(serve: Serve) -> None:
    def slowly(asked: bytes) -> object:
        time.sleep(0.15)
        yield b"HTTP/1.1 302 On\r\nLocation: /%d\r\n\r\n" % len(asked)

    server = serve(slowly)
    trying = opener(names(council_example=OUTSIDE), server, within=SHORT)

    assert in_time(trying, f"http://council.example:{server.port}/") == Look(Outcome.TOO_LONG, ON + TOO_LONG.why)


def test_a_resolver_that_does_not_answer_is_left_behind() -> None:
    late = threading.Event()

    def never(_name: str, _port: int) -> tuple[str, ...]:
        late.wait(10)
        return (OUTSIDE,)

    found = in_time(Opener(never, is_outside, ssl.create_default_context(), SHORT), "http://council.example/")
    late.set()

    assert found == TOO_LONG


def test_a_server_that_is_not_there_is_said_not_to_be() -> None:
    def nobody(_name: str, _port: int) -> tuple[str, ...]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with serving(answers(200)) as gone:
        pass
    trying = opener(names(council_example=OUTSIDE), gone)

    assert (trying.look(f"http://council.example:{gone.port}/"), Opener(nobody).look("http://council.example/")) == (
        Look(Outcome.UNREACHABLE, "its server could not be reached"),
        Look(Outcome.UNREACHABLE, "the name of its server could not be looked up"),
    )


# --- only what is public ----------------------------------------------------------------------------------------------


def naively(address: str, number: str) -> int:
    """What a program that follows wherever it is led gets; the control for what is guarded here."""
    request = urllib.request.Request(address.replace("council.example", number))
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        status: int = answer.status
        return status


def test_a_link_that_leads_inside_is_not_followed_there_as_a_naive_program_would(serve: Serve) -> None:
    secret = serve(answers(200), number=INSIDE)
    server = serve(answers(302, b"Location: http://%s:%d/admin" % (INSIDE.encode(), secret.port)))
    address = f"http://council.example:{server.port}/"

    control = naively(address, OUTSIDE)
    reached = secret.knocks
    found = opener(names(council_example=OUTSIDE), server, secret).look(address)

    assert (control, reached, secret.knocks) == (200, 1, 1)
    assert found == Look(Outcome.NOT_PUBLIC, f"{ON}{INSIDE} is an address inside a network, not on the internet")


LED = {
    "http://169.254.169.254/latest/meta-data/": "169.254.169.254 is an address inside a network, not on the internet",
    "http://[::ffff:169.254.169.254]/": "::ffff:169.254.169.254 is an address inside a network, not on the internet",
    "//127.1/": "it has a number where the server's name belongs",
    "http://intranet/": '"intranet" is a name inside your own network',
    "http://pat:secret@council.example/": "it has a user name or password in it",
    "file:///etc/passwd": "it is a path on your own network or computer",
    "gopher://council.example/_X": "it begins with gopher:, and only https:// or http:// opens in a browser",
    "http://inside.example/": NOT_PUBLIC,
    "http://both.example/": NOT_PUBLIC,
}


@pytest.mark.parametrize("location", LED)
def test_every_address_that_a_link_leads_on_to_is_judged_anew(serve: Serve, location: str) -> None:
    server = serve(answers(307, b"Location: " + location.encode()))
    resolve = Names(
        {"council.example": [(OUTSIDE,)], "inside.example": [(INSIDE,)], "both.example": [(OUTSIDE, INSIDE)]}
    )

    found = opener(resolve, server).look(f"http://council.example:{server.port}/")

    assert found == Look(Outcome.NOT_PUBLIC, ON + LED[location])
    assert server.knocks == 1


def test_a_name_that_changes_what_it_stands_for_is_asked_once_and_gets_nowhere_else(serve: Serve) -> None:
    server = serve(answers(200))
    secret = serve(answers(200), number=INSIDE, port=server.port)
    rebinding = Names({"council.example": [(OUTSIDE,), (INSIDE,)]})

    found = opener(rebinding, server).look(f"http://council.example:{server.port}/")

    assert (found.outcome, rebinding.asked) == (Outcome.OPENS, ["council.example"])
    assert (server.knocks, secret.knocks) == (1, 0)


def test_a_name_that_changes_between_two_hops_is_judged_again(serve: Serve) -> None:
    server = serve(answers(302, b"Location: /again"))
    secret = serve(answers(200), number=INSIDE, port=server.port)
    rebinding = Names({"council.example": [(OUTSIDE,), (INSIDE,)]})

    found = opener(rebinding, server).look(f"http://council.example:{server.port}/")

    assert found == Look(Outcome.NOT_PUBLIC, ON + NOT_PUBLIC)
    assert (server.knocks, secret.knocks) == (1, 0)


def test_a_number_of_this_machine_itself_is_not_asked_though_it_were_public(serve: Serve) -> None:
    server = serve(answers(200), number=INSIDE)
    trying = Opener(names(council_example=INSIDE), lambda _: True, ports=(server.port,))

    assert trying.look(f"http://council.example:{server.port}/") == Look(Outcome.NOT_PUBLIC, NOT_PUBLIC)
    assert server.asked == []


def test_of_several_numbers_the_first_that_answers_is_asked(serve: Serve) -> None:
    server = serve(answers(200))
    trying = Opener(
        Names({"council.example": [("127.0.0.3", OUTSIDE)]}), lambda number: number != INSIDE, ports=(server.port,)
    )

    assert trying.look(f"http://council.example:{server.port}/").outcome is Outcome.OPENS


def test_by_default_only_the_real_internet_is_public() -> None:
    assert (Opener().is_public, Opener().within, Opener().ports) == (is_public, 5.0, (80, 443))


# --- leading on -------------------------------------------------------------------------------------------------------


def test_a_link_may_lead_on_three_times_and_not_four(serve: Serve) -> None:
    def on(asked: bytes) -> object:
        left = int(asked.split(b" ")[1].strip(b"/"))
        yield from answers(302, b"Location: /%d" % (left - 1))(asked) if left else answers(200)(asked)

    server = serve(on)
    trying = opener(names(council_example=OUTSIDE), server)

    assert trying.look(f"http://council.example:{server.port}/{HOPS}").outcome is Outcome.OPENS
    assert trying.look(f"http://council.example:{server.port}/{HOPS + 1}") == Look(
        Outcome.UNREACHABLE, "it leads on from address to address more than 3 times"
    )
    assert server.knocks == 2 * (HOPS + 1)


def test_a_link_that_leads_in_a_circle_is_left(serve: Serve) -> None:
    server = serve(answers(301, b"Location: /"))

    found = opener(names(council_example=OUTSIDE), server).look(f"http://council.example:{server.port}/")

    assert (found.outcome, server.knocks) == (Outcome.UNREACHABLE, HOPS + 1)


def test_a_cookie_that_was_given_is_not_shown_again(serve: Serve) -> None:
    second = serve(answers(200))
    to = b"Location: http://council.example:%d/" % second.port
    first = serve(answers(302, to, b"Set-Cookie: session=1; Domain=council.example; Path=/"))

    opener(names(council_example=OUTSIDE), first, second).look(f"http://council.example:{first.port}/start")

    (asked,) = second.asked
    assert [line.split(b":")[0] for line in asked.split(b"\r\n")[1:] if line] == [
        b"Host", b"User-Agent", b"Accept", b"Accept-Encoding", b"Connection",
    ]  # fmt: skip


SIGN_IN = {
    "https://login.identity.example/authorize": "login.identity.example asks for a sign-in",
    "/account/login?next=policy": "council.example asks for a sign-in",
    "https://council.sharepoint.com/sites/a": (
        "it is a share in SharePoint, which opens only for those it is shared with"
    ),
}


@pytest.mark.parametrize("location", SIGN_IN)
def test_case_42_a_link_that_leads_to_a_sign_in_does_not_open_and_the_sign_in_is_not_asked(
    serve: Serve, location: str
) -> None:
    server = serve(answers(302, b"Location: " + location.encode()))

    found = opener(names(council_example=OUTSIDE), server).look(f"http://council.example:{server.port}/policy")

    assert (found, server.knocks) == (Look(Outcome.SIGN_IN, ON + SIGN_IN[location]), 1)


# --- TLS --------------------------------------------------------------------------------------------------------------


def test_a_certificate_must_be_for_the_name_that_was_asked_for(serve: Serve, tmp_path: Path) -> None:
    shows, trusts = certificate(tmp_path, "council.example")
    server = serve(answers(200), tls=shows)
    trying = opener(names(council_example=OUTSIDE, other_example=OUTSIDE), server, tls=trusts)

    looks = [trying.look(f"https://{name}:{server.port}/") for name in ("council.example", "other.example")]

    assert looks == [
        Look(Outcome.OPENS, "it opens for anyone"),
        Look(Outcome.UNREACHABLE, "its server has no certificate that a browser trusts for that name"),
    ]
    assert len(server.asked) == 1


def test_a_certificate_that_nobody_vouches_for_is_none(serve: Serve, tmp_path: Path) -> None:
    server = serve(answers(200), tls=certificate(tmp_path, "council.example")[0])
    trying = opener(names(council_example=OUTSIDE), server)

    assert trying.look(f"https://council.example:{server.port}/") == Look(
        Outcome.UNREACHABLE, "its server has no certificate that a browser trusts for that name"
    )


def test_from_tls_a_link_may_lead_on_without(serve: Serve, tmp_path: Path) -> None:
    shows, trusts = certificate(tmp_path, "council.example")
    plain = serve(answers(200))
    server = serve(answers(301, b"Location: http://council.example:%d/" % plain.port), tls=shows)
    trying = opener(names(council_example=OUTSIDE), server, plain, tls=trusts)

    assert trying.look(f"https://council.example:{server.port}/").outcome is Outcome.OPENS
