"""``python -m bench``: the handler beside bare boto3 clients, the generator beside `secrets`."""

import statistics
import sys
import time
import uuid
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from bench.contenders import (
    OPERATIONS,
    Bare,
    Contender,
    Handler,
    Item,
    client,
)
from bench.generation import generation_table
from bench.isolation import isolate
from bench.server import Server
from local.storage import Storage, set_up
from myorg_secrets_password.handlers import resource

Calls = dict[tuple[str, str], list[str]]
Times = dict[tuple[str, str], list[float]]

PRELOADED = 100
"""Records that are in the table from the beginning, so that every list reads a full page."""


@click.command()
@click.option("--rounds", default=40, show_default=True, type=click.IntRange(min=1))
def main(rounds: int) -> None:
    """Compare, round by round in one run, and print medians, ratios and the AWS calls."""
    with Server() as server:
        isolate(AWS_ENDPOINT_URL=server.url, NO_PROXY="127.0.0.1")
        contenders = _contenders(server.url)
        calls = _count_calls(contenders, server)
        times = _measure(contenders, rounds)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    console.print(_times_table(contenders, times, rounds))
    console.print(_calls_table(contenders, calls))
    console.print(generation_table(rounds))


def _contenders(url: str) -> list[Contender]:
    storage = set_up(client("cloudformation", url))
    handler = Handler(resource, storage, logged=False)
    handler.prepare("CREATE", "sample")()
    sample = _preload(client("dynamodb", url), storage)
    return [Bare(url, storage, sample), handler, Handler(resource, storage, logged=True)]


def _preload(dynamodb: Any, storage: Storage) -> Item:
    """Fill the table with copies of the one record in it, and return that record's item."""
    [sample] = dynamodb.scan(TableName=storage.table_name)["Items"]
    for _ in range(PRELOADED):
        other = {**sample, "StackName": {"S": f"other-{uuid.uuid4().hex}"}}
        dynamodb.put_item(TableName=storage.table_name, Item=other)
    item: Item = sample
    return item


def _count_calls(contenders: list[Contender], server: Server) -> Calls:
    """Count one operation each. It also builds the clients, so that what follows is warm."""
    calls: Calls = {}
    for contender in contenders:
        # Makes the log group, once for an account. Each new secret's create makes its log stream.
        contender.prepare("LIST", "other")()
        for operation in OPERATIONS:
            work = contender.prepare(operation, "counted")
            server.calls()
            work()
            calls[contender.name, operation] = server.calls()
    return calls


def _measure(contenders: list[Contender], rounds: int) -> Times:
    times: Times = {}
    for number in range(rounds):
        for operation in OPERATIONS:
            # Whoever comes first finds colder caches: each in turn.
            first = number % len(contenders)
            for contender in contenders[first:] + contenders[:first]:
                work = contender.prepare(operation, f"round-{number}")
                began = time.perf_counter()
                work()
                seconds = time.perf_counter() - began
                times.setdefault((contender.name, operation), []).append(seconds)
    return times


def _times_table(contenders: list[Contender], times: Times, rounds: int) -> Table:
    table = Table(title=f"Milliseconds, median of {rounds} rounds (ratio to the first column)")
    table.add_column("operation")
    for contender in contenders:
        table.add_column(contender.name, justify="right")
    for operation in OPERATIONS:
        medians = [statistics.median(times[each.name, operation]) for each in contenders]
        cells = (f"{median * 1000:.1f} ({median / medians[0]:.2f}x)" for median in medians)
        table.add_row(operation.lower(), *cells)
    return table


def _calls_table(contenders: list[Contender], calls: Calls) -> Table:
    table = Table(title="AWS calls of one operation")
    table.add_column("operation")
    for contender in contenders:
        table.add_column(contender.name)
    for operation in OPERATIONS:
        cells = (_spelled(calls[each.name, operation]) for each in contenders)
        table.add_row(operation.lower(), *cells)
    return table


def _spelled(calls: list[str]) -> str:
    return f"{len(calls)}: " + ", ".join(call.partition(":")[2] for call in calls)


if __name__ == "__main__":
    main()
