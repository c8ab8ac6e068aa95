"""An AWS in a process of its own, so that its work is not counted as the client's.

The child says its address, then answers each line on its standard input with the calls that it
served since the line before. It ends at the end of its input, which comes even when the parent is
killed.
"""

import json
import subprocess
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from bench import certificates
from bench.account import client
from bench.filling import fill
from bench.stub import Stub
from local.aws import EmbeddedAws
from local.recorder import Recorder
from local.storage import set_up

EMBEDDED = "moto"
STUB = "TLS stub"
KINDS = (EMBEDDED, STUB)


class Server:
    """The child process as its parent sees it.

    Args:
        kind: one of `KINDS`.
        records: how many the embedded AWS has in its table from the beginning; with none there is
            no table.
        versions: of each record.
    """

    def __init__(self, kind: str = EMBEDDED, *, records: int = 0, versions: int = 1) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", __name__, kind, str(records), str(versions)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        said = json.loads(self._line())
        self.kind = kind
        self.url: str = said["url"]
        self.bundle: str | None = said["bundle"]

    def calls(self) -> list[str]:
        """Return the calls served since this was asked last, spelled like IAM actions."""
        if self._child.stdin is None:
            raise RuntimeError("the server has no input")
        print(file=self._child.stdin, flush=True)
        calls: list[str] = json.loads(self._line())
        return calls

    @property
    def variables(self) -> dict[str, str]:
        """What leads a client of AWS here, by environment variable."""
        found = {"AWS_ENDPOINT_URL": self.url, "NO_PROXY": "127.0.0.1"}
        return found | ({"AWS_CA_BUNDLE": self.bundle} if self.bundle else {})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._child.stdin is not None:
            self._child.stdin.close()
        try:
            self._child.wait(5)
        except subprocess.TimeoutExpired:
            self._child.kill()
        self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()

    def _line(self) -> str:
        line = self._child.stdout.readline() if self._child.stdout else ""
        if not line:
            self._child.kill()
            raise RuntimeError("the server ended by itself")
        return line.strip()


def serve(kind: str, records: int, versions: int) -> None:
    """Serve until the end of the input."""
    if kind == EMBEDDED:
        with EmbeddedAws() as aws:
            if records:
                fill(set_up(client("cloudformation", aws.url)), records, versions)
            _report(aws.recorder, aws.url, None)
        return
    with TemporaryDirectory(prefix="bench-") as folder:
        chain, bundle = certificates.make(Path(folder))
        with Stub(chain) as stub:
            threading.Thread(target=stub.serve_forever, daemon=True).start()
            _report(stub.recorder, stub.url, str(bundle))
            stub.shutdown()


def _report(recorder: Recorder, url: str, bundle: str | None) -> None:
    with recorder.recording() as calls:
        print(json.dumps({"url": url, "bundle": bundle}), flush=True)
        for _ in sys.stdin:
            served = json.dumps(calls)
            # Before the parent hears of it, and makes the next call.
            calls.clear()
            print(served, flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], *map(int, sys.argv[2:]))
