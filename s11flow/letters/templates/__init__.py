"""The letter templates that come with the product; a cycle keeps the ones it was opened with."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


def shipped_templates() -> dict[str, str]:
    """Every template that is shipped, by name: `reminder/subject`, `reminder/body`, and so on."""
    return dict(_read())


@cache
def _read() -> tuple[tuple[str, str], ...]:
    kinds = sorted((place for place in files(__package__).iterdir() if place.is_dir()), key=lambda place: place.name)
    return tuple(
        (f"{kind.name}/{part}", kind.joinpath(f"{part}.md").read_text(encoding="utf-8"))
        for kind in kinds
        if kind.joinpath("subject.md").is_file()
        for part in ("subject", "body")
    )
