"""Counts the AWS calls of one operation, by an event of the clients that make them."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.client import BaseClient

_NAMED_BY_IAM = {"s3:HeadObject": "s3:GetObject"}
"""Operations whose permission goes by another name."""


class Tally:
    """What was sent to AWS.

    Attributes:
        calls: how often each action was sent, by its name in IAM, each attempt of a retry included.
            ReEncrypt is one call under two permissions, and stands as kms:ReEncrypt.
        retries: how many of these attempts the SDK made because an earlier one had failed.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.retries = 0
        self._lock = threading.Lock()

    def add(self, action: str, is_retry: bool) -> None:
        """Count one attempt."""
        with self._lock:
            self.calls[_NAMED_BY_IAM.get(action, action)] += 1
            self.retries += is_retry


_tally: ContextVar[Tally | None] = ContextVar("tally", default=None)


@contextmanager
def counted() -> Iterator[Tally]:
    """Count what this thread, and what runs in a copy of its context, sends meanwhile."""
    tally = Tally()
    token = _tally.set(tally)
    try:
        yield tally
    finally:
        _tally.reset(token)


def count_calls(client: "BaseClient") -> None:
    """Let a client's calls be counted from here on, wherever somebody counts."""
    client.meta.events.register("request-created", _count, unique_id=f"{__name__}.count")


def _count(event_name: str, request: Any, **__: Any) -> None:
    # botocore makes, and signs, a request anew for each attempt.
    tally = _tally.get()
    if tally is not None:
        action = event_name.removeprefix("request-created.").replace(".", ":", 1)
        tally.add(action, request.context["retries"]["attempt"] > 1)
