"""The servers, started once; where they cannot be run, the tests that want them say why."""

from collections.abc import Iterator

import pytest

from tests.post_office.servers import Dovecot, Missing, PostOffice, running_dovecot, running_opensmtpd


@pytest.fixture(scope="session")
def running_imap() -> Iterator[Dovecot]:
    """Dovecot, started only if a test wants it."""
    try:
        with running_dovecot() as dovecot:
            yield dovecot
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def running_both(running_imap: Dovecot) -> Iterator[PostOffice]:
    """OpenSMTPD, which delivers to Dovecot's mailboxes."""
    try:
        with running_opensmtpd(running_imap.mail) as opensmtpd:
            yield PostOffice(opensmtpd, running_imap)
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def dovecot(running_imap: Dovecot) -> Dovecot:
    """Dovecot with empty mailboxes."""
    running_imap.empty()
    return running_imap


@pytest.fixture
def post_office(running_both: PostOffice) -> PostOffice:
    """Both servers, with empty mailboxes."""
    running_both.imap.empty()
    return running_both
