"""One contender's process: serves events from its standard input, and says what each took.

It is started as a script with `-I -S -B`, so that nothing is on the path but what its arguments
name, and no bytecode can be written, as on Lambda's read-only disk:

    python -I -S -B worker.py MODULE:FUNCTION FOLDER...

The answer to an event is one line of JSON: when the work was done, what it took on the clock and
on the processor, and the most memory that the process ever held.
"""

import sys

sys.path[:0] = sys.argv[2:]

import json  # noqa: E402 - from here on as in Lambda: its own runtime imports these two as well
import os  # noqa: E402
import time  # noqa: E402

TYPE_CHECKING = False  # typing itself would take time
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Json = dict[str, Any]
    Function = Callable[[Json, object], Json]


def main(entry_point: str) -> None:
    """Serve until the end of the input."""
    # What a contender prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    function: Function | None = None
    for line in sys.stdin:
        event = json.loads(line)
        began, cpu = time.monotonic_ns(), time.process_time_ns()
        if function is None:
            function = load(entry_point)
        loaded = time.process_time_ns()
        answer = function(event, None)
        done = time.monotonic_ns()
        said = {
            "done": done,
            "ns": done - began,
            "cpu_ns": time.process_time_ns() - cpu,
            "load_cpu_ns": loaded - cpu,
            "process_cpu_ns": time.process_time_ns(),
            "start_cpu_ns": cpu,
            "peak_kib": peak_kib(),
            "failure": failure_of(answer),
        }
        answers.write(json.dumps(said) + "\n")
        answers.flush()


def load(entry_point: str) -> "Function":
    """Import a function."""
    name, _, attribute = entry_point.partition(":")
    function: Function = getattr(__import__(name, fromlist=[attribute]), attribute)
    return function


def failure_of(answer: "Json") -> str | None:
    """Say why an operation failed, or nothing."""
    if answer["status"] == "SUCCESS":
        return None
    return f"{answer.get('errorCode')}: {answer.get('message')}"


def peak_kib() -> int:
    """Return the most memory that this process held; `ru_maxrss` would count its parent's too."""
    with open("/proc/self/status") as status:  # noqa: PTH123 - pathlib would count into the time
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


if __name__ == "__main__":
    main(sys.argv[1])
