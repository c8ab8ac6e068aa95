"""What the program prints is watched for passwords, although its processes are forks."""

import pytest

from tests.cli.runner import Program
from tests.leaks import outlets


def test_both_outputs_of_the_program_are_heard(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[str, str | bytes]] = []
    monkeypatch.setattr(outlets, "listening", [lambda *said: heard.append(said)])

    shown = program("list", "--help")
    refused = program("nonsense")

    assert ("standard output of a process", shown.raw) in heard
    assert ("standard error of a process", refused.err.encode()) in heard
