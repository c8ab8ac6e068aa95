"""What a `get` takes that is served from memory, and what its locks cost."""

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from myorg_secrets import SecretsClient

THREADS = (1, 64)


class _NoLock:
    """Stands for the lock of the caches, and for those of the secrets."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def setdefault(self, _key: object, _lock: object) -> "_NoLock":
        return self


def cached_get(client: SecretsClient, stack: str, name: str, gets: int) -> list[dict[str, Any]]:
    """Take the times, with the client's locks and without them.

    Args:
        client: of the table. Its locks are taken away at the end.
        stack: the stack's name.
        name: the secret's name, in the environment bench.
        gets: how many by all threads together.
    """
    client.get(stack, name, "bench")
    rows = []
    for locks in (True, False):
        if not locks:
            vars(client).update(_lock=_NoLock(), _locks=_NoLock())
        for threads in THREADS:
            times, seconds = _times(client, stack, name, threads, max(2, gets // threads))
            cuts = statistics.quantiles(times, n=100, method="inclusive")
            rows.append(
                {
                    "threads": threads,
                    "locks": locks,
                    "p50_us": round(cuts[49] / 1000, 1),
                    "p99_us": round(cuts[98] / 1000, 1),
                    "us_each": round(seconds * 1e6 / len(times), 1),
                }
            )
    return rows


def _times(
    client: SecretsClient, stack: str, name: str, threads: int, gets: int
) -> tuple[list[int], float]:
    """Return nanoseconds of each get, and seconds for all."""
    start = threading.Barrier(threads + 1)

    def work() -> list[int]:
        clock, taken = time.perf_counter_ns, []
        start.wait()
        for _ in range(gets):
            began = clock()
            client.get(stack, name, "bench")
            taken.append(clock() - began)
        return taken

    with ThreadPoolExecutor(threads) as pool:
        waiting = [pool.submit(work) for _ in range(threads)]
        start.wait()
        began = time.perf_counter()
        times = [ns for done in waiting for ns in done.result()]
        return times, time.perf_counter() - began
