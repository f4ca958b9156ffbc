"""Every command that the documentation or a sentence of ours tells a person to type is there, with its options."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from s11flow.cli import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
COMMANDS: Any = get_command(app)
MODULES = sorted(path for folder in ("s11flow", "db") for path in ROOT.glob(f"{folder}/**/*.py"))

_BLOCK = re.compile(r"^```[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
_IN_BLOCK = re.compile(r"^(?:\$ )?s11flow ([^\n#]+)", re.MULTILINE)
_IN_LINE = re.compile(r"`s11flow ([a-z][^`]*)`")


def typed(path: Path) -> Iterator[str]:
    """What a text says to type after `s11flow`."""
    text = path.read_text(encoding="utf-8")
    for block in _BLOCK.findall(text) if path.suffix == ".md" else ():
        yield from _IN_BLOCK.findall(block.replace("\\\n", " "))
    yield from _IN_LINE.findall(_BLOCK.sub("", text))


def fault(words: list[str]) -> str | None:
    """Why these words cannot be typed; groups may be named alone."""
    command = COMMANDS
    while words and hasattr(command, "commands"):
        name, *words = words
        if name not in command.commands:
            return f"no command {name}"
        command = command.commands[name]
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    unknown = [word for word in words if word.startswith("--") and word.partition("=")[0] not in options]
    return f"no option {unknown[0]}" if unknown else None


@pytest.mark.parametrize("path", [*PAGES, *MODULES], ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_to_be_typed_can_be(path: Path) -> None:
    faults = {words: why for words in typed(path) if (why := fault(words.split()))}

    assert faults == {}
