"""Reads each file of a report back: every figure by one name, and which agencies stand in each count.

A page and a Word file are read from their tables, by caption, row and column; the workbook and the CSV file row by row.
Nothing here is shared with what writes the files.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from typing import Any

from docx import Document
from docx.document import Document as Doc
from openpyxl import load_workbook

Row = Mapping[str, str]
Table = tuple[str, list[list[str]]]

APART = ("qualified", "on another scale", "not applicable", "not answered", "asked")
SCORES = ("report", "attendance", "basis")
_COUNTS = {
    "basis": "basis",
    "who took part: reports": "took_part/reports",
    "who took part: attendance": "took_part/attendance",
    "who took part: also": "took_part/also",
}
_CAPTIONS = {
    "What each judgement rests on": "basis",
    "Reports; the lines": "took_part/reports",
    "Sessions; the lines": "took_part/attendance",
    "Second counts": "took_part/also",
}


@dataclass(frozen=True)
class ReadBack:
    """What a file says: its figures and lists of agencies by name."""

    figures: dict[str, str]
    agencies: dict[str, tuple[str, ...]]


# --- JSON -------------------------------------------------------------------------------------------------------------


def of_json(data: bytes) -> ReadBack:
    """From the canonical file."""
    given = json.loads(data)
    return ReadBack(dict(figures_of(given)), dict(_lists_of(given)))


def _lists_of(given: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, lines in _count_lines(given):
        yield from ((f"{name}/{line['name']}", tuple(each["code"] for each in line["agencies"])) for line in lines)
    for line in given["since_last"]:
        yield f"since/{line['standard']}/fell", tuple(each["code"] for each in line["fell"])


def _count_lines(given: Mapping[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    yield "basis", given["method"]["bases"]
    yield from ((f"took_part/{key}", given["took_part"][key]) for key in ("reports", "attendance", "also"))


def share(given: Mapping[str, Any]) -> str:
    """How a share of the JSON file is printed."""
    return f"{given['n']}/{given['of']}" + ("" if given["percent"] is None else f" ({given['percent']}%)")


def figures_of(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every figure of the JSON file under its name."""
    total = given["took_part"]["on_register"]
    for name, lines in _count_lines(given):
        yield from ((f"{name}/{line['name']}", share(line["share"])) for line in lines)
        if name != "took_part/also":
            yield f"{name}/sum", f"{total}/{total}"
    yield "results/assessed", share(given["results"]["assessed"])
    for standard in given["results"]["standards"]:
        yield from _spread(f"ratings/{standard['number']}/panel", standard["panel"])
        for item in standard["requirements"]:
            yield from _spread(f"ratings/{item['number']}/self", item["own"])
            yield from _spread(f"ratings/{item['number']}/panel", item["panel"])
    for line in given["self_against_panel"]:
        for key, shown in line["comparison"].items():
            yield f"compare/{line['standard']}/{key.replace('_', ' ')}", share(shown)
    for line in given["since_last"]:
        yield from ((f"since/{line['standard']}/{key}", share(line[key])) for key in ("better", "same", "worse"))
    yield from _scores(given)


