"""What the verbs print: values for programs, tables for people."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")

WIDTH_WITHOUT_TERMINAL = 200
"""Columns. What reads a pipe folds nothing, and a folded line cannot be searched."""


def printable(text: str) -> str:
    """Return text that cannot steer a terminal: control characters are shown, not sent."""
    return "".join(
        char if char == "\n" or unicodedata.category(char) not in ("Cc", "Cf", "Cs") else escaped
        for char, escaped in ((char, f"\\u{ord(char):04x}") for char in text)
    )


def say(text: str) -> None:
    """Tell people something, on stderr: stdout is for what was asked for."""
    click.echo(printable(text), err=True)


def write(text: str) -> None:
    """Write to stdout in UTF-8 whatever the locale says, since values are UTF-8."""
    click.echo(text.encode(), nl=False)


def write_line(text: str) -> None:
    """Write a line for people to stdout."""
    click.echo(printable(text).replace("\n", " "))


def write_json(value: object) -> None:
    """Write a value as JSON to stdout."""
    write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table to stdout."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    _console(sys.stdout).print(table)


def tracked(things: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """Pass the things on, with a progress bar on stderr if that is a terminal.

    Args:
        things: whatever is worked on.
        what: said beside the bar.
        total: how many they are, where that is known.
    """
    console = _console(sys.stderr)
    if not console.is_terminal:
        yield from things
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        yield from progress.track(things, total=total, description=what)


def _console(stream: IO[str]) -> Console:
    from rich.console import Console

    width = None if stream.isatty() else WIDTH_WITHOUT_TERMINAL
    return Console(file=stream, width=width, highlight=False, markup=False)
