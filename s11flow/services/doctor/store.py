"""Looks at the database as a server or a file: what it promises, who can read it, and which tables it has."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from db import migrate
from s11flow.services.doctor.facts import PostgresServer, SqliteFile, Store
from s11flow.services.doctor.machine import is_open

_PROMISES = ("fsync", "full_page_writes", "synchronous_commit")


def look_at_store(engine: Engine, *, clock: Callable[[], datetime]) -> Store:
    """Gather what the doctor's rules want to know of an open database; *clock* gives the present instant."""
    revision = migrate.current(engine)
    if engine.dialect.name == "sqlite":
        kind: SqliteFile | PostgresServer = _file(Path(str(engine.url.database)).absolute())
    else:
        with engine.connect() as connection:
            kind = _server(connection, clock)
            connection.rollback()
    return Store(
        kind=kind,
        revision=revision,
        head=migrate.head(),
        is_known=revision is None or migrate.is_known(revision),
    )


def _file(path: Path) -> SqliteFile:
    return SqliteFile(path=path, filesystem=filesystem_of(path, _mounts()), is_open=is_open(path))


def _mounts() -> str:
    try:
        return Path("/proc/self/mounts").read_text("utf-8", errors="replace")
    except OSError:
        return ""


def filesystem_of(path: Path, mounts: str) -> str:
    """The type of the file system that *path* lies on, by the kernel's list of *mounts*; empty if it has none."""
    found: dict[Path, str] = {}
    for line in mounts.splitlines():
        _device, place, kind, *_ = line.split(" ")
        found[Path(_plain(place))] = kind  # of two at one place the later covers the earlier
    return next((found[place] for place in (path.resolve(), *path.resolve().parents) if place in found), "")


def _plain(place: str) -> str:
    """A path of the kernel's list: it writes a space as \\040."""
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), place)


def _server(connection: Connection, clock: Callable[[], datetime]) -> PostgresServer:
    before = clock()
    there: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    ours = before + (clock() - before) / 2
    shown = {name: str(connection.execute(text(f"SHOW {name}")).scalar_one()) for name in _PROMISES}
    version = int(connection.execute(text("SHOW server_version_num")).scalar_one())
    is_superuser = connection.execute(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")).scalar()
    with_tls = connection.execute(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).scalar()
    host = connection.execute(text("SELECT host(inet_server_addr())")).scalar()
    return PostgresServer(
        major=version // 10_000,
        settings=shown,
        ahead=there - ours,
        is_encrypted=bool(with_tls),
        is_local=host is None or ip_address(host).is_loopback,  # no address: a socket in a folder
        is_superuser=bool(is_superuser),
    )
