"""What the pages say can be done can be done: links lead somewhere, and commands are read by the command line."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from s11flow.cli import app

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
BY_PAGE = pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])

# --- links

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def broken_links(page: Path) -> list[str]:
    """The relative links of a page that lead to no file, or to no heading of it."""
    found = _LINK.findall(_FENCED.sub("", page.read_text(encoding="utf-8")))
    return [link for link in found if not re.match(r"[a-z]+:", link) and not _leads_somewhere(page, link)]


def _leads_somewhere(page: Path, link: str) -> bool:
    name, _, heading = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    if not target.exists() or not target.is_relative_to(page.parents[-2]):
        return False
    return not heading or heading in _headings(target.read_text(encoding="utf-8"))


def _headings(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", _FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@BY_PAGE
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    (tmp_path / "other.md").write_text("# A heading, with a comma\n", encoding="utf-8")
    page.write_text(
        "[a](other.md) [b](other.md#a-heading-with-a-comma) [c](https://example.org/x) [d](gone.md) [e](other.md#gone)",
        encoding="utf-8",
    )

    assert broken_links(page) == ["gone.md", "other.md#gone"]


# --- commands

COMMANDS = get_command(app)
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_NO_VALUE = {"REF", "COMMAND", "FILE", "DATE", "..."}


def commands(text: str) -> Iterator[list[str]]:
    """The words after `s11flow` of each command a page shows: in its shell blocks, and within its lines.

    One that a line only names, without what it works on, is asked for its help.
    """
    for kind, block in _BLOCK.findall(text):
        for line in block.splitlines() if kind == "sh" else ():
            yield from _of_line(line)
    for line in _INLINE.findall(_FENCED.sub("", text)):
        for words in _of_line(line):
            yield [*words, "--help"] if all(re.fullmatch("[a-z][a-z-]*", word) for word in words) else words


def _of_line(line: str) -> Iterator[list[str]]:
    if "s11flow " not in line:
        return
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    command: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set(";&|"):
            yield from _after_s11flow(command)
            command = []
        else:
            command.append(word)


def _after_s11flow(words: list[str]) -> Iterator[list[str]]:
    while words and re.match(r"[A-Z0-9_]+=", words[0]):
        words = words[1:]
    if len(words) > 1 and re.fullmatch(r"(\S*/)?s11flow", words[0]) and not _NO_VALUE & set(words):
        yield words[1:]


def why_not_read(words: list[str]) -> str | None:
    """None if the command line takes these words; else what it says against them. Nothing is run."""
    command: Any = COMMANDS
    context = None
    try:
        while True:
            context = command.make_context(command.name, list(words), parent=context)
            if not hasattr(command, "resolve_command"):
                return None
            _, command, words = command.resolve_command(context, [*context._protected_args, *context.args])
    except typer.Exit:
        return None  # its help was asked for
    except Exception as error:
        return f"{' '.join(words)}: {type(error).__name__} {error}"


@BY_PAGE
def test_every_command_on_a_page_can_be_typed(page: Path) -> None:
    said = {" ".join(words): why_not_read(words) for words in commands(page.read_text(encoding="utf-8"))}

    assert {words: why for words, why in said.items() if why is not None} == {}


def test_the_readme_shows_commands() -> None:
    shown = [words[0] for words in commands((ROOT / "README.md").read_text(encoding="utf-8"))]

    assert {"init", "agencies", "cycle", "forecast", "tick", "deliver", "worker", "outbox"} <= set(shown)


@pytest.mark.parametrize(
    "line",
    ["s11flow frobnicate", "s11flow case frobnicate", "s11flow tick --no-such", "s11flow case extend 05A --to someday"],
)
def test_a_command_that_is_none_is_found(line: str) -> None:
    (words,) = commands(f"```sh\n{line}\n```\n")

    assert why_not_read(words) is not None


def test_commands_are_found_wherever_a_page_shows_them() -> None:
    block = "```sh\nX=1 .venv/bin/s11flow migrate && s11flow init  # first\nmake test\n```\n"
    text = f"Say `s11flow tick`, `s11flow case show 05A`.\n{block}"

    assert list(commands(text)) == [["migrate"], ["init"], ["tick", "--help"], ["case", "show", "05A"]]


# --- make


def test_every_target_of_make_on_a_page_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    shown = {
        name
        for page in PAGES
        for name in re.findall(r"`?\bmake ([a-z]+)\b(?=`|\s*(?:&&|#|$))", page.read_text("utf-8"), re.M)
    }

    assert {name for name in shown if not re.search(rf"^{name}:", makefile, re.MULTILINE)} == set()
