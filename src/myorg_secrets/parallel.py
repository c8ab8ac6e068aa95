"""The same work on many things at once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

Thing = TypeVar("Thing")
Result = TypeVar("Result")

WORKERS = 8
"""Fewer than the ten connections that botocore keeps for a client."""


def in_parallel(work: Callable[[Thing], Result], things: Iterable[Thing]) -> Iterator[Result]:
    """Yield the results in the order of the things, of which few are looked at ahead.

    Raises:
        Exception: what the things raised while they were read, after all results of those before;
            or what the work raised.
    """
    ahead: deque[Future[Result]] = deque()
    failure = None
    with ThreadPoolExecutor(WORKERS) as pool:
        try:
            for thing in things:
                # Whoever counts the calls counts those of the workers, too.
                ahead.append(pool.submit(copy_context().run, work, thing))
                if len(ahead) > 2 * WORKERS:
                    yield ahead.popleft().result()
        except Exception as error:  # whatever it is, what was begun is reported before
            failure = error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        while ahead:
            yield ahead.popleft().result()
    if failure is not None:
        raise failure
