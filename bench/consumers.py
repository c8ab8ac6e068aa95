"""What a program waits for that reads a password: by command line, and at its start."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import place
from bench.account import client
from bench.numbers import Spread, ratios, rounded
from bench.process import Sample
from bench.server import Server
from tools.project import ROOT, executable

STACK = "consumers"
SECRET = "Consumed"  # noqa: S105 - its name
MODULES = ("myorg_secrets", "boto3", "credstash")
"""Whose imports are timed."""

OURS = "myorg-secrets get"
_PROGRAM = "from myorg_secrets.cli import main; main()"
_SHOWN = "x" * 32

Programs = Mapping[str, Sequence[str]]


def imports(server: Server, rounds: int) -> list[dict[str, Any]]:
    """Take the time of a process that imports one module, beyond one that imports nothing."""
    nothing = "sys"
    programs = {name: [sys.executable, "-c", f"import {name}"] for name in (nothing, *MODULES)}
    samples = _in_turn(programs, _variables(server), rounds)
    rows = []
    for name in MODULES:
        row: dict[str, Any] = {"module": name}
        for unit in ("ms", "cpu_ms"):
            pairs = zip(samples[name], samples[nothing], strict=True)
            beyond = [getattr(one, unit) - getattr(none, unit) for one, none in pairs]
            row[unit] = rounded(Spread.of(beyond))
        rows.append(row)
    return rows


def commands(server: Server, rounds: int) -> list[dict[str, Any]]:
    """Take the time of a command line that prints a password, from its start to its exit.

    Args:
        server: holds our secret already; the others are made here.
        rounds: how often each is started.
    """
    variables = _variables(server)
    credstash = str(executable("credstash"))
    _run([credstash, "put", SECRET, _SHOWN], variables)
    theirs = client("secretsmanager", server.url, server.bundle)
    theirs.create_secret(Name=SECRET, SecretString=_SHOWN)
    ours = [sys.executable, "-c", _PROGRAM, "get", STACK, SECRET, "--env", "bench"]
    programs = {OURS: ours, "credstash get": [credstash, "get", SECRET]}
    aws = aws_command()
    if aws:
        asked = [aws, "secretsmanager", "get-secret-value", "--secret-id", SECRET]
        programs["aws secretsmanager get-secret-value"] = asked
    calls = {}
    for name, command in programs.items():
        server.calls()
        _run(command, variables)
        calls[name] = server.calls()
    samples = _in_turn(programs, variables, rounds)
    rows = []
    for name, taken in samples.items():
        row: dict[str, Any] = {"command": name, "calls": calls[name]}
        for unit in ("ms", "cpu_ms"):
            values = [getattr(sample, unit) for sample in taken]
            base = [getattr(sample, unit) for sample in samples[OURS]]
            row[unit] = rounded(Spread.of(values))
            row[f"{unit}_ratio"] = rounded(ratios(values, base))
        rows.append(row)
    return rows


def aws_command() -> str | None:
    """Return the AWS CLI that is installed on this machine, if there is one."""
    found = shutil.which("aws")
    if found and "shims" in Path(found).parts:
        # A version manager's script takes longer than what it starts.
        pyenv = shutil.which("pyenv") or found
        said = subprocess.run([pyenv, "which", "aws"], capture_output=True, text=True, check=False)
        return said.stdout.strip() or None
    return found


def _variables(server: Server) -> dict[str, str]:
    return {**place.variables(server), "PYTHONPATH": str(ROOT / "src")}


def _in_turn(
    programs: Programs, variables: Mapping[str, str], rounds: int
) -> dict[str, list[Sample]]:
    """Run each once a round, another one first each time."""
    samples: dict[str, list[Sample]] = {name: [] for name in programs}
    names = list(programs)
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            samples[name].append(_run(programs[name], variables))
    return samples


def _run(command: Sequence[str], variables: Mapping[str, str]) -> Sample:
    """Run a program to its end.

    Raises:
        RuntimeError: it failed. What it printed is not quoted: it may be a value.
    """
    # credstash leaves a log where it is started.
    with TemporaryDirectory(prefix="bench-") as folder:
        began = time.perf_counter()
        child = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(child.pid, 0)
        ms = (time.perf_counter() - began) * 1000
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed: exit code {child.returncode}")
    return Sample(ms, (usage.ru_utime + usage.ru_stime) * 1000, 0)
