"""A filed report as a file that a neighbouring partnership can take in: the agency answers once (case 1)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from calendars import london
from db.unit_of_work import UnitOfWork
from s11flow.domain.errors import NotNow, RefusedError, WrongInputError
from s11flow.domain.model import CaseFacts
from s11flow.services import cases, readings
from s11flow.services.readings import Reading
from s11flow.services.submissions import Documents

KIND = "s11flow portable return"


def export(uow: UnitOfWork, documents: Documents, ref: str) -> bytes:
    """The report of a case that counts, as JSON: its files, what was read of them, and what it is a report of.

    Raises UnknownError, and RefusedError where no report has come.
    """
    with uow.read() as connection:
        loaded = cases.look_at(connection, ref)
        facts, definition = loaded.facts, loaded.rules.definition
        assert isinstance(facts, CaseFacts)
        reading = readings.standing(connection, [loaded.id]).get(loaded.id, Reading())
    submission, period = facts.readable, facts.dates.period
    if submission is None:
        kept_back = facts.submission is not None
        why = "its report is kept back." if kept_back else "no report of it has come that could be given on."
        raise RefusedError(NotNow(ref, "EXPORT", why))
    return _text(
        {
            "kind": KIND,
            "schema": 1,
            "partnership": {"code": facts.partnership, "name": definition.partnership.name},
            "case": facts.ref,
            "agency": {"code": facts.agency.code, "name": facts.agency.name, "areas": list(facts.agency.areas)},
            "period": None if period is None else [day.isoformat() for day in period],
            "standards_version": definition.standards_version,
            "arrived_at": london.iso(submission.arrived_at),
            "addresses": list(submission.addresses),
            "reading": reading.as_json(),
            "files": [_file(documents, name, digest) for name, digest, _ in submission.files],
        }
    )


def _file(documents: Documents, name: str, digest: str) -> dict[str, str]:
    return {"name": name, "sha256": digest, "content": base64.b64encode(documents.read(digest)).decode()}


def _text(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def unpacked(files: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """These files, and beside each portable return among them the files that it holds.

    Raises WrongInputError for one whose files are not what it says.
    """
    return [(name, content) for given in files for name, content in (given, *_held(*given))]


def _held(name: str, content: bytes) -> list[tuple[str, bytes]]:
    document = _read(content)
    if document is None:
        return []
    return [_checked(name, each) for each in document.get("files", ())]


def _read(content: bytes) -> dict[str, Any] | None:
    if KIND.encode() not in content[:200]:
        return None
    try:
        document = json.loads(content)
    except ValueError:
        return None
    return document if isinstance(document, dict) and document.get("kind") == KIND else None


def _checked(name: str, given: Any) -> tuple[str, bytes]:
    try:
        content = base64.b64decode(given["content"], validate=True)
        if hashlib.sha256(content).hexdigest() == given["sha256"]:
            return str(given["name"]), content
    except (KeyError, TypeError, binascii.Error):
        pass
    raise WrongInputError(f"A file that {name} holds is not what it says; ask for it again.")
