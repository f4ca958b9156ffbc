"""Calendar files as other programs really write them: components, properties, parameters, however torn on the way.

Nothing here raises for what a file holds: what cannot be read is not there. A strict parser refuses a whole answer for
one bad time zone; an answer needs four properties, and they are nearly always whole.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

LONGEST = 1_000_000
"""Characters that are read of a file; an answer has a few thousand."""

DEEPEST = 20
"""How deep components may lie in each other; deeper ones are not read."""

_LINE = re.compile(r"([A-Za-z][A-Za-z0-9-]*)(?=[;:])")
_BREAK = re.compile(r"\r{0,3}\n|\r")
_BEGIN = re.compile(r"begin:vcalendar", re.IGNORECASE)
_MAILTO = re.compile(r"(?:mailto:\s*)+", re.IGNORECASE)
_DAY = re.compile(r"\s*[0-9]{4}-?[0-9]{2}-?[0-9]{2}")
_UNESCAPED = re.compile(r"\\(.)", re.DOTALL)
_OF_PYTHON = frozenset({"idna", "punycode", "undefined", "unicode_escape", "unicodeescape", "raw_unicode_escape"})
"""What Python calls encodings and no file is written in: they read what is not there, or take very long."""
_HIDDEN = dict.fromkeys([*(n for n in range(32) if chr(n) not in "\t\n"), 127, 0xFEFF, 0x200B, 0x200E, 0x200F, 0x2028])


@dataclass(frozen=True, slots=True)
class Property:
    """A property: its name and its parameters' names in capitals, values as written but without quotes."""

    name: str
    params: Mapping[str, tuple[str, ...]]
    value: str

    def param(self, name: str) -> str:
        """The first value of a parameter, or nothing."""
        return next(iter(self.params.get(name, ())), "")

    @property
    def text(self) -> str:
        """The value of a text property, its escapes undone."""
        return _UNESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], self.value)


@dataclass(slots=True)
class Component:
    """A component, its name in capitals, with its own properties in order and the components within it."""

    name: str
    properties: list[Property] = field(default_factory=list)
    within: list[Component] = field(default_factory=list)

    def all(self, name: str) -> list[Property]:
        """The properties of that name."""
        return [each for each in self.properties if each.name == name]

    def first(self, name: str) -> Property | None:
        """The first property of that name that says anything."""
        return next((each for each in self.properties if each.name == name and each.value.strip()), None)

    def value(self, name: str) -> str:
        """What the first property of that name says, without space around it, or nothing."""
        found = self.first(name)
        return "" if found is None else found.value.strip()

    def named(self, name: str) -> list[Component]:
        """The components of that name directly within this one."""
        return [each for each in self.within if each.name == name]


def calendars(content: bytes, *, charset: str = "") -> list[Component]:
    """The VCALENDAR objects of a file, none if it holds none; *charset* is what the mail says it is written in."""
    text = _text(content, charset)[:LONGEST]
    return _parsed(text)


# --- from bytes to text ----------------------------------------------------------------------------------------------


def _text(content: bytes, charset: str) -> str:
    """The file as text, also where it still lies in the encoding that carried it through the mail."""
    text = _decoded(content, charset)
    if not _BEGIN.search(text) and (carried := _from_base64(content)) is not None:
        text = _decoded(carried, charset)
    elif _is_quoted_printable(text):
        text = _decoded(quopri.decodestring(content), charset)
    return text


def _decoded(content: bytes, charset: str) -> str:
    for name in _charsets(content, charset):
        try:
            return content.decode(name)
        except (LookupError, ValueError):
            continue
    return content.decode("latin-1")


