"""`make bench` measures what it says: the same AWS calls, side by side."""

import subprocess

from tests.leaks.child import python_m
from tools.project import ROOT


def test_the_benchmark_prints_ratios_and_the_calls_of_every_operation() -> None:
    """The handlers make the same calls as the bare clients, and one more to verify a new value."""
    outcome = subprocess.run(
        python_m("bench", "--rounds", "1"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    times, calls = outcome.stdout.split("AWS calls of one operation")
    calls, generation = calls.split("Milliseconds to make a password")
    for operation in ("create", "read", "update", "list", "delete"):
        [row] = [line for line in times.splitlines() if f" {operation} " in line]
        assert row.count("x)") == 3
        assert f" {operation} " in calls
    assert "3: Encrypt, Decrypt, PutItem" in calls
    assert generation.count("x \u2502") == 6
