"""Templates: Markdown with Jinja placeholders, to a subject line, a text part and an HTML part.

A value never becomes markup. While the Markdown is read a numbered mark stands for each value, and the value takes its
place only in the finished parts: escaped in HTML, as it is in text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from html import escape
from itertools import pairwise
from typing import Any, Self

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes, pass_context
from jinja2 import Template as JinjaTemplate
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.token import Token

from notifications.address import has_control_character
from notifications.plain_text import plain_text

Values = Mapping[str, object]


class TemplateError(ValueError):
    """A template that could not be filled in; *template* is its name, and the sentence says what would work."""

    def __init__(self, template: str, sentence: str) -> None:
        super().__init__(sentence)
        self.template = template


@dataclass(frozen=True)
class Rendered:
    """The body of one mail: a text part and a whole HTML document."""

    text: str
    html: str


@dataclass(frozen=True)
class Frame:
    """What stands round every letter: who writes, shown above it, and the lines below it. Plain text, never markup."""

    sender_name: str = ""
    footer: tuple[str, ...] = ()
    title: str = ""


@dataclass(frozen=True)
class Template:
    """One letter's subject and body as sources, with the name that an error gives it."""

    name: str
    subject: str
    body: str
    frame: Frame = field(default_factory=Frame)

    def render_subject(self, values: Values) -> str:
        """Give the subject line for *values*; raises TemplateError."""
        return render_subject(self.subject, values, name=f"{self.name}/subject")

    def render_body(self, values: Values) -> Rendered:
        """Give the text and HTML parts for *values*; raises TemplateError."""
        return render_body(self.body, values, name=f"{self.name}/body", frame=self.frame)


def render_subject(source: str, values: Values, *, name: str = "subject") -> str:
    """Give one line of text: line breaks in values become spaces, other control characters raise TemplateError."""
    line = _subject(source, name)(values).strip()
    if not line.isprintable():  # quick, and so for nearly every subject
        line = _LINE_BREAKS.sub(" ", line).strip()
        if has_control_character(line):
            raise TemplateError(name, f"The template {name!r} came out with a control character in it; take it out.")
    if not line:
        raise TemplateError(name, f"The template {name!r} came out empty; it needs some words.")
    return line


def render_body(source: str, values: Values, *, name: str = "body", frame: Frame = Frame()) -> Rendered:
    """Give the text and the HTML part of a body in Markdown; raises TemplateError."""
    slots: list[str] = []
    markdown = _fill_in(_body(source, name), values, name, slots)
    shape = _shape(markdown, name)
    ready = _Values.of(slots)
    filled = [block.filled(ready, name) for block in shape]
    html = "".join([part for part, _ in filled])
    text = "\n\n".join([part for _, part in filled if part])
    title = frame.title or _first_heading(shape, slots, name) or frame.sender_name or "Letter"
    return Rendered(text=_text_document(text, frame), html=_html_document(html, title, frame))


# --- Jinja ------------------------------------------------------------------------------------------------------------

_LINE_BREAKS = re.compile(r"[ ]*[\t\n\r\x0b\x0c\x85\u2028\u2029]+[ ]*")
_SLOTS = "__slots"  # the template cannot name it: a name that begins so is refused in _checked


class _Missing(StrictUndefined):
    """A placeholder without a value: the error carries its name."""

    @property
    def _undefined_message(self) -> str:
        return str(self._undefined_name)


def _plain(value: object) -> object:
    """Refuse the None that would be printed as a word."""
    if value is None:
        raise _EmptyPlaceholder
    return value


@pass_context
def _marked(context: Context, value: object) -> str:
    """Keep *value* for later and leave its mark in the Markdown."""
    slots: list[str] = context.parent[_SLOTS]
    slots.append(str(_plain(value)))
    return f"\ue000{len(slots) - 1}\ue001"


class _EmptyPlaceholder(Exception):
    """A placeholder came out as None."""


def _environment(finalize: Callable[..., object]) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=_Missing, finalize=finalize, trim_blocks=True, lstrip_blocks=True, autoescape=False, cache_size=0
    )
    environment.globals.clear()  # a template has its values and nothing else
    return environment


_SUBJECTS = _environment(_plain)
_BODIES = _environment(_marked)

