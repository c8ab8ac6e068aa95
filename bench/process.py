"""A contender's process as the benchmark sees it."""

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

FUNCTIONS = Path(__file__).with_name("functions")
WORKER = Path(__file__).with_name("worker.py")


@dataclass(frozen=True)
class Sample:
    """What one operation took.

    Attributes:
        ms: by the clock.
        cpu_ms: of the contender's process alone, all threads.
        peak_mib: the most memory that the process held until then.
        load_cpu_ms: of the first event, the part in which the function was imported.
        start_cpu_ms: what the process had taken before the event came.
    """

    ms: float
    cpu_ms: float
    peak_mib: float
    load_cpu_ms: float = 0
    start_cpu_ms: float = 0


@dataclass(frozen=True)
class Code:
    """What a contender runs with.

    Attributes:
        python: the interpreter.
        folders: on its path, before the standard library.
        environment: all of its environment variables.
    """

    python: str
    folders: Sequence[Path]
    environment: Mapping[str, str]


class Process:
    """A running contender.

    Args:
        function: MODULE:FUNCTION.
        code: what it runs with.
        imports_to: a file for what Python says of the time of each import, if that is asked for.
    """

    def __init__(self, function: str, code: Code, *, imports_to: Path | None = None) -> None:
        options = ["-X", "importtime"] if imports_to else []
        command = [code.python, "-I", "-S", "-B", *options, str(WORKER), function]
        with (imports_to or Path(os.devnull)).open("w") as errors:
            self._started = time.monotonic_ns()
            self._child = subprocess.Popen(
                [*command, *map(str, code.folders)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=dict(code.environment),
                text=True,
            )
        self._function = function

    def serve(self, event: Mapping[str, Any]) -> Sample:
        """Have an event served.

        Raises:
            RuntimeError: the operation failed.
        """
        said = self._said(event)
        return _sample(said, said["ns"], said["cpu_ns"])

    def serve_first(self, event: Mapping[str, Any]) -> Sample:
        """Have the first event served, and count from the start of the process."""
        said = self._said(event)
        return _sample(said, said["done"] - self._started, said["process_cpu_ns"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.communicate()

    def _said(self, event: Mapping[str, Any]) -> dict[str, Any]:
        if self._child.stdin is None or self._child.stdout is None:
            raise RuntimeError("the process has no pipes")
        print(json.dumps(event), file=self._child.stdin, flush=True)
        line = self._child.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._function} ended by itself")
        said: dict[str, Any] = json.loads(line)
        if said["failure"]:
            raise RuntimeError(f"{self._function} {event['action']}: {said['failure']}")
        return said


def _sample(said: Mapping[str, Any], ns: int, cpu_ns: int) -> Sample:
    return Sample(
        ns / 1e6,
        cpu_ns / 1e6,
        said["peak_kib"] / 1024,
        said["load_cpu_ns"] / 1e6,
        said["start_cpu_ns"] / 1e6,
    )
