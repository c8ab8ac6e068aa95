"""The pages for consumers, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tools.project import ROOT

ENTRY = ROOT / "guide" / "consume.md"
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "guide").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]
PAGES = [ENTRY, *sorted((ROOT / "guide" / "consume").glob("*.md"))]

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block, and where it stands."""

    page: str
    number: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}-{self.number}-{self.language}"


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    assert text.count("```") == 2 * len(_BLOCK.findall(text)), "a block has no language or no end"
    return [
        Block(page.stem, number, language, body)
        for number, (language, body) in enumerate(_BLOCK.findall(text))
    ]


def blocks(*languages: str) -> list[Block]:
    return [block for page in PAGES for block in blocks_of(page) if block.language in languages]


def rows_of(page: Path, *header: str) -> list[list[str]]:
    """Return the cells of the rows of the table with this header, as they are written."""
    text = page.read_text(encoding="utf-8")
    _, found, rest = text.partition(f"| {' | '.join(header)} |\n")
    assert found, f"{page.name} has no table {header}"
    lines = rest.partition("\n\n")[0].splitlines()[1:]
    return [
        [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in lines
    ]


def in_backticks(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def links_of(page: Path) -> list[str]:
    return _LINK.findall(page.read_text(encoding="utf-8"))


def anchors_of(page: Path) -> set[str]:
    """Return the names under which a page's headings can be linked to, as GitHub makes them."""
    headings = _HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