# Each of these keeps what was printed for printing it again, marks and all.
_NOT_ALLOWED = (nodes.Macro, nodes.AssignBlock, nodes.CallBlock, nodes.FilterBlock, nodes.Include, nodes.Extends)


@lru_cache(maxsize=1024)
def _body(source: str, name: str) -> JinjaTemplate:
    _checked(source, name)
    return _BODIES.from_string(source)


@lru_cache(maxsize=1024)
def _subject(source: str, name: str) -> Callable[[Values], str]:
    """Compile *source*; with nothing but plain placeholders in it, to the quickest thing that Python has."""
    tree = _checked(source, name)
    pattern, names = "", []
    for part in _printed(tree):
        match part:
            case nodes.TemplateData():
                pattern += part.data.replace("%", "%%")
            case nodes.Name():
                pattern += "%s"
                names.append(part.name)
            case _:
                template = _SUBJECTS.from_string(source)
                return lambda values: _fill_in(template, values, name, [])
    return partial(_simple_subject, pattern, tuple(names), name)


def _printed(tree: nodes.Template) -> Iterator[nodes.Node]:
    for node in tree.body:
        yield from node.nodes if isinstance(node, nodes.Output) else (node,)


def _simple_subject(pattern: str, names: tuple[str, ...], template: str, values: Values) -> str:
    try:
        found = tuple([values[name] for name in names])
    except KeyError as error:
        raise _no_value(template, str(error.args[0]), values) from None
    if None in found:
        raise _came_out_empty(template)
    return pattern % found


def _checked(source: str, name: str) -> nodes.Template:
    try:
        tree = _BODIES.parse(source)
    except TemplateSyntaxError as error:
        raise TemplateError(
            name, f"The template {name!r} cannot be read at line {error.lineno}: {error.message}"
        ) from error
    for kind in _NOT_ALLOWED:
        if tree.find(kind):
            raise TemplateError(
                name, f"The template {name!r} uses {kind.__name__}; only placeholders, if, for and set = work."
            )
    if any(used.name.startswith("__") for used in tree.find_all(nodes.Name)):
        raise TemplateError(name, f"The template {name!r} uses a name that begins with __; give it another name.")
    return tree


def _fill_in(template: JinjaTemplate, values: Values, name: str, slots: list[str]) -> str:
    try:
        return template.render({**values, _SLOTS: slots})
    except UndefinedError as error:
        raise _no_value(name, str(error.message), values) from error
    except SecurityError as error:
        raise TemplateError(name, f"The template {name!r} reaches for what it may not have: {error}.") from error
    except _EmptyPlaceholder as error:
        raise _came_out_empty(name) from error


def _no_value(template: str, placeholder: str, values: Values) -> TemplateError:
    available = ", ".join(sorted(values)) or "nothing"
    return TemplateError(
        template,
        f"The template {template!r} uses the placeholder {placeholder!r}, which has no value; it can use {available}.",
    )


def _came_out_empty(template: str) -> TemplateError:
    return TemplateError(
        template, f"A placeholder of the template {template!r} is None; give it a value or put an if round it."
    )


# --- Markdown ---------------------------------------------------------------------------------------------------------

_MARK = re.compile("\ue000([0-9]+)\ue001")
_SAFE_LINK = re.compile(r"(?:https?://|mailto:)[^\s\"<>\\]+", re.IGNORECASE)
# What no part of a letter can carry: controls other than the line feed, and marks that turn the reading direction.
_STRIPPED: dict[int, str | None] = dict.fromkeys(
    (
        *range(0x20),
        *range(0x7F, 0xA0),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        *range(0xD800, 0xE000),  # half a surrogate pair cannot be encoded
    )
)
_STRIPPED |= {ord("\t"): " ", ord("\n"): "\n", 0x85: "\n", 0x2028: "\n", 0x2029: "\n"}


