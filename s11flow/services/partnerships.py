"""Which partnership is meant."""

from __future__ import annotations

from db import queries
from db.unit_of_work import UnitOfWork
from s11flow.domain.errors import UnknownError, WrongInputError


def find_partnership(uow: UnitOfWork, code: str | None = None) -> str:
    """Give *code* if there is such a partnership; without one, the code of the only one there is.

    Raises `UnknownError`, which names those there are, and `WrongInputError` when it is not clear which is meant.
    """
    with uow.read() as connection:
        codes = [row.code for row in queries.partnerships(connection)]
    if not codes:
        raise UnknownError("There is no partnership here yet; run `s11flow init` first.")
    if code is None and len(codes) > 1:
        raise WrongInputError(f"There is more than one partnership here; say which: {', '.join(codes)}.")
    if code is not None and code not in codes:
        raise UnknownError(f"There is no partnership {code!a} here; there is {', '.join(codes)}.")
    return code or str(codes[0])
