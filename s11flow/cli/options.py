"""The options and arguments that several commands share, and how what is typed is read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import typer

from calendars import london
from s11flow.domain.errors import WrongInputError

_MORNING = time(9)


def moment(text: str) -> datetime:
    """An instant; without an offset it is London wall-clock time, a plain date is 9am in London."""
    if (day := _as_day(text)) is not None:
        return london.instant(day, _MORNING)
    return _instant(text)


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no time; write it as 2026-10-20T17:00 (London time) or 2026-10-20T16:00Z."
        ) from None
    if found.utcoffset() is None:
        return london.instant(found.date(), found.time())
    return found


def time_of_day(text: str) -> datetime:
    if _as_day(text) is not None:
        raise typer.BadParameter(f"{text!r} has no time of day; write it as {text}T09:30 (London time).")
    return _instant(text)


def day(text: str) -> date:
    if (found := _as_day(text)) is None:
        raise typer.BadParameter(f"{text!r} is no date; write it as 2026-11-10.")
    return found


def _as_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-11-10") else None
    except ValueError:
        return None


def beginning(text: str) -> datetime:
    day = _as_day(text)
    return _instant(text) if day is None else london.instant(day, time(0))


def end(text: str) -> datetime:
    """A plain date means its whole day."""
    day = _as_day(text)
    if day is None:
        return _instant(text)
    return london.instant(day + timedelta(days=1), time(0)) - timedelta(microseconds=1)


def period(text: str) -> tuple[date, date]:
    first, dots, last = text.partition("..")
    if not dots:
        raise typer.BadParameter(f"{text!r} is no period; write it as 2025-04-01..2026-03-31.")
    return day(first), day(last)


def year_and(given: Sequence[str], what: str) -> tuple[str | None, str]:
    """One or two words: the last is what is meant, the first the cycle."""
    if len(given) > 2:
        raise typer.BadParameter(f"Give the cycle and {what}, or {what} alone; there were {len(given)} words.")
    return (given[0] if len(given) == 2 else None), given[-1]


def after(instant: datetime | None) -> datetime | None:
    """The first instant that is no longer meant, where *instant* is the last that is."""
    return None if instant is None else instant + timedelta(microseconds=1)


def listed(text: str | None) -> tuple[str, ...] | None:
    """Read "1,2,3"; None where nothing was given."""
    return None if text is None else tuple(part.strip() for part in text.split(",") if part.strip())


def action_number(text: str) -> int:
    """The number of an action from a review, "7" or "A7"."""
    digits = text.strip().upper().removeprefix("A")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 6:
        raise typer.BadParameter(f"{text!r} is no number of an action; write it as 7 or A7.")
    return int(digits)


def content(path: Path) -> bytes:
    """Read a file that a person named; WrongInputError says why it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        why = error.strerror or str(error)
        raise WrongInputError(f"{path} cannot be read ({why}); name a file that is there.") from None


def text_of(path: Path) -> str:
    """Read a text file that a person named, UTF-8."""
    try:
        return content(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise WrongInputError(f"{path} is not UTF-8 text; save it as UTF-8.") from None


def unless_there(path: Path, *, force: bool) -> None:
    """WrongInputError where a form would be written over one of that name, unless *force*: it may be filled in."""
    if path.exists() and not force:
        raise WrongInputError(
            f"{path} is there already and may be filled in; name another file, or give --force to write over it."
        )


def write_out(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; WrongInputError says why it could not be."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        why = error.strerror or str(error)
        raise WrongInputError(f"{path} could not be written ({why}); name a file in a folder with room.") from None


def write_all(folder: Path, files: Sequence[tuple[str, bytes]]) -> list[Path]:
    """Write files into a folder that only its owner may read; WrongInputError says why it could not be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise WrongInputError(f"{folder} could not be made ({error.strerror or error}); name another.") from None
    places = [folder / (Path(name).name or "file") for name, _ in files]
    for place, (_, data) in zip(places, files, strict=True):
        write_out(place, data)
        place.chmod(0o600)
    return places


def words_or_file(given: str) -> str:
    """What was typed, or the text of the file that it names."""
    try:
        is_file = Path(given).is_file()
    except OSError:  # longer than any name of a file may be
        is_file = False
    return text_of(Path(given)) if is_file else given


_NOW = "Work as of this time (London, unless it says otherwise); a plain date means 9am."
_REF = "The case, GSCP-2026-05A, or the agency's code, 05A, for its newest."
_WHOSE = "Whose cycle; needed only where there are several."

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change and send nothing.")]
Now = Annotated[datetime | None, typer.Option("--now", parser=moment, metavar="ISO", help=_NOW)]
Partnership = Annotated[str | None, typer.Option("--partnership", metavar="CODE", help=_WHOSE)]
MaybeYear = Annotated[str | None, typer.Argument(metavar="YEAR", help="The cycle; by default the newest.")]
YearOption = Annotated[str | None, typer.Option("--year", metavar="YEAR", help="The cycle; by default the newest.")]
Ref = Annotated[str, typer.Argument(metavar="REF", help=_REF)]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept in the history.")]