class _LetterMarkdown(MarkdownIt):
    """CommonMark with tables, without HTML and pictures; a link that holds a mark is left alone until it is filled."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False, "linkify": False, "typographer": False})
        self.enable("table").disable("image")

    def normalizeLink(self, url: str) -> str:  # noqa: N802 - markdown-it's name
        return url if _MARK.search(url) else super().normalizeLink(url)


_MARKDOWN = _LetterMarkdown()


@lru_cache(maxsize=512)
def _shape(markdown: str, name: str) -> tuple[_Block, ...]:
    """The blocks of a letter with marks in the place of its values: read once, and the same for every letter so shaped.

    Nothing of a value is in it: letters of one template differ here only by the ifs and loops they went through.
    """
    tokens = _MARKDOWN.parse(markdown)
    _tidy(tokens, name)
    ends = [place for place, token in enumerate(tokens, 1) if token.level == 0 and token.nesting <= 0]
    return tuple(_Block.of(tokens[start:end]) for start, end in pairwise([0, *ends]))


def _tidy(tokens: Sequence[Token], name: str) -> None:
    for token in tokens:
        if token.type == "th_open":
            token.attrSet("scope", "col")
        if align := token.attrs.pop("style", None):
            token.attrSet("class", str(align).removeprefix("text-align:"))
        if "href" in token.attrs and not _MARK.search(str(token.attrs["href"])):
            token.attrSet("href", _link(str(token.attrs["href"]), [], name))
        _tidy(token.children or (), name)


@dataclass(frozen=True, slots=True)
class _Values:
    """What is put in the place of the marks of one letter, for its text and for its HTML.

    *rough* are those that change the lines round them: what has several lines, ends in a space, or is empty.
    """

    slots: Sequence[str]
    text: Sequence[str]
    html: Sequence[str]
    rough: frozenset[int]

    @classmethod
    def of(cls, slots: Sequence[str]) -> Self:
        cleaned = [_cleaned(value) for value in slots]
        rough = frozenset(n for n, value in enumerate(cleaned) if value != value.strip() or not value or "\n" in value)
        return cls(slots, cleaned, [escapeHtml(value) for value in cleaned], rough)


@dataclass(frozen=True, slots=True)
class _Block:
    """A paragraph, a list, a table: its Markdown as it was read, and what comes of it, cut where the values stand."""

    tokens: Sequence[Token]
    html: _Pieces
    text: _Pieces
    depends_on_values: bool

    @classmethod
    def of(cls, tokens: Sequence[Token]) -> Self:
        if _depends_on_values(tokens):
            return cls(tokens, _Pieces.of(""), _Pieces.of(""), depends_on_values=True)
        return cls(tokens, _Pieces.of(_html(tokens)), _Pieces.of(plain_text(tokens)), depends_on_values=False)

    def filled(self, values: _Values, name: str) -> tuple[str, str]:
        """The HTML and the text of the block with *values* in it."""
        if self.depends_on_values or not values.rough.isdisjoint(self.html.used):
            tokens = _put_values(self.tokens, values.slots, name)
            return _html(tokens), plain_text(tokens)
        return self.html.with_values(values.html), self.text.with_values(values.text)


@dataclass(frozen=True, slots=True)
class _Pieces:
    """A text that was cut at its marks: *between* are the pieces, and after each but the last a value is *used*."""

    between: Sequence[str]
    used: Sequence[int]

    @classmethod
    def of(cls, text: str) -> Self:
        cut = _MARK.split(text)
        return cls(cut[::2], [int(number) for number in cut[1::2]])

    def with_values(self, values: Sequence[str]) -> str:
        parts = [piece + values[number] for piece, number in zip(self.between, self.used, strict=False)]
        return "".join(parts) + self.between[-1]


def _html(tokens: Sequence[Token]) -> str:
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


def _depends_on_values(tokens: Sequence[Token]) -> bool:
    """Whether what stands round a value depends on it, as the line under a heading does and the width of a table."""
    every = [part for token in tokens for part in (token, *(token.children or ()))]
    marked = [
        part for part in every if _MARK.search(" ".join([part.content, part.info, *map(str, part.attrs.values())]))
    ]
    is_in_running_text = all(part.type in ("text", "inline") for part in marked)
    return bool(marked) and not (is_in_running_text and {"h1", "h2", "table", "a"}.isdisjoint(p.tag for p in every))


def _put_values(tokens: Sequence[Token], slots: Sequence[str], name: str) -> list[Token]:
    """Copies with the values in the place of their marks; what is written out from here on escapes them."""
    filled: list[Token] = []
    for token in tokens:
        if token.type == "text":
            filled.extend(_lines(_with_values(token.content, slots)))
            continue
        changed: dict[str, Any] = {"attrs": _attributes(token.attrs, slots, name)}
        if token.children is not None:
            changed["children"] = _put_values(token.children, slots, name)
        if token.type != "inline":
            changed["content"] = _with_values(token.content, slots)
        filled.append(token.copy(**changed))
    return filled


def _attributes(attributes: Mapping[str, Any], slots: Sequence[str], name: str) -> dict[str, Any]:
    filled = dict(attributes)
    if "href" in filled and _MARK.search(str(filled["href"])):
        filled["href"] = _link(str(filled["href"]), slots, name)
    if "title" in filled:
        filled["title"] = _with_values(str(filled["title"]), slots)
    return filled


def _with_values(text: str, slots: Sequence[str]) -> str:
    return _MARK.sub(lambda mark: _cleaned(slots[int(mark[1])]), text)


def _cleaned(value: str) -> str:
    if value.isprintable():  # quick, and so is nearly every value
        return value
    return value.replace("\r\n", "\n").replace("\r", "\n").translate(_STRIPPED)


def _lines(text: str) -> list[Token]:
    """Give *text* as tokens, with a break for each line end that a value brought."""
    tokens: list[Token] = []
    for line in text.split("\n"):
        if tokens:
            tokens.append(Token("hardbreak", "br", 0))
        tokens.append(Token("text", "", 0, content=line))
    return tokens


def _link(url: str, slots: Sequence[str], name: str) -> str:
    filled = _with_values(url, slots)
    if not _SAFE_LINK.fullmatch(filled):
        raise TemplateError(
            name,
            f"The template {name!r} has a link to {filled[:80]!r}; a link begins with https://, http:// or mailto:.",
        )
    return _MARKDOWN.normalizeLink(filled)


# --- the two documents ------------------------------------------------------------------------------------------------

# Dark text on white, 7:1 or more throughout; nothing is fetched from anywhere.
_STYLE = """
body { margin: 0; padding: 0; background: #ffffff; color: #1a1a1a; font: 16px/1.5 Arial, Helvetica, sans-serif; }
.page { max-width: 640px; margin: 0 auto; padding: 16px; }
.sender { color: #1d4f73; font-weight: bold; border-bottom: 3px solid; padding-bottom: 8px; margin-bottom: 24px; }
.footer { border-top: 1px solid #6b6b6b; padding-top: 8px; margin-top: 32px; font-size: 14px; color: #4a4a4a; }
h1 { font-size: 24px; line-height: 1.25; } h2 { font-size: 20px; } h3 { font-size: 16px; }
a { color: #0b4a8f; text-decoration: underline; }
table { border-collapse: collapse; width: 100%; margin: 16px 0; }
th, td { border-bottom: 1px solid #b1b4b6; padding: 8px; text-align: left; vertical-align: top; }
th.right, td.right { text-align: right; } th.center, td.center { text-align: center; }
blockquote { margin: 16px 0; padding-left: 16px; border-left: 4px solid #b1b4b6; }
"""


def _html_document(content: str, title: str, frame: Frame) -> str:
    sender = f'<div class="sender">{escape(_cleaned(frame.sender_name))}</div>\n' if frame.sender_name else ""
    below = "<br>\n".join(escape(_cleaned(line)) for line in frame.footer)
    footer = f'<div class="footer">{below}</div>\n' if below else ""
    return (
        '<!doctype html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(' '.join(_cleaned(title).split()))}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f'<div class="page">\n{sender}<div role="main">\n{content}</div>\n{footer}</div>\n</body>\n</html>\n'
    )


def _first_heading(shape: Sequence[_Block], slots: Sequence[str], name: str) -> str:
    tokens = [token for block in shape for token in block.tokens]
    headings = [inline for opened, inline in pairwise(tokens) if opened.type == "heading_open"]
    return plain_text(_put_values(headings[:1], slots, name)).strip()


def _text_document(content: str, frame: Frame) -> str:
    parts = [content.strip("\n")]
    if frame.footer:
        parts.append("\n".join(["-" * 40, *(_cleaned(line) for line in frame.footer)]))
    return "\n\n".join(parts) + "\n"
