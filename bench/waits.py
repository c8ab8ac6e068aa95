"""How long one program waits for its passwords while AWS throttles, with all that the SDK waits."""

import time
from collections.abc import Callable
from functools import partial

from rich.table import Table

from bench.wire import Emulator, Throttling, Wire
from myorg_secrets import SecretsClient, Throttled
from tests.world import REGION, World

STACK = "waits"
SECRETS = 20
STALE = 3


def waits_table(world: World, share: float, seed: int) -> Table:
    """Take the times in seconds. It takes about half a minute.

    Args:
        world: where the secrets are made.
        share: of the calls that AWS refuses.
        seed: which ones.
    """
    names = [f"Secret{number}" for number in range(SECRETS)]
    for name in names:
        world.secret(name, stack=STACK).create(ReturnValue=False)
    table = Table(title="Seconds of one consumer of one thread, with the SDK's waits")
    table.add_column("what")
    for column in ("in all", "the longest get"):
        table.add_column(column, justify="right")
    for refused in (0, share):
        client, throttling = _consumer(refused, seed)
        _take(table, f"start with {SECRETS} secrets, {refused:.0%} refused", client, names)
    client.refresh()
    throttling.everything = True
    _take(table, f"{STALE} values served by max_stale, all refused", client, names[:STALE])
    return table


def _consumer(refused: float, seed: int) -> tuple[SecretsClient, Throttling]:
    client = SecretsClient(region_name=REGION)
    throttling = Throttling(refused, seed)
    Wire(0, client, throttling, Emulator(), time)
    return client, throttling


def _take(table: Table, what: str, client: SecretsClient, names: list[str]) -> None:
    seconds = [_seconds(partial(client.get, STACK, name)) for name in names]
    table.add_row(what, f"{sum(seconds):.1f}", f"{max(seconds):.1f}")


def _seconds(get: Callable[[], str]) -> float:
    began = time.perf_counter()
    while True:
        try:
            get()
        except Throttled:
            continue
        return time.perf_counter() - began
