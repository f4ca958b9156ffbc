"""Which partnership is meant when nobody says, and what is said when that is not clear."""

from datetime import UTC, datetime

import pytest

from db.unit_of_work import UnitOfWork
from s11flow.cycles import shipped
from s11flow.domain.errors import UnknownError, WrongInputError
from s11flow.services.agencies import init_partnership
from s11flow.services.partnerships import find_partnership

pytestmark = pytest.mark.on_both

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)


def test_the_only_one_is_meant(uow: UnitOfWork) -> None:
    init_partnership(uow, shipped(), now=NOW)

    assert (find_partnership(uow), find_partnership(uow, "GSCP")) == ("GSCP", "GSCP")


def test_without_any_the_way_to_one_is_said(uow: UnitOfWork) -> None:
    with pytest.raises(UnknownError, match=r"^There is no partnership here yet; run `s11flow init` first\.$"):
        find_partnership(uow, "GSCP")


def test_an_unknown_one_is_refused_with_those_there_are(uow: UnitOfWork) -> None:
    init_partnership(uow, shipped(), now=NOW)

    with pytest.raises(UnknownError, match=r"^There is no partnership 'OSCP' here; there is GSCP\.$"):
        find_partnership(uow, "OSCP")


def test_of_two_somebody_must_say_which(uow: UnitOfWork) -> None:
    init_partnership(uow, shipped(), now=NOW)
    init_partnership(uow, shipped().replace('"GSCP"', '"OSCP"'), now=NOW)

    with pytest.raises(WrongInputError, match=r"^There is more than one partnership here; say which: GSCP, OSCP\.$"):
        find_partnership(uow)
