"""How the demo speaks: numbered steps, claims that are checked, and a summary."""

from __future__ import annotations

import time

from rich.console import Console
from rich.table import Table
from rich.text import Text


class ClaimFailed(Exception):
    """What the demo says is not so."""


class Narrator:
    """Writes in colours to a terminal that has them, and plain lines into a log."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._steps: list[tuple[str, int]] = []
        self._started = time.monotonic()

    def step(self, title: str) -> None:
        """Begin the next step."""
        self._steps.append((title, 0))
        self._console.print()
        self._console.print(Text(f"{len(self._steps)}. {title}", style="bold cyan"))

    def say(self, text: str) -> None:
        """Explain, or show something."""
        self._console.print(Text(text, style="dim"))

    def show(self, rows: dict[str, str]) -> None:
        """Show names and values side by side."""
        table = Table.grid(padding=(0, 2))
        table.add_column(style="yellow", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in rows.items():
            table.add_row(f"  {name}", Text(value))
        self._console.print(table)

    def claim(self, text: str, holds: bool) -> None:
        """State what was checked; raise ``ClaimFailed`` where it does not hold."""
        if not holds:
            self._console.print(Text(f"  ✗ {text}", style="bold red"), soft_wrap=True)
            raise ClaimFailed(text)
        title, claims = self._steps[-1]
        self._steps[-1] = (title, claims + 1)
        self._console.print(Text(f"  ✓ {text}", style="green"), soft_wrap=True)

    def summary(self) -> None:
        """Say what was shown and how long it took."""
        claims = sum(count for _, count in self._steps)
        seconds = time.monotonic() - self._started
        self._console.print()
        self._console.print(
            Text(
                f"{len(self._steps)} steps, {claims} claims checked, all true, {seconds:.1f} s.",
                style="bold green",
            )
        )
        self._console.print(
            Text("Nothing is left running. `make local` starts it for your own template.")
        )
