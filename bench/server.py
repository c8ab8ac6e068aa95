"""The embedded AWS in a process of its own, so that its work is not counted as the client's.

The child says its address, then answers each line on its standard input with the calls that it
served since the line before. It ends at the end of its input, which comes even when the parent is
killed.
"""

import json
import subprocess
import sys
from types import TracebackType
from typing import Self

from bench.contenders import client
from bench.filling import fill
from local.aws import EmbeddedAws
from local.storage import set_up


class Server:
    """The child process as its parent sees it.

    Args:
        records: how many its table has from the beginning; with none there is no table.
        versions: of each record.
    """

    def __init__(self, records: int = 0, versions: int = 1) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", __name__, str(records), str(versions)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.url = self._line()

    def calls(self) -> list[str]:
        """Return the calls served since this was asked last, spelled like IAM actions."""
        if self._child.stdin is None:
            raise RuntimeError("the embedded AWS has no input")
        print(file=self._child.stdin, flush=True)
        calls: list[str] = json.loads(self._line())
        return calls

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.kill()
        self._child.communicate()

    def _line(self) -> str:
        line = self._child.stdout.readline() if self._child.stdout else ""
        if not line:
            self._child.kill()
            raise RuntimeError("the embedded AWS ended by itself")
        return line.strip()


def serve(records: int, versions: int) -> None:
    """Serve until the end of the input."""
    with EmbeddedAws() as aws, aws.recorder.recording() as calls:
        if records:
            fill(set_up(client("cloudformation", aws.url)), records, versions)
        calls.clear()
        print(aws.url, flush=True)
        for _ in sys.stdin:
            served = json.dumps(calls)
            # Before the parent hears of it, and makes the next call.
            calls.clear()
            print(served, flush=True)


if __name__ == "__main__":
    serve(*map(int, sys.argv[1:]))
