"""``python -m bench``: how long everything takes, beside what others do and what is possible."""

import json
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import rich.table
from rich.console import Console

from bench import compare, consumers, gap, generation, machine, packages, place
from bench.cached import cached_get
from bench.isolation import isolate
from bench.process import Code, Process
from bench.roster import COLD, OPERATIONS, OURS, WARM
from bench.server import KINDS, STUB, Server
from bench.tables import Table, tables
from myorg_secrets import SecretsClient
from tools.project import ROOT

RESULTS = ROOT / "bench" / "results.json"
PARTS = ("warm", "cold", "packages", "consumers", "gap", "generation")
_CACHED_GETS = 1000
"""For each round."""


@dataclass
class Run:
    """One run of the benchmark.

    Attributes:
        rounds: of what is warm. What starts processes is repeated half as often.
        folders: of the packages, or of this environment.
        python: what runs them.
        progress: is told what happens.
    """

    rounds: int
    folders: packages.Folders
    python: str
    progress: Callable[[str], object]

    @property
    def starts(self) -> int:
        """How often what starts processes is repeated."""
        return max(1, self.rounds // 2)

    def codes(self, server: Server) -> dict[str, Code]:
        """Return what contenders run with on a server."""
        return packages.codes(self.folders, self.python, place.variables(server))

    def warm(self) -> dict[str, Any]:
        """Measure warm processes on both servers."""
        servers = {}
        for kind in reversed(KINDS):
            with _set_up(kind) as server:
                taken = compare.warm(server, WARM, self.codes(server), self.rounds, self.progress)
            servers[kind] = taken.rows(WARM)
        return {"rounds": self.rounds, "servers": servers}

    def cold(self) -> dict[str, Any]:
        """Measure new processes on both servers; on the embedded AWS, the create alone."""
        servers = {}
        for kind in reversed(KINDS):
            operations = OPERATIONS if kind == STUB else OPERATIONS[:1]
            with _set_up(kind) as server:
                taken = compare.cold(
                    server, COLD, self.codes(server), self.starts, operations, self.progress
                )
            servers[kind] = taken.rows(COLD)
        return {"rounds": self.starts, "servers": servers}

    def consumers(self) -> dict[str, Any]:
        """Measure what reads passwords."""
        self.progress("consumers")
        ours = next(each for each in WARM if each.name == OURS)
        with _set_up(STUB) as server:
            event = place.event_for(ours, "CREATE", consumers.SECRET, consumers.STACK)
            with Process(ours.function, self.codes(server)[ours.package]) as process:
                process.serve(event)
            isolate(**place.variables(server))
            client = SecretsClient(place.TABLE)
            gets = _CACHED_GETS * self.rounds
            return {
                "rounds": self.starts,
                "cached": cached_get(client, consumers.STACK, consumers.SECRET, gets),
                "imports": consumers.imports(server, self.starts),
                "commands": consumers.commands(server, self.starts),
            }

    def gap(self) -> dict[str, Any]:
        """Take a create apart."""
        self.progress("gap")
        with _set_up(STUB) as server:
            return gap.measure(self.codes(server), self.rounds * 4)

    def generation(self) -> dict[str, Any]:
        """Measure the generator."""
        self.progress("generation")
        return {"rounds": self.rounds, "policies": generation.measure(self.rounds)}


@click.command()
@click.option("--rounds", default=20, show_default=True, type=click.IntRange(min=1))
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="A part; may be repeated.")
@click.option(
    "--output",
    default=RESULTS,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the numbers go; parts that are not measured stay.  [default: bench/results.json]",
)
@click.option(
    "--unpackaged",
    is_flag=True,
    help="Build no packages: run all in this environment. Cold starts then say little.",
)
def main(rounds: int, only: tuple[str, ...], output: Path, *, unpackaged: bool) -> None:
    """Compare, round by round in one run, print tables, and keep the numbers."""
    isolate()
    began = time.monotonic()
    parts = [part for part in PARTS if part in (only or PARTS)]
    progress = Console(stderr=True, highlight=False)
    with ExitStack() as stack:
        folders, python, sizes = packages.environment(), sys.executable, None
        if not unpackaged and set(parts) - {"generation"}:
            target = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
            python = packages.lambda_python()
            folders, sizes = packages.build(target, python, progress.print)
        run = Run(rounds, folders, python, progress.print)
        measured: dict[str, Any] = {}
        for part in parts:
            taken_at = machine.described(python)
            if part != "packages":
                measured[part] = {**taken_at, **getattr(run, part)()}
            elif sizes:
                measured[part] = {**taken_at, "sizes": sizes}
    kept = json.loads(output.read_text(encoding="utf-8")) if output.exists() else {}
    text = json.dumps({**kept, **measured}, indent=1, ensure_ascii=False)
    output.write_text(text + "\n", encoding="utf-8")
    _show(tables(measured))
    progress.print(f"{time.monotonic() - began:.0f} s on this machine")


def _set_up(kind: str) -> Server:
    server = Server(kind)
    place.set_up(server)
    return server


def _show(found: Iterable[Table]) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
    for each in found:
        header, *body = each.rows
        table = rich.table.Table(title=each.title)
        for column in header:
            table.add_column(column)
        for row in body:
            table.add_row(*row)
        console.print(table)


if __name__ == "__main__":
    main()