def _spread(key: str, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for code, rated in given["rated"].items():
        yield f"{key}/{code}", share(rated)
    yield f"{key}/qualified", str(sum(given["qualified"].values()))
    for name in ("other_scale", "not_applicable", "not_answered", "asked"):
        yield f"{key}/{'on another scale' if name == 'other_scale' else name.replace('_', ' ')}", str(given[name])


def _scores(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for scores in given["scores"]:
        key = f"scores/{scores['agency']['code']}"
        yield from ((f"{key}/{name}", scores[name]) for name in SCORES)
        for one in scores["standards"]:
            yield f"{key}/{one['number']}/panel", one["panel"]["text"]
        for one in scores["requirements"]:
            yield f"{key}/{one['number']}/self", one["own"]["text"]
            yield f"{key}/{one['number']}/panel", one["panel"]["text"]


# --- CSV and the workbook ---------------------------------------------------------------------------------------------


def csv_rows(data: bytes) -> list[dict[str, str]]:
    """The rows of the CSV file."""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def workbook_rows(data: bytes, columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of every sheet of the workbook, each with all *columns*."""
    found = []
    for sheet in load_workbook(io.BytesIO(data)).worksheets:
        head, *its = sheet.iter_rows(values_only=True)
        names = [str(name).replace(" ", "_") for name in head]
        for values in its:
            told = dict(zip(names, ("" if value is None else str(value) for value in values), strict=True))
            found.append({name: told.get(name, "") for name in columns})
    return found


def of_rows(rows: Sequence[Row]) -> ReadBack:
    """From tidy rows; sums, which a reader of rows makes, are made here."""
    figures = dict(_row_figures(rows))
    for name in ("basis", "took_part/reports", "took_part/attendance"):
        counted = [text.partition(" ")[0].split("/") for key, text in figures.items() if key.startswith(f"{name}/")]
        figures[f"{name}/sum"] = f"{sum(int(n) for n, _ in counted)}/{counted[0][1]}"
    lists: dict[str, list[str]] = {}
    for row in rows:
        if row["section"] in _COUNTS:
            of_line = lists.setdefault(f"{_COUNTS[row['section']]}/{row['measure']}", [])
            of_line += [row["agency"]] if row["agency"] else []
        elif row["section"] == "since the last judgement":
            fell = lists.setdefault(f"since/{row['value']}/fell", [])
            fell += [row["agency"]] if row["agency"] else []
    return ReadBack(figures, {name: tuple(codes) for name, codes in lists.items()})


def _row_figures(rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
    sums: dict[str, int] = {}
    for row in rows:
        shown = share({"n": row["n"], "of": row["of"], "percent": row["percent"] or None})
        where = f"ratings/{row['requirement'] or row['standard']}/{row['given_by']}"
        match row["section"], row["measure"]:
            case section, measure if section in _COUNTS and row["n"]:
                yield f"{_COUNTS[section]}/{measure}", shown
            case "ratings", "agencies assessed":
                yield "results/assessed", shown
            case "ratings", measure if measure.startswith("rated "):
                yield f"{where}/{measure.removeprefix('rated ')}", shown
            case "ratings", measure:
                name = f"{where}/{'qualified' if measure.startswith('qualified') else measure}"
                sums[name] = sums.get(name, 0) + int(row["n"])
                sums[f"{where}/asked"] = int(row["of"])
            case "self against panel", measure:
                yield f"compare/{row['value']}/{measure}", shown
            case "since the last judgement", measure if row["n"]:
                yield f"since/{row['value']}/{measure}", shown
            case "scores", "rating":
                yield f"scores/{row['agency']}/{row['requirement'] or row['standard']}/{row['given_by']}", row["value"]
            case "scores", measure if measure in SCORES:
                yield f"scores/{row['agency']}/{measure}", row["value"]
    yield from ((name, str(n)) for name, n in sums.items())


# --- the page and the Word file ---------------------------------------------------------------------------------------


class _Tables(HTMLParser):
    """The tables of the page: caption and rows of texts; a cell that reaches over two rows stands in both."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.tables: list[tuple[list[str], list[list[list[str]]]]] = []
        self.texts: list[str] | None = None
        self.below: list[list[str]] = []
        self.feed(html.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append(([], []))
        elif tag == "caption":
            self.texts = self.tables[-1][0]
        elif tag == "tr":
            self.tables[-1][1].append(self.below)
            self.below = []
        elif tag in ("td", "th"):
            self.texts = []
            self.tables[-1][1][-1].append(self.texts)
            self.below += [self.texts] if "rowspan" in dict(attrs) else []
        elif tag == "br" and self.texts is not None:
            self.texts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.texts = None if tag in ("td", "th", "caption") else self.texts

    def handle_data(self, data: str) -> None:
        if self.texts is not None:
            self.texts.append(data)


def one_line(text: str) -> str:
    """*text* with single spaces."""
    return " ".join(text.split())


def page_tables(data: bytes) -> list[Table]:
    """The tables of the page by their captions."""
    return [
        (one_line("".join(caption)), [[one_line("".join(cell)) for cell in row] for row in its])
        for caption, its in _Tables(data).tables
    ]


def word_file(data: bytes) -> Doc:
    """The Word file, opened."""
    return Document(io.BytesIO(data))


def style_of(paragraph: Any) -> str:
    """The name of a paragraph's style."""
    return str(paragraph.style.name)


def word_tables(document: Doc) -> list[Table]:
    """The tables of the Word file by their captions, which stand before them."""
    captions = [paragraph.text for paragraph in document.paragraphs if style_of(paragraph) == "Caption"]
    return [
        (caption, [[one_line(cell.text) for cell in row.cells] for row in table.rows])
        for caption, table in zip(captions, document.tables, strict=True)
    ]


def of_page(data: bytes, scale: Sequence[str]) -> ReadBack:
    """From the page; *scale* are the codes of the ratings, lowest first."""
    blocks = re.sub(r"</?(?:h\d|p|dt|dd|li|caption|t[dhr])\b[^>]*>", "\0", data.decode().partition("<main")[2])
    lines = [one_line(unescape(re.sub(r"<[^>]+>", "", block))) for block in blocks.split("\0")]
    return _of_tables(page_tables(data), [line for line in lines if line], scale)


def of_word(data: bytes, scale: Sequence[str]) -> ReadBack:
    """From the Word file."""
    document = word_file(data)
    return _of_tables(word_tables(document), [one_line(it.text) for it in document.paragraphs if it.text], scale)


def _of_tables(tables: Sequence[Table], lines: Sequence[str], scale: Sequence[str]) -> ReadBack:
    figures, lists = dict(_in_words(lines)), dict[str, tuple[str, ...]]()
    for caption, (_, *rows) in tables:
        for start, name in _CAPTIONS.items():
            if caption.startswith(start):
                figures |= {f"{name}/{'sum' if row[0] == 'Sum' else row[0]}": row[1] for row in rows}
                lists |= {f"{name}/{row[0]}": _codes(row[2]) for row in rows if row[0] != "Sum"}
        if re.match(r"Standard \S+: ratings", caption):
            figures |= dict(_ratings(rows, scale))
        elif caption.startswith("Self ratings"):
            figures |= dict(_named(rows, "compare", ("same", "self higher", "panel higher")))
        elif caption.startswith("Ratings of the standards since"):
            figures |= dict(_named(rows, "since", ("better", "same", "worse")))
            lists |= {f"since/{row[0]}/fell": _codes(row[4]) for row in rows}
        elif found := re.match(r"Ratings of the (standards|requirements) for (\S+)", caption):
            figures |= dict(_rated(rows, found[2], ("panel",) if found[1] == "standards" else ("self", "panel")))
    return ReadBack(figures, lists)


def _codes(cell: str) -> tuple[str, ...]:
    return () if cell == "none" else tuple(part.split(" ")[0] for part in cell.split("; "))


def _ratings(rows: Iterable[Sequence[str]], scale: Sequence[str]) -> Iterator[tuple[str, str]]:
    for of, by, *values in rows:
        number = of.split(" ")[1] if of.endswith("as a whole") else of.split(" ")[0]
        for name, value in zip((*scale, *APART), values, strict=True):
            yield f"ratings/{number}/{by.lower()}/{name}", value


def _named(rows: Iterable[Sequence[str]], key: str, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for of, *values in rows:
        yield from ((f"{key}/{of}/{name}", value) for name, value in zip(names, values, strict=False))


def _rated(rows: Iterable[Sequence[str]], code: str, by: Sequence[str]) -> Iterator[tuple[str, str]]:
    for of, *values in rows:
        yield from ((f"scores/{code}/{of.split(' ')[0]}/{who}", said) for who, said in zip(by, values, strict=False))


def _in_words(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What stands in no table: how many were assessed, and the terms before each agency's scores."""
    starts = re.compile(r"The panel came to a judgement on (.+?) of those")
    (assessed,) = [found[1] for line in lines if (found := starts.match(line))]
    yield "results/assessed", assessed
    for heading, *said in zip(*(lines[place:] for place in range(7)), strict=False):
        if said[::2] == ["Report", "Session", "Basis"]:
            for name, value in zip(SCORES, said[1::2], strict=True):
                yield f"scores/{heading.split(' ')[0]}/{name}", value.partition(";")[0]
