"""Markdown as plain text that reads well: what a person would have typed who had no bold and no tables."""

from collections.abc import Sequence

from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

WIDEST_TABLE = 76  # wider ones are written row by row


def plain_text(tokens: Sequence[Token]) -> str:
    """Give the text of parsed Markdown, blocks parted by an empty line; lines are not wrapped."""
    return _blocks(SyntaxTreeNode(list(tokens)).children)


def _blocks(nodes: Sequence[SyntaxTreeNode], between: str = "\n\n") -> str:
    return between.join(filter(None, (_block(node) for node in nodes)))


def _block(node: SyntaxTreeNode) -> str:
    match node.type:
        case "heading":
            return _heading(node)
        case "bullet_list":
            return _list(node, ["- "] * len(node.children))
        case "ordered_list":
            first = int(node.attrs.get("start", 1))
            return _list(node, [f"{number}. " for number in range(first, first + len(node.children))])
        case "blockquote":
            return _indented(_blocks(node.children), "> ", "> ")
        case "fence" | "code_block":
            return _indented(node.content.rstrip("\n"), "    ", "    ")
        case "hr":
            return "-" * 40
        case "table":
            return _table(node)
        case "inline":
            return "".join(_inline(child) for child in node.children)
    return _blocks(node.children)


def _heading(node: SyntaxTreeNode) -> str:
    text = _blocks(node.children)
    line = {"h1": "=", "h2": "-"}.get(node.tag)
    width = min(max(map(len, text.split("\n"))), WIDEST_TABLE)
    return f"{text}\n{line * width}" if line else text


def _list(node: SyntaxTreeNode, markers: Sequence[str]) -> str:
    is_tight = any(child.type == "paragraph" and child.hidden for item in node.children for child in item.children)
    between = "\n" if is_tight else "\n\n"
    items = [_blocks(item.children, between) for item in node.children]
    return between.join(_indented(text, marker, " " * len(marker)) for marker, text in zip(markers, items, strict=True))


def _indented(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    return "\n".join([first + lines[0], *((rest + line).rstrip() for line in lines[1:])])


def _inline(node: SyntaxTreeNode) -> str:
    match node.type:
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "link":
            return _link(node)
    return "".join(_inline(child) for child in node.children) if node.children else node.content


def _link(node: SyntaxTreeNode) -> str:
    text = "".join(_inline(child) for child in node.children)
    url = str(node.attrs["href"])
    return text if text in (url, url.removeprefix("mailto:")) else f"{text} ({url})"


def _table(node: SyntaxTreeNode) -> str:
    rows = [_cells(row) for part in node.children for row in part.children]
    widths = [max(len(line) for cell in column for line in cell.split("\n")) for column in zip(*rows, strict=True)]
    if sum(widths) + 2 * (len(widths) - 1) > WIDEST_TABLE or any("\n" in cell for row in rows for cell in row):
        return _records(rows)
    is_right = ["right" in str(cell.attrs.get("class", "")) for cell in node.children[0].children[0].children]
    lines = [_row(row, widths, is_right) for row in rows]
    return "\n".join([lines[0], _row(["-" * width for width in widths], widths, is_right), *lines[1:]])


def _cells(row: SyntaxTreeNode) -> list[str]:
    return [_blocks(cell.children) for cell in row.children]


def _row(cells: Sequence[str], widths: Sequence[int], is_right: Sequence[bool]) -> str:
    placed = [
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, is_right, strict=True)
    ]
    return "  ".join(placed).rstrip()


def _records(rows: Sequence[Sequence[str]]) -> str:
    """Give each row as lines of "Heading: value"; a first column without a heading leads its row."""
    head, *body = rows
    return "\n\n".join(
        "\n".join(f"{title}: {cell}" if title else cell for title, cell in zip(head, row, strict=True)) for row in body
    )
