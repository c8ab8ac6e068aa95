"""``python -m bench.scale``: lists, and the command line, over a table of many records."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from bench.account import REGION, client
from bench.filling import HUGE, live
from bench.isolation import isolate
from bench.pages import Page, pages
from bench.server import Server
from myorg_secrets_password.handlers import resource

BUCKET = "copies"
LISTS: Mapping[str, Mapping[str, str]] = {
    "the whole table (Scan)": {},
    "one stack with a tenth of it (Query)": {"StackName": HUGE},
}
PARTS = 10
REPEATED = 0.1
"""Of the calls, at most: on a busy machine some get no answer in the 3 seconds that they have."""


@dataclass(frozen=True, slots=True)
class Run:
    """A command that ended.

    Attributes:
        seconds: it took.
        peak: KiB of memory that it had at most.
    """

    seconds: float
    peak: int


@click.command()
@click.option("--records", default=100_000, show_default=True, type=click.IntRange(min=1_000))
@click.option("--versions", default=1, show_default=True, type=click.IntRange(1, 10))
@click.option(
    "--commands",
    default="reading",
    show_default=True,
    type=click.Choice(("none", "reading", "all")),
    help="Of the command line; `all` has doctor and mirror, too, with their calls for each record.",
)
def main(records: int, versions: int, commands: str) -> None:
    """Print what lists take, and what commands take at a tenth of the records and at all of them.

    Fails where a list leaves out a record, has one twice, or makes more than one call a page.
    """
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    took: dict[int, dict[str, Run]] = {}
    for count in (records,) if commands == "none" else (records // 10, records):
        began = time.perf_counter()
        with Server(records=count, versions=versions) as server:
            console.print(f"{count:,} records made in {time.perf_counter() - began:.0f} s")
            isolate(
                AWS_ENDPOINT_URL=server.url,
                NO_PROXY="127.0.0.1",
                AWS_DEFAULT_REGION=REGION,
                AWS_ACCESS_KEY_ID="test",
                AWS_SECRET_ACCESS_KEY="test",  # noqa: S106  # nosec B106 # the emulator's
                AWS_EC2_METADATA_DISABLED="true",
            )
            if count == records:
                console.print(_pages_table(server, count))
            if commands != "none":
                took[count] = _commands(server, decrypting=commands == "all")
    if took:
        console.print(_commands_table(took, versions))


def _pages_table(server: Server, records: int) -> Table:
    table = Table(title=f"Pages of a list by the handler, {records:,} records")
    columns = ("list", "pages", "calls a page", "ms a page, first tenth", "last tenth")
    for column in (*columns, "peak MB, first tenth", "in all", "largest answer, KB"):
        table.add_column(column, justify="left" if column == "list" else "right")
    for what, model in LISTS.items():
        server.calls()
        found: list[Page] = []
        seen: set[tuple[str, str]] = set()
        for page in pages(resource, model):
            if not seen.isdisjoint(page.names):
                raise SystemExit("a record was listed twice")
            seen.update(page.names)
            found.append(page)
        calls = len(server.calls()) / len(found)
        if calls > 1 + REPEATED or (not model and len(seen) != live(records)):
            raise SystemExit(f"{len(seen)} records were listed, with {calls:.2f} calls a page")
        part = max(1, len(found) // PARTS)
        cells = (
            f"{len(found):,}",
            f"{calls:.2f}",
            f"{_milliseconds(found[:part]):.1f}",
            f"{_milliseconds(found[-part:]):.1f}",
            f"{found[part - 1].peak / 1024:.0f}",
            f"{found[-1].peak / 1024:.0f}",
            f"{max(page.size for page in found) / 1024:.0f}",
        )
        table.add_row(what, *cells)
    return table


def _milliseconds(some: Sequence[Page]) -> float:
    return statistics.median(page.seconds for page in some) * 1_000


def _commands(server: Server, *, decrypting: bool) -> dict[str, Run]:
    client("s3", server.url).create_bucket(Bucket=BUCKET)
    with tempfile.TemporaryDirectory() as folder:
        commands: dict[str, Sequence[str]] = {
            "history": ("history", HUGE, "Secret000000", "--env", "prod"),
            "list STACK --json": ("list", "stack-00001", "--json"),
            "list --json": ("list", "--json"),
            "list": ("list",),
            "export": ("export", str(Path(folder) / "export.jsonl")),
        }
        if decrypting:
            commands |= {
                "doctor --all": ("doctor", "--all", "--json"),
                "mirror": ("mirror", f"s3://{BUCKET}/copies", "--json"),
                "mirror, unchanged": ("mirror", f"s3://{BUCKET}/copies", "--json"),
            }
        return {name: _run(arguments) for name, arguments in commands.items()}


def _run(arguments: Sequence[str]) -> Run:
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            [sys.executable, "-c", "from myorg_secrets.cli import main; main()", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        # doctor ends with 3, since the emulator knows less of a table than AWS does.
        if child.returncode and arguments[0] != "doctor":
            said.seek(0)
            raise SystemExit(f"{arguments[0]} failed: {said.read()[-500:].decode()}")
    return Run(time.perf_counter() - began, usage.ru_maxrss)


def _commands_table(took: Mapping[int, Mapping[str, Run]], versions: int) -> Table:
    few, many = took
    table = Table(title=f"myorg-secrets, {versions} version(s) a record")
    table.add_column("command")
    for column in (f"s at {few:,}", f"s at {many:,}", f"MB at {few:,}", f"MB at {many:,}"):
        table.add_column(column, justify="right")
    table.add_column("bytes a record", justify="right")
    for name, run in took[many].items():
        before = took[few][name]
        growth = (run.peak - before.peak) * 1024 / (many - few)
        table.add_row(
            name,
            f"{before.seconds:.1f}",
            f"{run.seconds:.1f}",
            f"{before.peak / 1024:.0f}",
            f"{run.peak / 1024:.0f}",
            f"{growth:,.0f}",
        )
    return table


if __name__ == "__main__":
    main()
