"""The handlers in processes of their own, which can be killed.

One process has everything imported and its clients built, and forks a child for each event: a
child costs milliseconds. It has no threads, and nothing of the emulator. It takes a line of JSON
for each event on its standard input, and answers with the child's process ID, so that others can
kill it, and then with how the child ended.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from myorg_secrets_password import clients, handlers, store
from tools.project import ROOT

REGION = "us-east-1"


class Killed(StrEnum):
    """When a process is killed: by itself, save for within a call."""

    BEFORE = "before the call"
    WITHIN = "after the work, before the answer"
    AFTER = "after the answer"


class Forks:
    """The forking process as its parent sees it.

    Args:
        endpoint: of all of AWS.
        read_timeout: of the handlers' clients, in seconds.
    """

    def __init__(self, endpoint: str, read_timeout: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(read_timeout)],
            cwd=ROOT,
            env={
                **os.environ,
                "AWS_ENDPOINT_URL": endpoint,
                "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def begin(
        self,
        event: Mapping[str, Any],
        now: datetime,
        page_size: int,
        killed: tuple[int, Killed] | None = None,
    ) -> int:
        """Serve an event in a child, and return its process ID.

        Args:
            event: of CloudFormation.
            now: what the child takes for the time.
            page_size: of a list.
            killed: the ordinal of the call at which the child kills itself, and when.
        """
        self._tell(
            {"event": event, "now": now.isoformat(), "page_size": page_size, "killed": killed}
        )
        return int(self._heard()["pid"])

    def end(self) -> dict[str, Any] | None:
        """Wait for the child, and return its answer, or None where it was killed."""
        answer: dict[str, Any] | None = self._heard()["answer"]
        return answer

    def close(self) -> None:
        """End the process, by the end of its input."""
        self._process.communicate()

    def _tell(self, message: Mapping[str, Any]) -> None:
        if self._process.stdin is None:
            raise RuntimeError("the forking process has no input")
        print(json.dumps(message), file=self._process.stdin, flush=True)

    def _heard(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError("the forking process ended by itself")
        message: dict[str, Any] = json.loads(line)
        return message


@contextmanager
def forking(endpoint: str, read_timeout: float = 3) -> Iterator[Forks]:
    """Yield the forking process, and end it."""
    forks = Forks(endpoint, read_timeout)
    try:
        yield forks
    finally:
        forks.close()


def _serve(read_timeout: float) -> None:
    clients.CONFIG.read_timeout = read_timeout  # type: ignore[attr-defined]  # botocore sets it by name
    kept = clients.clients_for(REGION, clients.Credentials("", "", None))
    services = [kept.kms, kept.dynamodb]
    # As in the tests within one process: the SDK retries without a wait and without a quota.
    always: Any = lambda *_, **__: True  # noqa: E731
    with (
        patch("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: None)),
        patch("botocore.retries.bucket.TokenBucket.acquire", always),
        patch("botocore.retries.quota.RetryQuota.acquire", always),
    ):
        for line in sys.stdin:
            answer = _in_a_child(json.loads(line), services)
            print(json.dumps({"answer": answer}), flush=True)


def _in_a_child(message: Mapping[str, Any], services: list[Any]) -> Any:
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        answer = _answer(message, services)
        with os.fdopen(writing, "w") as pipe:
            pipe.write(json.dumps(answer))
        os._exit(0)
    os.close(writing)
    print(json.dumps({"pid": pid}), flush=True)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    return json.loads(text) if text else None


def _answer(message: Mapping[str, Any], services: list[Any]) -> Any:
    if message["killed"] is not None:
        ordinal, moment = message["killed"]
        seen = iter(range(ordinal, -1, -1))

        def kill(**_: Any) -> None:
            if next(seen) == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        for service in services:
            event = "before-send" if moment == Killed.BEFORE else "before-parse"
            service.meta.events.register_first(event, kill)
    now = datetime.fromisoformat(message["now"])
    with (
        patch.object(handlers, "_now", lambda: now),
        patch.object(store, "PAGE_SIZE", message["page_size"]),
    ):
        return handlers.resource(message["event"], None)


if __name__ == "__main__":
    _serve(float(sys.argv[1]))
