"""guide/permissions.md, taken apart."""

from __future__ import annotations

from typing import Any

import yaml
from markdown_it import MarkdownIt

from tests.guide.pages import blocks_of
from tools.project import ROOT

PAGE = ROOT / "guide" / "permissions.md"


def table(title: str, first: str) -> dict[str, dict[str, str]]:
    """Return the rows of the table in a section whose first column has that header.

    Each row is its cells by their headers, under its first cell.
    """
    _, _, section = PAGE.read_text(encoding="utf-8").partition(f"\n## {title}\n")
    section = section.partition("\n## ")[0]
    tables: list[list[list[str]]] = []
    for token in MarkdownIt().enable("table").parse(section):
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append([])
        elif token.type == "inline" and tables and token.level > 2:
            tables[-1][-1].append("".join(child.content for child in token.children or []))
    [(header, *rows)] = [found for found in tables if found[0][0] == first]
    return {row[0]: dict(zip(header, row, strict=True)) for row in rows}


def statement(sid: str, **words: str) -> dict[str, Any]:
    """Return a statement that the page offers, with its words in capitals replaced."""
    for block in blocks_of(PAGE):
        if f"Sid: {sid}\n" in block.text:
            text = block.text
            for word, meant in words.items():
                assert word in text
                text = text.replace(word, meant)
            [found] = yaml.safe_load(text)
            return dict(found)
    raise LookupError(sid)


def names(cell: str) -> set[str]:
    """Return the handlers that a cell names."""
    return set() if cell == "-" else set(cell.split(", "))
