"""What the verbs print: values for programs, tables for people."""

from __future__ import annotations

import io
import json
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TextIO, TypeVar

import click

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")

UNFOLDED = 100_000
"""Columns. What reads a pipe folds nothing, and a folded line cannot be searched."""

READER_GONE = 128 + 13  # as shells say of what SIGPIPE ended

_bars: list[Progress] = []


class OutputFailed(click.ClickException):
    """What was asked for could not be written."""

    exit_code = 3


def printable(text: str) -> str:
    """Return text that cannot steer a terminal: control characters are shown, not sent."""
    return "".join(
        f"\\u{ord(char):04x}" if unicodedata.category(char) in ("Cc", "Cf", "Cs") else char
        for char in text
    )


def say(text: str) -> None:
    """Tell people something, on stderr: stdout is for what was asked for."""
    _show(sys.stderr, printable(text))


def write(text: str) -> None:
    """Write to stdout in UTF-8 whatever the locale says, since values are UTF-8.

    Raises:
        OutputFailed: it cannot be written.
    """
    _put(sys.stdout, text)


def write_line(text: str) -> None:
    """Write a line for people to stdout."""
    _show(sys.stdout, printable(text))


def write_json(value: object) -> None:
    """Write a value as JSON to stdout."""
    write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_json_list(values: Iterable[object]) -> None:
    """Write values as a JSON list to stdout, one by one: as one text they would take much memory.

    Raises:
        OutputFailed: they cannot be written.
    """
    before = "["
    for value in values:
        # No string in JSON holds a line break, so each of them is one between its members.
        text = json.dumps(value, indent=2, ensure_ascii=False).replace("\n", "\n  ")
        write(f"{before}\n  {text}")
        before = ","
    write("[]\n" if before == "[" else "\n]\n")


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table to stdout. A cell may have several lines."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text("\n".join(map(printable, cell.split("\n")))) for cell in row))
    text = io.StringIO()
    width = shutil.get_terminal_size().columns if _is_terminal(sys.stdout) else UNFOLDED
    Console(file=text, width=width, highlight=False, markup=False).print(table)
    write("\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n")


def tracked(things: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """Pass the things on, with a progress bar on stderr if that is a terminal.

    Args:
        things: whatever is worked on.
        what: said beside the bar.
        total: how many they are, where that is known.
    """
    if not _is_terminal(sys.stderr):
        yield from things
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(file=sys.stderr, highlight=False, markup=False)
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as progress:
        _bars.append(progress)
        try:
            yield from progress.track(things, total=total, description=what)
        finally:
            _bars.remove(progress)


def _show(stream: TextIO | None, line: str) -> None:
    if _bars and _is_terminal(stream):
        # On the terminal of the bar: rich moves the bar out of the way.
        from rich.text import Text

        _bars[-1].console.print(Text(line), soft_wrap=True)
    else:
        _put(stream, f"{line}\n")


def _put(stream: TextIO | None, text: str) -> None:
    if stream is None:  # closed by whoever started the program
        if stream is sys.stdout:
            raise OutputFailed("There is no stdout to write to.")
        return
    try:
        stream.flush()
        stream.buffer.write(text.encode(errors="backslashreplace"))
        stream.buffer.flush()
    except BrokenPipeError:
        _forget(stream)
        raise click.exceptions.Exit(READER_GONE) from None
    except OSError as error:
        _forget(stream)
        if stream is sys.stderr:
            return
        raise OutputFailed(f"stdout cannot be written: {error.strerror}.") from None


def _forget(stream: TextIO) -> None:
    """Keep Python from trying again to write what is left, when it ends."""
    if stream is sys.stdout:
        sys.stdout = None
    else:
        sys.stderr = None


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()