def _charsets(content: bytes, charset: str) -> Iterator[str]:
    """The encodings to try: what the bytes show, then UTF-8, which nothing else passes for, then what is claimed."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield "utf-16"
    if b"\x00" in content[:64]:
        yield "utf-16-be" if content[:1] == b"\x00" else "utf-16-le"
    if charset.strip().lower().startswith(("utf-7", "iso-2022", "hz")):
        yield charset.strip()  # letters of these are plain ASCII bytes: UTF-8 would take them for what they are not
    yield "utf-8-sig"
    if charset.strip() and charset.strip().lower().replace("-", "_") not in _OF_PYTHON:
        yield charset.strip()
    yield "cp1252"


def _from_base64(content: bytes) -> bytes | None:
    packed = b"".join(content.split())
    try:
        found = base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if b"begin" in found[:200].lower() or b"\x00" in found[:64] else None


def _is_quoted_printable(text: str) -> bool:
    return "=3D" in text and re.search(r"(?im)^attendee[^\r\n]*=3D", text) is not None


# --- from text to lines ----------------------------------------------------------------------------------------------


def _lines(text: str) -> list[str]:
    """The content lines, put together again where they were folded, also where the fold lost its space on the way."""
    found: list[_Line] = []
    for raw in _BREAK.split(_dedented(text)):
        line = raw.translate(_HIDDEN)
        if not line.strip():
            continue
        if found and line[0] in " \t":
            found[-1].add(line[1:])
        elif found and (not _begins_a_property(line) or found[-1].is_torn):
            found[-1].add(line)
        else:
            found.append(_Line(line))
    return [str(line) for line in found]


class _Line:
    """A content line while it is put together; each of its pieces is looked at once, however many there are."""

    def __init__(self, text: str) -> None:
        self._pieces: list[str] = []
        self._has_params = self._is_quoted = self._has_value = False
        self.add(text)

    def __str__(self) -> str:
        return "".join(self._pieces)

    def add(self, text: str) -> None:
        self._pieces.append(text)
        if not self._has_value:
            self._has_params |= ";" in text
            self._has_value = _value_at(text, quoted=self._is_quoted) is not None
            self._is_quoted ^= text.count('"') % 2 == 1

    @property
    def is_torn(self) -> bool:
        """Whether it ends within its parameters, so that the next one goes on with it whatever it looks like."""
        return self._has_params and not self._is_quoted and not self._has_value


def _dedented(text: str) -> str:
    """The text without the space that stands before each line of something pasted into a mail."""
    first = re.search(r"(?im)^([ \t>]+)begin:vcalendar", text)
    if first is None:
        return text
    return re.sub(rf"(?m)^{re.escape(first[1])}", "", text)


def _begins_a_property(line: str) -> bool:
    name = _LINE.match(line)
    if name is None:
        return False
    # The rest of an address that a fold without its space tore off.
    return name[1].upper() not in ("MAILTO", "HTTP", "HTTPS", "TEL")


def _property(line: str) -> Property | None:
    named = _LINE.match(line)
    if named is None:
        return None
    name, rest = named[1].upper(), line[named.end() :]
    cut = _value_at(rest)
    if cut is None or (name in _PEOPLE and not _is_whole(rest[cut + 1 :])):
        cut = _value_by_address(rest) if name in _PEOPLE else cut
    elif name in _TIMES and not _DAY.match(rest, cut + 1):
        cut = rest.rfind(":")  # the name of the zone has a colon in it
    if cut is None:
        return None
    return Property(name, _params(rest[:cut]), rest[cut + 1 :])


_PEOPLE = ("ATTENDEE", "ORGANIZER")
_TIMES = ("DTSTART", "DTEND", "DTSTAMP", "RECURRENCE-ID")


def _value_at(rest: str, *, quoted: bool = False) -> int | None:
    """Where the colon stands that ends the parameters: the first outside quotes. *quoted*: it begins within them."""
    for place, character in enumerate(rest):
        if character == '"':
            quoted = not quoted
        elif character == ":" and not quoted:
            return place
    return None


def _is_whole(value: str) -> bool:
    """Whether what stands after the colon can be a person's address, and not the rest of a parameter with a colon."""
    return ";" not in value and '"' not in value and _MAILTO.search(value.lstrip(" <"), 1) is None


def _value_by_address(rest: str) -> int | None:
    """Where the colon stands before the last mailto: of a line whose quotes do not match, or whose name has a colon."""
    found = [match.start() for match in _MAILTO.finditer(rest)]
    place = found[-1] - 1 if found else rest.rfind(":")
    place -= int(place > 0 and rest[place] == '"')  # some put the address in quotes
    return place if place >= 0 and rest[place] == ":" else None


def _params(text: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for part in _split(text.lstrip(";"), ";"):
        name, equals, value = part.partition("=")
        if equals:
            called = name.strip().upper()
            items = _split(value, ",") if called in _LISTS else (value,)
            found.setdefault(called, tuple(item.strip().strip('"').strip() for item in items))
    return found


_LISTS = ("DELEGATED-TO", "DELEGATED-FROM", "MEMBER")  # of all others only one is meant, whatever commas it has


def _split(text: str, at: str) -> Iterator[str]:
    """The pieces between *at*, but not where it stands in quotes; quotes that do not match are letters."""
    if text.count('"') % 2:
        yield from text.split(at)
        return
    yield from re.findall(rf'(?:[^"{at}]|"[^"]*")+', text)


# --- from lines to components ----------------------------------------------------------------------------------------


def _parsed(text: str) -> list[Component]:
    """The calendars; a component that never ends ends with the file, an end without a beginning is not there."""
    root = Component("")
    path = [root]
    too_deep = 0
    for line in _lines(text):
        found = _property(line)
        if found is None:
            continue
        name = found.value.strip().upper()
        if found.name == "BEGIN":
            if len(path) > DEEPEST:
                too_deep += 1
                continue
            made = Component(name)
            # A calendar within a calendar is one whose end was lost.
            holder = root if name == "VCALENDAR" else path[-1]
            path = [root] if name == "VCALENDAR" else path
            holder.within.append(made)
            path.append(made)
        elif found.name == "END":
            if too_deep:
                too_deep -= 1
            elif any(each.name == name for each in path[1:]):
                while path.pop().name != name:
                    pass
        elif not too_deep:
            path[-1].properties.append(found)
    return [each for each in root.within if each.name == "VCALENDAR"]
