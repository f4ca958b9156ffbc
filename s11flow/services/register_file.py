"""Reads a register as partnerships keep it, a CSV file, into rows of plain values, each with what is wrong with it."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from notifications.address import check_address, has_control_character
from s11flow.domain.errors import WrongInputError
from s11flow.domain.model import AgencyStatus, Track

COLUMNS = (
    "code", "name", "category", "status", "status_reason", "lead", "contact_name", "contact_role", "contact_email",
    "deputy_email", "senior_leader_email", "data_protection_email", "attendee_emails", "areas", "usual_track",
)  # fmt: skip
"""What is read of a register, by its stored names."""

_NOT_READ = ("remark",)
_NEEDED = ("code", "name", "status")
_ADDRESSES = ("contact_email", "deputy_email", "senior_leader_email", "data_protection_email")
MAY_BE_NONE = frozenset({"lead", *_ADDRESSES})
"""The columns of which a row may have nothing, which is then no empty text."""
_CODE = re.compile(r"[A-Za-z0-9-]{1,10}")
_LONGEST_TEXT = 200
_STATUSES = tuple(status.value for status in AgencyStatus if status != AgencyStatus.ENDED)
_TRACKS = (Track.FULL.value, Track.LIGHT.value, Track.NONE.value)


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One agency of the file: the line it begins on, the values of the columns the file has, and its faults."""

    line: int
    values: Mapping[str, str | None]
    faults: tuple[str, ...]

    @property
    def code(self) -> str:
        """The agency's code as it stands in the file."""
        return self.values.get("code") or ""


@dataclass(frozen=True, slots=True)
class RegisterFile:
    """The rows of a file in its order, and the encoding they were read in."""

    encoding: str
    rows: tuple[RegisterRow, ...]


def read_register(content: str | bytes) -> RegisterFile:
    """Read a register; UTF-8, with or without a byte order mark, else Windows-1252.

    Raises WrongInputError for a file that cannot be read as rows at all: its encoding, its header, its quotes.
    """
    text, encoding = _decoded(content)
    records = list(_records(text))
    if not records:
        raise WrongInputError(f"The register is empty: its first line names the columns, {', '.join(COLUMNS)}.")
    header = _header(records[0][1])
    rows = [_row(line, header, cells) for line, cells in records[1:] if any(cell.strip() for cell in cells)]
    if not rows:
        raise WrongInputError("The register has a header and no agencies; give each agency a line below it.")
    return RegisterFile(encoding, tuple(_told_twice(rows)))


def _decoded(content: str | bytes) -> tuple[str, str]:
    if isinstance(content, str):
        return content.removeprefix("\ufeff"), "text"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # what a spreadsheet calls "Unicode text"
        raise WrongInputError("The register is UTF-16 text; save it as CSV UTF-8.")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding), "utf-8" if encoding == "utf-8-sig" else encoding
        except UnicodeDecodeError:
            continue
    raise WrongInputError("The register is neither UTF-8 nor Windows-1252 text; save it as CSV UTF-8.")


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line it begins on."""
    reader, line = csv.reader(io.StringIO(text, newline=""), strict=True), 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise WrongInputError(
            f"The register cannot be read at line {line}: {error}; check its quotation marks."
        ) from None


def _header(cells: Sequence[str]) -> tuple[str, ...]:
    names = tuple(cell.strip().lower() for cell in cells)
    known = ", ".join((*COLUMNS, *_NOT_READ))
    if unknown := [name for name in names if name not in (*COLUMNS, *_NOT_READ)]:
        said = ", ".join(f'"{name}"' for name in unknown)
        raise WrongInputError(f"The register has columns that are not known here, {said}; known are {known}.")
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise WrongInputError(f"The register has the column {doubled[0]} twice; leave one out.")
    if missing := [name for name in _NEEDED if name not in names]:
        raise WrongInputError(f"The register has no column {', '.join(missing)}; known are {known}.")
    return names


def _row(line: int, header: Sequence[str], cells: Sequence[str]) -> RegisterRow:
    if len(cells) != len(header):
        fault = f"it has {len(cells)} cells where the header has {len(header)}; quote a text that holds a comma"
        return RegisterRow(line, {"code": cells[0].strip()}, (fault,))
    given = dict(zip(header, cells, strict=True))
    values = {name: _value(name, given[name]) for name in COLUMNS if name in given}
    return RegisterRow(line, values, tuple(_faults(values)))


def _value(name: str, cell: str) -> str | None:
    text = cell.strip(" \t")
    if name in ("attendee_emails", "areas"):
        return ";".join(_distinct(part.strip(" \t") for part in text.split(";")))
    return text or (None if name in MAY_BE_NONE else "")


def _distinct(addresses: Iterator[str]) -> list[str]:
    found: dict[str, str] = {}
    for address in addresses:
        if address:
            found.setdefault(address.casefold(), address)
    return list(found.values())


def _faults(values: Mapping[str, str | None]) -> Iterator[str]:
    yield from _text_faults(values)
    yield from _code_faults(values["code"] or "")
    if not values["name"]:
        yield "name is empty; give the agency's name"
    status = values["status"] or ""
    if status not in _STATUSES:
        yield f'status is "{_shown(status)}"; use {", ".join(_STATUSES[:-1])} or {_STATUSES[-1]}'
    track = values.get("usual_track") or ""
    if track not in ("", *_TRACKS):
        yield f'usual_track is "{_shown(track)}"; use {", ".join(_TRACKS[:-1])} or {_TRACKS[-1]}, or leave it empty'
    for name in _ADDRESSES:
        yield from _address_faults(name, values.get(name))
    for address in (values.get("attendee_emails") or "").split(";"):
        yield from _address_faults("attendee_emails", address or None)


def _text_faults(values: Mapping[str, str | None]) -> Iterator[str]:
    checks: tuple[tuple[str, Callable[[str], bool]], ...] = (
        ("has a control character; take it out", has_control_character),
        (f"is longer than {_LONGEST_TEXT} characters; shorten it", lambda text: len(text) > _LONGEST_TEXT),
    )
    for name, text in values.items():
        if text and name not in (*_ADDRESSES, "attendee_emails", "code", "status", "usual_track"):
            yield from (f"{name} {fault}" for fault, is_wrong in checks if is_wrong(text))


def _code_faults(code: str) -> Iterator[str]:
    if not code:
        yield "code is empty; give the agency a code of its own, for instance 05A"
    elif not _CODE.fullmatch(code):
        yield f'code is "{_shown(code)}"; use 1 to 10 letters, digits or hyphens'


def _address_faults(name: str, address: str | None) -> Iterator[str]:
    if address is not None and (wrong := check_address(address)) is not None:
        yield f'{name} "{_shown(address)}" {wrong}; give one plain address, for instance name@agency.example'


def _shown(text: str) -> str:
    """A value as a sentence may carry it: on one line, and short."""
    plain = "".join("?" if has_control_character(char) else char for char in text[:60])
    return f"{plain}..." if len(text) > len(plain) else plain


def _told_twice(rows: Sequence[RegisterRow]) -> Iterator[RegisterRow]:
    """A code stands for one agency; a second row with it is refused, whatever its capitals."""
    first: dict[str, int] = {}
    for row in rows:
        line = first.setdefault(row.code.casefold(), row.line)
        if row.code and line != row.line:
            fault = f"code {_shown(row.code)} stands on line {line} already; give each agency a code of its own"
            yield RegisterRow(row.line, row.values, (*row.faults, fault))
        else:
            yield row
